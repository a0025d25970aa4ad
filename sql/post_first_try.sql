-- Note a payment that is tried for the first time, once.
INSERT INTO posting (payment_id, kind, state, tried_at, why)
SELECT p.id, :kind, :state, :now, :why
  FROM payment AS p
 WHERE p.id = :id
   AND NOT EXISTS (SELECT 1 FROM posting AS n WHERE n.payment_id = :id AND n.kind = :kind)
