"""The bank's side of sberbank.md: Sberbank's protocol No.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, require
from callback.tools.conform.simulator import (
    EVERY_WAY,
    QUERY_ORDER,
    ZERO,
    QuerySimulator,
    Sheet,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from callback.tools.conform.model import Reply, Slot, Step

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
    malformed_is_other=("account",),
    order=QUERY_ORDER,
    longest_id=20,
    bounded_years=True,
    by_post=EVERY_WAY,
    ignored_in_check=("sum", "id", "time"),
    impossible_dates=("30.02.2026_12:00:00", "20260230120000", "2026-11-03", "03.11.2026 12:00:00"),
)
RECEIPT = {"number": "EXT_ID", "time": "REG_DATE", "sum": "AMOUNT"}
SHOWN = {"name": ("FIO",), "address": ("ADDRESS",), "debt": ("BALANCE", "REC_SUM")}


class Sberbank(QuerySimulator):
    """Sberbank, and regional systems that took its codes."""

    SHEET = SHEET

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        return f"{step.at:%d.%m.%Y_%H:%M:%S}" if slot == "time" else super().value(slot, step)

    def spellings(self, step: Step) -> Iterator[tuple[Slot, Any]]:
        """Also the other form of a date, and letters of the command."""
        yield from super().spellings(step)
        yield "act", self.value("act", step).upper()
        if step.act == "pay":
            yield "time", f"{step.at:%Y%m%d%H%M%S}"

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        texts = forms.texts(forms.read_xml(reply, "text/xml"), "response")
        code = texts.get("CODE", "")
        require("MESSAGE" in texts, Phrase("there is no <MESSAGE>"))
        data = texts.keys() - {"CODE", "MESSAGE"}
        if self.word(step.act, code) != "done":
            require(not data, Phrase("a refusal carries data"))
            return Reading(code)
        if step.act == "pay":
            return self._receipt(step, texts)
        wanted = {tag for word in self.bank.show for tag in SHOWN[word]}
        require(data == wanted, Phrase("it shows {data}, not {wanted}", data=data, wanted=wanted))
        return Reading(code, debt=self._debt(texts), name=texts.get("FIO"))

    def _receipt(self, step: Step, texts: dict[str, str]) -> Reading:
        for tag in RECEIPT.values():
            require(texts.get(tag), Phrase("there is no <{tag}>", tag=tag))
        require(texts["EXT_ID"].isdecimal(), Phrase("<EXT_ID> is not a number"))
        require(
            forms.money(texts["AMOUNT"]) == step.sum,
            Phrase("<AMOUNT> is not {sum:.2f}", sum=step.sum),
        )
        return Reading(texts["CODE"], {name: texts[tag] for name, tag in RECEIPT.items()})

    def _debt(self, texts: dict[str, str]) -> Decimal | None:
        if "debt" not in self.bank.show:
            return None
        balance = forms.money(texts.get("BALANCE"))
        require(texts["BALANCE"] != "-0.00", "<BALANCE> is -0.00")
        debt = balance if self.bank.own["balance_sign"] == "debt" else -balance
        recommended = forms.money(texts.get("REC_SUM"))
        require(recommended == max(debt, ZERO), Phrase("<REC_SUM> is not what is owed"))
        return debt


SIMULATOR = Sberbank
