"""Reading the accounting program's list of customers and debts: every row exactly, or nothing.

How the file looks, `ListLayout` says (`[IMPORT]` of the settings). It is read row by row, so a list
of any length takes the same memory; an .xlsx is told by its content.
"""

from __future__ import annotations

import csv
import json
import re
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from callback.phrase import Phrase
from callback.tools.books import reading, spreadsheet, sums
from callback.tools.books.bill import BLANKS
from callback.tools.books.entry import RegisterError, at_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from callback.layouts import ListLayout
    from callback.tools.books.entry import Row

ZIP = b"PK\x03\x04"  # how every .xlsx begins
OTHER_SORTS = {
    b"\xff\xfe": Phrase("this is Excel's Unicode text (UTF-16): save it as CSV UTF-8"),
    b"\xfe\xff": Phrase("this is Unicode text (UTF-16): save it as CSV UTF-8"),
    b"\xd0\xcf\x11\xe0": Phrase("this is an old Excel file (.xls): save it as .xlsx or CSV UTF-8"),
    b"%PDF": Phrase("this is a PDF: save the list as .xlsx or CSV UTF-8"),
}
# 7,01E+09: what Excel makes of a long number in a column that is not text.
# 7012340001.0: what a program makes of one that Excel has kept as a number.
ROUNDED = re.compile(r"[0-9]([.,][0-9]*)?[Ee][+]?[0-9]{1,3}|[0-9]{5,}[.,]0+")
SEPARATORS = ";\t,|"
LONGEST = 255  # what the columns name and address hold
NOTHING = Decimal("0.00")
A_CUSTOMER = Phrase("not the number of a customer")
AN_INVOICE = Phrase("not the number of an invoice")


class Item(NamedTuple):
    """A row: a customer with the debt as a whole, or with one invoice (empty: none)."""

    line: int
    number: str
    name: str
    address: str
    invoice: str
    amount: str  # two decimals
    issued_on: str  # ISO; empty for a debt as a whole


class Fault(NamedTuple):
    """What is wrong with the file, and in which line; 0: with all of it."""

    line: int
    text: str

    def __str__(self) -> str:
        return at_line(self.line, self.text) if self.line else self.text


class Reader:
    """Reads one list; when its rows are through, `faults` and `known_until` are complete."""

    def __init__(self, layout: ListLayout, path: Path) -> None:
        self.faults: list[Fault] = []
        self.known_until: int | None = None
        self._layout = layout
        self._path = path
        self._rows = 0
        self._sum = NOTHING
        self._totals: Row | None = None

    def items(self) -> Iterator[Item]:
        """Yield the rows that can be read; RegisterError when the file cannot be read at all."""
        rows = self._without_head(_rows(self._path, self._layout))
        for line, fields in rows:
            if self._totals:
                self._fault(
                    line,
                    Phrase("something follows the totals line {total!r}", total=self._layout.total),
                )
            elif self._is_total(fields):
                self._totals = line, fields
            else:
                yield from self._item(line, fields)
        self._control()

    def _without_head(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Take off the lines before the rows, and among them known_until."""
        skip = self._layout.skip
        word = re.compile(rf"{re.escape(self._layout.known_until)}\W*([0-9]{{1,18}})\W*", re.I)
        for line, fields in rows:
            known = word.fullmatch(" ".join(fields)) if self.known_until is None else None
            if known and not self._rows:
                self.known_until = int(known[1])
            elif skip:
                skip -= 1
                self._refuse_row(line, fields)
            else:
                self._rows += 1
                yield line, fields

    def _refuse_row(self, line: int, fields: list[str]) -> None:
        """Say that a line before the rows is one: its customer would be closed."""
        with suppress(ValueError):
            number = _item(line, fields, self._layout).number
            self._fault(
                line,
                Phrase(
                    "{number} stands where the head of the table is expected: write a head, or "
                    "skip = "
                    "0 in [IMPORT]",
                    number=number,
                ),
            )

    def _is_total(self, fields: list[str]) -> bool:
        mark = self._layout.total
        return bool(mark) and self._layout.separator.join(fields).startswith(mark)

    def _item(self, line: int, fields: list[str]) -> Iterator[Item]:
        try:
            item = _item(line, fields, self._layout)
        except ValueError as error:
            self._fault(line, str(error))
        else:
            self._sum += Decimal(item.amount)
            yield item

    def _control(self) -> None:
        """Compare with the totals line, where there is to be one."""
        if not self._layout.total:
            return
        if self._totals is None:
            self._fault(
                0,
                Phrase(
                    "the file ends without a line {total!r}: it is cut off",
                    total=self._layout.total,
                ),
            )
            return
        line, fields = self._totals
        try:
            self._compare(line, fields)
        except ValueError as error:
            self._fault(line, Phrase("the totals line: {error}", error=error))

    def _compare(self, line: int, fields: list[str]) -> None:
        layout, rows = self._layout, self._rows - 1
        if layout.total_count and _field(fields, layout.total_count) != str(rows):
            count = _field(fields, layout.total_count)
            self._fault(
                line,
                Phrase("{count} rows by the totals line, {rows} there", count=count, rows=rows),
            )
        if layout.total_sum:
            total = _amount(_field(fields, layout.total_sum), layout)
            if total != self._sum and not self.faults:
                self._fault(
                    line,
                    Phrase(
                        "{total:.2f} by the totals line, {sum:.2f} there",
                        total=total,
                        sum=self._sum,
                    ),
                )

    def _fault(self, line: int, text: str) -> None:
        self.faults.append(Fault(line, text))


# --- Rows ---


def _rows(path: Path, layout: ListLayout) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start == ZIP:
            yield from _sheet_rows(reading.content(path), layout)
            return
        _check_sort(start)
        yield from _text_rows(path, layout, _encoding(path, layout))
    except OSError as error:
        raise RegisterError(
            Phrase("cannot be read: {strerror}", strerror=error.strerror)
        ) from error


def _check_sort(start: bytes) -> None:
    for mark, advice in OTHER_SORTS.items():
        if start.startswith(mark):
            raise RegisterError(advice)


def _sheet_rows(raw: bytes, layout: ListLayout) -> Iterator[Row]:
    """The rows of the only sheet that has any, or of the one that the settings name."""
    with spreadsheet.opened(raw, layout) as sheets:
        filled = ""
        for title, rows in sheets:
            for row in rows:
                if filled not in ("", title):
                    raise RegisterError(
                        Phrase(
                            "rows in two sheets, {filled!r} and {title!r}: write sheet = "
                            "{filled!r} in [IMPORT]",
                            filled=filled,
                            title=title,
                        )
                    )
                filled = title
                yield _wide(row, layout)


def _wide(row: Row, layout: ListLayout) -> Row:
    """Excel keeps no empty cells behind the last that is not."""
    line, fields = row
    return line, [*fields, *[""] * (_width(layout) - len(fields))]


def _text_rows(path: Path, layout: ListLayout, encoding: str) -> Iterator[Row]:
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(
            file,
            delimiter=layout.separator,
            quotechar=layout.quote or None,
            quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
            strict=True,
        )
        first = 1
        try:
            for fields in reader:
                if any(field.strip() for field in fields):
                    yield first, [field.strip() for field in fields]
                first = reader.line_num + 1
        except csv.Error as error:
            raise RegisterError(
                at_line(
                    first,
                    Phrase(
                        "{error}: is a quotation mark not closed, or the file cut off?", error=error
                    ),
                )
            ) from error


def _encoding(path: Path, layout: ListLayout) -> str:
    """Find out that all of the file is in the encoding, and that its last line is whole."""
    names = ("utf-8", "windows-1251") if layout.encoding == "auto" else (layout.encoding,)
    strange: dict[str, int] = {}  # the first line that is not in the encoding
    plain, last = True, b""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            last = line
            if line.isascii():
                continue
            plain = False
            for name in ("utf-8", *names):
                if name not in strange and not _fits(line, name):
                    strange[name] = number
    if not layout.total and not last.endswith((b"\n", b"\r")):
        raise RegisterError(
            Phrase(
                "the last line does not end: the file is cut off. Write it anew (a file that was "
                "typed by hand wants a line end behind its last row)"
            )
        )
    return _chosen(names, strange, plain=plain)


def _fits(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _chosen(names: tuple[str, ...], strange: dict[str, int], *, plain: bool) -> str:
    for name in names:
        # Text of other encodings is hardly ever UTF-8 by chance; the reverse is usual.
        if name not in strange and (plain or name == "utf-8" or "utf-8" in strange):
            return "utf-8-sig" if name == "utf-8" else name
    if "utf-8" not in strange:
        raise RegisterError(
            Phrase('this is UTF-8, not {name}: write encoding = "utf-8" in [IMPORT]', name=names[0])
        )
    raise RegisterError(
        at_line(
            strange[names[0]],
            Phrase(
                'not {names}: save the list so, or write encoding = "windows-1251" (what a '
                "Russian Windows calls ANSI) in [IMPORT]",
                names=names[0],
            ),
        )
    )


# --- Fields ---


def _item(line: int, fields: list[str], layout: ListLayout) -> Item:
    _check_width(fields, layout)
    number = _number(_field(fields, layout.number), layout, A_CUSTOMER)
    name, address = (_text(fields, column) for column in (layout.name, layout.address))
    if layout.is_whole:
        debt = _amount(_field(fields, layout.debt), layout)
        return Item(line, number, name, address, number, f"{debt:.2f}", "")
    invoice = _field(fields, layout.invoice)
    if not invoice and not _field(fields, layout.amount):
        return Item(line, number, name, address, "", "0.00", "")
    amount = _amount(_field(fields, layout.amount), layout)
    _number(invoice, layout, AN_INVOICE)
    day = reading.moment(_field(fields, layout.issued_on), layout.date_form)
    return Item(line, number, name, address, invoice, f"{amount:.2f}", f"{day:%Y-%m-%d}")


def _check_width(fields: list[str], layout: ListLayout) -> None:
    """Refuse more columns than there are: a separator in an address moves what follows."""
    width = _width(layout)
    if len(fields) == width + 1 and not layout.quote and any(fields[width:]):
        raise ValueError(
            Phrase(
                "{fields} columns, not {width}: is a separator in a name?",
                fields=len(fields),
                width=width,
            )
        )


def _width(layout: ListLayout) -> int:
    return max(
        *(layout.number, layout.name, layout.address, layout.debt * layout.is_whole),
        *(layout.invoice, layout.issued_on, layout.amount),
    )


def _number(text: str, layout: ListLayout, whose: str) -> str:
    if ROUNDED.fullmatch(text):
        raise ValueError(
            Phrase(
                "{text} is what Excel makes of a long number: format the column as text, enter the "
                "numbers anew and save",
                text=text,
            )
        )
    if not layout.pattern.fullmatch(text):
        hint = _hint(text, layout)
        raise ValueError(Phrase("{whose}: {text!r}{hint}", whose=whose, text=text, hint=hint))
    return text


def _hint(text: str, layout: ListLayout) -> str:
    """What may be wrong with a text that is no number: it is a total, or a whole row."""
    if text.isalpha():
        return Phrase("; is it a total? Write total = … in [IMPORT]")
    for mark in SEPARATORS.replace(layout.separator, ""):
        if text.count(mark) > 1:
            return Phrase(
                "; is it a whole row? Write separator = {mark} in [IMPORT]", mark=json.dumps(mark)
            )
    return ""


def _text(fields: list[str], column: int) -> str:
    """A name or an address; columns that the program does not have are empty."""
    text = BLANKS.sub(" ", _field(fields, column)) if column else ""
    if len(text) > LONGEST:
        raise ValueError(
            Phrase("longer than {most} characters: {text!r}…", most=LONGEST, text=text[:40])
        )
    if "\0" in text or "\ufffd" in text:
        raise ValueError(
            Phrase("letters were lost when the list was saved: {text!r}", text=text[:40])
        )
    return text


def _amount(text: str, layout: ListLayout) -> Decimal:
    """A debt; one below zero is money that the customer has with us."""
    if not text:
        raise ValueError(Phrase("no sum: write 0 where nothing is owed"))
    return sums.signed(text, layout) or NOTHING  # -0.00 is nothing, too


def _field(fields: list[str], column: int) -> str:
    if column > len(fields) == 1:
        raise ValueError(
            Phrase("one column only: does separator in [IMPORT] name what is between them?")
        )
    if column > len(fields):
        raise ValueError(
            Phrase("too few columns: {fields}; is the file cut off?", fields=len(fields))
        )
    return fields[column - 1]
