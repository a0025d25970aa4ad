-- What flask post has to do: payments that the accounting program does not have, oldest first, and
-- then cancellations of those that it has.
SELECT p.id, p.account_id, p.bank, p.txn_id, 'paid' AS kind, 1 AS turn
  FROM payment AS p
 WHERE p.state = 'paid' AND p.posted_at IS NULL
UNION ALL
SELECT p.id, p.account_id, p.bank, p.txn_id, 'cancelled' AS kind, 2 AS turn
  FROM payment AS p
 WHERE p.state = 'cancelled' AND p.posted_at IS NOT NULL AND p.reversed_at IS NULL
 ORDER BY turn, id
