-- One page of bills_account.sql; with :zero also of customers who owe nothing.
-- The CASTs matter to SQLite, where sums are text.
SELECT b.number, b.name, b.address, b.issued, b.paid
  FROM (SELECT a.number, a.name, a.address,
               (SELECT COALESCE(SUM(i.amount), 0) FROM invoice AS i
                 WHERE i.account_id = a.id AND i.state = 'issued') AS issued,
               (SELECT COALESCE(SUM(p.amount), 0) FROM payment AS p
                 WHERE p.account_id = a.id AND p.state = 'paid') AS paid
          FROM account AS a
         WHERE a.state = 'active') AS b
 WHERE :zero = 1 OR CAST(b.issued AS DECIMAL(14,2)) > CAST(b.paid AS DECIMAL(14,2))
 ORDER BY b.number
 LIMIT :size OFFSET :start
