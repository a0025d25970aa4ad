"""A bank without an online protocol: nobody calls, its statements are booked by flask reconcile.

registers.md, section 5, and `callback/tools/books`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback import wire
from callback.model import Refuse

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.model import Command, Result
    from callback.readers import Setting
    from callback.wire import Answer, Call

METHODS = ("GET",)
PATHS = ()  # there is no address
PROOFS = ()
CODES: dict[str, str] = {}
SETTINGS: dict[str, Setting] = {}


def read(bank: Bank, call: Call) -> Command:  # noqa: ARG001
    """Never asked."""
    return Refuse(name="", outcome="unknown_command")


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:  # noqa: ARG001
    """Never asked."""
    return wire.Answer(b"", "text/plain", 404)
