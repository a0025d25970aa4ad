-- The tables of schema.sql for the embedded trial database.
-- Sums are TEXT: SQLite's DECIMAL would be a binary float.

CREATE TABLE IF NOT EXISTS account (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    number  TEXT NOT NULL UNIQUE,
    name    TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    state   TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'closed', 'blocked'))
);

CREATE TABLE IF NOT EXISTS invoice (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    number     TEXT NOT NULL UNIQUE,
    account_id INTEGER NOT NULL,
    amount     TEXT NOT NULL,
    issued_on  TEXT NOT NULL,
    state      TEXT NOT NULL DEFAULT 'issued' CHECK (state IN ('issued', 'cancelled'))
);
CREATE INDEX IF NOT EXISTS invoice_owed ON invoice (account_id, state, amount);

CREATE TABLE IF NOT EXISTS payment (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    bank          TEXT NOT NULL,
    txn_id        TEXT NOT NULL,
    account_id    INTEGER NOT NULL,
    invoice_id    INTEGER NULL,
    amount        TEXT NOT NULL,
    currency      TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('created', 'paid', 'cancelled')),
    paid_at       TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    performed_at  TEXT NULL,
    cancelled_at  TEXT NULL,
    cancel_reason INTEGER NULL,
    number        TEXT NULL,
    posted_at     TEXT NULL,
    reversed_at   TEXT NULL,
    UNIQUE (bank, txn_id)
);
CREATE INDEX IF NOT EXISTS payment_owed_account
    ON payment (account_id, state, posted_at, reversed_at, amount);
CREATE INDEX IF NOT EXISTS payment_owed_invoice
    ON payment (invoice_id, state, posted_at, reversed_at, amount);
CREATE INDEX IF NOT EXISTS payment_to_post ON payment (state, posted_at, reversed_at);
CREATE INDEX IF NOT EXISTS payment_by_date ON payment (bank, paid_at);
CREATE INDEX IF NOT EXISTS payment_by_performed ON payment (bank, performed_at);

CREATE TABLE IF NOT EXISTS bank_password (
    bank       TEXT NOT NULL PRIMARY KEY,
    digest     TEXT NOT NULL,
    changed_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS promise (
    bucket  INTEGER NOT NULL PRIMARY KEY,
    made_at TEXT NOT NULL
);

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

CREATE TABLE IF NOT EXISTS export_line (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    payment_id INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('paid', 'cancelled')),
    UNIQUE (payment_id, kind)
);

CREATE TABLE IF NOT EXISTS posting (
    payment_id INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('paid', 'cancelled')),
    state      TEXT NOT NULL CHECK (state IN ('begun', 'failed', 'wrong')),
    tried_at   TEXT NOT NULL,
    why        TEXT NOT NULL,
    PRIMARY KEY (payment_id, kind)
);
