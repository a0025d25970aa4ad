-- How this connection is encrypted; an empty value: not at all.
SHOW SESSION STATUS LIKE 'Ssl_cipher'
