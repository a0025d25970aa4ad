"""The bank's side of kaspi.md: Kaspi.kz and Halyk, JSON or XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, require
from callback.tools.conform.simulator import QuerySimulator, Sheet

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
    repeat_first=("time",),
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
        found = self._read(reply)
        code = str(found.get("result", "missing"))
        echo = step.id if "id" not in step.change else ""
        require(found.get("txn_id") in (echo, ""), f"txn_id is {found.get('txn_id')!r}")
        require("comment" in found, "there is no comment")
        if code != self.code(step.act, "ok"):
            require(not DATA & found.keys(), "a refusal carries data")
            return Reading(code)
        if step.act == "check":
            debt = forms.money(found.get("sum")) if "debt" in self.bank.show else None
            return Reading(code, debt=debt)
        return Reading(code, self._receipt(step, found))

    def _read(self, reply: Reply) -> dict[str, Any]:
        if self.bank.own["format"] == "xml":
            return dict(forms.texts(forms.read_xml(reply, "text/xml"), "response"))
        found = forms.read_json(reply)
        require(type(found.get("result")) is int, "result is not a number")
        return found

    def _receipt(self, step: Step, found: dict[str, Any]) -> dict[str, str]:
        both = ("prv_txn",) if self.bank.own["format"] == "xml" else ("prv_txn", "prv_txn_id")
        numbers = {found.get(name) for name in both}
        number = numbers.pop()
        require(not numbers, "prv_txn and prv_txn_id differ")
        require(isinstance(number, str) and number.isdecimal(), "prv_txn is no text of digits")
        require(forms.money(found.get("sum")) == step.sum, f"sum is not {step.sum:.2f}")
        return {"number": str(number), "sum": found["sum"]}


SIMULATOR = Kaspi
