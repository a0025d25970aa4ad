"""A storm from its seed to its summary: books of the banks, table and register are compared."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from callback import settings
from callback.database import Database, load_statements
from callback.paths import SQL
from callback.tools.books.entry import Entry, Register
from callback.tools.books.reconcile import Reconciliation
from tests.conftest import MariaDBEngine, flask, settings_toml
from tests.storm import bugs, drill
from tests.storm.bank import Bank, Counts, Customer, Deal
from tests.storm.books import OFFICES, Heard, owed
from tests.storm.command import BUGS as OF_COMMANDS
from tests.storm.weather import Line, Weather, line_to
from tests.support import dialects
from tests.support.processes import HOST, ROOT, Endpoint, MariaDB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from callback.bank import Settings
    from tests.storm.books import Commands, Office

CUSTOMERS = 8
WORKERS = 4
ACCOUNTS = [f"70123{number:05}" for number in range(40)]
# Whose register is the neutral CSV: for these the command itself is run.
NEUTRAL = ("ckassa", "paynet")
WAS_PAID = ("paid", "cancelled")
# So many of the paid are asked for once more when all is over.
ASKED_AFTERWARDS = 0.05
# How often somebody who waits is told how far it is.
TELL_S = 60.0


def _nobody(_line: str) -> None:
    """Whom to tell where nobody asks."""


class Module:
    """What settings_toml wants to know: a bank of every dialect."""

    BANKS = dialects.banks()
    SETTINGS: dict[str, Any] = {}  # noqa: RUF012 - as of a module


@dataclass
class Site:
    """The program, its database, and the line between them."""

    server: MariaDB
    line: Line
    endpoint: Endpoint
    engine: MariaDBEngine
    settings: Settings
    office: Office | None = None

    @property
    def url(self) -> str:
        """Where the banks call."""
        return f"http://{HOST}:{self.endpoint.port}"


@dataclass
class Outcome:
    """What came of a storm: any number among the faults that is not 0 is one of the program's."""

    seed: int
    payments: int
    bug: str = ""
    books: str = ""
    counts: Counts = field(default_factory=Counts)
    weather: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    recorded: int = 0
    total: Decimal = Decimal(0)
    settled_s: float = 0.0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or taken back."""
        return not self.faults.total()

    def complain(self, fault: str, text: str) -> None:
        """Count a fault, and keep the first ones."""
        self.faults[fault] += 1
        if len(self.examples) < 20:
            self.examples.append(f"{fault}: {text}")

    def summary(self) -> dict[str, Any]:
        """Everything as one object of JSON."""
        counts = {name: value for name, value in vars(self.counts).items() if name[0] != "_"}
        return {
            "seed": self.seed,
            "payments": self.payments,
            **({"bug": self.bug} if self.bug else {}),
            **counts,
            **dict(sorted(self.weather.items())),
            "recorded": self.recorded,
            "total": f"{self.total:.2f}",
            **{name: self.faults[name] for name in FAULTS},
            "settled_s": round(self.settled_s, 1),
            "seconds": round(self.seconds, 1),
            "examples": self.examples,
        }


FAULTS = (
    *("lost", "doubled", "ghosts", "differ", "changed", "not final", "told wrongly", "register"),
    "books",
)


@contextmanager
def site(folder: Path, bug: str = "", books: str = "", seed: int = 0) -> Iterator[Site]:
    """A new server, a line, and the program behind it, with its tables and customers.

    `books`: of OFFICES, who keeps them; the customers are then its own.
    """
    (folder / "database").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(MariaDB(folder / "database"))
        server.create_database("usu")
        line = stack.enter_context(line_to(server))
        url = server.url("usu", port=line.port)
        root = bugs.root_of(folder, bug) if bug in bugs.ALL else ROOT
        office = OFFICES[books](server, "usu", folder, seed, ACCOUNTS) if books else None
        toml = settings_toml(url, Module)  # type: ignore[arg-type]
        toml += office.MORE if office else ""
        endpoint = Endpoint(toml, folder, workers=WORKERS, root=root)
        engine = MariaDBEngine(server, "usu")
        if office:
            stack.enter_context(office).start(bug if bug in OF_COMMANDS else "", server.url("usu"))
        else:
            _opened(endpoint, engine)
        for statement in bugs.ALL[bug].sql if bug in bugs.ALL else ():
            engine.execute(statement)
        stack.enter_context(endpoint)
        yield Site(server, line, endpoint, engine, settings.load(endpoint.settings), office)


def _opened(endpoint: Endpoint, engine: MariaDBEngine) -> None:
    made = flask(endpoint.settings, "init-db")
    assert made.returncode == 0, made.stderr
    for account in ACCOUNTS:
        engine.account(account)


def run(
    seed: int,
    payments: int,
    *,
    bug: str = "",
    only: Sequence[str] = (),
    drills: bool = True,
    books: str = "",
    tell: Callable[[str], None] = _nobody,
) -> Outcome:
    """Let a storm of so many payments go over the program.

    `only`: these banks; `books`: who keeps the books meanwhile, by commands that are killed.
    """
    outcome = Outcome(seed, payments, bug, books)
    started = time.monotonic()
    with (
        TemporaryDirectory(prefix="storm") as folder,
        site(Path(folder), bug, books, seed) as place,
    ):
        names = [name for name in place.settings.banks if not only or name in only]
        made = [Bank(place.settings, name, [place.url], seed, outcome.counts) for name in names]
        banks = {bank.name: bank for bank in made}
        deals = [*(_drilled(place, banks) if drills else ()), *_played(outcome, place, banks, tell)]
        audit(outcome, place, banks, deals)
    outcome.seconds = time.monotonic() - started
    return outcome


def _drilled(place: Site, banks: dict[str, Bank]) -> list[Deal]:
    """Before it storms: every dialect, cut where it hurts."""
    dice = random.Random(0)
    return drill.run(place.line, banks.values(), lambda bank: bank.deal(ACCOUNTS[0], dice))


def _played(
    outcome: Outcome, place: Site, banks: dict[str, Bank], tell: Callable[[str], None]
) -> list[Deal]:
    """Play all payments while it storms, and wait until each is final."""
    dice = random.Random(outcome.seed)
    deals = [
        banks[dice.choice([*banks])].deal(dice.choice(ACCOUNTS), dice)
        for _ in range(outcome.payments)
    ]
    weather = Weather(outcome.seed, outcome.payments, place.endpoint, place.server, place.line)
    with ThreadPoolExecutor(CUSTOMERS * 3) as copies, ThreadPoolExecutor(CUSTOMERS) as customers:

        def settle(number: int, deal: Deal) -> None:
            weather.payment_begins()
            customer = Customer(banks[deal.bank], copies, lambda: weather.calm)
            customer.settle(deal, random.Random(f"{outcome.seed} {number}"))

        with weather, working(place.office):
            going = [customers.submit(settle, *one) for one in enumerate(deals)]
            _wait(going, weather, tell)
        for one in going:
            one.result()
    outcome.settled_s = time.monotonic() - weather.ended
    outcome.weather = weather.counts
    if place.office:
        outcome.weather["command killed"] = place.office.kills
    for error in weather.errors:
        outcome.complain("not final", f"it did not start again: {error}")
    _asked_afterwards(outcome, deals, banks)
    return deals


def _wait(going: Sequence[Future[None]], weather: Weather, tell: Callable[[str], None]) -> None:
    """Wait until only the last payments are under way."""
    started = told = time.monotonic()
    while (left := sum(not one.done() for one in going)) > CUSTOMERS and not weather.errors:
        time.sleep(0.05)
        if time.monotonic() - told >= TELL_S:
            told = time.monotonic()
            done = f"{len(going) - left} of {len(going)} payments"
            tell(f"{done} after {(told - started) / 60:.0f} min; {weather.counts.total()} faults")


@contextmanager
def working(office: Office | None) -> Iterator[None]:
    """Have the office do its work all the time; one command after the other is killed."""
    over = threading.Event()

    def work(commands: Commands) -> None:
        while office and not over.is_set():
            office.work(commands)

    hands = office.commands if office else []
    with ThreadPoolExecutor(max(1, len(hands))) as pool:
        going = [pool.submit(work, commands) for commands in hands]
        try:
            yield
        finally:
            over.set()
        for one in going:
            one.result()


def _asked_afterwards(outcome: Outcome, deals: list[Deal], banks: dict[str, Bank]) -> None:
    """Every twentieth: the same answer, long after."""
    with ThreadPoolExecutor(CUSTOMERS) as pool:
        for deal in deals[:: round(1 / ASKED_AFTERWARDS)]:
            bank = banks[deal.bank]
            number = deal.receipts.get("pay", {}).get("number", "")
            if deal.state == "paid" and not (bank.two_phase and not number):
                outcome.counts.add(late=1)
                Customer(bank, pool, lambda: True).repeat(deal, number)


def audit(outcome: Outcome, place: Site, banks: dict[str, Bank], deals: list[Deal]) -> None:
    """Compare the bank's books with the table, and the register with what the program says."""
    place.engine = MariaDBEngine(place.server, "usu")  # the other's link was killed with the server
    rows: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in place.engine.rows("SELECT bank, txn_id, number, amount, state FROM payment"):
        rows.setdefault((row[0], row[1]), []).append(row[2:])
    for deal in deals:
        _compared(outcome, deal, rows.pop((deal.bank, deal.step.id), []))
    for key, more in rows.items():
        if any(state == "paid" for _, _, state in more):
            outcome.complain("doubled", f"{key}: an id that no bank sent")
    _summed(outcome, place, deals)
    if place.office:
        _booked(outcome, place, place.office, deals)
    for name in banks:
        _registered(outcome, place, name, [deal for deal in deals if deal.bank == name])


def _compared(outcome: Outcome, deal: Deal, rows: list[tuple[Any, ...]]) -> None:
    at = f"{deal.bank} {deal.step.id}"
    for fault in deal.faults:
        outcome.complain(
            "changed" if fault.startswith("changed") else "told wrongly", f"{at} {fault}"
        )
    if not deal.state:
        outcome.complain("not final", at)
        return
    if len(rows) > 1:
        outcome.complain("doubled", f"{at}: {len(rows)} rows")
    state = rows[0][2] if rows else "nothing"
    if deal.state == "paid" and state != "paid":
        outcome.complain("lost", f"{at} is {state}")
    elif deal.state != "paid" and state == "paid":
        outcome.complain("ghosts", f"{at} is paid, though the bank knows it as {deal.state}")
    elif deal.state == "cancelled" and state != "cancelled":
        outcome.complain("lost", f"{at} is {state}, not cancelled")
    elif deal.state == "paid" and rows[0][:2] != (deal.step.account, f"{deal.step.sum:.2f}"):
        outcome.complain("differ", f"{at} is {rows[0]}, not {deal.step.sum:.2f}")


def _summed(outcome: Outcome, place: Site, deals: list[Deal]) -> None:
    paid = [deal.step.sum for deal in deals if deal.state == "paid"]
    outcome.recorded, outcome.total = len(paid), sum(paid, Decimal(0))
    told = place.engine.rows("SELECT COALESCE(SUM(amount), 0) FROM payment WHERE state = 'paid'")
    if Decimal(told[0][0]) != outcome.total:
        outcome.complain("differ", f"the table has {told[0][0]}, the banks {outcome.total:.2f}")


def _booked(outcome: Outcome, place: Site, office: Office, deals: list[Deal]) -> None:
    """In calm weather the office comes to its end; then its program has what the banks have."""
    office.calm()
    steps = {(deal.bank, deal.step.id): deal for deal in deals if deal.state in WAS_PAID}
    paid = {key: (deal.step.account, deal.step.sum) for key, deal in steps.items()}
    heard = Heard(paid, {key for key, deal in steps.items() if deal.state == "cancelled"})
    for fault in office.faults(heard, lambda account: owed(place.endpoint, account)):
        outcome.complain("books", fault)


def _registered(outcome: Outcome, place: Site, name: str, deals: list[Deal]) -> None:
    """Next day the register comes: nothing must differ."""
    paid = [deal.step for deal in deals if deal.state == "paid"]
    entries = [Entry(line, one.id, one.account, one.sum, one.at) for line, one in enumerate(paid)]
    database = Database(place.settings.engine, load_statements(SQL), 1)
    bank = place.settings.banks[name]
    report = Reconciliation(database, bank, Register(entries, [])).compare()
    database.close()
    for finding in report.findings:
        if report.differs:
            outcome.complain("register", f"{name}: {finding}")
    if name in NEUTRAL:
        lines = [f"{one.id};{one.account};{one.sum:.2f};{one.at}\n" for one in paid]
        file = place.endpoint.settings.parent / f"{name}.csv"
        file.write_text("txn_id;account;sum;date\n" + "".join(lines))
        done = flask(place.endpoint.settings, "reconcile", name, str(file))
        if paid and done.returncode:
            outcome.complain("register", f"flask reconcile {name}: {done.stdout}{done.stderr}")
