"""The bank's side of sberbank.md: Sberbank's protocol No.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.conform import forms
from callback.conform.player import ZERO, QueryPlayer, Sheet
from callback.conform.words import ABSENT, Heard, require

if TYPE_CHECKING:
    from decimal import Decimal

    from callback.conform.words import Ask, Reply, Slot

SHEET = Sheet(
    name="sberbank.md",
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
        "temporary": "1",
        "unknown_command": "2",
        "unknown_account": "3",
        "bad_account": "4",
        "account_closed": "5",
        "account_blocked": "5",
        "already_paid": "5",
        "bad_id": "6",
        "duplicate_other": "6",
        "duplicate_same": "8",
        "bad_sum": "9",
        "sum_too_small": "10",
        "sum_too_large": "11",
        "bad_date": "12",
        "bad_request": "300",
        "payment_cancelled": "300",
    },
    acts={"check": "check", "pay": "payment"},
    unknown_acts=("pay", "payment ", "cancel", "", ABSENT),
    names={
        "act": "ACTION",
        "id": "PAY_ID",
        "account": "ACCOUNT",
        "sum": "AMOUNT",
        "time": "PAY_DATE",
    },
    slots={
        "check": ("act", "account"),
        "pay": ("act", "account", "sum", "id", "time"),
    },
    repeat_first=("time",),
    impossible_dates=("30.02.2026_12:00:00", "20260230120000", "2026-11-03", "03.11.2026 12:00:00"),
)
RECEIPT = {"number": "EXT_ID", "time": "REG_DATE", "sum": "AMOUNT"}
SHOWN = {"FIO", "ADDRESS", "BALANCE", "REC_SUM"}


class Sberbank(QueryPlayer):
    """Sberbank, and regional systems that took its codes."""

    SHEET = SHEET

    def value(self, slot: Slot, ask: Ask) -> Any:
        """Section 3."""
        return f"{ask.at:%d.%m.%Y_%H:%M:%S}" if slot == "time" else super().value(slot, ask)

    def hear(self, ask: Ask, reply: Reply) -> Heard:
        """Section 5."""
        found = forms.texts(forms.read_xml(reply, "text/xml"), "response")
        code = found.get("CODE", "")
        require("MESSAGE" in found, "there is no <MESSAGE>")
        if self.word(ask.act, code) != "done":
            require(not (SHOWN | {*RECEIPT.values()}) & found.keys(), "a refusal carries data")
            return Heard(code)
        return Heard(code, debt=self._debt(found)) if ask.act == "check" else self._paid(ask, found)

    def _paid(self, ask: Ask, found: dict[str, str]) -> Heard:
        for tag in RECEIPT.values():
            require(found.get(tag), f"there is no <{tag}>")
        require(found["EXT_ID"].isdecimal(), "<EXT_ID> is not a number")
        require(forms.money(found["AMOUNT"]) == ask.sum, f"<AMOUNT> is not {ask.sum:.2f}")
        return Heard(found["CODE"], {name: found[tag] for name, tag in RECEIPT.items()})

    def _debt(self, found: dict[str, str]) -> Decimal | None:
        if "debt" not in self.bank.show:
            return None
        balance = forms.money(found.get("BALANCE"))
        require(found["BALANCE"] != "-0.00", "<BALANCE> is -0.00")
        debt = balance if self.bank.own["balance_sign"] == "debt" else -balance
        recommended = forms.money(found.get("REC_SUM"))
        require(recommended == max(debt, ZERO), "<REC_SUM> is not what is owed")
        return debt
