-- The password that the bank itself has set, as a digest; it wins over that of the settings.
SELECT w.digest, w.changed_at
  FROM bank_password AS w
 WHERE w.bank = :bank AND w.digest <> ''
