-- The newest line of all, and the newest that the accounting program knows; 0 when there is none.
SELECT COALESCE((SELECT MAX(n.id) FROM export_line AS n), 0) AS id,
       COALESCE((SELECT e.id FROM export_line AS e JOIN payment AS p ON p.id = e.payment_id
                  WHERE e.kind = 'paid' AND p.posted_at IS NOT NULL
                     OR e.kind = 'cancelled' AND p.reversed_at IS NOT NULL
                  ORDER BY e.id DESC LIMIT 1), 0) AS known
