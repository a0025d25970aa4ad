-- What all pages of page_of_bills_invoice.sql come to: rows, and what is issued and paid on those
-- that owe something.
SELECT COUNT(*) AS n,
       COALESCE(SUM(CASE WHEN b.owes THEN b.issued END), 0) AS issued,
       COALESCE(SUM(CASE WHEN b.owes THEN b.paid END), 0) AS paid
  FROM (SELECT c.issued, c.paid,
               CAST(c.issued AS DECIMAL(14,2)) > CAST(c.paid AS DECIMAL(14,2)) AS owes
          FROM (SELECT i.amount AS issued,
                       (SELECT COALESCE(SUM(p.amount), 0) FROM payment AS p
                         WHERE p.invoice_id = i.id AND p.state = 'paid') AS paid
                  FROM invoice AS i
                  JOIN account AS a ON a.id = i.account_id
                 WHERE i.state = 'issued' AND a.state = 'active') AS c) AS b
 WHERE :zero = 1 OR b.owes
