-- The next one. No REPLACE: it wants the right to delete.
UPDATE bank_password SET digest = :digest, changed_at = :now WHERE bank = :bank
