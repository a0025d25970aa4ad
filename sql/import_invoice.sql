-- A debt of the list: a new one has no id. The debt of a customer as a whole is an invoice with the
-- customer's own number.
INSERT INTO invoice (id, number, account_id, amount, issued_on, state)
VALUES (:id, :number, :account_id, :amount, :issued_on, :state)
ON DUPLICATE KEY UPDATE amount = VALUES(amount), issued_on = VALUES(issued_on),
                        state = VALUES(state)
