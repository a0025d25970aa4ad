-- A line of its own for a payment, and for its cancellation, once.
INSERT INTO export_line (payment_id, kind) VALUES (:payment_id, :kind)
