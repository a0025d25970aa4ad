-- Record a payment of the bank's register, as pay_account.sql does: the unique key decides.
-- The money is there, so the account may be closed or blocked, and no limit is asked.
-- created_at comes after performed_at: so is a row told that came from a register, for an
-- online payment is never performed before it is created.
INSERT INTO payment (bank, txn_id, account_id, amount, currency, state,
                     paid_at, created_at, performed_at)
SELECT :bank, :txn_id, a.id, :amount, :currency, 'paid',
       :paid_at, :created_at, :performed_at
  FROM account AS a
 WHERE a.number = :account AND LENGTH(a.number) = LENGTH(:account)
