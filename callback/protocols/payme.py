"""Payme (Paycom): JSON-RPC, a payment is booked first and performed later (payme.md)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from callback import readers, wire
from callback.messages import message
from callback.model import (
    Cancel,
    Check,
    Command,
    Lifetime,
    Note,
    Pay,
    Perform,
    Refuse,
    Statement,
    Status,
)
from callback.protocols import jsonrpc
from callback.protocols.jsonrpc import DONE, integer
from callback.readers import REQUIRED, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.protocols.jsonrpc import Forms
    from callback.wire import Answer, Call

METHODS = ("POST",)
PATHS = ("",)
PROOFS = ()
# payme.md, section 6. HTTP 200 whatever happens: Payme reads any other status as -32400.
CODES = {
    "ok": DONE,
    "duplicate_same": DONE,
    "unknown_account": "-31050",
    "bad_account": "-31050",
    "bad_service": "-31050",
    "account_closed": "-31051",
    "account_blocked": "-31052",
    "already_paid": "-31053",
    "PerformTransaction.already_paid": "-31008",  # two bookings of one invoice were waiting
    "bad_sum": "-31001",
    "sum_too_small": "-31001",
    "sum_too_large": "-31001",
    "sum_differs": "-31001",
    "duplicate_other": "-31008",
    "payment_performed": "-31008",
    "payment_cancelled": "-31008",
    "payment_expired": "-31008",
    "payment_not_found": "-31003",
    "cancel_refused": "-31007",
    "too_many_payments": "-32600",
    "unreadable": "-32700",
    "bad_request": "-32600",
    "unknown_command": "-32601",
    "bad_method": "-32300",
    "not_authenticated": "-32504",
    "temporary": "-32400",
}
SETTINGS = {
    "username": Setting(readers.nonempty, "Paycom"),
    "password": Setting(readers.secrets, REQUIRED),
    "account_field": Setting(readers.nonempty, "account"),
    "refund": Setting(readers.boolean, True),
    "timeout": Setting(readers.integer(1, 31_536_000), 43200),  # seconds, of Payme's time
    "show": Setting(readers.any_of("name", "debt"), []),
    "labels": Setting(readers.labels, {"name": "name", "debt": "debt"}),
    "codes": Setting(jsonrpc.codes, {}),
}
UNAVAILABLE = Refuse(name="", outcome="temporary")  # section 6
LANGUAGES = ("ru", "uz", "en")  # of every error's message
ABOUT_ACCOUNT = range(-31099, -31049)  # errors whose data is the account field
TXN_ID = re.compile("[!-~]{1,64}")
# Section 9: what is kept of SetFiscalData.
FISCAL_DATA = (
    *("type", "receipt_id", "status_code", "message"),
    *("terminal_id", "fiscal_sign", "qr_code_url", "date"),
)
FIRST_TIME, LAST_TIME = 1_000_000_000_000, 9_999_999_999_999


def _txn_id(_bank: Bank, value: Any) -> str | None:
    return value if isinstance(value, str) and TXN_ID.fullmatch(value) else None


# Section 3, in the order of section 4: steps 7, 8 and 9.
FORMS: Forms = {
    "id": (_txn_id, "bad_request"),
    "time": (integer(FIRST_TIME, LAST_TIME), "bad_request"),
    "reason": (integer(-(2**63), 2**63 - 1), "bad_request"),  # what the column holds
    "from": (integer(0, LAST_TIME), "bad_request"),
    "to": (integer(0, LAST_TIME), "bad_request"),
    "amount": (jsonrpc.tiyin, "bad_sum"),
    "account": (jsonrpc.account, "bad_account"),
}


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    request = jsonrpc.request(call.body, needs_id=False)
    common: dict[str, Any] = {"name": request.method, "echo": request.id}
    if request.fault or request.method not in COMMANDS:
        outcome = request.fault or "unknown_command"
        return Refuse(outcome=outcome, noted=request.hints, **common)
    make, names = COMMANDS[request.method]
    bank, bad_service = _of_service(bank, request.params) if "account" in names else (bank, None)
    values, refused = jsonrpc.read(bank, request, names, FORMS)
    common |= {
        "noted": _fiscal_data(request.params) if make is _set_fiscal_data else {},
        "txn_id": values.get("id", ""),
        "account": values.get("account", ""),
        "service": bank.service,
        "amount": values.get("amount"),
    }
    if refused:
        common["noted"] |= jsonrpc.hints(names, values)
    refused = refused or bad_service
    return Refuse(outcome=refused, **common) if refused else make(bank, values, common)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    if code == DONE:
        return jsonrpc.result(command.echo, _content(bank, command, result))
    texts = {language: message(result.outcome, language) for language in LANGUAGES}
    error: dict[str, Any] = {"code": int(code), "message": texts}
    if int(code) in ABOUT_ACCOUNT:
        error["data"] = bank.own["account_field"]
    if result.outcome == "unknown_command":
        error["data"] = command.name
    return jsonrpc.error(command.echo, error)


def _of_service(bank: Bank, params: Mapping[str, Any]) -> tuple[Bank, Outcome | None]:
    """The service is another member of the account."""
    account = params.get("account")
    service = account.get(bank.service_field) if isinstance(account, dict) else None
    return bank.for_service(wire.decimal_text(service))


def _check(bank: Bank, _values: dict[str, Any], common: dict[str, Any]) -> Command:
    refused = bank.sum_refusal(common["amount"])
    if refused:
        return Refuse(outcome=refused, **common)
    return Check(exact=True, held_for=_lifetime(bank), **common)


def _create(bank: Bank, values: dict[str, Any], common: dict[str, Any]) -> Command:
    """A known id wins over its time and its sum: both are only refused by the operation."""
    return Pay(
        state="created",
        paid_at=bank.local(wire.from_milliseconds(values["time"])),
        refused=bank.sum_refusal(common["amount"]),
        exact=True,
        held_for=_lifetime(bank),
        lifetime=_lifetime(bank),
        performed="payment_performed",
        **common,
    )


def _perform(bank: Bank, _values: dict[str, Any], common: dict[str, Any]) -> Command:
    return Perform(lifetime=_lifetime(bank), **common)


def _cancel(bank: Bank, values: dict[str, Any], common: dict[str, Any]) -> Command:
    return Cancel(reason=values["reason"], refund=bank.own["refund"], booked=True, **common)


def _status(_bank: Bank, _values: dict[str, Any], common: dict[str, Any]) -> Command:
    return Status(booked=True, **common)


def _statement(bank: Bank, values: dict[str, Any], common: dict[str, Any]) -> Command:
    since, until = (bank.local(wire.from_milliseconds(values[end])) for end in ("from", "to"))
    return Statement(since=since, until=until, **common)


def _set_fiscal_data(_bank: Bank, _values: dict[str, Any], common: dict[str, Any]) -> Command:
    return Note(**common)


def _fiscal_data(params: Mapping[str, Any]) -> dict[str, str]:
    """What a SetFiscalData tells of the receipt, for the log: texts and integers."""
    data = params.get("fiscal_data")
    members = {"type": params.get("type"), **(data if isinstance(data, dict) else {})}
    texts = {name: wire.decimal_text(members.get(name)) for name in FISCAL_DATA}
    return {f"fiscal_{name}": text for name, text in texts.items() if text is not None}


# Section 3: what each method becomes, and its params.
COMMANDS: dict[str, tuple[Callable[..., Command], tuple[str, ...]]] = {
    "CheckPerformTransaction": (_check, ("amount", "account")),
    "CreateTransaction": (_create, ("id", "time", "amount", "account")),
    "PerformTransaction": (_perform, ("id",)),
    "CancelTransaction": (_cancel, ("id", "reason")),
    "CheckTransaction": (_status, ("id",)),
    "GetStatement": (_statement, ("from", "to")),
    "SetFiscalData": (_set_fiscal_data, ("id",)),
}
# Section 5: what each answer tells of the payment.
RECEIPTS: dict[type[Command], tuple[str, ...]] = {
    Pay: ("create_time", "transaction", "state"),
    Perform: ("transaction", "perform_time", "state"),
    Cancel: ("transaction", "cancel_time", "state"),
    Status: ("create_time", "perform_time", "cancel_time", "transaction", "state", "reason"),
}


def _lifetime(bank: Bank) -> Lifetime:
    """Say how long a booking lives; only Payme's own time counts (section 7)."""
    return Lifetime(bank.own["timeout"], "paid_at")


def _content(bank: Bank, command: Command, result: Result) -> dict[str, Any]:
    if isinstance(command, Note):
        return {"success": True}
    if isinstance(command, Statement):
        return {"transactions": [_transaction(bank, payment) for payment in result.payments]}
    if result.payment:
        receipt = _receipt(result.payment)
        return {name: receipt[name] for name in RECEIPTS[type(command)]}
    return {"allow": True} | (_shown(bank, result.payer) if result.payer else {})


def _shown(bank: Bank, payer: Payer) -> dict[str, Any]:
    additional = {bank.labels[word]: payer.shown[word] for word in bank.show}
    return {"additional": additional} if additional else {}


def _transaction(bank: Bank, payment: Payment) -> dict[str, Any]:
    return {
        "id": payment.txn_id,
        "time": wire.milliseconds(bank.utc(payment.paid_at)),
        "amount": wire.hundredths(payment.amount),
        "account": {bank.own["account_field"]: payment.number},
    } | _receipt(payment)


def _receipt(payment: Payment) -> dict[str, Any]:
    return {
        "create_time": _time(payment.created_at),
        "perform_time": _time(payment.performed_at),
        "cancel_time": _time(payment.cancelled_at),
        "transaction": str(payment.id),
        "state": _state(payment),
        "reason": payment.cancel_reason,
    }


def _time(utc: datetime | None) -> int:
    return wire.milliseconds(utc) if utc else 0


def _state(payment: Payment) -> int:
    if payment.state == "cancelled":
        return -2 if payment.performed_at else -1
    return 2 if payment.state == "paid" else 1
