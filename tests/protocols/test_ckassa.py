"""CKASSA, sentence by sentence of ckassa.md (sections in brackets)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from callback.protocols.ckassa import Proof
from callback.signature import url_tokens
from tests.support.answers import alarms, at_once, broken, logged, payments

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.ckassa]
protocol = "ckassa"
secret = "sheet-secret-2"
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
timezone = "Europe/Moscow"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.kopecks]
protocol = "ckassa"
secret = "sheet-secret-2"
kopecks = true
sign_request = false
balance_sign = "debt"
min_sum = "1.00"
"""
UNAVAILABLE = (
    200,
    "application/xml; charset=utf-8",
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<response><params><err_code>90</err_code><err_text>try later</err_text></params></response>",
)
FINAL = {"ckassa": {"1": "done", "13": "yes", "90": "no, ask again"}}
SAYS = {
    "ckassa": {"account": ("`100.00`: digits, a dot, two digits",)},
    "kopecks": {"account": ("kopecks: 100.00 KZT = `10000`",)},
}

BANKS = """
[BANKS.ckassa]
protocol = "ckassa"
secret = "sheet-secret-2"
timezone = "Europe/Moscow"
account_pattern = "[0-9]{6}"
min_sum = "10.00"
max_sum = "50000.00"

[BANKS.plain]
protocol = "ckassa"
secret = ["secret-of-last-year", "секрет & год"]
timezone = "Pacific/Kiritimati"
sign_request = false
balance_sign = "debt"
show = ["debt", "name"]
language = "ru"

[BANKS.kopecks]
protocol = "ckassa"
secret = "sheet-secret-2"
kopecks = true
show = ["name"]
min_sum = "1.00"
codes = { account_blocked = 22, sum_too_small = "23" }

[BANKS.silent]
protocol = "ckassa"
secret = "sheet-secret-2"
show = []
codes = { duplicate_same = 0 }

[BANKS.bills]
protocol = "ckassa"
secret = "sheet-secret-2"
payer = "invoice"

[BANKS.elsewhere]
protocol = "ckassa"
secret = "sheet-secret-2"
allow = ["94.138.149.32", "94.138.149.36"]

[BANKS.token]
protocol = "ckassa"
secret = "sheet-secret-2"
url_token = true
"""
SETTINGS = {"CURRENCY": "RUB"}

SECRET = "sheet-secret-2"
DATE = "2026-03-16T12:00:05"
CHECK = "<act>1</act><account>420017</account>"
PAY = (
    "<act>2</act><account>420017</account><pay_amount>1200.00</pay_amount>"
    f"<pay_id>660001</pay_id><pay_date>{DATE}</pay_date>"
)
PAID = ("ckassa", "660001", "420017", "1200.00", "paid", "2026-03-16 12:00:05", "RUB")
STATUS = "<act>4</act><pay_id>660001</pay_id>"
# As the sheet gives them [11].
SIGNS = {
    CHECK: "872BD3F9708ADA0A06F627823E8E1BFB",
    CHECK.replace("420017", "420099"): "41E1FD792A140E52A6CCA7D2F1703326",
    PAY: "2366A5540753E9DB256573859D70B1A4",
    STATUS: "5647F4CC2C3F96245AF4AE4F0E1BBF41",
    STATUS.replace("660001", "660999"): "37139011404AF5CAEAED314B63A9FE00",
}
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account("420017", "Алиева Карина")
    engine.account("420018", state="closed")
    engine.account("420019", state="blocked")
    engine.account("420020", owes="0.00")
    return engine


def md5(text: str | bytes, secret: str = SECRET) -> str:
    """Sign as the provider does [2]."""
    raw = text if isinstance(text, bytes) else text.encode()
    return hashlib.md5(raw + secret.encode()).hexdigest().upper()


def wrapped(inner: str, sign: str | None = None) -> str:
    """Put params and their sign into a request; an empty sign leaves the element out."""
    given = md5(inner) if sign is None else sign
    return f"<request><params>{inner}</params>{given and f'<sign>{given}</sign>'}</request>"


def act(number: str, **fields: str | None) -> str:
    """Write the elements of params; what is None is left out."""
    given: dict[str, str | None] = {"act": number, "account": "420017"}
    if number == "2":
        given |= {"pay_amount": "100.00", "pay_id": "660009", "pay_date": DATE}
    given |= fields
    return "".join(f"<{tag}>{text}</{tag}>" for tag, text in given.items() if text is not None)


def post(endpoint: Endpoint, xml: str | bytes, bank: str = "ckassa") -> Reply:
    """Send an XML text as the field of a form."""
    return endpoint.call(f"/{bank}", "POST", f"params={quote_plus(xml)}", FORM)


def read(reply: Reply, sign: str | None = None, secret: str = SECRET) -> dict[str, str]:
    """Read the params of an answer, which are signed after `sign`, or not signed at all [2, 5]."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/xml; charset=utf-8"
    start, end = f"{DECLARATION}<response><params>", "</params></response>"
    inner = reply.text.removeprefix(start).partition("</params>")[0]
    if sign is not None:
        end = f"</params><sign>{md5(inner + sign, secret)}</sign></response>"
    assert reply.text == start + inner + end
    elements = list(ET.fromstring(reply.body)[0])
    assert len({element.tag for element in elements}) == len(elements)
    assert [element.tag for element in elements[:2]] == ["err_code", "err_text"]
    return {element.tag: element.text or "" for element in elements}


def ask(endpoint: Endpoint, inner: str, bank: str = "ckassa") -> dict[str, str]:
    """Send signed params; the answer must be signed."""
    return read(post(endpoint, wrapped(inner), bank), md5(inner))


def code(endpoint: Endpoint, inner: str, bank: str = "ckassa") -> str:
    """Send signed params and tell the err_code alone."""
    return ask(endpoint, inner, bank)["err_code"]


def receipt(books: Engine, txn_id: str = "660001", zone: str = "Europe/Moscow") -> dict[str, str]:
    """What an answer tells of a recorded payment [5]."""
    query = "SELECT id, performed_at FROM payment WHERE txn_id = ?"
    [(number, performed)] = books.rows(query, txn_id)
    utc = datetime.fromisoformat(f"{performed}+00:00")
    local = utc.astimezone(ZoneInfo(zone))
    return {"reg_id": str(number), "reg_date": f"{local:%Y-%m-%dT%H:%M:%S}"}


def test_the_signs_of_the_sheet_are_ours() -> None:
    """So that no test signs in a way of its own [11]."""
    assert {inner: md5(inner) for inner in SIGNS} == SIGNS


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order."""
    # 1, to the letter
    reply = post(endpoint, wrapped(CHECK, SIGNS[CHECK]))
    assert reply.text == (
        f"{DECLARATION}<response><params><err_code>0</err_code><err_text>OK</err_text>"
        "<balance>-3200.00</balance></params><sign>AC46630D63D3E0763C365C75B318D998</sign>"
        "</response>"
    )
    # 2, 3
    small = SIGNS[CHECK].lower()
    assert read(post(endpoint, wrapped(CHECK, small)), small)["err_code"] == "0"
    assert post(endpoint, wrapped(CHECK, SIGNS[CHECK][:-1] + "C")).text == (
        f"{DECLARATION}<response><params><err_code>13</err_code><err_text>bad sign</err_text>"
        "</params></response>"
    )
    # 4, 5
    assert read(post(endpoint, wrapped(CHECK, "")))["err_code"] == "11"
    assert read(endpoint.call("/ckassa", "POST", "", FORM))["err_code"] == "11"
    unknown = ask(endpoint, CHECK.replace("420017", "420099"))
    assert unknown == {"err_code": "20", "err_text": "account not found"}
    # 6, 7
    answer = ask(endpoint, PAY)
    known = receipt(books)
    assert answer == {"err_code": "0", "err_text": "OK", **known}
    assert list(answer) == ["err_code", "err_text", "reg_id", "reg_date"]
    assert ask(endpoint, PAY) == {"err_code": "1", "err_text": "already paid", **known}
    assert payments(books) == [PAID]
    # 8
    before = len(alarms(endpoint.log()))
    for other in (("1200.00", "1300.00"), ("420017", "420099")):
        assert list(ask(endpoint, PAY.replace(*other))) == ["err_code", "err_text"]
        assert code(endpoint, PAY.replace(*other)) == "30"
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 4
    # 9, 10, 11
    sums: dict[str | None, str] = {
        "9.99": "29",
        "50000.01": "29",
        "1200": "12",
        "1200,00": "12",
        "-5.00": "12",
    }
    sums[None] = "11"
    for text, expected in sums.items():
        assert code(endpoint, act("2", pay_amount=text)) == expected, text
    dates: dict[str | None, str] = {"16.03.2026": "12", "2026-02-30T12:00:00": "12", None: "11"}
    for text, expected in dates.items():
        assert code(endpoint, act("2", pay_date=text)) == expected, text
    assert code(endpoint, act("2", account="420018")) == "21"
    # 12, 13, 14
    assert ask(endpoint, STATUS) == {"err_code": "0", "err_text": "OK", **known}
    assert code(endpoint, STATUS.replace("660001", "660999")) == "29"
    assert code(endpoint, "<act>9</act>") == "11"
    assert code(endpoint, "<account>420017</account>") == "11"
    # 15
    hidden = f"<request><!--<params>{PAY}</params>--><params>{PAY.replace('1200', '9200')}</params>"
    reply = post(endpoint, f"{hidden}<sign>{SIGNS[PAY]}</sign></request>")
    assert read(reply)["err_code"] == "12"
    assert payments(books) == [PAID]


NESTED = act("1", account=None) + "<account><b>420017</b></account>"


@pytest.mark.parametrize(
    ("inner", "outcome", "expected"),
    [
        # step 6: twice or holding elements, before the act is looked at
        ("<act>9</act><act>9</act>", "unreadable", "12"),
        (act("1") + "<account>420017</account>", "unreadable", "12"),
        (act("1") + "<account/>", "unreadable", "12"),
        (act("1", pay_id="1") + "<pay_id>1</pay_id>", "unreadable", "12"),
        (act("2") + "<pay_amount>1.00</pay_amount>", "unreadable", "12"),
        (act("2") + f"<pay_date>{DATE}</pay_date>", "unreadable", "12"),
        (NESTED, "unreadable", "12"),
        (act("1") + "<pay_date><a/></pay_date>", "unreadable", "12"),
        ("<act>2<act>2</act></act>", "unreadable", "12"),
        ("", "unknown_command", "11"),
        ("<act/>" + act("2")[12:], "unknown_command", "11"),
        (act(" 2"), "unknown_command", "11"),
        (act("02"), "unknown_command", "11"),
        (act("3"), "unknown_command", "11"),
        (act("٢"), "unknown_command", "11"),
        (act("check"), "unknown_command", "11"),
        ("<ACT>1</ACT><account>420017</account>", "unknown_command", "11"),
        # step 7: missing or empty, before any form
        (act("1", account=None), "bad_request", "11"),
        (act("1", account=""), "bad_request", "11"),
        (act("2", account=None, pay_id="x"), "bad_request", "11"),
        (act("2", account="", pay_amount="x"), "bad_request", "11"),
        (act("2", pay_amount="", account="x"), "bad_request", "11"),
        (act("2", pay_id=None, pay_amount="x"), "bad_request", "11"),
        (act("2", pay_id="", account="x"), "bad_request", "11"),
        (act("2", pay_date="", account="x"), "bad_request", "11"),
        (act("4"), "bad_request", "11"),
        (act("4", pay_id=""), "bad_request", "11"),
        # step 8: pay_id, pay_amount, pay_date, then account
        (act("2", pay_id="x", pay_amount="x", pay_date="x", account="x"), "bad_id", "12"),
        (act("2", pay_id="1" * 21), "bad_id", "12"),
        (act("2", pay_id="-1"), "bad_id", "12"),
        (act("2", pay_id="١"), "bad_id", "12"),
        (act("2", pay_id="1\n"), "bad_id", "12"),
        (act("4", pay_id="1" * 21), "bad_id", "12"),
        (act("4", pay_id=" 1"), "bad_id", "12"),
        (act("2", pay_amount="x", pay_date="x", account="x"), "bad_sum", "12"),
        (act("2", pay_amount="100"), "bad_sum", "12"),
        (act("2", pay_amount="100.0"), "bad_sum", "12"),
        (act("2", pay_amount="100.000"), "bad_sum", "12"),
        (act("2", pay_amount="1e3"), "bad_sum", "12"),
        (act("2", pay_amount="+1.00"), "bad_sum", "12"),
        (act("2", pay_amount=" 100.00"), "bad_sum", "12"),
        (act("2", pay_amount="100.00\n"), "bad_sum", "12"),
        (act("2", pay_amount="1٠0.00"), "bad_sum", "12"),
        (act("2", pay_amount="0000000000100.00"), "bad_sum", "12"),
        (act("2", pay_date="x", account="x"), "bad_date", "12"),
        (act("2", pay_date="2026-03-16 12:00:05"), "bad_date", "12"),
        (act("2", pay_date="2026-03-16T12:00"), "bad_date", "12"),
        (act("2", pay_date="2026-03-16T12:00:05Z"), "bad_date", "12"),
        (act("2", pay_date="2026-03-16T24:00:00"), "bad_date", "12"),
        (act("2", pay_date="0000-03-16T12:00:00"), "bad_date", "12"),
        (act("2", account="42001", pay_amount="1.00"), "bad_account", "20"),
        (act("2", account=" 420017"), "bad_account", "20"),
        (act("2", account="420017\n"), "bad_account", "20"),
        (act("1", account="42001x"), "bad_account", "20"),
        (act("1", account="٤٢٠٠١٧"), "bad_account", "20"),
        # steps 10 and 11
        (act("2", account="420099", pay_amount="9.99"), "sum_too_small", "29"),
        (act("2", account="420018", pay_amount="0.00"), "sum_too_small", "29"),
        (act("2", account="420099", pay_amount="50000.01"), "sum_too_large", "29"),
        (act("2", pay_amount="999999999999.99"), "sum_too_large", "29"),
        (act("2", account="420099"), "unknown_account", "20"),
        (act("2", account="420018"), "account_closed", "21"),
        (act("2", account="420019"), "account_blocked", "21"),
        (act("1", account="420099"), "unknown_account", "20"),
        (act("1", account="420018"), "account_closed", "21"),
        (act("1", account="420019"), "account_blocked", "21"),
        (act("4", pay_id="660009"), "payment_not_found", "29"),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, inner: str, outcome: str, expected: str
) -> None:
    """The order of section 4 from step 6 on; a refusal is signed, records and tells nothing."""
    answer = ask(endpoint, inner)

    assert list(answer) == ["err_code", "err_text"]
    assert answer["err_code"] == expected
    assert answer["err_text"].isascii()
    assert "OK" not in answer["err_text"]
    assert endpoint.log()[-1]["outcome"] == outcome
    assert payments(books) == []


@pytest.mark.parametrize(
    "inner",
    [
        act("2", pay_amount="10.00"),
        act("2", pay_amount="50000.00"),
        act("2", pay_amount="000000000100.00"),
        act("2", pay_id="9" * 20),
        act("2", pay_id="007"),
        act("2", pay_date="2024-02-29T23:59:59"),
        act("2", pay_date="0001-01-01T00:00:00"),
        act("2", pay_date="9999-12-31T23:59:59"),
        act("2", agent_date="x", client_name="Я & Co".replace("&", "&amp;"), act_="9"),
        act("2") + "<agent_date/><agent_date/><other><act>1</act></other><Account>1</Account>",
        act("2").replace("<act>", '\r\n\t <act a="1&#10;">').replace("</act>", "</act>\r\n text "),
        act("2").replace("420017", "42&#48;017"),
        act("2") + "<a>" * 2000 + "</a>" * 2000,
    ],
)
def test_what_is_allowed_is_paid(books: Engine, endpoint: Endpoint, inner: str) -> None:
    """The edges of the table of section 3; other elements are ignored, blanks are signed along."""
    answer = ask(endpoint, inner)

    assert (answer["err_code"], len(payments(books))) == ("0", 1)
    assert {**answer, **receipt(books, payments(books)[0][1])} == answer


@pytest.mark.parametrize("extra", [{}, {"pay_amount": "x"}, {"pay_amount": ""}, {"pay_id": "x"}])
def test_a_check_looks_at_the_account_only(
    books: Engine, endpoint: Endpoint, extra: dict[str, str | None]
) -> None:
    """Any number of times, and it writes nothing [3, 7]."""
    expected = {"err_code": "0", "err_text": "OK", "balance": "-3200.00"}
    assert ask(endpoint, act("1", **extra)) == expected
    assert ask(endpoint, act("1", **extra)) == expected
    assert payments(books) == []


SIGNED = f"<sign>{md5(PAY)}</sign>"
PARAMS = f"<params>{PAY}</params>"
BILLION = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "xml",
    [
        "x",
        " ",
        f"<request>{PARAMS}{SIGNED}",
        f"<request>{PARAMS}{SIGNED}</request><a/>",
        f"\n{DECLARATION}<request>{PARAMS}{SIGNED}</request>",
        f"<Request>{PARAMS}{SIGNED}</Request>",
        f"<response>{PARAMS}{SIGNED}</response>",
        PARAMS,
        "<request/>",
        f"<request>{SIGNED}</request>",
        # where params may stand, and how often
        f"<request>{PARAMS}{PARAMS}{SIGNED}</request>",
        f"<request>{PARAMS}<params/>{SIGNED}</request>",
        f"<request>{PARAMS}<params />{SIGNED}</request>",
        f"<request>{PARAMS}<params></params>{SIGNED}</request>",
        f'<request>{PARAMS}<params a="b">{PAY}</params>{SIGNED}</request>',
        f'<request><params a="b">{PAY}</params>{SIGNED}</request>',
        f"<request><params >{PAY}</params>{SIGNED}</request>",
        f"<request><params>{PAY}</params >{SIGNED}</request>",
        f"<request><params\n>{PAY}</params>{SIGNED}</request>",
        f"<request><a>{PARAMS}</a>{SIGNED}</request>",
        f"<request><params>{PAY}<a>{PARAMS}</a></params>{SIGNED}</request>",
        f'<request><params>{PAY}<params a="1"/></params>{SIGNED}</request>',
        f"<request>{PARAMS}{SIGNED}{SIGNED}</request>",
        f"<request>{PARAMS}{SIGNED}<sign/></request>",
        # what could hide other params
        f"<request><!--{PARAMS}-->{PARAMS}{SIGNED}</request>",
        f"<request>{PARAMS}{SIGNED}<!-- --></request>",
        f"<!----><request>{PARAMS}{SIGNED}</request>",
        f"<request>{PARAMS}{SIGNED}</request><!---->",
        f"<request><![CDATA[{PARAMS}]]>{SIGNED}</request>",
        f"<request>{PARAMS}<sign><![CDATA[{md5(PAY)}]]></sign></request>",
        f"<request>{PARAMS}{SIGNED}<?php x?></request>",
        f"<?xml-stylesheet x?><request>{PARAMS}{SIGNED}</request>",
        f"<request>{PARAMS}{SIGNED}</request><?x?>",
        f"<!DOCTYPE request><request>{PARAMS}{SIGNED}</request>",
        f'<!DOCTYPE request SYSTEM "http://127.0.0.1:9/"><request>{PARAMS}{SIGNED}</request>',
        f'<!DOCTYPE request [<!ENTITY a "x">]><request>{PARAMS}{SIGNED}</request>',
        f'<!DOCTYPE r [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><request>{PARAMS}</request>',
        f'<!DOCTYPE r [<!ENTITY a0 "a">{BILLION}]><request><a>&a9;</a>{PARAMS}{SIGNED}</request>',
        # what no one declared, twice the same attribute, what is not UTF-8
        f"<request>{PARAMS}{SIGNED}&a;</request>",
        f"<request>{PARAMS}{SIGNED}&#0;</request>",
        f"<request a='1' a='2'>{PARAMS}{SIGNED}</request>",
        f"<!DOCTYPE request><request>{PARAMS}{SIGNED}</request>".encode("utf-16"),
        f"<request>{PARAMS}{SIGNED}</request>".encode("utf-16"),
        f"<request>{PARAMS}{SIGNED}</request>\0".encode(),
        f"<request>{PARAMS}{SIGNED}\x01</request>",
        b"\xff" + f"<request>{PARAMS}{SIGNED}</request>".encode(),
        f"<request a='ы'>{PARAMS}{SIGNED}</request>".encode("cp1251"),
        f'<?xml version="1.0" encoding="x-unknown"?><request>{PARAMS}{SIGNED}</request>',
        f'<?xml version="1.0" encoding="utf-16"?><request>{PARAMS}{SIGNED}</request>',
        f"<request>{PARAMS}{SIGNED}</request>".replace("<act>", "<x:act>"),
        f"<request><a>{'<params>' * 3000}{'</params>' * 3000}</a></request>",
        # no text of its own: a prefix that is declared outside
        f'<request xmlns:x="y"><params><x:a/>{PAY}</params><sign>{md5(f"<x:a/>{PAY}")}</sign>'
        "</request>",
    ],
)
def test_what_could_hide_something_is_12_and_not_signed(
    books: Engine, endpoint: Endpoint, xml: str | bytes
) -> None:
    """Step 3 of section 4; before the sign is looked at, right as it may be."""
    answer = read(post(endpoint, xml))

    assert list(answer) == ["err_code", "err_text"]
    assert answer["err_code"] == "12"
    assert payments(books) == []


@pytest.mark.parametrize(
    "xml",
    [
        f"<request>{SIGNED}{PARAMS}</request>",
        f"{DECLARATION}\r\n<request a='b'>\n {PARAMS}\n <x>y</x>text {SIGNED} </request>\n",
        f"<?xml version='1.0' encoding='windows-1251'?><request>{PARAMS}{SIGNED}</request>",
        b"\xef\xbb\xbf" + f"<request>{PARAMS}{SIGNED}</request>".encode(),
        f"<request>{PARAMS}{SIGNED}<paramsx/><x><sign>0</sign></x></request>",
        f'<request>{PARAMS}<sign a="b">{md5(PAY)}</sign></request>',
    ],
)
def test_what_stands_around_params_may_vary(
    books: Engine, endpoint: Endpoint, xml: str | bytes
) -> None:
    """As long as it is plain XML with one params [4]."""
    assert read(post(endpoint, xml), md5(PAY))["err_code"] == "0"
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("sign", "expected"),
    [
        ("", "11"),
        (None, "11"),
        (" ", "13"),
        (f" {md5(PAY)}", "13"),
        (f"{md5(PAY)}\n", "13"),
        (md5(PAY)[:-1], "13"),
        (md5(PAY) + "0", "13"),
        (md5(PAY, ""), "13"),
        (md5(PAY, "SHEET-SECRET-2"), "13"),
        (md5(f"<params>{PAY}</params>"), "13"),
        (md5(CHECK), "13"),
        ("подпись", "13"),
        ("é" * 32, "13"),
        ("0" * 60000, "13"),
        (f"{md5(PAY)}<a/>", "12"),
    ],
)
def test_a_wrong_sign_is_13_and_a_missing_one_11(
    books: Engine, endpoint: Endpoint, sign: str | None, expected: str
) -> None:
    """Neither is signed: a stranger is told nothing [2, 5]."""
    element = "" if sign is None else f"<sign>{sign}</sign>"
    answer = read(post(endpoint, f"<request><params>{PAY}</params>{element}</request>"))

    assert list(answer) == ["err_code", "err_text"]
    assert answer["err_code"] == expected
    assert ("alarm" in endpoint.log()[-1]) == (expected == "13")
    assert payments(books) == []


@pytest.mark.parametrize(
    "inner",
    [
        PAY + "\r\n",
        PAY + "<a>&quot;&amp;&#65;</a>",
        PAY + "<a b='c'   d=\"e\"/><f></f>",
        PAY + "<client_name>Я + %41 &amp; é</client_name>",
        f"\r\n  {PAY}\n\n",
    ],
)
def test_what_is_signed_is_the_text_as_received(
    books: Engine, endpoint: Endpoint, inner: str
) -> None:
    """After the form is decoded and before the XML is: nothing is written anew [2, 13]."""
    assert code(endpoint, inner) == "0"
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("changed", "original"), [("1200.00", "&#49;200.00"), ("\n", "\r\n"), ('"', "'")]
)
def test_the_same_xml_in_another_spelling_has_another_sign(
    books: Engine, endpoint: Endpoint, changed: str, original: str
) -> None:
    """13, however equal they are to a parser."""
    inner = f'{PAY}\n<a b="c"/>'
    assert read(post(endpoint, wrapped(inner.replace(changed, original), md5(inner)))) == {
        "err_code": "13",
        "err_text": "bad sign",
    }
    assert payments(books) == []


def test_every_secret_of_the_list_is_good_and_signs_its_answer(
    books: Engine, endpoint: Endpoint
) -> None:
    """Also one that is not ASCII; here without the request's sign in ours [2, 10]."""
    for secret in ("secret-of-last-year", "секрет & год"):
        reply = post(endpoint, wrapped(CHECK, md5(CHECK, secret)), "plain")
        assert read(reply, "", secret) == {
            "err_code": "0",
            "err_text": "OK",
            "client_name": "А*** К***",
            "balance": "3200.00",
        }
    assert read(post(endpoint, wrapped(CHECK), "plain"))["err_code"] == "13"


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ("", FORM, "11"),
        ("params", FORM, "11"),
        ("params=", FORM, "11"),
        ("Params=x&PARAMS=x&params%20=x", FORM, "11"),
        ("params=&params=", FORM, "12"),
        (f"params={quote_plus(wrapped(PAY))}&params=", FORM, "12"),
        (f"params={quote_plus(wrapped(PAY))}&%70arams={quote_plus(wrapped(PAY))}", FORM, "12"),
        ("params=%FF", FORM, "12"),
        ("params=%", FORM, "12"),
        ("params=" + quote_plus(wrapped(PAY)).replace("%3C", "<%FF", 1), FORM, "12"),
        (f"params={'x' * 65536}", FORM, "12"),
        (f"params={quote_plus(wrapped(PAY))}", {}, "11"),
        (f"params={quote_plus(wrapped(PAY))}", {"Content-Type": "text/plain"}, "11"),
        (wrapped(PAY), {"Content-Type": "application/xml"}, "11"),
        (wrapped(PAY), FORM, "11"),
        (
            '--b\r\nContent-Disposition: form-data; name="params"\r\n\r\n'
            f"{wrapped(PAY)}\r\n--b--\r\n",
            {"Content-Type": "multipart/form-data; boundary=b"},
            "11",
        ),
    ],
)
def test_a_form_without_one_params_is_refused_unsigned(
    books: Engine, endpoint: Endpoint, body: str, headers: dict[str, str], expected: str
) -> None:
    """Step 2 of section 4."""
    assert read(endpoint.call("/ckassa", "POST", body, headers))["err_code"] == expected
    assert payments(books) == []


@pytest.mark.parametrize(
    "body",
    [
        f"params={quote_plus(wrapped(PAY))}",
        f"a=1&a=2&=&&params={quote_plus(wrapped(PAY))}&b=%FF",
        f"p%61rams={''.join(f'%{byte:02x}' for byte in wrapped(PAY).encode())}",
        f"params={wrapped(PAY)}",
    ],
)
def test_any_spelling_of_the_form_is_read(books: Engine, endpoint: Endpoint, body: str) -> None:
    """Other fields are ignored, and the query string is not read at all [2]."""
    headers = {"Content-Type": "Application/X-WWW-form-urlencoded; charset=windows-1251"}
    reply = endpoint.call("/ckassa?params=x&params=y", "POST", body, headers)

    assert read(reply, md5(PAY))["err_code"] == "0"
    assert payments(books) == [PAID]


@pytest.mark.parametrize("since", ["nothing", "closed", "blocked", "gone"])
@pytest.mark.parametrize("change", [("", ""), (DATE, "1999-01-01T00:00:00"), (">1200", ">01200")])
def test_a_repeat_is_1_with_the_first_receipt(
    books: Engine, endpoint: Endpoint, change: tuple[str, str], since: str
) -> None:
    """Whatever happened to the account; pay_date and the rest may differ [8]."""
    assert code(endpoint, PAY) == "0"
    known = receipt(books)
    if since in ("closed", "blocked"):
        books.execute("UPDATE account SET state = ? WHERE number = '420017'", since)
    elif since == "gone":
        books.execute("DELETE FROM account WHERE number = '420017'")

    again = ask(endpoint, PAY.replace(*change) + "<agent_date>x</agent_date>")
    assert again == {"err_code": "1", "err_text": "already paid", **known}
    assert books.rows("SELECT COUNT(*) FROM payment") == [(1,)]


@pytest.mark.parametrize("amount", ["5.00", "60000.00"])
def test_a_repeat_wins_over_the_limits(books: Engine, endpoint: Endpoint, amount: str) -> None:
    """They were others when it was paid [8]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET amount = ?", amount)

    assert code(endpoint, PAY.replace("1200.00", amount)) == "1"
    assert code(endpoint, PAY.replace("1200.00", amount).replace("660001", "660002")) == "29"
    assert len(payments(books)) == 1


@pytest.mark.parametrize(
    ("change", "expected", "outcome"),
    [
        (("1200.00", "1200.01"), "30", "duplicate_other"),
        (("1200.00", "9.99"), "30", "duplicate_other"),
        (("1200.00", "50000.01"), "30", "duplicate_other"),
        (("420017", "420020"), "30", "duplicate_other"),
        (("420017", "420018"), "30", "duplicate_other"),
        (("420017", "420099"), "30", "duplicate_other"),
        # step 8 comes first
        (("420017", "42001"), "20", "bad_account"),
        (("1200.00", "1200"), "12", "bad_sum"),
        ((DATE, "x"), "12", "bad_date"),
        ((DATE, ""), "11", "bad_request"),
    ],
)
def test_a_known_id_with_other_data_credits_nothing(
    books: Engine, endpoint: Endpoint, change: tuple[str, str], expected: str, outcome: str
) -> None:
    """30 and an alarm [8]; never 1."""
    ask(endpoint, PAY)

    assert list(ask(endpoint, PAY.replace(*change))) == ["err_code", "err_text"]
    assert code(endpoint, PAY.replace(*change)) == expected
    line = endpoint.log()[-1]
    assert (line["outcome"], "alarm" in line) == (outcome, outcome == "duplicate_other")
    assert payments(books) == [PAID]


def test_twenty_equal_pays_at_once_are_one_row(books: Engine, endpoint: Endpoint) -> None:
    """One 0 and nineteen 1, all with the same receipt [8]."""
    xml = wrapped(PAY)
    answers = [read(reply, md5(PAY)) for reply in at_once(lambda: post(endpoint, xml))]

    assert sorted(answer["err_code"] for answer in answers) == ["0"] + ["1"] * 19
    known = receipt(books)
    assert all({**answer, **known} == answer for answer in answers)
    assert payments(books) == [PAID]


def test_a_refused_payment_is_judged_afresh(books: Engine, endpoint: Endpoint) -> None:
    """Refusals are not stored [8]."""
    books.execute("UPDATE account SET state = 'closed' WHERE number = '420017'")
    assert code(endpoint, PAY) == "21"
    books.execute("UPDATE account SET state = 'active' WHERE number = '420017'")
    assert code(endpoint, PAY) == "0"
    assert payments(books) == [PAID]


def test_a_payment_cancelled_by_hand_is_29(books: Engine, endpoint: Endpoint) -> None:
    """Asked again or asked for; it is not recorded again, and the debt is back [6]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET state = 'cancelled'")

    for inner in (PAY, STATUS):
        assert ask(endpoint, inner) == {"err_code": "29", "err_text": "payment was cancelled"}
    assert code(endpoint, PAY.replace("1200.00", "1300.00")) == "30"
    assert [row[4] for row in payments(books)] == ["cancelled"]
    assert ask(endpoint, CHECK)["balance"] == "-3200.00"


def test_a_status_needs_no_account_and_ignores_one(books: Engine, endpoint: Endpoint) -> None:
    """Only pay_id [3]; of this bank alone."""
    ask(endpoint, PAY)
    paid = {"err_code": "0", "err_text": "OK", **receipt(books)}

    assert ask(endpoint, STATUS) == paid
    assert ask(endpoint, act("4", pay_id="660001", account="x", pay_amount="x")) == paid
    assert code(endpoint, STATUS, "silent") == "29"
    assert code(endpoint, STATUS.replace("660001", "0660001")) == "29"


@pytest.mark.parametrize(
    ("paid", "balance"), [("3199.99", "-0.01"), ("3200.00", "0.00"), ("3200.01", "0.01")]
)
def test_the_balance_is_minus_what_is_owed(
    books: Engine, endpoint: Endpoint, paid: str, balance: str
) -> None:
    """More than 0 when overpaid [5]."""
    assert code(endpoint, act("2", pay_amount=paid)) == "0"
    assert ask(endpoint, CHECK)["balance"] == balance


def test_what_a_check_shows_is_set(books: Engine, endpoint: Endpoint) -> None:
    """In the order of the sheet; written so that the sign holds [5, 10, 13]."""
    books.execute("UPDATE account SET name = ? WHERE number = '420017'", '&lt; "Б" <>]]>')

    assert ask(endpoint, CHECK, "kopecks") == {
        "err_code": "0",
        "err_text": "OK",
        "client_name": '&*** "*** <***',
    }
    assert ask(endpoint, CHECK, "silent") == {"err_code": "0", "err_text": "OK"}
    reply = post(endpoint, wrapped(CHECK, md5(CHECK, "secret-of-last-year")), "plain")
    shown = list(read(reply, "", "secret-of-last-year"))
    assert shown == ["err_code", "err_text", "client_name", "balance"]


@pytest.mark.parametrize(
    ("bank", "text", "why"),
    [
        ("ckassa", "1200", "bare integer: kopecks? if so, kopecks = true"),
        ("ckassa", "1200,00", None),
        ("ckassa", "x", None),
        ("kopecks", "1200.00", "a separator: roubles? if so, kopecks = false"),
        ("kopecks", "1200,00", None),
    ],
)
def test_the_log_says_which_setting_would_take_a_sum(
    books: Engine, endpoint: Endpoint, bank: str, text: str, why: str | None
) -> None:
    """Section 3: the unit is for the provider to say, and for ops to set."""
    assert code(endpoint, act("2", pay_amount=text), bank) == "12"
    line = endpoint.log()[-1]
    assert (line["outcome"], line.get("why")) == ("bad_sum", why)


def test_the_log_says_what_is_missing(books: Engine, endpoint: Endpoint) -> None:
    """Code 11 does not."""
    for inner, why in (
        (act("2", pay_amount="", account=""), "missing: account, pay_amount"),
        (act("9"), None),
        ("<act>4</act>", "missing: pay_id"),
    ):
        assert code(endpoint, inner) == "11"
        assert endpoint.log()[-1].get("why") == why


@pytest.mark.parametrize(
    ("text", "expected", "amount"),
    [
        ("10000", "0", "100.00"),
        ("100", "0", "1.00"),
        ("00000000010001", "0", "100.01"),
        ("99999999999999", "0", "999999999999.99"),
        ("99", "23", None),
        ("0", "23", None),
        ("100.00", "12", None),
        ("000000000010001", "12", None),
        ("-100", "12", None),
        ("1e3", "12", None),
        ("١٠٠", "12", None),
        ("", "11", None),
    ],
)
def test_kopecks_are_a_setting(
    books: Engine, endpoint: Endpoint, text: str, expected: str, amount: str | None
) -> None:
    """`kopecks = true`, and another code for a small sum [3, 10]."""
    assert code(endpoint, act("2", pay_amount=text), "kopecks") == expected
    assert [row[3] for row in payments(books)] == ([amount] if amount else [])
    if amount:
        assert code(endpoint, act("2", pay_amount=text), "kopecks") == "1"


def test_a_receipt_tells_when_the_payment_became_one(books: Engine, endpoint: Endpoint) -> None:
    """In the bank's zone [5]; not when its row was made."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET performed_at = '2026-03-16 09:00:05.999'")
    assert ask(endpoint, STATUS)["reg_date"] == "2026-03-16T12:00:05"


def test_a_repeat_may_be_given_the_first_answer_again(books: Engine, endpoint: Endpoint) -> None:
    """Where the provider wants 0 for it: OK stands beside it [5, 10]."""
    first = ask(endpoint, act("2"), "silent")
    assert (first["err_code"], first["err_text"]) == ("0", "OK")
    assert ask(endpoint, act("2"), "silent") == first


def test_codes_and_the_banks_zone_are_settings(books: Engine, endpoint: Endpoint) -> None:
    """`codes`, `timezone`; err_text is English whatever the language is [5, 10]."""
    assert code(endpoint, act("2", account="420019", pay_amount="100"), "kopecks") == "22"

    inner = act("2")
    sign = md5(inner, "секрет & год")
    answer = read(post(endpoint, wrapped(inner, sign), "plain"), "", "секрет & год")
    assert answer == {
        "err_code": "0",
        "err_text": "OK",
        **receipt(books, "660009", "Pacific/Kiritimati"),
    }
    assert payments(books)[0][5] == "2026-03-16 12:00:05"
    unknown = act("1", account="1")
    sign = md5(unknown, "секрет & год")
    text = read(post(endpoint, wrapped(unknown, sign), "plain"), "", "секрет & год")["err_text"]
    assert text == "account not found"


@pytest.mark.parametrize(
    ("number", "amount", "expected"),
    [
        ("420017-1", None, "0"),
        ("420017-1", "3199.99", "29"),
        ("420017-1", "3200.01", "29"),
        ("420017-1", "3200.00", "0"),
        ("420017", None, "20"),
        ("420017", "3200.00", "20"),
        ("B-2", None, "20"),
        ("B-2", "500.00", "20"),
        ("420018-1", "3200.00", "21"),
    ],
)
def test_an_invoice_is_paid_by_its_whole_sum(
    books: Engine, endpoint: Endpoint, number: str, amount: str | None, expected: str
) -> None:
    """payer = "invoice": unknown or cancelled 20, another sum 29 [4]."""
    books.invoice("420017", "B-2", "500.00", state="cancelled")
    pays = act("2", account=number, pay_amount=amount)

    assert code(endpoint, pays if amount else act("1", account=number), "bills") == expected
    assert len(payments(books)) == (amount is not None and expected == "0")


def test_a_paid_invoice_is_21_and_its_own_repeat_1(books: Engine, endpoint: Endpoint) -> None:
    """In a check too [4, 6]."""
    whole = act("2", account="420017-1", pay_amount="3200.00")
    assert code(endpoint, whole, "bills") == "0"

    assert code(endpoint, whole.replace("660009", "660010"), "bills") == "21"
    assert code(endpoint, act("1", account="420017-1"), "bills") == "21"
    assert code(endpoint, whole, "bills") == "1"
    assert code(endpoint, whole.replace("3200.00", "3100.00"), "bills") == "30"
    assert len(payments(books)) == 1
    # what is paid in part cannot be paid by its whole sum any more
    books.execute("UPDATE payment SET amount = '1.00'")
    assert code(endpoint, act("1", account="420017-1"), "bills") == "21"
    assert code(endpoint, whole.replace("660009", "660010"), "bills") == "21"


def test_when_nothing_can_be_known_it_is_90(books: Engine, endpoint: Endpoint) -> None:
    """Signed, because the request's sign was right [6]; afterwards the payment is taken."""
    with broken(books):
        for inner in (PAY, CHECK, STATUS):
            assert ask(endpoint, inner) == {"err_code": "90", "err_text": "try later"}
        assert read(post(endpoint, wrapped(PAY, md5(CHECK))))["err_code"] == "13"
    assert code(endpoint, PAY) == "0"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_does_nothing(books: Engine, endpoint: Endpoint, method: str) -> None:
    """405, empty [2]."""
    form = f"params={quote_plus(wrapped(PAY))}"
    reply = endpoint.call(f"/ckassa?{form}", method, form if method == "PUT" else None, FORM)

    assert (reply.status, reply.body) == (405, b"")
    assert payments(books) == []


def test_strangers_are_turned_away_before_the_sign(books: Engine, endpoint: Endpoint) -> None:
    """Address 403, token 404, with empty bodies [2]."""
    token = url_tokens("token", [b"only-for-these-tests-" * 3])[0].decode()
    for path, http in [("elsewhere", 403), ("token", 404), ("token/x", 404)]:
        for xml in (wrapped(PAY), ""):
            reply = post(endpoint, xml, path)
            assert (reply.status, reply.body) == (http, b""), path
    assert payments(books) == []
    assert code(endpoint, PAY, f"token/{token}") == "0"


def test_a_bank_without_a_secret_does_not_start(
    books: Engine, command: Callable[..., CompletedProcess[str]], endpoint: Endpoint
) -> None:
    """The secret is what proves who is calling, so it must be set [10]."""
    settings = endpoint.settings.read_text(encoding="utf-8")
    without = '[BANKS.ckassa]\nprotocol = "ckassa"\nallow = ["127.0.0.1"]\n'
    try:
        endpoint.settings.write_text(settings.partition("[BANKS")[0] + without, encoding="utf-8")
        tried = command("payments")
    finally:
        endpoint.settings.write_text(settings, encoding="utf-8")

    assert tried.returncode
    assert "BANKS.ckassa.secret: missing" in tried.stdout + tried.stderr


@pytest.mark.parametrize(
    "xml", ["", "<x/>", wrapped(PAY, ""), wrapped(PAY, "0"), wrapped(PAY).replace("<act>", "")]
)
def test_a_stranger_leaves_nothing_in_the_log(books: Engine, endpoint: Endpoint, xml: str) -> None:
    """Not even the name of a command: none was read [4]."""
    post(endpoint, xml)
    assert logged(endpoint.log()) == ("", "", "", None)


@pytest.mark.parametrize(
    ("inner", "line"),
    [
        (act("9"), ("", "", "420017", None)),
        (act("1", account=None), ("check", "", "", None)),
        (STATUS, ("status", "660001", "", None)),
        (act("2", pay_id="x"), ("pay", "", "420017", "100.00")),
        (act("2", pay_amount="x"), ("pay", "660009", "420017", None)),
    ],
)
def test_the_log_has_what_could_be_read(
    books: Engine, endpoint: Endpoint, inner: str, line: tuple[Any, ...]
) -> None:
    """Nothing is made up for the rest."""
    ask(endpoint, inner)
    assert logged(endpoint.log()) == line


def test_what_is_no_request_is_wrong_xml(endpoint: Endpoint) -> None:
    """In these words [5]."""
    assert read(post(endpoint, "<x/>"))["err_text"] == "wrong xml"


def test_what_a_request_was_signed_with_is_not_shown() -> None:
    """In no trace of an error: the command holds it until the answer is signed."""
    assert SECRET not in repr(Proof(sign=md5(PAY), secret=SECRET.encode()))
