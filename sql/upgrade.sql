-- What the table payment of an older release lacks, on MySQL 5.7+ and MariaDB 10.3+. It only adds:
-- the older release works with it, too. flask init-db runs what is missing. By hand, as in
-- phpMyAdmin: paste it, leave out what is there already ("Duplicate column name", "Duplicate key
-- name"), and let fill_numbers.sql follow.

-- What the payer typed, as received.
ALTER TABLE payment ADD COLUMN number VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;

-- Since when the accounting program has the payment, and its cancellation, in its own numbers.
ALTER TABLE payment ADD COLUMN posted_at DATETIME(3) NULL;
ALTER TABLE payment ADD COLUMN reversed_at DATETIME(3) NULL;

-- All that "what is owed" reads. payment_of_account and payment_of_invoice may go then.
ALTER TABLE payment ADD KEY payment_owed_account (account_id, state, posted_at, reversed_at, amount);
ALTER TABLE payment ADD KEY payment_owed_invoice (invoice_id, state, posted_at, reversed_at, amount);

-- What the accounting program is still to be told.
ALTER TABLE payment ADD KEY payment_to_post (state, posted_at, reversed_at);

-- Paynet's statements: without it each reads all payments of the bank.
ALTER TABLE payment ADD KEY payment_by_performed (bank, performed_at);
