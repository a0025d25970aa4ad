-- A payment becomes Dolibarr's own: the payment, what it pays of which invoice (oldest first, the
-- rest to the newest), the line in the bank's account with its two links, and paid invoices closed.

-- Once, for your Dolibarr: who it is entered by, the bank account, the way of payment (VAD: online).
SET @user = 1,
    @bank = (SELECT MIN(b.rowid) FROM llx_bank_account AS b WHERE b.entity = 1 AND b.clos = 0),
    @way = (SELECT MIN(w.id) FROM llx_c_paiement AS w WHERE w.code = 'VAD');

-- The invoice that takes what is left over: the one that was paid, the newest open one, the newest.
SET @last = COALESCE(:invoice_id,
    (SELECT i.id FROM invoice AS i
      WHERE i.account_id = :account_id AND i.state = 'issued'
      ORDER BY i.amount > 0 DESC, i.issued_on DESC, i.id DESC LIMIT 1));

INSERT INTO llx_paiement (entity, ref, datec, datep, amount, multicurrency_amount, fk_paiement,
                          num_paiement, note, fk_user_creat, fk_bank)
SELECT 1,
       CONCAT('PAY', DATE_FORMAT(:paid_at, '%y%m'), '-',
              LPAD(COALESCE(MAX(CAST(SUBSTRING(p.ref, 9) AS UNSIGNED)), 0) + 1, 4, '0')),
       :now, :paid_at, :amount, :amount, @way, LEFT(:txn_id, 50),
       CONCAT('callback paid ', :id, ' ', :bank, ' ', :txn_id), @user, 0
  FROM llx_paiement AS p
 WHERE p.entity = 1 AND p.ref LIKE 'PAY____-%';
SET @payment = LAST_INSERT_ID();

INSERT INTO llx_paiement_facture (fk_paiement, fk_facture, amount, multicurrency_amount)
SELECT @payment, d.id, d.part, d.part
  FROM (SELECT o.id,
               CASE WHEN o.id = @last THEN :amount - o.earlier
                    ELSE LEAST(o.amount, :amount - o.earlier) END AS part
          FROM (SELECT i.id, i.amount,
                       (SELECT COALESCE(SUM(e.amount), 0) FROM invoice AS e
                         WHERE e.account_id = :account_id AND e.state = 'issued' AND e.amount > 0
                           AND :invoice_id IS NULL
                           AND (e.issued_on < i.issued_on
                             OR e.issued_on = i.issued_on AND e.id < i.id)) AS earlier
                  FROM invoice AS i
                 WHERE i.account_id = :account_id AND i.state = 'issued'
                   AND (i.id = @last OR i.amount > 0 AND :invoice_id IS NULL)) AS o
         WHERE o.earlier < :amount) AS d;

INSERT INTO llx_bank (datec, dateo, datev, amount, label, fk_account, fk_user_author, fk_type,
                      num_chq, emetteur)
SELECT :now, DATE(:paid_at), DATE(:paid_at), :amount, '(CustomerInvoicePayment)', @bank, @user,
       'VAD', LEFT(:txn_id, 50), s.nom
  FROM llx_societe AS s
 WHERE s.rowid = :account_id;
SET @line = LAST_INSERT_ID();

UPDATE llx_paiement SET fk_bank = @line WHERE rowid = @payment;

INSERT INTO llx_bank_url (fk_bank, url_id, url, label, type)
VALUES (@line, @payment, '/compta/paiement/card.php?id=', '(paiement)', 'payment');

INSERT INTO llx_bank_url (fk_bank, url_id, url, label, type)
SELECT @line, s.rowid, '/comm/card.php?socid=', s.nom, 'company'
  FROM llx_societe AS s
 WHERE s.rowid = :account_id;

UPDATE llx_facture AS f
   SET f.paye = 1, f.fk_statut = 2, f.date_closing = :now, f.fk_user_closing = @user
 WHERE f.fk_soc = :account_id AND f.fk_statut = 1
   AND EXISTS (SELECT 1 FROM llx_paiement_facture AS l
                WHERE l.fk_paiement = @payment AND l.fk_facture = f.rowid)
   AND CAST(f.total_ttc
            - COALESCE((SELECT SUM(r.amount_ttc) FROM llx_societe_remise_except AS r
                         WHERE r.fk_facture = f.rowid), 0) AS DECIMAL(14,2))
       <= (SELECT CAST(SUM(p.amount) AS DECIMAL(14,2)) FROM llx_paiement_facture AS p
            WHERE p.fk_facture = f.rowid);
