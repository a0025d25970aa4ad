-- Lines that the accounting program does not know yet, oldest first. A payment that was cancelled
-- since has two: the program may have fetched the first of them.
-- `number` is what the payer typed, `account` whom the payment is credited to now.
SELECT w.id, w.kind, p.bank, p.txn_id, COALESCE(p.number, i.number, a.number) AS number, p.amount,
       p.currency, p.paid_at, p.performed_at, p.cancelled_at, a.number AS account,
       p.id AS payment_id, p.invoice_id, p.account_id
  FROM (SELECT e.id, e.kind, e.payment_id
          FROM payment AS q
          JOIN export_line AS e ON e.payment_id = q.id AND e.kind = 'paid'
         WHERE q.state IN ('paid', 'cancelled') AND q.posted_at IS NULL
         UNION ALL
        SELECT f.id, f.kind, f.payment_id
          FROM payment AS r
          JOIN export_line AS f ON f.payment_id = r.id AND f.kind = 'cancelled'
         WHERE r.state = 'cancelled' AND r.reversed_at IS NULL) AS w
  JOIN payment AS p ON p.id = w.payment_id
  LEFT JOIN account AS a ON a.id = p.account_id
  LEFT JOIN invoice AS i ON i.id = p.invoice_id
 WHERE w.id > :after AND w.id <= :last
 ORDER BY w.id
 LIMIT :rows
