-- The states that accounts and invoices have; a view may tell others than ours.
SELECT 'account' AS name, a.state, COUNT(*) AS n FROM account AS a GROUP BY a.state
UNION ALL
SELECT 'invoice' AS name, i.state, COUNT(*) AS n FROM invoice AS i GROUP BY i.state
