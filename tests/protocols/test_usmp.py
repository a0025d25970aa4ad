"""USMP, City-Pay, Payberry and RNCB, sentence by sentence of usmp.md (sections in brackets)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from callback import settings
from tests.support import family
from tests.support.answers import alarms, at_once, broken, logged, payments
from tests.support.processes import write_bank

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.usmp]
protocol = "usmp"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
timezone = "Europe/Kyiv"
show = ["name", "debt"]
pay_element = [1539]
cancel = "RevertId"

[BANKS.rncb]
protocol = "usmp"
form = "rncb"
url_token = true
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
timezone = "Europe/Moscow"
show = ["name", "address", "debt"]
"""
VARIANTS = """
[BANKS.citypay]
protocol = "usmp"
allow = ["127.0.0.1"]
cancel = "TransactionId"
sum_form = "lenient"
show = ["debt", "name", "address"]
codes = { account_closed = "23", temporary = "100" }

[BANKS.payberry]
protocol = "usmp"
url_token = true
sum_form = "strict"
show = []
min_sum = "1.00"

[BANKS.rncbdebt]
protocol = "usmp"
form = "rncb"
allow = ["127.0.0.1"]
balance_sign = "debt"
show = ["debt"]
codes = { duplicate_same = "0" }
"""
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
UNAVAILABLE = (
    200,
    "text/xml; charset=utf-8",
    f"{DECLARATION}<Response><ResultCode>1</ResultCode><Comment>try later</Comment></Response>",
)
FINAL = {
    "usmp": {
        "0": "done",
        "1": "no, ask again",
        "21": "yes",
        "22": "yes",
        "242": "yes",
        "299": "yes",
        "HTTP 403": "yes, until it is put right",
    },
    "citypay": {"23": "yes", "100": "no, ask again"},
    "rncb": {"0": "done", "10": "done", "1": "yes", "HTTP 503": "no, ask again"},
}
VARIES = r"(?<=<PAYMENT_ROW>)\d+;\d+"  # a row of the report has our number without a name
SAYS = {
    "usmp": {
        "parameters": ("`RevertId` names the payment", "without `QueryType`", "one of: `1539`"),
        "repeats": ("code `0`", "code `299`", "can be cancelled"),
    },
    "citypay": {"parameters": ("`TransactionId` names the payment",)},
    "payberry": {
        "parameters": ("no cancel is agreed", "a dot, two digits"),
        "repeats": ("cannot be cancelled",),
    },
    "rncb": {
        "parameters": ("`QueryType=balance`", "`Exec_date`"),
        "answer": ("a debt is negative",),
        "repeats": ("code `10`", "code `1`", "cannot be cancelled"),
    },
    "rncbdebt": {"answer": ("a debt is positive",)},
}

BANKS = """
[BANKS.usmp]
protocol = "usmp"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{8}"
min_sum = "1.00"
max_sum = "20000.00"
show = ["name", "debt"]
cancel = "RevertId"

[BANKS.plain]
protocol = "usmp"
allow = ["127.0.0.1"]

[BANKS.city]
protocol = "usmp"
allow = ["127.0.0.1"]
pay_element = [1539, 36]
cancel = "TransactionId"

[BANKS.strict]
protocol = "usmp"
allow = ["127.0.0.1"]
sum_form = "strict"

[BANKS.lenient]
protocol = "usmp"
allow = ["127.0.0.1"]
sum_form = "lenient"
dates = "lenient"

[BANKS.bills]
protocol = "usmp"
allow = ["127.0.0.1"]
payer = "invoice"
cancel = "RevertId"

[BANKS.own]
protocol = "usmp"
allow = ["127.0.0.1"]
show = ["address", "debt", "name"]
labels = { debt = "deposit" }
codes = { account_blocked = "25", temporary = 100, cancel_refused = 23 }
account_pattern = "[0-9]*"
language = "ru"

[BANKS.silent]
protocol = "usmp"
allow = ["127.0.0.1"]
show = []

[BANKS.guarded]
protocol = "usmp"
allow = ["127.0.0.1"]
username = "usmp"
password = "p1"
weak_password = true
url_token = true

[BANKS.away]
protocol = "usmp"
allow = ["192.0.2.1"]

[BANKS.rncb]
protocol = "usmp"
form = "rncb"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{8}"
min_sum = "1.00"
max_sum = "20000.00"
timezone = "Europe/Moscow"
show = ["name", "address", "debt"]
pay_element = [1539]

[BANKS.rncbdebt]
protocol = "usmp"
form = "rncb"
allow = ["127.0.0.1"]
balance_sign = "debt"
codes = { duplicate_same = "0", unknown_account = 4 }
language = "ru"

[BANKS.rncbbills]
protocol = "usmp"
form = "rncb"
allow = ["127.0.0.1"]
payer = "invoice"
"""
ACCOUNT, FREE, CLOSED, BLOCKED, UNKNOWN = (f"3100457{last}" for last in "12349")
D = "TransactionDate=20261103101500"
PAY = f"QueryType=pay&TransactionId=5100002&Account={ACCOUNT}&Amount=400.00&{D}"
HALVES = PAY[: PAY.index("&Amount")], PAY[PAY.index("Amount") :]
# The id and the sum of PAY, for its repeats.
FIRST: dict[str, str | None] = {"TransactionId": "5100002", "Amount": "400.00"}
# A payment with a new id.
NEW: dict[str, str | None] = {
    "QueryType": "pay",
    "TransactionId": "5100009",
    "Account": ACCOUNT,
    "Amount": "100.00",
    "TransactionDate": "20261103101500",
}
PAID = ("usmp", "5100002", ACCOUNT, "400.00", "paid", "2026-11-03 10:15:00", "KZT")
REPORT = "CheckDateBegin=20261103000000&CheckDateEnd=20261103235959"
CANCEL = "QueryType=cancel&TransactionId=5100090&RevertId=5100002&RevertDate=20261103120000"
OF_PAY = f"&Account={ACCOUNT}&Amount=400.00"
REFUSED = ["TransactionId", "ResultCode", "Comment"]


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account(ACCOUNT, "Ким Анна", owes="640.30")
    engine.account(FREE, "Левченко Пётр", owes="0.00")
    engine.account(CLOSED, state="closed")
    engine.account(BLOCKED, state="blocked")
    return engine


def read(reply: Reply, root: str = "Response") -> dict[str, Any]:
    """The elements of an answer, in order; `Fields` as (tag, title, text) of each."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert reply.text.startswith(DECLARATION)
    found = ET.fromstring(reply.body)
    assert found.tag == root
    elements: dict[str, Any] = {}
    for element in found:
        assert element.tag not in elements, element.tag
        elements[element.tag] = element.text or ""
        if len(element):
            elements[element.tag] = [
                (field.tag, field.get("name"), field.text or "") for field in element
            ]
    return elements


def ask(endpoint: Endpoint, query: str, bank: str = "usmp") -> dict[str, Any]:
    """Ask by GET and read the answer."""
    return read(endpoint.call(f"/{bank}?{query}"))


def code(endpoint: Endpoint, query: str, bank: str = "usmp") -> str:
    """Ask by GET; the code alone."""
    return str(ask(endpoint, query, bank)["ResultCode"])


def report(endpoint: Endpoint, query: str = REPORT, bank: str = "usmp") -> list[tuple[str, ...]]:
    """The rows of a report."""
    reply = endpoint.call(f"/{bank}?{query}")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    found = ET.fromstring(reply.body)
    assert found.tag == "Response"
    for row in found:
        assert [row.tag, *(part.tag for part in row)] == [
            *("Payment", "TransactionId", "Account", "TransactionDate", "Amount")
        ]
    return [tuple(part.text or "" for part in row) for row in found]


def pay(**changes: str | None) -> str:
    """A pay with a new id and some parameters changed, or left out (None)."""
    return family.query(NEW | changes)


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order."""
    # 1, 2
    check = f"QueryType=check&TransactionId=5100001&Account={ACCOUNT}"
    payable = {
        "TransactionId": "5100001",
        "ResultCode": "0",
        "Fields": [("field1", "fio", "К*** А***"), ("field2", "debt", "640.30")],
        "Comment": "OK",
    }
    for query in (check, check, check, f"{check}&Amount=abc&field1=x"):
        assert ask(endpoint, query) == payable
    nameless = f"QueryType=check&Account={ACCOUNT}"
    assert ask(endpoint, nameless) == payable | {"TransactionId": ""}
    assert payments(books) == []
    # 3
    answers = {"31004579": "21", "31004573": "24", "31004574": "22", "3100457": "3", "": "3"}
    for account, told in answers.items():
        assert code(endpoint, f"QueryType=check&TransactionId=1&Account={account}") == told
    assert code(endpoint, "QueryType=check&TransactionId=1") == "299"
    # 4
    first = endpoint.call(f"/usmp?{PAY}")
    (number,) = books.rows("SELECT id FROM payment")[0]
    receipt = {"TransactionExt": str(number), "Amount": "400.00", "ResultCode": "0"}
    assert read(first) == {"TransactionId": "5100002", **receipt, "Comment": "OK"}
    assert payments(books) == [PAID]
    # 5
    for again in (PAY, PAY.replace("400.00", "400,0"), PAY.replace("1500", "1501")):
        assert endpoint.call(f"/usmp?{again}").body == first.body, again
    assert endpoint.call(f"/usmp?{PAY.replace(f'&{D}', '')}").body == first.body
    # 6
    before = len(alarms(endpoint.log()))
    for other in (PAY.replace("400.00", "401.00"), PAY.replace(ACCOUNT, UNKNOWN)):
        assert code(endpoint, other) == "299", other
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 2
    # 7, 8, 9
    assert code(endpoint, pay(Amount="0.00")) == "241"
    assert code(endpoint, pay(Amount="20000.01")) == "242"
    for amount in ("400", "1e2", "-5.00", "5.001", None):
        assert code(endpoint, pay(Amount=amount)) == "299", amount
    for date in ("20260230120000", "2026-11-03", None):
        assert code(endpoint, pay(TransactionDate=date)) == "299", date
    # 10
    for txn_id in (None, "5x", "1" * 21):
        answer = ask(endpoint, pay(TransactionId=txn_id))
        assert (answer["TransactionId"], answer["ResultCode"]) == ("", "299"), txn_id
    assert payments(books) == [PAID]
    # 11
    later = pay(TransactionId="5100003", Account=UNKNOWN)
    assert code(endpoint, later) == "21"
    assert code(endpoint, later.replace(UNKNOWN, FREE)) == "0"
    second = ("usmp", "5100003", FREE, "100.00", *PAID[4:])
    assert payments(books) == [PAID, second]
    # 12
    rows = [
        ("5100002", ACCOUNT, "20261103101500", "400.00"),
        ("5100003", FREE, "20261103101500", "100.00"),
    ]
    assert report(endpoint) == rows
    # 13
    cancelled = {"TransactionId": "5100090", "RevertId": "5100002", **receipt, "Comment": "OK"}
    assert [ask(endpoint, CANCEL + OF_PAY) for _ in range(2)] == [cancelled] * 2
    assert payments(books) == [(*PAID[:4], "cancelled", *PAID[5:]), second]
    assert ask(endpoint, check) == payable
    # 14
    assert code(endpoint, PAY) == "22"
    assert report(endpoint) == rows[1:]
    # 15
    before = len(alarms(endpoint.log()))
    assert code(endpoint, CANCEL.replace("5100002", "5999999")) == "22"
    assert alarms(endpoint.log())[before:] == []
    assert code(endpoint, f"{CANCEL}&Amount=399.00") == "22"
    assert alarms(endpoint.log())[before:] == ["cancel_differs"]
    assert code(endpoint, CANCEL, "plain") == "22"
    # 16
    for query in (pay(QueryType="PAY"), "", f"{pay()}&Account={ACCOUNT}"):
        assert code(endpoint, query) == "299", query
    # 17
    assert code(endpoint, check, "city") == "299"
    assert code(endpoint, f"{check}&PayElementId=1539", "city") == "0"
    assert payments(books)[1:] == [second]


class TestLikeTheFamily(family.Requests, family.Texts):
    """What tests/support/family.py says, in the words of this sheet."""

    WORDS = family.Words(
        bank="usmp",
        first=PAY,
        paid=PAID,
        pay=pay,
        amount="Amount",
        date="TransactionDate",
        twice="Amount=400.00",
        read=read,
        code="ResultCode",
        codes={
            "ok": "0",
            "bad_request": "299",
            "bad_date": "299",
            "bad_account": "3",
            "unknown_account": "21",
            "account_blocked": "22",
        },
        txn_id="TransactionId",
        echo="TransactionId",
        number="TransactionExt",
        check="QueryType=check&Account=",
    )


@pytest.mark.parametrize(
    ("query", "answer", "echo"),
    [
        # 1: twice, whatever else is wrong; also what this command does not read
        ("QueryType=foo&TransactionId=x&TransactionId=x", "299", ""),
        (pay() + "&TransactionId=5100009", "299", ""),
        (pay() + "&QueryType=pay", "299", "5100009"),
        (pay() + f"&Account={ACCOUNT}", "299", "5100009"),
        (pay() + "&Amount=100.00", "299", "5100009"),
        (pay() + "&%41mount=100.00", "299", "5100009"),
        (pay() + "&Amount", "299", "5100009"),
        (pay() + f"&{D}", "299", "5100009"),
        (pay() + "&RevertId=1&RevertId=1", "299", "5100009"),
        (pay() + "&RevertDate=1&RevertDate=1", "299", "5100009"),
        (pay() + "&PayElementId=1&PayElementId=1", "299", "5100009"),
        (f"{REPORT}&CheckDateEnd=20261103235959", "299", ""),
        (f"{REPORT}&CheckDateBegin=20261103235959", "299", ""),
        # 2: another command, before the id is looked at
        ("QueryType=Pay&TransactionId=1&Account=", "299", "1"),
        (pay(QueryType="pay%20"), "299", "5100009"),
        (pay(QueryType=""), "299", "5100009"),
        (pay(QueryType="report"), "299", "5100009"),
        (pay(QueryType="balance"), "299", "5100009"),
        (pay(QueryType=None), "299", "5100009"),
        (f"QueryType=&{REPORT}", "299", ""),
        (f"QueryType=report&{REPORT}", "299", ""),
        (REPORT.partition("&")[0], "299", ""),
        (REPORT.partition("&")[2], "299", ""),
        # 3, before the account
        ("QueryType=check&TransactionId=x&Account=7", "299", ""),
        ("QueryType=check&TransactionId=%2B1&Account=7", "299", ""),
        ("QueryType=check&TransactionId=1%0A&Account=7", "299", ""),
        ("QueryType=check&TransactionId=%D9%A1&Account=7", "299", ""),
        (f"QueryType=check&TransactionId={'1' * 21}&Account=7", "299", ""),
        (pay(TransactionId=""), "299", ""),
        (pay(TransactionId=None, Account=""), "299", ""),
        ("QueryType=cancel&RevertId=1", "299", ""),
        ("QueryType=cancel&TransactionId=x&RevertId=1", "299", ""),
        # 5 before 6
        (pay(Account="1", Amount="x"), "3", "5100009"),
        (pay(Account="", Amount="x"), "3", "5100009"),
        (pay(Account=None, Amount="x"), "299", "5100009"),
        (pay(Account=ACCOUNT + "%0A"), "3", "5100009"),
        (pay(Account="+" + ACCOUNT), "3", "5100009"),
        (pay(Account=ACCOUNT + "%20"), "3", "5100009"),
        (pay(Account="%FF" * 8), "3", "5100009"),
        (pay(Account="%D9%A1" * 8), "3", "5100009"),
        # 6 before 7, 7 before 8, 8 before 9
        (pay(Amount="x", TransactionDate="x"), "299", "5100009"),
        (pay(TransactionDate="x", Amount="0.99"), "299", "5100009"),
        (pay(Amount="0.99", Account=CLOSED), "241", "5100009"),
        (pay(Amount="0.00"), "241", "5100009"),
        (pay(Amount="20000.01", Account=UNKNOWN), "242", "5100009"),
        (pay(Amount="9" * 20 + ".00"), "242", "5100009"),
        # 9
        (pay(Account=UNKNOWN), "21", "5100009"),
        (pay(Account=CLOSED), "24", "5100009"),
        (pay(Account=BLOCKED), "22", "5100009"),
        # accepted: both limits, an id of 20 digits, what nobody knows, twice
        (pay(Amount="1.00"), "0", "5100009"),
        (pay(Amount="20000.00"), "0", "5100009"),
        (pay(TransactionId="9" * 20), "0", "9" * 20),
        (pay(TransactionId="0"), "0", "0"),
        (pay() + "&AmountSum=9999.00&AmountSum=1&field1=%FF&field1=2&ProviderId=x", "0", "5100009"),
        (
            pay() + "&TerminalId=1&TerminalTransactionId=2&account=1&AMOUNT=1&%FF=1&&",
            "0",
            "5100009",
        ),
        (pay() + "&PayElementId=x&RevertId=x&RevertDate=x&CheckDateBegin=x", "0", "5100009"),
        (pay() + "&DateFrom=1&DateFrom=1&Summa=1&Summa=2", "0", "5100009"),
        # ";" does not separate: the sum is "100.00;field1=5"
        (pay(Amount="100.00;field1=5"), "299", "5100009"),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, query: str, answer: str, echo: str
) -> None:
    """The order of section 4; a refusal records nothing, tells nothing and echoes exactly."""
    told = ask(endpoint, query)

    assert (told["ResultCode"], told["TransactionId"]) == (answer, echo)
    assert len(payments(books)) == (answer == "0")
    if answer != "0":
        assert list(told) == REFUSED


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        (REPORT.partition("&")[0], "unknown_command"),
        (REPORT.partition("&")[2], "unknown_command"),
        (pay(Account=None), "bad_request"),
        (pay(Amount=None), "bad_sum"),
        (pay(TransactionDate=None), "bad_date"),
    ],
)
def test_the_log_tells_what_the_code_does_not(
    books: Engine, endpoint: Endpoint, query: str, outcome: str
) -> None:
    """299 stands for much [6]; nothing is made up for what is missing."""
    assert code(endpoint, query) == "299"
    line = endpoint.log()[-1]
    assert line["outcome"] == outcome
    assert line["account"] == (ACCOUNT if "Account" in query else "")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1539", "0"),
        ("36", "0"),
        (None, "299"),
        ("", "299"),
        ("153", "299"),
        ("15390", "299"),
        ("01539", "299"),
        ("1539%0A", "299"),
        ("%D9%A11539", "299"),
    ],
)
def test_a_pay_element_is_ours_where_the_setting_names_some(
    books: Engine, endpoint: Endpoint, text: str | None, answer: str
) -> None:
    """Step 4 comes before the account; a cancel and a report do not need it [3, 4]."""
    assert code(endpoint, pay(PayElementId=text, QueryType="check"), "city") == answer
    assert code(endpoint, pay(PayElementId=text, Account=""), "city") == (
        "299" if answer == "299" else "3"
    )
    assert code(endpoint, pay(PayElementId=text), "city") == answer
    assert len(payments(books)) == (answer == "0")
    assert endpoint.log()[-1]["outcome"] == ("ok" if answer == "0" else "bad_service")
    assert len(report(endpoint, bank="city")) == (answer == "0")
    cancel = "QueryType=cancel&TransactionId=5100009"
    assert code(endpoint, cancel, "city") == ("0" if answer == "0" else "22")


@pytest.mark.parametrize(
    "text",
    [
        "1.000",
        "1.",
        ".50",
        ",50",
        "1,000.00",
        "1_000.00",
        "NaN",
        "Infinity",
        "0x10.00",
        "1%20000.00",
        "%20100.00",
        "100.00+",
        "%D9%A1.00",
        "%EF%BC%91.00",
        "100%D9%AB00",
        "100.00%00",
        "100.00%0D",
        "100.00%0A",
        "1e2",
        "1.0e2",
        "-1.00",
        "%2B1.00",
        "1" * 21 + ".00",
        "%FF",
        "100",
        "",
    ],
)
def test_a_sum_is_digits_a_separator_and_one_or_two_digits(
    books: Engine, endpoint: Endpoint, text: str
) -> None:
    """A pattern of ASCII digits, matched as a whole [3]."""
    assert code(endpoint, pay(Amount=text), "plain") == "299"
    assert endpoint.log()[-1]["outcome"] == "bad_sum"
    assert payments(books) == []


@pytest.mark.parametrize(
    ("bank", "text", "recorded"),
    [
        ("plain", "100.5", "100.50"),
        ("plain", "100,50", "100.50"),
        ("plain", "0.01", "0.01"),
        ("plain", "0,29", "0.29"),
        ("plain", "999999999999.99", "999999999999.99"),
        ("plain", "00100.00", "100.00"),
        ("strict", "100.50", "100.50"),
        ("strict", "100.5", None),
        ("strict", "100,50", None),
        ("strict", "100", None),
        ("lenient", "100", "100.00"),
        ("lenient", "100.5", "100.50"),
        ("lenient", "100.", None),
        ("lenient", "100.555", None),
    ],
)
def test_a_sum_is_exact(
    books: Engine, endpoint: Endpoint, bank: str, text: str, recorded: str | None
) -> None:
    """By sum_form, with the dot or the comma [3, 10]."""
    answer = ask(endpoint, pay(Amount=text), bank)

    assert answer.get("Amount") == recorded
    assert [row[3] for row in payments(books)] == ([recorded] if recorded else [])


@pytest.mark.parametrize(
    ("changes", "bank", "why"),
    [
        ({"Amount": "100"}, "plain", "bare integer: kopecks? if not, sum_form = lenient"),
        ({"Amount": "100,0"}, "strict", "a comma, or one decimal: sum_form = decimal"),
        (
            {"TransactionDate": "2026-11-03%2010:15:00"},
            "plain",
            "another form of date: dates = lenient",
        ),
        ({"Amount": "x"}, "plain", None),
    ],
)
def test_the_log_names_the_setting_that_would_take_it(
    books: Engine, endpoint: Endpoint, changes: dict[str, str], bank: str, why: str | None
) -> None:
    """Of a refused sum or date [10]."""
    assert code(endpoint, pay(**changes), bank) == "299"
    assert endpoint.log()[-1].get("why") == why


def test_a_report_has_the_dates_of_the_setting(books: Engine, endpoint: Endpoint) -> None:
    """Its dates are as TransactionDate [3, 10]."""
    other = "CheckDateBegin=2026-11-03%2000:00:00&CheckDateEnd=03.11.2026%2023:59:59"
    ask(endpoint, PAY, "lenient")

    assert [row[0] for row in report(endpoint, other, "lenient")] == ["5100002"]
    assert code(endpoint, other) == "299"
    assert endpoint.log()[-1]["why"] == "another form of date: dates = lenient"


def test_other_dates_are_taken_where_the_setting_says_so(books: Engine, endpoint: Endpoint) -> None:
    """dates = "lenient" [10]."""
    for number, date in enumerate(
        ("20261103101500", "2026-11-03%2010:15:00", "2026-11-03T10:15:00", "03.11.2026%2010:15:00")
    ):
        query = pay(TransactionDate=date, TransactionId=str(number))
        assert code(endpoint, query, "lenient") == "0", date
    assert {row[5] for row in payments(books)} == {"2026-11-03 10:15:00"}


def test_a_check_writes_nothing_and_looks_at_no_sum_and_no_date(
    books: Engine, endpoint: Endpoint
) -> None:
    """Used ids, 0, none, and fifty times [7]; the sum it sends may be anything [3]."""
    ask(endpoint, PAY)
    for txn_id in ("5100002", "0", "0", "", *(["7"] * 50)):
        query = f"QueryType=check&TransactionId={txn_id}&Account={ACCOUNT}&Amount=0&{D[:-4]}"
        answer = ask(endpoint, query)
        assert (answer["TransactionId"], answer["ResultCode"]) == (txn_id, "0")
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    "sent",
    [
        ("POST", PAY, "", family.FORM),
        ("POST", PAY, None, {}),
        ("POST", "", PAY, family.FORM),
        ("POST", HALVES[0], HALVES[1], family.FORM),
        ("GET", PAY, "QueryType=check", family.FORM),
        ("POST", PAY, '{"QueryType": "check"}', {"Content-Type": "application/json"}),
    ],
)
def test_parameters_come_in_the_query_the_form_or_both(
    books: Engine, endpoint: Endpoint, sent: tuple[str, str, str | None, dict[str, str]]
) -> None:
    """GET or POST; a body of another type, or of a GET, is not read [2]."""
    method, query, body, headers = sent
    answer = read(endpoint.call(f"/usmp?{query}", method, body, headers))

    assert (answer["TransactionId"], answer["ResultCode"]) == ("5100002", "0")
    assert payments(books) == [PAID]


@pytest.mark.parametrize("path", ["/usmp/", "/usmp/pay", "/USMP", "/PayDayReport.html"])
def test_no_other_address_answers(books: Engine, endpoint: Endpoint, path: str) -> None:
    """404, empty; the report too is asked for at the bank's own [9]."""
    for query in (PAY, REPORT):
        reply = endpoint.call(f"{path}?{query}")
        assert (reply.status, reply.body) == (404, b"")
    assert payments(books) == []


def test_a_stranger_is_refused_before_any_parameter_is_read(
    books: Engine, endpoint: Endpoint
) -> None:
    """Token 404, address 403, Basic 401: empty bodies, alarms; all that are set must hold [2]."""
    basic = {"Authorization": "Basic dXNtcDpwMQ=="}
    for query in (PAY, "QueryType=nonsense", ""):
        for path, headers, status in [
            ("/guarded", basic, 404),
            ("/guarded/x", basic, 404),
            ("/away", {}, 403),
        ]:
            reply = endpoint.call(f"{path}?{query}", headers=headers)
            assert (reply.status, reply.body) == (status, b"")
            assert endpoint.log()[-1]["alarm"] is True
    assert payments(books) == []


def test_without_the_password_nobody_is_heard(
    books: Engine, endpoint: Endpoint, command: Any
) -> None:
    """401 asks for it; with all proofs it is the bank [2]."""
    path = command("url", "guarded").stdout.strip().rpartition("/guarded/")[2]
    for headers in ({}, {"Authorization": "Basic dXNtcDpwMg=="}):
        reply = endpoint.call(f"/guarded/{path}?{PAY}", headers=headers)
        assert (reply.status, reply.body) == (401, b"")
        assert reply.headers["WWW-Authenticate"].startswith("Basic")
        assert endpoint.log()[-1]["alarm"] is True
    basic = {"Authorization": "Basic dXNtcDpwMQ=="}
    reply = endpoint.call(f"/guarded/{path}?{PAY}", headers=basic)
    assert read(reply)["ResultCode"] == "0"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"TransactionDate": "20261103101501"},
        {"TransactionDate": "nonsense"},
        {"TransactionDate": None},
        {"PayElementId": "0"},
        {"Amount": "0400,0"},
        {"AmountSum": "500.00"},
    ],
)
@pytest.mark.parametrize("since", ["nothing", "closed", "blocked"])
def test_a_repeat_is_the_first_answer_again(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], since: str
) -> None:
    """Whatever happened to the account since, and whatever is wrong but the sum [4, 7]."""
    parameters = FIRST | {"PayElementId": "1539"}
    first = endpoint.call(f"/city?{pay(**parameters)}")
    family.account_becomes(books, ACCOUNT, since)

    again = endpoint.call(f"/city?{pay(**parameters | changes)}")

    assert read(first)["ResultCode"] == "0"
    assert again.body == first.body
    assert books.rows("SELECT txn_id, amount FROM payment") == [("5100002", "400.00")]


def test_a_repeat_is_known_whatever_the_limits_are_by_now(
    books: Engine, endpoint: Endpoint
) -> None:
    """A refusal by step 8 asks first, too [4]."""
    for amount in ("0.50", "20000.01"):
        first = endpoint.call(f"/plain?{pay(Amount=amount, TransactionId='1' + amount[0])}")
        assert read(first)["ResultCode"] == "0"
    books.execute("UPDATE payment SET bank = 'usmp'")
    for amount in ("0.50", "20000.01"):
        answer = ask(endpoint, pay(Amount=amount, TransactionId="1" + amount[0]))
        assert (answer["ResultCode"], answer["Amount"]) == ("0", amount)
    assert len(payments(books)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"Amount": "400.01"},
        {"Account": FREE},
        {"Account": CLOSED},
        {"Account": UNKNOWN},
        {"Account": ""},
        {"Account": None},
        {"Account": "%FF"},
        {"Amount": "0.99"},
        {"Amount": "99999999999999999999.99"},
        {"Amount": "401.00", "TransactionDate": "x"},
    ],
)
def test_a_known_id_with_other_data_is_an_alarm(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None]
) -> None:
    """It wins over every other refusal, credits nothing and shows no receipt [4, 7]."""
    ask(endpoint, PAY)

    answer = ask(endpoint, pay(**FIRST | changes))

    assert (answer["TransactionId"], answer["ResultCode"]) == ("5100002", "299")
    assert list(answer) == REFUSED
    assert endpoint.log()[-1]["outcome"] == "duplicate_other"
    assert endpoint.log()[-1]["alarm"] is True
    assert payments(books) == [PAID]


def test_with_an_unreadable_sum_or_id_the_plain_order_holds(
    books: Engine, endpoint: Endpoint
) -> None:
    """Even for a known id [4]."""
    ask(endpoint, PAY)
    known = {"TransactionId": "5100002", "Amount": "400"}

    assert code(endpoint, pay(**known)) == "299"
    assert endpoint.log()[-1]["outcome"] == "bad_sum"
    assert code(endpoint, pay(**known, Account="1")) == "3"
    assert code(endpoint, pay(TransactionId="5100002x", Account="1")) == "299"
    assert endpoint.log()[-1]["outcome"] == "bad_id"


def test_a_cancelled_payment_is_not_recorded_again(books: Engine, endpoint: Endpoint) -> None:
    """22 to the same; to another sum still 299 [7]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET state = 'cancelled'")

    assert ask(endpoint, PAY).keys() == set(REFUSED)
    assert code(endpoint, PAY) == "22"
    assert code(endpoint, PAY.replace("400.00", "1.00")) == "299"
    assert [row[4] for row in payments(books)] == ["cancelled"]


@pytest.mark.parametrize("bank", ["usmp", "bills"])
def test_twenty_at_once_are_one_payment(books: Engine, endpoint: Endpoint, bank: str) -> None:
    """And twenty equal answers with 0 [7]; an invoice is paid once, too."""
    query = pay(Account=ACCOUNT if bank == "usmp" else f"{ACCOUNT}-1")
    answers = at_once(lambda: endpoint.call(f"/{bank}?{query}"))

    assert {read(answer)["ResultCode"] for answer in answers} == {"0"}
    assert len({answer.body for answer in answers}) == 1
    assert len(payments(books)) == 1


def test_twenty_cancels_at_once_are_one(books: Engine, endpoint: Endpoint) -> None:
    """All say the same, and the sum is owed again once [8]."""
    ask(endpoint, PAY)
    answers = at_once(lambda: endpoint.call(f"/usmp?{CANCEL}{OF_PAY}"))

    assert len({answer.body for answer in answers}) == 1
    assert read(answers[0])["ResultCode"] == "0"
    debt = ask(endpoint, f"QueryType=check&Account={ACCOUNT}")["Fields"][1]
    assert debt == ("field2", "debt", "640.30")


@pytest.mark.parametrize(
    ("paid", "shown"),
    [(None, "640.30"), ("640.30", "0.00"), ("690.30", "-50.00"), ("0.01", "640.29")],
)
def test_the_debt_is_what_is_owed(
    books: Engine, endpoint: Endpoint, paid: str | None, shown: str
) -> None:
    """0.00 when nothing, negative when overpaid [5]."""
    if paid:
        ask(endpoint, pay(Amount=paid), "plain")

    answer = ask(endpoint, f"QueryType=check&Account={ACCOUNT}", "plain")

    assert answer["Fields"] == [("field1", "debt", shown)]


def test_what_is_shown_and_how_it_is_called(books: Engine, endpoint: Endpoint) -> None:
    """`show` gives the order, `labels` the titles; nothing to show, no `Fields` [5, 10]."""
    books.execute(
        "UPDATE account SET address = ?, name = ? WHERE number = ?",
        "Абая & <сын>, \x011",
        " Ким\t Сергей-Ян  \U0001f4b0x \x0b",
        ACCOUNT,
    )
    query = f"QueryType=check&Account={ACCOUNT}"

    assert ask(endpoint, query, "own")["Fields"] == [
        ("field1", "address", "Абая & <сын>, 1"),
        ("field2", "deposit", "640.30"),
        ("field3", "fio", "К*** С*** \U0001f4b0***"),
    ]
    assert list(ask(endpoint, query, "silent")) == REFUSED


def test_elements_stand_in_the_order_of_the_sheet(books: Engine, endpoint: Endpoint) -> None:
    """To the letter, for networks that search the text [5, 8, 9]."""
    check = endpoint.call(f"/usmp?QueryType=check&TransactionId=5100001&Account={ACCOUNT}").text
    paid = endpoint.call(f"/usmp?{PAY}").text
    listed = endpoint.call(f"/usmp?{REPORT}").text
    cancelled = endpoint.call(f"/usmp?{CANCEL}").text
    (number,) = books.rows("SELECT id FROM payment")[0]
    receipt = f"<TransactionExt>{number}</TransactionExt><Amount>400.00</Amount>"
    end = "<ResultCode>0</ResultCode><Comment>OK</Comment></Response>"

    assert check == (
        f"{DECLARATION}<Response><TransactionId>5100001</TransactionId><ResultCode>0</ResultCode>"
        '<Fields><field1 name="fio">К*** А***</field1><field2 name="debt">640.30</field2></Fields>'
        "<Comment>OK</Comment></Response>"
    )
    assert paid == (f"{DECLARATION}<Response><TransactionId>5100002</TransactionId>{receipt}{end}")
    assert cancelled == (
        f"{DECLARATION}<Response><TransactionId>5100090</TransactionId>"
        f"<RevertId>5100002</RevertId>{receipt}{end}"
    )
    assert listed == (
        f"{DECLARATION}<Response><Payment><TransactionId>5100002</TransactionId>"
        f"<Account>{ACCOUNT}</Account><TransactionDate>20261103101500</TransactionDate>"
        "<Amount>400.00</Amount></Payment></Response>"
    )
    assert endpoint.call(f"/usmp?QueryType=check&Account={UNKNOWN}").text == (
        f"{DECLARATION}<Response><TransactionId></TransactionId><ResultCode>21</ResultCode>"
        "<Comment>account not found</Comment></Response>"
    )


def test_a_network_with_other_codes_overrides_single_ones(
    books: Engine, endpoint: Endpoint
) -> None:
    """Others stay [6, 10]; comments speak the payer's language."""
    codes = {
        account: code(endpoint, pay(Account=account), "own")
        for account in (CLOSED, BLOCKED, UNKNOWN, "x", "")
    }

    assert codes == {CLOSED: "24", BLOCKED: "25", UNKNOWN: "21", "x": "3", "": "3"}
    assert ask(endpoint, pay(Account=UNKNOWN), "own")["Comment"] == "лицевой счёт не найден"
    assert code(endpoint, CANCEL, "own") == "23"


def test_when_nothing_can_be_known_the_network_is_asked_to_repeat(
    books: Engine, endpoint: Endpoint
) -> None:
    """Code 1 and HTTP 200, never a refusal; an overridden code as well [6]."""
    later = {"ResultCode": "1", "Comment": "try later"}
    with broken(books):
        assert ask(endpoint, PAY) == {"TransactionId": "5100002", **later}
        assert ask(endpoint, CANCEL) == {"TransactionId": "5100090", **later}
        assert ask(endpoint, REPORT) == {"TransactionId": "", **later}
        assert code(endpoint, f"QueryType=check&Account={ACCOUNT}") == "1"
        # it may be known: no refusal before that is asked
        assert code(endpoint, pay(Amount="0.50")) == "1"
        assert code(endpoint, pay(Account="")) == "1"
        assert code(endpoint, PAY, "own") == "100"
        assert code(endpoint, "QueryType=nonsense") == "299"
    assert code(endpoint, PAY) == "0"
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("query", "answer", "outcome"),
    [
        (CANCEL.replace("5100090", ""), "299", "bad_id"),
        (CANCEL.replace("5100090", "x"), "299", "bad_id"),
        (CANCEL.replace("5100002", ""), "299", "bad_id"),
        (CANCEL.replace("5100002", "x"), "299", "bad_id"),
        (CANCEL.replace("5100002", "5100002%0A"), "299", "bad_id"),
        ("QueryType=cancel&TransactionId=5100002", "299", "bad_id"),
        (CANCEL + "&RevertId=5100002", "299", "bad_request"),
        (CANCEL + "&RevertDate=20261103120000", "299", "bad_request"),
        (CANCEL.replace("5100002", "5100001"), "22", "payment_not_found"),
        (CANCEL.replace("5100002", "05100002"), "22", "payment_not_found"),
        (
            CANCEL.replace("5100090", "5100002").replace("RevertId=5100002", "RevertId=1"),
            "22",
            None,
        ),
        (f"{CANCEL}&Account={FREE}", "22", "cancel_differs"),
        (f"{CANCEL}&Account=", "22", "cancel_differs"),
        (CANCEL + "&Amount=399.99", "22", "cancel_differs"),
        (CANCEL + "&Amount=0.00", "22", "cancel_differs"),
        (CANCEL + "&Amount=abc", "22", "cancel_differs"),
        (CANCEL + "&Amount=400", "22", "cancel_differs"),
        (f"{CANCEL}&Account={ACCOUNT}&Amount=200.00", "22", "cancel_differs"),
    ],
)
def test_a_cancel_that_names_another_payment_does_nothing(
    books: Engine, endpoint: Endpoint, query: str, answer: str, outcome: str | None
) -> None:
    """Another account or sum is an alarm [8]."""
    ask(endpoint, PAY)
    told = ask(endpoint, query)

    assert told["ResultCode"] == answer
    assert list(told) == REFUSED
    assert endpoint.log()[-1]["outcome"] == (outcome or "payment_not_found")
    assert endpoint.log()[-1].get("alarm", False) == (outcome == "cancel_differs")
    assert [row[4] for row in payments(books)] == ["paid"]


def test_a_sum_that_cannot_be_read_is_the_sum_of_nothing(books: Engine, endpoint: Endpoint) -> None:
    ask(endpoint, pay(TransactionId="5100002", Amount="1.00"))
    assert code(endpoint, f"{CANCEL}&Amount=abc") == "22"
    assert endpoint.log()[-1]["outcome"] == "cancel_differs"


def test_the_contract_says_which_id_names_the_payment(books: Engine, endpoint: Endpoint) -> None:
    """`cancel = "TransactionId"`: the other id may lack, and is only repeated [8, 10]."""
    for txn_id in ("5100002", "5100003", "5100004"):
        assert code(endpoint, pay(TransactionId=txn_id, PayElementId="36"), "city") == "0"
    cancel = "QueryType=cancel&TransactionId=5100003"

    answer = ask(endpoint, f"{cancel}&RevertId=5100002&Amount=100,0", "city")
    assert (answer["ResultCode"], answer["RevertId"]) == ("0", "5100002")
    assert ask(endpoint, cancel, "city")["RevertId"] == ""
    assert ask(endpoint, f"{cancel}&RevertId=x", "city")["RevertId"] == ""
    states = {row[1]: row[4] for row in payments(books)}
    assert states == {"5100002": "paid", "5100003": "cancelled", "5100004": "paid"}


def test_a_cancel_is_refused_until_the_contract_says_how(books: Engine, endpoint: Endpoint) -> None:
    """22 for every well-formed one, whatever it names; no payment is touched [8]."""
    ask(endpoint, PAY, "plain")
    both = "QueryType=cancel&TransactionId=5100002&RevertId=5100002"
    for query in (CANCEL, both, both + OF_PAY, "QueryType=cancel&TransactionId=5100002"):
        told = ask(endpoint, query, "plain")
        assert (told["ResultCode"], list(told)) == ("22", REFUSED), query
        assert endpoint.log()[-1]["outcome"] == "cancel_refused"
    assert code(endpoint, "QueryType=cancel&TransactionId=x", "plain") == "299"
    assert [row[4] for row in payments(books)] == ["paid"]


def test_a_cancel_reaches_only_the_networks_own_payments(books: Engine, endpoint: Endpoint) -> None:
    """And it needs neither account nor sum [8]."""
    ask(endpoint, PAY, "plain")
    assert code(endpoint, CANCEL) == "22"
    ask(endpoint, PAY)
    assert code(endpoint, CANCEL) == "0"
    assert [row[4] for row in payments(books)] == ["paid", "cancelled"]


def test_a_report_counts_by_the_banks_own_date(books: Engine, endpoint: Endpoint) -> None:
    """Both ends belong to it; ascending, ties by our number; only what is paid [9]."""
    for txn_id, date in [
        ("9", "20261103235959"),
        ("8", "20261103000000"),
        ("7", "20261102235959"),
        ("6", "20261104000000"),
        ("10", "20261103000000"),
        ("5", "20261103120000"),
    ]:
        assert code(endpoint, pay(TransactionId=txn_id, TransactionDate=date)) == "0"
    assert code(endpoint, CANCEL.replace("5100002", "5")) == "0"
    ask(endpoint, PAY, "plain")

    assert [row[0] for row in report(endpoint)] == ["8", "10", "9"]
    moment = "CheckDateBegin=20261102235959&CheckDateEnd=20261102235959"
    assert [row[0] for row in report(endpoint, moment)] == ["7"]
    backwards = "CheckDateBegin=20261103235959&CheckDateEnd=20261103000000"
    assert endpoint.call(f"/usmp?{backwards}").text == f"{DECLARATION}<Response></Response>"
    assert [row[0] for row in report(endpoint, f"{REPORT}&PayElementId=1", "plain")] == ["5100002"]


@pytest.mark.parametrize("text", ["", "20260230000000", "2026-11-03", "x", "20261103000000%0A"])
def test_a_report_of_no_dates_is_refused(books: Engine, endpoint: Endpoint, text: str) -> None:
    """299, at either end [9]."""
    for query in (f"CheckDateBegin={text}&{REPORT[30:]}", f"{REPORT[:30]}CheckDateEnd={text}"):
        told = ask(endpoint, query)
        assert (told["ResultCode"], list(told)) == ("299", REFUSED)
        assert endpoint.log()[-1]["outcome"] == "bad_date"


def test_an_invoice_is_paid_by_its_own_number(books: Engine, endpoint: Endpoint) -> None:
    """payer = "invoice": in parts, until nothing is left; then 22, and repeats still 0 [4]."""
    bill = f"{ACCOUNT}-1"
    books.invoice(ACCOUNT, "B-2", "500.00", state="cancelled")
    first = pay(Account=bill, Amount="600.00", TransactionId="1")
    second = pay(Account=bill, Amount="60.00", TransactionId="2")
    check = f"QueryType=check&Account={bill}"

    assert ask(endpoint, check, "bills")["Fields"] == [("field1", "debt", "640.30")]
    assert code(endpoint, f"QueryType=check&Account={ACCOUNT}", "bills") == "21"
    assert code(endpoint, first, "bills") == "0"
    assert ask(endpoint, check, "bills")["Fields"] == [("field1", "debt", "40.30")]
    assert code(endpoint, second, "bills") == "0"
    assert code(endpoint, pay(Account=bill, TransactionId="3"), "bills") == "22"
    assert code(endpoint, check, "bills") == "22"
    assert [code(endpoint, query, "bills") for query in (first, second)] == ["0", "0"]
    assert code(endpoint, pay(Account="B-2"), "bills") == "21"
    assert code(endpoint, pay(Account=f"{CLOSED}-1"), "bills") == "24"
    assert code(endpoint, pay(Account=f"{BLOCKED}-1"), "bills") == "22"
    assert [row[:2] for row in report(endpoint, bank="bills")] == [("1", bill), ("2", bill)]
    # a cancel gives the invoice back
    cancel = f"QueryType=cancel&TransactionId=9&RevertId=1&Account={bill}"
    assert code(endpoint, cancel, "bills") == "0"
    assert ask(endpoint, check, "bills")["Fields"] == [("field1", "debt", "580.30")]


# RNCB [14]

EXEC = "Exec_date=20261103101500"
RNCB_PAY = f"QueryType=pay&Account={ACCOUNT}&Payment_id=5100002&Summa=400.00&{EXEC}"
RNCB_PAID = ("rncb", *PAID[1:])
BALANCE = "QueryType=balance&DateFrom=20261103000000&DateTo=20261103235959"
ROOTS = {"check": "CHECKRESPONSE", "pay": "PAYRESPONSE", "balance": "BALANCERESPONSE"}


def rncb(endpoint: Endpoint, query: str, bank: str = "rncb") -> dict[str, Any]:
    """Ask RNCB's way; the root is that of the command."""
    command = query.removeprefix("QueryType=").partition("&")[0]
    return read(endpoint.call(f"/{bank}?{query}"), ROOTS.get(command, "CHECKRESPONSE"))


def test_rncb_checks_pays_and_repeats(books: Engine, endpoint: Endpoint) -> None:
    """To the letter of section 14."""
    books.execute("UPDATE account SET address = 'Садовая, 4' WHERE number = ?", ACCOUNT)
    check = endpoint.call(f"/rncb?QueryType=check&Account={ACCOUNT}&Inn=1&Inn=2").text
    first = endpoint.call(f"/rncb?{RNCB_PAY}").text
    again = endpoint.call(f"/rncb?{RNCB_PAY}").text
    listed = endpoint.call(f"/rncb?{BALANCE}").text
    (number,) = books.rows("SELECT id FROM payment")[0]
    paid = f"{DECLARATION}<PAYRESPONSE><OUT_PAYMENT_ID>{number}</OUT_PAYMENT_ID>"

    assert check == (
        f"{DECLARATION}<CHECKRESPONSE><FIO>К*** А***</FIO><ADDRESS>Садовая, 4</ADDRESS>"
        "<BALANCE>-640.30</BALANCE><ERROR>0</ERROR><COMMENTS>OK</COMMENTS></CHECKRESPONSE>"
    )
    assert first == f"{paid}<ERROR>0</ERROR><COMMENTS>OK</COMMENTS></PAYRESPONSE>"
    assert again == f"{paid}<ERROR>10</ERROR><COMMENTS>duplicate</COMMENTS></PAYRESPONSE>"
    assert listed == (
        f"{DECLARATION}<BALANCERESPONSE><FULL_SUMMA>400.00</FULL_SUMMA>"
        "<NUMBER_OF_PAYMENTS>1</NUMBER_OF_PAYMENTS><ERROR>0</ERROR><PAYMENTS><PAYMENT_ROW>"
        f"5100002;{number};{ACCOUNT};400.00;20261103101500</PAYMENT_ROW></PAYMENTS>"
        "</BALANCERESPONSE>"
    )
    assert payments(books) == [RNCB_PAID]


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        (f"QueryType=check&Account={UNKNOWN}", "unknown_account"),
        (f"QueryType=check&Account={CLOSED}", "account_closed"),
        (f"QueryType=check&Account={BLOCKED}", "account_blocked"),
        ("QueryType=check&Account=1", "bad_account"),
        ("QueryType=check", "bad_request"),
        (f"QueryType=check&Account={ACCOUNT}&Account={ACCOUNT}", "bad_request"),
        (RNCB_PAY.replace(ACCOUNT, UNKNOWN), "unknown_account"),
        (RNCB_PAY.replace("5100002", "x"), "bad_id"),
        (RNCB_PAY.replace("Payment_id", "TransactionId"), "bad_id"),
        (RNCB_PAY.replace("400.00", "400"), "bad_sum"),
        (RNCB_PAY.replace("Summa", "Amount"), "bad_sum"),
        (RNCB_PAY.replace("400.00", "0.99"), "sum_too_small"),
        (RNCB_PAY.replace("400.00", "20000.01"), "sum_too_large"),
        (RNCB_PAY.replace("20261103101500", "20260230101500"), "bad_date"),
        (RNCB_PAY + "&Summa=400.00", "bad_request"),
        (RNCB_PAY + "&Payment_id=5100002", "bad_request"),
        (RNCB_PAY + f"&{EXEC}", "bad_request"),
        (RNCB_PAY + "&QueryType=pay", "bad_request"),
        (RNCB_PAY.replace("=pay", "=cancel"), "unknown_command"),
        (RNCB_PAY.replace("=pay", "=Pay"), "unknown_command"),
        (REPORT, "unknown_command"),
        ("", "unknown_command"),
        ("QueryType=balance", "bad_date"),
        (BALANCE.replace("20261103235959", "x"), "bad_date"),
        (f"{BALANCE}&Date_from=20261103000000", "bad_request"),
        (f"{BALANCE}&Date_to=20261103235959", "bad_request"),
        (f"{BALANCE}&DateTo=20261103235959", "bad_request"),
    ],
)
def test_rncb_hears_one_word_for_every_refusal(
    books: Engine, endpoint: Endpoint, query: str, outcome: str
) -> None:
    """1, in the root of the command, and nothing of the payer [14]."""
    root = ROOTS.get(query.removeprefix("QueryType=").partition("&")[0], "CHECKRESPONSE")
    root = "CHECKRESPONSE" if query.endswith("&QueryType=pay") else root
    told = read(endpoint.call(f"/rncb?{query}"), root)

    assert (list(told), told["ERROR"]) == (["ERROR", "COMMENTS"], "1")
    assert endpoint.log()[-1]["outcome"] == outcome
    assert endpoint.log()[-1]["code"] == "1"
    assert payments(books) == []


def test_rncb_other_data_under_a_known_id_is_an_alarm(books: Engine, endpoint: Endpoint) -> None:
    """1, and nothing is credited; a repeat with another date, or a bad one, is a repeat [7, 14]."""
    rncb(endpoint, RNCB_PAY)
    for query in (RNCB_PAY.replace("400.00", "401.00"), RNCB_PAY.replace(ACCOUNT, FREE)):
        assert rncb(endpoint, query)["ERROR"] == "1"
        assert endpoint.log()[-1]["alarm"] is True
    for query in (RNCB_PAY.replace("1500", "1501"), RNCB_PAY.replace(EXEC, "Exec_date=x")):
        assert rncb(endpoint, query)["ERROR"] == "10"
    books.execute("UPDATE payment SET state = 'cancelled'")
    assert rncb(endpoint, RNCB_PAY)["ERROR"] == "1"
    assert [row[1:4] for row in payments(books)] == [RNCB_PAID[1:4]]


@pytest.mark.parametrize("date", ["", "&Exec_date="])
def test_rncb_may_send_no_date(books: Engine, endpoint: Endpoint, date: str) -> None:
    """Then it is our clock, in the bank's zone [14]."""
    assert rncb(endpoint, RNCB_PAY.replace(f"&{EXEC}", date))["ERROR"] == "0"

    ((paid_at, created_at),) = books.rows("SELECT paid_at, created_at FROM payment")
    # Moscow is at UTC+3
    assert int(paid_at[11:13]) == (int(created_at[11:13]) + 3) % 24
    assert paid_at[13:17] == created_at[13:17]


def test_the_whole_last_second_belongs_to_rncbs_day(books: Engine, endpoint: Endpoint) -> None:
    """Ends included, also of a payment that our finer clock has dated [9, 14]."""
    assert rncb(endpoint, RNCB_PAY.replace(f"&{EXEC}", ""))["ERROR"] == "0"
    books.execute("UPDATE payment SET paid_at = '2026-11-03 23:59:59.758'")
    next_day = "QueryType=balance&DateFrom=20261104000000&DateTo=20261104235959"

    assert rncb(endpoint, BALANCE)["NUMBER_OF_PAYMENTS"] == "1"
    assert rncb(endpoint, next_day)["NUMBER_OF_PAYMENTS"] == "0"


def test_rncb_asks_for_payments_by_either_names(books: Engine, endpoint: Endpoint) -> None:
    """Both ends belong to it; only what is paid; none is a sum of 0.00 [9, 14]."""
    for number, date in enumerate(("20261103000000", "20261103235959", "20261104000000")):
        query = RNCB_PAY.replace("5100002", str(number)).replace("20261103101500", date)
        assert rncb(endpoint, query)["ERROR"] == "0"
    other = BALANCE.replace("DateFrom", "Date_from").replace("DateTo", "Date_to")
    mixed = BALANCE.replace("DateTo", "Date_to")
    for query in (BALANCE, other, mixed):
        told = rncb(endpoint, query)
        assert (told["FULL_SUMMA"], told["NUMBER_OF_PAYMENTS"]) == ("800.00", "2")
        assert [row[2].split(";")[0] for row in told["PAYMENTS"]] == ["0", "1"]
    books.execute("UPDATE payment SET state = 'cancelled'")
    assert rncb(endpoint, BALANCE) == {
        "FULL_SUMMA": "0.00",
        "NUMBER_OF_PAYMENTS": "0",
        "ERROR": "0",
        "PAYMENTS": "",
    }


@pytest.mark.parametrize(
    ("bank", "paid", "balance"),
    [
        ("rncb", "660.30", "20.00"),
        ("rncb", "640.30", "0.00"),
        ("rncbdebt", None, "640.30"),
        ("rncbdebt", "660.30", "-20.00"),
        ("rncbdebt", "640.30", "0.00"),
    ],
)
def test_the_sign_of_rncbs_balance(
    books: Engine, endpoint: Endpoint, bank: str, paid: str | None, balance: str
) -> None:
    """By balance_sign; never -0.00 [14]."""
    if paid:
        rncb(endpoint, RNCB_PAY.replace("400.00", paid), bank)

    assert rncb(endpoint, f"QueryType=check&Account={ACCOUNT}", bank)["BALANCE"] == balance


def test_rncbs_codes_can_be_replaced(books: Engine, endpoint: Endpoint) -> None:
    """`codes = { duplicate_same = "0" }`; the others stay [14]."""
    first = rncb(endpoint, RNCB_PAY, "rncbdebt")
    again = rncb(endpoint, RNCB_PAY, "rncbdebt")

    assert (first["ERROR"], again["ERROR"]) == ("0", "0")
    assert first["OUT_PAYMENT_ID"] == again["OUT_PAYMENT_ID"]
    unknown = rncb(endpoint, f"QueryType=check&Account={UNKNOWN}", "rncbdebt")
    assert unknown == {"ERROR": "4", "COMMENTS": "лицевой счёт не найден"}
    assert rncb(endpoint, f"QueryType=check&Account={CLOSED}", "rncbdebt")["ERROR"] == "1"


def test_rncb_has_no_word_for_ask_again(books: Engine, endpoint: Endpoint) -> None:
    """HTTP 503 without a body, in every command [14]."""
    with broken(books):
        for query in (RNCB_PAY, f"QueryType=check&Account={ACCOUNT}", BALANCE):
            reply = endpoint.call(f"/rncb?{query}")
            assert (reply.status, reply.body) == (503, b"")
    assert rncb(endpoint, RNCB_PAY)["ERROR"] == "0"


def test_rncb_twenty_at_once_are_one_payment(books: Engine, endpoint: Endpoint) -> None:
    """One 0 and nineteen 10, all with one number [7, 14]."""
    answers = [
        read(reply, "PAYRESPONSE") for reply in at_once(lambda: endpoint.call(f"/rncb?{RNCB_PAY}"))
    ]

    assert sorted(answer["ERROR"] for answer in answers) == ["0", *["10"] * 19]
    assert len({answer["OUT_PAYMENT_ID"] for answer in answers}) == 1
    assert payments(books) == [RNCB_PAID]


def test_rncb_pays_invoices(books: Engine, endpoint: Endpoint) -> None:
    """payer = "invoice": what is paid is refused with 1, a repeat is not [4, 14]."""
    bill = f"{ACCOUNT}-1"
    query = RNCB_PAY.replace(ACCOUNT, bill).replace("400.00", "640.30")

    assert rncb(endpoint, query, "rncbbills")["ERROR"] == "0"
    assert rncb(endpoint, query, "rncbbills")["ERROR"] == "10"
    assert rncb(endpoint, f"QueryType=check&Account={bill}", "rncbbills")["ERROR"] == "1"
    (row,) = rncb(endpoint, BALANCE, "rncbbills")["PAYMENTS"]
    assert row[2].split(";")[2] == bill


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("cancel = true", 'expected false, "TransactionId" or "RevertId"'),
        ('cancel = "Account"', 'expected false, "TransactionId" or "RevertId"'),
        ("cancel = 0", 'expected false, "TransactionId" or "RevertId"'),
        ("pay_element = [15.39]", "expected a text in quotes, a whole number, or a list of them"),
        ('form = "osmp"', 'expected one of "usmp", "rncb"'),
        ('sum_form = "any"', 'expected one of "strict", "decimal", "lenient"'),
        ('show = ["balance"]', "expected a list of"),
        ('codes = { no_such = "1" }', "no such outcome"),
    ],
)
def test_a_fault_in_the_settings_is_named(tmp_path: Path, line: str, fault: str) -> None:
    """With what is wanted [10]."""
    path = write_bank("usmp", f'allow = ["127.0.0.1"]\n{line}', tmp_path)

    with pytest.raises(settings.SettingsError, match=line.partition(" ")[0]) as refusal:
        settings.load(path)
    assert fault in str(refusal.value)


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("", ("", "", "", None)),
        ("QueryType=foo&TransactionId=7", ("foo", "7", "", None)),
        ("QueryType=check&Account=1&Account=1&TransactionId=7", ("check", "7", "", None)),
        ("QueryType=check", ("check", "", "", None)),
        (pay(TransactionId="x"), ("pay", "x", "", None)),
        (pay(Account=None), ("pay", "5100009", "", "100.00")),
        (pay(Amount=None), ("pay", "5100009", ACCOUNT, None)),
        ("QueryType=cancel&TransactionId=7", ("cancel", "7", "", None)),
        ("QueryType=cancel&TransactionId=7&RevertId=x", ("cancel", "x", "", None)),
        ("CheckDateBegin=x&CheckDateEnd=x", ("report", "", "", None)),
    ],
)
def test_the_log_has_what_could_be_read(
    books: Engine, endpoint: Endpoint, query: str, line: tuple[Any, ...]
) -> None:
    """Nothing is made up for the rest; a call without a command is a stranger's."""
    ask(endpoint, query)
    assert logged(endpoint.log()) == line
