-- The newest payments of a bank: do the bank's dates agree with our clock?
SELECT p.paid_at, p.created_at
  FROM payment AS p
 WHERE p.bank = :bank
 ORDER BY p.paid_at DESC
 LIMIT 20
