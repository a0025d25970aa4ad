-- The first password that the bank itself has set: only this one is good, on every machine.
INSERT INTO bank_password (bank, digest, changed_at)
VALUES (:bank, :digest, :now)
