"""flask password: since when the bank's own password holds, and a way back to that of the settings.

For dialects in which the bank changes its password itself (callback/passwords.py).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from callback import passwords
from callback.database.errors import DatabaseError
from callback.protocols import PROTOCOLS
from callback.tools.books import console
from callback.tools.words import _

if TYPE_CHECKING:
    from flask import Flask

    from callback.bank import Bank
    from callback.database import Database


def install(app: Flask, database: Database, bank_name: click.ParamType[Bank]) -> None:
    """Give Flask's command line `flask password`."""

    @app.cli.command("password")
    @click.argument("bank", type=bank_name)
    @click.option("--reset", is_flag=True, help="Let the password of the settings be good again.")
    def password(bank: Bank, reset: bool) -> None:
        """Say which password of BANK holds: that of the settings, or one that the bank has set.

        Some banks (Paynet) change their password themselves, in a call of their protocol. From then
        on that of the settings is no longer good, on any machine. No password is ever shown: what
        the bank has set is kept as a digest.

        With --reset it is forgotten, and the password of the settings is good again: tell the bank.
        """
        if not PROTOCOLS[bank.protocol].CHANGES_PASSWORD:
            raise click.UsageError(
                _(
                    "{bank} speaks {protocol}, in which a bank changes no password: "
                    "that of BANKS.{bank}.password is good"
                ).format(bank=bank.name, protocol=bank.protocol)
            )
        try:
            click.echo(_reset(database, bank) if reset else state(database, bank))
        except DatabaseError as error:
            click.echo(console.explained(error), err=True)
            sys.exit(1)


def state(database: Database, bank: Bank) -> str:
    """Tell which password holds; DatabaseError."""
    with database.session() as session:
        change = passwords.find(session, bank)
    if change is None:
        return _("the one of the settings holds")
    text = _("the bank's own holds, since {changed_at:%Y-%m-%d %H:%M:%S} UTC")
    return text.format(changed_at=change.changed_at)


def _reset(database: Database, bank: Bank) -> str:
    with database.session() as session:
        forgotten = passwords.forget(session, bank)
    if forgotten:
        return _("the one of the settings holds again")
    return _("the one of the settings held")
