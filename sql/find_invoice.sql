-- An invoice by the number that the payer typed, and what is left to pay of it.
-- "waiting" counts bookings of it that are younger than both limits.
SELECT i.number, a.name, a.address, a.state,
       i.state AS invoice_state,
       i.amount AS issued,
       (SELECT COALESCE(SUM(CASE WHEN p.posted_at IS NULL THEN p.amount ELSE -p.amount END), 0)
          FROM payment AS p
         WHERE p.invoice_id = i.id
           AND (p.state = 'paid' AND p.posted_at IS NULL
             OR p.state = 'cancelled' AND p.posted_at IS NOT NULL AND p.reversed_at IS NULL)) AS paid,
       (SELECT COUNT(*) FROM payment AS w
         WHERE w.invoice_id = i.id AND w.state = 'created'
           AND w.created_at >= :waits_created_at AND w.paid_at >= :waits_paid_at) AS waiting
  FROM invoice AS i
  JOIN account AS a ON a.id = i.account_id
 WHERE i.number = :account AND CHAR_LENGTH(i.number) = CHAR_LENGTH(:account)
