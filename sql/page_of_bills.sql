-- One page of a list of bills ({bills}, see count_bills.sql); with :zero also of those who owe
-- nothing. The CASTs matter to SQLite, where sums are text.
SELECT b.number, b.name, b.address, b.issued, b.paid
  FROM ({bills}) AS b
 WHERE :zero = 1 OR CAST(b.issued AS DECIMAL(14,2)) > CAST(b.paid AS DECIMAL(14,2))
 ORDER BY b.number
 LIMIT :size OFFSET :start
