"""Every dialect's calls, each cut from MariaDB at every read and write of the link.

`make test-deploy`, for it takes minutes. The whole walk, from the bank's words to its books; only
the web server is left out, so that the driver's own link can be broken (test_cut_points.py).
"""

from __future__ import annotations

import random
import socket
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from callback import settings
from tests.conftest import MariaDBEngine
from tests.database.test_cut_points import MOST, WAYS, Fault, Link, Way
from tests.mutants.inside import Inside
from tests.storm.bank import Bank, Counts, Deal, Word
from tests.storm.storm import ACCOUNTS
from tests.support import dialects
from tests.support.processes import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from callback.bank import Settings
    from callback.tools.conform.model import Act
    from tests.conftest import Engine

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.parametrize("database", ["mariadb"], indirect=True),
]
BANKS = dialects.banks()
PATIENCE_S = 30.0


@dataclass
class Site:
    """The program in this process, and its database."""

    program: Inside
    engine: MariaDBEngine
    settings: Settings

    def bank(self, name: str) -> Bank:
        """One that has its own books."""
        return Bank(self.settings, name, [f"http://{HOST}:{self.program.port}"], 1, Counts())

    @contextmanager
    def struck(self, monkeypatch: pytest.MonkeyPatch, fault: Fault) -> Iterator[None]:
        """The next links to the database have the fault."""
        connect, port = socket.create_connection, self.engine.server.port

        def make(address: tuple[str, int], *args: Any, **options: Any) -> Any:
            link = connect(address, *args, **options)
            return Link(link, fault) if address[1] == port else link

        self.program._program.database.close()  # noqa: SLF001 - the tests' own
        with monkeypatch.context() as patch:
            patch.setattr("socket.create_connection", make)
            yield
        self.program._program.database.close()  # noqa: SLF001

    def recorded(self, deal: Deal) -> list[str]:
        """The states of what is there under the bank's id."""
        rows = self.engine.rows(
            "SELECT state FROM payment WHERE bank = ? AND txn_id = ?", deal.bank, deal.step.id
        )
        return [state for (state,) in rows]


@pytest.fixture
def site(engine: Engine, folder: Path, tmp_path: Path) -> Iterator[Site]:
    """With the storm's customers."""
    assert isinstance(engine, MariaDBEngine)
    for account in ACCOUNTS:
        engine.account(account)
    text = (folder / "config.toml").read_text()
    with Inside(text, tmp_path) as program:
        yield Site(program, engine, settings.load(program.settings))


class Cut(NamedTuple):
    """What has been asked before, what is cut, and the payment's state when it is done."""

    before: tuple[Act, ...]
    act: Act
    left: str


def cuts(bank: Bank) -> Iterator[Cut]:
    """Each of the bank's acts that records, changes or finds a payment."""
    acts = bank.simulator.acts
    paying: tuple[Act, ...] = ("pay", "perform") if bank.two_phase else ("pay",)
    yield Cut((), "pay", "created" if bank.two_phase else "paid")
    if bank.two_phase:
        yield Cut(("pay",), "perform", "paid")
    if "status" in acts:
        yield Cut(paying, "status", "paid")
    if "cancel" in acts and bank.two_phase:
        yield Cut(("pay",), "cancel", "cancelled")
    if bank.takes_back:
        yield Cut(paying, "cancel", "cancelled")


def ask(bank: Bank, deal: Deal, act: Act) -> Word:
    """Ask; our number of the payment is known from its first answer."""
    word, reading = bank.ask(deal, replace(deal.step, act=act), PATIENCE_S)
    if act == "pay" and reading and reading.number:
        deal.step = replace(deal.step, number=reading.number)
    return word


def places(make: Callable[[int], Fault]) -> Iterator[Fault]:
    """Cut at the first read or write, the second and so on; the last one meets nothing."""
    for at in range(1, MOST):
        fault = make(at)
        yield fault
        if fault.count < at:
            assert at > 8
            return
    raise AssertionError("there was no end of reads and writes")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", dialects.CALLED)
def test_whatever_a_dialect_asks_is_right_after_one_repeat(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, way: Way
) -> None:
    """The first is told that it is done, or nothing; what was held arrives before the repeat."""
    bank, dice = site.bank(name), random.Random(name)
    for cut in cuts(bank):
        good = {"done", "cancelled"} if cut.act == "cancel" else {"done"}
        for fault in places(lambda at: Fault(at, way)):
            deal = bank.deal(ACCOUNTS[0], dice)
            assert {ask(bank, deal, act) for act in cut.before} <= {"done"}
            with site.struck(monkeypatch, fault):
                word = ask(bank, deal, cut.act)
            assert word in {*good, "unknown"}, (cut, fault.at)
            if word != "unknown":
                assert site.recorded(deal) == [cut.left], (cut, fault.at)
            fault.deliver()
            assert ask(bank, deal, cut.act) in good, (cut, fault.at, word)
            assert site.recorded(deal) == [cut.left], (cut, fault.at, word)
            assert deal.faults == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", dialects.CALLED)
def test_a_question_for_nothing_is_in_no_payments_way(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, way: Way
) -> None:
    """It promises that there is none, and may be cut from that; the bank pays all the same."""
    bank, dice = site.bank(name), random.Random(name)
    questions: list[Act] = ["status", *(["cancel"] if bank.takes_back else [])]  # type: ignore[list-item]
    for question in (act for act in questions if act in bank.simulator.acts):
        for fault in places(lambda at: Fault(at, way)):
            deal = bank.deal(ACCOUNTS[0], dice)
            with site.struck(monkeypatch, fault):
                word = ask(bank, deal, question)
            assert word in ("nothing", "refused", "unknown"), (question, fault.at)
            assert site.recorded(deal) == []
            fault.deliver()
            # What was held is a promise of now: who comes after it is recorded.
            words = [ask(bank, deal, "pay") for _ in range(2)]
            assert words[-1] == "done", (question, fault.at, words)
            assert len(site.recorded(deal)) == 1
            assert deal.faults == []
