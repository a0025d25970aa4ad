"""What every reader of a bank's file needs: its bytes, its text, its lines, a date."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from callback.layouts import ISO
from callback.phrase import Phrase
from callback.tools.books.entry import RegisterError
from callback.wire import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from callback.layouts import RegisterLayout

MEBIBYTE = 1024 * 1024
MAX_BYTES = 64 * MEBIBYTE  # half a million payments; more is no register of a day
MAX_STATEMENT = 256 * MEBIBYTE  # has a dozen lines a payment
LONGEST = 4000  # of a field
BOM = b"\xef\xbb\xbf"
MARKS = {BOM: "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
END_OF_DOS = "\x1a"
# With its end. str.splitlines() would also split at eight others.
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
TIME_OF_DAY = re.compile("[ T]?%[HIMSpTXRfz]")
ISO_8601 = re.compile(
    "(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    "(?:[T ](?P<minute>[0-9]{2}:[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?)?"
    " ?(?P<zone>Z|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?)?"
)


def content(path: Path, longest: int = MAX_BYTES) -> bytes:
    """The bytes of a file; RegisterError when it is not there or larger than any register."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            size = status.st_size if stat.S_ISREG(status.st_mode) else longest
            # A buffer is made of the size that is asked for.
            raw = file.read(size + 1) if size <= longest else b""
    except OSError as error:
        raise RegisterError(
            Phrase("cannot be read: {strerror}", strerror=error.strerror)
        ) from error
    if max(size, len(raw)) > longest:
        mebibytes = longest // MEBIBYTE
        raise RegisterError(
            Phrase(
                "larger than {mebibytes} MiB, as no register of a day is: split it",
                mebibytes=mebibytes,
            )
        )
    return raw


def encodings(layout: RegisterLayout) -> tuple[str, ...]:
    """The encodings of a text, to be tried in this order."""
    if layout.encoding == "auto":
        return ("utf-8", "windows-1251")
    return tuple(filter(None, (layout.encoding, layout.second_encoding)))


def decode(raw: bytes, *encodings: str) -> str:
    """Decode by the first encoding that fits as a whole; a byte order mark always counts."""
    for mark, encoding in MARKS.items():
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], encoding)
    if b"\0" in raw and not encodings[0].startswith("utf-16"):
        encodings = (utf_16_without_mark(raw),)
    return _decoded(raw, *encodings)


def utf_16_without_mark(raw: bytes) -> str:
    """Tell UTF-16 by where its zero bytes are: no text in another encoding has any."""
    for encoding, others in (("utf-16-le", raw[::2]), ("utf-16-be", raw[1::2])):
        if b"\0" not in others:
            return encoding
    raise RegisterError(Phrase("not a text: it has zero bytes"))


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers."""
    for number, match in enumerate(LINE.finditer(text), start=1):
        line = match[0].rstrip("\r\n")
        if line.strip():
            yield number, line


def moment(text: str, form: str, zone: ZoneInfo | None = None) -> datetime:
    """Read a date and time, or a date alone, which is its midnight; ValueError.

    A time that says its own zone becomes a time of `zone`.
    """
    for one in (form, TIME_OF_DAY.split(form)[0]):
        with suppress(ValueError, OverflowError):
            when = iso(text) if one == ISO else parsed(text, one)
            if when.tzinfo and zone:
                when = when.astimezone(zone)
            if FIRST_YEAR <= when.year <= LAST_YEAR:
                return when.replace(tzinfo=None)
    hint = Phrase("; set date_form = 'iso'") if form != ISO and ISO_8601.fullmatch(text) else ""
    raise ValueError(
        Phrase("not a date by {form}: {text!r}{hint}", form=form, text=text, hint=hint)
    )


def written(when: datetime, form: str) -> str:
    """Write a date that a file holds as such, for `moment` to read it again."""
    return when.isoformat() if form == ISO else when.strftime(form)


def parsed(text: str, form: str) -> datetime:
    """Read a date by one form of strptime; ValueError."""
    if not text.isascii():  # strptime also reads other scripts' digits
        raise ValueError(text)
    return datetime.strptime(text, form)  # noqa: DTZ007 - the bank's zone


def iso(text: str) -> datetime:
    """Read a date of ISO 8601, which may have a time, and that a zone; ValueError."""
    match = ISO_8601.fullmatch(text)
    if match is None or (match["zone"] and not match["minute"]):
        raise ValueError(text)
    clock = f"{match['minute'] or '00:00'}:{match['second'] or '00'}"
    when = parsed(f"{match['day']} {clock}", "%Y-%m-%d %H:%M:%S")
    if not match["zone"]:
        return when
    offset = timedelta(hours=int(match["hours"] or 0), minutes=int(match["minutes"] or 0))
    return when.replace(tzinfo=timezone(-offset if match["sign"] == "-" else offset))


def _decoded(raw: bytes, *encodings: str) -> str:
    faults = []
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            line = len(re.findall(rb"\r\n|\r|\n", raw[: error.start])) + 1
            faults.append(f"line {line}: not {encoding}")
        else:
            if "\0" in text:
                raise RegisterError(Phrase("not a text: it has zero bytes"))
            return text.removesuffix(END_OF_DOS)
    raise RegisterError("; ".join(faults))
