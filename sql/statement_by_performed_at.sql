-- A bank's payments of a span of time by performed_at, all states, ascending.
SELECT p.id, p.txn_id, COALESCE(i.number, a.number) AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason
  FROM payment AS p
  LEFT JOIN account AS a ON a.id = p.account_id
  LEFT JOIN invoice AS i ON i.id = p.invoice_id
 WHERE p.bank = :bank AND p.performed_at >= :since AND p.performed_at <= :until
 ORDER BY p.performed_at, p.id
