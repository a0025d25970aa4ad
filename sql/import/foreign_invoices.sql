-- Invoices that another customer has with us.
SELECT i.line, i.invoice AS number, a.number AS other
  FROM item AS i
  JOIN our_invoice AS o ON o.number = i.invoice
  LEFT JOIN our_account AS a ON a.id = o.account_id
 WHERE i.number <> COALESCE(a.number, '')
 ORDER BY i.line
