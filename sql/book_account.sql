-- Record a payment of the bank's register, as pay_account.sql does: the unique key decides.
-- The money is there, so the account may be closed or blocked, and no limit is asked.
-- created_at comes after performed_at: so is a row told that came from a register, for an
-- online payment is never performed before it is created.
INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state,
                     paid_at, created_at, performed_at)
SELECT :bank, :txn_id, :number, a.id, :amount, :currency, 'paid',
       :paid_at, :created_at, :performed_at
  FROM account AS a
 WHERE a.number = :account AND CHAR_LENGTH(a.number) = CHAR_LENGTH(:account)
   AND :deadline > UTC_TIMESTAMP(3)
