INSERT INTO our_account VALUES (:id, :number, :name, :address, :state)
