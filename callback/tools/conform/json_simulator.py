"""What the simulators of JSON share: values of wrong types, bodies that mean harm."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from callback.tools.conform.forms import Members, write_json
from callback.tools.conform.model import Raw, Request
from callback.tools.conform.simulator import Hostile, Simulator, wrong_accounts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from callback.tools.conform.model import Slot, Step

NOT_TEXT: tuple[Any, ...] = (None, True, [], {}, Raw("1.5"))
WHOLE = re.compile("[1-9][0-9]{0,17}")
LONE_SURROGATE = Raw(r'"\ud800"')
# Ids in most of these dialects: text without blanks, of printable ASCII.
WRONG_TEXT_IDS = ("", "a b", " a", "a\n", "ключ", "x" * 65, LONE_SURROGATE, *NOT_TEXT)


class JsonSimulator(Simulator):
    """A dialect of JSON: sums are whole numbers of tiyin."""

    def body(self, step: Step) -> Members:
        """The object that is sent."""
        raise NotImplementedError

    def request(self, step: Step) -> Request:
        """A POST."""
        body = write_json(self.body(step)).encode()
        return Request(body=body, content_type="application/json")

    def spellings(self, step: Step) -> Iterator[tuple[Slot, Any]]:
        """An account of digits is a number, too."""
        if step.act in ("check", "pay") and WHOLE.fullmatch(step.account):
            yield "account", int(step.account)

    def tiyin(self, amount: Decimal) -> int:
        """A sum as it is sent."""
        return int(amount * 100)

    def hostile(self, step: Step) -> Iterator[Hostile]:
        """Texts that are no JSON, and JSON that is no request."""
        good = self.request(step)
        text = (good.body or b"").decode()
        unreadable = {
            "an empty body": b"",
            "half of a body": text[: len(text) // 2].encode(),
            "NaN": self.request(replace(step, change={"sum": Raw("NaN")})).body,
            "a number of 5000 digits": self.request(
                replace(step, change={"sum": Raw("9" * 5000)})
            ).body,
            "nested too deep": b"[" * 60_000,
            "objects nested too deep": b'{"a":' * 12_000,
            "not UTF-8": text.encode().replace(b'"', b'"\xff', 1),
            "UTF-16": text.encode("utf-16"),
            "a form": b"method=pay&amount=1",
            "two bodies": (text + text).encode(),
        }
        for what, body in unreadable.items():
            yield Hostile(what, good._replace(body=body), "unreadable")
        for what, json in (("an array", f"[{text}]"), ("a text", '"pay"'), ("null", "null")):
            yield Hostile(what, good._replace(body=json.encode()), "no_object")


def wrong_amounts(tiyin: int) -> Iterator[Any]:
    """What is no whole number, though some parser takes it for one."""
    yield from (str(tiyin), Raw(f"{tiyin}.0"), Raw(f"{tiyin}.5"), Raw(f"{tiyin}e0"), Raw("1E5"))
    yield from (True, [tiyin], {}, "", str(Decimal(tiyin) / 100))


def wrong_times(good: int) -> Iterator[Any]:
    """What is no time in milliseconds."""
    yield from (str(good), Raw(f"{good}.0"), -1, 10**13, True, None, "2026-03-16 12:00:00", [good])


def wrong_numbers(simulator: Simulator, account: str) -> Iterator[Any]:
    """Texts that are no account."""
    yield from (*wrong_accounts(simulator.bank, account), LONE_SURROGATE)


def milliseconds(at: datetime, simulator: Simulator) -> int:
    """The bank's time since 1970, UTC."""
    return int(at.replace(tzinfo=simulator.bank.timezone).timestamp()) * 1000
