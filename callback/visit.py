"""One call at a bank's address, and its line of the log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from callback import log, signature
from callback.model import ALARMS

if TYPE_CHECKING:
    from callback.bank import Bank, Settings
    from callback.model import Command, Outcome, Result
    from callback.request import Request


class Visit:
    """Who called, and since when we have been at it; `waited` seconds it lay in a queue before."""

    def __init__(self, settings: Settings, bank: Bank, call: Request, waited: float = 0.0) -> None:
        self.settings = settings
        self.bank = bank
        self.call = call
        self.address = signature.caller(call.environ, settings.trusted_proxies)
        self.waited = waited
        self.started = time.perf_counter()

    @property
    def age(self) -> float:
        """How many seconds ago the call came."""
        return self.waited + time.perf_counter() - self.started

    def write(
        self, command: Command, result: Result, status: int | None = None, why: str = ""
    ) -> None:
        """Write the line: what was asked, what came of it, and what ops may do about a refusal.

        `status` where the answer is HTTP's and not a dialect's.
        """
        outcome = result.outcome
        is_alarm = outcome in ALARMS
        own_code = self.bank.code(command.name, outcome)
        line: dict[str, Any] = {
            "command": command.name,
            "txn_id": command.txn_id,
            "account": command.account,
            **({"service": command.service} if command.service else {}),
            "sum": None if command.amount is None else f"{command.amount:.2f}",
            "outcome": outcome,
            "code": str(status) if status else own_code,
            **({"why": why} if why else {}),
            **command.noted,
        }
        level = log.WARNING if is_alarm or outcome == "temporary" else log.INFO
        self._log(level, line, is_alarm, self.is_stranger(command, outcome))

    def write_not_found(self, why: str) -> None:
        """Write the line of an address that only begins as the bank's does."""
        line = {"outcome": "not_found", "code": "404", "why": why}
        self._log(log.WARNING, line, is_alarm=False, is_stranger=True)

    def stranger(self, command: Command) -> str:
        """Whose budget a line is of that tells what went wrong inside; empty: a bank's."""
        # One of its own: the line of the call counts, too.
        is_stranger = self.is_stranger(command, "temporary")
        return f"{self.bank.name}, inside" if is_stranger else ""

    def is_stranger(self, command: Command, outcome: Outcome) -> bool:
        """Say whether a call that ended so may have been anybody's."""
        is_read = bool(command.name)
        environ, settings = self.call.environ, self.settings
        return signature.is_stranger(self.bank, outcome, environ, settings, is_read=is_read)

    def _log(self, level: int, line: dict[str, Any], is_alarm: bool, is_stranger: bool) -> None:
        log.call(
            level,
            stranger=self.bank.name if is_stranger else "",
            bank=self.bank.name,
            address=self.address,
            **line,
            ms=round((time.perf_counter() - self.started) * 1000, 1),
            **({"alarm": True} if is_alarm else {}),
        )
