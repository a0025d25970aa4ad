"""A list of any length takes the same memory, and nobody waits for it (ITEMS=100000 for more)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from callback import operation, settings
from callback.database import Database, load_statements
from callback.database.errors import DatabaseError
from callback.model import Check, Pay
from callback.paths import SQL
from callback.tools.books import importing
from tests.support.processes import ROOT
from tests.tools.books.test_bills_stream import MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Engine

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[IMPORT]
"""
FEW = 1_000
MANY = int(os.environ.get("ITEMS", "20000"))
MAX_GROWTH_KIB = 12 << 10  # caches of two databases; kept rows of a hundred thousand take more
HEAD = "number;name;address;debt\n"
pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


def peak(folder: Path, count: int, debt: str) -> tuple[int, float]:
    """Import so many customers in a process of its own; the most memory, in KiB, and the time."""
    file = folder / "list.csv"
    with file.open("w", encoding="utf-8") as rows:
        rows.write(HEAD)
        for number in range(count):
            rows.write(f'{number:010};Серова Анна Олеговна;"Абая, 1; {number}";{debt}\n')
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "import", str(file), "--force"],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(folder / "config.toml")},
        capture_output=True,
        text=True,
        check=True,
    )
    print(done.stdout)
    return int(done.stderr.split()[-2]), time.perf_counter() - started


def test_memory_does_not_grow_with_the_list(
    engine: Engine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither where all is new, nor where every debt has changed, nor where nothing has."""
    few, _ = peak(folder, FEW, "640.30")
    figures = [peak(folder, MANY, debt) for debt in ("640.30", "640.31", "640.31")]

    assert engine.rows("SELECT COUNT(*) FROM invoice WHERE amount = '640.31'") == [(MANY,)]
    with capsys.disabled():
        times = ", ".join(f"{seconds:.1f} s" for _, seconds in figures)
        growth = max(kib for kib, _ in figures) - few
        print(f"\n{MANY} customers: {times} (all new, all changed, nothing); {growth} KiB more")
    assert growth < MAX_GROWTH_KIB


def test_nobody_waits_while_a_list_is_written(
    engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checks and pays go on; only the pay of a customer whose own row changes is put off."""
    given = settings.load(folder / "config.toml")
    assert given.imports
    rows = {f"00{number}": "name" for number in range(20)}
    file = tmp_path / "list.csv"

    def write(debt: str) -> None:
        lines = "".join(f"{number};{name};;{debt}\n" for number, name in rows.items())
        file.write_text(HEAD + lines)

    def run(progress: Any) -> None:
        database = Database(given.engine, load_statements(SQL), 1)
        assert given.imports
        importing.run(database, given.imports, file, importing.Options(), progress)

    said: dict[str, str] = {}

    def ask(name: str, command: Any) -> None:
        database = Database(given.engine, load_statements(SQL), 1)
        try:
            with database.session() as session:
                result = operation.run(session, given.banks["qiwi"], command)
        except DatabaseError:
            said[name] = "ask again"
            return
        said[name] = (
            f"{result.payer.owed:.2f}" if result.payer and name == "check" else result.outcome
        )

    def meanwhile(items: Any, label: str) -> Iterator[Any]:
        yield from items
        if label == "customers":  # all but the last row are written, none committed
            ask("check", Check(name="check", account="000"))
            ask("unchanged", pay("1", "0010"))
            ask("another", pay("2", "0011"))
            ask("changed", pay("3", "000"))

    write("1.00")
    run(lambda items, label: items)
    rows |= {"000": "new name", "001": "new name", "0020": "name"}
    write("2.00")
    monkeypatch.setattr(importing, "PIECE", 1)
    run(meanwhile)

    assert said == {"check": "1.00", "unchanged": "ok", "another": "ok", "changed": "ask again"}
    assert engine.rows("SELECT COUNT(*) FROM invoice WHERE amount = '2.00'") == [(21,)]


def pay(txn_id: str, account: str) -> Pay:
    """A payment of 0.50."""
    from datetime import datetime
    from decimal import Decimal

    paid_at = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the bank's
    return Pay(name="pay", txn_id=txn_id, account=account, amount=Decimal("0.50"), paid_at=paid_at)
