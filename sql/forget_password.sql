-- The password of the settings is good again. The row stays: our user need not delete.
UPDATE bank_password SET digest = '' WHERE bank = :bank AND digest <> ''
