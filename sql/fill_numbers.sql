-- Give payments of an older release the number that was typed, as far as the books still know it.
-- flask init-db does so in pieces, by the payments' ids; by hand write 0 for :after and
-- 999999999999 for :last.
UPDATE payment
   SET number = COALESCE((SELECT i.number FROM invoice AS i WHERE i.id = payment.invoice_id),
                         (SELECT a.number FROM account AS a WHERE a.id = payment.account_id))
 WHERE id > :after AND id <= :last AND number IS NULL
   AND (EXISTS (SELECT 1 FROM invoice AS j WHERE j.id = payment.invoice_id)
     OR EXISTS (SELECT 1 FROM account AS b WHERE b.id = payment.account_id))
