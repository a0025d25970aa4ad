-- Some invoices that are open, to rehearse a payment with.
SELECT i.number
  FROM invoice AS i
  JOIN account AS a ON a.id = i.account_id
 WHERE i.state = 'issued' AND i.amount > 0 AND a.state = :state
 LIMIT 20
