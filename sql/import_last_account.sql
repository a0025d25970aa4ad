-- The newest account: what is added has a higher id.
SELECT COALESCE(MAX(a.id), 0) AS id FROM account AS a
