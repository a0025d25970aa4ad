"""flask sheet: prints the page that is handed to the bank's integration engineer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from callback.tools import output
from callback.tools.printable import file_name
from callback.tools.words import _, say

if TYPE_CHECKING:
    from flask import Flask

    from callback.bank import Bank, Settings


def install(app: Flask, settings: Settings, bank_name: click.ParamType[Bank]) -> None:
    """Give Flask's command line the command."""

    @app.cli.command("sheet")
    @click.argument("bank", type=bank_name)
    @click.option(
        "--lang",
        type=click.Choice(["ru", "en"]),
        default="en" if settings.language == "en" else "ru",
        show_default=True,
        help="Russian, where language of the settings does not say en.",
    )
    @click.option("--html", is_flag=True, help="A page to print, instead of Markdown.")
    @click.option("--account", default="", help="The number in the examples; else one is made up.")
    @click.option("-o", "file", type=click.Path(path_type=Path), help="Write it to this file.")
    def sheet(bank: Bank, lang: str, html: bool, account: str, file: Path | None) -> None:
        """Print the page about BANK that its integration engineer is to get.

        Address, proofs, parameters, examples with their answers, codes, limits, and what to ask
        the bank, all out of the settings: make it anew when they change. No password, secret or
        token is printed; hand those over separately (`flask url BANK` has the token). Set
        PUBLIC_URL and CONTACT first.
        """
        from callback.tools.sheet import blocks, page
        from callback.tools.sheet.examples import NoNumberError

        try:
            document = page.sheet(settings, bank, lang, account)
        except NoNumberError:
            raise click.UsageError(
                _(
                    "no number for the examples that BANKS.{bank}.account_pattern lets in: "
                    "name one with --account"
                ).format(bank=bank.name)
            ) from None
        text = (blocks.html if html else blocks.markdown)(document)
        if file is None:
            click.echo(text, nl=False)
        else:
            try:
                with output.new_file(file, output.PUBLIC) as out:
                    out.write(text.encode())
            except OSError as error:
                raise click.ClickException(f"{file_name(file)}: {say(error.strerror)}") from error
            text = _("{file}: the sheet of {bank}.").format(file=file_name(file), bank=bank.name)
            click.echo(text, err=True)
