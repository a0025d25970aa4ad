"""What a workbook may hold, looked at before a library reads it.

A small .xlsx can unpack to more than the machine has, name row 99999999999, or number its rows so
that the library passes some over in silence. Parts are read piece by piece here: the memory that
this takes does not depend on the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat  # no document type gets in, so no entity either
from zipfile import ZipFile

from callback.phrase import Phrase
from callback.tools.books.entry import RegisterError, at_line

if TYPE_CHECKING:
    from collections.abc import Mapping

PIECE = 64 * 1024
MAX_BYTES = 128 * 1024 * 1024  # of all parts, unpacked
MAX_ELEMENTS = 5_000_000  # in cells: a quarter of a million rows of ten columns
# Elsewhere: the library keeps these.
MAX_KEPT = 100_000
MAX_ROWS, MAX_COLUMNS, MAX_SHEETS = 500_000, 1000, 30
MAX_TEXT = 1024 * 1024
XML = (b"<", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
NUMBER = re.compile("[0-9]{1,7}")
CELL = re.compile("([A-Z]{1,3})[0-9]{1,7}")
TOO_LARGE = Phrase("save it as CSV, or give the days one by one")


def check(archive: ZipFile) -> None:
    """Look through all parts of a workbook; RegisterError when one is beyond all bounds."""
    size = sum(part.file_size for part in archive.infolist())
    if size > MAX_BYTES:
        raise RegisterError(
            Phrase(
                "{size} MiB when it is unpacked: {remedy}",
                size=size >> 20,
                remedy=TOO_LARGE,
            )
        )
    elements = 0
    for part in archive.infolist():
        elements += _Part(part.filename).read(archive)
        if elements > MAX_ELEMENTS:
            raise RegisterError(
                Phrase(
                    "more than {most} cells: {remedy}",
                    most=MAX_ELEMENTS,
                    remedy=TOO_LARGE,
                )
            )


class _Part:
    """Counts what stands in one part."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._root = ""
        self._elements = self._kept = self._text = 0
        self._rows = self._row = self._column = 0
        self._in: str | None = None  # a row, a string
        self._formula = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._starts
        self._parser.EndElementHandler = self._ends
        self._parser.CharacterDataHandler = self._says
        self._parser.StartDoctypeDeclHandler = self._refuse_type

    def read(self, archive: ZipFile) -> int:
        """Read it, if it is XML, and return how many elements it has; RegisterError."""
        with archive.open(self._name) as part:
            piece = part.read(PIECE)
            if piece.lstrip().startswith(XML):
                while piece:
                    self._parser.Parse(piece)
                    piece = part.read(PIECE)
        return self._elements

    def _starts(self, name: str, attributes: Mapping[str, str]) -> None:
        name = name.rpartition(":")[2]
        self._root = self._root or name
        self._elements += 1
        self._text = 0
        if self._in is None:
            self._kept += 1
        if self._elements > MAX_ELEMENTS or self._kept > MAX_KEPT:
            raise RegisterError(
                Phrase(
                    "{name}: more than can be read: {remedy}",
                    name=self._name,
                    remedy=TOO_LARGE,
                )
            )
        if self._root == "worksheet":
            self._starts_in_sheet(name, attributes)
        elif self._root == "sst" and name == "si":
            self._in = name
            self._rows += 1
            self._kept -= 1
            self._check(self._rows <= MAX_ELEMENTS // 5, Phrase("too many texts"))
        elif self._root == "workbook" and name == "sheet":
            self._rows += 1
            self._check(
                self._rows <= MAX_SHEETS,
                Phrase("more than {most} sheets", most=MAX_SHEETS),
            )

    def _starts_in_sheet(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "row":
            self._in = name
            self._kept -= 1
            self._rows += 1
            number = attributes.get("r", str(self._row + 1))
            follows = bool(NUMBER.fullmatch(number)) and int(number) > self._row
            self._check(
                follows, Phrase("row {number} after row {row}", number=number[:20], row=self._row)
            )
            self._row, self._column = int(number), 0
            self._check(
                max(self._row, self._rows) <= MAX_ROWS,
                Phrase("more than {most} rows", most=MAX_ROWS),
            )
        elif name == "c" and self._in:
            self._starts_cell(attributes.get("r", ""))
        elif name in ("v", "is"):
            self._formula = False
        elif name == "f":
            self._formula = True

    def _starts_cell(self, place: str) -> None:
        match = CELL.fullmatch(place)
        self._check(bool(match) or not place, Phrase("a cell {place!r}", place=place[:20]))
        column = _number(match[1]) if match else self._column + 1
        self._check(
            column > self._column, Phrase("cell {place} twice or out of its order", place=place)
        )
        self._check(
            column <= MAX_COLUMNS,
            Phrase("more than {most} columns", most=MAX_COLUMNS),
        )
        self._column, self._formula = column, False

    def _ends(self, name: str) -> None:
        name = name.rpartition(":")[2]
        self._text = 0
        if name == self._in:
            self._in = None
        if name == "c" and self._root == "worksheet":
            self._check(
                not self._formula,
                at_line(
                    self._row, Phrase("a formula without its value: open it in Excel and save it")
                ),
            )

    def _says(self, text: str) -> None:
        self._text += len(text)
        self._check(self._text <= MAX_TEXT, Phrase("a text that no cell can hold"))

    def _refuse_type(self, *_: object) -> None:
        self._check(False, Phrase("a document type, as no spreadsheet writes"))

    def _check(self, bound: bool, what: str) -> None:
        if not bound:
            raise RegisterError(Phrase("{name}: {why}", name=self._name, why=what))


def _number(letters: str) -> int:
    """The number of a column by its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
