INSERT INTO our_invoice VALUES (:id, :number, :account_id, :amount, :issued_on, :state)
