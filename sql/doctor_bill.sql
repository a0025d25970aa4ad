-- What a list of bills says of one number, and whether it says the same as a check
-- ({bills}: see count_bills.sql).
SELECT b.number, b.name, b.address, b.issued, b.paid FROM ({bills}) AS b WHERE b.number = :account
