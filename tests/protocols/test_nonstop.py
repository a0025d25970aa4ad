"""24 Non Stop, sentence by sentence of nonstop.md (sections in brackets)."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import pytest

from callback.settings import SettingsError, load
from callback.signature import url_tokens
from callback.tools.conform.xml_simulator import EXTERNAL, LAUGHS
from tests.support.answers import alarms, at_once, broken, logged, payments
from tests.support.dialects import NO_WORDS
from tests.support.processes import write_bank
from tests.support.rpc import basic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

BANK = """
[BANKS.nonstop]
protocol = "nonstop"
secret = ["older", "sheet-secret-3"]
service_id = ["Internet", "TV"]
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
timezone = "Europe/Kyiv"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.click2]
protocol = "nonstop"
secret = "sheet-secret-3"
sign = "sha1"
sign_amount = true
sum_form = "lenient"
balance_sign = "debt"
username = "2click"
password = "p"
weak_password = true
codes = { duplicate_same = "22" }

[BANKS.alltime]
protocol = "nonstop"
secret = "sheet-secret-3"
show = []
sum_form = "strict"
url_token = true
"""
SERVICE_FIRST = True
UNAVAILABLE = NO_WORDS
FINAL = {
    "nonstop": {
        "21": "done",
        "22": "done",
        "-100": "yes",
        "-40": "yes",
        "-90": "no, ask again",
        "HTTP 503": "no, ask again",
    },
    "click2": {"22": "done", "HTTP 401": "yes, until it is put right"},
}
SAYS = {
    "nonstop": {
        "proof": ("MD5", "The sum is not signed"),
        "parameters": ("the number of the service: `Internet`, `TV`",),
        "account": ("`100.00`: digits, a dot or a comma",),
        "repeats": ("code `-100`", "`ACT=7`", "cannot be cancelled"),
        "answer": ("a debt is negative",),
    },
    "click2": {
        "proof": ("SHA-1", "in `ACT=4` also `PAY_AMOUNT`"),
        "answer": ("a debt is positive",),
    },
}

BANKS = """
[BANKS.nonstop]
protocol = "nonstop"
secret = "sheet-secret-1"
service_id = "Internet"
account_pattern = "[0-9]{6}"
min_sum = "1.00"
max_sum = "20000.00"
show = ["name", "debt"]

[BANKS.click2]
protocol = "nonstop"
secret = ["of last year", "секрет & год"]
sign = "sha1"
sign_amount = true
sum_form = "lenient"
balance_sign = "debt"
show = ["debt"]
timezone = "Pacific/Kiritimati"
codes = { duplicate_same = "22", account_blocked = -42, temporary = "-90" }

[BANKS.services]
protocol = "nonstop"
secret = "sheet-secret-1"
service_id = ["Internet", "TV", 17]
sum_form = "strict"
show = ["name"]
language = "ru"

[BANKS.silent]
protocol = "nonstop"
secret = "sheet-secret-1"
show = []

[BANKS.bills]
protocol = "nonstop"
secret = "sheet-secret-1"
payer = "invoice"

[BANKS.elsewhere]
protocol = "nonstop"
secret = "sheet-secret-1"
allow = ["192.0.2.1"]

[BANKS.locked]
protocol = "nonstop"
secret = "sheet-secret-1"
username = "n"
password = "p"
weak_password = true

[BANKS.token]
protocol = "nonstop"
secret = "sheet-secret-1"
url_token = true
"""
SETTINGS = {"CURRENCY": "UAH", "TIMEZONE": "Europe/Kyiv"}
KYIV = ZoneInfo("Europe/Kyiv")

SECRET = "sheet-secret-1"
GUID = "c9d93d03-3822-4229-8e6e-0fa2742c8d70"
CHECK = {
    "ACT": "1",
    "SERVICE_ID": "Internet",
    "PAY_ACCOUNT": "632435",
    "PAY_ID": GUID,
    "TRADE_POINT": "7523",
}
PAY = {
    "ACT": "4",
    "PAY_AMOUNT": "400.00",
    "RECEIPT_NUM": "1846427660",
    "SERVICE_ID": "Internet",
    "PAY_ACCOUNT": "632435",
    "PAY_ID": GUID,
    "TRADE_POINT": "7523",
}
STATUS = {"ACT": "7", "SERVICE_ID": "Internet", "PAY_ID": GUID}
# printf %s 1_632435_Internet_$GUID_sheet-secret-1 | openssl dgst -md5, and so on [11].
S1 = "1608f699799d8feaa6bab8d7da6b5d0a"
S4 = "d01c6c539eb36f1ffa96ba95ef4c642e"
S7 = "9f6762940fa7b45446652605455ebd9d"
# Of the older paper, with 400.00 before the secret.
S4_WITH_SUM = "e9319e01819bb449a3e52afa72c30119"
SIGNED = ("ACT", "PAY_ACCOUNT", "SERVICE_ID", "PAY_ID")
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
STAMP = "%d.%m.%Y %H:%M:%S"
NAMED = {"account": "632435", "service_id": "Internet"}
LIMITS = {"min_amount": "1.00", "max_amount": "20000.00"}

Values = dict[str, Any]


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11], and one who is blocked."""
    engine.account("632435", "Кравец Анна", owes="640.30")
    engine.account("632436", state="closed")
    engine.account("632437", state="blocked")
    engine.account("632438", owes="0.00")
    return engine


def raw(value: str | bytes) -> bytes:
    """A value as it is signed."""
    return value if isinstance(value, bytes) else value.encode()


def signed(values: Values, secret: str = SECRET, algorithm: str = "md5", *more: str) -> str:
    """Sign as the network does [2]; `more` is signed before the secret."""
    parts = [raw(values.get(name, "")) for name in (*SIGNED, *more)]
    return hashlib.new(algorithm, b"_".join([*parts, secret.encode()])).hexdigest()


def but(values: Values, change: Mapping[str, Any]) -> Values:
    """Change parameters; None takes one away."""
    return {name: value for name, value in {**values, **change}.items() if value is not None}


def get(endpoint: Endpoint, query: str, bank: str = "nonstop") -> Reply:
    """Send a query exactly as given."""
    return endpoint.call(f"/{bank}?{query}")


def send(endpoint: Endpoint, values: Values, bank: str = "nonstop") -> Reply:
    """Send signed parameters; a SIGN that is there stays."""
    return get(endpoint, urlencode({"SIGN": signed(values), **values}), bank)


def post(endpoint: Endpoint, text: str | bytes, bank: str = "nonstop") -> Reply:
    """Send a body, of no type."""
    return endpoint.call(f"/{bank}", "POST", text)


def document(values: Values, *, root: str = "pay-request", more: str = "") -> str:
    """Write signed parameters as XML."""
    given = {**values, "SIGN": values.get("SIGN", signed(values))}
    elements = [f"<{name.lower()}>{escape(text)}</{name.lower()}>" for name, text in given.items()]
    return f"<{root}>{''.join(elements)}{more}</{root}>"


def elements(root: ET.Element) -> dict[str, Any]:
    """Texts by name in order, those of an element of elements as a dictionary."""
    found: dict[str, Any] = {}
    for child in root:
        assert child.tag not in found, child.tag
        found[child.tag] = elements(child) if len(child) else child.text or ""
    return found


def moment(text: str) -> datetime:
    """Read a time of an answer, as if it was UTC; it must have its seconds [5]."""
    return datetime.strptime(text, STAMP).replace(tzinfo=timezone.utc)


def read(reply: Reply) -> dict[str, Any]:
    """Read an answer, which must be the XML of the sheet, with the time of now last [5]."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert reply.text.startswith(f"{DECLARATION}<pay-response>")
    found = elements(ET.fromstring(reply.body))
    assert moment(found["time_stamp"])
    return found


def told(reply: Reply) -> dict[str, Any]:
    """An answer without the time of now."""
    found = read(reply)
    found.pop("time_stamp")
    return found


def ask(endpoint: Endpoint, values: Values, bank: str = "nonstop", **change: Any) -> dict[str, Any]:
    """Send signed parameters and read what is told."""
    return told(send(endpoint, but(values, change), bank))


def code(endpoint: Endpoint, values: Values, bank: str = "nonstop", **change: Any) -> str:
    """Send signed parameters and tell the status_code alone."""
    return str(ask(endpoint, values, bank, **change)["status_code"])


def recorded(books: Engine, zone: ZoneInfo = KYIV) -> tuple[str, str]:
    """Our number of the last payment, and when it was recorded, as answers tell it [5]."""
    query = "SELECT id, performed_at FROM payment ORDER BY id DESC LIMIT 1"
    [(number, performed)] = books.rows(query)
    utc = datetime.fromisoformat(performed).replace(tzinfo=timezone.utc)
    return str(number), f"{utc.astimezone(zone):{STAMP}}"


def paid(books: Engine) -> list[tuple[Any, ...]]:
    """What is recorded, without the date."""
    return [(*row[:5], row[6]) for row in payments(books)]


PAID = ("nonstop", GUID, "632435", "400.00", "paid", "UAH")


def test_the_signs_of_the_sheet_are_ours() -> None:
    """So that no test signs in a way of its own [11]."""
    assert [signed(CHECK), signed(PAY), signed(STATUS)] == [S1, S4, S7]
    assert signed(PAY, SECRET, "md5", "PAY_AMOUNT") == S4_WITH_SUM


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order."""
    # 1, to the letter
    query = f"ACT=1&SERVICE_ID=Internet&PAY_ACCOUNT=632435&PAY_ID={GUID}&TRADE_POINT=7523&SIGN={S1}"
    reply = get(endpoint, query)
    now = read(reply)["time_stamp"]
    shown = (
        "<balance>-640.30</balance><name>К*** А***</name><account>632435</account>"
        "<service_id>Internet</service_id><min_amount>1.00</min_amount>"
        "<max_amount>20000.00</max_amount><status_code>21</status_code>"
    )
    assert reply.text == (
        f"{DECLARATION}<pay-response>{shown}<time_stamp>{now}</time_stamp></pay-response>"
    )
    assert payments(books) == []
    # 2
    assert told(get(endpoint, query.replace(S1, S1.upper())))["status_code"] == "21"
    for other in (f"1{S1[1:]}"[:-1] + "b", ""):
        assert told(get(endpoint, query.replace(S1, other))) == {"status_code": "-101"}
    assert told(get(endpoint, query.partition("&SIGN")[0])) == {"status_code": "-101"}
    assert ask(endpoint, CHECK, SERVICE_ID="Phone") == {"status_code": "-101"}
    # 3
    refused = {"632436": "-41", "632499": "-40", "63243": "-40", None: "-101"}
    for account, expected in refused.items():
        assert ask(endpoint, CHECK, PAY_ACCOUNT=account) == {"status_code": expected}
    # 4
    pay = (
        f"ACT=4&PAY_AMOUNT=400.00&RECEIPT_NUM=1846427660&SERVICE_ID=Internet&PAY_ACCOUNT=632435"
        f"&PAY_ID={GUID}&TRADE_POINT=7523&SIGN={S4}"
    )
    reply = get(endpoint, pay)
    number, when = recorded(books)
    assert reply.text == (
        f"{DECLARATION}<pay-response><pay_id>{GUID}</pay_id><service_id>Internet</service_id>"
        f"<amount>400.00</amount><status_code>22</status_code><description>{number}</description>"
        f"<time_stamp>{when}</time_stamp></pay-response>"
    )
    assert paid(books) == [PAID]
    # 5
    seen = len(alarms(endpoint.log()))
    assert told(get(endpoint, pay)) == {"status_code": "-100"}
    assert alarms(endpoint.log())[seen:] == []
    assert told(get(endpoint, pay.replace("400.00", "401.00"))) == {"status_code": "-100"}
    assert alarms(endpoint.log())[seen:] == ["duplicate_other"]
    # 6
    amounts = {"0.00": "-42", "20000.01": "-42", "400": "-101", "4e2": "-101", None: "-101"}
    for amount, expected in amounts.items():
        answer = ask(endpoint, PAY, PAY_ID="new", PAY_AMOUNT=amount)
        assert answer == {"status_code": expected}, amount
    # 7
    reply = get(endpoint, f"ACT=7&SERVICE_ID=Internet&PAY_ID={GUID}&SIGN={S7}")
    now = read(reply)["time_stamp"]
    assert reply.text == (
        f"{DECLARATION}<pay-response><status_code>11</status_code><time_stamp>{now}</time_stamp>"
        f"<transaction><pay_id>{GUID}</pay_id><service_id>Internet</service_id>"
        f"<amount>400.00</amount><status>111</status><time_stamp>{when}</time_stamp></transaction>"
        "</pay-response>"
    )
    assert ask(endpoint, STATUS, PAY_ID="unknown") == {"status_code": "-10"}
    # 8
    text = (
        "<pay-request><act>4</act><service_id>Internet</service_id>"
        "<pay_account>632435</pay_account><pay_amount>400.00</pay_amount>"
        f"<pay_id>{GUID}</pay_id><sign>{S4}</sign></pay-request>"
    )
    assert told(post(endpoint, text)) == {"status_code": "-100"}
    # 9
    assert ask(endpoint, CHECK, ACT="2") == {"status_code": "-101"}
    assert told(get(endpoint, f"{query}&ACT=1")) == {"status_code": "-101"}
    assert told(post(endpoint, f"<!DOCTYPE pay-request>{text}")) == {"status_code": "-101"}
    reply = endpoint.call(f"/nonstop?{query}", "HEAD")
    assert (reply.status, reply.body) == (405, b"")
    assert paid(books) == [PAID]


@pytest.mark.parametrize("way", ["query", "xml"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # step 3, before the act
        ({"SIGN": "", "ACT": "9"}, ("-101", "bad_signature")),
        ({"SERVICE_ID": "internet", "ACT": "9"}, ("-101", "bad_service")),
        ({"SERVICE_ID": "Internet "}, ("-101", "bad_service")),
        ({"SERVICE_ID": ""}, ("-101", "bad_service")),
        ({"SERVICE_ID": None}, ("-101", "bad_service")),
        # step 4, before the id
        ({"ACT": "2", "PAY_ID": ""}, ("-101", "unknown_command")),
        ({"ACT": "14"}, ("-101", "unknown_command")),
        ({"ACT": "47"}, ("-101", "unknown_command")),
        ({"ACT": "04"}, ("-101", "unknown_command")),
        ({"ACT": " 4"}, ("-101", "unknown_command")),
        ({"ACT": "4 "}, ("-101", "unknown_command")),
        ({"ACT": "4\n"}, ("-101", "unknown_command")),
        ({"ACT": "٤"}, ("-101", "unknown_command")),
        ({"ACT": "pay"}, ("-101", "unknown_command")),
        ({"ACT": ""}, ("-101", "unknown_command")),
        ({"ACT": None}, ("-101", "unknown_command")),
        # step 5, before the account
        ({"PAY_ID": None, "PAY_ACCOUNT": "x"}, ("-101", "bad_id")),
        ({"PAY_ID": ""}, ("-101", "bad_id")),
        ({"PAY_ID": "a" * 65}, ("-101", "bad_id")),
        ({"PAY_ID": "a b"}, ("-101", "bad_id")),
        ({"PAY_ID": "a_b"}, ("-101", "bad_id")),
        ({"PAY_ID": f" {GUID}"}, ("-101", "bad_id")),
        ({"PAY_ID": f"{GUID}\n"}, ("-101", "bad_id")),
        ({"PAY_ID": f"{{{GUID}}}"}, ("-101", "bad_id")),
        ({"PAY_ID": "ключ"}, ("-101", "bad_id")),
        ({"PAY_ID": "٥"}, ("-101", "bad_id")),
        ({"ACT": "7", "PAY_ID": ""}, ("-101", "bad_id")),
        ({"ACT": "7", "PAY_ID": None}, ("-101", "bad_id")),
        ({"ACT": "1", "PAY_ID": "a b"}, ("-101", "bad_id")),
        # step 7, before the sum
        ({"PAY_ACCOUNT": None, "PAY_AMOUNT": "x"}, ("-101", "bad_request")),
        ({"PAY_ACCOUNT": "", "PAY_AMOUNT": "x"}, ("-40", "bad_account")),
        ({"PAY_ACCOUNT": "63243"}, ("-40", "bad_account")),
        ({"PAY_ACCOUNT": " 632435"}, ("-40", "bad_account")),
        ({"PAY_ACCOUNT": "632435\n"}, ("-40", "bad_account")),
        ({"PAY_ACCOUNT": "0632435"}, ("-40", "bad_account")),
        ({"PAY_ACCOUNT": "٦٣٢٤٣٥"}, ("-40", "bad_account")),
        ({"PAY_ACCOUNT": "' OR '1'='1"}, ("-40", "bad_account")),
        # step 8, before the limits
        ({"PAY_AMOUNT": None}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": ""}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "400"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "40000"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "400."}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": ".50"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "400.000"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "+400.00"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "-400.00"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": " 400.00"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "400.00\n"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "4 000.00"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "4,000.00"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "4٠0.00"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": "NaN"}, ("-101", "bad_sum")),
        ({"PAY_AMOUNT": f"{'9' * 21}.00"}, ("-101", "bad_sum")),
        # step 10, before the account is looked for
        ({"PAY_AMOUNT": "0.99", "PAY_ACCOUNT": "632499"}, ("-42", "sum_too_small")),
        ({"PAY_AMOUNT": "0.00"}, ("-42", "sum_too_small")),
        ({"PAY_AMOUNT": "20000.01", "PAY_ACCOUNT": "632436"}, ("-42", "sum_too_large")),
        ({"PAY_AMOUNT": f"{'9' * 20}.99"}, ("-42", "sum_too_large")),
        # step 11
        ({"PAY_ACCOUNT": "632499"}, ("-40", "unknown_account")),
        ({"PAY_ACCOUNT": "632436"}, ("-41", "account_closed")),
        ({"PAY_ACCOUNT": "632437"}, ("-41", "account_blocked")),
        ({"ACT": "1", "PAY_ACCOUNT": "632499"}, ("-40", "unknown_account")),
        ({"ACT": "1", "PAY_ACCOUNT": "632436"}, ("-41", "account_closed")),
        ({"ACT": "1", "PAY_ACCOUNT": "632437"}, ("-41", "account_blocked")),
        ({"ACT": "7"}, ("-10", "payment_not_found")),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, change: Values, expected: tuple[str, str], way: str
) -> None:
    """The order of section 4 from step 3 on; a refusal tells and records nothing."""
    code_of_it, outcome = expected
    values = but(PAY, change)
    reply = send(endpoint, values) if way == "query" else post(endpoint, document(values))

    assert told(reply) == {"status_code": code_of_it}
    line = endpoint.log()[-1]
    assert (line["outcome"], "alarm" in line) == (outcome, outcome == "bad_signature")
    assert payments(books) == []


@pytest.mark.parametrize("way", ["query", "xml"])
@pytest.mark.parametrize(
    ("change", "amount"),
    [
        ({"PAY_AMOUNT": "1.00"}, "1.00"),
        ({"PAY_AMOUNT": "20000.00"}, "20000.00"),
        ({"PAY_AMOUNT": "400.5"}, "400.50"),
        ({"PAY_AMOUNT": "400,50"}, "400.50"),
        ({"PAY_AMOUNT": "10.2"}, "10.20"),  # not 102
        ({"PAY_AMOUNT": "0400.00"}, "400.00"),
        ({"PAY_ID": "a"}, "400.00"),
        ({"PAY_ID": GUID.upper()}, "400.00"),
        ({"PAY_ID": "-" * 64}, "400.00"),
        ({"PAY_ID": "0"}, "400.00"),
        ({"RECEIPT_NUM": None, "TRADE_POINT": None}, "400.00"),
        ({"RECEIPT_NUM": "ж<&>'\"", "TRADE_POINT": ""}, "400.00"),
        ({"zz": "1", "PAY_DATE": "x", "Act": "9", "act_": "9"}, "400.00"),
    ],
)
def test_what_is_allowed_is_paid(
    books: Engine, endpoint: Endpoint, change: Values, amount: str, way: str
) -> None:
    """The edges of the table of section 3; other parameters are ignored."""
    values = but(PAY, change)
    if way == "xml":  # where a name in other letters would be the same element twice
        values.pop("Act", None)
    reply = send(endpoint, values) if way == "query" else post(endpoint, document(values))

    number, when = recorded(books)
    assert read(reply) == {
        "pay_id": values["PAY_ID"],
        "service_id": "Internet",
        "amount": amount,
        "status_code": "22",
        "description": number,
        "time_stamp": when,
    }
    assert paid(books) == [("nonstop", values["PAY_ID"], "632435", amount, "paid", "UAH")]


@pytest.mark.parametrize("change", [{}, {"PAY_ID": None}, {"PAY_ID": ""}, {"PAY_AMOUNT": "x"}])
def test_a_check_may_lack_its_id_and_writes_nothing(
    books: Engine, endpoint: Endpoint, change: Values
) -> None:
    """Any number of times, with an id that is paid, too [3, 7, 13]."""
    shown = {"balance": "-640.30", "name": "К*** А***", **NAMED, **LIMITS, "status_code": "21"}
    for _ in range(2):
        answer = ask(endpoint, CHECK, **change)
        assert (answer, list(answer)) == (shown, list(shown))
    assert payments(books) == []

    assert code(endpoint, PAY) == "22"
    assert ask(endpoint, CHECK, **change) == {**shown, "balance": "-240.30"}
    assert paid(books) == [PAID]


@pytest.mark.parametrize(
    "name", ["ACT", "SERVICE_ID", "PAY_ACCOUNT", "PAY_ID", "PAY_AMOUNT", "SIGN"]
)
@pytest.mark.parametrize("way", ["query", "xml"])
def test_what_is_given_twice_is_refused(
    books: Engine, endpoint: Endpoint, name: str, way: str
) -> None:
    """The same value or another [3], before the sign is looked at."""
    values = {**PAY, "SIGN": S4}
    for other in (values[name], ""):
        if way == "query":
            reply = get(endpoint, f"{urlencode(values)}&{name}={quote_plus(other)}")
        else:
            tag = name.lower()
            reply = post(endpoint, document(values, more=f"<{tag}>{other}</{tag}>"))
        assert told(reply) == {"status_code": "-101"}
        assert endpoint.log()[-1]["outcome"] == "bad_request"
    assert payments(books) == []


def test_what_nobody_knows_may_repeat(books: Engine, endpoint: Endpoint) -> None:
    """It is ignored, its bytes too [3]."""
    query = f"zz=1&zz=2&RECEIPT_NUM=&{urlencode({**PAY, 'SIGN': S4})}&TRADE_POINT=%FF&=&&x"
    assert told(get(endpoint, query))["status_code"] == "22"
    more = "<zz/><zz><act>1</act></zz><receipt_num/><ACT>9</ACT><Sign/>"
    assert told(post(endpoint, document(PAY, more=more))) == {"status_code": "-100"}
    assert paid(books) == [PAID]


@pytest.mark.parametrize("name", ["SERVICE_ID", "PAY_ACCOUNT", "PAY_ID", "ACT", "PAY_AMOUNT"])
def test_bytes_that_are_no_text_are_malformed_but_signed_as_they_came(
    books: Engine, endpoint: Endpoint, name: str
) -> None:
    """3."""
    values = {**PAY, name: b"\xff" + raw(PAY[name])}
    outcomes = {
        "SERVICE_ID": "bad_service",
        "PAY_ACCOUNT": "bad_account",
        "PAY_ID": "bad_id",
        "ACT": "unknown_command",
        "PAY_AMOUNT": "bad_sum",
    }
    assert code(endpoint, values) == ("-40" if name == "PAY_ACCOUNT" else "-101")
    assert endpoint.log()[-1]["outcome"] == outcomes[name]
    assert code(endpoint, values, "silent", SIGN=S4) == "-101"
    assert endpoint.log()[-1]["outcome"] == ("bad_sum" if name == "PAY_AMOUNT" else "bad_signature")
    assert payments(books) == []


def test_a_service_that_is_no_text_is_refused_though_any_would_do(
    books: Engine, endpoint: Endpoint
) -> None:
    """It could not be repeated in the answer [3, 5]."""
    assert code(endpoint, {**PAY, "SERVICE_ID": b"\xff"}, "silent") == "-101"
    answer = ask(endpoint, {**PAY, "SERVICE_ID": "Інтернет <&>"}, "silent")
    assert (answer["status_code"], answer["service_id"]) == ("22", "Інтернет <&>")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ACT=4",
        "<pay-request>",
        f"{document(PAY)}<x/>",
        f"{LAUGHS}{document(PAY)}",
        f"{EXTERNAL}{document(PAY)}",
        f"{EXTERNAL}{document(PAY)}".replace("632435", "&a;"),
        "<!DOCTYPE pay-request>" + document(PAY),
        document(PAY, root="pay-response"),
        document(PAY, root="Pay-Request"),
        f"<r>{document(PAY)}</r>",
        document(PAY, more="<a>" * 10 + "</a>" * 10),
        "<a>" * 20_000,
        f"<?xml version='1.0' encoding='x-y'?>{document(PAY)}",
        document(PAY).replace("</act>", "</act>\ufffe"),
        document(PAY).encode() + b"\xff",
        document(PAY).replace("632435", "&#0;"),
        document(PAY) + " " * 65_536,
    ],
)
def test_what_is_no_pay_request_is_refused(
    books: Engine, endpoint: Endpoint, text: str | bytes
) -> None:
    """Step 2: a DOCTYPE, more than ten levels, another root, no XML."""
    assert told(post(endpoint, text)) == {"status_code": "-101"}
    assert endpoint.log()[-1]["outcome"] == "bad_request"
    assert payments(books) == []


@pytest.mark.parametrize(
    "text",
    [
        document(PAY, more="<a>" * 9 + "</a>" * 9),
        f"{DECLARATION}\n{document(PAY)}\n",
        f"<?xml version='1.0' encoding='utf-16'?>{document(PAY)}".encode("utf-16"),
        document(PAY).replace("><", ">\r\n <!-- <act>1</act> --><").replace("<act>", '<act a="1">'),
        document(PAY).replace("632435", "63&#50;435"),
        document(PAY).replace("632435", "<![CDATA[632435]]>"),
    ],
)
def test_any_spelling_of_the_xml_is_read(
    books: Engine, endpoint: Endpoint, text: str | bytes
) -> None:
    """The values are signed, not their spelling; the query of a POST is not read [2]."""
    body = {"Content-Type": "text/plain"}
    reply = endpoint.call("/nonstop?ACT=1&ACT=1", "POST", text, body)

    assert told(reply)["status_code"] == "22"
    assert paid(books) == [PAID]


@pytest.mark.parametrize(
    "query",
    [
        urlencode({**PAY, "SIGN": S4}),
        "".join(
            f"&%{ord(n[0]):02X}{n[1:]}={quote_plus(v)}" for n, v in {**PAY, "SIGN": S4}.items()
        ),
        "&".join(
            f"{n}={''.join(f'%{byte:02x}' for byte in v.encode())}"
            for n, v in {**PAY, "SIGN": S4.upper()}.items()
        ),
    ],
)
def test_any_spelling_of_the_query_is_read(books: Engine, endpoint: Endpoint, query: str) -> None:
    """The values are signed, decoded; the body of a GET is not read [2]."""
    reply = endpoint.call(f"/nonstop?{query}", "GET", document(PAY, root="x"))
    assert told(reply)["status_code"] == "22"
    assert paid(books) == [PAID]


@pytest.mark.parametrize("name", ["act", "pay_account", "pay_amount", "pay_id", "sign"])
def test_a_value_with_elements_inside_is_not_cut(
    books: Engine, endpoint: Endpoint, name: str
) -> None:
    """Never taken for its first text: the sum is not even signed [3]."""
    text = document(PAY).replace(f"</{name}>", f"<b>0</b></{name}>")

    assert told(post(endpoint, text)) == {"status_code": "-101"}
    assert payments(books) == []


def test_values_are_signed_as_received(books: Engine, endpoint: Endpoint) -> None:
    """No number is made of them: zeros, blanks, letters, other alphabets [2, 13]."""
    for number in ("0000", "00632435", "a Б+%41", "٦٣"):
        books.account(number, owes="5.00")
    for at, number in enumerate(("0000", "00632435", "a Б+%41", "٦٣")):
        values = {"ACT": "4", "PAY_ACCOUNT": number, "PAY_ID": f"p{at}", "PAY_AMOUNT": "5.00"}
        expected = "-40" if " " in number else "22"
        assert code(endpoint, values, "silent") == expected, number
    assert [row[2] for row in payments(books)] == ["0000", "00632435", "٦٣"]
    for number in ("0000", "00632435", "٦٣"):
        assert ask(endpoint, {"ACT": "1", "PAY_ACCOUNT": number}, "silent")["account"] == number


WRONG_SIGNS = [
    None,
    "",
    S1,
    S4[:-1],
    f"{S4}0",
    f" {S4}",
    f"{S4}\n",
    S4_WITH_SUM,
    hashlib.sha1(f"4_632435_Internet_{GUID}_{SECRET}".encode()).hexdigest(),
    hashlib.md5(f"4632435Internet{GUID}{SECRET}".encode()).hexdigest(),
    hashlib.md5(f"4_632435_Internet_{GUID}_".encode()).hexdigest(),
    signed({**PAY, "PAY_ACCOUNT": "632438"}),
    signed({**PAY, "SERVICE_ID": "internet"}),
    signed({**PAY, "PAY_ID": "other"}),
    signed({**PAY, "ACT": "7"}),
    signed(PAY, "other"),
    "ключ",
    b"\xff\xfe",
    "0" * 4000,
]


@pytest.mark.parametrize(
    ("members", "sign"),
    [
        (members, sign)
        for members in (CHECK, PAY, STATUS)
        for sign in WRONG_SIGNS
        if sign != signed(members)
    ],
)
def test_a_wrong_sign_is_an_alarm(
    books: Engine, endpoint: Endpoint, members: Values, sign: Any
) -> None:
    """In every request [2]: -101, and nothing is told or recorded."""
    values = but(members, {"SIGN": sign})
    reply = get(endpoint, urlencode(values))

    assert told(reply) == {"status_code": "-101"}
    line = endpoint.log()[-1]
    assert (line["outcome"], line["alarm"]) == ("bad_signature", True)
    assert payments(books) == []


def test_every_secret_of_the_list_is_good(books: Engine, endpoint: Endpoint) -> None:
    """Also one that is not ASCII; here by SHA-1, and with the sum in a pay [2, 10]."""
    secrets = {"of last year": "22", "секрет & год": "22", "sheet-secret-1": "-101"}
    for at, (secret, expected) in enumerate(secrets.items()):
        values = but(PAY, {"PAY_ID": f"p{at}"})
        sign = signed(values, secret, "sha1", "PAY_AMOUNT")
        assert code(endpoint, values, "click2", SIGN=sign) == expected
        for less in (signed(values, secret, "sha1"), signed(values, secret, "md5", "PAY_AMOUNT")):
            assert code(endpoint, values, "click2", SIGN=less) == "-101"
        # Only a pay has a sum to sign.
        check = but(CHECK, {"PAY_AMOUNT": "400.00"})
        found = code(endpoint, check, "click2", SIGN=signed(check, secret, "sha1"))
        assert found == ("21" if expected == "22" else "-101")


def test_a_sum_that_is_signed_cannot_be_changed(books: Engine, endpoint: Endpoint) -> None:
    """Where the sum is not signed it can, which is why HTTPS and `allow` are wanted [2]."""
    sign = signed(PAY, "of last year", "sha1", "PAY_AMOUNT")
    assert code(endpoint, PAY, "click2", SIGN=sign, PAY_AMOUNT="401.00") == "-101"
    assert payments(books) == []
    assert code(endpoint, PAY, SIGN=S4, PAY_AMOUNT="401.00") == "22"


@pytest.mark.parametrize("since", ["nothing", "closed", "blocked", "gone"])
@pytest.mark.parametrize("change", [{}, {"PAY_AMOUNT": "400.0"}, {"RECEIPT_NUM": "2"}])
def test_a_known_id_is_minus_100(
    books: Engine, endpoint: Endpoint, change: Values, since: str
) -> None:
    """Whatever happened to the account; ACT=7 then tells how it stands [7, 8]."""
    assert code(endpoint, PAY) == "22"
    number, when = recorded(books)
    if since in ("closed", "blocked"):
        books.execute("UPDATE account SET state = ? WHERE number = '632435'", since)
    elif since == "gone":
        books.execute("DELETE FROM account WHERE number = '632435'")

    assert ask(endpoint, PAY, **change) == {"status_code": "-100"}
    assert endpoint.log()[-1]["outcome"] == "duplicate_same"
    transaction = {"pay_id": GUID, "service_id": "Internet", "amount": "400.00", "status": "111"}
    assert ask(endpoint, STATUS) == {
        "status_code": "11",
        "transaction": {**transaction, "time_stamp": when},
    }
    assert books.rows("SELECT id FROM payment") == [(int(number),)]


@pytest.mark.parametrize("amount", ["0.50", "30000.00"])
def test_a_repeat_wins_over_the_limits(books: Engine, endpoint: Endpoint, amount: str) -> None:
    """They were others when it was paid [7]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET amount = ?", amount)

    assert code(endpoint, PAY, PAY_AMOUNT=amount) == "-100"
    assert endpoint.log()[-1]["outcome"] == "duplicate_same"
    assert code(endpoint, PAY, PAY_AMOUNT=amount, PAY_ID="other") == "-42"
    assert len(payments(books)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"PAY_AMOUNT": "400.01"},
        {"PAY_AMOUNT": "0.00"},
        {"PAY_AMOUNT": "30000.00"},
        {"PAY_ACCOUNT": "632438"},
        {"PAY_ACCOUNT": "632436"},
        {"PAY_ACCOUNT": "632499"},
        {"PAY_ACCOUNT": "63243"},
        {"PAY_ACCOUNT": ""},
        {"PAY_ACCOUNT": None},
        {"PAY_ACCOUNT": b"\xff"},
    ],
)
def test_a_known_id_with_other_data_is_an_alarm_besides(
    books: Engine, endpoint: Endpoint, change: Values
) -> None:
    """Also where a new id would be refused [7]."""
    ask(endpoint, PAY)

    assert ask(endpoint, PAY, **change) == {"status_code": "-100"}
    line = endpoint.log()[-1]
    assert (line["outcome"], line["alarm"]) == ("duplicate_other", True)
    assert paid(books) == [PAID]


@pytest.mark.parametrize("amount", ["400", "4e2", "", None])
def test_a_known_id_whose_sum_is_unreadable_is_refused_for_that(
    books: Engine, endpoint: Endpoint, amount: str | None
) -> None:
    """Step 8 comes before the repeat rule [4, 7]."""
    ask(endpoint, PAY)

    assert ask(endpoint, PAY, PAY_AMOUNT=amount) == {"status_code": "-101"}
    assert paid(books) == [PAID]


def test_an_id_is_compared_exactly(books: Engine, endpoint: Endpoint) -> None:
    """Letter case counts, a part is another id, % is no wildcard [3, 13]."""
    for pay_id in (GUID, GUID.upper(), GUID[:-1], f"{GUID}0", "-"):
        assert code(endpoint, PAY, PAY_ID=pay_id) == "22"
    for pay_id in (GUID[1:], "c", "0"):
        assert code(endpoint, STATUS, PAY_ID=pay_id) == "-10"
    assert len(payments(books)) == 5


def test_twenty_equal_pays_at_once_are_one_row(books: Engine, endpoint: Endpoint) -> None:
    """One 22 and nineteen -100 [7]."""
    query = urlencode({**PAY, "SIGN": S4})
    answers = [told(reply) for reply in at_once(lambda: get(endpoint, query))]

    assert sorted(answer["status_code"] for answer in answers) == ["-100"] * 19 + ["22"]
    number, _ = recorded(books)
    firsts = [answer["description"] for answer in answers if "description" in answer]
    assert firsts == [number]
    assert paid(books) == [PAID]


def test_other_pays_at_once_are_all_recorded(books: Engine, endpoint: Endpoint) -> None:
    """By both ways."""
    values = [but(PAY, {"PAY_ID": f"p{at}"}) for at in range(16)]

    def pay(at: int) -> str:
        given = values[at]
        reply = send(endpoint, given) if at % 2 else post(endpoint, document(given))
        return str(told(reply)["status_code"])

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(pay, range(16))) == ["22"] * 16
    assert sorted(row[1] for row in payments(books)) == sorted(one["PAY_ID"] for one in values)
    assert ask(endpoint, CHECK)["balance"] == "5759.70"


def test_a_repeat_may_get_the_first_answer_by_a_setting(books: Engine, endpoint: Endpoint) -> None:
    """`codes`: 22 with the recorded time and our number [6]; other data is -100 all the same."""

    def pay(**change: Any) -> dict[str, Any]:
        values = but(PAY, change)
        values["SIGN"] = signed(values, "of last year", "sha1", "PAY_AMOUNT")
        return read(send(endpoint, values, "click2"))

    first = pay(PAY_AMOUNT="400")
    number, when = recorded(books, ZoneInfo("Pacific/Kiritimati"))
    assert (first["status_code"], first["description"], first["time_stamp"]) == ("22", number, when)
    books.execute("UPDATE payment SET performed_at = '2026-01-02 03:04:05.000'")
    again = pay(PAY_AMOUNT="400,00")
    assert again == {**first, "time_stamp": "02.01.2026 17:04:05"}
    for change in ({"PAY_AMOUNT": "401.00"}, {"PAY_ACCOUNT": "632438"}):
        assert list(pay(**change)) == ["status_code", "time_stamp"]
        assert pay(**change)["status_code"] == "-100"
    books.execute("UPDATE payment SET state = 'cancelled'")
    assert pay(PAY_AMOUNT="400")["status_code"] == "-100"


def test_a_refused_payment_is_judged_afresh(books: Engine, endpoint: Endpoint) -> None:
    """Refusals are not stored."""
    for state, expected in (("closed", "-41"), ("blocked", "-41"), ("active", "22")):
        books.execute("UPDATE account SET state = ? WHERE number = '632435'", state)
        assert code(endpoint, PAY) == expected
    assert paid(books) == [PAID]


def test_a_payment_cancelled_by_hand_is_130(books: Engine, endpoint: Endpoint) -> None:
    """Its id stays used, and the debt is back [6, 7, 8]."""
    ask(endpoint, PAY)
    _, when = recorded(books)
    books.execute("UPDATE payment SET state = 'cancelled', cancelled_at = performed_at")

    assert ask(endpoint, PAY) == {"status_code": "-100"}
    answer = ask(endpoint, STATUS)
    assert answer["status_code"] == "11"
    assert (answer["transaction"]["status"], answer["transaction"]["time_stamp"]) == ("130", when)
    assert [row[4] for row in paid(books)] == ["cancelled"]
    assert ask(endpoint, CHECK)["balance"] == "-640.30"


def test_a_status_needs_no_account_and_signs_one_that_comes(
    books: Engine, endpoint: Endpoint
) -> None:
    """Of this bank alone [3, 8]."""
    ask(endpoint, PAY)
    expected = ask(endpoint, STATUS)

    assert ask(endpoint, STATUS, PAY_ACCOUNT="x", PAY_AMOUNT="x") == expected
    assert code(endpoint, STATUS, PAY_ACCOUNT="x", SIGN=S7) == "-101"
    assert code(endpoint, STATUS, "silent") == "-10"
    assert paid(books) == [PAID]


def test_there_is_no_date_but_ours(books: Engine, endpoint: Endpoint) -> None:
    """`paid_at` in the bank's zone, `performed_at` in UTC: both are now [7]."""
    sign = signed(PAY, "of last year", "sha1", "PAY_AMOUNT")
    answer = read(send(endpoint, {**PAY, "SIGN": sign}, "click2"))

    [(paid_at, performed_at)] = books.rows("SELECT paid_at, performed_at FROM payment")
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    assert abs(now - datetime.fromisoformat(performed_at)) < timedelta(minutes=5)
    there = datetime.fromisoformat(performed_at) + timedelta(hours=14)
    assert abs(there - datetime.fromisoformat(paid_at)) < timedelta(minutes=1)
    assert answer["time_stamp"] == f"{there:{STAMP}}"
    refused = read(send(endpoint, {**PAY, "SIGN": ""}, "click2"))["time_stamp"]
    local = datetime.now(timezone.utc) + timedelta(hours=14)
    assert abs(local - moment(refused)) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("amount", "balance", "debt"),
    [
        ("640.29", "-0.01", "0.01"),
        ("640.30", "0.00", "0.00"),
        ("640.31", "0.01", "-0.01"),
    ],
)
def test_a_balance_has_the_sign_of_the_setting(
    books: Engine, endpoint: Endpoint, amount: str, balance: str, debt: str
) -> None:
    """Money on the account, a debt is negative; or the debt [5]."""
    assert code(endpoint, PAY, PAY_AMOUNT=amount) == "22"
    assert ask(endpoint, CHECK)["balance"] == balance
    check = {**CHECK, "SIGN": signed(CHECK, "of last year", "sha1")}
    assert ask(endpoint, check, "click2")["balance"] == debt


def test_what_a_check_shows_is_set(books: Engine, endpoint: Endpoint) -> None:
    """By `show`; limits and echoes always; a service that did not come is left out [5]."""
    books.execute("UPDATE account SET name = ? WHERE number = '632435'", '<Б> & "К"\u0001')
    limits = {"min_amount": "0.01", "max_amount": "999999999999.99", "status_code": "21"}

    assert ask(endpoint, CHECK, "services") == {"name": '<*** &*** "***', **NAMED, **limits}
    assert ask(endpoint, CHECK, "silent") == {**NAMED, **limits}
    assert ask(endpoint, CHECK, "silent", SERVICE_ID=None) == {"account": "632435", **limits}
    answer = ask(endpoint, CHECK, "silent", SERVICE_ID="")
    assert answer == {"account": "632435", "service_id": "", **limits}
    paid_without = ask(endpoint, PAY, "silent", SERVICE_ID=None)
    assert list(paid_without) == ["pay_id", "amount", "status_code", "description"]
    status = ask(endpoint, STATUS, "silent", SERVICE_ID=None)["transaction"]
    assert list(status) == ["pay_id", "amount", "status", "time_stamp"]


def test_services_sums_and_codes_are_settings(books: Engine, endpoint: Endpoint) -> None:
    """10."""
    for service, expected in (("Internet", "21"), ("TV", "21"), ("17", "21"), ("18", "-101")):
        assert code(endpoint, CHECK, "services", SERVICE_ID=service) == expected
    for amount, expected in (("400.5", "-101"), ("400,50", "-101"), ("400.50", "22")):
        assert code(endpoint, PAY, "services", PAY_AMOUNT=amount) == expected
    blocked = but(CHECK, {"PAY_ACCOUNT": "632437"})
    sign = signed(blocked, "of last year", "sha1")
    assert code(endpoint, blocked, "click2", SIGN=sign) == "-42"


def test_a_refused_sum_is_explained_in_the_log(books: Engine, endpoint: Endpoint) -> None:
    """osmp.md, section 3: which setting would take it."""
    code(endpoint, PAY, PAY_AMOUNT="400")
    assert endpoint.log()[-1]["why"] == "bare integer: kopecks? if not, sum_form = lenient"


@pytest.mark.parametrize(
    ("account", "amount", "expected"),
    [
        ("632435-1", None, "21"),
        ("632435-1", "400.00", "22"),
        ("632435-1", "640.30", "22"),
        ("632435-1", "700.00", "22"),
        ("632435", None, "-40"),
        ("632435", "640.30", "-40"),
        ("B-2", None, "-40"),
        ("B-2", "500.00", "-40"),
        ("632436-1", "3200.00", "-41"),
        ("632437-1", None, "-41"),
    ],
)
def test_an_invoice_may_be_paid_in_parts(
    books: Engine, endpoint: Endpoint, account: str, amount: str | None, expected: str
) -> None:
    """payer = "invoice" [4]."""
    books.invoice("632435", "B-2", "500.00", state="cancelled")
    values = {**(PAY if amount else CHECK), "PAY_ACCOUNT": account, "PAY_AMOUNT": amount or ""}

    assert code(endpoint, values, "bills") == expected
    assert len(payments(books)) == (expected == "22")


def test_a_paid_invoice_is_minus_41(books: Engine, endpoint: Endpoint) -> None:
    """And its own repeat -100 [4]."""
    for pay_id, amount in (("1", "240.30"), ("2", "400.00")):
        values = {"PAY_ACCOUNT": "632435-1", "PAY_ID": pay_id, "PAY_AMOUNT": amount}
        assert code(endpoint, {**PAY, **values}, "bills") == "22"

    assert code(endpoint, PAY, "bills", PAY_ACCOUNT="632435-1") == "-41"
    assert code(endpoint, CHECK, "bills", PAY_ACCOUNT="632435-1") == "-41"
    assert code(endpoint, PAY, "bills", PAY_ACCOUNT="632435-1", PAY_ID="2") == "-100"
    assert endpoint.log()[-1]["outcome"] == "duplicate_same"
    assert len(payments(books)) == 2


def test_when_nothing_can_be_known_it_is_503_where_money_moves(
    books: Engine, endpoint: Endpoint
) -> None:
    """In a check -90 [6]; a setting may say -90 everywhere; afterwards the payment is taken."""
    with broken(books):
        assert ask(endpoint, CHECK) == {"status_code": "-90"}
        for values in (PAY, STATUS):
            for reply in (send(endpoint, values), post(endpoint, document(values))):
                assert (reply.status, reply.body) == (503, b"")
                assert reply.headers["Content-Type"] is None
        sign = signed(PAY, "of last year", "sha1", "PAY_AMOUNT")
        assert ask(endpoint, PAY, "click2", SIGN=sign) == {"status_code": "-90"}
        assert code(endpoint, PAY, SIGN=S1) == "-101"
    assert code(endpoint, PAY) == "22"
    assert paid(books) == [PAID]


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_does_nothing(books: Engine, endpoint: Endpoint, method: str) -> None:
    """405, empty [2]."""
    query = urlencode({**PAY, "SIGN": S4})
    text = document(PAY) if method == "PUT" else None
    reply = endpoint.call(f"/nonstop?{query}", method, text)

    assert (reply.status, reply.body) == (405, b"")
    assert payments(books) == []


def test_strangers_are_turned_away_before_the_sign(books: Engine, endpoint: Endpoint) -> None:
    """Token 404, address 403, Basic 401, with empty bodies [2]."""
    secret = url_tokens("token", [b"only-for-these-tests-" * 3])[0].decode()
    refused = [("elsewhere", 403), ("locked", 401), ("token", 404), ("token/x", 404)]
    for path, http in refused:
        for reply in (send(endpoint, PAY, path), post(endpoint, "", path)):
            assert (reply.status, reply.body) == (http, b""), path
    assert payments(books) == []
    assert code(endpoint, PAY, f"token/{secret}") == "22"
    query = urlencode({**PAY, "SIGN": S4})
    reply = endpoint.call(f"/locked?{query}", "GET", None, basic("n", "p"))
    assert told(reply)["status_code"] == "22"


def test_no_secret_is_logged(books: Engine, endpoint: Endpoint) -> None:
    """Nor a sign, with which another could pay."""
    for sign in (S4, S1):
        code(endpoint, PAY, SIGN=sign)
        line = str(endpoint.log()[-1])
        assert (SECRET in line, sign in line, GUID in line) == (False, False, True)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "secret: missing"),
        ("secret = []", "secret: expected"),
        ('secret = "s"\nsign = "sha256"', 'sign: expected one of "md5", "sha1"'),
        ('secret = "s"\nsign_amount = "yes"', "sign_amount: expected true or false"),
        ('secret = "s"\nservice_id = [""]', "service_id: expected a text in quotes, a whole"),
        ('secret = "s"\nsum_form = "float"', "sum_form: expected one of"),
        ('secret = "s"\nshow = ["address"]', "show: expected a list of"),
    ],
)
def test_a_fault_in_the_settings_is_named(tmp_path: Path, lines: str, says: str) -> None:
    """The secret must be set [10]."""
    path = write_bank("nonstop", f'allow = ["192.0.2.1"]\n{lines}', tmp_path)

    with pytest.raises(SettingsError, match=f"BANKS.nonstop.{says}"):
        load(path)


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("", ("", "", "", None)),
        ("ACT=1&ACT=1", ("", "", "", None)),
        ("ACT=4", ("pay", "", "", None)),
        (urlencode(but(PAY, {"ACT": "9"})), ("", GUID, "632435", None)),
    ],
)
def test_the_log_has_what_a_stranger_sent(
    endpoint: Endpoint, query: str, line: tuple[Any, ...]
) -> None:
    """As far as it could be read; a call without a command is a stranger's."""
    get(endpoint, query)
    assert logged(endpoint.log()) == line


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (but(CHECK, {"PAY_ID": None}), ("check", "", "632435", None)),
        (but(PAY, {"PAY_ACCOUNT": None}), ("pay", GUID, "", "400.00")),
        (but(PAY, {"PAY_AMOUNT": None}), ("pay", GUID, "632435", None)),
        (STATUS, ("status", GUID, "", None)),
    ],
)
def test_the_log_has_what_could_be_read(
    books: Engine, endpoint: Endpoint, values: Values, line: tuple[Any, ...]
) -> None:
    """Nothing is made up for the rest."""
    ask(endpoint, values)
    assert logged(endpoint.log()) == line


@pytest.mark.parametrize("text", ["", "<x/>", f"<pay-request>{'<act>4</act>' * 2}</pay-request>"])
def test_a_body_that_is_no_request_has_nothing_to_log(endpoint: Endpoint, text: str) -> None:
    post(endpoint, text)
    assert logged(endpoint.log()) == ("", "", "", None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ACT=4&PAY_ID=1&ACT=4&SIGN=&PAY_ID=2", "given twice: ACT, PAY_ID"),
        (document(PAY, more="<pay_id/><act/>"), "given twice: ACT, PAY_ID"),
        ("<x/>", None),
        (document(but(PAY, {"PAY_ACCOUNT": None})), "missing: PAY_ACCOUNT"),
        (document(but(PAY, {"PAY_ID": None})), None),
    ],
)
def test_the_log_says_what_is_missing_or_came_twice(
    books: Engine, endpoint: Endpoint, text: str, why: str | None
) -> None:
    """Code -101 does not, and stands for much else [6]."""
    ask = post if text.startswith("<") else get
    assert told(ask(endpoint, text))["status_code"] == "-101"
    assert endpoint.log()[-1].get("why") == why
