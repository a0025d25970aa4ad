"""Reading the bank's register: every row exactly, or the whole file not at all.

registers.md, section 3. How the file looks, `RegisterLayout` says; statements are read by
`statement`, `mt940` and `camt053`, Excel's files by `spreadsheet`, those of dBase by `dbf`.
"""

from __future__ import annotations

import csv
import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from callback.tools.books import camt053, dbf, mt940, reading, spreadsheet, statement
from callback.tools.books.entry import Entry, Register, RegisterError, Remark, entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from callback.bank import Bank
    from callback.layouts import RegisterLayout
    from callback.tools.books.entry import Row

ZIP = b"PK\x03\x04"  # how every .xlsx begins
STATEMENTS = {"1c": statement.read, "mt940": mt940.read, "camt053": camt053.read}
COUNT = re.compile("[0-9]{1,9}")


def read(bank: Bank, path: Path) -> Register:
    """Read a register by the bank's settings; RegisterError when it is refused as a whole."""
    layout = bank.register
    if layout.file and not layout.file.fullmatch(path.name):
        raise RegisterError(f"the name of the file is not {layout.file.pattern}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RegisterError(f"cannot be read: {error.strerror}") from error
    if layout.form in STATEMENTS:
        return once(*STATEMENTS[layout.form](raw, bank))
    if layout.form == "dbf":
        rows = dbf.rows(raw, layout)
    elif raw.startswith(ZIP):
        rows = spreadsheet.rows(raw, layout)
    else:
        rows = _rows(reading.decode(raw, *reading.encodings(layout)), layout)
    return once(*_table(list(rows), layout, address_line=layout.address_line))


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


def _rows(text: str, layout: RegisterLayout) -> Iterator[Row]:
    if layout.quote:
        yield from _quoted_rows(text, layout)
        return
    for number, line in reading.lines(text):
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
        reading.amount(_field(fields, layout.sum), layout),
        _paid_at(fields, layout),
    )


def _paid_at(fields: list[str], layout: RegisterLayout) -> datetime:
    day = reading.moment(_field(fields, layout.date), layout.date_form)
    time = _field(fields, layout.time) if layout.time else ""
    if not time:
        return day
    try:
        clock = reading.parsed(time, layout.time_form)
    except ValueError:
        raise ValueError(f"not a time by {layout.time_form}: {time!r}") from None
    return datetime.combine(day.date(), clock.time())


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
        paid = reading.amount(_field(columns, layout.total_sum).strip(), layout)
    return count, paid
