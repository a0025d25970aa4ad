-- A payment becomes InvoicePlane's own: what it pays of which invoice (oldest first, the rest to the
-- newest), the sums of those invoices, and their status. Its tables know no transactions: every
-- statement does nothing the second time, and goes on where a kill has left it.

-- Once, for your InvoicePlane: the payment method (ip_payment_methods; 0 is none).
SET @method = 0;

SET @note = CONCAT('callback paid ', :id, ' ', :bank, ' ', :txn_id);

-- What is not in its books yet.
SET @rest = :amount
    - COALESCE((SELECT SUM(t.payment_amount)
                  FROM ip_invoices AS i
                  JOIN ip_payments AS t ON t.invoice_id = i.invoice_id
                 WHERE i.client_id = :account_id AND t.payment_note = @note), 0);

-- The invoice that takes what is left over: the one that was paid, the newest open one, the newest.
SET @last = COALESCE(:invoice_id,
    (SELECT o.id
       FROM (SELECT i.invoice_id AS id, i.invoice_date_created AS day,
                    m.invoice_total > COALESCE((SELECT SUM(t.payment_amount) FROM ip_payments AS t
                                                 WHERE t.invoice_id = i.invoice_id), 0) AS is_open
               FROM ip_invoices AS i
               JOIN ip_invoice_amounts AS m ON m.invoice_id = i.invoice_id
              WHERE i.client_id = :account_id AND i.invoice_status_id IN (2, 3, 4)
                AND m.invoice_sign = '1') AS o
      ORDER BY o.is_open DESC, o.day DESC, o.id DESC LIMIT 1));

INSERT INTO ip_payments (invoice_id, payment_method_id, payment_date, payment_amount, payment_note)
SELECT d.id, @method, DATE(:paid_at), d.part, @note
  FROM (SELECT o.id,
               CASE WHEN o.id = @last THEN @rest - o.earlier
                    ELSE LEAST(o.amount, @rest - o.earlier) END AS part
          FROM (SELECT i.invoice_id AS id,
                       m.invoice_total
                       - COALESCE((SELECT SUM(t.payment_amount) FROM ip_payments AS t
                                    WHERE t.invoice_id = i.invoice_id), 0) AS amount,
                       (SELECT COALESCE(SUM(GREATEST(
                                   n.invoice_total
                                   - COALESCE((SELECT SUM(s.payment_amount) FROM ip_payments AS s
                                                WHERE s.invoice_id = e.invoice_id), 0), 0)), 0)
                          FROM ip_invoices AS e
                          JOIN ip_invoice_amounts AS n ON n.invoice_id = e.invoice_id
                         WHERE e.client_id = :account_id AND e.invoice_status_id IN (2, 3, 4)
                           AND :invoice_id IS NULL
                           AND (e.invoice_date_created < i.invoice_date_created
                             OR e.invoice_date_created = i.invoice_date_created
                                AND e.invoice_id < i.invoice_id)) AS earlier
                  FROM ip_invoices AS i
                  JOIN ip_invoice_amounts AS m ON m.invoice_id = i.invoice_id
                 WHERE i.client_id = :account_id AND i.invoice_status_id IN (2, 3, 4)
                   AND (i.invoice_id = @last OR :invoice_id IS NULL)) AS o
         WHERE o.earlier < @rest AND (o.id = @last OR o.amount > 0)) AS d;

UPDATE ip_invoice_amounts AS m
  JOIN ip_invoices AS i ON i.invoice_id = m.invoice_id
  JOIN (SELECT t.invoice_id, SUM(t.payment_amount) AS paid
          FROM ip_invoices AS j
          JOIN ip_payments AS t ON t.invoice_id = j.invoice_id
         WHERE j.client_id = :account_id
         GROUP BY t.invoice_id
        HAVING SUM(t.payment_note = @note) > 0) AS s ON s.invoice_id = m.invoice_id
   SET m.invoice_paid = s.paid, m.invoice_balance = m.invoice_total - s.paid
 WHERE i.client_id = :account_id;

UPDATE ip_invoices AS i
  JOIN ip_invoice_amounts AS m ON m.invoice_id = i.invoice_id
   SET i.invoice_status_id = 4, i.payment_method = @method
 WHERE i.client_id = :account_id AND i.invoice_status_id IN (2, 3) AND m.invoice_balance <= 0
   AND EXISTS (SELECT 1 FROM ip_payments AS t
                WHERE t.invoice_id = i.invoice_id AND t.payment_note = @note);

-- Where its setting says that a paid invoice is not to be changed any more.
UPDATE ip_invoices AS i
   SET i.is_read_only = 1
 WHERE i.client_id = :account_id AND i.invoice_status_id = 4
   AND EXISTS (SELECT 1 FROM ip_payments AS t
                WHERE t.invoice_id = i.invoice_id AND t.payment_note = @note)
   AND EXISTS (SELECT 1 FROM ip_settings AS g
                WHERE g.setting_key = 'read_only_toggle' AND g.setting_value = '4');
