"""24 Non Stop, 2click, AllTime: ACT 1 asks, 4 pays, 7 tells; GET or XML, signed (nonstop.md)."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from callback import documents, proofs, readers, wire
from callback.clock import utc_now
from callback.model import Check, Command, Refuse, Status, check_or_pay
from callback.readers import REQUIRED, Setting
from callback.wire import Fields, element

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.wire import Answer, Call, Markup

METHODS = ("GET", "POST")
PATHS = ("",)
PROOFS = ("secret",)
SERVICE = "service_id"
ACTS = {"1": "check", "4": "pay", "7": "status"}
# nonstop.md, section 6. No word for "temporary" where money moves: nobody knows whether -90 is
# final, and HTTP 503 is a broken line to everybody.
CODES = {
    "check.ok": "21",
    "pay.ok": "22",
    "status.ok": "11",
    "duplicate_same": "-100",  # the network then asks how the payment stands
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
    "unknown_command": "-101",
    "bad_service": "-101",
    "bad_signature": "-101",
    "check.temporary": "-90",
}
SETTINGS = {
    "secret": Setting(readers.secrets, REQUIRED),
    "service_id": Setting(readers.ids, []),
    "sign": Setting(readers.choice("md5", "sha1"), "md5"),
    "sign_amount": Setting(readers.boolean, False),
    "sum_form": Setting(readers.choice(*wire.SUMS), "decimal"),
    "balance_sign": Setting(readers.choice("account", "debt"), "account"),
    "show": Setting(readers.any_of("name", "debt"), ["debt"]),
}
# Section 2: what is signed, before the secret.
SIGNED = ("ACT", "PAY_ACCOUNT", "SERVICE_ID", "PAY_ID")
FIELDS = {*SIGNED, "PAY_AMOUNT", "SIGN"}
ROOT = "pay-request"
ELEMENTS = {name.lower() for name in FIELDS}
DEPTH = 10
NO_ACCOUNT = {"why": "missing: PAY_ACCOUNT"}  # for our log
PAY_ID = re.compile("[0-9A-Za-z-]{1,64}")
STATES = {"paid": "111", "cancelled": "130"}  # a payment's own status, in the answer to ACT 7


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    query = _fields(call)
    if query is None or query.repeated:
        return Refuse(name="", outcome="bad_request", noted=query.hints if query else {})
    values = query.values
    name = ACTS.get(values.get("ACT", ""), "")
    bank, bad_service = _of_service(bank, values.get("SERVICE_ID", ""))
    common: dict[str, Any] = {
        "name": name,
        "txn_id": values.get("PAY_ID", ""),
        "account": wire.storable(values.get("PAY_ACCOUNT", "")),
        "service": bank.service,
        "echo": values,
    }
    refused = _refusal(bank, bad_service, name, values)
    if refused:
        return Refuse(outcome=refused, **common)
    if name == "status":
        return Status(**common)
    return _check_or_pay(bank, name == "pay", values, common)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    now = _stamp(bank.local(utc_now()))
    parts = [element("status_code", code), element("time_stamp", now)]
    if result.done and isinstance(command, Check) and result.payer:
        parts = [*_shown(bank, command, result.payer), *parts]
    elif result.payment and isinstance(command, Status):
        parts.append(element("transaction", _standing(bank, command, result.payment)))
    # A repeat is refused, unless the settings give it the code of the first answer.
    elif result.payment and code == bank.code(command.name, "ok"):
        parts = _receipt(bank, command, result.payment, code)
    return wire.xml(element("pay-response", parts))


def _fields(call: Call) -> Fields | None:
    """Read a query, or the elements of a body; None when it is unreadable."""
    if call.method == "GET":
        return wire.fields(call.query, FIELDS, lossless=True)
    root = documents.read_xml(call.body, DEPTH)
    if root is None or root.tag != ROOT:
        return None
    known = [child for child in root if child.tag in ELEMENTS]
    # One that has elements of its own is no text: what stands before them is another value.
    values = {
        child.tag.upper(): wire.MALFORMED if len(child) else child.text or "" for child in known
    }
    times = Counter(child.tag.upper() for child in known)
    return Fields(values, frozenset(name for name in times if times[name] > 1))


def _refusal(
    bank: Bank, bad_service: Outcome | None, name: str, values: Mapping[str, str]
) -> Outcome | None:
    """Find what not even a known payment is excused for (steps 3 to 5)."""
    if not _is_signed(bank, values):
        return "bad_signature"
    if bad_service:
        return bad_service
    if not name:
        return "unknown_command"
    pay_id = values.get("PAY_ID", "")
    lacks = name == "check" and not pay_id
    return None if lacks or PAY_ID.fullmatch(pay_id) else "bad_id"


def _of_service(bank: Bank, name: str) -> tuple[Bank, Outcome | None]:
    bank, bad_service = bank.for_service(name, bank.own["service_id"])
    return bank, "bad_service" if wire.storable(name) != name else bad_service


def _is_signed(bank: Bank, values: Mapping[str, str]) -> bool:
    """Check the sign with every secret: no short cut, the time must not tell which was right."""
    adds_sum = bank.own["sign_amount"] and values.get("ACT") == "4"
    names = (*SIGNED, "PAY_AMOUNT") if adds_sum else SIGNED
    signed = [wire.as_received(values.get(name, "")) for name in names]
    sign = values.get("SIGN", "").lower()
    right = [
        proofs.same(sign, proofs.hex_digest(bank.own["sign"], b"_".join([*signed, secret])))
        for secret in bank.secret
    ]
    return any(right)


def _check_or_pay(
    bank: Bank, pays: bool, values: Mapping[str, str], common: dict[str, Any]
) -> Command:
    account, text = values.get("PAY_ACCOUNT"), values.get("PAY_AMOUNT", "")
    amount, bad_sum = bank.read_sum(text, "validate" if pays else "ignore")
    refused = (
        ("bad_request" if account is None else bank.account_refusal(account))
        or bad_sum
        or bank.sum_refusal(amount)
    )
    # The request has no date.
    return check_or_pay(
        pays,
        refused,
        bank.local(utc_now()),
        amount=amount,
        noted=bank.hints(refused, text) if account is not None else NO_ACCOUNT,
        **common,
    )


def _shown(bank: Bank, command: Command, payer: Payer) -> list[Markup]:
    words = {"balance": f"{bank.balance(payer):.2f}", "name": payer.masked_name}
    tags = {"debt": "balance", "name": "name"}
    shown = {tags[word] for word in bank.show}
    return [
        *(element(tag, text) for tag, text in words.items() if tag in shown),
        element("account", command.echo["PAY_ACCOUNT"]),
        *_service(command),
        element("min_amount", f"{bank.min_sum:.2f}"),
        element("max_amount", f"{bank.max_sum:.2f}"),
    ]


def _receipt(bank: Bank, command: Command, payment: Payment, code: str) -> list[Markup]:
    return [
        *_of(command, payment),
        element("status_code", code),
        element("description", str(payment.id)),
        element("time_stamp", _recorded(bank, payment)),
    ]


def _standing(bank: Bank, command: Command, payment: Payment) -> list[Markup]:
    return [
        *_of(command, payment),
        element("status", STATES[payment.state]),
        element("time_stamp", _recorded(bank, payment)),
    ]


def _of(command: Command, payment: Payment) -> list[Markup]:
    """Tell which payment it is, and its sum."""
    return [
        element("pay_id", command.txn_id),
        *_service(command),
        element("amount", f"{payment.amount:.2f}"),
    ]


def _service(command: Command) -> list[Markup]:
    service = command.echo.get("SERVICE_ID")
    return [] if service is None else [element("service_id", service)]


def _recorded(bank: Bank, payment: Payment) -> str:
    return _stamp(bank.local(payment.performed_at or payment.created_at))


def _stamp(local: datetime) -> str:
    return f"{local:%d.%m.%Y %H:%M:%S}"
