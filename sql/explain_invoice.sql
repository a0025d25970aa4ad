-- Why nothing was recorded, in one row: the payment that this txn_id names already, if any,
-- and the invoice of find_invoice.sql, if any.
SELECT p.id, p.txn_id, COALESCE(pi.number, pa.number) AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason,
       i.number, a.name, a.address, a.state,
       i.state AS invoice_state,
       i.amount AS issued,
       (SELECT COALESCE(SUM(q.amount), 0) FROM payment AS q
         WHERE q.invoice_id = i.id AND q.state = 'paid') AS paid,
       (SELECT COUNT(*) FROM payment AS w
         WHERE w.invoice_id = i.id AND w.state = 'created'
           AND w.created_at >= :waits_created_at AND w.paid_at >= :waits_paid_at) AS waiting
  FROM (SELECT 1 AS one) AS always
  LEFT JOIN payment AS p ON p.bank = :bank AND p.txn_id = :txn_id
  LEFT JOIN account AS pa ON pa.id = p.account_id
  LEFT JOIN invoice AS pi ON pi.id = p.invoice_id
  LEFT JOIN invoice AS i ON i.number = :account AND LENGTH(i.number) = LENGTH(:account)
  LEFT JOIN account AS a ON a.id = i.account_id
