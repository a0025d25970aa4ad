"""What a request is in our words, whole, and what of our words a bank hears: without a server.

The tests of each dialect look at what comes of a call; here nothing that `read` makes of it is left
out, also what only the log shows. What is not in a request is empty.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from callback.model import (
    Cancel,
    Check,
    Lifetime,
    Note,
    Pay,
    Payer,
    Payment,
    Perform,
    Refuse,
    Result,
    Statement,
    Status,
)
from callback.protocols import PROTOCOLS, answer, has_path, opens, unavailable_answer
from callback.protocols.osmp import Echo
from callback.settings import load
from callback.wire import Answer, Call
from tests.conftest import settings_toml
from tests.protocols.test_click import OUR_FAULTS, complete, prepare, sign
from tests.support import dialects
from tests.support.family import BARE, DATED
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.model import Command, Outcome
    from tests.protocols.test_click import Values

BANKS = """
[BANKS.osmp]
protocol = "osmp"
allow = ["127.0.0.1"]
cancel = true
service_field = "service"
services.1.prefix = "1-"
services.2 = {}

[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]
service_field = "service"
services.1.prefix = "1-"
services.2 = {}

[BANKS.cyberplat]
protocol = "cyberplat"
allow = ["127.0.0.1"]
cancel = true
types = ["3"]
show = ["name", "debt"]

[BANKS.osmp2]
protocol = "osmp"
allow = ["127.0.0.1"]
cancel = true
sum_form = "lenient"
sberbank_tags = true
date_tag = "prv_txn_date"
date_form = "%Y-%m-%d %H:%M:%S"
show = ["name", "address", "debt"]

[BANKS.osmp3]
protocol = "osmp"
allow = ["127.0.0.1"]
id_tag = ""
fields_form = "extra"
show = ["name", "debt"]
labels = { name = "customer" }

[BANKS.kaspi2]
protocol = "kaspi"
allow = ["127.0.0.1"]
format = "xml"
bin = "123"
show = ["name", "address"]

[BANKS.cyberplat2]
protocol = "cyberplat"
allow = ["127.0.0.1"]
format = "json"
show = ["name", "debt"]

[BANKS.payme2]
protocol = "payme"
password = "36 characters of a cash-desk's key.."
show = ["name", "debt"]
labels = { debt = "qarz" }

[BANKS.payme]
protocol = "payme"
password = "36 characters of a cash-desk's key.."
timezone = "Asia/Tashkent"
service_field = "service"
services.1.prefix = "1-"
services.2 = {}

[BANKS.click]
protocol = "click"
secret = "sheet-secret-1"
service_id = 20202
allow = ["127.0.0.1"]
show = ["debt"]
services.20202 = {}

[BANKS.click2]
protocol = "click"
secret = "sheet-secret-1"
service_id = 20202
repeat_complete = 0
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


def asked(query: str) -> Call:
    """A call by GET."""
    return Call("GET", "", query.encode(), "", b"")


D = "txn_date=20261103091500"
AT = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the bank's
TEN = Decimal("10.00")
OF_ONE: dict[str, Any] = {"account": "7", "service": "1"}
S = "service=1&account=7"


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("", Refuse(name="", outcome="unknown_command", echo=Echo(""))),
        ("command=PAY", Refuse(name="PAY", outcome="unknown_command", echo=Echo(""))),
        (
            "command=check&txn_id=5&account=7&account=7",
            Refuse(name="check", outcome="bad_request", txn_id="5", echo=Echo("5")),
        ),
        ("command=getInfo&txn_id=x&" + S, Check(name="getInfo", echo=Echo(None), **OF_ONE)),
        ("command=check&" + S, Check(name="check", echo=Echo(""), **OF_ONE)),
        (
            "command=check&txn_id=5&sum=10.00&txn_date=x&" + S,
            Check(name="check", txn_id="5", amount=TEN, echo=Echo("5"), **OF_ONE),
        ),
        (
            "command=check&txn_id=x&" + S,
            Refuse(name="check", outcome="bad_id", txn_id="x", echo=Echo("")),
        ),
        ("command=check&ccy=398&" + S, Check(name="check", echo=Echo(""), **OF_ONE)),
        (
            "command=check&ccy=417&" + S,
            Refuse(name="check", outcome="bad_request", echo=Echo(""), **OF_ONE),
        ),
        ("command=pay", Refuse(name="pay", outcome="bad_id", echo=Echo(""))),
        (
            "command=check&service=1",
            Refuse(name="check", outcome="bad_request", service="1", echo=Echo("")),
        ),
        (
            "command=check&account=7",
            Refuse(name="check", outcome="bad_service", account="7", echo=Echo("")),
        ),
        (
            "command=check&sum=9.999&" + S,
            Refuse(name="check", outcome="bad_sum", echo=Echo(""), **OF_ONE),
        ),
        (
            f"command=pay&txn_id=5&sum=10.00&{D}&{S}",
            Pay(name="pay", txn_id="5", amount=TEN, paid_at=AT, echo=Echo("5"), **OF_ONE),
        ),
        (
            f"command=pay&txn_id=5&{D}&{S}",
            Refuse(name="pay", outcome="bad_sum", txn_id="5", echo=Echo("5"), **OF_ONE),
        ),
        (
            f"command=pay&txn_id=5&sum=10&{D}&{S}",
            Refuse(
                name="pay",
                outcome="bad_sum",
                txn_id="5",
                echo=Echo("5"),
                noted={"why": BARE},
                **OF_ONE,
            ),
        ),
        (
            f"command=pay&txn_id=5&sum=10.00&txn_date=2026-11-03+09:15:00&{S}",
            Pay(
                name="pay",
                refused="bad_date",
                txn_id="5",
                amount=TEN,
                echo=Echo("5"),
                noted={"why": DATED},
                **OF_ONE,
            ),
        ),
        (
            f"command=pay&txn_id=5&sum=10.00&{S}",
            Pay(name="pay", refused="bad_date", txn_id="5", amount=TEN, echo=Echo("5"), **OF_ONE),
        ),
        (
            f"command=pay&txn_id=5&sum=10.00&{D}&service=1",
            Pay(
                name="pay",
                refused="bad_request",
                txn_id="5",
                amount=TEN,
                paid_at=AT,
                service="1",
                echo=Echo("5"),
            ),
        ),
        ("command=cancel", Refuse(name="cancel", outcome="bad_id", echo=Echo(""))),
        (
            "command=cancel&txn_id=9",
            Refuse(name="cancel", outcome="bad_id", echo=Echo("9")),
        ),
        (
            "command=cancel&txn_id=9&cancel_txn_id=5x",
            Refuse(name="cancel", outcome="bad_id", txn_id="5x", echo=Echo("9")),
        ),
        (
            "command=cancel&txn_id=9&cancel_txn_id=5&ccy=USD",
            Refuse(name="cancel", outcome="bad_request", txn_id="5", echo=Echo("9")),
        ),
        (
            "command=cancel&txn_id=9&cancel_txn_id=5&cancel_txn_date=x&cancel_txn_date=x",
            Refuse(name="cancel", outcome="bad_request", txn_id="9", echo=Echo("9")),
        ),
        (
            "command=cancel&txn_id=9&cancel_txn_id=5&cancel_txn_date=x",
            Cancel(
                name="cancel",
                txn_id="5",
                echo=Echo("9", "5"),
                mismatch="cancel_differs",
                refund=True,
            ),
        ),
        (
            "command=cancel&txn_id=9&cancel_txn_id=5&sum=x&service=1",
            Cancel(
                name="cancel",
                txn_id="5",
                service="1",
                echo=Echo("9", "5"),
                of_sum=Decimal(-1),  # which no payment has
                mismatch="cancel_differs",
                refund=True,
            ),
        ),
        (
            "command=cancel&txn_id=9&cancel_txn_id=5&ccy=KZT&sum=10.00&" + S,
            Cancel(
                name="cancel",
                txn_id="5",
                service="1",
                echo=Echo("9", "5"),
                of_account="7",
                of_sum=TEN,
                mismatch="cancel_differs",
                refund=True,
            ),
        ),
    ],
)
def test_osmp_is_read(query: str, command: Command) -> None:
    """osmp.md, sections 3, 4 and 8."""
    assert read("osmp", asked(query)) == command


def test_a_cancel_tells_its_sum_as_the_bank_writes_sums() -> None:
    """osmp.md, section 3: by sum_form."""
    command = read("osmp2", asked("command=cancel&txn_id=9&cancel_txn_id=5&sum=10"))

    assert isinstance(command, Cancel)
    assert command.of_sum == TEN


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("", Refuse(name="", outcome="unknown_command", echo="")),
        (
            "command=getInfo&txn_id=5",
            Refuse(name="getInfo", outcome="unknown_command", txn_id="5", echo="5"),
        ),
        (
            "command=check&txn_id=5&account=7&account=7",
            Refuse(name="check", outcome="bad_request", txn_id="5", echo="5"),
        ),
        ("command=check&" + S, Check(name="check", echo="", **OF_ONE)),
        (
            "command=check&txn_id=5&sum=x&txn_date=x&" + S,
            Check(name="check", txn_id="5", echo="5", **OF_ONE),
        ),
        (
            "command=check&txn_id=x&" + S,
            Refuse(name="check", outcome="bad_id", txn_id="x", echo=""),
        ),
        ("command=pay", Refuse(name="pay", outcome="bad_id", echo="")),
        (
            "command=check&service=1",
            Refuse(name="check", outcome="bad_request", service="1", echo=""),
        ),
        (
            "command=check&account=7",
            Refuse(name="check", outcome="bad_service", account="7", echo=""),
        ),
        (
            f"command=pay&txn_id=5&sum=10.00&{D}&{S}",
            Pay(name="pay", txn_id="5", amount=TEN, paid_at=AT, echo="5", **OF_ONE),
        ),
        (
            f"command=pay&txn_id=5&{D}&{S}",
            Refuse(name="pay", outcome="bad_sum", txn_id="5", echo="5", **OF_ONE),
        ),
        (
            f"command=pay&txn_id=5&sum=10&{D}&{S}",
            Refuse(
                name="pay",
                outcome="bad_sum",
                txn_id="5",
                echo="5",
                noted={"why": BARE},
                **OF_ONE,
            ),
        ),
        (
            f"command=pay&txn_id=5&sum=10.00&txn_date=2026-11-03+09:15:00&{S}",
            Pay(
                name="pay",
                refused="bad_date",
                txn_id="5",
                amount=TEN,
                echo="5",
                noted={"why": DATED},
                **OF_ONE,
            ),
        ),
        (
            f"command=pay&txn_id=5&sum=1000000000000.00&{D}&{S}",
            Pay(
                name="pay",
                refused="sum_too_large",
                txn_id="5",
                amount=Decimal("1000000000000.00"),
                paid_at=AT,
                echo="5",
                **OF_ONE,
            ),
        ),
        (
            f"command=pay&txn_id=5&sum=10.00&{S}",
            Pay(name="pay", refused="bad_date", txn_id="5", amount=TEN, echo="5", **OF_ONE),
        ),
    ],
)
def test_kaspi_is_read(query: str, command: Command) -> None:
    """kaspi.md, sections 3 and 4."""
    assert read("kaspi", asked(query)) == command


OF_THREE: dict[str, Any] = {"account": "7"}
T = "type=3&number=7"
ISO = "date=2026-11-03T09:15:00"


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("", Refuse(name="", outcome="unknown_command")),
        ("action=pay", Refuse(name="pay", outcome="unknown_command")),
        ("action=check&number=7&number=7", Refuse(name="check", outcome="bad_request")),
        ("action=check&" + T, Check(name="check", **OF_THREE)),
        (
            "action=check&receipt=5&amount=10.00&date=x&" + T,
            Check(name="check", txn_id="5", amount=TEN, **OF_THREE),
        ),
        ("action=check&type=3", Refuse(name="check", outcome="bad_account")),
        ("action=check&type=4&number=7", Refuse(name="check", outcome="bad_type", account="7")),
        (
            f"action=payment&receipt=5&amount=10.00&{ISO}&{T}",
            Pay(name="payment", txn_id="5", amount=TEN, paid_at=AT, **OF_THREE),
        ),
        (
            f"action=payment&amount=10.00&{ISO}&{T}",
            Refuse(name="payment", outcome="bad_id", amount=TEN, **OF_THREE),
        ),
        (
            f"action=payment&receipt=5&{ISO}&{T}",
            Refuse(name="payment", outcome="bad_sum", txn_id="5", **OF_THREE),
        ),
        (
            f"action=payment&receipt=5&amount=10&{ISO}&{T}",
            Refuse(name="payment", outcome="bad_sum", txn_id="5", noted={"why": BARE}, **OF_THREE),
        ),
        (
            f"action=payment&receipt=5&amount=10.00&date=20261103091500&{T}",
            Pay(
                name="payment",
                refused="bad_date",
                txn_id="5",
                amount=TEN,
                noted={"why": DATED},
                **OF_THREE,
            ),
        ),
        (
            f"action=payment&receipt=5&amount=10.00&{T}",
            Pay(name="payment", refused="bad_date", txn_id="5", amount=TEN, **OF_THREE),
        ),
        (
            f"action=payment&receipt=5&amount=1000000000000.00&{ISO}&{T}",
            Pay(
                name="payment",
                refused="sum_too_large",
                txn_id="5",
                amount=Decimal("1000000000000.00"),
                paid_at=AT,
                **OF_THREE,
            ),
        ),
        (
            f"action=payment&receipt=5&amount=10.00&{ISO}&type=3",
            Pay(name="payment", refused="bad_account", txn_id="5", amount=TEN, paid_at=AT),
        ),
        ("action=status", Refuse(name="status", outcome="bad_id")),
        ("action=cancel&receipt=5x", Refuse(name="cancel", outcome="bad_id", txn_id="5x")),
        (
            "action=status&receipt=5",
            Status(name="status", txn_id="5", cancelled="payment_cancelled"),
        ),
        ("action=cancel&receipt=5", Cancel(name="cancel", txn_id="5", refund=True)),
        (
            "action=cancel&receipt=5&mes=999999999",
            Cancel(name="cancel", txn_id="5", reason=999_999_999, refund=True),
        ),
        (
            "action=cancel&receipt=5&mes=1234567890",
            Cancel(name="cancel", txn_id="5", refund=True),
        ),
    ],
)
def test_cyberplat_is_read(query: str, command: Command) -> None:
    """cyberplat.md, sections 3, 4 and 8."""
    assert read("cyberplat", asked(query)) == command


def rpc(method: object, **params: object) -> Call:
    """A call of Payme's."""
    body = json.dumps({"method": method, "params": params, "id": 7})
    return Call("POST", "", b"", "text/json", body.encode())


CHECK, CREATE = "CheckPerformTransaction", "CreateTransaction"
PERFORM, CANCEL = "PerformTransaction", "CancelTransaction"
STATUS, STATEMENT, FISCAL = "CheckTransaction", "GetStatement", "SetFiscalData"
SEVEN = {"account": "7", "service": "1"}
SENT, AS_SENT = 1773644404977, datetime(2026, 3, 16, 12, 0, 4, 977000)  # noqa: DTZ001
START = datetime(1970, 1, 1, 6)  # noqa: DTZ001 - as it was there
TWELVE_HOURS = Lifetime(43200, "paid_at")
TOO_LARGE = Decimal("1000000000000.00")
BOOKING: dict[str, Any] = {
    "name": CREATE,
    "txn_id": "a1",
    "paid_at": AS_SENT,
    "state": "created",
    "exact": True,
    "held_for": TWELVE_HOURS,
    "lifetime": TWELVE_HOURS,
    "performed": "payment_performed",
    "echo": 7,
    **OF_ONE,
}


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (Call("POST", "", b"", "", b"{"), Refuse(name="", outcome="unreadable")),
        (Call("POST", "", b"", "", b"[]"), Refuse(name="", outcome="bad_request")),
        (rpc(5), Refuse(name="", outcome="bad_request", echo=7)),
        (rpc("Foo", id="a1"), Refuse(name="Foo", outcome="unknown_command", echo=7)),
        (
            rpc(CHECK, amount=1000, account=SEVEN),
            Check(name=CHECK, amount=TEN, exact=True, held_for=TWELVE_HOURS, echo=7, **OF_ONE),
        ),
        (
            rpc(CHECK, amount=10**14, account=SEVEN),
            Refuse(name=CHECK, outcome="sum_too_large", amount=TOO_LARGE, echo=7, **OF_ONE),
        ),
        (
            rpc(CHECK, amount=1000, account={"account": "7"}),
            Refuse(name=CHECK, outcome="bad_service", amount=TEN, account="7", echo=7),
        ),
        (
            rpc(CHECK, amount=1000, account={"service": 1}),
            Refuse(name=CHECK, outcome="bad_account", amount=TEN, service="1", echo=7),
        ),
        (
            rpc(CHECK, amount=1000, account={"account": "7 7", "service": "1"}),
            Refuse(name=CHECK, outcome="bad_account", amount=TEN, service="1", echo=7),
        ),
        (
            rpc(CREATE, id="a1", time=SENT, amount=1000, account=SEVEN),
            Pay(amount=TEN, **BOOKING),
        ),
        (
            rpc(CREATE, id="a1", time=SENT, amount=10**14, account=SEVEN),
            Pay(amount=TOO_LARGE, refused="sum_too_large", **BOOKING),
        ),
        (
            rpc(CREATE, time=SENT, amount=1000, account=SEVEN),
            Refuse(name=CREATE, outcome="bad_request", amount=TEN, echo=7, **OF_ONE),
        ),
        (
            rpc(CREATE, id="a1", time=SENT, account=SEVEN),
            Refuse(name=CREATE, outcome="bad_sum", txn_id="a1", echo=7, **OF_ONE),
        ),
        (
            rpc(CREATE, id="a1", time=SENT, amount=1000),
            Refuse(name=CREATE, outcome="bad_account", txn_id="a1", amount=TEN, echo=7),
        ),
        (
            rpc(PERFORM, id="a1"),
            Perform(name=PERFORM, txn_id="a1", lifetime=TWELVE_HOURS, echo=7),
        ),
        (rpc(PERFORM), Refuse(name=PERFORM, outcome="bad_request", echo=7)),
        (
            rpc(PERFORM, id="a1", type="x", fiscal_data={"receipt_id": 1}),
            Perform(name=PERFORM, txn_id="a1", lifetime=TWELVE_HOURS, echo=7),
        ),
        (rpc(FISCAL, id="a1", fiscal_data=[1]), Note(name=FISCAL, txn_id="a1", echo=7)),
        (
            rpc(CANCEL, id="a1", reason=5),
            Cancel(name=CANCEL, txn_id="a1", reason=5, refund=True, booked=True, echo=7),
        ),
        (rpc(STATUS, id="a1"), Status(name=STATUS, txn_id="a1", booked=True, echo=7)),
        (
            rpc(STATEMENT, **{"from": 0, "to": SENT}),
            Statement(name=STATEMENT, since=START, until=AS_SENT, echo=7),
        ),
        (
            rpc(FISCAL, id="a1", type="PERFORM", fiscal_data={"receipt_id": 121, "date": None}),
            Note(
                name=FISCAL,
                txn_id="a1",
                noted={"fiscal_type": "PERFORM", "fiscal_receipt_id": "121"},
                echo=7,
            ),
        ),
    ],
)
def test_payme_is_read(call: Call, command: Command) -> None:
    """payme.md, sections 3, 4, 7 and 9."""
    assert read("payme", call) == command


def form(values: Values) -> Call:
    """A call of Click's, signed unless it is."""
    body = urlencode({"sign_string": sign(values), **values}).encode()
    return Call("POST", "", b"", "application/x-www-form-urlencoded", body)


def getinfo(**members: object) -> Call:
    """A getinfo of Click's."""
    return Call("POST", "info", b"", "application/json", json.dumps(members).encode())


ID = 2604400101
OF_CLICK: dict[str, Any] = {
    "txn_id": str(ID),
    "account": "77310",
    "service": "20202",
    "noted": {"click_paydoc_id": "55"},
}
SUM = Decimal("1200.00")
IDS = {"click_trans_id": ID, "merchant_trans_id": "77310"}
WHOLE: dict[str, Any] = {**OF_CLICK, "amount": SUM, "echo": IDS}
GIVEN_UP: dict[str, Any] = {
    "name": "cancel",
    "booked": True,
    "unknown": "payment_cancelled",
    "of_account": "77310",
}
INFO: dict[str, Any] = {"action": 0, "service_id": 20202, "params": {"contract": "7"}}
ASKED: dict[str, Any] = {"name": "info", "account": "7", "service": "20202"}


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (
            Call("POST", "", b"", "text/plain", b"action=0"),
            Refuse(name="", outcome="bad_request", noted={"click_paydoc_id": ""}),
        ),
        (form(prepare(error=None)), Refuse(name="prepare", outcome="bad_request", **OF_CLICK)),
        (
            form(prepare(sign_string="x")),
            Refuse(name="prepare", outcome="not_authenticated", **OF_CLICK),
        ),
        (form(prepare(action="5")), Refuse(name="5", outcome="unknown_command", **OF_CLICK)),
        (
            form(prepare(amount="12,00")),
            Refuse(name="prepare", outcome="bad_sum", echo=IDS, **OF_CLICK),
        ),
        (
            form(prepare()),
            Pay(
                name="prepare",
                state="created",
                paid_at=datetime(2026, 3, 16, 12, 0, 5),  # noqa: DTZ001 - the bank's
                exact=True,
                performed="already_paid",
                **WHOLE,
            ),
        ),
        (
            form(prepare(error="-1")),
            Refuse(name="prepare", outcome="payment_cancelled", **WHOLE),
        ),
        (
            form(complete(40117)),
            Perform(
                name="complete",
                of_id=40117,
                of_account="77310",
                of_sum=SUM,
                paid_at=datetime(2026, 3, 16, 12, 0, 41),  # noqa: DTZ001 - the bank's
                **WHOLE,
            ),
        ),
        (
            form(complete(40117, error="-5017")),
            Cancel(of_id=40117, reason=-5017, **GIVEN_UP, **WHOLE),
        ),
        (form(complete("", error="-5017")), Cancel(of_id=0, reason=-5017, **GIVEN_UP, **WHOLE)),
        (
            form(complete(1, merchant_prepare_id=None, error="-5017")),
            Cancel(of_id=0, reason=-5017, **GIVEN_UP, **WHOLE),
        ),
        (getinfo(**INFO), Check(exact=True, **ASKED)),
        (getinfo(), Refuse(name="info", outcome="bad_request")),
        (getinfo(**INFO, sign_string="x"), Refuse(outcome="not_authenticated", **ASKED)),
        (getinfo(**{**INFO, "action": 1}), Refuse(outcome="unknown_command", **ASKED)),
        (
            getinfo(**{**INFO, "params": {"contract": "7 7"}}),
            Refuse(outcome="bad_account", **{**ASKED, "account": "7 7"}),
        ),
        (
            getinfo(**{**INFO, "service_id": 1}),
            Refuse(outcome="not_authenticated", **{**ASKED, "service": ""}),
        ),
    ],
)
def test_click_is_read(call: Call, command: Command) -> None:
    """click.md, sections 3, 4 and 9."""
    assert read("click", call) == command


PAYER = Payer("7", "Ким Олег", "Абая 1", "active", None, Decimal("900.00"), TEN, 0)
OVERPAID = PAYER._replace(issued=Decimal(0))
PAYMENT = Payment(
    id=40117,
    txn_id="5",
    number="7",
    amount=TEN,
    state="paid",
    paid_at=AT,
    created_at=datetime(2026, 11, 3, 7, 30, 47, 999000),  # noqa: DTZ001 - UTC
)
CANCELLED = PAYMENT._replace(
    state="cancelled",
    cancelled_at=datetime(2026, 11, 3, 8, 5, 10),  # noqa: DTZ001 - UTC
    cancel_reason=5,
)
CHECKED, RECORDED = Result("ok", PAYER), Result("ok", payment=PAYMENT)
A_CHECK, A_PAY = Check(name="check", echo=Echo("5")), Pay(name="pay", amount=TEN, echo=Echo("5"))
IN_XML = '<?xml version="1.0" encoding="UTF-8"?><response>{}</response>'


def said(bank: str, command: Command, result: Result) -> str:
    """What a bank hears, without what is the same in every XML answer."""
    text = answer(banks()[bank], command, result).body.decode()
    start, end = IN_XML.split("{}")
    return text.removeprefix(start).removesuffix(end)


@pytest.mark.parametrize(
    ("bank", "command", "result", "text"),
    [
        (
            "osmp",
            A_CHECK,
            CHECKED,
            "<osmp_txn_id>5</osmp_txn_id><result>0</result><fields>"
            '<field1 name="debt">890.00</field1></fields><comment>OK</comment>',
        ),
        (
            "osmp",
            A_CHECK,
            Result("account_closed", PAYER),
            "<osmp_txn_id>5</osmp_txn_id><result>79</result><comment>account is closed</comment>",
        ),
        (
            "osmp",
            Check(name="getInfo", echo=Echo(None)),
            CHECKED._replace(payer=OVERPAID),
            '<result>0</result><fields><field1 name="debt">-10.00</field1></fields>'
            "<comment>OK</comment>",
        ),
        (
            "osmp",
            Refuse(name="", outcome="bad_request"),
            Result("bad_request"),
            "<osmp_txn_id></osmp_txn_id><result>300</result><comment>wrong request</comment>",
        ),
        (
            "osmp",
            A_PAY,
            Result("duplicate_same", PAYER, PAYMENT),
            "<osmp_txn_id>5</osmp_txn_id><prv_txn>40117</prv_txn><sum>10.00</sum><result>0</result>"
            "<comment>OK</comment>",
        ),
        (
            "osmp",
            A_PAY,
            Result("duplicate_other", PAYER, PAYMENT),
            "<osmp_txn_id>5</osmp_txn_id><result>300</result>"
            "<comment>this payment number was used before</comment>",
        ),
        (
            "osmp",
            Cancel(name="cancel", echo=Echo("9", "5")),
            RECORDED,
            "<osmp_txn_id>9</osmp_txn_id><cancel_txn_id>5</cancel_txn_id><prv_txn>40117</prv_txn>"
            "<sum>10.00</sum><result>0</result><comment>OK</comment>",
        ),
        (
            "osmp2",
            A_PAY,
            RECORDED,
            "<osmp_txn_id>5</osmp_txn_id><prv_txn>40117</prv_txn><ext_id>40117</ext_id>"
            "<reg_date>20261103123047</reg_date>"
            "<prv_txn_date>2026-11-03 12:30:47</prv_txn_date><sum>10.00</sum><result>0</result>"
            "<comment>OK</comment>",
        ),
        (
            "osmp2",
            A_CHECK,
            CHECKED,
            "<osmp_txn_id>5</osmp_txn_id><result>0</result><fio>К*** О***</fio>"
            "<address>Абая 1</address><balance>-890.00</balance><comment>OK</comment>",
        ),
        (
            "osmp3",
            A_CHECK,
            CHECKED,
            '<result>0</result><info><extra name="customer">К*** О***</extra>'
            '<extra name="debt">890.00</extra></info><comment>OK</comment>',
        ),
        (
            "kaspi",
            A_CHECK.but(echo="5"),
            CHECKED,
            '{"txn_id":"5","result":0,"sum":"890.00","comment":"OK"}',
        ),
        (
            "kaspi",
            A_CHECK.but(echo="5"),
            CHECKED._replace(payer=OVERPAID),
            '{"txn_id":"5","result":0,"sum":"0.00","comment":"OK"}',
        ),
        (
            "kaspi",
            A_PAY.but(echo="5"),
            RECORDED,
            '{"txn_id":"5","prv_txn_id":"40117","prv_txn":"40117","result":0,"sum":"10.00",'
            '"comment":"OK"}',
        ),
        (
            "kaspi",
            A_PAY.but(echo="5"),
            Result("duplicate_same", payment=PAYMENT),
            '{"txn_id":"5","prv_txn_id":"40117","prv_txn":"40117","result":0,"sum":"10.00",'
            '"comment":"OK"}',
        ),
        (
            "kaspi",
            A_PAY.but(echo=""),
            Result("bad_id", PAYER, PAYMENT),
            '{"txn_id":"","result":5,"comment":"wrong request"}',
        ),
        (
            "kaspi",
            Refuse(name="", outcome="bad_request"),
            Result("bad_request"),
            '{"txn_id":"","result":5,"comment":"wrong request"}',
        ),
        (
            "kaspi2",
            A_CHECK.but(echo="5"),
            CHECKED,
            '<txn_id>5</txn_id><result>0</result><fields><field1 name="ФИО">К*** О***</field1>'
            '<field2 name="Адрес">Абая 1</field2></fields><bin>123</bin><comment>OK</comment>',
        ),
        (
            "kaspi2",
            A_PAY.but(echo="5"),
            RECORDED,
            "<txn_id>5</txn_id><prv_txn>40117</prv_txn><sum>10.00</sum><result>0</result>"
            "<bin>123</bin><comment>OK</comment>",
        ),
        (
            "kaspi2",
            A_CHECK.but(echo="5"),
            Result("unknown_account"),
            "<txn_id>5</txn_id><result>1</result><comment>account not found</comment>",
        ),
        (
            "cyberplat",
            A_CHECK,
            CHECKED._replace(payer=OVERPAID),
            "<code>0</code><message>OK; К*** О***; -10.00</message>",
        ),
        (
            "cyberplat",
            A_CHECK,
            Result("account_closed", PAYER),
            "<code>2</code><message>account is closed</message>",
        ),
        (
            "cyberplat",
            A_PAY,
            Result("duplicate_same", PAYER, PAYMENT),
            "<code>0</code><authcode>40117</authcode><date>2026-11-03T12:30:47</date>"
            "<message>OK</message>",
        ),
        (
            "cyberplat2",
            A_PAY,
            Result("duplicate_same", payment=PAYMENT),
            '{"Code":"0","Message":"OK","Date":"2026-11-03T12:30:47","AuthCode":40117}',
        ),
        (
            "cyberplat",
            A_PAY,
            Result("payment_cancelled", PAYER, CANCELLED),
            "<code>7</code><message>payment was cancelled</message>",
        ),
        (
            "cyberplat",
            Status(name="status"),
            Result("payment_cancelled", payment=CANCELLED),
            "<code>7</code><authcode>40117</authcode><date>2026-11-03T12:30:47</date>"
            "<message>payment was cancelled</message>",
        ),
        (
            "cyberplat",
            Cancel(name="cancel"),
            Result("ok", payment=CANCELLED),
            "<code>0</code><authcode>40117</authcode><date>2026-11-03T13:05:10</date>"
            "<message>OK</message>",
        ),
        (
            "cyberplat2",
            A_CHECK,
            CHECKED,
            '{"Code":"0","Message":"OK; К*** О***","Invoice":[{"amount":890.00}]}',
        ),
        (
            "cyberplat2",
            A_CHECK,
            CHECKED._replace(payer=OVERPAID),
            '{"Code":"0","Message":"OK; К*** О***","Invoice":[{"amount":0.00}]}',
        ),
        (
            "cyberplat2",
            A_PAY,
            RECORDED,
            '{"Code":"0","Message":"OK","Date":"2026-11-03T12:30:47","AuthCode":40117}',
        ),
        (
            "cyberplat2",
            A_CHECK,
            Result("unknown_account"),
            '{"Code":"2","Message":"account not found"}',
        ),
    ],
)
def test_what_a_bank_hears(bank: str, command: Command, result: Result, text: str) -> None:
    """Section 5 of osmp.md (and sberbank.md, 14), kaspi.md and cyberplat.md, to the letter."""
    assert said(bank, command, result) == text


CREATED = PAYMENT._replace(state="created", paid_at=AS_SENT)
PERFORMED = PAYMENT._replace(performed_at=datetime(2026, 11, 3, 7, 31))  # noqa: DTZ001 - UTC
REFUNDED = CANCELLED._replace(performed_at=PERFORMED.performed_at)
# 2026-11-03 07:30:47.999, 07:31:00 and 08:05:10.
C, P, K = 1793691047999, 1793691060000, 1793693110000
STANDS = {"create_time": C, "perform_time": 0, "cancel_time": 0, "transaction": "40117"}


@pytest.mark.parametrize(
    ("bank", "command", "result", "content"),
    [
        ("payme", Check(name=CHECK, echo=7), CHECKED, {"allow": True}),
        (
            "payme2",
            Check(name=CHECK, echo=7),
            CHECKED,
            {"allow": True, "additional": {"name": "К*** О***", "qarz": "890.00"}},
        ),
        (
            "payme",
            Pay(name=CREATE, echo=7),
            Result("duplicate_same", payment=CREATED),
            {"create_time": C, "transaction": "40117", "state": 1},
        ),
        (
            "payme",
            Perform(name=PERFORM, echo=7),
            Result("ok", payment=PERFORMED),
            {"transaction": "40117", "perform_time": P, "state": 2},
        ),
        (
            "payme",
            Cancel(name=CANCEL, echo=7),
            Result("ok", payment=CANCELLED),
            {"transaction": "40117", "cancel_time": K, "state": -1},
        ),
        (
            "payme",
            Status(name=STATUS, echo=7),
            Result("ok", payment=CREATED),
            {**STANDS, "state": 1, "reason": None},
        ),
        (
            "payme",
            Status(name=STATUS, echo=7),
            Result("ok", payment=REFUNDED),
            {**STANDS, "perform_time": P, "cancel_time": K, "state": -2, "reason": 5},
        ),
        ("payme", Note(name=FISCAL, echo=7), Result("ok"), {"success": True}),
        (
            "payme",
            Statement(name=STATEMENT, since=START, until=START, echo=7),
            Result("ok", payments=[CREATED]),
            {
                "transactions": [
                    {
                        "id": "5",
                        "time": SENT,
                        "amount": 1000,
                        "account": {"account": "7"},
                        **STANDS,
                        "state": 1,
                        "reason": None,
                    }
                ]
            },
        ),
    ],
)
def test_what_payme_hears(
    bank: str, command: Command, result: Result, content: dict[str, Any]
) -> None:
    """payme.md, section 5."""
    heard = json.loads(answer(banks()[bank], command, result).body)

    assert heard == {"jsonrpc": "2.0", "id": 7, "result": content}


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ("account_closed", {"code": -31051, "data": "account"}),
        ("already_paid", {"code": -31053, "data": "account"}),
        ("duplicate_other", {"code": -31008}),
        ("unknown_command", {"code": -32601, "data": CREATE}),
        ("unreadable", {"code": -32700}),
    ],
)
def test_what_payme_hears_of_a_refusal(outcome: Outcome, error: dict[str, Any]) -> None:
    """In three languages; what it is about from -31050 to -31099, and of an unknown method [5]."""
    heard = json.loads(
        answer(banks()["payme"], Pay(name=CREATE, echo=7), Result(outcome, PAYER, PAYMENT)).body
    )

    assert heard.keys() == {"jsonrpc", "id", "error"}
    assert (heard["jsonrpc"], heard["id"]) == ("2.0", 7)
    texts = heard["error"].pop("message")
    assert heard["error"] == error
    assert [*texts] == ["ru", "uz", "en"]
    assert len({*texts.values()}) == 3


OURS = {"merchant_prepare_id": 40117}
CONFIRMED = {**OURS, "merchant_confirm_id": 40117}
A_COMPLETE = Perform(name="complete", amount=TEN, echo=IDS)


@pytest.mark.parametrize(
    ("bank", "command", "result", "told"),
    [
        ("click", Pay(name="prepare", echo=IDS), RECORDED, {**IDS, **OURS, "error": 0}),
        (
            "click",
            Pay(name="prepare", echo=IDS),
            Result("duplicate_same", payment=PAYMENT),
            {**IDS, **OURS, "error": 0},
        ),
        (
            "click",
            Pay(name="prepare", echo=IDS),
            Result("already_paid", payment=PAYMENT),
            {**IDS, **CONFIRMED, "error": -4},
        ),
        (
            "click",
            Pay(name="prepare", echo=IDS),
            Result("duplicate_other", payment=PAYMENT),
            {**IDS, "error": -8},
        ),
        ("click", Pay(name="prepare", echo=IDS), Result("temporary"), {**IDS, "error": -7}),
        ("click", A_COMPLETE, RECORDED, {**IDS, **CONFIRMED, "error": 0}),
        (
            "click",
            A_COMPLETE,
            Result("duplicate_same", payment=PAYMENT),
            {**IDS, **CONFIRMED, "error": -4},
        ),
        (
            "click2",
            A_COMPLETE,
            Result("duplicate_same", payment=PAYMENT),
            {**IDS, **CONFIRMED, "error": 0},
        ),
        (
            "click2",
            A_COMPLETE.but(amount=SUM),
            Result("duplicate_same", payment=PAYMENT),
            {**IDS, **CONFIRMED, "error": -4},
        ),
        (
            "click",
            A_COMPLETE,
            Result("payment_not_found", payment=PAYMENT),
            {**IDS, "error": -6},
        ),
        (
            "click",
            Cancel(name="cancel", echo=IDS),
            Result("ok", payment=CANCELLED),
            {**IDS, "error": -9},
        ),
        ("click", Refuse(name="", outcome="bad_request"), Result("bad_request"), {"error": -8}),
        (
            "click",
            Check(name="info"),
            CHECKED._replace(payer=OVERPAID),
            {"error": 0, "params": {"debt": "0.00"}},
        ),
        ("click", Check(name="info"), Result("account_blocked", PAYER), {"error": -5}),
        ("click", Check(name="info"), Result("temporary"), {"error": -7}),
    ],
)
def test_what_click_hears(
    bank: str, command: Command, result: Result, told: dict[str, Any]
) -> None:
    """click.md, sections 5, 6 and 9; the note is the papers' own."""
    heard = json.loads(answer(banks()[bank], command, result).body)

    assert heard.pop("error_note") == OUR_FAULTS[told["error"]]
    assert heard == told


@pytest.mark.parametrize(
    ("bank", "path", "there", "opened"),
    [
        ("click", "", True, False),
        ("click", "info", True, True),
        ("click2", "", True, False),
        ("click2", "info", False, True),
        ("click2", "cancel", False, False),
        ("payme", "", True, False),
        ("payme", "info", False, False),
    ],
)
def test_an_address_is_there_while_its_setting_is(
    bank: str, path: str, there: bool, opened: bool
) -> None:
    """click.md, section 9: off without `show`."""
    assert (has_path(banks()[bank], path), opens(banks()[bank], path)) == (there, opened)


@pytest.mark.parametrize("bank", ["osmp", "kaspi", "cyberplat", "payme", "click"])
def test_what_a_bank_hears_while_the_program_is_down(bank: str) -> None:
    """In the words of the sheet, or a broken line."""
    told = unavailable_answer(banks()[bank])

    said = dialects.table(bank, "UNAVAILABLE")
    assert (told.status, told.content_type, told.body.decode()) == said


@pytest.mark.parametrize(
    ("dialect", "key", "values"),
    [("osmp", "txn_id_max", (1, 64)), ("payme", "timeout", (1, 31_536_000))],
)
def test_the_narrowest_and_the_widest_settings_are_taken(
    dialect: str, key: str, values: tuple[int, int]
) -> None:
    """Section 10."""
    setting = PROTOCOLS[dialect].SETTINGS[key]

    assert tuple(map(setting.read, values)) == values


@pytest.mark.parametrize(
    ("dialect", "methods", "paths", "proofs", "shared"),
    [
        ("osmp", ("GET", "POST"), ("",), (), ()),
        ("kaspi", ("GET", "POST"), ("",), (), ()),
        ("cyberplat", ("GET", "POST"), ("",), ("bank_key",), ("bank_key",)),
        ("payme", ("POST",), ("",), (), ()),
        ("click", ("POST",), ("", "info"), ("secret",), ()),
    ],
)
def test_how_a_bank_calls_and_proves_itself(
    dialect: str,
    methods: tuple[str, ...],
    paths: tuple[str, ...],
    proofs: tuple[str, ...],
    shared: tuple[str, ...],
) -> None:
    """Section 2: besides allow, Basic and url_token, which are everybody's."""
    module = PROTOCOLS[dialect]

    assert (methods, paths) == (module.METHODS, module.PATHS)
    assert (proofs, shared) == (module.PROOFS, module.SHARED_PROOFS)


def test_which_part_of_a_call_names_the_service() -> None:
    """A setting of the dialect's own says which are ours (cyberplat.md, click.md, section 3)."""
    own = {"cyberplat": "types", "click": "service_id"}

    for dialect in ("osmp", "kaspi", "cyberplat", "payme", "click"):
        assert own.get(dialect, "") == PROTOCOLS[dialect].SERVICE


@pytest.mark.parametrize(
    ("bank", "outcome", "status"),
    [
        ("kaspi", "not_authenticated", 401),
        ("kaspi", "bad_address", 403),
        ("cyberplat", "bad_token", 404),
        ("osmp", "bad_method", 405),
        ("cyberplat", "temporary", 503),
        ("click", "temporary", 503),
    ],
)
def test_what_a_dialect_has_no_word_for_http_says(bank: str, outcome: Outcome, status: int) -> None:
    """Section 6: without a body."""
    command = Refuse(name="", outcome=outcome)

    assert answer(banks()[bank], command, Result(outcome)) == (b"", "", status)


def test_an_answer_is_written_for_the_service_that_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By what is set for it; for the bank as a whole where a request names none of ours."""
    names = []

    def write(bank: Bank, *_: object) -> Answer:
        names.append(bank.service)
        return Answer(b"", "")

    monkeypatch.setattr(PROTOCOLS["osmp"], "write", write)
    for service in ("1", "2", "", "9"):
        answer(banks()["osmp"], A_CHECK.but(service=service), CHECKED)

    assert names == ["1", "2", "", ""]
