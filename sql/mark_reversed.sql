-- The accounting program has these cancellations in its own numbers.
UPDATE payment SET reversed_at = :now WHERE id IN :ids AND reversed_at IS NULL
