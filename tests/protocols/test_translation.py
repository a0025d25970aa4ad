"""What a request is in our words, whole, and what of our words a bank hears: without a server.

The tests of each dialect look at what comes of a call; here nothing that `read` makes of it is left
out, also what only the log shows. What is not in a request is empty.
"""

from __future__ import annotations

import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from callback.model import (
    Cancel,
    Check,
    Pay,
    Refuse,
    Status,
)
from callback.protocols import PROTOCOLS
from callback.protocols.osmp import Echo
from callback.settings import load
from callback.wire import Call
from tests.conftest import settings_toml
from tests.support.family import BARE, DATED
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.model import Command

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

[BANKS.plain]
protocol = "osmp"
allow = ["127.0.0.1"]
cancel = true

[BANKS.payme]
protocol = "payme"
password = "36 characters of a cash-desk's key.."

[BANKS.click]
protocol = "click"
secret = "sheet-secret-1"
service_id = 20202
allow = ["127.0.0.1"]
show = ["debt"]
"""


def banks() -> dict[str, Bank]:
    """The banks of this file."""
    with TemporaryDirectory() as folder:
        toml = settings_toml("sqlite:///none.db", sys.modules[__name__])
        return dict(load(write_settings(toml, Path(folder))).banks)


LOADED = banks()


def read(bank: str, call: Call) -> Command:
    """What a bank's request is in our words."""
    return PROTOCOLS[LOADED[bank].protocol].read(LOADED[bank], call)


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
