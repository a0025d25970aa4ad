"""The bank's side of alif.md: Alif, small JSON in one phase."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.forms import Members
from callback.tools.conform.json_simulator import LONE_SURROGATE, JsonSimulator, wrong_numbers
from callback.tools.conform.model import ABSENT, Raw, Reading, require
from callback.tools.conform.simulator import Sheet, spelled, wrong_dates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from callback.tools.conform.model import Reply, Slot, Step

NAMES: Mapping[Slot, str] = {
    "act": "action",
    "id": "id",
    "account": "account",
    "sum": "amount",
    "time": "time",
    "service": "srv_id",
}
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
    names=NAMES,
    ignored_in_check=("sum", "time"),
    optional_in_pay=("time",),
    repeat_first=("time", "service"),
    malformed_is_other=("account",),
    order=(
        *("twice", "act", "id", "service", "no account", "account", "sum", "time", "limits"),
        "payer",
    ),
    longest_id=20,
    any_type=True,
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
        members = [
            pair
            for slot in (*self.SHEET.slots[step.act], *service)
            for pair in self.member(NAMES[slot], slot, step)
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
        yield from ((value, outcome) for value in values)
        if slot == "account":
            yield from ((value, "bad_request") for value in (None, ABSENT))

    def spellings(self, step: Step) -> Iterator[tuple[Slot, Any]]:
        """Section 3: an id and a sum as texts, a sum without its last zeros."""
        yield from super().spellings(step)
        yield "id", step.id
        if step.act == "pay":
            yield "sum", f"{step.sum:.2f}"
            texts = [text for name, text in spelled(step.sum) if name != "comma"]
            yield from (("sum", spelling) for text in texts for spelling in (text, Raw(text)))

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        members = forms.read_json(reply)
        require(type(members.get("code")) is int, Phrase("code is no whole number"))
        code = str(members["code"])
        done = self.word(step.act, code) == "done"
        echo = self._echo(step)
        known = members.get("id") == echo or (not done and members.get("id") == 0)
        right = known and type(members["id"]) in (type(echo), int)
        require(right, Phrase("id is {value!r}, not {echo!r}", value=members.get("id"), echo=echo))
        data = {"info_for_client", "response_id", "provider_id"} & members.keys()
        require(done or not data, Phrase("a refusal carries data"))
        if not done:
            return Reading(code)
        if step.act == "check":
            require("response_id" not in members, Phrase("a check has a response_id"))
            return self._shown(code, members)
        return Reading(code, {"number": self._number(step, members)}, state="paid")

    def _echo(self, step: Step) -> int | str:
        """The id as it was sent, number or text; 0 where it is none."""
        sent = step.change.get("id", self.value("id", step))
        return sent if sent in (step.id, int(step.id)) else 0

    def _number(self, step: Step, members: dict[str, Any]) -> str:
        """Section 5: in a status by both names."""
        number = members.get("response_id")
        require(
            isinstance(number, str) and number.isdecimal(),
            Phrase("response_id is no text of digits"),
        )
        if step.act == "status":
            require(
                members.get("provider_id") == number, Phrase("provider_id is not the response_id")
            )
        return str(number)

    def _shown(self, code: str, members: dict[str, Any]) -> Reading:
        """A line each, in the order of `show`; between lines stand a backslash and an n."""
        require(
            ("info_for_client" in members) == bool(self.bank.show),
            Phrase("info_for_client or none"),
        )
        if not self.bank.show:
            return Reading(code)
        lines = str(members["info_for_client"]).split("\\n")
        labels = [
            "" if word == "name" else f"{self.bank.labels[word]}: " for word in self.bank.show
        ]
        require(
            len(lines) == len(labels), Phrase("info_for_client has {lines} lines", lines=len(lines))
        )
        shown = {}
        for word, label, line in zip(self.bank.show, labels, lines, strict=True):
            require(line.startswith(label), Phrase("no line begins with {label}", label=label))
            shown[word] = line.removeprefix(label)
        debt = forms.money(shown["debt"]) if "debt" in shown else None
        return Reading(code, debt=debt, name=shown.get("name"))

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
