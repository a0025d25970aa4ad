-- What the server promises, for "flask doctor". No right is needed to read these.
SELECT VERSION() AS version,
       @@innodb_flush_log_at_trx_commit AS flush,
       @@sync_binlog AS sync_binlog,
       @@log_bin AS log_bin,
       @@max_user_connections AS max_user_connections,
       @@wait_timeout AS wait_timeout,
       @@autocommit AS autocommit,
       @@read_only AS read_only,
       UTC_TIMESTAMP(3) AS utc_now
