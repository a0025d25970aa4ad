"""The figures of design.md, section 6: each is a ratio of two things measured in turns."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode, urlsplit

from bench.data import FIRST_ACCOUNT
from bench.load import AUTHORIZATION, LoadError, call_bank, new_prefix
from bench.servers import Gunicorn, environment, settings
from bench.turns import COMMANDS, Side, median, ratios, take_turns
from tests.support.processes import HOST, ROOT, CuttingProxy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.data import Books
    from bench.programs import Programs
    from bench.turns import Turns

# The median of five survives two that a neighbour spoiled.
TURNS = 5
# A cold start takes a third of a second: many are cheap.
STARTS = 15
# A minute of a small site, and what one of its calls may take.
CALLS = 60
COLD_MS = 250
COLD_MIB = 27

IMPORTS = "import flask, pymysql"
CGI = "from callback.entries import cgi; from wsgi import application; cgi.serve(application)"
STATUS = "print(open('/proc/self/status').read())"


class Bench(NamedTuple):
    """What every measurement is made with."""

    programs: Programs
    folder: Path
    options: Sequence[str]  # for our gunicorn
    restarts: int
    turns: int  # of each side, in each restart


@dataclass(frozen=True)
class Figure:
    """A row of the table of goals."""

    name: str
    measured: str
    goal: str
    met: bool | None  # None: for information, no goal
    detail: str


def at_least(name: str, goal: float, measured: Sequence[float], detail: str) -> Figure:
    """A ratio that should be large, measured by several restarts."""
    middle = statistics.median(measured)
    spread = f" ({min(measured):.2f} to {max(measured):.2f})" if len(measured) > 1 else ""
    return Figure(name, f"{middle:.2f}{spread}", f">= {goal}", middle >= goal, detail)


def by_size(bench: Bench, small: Books, large: Books) -> list[Figure]:
    """The time of a check and of a pay with many payments in the books against few."""
    figures = []
    with ExitStack() as stack:
        sides: dict[str, tuple[Side, Books]] = {}
        for name, books in (("few", small), ("many", large)):
            ours = Gunicorn(bench.programs, books.url, bench.folder / name, bench.options)
            url = stack.enter_context(ours).url
            sides[name] = (Side(name, url, {}), books)
        for command in COMMANDS:
            turns: Turns = {name: [] for name in sides}
            for _ in range(TURNS):
                for name, (side, books) in sides.items():
                    taken = take_turns(bench.programs.wrk, [side], command, books, 1)
                    turns[name].append(taken[name])
            ratio = statistics.median(ratios(turns, "few", "many"))  # times are inverse rates
            figures.append(
                Figure(
                    f"{command}: time at {_short(large.payments)} payments / at "
                    f"{_short(small.payments)}",
                    f"{ratio:.2f}",
                    "<= 1.2",
                    ratio <= 1.2,
                    rates(turns, few="few", many="many"),
                )
            )
    return figures


def round_trips(bench: Bench, books: Books) -> Figure:
    """Count what one worker sends to the database, by a proxy between them."""
    with _CountingProxy(HOST, books.server.port) as proxy:
        url = books.server.url(books.name, port=proxy.port)
        with Gunicorn(bench.programs, url, bench.folder / "counted", ["-w", "1"]) as ours:
            key = f"3{time.time_ns()}"
            ask(ours.url, call("check", key))  # makes the connection
            counts = []
            for command in ("check", "pay", "pay"):
                before = proxy.packets
                ask(ours.url, call(command, key))
                counts.append(proxy.packets - before)
    measured = " / ".join(map(str, counts))
    name = "database round trips: check / first pay / repeated pay"
    return Figure(name, measured, "1 / 1 / 2", counts == [1, 1, 2], "packets on the connection")


def memory(bench: Bench, books: Books) -> Figure:
    """Compare a worker that has worked with an interpreter that only imports."""
    programs = bench.programs
    with Gunicorn(programs, books.url, bench.folder / "weighed", bench.options) as ours:
        if programs.wrk:
            call_bank(programs.wrk, ours.url, "pay", books, prefix=new_prefix())
        worker = max(_own_memory(Path(f"/proc/{pid}/status").read_text()) for pid in ours.workers)
    bare = _own_memory(_run(programs.python, f"{IMPORTS}; {STATUS}", dict(os.environ)))
    return Figure(
        "memory of a worker over the bare imports",
        f"{worker - bare:.1f} MiB",
        "<= 10 MiB",
        worker - bare <= 10,
        f"worker {worker:.1f} MiB, bare imports {bare:.1f} MiB",
    )


def cold_starts(bench: Bench, books: Books) -> list[Figure]:
    """A check through CGI, in a new process: against the bare imports, then one a second."""
    folder = bench.folder / "cgi"
    folder.mkdir()
    request = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/qiwi",
        "QUERY_STRING": urlencode(call("check", "1")),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": HOST,
        "HTTP_AUTHORIZATION": AUTHORIZATION,
    }
    ours = environment(settings(books.url, folder)) | request
    python = bench.programs.python
    answer = _run(python, CGI, ours)
    if "<result>0</result>" not in answer:
        raise LoadError(f"CGI: {answer}")
    _run(python, IMPORTS, ours)
    return [_cold_start(python, ours), _one_a_second(python, ours)]


def _cold_start(python: str, ours: dict[str, str]) -> Figure:
    seconds = in_turns(
        {
            "cgi": partial(_seconds_of, python, CGI, ours),
            "bare": partial(_seconds_of, python, IMPORTS, ours),
        },
        STARTS,
    )
    ratio = statistics.median(
        one / other for one, other in zip(seconds["cgi"], seconds["bare"], strict=True)
    )
    cgi, bare = (statistics.median(seconds[side]) * 1000 for side in ("cgi", "bare"))
    detail = f"one check {cgi:.0f} ms, bare imports {bare:.0f} ms"
    return Figure(
        "cold start (CGI) / the bare imports", f"{ratio:.2f}", "<= 0.75", ratio <= 0.75, detail
    )


def _one_a_second(python: str, ours: dict[str, str]) -> Figure:
    """As a small site is called: time on one core, and memory at its most."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        calls = [_cold_call(python, ours) for _ in range(CALLS)]
    finally:
        os.sched_setaffinity(0, before)
    slow = sorted(call.ms for call in calls)[CALLS * 95 // 100 - 1]
    memory = max(call.mib for call in calls)
    return Figure(
        "cold, one a second on one core: p95, memory",
        f"{slow:.0f} ms, {memory:.0f} MiB",
        "<= 250 ms, 27 MiB",
        slow <= COLD_MS and memory <= COLD_MIB,
        f"median {statistics.median(call.ms for call in calls):.0f} ms of {CALLS} checks",
    )


class _Cold(NamedTuple):
    ms: float
    mib: float


def _cold_call(python: str, ours: dict[str, str]) -> _Cold:
    started = time.perf_counter()
    status = _run(python, f"{CGI}; {STATUS}", ours)
    seconds = time.perf_counter() - started
    time.sleep(max(0.0, 1 - seconds))
    return _Cold(seconds * 1000, _memory("VmHWM", status))


class _CountingProxy(CuttingProxy):
    """Counts the packets that a client sends."""

    packets = 0

    def judge(self, packet: bytes) -> None:
        self.packets += 1


def in_turns(sides: Mapping[str, Callable[[], float]], turns: int) -> dict[str, list[float]]:
    """Measure one after the other, so many times."""
    measured: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(turns):
        for name, measure in sides.items():
            measured[name].append(measure())
    return measured


def rates(turns: Turns, **names: str) -> str:
    """Requests a second of some sides, for the scale."""
    return ", ".join(f"{name} {median(turns[side]).rate:.0f}/s" for side, name in names.items())


def _short(count: int) -> str:
    return f"{count // 1_000_000} M" if count >= 1_000_000 else f"{count // 1000} k"


def _seconds_of(python: str, code: str, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    _run(python, code, environment)
    return time.perf_counter() - started


def _run(python: str, code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [python, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def _own_memory(status: str) -> float:
    """MiB of data in memory. Not of files: a worker shares those with its master, and what it has
    not touched since the fork does not count for it, so it would look smaller than it is.
    """
    return _memory("RssAnon", status)


def _memory(kind: str, status: str) -> float:
    """MiB of one kind, of what /proc says of a process."""
    found = re.search(rf"{kind}:\s+(\d+) kB", status)
    if found is None:
        raise LoadError("the kernel does not say how much memory is in use")
    return int(found[1]) / 1024


def call(command: str, txn_id: str, **changed: str) -> dict[str, str]:
    """The parameters of one call."""
    parameters = {
        "command": command,
        "txn_id": txn_id,
        "account": str(FIRST_ACCOUNT),
        "sum": "10.00",
        "txn_date": "20261103091500",
    }
    return parameters | changed


def ask(url: str, parameters: Mapping[str, str]) -> str:
    """Call once; what is answered."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    path = f"/qiwi?{urlencode(parameters)}"
    connection.request("GET", path, headers={"Authorization": AUTHORIZATION})
    body = connection.getresponse().read().decode()
    connection.close()
    return body
