"""Reading a register that is a table: what stands before its payments, they, totals, the rest.

registers.md, section 3. A table must prove to be a register, and to be all of it.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from callback.layouts import DAY
from callback.phrase import Phrase, joined
from callback.tools.books import ids, reading, rows, totals
from callback.tools.books.columns import Columns, field
from callback.tools.books.entry import Entry, Register, RegisterError, Remark, at_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from callback.bank import Bank
    from callback.layouts import RegisterLayout
    from callback.tools.books.entry import Row

NAMES = ("txn_id", "account", "sum", "date")
MAX_ROWS = 500_000
MAX_REJECTED = 1000
SHOWN = 1000
PROOF = Phrase(
    "no payment in it, and nothing that proves it to be a register of this bank: for "
    'days without payments set header = "…" (its line before the rows), or total'
)
CUT = Phrase(
    "the last line has no end, and its last field is not as the others': is the file cut off?"
)


class Table:
    """Reads the rows of one table; `has_end`: its last line has one, so none of it is missing."""

    def __init__(self, bank: Bank, path: Path, *, has_end: bool = True) -> None:
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
        self._total_first = False
        self._width = 0  # of the header, where there is one
        self._has_end = has_end
        self._shapes: Counter[tuple[int, ...]] = Counter()
        self._shape: tuple[int, ...] | None = None  # of the last row, where it is a payment
        self._last = 1

    def read(self, table: Iterator[Row]) -> Register:
        """Read all of it; RegisterError."""
        first = self._behind_head(table)
        self._read_head()
        for count, row in enumerate(chain(first, table), start=1):
            self._last = row[0]
            if count > MAX_ROWS:
                raise RegisterError(
                    Phrase("more than {most} rows, as no register of a day has", most=MAX_ROWS)
                )
            if not self._is_behind(row):
                self._judge(row)
        self._reject_cut()
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
                        Phrase(
                            "sheet {title!r} has payments, too (line {number}): name one with "
                            "sheet",
                            title=title,
                            number=number,
                        )
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
        """Read the lines before the payments; RegisterError when they are not as agreed."""
        self._columns = Columns(self._bank, self._day())
        for number, fields in self._head:
            if totals.is_total((number, fields), self._layout):
                self._total, self._total_first = (number, fields), True
            elif self._columns.has_money(fields):
                raise RegisterError(
                    Phrase(
                        "line {number} is a payment, and skip = {skip} passes it over: set skip "
                        "= {right}",
                        number=number,
                        skip=self._layout.skip,
                        right=number - 1,
                    )
                )
        self._check_header()
        width = _width(self._head[-1][1]) if self._head else 0
        needed = max(getattr(self._layout, name) for name in (*NAMES, "time", "state"))
        self._width = width if width >= max(needed, 2) else 0

    def _check_header(self) -> None:
        """Look whether the columns are called as agreed, and in that order; RegisterError."""
        if self._layout.header and not self._has_header():
            shown = self._shown(self._head[-1]) if self._head else ""
            raise RegisterError(
                Phrase(
                    "the header is not {header!r}, but {shown!r}",
                    header=self._layout.header,
                    shown=shown,
                )
            )
        names = self._names()
        if set(names) == set(self._expected()) != {""} and names != self._expected():
            raise RegisterError(
                Phrase("the columns have another order: {names}", names=", ".join(names))
            )

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
        raise RegisterError(
            Phrase("no day by {pattern} in the lines before the rows", pattern=layout.day.pattern)
        )

    def _read_day(self, text: str) -> date:
        try:
            return reading.moment(text, self._layout.date_form, self._bank.timezone).date()
        except ValueError as error:
            raise RegisterError(Phrase("the day of the file: {error}", error=error)) from error

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
            return [field(row[1], column).strip('"').lower() for column in columns]
        return []

    def _is_header(self, row: Row) -> bool:
        return not self._entries and self._names(row) == self._expected()

    # --- payments, totals, the rest ---

    def _is_behind(self, row: Row) -> bool:
        """Whether the payments are over: the totals line, or one of the footer; RegisterError."""
        if self._in_footer or self._opens_footer(row):
            self._in_footer = True
            if self._columns.has_money(row[1]) or totals.is_total(row, self._layout):
                raise RegisterError(at_line(row[0], Phrase("a payment or a total in the footer")))
            return True
        if self._total and (not self._total_first or totals.is_total(row, self._layout)):
            raise RegisterError(
                at_line(
                    row[0],
                    Phrase(
                        "something follows the line {total!r}; where it is always so, set footer "
                        "to how "
                        "that begins",
                        total=self._layout.total,
                    ),
                )
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
            self._check_shape(row[1])
            judgement = self._columns.judge(*row)
        except ValueError as error:
            hint = Phrase("; is it the header? set skip = {row}", row=row[0]) * self._is_header(row)
            judgement = Remark("rejected", row[0], joined("", (str(error), hint)))
            self._rejected += 1
            if self._rejected > MAX_REJECTED:
                raise RegisterError(
                    at_line(
                        row[0],
                        Phrase(
                            "more than {most} rows cannot be read: {error}",
                            most=MAX_REJECTED,
                            error=error,
                        ),
                    )
                ) from error
        if isinstance(judgement, Entry):
            self._entries.append(judgement)
            self._shape = _shape(row[1][-1])
            self._shapes[self._shape] += 1
        else:
            self._remarks.append(judgement)
            self._shape = None

    def _check_shape(self, fields: list[str]) -> None:
        """Refuse a row that holds more than one; ValueError."""
        width = _width(fields)
        if self._width and width > self._width:
            raise ValueError(
                Phrase(
                    "{columns} columns, but the line before the rows has {width}: is the "
                    "separator part "
                    "of a text? quote = '\"' reads texts in quotes",
                    columns=width,
                    width=self._width,
                )
            )
        for line in re.split("[\r\n]+", self._layout.separator.join(fields))[1:]:
            if self._columns.has_money(line.split(self._layout.separator)):
                raise ValueError(
                    Phrase("a text in quotes that does not end before the next payment")
                )

    def _reject_rounded(self) -> None:
        remarks = ids.rounded(self._entries, self._layout)
        lines = {remark.line for remark in remarks}
        self._entries = [entry for entry in self._entries if entry.line not in lines]
        self._remarks += remarks
        self._rejected += len(lines)

    def _reject_cut(self) -> None:
        """Reject the last payment of a file without totals when it may have lost its end."""
        if self._has_end or self._total or self._shape is None:
            return
        others = self._shapes - Counter([self._shape])
        if len(others) == 1 and self._shape not in others and sum(others.values()) > 1:
            last = self._entries.pop()
            self._remarks.append(Remark("rejected", last.line, CUT, last))
            self._rejected += 1

    def _check_total(self) -> None:
        if not self._layout.total:
            return
        if self._total is None:
            raise RegisterError(
                at_line(
                    self._last,
                    Phrase("the file ends without a line {total!r}", total=self._layout.total),
                )
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
            shown = Phrase(
                "; its line {head} is {head2!r}",
                head=self._head[-1][0],
                head2=self._shown(self._head[-1])[:200],
            )
        raise RegisterError(PROOF + (shown if self._head else ""))

    def _shown(self, row: Row) -> str:
        return self._layout.separator.join(row[1])[:SHOWN]


def _width(fields: list[str]) -> int:
    """How many columns a row has, without empty ones at its end."""
    return max((place for place, text in enumerate(fields, start=1) if text), default=0)


def _shape(text: str) -> tuple[int, ...]:
    """How many digits stand in each part behind the first: what a sum or a date looks like."""
    return tuple(map(len, re.split("[^0-9]+", text)[1:]))
