-- A created payment becomes a paid one, once, unless its invoice is paid by another.
-- MySQL reads the table that it updates only through a derived table that holds an aggregate.
UPDATE payment
   SET state = 'paid', performed_at = :now, paid_at = :paid_at
 WHERE bank = :bank AND txn_id = :txn_id AND state = 'created'
   AND (SELECT others.n FROM
           (SELECT COUNT(*) AS n FROM payment AS q
             WHERE q.state = 'paid' AND q.invoice_id =
                   (SELECT r.invoice_id FROM payment AS r
                     WHERE r.bank = :bank AND r.txn_id = :txn_id)) AS others) = 0
