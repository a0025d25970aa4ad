"""The bank's side of alif.md: Alif, small JSON in one phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.tools.conform import forms
from callback.tools.conform.forms import Members
from callback.tools.conform.json_simulator import LONE_SURROGATE, JsonSimulator, wrong_numbers
from callback.tools.conform.model import ABSENT, Raw, Reading, require
from callback.tools.conform.simulator import Sheet, wrong_dates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="alif.md",
    sections={
        "proof": "2",
        "transport": "2",
        "request": "3",
        "order": "4",
        "answers": "5",
        "codes": "6",
        "repeats": "8",
        "cancel": "9",
    },
    codes={
        "check.ok": "302",
        "ok": "200",
        "duplicate_same": "200",
        "duplicate_other": "107",
        "payment_not_found": "104",
        "payment_cancelled": "203",
        "unknown_account": "404",
        "bad_account": "404",
        "account_closed": "404",
        "account_blocked": "303",
        "check.already_paid": "404",
        "pay.already_paid": "203",
        "sum_too_small": "405",
        "sum_too_large": "405",
        "bad_request": "400",
        "no_object": "400",
        "unreadable": "400",
        "bad_service": "400",
        "unknown_command": "400",
        "bad_id": "400",
        "bad_sum": "400",
        "bad_date": "400",
        "not_authenticated": "401",
        "temporary": "520",
    },
    acts={"check": "check", "pay": "pay", "status": "status"},
    unknown_acts=("PAY", "pay ", "cancel", "", None, True, [], {}, ABSENT),
    slots={
        "check": ("act", "id", "account"),
        "pay": ("act", "id", "account", "sum", "time"),
        "status": ("act", "id"),
    },
    ids_are_digits=False,  # a zero before them is no id
    zero_is_an_id=False,
    repeat_first=("time",),
    wrong_methods=("GET", "HEAD", "PUT", "DELETE"),
    floor=True,
    says_basic=False,
)
WRONG_IDS: tuple[Any, ...] = (0, -5, True, [], {}, None, ABSENT, LONE_SURROGATE, 10**20)
WRONG_ID_TEXTS = ("", "0", "07", "-5", "+5", " 5", "5\n", "5.0", "x", "\u0665", "9" * 21)
WRONG_ID_NUMBERS = ("1.5", "5.0", "5e0", "1E3")
WRONG_SUMS: tuple[Any, ...] = ("", True, [], {}, None, ABSENT)
NO_TIMES = (
    "2026-02-30T10:00:00Z",
    "2026-11-03 10:15:00",
    "03.11.2026",
    "2026-11-03T10:15:00+24:00",
)


class Alif(JsonSimulator):
    """Alif's applications and terminals."""

    SHEET = SHEET

    def slots(self) -> Sequence[Slot]:
        """The service where it is tested."""
        service: Sequence[Slot] = ("service",) if self.bank.own["srv_id"] else ()
        return (*super().slots(), *service)

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        if slot == "id":
            return int(step.id)
        if slot == "sum":
            return Raw(f"{step.sum:.2f}")
        if slot == "service":
            return self.bank.own["srv_id"][0]
        return f"{step.at:%Y-%m-%dT%H:%M:%S}" if slot == "time" else super().value(slot, step)

    def body(self, step: Step) -> Members:
        """One object; a service only where a request is about one."""
        service: Sequence[Slot] = () if step.act == "status" else self.slots()[5:]
        names: dict[Slot, str] = {
            "act": "action",
            "id": "id",
            "account": "account",
            "sum": "amount",
            "time": "time",
            "service": "srv_id",
        }
        members = [
            pair
            for slot in (*self.SHEET.slots[step.act], *service)
            for pair in self.member(names[slot], slot, step)
        ]
        return Members([*members, *dict(step.extra).items()])

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Section 3."""
        tables: dict[Slot, tuple[str, tuple[Any, ...]]] = {
            "id": ("bad_id", (*WRONG_IDS, *WRONG_ID_TEXTS, *map(Raw, WRONG_ID_NUMBERS))),
            "sum": ("bad_sum", (*WRONG_SUMS, *self._sums(probe))),
            "time": ("bad_date", (*self._times(step), 17, True, [], {}, LONE_SURROGATE)),
            "account": (
                "bad_account",
                ("", *wrong_numbers(self, step.account), True, [], {}, Raw("1.5")),
            ),
            "service": ("bad_service", ("x", "", True, [], {}, Raw("1.5"), None, ABSENT)),
        }
        if slot not in tables:
            return
        outcome, values = tables[slot]
        yield from ((one, outcome) for one in values)
        if slot == "account":
            yield from ((one, "bad_request") for one in (None, ABSENT))

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        found = forms.read_json(reply)
        require(type(found.get("code")) is int, "code is no whole number")
        code = str(found["code"])
        done = self.word(step.act, code) == "done"
        echo = 0 if "id" in step.change else self.value("id", step)
        known = found.get("id") == echo or (not done and found.get("id") == 0)
        require(known and type(found["id"]) is int, f"id is {found.get('id')!r}, not {echo}")
        data = {"info_for_client", "response_id", "provider_id"} & found.keys()
        require(done or not data, "a refusal carries data")
        if not done:
            return Reading(code)
        if step.act == "check":
            require("response_id" not in found, "a check has a response_id")
            return Reading(code, debt=self._debt(found))
        return Reading(code, {"number": self._number(step, found)}, state="paid")

    def _number(self, step: Step, found: dict[str, Any]) -> str:
        """Section 5: in a status by both names."""
        number = found.get("response_id")
        require(isinstance(number, str) and number.isdecimal(), "response_id is no text of digits")
        if step.act == "status":
            require(found.get("provider_id") == number, "provider_id is not the response_id")
        return str(number)

    def _debt(self, found: dict[str, Any]) -> Decimal | None:
        """The line of the debt; between lines stand a backslash and an n."""
        require(("info_for_client" in found) == bool(self.bank.show), "info_for_client or none")
        if "debt" not in self.bank.show:
            return None
        label = f"{self.bank.labels['debt']}: "
        lines = str(found["info_for_client"]).split("\\n")
        require(len(lines) == len(self.bank.show), f"info_for_client has {len(lines)} lines")
        debts = [line.removeprefix(label) for line in lines if line.startswith(label)]
        require(len(debts) == 1, f"no line begins with {label}")
        return forms.money(debts[0])

    def _sums(self, probe: Decimal) -> Iterator[Any]:
        good = f"{probe:.2f}"
        for literal in (f"{good}0", f"{good}e0", f"{probe:.0f}E0", "1e2", f"-{good}", "1" * 13):
            yield from (Raw(literal), literal)
        yield from (good.replace(".", ","), f" {good}", f"{good}\n", f"+{good}", f"0{good}")

    def _times(self, step: Step) -> Iterator[str]:
        good = f"{step.at:%Y-%m-%dT%H:%M:%S}"
        yield from wrong_dates(good, *NO_TIMES)
        yield from (f"{good}z", f"{good}.", f"{good}+5", f"{good}+0500", f"{good}Z07:00")


SIMULATOR = Alif
