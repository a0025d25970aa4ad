-- What the last run of flask post could not do, the oldest first.
SELECT p.bank, p.txn_id, n.kind, n.tried_at, n.why
  FROM posting AS n
  JOIN payment AS p ON p.id = n.payment_id
 WHERE n.state <> 'begun'
   AND (n.kind = 'paid' AND p.state = 'paid' AND p.posted_at IS NULL
     OR n.kind = 'cancelled' AND p.state = 'cancelled' AND p.posted_at IS NOT NULL
        AND p.reversed_at IS NULL)
 ORDER BY p.id
