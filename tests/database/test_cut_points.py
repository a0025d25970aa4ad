"""Every place where a pay may be cut from the database, and every order of two at once.

The link is broken inside the driver, at each of its reads and writes: nothing is left to luck, and
nobody waits for a time limit.
"""

from __future__ import annotations

import io
import itertools
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import pytest

from callback import operation, settings
from callback.database import Database, load_statements
from callback.database.errors import DatabaseError
from callback.database.mysql import MySQLConnection
from callback.model import Cancel, Pay, Perform, Status
from callback.paths import SQL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from _typeshed import WriteableBuffer

    from callback.database import Session
    from callback.model import Command
    from tests.conftest import Engine

pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
BANKS = """
[BANKS.plat]
protocol = "cyberplat"
allow = ["127.0.0.1"]
cancel = true

[BANKS.bills]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"
"""
ACCOUNT = "7012340001"
PAY = Pay(
    name="payment",
    txn_id="1",
    account=ACCOUNT,
    amount=Decimal("100.00"),
    paid_at=datetime(2026, 11, 3),  # noqa: DTZ001
)
STATUS = Status(name="status", txn_id="1")
CANCEL = Cancel(name="cancel", txn_id="1", refund=True)
# Before the server has what is written, or after; what is read is lost, or does not come; what is
# written is on its way until we have given up.
Way = Literal["before", "after", "lost", "silent", "held"]
WAYS: tuple[Way, ...] = ("before", "after", "lost", "silent", "held")
MOST = 40  # reads and writes of a pay, connecting included


@dataclass
class Fault:
    """Breaks the link at one of its reads and writes, counted from the first, once."""

    at: int
    way: Way
    count: int = 0
    kind: str = ""  # of what stood there: "read" or "write"
    late: list[Callable[[], None]] = field(default_factory=list)

    def strikes(self, kind: str) -> bool:
        """Whether it is here."""
        self.count += 1
        if self.count == self.at:
            self.kind = kind
            return (kind == "write") == (self.way in ("before", "after", "held"))
        return False

    def deliver(self) -> None:
        """Let arrive what was held, and be done."""
        for one in self.late:
            one()
        self.late.clear()


class Link:
    """A socket that a fault may break."""

    def __init__(self, real: socket.socket, fault: Fault) -> None:
        self._real, self._fault = real, fault
        self._silent = False
        self._kept = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def sendall(self, data: bytes) -> None:
        """One write."""
        if self._silent:
            return
        if not self._fault.strikes("write"):
            self._real.sendall(data)
            return
        if self._fault.way == "held":
            self._silent = self._kept = True
            self._fault.late.append(lambda: self._deliver(data))
            return
        if self._fault.way == "after":
            self._real.sendall(data)
            self._real.recv(65536)  # so the server has done it
        self._real.close()
        raise ConnectionResetError("cut by the test")

    def recv_into(self, buffer: WriteableBuffer) -> int:
        """One read."""
        if self._silent:
            raise TimeoutError("silent by the test")
        if self._fault.strikes("read"):
            self._silent = True
            if self._fault.way == "lost":
                raise ConnectionResetError("cut by the test")
            raise TimeoutError("silent by the test")
        return self._real.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What the driver reads from."""
        return io.BufferedReader(_Raw(self))

    def close(self) -> None:
        """The kernel goes on to deliver what was written."""
        if not self._kept:
            self._real.close()

    def shutdown(self, how: int) -> None:
        """Likewise."""
        if not self._kept:
            self._real.shutdown(how)

    def _deliver(self, data: bytes) -> None:
        with self._real, suppress(OSError):
            self._real.sendall(data)
            self._real.settimeout(5)
            self._real.recv(65536)


class _Raw(io.RawIOBase):
    def __init__(self, link: Link) -> None:
        self._link = link

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        return self._link.recv_into(buffer)


@dataclass
class Desk:
    """The operation itself, on a database of this process."""

    database: Database
    banks: Any
    name: str = "plat"

    @property
    def bank(self) -> Any:
        """Whose commands they are."""
        return self.banks[self.name]

    def run(self, command: Command) -> str:
        """What it comes to; "unknown" where the bank is told to ask again."""
        try:
            with self.database.session() as session:
                return operation.run(session, self.bank, command).outcome
        except DatabaseError:
            return "unknown"


@pytest.fixture
def desk(engine: Engine, folder: Path) -> Iterator[Desk]:
    """With one customer."""
    engine.account(ACCOUNT)
    given = settings.load(folder / "config.toml")
    database = Database(given.engine, load_statements(SQL), 4)
    yield Desk(database, given.banks)
    database.close()


@contextmanager
def struck(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> Iterator[None]:
    """Links made meanwhile have the fault."""
    connect = socket.create_connection
    with monkeypatch.context() as patch:
        make = lambda *args, **options: Link(connect(*args, **options), fault)  # noqa: E731
        patch.setattr("pymysql.connections.socket.create_connection", make)
        yield


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded."""
    return engine.rows("SELECT txn_id, amount, state FROM payment")


ONE = [("1", "100.00", "paid")]


@pytest.mark.parametrize("way", WAYS)
def test_a_pay_that_is_cut_anywhere_is_right_after_one_repeat(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    """Connecting included: each read, each write; what was held arrives before the repeat."""
    places = 0
    for at in range(1, MOST):
        desk.database.close()
        fault = Fault(at, way)
        with struck(monkeypatch, fault):
            first = desk.run(PAY)
        assert first in ("ok", "unknown")
        if first == "ok":
            assert rows(engine) == ONE
        desk.database.close()
        fault.deliver()
        assert desk.run(PAY) in ("ok", "duplicate_same"), (at, first)
        assert rows(engine) == ONE
        engine.execute("DELETE FROM payment")
        places += fault.kind != ""
        if not fault.kind:
            break
    assert 8 < places < MOST - 1


@pytest.mark.parametrize("command", [STATUS, CANCEL], ids=["status", "cancel"])
@pytest.mark.parametrize("way", ["before", "after", "held"])
def test_what_is_said_of_a_pay_that_was_cut_anywhere_stays_true(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch, way: Way, command: Command
) -> None:
    """The bank does not know, and asks; then what was held arrives."""
    monkeypatch.setattr("callback.database.ATTEMPTS", 1)  # it does not send it again by itself
    asked = 0
    for at in range(1, MOST):
        desk.database.close()
        fault = Fault(at, way)
        with struck(monkeypatch, fault):
            first = desk.run(PAY)
        desk.database.close()
        monkeypatch.setattr("callback.database.ATTEMPTS", 8)
        told = desk.run(command)
        monkeypatch.setattr("callback.database.ATTEMPTS", 1)
        assert told in ("ok", "payment_not_found")
        asked += first == "unknown"
        fault.deliver()
        paid = [row for row in rows(engine) if row[2] == "paid"]
        assert paid == (ONE if told == "ok" and command is STATUS else [])
        engine.execute("DELETE FROM payment")
        if not fault.kind:
            break
    assert asked > 3


@dataclass(frozen=True)
class Step:
    """Another way than a plain pay: what has been done before, what is cut, what is there then."""

    command: Command
    before: Sequence[Command] = ()
    left: str = "paid"
    bank: str = "plat"


# Two phases (click, payme, uzum), a cancel of either, and invoices, which are paid once by whole.
BOOKING = PAY.but(state="created")
PERFORM = Perform(name="perform", txn_id="1", of_sum=PAY.amount, paid_at=PAY.paid_at)
RELEASE = Cancel(name="cancel", txn_id="1", booked=True)
BILL = PAY.but(account=f"{ACCOUNT}-1", exact=True)
STEPS = {
    "booking": Step(BOOKING, left="created"),
    "perform": Step(PERFORM, [BOOKING]),
    "release": Step(RELEASE, [BOOKING], left="cancelled"),
    "refund": Step(CANCEL, [PAY], left="cancelled"),
    "refund in two phases": Step(RELEASE.but(refund=True), [BOOKING, PERFORM], left="cancelled"),
    "invoice": Step(BILL, bank="bills"),
    "booking of an invoice": Step(BILL.but(state="created"), left="created", bank="bills"),
    "perform of an invoice": Step(PERFORM, [BILL.but(state="created")], bank="bills"),
}


@pytest.fixture
def one_bill(engine: Engine, desk: Desk) -> Desk:
    """A customer whose one invoice is of the sum that is paid."""
    engine.execute("UPDATE invoice SET amount = 100.00")
    return desk


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_every_other_step_that_is_cut_anywhere_is_right_after_one_repeat(
    engine: Engine, one_bill: Desk, monkeypatch: pytest.MonkeyPatch, step: Step, way: Way
) -> None:
    """As a pay is: whatever the first was told, the repeat is told that it is done."""
    desk = replace(one_bill, name=step.bank)
    wanted = [("1", "100.00", step.left)]
    places = 0
    for at in range(1, MOST):
        assert {desk.run(command) for command in step.before} <= {"ok"}
        desk.database.close()
        fault = Fault(at, way)
        with struck(monkeypatch, fault):
            first = desk.run(step.command)
        assert first in ("ok", "unknown"), at
        assert first == "unknown" or rows(engine) == wanted
        desk.database.close()
        fault.deliver()
        assert desk.run(step.command) in ("ok", "duplicate_same"), (at, first)
        assert rows(engine) == wanted
        engine.execute("DELETE FROM payment")
        places += fault.kind != ""
        if not fault.kind:
            break
    assert 8 < places < MOST - 1


@dataclass
class Turns:
    """Lets two callers run one statement after the other, in an order that is given."""

    order: Sequence[int]
    _next: int = 0
    _gone: set[int] = field(default_factory=set)
    _turn: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def of(self, who: int) -> Iterator[None]:
        """Wait for my turn; who has used up his, or whose other has gone, runs freely."""
        with self._turn:
            self._turn.wait_for(lambda: self._is_mine(who))
            yield
            if self._next < len(self.order) and self.order[self._next] == who:
                self._next += 1
            self._turn.notify_all()

    def leave(self, who: int) -> None:
        """Nobody waits for me any more."""
        with self._turn:
            self._gone.add(who)
            self._turn.notify_all()

    def _is_mine(self, who: int) -> bool:
        while self._next < len(self.order) and self.order[self._next] in self._gone:
            self._next += 1
        return self._next >= len(self.order) or self.order[self._next] == who


def orders(first: int, second: int) -> list[list[int]]:
    """All orders of so many statements of the first and of the second."""
    places = range(first + second)
    return [
        [0 if place in chosen else 1 for place in places]
        for chosen in itertools.combinations(places, first)
    ]


def at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, turns: Turns, *commands: Command
) -> list[str]:
    """Run two commands, a statement of one and of the other in turn."""
    me = threading.local()
    right, clock = MySQLConnection.run, MySQLConnection._time  # noqa: SLF001

    def run(connection: MySQLConnection, *args: Any) -> Any:
        with turns.of(me.who):
            return right(connection, *args)

    def time(connection: MySQLConnection) -> Any:
        with turns.of(me.who):
            return clock(connection)

    def call(who: int, session: Session, command: Command) -> str:
        me.who = who
        try:
            return operation.run(session, desk.bank, command).outcome
        except DatabaseError:
            return "unknown"
        finally:
            session.release()
            turns.leave(who)

    with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(MySQLConnection, "run", run)
        patch.setattr(MySQLConnection, "_time", time)
        # Both callers are here before the first statement runs.
        with desk.database.session() as one, desk.database.session() as other:
            calls = [
                pool.submit(call, who, session, command)
                for who, (session, command) in enumerate(zip((one, other), commands, strict=True))
            ]
            said = [call.result() for call in calls]
    desk.database.close()
    return said


def test_two_equal_pays_in_every_order_are_one(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By statement, all seventy: the clock, the INSERT, the look, and one more, of each."""
    for order in orders(4, 4):
        said = at_once(desk, monkeypatch, Turns(order), PAY, PAY)
        assert sorted(said) == ["duplicate_same", "ok"], order
        assert rows(engine) == ONE
        engine.execute("DELETE FROM payment")


@pytest.mark.parametrize("command", [STATUS, CANCEL], ids=["status", "cancel"])
def test_a_pay_and_what_is_asked_of_it_agree_in_every_order(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    """Whoever is told "no such payment" is not paid, whatever ran first."""
    seen = set()
    for order in orders(3, 4):
        pay, told = at_once(desk, monkeypatch, Turns(order), PAY, command)
        seen.add((pay, told))
        paid = [row for row in rows(engine) if row[2] == "paid"]
        if told == "payment_not_found":
            assert (pay, rows(engine)) == ("unknown", []), order
        elif told == "ok":
            assert paid == (ONE if command is STATUS else []), order
        else:  # a cancel that came before what it found
            assert (command, told, pay, paid) == (CANCEL, "unknown", "ok", ONE), order
        engine.execute("DELETE FROM payment")
    assert "payment_not_found" in {told for _, told in seen}


# Two at once, of which both may be told what stands here; and what is there then.
PAIRS: dict[str, tuple[Step, Step, set[tuple[str, str]]]] = {
    "bookings": (STEPS["booking"], STEPS["booking"], {("duplicate_same", "ok")}),
    "performs": (STEPS["perform"], STEPS["perform"], {("duplicate_same", "ok")}),
    "releases": (STEPS["release"], STEPS["release"], {("duplicate_same", "ok")}),
    "refunds": (STEPS["refund"], STEPS["refund"], {("duplicate_same", "ok")}),
    "perform and release": (
        STEPS["perform"],
        STEPS["release"],
        {("ok", "cancel_refused"), ("payment_cancelled", "ok")},
    ),
    "perform and refund": (
        STEPS["perform"],
        Step(RELEASE.but(refund=True), [BOOKING], left="cancelled"),
        {("ok", "ok"), ("payment_cancelled", "ok")},
    ),
    "pays of one invoice": (
        STEPS["invoice"],
        Step(BILL.but(txn_id="2"), bank="bills"),
        {("ok", "already_paid"), ("already_paid", "ok")},
    ),
    "performs of one invoice": (
        STEPS["perform of an invoice"],
        Step(
            PERFORM.but(txn_id="2"),
            [BILL.but(state="created"), BILL.but(txn_id="2", state="created")],
            bank="bills",
        ),
        {("ok", "already_paid"), ("already_paid", "ok")},
    ),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_two_at_once_agree_with_what_is_recorded_in_every_order(
    engine: Engine,
    one_bill: Desk,
    monkeypatch: pytest.MonkeyPatch,
    pair: tuple[Step, Step, set[tuple[str, str]]],
) -> None:
    """One of them is first, and both are told so."""
    one, other, allowed = pair
    desk = replace(one_bill, name=one.bank)
    for order in orders(3, 3):
        for command in other.before:
            assert desk.run(command) == "ok"
        said = at_once(desk, monkeypatch, Turns(order), one.command, other.command)
        told = tuple(said) if one.command != other.command else tuple(sorted(said))
        assert told in allowed, order
        assert {row[2] for row in rows(engine) if row[2] != "created"} <= states(pair, told), order
        assert sum(row[2] == "paid" for row in rows(engine)) == ("paid" in states(pair, told))
        engine.execute("DELETE FROM payment")


def states(pair: tuple[Step, Step, Any], told: tuple[str, ...]) -> set[str]:
    """What payments may be after it; a cancel that was done is the last."""
    done = [step.left for step, word in zip(pair[:2], told, strict=True) if word == "ok"]
    return {"cancelled"} if "cancelled" in done else {*done} - {"created"}
