-- A cancelled payment is taken back by a sum below zero in the same queue, once.
INSERT INTO op_transactions (hash, date, summ, customerid, paysys, processed, note)
SELECT CONCAT('callback_', :id, '_back'), :cancelled_at, - :amount, o.virtualid, UPPER(:bank), 0,
       CONCAT('callback cancelled ', :bank, ' ', :txn_id)
  FROM op_static AS o
 WHERE o.id = :account_id
   AND NOT EXISTS (SELECT 1 FROM op_transactions AS t
                    WHERE t.hash = CONCAT('callback_', :id, '_back'));
