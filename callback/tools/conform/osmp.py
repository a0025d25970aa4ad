"""The bank's side of osmp.md: QIWI and the OSMP family, Sberbank's protocol No.2 among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, require
from callback.tools.conform.simulator import QuerySimulator, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal
    from xml.etree.ElementTree import Element

    from callback.bank import Bank
    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="osmp.md",
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
        "bad_account": "4",
        "unknown_account": "5",
        "account_blocked": "7",
        "already_paid": "7",
        "payment_cancelled": "7",
        "cancel_refused": "7",
        "account_closed": "79",
        "sum_too_small": "241",
        "sum_too_large": "242",
        "bad_id": "300",
        "bad_date": "300",
        "bad_sum": "300",
        "bad_request": "300",
        "unknown_command": "300",
        "duplicate_other": "300",
        "payment_not_found": "300",
    },
    acts={"check": "check", "pay": "pay"},
    unknown_acts=("PAY", "pay ", "refund", "", ABSENT),
    names={
        "act": "command",
        "id": "txn_id",
        "account": "account",
        "sum": "sum",
        "time": "txn_date",
        "number": "cancel_txn_id",
    },
    slots={
        "check": ("act", "id", "account", "sum"),
        "pay": ("act", "id", "account", "sum", "time"),
        "cancel": ("act", "id", "number"),
    },
    optional_in_check=("id", "sum"),
    repeat_first=("time",),
    impossible_dates=("20260230120000", "20261103241500", "00000000000000", "2026-11-03"),
    absent={"account": "bad_request"},
)
DATA = {"prv_txn", "sum", "fields", "info", "ext_id", "reg_date", "fio", "address", "balance"}


class Osmp(QuerySimulator):
    """QIWI and its relatives."""

    SHEET = SHEET

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        if bank.own["cancel"]:
            self.acts["cancel"] = "cancel"

    def refunds(self) -> bool:
        """Section 8."""
        return "cancel" in self.acts

    def optional_in_pay(self) -> Sequence[Slot]:
        """Section 3, `txn_date`."""
        return ("time",) if self.bank.own["txn_date"] == "optional" else ()

    def malformed(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[Any]:
        """An id is as long as the settings let it be."""
        for value in super().malformed(slot, step, probe):
            yield "9" * (self.bank.own["txn_id_max"] + 1) if value == "9" * 21 else value

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """A date may lack, where the settings say so."""
        for value, outcome in super().wrong(slot, step, probe):
            if not (value is ABSENT and slot in self.optional_in_pay()):
                yield value, outcome

    def value(self, slot: Slot, step: Step) -> Any:
        """A cancel has an id of its own, which is made of the payment's."""
        if slot == "time":
            return f"{step.at:%Y%m%d%H%M%S}"
        if step.act == "cancel" and slot in ("id", "number"):
            return f"9{step.id}" if slot == "id" else step.id
        return super().value(slot, step)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        root = forms.read_xml(reply, "text/xml")
        found = forms.texts(root, "response")
        code = found.get("result", "")
        self._want_echo(step, found)
        require("comment" in found, "there is no <comment>")
        if code != self.code(step.act, "ok"):
            require(not DATA & found.keys(), "a refusal carries data")
            return Reading(code)
        if step.act == "check":
            return Reading(code, debt=self._debt(root))
        return Reading(code, self._receipt(step, found))

    def _want_echo(self, step: Step, found: dict[str, str]) -> None:
        tag = self.bank.own["id_tag"]
        if not tag:
            require("osmp_txn_id" not in found, "there is an <osmp_txn_id>")
            return
        require(tag in found, f"there is no <{tag}>")
        echo = self.value("id", step) if "id" not in step.change else ""
        require(found[tag] in (echo, ""), f"<{tag}> is {found[tag]!r}, not {echo!r}")

    def _receipt(self, step: Step, found: dict[str, str]) -> dict[str, str]:
        names = {"number": "prv_txn", "sum": "sum"}
        pays = step.act == "pay"
        if pays and self.bank.own["sberbank_tags"]:  # sberbank.md, section 14
            names |= {"ext_id": "ext_id", "time": "reg_date"}
        if pays and self.bank.own["date_tag"]:
            names["date"] = self.bank.own["date_tag"]
        for tag in names.values():
            require(found.get(tag), f"there is no <{tag}>")
        require(found["prv_txn"].isdecimal(), "<prv_txn> is not a number")
        require(forms.money(found["sum"]) == step.sum, f"<sum> is not {step.sum:.2f}")
        return {name: found[tag] for name, tag in names.items()}

    def _debt(self, root: Element) -> Decimal | None:
        if "debt" not in self.bank.show:
            return None
        if self.bank.own["sberbank_tags"]:
            balance = forms.money(root.findtext("balance"))
            return balance if self.bank.own["balance_sign"] == "debt" else -balance
        label = self.bank.labels["debt"]
        path = "info/extra" if self.bank.own["fields_form"] == "extra" else "fields/"
        shown = {field.get("name"): field.text for field in root.iterfind(path)}
        require(label in shown, f"no field is named {label}")
        return forms.money(shown[label])


SIMULATOR = Osmp
