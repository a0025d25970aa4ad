"""QIWI and the OSMP family, sentence by sentence of osmp.md (sections in brackets)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from callback.protocols.osmp import ISO_DIGITS
from callback.settings import SettingsError, load
from tests.conftest import settings_toml
from tests.support import family
from tests.support.answers import alarms, at_once, broken, payments, xml
from tests.support.just_now import is_just_now
from tests.support.processes import ROOT, write_settings
from tests.support.rpc import basic

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.osmp]
protocol = "osmp"
allow = ["127.0.0.1"]
username = "osmp"
password = ["old one", "pass:word"]
weak_password = true
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
timezone = "Europe/Moscow"
show = ["name", "debt"]
cancel = true
"""
VARIANTS = """
[BANKS.plain]
protocol = "osmp"
allow = ["127.0.0.0/8", "::1"]

[BANKS.ibox]
protocol = "osmp"
allow = ["127.0.0.1"]
id_tag = "ibox_txn_id"
date_tag = "prv_txn_date"
date_form = "%Y-%m-%d %H:%M:%S"
cancel = true
sum_form = "lenient"
check_sum = "ignore"
codes = { account_blocked = "79", temporary = "90" }

[BANKS.strict]
protocol = "osmp"
allow = ["127.0.0.1"]
sum_form = "strict"
check_sum = "validate"

[BANKS.tbc]
protocol = "osmp"
username = "tbc"
password = "p4"
weak_password = true
id_tag = ""
fields_form = "extra"
txn_date = "optional"
show = ["name", "debt"]
labels = { name = "customer", debt = "debt" }
codes = { bad_sum = "275", sum_too_small = "275", sum_too_large = "275", account_closed = "7" }
timezone = "Asia/Tbilisi"

[BANKS.skynet]
protocol = "osmp"
allow = ["127.0.0.1"]
txn_id_max = 24

[BANKS.sber2]
protocol = "osmp"
allow = ["127.0.0.1"]
sberbank_tags = true
date_tag = "prv_txn_date"
check_sum = "ignore"
min_sum = "1.00"
show = ["name", "address", "debt"]
"""
UNAVAILABLE = (
    200,
    "text/xml; charset=utf-8",
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<response><result>1</result><comment>try later</comment></response>",
)
FINAL = {
    "osmp": {
        "0": "done",
        "1": "no, ask again",
        "5": "yes",
        "79": "yes",
        "300": "yes",
        "HTTP 401": "yes, until it is put right",
        "HTTP 403": "yes, until it is put right",
    }
}
SAYS = {
    "osmp": {
        "repeats": ("code `0`", "code `300`", "can be cancelled"),
        "account": (
            "digits, exactly 10",
            "`100.00`: digits, a dot or a comma, one or two digits; a bare integer is refused",
        ),
        "shown": ("The payer sees: the payer's name, masked, what is owed.",),
    }
}

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
show = ["name", "debt"]

[BANKS.plain]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.validate]
protocol = "osmp"
allow = ["127.0.0.1"]
check_sum = "validate"
min_sum = "10.00"

[BANKS.ignore]
protocol = "osmp"
allow = ["127.0.0.1"]
check_sum = "ignore"
min_sum = "10.00"

[BANKS.lenient]
protocol = "osmp"
allow = ["127.0.0.1"]
sum_form = "lenient"

[BANKS.ibox]
protocol = "osmp"
allow = ["127.0.0.1"]
id_tag = "ibox_txn_id"
date_tag = "prv_txn_date"
date_form = "%Y-%m-%d %H:%M:%S"
timezone = "Europe/Kyiv"
cancel = true

[BANKS.roubles]
protocol = "osmp"
allow = ["127.0.0.1"]
ccy = ["643", "RUB"]

[BANKS.own]
protocol = "osmp"
allow = ["127.0.0.1"]
show = ["address", "debt", "name"]
labels = { debt = "К оплате" }
codes = { account_blocked = "79", unknown_account = -5, temporary = 2, cancel_refused = "8" }
cancel = true
account_pattern = "[0-9]*"

[BANKS.silent]
protocol = "osmp"
allow = ["127.0.0.1"]
show = []

[BANKS.strict]
protocol = "osmp"
allow = ["127.0.0.1"]
sum_form = "strict"
dates = "lenient"
check_sum = "validate"
cancel = true

[BANKS.tbc]
protocol = "osmp"
username = "tbc"
password = "pw"
weak_password = true
id_tag = ""
fields_form = "extra"
txn_date = "optional"
show = ["name", "debt"]
labels = { name = "customer", debt = "debt" }
timezone = "Asia/Tbilisi"
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"

[BANKS.tbc.codes]
bad_sum = "275"
sum_too_small = "275"
sum_too_large = "275"
account_closed = "7"
duplicate_other = "215"

[BANKS.skynet]
protocol = "osmp"
allow = ["127.0.0.1"]
txn_id_max = 24
cancel = true

[BANKS.widest]
protocol = "osmp"
allow = ["127.0.0.1"]
txn_id_max = 64

[BANKS.liberty]
protocol = "osmp"
allow = ["127.0.0.1"]
fields_form = "extra"
show = []

[BANKS.bills]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"
cancel = true

[BANKS.ru]
protocol = "osmp"
allow = ["127.0.0.1"]
language = "ru"

[BANKS.kk]
protocol = "osmp"
allow = ["127.0.0.1"]
language = "kk"

[BANKS.sber2]
protocol = "osmp"
allow = ["127.0.0.1"]
sberbank_tags = true
check_sum = "ignore"
timezone = "Europe/Moscow"
show = ["name", "address", "debt"]

[BANKS.sber2numbers]
protocol = "osmp"
allow = ["127.0.0.1"]
sberbank_tags = true
balance_sign = "debt"
check_sum = "ignore"

[BANKS.sber2numbers.codes]
unknown_command = "2"
unknown_account = "3"
bad_account = "4"
account_closed = "5"
account_blocked = "5"
bad_id = "6"
duplicate_other = "6"
duplicate_same = "8"
bad_sum = "9"
sum_too_small = "10"
sum_too_large = "11"
bad_date = "12"
"""

ACCOUNT = "7012340001"
D = "txn_date=20261103091500"
PAY = f"command=pay&txn_id=18000002&account={ACCOUNT}&sum=1200.00&{D}"
PAID = ("qiwi", "18000002", ACCOUNT, "1200.00", "paid", "2026-11-03 09:15:00", "KZT")
HALVES = PAY[: PAY.index("&sum")], PAY[PAY.index("sum") :]
# The id and the sum of PAY, for its repeats.
FIRST: dict[str, str | None] = {"txn_id": "18000002", "sum": "1200.00"}
# A payment with a new id.
NEW: dict[str, str | None] = {
    "command": "pay",
    "txn_id": "18000009",
    "account": ACCOUNT,
    "sum": "100.00",
    "txn_date": "20261103091500",
}


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account(ACCOUNT, "Серова Анна Олеговна")
    engine.account("7012340002", "Оспанов Ерлан", owes="0.00")
    engine.account("7012340003", state="closed")
    engine.account("7012340004", state="blocked")
    return engine


def ask(endpoint: Endpoint, query: str, bank: str = "qiwi") -> dict[str, Any]:
    """Ask by GET and read the answer."""
    return xml(endpoint.call(f"/{bank}?{query}"))


def result(endpoint: Endpoint, query: str, bank: str = "qiwi") -> str:
    """Ask by GET; the code alone."""
    return str(ask(endpoint, query, bank)["result"])


def pay(**changes: str | None) -> str:
    """A pay with a new id and some parameters changed, or left out (None)."""
    return family.query(NEW | changes)


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order."""
    name_and_debt = [("name", "С*** А*** О***"), ("debt", "3200.00")]
    check = f"command=check&txn_id=18000001&account={ACCOUNT}"
    # 1, 2, 3
    assert ask(endpoint, f"{check}&sum=3200.00") == {
        "osmp_txn_id": "18000001",
        "result": "0",
        "fields": name_and_debt,
        "comment": "OK",
    }
    assert ask(endpoint, f"command=check&account={ACCOUNT}") == {
        "osmp_txn_id": "",
        "result": "0",
        "fields": name_and_debt,
        "comment": "OK",
    }
    assert ask(endpoint, "command=check&txn_id=0&account=7012340009") == {
        "osmp_txn_id": "0",
        "result": "5",
        "comment": "account not found",
    }
    # 4, 5, 6
    for query, code in [
        ("command=check&txn_id=18000001&account=7012340003", "79"),
        ("command=check&txn_id=18000001&account=7012340004", "7"),
        ("command=check&txn_id=1&account=701%2034", "4"),
        ("command=check&txn_id=1&account=", "4"),
        ("command=check&txn_id=1", "300"),
        (f"command=check&txn_id=1&account={ACCOUNT}&sum=9.99", "241"),
        (f"command=check&txn_id=1&account={ACCOUNT}&sum=50000.01", "242"),
        (f"command=check&txn_id=1&account={ACCOUNT}&sum=0.00", "0"),
        (f"command=check&txn_id=1&account={ACCOUNT}&sum=0", "0"),
    ]:
        assert result(endpoint, query) == code, query
    assert payments(books) == []
    # 7
    first = endpoint.call(f"/qiwi?{PAY}")
    (number,) = books.rows("SELECT id FROM payment")[0]
    assert xml(first) == {
        "osmp_txn_id": "18000002",
        "prv_txn": str(number),
        "sum": "1200.00",
        "result": "0",
        "comment": "OK",
    }
    assert payments(books) == [PAID]
    # 8
    for again in (PAY, PAY.replace("1500", "1501") + "&trm_id=5", PAY.replace(f"&{D}", "")):
        assert endpoint.call(f"/qiwi?{again}").body == first.body, again
    # 9
    before = len(alarms(endpoint.log()))
    for other in (PAY.replace("1200.00", "1300.00"), PAY.replace(ACCOUNT, "7012340009")):
        answer = ask(endpoint, other)
        assert (answer["osmp_txn_id"], answer["result"]) == ("18000002", "300"), other
        assert "prv_txn" not in answer
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 2
    assert payments(books) == [PAID]
    # 10
    answer = ask(endpoint, f"command=check&txn_id=18000002&account={ACCOUNT}")
    assert answer["fields"][1] == ("debt", "2000.00")
    # 11
    late = f"command=pay&txn_id=18000003&account=7012340009&sum=100.00&{D}"
    assert result(endpoint, late) == "5"
    assert result(endpoint, late.replace("40009", "40002")) == "0"
    rows = [PAID, ("qiwi", "18000003", "7012340002", "100.00", "paid", PAID[5], "KZT")]
    assert payments(books) == rows
    # 12, 12a, 13
    for text in ("1e2", "-10.00", "%2B10.00", "10.001", "1,000.00", "10.00%0A", "100"):
        assert result(endpoint, pay(sum=text)) == "300", text
    assert "sum_form" in endpoint.log()[-1]["why"]
    receipts = {}
    for txn_id, text, stored in (("18000012", "100.5", "100.50"), ("18000013", "10,00", "10.00")):
        answer = ask(endpoint, pay(txn_id=txn_id, account="7012340002", sum=text))
        assert (answer["result"], answer["sum"]) == ("0", stored)
        receipts[txn_id] = answer
        rows.append(("qiwi", txn_id, "7012340002", stored, "paid", PAID[5], "KZT"))
    answer = ask(endpoint, pay(txn_id="18000012", account="7012340002", sum="100.50"))
    assert answer == receipts["18000012"]
    for date in ("20260230120000", "2026-11-03", None):
        assert result(endpoint, pay(txn_date=date)) == "300", date
    # 14
    for txn_id in ("1" * 21, "12a4", "-5"):
        answer = ask(endpoint, pay(txn_id=txn_id))
        assert (answer["osmp_txn_id"], answer["result"]) == ("", "300"), txn_id
    # 15
    repeated = f"command=pay&txn_id=5&account={ACCOUNT}&account=7012340002&sum=10.00&{D}"
    assert result(endpoint, repeated) == "300"
    # 16: the currency of the books is the tenge, 398
    assert ask(endpoint, f"command=getInfo&account={ACCOUNT}&ccy=398") == {
        "result": "0",
        "fields": [("name", "С*** А*** О***"), ("debt", "2000.00")],
        "comment": "OK",
    }
    # 17
    for command in ("command=cancel&", "command=PAY&", ""):
        answer = ask(endpoint, f"{command}{pay(command=None)}")
        assert (answer["osmp_txn_id"], answer["result"]) == ("18000009", "300"), command
    assert payments(books) == rows


class TestLikeTheFamily(family.Requests, family.Forms, family.Texts):
    """What tests/support/family.py says, in the words of this sheet."""

    WORDS = family.Words(
        bank="qiwi",
        first=PAY,
        paid=PAID,
        pay=pay,
        amount="sum",
        date="txn_date",
        twice="sum=1200.00",
        read=xml,
        code="result",
        codes={
            "ok": "0",
            "bad_request": "300",
            "bad_date": "300",
            "bad_account": "4",
            "unknown_account": "5",
            "account_blocked": "7",
        },
        txn_id="txn_id",
        echo="osmp_txn_id",
        number="prv_txn",
        check="command=check&account=",
    )


def test_a_sum_that_lacks_is_no_matter_of_form(books: Engine, endpoint: Endpoint) -> None:
    """A check must have a sum here, and zero is none yet: the log names no setting [3]."""
    ask(endpoint, pay(command="check", sum="0.00"), "validate")

    line = endpoint.log()[-1]
    assert line["outcome"] == "bad_sum"
    assert "why" not in line
    assert payments(books) == []


@pytest.mark.parametrize(
    ("query", "code", "echo"),
    [
        # 1: twice, whatever else is wrong
        ("command=foo&txn_id=x&txn_id=x", "300", ""),
        (pay() + f"&account={ACCOUNT}", "300", "18000009"),
        (pay() + "&sum=100.00", "300", "18000009"),
        (pay() + "&txn_id=18000009", "300", ""),
        (pay() + "&command=pay", "300", "18000009"),
        (pay() + f"&{D}", "300", "18000009"),
        (pay() + "&ccy=398&ccy=398", "300", "18000009"),
        (pay() + "&%73um=100.00", "300", "18000009"),
        (pay() + "&sum", "300", "18000009"),
        # 2: unknown, before the id is looked at; then 3, before the account
        ("command=Check&txn_id=1&account=", "300", "1"),
        ("command=check%20&txn_id=1", "300", "1"),
        ("command=getinfo&txn_id=1", "300", "1"),
        ("", "300", ""),
        ("command=check&txn_id=x&account=7", "300", ""),
        ("command=check&txn_id=%2B1&account=7", "300", ""),
        ("command=check&txn_id=1%0A&account=7", "300", ""),
        ("command=check&txn_id=%D9%A1&account=7", "300", ""),
        (pay(txn_id=None), "300", ""),
        (pay(txn_id=""), "300", ""),
        # 4 before 5
        (pay(account="1", sum="x"), "4", "18000009"),
        (pay(account=None, sum="x"), "300", "18000009"),
        (pay(account=ACCOUNT + "%0A"), "4", "18000009"),
        (pay(account="+" + ACCOUNT), "4", "18000009"),
        (pay(account=ACCOUNT + "%20"), "4", "18000009"),
        (pay(account="%FF" * 10), "4", "18000009"),
        (pay(account="%D9%A1" * 10), "4", "18000009"),
        # 5 before 6, 6 before 7, 7 before 8
        (pay(sum=None, txn_date="x"), "300", "18000009"),
        (pay(txn_date="x", sum="9.99"), "300", "18000009"),
        (pay(ccy="USD", sum="9.99"), "300", "18000009"),
        (pay(sum="9.99", account="7012340003"), "241", "18000009"),
        (pay(sum="0.00"), "241", "18000009"),
        (pay(sum="50000.01", account="7012340009"), "242", "18000009"),
        (pay(sum="9" * 20 + ".00"), "242", "18000009"),
        # 8
        (pay(account="7012340009"), "5", "18000009"),
        (pay(account="7012340003"), "79", "18000009"),
        (pay(account="7012340004"), "7", "18000009"),
        # accepted: both limits, other currencies' forms, an id of 20 digits, unknown ones twice
        (pay(sum="10.00"), "0", "18000009"),
        (pay(sum="50000.00"), "0", "18000009"),
        (pay(ccy="398"), "0", "18000009"),
        (pay(ccy="KZT"), "0", "18000009"),
        (pay(ccy=""), "0", "18000009"),
        (pay(txn_id="9" * 20), "0", "9" * 20),
        (pay(txn_id="0"), "0", "0"),
        (pay() + "&data1=%FF&data1=2&prv_id=1&pay_type=1&sum_from=9999.00&%FF=1&SUM=1", "0", None),
        (pay() + "&cancel_txn_id=1&cancel_txn_id=2", "0", None),
        (pay() + "&&", "0", None),
        # ";" does not separate: the sum is "100.00;trm_id=5"
        (pay(sum="100.00;trm_id=5"), "300", "18000009"),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, query: str, code: str, echo: str | None
) -> None:
    """The order of section 4; a refusal records nothing, tells nothing and echoes exactly."""
    answer = ask(endpoint, query)

    assert answer["result"] == code
    assert answer["osmp_txn_id"] == ("18000009" if echo is None else echo)
    assert len(payments(books)) == (code == "0")
    if code != "0":
        assert list(answer) == ["osmp_txn_id", "result", "comment"]


def test_a_currency_has_the_digits_of_the_sheet() -> None:
    """By letters; section 10 tells them all."""
    sheet = (ROOT / "docs/protocols/osmp.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"(?m)^\| `ccy` \| letters and ISO digits.*$", sheet)

    assert dict(re.findall("([A-Z]{3}) ([0-9]{3})", row)) == ISO_DIGITS


@pytest.mark.parametrize(
    "text",
    [
        "1.000",
        "1.",
        "1,",
        ".50",
        ",50",
        "1,000",
        "1,000.00",
        "1.000,00",
        "1.0.0",
        "100",
        "1_000.00",
        "NaN",
        "Infinity",
        "0x10",
        "1%20000.00",
        "%20100.00",
        "100.00+",
        "%D9%A1.00",
        "%EF%BC%91.00",
        "100.00%00",
        "100.00%0D",
        "1e2",
        "1" * 21 + ".00",
        "%FF",
        "",
    ],
)
def test_a_sum_that_is_not_of_the_form_is_refused(
    books: Engine, endpoint: Endpoint, text: str
) -> None:
    """A pattern of ASCII digits, matched as a whole [3]."""
    assert result(endpoint, pay(sum=text), "plain") == "300"
    assert payments(books) == []


@pytest.mark.parametrize(
    ("bank", "text", "recorded"),
    [
        ("lenient", "100", "100.00"),
        ("lenient", "100.5", "100.50"),
        ("lenient", "100.55", "100.55"),
        ("lenient", "100.", None),
        ("lenient", "100.555", None),
        ("lenient", "1e2", None),
        ("lenient", "100,5", "100.50"),
        ("lenient", "100,55", "100.55"),
        ("lenient", "100,", None),
        ("lenient", "0.01", "0.01"),
        ("strict", "100.55", "100.55"),
        ("strict", "100,55", None),
        ("strict", "100.5", None),
        ("strict", "100", None),
        ("plain", "100.5", "100.50"),
        ("plain", "100,5", "100.50"),
        ("plain", "100,55", "100.55"),
        ("plain", "9" * 20 + ",99", None),  # over the limit
        ("plain", "0.01", "0.01"),
        ("plain", "0.29", "0.29"),
        ("plain", "999999999999.99", "999999999999.99"),
        ("plain", "00100.00", "100.00"),
        ("plain", "100", None),
    ],
)
def test_a_sum_is_exact(
    books: Engine, endpoint: Endpoint, bank: str, text: str, recorded: str | None
) -> None:
    """A comma is a dot; sum_form = "lenient" takes bare integers, "strict" no comma [3, 10]."""
    answer = ask(endpoint, pay(sum=text), bank)

    assert answer.get("sum") == recorded
    assert [row[3] for row in payments(books)] == ([recorded] if recorded else [])


@pytest.mark.parametrize(
    ("bank", "text", "code"),
    [
        ("qiwi", None, "0"),
        ("qiwi", "", "0"),
        ("qiwi", "1", "300"),
        ("qiwi", "9.99", "241"),
        ("qiwi", "9,99", "241"),
        ("qiwi", "10,0", "0"),
        *(("qiwi", zero, "0") for zero in ("0", "0.0", "0,00", "0.00", "0" * 20, "0" * 20 + ",0")),
        *(("qiwi", wrong, "300") for wrong in ("0.000", "0.", ".0", "-0", "0" * 21, "0e0", "+0")),
        *(("lenient", zero, "0") for zero in ("0", "0.0", "0,00")),
        *(("validate", zero, "300") for zero in ("0", "0.0", "0,00", "0.00")),
        *(("strict", zero, "300") for zero in ("0", "0.0", "0,00", "0.00")),
        ("validate", None, "300"),
        ("validate", "", "300"),
        ("validate", "1", "300"),
        ("validate", "9.99", "241"),
        ("validate", "10.00", "0"),
        ("ignore", None, "0"),
        ("ignore", "abc", "0"),
        ("ignore", "9.99", "0"),
    ],
)
def test_a_check_looks_at_the_sum_as_check_sum_says(
    books: Engine, endpoint: Endpoint, bank: str, text: str | None, code: str
) -> None:
    """Its default is "optional" [4]."""
    query = f"command=check&account={ACCOUNT}" + ("" if text is None else f"&sum={text}")

    assert result(endpoint, query, bank) == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"command=getInfo&account={ACCOUNT}", "0"),
        (f"command=getInfo&account={ACCOUNT}&txn_id=x&sum=abc&txn_date=abc", "0"),
        (f"command=getInfo&account={ACCOUNT}&txn_id=5", "0"),
        (f"command=getInfo&account={ACCOUNT}&ccy=USD", "300"),
        ("command=getInfo&account=7012340009", "5"),
        ("command=getInfo&account=1", "4"),
        ("command=getInfo", "300"),
        (f"command=getInfo&account={ACCOUNT}&txn_id=1&txn_id=1", "300"),
        (f"command=getInfo&account={ACCOUNT}&account={ACCOUNT}", "300"),
    ],
)
def test_getinfo_has_no_id_and_looks_at_no_sum(
    books: Engine, endpoint: Endpoint, query: str, code: str
) -> None:
    """Neither in the request nor in the answer [3, 5]."""
    answer = ask(endpoint, query)

    assert answer["result"] == code
    assert list(answer) == ["result"] + ["fields"] * (code == "0") + ["comment"]


def test_a_check_writes_nothing_for_any_id(books: Engine, endpoint: Endpoint) -> None:
    """Used ids, 0, and fifty times [4]; nor does it look at the date."""
    ask(endpoint, PAY)
    for txn_id in ("18000002", "0", "0", *(["7"] * 50)):
        query = f"command=check&txn_id={txn_id}&account={ACCOUNT}&sum=10.00&txn_date=never"
        answer = ask(endpoint, query)
        assert (answer["osmp_txn_id"], answer["result"]) == (txn_id, "0")
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    "sent",
    [
        ("POST", PAY, "", family.FORM),
        ("POST", PAY, None, {}),
        ("POST", "", PAY, family.FORM),
        ("POST", "", PAY, {"Content-Type": family.FORM["Content-Type"] + "; charset=windows-1251"}),
        ("POST", "", PAY, {"Content-Type": family.FORM["Content-Type"].upper()}),
        ("POST", HALVES[0], HALVES[1], family.FORM),
        ("GET", PAY, "command=check", family.FORM),
        ("POST", PAY, '{"command": "check"}', {"Content-Type": "application/json"}),
        ("POST", PAY, "command=check", {"Content-Type": "text/plain"}),
        ("POST", PAY, "command=check", {}),
    ],
)
def test_parameters_come_in_the_query_the_form_or_both(
    books: Engine, endpoint: Endpoint, sent: tuple[str, str, str | None, dict[str, str]]
) -> None:
    """GET or POST; a body of another type, or of a GET, is not read [2]."""
    method, query, body, headers = sent
    answer = xml(endpoint.call(f"/qiwi?{query}", method, body, headers))

    assert (answer["osmp_txn_id"], answer["result"]) == ("18000002", "0")
    assert payments(books) == [PAID]


@pytest.mark.parametrize("path", ["/qiwi/", "/qiwi/check", "/QIWI", "/", "/nobody"])
def test_no_other_address_answers(books: Engine, endpoint: Endpoint, path: str) -> None:
    """404, empty."""
    reply = endpoint.call(f"{path}?{PAY}")

    assert (reply.status, reply.body) == (404, b"")
    assert payments(books) == []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"txn_date": "20261103091501"},
        {"txn_date": "nonsense"},
        {"txn_date": None},
        {"ccy": "USD"},
        {"sum": "01200.00"},
        {"comment": "other"},
    ],
)
@pytest.mark.parametrize("since", ["nothing", "closed", "blocked", "gone"])
def test_a_repeat_is_the_first_answer_again(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], since: str
) -> None:
    """Whatever happened to the account since, and whatever is wrong but the sum [4, 7]."""
    first = endpoint.call(f"/qiwi?{PAY}")
    family.account_becomes(books, ACCOUNT, since)

    again = endpoint.call(f"/qiwi?{pay(**FIRST | changes)}")

    assert xml(first)["result"] == "0"
    assert again.body == first.body
    assert books.rows("SELECT txn_id, amount FROM payment") == [("18000002", "1200.00")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sum": "1200.01"}, "300"),
        ({"account": "7012340002"}, "300"),
        ({"account": "7012340003"}, "300"),
        ({"account": "7012340009"}, "300"),
        ({"account": ""}, "300"),
        ({"account": None}, "300"),
        ({"account": "%FF"}, "300"),
        ({"sum": "9.99"}, "300"),
        ({"sum": "99999999999999999999.99"}, "300"),
        ({"sum": "1201.00", "txn_date": "x", "ccy": "USD"}, "300"),
    ],
)
def test_a_known_id_with_other_data_is_an_alarm(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], code: str
) -> None:
    """It wins over every other refusal, credits nothing and shows no receipt [4, 7]."""
    ask(endpoint, PAY)

    answer = ask(endpoint, pay(**FIRST | changes))

    assert (answer["osmp_txn_id"], answer["result"]) == ("18000002", code)
    assert list(answer) == ["osmp_txn_id", "result", "comment"]
    assert alarms(endpoint.log())[-1:] == ["duplicate_other"]
    assert endpoint.log()[-1]["outcome"] == "duplicate_other"
    assert payments(books) == [PAID]


def test_with_an_unreadable_sum_the_plain_order_holds(books: Engine, endpoint: Endpoint) -> None:
    """Even for a known id [4]."""
    ask(endpoint, PAY)
    known = {"txn_id": "18000002", "sum": "1200"}
    outcomes = []
    for changes in ({}, {"account": "7012340009"}, {"account": "1"}):
        assert result(endpoint, pay(**known, **changes)) == (
            "4" if "1" in changes.values() else "300"
        )
        outcomes.append(endpoint.log()[-1]["outcome"])

    assert outcomes == ["bad_sum", "bad_sum", "bad_account"]


def test_a_cancelled_payment_is_not_recorded_again(books: Engine, endpoint: Endpoint) -> None:
    """Cancelled by a person in the books: 7; with another sum still 300 [7]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET state = 'cancelled'")

    assert result(endpoint, PAY) == "7"
    assert "prv_txn" not in ask(endpoint, PAY)
    assert result(endpoint, PAY.replace("1200.00", "1.00")) == "300"
    assert [row[4] for row in payments(books)] == ["cancelled"]
    assert ask(endpoint, f"command=check&account={ACCOUNT}")["fields"][1] == ("debt", "3200.00")


def test_twenty_at_once_are_one_payment(books: Engine, endpoint: Endpoint) -> None:
    """And twenty equal answers [7]."""
    answers = at_once(lambda: endpoint.call(f"/qiwi?{PAY}"))

    assert {xml(answer)["result"] for answer in answers} == {"0"}
    assert len({answer.body for answer in answers}) == 1
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("paid", "shown"),
    [(None, "3200.00"), ("3200.00", "0.00"), ("3250.00", "-50.00"), ("0.01", "3199.99")],
)
def test_the_debt_is_what_is_owed(
    books: Engine, endpoint: Endpoint, paid: str | None, shown: str
) -> None:
    """0.00 when nothing, negative when overpaid [5]."""
    if paid:
        ask(endpoint, pay(sum=paid), "plain")

    answer = ask(endpoint, f"command=check&account={ACCOUNT}", "plain")

    assert answer["fields"] == [("debt", shown)]


def test_what_is_shown_and_how_it_is_called(books: Engine, endpoint: Endpoint) -> None:
    """`show` gives the order, `labels` the titles; nothing to show, no `fields` [5, 10]."""
    books.execute(
        "UPDATE account SET address = ?, name = ? WHERE number = ?",
        "Абая & <сын>, \x011",
        " Ким\t Сергей-Ян  \U0001f4b0x \x0b",
        ACCOUNT,
    )
    query = f"command=check&account={ACCOUNT}"

    assert ask(endpoint, query, "own")["fields"] == [
        ("address", "Абая & <сын>, 1"),
        ("К оплате", "3200.00"),
        ("name", "К*** С*** \U0001f4b0***"),
    ]
    assert list(ask(endpoint, query, "silent")) == ["osmp_txn_id", "result", "comment"]


def test_elements_stand_in_the_order_of_the_sheet(books: Engine, endpoint: Endpoint) -> None:
    """To the letter, for banks that search the text [5]."""
    check = endpoint.call(f"/qiwi?command=check&txn_id=18000001&account={ACCOUNT}").text
    paid = endpoint.call(f"/qiwi?{PAY}").text
    (number,) = books.rows("SELECT id FROM payment")[0]

    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    assert check == (
        f"{declaration}<response><osmp_txn_id>18000001</osmp_txn_id><result>0</result><fields>"
        '<field1 name="name">С*** А*** О***</field1><field2 name="debt">3200.00</field2></fields>'
        "<comment>OK</comment></response>"
    )
    assert paid == (
        f"{declaration}<response><osmp_txn_id>18000002</osmp_txn_id><prv_txn>{number}</prv_txn>"
        "<sum>1200.00</sum><result>0</result><comment>OK</comment></response>"
    )
    assert endpoint.call("/qiwi?command=check&account=7012340009").text == (
        f"{declaration}<response><osmp_txn_id></osmp_txn_id><result>5</result>"
        "<comment>account not found</comment></response>"
    )


def test_a_bank_with_another_table_overrides_single_codes(
    books: Engine, endpoint: Endpoint
) -> None:
    """Others stay [6]."""
    codes = {
        account: result(endpoint, pay(account=account), "own")
        for account in ("7012340003", "7012340004", "7012340009", "x")
    }

    assert codes == {"7012340003": "79", "7012340004": "79", "7012340009": "-5", "x": "4"}


def test_an_empty_account_is_malformed_whatever_the_pattern(
    books: Engine, endpoint: Endpoint
) -> None:
    """Also where account_pattern would take it [4]."""
    assert result(endpoint, pay(account=""), "own") == "4"


@pytest.mark.parametrize(
    ("bank", "ccy", "code"),
    [
        ("roubles", "643", "0"),
        ("roubles", "RUB", "0"),
        ("roubles", "", "0"),
        ("roubles", "398", "300"),
        ("plain", "643", "300"),
        ("plain", "kzt", "300"),
        ("plain", "%FF", "300"),
    ],
)
def test_the_currency_must_be_ours(
    books: Engine, endpoint: Endpoint, bank: str, ccy: str, code: str
) -> None:
    """Letters or digits of CURRENCY, or what `ccy` names; it is looked at in every command [3]."""
    for command in ("check", "getInfo", "pay"):
        assert result(endpoint, pay(command=command, ccy=ccy), bank) == code, command


@pytest.mark.parametrize(
    ("bank", "comments"),
    [
        ("ru", ["OK", "лицевой счёт не найден", "неверный запрос"]),
        ("kk", ["OK", "дербес шот табылмады", "сұраныс қате"]),
    ],
)
def test_comments_speak_the_payers_language(
    books: Engine, endpoint: Endpoint, bank: str, comments: list[str]
) -> None:
    """By the setting `language`."""
    queries = (f"command=check&account={ACCOUNT}", "command=check&account=1", "command=x")

    assert [ask(endpoint, query, bank)["comment"] for query in queries] == comments


def test_when_nothing_can_be_known_the_bank_is_asked_to_repeat(
    books: Engine, endpoint: Endpoint
) -> None:
    """Code 1 and HTTP 200, never a refusal; an overridden code as well [6]."""
    with broken(books):
        assert ask(endpoint, PAY) == {
            "osmp_txn_id": "18000002",
            "result": "1",
            "comment": "try later",
        }
        assert result(endpoint, f"command=check&account={ACCOUNT}") == "1"
        assert ask(endpoint, f"command=getInfo&account={ACCOUNT}") == {
            "result": "1",
            "comment": "try later",
        }
        assert result(endpoint, PAY, "own") == "2"
        assert result(endpoint, "command=nonsense") == "300"
    assert result(endpoint, PAY) == "0"
    assert payments(books) == [PAID]


def test_the_date_tag_is_the_same_in_every_repeat(books: Engine, endpoint: Endpoint) -> None:
    """Our recording time in the bank's zone, by date_form; and the id by its own name [5]."""
    first = endpoint.call(f"/ibox?{PAY}")
    books.execute("UPDATE payment SET created_at = '2026-11-03 22:30:05.999'")

    assert list(xml(first)) == [
        "ibox_txn_id",
        "prv_txn",
        "prv_txn_date",
        "sum",
        "result",
        "comment",
    ]
    assert xml(first)["ibox_txn_id"] == "18000002"
    assert ask(endpoint, PAY, "ibox")["prv_txn_date"] == "2026-11-04 00:30:05"
    assert list(ask(endpoint, f"command=check&account={ACCOUNT}", "ibox")) == [
        *("ibox_txn_id", "result", "fields", "comment")
    ]


CANCEL = "command=cancel&txn_id=18000090&cancel_txn_id=18000002"


def test_a_cancel_takes_the_whole_payment_back(books: Engine, endpoint: Endpoint) -> None:
    """0, again 0 with the same number; the debt is back; the payment stays cancelled [8]."""
    number = ask(endpoint, PAY, "ibox")["prv_txn"]
    cancelled = {
        "ibox_txn_id": "18000090",
        "cancel_txn_id": "18000002",
        "prv_txn": number,
        "sum": "1200.00",
        "result": "0",
        "comment": "OK",
    }
    extras = f"&account={ACCOUNT}&sum=1200.00&txn_date=20261103100000&cancel_txn_date=x"

    assert ask(endpoint, CANCEL + extras, "ibox") == cancelled
    assert ask(endpoint, CANCEL, "ibox") == cancelled
    assert ask(endpoint, CANCEL.replace("90", "91"), "ibox") == cancelled | {
        "ibox_txn_id": "18000091"
    }
    assert [row[1:5] for row in payments(books)] == [("18000002", ACCOUNT, "1200.00", "cancelled")]
    assert result(endpoint, PAY, "ibox") == "7"
    debt = ask(endpoint, f"command=check&account={ACCOUNT}", "ibox")["fields"]
    assert debt == [("debt", "3200.00")]


@pytest.mark.parametrize(
    ("query", "code", "outcome"),
    [
        (CANCEL.replace("18000090", ""), "300", "bad_id"),
        (CANCEL.replace("18000090", "x"), "300", "bad_id"),
        (CANCEL.replace("18000002", ""), "300", "bad_id"),
        (CANCEL.replace("18000002", "x"), "300", "bad_id"),
        ("command=cancel&txn_id=18000090", "300", "bad_id"),
        (CANCEL + "&cancel_txn_id=18000002", "300", "bad_request"),
        (CANCEL + "&ccy=USD", "300", "bad_request"),
        (CANCEL.replace("18000002", "18000001"), "300", "payment_not_found"),
        (CANCEL + "&account=7012340002", "7", "cancel_differs"),
        (CANCEL + "&sum=1199.99", "7", "cancel_differs"),
        (CANCEL + "&sum=0.00", "7", "cancel_differs"),
        (CANCEL + "&sum=abc", "7", "cancel_differs"),
        (CANCEL + f"&account={ACCOUNT}&sum=600.00", "7", "cancel_differs"),
    ],
)
def test_a_cancel_that_names_another_payment_does_nothing(
    books: Engine, endpoint: Endpoint, query: str, code: str, outcome: str
) -> None:
    """Another account or sum is an alarm [8]."""
    ask(endpoint, PAY, "ibox")
    answer = ask(endpoint, query, "ibox")

    assert answer["result"] == code
    assert list(answer) == ["ibox_txn_id", "result", "comment"]
    assert endpoint.log()[-1]["outcome"] == outcome
    assert endpoint.log()[-1].get("alarm", False) == (outcome == "cancel_differs")
    assert [row[4] for row in payments(books)] == ["paid"]


def test_a_cancel_reaches_only_the_banks_own_payments(books: Engine, endpoint: Endpoint) -> None:
    """And refused cancels follow the code of cancel_refused [6, 8]."""
    ask(endpoint, PAY, "qiwi")
    assert result(endpoint, CANCEL, "own") == "300"
    ask(endpoint, PAY, "own")
    assert result(endpoint, CANCEL + "&sum=1.00", "own") == "8"
    assert result(endpoint, CANCEL, "qiwi") == "300"
    assert [row[4] for row in payments(books)] == ["paid", "paid"]


def test_an_invoice_is_paid_by_its_own_number(books: Engine, endpoint: Endpoint) -> None:
    """payer = "invoice": in parts, until nothing is left; then 7, and repeats still 0 [4]."""
    bill = f"{ACCOUNT}-1"
    books.invoice(ACCOUNT, "B-2", "500.00", state="cancelled")
    first = pay(account=bill, sum="3000.00", txn_id="1")
    second = pay(account=bill, sum="300.00", txn_id="2")

    assert ask(endpoint, f"command=check&account={bill}", "bills")["fields"] == [
        ("debt", "3200.00")
    ]
    assert result(endpoint, f"command=check&account={ACCOUNT}", "bills") == "5"
    assert result(endpoint, first, "bills") == "0"
    assert ask(endpoint, f"command=check&account={bill}", "bills")["fields"] == [("debt", "200.00")]
    assert result(endpoint, second, "bills") == "0"
    assert result(endpoint, pay(account=bill, txn_id="3"), "bills") == "7"
    assert result(endpoint, f"command=check&account={bill}", "bills") == "7"
    assert [result(endpoint, query, "bills") for query in (first, second)] == ["0", "0"]
    assert result(endpoint, pay(account="B-2"), "bills") == "5"
    assert result(endpoint, pay(account="7012340003-1"), "bills") == "79"
    assert result(endpoint, pay(account="7012340004-1"), "bills") == "7"
    assert [row[1:4] for row in payments(books)] == [
        ("1", ACCOUNT, "3000.00"),
        ("2", ACCOUNT, "300.00"),
    ]
    # a cancel gives the invoice back
    cancel = f"command=cancel&txn_id=9&cancel_txn_id=1&account={bill}"
    assert result(endpoint, cancel, "bills") == "0"
    assert ask(endpoint, f"command=check&account={bill}", "bills")["fields"] == [
        ("debt", "2900.00")
    ]


def test_sberbank_protocol_no_2(books: Engine, endpoint: Endpoint) -> None:
    """Its names in check and pay, its clock; a POST with an empty body (sberbank.md, 14)."""
    books.execute("UPDATE account SET address = 'Садовая, 4' WHERE number = ?", ACCOUNT)
    check = ask(endpoint, f"command=check&account={ACCOUNT}&sum=abc&hash=0", "sber2")
    first = endpoint.call(f"/sber2?{PAY}", "POST", "")
    books.execute("UPDATE payment SET created_at = '2026-11-03 09:30:47.123'")
    again = ask(endpoint, PAY, "sber2")

    assert check == {
        "osmp_txn_id": "",
        "result": "0",
        "fio": "С*** А*** О***",
        "address": "Садовая, 4",
        "balance": "-3200.00",
        "comment": "OK",
    }
    assert list(xml(first)) == [
        *("osmp_txn_id", "prv_txn", "ext_id", "reg_date", "sum", "result", "comment")
    ]
    assert again == xml(first) | {"reg_date": "20261103123047"}
    assert again["ext_id"] == again["prv_txn"]
    assert list(ask(endpoint, "command=check&account=1", "sber2")) == [
        *("osmp_txn_id", "result", "comment")
    ]


@pytest.mark.parametrize(
    ("bank", "paid", "balance"),
    [
        ("sber2", "3260.00", "60.00"),
        ("sber2", "3200.00", "0.00"),
        ("sber2numbers", None, "3200.00"),
        ("sber2numbers", "3260.00", "-60.00"),
        ("sber2numbers", "3200.00", "0.00"),
    ],
)
def test_the_sign_of_sberbanks_balance(
    books: Engine, endpoint: Endpoint, bank: str, paid: str | None, balance: str
) -> None:
    """By balance_sign; never -0.00."""
    if paid:
        ask(endpoint, pay(sum=paid), bank)

    assert ask(endpoint, f"command=check&account={ACCOUNT}", bank)["balance"] == balance


def test_sberbank_protocol_no_2_with_the_numbers_of_no_1(books: Engine, endpoint: Endpoint) -> None:
    """The table of `codes` that sberbank.md, section 14, prints."""
    first = ask(endpoint, pay(), "sber2numbers")
    again = ask(endpoint, pay(), "sber2numbers")

    assert first["result"] == "0"
    assert again == first | {"result": "8", "comment": again["comment"]}
    for query, code in [
        ("command=foo", "2"),
        (pay(txn_id="2", account="1"), "3"),
        (pay(txn_id="2", account=""), "4"),
        (pay(txn_id="2", account="7012340003"), "5"),
        (pay(txn_id="2", account="7012340004"), "5"),
        (pay(txn_id="x"), "6"),
        (pay(sum="1.00"), "6"),
        (pay(txn_id="2", sum="1"), "9"),
        (pay(txn_id="2", sum="0.00"), "10"),
        (pay(txn_id="2", sum="9999999999999.00"), "11"),
        (pay(txn_id="2", txn_date="x"), "12"),
    ]:
        assert result(endpoint, query, "sber2numbers") == code, query
    assert len(payments(books)) == 1


TBC = basic("tbc", "pw")
INFO = (
    '<info><extra name="customer">С*** А*** О***</extra><extra name="debt">3200.00</extra></info>'
)


def tbc(endpoint: Endpoint, query: str) -> str:
    """Ask as TBC Pay; what stands in the answer's root."""
    text = endpoint.call(f"/tbc?{query}", headers=TBC).text
    start, end = '<?xml version="1.0" encoding="UTF-8"?><response>', "</response>"
    assert text.startswith(start)
    assert text.endswith(end)
    return text[len(start) : -len(end)]


def test_tbc_pay_is_a_matter_of_settings(books: Engine, endpoint: Endpoint) -> None:
    """Answers without ids, with info instead of fields; eight codes; always Basic [1, 5]."""
    check = f"command=check&txn_id=1&account={ACCOUNT}"
    assert endpoint.call(f"/tbc?{check}").status == 401
    assert tbc(endpoint, check) == f"<result>0</result>{INFO}<comment>OK</comment>"
    assert tbc(endpoint, f"command=getInfo&account={ACCOUNT}") == tbc(endpoint, check)
    first = tbc(endpoint, pay(txn_date=None))
    (number,) = books.rows("SELECT id FROM payment")[0]
    assert first == (
        f"<prv_txn>{number}</prv_txn><sum>100.00</sum><result>0</result><comment>OK</comment>"
    )
    assert tbc(endpoint, pay(txn_date=None)) == tbc(endpoint, pay()) == first
    for query, code in [
        (pay(sum="101.00"), "215"),
        (pay(txn_id="x"), "300"),
        (pay(command="refund"), "300"),
        ("", "300"),
        (pay(txn_id="2", account="7012340009"), "5"),
        (pay(txn_id="2", account="7012340003"), "7"),
        (pay(txn_id="2", account="7012340004"), "7"),
        (pay(txn_id="2", account="1"), "4"),
        (pay(txn_id="2", sum="100"), "275"),
        (pay(txn_id="2", sum="9.99"), "275"),
        (pay(txn_id="2", sum="50000.01"), "275"),
        (pay(txn_id="2", txn_date="x"), "300"),
        (pay(txn_id="2", txn_date=""), "300"),
        (pay(txn_id="2", txn_date="20260230120000"), "300"),
    ]:
        answer = tbc(endpoint, query)
        assert answer.startswith(f"<result>{code}</result><comment>"), query
    assert len(payments(books)) == 1
    with broken(books):
        assert tbc(endpoint, pay()).startswith("<result>1</result>")


def test_a_pay_without_a_date_is_dated_by_our_clock_in_the_banks_zone(
    books: Engine, endpoint: Endpoint
) -> None:
    """Only with txn_date = "optional"; a date that is there is kept [10]."""
    zone = ZoneInfo("Asia/Tbilisi")
    tbc(endpoint, pay(txn_id="1", txn_date=None))
    tbc(endpoint, pay(txn_id="2"))

    ours, theirs = (datetime.fromisoformat(row[5]) for row in payments(books))
    assert is_just_now(ours, zone)
    assert theirs == datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the bank's
    assert result(endpoint, pay(txn_date=None), "skynet") == "300"


def test_info_without_show_is_left_out(books: Engine, endpoint: Endpoint) -> None:
    """As fields are; a refusal shows nothing [5]."""
    answer = ask(endpoint, f"command=check&account={ACCOUNT}", "liberty")

    assert list(answer) == ["osmp_txn_id", "result", "comment"]


@pytest.mark.parametrize(
    ("bank", "longest"), [("qiwi", 20), ("skynet", 24), ("widest", 64)], ids=str
)
def test_an_id_may_be_as_long_as_the_settings_say(
    books: Engine, endpoint: Endpoint, bank: str, longest: int
) -> None:
    """txn_id_max; never cut, and exact to the last digit [3, 10]."""
    ids = ["1" * longest, "1" * (longest - 1) + "2"]
    answers = [ask(endpoint, pay(txn_id=txn_id), bank) for txn_id in ids]

    assert [(answer["osmp_txn_id"], answer["result"]) for answer in answers] == [
        (txn_id, "0") for txn_id in ids
    ]
    assert [row[1] for row in payments(books)] == ids
    for command in ("pay", "check"):
        answer = ask(endpoint, pay(command=command, txn_id="1" * (longest + 1)), bank)
        assert (answer["osmp_txn_id"], answer["result"]) == ("", "300")
    for other in ("1" * (longest - 1) + "%D9%A1", "1" * (longest - 1) + "a", "%EF%BC%91"):
        assert result(endpoint, pay(txn_id=other), bank) == "300"


def test_a_long_id_can_be_cancelled(books: Engine, endpoint: Endpoint) -> None:
    """And a longer one is no id [8]."""
    ask(endpoint, pay(txn_id="1" * 24), "skynet")
    cancel = f"command=cancel&txn_id={'9' * 24}&cancel_txn_id="

    assert result(endpoint, cancel + "1" * 25, "skynet") == "300"
    assert result(endpoint, cancel + "1" * 24, "skynet") == "0"
    assert [row[4] for row in payments(books)] == ["cancelled"]


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("txn_id_max = 65", "BANKS.x.txn_id_max: expected a whole number from 1 to 64"),
        ("txn_id_max = 0", "BANKS.x.txn_id_max: expected a whole number from 1 to 64"),
        ('fields_form = "info"', 'BANKS.x.fields_form: expected one of "fields", "extra"'),
        ('txn_date = "maybe"', 'BANKS.x.txn_date: expected one of "required", "optional"'),
        ('id_tag = "1 2"', "BANKS.x.id_tag: expected a name of an XML element"),
        ('sum_form = "any"', 'BANKS.x.sum_form: expected one of "strict", "decimal", "lenient"'),
        ('dates = "any"', 'BANKS.x.dates: expected one of "strict", "lenient"'),
    ],
)
def test_a_wrong_setting_stops_the_start(tmp_path: Path, setting: str, says: str) -> None:
    """It is named, with what is wanted [10]."""
    toml = f'[BANKS.x]\nprotocol = "osmp"\nallow = ["127.0.0.1"]\n{setting}\n'

    class Module:
        BANKS = toml

    path = write_settings(settings_toml("sqlite:///x.db", Module), tmp_path)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=re.escape(says)):
        load(path)
