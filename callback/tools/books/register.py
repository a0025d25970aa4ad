"""Reading the bank's register: every row exactly, or the whole file not at all.

registers.md, section 3. How the file looks, `RegisterLayout` says; statements of 1C are read by
`statement`, Excel's files by `spreadsheet`.
"""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from callback.wire import FIRST_YEAR, LAST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from callback.bank import Bank
    from callback.layouts import RegisterLayout

BOM = b"\xef\xbb\xbf"
ZIP = b"PK\x03\x04"  # how every .xlsx begins
LINE_END = re.compile(r"\r\n|\r|\n")  # str.splitlines() would also split at eight others
SUMS = {
    "both": re.compile(r"[0-9]{1,12}([.,][0-9]{1,2})?"),
    ".": re.compile(r"[0-9]{1,12}([.][0-9]{1,2})?"),
    ",": re.compile(r"[0-9]{1,12}(,[0-9]{1,2})?"),
}
KOPECKS = re.compile("[0-9]{1,14}")
COUNT = re.compile("[0-9]{1,9}")
TXN_ID = re.compile("[!-~]{1,64}")  # what the column payment.txn_id holds
ACCOUNT = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
TIME_OF_DAY = re.compile("[ T]?%[HIMSpTXRf]")

Row = tuple[int, list[str]]  # the number of its line, its fields


class RegisterError(Exception):
    """The file is refused as a whole; the text says why, and in which line."""


class Entry(NamedTuple):
    """A payment that the bank says it took; `paid_at` is in the bank's zone."""

    line: int
    txn_id: str
    account: str
    amount: Decimal
    paid_at: datetime


class Remark(NamedTuple):
    """What a row is that cannot be compared: "rejected", "not a payment", "twice" …"""

    name: str
    line: int
    detail: str
    entry: Entry | None = None


class Register(NamedTuple):
    """What a file holds; a rejected row is among the remarks."""

    entries: list[Entry]
    remarks: list[Remark]


def read(bank: Bank, path: Path) -> Register:
    """Read a register by the bank's settings; RegisterError when it is refused as a whole."""
    layout = bank.register
    if layout.file and not layout.file.fullmatch(path.name):
        raise RegisterError(f"the name of the file is not {layout.file.pattern}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RegisterError(f"cannot be read: {error.strerror}") from error
    if layout.form == "1c":
        from callback.tools.books import statement

        return once(*statement.read(raw, layout))
    if raw.startswith(ZIP):
        from callback.tools.books import spreadsheet

        rows = spreadsheet.rows(raw, layout)
    else:
        rows = _rows(decode(raw, *_encodings(bank)), layout)
    return once(*_table(list(rows), layout, address_line=bank.protocol == "osmp"))


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
            made = _parsed(text, one)
            if FIRST_YEAR <= made.year <= LAST_YEAR:
                return made
    raise ValueError(f"not a date by {form}: {text!r}")


def entry(line: int, txn_id: str, account: str, paid: Decimal, paid_at: datetime) -> Entry:
    """Make an entry of what can be recorded; ValueError."""
    if not TXN_ID.fullmatch(txn_id):
        raise ValueError(f"not an id of a payment: {txn_id!r}")
    if not ACCOUNT.fullmatch(account):
        raise ValueError(f"not a number of an account: {account!r}")
    return Entry(line, txn_id, account, paid, paid_at)


def once(entries: Iterable[Entry], remarks: Iterable[Remark]) -> Register:
    """Drop a row that repeats another; RegisterError when it says something else."""
    known: dict[str, Entry] = {}
    found = list(remarks)
    for one in entries:
        first = known.setdefault(one.txn_id, one)
        if first is one:
            continue
        if (first.account, first.amount) != (one.account, one.amount):
            raise RegisterError(
                f"line {one.line}: payment {one.txn_id} is there twice, in line {first.line} "
                "with another account or sum"
            )
        found.append(Remark("twice", one.line, f"as in line {first.line}", one))
    return Register(list(known.values()), found)


def _encodings(bank: Bank) -> tuple[str, ...]:
    if bank.register.encoding == "auto":
        return ("utf-8", "windows-1251")
    # osmp.md, section 9: tolerated.
    return (bank.register.encoding, *(["windows-1251"] if bank.protocol == "osmp" else []))


def _rows(text: str, layout: RegisterLayout) -> Iterator[Row]:
    if layout.quote:
        yield from _quoted_rows(text, layout)
        return
    for number, line in lines(text):
        yield number, [field.strip(" \t") for field in line.split(layout.separator)]


def _quoted_rows(text: str, layout: RegisterLayout) -> Iterator[Row]:
    reader = csv.reader(
        # A quoted field may hold a line end, so they stay.
        re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text),
        delimiter=layout.separator,
        quotechar=layout.quote,
        strict=True,
    )
    first = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield first, [field.strip(" \t") for field in fields]
            first = reader.line_num + 1
    except csv.Error as error:
        raise RegisterError(f"line {first}: {error}") from error


def _table(
    rows: list[Row], layout: RegisterLayout, *, address_line: bool
) -> tuple[list[Entry], list[Remark]]:
    if address_line and rows and len(rows[0][1]) == 1 and not _is_total(rows[0], layout):
        rows = rows[1:]
    rows = rows[layout.skip :]
    total = _taken_total(rows, layout) if layout.total else None
    entries, remarks = [], []
    for number, fields in rows:
        try:
            if layout.state and _field(fields, layout.state) != layout.good:
                detail = f"{_field(fields, layout.state)!r} is not {layout.good!r}"
                remarks.append(Remark("not a payment", number, detail))
            else:
                entries.append(_entry(number, fields, layout))
        except ValueError as error:
            remarks.append(Remark("rejected", number, str(error)))
    # With a rejected row the sums cannot agree, and nothing is booked anyway.
    if total and not any(remark.name == "rejected" for remark in remarks):
        _control(entries, total, layout)
    return entries, remarks


def _entry(number: int, fields: list[str], layout: RegisterLayout) -> Entry:
    return entry(
        number,
        _field(fields, layout.txn_id),
        _field(fields, layout.account),
        amount(_field(fields, layout.sum), layout),
        _paid_at(fields, layout),
    )


def _paid_at(fields: list[str], layout: RegisterLayout) -> datetime:
    day = moment(_field(fields, layout.date), layout.date_form)
    time = _field(fields, layout.time) if layout.time else ""
    if not time:
        return day
    try:
        clock = _parsed(time, layout.time_form)
    except ValueError:
        raise ValueError(f"not a time by {layout.time_form}: {time!r}") from None
    return datetime.combine(day.date(), clock.time())


def _parsed(text: str, form: str) -> datetime:
    if not text.isascii():  # strptime also reads other scripts' digits
        raise ValueError(text)
    return datetime.strptime(text, form)  # noqa: DTZ007 - the bank's zone


def _field(fields: list[str], column: int) -> str:
    try:
        return fields[column - 1 if column > 0 else column]
    except IndexError:
        raise ValueError(f"too few columns: {len(fields)}") from None


def _is_total(row: Row, layout: RegisterLayout) -> bool:
    return bool(layout.total) and layout.separator.join(row[1]).startswith(layout.total)


def _taken_total(rows: list[Row], layout: RegisterLayout) -> Row:
    """Take the totals line off the rows: there must be exactly one, the last."""
    places = [place for place, row in enumerate(rows) if _is_total(row, layout)]
    if not places:
        last = rows[-1][0] if rows else 1
        raise RegisterError(f"line {last}: the file ends without a line {layout.total!r}")
    if places != [len(rows) - 1]:
        after = rows[places[0] + 1][0]
        raise RegisterError(f"line {after}: something follows the line {layout.total!r}")
    return rows.pop()


def _control(entries: list[Entry], total: Row, layout: RegisterLayout) -> None:
    """Compare count and sum with the totals line; RegisterError."""
    number, fields = total
    rest = layout.separator.join(fields).removeprefix(layout.total)
    if rest.startswith((layout.separator, " ", "\t")):  # the mark has a column of its own
        columns = ["", *rest[1:].lstrip(" ").split(layout.separator)]
    else:
        columns = rest.split(layout.separator)
    try:
        count, paid = _said(columns, layout)
    except ValueError as error:
        raise RegisterError(f"line {number}: the totals line: {error}") from error
    found = sum((one.amount for one in entries), Decimal(0))
    if count not in (None, len(entries)):
        raise RegisterError(f"line {number}: {count} payments by the total, {len(entries)} there")
    if paid not in (None, found):
        raise RegisterError(f"line {number}: {paid:.2f} by the total, {found:.2f} there")


def _said(columns: list[str], layout: RegisterLayout) -> tuple[int | None, Decimal | None]:
    count = paid = None
    if layout.total_count:
        text = _field(columns, layout.total_count).strip()
        if not COUNT.fullmatch(text):
            raise ValueError(f"not a count: {text!r}")
        count = int(text)
    if layout.total_sum:
        paid = amount(_field(columns, layout.total_sum).strip(), layout)
    return count, paid
