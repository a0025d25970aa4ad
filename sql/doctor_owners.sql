-- Of some invoices: how many belong to an account that is there.
SELECT COUNT(*) AS n, COUNT(a.id) AS owned
  FROM (SELECT i.account_id FROM invoice AS i WHERE i.state = 'issued' LIMIT 20) AS some
  LEFT JOIN account AS a ON a.id = some.account_id
