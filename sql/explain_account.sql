-- Why nothing was recorded, in one row: the payment that this txn_id names already, if any,
-- or else the account of find_account.sql, if any. Nothing is summed: what an account owes is no
-- reason to refuse its payment.
SELECT p.id, p.txn_id, p.number AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason,
       a.number, a.name, a.address, a.state,
       NULL AS invoice_state,
       0.00 AS issued,
       0.00 AS paid,
       0 AS waiting
  FROM (SELECT 1 AS one) AS always
  LEFT JOIN payment AS p ON p.bank = :bank AND p.txn_id = :txn_id
  LEFT JOIN account AS a ON p.id IS NULL
        AND a.number = :account AND CHAR_LENGTH(a.number) = CHAR_LENGTH(:account)
