"""Uzum Bank: five addresses, a payment is booked by create and made one by confirm (uzum.md)."""

from __future__ import annotations

import re
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from callback import readers, wire
from callback.clock import utc_now
from callback.model import Cancel, Check, Command, Lifetime, Pay, Perform, Refuse, Status
from callback.protocols.jsonrpc import integer
from callback.readers import REQUIRED, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.protocols.jsonrpc import Reader
    from callback.wire import Answer, Call

METHODS = ("POST",)
PATHS = ("check", "create", "confirm", "reverse", "status")
PROOFS = ()
SERVICE = "service_id"
# uzum.md, section 6. No word for "temporary" once the payer may be debited: the bank asks status
# after HTTP 503, and gives the money back after a FAILED.
CODES = {
    "ok": "0",  # never sent
    "not_authenticated": "10001",
    "unreadable": "10002",
    "bad_method": "10003",
    "bad_request": "10005",
    "bad_sum": "10005",
    "bad_service": "10006",
    "unknown_account": "10007",
    "bad_account": "10007",
    "account_closed": "10007",
    "account_blocked": "10007",
    "already_paid": "10008",
    "invoice_cancelled": "10009",
    "duplicate_other": "10010",
    "create.duplicate_same": "10010",
    "create.payment_cancelled": "10010",
    "sum_differs": "10011",
    "sum_too_small": "10012",
    "sum_too_large": "10013",
    "payment_not_found": "10014",
    "payment_cancelled": "10015",
    "payment_expired": "10015",
    "confirm.duplicate_same": "10016",
    "cancel_refused": "10017",
    "reverse.duplicate_same": "10018",
    "check.temporary": "99999",
    "create.temporary": "99999",
}
SETTINGS = {
    "username": Setting(readers.nonempty, REQUIRED),
    "password": Setting(readers.secrets, REQUIRED),
    "service_id": Setting(readers.integer(0, 2**63 - 1), REQUIRED),
    "account_field": Setting(readers.nonempty, "account"),
    "refund": Setting(readers.boolean, True),
    "timeout": Setting(readers.integer(1, 31_536_000), 1800),  # seconds, by our clock
    "repeats": Setting(readers.choice("code", "same"), "code"),
    "numeric_codes": Setting(readers.boolean, False),
    "auth_status": Setting(readers.integer(HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED), 400),
    "show": Setting(readers.any_of("name", "debt"), []),
    "labels": Setting(readers.labels, {"name": "fio", "debt": "debt"}),
}
ERROR_BODIES = True  # section 2: HTTP 400, or 401
LAST_TIME = 9_999_999_999_999
TXN_ID = re.compile("[!-~]{1,64}")
# Sections 3 and 5. What each operation wants besides serviceId and timestamp, and the time that
# belongs to it.
WANTED = {
    "check": ("params",),
    "create": ("transId", "params", "amount"),
    "confirm": ("transId",),
    "reverse": ("transId",),
    "status": ("transId",),
}
TIMES = {
    "check": "timestamp",
    "create": "transTime",
    "confirm": "confirmTime",
    "reverse": "reverseTime",
    "status": "transTime",
}
STATUS_TIMES = ("transTime", "confirmTime", "reverseTime")
STATES = {"created": "CREATED", "paid": "CONFIRMED", "cancelled": "REVERSED"}


def _txn_id(_bank: Bank, value: Any) -> str | None:
    return value if isinstance(value, str) and TXN_ID.fullmatch(value) else None


def _account(bank: Bank, value: Any) -> str | None:
    typed = value.get(bank.own["account_field"]) if isinstance(value, dict) else None
    return wire.decimal_text(typed) or None


def _tiyin(_bank: Bank, value: Any) -> Decimal | None:
    return Decimal(f"{value}E-2") if type(value) is int else None  # exact, however long


FORMS: dict[str, Reader] = {
    "timestamp": integer(0, LAST_TIME),
    "transId": _txn_id,
    "params": _account,
    "amount": _tiyin,
}


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    name = call.path
    body = wire.read_json(call.body)
    if body.repeated or not isinstance(body.value, dict):
        return Refuse(name=name, outcome="unreadable")
    bank, bad_service = _of_service(bank, body.value)
    values = _values(bank, name, body.value)
    common: dict[str, Any] = {
        "name": name,
        "txn_id": values.get("transId") or "",
        "account": values.get("params") or "",
        "service": bank.service,
        "amount": values.get("amount"),
        "echo": _echo(body.value, values),
    }
    refused = bad_service or _refusal(bank, values)
    if refused:
        return Refuse(outcome=refused, noted=_hints(bad_service, values), **common)
    paid_at = bank.local(wire.from_milliseconds(values["timestamp"]))
    return COMMANDS[name](bank, paid_at, common)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    repeats = result.outcome == "duplicate_same" and bank.own["repeats"] == "same"
    if result.outcome == "ok" or repeats:
        return wire.json_answer(_success(bank, command, result))
    stranger = result.outcome == "not_authenticated"
    status = bank.own["auth_status"] if stranger else HTTPStatus.BAD_REQUEST
    failed = {
        **(command.echo or {}),
        "status": "FAILED",
        **_failed_at(command, result),
        "errorCode": int(code) if bank.own["numeric_codes"] else code,
    }
    return wire.json_answer(failed, status)


def _values(bank: Bank, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what the operation wants; None for what is missing or of the wrong form."""
    members = ["timestamp", *WANTED[name]]
    if name == "confirm" and "amount" in body:
        members.append("amount")
    return {member: FORMS[member](bank, body.get(member)) for member in members}


def _of_service(bank: Bank, body: Mapping[str, Any]) -> tuple[Bank, Outcome | None]:
    if "serviceId" not in body:
        return bank, "bad_request"
    service = body["serviceId"]
    name = str(service) if type(service) is int else None
    return bank.for_service(name, (str(bank.own["service_id"]),))


def _refusal(bank: Bank, values: Mapping[str, Any]) -> Outcome | None:
    if None in values.values():
        return "bad_request"
    return bank.account_refusal(values["params"]) if "params" in values else None


def _hints(bad_service: Outcome | None, values: Mapping[str, Any]) -> dict[str, str]:
    """Say, for our log only, what 10005 stands for."""
    wrong = ("serviceId",) if bad_service else [name for name in values if values[name] is None]
    return wire.named("missing or wrong", wrong)


def _echo(body: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, int | str]:
    """Repeat the bank's two ids, as far as they could be read."""
    service = body.get("serviceId")
    ids = {"serviceId": service if type(service) is int else None, "transId": values.get("transId")}
    return {name: value for name, value in ids.items() if value is not None}


def _check(bank: Bank, _paid_at: datetime, common: dict[str, Any]) -> Command:
    return Check(exact=True, held_for=_lifetime(bank), **common)


def _create(bank: Bank, paid_at: datetime, common: dict[str, Any]) -> Command:
    return Pay(
        state="created",
        paid_at=paid_at,
        refused=bank.sum_refusal(common["amount"]),
        exact=True,
        held_for=_lifetime(bank),
        performed="payment_performed",
        **common,
    )


def _confirm(bank: Bank, paid_at: datetime, common: dict[str, Any]) -> Command:
    return Perform(
        of_sum=common["amount"],
        sum_first=True,
        paid_at=paid_at,
        lifetime=_lifetime(bank),
        **common,
    )


def _reverse(bank: Bank, _paid_at: datetime, common: dict[str, Any]) -> Command:
    return Cancel(refund=bank.own["refund"], booked=True, **common)


def _status(bank: Bank, _paid_at: datetime, common: dict[str, Any]) -> Command:
    return Status(lifetime=_lifetime(bank), booked=True, **common)


COMMANDS: dict[str, Callable[[Bank, datetime, dict[str, Any]], Command]] = {
    "check": _check,
    "create": _create,
    "confirm": _confirm,
    "reverse": _reverse,
    "status": _status,
}


def _lifetime(bank: Bank) -> Lifetime:
    """Say how long a booking lives; only our own time counts (section 7)."""
    return Lifetime(bank.own["timeout"], "created_at")


def _success(bank: Bank, command: Command, result: Result) -> dict[str, Any]:
    if result.payment is None:
        return {
            **command.echo,
            "timestamp": wire.milliseconds(utc_now()),
            "status": "OK",
            "data": _typed(bank, command.account) | (_shown(bank, result.payer)),
        }
    payment = result.payment
    times = _times(payment)
    names = STATUS_TIMES if command.name == "status" else (TIMES[command.name],)
    return {
        **command.echo,
        "status": STATES[payment.state],
        **{name: times[name] for name in names},
        "data": _typed(bank, payment.number or ""),
        "amount": wire.hundredths(payment.amount),
    }


def _typed(bank: Bank, account: str) -> dict[str, Any]:
    return {bank.own["account_field"]: {"value": account}}


def _shown(bank: Bank, payer: Payer | None) -> dict[str, Any]:
    words = payer.shown if payer else {}
    return {bank.labels[word]: {"value": words[word]} for word in bank.show}


def _times(payment: Payment) -> dict[str, int | None]:
    ours = (payment.created_at, payment.performed_at, payment.cancelled_at)
    return {
        name: None if time is None else wire.milliseconds(time)
        for name, time in zip(STATUS_TIMES, ours, strict=True)
    }


def _failed_at(command: Command, result: Result) -> dict[str, int | None]:
    """Tell the one time of a FAILED: now, or the first in a repeat; status tells all three."""
    # Nothing was read, whatever the operation.
    name = "timestamp" if command.echo is None else TIMES[command.name]
    payment = result.payment
    if payment and command.name == "status":
        return _times(payment)
    # A create meets a payment only when it repeats itself.
    repeats = command.name == "create" or result.outcome == "duplicate_same"
    if payment and repeats:
        return {name: _times(payment)[name]}
    return {name: wire.milliseconds(utc_now())}
