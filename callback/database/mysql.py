"""MySQL 5.7 and newer, MariaDB 10.3 and newer, through PyMySQL."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from callback import log
from callback.database import Reply
from callback.database.driver import CONVERSIONS, pymysql
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
from callback.database.login import Connection
from callback.database.statements import with_values
from callback.database.timing import ServerClock
from callback.limits import (
    CONNECT_TIMEOUT_S,
    LOCK_TIMEOUT_S,
    NODES_DIFFER_S,
    OPENING_S,
    PATIENT_TIMEOUT_S,
    TURN_S,
)
from callback.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from callback.database import Row

DUPLICATE_KEY = 1062
# Rolled back by the server, nothing was done: lock wait, deadlock (Galera's conflicts too),
# and MariaDB 11.6's "record has changed since last read".
ROLLED_BACK = {1205, 1213, 1020}
# To a statement that adds: the column or the key is there, or there is no table.
NOTHING_TO_ADD = {1060, 1061, 1146}
# Gone away, lost, killed, shutting down, a node outside of its cluster; 0: PyMySQL's closed socket.
LOST = {0, 1047, 1053, 1927, 2006, 2013, 2014, 2055}
# No such table, or none that we may use; and as a message names it, whatever its language.
NO_TABLE = {1142, 1143, 1146}
PROMISE = re.compile(r"[.'`]promise['`](?!@)")
BUSY = "another command has the books (import, export or post): run it again later"
# Worth a sentence in the log; the bank hears "ask again" for these as for every other error.
HINTS = {
    1040: "the server has no connection left: lower CONNECTIONS or the number of workers",
    1044: "the user may not use this database: check its name in DATABASE, and the grants",
    1045: "user or password is wrong in DATABASE",
    1049: "there is no such database: check DATABASE",
    1054: COLUMN_MISSING,
    1142: "the database user lacks a right: grant SELECT, INSERT and UPDATE; if it had it before, "
    "the hoster's panel has revoked it because the database is over its quota",
    1146: "a table is missing: paste sql/schema.sql into phpMyAdmin, or run flask init-db as a "
    "database user who may CREATE",
    1203: "the user has no connection left: lower CONNECTIONS or the number of workers",
    1205: "another program holds what we need: has the accounting program left a transaction open?",
    1226: "the user is over a limit of the host: lower CONNECTIONS or the number of workers",
    1267: "one column has letters of another sort than the other (collation): in a view write "
    "CONVERT(… USING ascii) COLLATE ascii_bin AS state, USING utf8 … utf8_bin AS number",
    1290: "the server takes no changes (read_only): is DATABASE a copy of the main server?",
    1356: "a view names a column or a table that is not there, or that its maker may not read",
    1449: "who made a view is no user any more: make the view again, as a user that stays",
    1471: "account or invoice is a view: customers are entered in the program that it is over",
    2003: "nobody answers there: check host and port in DATABASE, and whether the server runs; "
    "many hosts' databases are reached from the host alone",
    2026: "no trusted TLS to the database: check ssl_ca and the server's certificate",
    2059: "the driver has no such login: give the database user another",
}
# Of error 1142, where a command was to change the tables themselves.
OWNER_WANTED = (
    "this user may not make or change tables, and to take payments it need not: run flask init-db "
    "as one who may, or paste sql/schema.sql into phpMyAdmin (older tables: sql/README.md)"
)
CHANGES_TABLES = re.compile(r"(CREATE|ALTER|INDEX|DROP)( VIEW)? command denied to user")
# A lenient server would cut a text or clamp a sum silently; times are ours and UTC; whole seconds
# of lock wait, for rows and for tables (which may wait for a day); REPEATABLE READ makes the guards
# inside one statement locking reads. All that a new connection is told and asked goes in one trip.
SETUP = (
    "SET NAMES utf8mb4, "
    "SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION', "
    f"innodb_lock_wait_timeout = {LOCK_TIMEOUT_S}, lock_wait_timeout = {LOCK_TIMEOUT_S}, "
    "time_zone = '+00:00', autocommit = 1"
)
# Commands that write books take turns. The server ends it with our link.
TURN = "SELECT GET_LOCK(CONCAT('callback.', MD5(DATABASE())), %(wait)s) AS free"
ISOLATION = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
TIME = "SELECT UTC_TIMESTAMP(6) AS now"


class MySQL(Record, hidden=("password",)):
    """Connects to the first of `hosts` that answers."""

    hosts: Sequence[tuple[str, int]]
    user: str
    password: str
    database: str
    unix_socket: str | None = None
    ssl_ca: str | None = None

    SCHEMA = "schema"
    UPGRADE = "upgrade"

    @property
    def clocks_differ(self) -> timedelta:
        """Nodes of a cluster have a clock each; one server has one."""
        return timedelta(seconds=NODES_DIFFER_S if len(self.hosts) > 1 else 0)

    def connect(self, within: float = OPENING_S) -> MySQLConnection:
        """Return a new connection within so many seconds; DatabaseError when no host gives one."""
        end = time.monotonic() + within
        for place, (host, port) in enumerate(self.hosts):
            # Whoever is silent leaves time for those after it.
            share = max(0.1, end - time.monotonic()) / (len(self.hosts) - place)
            try:
                return MySQLConnection(self._open(host, port, share))
            except (pymysql.MySQLError, OSError) as error:
                cause = error
                where = f"database {host}:{port}"  # a stranger may ask for it, too
                log.warning(f"{where}: {explain(error)}", stranger=where)
        raise DatabaseError(explain(cause)) from cause

    def prepare(self, statement: str) -> str:
        """`:name` becomes PyMySQL's `%(name)s`."""
        return with_values(statement.replace("%", "%%"), "%({})s".format)

    def _open(self, host: str, port: int, within: float) -> Connection:
        # With ssl_ca a server without TLS, or with another name or certificate, is refused.
        # Without it PyMySQL encrypts where it can; inside one machine nothing is gained.
        local = self.unix_socket is not None or host in ("localhost", "127.0.0.1", "::1")
        tls = (
            {"ssl_ca": self.ssl_ca, "ssl_verify_cert": True, "ssl_verify_identity": True}
            if self.ssl_ca
            else {"ssl_disabled": local}
        )
        return Connection(
            local=local,
            within=within,
            host=host,
            port=port,
            unix_socket=self.unix_socket,
            user=self.user,
            password=self.password.encode(),
            database=self.database,
            charset="utf8mb4",
            conv=CONVERSIONS,
            connect_timeout=min(within, CONNECT_TIMEOUT_S / len(self.hosts)),
            autocommit=None,
            **tls,
        )


class MySQLConnection:
    """A PyMySQL connection that speaks the errors of `callback.database.errors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        try:
            # A node that has left its cluster greets, but answers nothing.
            ((now,),) = connection.ask_at_once(SETUP, ISOLATION, TIME)
        except BaseException:
            self.close()
            raise
        self.clock = ServerClock(now)
        connection.allow_each(PATIENT_TIMEOUT_S)

    def read_clock(self, timeout: float) -> None:
        """Set `clock` by what the server says now."""
        self._connection.allow(timeout)
        asked = time.monotonic()
        try:
            self.clock.read(self._time(), asked)
        except (pymysql.MySQLError, OSError) as error:
            fail(error)

    def run(self, statement: str, values: Mapping[str, Any], timeout: float | None = None) -> Reply:
        """Run one prepared statement, within so many seconds; without a limit for commands."""
        if timeout is not None:
            self._connection.allow(timeout)
        try:
            return Reply(*self._connection.ask(statement, values))
        except (pymysql.MySQLError, OSError) as error:
            fail(error)

    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an INSERT … VALUES for many rows; the driver makes few statements of it."""
        try:
            with self._connection.cursor() as cursor:
                cursor.executemany(statement, rows)
        except (pymysql.MySQLError, OSError) as error:
            fail(error)

    def begin(self, wait_s: int | None) -> None:
        """Begin a transaction when it is our turn; BusyError."""
        if self.run(TURN, {"wait": TURN_S if wait_s is None else wait_s}).rows[0]["free"] != 1:
            raise BusyError(BUSY)
        self.script("START TRANSACTION")

    def stream(self, statement: str, values: Mapping[str, Any]) -> Iterator[Row]:
        """Yield rows as the server sends them."""
        from pymysql.cursors import SSDictCursor

        try:
            with self._connection.cursor(SSDictCursor) as cursor:
                cursor.execute(statement, values)
                yield from cursor
        except (pymysql.MySQLError, OSError) as error:
            raise DatabaseError(explain(error)) from error

    def script(self, statement: str) -> None:
        """Run one statement that has no values."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement)
        except (pymysql.MySQLError, OSError) as error:
            if number_of(error) in NOTHING_TO_ADD:
                raise NothingToAddError from error
            raise DatabaseError(explain(error)) from error

    def _time(self) -> datetime:
        with self._connection.cursor() as cursor:
            cursor.execute(TIME)
            (row,) = cursor.fetchall()
        now: datetime = row["now"]
        return now

    @property
    def can_log_in_again(self) -> bool:
        """False when the server's next start will lock us out; COLD says what to do."""
        return self._connection.can_log_in_again

    def close(self) -> None:
        """Close without waiting for the server."""
        with suppress(pymysql.MySQLError):  # closed already
            self._connection.close()


def number_of(error: Exception) -> int:
    """MySQL's number of an error; -1 for one that has none."""
    number = error.args[0] if error.args else -1
    return number if isinstance(number, int) else -1


def explain(error: Exception) -> str:
    """The error in words for our log, with what to do about it."""
    hint = HINTS.get(number_of(error))
    if CHANGES_TABLES.search(str(error)):
        hint = OWNER_WANTED
    return f"{error}; {hint}" if hint else str(error)


def fail(error: Exception) -> NoReturn:
    """Raise what the error means to us."""
    number = number_of(error)
    if number == DUPLICATE_KEY:
        raise DuplicateError from error
    if number in ROLLED_BACK or number in LOST:
        raise RetryError(explain(error), connection_lost=number in LOST) from error
    if number in NO_TABLE and PROMISE.search(str(error)):
        raise NoPromiseError(f"{error}; {PROMISE_MISSING}") from error
    raise DatabaseError(explain(error)) from error
