"""A site's books, in which everything can be done and nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from callback import operation
from callback.database import Database, statements
from callback.database.errors import DatabaseError, RetryError
from callback.database.mysql import MySQL
from callback.tools.finding import State
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from callback.bank import Bank
    from callback.database import Connection, Reply, Row
    from callback.model import Command, Result

SUM = Decimal("0.01")
PATIENCE_S = 60.0  # a look at all customers of a large site
NOW = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - as in the columns
STATES = {
    "state": ("active", "closed", "blocked"),
    "invoice_state": ("issued", "cancelled"),
    "payment_state": ("created", "paid", "cancelled"),
}
# A value for each `:name` of the statements, only to see whether the server can run them.
VALUES: Mapping[str, Any] = {
    **dict.fromkeys(("bank", "txn_id", "account", "number", "currency"), ""),
    **dict.fromkeys(("name", "address", "why", "digest"), ""),
    **dict.fromkeys(("state", "seen", "kind"), "paid"),
    **dict.fromkeys(("amount",), SUM),
    **dict.fromkeys(("paid_at", "now", "performed_at", "created_at", "cancelled_at"), NOW),
    **dict.fromkeys(("waits_created_at", "waits_paid_at", "deadline", "began", "latest"), NOW),
    **dict.fromkeys(("since", "until", "before", "issued_on"), NOW),
    **dict.fromkeys(("exact", "bucket", "rows", "reason", "zero", "start", "after", "last"), 0),
    **dict.fromkeys(("id", "payment_id", "account_id", "invoice_id", "size", "most"), 1),
    "ids": (1,),
}
PAYER = {"name": str, "address": str, "state": str, "issued": Decimal, "paid": Decimal}
PAYMENT = {
    **{"id": int, "txn_id": str, "payment_number": str, "amount": Decimal, "payment_state": str},
    **{"paid_at": datetime, "created_at": datetime, "performed_at": datetime},
    **{"cancelled_at": datetime, "cancel_reason": int},
}
INVOICE = {"number": str, "invoice_state": str, "waiting": int}
BILL = {"number": str, **{name: PAYER[name] for name in ("name", "address", "issued", "paid")}}
# What we read of each row; None is let in for what may be null.
COLUMNS: Mapping[str, Mapping[str, type]] = {
    "find_account": PAYER,
    "find_invoice": PAYER | INVOICE,
    "explain_account": PAYMENT | PAYER | INVOICE,
    "explain_invoice": PAYMENT | PAYER | INVOICE,
    "doctor_bill_account": BILL,
    "doctor_bill_invoice": BILL,
    **dict.fromkeys(
        (
            *("find_payment", "payments_of_days"),
            *("statement_by_paid_at", "statement_by_performed_at"),
        ),
        PAYMENT,
    ),
}
# A program's own numbers may be whole ones, and so may sums and counts; a name may be null.
TAKEN: Mapping[type, tuple[type, ...]] = {
    str: (str, int),
    int: (int, Decimal),
    Decimal: (Decimal, int),
    datetime: (datetime,),
}
WRITTEN: Mapping[type, str] = {float: "DOUBLE", str: "text", bytes: "binary", int: "a whole number"}


class WrongError(Exception):
    """A statement, or the view behind it, is wrong; the first word is its name."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class NothingError(Exception):
    """There is nobody to rehearse with, which is no fault, but may be one of the settings."""

    def __init__(self, text: str = "", state: State = "ok") -> None:
        super().__init__(text)
        self.state: State = state


class Undone:
    """A connection whose work is undone when it is closed, and never kept meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.clock = connection.clock

    def read_clock(self, timeout: float) -> None:
        self._connection.read_clock(timeout)
        self.clock = self._connection.clock

    def run(self, statement: str, values: Mapping[str, Any], timeout: float | None = None) -> Reply:
        try:
            return self._connection.run(statement, values, timeout)
        except RetryError as error:  # sent again it would be kept: the server has ended ours
            raise DatabaseError(str(error)) from error

    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        raise NotImplementedError

    def stream(self, statement: str, values: Mapping[str, Any]) -> Iterator[Row]:
        raise NotImplementedError

    def begin(self, wait_s: int | None) -> None:
        raise NotImplementedError

    def script(self, statement: str) -> None:
        self._connection.script(statement)

    def close(self) -> None:
        self._connection.close()


@dataclass
class _OneConnection:
    """An engine that gives its one connection, and then no other."""

    connection: Undone | None
    SCHEMA: str = ""
    UPGRADE: str = ""
    clocks_differ: timedelta = timedelta(0)

    def connect(self, within: float = 0) -> Connection:  # noqa: ARG002
        connection, self.connection = self.connection, None
        if connection is None:
            raise DatabaseError(_("the rehearsal was cut short"))
        return connection

    def prepare(self, statement: str) -> str:
        return statement


class Books:
    """The site's books during a rehearsal."""

    def __init__(self, database: Database, connection: Undone) -> None:
        self.is_mysql = isinstance(database.engine, MySQL)
        self.last = "database"  # the statement that was sent last
        self._prepared = database.statements
        self.texts = database.texts
        self._connection = connection
        self._database = database.over(_OneConnection(connection))
        # Whatever ends our transaction: the next begins by itself, and is not kept either.
        connection.script("SET SESSION autocommit = 0" if self.is_mysql else "BEGIN IMMEDIATE")

    def do(self, bank: Bank, command: Command) -> Result:
        """Do what a bank asks, and let it be undone."""
        self.last = command.name
        try:
            with self._database.session() as session:
                return operation.run(session, bank, command)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            text = _("cannot be used: {error!r}").format(error=error)
            raise WrongError(command.name, text) from error

    def change(self, statement: str, **values: Any) -> int:
        """Run one of the statements that change payments, with its deadline."""
        self.last = statement
        with self._database.session() as session:
            return session.run(statement, **values).changed

    def rows(self, statement: str, **values: Any) -> Sequence[Row]:
        """Run one that reads, and look at what it brings."""
        rows = self._run(statement, self._prepared[statement], values)
        for row in rows:
            _look_at(statement, row)
        return rows

    def plan(self, statement: str, **values: Any) -> Sequence[Row]:
        """Ask the server how it would run a statement."""
        given = {name: VALUES.get(name) for name in statements.values(self.texts[statement])}
        prepared = f"EXPLAIN {self._prepared[statement]}"
        return self._run(statement, prepared, given | values)

    def _run(self, statement: str, prepared: str, given: Mapping[str, Any]) -> Sequence[Row]:
        self.last = statement
        try:
            return self._connection.run(prepared, given, PATIENCE_S).rows
        except KeyError as error:  # the driver misses a value
            text = _("wants :{value}, which it is not given").format(value=error.args[0])
            raise WrongError(statement, text) from error


def _look_at(statement: str, row: Row) -> None:
    for name, kind in COLUMNS.get(statement, {}).items():
        if name not in row:
            text = _("brings no column {name}: add AS {name} to what it is").format(name=name)
            raise WrongError(statement, text)
        value = row[name]
        if name in STATES and value is not None and value not in STATES[name]:
            text = _("brings {value!r} as {name}: expected {states}").format(
                value=value, name=name, states=", ".join(STATES[name])
            )
            raise WrongError(statement, text)
        if value is not None and not isinstance(value, TAKEN[kind]):
            what = _(WRITTEN[type(value)]) if type(value) in WRITTEN else type(value).__name__
            wanted = "DECIMAL(14,2)" if kind is Decimal else kind.__name__
            hint = f": CAST(… AS DECIMAL(14,2)) AS {name}" if kind is Decimal else ""
            text = _("brings {name} as {what}, not as {wanted}").format(
                name=name, what=what, wanted=wanted
            )
            raise WrongError(statement, text + hint)
