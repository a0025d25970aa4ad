"""Telling the accounting program what was paid, and what was cancelled: a line each, oldest first.

Each line has an `id` of its own (`marks`); the program says by it what it knows.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from callback.phrase import Phrase
from callback.tools.books import marks, statement_1c
from callback.tools.printable import disarmed, json_safe, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callback.database import Database, Row
    from callback.layouts import StatementLayout

COLUMNS = (
    *("id", "kind", "bank", "txn_id", "number", "sum", "currency", "paid_at", "recorded_at"),
    "account",
)


class NoSuchLineError(Exception):
    """Nobody was ever told of this line."""


class Export(NamedTuple):
    """What was written: the lines from behind `after` up to `last`."""

    after: int
    last: int
    lines: int
    paid: Decimal
    cancelled: Decimal


def lines(database: Database, after: int) -> Iterator[dict[str, str]]:
    """Yield what the program does not know, as text; what is new gets its line first."""
    with database.transaction() as books:
        last = marks.add_lines(books)
    for row in database.stream("export_lines", after=after, last=last, rows=marks.NO_LAST):
        yield _line(row)


def page(database: Database, after: int, rows: int, wait_s: int) -> list[dict[str, str]]:
    """The first so many of these; NoSuchLineError where nobody was ever told of line `after`."""
    with database.transaction(wait_s) as books:
        last = marks.add_lines(books)
    if after > last:
        raise NoSuchLineError(
            Phrase(
                "there is no line {after}, the last one is {last}: has the database been restored, "
                "or is it another?",
                after=after,
                last=last,
            )
        )
    found = database.stream("export_lines", after=after, last=last, rows=rows)
    return [_line(row) for row in islice(found, rows)]


def write(
    lines: Iterable[dict[str, str]], form: str, layout: StatementLayout, out: BinaryIO, after: int
) -> Export:
    """Write lines in a form; ValueError when the form cannot hold one."""
    totals = Totals(after)
    FORMS[form](totals.counted(lines), layout, out)
    return totals.export


class Totals:
    """Counts lines as they pass."""

    def __init__(self, after: int) -> None:
        self.export = Export(after, after, 0, Decimal(0), Decimal(0))

    def counted(self, lines: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
        """Yield the lines as they are."""
        for line in lines:
            kind, amount = line["kind"], Decimal(line["sum"])
            export = self.export
            self.export = export._replace(
                last=int(line["id"]),
                lines=export.lines + 1,
                paid=export.paid + amount * (kind == "paid"),
                cancelled=export.cancelled + amount * (kind == "cancelled"),
            )
            yield line


def mark(database: Database, export: Export, *, settle: bool) -> int:
    """Mark exactly the lines that were written as known, and return how many that were."""
    return mark_lines(database, export.after, export.last, settle=settle)


def mark_lines(database: Database, after: int, last: int, *, settle: bool) -> int:
    """Mark the lines behind `after` up to `last`; what was written and is known since is not."""
    with database.transaction() as books:
        return marks.mark(books, after, last, settle=settle)


def mark_until(database: Database, until: int, *, settle: bool, wait_s: int) -> int:
    """Mark the lines up to this one as known, and return how many were not; NoSuchLineError."""
    with database.transaction(wait_s) as books:
        last = books.run("export_last_line").rows[0]["id"]
        if until > last:
            raise NoSuchLineError(
                Phrase("there is no line {until}, the last one is {last}", until=until, last=last)
            )
        return marks.mark(books, 0, until, settle=settle)


def _line(row: Row) -> dict[str, str]:
    recorded_at = row["performed_at"] if row["kind"] == "paid" else row["cancelled_at"]
    values = {
        **row,
        "sum": f"{row['amount']:.2f}",
        "paid_at": row["paid_at"].isoformat(" ", "seconds"),
        "recorded_at": recorded_at.isoformat(" ", "seconds") if recorded_at else "",
    }
    return {name: "" if values[name] is None else str(values[name]) for name in COLUMNS}


def _write_csv(lines: Iterable[dict[str, str]], layout: StatementLayout, out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, "utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for line in lines:
            values = {**line, "sum": line["sum"].replace(".", layout.decimal)}
            writer.writerow(disarmed(printable(value)) for value in values.values())
    finally:
        text.detach()  # it would close what is not its own


def _write_json(lines: Iterable[dict[str, str]], layout: StatementLayout, out: BinaryIO) -> None:  # noqa: ARG001
    for line in lines:
        values: dict[str, Any] = {**line, "id": int(line["id"])}
        out.write(json_safe(json.dumps(values, ensure_ascii=False)).encode() + b"\n")


FORMS: dict[str, Callable[[Iterable[dict[str, str]], StatementLayout, BinaryIO], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "1c": statement_1c.write,
}
