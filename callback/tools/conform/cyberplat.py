"""The bank's side of cyberplat.md: CyberPlat and Kassa24, XML or JSON, perhaps signed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, Request, require
from callback.tools.conform.simulator import (
    EVERY_WAY,
    QUERY_ORDER,
    ZERO,
    QuerySimulator,
    Sheet,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callback.bank import Bank
    from callback.tools.conform.model import Reply, Slot, Step
    from callback.tools.conform.simulator import Way

SHEET = Sheet(
    name="cyberplat.md",
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
        "bad_signature": "-4",
        "no_signature": "-4",
        "bad_type": "-2",
        "unknown_command": "1",
        "bad_request": "1",
        "unknown_account": "2",
        "bad_account": "2",
        "account_closed": "2",
        "account_blocked": "2",
        "already_paid": "2",
        "bad_sum": "3",
        "sum_too_small": "3",
        "sum_too_large": "3",
        "bad_id": "4",
        "duplicate_other": "4",
        "bad_date": "5",
        "payment_not_found": "6",
        "payment_cancelled": "7",
        "status.temporary": "8",
        "cancel_refused": "9",
    },
    acts={"check": "check", "pay": "payment", "status": "status", "cancel": "cancel"},
    unknown_acts=("Payment", "pay", "payment ", ""),
    names={
        "act": "action",
        "id": "receipt",
        "account": "number",
        "sum": "amount",
        "time": "date",
    },
    slots={
        "check": ("act", "account", "sum"),
        "pay": ("act", "account", "sum", "id", "time"),
        "status": ("act", "id"),
        "cancel": ("act", "id"),
    },
    optional_in_check=("sum",),
    repeat_first=("time",),
    malformed_is_other=("account",),
    order=QUERY_ORDER,
    longest_id=20,
    bounded_years=True,
    by_post=EVERY_WAY,
    ignored_in_check=("id", "time"),
    impossible_dates=("2026-02-30T10:00:00", "2026-11-03 10:00:00", "03.11.2026", "20261103100000"),
)


class Cyberplat(QuerySimulator):
    """CyberPlat and Kassa24."""

    SHEET = SHEET

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        if not bank.own["cancel"]:
            self.codes["cancel.payment_not_found"] = self.codes["cancel_refused"]

    def signs(self) -> bool:
        """Section 2."""
        return bool(self.bank.own["bank_key"])

    def needs_key(self) -> bool:
        """Section 2: an RSA key, whose public half is bank_key."""
        return self.signs()

    def refunds(self) -> bool:
        """Section 8."""
        return bool(self.bank.own["cancel"])

    def unknown_acts(self) -> Sequence[Any]:
        """A signed request must begin with its action."""
        return self.SHEET.unknown_acts if self.signs() else (*self.SHEET.unknown_acts, ABSENT)

    def by_post(self) -> Sequence[Way]:
        """What is signed is the query of a GET."""
        return () if self.signs() else self.SHEET.by_post

    def debt_after(self, debt: Decimal) -> Decimal:
        """JSON has no place for a negative one."""
        return max(debt, ZERO) if self.bank.own["format"] == "json" else debt

    def service(self) -> forms.Pairs:
        """Section 3: a type, where any are agreed."""
        return [("type", self.bank.own["types"][0])] if self.bank.own["types"] else []

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        return f"{step.at:%Y-%m-%dT%H:%M:%S}" if slot == "time" else super().value(slot, step)

    def request(self, step: Step) -> Request:
        """A GET, whose raw query is signed."""
        query = urlencode(self.fields(step))
        if self.sign and step.proof != "no sign":
            right = self.sign(query.encode()).hex()
            wrong = ("0" if right[0] != "0" else "1") + right[1:]
            query += f"&sign={wrong if step.proof == 'wrong sign' else right}"
        return Request("GET", query=query)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        if self.bank.own["format"] == "json":
            members = {name.lower(): value for name, value in forms.read_json(reply).items()}
        else:
            members = dict(forms.texts(forms.read_xml(reply, "text/xml"), "response"))
        code = members.get("code")
        require(isinstance(code, str), Phrase("there is no code, or it is no text"))
        require("message" in members, Phrase("there is no message"))
        require("sign" in members or not self.bank.own["own_key"], Phrase("there is no <sign>"))
        ok = code == self.code(step.act, "ok")
        if ok and step.act == "check":
            return self._shown(str(code), members)
        cancelled = step.act == "status" and code == self.code("status", "payment_cancelled")
        if ok or cancelled:
            return self._receipt(step, members, cancelled)
        require(
            not {"authcode", "date", "invoice"} & members.keys(), Phrase("a refusal carries data")
        )
        return Reading(str(code))

    def _receipt(self, step: Step, members: dict[str, Any], cancelled: bool) -> Reading:
        number = str(members.get("authcode", ""))
        require(number.isdecimal(), Phrase("authcode is not a number"))
        require(members.get("date"), Phrase("there is no date"))
        when = "cancelled" if step.act == "cancel" else "time"
        state = "cancelled" if cancelled else "paid"
        return Reading(members["code"], {"number": number, when: members["date"]}, state=state)

    def _shown(self, code: str, members: dict[str, Any]) -> Reading:
        """Section 5: in the message, but of JSON's debt."""
        is_json = self.bank.own["format"] == "json"
        words = [word for word in self.bank.show if not (is_json and word == "debt")]
        texts = members["message"].split("; ")[1:]
        require(len(texts) == len(words), Phrase("message does not tell what `show` has"))
        shown = dict(zip(words, texts, strict=True))
        if "debt" not in self.bank.show:
            return Reading(code, name=shown.get("name"))
        debt = _invoice(members) if is_json else forms.money(shown["debt"])
        return Reading(code, debt=debt, name=shown.get("name"))


def _invoice(members: dict[str, Any]) -> Decimal:
    invoice = members.get("invoice")
    require(isinstance(invoice, list) and len(invoice) == 1, Phrase("there is not one Invoice"))
    amount = invoice[0].get("amount") if invoice else None
    require(isinstance(amount, Decimal), Phrase("amount is not a number with two decimals"))
    return Decimal(amount or 0)


SIMULATOR = Cyberplat
