"""A database that is far away: how often it is waited for, whatever each wait takes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from callback.database import mysql
from callback.database.errors import DatabaseError
from callback.settings import load
from tests.conftest import SOME_BANK, settings_toml
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from pathlib import Path

    from callback.database.mysql import MySQL
    from tests.conftest import MariaDBEngine

BANKS = SOME_BANK
pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
VALUES = {"bank": "qiwi", "txn_id": "1"}


class Link:
    """Counts how often its user waits for an answer to what was sent; the greeting is one, too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trips = 0
        self._waits = False
        library: Any = pymysql.Connection
        write, read = library._write_bytes, library._read_bytes  # noqa: SLF001

        def sent(connection: Any, data: bytes) -> None:
            self._waits = False
            write(connection, data)

        def heard(connection: Any, length: int) -> Any:
            self.trips += not self._waits
            self._waits = True
            return read(connection, length)

        monkeypatch.setattr(library, "_write_bytes", sent)
        monkeypatch.setattr(library, "_read_bytes", heard)


@pytest.fixture
def mariadb_engine(engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest) -> MySQL:
    """Our own way to the module's database."""
    made = load(write_settings(settings_toml(engine.url, request.module), tmp_path)).engine
    assert isinstance(made, mysql.MySQL)
    return made


def test_a_new_connection_is_ready_after_three_trips(
    mariadb_engine: MySQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The greeting, the login, and all that it is told and asked; then one for a statement."""
    link = Link(monkeypatch)
    with closing(mariadb_engine.connect()) as connection:
        assert link.trips == 3
        connection.run("SELECT 1 AS asked_by_nobody_else", {})
        assert link.trips == 4


def test_what_it_is_told_holds(mariadb_engine: MySQL) -> None:
    """Also where the server's own settings are others."""
    text = (
        "SELECT @@sql_mode AS sql_mode, @@tx_isolation AS isolation, @@time_zone AS zone,"
        " @@autocommit AS autocommit, @@character_set_client AS letters"
    )
    with closing(mariadb_engine.connect()) as connection:
        (row,) = connection.run(text, {}).rows

    assert "STRICT_ALL_TABLES" in row["sql_mode"]
    assert (row["isolation"], row["zone"]) == ("REPEATABLE-READ", "+00:00")
    assert (row["autocommit"], row["letters"]) == (1, "utf8mb4")


def test_what_it_refuses_is_told_and_leaves_no_connection(
    mariadb_engine: MySQL, engine: MariaDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several statements that go together each is looked at."""
    query = f"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = '{engine.name}'"
    before = engine.rows(query)
    for name in ("SETUP", "ISOLATION", "TIME"):
        with monkeypatch.context() as changed:
            changed.setattr(mysql, name, "SET SESSION no_such_variable = 1")
            with pytest.raises(DatabaseError, match="no_such_variable"):
                mariadb_engine.connect()

    while engine.rows(query) != before:  # the server notices a little later
        pass
