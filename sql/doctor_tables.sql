-- The engine and size of our tables.
SELECT table_name AS name, engine AS engine,
       COALESCE(data_length, 0) + COALESCE(index_length, 0) AS bytes
  FROM information_schema.tables
 WHERE table_schema = DATABASE() AND table_name IN ('account', 'invoice', 'payment')
