"""What the commands do: read, write, show, and say with the exit status how it went."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

import callback
from callback.books import bills, qr, register, report
from callback.books.reconcile import Reconciliation
from callback.books.register import RegisterError
from callback.database.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime
    from pathlib import Path

    from callback.books.bills import Bill, Written
    from callback.database import Database
    from callback.settings import Bank

AGREED, DIFFERENT, REFUSED, NO_DATABASE = range(4)


class Options(NamedTuple):
    """What flask reconcile was asked for."""

    book: bool = False
    since: datetime | None = None
    until: datetime | None = None
    as_json: bool = False

    @property
    def first(self) -> date | None:
        """The first day of ours to compare; None: the register's."""
        return self.since and self.since.date()

    @property
    def last(self) -> date | None:
        """The last day of ours to compare; None: the register's."""
        return self.until and self.until.date()


def write_bills(database: Database, bank: Bank, output: Path | None) -> None:
    """Write the list of bills, and say on stderr where and how much."""
    try:
        if str(output) == "-":
            made = bills.write(bank, _bills(database, bank), sys.stdout.buffer, _warn)
        else:
            output = output or bills.new_name(bank, callback.ROOT)
            made = write_list(database, bank, output)
    except (DatabaseError, OSError) as error:
        _stop(error)
    if str(output) != "-":
        click.echo(output)
    _warn(_counted(made, bank))


def write_list(database: Database, bank: Bank, path: Path) -> Written:
    """Write the list of bills to a file; DatabaseError, OSError."""
    with bills.new_file(path) as file:
        return bills.write(bank, _bills(database, bank), file, _warn)


def draw_codes(database: Database, bank: Bank, folder: Path) -> None:
    """Draw the payment code of every bill."""
    if bank.bills.qr is None:
        raise click.UsageError(f"[BANKS.{bank.name}] has no table qr in bills")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        drawn = [qr.save(bill, bank.bills, folder) for bill in _bills(database, bank)]
    except (DatabaseError, OSError, qr.QRError) as error:
        _stop(error)
    _warn(f"{len(drawn)} codes in {folder}")


def reconcile(database: Database, bank: Bank, file: Path, options: Options) -> int:
    """Compare, book, show; return the exit status."""
    try:
        read = register.read(bank, file)
        comparison = Reconciliation(database, bank, read, options.first, options.last)
        made = comparison.compare()
        if options.book:
            made = comparison.book(lambda missing: _bar(missing, "booking"))
    except RegisterError as error:
        _warn(f"{file}: refused: {error}")
        return REFUSED
    except DatabaseError as error:
        _warn(f"The database does not answer: {error}")
        return NO_DATABASE
    for line in report.json_lines(made) if options.as_json else report.lines(made):
        click.echo(line)
    if made.rejected:
        return REFUSED
    return DIFFERENT if made.differs else AGREED


def _bills(database: Database, bank: Bank) -> Iterator[Bill]:
    length = bills.count(database, bank) if sys.stderr.isatty() else None
    yield from _bar(bills.read(database, bank), "bills", length)


def _bar(items: Iterable[Any], label: str, length: int | None = None) -> Iterator[Any]:
    """Show on a terminal how far it is."""
    hidden = not sys.stderr.isatty()
    bar = click.progressbar(items, length, label, file=sys.stderr, hidden=hidden)
    with bar as shown:
        yield from shown


def _counted(made: Written, bank: Bank) -> str:
    return f"{made.rows} bills, {made.total:.2f} {bank.currency}"


def _warn(text: str) -> None:
    click.echo(text, err=True)


def _stop(error: Exception) -> Any:
    _warn(
        f"The database does not answer: {error}" if isinstance(error, DatabaseError) else f"{error}"
    )
    raise SystemExit(1)
