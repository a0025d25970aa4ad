"""flask reconcile names every difference between the bank's register and our payments."""

from __future__ import annotations

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from callback import create_app, settings
from callback.database import Database, load_statements
from callback.tools.books import register
from callback.tools.books.reconcile import Reconciliation
from tests.support.processes import ROOT
from tests.tools.books.test_register import ONE_C, QIWI, SBER, STATEMENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from click.testing import Result as ClickResult

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

    Command = Callable[..., CompletedProcess[str]]
    Reconcile = Callable[..., "Result"]
    Flask = Callable[..., ClickResult]

BANKS = f"""
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
timezone = "Europe/Moscow"

[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]

[BANKS.invoices]
protocol = "kaspi"
allow = ["127.0.0.1"]
payer = "invoice"

[BANKS.sber]
protocol = "files"
register = {{ separator = ";", encoding = "windows-1251", skip = 0, txn_id = 5, account = 6,
    sum = 10, date = 1, time = 2, date_form = "%d-%m-%Y", time_form = "%H-%M-%S", total = "=",
    total_count = 1, total_sum = 2 }}

[BANKS.several]
protocol = "files"
account_clean = "digits"
services = {{ 17 = {{ prefix = "17-" }}, 18 = {{ prefix = "18-", currency = "USD" }} }}
register = {{ service = 5, net = 6, commission = 7 }}

[BANKS.statement]
{ONE_C}
""".replace("account = 6,\n    sum", "account = 6, sum").replace(
    '",\n    total_count', '", total_count'
)
CSV = "txn_id;account;sum;date\n"


class Result(NamedTuple):
    """What the command said."""

    status: int
    lines: list[str]  # of the differences
    stderr: str

    @property
    def names(self) -> list[str]:
        """What the differences are called, with the payments."""
        return [line.split("  ")[0] for line in self.lines]


@pytest.fixture
def flask(database: Engine, folder: Path) -> Flask:
    """Run a command inside of this process: many are run here."""
    assert database
    runner = create_app(folder / "config.toml").test_cli_runner()
    return lambda *args: runner.invoke(args=list(args), catch_exceptions=False)


@pytest.fixture
def reconcile(flask: Flask, tmp_path: Path) -> Reconcile:
    """Compare a register, given as its text."""

    def run(bank: str, content: str | bytes, *options: str) -> Result:
        file = tmp_path / "register.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = flask("reconcile", bank, str(file), *options)
        lines = [line for line in done.stdout.splitlines() if ": " in line.split("  ")[0]]
        lines = [line for line in lines if not line.startswith(("in the register:", "with us:"))]
        return Result(done.exit_code, lines, done.stderr)

    return run


PAYMENT = (
    "INSERT INTO payment (bank, txn_id, number, account_id, invoice_id, amount, currency, state,"
    " paid_at, created_at, performed_at) SELECT ?, ?, ?, a.id, (SELECT id FROM invoice WHERE"
    " number = ?), ?, 'KZT', ?, ?, '2026-11-04 05:00:00', ? FROM account AS a WHERE a.number = ?"
)


def paid(engine: Engine, bank: str, *payment: str) -> None:
    """Record a payment of ours: id, account (for "invoices" its first invoice), sum, date."""
    txn_id, account, amount, when = payment
    invoice = f"{account}-1" if bank == "invoices" else None
    done = "2026-11-04 05:00:00"
    number = invoice or account
    engine.execute(PAYMENT, bank, txn_id, number, invoice, amount, "paid", when, done, account)


def state(engine: Engine, txn_id: str, to: str, performed_at: str | None) -> None:
    """Change the state of a payment."""
    update = "UPDATE payment SET state = ?, performed_at = ? WHERE txn_id = ?"
    engine.execute(update, to, performed_at, txn_id)


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    """All payments, without times of ours."""
    return engine.rows("SELECT bank, txn_id, account_id, amount, state FROM payment ORDER BY id")


@pytest.fixture
def qiwi(engine: Engine) -> Engine:
    """We hold what QIWI's register of the sheet holds."""
    engine.account("7012340001")
    engine.account("7012340002")
    paid(engine, "qiwi", "18000002", "7012340001", "1200.00", "2026-11-03 09:15:00")
    paid(engine, "qiwi", "18000007", "7012340002", "0.50", "2026-11-03 23:59:58")
    return engine


@pytest.mark.parametrize(
    "content", [QIWI, "\ufeff" + QIWI, QIWI.replace("\r\n", "\n"), "r@company.example\r\n" + QIWI]
)
def test_both_sides_agree(qiwi: Engine, reconcile: Reconcile, content: str) -> None:
    """registers.md, section 6, row 1."""
    done = reconcile("qiwi", content)

    assert (done.status, done.lines) == (0, [])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1200.50", "1200.51"),
        ("Total:\t2", "Total:\t3"),
        ("Total:\t2\t1200.50\r\n", ""),
        ("Total:\t2\t1200.50\r\n", "Total:\t2\t1200.50\r\n18000009\t03.11.2026\r\n"),
    ],
)
def test_a_refused_file_books_nothing(
    qiwi: Engine, reconcile: Reconcile, old: str, new: str
) -> None:
    """Row 2."""
    qiwi.execute("DELETE FROM payment")
    done = reconcile("qiwi", QIWI.replace(old, new), "--book")

    assert (done.status, done.lines) == (2, [])
    assert ": refused: line " in done.stderr
    assert rows(qiwi) == []


def test_what_is_missing_is_named_then_booked_once(qiwi: Engine, reconcile: Reconcile) -> None:
    """Row 3; the row in the table tells that it came from a register."""
    qiwi.execute("DELETE FROM payment WHERE txn_id = '18000007'")
    named, booked, again = (reconcile("qiwi", QIWI, *book) for book in ([], ["--book"], ["--book"]))

    assert (named.status, named.names) == (1, ["only in the register: 18000007"])
    assert (booked.status, booked.names) == (0, ["booked: 18000007"])
    assert (again.status, again.lines) == (0, [])
    found = qiwi.rows(
        "SELECT txn_id, paid_at, state, currency FROM payment WHERE created_at > performed_at"
    )
    assert found == [("18000007", "2026-11-03 23:59:58.000", "paid", "KZT")]


def test_what_is_booked_is_in_the_log(qiwi: Engine, command: Command, tmp_path: Path) -> None:
    """A line each."""
    qiwi.execute("DELETE FROM payment WHERE txn_id = '18000007'")
    file = tmp_path / "register.csv"
    file.write_text(QIWI)
    done = command("reconcile", "qiwi", str(file), "--book")
    line = json.loads(done.stderr)
    del line["time"]

    assert done.returncode == 0
    assert line == {
        "bank": "qiwi",
        "command": "book",
        "txn_id": "18000007",
        "account": "7012340002",
        "sum": "0.50",
        "outcome": "ok",
        "line": 2,
    }


def test_the_day_is_the_banks(qiwi: Engine, reconcile: Reconcile) -> None:
    """Row 4: paid at 23:59:59, received after midnight; and of the days around, nothing."""
    for txn_id, when in (
        ("1", "2026-11-02 23:59:59.999"),
        ("0", "2026-11-03 00:00:00"),
        ("18000009", "2026-11-03 23:59:59"),
        ("2", "2026-11-04 00:00:00"),
    ):
        paid(qiwi, "qiwi", txn_id, "7012340002", "7.00", when)
    paid(qiwi, "kaspi", "3", "7012340002", "7.00", "2026-11-03 12:00:00")
    done = reconcile("qiwi", QIWI)

    assert (done.status, done.names) == (1, ["only with us: 0", "only with us: 18000009"])
    wider = reconcile("qiwi", QIWI, "--from", "2026-11-02", "--to", "2026-11-04")
    assert wider.names == [f"only with us: {one}" for one in ("1", "0", "18000009", "2")]


@pytest.mark.parametrize(
    ("change", "name", "remark"),
    [
        ("amount = '1200.01'", "differs", "another sum; ours: 18000002 7012340001 1200.01"),
        ("number = '7012340002'", "differs", "another account; ours: 18000002 7012340002"),
        (
            "paid_at = '2026-11-02 09:15:00'",
            "differs",
            "another day; ours: 18000002 7012340001 1200.00 2026-11-02 09:15:00",
        ),
        ("state = 'cancelled'", "cancelled here", "ours: 18000002"),
        ("state = 'cancelled', performed_at = NULL", "cancelled here", "ours: 18000002"),
    ],
)
def test_a_difference_is_shown_with_both_sides_and_never_changed(
    qiwi: Engine, reconcile: Reconcile, change: str, name: str, remark: str
) -> None:
    """Row 5, and another account or day."""
    qiwi.execute(f"UPDATE payment SET {change} WHERE txn_id = '18000002'")
    before = rows(qiwi)
    for options in ([], ["--book"]):
        done = reconcile("qiwi", QIWI, *options)
        assert (done.status, done.names) == (1, [f"{name}: 18000002"])
        assert remark in done.lines[0]
    assert rows(qiwi) == before


def test_a_cancelled_payment_that_the_bank_does_not_list_is_no_difference(
    qiwi: Engine, reconcile: Reconcile
) -> None:
    """Both sides say that nothing was paid; nor does a booking without money count."""
    paid(qiwi, "qiwi", "9", "7012340001", "5.00", "2026-11-03 12:00:00")
    paid(qiwi, "qiwi", "8", "7012340001", "5.00", "2026-11-03 12:00:00")
    state(qiwi, "9", "cancelled", "2026-11-03 12:00:00")
    state(qiwi, "8", "created", None)

    assert reconcile("qiwi", QIWI) == (0, [], "")


def test_a_booking_whose_money_came_becomes_a_payment(qiwi: Engine, reconcile: Reconcile) -> None:
    """Once; another sum is left alone."""
    state(qiwi, "18000002", "created", None)
    state(qiwi, "18000007", "created", None)
    qiwi.execute("UPDATE payment SET amount = '0.60' WHERE txn_id = '18000007'")
    named = reconcile("qiwi", QIWI)
    booked = reconcile("qiwi", QIWI, "--book")

    assert named.names == ["only in the register: 18000002", "differs: 18000007"]
    assert (booked.status, booked.names) == (1, ["differs: 18000007", "booked: 18000002"])
    assert [row[4] for row in rows(qiwi)] == ["paid", "created"]


@pytest.mark.parametrize(
    ("account", "status", "name"),
    [("71599", 1, "nobody's"), ("71503", 0, "booked"), ("71504", 0, "booked")],
)
def test_money_of_a_closed_account_is_booked_and_of_nobody_is_not(
    engine: Engine, reconcile: Reconcile, account: str, status: int, name: str
) -> None:
    """Row 6."""
    engine.account("71503", state="closed")
    engine.account("71504", state="blocked")
    content = f"{CSV}81000502;{account};5000000000.00;2026-11-03 10:15:00\n"
    done = reconcile("kaspi", content, "--book")

    assert (done.status, done.names) == (status, [f"{name}: 81000502"])
    assert len(rows(engine)) == (name == "booked")


def test_an_invoice_is_booked_whatever_its_state(engine: Engine, reconcile: Reconcile) -> None:
    """The money is there."""
    engine.account("5", owes="10.00")
    engine.invoice("5", "5-2", "10.00", state="cancelled")
    paid(engine, "invoices", "1", "5", "10.00", "2026-11-03 10:15:00")
    content = CSV + "".join(
        f"{txn_id};{number};10.00;2026-11-03 10:15:00\n"
        for txn_id, number in (("1", "5-1"), ("2", "5-1"), ("3", "5-2"), ("4", "5"))
    )
    done = reconcile("invoices", content, "--book")

    assert (done.status, done.names) == (1, ["nobody's: 4", "booked: 2", "booked: 3"])
    numbers = engine.rows(
        "SELECT p.txn_id, i.number FROM payment AS p JOIN invoice AS i ON i.id = p.invoice_id"
        " ORDER BY p.txn_id"
    )
    assert numbers == [("1", "5-1"), ("2", "5-1"), ("3", "5-2")]


def test_probably_the_same_is_not_booked(engine: Engine, reconcile: Reconcile) -> None:
    """Row 7: another id, the same account, sum and day."""
    engine.account("31004571")
    paid(engine, "sber", "900001", "31004571", "640.30", "2026-11-03 01:00:00")
    for options in ([], ["--book"]):
        done = reconcile("sber", SBER.encode("cp1251"), *options)
        assert (done.status, done.names) == (1, ["probably the same: 718293"])
    assert len(rows(engine)) == 1


def test_two_pairs_alike_are_not_paired(engine: Engine, reconcile: Reconcile) -> None:
    """Nobody knows which is which."""
    engine.account("a")
    for txn_id in ("1", "2"):
        paid(engine, "kaspi", txn_id, "a", "5.00", "2026-11-03 01:00:00")
    done = reconcile("kaspi", f"{CSV}3;a;5.00;2026-11-03\n")

    assert done.names == ["only in the register: 3", "only with us: 1", "only with us: 2"]


@pytest.mark.parametrize(
    "row", ["81000502;71501;5,000;2026-11-03", "81000503;;10.00;2026-11-03", "8;7;6"]
)
def test_a_file_with_a_rejected_row_books_nothing(
    engine: Engine, reconcile: Reconcile, row: str
) -> None:
    """Row 9."""
    engine.account("71501")
    done = reconcile("kaspi", f"{CSV}7;71501;1.00;2026-11-03\n{row}\n", "--book")

    assert done.status == 2
    assert done.names == ["only in the register: 7", "rejected: line 3"]
    assert rows(engine) == []


def test_one_id_with_two_sums_refuses_the_file(engine: Engine, reconcile: Reconcile) -> None:
    """Row 9, its last part."""
    engine.account("71501")
    content = f"{CSV}7;71501;1.00;2026-11-03\n7;71501;1.01;2026-11-03\n"

    assert reconcile("kaspi", content, "--book").status == 2
    assert rows(engine) == []


def test_a_payment_that_arrives_meanwhile_is_not_booked_again(
    qiwi: Engine, folder: Path, tmp_path: Path
) -> None:
    """The unique key decides, not what was seen before."""
    qiwi.execute("DELETE FROM payment")
    file = tmp_path / "register.csv"
    file.write_text(QIWI)
    given = settings.load(folder / "config.toml")
    bank, statements = given.banks["qiwi"], load_statements(ROOT / "sql")
    database = Database(given.engine, statements, 1)
    comparison = Reconciliation(database, bank, register.read(bank, file))
    comparison.compare()
    paid(qiwi, "qiwi", "18000002", "7012340001", "1200.00", "2026-11-03 09:15:00")
    paid(qiwi, "qiwi", "18000007", "7012340001", "0.50", "2026-11-03 23:59:58")
    report = comparison.book()

    assert [(one.name, one.detail) for one in report.findings] == [("differs", "another account")]
    assert (report.matched.count, report.ours.count) == (1, 2)
    assert len(rows(qiwi)) == 2


@pytest.mark.slow
def test_two_runs_at_once_book_each_payment_once(
    engine: Engine, command: Command, tmp_path: Path
) -> None:
    """Cron may start one while somebody runs another."""
    engine.account("a")
    file = tmp_path / "register.csv"
    file.write_text(CSV + "".join(f"{n};a;1.00;2026-11-03\n" for n in range(200)))
    with ThreadPoolExecutor(3) as pool:
        runs = pool.map(lambda _: command("reconcile", "kaspi", str(file), "--book"), range(3))

    assert [run.returncode for run in runs] == [0, 0, 0]
    assert engine.rows("SELECT COUNT(*), COUNT(DISTINCT txn_id) FROM payment") == [(200, 200)]


def test_an_empty_day(qiwi: Engine, reconcile: Reconcile) -> None:
    """Row 10; yesterday's, unless the days are said."""
    empty = "Total:\t0\t0.00\r\n"

    assert reconcile("qiwi", empty).status == 0
    done = reconcile("qiwi", empty, "--from", "2026-11-03", "--to", "2026-11-03")
    assert (done.status, len(done.lines)) == (1, 2)
    now = datetime.now(ZoneInfo("Europe/Moscow"))
    yesterday = (now - timedelta(days=1)).strftime("%Y-%m-%d 12:00:00")
    qiwi.execute("UPDATE payment SET paid_at = ?", yesterday)
    assert reconcile("qiwi", empty).status == 1


def test_a_statement_without_a_protocol_is_booked(engine: Engine, reconcile: Reconcile) -> None:
    """Row 11: a bank that nobody of calls, its statement in the format of 1C."""
    engine.account("31004571")
    content = STATEMENT.encode("cp1251")
    first, again = (reconcile("statement", content, "--book") for _ in range(2))
    rent = STATEMENT.replace("Оплата за услуги, л/с 31004571", "аренда")

    assert (first.status, first.names) == (0, ["booked: 40817810000000000007/4512/20261103"])
    assert (again.status, again.lines) == (0, [])
    done = reconcile("statement", rent, "--book", "--from", "2026-11-02", "--to", "2026-11-02")
    assert (done.status, done.names[0].split(": ")[0]) == (1, "no number in the purpose")


def test_a_bank_without_a_protocol_has_no_address(endpoint: Endpoint) -> None:
    """Nobody is answered there."""
    assert endpoint.call("/statement").status == 404
    assert endpoint.call("/statement/").status == 404


@pytest.mark.slow
def test_machines_read_json(qiwi: Engine, command: Command, tmp_path: Path) -> None:
    """An object a difference, and the totals."""
    qiwi.execute("UPDATE payment SET amount = '1200.01' WHERE txn_id = '18000002'")
    file = tmp_path / "register.csv"
    file.write_text(QIWI)
    done = command("reconcile", "qiwi", str(file), "--json")
    difference, totals = map(json.loads, done.stdout.splitlines())

    assert done.returncode == 1
    assert (difference["name"], difference["line"]) == ("differs", 1)
    assert difference["ours"]["sum"] == "1200.01"
    assert totals == {
        "name": "totals",
        "bank": "qiwi",
        "first": "2026-11-03",
        "last": "2026-11-03",
        "agreed": False,
        "register": {"count": 2, "sum": "1200.50"},
        "ours": {"count": 2, "sum": "1200.51"},
        "matched": {"count": 1, "sum": "0.50"},
        "differs": {"count": 1, "sum": "1200.00"},
    }


SEVERAL = f"""{CSV[:-1]};service;net;fee
901;701-234-00-01;100.00;2026-11-03 10:15:00;17;98.50;1.50
902;701 2340001;200.00;2026-11-03 10:16:00;18;197.00;3.00
903;7012340001;300.00;2026-11-03 10:17:00;19;;x
"""


@pytest.mark.slow
def test_a_register_of_several_services_is_booked_for_each(
    engine: Engine, command: Command, tmp_path: Path
) -> None:
    """The sum is credited; net and commission are told, as far as they are there."""
    for number in ("7012340001", "17-7012340001", "18-7012340001"):
        engine.account(number)
    file = tmp_path / "register.csv"
    file.write_text(SEVERAL)
    missing = command("reconcile", "several", str(file), "--json").stdout.splitlines()
    assert json.loads(missing[0])["register"]["commission"] == "1.50"
    booked = command("reconcile", "several", str(file), "--book")

    assert engine.rows(
        "SELECT p.txn_id, p.number, a.number, p.amount, p.currency FROM payment AS p"
        " JOIN account AS a ON a.id = p.account_id ORDER BY p.txn_id"
    ) == [
        ("901", "17-701-234-00-01", "17-7012340001", "100.00", "KZT"),
        ("902", "18-701 2340001", "18-7012340001", "200.00", "USD"),
    ]
    assert [" ".join(line.split()) for line in booked.stdout.splitlines()[-2:]] == [
        "net in the register: 2 295.50",
        "commission in the register: 2 4.50",
    ]
    again = command("reconcile", "several", str(file), "--json").stdout.splitlines()
    assert [json.loads(line)["name"] for line in again] == ["only in the register", "totals"]
    totals = json.loads(again[-1])
    assert totals["matched"] == {"count": 2, "sum": "300.00"}
    assert totals["sums"]["net"] == {"count": 2, "sum": "295.50"}


@pytest.mark.slow
def test_without_a_database_the_status_is_its_own(
    command: Command, folder: Path, tmp_path: Path
) -> None:
    """Neither agreed nor different nor refused."""
    settings = folder / "config.toml"
    text = settings.read_text()
    file = tmp_path / "register.csv"
    file.write_text(QIWI)
    try:
        settings.write_text(f'DATABASE = "sqlite:///{tmp_path}/none.db"\n' + _without(text))
        done = command("reconcile", "qiwi", str(file))
    finally:
        settings.write_text(text)

    assert done.returncode == 3
    assert "The database does not answer" in done.stderr


def _without(text: str) -> str:
    return "".join(line + "\n" for line in text.split("\n") if not line.startswith("DATABASE"))


# --- fifty differences of every kind ---

KINDS = (
    "only in the register",
    "only with us",
    "another sum",
    "another account",
    "another day",
    "cancelled here",
    "probably the same",
    "twice",
    "unknown account",
    "booking without money",
)


PERFORMED = "2026-11-04 05:00:00"
STATES = {"cancelled here": ("cancelled", PERFORMED), "booking without money": ("created", None)}


class Seeded(NamedTuple):
    """A register and what is to be found in it, by id."""

    content: str
    expected: Counter[tuple[str, str]]


def seed(engine: Engine, number: int) -> Seeded:
    """Play two days of payments, with five differences of each kind strewn among them."""
    dice = random.Random(number)
    accounts = [f"{n:05}" for n in range(40)]
    register, payments, expected = [], [], Counter[tuple[str, str]]()
    kinds = [*KINDS * 5, *["agreed"] * 150]
    dice.shuffle(kinds)
    for place, kind in enumerate(kinds):
        txn_id, account = str(10**9 + place), dice.choice(accounts)
        # Every sum is another, also after "another sum": no pair is alike by chance.
        amount = f"{place + 1}.{dice.randrange(50):02}"
        day = dice.choice(("2026-11-03", "2026-11-04"))
        when = f"{day} {dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}"
        ours, theirs = [txn_id, account, amount, when], [txn_id, account, amount, when]
        name = _disturb(kind, ours, theirs, accounts)
        if kind not in ("only in the register", "unknown account"):
            payments.append([*ours, *STATES.get(kind, ("paid", PERFORMED))])
        if kind != "only with us":
            register += [";".join(theirs)] * (2 if kind == "twice" else 1)
        if name:
            expected[name, theirs[0]] += 1
    dice.shuffle(register)
    record(engine, accounts, payments)
    return Seeded(CSV + "\n".join(register) + "\n", expected)


def record(engine: Engine, accounts: list[str], payments: list[Any]) -> None:
    """Insert all at once: MariaDB waits for the disk after each statement."""
    marks = ", ".join(["(?)"] * len(accounts))
    engine.execute(f"INSERT INTO account (number) VALUES {marks}", *accounts)
    ids = dict(engine.rows("SELECT number, id FROM account"))
    values = [
        value
        for txn_id, account, amount, when, to, performed in payments
        for value in (
            *("kaspi", txn_id, account, ids[account], amount, "KZT", to, when),
            *(PERFORMED, performed),
        )
    ]
    marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(payments))
    engine.execute(
        "INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state, paid_at,"
        f" created_at, performed_at) VALUES {marks}",
        *values,
    )


def _disturb(kind: str, ours: list[str], theirs: list[str], accounts: list[str]) -> str:
    """Make the two sides differ; return the name that the report must give it."""
    if kind == "another sum":
        whole, cents = ours[2].split(".")
        theirs[2] = f"{whole}.{int(cents) + 50}"
    elif kind == "another account":
        theirs[1] = accounts[(accounts.index(ours[1]) + 1) % len(accounts)]
    elif kind == "another day":
        ours[3] = ours[3].replace("2026-11-03", "2026-11-02").replace("2026-11-04", "2026-11-05")
    elif kind == "probably the same":
        theirs[0] = f"9{theirs[0]}"
    elif kind == "unknown account":
        theirs[1] = "99999"
    if kind.startswith("another"):
        return "differs"
    if kind in ("unknown account", "booking without money"):
        return "only in the register"
    return "" if kind == "agreed" else kind


@pytest.mark.parametrize("number", [1, 2])
def test_fifty_differences_are_all_found_and_none_invented(
    engine: Engine, flask: Flask, tmp_path: Path, number: int
) -> None:
    """Five of each of ten kinds among 150 payments that agree; then booked, then booked again."""
    seeded = seed(engine, number)
    file = tmp_path / "register.csv"
    file.write_text(seeded.content)

    def found(*options: str) -> tuple[int, Counter[tuple[str, str]]]:
        done = flask("reconcile", "kaspi", str(file), "--json", *options)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        named = [
            (one["name"], (one["register"] or one["ours"])["txn_id"])
            for one in lines
            if one["name"] != "totals"
        ]
        return done.exit_code, Counter(named)

    assert sum(seeded.expected.values()) == 50
    assert found() == (1, seeded.expected)

    missing = Counter(key for key in seeded.expected if key[0] == "only in the register")
    rest = seeded.expected - missing
    status, booked = found("--book")
    assert status == 1
    assert booked - rest == Counter(
        {
            ("nobody's" if _is_nobodys(seeded, txn_id) else "booked", txn_id): 1
            for _, txn_id in missing
        }
    )
    before = rows(engine)
    status, again = found("--book")
    assert (status, rows(engine)) == (1, before)
    assert again - rest == Counter(
        {("nobody's", txn_id): 1 for _, txn_id in missing if _is_nobodys(seeded, txn_id)}
    )


def _is_nobodys(seeded: Seeded, txn_id: str) -> bool:
    return f"{txn_id};99999;" in seeded.content
