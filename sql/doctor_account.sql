-- Some accounts, to rehearse a payment with.
SELECT a.number FROM account AS a WHERE a.state = :state LIMIT 20
