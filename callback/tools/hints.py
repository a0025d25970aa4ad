"""What to do about an error of the database, in the language of the office.

The walk knows no language: what it writes goes to the log. At a terminal the hint that an error
ends with is said from the catalog; what the server itself says stays as it is.
"""

from __future__ import annotations

import os

from callback.database import login, mysql, older
from callback.database.errors import COLUMN_MISSING, PROMISE_MISSING
from callback.tools.words import _, say

HINTS = (
    *mysql.HINTS.values(),
    *(mysql.BUSY, mysql.OWNER_WANTED, PROMISE_MISSING, COLUMN_MISSING),
    *(login.REFUSED, login.COLD, login.REMEDY),
)
# What else the walk says; the catalog is gathered from here.
BELOW = (*HINTS, *older.FAULTS)


def explained(error: Exception) -> str:
    """Say an error, with its hint in the language that is spoken."""
    text = str(error)
    for hint in HINTS:
        if text.endswith(hint):
            return text.removesuffix(hint) + _(hint)
    return say(error)


def send_settings() -> str:
    """The command that sends the settings: how the host is reached stands in deploy.toml."""
    by_hand = r".venv\Scripts\python deploy\release.py --only-settings"
    return by_hand if os.name == "nt" else "make send-settings"
