-- What all pages of page_of_bills.sql come to: rows, and what is issued and paid on those that owe
-- something ({bills}: see count_bills.sql).
SELECT COUNT(*) AS n,
       COALESCE(SUM(CASE WHEN b.owes THEN b.issued END), 0) AS issued,
       COALESCE(SUM(CASE WHEN b.owes THEN b.paid END), 0) AS paid
  FROM (SELECT c.issued, c.paid,
               CAST(c.issued AS DECIMAL(14,2)) > CAST(c.paid AS DECIMAL(14,2)) AS owes
          FROM ({bills}) AS c) AS b
 WHERE :zero = 1 OR b.owes
