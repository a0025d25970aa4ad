-- An account by the number that the payer typed, and what it owes: `issued` less `paid`. What the
-- accounting program has posted stands in `issued` already (README.md, "What is owed").
-- The lengths are compared because MySQL ignores trailing blanks in "=".
SELECT a.name, a.address, a.state,
       (SELECT COALESCE(SUM(i.amount), 0) FROM invoice AS i
         WHERE i.account_id = a.id AND i.state = 'issued') AS issued,
       (SELECT COALESCE(SUM(CASE WHEN p.posted_at IS NULL THEN p.amount ELSE -p.amount END), 0)
          FROM payment AS p
         WHERE p.account_id = a.id
           AND (p.state = 'paid' AND p.posted_at IS NULL
             OR p.state = 'cancelled' AND p.posted_at IS NOT NULL AND p.reversed_at IS NULL)) AS paid
  FROM account AS a
 WHERE a.number = :account AND CHAR_LENGTH(a.number) = CHAR_LENGTH(:account)
