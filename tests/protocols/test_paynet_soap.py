"""Paynet's SOAP form, sentence by sentence of paynet_soap.md (sections in brackets)."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from callback import signature
from callback.settings import SettingsError, load
from tests.support.answers import alarms, at_once, broken, logged
from tests.support.dialects import NO_WORDS
from tests.support.processes import write_bank

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from callback.model import Outcome
    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.paynet_soap]
protocol = "paynet_soap"
username = "paynet"
password = "p5-Test1"
service_id = 3
account_pattern = "[0-9]{10}"
min_sum = "50.00"
max_sum = "2000.00"
timezone = "Asia/Tashkent"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.soapfinal]
protocol = "paynet_soap"
username = "uz<&>paynet"
password = ["older", "p<&>6-Test"]
service_id = [7, 40404]
account_field = "customer_id"
refund = false
url_token = true
labels = { debt = "balance" }
show = ["debt"]
"""
SERVICE_FIRST = True
UNAVAILABLE = NO_WORDS
FINAL = {
    "paynet_soap": {
        "0": "done",
        "203": "yes",
        "415": "yes",
        "412": "yes, until it is put right",
        "Fault": "yes",
        "100": "no, ask again",
        "HTTP 503": "no, ask again",
    }
}
SAYS = {
    "paynet_soap": {
        "proof": ("user name `paynet` and password inside of every request", "`example-only`"),
        "account": ("an integer of hundredths (tiyin): 100.00 KZT = `10000`",),
        "repeats": ("always code `201`", "`CheckTransaction`", "can be cancelled"),
    },
    "soapfinal": {
        "parameters": ("the number of the service: `7`, `40404`",),
        "repeats": ("cannot be cancelled",),
    },
}

COMMON = """
protocol = "paynet_soap"
username = "user"
password = "pwd-Test1"
service_id = 3
"""
EXAMPLES = f"""{COMMON}
account_pattern = "[0-9]{{6}}"
min_sum = "500.00"
max_sum = "20000.00"
show = ["name", "debt"]
"""
BANKS = f"""
[BANKS.soap]
{EXAMPLES}

[BANKS.strict]
{EXAMPLES}
refund = false

[BANKS.invoices]
{COMMON}
payer = "invoice"
show = ["debt"]

[BANKS.plain]
{COMMON}

[BANKS.shows]
{COMMON}
show = ["debt", "name"]
labels = {{ debt = "balance" }}
account_field = "customer_id"
language = "ru"

[BANKS.newyork]
{COMMON}
timezone = "America/New_York"

[BANKS.services]
protocol = "paynet_soap"
username = "user"
password = ["older one", "pwd-Test1"]
service_id = [7, 40404]
codes = {{ payment_not_found = 102, not_authenticated = 601, unreadable = 7 }}

[BANKS.sandbox]
{COMMON}
url_token = true
allow = ["10.0.0.0/8"]

[BANKS.token]
{COMMON}
url_token = true

[BANKS.pulled]
{COMMON}
bills = {{ form = "pull" }}
"""
SETTINGS = {"TIMEZONE": "Asia/Tashkent"}

ACTIVE, CLOSED, BLOCKED, NOBODY = "612001", "612002", "612003", "612099"
INFORMATION, PERFORM = "GetInformation", "PerformTransaction"
STATUS, CANCEL, STATEMENT = "CheckTransaction", "CancelTransaction", "GetStatement"
CHANGE = "ChangePassword"
T = "2026-03-16T12:00:00"
EVER = {"dateFrom": "2026-01-01T00:00:00", "dateTo": "2099-12-31T23:59:59"}
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
TYPES = {SOAP_11: "text/xml; charset=utf-8", SOAP_12: "application/soap+xml; charset=utf-8"}
OURS = "http://uws.provider.com/"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
CREDENTIALS = {"password": "pwd-Test1", "username": "user"}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:00")


def el(name: str, text: str | None) -> str:
    """An element, or nothing at all."""
    return "" if text is None else f"<{name}>{text}</{name}>"


def pair(value: str | None, key: str = "client_id") -> str:
    """A parameter."""
    return f"<parameters>{el('paramKey', key)}{el('paramValue', value)}</parameters>"


def envelope(content: str, soap: str = SOAP_11, prefix: str = "soapenv") -> str:
    """A whole document around what stands in Body."""
    body = f"<{prefix}:Body>{content}</{prefix}:Body>"
    return f'<{prefix}:Envelope xmlns:{prefix}="{soap}">{body}</{prefix}:Envelope>'


def arguments(method: str, *parts: str, prefix: str = "ns1", uri: str = OURS) -> str:
    """The one element in Body."""
    name = f"{prefix}:{method}Arguments"
    return f'<{name} xmlns:{prefix}="{uri}">{"".join(parts)}</{name}>'


def document(method: str, account: str | None = ACTIVE, more: str = "", **given: str | None) -> str:
    """A good request; `given` replaces children, or leaves them out (None)."""
    values: dict[str, str | None] = {**CREDENTIALS, "serviceId": "3"}
    if method == PERFORM:
        values |= {"transactionId": "437", "amount": "120000", "transactionTime": T}
    elif method in (STATUS, CANCEL):
        values |= {"transactionId": "437"}
    elif method == STATEMENT:
        values |= EVER
    elif method == CHANGE:
        values |= {"serviceId": None, "newPassword": "newDifficult1"}
    parts = [el(name, text) for name, text in (values | given).items()]
    if method in (INFORMATION, PERFORM) and account is not None:
        parts += [pair("4075745", "terminal_id"), pair(account)]
    return envelope(arguments(method, *parts, more))


@dataclass(frozen=True)
class Told:
    """An answer: its elements by name; parameters and statements in order."""

    method: str
    values: dict[str, str]
    parameters: list[tuple[str | None, str | None]]
    statements: list[dict[str, str]]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    @property
    def status(self) -> str:
        """The code."""
        return self.values["status"]


def read(reply: Reply, soap: str = SOAP_11) -> Told:
    """Read an answer that has a status."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == TYPES[soap]
    assert reply.text.startswith(DECLARATION)
    root = ET.fromstring(reply.body)
    assert (root.tag, [part.tag for part in root]) == (f"{{{soap}}}Envelope", [f"{{{soap}}}Body"])
    (content,) = root[0]
    name = re.fullmatch(rf"\{{{re.escape(OURS)}\}}(\w+)Result", content.tag)
    assert name is not None
    assert [part.tag for part in content][:3] == ["errorMsg", "status", "timeStamp"]
    once = [part for part in content if part.tag not in ("parameters", "statements")]
    values = {part.tag: part.text or "" for part in once}
    assert len(values) == len(once)
    return Told(
        name[1],
        values,
        [(p.findtext("paramKey"), p.findtext("paramValue")) for p in content.iter("parameters")],
        [{p.tag: p.text or "" for p in row} for row in content.iter("statements")],
    )


def fault(reply: Reply, soap: str = SOAP_11) -> ET.Element:
    """Read a Fault, which is HTTP 500 as SOAP demands."""
    assert (reply.status, reply.headers["Content-Type"]) == (500, TYPES[soap])
    root = ET.fromstring(reply.body)
    assert [part.tag for part in root] == [f"{{{soap}}}Body"]
    (content,) = root[0]
    assert content.tag == f"{{{soap}}}Fault"
    return content


def post(endpoint: Endpoint, text: str | bytes, bank: str = "soap") -> Reply:
    """Send a document."""
    raw = text if isinstance(text, bytes) else text.encode()
    return endpoint.call(f"/{bank}", "POST", raw, {"Content-Type": "text/xml"})


def ask(
    endpoint: Endpoint, method: str, account: str | None = ACTIVE, bank: str = "soap", **given: Any
) -> Told:
    """Ask for something and read the answer."""
    told = read(post(endpoint, document(method, account, **given), bank))
    assert told.method == method
    return told


def status(endpoint: Endpoint, method: str, account: str | None = ACTIVE, **given: Any) -> str:
    """Ask for something; the status alone."""
    return ask(endpoint, method, account, **given).status


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded: id, sum, state; oldest first."""
    return engine.rows("SELECT txn_id, amount, state FROM payment ORDER BY id")


def owed(endpoint: Endpoint, bank: str = "soap") -> str | None:
    """The debt that GetInformation shows."""
    told = ask(endpoint, INFORMATION, bank=bank)
    assert told.status == "0"
    return dict(told.parameters)["debt"]


@pytest.fixture(autouse=True)
def forgotten(database: Engine) -> Iterator[None]:
    """What a test makes of the password does not outlive it."""
    yield
    database.execute("DELETE FROM bank_password")


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account(ACTIVE, "Алиева Камола", owes="3200.00")
    engine.account(CLOSED, state="closed")
    engine.account(BLOCKED, state="blocked")
    return engine


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Section 11 in the order of its rows; 12 and 14 to 17 have tests of their own."""
    _rows_1_to_7(books, endpoint)
    _rows_8_to_13(books, endpoint)


def _rows_1_to_7(books: Engine, endpoint: Endpoint) -> None:
    # 1, 2
    shown: list[tuple[str | None, str | None]] = [("name", "А*** К***"), ("debt", "320000")]
    first = ask(endpoint, INFORMATION)
    assert (first.status, first["errorMsg"], first.parameters) == ("0", "Success", shown)
    for wrong in ({"password": "x"}, {"username": "x"}, {"password": None, "username": None}):
        assert status(endpoint, INFORMATION, **wrong) == "412"
    good = document(INFORMATION)
    in_12 = post(endpoint, good.replace(SOAP_11, SOAP_12))
    assert read(in_12, SOAP_12).parameters == shown
    assert read(post(endpoint, good.replace("ns1:", "q:").replace(":ns1", ":q"))).status == "0"
    # 3, 4
    assert [status(endpoint, INFORMATION, serviceId=text) for text in (None, "4")] == ["411", "305"]
    accounts = [NOBODY, CLOSED, BLOCKED, "61200x", None]
    answers = [status(endpoint, INFORMATION, account) for account in accounts]
    assert answers == ["302", "302", "501", "302", "411"]
    assert status(endpoint, INFORMATION, more=pair(ACTIVE)) == "411"
    assert rows(books) == []
    # 5, 6
    paid = ask(endpoint, PERFORM)
    (number,) = books.rows("SELECT id FROM payment")[0]
    assert (paid.status, paid["providerTrnId"]) == ("0", str(number))
    assert rows(books) == [("437", "1200.00", "paid")]
    again = ask(endpoint, PERFORM)
    assert (again.status, again["providerTrnId"]) == ("201", str(number))
    before = len(alarms(endpoint.log()))
    for other in (ask(endpoint, PERFORM, amount="130000"), ask(endpoint, PERFORM, NOBODY)):
        assert (other.status, other["providerTrnId"]) == ("201", "0")
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 2
    # 7
    for amount, answer in [
        *(("49999", "413"), ("0", "413"), ("-5", "413"), ("1200.00", "413")),
        *(("2000001", "415"), (None, "411")),
    ]:
        assert status(endpoint, PERFORM, transactionId="5", amount=amount) == answer, amount
    assert rows(books) == [("437", "1200.00", "paid")]


def _rows_8_to_13(books: Engine, endpoint: Endpoint) -> None:
    (number,) = books.rows("SELECT id FROM payment")[0]
    # 8
    times = ["2026-03-16T12:00:00.748888800", "2026-03-16T07:00:00Z", "2026-02-30T12:00:00", None]
    answers = [
        status(endpoint, PERFORM, transactionId=str(txn_id), transactionTime=text)
        for txn_id, text in enumerate(times, start=500)
    ]
    assert answers == ["0", "0", "414", "411"]
    assert {row[0][:19] for row in books.rows("SELECT paid_at FROM payment")} == {
        "2026-03-16 12:00:00"
    }
    # 9
    told = ask(endpoint, STATUS)
    assert list(told.values.items())[3:] == [
        ("providerTrnId", str(number)),
        ("transactionState", "1"),
        ("transactionStateErrorStatus", "0"),
        ("transactionStateErrorMsg", "Success"),
    ]
    assert told.status == "0"
    unknown = ask(endpoint, STATUS, transactionId="999")
    names = ("status", "providerTrnId", "transactionState", "transactionStateErrorStatus")
    assert [unknown[name] for name in names] == ["203", "0", "3", "203"]
    # 10
    listed = ask(endpoint, STATEMENT).statements
    assert [(row["transactionId"], row["amount"]) for row in listed] == [
        *(("437", "120000"), ("500", "120000"), ("501", "120000"))
    ]
    ids = ask(endpoint, STATEMENT, onlyTransactionId="true").statements
    assert ids == [{"transactionId": text} for text in ("437", "500", "501")]
    backwards = {"dateFrom": EVER["dateTo"], "dateTo": EVER["dateFrom"]}
    assert status(endpoint, STATEMENT, **backwards) == "414"
    # 11, 13
    cancelled = ask(endpoint, CANCEL)
    assert (cancelled.status, cancelled["transactionState"]) == ("0", "2")
    twice = ask(endpoint, CANCEL)
    assert (twice.status, twice["transactionState"]) == ("202", "2")
    assert twice["timeStamp"] == cancelled["timeStamp"]
    gone = ask(endpoint, CANCEL, transactionId="999")
    assert (gone.status, gone["transactionState"]) == ("203", "3")
    told = ask(endpoint, STATUS)
    assert (told.status, told["transactionState"]) == ("0", "2")
    again = ask(endpoint, PERFORM)
    assert (again.status, again["providerTrnId"]) == ("201", str(number))
    left = [row["transactionId"] for row in ask(endpoint, STATEMENT).statements]
    assert left == ["500", "501"]


def test_a_cancel_is_refused_where_nothing_is_given_back(books: Engine, endpoint: Endpoint) -> None:
    """Row 12 of section 11: 77, and it is still paid [9]."""
    paid = ask(endpoint, PERFORM, bank="strict")
    told = ask(endpoint, CANCEL, bank="strict")

    assert (told.status, told["transactionState"]) == ("77", "1")
    assert told["timeStamp"] == paid["timeStamp"]
    assert rows(books) == [("437", "1200.00", "paid")]


PERFORMED = arguments(
    PERFORM,
    *(el(name, text) for name, text in CREDENTIALS.items()),
    el("serviceId", "3") + el("transactionId", "437") + el("amount", "120000"),
    el("transactionTime", T) + pair("&a;"),
)
DTD = f'<!DOCTYPE x [<!ENTITY a "{ACTIVE}">]>'


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "<a/>",
        '{"jsonrpc": "2.0"}',
        "method=PerformTransaction",
        document(PERFORM)[:200],
        document(PERFORM) + "<x/>",
        envelope(arguments(INFORMATION) * 2),
        envelope(""),
        envelope("text"),
        envelope(arguments("Foo")),
        envelope(arguments("")),
        envelope(arguments("performTransaction")),
        document(PERFORM).replace("Arguments", "Result"),
        document(PERFORM).replace(OURS, "http://uws.provider.com"),
        document(PERFORM).replace("ns1:", "").replace("xmlns:ns1", "x"),
        document(PERFORM).replace(SOAP_11, "urn:x"),
        document(PERFORM).replace("soapenv:Envelope", "soapenv:envelope"),
        document(PERFORM).replace("soapenv:Body", "soapenv:Content"),
        document(PERFORM).replace("<soapenv:Body>", f'<soapenv:Body xmlns:soapenv="{SOAP_12}">'),
        document(PERFORM).replace("<soapenv:Body>", "<soapenv:Body/><soapenv:Body>"),
        f'<x xmlns="urn:y">{document(PERFORM)}</x>',
        DTD + envelope(PERFORMED),
        "<!DOCTYPE x>" + document(PERFORM),
        f'<!DOCTYPE x SYSTEM "file:///etc/passwd">{document(PERFORM)}',
        document(PERFORM, more="<a>" * 18 + "</a>" * 18),
        document(PERFORM, more="&a;"),
        f'<?xml version="1.0" encoding="x-y"?>{document(PERFORM)}',
        document(PERFORM, more=el("x", "\x01")),
        document(PERFORM).encode("utf-16").replace(b"P\0e\0r", b"P\0e"),
        document(PERFORM).encode() + b"\xff",
        document(PERFORM) + " " * 70_000,
    ],
)
def test_what_is_no_request_is_a_fault(
    books: Engine, endpoint: Endpoint, text: str | bytes
) -> None:
    """HTTP 500, a plain faultstring, no detail; nothing is expanded or recorded [4, 5, 11]."""
    content = fault(post(endpoint, text))

    assert [part.tag for part in content] == ["faultcode", "faultstring"]
    assert [part.text for part in content] == ["soapenv:Client", "wrong request"]
    assert endpoint.log()[-1]["code"] == "Fault"
    assert endpoint.log()[-1]["outcome"] in ("unreadable", "unknown_command")
    assert rows(books) == []


def test_a_fault_of_soap_12_has_its_own_form(books: Engine, endpoint: Endpoint) -> None:
    """Code and Reason, in the envelope of the request [5]."""
    for text in (envelope(arguments("Foo"), SOAP_12), envelope("", SOAP_12)):
        reply = post(endpoint, text)
        inner = fault(reply, SOAP_12)
        values = [(part.tag, child.tag, child.text) for part in inner for child in part]
        assert values == [
            (f"{{{SOAP_12}}}Code", f"{{{SOAP_12}}}Value", "soapenv:Sender"),
            (f"{{{SOAP_12}}}Reason", f"{{{SOAP_12}}}Text", "wrong request"),
        ]
        assert f'<soapenv:Envelope xmlns:soapenv="{SOAP_12}">' in reply.text


@pytest.mark.parametrize(
    "text",
    [
        document(PERFORM),
        f"{DECLARATION}\n{document(PERFORM)}\n",
        (f"\ufeff{document(PERFORM)}").encode(),
        document(PERFORM).encode("utf-16"),
        document(PERFORM).replace("soapenv", "s").replace("ns1", "x"),
        document(PERFORM).replace(SOAP_11, SOAP_12),
        document(PERFORM).replace(
            "<soapenv:Body>", "<soapenv:Header><a>1</a></soapenv:Header><soapenv:Body>"
        ),
        # the children in the namespace of the method, by prefix or by default
        re.sub(r"<(/?)(\w+)>", r"<\1ns1:\2>", document(PERFORM)),
        document(PERFORM).replace("ns1:", "").replace("xmlns:ns1", "xmlns"),
        # any order, attributes, unknown children, twice
        document(PERFORM, serviceId=None, more=el("serviceId", "3")),
        document(PERFORM).replace("<amount>", '<amount xmlns:xsi="urn:x" xsi:type="long" a="1">'),
        document(PERFORM, more=el("other", "1") * 2 + el("newPassword", "x") * 2),
        document(PERFORM, more='<parameters xmlns:xsi="urn:x" xsi:nil="true"/>' * 2),
        document(PERFORM, more=pair("7", "pin") * 2 + pair("1", "getInfoType")),
        document(PERFORM, more='<amount xmlns="urn:other">5</amount>'),
        # blanks and line ends around a value, comments in it
        document(PERFORM, transactionId="\n 437\t ", amount=" 120000\r\n"),
        document(PERFORM, transactionTime=f" {T} ", serviceId=" 3 "),
        document(PERFORM, amount="120<!-- thousand -->000"),
        document(PERFORM, amount="<![CDATA[120000]]>"),
        document(PERFORM, serviceId="0003"),
        document(PERFORM, account=None, more=pair(ACTIVE, "\n client_id ")),
        document(PERFORM, amount="00000000120000"),
    ],
)
def test_a_request_is_read_as_xml(books: Engine, endpoint: Endpoint, text: str | bytes) -> None:
    """Any prefix, any order, both versions; what we do not know is ignored [2, 3]."""
    raw = text if isinstance(text, bytes) else text.encode()
    soap = SOAP_12 if SOAP_12.encode() in raw else SOAP_11
    told = read(post(endpoint, raw), soap)

    assert told.status == "0", told.values
    assert rows(books) == [("437", "1200.00", "paid")]


def test_content_type_and_soap_action_are_not_looked_at(books: Engine, endpoint: Endpoint) -> None:
    """Nor the query [2]."""
    for headers in (
        {},
        {"Content-Type": "application/json"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/soap+xml; action=x", "SOAPAction": '"urn:GetStatement"'},
    ):
        reply = endpoint.call("/soap?wsdl", "POST", document(INFORMATION), headers)
        assert read(reply).status == "0"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_does_nothing(books: Engine, endpoint: Endpoint, method: str) -> None:
    """Row 17 of section 11: ?wsdl too is 405 with an empty body [2]."""
    for path in ("/soap", "/soap?wsdl"):
        reply = endpoint.call(path, method, document(PERFORM) if method == "PUT" else None)
        assert (reply.status, reply.body) == (405, b"")
    assert rows(books) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "x"},
        {"username": "x"},
        {"password": ""},
        {"username": ""},
        {"password": None},
        {"username": None},
        {"password": None, "username": None},
        {"password": " pwd-Test1"},
        {"password": "pwd-Test1\n"},
        {"username": "user "},
        {"username": "User"},
        {"password": "<a>pwd-Test1</a>"},
        {"password": "pwd-Test1<a/>"},
        {"password": "ключ"},
        {"more": el("password", "pwd-Test1")},
        {"more": el("username", "user")},
        # whatever else is wrong
        {"password": "x", "serviceId": "4", "amount": "x", "transactionId": None},
        {"password": "x", "more": el("amount", "1")},
    ],
)
@pytest.mark.parametrize("method", [INFORMATION, PERFORM, STATUS, CANCEL, STATEMENT, CHANGE])
def test_a_stranger_is_told_412(
    books: Engine, endpoint: Endpoint, method: str, wrong: dict[str, Any]
) -> None:
    """Either of them, before anything else is looked at; it is an alarm [2, 4, 6]."""
    told = ask(endpoint, method, **wrong)

    assert told.status == "412"
    assert not told.parameters and not told.statements  # noqa: PT018
    assert told.values.get("transactionState", "0") == "0"
    assert told.values.get("providerTrnId", "0") == "0"
    line = endpoint.log()[-1]
    assert (line["outcome"], line["code"], line["alarm"]) == ("not_authenticated", "412", True)
    # Nothing of what was sent; what came twice is named.
    twice = {f"given twice: {name}" for name in ("username", "password", "amount")}
    assert line.get("why") in {None, *twice}
    assert rows(books) == []


def test_old_and_new_passwords_are_good_while_they_rotate(
    books: Engine, endpoint: Endpoint
) -> None:
    """Each of the list; the code is the bank's own where it has one [10]."""
    for password in ("older one", "pwd-Test1"):
        given = {"password": password, "serviceId": "7"}
        assert status(endpoint, INFORMATION, bank="services", **given) == "0"
    told = ask(endpoint, INFORMATION, bank="services", password="older", serviceId="7")
    assert told.status == "601"


def test_basic_is_not_looked_at(books: Engine, endpoint: Endpoint) -> None:
    """The credentials are elements [2]: without them a good header is nothing."""
    basic = {"Authorization": "Basic dXNlcjpwd2QtVGVzdDE="}
    nobody = document(INFORMATION, password=None, username=None)

    assert read(endpoint.call("/soap", "POST", nobody, basic)).status == "412"
    wrong = {"Authorization": "Basic eDp5"}
    assert read(endpoint.call("/soap", "POST", document(INFORMATION), wrong)).status == "0"


def test_the_bank_changes_its_password(books: Engine, endpoint: Endpoint) -> None:
    """Row 16 of section 11: the new one holds from our answer on, the old one is 412 [9]."""
    told = ask(endpoint, CHANGE)
    assert list(told.values) == ["errorMsg", "status", "timeStamp"]
    assert (told.status, told["errorMsg"]) == ("0", "Success")
    for method in (INFORMATION, PERFORM, STATUS, CANCEL, STATEMENT, CHANGE):
        assert status(endpoint, method) == "412"
    new = {"password": "newDifficult1"}
    assert ask(endpoint, INFORMATION, **new).parameters[0] == ("name", "А*** К***")
    assert status(endpoint, PERFORM, **new) == "0"
    assert status(endpoint, CHANGE, **new, newPassword="x") == "411"
    assert status(endpoint, CHANGE, **new) == "0"
    # another bank's stays, and the digest is no password
    assert status(endpoint, INFORMATION, bank="plain") == "0"
    ((bank, digest),) = books.rows("SELECT bank, digest FROM bank_password")
    assert bank == "soap"
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert status(endpoint, INFORMATION, password=digest) == "412"


@pytest.mark.parametrize(
    "given",
    [
        {"newPassword": None},
        {"newPassword": ""},
        {"newPassword": "1234567"},
        {"newPassword": "x" * 129},
        {"newPassword": "пароль-пароль"},
        {"newPassword": "tab\there1"},
        {"newPassword": "line\nbreak"},
        {"newPassword": "del\x7fdel0"},
        {"newPassword": "12345678<a/>"},
        {"newPassword": "<a>12345678</a>"},
        {"more": el("newPassword", "newDifficult1")},
    ],
)
def test_a_password_of_a_wrong_form_is_411(
    books: Engine, endpoint: Endpoint, given: dict[str, Any]
) -> None:
    """The present one stays [3]."""
    assert status(endpoint, CHANGE, **given) == "411"
    assert status(endpoint, INFORMATION) == "0"
    assert books.rows("SELECT * FROM bank_password") == []


@pytest.mark.parametrize("password", ["12345678", "x" * 128, "a b:c%d&quot;e", " ~!@#$%^*()_ "])
@pytest.mark.parametrize("service", [None, "1", "x"])
def test_a_password_is_not_cut_and_needs_no_service(
    books: Engine, endpoint: Endpoint, password: str, service: str | None
) -> None:
    """8 to 128 printable ASCII characters; serviceId is not looked at [3]."""
    assert status(endpoint, CHANGE, newPassword=password, serviceId=service) == "0"
    assert status(endpoint, INFORMATION, password=password) == "0"
    if password.startswith(" "):
        assert status(endpoint, INFORMATION, password=password.strip()) == "412"


def test_where_the_password_is_not_known_nobody_is_refused(
    books: Engine, endpoint: Endpoint
) -> None:
    """100 or HTTP 503, never 412: it may have been changed; a wrong user name needs no look [9]."""
    with broken(books, "bank_password"):
        for method in (INFORMATION, STATUS, STATEMENT):
            assert status(endpoint, method, password="newDifficult1") == "100"
        for method in (PERFORM, CANCEL, CHANGE):
            reply = post(endpoint, document(method, password="newDifficult1"))
            assert (reply.status, reply.body) == (503, b"")
        assert status(endpoint, PERFORM, username="x") == "412"
        fault(post(endpoint, "<a/>"))
    assert rows(books) == []
    assert status(endpoint, PERFORM) == "0"


def test_its_list_of_bills_wants_basic(books: Engine, endpoint: Endpoint) -> None:
    """There are no elements to carry the credentials: nobody else may read what is owed."""
    wrong = {"Authorization": "Basic eDp5"}
    for headers in ({}, wrong):
        reply = endpoint.call("/pulled/bills?date=202611&page=1", headers=headers)
        assert (reply.status, reply.body) == (401, b"")
    right = {"Authorization": "Basic dXNlcjpwd2QtVGVzdDE="}
    assert ACTIVE in endpoint.call("/pulled/bills?date=202611&page=1", headers=right).text


@pytest.mark.parametrize(
    ("outcome", "is_read", "stranger"),
    [
        ("not_authenticated", True, True),
        ("bad_method", False, True),
        ("unreadable", False, True),
        ("unknown_command", True, True),
        ("temporary", False, True),
        ("missing", True, False),
        ("bad_request", True, False),
        ("unknown_account", True, False),
        ("temporary", True, False),
        ("ok", True, False),
    ],
)
def test_what_a_stranger_may_hear_is_logged_as_his(
    endpoint: Endpoint, outcome: Outcome, is_read: bool, stranger: bool
) -> None:
    """Who does not know the password cannot push the bank's own lines out of the log."""
    given = load(endpoint.settings)

    told = signature.is_stranger(given.banks["soap"], outcome, {}, given, is_read=is_read)

    assert told == stranger


def test_the_doctor_knows_where_the_password_stands(command: Any) -> None:
    """Not in HTTP Basic."""
    lines = command("doctor").stdout.splitlines()
    assert any("bank soap" in line and "paynet_soap; password" in line for line in lines), lines


def test_no_secret_is_logged(books: Engine, endpoint: Endpoint) -> None:
    """Neither the right password nor a wrong one."""
    seen = len(endpoint.log())
    ask(endpoint, PERFORM)
    ask(endpoint, PERFORM, password="wrong-Test1")
    ask(endpoint, CHANGE, newPassword="newer-Test1")
    ask(endpoint, CHANGE, newPassword="newer-Test1", password="newer-Test1")
    post(endpoint, document(PERFORM)[:-5])

    text = json.dumps(endpoint.log()[seen:])
    assert "Test1" not in text
    assert "Алиева" not in text


@pytest.mark.slow
def test_token_and_address_come_before_the_request(
    books: Engine, endpoint: Endpoint, command: Any
) -> None:
    """404 and 403 with empty bodies [2]."""
    token = command("url", "token").stdout.strip().rpartition("/")[2]
    for path, code in [("/token", 404), ("/token/x", 404), ("/sandbox", 404), ("/soap/x", 404)]:
        reply = post(endpoint, document(PERFORM), path[1:])
        assert (reply.status, reply.body) == (code, b"")
    away = command("url", "sandbox").stdout.strip().rpartition("/")[2]
    reply = post(endpoint, "", f"sandbox/{away}")
    assert (reply.status, reply.body) == (403, b"")
    assert read(post(endpoint, document(INFORMATION), f"token/{token}")).status == "0"
    assert rows(books) == []


@pytest.mark.parametrize(
    ("given", "answer", "outcome"),
    [
        # 4: twice, whatever else is wrong
        ({"more": el("serviceId", "3"), "amount": "x"}, "411", "bad_request"),
        ({"more": el("transactionId", "437"), "serviceId": "4"}, "411", "bad_request"),
        ({"more": el("amount", "120000")}, "411", "bad_request"),
        ({"more": el("transactionTime", T)}, "411", "bad_request"),
        ({"more": pair(ACTIVE)}, "411", "bad_request"),
        ({"more": pair(NOBODY)}, "411", "bad_request"),
        ({"more": f'<ns1:amount xmlns:ns1="{OURS}">5</ns1:amount>'}, "411", "bad_request"),
        (
            {
                "account": None,
                "more": el(
                    "parameters",
                    el("paramKey", "client_id") + el("paramValue", ACTIVE) + el("paramValue", "1"),
                ),
            },
            "411",
            "bad_request",
        ),
        (
            {
                "account": None,
                "more": el(
                    "parameters",
                    el("paramKey", "client_id") + el("paramKey", "pin") + el("paramValue", ACTIVE),
                ),
            },
            "411",
            "bad_request",
        ),
        # 5 before 6
        ({"serviceId": None, "amount": None}, "411", "missing"),
        ({"serviceId": ""}, "411", "missing"),
        ({"serviceId": "4", "amount": None}, "305", "bad_service"),
        ({"serviceId": "x"}, "305", "bad_service"),
        ({"serviceId": "-3"}, "305", "bad_service"),
        ({"serviceId": "+3"}, "305", "bad_service"),
        ({"serviceId": "3.0"}, "305", "bad_service"),
        ({"serviceId": "\u0663"}, "305", "bad_service"),
        ({"serviceId": "3" + "0" * 18}, "305", "bad_service"),
        ({"serviceId": "<a/>3"}, "305", "bad_service"),
        # 6 before 7
        ({"transactionId": None, "amount": "x"}, "411", "missing"),
        ({"amount": " ", "transactionTime": "x"}, "411", "missing"),
        ({"transactionTime": None, "amount": "x"}, "411", "missing"),
        ({"transactionTime": "", "amount": "x"}, "411", "missing"),
        ({"account": None, "amount": "x"}, "411", "missing"),
        ({"account": "", "amount": "x"}, "411", "missing"),
        ({"account": None, "more": pair(ACTIVE, "Client_id")}, "411", "missing"),
        ({"account": None, "more": pair(None)}, "411", "missing"),
        ({"account": None, "more": el("client_id", ACTIVE)}, "411", "missing"),
        ({"account": None, "more": el("account", ACTIVE)}, "411", "missing"),
        # 7: the id, the sum, the date, the account
        ({"transactionId": "0", "amount": "x"}, "411", "bad_id"),
        ({"transactionId": "07", "amount": "x"}, "411", "bad_id"),
        ({"transactionId": "-7"}, "411", "bad_id"),
        ({"transactionId": "4 37"}, "411", "bad_id"),
        ({"transactionId": "437<b/>"}, "411", "bad_id"),
        ({"transactionId": "\u0664\u0663"}, "411", "bad_id"),
        ({"transactionId": "1" * 20}, "411", "bad_id"),
        ({"amount": "x", "transactionTime": "x"}, "413", "bad_sum"),
        ({"amount": "0", "transactionTime": "x"}, "413", "bad_sum"),
        ({"amount": "1e5"}, "413", "bad_sum"),
        ({"amount": "+120000"}, "413", "bad_sum"),
        ({"amount": "120 000"}, "413", "bad_sum"),
        ({"amount": "120000<b/>"}, "413", "bad_sum"),
        ({"amount": "1" + "0" * 14}, "413", "bad_sum"),
        ({"amount": "\u0661\u0662\u0660\u0660\u0660\u0660"}, "413", "bad_sum"),
        ({"transactionTime": "x", "account": "x"}, "414", "bad_date"),
        ({"account": "61200x", "amount": "1"}, "302", "bad_account"),
        ({"account": f" {ACTIVE}", "amount": "1"}, "302", "bad_account"),
        ({"account": f"{ACTIVE}\n"}, "302", "bad_account"),
        ({"account": "\u0666\u0661\u0662\u0660\u0660\u0661"}, "302", "bad_account"),
        ({"account": f"{ACTIVE}<a/>"}, "302", "bad_account"),
        # 9 before 10
        ({"amount": "49999", "account": CLOSED}, "413", "sum_too_small"),
        ({"amount": "2000001", "account": NOBODY}, "415", "sum_too_large"),
        ({"amount": "9" * 14}, "415", "sum_too_large"),
        # 10
        ({"account": NOBODY}, "302", "unknown_account"),
        ({"account": CLOSED}, "302", "account_closed"),
        ({"account": BLOCKED}, "501", "account_blocked"),
        # accepted: both limits, the longest id
        ({"amount": "50000"}, "0", "ok"),
        ({"amount": "2000000"}, "0", "ok"),
        ({"transactionId": "9" * 19}, "0", "ok"),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, given: dict[str, Any], answer: str, outcome: str
) -> None:
    """The order of section 4; a refusal records nothing and names no payment [5]."""
    told = ask(endpoint, PERFORM, **{"account": ACTIVE, **given})

    assert (told.status, endpoint.log()[-1]["outcome"]) == (answer, outcome)
    assert list(told.values) == ["errorMsg", "status", "timeStamp", "providerTrnId"]
    assert (told["providerTrnId"] == "0") == (answer != "0")
    assert (told["errorMsg"] == "Success") == (answer == "0")
    assert len(rows(books)) == (answer == "0")


@pytest.mark.parametrize(
    ("method", "given", "answer"),
    [
        (STATUS, {"transactionId": None}, "411"),
        (STATUS, {"transactionId": "x"}, "411"),
        (STATUS, {"transactionTime": "x"}, "414"),
        (STATUS, {"transactionTime": ""}, "203"),
        (STATUS, {"transactionTime": T}, "203"),
        (STATUS, {"more": el("transactionTime", T) * 2}, "411"),
        (STATUS, {"more": el("amount", "x") * 2}, "203"),
        (STATUS, {"serviceId": "4", "transactionId": "x"}, "305"),
        (CANCEL, {"transactionId": ""}, "411"),
        (CANCEL, {"transactionId": "0"}, "411"),
        (CANCEL, {"transactionTime": "2026-02-30T12:00:00"}, "414"),
        (CANCEL, {"transactionTime": "1999-01-01 00:00:00"}, "203"),
        (CANCEL, {"serviceId": None}, "411"),
        (STATEMENT, {"dateFrom": None}, "411"),
        (STATEMENT, {"dateTo": ""}, "411"),
        (STATEMENT, {"dateFrom": "yesterday"}, "414"),
        (STATEMENT, {"dateTo": "2026-02-30T00:00:00"}, "414"),
        (STATEMENT, {"dateFrom": "2100-01-01T00:00:00"}, "414"),
        (STATEMENT, {"dateFrom": "2099-12-31T23:59:59"}, "0"),
        (STATEMENT, {"onlyTransactionId": "yes"}, "411"),
        (STATEMENT, {"onlyTransactionId": "TRUE", "dateFrom": "x"}, "411"),
        (STATEMENT, {"onlyTransactionId": ""}, "0"),
        (STATEMENT, {"more": el("onlyTransactionId", "1") * 2}, "411"),
        (STATEMENT, {"serviceId": "4"}, "305"),
        (INFORMATION, {"more": el("serviceId", "3")}, "411"),
        (INFORMATION, {"transactionId": "x", "amount": "x"}, "0"),
    ],
)
def test_every_method_looks_at_its_own_children(
    books: Engine, endpoint: Endpoint, method: str, given: dict[str, Any], answer: str
) -> None:
    """Others are ignored [3]; what is not known of a payment is state 0, an unknown one 3 [6]."""
    told = ask(endpoint, method, **given)

    assert told.status == answer
    state = "3" if answer == "203" else "0"
    assert told.values.get("transactionState", state) == state
    assert told.values.get("providerTrnId", "0") == "0"
    assert rows(books) == []


@pytest.mark.parametrize(
    ("text", "paid_at"),
    [
        ("2026-03-16T12:00:00", "2026-03-16 12:00:00"),
        ("2026-03-16 12:00:00", "2026-03-16 12:00:00"),
        ("2026-03-16T12:00:00.9", "2026-03-16 12:00:00"),
        ("2026-03-16T12:00:00.999999999", "2026-03-16 12:00:00"),
        ("2026-03-16T12:00:00Z", "2026-03-16 17:00:00"),
        ("2026-03-16T12:00:00.5Z", "2026-03-16 17:00:00"),
        ("2026-03-16T12:00:00+05:00", "2026-03-16 12:00:00"),
        ("2026-03-16T22:00:00-03:30", "2026-03-17 06:30:00"),
        ("2026-03-16T12:00:00+14:00", "2026-03-16 03:00:00"),
        ("2024-02-29T23:59:59", "2024-02-29 23:59:59"),
        ("1991-08-31T00:00:00", "1991-08-31 00:00:00"),
        ("2023-02-29T12:00:00", None),
        ("2026-03-16T24:00:00", None),
        ("2026-03-16T12:00:60", None),
        ("2026-03-16T12:00", None),
        ("2026-03-16", None),
        ("2026-03-16T12:00:00.", None),
        ("2026-03-16T12:00:00.1234567890", None),
        ("2026-03-16T12:00:00+5:00", None),
        ("2026-03-16T12:00:00+0500", None),
        ("2026-03-16T12:00:00+15:00", None),
        ("2026-03-16T12:00:00+05:60", None),
        ("2026-03-16T12:00:00z", None),
        ("2026-03-16t12:00:00", None),
        ("2026-03-16  12:00:00", None),
        ("-2026-03-16T12:00:00", None),
        ("20260316T120000", None),
        ("16.03.2026 12:00:00", None),
        ("2026-03-16T12-00-00", None),
        ("2026-03-16T1:200:00", None),
        ("\u0662026-03-16T12:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_a_time_is_an_xs_datetime_in_the_banks_zone(
    books: Engine, endpoint: Endpoint, text: str, paid_at: str | None
) -> None:
    """Cut to seconds; an offset is converted, without one it is in the zone [3, 13]."""
    assert status(endpoint, PERFORM, transactionTime=text) == ("414" if paid_at is None else "0")
    found = [row[0][:23] for row in books.rows("SELECT paid_at FROM payment")]
    assert found == ([] if paid_at is None else [f"{paid_at}.000"])


@pytest.mark.parametrize("since", ["nothing", "closed", "blocked"])
@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({}, True),
        ({"transactionTime": "2020-01-01T00:00:00"}, True),
        ({"more": pair("1", "pin")}, True),
        ({"amount": "0120000"}, True),
        ({"amount": "120001"}, False),
        ({"amount": "49999"}, False),
        ({"amount": "2000001"}, False),
        ({"account": NOBODY}, False),
        ({"account": CLOSED}, False),
    ],
)
def test_a_known_id_is_always_201(
    books: Engine, endpoint: Endpoint, given: dict[str, Any], same: bool, since: str
) -> None:
    """Whatever its state and whatever else the request says; other data is an alarm [8]."""
    paid = ask(endpoint, PERFORM)
    if since != "nothing":
        books.execute("UPDATE account SET state = ? WHERE number = ?", since, ACTIVE)

    told = ask(endpoint, PERFORM, **{"account": ACTIVE, **given})

    assert told.status == "201"
    assert told["providerTrnId"] == (paid["providerTrnId"] if same else "0")
    assert told["timeStamp"] == paid["timeStamp"] or not same
    assert endpoint.log()[-1]["outcome"] == ("duplicate_same" if same else "duplicate_other")
    assert endpoint.log()[-1].get("alarm", False) == (not same)
    assert rows(books) == [("437", "1200.00", "paid")]


def test_the_first_times_are_told_from_the_row(books: Engine, endpoint: Endpoint) -> None:
    """Of recording, and of a cancelled payment of its cancelling; with the zone's offset [5]."""
    ask(endpoint, PERFORM)
    books.execute("UPDATE payment SET performed_at = '2026-03-16 20:30:05.999'")
    recorded = "2026-03-17T01:30:05+05:00"
    for method in (PERFORM, STATUS):
        assert ask(endpoint, method)["timeStamp"] == recorded
    ask(endpoint, CANCEL)
    books.execute("UPDATE payment SET cancelled_at = '2026-03-18 00:00:00.000'")
    for method in (PERFORM, STATUS, CANCEL):
        assert ask(endpoint, method)["timeStamp"] == "2026-03-18T05:00:00+05:00"


def test_without_a_payment_the_time_is_ours(books: Engine, endpoint: Endpoint) -> None:
    """Now, with the offset of the bank's zone [5]; so it is for other data, which tells nothing."""
    ask(endpoint, PERFORM)
    books.execute("UPDATE payment SET performed_at = '2020-01-01 00:00:00'")
    for told in (
        ask(endpoint, INFORMATION),
        ask(endpoint, STATUS, transactionId="999"),
        ask(endpoint, PERFORM, amount="130000"),
        ask(endpoint, STATEMENT),
        ask(endpoint, INFORMATION, NOBODY),
    ):
        stamp = datetime.fromisoformat(told["timeStamp"])
        assert STAMP.fullmatch(told["timeStamp"])
        assert abs(datetime.now(timezone.utc) - stamp) < timedelta(minutes=5)
    other = ask(endpoint, INFORMATION, bank="newyork")["timeStamp"]
    assert other.endswith(("-04:00", "-05:00"))


@pytest.mark.parametrize(
    ("paid", "shown"),
    [(None, "320000"), ("1", "319999"), ("320000", "0"), ("330000", "0"), ("319950", "50")],
)
def test_the_debt_is_shown_in_tiyin(
    books: Engine, endpoint: Endpoint, paid: str | None, shown: str
) -> None:
    """Unlike the JSON form, and 0 when nothing or overpaid [1, 5]."""
    if paid:
        assert status(endpoint, PERFORM, bank="plain", amount=paid) == "0"

    assert owed(endpoint) == shown


@pytest.mark.parametrize(
    ("amount", "recorded"),
    [
        ("1", "0.01"),
        ("29", "0.29"),
        ("100", "1.00"),
        ("120050", "1200.50"),
        ("99999999999999", "999999999999.99"),
    ],
)
def test_an_amount_is_tiyin_and_exact(
    books: Engine, endpoint: Endpoint, amount: str, recorded: str
) -> None:
    """Never a float [1, 13]; the statement gives it back as it came [5]."""
    assert status(endpoint, PERFORM, bank="plain", amount=amount) == "0"
    assert rows(books) == [("437", recorded, "paid")]
    assert ask(endpoint, STATEMENT, bank="plain").statements[0]["amount"] == amount


def test_what_is_shown_and_how_it_is_called(books: Engine, endpoint: Endpoint) -> None:
    """`show` gives the order, `labels` the keys, `account_field` the parameter [5, 10]."""
    name = " Ким\t <Сергей>-Ян  & \x0b"
    books.execute("UPDATE account SET name = ? WHERE number = ?", name, ACTIVE)
    text = document(INFORMATION, account=None, more=pair(ACTIVE, "customer_id"))

    told = read(post(endpoint, text, "shows"))

    assert told.parameters == [("balance", "320000"), ("name", "К*** <*** &***")]
    assert ask(endpoint, INFORMATION, bank="plain").parameters == []
    unknown = document(INFORMATION, account=None, more=pair(NOBODY, "customer_id"))
    said = read(post(endpoint, unknown, "shows"))
    assert (said["errorMsg"], said.parameters) == ("лицевой счёт не найден", [])


def test_answers_to_the_letter(books: Engine, endpoint: Endpoint) -> None:
    """As section 5 prints them, in the order of the XSD."""

    def result(reply: Reply) -> str:
        text = STAMP.sub("T", reply.text)
        start = f'{DECLARATION}<soapenv:Envelope xmlns:soapenv="{SOAP_11}"><soapenv:Body>'
        end = "</soapenv:Body></soapenv:Envelope>"
        assert text.startswith(start) and text.endswith(end)  # noqa: PT018
        return text.removeprefix(start).removesuffix(end)

    def told(method: str, content: str) -> str:
        return f'<ns1:{method}Result xmlns:ns1="{OURS}">{content}</ns1:{method}Result>'

    good = "<errorMsg>Success</errorMsg><status>0</status><timeStamp>T</timeStamp>"
    replies = {
        method: result(post(endpoint, document(method)))
        for method in (INFORMATION, PERFORM, STATUS, STATEMENT, CANCEL)
    }
    (number,) = books.rows("SELECT id FROM payment")[0]

    assert replies[INFORMATION] == told(
        INFORMATION, good + pair("А*** К***", "name") + pair("320000", "debt")
    )
    assert replies[PERFORM] == told(PERFORM, f"{good}<providerTrnId>{number}</providerTrnId>")
    assert replies[STATUS] == told(
        STATUS,
        f"{good}<providerTrnId>{number}</providerTrnId><transactionState>1</transactionState>"
        "<transactionStateErrorStatus>0</transactionStateErrorStatus>"
        "<transactionStateErrorMsg>Success</transactionStateErrorMsg>",
    )
    assert replies[STATEMENT] == told(
        STATEMENT,
        f"{good}<statements><amount>120000</amount><providerTrnId>{number}</providerTrnId>"
        "<transactionId>437</transactionId><transactionTime>T</transactionTime></statements>",
    )
    assert replies[CANCEL] == told(CANCEL, f"{good}<transactionState>2</transactionState>")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("", None),
        (pair("5", "cancel_reason_code") + pair("text", "cancel_reason_note"), 5),
        (pair(" 007 ", "cancel_reason_code"), None),
        (pair("999999999", "cancel_reason_code"), 999_999_999),
        (pair("1234567890", "cancel_reason_code"), None),
        (pair("x", "cancel_reason_code"), None),
        (pair("5", "cancel_reason_code") * 2, None),
        (el("reason", "5") + el("cancel_reason_code", "5"), None),
    ],
)
def test_a_cancel_gives_the_whole_sum_back(
    books: Engine, endpoint: Endpoint, more: str, reason: int | None
) -> None:
    """With a reason where it is a number [3, 9]; the sum is owed again."""
    ask(endpoint, PERFORM)
    assert owed(endpoint) == "200000"

    told = ask(endpoint, CANCEL, more=more, transactionTime="2000-01-01T00:00:00")

    assert (told.status, told["transactionState"]) == ("0", "2")
    assert owed(endpoint) == "320000"
    assert books.rows("SELECT state, cancel_reason FROM payment") == [("cancelled", reason)]


def test_a_statement_counts_by_the_banks_own_date(books: Engine, endpoint: Endpoint) -> None:
    """Both ends belong to it; ascending, ties by our number; only what is paid [9]."""
    for txn_id, at in [
        ("9", "2026-11-03T23:59:59.999"),
        ("8", "2026-11-02T19:00:00Z"),
        ("7", "2026-11-02T23:59:59"),
        ("6", "2026-11-04T00:00:00"),
        ("10", "2026-11-03T00:00:00"),
        ("5", "2026-11-03T12:00:00"),
    ]:
        assert status(endpoint, PERFORM, transactionId=txn_id, transactionTime=at) == "0"
    assert status(endpoint, CANCEL, transactionId="5") == "0"
    assert status(endpoint, PERFORM, bank="plain", transactionTime="2026-11-03T12:00:00") == "0"
    day = {"dateFrom": "2026-11-03T00:00:00", "dateTo": "2026-11-03T23:59:59"}
    books.execute("UPDATE payment SET paid_at = '2026-11-03 00:00:00.500' WHERE txn_id = '10'")
    told = ask(endpoint, STATEMENT, **day)

    assert [row["transactionId"] for row in told.statements] == ["8", "10", "9"]
    assert [row["transactionTime"] for row in told.statements] == [
        "2026-11-03T00:00:00+05:00",
        "2026-11-03T00:00:00+05:00",
        "2026-11-03T23:59:59+05:00",
    ]
    utc = {"dateFrom": "2026-11-02T19:00:00Z", "dateTo": "2026-11-03T18:59:59.5Z"}
    assert ask(endpoint, STATEMENT, **utc).statements == told.statements
    for text in ("false", "0", ""):
        same = ask(endpoint, STATEMENT, **day, onlyTransactionId=text)
        assert same.statements == told.statements
    for text in ("true", "1"):
        ids = ask(endpoint, STATEMENT, **day, onlyTransactionId=text).statements
        assert ids == [{"transactionId": txn_id} for txn_id in ("8", "10", "9")]


def test_ids_belong_to_a_bank(books: Engine, endpoint: Endpoint) -> None:
    """The same id from two is two payments; a cancel reaches only one's own."""
    for bank in ("soap", "plain"):
        assert status(endpoint, PERFORM, bank=bank) == "0"
    assert status(endpoint, CANCEL, bank="plain") == "0"
    assert [row[2] for row in rows(books)] == ["paid", "cancelled"]
    assert ask(endpoint, STATUS)["transactionState"] == "1"


def test_a_bank_overrides_single_codes(books: Engine, endpoint: Endpoint) -> None:
    """Also a Fault's is only for the log: there is no status to say it by [10]."""
    given = {"serviceId": "40404"}
    assert status(endpoint, STATUS, bank="services", **given) == "102"
    assert status(endpoint, INFORMATION, NOBODY, bank="services", **given) == "302"
    told = ask(endpoint, STATUS, bank="services", **given)
    assert (told["transactionState"], told["transactionStateErrorStatus"]) == ("3", "102")
    fault(post(endpoint, "<a/>", "services"))


def test_when_nothing_can_be_known_the_bank_must_ask_again(
    books: Engine, endpoint: Endpoint
) -> None:
    """100 where no money moves, else HTTP 503 with an empty body [6]."""
    ask(endpoint, PERFORM, transactionId="1")
    with broken(books):
        for method in (INFORMATION, STATUS, STATEMENT):
            told = ask(endpoint, method, transactionId="1")
            assert told.status == "100"
            assert not told.parameters and not told.statements  # noqa: PT018
            assert told.values.get("transactionState", "0") == "0"
        for text in (
            document(PERFORM),
            document(CANCEL, transactionId="1"),
            # it may be known: no refusal before that is asked
            document(PERFORM, amount="1"),
            document(PERFORM, account=NOBODY),
        ):
            reply = post(endpoint, text)
            assert (reply.status, reply.body) == (503, b"")
        assert status(endpoint, PERFORM, amount="x") == "413"
        assert status(endpoint, PERFORM, password="x") == "412"
    assert status(endpoint, PERFORM) == "0"
    assert [row[0] for row in rows(books)] == ["1", "437"]


@pytest.mark.parametrize("bank", ["soap", "invoices"])
def test_twenty_at_once_are_one_payment(books: Engine, endpoint: Endpoint, bank: str) -> None:
    """One 0 and nineteen 201, all with one number and one time [8]."""
    account, amount = (ACTIVE, "120000") if bank == "soap" else (f"{ACTIVE}-1", "320000")
    text = document(PERFORM, account, amount=amount)
    answers = [read(reply) for reply in at_once(lambda: post(endpoint, text, bank))]

    assert sorted(told.status for told in answers) == ["0", *["201"] * 19]
    assert len({(told["providerTrnId"], told["timeStamp"]) for told in answers}) == 1
    assert len(rows(books)) == 1


def test_sixty_four_payments_at_once_are_all_recorded(books: Engine, endpoint: Endpoint) -> None:
    """Each with its own number, and the debt is lower by all of them."""
    texts = [document(PERFORM, transactionId=str(n), amount="1") for n in range(1, 65)]
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda text: read(post(endpoint, text, "plain")), texts))

    assert {told.status for told in answers} == {"0"}
    assert len({told["providerTrnId"] for told in answers}) == 64
    assert owed(endpoint) == "319936"


def test_cancels_at_once_are_one(books: Engine, endpoint: Endpoint) -> None:
    """One 0 and nineteen 202, all with one time [6]."""
    ask(endpoint, PERFORM)
    answers = [read(reply) for reply in at_once(lambda: post(endpoint, document(CANCEL)))]

    assert sorted(told.status for told in answers) == ["0", *["202"] * 19]
    assert len({told["timeStamp"] for told in answers}) == 1
    assert owed(endpoint) == "320000"


def test_an_invoice_is_paid_by_its_whole_sum(books: Engine, endpoint: Endpoint) -> None:
    """payer = "invoice": another sum 413, what is paid or cancelled 302, a repeat 201 [4]."""
    bill = f"{ACTIVE}-1"
    books.invoice(ACTIVE, "B-2", "500.00", state="cancelled")
    given = {"bank": "invoices", "amount": "320000"}

    assert ask(endpoint, INFORMATION, bill, "invoices").parameters == [("debt", "320000")]
    assert status(endpoint, INFORMATION, ACTIVE, bank="invoices") == "302"
    for amount in ("319999", "320001"):
        assert status(endpoint, PERFORM, bill, bank="invoices", amount=amount) == "413"
    assert status(endpoint, PERFORM, bill, **given) == "0"
    assert status(endpoint, PERFORM, bill, **given) == "201"
    assert status(endpoint, PERFORM, bill, **given, transactionId="438") == "302"
    assert status(endpoint, INFORMATION, bill, bank="invoices") == "302"
    assert status(endpoint, PERFORM, "B-2", **given, transactionId="439") == "302"
    assert status(endpoint, PERFORM, f"{CLOSED}-1", **given, transactionId="439") == "302"
    assert status(endpoint, PERFORM, f"{BLOCKED}-1", **given, transactionId="439") == "501"
    assert status(endpoint, CANCEL, bank="invoices") == "0"
    assert ask(endpoint, INFORMATION, bill, "invoices").parameters == [("debt", "320000")]
    # what somebody has paid in part cannot be paid by its whole sum any more
    books.execute("UPDATE payment SET state = 'paid', amount = '1.00'")
    assert status(endpoint, INFORMATION, bill, bank="invoices") == "302"
    assert status(endpoint, PERFORM, bill, **given, transactionId="440") == "302"


# The settings that its bank must have.
MUST = {"username": '"u"', "password": '"p"', "service_id": "3"}


def write_keys(keys: dict[str, str], folder: Path) -> Path:
    """A settings file whose bank has these."""
    lines = "\n".join(f"{key} = {value}" for key, value in keys.items())
    return write_bank("paynet_soap", lines, folder)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("", None),
        ('username = ""', "BANKS.paynet_soap.username: expected a text in quotes, not empty"),
        ("password = []", "BANKS.paynet_soap.password: expected"),
        ("service_id = []", "BANKS.paynet_soap.service_id: expected a whole number"),
        ('service_id = "3"', "BANKS.paynet_soap.service_id: expected a whole number"),
        (
            'account_field = ""',
            "BANKS.paynet_soap.account_field: expected a text in quotes, not empty",
        ),
        ('show = ["address"]', "BANKS.paynet_soap.show: expected a list of"),
        ("refund = 1", "BANKS.paynet_soap.refund: expected true or false"),
    ],
)
def test_a_fault_in_the_settings_is_named(tmp_path: Path, line: str, fault: str | None) -> None:
    """With what is wanted [10]."""
    key, _, value = line.partition(" = ")
    path = write_keys(MUST | ({key: value} if line else {}), tmp_path)

    if fault is None:
        assert load(path).banks["paynet_soap"].own["service_id"] == (3,)
        return
    with pytest.raises(SettingsError, match=re.escape(fault)):
        load(path)


@pytest.mark.parametrize("key", ["username", "password", "service_id"])
def test_a_setting_that_must_be_there_is_missed(tmp_path: Path, key: str) -> None:
    """[10]"""
    path = write_keys({name: value for name, value in MUST.items() if name != key}, tmp_path)

    with pytest.raises(SettingsError, match=f"BANKS.paynet_soap.{key}: missing"):
        load(path)


def test_twenty_levels_are_read_and_no_more(books: Engine, endpoint: Endpoint) -> None:
    """Envelope, Body and the arguments are three of them [4]."""
    for levels, is_read in ((17, True), (18, False)):
        text = document(STATUS, more="<a>" * levels + "</a>" * levels)
        assert (post(endpoint, text).status == 200) == is_read


def test_the_log_has_what_could_be_read(books: Engine, endpoint: Endpoint) -> None:
    """Nothing is made up for the rest; a call without a command is a stranger's."""
    fault(post(endpoint, "<x/>"))
    assert logged(endpoint.log()) == ("", "", "", None)
    fault(post(endpoint, envelope(arguments("Foo"))))
    assert logged(endpoint.log()) == ("Foo", "", "", None)
    assert status(endpoint, INFORMATION, None) == "411"
    assert logged(endpoint.log()) == (INFORMATION, "", "", None)
    assert endpoint.log()[-1]["why"] == "missing: parameters"
    assert status(endpoint, PERFORM, None) == "411"
    assert logged(endpoint.log()) == (PERFORM, "437", "", "1200.00")
