-- The invented payer of the examples that flask sheet prints, in a database that is thrown away.
INSERT INTO account (number, name, address, state)
VALUES (:number, :name, :address, 'active')
