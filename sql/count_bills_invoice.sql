-- How many rows bills_invoice.sql has, for a progress bar.
SELECT COUNT(*) AS n FROM invoice AS i WHERE i.state = 'issued'
