"""Several services of one bank, numbers as people write them, commissions: in every dialect.

The banks are those of test_every_dialect.py: a dialect joins with its simulator and its BANK.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback.database import Database, load_statements
from callback.paths import SQL
from callback.protocols import PROTOCOLS
from callback.tools.books.entry import Entry, Register
from callback.tools.books.reconcile import Reconciliation
from callback.tools.conform import run
from callback.tools.conform.play import CENT, Play
from callback.tools.conform.simulators import SIMULATORS
from tests.protocols.test_every_dialect import PLAYS, TWO_PHASES, alarms, read
from tests.support import dialects

if TYPE_CHECKING:
    from collections.abc import Callable

    from callback.bank import Bank, Settings
    from callback.tools.conform.model import Act, Step
    from tests.conftest import Engine
    from tests.support.processes import Endpoint

BANKS = dialects.several()
NUMBER, SHORT = "7012340001", "7012341"
# What people write instead.
SPELLINGS = ("701 234-00-01", "(701) 234 00 01", "701\u00a0234\u201100\u201101", " 7012340001 ")
OTHERS = ("701/2340001", "701.2340001", "7O12340001", "70123٤0001", "-", "701-234-00-02")
UNKNOWN = "99"

for_every_bank = pytest.mark.parametrize("bank", PLAYS)


@pytest.fixture(scope="module")
def accounts(database: Engine) -> Engine:
    """Each service has a customer of that number, and so have those who belong to none."""
    database.clean()
    for number in (f"17-{NUMBER}", f"18-{NUMBER}", NUMBER, f"17-{SHORT}", SHORT):
        database.account(number, "Серова Анна", owes="3200.00")
    return database


@pytest.fixture
def books(accounts: Engine) -> Engine:
    """The accounts, and no payments."""
    accounts.execute("DELETE FROM payment")
    return accounts


@pytest.fixture
def start(books: Engine, endpoint: Endpoint) -> Callable[[str, str], Play]:
    """Begin a play of one service of a bank."""
    settings = read(endpoint.settings)
    site = f"http://127.0.0.1:{endpoint.port}"

    def begin(name: str, service: str) -> Play:
        bank = of_service(settings, name, service)
        client = run.client(settings, bank, site, 60)
        # Each service has ids of its own here; an id belongs to the bank.
        seed = 1795000000000 + int(service)
        return Play(SIMULATORS[bank.protocol](bank), client, NUMBER, seed=seed)

    return begin


def of_service(settings: Settings, name: str, service: str) -> Bank:
    """The bank for one of its services, or for one that it does not have."""
    services = settings.banks[name].services
    if service in services:
        return services[service]
    bank = services["18"]
    own: dict[str, Any] = dict(bank.own)
    setting = PROTOCOLS[bank.protocol].SERVICE
    if setting:
        value = own[setting]
        several = isinstance(value, tuple)
        own[setting] = (type(value[0])(service),) if several else type(value)(service)
    return bank.but(service=service, own=own)


def recorded(books: Engine, bank: str) -> list[tuple[Any, ...]]:
    """What was typed, who is credited, how much and in what, in the order of recording."""
    return books.rows(
        "SELECT p.number, a.number, p.amount, p.currency FROM payment AS p"
        " JOIN account AS a ON a.id = p.account_id WHERE p.bank = ? ORDER BY p.id",
        bank,
    )


def line_of(endpoint: Endpoint, step: Step) -> dict[str, Any]:
    """The last line of the log about a payment."""
    return [line for line in endpoint.log() if line.get("txn_id") == step.id][-1]


@for_every_bank
def test_a_number_is_found_however_it_is_written(
    start: Callable[..., Play], books: Engine, endpoint: Endpoint, bank: str
) -> None:
    """What was typed is what is stored and logged; another spelling of it is no other number."""
    play = start(bank, "17")
    seen = len(endpoint.log())
    for spelling in SPELLINGS:
        step = play.new(account=spelling)
        first = play.expect(step, "ok")
        assert line_of(endpoint, step)["account"] == spelling
        play.same(first, play.expect(step, "duplicate_same"))
        play.expect(replace(step, account=NUMBER), "duplicate_same")
        if bank in TWO_PHASES:
            # Who names no account in it is told the spelling of the booking.
            names_it = "account" in play.simulator.SHEET.slots.get("perform", ())
            spelt = replace(step, account=NUMBER) if names_it else step
            play.expect(play.later("perform", spelt, first), "ok")
    assert alarms(endpoint, bank, seen) == []
    assert [row[:2] for row in recorded(books, bank)] == [
        (f"17-{spelling}", f"17-{NUMBER}") for spelling in SPELLINGS
    ]

    step = play.new()
    play.expect(step, "ok")
    play.expect(replace(step, account=SHORT), "duplicate_other")
    assert alarms(endpoint, bank, seen) == ["duplicate_other"]


@for_every_bank
def test_nothing_but_blanks_and_dashes_is_taken_away(
    start: Callable[..., Play], books: Engine, bank: str
) -> None:
    """Other signs stay, and are for the pattern to refuse; a number too long to keep is refused."""
    play = start(bank, "17")
    too_long = f"{NUMBER[:-1]}{'-' * 200}{NUMBER[-1]}"
    for number in (*OTHERS, too_long):
        play.expect(play.new(account=number), "bad_account", "unknown_account", "missing")

    assert recorded(books, bank) == []


@for_every_bank
def test_each_service_has_its_own_customers_pattern_limits_and_currency(
    start: Callable[..., Play], books: Engine, endpoint: Endpoint, bank: str
) -> None:
    """The bank's settings hold where a service has none of its own."""
    plays = {service: start(bank, service) for service in ("17", "18")}
    for service, play in plays.items():
        step = play.new()
        play.expect(step, "ok")
        line = line_of(endpoint, step)
        assert (line["service"], line["account"]) == (service, NUMBER)
    plays["17"].expect(plays["17"].new(account=SHORT), "ok")
    plays["18"].expect(plays["18"].new(account=SHORT), "bad_account", "unknown_account")
    much = Decimal("1000.00") + CENT
    plays["17"].expect(plays["17"].new(sum=much), "sum_too_large")
    plays["18"].expect(plays["18"].new(sum=much), "ok")

    assert [(row[1], row[3]) for row in recorded(books, bank)] == [
        (f"17-{NUMBER}", "USD"),
        (f"18-{NUMBER}", "KZT"),
        (f"17-{SHORT}", "USD"),
        (f"18-{NUMBER}", "KZT"),
    ]
    if "statement" in play.simulator.acts:
        statement = play.new("statement", at=step.at.replace(hour=0, minute=0), until=step.at)
        came = play.expect(replace(statement, until=play.new().at), "ok").exchange
        assert came is not None
        assert "17-" + NUMBER not in came.came


@for_every_bank
def test_an_unknown_service_is_refused(
    start: Callable[..., Play], books: Engine, endpoint: Endpoint, bank: str
) -> None:
    """In the dialect's own word, and the log says which outcome it was."""
    play = start(bank, UNKNOWN)
    word = "bad_service" if "bad_service" in play.simulator.codes else "bad_request"
    word = dialects.table(play.simulator.bank.protocol, "NO_SERVICE") or word
    acts: list[Act] = [act for act in ("check", "pay") if act in play.simulator.acts]
    for act in acts:
        play.expect(play.new(act), word)
        line = [line for line in endpoint.log() if line.get("bank") == bank][-1]
        # By some sheets it is answered like a wrong sign.
        assert line["outcome"] in ("bad_service", word, "not_authenticated")
        assert "service" not in line

    assert recorded(books, bank) == []


@for_every_bank
def test_an_id_is_one_payment_whatever_service_it_comes_with(
    start: Callable[..., Play], books: Engine, endpoint: Endpoint, bank: str
) -> None:
    """The same number at another service is another customer's; of no service, it is a repeat."""
    play = start(bank, "17")
    step = play.new()
    play.expect(step, "ok")
    seen = len(endpoint.log())
    start(bank, "18").expect(step, "duplicate_other")
    assert alarms(endpoint, bank, seen) == ["duplicate_other"]

    stranger = start(bank, UNKNOWN)
    if not dialects.table(stranger.simulator.bank.protocol, "SERVICE_FIRST"):
        stranger.expect(step, "duplicate_same")
        stranger.expect(replace(step, account=NUMBER[::-1]), "duplicate_other")

    assert [row[0] for row in recorded(books, bank)] == [f"17-{NUMBER}"]
    # One that was recorded before there were services is of none of them.
    books.execute("UPDATE payment SET number = ? WHERE txn_id = ?", NUMBER, step.id)
    play.expect(step, "duplicate_other")


@for_every_bank
def test_a_register_tells_the_service_too(
    start: Callable[..., Play], books: Engine, endpoint: Endpoint, bank: str
) -> None:
    """What is missing is booked for the service's customer; without a service, for nobody."""
    play = start(bank, "17")
    paid = play.pay(play.new(account=SPELLINGS[0])).step
    lost, other, nobody = (play.new(id=f"{number}") for number in (501, 502, 503))
    entries = [
        Entry(1, paid.id, NUMBER, paid.sum, paid.at, service="17"),
        Entry(2, lost.id, SPELLINGS[1], lost.sum, lost.at, service="18"),
        Entry(3, other.id, NUMBER, other.sum, other.at, service=UNKNOWN),
        Entry(4, nobody.id, NUMBER, nobody.sum, nobody.at),
    ]
    settings = read(endpoint.settings)
    database = Database(settings.engine, load_statements(SQL), 1)
    reconciliation = Reconciliation(database, settings.banks[bank], Register(entries, []))
    assert reconciliation.compare().matched.count == 1
    report = reconciliation.book()

    names = sorted((finding.line, finding.name) for finding in report.findings)
    assert names == [(2, "booked"), (3, "nobody's"), (4, "nobody's")]
    assert [(*row[:2], row[3]) for row in recorded(books, bank)] == [
        (f"17-{SPELLINGS[0]}", f"17-{NUMBER}", "USD"),
        (f"18-{SPELLINGS[1]}", f"18-{NUMBER}", "KZT"),
    ]


@for_every_bank
def test_further_sums_are_logged_and_not_credited(
    start: Callable[..., Play], books: Engine, endpoint: Endpoint, bank: str
) -> None:
    """What the sheet credits is credited, whatever else the request tells of sums."""
    play = start(bank, "17")
    step = play.new(extra=(("zz_all", "303.50"), ("zz_fee", "3.50")))
    play.expect(step, "ok")
    line = line_of(endpoint, step)
    assert (line["sum"], line["gross"], line["commission"]) == (f"{step.sum:.2f}", "303.50", "3.50")
    assert "net" not in line

    strange = play.new(extra=(("zz_all", "<b>1</b>"), ("zz_fee", "1e9")))
    play.expect(strange, "ok")
    assert not {"gross", "commission"} & line_of(endpoint, strange).keys()
    assert {Decimal(row[2]) for row in recorded(books, bank)} == {step.sum}
