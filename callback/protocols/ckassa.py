"""CKASSA (BISYS): acts 1, 2 and 4 in a signed XML text, one field of a form (ckassa.md)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback import documents, proofs, readers, wire
from callback.messages import message
from callback.model import Check, Command, Pay, Refuse, Status
from callback.readers import REQUIRED, Setting
from callback.record import Record
from callback.wire import element

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from xml.etree.ElementTree import Element

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.wire import Answer, Call, Markup

METHODS = ("POST",)
PATHS = ("",)
PROOFS = ("secret",)
ACTS = {"1": "check", "2": "pay", "4": "status"}
# ckassa.md, section 6.
CODES = {
    "ok": "0",
    "duplicate_same": "1",
    "bad_request": "11",
    "unknown_command": "11",
    "unreadable": "12",
    "bad_sum": "12",
    "bad_id": "12",
    "bad_date": "12",
    "bad_signature": "13",
    "unknown_account": "20",
    "bad_account": "20",
    "account_closed": "21",
    "account_blocked": "21",
    "already_paid": "21",
    "sum_too_small": "29",
    "sum_too_large": "29",
    "sum_differs": "29",
    "payment_not_found": "29",
    "payment_cancelled": "29",
    "duplicate_other": "30",
    "temporary": "90",
}
SETTINGS = {
    "secret": Setting(readers.secrets, REQUIRED),
    "sign_request": Setting(readers.boolean, True),
    "kopecks": Setting(readers.boolean, False),
    "balance_sign": Setting(readers.choice("account", "debt"), "account"),
    "show": Setting(readers.any_of("name", "debt"), ["debt"]),
    "register": Setting(readers.table, {"id_form": wire.DIGITS.pattern}),
}
UNAVAILABLE = Refuse(name="", outcome="temporary")  # section 6
# Section 5: what our English is not exact enough for.
TEXTS: dict[Outcome, str] = {
    "duplicate_same": "already paid",
    "bad_signature": "bad sign",
    "unreadable": "wrong xml",
}
# Section 3: what each act must have, and what a wrong one is, in the order of step 8.
NEEDED = {
    "check": ("account",),
    "pay": ("account", "pay_amount", "pay_id", "pay_date"),
    "status": ("pay_id",),
}
WRONG: dict[str, Outcome] = {
    "pay_id": "bad_id",
    "pay_amount": "bad_sum",
    "pay_date": "bad_date",
    "account": "bad_account",
}
FIELDS = {"act", *WRONG}
ROUBLES = re.compile(r"[0-9]{1,12}\.[0-9]{2}")
KOPECKS = re.compile("[0-9]{1,14}")
# By the setting `kopecks`, of a sum in the other unit's form.
HINTS = {
    False: "bare integer: kopecks? if so, kopecks = true",
    True: "a separator: roubles? if so, kopecks = false",
}
PARAMS = re.compile(rb"</?params[\s/>]")
# A comment, a CDATA section, a DOCTYPE or a processing instruction: nothing else begins so where
# the bytes are well-formed XML.
HIDING = re.compile(rb"<!|<\?(?!xml\s)")


class Request(NamedTuple):
    """The XML text: what was signed, as received, and the same as elements."""

    signed: bytes
    params: Element
    sign: str


class Proof(Record, hidden=("secret",)):
    """The request's sign as received, and the secret that it was made with."""

    sign: str
    secret: bytes


def _amount(bank: Bank, text: str) -> Decimal | None:
    kopecks = bank.own["kopecks"]
    if not (KOPECKS if kopecks else ROUBLES).fullmatch(text):
        return None
    return Decimal(text).scaleb(-2) if kopecks else Decimal(text)


# None: of the wrong form.
FORMS: dict[str, Callable[[Bank, str], Any]] = {
    "pay_id": lambda _, text: text if wire.DIGITS.fullmatch(text) else None,
    "pay_amount": _amount,
    "pay_date": lambda _, text: wire.moment(text, wire.ISO_TIME, any_year=True),
    "account": lambda bank, text: None if bank.account_refusal(text) else text,
}


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    form = wire.fields(call.form, {"params"})
    text = form.values.get("params")
    if not (text or form.repeated):
        return Refuse(name="", outcome="bad_request")
    request = _request(text.encode()) if text else None
    if request is None:
        return Refuse(name="", outcome="unreadable")
    if not request.sign:
        return Refuse(name="", outcome="bad_request")
    proof = _proof(bank, request)
    if proof is None:
        return Refuse(name="", outcome="bad_signature")
    return _command(bank, proof, request.params)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5, signed for whoever has signed."""
    done = result.done
    text = "OK" if code == "0" else TEXTS.get(result.outcome)
    params = [
        element("err_code", code),
        element("err_text", text or message(result.outcome, "en")),
    ]
    if done and result.payment:
        params += _receipt(bank, result.payment)
    if done and result.payer and isinstance(command, Check):
        params += _shown(bank, result.payer)
    answer = [element("params", params)]
    if command.echo:
        answer.append(element("sign", _sign(bank, command.echo, answer[0])))
    return wire.xml(element("response", answer), "application/xml")


def _request(raw: bytes) -> Request | None:
    """Take the XML apart, so that what is read is what was signed (step 3)."""
    if HIDING.search(raw) or PARAMS.findall(raw) != [b"<params>", b"</params>"]:
        return None
    root = documents.read_xml(raw)
    if root is None or root.tag != "request":
        return None
    signs = root.findall("sign")
    if len(root.findall("params")) != 1 or len(signs) > 1 or any(len(sign) for sign in signs):
        return None
    signed = raw.partition(b"<params>")[2].partition(b"</params>")[0]
    params = documents.read_xml(b"<params>%s</params>" % signed)
    return None if params is None else Request(signed, params, root.findtext("sign", ""))


def _proof(bank: Bank, request: Request) -> Proof | None:
    """Find the secret that the request was signed with (step 5)."""
    sign = request.sign.lower()
    # No short cut: the time must not tell which secret was right.
    right = [
        secret
        for secret in bank.secret
        if proofs.same(sign, proofs.md5_hex(request.signed, secret))
    ]
    return Proof(sign=request.sign, secret=right[-1]) if right else None


def _sign(bank: Bank, proof: Proof, params: Markup) -> str:
    """Sign our own text between the tags, as it is sent (section 2)."""
    text = params.removeprefix("<params>").removesuffix("</params>")
    sign = proof.sign if bank.own["sign_request"] else ""
    return proofs.md5_hex(text.encode(), sign.encode(), proof.secret).upper()


def _command(bank: Bank, proof: Proof, params: Element) -> Command:
    """Read the elements (steps 6 to 10)."""
    known = {*FIELDS, bank.service_field}
    elements = [child for child in params if child.tag in known]
    values = {child.tag: child.text or "" for child in elements}
    plain = len(values) == len(elements) and not any(len(child) for child in elements)
    name = ACTS.get(values.get("act", ""), "")
    bank, bad_service = bank.for_service(values.get(bank.service_field))
    forms = {part: FORMS[part](bank, values.get(part, "")) for part in NEEDED.get(name, ())}
    common: dict[str, Any] = {
        "name": name,
        "txn_id": forms.get("pay_id") or "",
        "account": values.get("account", ""),
        "service": bank.service,
        "amount": forms.get("pay_amount"),
        "echo": proof,
    }
    refused = _refusal(name, values, forms) if plain else "unreadable"
    if refused:
        return Refuse(outcome=refused, noted=_hints(bank, refused, forms, values), **common)
    if name == "status":
        return Status(cancelled="payment_cancelled", **common)
    if name == "check":
        if bad_service:
            return Refuse(outcome=bad_service, **common)
        return Check(exact=True, **common)
    late = bad_service or bank.sum_refusal(forms["pay_amount"])
    return Pay(refused=late, paid_at=forms["pay_date"], exact=True, **common)


def _refusal(name: str, values: Mapping[str, str], forms: Mapping[str, Any]) -> Outcome | None:
    """Find what not even a known payment is excused for (steps 6 to 8)."""
    if not name:
        return "unknown_command"
    if not all(values.get(part) for part in forms):
        return "bad_request"
    wrong = [outcome for part, outcome in WRONG.items() if part in forms and forms[part] is None]
    return wrong[0] if wrong else None


def _hints(
    bank: Bank, refused: Outcome, parts: Collection[str], values: Mapping[str, str]
) -> dict[str, str]:
    """Say, for our log only, what is missing, or which setting would take a sum."""
    if refused == "bad_request":
        return wire.named("missing", [part for part in parts if not values.get(part)])
    kopecks = bank.own["kopecks"]
    other = ROUBLES if kopecks else KOPECKS
    if refused == "bad_sum" and other.fullmatch(values["pay_amount"]):
        return {"why": HINTS[kopecks]}
    return {}


def _receipt(bank: Bank, payment: Payment) -> list[Markup]:
    moment = bank.local(payment.performed_at or payment.created_at)
    return [
        element("reg_id", str(payment.id)),
        element("reg_date", f"{moment:%Y-%m-%dT%H:%M:%S}"),
    ]


def _shown(bank: Bank, payer: Payer) -> list[Markup]:
    shown = {
        "name": ("client_name", payer.masked_name),
        "debt": ("balance", f"{bank.balance(payer):.2f}"),
    }
    return [element(*named) for word, named in shown.items() if word in bank.show]
