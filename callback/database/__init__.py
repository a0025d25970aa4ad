"""Runs the statements of `sql/` on MySQL (the product) or SQLite (the trial).

A request borrows at most one connection (`Database.session`), sends one statement at a time, each
committed by itself, and never waits longer than its time budget.
"""

from __future__ import annotations

import random
import threading
import time
import weakref
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from typing import Protocol as Interface

from callback.database.errors import (
    BusyError,
    DatabaseError,
    DuplicateError,
    NothingToAddError,
    RetryError,
)
from callback.database.statements import load_statements, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Database", "Row", "load_statements", "parts", "pieces"]  # what is from elsewhere, too

Row = dict[str, Any]
T = TypeVar("T")

# The shortest limit of our own is 8 s (kaspi.md, section 2). A step starts only in the first 3 s
# and takes at most 5: a new connection (2), its statement (3). Whatever happens, we have answered
# "ask again" before the bank gives up.
LAST_START_S = 3.0
CONNECT_TIMEOUT_S = 2
STATEMENT_TIMEOUT_S = 3
LOCK_TIMEOUT_S = 2  # under the statement's, so that the server still tells us
# Commands (lists, schema) may take their time.
PATIENT_TIMEOUT_S = 600
# The fourth equal pay of a deadlock is rare, the eighth was never seen.
ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Reply:
    """What a statement brought: rows, or the number of changed rows and the new row's id."""

    rows: Sequence[Row] = ()
    changed: int = 0
    id: int = 0
    resent: bool = False  # sent before in this session, and its answer was lost


class Connection(Interface):
    """One connection of an engine; it raises the errors of `callback.database.errors`."""

    def run(self, statement: str, values: Mapping[str, Any]) -> Reply: ...
    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None: ...
    def stream(self, statement: str, values: Mapping[str, Any]) -> Iterator[Row]: ...
    def begin(self) -> None: ...
    def script(self, statement: str) -> None: ...
    def close(self) -> None: ...


class Engine(Interface):
    """Connects, and knows how a statement with `:name` values is written for its driver."""

    SCHEMA: str
    UPGRADE: str

    def connect(self, timeout: int = STATEMENT_TIMEOUT_S) -> Connection: ...
    def prepare(self, statement: str) -> str: ...


class Database:
    """The statements of `sql/` and the bounded connections of this process."""

    def __init__(self, engine: Engine, statements: Mapping[str, str], connections: int) -> None:
        self.engine = engine
        self._scripts = statements
        self.statements = {name: engine.prepare(text) for name, text in statements.items()}
        self._idle: list[Connection] = []
        self._places = threading.BoundedSemaphore(connections)
        # A command ends with its application; what is open then is closed and not left to chance.
        weakref.finalize(self, _close, self._idle)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One caller's conversation with the database, within its time budget."""
        session = Session(self)
        try:
            yield session
        finally:
            session.release()

    def borrow(self, timeout: float) -> Connection:
        """Take an idle connection or make one; DatabaseError when none can be had in time."""
        if not self._places.acquire(timeout=timeout):
            raise DatabaseError("every connection that CONNECTIONS allows is busy")
        try:
            return self._idle.pop() if self._idle else self.engine.connect()
        except BaseException:
            self._places.release()
            raise

    def give_back(self, connection: Connection) -> None:
        """Keep a sound connection for the next request."""
        self._idle.append(connection)
        self._places.release()

    def discard(self, connection: Connection) -> None:
        """Close a connection that failed, and the idle ones: what cut it has cut them too."""
        connection.close()
        _close(self._idle)
        self._places.release()

    def stream(self, statement: str, **values: Any) -> Iterator[Row]:
        """Yield the rows of a list of any length, for commands; DatabaseError when it breaks."""
        with closing(self.engine.connect(PATIENT_TIMEOUT_S)) as connection:
            yield from connection.stream(self.statements[statement], values)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Keep several statements together, or none of them, for commands; DatabaseError.

        Those who use it take turns: BusyError when another has its turn for too long.
        """
        with closing(self.engine.connect(PATIENT_TIMEOUT_S)) as connection:
            try:
                connection.begin()
                yield Transaction(self.statements, connection)
            except RetryError as error:
                raise DatabaseError(f"{error}; nothing was changed, so run it once more") from error
            except DuplicateError as error:
                raise BusyError("the same was added meanwhile: run it once more") from error
            try:
                connection.script("COMMIT")
            except DatabaseError as error:
                raise DatabaseError(
                    f"{error}; whether it was kept is not known: run it once more, the second time "
                    "changes nothing"
                ) from error

    def script(self, name: str) -> None:
        """Run a file of several statements, such as the schema; DatabaseError when one fails."""
        with closing(self.engine.connect(PATIENT_TIMEOUT_S)) as connection:
            for statement in self.statements_of(name):
                connection.script(statement)

    def add(self, name: str) -> Iterator[str]:
        """Run the statements of a file that add something to a table, and yield those that did."""
        with closing(self.engine.connect(PATIENT_TIMEOUT_S)) as connection:
            for statement in self.statements_of(name):
                with suppress(NothingToAddError):
                    connection.script(statement)
                    yield statement

    def statements_of(self, name: str) -> list[str]:
        """Take a file of several statements apart."""
        return parts(self._scripts[name])


def _close(connections: list[Connection]) -> None:
    while connections:
        connections.pop().close()


class Transaction:
    """Sends the statements of one transaction; made by `Database.transaction`."""

    def __init__(self, statements: Mapping[str, str], connection: Connection) -> None:
        self._statements = statements
        self._connection = connection

    def run(self, statement: str, **values: Any) -> Reply:
        """Run one statement. A tuple of whole numbers is a list for IN."""
        return self._connection.run(self._statements[statement], values)

    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one INSERT for many rows, in as few round trips as the driver knows."""
        if rows:
            self._connection.run_many(self._statements[statement], rows)

    def stream(self, statement: str, **values: Any) -> Iterator[Row]:
        """Yield the rows of a list of any length; nothing else may be sent meanwhile."""
        yield from self._connection.stream(self._statements[statement], values)

    def run_script(self, name: str, **values: Any) -> None:
        """Run a file of as many statements as it takes, all with the same values."""
        for statement in parts(self._statements[name]):
            self._connection.run(statement, values)

    def keep(self) -> None:
        """Commit what was done until now, and go on; DatabaseError."""
        self._connection.script("COMMIT")
        self._connection.script("BEGIN")

    def undo(self) -> None:
        """Undo what was done since the last `keep`, and go on; DatabaseError."""
        self._connection.script("ROLLBACK")
        self._connection.script("BEGIN")


def pieces(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Part anything into lists that are sent at once."""
    rows = iter(rows)
    while piece := list(islice(rows, size)):
        yield piece


class Session:
    """Sends statements for one caller; made by `Database.session`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last_start = time.monotonic() + LAST_START_S
        self._connection: Connection | None = None

    def run(self, statement: str, **values: Any) -> Reply:
        """Run the statement of `sql/` that is called so.

        After a deadlock or a cut connection it is sent again: the unique key and the guards in
        the statements make that safe. Raises DuplicateError; DatabaseError when the outcome is
        not known.
        """
        text = self._database.statements[statement]
        resent = False
        for attempt in range(ATTEMPTS):
            connection = self._connected(attempt)
            try:
                reply = connection.run(text, values)
            except RetryError as error:
                resent = resent or error.connection_lost
                if error.connection_lost:
                    self._discard()
            except DuplicateError as error:
                error.resent = resent
                raise
            except BaseException:
                self._discard()
                raise
            else:
                return Reply(reply.rows, reply.changed, reply.id, resent) if resent else reply
        raise DatabaseError(f"{statement}: no luck in {ATTEMPTS} attempts")

    def release(self) -> None:
        """Let others have the connection."""
        if self._connection:
            self._database.give_back(self._connection)
            self._connection = None

    def _connected(self, attempt: int) -> Connection:
        if attempt > 1:
            # Those who met in a deadlock twice should not meet a third time.
            time.sleep(random.uniform(0.005, 0.02) * attempt)  # noqa: S311 - not a secret
        left = self._last_start - time.monotonic()
        if left < 0:
            raise DatabaseError("no time left to ask the database once more")
        if self._connection is None:
            self._connection = self._database.borrow(left)
        return self._connection

    def _discard(self) -> None:
        if self._connection:
            self._database.discard(self._connection)
            self._connection = None
