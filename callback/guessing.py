"""Guessing is slowed: an address that brings too many wrong proofs is not listened to for a while.

It hears "ask again", and nobody is locked out: not a bank that has ever proved itself from there
(an attacker may share its address), not one that `allow` names, not one that mends its password
(in two seconds a proof is looked at again), and nobody because of an address that is a proxy's, and
so everybody's. A bank's token in its address is always looked at: nobody guesses 256 bits.

Nobody is made to wait for it, and the database is not asked. What was wrong each process counts for
itself. One that hears a single call (CGI) finds the count in a file beside the log; and all find
there who has proved himself, for a restart must not give a bank to whoever shares its address.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from contextlib import suppress
from functools import lru_cache, partial
from ipaddress import ip_network
from threading import Lock
from typing import TYPE_CHECKING, Any

from callback import log, signature
from callback.limits import ADDRESSES, KNOWN_OF_ONE, WRONG_PROOFS
from callback.locks import locked
from callback.protocols import opens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from callback.model import Command, Outcome
    from callback.visit import Visit

MINUTE_S = 60.0
EACH_S = MINUTE_S / WRONG_PROOFS
MAX_FILE = 1024 * 1024
MOST_KNOWN = 16 * KNOWN_OF_ONE  # what the file has room for
WRONG = frozenset({"bad_token", "not_authenticated", "bad_signature"})
FORGOTTEN = (0.0, False)
# A proxy that TRUSTED_PROXIES does not name: behind it are banks and strangers alike.
NEVER_A_CALLERS = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
    # Shared by many callers behind a provider, and some clouds' balancers have it.
    "100.64.0.0/10",
    *("::1/128", "fc00::/7", "fe80::/10"),
)


class Guesses:
    """Who has brought wrong proofs, and who right ones; `path` is the log's."""

    def __init__(self, path: Path | None = None) -> None:
        # By address: until when its wrong proofs count, and whether the log says that it is slowed.
        self.due: dict[str, tuple[float, bool]] = {}
        self._known: dict[str, None] = {}
        self._lock = Lock()
        self._path = f"{path}.callers" if path else ""
        self._seen = (0, 0)  # of the file: when it was written, and how long it was
        if path:
            self._look()

    def refuse(self, visit: Visit, token: str) -> Outcome | None:
        """What a call hears that is not looked at; None: it is."""
        bank = visit.bank
        if bank.allow or not self.slows(bank.name, visit.address):
            return None
        origin = signature.refuse_origin(bank, token, visit.address, visit.settings)
        return origin or ("temporary" if signature.proves_more(bank) else None)

    def note(self, visit: Visit, token: str, path: str, command: Command, outcome: Outcome) -> None:
        """Note what a call has proved; `token` and `path`: what its address had."""
        bank, environ = visit.bank, visit.call.environ
        if outcome in WRONG:
            if signature.has_tried(bank, outcome, token, environ):
                self.wrong(bank.name, visit.address, environ)
        # No proof of the dialect's own is asked for at an address that a setting opens.
        elif signature.has_proved(command, outcome) and not opens(bank, path):
            self.right(bank.name, visit.address)

    def slows(self, whose: str, address: str) -> bool:
        """Whether a call from there is not looked at; `whose` proof it would have."""
        place = _place(address)
        left = self.due.get(place, FORGOTTEN)[0] - time.time()
        # What is due later than it can be was written before the clock was set back.
        is_full = MINUTE_S - EACH_S < left < MINUTE_S + EACH_S
        return is_full and not self._knows(f"{whose} {place}")

    def wrong(self, whose: str, address: str, environ: Mapping[str, Any]) -> None:
        """Count a wrong proof, and write a line when that makes the address slowed."""
        place = _place(address)
        if place and f"{whose} {place}" not in self._known:
            is_alone = bool(environ.get("wsgi.run_once"))
            self._change(partial(self._count, place, whose, address), shared=is_alone)

    def right(self, whose: str, address: str) -> None:
        """Remember who has proved himself."""
        place = _place(address)
        if place and f"{whose} {place}" not in self._known:
            self._change(partial(self._learn, f"{whose} {place}"), shared=True)

    def _count(self, place: str, whose: str, address: str) -> None:
        now = time.time()
        due, is_told = self.due.pop(place, FORGOTTEN)
        if not now < due < now + MINUTE_S + EACH_S:
            due, is_told = now, False
        due = min(due + EACH_S, now + MINUTE_S)
        is_full = due > now + MINUTE_S - EACH_S
        self.due[place] = due, is_told or is_full
        _forget_oldest(self.due)
        if is_full and not is_told:
            why = f"{WRONG_PROOFS} wrong proofs in a minute: it is told to ask again, unread"
            # A budget of their own: those of this bank may have used up the bank's.
            line = {"bank": whose, "address": address, "outcome": "slowed", "why": why}
            log.call(log.WARNING, stranger="slowed", **line)

    def _knows(self, key: str) -> bool:
        """Whether he has proved himself: another process may have heard it."""
        if self._path and key not in self._known:
            with self._lock:
                self._look()
        return key in self._known

    def _look(self) -> None:
        """Read the file, if it is another than before."""
        with suppress(OSError):
            there = os.stat(self._path)
            if self._seen != (seen := (there.st_mtime_ns, there.st_size)):
                self._seen = seen
                with open(self._path, "rb") as file:
                    self._adopt(file.read(MAX_FILE))

    def _learn(self, key: str) -> None:
        self._known[key] = None
        self._forget_known()

    def _change(self, change: Callable[[], None], *, shared: bool) -> None:
        """Change what we know; `shared`: together with the other processes, where that can be."""
        with self._lock:
            if shared and self._path:
                with suppress(OSError), locked(self._path) as file:
                    self._adopt(os.read(file, MAX_FILE))
                    change()
                    with suppress(OSError):  # no room: once is enough for us
                        os.ftruncate(file, 0)
                        os.lseek(file, 0, os.SEEK_SET)
                        os.write(file, self._packed())
                    return
            change()

    def _adopt(self, packed: bytes) -> None:
        """Add what others know; nothing of what cannot be read: its writer was killed."""
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            told = json.loads(packed)
            for place, (due, is_told) in told["due"].items():
                if due > self.due.get(place, FORGOTTEN)[0]:
                    self.due[place] = float(due), bool(is_told)
            self._known = {**dict.fromkeys(map(str, told["known"])), **self._known}
        _forget_oldest(self.due)
        self._forget_known()

    def _forget_known(self) -> None:
        """Keep the newest of each bank: nobody's many addresses push out another's few."""
        count: Counter[str] = Counter()
        for key in reversed([*self._known]):
            whose = key.partition(" ")[0]
            count[whose] += 1
            if count[whose] > KNOWN_OF_ONE or count.total() > MOST_KNOWN:
                del self._known[key]

    def _packed(self) -> bytes:
        now = time.time()
        due = {place: value for place, value in self.due.items() if value[0] > now}
        return json.dumps({"due": due, "known": list(self._known)}).encode()


@lru_cache(ADDRESSES)
def _place(address: str) -> str:
    """Whose a call is; empty where the address is no caller's own."""
    ip = signature.ip_of(address)
    if ip is None or any(ip in network for network in _never_a_callers()):
        return ""
    return signature.one_caller(ip)


@lru_cache(1)
def _never_a_callers() -> list[Any]:
    return [ip_network(network) for network in NEVER_A_CALLERS]


def _forget_oldest(memory: dict[str, Any]) -> None:
    while len(memory) > ADDRESSES:
        del memory[next(iter(memory))]
