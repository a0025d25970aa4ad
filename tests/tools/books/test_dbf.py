"""Registers that are dBase tables: sums are the text that stands there, and none is cut off."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from callback.tools.books.entry import RegisterError
from callback.tools.books.hints import setting
from tests.tools.books.test_register import NEUTRAL, payments, read

if TYPE_CHECKING:
    from pathlib import Path

DBF = 'protocol = "files"\nregister = { form = "dbf", encoding = "windows-1251" }'
FIELDS = [("ID", "C", 12, 0), ("ACCOUNT", "C", 10, 0), ("SUMMA", "N", 14, 2), ("DAT", "D", 8, 0)]
CP866 = 0x65


def table(
    *records: tuple[str, ...],
    fields: list[tuple[str, str, int, int]] = FIELDS,
    page: int = CP866,
    encoding: str = "cp866",
    count: int | None = None,
    size: int | None = None,
) -> bytes:
    """A table as dBase III writes it; a record that begins with "*" is deleted."""
    width = 1 + sum(length for _, _, length, _ in fields)
    start = 32 + 32 * len(fields) + 1
    parts = [
        struct.pack(
            "<BBBBLHH17xB2x",
            *(3, 126, 11, 3, len(records) if count is None else count),
            *(start, width if size is None else size, page),
        )
    ]
    for name, kind, length, decimals in fields:
        text = name.encode(encoding)
        parts.append(struct.pack("<11sc4xBB14x", text, kind.encode(), length % 256, decimals))
    parts.append(b"\r")
    for record in records:
        flag = b"*" if record[0].startswith("*") else b" "
        parts.append(flag)
        for value, (_, kind, length, _) in zip(record, fields, strict=True):
            raw = value.removeprefix("*").encode(encoding)
            parts.append(raw.rjust(length) if kind == "N" else raw.ljust(length))
    return b"".join(parts) + b"\x1a"


FIRST = ("0017", "0031004571", "640.30", "20261103")
SECOND = ("18", "Ж-1", "99999999999.99", "20261104")
TWO = [
    ("0017", "0031004571", "640.30", "2026-11-03 00:00:00"),
    ("18", "Ж-1", "99999999999.99", "2026-11-04 00:00:00"),
]


@pytest.mark.parametrize(
    "content",
    [
        table(FIRST, SECOND),
        table(FIRST, ("*19", "x", "1.00", ""), SECOND),
        table(FIRST, SECOND).removesuffix(b"\x1a"),
        table(FIRST, SECOND, page=0, encoding="cp1251"),
        table(FIRST, SECOND, page=0xC9, encoding="cp1251"),
        table(FIRST, SECOND) + b"\0" * 100,
    ],
    ids=["as written", "deleted", "no end", "settings", "cp1251", "more behind"],
)
def test_a_table_is_read(tmp_path: Path, content: bytes) -> None:
    """By the code page of its header, else of the settings; a deleted record is none."""
    assert payments(read(tmp_path, DBF, content)) == TWO


def test_the_settings_of_tables_count_here_too(tmp_path: Path) -> None:
    """Columns by number, a form of dates, a state, a total; the names of the fields are line 1."""
    keys = 'txn_id = 4, account = 3, sum = 2, date = 1, date_form = "%d.%m.%y", kopecks = true'
    bank = DBF.replace(" }", f", {keys}, state = 5, good = 'OK' }}")
    fields = [("D", "D", 8, 0), ("S", "N", 9, 0), ("A", "C", 300, 0), ("I", "C", 9, 0)]
    fields = [(name, kind, n, n >> 8 if kind == "C" else 0) for name, kind, n, _ in fields]
    content = table(
        ("20261103", "64030", "31004571", "7", "OK"),
        ("20261103", "1", "31004571", "8", "NO"),
        ("2026110", "1", "31004571", "9", "OK"),
        fields=[*fields, ("ST", "L", 2, 0)],
    )
    register = read(tmp_path, bank, content)

    assert payments(register) == [("7", "31004571", "640.30", "2026-11-03 00:00:00")]
    assert [(remark.name, remark.line) for remark in register.remarks] == [
        ("not a payment", 3),
        ("rejected", 4),
    ]


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        ("Y", struct.pack("<q", 6_403_000), "640.30"),
        ("Y", struct.pack("<q", 2**62), "461168601842738.7904"),
        ("Y", struct.pack("<q", 1), "0.0001"),
        ("I", struct.pack("<i", 640), "640"),
        ("B", struct.pack("<d", 640.3), ""),
        ("M", b"0000000001", ""),
        ("F", b"    640.30", "640.30"),
    ],
)
def test_sums_are_exact_or_not_there(tmp_path: Path, kind: str, raw: bytes, text: str) -> None:
    """A binary float is none, and a memo is in another file."""
    fields = [*FIELDS[:2], ("SUMMA", kind, len(raw), 0), FIELDS[3]]
    blank = table(("0017", "0031004571", "", "20261103"), fields=fields)
    place = 32 + 32 * 4 + 1 + 1 + 22
    content = blank[:place] + raw + blank[place + len(raw) :]
    register = read(tmp_path, DBF, content)
    shown = [f"{entry.amount}" for entry in register.entries]

    assert shown == ([text] if text in ("640.30", "640") else [])
    if not shown:
        assert register.remarks[0].detail.startswith(f"not a sum: {text!r}")


WHOLE = table(FIRST, SECOND)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "not a .dbf file"),
        (b"<html>" * 20, "not a .dbf file"),
        (WHOLE[:-20], "2 records by its header, 1 there: cut off?"),
        (WHOLE[:40], "not a readable .dbf file: its header is cut off"),
        (table(FIRST, count=4_000_000_000), "4000000000 records by its header, 1 there"),
        (table(FIRST, size=0), "not a readable .dbf file: 0 bytes a record"),
        (table(FIRST, size=46), "not a readable .dbf file: 46 bytes a record"),
        (table(FIRST, fields=[*FIELDS[:3], ("D", "D", 0, 0)]), "not a readable .dbf file: a field"),
        (WHOLE.replace(b" 18  ", b"?18  "), "line 3: not a record"),
        (
            table(FIRST, SECOND, page=0, encoding="cp866").replace(b"\x86", b"\x98"),
            "line 1: not win",
        ),
    ],
)
def test_a_table_that_is_not_whole_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    """In no time, whatever its header says."""
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, DBF, content)

    assert str(caught.value).startswith(fault)


def test_every_cut_of_a_table_is_refused(tmp_path: Path) -> None:
    """But for the mark at its end."""
    for length in range(len(WHOLE) - 1):
        with pytest.raises(RegisterError):
            read(tmp_path, DBF, WHOLE[:length])


def test_a_table_of_dbase_for_another_form_names_the_form(tmp_path: Path) -> None:
    """Its zero bytes are nothing that an encoding could mend."""
    with pytest.raises(RegisterError, match="dBase") as caught:
        read(tmp_path, NEUTRAL, WHOLE, "r03.DBF")

    assert setting(str(caught.value), "qiwi") == "register.form of [BANKS.qiwi]"
