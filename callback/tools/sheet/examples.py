"""Example calls with their answers: asked by the suite's simulator, answered by the program itself.

The operations run on a database that is made for the purpose and thrown away, so that no answer
is written here by hand. No secret of the settings takes part: examples are signed with an invented
one.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from callback import operation
from callback.database import Database, load_statements
from callback.database.sqlite import SQLite
from callback.model import Result
from callback.paths import SQL
from callback.protocols import PROTOCOLS, answer
from callback.tools.conform.model import Step
from callback.tools.conform.simulators import SIMULATORS
from callback.wire import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.bank import Bank
    from callback.model import Command
    from callback.tools.conform.model import Act, Request
    from callback.tools.conform.simulator import Simulator

# Looks like what it is, wherever it is pasted.
EXAMPLE_SECRET = b"example-only"
# Stands in examples for what only the bank's private key, or ours, could make.
SIGN = "HEX"
_RSA_SIGN = b"example"
PAYER_NAME, PAYER_ADDRESS = "Серова Анна Олеговна", "Абая, 1, 12"
OWED = Decimal("3200.00")
HUNDRED = Decimal("100.00")
HOUR = timedelta(hours=1)
# Ids that nobody takes for real ones; the second payment of a scenario is the next.
FIRST_ID = 18000001
# The lengths that numbers mostly have come first.
LENGTHS = (10, 8, 6, 5, 12, 7, 9, 11, 4, 3, 2, 1, *range(13, 65))
NUMBERS = ("7012340001" * 7, "A1234567" * 8, "AB123456" * 8, "A-000123" * 8, "a1234567" * 8)
# What stands for the last character in a number that nobody has.
OTHERS = "9876543210ZA"


class NoNumberError(Exception):
    """No number could be made up that account_pattern lets in."""


class Example(NamedTuple):
    """One call: what it shows (a key of `texts.EXAMPLES`), what is sent, what comes."""

    what: str
    act: Act
    request: Request
    answer: Answer


class Scenario(NamedTuple):
    """What the examples are about; nothing of it exists."""

    account: str
    unknown: str  # empty where none can be made up
    sum: Decimal
    owed: Decimal
    at: datetime


def invent_scenario(bank: Bank, account: str = "") -> Scenario:
    """Make up a payer who may be paid for; NoNumberError when the pattern is too strange."""
    account = account or next(_numbers(bank), "")
    if bank.account_refusal(account):
        raise NoNumberError
    others = (account[:-1] + last for last in OTHERS if last != account[-1])
    unknown = next((other for other in others if not bank.account_refusal(other)), "")
    amount = min(max(HUNDRED, bank.min_sum), bank.max_sum)
    now = datetime.now(bank.timezone).replace(microsecond=0, tzinfo=None)
    # An invoice may have to be paid by its whole sum.
    return Scenario(account, unknown, amount, amount if bank.payer == "invoice" else OWED, now)


def without_secrets(bank: Bank) -> Bank:
    """The same bank without its secrets; those that sign get invented ones."""
    own = dict(bank.own)
    if own.get("bank_key"):
        own["bank_key"] = lambda _signature, _text: True
    if own.get("own_key"):
        own["own_key"] = lambda _text: _RSA_SIGN
    secret = (EXAMPLE_SECRET,) if bank.secret else ()
    password = (EXAMPLE_SECRET,) if PROTOCOLS[bank.protocol].CREDENTIALS_INSIDE else ()
    return bank.but(own=own, secret=secret, password=password)


def examples(bank: Bank, scenario: Scenario) -> list[Example]:
    """Play the scenario; nothing where the dialect has no simulator."""
    if bank.protocol not in SIMULATORS:
        return []
    bank = without_secrets(bank)
    simulator = SIMULATORS[bank.protocol](bank)
    if bank.own.get("bank_key"):
        simulator.sign = lambda _query: _RSA_SIGN
    with _books(bank, scenario) as database:
        return _ExampleRunner(simulator, database, scenario).run_all()


def shown_signs(text: str) -> str:
    """Write a text of an example with SIGN for what nobody here can sign."""
    return text.replace(_RSA_SIGN.hex(), SIGN)


@dataclass
class _ExampleRunner:
    """Sends one request after another and keeps the answers."""

    simulator: Simulator
    database: Database
    scenario: Scenario
    examples: list[Example] = field(default_factory=list)

    def run_all(self) -> list[Example]:
        """The operations in an order in which each has something to show."""
        self._run_checks()
        first = self._new("pay")
        paid = self._run("book" if self.simulator.SHEET.two_phase else "pay", first)
        self._run("again", first)
        self._run("other", replace(first, sum=first.sum + 1))
        if self.simulator.SHEET.two_phase:
            self._run_second_phase(first, paid)
        else:
            self._run_rest(first, paid)
        self._add_no_answer()
        if "password" in self.simulator.acts:  # the last: another one holds then
            self._run("password", self._new("password"))
        return self.examples

    def _run_checks(self) -> None:
        steps: Act = "check" if "check" in self.simulator.acts else "pay"
        if steps == "check":
            self._run("check", self._new("check"))
        if self.scenario.unknown:
            self._run("unknown", replace(self._new(steps, 2), account=self.scenario.unknown))

    def _run_second_phase(self, first: Step, booked: Result) -> None:
        """One booking is given up, another becomes a payment."""
        self._run("cancel", _follow_up("cancel", first, booked))
        second = self._new("pay", 1)
        booked = self._run("book another", second)
        perform = _follow_up("perform", second, booked)
        self._run("perform", perform)
        self._run("perform again", perform)
        for act in ("status", "statement"):
            if act in self.simulator.acts:
                self._run(act, self._ask_back(act, second, booked))

    def _run_rest(self, first: Step, paid: Result) -> None:
        for act in ("status", "statement", "cancel"):
            if act in self.simulator.acts:
                refused = act == "cancel" and not self.simulator.refunds()
                what = "no cancel" if refused else act
                self._run(what, self._ask_back(act, first, paid))

    def _add_no_answer(self) -> None:
        """The last request that moved money, when the database is gone."""
        moved = "perform" if self.simulator.SHEET.two_phase else "pay"
        last = next(example for example in self.examples if example.what == moved)
        command = self._read(last.request)
        no_answer = answer(self.simulator.bank, command, Result("temporary"))
        self.examples.append(last._replace(what="later", answer=no_answer))

    def _ask_back(self, act: Act, step: Step, paid: Result) -> Step:
        question = _follow_up(act, step, paid)
        if act == "statement":
            return replace(question, at=step.at - HOUR, until=step.at + HOUR)
        return question

    def _new(self, act: Act, number: int = 0) -> Step:
        account, amount, at = self.scenario.account, self.scenario.sum, self.scenario.at
        return Step(act, self.simulator.id(FIRST_ID + number), account, amount, at)

    def _run(self, what: str, step: Step) -> Result:
        """Ask as handlers.py does, without a network."""
        request = self.simulator.request(step)
        command = self._read(request)
        with self.database.session() as session:
            result = operation.run(session, self.simulator.bank, command)
        self.examples.append(
            Example(what, step.act, request, answer(self.simulator.bank, command, result))
        )
        return result

    def _read(self, request: Request) -> Command:
        bank, body = self.simulator.bank, request.body or b""
        query, kind = request.query.encode(), request.content_type
        return PROTOCOLS[bank.protocol].read(
            bank, Call(request.method, request.path, query, kind, body)
        )


@contextmanager
def _books(bank: Bank, scenario: Scenario) -> Iterator[Database]:
    """A database with the payer of the scenario, thrown away afterwards."""
    with TemporaryDirectory() as folder:
        engine = SQLite(Path(folder) / "examples.db")
        engine.create()
        database = Database(engine, load_statements(SQL), 1)
        database.script(engine.SCHEMA)
        is_account = bank.payer == "account"
        other = f"of {scenario.account}"
        looked_up = bank.account_number(scenario.account)
        number = looked_up if is_account else other
        invoice = other if is_account else looked_up
        with database.session() as session:
            session.run("sheet_account", number=number, name=PAYER_NAME, address=PAYER_ADDRESS)
            session.run("sheet_invoice", account=number, number=invoice, amount=scenario.owed)
        try:
            yield database
        finally:
            database.close()


def _follow_up(act: Act, step: Step, paid: Result) -> Step:
    return replace(step, act=act, number=str(paid.payment.id) if paid.payment else "")


def _numbers(bank: Bank) -> Iterator[str]:
    for text in NUMBERS:
        for length in LENGTHS:
            if not bank.account_refusal(text[:length]):
                yield text[:length]
