"""Requests a second against PHP and the bare statement, and what each lever gives."""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.data import FIRST_ACCOUNT
from bench.figures import Figure, ask, at_least, call, rates
from bench.load import CLIENTS, LoadError, send_bare_statements
from bench.servers import Gunicorn, Nginx, PhpFpm, as_deployed, http
from bench.turns import COMMANDS, Side, median, ratios, take_turns
from tests.support.processes import ROOT, Program

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.data import Books
    from bench.figures import Bench
    from bench.servers import Upstream
    from bench.turns import Turn, Turns

OURS, FRESH, PERSISTENT, DIRECT = (
    "ours",
    "PHP, a new connection each",
    "PHP, persistent",
    "ours without nginx (HTTP)",
)
GOALS = {FRESH: 1.1, PERSISTENT: 0.8}
BARE_GOAL = 0.3


@dataclass(frozen=True)
class Costs:
    """A row of the table of costs: the medians of one side and command."""

    side: str
    command: str
    rate: float
    p99_ms: float
    us: Mapping[str, float]


class Measured(NamedTuple):
    """What a section brings."""

    figures: list[Figure]
    costs: list[Costs]


class _Start(NamedTuple):
    """A program that is to be started, and how nginx calls it."""

    side: str
    program: Program
    upstream: Upstream | None  # None: it is called without nginx
    url: str = ""


def against_php(bench: Bench, books: Books) -> Measured:
    """Pay and check: ours and PHP behind the same nginx, ours alone, and the bare statement."""
    turns: dict[str, Turns] = {command: {} for command in COMMANDS}
    bare: list[float] = []
    for number in range(bench.restarts):
        folder = bench.folder / f"php{number}"
        folder.mkdir()
        with ExitStack() as stack:
            starts = [_ours(bench, books, folder, Change(OURS)), _direct(bench, books, folder)]
            if bench.programs.php:
                starts += [_php(bench, books, folder, persistent=False)]
                starts += [_php(bench, books, folder, persistent=True)]
            sides = _started(stack, bench, books, folder, starts)
            if number == 0 and bench.programs.php:
                _compare_answers([side.url for side in sides if side.name != DIRECT])
            _take(bench, sides, books, turns)
            if bench.programs.slap:
                bare.append(send_bare_statements(bench.programs, books, CLIENTS, folder))
    return Measured(
        [*_php_figures(turns), *_bare_figures(turns["pay"], bare)],
        _costs(turns),
    )


class Change(NamedTuple):
    """What is another thing on a side than as we are deployed."""

    name: str
    options: tuple[str, ...] = ()
    python: str = ""
    speaks_http: bool = False


def changes() -> list[Change]:
    """The levers that can be taken back from outside."""
    cores = os.cpu_count() or 1
    counts = [(cores + 1, 1), (1, 2 * cores), (cores, 4)]  # workers, and threads of each
    return [
        Change("HTTP and not FastCGI", speaks_http=True),
        *(
            Change(f"{count} x {each} threads", ("-w", f"{count}", "--threads", f"{each}"))
            for count, each in counts
        ),
        Change(f"Python {sys.version.split()[0]} of .venv", python=sys.executable),
    ]


def levers(
    bench: Bench, books: Books, changed: Sequence[Change], others: Sequence[Path]
) -> Measured:
    """Ours as it is deployed against ours with one thing changed; other checkouts, too."""
    turns: dict[str, Turns] = {command: {} for command in COMMANDS}
    for number in range(bench.restarts):
        folder = bench.folder / f"levers{number}"
        folder.mkdir()
        with ExitStack() as stack:
            starts = [_ours(bench, books, folder, Change(OURS))]
            starts += [_ours(bench, books, folder, change) for change in changed]
            starts += [
                _ours(bench, books, folder, Change(f"the checkout {root.name}"), root)
                for root in others
            ]
            sides = _started(stack, bench, books, folder, starts)
            _take(bench, sides, books, turns)
    return Measured(_lever_figures(turns), _costs(turns))


def _ours(bench: Bench, books: Books, folder: Path, change: Change, root: Path = ROOT) -> _Start:
    home = folder / re.sub("[^a-z0-9]+", "-", change.name.lower())
    program = Gunicorn(
        bench.programs,
        books.url,
        home,
        [*bench.options, *change.options],
        behind_nginx=True,
        python=change.python,
        root=root,
    )
    speak = http if change.speaks_http else partial(as_deployed, root=root)
    return _Start(change.name, program, speak(program.socket))


def _direct(bench: Bench, books: Books, folder: Path) -> _Start:
    program = Gunicorn(bench.programs, books.url, folder / "direct", bench.options)
    return _Start(DIRECT, program, None, program.url)


def _php(bench: Bench, books: Books, folder: Path, *, persistent: bool) -> _Start:
    name = PERSISTENT if persistent else FRESH
    home = folder / ("persistent" if persistent else "fresh")
    program = PhpFpm(bench.programs, books, home, persistent=persistent)
    return _Start(name, program, program.upstream())


def _started(
    stack: ExitStack, bench: Bench, books: Books, folder: Path, starts: Sequence[_Start]
) -> list[Side]:
    for start in starts:
        stack.enter_context(start.program)
    upstreams = [start.upstream for start in starts if start.upstream]
    nginx = stack.enter_context(Nginx(bench.programs, folder, upstreams))
    sides = []
    for start in starts:
        processes = {"program": start.program.pid, "mariadbd": books.server.pid}
        if start.upstream:
            processes["nginx"] = nginx.pid
        url = start.upstream.url if start.upstream else start.url
        sides.append(Side(start.side, url, processes))
    return sides


def _take(bench: Bench, sides: list[Side], books: Books, turns: dict[str, Turns]) -> None:
    for command in COMMANDS:
        taken = take_turns(bench.programs.wrk, sides, command, books, bench.turns)
        for name, one in taken.items():
            turns[command].setdefault(name, []).append(one)


def _php_figures(turns: Mapping[str, Turns]) -> list[Figure]:
    return [
        at_least(
            f"{command}: ours / {rival}",
            goal,
            ratios(sides, OURS, rival),
            f"{rates(sides, **{OURS: 'ours', rival: 'PHP'})}; {_processor(sides, rival)}",
        )
        for rival, goal in GOALS.items()
        for command, sides in turns.items()
        if rival in sides
    ]


def _bare_figures(pays: Turns, bare: Sequence[float]) -> list[Figure]:
    if not bare:
        return []
    ours = [sum(turn.rate for turn in turns) / len(turns) for turns in pays[OURS]]
    measured = [one / other for one, other in zip(ours, bare, strict=True)]
    name = f"pay: ours / the bare statement, {CLIENTS} clients"
    middle = sorted(bare)[len(bare) // 2]
    detail = f"{rates(pays, **{OURS: 'ours'})}, bare {middle:.0f}/s"
    return [at_least(name, BARE_GOAL, measured, detail)]


def _lever_figures(turns: Mapping[str, Turns]) -> list[Figure]:
    """By how much ours as it is deployed is faster than with each change."""
    figures = []
    for side in turns[COMMANDS[0]]:
        if side == OURS:
            continue
        gains, costs = [], []
        for sides in turns.values():
            measured = sorted(ratios(sides, OURS, side))
            gains.append(f"{measured[len(measured) // 2]:.2f}")
            costs.append(_processor(sides, side))
        figures.append(
            Figure(
                f"{' / '.join(turns)}: ours / {side}", " / ".join(gains), "", None, ", ".join(costs)
            )
        )
    return figures


def _processor(sides: Turns, other: str) -> str:
    """Processor time of a request, which neighbours hardly touch."""
    return f"{median(sides[OURS]).all_us:.0f} us against {median(sides[other]).all_us:.0f}"


def _costs(turns: Mapping[str, Turns]) -> list[Costs]:
    rows = []
    for command, sides in turns.items():
        for side, restarts in sides.items():
            middle: Turn = median(restarts)
            rows.append(Costs(side, command, middle.rate, middle.p99_ms, middle.us))
    return rows


def _compare_answers(urls: Sequence[str]) -> None:
    """Check that all sides do the same job: LoadError when an answer differs."""
    unknown = str(FIRST_ACCOUNT - 1)
    paid = time.time_ns() % 10**15
    for command, txn_id, changed in (
        ("check", 0, {}),
        ("check", 0, {"account": unknown}),
        ("check", 0, {"account": "12 34"}),
        ("pay", paid, {}),
        ("pay", paid, {}),
        ("pay", paid, {"sum": "11.00"}),
        ("pay", paid + 1, {"sum": "9.99"}),
        ("pay", paid + 1, {"sum": "10,00"}),
        ("pay", paid + 1, {"account": unknown}),
        ("pay", paid + 1, {"txn_date": "2026-11-03"}),
        ("refund", paid + 1, {}),
    ):
        # A txn_id for each side; what then differs by nature is cut out.
        answers = {
            re.sub(
                "<(prv_txn|osmp_txn_id)>[0-9]+<",
                r"<\1><",
                ask(url, call(command, f"{number}{txn_id:015}", **changed)),
            )
            for number, url in enumerate(urls, start=1)
        }
        if len(answers) > 1:
            raise LoadError(f"the sides answer {command} {changed} differently: {answers}")
