-- Where a list is compared with our books before anything is written: a file of SQLite that is
-- thrown away, so a list of any length takes the same memory, and the database no locks.
CREATE TABLE item (
    line      INTEGER NOT NULL,
    number    TEXT NOT NULL,
    name      TEXT NOT NULL,
    address   TEXT NOT NULL,
    invoice   TEXT NOT NULL,
    amount    TEXT NOT NULL,
    issued_on TEXT NOT NULL
);
CREATE TABLE our_account (
    id      INTEGER PRIMARY KEY,
    number  TEXT NOT NULL,
    name    TEXT NOT NULL,
    address TEXT NOT NULL,
    state   TEXT NOT NULL
);
CREATE TABLE our_invoice (
    id         INTEGER PRIMARY KEY,
    number     TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    amount     TEXT NOT NULL,
    issued_on  TEXT NOT NULL,
    state      TEXT NOT NULL
);
CREATE INDEX item_number ON item (number);
CREATE INDEX item_invoice ON item (invoice);
CREATE INDEX our_account_number ON our_account (number);
CREATE INDEX our_account_bare ON our_account (LTRIM(number, '0'));
CREATE INDEX our_invoice_number ON our_invoice (number);
