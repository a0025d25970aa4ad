"""The embedded trial database. Sums are text and are added as decimals, times are ISO text."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from callback.clock import utc_now
from callback.database import Reply
from callback.database.errors import (
    COLUMN_MISSING,
    PROMISE_MISSING,
    DatabaseError,
    DuplicateError,
    NoPromiseError,
    NothingToAddError,
)
from callback.database.timing import ServerClock
from callback.limits import BUSY_TIMEOUT_S, OPENING_S
from callback.locks import open_own
from callback.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from callback.database import Row

# SQLite does not know the type of an expression, so columns are told by their names.
READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("amount", "issued", "paid", "owed", "total"), lambda text: Decimal(str(text))),
    **dict.fromkeys(
        (
            *("paid_at", "created_at", "performed_at", "cancelled_at", "posted_at", "reversed_at"),
            *("changed_at", "tried_at", "since", "happened_at"),
        ),
        datetime.fromisoformat,
    ),
}


class DecimalSum:
    """SUM that adds decimals: SQLite's own would add floats.

    A minus in SQL makes a float of one sum. Its digits are read back as they were, for a float
    keeps fifteen, and a sum has fourteen.
    """

    def __init__(self) -> None:
        self._sum = Decimal(0)

    def step(self, value: str | None) -> None:
        if value is not None:
            self._sum += Decimal(str(value))

    def finalize(self) -> str:
        return str(self._sum)


class SQLite:
    """Opens the database file."""

    SCHEMA = "schema_sqlite"
    UPGRADE = "upgrade_sqlite"
    clocks_differ = timedelta(0)

    def __init__(self, path: Path) -> None:
        self.path = path

    def connect(self, within: float = OPENING_S) -> SQLiteConnection:  # noqa: ARG002
        """Return a new connection; DatabaseError when the file is not there."""
        try:
            # mode=rw: a lost file must not become an empty one.
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise DatabaseError(
                Phrase("{path}: {error}; run flask init-db first", path=self.path, error=error)
            ) from error
        connection.row_factory = sqlite3.Row
        connection.create_aggregate("SUM", 1, DecimalSum)  # type: ignore[arg-type]
        # MySQL's LENGTH counts bytes, SQLite has no other.
        connection.create_function("CHAR_LENGTH", 1, _length)
        connection.create_function("UTC_TIMESTAMP", 1, lambda _: _time(utc_now()))
        return SQLiteConnection(connection)

    def prepare(self, statement: str) -> str:
        """SQLite takes `:name` as it is; it has one writer at a time, so nothing to lock."""
        statement = statement.replace("FOR UPDATE", "")
        if "ON DUPLICATE KEY UPDATE" not in statement:
            return statement
        statement = statement.replace("ON DUPLICATE KEY UPDATE", "ON CONFLICT (id) DO UPDATE SET")
        return re.sub(r"(= )VALUES\((\w+)\)", r"\1excluded.\2", statement)

    def create(self) -> None:
        """Make the file; write-ahead logging lets a check read while a pay is written.

        SQLite gives the files beside it the same mode.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # SQLite says why
            os.close(open_own(str(self.path)))
        connection = sqlite3.connect(self.path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()


class SQLiteConnection:
    """A connection that speaks the errors of `callback.database.errors`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.clock = ServerClock(utc_now())

    def read_clock(self, timeout: float) -> None:  # noqa: ARG002 - nothing is far away
        """Set `clock`: the file's time is this machine's."""
        self.clock = ServerClock(utc_now())

    def run(
        self,
        statement: str,
        values: Mapping[str, Any],
        timeout: float | None = None,  # noqa: ARG002 - nothing is far away
    ) -> Reply:
        """Run one statement."""
        try:
            cursor = self._connection.execute(*_with_lists(statement, _written(values)))
            rows = [_read(row) for row in cursor]
            return Reply(rows, max(0, cursor.rowcount), cursor.lastrowid or 0)
        except sqlite3.IntegrityError as error:
            if str(error).startswith("UNIQUE"):
                raise DuplicateError from error
            raise DatabaseError(str(error)) from error
        except sqlite3.Error as error:
            if str(error) == "no such table: promise":
                raise NoPromiseError(f"{error}; {PROMISE_MISSING}") from error
            raise DatabaseError(_explain(error)) from error

    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one INSERT for many rows."""
        try:
            self._connection.executemany(statement, map(_written, rows))
        except sqlite3.IntegrityError as error:
            raise DuplicateError from error
        except sqlite3.Error as error:
            raise DatabaseError(_explain(error)) from error

    def begin(self, wait_s: int | None) -> None:  # noqa: ARG002
        """Begin a transaction; there is one writer at a time."""
        self.script("BEGIN IMMEDIATE")

    def stream(self, statement: str, values: Mapping[str, Any]) -> Iterator[Row]:
        """Yield rows one by one."""
        try:
            for row in self._connection.execute(statement, _written(values)):
                yield _read(row)
        except sqlite3.Error as error:
            raise DatabaseError(_explain(error)) from error

    def script(self, statement: str) -> None:
        """Run one statement that has no values."""
        try:
            self._connection.execute(statement)
        except sqlite3.Error as error:
            if re.match("duplicate column name|no such table", str(error)):
                raise NothingToAddError from error
            raise DatabaseError(_explain(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _explain(error: sqlite3.Error) -> str:
    missing = re.search("no such column|has no column named", str(error))
    return f"{error}; {COLUMN_MISSING}" if missing else str(error)


def _length(value: object) -> int | None:
    return None if value is None else len(str(value))


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(value) for name, value in values.items()}


def _with_lists(statement: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Write tuples of whole numbers into the statement: SQLite takes no list as a value."""
    for name, value in values.items():
        if isinstance(value, tuple):
            numbers = ", ".join(str(int(number)) for number in value)
            statement = re.sub(rf":{name}\b", f"({numbers})", statement)
    return statement, {
        name: value for name, value in values.items() if not isinstance(value, tuple)
    }


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        return _time(value)
    return value


def _time(moment: datetime) -> str:
    return moment.isoformat(" ", "milliseconds")


def _read(row: sqlite3.Row) -> Row:
    return {
        name: READ[name](row[name]) if name in READ and row[name] is not None else row[name]
        for name in row.keys()  # noqa: SIM118 - a Row iterates its values
    }
