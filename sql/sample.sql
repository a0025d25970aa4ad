-- Sample customers, added where their numbers are free. Names are invented.
INSERT INTO account (number, name, address, state)
SELECT s.number, s.name, s.address, s.state
  FROM (SELECT '7012340001' AS number, 'Серова Анна Олеговна' AS name,
               'Абая, 1, 12' AS address, 'active' AS state
        UNION ALL SELECT '7012340002', 'Оспанов Ерлан', 'Абая, 1, 13', 'active'
        UNION ALL SELECT '7012340003', 'Петрова Вера', 'Абая, 1, 14', 'closed'
        UNION ALL SELECT '7012340004', 'Ким Сергей', 'Абая, 1, 15', 'blocked'
        UNION ALL SELECT '71501', 'Ахметова Белла', 'Сатпаева, 5, 1', 'active'
        UNION ALL SELECT '71502', 'Волков Денис', 'Сатпаева, 5, 2', 'active'
        UNION ALL SELECT '71503', 'Гусева Ирина', 'Сатпаева, 5, 3', 'closed'
        UNION ALL SELECT '71504', 'Жунусов Марат', 'Сатпаева, 5, 4', 'blocked') AS s
 WHERE s.number NOT IN (SELECT number FROM account);

INSERT INTO invoice (number, account_id, amount, issued_on, state)
SELECT s.number, a.id, s.amount, '2026-11-01', 'issued'
  FROM (SELECT 'A-0001' AS number, '7012340001' AS account, '3200.00' AS amount
        UNION ALL SELECT 'A-0002', '71501', '15000.00') AS s
  JOIN account AS a ON a.number = s.account
 WHERE s.number NOT IN (SELECT number FROM invoice);
