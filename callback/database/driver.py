"""PyMySQL, imported without the library cryptography: that takes as long as all the rest of it.

PyMySQL takes it wherever it is installed, and needs it for one thing: to encrypt a password with
a server's key, which MySQL 8 wants once after each of its starts.
"""

from __future__ import annotations

import sys
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


def let_encrypt() -> None:
    """Give PyMySQL the library, where there is one, before it asks for a server's key."""
    reload(import_module("pymysql._auth"))
