"""The trial's database, so far as it is not MySQL: types, sums, functions, and what it refuses."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback.database import Database, Reply, load_statements, sqlite
from callback.database.errors import (
    COLUMN_MISSING,
    PROMISE_MISSING,
    DatabaseError,
    DuplicateError,
    NoPromiseError,
    NothingToAddError,
)
from callback.database.sqlite import SQLite, SQLiteConnection
from callback.limits import BUSY_TIMEOUT_S
from callback.paths import SQL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 3, 9, 15, 0, 123456)  # noqa: DTZ001 - as in the columns
AT = "2026-11-03 09:15:00.123"
SUMS = ("amount", "issued", "paid", "owed", "total")
TIMES = (
    *("paid_at", "created_at", "performed_at", "cancelled_at", "posted_at", "reversed_at"),
    *("changed_at", "tried_at", "since", "happened_at"),
)


@pytest.fixture
def engine(tmp_path: Path) -> SQLite:
    """A new file."""
    made = SQLite(tmp_path / "deep" / "er" / "x.db")
    made.create()
    return made


@pytest.fixture
def connection(engine: SQLite) -> Iterator[SQLiteConnection]:
    """One with a table, whose key is unique."""
    made = engine.connect()
    made.script("CREATE TABLE t (id INTEGER PRIMARY KEY, txn_id TEXT NOT NULL UNIQUE, amount TEXT)")
    yield made
    made.close()


ADD = "INSERT INTO t (txn_id, amount) VALUES (:txn_id, :amount)"


def add(connection: SQLiteConnection, txn_id: object, amount: object = None) -> Reply:
    """Add a row."""
    return connection.run(ADD, {"txn_id": txn_id, "amount": amount})


def value(connection: SQLiteConnection, expression: str, **values: Any) -> Any:
    """What an expression is."""
    ((told,),) = [row.values() for row in connection.run(f"SELECT {expression} AS x", values).rows]
    return told


def test_columns_are_read_by_their_names(connection: SQLiteConnection) -> None:
    """Sums and times are so, where there are any; texts stay texts."""
    wanted: dict[str, Any] = dict.fromkeys(SUMS, Decimal("1.10")) | dict.fromkeys(
        TIMES, datetime.fromisoformat(AT)
    )
    written = ", ".join(
        f"'{'1.10' if name in SUMS else AT}' AS {name}" for name in (*wanted, "number")
    )
    nothing = ", ".join(f"NULL AS {name}" for name in wanted)

    assert connection.run(f"SELECT {written}", {}).rows == [wanted | {"number": AT}]
    assert [*connection.stream(f"SELECT {written}", {})] == [wanted | {"number": AT}]
    assert connection.run(f"SELECT {nothing}", {}).rows == [dict.fromkeys(wanted)]
    assert connection.run("SELECT 1 + 0.1 AS total", {}).rows == [{"total": Decimal("1.1")}]


def test_values_are_written_as_the_columns_hold_them(connection: SQLiteConnection) -> None:
    """Two decimals, milliseconds."""
    for given, held in ((Decimal("1.1"), "1.10"), (NOW, AT), ("x", "x"), (7, 7), (None, None)):
        assert value(connection, ":given", given=given) == held
    connection.run_many(ADD, [{"txn_id": NOW, "amount": Decimal(3)}])
    ((row),) = connection.stream(
        "SELECT txn_id, amount FROM t WHERE amount = :a", {"a": Decimal(3)}
    )
    assert row == {"txn_id": AT, "amount": Decimal("3.00")}


def test_a_list_is_one_value(connection: SQLiteConnection) -> None:
    """And is no other whose name begins as its own."""
    values = {"id": (3, 1), "id_of": "y"}
    assert value(connection, "2 IN :id", **values) == 0
    assert value(connection, "1 IN :id", **values) == 1
    assert value(connection, "3 IN :id AND :id_of = 'y'", **values) == 1


def test_a_sum_is_exact(connection: SQLiteConnection) -> None:
    """0.1 and 0.2 are 0.3, whatever is taken away from what."""
    for place, amount in enumerate((Decimal("0.10"), Decimal("0.20"), None)):
        add(connection, str(place), amount)
    assert value(connection, "(SELECT SUM(amount) FROM t)") == "0.30"
    assert value(connection, "(SELECT SUM(-amount) FROM t)") == "-0.3"
    assert value(connection, "(SELECT SUM(amount) FROM t WHERE id > 9)") is None


def test_functions_are_as_mysql_has_them(
    connection: SQLiteConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Characters are counted, and time is UTC's."""
    monkeypatch.setattr(sqlite, "utc_now", lambda: NOW)
    assert value(connection, "CHAR_LENGTH(:x)", x="Әә") == 2
    assert value(connection, "CHAR_LENGTH(:x)", x=123) == 3
    assert value(connection, "CHAR_LENGTH(:x)", x=None) is None
    assert value(connection, "UTC_TIMESTAMP(3)") == AT


def test_the_clock_is_this_machines(
    engine: SQLite, connection: SQLiteConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a new connection, and when it is read anew."""
    monkeypatch.setattr(sqlite, "utc_now", lambda: NOW)
    connection.read_clock(0.0)
    with closing(engine.connect()) as another:
        for other in (connection, another):
            now = other.clock.now()
            assert now
            assert engine.clocks_differ.total_seconds() == 0
            assert 0 <= (now - NOW.replace(microsecond=123000)).total_seconds() < 60


def test_its_tables_are_made_and_lack_nothing(engine: SQLite) -> None:
    """By the files that the engine names."""
    database = Database(engine, load_statements(SQL), 1)
    database.script(engine.SCHEMA)

    assert [*database.add(engine.UPGRADE)] == []
    with closing(engine.connect()) as connection:
        assert connection.run("SELECT bank, number FROM payment", {}).rows == []


PREPARED = {
    "SELECT 'a' FOR UPDATE": "SELECT 'a' ",
    "SELECT 1 AS a": "SELECT 1 AS a",
    "UPDATE t SET a = VALUES(a)": "UPDATE t SET a = VALUES(a)",
    "INSERT INTO t (id, a) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = VALUES(a), b = :b": (
        "INSERT INTO t (id, a) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET a = excluded.a, b = :b"
    ),
}


@pytest.mark.parametrize(("statement", "prepared"), PREPARED.items())
def test_statements_are_mysqls_but_for_two_things(statement: str, prepared: str) -> None:
    """Nothing is locked, for there is one writer; and a row that is there is updated otherwise."""
    assert SQLite(None).prepare(statement) == prepared  # type: ignore[arg-type]


def test_a_reply_says_what_was_changed(connection: SQLiteConnection) -> None:
    """As MySQL's does."""
    assert add(connection, "a") == Reply([], 1, 1)
    assert add(connection, "b") == Reply([], 1, 2)
    assert connection.run("UPDATE t SET amount = 1", {}).changed == 2
    assert connection.run("UPDATE t SET amount = 1 WHERE id > 2", {}).changed == 0
    assert connection.run("SELECT id FROM t", {}) == Reply([{"id": 1}, {"id": 2}], 0, 2)


def test_a_reply_of_who_has_added_nothing_has_no_id(engine: SQLite) -> None:
    """And it has changed nothing."""
    with closing(engine.connect()) as connection:
        assert connection.run("SELECT 1 AS x", {}) == Reply([{"x": 1}], 0, 0)


REFUSED = {
    "INSERT INTO t (id) VALUES (5)": (DatabaseError, "NOT NULL constraint failed: t.txn_id"),
    "SELECT * FROM promise": (NoPromiseError, f"no such table: promise; {PROMISE_MISSING}"),
    "SELECT * FROM promises": (DatabaseError, "no such table: promises"),
    "SELECT x FROM t": (DatabaseError, f"no such column: x; {COLUMN_MISSING}"),
    "INSERT INTO t (x) VALUES (1)": (
        DatabaseError,
        f"table t has no column named x; {COLUMN_MISSING}",
    ),
}


@pytest.mark.parametrize(("statement", "error"), REFUSED.items())
def test_what_is_refused_is_said(
    connection: SQLiteConnection, statement: str, error: tuple[type[Exception], str]
) -> None:
    """In SQLite's words, and with what to do about it."""
    with pytest.raises(DatabaseError) as caught:
        connection.run(statement, {})
    assert (type(caught.value), str(caught.value)) == error


def test_all_ways_to_ask_say_it(connection: SQLiteConnection) -> None:
    """Also one by one, many at once, and without values."""
    said = f"no such column: x; {COLUMN_MISSING}"
    with pytest.raises(DatabaseError) as caught:
        [*connection.stream("SELECT x", {})]
    assert str(caught.value) == said
    with pytest.raises(DatabaseError) as caught:
        connection.run_many("INSERT INTO t (id) VALUES (x)", [{}])
    assert str(caught.value) == said
    with pytest.raises(DatabaseError) as caught:
        connection.script("SELECT x")
    assert str(caught.value) == said
    assert not isinstance(caught.value, NothingToAddError)


def test_the_unique_key_is_told_from_other_rules(connection: SQLiteConnection) -> None:
    """By one statement and by many."""
    add(connection, "a")
    with pytest.raises(DuplicateError):
        add(connection, "a")
    with pytest.raises(DuplicateError):
        connection.run_many(ADD, [{"txn_id": "a", "amount": None}])


@pytest.mark.parametrize(
    "statement", ["ALTER TABLE t ADD COLUMN amount TEXT", "ALTER TABLE none ADD COLUMN a TEXT"]
)
def test_what_is_there_need_not_be_added(connection: SQLiteConnection, statement: str) -> None:
    """Nor where there is no table."""
    with pytest.raises(NothingToAddError):
        connection.script(statement)


def test_there_is_one_writer_at_a_time(engine: SQLite, connection: SQLiteConnection) -> None:
    """The next waits for him, as long as is said; what he has written is there for all at once."""
    (waits,) = connection.run("PRAGMA busy_timeout", {}).rows[0].values()
    assert waits == 1000 * BUSY_TIMEOUT_S
    connection.begin(None)
    with closing(engine.connect()) as other:
        other.script("PRAGMA busy_timeout = 0")
        with pytest.raises(DatabaseError, match="locked"):
            other.begin(None)
        connection.script("COMMIT")
        add(connection, "a")
        assert other.run("SELECT txn_id FROM t", {}).rows == [{"txn_id": "a"}]


def test_threads_share_a_connection(connection: SQLiteConnection) -> None:
    """One after the other."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(add, connection, "a").result().changed == 1


def test_a_file_is_made_for_its_owner_and_never_in_passing(tmp_path: Path) -> None:
    """A check may be read from it while a pay is written."""
    engine = SQLite(tmp_path / "a b" / "c%d?e#" / "x.db")
    with pytest.raises(DatabaseError) as caught:
        engine.connect()
    assert str(caught.value).startswith(f"{engine.path}: ")
    assert str(caught.value).endswith("; run flask init-db first")
    assert "unable to open" in str(caught.value)
    for _ in range(2):
        engine.create()
    assert stat.S_IMODE(engine.path.stat().st_mode) == 0o600
    with closing(engine.connect()) as connection:
        assert connection.run("PRAGMA journal_mode", {}).rows == [{"journal_mode": "wal"}]


def test_what_cannot_be_made_is_sqlites_to_say(tmp_path: Path) -> None:
    """A folder of that name, for example."""
    with pytest.raises(sqlite3.Error, match="unable to open"):
        SQLite(tmp_path).create()
