"""PyMySQL as driver.py leaves it: a new version must still be what that expects."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from pymysql import _auth, connections, converters
from pymysql.constants import SERVER_STATUS
from pymysql.constants.COMMAND import COM_SET_OPTION

from callback import settings
from callback.database import NEVER, Reply, answers, driver
from callback.database.errors import DatabaseError, DuplicateError, RetryError
from callback.database.limited import TIMEVAL
from callback.database.mysql import MySQLConnection
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Engine

only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)

ENCRYPTS = """
import sys
from callback.database import NEVER, driver
assert "cryptography" not in sys.modules
from pymysql import _auth
try:
    _auth.sha2_rsa_encrypt(b"password", bytes(20), b"no key")
except RuntimeError as error:
    print(error)
driver.let_encrypt()
try:
    _auth.sha2_rsa_encrypt(b"password", bytes(20), b"no key")
except ValueError as error:
    print("asked the library")
"""


@pytest.fixture
def connection(engine: Engine, folder: Path) -> Iterator[MySQLConnection]:
    """One of the program's own."""
    link: Any = settings.load(folder / "config.toml").engine.connect()
    yield link
    link.close()


@only_mariadb
@pytest.mark.parametrize("within", [0.0, 0.3])
def test_the_kernel_ends_a_wait_and_python_asks_it_nothing_before(
    connection: MySQLConnection, within: float
) -> None:
    """No time left means no wait at all, and not one for ever."""
    connection.run("SELECT 1", {}, 3.0)
    with pytest.raises(RetryError) as lost:
        connection.run("SELECT SLEEP(4)", {}, within)

    assert "timed out" in str(lost.value)
    assert lost.value.connection_lost


@only_mariadb
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's kernel is trusted with it")
def test_a_link_without_tls_has_no_time_out_of_python(connection: MySQLConnection) -> None:
    connection.run("SELECT 1", {}, 2.5)

    link: Any = vars(vars(connection)["_connection"])["_sock"]
    assert link.gettimeout() is None
    told = link.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIMEVAL.size)
    assert TIMEVAL.unpack(told) == (2, 500_000)


@only_mariadb
def test_the_columns_of_an_answer_are_read_once(
    engine: Engine, connection: MySQLConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time the server's bytes are known."""
    engine.account("1", "Айгуль Сапарова")
    reader: Any = connections
    read = []

    class Column(reader.FieldDescriptorPacket):  # type: ignore[misc]
        def __init__(self, *args: Any) -> None:
            read.append(args)
            super().__init__(*args)

    monkeypatch.setattr(connections, "FieldDescriptorPacket", Column)
    statement = "SELECT a.name AS x1, a.state AS x2 FROM account AS a WHERE a.number = %(number)s"
    for number in ("1", "2", "1"):
        rows = [{"x1": "Айгуль Сапарова", "x2": "active"}] if number == "1" else []
        assert connection.run(statement, {"number": number}).rows == rows

    assert len(read) == 2


@only_mariadb
def test_an_answer_like_the_last_one_is_taken_apart_at_once(
    engine: Engine, connection: MySQLConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyMySQL reads no packet of it; what it knows of the link is as if it had."""
    engine.account("1")
    link: Any = connection._connection  # noqa: SLF001
    connection.run("SELECT 1 AS x, NULL AS y", {})
    monkeypatch.setattr(link, "_read_packet", None)

    assert connection.run("SELECT 1 AS x, NULL AS y", {}).rows == [{"x": 1, "y": None}]
    mode = "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'"
    assert connection.run(mode, {}).rows == ()
    assert link.server_status & SERVER_STATUS.SERVER_STATUS_NO_BACKSLASH_ESCAPES
    for number in (200, 300, 70_000, 20_000_000, 5_000_000_000):  # each in more bytes
        key = "INSERT INTO account (id, number) VALUES (%(id)s, %(id)s)"
        assert connection.run(key, {"id": number}) == Reply((), 1, number)
    assert connection.run("DELETE FROM account", {}).changed == 6


@only_mariadb
def test_an_answer_is_as_pymysql_reads_it(connection: MySQLConnection) -> None:
    """The first time and the second, through its cursor and past it."""
    link: Any = connection._connection  # noqa: SLF001
    statement = (
        "SELECT x.a, x.b, y.a, REPEAT('я', 200), REPEAT('я', 40000), NULL, '', 1.50, x'00FF', "
        "UTC_TIMESTAMP(6) > '2026-01-01', DATE '2026-11-03', TIMESTAMP '2026-11-03 09:15:00.5' "
        "FROM (SELECT 1 AS a, 'b' AS b UNION ALL SELECT 2, NULL) AS x, (SELECT 3 AS a) AS y"
    )
    with link.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall()

    for _ in range(2):
        reply = connection.run(statement, {})
        assert reply.rows == rows
        assert reply.changed == 2
    assert [*rows[1]][:3] == ["a", "b", "y.a"]
    assert len(rows[0]) == 12


@only_mariadb
def test_an_answer_that_comes_in_pieces_is_read_like_another(
    connection: MySQLConnection,
) -> None:
    """Nothing of it may be there yet when we look."""
    statement = "SELECT 1 AS x, 'y' AS y"
    answers = [connection.run(statement, {}).rows for _ in range(2)]
    link: Any = connection._connection  # noqa: SLF001
    for size in range(1, 60):
        link._file = io.BufferedReader(link._file.detach(), size)  # noqa: SLF001
        answers += [connection.run(statement, {}).rows for _ in range(2)]
        assert connection.run("DELETE FROM account", {}).changed == 0

    assert answers == [[{"x": 1, "y": "y"}]] * len(answers)


@only_mariadb
def test_bytes_that_are_no_text_stay_bytes(connection: MySQLConnection) -> None:
    """Of a column in no character set, in each way that it is read."""
    for _ in range(2):
        assert connection.run("SELECT x'00FF' AS raw", {}).rows == [{"raw": b"\0\xff"}]


@only_mariadb
def test_only_so_many_columns_are_kept(
    connection: MySQLConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site may write whatever statements it likes."""
    monkeypatch.setattr(answers, "STATEMENTS", 3)
    monkeypatch.setattr(answers, "_known", {})
    for number in range(10):
        assert connection.run(f"SELECT 1 AS x{number}", {}).rows == [{f"x{number}": 1}]

    assert 1 <= len(answers._known) <= 3  # noqa: SLF001


@only_mariadb
def test_more_answers_than_one_are_read_away(engine: Engine, connection: MySQLConnection) -> None:
    """A site's own procedure sends two."""
    engine.execute("DROP PROCEDURE IF EXISTS twice")
    engine.execute("CREATE PROCEDURE twice() BEGIN SELECT 1 AS x; SELECT 2 AS y; END")
    for _ in range(2):
        assert connection.run("CALL twice()", {}).rows == [{"x": 1}]
        assert connection.run("SELECT 3 AS z", {}).rows == [{"z": 3}]
    engine.execute("DROP PROCEDURE twice")


@only_mariadb
def test_an_error_behind_the_first_answer_is_the_statements_own(
    engine: Engine, connection: MySQLConnection
) -> None:
    """A site's own procedure has failed; whoever comes next has nothing to do with it."""
    engine.execute("DROP PROCEDURE IF EXISTS failing")
    engine.execute("CREATE PROCEDURE failing() BEGIN SELECT 1 AS x; SELECT * FROM nowhere; END")
    for _ in range(2):
        with pytest.raises(DatabaseError, match="nowhere"):
            connection.run("CALL failing()", {})
        assert connection.run("SELECT 3 AS z", {}).rows == [{"z": 3}]
    engine.execute("DROP PROCEDURE failing")


@only_mariadb
def test_a_change_that_another_answer_follows_is_not_the_end(connection: MySQLConnection) -> None:
    """The rest has not arrived when we look: the next statement must not be answered by it."""
    link: Any = connection._connection  # noqa: SLF001
    link._execute_command(COM_SET_OPTION, bytes(2))  # noqa: SLF001 - several statements at once
    link._read_packet()  # noqa: SLF001
    link._file = io.BufferedReader(link._file.detach(), len(b"head") + 7)  # noqa: SLF001
    for _ in range(2):
        assert connection.run("DELETE FROM account; SELECT 2 AS y", {}).changed == 0
        assert connection.run("SELECT 3 AS z", {}).rows == [{"z": 3}]


@only_mariadb
def test_a_column_that_becomes_another_is_read_anew(
    engine: Engine, connection: MySQLConnection
) -> None:
    """Its type, its name: what the server says counts."""
    for kind, value in (("INT", 7), ("VARCHAR(9)", "7"), ("DECIMAL(14,2)", "7.00")):
        engine.execute("DROP TABLE IF EXISTS driver")
        engine.execute(f"CREATE TABLE driver (x {kind}) ENGINE = InnoDB")
        engine.execute("INSERT INTO driver VALUES (7)")
        (row,) = connection.run("SELECT x FROM driver", {}).rows
        assert str(row["x"]) == str(value)
    (row,) = connection.run("SELECT x AS y FROM driver", {}).rows
    engine.execute("DROP TABLE driver")

    assert [*row] == ["y"]


@only_mariadb
def test_an_answer_after_an_error_is_its_own(engine: Engine, connection: MySQLConnection) -> None:
    """Nothing of one gets into the next."""
    engine.account("1")
    key = "INSERT INTO account (number) VALUES (%(number)s)"
    assert connection.run(key, {"number": "2"}).changed == 1
    with pytest.raises(DuplicateError):
        connection.run(key, {"number": "2"})
    reply = connection.run("SELECT number FROM account WHERE number = %(number)s", {"number": "1"})

    assert [*reply.rows] == [{"number": "1"}]
    assert [*connection.run("DELETE FROM account", {}).rows] == []


VALUES = {
    "text": "O'Brien \\ \" \0 \n \x1a 100% :a %(text)s Айгуль 😀",
    "empty": "",
    "whole": -7,
    "money": Decimal("1000000000000.10"),
    "tiny": Decimal("1E-9"),
    "time": NEVER,
    "nothing": None,
    "bytes": b"\0'\xff",
    "yes": True,
    "list": (1, 2, 3),
    "day": date(2026, 11, 3),
    "kind": type("Kind", (str,), {})("it's"),
}


@only_mariadb
@pytest.mark.parametrize("mode", ["", "NO_BACKSLASH_ESCAPES"])
def test_a_statement_is_written_as_pymysql_writes_it(
    connection: MySQLConnection, mode: str
) -> None:
    """Whatever the value, and in both of the server's ways to quote."""
    link: Any = connection._connection  # noqa: SLF001
    connection.run("SET SESSION sql_mode = %(mode)s", {"mode": mode})
    statement = "SELECT '100%%(text)s', " + ", ".join(f"%({name})s" for name in VALUES)
    statement += " LIKE %(text)s"

    assert driver.written(link, statement, VALUES) == link.cursor().mogrify(statement, VALUES)
    for name in ("text", "whole", "money", "bytes"):
        (row,) = connection.run(f"SELECT %({name})s AS x", VALUES).rows
        assert row["x"] == VALUES[name]


@only_mariadb
def test_a_statement_without_one_of_its_values_is_not_sent(connection: MySQLConnection) -> None:
    """What it does not name may be anything."""
    link: Any = connection._connection  # noqa: SLF001
    with pytest.raises(KeyError, match="there"):
        connection.run("SELECT %(there)s", {"here": 1})
    (row,) = connection.run("SELECT %(here)s AS x", {"here": 1, "there": object()}).rows

    assert row == {"x": 1}
    with pytest.raises(pymysql.ProgrammingError):
        driver.written(link, "SELECT %(x)s", {"x": Decimal("NaN")})


def test_times_are_written_as_pymysql_writes_them() -> None:
    """To the microsecond."""
    start = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - ours
    times = [NEVER, start]
    times += [start + timedelta(days=day * 7, milliseconds=day * 123) for day in range(300)]

    for time in times:
        assert driver.CONVERSIONS[datetime](time) == converters.escape_datetime(time)


def test_a_library_is_absent_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But not one that is loaded already; and it is there when PyMySQL is to encrypt."""
    (tmp_path / "only_here.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with driver.absent("only_here"), driver.absent("json"):
        with pytest.raises(ImportError):
            import_module("only_here")
        assert import_module("json") is json
    assert import_module("only_here")
    assert import_module("json") is json

    assert find_spec(driver.LIBRARY)
    driver.let_encrypt()
    assert vars(_auth)["_have_cryptography"]


def test_cryptography_is_there_when_it_is_asked_for() -> None:
    """And not before."""
    done = subprocess.run(
        [sys.executable, "-c", ENCRYPTS], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[0].startswith("'cryptography' package is required")
    assert done.stdout.splitlines()[1] == "asked the library"
