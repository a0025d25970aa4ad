"""Payments of a statement: each is recorded once, however often and in whatever order it comes."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from callback import create_app
from callback.tools.books.credits import LONGEST, derived
from tests.tools.books.test_register import ONE_C

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Engine

    Book = Callable[..., tuple[int, list[str]]]

BANKS = f"[BANKS.statement]\n{ONE_C}\n"
A, B, C = ("31004571", "100.00"), ("31004571", "200.00"), ("31004572", "50.00")
TRANSIT = "KZ000000000000000009"  # a bank pays from it for everybody, with one number a day


def statement(*payments: tuple[str, str], total: str = "") -> bytes:
    """A statement with payments of one transit account, number and day: account, sum."""
    documents = "".join(
        f"СекцияДокумент=Выписка\nНомер=1\nДата=03.11.2026\nСумма={amount}\n"
        f"ПлательщикСчет={TRANSIT}\nПолучательСчет=KZ1\nНазначениеПлатежа=л/с {account}\n"
        "КонецДокумента\n"
        for account, amount in payments
    )
    head = f"1CClientBankExchange\nРасчСчет=KZ1\nВсегоПоступило={total}\n"
    return f"{head}{documents}КонецФайла\n".encode()


@pytest.fixture
def book(engine: Engine, folder: Path, tmp_path: Path) -> Book:
    """Book a statement: the exit status, and what each line of the report is called."""
    engine.account("31004571")
    engine.account("31004572")
    runner = create_app(folder / "config.toml").test_cli_runner()
    file = tmp_path / "statement.txt"

    def run(*payments: tuple[str, str], total: str = "") -> tuple[int, list[str]]:
        file.write_bytes(statement(*payments, total=total))
        done = runner.invoke(args=["reconcile", "statement", str(file), "--book"])
        lines = [line.split("  ")[0] for line in done.stdout.splitlines()[1:] if "/" in line]
        return done.exit_code, [line.replace(f"{TRANSIT}/1/20261103", "id") for line in lines]

    return run


def sums(engine: Engine) -> list[str]:
    """What is recorded, smallest first."""
    rows = engine.rows("SELECT amount FROM payment WHERE bank = 'statement'")
    return [f"{amount:.2f}" for amount in sorted(Decimal(amount) for (amount,) in rows)]


@pytest.mark.slow
def test_two_alike_make_two_payments(engine: Engine, book: Book) -> None:
    """Two of 100.00 make 200.00; the same file again books nothing."""
    assert book(A, A, total="200.00") == (0, ["booked: id", "booked: id#2"])
    assert book(A, A, total="200.00") == (0, [])
    assert sums(engine) == ["100.00", "100.00"]


def test_the_total_decides_whether_a_repeat_is_a_payment(engine: Engine, book: Book) -> None:
    """A document that is twice in the file, but once in its total, books nothing."""
    assert book(A, A, total="100.00") == (2, [])
    assert sums(engine) == []


@pytest.mark.parametrize("later", sorted(set(itertools.permutations([A, A, B, C]))))
def test_a_later_file_with_more_books_only_that(
    engine: Engine, book: Book, later: tuple[tuple[str, str], ...]
) -> None:
    """Wherever in it the new payment stands: banks write the newest first as well as last."""
    assert book(A, B, A)[0] == 0
    status, lines = book(*later)

    assert (status, lines) == (0, ["booked: id#4"])
    assert sums(engine) == ["50.00", "100.00", "100.00", "200.00"]
    assert book(*reversed(later)) == (0, [])


def test_a_gap_is_filled(engine: Engine, book: Book) -> None:
    """The first was nobody's, so its number is free; the second is not taken for it."""
    nobody = ("31004599", "70.00")
    assert book(nobody, A) == (1, ["nobody's: id", "booked: id#2"])
    assert book(A)[0] == 0
    engine.account("31004599")
    assert book(A, nobody) == (0, ["booked: id"])
    assert sums(engine) == ["70.00", "100.00"]


def test_what_cannot_be_told_apart_is_not_booked(engine: Engine, book: Book) -> None:
    """One of ours is not in the file: any of the rest may be it, with another sum or account."""
    assert book(A, B) == (0, ["booked: id", "booked: id#2"])
    changed = ("31004572", "100.00")
    assert book(C, changed, B) == (1, ["differs: id", "differs: id"])
    assert book(C) == (1, ["only with us: id#2", "differs: id"])
    assert sums(engine) == ["100.00", "200.00"]


def test_an_id_fits_into_its_column() -> None:
    """However long its parts are, and it is the same every time; letters are written as %XX."""
    assert derived("KZ1", "Ж-7", "20261103") == "KZ1/%D0%96-7/20261103"
    long = [derived("KZ1", "9" * n, "20261103") for n in range(40, 100)]
    assert {bool(re.fullmatch(f"[!-~]{{1,{LONGEST}}}", txn_id)) for txn_id in long} == {True}
    assert len(set(long)) == len(long)
    assert long == [derived("KZ1", "9" * n, "20261103") for n in range(40, 100)]


def test_long_ids_are_counted_too(
    engine: Engine, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number stands behind what is left of the id."""
    monkeypatch.setattr(f"{__name__}.TRANSIT", "KZ" + "9" * 60)

    assert book(A, A)[0] == 0
    assert book(A, B, A)[0] == 0
    assert sums(engine) == ["100.00", "100.00", "200.00"]
    assert {len(txn_id) <= LONGEST for (txn_id,) in engine.rows("SELECT txn_id FROM payment")}
