-- The tables, for MySQL 5.7+ and MariaDB 10.3+:  mariadb usu < sql/schema.sql
-- No trigger, event or function: shared hosts do not allow them.
-- No foreign key: the accounting system owns account and invoice and may reload them as it
-- pleases; a payment must outlive that, and its row takes its ids from them in one statement.

CREATE TABLE IF NOT EXISTS account (
    id      BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    -- Compared exactly: letter case and leading zeros count.
    number  VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    name    VARCHAR(255) NOT NULL DEFAULT '',
    address VARCHAR(255) NOT NULL DEFAULT '',
    state   ENUM('active', 'closed', 'blocked') NOT NULL DEFAULT 'active',
    PRIMARY KEY (id),
    UNIQUE KEY account_number (number)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS invoice (
    id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    number     VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    account_id BIGINT UNSIGNED NOT NULL,
    amount     DECIMAL(14,2) NOT NULL,
    issued_on  DATE NOT NULL,
    state      ENUM('issued', 'cancelled') NOT NULL DEFAULT 'issued',
    PRIMARY KEY (id),
    UNIQUE KEY invoice_number (number),
    -- Holds all that "what is owed" reads, so a check touches no row of the table.
    KEY invoice_owed (account_id, state, amount)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS payment (
    id            BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    bank          VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    txn_id        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    account_id    BIGINT UNSIGNED NOT NULL,  -- whom it is credited to: the office may change it
    invoice_id    BIGINT UNSIGNED NULL,      -- null unless the bank pays invoices
    amount        DECIMAL(14,2) NOT NULL,
    currency      CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    state         ENUM('created', 'paid', 'cancelled') NOT NULL,
    paid_at       DATETIME(3) NOT NULL,      -- the bank's own, in the bank's zone
    created_at    DATETIME(3) NOT NULL,      -- this and the next two: ours, UTC
    performed_at  DATETIME(3) NULL,
    cancelled_at  DATETIME(3) NULL,
    cancel_reason BIGINT NULL,
    -- What the payer typed, as received: a repeat is compared with it. Null in rows from before it.
    number        VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
    -- Since when the accounting program has it, and has its cancellation, in its own numbers (UTC).
    posted_at     DATETIME(3) NULL,
    reversed_at   DATETIME(3) NULL,
    PRIMARY KEY (id),
    -- This key decides: a payment is recorded once, whoever asks how often.
    UNIQUE KEY payment_once (bank, txn_id),
    -- These hold all that "what is owed" reads.
    KEY payment_owed_account (account_id, state, posted_at, reversed_at, amount),
    KEY payment_owed_invoice (invoice_id, state, posted_at, reversed_at, amount),
    KEY payment_to_post (state, posted_at, reversed_at),
    KEY payment_by_date (bank, paid_at),     -- statements and registers
    KEY payment_by_performed (bank, performed_at)  -- Paynet's statements
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 ROW_FORMAT = DYNAMIC;

-- Passwords that banks change by themselves; one of the settings is good until then.
CREATE TABLE IF NOT EXISTS bank_password (
    bank       VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    digest     CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,  -- by a key of SECRET_KEY
    changed_at DATETIME(3) NOT NULL,  -- ours, UTC
    PRIMARY KEY (bank)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 ROW_FORMAT = DYNAMIC;

-- When a bank was last told that there is no such payment, for a 256th of all ids each: what came
-- before and is still on its way is not recorded any more (promise.sql).
CREATE TABLE IF NOT EXISTS promise (
    bucket  SMALLINT UNSIGNED NOT NULL,
    made_at DATETIME(3) NOT NULL,  -- by the server's clock, UTC
    PRIMARY KEY (bucket)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 ROW_FORMAT = DYNAMIC;

INSERT INTO promise (bucket, made_at)
SELECT high.n * 16 + low.n, '2000-01-01 00:00:00.000'
  FROM (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
        UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7
        UNION ALL SELECT 8 UNION ALL SELECT 9 UNION ALL SELECT 10 UNION ALL SELECT 11
        UNION ALL SELECT 12 UNION ALL SELECT 13 UNION ALL SELECT 14
        UNION ALL SELECT 15) AS high
  JOIN (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
        UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7
        UNION ALL SELECT 8 UNION ALL SELECT 9 UNION ALL SELECT 10 UNION ALL SELECT 11
        UNION ALL SELECT 12 UNION ALL SELECT 13 UNION ALL SELECT 14
        UNION ALL SELECT 15) AS low
 WHERE NOT EXISTS (SELECT 1 FROM promise AS p WHERE p.bucket = high.n * 16 + low.n);

-- What the accounting program was told, a line each, by flask export: lines are added by one command
-- at a time, so their ids stand in the order in which they are seen (those of payment do not).
CREATE TABLE IF NOT EXISTS export_line (
    id         BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    payment_id BIGINT UNSIGNED NOT NULL,
    kind       ENUM('paid', 'cancelled') NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY export_line_once (payment_id, kind)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 ROW_FORMAT = DYNAMIC;

-- What flask post has tried: a row a payment, and one for its cancellation, that could not be posted at
-- once, with the last reason; and what it begins in tables without transactions, before it does.
CREATE TABLE IF NOT EXISTS posting (
    payment_id BIGINT UNSIGNED NOT NULL,
    kind       ENUM('paid', 'cancelled') NOT NULL,
    -- begun, failed: the program's rows may be there; wrong: what is owed would have changed
    state      ENUM('begun', 'failed', 'wrong') NOT NULL,
    tried_at   DATETIME(3) NOT NULL,  -- ours, UTC
    why        VARCHAR(500) NOT NULL,
    PRIMARY KEY (payment_id, kind)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 ROW_FORMAT = DYNAMIC;
