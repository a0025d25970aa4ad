-- Ubilling with OpenPayz: customers and balances as it sees them.
-- Who pays types the payment id of op_static (OPENPAYZ_STATIC_ID in its alter.ini).

-- What waits in its queue is asked for by customer at each check: without this it reads the queue.
ALTER TABLE op_transactions ADD KEY callback_waiting (customerid, processed);

CREATE OR REPLACE VIEW account AS
SELECT o.id AS id,
       o.virtualid AS number,
       COALESCE(n.realname, '') AS name,
       u.Address AS address,
       CONVERT(CASE WHEN d.login IS NULL THEN 'active' ELSE 'blocked' END USING ascii)
       COLLATE ascii_bin AS state
  FROM op_static AS o
  JOIN users AS u ON u.login = o.realid
  LEFT JOIN realname AS n ON n.login = o.realid
  LEFT JOIN op_denied AS d ON d.login = o.realid;

-- One debt a customer: the balance below zero, less what its queue will credit. The queue keeps what
-- was written before a kill, so a row of ours counts from when `payment` says that it is there.
CREATE OR REPLACE VIEW invoice AS
SELECT o.id AS id,
       o.virtualid AS number,
       o.id AS account_id,
       CAST(- u.Cash
            - COALESCE((SELECT SUM(t.summ) FROM op_transactions AS t
                         WHERE t.customerid = o.virtualid AND t.processed = 0), 0)
            + COALESCE((SELECT SUM(a.summ) FROM payment AS p
                          JOIN op_transactions AS a
                            ON a.hash = CONVERT(CONCAT('callback_', p.id) USING utf8)
                         WHERE p.account_id = o.id AND p.state = 'paid' AND p.posted_at IS NULL), 0)
            + COALESCE((SELECT SUM(b.summ) FROM payment AS q
                          JOIN op_transactions AS b
                            ON b.hash = CONVERT(CONCAT('callback_', q.id,
                                   CASE WHEN q.posted_at IS NULL THEN '' ELSE '_back' END)
                                   USING utf8)
                         WHERE q.account_id = o.id AND q.state = 'cancelled'
                           AND q.reversed_at IS NULL), 0)
            AS DECIMAL(14,2)) AS amount,
       CURRENT_DATE AS issued_on,
       CONVERT('issued' USING ascii) COLLATE ascii_bin AS state
  FROM op_static AS o
  JOIN users AS u ON u.login = o.realid;
