-- The same password under a newer SECRET_KEY, unless the bank has changed it meanwhile.
UPDATE bank_password SET digest = :digest WHERE bank = :bank AND digest = :seen
