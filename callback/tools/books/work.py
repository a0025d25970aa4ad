"""What the commands do: read, write, show, and say with the exit status how it went."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import click

from callback.database.errors import DatabaseError
from callback.paths import ROOT
from callback.signature import newest_token
from callback.tools.books import bills, console, delivery, hints, page, pull, qr, register, table
from callback.tools.books import report as reports
from callback.tools.books.entry import RegisterError
from callback.tools.books.phrases import Phrases
from callback.tools.books.reconcile import Reconciliation
from callback.tools.digest import sha256
from callback.tools.output import new_file
from callback.tools.printable import file_name, printable
from callback.tools.words import _
from callback.tools.words import say as say_it

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from callback.bank import Bank, Settings
    from callback.database import Database
    from callback.tools.books.bill import Bill
    from callback.tools.books.bills import Written
    from callback.tools.books.reconcile import Report

AGREED, DIFFERENT, REFUSED, UNFINISHED = range(4)
SHOWN = 10  # numbers that are named of many


class Options(NamedTuple):
    """What flask reconcile was asked for."""

    book: bool = False
    force: bool = False
    since: datetime | None = None
    until: datetime | None = None
    as_json: bool = False
    output: tuple[Path, ...] = ()
    mail: tuple[str, ...] = ()

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
            content = bills.write(bank, _bills(database, bank), sys.stdout.buffer, console.warn)
        else:
            output = output or bills.new_name(bank, ROOT)
            content = write_list(database, bank, output)
            click.echo(file_name(output))
    except (DatabaseError, OSError) as error:
        _stop(error)
    console.warn(_counted(content, bank))


def write_list(database: Database, bank: Bank, path: Path) -> Written:
    """Write the list of bills to a file; DatabaseError, OSError."""
    with new_file(path) as file:
        return bills.write(bank, _bills(database, bank), file, console.warn)


def draw_codes(database: Database, bank: Bank, folder: Path) -> None:
    """Draw the payment code of every bill."""
    if bank.bills.qr is None:
        raise click.UsageError(_("[BANKS.{bank}] has no table qr in bills").format(bank=bank.name))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pictures = [qr.save(bill, bank.bills, folder) for bill in _bills(database, bank)]
    except (DatabaseError, OSError, qr.QRError) as error:
        _stop(error)
    console.warn(_("{n} codes in {folder}").format(n=len(pictures), folder=file_name(folder)))


def send_bills(database: Database, bank: Bank, settings: Settings, *, again: bool) -> None:
    """Write a list if there is something new, and deliver all that wait."""
    if bank.send is None:
        raise click.UsageError(
            _("[BANKS.{bank}] has no send: where are lists to go?").format(bank=bank.name)
        )
    try:
        with delivery.exclusively(bills.folder(bank, ROOT)):
            files = _to_send(database, bank, again=again)
            for file in files:
                delivery.deliver(bank, file)
                click.echo(f"{file_name(file)} -> {_where(bank, settings, file)}")
    except (DatabaseError, OSError, delivery.DeliveryError) as error:
        _stop(error)


def reconcile(database: Database, bank: Bank, files: Sequence[Path], options: Options) -> int:
    """Compare, book, show, write, mail; return the exit status."""
    _check_options(bank, options)
    try:
        report = _compared(database, bank, files, options)
        _hand_out(bank, report, files, options)
    except RegisterError as error:
        file = error.file or files[-1]
        console.warn(_refusal(bank, file, error))
        return _mailed_refusal(bank, file, options, error)
    except (DatabaseError, OSError, delivery.DeliveryError) as error:
        console.warn(console.explained(error))
        return UNFINISHED
    if report.rejected:
        return REFUSED
    return DIFFERENT if report.differs else AGREED


def _check_options(bank: Bank, options: Options) -> None:
    """Refuse what was asked for in vain; UsageError."""
    if options.mail and bank.smtp is None:
        raise click.UsageError(
            _("[BANKS.{bank}] has no smtp to send mail by").format(bank=bank.name)
        )
    if options.since and options.until and options.since > options.until:
        raise click.UsageError(_("--from is after --to"))
    if options.force and not options.book:
        raise click.UsageError(_("--force goes with --book"))


def _compared(database: Database, bank: Bank, files: Sequence[Path], options: Options) -> Report:
    content = register.read(bank, *files)
    comparison = Reconciliation(database, bank, content, options.first, options.last)
    report = comparison.compare()
    if options.book:
        report = comparison.book(
            lambda missing: console.bar(missing, "booking"), force=options.force
        )
    return report


def _hand_out(bank: Bank, report: Report, files: Sequence[Path], options: Options) -> None:
    """Show the report, write it, mail it; DeliveryError, OSError."""
    say = Phrases(bank)
    _show(report, options, say)
    attachments = _files(bank, report, files)
    for path in options.output:
        with new_file(path) as out:
            out.write(attachments[path.suffix.lower()].content)
    advice = reports.advice(report, say)
    text = "\n".join(filter(None, [*reports.lines(report, say), say(report.note), *advice]))
    _mail(bank, options, reports.subject(report, say), text, attachments)


def _show(report: Report, options: Options, say: Phrases) -> None:
    for line in reports.json_lines(report) if options.as_json else reports.lines(report, say):
        click.echo(line)
    if report.note:
        console.warn(say(report.note))
    for line in () if options.as_json else reports.advice(report, say):
        console.warn(line)


def _files(bank: Bank, report: Report, files: Sequence[Path]) -> dict[str, delivery.Attachment]:
    """The report as the files that it may be written to or mailed as."""
    say = Phrases(bank)
    names = ", ".join(file_name(file.name) for file in files)
    html = page.write(report, say, names, bank.currency, bills.today(bank))
    name = f"{bank.name}_{report.first:%Y%m%d}"
    return {
        ".html": delivery.Attachment(f"{name}.html", html, "text/html"),
        ".csv": delivery.Attachment(f"{name}.csv", table.write(report, say), "text/csv"),
    }


def _mail(
    bank: Bank,
    options: Options,
    subject: str,
    text: str,
    files: Mapping[str, delivery.Attachment],
) -> None:
    for to in options.mail:
        delivery.mail(bank, to, subject, text, *files.values())


def _refusal(bank: Bank, file: Path, why: RegisterError) -> str:
    """Which file was refused, and what to do: a setting of the bank's perhaps."""
    place = hints.setting(str(why), bank.name)
    setting = _(" (the setting: {place})").format(place=say_it(place)) if place else ""
    return _("{file}: refused: {why}{setting}").format(
        file=file_name(file), why=say_it(why), setting=setting
    )


def _mailed_refusal(bank: Bank, file: Path, options: Options, why: RegisterError) -> int:
    """A bank may want to hear within hours, so whoever reads the reports is told, too."""
    name = file_name(file.name)
    try:
        subject = _("{bank}: {file}: refused").format(bank=bank.name, file=name)
        _mail(bank, options, subject, f"{name}: {printable(say_it(why))}", {})
    except delivery.DeliveryError as error:
        console.warn(str(error))
    return REFUSED


def _to_send(database: Database, bank: Bank, *, again: bool) -> list[Path]:
    files = bills.lists(bank, ROOT)
    waiting = delivery.waiting(files)
    if again and files:
        return [*waiting, *files[-1:]] if files[-1] not in waiting else waiting
    midnight = bills.today(bank).replace(hour=0, minute=0, second=0, microsecond=0)
    if any(_written(bank, file) >= midnight for file in waiting):
        return waiting
    last = files[-1] if files else None
    new = bills.new_name(bank, ROOT)
    content = write_list(database, bank, new)
    if last and last != new and sha256(last) == sha256(new):
        new.unlink()
    else:
        console.warn(_counted(content, bank))
    waiting = delivery.waiting(bills.lists(bank, ROOT))
    if last and not waiting:
        console.warn(
            _("nothing new since {file}, sent {when}").format(
                file=last.name, when=delivery.sent_on(last)
            )
        )
    return waiting


def _written(bank: Bank, file: Path) -> datetime:
    utc = datetime.fromtimestamp(file.stat().st_mtime, timezone.utc).replace(tzinfo=None)
    return bank.local(utc)


def _where(bank: Bank, settings: Settings, file: Path) -> str:
    if bank.send is None or bank.send.scheme != "held":
        return repr(bank.send)
    token = newest_token(bank, settings.secret_keys)
    held = pull.signed(bank, settings.secret_keys, file)
    return "/".join(filter(None, [f"{settings.public_url}/{bank.name}", token, held]))


def _bills(database: Database, bank: Bank) -> Iterator[Bill]:
    length = bills.count(database, bank) if sys.stderr.isatty() else None
    refused = []
    for bill in console.bar(bills.read(database, bank), "bills", length):
        if not bank.takes(bill.number):
            refused.append(bill.number)
        yield bill
    if refused:
        shown = ", ".join(refused[:SHOWN]) + ", …" * (len(refused) > SHOWN)
        console.warn(
            _(
                "{n} numbers that account_pattern of [BANKS.{bank}] refuses, so their customers "
                "cannot pay there: {shown}"
            ).format(n=len(refused), bank=bank.name, shown=shown)
        )


def _counted(content: Written, bank: Bank) -> str:
    return _("{n} bills, {total:.2f} {currency}").format(
        n=content.rows, total=content.total, currency=bank.currency
    )


def _stop(error: Exception) -> NoReturn:
    console.warn(console.explained(error))
    raise SystemExit(1)
