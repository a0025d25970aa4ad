"""What the commands do: read, write, show, and say with the exit status how it went."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

import click

import callback
from callback.books import bills, delivery, pull, qr, register, report
from callback.books.reconcile import Reconciliation
from callback.books.register import RegisterError
from callback.database.errors import DatabaseError
from callback.signature import url_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from callback.books.bills import Bill, Written
    from callback.database import Database
    from callback.settings import Bank, Settings

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


def send_bills(database: Database, bank: Bank, settings: Settings, *, again: bool) -> None:
    """Write a list if there is something new, and deliver all that wait."""
    if bank.send is None:
        raise click.UsageError(f"[BANKS.{bank.name}] has no send: where are lists to go?")
    try:
        with delivery.alone(bills.folder(bank, callback.ROOT)):
            files = _to_send(database, bank, again=again)
            for file in files:
                delivery.deliver(bank, file)
                click.echo(f"{file} -> {_where(bank, settings, file)}")
    except (DatabaseError, OSError, delivery.DeliveryError) as error:
        _stop(error)


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


def _to_send(database: Database, bank: Bank, *, again: bool) -> list[Path]:
    files = bills.lists(bank, callback.ROOT)
    waiting = delivery.waiting(files)
    if again and files:
        return [*waiting, *files[-1:]] if files[-1] not in waiting else waiting
    midnight = bills.today(bank).replace(hour=0, minute=0, second=0, microsecond=0)
    if any(_written(bank, file) >= midnight for file in waiting):
        return waiting
    new = bills.new_name(bank, callback.ROOT)
    made = write_list(database, bank, new)
    if files and files[-1] != new and delivery.sha256(files[-1]) == delivery.sha256(new):
        new.unlink()
        when = delivery.sent_on(files[-1])
        _warn(f"nothing new since {files[-1].name}" + (f", sent {when}" if when else ""))
        return waiting
    _warn(_counted(made, bank))
    return [*waiting, new]


def _written(bank: Bank, file: Path) -> datetime:
    utc = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc).replace(tzinfo=None)
    return bank.local(utc)


def _where(bank: Bank, settings: Settings, file: Path) -> str:
    if bank.send is None or bank.send.scheme != "held":
        return repr(bank.send)
    token = url_tokens(bank.name, settings.secret_keys)[-1].decode() if bank.url_token else ""
    held = pull.signed(bank, settings.secret_keys, file)
    return "/".join(filter(None, [f"{settings.public_url}/{bank.name}", token, held]))


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
