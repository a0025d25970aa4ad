"""The bank's side of ckassa.md: CKASSA (BISYS), a signed XML text in a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape  # writes only

from callback.phrase import Phrase
from callback.proofs import md5_hex
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, Request, require
from callback.tools.conform.simulator import Hostile, Sheet, TextSimulator
from callback.tools.conform.xml_simulator import hostile_documents
from callback.wire import FORM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="ckassa.md",
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
        "ok": "0",
        "duplicate_same": "1",
        "duplicate_other": "30",
        "unknown_account": "20",
        "bad_account": "20",
        "account_closed": "21",
        "account_blocked": "21",
        "already_paid": "21",
        "sum_too_small": "29",
        "sum_too_large": "29",
        "payment_not_found": "29",
        "payment_cancelled": "29",
        "bad_sum": "12",
        "bad_id": "12",
        "bad_date": "12",
        "unreadable": "12",
        "bad_request": "11",
        "unknown_command": "11",
        "no_signature": "11",
        "bad_signature": "13",
        "temporary": "90",
    },
    acts={"check": "1", "pay": "2", "status": "4"},
    unknown_acts=("9", "3", "02", " 2", "", ABSENT),
    names={
        "act": "act",
        "id": "pay_id",
        "account": "account",
        "sum": "pay_amount",
        "time": "pay_date",
    },
    slots={
        "check": ("act", "account"),
        "pay": ("act", "account", "sum", "id", "time"),
        "status": ("act", "id"),
    },
    ignored_in_check=("sum",),
    order=("twice", "act", "no account", "id", "sum", "time", "account", "limits", "payer"),
    longest_id=20,
    repeated="unreadable",
    wrong_methods=("GET", "HEAD", "PUT", "DELETE"),
    impossible_dates=("2026-02-30T12:00:00", "2026-03-16 12:00:00", "16.03.2026"),
    absent=dict.fromkeys(("id", "account", "sum", "time"), "bad_request"),
    empty=dict.fromkeys(("id", "account", "sum", "time"), "bad_request"),
    exact_invoice=True,
)
BEGIN, END = b"<params>", b"</params>"


class Ckassa(TextSimulator):
    """CKASSA."""

    SHEET = SHEET

    def signs(self) -> bool:
        """Section 2."""
        return True

    def sum_form(self) -> str:
        """Roubles with two decimals."""
        return "strict"

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        if slot == "sum" and self.bank.own["kopecks"]:
            return str(int(step.sum * 100))
        return f"{step.at:%Y-%m-%dT%H:%M:%S}" if slot == "time" else super().value(slot, step)

    def malformed(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[Any]:
        """XML has no place for some characters; whole numbers are sums where kopecks are sent."""
        for value in super().malformed(slot, step, probe):
            is_whole = slot == "sum" and self.bank.own["kopecks"] and value.isdecimal()
            if "\0" not in value and not (is_whole and value.isascii()):
                yield value

    def request(self, step: Step) -> Request:
        """The text and its sign, in one field of a form."""
        inner = self._inner(step)
        sign = "" if step.proof == "no sign" else f"<sign>{self._sign(step, inner)}</sign>"
        return _post(f"<request><params>{inner}</params>{sign}</request>")

    def hostile(self, step: Step) -> Iterator[Hostile]:
        """Section 4, steps 2 and 3."""
        inner = self._inner(step)
        sign = f"<sign>{self._sign(step, inner)}</sign>"
        good = f"<request><params>{inner}</params>{sign}</request>"
        for what, document in hostile_documents(good):
            yield Hostile(what, _post(document), "unreadable")
        other = inner.replace(self.value("sum", step), "999.00")
        hidden = f"<request><!--<params>{inner}</params>--><params>{other}</params>{sign}</request>"
        yield Hostile("params in a comment", _post(hidden), "unreadable")
        cdata = good.replace(step.account, f"<![CDATA[{step.account}]]>")
        yield Hostile("CDATA", _post(cdata), "unreadable")
        two = f"<request><params>{inner}</params><params>{other}</params>{sign}</request>"
        yield Hostile("two params", _post(two), "unreadable")
        yield Hostile("another root", _post(good.replace("request>", "req>")), "unreadable")
        yield Hostile("no field", Request(body=b"x=1", content_type=FORM))
        yield Hostile("an empty field", _post(""))
        field = urlencode({"params": good})
        yield Hostile(
            "the field twice",
            Request(body=f"{field}&{field}".encode(), content_type=FORM),
            "unreadable",
        )
        yield Hostile(
            "a sign of other letters",
            _post(f"<request><params>{inner}</params><sign>ключ</sign></request>"),
            "bad_signature",
        )

    def oversized(self, step: Step) -> Request:
        """A field that nobody knows makes it long."""
        good = self.request(step)
        return good._replace(body=(good.body or b"") + b"&zz=" + b"x" * 70_000)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        root = forms.read_xml(reply, "application/xml")
        params = root.find("params")
        require(
            root.tag == "response" and params is not None, Phrase("it is not response and params")
        )
        texts = {child.tag: child.text or "" for child in ([] if params is None else params)}
        code = texts.get("err_code", "")
        require("err_text" in texts, Phrase("there is no <err_text>"))
        sign = root.findtext("sign")
        if sign is not None:
            require(
                sign == self._answer_sign(step, reply.body), Phrase("the answer's sign is wrong")
            )
        if self.word(step.act, code) != "done":
            require(texts.keys() == {"err_code", "err_text"}, Phrase("a refusal carries data"))
            return Reading(code)
        require(sign is not None, Phrase("the answer is not signed"))
        if step.act == "check":
            return Reading(code, debt=self._debt(texts), name=texts.get("client_name"))
        require(texts.get("reg_id", "").isdecimal(), Phrase("<reg_id> is not a number"))
        require(texts.get("reg_date"), Phrase("there is no <reg_date>"))
        return Reading(code, {"number": texts["reg_id"], "time": texts["reg_date"]}, state="paid")

    def _inner(self, step: Step) -> str:
        pairs = [
            pair
            for slot in self.SHEET.slots[step.act]
            for pair in self.member(self.SHEET.names[slot], slot, step)
        ]
        members = [*pairs, *self.service(), *step.extra]
        return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members)

    def _sign(self, step: Step, inner: str) -> str:
        right = md5_hex(inner.encode(), self.bank.secret[-1]).upper()
        if step.proof != "wrong sign":
            return right
        return ("0" if right[0] != "0" else "1") + right[1:]

    def _answer_sign(self, step: Step, body: bytes) -> str:
        """Over the text as it came, the request's sign, the secret."""
        inner = body.partition(BEGIN)[2].rpartition(END)[0]
        ours = self._sign(step, self._inner(step)).encode()
        theirs = ours if self.bank.own["sign_request"] else b""
        return md5_hex(inner, theirs, self.bank.secret[-1]).upper()

    def _debt(self, texts: dict[str, str]) -> Decimal | None:
        if "debt" not in self.bank.show:
            return None
        balance = forms.money(texts.get("balance"))
        return balance if self.bank.own["balance_sign"] == "debt" else -balance


def _post(text: str | bytes) -> Request:
    return Request(body=urlencode({"params": text}).encode(), content_type=FORM)


SIMULATOR = Ckassa
