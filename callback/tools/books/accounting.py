"""The commands for the accounting program: flask import, flask export, flask post."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callback.database.errors import BusyError, DatabaseError
from callback.paths import ROOT
from callback.tools.books import console
from callback.tools.output import new_file
from callback.tools.printable import file_name
from callback.tools.words import _, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Flask

    from callback.bank import Settings
    from callback.database import Database
    from callback.tools.books.exporting import Export
    from callback.tools.books.importing import Refused

FAILED, REFUSED, UNFINISHED = 1, 2, 3
NAMED = 20  # faults that are told one by one
LINE = click.IntRange(0, 2**62)
FILE = click.Path(path_type=Path, dir_okay=False)


def install(app: Flask, settings: Settings, database: Database) -> None:
    """Give Flask's command line our commands."""

    @app.cli.command("import")
    @click.argument("file", type=FILE)
    @click.option(
        "--known-until", type=LINE, help="The list knows our payments up to this id of an export."
    )
    @click.option("--force", is_flag=True, help="Take it, though many customers are not in it.")
    @click.option("--dry-run", is_flag=True, help="Only say what would change.")
    @click.option("--json", "as_json", is_flag=True, help="Answer with a JSON object.")
    def take(file: Path, as_json: bool, **options: Any) -> None:
        """Take FILE, the accounting program's list of all customers and what they owe.

        A row a customer: number;name;address;debt. Or a row an invoice, as the table [IMPORT] of
        the settings says. CSV or .xlsx. The list is always the whole one: who is not in it is
        closed (never deleted), what is not in it is not owed any more.

        A file with any fault changes nothing; every fault is named with its line. The same file
        may be taken again at any time.

        Where payments were given to the program by "flask export", the list has to say which of
        them it has subtracted already: in a first line known_until;ID with the last id that the
        program has loaded, or by --known-until ID. Otherwise they are subtracted here once more.

        Exit status 0: taken. 2: refused, nothing has changed. 3: the database did not answer.
        """
        from callback.tools.books import importing

        if settings.imports is None:
            raise click.UsageError(
                _(
                    "customers and debts do not come by files here. If they shall, write a line "
                    "[IMPORT] at the end of {file}: then who is not in a list is closed"
                ).format(file=settings.path)
            )
        asked = importing.Options(**options)
        try:
            counts = importing.run(database, settings.imports, file, asked, console.bar)
        except importing.Refused as refused:
            _say_refusal(refused, file, as_json)
            sys.exit(REFUSED)
        except (DatabaseError, BusyError, OSError) as error:
            console.warn(console.explained(error))
            sys.exit(UNFINISHED)
        _say_changes(counts, as_json, asked)

    @app.cli.command("post")
    @click.option("--dry-run", is_flag=True, help="Do it all, and undo it: does the script work?")
    @click.option(
        "--again", is_flag=True, help="The program may have their rows already; see sql/README.md."
    )
    @click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
    def post(as_json: bool, **options: bool) -> None:
        """Write recorded payments into the accounting program's own tables. Meant for cron.

        For a program whose tables are in the same MySQL. What is written, the site's own
        instance/sql/post_paid.sql says, and post_cancelled.sql for money that went back: as many
        statements as it takes, with the payment's columns as values (:id, :bank, :txn_id,
        :number, :account, :account_id, :invoice_id, :amount, :currency, :paid_at, :now …).

        Each payment is one transaction with its posted_at, oldest first, and is kept only if its
        customer owes afterwards what was owed before. One that fails is named and tried again by
        the next run; only payments of the same customer wait for it.

        Exit status 0: all done. 1: some failed. 2: there is no script, or it cannot be tried.
        3: the database did not answer, or another command has the books; what was done is kept.
        """
        if "post_paid" not in database.statements:
            raise click.UsageError(_("write instance/sql/post_paid.sql first: see sql/README.md"))
        sys.exit(_post(database, options, as_json))

    @app.cli.command("export")
    @click.option("--after", type=LINE, default=0, help="Only what comes after this id.")
    @click.option(
        "--format",
        "form",
        type=click.Choice(["csv", "json", "1c"]),
        default="csv",
        help="For a spreadsheet or a program (csv), a JSON object a line, or a statement for 1C.",
    )
    @click.option("--mark", is_flag=True, help="The program has them then: do not list them again.")
    @click.option("-o", "--output", type=FILE, help="Write here; without it the standard output.")
    @click.option("--send", is_flag=True, help="Deliver a file, as send of [EXPORT] says.")
    def give(after: int, form: str, mark: bool, output: Path | None, send: bool) -> None:
        """Write the payments that the accounting program does not know yet, oldest first.

        Each line has an id, the kind (paid, or cancelled: money that went back), the bank and its
        id of the payment, the number that the payer typed, the sum, the currency, the date by the
        bank and the date of ours (UTC), and the number of the customer.

        A line is written again and again until it is known: by --mark, as soon as the file is
        there, or when a list comes that says known_until ("flask import"). With --mark nobody's
        debt changes: where lists are imported, the debts of the last one go down by what was paid.

        With --send the file goes to a folder, by FTP, SFTP, HTTPS or mail, and is marked when it
        has arrived. What could not be delivered waits for the next run.

        Exit status 0: written. 2: this format cannot hold it. 3: the database did not answer, or
        the file could not be written or delivered.
        """
        from callback.tools.books import exporting

        if send and (output or settings.exports.send is None):
            raise click.UsageError(_("write send = … in [EXPORT], and give no -o"))
        try:
            if send:
                _send(database, settings, after, form, mark)
            else:
                export = _written(database, settings, after, form, output)
                settle = settings.imports is not None
                marked = exporting.mark(database, export, settle=settle) if mark else 0
                _say_export(export, marked, output)
        except ValueError as error:
            console.warn(str(error))
            sys.exit(REFUSED)
        except (DatabaseError, BusyError, OSError) as error:
            console.warn(console.explained(error))
            sys.exit(UNFINISHED)


def _send(database: Database, settings: Settings, after: int, form: str, mark: bool) -> None:
    from callback.tools.books import delivery, dispatch

    order = dispatch.Order(after, form, mark, settings.imports is not None)
    number = 0
    try:
        for file, marked in dispatch.run(database, settings.exports, ROOT, order, _with_bar):
            number += 1
            known = _(", {marked} marked as known").format(marked=marked) if mark else ""
            click.echo(f"{file_name(file)} -> {settings.exports.send!r}{known}")
    except delivery.DeliveryError as error:
        raise OSError(str(error)) from error
    if not number:
        console.warn(_("there is nothing new"))


def _post(database: Database, options: dict[str, bool], as_json: bool) -> int:
    """Post, say what was done, and return the exit status."""
    from callback.tools.books import posting

    asked, report = posting.Options(**options), posting.Report()
    try:
        posting.run(database, asked, console.bar, report)
        status = FAILED if report.failed else 0
    except posting.NoDryRunError as error:
        raise click.UsageError(say(error)) from error
    except (DatabaseError, BusyError) as error:
        console.warn(console.explained(error))
        status = UNFINISHED
    lines = posting.json_lines if as_json else posting.lines
    for line in lines(report, dry_run=asked.dry_run):
        click.echo(line)
    return status


def _written(
    database: Database, settings: Settings, after: int, form: str, output: Path | None
) -> Export:
    from callback.tools.books import exporting

    lines = _with_bar(exporting.lines(database, after))
    if output is None:
        export = exporting.write(lines, form, settings.exports, sys.stdout.buffer, after)
        sys.stdout.buffer.flush()
        return export
    with new_file(output) as file:
        return exporting.write(lines, form, settings.exports, file, after)


def _with_bar(lines: Iterable[dict[str, str]]) -> Iterable[dict[str, str]]:
    return console.bar(lines, "payments")


def _say_export(export: Export, marked: int, output: Path | None) -> None:
    where = _(" in {file}").format(file=file_name(output)) if output else ""
    last = _(", the last id is {id}").format(id=export.last) if export.lines else ""
    known = _(", {marked} marked as known").format(marked=marked) if marked else ""
    console.warn(
        _("{n} lines{where}{last}: {paid:.2f} paid, {cancelled:.2f} cancelled{known}").format(
            n=export.lines,
            where=where,
            last=last,
            paid=export.paid,
            cancelled=export.cancelled,
            known=known,
        )
    )


def _say_refusal(refused: Refused, file: Path, as_json: bool) -> None:
    if as_json:
        faults = [fault._asdict() for fault in refused.faults]
        click.echo(json.dumps({"taken": False, "faults": faults}, ensure_ascii=False))
        return
    for fault in refused.faults[:NAMED]:
        console.warn(f"{file_name(file)}: {say(str(fault))}")
    more = len(refused.faults) - NAMED
    others = _("and {more} more; ").format(more=more) if more > 0 else ""
    console.warn(others + _("refused, nothing has changed"))


def _say_changes(counts: dict[str, int], as_json: bool, asked: Any) -> None:
    if as_json:
        click.echo(json.dumps({"taken": not asked.dry_run, **counts}))
    else:
        for line in _lines(counts):
            click.echo(line)
        if asked.dry_run:
            click.echo(_("nothing was changed (--dry-run)"))
    if counts["not_known"] and not as_json:
        console.warn(
            _(
                "{n} exported payments are not known to this list, and are taken off its debts. "
                "If it knows them, import it again with --known-until ID"
            ).format(n=counts["not_known"])
        )


def _lines(counts: dict[str, int]) -> Iterable[str]:
    yield _(
        "customers: {customers} in the list; {new} new, {changed} changed, {back} back, "
        "{closed} closed"
    ).format(**counts)
    yield _(
        "debts: {invoices_new} new, {invoices_changed} changed, {invoices_cancelled} cancelled"
    ).format(**counts)
    yield _("payments: {posted} known to the list from now on").format(**counts)
