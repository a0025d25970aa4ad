"""The dialects, a module each. What a module holds is `Dialect`; a new one is a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from callback.protocols import (
    ckassa,
    click,
    cyberplat,
    files,
    kaspi,
    mbank,
    osmp,
    payme,
    paynet,
    sberbank,
    uzum,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.kinds import Key
    from callback.settings import Bank
    from callback.wire import Answer, Call
    from callback.words import Command, Result


class Dialect(Protocol):
    """What a dialect's module gives; tables on top, a few short functions below."""

    @property
    def METHODS(self) -> tuple[str, ...]:
        """HTTP methods; others are the outcome bad_method."""

    @property
    def PATHS(self) -> tuple[str, ...]:
        """Its operations below the bank's address; ("",) when there is only that."""

    @property
    def PROOFS(self) -> tuple[str, ...]:
        """Settings of its own that prove who is calling."""

    @property
    def SETTINGS(self) -> Mapping[str, Key]:
        """Keys of its own, and common keys with other defaults."""

    @property
    def CODES(self) -> Mapping[str, str]:
        """Codes by outcome, or by "command.outcome" where the command matters."""

    def read(self, bank: Bank, call: Call) -> Command:
        """Turn the request into our words; never raises for what a bank may send."""

    def write(self, bank: Bank, command: Command, result: Result, code: str) -> Answer:
        """Turn what came of it into the bank's words.

        `code` is the dialect's for this outcome. `command` may also be a bare Refuse with an
        empty name: the request was not read at all.
        """


PROTOCOLS: dict[str, Dialect] = {
    "osmp": osmp,
    "kaspi": kaspi,
    "files": files,  # a bank that never calls
    "sberbank": sberbank,
    "cyberplat": cyberplat,
    "payme": payme,
    "paynet": paynet,
    "mbank": mbank,
    "ckassa": ckassa,
    "click": click,
    "uzum": uzum,
}
