-- One payment, held while it is posted: nobody cancels it meanwhile. Its columns are the values of
-- the site's post_paid.sql and post_cancelled.sql.
SELECT p.id, p.bank, p.txn_id, p.number, p.account_id, p.invoice_id, p.amount, p.currency, p.state,
       p.paid_at, p.created_at, p.performed_at, p.cancelled_at, p.cancel_reason, p.posted_at,
       p.reversed_at
  FROM payment AS p
 WHERE p.id = :id
   FOR UPDATE
