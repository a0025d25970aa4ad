-- What earlier runs could not post, or were cut off at: the row says how it ended.
SELECT n.payment_id, n.kind, n.state FROM posting AS n
