-- InvoicePlane (1.4 and newer): customers and debts as it sees them.
-- Who pays types the client's id, or with payer = "invoice" the invoice's number. The id is a whole
-- number: set account_pattern = "[1-9][0-9]{0,9}".

-- It has no key for either question: without these a check reads every invoice.
ALTER TABLE ip_invoices ADD KEY callback_client (client_id);
ALTER TABLE ip_invoices ADD KEY callback_number (invoice_number);

CREATE OR REPLACE VIEW account AS
SELECT c.client_id AS id,
       c.client_id AS number,
       CONCAT_WS(' ', c.client_name, NULLIF(c.client_surname, '')) AS name,
       CONCAT_WS(', ', NULLIF(c.client_city, ''), NULLIF(c.client_address_1, '')) AS address,
       CONVERT(CASE c.client_active WHEN 1 THEN 'active' ELSE 'closed' END USING ascii)
       COLLATE ascii_bin AS state
  FROM ip_clients AS c;

-- What is open of each invoice that was sent. Its tables keep what was written before a kill, so a
-- row of ours counts from when `payment` says that it is there: posted_at, reversed_at.
CREATE OR REPLACE VIEW invoice AS
SELECT i.invoice_id AS id,
       i.invoice_number AS number,
       i.client_id AS account_id,
       CAST(m.invoice_total
            - COALESCE((SELECT SUM(t.payment_amount) FROM ip_payments AS t
                         WHERE t.invoice_id = i.invoice_id
                           AND NOT EXISTS
                               (SELECT 1 FROM payment AS q
                                 WHERE q.account_id = i.client_id AND q.state = 'paid'
                                   AND q.posted_at IS NULL
                                   AND t.payment_note = CONCAT('callback paid ', q.id, ' ', q.bank,
                                                               ' ', q.txn_id))
                           AND NOT EXISTS
                               (SELECT 1 FROM payment AS r
                                 WHERE r.account_id = i.client_id AND r.state = 'cancelled'
                                   AND r.reversed_at IS NULL
                                   AND t.payment_note = CONCAT(
                                       CASE WHEN r.posted_at IS NULL THEN 'callback paid '
                                            ELSE 'callback cancelled ' END,
                                       r.id, ' ', r.bank, ' ', r.txn_id))), 0)
            AS DECIMAL(14,2)) AS amount,
       i.invoice_date_created AS issued_on,
       CONVERT('issued' USING ascii) COLLATE ascii_bin AS state
  FROM ip_invoices AS i
       STRAIGHT_JOIN ip_invoice_amounts AS m ON m.invoice_id = i.invoice_id
 WHERE i.invoice_status_id IN (2, 3, 4) AND i.invoice_number IS NOT NULL;
