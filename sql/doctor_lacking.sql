-- Rows of a view that lack an id or a sum. Each sum is worked out here once, so one that the server
-- cannot work out (an unsigned column less a greater one) is met before its payer meets it.
SELECT 'account.id' AS name, COUNT(*) - COUNT(a.id) AS n FROM account AS a
UNION ALL
SELECT 'invoice.id' AS name, COUNT(*) - COUNT(i.id) AS n FROM invoice AS i
UNION ALL
SELECT 'invoice.amount' AS name, COUNT(*) - COUNT(i.amount) AS n
  FROM invoice AS i WHERE i.state = 'issued'
