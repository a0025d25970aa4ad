-- Why nothing was recorded, in one row: the payment that this txn_id names already, if any,
-- and the account of find_account.sql, if any.
SELECT p.id, p.txn_id, COALESCE(pi.number, pa.number) AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason,
       a.number, a.name, a.address, a.state,
       NULL AS invoice_state,
       (SELECT COALESCE(SUM(i.amount), 0) FROM invoice AS i
         WHERE i.account_id = a.id AND i.state = 'issued') AS issued,
       (SELECT COALESCE(SUM(q.amount), 0) FROM payment AS q
         WHERE q.account_id = a.id AND q.state = 'paid') AS paid,
       0 AS waiting
  FROM (SELECT 1 AS one) AS always
  LEFT JOIN payment AS p ON p.bank = :bank AND p.txn_id = :txn_id
  LEFT JOIN account AS pa ON pa.id = p.account_id
  LEFT JOIN invoice AS pi ON pi.id = p.invoice_id
  LEFT JOIN account AS a ON a.number = :account AND LENGTH(a.number) = LENGTH(:account)
