"""What a request of Paynet's SOAP form is in our words, whole, and what of ours it hears.

Without a server, as in test_translation.py.
"""

from __future__ import annotations

import re
import sys
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from callback.model import (
    Cancel,
    ChangePassword,
    Check,
    Pay,
    Refuse,
    Result,
    Statement,
    Status,
)
from callback.protocols import PROTOCOLS, answer
from callback.protocols.paynet_soap import Echo
from callback.settings import load
from callback.wire import Call
from tests.conftest import settings_toml
from tests.protocols.test_paynet_soap import (
    CANCEL,
    CHANGE,
    DECLARATION,
    INFORMATION,
    OURS,
    PERFORM,
    SOAP_11,
    SOAP_12,
    STATEMENT,
    STATUS,
    TYPES,
    arguments,
    document,
    el,
    envelope,
    pair,
)
from tests.protocols.test_translation import (
    AT,
    CHECKED,
    OVERPAID,
    PAYER,
    PAYMENT,
    PERFORMED,
    REFUNDED,
    TEN,
)
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.model import Command, Outcome

BANKS = """
[BANKS.paynet_soap]
protocol = "paynet_soap"
username = "user"
password = "pwd-Test1"
service_id = [3, 4]
services.3.prefix = "1-"
services.4 = {}
min_sum = "5.00"
show = ["name", "debt"]

[BANKS.paynet_soap2]
protocol = "paynet_soap"
username = "user"
password = "pwd-Test1"
service_id = [3, 40404]
account_field = "customer_id"
refund = false
show = ["debt"]
labels = { debt = "qarz" }
codes = { unreadable = 7, payment_not_found = 102 }
"""


@cache
def banks() -> dict[str, Bank]:
    """The banks of this file."""
    with TemporaryDirectory() as folder:
        toml = settings_toml("sqlite:///none.db", sys.modules[__name__])
        return dict(load(write_settings(toml, Path(folder))).banks)


def read(bank: str, call: Call) -> Command:
    """What a bank's request is in our words."""
    return PROTOCOLS[banks()[bank].protocol].read(banks()[bank], call)


def soap(method: str, account: str | None = "7", **given: Any) -> Call:
    """A call of Paynet's SOAP form."""
    values = {"amount": "1000"} if method == PERFORM else {}
    return Call("POST", "", b"", "", document(method, account, **{**values, **given}).encode())


def in_body(content: str, version: str = SOAP_11) -> Call:
    """A call with that in its Body."""
    return Call("POST", "", b"", "", envelope(content, version).encode())


BY_USER: dict[str, Any] = {"echo": Echo(), "credentials": (b"user", b"pwd-Test1")}
OF_SOAP: dict[str, Any] = {"account": "7", "service": "3", **BY_USER}
INFORMED: dict[str, Any] = {"name": INFORMATION, **OF_SOAP}
NO_SERVICE: dict[str, Any] = {**INFORMED, "service": ""}
PAID: dict[str, Any] = {"name": PERFORM, "txn_id": "437", "amount": TEN, **OF_SOAP}
KNOWN: dict[str, Any] = {"txn_id": "437", "service": "3", **BY_USER}
NOON = datetime(2026, 3, 16, 12)  # noqa: DTZ001 - the bank's
FROM, UNTIL = datetime(2026, 1, 1), datetime(2099, 12, 31, 23, 59, 59)  # noqa: DTZ001 - the bank's
LISTED: dict[str, Any] = {"name": STATEMENT, "service": "3", **BY_USER}
ONLY_IDS: dict[str, Any] = {**LISTED, "echo": Echo(SOAP_11, True)}
CHANGED: dict[str, Any] = {"name": CHANGE, **BY_USER}


LACKS_BOTH = {"why": "missing: parameters, serviceId"}


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (
            Call("POST", "", b"", "", b""),
            Refuse(name="", outcome="unreadable", echo=Echo(SOAP_11)),
        ),
        (in_body(""), Refuse(name="", outcome="unreadable", echo=Echo(SOAP_11))),
        (in_body("", SOAP_12), Refuse(name="", outcome="unreadable", echo=Echo(SOAP_12))),
        (
            in_body(arguments("Foo"), SOAP_12),
            Refuse(name="Foo", outcome="unknown_command", echo=Echo(SOAP_12)),
        ),
        (in_body("<a/>"), Refuse(name="", outcome="unknown_command", echo=Echo())),
        (
            in_body(arguments(INFORMATION)),
            Refuse(
                name=INFORMATION,
                outcome="missing",
                echo=Echo(),
                noted=LACKS_BOTH,
                credentials=(b"", b""),
            ),
        ),
        (
            in_body(arguments(INFORMATION), SOAP_12),
            Refuse(
                name=INFORMATION,
                outcome="missing",
                echo=Echo(SOAP_12),
                noted=LACKS_BOTH,
                credentials=(b"", b""),
            ),
        ),
        (soap(INFORMATION), Check(exact=True, **INFORMED)),
        (soap(INFORMATION, serviceId="003"), Check(exact=True, **INFORMED)),
        (soap(INFORMATION, transactionId="x", amount="x"), Check(exact=True, **INFORMED)),
        (
            soap(INFORMATION, username=" ключ "),
            Check(exact=True, **{**INFORMED, "credentials": (" ключ ".encode(), b"pwd-Test1")}),
        ),
        (
            soap(INFORMATION, more=el("username", "user")),
            Refuse(
                outcome="bad_request",
                noted={"why": "given twice: username"},
                **{**INFORMED, "credentials": (b"", b"pwd-Test1")},
            ),
        ),
        (
            soap(INFORMATION, password=None),
            Check(exact=True, **{**INFORMED, "credentials": (b"user", b"")}),
        ),
        (
            soap(INFORMATION, serviceId=None),
            Refuse(outcome="missing", noted={"why": "missing: serviceId"}, **NO_SERVICE),
        ),
        (soap(INFORMATION, serviceId="5"), Refuse(outcome="bad_service", **NO_SERVICE)),
        (soap(INFORMATION, serviceId="x"), Refuse(outcome="bad_service", **NO_SERVICE)),
        (
            soap(INFORMATION, "7 7"),
            Refuse(outcome="bad_account", **{**INFORMED, "account": "7 7"}),
        ),
        (
            soap(INFORMATION, None),
            Refuse(
                outcome="missing",
                noted={"why": "missing: parameters"},
                **{**INFORMED, "account": ""},
            ),
        ),
        (
            soap(INFORMATION, more=pair("7")),
            Refuse(
                outcome="bad_request",
                noted={"why": "given twice: parameters"},
                **{**INFORMED, "account": ""},
            ),
        ),
        (soap(PERFORM), Pay(paid_at=NOON, exact=True, **PAID)),
        (
            soap(PERFORM, amount="499"),
            Pay(
                paid_at=NOON,
                exact=True,
                refused="sum_too_small",
                **{**PAID, "amount": Decimal("4.99")},
            ),
        ),
        (
            soap(PERFORM, transactionTime=None),
            Refuse(outcome="missing", noted={"why": "missing: transactionTime"}, **PAID),
        ),
        (soap(PERFORM, transactionTime="x"), Refuse(outcome="bad_date", **PAID)),
        (
            soap(PERFORM, transactionTime="2026-02-30T12:00:00Z"),
            Refuse(outcome="bad_date", **PAID),
        ),
        (
            soap(PERFORM, transactionTime="x", amount="x"),
            Refuse(outcome="bad_sum", **{**PAID, "amount": None}),
        ),
        (
            soap(PERFORM, transactionTime="x", transactionId="x"),
            Refuse(outcome="bad_id", **{**PAID, "txn_id": "x"}),
        ),
        (  # only what XML calls a blank is cut off
            soap(PERFORM, amount="1000\xa0"),
            Refuse(outcome="bad_sum", **{**PAID, "amount": None}),
        ),
        (
            soap(PERFORM, transactionId="X437"),
            Refuse(outcome="bad_id", **{**PAID, "txn_id": "X437"}),
        ),
        (
            soap(PERFORM, more=el("amount", "1000")),
            Refuse(
                outcome="bad_request",
                noted={"why": "given twice: amount"},
                **{**PAID, "amount": None},
            ),
        ),
        (soap(STATUS), Status(name=STATUS, **KNOWN)),
        (soap(STATUS, more=pair("7") + pair("8")), Status(name=STATUS, **KNOWN)),
        (soap(STATUS, transactionTime="x"), Refuse(name=STATUS, outcome="bad_date", **KNOWN)),
        (soap(CANCEL), Cancel(name=CANCEL, refund=True, **KNOWN)),
        (
            soap(CANCEL, more=pair("5", "cancel_reason_code")),
            Cancel(name=CANCEL, refund=True, reason=5, **KNOWN),
        ),
        (
            soap(CANCEL, more=pair("1234567890", "cancel_reason_code")),
            Cancel(name=CANCEL, refund=True, **KNOWN),
        ),
        (soap(STATEMENT), Statement(since=FROM, until=UNTIL, **LISTED)),
        (  # of any age
            soap(STATEMENT, dateFrom="0001-01-01T00:00:00"),
            Statement(since=datetime(1, 1, 1), until=UNTIL, **LISTED),  # noqa: DTZ001 - the bank's
        ),
        (
            soap(STATEMENT, onlyTransactionId="1", dateTo="2026-01-01T00:00:00"),
            Statement(since=FROM, until=FROM, **ONLY_IDS),
        ),
        (
            soap(STATEMENT, onlyTransactionId="true", dateTo="2025-01-01T00:00:00"),
            Refuse(outcome="bad_date", **ONLY_IDS),
        ),
        (
            soap(STATEMENT, onlyTransactionId="0"),
            Statement(since=FROM, until=UNTIL, **LISTED),
        ),
        (soap(STATEMENT, onlyTransactionId="x"), Refuse(outcome="bad_request", **LISTED)),
        (soap(CHANGE), ChangePassword(password="newDifficult1", **CHANGED)),
        (soap(CHANGE, serviceId="3"), ChangePassword(password="newDifficult1", **CHANGED)),
        (soap(CHANGE, newPassword="x"), Refuse(outcome="bad_request", **CHANGED)),
    ],
)
def test_paynet_soap_is_read(call: Call, command: Command) -> None:
    """paynet_soap.md, sections 3, 4 and 9."""
    assert read("paynet_soap", call) == command


def test_a_bank_of_paynet_soap_has_its_own_settings() -> None:
    """account_field, refund, and a number of several without `services` [10]."""
    asked_by = soap(INFORMATION, None, serviceId="40404", more=pair("7", "customer_id"))

    assert read("paynet_soap2", asked_by) == Check(exact=True, **NO_SERVICE)
    given_up = Cancel(name=CANCEL, **{**KNOWN, "service": ""})
    assert read("paynet_soap2", soap(CANCEL)) == given_up
    wrong = read("paynet_soap2", soap(CANCEL, serviceId="4"))
    assert wrong == Refuse(name=CANCEL, outcome="bad_service", **{**KNOWN, "service": ""})


A_STATUS, A_CANCEL = Status(name=STATUS, echo=Echo()), Cancel(name=CANCEL, echo=Echo())
PERFORM_SOAP = Pay(name=PERFORM, echo=Echo())
PAID_AT, CANCELLED_AT = "2026-11-03T12:31:00+05:00", "2026-11-03T13:05:10+05:00"


def head(status: str, time: str = "now", text: str = "Success") -> str:
    """What every answer begins with."""
    return el("errorMsg", text) + el("status", status) + el("timeStamp", time)


def told_of_state(number: str, state: str, status: str = "0", text: str = "Success") -> str:
    """What is told of a payment by a CheckTransaction."""
    return (
        el("providerTrnId", number)
        + el("transactionState", state)
        + el("transactionStateErrorStatus", status)
        + el("transactionStateErrorMsg", text)
    )


@pytest.mark.parametrize(
    ("bank", "command", "result", "content"),
    [
        (
            "paynet_soap",
            Check(name=INFORMATION, echo=Echo()),
            CHECKED,
            head("0") + pair("К*** О***", "name") + pair("89000", "debt"),
        ),
        (
            "paynet_soap2",
            Check(name=INFORMATION, echo=Echo()),
            CHECKED._replace(payer=OVERPAID),
            head("0") + pair("0", "qarz"),
        ),
        (
            "paynet_soap",
            Check(name=INFORMATION, echo=Echo()),
            Result("account_closed", PAYER),
            head("302", text="account is closed"),
        ),
        (
            "paynet_soap",
            PERFORM_SOAP,
            Result("ok", payment=PERFORMED),
            head("0", PAID_AT) + el("providerTrnId", "40117"),
        ),
        (
            "paynet_soap",
            PERFORM_SOAP,
            Result("duplicate_other", payment=PERFORMED),
            head("201", text="this payment number was used before") + el("providerTrnId", "0"),
        ),
        (
            "paynet_soap",
            PERFORM_SOAP,
            Result("payment_cancelled", payment=REFUNDED),
            head("201", CANCELLED_AT, "payment was cancelled") + el("providerTrnId", "40117"),
        ),
        (
            "paynet_soap",
            PERFORM_SOAP,
            Result("unknown_account"),
            head("302", text="account not found") + el("providerTrnId", "0"),
        ),
        (
            "paynet_soap",
            A_STATUS,
            Result("ok", payment=PERFORMED),
            head("0", PAID_AT) + told_of_state("40117", "1"),
        ),
        (
            "paynet_soap",
            A_STATUS,
            Result("ok", payment=REFUNDED),
            head("0", CANCELLED_AT) + told_of_state("40117", "2"),
        ),
        (
            "paynet_soap",
            A_STATUS,
            Result("payment_not_found"),
            head("203", text="payment not found")
            + told_of_state("0", "3", "203", "payment not found"),
        ),
        (
            "paynet_soap2",
            A_STATUS,
            Result("payment_not_found"),
            head("102", text="payment not found")
            + told_of_state("0", "3", "102", "payment not found"),
        ),
        (
            "paynet_soap",
            A_STATUS,
            Result("bad_id"),
            head("411", text="wrong request") + told_of_state("0", "0", text="wrong request"),
        ),
        (
            "paynet_soap",
            A_CANCEL,
            Result("ok", payment=REFUNDED),
            head("0", CANCELLED_AT) + el("transactionState", "2"),
        ),
        (
            "paynet_soap",
            A_CANCEL,
            Result("payment_not_found"),
            head("203", text="payment not found") + el("transactionState", "3"),
        ),
        (
            "paynet_soap",
            A_CANCEL,
            Result("bad_id"),
            head("411", text="wrong request") + el("transactionState", "0"),
        ),
        (
            "paynet_soap",
            Statement(name=STATEMENT, since=AT, until=AT, echo=Echo()),
            Result("ok", payments=[PAYMENT, REFUNDED]),
            head("0")
            + el(
                "statements",
                el("amount", "1000")
                + el("providerTrnId", "40117")
                + el("transactionId", "5")
                + el("transactionTime", "2026-11-03T09:15:00+05:00"),
            ),
        ),
        (
            "paynet_soap",
            Statement(name=STATEMENT, since=AT, until=AT, echo=Echo(only_id=True)),
            Result("ok", payments=[REFUNDED, PAYMENT]),
            head("0") + el("statements", el("transactionId", "5")),
        ),
        (
            "paynet_soap",
            ChangePassword(name=CHANGE, password="newDifficult1", echo=Echo()),
            Result("ok"),
            head("0"),
        ),
    ],
)
@pytest.mark.usefixtures("tokyo")
def test_what_paynet_soap_hears(bank: str, command: Command, result: Result, content: str) -> None:
    """paynet_soap.md, section 5, to the letter, in either version of SOAP, wherever we are."""
    for version, content_type in TYPES.items():
        spoken = command.but(echo=command.echo._replace(soap=version))
        heard = answer(banks()[bank], spoken, result)

        name = f"ns1:{command.name}Result"
        whole = envelope(f'<{name} xmlns:ns1="{OURS}">{content}</{name}>', version)
        text = re.sub(
            r"(?<=<timeStamp>)(?!2026-11-03)[0-9T:-]{19}\+05:00", "now", heard.body.decode()
        )
        assert text == DECLARATION + whole
        assert (heard.status, heard.content_type) == (200, content_type)


FAULTS = {
    SOAP_11: "<faultcode>soapenv:Client</faultcode><faultstring>wrong request</faultstring>",
    SOAP_12: "<soapenv:Code><soapenv:Value>soapenv:Sender</soapenv:Value></soapenv:Code>"
    '<soapenv:Reason><soapenv:Text xml:lang="en">wrong request</soapenv:Text></soapenv:Reason>',
}


@pytest.mark.parametrize("version", [SOAP_11, SOAP_12])
@pytest.mark.parametrize(
    ("bank", "name", "outcome"),
    [
        ("paynet_soap", "", "unreadable"),
        ("paynet_soap2", "", "unreadable"),
        ("paynet_soap", "Foo", "unknown_command"),
        ("paynet_soap", INFORMATION, "unreadable"),
    ],
)
def test_what_paynet_soap_hears_of_no_request_is_a_fault(
    bank: str, name: str, outcome: Outcome, version: str
) -> None:
    """To the letter [5], whatever `codes` says [6]."""
    command = Refuse(name=name, outcome=outcome, echo=Echo(version))
    heard = answer(banks()[bank], command, Result(outcome))

    whole = envelope(f"<soapenv:Fault>{FAULTS[version]}</soapenv:Fault>", version)
    assert heard.body.decode() == DECLARATION + whole
    assert (heard.status, heard.content_type) == (500, TYPES[version])


def test_how_paynet_soap_calls_and_proves_itself() -> None:
    """Section 2: by POST, and by elements of the request; section 3: which one is the service."""
    module = PROTOCOLS["paynet_soap"]

    assert (module.METHODS, module.PATHS, module.PROOFS) == (("POST",), ("",), ())
    assert module.SERVICE == "service_id"


def test_where_money_moves_nobody_has_a_word_for_ask_again() -> None:
    """Section 6: HTTP 503, without a body."""
    for command in (A_CANCEL, PERFORM_SOAP):
        assert answer(banks()["paynet_soap"], command, Result("temporary")) == (b"", "", 503)
