INSERT INTO item VALUES (:line, :number, :name, :address, :invoice, :amount, :issued_on)
