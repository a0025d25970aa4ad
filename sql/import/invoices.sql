-- The invoices to write: new and changed ones, and those that the list does not name any more.
SELECT o.id, i.invoice AS number, a.id AS account_id, i.amount, i.issued_on, 'issued' AS state,
       CASE WHEN o.id IS NULL THEN 'new' ELSE 'changed' END AS what
  FROM item AS i
  LEFT JOIN our_account AS a ON a.number = i.number
  LEFT JOIN our_invoice AS o ON o.number = i.invoice
 WHERE i.invoice <> ''
   AND (o.id IS NULL AND (i.amount <> '0.00' OR :whole = 0)
     OR o.state <> 'issued' OR o.amount <> i.amount
     OR :whole = 0 AND o.issued_on <> i.issued_on)
UNION ALL
SELECT o.id, o.number, o.account_id, o.amount, o.issued_on, 'cancelled' AS state,
       'cancelled' AS what
  FROM our_invoice AS o
 WHERE o.state = 'issued' AND NOT EXISTS (SELECT 1 FROM item AS i WHERE i.invoice = o.number)
