-- Record a payment of an account. One statement, committed by itself: the account is found and
-- the row inserted, or nothing happens. A duplicate key means that the bank repeats itself.
-- Nothing happens either after the deadline, for nobody waits for it any more, and when the bank was
-- told meanwhile that there is no such payment (promise.sql); nor where the caller is yet to come: then
-- the server's clock was set back, and what it was promised since cannot be compared with.
INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state,
                     paid_at, created_at, performed_at)
SELECT :bank, :txn_id, :number, a.id, :amount, :currency, :state,
       :paid_at, :now, :performed_at
  FROM account AS a
 WHERE a.number = :account AND CHAR_LENGTH(a.number) = CHAR_LENGTH(:account)
   AND a.state = 'active'
   AND :deadline > UTC_TIMESTAMP(3)
   AND :began <= UTC_TIMESTAMP(6)
   AND NOT EXISTS
       (SELECT 1 FROM promise AS k
         WHERE k.bucket = :bucket AND k.made_at >= :began AND k.made_at <= :latest)
