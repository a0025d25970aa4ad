"""sql/grants.sql: rights that are enough for every statement, and none of them too many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from callback.database import load_statements
from callback.database.mysql import MySQL
from callback.database.statements import SCRIPTS, bare, parts, values
from callback.paths import SQL
from tests.conftest import MariaDBEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.processes import MariaDB

USER, HOST, PASSWORD = "callback", "localhost", "a long one"
GRANTS = parts(bare((SQL / "grants.sql").read_text(encoding="utf-8")))
NOT_ALLOWED = {1044, 1142, 1143, 1227}
# What the tables are made with, and what the office's own computer does with a file.
OF_ANOTHER_USER = re.compile(r"schema|upgrade|sample|doctor_upgrade_sqlite|.*sqlite|import/")


@pytest.fixture(scope="module")
def least(mariadb: MariaDB) -> Iterator[MariaDBEngine]:
    """A database, and a user that the file was run for."""
    # Not test_…: there anybody may do everything, as MariaDB is installed.
    engine = MariaDBEngine(mariadb, "books")
    mariadb.sql(f"CREATE DATABASE {engine.name}")
    for statement in parts(bare((SQL / "schema.sql").read_text(encoding="utf-8"))):
        mariadb.sql(statement, engine.name)
    for grant in GRANTS:
        mariadb.sql(grant.replace(" usu.", f" {engine.name}."))
    yield engine
    mariadb.sql(f"DROP USER '{USER}'@'{HOST}'")
    mariadb.sql(f"DROP DATABASE {engine.name}")


def _refused(engine: MariaDBEngine) -> set[str]:
    """Run every statement of the program, keep nothing, and name those that are not allowed."""
    link = pymysql.connect(
        unix_socket=str(engine.server.socket),
        user=USER,
        password=PASSWORD,
        database=engine.name,
        ssl_disabled=True,
    )
    refused = set()
    with link, link.cursor() as cursor:
        for name, text in load_statements(SQL, SQL / "none").items():
            if name in SCRIPTS or OF_ANOTHER_USER.match(name):
                continue
            try:
                cursor.execute(MySQL.prepare(None, text), _nothing(text))  # type: ignore[arg-type]
            except pymysql.MySQLError as error:
                if error.args[0] in NOT_ALLOWED:
                    refused.add(name)
            link.rollback()
    return refused


def _nothing(text: str) -> dict[str, Any]:
    """Values that find and change nothing: the rights are looked at before."""
    return {name: [0] if f"IN :{name}" in text else 0 for name in values(text)}


def test_they_are_enough_for_every_statement(least: MariaDBEngine) -> None:
    """For the banks, and for each command but init-db."""
    assert _refused(least) == set()


@pytest.mark.parametrize(
    ("right", "table"),
    [
        (right, match[2])
        for grant in GRANTS
        if (match := re.search(r"GRANT (.+?) ON usu\.(\w+)", grant))
        for right in match[1].split(", ")
        # MySQL's alone: MariaDB locks a row for whoever may read it.
        if (right, match[2]) != ("UPDATE", "invoice")
    ],
)
def test_nothing_more_is_granted_than_is_used(right: str, table: str, least: MariaDBEngine) -> None:
    """Without any one of them something fails."""
    place = f"{right} ON {least.name}.{table}"
    least.server.sql(f"REVOKE {place} FROM '{USER}'@'{HOST}'")
    refused = _refused(least)
    least.server.sql(f"GRANT {place} TO '{USER}'@'{HOST}'")

    assert refused


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM payment", "DROP TABLE payment", "UPDATE account SET id = 1", "SHUTDOWN"],
)
def test_what_is_not_granted_is_refused(statement: str, least: MariaDBEngine) -> None:
    """The test itself can see a refusal."""
    least.server.sql(f"REVOKE UPDATE ON {least.name}.account FROM '{USER}'@'{HOST}'")
    link = pymysql.connect(
        unix_socket=str(least.server.socket), user=USER, password=PASSWORD, database=least.name
    )
    with link, link.cursor() as cursor, pytest.raises(pymysql.MySQLError) as refusal:
        cursor.execute(statement)
    least.server.sql(f"GRANT UPDATE ON {least.name}.account TO '{USER}'@'{HOST}'")

    assert refusal.value.args[0] in NOT_ALLOWED
