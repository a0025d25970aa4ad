-- One page of bills_invoice.sql; with :zero also of invoices that are paid.
-- The CASTs matter to SQLite, where sums are text.
SELECT b.number, b.name, b.address, b.issued, b.paid
  FROM (SELECT i.number, a.name, a.address, i.amount AS issued,
               (SELECT COALESCE(SUM(p.amount), 0) FROM payment AS p
                 WHERE p.invoice_id = i.id AND p.state = 'paid') AS paid
          FROM invoice AS i
          JOIN account AS a ON a.id = i.account_id
         WHERE i.state = 'issued' AND a.state = 'active') AS b
 WHERE :zero = 1 OR CAST(b.issued AS DECIMAL(14,2)) > CAST(b.paid AS DECIMAL(14,2))
 ORDER BY b.number
 LIMIT :size OFFSET :start
