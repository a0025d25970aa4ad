-- A bank's payment by the bank's own id. The number is what the payer typed: it is read from the
-- payment itself, never through account_id, which the office may change as it pleases.
SELECT p.id, p.txn_id, p.number AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason
  FROM payment AS p
 WHERE p.bank = :bank AND p.txn_id = :txn_id
