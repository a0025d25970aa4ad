"""What a request is in our words, whole, and what of our words a bank hears: without a server.

The tests of each dialect look at what comes of a call; here nothing that `read` makes of it is left
out, also what only the log shows. What is not in a request is empty.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.etree.ElementTree import canonicalize

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
from callback.protocols.mbank import Head
from callback.protocols.osmp import Echo
from callback.protocols.usmp import Echo as Ids
from callback.settings import load
from callback.wire import Answer, Call
from tests.conftest import settings_toml
from tests.protocols.test_click import OUR_FAULTS, complete, prepare, sign
from tests.protocols.test_mbank import request
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
codes = { temporary = -77 }

[BANKS.mbank]
protocol = "mbank"
allow = ["127.0.0.1"]
qm = ["MOB"]
show = ["name", "debt", "address"]
services.1.prefix = "1-"
services.2 = {}

[BANKS.mbank2]
protocol = "mbank"
allow = ["127.0.0.1"]
service_id = "3"
sid = "OSPP.KG"
sum_form = "lenient"
show = ["address"]
labels = { address = "Дом" }
language = "en"

[BANKS.usmp]
protocol = "usmp"
allow = ["127.0.0.1"]
cancel = "RevertId"
services.1.prefix = "1-"
services.2 = {}

[BANKS.usmp2]
protocol = "usmp"
allow = ["127.0.0.1"]
cancel = "TransactionId"
pay_element = [3, 4]
sum_form = "lenient"
show = ["name", "address", "debt"]
labels = { debt = "deposit" }

[BANKS.usmp3]
protocol = "usmp"
allow = ["127.0.0.1"]
show = []

[BANKS.rncb]
protocol = "usmp"
form = "rncb"
allow = ["127.0.0.1"]
show = ["name", "address", "debt"]
pay_element = [3]
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
# What the log says of a request that is refused as a whole.
TWICE = {"why": "given twice: account"}
LACKS = {"why": "missing: account"}
CCY = {"why": "another currency: see the setting ccy"}


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("", Refuse(name="", outcome="unknown_command", echo=Echo(""))),
        ("command=PAY", Refuse(name="PAY", outcome="unknown_command", echo=Echo(""))),
        (
            "command=check&txn_id=5&account=7&account=7",
            Refuse(
                name="check",
                outcome="bad_request",
                txn_id="5",
                echo=Echo("5"),
                noted=TWICE,
            ),
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
            Refuse(name="check", outcome="bad_request", echo=Echo(""), noted=CCY, **OF_ONE),
        ),
        ("command=pay", Refuse(name="pay", outcome="bad_id", echo=Echo(""))),
        (
            "command=check&service=1",
            Refuse(
                name="check",
                outcome="bad_request",
                service="1",
                echo=Echo(""),
                noted=LACKS,
            ),
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
                noted=LACKS,
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
            Refuse(
                name="cancel",
                outcome="bad_request",
                txn_id="5",
                echo=Echo("9"),
                noted=CCY,
            ),
        ),
        (
            "command=cancel&txn_id=9&cancel_txn_id=5&cancel_txn_date=x&cancel_txn_date=x",
            Refuse(
                name="cancel",
                outcome="bad_request",
                txn_id="9",
                echo=Echo("9"),
                noted={"why": "given twice: cancel_txn_date"},
            ),
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
            Refuse(name="check", outcome="bad_request", txn_id="5", echo="5", noted=TWICE),
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
            Refuse(name="check", outcome="bad_request", service="1", echo="", noted=LACKS),
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
        (
            "action=check&date=1&number=7&number=7&date=1",
            Refuse(name="check", outcome="bad_request", noted={"why": "given twice: date, number"}),
        ),
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


def test_a_cancel_that_cyberplat_may_not_make_is_named() -> None:
    """cyberplat.md, section 8: without the setting `cancel`."""
    assert read("cyberplat2", asked("action=cancel&receipt=5")) == Refuse(
        name="cancel", outcome="cancel_refused", txn_id="5"
    )


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        (Call("POST", "", f"action=check&{T}&sign=00".encode(), "", b""), "bad_method"),
        (asked(f"action=check&{T}&sign=00"), "bad_signature"),
        (asked(f"action=check&{T}"), "bad_signature"),
        (asked("action=check&sign=1&number=7&sign=01"), "bad_signature"),
    ],
)
def test_nothing_is_read_of_what_cyberplat_has_not_signed(call: Call, outcome: Outcome) -> None:
    """cyberplat.md, sections 2 and 4."""
    bank = banks()["cyberplat"]
    signed = bank.but(own={**bank.own, "bank_key": lambda signature, _: signature != b"\0"})

    assert PROTOCOLS["cyberplat"].read(signed, call) == Refuse(name="", outcome=outcome)


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
        (
            Call("POST", "", b"", "", b"[]"),
            Refuse(
                name="", outcome="bad_request", noted={"why": "missing or wrong: method, params"}
            ),
        ),
        (
            rpc(5),
            Refuse(
                name="", outcome="bad_request", echo=7, noted={"why": "missing or wrong: method"}
            ),
        ),
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
            Refuse(
                name=CHECK,
                outcome="bad_account",
                amount=TEN,
                service="1",
                echo=7,
                noted={"why": "missing or wrong: account"},
            ),
        ),
        (
            rpc(CHECK, amount=1000, account={"account": "7 7", "service": "1"}),
            Refuse(
                name=CHECK,
                outcome="bad_account",
                amount=TEN,
                service="1",
                echo=7,
                noted={"why": "missing or wrong: account"},
            ),
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
            Refuse(
                name=CREATE,
                outcome="bad_request",
                amount=TEN,
                echo=7,
                noted={"why": "missing or wrong: id"},
                **OF_ONE,
            ),
        ),
        (
            rpc(CREATE, id="a1", time=SENT, account=SEVEN),
            Refuse(
                name=CREATE,
                outcome="bad_sum",
                txn_id="a1",
                echo=7,
                noted={"why": "missing or wrong: amount"},
                **OF_ONE,
            ),
        ),
        (
            rpc(CREATE, id="a1", time=SENT, amount=1000),
            Refuse(
                name=CREATE,
                outcome="bad_account",
                txn_id="a1",
                amount=TEN,
                echo=7,
                noted={"why": "missing or wrong: account"},
            ),
        ),
        (
            rpc(PERFORM, id="a1"),
            Perform(name=PERFORM, txn_id="a1", lifetime=TWELVE_HOURS, echo=7),
        ),
        (
            rpc(PERFORM),
            Refuse(
                name=PERFORM, outcome="bad_request", echo=7, noted={"why": "missing or wrong: id"}
            ),
        ),
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


def adding(call: Call, more: bytes) -> Call:
    """The same call with more at the end of its body."""
    return call._replace(body=call.body + more)


def getinfo(**members: object) -> Call:
    """A getinfo of Click's."""
    return Call("POST", "info", b"", "application/json", json.dumps(members).encode())


def signed_getinfo(number: str) -> Call:
    """One with a number as it stands, which is signed so: click.md, section 9."""
    signature = hashlib.md5(f"{number}20202sheet-secret-170".encode()).hexdigest()
    others = json.dumps({**INFO, "sign_string": signature}).removeprefix("{")
    text = f'{{"click_paydoc_id":{number},{others}'
    return Call("POST", "info", b"", "application/json", text.encode())


ID = 2604400101
OF_CLICK: dict[str, Any] = {
    "txn_id": str(ID),
    "account": "77310",
    "service": "20202",
    "noted": {"click_paydoc_id": "55"},
}


def noted(common: dict[str, Any], why: str) -> dict[str, Any]:
    """The same with what the log says of a refusal."""
    return {**common, "noted": {**common["noted"], "why": why}}


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
        (
            form(prepare(error=None, amount=None)),
            Refuse(
                name="prepare", outcome="bad_request", **noted(OF_CLICK, "missing: amount, error")
            ),
        ),
        (
            adding(form(prepare(error=None)), b"&amount=1&error_note="),
            Refuse(
                name="prepare",
                outcome="bad_request",
                **noted(OF_CLICK, "given twice: amount, error_note"),
            ),
        ),
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
            form(complete(40117, sign_time="0001-01-01 00:00:00")),
            Perform(
                name="complete",
                of_id=40117,
                of_account="77310",
                of_sum=SUM,
                paid_at=datetime(1, 1, 1),  # noqa: DTZ001 - of any age
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
        (
            getinfo(**INFO, click_paydoc_id="\ud800", sign_string="x"),
            Refuse(outcome="not_authenticated", **ASKED),
        ),
        (signed_getinfo("1.50"), Check(exact=True, **ASKED)),
        (signed_getinfo("1e2"), Check(exact=True, **ASKED)),
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


def posted(op: str | None, **changes: str | None) -> Call:
    """A call of MBANK's; what is None is left out."""
    given = {"QID": "5", "PARAM1": "7", "SUM": "10.00", "SERVICE_ID": "1", **changes}
    return Call("POST", "", b"", "text/xml", request(op, **given).encode())


def nested(depth: int) -> bytes:
    """So many elements, each in the other."""
    return b"<a>" * depth + b"</a>" * depth


WRONG_QM = {"why": "missing or wrong: QM"}
QE10, QE11 = Head("MOB", "5", "QE10"), Head("MOB", "5", "QE11")
UNDER_OVER = ("sum_too_small", "sum_too_large")
AT_NOON = datetime(2026, 3, 16, 12, 0)  # noqa: DTZ001 - the bank's
A_QE11: dict[str, Any] = {"name": "check", "txn_id": "5", "echo": QE11}
A_QE10: dict[str, Any] = {"name": "pay", "txn_id": "5", "echo": QE10}
WHOLE_SUM: dict[str, Any] = {"exact": True, "differs": UNDER_OVER, **A_QE10}


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (Call("POST", "", b"", "", b""), Refuse(name="", outcome="bad_request")),
        (Call("POST", "", b"", "", b"<XML/>"), Refuse(name="", outcome="bad_request")),
        (
            Call("POST", "", b"", "", b'<XML><HEAD QM="MOB"/><BODY>%b</BODY></XML>' % nested(9)),
            Refuse(name="", outcome="bad_request"),
        ),
        (
            Call("POST", "", b"", "", b'<XML><HEAD QM="MOB"/><BODY>%b</BODY></XML>' % nested(8)),
            Refuse(name="", outcome="bad_service", echo=Head("MOB")),
        ),
        (
            posted(None),
            Refuse(name="", outcome="unknown_command", txn_id="5", echo=Head("MOB", "5"), **OF_ONE),
        ),
        (
            posted("PR09", SUM="x"),
            Refuse(
                name="PR09",
                outcome="unknown_command",
                txn_id="5",
                echo=Head("MOB", "5", "PR09"),
                **OF_ONE,
            ),
        ),
        (
            posted("Q 1", QM="M B", QID="5 5", SERVICE_ID=None),
            Refuse(
                name="",
                outcome="bad_request",
                account="7",
                echo=Head(),
                noted=WRONG_QM,
            ),
        ),
        (
            posted("QE11", QM=None),
            Refuse(
                outcome="bad_request",
                noted=WRONG_QM,
                **A_QE11 | OF_ONE | {"echo": Head("", "5", "QE11")},
            ),
        ),
        (
            posted("QE11", QM=None, QID=None),
            Refuse(
                name="check",
                outcome="bad_request",
                echo=Head("", "", "QE11"),
                noted=WRONG_QM,
                **OF_ONE,
            ),
        ),
        (
            posted("QE11", SERVICE_ID="9"),
            Refuse(outcome="bad_service", account="7", **A_QE11),
        ),
        (
            posted("QE11", PARAM1=None),
            Refuse(
                outcome="bad_request",
                service="1",
                noted={"why": "missing or wrong: PARAM1"},
                **A_QE11,
            ),
        ),
        (
            posted("QE11", PARAM1="7 7"),
            Refuse(outcome="bad_account", account="7 7", service="1", **A_QE11),
        ),
        (
            posted("QE11", QID=None),
            Check(name="check", exact=True, echo=Head("MOB", "", "QE11"), **OF_ONE),
        ),
        (
            posted("QE11", SERVICE_ID="2", SUM="x"),
            Check(exact=True, account="7", service="2", **A_QE11),
        ),
        (
            posted("QE10"),
            Pay(amount=TEN, paid_at=AT_NOON, **OF_ONE, **WHOLE_SUM),
        ),
        (
            posted("QE10", QID=None),
            Refuse(
                name="pay",
                outcome="bad_request",
                amount=TEN,
                echo=Head("MOB", "", "QE10"),
                noted={"why": "missing or wrong: QID"},
                **OF_ONE,
            ),
        ),
        (
            posted("QE10", PARAM1=None, DTS="x"),
            Refuse(
                outcome="bad_request",
                amount=TEN,
                service="1",
                noted={"why": "missing or wrong: DTS, PARAM1"},
                **A_QE10,
            ),
        ),
        (posted("QE10", SUM=None, DTS=None), Refuse(outcome="bad_sum", **OF_ONE, **A_QE10)),
        (
            posted("QE10", SUM="10"),
            Refuse(outcome="bad_sum", noted={"why": BARE}, **OF_ONE, **A_QE10),
        ),
        (posted("QE10", SUM="1000000000000,0"), Refuse(outcome="bad_sum", **OF_ONE, **A_QE10)),
        (
            posted("QE10", SUM="999999999999.99", DTS="0001-01-01 00:00:00"),
            Pay(
                amount=Decimal("999999999999.99"),
                paid_at=datetime(1, 1, 1),  # noqa: DTZ001 - the bank's
                **OF_ONE,
                **WHOLE_SUM,
            ),
        ),
        (
            posted("QE10", SUM="0.00"),
            Pay(
                amount=Decimal("0.00"),
                paid_at=AT_NOON,
                refused="sum_too_small",
                **OF_ONE,
                **WHOLE_SUM,
            ),
        ),
        (
            posted("QE10", SUM="0.00", DTS=None),
            Pay(
                amount=Decimal("0.00"),
                refused="bad_request",
                noted={"why": "missing or wrong: DTS"},
                **OF_ONE,
                **WHOLE_SUM,
            ),
        ),
        (
            posted("QE10", DTS="2026-03-16T12:00:00"),
            Pay(amount=TEN, refused="bad_request", noted={"why": DATED}, **OF_ONE, **WHOLE_SUM),
        ),
        (
            posted("QE10", DTS="2026-03-16T12:00:00", SUM="10"),
            Refuse(outcome="bad_sum", noted={"why": BARE}, **OF_ONE, **A_QE10),
        ),
    ],
)
def test_mbank_is_read(call: Call, command: Command) -> None:
    """mbank.md, sections 3 and 4; a check is for the whole sum of an invoice, too."""
    assert read("mbank", call) == command


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"SERVICE_ID": "3", "QM": None}, None),
        ({"SERVICE_ID": "3", "SUM": "1000000000000"}, "bad_sum"),
        ({"SERVICE_ID": "1"}, "bad_service"),
        ({"SERVICE_ID": None}, "bad_service"),
    ],
)
def test_what_mbank_may_agree_on(changes: dict[str, str | None], outcome: Outcome | None) -> None:
    """mbank.md, sections 3 and 10: any source, one service, whole sums."""
    command = read("mbank2", posted("QE10", **{"SUM": "10", **changes}))

    told = command.outcome if isinstance(command, Refuse) else None
    assert (told, command.amount) == (outcome, None if outcome == "bad_sum" else TEN)


U = "PayElementId=1&Account=7"
NO_ACCOUNT = {"why": "missing: Account"}
UD = "TransactionDate=20261103091500"
U5: dict[str, Any] = {"txn_id": "5", "echo": Ids("5")}
REPORT = "CheckDateBegin=20261103091500&CheckDateEnd={}"
REPORTED: dict[str, Any] = {
    "since": AT,
    "until": datetime(2026, 11, 3, 9, 15, 59, 999000),  # noqa: DTZ001 - the bank's
}
USMP_CANCEL: dict[str, Any] = {
    "name": "cancel",
    "txn_id": "5",
    "mismatch": "cancel_differs",
    "refund": True,
}


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("", Refuse(name="", outcome="unknown_command", echo=Ids())),
        (
            "QueryType=PAY&TransactionId=5&RevertId=6",
            Refuse(name="PAY", outcome="unknown_command", txn_id="5", echo=Ids("5", "6")),
        ),
        (
            "QueryType=balance&TransactionId=5",
            Refuse(name="balance", outcome="unknown_command", **U5),
        ),
        (
            "QueryType=check&TransactionId=5&Account=7&Account=7",
            Refuse(
                name="check", outcome="bad_request", noted={"why": "given twice: Account"}, **U5
            ),
        ),
        (
            "QueryType=check&RevertDate=1&RevertDate=1",
            Refuse(
                name="check",
                outcome="bad_request",
                echo=Ids(),
                noted={"why": "given twice: RevertDate"},
            ),
        ),
        (
            "QueryType=check&PayElementId=1&" + U,
            Refuse(
                name="check",
                outcome="bad_request",
                echo=Ids(),
                noted={"why": "given twice: PayElementId"},
            ),
        ),
        (
            "QueryType=check&TransactionId=x&RevertId=x&" + U,
            Refuse(name="check", outcome="bad_id", txn_id="x", echo=Ids()),
        ),
        ("QueryType=check&" + U, Check(name="check", echo=Ids(), **OF_ONE)),
        (
            "QueryType=check&TransactionId=5&Amount=x&TransactionDate=x&" + U,
            Check(name="check", **U5, **OF_ONE),
        ),
        (
            "QueryType=check&PayElementId=1",
            Refuse(
                name="check",
                outcome="bad_request",
                service="1",
                echo=Ids(),
                noted=NO_ACCOUNT,
            ),
        ),
        (
            "QueryType=check&PayElementId=1&Account=",
            Refuse(name="check", outcome="bad_account", service="1", echo=Ids()),
        ),
        (
            "QueryType=check&Account=7&PayElementId=3",
            Refuse(name="check", outcome="bad_service", account="7", echo=Ids()),
        ),
        ("QueryType=pay", Refuse(name="pay", outcome="bad_id", echo=Ids())),
        ("QueryType=cancel", Refuse(name="cancel", outcome="bad_id", echo=Ids())),
        (
            f"QueryType=pay&TransactionId=5&Amount=10.00&{UD}&{U}",
            Pay(name="pay", amount=TEN, paid_at=AT, **U5, **OF_ONE),
        ),
        (
            f"QueryType=pay&TransactionId=5&{UD}&{U}",
            Refuse(name="pay", outcome="bad_sum", **U5, **OF_ONE),
        ),
        (
            f"QueryType=pay&TransactionId=5&Amount=10&TransactionDate=x&{U}",
            Refuse(name="pay", outcome="bad_sum", noted={"why": BARE}, **U5, **OF_ONE),
        ),
        (
            f"QueryType=pay&TransactionId=5&Amount=10.00&TransactionDate=2026-11-03+09:15:00&{U}",
            Pay(
                name="pay",
                refused="bad_date",
                amount=TEN,
                noted={"why": DATED},
                **U5,
                **OF_ONE,
            ),
        ),
        (
            f"QueryType=pay&TransactionId=5&Amount=0.00&{U}",
            Pay(name="pay", refused="bad_date", amount=Decimal("0.00"), **U5, **OF_ONE),
        ),
        (
            f"QueryType=pay&TransactionId=5&Amount=0.00&{UD}&{U}",
            Pay(
                name="pay",
                refused="sum_too_small",
                amount=Decimal("0.00"),
                paid_at=AT,
                **U5,
                **OF_ONE,
            ),
        ),
        (
            f"QueryType=pay&TransactionId=5&Amount=0.00&{UD}&PayElementId=1",
            Pay(
                name="pay",
                refused="bad_request",
                amount=Decimal("0.00"),
                paid_at=AT,
                service="1",
                noted=NO_ACCOUNT,
                **U5,
            ),
        ),
        (REPORT.format("20261103091559"), Statement(name="report", echo=Ids(), **REPORTED)),
        (
            REPORT.format("20261103091559") + "&TransactionId=5&RevertId=6",
            Statement(name="report", echo=Ids("5", "6"), **REPORTED),
        ),
        (
            REPORT.format("2026-11-03+09:15:59"),
            Refuse(name="report", outcome="bad_date", noted={"why": DATED}, echo=Ids()),
        ),
        (
            "CheckDateBegin=2026-11-03+09:15:59&CheckDateEnd=x",
            Refuse(name="report", outcome="bad_date", noted={"why": DATED}, echo=Ids()),
        ),
        (
            REPORT.format("x"),
            Refuse(name="report", outcome="bad_date", echo=Ids()),
        ),
        (
            "CheckDateBegin=&CheckDateEnd=",
            Refuse(name="report", outcome="bad_date", echo=Ids()),
        ),
        (
            "CheckDateBegin=20261103091500",
            Refuse(name="", outcome="unknown_command", echo=Ids()),
        ),
        (
            "QueryType=cancel&TransactionId=9",
            Refuse(name="cancel", outcome="bad_id", txn_id="9", echo=Ids("9")),
        ),
        (
            "QueryType=cancel&TransactionId=9&RevertId=5x",
            Refuse(name="cancel", outcome="bad_id", txn_id="5x", echo=Ids("9")),
        ),
        (
            "QueryType=cancel&TransactionId=9&RevertId=5",
            Cancel(echo=Ids("9", "5"), **USMP_CANCEL),
        ),
        (
            "QueryType=cancel&TransactionId=9&RevertId=5&Amount=x&PayElementId=1",
            # -1 is a sum that no payment has
            Cancel(service="1", echo=Ids("9", "5"), of_sum=Decimal(-1), **USMP_CANCEL),
        ),
        (
            f"QueryType=cancel&TransactionId=9&RevertId=5&Amount=10.00&{U}",
            Cancel(service="1", echo=Ids("9", "5"), of_account="7", of_sum=TEN, **USMP_CANCEL),
        ),
    ],
)
def test_usmp_is_read(query: str, command: Command) -> None:
    """usmp.md, sections 3, 4, 8 and 9."""
    assert read("usmp", asked(query)) == command


A_PAYMENT_ID = "TransactionId=5&RevertId=6"
R = "Account=7&Payment_id=5"
RD = "Exec_date=20261103091500"
BALANCE = "QueryType=balance&DateFrom=20261103091500&DateTo="


@pytest.mark.parametrize(
    ("bank", "query", "command"),
    [
        (
            "usmp2",
            f"QueryType=cancel&{A_PAYMENT_ID}&Amount=10",
            Cancel(echo=Ids("5", "6"), of_sum=TEN, **USMP_CANCEL),
        ),
        (
            "usmp2",
            f"QueryType=check&{U}",
            Refuse(name="check", outcome="bad_service", account="7", echo=Ids()),
        ),
        (
            "usmp2",
            "QueryType=check&Account=7&PayElementId=4",
            Check(name="check", account="7", echo=Ids()),
        ),
        (
            "usmp3",
            f"QueryType=cancel&{A_PAYMENT_ID}",
            Refuse(name="cancel", outcome="cancel_refused", txn_id="5", echo=Ids("5", "6")),
        ),
        ("usmp3", f"QueryType=check&{U}", Check(name="check", account="7", echo=Ids())),
        (
            "rncb",
            "QueryType=check&Account=7&Account=7&TransactionId=5",
            Refuse(
                name="check",
                outcome="bad_request",
                echo=Ids(),
                noted={"why": "given twice: Account"},
            ),
        ),
        (
            "rncb",
            f"QueryType=check&{R}&Summa=x&Exec_date=x&PayElementId=9&PayElementId=9",
            Check(name="check", account="7", **U5),
        ),
        (
            "rncb",
            f"QueryType=pay&{R}&Summa=10.00&{RD}",
            Pay(name="pay", account="7", amount=TEN, paid_at=AT, **U5),
        ),
        (
            "rncb",
            f"QueryType=pay&{R}&Summa=10.00&Exec_date=2026-11-03+09:15:00",
            Pay(
                name="pay",
                refused="bad_date",
                account="7",
                amount=TEN,
                noted={"why": DATED},
                **U5,
            ),
        ),
        (
            "rncb",
            f"QueryType=cancel&{R}",
            Refuse(name="cancel", outcome="unknown_command", **U5),
        ),
        (
            "rncb",
            REPORT.format("20261103091559"),
            Refuse(name="", outcome="unknown_command", echo=Ids()),
        ),
        (
            "rncb",
            f"{BALANCE}20261103091559",
            Statement(name="balance", echo=Ids(), **REPORTED),
        ),
        (
            "rncb",
            "QueryType=balance&Date_from=20261103091500&Date_to=20261103091559",
            Statement(name="balance", echo=Ids(), **REPORTED),
        ),
        (
            "rncb",
            f"{BALANCE}20261103091559&Date_to=20261103091559",
            Refuse(
                name="balance",
                outcome="bad_request",
                echo=Ids(),
                noted={"why": "given twice: DateTo"},
            ),
        ),
        (
            "rncb",
            f"{BALANCE}20261103091559&Date_from=20261103091559",
            Refuse(
                name="balance",
                outcome="bad_request",
                echo=Ids(),
                noted={"why": "given twice: DateFrom"},
            ),
        ),
        (
            "rncb",
            "DateFrom=20261103091500&Date_from=20261103091500",
            Refuse(
                name="", outcome="bad_request", echo=Ids(), noted={"why": "given twice: DateFrom"}
            ),
        ),
        (
            "rncb",
            "QueryType=balance",
            Refuse(name="balance", outcome="bad_date", echo=Ids()),
        ),
    ],
)
def test_networks_like_usmp_are_read(bank: str, query: str, command: Command) -> None:
    """usmp.md, sections 4, 8, 10 and 14."""
    assert read(bank, asked(query)) == command


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


def test_click_hears_a_note_with_any_number_of_the_settings() -> None:
    """Also where the papers have no word for what it stands for (click.md, section 6)."""
    heard = json.loads(answer(banks()["click2"], A_COMPLETE, Result("temporary")).body)

    assert heard == {**IDS, "error": -77, "error_note": OUR_FAULTS[-8]}


NO_TIME = Head("MOB", "5", "QE10", dated=False)  # else it is our clock
A_REFUSAL = Refuse(name="", outcome="bad_request", echo=Head(dated=False))
OF_QE10 = '<HEAD DTS="" QM="MOB" QID="5" OP="QE10"/>'
OF_NOBODY = '<HEAD DTS="" QM="" QID="" OP=""/>'


@pytest.mark.parametrize(
    ("bank", "command", "result", "text"),
    [
        (
            "mbank",
            A_CHECK.but(echo=NO_TIME),
            CHECKED,
            f'{OF_QE10}<BODY STATUS="200" MSG="OK" SUM="890.00" REQUISITE1="ФИО: К*** О***"'
            ' REQUISITE2="Адрес: Абая 1"/>',
        ),
        (
            "mbank",
            A_CHECK.but(echo=NO_TIME),
            CHECKED._replace(payer=OVERPAID),
            f'{OF_QE10}<BODY STATUS="200" MSG="OK" SUM="0.00" REQUISITE1="ФИО: К*** О***"'
            ' REQUISITE2="Адрес: Абая 1"/>',
        ),
        (
            "mbank2",
            A_CHECK.but(echo=NO_TIME),
            CHECKED,
            f'{OF_QE10[:-2]} SID="OSPP.KG"/><BODY STATUS="200" MSG="OK" REQUISITE1="Дом: Абая 1"/>',
        ),
        (
            "mbank",
            A_PAY.but(echo=NO_TIME),
            RECORDED,
            f'{OF_QE10}<BODY STATUS="250" MSG="Платеж проведен" SUM="10.00"/>',
        ),
        (
            "mbank",
            A_PAY.but(echo=NO_TIME),
            Result("duplicate_same", PAYER, PAYMENT),
            f'{OF_QE10}<BODY STATUS="250" MSG="Платеж проведен" SUM="10.00"/>',
        ),
        (
            "mbank2",
            A_PAY.but(echo=NO_TIME),
            Result("duplicate_same", payment=PAYMENT),
            f'{OF_QE10[:-2]} SID="OSPP.KG"/><BODY STATUS="250" MSG="OK" SUM="10.00"/>',
        ),
        (
            "mbank2",
            A_REFUSAL,
            Result("bad_request"),
            f'{OF_NOBODY[:-2]} SID="OSPP.KG"/><BODY STATUS="401" ERR_MSG="wrong request"/>',
        ),
    ],
)
def test_what_mbank_hears(bank: str, command: Command, result: Result, text: str) -> None:
    """mbank.md, section 5."""
    told = answer(banks()[bank], command, result)

    assert told.content_type == "application/xml; charset=utf-8"
    assert told.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?><XML>')
    assert canonicalize(told.body.decode()) == canonicalize(f"<XML>{text}</XML>")


@pytest.mark.parametrize(
    ("outcome", "status", "words"),
    [
        ("unknown_account", 420, "Лицевой счет не найден"),
        ("invoice_cancelled", 420, "Лицевой счет не найден"),
        ("bad_account", 420, "Лицевой счет не найден"),
        ("account_closed", 420, "Лицевой счет закрыт"),
        ("account_blocked", 420, "Лицевой счет заблокирован"),
        ("already_paid", 421, "Счет уже оплачен"),
        ("duplicate_other", 421, "Номер платежа уже использован"),
        ("payment_cancelled", 421, "Платеж отменен"),
        ("sum_too_small", 423, "Сумма слишком мала"),
        ("sum_too_large", 422, "Сумма слишком велика"),
        ("temporary", 424, "Сервис временно недоступен"),
        ("bad_request", 401, "Неправильный формат запроса"),
        ("bad_service", 401, "Неправильный формат запроса"),
        ("bad_sum", 401, "Неправильный формат запроса"),
        ("unknown_command", 401, "Неправильный формат запроса"),
    ],
)
def test_what_mbank_hears_of_a_refusal(outcome: Outcome, status: int, words: str) -> None:
    """mbank.md, sections 5 and 6: nothing else, also not of who it is."""
    told = answer(banks()["mbank"], A_REFUSAL, Result(outcome, PAYER, PAYMENT)).body.decode()

    expected = f'<XML>{OF_NOBODY}<BODY STATUS="{status}" ERR_MSG="{words}"/></XML>'
    assert canonicalize(told) == canonicalize(expected)


U_CHECK, U_PAY = Check(name="check", echo=Ids("5")), Pay(name="pay", amount=TEN, echo=Ids("5"))
ONE_AND_A_BOOKING = [
    PAYMENT,
    PAYMENT._replace(id=40118, txn_id="6", number=None, amount=Decimal("0.50")),
    PAYMENT._replace(state="created"),
    CANCELLED,
]
LISTED = Result("ok", payments=ONE_AND_A_BOOKING)
A_REPORT = Statement(name="report", since=AT, until=AT, echo=Ids())
A_BALANCE = A_REPORT.but(name="balance")


@pytest.mark.parametrize(
    ("bank", "command", "result", "text"),
    [
        (
            "usmp",
            U_CHECK,
            CHECKED,
            "<Response><TransactionId>5</TransactionId><ResultCode>0</ResultCode><Fields>"
            '<field1 name="debt">890.00</field1></Fields><Comment>OK</Comment></Response>',
        ),
        (
            "usmp2",
            U_CHECK.but(echo=Ids()),
            CHECKED._replace(payer=OVERPAID),
            "<Response><TransactionId></TransactionId><ResultCode>0</ResultCode><Fields>"
            '<field1 name="fio">К*** О***</field1><field2 name="address">Абая 1</field2>'
            '<field3 name="deposit">-10.00</field3></Fields><Comment>OK</Comment></Response>',
        ),
        (
            "usmp3",
            U_CHECK,
            CHECKED,
            "<Response><TransactionId>5</TransactionId><ResultCode>0</ResultCode>"
            "<Comment>OK</Comment></Response>",
        ),
        (
            "usmp",
            U_CHECK,
            Result("account_closed", PAYER),
            "<Response><TransactionId>5</TransactionId><ResultCode>24</ResultCode>"
            "<Comment>account is closed</Comment></Response>",
        ),
        (
            "usmp",
            U_PAY,
            RECORDED,
            "<Response><TransactionId>5</TransactionId><TransactionExt>40117</TransactionExt>"
            "<Amount>10.00</Amount><ResultCode>0</ResultCode><Comment>OK</Comment></Response>",
        ),
        (
            "usmp",
            U_PAY,
            Result("duplicate_same", PAYER, PAYMENT),
            "<Response><TransactionId>5</TransactionId><TransactionExt>40117</TransactionExt>"
            "<Amount>10.00</Amount><ResultCode>0</ResultCode><Comment>OK</Comment></Response>",
        ),
        (
            "usmp",
            U_PAY,
            Result("duplicate_other", PAYER, PAYMENT),
            "<Response><TransactionId>5</TransactionId><ResultCode>299</ResultCode>"
            "<Comment>this payment number was used before</Comment></Response>",
        ),
        (
            "usmp",
            Cancel(name="cancel", echo=Ids("9", "5")),
            Result("ok", payment=CANCELLED),
            "<Response><TransactionId>9</TransactionId><RevertId>5</RevertId>"
            "<TransactionExt>40117</TransactionExt><Amount>10.00</Amount>"
            "<ResultCode>0</ResultCode><Comment>OK</Comment></Response>",
        ),
        (
            "usmp",
            Cancel(name="cancel", echo=Ids("9", "5")),
            Result("cancel_differs", payment=PAYMENT),
            "<Response><TransactionId>9</TransactionId><ResultCode>22</ResultCode>"
            "<Comment>payment cannot be cancelled</Comment></Response>",
        ),
        (
            "usmp",
            Refuse(name="", outcome="bad_request"),
            Result("bad_request"),
            "<Response><TransactionId></TransactionId><ResultCode>299</ResultCode>"
            "<Comment>wrong request</Comment></Response>",
        ),
        (
            "usmp",
            A_REPORT,
            LISTED,
            "<Response><Payment><TransactionId>5</TransactionId><Account>7</Account>"
            "<TransactionDate>20261103091500</TransactionDate><Amount>10.00</Amount></Payment>"
            "<Payment><TransactionId>6</TransactionId><Account></Account>"
            "<TransactionDate>20261103091500</TransactionDate><Amount>0.50</Amount></Payment>"
            "</Response>",
        ),
        ("usmp", A_REPORT, Result("ok"), "<Response></Response>"),
        (
            "usmp",
            A_REPORT,
            Result("too_many_payments", payments=ONE_AND_A_BOOKING),
            "<Response><TransactionId></TransactionId><ResultCode>299</ResultCode>"
            "<Comment>too many payments, ask for a shorter period</Comment></Response>",
        ),
        (
            "rncb",
            U_CHECK,
            CHECKED,
            "<CHECKRESPONSE><FIO>К*** О***</FIO><ADDRESS>Абая 1</ADDRESS><BALANCE>-890.00</BALANCE>"
            "<ERROR>0</ERROR><COMMENTS>OK</COMMENTS></CHECKRESPONSE>",
        ),
        (
            "rncb",
            U_CHECK,
            Result("account_closed", PAYER),
            "<CHECKRESPONSE><ERROR>1</ERROR><COMMENTS>account is closed</COMMENTS></CHECKRESPONSE>",
        ),
        (
            "rncb",
            U_PAY,
            Result("duplicate_same", PAYER, PAYMENT),
            "<PAYRESPONSE><OUT_PAYMENT_ID>40117</OUT_PAYMENT_ID><ERROR>10</ERROR>"
            "<COMMENTS>duplicate</COMMENTS></PAYRESPONSE>",
        ),
        (
            "rncb",
            U_PAY,
            Result("duplicate_other", PAYER, PAYMENT),
            "<PAYRESPONSE><ERROR>1</ERROR>"
            "<COMMENTS>this payment number was used before</COMMENTS></PAYRESPONSE>",
        ),
        (
            "rncb",
            Refuse(name="cancel", outcome="unknown_command"),
            Result("unknown_command"),
            "<CHECKRESPONSE><ERROR>1</ERROR><COMMENTS>wrong request</COMMENTS></CHECKRESPONSE>",
        ),
        (
            "rncb",
            A_BALANCE,
            LISTED,
            "<BALANCERESPONSE><FULL_SUMMA>10.50</FULL_SUMMA>"
            "<NUMBER_OF_PAYMENTS>2</NUMBER_OF_PAYMENTS><ERROR>0</ERROR><PAYMENTS>"
            "<PAYMENT_ROW>5;40117;7;10.00;20261103091500</PAYMENT_ROW>"
            "<PAYMENT_ROW>6;40118;;0.50;20261103091500</PAYMENT_ROW></PAYMENTS></BALANCERESPONSE>",
        ),
        (
            "rncb",
            A_BALANCE,
            Result("ok"),
            "<BALANCERESPONSE><FULL_SUMMA>0.00</FULL_SUMMA>"
            "<NUMBER_OF_PAYMENTS>0</NUMBER_OF_PAYMENTS><ERROR>0</ERROR><PAYMENTS></PAYMENTS>"
            "</BALANCERESPONSE>",
        ),
        (
            "rncb",
            A_BALANCE,
            Result("too_many_payments", payments=ONE_AND_A_BOOKING),
            "<BALANCERESPONSE><ERROR>1</ERROR>"
            "<COMMENTS>too many payments, ask for a shorter period</COMMENTS></BALANCERESPONSE>",
        ),
    ],
)
def test_what_networks_like_usmp_hear(
    bank: str, command: Command, result: Result, text: str
) -> None:
    """usmp.md, sections 5, 8, 9 and 14, to the letter."""
    told = answer(banks()[bank], command, result)

    assert told.content_type == "text/xml; charset=utf-8"
    assert told.body.decode() == f'<?xml version="1.0" encoding="UTF-8"?>{text}'


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
