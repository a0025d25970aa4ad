"""flask secret: a secret that nobody guesses. Needs no settings, because they need it first."""

from __future__ import annotations

import secrets
from typing import Any

import click

from callback import passwords, settings
from callback.tools.words import _, language_of, say, speak_at_a_terminal, translated

BYTES = 32


class Secret(click.Command):
    """Speaks before there are settings to say which language."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        speak_at_a_terminal(language_of(settings.file()))
        translated(self)
        return super().make_context(*args, **options)


@click.command("secret", cls=Secret)
@click.option("--digest", metavar="BANK", help="What may stand in place of BANK's passwords.")
def secret(digest: str | None) -> None:
    """Print a new random secret, 43 characters long: for SECRET_KEY, a password or a bank's secret.

    Nothing is stored; every call prints another one.

    --digest prints what may stand in the settings in place of the passwords that BANK has there
    now: whoever reads it there cannot call as the bank. It is good while SECRET_KEY stays, and
    flask conform then cannot call as the bank either.
    """
    click.echo(_digests(digest) if digest else secrets.token_urlsafe(BYTES))


def _digests(name: str) -> str:
    try:
        banks = settings.load(settings.file()).banks
    except settings.SettingsError as error:
        raise click.ClickException(say(error)) from error
    if name not in banks or not banks[name].password:
        raise click.UsageError(
            _("no bank {name} with a password is in the settings").format(name=name)
        )
    bank = banks[name]
    kept = [text for text in bank.password if passwords.is_digest(text)]
    made = [passwords.kept_as(bank, text).encode() for text in bank.password if text not in kept]
    return "password = [" + ", ".join(f'"{text.decode()}"' for text in [*kept, *made]) + "]"
