"""Whose clock counts: the database's. What a machine's own is set to, or jumps to, does not matter.

Two machines with a clock each, before one database, and every dialect whose bookings get old: a
live booking is performed by either, a dead one by none, and one that was called dead stays so.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from callback import settings
from callback.clock import utc_now
from callback.protocols import PROTOCOLS
from tests.conftest import flask, settings_toml
from tests.protocols.test_every_dialect import make_play
from tests.support import dialects
from tests.support.processes import ROOT, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.tools.conform.play import Play
    from tests.conftest import Engine

AGEING = sorted(name for name, dialect in PROTOCOLS.items() if "timeout" in dialect.SETTINGS)
BANKS = "\n".join(
    dialects.table(name, "BANK").replace(f"[BANKS.{name}]", f"[BANKS.{name}{more}")
    for name in AGEING
    for more in ("]", '-bill]\npayer = "invoice"')
)
NUMBER = "7012340001"  # of an account, and of its invoice
HOURS = [-24, -1, 1, 24]
JUST = timedelta(minutes=1)
# The program of a machine whose clock is so many hours off. SQLite's clock is the right one here:
# it stands for the machine that has the database.
ENTRY = """import sys
import time
from datetime import timedelta
from pathlib import Path
from callback import Program, clock
from callback.database import sqlite

def off():
    return float(Path({file!r}).read_text() or 0)

right, right_time = clock.utc_now, time.time
time.time = lambda: right_time() + 3600 * off()
wrong = lambda: right() + timedelta(hours=off())
for module in [module for name, module in sys.modules.items() if name.startswith("callback")]:
    if getattr(module, "utc_now", None) is right and module is not sqlite:
        module.utc_now = wrong
application = Program()
app = application.app
"""

every_bank = pytest.mark.parametrize("bank", AGEING)
either_way = pytest.mark.parametrize("hours", HOURS)


@dataclass
class Machine:
    """One that runs the program."""

    endpoint: Endpoint
    root: Path

    def is_off(self, hours: float) -> None:
        """Set its clock."""
        (self.root / "hours").write_text(str(hours))

    def play(self, bank: str) -> Play:
        """Begin to play a bank that asks this machine."""
        given = settings.load(self.endpoint.settings)
        return make_play(given, bank, f"http://127.0.0.1:{self.endpoint.port}")


@pytest.fixture(scope="module")
def machines(
    database: Engine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[list[Machine]]:
    """Two, before one database."""
    toml = settings_toml(database.url, request.module)
    with ExitStack() as stack:
        running = []
        for number in range(2):
            root = tmp_path_factory.mktemp(f"machine{number}")
            for name in ("callback", "sql", "deploy"):
                (root / name).symlink_to(ROOT / name)
            (root / "hours").write_text("0")
            (root / "wsgi.py").write_text(ENTRY.format(file=str(root / "hours")))
            endpoint = stack.enter_context(Endpoint(toml, root, workers=1, root=root))
            running.append(Machine(endpoint, root))
        yield running


@pytest.fixture
def books(engine: Engine, machines: list[Machine]) -> Engine:
    """An account that owes an invoice; the clocks are right."""
    engine.account(NUMBER, owes="0.00")
    engine.invoice(NUMBER, NUMBER, "50.00")
    for machine in machines:
        machine.is_off(0)
    return engine


def age(engine: Engine, seconds: float) -> None:
    """Let all bookings be so old, by our time of them and by the bank's."""
    for column, zone in (("created_at", 0), ("paid_at", 5)):
        at = utc_now() + timedelta(hours=zone, seconds=-seconds)
        engine.execute(f"UPDATE payment SET {column} = ?", at.isoformat(" ", "milliseconds"))


def lifetime(bank: str) -> int:
    """The seconds that a booking lives as shipped."""
    return int(PROTOCOLS[bank].SETTINGS["timeout"].default)


def states(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded."""
    return engine.rows("SELECT state, cancel_reason FROM payment ORDER BY id")


def test_there_are_dialects_whose_bookings_get_old() -> None:
    """A new one joins by its setting."""
    assert {"payme", "uzum"} <= set(AGEING)


@every_bank
@either_way
@pytest.mark.parametrize("which", [0, 1], ids=["books", "performs"])
def test_a_live_booking_lives_on_every_machine(
    books: Engine, machines: list[Machine], bank: str, hours: int, which: int
) -> None:
    """Whichever of the two clocks is wrong: the one that booked it, or the one that performs it."""
    first, second = (machine.play(bank) for machine in machines)
    machines[which].is_off(hours)
    step = first.new()
    booked = first.expect(step, "ok")
    assert second.ask(second.later("status", step, booked)).state == "created"
    second.expect(second.later("perform", step, booked), "ok")
    assert states(books) == [("paid", None)]


@every_bank
@either_way
def test_a_dead_booking_is_dead_on_every_machine(
    books: Engine, machines: list[Machine], bank: str, hours: int
) -> None:
    """A clock that is behind does not revive it."""
    first, second = (machine.play(bank) for machine in machines)
    step = first.new()
    booked = first.expect(step, "ok")
    age(books, lifetime(bank) + 5)
    machines[1].is_off(hours)
    second.expect(second.later("perform", step, booked), "payment_expired")
    assert states(books) == [("cancelled", 4)]


@every_bank
def test_what_was_called_dead_is_never_paid(
    books: Engine, machines: list[Machine], bank: str
) -> None:
    """By whatever call the bank heard it first: another machine, clock or setting changes nothing.

    A status that knows no end (Payme's) does not say so either.
    """
    first, second = (machine.play(bank) for machine in machines)
    for act in ("status", "pay", "perform"):
        step = first.new()
        booked = first.expect(step, "ok")
        age(books, lifetime(bank) + 5)
        heard = first.ask(first.later(act, step, booked))
        is_dead = heard.code == first.simulator.code(act, "payment_expired")
        age(books, 1)  # as if by another clock, or a longer `timeout`
        answer = second.ask(second.later("perform", step, booked))
        performed = answer.code == second.simulator.code("perform", "ok")
        assert performed != is_dead
        assert is_dead or act in ("status", "pay")
        books.execute("DELETE FROM payment")


def test_a_status_that_says_failed_has_cancelled_it(books: Engine, machines: list[Machine]) -> None:
    """uzum.md, section 7: the answer has the time of it, and a repeat the same."""
    play = machines[0].play("uzum")
    step = play.new()
    booked = play.expect(step, "ok")
    age(books, lifetime("uzum") + 5)
    status = play.later("status", step, booked)
    assert play.ask(status).code == "10015"
    assert states(books) == [("cancelled", 4)]
    assert play.last
    first = play.last.came
    assert play.ask(status).code == "10015"
    assert play.last.came == first
    assert '"reverseTime":null' not in first.replace(" ", "")


@every_bank
def test_at_the_very_end_all_hear_the_same(
    books: Engine, machines: list[Machine], bank: str
) -> None:
    """Status and perform on both machines while the time runs out: dead or paid, never both."""
    plays = [machine.play(bank) for machine in machines]
    code = plays[0].simulator.code
    for _ in range(3):
        step = plays[0].new()
        booked = plays[0].expect(step, "ok")
        age(books, lifetime(bank) - 0.05)
        steps = [plays[0].later(act, step, booked) for act in ("status", "perform")] * 8
        with ThreadPoolExecutor(len(steps)) as pool:
            asked = [pool.submit(plays[n // 2 % 2].ask, one) for n, one in enumerate(steps)]
        codes = {
            (one.act, reading.result().code) for one, reading in zip(steps, asked, strict=True)
        }
        done = ("perform", code("perform", "ok")) in codes
        assert states(books)[0][0] == ("paid" if done else "cancelled")
        assert done != (("perform", code("perform", "payment_expired")) in codes)
        assert not done or ("status", code("status", "payment_expired")) not in codes
        books.execute("DELETE FROM payment")


@every_bank
@either_way
def test_a_booked_invoice_is_booked_on_every_machine(
    books: Engine, machines: list[Machine], bank: str, hours: int
) -> None:
    """A clock that is ahead does not give it to a second payer; one that is behind lets go."""
    first, second = (machine.play(f"{bank}-bill") for machine in machines)
    machines[1].is_off(hours)
    first.one_sum = second.one_sum = first.sum
    first.expect(first.new(), "ok")
    for act in ("check", "pay"):
        second.expect(second.new(act, id=f"{act}-of-another"), "already_paid")
    age(books, lifetime(bank) + 5)
    second.expect(second.new("check"), "ok")


@every_bank
@either_way
def test_times_of_ours_are_the_databases(
    books: Engine, machines: list[Machine], bank: str, hours: int
) -> None:
    """Booked, performed, taken back: at the right time, and in this order."""
    machines[0].is_off(hours)
    play = machines[0].play(bank)
    before = utc_now() - JUST
    paid = play.pay()
    play.expect(play.later("cancel", paid.step, paid.first), "ok")
    (row,) = books.rows("SELECT created_at, performed_at, cancelled_at FROM payment")
    times = [before, *(datetime.fromisoformat(text) for text in row), utc_now() + JUST]
    assert times == sorted(times)


@pytest.mark.slow
def test_what_is_given_to_the_program_has_the_databases_time(
    books: Engine, machines: list[Machine]
) -> None:
    """For a booking is compared with it: was its invoice paid before, or since?"""
    machines[0].play("uzum").pay()
    machines[0].is_off(-24)
    made = flask(machines[0].endpoint.settings, "export", "--mark", root=machines[0].root)
    assert made.returncode == 0, made.stderr
    ((posted,),) = books.rows("SELECT posted_at FROM payment")
    assert abs(datetime.fromisoformat(posted) - utc_now()) < JUST


@either_way
def test_a_new_booking_is_too_old_by_the_databases_clock(
    books: Engine, machines: list[Machine], hours: int
) -> None:
    """payme.md, section 4, step 11."""
    machines[0].is_off(hours)
    play = machines[0].play("payme")
    end = timedelta(seconds=lifetime("payme"))
    step = play.new()
    late = play.new(at=step.at - end - JUST)
    assert play.ask(late).code == play.simulator.code("pay", "payment_expired")
    assert states(books) == []
    play.expect(play.new(at=step.at - end + JUST), "ok")
