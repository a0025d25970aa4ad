CREATE TABLE llx_societe (
  rowid INT AUTO_INCREMENT PRIMARY KEY, nom VARCHAR(128), entity INT NOT NULL DEFAULT 1,
  status TINYINT DEFAULT 1, code_client VARCHAR(24), address VARCHAR(255), zip VARCHAR(25),
  town VARCHAR(50), client TINYINT DEFAULT 0, fournisseur TINYINT DEFAULT 0,
  UNIQUE KEY uk_societe_code_client (code_client, entity), KEY idx_societe_nom (nom)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE llx_facture (
  rowid INT AUTO_INCREMENT PRIMARY KEY, ref VARCHAR(30) NOT NULL, entity INT NOT NULL DEFAULT 1,
  type SMALLINT NOT NULL DEFAULT 0, fk_soc INT NOT NULL, datec DATETIME, datef DATE,
  date_closing DATETIME, paye SMALLINT NOT NULL DEFAULT 0, close_code VARCHAR(16),
  close_note VARCHAR(128), total_ht DOUBLE(24,8) DEFAULT 0, total_ttc DOUBLE(24,8) DEFAULT 0,
  fk_statut SMALLINT NOT NULL DEFAULT 0, fk_user_closing INT, fk_facture_source INT,
  UNIQUE KEY uk_facture_ref (ref, entity), KEY idx_facture_fk_soc (fk_soc),
  KEY idx_facture_fk_facture_source (fk_facture_source), KEY idx_facture_fk_statut (fk_statut),
  KEY idx_facture_datef (datef),
  CONSTRAINT fk_facture_fk_soc FOREIGN KEY (fk_soc) REFERENCES llx_societe (rowid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE llx_paiement (
  rowid INT AUTO_INCREMENT PRIMARY KEY, ref VARCHAR(30), ref_ext VARCHAR(255),
  entity INT NOT NULL DEFAULT 1, datec DATETIME, datep DATETIME, amount DOUBLE(24,8) DEFAULT 0,
  multicurrency_amount DOUBLE(24,8) DEFAULT 0, fk_paiement INT NOT NULL, num_paiement VARCHAR(50),
  note TEXT, fk_bank INT NOT NULL DEFAULT 0, fk_user_creat INT, statut SMALLINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE llx_paiement_facture (
  rowid INT AUTO_INCREMENT PRIMARY KEY, fk_paiement INT, fk_facture INT,
  amount DOUBLE(24,8) DEFAULT 0, multicurrency_amount DOUBLE(24,8) DEFAULT 0,
  UNIQUE KEY uk_paiement_facture (fk_paiement, fk_facture),
  KEY idx_paiement_facture_fk_facture (fk_facture),
  KEY idx_paiement_facture_fk_paiement (fk_paiement),
  CONSTRAINT fk_paiement_facture_fk_facture FOREIGN KEY (fk_facture) REFERENCES llx_facture (rowid),
  CONSTRAINT fk_paiement_facture_fk_paiement FOREIGN KEY (fk_paiement) REFERENCES llx_paiement (rowid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE llx_societe_remise_except (
  rowid INT AUTO_INCREMENT PRIMARY KEY, entity INT NOT NULL DEFAULT 1, fk_soc INT NOT NULL,
  datec DATETIME, amount_ht DOUBLE(24,8) NOT NULL, amount_ttc DOUBLE(24,8) NOT NULL DEFAULT 0,
  fk_user INT NOT NULL, fk_facture_line INT, fk_facture INT, fk_facture_source INT,
  description TEXT NOT NULL,
  KEY idx_societe_remise_except_fk_facture (fk_facture),
  KEY idx_societe_remise_except_fk_facture_source (fk_facture_source)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE llx_bank_account (
  rowid INT AUTO_INCREMENT PRIMARY KEY, ref VARCHAR(12) NOT NULL, label VARCHAR(50) NOT NULL,
  entity INT NOT NULL DEFAULT 1, clos SMALLINT NOT NULL DEFAULT 0,
  currency_code VARCHAR(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE llx_bank (
  rowid INT AUTO_INCREMENT PRIMARY KEY, datec DATETIME, datev DATE, dateo DATE,
  amount DOUBLE(24,8) NOT NULL DEFAULT 0, label VARCHAR(255), fk_account INT, fk_user_author INT,
  fk_type VARCHAR(6), num_chq VARCHAR(50), note TEXT, emetteur VARCHAR(255), rappro TINYINT DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE llx_bank_url (
  rowid INT AUTO_INCREMENT PRIMARY KEY, fk_bank INT, url_id INT, url VARCHAR(255),
  label VARCHAR(255), type VARCHAR(24) NOT NULL, UNIQUE KEY uk_bank_url (fk_bank, url_id, type)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE llx_c_paiement (
  id INT AUTO_INCREMENT PRIMARY KEY, entity INT NOT NULL DEFAULT 1, code VARCHAR(6) NOT NULL,
  libelle VARCHAR(62), type SMALLINT, active TINYINT NOT NULL DEFAULT 1,
  UNIQUE KEY uk_c_paiement_code (entity, code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
