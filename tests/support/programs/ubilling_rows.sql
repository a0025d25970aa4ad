INSERT INTO users (login, Address, Cash) VALUES ('anna', 'Абая, 1', -2750.10), ('kim', '', 0), ('out', '', -5);
INSERT INTO realname (login, realname) VALUES ('anna', 'Серова Анна');
INSERT INTO op_static (id, realid, virtualid) VALUES (1, 'anna', '7012340001'), (2, 'kim', '7012340002'),
 (3, 'out', '7012340003');
INSERT INTO op_denied (login) VALUES ('out');
INSERT INTO op_transactions (hash, date, summ, customerid, paysys, processed, note) VALUES
 ('PB_1', '2026-01-20', 400, '7012340001', 'PRIVAT', 1, ''), ('PB_2', '2026-01-21', 0.1, '7012340002', 'PRIVAT', 1, '');
