"""flask conform: plays the bank against a running endpoint, through the network only.

Nothing else of the package is imported before the command runs: a bank's call does not pay for it.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from callback.tools.words import _, say

if TYPE_CHECKING:
    from flask import Flask

    from callback.bank import Bank, Settings


def install(app: Flask, settings: Settings, bank_name: click.ParamType[Bank]) -> None:
    """Give Flask's command line the command."""

    @app.cli.command("conform")
    @click.argument("bank", type=bank_name)
    @click.option("--account", required=True, help="A test account that owes money.")
    @click.option("--url", default="", help="The endpoint: a site, or the whole address.")
    @click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
    @click.option("--yes", is_flag=True, help="Do not ask before writing.")
    @click.option("--unknown", default="", help="A number that no account has.")
    @click.option("--closed", default="", help="The number of a closed account.")
    @click.option("--blocked", default="", help="The number of a blocked account.")
    @click.option("--overpaid", default="", help="The number of an account that is overpaid.")
    @click.option("--sum", "one_sum", type=Money(), help="Of an invoice that is paid at once.")
    @click.option(
        "--key", type=Setting(), help="PEM file: the bank's private key, where it has one."
    )
    @click.option("--timeout", "timeout_s", default=20.0, show_default=True, help="In seconds.")
    def conform(
        bank: Bank, account: str, url: str, as_json: bool, yes: bool, **options: Any
    ) -> None:
        """Play BANK against a running endpoint, ours or anyone's, and say what it does wrong.

        The dialect, the credentials and the limits are those of BANK in the settings. Every case
        of the suite is a line: "a repeated pay gets the first answer … ok"; a failed one shows
        what was sent, what came and which section of the dialect's sheet wants something else.

        It writes real payments of the smallest allowed sum to the test account, and says how many
        before it begins, and how they are taken out again. Nothing but the network is used: the
        endpoint may be a script on another host, and then a person, or --yes, has to agree first;
        where it is not PUBLIC_URL, also to its being shown the bank's proof.
        Without --url it is the one at PUBLIC_URL, or at http://127.0.0.1:8000.

        \b
        flask conform qiwi --account 7012340001
        flask conform qiwi --account 7012340001 --url https://example.kz/qiwi.php

        Exit status 1 if any case fails, 2 if it cannot run.
        """
        from callback.tools.conform import run
        from callback.tools.conform.play import Others

        stranger = run.stranger(settings, url)
        text = _(
            "{url} is not PUBLIC_URL, and already the first request proves to be {bank}. Go on?"
        ).format(url=stranger, bank=bank.name)
        if stranger and not yes and not click.confirm(text, err=True):
            sys.exit(2)
        others = Others(
            *(options.pop(name) for name in ("unknown", "closed", "blocked", "overpaid"))
        )
        try:
            play = run.start(settings, bank, account, url, others=others, **options)
        except run.CannotRunError as error:
            click.echo(_("Cannot run: {why}.").format(why=say(error)), err=True)
            sys.exit(2)
        to_do = run.plan(play)
        click.echo(run.announce(play, to_do), err=as_json)
        asks = run.is_elsewhere(play) or (sys.stdin.isatty() and not as_json)
        if asks and not yes and not click.confirm(_("Go on?"), err=True):
            sys.exit(2)
        sys.exit(not run.report(play, to_do, as_json))


class Money(click.ParamType[Decimal]):
    """A sum with two decimals."""

    name = "sum"

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:
        """Read it strictly."""
        from callback import wire

        read = wire.amount(value)
        if read is None:
            self.fail(_('want a sum with two decimals such as "1200.00"'), param, ctx)
        return read


class Setting(click.ParamType[Any]):
    """A PEM file with a private key, as what signs with it."""

    name = "file"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Read it as the settings do."""
        from callback import readers

        try:
            return readers.private_key(1024)(value)
        except ValueError as error:
            self.fail(_("expected {wanted}").format(wanted=say(error)), param, ctx)
