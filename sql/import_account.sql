-- An account of the list: a new one has no id. Only what differs is written, by its id, so nobody
-- who pays for another account waits.
INSERT INTO account (id, number, name, address, state)
VALUES (:id, :number, :name, :address, :state)
ON DUPLICATE KEY UPDATE name = VALUES(name), address = VALUES(address), state = VALUES(state)
