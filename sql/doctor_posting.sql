-- What waits to be posted, and since when.
SELECT 'paid' AS kind, COUNT(*) AS n, MIN(COALESCE(p.performed_at, p.created_at)) AS since
  FROM payment AS p
 WHERE p.state = 'paid' AND p.posted_at IS NULL
UNION ALL
SELECT 'cancelled' AS kind, COUNT(*) AS n, MIN(p.cancelled_at) AS since
  FROM payment AS p
 WHERE p.state = 'cancelled' AND p.posted_at IS NOT NULL AND p.reversed_at IS NULL
