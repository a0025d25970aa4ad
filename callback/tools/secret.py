"""flask secret: a secret that nobody guesses. Needs no settings, because they need it first."""

from __future__ import annotations

import secrets

import click

BYTES = 32


@click.command("secret")
def secret() -> None:
    """Print a new random secret, 43 characters long: for SECRET_KEY, a password or a bank's secret.

    Nothing is stored; every call prints another one.
    """
    click.echo(secrets.token_urlsafe(BYTES))
