"""The figures of design.md, section 6: each is a ratio of two things measured in turns.

A machine with few cores and neighbours is noisy. So the sides of a ratio take turns (A B A B …),
every turn is short, and the median of the ratios of single turns counts.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from bench.data import FIRST_ACCOUNT
from bench.load import AUTHORIZATION, CLIENTS, SECONDS, LoadError, call_bank, send_bare_statements
from bench.servers import Gunicorn, Nginx, PhpFpm, environment, settings
from tests.support.processes import HOST, ROOT, CuttingProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.data import Books
    from bench.programs import Programs

# The median of five turns survives two that a neighbour spoiled.
TURNS = 5
# A cold start takes a third of a second: many are cheap.
STARTS = 15
# Interpreters settle in the first hundreds of calls (caches, connections, PHP's compiled code).
WARM_UP_SECONDS = 1

IMPORTS = "import flask, pymysql"
CGI = "from wsgiref.handlers import CGIHandler; from wsgi import app; CGIHandler().run(app)"
STATUS = "print(open('/proc/self/status').read())"


@dataclass(frozen=True)
class Figure:
    """A row of the table."""

    name: str
    measured: str
    goal: str
    met: bool | None  # None: for information, no goal
    detail: str


def against_php(
    programs: Programs, books: Books, folder: Path, options: Sequence[str]
) -> list[Figure]:
    """Pay and check: ours and PHP behind the same nginx, ours alone, and the bare statement."""
    with ExitStack() as stack:
        start = stack.enter_context
        direct = start(Gunicorn(books.url, folder / "direct", options))
        sides = {"direct": direct.url}
        if programs.nginx and programs.php:
            socket = folder / "gunicorn.sock"
            start(Gunicorn(books.url, folder / "ours", options, unix_socket=socket))
            start(PhpFpm(programs, books, folder))
            nginx = start(Nginx(programs, folder))
            _compare_answers(nginx.url, nginx.php_url)
            sides |= {"ours": nginx.url, "php": nginx.php_url}
        rates = {}
        for command in ("pay", "check"):
            rounds = {
                name: partial(_rate, programs, url, command, books) for name, url in sides.items()
            }
            for warm_up in rounds.values():
                warm_up(WARM_UP_SECONDS)
            if command == "pay" and programs.slap:
                rounds["bare"] = partial(send_bare_statements, programs, books, CLIENTS, folder)
            rates[command] = _in_turns(rounds)
    return [*_php_rows(rates), *_bare_rows(rates["pay"])]


def by_size(
    programs: Programs, small: Books, large: Books, folder: Path, options: Sequence[str]
) -> list[Figure]:
    """The time of a check and of a pay with many payments in the books against few."""
    figures = []
    with (
        Gunicorn(small.url, folder / "small", options) as few,
        Gunicorn(large.url, folder / "large", options) as many,
    ):
        for command in ("check", "pay"):
            rounds = {
                "few": partial(_rate, programs, few.url, command, small),
                "many": partial(_rate, programs, many.url, command, large),
            }
            for warm_up in rounds.values():
                warm_up(WARM_UP_SECONDS)
            rates = _in_turns(rounds)
            ratio = _ratio(rates["few"], rates["many"])  # times are the inverse of rates
            figures.append(
                Figure(
                    f"{command}: time at {_short(large.payments)} payments / at "
                    f"{_short(small.payments)}",
                    f"{ratio:.2f}",
                    "<= 1.2",
                    ratio <= 1.2,
                    _rates(rates, few="few", many="many"),
                )
            )
    return figures


def round_trips(books: Books, folder: Path) -> Figure:
    """Count what one worker sends to the database, by a proxy between them."""
    with _CountingProxy(HOST, books.server.port) as proxy:
        url = books.server.url(books.name, port=proxy.port)
        with Gunicorn(url, folder / "counted", ["-w", "1"]) as ours:
            key = f"3{time.time_ns()}"
            _ask(ours.url, _call("check", key))  # makes the connection
            counts = []
            for command in ("check", "pay", "pay"):
                before = proxy.packets
                _ask(ours.url, _call(command, key))
                counts.append(proxy.packets - before)
    measured = " / ".join(map(str, counts))
    name = "database round trips: check / first pay / repeated pay"
    return Figure(name, measured, "1 / 1 / 2", counts == [1, 1, 2], "packets on the connection")


def memory(programs: Programs, books: Books, folder: Path, options: Sequence[str]) -> Figure:
    """Compare a worker that has worked with an interpreter that only imports."""
    with Gunicorn(books.url, folder / "weighed", options) as ours:
        if programs.wrk:
            call_bank(programs.wrk, ours.url, "pay", books)
        worker = max(_own_memory(Path(f"/proc/{pid}/status").read_text()) for pid in ours.workers)
    bare = _own_memory(_python(f"{IMPORTS}; {STATUS}", dict(os.environ)))
    return Figure(
        "memory of a worker over the bare imports",
        f"{worker - bare:.1f} MiB",
        "<= 10 MiB",
        worker - bare <= 10,
        f"worker {worker:.1f} MiB, bare imports {bare:.1f} MiB",
    )


def cold_start(books: Books, folder: Path) -> Figure:
    """One check through CGI, in a new process, against the bare imports."""
    folder = folder / "cgi"
    folder.mkdir()
    request = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/qiwi",
        "QUERY_STRING": urlencode(_call("check", "1")),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": HOST,
        "HTTP_AUTHORIZATION": AUTHORIZATION,
    }
    ours = environment(settings(books.url, folder)) | request
    answer = _python(CGI, ours)
    if "<result>0</result>" not in answer:
        raise LoadError(f"CGI: {answer}")
    _python(IMPORTS, ours)
    seconds = _in_turns(
        {
            "cgi": partial(_seconds_of, CGI, ours),
            "bare": partial(_seconds_of, IMPORTS, ours),
        },
        STARTS,
    )
    ratio = _ratio(seconds["cgi"], seconds["bare"])
    cgi, bare = (statistics.median(seconds[side]) * 1000 for side in ("cgi", "bare"))
    detail = f"one check {cgi:.0f} ms, bare imports {bare:.0f} ms"
    return Figure(
        "cold start (CGI) / the bare imports", f"{ratio:.2f}", "<= 1.3", ratio <= 1.3, detail
    )


class _CountingProxy(CuttingProxy):
    """Counts the packets that a client sends."""

    packets = 0

    def judge(self, packet: bytes) -> None:
        self.packets += 1


def _php_rows(rates: Mapping[str, Mapping[str, list[float]]]) -> list[Figure]:
    figures = []
    for command, sides in rates.items():
        if "php" not in sides:
            continue
        ratio = _ratio(sides["ours"], sides["php"])
        figures.append(
            Figure(
                f"{command}: ours / PHP, both behind nginx",
                f"{ratio:.2f}",
                "> 1.0",
                ratio > 1,
                _rates(sides, ours="ours", php="PHP"),
            )
        )
        direct = _ratio(sides["direct"], sides["php"])
        figures.append(
            Figure(
                f"{command}: ours without nginx / PHP",
                f"{direct:.2f}",
                "",
                None,
                _rates(sides, direct="ours"),
            )
        )
    return figures


def _bare_rows(sides: Mapping[str, list[float]]) -> list[Figure]:
    if "bare" not in sides:
        return []
    ratio = _ratio(sides["direct"], sides["bare"])
    name = f"pay: ours / the bare statement, {CLIENTS} clients"
    detail = _rates(sides, direct="ours", bare="bare")
    return [Figure(name, f"{ratio:.2f}", ">= 0.5", ratio >= 0.5, detail)]


def _in_turns(
    sides: Mapping[str, Callable[[], float]], turns: int = TURNS
) -> dict[str, list[float]]:
    measured: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(turns):
        for name, measure in sides.items():
            measured[name].append(measure())
    return measured


def _ratio(above: Sequence[float], below: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def _rates(sides: Mapping[str, Sequence[float]], **names: str) -> str:
    each = (f"{name} {statistics.median(sides[side]):.0f}/s" for side, name in names.items())
    return ", ".join(each)


def _short(count: int) -> str:
    return f"{count // 1_000_000} M" if count >= 1_000_000 else f"{count // 1000} k"


def _rate(
    programs: Programs, url: str, command: str, books: Books, seconds: int = SECONDS
) -> float:
    return call_bank(programs.wrk, url, command, books, seconds).rate


def _seconds_of(code: str, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    _python(code, environment)
    return time.perf_counter() - started


def _python(code: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def _own_memory(status: str) -> float:
    """MiB of data in memory. Not of files: a worker shares those with its master, and what it has
    not touched since the fork does not count for it, so it would look smaller than it is.
    """
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    if found is None:
        raise LoadError("the kernel does not say how much memory is in use")
    return int(found[1]) / 1024


def _call(command: str, txn_id: str, **changed: str) -> dict[str, str]:
    call = {
        "command": command,
        "txn_id": txn_id,
        "account": str(FIRST_ACCOUNT),
        "sum": "10.00",
        "txn_date": "20261103091500",
    }
    return call | changed


def _ask(url: str, call: Mapping[str, str]) -> str:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", f"/qiwi?{urlencode(call)}", headers={"Authorization": AUTHORIZATION})
    body = connection.getresponse().read().decode()
    connection.close()
    return body


def _compare_answers(ours: str, php: str) -> None:
    """Check that both sides do the same job: LoadError when an answer differs."""
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
                _ask(url, _call(command, f"{side}{txn_id:015}", **changed)),
            )
            for side, url in enumerate((ours, php), start=1)
        }
        if len(answers) > 1:
            raise LoadError(f"ours and PHP answer {command} {changed} differently: {answers}")
