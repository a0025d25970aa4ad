-- A bank's payments of some days by the bank's date: what was paid, also if cancelled since.
SELECT p.id, p.txn_id, p.number AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason
  FROM payment AS p
 WHERE p.bank = :bank AND p.paid_at > :before AND p.paid_at <= :last
   AND (p.state = 'paid' OR (p.state = 'cancelled' AND p.performed_at IS NOT NULL))
 ORDER BY p.paid_at, p.id
