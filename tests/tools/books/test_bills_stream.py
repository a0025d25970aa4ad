"""A list of bills of any length takes the same memory: a million by `make million`, fewer here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

BANKS = """
[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]
bills = { form = "pull", head = ["{count};{total}"] }
"""
FEW = 1_000
MANY = int(os.environ.get("BILLS", "30000"))
# Not getrusage: that remembers the process before it became ours.
MEASURED = """
import sys
from flask.cli import main
try:
    main()
finally:
    sys.stderr.writelines(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
"""
MAX_GROWTH_KIB = (
    8 << 10
)  # buffers and caches; kept rows of a million would take a hundred times that


def customers(engine: Engine, count: int) -> None:
    """Add so many customers, each owing 640.30."""
    engine.clean()
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    places = [f"({digits}) AS t{place}" for place in range(len(str(count - 1)))]
    number = " + ".join(f"t{place}.d * {10**place}" for place in range(len(places)))
    engine.execute(
        f"INSERT INTO account (number, name, address) SELECT 10000000 + {number},"
        f" 'Серова Анна Олеговна', 'Абая, 1, 12' FROM {', '.join(places)} WHERE {number} < {count}"
    )
    engine.execute(
        "INSERT INTO invoice (number, account_id, amount, issued_on)"
        " SELECT number, id, '640.30', '2026-11-01' FROM account"
    )


def peak(settings: Path, output: Path) -> tuple[int, float]:
    """Write the list in a process of its own; return its most memory, in KiB, and the time."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "bills", "kaspi", "-o", str(output)],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(settings)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stderr.split()[-2]), time.perf_counter() - started


@pytest.mark.slow
def test_a_long_list_takes_no_more_memory(
    database: Engine, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though its first line holds the sum of all."""
    settings, output = folder / "config.toml", tmp_path / "list.csv"
    customers(database, FEW)
    few, _ = peak(settings, output)
    customers(database, MANY)
    many, seconds = peak(settings, output)
    with output.open(encoding="utf-8") as lines:
        first = next(lines)
        count = sum(1 for _ in lines)
    with capsys.disabled():
        print(f"\n{MANY} bills: {seconds:.1f} s, {many >> 10} MiB; {FEW}: {few >> 10} MiB")

    assert first == f"{MANY};{MANY * 64030 // 100}.{MANY * 64030 % 100:02}\n"
    assert count == MANY + 1
    assert many - few < MAX_GROWTH_KIB


@pytest.mark.slow
def test_a_page_of_many_is_pulled_in_time(
    database: Engine, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last page, too."""
    customers(database, MANY)
    started = time.perf_counter()
    made = endpoint.call(f"/kaspi/bills?date=202611&page={MANY // 1000}&rows=1000").text
    seconds = time.perf_counter() - started
    with capsys.disabled():
        print(f"\nthe last 1000 of {MANY}: {seconds:.1f} s")

    assert f'"total":{MANY},"sum":"{MANY * 64030 // 100}.' in made
    assert f'"account":"{10000000 + MANY - 1}"' in made
