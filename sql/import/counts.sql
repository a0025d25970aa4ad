-- How many customers the list and we have, and how many of ours are not in it.
SELECT (SELECT COUNT(DISTINCT number) FROM item) AS listed,
       (SELECT COUNT(*) FROM our_account WHERE state = 'active') AS ours,
       (SELECT COUNT(*) FROM our_account AS o WHERE o.state = 'active'
           AND NOT EXISTS (SELECT 1 FROM item AS i WHERE i.number = o.number)) AS gone
