-- A bank's payments of a span of time by paid_at, all states, ascending.
SELECT p.id, p.txn_id, COALESCE(i.number, a.number) AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason
  FROM payment AS p
  LEFT JOIN account AS a ON a.id = p.account_id
  LEFT JOIN invoice AS i ON i.id = p.invoice_id
 WHERE p.bank = :bank AND p.paid_at >= :since AND p.paid_at <= :until
 ORDER BY p.paid_at, p.id
