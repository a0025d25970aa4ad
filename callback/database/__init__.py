"""Runs the statements of `sql/` on MySQL (the product) or SQLite (the trial).

A request borrows at most one connection (`Database.session`), sends one statement at a time, each
committed by itself, and never waits longer than its time budget.
"""

from __future__ import annotations

import random
import time
import weakref
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from typing import Protocol as Interface

from callback import log
from callback.database.errors import (
    BusyError,
    DatabaseError,
    DuplicateError,
    NoPromiseError,
    NothingToAddError,
    RetryError,
)
from callback.database.older import without_promise
from callback.database.statements import load_statements, parts, values
from callback.database.timing import ServerClock, Watch
from callback.limits import (
    ATTEMPTS,
    LAST_START_S,
    LIFE_S,
    OPENING_S,
    SILENT_S,
    STATEMENT_TIMEOUT_S,
    WHOLE_S,
)
from callback.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from typing_extensions import Self

__all__ = ["Database", "Row", "load_statements", "parts", "pieces"]  # what is from elsewhere, too

Row = dict[str, Any]
T = TypeVar("T")
NEVER = datetime.max  # noqa: DTZ901 - as in the columns

FUTURE = timedelta(minutes=1)
# What a statement may be told of the time.
TIMES = {"deadline", "began", "latest"}


class Reply(NamedTuple):
    """What a statement brought: rows, or the number of changed rows and the new row's id."""

    rows: Sequence[Row] = ()
    changed: int = 0
    id: int = 0
    resent: bool = False  # sent before in this session, and its answer was lost
    deadline: datetime = NEVER  # by the server's clock: after it the statement does nothing


class Connection(Interface):
    """One connection of an engine; it raises the errors of `callback.database.errors`."""

    clock: ServerClock

    def read_clock(self, timeout: float) -> None: ...
    def run(
        self, statement: str, values: Mapping[str, Any], timeout: float | None = None
    ) -> Reply: ...
    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None: ...
    def stream(self, statement: str, values: Mapping[str, Any]) -> Iterator[Row]: ...
    def begin(self, wait_s: int | None) -> None: ...
    def script(self, statement: str) -> None: ...
    def close(self) -> None: ...


class Engine(Interface):
    """Connects, and knows how a statement with `:name` values is written for its driver."""

    SCHEMA: str
    UPGRADE: str

    # How far the clock that wrote a time may be from the one that it is compared with.
    @property
    def clocks_differ(self) -> timedelta: ...
    def connect(self, within: float = OPENING_S) -> Connection: ...
    def prepare(self, statement: str) -> str: ...


class Database:
    """The statements of `sql/` and the bounded connections of this process."""

    def __init__(self, engine: Engine, statements: Mapping[str, str], connections: int) -> None:
        self.engine = engine
        self.texts = statements  # as they are written
        self.statements = {name: engine.prepare(text) for name, text in statements.items()}
        # Those that a database without the table `promise` can run, too.
        self.older = {
            name: engine.prepare(without_promise(text))
            for name, text in statements.items()
            if without_promise(text) != text
        }
        self.timed = {name for name, text in statements.items() if TIMES & values(text)}
        self._idle: list[Connection] = []
        # A queue written in C, which costs less than a semaphore.
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(connections):
            self._places.put(None)
        self._watch = Watch()
        # A command ends with its application; what is open then is closed and not left to chance.
        weakref.finalize(self, _close, self._idle)

    def session(self, age: float = 0.0, lead: float = 0.0) -> Session:
        """One caller's conversation with the database, within its time budget.

        `age`: how many seconds ago the caller came, where that is known: they are of the budget.
        `lead`: how many before that he may have come: a host whose processes start slowly should
        answer all the same, but not record what the bank was told meanwhile that there is not.
        """
        return Session(self, time.monotonic() - age, lead)

    def borrow(self, last_start: float, end: float) -> Connection:
        """Take an idle connection or make one; DatabaseError when none can be had in time.

        A place must be free before `last_start`, the connection be there by `end`.
        """
        try:
            self._places.get(timeout=max(0.0, last_start - time.monotonic()))
        except Empty:
            raise DatabaseError(
                Phrase("every connection that CONNECTIONS allows is busy")
            ) from None
        try:
            return self._idle.pop()  # whether there is one is not asked before: there are threads
        except IndexError:
            return self._open(end)

    def _open(self, end: float) -> Connection:
        try:
            with self._watch.opening(end - time.monotonic()) as within:
                return self.engine.connect(within)
        except BaseException:
            self._places.put(None)
            raise

    def give_back(self, connection: Connection) -> None:
        """Keep a sound connection for the next request."""
        self._watch.answer()
        self._idle.append(connection)
        self._places.put(None)

    def discard(self, connection: Connection, waited: float) -> None:
        """Close a connection that failed, and the idle ones: what cut it has cut them too."""
        if waited >= SILENT_S:
            self._watch.silence()
        connection.close()
        _close(self._idle)
        self._places.put(None)

    def close(self) -> None:
        """Close what nobody uses now."""
        _close(self._idle)

    def stream(self, statement: str, **values: Any) -> Iterator[Row]:
        """Yield the rows of a list of any length, for commands; DatabaseError when it breaks."""
        with closing(self.engine.connect()) as connection:
            yield from connection.stream(self.statements[statement], values)

    @contextmanager
    def transaction(self, wait_s: int | None = None) -> Iterator[Transaction]:
        """Keep several statements together, or none of them, for commands; DatabaseError.

        Those who use it take turns: BusyError when another has its turn for longer than `wait_s`.
        """
        with closing(self.engine.connect()) as connection:
            try:
                connection.begin(wait_s)
                yield Transaction(self.statements, connection)
            except RetryError as error:
                raise DatabaseError(
                    Phrase("{error}; nothing was changed, so run it once more", error=error)
                ) from error
            except DuplicateError as error:
                raise BusyError(Phrase("the same was added meanwhile: run it once more")) from error
            try:
                connection.script("COMMIT")
            except DatabaseError as error:
                raise DatabaseError(
                    Phrase(
                        "{error}; whether it was kept is not known: run it once more, the second "
                        "time changes nothing",
                        error=error,
                    )
                ) from error

    def over(self, engine: Engine) -> Database:
        """The same statements, prepared as they are here, over another engine's one connection."""
        other = Database(engine, self.texts, 1)
        other.statements, other.older = self.statements, self.older
        return other

    def script(self, name: str) -> None:
        """Run a file of several statements, such as the schema; DatabaseError when one fails."""
        with closing(self.engine.connect()) as connection:
            for statement in self.statements_of(name):
                connection.script(statement)

    def add(self, name: str) -> Iterator[str]:
        """Run the statements of a file that add something to a table, and yield those that did."""
        with closing(self.engine.connect()) as connection:
            for statement in self.statements_of(name):
                with suppress(NothingToAddError):
                    connection.script(statement)
                    yield statement

    def statements_of(self, name: str) -> list[str]:
        """Take a file of several statements apart."""
        return parts(self.texts[name])


def _close(connections: list[Connection]) -> None:
    with suppress(IndexError):  # other threads take from the list and add to it
        while True:
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

    def now(self) -> datetime:
        """What time it is at the server, as it was told when the transaction's link was made."""
        now = self._connection.clock.at(time.monotonic())
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def run_script(self, name: str, **values: Any) -> None:
        """Run a file of as many statements as it takes, all with the same values."""
        for statement in parts(self._statements[name]):
            try:
                self._connection.run(statement, values)
            except KeyError as error:
                raise DatabaseError(
                    Phrase("{name}.sql: there is no value :{value}", name=name, value=error.args[0])
                ) from error

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
    """Sends statements for one caller, whose time began at `began`; made by `Database.session`."""

    def __init__(self, database: Database, began: float, lead: float = 0.0) -> None:
        self._database = database
        self._began = began
        self._came = began - lead
        self._connection: Connection | None = None
        self._is_ready = False  # opened for the next statement, which is of the same step

    def run(self, statement: str, **values: Any) -> Reply:
        """Run the statement of `sql/` that is called so.

        After a deadlock or a cut connection it is sent again: the unique key and the guards in
        the statements make that safe. Raises DuplicateError; DatabaseError when the outcome is
        not known. `:deadline` is set here: a statement that reaches the server later than that
        changes nothing, so none has an effect after we gave it up. So are `:began`, when the caller
        came, and `:latest`: what is later was written before the server's clock was set back. All
        are by the server's clock.
        """
        prepared = self._database.statements[statement]
        is_timed = statement in self._database.timed
        deadline = NEVER
        resent = False
        for attempt in range(ATTEMPTS):
            is_ready, self._is_ready = self._is_ready, False
            connection = (is_ready and self._connection) or self._connected(attempt)
            started = time.monotonic()
            sent = False
            try:
                if not is_ready and connection.clock.is_old:
                    connection.read_clock(self._left(STATEMENT_TIMEOUT_S))
                if is_timed:
                    deadline = self._set_times(values, connection.clock)
                sent = True
                reply = connection.run(prepared, values, self._left(STATEMENT_TIMEOUT_S))
            except RetryError as error:
                if error.connection_lost:
                    resent = resent or sent
                    self._discard(connection, time.monotonic() - started)
            except NoPromiseError as error:
                if prepared == self._database.older.get(statement, prepared):
                    raise
                log.warning(str(error))
                prepared = self._database.older[statement]
            except DuplicateError as error:
                error.resent = resent
                raise
            except BaseException:
                self._discard(connection)
                raise
            else:
                return Reply(reply.rows, reply.changed, reply.id, resent, deadline)
        raise DatabaseError(
            Phrase("{statement}: no luck in {n} attempts", statement=statement, n=ATTEMPTS)
        )

    def now(self) -> datetime:
        """What time it is at the server, as far as is known: seldom a question is asked.

        All that we decide and record by time goes by it: machines differ, and their clocks jump.
        """
        for attempt in range(ATTEMPTS):
            is_new = self._connection is None
            connection = self._connection or self._connected(attempt)
            if now := connection.clock.now():
                self._is_ready = self._is_ready or is_new
                return now
            with suppress(RetryError):
                self._read_clock(connection)
        raise DatabaseError(
            Phrase("{statement}: no luck in {n} attempts", statement="UTC_TIMESTAMP", n=ATTEMPTS)
        )

    def came_at(self) -> datetime:
        """When the caller came, by the server's clock."""
        return (self._connection or self._connected()).clock.at(self._came)

    def server_time(self) -> datetime:
        """Ask the server what time it is: its clock may have been set since it was connected to."""
        connection = self._connected()
        try:
            self._read_clock(connection)
        except RetryError as error:
            raise DatabaseError(str(error)) from error
        return connection.clock.at(time.monotonic())

    def _read_clock(self, connection: Connection) -> None:
        started = time.monotonic()
        try:
            connection.read_clock(self._left(STATEMENT_TIMEOUT_S))
        except BaseException:
            self._discard(connection, time.monotonic() - started)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Let others have the connection."""
        if self._connection:
            self._database.give_back(self._connection)
            self._connection = None

    def _set_times(self, values: dict[str, Any], clock: ServerClock) -> datetime:
        """Set what a statement is told of the time, and return its deadline."""
        deadline = clock.at(time.monotonic() + LIFE_S)
        values |= {
            "deadline": deadline,
            "began": clock.at(self._came) - self._database.engine.clocks_differ,
            "latest": deadline + FUTURE,
        }
        return deadline

    def _left(self, most: float) -> float:
        return max(0.0, min(most, self._began + WHOLE_S - time.monotonic()))

    def _connected(self, attempt: int = 0) -> Connection:
        if attempt > 1:
            # Those who met in a deadlock twice should not meet a third time.
            time.sleep(random.uniform(0.005, 0.02) * attempt)  # noqa: S311 - not a secret
        last_start = self._began + LAST_START_S
        if time.monotonic() > last_start:
            raise DatabaseError(Phrase("no time left to ask the database once more"))
        if self._connection is None:
            self._connection = self._database.borrow(last_start, self._began + OPENING_S)
        return self._connection

    def _discard(self, connection: Connection, waited: float = 0.0) -> None:
        self._database.discard(connection, waited)
        self._connection = None
        self._is_ready = False
