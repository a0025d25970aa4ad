"""What the benchmark leans on, and would only miss after minutes."""

from __future__ import annotations

import re

from bench import servers
from bench.load import bare_statement
from tests.support.processes import ROOT


def test_the_bare_statement_has_a_value_for_every_name() -> None:
    """`mariadb-slap` sends what `sql/pay_account.sql` says."""
    statement = bare_statement(7)

    assert statement.startswith("INSERT INTO payment")
    assert "'7010000007'" in statement
    assert not re.search(r"(?<![0-9]):[a-z]", statement)


def test_the_php_script_does_not_keep_its_connections_unless_told_to() -> None:
    """The two rows against PHP differ in this alone."""
    script = (ROOT / "bench" / "php" / "osmp.php").read_text()

    assert script.count("ATTR_PERSISTENT => $config['persistent']") == 1


def test_nginx_ends_the_answers_of_both_sides_alike() -> None:
    """Without it nginx waits until the program hangs up."""
    ends = "fastcgi_keep_conn on;"

    assert ends in servers.fastcgi(ROOT / "socket").location
    assert ends in servers.PHP
