"""Reading the bank's register: every row exactly, or the whole file not at all.

registers.md, section 3. How the file looks, `RegisterLayout` says; statements are read by
`statement`, `mt940` and `camt053`, Excel's files by `spreadsheet`, those of dBase by `dbf`, others
by `rows`; what a row says, `columns` knows.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

from callback.layouts import DAY
from callback.tools.books import (
    camt053,
    dbf,
    ids,
    mt940,
    reading,
    rows,
    spreadsheet,
    statement,
    totals,
)
from callback.tools.books.columns import Columns, field
from callback.tools.books.entry import Entry, Register, RegisterError, Remark
from callback.tools.printable import file_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from callback.bank import Bank
    from callback.layouts import RegisterLayout
    from callback.tools.books.entry import Row

ZIP = b"PK\x03\x04"  # how every .xlsx begins
STATEMENTS = {"1c": statement.read, "mt940": mt940.read, "camt053": camt053.read}
# What is sent or saved by mistake, told by its first bytes.
FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls): save it as .xlsx or as CSV",
    b"%PDF": "a PDF: ask the bank for a table",
    b"{\\rtf": "a text of Word: ask the bank for a table",
    b"\x1f\x8b": "packed (gzip): unpack it first",
    b"Rar!": "packed (RAR): unpack it first",
    b"7z\xbc\xaf": "packed (7-Zip): unpack it first",
}
NAMES = ("txn_id", "account", "sum", "date")
MAX_ROWS = 500_000
MAX_REJECTED = 1000
PROOF = (
    "no payment in it, and nothing that proves it to be a register of this bank: "
    'for days without payments set header = "…" (its line before the rows), or total'
)


def read(bank: Bank, *paths: Path) -> Register:
    """Read a register of one or of several files; RegisterError when it is refused as a whole."""
    entries: list[Entry] = []
    remarks: list[Remark] = []
    days: list[date] = []
    names = _names(paths)
    for path in paths:
        try:
            part = _read(bank, path)
            _refuse_shared_origins(entries, part.entries)
        except RegisterError as error:
            error.file = path
            raise
        name = names.get(path, "")
        entries += [one._replace(file=name) for one in part.entries]
        remarks += [one._replace(file=name) for one in part.remarks]
        days += part.days
    return once(entries, remarks)._replace(days=tuple(days))


def once(entries: Iterable[Entry], remarks: Iterable[Remark]) -> Register:
    """Drop a row that repeats another; RegisterError when it says something else."""
    known: dict[str, Entry] = {}
    others = list(remarks)
    for one in entries:
        first = known.setdefault(one.txn_id, one)
        if first is one:
            continue
        if (first.account, first.amount) != (one.account, one.amount):
            raise RegisterError(
                f"{one.place}: payment {one.txn_id} is there twice, in {first.place} "
                "with another account or sum"
            )
        others.append(Remark("twice", one.line, f"as in {first.place}", one, one.file))
    return Register(list(known.values()), others)


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """What files are called in a report; one alone needs no name."""
    names = {path: file_name(path.name) for path in paths}
    if len(set(names.values())) < len(names):
        names = {path: file_name(path) for path in paths}
    return names if len(paths) > 1 else {}


def _read(bank: Bank, path: Path) -> Register:
    layout = bank.register
    if layout.file and not layout.file.fullmatch(path.name):
        raise RegisterError(f"the name of the file is not {layout.file.pattern}")
    if layout.form in STATEMENTS:
        raw = reading.content(path, reading.MAX_STATEMENT)
        return Register(*STATEMENTS[layout.form](raw, bank))
    raw = reading.content(path)
    if layout.form == "dbf":
        return _Table(bank, path).read(dbf.rows(raw, layout))
    _refuse_foreign(raw)
    if not raw.startswith(ZIP):
        return _Table(bank, path).read(rows.read(raw, layout))
    with spreadsheet.opened(raw, layout) as sheets:
        (_, first), *others = sheets
        table = _Table(bank, path)
        register = table.read(first)
        table.refuse_more(others)
    return register


def _refuse_foreign(raw: bytes) -> None:
    if not raw.strip():
        raise RegisterError(f"empty: {len(raw)} bytes, none of them a text")
    for beginning, what in FOREIGN.items():
        if raw.startswith(beginning):
            raise RegisterError(what)


def _refuse_shared_origins(known: Iterable[Entry], new: Iterable[Entry]) -> None:
    """Of ids that are derived nobody can say whether two files have one payment, or two."""
    shared = {one.origin for one in known if one.origin} & {one.origin for one in new}
    if shared:
        raise RegisterError(
            f"{min(shared)} is in another file, too: give one file with the whole day"
        )


class _Table:
    """Reads the rows of a table: what stands before the payments, they, the totals, the rest."""

    def __init__(self, bank: Bank, path: Path) -> None:
        self._layout: RegisterLayout = bank.register
        self._bank = bank
        self._path = path
        self._columns = Columns(bank)
        self._head: list[Row] = []
        self._entries: list[Entry] = []
        self._remarks: list[Remark] = []
        self._rejected = 0
        self._total: Row | None = None
        self._in_footer = False
        self._last = 1

    def read(self, table: Iterator[Row]) -> Register:
        """Read all of it; RegisterError."""
        first = self._behind_head(table)
        self._read_head()
        for count, row in enumerate(chain(first, table), start=1):
            self._last = row[0]
            if count > MAX_ROWS:
                raise RegisterError(f"more than {MAX_ROWS} rows, as no register of a day has")
            if not self._ends(row):
                self._judge(row)
        self._reject_rounded()
        self._check_total()
        self._check_proof()
        day = self._columns.day
        return Register(self._entries, self._remarks, (day,) if day else ())

    def refuse_more(self, sheets: Sequence[tuple[str, Iterator[Row]]]) -> None:
        """Refuse a workbook whose other sheets hold payments, too."""
        for title, table in sheets:
            for number, fields in table:
                if self._columns.has_money(fields):
                    raise RegisterError(
                        f"sheet {title!r} has payments, too (line {number}): name one with sheet"
                    )

    # --- before the payments ---

    def _behind_head(self, table: Iterator[Row]) -> list[Row]:
        """Take the lines that are passed over; return the first row behind them, if it is one."""
        for row in table:
            self._last = row[0]
            if row[0] > self._layout.skip:
                is_address = self._layout.address_line and not self._head and len(row[1]) == 1
                return [] if is_address and not totals.is_total(row, self._layout) else [row]
            self._head.append(row)
        return []

    def _read_head(self) -> None:
        self._columns = Columns(self._bank, self._day())
        for number, fields in self._head:
            if self._columns.has_money(fields):
                raise RegisterError(
                    f"line {number} is a payment, and skip = {self._layout.skip} passes it over: "
                    f"set skip = {number - 1}"
                )
        if self._layout.header and not self._has_header():
            shown = self._shown(self._head[-1]) if self._head else ""
            raise RegisterError(f"the header is not {self._layout.header!r}, but {shown!r}")
        names = self._names()
        if set(names) == set(self._expected()) != {""} and names != self._expected():
            raise RegisterError(f"the columns have another order: {', '.join(names)}")

    def _day(self) -> date | None:
        """The day that the head says, or the name of the file; None: rows have dates."""
        layout = self._layout
        if layout.date:
            return None
        if layout.day is None:
            match = layout.file.fullmatch(self._path.name) if layout.file else None
            return self._read_day(match[DAY] if match else "")
        for row in self._head:
            match = layout.day.search(self._shown(row))
            if match:
                return self._read_day(match[1] or "")
        raise RegisterError(f"no day by {layout.day.pattern} in the lines before the rows")

    def _read_day(self, text: str) -> date:
        try:
            return reading.moment(text, self._layout.date_form, self._bank.timezone).date()
        except ValueError as error:
            raise RegisterError(f"the day of the file: {error}") from error

    def _has_header(self) -> bool:
        wanted = self._layout.header.split(self._layout.separator)
        wanted = [name.strip(rows.AROUND) for name in wanted]
        return any([name.strip('"') for name in fields] == wanted for _, fields in self._head)

    def _expected(self) -> list[str]:
        return [name for name in NAMES if getattr(self._layout, name)]

    def _names(self, row: Row | None = None) -> list[str]:
        """What a row calls our columns, by default the last line before the payments."""
        row = row or (self._head[-1] if self._head else (0, []))
        with suppress(ValueError):
            columns = (getattr(self._layout, name) for name in self._expected())
            return [field(row[1], one).strip('"').lower() for one in columns]
        return []

    def _is_header(self, row: Row) -> bool:
        return not self._entries and self._names(row) == self._expected()

    # --- payments, totals, the rest ---

    def _ends(self, row: Row) -> bool:
        """Whether the payments are over: the totals line, or one of the footer; RegisterError."""
        if self._in_footer or self._opens_footer(row):
            self._in_footer = True
            if self._columns.has_money(row[1]) or totals.is_total(row, self._layout):
                raise RegisterError(f"line {row[0]}: a payment or a total in the footer")
            return True
        if self._total:
            raise RegisterError(
                f"line {row[0]}: something follows the line {self._layout.total!r}; where it is "
                "always so, set footer to how that begins"
            )
        if totals.is_total(row, self._layout):
            self._total = row
            return True
        return False

    def _opens_footer(self, row: Row) -> bool:
        footer, is_due = self._layout.footer, not self._layout.total or self._total
        return bool(footer and is_due and footer.match(self._shown(row)))

    def _judge(self, row: Row) -> None:
        judgement: Entry | Remark
        try:
            judgement = self._columns.judge(*row)
        except ValueError as error:
            hint = f"; is it the header? set skip = {row[0]}" * self._is_header(row)
            judgement = Remark("rejected", row[0], f"{error}{hint}")
            self._rejected += 1
            if self._rejected > MAX_REJECTED:
                raise RegisterError(
                    f"line {row[0]}: more than {MAX_REJECTED} rows cannot be read: {error}"
                ) from error
        if isinstance(judgement, Entry):
            self._entries.append(judgement)
        else:
            self._remarks.append(judgement)

    def _reject_rounded(self) -> None:
        remarks = ids.rounded(self._entries, self._layout)
        lines = {one.line for one in remarks}
        self._entries = [one for one in self._entries if one.line not in lines]
        self._remarks += remarks
        self._rejected += len(lines)

    def _check_total(self) -> None:
        if not self._layout.total:
            return
        if self._total is None:
            raise RegisterError(
                f"line {self._last}: the file ends without a line {self._layout.total!r}"
            )
        # With a rejected row the sums cannot agree, and nothing is booked anyway.
        if not self._rejected:
            currency = self._bank.currency
            totals.control(self._total, self._entries, self._remarks, self._layout, currency)

    def _check_proof(self) -> None:
        """Refuse a file that may be anything: silence is no proof that nobody has paid."""
        readable = any(remark.entry or remark.name == "rejected" for remark in self._remarks)
        named = self._layout.header or self._names() == self._expected()
        if self._entries or readable or self._total or named:
            return
        if self._head:
            shown = f"; its line {self._head[-1][0]} is {self._shown(self._head[-1])!r}"
        raise RegisterError(PROOF + (shown if self._head else ""))

    def _shown(self, row: Row) -> str:
        return self._layout.separator.join(row[1])[:200]
