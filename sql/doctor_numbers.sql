-- How many of the newest payments lack the number that was typed, though the books know it.
SELECT COUNT(*) AS n
  FROM (SELECT p.number, p.account_id FROM payment AS p ORDER BY p.id DESC LIMIT 1000) AS newest
  JOIN account AS a ON a.id = newest.account_id
 WHERE newest.number IS NULL
