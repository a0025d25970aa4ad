"""The bank's side of nonstop.md: 24 Non Stop, 2click and AllTime, a signed query."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, Request, require
from callback.tools.conform.simulator import Hostile, QuerySimulator, Sheet
from callback.tools.conform.xml_simulator import hostile_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from callback.tools.conform.forms import Pairs
    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="nonstop.md",
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
        "check.ok": "21",
        "pay.ok": "22",
        "status.ok": "11",
        "duplicate_same": "-100",
        "duplicate_other": "-100",
        "payment_cancelled": "-100",
        "unknown_account": "-40",
        "bad_account": "-40",
        "account_closed": "-41",
        "account_blocked": "-41",
        "already_paid": "-41",
        "sum_too_small": "-42",
        "sum_too_large": "-42",
        "payment_not_found": "-10",
        "bad_request": "-101",
        "bad_id": "-101",
        "bad_sum": "-101",
        "bad_service": "-101",
        "unknown_command": "-101",
        "no_signature": "-101",
        "bad_signature": "-101",
        "check.temporary": "-90",
    },
    acts={"check": "1", "pay": "4", "status": "7"},
    unknown_acts=("2", "14", "47", "04", " 4", "4 ", "\u0664", "pay", "", ABSENT),
    names={
        "act": "ACT",
        "sum": "PAY_AMOUNT",
        "service": "SERVICE_ID",
        "account": "PAY_ACCOUNT",
        "id": "PAY_ID",
    },
    slots={
        "check": ("act", "account", "id"),
        "pay": ("act", "sum", "account", "id"),
        "status": ("act", "id"),
    },
    ids_are_digits=False,
    wrong_ids=("a b", "a_b", " a", "a\n", "ключ", "\u0665", "x" * 65, "a.b"),
    malformed_is_other=("account",),
    ids_have_letters=True,
    longest_id=64,
    order=("twice", "service", "act", "id", "account", "sum", "limits", "payer"),
    optional_in_check=("id",),
    absent={"account": "bad_request"},
)
# What is signed, before the secret; the sum only where the older paper is spoken.
SIGNED: Sequence[Slot] = ("act", "account", "service", "id")
DATA = {"balance", "name", "account", "pay_id", "amount", "transaction"}
RECEIPT_NUM, TRADE_POINT = "1846427660", "7523"
STATES = {"111": "paid", "130": "cancelled"}


class Nonstop(QuerySimulator):
    """Terminals of the family."""

    SHEET = SHEET

    def id(self, number: int) -> str:
        """A GUID, as far as it goes."""
        return f"c9d93d03-3822-4229-{number}"

    def signs(self) -> bool:
        """Section 2."""
        return True

    def slots(self) -> Sequence[Slot]:
        """The service where it is tested."""
        return (*super().slots(), *self._service())

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        return self.bank.own["service_id"][0] if slot == "service" else super().value(slot, step)

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Also another service; there is no date."""
        if slot == "service":
            known = self.value("service", step)
            others = ("x", "", f"{known} ", known.swapcase(), b"\xff" + known.encode(), ABSENT)
            yield from ((other, "bad_service") for other in others if other != known)
        elif slot in self.SHEET.slots["pay"]:
            yield from super().wrong(slot, step, probe)

    def fields(self, step: Step) -> Pairs:
        """The parameters, and the sign over their bytes."""
        slots = {
            slot: self.member(self.SHEET.names[slot], slot, step)
            for slot in (*self.SHEET.slots[step.act], *self._service())
        }
        pairs = [pair for members in slots.values() for pair in members]
        if step.act == "pay":
            pairs.append(("RECEIPT_NUM", RECEIPT_NUM))
        if step.act != "status":
            pairs.append(("TRADE_POINT", TRADE_POINT))
        if step.proof != "no sign":
            sign = self._sign({slot: members[0][1] for slot, members in slots.items() if members})
            wrong = ("0" if sign[0] != "0" else "1") + sign[1:]
            pairs.append(("SIGN", wrong if step.proof == "wrong sign" else sign))
        return [*pairs, *step.extra]

    def hostile(self, step: Step) -> Iterator[Hostile]:
        """Section 3: the body of those that send XML."""
        good = self._xml(self.fields(step))
        for what, document in hostile_documents(good):
            yield Hostile(what, _post(document))
        yield Hostile("another root", _post(good.replace("pay-request>", "request>")))
        yield Hostile("an element twice", _post(good.replace("<act>", "<act>4</act><act>")))
        yield Hostile("names in upper case", _post(good.upper()))
        yield Hostile("a form", _post(urlencode(self.fields(step))))
        yield Hostile("a query", _post("")._replace(query=urlencode(self.fields(step))))
        deep = "<a>" * 10 + "</a>" * 10
        yield Hostile("more than ten levels", _post(good.replace("<act>", f"{deep}<act>")))

    def oversized(self, step: Step) -> Request:
        """An element that nobody knows makes it long."""
        return _post(self._xml([*self.fields(step), ("zz", "x" * 70_000)]))

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        root = forms.read_xml(reply, "text/xml")
        texts = forms.texts(root, "pay-response")
        code = texts.get("status_code", "")
        require(texts.get("time_stamp"), Phrase("there is no <time_stamp>"))
        first = self.code(step.act, "ok")
        if code != first:
            require(not DATA & texts.keys(), Phrase("a refusal carries data"))
            return Reading(code)
        if step.act == "check":
            return Reading(code, debt=self._debt(step, texts), name=texts.get("name"))
        if step.act == "pay":
            require(
                texts.get("description", "").isdecimal(),
                Phrase("<description> is no number of ours"),
            )
            receipt = self._payment(step, texts)
            return Reading(code, {**receipt, "number": texts["description"]}, state="paid")
        transaction = forms.texts(_only(root, "transaction"), "transaction")
        state = STATES.get(transaction.get("status", ""), "")
        require(state, Phrase("<status> is {value!r}", value=transaction.get("status")))
        return Reading(code, self._payment(step, transaction), state=state)

    def _payment(self, step: Step, texts: dict[str, str]) -> dict[str, str]:
        """What pay and status tell alike."""
        require(texts.get("pay_id") == step.id, Phrase("<pay_id> is not the request's"))
        require(
            forms.money(texts.get("amount")) == step.sum,
            Phrase("<amount> is not {sum:.2f}", sum=step.sum),
        )
        self._want_service(step, texts)
        require(texts.get("time_stamp"), Phrase("there is no <time_stamp> of the payment"))
        return {"sum": texts["amount"], "time": texts["time_stamp"]}

    def _debt(self, step: Step, texts: dict[str, str]) -> Decimal | None:
        require(texts.get("account") == step.account, Phrase("<account> is not the request's"))
        self._want_service(step, texts)
        limits = (self.bank.min_sum, self.bank.max_sum)
        limits_told = tuple(forms.money(texts.get(tag)) for tag in ("min_amount", "max_amount"))
        require(
            limits_told == limits, Phrase("the limits are {limits_told}", limits_told=limits_told)
        )
        for word, tag in (("name", "name"), ("debt", "balance")):
            require(
                (tag in texts) == (word in self.bank.show),
                Phrase("<{tag}>: against `show`", tag=tag),
            )
        if "debt" not in self.bank.show:
            return None
        balance = forms.money(texts["balance"])
        return balance if self.bank.own["balance_sign"] == "debt" else -balance

    def _want_service(self, step: Step, texts: dict[str, str]) -> None:
        wanted = self.value("service", step) if self._service() else None
        require(texts.get("service_id") == wanted, Phrase("<service_id> is not the request's"))

    def _service(self) -> Sequence[Slot]:
        return ("service",) if self.bank.own["service_id"] else ()

    def _sign(self, values: dict[Slot, Any]) -> str:
        """Section 2: of what is sent, a value that is not there is empty."""
        older = self.bank.own["sign_amount"] and values.get("act") == self.acts["pay"]
        slots: Sequence[Slot] = (*SIGNED, "sum") if older else SIGNED
        parts = [values.get(slot, "") for slot in slots]
        raw = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
        text = b"_".join([*raw, self.bank.secret[-1]])
        return hashlib.new(self.bank.own["sign"], text, usedforsecurity=False).hexdigest()

    def _xml(self, pairs: Pairs) -> str:
        elements = (f"<{name.lower()}>{escape(value)}</{name.lower()}>" for name, value in pairs)
        return f"<pay-request>{''.join(elements)}</pay-request>"


def _post(text: str | bytes) -> Request:
    body = text if isinstance(text, bytes) else text.encode()
    return Request(body=body, content_type="text/xml")


def _only(root: Element, tag: str) -> Element:
    elements = root.findall(tag)
    require(len(elements) == 1, Phrase("there is not one <{tag}>", tag=tag))
    return elements[0]


SIMULATOR = Nonstop
