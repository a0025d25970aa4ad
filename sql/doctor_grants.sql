-- What our user may do.
SHOW GRANTS
