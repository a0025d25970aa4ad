-- A created payment becomes a paid one, once, unless its invoice is paid by another: by one that
-- the accounting program does not have, or has since the booking was made. What it had before, the
-- booked sum had left out.
-- MySQL reads the table that it updates only through a derived table that holds an aggregate.
UPDATE payment
   SET state = 'paid', performed_at = :now, paid_at = :paid_at
 WHERE bank = :bank AND txn_id = :txn_id AND state = 'created'
   AND :deadline > UTC_TIMESTAMP(3)
   AND (SELECT others.n FROM
           (SELECT COUNT(*) AS n
              FROM payment AS r
              JOIN payment AS q ON q.invoice_id = r.invoice_id AND q.state = 'paid'
               AND (q.posted_at IS NULL OR q.posted_at >= r.created_at)
             WHERE r.bank = :bank AND r.txn_id = :txn_id) AS others) = 0
