-- The newest payment's id; 0 when there is none.
SELECT COALESCE(MAX(p.id), 0) AS id FROM payment AS p
