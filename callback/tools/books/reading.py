"""What every reader of a bank's file needs: its text, its lines, a sum, a date."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from callback.tools.books.entry import RegisterError
from callback.wire import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.layouts import RegisterLayout

BOM = b"\xef\xbb\xbf"
LINE_END = re.compile(r"\r\n|\r|\n")  # str.splitlines() would also split at eight others
SUMS = {
    "both": re.compile(r"[0-9]{1,12}([.,][0-9]{1,2})?"),
    ".": re.compile(r"[0-9]{1,12}([.][0-9]{1,2})?"),
    ",": re.compile(r"[0-9]{1,12}(,[0-9]{1,2})?"),
}
KOPECKS = re.compile("[0-9]{1,14}")
TIME_OF_DAY = re.compile("[ T]?%[HIMSpTXRf]")


def encodings(layout: RegisterLayout) -> tuple[str, ...]:
    """The encodings of a text, to be tried in this order."""
    if layout.encoding == "auto":
        return ("utf-8", "windows-1251")
    return tuple(filter(None, (layout.encoding, layout.second_encoding)))


def decode(raw: bytes, *encodings: str) -> str:
    """Decode by the first encoding that fits as a whole; a byte order mark means UTF-8."""
    if raw.startswith(BOM):
        raw, encodings = raw.removeprefix(BOM), ("utf-8",)
    faults = []
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            line = len(re.findall(rb"\r\n|\r|\n", raw[: error.start])) + 1
            faults.append(f"line {line}: not {encoding}")
    raise RegisterError("; ".join(faults))


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers."""
    for number, line in enumerate(LINE_END.split(text), start=1):
        if line.strip():
            yield number, line


def amount(text: str, layout: RegisterLayout) -> Decimal:
    """Read a sum; ValueError."""
    if layout.kopecks and KOPECKS.fullmatch(text):
        return Decimal(text).scaleb(-2)
    if layout.kopecks or not SUMS[layout.decimal].fullmatch(text):
        raise ValueError(f"not a sum: {text!r}")
    return Decimal(text.replace(",", "."))


def moment(text: str, form: str) -> datetime:
    """Read a date and time, or a date alone, which is its midnight; ValueError."""
    for one in (form, TIME_OF_DAY.split(form)[0]):
        with suppress(ValueError):
            made = parsed(text, one)
            if FIRST_YEAR <= made.year <= LAST_YEAR:
                return made
    raise ValueError(f"not a date by {form}: {text!r}")


def parsed(text: str, form: str) -> datetime:
    """Read a date by one form of strptime; ValueError."""
    if not text.isascii():  # strptime also reads other scripts' digits
        raise ValueError(text)
    return datetime.strptime(text, form)  # noqa: DTZ007 - the bank's zone
