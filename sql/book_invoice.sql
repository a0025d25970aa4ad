-- Record a payment of the bank's register for an invoice, as book_account.sql does for an
-- account: also one that is paid or cancelled.
INSERT INTO payment (bank, txn_id, number, account_id, invoice_id, amount, currency,
                     state, paid_at, created_at, performed_at)
SELECT :bank, :txn_id, :number, a.id, i.id, :amount, :currency, 'paid',
       :paid_at, :created_at, :performed_at
  FROM invoice AS i
  JOIN account AS a ON a.id = i.account_id
 WHERE i.number = :account AND CHAR_LENGTH(i.number) = CHAR_LENGTH(:account)
   AND :deadline > UTC_TIMESTAMP(3)
