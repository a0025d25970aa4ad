"""Alif, sentence by sentence of alif.md (sections in brackets)."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import Client as InProcess

from callback import create_app
from callback.protocols import alif
from callback.settings import SettingsError, load
from callback.signature import url_tokens
from tests.support.answers import alarms, at_once, broken, logged, payments
from tests.support.processes import write_bank
from tests.support.rpc import UNREADABLE, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

COMMON = """
protocol = "alif"
username = "alif"
password = "p:w"
"""
# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.alif]
protocol = "alif"
username = "alif"
password = ["older", "p:4"]
srv_id = [17, "water"]
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
timezone = "Asia/Dushanbe"
show = ["name", "debt"]
"""
UNAVAILABLE = (200, "application/json; charset=utf-8", '{"code":520,"id":0}')
FINAL = {
    "alif": {
        "302": "done",
        "200": "done",
        "107": "no, ask again",
        "203": "yes",
        "401": "yes, until it is put right",
        "520": "no, ask again",
    }
}
SAYS = {"alif": {"account": ("a JSON number of KZT, or the same as text: `100.00`",)}}

BANKS = f"""
[BANKS.alif]
{COMMON}
account_pattern = "[0-9]{{6}}"
min_sum = "1.00"
max_sum = "5000.00"
show = ["name", "debt"]

[BANKS.services]
protocol = "alif"
username = "alif"
password = ["of last year", "пароль & год"]
srv_id = [17, "water"]
timezone = "America/New_York"
show = ["debt", "address", "name"]
labels = {{ debt = "Қарз" }}
codes = {{ duplicate_same = "108", account_blocked = 404 }}
language = "uz"

[BANKS.one]
{COMMON}
srv_id = "17"
show = []

[BANKS.bills]
{COMMON}
payer = "invoice"

[BANKS.elsewhere]
{COMMON}
allow = ["192.0.2.1"]

[BANKS.token]
{COMMON}
url_token = true
"""
SETTINGS = {"CURRENCY": "TJS", "TIMEZONE": "Asia/Dushanbe"}
DUSHANBE = ZoneInfo("Asia/Dushanbe")

LOGIN = "YWxpZjpwOnc="  # printf %s alif:p:w | base64
LINE = r"\n"  # between two lines stand a backslash and an n [5]
# Members are written as they are sent: a sum must not pass through a float here either.
CHECK = {"id": "9001", "action": '"check"', "account": '"123000"'}
PAY = {
    "id": "9002",
    "action": '"pay"',
    "account": '"123000"',
    "amount": "100.50",
    "time": '"2026-11-03T10:15:00Z"',
}
STATUS = {"id": "9002", "action": '"status"'}
PAID = ("alif", "9002", "123000", "100.50", "paid", "2026-11-03 15:15:00", "TJS")


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account("123000", "Алиева Карина", owes="320.00")
    engine.account("123001", owes="0.00")
    engine.account("123002", state="closed")
    engine.account("123003", state="blocked")
    return engine


def body(members: Mapping[str, str | None], **change: str | None) -> str:
    """Write an object of JSON texts; what is None is left out."""
    given = {**members, **change}
    return "{" + ",".join(f'"{k}":{v}' for k, v in given.items() if v is not None) + "}"


def token(username: str, password: str) -> str:
    """What stands in the header [2]."""
    return b64encode(f"{username}:{password}".encode()).decode()


def post(
    endpoint: Endpoint, text: str | bytes, bank: str = "alif", authorization: str = LOGIN
) -> Reply:
    """Send a body exactly as given."""
    return endpoint.call(f"/{bank}", "POST", text, {"Authorization": authorization})


def ask(
    endpoint: Endpoint, members: Mapping[str, str | None], bank: str = "alif", **change: str | None
) -> dict[str, Any]:
    """Send an object; the answer has a code and an id, whatever else [5]."""
    login = token("alif", "пароль & год") if bank == "services" else LOGIN
    answer = read(post(endpoint, body(members, **change), bank, login))
    assert list(answer)[:2] == ["code", "id"]
    assert (type(answer["code"]), type(answer["id"]) in (int, str)) == (int, True)
    return dict(answer)


def code(
    endpoint: Endpoint, members: Mapping[str, str | None], bank: str = "alif", **change: str | None
) -> int:
    """Send an object and tell the code alone."""
    return int(ask(endpoint, members, bank, **change)["code"])


def number(books: Engine) -> str:
    """Our number of the last payment, as answers tell it."""
    return str(books.rows("SELECT MAX(id) FROM payment")[0][0])


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order."""
    # 1, to the letter
    reply = post(endpoint, body(CHECK))
    assert reply.text == (r'{"code":302,"id":9001,"info_for_client":"А*** К***\\nДолг: 320.00"}')
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert payments(books) == []
    # 2
    assert post(endpoint, body(CHECK), authorization=f"Basic {LOGIN}").text == reply.text
    denied = '{"code":401,"id":0}'
    assert post(endpoint, body(CHECK), authorization="YWxpZjp4").text == denied
    assert endpoint.call("/alif", "POST", body(CHECK)).text == denied
    # 3
    answer = ask(endpoint, CHECK, account='"123001"')
    assert answer == {"code": 302, "id": 9001, "info_for_client": f"{LINE}Долг: 0.00"}
    refused = {'"123002"': 404, '"123003"': 303, '"123099"': 404, '"12300"': 404, None: 400}
    for account, expected in refused.items():
        assert ask(endpoint, CHECK, account=account) == {"code": expected, "id": 9001}
    # 4
    answer = ask(endpoint, PAY)
    ours = number(books)
    assert answer == {"code": 200, "id": 9002, "response_id": ours}
    assert payments(books) == [PAID]
    # 5
    again: list[dict[str, str | None]] = [
        {},
        {"amount": "100.5"},
        {"amount": '"100.50"'},
        {"time": None},
        {"time": '"x"'},
    ]
    for change in again:
        assert ask(endpoint, {**PAY, **change}) == answer, change
    assert ask(endpoint, PAY, id='"9002"') == {**answer, "id": "9002"}
    assert payments(books) == [PAID]
    # 6
    seen = len(alarms(endpoint.log()))
    assert ask(endpoint, PAY, amount="100") == {"code": 107, "id": 9002}
    assert ask(endpoint, PAY, account='"123099"') == {"code": 107, "id": 9002}
    assert alarms(endpoint.log())[seen:] == ["duplicate_other"] * 2
    # 7
    assert ask(endpoint, STATUS) == {
        "code": 200,
        "id": 9002,
        "provider_id": ours,
        "response_id": ours,
    }
    assert ask(endpoint, STATUS, id="9999") == {"code": 104, "id": 9999}
    # 8
    for outside in ("0", "0.99", "5000.01"):
        assert code(endpoint, PAY, id="9003", amount=outside) == 405, outside
    # 9
    for amount in ("1e2", "-5", "10.001", '"10,50"', '" 10"', "true", None):
        assert code(endpoint, PAY, id="9004", amount=amount) == 400, amount
    # 10
    for time in ('"2026-02-30T10:00:00Z"', '"03.11.2026"', "17"):
        assert code(endpoint, PAY, id="9005", time=time) == 400, time
    # 11
    for own_id in ("0", "-1", "1.5", '"x"', "1" * 21, None):
        assert ask(endpoint, PAY, id=own_id) == {"code": 400, "id": 0}, own_id
    # 12
    large = "18446744073709551615"
    assert post(endpoint, body(PAY, id=large, amount="10.00", account='"123001"')).text == (
        f'{{"code":200,"id":{large},"response_id":"{number(books)}"}}'
    )
    # 13
    for action in ('"PAY"', '"cancel"', None):
        assert ask(endpoint, CHECK, action=action) == {"code": 400, "id": 9001}
    # 14
    twice = '{"id":1,"id":2,"action":"check","account":"123000"}'
    for text in (twice, "[]", "", '{"id":'):
        assert post(endpoint, text).text == '{"code":400,"id":0}', text
    # 15
    assert code(endpoint, PAY, id="9020", account='"123099"') == 404
    assert code(endpoint, PAY, id="9020", account='"123001"') == 200
    assert [row[1:3] for row in payments(books)[2:]] == [("9020", "123001")]
    # 16
    reply = endpoint.call("/alif", "GET", None, {"Authorization": LOGIN})
    assert (reply.status, reply.body) == (405, b"")


@pytest.mark.parametrize(
    ("change", "expected", "outcome"),
    [
        # step 4, before the id
        ({"action": '"PAY"', "id": "0"}, 400, "unknown_command"),
        ({"action": '"pay "'}, 400, "unknown_command"),
        ({"action": '""'}, 400, "unknown_command"),
        ({"action": "null"}, 400, "unknown_command"),
        ({"action": "true"}, 400, "unknown_command"),
        ({"action": '["pay"]'}, 400, "unknown_command"),
        ({"action": '{"pay":1}'}, 400, "unknown_command"),
        ({"action": "1.5"}, 400, "unknown_command"),
        ({"action": r'"\ud800"'}, 400, "unknown_command"),
        # step 5, before the account
        ({"id": "null", "account": None}, 400, "bad_id"),
        ({"id": "true"}, 400, "bad_id"),
        ({"id": "[1]"}, 400, "bad_id"),
        ({"id": "{}"}, 400, "bad_id"),
        ({"id": "-0"}, 400, "bad_id"),
        ({"id": "9002.0"}, 400, "bad_id"),
        ({"id": "9e3"}, 400, "bad_id"),
        ({"id": '""'}, 400, "bad_id"),
        ({"id": '"09002"'}, 400, "bad_id"),
        ({"id": '"0"'}, 400, "bad_id"),
        ({"id": '" 9002"'}, 400, "bad_id"),
        ({"id": r'"9002\n"'}, 400, "bad_id"),
        ({"id": '"+9002"'}, 400, "bad_id"),
        ({"id": '"٩٠٠٢"'}, 400, "bad_id"),
        ({"id": f'"{"9" * 21}"'}, 400, "bad_id"),
        ({"id": r'"\ud800"'}, 400, "bad_id"),
        # step 8, before the sum
        ({"account": None, "amount": "x".join('""')}, 400, "bad_request"),
        ({"account": "null"}, 400, "bad_request"),
        ({"account": '""', "amount": None}, 404, "bad_account"),
        ({"account": '"12300"'}, 404, "bad_account"),
        ({"account": '" 123000"'}, 404, "bad_account"),
        ({"account": '"123000 "'}, 404, "bad_account"),
        ({"account": r'"123000\n"'}, 404, "bad_account"),
        ({"account": r'"123000\u0000"'}, 404, "bad_account"),
        ({"account": r'"\ud800"'}, 404, "bad_account"),
        ({"account": r'"12300\udfff"'}, 404, "bad_account"),
        ({"account": '"١٢٣٠٠٠"'}, 404, "bad_account"),
        ({"account": "true"}, 404, "bad_account"),
        ({"account": "123000.0"}, 404, "bad_account"),
        ({"account": "1.23e5"}, 404, "bad_account"),
        ({"account": '["123000"]'}, 404, "bad_account"),
        ({"account": '{"123000":1}'}, 404, "bad_account"),
        # step 9: the sum, then the time
        ({"amount": "null", "time": "17"}, 400, "bad_sum"),
        ({"amount": "100.500"}, 400, "bad_sum"),
        ({"amount": "100.001"}, 400, "bad_sum"),
        ({"amount": "100.5e0"}, 400, "bad_sum"),
        ({"amount": "1E2"}, 400, "bad_sum"),
        ({"amount": "-100.50"}, 400, "bad_sum"),
        ({"amount": "-0.0"}, 400, "bad_sum"),
        ({"amount": "false"}, 400, "bad_sum"),
        ({"amount": "[100.50]"}, 400, "bad_sum"),
        ({"amount": "{}"}, 400, "bad_sum"),
        ({"amount": '""'}, 400, "bad_sum"),
        ({"amount": '"100."'}, 400, "bad_sum"),
        ({"amount": '".50"'}, 400, "bad_sum"),
        ({"amount": '"+100.50"'}, 400, "bad_sum"),
        ({"amount": '"0100.50"'}, 400, "bad_sum"),
        ({"amount": '"00"'}, 400, "bad_sum"),
        ({"amount": '"1 000.00"'}, 400, "bad_sum"),
        ({"amount": '"1_000"'}, 400, "bad_sum"),
        ({"amount": '"100.50 "'}, 400, "bad_sum"),
        ({"amount": r'"100.50\n"'}, 400, "bad_sum"),
        ({"amount": '"1٠0.50"'}, 400, "bad_sum"),
        ({"amount": '"0x10"'}, 400, "bad_sum"),
        ({"amount": '"NaN"'}, 400, "bad_sum"),
        ({"amount": r'"\ud800"'}, 400, "bad_sum"),
        ({"amount": "1" * 13}, 400, "bad_sum"),
        ({"amount": f"{'1' * 13}.00"}, 400, "bad_sum"),
        ({"amount": f"1.{'0' * 5000}1"}, 400, "bad_sum"),
        ({"time": "1730628900", "amount": "0.01"}, 400, "bad_date"),
        ({"time": "true"}, 400, "bad_date"),
        ({"time": "[]"}, 400, "bad_date"),
        ({"time": '"2026-11-03"'}, 400, "bad_date"),
        ({"time": '"2026-11-03 10:15:00"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T24:00:00"'}, 400, "bad_date"),
        ({"time": '"0000-11-03T10:15:00"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00."'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00,5"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00z"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00Z07:00"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00+05"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00+0500"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00+24:00"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00+05:60"'}, 400, "bad_date"),
        ({"time": '"2026-11-03T10:15:00 +05:00"'}, 400, "bad_date"),
        ({"time": r'"2026-11-03T10:15:00Z\n"'}, 400, "bad_date"),
        ({"time": '"٢026-11-03T10:15:00Z"'}, 400, "bad_date"),
        ({"time": '"9999-12-31T23:59:59Z"'}, 400, "bad_date"),
        ({"time": '"0001-01-01T00:00:00+14:00"'}, 400, "bad_date"),
        # step 11, before the account is looked for
        ({"amount": "0.99", "account": '"123099"'}, 405, "sum_too_small"),
        ({"amount": "0.00"}, 405, "sum_too_small"),
        ({"amount": "5000.01", "account": '"123002"'}, 405, "sum_too_large"),
        ({"amount": "999999999999.99"}, 405, "sum_too_large"),
        # step 12
        ({"account": '"123099"'}, 404, "unknown_account"),
        ({"account": '"123002"'}, 404, "account_closed"),
        ({"account": '"123003"'}, 303, "account_blocked"),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, change: dict[str, str | None], expected: int, outcome: str
) -> None:
    """The order of section 4 from step 4 on; a refusal tells and records nothing."""
    answer = ask(endpoint, {**PAY, **change})

    echo = 0 if "id" in change else 9002
    assert answer == {"code": expected, "id": echo}
    assert endpoint.log()[-1]["outcome"] == outcome
    assert payments(books) == []


@pytest.mark.parametrize(
    ("change", "amount"),
    [
        ({"amount": "1"}, "1.00"),
        ({"amount": "1.0"}, "1.00"),
        ({"amount": "1.00"}, "1.00"),
        ({"amount": '"1"'}, "1.00"),
        ({"amount": "5000.00"}, "5000.00"),
        ({"amount": "5000"}, "5000.00"),
        ({"amount": "100"}, "100.00"),  # a hundred somoni, not diram
        ({"amount": "33.33"}, "33.33"),
        ({"amount": "1001.1"}, "1001.10"),
        ({"amount": "4999.99"}, "4999.99"),
        ({"account": "123000"}, "100.50"),
        ({"account": r'"\u0031\u00323000"'}, "100.50"),
        ({"id": '"18446744073709551616"'}, "100.50"),
        ({"id": "9" * 20}, "100.50"),
        ({"info": '{"fieldId1":1.5,"fieldId2":[null]}'}, "100.50"),
        ({"srv_id": "[]", "zz": "{}", "ID": "0", "Amount": "1"}, "100.50"),
    ],
)
def test_what_is_allowed_is_paid(
    books: Engine, endpoint: Endpoint, change: dict[str, str | None], amount: str
) -> None:
    """The edges of the table of section 3; other members are ignored, by exact name."""
    answer = ask(endpoint, {**PAY, **change})

    own_id = json.loads(change.get("id") or "9002")
    assert answer == {"code": 200, "id": own_id, "response_id": number(books)}
    assert payments(books) == [("alif", str(own_id), *PAID[2:3], amount, *PAID[4:])]


def test_a_sum_is_its_literal(books: Engine, endpoint: Endpoint) -> None:
    """A number and a text of the same digits are one sum, cents of the largest sums too [13]."""
    literals = ["999999999999.99", "900719925474.09", "900719925474.99", "0.10", "1.15", "8.2"]
    for at, literal in enumerate(literals, start=1):
        assert code(endpoint, PAY, "one", id=str(at), amount=literal, srv_id="17") == 200, literal
        assert code(endpoint, PAY, "one", id=str(at), amount=f'"{literal}"', srv_id="17") == 200

    assert [row[3] for row in payments(books)] == [*literals[:5], "8.20"]


@pytest.mark.parametrize(
    ("time", "paid_at"),
    [
        ('"2026-11-03T10:15:00Z"', "2026-11-03 15:15:00"),
        ('"2026-11-03T10:15:00+00:00"', "2026-11-03 15:15:00"),
        ('"2026-11-03T10:15:00-00:00"', "2026-11-03 15:15:00"),
        ('"2026-11-03T10:15:00+05:00"', "2026-11-03 10:15:00"),
        ('"2026-11-03T10:15:00"', "2026-11-03 10:15:00"),
        ('"2026-11-03T23:15:00-03:30"', "2026-11-04 07:45:00"),
        ('"2026-11-03T10:15:00.999999999Z"', "2026-11-03 15:15:00"),
        ('"2026-11-03T10:15:00.5"', "2026-11-03 10:15:00"),
        ('"1999-12-31T23:59:59+23:59"', "1999-12-31 05:00:59"),
        ('"2024-02-29T00:00:00"', "2024-02-29 00:00:00"),
        ('"9999-12-31T23:59:59"', "9999-12-31 23:59:59"),
    ],
)
def test_a_time_is_converted_into_the_banks_zone(
    books: Engine, endpoint: Endpoint, time: str, paid_at: str
) -> None:
    """With an offset; without one it is in that zone [3]."""
    assert code(endpoint, PAY, time=time) == 200
    assert payments(books) == [(*PAID[:5], paid_at, "TJS")]


@pytest.mark.parametrize("time", [None, '""', "null"])
def test_without_a_time_it_is_our_clock(books: Engine, endpoint: Endpoint, time: str) -> None:
    """In the bank's zone [3]; performed_at is now, in UTC [7]."""
    assert code(endpoint, PAY, time=time) == 200

    [(paid_at, performed_at)] = books.rows("SELECT paid_at, performed_at FROM payment")
    now = datetime.now(DUSHANBE).replace(tzinfo=None)
    assert abs(now - datetime.fromisoformat(paid_at)) < timedelta(minutes=5)
    utc = datetime.fromisoformat(performed_at).replace(tzinfo=timezone.utc)
    local = utc.astimezone(DUSHANBE).replace(tzinfo=None)
    assert abs(local - datetime.fromisoformat(paid_at)) < timedelta(minutes=1)


def test_a_check_looks_at_the_account_only(books: Engine, endpoint: Endpoint) -> None:
    """It takes any id, used ones too, ignores sum and time, and writes nothing [3, 7]."""
    assert code(endpoint, PAY) == 200
    shown = {"info_for_client": f"А*** К***{LINE}Долг: 219.50"}
    for own_id in (9002, 1, "1", 10**19):
        for change in ({}, {"amount": '"x"', "time": "17"}, {"amount": "0"}):
            answer = ask(endpoint, {**CHECK, **change}, id=json.dumps(own_id))
            assert answer == {"code": 302, "id": own_id, **shown}

    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    "text", [text for _, text in UNREADABLE], ids=[name for name, _ in UNREADABLE]
)
def test_what_is_no_json_is_400(books: Engine, endpoint: Endpoint, text: bytes) -> None:
    """Step 3, with the id 0."""
    assert post(endpoint, text).text == '{"code":400,"id":0}'
    assert payments(books) == []


@pytest.mark.parametrize(
    "text",
    [
        f"[{body(PAY)}]",
        '"pay"',
        "null",
        "17.5",
        body(PAY)[:-1] + ',"id":9002}',
        body(PAY)[:-1] + ',"amount":100.50}',
        body(PAY)[:-1] + ',"time":null}',
        body(PAY)[:-1] + ',"zz":1,"zz":1}',
        body(PAY)[:-1] + ',"info":{"a":[{"b":1,"b":1}]}}',
        body(PAY)[:-1] + r',"\u0061ction":"pay"}',
        body(PAY, amount="NaN"),
        body(PAY, amount="Infinity"),
        body(PAY, amount="9" * 5000),
        body(PAY, amount="0100.50"),
        body(PAY, amount="+1"),
        body(PAY) + body(PAY),
    ],
)
def test_what_is_no_single_object_is_400(books: Engine, endpoint: Endpoint, text: str) -> None:
    """Step 3: a member twice, anywhere, before the action is looked at."""
    assert post(endpoint, text).text == '{"code":400,"id":0}'
    assert payments(books) == []


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic ",
        LOGIN[:-2],
        f"{LOGIN}=",
        f"x{LOGIN}",
        f"Bearer {LOGIN}",
        f"Basic Basic {LOGIN}",
        f"Basic{LOGIN}",
        "alif:p:w",
        token("alif", "p"),
        token("alif", ""),
        token("alif", "p:w "),
        token("alif:p", "w "),
        token("ALIF", "p:w"),
        token("", "p:w"),
        b64encode(b"alif").decode(),
        b64encode(b"\xff\xfe:p:w").decode(),
        "ключ".encode().decode("latin-1"),
    ],
)
def test_who_does_not_prove_it_is_401(
    books: Engine, endpoint: Endpoint, authorization: str
) -> None:
    """HTTP 200 and the id 0, before the body is read, and an alarm [2]."""
    for text in (body(PAY), "", "x" * 70_000):
        headers = {"Authorization": authorization} if authorization else {}
        reply = endpoint.call("/alif", "POST", text, headers)
        assert (reply.status, reply.text) == (200, '{"code":401,"id":0}')
        assert "WWW-Authenticate" not in reply.headers
        line = endpoint.log()[-1]
        assert (line["outcome"], line["alarm"]) == ("not_authenticated", True)
    assert payments(books) == []


@pytest.mark.parametrize(
    "authorization", [LOGIN, LOGIN[:-1], f"Basic {LOGIN}", f"basic {LOGIN}", f"BASIC  {LOGIN}"]
)
def test_the_word_basic_may_stand_there(
    books: Engine, endpoint: Endpoint, authorization: str
) -> None:
    """In any letter case; the password has a colon [2, 13]."""
    assert read(post(endpoint, body(PAY), authorization=authorization))["code"] == 200
    assert payments(books) == [PAID]


def test_every_password_of_the_list_is_good(books: Engine, endpoint: Endpoint) -> None:
    """In any letters."""
    for password, expected in (("of last year", 302), ("пароль & год", 302), ("p:w", 401)):
        text = body(CHECK, srv_id="17")
        assert read(post(endpoint, text, "services", token("alif", password)))["code"] == expected


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_does_nothing(books: Engine, endpoint: Endpoint, method: str) -> None:
    """405, empty [2], whatever the header says: the method stands before it [4]."""
    text = body(PAY) if method == "PUT" else None
    for headers in ({"Authorization": LOGIN}, {"Authorization": "x"}, {}):
        reply = endpoint.call("/alif", method, text, headers)
        assert (reply.status, reply.body) == (405, b""), headers
    for path, status in (("elsewhere", 403), ("token", 404)):
        assert endpoint.call(f"/{path}", method, text).status == status
    assert payments(books) == []


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "x"])
def test_the_content_type_is_not_looked_at(
    books: Engine, endpoint: Endpoint, content_type: str
) -> None:
    """2."""
    headers = {"Authorization": LOGIN, "Content-Type": content_type}
    assert read(endpoint.call("/alif?id=1&action=x", "POST", body(PAY), headers))["code"] == 200
    assert payments(books) == [PAID]


def test_strangers_are_turned_away_before_the_password(books: Engine, endpoint: Endpoint) -> None:
    """Address 403, token 404, with empty bodies [2]."""
    secret = url_tokens("token", [b"only-for-these-tests-" * 3])[0].decode()
    for path, http in [("elsewhere", 403), ("token", 404), ("token/x", 404)]:
        for authorization in (LOGIN, "x"):
            reply = post(endpoint, body(PAY), path, authorization)
            assert (reply.status, reply.body) == (http, b""), path
    assert payments(books) == []
    assert post(endpoint, body(PAY), f"token/{secret}", "x").text == '{"code":401,"id":0}'
    assert read(post(endpoint, body(PAY), f"token/{secret}"))["code"] == 200


@pytest.mark.parametrize("since", ["nothing", "closed", "blocked", "gone"])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"amount": '"100.5"'},
        {"time": "17"},
        {"time": None},
        {"time": '"1999-01-01T00:00:00Z"'},
        {"srv_id": "[]"},
        {"account": "123000"},
        {"id": '"9002"'},
    ],
)
def test_a_repeat_gets_the_first_answer(
    books: Engine, endpoint: Endpoint, change: dict[str, str | None], since: str
) -> None:
    """Whatever happened to the account; time and srv_id may differ or be bad [8]."""
    assert code(endpoint, PAY) == 200
    ours = number(books)
    if since in ("closed", "blocked"):
        books.execute("UPDATE account SET state = ? WHERE number = '123000'", since)
    elif since == "gone":
        books.execute("DELETE FROM account WHERE number = '123000'")

    echo = "9002" if "id" in change else 9002
    assert ask(endpoint, {**PAY, **change}) == {"code": 200, "id": echo, "response_id": ours}
    assert books.rows("SELECT COUNT(*) FROM payment") == [(1,)]


@pytest.mark.parametrize("amount", ["0.50", "6000.00"])
def test_a_repeat_wins_over_the_limits(books: Engine, endpoint: Endpoint, amount: str) -> None:
    """They were others when it was paid [8]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET amount = ?", amount)

    assert code(endpoint, PAY, amount=amount) == 200
    assert code(endpoint, PAY, amount=amount, id="9003") == 405
    assert len(payments(books)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "100.51"},
        {"amount": "0"},
        {"amount": "0.50"},
        {"amount": "6000"},
        {"account": '"123001"'},
        {"account": '"123002"'},
        {"account": '"123099"'},
        {"account": '"0123000"'},
        {"account": '"12300"'},
        {"account": r'"\ud800"'},
        {"account": "true"},
        {"account": None},
    ],
)
def test_a_known_id_with_other_data_is_107(
    books: Engine, endpoint: Endpoint, change: dict[str, str | None]
) -> None:
    """Not final, nothing recorded, an alarm [6, 8]; also where a new id would be refused."""
    ask(endpoint, PAY)

    assert ask(endpoint, {**PAY, **change}) == {"code": 107, "id": 9002}
    line = endpoint.log()[-1]
    assert (line["outcome"], line["alarm"]) == ("duplicate_other", True)
    assert payments(books) == [PAID]


def test_half_a_character_stands_for_no_other(books: Engine, endpoint: Endpoint) -> None:
    """No database takes it, and it is not taken for the mark of a character that is lost [3]."""
    books.account("?")
    assert code(endpoint, PAY, "one", account='"?"', srv_id="17") == 200
    assert code(endpoint, PAY, "one", account=r'"\ud83d"', srv_id="17") == 107
    assert code(endpoint, PAY, "one", account=r'"\ud83d"', srv_id="17", id="9003") == 404


@pytest.mark.parametrize("amount", ["1e2", '"x"', "null", "100.500"])
def test_a_known_id_whose_sum_is_unreadable_is_400(
    books: Engine, endpoint: Endpoint, amount: str
) -> None:
    """The rule is of a pay whose id and amount are readable [8]."""
    ask(endpoint, PAY)

    assert ask(endpoint, PAY, amount=amount) == {"code": 400, "id": 9002}
    assert payments(books) == [PAID]


def test_twenty_equal_pays_at_once_are_one_row(books: Engine, endpoint: Endpoint) -> None:
    """Twenty times 200 with one response_id [8]."""
    answers = [read(reply) for reply in at_once(lambda: post(endpoint, body(PAY)))]

    assert answers == [{"code": 200, "id": 9002, "response_id": number(books)}] * 20
    assert payments(books) == [PAID]


def test_other_pays_at_once_are_all_recorded(books: Engine, endpoint: Endpoint) -> None:
    """Alif may call in parallel [2]; a status finds each at once [9]."""
    ids = [str(18446744073709551600 + at) for at in range(16)]
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda own_id: code(endpoint, PAY, id=own_id), ids))

    assert codes == [200] * 16
    assert sorted(row[1] for row in payments(books)) == ids
    assert [code(endpoint, STATUS, id=own_id) for own_id in ids] == [200] * 16


def test_a_refused_payment_is_judged_afresh(books: Engine, endpoint: Endpoint) -> None:
    """Refusals are not stored [8]."""
    for state, expected in (("closed", 404), ("blocked", 303), ("active", 200)):
        books.execute("UPDATE account SET state = ? WHERE number = '123000'", state)
        assert code(endpoint, PAY) == expected
    assert payments(books) == [PAID]


def test_a_payment_cancelled_by_hand_is_203(books: Engine, endpoint: Endpoint) -> None:
    """Asked again or asked for; it is not recorded again, and the debt is back [6, 8, 9]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET state = 'cancelled'")

    for members in (PAY, STATUS):
        assert ask(endpoint, members) == {"code": 203, "id": 9002}
    assert code(endpoint, PAY, amount="100.51") == 107
    assert [row[4] for row in payments(books)] == ["cancelled"]
    assert ask(endpoint, CHECK)["info_for_client"].endswith("Долг: 320.00")


def test_a_status_is_of_the_id_alone(books: Engine, endpoint: Endpoint) -> None:
    """Of this bank [9]; other members are not looked at [3]."""
    ask(endpoint, PAY)
    ours = number(books)
    known = {"code": 200, "provider_id": ours, "response_id": ours}

    assert ask(endpoint, STATUS, id='"9002"') == {**known, "id": "9002"}
    assert ask(endpoint, STATUS, account="[]", amount="x".join('""'), time="1") == {
        **known,
        "id": 9002,
    }
    assert code(endpoint, STATUS, "one") == 104
    assert ask(endpoint, STATUS, id="90020") == {"code": 104, "id": 90020}
    for own_id in ("0", '"x"', None):
        assert ask(endpoint, STATUS, id=own_id) == {"code": 400, "id": 0}
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("srv_id", "expected"),
    [
        ("17", 302),
        ('"17"', 302),
        ('"water"', 302),
        ("18", 400),
        ('"Water"', 400),
        ('"water "', 400),
        ('""', 400),
        ("null", 400),
        ("17.0", 400),
        ("true", 400),
        ("[17]", 400),
        (None, 400),
    ],
)
def test_a_service_is_tested_where_it_is_set(
    books: Engine, endpoint: Endpoint, srv_id: str | None, expected: int
) -> None:
    """In check and pay, before the account; a status has none [3, 4]."""
    assert code(endpoint, CHECK, "services", srv_id=srv_id) == expected
    assert code(endpoint, PAY, "services", srv_id=srv_id, account=None) == 400
    paid = code(endpoint, PAY, "services", srv_id=srv_id, account='"123001"')
    assert (paid, len(payments(books))) == ((200, 1) if expected == 302 else (400, 0))
    assert code(endpoint, STATUS, "services", srv_id=srv_id) == (200 if paid == 200 else 104)
    # A known payment wins over its service.
    books.clean()
    books.account("123001")
    assert code(endpoint, PAY, "services", srv_id="17", account='"123001"') == 200
    assert code(endpoint, PAY, "services", srv_id=srv_id, account='"123001"') == 108


def test_what_a_check_shows_is_set(books: Engine, endpoint: Endpoint) -> None:
    """In the order of `show`, under `labels`; nothing of it leaves without being asked [5, 10]."""
    books.execute(
        "UPDATE account SET name = ?, address = ? WHERE number = '123000'",
        '"Ё" \\n О’Коннор',
        "ул. Рудаки, 1 «а»\\5",
    )

    answer = ask(endpoint, CHECK, "services", srv_id="17")
    assert answer["info_for_client"].split(LINE, 2) == [
        "Қарз: 320.00",
        "Адрес: ул. Рудаки, 1 «а»\\5",
        '"*** \\*** О***',
    ]
    assert ask(endpoint, CHECK, "one", srv_id="17") == {"code": 302, "id": 9001}
    assert ask(endpoint, CHECK, "bills", account='"123000-1"') == {
        "code": 302,
        "id": 9001,
        "info_for_client": "Долг: 320.00",
    }


@pytest.mark.parametrize(
    ("paid", "debt"), [("319.99", "0.01"), ("320.00", "0.00"), ("320.01", "0.00")]
)
def test_a_debt_is_never_below_zero(
    books: Engine, endpoint: Endpoint, paid: str, debt: str
) -> None:
    """5."""
    assert code(endpoint, PAY, amount=paid) == 200
    assert ask(endpoint, CHECK)["info_for_client"] == f"А*** К***{LINE}Долг: {debt}"


def test_codes_and_the_banks_zone_are_settings(books: Engine, endpoint: Endpoint) -> None:
    """`codes`, `timezone` [10]; a repeat may be 108 and still tells our number [6]."""
    service = {"srv_id": "17"}
    first = ask(endpoint, PAY, "services", **service)
    assert (first["code"], payments(books)[0][5]) == (200, "2026-11-03 05:15:00")
    assert ask(endpoint, PAY, "services", **service) == {**first, "code": 108}
    assert code(endpoint, CHECK, "services", **service, account='"123003"') == 404


@pytest.mark.parametrize(
    ("account", "amount", "expected"),
    [
        ("123000-1", None, 302),
        ("123000-1", "100.50", 200),
        ("123000-1", "320.00", 200),
        ("123000-1", "320.01", 200),
        ("123000", None, 404),
        ("123000", "320.00", 404),
        ("B-2", None, 404),
        ("B-2", "500.00", 404),
        ("123002-1", "320.00", 404),
        ("123003-1", "320.00", 303),
    ],
)
def test_an_invoice_may_be_paid_in_parts(
    books: Engine, endpoint: Endpoint, account: str, amount: str | None, expected: int
) -> None:
    """payer = "invoice" [4]."""
    books.invoice("123000", "B-2", "500.00", state="cancelled")
    typed = f'"{account}"'
    if amount is None:
        assert code(endpoint, CHECK, "bills", account=typed) == expected
    else:
        assert code(endpoint, PAY, "bills", account=typed, amount=amount) == expected
    assert len(payments(books)) == (expected == 200)


def test_a_paid_invoice_is_404_for_a_check_and_203_for_a_pay(
    books: Engine, endpoint: Endpoint
) -> None:
    """And its own repeat is 200 [6]."""
    typed = '"123000-1"'
    for own_id, amount in (("1", "120.00"), ("2", "200.00")):
        assert code(endpoint, PAY, "bills", account=typed, id=own_id, amount=amount) == 200

    assert code(endpoint, PAY, "bills", account=typed, id="3") == 203
    assert code(endpoint, CHECK, "bills", account=typed) == 404
    assert code(endpoint, PAY, "bills", account=typed, id="1", amount="120") == 200
    assert code(endpoint, PAY, "bills", account=typed, id="1", amount="121") == 107
    assert len(payments(books)) == 2


def test_when_nothing_can_be_known_it_is_520(books: Engine, endpoint: Endpoint) -> None:
    """HTTP 200 in all three, and never 500 or 503 [6]; afterwards the payment is taken."""
    with broken(books):
        for members in (PAY, CHECK, STATUS):
            answer = ask(endpoint, members)
            assert answer == {"code": 520, "id": int(members["id"])}
        assert post(endpoint, body(PAY), authorization="x").text == '{"code":401,"id":0}'
    assert code(endpoint, PAY) == 200
    assert payments(books) == [PAID]


def test_a_body_that_is_cut_off_is_520(books: Engine, endpoint: Endpoint) -> None:
    """Half a request is not known; 0 stands for its id."""
    whole = body(PAY, amount="100.00").encode()
    head = f"POST /alif HTTP/1.1\r\nHost: x\r\nAuthorization: {LOGIN}\r\nConnection: close\r\n"
    request = f"{head}Content-Length: {len(whole)}\r\n\r\n".encode() + whole[:-20]
    came = endpoint.raw(request)

    assert came.startswith(b"HTTP/1.1 200 OK\r\n")
    assert came.endswith(b'{"code":520,"id":0}')
    assert payments(books) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_surprise_is_520_and_never_a_page(
    books: Engine,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither where a request is read nor where an answer is written: 500 would be final [6]."""

    def surprise(*_: object) -> None:
        raise RuntimeError

    here = InProcess(create_app(endpoint.settings))
    headers = {"Authorization": LOGIN}
    with caplog.at_level(logging.CRITICAL):
        for name, members in (("_paid_at", PAY), ("_shown", CHECK)):
            with monkeypatch.context() as patch:
                patch.setattr(alif, name, surprise)
                reply = here.post("/alif", data=body(members), headers=headers)
            assert (reply.status_code, reply.text) == (200, '{"code":520,"id":0}')
        with monkeypatch.context() as patch:
            patch.setattr(alif, "write", surprise)
            reply = here.post("/alif", data=body(CHECK), headers=headers)
    assert (reply.status_code, reply.text) == (503, "")
    assert payments(books) == []


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "username: missing"),
        ('username = "alif"', "password: missing"),
        ('password = "p"', "username: missing"),
        ('username = "al:if"\npassword = "p"', "username: expected a text without a colon"),
        ('username = ""\npassword = "p"', "username: expected one"),
        ('username = "a"\npassword = []', "password: expected"),
        ('username = "a"\npassword = "p"\nsrv_id = 1.5', "srv_id: expected a text in quotes, a"),
        ('username = "a"\npassword = "p"\nsrv_id = ""', "srv_id: expected"),
        ('username = "a"\npassword = "p"\nsrv_id = [true]', "srv_id: expected"),
        ('username = "a"\npassword = "p"\nsum_form = "strict"', "sum_form: no such key"),
        ('username = "a"\npassword = "p"\nshow = ["balance"]', "show: expected a list of"),
    ],
)
def test_a_fault_in_the_settings_is_named(tmp_path: Path, lines: str, says: str) -> None:
    """Username and password must be set [10]."""
    path = write_bank("alif", f'allow = ["192.0.2.1"]\n{lines}', tmp_path)

    with pytest.raises(SettingsError, match=f"BANKS.alif.{says}"):
        load(path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{", ("", "", "", None)),
        ("{}", ("", "", "", None)),
        ('{"action":5,"id":7}', ("", "7", "", None)),
        ('{"action":"pay","id":"x"}', ("pay", "", "", None)),
        (body(PAY, account=None), ("pay", "9002", "", "100.50")),
        (body(CHECK, amount='"x"'), ("check", "9001", "123000", None)),
        (body(CHECK, time='"9999-12-31T23:59:59-14:00"'), ("check", "9001", "123000", None)),
    ],
)
def test_the_log_has_what_could_be_read(
    books: Engine, endpoint: Endpoint, text: str, line: tuple[Any, ...]
) -> None:
    """Nothing is made up for the rest; a call without a command is a stranger's."""
    post(endpoint, text)
    assert logged(endpoint.log()) == line


@pytest.mark.parametrize("action", [CHECK, PAY])
def test_the_log_says_that_there_is_no_account(
    books: Engine, endpoint: Endpoint, action: dict[str, str]
) -> None:
    """Code 400 does not, and stands for much else [6]."""
    assert code(endpoint, action, account=None) == 400
    assert endpoint.log()[-1]["why"] == "missing: account"
    assert code(endpoint, action, id='"x"') == 400
    assert "why" not in endpoint.log()[-1]
