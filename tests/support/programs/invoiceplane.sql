CREATE TABLE ip_clients (
  client_id INT(11) NOT NULL AUTO_INCREMENT, client_date_created DATETIME NOT NULL,
  client_date_modified DATETIME NOT NULL, client_name TEXT, client_surname VARCHAR(255),
  client_address_1 TEXT, client_city TEXT, client_active INT(1) NOT NULL DEFAULT 1,
  PRIMARY KEY (client_id), KEY client_active (client_active)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE ip_invoices (
  invoice_id INT(11) NOT NULL AUTO_INCREMENT, user_id INT(11) NOT NULL, client_id INT(11) NOT NULL,
  invoice_group_id INT(11) NOT NULL, invoice_status_id TINYINT(2) NOT NULL DEFAULT 1,
  is_read_only TINYINT(1), invoice_date_created DATE NOT NULL,
  invoice_date_modified DATETIME NOT NULL, invoice_date_due DATE NOT NULL,
  invoice_number VARCHAR(100) DEFAULT NULL, invoice_terms LONGTEXT NOT NULL,
  invoice_url_key CHAR(32) NOT NULL, payment_method INT NOT NULL DEFAULT 0,
  creditinvoice_parent_id INT(11),
  PRIMARY KEY (invoice_id), UNIQUE KEY invoice_url_key (invoice_url_key),
  KEY user_id (user_id, client_id, invoice_group_id, invoice_date_created, invoice_date_due,
               invoice_number),
  KEY invoice_status_id (invoice_status_id)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE ip_invoice_amounts (
  invoice_amount_id INT(11) NOT NULL AUTO_INCREMENT, invoice_id INT(11) NOT NULL,
  invoice_sign ENUM('1', '-1') NOT NULL DEFAULT '1', invoice_item_subtotal DECIMAL(20,2),
  invoice_item_tax_total DECIMAL(20,2), invoice_tax_total DECIMAL(20,2),
  invoice_total DECIMAL(20,2), invoice_paid DECIMAL(20,2), invoice_balance DECIMAL(20,2),
  PRIMARY KEY (invoice_amount_id), KEY invoice_id (invoice_id),
  KEY invoice_paid (invoice_paid, invoice_balance)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE ip_payments (
  payment_id INT(11) NOT NULL AUTO_INCREMENT, invoice_id INT(11) NOT NULL,
  payment_method_id INT(11) NOT NULL DEFAULT 0, payment_date DATE NOT NULL,
  payment_amount DECIMAL(20,2) DEFAULT NULL, payment_note LONGTEXT NOT NULL,
  PRIMARY KEY (payment_id), KEY invoice_id (invoice_id),
  KEY payment_method_id (payment_method_id), KEY payment_amount (payment_amount)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;

CREATE TABLE ip_settings (
  setting_id INT(11) NOT NULL AUTO_INCREMENT, setting_key VARCHAR(50) NOT NULL,
  setting_value LONGTEXT NOT NULL, PRIMARY KEY (setting_id), KEY setting_key (setting_key)
) ENGINE=MyISAM DEFAULT CHARSET=utf8;
