-- For a cluster whose nodes are all written to, once, after sql/schema.sql, on any node:
--   mariadb usu < promise.sql
-- Nodes compare what is written, and not what was read. A payment only reads its promise
-- (sql/promise.sql): a node that lags would record it though another has promised meanwhile that there
-- is none. So each writes the same row, too, and of two that know nothing of each other one is undone.
CREATE TABLE IF NOT EXISTS promise_written (
    bucket SMALLINT UNSIGNED NOT NULL,
    n      BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (bucket)
) ENGINE = InnoDB;

INSERT INTO promise_written (bucket, n)
SELECT p.bucket, 0 FROM promise AS p
 WHERE NOT EXISTS (SELECT 1 FROM promise_written AS w WHERE w.bucket = p.bucket);

CREATE OR REPLACE TRIGGER payment_writes AFTER INSERT ON payment FOR EACH ROW
INSERT INTO promise_written (bucket, n) VALUES (CRC32(CONCAT(NEW.bank, ' ', NEW.txn_id)) % 256, 1)
ON DUPLICATE KEY UPDATE n = n + 1;

CREATE OR REPLACE TRIGGER promise_writes AFTER UPDATE ON promise FOR EACH ROW
INSERT INTO promise_written (bucket, n) VALUES (NEW.bucket, 1)
ON DUPLICATE KEY UPDATE n = n + 1;

CREATE OR REPLACE TRIGGER promise_first_writes AFTER INSERT ON promise FOR EACH ROW
INSERT INTO promise_written (bucket, n) VALUES (NEW.bucket, 1)
ON DUPLICATE KEY UPDATE n = n + 1;

-- Where the program's user has rights by table (sql/grants.sql), so that flask doctor sees that this
-- was done:
-- GRANT SELECT ON usu.promise_written TO 'callback'@'%';
