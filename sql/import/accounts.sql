-- The accounts to write: who is new (:new = 1), or has changed, is back, is gone. One that the
-- office has blocked stays so.
SELECT o.id, i.number, i.name, i.address,
       CASE o.state WHEN 'blocked' THEN 'blocked' ELSE 'active' END AS state,
       CASE WHEN o.id IS NULL THEN 'new' WHEN o.state = 'closed' THEN 'back' ELSE 'changed' END
       AS what
  FROM (SELECT number, MIN(line) AS line, name, address FROM item GROUP BY number) AS i
  LEFT JOIN our_account AS o ON o.number = i.number
 WHERE :new = 1 AND o.id IS NULL
    OR :new = 0 AND (o.state = 'closed' OR o.name <> i.name OR o.address <> i.address)
UNION ALL
SELECT o.id, o.number, o.name, o.address, 'closed' AS state, 'closed' AS what
  FROM our_account AS o
 WHERE :new = 0 AND o.state = 'active'
   AND NOT EXISTS (SELECT 1 FROM item AS i WHERE i.number = o.number)
