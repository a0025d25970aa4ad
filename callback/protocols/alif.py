"""Alif: check, pay and status in small JSON, where a sum is a number with a fraction (alif.md)."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from callback import readers, wire
from callback.clock import utc_now
from callback.model import Check, Command, Refuse, Status, check_or_pay
from callback.readers import REQUIRED, Setting
from callback.wire import NotWhole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank
    from callback.model import Payer, Result
    from callback.wire import Answer, Call

METHODS = ("POST",)
PATHS = ("",)
PROOFS = ()
SERVICE = "srv_id"
BARE_BASIC = True  # section 2: the header is Base64 alone
METHOD_FIRST = True  # section 4: before the header
ACTIONS = ("check", "pay", "status")
# alif.md, section 6. Final are all but 107 and 520; 500, 503 and an answer without a code are, too.
CODES = {
    "check.ok": "302",
    "ok": "200",
    "duplicate_same": "200",  # a repeat is the first answer again
    "duplicate_other": "107",  # not final: that id is paid, and its money must not go back
    "payment_not_found": "104",
    "payment_cancelled": "203",
    "unknown_account": "404",
    "bad_account": "404",
    "account_closed": "404",
    "account_blocked": "303",
    "check.already_paid": "404",
    "already_paid": "203",
    "sum_too_small": "405",
    "sum_too_large": "405",
    "bad_request": "400",
    "bad_service": "400",
    "unknown_command": "400",
    "bad_id": "400",
    "bad_sum": "400",
    "bad_date": "400",
    "not_authenticated": "401",
    "temporary": "520",
}
UNAVAILABLE = Refuse(name="", outcome="temporary")
ID = re.compile("[1-9][0-9]{0,19}")
SETTINGS = {
    "username": Setting(readers.username, REQUIRED),
    "password": Setting(readers.secrets, REQUIRED),
    "weak_password": Setting(readers.boolean, True),  # the provider's own page has a short one
    "srv_id": Setting(readers.ids, []),
    "show": Setting(readers.any_of("name", "address", "debt"), ["debt"]),
    "labels": Setting(readers.labels, {"address": "Адрес", "debt": "Долг"}),
    "register": Setting(readers.table, {"id_form": ID.pattern}),
}
# Section 3.
AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?")
TIME = re.compile(r"(?P<local>.{19})(\.[0-9]+)?(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?")
NEW_LINE = r"\n"  # section 5: two characters, no line feed
UNREAD = 0  # stands for an id that could not be read
NO_ACCOUNT = {"why": "missing: account"}  # for our log


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    body = wire.read_json(call.body)
    if body.repeated or not isinstance(body.value, dict):
        return Refuse(name="", outcome="bad_request")
    action, own_id = body.value.get("action"), body.value.get("id")
    txn_id = wire.decimal_text(own_id) or ""
    is_id = ID.fullmatch(txn_id) is not None
    common: dict[str, Any] = {
        "name": action if isinstance(action, str) else "",
        "txn_id": txn_id if is_id else "",
        "echo": own_id if is_id else UNREAD,
    }
    if action not in ACTIONS:
        return Refuse(outcome="unknown_command", **common)
    if not is_id:
        return Refuse(outcome="bad_id", **common)
    if action == "status":
        return Status(cancelled="payment_cancelled", **common)
    return _check_or_pay(bank, body.value, common)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    answer: dict[str, Any] = {"code": int(code), "id": command.echo or UNREAD}
    if result.done and result.payment:
        number = str(result.payment.id)
        # The page and its sample differ in the name.
        answer |= {"provider_id": number} if isinstance(command, Status) else {}
        answer["response_id"] = number
    if result.done and result.payer and isinstance(command, Check) and bank.show:
        answer["info_for_client"] = _shown(bank, result.payer)
    return wire.json_answer(answer)


def _check_or_pay(bank: Bank, body: Mapping[str, Any], common: dict[str, Any]) -> Command:
    pays = common["name"] == "pay"
    bank, bad_service = bank.for_service(wire.decimal_text(body.get("srv_id")), bank.own["srv_id"])
    account = body.get("account")
    number = wire.storable(wire.decimal_text(account) or "")
    amount = _amount(body.get("amount")) if pays else None
    paid_at = _paid_at(bank, body.get("time"))
    refused = (
        bad_service
        or ("bad_request" if account is None else bank.account_refusal(number))
        or ("bad_sum" if pays and amount is None else None)
        or ("bad_date" if pays and paid_at is None else None)
        or bank.sum_refusal(amount)
    )
    common |= {"account": number, "service": bank.service, "amount": amount}
    if account is None:
        common["noted"] = NO_ACCOUNT
    return check_or_pay(pays, refused, paid_at, **common)


def _amount(value: Any) -> Decimal | None:
    """Read a sum from its literal: through a float it might become another."""
    text = value.literal if isinstance(value, NotWhole) else wire.decimal_text(value)
    return Decimal(text) if text and AMOUNT.fullmatch(text) else None


def _paid_at(bank: Bank, value: Any) -> datetime | None:
    """Read a time of RFC 3339, or one without offset, into the bank's zone."""
    if value is None or value == "":
        return bank.local(utc_now())
    match = TIME.fullmatch(value) if isinstance(value, str) else None
    local = wire.moment(match["local"], wire.ISO_TIME, any_year=True) if match else None
    return bank.at_offset(local, match["offset"]) if match and local and match["offset"] else local


def _shown(bank: Bank, payer: Payer) -> str:
    words = payer.shown | {"debt": f"{payer.debt:.2f}"}
    return NEW_LINE.join(
        words[word] if word == "name" else f"{bank.labels[word]}: {words[word]}"
        for word in bank.show
    )
