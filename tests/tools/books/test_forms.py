"""Each form of a statement is booked once, on both engines, and named when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callback import create_app
from tests.tools.books import test_camt053, test_dbf, test_mt940, test_register

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine

BANKS = f"""
[BANKS.mt940]
{test_mt940.MT940}
[BANKS.camt053]
{test_camt053.CAMT}
[BANKS.dbf]
{test_dbf.DBF}
[BANKS.onec]
{test_register.ONE_C}
"""
FILES = {
    "mt940": test_mt940.STATEMENT.encode(),
    "camt053": test_camt053.STATEMENT.encode(),
    "dbf": test_dbf.table(("0017", "31004571", "640.30", "20261103")),
    "onec": test_register.STATEMENT.encode("cp1251"),
}


@pytest.mark.parametrize("bank", list(FILES))
def test_a_payment_of_any_form_is_booked_once(
    engine: Engine, folder: Path, tmp_path: Path, bank: str
) -> None:
    """The exit status tells what is left: a rent without a number, in two of them."""
    engine.account("31004571")
    runner = create_app(folder / "config.toml").test_cli_runner()
    file = tmp_path / "statement"
    file.write_bytes(FILES[bank])
    left = int(bank in ("mt940", "camt053"))
    for booked in (1, 0):
        done = runner.invoke(args=["reconcile", bank, str(file), "--book"])
        lines = [line for line in done.stdout.splitlines() if line.startswith("booked: ")]
        assert (done.exit_code, len(lines)) == (left, booked)
    file.write_bytes(FILES[bank].replace(b"640", b"641", 1))
    changed = runner.invoke(args=["reconcile", bank, str(file), "--book"])

    assert changed.exit_code == (1 if bank == "dbf" else 2)
    rows = engine.rows("SELECT bank, amount FROM payment")
    assert [(name, f"{amount:0>6}") for name, amount in rows] == [(bank, "640.30")]


def test_what_went_back_the_same_day_is_not_booked(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    """Both lines have the references of the payment; a person decides."""
    engine.account("31004571")
    runner = create_app(folder / "config.toml").test_cli_runner()
    file = tmp_path / "statement"
    back = ":61:2611031103RC640,30NTRFPAY17//BANK0001\n:86:VOZVRAT\n:62F:C261103KZT904,50"
    file.write_text(test_mt940.STATEMENT.replace(":62F:C261103KZT1544,80", back))
    done = runner.invoke(args=["reconcile", "mt940", str(file), "--book"])

    assert done.exit_code == 1
    assert engine.rows("SELECT * FROM payment") == []
    assert done.stdout.count("refund: PAY17/BANK0001/20261103") == 2
