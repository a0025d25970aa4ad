-- As page_of_bills.sql, for a bank that reads numbers as JSON integers: of numbers with 1 to 18
-- digits and no zero in front. The nested REPLACE is what MySQL and SQLite both can.
SELECT b.number, b.name, b.address, b.issued, b.paid
  FROM ({bills}) AS b
 WHERE (:zero = 1 OR CAST(b.issued AS DECIMAL(14,2)) > CAST(b.paid AS DECIMAL(14,2)))
   AND CHAR_LENGTH(b.number) BETWEEN 1 AND 18
   AND SUBSTR(b.number, 1, 1) <> '0'
   AND CHAR_LENGTH(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
       REPLACE(b.number, '0', ''), '1', ''), '2', ''), '3', ''), '4', ''), '5', ''), '6', ''),
       '7', ''), '8', ''), '9', '')) = 0
 ORDER BY b.number
 LIMIT :size OFFSET :start
