"""PyMySQL, in three things other than it is.

It is imported without the library cryptography, which takes as long as all the rest of it. PyMySQL
takes it wherever it is installed, and needs it for one thing: to encrypt a password with a
server's key, which MySQL 8 wants once after each of its starts.

What columns an answer has is read once. The server says it again in each answer, in the same
bytes, and to take them apart costs PyMySQL more than all the rest: what it made of them is kept.

Of values only those that a statement names are written, each by its type; texts as PyMySQL does.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from importlib import import_module, reload
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LIBRARY = "cryptography"

_modules: dict[str, Any] = sys.modules
_is_there = LIBRARY in _modules
if not _is_there:
    _modules[LIBRARY] = None  # whoever imports it now is told that it is not there
try:
    import pymysql as pymysql  # noqa: PLC0414 - for others, too
finally:
    if not _is_there:
        del _modules[LIBRARY]

from pymysql import connections, converters  # noqa: E402 - from what is imported by now

STATEMENTS = 256  # of which we remember the values, or the answer's columns


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


class Result(connections.MySQLResult):
    """What PyMySQL reads of an answer, except for columns that it has read before."""

    connection: Any
    fields: Any
    affected_rows: Any
    names: Sequence[str] = ()
    _known: ClassVar[dict[bytes, dict[str, Any]]] = {}

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        return [dict(zip(self.names, row, strict=False)) for row in self.rows or ()]

    def _get_descriptions(self) -> None:
        link, packets = self.connection, self.field_count + 1  # one more says that they end
        head = _packets(link, packets)
        if columns := self._known.get(head):
            link._rfile.read(len(head))  # noqa: SLF001 - as in the class that this one is over
            link._next_seq_id = (link._next_seq_id + packets) % 256  # noqa: SLF001
            self.__dict__ |= columns
            return
        super()._get_descriptions()  # type: ignore[misc]
        self.names = _names_of(self.fields)
        if head:
            if len(self._known) >= STATEMENTS:
                self._known.clear()
            self._known[head] = {name: getattr(self, name) for name in COLUMNS}


# What PyMySQL makes of the columns; `names` is ours.
COLUMNS = ("fields", "converters", "description", "names")


def _packets(link: Any, number: int) -> bytes:
    """The bytes of the next packets, if they have all arrived; they are still to be read."""
    arrived, end = b"", 0
    with suppress(OSError):  # which comes again to whoever reads
        arrived = link._rfile.peek()  # noqa: SLF001
    for _ in range(number):  # three bytes of length, one that counts packets
        end += 4 + int.from_bytes(arrived[end : end + 3], "little")
    return arrived[:end] if end <= len(arrived) else b""


def _names_of(fields: list[Any]) -> list[str]:
    """As PyMySQL's DictCursor calls them: the second of a name has its table's in front."""
    names: list[str] = []
    for field in fields:
        names.append(f"{field.table_name}.{field.name}" if field.name in names else field.name)
    return names


def let_encrypt() -> None:
    """Give PyMySQL the library, where there is one, before it asks for a server's key."""
    reload(import_module("pymysql._auth"))
