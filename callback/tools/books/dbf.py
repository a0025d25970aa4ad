"""Reading a register that is a dBase table (.dbf): its records, as rows of text.

The form is fixed and old: a header, fields of fixed width, a flag of deletion. No library is used:
those there are make binary floats of sums, take a file that is cut off, or never come back from a
damaged one.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from callback.phrase import Phrase
from callback.tools.books import reading
from callback.tools.books.entry import RegisterError, at_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.layouts import RegisterLayout
    from callback.tools.books.entry import Row

HEADER = struct.Struct("<4xLHH17xB2x")  # records, bytes of the header, of a record, the code page
FIELD = struct.Struct("<11sc4xBB14x")  # name, kind, bytes, decimals
VERSIONS = frozenset(b"\x02\x03\x04\x30\x31\x32\x43\x83\x8b\xf5\xfb")
# What the code page of the header means, where it means anything; else the settings say it.
CODE_PAGES = {0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x26: "cp866", 0x65: "cp866"}
CODE_PAGES |= {0x57: "cp1252", 0xC9: "windows-1251"}
END_OF_FIELDS = b"\r\n"
ALIVE, DELETED = b" *"


class Field(NamedTuple):
    """A column of the table."""

    name: str
    kind: str
    width: int


def is_one(raw: bytes) -> bool:
    """Whether a file may be one, by its first byte."""
    return len(raw) >= HEADER.size and raw[0] in VERSIONS


def rows(raw: bytes, layout: RegisterLayout) -> Iterator[Row]:
    """Yield the names of the fields, then the records; RegisterError when the file is not whole.

    As in a workbook, the names are line 1, which the setting `skip` leaves out.
    """
    if not is_one(raw):
        raise RegisterError(Phrase("not a .dbf file"))
    count, start, size, page = HEADER.unpack_from(raw)
    encodings = (CODE_PAGES[page],) if page in CODE_PAGES else reading.encodings(layout)
    fields = _fields(raw[:start], encodings)
    if size != 1 + sum(field.width for field in fields):
        raise RegisterError(
            Phrase("not a readable .dbf file: {size} bytes a record, not as its fields", size=size)
        )
    there = (len(raw) - start) // size
    if there < count:
        raise RegisterError(
            Phrase(
                "{count} records by its header, {there} there: cut off?", count=count, there=there
            )
        )
    yield 1, [field.name for field in fields]
    for number in range(count):
        place = start + number * size
        if raw[place] == ALIVE:
            yield number + 2, list(_texts(raw, place + 1, fields, layout, encodings))
        elif raw[place] != DELETED:
            raise RegisterError(at_line(number + 2, Phrase("not a record")))


def _fields(header: bytes, encodings: tuple[str, ...]) -> list[Field]:
    fields = []
    for place in range(HEADER.size, len(header), FIELD.size):
        if header[place] in END_OF_FIELDS:
            break
        if len(header) < place + FIELD.size:
            raise RegisterError(Phrase("not a readable .dbf file: its header is cut off"))
        name, kind, width, decimals = FIELD.unpack_from(header, place)
        if kind == b"C":
            width += decimals << 8  # a text may be longer than a byte can say
        if not width:
            raise RegisterError(Phrase("not a readable .dbf file: a field without a width"))
        text = name.partition(b"\0")[0].decode(encodings[0], "replace")
        fields.append(Field(text.strip(), kind.decode("latin-1"), width))
    return fields


def _texts(
    raw: bytes, place: int, fields: list[Field], layout: RegisterLayout, encodings: tuple[str, ...]
) -> Iterator[str]:
    for field in fields:
        yield _text(raw[place : place + field.width], field, layout, encodings)
        place += field.width


def _text(value: bytes, field: Field, layout: RegisterLayout, encodings: tuple[str, ...]) -> str:
    """A value as text; one of a kind that is not text itself is what it means, or empty."""
    if field.kind == "Y" and field.width == 8:  # money: ten-thousandths
        return _without_zeros(Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-4))
    if field.kind in "I+" and field.width == 4:
        return str(int.from_bytes(value, "little", signed=True))
    if field.kind not in "CNFDLV":
        return ""  # a memo is in another file; a binary float is no sum
    text = reading.decode(value, *encodings).strip(" \t\0")
    if field.kind == "D" and len(text) == 8:  # strptime also reads fewer digits
        with suppress(ValueError):
            return reading.written(reading.parsed(text, "%Y%m%d"), layout.date_form)
    return text


def _without_zeros(amount: Decimal) -> str:
    cents = amount.quantize(Decimal("0.01"))
    return f"{cents if cents == amount else amount}"
