"""Two sides that are compared take turns, and what each turn costs by group of processes.

A machine with few cores and neighbours is noisy. So the sides take turns (A B A B …), every turn
is short, everything is started anew several times, and the medians count. Processor time of a
request is hardly touched by neighbours; only the rate is.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.load import SECONDS, call_bank, count_pays, new_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.data import Books

COMMANDS = ("check", "pay")
GROUPS = ("program", "nginx", "mariadbd", "load")
# Interpreters settle in the first hundreds of calls (caches, connections, compiled code).
WARM_UP_SECONDS = 1
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Side(NamedTuple):
    """Where it is called, and the first process of each group that works for it."""

    name: str
    url: str
    processes: Mapping[str, int]


class Turn(NamedTuple):
    """What one turn of one side brought."""

    rate: float
    p99_ms: float
    us: Mapping[str, float]  # microseconds of the processor for a request, by group

    @property
    def all_us(self) -> float:
        """Of all groups together."""
        return sum(self.us.values())


# The turns of each side, by restart.
Turns = dict[str, list[list[Turn]]]


def take_turns(
    wrk: str, sides: Sequence[Side], command: str, books: Books, turns: int
) -> dict[str, list[Turn]]:
    """Let each side have so many turns, one after the other."""
    for side in sides:
        _turn(wrk, side, command, books, WARM_UP_SECONDS)
    taken: dict[str, list[Turn]] = {side.name: [] for side in sides}
    for _ in range(turns):
        for side in sides:
            taken[side.name].append(_turn(wrk, side, command, books))
    return taken


def _turn(wrk: str, side: Side, command: str, books: Books, seconds: float = SECONDS) -> Turn:
    prefix = new_prefix()
    before = {group: _seconds_of(pid) for group, pid in side.processes.items()}
    measured = call_bank(wrk, side.url, command, books, prefix=prefix, seconds=seconds)
    used = {group: _seconds_of(pid) - before[group] for group, pid in side.processes.items()}
    if command == "pay":
        count_pays(measured, prefix, books)
    used["load"] = measured.own_seconds
    us = {group: seconds / measured.requests * 1e6 for group, seconds in used.items()}
    return Turn(measured.rate, measured.p99_ms, us)


def _seconds_of(pid: int) -> float:
    """Processor time of a process and of all that it has started and that still runs."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) * TICK_S  # user and system
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(_seconds_of(int(child)) for child in children)


def ratios(turns: Turns, above: str, below: str) -> list[float]:
    """How many times as many requests one side has answered as the other, by restart."""
    pairs = zip(turns[above], turns[below], strict=True)
    return [_rate(ours) / _rate(theirs) for ours, theirs in pairs]


def _rate(turns: Iterable[Turn]) -> float:
    return statistics.fmean(turn.rate for turn in turns)


def median(restarts: Sequence[Sequence[Turn]]) -> Turn:
    """The middle of all turns, number by number."""
    turns = [turn for restart in restarts for turn in restart]
    return Turn(
        statistics.median(turn.rate for turn in turns),
        statistics.median(turn.p99_ms for turn in turns),
        {group: statistics.median(turn.us.get(group, 0) for turn in turns) for group in GROUPS},
    )
