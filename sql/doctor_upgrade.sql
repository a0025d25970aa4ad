-- The tables, and the columns and keys of payment, to find what schema.sql and upgrade.sql would add.
SELECT table_name AS name FROM information_schema.tables
 WHERE table_schema = DATABASE()
UNION
SELECT CONCAT('payment.', column_name) AS name FROM information_schema.columns
 WHERE table_schema = DATABASE() AND table_name = 'payment'
UNION
SELECT CONCAT('payment.', index_name) AS name FROM information_schema.statistics
 WHERE table_schema = DATABASE() AND table_name = 'payment'
