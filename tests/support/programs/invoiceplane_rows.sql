INSERT INTO ip_clients (client_id, client_date_created, client_date_modified, client_name,
 client_surname, client_address_1, client_city, client_active) VALUES
 (71501, NOW(), NOW(), 'Анна', 'Серова', 'Абая, 1', 'Алматы', 1), (71502, NOW(), NOW(), 'Ким', NULL, NULL, NULL, 1),
 (71503, NOW(), NOW(), 'Бывший', '', '', '', 0);
INSERT INTO ip_invoices (invoice_id, user_id, client_id, invoice_group_id, invoice_status_id,
 invoice_date_created, invoice_date_modified, invoice_date_due, invoice_number, invoice_terms, invoice_url_key)
 VALUES (1, 1, 71501, 1, 2, '2026-01-10', NOW(), '2026-02-10', 'INV-1', '', 'a'),
 (2, 1, 71501, 1, 3, '2026-02-10', NOW(), '2026-03-10', 'INV-2', '', 'b'),
 (3, 1, 71501, 1, 1, '2026-03-10', NOW(), '2026-04-10', NULL, '', 'c'),
 (4, 1, 71501, 1, 4, '2025-12-10', NOW(), '2026-01-10', 'INV-4', '', 'd'),
 (5, 1, 71501, 1, 2, '2026-02-11', NOW(), '2026-03-10', 'INV-5', '', 'e'),
 (6, 1, 71502, 1, 4, '2026-01-10', NOW(), '2026-02-10', 'INV-6', '', 'f');
INSERT INTO ip_invoice_amounts (invoice_id, invoice_sign, invoice_total, invoice_paid, invoice_balance) VALUES
 (1, '1', 1000.10, 400, 600.10), (2, '1', 2200, 0, 2200), (3, '1', 999, 0, 999), (4, '1', 500, 500, 0),
 (5, '-1', -50, 0, -50), (6, '1', 0.3, 0.3, 0);
INSERT INTO ip_payments (invoice_id, payment_date, payment_amount, payment_note) VALUES
 (1, '2026-01-20', 400, ''), (4, '2025-12-20', 500, 'callback me later'), (6, '2026-01-20', 0.3, '');
INSERT INTO ip_settings (setting_key, setting_value) VALUES ('read_only_toggle', '4');
