"""A bank without an online protocol: nobody calls, its statements are booked by flask reconcile.

registers.md, section 5, and `callback/books`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback import wire
from callback.words import Refuse

if TYPE_CHECKING:
    from callback.kinds import Key
    from callback.settings import Bank
    from callback.wire import Answer, Call
    from callback.words import Command, Result

METHODS = ("GET",)
PATHS = ()  # there is no address
PROOFS = ()
CODES: dict[str, str] = {}
SETTINGS: dict[str, Key] = {}


def read(bank: Bank, call: Call) -> Command:  # noqa: ARG001
    """Never asked."""
    return Refuse(name="", outcome="unknown_command")


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:  # noqa: ARG001
    """Never asked."""
    return wire.Answer(b"", "text/plain", 404)
