-- What flask post has to do: payments that the accounting program does not have, and cancellations of
-- those that it has, in the order in which they happened.
SELECT p.id, p.account_id, p.bank, p.txn_id, 'paid' AS kind,
       COALESCE(p.performed_at, p.created_at) AS happened_at
  FROM payment AS p
 WHERE p.state = 'paid' AND p.posted_at IS NULL
UNION ALL
SELECT p.id, p.account_id, p.bank, p.txn_id, 'cancelled' AS kind, p.cancelled_at AS happened_at
  FROM payment AS p
 WHERE p.state = 'cancelled' AND p.posted_at IS NOT NULL AND p.reversed_at IS NULL
 ORDER BY happened_at, id
