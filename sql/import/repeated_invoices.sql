-- Invoices that are there twice.
SELECT i.line, i.invoice AS number, f.line AS other
  FROM item AS i
  JOIN (SELECT invoice, MIN(line) AS line FROM item WHERE invoice <> ''
         GROUP BY invoice HAVING COUNT(*) > 1) AS f ON f.invoice = i.invoice
 WHERE i.line > f.line
 ORDER BY i.line
