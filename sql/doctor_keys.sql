-- The unique keys of our tables, as "payment(bank,txn_id)".
SELECT CONCAT(table_name, '(',
              GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ','), ')') AS name
  FROM information_schema.statistics
 WHERE table_schema = DATABASE() AND non_unique = 0
   AND table_name IN ('account', 'invoice', 'payment')
 GROUP BY table_name, index_name
