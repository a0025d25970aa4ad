-- The bank is told that there is no such payment: one that came before, and is still on its way
-- anywhere, is not recorded any more. Those that are being recorded now hold the bucket, so this
-- waits until they have ended: docs/reliability.md, "The ghost".
UPDATE promise
   SET made_at = UTC_TIMESTAMP(3)
 WHERE bucket = :bucket
   AND :deadline > UTC_TIMESTAMP(3)
