"""Payme, sentence by sentence of payme.md (sections in brackets)."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from callback import readers, wire
from callback.bank import Bank
from callback.settings import SettingsError, load
from tests.conftest import MariaDBEngine, settings_toml
from tests.support.answers import AT_ONCE, alarms, at_once, broken
from tests.support.just_now import are_just_now
from tests.support.processes import CuttingProxy, Endpoint, Rule, write_bank
from tests.support.rpc import UNREADABLE, Caller, basic, but, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.conftest import Engine

KEY = "k" * 36
COMMON = f"""
protocol = "payme"
password = "{KEY}"
account_field = "contract"
"""
EXAMPLES = f"""{COMMON}
account_pattern = "[0-9]{{6}}"
min_sum = "500.00"
max_sum = "20000.00"
"""

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.payme]
protocol = "payme"
password = "36 characters of a cash-desk's key.."
account_field = "contract"
account_pattern = "[0-9]{10}"
min_sum = "50.00"
max_sum = "2000.00"
timezone = "Asia/Tashkent"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.paymefinal]
protocol = "payme"
password = "key"
weak_password = true
refund = false
min_sum = "5.00"
url_token = true
"""
SERVICE_FIRST = True
NO_SERVICE = "bad_account"
UNAVAILABLE = (
    200,
    "application/json; charset=utf-8",
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32400,"message":'
    '{"ru":"повторите позже","uz":"keyinroq urinib ko‘ring","en":"try later"}}}',
)
FINAL = {
    "payme": {
        "result": "done",
        "-31008": "yes",
        "-32504": "yes, until it is put right",
        "-32400": "no, ask again",
    },
    "payme-bill": {"-31053": "yes"},
}
SAYS = {
    "payme": {
        "repeats": ("code `-31008`", "`PerformTransaction`", "43200 s"),
        "account": ("100.00 KZT = `10000`", "milliseconds, UTC"),
    },
    "payme-bill": {"account": ("by its whole sum only",)},
}

BANKS = f"""
[BANKS.payme]
{EXAMPLES}

[BANKS.strict]
{EXAMPLES}
refund = false
username = "cashdesk"

[BANKS.invoices]
{COMMON}
payer = "invoice"

[BANKS.shows]
{COMMON}
show = ["name", "debt"]

[BANKS.labels]
{COMMON}
show = ["debt"]
labels = {{ debt = "Qarz" }}

[BANKS.quick]
{COMMON}
timeout = 2

[BANKS.newyork]
{COMMON}
timezone = "America/New_York"

[BANKS.sandbox]
protocol = "payme"
password = "{KEY}"
url_token = true
allow = ["10.0.0.0/8"]

[BANKS.nearby]
protocol = "payme"
password = ["an older key", "{KEY}"]
weak_password = true
url_token = true
codes = {{ account_blocked = -31099, temporary = -32401 }}
"""
SETTINGS = {"TIMEZONE": "Asia/Tashkent"}

ACTIVE, CLOSED, BLOCKED, NOBODY = "880011", "880012", "880013", "880099"
CHECK, CREATE = "CheckPerformTransaction", "CreateTransaction"
PERFORM, CANCEL = "PerformTransaction", "CancelTransaction"
STATUS, STATEMENT, FISCAL = "CheckTransaction", "GetStatement", "SetFiscalData"
A1, A2, A3 = (f"66f1c0de9a2b4c5d6e7f809{number}" for number in (1, 2, 3))
HALF_DAY = 43_200_000
LATE = "UPDATE payment SET paid_at = '2026-01-01 00:00:00.000' WHERE txn_id = ?"


def now() -> int:
    """Payme's clock."""
    return time.time_ns() // 1_000_000


def creation(txn_id: str = A1, account: Any = ACTIVE, amount: Any = 120_000) -> dict[str, Any]:
    """The params of a good Create."""
    return {"id": txn_id, "time": now(), "amount": amount, "account": {"contract": account}}


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded: id, sum, state, reason; oldest first."""
    return engine.rows("SELECT txn_id, amount, state, cancel_reason FROM payment ORDER BY id")


def row(engine: Engine, txn_id: str = A1) -> tuple[Any, ...]:
    """All of one recorded payment."""
    return engine.rows("SELECT * FROM payment WHERE txn_id = ?", txn_id)[0]


def caller(endpoint: Endpoint, bank: str, username: str = "Paycom", password: str = KEY) -> Caller:
    """Payme, with the right credentials."""
    return Caller(endpoint, bank, basic(username, password), {})


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples, and one of each kind of invoice."""
    engine.account(ACTIVE, "Азизов Камол")
    engine.account(CLOSED, state="closed")
    engine.account(BLOCKED, state="blocked")
    engine.invoice(ACTIVE, "INV-1", "1200.00")
    engine.invoice(ACTIVE, "INV-X", "1200.00", "cancelled")
    return engine


@pytest.fixture
def line(endpoint: Endpoint) -> Caller:
    """The same bank, whatever is in the books."""
    return caller(endpoint, "payme")


@pytest.fixture
def payme(books: Engine, endpoint: Endpoint) -> Caller:
    """The bank of the worked examples."""
    return caller(endpoint, "payme")


@pytest.fixture
def strict(books: Engine, endpoint: Endpoint) -> Caller:
    """A bank that may not refund."""
    return caller(endpoint, "strict", "cashdesk")


@pytest.fixture
def invoices(books: Engine, endpoint: Endpoint) -> Caller:
    """A bank whose payers type the number of an invoice."""
    return caller(endpoint, "invoices")


@pytest.mark.slow
def test_the_worked_examples_without_money(
    payme: Caller, engine: Engine, endpoint: Endpoint
) -> None:
    """Section 11, rows 1 to 5."""
    get = read(endpoint.call("/payme", headers=payme.credentials))
    assert (get["error"]["code"], get["id"]) == (-32300, None)
    assert read(replace(payme, credentials={}).post("{}"))["error"]["code"] == -32504
    cut = read(payme.post('{"method":'))
    assert (cut["error"]["code"], cut["id"]) == (-32700, None)
    unknown = payme.ask("Foo", {})["error"]
    assert (unknown["code"], unknown["data"]) == (-32601, "Foo")

    check = {"method": CHECK, "id": 71, "params": but(creation(), {"id": ..., "time": ...})}
    reply = payme.post(json.dumps(check), **{"Content-Type": "text/json"})
    assert read(reply) == {"jsonrpc": "2.0", "id": 71, "result": {"allow": True}}
    assert rows(engine) == []
    for account, code in [
        ({"contract": NOBODY}, -31050),
        ({"contract": CLOSED}, -31051),
        ({"contract": BLOCKED}, -31052),
        ({}, -31050),
    ]:
        error = payme.ask(CHECK, {"amount": 120_000, "account": account})["error"]
        assert (error["code"], error["data"]) == (code, "contract")
    for amount in (49_999, 2_000_001, 0, -5, "120000", 120000.0):
        assert payme.code(CHECK, creation(amount=amount)) == -31001


def test_the_worked_examples_with_money(payme: Caller, strict: Caller, engine: Engine) -> None:
    """Section 11, rows 6 to 17, in their order."""
    first = creation()
    created = payme.result(CREATE, **first)
    assert created["state"] == 1
    assert created["transaction"] == str(row(engine)[0])
    assert rows(engine) == [(A1, "1200.00", "created", None)]
    assert payme.result(CREATE, **first) == created
    assert payme.result(CREATE, **but(first, {"time": first["time"] + 9})) == created
    assert payme.code(CREATE, but(first, {"amount": 130_000})) == -31008
    assert payme.code(CREATE, but(first, {"account": {"contract": NOBODY}})) == -31008
    assert alarms(payme.endpoint.log())[-2:] == ["duplicate_other"] * 2
    second = creation(A2, amount=70_000)
    other = payme.result(CREATE, **second)
    assert other["state"] == 1
    assert other["transaction"] != created["transaction"]

    performed = payme.result(PERFORM, id=A1)
    assert performed == {
        "transaction": created["transaction"],
        "perform_time": performed["perform_time"],
        "state": 2,
    }
    assert payme.result(PERFORM, id=A1) == performed
    body = json.dumps({"method": PERFORM, "id": 73, "params": {"id": A1}})
    assert len({reply.body for reply in at_once(lambda: payme.post(body))}) == 1
    assert rows(engine)[0] == (A1, "1200.00", "paid", None)
    assert payme.code(CREATE, first) == -31008
    standing = {
        "create_time": created["create_time"],
        "perform_time": performed["perform_time"],
        "cancel_time": 0,
        "transaction": created["transaction"],
        "state": 2,
        "reason": None,
    }
    assert payme.result(STATUS, id=A1) == standing
    assert payme.code(STATUS, {"id": "zz" * 12}) == -31003

    cancelled = payme.result(CANCEL, id=A2, reason=3)
    assert cancelled["state"] == -1
    assert payme.result(CANCEL, id=A2, reason=5) == cancelled
    assert payme.code(PERFORM, {"id": A2}) == -31008
    strict.result(CREATE, **first)
    strict.result(PERFORM, id=A1)
    assert strict.code(CANCEL, {"id": A1, "reason": 5}) == -31007
    assert strict.result(STATUS, id=A1)["state"] == 2
    refunded = payme.result(CANCEL, id=A1, reason=5)
    assert refunded["state"] == -2
    assert payme.code(CREATE, but(creation(A3), {"time": now() - HALF_DAY - 1000})) == -31008
    assert len(rows(engine)) == 3
    listed = payme.result(STATEMENT, **{"from": first["time"] - 1000, "to": now() + 60_000})
    assert listed == {
        "transactions": [
            {
                **first,
                **standing,
                "state": -2,
                "cancel_time": refunded["cancel_time"],
                "reason": 5,
            },
            {
                **second,
                **other,
                "state": -1,
                "perform_time": 0,
                "cancel_time": cancelled["cancel_time"],
                "reason": 3,
            },
        ]
    }


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        basic("Paycom", "wrong"),
        basic("Paycom", ""),
        basic("paycom", KEY),
        basic("", KEY),
        basic("Paycom", KEY + "\n"),
        basic("Paycom", "ключ"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Bearer " + basic("Paycom", KEY)["Authorization"][6:]},
        {"Authorization": basic("Paycom", KEY)["Authorization"][6:]},
    ],
)
@pytest.mark.parametrize(("method", "body"), [("POST", '{"method":'), ("GET", None), ("PUT", "{}")])
def test_a_stranger_hears_32504_whatever_else_is_wrong(
    credentials: dict[str, str], method: str, body: str | None, line: Caller
) -> None:
    """Section 2; and Payme, with the login as its sample writes it, is no stranger."""
    answer = read(line.endpoint.call("/payme", method, body, credentials))

    assert answer["error"]["code"] == -32504
    assert set(answer["error"]["message"]) == {"ru", "uz", "en"}
    assert set(answer) == {"jsonrpc", "id", "error"}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_heard(method: str, line: Caller) -> None:
    """Section 4, step 3: before the body is looked at."""
    answer = read(line.endpoint.call("/payme", method, "{}", line.credentials))

    assert (answer["error"]["code"], answer["id"]) == (-32300, None)


@pytest.mark.slow
def test_addresses_and_tokens_come_before_the_protocol(
    books: Engine, endpoint: Endpoint, command: Callable[..., CompletedProcess[str]]
) -> None:
    """Section 2: 404 and 403 with empty bodies; all that is set must hold."""
    body = json.dumps({"method": CHECK, "id": 1, "params": {"amount": 1, "account": {}}})

    def status(path: str, credentials: dict[str, str]) -> tuple[int, bytes]:
        reply = endpoint.call(path, "POST", body, credentials)
        return reply.status, reply.body

    good = basic("Paycom", KEY)
    far = command("url", "sandbox").stdout.strip()
    near = command("url", "nearby").stdout.strip()
    assert status("/sandbox", good) == (404, b"")
    assert status("/nearby/wrong", good) == (404, b"")
    assert status("/payme/more", good) == (404, b"")
    assert status(far, good) == (403, b"")
    assert b"-32504" in status(near, {})[1]
    assert b"-31050" in status(near, good)[1]


@pytest.mark.parametrize("content_type", ["text/json", "text/plain", "application/json", "x"])
def test_the_content_type_is_not_looked_at(content_type: str, payme: Caller) -> None:
    """Section 2; a form's type neither."""
    body = json.dumps({"method": CHECK, "id": 1, "params": creation()})
    for given in (content_type, "application/x-www-form-urlencoded", "multipart/form-data"):
        assert read(payme.post(body, **{"Content-Type": given}))["result"] == {"allow": True}


@pytest.mark.parametrize("body", [body for _, body in UNREADABLE], ids=[id for id, _ in UNREADABLE])
def test_what_is_not_json_is_32700(body: bytes, line: Caller) -> None:
    """Section 4, step 4."""
    answer = read(line.post(body))

    assert (answer["error"]["code"], answer["id"]) == (-32700, None)
    assert set(answer["error"]["message"]) == {"ru", "uz", "en"}
    assert "data" not in answer["error"]


@pytest.mark.parametrize(
    ("body", "own_id"),
    [
        ("[]", None),
        ('"text"', None),
        ("null", None),
        ("17", None),
        ("1.5", None),
        ("[[[[1]]]]", None),
        ("{}", None),
        ('{"id":null,"method":"CheckTransaction","params":{"id":"a"}}', None),
        ('{"id":true,"method":"CheckTransaction","params":{"id":"a"}}', None),
        ('{"id":1.0,"method":"CheckTransaction","params":{"id":"a"}}', None),
        ('{"id":[1],"method":"CheckTransaction","params":{"id":"a"}}', None),
        ('{"id":{},"method":"CheckTransaction","params":{"id":"a"}}', None),
        ('{"id":7,"params":{"id":"a"}}', 7),
        ('{"id":7,"method":1,"params":{"id":"a"}}', 7),
        ('{"id":7,"method":null,"params":{"id":"a"}}', 7),
        ('{"id":7,"method":["CheckTransaction"],"params":{"id":"a"}}', 7),
        ('{"id":7,"method":"CheckTransaction"}', 7),
        ('{"id":7,"method":"CheckTransaction","params":["a"]}', 7),
        ('{"id":7,"method":"CheckTransaction","params":null}', 7),
        ('{"id":7,"method":"CheckTransaction","params":"a"}', 7),
        ('{"id":7,"id":7,"method":"CheckTransaction","params":{"id":"a"}}', None),
        ('{"id":7,"method":"CheckTransaction","method":"Foo","params":{"id":"a"}}', 7),
        ('{"id":7,"method":"CheckTransaction","params":{"id":"a","id":"a"}}', 7),
        ('{"id":7,"method":"CheckTransaction","params":{"id":"a","\\u0069d":"a"}}', 7),
        ('{"id":7,"method":"CheckTransaction","params":{"id":"a","x":[{"y":1,"y":2}]}}', 7),
        ('{"id":7,"method":"CheckTransaction","params":{"id":"a"},"x":1,"x":1}', 7),
        ('{"id":"seven","method":"Foo","params":{"x":1,"x":1}}', "seven"),
    ],
)
def test_a_wrong_envelope_is_32600(body: str, own_id: object, line: Caller) -> None:
    """Section 4, step 5; the id comes back when it could be read."""
    answer = read(line.post(body))

    assert (answer["error"]["code"], answer["id"]) == (-32600, own_id)
    assert "data" not in answer["error"]


@pytest.mark.parametrize(
    "own_id", [0, -1, 2032, 10**30, 9 * 10**4000, "", "2032", "ы😀", "a\n\u2028<", '"\\', "\x00"]
)
def test_the_id_comes_back_as_it_was(own_id: object, payme: Caller) -> None:
    """Section 4: same value, same type; in results and in errors."""
    assert payme.ask(CHECK, creation(), own_id) == {"result": {"allow": True}}
    assert payme.ask(CHECK, {}, own_id)["error"]["code"] == -31001


@pytest.mark.parametrize("half", ["\\ud800", "\\udc00a", "\\uD83D\\uD83D"])
def test_half_a_character_in_an_id_or_a_method_does_no_harm(half: str, payme: Caller) -> None:
    """It is JSON, so it is echoed; nothing else of ours may contain it."""
    text = json.loads(f'"{half}"')
    check = json.dumps(creation())
    answer = read(payme.post(f'{{"id":"{half}","method":"{CHECK}","params":{check}}}'))
    unknown = read(payme.post(f'{{"id":1,"method":"{half}","params":{{}}}}'))

    assert (answer["id"], answer["result"]) == (text, {"allow": True})
    assert (unknown["error"]["code"], unknown["error"]["data"]) == (-32601, text)
    assert payme.code(CREATE, creation(text)) == -32600
    assert payme.code(CREATE, creation(account=text)) == -31050


@pytest.mark.parametrize(
    "method", ["Foo", "ChangePassword", "checktransaction", "CheckTransaction ", "", "_check"]
)
def test_an_unknown_method_is_named(method: str, line: Caller) -> None:
    """Section 4, step 6: also when the params are those of another one."""
    error = line.ask(method, {"id": []})["error"]

    assert (error["code"], error["data"]) == (-32601, method)


NOT_WHOLE: list[Any] = [..., None, True, False, "1", "", 1.0, 1.5, [], [1], {}]


@pytest.mark.parametrize("method", [CREATE, PERFORM, CANCEL, STATUS])
@pytest.mark.parametrize(
    "txn_id",
    [..., None, 1, True, "", " ", "a b", "a\n", "\x7f", "é", "１", "a" * 65, [], ["a"], {}],
)
def test_a_wrong_transaction_id_is_32600(method: str, txn_id: Any, line: Caller) -> None:
    """Section 3."""
    params = but({**creation(), "reason": 3}, {"id": txn_id})

    assert line.code(method, params) == -32600


@pytest.mark.parametrize("txn_id", ["a", "!~", "0" * 64, "%s", "'\"\\", "a" * 24, "#?&=+"])
def test_other_transaction_ids_are_taken_as_they_are(
    txn_id: str, payme: Caller, engine: Engine
) -> None:
    """Section 3."""
    payme.result(CREATE, **creation(txn_id))

    assert rows(engine)[0][0] == txn_id
    assert payme.result(PERFORM, id=txn_id)["state"] == 2
    listed = payme.result(STATEMENT, **{"from": 0, "to": 9_999_999_999_999})
    assert [one["id"] for one in listed["transactions"]] == [txn_id]


def test_letter_case_of_a_transaction_id_counts(payme: Caller, engine: Engine) -> None:
    """Section 3: two transactions."""
    first = payme.result(CREATE, **creation("abcdef"))
    second = payme.result(CREATE, **creation("ABCDEF"))

    assert first["transaction"] != second["transaction"]
    assert payme.code(STATUS, {"id": "Abcdef"}) == -31003


@pytest.mark.parametrize("value", [*NOT_WHOLE, -1, 999_999_999_999, 10_000_000_000_000, 10**30])
def test_a_wrong_time_is_32600(value: Any, payme: Caller, engine: Engine) -> None:
    """Section 3."""
    assert payme.code(CREATE, but(creation(), {"time": value})) == -32600
    assert rows(engine) == []


@pytest.mark.parametrize("value", [*NOT_WHOLE, -1, 10_000_000_000_000, 10**30])
@pytest.mark.parametrize("end", ["from", "to"])
def test_a_wrong_end_of_a_statement_is_32600(value: Any, end: str, line: Caller) -> None:
    """Section 3; the ends themselves are good."""
    ends = {"from": 0, "to": 9_999_999_999_999}

    assert line.result(STATEMENT, **ends).keys() == {"transactions"}
    assert line.code(STATEMENT, but(ends, {end: value})) == -32600


@pytest.mark.parametrize("value", [*NOT_WHOLE, 2**63, -(2**63) - 1, 10**4000])
def test_a_wrong_reason_is_32600(value: Any, payme: Caller, engine: Engine) -> None:
    """Section 3; what no column holds is wrong, too."""
    payme.result(CREATE, **creation())

    assert payme.code(CANCEL, but({"id": A1}, {"reason": value})) == -32600
    assert rows(engine) == [(A1, "1200.00", "created", None)]


@pytest.mark.parametrize("reason", [0, 1, 2, 3, 4, 5, 10, -7, 99, 2**63 - 1, -(2**63)])
def test_any_reason_is_stored_as_it_is(reason: int, payme: Caller, engine: Engine) -> None:
    """Section 3."""
    payme.result(CREATE, **creation())
    payme.result(CANCEL, id=A1, reason=reason)

    assert rows(engine)[0][3] == reason
    assert payme.result(STATUS, id=A1)["reason"] == reason


@pytest.mark.parametrize("method", [CHECK, CREATE])
@pytest.mark.parametrize(
    "amount",
    [..., None, True, "104500", "", 104500.0, 104500.5, 0, -1, [], [120_000], {}, 10**4000],
)
def test_a_wrong_amount_is_31001(method: str, amount: Any, payme: Caller, engine: Engine) -> None:
    """Section 3; an exponent below. At a bank without limits of its own: true is not 1."""
    assert replace(payme, bank="shows").code(method, but(creation(), {"amount": amount})) == -31001
    assert rows(engine) == []


@pytest.mark.parametrize("amount", ["1.2e5", "12E4", "120000e0", "-0", "1e400", "1200.00"])
def test_an_amount_written_in_another_way_is_31001(amount: str, line: Caller) -> None:
    """Section 3: only the digits of an integer are one."""
    params = json.dumps(creation(amount="AMOUNT")).replace('"AMOUNT"', amount)
    answer = read(line.post(f'{{"id":1,"method":"{CHECK}","params":{params}}}'))

    assert answer["error"]["code"] == -31001


@pytest.mark.parametrize(
    ("amount", "code"),
    [(49_999, -31001), (50_000, 0), (50_001, 0), (2_000_000, 0), (2_000_001, -31001)],
)
@pytest.mark.parametrize("method", [CHECK, CREATE])
def test_the_limits_are_inclusive(method: str, amount: int, code: int, payme: Caller) -> None:
    """Section 4, step 12."""
    assert payme.code(method, creation(amount=amount)) == code


@pytest.mark.parametrize("method", [CHECK, CREATE])
@pytest.mark.parametrize(
    "account",
    [
        ...,
        None,
        [],
        "880011",
        880011,
        {},
        {"account": "880011"},
        {"contract": None},
        {"contract": ""},
        {"contract": True},
        {"contract": 880011.0},
        {"contract": ["880011"]},
        {"contract": {"contract": "880011"}},
        {"contract": "88001"},
        {"contract": "8800111"},
        {"contract": "880011 "},
        {"contract": "880011\n"},
        {"contract": "８８００１１"},
        {"contract": -880011},
        {"contract": 10**4000},
        {"Contract": "880011"},
    ],
)
def test_a_wrong_account_is_31050_and_names_the_field(
    method: str, account: Any, payme: Caller, engine: Engine
) -> None:
    """Section 3."""
    error = payme.ask(method, but(creation(), {"account": account}))["error"]

    assert (error["code"], error["data"]) == (-31050, "contract")
    assert rows(engine) == []


def test_a_number_may_be_typed_as_an_integer(payme: Caller) -> None:
    """Section 3: it stands for its decimal text, in a repeat, too; other members are ignored."""
    created = payme.result(CREATE, **creation(account=880011))

    account = {"contract": ACTIVE, "more": [1]}
    assert payme.result(CREATE, **but(creation(), {"account": account, "x": {}})) == created
    listed = payme.result(STATEMENT, **{"from": 0, "to": now() + 60_000})["transactions"]
    assert listed[0]["account"] == {"contract": "880011"}


BAD: dict[str, Any] = {
    "id": "",
    "time": "x",
    "amount": 0,
    "account": {},
}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (("id", "amount", "account"), -32600),
        (("time", "amount", "account"), -32600),
        (("amount", "account"), -31001),
        (("account",), -31050),
    ],
)
def test_forms_are_read_in_their_order(wrong: tuple[str, ...], code: int, line: Caller) -> None:
    """Section 4, steps 7 to 9."""
    params = but(creation(), {name: BAD[name] for name in wrong})

    assert line.code(CREATE, params) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"time": 1_000_000_000_000, "amount": 1, "account": {"contract": NOBODY}}, -31008),
        ({"amount": 1, "account": {"contract": NOBODY}}, -31001),
        ({"account": {"contract": NOBODY}}, -31050),
        ({"account": {"contract": CLOSED}}, -31051),
        ({"account": {"contract": BLOCKED}}, -31052),
    ],
)
def test_a_new_create_is_refused_in_order_and_leaves_no_trace(
    change: dict[str, Any], code: int, payme: Caller, engine: Engine
) -> None:
    """Section 4, steps 11 to 13."""
    assert payme.code(CREATE, but(creation(), change)) == code
    assert rows(engine) == []


@pytest.mark.parametrize(
    ("age", "code"),
    [(HALF_DAY + 1000, -31008), (HALF_DAY - 5000, 0), (0, 0), (-HALF_DAY, 0), (-(10**12), 0)],
)
def test_only_an_old_time_is_refused(age: int, code: int, payme: Caller) -> None:
    """Section 4, step 11, and section 7: a time in the future is accepted."""
    assert payme.code(CREATE, but(creation(), {"time": now() - age})) == code


@pytest.mark.parametrize(
    "change",
    [
        {"time": 1_000_000_000_000},
        {"time": 9_999_999_999_999},
        {"time": 1_000_000_000_000, "account": {"contract": 880011}},
    ],
)
def test_a_known_create_wins_over_its_time_and_over_its_account(
    change: dict[str, Any], payme: Caller, engine: Engine
) -> None:
    """Section 8, the repeat rule: closed since, too old by the repeat's time; the first stays."""
    first = creation()
    created = payme.result(CREATE, **first)
    engine.execute("UPDATE account SET state = 'closed'")

    assert payme.result(CREATE, **but(first, change)) == created
    listed = payme.result(STATEMENT, **{"from": 0, "to": 9_999_999_999_999})["transactions"]
    assert [one["time"] for one in listed] == [first["time"]]


@pytest.mark.parametrize("state", ["created", "late", "paid", "cancelled", "refunded"])
@pytest.mark.parametrize(
    "change",
    [
        {"amount": 130_000},
        {"amount": 1},
        {"amount": 10**20},
        {"account": {"contract": NOBODY}},
        {"account": {"contract": CLOSED}},
        {"time": 1_000_000_000_000, "amount": 130_000},
    ],
)
def test_a_create_with_another_account_or_sum_is_an_alarm(
    state: str, change: dict[str, Any], payme: Caller, engine: Engine
) -> None:
    """Section 8: whatever became of the first; nothing changes."""
    bring(payme, engine, state)
    before = row(engine)

    assert payme.code(CREATE, but(creation(), change)) == -31008
    assert row(engine) == before
    assert alarms(payme.endpoint.log())[-1] == "duplicate_other"


def bring(payme: Caller, engine: Engine, state: str) -> dict[str, Any]:
    """Bring the transaction A1 into a state."""
    answer = payme.result(CREATE, **creation())
    if state == "late":
        engine.execute(LATE, A1)
    if state in ("paid", "refunded"):
        answer = payme.result(PERFORM, id=A1)
    if state in ("cancelled", "refunded"):
        answer = payme.result(CANCEL, id=A1, reason=3)
    return answer


# State before: for Create, Perform and Cancel the code and the state after.
STATES = {
    "created": {CREATE: (0, "created"), PERFORM: (0, "paid"), CANCEL: (0, "cancelled")},
    "late": {
        CREATE: (-31008, "cancelled"),
        PERFORM: (-31008, "cancelled"),
        CANCEL: (0, "cancelled"),
    },
    "paid": {CREATE: (-31008, "paid"), PERFORM: (0, "paid"), CANCEL: (0, "cancelled")},
    "cancelled": dict.fromkeys((CREATE, PERFORM), (-31008, "cancelled"))
    | {CANCEL: (0, "cancelled")},
    "refunded": dict.fromkeys((CREATE, PERFORM), (-31008, "cancelled"))
    | {CANCEL: (0, "cancelled")},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("method", [CREATE, PERFORM, CANCEL])
def test_every_method_in_every_state(
    method: str, state: str, payme: Caller, engine: Engine
) -> None:
    """Sections 7 and 8; and everything twice is the same as once."""
    bring(payme, engine, state)
    params = {CREATE: creation(), PERFORM: {"id": A1}, CANCEL: {"id": A1, "reason": 9}}[method]

    assert (payme.code(method, params), rows(engine)[0][2]) == STATES[state][method]
    left = row(engine)
    assert payme.code(method, params) == STATES[state][method][0]
    assert row(engine) == left


@pytest.mark.parametrize("method", [PERFORM, CANCEL, STATUS])
def test_an_unknown_transaction_is_31003(method: str, payme: Caller) -> None:
    """Section 6."""
    assert payme.code(method, {"id": A1, "reason": 3}) == -31003


@pytest.mark.parametrize("method", [CREATE, PERFORM])
def test_a_time_out_is_kept_by_whoever_meets_it(method: str, payme: Caller, engine: Engine) -> None:
    """Section 7: reason 4, our time; before that, status and statement show it as it was."""
    first = creation()
    created = payme.result(CREATE, **first)
    engine.execute(LATE, A1)
    everything = {"from": 0, "to": 9_999_999_999_999}
    assert payme.result(STATUS, id=A1)["state"] == 1
    assert payme.result(STATEMENT, **everything)["transactions"][0]["state"] == 1

    assert payme.code(method, first if method == CREATE else {"id": A1}) == -31008
    status = payme.result(STATUS, id=A1)
    assert (status["state"], status["reason"], status["perform_time"]) == (-1, 4, 0)
    assert are_just_now(status["cancel_time"])
    assert payme.result(CANCEL, id=A1, reason=1) == {
        "transaction": created["transaction"],
        "cancel_time": status["cancel_time"],
        "state": -1,
    }


def test_a_cancel_does_not_look_at_the_clock(payme: Caller, engine: Engine) -> None:
    """Section 7: the reason given is kept."""
    bring(payme, engine, "late")

    assert payme.result(CANCEL, id=A1, reason=1)["state"] == -1
    assert payme.result(STATUS, id=A1)["reason"] == 1


def test_the_time_out_counts_from_payme_s_time(books: Engine, endpoint: Endpoint) -> None:
    """Section 10: `timeout`, in seconds; a row that was just created may be near its end."""
    quick = caller(endpoint, "quick")
    assert quick.code(CREATE, but(creation(A1), {"time": now() - 2500})) == -31008
    quick.result(CREATE, **but(creation(A2), {"time": now() - 1200}))
    quick.result(CREATE, **but(creation(A3), {"time": now() + 60_000}))
    time.sleep(1)

    assert quick.code(PERFORM, {"id": A2}) == -31008
    assert quick.code(PERFORM, {"id": A3}) == 0


def test_a_perform_looks_only_at_the_row(payme: Caller, engine: Engine) -> None:
    """Section 7."""
    payme.result(CREATE, **creation())
    engine.execute("UPDATE account SET state = 'blocked'")

    assert payme.result(PERFORM, id=A1)["state"] == 2


def test_any_number_of_transactions_of_one_account_may_wait(payme: Caller, engine: Engine) -> None:
    """Section 7."""
    for txn_id in (A1, A2, A3):
        payme.result(CREATE, **creation(txn_id))
    assert payme.code(CHECK, creation()) == 0
    for txn_id in (A3, A1, A2):
        payme.result(PERFORM, id=txn_id)

    assert [one[2] for one in rows(engine)] == ["paid"] * 3


def test_only_what_is_performed_is_paid(payme: Caller, books: Engine) -> None:
    """Section 7: owed does not change before Perform, and comes back with a refund."""
    shows = replace(payme, bank="shows")

    def debt() -> str:
        return str(shows.result(CHECK, **creation())["additional"]["debt"])

    assert debt() == "4400.00"
    payme.result(CREATE, **creation())
    assert debt() == "4400.00"
    payme.result(PERFORM, id=A1)
    assert debt() == "3200.00"
    payme.result(CANCEL, id=A1, reason=5)
    assert debt() == "4400.00"


def test_a_check_shows_what_the_settings_say(payme: Caller) -> None:
    """Section 5: by default only allow; names are masked; labels are ours."""
    shown = replace(payme, bank="shows").result(CHECK, **creation())
    labelled = replace(payme, bank="labels").result(CHECK, **creation())

    additional = {"name": "А*** К***", "debt": "4400.00"}
    assert shown == {"allow": True, "additional": additional}
    assert labelled == {"allow": True, "additional": {"Qarz": "4400.00"}}


def test_a_check_changes_nothing_and_may_be_repeated(payme: Caller, engine: Engine) -> None:
    """Design; a transaction's id in it is ignored."""
    for _ in range(3):
        assert payme.ask(CHECK, creation()) == {"result": {"allow": True}}
    assert rows(engine) == []


def test_the_row_holds_payme_s_time_in_the_bank_s_zone(payme: Caller, engine: Engine) -> None:
    """Section 7: to the millisecond; ours is UTC. `transaction` is our number as text."""
    sent = now() // 1000 * 1000 + 7
    created = payme.result(CREATE, **but(creation(), {"time": sent}))
    found = engine.rows("SELECT id, paid_at, created_at, currency, account_id FROM payment")[0]

    local = datetime.fromtimestamp(sent // 1000, timezone(timedelta(hours=5)))
    assert found[1] == local.strftime("%Y-%m-%d %H:%M:%S") + ".007"
    stored = datetime.fromisoformat(found[2])
    assert wire.milliseconds(stored) == created["create_time"]
    assert are_just_now(created["create_time"])
    assert created["transaction"] == str(found[0])
    assert found[3] == "KZT"


@pytest.mark.parametrize("method", [CREATE, PERFORM, CANCEL])
def test_equal_calls_at_once_have_one_effect_and_one_answer(
    method: str, payme: Caller, engine: Engine
) -> None:
    """Section 8: twenty Creates, Performs, Cancels."""
    params: dict[str, Any] = {"id": A1, "reason": 5}
    if method == CREATE:
        params = creation()
    else:
        bring(payme, engine, "created")
    body = json.dumps({"id": 1, "method": method, "params": params})
    answers = {reply.body for reply in at_once(lambda: payme.post(body))}

    assert len(answers) == 1
    assert b'"result"' in answers.pop()
    assert len(rows(engine)) == 1
    again = payme.result(method, **params)
    assert again == payme.result(method, **params)


def test_perform_and_cancel_at_once_agree_on_the_outcome(strict: Caller, engine: Engine) -> None:
    """Whoever is first wins: paid and never refused to be, or cancelled and never paid."""
    for number in range(5):
        strict.result(CREATE, **creation(f"{number}"))

    def race(number: int) -> int:
        method = PERFORM if number % 2 else CANCEL
        return strict.code(method, {"id": f"{number // 4}", "reason": 3})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        codes = list(pool.map(race, range(20)))
    for number, (_, _, state, _) in enumerate(rows(engine)):
        won = [0, -31007] if state == "paid" else [-31008, 0]
        assert {*codes[4 * number + 1 : 4 * number + 4 : 2]} == {won[0]}
        assert {*codes[4 * number : 4 * number + 4 : 2]} == {won[1]}


@pytest.fixture
def proxy(books: Engine) -> Iterator[CuttingProxy]:
    """A proxy in front of the server of the books."""
    assert isinstance(books, MariaDBEngine)
    with CuttingProxy("127.0.0.1", books.server.port) as running:
        yield running


@pytest.fixture
def proxied(
    books: Engine, proxy: CuttingProxy, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Caller]:
    """The bank of the worked examples, the program's one worker behind the proxy."""
    assert isinstance(books, MariaDBEngine)
    url = books.server.url(books.name, port=proxy.port)
    with Endpoint(settings_toml(url, request.module), tmp_path, workers=1) as running:
        payme = caller(running, "payme")
        payme.result(CHECK, **creation())  # the connection is there
        yield payme


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_a_cut_link_leaves_no_doubt(proxied: Caller, proxy: CuttingProxy, engine: Engine) -> None:
    """Before or after the server did it: the call is answered, and its repeats are equal."""
    steps = {
        CREATE: (b"INSERT INTO payment", creation()),
        PERFORM: (b"UPDATE payment", {"id": A1}),
        CANCEL: (b"UPDATE payment", {"id": A1, "reason": 5}),
    }
    for method, (needle, params) in steps.items():
        proxy.rule = Rule(needle, "after")
        first = proxied.result(method, **params)
        assert proxy.rule.times == 0
        assert proxied.result(method, **params) == first
    for method, (needle, params) in steps.items():
        proxy.rule = Rule(needle, "before")
        first = proxied.result(method, **{**params, "id": A2})
        assert proxied.result(method, **{**params, "id": A2}) == first
    assert [one[2] for one in rows(engine)] == ["cancelled"] * 2


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_a_good_call_costs_as_little_as_it_can(proxied: Caller, proxy: CuttingProxy) -> None:
    """Section 8: one round trip for a Create, two for its repeat."""

    def trips(method: str, **params: Any) -> int:
        proxy.statements.clear()
        proxied.code(method, params)
        return len(proxy.statements)

    assert trips(CHECK, **creation()) == 1
    assert trips(CREATE, **creation()) == 1
    assert trips(CREATE, **creation()) == 2
    assert trips(PERFORM, id=A1) == 2
    assert trips(PERFORM, id=A1) == 1
    assert trips(STATUS, id=A1) == 1
    assert trips(CANCEL, id=A1, reason=5) == 2


INVOICE = {"amount": 120_000, "account": {"contract": "INV-1"}}


@pytest.mark.parametrize(
    ("number", "amount", "code"),
    [
        ("INV-1", 120_000, 0),
        ("INV-1", 119_999, -31001),
        ("INV-1", 120_001, -31001),
        ("INV-1", 1, -31001),
        ("INV-X", 120_000, -31050),
        ("INV-2", 120_000, -31050),
        (f"{CLOSED}-1", 320_000, -31051),
        (f"{BLOCKED}-1", 320_000, -31052),
        (ACTIVE, 120_000, -31050),
    ],
)
def test_an_invoice_is_paid_by_its_whole_sum(
    number: str, amount: int, code: int, invoices: Caller, engine: Engine
) -> None:
    """Section 4, step 13, and section 7."""
    assert invoices.code(CHECK, creation(account=number, amount=amount)) == code
    assert invoices.code(CREATE, creation(account=number, amount=amount)) == code
    assert len(rows(engine)) == (1 if code == 0 else 0)


@pytest.mark.parametrize(
    ("state", "code"),
    [("created", -31053), ("paid", -31053), ("cancelled", 0), ("refunded", 0), ("late", 0)],
)
def test_one_waiting_or_paid_transaction_of_an_invoice_is_enough(
    state: str, code: int, invoices: Caller, engine: Engine
) -> None:
    """Section 7; one whose time is over does not wait any more."""
    invoices.result(CREATE, **{**creation(), **INVOICE})
    if state in ("paid", "refunded"):
        invoices.result(PERFORM, id=A1)
    if state in ("cancelled", "refunded"):
        invoices.result(CANCEL, id=A1, reason=3)
    if state == "late":
        engine.execute(LATE, A1)

    error = invoices.ask(CHECK, INVOICE).get("error", {"code": 0, "data": "contract"})
    assert (error["code"], error["data"]) == (code, "contract")
    assert invoices.code(CREATE, {**creation(A2), **INVOICE}) == code
    other_sum = {**creation(A3), **INVOICE, "amount": 7}
    assert invoices.code(CREATE, other_sum) == (code or -31053)


def test_a_booked_invoice_keeps_its_first_answer(invoices: Caller, engine: Engine) -> None:
    """Section 8: its own booking is not in its own way."""
    first = {**creation(), **INVOICE}
    created = invoices.result(CREATE, **first)

    assert invoices.result(CREATE, **first) == created
    assert invoices.code(CREATE, {**first, "amount": 7}) == -31008
    listed = invoices.result(STATEMENT, **{"from": 0, "to": now() + 60_000})["transactions"]
    assert listed[0]["account"] == {"contract": "INV-1"}
    found = engine.rows("SELECT i.number FROM payment p JOIN invoice i ON i.id = p.invoice_id")
    assert found == [("INV-1",)]


def test_an_invoice_is_performed_once_even_if_two_wait(invoices: Caller, engine: Engine) -> None:
    """Section 7: the race is made by hand; the second is -31008 and stays as it is."""
    invoices.result(CREATE, **{**creation(A1), **INVOICE})
    engine.execute(LATE, A1)
    invoices.result(CREATE, **{**creation(A2), **INVOICE})
    engine.execute("UPDATE payment SET paid_at = '2099-01-01 00:00:00.000'")
    assert invoices.result(PERFORM, id=A2)["state"] == 2

    assert invoices.code(PERFORM, {"id": A1}) == -31008
    assert invoices.result(STATUS, id=A1)["state"] == 1
    assert invoices.result(CANCEL, id=A1, reason=3)["state"] == -1
    assert invoices.result(PERFORM, id=A2)["state"] == 2


def test_many_creates_of_one_invoice_at_once_book_it_once(invoices: Caller, engine: Engine) -> None:
    """Different ids: it is the guard that decides."""

    def create(number: int) -> int:
        return invoices.code(CREATE, {**creation(f"{number}"), **INVOICE})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        codes = sorted(pool.map(create, range(20)))
    assert codes == [-31053] * 19 + [0]
    assert len(rows(engine)) == 1


def test_an_invoice_that_is_paid_in_part_elsewhere_is_paid(
    invoices: Caller, engine: Engine
) -> None:
    """Section 7: one paid transaction is enough, whatever its sum and its bank."""
    engine.execute(
        "INSERT INTO payment (bank, txn_id, account_id, invoice_id, amount, currency, state,"
        " paid_at, created_at) SELECT 'other', '1', account_id, id, '200.00', 'KZT', 'paid',"
        " '2026-10-01 00:00:00.000', '2026-10-01 00:00:00.000' FROM invoice WHERE number = 'INV-1'"
    )

    assert invoices.code(CHECK, INVOICE) == -31053
    assert invoices.code(CREATE, {**creation(), **INVOICE}) == -31053
    assert len(rows(engine)) == 1


def test_a_statement_is_by_payme_s_time_both_ends_included(payme: Caller) -> None:
    """Section 9: ascending, ties by our number; ours and other banks' rows are apart."""
    start = now() - 10_000
    times = {"c": start + 5, "a": start, "b": start + 5, "d": start + 6}
    numbers = {}
    for txn_id, sent in times.items():
        created = payme.result(CREATE, **but(creation(txn_id), {"time": sent}))
        numbers[txn_id] = created["transaction"]
    replace(payme, bank="quick").ask(CREATE, but(creation("e"), {"time": start + 5}))

    def listed(since: int, until: int) -> list[tuple[str, int, str]]:
        found = payme.result(STATEMENT, **{"from": since, "to": until})["transactions"]
        return [(one["id"], one["time"], one["transaction"]) for one in found]

    everything = [(one, times[one], numbers[one]) for one in "acbd"]
    assert listed(0, 9_999_999_999_999) == everything
    assert listed(start, start + 6) == everything
    assert listed(start + 1, start + 5) == everything[1:3]
    assert listed(start + 6, start + 6) == everything[3:]
    assert listed(start + 7, 9_999_999_999_999) == []
    assert listed(start + 6, start) == []


def test_a_statement_tells_each_account_and_all_four_states(payme: Caller, engine: Engine) -> None:
    """Section 9."""
    engine.account("880014")
    for txn_id, account in (("a", ACTIVE), ("b", "880014"), ("c", ACTIVE), ("d", "880014")):
        payme.result(CREATE, **creation(txn_id, account))
    for txn_id in ("b", "d"):
        payme.result(PERFORM, id=txn_id)
    for txn_id in ("c", "d"):
        payme.result(CANCEL, id=txn_id, reason=10)

    found = payme.result(STATEMENT, **{"from": 0, "to": now() + 60_000})["transactions"]
    told = [(one["account"]["contract"], one["state"], one["reason"]) for one in found]
    assert told == [(ACTIVE, 1, None), ("880014", 2, None), (ACTIVE, -1, 10), ("880014", -2, 10)]
    for one in found:
        status = payme.result(STATUS, id=one["id"])
        assert status.items() <= one.items()
        assert (one["amount"], set(one) - set(status)) == (
            120_000,
            {"id", "time", "amount", "account"},
        )


@pytest.mark.parametrize("name", ["Asia/Tashkent", "Asia/Almaty", "America/New_York", "Etc/UTC"])
@pytest.mark.parametrize(
    "sent", [0, 1, 999, 1_000_000_000_001, 1_773_644_404_977, 1_798_761_599_999, 9_999_999_999_999]
)
def test_times_are_exact_in_every_zone(name: str, sent: int) -> None:
    """Milliseconds of 1970 to 2286, through the bank's zone and back."""
    bank = zoned(name)

    assert wire.milliseconds(bank.utc(bank.local(wire.from_milliseconds(sent)))) == sent


def zoned(name: str) -> Bank:
    """A bank of which only the zone matters."""
    common = dict.fromkeys(Bank.__annotations__)
    return Bank(**{**common, "timezone": readers.zone(name)})  # type: ignore[arg-type]


def test_a_statement_is_right_in_a_zone_with_summer_time(books: Engine, endpoint: Endpoint) -> None:
    """The zone only names our column; what Payme hears is its own time."""
    newyork = caller(endpoint, "newyork")
    times = [now() + days * 86_400_000 for days in (0, 91, 182, 273)]
    for number, sent in enumerate(times):
        newyork.result(CREATE, **but(creation(f"{number}"), {"time": sent}))

    for sent in times:
        found = newyork.result(STATEMENT, **{"from": sent, "to": sent})["transactions"]
        assert [one["time"] for one in found] == [sent]


@pytest.mark.parametrize("method", [CHECK, CREATE, PERFORM, CANCEL, STATUS, STATEMENT])
def test_without_a_database_everything_is_try_later(
    method: str, payme: Caller, engine: Engine
) -> None:
    """Section 6: HTTP 200, the request's id, all three languages."""
    params = {**creation(), "reason": 3, "from": 0, "to": 1}
    with broken(engine), broken(engine, "account"):
        error = payme.ask(method, params)["error"]

    assert error["code"] == -32400
    assert error["message"]["en"] == "try later"
    assert set(error["message"]) == {"ru", "uz", "en"}
    assert "data" not in error


def test_codes_may_be_set(
    books: Engine, endpoint: Endpoint, command: Callable[..., CompletedProcess[str]]
) -> None:
    """Section 10: `codes`; the account field is named in the whole range, and by default."""
    path = command("url", "nearby").stdout.strip().lstrip("/")
    nearby = caller(endpoint, path)
    error = nearby.ask(CHECK, {"amount": 1, "account": {"account": BLOCKED}})["error"]
    with broken(books):
        temporary = nearby.code(STATUS, {"id": A1})

    assert (error["code"], error["data"]) == (-31099, "account")
    assert temporary == -32401
    assert nearby.code(CHECK, {"amount": 1, "account": {"account": ACTIVE}}) == 0
    assert nearby.code(CHECK, {"amount": 99_999_999_999_999, "account": {"account": ACTIVE}}) == 0


@pytest.mark.parametrize(
    ("method", "change", "code"),
    [
        (CHECK, {}, -31053),
        (CHECK, {"account": {"contract": "INV-9"}}, -31050),
        (CREATE, {"amount": 1}, -31008),
        (PERFORM, {"id": "zz"}, -31003),
        ("Foo", {}, -32601),
        (STATUS, {"id": 1}, -32600),
    ],
)
def test_every_error_speaks_three_languages_and_names_what_it_may(
    method: str, change: dict[str, Any], code: int, invoices: Caller
) -> None:
    """Section 5: `data` is the account field from -31050 to -31099, the method in -32601."""
    first = {**creation(), **INVOICE}
    invoices.result(CREATE, **first)
    error = invoices.ask(method, {**first, **change})["error"]

    assert error["code"] == code
    assert set(error["message"]) == {"ru", "uz", "en"}
    assert len({*error["message"].values()}) == 3
    assert error.get("data") == {-31053: "contract", -31050: "contract", -32601: "Foo"}.get(code)


def test_the_log_tells_each_call(payme: Caller) -> None:
    """Design: our outcome, their code, nothing secret."""
    payme.result(CREATE, **creation())
    payme.code(CREATE, but(creation(), {"amount": 130_000}))
    payme.result(PERFORM, id=A1)
    payme.code(CREATE, creation())
    lines = payme.endpoint.log()[-4:]

    told = [(one["command"], one["txn_id"], one["outcome"], one["code"]) for one in lines]
    assert told == [
        (CREATE, A1, "ok", "0"),
        (CREATE, A1, "duplicate_other", "-31008"),
        (PERFORM, A1, "ok", "0"),
        (CREATE, A1, "payment_performed", "-31008"),
    ]
    assert (lines[0]["account"], lines[0]["sum"]) == (ACTIVE, "1200.00")
    assert KEY not in json.dumps(lines)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("", "password: missing"),
        ('password = "of-sixteen-letters"\ntimeout = 0', "timeout: expected"),
        ('password = "of-sixteen-letters"\ntimeout = "12h"', "timeout: expected"),
        ('password = "of-sixteen-letters"\nrefund = "yes"', "refund: expected"),
        ('password = "of-sixteen-letters"\naccount_field = ""', "account_field: expected"),
        ('password = "of-sixteen-letters"\nusername = ""', "username: expected"),
        ('password = "of-sixteen-letters"\nshow = ["phone"]', "show: expected"),
        (
            'password = "of-sixteen-letters"\nacount_field = "x"',
            "acount_field: no such key; account_field?",
        ),
    ],
)
def test_a_fault_in_the_settings_is_named(line: str, fault: str, tmp_path: Path) -> None:
    """Section 10: `password` must be set, although addresses would prove who calls."""
    path = write_bank("payme", 'allow = ["10.0.0.1"]\n' + line, tmp_path)

    with pytest.raises(SettingsError, match=fault.replace("?", "[?]")):
        load(path)


def test_a_call_without_an_id_is_answered_with_null(payme: Caller, engine: Engine) -> None:
    """Section 4, step 5: the provider's own samples of every method leave it out."""
    nothing: dict[str, Any] = {"amount": 0, "account": {}}
    ends = {"from": 0, "to": now() + HALF_DAY}
    calls = [
        (CHECK, creation()),
        (CREATE, creation()),
        (PERFORM, {"id": A1}),
        (STATUS, {"id": A1}),
        (STATEMENT, ends),
        (CANCEL, {"id": A1, "reason": 5}),
        (FISCAL, {"id": A1}),
    ]
    answers = [payme.send({"method": method, "params": params}) for method, params in calls]
    refusals = [payme.send({"method": method, "params": {}}) for method in (CREATE, "Foo")]
    refusals.append(payme.send({"method": CHECK, "params": nothing}))

    assert [list(answer) for answer in answers] == [["jsonrpc", "id", "result"]] * 7
    assert [answer["id"] for answer in answers + refusals] == [None] * 10
    assert [answer["error"]["code"] for answer in refusals] == [-32600, -32601, -31001]
    assert answers[4]["result"]["transactions"][0]["state"] == 2
    assert [row[2] for row in rows(engine)] == ["cancelled"]


RECEIPT = {
    "receipt_id": 121,
    "status_code": 0,
    "message": "accepted",
    "terminal_id": "EP000000000025",
    "fiscal_sign": "800031554082",
    "qr_code_url": "https://ofd.example/check?t=1",
    "date": "20260706221021",
}


@pytest.mark.parametrize("kind", ["PERFORM", "CANCEL"])
def test_fiscal_data_is_taken_and_logged(kind: str, payme: Caller, engine: Engine) -> None:
    """Section 9: nothing is stored, and no payment is looked for."""
    answer = payme.ask(FISCAL, {"id": A1, "type": kind, "fiscal_data": RECEIPT})

    assert answer == {"result": {"success": True}}
    line = payme.endpoint.log()[-1]
    assert (line["command"], line["txn_id"], line["outcome"]) == (FISCAL, A1, "ok")
    assert (line["fiscal_type"], line["fiscal_receipt_id"]) == (kind, "121")
    names = RECEIPT.keys()
    assert {name: line[f"fiscal_{name}"] for name in names} == {
        name: str(value) for name, value in RECEIPT.items()
    }
    assert rows(engine) == []
    with broken(engine):
        assert payme.result(FISCAL, id=A1, type=kind) == {"success": True}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, -32600),
        ({"id": 5}, -32600),
        ({"id": ""}, -32600),
        ({"id": "a b"}, -32600),
        ({"id": A1, "fiscal_data": None}, 0),
        ({"id": A1, "fiscal_data": []}, 0),
        ({"id": A1, "type": {}, "fiscal_data": {"receipt_id": [1], "date": True}}, 0),
        ({"id": A1, "fiscal_data": {"message": "x" * 5000, "outcome": "paid", "extra": 1}}, 0),
    ],
)
def test_fiscal_data_of_any_form_does_no_harm(
    params: dict[str, Any], code: int, payme: Caller
) -> None:
    """Section 9: only the id must be one; what is not a text or an integer is not logged."""
    assert payme.code(FISCAL, params) == code
    line = payme.endpoint.log()[-1]
    assert line["outcome"] == ("ok" if code == 0 else "bad_request")
    texts = [value for name, value in line.items() if name.startswith("fiscal_")]
    assert all(isinstance(text, str) and len(text) <= 200 for text in texts)
    assert "fiscal_extra" not in line
