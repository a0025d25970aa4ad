"""Paynet, the universal web service as SOAP: one phase, tiyin in both directions, and a password
that the bank changes by itself (paynet_soap.md).
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback import documents, readers, wire
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
from callback.readers import REQUIRED, Setting
from callback.wire import element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from xml.etree.ElementTree import Element

    from callback.bank import Bank
    from callback.model import Outcome, Payment, Result
    from callback.wire import Answer, Call, Markup

METHODS = ("POST",)
PATHS = ("",)
PROOFS = ()
SERVICE = "service_id"
CREDENTIALS_INSIDE = True
CHANGES_PASSWORD = True
ERROR_BODIES = True  # section 5: a Fault is HTTP 500
FAULT = "Fault"
# paynet_soap.md, section 6. No status is known to mean "ask again" where money moves: HTTP 503.
CODES = {
    "ok": "0",
    "not_authenticated": "412",
    "bad_request": "411",
    "missing": "411",
    "bad_id": "411",
    "bad_service": "305",
    "unknown_account": "302",
    "bad_account": "302",
    "account_closed": "302",
    "already_paid": "302",
    "account_blocked": "501",
    "bad_sum": "413",
    "sum_differs": "413",
    "sum_too_small": "413",
    "sum_too_large": "415",
    "bad_date": "414",
    "too_many_payments": "414",
    "duplicate_same": "201",  # a known id in Perform: always, whatever its state
    "duplicate_other": "201",
    "payment_cancelled": "201",
    "CancelTransaction.duplicate_same": "202",
    "payment_not_found": "203",
    "cancel_refused": "77",
    "GetInformation.temporary": "100",
    "CheckTransaction.temporary": "100",
    "GetStatement.temporary": "100",
    "unreadable": FAULT,
    "unknown_command": FAULT,
}
SETTINGS = {
    "username": Setting(readers.nonempty, REQUIRED),
    "password": Setting(readers.secrets, REQUIRED),
    "weak_password": Setting(readers.boolean, True),  # the bank itself may set one of 8 characters
    "service_id": Setting(readers.numbers, REQUIRED),
    "account_field": Setting(readers.nonempty, "client_id"),
    "refund": Setting(readers.boolean, True),
    "show": Setting(readers.any_of("name", "debt"), []),
    "labels": Setting(readers.labels, {"name": "name", "debt": "debt"}),
}
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
CONTENT_TYPES = {SOAP_11: "text/xml", SOAP_12: "application/soap+xml"}
OURS = "{http://uws.provider.com/}"
METHOD = re.compile(re.escape(OURS) + "(.+)Arguments")
DEPTH = 20
# Section 3: the children of each method that must be there, and those that may. The account is
# one of `parameters`.
CHILDREN = {
    "GetInformation": (("serviceId", "account"), ()),
    "PerformTransaction": (
        ("serviceId", "transactionId", "amount", "transactionTime", "account"),
        (),
    ),
    "CheckTransaction": (("serviceId", "transactionId"), ("transactionTime",)),
    "CancelTransaction": (("serviceId", "transactionId"), ("transactionTime",)),
    "GetStatement": (("serviceId", "dateFrom", "dateTo"), ("onlyTransactionId",)),
    "ChangePassword": (("newPassword",), ()),
}
PARTS = {"account": "parameters"}  # where it stands
BLANKS = " \t\r\n"
NOT_CUT = ("username", "password", "newPassword", "paramValue")
SERVICE_ID = re.compile("[0-9]{1,18}")
TXN_ID = re.compile("[1-9][0-9]{0,18}")
TIYIN = re.compile("[0-9]{1,14}")
PASSWORD = re.compile("[ -~]{8,128}")
REASON = re.compile("[0-9]{1,9}")
DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9:]{8})(?:\.[0-9]{1,9})?"
    "(Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
)
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
# transactionState; 0 where nothing is known of a payment.
STATES = {"paid": 1, "cancelled": 2}
NONE = 3
SUCCESS = "Success"


class Echo(NamedTuple):
    """How the answer is to look."""

    soap: str = SOAP_11
    only_id: bool = False  # of the payments in a statement


class Request(NamedTuple):
    """What an envelope holds: texts, each once, and what stands there more than once."""

    values: dict[str, str]
    repeated: frozenset[str]


def _txn_id(_bank: Bank, text: str) -> str | None:
    return text if TXN_ID.fullmatch(text) else None


def _boolean(_bank: Bank, text: str) -> bool | None:
    return BOOLEANS.get(text)


def _sum(_bank: Bank, text: str) -> Decimal | None:
    return (Decimal(text).scaleb(-2) or None) if TIYIN.fullmatch(text) else None


def _moment(bank: Bank, text: str) -> datetime | None:
    """Read an xs:dateTime, cut to seconds; what has an offset is converted into the bank's zone."""
    match = DATE_TIME.fullmatch(text)
    local = wire.moment(f"{match[1]} {match[2]}", wire.BLANK_TIME, any_year=True) if match else None
    return bank.at_offset(local, match[3]) if match and local and match[3] else local


def _password(_bank: Bank, text: str) -> str | None:
    return text if PASSWORD.fullmatch(text) else None


def _account(bank: Bank, text: str) -> str | None:
    return None if bank.account_refusal(text) else text


# In the order of section 4, step 7.
FORMS: Mapping[str, tuple[Callable[[Bank, str], Any], Outcome]] = {
    "transactionId": (_txn_id, "bad_id"),
    "onlyTransactionId": (_boolean, "bad_request"),
    "newPassword": (_password, "bad_request"),
    "amount": (_sum, "bad_sum"),
    "transactionTime": (_moment, "bad_date"),
    "dateFrom": (_moment, "bad_date"),
    "dateTo": (_moment, "bad_date"),
    "account": (_account, "bad_account"),
}


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    soap, arguments = _body(call.body)
    method = METHOD.fullmatch("" if arguments is None else arguments.tag)
    name = method[1] if method else ""
    if arguments is None or name not in CHILDREN:
        outcome: Outcome = "unreadable" if arguments is None else "unknown_command"
        return Refuse(name=name, outcome=outcome, echo=Echo(soap))
    request = _request(bank, name, arguments)
    bank, bad_service = _of_service(bank, name, request)
    values, wrong = _read_values(bank, request)
    common: dict[str, Any] = {
        "name": name,
        "txn_id": request.values.get("transactionId", ""),
        "account": request.values.get("account", ""),
        "service": bank.service,
        "amount": values.get("amount"),
        "echo": Echo(soap, values.get("onlyTransactionId", False)),
        "credentials": _credentials(request),
    }
    refused = _refusal(bad_service, name, request) or wrong
    if refused:
        return Refuse(outcome=refused, noted=_hints(name, refused, request), **common)
    return COMMANDS[name](bank, request, values, common)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    echo = command.echo or Echo()
    if command.name not in CHILDREN or code == FAULT:
        return _fault(bank, echo.soap, result.outcome)
    done = result.outcome == "ok"
    head = {
        "errorMsg": SUCCESS if done else message(result.outcome, bank.language),
        "status": code,
        "timeStamp": _stamp(bank, _known(result)),
    }
    parts = [element(name, text) for name, text in head.items()]
    parts += TOLD[command.name](bank, echo, result, head)
    answer = element(f"ns1:{command.name}Result", parts, **{"xmlns:ns1": OURS.strip("{}")})
    return _envelope(echo.soap, answer)


def _body(raw: bytes) -> tuple[str, Element | None]:
    """Find the SOAP of an envelope and the one element in its Body (section 4, step 2)."""
    root = documents.read_xml(raw, DEPTH)
    for soap in CONTENT_TYPES:
        if root is not None and root.tag == f"{{{soap}}}Envelope":
            bodies = root.findall(f"{{{soap}}}Body")
            content = [part for body in bodies for part in body]
            return soap, content[0] if len(bodies) == len(content) == 1 else None
    return SOAP_11, None


def _request(bank: Bank, name: str, arguments: Element) -> Request:
    """Take the children that this method has; all others are ignored."""
    must, may = CHILDREN[name]
    texts = _texts(arguments)
    parameters: dict[str, list[str]] = {}
    for pair in arguments:
        if _name(pair) == "parameters":
            inner = _texts(pair)
            keys = inner.get("paramKey", [])
            # Not one key and one value: whichever was meant stands there more than once.
            for key in keys:
                parameters.setdefault(key, []).extend(inner.get("paramValue", [""]) * len(keys))
    texts["account"] = parameters.get(bank.own["account_field"], [])
    texts["reason"] = parameters.get("cancel_reason_code", [])
    known = {*must, *may, "username", "password"}
    values = {key: texts[key][0] for key in {*known, "reason"} if len(texts.get(key, ())) == 1}
    return Request(values, frozenset(key for key in known if len(texts.get(key, ())) > 1))


def _name(child: Element) -> str:
    """The name of a child, which may be in the namespace of its method."""
    return str(child.tag).removeprefix(OURS)


def _texts(parent: Element) -> dict[str, list[str]]:
    """The texts of children by name; one that has children of its own is no text."""
    texts: dict[str, list[str]] = {}
    for child in parent:
        name, text = _name(child), wire.MALFORMED if len(child) else child.text or ""
        texts.setdefault(name, []).append(text if name in NOT_CUT else text.strip(BLANKS))
    return texts


def _credentials(request: Request) -> tuple[bytes, bytes]:
    username, password = (request.values.get(name, "") for name in ("username", "password"))
    return username.encode(), password.encode()


def _read_values(bank: Bank, request: Request) -> tuple[dict[str, Any], Outcome | None]:
    """Read what is there, and say what the first wrong one is."""
    values: dict[str, Any] = {}
    wrong: Outcome | None = None
    for name, (reader, refusal) in FORMS.items():
        text = request.values.get(name)
        value = reader(bank, text) if text else None
        if value is not None:
            values[name] = value
        elif text:
            wrong = wrong or refusal
    return values, wrong


def _of_service(bank: Bank, name: str, request: Request) -> tuple[Bank, Outcome | None]:
    must, _ = CHILDREN[name]
    text = request.values.get("serviceId", "")
    if not text or "serviceId" not in must:
        return bank, None
    number = str(int(text)) if SERVICE_ID.fullmatch(text) else None
    return bank.for_service(number, [str(item) for item in bank.own["service_id"] or ()])


def _refusal(bad_service: Outcome | None, name: str, request: Request) -> Outcome | None:
    """Find what is wrong before any form is looked at: steps 4 to 6."""
    if request.repeated:
        return "bad_request"
    must, _ = CHILDREN[name]
    if bad_service:
        return bad_service
    return None if all(request.values.get(child) for child in must) else "missing"


def _hints(name: str, refused: Outcome, request: Request) -> dict[str, str]:
    """Say, for our log only, what 411 stands for."""
    if request.repeated:
        return wire.named("given twice", [PARTS.get(part, part) for part in request.repeated])
    must, _ = CHILDREN[name]
    missing = [PARTS.get(child, child) for child in must if not request.values.get(child)]
    return wire.named("missing", missing if refused == "missing" else ())


Values = dict[str, Any]


def _get_information(_bank: Bank, _request: Request, _values: Values, common: Values) -> Command:
    return Check(exact=True, **common)


def _perform(bank: Bank, _request: Request, values: Values, common: Values) -> Command:
    """A known id wins over the limits: they are only refused by the operation."""
    refused = bank.sum_refusal(common["amount"])
    return Pay(paid_at=values["transactionTime"], refused=refused, exact=True, **common)


def _status(_bank: Bank, _request: Request, _values: Values, common: Values) -> Command:
    return Status(**common)


def _cancel(bank: Bank, request: Request, _values: Values, common: Values) -> Command:
    reason = request.values.get("reason", "")
    number = int(reason) if REASON.fullmatch(reason) else None
    return Cancel(refund=bank.own["refund"], reason=number, **common)


def _statement(_bank: Bank, _request: Request, values: Values, common: Values) -> Command:
    """Section 9: by the bank's own date."""
    since, until = values["dateFrom"], values["dateTo"]
    if since > until:
        return Refuse(outcome="bad_date", **common)
    return Statement(since=since, until=until, **common)


def _change_password(_bank: Bank, _request: Request, values: Values, common: Values) -> Command:
    return ChangePassword(password=values["newPassword"], **common)


COMMANDS: dict[str, Callable[[Bank, Request, Values, Values], Command]] = {
    "GetInformation": _get_information,
    "PerformTransaction": _perform,
    "CheckTransaction": _status,
    "CancelTransaction": _cancel,
    "GetStatement": _statement,
    "ChangePassword": _change_password,
}


def _known(result: Result) -> Payment | None:
    """The payment that the answer may tell of: not one that was recorded with other data."""
    return None if result.outcome == "duplicate_other" else result.payment


def _number(result: Result) -> str:
    payment = _known(result)
    return str(payment.id) if payment else "0"


def _state(result: Result) -> str:
    if result.outcome == "payment_not_found":
        return str(NONE)
    return str(STATES[result.payment.state]) if result.payment else "0"


def _stamp(bank: Bank, payment: Payment | None) -> str:
    """When the payment became what it is; without one, now."""
    since = (payment.cancelled_at or payment.performed_at) if payment else None
    aware = (since or utc_now()).replace(tzinfo=timezone.utc)
    return aware.astimezone(bank.timezone).isoformat(timespec="seconds")


Head = dict[str, str]


def _of_account(bank: Bank, _echo: Echo, result: Result, _head: Head) -> Iterator[Markup]:
    if result.outcome != "ok" or result.payer is None:
        return
    shown = {"name": result.payer.masked_name, "debt": str(wire.hundredths(result.payer.debt))}
    for word in bank.show:
        pair = {"paramKey": bank.labels[word], "paramValue": shown[word]}
        yield element("parameters", [element(name, text) for name, text in pair.items()])


def _of_payment(_bank: Bank, _echo: Echo, result: Result, _head: Head) -> Iterator[Markup]:
    yield element("providerTrnId", _number(result))


def _of_status(_bank: Bank, _echo: Echo, result: Result, head: Head) -> Iterator[Markup]:
    unknown = result.outcome == "payment_not_found"
    yield element("providerTrnId", _number(result))
    yield element("transactionState", _state(result))
    yield element("transactionStateErrorStatus", head["status"] if unknown else "0")
    yield element("transactionStateErrorMsg", head["errorMsg"])


def _of_cancel(_bank: Bank, _echo: Echo, result: Result, _head: Head) -> Iterator[Markup]:
    yield element("transactionState", _state(result))


def _of_statement(bank: Bank, echo: Echo, result: Result, _head: Head) -> Iterator[Markup]:
    for payment in result.payments:
        row = {
            "amount": str(wire.hundredths(payment.amount)),
            "providerTrnId": str(payment.id),
            "transactionId": payment.txn_id,
            "transactionTime": payment.paid_at.replace(tzinfo=bank.timezone).isoformat(
                timespec="seconds"
            ),
        }
        names = ("transactionId",) if echo.only_id else row
        if payment.state == "paid":
            yield element("statements", [element(name, row[name]) for name in names])


def _of_password(_bank: Bank, _echo: Echo, _result: Result, _head: Head) -> Iterator[Markup]:
    yield from ()


# What follows in the answer of each method.
TOLD: dict[str, Callable[[Bank, Echo, Result, Head], Iterator[Markup]]] = {
    "GetInformation": _of_account,
    "PerformTransaction": _of_payment,
    "CheckTransaction": _of_status,
    "CancelTransaction": _of_cancel,
    "GetStatement": _of_statement,
    "ChangePassword": _of_password,
}


def _envelope(soap: str, content: Markup) -> Answer:
    body = element("soapenv:Body", [content])
    root = element("soapenv:Envelope", [body], **{"xmlns:soapenv": soap})
    return wire.xml(root, CONTENT_TYPES[soap])


def _fault(bank: Bank, soap: str, outcome: Outcome) -> Answer:
    """What SOAP says of a request that is none of ours."""
    text = message(outcome, bank.language)
    if soap == SOAP_11:
        parts = [element("faultcode", "soapenv:Client"), element("faultstring", text)]
    else:
        said = {"xml:lang": bank.language}
        parts = [
            element("soapenv:Code", [element("soapenv:Value", "soapenv:Sender")]),
            element("soapenv:Reason", [element("soapenv:Text", text, **said)]),
        ]
    return _envelope(soap, element("soapenv:Fault", parts))._replace(status=500)
