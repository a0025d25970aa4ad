-- The number of the invoice that was paid, where a bank's payers type invoices.
SELECT i.number FROM invoice AS i WHERE i.id = :invoice_id
