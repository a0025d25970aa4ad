"""What every command for the books says to the person in front of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click

from callback.database.errors import DatabaseError
from callback.tools import hints
from callback.tools.printable import printable
from callback.tools.words import _, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
# What a bar may be called; the catalog is gathered from here.
BARS = (
    *("booking", "bills", "payments", "reading", "our accounts", "our invoices"),
    *("customers", "new customers", "debts"),
)


def bar(items: Iterable[T], label: str, length: int | None = None) -> Iterator[T]:
    """Show on a terminal how far it is."""
    hidden = not sys.stderr.isatty()
    bar = click.progressbar(items, length, _(label), file=sys.stderr, hidden=hidden)
    with bar as shown:
        yield from shown


def warn(text: str) -> None:
    """Say it on stderr."""
    click.echo(printable(say(text)), err=True)


def explained(error: Exception) -> str:
    """What went wrong, in a line."""
    text = hints.explained(error)
    if isinstance(error, DatabaseError):
        return _("The database does not answer: {error}").format(error=text)
    return text
