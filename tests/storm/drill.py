"""The cuts that a storm meets by luck only, one after the other: each has its place and its end."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.processes import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callback.tools.conform.model import Act
    from tests.storm.bank import Bank, Deal
    from tests.storm.weather import Line

STATEMENTS: dict[Act, bytes] = {
    "pay": b"INSERT INTO payment",
    "cancel": b"SET state = 'cancelled'",
}
GIVEN_UP_S = 30.0
# What is let go has been done by then.
ARRIVES_S = 0.3


def run(line: Line, banks: Iterable[Bank], new: Callable[[Bank], Deal]) -> list[Deal]:
    """Cut what each bank asks, and return what became of its payments."""
    banks = list(banks)
    asks = [bank for bank in banks if "status" in bank.simulator.acts and not bank.two_phase]
    # This takes as long as we wait, and is the same statement for all: once.
    cancels = [bank for bank in asks if bank.takes_back]
    return [
        *(_cut_after(line, bank, new(bank)) for bank in banks),
        *(_asked_too_early(line, bank, new(bank)) for bank in asks),
        *(_cancelled_too_late(line, bank, new(bank)) for bank in cancels[:1]),
    ]


def _cut_after(line: Line, bank: Bank, deal: Deal) -> Deal:
    """The server has the statement, and its answer is lost: in two phases a booking's."""
    line.rule = Rule(STATEMENTS["pay"], "after", "cut")
    word = bank.ask(deal, deal.step, GIVEN_UP_S)[0]
    if word == "unknown":
        word = bank.ask(deal, deal.step, GIVEN_UP_S)[0]
    if word != "done":
        deal.faults.append(f"after a cut link a good payment was {word}")
    deal.state = "nothing" if bank.two_phase else "paid"
    return deal


def _asked_too_early(line: Line, bank: Bank, deal: Deal) -> Deal:
    """The bank gives up, asks, and is told that there is none: then the statement arrives."""
    with _held(line, bank, deal, "pay", 0.3) as rule:
        word = bank.ask(deal, replace(deal.step, act="status"), GIVEN_UP_S)[0]
        rule.go.set()
    deal.state = "paid" if word == "done" else "nothing"
    return deal


def _cancelled_too_late(line: Line, bank: Bank, deal: Deal) -> Deal:
    """A cancel is given up by both, the status says paid: then the statement arrives."""
    word, reading = bank.ask(deal, deal.step, GIVEN_UP_S)
    number = reading.number if reading else ""
    deal.step = replace(deal.step, number=number)
    with _held(line, bank, deal, "cancel", GIVEN_UP_S) as rule:
        word = bank.ask(deal, replace(deal.step, act="status"), GIVEN_UP_S)[0]
        rule.go.set()
    deal.state = "paid" if word == "done" else "cancelled"
    return deal


@contextmanager
def _held(line: Line, bank: Bank, deal: Deal, act: Act, patience: float) -> Iterator[Rule]:
    """Hold a statement until the test lets it go; the bank waits for as long as it likes."""
    rule = line.rule = Rule(STATEMENTS[act], "before", "hold")
    step = replace(deal.step, act=act)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(bank.ask, deal, step, patience)
        try:
            answer.result()
            yield rule
        finally:
            rule.go.set()
    time.sleep(ARRIVES_S)
