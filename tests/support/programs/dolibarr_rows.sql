INSERT INTO llx_societe (rowid, nom, code_client, town, address, client, status) VALUES
 (1, 'Серова Анна', 'CU2401-00001', 'Алматы', 'Абая, 1', 1, 1),
 (2, 'Ким Сергей', 'CU2401-00002', NULL, 'Абая, 2', 3, 1),
 (3, 'Поставщик', NULL, 'Алматы', '', 0, 1), (4, 'Бывший', 'CU2401-00004', '', '', 1, 0);
INSERT INTO llx_c_paiement (id, code) VALUES (2, 'VIR'), (50, 'VAD');
INSERT INTO llx_bank_account (rowid, ref, label, currency_code) VALUES (1, 'KASPI', 'Kaspi', 'KZT');
INSERT INTO llx_facture (rowid, ref, type, fk_soc, datef, total_ttc, fk_statut, paye) VALUES
 (1, 'FA2601-0001', 0, 1, '2026-01-10', 1000.10, 1, 0), (2, 'FA2602-0002', 0, 1, '2026-02-10', 2200, 1, 0),
 (3, '(PROV3)', 0, 1, '2026-03-10', 999, 0, 0), (4, 'FA2512-0004', 0, 1, '2025-12-10', 500, 2, 1),
 (5, 'AV2602-0005', 2, 1, '2026-02-11', -50, 1, 0), (6, 'PF2602-0006', 4, 1, '2026-02-11', 70, 1, 0),
 (7, 'FA2601-0007', 0, 2, '2026-01-10', 0.3, 2, 1), (8, 'FA2601-0008', 0, 4, '2026-01-10', 5, 1, 0);
INSERT INTO llx_paiement (rowid, ref, datep, amount, fk_paiement) VALUES
 (1, 'PAY2512-0001', '2025-12-20', 500, 2), (2, 'PAY2601-0002', '2026-01-20', 400, 2),
 (3, 'PAY2601-0003', '2026-01-20', 0.1, 2), (4, 'PAY2601-0004', '2026-01-20', 0.2, 2);
INSERT INTO llx_paiement_facture (fk_paiement, fk_facture, amount) VALUES
 (1, 4, 500), (2, 1, 400), (3, 7, 0.1), (4, 7, 0.2);
