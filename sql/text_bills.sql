-- The first numbers that page_of_integer_bills.sql leaves out.
SELECT b.number
  FROM ({bills}) AS b
 WHERE (:zero = 1 OR CAST(b.issued AS DECIMAL(14,2)) > CAST(b.paid AS DECIMAL(14,2)))
   AND NOT (CHAR_LENGTH(b.number) BETWEEN 1 AND 18
   AND SUBSTR(b.number, 1, 1) <> '0'
   AND CHAR_LENGTH(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
       REPLACE(b.number, '0', ''), '1', ''), '2', ''), '3', ''), '4', ''), '5', ''), '6', ''),
       '7', ''), '8', ''), '9', '')) = 0)
 ORDER BY b.number
 LIMIT 11
