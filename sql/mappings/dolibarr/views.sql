-- Dolibarr (10 and newer, prefix llx_, company 1): customers and debts as it sees them.
-- Who pays types the customer code, or with payer = "invoice" the invoice's ref.

CREATE OR REPLACE VIEW account AS
SELECT s.rowid AS id,
       s.code_client AS number,
       s.nom AS name,
       CONCAT_WS(', ', NULLIF(s.town, ''), NULLIF(s.address, '')) AS address,
       CONVERT(CASE s.status WHEN 1 THEN 'active' ELSE 'closed' END USING ascii) COLLATE ascii_bin
       AS state
  FROM llx_societe AS s
 WHERE s.entity = 1 AND s.client IN (1, 3) AND s.code_client IS NOT NULL;

-- What is open of each invoice and credit note: its sum, less payments, less the credits that it
-- used, and what others have used of it. A closed one owes nothing, but may be overpaid.
CREATE OR REPLACE VIEW invoice AS
SELECT f.rowid AS id,
       f.ref AS number,
       f.fk_soc AS account_id,
       CAST(LEAST(CASE f.fk_statut WHEN 1 THEN 999999999999 ELSE 0 END,
                  f.total_ttc
                  - COALESCE((SELECT SUM(p.amount) FROM llx_paiement_facture AS p
                               WHERE p.fk_facture = f.rowid), 0)
                  - COALESCE((SELECT SUM(r.amount_ttc) FROM llx_societe_remise_except AS r
                               WHERE r.fk_facture = f.rowid), 0)
                  + COALESCE((SELECT SUM(c.amount_ttc) FROM llx_societe_remise_except AS c
                               WHERE c.fk_facture_source = f.rowid
                                 AND (c.fk_facture IS NOT NULL OR c.fk_facture_line IS NOT NULL)),
                             0)) AS DECIMAL(14,2)) AS amount,
       f.datef AS issued_on,
       CONVERT(CASE f.fk_statut WHEN 3 THEN 'cancelled' ELSE 'issued' END USING ascii)
       COLLATE ascii_bin AS state
  FROM llx_facture AS f
 WHERE f.entity = 1 AND f.fk_statut IN (1, 2, 3) AND f.type <> 4;
