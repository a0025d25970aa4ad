"""PyMySQL, in two things other than it is; answers.py reads what comes back.

It is imported without the library cryptography, which takes as long as all the rest of it. PyMySQL
takes it wherever it is installed, and needs it for one thing: to encrypt a password with a
server's key, which MySQL 8 wants once after each of its starts.

Of values only those that a statement names are written, each by its type; texts as PyMySQL does.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib import import_module, reload
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LIBRARY = "cryptography"


@contextmanager
def absent(library: str) -> Iterator[None]:
    """Whoever imports it meanwhile is told that it is not there, unless it is loaded already."""
    modules: dict[str, Any] = sys.modules
    is_there = library in modules
    if not is_there:
        modules[library] = None
    try:
        yield
    finally:
        if not is_there:
            del modules[library]


with absent(LIBRARY):
    import pymysql as pymysql  # noqa: PLC0414 - for others, too

from pymysql import converters  # noqa: E402 - from what is imported by now

STATEMENTS = 256  # of which we remember the values


def _written_time(time: datetime, _: object = None) -> str:
    return f"'{time.isoformat(' ')}'"


# The same as PyMySQL writes, in a third of the time.
CONVERSIONS = {**converters.conversions, datetime: _written_time}
# What is written without looking further; the rest is left to PyMySQL's `escape`.
WRITERS: dict[type, Callable[[Any], str]] = {
    int: str,
    Decimal: lambda number: converters.Decimal2Literal(number, None),
    datetime: _written_time,
    type(None): lambda _: "NULL",
}
_VALUE = re.compile(r"%%|%\((\w+)\)s")


@lru_cache(STATEMENTS)
def _names(statement: str) -> tuple[str, ...]:
    """The values that a prepared statement wants, each once."""
    return tuple(dict.fromkeys(filter(None, _VALUE.findall(statement))))


def written(link: Any, statement: str, values: Mapping[str, Any]) -> str:
    """The prepared statement with its values, as it is sent over this connection of PyMySQL.

    The server's mode decides how a text is escaped, so `link` does that. KeyError: which value is
    missing.
    """
    texts = {}
    escape_text, write_as = link._escape_string, WRITERS.get  # noqa: SLF001 - theirs
    for name in _names(statement):
        value = values[name]
        kind = type(value)
        if kind is str:
            texts[name] = f"'{escape_text(value)}'"
        else:
            texts[name] = (write_as(kind) or link.escape)(value)
    return statement % texts


def let_encrypt() -> None:
    """Give PyMySQL the library, where there is one, before it asks for a server's key."""
    reload(import_module("pymysql._auth"))
