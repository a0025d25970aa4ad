-- Whom a bank may take money for: customers by number, each with what is issued and what is paid.
SELECT a.number, a.name, a.address,
       (SELECT COALESCE(SUM(i.amount), 0) FROM invoice AS i
         WHERE i.account_id = a.id AND i.state = 'issued') AS issued,
       (SELECT COALESCE(SUM(CASE WHEN p.posted_at IS NULL THEN p.amount ELSE -p.amount END), 0)
          FROM payment AS p
         WHERE p.account_id = a.id
           AND (p.state = 'paid' AND p.posted_at IS NULL
             OR p.state = 'cancelled' AND p.posted_at IS NOT NULL AND p.reversed_at IS NULL)) AS paid
  FROM account AS a
 WHERE a.state = 'active'
 ORDER BY a.number
