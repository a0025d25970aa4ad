-- What the accounting program has never been told of: payments, and cancellations of payments that it
-- has or was told of, in the order in which they happened. Read without locks: nobody who pays waits.
SELECT p.id AS payment_id, 'paid' AS kind,
       COALESCE(p.performed_at, p.created_at) AS happened_at
  FROM payment AS p
  LEFT JOIN export_line AS e ON e.payment_id = p.id AND e.kind = 'paid'
 WHERE p.state = 'paid' AND p.posted_at IS NULL AND e.id IS NULL
UNION ALL
SELECT p.id AS payment_id, 'cancelled' AS kind, p.cancelled_at AS happened_at
  FROM payment AS p
  LEFT JOIN export_line AS e ON e.payment_id = p.id AND e.kind = 'cancelled'
  LEFT JOIN export_line AS f ON f.payment_id = p.id AND f.kind = 'paid'
 WHERE p.state = 'cancelled' AND p.reversed_at IS NULL AND e.id IS NULL
   AND (p.posted_at IS NOT NULL OR f.id IS NOT NULL)
 ORDER BY happened_at, payment_id
