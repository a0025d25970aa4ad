-- A bank's payments of a span of time by paid_at, all states, ascending.
-- :most is one more than are told at once: whether there are more.
SELECT p.id, p.txn_id, p.number AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason
  FROM payment AS p
 WHERE p.bank = :bank AND p.paid_at >= :since AND p.paid_at <= :until
 ORDER BY p.paid_at, p.id
 LIMIT :most
