-- Accounts, each with the invoice that stands for its debt as a whole, if there is one.
SELECT a.id, a.number, i.id AS invoice_id
  FROM account AS a
  LEFT JOIN invoice AS i ON i.number = a.number AND i.account_id = a.id
 WHERE a.id IN :ids
