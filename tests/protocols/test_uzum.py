"""Uzum Bank, sentence by sentence of uzum.md (sections in brackets)."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import pytest

from callback import wire
from callback.settings import SettingsError, load
from tests.conftest import MariaDBEngine, settings_toml
from tests.support.answers import alarms, at_once, broken, payments
from tests.support.dialects import NO_WORDS
from tests.support.just_now import are_just_now
from tests.support.processes import CuttingProxy, Endpoint, Rule, write_bank
from tests.support.rpc import UNREADABLE, basic, but

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.conftest import Engine
    from tests.support.processes import MariaDB, Reply

COMMON = """
protocol = "uzum"
username = "uzum"
password = "pass:word"
weak_password = true
service_id = 30303
"""
EXAMPLES = f"""{COMMON}
account_pattern = "[0-9]{{6}}"
min_sum = "500.00"
max_sum = "20000.00"
"""

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.uzum]
protocol = "uzum"
username = "uzum"
password = "p3"
weak_password = true
url_token = true
service_id = 30303
account_pattern = "[0-9]{10}"
min_sum = "50.00"
max_sum = "2000.00"
timezone = "Asia/Tashkent"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.uzumsame]
protocol = "uzum"
username = "uzum"
password = "p3"
weak_password = true
service_id = 30303
repeats = "same"
numeric_codes = true
auth_status = 401
refund = false
"""
SERVICE_FIRST = True
UNAVAILABLE = NO_WORDS
FINAL = {
    "uzum": {
        "CREATED": "done",
        "10016": "done",
        "10015": "yes",
        "99999": "no, ask again",
        "HTTP 503": "no, ask again",
    }
}
SAYS = {
    "uzum": {"repeats": ("`10010`", "`10016`", "1800 s", "can be cancelled")},
    "uzumsame": {
        "repeats": ("`CREATED`", "`CONFIRMED`", "cannot be cancelled"),
        "shown": ("Nothing but that the account may be paid.",),
    },
}

BANKS = f"""
[BANKS.uzum]
{EXAMPLES}
refund = true

[BANKS.same]
{EXAMPLES}
repeats = "same"
account_field = "contract"

[BANKS.numbers]
{EXAMPLES}
numeric_codes = true
auth_status = 401
refund = false
codes = {{ account_blocked = 10020, sum_too_large = "10011" }}

[BANKS.shows]
{COMMON}
show = ["name", "debt"]

[BANKS.labels]
{COMMON}
show = ["debt"]
labels = {{ debt = "qarz" }}

[BANKS.bills]
{COMMON}
payer = "invoice"

[BANKS.one]
{COMMON.replace("30303", "1")}
min_sum = "0.00"
account_pattern = ".*"

[BANKS.quick]
{COMMON}
timeout = 2

[BANKS.newyork]
{COMMON}
timezone = "America/New_York"

[BANKS.away]
{COMMON}
allow = ["10.0.0.0/8"]

[BANKS.token]
{COMMON}
url_token = true
"""
SETTINGS = {"TIMEZONE": "Asia/Tashkent", "CURRENCY": "UZS"}

ACTIVE, CLOSED, BLOCKED, NOBODY = "550021", "550022", "550023", "550099"
T1, T2, T3 = (f"6a0c0000-0000-4000-8000-0000000000{number:02}" for number in (1, 2, 9))
OPERATIONS = ("check", "create", "confirm", "reverse", "status")
OF_ROW = ("confirm", "reverse", "status")
TIME = {
    "check": "timestamp",
    "create": "transTime",
    "confirm": "confirmTime",
    "reverse": "reverseTime",
    "status": "transTime",
}
RIGHT = basic("uzum", "pass:word")
SENT = 1773644404000  # 2026-03-16 07:00:04 UTC
PAID_AT = "2026-03-16 12:00:04.000"  # in Tashkent
OLD = "UPDATE payment SET created_at = ? WHERE txn_id = ?"


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples, and an invoice of each kind."""
    engine.account(ACTIVE, "Азизов Камол", owes="2000.00")
    engine.account(CLOSED, state="closed")
    engine.account(BLOCKED, state="blocked")
    engine.invoice(ACTIVE, "A-1", "1200.00")
    engine.invoice(ACTIVE, "A-2", "1200.00", state="cancelled")
    engine.invoice(CLOSED, "A-3", "1200.00")
    return engine


def request(
    operation: str, txn_id: str = T1, account: Any = ACTIVE, amount: Any = 120_000
) -> dict[str, Any]:
    """The body of a good request."""
    body: dict[str, Any] = {"serviceId": 30303, "timestamp": SENT}
    if operation in ("check", "create"):
        body["params"] = {"account": account}
    if operation != "check":
        body["transId"] = txn_id
    if operation == "create":
        body["amount"] = amount
    return body


def post(
    endpoint: Endpoint,
    operation: str,
    body: bytes | str,
    bank: str = "uzum",
    credentials: Mapping[str, str] = RIGHT,
) -> Reply:
    """Post a body exactly as given."""
    return endpoint.call(f"/{bank}/{operation}", "POST", body, credentials)


def read(reply: Reply) -> dict[str, Any]:
    """The members of an answer; its status must fit to it, and no number is a float."""
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"

    def no_float(text: str) -> Any:
        raise AssertionError(f"a float: {text}")

    answer = json.loads(reply.body, parse_float=no_float)
    assert isinstance(answer, dict)
    assert reply.status == (400 if answer["status"] == "FAILED" else 200)
    return answer


def ask(endpoint: Endpoint, operation: str, body: Any, bank: str = "uzum") -> dict[str, Any]:
    """Post any JSON value; the answer."""
    return read(post(endpoint, operation, json.dumps(body), bank))


def failed(
    endpoint: Endpoint, operation: str, body: Any = None, bank: str = "uzum", **given: Any
) -> str:
    """Post what must be refused; the code, after a look at the form of the answer."""
    answer = ask(endpoint, operation, body or request(operation, **given), bank)
    assert answer["status"] == "FAILED", answer
    code = answer.pop("errorCode")
    assert isinstance(code, str)
    bare = code in ("10001", "10002", "10003")
    at = answer.pop("timestamp" if bare else TIME[operation])
    if code not in ("10010", "10015", "10016", "10018"):
        assert are_just_now(at)
    allowed = {"status"} if bare else {"status", "serviceId", "transId"}
    assert answer.keys() <= allowed | ({"confirmTime", "reverseTime"} if code == "10015" else set())
    return code


def told(
    endpoint: Endpoint, operation: str, bank: str = "uzum", body: Any = None, **given: Any
) -> dict[str, Any]:
    """Post what must succeed; the answer."""
    answer = ask(endpoint, operation, body or request(operation, **given), bank)
    assert answer["status"] != "FAILED", answer
    return answer


def code_of(endpoint: Endpoint, operation: str, body: Any, bank: str = "uzum") -> str:
    """Post anything: the status of a success or the code of a refusal."""
    answer = ask(endpoint, operation, body, bank)
    return str(answer["errorCode"] if answer["status"] == "FAILED" else answer["status"])


def states(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded: id, sum, state, reason; oldest first."""
    return engine.rows("SELECT txn_id, amount, state, cancel_reason FROM payment ORDER BY id")


def row(engine: Engine, txn_id: str = T1) -> tuple[Any, ...]:
    """All of one recorded payment: state, paid_at and what follows are from 7 on."""
    columns = (
        "id, bank, txn_id, account_id, invoice_id, amount, currency, state,"
        " paid_at, created_at, performed_at, cancelled_at, cancel_reason"
    )
    return engine.rows(f"SELECT {columns} FROM payment WHERE txn_id = ?", txn_id)[0]


def stored(engine: Engine, column: str, txn_id: str = T1) -> int:
    """A time of ours in milliseconds."""
    text = engine.rows(f"SELECT {column} FROM payment WHERE txn_id = ?", txn_id)[0][0]
    return wire.milliseconds(datetime.fromisoformat(text))


def age(engine: Engine, seconds: int, txn_id: str = T1) -> None:
    """Let a booking be so old."""
    created = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(seconds=seconds)
    engine.execute(OLD, created.isoformat(" ", "milliseconds"), txn_id)


def credited(engine: Engine) -> list[str]:
    """The sums that count as paid."""
    return [amount for _, amount, state, _ in states(engine) if state == "paid"]


def data(value: str = ACTIVE, **shown: str) -> dict[str, Any]:
    """The member `data`: every datum wrapped."""
    return {name: {"value": text} for name, text in {"account": value, **shown}.items()}


@pytest.mark.slow
def test_the_worked_examples_without_money(books: Engine, endpoint: Endpoint) -> None:
    """Rows 1 to 5 of section 11, in their order."""
    # 1, 2
    body = json.dumps(request("check"))
    bare = {"status", "timestamp", "errorCode"}
    for text, who in ((body, {}), ('{"a":', basic("uzum", "wrong"))):
        answer = read(post(endpoint, "check", text, credentials=who))
        assert answer["errorCode"] == "10001"
        assert answer.keys() == bare
    answer = read(endpoint.call("/uzum/check", "GET", None, RIGHT))
    assert answer.keys() == bare
    assert answer["errorCode"] == "10003"
    answer = read(post(endpoint, "check", '{"a":'))
    assert answer.keys() == bare
    assert answer["errorCode"] == "10002"
    reply = post(endpoint, "pay", body)
    assert (reply.status, reply.body) == (404, b"")
    # 3
    for changes, code in (
        ({"params": ...}, "10005"),
        ({"params": {}}, "10005"),
        ({"serviceId": 1}, "10006"),
        ({"serviceId": "30303"}, "10006"),
    ):
        assert failed(endpoint, "check", but(request("check"), changes)) == code
    # 4
    for account in (NOBODY, CLOSED, "55002x"):
        assert failed(endpoint, "check", account=account) == "10007"
    # 5
    for typed in (ACTIVE, int(ACTIVE)):
        answer = told(endpoint, "check", account=typed)
        assert list(answer) == ["serviceId", "timestamp", "status", "data"]
        assert are_just_now(answer.pop("timestamp"))
        assert answer == {"serviceId": 30303, "status": "OK", "data": data()}
    assert payments(books) == []


def test_the_worked_examples_with_money(books: Engine, endpoint: Endpoint) -> None:
    """Rows 6 to 15, in their order."""
    # 6, to the letter
    first = post(endpoint, "create", json.dumps(request("create")))
    t = stored(books, "created_at")
    assert first.text == (
        f'{{"serviceId":30303,"transId":"{T1}","status":"CREATED","transTime":{t},'
        '"data":{"account":{"value":"550021"}},"amount":120000}'
    )
    assert payments(books) == [("uzum", T1, ACTIVE, "1200.00", "created", PAID_AT[:19], "UZS")]
    # 7
    before = len(alarms(endpoint.log()))
    for given in ({}, {"amount": 130_000}, {"account": NOBODY}):
        answer = ask(endpoint, "create", request("create", **given))
        assert answer == {
            "serviceId": 30303,
            "transId": T1,
            "status": "FAILED",
            "transTime": t,
            "errorCode": "10010",
        }
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 2
    # 8
    for number, (amount, code) in enumerate(
        [(49_999, "10012"), (2_000_001, "10013"), (0, "10012"), ("120000", "10005")]
    ):
        assert failed(endpoint, "create", txn_id=f"new{number}", amount=amount) == code
    text = json.dumps(request("create", txn_id="new")).replace("120000", "120000.5")
    assert read(post(endpoint, "create", text))["errorCode"] == "10005"
    # 9
    assert post(endpoint, "status", json.dumps(request("status"))).text == (
        f'{{"serviceId":30303,"transId":"{T1}","status":"CREATED","transTime":{t},'
        '"confirmTime":null,"reverseTime":null,"data":{"account":{"value":"550021"}},'
        '"amount":120000}'
    )
    assert credited(books) == []
    # 10
    confirm = {
        **request("confirm"),
        "paymentSource": "UZCARD",
        "tariff": None,
        "processingReferenceNumber": 5,
        "phone": "998901234567",
    }
    first = post(endpoint, "confirm", json.dumps(confirm))
    c = stored(books, "performed_at")
    assert first.text == (
        f'{{"serviceId":30303,"transId":"{T1}","status":"CONFIRMED","confirmTime":{c},'
        '"data":{"account":{"value":"550021"}},"amount":120000}'
    )
    assert credited(books) == ["1200.00"]
    # 11
    again = [post(endpoint, "confirm", json.dumps(confirm))]
    again += at_once(lambda: post(endpoint, "confirm", json.dumps(confirm)))
    for reply in again:
        answer = read(reply)
        assert (answer["errorCode"], answer["confirmTime"]) == ("10016", c)
    assert credited(books) == ["1200.00"]
    # 12
    answer = told(endpoint, "reverse")
    r = stored(books, "cancelled_at")
    assert list(answer.items()) == [
        ("serviceId", 30303),
        ("transId", T1),
        ("status", "REVERSED"),
        ("reverseTime", r),
        ("data", data()),
        ("amount", 120_000),
    ]
    assert credited(books) == []
    answer = ask(endpoint, "reverse", request("reverse"))
    assert (answer["errorCode"], answer["reverseTime"]) == ("10018", r)
    # 13
    assert failed(endpoint, "confirm") == "10015"
    answer = told(endpoint, "status")
    assert [answer[name] for name in ("status", "transTime", "confirmTime", "reverseTime")] == [
        *("REVERSED", t, c, r)
    ]
    assert states(books) == [(T1, "1200.00", "cancelled", None)]
    # 14
    assert told(endpoint, "create", txn_id=T2)["status"] == "CREATED"
    assert told(endpoint, "reverse", txn_id=T2)["status"] == "REVERSED"
    assert failed(endpoint, "confirm", txn_id=T2) == "10015"
    assert row(books, T2)[10] is None  # performed_at
    # 15
    for operation in OF_ROW:
        assert failed(endpoint, operation, txn_id=T3) == "10014"
    assert len(states(books)) == 2


@pytest.mark.parametrize(
    "who",
    [{}, basic("uzum", ""), basic("", "pass:word"), basic("uzum", "pass"), basic("Uzum", "pass")],
)
def test_a_stranger_hears_10001_whatever_else_is_wrong(
    endpoint: Endpoint, who: dict[str, str]
) -> None:
    """Before the method and the body; HTTP 400, or 401 by a setting."""
    for operation, (method, body) in product(OPERATIONS, (("POST", "{"), ("GET", None))):
        for bank, status, code in (("uzum", 400, "10001"), ("numbers", 401, 10001)):
            reply = endpoint.call(f"/{bank}/{operation}", method, body, who)
            answer = json.loads(reply.body)
            assert (reply.status, answer.pop("errorCode")) == (status, code)
            assert are_just_now(answer.pop("timestamp"))
            assert answer == {"status": "FAILED"}
            assert ("WWW-Authenticate" in reply.headers) == (status == 401)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_10003(endpoint: Endpoint, method: str) -> None:
    for operation in OPERATIONS:
        body = json.dumps(request(operation))
        answer = read(endpoint.call(f"/uzum/{operation}", method, body, RIGHT))
        assert are_just_now(answer.pop("timestamp"))
        assert answer == {"status": "FAILED", "errorCode": "10003"}


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/uzum", 404),
        ("/uzum/", 404),
        ("/uzum/pay", 404),
        ("/uzum/Check", 404),
        ("/uzum/check/", 404),
        ("/uzum/check/x", 404),
        ("/token/check", 404),
        ("/token/wrong/check", 404),
        ("/away/check", 403),
    ],
)
def test_other_addresses_hear_nothing(endpoint: Endpoint, address: str, status: int) -> None:
    reply = endpoint.call(address, "POST", json.dumps(request("check")), RIGHT)
    assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize(
    "body",
    [
        *[pytest.param(body, id=what) for what, body in UNREADABLE],
        *[pytest.param(text.encode(), id=text) for text in ("[]", "null", "1", '"a"', "true")],
        b'{"serviceId":30303,"serviceId":30303}',
        b'{"params":{"account":"550021","account":"550021"}}',
        b'{"other":[{"a":1,"a":2}]}',
    ],
)
def test_what_is_no_json_object_is_10002(endpoint: Endpoint, body: bytes) -> None:
    for operation in OPERATIONS:
        answer = read(post(endpoint, operation, body))
        assert are_just_now(answer.pop("timestamp"))
        assert answer == {"status": "FAILED", "errorCode": "10002"}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "image/png", ""])
def test_the_content_type_is_not_looked_at(
    books: Engine, endpoint: Endpoint, content_type: str
) -> None:
    headers = {**RIGHT, "Content-Type": content_type}
    reply = endpoint.call("/uzum/check", "POST", json.dumps(request("check")), headers)
    assert read(reply)["status"] == "OK"


# (member, JSON text of a wrong value, code, operations)
WRONG: list[tuple[str, str, str, tuple[str, ...]]] = [
    *[
        ("serviceId", text, "10006", OPERATIONS)
        for text in ("1", '"30303"', "null", "true", "30303.0", "3.0303e4", "[30303]", "{}")
    ],
    *[
        ("timestamp", text, "10005", OPERATIONS)
        for text in ("-1", "10000000000000", '"1773644404000"', "1.0", "1e3", "true", "null", "[]")
    ],
    *[
        ("transId", text, "10005", ("create", *OF_ROW))
        for text in ('""', "7", "null", "true", '["a"]', '"a b"', '"é"', '"a\\n"', '"\\ud800"')
    ],
    ("transId", json.dumps("x" * 65), "10005", ("create", *OF_ROW)),
    *[
        ("params", text, "10005", ("check", "create"))
        for text in ("null", '"550021"', "[]", '["account"]', "{}", '{"Account":"550021"}', "1")
    ],
    *[
        ("params", f'{{"account":{text}}}', "10005", ("check", "create"))
        for text in ("null", '""', "true", "550021.0", "5e5", "[]", "{}", '{"value":"550021"}')
    ],
    *[
        ("params", f'{{"account":{text}}}', "10007", ("check", "create"))
        for text in (
            '"55002"',
            '"5500210"',
            '" 550021"',
            '"550021\\n"',
            '"５50021"',
            "55",
            "-550021",
        )
    ],
    ("params", f'{{"account":{"5" * 4000}}}', "10007", ("check", "create")),
    ("params", '{"account":"\\ud800"}', "10007", ("check", "create")),
    *[
        ("amount", text, "10005", ("create", "confirm"))
        for text in ('"120000"', "120000.5", "120000.0", "1.2e5", "true", "null", "[]", "{}")
    ],
    *[("amount", text, "10012", ("create",)) for text in ("-1", "0", "-0", "-120000", "49999")],
    ("amount", f"-{'9' * 4000}", "10012", ("create",)),
    *[("amount", text, "10013", ("create",)) for text in ("2000001", "9" * 4000, str(10**16))],
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("member", ["serviceId", "timestamp", "transId", "params", "amount"])
def test_a_wrong_form_is_refused_with_its_code(
    books: Engine, endpoint: Endpoint, member: str, operation: str
) -> None:
    """The table of section 3. A row that is named meanwhile does not change."""
    if operation in OF_ROW:
        told(endpoint, "create")
    before = states(books)
    for name, text, code, operations in WRONG:
        if (name, operation in operations) != (member, True):
            continue
        body = json.dumps({**request(operation), member: "HERE"}).replace('"HERE"', text)
        answer = read(post(endpoint, operation, body))
        assert answer["errorCode"] == code, text[:100]
        echoed = {"status", "errorCode", TIME[operation]}
        echoed |= {"serviceId"} if member != "serviceId" or text == "1" else set()
        echoed |= {"transId"} if operation != "check" and member != "transId" else set()
        assert answer.keys() == echoed, text[:100]
    assert states(books) == before


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_missing_member_is_10005(books: Engine, endpoint: Endpoint, operation: str) -> None:
    for member in request(operation):
        body = but(request(operation), {member: ...})
        assert failed(endpoint, operation, body) == "10005", member
    assert failed(endpoint, operation, {"other": 1}) == "10005"
    assert payments(books) == []


def test_the_service_comes_first_and_the_account_last(books: Engine, endpoint: Endpoint) -> None:
    """Steps 5 to 9, each with all that comes after it wrong too."""
    wrong: dict[str, Any] = {
        "serviceId": 1,
        "timestamp": "x",
        "params": {"account": "55002x"},
        "amount": 1,
    }
    body = {**request("create"), **wrong}
    for better, code in (
        ({}, "10006"),
        ({"serviceId": 30303}, "10005"),
        ({"timestamp": 0}, "10007"),
        ({"params": {"account": NOBODY}}, "10012"),
        ({"amount": 2_000_001}, "10013"),
        ({"amount": 2_000_000}, "10007"),
        ({"params": {"account": ACTIVE}}, "CREATED"),
    ):
        body |= better
        assert code_of(endpoint, "create", body) == code, better


def test_true_is_not_the_service_1(books: Engine, endpoint: Endpoint) -> None:
    body = request("check") | {"serviceId": 1}
    assert code_of(endpoint, "check", body, "one") == "OK"
    assert code_of(endpoint, "check", body | {"serviceId": True}, "one") == "10006"


@pytest.mark.parametrize(("amount", "code"), [(0, "10012"), (-1, "10012"), (1, "CREATED")])
def test_zero_is_too_small_whatever_the_limits(
    books: Engine, endpoint: Endpoint, amount: int, code: str
) -> None:
    body = request("create", amount=amount) | {"serviceId": 1}
    assert code_of(endpoint, "create", body, "one") == code


@pytest.mark.parametrize("amount", [50_000, 2_000_000, 120_001])
def test_sums_are_exact_and_the_limits_inclusive(
    books: Engine, endpoint: Endpoint, amount: int
) -> None:
    assert told(endpoint, "create", amount=amount)["amount"] == amount
    assert states(books)[0][1] == f"{amount // 100}.{amount % 100:02}"
    assert told(endpoint, "confirm")["amount"] == amount


def test_letter_case_of_a_transaction_id_counts(books: Engine, endpoint: Endpoint) -> None:
    ids = ["abc", "ABC", "!~/\\\"'<", "x" * 64, "NULL"]
    for txn_id in ids:
        assert told(endpoint, "create", txn_id=txn_id)["transId"] == txn_id
    assert [txn_id for txn_id, *_ in states(books)] == ids


@pytest.mark.parametrize("sent", [0, 1, 999, 1773644404123, 9_999_999_999_999])
@pytest.mark.parametrize("bank", ["uzum", "newyork"])
def test_the_bank_s_time_is_stored_exactly_in_its_zone(
    books: Engine, endpoint: Endpoint, sent: int, bank: str
) -> None:
    """Booked with that of create, paid with that of confirm [7]."""
    for operation in ("create", "confirm"):
        told(endpoint, operation, bank, request(operation) | {"timestamp": sent})
        zone = load(endpoint.settings).banks[bank].timezone
        seconds, rest = divmod(sent, 1000)
        local = datetime.fromtimestamp(seconds, zone).replace(tzinfo=None)
        expected = local + timedelta(milliseconds=rest)
        assert row(books)[8][:23] == expected.isoformat(" ", "milliseconds")
        sent = (sent + 86_400_123) % 9_999_999_999_999


def test_account_field_names_the_member(books: Engine, endpoint: Endpoint) -> None:
    body = request("create") | {"params": {"contract": 550021, "account": "5"}}
    answer = told(endpoint, "create", "same", body)
    assert answer["data"] == {"contract": {"value": ACTIVE}}
    assert code_of(endpoint, "create", request("create"), "same") == "10005"


def test_a_check_shows_what_the_settings_say(books: Engine, endpoint: Endpoint) -> None:
    """And nothing else ever does."""
    told(endpoint, "create", "shows")
    told(endpoint, "confirm", "shows")
    assert told(endpoint, "check", "shows")["data"] == data(fio="А*** К***", debt="2000.00")
    assert told(endpoint, "check", "labels")["data"] == data(qarz="2000.00")
    assert told(endpoint, "check")["data"] == data()
    assert told(endpoint, "status", "shows")["data"] == data()


def test_a_check_changes_nothing(books: Engine, endpoint: Endpoint) -> None:
    """It has no transaction and no sum, whatever is sent."""
    body = request("check") | {"transId": 7, "amount": "x"}
    answer = told(endpoint, "check", body=body)
    assert "transId" not in answer
    assert payments(books) == []


@pytest.mark.parametrize("bank", ["uzum", "same"])
@pytest.mark.parametrize("operation", ["create", "confirm", "reverse"])
def test_what_a_repeat_hears_is_a_setting(
    books: Engine, endpoint: Endpoint, operation: str, bank: str
) -> None:
    """A code of its own, or the first answer again [8]; nothing stored, nothing credited."""
    done = OPERATIONS[1 : OPERATIONS.index(operation) + 1]
    field = {"account" if bank == "uzum" else "contract": ACTIVE}
    bodies = {name: request(name) for name in done}
    bodies["create"]["params"] = field
    first = {name: told(endpoint, name, bank, bodies[name]) for name in done}[operation]
    time.sleep(0.01)
    before = row(books)
    again = ask(endpoint, operation, bodies[operation], bank)
    if bank == "same":
        assert again == first
    else:
        code = {"create": "10010", "confirm": "10016", "reverse": "10018"}[operation]
        assert (again["errorCode"], again[TIME[operation]]) == (code, first[TIME[operation]])
    assert row(books) == before
    if operation != "create":
        # What is paid or cancelled cannot be booked again; the time is still the first.
        again = ask(endpoint, "create", bodies["create"], bank)
        assert again["errorCode"] == "10010"
        assert again["transTime"] == stored(books, "created_at")


@pytest.mark.parametrize("state", ["created", "paid", "cancelled"])
@pytest.mark.parametrize(
    "other",
    [
        {"amount": 130_000},
        {"amount": 1},
        {"amount": -(10**40)},
        {"amount": 10**40},
        {"account": CLOSED},
        {"account": NOBODY},
        {"account": CLOSED, "amount": 0},
    ],
)
def test_a_known_id_with_other_data_is_an_alarm(
    books: Engine, endpoint: Endpoint, other: dict[str, Any], state: str
) -> None:
    told(endpoint, "create")
    books.execute("UPDATE payment SET state = ?", state)
    before = row(books)
    seen = len(alarms(endpoint.log()))
    answer = ask(endpoint, "create", request("create", **other))
    assert (answer["errorCode"], answer["transTime"]) == ("10010", stored(books, "created_at"))
    assert alarms(endpoint.log())[seen:] == ["duplicate_other"]
    assert row(books) == before


@pytest.mark.parametrize("change", ["closed", "blocked", "gone"])
def test_a_known_id_wins_over_its_account(books: Engine, endpoint: Endpoint, change: str) -> None:
    """Create repeats itself, and the other operations look only at the row."""
    told(endpoint, "create")
    if change == "gone":
        books.execute("DELETE FROM account WHERE number = ?", ACTIVE)
    else:
        books.execute("UPDATE account SET state = ? WHERE number = ?", change, ACTIVE)
    assert failed(endpoint, "create") == "10010"
    assert failed(endpoint, "create", txn_id=T2) == "10007"
    assert told(endpoint, "confirm")["status"] == "CONFIRMED"
    assert told(endpoint, "status")["status"] == "CONFIRMED"
    assert told(endpoint, "reverse")["status"] == "REVERSED"


# Section 7: what every operation hears in every state, and the state that it leaves.
TABLE = {
    ("confirm", "created"): ("CONFIRMED", "paid"),
    ("confirm", "old"): ("10015", "cancelled"),
    ("confirm", "paid"): ("10016", "paid"),
    ("confirm", "released"): ("10015", "cancelled"),
    ("confirm", "refunded"): ("10015", "cancelled"),
    ("confirm", "timed out"): ("10015", "cancelled"),
    ("reverse", "created"): ("REVERSED", "cancelled"),
    ("reverse", "old"): ("REVERSED", "cancelled"),
    ("reverse", "paid"): ("REVERSED", "cancelled"),
    ("reverse", "released"): ("10018", "cancelled"),
    ("reverse", "refunded"): ("10018", "cancelled"),
    ("reverse", "timed out"): ("10018", "cancelled"),
    ("status", "created"): ("CREATED", "created"),
    ("status", "old"): ("10015", "cancelled"),
    ("status", "paid"): ("CONFIRMED", "paid"),
    ("status", "released"): ("REVERSED", "cancelled"),
    ("status", "refunded"): ("REVERSED", "cancelled"),
    ("status", "timed out"): ("10015", "cancelled"),
}


def bring(engine: Engine, endpoint: Endpoint, state: str) -> None:
    """Bring a new transaction to a state of TABLE."""
    told(endpoint, "create")
    if state in ("paid", "refunded"):
        told(endpoint, "confirm")
    if state in ("released", "refunded"):
        told(endpoint, "reverse")
    if state in ("old", "timed out"):
        age(engine, 1802)
    if state == "timed out":
        assert failed(endpoint, "confirm") == "10015"


@pytest.mark.parametrize(("operation", "state"), TABLE)
def test_every_operation_in_every_state(
    books: Engine, endpoint: Endpoint, operation: str, state: str
) -> None:
    bring(books, endpoint, state)
    before = row(books)
    time.sleep(0.005)
    answer = ask(endpoint, operation, request(operation))
    heard = answer["errorCode"] if answer["status"] == "FAILED" else answer["status"]
    assert (heard, row(books)[7]) == TABLE[operation, state]
    changes = (operation, state) in {
        *(("confirm", "created"), ("confirm", "old"), ("status", "old")),
        *(("reverse", "created"), ("reverse", "old"), ("reverse", "paid")),
    }
    assert (row(books) != before) == changes
    for first, column in (("10016", "performed_at"), ("10018", "cancelled_at")):
        if heard == first:
            assert answer[TIME[operation]] == stored(books, column)
    if operation == "status":
        ours = {"transTime": 9, "confirmTime": 10, "reverseTime": 11}
        for name, index in ours.items():
            text = row(books)[index]
            expected = wire.milliseconds(datetime.fromisoformat(text)) if text else None
            assert answer[name] == expected
    by_time = state == "timed out" or (state == "old" and operation != "reverse")
    reason = 4 if by_time else None
    assert row(books)[12] == reason


@pytest.mark.parametrize("operation", ["reverse", "status"])
def test_nothing_is_promised_of_a_booking(
    books: Engine, endpoint: Endpoint, operation: str
) -> None:
    """10014 is no promise: one that is on its way is no money yet, and may come (reliability.md,
    section 6).
    """
    before = books.rows("SELECT * FROM promise")
    assert failed(endpoint, operation, txn_id=T3) == "10014"
    assert books.rows("SELECT * FROM promise") == before


def test_a_booking_of_an_older_release_has_no_number_to_tell(
    books: Engine, endpoint: Endpoint
) -> None:
    told(endpoint, "create")
    books.execute("UPDATE payment SET number = NULL")
    assert told(endpoint, "status")["data"] == data("")


def test_a_refund_may_be_forbidden(books: Engine, endpoint: Endpoint) -> None:
    """A release may not; codes are numbers there, by another setting."""
    told(endpoint, "create", "numbers")
    told(endpoint, "confirm", "numbers")
    answer = ask(endpoint, "reverse", request("reverse"), "numbers")
    assert are_just_now(answer.pop("reverseTime"))
    assert answer == {
        "serviceId": 30303,
        "transId": T1,
        "status": "FAILED",
        "errorCode": 10017,
    }
    assert credited(books) == ["1200.00"]
    told(endpoint, "create", "numbers", txn_id=T2)
    assert told(endpoint, "reverse", "numbers", txn_id=T2)["status"] == "REVERSED"


def test_codes_may_be_set(books: Engine, endpoint: Endpoint) -> None:
    for given, code in (
        ({"account": BLOCKED}, 10020),
        ({"account": CLOSED}, 10007),
        ({"amount": 2_000_001}, 10011),
    ):
        answer = ask(endpoint, "create", request("create", **given), "numbers")
        assert answer["errorCode"] == code
        assert type(answer["errorCode"]) is int


@pytest.mark.parametrize(
    ("seconds", "status", "left"),
    [(1790, "CREATED", ("created", None)), (1801, "10015", ("cancelled", 4))],
)
def test_thirty_minutes_count_from_our_create(
    books: Engine, endpoint: Endpoint, seconds: int, status: str, left: tuple[str, int | None]
) -> None:
    """And not from the bank's timestamp, which may be of any age."""
    told(endpoint, "create", body=request("create") | {"timestamp": 0})
    age(books, seconds)
    assert code_of(endpoint, "status", request("status")) == status
    again = ask(endpoint, "create", request("create"))
    assert again["errorCode"] == "10010"
    assert states(books) == [(T1, "1200.00", *left)]


def test_the_time_out_is_a_setting(books: Engine, endpoint: Endpoint) -> None:
    told(endpoint, "create", "quick")
    age(books, 3)
    assert code_of(endpoint, "confirm", request("confirm"), "quick") == "10015"
    assert states(books) == [(T1, "1200.00", "cancelled", 4)]


@pytest.mark.parametrize("state", ["created", "old", "paid", "released"])
def test_a_confirm_of_another_sum_changes_nothing(
    books: Engine, endpoint: Endpoint, state: str
) -> None:
    """Whatever the state; the right sum is as good as none."""
    bring(books, endpoint, state)
    before = row(books)
    for amount in (119_999, 120_001, 0, -120_000, 10**40):
        assert failed(endpoint, "confirm", request("confirm") | {"amount": amount}) == "10011"
    assert row(books) == before
    heard = code_of(endpoint, "confirm", request("confirm") | {"amount": 120_000})
    assert heard == TABLE["confirm", state][0]


def test_a_confirm_of_another_sum_of_an_unknown_id_is_10014(endpoint: Endpoint) -> None:
    assert failed(endpoint, "confirm", request("confirm", T3) | {"amount": 1}) == "10014"


def test_equal_calls_at_once_have_one_effect(books: Engine, endpoint: Endpoint) -> None:
    for operation, success, code in (
        ("create", "CREATED", "10010"),
        ("confirm", "CONFIRMED", "10016"),
        ("reverse", "REVERSED", "10018"),
    ):
        body = json.dumps(request(operation))
        replies = at_once(lambda: post(endpoint, operation, body))  # noqa: B023 - within the turn
        answers = [read(reply) for reply in replies]
        heard = [answer.get("errorCode", answer["status"]) for answer in answers]
        assert sorted(heard) == sorted([success] + [code] * 19)
        assert len({answer[TIME[operation]] for answer in answers}) == 1
        assert len(states(books)) == 1


def test_confirm_and_reverse_at_once_agree(books: Engine, endpoint: Endpoint) -> None:
    for number in range(4):
        txn_id = f"race{number}"
        told(endpoint, "create", "numbers", txn_id=txn_id)
        calls = ["confirm", "reverse"] * 5
        with ThreadPoolExecutor(10) as pool:
            heard = list(
                pool.map(
                    lambda name: code_of(endpoint, name, request(name, txn_id), "numbers"),  # noqa: B023
                    calls,
                )
            )
        paid = ["10016"] * 4 + ["10017"] * 5 + ["CONFIRMED"]
        released = ["10015"] * 5 + ["10018"] * 4 + ["REVERSED"]
        assert sorted(heard) == (paid if row(books, txn_id)[7] == "paid" else released)


def test_any_number_of_transactions_of_an_account(books: Engine, endpoint: Endpoint) -> None:
    for txn_id in (T1, T2, T3):
        told(endpoint, "create", txn_id=txn_id)
    for txn_id in (T3, T2, T1):
        told(endpoint, "confirm", txn_id=txn_id)
    assert credited(books) == ["1200.00"] * 3


@pytest.mark.parametrize(
    ("number", "amount", "heard"),
    [
        ("A-1", 120_000, ("OK", "CREATED")),
        ("A-1", 119_999, ("OK", "10011")),
        ("A-1", 120_001, ("OK", "10011")),
        ("A-2", 120_000, ("10009", "10009")),
        ("A-3", 120_000, ("10007", "10007")),
        ("A-9", 120_000, ("10007", "10007")),
        (ACTIVE, 120_000, ("10007", "10007")),
    ],
)
def test_an_invoice_is_paid_by_its_whole_sum(
    books: Engine, endpoint: Endpoint, number: str, amount: int, heard: tuple[str, str]
) -> None:
    bodies = {
        "check": request("check", account=number),
        "create": request("create", account=number, amount=amount),
    }
    assert tuple(code_of(endpoint, name, bodies[name], "bills") for name in bodies) == heard


def test_one_waiting_or_paid_transaction_of_an_invoice_is_enough(
    books: Engine, endpoint: Endpoint
) -> None:
    """One that is timed out or reversed is none."""

    def heard(txn_id: str) -> tuple[str, str]:
        check = code_of(endpoint, "check", request("check", account="A-1"), "bills")
        create = request("create", txn_id, "A-1")
        return check, code_of(endpoint, "create", create, "bills")

    assert heard(T1) == ("OK", "CREATED")
    assert heard(T2) == ("10008", "10008")
    assert heard(T1) == ("10008", "10010")
    age(books, 1795)
    assert heard(T2) == ("10008", "10008")
    age(books, 1802)
    assert heard(T2) == ("OK", "CREATED")
    told(endpoint, "reverse", "bills", txn_id=T2)
    assert heard(T3) == ("OK", "CREATED")
    assert told(endpoint, "confirm", "bills", txn_id=T3)["data"] == data("A-1")
    assert heard("new") == ("10008", "10008")
    assert heard(T3) == ("10008", "10010")
    # What is paid in part cannot be paid by its whole sum any more.
    books.execute("UPDATE payment SET amount = '1.00' WHERE txn_id = ?", T3)
    assert heard("new") == ("10008", "10008")
    told(endpoint, "reverse", "bills", txn_id=T3)
    assert heard("new") == ("OK", "CREATED")


def test_an_invoice_is_confirmed_once_even_if_two_wait(books: Engine, endpoint: Endpoint) -> None:
    """Here one of them has been made younger, as a race would leave it."""
    for turn in range(4):
        number = f"B-{turn}"
        books.invoice(ACTIVE, number, "1200.00")
        ids = [f"{turn}-{own}" for own in range(6)]
        for txn_id in ids:
            told(endpoint, "create", "bills", request("create", txn_id, number))
            age(books, 1900, txn_id)
        for txn_id in ids:
            age(books, 5, txn_id)

        def confirm(txn_id: str) -> str:
            return code_of(endpoint, "confirm", request("confirm", txn_id), "bills")

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(confirm, ids)) == ["10008"] * 5 + ["CONFIRMED"]
    assert [state for _, _, state, _ in states(books)].count("paid") == 4


def test_many_creates_of_one_invoice_at_once_book_it_once(
    books: Engine, endpoint: Endpoint
) -> None:
    def create(number: int) -> str:
        return code_of(endpoint, "create", request("create", f"many{number}", "A-1"), "bills")

    with ThreadPoolExecutor(10) as pool:
        heard = list(pool.map(create, range(10)))
    assert sorted(heard) == ["10008"] * 9 + ["CREATED"]
    assert len(states(books)) == 1


def test_an_unknown_outcome_is_never_failed(books: Engine, endpoint: Endpoint) -> None:
    """Once the payer may be debited; before, 99999 is right [6]."""
    told(endpoint, "create")
    with broken(books):
        for operation in ("check", "create"):
            assert failed(endpoint, operation) == "99999"
        for operation in OF_ROW:
            reply = post(endpoint, operation, json.dumps(request(operation)))
            assert (reply.status, reply.body) == (503, b"")
    assert told(endpoint, "confirm")["status"] == "CONFIRMED"


@pytest.fixture
def proxy(mariadb: MariaDB) -> Iterator[CuttingProxy]:
    """A proxy in front of the session's server."""
    with CuttingProxy("127.0.0.1", mariadb.port) as running:
        yield running


@pytest.fixture
def proxied(
    books: Engine, proxy: CuttingProxy, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Endpoint]:
    """The program with one worker, behind the proxy."""
    assert isinstance(books, MariaDBEngine)
    url = books.server.url(books.name, port=proxy.port)
    with Endpoint(settings_toml(url, request.module), tmp_path, workers=1) as running:
        yield running


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["create", "confirm", "reverse"])
def test_what_we_did_ourselves_is_not_called_a_repeat(
    proxied: Endpoint, proxy: CuttingProxy, operation: str, when: Literal["before", "after"]
) -> None:
    """A link that is cut once, before or after the server got the statement, is made good."""
    for earlier in OPERATIONS[1 : OPERATIONS.index(operation)]:
        told(proxied, earlier)
    statement = b"INSERT INTO payment" if operation == "create" else b"UPDATE payment"
    proxy.rule = Rule(statement, when)
    first = told(proxied, operation)
    assert proxy.rule.times == 0
    again = ask(proxied, operation, request(operation))
    assert again["errorCode"] in ("10010", "10016", "10018")
    assert again[TIME[operation]] == first[TIME[operation]]


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.slow
def test_a_confirm_that_nobody_heard_is_found_by_status(
    proxied: Endpoint, proxy: CuttingProxy, when: Literal["before", "after"]
) -> None:
    """Links that are cut for good: 5xx, and then the bank asks [2]."""
    told(proxied, "create")
    proxy.rule = Rule(b"UPDATE payment", when, times=1000)
    reply = post(proxied, "confirm", json.dumps(request("confirm")))
    assert (reply.status, reply.body) == (503, b"")
    proxy.rule = None
    assert told(proxied, "status")["status"] == ("CREATED" if when == "before" else "CONFIRMED")


def test_the_log_tells_each_call_and_never_the_phone(books: Engine, endpoint: Endpoint) -> None:
    seen = len(endpoint.log())
    told(endpoint, "create", body=request("create") | {"phone": "998901234567"})
    confirm = request("confirm") | {"phone": "998901234567", "amount": 120_000}
    told(endpoint, "confirm", body=confirm)
    failed(endpoint, "confirm", {"phone": "998901234567"})
    failed(endpoint, "create", amount=10**3000, txn_id="huge")
    read(post(endpoint, "reverse", "{"))
    created, confirmed, refused, huge, unread = endpoint.log()[seen:]
    expected = {
        "bank": "uzum",
        "command": "create",
        "txn_id": T1,
        "account": ACTIVE,
        "sum": "1200.00",
        "outcome": "ok",
    }
    assert expected.items() <= created.items()
    assert (confirmed["command"], confirmed["sum"]) == ("confirm", "1200.00")
    assert (refused["outcome"], refused["code"]) == ("bad_request", "10005")
    assert (refused["command"], refused["txn_id"], refused["account"]) == ("confirm", "", "")
    assert huge["sum"] == "1" + "0" * 199
    assert (unread["command"], unread["outcome"]) == ("reverse", "unreadable")
    assert "998901234567" not in endpoint.output()
    assert "pass:word" not in endpoint.output()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('username = "u"', ""), "username: missing"),
        (('username = "u"', 'username = ""'), "username: expected"),
        (('password = "of-sixteen-letters"', ""), "password: missing"),
        (('password = "of-sixteen-letters"', 'password = ""'), "password: expected"),
        (("service_id = 7", ""), "service_id: missing"),
        (("service_id = 7", 'service_id = "7"'), "service_id: expected"),
        (("service_id = 7", "service_id = true"), "service_id: expected"),
        (("service_id = 7", "service_id = -1"), "service_id: expected"),
        (("service_id = 7", f"service_id = {2**63}"), "service_id: expected"),
        (("service_id = 7", "service_id = 7\ntimeout = 0"), "timeout: expected"),
        (("service_id = 7", "service_id = 7\ntimeout = 31536001"), "timeout: expected"),
        (("service_id = 7", 'service_id = 7\nrepeats = "first"'), "repeats: expected"),
        (("service_id = 7", "service_id = 7\nauth_status = 399"), "auth_status: expected"),
        (("service_id = 7", "service_id = 7\nauth_status = 402"), "auth_status: expected"),
        (("service_id = 7", "service_id = 7\nnumeric_codes = 1"), "numeric_codes: expected"),
        (("service_id = 7", 'service_id = 7\naccount_field = ""'), "account_field: expected"),
        (("service_id = 7", 'service_id = 7\nrefund = "no"'), "refund: expected"),
    ],
)
def test_a_fault_in_the_settings_is_named(
    tmp_path: Path, change: tuple[str, str], fault: str
) -> None:
    lines = 'username = "u"\npassword = "of-sixteen-letters"\nservice_id = 7'

    own = load(write_bank("uzum", lines, tmp_path)).banks["uzum"].own
    assert (own["timeout"], own["repeats"], own["auth_status"]) == (1800, "code", 400)
    with pytest.raises(SettingsError, match=f"BANKS.uzum.{fault}"):
        load(write_bank("uzum", lines.replace(*change), tmp_path))


@pytest.mark.parametrize("timeout", [1, 31_536_000])
@pytest.mark.parametrize("service_id", [0, 2**63 - 1])
def test_the_widest_settings_are_taken(tmp_path: Path, service_id: int, timeout: int) -> None:
    """From a second to a year; any number that the bank may give."""
    lines = 'username = "u"\npassword = "of-sixteen-letters"\n'
    lines += f"service_id = {service_id}\ntimeout = {timeout}"

    own = load(write_bank("uzum", lines, tmp_path)).banks["uzum"].own
    assert (own["service_id"], own["timeout"]) == (service_id, timeout)


@pytest.mark.parametrize(
    ("operation", "change", "why"),
    [
        ("check", {"serviceId": ..., "timestamp": ...}, "serviceId"),
        ("check", {"serviceId": 1}, "serviceId"),
        ("check", {"timestamp": "1", "params": {}}, "params, timestamp"),
        ("create", {"transId": "", "amount": 1.0}, "amount, transId"),
        ("confirm", {"amount": "1"}, "amount"),
    ],
)
def test_the_log_says_which_member_is_wrong(
    books: Engine, endpoint: Endpoint, operation: str, change: dict[str, Any], why: str
) -> None:
    """Code 10005 does not, and stands for all of them [6]."""
    code = "10006" if change.get("serviceId") == 1 else "10005"
    assert failed(endpoint, operation, but(request(operation), change)) == code
    assert endpoint.log()[-1]["why"] == f"missing or wrong: {why}"
