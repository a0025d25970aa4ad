-- Note how it ended this time.
UPDATE posting SET state = :state, tried_at = :now, why = :why
 WHERE payment_id = :id AND kind = :kind
