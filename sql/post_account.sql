-- The number of the account that a payment is credited to.
SELECT a.number FROM account AS a WHERE a.id = :account_id
