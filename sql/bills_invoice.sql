-- Whom a bank may take money for: invoices by number, each with its sum and what is paid of it.
SELECT i.number, a.name, a.address,
       i.amount AS issued,
       (SELECT COALESCE(SUM(CASE WHEN p.posted_at IS NULL THEN p.amount ELSE -p.amount END), 0)
          FROM payment AS p
         WHERE p.invoice_id = i.id
           AND (p.state = 'paid' AND p.posted_at IS NULL
             OR p.state = 'cancelled' AND p.posted_at IS NOT NULL AND p.reversed_at IS NULL)) AS paid
  FROM invoice AS i
  JOIN account AS a ON a.id = i.account_id
 WHERE i.state = 'issued' AND a.state = 'active'
 ORDER BY i.number
