"""Paynet, sentence by sentence of paynet.md (sections in brackets)."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from callback.settings import SettingsError, load
from tests.support.answers import alarms, at_once, broken, logged
from tests.support.dialects import NO_WORDS
from tests.support.just_now import is_just_now
from tests.support.processes import write_bank
from tests.support.rpc import UNREADABLE, Caller, basic, but, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

COMMON = """
protocol = "paynet"
username = "paynet"
password = "pass:word"
service_id = 40404
"""
EXAMPLES = f"""{COMMON}
account_pattern = "[0-9]{{6}}"
min_sum = "500.00"
max_sum = "20000.00"
show = ["debt"]
"""

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.paynet]
protocol = "paynet"
username = "paynet"
password = "p2-of-8-characters"
service_id = 40404
account_pattern = "[0-9]{10}"
min_sum = "50.00"
max_sum = "2000.00"
timezone = "Asia/Tashkent"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.paynetfinal]
protocol = "paynet"
username = "paynet"
password = "p2-of-8-characters"
service_id = [1000, 40404]
refund = false
java_dates = true
"""
SERVICE_FIRST = True
UNAVAILABLE = NO_WORDS
# A date as Java writes it.
VARIES = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d\d:\d\d:\d\d [A-Z]+ \d{4}"
FINAL = {"paynet": {"203": "yes", "100": "no, ask again"}}
SAYS = {
    "paynet": {"repeats": ("always code `201`", "`CheckTransaction`")},
    "paynetfinal": {"parameters": ("the number of the service: `1000`, `40404`",)},
}

BANKS = f"""
[BANKS.paynet]
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
show = ["name", "debt"]
labels = {{ debt = "amount" }}
account_field = "contract_number"
language = "ru"

[BANKS.java]
{COMMON}
java_dates = true

[BANKS.newyork]
{COMMON}
timezone = "America/New_York"

[BANKS.services]
protocol = "paynet"
username = "paynet"
password = "pass:word"
service_id = [7, 40404]
codes = {{ "CheckTransaction.payment_not_found" = 203, duplicate_same = 202, temporary = 102 }}

[BANKS.samples]
protocol = "paynet"
username = "paynet"
password = "pass:word"
service_id = 1
show = ["name", "debt"]
labels = {{ debt = "amount" }}

[BANKS.sandbox]
{COMMON}
url_token = true
allow = ["10.0.0.0/8"]
"""
SETTINGS = {"TIMEZONE": "Asia/Tashkent"}

ACTIVE, CLOSED, BLOCKED, NOBODY = "612001", "612002", "612003", "612099"
INFORMATION, PERFORM = "GetInformation", "PerformTransaction"
STATUS, CANCEL, STATEMENT = "CheckTransaction", "CancelTransaction", "GetStatement"
CHANGE = "ChangePassword"
LOGIN = basic("paynet", "pass:word")
T = "2026-03-16 12:00:00"
EVER = {"serviceId": 40404, "dateFrom": "2026-01-01 00:00:00", "dateTo": "2099-12-31 23:59:59"}
TASHKENT = timezone(timedelta(hours=5))


def params(txn_id: Any = 90001, account: Any = ACTIVE, amount: Any = 120_000) -> dict[str, Any]:
    """Good params of every method together: others are ignored."""
    return {
        **EVER,
        "transactionId": txn_id,
        "transactionTime": T,
        "amount": amount,
        "fields": {"client_id": account},
    }


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded: id, sum, state; oldest first."""
    return engine.rows("SELECT txn_id, amount, state FROM payment ORDER BY id")


def row(engine: Engine) -> tuple[Any, ...]:
    """All of the first recorded payment."""
    return engine.rows("SELECT * FROM payment ORDER BY id")[0]


def caller(endpoint: Endpoint, bank: str) -> Caller:
    """Paynet, with the right credentials."""
    return Caller(endpoint, bank, LOGIN, {"jsonrpc": "2.0"})


@pytest.fixture(autouse=True)
def forgotten(database: Engine) -> Iterator[None]:
    """What a test makes of the password does not outlive it."""
    yield
    database.execute("DELETE FROM bank_password")


@pytest.fixture
def line(endpoint: Endpoint) -> Caller:
    """The bank of the worked examples, whatever is in the books."""
    return caller(endpoint, "paynet")


@pytest.fixture
def paynet(engine: Engine, line: Caller) -> Caller:
    """The same with the customers of the worked examples, and two invoices more."""
    engine.account(ACTIVE, "Азизов Камол")
    engine.account(CLOSED, state="closed")
    engine.account(BLOCKED, state="blocked")
    return line


@pytest.fixture
def invoices(paynet: Caller, engine: Engine) -> Caller:
    """A bank whose payers type the number of an invoice."""
    engine.invoice(ACTIVE, "INV-1", "1200.00")
    engine.invoice(ACTIVE, "INV-X", "1200.00", "cancelled")
    return replace(paynet, bank="invoices")


@pytest.mark.slow
def test_the_worked_examples_without_money(paynet: Caller, engine: Engine) -> None:
    """Section 11, rows 1 to 5."""
    endpoint = paynet.endpoint
    for method, body in (("POST", "{"), ("POST", "{}"), ("GET", None)):
        assert endpoint.call("/paynet", method, body).status == 401
    assert read(endpoint.call("/paynet", headers=LOGIN))["error"]["code"] == -32300
    assert read(paynet.post('{"jsonrpc":'))["error"]["code"] == -32700
    assert read(paynet.post("{}"))["error"]["code"] == -32600
    assert paynet.code("Foo", {}) == -32601
    assert paynet.code(INFORMATION, but(params(), {"serviceId": ...})) == 411
    assert paynet.code(INFORMATION, but(params(), {"serviceId": 1})) == 305
    assert paynet.code(INFORMATION, but(params(), {"serviceId": "40404"})) == 0
    information = paynet.result(INFORMATION, **params())
    assert information["status"] == "0"
    assert information["fields"] == {"debt": "3200.00"}
    for account, code in ((NOBODY, 302), (CLOSED, 302), (BLOCKED, 501)):
        assert paynet.code(INFORMATION, params(account=account)) == code
    assert paynet.code(INFORMATION, but(params(), {"fields": {}})) == 411
    assert rows(engine) == []


def test_the_worked_examples_with_money(paynet: Caller, engine: Engine) -> None:
    """Section 11, rows 6 to 15, in their order."""
    performed = paynet.result(PERFORM, **params())
    number = row(engine)[0]
    assert performed["providerTrnId"] == number
    assert rows(engine) == [("90001", "1200.00", "paid")]
    for change in ({}, {"amount": 130_000}, {"fields": {"client_id": NOBODY}}):
        assert paynet.code(PERFORM, but(params(), change)) == 201
    for amount in (49_999, 0, -5, "120000", 120000.0):
        assert paynet.code(PERFORM, params(90002, amount=amount)) == 413
    assert paynet.code(PERFORM, params(90002, amount=2_000_001)) == 415
    assert paynet.code(PERFORM, but(params(90002), {"amount": ...})) == 411
    dotted = {"transactionTime": "16.03.2026 12:00:00"}
    second = paynet.result(PERFORM, **but(params(90003), dotted))
    impossible = {"transactionTime": "2026-02-30 12:00:00"}
    assert paynet.code(PERFORM, but(params(90004), impossible)) == 414
    undated = paynet.result(PERFORM, **but(params(90005), {"transactionTime": ...}))
    standing = {"providerTrnId": number, "timestamp": performed["timestamp"], "transactionState": 1}
    for txn_id in (90001, "90001"):
        assert paynet.result(STATUS, **params(txn_id)) == standing
    none = paynet.result(STATUS, **params(90999))
    assert (none["providerTrnId"], none["transactionState"]) == (0, 3)
    assert paynet.result(STATEMENT, **EVER)["statements"] == [
        {"amount": 120_000, "transactionId": txn_id, **but(told, {"fields": ...})}
        for txn_id, told in ((90001, performed), (90003, second), (90005, undated))
    ]

    cancelled = paynet.result(CANCEL, **params())
    assert (cancelled["providerTrnId"], cancelled["transactionState"]) == (number, 2)
    assert paynet.result(CANCEL, **params()) == cancelled
    assert paynet.result(INFORMATION, **params())["fields"] == {"debt": "800.00"}
    strict = replace(paynet, bank="strict")
    strict.result(PERFORM, **params())
    assert strict.code(CANCEL, params()) == 77
    assert strict.result(STATUS, **params())["transactionState"] == 1
    assert paynet.result(STATUS, **params()) == cancelled
    assert paynet.code(PERFORM, params()) == 201
    listed = paynet.result(STATEMENT, **EVER)["statements"]
    assert [one["transactionId"] for one in listed] == [90003, 90005]
    assert paynet.code(CANCEL, params(90999)) == 203
    assert paynet.code(STATEMENT, {**EVER, "dateFrom": "yesterday"}) == 414
    upside_down = {**EVER, "dateFrom": EVER["dateTo"], "dateTo": EVER["dateFrom"]}
    assert paynet.code(STATEMENT, upside_down) == 414
    late = {**params(90003), "timestamp": "yesterday"}
    assert paynet.code(CANCEL, late) == 414
    assert paynet.result(STATUS, **params(90003))["transactionState"] == 1


def test_the_worked_example_of_a_password(paynet: Caller, engine: Engine) -> None:
    """Section 11, row 16."""
    assert paynet.result(f" {INFORMATION}", **params())["fields"] == {"debt": "3200.00"}
    assert paynet.ask(CHANGE, {"newPassword": "newDifficultPassword"}) == {"result": "success"}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": STATUS, "params": params()})
    assert paynet.post(body).status == 401
    changed = replace(paynet, credentials=basic("paynet", "newDifficultPassword"))
    assert changed.result(INFORMATION, **params())["fields"] == {"debt": "3200.00"}
    assert changed.code(CHANGE, {"newPassword": "x"}) == 411
    assert changed.result(INFORMATION, **params())["status"] == "0"
    assert rows(engine) == []


# As the paper prints them: with a blank before a method, one date with dots, numbers and texts.
SAMPLES = (
    '{"jsonrpc":"2.0","method":"GetInformation","id":12350,'
    '"params":{"serviceId":1,"fields":{"client_id":634247}}}',
    '{"jsonrpc":"2.0","method":"PerformTransaction","id":12345,"params":{"amount":100000,'
    '"serviceId":1,"transactionId":12345678900,"fields":{"client_id":"634247"}}}',
    '{"jsonrpc":"2.0","method":"CheckTransaction","id":12346,"params":{"serviceId":1,'
    '"transactionId":12345678900,"timestamp":"2021-06-16 12:44:57"}}',
    '{"jsonrpc":"2.0","method":" CancelTransaction","id":12347,"params":{"serviceId":1,'
    '"transactionId":12345678900,"timestamp":"16.06.2021 12:44:57"}}',
    '{"jsonrpc":"2.0","method":"GetStatement","id":12348,"params":{"serviceId":1,'
    '"dateFrom":"2021-04-20 08:00:00","dateTo":"2021-04-30 08:00:00"}}',
    '{"jsonrpc":"2.0","method":" GetInformation","id":12349,'
    '"params":{"serviceId":1,"fields":{"client_id":"634247"}}}',
    '{"jsonrpc":"2.0","method":"ChangePassword","id":12351,'
    '"params":{"newPassword":"newDifficultPassword"}}',
)


def test_the_samples_of_the_paper_pass_as_they_are_printed(
    endpoint: Endpoint, engine: Engine
) -> None:
    """All six methods, in an order that makes sense of them."""
    engine.account("634247", "Пушкин А.С.", owes="4200.00")
    samples = caller(endpoint, "samples")
    answers = [read(samples.post(sample)) for sample in SAMPLES]
    number = row(engine)[0]

    assert [answer["id"] for answer in answers] == [json.loads(one)["id"] for one in SAMPLES]
    results = [answer["result"] for answer in answers]
    assert (results[0]["status"], results[0]["fields"]["amount"]) == ("0", "4200.00")
    assert results[1]["providerTrnId"] == number
    assert results[1]["fields"] == {"client_id": "634247", "balance": 0}
    assert (results[2]["providerTrnId"], results[2]["transactionState"]) == (number, 1)
    assert (results[3]["providerTrnId"], results[3]["transactionState"]) == (number, 2)
    assert results[4] == {"statements": []}
    assert results[5]["fields"]["amount"] == "4200.00"
    assert results[6] == "success"
    assert rows(engine) == [("12345678900", "1000.00", "cancelled")]


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        basic("paynet", "wrong"),
        basic("paynet", ""),
        basic("Paynet", "pass:word"),
        basic("", "pass:word"),
        basic("paynet:pass", "word:"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Bearer x"},
    ],
)
@pytest.mark.parametrize(("method", "body"), [("POST", "{"), ("GET", None), ("POST", "9" * 70_000)])
def test_a_stranger_hears_401_and_412(
    credentials: dict[str, str], method: str, body: str | None, line: Caller
) -> None:
    """Section 2: before the body is looked at."""
    reply = line.endpoint.call("/paynet", method, body, credentials)
    answer = json.loads(reply.body)

    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": 412, "message": "access denied"},
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_heard(method: str, line: Caller) -> None:
    """Section 4, step 3."""
    answer = read(line.endpoint.call("/paynet", method, "{}", LOGIN))

    assert (answer["error"]["code"], answer["id"]) == (-32300, None)


def test_addresses_and_tokens_come_before_the_protocol(
    endpoint: Endpoint, command: Callable[..., CompletedProcess[str]]
) -> None:
    """Section 2: 404 and 403 with empty bodies."""
    address = command("url", "sandbox").stdout.strip()
    for path, status in (("/sandbox", 404), ("/paynet/more", 404), (address, 403)):
        reply = endpoint.call(path, "POST", "{}", LOGIN)
        assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "x"])
def test_the_content_type_is_not_looked_at(content_type: str, line: Caller) -> None:
    """Section 2."""
    body = {"jsonrpc": "2.0", "id": 1, "method": STATUS, "params": params("none")}
    answer = read(line.post(json.dumps(body), **{"Content-Type": content_type}))

    assert answer["result"]["transactionState"] == 3


@pytest.mark.parametrize("body", [body for _, body in UNREADABLE], ids=[id for id, _ in UNREADABLE])
def test_what_is_not_json_is_32700(body: bytes, line: Caller) -> None:
    """Section 4, step 4."""
    answer = read(line.post(body))

    assert (answer["error"]["code"], answer["id"]) == (-32700, None)
    assert isinstance(answer["error"]["message"], str)


GOOD = '"jsonrpc":"2.0","id":7,"method":"CheckTransaction","params":{}'


@pytest.mark.parametrize(
    ("body", "own_id"),
    [
        ("[]", None),
        ("[{" + GOOD + "}]", None),
        ("null", None),
        ("{}", None),
        ("{" + GOOD.replace('"jsonrpc":"2.0",', "") + "}", 7),
        ("{" + GOOD.replace('"2.0"', "2.0") + "}", 7),
        ("{" + GOOD.replace('"2.0"', '"1.0"') + "}", 7),
        ("{" + GOOD.replace('"2.0"', "null") + "}", 7),
        ("{" + GOOD.replace('"id":7,', "") + "}", None),
        ("{" + GOOD.replace("7", "null") + "}", None),
        ("{" + GOOD.replace("7", "true") + "}", None),
        ("{" + GOOD.replace("7", "7.0") + "}", None),
        ("{" + GOOD.replace("7", "[7]") + "}", None),
        ("{" + GOOD.replace('"method":"CheckTransaction",', "") + "}", 7),
        ("{" + GOOD.replace('"CheckTransaction"', "1") + "}", 7),
        ("{" + GOOD.replace(',"params":{}', "") + "}", 7),
        ("{" + GOOD.replace("{}", "[]") + "}", 7),
        ("{" + GOOD.replace("{}", "null") + "}", 7),
        ("{" + GOOD.replace("{}", '{"a":1,"a":1}') + "}", 7),
        ("{" + GOOD.replace("{}", '{"a":[{"b":{"c":1,"c":2}}]}') + "}", 7),
        ("{" + GOOD + ',"id":7}', None),
        ("{" + GOOD + ',"jsonrpc":"2.0"}', 7),
        ("{" + GOOD.replace("7", '"7"') + ',"params":{}}', "7"),
    ],
)
def test_a_wrong_envelope_is_32600(body: str, own_id: object, line: Caller) -> None:
    """Section 4, step 5."""
    answer = read(line.post(body))

    assert (answer["error"]["code"], answer["id"]) == (-32600, own_id)


@pytest.mark.parametrize("own_id", [0, -1, 17, 9 * 10**4000, "", "17", "ы😀", '"\\', "\x00"])
def test_the_id_comes_back_as_it_was(own_id: object, line: Caller) -> None:
    """Section 4: same value, same type."""
    assert "result" in line.ask(STATUS, params("none"), own_id)
    assert "error" in line.ask(STATUS, {}, own_id)


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00a"])
def test_half_a_character_does_no_harm(half: str, line: Caller) -> None:
    """In the id it is echoed; as our number or theirs it is of the wrong form."""
    text = json.loads(f'"{half}"')
    body = '{"jsonrpc":"2.0","id":"%s","method":"%s","params":%s}'
    answer = read(line.post(body % (half, STATUS, json.dumps(params("none")))))

    assert (answer["id"], answer["result"]["transactionState"]) == (text, 3)
    assert line.code(text, {}) == -32601
    assert line.code(PERFORM, params(text)) == 411
    assert line.code(PERFORM, params(account=text)) == 302
    assert line.code(PERFORM, but(params(), {"transactionTime": text})) == 414
    assert line.code(PERFORM, but(params(), {"serviceId": text})) == 305


@pytest.mark.parametrize(
    "method",
    [
        *("Foo", "getInformation", "", " ", "Get Statement", "GetStatement\n", "\tGetStatement"),
        "XGetStatement",
    ],
)
def test_an_unknown_method_is_32601(method: str, line: Caller) -> None:
    """Section 4, step 6: before its service is looked at."""
    error = line.ask(method, {})["error"]

    assert error["code"] == -32601
    assert "data" not in error


METHODS = (INFORMATION, PERFORM, STATUS, CANCEL, STATEMENT)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("service", "code"),
    [
        (..., 411),
        (None, 411),
        (1, 305),
        (-40404, 305),
        (0, 305),
        (10**4000, 305),
        (40404.0, 305),
        (True, 305),
        ("", 305),
        ("040404", 305),
        (" 40404", 305),
        ("４０４０４", 305),
        ([40404], 305),
        ({}, 305),
    ],
)
def test_another_service_is_refused_by_every_method(
    method: str, service: Any, code: int, line: Caller
) -> None:
    """Section 4, step 7: before anything else that is missing or wrong."""
    assert line.code(method, {"serviceId": service} if service is not ... else {}) == code
    assert line.code(method, but(params(), {"serviceId": service})) == code


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", [" {}", "{} ", "   {}  "])
def test_blanks_around_a_method_are_cut_off(method: str, form: str, line: Caller) -> None:
    """Section 3; the log has its name."""
    assert line.code(form.format(method), {}) == 411
    assert line.endpoint.log()[-1]["command"] == method


REQUIRED = {
    INFORMATION: ("fields",),
    PERFORM: ("transactionId", "amount", "fields"),
    STATUS: ("transactionId",),
    CANCEL: ("transactionId",),
    STATEMENT: ("dateFrom", "dateTo"),
}


@pytest.mark.parametrize(
    ("method", "name"), [(method, name) for method in METHODS for name in REQUIRED[method]]
)
@pytest.mark.parametrize("value", [..., None])
def test_a_missing_param_is_411_before_a_wrong_one(
    method: str, name: str, value: Any, line: Caller
) -> None:
    """Section 4, step 8; null is missing."""
    wrong = dict.fromkeys(REQUIRED[method], True)

    assert line.code(method, but(params(), {name: value})) == 411
    assert line.code(method, but(params(), {**wrong, name: value})) == 411


@pytest.mark.parametrize(
    "fields", [{}, {"x": "1"}, {"client_id": None}, {"client_id": ""}, {"Client_id": ACTIVE}]
)
@pytest.mark.parametrize("method", [INFORMATION, PERFORM])
def test_an_empty_account_is_missing(fields: dict[str, Any], method: str, line: Caller) -> None:
    """Section 3: before a wrong sum."""
    assert line.code(method, but(params(amount=0), {"fields": fields})) == 411


WRONG_NUMBERS: list[Any] = [
    *(True, False, 612001.0, [], [ACTIVE], {}, " ", "61200", "6120011", "612001\n"),
    *("６１２００１", -612001, 10**4000, "612001\x00", f"{ACTIVE} "),
]


@pytest.mark.parametrize(
    "fields",
    [[], [ACTIVE], ACTIVE, 612001, True, *({"client_id": number} for number in WRONG_NUMBERS)],
)
@pytest.mark.parametrize("method", [INFORMATION, PERFORM])
def test_a_wrong_account_is_302(fields: Any, method: str, line: Caller) -> None:
    """Section 3."""
    assert line.code(method, but(params("new"), {"fields": fields})) == 302
    assert line.result(STATUS, **params("new"))["transactionState"] == 3


@pytest.mark.parametrize("method", [PERFORM, STATUS, CANCEL])
@pytest.mark.parametrize(
    "txn_id",
    [0, -1, True, 1.0, 10**64, "", " ", "a b", "a_b", "é", "１", "a\n", "a" * 65, [], [1], {}],
)
def test_a_wrong_transaction_id_is_411(method: str, txn_id: Any, line: Caller) -> None:
    """Section 3."""
    assert line.code(method, params(txn_id)) == 411


@pytest.mark.parametrize("amount", [0, -1, True, "120000", "", 120000.0, 0.5, [], {}, -(10**400)])
def test_a_wrong_amount_is_413(amount: Any, paynet: Caller, engine: Engine) -> None:
    """Section 3; at a bank without limits of its own: true is not 1."""
    assert replace(paynet, bank="plain").code(PERFORM, params(amount=amount)) == 413
    assert rows(engine) == []


@pytest.mark.parametrize("amount", ["1.2e5", "12E4", "-0", "1e400"])
def test_an_amount_written_in_another_way_is_413(amount: str, line: Caller) -> None:
    """Section 3: only the digits of an integer are one."""
    request = {"jsonrpc": "2.0", "id": 1, "method": PERFORM, "params": params("new", amount="SUM")}
    answer = read(line.post(json.dumps(request).replace('"SUM"', amount)))

    assert answer["error"]["code"] == 413


@pytest.mark.parametrize(
    "moment",
    [
        *(0, 1_773_644_400, True, [], {}, "", "yesterday", "2026-03-16", "2026-03-16T12:00:00"),
        *(
            "2026-03-16 12:00",
            "2026-03-16 12:00:00.000",
            "2026-03-16 12:00:00Z",
            "2026-3-16 12:00:00",
        ),
        *(
            "2026-02-30 12:00:00",
            "2026-03-16 24:00:00",
            "2026-03-16 12:00:60",
            "2026-13-01 12:00:00",
        ),
        *("0000-01-01 00:00:00", "29.02.2026 12:00:00", "16/03/2026 12:00:00", "16.03.26 12:00:00"),
        *("２０２６-03-16 12:00:00", " 2026-03-16 12:00:00", "2026-03-16 12:00:00\n"),
        *("2026.03.16 12:00:00", "16-03-2026 12:00:00", "16.03.2026  12:00:00"),
    ],
)
def test_a_wrong_date_is_414(moment: Any, line: Caller) -> None:
    """Section 3: in all places."""
    for name in ("transactionTime", "time"):
        assert line.code(PERFORM, but(params("new"), {name: moment})) == 414
    for method in (STATUS, CANCEL):
        assert line.code(method, but(params("new"), {"timestamp": moment})) == 414
    assert line.code(STATEMENT, {**EVER, "dateFrom": moment}) == 414
    assert line.code(STATEMENT, {**EVER, "dateTo": moment}) == 414


@pytest.mark.parametrize(
    ("moment", "stored"),
    [
        ("2026-03-16 12:00:00", "2026-03-16 12:00:00.000"),
        ("16.03.2026 23:59:59", "2026-03-16 23:59:59.000"),
        ("2024-02-29 00:00:00", "2024-02-29 00:00:00.000"),
        ("1969-12-31 00:00:00", "1969-12-31 00:00:00.000"),
        ("0001-01-01 00:00:00", "0001-01-01 00:00:00.000"),
        ("31.12.9999 23:59:59", "9999-12-31 23:59:59.000"),
    ],
)
def test_a_date_of_any_age_is_stored_as_it_is(
    moment: str, stored: str, paynet: Caller, engine: Engine
) -> None:
    """Section 3: in both forms, in the bank's own zone; it bounds a statement as well."""
    paynet.result(PERFORM, **but(params(), {"transactionTime": moment}))
    paynet.result(PERFORM, **but(params(2), {"transactionTime": ..., "time": moment}))
    both = {"transactionTime": moment, "time": "2000-01-01 00:00:00"}
    paynet.result(PERFORM, **but(params(3), both))

    assert engine.rows("SELECT paid_at FROM payment") == [(stored,)] * 3
    assert paynet.code(STATEMENT, {**EVER, "dateFrom": moment, "dateTo": moment}) == 0
    answer = paynet.result(STATUS, **params(), timestamp=moment)
    assert answer["transactionState"] == 1
    assert paynet.result(CANCEL, **params(), timestamp=moment)["transactionState"] == 2


@pytest.mark.parametrize("absent", [..., None])
def test_without_a_date_a_payment_is_dated_by_our_clock(
    absent: Any, paynet: Caller, engine: Engine
) -> None:
    """Section 3: in the bank's zone; null is missing."""
    for txn_id, name in ((1, "transactionTime"), (2, "time"), (3, "timestamp")):
        paynet.result(PERFORM, **but(params(txn_id), {"transactionTime": absent, name: absent}))

    for (paid_at,) in engine.rows("SELECT paid_at FROM payment"):
        assert is_just_now(datetime.fromisoformat(paid_at), TASHKENT)
    assert paynet.code(STATUS, {**params(1), "timestamp": None}) == 0
    assert paynet.code(PERFORM, but(params(1), {"transactionTime": absent})) == 201


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (("transactionId", "amount", "transactionTime", "fields"), 411),
        (("amount", "transactionTime", "fields"), 413),
        (("transactionTime", "fields"), 414),
        (("fields",), 302),
    ],
)
def test_forms_are_read_in_their_order(wrong: tuple[str, ...], code: int, line: Caller) -> None:
    """Section 4, step 9."""
    assert line.code(PERFORM, but(params("new"), dict.fromkeys(wrong, True))) == code


@pytest.mark.parametrize(
    ("account", "amount", "code"),
    [
        (NOBODY, 49_999, 413),
        (BLOCKED, 2_000_001, 415),
        (ACTIVE, 49_999, 413),
        (ACTIVE, 50_000, 0),
        (ACTIVE, 2_000_000, 0),
        (ACTIVE, 2_000_001, 415),
        (ACTIVE, 10**400, 415),
        (NOBODY, 120_000, 302),
        (CLOSED, 120_000, 302),
        (BLOCKED, 120_000, 501),
    ],
)
def test_limits_come_before_the_account(
    account: str, amount: int, code: int, paynet: Caller, engine: Engine
) -> None:
    """Section 4, steps 11 and 12; a refused one leaves no trace."""
    assert paynet.code(PERFORM, params(account=account, amount=amount)) == code
    assert len(rows(engine)) == (1 if code == 0 else 0)


@pytest.mark.parametrize("state", ["paid", "cancelled"])
@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({}, "same"),
        ({"transactionTime": "01.01.2020 00:00:00"}, "same"),
        ({"fields": {"client_id": 612001}}, "same"),
        ({"amount": 130_000}, "duplicate_other"),
        ({"amount": 1}, "duplicate_other"),
        ({"amount": 10**30}, "duplicate_other"),
        ({"fields": {"client_id": NOBODY}}, "duplicate_other"),
        ({"fields": {"client_id": BLOCKED}, "amount": 1}, "duplicate_other"),
    ],
)
def test_a_known_id_is_201_whatever_else(
    state: str, change: dict[str, Any], outcome: str, paynet: Caller, engine: Engine
) -> None:
    """Section 8: over limits and accounts; another account or sum is an alarm."""
    paynet.result(PERFORM, **params())
    if state == "cancelled":
        paynet.result(CANCEL, **params())
    engine.execute("UPDATE account SET state = 'closed'")
    left = row(engine)

    assert paynet.code(PERFORM, but(params(), change)) == 201
    assert [row(engine)] == engine.rows("SELECT * FROM payment") == [left]
    last = paynet.endpoint.log()[-1]
    same = "duplicate_same" if state == "paid" else "payment_cancelled"
    assert last["outcome"] == (same if outcome == "same" else outcome)
    assert alarms([last]) == ([] if outcome == "same" else ["duplicate_other"])


def test_a_wrong_form_comes_before_the_repeat(paynet: Caller) -> None:
    """Section 4: step 9 before step 10."""
    paynet.result(PERFORM, **params())

    assert paynet.code(PERFORM, but(params(), {"serviceId": 1})) == 305
    assert paynet.code(PERFORM, params(amount=0)) == 413
    assert paynet.code(PERFORM, params(account="x")) == 302


@pytest.mark.parametrize(
    ("given", "stored", "told"),
    [
        (555, "555", 555),
        ("555", "555", 555),
        (999_999_999_999_999_999, "9" * 18, 999_999_999_999_999_999),
        (10**18, "1" + "0" * 18, "1" + "0" * 18),
        (10**63, "1" + "0" * 63, "1" + "0" * 63),
        ("0555", "0555", "0555"),
        ("0", "0", "0"),
        ("-5", "-5", "-5"),
        ("aB-9", "aB-9", "aB-9"),
        ("z" * 64, "z" * 64, "z" * 64),
    ],
)
def test_a_transaction_id_is_text_to_us(
    given: Any, stored: str, told: Any, paynet: Caller, engine: Engine
) -> None:
    """Sections 3 and 5: 555 and "555" are one; in the statement a number where it is one."""
    paynet.result(PERFORM, **params(given))

    assert rows(engine)[0][0] == stored
    assert paynet.code(PERFORM, params(stored)) == 201
    listed = paynet.result(STATEMENT, **EVER)["statements"]
    assert [one["transactionId"] for one in listed] == [told]
    assert type(listed[0]["transactionId"]) is type(told)


def test_letter_case_of_a_transaction_id_counts(paynet: Caller, engine: Engine) -> None:
    """Two payments."""
    paynet.result(PERFORM, **params("abc"))
    paynet.result(PERFORM, **params("ABC"))

    assert len(rows(engine)) == 2
    assert paynet.result(STATUS, **params("Abc"))["transactionState"] == 3


@pytest.mark.parametrize("account", [ACTIVE, 612001])
def test_a_perform_tells_the_account_as_received(
    account: Any, paynet: Caller, engine: Engine
) -> None:
    """Section 5: number and time are the row's, in the bank's zone."""
    fields = {"client_id": account, "more": [1]}
    answer = paynet.result(PERFORM, **but(params(), {"fields": fields}))
    number, performed, created = engine.rows("SELECT id, performed_at, created_at FROM payment")[0]

    assert answer == {
        "providerTrnId": number,
        "timestamp": in_tashkent(performed),
        "fields": {"client_id": account, "balance": 0},
    }
    assert performed == created
    assert is_just_now(datetime.fromisoformat(answer["timestamp"]), TASHKENT)


def in_tashkent(stored: str) -> str:
    """Our UTC, cut to the second."""
    utc = datetime.fromisoformat(stored).replace(tzinfo=timezone.utc)
    return utc.astimezone(TASHKENT).strftime("%Y-%m-%d %H:%M:%S")


def test_information_shows_what_the_settings_say(paynet: Caller, engine: Engine) -> None:
    """Section 5: in sums, names masked, labels and the account's field ours; now in our zone."""
    account = {"fields": {"contract_number": ACTIVE}}
    shown = replace(paynet, bank="shows").result(INFORMATION, serviceId=40404, **account)
    plain = replace(paynet, bank="plain").result(INFORMATION, **params())

    assert shown["fields"] == {"name": "А*** К***", "amount": "3200.00"}
    assert plain == {"status": "0", "timestamp": plain["timestamp"], "fields": {}}
    assert is_just_now(datetime.fromisoformat(plain["timestamp"]), TASHKENT)
    assert rows(engine) == []


def test_a_cancel_keeps_its_first_time(paynet: Caller, engine: Engine) -> None:
    """Section 9: the sum is owed again; CheckTransaction tells the time of the cancel."""
    paynet.result(PERFORM, **params())
    engine.execute("UPDATE payment SET performed_at = '2026-03-16 07:00:00.000'")
    cancelled = paynet.result(CANCEL, **params())
    stored = engine.rows("SELECT cancelled_at, cancel_reason FROM payment")[0]

    assert stored[1] is None
    assert cancelled == {
        "providerTrnId": row(engine)[0],
        "timestamp": in_tashkent(stored[0]),
        "transactionState": 2,
    }
    engine.execute("UPDATE payment SET cancelled_at = '2026-03-16 08:00:00.999'")
    first = {**cancelled, "timestamp": "2026-03-16 13:00:00"}
    assert paynet.result(CANCEL, **params()) == first
    assert paynet.result(STATUS, **params()) == first
    assert paynet.result(INFORMATION, **params())["fields"] == {"debt": "3200.00"}


def test_without_refund_only_what_was_cancelled_stays_so(paynet: Caller, engine: Engine) -> None:
    """Section 9: 77, still paid; a known cancel is answered again."""
    strict = replace(paynet, bank="strict")
    strict.result(PERFORM, **params())
    assert strict.code(CANCEL, params()) == 77
    assert rows(engine) == [("90001", "1200.00", "paid")]
    assert strict.code(CANCEL, params(90002)) == 203

    engine.execute(
        "UPDATE payment SET state = 'cancelled', cancelled_at = '2026-03-16 08:00:00.000'"
    )
    assert strict.result(CANCEL, **params())["timestamp"] == "2026-03-16 13:00:00"


@pytest.mark.parametrize("method", [STATUS, CANCEL])
def test_no_account_is_asked_for_after_the_payment(
    method: str, paynet: Caller, engine: Engine
) -> None:
    """Section 13: nor does its state matter."""
    paynet.result(PERFORM, **params())
    engine.execute("UPDATE account SET state = 'blocked'")

    assert paynet.result(method, serviceId=40404, transactionId="90001")


def test_java_dates_are_those_of_check_transaction(paynet: Caller, engine: Engine) -> None:
    """Section 5; of none, paid and cancelled."""
    java = replace(paynet, bank="java")
    none = java.result(STATUS, **params())["timestamp"]
    assert datetime.strptime(none, "%a %b %d %H:%M:%S UZT %Y").replace(tzinfo=TASHKENT)
    java.result(PERFORM, **params())
    engine.execute("UPDATE payment SET performed_at = '2026-03-16 07:00:05.120'")

    assert java.result(STATUS, **params())["timestamp"] == "Mon Mar 16 12:00:05 UZT 2026"
    assert java.result(STATEMENT, **EVER)["statements"][0]["timestamp"] == "2026-03-16 12:00:05"
    cancelled = java.result(CANCEL, **params())["timestamp"]
    assert datetime.fromisoformat(cancelled)
    engine.execute("UPDATE payment SET cancelled_at = '2026-08-01 19:00:05.120'")
    assert java.result(STATUS, **params())["timestamp"] == "Sun Aug 02 00:00:05 UZT 2026"


JAVA = (
    *("Thu Jan 01", "Tue Feb 03", "Wed Mar 04", "Fri Apr 03", "Sat May 02", "Sun Jun 07"),
    *("Mon Jul 06", "Mon Aug 31", "Mon Sep 07", "Mon Oct 05", "Mon Nov 30", "Mon Dec 07"),
)


def test_java_speaks_english_in_every_month(paynet: Caller, engine: Engine) -> None:
    """Section 5: java.util.Date, to the letter."""
    java = replace(paynet, bank="java")
    java.result(PERFORM, **params())
    for month, day in enumerate(JAVA, start=1):
        stamp = f"2026-{month:02}-{day[-2:]} 00:00:00.000"
        engine.execute("UPDATE payment SET performed_at = ?", stamp)
        assert java.result(STATUS, **params())["timestamp"] == f"{day} 05:00:00 UZT 2026"


STAMPS = {
    "1": "2026-03-16 06:59:59.999",
    "2": "2026-03-16 07:00:00.000",
    "4": "2026-03-16 07:00:05.000",
    "3": "2026-03-16 07:00:05.999",
    "5": "2026-03-16 07:00:06.000",
    "6": "2026-03-16 19:00:00.000",
}


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-03-16 12:00:00", "2026-03-16 12:00:05", [2, 4, 3]),
        ("16.03.2026 12:00:00", "16.03.2026 12:00:05", [2, 4, 3]),
        ("2026-03-16 12:00:05", "2026-03-16 12:00:05", [4, 3]),
        ("2026-03-16 00:00:00", "2026-03-16 23:59:59", [1, 2, 4, 3, 5]),
        ("2026-03-17 00:00:00", "2026-03-17 00:00:00", [6]),
        ("2026-03-16 12:00:01", "2026-03-16 12:00:04", []),
        ("0001-01-01 00:00:00", "9999-12-31 23:59:59", [1, 2, 4, 3, 5, 6]),
    ],
)
def test_a_statement_is_by_the_second_of_recording(
    since: str, until: str, found: list[int], paynet: Caller, engine: Engine
) -> None:
    """Section 9: both ends included, a whole second each; ours, not transactionTime's."""
    for txn_id, stamp in STAMPS.items():
        paynet.result(PERFORM, **params(txn_id))
        engine.execute("UPDATE payment SET performed_at = ? WHERE txn_id = ?", stamp, txn_id)
    bounds = {"serviceId": 40404, "dateFrom": since, "dateTo": until}
    listed = paynet.result(STATEMENT, **bounds)["statements"]

    assert [one["transactionId"] for one in listed] == found


def test_a_statement_is_in_the_bank_s_zone(paynet: Caller) -> None:
    """What an answer called its time is found by that time, and no bound is too far."""
    newyork = replace(paynet, bank="newyork")
    performed = newyork.result(PERFORM, **params())
    stamp = performed["timestamp"]
    for since, until, found in (
        (stamp, stamp, 1),
        ("0001-01-01 00:00:00", "9999-12-31 23:59:59", 1),
        ("9999-12-31 23:59:59", "9999-12-31 23:59:59", 0),
    ):
        bounds = {"serviceId": 40404, "dateFrom": since, "dateTo": until}
        assert len(newyork.result(STATEMENT, **bounds)["statements"]) == found


def test_a_statement_is_of_one_bank_and_of_what_is_paid(paynet: Caller) -> None:
    """Section 9: ties by our number, sums in tiyin."""
    for txn_id, amount in ((3, 50_000), (1, 50_001), (2, 2_000_000)):
        paynet.result(PERFORM, **params(txn_id, amount=amount))
    replace(paynet, bank="plain").result(PERFORM, **params(9))
    paynet.result(CANCEL, **params(1))

    listed = paynet.result(STATEMENT, **EVER)["statements"]
    assert [(one["transactionId"], one["amount"]) for one in listed] == [
        (3, 50_000),
        (2, 2_000_000),
    ]
    assert {*listed[0]} == {"amount", "providerTrnId", "transactionId", "timestamp"}


def test_equal_performs_at_once_give_one_row_and_one_result(paynet: Caller, engine: Engine) -> None:
    """Section 8: nineteen hear 201."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": PERFORM, "params": params()})
    answers = [read(reply) for reply in at_once(lambda: paynet.post(body))]

    assert sum("result" in answer for answer in answers) == 1
    assert [one["error"]["code"] for one in answers if "error" in one] == [201] * 19
    assert rows(engine) == [("90001", "1200.00", "paid")]


def test_equal_cancels_at_once_have_one_answer(paynet: Caller, engine: Engine) -> None:
    """Section 9."""
    paynet.result(PERFORM, **params())
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": CANCEL, "params": params()})

    answers = {reply.body for reply in at_once(lambda: paynet.post(body))}
    assert len(answers) == 1
    assert read_state(answers.pop()) == 2


def read_state(body: bytes) -> int:
    """The state in an answer."""
    return int(json.loads(body)["result"]["transactionState"])


def test_what_perform_stored_is_there_at_once(paynet: Caller) -> None:
    """Section 8: on every process of ours."""
    for txn_id in range(1, 21):
        performed = paynet.result(PERFORM, **params(txn_id))
        status = paynet.result(STATUS, **params(txn_id))
        assert status == {**but(performed, {"fields": ...}), "transactionState": 1}


@pytest.mark.parametrize(
    ("number", "amount", "code"),
    [
        ("INV-1", 120_000, 0),
        ("INV-1", 119_999, 413),
        ("INV-1", 120_001, 413),
        ("INV-X", 120_000, 302),
        ("INV-2", 120_000, 302),
        (f"{CLOSED}-1", 320_000, 302),
        (f"{BLOCKED}-1", 320_000, 501),
        (ACTIVE, 120_000, 302),
    ],
)
def test_an_invoice_is_paid_by_its_whole_sum(
    number: str, amount: int, code: int, invoices: Caller, engine: Engine
) -> None:
    """Section 4, step 12; GetInformation knows no sum."""
    information = invoices.ask(INFORMATION, params(account=number))
    told = information["error"]["code"] if "error" in information else 0
    assert told == (0 if code == 413 else code)
    assert invoices.code(PERFORM, params(account=number, amount=amount)) == code
    assert len(rows(engine)) == (1 if code == 0 else 0)


def test_a_paid_invoice_is_not_paid_again_until_it_is_cancelled(
    invoices: Caller, engine: Engine
) -> None:
    """Section 4, step 12: 302 for another id, 201 for the same."""
    shown = invoices.result(INFORMATION, **params(account="INV-1"))
    assert shown["fields"] == {"debt": "1200.00"}
    invoices.result(PERFORM, **params(account="INV-1"))
    assert invoices.code(INFORMATION, params(account="INV-1")) == 302
    assert invoices.code(PERFORM, params(90002, "INV-1")) == 302
    assert invoices.code(PERFORM, params(90002, "INV-1", 7)) == 302
    assert invoices.code(PERFORM, params(account="INV-1")) == 201
    # what is paid in part cannot be paid by its whole sum any more
    engine.execute("UPDATE payment SET amount = '1.00'")
    assert invoices.code(INFORMATION, params(account="INV-1")) == 302
    assert invoices.code(PERFORM, params(90002, "INV-1")) == 302

    invoices.result(CANCEL, **params())
    assert invoices.code(INFORMATION, params(account="INV-1")) == 0
    assert invoices.code(PERFORM, params(90002, "INV-1")) == 0
    found = engine.rows(
        "SELECT p.txn_id, i.number FROM payment p JOIN invoice i ON i.id = p.invoice_id"
        " ORDER BY p.id"
    )
    assert found == [("90001", "INV-1"), ("90002", "INV-1")]


def test_a_payment_is_in_the_bank_s_table_with_its_currency(paynet: Caller, engine: Engine) -> None:
    """Section 1: CURRENCY is not compared, but kept."""
    paynet.result(PERFORM, **params())

    found = engine.rows("SELECT bank, currency, amount, paid_at FROM payment")
    assert found == [("paynet", "KZT", "1200.00", f"{T}.000")]


@pytest.mark.parametrize("method", [INFORMATION, STATUS, STATEMENT])
def test_without_a_database_a_question_is_100(method: str, line: Caller, engine: Engine) -> None:
    """Section 6; with the request's id."""
    with broken(engine), broken(engine, "account"):
        assert line.ask(method, params())["error"] == {"code": 100, "message": "try later"}


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-03-17 00:00:00", "2026-03-16 00:00:00"),
        ("2026-03-16 12:00:01", "2026-03-16 12:00:00"),
        ("16.03.2026 12:00:01", "2026-03-16 12:00:00"),
    ],
)
def test_a_period_that_ends_before_it_begins_is_414(since: str, until: str, line: Caller) -> None:
    """Section 9; one second is a period."""
    assert line.code(STATEMENT, {**EVER, "dateFrom": since, "dateTo": until}) == 414
    assert line.code(STATEMENT, {**EVER, "dateFrom": since, "dateTo": since}) == 0


WRONG_PASSWORDS: list[Any] = [
    *(..., None, "", "1234567", "x" * 129, 12345678, True, [], {}, "пароль-пароль"),
    *("tab\there1", "line\nbreak", "nul\x00nul0", "del\x7fdel0", "é1234567"),
]


@pytest.mark.parametrize("password", WRONG_PASSWORDS)
def test_a_password_of_a_wrong_form_is_411(password: Any, line: Caller, engine: Engine) -> None:
    """Section 3; the present one stays."""
    assert line.code(CHANGE, but({"serviceId": 40404}, {"newPassword": password})) == 411
    assert line.result(STATUS, **params("none"))["transactionState"] == 3
    assert engine.rows("SELECT * FROM bank_password") == []


@pytest.mark.parametrize("password", ["12345678", "x" * 128, 'a b:c%d"e', " ~!@#$%^&*()_ "])
@pytest.mark.parametrize("service", [..., 1, "x"])
def test_a_password_needs_no_service(password: str, service: Any, line: Caller) -> None:
    """Section 3: 8 to 128 printable ASCII characters; serviceId is not looked at."""
    change = but({"newPassword": password}, {"serviceId": service})
    assert line.ask(CHANGE, change) == {"result": "success"}
    changed = replace(line, credentials=basic("paynet", password))
    assert changed.result(STATUS, **params("none"))["transactionState"] == 3


@pytest.mark.parametrize("method", [PERFORM, CANCEL])
@pytest.mark.parametrize("amount", [120_000, 1])
def test_without_a_database_what_moves_money_is_503(
    method: str, amount: int, line: Caller, engine: Engine
) -> None:
    """Section 6: with an empty body, also where the limits would refuse a new id."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params(amount=amount)}
    with broken(engine), broken(engine, "account"):
        reply = line.post(json.dumps(request))

    assert (reply.status, reply.body) == (503, b"")


def test_codes_and_services_may_be_set(paynet: Caller, engine: Engine) -> None:
    """Section 10: a list of services; a code for a method, or for all."""
    services = replace(paynet, bank="services")
    for service, code in ((7, 0), ("40404", 0), (8, 305), ("7,40404", 305)):
        assert services.code(INFORMATION, {**params(), "serviceId": service}) == code
    assert services.code(STATUS, params()) == 203
    services.result(PERFORM, **params())
    assert services.code(PERFORM, params()) == 202
    services.result(CANCEL, **params())
    assert services.code(CANCEL, params()) == 0
    with broken(engine), broken(engine, "account"):
        assert services.code(INFORMATION, params()) == 100
        assert services.code(PERFORM, params()) == 102


def test_messages_are_in_the_bank_s_language(paynet: Caller) -> None:
    """Section 5: a plain text, and nothing of ours in it."""
    shows = replace(paynet, bank="shows")
    account = {"serviceId": 40404, "fields": {"contract_number": NOBODY}}

    english = paynet.ask(INFORMATION, params(account=NOBODY))["error"]
    assert english == {"code": 302, "message": "account not found"}
    russian = shows.ask(INFORMATION, account)["error"]
    assert russian == {"code": 302, "message": "лицевой счёт не найден"}


def test_the_log_tells_each_call(paynet: Caller) -> None:
    """Design: our outcome, their code, nothing secret."""
    started = time.time()
    paynet.result(PERFORM, **params())
    paynet.code(PERFORM, params(amount=130_000))
    lines = paynet.endpoint.log()[-2:]

    told = [(one["command"], one["txn_id"], one["sum"], one["code"]) for one in lines]
    assert told == [
        (PERFORM, "90001", "1200.00", "0"),
        (PERFORM, "90001", "1300.00", "201"),
    ]
    assert alarms(lines) == ["duplicate_other"]
    assert datetime.fromisoformat(lines[0]["time"]).timestamp() >= started - 1
    assert "pass:word" not in json.dumps(lines)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("service_id = 1", "username: missing"),
        ('username = "u"\nservice_id = 1', "password: missing"),
        ('username = "u"\npassword = "p"', "service_id: missing"),
        ('username = "u"\npassword = "p"\nservice_id = "1"', "service_id: expected a whole number"),
        ('username = "u"\npassword = "p"\nservice_id = []', "service_id: expected"),
        ('username = "u"\npassword = "p"\nservice_id = [1, true]', "service_id: expected"),
        ('username = "u"\npassword = "p"\nservice_id = 1\njava_dates = 1', "java_dates: expected"),
        ('username = "u"\npassword = "p"\nservice_id = 1\nrefund = 1', "refund: expected"),
    ],
)
def test_a_fault_in_the_settings_is_named(line: str, fault: str, tmp_path: Path) -> None:
    """Section 10: Basic must be set, although addresses would prove who calls."""
    path = write_bank("paynet", 'allow = ["10.0.0.1"]\n' + line, tmp_path)

    with pytest.raises(SettingsError, match=fault):
        load(path)


def test_the_log_has_what_could_be_read(line: Caller) -> None:
    """Nothing is made up for the rest; a call without a command is a stranger's."""
    log = line.endpoint.log
    line.post("{")
    assert logged(log()) == ("", "", "", None)
    line.post('{"jsonrpc":"2.0","id":1,"method":"Foo"}')
    assert log()[-1]["why"] == "missing or wrong: params"
    assert line.code("Foo", params()) == -32601
    assert logged(log()) == ("Foo", "", "", None)
    assert line.code(STATUS, {}) == 411
    assert logged(log()) == (STATUS, "", "", None)
    assert log()[-1]["why"] == "missing or wrong: serviceId"
    assert line.code(PERFORM, but(params(), {"fields": {}, "time": "now"})) == 411
    assert logged(log()) == (PERFORM, "90001", "", "1200.00")
    assert log()[-1]["why"] == "missing or wrong: fields, time"
