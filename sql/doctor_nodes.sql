-- Whether this server is a node of a Galera cluster.
SHOW GLOBAL VARIABLES LIKE 'wsrep_on'
