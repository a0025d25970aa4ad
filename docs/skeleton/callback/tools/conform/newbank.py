"""The bank's side of newbank.md. Written from the sheet, without a look at the module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, require
from callback.tools.conform.simulator import QUERY_ORDER, QuerySimulator, Sheet

if TYPE_CHECKING:
    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="newbank.md",
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
        "temporary": "1",
        "unknown_account": "2",
        "bad_account": "2",
        "account_closed": "2",
        "account_blocked": "2",
        "already_paid": "2",
        "bad_sum": "3",
        "sum_too_small": "3",
        "sum_too_large": "3",
        "duplicate_other": "4",
        "payment_cancelled": "4",
        "bad_request": "5",
        "bad_id": "5",
        "bad_date": "5",
        "unknown_command": "5",
    },
    acts={"check": "check", "pay": "pay"},
    unknown_acts=("PAY", "pay ", "cancel", "", ABSENT),
    names={"act": "command", "id": "id", "account": "account", "sum": "sum", "time": "date"},
    slots={"check": ("act", "account"), "pay": ("act", "id", "account", "sum", "time")},
    wrong_methods=("HEAD", "POST", "PUT", "DELETE"),
    ignored_in_check=("sum",),
    repeat_first=("time",),
    malformed_is_other=("account",),
    order=QUERY_ORDER,
    longest_id=20,
    bounded_years=True,
    impossible_dates=("20260230120000", "20261103241500", "2026-11-03"),
)


class NewBank(QuerySimulator):
    """New Bank."""

    SHEET = SHEET

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        return f"{step.at:%Y%m%d%H%M%S}" if slot == "time" else super().value(slot, step)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        answer = forms.read_json(reply)
        code = str(answer.get("code", "missing"))
        require(isinstance(answer.get("message"), str), "there is no message")
        if code != self.code(step.act, "ok"):
            require(answer.keys() == {"code", "message"}, "a refusal carries data")
            return Reading(code)
        if step.act == "check":
            debt = forms.money(answer.get("debt")) if self.tells_debt() else None
            return Reading(code, debt=debt, name=answer.get("name"))
        number = answer.get("payment")
        require(isinstance(number, str) and number.isdecimal(), "payment is no text of digits")
        require(forms.money(answer.get("sum")) == step.sum, f"sum is not {step.sum:.2f}")
        return Reading(code, {"number": str(number), "sum": answer["sum"]})


SIMULATOR = NewBank
