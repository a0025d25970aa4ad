"""The command line: init-db, url, payments and doctor; the other commands install themselves."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from callback.bank import Bank
from callback.database.errors import DatabaseError
from callback.settings import EXCHANGE
from callback.signature import exchange_tokens, newest_token, url_tokens
from callback.tools import front, password, release, upgrade
from callback.tools.books import accounting, console
from callback.tools.books import commands as books
from callback.tools.conform import command as conform
from callback.tools.printable import json_safe, printable
from callback.tools.secret import secret
from callback.tools.sheet import command as sheet
from callback.tools.words import _, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from callback.bank import Settings
    from callback.database import Database, Row

DAY = click.DateTime(["%Y-%m-%d"])
COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}
COLUMNS = (
    *("id", "bank", "txn_id", "account", "invoice", "number", "amount", "currency", "state"),
    "paid_at",
)


class BankName(click.ParamType[Bank]):
    """A bank by its name in the settings."""

    name = "bank"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def convert(self, value: Any, param: Any, ctx: Any) -> Bank:
        banks = self._settings.banks
        if value not in banks:
            known = ", ".join(banks) or _("none")
            self.fail(
                _("no [BANKS.{bank}] in {file}; there are: {known}").format(
                    bank=value, file=self._settings.path, known=known
                ),
                param,
                ctx,
            )
        return banks[value]


def install(app: Flask, settings: Settings, database: Database) -> None:
    """Give Flask's command line our commands."""
    front.install(app, settings)
    app.cli.add_command(secret)
    release.install(app, settings)
    bank_name = BankName(settings)

    @app.cli.command("init-db")
    @click.option("--sample", is_flag=True, help="Also add the sample customers of the README.")
    def init_db(sample: bool) -> None:
        """Create the tables account, invoice and payment where they are missing.

        A table of an older release gets the columns and keys that it lacks (sql/upgrade.sql);
        nothing else that exists is changed, so it may be run again at any time.
        """
        try:
            for line in upgrade.run(database):
                click.echo(say(line))
            if sample:
                database.script("sample")
        except DatabaseError as error:
            _stop(error)
        click.echo(
            _("The tables are there, with the sample customers.")
            if sample
            else _("The tables are there.")
        )

    @app.cli.command("url")
    @click.argument("bank", type=bank_name, required=False)
    @click.option("--health", is_flag=True, help="The address for a load balancer elsewhere.")
    @click.option("--exchange", is_flag=True, help="The addresses for the accounting program.")
    def url(bank: Bank | None, health: bool, exchange: bool) -> None:
        """Print the address that BANK is to call.

        With url_token the address holds a signed token: hand it to the bank and to nobody else.
        It changes with the newest SECRET_KEY; older ones in the list stay good. url_token = 2
        (3, …) replaces this bank's alone; url_token_until = 2026-12-31 is the old one's last day.
        Set PUBLIC_URL ("https://pay.example.kz") to have the whole address printed.

        --exchange prints the beginning of the addresses /customers, /payments, /known and /bills,
        for the office. Its token is replaced by token = 2 (3, …) in [EXCHANGE]; banks' stay.
        """
        if [bank is not None, health, exchange].count(True) != 1:
            raise click.UsageError(_("name a bank, or ask for --health or --exchange"))
        if exchange and settings.exchange is None:
            raise click.UsageError(
                _("there is no exchange: write a line [EXCHANGE] at the end of {file}").format(
                    file=settings.path
                )
            )
        click.echo(_address(settings, bank, exchange))

    @app.cli.command("payments")
    @click.option("--bank", type=bank_name, help="Only of this bank.")
    @click.option("--from", "since", type=DAY, help="From this day on, by the bank's own date.")
    @click.option("--to", "until", type=DAY, help="Up to this day, it included.")
    @click.option("--json", "as_json", is_flag=True, help="A JSON object a line, all columns.")
    def payments(
        bank: Bank | None, since: datetime | None, until: datetime | None, as_json: bool
    ) -> None:
        """List the recorded payments of all states, oldest first.

        number is what the payer typed, account and invoice are whom it is credited to now.
        paid_at is the bank's own date and time, in the bank's zone; the other times of --json
        are ours, in UTC.
        """
        rows = database.stream(
            "list_payments",
            bank=bank.name if bank else None,
            since=since,
            until=until.replace(hour=23, minute=59, second=59, microsecond=999000)
            if until
            else None,
        )
        try:
            for line in _json_lines(rows) if as_json else _table_lines(rows):
                click.echo(json_safe(line) if as_json else printable(line))
        except DatabaseError as error:
            _stop(error)

    @app.cli.command("doctor")
    @click.option("--site", is_flag=True, help="Ask the deployed site at PUBLIC_URL instead.")
    @click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
    def examine(site: bool, as_json: bool) -> None:
        """Look for what is wrong with this installation, and say what to do about it.

        With --site the program at PUBLIC_URL examines itself, for hosts without a shell: run it
        where a copy of the same settings is. It is asked through an address that is signed with
        SECRET_KEY and good for ten minutes. Files that must stay private are asked for, too.

        Exit status 1 if anything is a fault; a warning is not.
        """
        if site and not settings.public_url:
            raise click.UsageError(_('set PUBLIC_URL = "https://…" in the settings first'))
        from callback.tools import doctor

        look = doctor.visit(settings, settings.public_url) if site else None
        worst = "ok"
        for finding in look or doctor.examine(settings, database):
            click.echo(
                json.dumps(finding._asdict(), ensure_ascii=False)
                if as_json
                else click.style(f"{finding.state:<8}", fg=COLOURS[finding.state])
                + f"{finding.name}: {finding.text}"
            )
            worst = finding.state if finding.state == "fault" else worst
        sys.exit(worst == "fault")

    password.install(app, database, bank_name)
    books.install(app, settings, database, bank_name)
    accounting.install(app, settings, database)
    conform.install(app, settings, bank_name)
    sheet.install(app, settings, bank_name)


def _address(settings: Settings, bank: Bank | None, exchange: bool) -> str:
    """The address of a bank, or of the exchange, else that for a load balancer."""
    keys = settings.secret_keys
    if exchange:
        name, token = EXCHANGE, exchange_tokens(settings)[-1].decode()
    elif bank:
        name, token = bank.name, newest_token(bank, keys)
    else:
        name, token = "health", url_tokens("health", keys)[-1].decode()
    return "/".join(filter(None, [f"{settings.public_url}/{name}", token]))


def _stop(error: DatabaseError) -> None:
    click.echo(console.explained(error), err=True)
    sys.exit(1)


def _json_lines(rows: Iterator[Row]) -> Iterator[str]:
    for row in rows:
        yield json.dumps({name: _text(value) for name, value in row.items()}, ensure_ascii=False)


def _table_lines(rows: Iterator[Row]) -> Iterator[str]:
    # Widths that fit most rows: a long list is printed as it comes, not gathered first.
    form = "{:>8}  {:<10} {:<22} {:<14} {:<14} {:<14} {:>14} {:<4} {:<10} {}"
    yield form.format(*COLUMNS)
    for row in rows:
        yield form.format(*(_text(row[name]) or "" for name in COLUMNS))


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    return value
