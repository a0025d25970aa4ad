-- Whether customers and debts are read from the accounting program's own tables.
SELECT t.table_name AS name
  FROM information_schema.tables AS t
 WHERE t.table_schema = DATABASE() AND t.table_type = 'VIEW'
   AND t.table_name IN ('account', 'invoice')
