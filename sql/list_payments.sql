-- Payments for "flask payments", by the bank's date; a filter that is null lets all through.
-- `number` is what the payer typed, `account` and `invoice` whom it is credited to now.
SELECT p.id, p.bank, p.txn_id, a.number AS account, i.number AS invoice, p.number, p.amount,
       p.currency, p.state, p.paid_at, p.created_at, p.performed_at, p.cancelled_at,
       p.cancel_reason, p.posted_at, p.reversed_at
  FROM payment AS p
  LEFT JOIN account AS a ON a.id = p.account_id
  LEFT JOIN invoice AS i ON i.id = p.invoice_id
 WHERE (:bank IS NULL OR p.bank = :bank)
   AND (:since IS NULL OR p.paid_at >= :since)
   AND (:until IS NULL OR p.paid_at <= :until)
 ORDER BY p.paid_at, p.id
