-- What the invented payer of flask sheet owes.
INSERT INTO invoice (number, account_id, amount, issued_on, state)
SELECT :number, id, :amount, '2026-01-01', 'issued'
  FROM account
 WHERE number = :account
