-- Why nothing was recorded, in one row: the payment that this txn_id names already, if any,
-- or else the invoice of find_invoice.sql, if any: a repeat is answered by the payment alone, so
-- nothing is summed for it.
SELECT p.id, p.txn_id, p.number AS payment_number, p.amount,
       p.state AS payment_state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason,
       i.number, a.name, a.address, a.state,
       i.state AS invoice_state,
       i.amount AS issued,
       (SELECT COALESCE(SUM(CASE q.state WHEN 'paid' THEN q.amount ELSE -q.amount END), 0)
          FROM payment AS q
         WHERE q.invoice_id = i.id
           AND (q.state = 'paid' AND q.posted_at IS NULL
             OR q.state = 'cancelled' AND q.posted_at IS NOT NULL AND q.reversed_at IS NULL)) AS paid,
       (SELECT COUNT(*) FROM payment AS w
         WHERE w.invoice_id = i.id AND w.state = 'created'
           AND w.created_at >= :waits_created_at AND w.paid_at >= :waits_paid_at) AS waiting
  FROM (SELECT 1 AS one) AS always
  LEFT JOIN payment AS p ON p.bank = :bank AND p.txn_id = :txn_id
  LEFT JOIN invoice AS i ON p.id IS NULL
        AND i.number = :account AND CHAR_LENGTH(i.number) = CHAR_LENGTH(:account)
  LEFT JOIN account AS a ON a.id = i.account_id
