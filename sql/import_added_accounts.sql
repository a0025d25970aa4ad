-- The accounts that the transaction has just added: their invoices want the ids.
SELECT a.id, a.number, a.name, a.address, a.state FROM account AS a WHERE a.id > :after
