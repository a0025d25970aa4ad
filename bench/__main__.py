"""Measures everything in one run and prints one table."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from bench import figures as sizes
from bench import rates
from bench.data import PAYMENTS_OF_ACCOUNT, Books
from bench.far import far_database
from bench.figures import Bench
from bench.programs import SYSTEM_PYTHON, find_programs
from bench.rates import Measured
from bench.servers import environment, settings
from bench.turns import GROUPS
from tests.support.processes import ROOT, MariaDB, find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.figures import Figure
    from bench.programs import Programs
    from bench.rates import Costs

FEW = 5_000
MANY = 5_000_000
# Loaded in seconds instead of minutes, with as many payments for each customer as MANY.
MANY_BY_DEFAULT = 500_000
# Holds the indexes of MANY, as the server of somebody with so many payments does.
DATABASE_OPTIONS = ("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M")
IN_MEMORY = ("tmpfs", "ramfs")
# More than a machine's own housekeeping takes: whatever it is, it robs the sides unequally.
MUCH_OTHER_WORK = 0.1
SECTIONS = ("php", "levers", "against", "size", "far", "cold")
# The process layout alone moves a total by 8 %: the median of five restarts.
RESTARTS, TURNS = 5, 2
# A lever is small: more turns, fewer restarts.
LEVER_RESTARTS, LEVER_TURNS = 2, 2


def main() -> None:
    """Read the arguments, measure, print."""
    arguments = _parser().parse_args()
    # Whoever ends us ends what we started: the with statements below do it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    programs = find_programs(arguments.python)
    payments = MANY if arguments.full else MANY_BY_DEFAULT
    notes = [*_missing(programs), *_other_work(), *([] if arguments.full else [_size_note()])]
    programs = replace(programs, python=programs.python or sys.executable)
    with _folder(notes) as folder:
        measured = _measure(programs, payments, folder, arguments)
    form = _as_json if arguments.json else _as_tables
    print(form(_machine(programs), measured, notes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description=__doc__,
        epilog="php: the rates against PHP and the bare statement; levers: ours with one thing "
        "changed; against: other checkouts; size: many payments against few; far: a database 20 ms "
        "away; cold: memory and CGI.",
    )
    parser.add_argument("--full", action="store_true", help="with 5 million payments")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--only", choices=SECTIONS, action="append", help="one section; may be repeated"
    )
    parser.add_argument("--restarts", type=int, help="how often everything is started anew")
    parser.add_argument("--turns", type=int, help="of each side, in each restart")
    parser.add_argument(
        "--python", default="", help="measure on this one, with our requirements installed"
    )
    parser.add_argument(
        "--against",
        type=Path,
        action="append",
        default=[],
        metavar="CHECKOUT",
        help="a further side: another checkout of the program",
    )
    parser.add_argument("options", nargs="*", help="after --: options for our gunicorn")
    return parser


def _measure(
    programs: Programs, payments: int, folder: Path, arguments: argparse.Namespace
) -> Measured:
    (folder / "mariadb").mkdir()
    only = arguments.only or SECTIONS
    figures: list[Figure] = []
    costs: list[Costs] = []

    def bench(restarts: int, turns: int) -> Bench:
        return Bench(
            programs,
            folder,
            arguments.options,
            arguments.restarts or restarts,
            arguments.turns or turns,
        )

    with MariaDB(folder / "mariadb", durable=True, options=DATABASE_OPTIONS) as server:
        accounts = payments // PAYMENTS_OF_ACCOUNT
        large = _books(server, "many", accounts, payments, folder)
        usual = bench(RESTARTS, TURNS)
        behind_nginx = programs.wrk and programs.nginx
        if "php" in only and behind_nginx:
            _say("check and pay against PHP and against the bare statement")
            against_php = rates.against_php(usual, large)
            figures += against_php.figures
            costs += against_php.costs
        others = arguments.against if "against" in only else []
        if ("levers" in only or others) and behind_nginx:
            _say("levers")
            lever = bench(LEVER_RESTARTS, LEVER_TURNS)
            changed = rates.changes() if "levers" in only else []
            figures += rates.levers(lever, large, changed, others).figures
        if "size" in only and programs.wrk:
            _say("few payments and many")
            small = _books(server, "few", accounts, FEW, folder)
            figures += sizes.by_size(usual, small, large)
        if "far" in only:
            _say("a database far away")
            figures += far_database(usual, large)
        if "cold" in only:
            _say("round trips, memory and cold start")
            figures += [sizes.round_trips(usual, large), sizes.memory(usual, large)]
            figures += sizes.cold_starts(usual, large)
    return Measured(figures, costs)


def _books(server: MariaDB, name: str, accounts: int, payments: int, folder: Path) -> Books:
    _say(f"{payments} payments")
    server.create_database(name)
    books = Books(server, name, accounts, payments)
    (folder / name).mkdir()
    command = [sys.executable, "-m", "flask", "init-db"]
    where = environment(settings(books.url, folder / name))
    subprocess.run(command, cwd=ROOT, env=where, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder / name)
    books.fill()
    return books


@contextmanager
def _folder(notes: list[str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        kind = subprocess.run(
            ["stat", "-f", "-c", "%T", name], capture_output=True, text=True, check=False
        ).stdout.strip()
        if kind in IN_MEMORY:
            notes.append(
                "The temporary folder is in memory, so a commit costs nothing: name one on a disk"
                " with TMPDIR."
            )
        yield Path(name)


def _missing(programs: Programs) -> list[str]:
    lost = {
        "python": f"the Python of {SYSTEM_PYTHON} (measured on {sys.executable} instead)",
        "wrk": "every row of requests a second",
        "nginx": "the rows against PHP, the levers",
        "php": "the rows against PHP",
        "slap": "the row against the bare statement",
    }
    rows = list(dict.fromkeys(row for name, row in lost.items() if not getattr(programs, name)))
    if not rows:
        return []
    return [f"Missing: {', '.join(programs.missing)}; left out: {', '.join(rows)}."]


def _other_work() -> list[str]:
    before = _processor_ticks()
    time.sleep(1)
    passed = [after - then for after, then in zip(_processor_ticks(), before, strict=True)]
    idle = passed[3] + passed[4]  # idle, and waiting for the disk
    busy = 1 - idle / sum(passed)
    if busy < MUCH_OTHER_WORK:
        return []
    return [f"Other work took {busy:.0%} of the processors before the start: measure again."]


def _processor_ticks() -> list[int]:
    return [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]


def _size_note() -> str:
    return f"{MANY_BY_DEFAULT} payments stand for many; bench/run --full takes {MANY}."


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def _machine(programs: Programs) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        str(datetime.now(timezone.utc).date()),
        f"{os.cpu_count()} cores",
        f"{memory:.0f} GiB",
        f"Python {_version(programs.python)}",
        f"MariaDB {_version(find('mariadbd'))}",
    ]
    return ", ".join(parts + ([f"PHP {_version(programs.php)}"] if programs.php else []))


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"[0-9]+\.[0-9.]+", done.stdout)
    return found[0] if found else "of an unknown version"


def _as_tables(machine: str, measured: Measured, notes: Sequence[str]) -> str:
    """Markdown, as it stands in docs/performance.md."""
    met = {True: "yes", False: "NO", None: ""}
    goals = [("figure", "measured", "goal", "met", "")]
    goals += [
        (row.name, row.measured, row.goal, met[row.met], row.detail) for row in measured.figures
    ]
    costs = [
        ("side", "command", "requests/s", "p99, ms", *(f"{name}, us" for name in GROUPS), "all")
    ]
    costs += [
        (
            *(row.side, row.command, f"{row.rate:.0f}", f"{row.p99_ms:.1f}"),
            *(f"{row.us[name]:.0f}" for name in GROUPS),
            f"{sum(row.us.values()):.0f}",
        )
        for row in measured.costs
    ]
    tables = [_table(rows) for rows in (goals, costs) if len(rows) > 1]
    return "\n\n".join([machine, *tables, *notes])


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (rows[0], ["-" * width for width in widths], *rows[1:])
    ]
    return "\n".join(f"| {line} |" for line in lines)


def _as_json(machine: str, measured: Measured, notes: Sequence[str]) -> str:
    whole = {
        "machine": machine,
        "notes": notes,
        "figures": [asdict(row) for row in measured.figures],
        "costs": [asdict(row) for row in measured.costs],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    main()
