-- The columns and keys of payment, to find what upgrade.sql would add.
SELECT column_name AS name FROM information_schema.columns
 WHERE table_schema = DATABASE() AND table_name = 'payment'
UNION
SELECT index_name AS name FROM information_schema.statistics
 WHERE table_schema = DATABASE() AND table_name = 'payment'
