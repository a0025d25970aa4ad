-- A cancelled payment is taken back by one of the same sum below zero, on the same invoices; those
-- that it had closed are open again. Nothing is deleted: the office sees both.

SET @user = 1;

-- The payment that post_paid.sql made, by its note.
SET @paid =
    (SELECT p.rowid
       FROM llx_facture AS f
       JOIN llx_paiement_facture AS l ON l.fk_facture = f.rowid
       JOIN llx_paiement AS p ON p.rowid = l.fk_paiement
      WHERE f.fk_soc = :account_id
        AND p.note = CONCAT('callback paid ', :id, ' ', :bank, ' ', :txn_id)
      LIMIT 1);

INSERT INTO llx_paiement (entity, ref, datec, datep, amount, multicurrency_amount, fk_paiement,
                          num_paiement, note, fk_user_creat, fk_bank)
SELECT 1,
       (SELECT CONCAT('PAY', DATE_FORMAT(:cancelled_at, '%y%m'), '-',
                      LPAD(COALESCE(MAX(CAST(SUBSTRING(n.ref, 9) AS UNSIGNED)), 0) + 1, 4, '0'))
          FROM llx_paiement AS n
         WHERE n.entity = 1 AND n.ref LIKE 'PAY____-%'),
       :now, :cancelled_at, -p.amount, -p.multicurrency_amount, p.fk_paiement, p.num_paiement,
       CONCAT('callback cancelled ', :id, ' ', :bank, ' ', :txn_id), @user, 0
  FROM llx_paiement AS p
 WHERE p.rowid = @paid;
SET @back = LAST_INSERT_ID();

INSERT INTO llx_paiement_facture (fk_paiement, fk_facture, amount, multicurrency_amount)
SELECT @back, l.fk_facture, -l.amount, -l.multicurrency_amount
  FROM llx_paiement_facture AS l
 WHERE l.fk_paiement = @paid;

INSERT INTO llx_bank (datec, dateo, datev, amount, label, fk_account, fk_user_author, fk_type,
                      num_chq, emetteur)
SELECT :now, DATE(:cancelled_at), DATE(:cancelled_at), -b.amount, b.label, b.fk_account, @user,
       b.fk_type, b.num_chq, b.emetteur
  FROM llx_paiement AS p
  JOIN llx_bank AS b ON b.rowid = p.fk_bank
 WHERE p.rowid = @paid;
SET @line = LAST_INSERT_ID();

UPDATE llx_paiement SET fk_bank = @line WHERE rowid = @back;

INSERT INTO llx_bank_url (fk_bank, url_id, url, label, type)
VALUES (@line, @back, '/compta/paiement/card.php?id=', '(paiement)', 'payment');

INSERT INTO llx_bank_url (fk_bank, url_id, url, label, type)
SELECT @line, s.rowid, '/comm/card.php?socid=', s.nom, 'company'
  FROM llx_societe AS s
 WHERE s.rowid = :account_id;

UPDATE llx_facture AS f
   SET f.paye = 0, f.fk_statut = 1, f.date_closing = NULL, f.fk_user_closing = NULL
 WHERE f.fk_soc = :account_id AND f.fk_statut = 2
   AND EXISTS (SELECT 1 FROM llx_paiement_facture AS l
                WHERE l.fk_paiement = @back AND l.fk_facture = f.rowid)
   AND CAST(f.total_ttc
            - COALESCE((SELECT SUM(r.amount_ttc) FROM llx_societe_remise_except AS r
                         WHERE r.fk_facture = f.rowid), 0) AS DECIMAL(14,2))
       > (SELECT CAST(SUM(p.amount) AS DECIMAL(14,2)) FROM llx_paiement_facture AS p
           WHERE p.fk_facture = f.rowid);
