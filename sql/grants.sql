-- The rights that the program needs, and no more, for who runs the database himself. Put your names in
-- place of usu (the database), callback (the user) and localhost (where the program runs), and a
-- password of `flask secret`. On a shared host the panel grants SELECT, INSERT and UPDATE on the whole
-- database; that is enough, too. init-db wants CREATE, ALTER and INDEX besides: give it another user.
CREATE USER IF NOT EXISTS 'callback'@'localhost' IDENTIFIED BY 'a long one';

-- Check, pay, cancel, lists, registers. Nothing is ever deleted.
GRANT SELECT, INSERT, UPDATE ON usu.payment TO 'callback'@'localhost';
GRANT SELECT, INSERT, UPDATE ON usu.promise TO 'callback'@'localhost';
-- UPDATE only where a payment locks its invoice: MySQL wants that for SELECT … FOR UPDATE.
GRANT SELECT, UPDATE ON usu.invoice TO 'callback'@'localhost';
GRANT SELECT ON usu.account TO 'callback'@'localhost';

-- A bank that changes its password by itself (Paynet), and flask password.
GRANT SELECT, INSERT, UPDATE ON usu.bank_password TO 'callback'@'localhost';

-- flask export, and the exchange.
GRANT SELECT, INSERT ON usu.export_line TO 'callback'@'localhost';

-- flask post; what it writes into the accounting program's own tables is to be granted besides.
GRANT SELECT, INSERT, UPDATE ON usu.posting TO 'callback'@'localhost';

-- flask import, and flask sheet --sample. Leave it out where account and invoice are not ours.
GRANT INSERT, UPDATE ON usu.account TO 'callback'@'localhost';
GRANT INSERT ON usu.invoice TO 'callback'@'localhost';
