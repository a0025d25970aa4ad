"""The benchmark: our program against plain PHP, a bare C client and its own bare imports."""
