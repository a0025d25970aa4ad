"""PyMySQL, in two things other than it is.

It is imported without the library cryptography, which takes as long as all the rest of it. PyMySQL
takes it wherever it is installed, and needs it for one thing: to encrypt a password with a
server's key, which MySQL 8 wants once after each of its starts.

What columns an answer has is read once. The server says it again in each answer, in the same
bytes, and to take them apart costs PyMySQL more than the rows do.
"""

from __future__ import annotations

import sys
from datetime import datetime
from functools import lru_cache
from importlib import import_module, reload
from typing import Any

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

COLUMNS = 1024  # of all statements together

_reader: Any = connections
_reader.FieldDescriptorPacket = lru_cache(COLUMNS)(_reader.FieldDescriptorPacket)


def _written_time(time: datetime, _: object = None) -> str:
    return f"'{time.isoformat(' ')}'"


# The same as PyMySQL writes, in a third of the time.
CONVERSIONS = {**converters.conversions, datetime: _written_time}


def let_encrypt() -> None:
    """Give PyMySQL the library, where there is one, before it asks for a server's key."""
    reload(import_module("pymysql._auth"))
