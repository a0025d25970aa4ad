"""What MySQL's errors mean, what a connection is told, and which host gets it: without a server."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from pymysql.cursors import SSDictCursor

from callback import log
from callback.database import Database, Reply, load_statements, mysql, timing
from callback.database.driver import CONVERSIONS
from callback.database.errors import (
    COLUMN_MISSING,
    PROMISE_MISSING,
    BusyError,
    DatabaseError,
    DuplicateError,
    NoPromiseError,
    NothingToAddError,
    RetryError,
)
from callback.database.mysql import MySQL, MySQLConnection, explain, fail, number_of
from callback.limits import (
    CONNECT_TIMEOUT_S,
    NODES_DIFFER_S,
    OPENING_S,
    PATIENT_TIMEOUT_S,
    TURN_S,
)
from callback.paths import SQL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

TOLD = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - as the server says it

# dev.mysql.com and mariadb.com, "Error Reference": what each number is, and so what to look after.
HINTS = {
    1040: "no connection left: lower CONNECTIONS",
    1044: "may not use this database",
    1045: "password is wrong in DATABASE",
    1049: "no such database: check DATABASE",
    1054: COLUMN_MISSING,
    1142: "lacks a right: grant SELECT, INSERT and UPDATE; if it had it before, the hoster's panel",
    1146: "sql/schema.sql into phpMyAdmin, or run flask init-db as a database user who may CREATE",
    1203: "user has no connection left: lower CONNECTIONS",
    1205: "left a transaction open?",
    1226: "over a limit of the host: lower CONNECTIONS",
    1267: "CONVERT(… USING ascii) COLLATE ascii_bin AS state, USING utf8 … utf8_bin AS number",
    1290: "read_only): is DATABASE a copy",
    1356: "a view names a column or a table that is not there",
    1449: "who made a view is no user any more",
    1471: "account or invoice is a view",
    2003: "check host and port in DATABASE, and whether the server runs; many hosts' databases",
    2026: "no trusted TLS",
    2059: "no such login",
}
DUPLICATE = {1062}
ROLLED_BACK = {1020, 1205, 1213}
LOST = {0, 1047, 1053, 1927, 2006, 2013, 2014, 2055}
EVERY = sorted({-1} | {*range(1000, 2100)} | DUPLICATE | ROLLED_BACK | LOST)


def error(number: int, text: str = "said") -> pymysql.MySQLError:
    """One of the server's."""
    return pymysql.MySQLError(number, text)


def raised(cause: Exception) -> Exception:
    """What it means to us."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller looks
        fail(cause)
    assert caught.value.__cause__ is cause
    return caught.value


def test_an_error_may_have_a_number() -> None:
    """Or none."""
    assert number_of(error(1062)) == 1062
    assert [number_of(cause) for cause in (OSError(), OSError("text"))] == [-1, -1]


def test_each_hint_is_of_its_number() -> None:
    """It stands behind the server's own words."""
    for number in range(1000, 2100):
        text = explain(error(number))
        if number not in HINTS:
            assert text == f"({number}, 'said')"
            continue
        assert text.startswith(f"({number}, 'said'); ")
        assert HINTS[number] in text
        assert re.fullmatch(r".*'\); [a-z].*(?<!X)", text)


@pytest.mark.parametrize("right", ["CREATE", "ALTER", "INDEX", "DROP", "CREATE VIEW"])
def test_who_may_not_change_tables_is_another_user(right: str) -> None:
    """To take payments one need not."""
    text = explain(error(1142, f"{right} command denied to user 'x'"))
    assert text.endswith(f"); {mysql.OWNER_WANTED}")
    assert "may not make or change tables" in text
    assert "sql/schema.sql into phpMyAdmin (older tables: sql/README.md)" in text
    assert "init-db as one who may" in text
    assert "quota" in explain(error(1142, "INSERT command denied to user 'x'"))


def test_each_number_means_done_nothing_or_is_not_known() -> None:
    """Duplicate, rolled back, lost; whatever else, nobody knows."""
    for number in EVERY:
        meant = raised(error(number))
        if number in DUPLICATE:
            assert isinstance(meant, DuplicateError)
            assert meant.resent is False  # who sends it again says so
        elif number in ROLLED_BACK | LOST:
            assert isinstance(meant, RetryError)
            assert meant.connection_lost is (number in LOST)
            assert str(meant) == explain(error(number))
        else:
            assert type(meant) is DatabaseError
            assert str(meant) == explain(error(number))


NO_PROMISE = {
    (1146, "Table 'usu.promise' doesn't exist"): True,
    (1146, "Таблица 'usu.promise' не существует"): True,
    (1142, "SELECT command denied to user 'u'@'h' for table `usu`.`promise`"): True,
    (1143, "SELECT command denied to user 'u'@'h' for column 'x' in table 'promise'"): True,
    (1142, "SELECT command denied to user 'promise'@'h' for table `usu`.`payment`"): False,
    (1146, "Table 'usu.promises' doesn't exist"): False,
    (1146, "Table 'usu.payment' doesn't exist"): False,
    (1064, "You have an error near 'usu.promise'"): False,
}


@pytest.mark.parametrize(("said", "is_meant"), NO_PROMISE.items())
def test_a_table_of_promises_that_is_not_there_is_known(
    said: tuple[int, str], is_meant: bool
) -> None:
    """In whatever language the server says it."""
    cause = error(*said)
    meant = raised(cause)
    assert isinstance(meant, NoPromiseError) == is_meant
    assert str(meant) == (f"{cause}; {PROMISE_MISSING}" if is_meant else explain(cause))


class Cursor:
    """Asks over a link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.execute = self.executemany = link.note

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(self._link.rows)

    def fetchall(self) -> Any:
        return self._link.rows


class Link:
    """The driver's connection; notes what it is asked, and raises what is to come."""

    can_log_in_again = False

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.error: Exception | None = None
        self.rows: Any = [{"now": TOLD + timedelta(seconds=5)}]

    def note(self, *what: Any) -> None:
        self.asked.append(what)
        if self.error:
            raise self.error

    def ask_at_once(self, *statements: str) -> Any:
        self.note(*statements)
        return ((TOLD,),)

    def allow(self, seconds: float) -> None:
        self.asked.append(("allow", seconds))

    def allow_each(self, seconds: float) -> None:
        self.asked.append(("allow each", seconds))

    def ask(self, statement: str, values: Any) -> Any:
        self.note(statement, values)
        return (self.rows, 3, 7)

    def cursor(self, *kind: Any) -> Cursor:
        self.asked += kind
        return Cursor(self)

    def close(self) -> None:
        self.note("close")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Our clock."""
    made = [100.0]
    clock = SimpleNamespace(monotonic=lambda: made[0])
    monkeypatch.setattr(mysql, "time", clock)
    monkeypatch.setattr(timing, "time", clock)
    return made


@pytest.fixture
def link(now: list[float]) -> Link:
    """A new one."""
    return Link()


@pytest.fixture
def connection(link: Link) -> Any:
    """It has been told and asked what it must."""
    made: Any = MySQLConnection(link)  # type: ignore[arg-type]
    assert link.asked == [
        (mysql.SETUP, mysql.ISOLATION, mysql.TIME),
        ("allow each", PATIENT_TIMEOUT_S),
    ]
    assert made.clock.at(100.0) == TOLD
    link.asked.clear()
    return made


def test_what_a_connection_is_told(connection: Any) -> None:
    """mysql.py says why; test_far.py, that the server understands it."""
    assert mysql.SETUP == (
        "SET NAMES utf8mb4, "
        "SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION', "
        "innodb_lock_wait_timeout = 1, lock_wait_timeout = 1, "
        "time_zone = '+00:00', autocommit = 1"
    )
    assert mysql.ISOLATION == "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
    assert mysql.TIME == "SELECT UTC_TIMESTAMP(6) AS now"
    assert connection.can_log_in_again is False


def test_one_that_cannot_be_told_is_closed(link: Link) -> None:
    """A node outside of its cluster greets, but answers nothing."""
    link.error = error(1047)
    with pytest.raises(pymysql.MySQLError, match="1047"):
        MySQLConnection(link)  # type: ignore[arg-type]
    assert link.asked[1:] == [("close",)]


def test_its_clock_is_read_in_time(connection: Any, link: Link, now: list[float]) -> None:
    """By a question that has so long."""
    now[0] += 5.0
    connection.read_clock(2.5)
    assert link.asked == [("allow", 2.5), (mysql.TIME,)]
    assert connection.clock.at(105.0) == TOLD + timedelta(seconds=5)
    link.rows = [{"now": TOLD + timedelta(seconds=5.5)}]
    now[0] += 0.25
    connection.read_clock(2.5)
    assert connection.clock.at(105.25) == TOLD + timedelta(seconds=5.5)
    link.error = error(2013)
    with pytest.raises(RetryError, match="2013"):
        connection.read_clock(2.5)


def test_a_statement_has_its_time_or_any(connection: Any, link: Link) -> None:
    """That of a call, or of a command."""
    assert connection.run("s", {"x": 1}, 2.5) == Reply(link.rows, 3, 7)
    assert connection.run("s", {"x": 1}) == Reply(link.rows, 3, 7)
    assert link.asked == [("allow", 2.5), ("s", {"x": 1}), ("s", {"x": 1})]


WAYS: dict[str, tuple[Callable[[Any], object], tuple[Any, ...], type[Exception]]] = {
    "run": (lambda it: it.run("s", {"x": 1}), ("s", {"x": 1}), DuplicateError),
    "run_many": (lambda it: it.run_many("s", [{"x": 1}]), ("s", [{"x": 1}]), DuplicateError),
    "stream": (lambda it: [*it.stream("s", {"x": 1})], ("s", {"x": 1}), DatabaseError),
    "script": (lambda it: it.script("s"), ("s",), DatabaseError),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_ask_says_what_went_wrong(connection: Any, link: Link, way: str) -> None:
    """With the number of the server's error; a wire that is cut has none."""
    ask, asked, duplicate = WAYS[way]
    assert ask(connection) in (Reply(link.rows, 3, 7), None, link.rows)
    assert link.asked == ([SSDictCursor] if way == "stream" else []) + [asked]
    for cause, kind in ((error(1062), duplicate), (OSError("cut"), DatabaseError)):
        link.error = cause
        with pytest.raises(kind) as caught:
            ask(connection)
        assert caught.value.__cause__ is cause
        if kind is DatabaseError:
            assert str(caught.value) == str(cause)


def test_what_is_there_need_not_be_added(connection: Any, link: Link) -> None:
    """A column, a key; and there may be no table to add it to."""
    for number in range(1050, 1150):
        link.error = error(number)
        with pytest.raises(DatabaseError) as caught:
            connection.script("ALTER TABLE payment ADD x")
        assert isinstance(caught.value, NothingToAddError) == (number in {1060, 1061, 1146})


def test_a_command_waits_for_its_turn(connection: Any, link: Link) -> None:
    """As long as it is told, or as long as commands do; the turns are of this database alone."""
    for wait_s, waits in ((None, TURN_S), (0, 0)):
        link.rows = [{"free": 1}]
        connection.begin(wait_s)
        turn = "SELECT GET_LOCK(CONCAT('callback.', MD5(DATABASE())), %(wait)s) AS free"
        assert link.asked == [(turn, {"wait": waits}), ("START TRANSACTION",)]
        link.asked.clear()
    for free in (0, None, 2):
        link.rows = [{"free": free}]
        with pytest.raises(BusyError) as caught:
            connection.begin(5)
        assert str(caught.value).startswith("another command has the books (import, export or")


def test_to_close_twice_is_no_fault(connection: Any, link: Link) -> None:
    """It is closed then."""
    link.error = pymysql.err.Error("Already closed")
    connection.close()
    assert link.asked == [("close",)]


class Opened:
    """Hosts that are asked to open a connection: who answers, and how long the others take."""

    def __init__(self, now: list[float]) -> None:
        self._now = now
        self.options: list[dict[str, Any]] = []
        self.took: list[float] = []

    def __call__(self, **options: Any) -> Link:
        self.options.append(options)
        if self.took:
            self._now[0] += self.took.pop(0)
            raise error(2003, options["host"])
        return Link()


@pytest.fixture
def opened(now: list[float], monkeypatch: pytest.MonkeyPatch) -> Opened:
    """In place of the driver."""
    made = Opened(now)
    monkeypatch.setattr(mysql, "Connection", made)
    return made


def hosts(number: int, **more: Any) -> MySQL:
    """So many."""
    names = [(f"h{place}", 3306 + place) for place in range(number)]
    return MySQL(hosts=names, user="u", password="пароль", database="d", **more)


def test_each_host_has_its_share_of_the_time(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is silent leaves time for those after it."""
    warnings: list[tuple[str, str]] = []
    monkeypatch.setattr(log, "warning", lambda text, stranger: warnings.append((text, stranger)))
    opened.took = [2.0, 0.1]
    assert isinstance(hosts(3).connect(6.0), MySQLConnection)
    assert [
        (options["host"], options["port"], options["within"]) for options in opened.options
    ] == [("h0", 3306, 2.0), ("h1", 3307, 2.0), ("h2", 3308, pytest.approx(3.9))]
    assert warnings == [
        (f"database {host}: {explain(error(2003, host[:2]))}", f"database {host}")
        for host in ("h0:3306", "h1:3307")
    ]
    opened.took = [9.0, 9.0]
    with pytest.raises(DatabaseError) as caught:
        hosts(2).connect()
    assert str(caught.value) == explain(error(2003, "h1"))
    assert caught.value.__cause__
    assert [options["within"] for options in opened.options[3:]] == [OPENING_S / 2, 0.1]


LOCAL = ("localhost", "127.0.0.1", "::1")


@pytest.mark.parametrize("host", [*LOCAL, "db.example.kz", "127.0.0.2"])
@pytest.mark.parametrize("socket", ["/run/mysqld.sock", None])
@pytest.mark.parametrize("ca", ["/ca.pem", None])
def test_how_a_connection_is_opened(
    opened: Opened, host: str, socket: str | None, ca: str | None
) -> None:
    """With an authority its name is looked at; without, what stays in the machine is not hidden."""
    engine = MySQL(
        hosts=[(host, 3306), ("other", 3307)],
        user="u",
        password="пароль",
        database="d",
        **({"unix_socket": socket} if socket else {}),
        **({"ssl_ca": ca} if ca else {}),
    )
    engine.connect(9.0)
    local = bool(socket) or host in LOCAL
    tls = {"ssl_ca": ca, "ssl_verify_cert": True, "ssl_verify_identity": True}
    assert opened.options == [
        {
            **{"local": local, "within": 4.5, "host": host, "port": 3306, "unix_socket": socket},
            **{"user": "u", "password": "пароль".encode(), "database": "d", "charset": "utf8mb4"},
            **{"conv": CONVERSIONS, "connect_timeout": CONNECT_TIMEOUT_S / 2, "autocommit": None},
            **(tls if ca else {"ssl_disabled": local}),
        }
    ]
    assert "пароль" not in repr(engine)


def test_nodes_have_a_clock_each() -> None:
    """One server has one."""
    assert [hosts(number).clocks_differ.total_seconds() for number in (1, 2, 3)] == [
        *(0, NODES_DIFFER_S, NODES_DIFFER_S)
    ]


def test_to_connect_takes_no_longer_than_there_is_time(opened: Opened) -> None:
    """Though there is one host."""
    hosts(1).connect(0.5)
    assert opened.options[0]["connect_timeout"] == 0.5


def test_its_tables_are_made_and_upgraded_by_files_of_ours() -> None:
    """The engine names them; values are written as the driver wants them."""
    database = Database(hosts(1), load_statements(SQL), 1)
    assert "CREATE TABLE" in database.statements_of(MySQL.SCHEMA)[0]
    assert "ADD COLUMN" in database.statements_of(MySQL.UPGRADE)[0]
    text = "SELECT '5% :a', :b, :c % 2"
    assert hosts(1).prepare(text) == "SELECT '5%% :a', %(b)s, %(c)s %% 2"
