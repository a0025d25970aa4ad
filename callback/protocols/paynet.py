"""Paynet (UZPAYNET), the universal web service as JSON-RPC: one phase, and a password that the bank
changes by itself (paynet.md).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from callback import readers, wire
from callback.clock import utc_now
from callback.messages import message
from callback.model import (
    Cancel,
    ChangePassword,
    Check,
    Command,
    Pay,
    Refuse,
    Statement,
    Status,
)
from callback.protocols import jsonrpc
from callback.protocols.jsonrpc import DONE
from callback.readers import REQUIRED, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.protocols.jsonrpc import Forms, Request
    from callback.wire import Answer, Call

METHODS = ("POST",)
PATHS = ("",)
PROOFS = ()
CHANGES_PASSWORD = True
SERVICE = "service_id"
# paynet.md, section 6. No code is known to mean "ask again" where money moves: HTTP 503 there.
CODES = {
    "ok": DONE,
    "duplicate_same": "201",  # a known id in Perform: always, whatever its state
    "duplicate_other": "201",
    "payment_cancelled": "201",
    "CancelTransaction.duplicate_same": DONE,  # the first answer again
    "payment_not_found": "203",
    "CheckTransaction.payment_not_found": DONE,  # state 3
    "cancel_refused": "77",
    "unknown_account": "302",
    "bad_account": "302",
    "account_closed": "302",
    "already_paid": "302",
    "account_blocked": "501",
    "bad_service": "305",
    "bad_sum": "413",
    "sum_too_small": "413",
    "sum_too_large": "415",
    "sum_differs": "413",
    "bad_date": "414",
    "too_many_payments": "414",
    "bad_id": "411",
    "missing": "411",
    "unreadable": "-32700",
    "bad_request": "-32600",
    "unknown_command": "-32601",
    "bad_method": "-32300",
    "not_authenticated": "412",  # with HTTP 401
    "GetInformation.temporary": "100",
    "CheckTransaction.temporary": "100",
    "GetStatement.temporary": "100",
}


def _service_ids(value: Any) -> tuple[str, ...]:
    return tuple(map(str, readers.numbers(value)))


TXN_ID = re.compile("[0-9A-Za-z-]{1,64}")
SETTINGS = {
    "username": Setting(readers.nonempty, REQUIRED),
    "password": Setting(readers.secrets, REQUIRED),
    "weak_password": Setting(readers.boolean, True),  # the bank itself may set one of 8 characters
    "service_id": Setting(_service_ids, REQUIRED),
    "account_field": Setting(readers.nonempty, "client_id"),
    "refund": Setting(readers.boolean, True),
    "java_dates": Setting(readers.boolean, False),
    "show": Setting(readers.any_of("name", "debt"), []),
    "labels": Setting(readers.labels, {"name": "name", "debt": "debt"}),
    "codes": Setting(jsonrpc.codes, {}),
    "register": Setting(readers.table, {"id_form": TXN_ID.pattern}),
}
ERROR_BODIES = True  # section 2: HTTP 401
NUMBER = re.compile("[1-9][0-9]{0,17}")  # of a transaction: so much fits any reader
PASSWORD = re.compile("[ -~]{8,128}")
# java.util.Date speaks English whatever the locale is; strftime does not.
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PAID, CANCELLED, NONE = 1, 2, 3  # transactionState


class Echo(NamedTuple):
    """What an answer repeats: the call's own id, and the account as it was written."""

    id: int | str | None = None
    account: int | str = ""


def _txn_id(_bank: Bank, value: Any) -> str | None:
    if type(value) is int and value <= 0:
        return None
    text = wire.decimal_text(value)
    return text if text and TXN_ID.fullmatch(text) else None


def _moment(_bank: Bank, value: Any) -> datetime | None:
    text = value if isinstance(value, str) else None
    return wire.moment(text, wire.BLANK_TIME, wire.DOTTED_TIME, any_year=True)


def _new_password(_bank: Bank, value: Any) -> str | None:
    return value if isinstance(value, str) and PASSWORD.fullmatch(value) else None


# Section 3, in the order of section 4, step 9.
FORMS: Forms = {
    "transactionId": (_txn_id, "bad_id"),
    "amount": (jsonrpc.tiyin, "bad_sum"),
    "transactionTime": (_moment, "bad_date"),
    "time": (_moment, "bad_date"),
    "timestamp": (_moment, "bad_date"),
    "dateFrom": (_moment, "bad_date"),
    "dateTo": (_moment, "bad_date"),
    "fields": (jsonrpc.account, "bad_account"),
    "newPassword": (_new_password, "missing"),
}


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    request = jsonrpc.request(call.body, "2.0")
    name = request.method.strip(" ")  # the paper prints a blank before some
    common: dict[str, Any] = {"name": name, "echo": Echo(request.id)}
    if request.fault or name not in COMMANDS:
        outcome = request.fault or "unknown_command"
        return Refuse(outcome=outcome, noted=request.hints, **common)
    make, required, optional = COMMANDS[name]
    params = [param for param in optional if request.params.get(param) is not None]
    bank, bad_service = _of_service(bank, request, make)
    names = (*required, *params)
    values, wrong = jsonrpc.read(bank, request, names, FORMS)
    common |= {
        "txn_id": values.get("transactionId", ""),
        "account": values.get("fields", ""),
        "service": bank.service,
        "amount": values.get("amount"),
    }
    refused = bad_service or _missing(bank, request, required) or wrong
    if refused:
        hints = jsonrpc.hints(("serviceId",) if bad_service else names, values)
        return Refuse(outcome=refused, noted=hints, **common)
    if "fields" in required:
        common["echo"] = Echo(request.id, request.params["fields"][bank.own["account_field"]])
    return make(bank, values, common)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    echo = command.echo or Echo()
    if code == DONE:
        return jsonrpc.result(echo.id, _content(bank, command, result, echo))
    error = {"code": int(code), "message": message(result.outcome, bank.language)}
    return jsonrpc.error(echo.id, error, 401 if result.outcome == "not_authenticated" else 200)


def _of_service(
    bank: Bank, request: Request, make: Callable[..., Command]
) -> tuple[Bank, Outcome | None]:
    """The bank as it is for serviceId, which every request but the change of a password has."""
    if make is _change_password:
        return bank, None
    service = request.params.get("serviceId")
    if service is None:
        return bank, "missing"
    return bank.for_service(wire.decimal_text(service), bank.own["service_id"])


def _missing(bank: Bank, request: Request, names: tuple[str, ...]) -> Outcome | None:
    """Find a param that is absent or null, or an account that is; an empty one is, too."""
    fields = request.params.get("fields")
    unnamed = isinstance(fields, dict) and fields.get(bank.own["account_field"]) in (None, "")
    absent = any(request.params.get(name) is None for name in names)
    return "missing" if absent or ("fields" in names and unnamed) else None


def _get_information(_bank: Bank, _values: dict[str, Any], common: dict[str, Any]) -> Command:
    return Check(exact=True, **common)


def _perform(bank: Bank, values: dict[str, Any], common: dict[str, Any]) -> Command:
    """A known id wins over the limits: they are only refused by the operation."""
    refused = bank.sum_refusal(common["amount"])
    paid_at = values.get("transactionTime") or values.get("time") or bank.local(utc_now())
    return Pay(paid_at=paid_at, refused=refused, exact=True, **common)


def _status(_bank: Bank, _values: dict[str, Any], common: dict[str, Any]) -> Command:
    return Status(**common)


def _cancel(bank: Bank, _values: dict[str, Any], common: dict[str, Any]) -> Command:
    return Cancel(refund=bank.own["refund"], **common)


def _statement(bank: Bank, values: dict[str, Any], common: dict[str, Any]) -> Command:
    if values["dateFrom"] > values["dateTo"]:
        return Refuse(outcome="bad_date", **common)
    since = bank.utc(values["dateFrom"])
    until = bank.utc(values["dateTo"].replace(fold=1)) + wire.REST_OF_SECOND
    return Statement(since=since, until=until, by="performed_at", **common)


def _change_password(_bank: Bank, values: dict[str, Any], common: dict[str, Any]) -> Command:
    return ChangePassword(password=values["newPassword"], **common)


# Section 3: what each method becomes, its params besides serviceId, and those that it may have.
COMMANDS: dict[str, tuple[Callable[..., Command], tuple[str, ...], tuple[str, ...]]] = {
    "GetInformation": (_get_information, ("fields",), ()),
    "PerformTransaction": (
        _perform,
        ("transactionId", "amount", "fields"),
        ("transactionTime", "time"),
    ),
    "CheckTransaction": (_status, ("transactionId",), ("timestamp",)),
    "CancelTransaction": (_cancel, ("transactionId",), ("timestamp",)),
    "GetStatement": (_statement, ("dateFrom", "dateTo"), ()),
    "ChangePassword": (_change_password, ("newPassword",), ()),
}


def _content(bank: Bank, command: Command, result: Result, echo: Echo) -> dict[str, Any] | str:
    if isinstance(command, ChangePassword):
        return "success"
    if isinstance(command, Statement):
        return {"statements": _statements(bank, result)}
    if isinstance(command, Pay) and result.payment:
        fields = {bank.own["account_field"]: echo.account, "balance": 0}
        return _receipt(bank, result.payment) | {"fields": fields}
    if isinstance(command, Status) or result.payment:
        return _standing(bank, command, result.payment)
    fields = _shown(bank, result.payer) if result.payer else {}
    return {"status": "0", "timestamp": _text(bank.local(utc_now())), "fields": fields}


def _statements(bank: Bank, result: Result) -> list[dict[str, Any]]:
    return [
        {"amount": wire.hundredths(payment.amount), "transactionId": _number(payment.txn_id)}
        | _receipt(bank, payment)
        for payment in result.payments
        if payment.state == "paid"
    ]


def _receipt(bank: Bank, payment: Payment) -> dict[str, Any]:
    recorded = bank.local(payment.performed_at or payment.created_at)
    return {"providerTrnId": payment.id, "timestamp": _text(recorded)}


def _standing(bank: Bank, command: Command, payment: Payment | None) -> dict[str, Any]:
    """Tell how a payment stands, and since when; java_dates is for CheckTransaction."""
    since = payment and (payment.cancelled_at or payment.performed_at)
    java = bank.own["java_dates"] and isinstance(command, Status)
    states = {"paid": PAID, "cancelled": CANCELLED}
    return {
        "providerTrnId": payment.id if payment else 0,
        "timestamp": (_java_text if java else _text)(bank.local(since or utc_now())),
        "transactionState": states[payment.state] if payment else NONE,
    }


def _shown(bank: Bank, payer: Payer) -> dict[str, Any]:
    return {bank.labels[word]: payer.shown[word] for word in bank.show}


def _number(txn_id: str) -> int | str:
    return int(txn_id) if NUMBER.fullmatch(txn_id) else txn_id


def _text(local: datetime) -> str:
    return local.isoformat(" ", "seconds")


def _java_text(local: datetime) -> str:
    day, month = DAYS[local.weekday()], MONTHS[local.month - 1]
    return f"{day} {month} {local:%d %H:%M:%S} UZT {local:%Y}"
