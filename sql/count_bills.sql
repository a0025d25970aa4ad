-- How many rows a list of bills has, for a progress bar.
-- {bills} is bills_account.sql or bills_invoice.sql, also where a site has laid its own over it.
SELECT COUNT(*) AS n FROM ({bills}) AS b
