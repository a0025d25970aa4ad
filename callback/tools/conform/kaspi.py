"""The bank's side of kaspi.md: Kaspi.kz and Halyk, JSON or XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, require
from callback.tools.conform.simulator import EVERY_WAY, QUERY_ORDER, QuerySimulator, Sheet

if TYPE_CHECKING:
    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="kaspi.md",
    sections={
        "proof": "2",
        "transport": "2",
        "request": "3",
        "order": "4",
        "answers": "5",
        "codes": "6",
        "repeats": "7",
        "cancel": "8",
    },
    codes={
        "ok": "0",
        "duplicate_same": "0",
        "unknown_account": "1",
        "bad_account": "1",
        "account_closed": "2",
        "account_blocked": "2",
        "payment_cancelled": "2",
        "already_paid": "3",
        "sum_too_small": "5",
        "sum_too_large": "5",
        "bad_sum": "5",
        "bad_id": "5",
        "bad_date": "5",
        "bad_request": "5",
        "unknown_command": "5",
        "duplicate_other": "5",
    },
    acts={"check": "check", "pay": "pay"},
    unknown_acts=("PAY", "pay ", "cancel", "getInfo", "", ABSENT),
    names={
        "act": "command",
        "id": "txn_id",
        "account": "account",
        "sum": "sum",
        "time": "txn_date",
    },
    slots={
        "check": ("act", "id", "account", "sum"),
        "pay": ("act", "id", "account", "sum", "time"),
    },
    optional_in_check=("id", "sum"),
    ignored_in_check=("sum", "time"),
    repeat_first=("time",),
    malformed_is_other=("account",),
    order=QUERY_ORDER,
    longest_id=20,
    bounded_years=True,
    by_post=EVERY_WAY,
    impossible_dates=("20260230120000", "20261103241500", "00000000000000", "2026-11-03"),
    absent={"account": "bad_request"},
    floor=True,
)
DATA = {"prv_txn", "prv_txn_id", "sum", "fields", "bin"}


class Kaspi(QuerySimulator):
    """Kaspi and Halyk."""

    SHEET = SHEET

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        return f"{step.at:%Y%m%d%H%M%S}" if slot == "time" else super().value(slot, step)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        members, shown = self._members(reply)
        code = str(members.get("result", "missing"))
        echo = members.get("txn_id")
        require(
            echo == self.echo(step),
            Phrase("txn_id is {echo!r}, not {step!r}", echo=echo, step=self.echo(step)),
        )
        require("comment" in members, Phrase("there is no comment"))
        if code != self.code(step.act, "ok"):
            require(not DATA & members.keys(), Phrase("a refusal carries data"))
            return Reading(code)
        bin_of_ours = self.bank.own["bin"] or None
        require(
            members.get("bin") == bin_of_ours, Phrase("bin is {value!r}", value=members.get("bin"))
        )
        if step.act == "check":
            debt = forms.money(members.get("sum")) if "debt" in self.bank.show else None
            require(("sum" in members) == ("debt" in self.bank.show), Phrase("sum: against `show`"))
            return Reading(code, debt=debt, name=self._name(shown))
        return Reading(code, self._receipt(step, members))

    def _members(self, reply: Reply) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
        """The members of an answer, and of the fields in it title and text."""
        if self.bank.own["format"] == "xml":
            root = forms.read_xml(reply, "text/xml")
            fields = {
                field.tag: (field.get("name"), field.text) for field in root.iterfind("fields/")
            }
            return dict(forms.texts(root, "response")), fields
        members = forms.read_json(reply)
        require(type(members.get("result")) is int, Phrase("result is not a number"))
        shown = members.get("fields", {})
        return members, {tag: (shown[tag]["@name"], shown[tag]["#text"]) for tag in shown}

    def _name(self, shown: dict[str, tuple[Any, Any]]) -> str | None:
        """What is shown besides the debt stands in fields, numbered in the order of `show`."""
        words = [word for word in self.bank.show if word != "debt"]
        titles = {f"field{at}": self.bank.labels[word] for at, word in enumerate(words, start=1)}
        require(
            {tag: title for tag, (title, _) in shown.items()} == titles,
            Phrase("fields is {shown}", shown=shown),
        )
        return str(shown[f"field{words.index('name') + 1}"][1] or "") if "name" in words else None

    def _receipt(self, step: Step, members: dict[str, Any]) -> dict[str, str]:
        names = ("prv_txn",) if self.bank.own["format"] == "xml" else ("prv_txn", "prv_txn_id")
        numbers = {members.get(name) for name in names}
        number = numbers.pop()
        require(not numbers, Phrase("prv_txn and prv_txn_id differ"))
        require(
            isinstance(number, str) and number.isdecimal(), Phrase("prv_txn is no text of digits")
        )
        require(
            forms.money(members.get("sum")) == step.sum,
            Phrase("sum is not {sum:.2f}", sum=step.sum),
        )
        return {"number": str(number), "sum": members["sum"]}


SIMULATOR = Kaspi
