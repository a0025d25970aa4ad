-- The columns of payment, to find what upgrade_sqlite.sql would add.
SELECT name FROM pragma_table_info('payment')
