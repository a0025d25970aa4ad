"""Click SHOP-API, sentence by sentence of click.md (sections in brackets)."""

from __future__ import annotations

import hashlib
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest

from callback.settings import SettingsError, load
from callback.tools.sheet.examples import EXAMPLE_SECRET
from tests.support.answers import alarms, at_once, broken, payments
from tests.support.dialects import NO_WORDS
from tests.support.processes import write_bank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

EXAMPLES = """
protocol = "click"
service_id = 20202
account_pattern = "[0-9]{5}"
min_sum = "500.00"
max_sum = "20000.00"
"""

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.click]
protocol = "click"
allow = ["127.0.0.1"]
secret = ["older", "sheet-secret-1"]
service_id = 20202
account_pattern = "[0-9]{10}"
min_sum = "50.00"
max_sum = "2000.00"
timezone = "Asia/Tashkent"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.click0]
protocol = "click"
secret = "sheet-secret-1"
service_id = "20202"
repeat_complete = 0

[BANKS.clickcancel]
protocol = "click"
secret = "sheet-secret-1"
service_id = 20202
late_cancel = "cancel"
url_token = true
show = ["debt", "address"]
labels = { debt = "qarz" }
account_field = "account"
"""
SERVICE_FIRST = True
UNAVAILABLE = NO_WORDS
FINAL = {
    "click": {
        "-7": "no, ask again",
        "HTTP 503": "no, ask again",
        "-1": "yes, until it is put right",
    }
}
SAYS = {
    "click": {
        "repeats": ("code `0`", "code `-4`", "code `-8`"),
        "account": ("`100.00`: digits; after a dot one, two or none",),
        "shown": ("name, masked", "what is owed"),
        "address": ("/click/info",),
        "parameters": ("it stays paid, code -4", "without a sign"),
    },
    "click0": {"shown": ("no check of its own",), "parameters": ("it stays paid, code -4",)},
    "clickcancel": {"parameters": ("it is cancelled, code -9",), "answer": ("`params`",)},
}


def named(body: str, engine: Engine) -> str:
    """A Complete names the payment by our number, and is signed over it [2]."""
    values = dict(parse_qsl(body, keep_blank_values=True))
    if "merchant_prepare_id" not in values:
        return body
    rows = engine.rows("SELECT id FROM payment WHERE txn_id = ?", values["click_trans_id"])
    values["merchant_prepare_id"] = str(rows[0][0])
    names = ("merchant_trans_id", "merchant_prepare_id", "amount", "action", "sign_time")
    before = values["click_trans_id"] + values["service_id"] + EXAMPLE_SECRET.decode()
    signed = before + "".join(values[name] for name in names)
    return urlencode(values | {"sign_string": hashlib.md5(signed.encode()).hexdigest()})


COMPLETE = named

BANKS = f"""
[BANKS.click]
{EXAMPLES}
secret = "sheet-secret-1"

[BANKS.zero]
{EXAMPLES}
secret = ["an older one", "sheet-secret-1"]
repeat_complete = 0

[BANKS.cancels]
{EXAMPLES}
secret = "sheet-secret-1"
late_cancel = "cancel"

[BANKS.info]
{EXAMPLES}
secret = ["older", "sheet-secret-1"]
allow = ["127.0.0.1"]
show = ["name", "debt"]

[BANKS.infotoken]
protocol = "click"
secret = "sheet-secret-1"
service_id = "20202"
url_token = true
account_field = "account"
show = ["debt", "address"]
labels = {{ debt = "qarz" }}
codes = {{ "info.unknown_account" = "-250" }}

[BANKS.infobills]
protocol = "click"
secret = "sheet-secret-1"
service_id = "20202"
allow = ["127.0.0.1"]
payer = "invoice"
show = ["debt"]

[BANKS.bills]
protocol = "click"
secret = "sheet-secret-1"
service_id = "20202"
payer = "invoice"

[BANKS.pairs]
protocol = "click"
secret = "sheet-secret-1"
service_id = "20202"
account_pattern = ".*"
repeat_complete = "0"
codes = {{ account_closed = -31, account_blocked = -9, "cancel.ok" = "-40" }}

[BANKS.away]
protocol = "click"
secret = "sheet-secret-1"
service_id = 20202
allow = ["10.0.0.0/8"]

[BANKS.token]
protocol = "click"
secret = "sheet-secret-1"
service_id = 20202
url_token = true
"""
SETTINGS = {"TIMEZONE": "Asia/Tashkent", "CURRENCY": "UZS"}

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OUR_FAULTS = {
    0: "Success",
    -1: "SIGN CHECK FAILED!",
    -2: "Incorrect parameter amount",
    -3: "Action not found",
    -4: "Already paid",
    -5: "User does not exist",
    -6: "Transaction does not exist",
    -7: "Failed to update user",
    -8: "Error in request from click",
    -9: "Transaction cancelled",
}
BASE = (
    "click_trans_id=2604400101&service_id=20202&click_paydoc_id=55&merchant_trans_id=77310"
    "&amount=1200.00&action=0&error=0&error_note=Success&sign_time=2026-03-16+12%3A00%3A05"
)
FIELDS = {
    "click_trans_id": "2604400101",
    "service_id": "20202",
    "click_paydoc_id": "55",
    "merchant_trans_id": "77310",
    "amount": "1200.00",
    "action": "0",
    "error": "0",
    "error_note": "Success",
    "sign_time": "2026-03-16 12:00:05",
}
COMPLETE_AT = "2026-03-16 12:00:41"
ID, OTHER = "2604400101", "2604400102"
ROW = ("click", ID, "77310", "1200.00", "created", "2026-03-16 12:00:05", "UZS")
PAID = ("click", ID, "77310", "1200.00", "paid", COMPLETE_AT, "UZS")


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples, and an invoice of each kind."""
    engine.account("77310", "Азизов Камол", owes="2000.00")  # and A-1
    engine.account("77311", state="closed")
    engine.account("77312", state="blocked")
    engine.invoice("77310", "A-1", "1200.00")
    engine.invoice("77310", "A-2", "1200.00", state="cancelled")
    engine.invoice("77311", "A-3", "1200.00")
    return engine


Values = dict[str, "str | bytes"]


def sign(values: Mapping[str, str | bytes], secret: str = "sheet-secret-1") -> str:
    """The MD5 of section 2, of the bytes."""
    raw = {name: _raw(value) for name, value in values.items()}
    parts = [raw.get("click_trans_id", b""), raw.get("service_id", b""), secret.encode()]
    parts.append(raw.get("merchant_trans_id", b""))
    if values.get("action") == "1":
        parts.append(raw.get("merchant_prepare_id", b""))
    parts += [raw.get(name, b"") for name in ("amount", "action", "sign_time")]
    return hashlib.md5(b"".join(parts)).hexdigest()


def _raw(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def prepare(**changes: str | bytes | None) -> Values:
    """The fields of a Prepare with some changed, or left out (None); not signed yet."""
    given = {**FIELDS, **changes}
    return {name: value for name, value in given.items() if value is not None}


def complete(prepare_id: object, **changes: str | bytes | None) -> Values:
    """The fields of a Complete, likewise."""
    common = {"action": "1", "merchant_prepare_id": str(prepare_id), "sign_time": COMPLETE_AT}
    return prepare(**{**common, **changes})


def post(endpoint: Endpoint, body: str | bytes, bank: str = "click") -> Reply:
    """Post a form as it is."""
    return endpoint.call(f"/{bank}", "POST", body, FORM)


def send(endpoint: Endpoint, values: Values, bank: str = "click") -> Reply:
    """Post these fields, signed unless they are."""
    signed = {"sign_string": sign(values), **values}
    return post(endpoint, "&".join(f"{name}={quote_plus(signed[name])}" for name in signed), bank)


def read(reply: Reply) -> dict[str, Any]:
    """The members of an answer."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    answer = json.loads(reply.body)
    assert isinstance(answer, dict)
    for name, value in answer.items():
        assert type(value) is (str if name in ("merchant_trans_id", "error_note") else int), name
    return answer


def ask(endpoint: Endpoint, values: Values, bank: str = "click") -> dict[str, Any]:
    """Post these fields, signed; the answer."""
    return read(send(endpoint, values, bank))


def error(endpoint: Endpoint, values: Values, bank: str = "click") -> int:
    """Post these fields, signed; the code, whose note must be the papers' own."""
    answer = ask(endpoint, values, bank)
    assert answer["error_note"] == OUR_FAULTS[answer["error"]]
    return int(answer["error"])


def booked(endpoint: Endpoint, bank: str = "click", **changes: str) -> int:
    """Prepare, which must succeed; our id."""
    answer = ask(endpoint, prepare(**changes), bank)
    assert answer["error"] == 0, answer
    return int(answer["merchant_prepare_id"])


def states(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded: id, sum, state, reason; oldest first."""
    return engine.rows("SELECT txn_id, amount, state, cancel_reason FROM payment ORDER BY id")


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order, with the sheet's own signs."""
    # 1, to the letter
    first = post(endpoint, f"{BASE}&sign_string=c8580d7df5b88a6a2927d5bf6900f152")
    (number,) = books.rows("SELECT id FROM payment")[0]
    assert first.text == (
        f'{{"click_trans_id":{ID},"merchant_trans_id":"77310","merchant_prepare_id":{number},'
        '"error":0,"error_note":"Success"}'
    )
    assert payments(books) == [ROW]
    # 2
    whole = BASE.replace("1200.00", "1200") + "&sign_string=c7f9f85a08e06e9676edc190a690c679"
    for body in (f"{BASE}&sign_string=c8580d7df5b88a6a2927d5bf6900f152", whole):
        assert post(endpoint, body).body == first.body
    # 3
    before = len(alarms(endpoint.log()))
    for body in (
        f"{BASE}&sign_string=c8580d7df5b88a6a2927d5bf6900f153",
        urlencode(FIELDS | {"sign_string": sign(FIELDS | {"service_id": "20203"})}),
    ):
        reply = post(endpoint, body)
        assert reply.text == '{"error":-1,"error_note":"SIGN CHECK FAILED!"}'
    assert error(endpoint, prepare(service_id="20203")) == -1
    assert alarms(endpoint.log())[before:] == ["not_authenticated"] * 3
    # 4
    assert error(endpoint, prepare(click_paydoc_id=None)) == -8
    assert read(post(endpoint, f"{BASE}&amount=1200.00&sign_string={sign(FIELDS)}"))["error"] == -8
    body = json.dumps(FIELDS | {"sign_string": sign(FIELDS)})
    reply = endpoint.call("/click", "POST", body, {"Content-Type": "application/json"})
    assert read(reply)["error"] == -8
    # 5
    assert error(endpoint, prepare(action="5")) == -3
    # 6, 7
    ids = map(str, itertools.count(2604400200))
    for account in ("77399", "77311", "7731x"):
        assert error(endpoint, prepare(click_trans_id=next(ids), merchant_trans_id=account)) == -5
    for amount in ("499.99", "20000.01", "-5", "1e3", "12,00", "10.001"):
        assert error(endpoint, prepare(click_trans_id=next(ids), amount=amount)) == -2, amount
    # 8
    before = len(alarms(endpoint.log()))
    assert error(endpoint, prepare(amount="1300.00")) == -8
    assert alarms(endpoint.log())[before:] == ["duplicate_other"]
    assert payments(books) == [ROW]
    # 9, with the sheet's own sign when our id is the sheet's
    books.execute("UPDATE payment SET id = 40117")
    done = complete(40117)
    assert sign(done) == "70a946712eb99923dc6f5cbd1be104e2"
    assert send(endpoint, done).text == (
        f'{{"click_trans_id":{ID},"merchant_trans_id":"77310","merchant_prepare_id":40117,'
        '"merchant_confirm_id":40117,"error":0,"error_note":"Success"}'
    )
    assert payments(books) == [PAID]
    # 10, 11
    for values in (done, done, prepare(), done | {"error": "-5017"}):
        assert ask(endpoint, values) == {
            "click_trans_id": int(ID),
            "merchant_trans_id": "77310",
            "merchant_prepare_id": 40117,
            "merchant_confirm_id": 40117,
            "error": -4,
            "error_note": "Already paid",
        }
    # 12, 12a
    for prepare_id in ("", "0", None):
        gives_up = complete(0, click_trans_id=OTHER, error="-5017", merchant_prepare_id=prepare_id)
        assert ask(endpoint, gives_up) == {
            "click_trans_id": int(OTHER),
            "merchant_trans_id": "77310",
            "error": -9,
            "error_note": "Transaction cancelled",
        }
    for values in (complete(40118), complete(40117, click_trans_id=OTHER)):
        answer = ask(endpoint, values)
        assert list(answer) == ["click_trans_id", "merchant_trans_id", "error", "error_note"]
        assert answer["error"] == -6
    assert payments(books) == [PAID]
    # 13, 14
    second = booked(endpoint, click_trans_id=OTHER)
    gives_up = complete(second, click_trans_id=OTHER, error="-5017")
    assert error(endpoint, gives_up) == -9
    assert states(books)[1] == (OTHER, "1200.00", "cancelled", -5017)
    for values in (gives_up | {"error": "0"}, prepare(click_trans_id=OTHER), gives_up):
        assert error(endpoint, values) == -9
    # 15
    third = booked(endpoint, click_trans_id="2604400103")
    less = complete(third, click_trans_id="2604400103", amount="12.00")
    assert error(endpoint, less) == -2
    assert states(books) == [
        (ID, "1200.00", "paid", None),
        (OTHER, "1200.00", "cancelled", -5017),
        ("2604400103", "1200.00", "created", None),
    ]
    assert error(endpoint, less | {"amount": "1200"}) == 0


@pytest.mark.parametrize("of", ["Prepare", "Complete"])
@pytest.mark.parametrize("field", [*FIELDS, "sign_string", "merchant_prepare_id"])
def test_a_field_missing_or_given_twice_is_8(
    books: Engine, endpoint: Endpoint, field: str, of: str
) -> None:
    """Step 1 comes before the sign, and only Complete has a merchant_prepare_id."""
    values = complete(booked(endpoint)) if of == "Complete" else prepare()
    signed = values | {"sign_string": sign(values)}
    text = urlencode(signed)
    assert read(post(endpoint, f"{text}&{field}=1&{field}=1"))["error"] == -8
    assert read(post(endpoint, f"{text}&%{ord(field[0]):x}{field[1:]}=1&{field}=1"))["error"] == -8
    if field in signed:
        left = urlencode({name: value for name, value in signed.items() if name != field})
        answer = read(post(endpoint, left))
        assert answer == {"error": -8, "error_note": "Error in request from click"}
    assert len(payments(books)) == (of == "Complete")


def test_an_empty_field_is_there(books: Engine, endpoint: Endpoint) -> None:
    """What is not looked at may be empty; the others are then of a wrong form."""
    assert booked(endpoint, click_paydoc_id="", error_note="")
    for field, code in (
        ("click_trans_id", -8),
        ("merchant_trans_id", -5),
        ("amount", -2),
        ("error", -8),
        ("sign_time", -8),
        ("action", -3),
        ("service_id", -1),
        ("sign_string", -1),
    ):
        assert error(endpoint, prepare(**{field: ""})) == code, field
    assert error(endpoint, complete("")) == -6
    assert payments(books) == [ROW]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        *[({"click_trans_id": text}, -8) for text in ("1" * 21, "-1", "1 ", "1.0", "١", "a")],
        *[({"error": text}, -8) for text in ("1", "+0", "0.0", "-", "1" * 10, "-٣", "None", "-0 ")],
        *[
            ({"sign_time": text}, -8)
            for text in (
                "2026-02-30 12:00:05",
                "2026-03-16T12:00:05",
                "2026-03-16 12:00",
                "2026-03-16 24:00:00",
                "2026-03-16 12:00:05 ",
                "0000-03-16 12:00:05",
                "２026-03-16 12:00:05",
                "1773644405",
            )
        ],
        *[
            ({"amount": text}, -2)
            for text in (
                *("01200", "1200.", ".5", "1200.000", "+1200", "1 200", " 1200", "1200\n", "0x4b0"),
                *("1_200", "nan", "inf", "NaN", "１200", "1200,00", "1234567890123", "1e3", "0"),
            )
        ],
        *[
            ({"merchant_trans_id": text}, -5)
            for text in ("7731", "773100", "77310 ", "７7310", "77310\n", "\0", "77399", "77312")
        ],
    ],
)
def test_a_wrong_form_is_refused_with_its_code(
    books: Engine, endpoint: Endpoint, changes: dict[str, str], code: int
) -> None:
    """The table of section 3, rightly signed; nothing is stored."""
    assert error(endpoint, prepare(**changes)) == code
    assert payments(books) == []


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "abc", "٤", "9" * 30, " ", "0{id}", "{id} "])
def test_another_prepare_id_is_6(books: Engine, endpoint: Endpoint, text: str) -> None:
    number = booked(endpoint)
    assert error(endpoint, complete(text.format(id=number))) == -6
    assert payments(books) == [ROW]


@pytest.mark.parametrize(
    "sign_time", ["0001-01-01 00:00:00", "1969-12-31 23:59:59", "9999-12-31 23:59:59"]
)
def test_a_sign_time_of_any_age_is_stored_as_it_is(
    books: Engine, endpoint: Endpoint, sign_time: str
) -> None:
    number = booked(endpoint, sign_time=sign_time)
    assert payments(books)[0][5] == sign_time
    assert error(endpoint, complete(number, sign_time=sign_time)) == 0
    assert payments(books)[0][4:6] == ("paid", sign_time)


# (fields, the code of the first that is wrong), in the order of section 4
ORDER: list[tuple[dict[str, str | None], int]] = [
    ({"click_paydoc_id": None, "sign_string": "0", "action": "7"}, -8),
    ({"sign_string": "0" * 32, "action": "7", "amount": "x"}, -1),
    ({"service_id": "1", "action": "7"}, -1),
    ({"action": "7", "amount": "x", "click_trans_id": "x"}, -3),
    ({"sign_time": "x", "amount": "x", "merchant_trans_id": "x"}, -8),
    ({"amount": "x", "merchant_trans_id": "x", "error": "1"}, -2),
    ({"merchant_trans_id": "x", "error": "1"}, -5),
    ({"error": "1", "merchant_trans_id": "77399"}, -8),
    ({"error": "-1", "amount": "1.00", "merchant_trans_id": "77399"}, -9),
    ({"amount": "1.00", "merchant_trans_id": "77399"}, -2),
]


@pytest.mark.parametrize(("changes", "code"), ORDER)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], code: int
) -> None:
    assert error(endpoint, prepare(**changes)) == code
    assert payments(books) == []


def test_the_order_of_a_complete(books: Engine, endpoint: Endpoint) -> None:
    """Form of the account before that of the id, and both before a positive error."""
    number = booked(endpoint)
    assert error(endpoint, complete("x", merchant_trans_id="x", error="1")) == -5
    assert error(endpoint, complete("x", error="1")) == -6
    assert error(endpoint, complete("", error="1")) == -6
    assert error(endpoint, complete(number + 1, error="1")) == -8
    assert error(endpoint, complete(number, merchant_trans_id="77311", error="-1")) == -6
    assert error(endpoint, complete(number + 1, error="-1", amount="1.00")) == -6
    for other in ("", "0", None):
        assert error(endpoint, complete(0, error="-1", merchant_prepare_id=other)) == -6, other
    for other in ("x", "0x1", "-1"):
        assert error(endpoint, complete(other, error="-1", click_trans_id="77")) == -6, other
    assert payments(books) == [ROW]
    # An amount that Click gives up is not looked at.
    assert error(endpoint, complete(number, error="-1", amount="1.00")) == -9


@pytest.mark.parametrize("bank", ["click", "zero"])
def test_the_sign_is_compared_without_letter_case(
    books: Engine, endpoint: Endpoint, bank: str
) -> None:
    values = prepare()
    upper = values | {"sign_string": sign(values).upper()}
    assert error(endpoint, upper, bank) == 0
    assert len(payments(books)) == 1


@pytest.mark.parametrize(
    "wrong",
    ["", "0", "é" * 32, "％00", b"\xff\xfe", "\ud7ff", "\0" * 32, "x" * 5000, "K" * 32],
)
def test_a_sign_of_any_characters_is_wrong_and_no_surprise(
    books: Engine, endpoint: Endpoint, wrong: str | bytes
) -> None:
    assert ask(endpoint, prepare(sign_string=wrong)) == {
        "error": -1,
        "error_note": "SIGN CHECK FAILED!",
    }
    assert payments(books) == []


def test_every_secret_of_the_list_is_good_and_no_other(books: Engine, endpoint: Endpoint) -> None:
    values = prepare()
    for secret, code in (("an older one", 0), ("sheet-secret-1", 0), ("", -1), ("an older", -1)):
        signed = values | {"sign_string": sign(values, secret)}
        assert error(endpoint, signed, "zero") == code, secret
    assert error(endpoint, values | {"sign_string": sign(values, "an older one")}) == -1
    assert len(payments(books)) == 1


def test_values_are_signed_as_received(books: Engine, endpoint: Endpoint) -> None:
    """Not as written in another way, and not with the fields that are not signed."""
    values = prepare(amount="1200.5", error_note="Zoʻr", click_paydoc_id="Ω")
    assert error(endpoint, values | {"sign_string": sign(values | {"amount": "1200.50"})}) == -1
    assert error(endpoint, values) == 0
    assert payments(books)[0][3] == "1200.50"
    number = books.rows("SELECT id FROM payment")[0][0]
    done = complete(number, amount="1200.50")
    assert error(endpoint, done | {"sign_string": sign(prepare(amount="1200.50"))}) == -1
    assert error(endpoint, done) == 0


def test_a_prepare_does_not_sign_a_prepare_id(books: Engine, endpoint: Endpoint) -> None:
    """What Click may send along is ignored like every other field."""
    assert error(endpoint, prepare(merchant_prepare_id="40117")) == 0
    assert payments(books) == [ROW]


@pytest.mark.parametrize("separator", ["&", "&&", "&unknown=1&unknown=2&"])
def test_other_fields_are_ignored(books: Engine, endpoint: Endpoint, separator: str) -> None:
    values = prepare() | {"sign_string": sign(FIELDS), "param2": "x", "merchant_user_id": "7"}
    body = separator.join(f"{name}={quote_plus(value)}" for name, value in values.items())
    assert read(post(endpoint, body))["error"] == 0
    assert payments(books) == [ROW]


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("merchant_trans_id", -5),
        ("amount", -2),
        ("click_trans_id", -8),
        ("sign_time", -8),
        ("error", -8),
        ("error_note", 0),
        ("click_paydoc_id", 0),
        ("service_id", -1),
        ("action", -3),
    ],
)
def test_bytes_that_are_not_utf8_are_signed_and_then_refused_by_their_form(
    books: Engine, endpoint: Endpoint, field: str, code: int
) -> None:
    """Also where the pattern of the settings lets everything through."""
    for wrong in (b"\xff\xfe7", b"\xed\xa0\x80", b"77310\x80"):
        values = prepare(**{field: wrong})
        answer = ask(endpoint, values, "pairs")
        assert answer["error"] == code, (field, wrong)
        assert "\\ud" not in json.dumps(answer)
        other_bytes = values | {field: b"\xfe"}
        if code in (-5, -2, -8) and field != "error":
            signed = values | {"sign_string": sign(other_bytes)}
            assert error(endpoint, signed, "pairs") == -1
    assert len(payments(books)) == (code == 0)


def test_ids_are_echoed_exactly_or_not_at_all(books: Engine, endpoint: Endpoint) -> None:
    """From step 4 on; Click's own as a JSON integer of up to 20 digits."""
    for txn_id, account, echoed in (
        ("9" * 20, "7731x", {"click_trans_id": int("9" * 20), "merchant_trans_id": "7731x"}),
        ("x", "77399", {"merchant_trans_id": "77399"}),
        ("7", 'Ω"<\\', {"click_trans_id": 7, "merchant_trans_id": 'Ω"<\\'}),
        ("7", b"\xff", {"click_trans_id": 7}),
    ):
        answer = ask(endpoint, prepare(click_trans_id=txn_id, merchant_trans_id=account))
        assert answer.pop("error") in (-5, -8)
        assert answer.pop("error_note")
        assert answer == echoed
    assert booked(endpoint, click_trans_id="9" * 20)
    assert payments(books)[0][1] == "9" * 20


def test_a_prepare_with_an_error_stores_nothing(books: Engine, endpoint: Endpoint) -> None:
    """Not even when it is known."""
    assert error(endpoint, prepare(error="-5017")) == -9
    assert payments(books) == []
    booked(endpoint)
    assert error(endpoint, prepare(error="-5017", amount="1300.00")) == -9
    assert payments(books) == [ROW]


def test_minus_zero_is_no_error(books: Engine, endpoint: Endpoint) -> None:
    number = booked(endpoint, error="-0")
    assert error(endpoint, complete(number, error="000")) == 0
    assert payments(books) == [PAID]


@pytest.mark.parametrize("change", ["closed", "blocked", "gone"])
def test_a_known_prepare_wins_over_amount_and_account(
    books: Engine, endpoint: Endpoint, change: str
) -> None:
    """The repeat rule [8]; and Complete looks only at the row [7]."""
    number = booked(endpoint)
    if change == "gone":
        books.execute("DELETE FROM account WHERE number = '77310'")
    else:
        books.execute("UPDATE account SET state = ? WHERE number = '77310'", change)
    assert booked(endpoint) == number
    before = len(alarms(endpoint.log()))
    for other in ({"amount": "1.00"}, {"amount": "99999.99"}, {"amount": "1200.01"}):
        assert error(endpoint, prepare(**other)) == -8, other
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 3
    assert error(endpoint, prepare(click_trans_id=OTHER)) == -5
    assert error(endpoint, complete(number)) == 0
    assert error(endpoint, complete(number)) == -4
    assert error(endpoint, prepare()) == -4
    assert states(books) == [(ID, "1200.00", "paid", None)]


@pytest.mark.parametrize("account", ["77311", "77399", "77312"])
@pytest.mark.parametrize("state", ["created", "paid", "cancelled"])
def test_a_known_id_with_another_account_is_an_alarm(
    books: Engine, endpoint: Endpoint, account: str, state: str
) -> None:
    booked(endpoint)
    books.execute("UPDATE payment SET state = ?", state)
    before = len(alarms(endpoint.log()))
    assert error(endpoint, prepare(merchant_trans_id=account)) == -8
    assert alarms(endpoint.log())[before:] == ["duplicate_other"]
    assert states(books) == [(ID, "1200.00", state, None)]


def test_a_refused_prepare_is_judged_afresh(books: Engine, endpoint: Endpoint) -> None:
    assert error(endpoint, prepare(merchant_trans_id="77312")) == -5
    books.execute("UPDATE account SET state = 'active' WHERE number = '77312'")
    assert error(endpoint, prepare(merchant_trans_id="77312")) == 0
    assert len(payments(books)) == 1


def test_the_limits_are_inclusive(books: Engine, endpoint: Endpoint) -> None:
    for number, (amount, code) in enumerate(
        [("500", 0), ("500.0", 0), ("20000.00", 0), ("499.9", -2), ("20000.1", -2)]
    ):
        assert error(endpoint, prepare(click_trans_id=str(number), amount=amount)) == code, amount
    assert [row[3] for row in payments(books)] == ["500.00", "500.00", "20000.00"]


def test_only_a_complete_is_owed_money(books: Engine, endpoint: Endpoint) -> None:
    """Times of a row [7]: ours are UTC, and a booking has none but created_at."""
    number = booked(endpoint)
    times = "SELECT performed_at, cancelled_at FROM payment"
    assert books.rows(times) == [(None, None)]
    assert error(endpoint, complete(number)) == 0
    performed, cancelled = books.rows(times)[0]
    created = books.rows("SELECT created_at FROM payment")[0][0]
    assert created <= performed
    assert cancelled is None
    second = booked(endpoint, click_trans_id=OTHER)
    assert error(endpoint, complete(second, click_trans_id=OTHER, error="-999999999")) == -9
    performed, cancelled, reason = books.rows(
        "SELECT performed_at, cancelled_at, cancel_reason FROM payment WHERE id = ?", second
    )[0]
    assert (performed, reason) == (None, -999999999)
    assert cancelled >= created


def test_digits_moved_between_fields_under_the_same_sign_credit_nothing(
    books: Engine, endpoint: Endpoint
) -> None:
    """Fields are joined without separators [13]."""
    books.account("773101", owes="0.00")
    number = booked(endpoint, bank="pairs")
    done = complete(number)
    for moved, code in (
        ({"merchant_trans_id": "7731", "merchant_prepare_id": f"0{number}"}, -6),
        ({"merchant_prepare_id": f"{number}1", "amount": "200.00"}, -6),
        (
            {
                "merchant_trans_id": f"77310{number}",
                "merchant_prepare_id": "1",
                "amount": "200.00",
            },
            -6,
        ),
        ({"click_trans_id": "260440010", "service_id": "120202"}, -1),
    ):
        values = done | moved
        assert sign(values) == sign(done)
        assert error(endpoint, values, "pairs") == code, moved
    assert [row[4] for row in payments(books)] == ["created"]


def test_one_payer_s_complete_does_not_close_another_s_payment(
    books: Engine, endpoint: Endpoint
) -> None:
    books.account("77313", owes="0.00")
    first = booked(endpoint)
    second = booked(endpoint, click_trans_id=OTHER, merchant_trans_id="77313")
    assert error(endpoint, complete(second)) == -6
    assert error(endpoint, complete(first, click_trans_id=OTHER)) == -6
    assert error(endpoint, complete(second, click_trans_id=OTHER)) == -6
    assert [row[2] for row in states(books)] == ["created", "created"]
    right = complete(second, click_trans_id=OTHER, merchant_trans_id="77313")
    assert error(endpoint, right) == 0


@pytest.mark.parametrize(("bank", "code"), [("click", -4), ("zero", 0), ("pairs", 0)])
def test_what_a_repeated_complete_hears_is_a_setting(
    books: Engine, endpoint: Endpoint, bank: str, code: int
) -> None:
    """A Complete that gives up, or is of another sum, is no repeat."""
    number = booked(endpoint, bank)
    first = send(endpoint, complete(number), bank)
    again = send(endpoint, complete(number), bank)
    assert read(again)["error"] == code
    assert (again.body == first.body) == (code == 0)
    assert read(again)["merchant_confirm_id"] == number
    assert error(endpoint, complete(number, error="-1"), bank) == -4
    assert error(endpoint, complete(number, amount="1.00"), bank) == -4
    assert error(endpoint, prepare(), bank) == -4
    assert [row[2] for row in states(books)] == ["paid"]


def test_codes_may_be_set(books: Engine, endpoint: Endpoint) -> None:
    """A number that the papers do not have is explained by what stands for it here."""
    for account, code, note in (
        ("77311", -31, "User does not exist"),
        ("77312", -9, "Transaction cancelled"),
        ("77399", -5, "User does not exist"),
    ):
        answer = ask(endpoint, prepare(merchant_trans_id=account), "pairs")
        assert (answer["error"], answer["error_note"]) == (code, note)
    number = booked(endpoint, "pairs")
    answer = ask(endpoint, complete(number, error="-1"), "pairs")
    assert answer["error"] == -40


def test_equal_prepares_at_once_are_one_row(books: Engine, endpoint: Endpoint) -> None:
    replies = at_once(lambda: send(endpoint, prepare()))
    assert len({reply.body for reply in replies}) == 1
    assert read(replies[0])["error"] == 0
    assert payments(books) == [ROW]


def test_equal_completes_at_once_are_one_credit(books: Engine, endpoint: Endpoint) -> None:
    number = booked(endpoint)
    answers = [read(reply) for reply in at_once(lambda: send(endpoint, complete(number)))]
    assert sorted(answer["error"] for answer in answers) == [-4] * 19 + [0]
    assert {answer["merchant_confirm_id"] for answer in answers} == {number}
    assert payments(books) == [PAID]


def test_complete_and_giving_up_at_once_agree(books: Engine, endpoint: Endpoint) -> None:
    """Whoever is first decides, and the others hear it."""
    for txn_id in ("31", "32", "33", "34"):
        number = booked(endpoint, click_trans_id=txn_id)
        done = complete(number, click_trans_id=txn_id)
        calls = [done, done | {"error": "-5017"}] * 5
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda values: error(endpoint, values), calls))
        state = books.rows("SELECT state FROM payment WHERE txn_id = ?", txn_id)[0][0]
        expected = [-4] * 9 + [0] if state == "paid" else [-9] * 10
        assert sorted(answers) == expected, state


def test_any_number_of_transactions_of_an_account(books: Engine, endpoint: Endpoint) -> None:
    ids = [str(number) for number in range(41, 44)]
    ours = {txn_id: booked(endpoint, click_trans_id=txn_id) for txn_id in ids}
    for txn_id in reversed(ids):
        assert error(endpoint, complete(ours[txn_id], click_trans_id=txn_id)) == 0
    assert [row[2] for row in states(books)] == ["paid"] * 3


def invoice(**changes: str) -> Values:
    """A Prepare of an invoice."""
    return prepare(**{"merchant_trans_id": "A-1", **changes})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"amount": "1200"}, 0),
        ({"amount": "1199.99"}, -2),
        ({"amount": "1200.01"}, -2),
        ({"merchant_trans_id": "A-2"}, -5),
        ({"merchant_trans_id": "A-3"}, -5),
        ({"merchant_trans_id": "A-9"}, -5),
        ({"merchant_trans_id": "77310"}, -5),
    ],
)
def test_an_invoice_is_paid_by_its_whole_sum(
    books: Engine, endpoint: Endpoint, changes: dict[str, str], code: int
) -> None:
    assert error(endpoint, invoice(**changes), "bills") == code
    assert len(payments(books)) == (code == 0)


def test_the_first_complete_pays_the_invoice(books: Engine, endpoint: Endpoint) -> None:
    """An abandoned Prepare blocks nobody; every later Complete of another id waits on [7]."""
    ids = [str(number) for number in range(51, 54)]
    ours = {txn_id: ask(endpoint, invoice(click_trans_id=txn_id), "bills") for txn_id in ids}
    done = [
        complete(
            ours[txn_id]["merchant_prepare_id"], click_trans_id=txn_id, merchant_trans_id="A-1"
        )
        for txn_id in ids
    ]
    assert error(endpoint, done[1], "bills") == 0
    for values in (done[0], done[2], done[0], done[1]):
        answer = ask(endpoint, values, "bills")
        assert answer["error"] == -4
        assert answer["merchant_prepare_id"] == int(str(values["merchant_prepare_id"]))
    assert [row[2] for row in states(books)] == ["created", "paid", "created"]
    # A new one is not booked any more, a known one gets its first answer.
    answer = ask(endpoint, invoice(click_trans_id="59"), "bills")
    assert list(answer) == ["click_trans_id", "merchant_trans_id", "error", "error_note"]
    assert answer["error"] == -4
    assert ask(endpoint, invoice(click_trans_id="51"), "bills") == ours["51"]
    # One that waits may still be given up.
    assert error(endpoint, done[0] | {"error": "-1"}, "bills") == -9


def test_an_invoice_is_completed_once_by_many_at_once(books: Engine, endpoint: Endpoint) -> None:
    for turn in range(5):
        number = f"B-{turn}"
        books.invoice("77310", number, "1200.00")
        calls = []
        for own in range(8):
            txn_id = f"{turn}{own}"
            fields = {"click_trans_id": txn_id, "merchant_trans_id": number}
            calls.append(complete(booked(endpoint, "bills", **fields), **fields))
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda values: error(endpoint, values, "bills"), calls))
        assert sorted(answers) == [-4] * 7 + [0]
    assert [row[2] for row in states(books)].count("paid") == 5


def test_when_nothing_can_be_known_complete_is_a_broken_line(
    books: Engine, endpoint: Endpoint
) -> None:
    """Every negative number would give the money back [6]; Prepare may say -7."""
    number = booked(endpoint)
    with broken(books):
        answer = ask(endpoint, prepare())
        assert answer == {
            "click_trans_id": int(ID),
            "merchant_trans_id": "77310",
            "error": -7,
            "error_note": "Failed to update user",
        }
        for values in (complete(number), complete(number, error="-1")):
            reply = send(endpoint, values)
            assert (reply.status, reply.body) == (503, b"")
    assert payments(books) == [ROW]
    assert error(endpoint, complete(number)) == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_does_nothing(books: Engine, endpoint: Endpoint, method: str) -> None:
    query = urlencode(FIELDS | {"sign_string": sign(FIELDS)})
    reply = endpoint.call(f"/click?{query}", method)
    assert (reply.status, reply.body) == (405, b"")
    assert payments(books) == []


def test_the_query_is_not_read(books: Engine, endpoint: Endpoint) -> None:
    """Neither instead of the form, nor as a second value of a field."""
    query = urlencode(FIELDS | {"sign_string": sign(FIELDS)})
    assert read(endpoint.call(f"/click?{query}", "POST", b"", FORM))["error"] == -8
    assert payments(books) == []
    assert read(endpoint.call(f"/click?{query}", "POST", query, FORM))["error"] == 0


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("application/x-www-form-urlencoded; charset=utf-8", 0),
        ("APPLICATION/X-WWW-FORM-URLENCODED", 0),
        ("text/plain", -8),
        ("multipart/form-data; boundary=x", -8),
        ("", -8),
    ],
)
def test_only_a_form_is_read(
    books: Engine, endpoint: Endpoint, content_type: str, code: int
) -> None:
    body = urlencode(FIELDS | {"sign_string": sign(FIELDS)})
    reply = endpoint.call("/click", "POST", body, {"Content-Type": content_type})
    assert read(reply)["error"] == code
    assert len(payments(books)) == (code == 0)


@pytest.mark.parametrize(
    "body",
    [b"", b"&&&", b"=", b"\0", b"\xff=\xff", b"a" * 70_000, b"&".join([b"amount=1"] * 7000), b"%"],
)
def test_any_body_is_answered(endpoint: Endpoint, body: bytes) -> None:
    answer = read(post(endpoint, body))
    assert answer == {"error": -8, "error_note": "Error in request from click"}


@pytest.mark.parametrize(
    ("address", "status"),
    [("/away", 403), ("/token", 404), ("/token/x", 404), ("/click/", 404), ("/click/prepare", 404)],
)
def test_strangers_and_other_addresses_hear_nothing(
    books: Engine, endpoint: Endpoint, address: str, status: int
) -> None:
    body = urlencode(FIELDS | {"sign_string": sign(FIELDS)})
    reply = endpoint.call(address, "POST", body, FORM)
    assert (reply.status, reply.body) == (status, b"")
    assert payments(books) == []


def test_the_log_tells_each_call(books: Engine, endpoint: Endpoint) -> None:
    """With the number of the payer's SMS, without sign and secret."""
    before = len(endpoint.log())
    number = booked(endpoint, click_paydoc_id="5512")
    assert error(endpoint, complete(number, click_paydoc_id='"\n' + "9" * 300)) == 0
    prepared, completed = endpoint.log()[before:]
    expected = {
        "bank": "click",
        "command": "prepare",
        "txn_id": ID,
        "account": "77310",
        "sum": "1200.00",
        "outcome": "ok",
        "code": "0",
        "click_paydoc_id": "5512",
    }
    assert expected.items() <= prepared.items()
    assert completed["command"] == "complete"
    assert completed["click_paydoc_id"] == '"\n' + "9" * 198
    assert sign(prepare()) not in str(prepared)
    assert "sheet-secret" not in endpoint.output()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("service_id = 20202", ""), "service_id: missing"),
        (("service_id = 20202", 'service_id = ""'), "service_id: expected"),
        (("service_id = 20202", "service_id = true"), "service_id: expected"),
        (("service_id = 20202", "service_id = 20202\nrepeat_complete = -5"), "repeat_complete"),
        (("service_id = 20202", "service_id = 20202\nrepeat_complete = false"), "repeat_complete"),
        (('secret = "s"', ""), "secret: missing"),
        (('secret = "s"', 'secret = ""'), "secret: expected"),
        (('secret = "s"', "secret = []"), "secret: expected"),
    ],
)
def test_a_fault_in_the_settings_is_named(
    tmp_path: Path, change: tuple[str, str], fault: str
) -> None:
    lines = 'service_id = 20202\nsecret = "s"'

    bank = load(write_bank("click", lines, tmp_path)).banks["click"]
    assert bank.own["repeat_complete"] == "-4"
    with pytest.raises(SettingsError, match=f"BANKS.click.{fault}"):
        load(write_bank("click", lines.replace(*change), tmp_path))


def test_clicks_own_acceptance_test(books: Engine, endpoint: Endpoint) -> None:
    """The fifteen scenarios of docs.click.uz (testing, Postman), with late_cancel = "cancel".

    A group shares its click_trans_id, as the collection's variables do.
    """
    bank, wrong = "cancels", "0" * 32
    first, second, third = ({"click_trans_id": txn_id} for txn_id in ("81", "82", "83"))
    assert error(endpoint, prepare(**first, sign_string=wrong), bank) == -1  # 1
    assert error(endpoint, prepare(**first, merchant_trans_id="77399"), bank) == -5  # 2
    number = booked(endpoint, bank, **first)  # 3
    for change, code in (
        ({"sign_string": wrong}, -1),  # 4
        ({"amount": "300"}, -2),  # 5: under the limits, too
        ({}, 0),  # 6
        ({}, -4),  # 7
        ({"error": "-5017"}, -9),  # 8
    ):
        assert error(endpoint, complete(number, **first, **change), bank) == code, change
    number = booked(endpoint, bank, **second)  # 9
    assert error(endpoint, complete(999999999, **second), bank) == -6  # 10
    assert error(endpoint, complete(number, **second), bank) == 0  # 11
    number = booked(endpoint, bank, **third)  # 12
    for given_up in ("-5017", "-5017", "0"):  # 13, 14, 15
        assert error(endpoint, complete(number, **third, error=given_up), bank) == -9

    assert states(books) == [
        ("81", "1200.00", "cancelled", -5017),
        ("82", "1200.00", "paid", None),
        ("83", "1200.00", "cancelled", -5017),
    ]


@pytest.mark.parametrize(
    ("bank", "code", "state"), [("click", -4, "paid"), ("cancels", -9, "cancelled")]
)
def test_what_a_late_cancel_does_is_a_setting(
    books: Engine, endpoint: Endpoint, bank: str, code: int, state: str
) -> None:
    """late_cancel [8]: the sum is owed again, or it stays paid; what is cancelled stays so."""
    number = booked(endpoint, bank)
    assert error(endpoint, complete(number), bank) == 0
    late = complete(number, error="-5017")
    first = ask(endpoint, late, bank)
    ours = {"merchant_prepare_id", "merchant_confirm_id"}
    assert (first["error"], ours <= first.keys()) == (code, code == -4)
    assert ask(endpoint, late, bank) == first
    assert states(books) == [(ID, "1200.00", state, -5017 if state == "cancelled" else None)]
    assert error(endpoint, complete(number), bank) == code
    assert error(endpoint, prepare(), bank) == code
    # Another's cancel takes nothing off.
    for other in ({"merchant_trans_id": "77311"}, {"merchant_prepare_id": str(number + 1)}):
        assert error(endpoint, complete(number, error="-1", **other), bank) == -6
    assert [row[2] for row in states(books)] == [state]


def test_cancels_of_a_paid_one_at_once_are_one(books: Engine, endpoint: Endpoint) -> None:
    """With late_cancel = "cancel": one cancelled_at."""
    number = booked(endpoint, "cancels")
    assert error(endpoint, complete(number), "cancels") == 0
    late = complete(number, error="-5017")
    replies = at_once(lambda: send(endpoint, late, "cancels"))
    assert {read(reply)["error"] for reply in replies} == {-9}
    assert len({reply.body for reply in replies}) == 1
    assert [row[2] for row in states(books)] == ["cancelled"]


@pytest.mark.parametrize("prepare_id", ["", "0", None, "40118", "00", "040118"])
def test_a_cancel_of_what_we_refused_is_9(
    books: Engine, endpoint: Endpoint, prepare_id: str | None
) -> None:
    """A refused Prepare is followed by a Complete "with the mark of cancellation" [4]."""
    assert error(endpoint, prepare(merchant_trans_id="77311")) == -5
    gives_up = complete(0, merchant_trans_id="77311", merchant_prepare_id=prepare_id, error="-1")
    assert error(endpoint, gives_up) == -9
    line = endpoint.log()[-1]
    assert (line["outcome"], line["code"], "alarm" in line) == ("payment_cancelled", "-9", False)
    assert payments(books) == []
    # Without the mark it is another matter.
    assert error(endpoint, gives_up | {"error": "0"}) == (-8 if prepare_id is None else -6)


INFO: dict[str, Any] = {"action": 0, "service_id": 20202, "params": {"contract": "77310"}}
SHOWN = {
    "error": 0,
    "error_note": "Success",
    "params": {"fio": "А*** К***", "debt": "3200.00"},
}
SIGNED = {
    **{"click_paydoc_id": 990001, "attempt_trans_id": 2604400101},
    "sign_time": "2026-03-16 12:00:05",
}


def get_info(endpoint: Endpoint, body: Any, bank: str = "info") -> dict[str, Any]:
    """Ask for the payer's name and debt; a refusal has nothing but the code and the note."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    reply = endpoint.call(f"/{bank}/info", "POST", text)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    answer = dict(json.loads(reply.body))
    assert list(answer) == ["error", "error_note", *(["params"] if answer["error"] == 0 else [])]
    return answer


def test_the_worked_examples_of_getinfo(books: Engine, endpoint: Endpoint) -> None:
    """Section 11, rows 16 to 19, with the sheet's own signs."""
    assert get_info(endpoint, INFO) == SHOWN
    others: list[tuple[dict[str, Any], int]] = [
        ({"params": {"contract": 77310}}, 0),
        ({"params": {"contract": "77399"}}, -5),
        ({"params": {"contract": "77311"}}, -5),
        ({"params": {"contract": "7731x"}}, -5),
        ({"params": {}}, -8),
        ({"params": "77310"}, -8),
        ({"service_id": 20203}, -1),
        ({"action": 1}, -3),
        ({"action": None}, -8),
    ]
    for changes, code in others:
        answer = get_info(endpoint, {**INFO, **changes})
        assert (answer["error"], answer["error_note"]) == (code, OUR_FAULTS[code]), changes
    named = {"contract": "77310", "full_name": "А К"}
    signed: list[tuple[dict[str, Any], int]] = [
        ({**SIGNED, "sign_string": "bc504fbd9c9d56e90625a40fb9a884b7"}, 0),
        ({**SIGNED, "sign_string": "bc504fbd9c9d56e90625a40fb9a884b8"}, -1),
        ({**SIGNED, "params": named, "sign_string": "6bd3b5ef48ad56f5cd79fb3d0302a9de"}, 0),
        (
            {
                "sign_time": SIGNED["sign_time"],
                "sign_string": "d090cc4b5840c3558bf8333a6e4c4be9",
            },
            0,
        ),
    ]
    for changes, code in signed:
        answer = get_info(endpoint, {**INFO, **changes})
        assert answer == (SHOWN if code == 0 else {"error": -1, "error_note": OUR_FAULTS[-1]})
    for path, status in (("/info/info", 405), ("/click/info", 404), ("/away/info", 403)):
        reply = endpoint.call(path)
        assert (reply.status, reply.body) == (status, b"")
    for method in ("POST", "GET"):
        assert endpoint.call("/click/info", method, json.dumps(INFO)).status == 404
    assert payments(books) == []


NO_PARAMS: list[Any] = [[], 5, True, "x", [{"contract": "1"}]]
NO_NUMBERS: list[Any] = [None, True, [], {}, ["77310"]]
NO_SERVICES: list[Any] = ["020202", "", True, [], 1]
NO_SIGNS: list[Any] = ["", "x", 5, [], "é" * 32, "0" * 32]
NO_ACTIONS: list[Any] = [1, 2, 3, 4, "1", "00", "", True, [], -0.5]
NOBODY: list[Any] = ["", "7731", "77312", " 77310", 7]
FAULTS: list[tuple[Any, int]] = [
    # -8: unreadable, not an object, a member twice, one of the three missing
    *((raw, -8) for raw in (b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 50_000)),
    ('{"action":0,"action":0,"service_id":20202,"params":{"contract":"77310"}}', -8),
    ('{"action":0,"service_id":20202,"params":{"contract":"77310","contract":"77310"}}', -8),
    *(({name: value for name, value in INFO.items() if name != left}, -8) for left in INFO),
    *(({**INFO, left: None}, -8) for left in INFO),
    *(({**INFO, "params": params}, -8) for params in NO_PARAMS),
    *(({**INFO, "params": {"contract": x}}, -8) for x in NO_NUMBERS),
    ('{"action":0,"service_id":20202,"params":{"contract":77310.0}}', -8),
    ({**INFO, "params": {"contract": "77310", "x": [1]}}, -8),
    ({**INFO, "params": {"contract": "77310", "x": None}}, -8),
    ({"action": 7, "service_id": 1, "params": {}}, -8),
    # -1: another service, or a sign that is wrong; before the action
    *(({**INFO, "service_id": x, "action": 7}, -1) for x in NO_SERVICES),
    *(({**INFO, "sign_string": x}, -1) for x in NO_SIGNS),
    # -3
    *(({**INFO, "action": x}, -3) for x in NO_ACTIONS),
    ({**INFO, "action": 1, "params": {"contract": "x"}}, -3),
    # -5
    *(({**INFO, "params": {"contract": x}}, -5) for x in NOBODY),
    # taken
    ({**INFO, "action": "0", "service_id": "20202", "more": [1.5]}, 0),
    ({**INFO, "sign_string": None}, 0),
    ({**INFO, "params": {"x": 1, "contract": "77310", "y": "\ud800"}}, 0),
]


@pytest.mark.parametrize(("body", "code"), FAULTS)
def test_the_first_fault_of_a_getinfo_is_the_answer(
    books: Engine, endpoint: Endpoint, body: Any, code: int
) -> None:
    """Section 9, in its order; nothing is written and nobody else is told of."""
    assert get_info(endpoint, body)["error"] == code
    assert endpoint.log()[-1]["command"] == "info"
    assert payments(books) == []


def info_sign(body: dict[str, Any], secret: str = "sheet-secret-1") -> str:
    """MD5 of section 9."""
    parts = [body.get("click_paydoc_id", ""), body.get("attempt_trans_id", "")]
    parts += [body["service_id"], secret, *body["params"].values(), body["action"]]
    text = "".join(map(str, [*parts, body.get("sign_time", "")]))
    return hashlib.md5(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {},
        SIGNED,
        {"params": {"z": 1, "contract": 77310, "a": "Ω"}},
        {"params": {"a": "Ω", "contract": 77310, "z": 1}},
        {"service_id": "20202", "action": "0"},
    ],
)
@pytest.mark.parametrize("secret", ["sheet-secret-1", "older"])
def test_a_sign_of_a_getinfo_is_of_the_values_in_their_order(
    books: Engine, endpoint: Endpoint, change: dict[str, Any], secret: str
) -> None:
    """In either letter case, by any secret [2, 9]."""
    body = {**INFO, **change}
    right = info_sign(body, secret)
    for text, code in ((right, 0), (right.upper(), 0), (right[::-1], -1)):
        assert get_info(endpoint, {**body, "sign_string": text})["error"] == code
    other = {**body, "sign_time": "2026-03-16 12:00:06", "sign_string": right}
    assert get_info(endpoint, other)["error"] == -1


def test_what_a_getinfo_shows_is_a_setting(
    books: Engine, endpoint: Endpoint, command: Callable[..., CompletedProcess[str]]
) -> None:
    """account_field, show, labels, codes; the address may have a token [9, 10]."""
    books.execute("UPDATE account SET address = 'Navoiy, 1' WHERE number = '77310'")
    token = command("url", "infotoken").stdout.strip().rpartition("/")[2]
    ask_there = {**INFO, "params": {"account": "77310"}}

    answer = get_info(endpoint, ask_there, f"infotoken/{token}")
    assert answer["params"] == {"qarz": "3200.00", "address": "Navoiy, 1"}
    unknown = {**INFO, "params": {"account": "77399"}}
    answer = get_info(endpoint, unknown, f"infotoken/{token}")
    assert (answer["error"], answer["error_note"]) == (-250, "User does not exist")
    assert get_info(endpoint, INFO, f"infotoken/{token}")["error"] == -8
    for path in ("/infotoken/info", "/infotoken/x/info", f"/infotoken/{token}/info/"):
        reply = endpoint.call(path, "POST", json.dumps(ask_there))
        assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize(
    ("paid", "debt"), [("1200.00", "2000.00"), ("3200.00", "0.00"), ("3200.01", "0.00")]
)
def test_the_debt_of_a_getinfo_is_never_negative(
    books: Engine, endpoint: Endpoint, paid: str, debt: str
) -> None:
    """In sums, two decimals [9]."""
    assert error(endpoint, complete(booked(endpoint, amount=paid), amount=paid)) == 0

    assert get_info(endpoint, INFO)["params"]["debt"] == debt


def test_a_getinfo_of_an_invoice(books: Engine, endpoint: Endpoint) -> None:
    """Unknown or cancelled: -5; paid: -4, as a Prepare of it."""
    assert get_info(endpoint, {**INFO, "params": {"contract": "A-1"}}, "infobills")["error"] == 0
    for number in ("A-2", "A-3", "A-9", "77310"):
        asked = {**INFO, "params": {"contract": number}}
        assert get_info(endpoint, asked, "infobills")["error"] == -5, number
    ours = booked(endpoint, "infobills", merchant_trans_id="A-1")
    assert error(endpoint, complete(ours, merchant_trans_id="A-1"), "infobills") == 0
    assert get_info(endpoint, {**INFO, "params": {"contract": "A-1"}}, "infobills")["error"] == -4


def test_a_getinfo_without_a_database_is_7(books: Engine, endpoint: Endpoint) -> None:
    with broken(books, "invoice"):
        assert get_info(endpoint, INFO)["error"] == -7


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", FORM["Content-Type"]])
def test_the_content_type_of_a_getinfo_is_not_looked_at(
    books: Engine, endpoint: Endpoint, content_type: str
) -> None:
    body = json.dumps(INFO)
    reply = endpoint.call("/info/info", "POST", body, {"Content-Type": content_type})
    assert json.loads(reply.body) == SHOWN
    long = endpoint.call("/info/info", "POST", body + " " * 70_000)
    assert json.loads(long.body)["error"] == -8


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_a_getinfo_is_a_post(endpoint: Endpoint, method: str) -> None:
    reply = endpoint.call("/info/info", method, json.dumps(INFO))
    assert (reply.status, reply.body) == (405, b"")


@pytest.mark.parametrize(
    ("proof", "fault"),
    [
        ("", "show: expected allow or url_token"),
        ('username = "c"\npassword = "of-sixteen-letters"', "show: expected"),
    ],
)
def test_getinfo_needs_a_proof_of_its_own(tmp_path: Path, proof: str, fault: str) -> None:
    """A service number is no secret: without allow or url_token the start stops [9]."""
    lines = 'service_id = 20202\nsecret = "s"\nshow = ["debt"]\n'

    with pytest.raises(SettingsError, match=f"BANKS.click.{fault}"):
        load(write_bank("click", lines + proof, tmp_path))
    for enough in ("url_token = true", 'allow = ["10.0.0.1"]'):
        assert load(write_bank("click", lines + enough, tmp_path))
