-- The tables, and the columns of payment, to find what schema_sqlite.sql and upgrade_sqlite.sql would
-- add.
SELECT name FROM sqlite_master WHERE type IN ('table', 'view')
UNION
SELECT 'payment.' || name FROM pragma_table_info('payment')
