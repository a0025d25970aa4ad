-- The accounting program has these payments in its own numbers, also if cancelled meanwhile.
UPDATE payment SET posted_at = :now WHERE id IN :ids AND posted_at IS NULL
