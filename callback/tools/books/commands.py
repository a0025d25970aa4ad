"""The commands for the books: flask bills, flask send-bills, flask reconcile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callback.tools.words import _

if TYPE_CHECKING:
    from flask import Flask

    from callback.bank import Bank, Settings
    from callback.database import Database

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


class Report(click.Path):
    """A file for a report, its form told by its name."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        path: Any = super().convert(value, param, ctx)
        if path.suffix.lower() not in (".csv", ".html"):
            self.fail(_("expected a name that ends in .csv or .html"), param, ctx)
        return path


def install(app: Flask, settings: Settings, database: Database, bank_name: Any) -> None:
    """Give Flask's command line our commands; `bank_name` is the type of an argument."""

    @app.cli.command("bills")
    @click.argument("bank", type=bank_name)
    @click.option("-o", "--output", type=FILE, help="Write here; - is the standard output.")
    @click.option("--qr", type=FOLDER, help="Instead of a list draw each bill's code, a PNG here.")
    def bills(bank: Bank, output: Path | None, qr: Path | None) -> None:
        """Write the list of bills for BANK: whom it may take money for, and what is owed.

        A row a customer or an unpaid invoice, by the bank's setting "payer"; closed and blocked
        accounts are left out. The file looks as the bank's table "bills" says, and without -o
        its name, too. Nothing is sent: see flask send-bills.

        With --qr the payment codes of GOST R 56042 are drawn, to be printed on paper bills.
        """
        from callback.tools.books import work

        if qr:
            work.draw_codes(database, bank, qr)
        else:
            work.write_bills(database, bank, output)

    @app.cli.command("send-bills")
    @click.argument("bank", type=bank_name)
    @click.option("--again", is_flag=True, help="Send the newest list once more.")
    def send_bills(bank: Bank, again: bool) -> None:
        """Deliver the list of bills to BANK, as its setting "send" says. Meant for cron.

        Lists that wait are delivered, oldest first; without one of today a new one is written,
        unless it would say the same as the last. What was delivered has a sibling NAME.sent and
        is not sent again. What could not be delivered waits for the next run.

        Exit status 1 when something was not delivered.
        """
        from callback.tools.books import work

        work.send_bills(database, bank, settings, again=again)

    @app.cli.command("reconcile")
    @click.argument("bank", type=bank_name)
    @click.argument(
        "paths", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE..."
    )
    @click.option("--book", is_flag=True, help="Record the payments that are missing here.")
    @click.option("--force", is_flag=True, help="Record also what looks wrong; see above.")
    @click.option(
        "--from", "since", type=DAY, help="Our payments from this day on, not the file's."
    )
    @click.option("--to", "until", type=DAY, help="Our payments up to this day, it included.")
    @click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
    @click.option("-o", "--output", type=Report(), multiple=True, help="Also a .csv or .html file.")
    @click.option("--mail", multiple=True, metavar="ADDRESS", help="Also mail the report there.")
    def reconcile(bank: Bank, paths: tuple[Path, ...], **options: Any) -> None:
        """Compare the register FILE that BANK has sent with the payments recorded here.

        Several files, as of one day, are compared as one register. Every difference is named, a
        line each; counts and sums of both sides stand last. Days are those of the bank's dates, in
        the bank's zone. The file looks as the bank's table "register" says; a file that is cut off
        or altered, or that does not prove to be a register, is refused as a whole.

        With --book payments that only the register has are recorded, each exactly once, however
        often the file is played. Nothing of ours is ever changed or deleted. Not recorded without
        --force: a sum over the bank's max_sum; anything of a register none of whose payments is
        known here while about as many of ours are not in it, as when it is another bank's.

        Exit status 0: both sides agree. 1: differences, after --book those that remain.
        2: the file is refused or not there, or a row of it cannot be read.
        3: the database did not answer, or the report could not be written or mailed.
        """
        registers = {path.resolve() for path in paths}
        for report in options["output"]:
            if report.resolve() in registers:
                raise click.UsageError(
                    _("{file}: is the register itself; name another file").format(file=report)
                )
        from callback.tools.books import work

        raise SystemExit(work.reconcile(database, bank, paths, work.Options(**options)))
