"""A file agrees with our books only when it has proved to be a register of the bank."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZipFile

import openpyxl
import pytest

from callback.settings import SettingsError
from callback.tools.books.entry import Register, RegisterError
from tests.tools.books.test_register import CSV, NEUTRAL, OSMP, ROW, payments, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HEADER = "txn_id;account;sum;date\n"
PAGE = "<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1></body></html>\n"


def register_of(**keys: object) -> str:
    """The settings of a bank whose files are its own."""
    table = ", ".join(
        f"{name} = '{value}'" if isinstance(value, str) else f"{name} = {value}"
        for name, value in keys.items()
    )
    return f'protocol = "files"\nregister = {{ {table} }}'


def workbook(*sheets: Sequence[Sequence[object]]) -> bytes:
    """An Excel file with these rows."""
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.worksheets[0] if number == 0 else book.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(list(row))
    raw = BytesIO()
    book.save(raw)
    return raw.getvalue()


def as_workbook(content: str) -> bytes:
    """The lines of a table as the rows of an Excel file."""
    return workbook([line.split(";") for line in content.splitlines()])


FORMS: list[Callable[[str], bytes]] = [str.encode, as_workbook]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty: 0 bytes"),
        (b"\r\n \t\r\n", "empty: 6 bytes"),
        (b"\xef\xbb\xbf", "no payment in it"),
        (b"\xef\xbb\xbf\r\n\r\n", "no payment in it"),
        (PAGE.encode(), "a page of HTML or XML"),
        (b"\xef\xbb\xbf\r\n" + PAGE.lower().encode("utf-8"), "a page of HTML or XML"),
        (PAGE.encode("utf-16"), "a page of HTML or XML"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "a page of HTML or XML"),
        (b'<?xml version="1.0"?><Workbook/>', "a page of HTML or XML"),
        (b"number;name;address;period;sum\n", "nothing that proves it to be a register"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "an old Excel file"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"{\\rtf1 x}", "a text of Word"),
        (b"\x1f\x8b\x08\0", "packed (gzip)"),
        (b"Rar!\x1a\x07", "packed (RAR)"),
        (b"7z\xbc\xaf\x27\x1c", "packed (7-Zip)"),
        (b"\0" * 1000, "not a text: it has zero bytes"),
        (b"txn_id;account;sum;date\n1;a;5.00;2026-11-03\0\0\n", "not a text: it has zero bytes"),
        (b'{"error": "not found"}', "no payment in it"),
        (b"not found", "no payment in it"),
    ],
)
def test_what_is_no_register_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    """It is never an empty day."""
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, NEUTRAL, content)

    assert why in str(caught.value)


def test_a_packed_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    """Both begin alike."""
    raw = BytesIO()
    with ZipFile(raw, "w") as archive:
        archive.writestr("register.csv", CSV)
    with pytest.raises(RegisterError, match="not a readable Excel file"):
        read(tmp_path, NEUTRAL, raw.getvalue())


def test_a_table_of_libreoffice_is_told_from_a_workbook(tmp_path: Path) -> None:
    """Both are zip files; openpyxl speaks of a part that is missing."""
    raw = BytesIO()
    with ZipFile(raw, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(RegisterError, match="LibreOffice"):
        read(tmp_path, NEUTRAL, raw.getvalue())


@pytest.mark.parametrize("form", FORMS)
def test_a_header_proves_an_empty_day(tmp_path: Path, form: Callable[[str], bytes]) -> None:
    """The expected one, or the one that the settings give."""
    own = "ИД;Счёт;Сумма;Дата\n"
    bank = register_of(header=own.strip())

    assert read(tmp_path, NEUTRAL, form(HEADER)) == Register([], [])
    assert read(tmp_path, NEUTRAL, form(HEADER.upper())) == Register([], [])
    assert read(tmp_path, bank, form(own)) == Register([], [])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "header", ["number;name;address;period;sum", "id;account;sum;date", "txn_id;account;sum", "x"]
)
def test_the_header_of_another_table_does_not(
    tmp_path: Path, form: Callable[[str], bytes], header: str
) -> None:
    """The refusal shows it, and says which setting would take it."""
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, NEUTRAL, form(header))

    assert "header = " in str(caught.value)
    assert f"line 1 is {header!r}" in str(caught.value)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", ["", ROW])
def test_a_header_that_the_settings_give_must_be_there(
    tmp_path: Path, form: Callable[[str], bytes], rows: str
) -> None:
    """Also above rows that could be read."""
    bank = register_of(header="id;account;sum;date")
    with pytest.raises(RegisterError, match="the header is not 'id;account;sum;date', but 'txn_id"):
        read(tmp_path, bank, form(HEADER + rows))


def test_columns_in_another_order_are_refused(tmp_path: Path) -> None:
    """Their own names say so."""
    with pytest.raises(RegisterError, match="another order: account, txn_id, sum, date"):
        read(tmp_path, NEUTRAL, "account;txn_id;sum;date\n71501;81000502;5.00;2026-11-03\n")


def test_a_header_in_quotes_is_one(tmp_path: Path) -> None:
    """Whether or not the settings have quotes."""
    header = '"txn_id";"account";"sum";"date"\n'

    assert read(tmp_path, NEUTRAL, header) == Register([], [])
    assert read(tmp_path, register_of(quote='"'), header) == Register([], [])


@pytest.mark.parametrize("form", FORMS)
def test_skip_counts_lines_as_an_editor_does(tmp_path: Path, form: Callable[[str], bytes]) -> None:
    """Blank ones, too."""
    bank = register_of(skip=3)
    content = f"Register\n\n{HEADER}{ROW}"
    register = read(tmp_path, bank, form(content))

    assert [(entry.line, entry.txn_id) for entry in register.entries] == [(4, "81000502")]
    short = read(tmp_path, register_of(skip=2), form(content))
    assert [(one.name, one.line) for one in short.remarks] == [("rejected", 3)]
    assert "is it the header? set skip = 3" in short.remarks[0].detail


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("skip", [2, 3, 100])
def test_skip_never_passes_over_a_payment(
    tmp_path: Path, form: Callable[[str], bytes], skip: int
) -> None:
    """Nor does it go beyond the end."""
    with pytest.raises(RegisterError, match=f"line 2 is a payment, and skip = {skip} passes it"):
        read(tmp_path, register_of(skip=skip), form(HEADER + ROW + ROW.replace("81000502", "8")))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_without_its_header_is_refused(tmp_path: Path, form: Callable[[str], bytes]) -> None:
    """Its first payment would be passed over."""
    with pytest.raises(RegisterError, match=r"line 1 is a payment.*set skip = 0"):
        read(tmp_path, NEUTRAL, form(ROW))


def test_rows_of_which_none_is_readable_prove_nothing(tmp_path: Path) -> None:
    """Another table may have a column where the state is expected."""
    bank = register_of(state=2, good="OK")
    with pytest.raises(RegisterError, match="nothing that proves"):
        read(tmp_path, bank, "number;name\n71501;Иванов\n71502;Петров\n")


def test_a_row_of_another_state_proves_a_register(tmp_path: Path) -> None:
    """It has an id, a sum and a date; and the day that is compared is its own."""
    bank = register_of(state=5, good="OK")
    register = read(tmp_path, bank, f"a;b;c;d;e\n{ROW.strip()};FAILED\n")

    assert register.entries == []
    assert [(one.name, one.detail) for one in register.remarks] == [
        ("not a payment", "'FAILED' is not 'OK'")
    ]
    assert register.remarks[0].entry
    assert f"{register.remarks[0].entry.paid_at}" == "2026-11-03 10:15:00"


def test_a_flood_of_rows_that_cannot_be_read_is_no_register(tmp_path: Path) -> None:
    """Nobody reads a thousand reasons."""
    with pytest.raises(RegisterError, match="line 1002: more than 1000 rows cannot be read"):
        read(tmp_path, NEUTRAL, HEADER + "x\n" * 2000)


def test_a_workbook_may_not_hide_payments_in_another_sheet(tmp_path: Path) -> None:
    """One is read: the first, or that of the settings."""
    header, row = (line.strip().split(";") for line in (HEADER, ROW))
    raw = workbook([header, row], [["about"], [1, 2, 3]], [header, ["8", *row[1:]]])
    with pytest.raises(RegisterError, match=r"sheet 'Sheet2' has payments, too \(line 2\)"):
        read(tmp_path, NEUTRAL, raw)

    assert payments(read(tmp_path, register_of(sheet="Sheet2"), raw))[0][0] == "8"
    with pytest.raises(RegisterError, match="no sheet 'x'; there are: 'Sheet', 'Sheet1'"):
        read(tmp_path, register_of(sheet="x"), raw)
    assert len(read(tmp_path, NEUTRAL, workbook([header, row], [["about"]])).entries) == 1


def test_a_mark_of_the_end_of_dos_is_no_row(tmp_path: Path) -> None:
    """Old programs end their files with it."""
    content = "18000002\t03.11.2026\t09:15:00\t7012340001\t1200.00\r\nTotal:\t1\t1200.00\r\n\x1a"

    assert len(read(tmp_path, OSMP, content).entries) == 1


def test_a_header_wants_a_line_to_stand_in(tmp_path: Path) -> None:
    """Said at start."""
    with pytest.raises(SettingsError, match="skip: expected 1 or more"):
        read(tmp_path, register_of(skip=0, header="x"), CSV)
