-- The bank's register says that money came for a booking that was never performed: it becomes
-- a paid one, once, with the mark of book_account.sql.
UPDATE payment
   SET state = 'paid', paid_at = :paid_at, created_at = :created_at, performed_at = :performed_at
 WHERE bank = :bank AND txn_id = :txn_id AND state = 'created'
   AND :deadline > UTC_TIMESTAMP(3)
