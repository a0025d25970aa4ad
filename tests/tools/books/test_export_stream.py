"""Payments of any number take the same memory, written and marked (PAYMENTS=1000000 for more)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import ROOT
from tests.tools.books.test_bills_stream import MEASURED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[IMPORT]
"""
FEW = 1_000
MANY = int(os.environ.get("PAYMENTS", "20000"))
MAX_GROWTH_KIB = 8 << 10  # buffers and caches; kept rows of so many would take more
pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


def peak(engine: Engine, folder: Path, number: int) -> tuple[int, float]:
    """Write and mark so many payments; return the most memory, in KiB, and the time."""
    engine.execute(
        "INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state, paid_at,"
        " created_at, performed_at) SELECT 'qiwi', CONCAT(?, '-', seq), a.number, a.id, 1, 'KZT',"
        f" 'paid', '2026-11-03', '2026-11-03', '2026-11-03' FROM account AS a, seq_1_to_{number}",
        number,
    )
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "export", "--mark", "-o", str(folder / "payments.csv")],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(folder / "config.toml")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{number} marked as known" in done.stderr
    return int(done.stderr.split()[-2]), time.perf_counter() - started


@pytest.mark.slow
def test_memory_does_not_grow_with_the_payments(
    engine: Engine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A site that exports for the first time after years."""
    engine.account("0071501")
    few, _ = peak(engine, folder, FEW)
    many, seconds = peak(engine, folder, MANY)

    with capsys.disabled():
        print(f"\n{MANY} payments: {seconds:.1f} s, {many - few} KiB more")
    assert many - few < MAX_GROWTH_KIB
