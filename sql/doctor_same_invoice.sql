-- Numbers that more than one invoice has.
SELECT i.number, COUNT(*) AS n FROM invoice AS i GROUP BY i.number HAVING COUNT(*) > 1 LIMIT 3
