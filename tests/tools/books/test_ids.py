"""Ids that a spreadsheet or a script has rewritten are rejected by name, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
import pytest

from callback.protocols import PROTOCOLS
from callback.tools.books.entry import Entry
from tests.tools.books.test_register import NEUTRAL, OSMP, QIWI, payments, read

if TYPE_CHECKING:
    from pathlib import Path

FILES = 'protocol = "files"'  # its ids may be anything
HEAD = "txn_id;account;sum;date\n"
REMEDY = "take the file as the bank has sent it"


def rejected(tmp_path: Path, bank: str, txn_id: str, account: str = "71501") -> str:
    """Why a row with this id is rejected; empty: it is not."""
    register = read(tmp_path, bank, f"{HEAD}{txn_id};{account};5.00;2026-11-03\n")
    assert len(register.entries) + len(register.remarks) == 1
    return register.remarks[0].detail if register.remarks else ""


@pytest.mark.parametrize("bank", [FILES, NEUTRAL])
@pytest.mark.parametrize(
    ("txn_id", "damage"),
    [
        ("7,01E+09", "a number with an exponent"),
        ("7.01E+09", "a number with an exponent"),
        ("1.8E+07", "a number with an exponent"),
        ("1.8e07", "a number with an exponent"),
        ("7E+09", "a number with an exponent"),
        ("-1,8E+19", "a number with an exponent"),
        ("18000002.0", "a number with decimals"),
        ("18000002,00", "a number with decimals"),
        ("18,000,002", "a number with groups"),
        ("18 000 002", "a number with groups"),
        ("18'000'002", "a number with groups"),
        ("18\u00a0000\u00a0002", "a number with groups"),
        ("03.11.2026", "a date"),
        ("3/11/2026", "a date"),
        ("2026-11-03", "a date"),
        ("2026-11-03T00:00:00", "a date"),
        ("nan", "a value of a program"),
        ("None", "a value of a program"),
        ("NULL", "a value of a program"),
        ("TRUE", "a value of a program"),
        ("#N/A", "a value of a program"),
        ("########", "a value of a program"),
        ('="18000002"', "a formula"),
        ("'18000002", "a formula"),
    ],
)
def test_a_rewritten_id_is_rejected_by_name(
    tmp_path: Path, bank: str, txn_id: str, damage: str
) -> None:
    """Whether the bank's ids are digits or anything."""
    why = rejected(tmp_path, bank, txn_id)

    assert why.startswith("not an id of a payment: ")
    assert damage in why
    assert REMEDY in why


@pytest.mark.parametrize("txn_id", ["A-7/12", "7e09", "5f0a", "12345678901234567890", "1.8", "x.0"])
def test_an_id_that_may_be_one_is_taken(tmp_path: Path, txn_id: str) -> None:
    """Of a bank whose ids may be anything."""
    assert rejected(tmp_path, FILES, txn_id) == ""


@pytest.mark.parametrize(
    ("txn_id", "is_id"),
    [("18000002", True), ("0007", True), ("A7", False), ("18000002-1", False), ("1.8", False)],
)
def test_an_id_that_the_dialect_never_sends_is_rejected(
    tmp_path: Path, txn_id: str, *, is_id: bool
) -> None:
    """osmp's are digits."""
    content = QIWI.replace("18000002", txn_id)
    register = read(tmp_path, OSMP, content)

    assert (txn_id in {entry.txn_id for entry in register.entries}) == is_id
    assert [remark.name for remark in register.remarks] == ["rejected"] * (not is_id)
    if not is_id:
        assert "this bank's are [0-9]{1,64}" in register.remarks[0].detail


def test_every_dialect_takes_the_ids_that_it_sends() -> None:
    """What its register's ids look like is a default of its own settings."""
    defaults = {
        name: dialect.SETTINGS["register"].default.get("id_form")
        for name, dialect in PROTOCOLS.items()
        if "register" in dialect.SETTINGS
    }

    assert defaults["osmp"] == "[0-9]{1,64}"
    for name in ("kaspi", "sberbank", "cyberplat", "ckassa", "click", "usmp"):
        assert defaults[name] == "[0-9]{1,20}"
    assert defaults["alif"] == "[1-9][0-9]{0,19}"
    assert defaults["paynet"] == "[0-9A-Za-z-]{1,64}"


def test_a_bank_may_have_ids_of_its_own(tmp_path: Path) -> None:
    """The setting wins over the dialect and over every doubt."""
    bank = FILES + "\nregister = { id_form = '[0-9]+[.]0|A[0-9]+' }"

    assert rejected(tmp_path, bank, "12.0") == ""
    assert rejected(tmp_path, bank, "A7") == ""
    assert "this bank's are" in rejected(tmp_path, bank, "7")


@pytest.mark.parametrize("account", ["7,01E+09", "1.8E+07", "71501.0", "nan", "#N/A"])
def test_a_rewritten_number_of_an_account_is_rejected(tmp_path: Path, account: str) -> None:
    """Also where the id is sound."""
    why = rejected(tmp_path, NEUTRAL, "18000002", account)

    assert why.startswith("not a number of an account: ")
    assert REMEDY in why


@pytest.mark.parametrize("account", ["715-01", "12/3", "00 71", "7e09", "2026-11-03"])
def test_a_number_of_an_account_may_look_like_anything(tmp_path: Path, account: str) -> None:
    """It is the company's own."""
    assert rejected(tmp_path, NEUTRAL, "18000002", account) == ""


def test_ids_that_lost_their_last_digits_are_rejected(tmp_path: Path) -> None:
    """All long ones end in zeros behind the fifteenth digit."""
    rows = "".join(f"{n}2345678901234500000;a;5.00;2026-11-03\n" for n in (1, 2))
    register = read(tmp_path, FILES, f"{HEAD}7;a;5.00;2026-11-03\n{rows}")

    assert [entry.txn_id for entry in register.entries] == ["7"]
    assert [(one.name, one.line) for one in register.remarks] == [("rejected", 3), ("rejected", 4)]
    assert "'12345678901234500000': all long ids end in 0" in register.remarks[0].detail
    assert isinstance(register.remarks[0].entry, Entry)


@pytest.mark.parametrize(
    "txn_ids",
    [
        ["1234567890123450"],
        ["1234567890123450", "2234567890123450", "3234567890123450"],
        ["12345678901234500000", "12345678901234500001"],
    ],
)
def test_zeros_by_chance_are_no_damage(tmp_path: Path, txn_ids: list[str]) -> None:
    """Three last digits, or one id that has another."""
    rows = "".join(f"{txn_id};a;5.00;2026-11-03\n" for txn_id in txn_ids)

    assert len(payments(read(tmp_path, FILES, HEAD + rows))) == len(txn_ids)


def test_ids_that_end_in_zeros_by_their_form_are_no_damage(tmp_path: Path) -> None:
    """The setting says so."""
    bank = FILES + "\nregister = { id_form = '[0-9]{15}00000' }"

    assert rejected(tmp_path, bank, "12345678901234500000") == ""


@pytest.mark.parametrize(
    ("cell", "taken"),
    [
        (2**53 - 1, "9007199254740991"),
        (2**53 + 2, ""),
        (18000000000000000007, ""),
        (1.8e19, ""),
        (18000002.0, "18000002"),
        (18000002.5, ""),
        ("18000000000000000007", "18000000000000000007"),
        (True, ""),
    ],
)
def test_a_number_in_a_cell_is_an_id_while_it_is_exact(
    tmp_path: Path, cell: object, taken: str
) -> None:
    """Beyond 2^53 Excel has rounded it; as text it has not."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEAD.strip().split(";"), ["7", "a", 5, "2026-11-03"], [cell, "a", 5, "2026-11-03"]):
        sheet.append(row)
    file = tmp_path / "book.xlsx"
    book.save(file)
    register = read(tmp_path, NEUTRAL, file.read_bytes())

    assert [entry.txn_id for entry in register.entries] == ["7", *filter(None, [taken])]
    assert [(one.name, one.line) for one in register.remarks] == [("rejected", 3)] * (not taken)


def test_a_number_of_an_account_beyond_2_53_is_rejected(tmp_path: Path) -> None:
    """And says that it is a number."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEAD.strip().split(";"))
    sheet.append(["7", 40702810000000000001, 5, "2026-11-03"])
    file = tmp_path / "book.xlsx"
    book.save(file)
    register = read(tmp_path, NEUTRAL, file.read_bytes())

    assert "'4.070281E+19' is a number with an exponent" in register.remarks[0].detail
