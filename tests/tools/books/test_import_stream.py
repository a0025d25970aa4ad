"""A list of any length takes the same memory, and nobody waits for it (ITEMS=100000 for more)."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
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
    from tests.support.processes import Endpoint

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
show = ["debt"]

[IMPORT]
"""
FEW = 1_000
MANY = int(os.environ.get("ITEMS", "20000"))
SOME = int(os.environ.get("ITEMS", "4000"))
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_checks_are_answered_while_a_list_is_taken(
    engine: Engine, endpoint: Endpoint, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every one by a debt of the old list or of the new one, none by "ask again"."""
    peak(folder, SOME, "640.30")
    told: list[tuple[str, float]] = []
    over = threading.Event()

    def ask() -> None:
        chance = random.Random(7)
        while not over.is_set():
            started = time.perf_counter()
            account = f"{chance.randrange(SOME):010}"
            body = endpoint.call(f"/qiwi?command=check&txn_id=1&account={account}").text
            told.append((body, time.perf_counter() - started))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        peak(folder, SOME, "640.31")
    finally:
        over.set()
        for thread in asking:
            thread.join()

    debts = {re.sub('.*"debt">([0-9.]+)<.*', r"\1", body) for body, _ in told}
    times = sorted(seconds for _, seconds in told)
    with capsys.disabled():
        p99 = times[len(times) * 99 // 100]
        print(f"\n{len(times)} checks during an import: p99 {p99:.3f} s, longest {times[-1]:.3f} s")
    assert debts <= {"640.30", "640.31"}
    assert len(times) > 20


@pytest.mark.slow
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
