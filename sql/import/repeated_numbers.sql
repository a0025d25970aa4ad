-- Customers that are there twice. With invoices a customer has many lines, all of one name.
SELECT i.line, i.number, f.line AS other
  FROM item AS i
  JOIN (SELECT number, MIN(line) AS line FROM item GROUP BY number HAVING COUNT(*) > 1) AS g
    ON g.number = i.number
  JOIN item AS f ON f.line = g.line
 WHERE i.line > g.line AND (:once = 1 OR i.name <> f.name OR i.address <> f.address)
 ORDER BY i.line
