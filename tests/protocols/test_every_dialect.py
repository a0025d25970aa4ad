"""The suite that every dialect must pass, over both databases, with a look into the books.

The cases are those of `flask conform` (callback/tools/conform/suite.py). A dialect joins by its
simulator and the BANK of its tests; one without them fails here.
"""

from __future__ import annotations

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pytest

from callback import settings
from callback.database import Database, load_statements
from callback.paths import SQL
from callback.protocols import PROTOCOLS
from callback.tools.books.entry import Entry, Register
from callback.tools.books.reconcile import Reconciliation, Report
from callback.tools.conform import reading_cases, run
from callback.tools.conform.play import CENT, Booked, Others, Play
from callback.tools.conform.simulator import QuerySimulator
from callback.tools.conform.simulators import SIMULATORS
from callback.tools.conform.suite import CASES, Case, lacks
from tests.conftest import Engine, MariaDBEngine, SQLiteEngine, flask, settings_toml
from tests.support import dialects, sites
from tests.support.answers import broken
from tests.support.processes import HOST, CuttingProxy, Endpoint, Rule, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from callback.bank import Settings
    from callback.tools.conform.model import Act, Proof, Reading, Step

BANKS = dialects.banks()
ACCOUNT = "7012340001"
# Unknown, closed, blocked, overpaid.
OTHERS = ("7012340009", "7012340003", "7012340004", "7012340005")
QUIET = "7012340002"  # owes nothing
PARALLEL = 64


def read(path: Path) -> Settings:
    """The settings of a file."""
    return settings.load(path)


def invented() -> Settings:
    """The banks, to know before any server runs which cases are theirs."""

    class Module:
        BANKS = BANKS

    with TemporaryDirectory() as folder:
        toml = settings_toml("sqlite:///none.db", Module)  # type: ignore[arg-type]
        return read(write_settings(toml, Path(folder)))


def make_play(given: Settings, bank: str, site: str, parallel: int = PARALLEL) -> Play:
    """A play of a bank at a site, which knows accounts of all kinds."""
    return Play(
        simulator=SIMULATORS[given.banks[bank].protocol](given.banks[bank]),
        client=run.client(given, given.banks[bank], site, 60),
        account=ACCOUNT,
        seed=1795000000000,
        others=Others(*OTHERS),
        parallel=parallel,
    )


PLAYS = {name: make_play(invented(), name, "http://127.0.0.1") for name in invented().banks}
TOLD = [
    pytest.param(bank, case, id=f"{bank}: {case.sentence}")
    for bank, play in PLAYS.items()
    for case in CASES
    if lacks(play, case) is None
]
TWO_PHASES = [bank for bank, play in PLAYS.items() if play.simulator.SHEET.two_phase]
for_every_bank = pytest.mark.parametrize("bank", PLAYS)


def opened(database: Engine) -> Engine:
    """The database with one account of each kind; the first owes 3200.00."""
    database.clean()
    database.account(ACCOUNT, "Серова Анна", owes="3200.00")
    database.account(OTHERS[1], state="closed")
    database.account(OTHERS[2], state="blocked")
    database.account(OTHERS[3], owes="-50.00")
    database.account(QUIET, owes="0.00")
    return database


@pytest.fixture(scope="module")
def accounts(database: Engine) -> Engine:
    """The database with its accounts."""
    return opened(database)


@pytest.fixture
def books(accounts: Engine) -> Engine:
    """The accounts, and no payments."""
    accounts.execute("DELETE FROM payment")
    return accounts


@pytest.fixture
def start(books: Engine, endpoint: Endpoint) -> Callable[[str], Play]:
    """Begin a play of a bank."""
    given = read(endpoint.settings)
    return lambda bank: make_play(given, bank, f"http://127.0.0.1:{endpoint.port}")


def recorded(engine: Engine, bank: str) -> dict[str, Booked]:
    """What stands in the books of a bank, in the words of a play."""
    rows = engine.rows("SELECT txn_id, number, amount, state FROM payment WHERE bank = ?", bank)
    found = {row[0]: Booked(row[1], Decimal(row[2]), row[3]) for row in rows}
    assert len(found) == len(rows)
    return found


def batched(readings: list[Reading], size: int) -> Iterator[list[Reading]]:
    """The answers by request, where each was sent so many times."""
    for at in range(0, len(readings), size):
        yield readings[at : at + size]


def alarms(endpoint: Endpoint, bank: str, seen: int) -> list[str]:
    """The outcomes that were logged as alarms since so many lines."""
    lines = endpoint.log()[seen:]
    return [line["outcome"] for line in lines if line.get("alarm") and line["bank"] == bank]


def test_every_dialect_has_a_player_and_a_bank_here() -> None:
    """All that are called: a bank of statements on paper has no address."""
    called = {name for name, dialect in PROTOCOLS.items() if dialect.PATHS}

    assert set(SIMULATORS) == called
    assert {bank.protocol for bank in invented().banks.values()} == called


def test_every_case_is_played_somewhere() -> None:
    """A case that no bank plays proves nothing."""
    at_invoices = {case for case in CASES if "invoice" in case.needs.split()}  # test_conform.py

    assert {case for _, case in (one.values for one in TOLD)} == set(CASES) - at_invoices


@pytest.mark.parametrize(("bank", "case"), TOLD)
def test_every_bank_plays(
    start: Callable[[str], Play], books: Engine, bank: str, case: Case
) -> None:
    """The endpoint does what the sheet wants, and its books hold exactly what the play says."""
    play = start(bank)
    play.begin()

    assert run.judge(play, case) == ("", "", "")
    assert recorded(books, bank) == play.books


@for_every_bank
def test_the_log_names_the_first_fault(
    start: Callable[[str], Play], endpoint: Endpoint, bank: str
) -> None:
    """Where sheet and simulator speak of the same outcomes: also of those that share a code."""
    play = start(bank)
    if not isinstance(play.simulator, QuerySimulator):
        return
    seen = len(endpoint.log())
    pairs = [*reading_cases.two_faults(play)]
    for step, _, _ in pairs:
        play.ask(step)
    outcomes = [line["outcome"] for line in endpoint.log()[seen:] if line["command"] != "check"]

    assert len(pairs) > 15
    wanted = [first.outcome for _, first, _ in pairs]
    assert list(zip(pairs, outcomes, strict=True)) == list(zip(pairs, wanted, strict=True))


@for_every_bank
def test_an_answer_says_its_type_and_charset(start: Callable[[str], Play], bank: str) -> None:
    """To the letter: some read no further than that."""
    play = start(bank)
    types = set()
    for step in (play.new(), play.new(account=play.unknown)):
        reply = play.client.send(play.simulator.request(step))
        types.add(reply.headers["content-type"])

    assert types < {
        "application/json; charset=utf-8",
        "application/xml; charset=utf-8",
        "text/xml; charset=utf-8",
    }
    assert len(types) == 1


@for_every_bank
def test_the_limits_are_within_the_limits(
    start: Callable[[str], Play], books: Engine, bank: str
) -> None:
    """The largest sum is paid, and in the first and the last second of a sheet's years."""
    play = start(bank)
    play.pay(play.new(sum=play.simulator.bank.max_sum))
    if play.simulator.SHEET.bounded_years:
        play.pay(play.new(at=datetime(1970, 1, 1)))  # noqa: DTZ001 - the bank's
        play.pay(play.new(at=datetime(2099, 12, 31, 23, 59, 59)))  # noqa: DTZ001

    assert recorded(books, bank) == play.books


@for_every_bank
def test_a_check_tells_what_the_settings_show(start: Callable[[str], Play], bank: str) -> None:
    """The name masked, the debt exactly; of who owes nothing, nothing."""
    play = start(bank)
    if "check" not in play.simulator.acts:
        return
    reading = play.expect(play.new("check"), "ok")
    assert reading.debt == (Decimal("3200.00") if "debt" in play.simulator.bank.show else None)
    assert reading.name == ("С*** А***" if "name" in play.simulator.bank.show else None)

    reading = play.expect(play.new("check", account=QUIET), "ok")
    assert reading.debt in (Decimal("0.00"), None)
    assert play.last is not None
    assert "-0.00" not in play.last.came


@for_every_bank
def test_a_repeat_is_answered_though_the_account_was_closed_since(
    start: Callable[[str], Play], books: Engine, bank: str
) -> None:
    """A known payment wins over every refusal; in two phases the booking can be performed, too."""
    play = start(bank)
    step = play.new()
    first = play.expect(step, "ok")
    books.execute("UPDATE account SET state = 'closed' WHERE number = ?", ACCOUNT)
    try:
        play.same(first, play.expect(step, "duplicate_same"))
        if play.simulator.SHEET.two_phase:
            play.expect(play.later("perform", step, first), "ok")
        play.expect(play.new(), "account_closed")
    finally:
        books.execute("UPDATE account SET state = 'active' WHERE number = ?", ACCOUNT)

    assert recorded(books, bank) == play.books


_OTHER = f"(SELECT id FROM account WHERE number = '{OTHERS[1]}')"
_MOVES = f"UPDATE payment SET account_id = {_OTHER}"
# What may happen to the books between a payment and its repeat.
OFFICE = {
    "corrects a number": [f"UPDATE account SET number = '0957835960' WHERE number = '{ACCOUNT}'"],
    "moves the payments": [_MOVES],
    "merges two customers": [
        _MOVES,
        f"UPDATE invoice SET account_id = {_OTHER}",
        f"DELETE FROM account WHERE number = '{ACCOUNT}'",
    ],
    "deletes a customer": [
        "DELETE FROM invoice",
        f"DELETE FROM account WHERE number = '{ACCOUNT}'",
    ],
}


@pytest.fixture
def office(books: Engine, request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Do what the office does; afterwards the books are as they were."""

    def does() -> None:
        for statement in OFFICE[request.param]:
            books.execute(statement)

    yield does
    opened(books)


def agreed(engine: Engine, given: Settings, bank: str, *paid: Step) -> Report:
    """Compare a register of these payments."""
    entries = [
        Entry(line, one.id, one.account, one.sum, one.at) for line, one in enumerate(paid, start=1)
    ]
    database = Database(given.engine, load_statements(SQL), 1)
    return Reconciliation(database, given.banks[bank], Register(entries, [])).compare()


@for_every_bank
@pytest.mark.parametrize("office", OFFICE, indirect=True)
def test_what_the_office_does_to_its_books_is_nothing_to_the_bank(
    start: Callable[[str], Play],
    books: Engine,
    endpoint: Endpoint,
    bank: str,
    office: Callable[[], None],
) -> None:
    """What was recorded is compared with what was typed, not with what became of the account."""
    play = start(bank)
    seen = len(endpoint.log())
    paid = play.pay()
    step = play.new()
    first = play.expect(step, "ok")
    office()

    play.same(first, play.expect(step, "duplicate_same"))
    if play.simulator.SHEET.two_phase:
        perform = play.later("perform", step, first)
        play.same(play.expect(perform, "ok"), play.expect(perform, "duplicate_same"))
        play.same(paid.performed, play.expect(paid.perform, "duplicate_same"))
    if "status" in play.simulator.acts:
        play.same(paid.performed, play.expect(play.later("status", paid.step, paid.first), "ok"))
    report = agreed(books, read(endpoint.settings), bank, paid.step, step)
    assert (report.findings, report.matched.count) == ([], 2)
    if play.simulator.refunds():
        cancel = play.later("cancel", paid.step, paid.first)
        play.same(play.expect(cancel, "ok"), play.expect(cancel, "duplicate_same"))
    assert alarms(endpoint, bank, seen) == []
    assert recorded(books, bank) == play.books

    play.expect(replace(step, account=OTHERS[1]), "duplicate_other")
    assert alarms(endpoint, bank, seen) == ["duplicate_other"]


@for_every_bank
def test_a_number_is_compared_exactly(
    start: Callable[[str], Play], books: Engine, bank: str
) -> None:
    """Zeros before it count, and it is not cut: no other customer gets the money."""
    play = start(bank)
    for account in (f"0{ACCOUNT[:-1]}", ACCOUNT[1:], f"{ACCOUNT}0", ACCOUNT[:-1]):
        play.expect(play.new(account=account), "unknown_account", "bad_account")

    assert recorded(books, bank) == {}


@for_every_bank
def test_other_data_under_a_known_id_is_an_alarm(
    start: Callable[[str], Play], endpoint: Endpoint, bank: str
) -> None:
    """So is a caller who is not the bank; a good call is none."""
    play = start(bank)
    seen = len(endpoint.log())
    step = play.new()
    play.expect(step, "ok")
    assert alarms(endpoint, bank, seen) == []

    play.expect(replace(step, sum=step.sum + CENT), "duplicate_other")
    play.expect(replace(step, account=play.unknown), "duplicate_other")
    assert alarms(endpoint, bank, seen) == ["duplicate_other"] * 2

    proofs: list[Proof] = ["wrong token"] if play.client.token else []
    proofs += ["wrong password"] if play.client.password else []
    proofs += ["wrong sign"] if play.simulator.signs() else []
    for proof in proofs:
        play.ask(play.new(proof=proof))
    assert len(alarms(endpoint, bank, seen)) == 2 + len(proofs)


@for_every_bank
def test_no_secret_and_no_full_name_is_logged(
    start: Callable[[str], Play], endpoint: Endpoint, bank: str
) -> None:
    """Each call is one line, with its id and account."""
    play = start(bank)
    seen = len(endpoint.log())
    step = play.new()
    play.expect(step, "ok")
    (line,) = endpoint.log()[seen:]

    assert (line["bank"], line["txn_id"], line["account"]) == (bank, step.id, ACCOUNT)
    assert line["sum"] == f"{step.sum:.2f}"
    text = json.dumps(line, ensure_ascii=False)
    secrets = [
        play.client.token,
        play.client.password,
        *map(bytes.decode, play.simulator.bank.secret),
    ]
    assert not [secret for secret in secrets if secret and secret in text]
    assert "Серова" not in text


@for_every_bank
def test_a_lost_database_is_never_a_refusal(
    start: Callable[[str], Play], books: Engine, bank: str
) -> None:
    """Whatever is asked, the answer is "step again"; and asking again then works."""
    play = start(bank)
    step = play.new()
    if play.simulator.SHEET.two_phase:
        first = play.expect(step, "ok")
        step = play.later("perform", step, first)
    paid = play.pay()
    acts: set[Act] = {*play.simulator.acts} - {"perform", "password"}  # of no payment
    steps = [play.later(act, paid.step, paid.first, until=paid.step.at) for act in sorted(acts)]
    with broken(books):
        for one in [step, play.new(), *steps]:
            if one.act != "cancel" or play.simulator.refunds() or play.simulator.SHEET.two_phase:
                play.want(play.ask(one), one.act, "temporary")
    play.expect(step, "ok")

    assert recorded(books, bank) == play.books


@pytest.mark.parametrize("bank", TWO_PHASES)
def test_a_booking_has_an_end_where_the_sheet_has_one(
    start: Callable[[str], Play], books: Engine, bank: str
) -> None:
    """Performing it then is refused, and it counts for nothing; elsewhere it never gets old."""
    play = start(bank)
    step = play.new()
    first = play.expect(step, "ok")
    ago = "2026-01-01 00:00:00.000"
    books.execute(
        "UPDATE payment SET created_at = ?, paid_at = ? WHERE txn_id = ?", ago, ago, step.id
    )
    ends = play.simulator.bank.own.get("timeout")
    play.expect(play.later("perform", step, first), "payment_expired" if ends else "ok")

    assert recorded(books, bank)[step.id].state == ("cancelled" if ends else "paid")


@pytest.mark.parametrize("bank", TWO_PHASES)
def test_no_step_is_left_out_or_taken_by_another(
    start: Callable[[str], Play], books: Engine, bank: str
) -> None:
    """Nothing is performed that was not booked, by this bank, and is still to be performed."""
    play = start(bank)
    done = {play.simulator.code("perform", word) for word in ("ok", "duplicate_same")}
    ours, others = play.new(), play.new()
    first, second = play.expect(ours, "ok"), play.expect(others, "ok")
    books.execute("UPDATE payment SET bank = 'another' WHERE txn_id = ?", others.id)
    skipped = play.later("perform", play.new(), first)
    assert play.ask(skipped).code not in done
    assert play.ask(play.later("perform", others, second)).code not in done
    assert states(books) == {ours.id: "created", others.id: "created"}

    if "cancel" in play.simulator.acts:
        play.ask(play.later("cancel", others, second))
        play.expect(play.later("cancel", ours, first), "ok")
        assert play.ask(play.later("perform", ours, first)).code not in done
        assert states(books) == {ours.id: "cancelled", others.id: "created"}


def states(engine: Engine) -> dict[str, str]:
    """What has become of all payments, whosever they are."""
    return dict(engine.rows("SELECT txn_id, state FROM payment"))


class Cut(NamedTuple):
    """The program on a database that can be taken away."""

    endpoint: Endpoint
    away: Callable[[], AbstractContextManager[object]]


@pytest.fixture(scope="module")
def cut(
    accounts: Engine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Cut]:
    """MariaDB behind a proxy that hangs up, or an SQLite file that somebody else has locked."""
    folder = tmp_path_factory.mktemp("cut")
    if isinstance(accounts, MariaDBEngine):
        with CuttingProxy(HOST, accounts.server.port) as proxy:
            url = accounts.server.url(accounts.name, port=proxy.port)
            with Endpoint(settings_toml(url, request.module), folder) as endpoint:
                yield Cut(endpoint, lambda: refused(proxy))
    else:
        with Endpoint(settings_toml(accounts.url, request.module), folder) as endpoint:
            yield Cut(endpoint, lambda: locked(accounts))


@contextmanager
def refused(proxy: CuttingProxy) -> Iterator[None]:
    """Nobody gets through, and whoever was is cut."""
    proxy.refuse = True
    proxy.cut_idle()
    try:
        yield
    finally:
        proxy.refuse = False


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Nobody can write."""
    assert isinstance(engine, SQLiteEngine)
    with closing(sqlite3.connect(engine.path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


@pytest.mark.slow
def test_a_database_that_is_away_is_never_a_refusal(books: Engine, cut: Cut) -> None:
    """A pay of every bank at once: all are to step again, and when they do, it is recorded."""
    given = read(cut.endpoint.settings)
    site = f"http://{HOST}:{cut.endpoint.port}"
    plays = {bank: make_play(given, bank, site) for bank in PLAYS}
    steps = {bank: play.new() for bank, play in plays.items()}

    with cut.away(), ThreadPoolExecutor(len(steps)) as pool:
        readings = dict(
            zip(steps, pool.map(lambda bank: plays[bank].ask(steps[bank]), steps), strict=True)
        )
    for bank, play in plays.items():
        play.want(readings[bank], "pay", "temporary")
        assert recorded(books, bank) == {}
        play.expect(steps[bank], "ok")
        assert recorded(books, bank) == play.books


def settle(engine: Engine) -> None:
    """Wait until the server has done what has reached it."""
    assert isinstance(engine, MariaDBEngine)
    busy = (
        "SELECT COUNT(*) FROM information_schema.processlist"
        " WHERE user = 'callback' AND command <> 'Sleep'"
    )
    while engine.rows(busy)[0][0]:
        time.sleep(0.01)


# The statement that makes it money: of a payment, or of the second phase.
MONEY = {False: b", a.id, ", True: b"SET state = 'paid'"}


class HeldUp(NamedTuple):
    """Calls of several banks, whose statements are held up in the network."""

    plays: dict[str, Play]
    steps: dict[str, Step]
    answers: dict[str, Future[Reading]]
    rule: Rule


@contextmanager
def held_up(
    books: Engine, folder: Path, request: pytest.FixtureRequest, two_phase: bool
) -> Iterator[HeldUp]:
    """What makes it money is on its way, for every bank of so many phases."""
    assert isinstance(books, MariaDBEngine)
    banks = [name for name, play in PLAYS.items() if play.simulator.SHEET.two_phase == two_phase]
    rule = Rule(MONEY[two_phase], "before", "hold", times=len(banks))
    options = ["--worker-class=gthread", f"--threads={len(banks) + 1}"]
    with CuttingProxy(HOST, books.server.port) as proxy, ThreadPoolExecutor(len(banks)) as pool:
        toml = settings_toml(books.server.url(books.name, port=proxy.port), request.module)
        with Endpoint(f"CONNECTIONS = 99\n{toml}", folder, workers=1, options=options) as endpoint:
            given, site = read(endpoint.settings), f"http://{HOST}:{endpoint.port}"
            plays = {bank: make_play(given, bank, site) for bank in banks}
            steps = {bank: play.new() for bank, play in plays.items()}
            if two_phase:
                for bank, play in plays.items():
                    steps[bank] = play.later("perform", steps[bank], play.expect(steps[bank], "ok"))
            proxy.rule = rule
            answers = {bank: pool.submit(play.ask, steps[bank]) for bank, play in plays.items()}
            try:
                while rule.times and not all(answer.done() for answer in answers.values()):
                    time.sleep(0.01)
                yield HeldUp(plays, steps, answers, rule)
            finally:
                rule.go.set()


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.parametrize("two_phase", MONEY, ids=["pay", "perform"])
@pytest.mark.slow
def test_what_was_given_up_is_not_recorded_behind_the_banks_back(
    books: Engine, tmp_path: Path, request: pytest.FixtureRequest, two_phase: bool
) -> None:
    """Nor after its status was told: what a bank hears stays true. It may pay all the same, later.

    The link heals when we have given up.
    """
    with held_up(books, tmp_path, request, two_phase) as held:
        for bank, play in held.plays.items():
            play.want(held.answers[bank].result(), held.steps[bank].act, "temporary")
            hear(play, held.steps[bank])
        held.rule.go.set()
        settle(books)
        for bank, play in held.plays.items():
            assert "paid" not in {one.state for one in recorded(books, bank).values()}
            play.expect(held.steps[bank], "ok")
            assert recorded(books, bank)[held.steps[bank].id].state == "paid"


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.slow
def test_who_hears_that_there_is_no_payment_is_not_paid_by_it(
    books: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The bank asks while its own payment is still on its way, and in time."""
    with held_up(books, tmp_path, request, two_phase=False) as held:
        heard = [bank for bank, play in held.plays.items() if hear(play, held.steps[bank])]
        held.rule.go.set()
        assert heard
        for bank in heard:
            play = held.plays[bank]
            play.want(held.answers[bank].result(), "pay", "temporary")
            assert recorded(books, bank) == {}
            play.expect(held.steps[bank], "ok")
            assert recorded(books, bank) == play.books


def hear(play: Play, step: Step) -> bool:
    """Ask how the payment stands, and take it back, as far as the dialect can: it is not there.

    A booking is there, and could be taken back: then it is only asked how it stands.
    """
    two_phase = play.simulator.SHEET.two_phase
    acts: list[Act] = ["status"]
    if play.simulator.refunds() and not two_phase:
        acts.append("cancel")
    asked = [act for act in acts if act in play.simulator.acts]
    for act in asked:
        play.want(play.ask(replace(step, act=act)), act, "ok" if two_phase else "payment_not_found")
    return bool(asked)


@pytest.mark.slow
def test_a_database_that_was_not_upgraded_is_never_a_refusal(
    books: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A check and a pay of every bank on the tables of an older release; then they are upgraded."""
    old = opened(sites.older(books, tmp_path))
    with Endpoint(settings_toml(old.url, request.module), tmp_path) as endpoint:
        given = read(endpoint.settings)
        plays = {bank: make_play(given, bank, f"http://{HOST}:{endpoint.port}") for bank in PLAYS}
        steps = {bank: play.new() for bank, play in plays.items()}
        for bank, play in plays.items():
            acts = [act for act in play.simulator.acts if act in ("check", "status", "statement")]
            for step in [
                steps[bank],
                *(play.new(act, until=steps[bank].at) for act in sorted(acts)),
            ]:
                reading = play.ask(step)
                if reading.code != "HTTP 503":  # whose password may have changed, nobody knows
                    play.want(reading, step.act, "temporary")
        assert flask(endpoint.settings, "init-db").returncode == 0
        for bank, play in plays.items():
            play.expect(steps[bank], "ok")
            assert recorded(old, bank) == play.books


@pytest.mark.parametrize("bank", TWO_PHASES)
def test_many_bookings_performed_at_once_are_credited_once_each(
    start: Callable[[str], Play], books: Engine, bank: str
) -> None:
    """Five performs of each of twelve, all in parallel: nobody performs what another performed."""
    play = start(bank)
    steps = [play.new() for _ in range(12)]
    performs = [play.later("perform", step, play.expect(step, "ok")) for step in steps]
    readings = play.at_once(perform for perform in performs for _ in range(5))
    for perform, answers in zip(performs, batched(readings, 5), strict=True):
        for one in answers:
            play.want(one, "perform", "ok", "duplicate_same")
            play.book(perform, one)
        times = {one.receipt["performed"] for one in answers if "performed" in one.receipt}
        assert len(times) <= 1
        firsts = [one for one in answers if one.code == play.simulator.code("perform", "ok")]
        if play.simulator.code("perform", "duplicate_same") != play.simulator.code("perform", "ok"):
            assert len(firsts) == 1

    assert recorded(books, bank) == play.books
