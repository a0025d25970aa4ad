-- The debts that marked payments are taken off: the invoice that was paid, else that of the account
-- as a whole. Locked, for they are written anew.
SELECT i.id, i.number, i.account_id, i.amount, i.issued_on, i.state
  FROM invoice AS i
 WHERE i.id IN :ids
   FOR UPDATE
