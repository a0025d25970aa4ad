-- All accounts, to be compared with the accounting program's list; read without locks.
SELECT a.id, a.number, a.name, a.address, a.state FROM account AS a
