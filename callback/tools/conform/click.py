"""The bank's side of click.md: Click's SHOP-API, a signed form in two phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from callback.phrase import Phrase
from callback.proofs import md5_hex
from callback.tools.conform import forms
from callback.tools.conform.forms import Members
from callback.tools.conform.model import ABSENT, Reading, Request, require
from callback.tools.conform.simulator import Hostile, Sheet, TextSimulator
from callback.wire import FORM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from callback.bank import Bank
    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="click.md",
    sections={
        "proof": "2",
        "transport": "2",
        "request": "3",
        "order": "4",
        "answers": "5",
        "codes": "6",
        "states": "7",
        "repeats": "8",
        "cancel": "7",
    },
    codes={
        "ok": "0",
        "cancel.ok": "-9",  # a Complete with an error of theirs
        "pay.duplicate_same": "0",
        "perform.duplicate_same": "-4",
        "cancel.duplicate_same": "-9",
        "cancel.payment_not_found": "-9",  # its Prepare was refused
        "another_payment": "-6",
        "repeat_of_paid": "-4",
        "already_paid": "-4",
        "cancel_refused": "-4",
        "bad_signature": "-1",
        "no_signature": "-8",  # a field that is missing
        "bad_service": "-1",
        "bad_sum": "-2",
        "sum_differs": "-2",
        "sum_too_small": "-2",
        "sum_too_large": "-2",
        "unknown_command": "-3",
        "unknown_account": "-5",
        "bad_account": "-5",
        "account_closed": "-5",
        "account_blocked": "-5",
        "payment_not_found": "-6",
        "pay.temporary": "-7",
        "check.temporary": "-7",
        "bad_request": "-8",
        "bad_id": "-8",
        "bad_date": "-8",
        "duplicate_other": "-8",
        "payment_cancelled": "-9",
    },
    acts={"pay": "0", "perform": "1", "cancel": "1"},
    unknown_acts=("5", "2", "00", " 0", "-1", ""),
    names={
        "id": "click_trans_id",
        "service": "service_id",
        "account": "merchant_trans_id",
        "number": "merchant_prepare_id",
        "sum": "amount",
        "act": "action",
        "time": "sign_time",
    },
    slots={
        "pay": ("id", "service", "account", "sum", "act", "time"),
        "perform": ("id", "service", "account", "number", "sum", "act", "time"),
        "cancel": ("id", "service", "account", "number", "sum", "act", "time"),
    },
    two_phase=True,
    exact_invoice=True,
    wrong_methods=("GET", "HEAD", "PUT", "DELETE"),
    impossible_dates=("2026-02-30 12:00:00", "2026-03-16T12:00:00", "16.03.2026 12:00:00"),
    absent=dict.fromkeys(("id", "account", "sum", "time"), "bad_request"),
    order=(
        *("twice", "no account", "service", "act", "id", "time", "sum", "account", "limits"),
        "payer",
    ),
    longest_id=20,
    perform_names={
        "number": "payment_not_found",
        "account": "payment_not_found",
        "sum": "sum_differs",
    },
    cancel_names={"number": "another_payment", "account": "another_payment"},
    unsigned=("check",),
    floor=True,
)
INFO = "info"
GAVE_UP = "-5017"


class Click(TextSimulator):
    """Click, Prepare and Complete."""

    SHEET = SHEET

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        self.codes["perform.duplicate_same"] = bank.own["repeat_complete"]
        if bank.show:
            self.acts["check"] = INFO

    def refunds(self) -> bool:
        """Section 8."""
        return bool(self.bank.own["late_cancel"] == "cancel")

    def signs(self) -> bool:
        """Section 2."""
        return True

    def sum_form(self) -> str:
        """A sum may lack its decimals, or one of them."""
        return "float"

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        if slot == "service":
            return self.bank.own["service_id"]
        return f"{step.at:%Y-%m-%d %H:%M:%S}" if slot == "time" else super().value(slot, step)

    def malformed(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[Any]:
        """Also a zero before a sum."""
        yield from super().malformed(slot, step, probe)
        if slot == "sum":
            yield f"0{probe:.2f}"

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Also another service, which another secret belongs to."""
        yield from super().wrong(slot, step, probe)
        if slot == "service":
            yield from (("1", "bad_service"), (ABSENT, "bad_request"))

    def request(self, step: Step) -> Request:
        """A form; what is signed is what is sent."""
        if step.act == "check":
            return self._get_info(step)
        names = self.SHEET.names
        slots = {slot: self.member(names[slot], slot, step) for slot in self.SHEET.slots[step.act]}
        pairs = [pair for slot in slots for pair in slots[slot]]
        pairs += [
            ("click_paydoc_id", "55"),
            ("error", GAVE_UP if step.act == "cancel" else "0"),
            ("error_note", ""),
        ]
        if step.proof != "no sign":
            sign = self._sign([value for members in slots.values() for _, value in members[:1]])
            wrong = ("0" if sign[0] != "0" else "1") + sign[1:]
            pairs.append(("sign_string", wrong if step.proof == "wrong sign" else sign))
        return Request(body=urlencode([*pairs, *step.extra]).encode(), content_type=FORM)

    def hostile(self, step: Step) -> Iterator[Hostile]:
        """What is no form has no fields."""
        good = self.request(step)
        yield Hostile("an empty body", good._replace(body=b""))
        yield Hostile("a form that is called JSON", good._replace(content_type="application/json"))
        yield Hostile("JSON", good._replace(body=b'{"action":0}', content_type="application/json"))
        yield Hostile("a query", good._replace(query=(good.body or b"").decode(), body=b""))
        signed = (good.body or b"").partition(b"sign_string=")[0]
        yield Hostile(
            "a sign of other letters",
            good._replace(body=signed + "sign_string=ключ".encode()),
            "bad_signature",
        )

    def oversized(self, step: Step) -> Request:
        """A field that nobody knows makes it long."""
        good = self.request(step)
        return good._replace(body=(good.body or b"") + b"&zz=" + b"x" * 70_000)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        members = forms.read_json(reply)
        error = members.get("error")
        require(type(error) is int, Phrase("error is no whole number"))
        require(isinstance(members.get("error_note"), str), Phrase("error_note is no text"))
        if step.act == "check":
            return self._shown(members) if error == 0 else Reading(str(error))
        receipt = {}
        for name, member in (("number", "merchant_prepare_id"), ("confirm", "merchant_confirm_id")):
            if member in members:
                require(
                    type(members[member]) is int,
                    Phrase("{member} is no whole number", member=member),
                )
                receipt[name] = str(members[member])
        if error == 0:
            require(
                members.get("click_trans_id") == int(step.id),
                Phrase("click_trans_id is not theirs"),
            )
            is_same = members.get("merchant_trans_id") == step.account
            require(is_same, Phrase("merchant_trans_id is another"))
            require("number" in receipt, Phrase("there is no merchant_prepare_id"))
            require(
                step.act == "pay" or "confirm" in receipt, Phrase("there is no merchant_confirm_id")
            )
        return Reading(str(error), receipt)

    def _get_info(self, step: Step) -> Request:
        """JSON, with a sign where it is to be wrong: without one it is right, too (section 9)."""
        number = self.member(self.bank.own["account_field"], "account", step)
        body = {
            "action": 0,
            "service_id": int(self.bank.own["service_id"]),
            "params": Members(number),
            **dict(step.extra),
        }
        if step.proof == "wrong sign":
            body["sign_string"] = "0" * 32
        text = forms.write_json(Members(body.items()))
        return Request(path=INFO, body=text.encode(), content_type="application/json")

    def _shown(self, members: dict[str, Any]) -> Reading:
        params = members.get("params")
        require(isinstance(params, dict), Phrase("there are no params"))
        shown = {word: (params or {}).get(self.bank.labels[word]) for word in self.bank.show}
        debt = forms.money(shown["debt"]) if "debt" in shown else None
        return Reading("0", debt=debt, name=shown.get("name"))

    def _sign(self, values: list[Any]) -> str:
        """`values` as sent: two of them, the secret, the others."""
        texts = [value if isinstance(value, bytes) else str(value).encode() for value in values]
        return md5_hex(*texts[:2], self.bank.secret[-1], *texts[2:])


SIMULATOR = Click
