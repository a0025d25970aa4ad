-- How many rows bills_account.sql has, for a progress bar.
SELECT COUNT(*) AS n FROM account AS a WHERE a.state = 'active'
