"""Measures everything in one run and prints one table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from bench import figures
from bench.data import PAYMENTS_OF_ACCOUNT, Books
from bench.programs import find_programs
from bench.servers import environment, settings
from tests.support.processes import ROOT, MariaDB, find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.figures import Figure
    from bench.programs import Programs

FEW = 5_000
MANY = 5_000_000
# Loaded in seconds instead of minutes, with as many payments for each customer as MANY.
MANY_BY_DEFAULT = 500_000
# Holds the indexes of MANY, as the server of somebody with so many payments does.
DATABASE_OPTIONS = ("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M")
IN_MEMORY = ("tmpfs", "ramfs")
# More than a machine's own housekeeping takes: whatever it is, it robs the two sides unequally.
MUCH_OTHER_WORK = 0.1


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--full", action="store_true", help="with 5 million payments")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("options", nargs="*", help="after --: options for our gunicorn")
    given = parser.parse_args()
    # Whoever ends us ends what we started: the with statements below do it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    programs = find_programs()
    payments = MANY if given.full else MANY_BY_DEFAULT
    notes = [*_missing(programs), *_other_work(), *([] if given.full else [_size_note()])]
    with _folder(notes) as folder:
        rows = _measure(programs, payments, folder, given.options)
    form = _as_json if given.json else _as_table
    print(form(_machine(programs), rows, notes))


def _measure(
    programs: Programs, payments: int, folder: Path, options: Sequence[str]
) -> list[Figure]:
    (folder / "mariadb").mkdir()
    with MariaDB(folder / "mariadb", options=DATABASE_OPTIONS) as server:
        accounts = payments // PAYMENTS_OF_ACCOUNT
        small = _books(server, "few", accounts, FEW, folder)
        large = _books(server, "many", accounts, payments, folder)
        rows = []
        if programs.wrk:
            _say("pay and check against PHP and against the bare statement")
            rows += figures.against_php(programs, large, folder, options)
        _say("round trips")
        rows.append(figures.round_trips(large, folder))
        if programs.wrk:
            _say("few payments and many")
            rows += figures.by_size(programs, small, large, folder, options)
        _say("memory and cold start")
        rows.append(figures.memory(programs, small, folder, options))
        rows.append(figures.cold_start(small, folder))
    return rows


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
        "wrk": "every row of requests a second",
        "nginx": "the rows against PHP",
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
    print(f"bench: {what}", file=sys.stderr)


def _machine(programs: Programs) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        str(datetime.now(timezone.utc).date()),
        f"{os.cpu_count()} cores",
        f"{memory:.0f} GiB",
        f"Python {platform.python_version()}",
        f"MariaDB {_version(find('mariadbd'))}",
    ]
    return ", ".join(parts + ([f"PHP {_version(programs.php)}"] if programs.php else []))


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"[0-9]+\.[0-9.]+", done.stdout)
    return found[0] if found else "of an unknown version"


def _as_table(machine: str, rows: Sequence[Figure], notes: Sequence[str]) -> str:
    met = {True: "yes", False: "NO", None: ""}
    cells = [("figure", "measured", "goal", "met", "")]
    cells += [(row.name, row.measured, row.goal, met[row.met], row.detail) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([machine, "", *lines, *(["", *notes] if notes else [])])


def _as_json(machine: str, rows: Sequence[Figure], notes: Sequence[str]) -> str:
    return json.dumps(
        {"machine": machine, "notes": notes, "figures": [asdict(row) for row in rows]},
        ensure_ascii=False,
        indent=2,
    )


if __name__ == "__main__":
    main()
