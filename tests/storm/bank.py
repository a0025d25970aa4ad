"""The bank's side of a storm: impatient, repeating, and with books of its own.

It speaks the dialects through the simulators of `flask conform`, keeps every answer that it heard,
and complains where an answer takes back what an earlier one said.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from callback.tools.conform import run
from callback.tools.conform.model import MalformedError
from callback.tools.conform.network import LINE_ERRORS
from callback.tools.conform.play import WRONG_SHAPE, Play
from callback.tools.conform.simulators import SIMULATORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from callback.bank import Settings
    from callback.tools.conform.model import Act, Reading, Step

# How long it waits, in seconds, and how often it is so impatient.
PATIENCE = {0.05: 3, 0.3: 3, 8.0: 4}
PARALLEL, LATE, ALTERED = 0.3, 0.12, 0.06
# What it does when it does not know: asks, takes it back, or pays again.
ASKS, TAKES_BACK = 0.5, 0.65
# After "no such payment" it gives the money back so often, and else pays once more.
GIVES_UP = 0.7
CANCELS = 0.1
FINAL_S = 60.0

# What an answer comes to, in every dialect.
Word = Literal["done", "nothing", "cancelled", "unknown", "refused"]
# What a status tells besides its code.
STATES: dict[str, Word] = {"cancelled": "cancelled", "none": "nothing"}
State = Literal["", "paid", "cancelled", "nothing"]


@dataclass
class Counts:
    """What was asked and heard, of all banks."""

    requests: int = 0
    unanswered: int = 0
    ask_again: int = 0
    parallel: int = 0
    late: int = 0
    altered: int = 0
    given_up: int = 0
    cancelled: int = 0
    slowest_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **more: int) -> None:
        """Count, from any thread."""
        with self._lock:
            for name, number in more.items():
                setattr(self, name, getattr(self, name) + number)

    def waited(self, seconds: float) -> None:
        """Note how long an answer took."""
        with self._lock:
            self.slowest_s = max(self.slowest_s, seconds)


@dataclass
class Deal:
    """One payment, from the first try to the bank's final word about it."""

    bank: str
    step: Step
    state: State = ""
    receipts: dict[str, dict[str, str]] = field(default_factory=dict)  # first answers, by act
    faults: list[str] = field(default_factory=list)
    asked: Iterator[int] = field(default_factory=itertools.count, repr=False)


class Bank:
    """One bank, with its dialect; of several `sites` it asks one after the other."""

    def __init__(
        self, settings: Settings, name: str, sites: Sequence[str], seed: int, counts: Counts
    ) -> None:
        bank = settings.banks[name]
        self.name = name
        self.counts = counts
        simulator = SIMULATORS[bank.protocol](bank)
        self._clients = [
            {patience: run.client(settings, bank, one, patience) for patience in (*PATIENCE, 30.0)}
            for one in sites
        ]
        self._play = Play(simulator, self._clients[0][30.0], account="", seed=seed)
        self.simulator = simulator
        self.two_phase = simulator.SHEET.two_phase
        self.takes_back = "cancel" in simulator.acts and simulator.refunds()
        self.differs = simulator.code("pay", "duplicate_other")

    def deal(self, account: str, plan: random.Random) -> Deal:
        """Begin a new payment, of a sum with kopecks where the bank takes them."""
        low, high = self.simulator.bank.min_sum, self.simulator.bank.max_sum
        kopecks = plan.randrange(int((min(high, low + 500) - low) * 100))
        return Deal(self.name, self._play.new(account=account, sum=low + Decimal(kopecks) / 100))

    def ask(self, deal: Deal, step: Step, patience: float) -> tuple[Word, Reading | None]:
        """Ask once; what is heard must not take back what was heard before."""
        self.counts.add(requests=1)
        started = time.monotonic()
        try:
            clients = self._clients[next(deal.asked) % len(self._clients)]
            reply = clients[patience].send(self.simulator.request(step))
            reading = self.simulator.understand(step, reply)
        except LINE_ERRORS:
            self.counts.add(unanswered=1)
            return "unknown", None
        except (MalformedError, *WRONG_SHAPE) as error:
            deal.faults.append(f"a malformed answer to {step.act}: {error!r}")
            return "unknown", None
        self.counts.waited(time.monotonic() - started)
        word = self._word(step.act, reading)
        if word == "done":
            self._compare(deal, step.act, reading)
        elif word == "unknown":
            self.counts.add(ask_again=1)
        return word, reading

    def _word(self, act: Act, reading: Reading) -> Word:
        code = self.simulator.code
        words: dict[Word, tuple[str, ...]] = {
            "done": ("ok", "duplicate_same"),
            "unknown": ("temporary",),
            "nothing": ("payment_not_found",) if act in ("status", "cancel") else (),
            "cancelled": ("payment_cancelled",),
        }
        if reading.state in STATES:
            return STATES[reading.state]
        for word, outcomes in words.items():
            if reading.code in [code(act, outcome) for outcome in outcomes]:
                return word
        return "unknown" if reading.code.startswith("HTTP 5") else "refused"

    def _compare(self, deal: Deal, act: Act, reading: Reading) -> None:
        first = deal.receipts.setdefault(act, dict(reading.receipt))
        for name, value in reading.receipt.items():
            if first.setdefault(name, value) != value:
                deal.faults.append(f"changed: {act} said {name} {first[name]}, then {value}")


class Customer:
    """Brings deals of one bank to their ends; many work at once."""

    def __init__(
        self, bank: Bank, pool: ThreadPoolExecutor, calm: Callable[[], bool], copies: int = 1
    ) -> None:
        """`copies`: so often at once it sends every payment, and at times more often."""
        self._bank = bank
        self._pool = pool
        self._calm = calm
        self._copies = copies

    def settle(self, deal: Deal, plan: random.Random) -> None:
        """Pay until the outcome is known, then do what banks do with a known outcome."""
        copies = self._copies + (plan.random() < PARALLEL) * plan.choice((1, 1, 2))
        self._bank.counts.add(parallel=copies - 1)
        number = self._paid(deal, plan, copies)
        if deal.state == "paid" and self._bank.two_phase:
            deal.state = ""
            self._performed(deal, replace(deal.step, act="perform", number=number), plan)
        if deal.state == "paid":
            self._afterwards(deal, plan, number)

    def _paid(self, deal: Deal, plan: random.Random, copies: int) -> str:
        """Pay, ask, take back, pay again; our number of the payment."""
        end = time.monotonic() + FINAL_S * 5
        while _goes_on(deal, end):
            patience = self._patience(plan)
            asked = [
                self._pool.submit(self._bank.ask, deal, deal.step, patience) for _ in range(copies)
            ]
            answers = [answer.result() for answer in asked]
            self._hear(deal, dict(answers))
            copies = 1
            for word, reading in answers:
                if word == "done" and reading:
                    return reading.number
            if not deal.state:
                time.sleep(plan.uniform(0, 0.2))
                self._doubt(deal, plan)
        return ""

    def _hear(self, deal: Deal, answers: dict[Word, Reading | None]) -> None:
        refusal = answers.get("refused") or answers.get("cancelled")
        if "done" in answers:
            deal.state = "paid"
        elif refusal:
            deal.faults.append(f"a good payment was refused: {refusal}")
            deal.state = "nothing"

    def _doubt(self, deal: Deal, plan: random.Random) -> None:
        """Not knowing: ask how it stands, or take it back; what is said then is final."""
        dice = plan.random()
        if self._bank.two_phase or dice > TAKES_BACK:
            return  # pays once more
        acts = self._bank.simulator.acts
        if dice < ASKS and "status" in acts:
            word, _ = self._bank.ask(deal, replace(deal.step, act="status"), self._patience(plan))
            if word == "done":
                deal.state = "paid"
        elif self._bank.takes_back:
            word = self._taken_back(deal, deal.step, plan)
        else:
            return
        if word == "nothing" and plan.random() < GIVES_UP:
            self._bank.counts.add(given_up=1)
            deal.state = "nothing"

    def _taken_back(self, deal: Deal, step: Step, plan: random.Random) -> Word:
        """Cancel until the outcome is known."""
        end = time.monotonic() + FINAL_S * 5
        word: Word = "unknown"
        while word == "unknown" and not deal.faults and time.monotonic() < end:
            word, _ = self._bank.ask(deal, replace(step, act="cancel"), self._patience(plan))
            if word == "unknown":
                time.sleep(plan.uniform(0, 0.2))
        if word in ("done", "cancelled"):
            self._bank.counts.add(cancelled=1)
            deal.state = "cancelled"
        elif word == "refused":
            deal.faults.append("a good cancel was refused")
        return word

    def _performed(self, deal: Deal, step: Step, plan: random.Random) -> None:
        """Two phases: perform until it is known."""
        end = time.monotonic() + FINAL_S * 5
        while _goes_on(deal, end):
            self._hear(deal, dict([self._bank.ask(deal, step, self._patience(plan))]))
            if not deal.state:
                time.sleep(plan.uniform(0, 0.2))

    def _afterwards(self, deal: Deal, plan: random.Random, number: str) -> None:
        """Late and altered repeats, a change of mind."""
        if plan.random() < LATE:
            self._bank.counts.add(late=1)
            time.sleep(plan.uniform(0, 0.5))
            self.repeat(deal, number)
        if plan.random() < ALTERED and not self._bank.two_phase:
            self._bank.counts.add(altered=1)
            other = replace(deal.step, sum=deal.step.sum + 1)
            word, reading = self._bank.ask(Deal(deal.bank, other), other, 8.0)
            # Some dialects have one word for both.
            if word == "done" and reading and reading.code != self._bank.differs:
                deal.faults.append("another sum under the same id was taken for a repeat")
        if self._bank.takes_back and plan.random() < CANCELS:
            deal.state = ""
            self._taken_back(deal, replace(deal.step, number=number), plan)

    def repeat(self, deal: Deal, number: str) -> Word:
        """Ask once more what has been answered for good."""
        act: Act = "perform" if self._bank.two_phase else "pay"
        word, _ = self._bank.ask(deal, replace(deal.step, act=act, number=number), 30.0)
        if word not in ("done", "unknown"):
            deal.faults.append(f"a repeat was {word}")
        return word

    def _patience(self, plan: random.Random) -> float:
        return 8.0 if self._calm() else plan.choices([*PATIENCE], [*PATIENCE.values()])[0]


def _goes_on(deal: Deal, end: float) -> bool:
    """Whether to ask again; a deal with a fault is lost, however long it is asked for."""
    return not (deal.state or deal.faults) and time.monotonic() < end
