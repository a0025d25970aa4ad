"""The rows of a register that is a text: lines cut at a separator, or CSV with quotes."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from callback.phrase import Phrase
from callback.tools.books import reading
from callback.tools.books.entry import RegisterError, at_line
from callback.tools.books.sums import BLANKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.layouts import RegisterLayout
    from callback.tools.books.entry import Row

AROUND = f"{BLANKS}\t"
LONGEST_LINE = 1024 * 1024


def read(raw: bytes, layout: RegisterLayout) -> Iterator[Row]:
    """Yield the rows that are not blank, each with the number of its line; RegisterError."""
    text = reading.decode(raw, *reading.encodings(layout))
    if text.lstrip().startswith("<"):
        raise RegisterError(at_line(1, Phrase("a page of HTML or XML, not a table")))
    return _quoted(text, layout) if layout.quote else _plain(text, layout)


def _plain(text: str, layout: RegisterLayout) -> Iterator[Row]:
    for number, line in reading.lines(text):
        if len(line) > LONGEST_LINE:
            raise RegisterError(
                at_line(number, Phrase("{line} characters, not a table", line=len(line)))
            )
        yield number, [field.strip(AROUND) for field in line.split(layout.separator)]


def _quoted(text: str, layout: RegisterLayout) -> Iterator[Row]:
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=layout.separator, quotechar=layout.quote, strict=True)
    first = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield first, [field.strip(AROUND) for field in fields]
            first = reader.line_num + 1
            lines.length = 0
    except csv.Error as error:
        raise RegisterError(at_line(first, error)) from error


class _Lines:
    """The lines of a text, with their ends, while a row has not become too long."""

    def __init__(self, text: str) -> None:
        self.length = 0  # of the row until now
        self._number = 0
        self._matches = reading.LINE.finditer(text)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._matches)[0]
        self._number += 1
        self.length += len(line)
        if self.length > LONGEST_LINE:
            raise RegisterError(
                at_line(
                    self._number, Phrase("{length} characters, not a table", length=self.length)
                )
            )
        return line
