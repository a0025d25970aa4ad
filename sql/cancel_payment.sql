-- A payment in the state that was seen becomes a cancelled one, once.
UPDATE payment
   SET state = 'cancelled', cancelled_at = :now, cancel_reason = :reason
 WHERE bank = :bank AND txn_id = :txn_id AND state = :seen
   AND :deadline > UTC_TIMESTAMP(3)
