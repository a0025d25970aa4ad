-- Tables without transactions: what a script writes there stays, whatever happens.
SELECT t.table_name AS name
  FROM information_schema.tables AS t
 WHERE t.engine IN ('MyISAM', 'Aria', 'MRG_MyISAM', 'MEMORY', 'ARCHIVE', 'CSV')
   AND t.table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
