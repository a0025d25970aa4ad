-- upgrade.sql for the embedded trial database; its indexes come with schema_sqlite.sql.
ALTER TABLE payment ADD COLUMN number TEXT NULL;
ALTER TABLE payment ADD COLUMN posted_at TEXT NULL;
ALTER TABLE payment ADD COLUMN reversed_at TEXT NULL;
