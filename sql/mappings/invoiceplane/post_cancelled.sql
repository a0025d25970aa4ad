-- A cancelled payment is taken back by rows of the same sums below zero, on the same invoices, which
-- are open again then. Every statement does nothing the second time.

SET @note = CONCAT('callback paid ', :id, ' ', :bank, ' ', :txn_id);
SET @back = CONCAT('callback cancelled ', :id, ' ', :bank, ' ', :txn_id);

INSERT INTO ip_payments (invoice_id, payment_method_id, payment_date, payment_amount, payment_note)
SELECT d.invoice_id, d.payment_method_id, DATE(:cancelled_at), -d.amount, @back
  FROM (SELECT t.invoice_id, MAX(t.payment_method_id) AS payment_method_id,
               SUM(t.payment_amount) AS amount
          FROM ip_invoices AS i
          JOIN ip_payments AS t ON t.invoice_id = i.invoice_id
         WHERE i.client_id = :account_id AND t.payment_note IN (@note, @back)
         GROUP BY t.invoice_id
        HAVING SUM(t.payment_note = @back) = 0) AS d;

UPDATE ip_invoice_amounts AS m
  JOIN ip_invoices AS i ON i.invoice_id = m.invoice_id
  JOIN (SELECT t.invoice_id, SUM(t.payment_amount) AS paid
          FROM ip_invoices AS j
          JOIN ip_payments AS t ON t.invoice_id = j.invoice_id
         WHERE j.client_id = :account_id
         GROUP BY t.invoice_id
        HAVING SUM(t.payment_note = @back) > 0) AS s ON s.invoice_id = m.invoice_id
   SET m.invoice_paid = s.paid, m.invoice_balance = m.invoice_total - s.paid
 WHERE i.client_id = :account_id;

UPDATE ip_invoices AS i
  JOIN ip_invoice_amounts AS m ON m.invoice_id = i.invoice_id
   SET i.invoice_status_id = 2, i.is_read_only = 0
 WHERE i.client_id = :account_id AND i.invoice_status_id = 4 AND m.invoice_balance > 0
   AND EXISTS (SELECT 1 FROM ip_payments AS t
                WHERE t.invoice_id = i.invoice_id AND t.payment_note = @back);
