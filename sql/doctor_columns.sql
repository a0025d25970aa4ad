-- The types that the program depends on: exact sums, exact comparison, milliseconds.
SELECT CONCAT(table_name, '.', column_name) AS name, column_type AS type,
       COALESCE(collation_name, '') AS collation
  FROM information_schema.columns
 WHERE table_schema = DATABASE() AND table_name IN ('account', 'invoice', 'payment')
