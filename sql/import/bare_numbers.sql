-- Numbers that are ours, but for the zeros that they have lost.
SELECT i.line, i.number, o.number AS other
  FROM item AS i
  JOIN our_account AS o ON LTRIM(o.number, '0') = i.number
 WHERE o.number <> i.number AND o.state <> 'closed'
   AND NOT EXISTS (SELECT 1 FROM our_account AS x WHERE x.number = i.number)
   AND NOT EXISTS (SELECT 1 FROM item AS y WHERE y.number = o.number)
 ORDER BY i.line
