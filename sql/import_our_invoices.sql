-- All invoices, to be compared with the accounting program's list; read without locks.
SELECT i.id, i.number, i.account_id, i.amount, i.issued_on, i.state FROM invoice AS i
