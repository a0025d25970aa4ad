"""What breaks in a storm: workers, the database, the links between them. By plan, from a seed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.support.processes import HOST, CuttingProxy, Endpoint, MariaDB, Rule

if TYPE_CHECKING:
    from typing_extensions import Self

# So many faults come with a thousand payments.
OF_A_THOUSAND = {
    "worker killed": 14,
    "links cut": 12,
    "statement cut or held": 36,
    "link slow": 6,
    "database killed": 2,
    "reload": 2,
    "restart": 1,
}
STATEMENTS = (b"INSERT INTO payment", b"UPDATE payment", b"UPDATE promise", b"FROM payment")
WAYS = (
    *(("before", "cut"), ("after", "cut"), ("before", "stall"), ("after", "stall")),
    *(("before", "late"), ("before", "hold"), ("before", "hold")),
)
# Held for less than we wait, or for so long that it comes when we have given up.
HELD_S = (0.1, 5.0)
MAX_REMEMBERED = 1000  # statements


class Line(CuttingProxy):
    """A proxy that can be slow, and runs for hours."""

    delay_s = 0.0

    def judge(self, packet: bytes) -> Rule | None:
        if self.delay_s:
            time.sleep(self.delay_s)
        if len(self.statements) > MAX_REMEMBERED:
            self.statements.clear()
        return super().judge(packet)


def plan_of(seed: int, payments: int) -> list[str]:
    """The faults of a storm in their order."""
    dice = random.Random(f"weather {seed}")
    faults = [
        name
        for name, number in OF_A_THOUSAND.items()
        for _ in range(max(1, round(number * payments / 1000)))
    ]
    dice.shuffle(faults)
    return faults


class Weather:
    """Lets one fault after the other come, as the payments go on: fast machines, fast weather."""

    def __init__(
        self, seed: int, payments: int, endpoint: Endpoint, server: MariaDB, line: Line
    ) -> None:
        self._faults = plan_of(seed, payments)
        self._every = payments / len(self._faults)
        self._dice = random.Random(f"faults {seed}")
        self._endpoint, self._server, self._line = endpoint, server, line
        self._begun = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._blow)
        self._over = False
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self.ended = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind:  # else all payments have begun, and the last faults are due
            self._over = True
            self._begun.release()
        self._thread.join()
        self._over = True
        self._line.rule, self._line.delay_s = None, 0.0
        self.ended = time.monotonic()

    @property
    def calm(self) -> bool:
        """Nothing breaks any more."""
        return self._over

    def payment_begins(self) -> None:
        """One more payment is on its way."""
        self._begun.release()

    def _blow(self) -> None:
        due = 0.0
        for fault in self._faults:
            due += self._every
            while due >= 1 and not self._over:
                self._begun.acquire()
                due -= 1
            if self._over:
                return
            self._let(fault)
            self.counts[fault] += 1

    def _let(self, fault: str) -> None:
        try:
            getattr(self, "_" + fault.replace(" ", "_"))()
        except RuntimeError as error:  # what does not start again ends the storm
            self.errors.append(str(error)[-500:])

    def _worker_killed(self) -> None:
        workers = self._endpoint.workers
        if workers:
            with suppress(ProcessLookupError):
                os.kill(self._dice.choice(workers), signal.SIGKILL)

    def _database_killed(self) -> None:
        self._server.kill()
        time.sleep(self._dice.uniform(0, 0.3))
        self._server.start()

    def _links_cut(self) -> None:
        self._line.cut_idle()

    def _statement_cut_or_held(self) -> None:
        when, action = self._dice.choice(WAYS)
        rule = Rule(self._dice.choice(STATEMENTS), when, action)  # type: ignore[arg-type]
        self._line.rule = rule
        timer = threading.Timer(self._dice.uniform(*HELD_S), rule.go.set)
        timer.daemon = True
        timer.start()

    def _link_slow(self) -> None:
        self._line.delay_s = self._dice.uniform(0.01, 0.1)
        time.sleep(0.5)
        self._line.delay_s = 0.0

    def _reload(self) -> None:
        self._endpoint.signal(signal.SIGHUP)

    def _restart(self) -> None:
        self._endpoint.stop()
        self._endpoint.start()


def line_to(server: MariaDB) -> Line:
    """A line to this server."""
    return Line(HOST, server.port)
