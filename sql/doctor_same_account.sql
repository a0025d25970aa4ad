-- Numbers that more than one account has: a payer's money would be nobody's.
SELECT a.number, COUNT(*) AS n FROM account AS a GROUP BY a.number HAVING COUNT(*) > 1 LIMIT 3
