"""Taking the accounting program's list of customers and debts: the whole list, or nothing of it.

The list is compared with our books in a file beside the database (sql/import/), then only what
differs is written, in one transaction: invoices, then accounts, each by its id. So nobody waits who
checks; who pays waits only while the very account, or invoice, is being changed.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from callback.clock import utc_now
from callback.database import Database, load_statements, pieces
from callback.database.mysql import MySQL
from callback.database.sqlite import SQLite
from callback.paths import SQL
from callback.phrase import Phrase
from callback.tools.books import marks
from callback.tools.books.customers import Fault, Reader
from callback.tools.books.entry import AT_LINE, RegisterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callback.database import Row, Transaction
    from callback.layouts import ListLayout

    Progress = Callable[[Iterable[Any], str], Iterable[Any]]

PIECE = 1000  # rows a statement
COUNTED = (
    *("new", "changed", "back", "closed"),
    *("invoices_new", "invoices_changed", "invoices_cancelled"),
)
GONE = 10  # more than a tenth of the customers do not leave in a night


class Refused(Exception):  # noqa: N818 - it is an answer
    """Nothing was changed; `faults` says why, line by line."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class Options(NamedTuple):
    """What flask import was asked for."""

    known_until: int | None = None
    force: bool = False
    dry_run: bool = False
    wait_s: int | None = None  # for our turn; as long as commands do


def run(
    database: Database, layout: ListLayout, path: Path, options: Options, progress: Progress
) -> dict[str, int]:
    """Take a list, and count what it changed; Refused, BusyError, DatabaseError: nothing."""
    with _desk() as desk:
        known_until = _read(desk, layout, path, progress)
        if options.known_until is not None:
            known_until = options.known_until
        with database.transaction(options.wait_s) as books:
            if isinstance(database.engine, MySQL):
                _check_tables(books)
            _copy(books, desk, progress)
            _check(desk, layout, force=options.force)
            _check_known(books, known_until)
            counts = _changes(books, desk, layout, options, progress)
            known = 0 if known_until is None else known_until
            waiting = sum(1 for _ in marks.unknown(books, after=known))
            posted = sum(1 for _ in marks.unknown(books, last=known))
            if not options.dry_run:
                marks.mark(books, 0, known, settle=False)
        listed = desk.run("counts").rows[0]["listed"]
    return {"customers": listed, **counts, "posted": posted, "not_known": waiting}


@contextmanager
def _desk() -> Iterator[Transaction]:
    """A file where both sides lie side by side."""
    with tempfile.TemporaryDirectory(prefix="callback-") as folder:
        engine = SQLite(Path(folder) / "list.sqlite")
        engine.create()
        files = Database(engine, load_statements(SQL / "import"), 1)
        files.script("schema")
        with files.transaction() as desk:
            yield desk


def _read(desk: Transaction, layout: ListLayout, path: Path, progress: Progress) -> int | None:
    """Lay the list on the desk, and say up to which line it knows our exports; Refused."""
    reader = Reader(layout, path)
    try:
        for piece in pieces(progress(reader.items(), "reading"), PIECE):
            desk.run_many("add_item", [item._asdict() for item in piece])
    except RegisterError as error:
        raise Refused([_unreadable(error)]) from error
    if reader.faults:
        raise Refused(reader.faults)
    return reader.known_until


def _unreadable(error: RegisterError) -> Fault:
    """Why the file cannot be read at all; where that was met in one line, its number apart."""
    text = str(error)
    if isinstance(text, Phrase) and text.words == AT_LINE:
        line, why = text.values.values()
        return Fault(int(str(line)), str(why))
    return Fault(0, text)


def _copy(books: Transaction, desk: Transaction, progress: Progress) -> None:
    """Lay our books beside it."""
    for whose in ("accounts", "invoices"):
        rows = progress(books.stream(f"import_our_{whose}"), f"our {whose}")
        for piece in pieces(rows, PIECE):
            desk.run_many(f"add_our_{whose[:-1]}", [_plain(row) for row in piece])


def _plain(row: Row) -> Row:
    """As it stands in the list: every value a text, but for ids."""
    return {
        name: value if name in ("id", "account_id") else str(value) for name, value in row.items()
    }


# --- What a list is refused for ---


def _check(desk: Transaction, layout: ListLayout, *, force: bool) -> None:
    """Refuse what cannot be right, whatever it is; Refused."""
    twice = Phrase("customer {number} is in line {other}, too")
    otherwise = Phrase("customer {number} is in line {other}, too with another name or address")
    faults = [
        *_faults(
            desk,
            "repeated_numbers",
            twice if layout.is_whole else otherwise,
            once=layout.is_whole,
        ),
        *_faults(desk, "repeated_invoices", Phrase("invoice {number} is in line {other}, too")),
        *_faults(
            desk,
            "foreign_invoices",
            Phrase("invoice {number} is that of customer {other} here"),
        ),
    ]
    counts = desk.run("counts").rows[0]
    if layout.is_whole:  # there an invoice has the number of its customer
        faults = list({fault.line: fault for fault in reversed(faults)}.values())[::-1]
    if not counts["listed"]:
        faults.append(Fault(0, Phrase("there is no customer in it")))
    if not force:
        faults += [*_lost_zeros(desk), *_gone(counts)]
    if faults:
        raise Refused(faults)


def _faults(desk: Transaction, statement: str, text: str, **values: Any) -> Iterator[Fault]:
    for row in desk.stream(statement, **values):
        yield Fault(row["line"], Phrase(text, **row))


def _lost_zeros(desk: Transaction) -> Iterator[Fault]:
    rows = desk.run("bare_numbers").rows
    if rows:
        first = rows[0]
        yield Fault(
            first["line"],
            Phrase(
                "{number} is {other} here: {rows} of them are there without their leading zeros. "
                "Format the column as text, or take the list from the program itself, not from "
                "Excel",
                number=first["number"],
                other=first["other"],
                rows=len(rows),
            ),
        )


def _gone(counts: Row) -> Iterator[Fault]:
    if counts["gone"] * GONE > counts["ours"]:
        yield Fault(
            0,
            Phrase(
                "{gone} of our {ours} customers are not in it and would be closed: is it the whole "
                "list? If so, say --force",
                gone=counts["gone"],
                ours=counts["ours"],
            ),
        )


def _check_tables(books: Transaction) -> None:
    """Refuse to write into another program's tables through a view; Refused."""
    for row in books.run("import_views").rows:
        why = Phrase("customers and debts come from there, not by files")
        raise Refused(
            [
                Fault(
                    0,
                    Phrase(
                        "{name} is a view over a program's own tables: {why}",
                        name=row["name"],
                        why=why,
                    ),
                )
            ]
        )


def _check_known(books: Transaction, known_until: int | None) -> None:
    """Refuse a number that is no line of an export, and a list older than the last one; Refused."""
    lines = books.run("export_last_line").rows[0]
    if known_until is None or lines["known"] <= known_until <= lines["id"]:
        return
    if known_until > lines["id"]:
        why = Phrase("no export has such a line, the last one is {id}", id=lines["id"])
    else:
        why = Phrase(
            "the payments up to {known} are known already, so this is an older list",
            known=lines["known"],
        )
    raise Refused(
        [Fault(0, Phrase("known_until {known_until}: {why}", known_until=known_until, why=why))]
    )


# --- What is written ---


def _changes(
    books: Transaction, desk: Transaction, layout: ListLayout, options: Options, progress: Progress
) -> dict[str, int]:
    """Write what differs, and count it.

    Who is new comes first, for the invoices want the ids, and nobody can wait for it; what those
    who pay may wait for comes last.
    """
    writer = Writer(None if options.dry_run else books)
    after = books.run("import_last_account").rows[0]["id"]
    writer.send("import_account", progress(desk.stream("accounts", new=1), "new customers"))
    for piece in pieces(books.stream("import_added_accounts", after=after), PIECE):
        desk.run_many("add_our_account", [_plain(row) for row in piece])
    today = f"{utc_now():%Y-%m-%d}"
    invoices = (
        {**row, "what": f"invoices_{row['what']}", "issued_on": row["issued_on"] or today}
        for row in desk.stream("invoices", whole=layout.is_whole)
    )
    writer.send("import_invoice", progress(invoices, "debts"))
    writer.send("import_account", progress(desk.stream("accounts", new=0), "customers"))
    return {what: writer.counts[what] for what in COUNTED}


class Writer:
    """Sends rows to our books, or with none nowhere, and counts what they are."""

    def __init__(self, books: Transaction | None) -> None:
        self.counts: Counter[str] = Counter()
        self._books = books

    def send(self, statement: str, rows: Iterable[Row]) -> None:
        """Send rows; each has a word for what it is."""
        for piece in pieces(rows, PIECE):
            if self._books:
                self._books.run_many(statement, piece)
            self.counts.update(row["what"] for row in piece)
