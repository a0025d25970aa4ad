-- Record a payment of one invoice that is not paid yet. With :exact only by its whole sum, when
-- no part of it is paid; a booking younger than both limits keeps it from being booked again.
-- FOR UPDATE: whoever pays the same invoice waits here, instead of meeting us in a deadlock.
-- The CASTs matter to SQLite, where sums are text.
INSERT INTO payment (bank, txn_id, account_id, invoice_id, amount, currency, state,
                     paid_at, created_at, performed_at)
SELECT :bank, :txn_id, a.id, i.id, :amount, :currency, :state,
       :paid_at, :now, :performed_at
  FROM invoice AS i
  JOIN account AS a ON a.id = i.account_id
 WHERE i.number = :account AND LENGTH(i.number) = LENGTH(:account)
   AND i.state = 'issued'
   AND a.state = 'active'
   AND (:exact = 0 OR CAST(i.amount AS DECIMAL(14,2)) = CAST(:amount AS DECIMAL(14,2)))
   AND (:exact = 0 OR NOT EXISTS
       (SELECT 1 FROM payment AS o WHERE o.invoice_id = i.id AND o.state = 'paid'))
   AND CAST(i.amount AS DECIMAL(14,2)) >
       (SELECT CAST(COALESCE(SUM(p.amount), 0) AS DECIMAL(14,2)) FROM payment AS p
         WHERE p.invoice_id = i.id AND p.state = 'paid')
   AND NOT EXISTS
       (SELECT 1 FROM payment AS w
         WHERE w.invoice_id = i.id AND w.state = 'created'
           AND w.created_at >= :waits_created_at AND w.paid_at >= :waits_paid_at)
   FOR UPDATE
