-- Invoices that a view has more than once, so that they are owed more than once.
SELECT i.id, COUNT(*) AS n FROM invoice AS i GROUP BY i.id HAVING COUNT(*) > 1 LIMIT 3
