-- An account by the number that the payer typed, and what it owes.
-- The lengths are compared because MySQL ignores trailing blanks in "=".
SELECT a.name, a.address, a.state,
       (SELECT COALESCE(SUM(i.amount), 0) FROM invoice AS i
         WHERE i.account_id = a.id AND i.state = 'issued') AS issued,
       (SELECT COALESCE(SUM(p.amount), 0) FROM payment AS p
         WHERE p.account_id = a.id AND p.state = 'paid') AS paid
  FROM account AS a
 WHERE a.number = :account AND LENGTH(a.number) = LENGTH(:account)
