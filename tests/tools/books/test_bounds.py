"""What is larger than any register is refused in bounded memory, and nothing in a workbook hides.

Each of the large ones is read by a process of its own, which may not have more memory than a
shared host gives.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from callback.tools.books import bounds, reading
from callback.tools.books.entry import RegisterError
from tests.support.processes import ROOT
from tests.tools.books.test_proof import as_workbook, workbook
from tests.tools.books.test_register import CSV, HEAD, NEUTRAL, ROW, payments, read

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = 400 * 1024 * 1024  # of addresses; the largest register that is read takes as much
READER = """
import sys
from pathlib import Path
from callback import settings
from callback.tools.books import register
from callback.tools.books.entry import RegisterError
bank = settings.load(Path(sys.argv[1])).banks["bank"]
try:
    print(len(register.read(bank, Path(sys.argv[2])).entries), "payments")
except RegisterError as error:
    print("refused:", error)
"""
SHEET = "xl/worksheets/sheet1.xml"
DAY = "2026-11-03"


def read_in_bounds(folder: Path, file: Path, bank: str = NEUTRAL) -> str:
    """Read a file in a process that may not have much memory; return what it says."""
    (folder / "config.toml").write_text(HEAD + bank, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", READER, str(folder / "config.toml"), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def changed(change: Callable[[str], str], content: str = CSV) -> bytes:
    """A workbook whose sheet is not what Excel would write."""
    return replaced({SHEET: change}, as_workbook(content))


def replaced(changes: dict[str, Callable[[str], str]], raw: bytes) -> bytes:
    """The same workbook with other parts."""
    out = BytesIO()
    with ZipFile(BytesIO(raw)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            change = changes.get(name)
            new.writestr(name, change(text.decode()) if change else text)
    return out.getvalue()


def in_rows(more: str) -> Callable[[str], str]:
    """Put something behind the last row."""
    return lambda sheet: sheet.replace("</sheetData>", f"{more}</sheetData>")


# --- files ---


def test_two_gigabytes_are_refused(tmp_path: Path) -> None:
    """Nobody reads them to find that out."""
    file = tmp_path / "register.csv"
    with file.open("wb") as out:
        out.write(CSV.encode())
        out.truncate(2 * 1024**3)

    assert read_in_bounds(tmp_path, file).startswith("refused: larger than 64 MiB")


@pytest.mark.parametrize(
    "keys", ['form = "1c", purpose = "([0-9]+)"', "quote = '\"'", 'form = "dbf"']
)
def test_they_are_refused_in_every_form(tmp_path: Path, keys: str) -> None:
    """Before anything is read."""
    file = tmp_path / "register.csv"
    file.touch()
    os.truncate(file, 2 * 1024**3)
    bank = f'protocol = "files"\nregister = {{ {keys} }}'

    said = read_in_bounds(tmp_path, file, bank)
    assert re.fullmatch("refused: larger than (64|256) MiB, .*", said)


def test_what_has_no_end_is_refused(tmp_path: Path) -> None:
    """A device that somebody names by mistake."""
    assert read_in_bounds(tmp_path, Path("/dev/zero")).startswith("refused: larger than 64 MiB")


@pytest.mark.parametrize(
    ("keys", "piece"),
    [
        ("", b"x\n"),
        ("", b"1;a;1;2026-11-03\n"),
        ("", b";" * 40 + b"\n"),
        ("", b"1;"),
        ("quote = '\"'", b'"'),
        ("quote = '\"'", b"1;"),
        ("quote = '\"'", b'"\n";'),
    ],
)
@pytest.mark.slow
def test_the_largest_file_takes_bounded_memory(tmp_path: Path, keys: str, piece: bytes) -> None:
    """Whatever its lines are, or if it has none."""
    file = tmp_path / "register.csv"
    with file.open("wb") as out:
        block = piece * (2**20 // len(piece))
        for _ in range(reading.MAX_BYTES // len(block)):
            out.write(block)
    bank = f'protocol = "files"\nregister = {{ {keys} }}'

    assert read_in_bounds(tmp_path, file, bank).startswith("refused: ")


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize("form", [str.encode, as_workbook])
def test_a_field_of_80_kilobytes_is_rejected(
    tmp_path: Path, form: Callable[[str], bytes], column: int
) -> None:
    """By its line, and before an expression is tried on it."""
    fields = ROW.strip().split(";")
    fields[column] = "а0" * 20_000
    bank = 'protocol = "files"\nregister = { purpose = "((([0-9]|а)+)+)x" }'
    made = read(tmp_path, bank, form(CSV + ";".join(fields) + "\n"))

    assert [(one.name, one.line) for one in made.remarks if one.name == "rejected"] == [
        ("rejected", 3)
    ]
    assert "characters" in made.remarks[-1].detail


# --- workbooks ---


def bomb(folder: Path, part: str, content: tuple[str, str, str], mebibytes: int) -> Path:
    """A workbook of which one part unpacks to much: a beginning, what is repeated, an end."""
    beginning, piece, end = content
    file = folder / "bomb.xlsx"
    with ZipFile(BytesIO(as_workbook(CSV))) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        with new.open(part, "w", force_zip64=True) as out:
            out.write(beginning.encode())
            for _ in range(mebibytes):
                out.write(piece.encode() * (2**20 // len(piece)))
            out.write(end.encode())
    return file


WORKSHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
STRINGS = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
STYLES = '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>'


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (SHEET, (WORKSHEET, "<row/>", "</sheetData></worksheet>")),
        (SHEET, (WORKSHEET + "<row>", "<c/>", "</row></sheetData></worksheet>")),
        (SHEET, (WORKSHEET, "<x/>", "</sheetData></worksheet>")),
        (SHEET, (WORKSHEET + "<row><c><v>", "1", "</v></c></row></sheetData></worksheet>")),
        ("xl/sharedStrings.xml", (STRINGS, "<si/>", "</sst>")),
        ("xl/sharedStrings.xml", (STRINGS + "<si>", "<r/>", "</si></sst>")),
        ("xl/styles.xml", (STYLES, "<xf/>", "</cellXfs></styleSheet>")),
        ("[Content_Types].xml", ("<Types>", "<Override/>", "</Types>")),
    ],
)
@pytest.mark.slow
def test_a_bomb_is_refused(tmp_path: Path, part: str, content: tuple[str, str, str]) -> None:
    """A small file that unpacks to what the library would keep in memory."""
    file = bomb(tmp_path, part, content, 40)

    assert file.stat().st_size < 1024 * 1024
    assert read_in_bounds(tmp_path, file).startswith(f"refused: {part}: ")


@pytest.mark.slow
def test_a_workbook_is_not_unpacked_to_see_how_large_it_is(tmp_path: Path) -> None:
    """What it says of its parts is enough: no more of them is read."""
    file = bomb(tmp_path, "xl/media/image1.png", ("", "\0", ""), 200)

    assert re.fullmatch("refused: 200 MiB when it is unpacked: .*", read_in_bounds(tmp_path, file))


@pytest.mark.parametrize("number", ["99999999999", "500001", "1048577", "1e5", "-1", "0", "1.0"])
def test_a_row_beyond_all_rows_is_refused(tmp_path: Path, number: str) -> None:
    """A library would make up the rows between."""
    file = tmp_path / "book.xlsx"
    file.write_bytes(changed(in_rows(f'<row r="{number}"><c t="str"><v>x</v></c></row>')))

    assert read_in_bounds(tmp_path, file).startswith(f"refused: {SHEET}: ")


@pytest.mark.parametrize("number", ["1", "2"])
def test_rows_out_of_their_order_are_refused(tmp_path: Path, number: str) -> None:
    """The library passes them over in silence."""
    row = f'<row r="{number}"><c t="str"><v>x</v></c></row>'
    with pytest.raises(RegisterError, match=f"row {number} after row 2"):
        read(tmp_path, NEUTRAL, changed(in_rows(row)))


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ('<c r="A3"/><c r="A3"/>', "twice or out of its order"),
        ('<c r="B3"/><c r="A3"/>', "twice or out of its order"),
        ('<c r="XFD3"/>', "more than 1000 columns"),
        ('<c r="ZZZ3"/>', "more than 1000 columns"),
        ('<c r="a3"/>', "a cell 'a3'"),
        ("<c/>" * 1001, "more than 1000 columns"),
        ('<c r="A3"><f>1+1</f></c>', "line 3: a formula without its value"),
    ],
)
def test_cells_that_no_spreadsheet_writes_are_refused(tmp_path: Path, cells: str, why: str) -> None:
    """Something in them would not be read."""
    with pytest.raises(RegisterError, match=re.escape(why)):
        read(tmp_path, NEUTRAL, changed(in_rows(f'<row r="3">{cells}</row>')))


def test_a_formula_with_its_value_is_read(tmp_path: Path) -> None:
    """As Excel has computed it, with the fifteen digits that it shows."""
    sum_ = "<f>0.1+0.2</f><v>0.30000000000000004</v>"
    texts = {"A": "7", "B": "a", "D": DAY}
    cells = {name: f'<c r="{name}3" t="str"><v>{text}</v></c>' for name, text in texts.items()}
    row = f'<row r="3">{cells["A"]}{cells["B"]}<c r="C3">{sum_}</c>{cells["D"]}</row>'
    made = read(tmp_path, NEUTRAL, changed(in_rows(row)))

    assert payments(made)[1] == ("7", "a", "0.3", f"{DAY} 00:00:00")


@pytest.mark.parametrize("said", ["A1", "A1:D2", "A1:B1000", "A1:XFD1048576"])
def test_what_a_sheet_says_of_its_size_is_not_believed(tmp_path: Path, said: str) -> None:
    """Programs write it wrong, and the rows beyond would be passed over."""
    raw = changed(
        lambda sheet: re.sub('<dimension ref="[^"]*"', f'<dimension ref="{said}"', sheet),
        CSV + "".join(ROW.replace("502", str(n)) for n in range(600, 700)),
    )

    assert len(read(tmp_path, NEUTRAL, raw).entries) == 101


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    """A billion laughs are behind it."""
    with pytest.raises(RegisterError, match="a document type"):
        read(tmp_path, NEUTRAL, changed(lambda sheet: f'<!DOCTYPE x [<!ENTITY a "a">]>{sheet}'))


def test_too_many_sheets_are_refused(tmp_path: Path) -> None:
    """Each would be looked through."""
    with pytest.raises(RegisterError, match=f"more than {bounds.MAX_SHEETS} sheets"):
        read(tmp_path, NEUTRAL, workbook(*[[["x"]]] * (bounds.MAX_SHEETS + 1)))


@pytest.mark.slow
def test_a_workbook_of_ten_thousand_payments_is_read(tmp_path: Path) -> None:
    """The bounds are far from what banks send."""
    file = tmp_path / "book.xlsx"
    rows = "".join(ROW.replace("81000502", str(n)) for n in range(10_000))
    file.write_bytes(as_workbook(f"txn_id;account;sum;date\n{rows}"))

    assert read_in_bounds(tmp_path, file) == "10000 payments"


def test_what_is_cut_off_is_refused(tmp_path: Path) -> None:
    """At any place."""
    raw = as_workbook(CSV)
    for length in range(4, len(raw), 97):
        with pytest.raises(RegisterError, match="not a readable Excel file"):
            read(tmp_path, NEUTRAL, raw[:length])
    damaged = bytearray(raw)
    damaged[len(raw) // 2] ^= 0xFF
    with suppress(RegisterError):
        assert len(read(tmp_path, NEUTRAL, bytes(damaged)).entries) == 1
