-- A bank's payments of some days by the bank's date: what was paid, also if cancelled since.
SELECT p.id, p.txn_id, COALESCE(i.number, a.number) AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason
  FROM payment AS p
  LEFT JOIN account AS a ON a.id = p.account_id
  LEFT JOIN invoice AS i ON i.id = p.invoice_id
 WHERE p.bank = :bank AND p.paid_at > :before AND p.paid_at <= :last
   AND (p.state = 'paid' OR (p.state = 'cancelled' AND p.performed_at IS NOT NULL))
 ORDER BY p.paid_at, p.id
