"""Writing the list of bills: whom the bank may take money for, and what is owed.

registers.md, section 2. Rows are written as the database sends them, so a list of any length takes
the same memory.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from callback.clock import utc_now
from callback.layouts import name, names, sum_text
from callback.model import masked
from callback.phrase import Phrase
from callback.tools.books import qr
from callback.tools.books.bill import BLANKS, Bill
from callback.tools.printable import disarmed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callback.bank import Bank
    from callback.database import Database, Row
    from callback.layouts import BillsLayout

NONE = Decimal(0)


class Written(NamedTuple):
    """What a list adds up to."""

    rows: int
    total: Decimal


def read(database: Database, bank: Bank) -> Iterator[Bill]:
    """Yield the bills in the order of their numbers; DatabaseError."""
    for row in database.stream(f"bills_{bank.payer}"):
        bill = of_row(row, bank.bills)
        if bill.owed > NONE or bank.bills.zero:
            yield bill


def of_row(row: Row, layout: BillsLayout) -> Bill:
    """Make a bill of what the database says; an overpaid one owes nothing.

    A program's own numbers may be whole ones, its names and addresses null.
    """
    owed = max(row["issued"] - row["paid"], NONE)
    name = row["name"] or ""
    shown = name if layout.full_names else masked(name)
    return Bill(str(row["number"]), shown, row["address"] or "", owed)


def count(database: Database, bank: Bank) -> int:
    """About how many rows a list will have; DatabaseError."""
    return int(next(database.stream(f"count_bills_{bank.payer}"))["n"])


def write(bank: Bank, bills: Iterable[Bill], out: BinaryIO, warn: Callable[[str], None]) -> Written:
    """Write a whole list. `warn` hears of every row that the encoding cannot hold."""
    layout, now = bank.bills, today(bank)
    period = now.replace(day=1).strftime(layout.period)
    number, total = 0, NONE
    # The head may hold the sum of all that follows.
    with tempfile.TemporaryFile() as body:
        for bill in bills:
            line = _qr_line(bill, layout) if layout.form == "qr" else _line(bill, layout, period)
            body.write(_encoded(line, bill.number, layout, warn))
            number, total = number + 1, total + bill.owed
        values = {"count": number, "total": sum_text(total, layout.decimal), "date": now}
        for line in (*layout.head, *filter(None, [_header(layout)])):
            out.write(_encoded(line.format(**values), "head", layout, warn))
        body.seek(0)
        shutil.copyfileobj(body, out)
        for line in layout.tail:
            out.write(_encoded(line.format(**values), "tail", layout, warn))
    return Written(number, total)


def folder(bank: Bank, root: Path) -> Path:
    """Where lists of the bank are written."""
    return root / bank.bills.folder


def new_name(bank: Bank, root: Path) -> Path:
    """Name the next list: `n` is one more than there are lists of this name, whatever their n."""
    where, n = folder(bank, root), 1
    form = names(bank.name, bank.bills, today(bank))
    if where.is_dir():
        n += sum(bool(form.fullmatch(file.name)) for file in where.iterdir())
    while True:
        path = where / name(bank.name, bank.bills, today(bank), n)
        if not path.exists() or "{n" not in bank.bills.name:
            return path
        n += 1  # one before it was deleted


def lists(bank: Bank, root: Path) -> list[Path]:
    """Find the lists of the bank that are in its folder, of any day, oldest first."""
    where, form = folder(bank, root), names(bank.name, bank.bills)
    if not where.is_dir():
        return []
    files = [file for file in where.iterdir() if form.fullmatch(file.name)]
    return sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name))


def today(bank: Bank) -> datetime:
    """Now, in the bank's zone."""
    return bank.local(utc_now())


def _line(bill: Bill, layout: BillsLayout, period: str) -> str:
    values = {
        "number": bill.number,
        # A clerk opens the list in a spreadsheet; the number is the key, and stays as it is.
        "name": disarmed(bill.name),
        "address": disarmed(bill.address),
        "period": period,
        "sum": sum_text(bill.owed, layout.decimal),
        "kopecks": f"{bill.owed.scaleb(2):.0f}",
    }
    fields = (values.get(column, column.removeprefix("const:")) for column in layout.columns)
    return layout.separator.join(_field(field, layout) for field in fields)


def _field(text: str, layout: BillsLayout) -> str:
    if not layout.quote:
        return BLANKS.sub(" ", text.replace(layout.separator, " ").replace('"', " "))
    if any(mark in text for mark in (layout.separator, layout.quote, "\r", "\n")):
        return layout.quote + text.replace(layout.quote, layout.quote * 2) + layout.quote
    return text


def _qr_line(bill: Bill, layout: BillsLayout) -> str:
    return f"{BLANKS.sub(' ', bill.number)}\t{qr.text(bill, layout)}"


def _header(layout: BillsLayout) -> str:
    return "" if layout.form == "qr" else layout.header


def _encoded(line: str, whose: str, layout: BillsLayout, warn: Callable[[str], None]) -> bytes:
    line += layout.line_end
    try:
        return line.encode(layout.encoding)
    except UnicodeEncodeError as error:
        missing = line[error.start : error.end]
        warn(
            Phrase(
                "{whose}: {missing!r} is not in {encoding}, written as ?",
                whose=whose,
                missing=missing,
                encoding=layout.encoding,
            )
        )
        return line.encode(layout.encoding, "replace")
