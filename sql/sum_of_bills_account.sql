-- What all pages of page_of_bills_account.sql come to: rows, and what is issued and paid on those
-- that owe something.
SELECT COUNT(*) AS n,
       COALESCE(SUM(CASE WHEN b.owes THEN b.issued END), 0) AS issued,
       COALESCE(SUM(CASE WHEN b.owes THEN b.paid END), 0) AS paid
  FROM (SELECT c.issued, c.paid,
               CAST(c.issued AS DECIMAL(14,2)) > CAST(c.paid AS DECIMAL(14,2)) AS owes
          FROM (SELECT (SELECT COALESCE(SUM(i.amount), 0) FROM invoice AS i
                         WHERE i.account_id = a.id AND i.state = 'issued') AS issued,
                       (SELECT COALESCE(SUM(p.amount), 0) FROM payment AS p
                         WHERE p.account_id = a.id AND p.state = 'paid') AS paid
                  FROM account AS a
                 WHERE a.state = 'active') AS c) AS b
 WHERE :zero = 1 OR b.owes
