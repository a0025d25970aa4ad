"""A soak: payments at an even rate for an hour, and nothing may grow but what has to.

    make soak                                   an hour; MINUTES=10 RATE=5 change it
    python -m tests.storm.soak --leak memory    with a leak planted: must be found

Banks of every dialect pay, repeat, ask and take back, and nothing breaks. Memory, descriptors and
threads of each worker, and the connections at the database, are looked at all the time: what they
are in the last quarter is compared with the first. A worker that is gone is a fault, too. What
grows with the payments, the log and the tables, is told with its growth.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.storm import bugs
from tests.storm.bank import Bank, Customer
from tests.storm.storm import ACCOUNTS, Outcome, Site, audit, site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.storm.bank import Deal

RATE = 5.0  # payments a second
LOOKS = 120  # in all, however long it takes
# Until everything has been used for the first time: tables of codes, arenas of the allocator.
WARM_UP = 0.1
# What the last quarter may have over the first. Memory comes and goes by the page.
MARGINS = {"memory": 1.5, "descriptors": 2, "threads": 0, "connections": 1}
UNITS = {"memory": " MiB"}
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1024 * 1024)


@dataclass
class Series:
    """What one thing was, each time it was looked at."""

    name: str
    of: str
    values: list[float] = field(default_factory=list)

    @property
    def quarters(self) -> tuple[float, float]:
        """The middle of the first quarter, and of the last."""
        size = max(1, len(self.values) // 4)
        return statistics.median(self.values[:size]), statistics.median(self.values[-size:])

    @property
    def grows(self) -> bool:
        """Whether the last quarter is above the first by more than chance."""
        first, last = self.quarters
        return last - first > MARGINS[self.name]

    def __str__(self) -> str:
        first, last = self.quarters
        return f"{self.name} of {self.of}: {first:.2f} to {last:.2f}{UNITS.get(self.name, '')}"


class Look:
    """Looks at the workers and at the database."""

    def __init__(self, place: Site) -> None:
        self._place = place
        self.workers = sorted(place.endpoint.workers)
        self.series = {
            (name, worker): Series(name, f"worker {number}")
            for name in ("memory", "descriptors", "threads")
            for number, worker in enumerate(self.workers, start=1)
        }
        self.series["connections", 0] = Series("connections", "the database")

    def look(self) -> None:
        """Note what everything is now; ProcessLookupError where a worker has gone."""
        if sorted(self._place.endpoint.workers) != self.workers:
            raise ProcessLookupError(f"the workers were {self.workers} and are others now")
        for worker in self.workers:
            process = Path(f"/proc/{worker}")
            pages = int((process / "statm").read_text().split()[1])
            self.series["memory", worker].values.append(pages * PAGE_MIB)
            for name, folder in (("descriptors", "fd"), ("threads", "task")):
                number = len(list((process / folder).iterdir()))
                self.series[name, worker].values.append(number)
        self.series["connections", 0].values.append(self._connections())

    def _connections(self) -> int:
        server = self._place.server
        asked = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s"
        return int(server.sql(asked, args=[server.user])[0][0])


@dataclass
class Soaked:
    """What came of it."""

    outcome: Outcome
    minutes: float
    series: list[Series]
    files: dict[str, float]  # bytes a payment
    gone: str = ""

    @property
    def faults(self) -> list[str]:
        """What is wrong."""
        growing = [f"grows: {one}" for one in self.series if one.grows]
        return [*filter(None, [self.gone]), *growing, *self.outcome.examples]

    def lines(self) -> Iterator[str]:
        """The summary for a person."""
        counts = self.outcome.counts
        yield (
            f"{self.minutes:.0f} minutes, {self.outcome.payments} payments, "
            f"{counts.requests} requests, {counts.ask_again} told to ask again, "
            f"{counts.unanswered} unanswered; slowest answer {counts.slowest_s * 1000:.0f} ms"
        )
        yield from map(str, self.series)
        for name, growth in self.files.items():
            yield f"{name}: {growth:.0f} bytes a payment"
        yield from self.faults
        yield f"{len(self.faults)} faults"


def run(
    seconds: float, rate: float = RATE, *, leak: str = "", tell: Callable[[str], None] = print
) -> Soaked:
    """Pay for so long, so many a second, and look on."""
    with TemporaryDirectory(prefix="soak") as folder, site(Path(folder), leak) as place:
        outcome = Outcome(seed=1, payments=0)
        names = place.settings.banks
        made = [Bank(place.settings, name, [place.url], 1, outcome.counts) for name in names]
        banks = {bank.name: bank for bank in made}
        payer = Payer(banks, rate)
        payer.pay(seconds * WARM_UP)
        look, before, first = Look(place), sizes(Path(folder)), len(payer.deals)
        gone = _watched(look, payer, seconds, tell)
        after, number = sizes(Path(folder)), len(payer.deals) - first
        outcome.payments = len(payer.deals)
        audit(outcome, place, banks, payer.deals)
    files = {name: (after[name] - before[name]) / max(1, number) for name in after}
    return Soaked(outcome, seconds / 60, [*look.series.values()], files, gone)


class Payer:
    """Begins a payment every now and then, however long the others take."""

    def __init__(self, banks: dict[str, Bank], rate: float) -> None:
        self._banks = banks
        self._rate = rate
        self._dice = random.Random(1)
        self.deals: list[Deal] = []

    def pay(self, seconds: float, over: threading.Event | None = None) -> None:
        """Pay evenly for so long, or until it is over."""
        over = over or threading.Event()
        started = time.monotonic()
        with ThreadPoolExecutor(24) as copies, ThreadPoolExecutor(8) as customers:
            going = []
            for number in itertools.count():
                due = started + number / self._rate
                if due - started >= seconds or over.wait(max(0.0, due - time.monotonic())):
                    break
                going.append(customers.submit(self._settle, copies))
            for one in going:
                one.result()

    def _settle(self, copies: ThreadPoolExecutor) -> None:
        bank = self._banks[self._dice.choice([*self._banks])]
        deal = bank.deal(self._dice.choice(ACCOUNTS), self._dice)
        self.deals.append(deal)
        plan = random.Random(len(self.deals))
        Customer(bank, copies, lambda: True).settle(deal, plan)


def _watched(look: Look, payer: Payer, seconds: float, tell: Callable[[str], None]) -> str:
    """Look on while payments go on; what made it end too early."""
    over = threading.Event()
    started = told = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        paying = pool.submit(payer.pay, seconds, over)
        try:
            for number in range(1, LOOKS + 1):
                time.sleep(max(0.0, started + number * seconds / LOOKS - time.monotonic()))
                look.look()
                if time.monotonic() - told >= 60:
                    told = time.monotonic()
                    tell(f"{(told - started) / 60:.0f} min: {_now(look)}")
        except ProcessLookupError as error:
            return f"a worker has ended: {error}"
        finally:
            over.set()
            paying.result()
    return ""


def _now(look: Look) -> str:
    totals: dict[str, float] = {}
    for one in look.series.values():
        totals[one.name] = totals.get(one.name, 0) + one.values[-1]
    return ", ".join(f"{name} {total:.4g}" for name, total in totals.items())


def sizes(folder: Path) -> dict[str, int]:
    """What stands in files that grow, in bytes."""
    tables = folder / "database" / "data"
    found = {"log": [folder / "endpoint.log"], "tables": [*(tables / "usu").iterdir()]}
    others = (path for path in tables.iterdir() if path.is_file())
    found["the server's own files"] = [*others]
    sized = {}
    for name, paths in found.items():
        sized[name] = 0
        for path in paths:
            with suppress(FileNotFoundError):
                sized[name] += path.stat().st_size
    return sized


def main() -> int:
    """Run what the command line asks for."""
    text = (__doc__ or "").split("\n", maxsplit=1)[0]
    parser = argparse.ArgumentParser(prog="python -m tests.storm.soak", description=text)
    parser.add_argument("--minutes", type=float, default=60, help="how long (60)")
    parser.add_argument("--rate", type=float, default=RATE, help=f"payments a second ({RATE:g})")
    parser.add_argument("--leak", choices=[*bugs.LEAKS], default="", help="plant it")
    parser.add_argument("--json", action="store_true", help="an object of JSON at the end")
    given = parser.parse_args()
    tell = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
    soaked = run(given.minutes * 60, given.rate, leak=given.leak, tell=tell)
    print(json.dumps(as_json(soaked)) if given.json else "\n".join(soaked.lines()))
    return bool(soaked.faults)


def as_json(soaked: Soaked) -> dict[str, Any]:
    """Everything as one object."""
    series = {f"{one.name} of {one.of}": one.quarters for one in soaked.series}
    return {"minutes": soaked.minutes, **soaked.outcome.summary(), "series": series} | {
        "bytes a payment": soaked.files,
        "faults": soaked.faults,
    }


if __name__ == "__main__":
    sys.exit(main())
