-- Record a payment of one invoice that is not paid yet. With :exact only by its whole sum, when
-- no part of it is paid; a booking younger than both limits keeps it from being booked again.
-- What is paid of it: README.md, "What is owed".
-- FOR UPDATE: whoever pays the same invoice waits here, instead of meeting us in a deadlock.
-- The CASTs matter to SQLite, where sums are text.
INSERT INTO payment (bank, txn_id, number, account_id, invoice_id, amount, currency, state,
                     paid_at, created_at, performed_at)
SELECT :bank, :txn_id, :number, a.id, i.id, :amount, :currency, :state,
       :paid_at, :now, :performed_at
  FROM invoice AS i
  JOIN account AS a ON a.id = i.account_id
 WHERE i.number = :account AND CHAR_LENGTH(i.number) = CHAR_LENGTH(:account)
   AND i.state = 'issued'
   AND a.state = 'active'
   AND :deadline > UTC_TIMESTAMP(3)
   AND :began <= UTC_TIMESTAMP(6)
   AND NOT EXISTS
       (SELECT 1 FROM promise AS k
         WHERE k.bucket = :bucket AND k.made_at >= :began AND k.made_at <= :latest)
   AND (:exact = 0 OR CAST(i.amount AS DECIMAL(14,2)) = CAST(:amount AS DECIMAL(14,2)))
   AND (:exact = 0 OR 0 =
       (SELECT CAST(COALESCE(SUM(CASE o.state WHEN 'paid' THEN o.amount ELSE -o.amount END), 0)
                    AS DECIMAL(14,2))
          FROM payment AS o
         WHERE o.invoice_id = i.id
           AND (o.state = 'paid' AND o.posted_at IS NULL
             OR o.state = 'cancelled' AND o.posted_at IS NOT NULL AND o.reversed_at IS NULL)))
   AND CAST(i.amount AS DECIMAL(14,2)) >
       (SELECT CAST(COALESCE(SUM(CASE p.state WHEN 'paid' THEN p.amount ELSE -p.amount END), 0)
                    AS DECIMAL(14,2))
          FROM payment AS p
         WHERE p.invoice_id = i.id
           AND (p.state = 'paid' AND p.posted_at IS NULL
             OR p.state = 'cancelled' AND p.posted_at IS NOT NULL AND p.reversed_at IS NULL))
   AND NOT EXISTS
       (SELECT 1 FROM payment AS w
         WHERE w.invoice_id = i.id AND w.state = 'created'
           AND w.created_at >= :waits_created_at AND w.paid_at >= :waits_paid_at)
   FOR UPDATE
