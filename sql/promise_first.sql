-- The same for a bucket that nobody has filled in yet (schema.sql does).
INSERT INTO promise (bucket, made_at)
SELECT :bucket, UTC_TIMESTAMP(3)
  FROM (SELECT 1 AS one) AS always
 WHERE :deadline > UTC_TIMESTAMP(3)
