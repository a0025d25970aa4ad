"""Kaspi.kz and Halyk, sentence by sentence of kaspi.md (sections in brackets)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import family
from tests.support.answers import alarms, at_once, broken, payments, xml
from tests.support.dialects import NO_WORDS

if TYPE_CHECKING:
    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.kaspi]
protocol = "kaspi"
url_token = true
account_pattern = "[0-9]{10}"
min_sum = "1.00"
max_sum = "500000.00"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.kaspixml]
protocol = "kaspi"
allow = ["127.0.0.1"]
format = "xml"
bin = "600400073391"
show = ["name", "address", "debt"]
language = "ru"
"""
UNAVAILABLE = NO_WORDS
FINAL = {
    "kaspi": {"5": "yes", "HTTP 404": "yes, until it is put right", "HTTP 503": "no, ask again"}
}

BANKS = """
[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{5}"
min_sum = "1.00"
max_sum = "500000.00"
show = ["name", "debt"]

[BANKS.kaspixml]
protocol = "kaspi"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{5}"
format = "xml"
show = ["name", "debt"]

[BANKS.halyk]
protocol = "kaspi"
allow = ["127.0.0.1"]

[BANKS.firm]
protocol = "kaspi"
allow = ["127.0.0.1"]
bin = "600400073391"
show = ["address", "name"]
labels = { name = "Payer" }
sum_form = "lenient"
codes = { temporary = "4", account_blocked = -2 }

[BANKS.firmxml]
protocol = "kaspi"
allow = ["127.0.0.1"]
format = "xml"
bin = "600400073391"
show = ["address", "debt", "name"]
codes = { temporary = "4" }
language = "ru"

[BANKS.silent]
protocol = "kaspi"
allow = ["127.0.0.1"]
show = []

[BANKS.strict]
protocol = "kaspi"
allow = ["127.0.0.1"]
sum_form = "strict"
dates = "lenient"


[BANKS.bills]
protocol = "kaspi"
allow = ["127.0.0.1"]
payer = "invoice"
"""

D = "txn_date=20261103101500"
PAY = f"command=pay&txn_id=81000502&account=71501&sum=5000.00&{D}"
PAID = ("kaspi", "81000502", "71501", "5000.00", "paid", "2026-11-03 10:15:00", "KZT")
HALVES = PAY[: PAY.index("&sum")], PAY[PAY.index("sum") :]
# The id and the sum of PAY, for its repeats.
FIRST: dict[str, str | None] = {"txn_id": "81000502", "sum": "5000.00"}
# A payment with a new id.
NEW: dict[str, str | None] = {
    "command": "pay",
    "txn_id": "81000509",
    "account": "71501",
    "sum": "100.00",
    "txn_date": "20261103101500",
}


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account("71501", "Ахметова Белла", owes="15000.00")
    engine.account("71502", "Волков Денис", owes="0.00")
    engine.account("71503", state="closed")
    engine.account("71504", state="blocked")
    return engine


def read(reply: Reply) -> dict[str, Any]:
    """The members of a JSON answer, in order."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    answer = json.loads(reply.body)
    assert isinstance(answer, dict)
    return answer


def ask(endpoint: Endpoint, query: str, bank: str = "kaspi") -> dict[str, Any]:
    """Ask by GET and read the JSON."""
    return read(endpoint.call(f"/{bank}?{query}"))


def result(endpoint: Endpoint, query: str, bank: str = "kaspi") -> int:
    """Ask by GET; the code alone, a number."""
    code = ask(endpoint, query, bank)["result"]
    assert type(code) is int
    return code


def pay(**changes: str | None) -> str:
    """A pay with a new id and some parameters changed, or left out (None)."""
    return family.query(NEW | changes)


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order."""
    check = "command=check&txn_id=81000501&account=71501"
    # 1, to the letter
    first = endpoint.call(f"/kaspi?{check}&sum=1.00")
    assert first.text == (
        '{"txn_id":"81000501","result":0,"sum":"15000.00",'
        '"fields":{"field1":{"@name":"ФИО","#text":"А*** Б***"}},"comment":"OK"}'
    )
    # 2
    for query in [f"{check}&sum=1.00"] * 50 + [f"{check}&sum=abc", check]:
        assert endpoint.call(f"/kaspi?{query}").body == first.body, query
    assert payments(books) == []
    # 3
    assert ask(endpoint, "command=check&account=71502") == {
        "txn_id": "",
        "result": 0,
        "sum": "0.00",
        "fields": {"field1": {"@name": "ФИО", "#text": "В*** Д***"}},
        "comment": "OK",
    }
    # 4, 5
    for query, code in [
        ("command=check&txn_id=5&account=71509", 1),
        ("command=check&txn_id=5&account=71503", 2),
        ("command=check&txn_id=5&account=71504", 2),
        ("command=check&txn_id=5&account=7150", 1),
        ("command=check&txn_id=5&account=", 1),
        ("command=check&txn_id=5", 5),
    ]:
        answer = ask(endpoint, query)
        assert (answer["txn_id"], answer["result"]) == ("5", code), query
        assert list(answer) == ["txn_id", "result", "comment"]
    # 6
    answer = ask(endpoint, "command=check&txn_id=5x&account=71501")
    assert (answer["txn_id"], answer["result"]) == ("", 5)
    # 7
    first = endpoint.call(f"/kaspi?{PAY}")
    (number,) = books.rows("SELECT id FROM payment")[0]
    assert first.text == (
        f'{{"txn_id":"81000502","prv_txn_id":"{number}","prv_txn":"{number}","result":0,'
        '"sum":"5000.00","comment":"OK"}'
    )
    assert payments(books) == [PAID]
    # 8
    again = [
        endpoint.call(f"/kaspi?{PAY}"),
        endpoint.call(f"/kaspi?{PAY.replace('1500', '1501')}"),
        *at_once(lambda: endpoint.call(f"/kaspi?{PAY}")),
    ]
    assert {reply.body for reply in again} == {first.body}
    # 9
    before = len(alarms(endpoint.log()))
    for other in (("5000.00", "4999.00"), ("71501", "71502"), ("71501", "71503")):
        answer = ask(endpoint, PAY.replace(*other))
        assert list(answer) == ["txn_id", "result", "comment"]
        assert (answer["txn_id"], answer["result"]) == ("81000502", 5), other
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 3
    assert payments(books) == [PAID]
    # 10
    answer = ask(endpoint, "command=check&txn_id=81000502&account=71501")
    assert (answer["result"], answer["sum"]) == (0, "10000.00")
    # 11
    late = f"command=pay&txn_id=81000503&account=71509&sum=10.00&{D}"
    assert result(endpoint, late) == 1
    assert result(endpoint, late.replace("71509", "71502")) == 0
    rows = [PAID, ("kaspi", "81000503", "71502", "10.00", *PAID[4:])]
    assert payments(books) == rows
    # 12, 13
    for text in ("10", "1e3", "-5.00", "1,505", "0.00", "500000.01", None):
        assert result(endpoint, pay(sum=text)) == 5, text
    for number, text, stored in (("81000512", "1,50", "1.50"), ("81000513", "1.5", "1.50")):
        answer = ask(endpoint, pay(txn_id=number, account="71502", sum=text))
        assert (answer["result"], answer["sum"]) == (0, stored)
        rows.append(("kaspi", number, "71502", stored, *PAID[4:]))
    for date in ("20260230101500", "2026-11-03", None):
        assert result(endpoint, pay(txn_date=date)) == 5, date
    # 14
    for txn_id in (None, "1" * 21):
        answer = ask(endpoint, pay(txn_id=txn_id))
        assert (answer["txn_id"], answer["result"]) == ("", 5), txn_id
    # 15, 16
    for query in (pay(command="PAY"), pay(command="cancel"), pay(command=None)):
        answer = ask(endpoint, query)
        assert (answer["txn_id"], answer["result"]) == ("81000509", 5), query
    assert result(endpoint, "command=check&txn_id=5&account=71501&account=71502") == 5
    assert payments(books) == rows


class TestLikeTheFamily(family.Requests, family.Forms):
    """What tests/support/family.py says, in the words of this sheet."""

    WORDS = family.Words(
        bank="kaspi",
        first=PAY,
        paid=PAID,
        pay=pay,
        amount="sum",
        date="txn_date",
        twice="sum=5000.00",
        read=read,
        code="result",
        codes={"ok": 0, "bad_request": 5, "account_blocked": 2},
    )


def test_the_same_in_xml(books: Engine, endpoint: Endpoint) -> None:
    """The three of section 5, to the letter."""
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    check = endpoint.call("/kaspixml?command=check&txn_id=81000501&account=71501&sum=1.00")
    paid = endpoint.call(f"/kaspixml?{PAY}")
    refused = endpoint.call("/kaspixml?command=check&txn_id=81000503&account=71509")
    (number,) = books.rows("SELECT id FROM payment")[0]

    assert [reply.headers["Content-Type"] for reply in (check, paid, refused)] == [
        "text/xml; charset=utf-8"
    ] * 3
    assert check.text == (
        f"{declaration}<response><txn_id>81000501</txn_id><sum>15000.00</sum><result>0</result>"
        '<fields><field1 name="ФИО">А*** Б***</field1></fields><comment>OK</comment></response>'
    )
    assert paid.text == (
        f"{declaration}<response><txn_id>81000502</txn_id><prv_txn>{number}</prv_txn>"
        "<sum>5000.00</sum><result>0</result><comment>OK</comment></response>"
    )
    assert refused.text == (
        f"{declaration}<response><txn_id>81000503</txn_id><result>1</result>"
        "<comment>account not found</comment></response>"
    )
    assert endpoint.call(f"/kaspixml?{PAY}").body == paid.body
    assert xml(endpoint.call("/kaspixml?command=x"))["result"] == "5"


@pytest.mark.parametrize(
    ("query", "outcome", "echo"),
    [
        # 1
        ("command=foo&txn_id=x&txn_id=x", "bad_request", ""),
        (pay() + "&account=71501", "bad_request", "81000509"),
        (pay() + "&txn_id=81000509", "bad_request", ""),
        (pay() + "&txn_date", "bad_request", "81000509"),
        (pay() + "&s%75m=100.00", "bad_request", "81000509"),
        # 2, 3
        ("command=Check&txn_id=x", "unknown_command", ""),
        ("command=check%0A&txn_id=1", "unknown_command", "1"),
        ("command=getInfo&account=71501", "unknown_command", ""),
        ("", "unknown_command", ""),
        ("command=check&txn_id=%D9%A1&account=7", "bad_id", ""),
        ("command=check&txn_id=1%0A&account=7", "bad_id", ""),
        ("command=check&txn_id=-1", "bad_id", ""),
        (pay(txn_id=""), "bad_id", ""),
        # 4
        (pay(account=None, sum="x"), "bad_request", "81000509"),
        (pay(account="", sum="x"), "bad_account", "81000509"),
        (pay(account="71501%0A", sum="x"), "bad_account", "81000509"),
        (pay(account="71501+"), "bad_account", "81000509"),
        (pay(account="%FF"), "bad_account", "81000509"),
        # 5, 6, 7, 8
        (pay(sum=None, txn_date="x"), "bad_sum", "81000509"),
        (pay(sum="", txn_date="x"), "bad_sum", "81000509"),
        (pay(sum="10.000"), "bad_sum", "81000509"),
        (pay(sum="+10.00"), "bad_sum", "81000509"),
        (pay(sum="10.00%0A"), "bad_sum", "81000509"),
        (pay(sum="%D9%A10.00"), "bad_sum", "81000509"),
        (pay(sum="1_0.00"), "bad_sum", "81000509"),
        (pay(txn_date="x", sum="0.99"), "bad_date", "81000509"),
        (pay(txn_date=""), "bad_date", "81000509"),
        (pay(txn_date="19691231235959"), "bad_date", "81000509"),
        (pay(txn_date="21000101000000"), "bad_date", "81000509"),
        (pay(txn_date="20261103101500%0A"), "bad_date", "81000509"),
        (pay(sum="0.00", account="71503"), "sum_too_small", "81000509"),
        (pay(sum="0.99"), "sum_too_small", "81000509"),
        (pay(sum="500000.01", account="71509"), "sum_too_large", "81000509"),
        (pay(sum="9" * 20 + ".99"), "sum_too_large", "81000509"),
        (pay(account="71509"), "unknown_account", "81000509"),
        (pay(account="71503"), "account_closed", "81000509"),
        (pay(account="71504"), "account_blocked", "81000509"),
        # accepted
        (pay(sum="1.00"), "ok", "81000509"),
        (pay(sum="500000.00"), "ok", "81000509"),
        (pay(txn_id="9" * 20), "ok", "9" * 20),
        (pay(txn_id="0007"), "ok", "0007"),
        (pay(txn_date="20240229235959"), "ok", "81000509"),
        (pay() + "&data1=%FF&data1=1&service_id=1&ccy=USD&SUM=1&comment=x", "ok", "81000509"),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, query: str, outcome: str, echo: str
) -> None:
    """The order of section 4; a refusal records and tells nothing."""
    answer = ask(endpoint, query)
    codes = {"ok": 0, "unknown_account": 1, "bad_account": 1}
    codes |= {"account_closed": 2, "account_blocked": 2}

    assert endpoint.log()[-1]["outcome"] == outcome
    assert (answer["txn_id"], answer["result"]) == (echo, codes.get(outcome, 5))
    assert len(payments(books)) == (outcome == "ok")
    if outcome != "ok":
        assert list(answer) == ["txn_id", "result", "comment"]


@pytest.mark.parametrize("extra", ["", "&sum=abc", "&sum=0.00", "&sum=999999999.00&txn_date=x"])
def test_the_sum_of_a_check_is_a_dummy(books: Engine, endpoint: Endpoint, extra: str) -> None:
    """Neither read nor limited nor echoed [3, 13]."""
    answer = ask(endpoint, f"command=check&txn_id=&account=71501{extra}")

    assert (answer["txn_id"], answer["result"], answer["sum"]) == ("", 0, "15000.00")
    assert payments(books) == []


@pytest.mark.parametrize("since", ["nothing", "closed", "blocked", "gone"])
@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"txn_date": None}, {"txn_date": "x"}, {"data1": "2"}),
        *({"sum": "05000.00"}, {"sum": "5000,00"}, {"sum": "5000.0"}),
    ],
)
def test_a_repeat_is_the_first_answer_again(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], since: str
) -> None:
    """Whatever happened to the account, whatever else is wrong [4, 7]; never 3."""
    first = endpoint.call(f"/kaspi?{PAY}")
    family.account_becomes(books, "71501", since)

    assert read(first)["result"] == 0
    assert endpoint.call(f"/kaspi?{pay(**FIRST | changes)}").body == first.body
    assert books.rows("SELECT COUNT(*) FROM payment") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "code", "outcome"),
    [
        ({"sum": "5000.01"}, 5, "duplicate_other"),
        ({"account": "71502"}, 5, "duplicate_other"),
        ({"account": "71509"}, 5, "duplicate_other"),
        ({"account": ""}, 5, "duplicate_other"),
        ({"account": None}, 5, "duplicate_other"),
        ({"sum": "0.00"}, 5, "duplicate_other"),
        ({"sum": "5000.5"}, 5, "duplicate_other"),
        ({"sum": "5000,01"}, 5, "duplicate_other"),
        ({"sum": "5000"}, 5, "bad_sum"),
        ({"sum": "5000", "account": "1"}, 1, "bad_account"),
    ],
)
def test_a_known_id_with_other_data_credits_nothing(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], code: int, outcome: str
) -> None:
    """With an unreadable sum the plain order holds [4, 7]."""
    ask(endpoint, PAY)

    assert result(endpoint, pay(**FIRST | changes)) == code
    assert family.last_outcome(endpoint) == (outcome, outcome == "duplicate_other")
    assert payments(books) == [PAID]


def test_a_cancelled_payment_is_not_recorded_again(books: Engine, endpoint: Endpoint) -> None:
    """Cancelled by a person: 2, and the debt is back [7]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET state = 'cancelled'")

    assert list(ask(endpoint, PAY)) == ["txn_id", "result", "comment"]
    assert result(endpoint, PAY) == 2
    assert [row[4] for row in payments(books)] == ["cancelled"]
    assert ask(endpoint, "command=check&account=71501")["sum"] == "15000.00"


def test_two_banks_number_independently(books: Engine, endpoint: Endpoint) -> None:
    """The same txn_id from Kaspi and Halyk is two payments [1]."""
    assert [result(endpoint, PAY, bank) for bank in ("kaspi", "halyk", "kaspi", "halyk")] == [0] * 4
    assert [row[:4] for row in payments(books)] == [
        ("kaspi", *PAID[1:4]),
        ("halyk", *PAID[1:4]),
    ]


@pytest.mark.parametrize(
    ("paid", "shown"),
    [("15000.00", "0.00"), ("15000.01", "0.00"), ("14999.99", "0.01"), ("0.29", "14999.71")],
)
def test_the_sum_of_a_check_is_what_is_owed(
    books: Engine, endpoint: Endpoint, paid: str, shown: str
) -> None:
    """0.00 when overpaid; a text with two decimals [5]."""
    ask(endpoint, pay(sum=paid), "halyk")

    assert ask(endpoint, "command=check&account=71501", "halyk") == {
        "txn_id": "",
        "result": 0,
        "sum": shown,
        "comment": "OK",
    }


def test_name_and_address_are_fields_and_the_debt_is_not(books: Engine, endpoint: Endpoint) -> None:
    """In the order of `show`, with titles of `labels`; `bin` in every answer of 0 [5]."""
    address = 'Сатпаева "5" & <1>'
    books.execute("UPDATE account SET address = ? WHERE number = '71501'", address)
    check = "command=check&txn_id=5&account=71501"

    assert ask(endpoint, check, "firm") == {
        "txn_id": "5",
        "result": 0,
        "fields": {
            "field1": {"@name": "Адрес", "#text": address},
            "field2": {"@name": "Payer", "#text": "А*** Б***"},
        },
        "bin": "600400073391",
        "comment": "OK",
    }
    answer = xml(endpoint.call(f"/firmxml?{check}"))
    assert (answer["sum"], answer["bin"]) == ("15000.00", "600400073391")
    assert answer["fields"] == [("Адрес", address), ("ФИО", "А*** Б***")]
    assert ask(endpoint, check, "silent") == {"txn_id": "5", "result": 0, "comment": "OK"}
    assert ask(endpoint, PAY, "firm")["bin"] == "600400073391"
    assert xml(endpoint.call(f"/firmxml?{PAY}"))["bin"] == "600400073391"
    for refused in ("command=check&account=x", "command=x", pay(account="71504")):
        assert "bin" not in ask(endpoint, refused, "firm")
        assert "bin" not in xml(endpoint.call(f"/firmxml?{refused}"))


def test_settings_change_sums_codes_and_language(books: Engine, endpoint: Endpoint) -> None:
    """sum_form, codes, language [10]."""
    answer = ask(endpoint, pay(sum="100.5"), "firm")

    assert (answer["result"], answer["sum"]) == (0, "100.50")
    whole = ask(endpoint, pay(sum="100", txn_id="8"), "firm")
    assert (whole["result"], whole["sum"]) == (0, "100.00")
    for text in ("100,50", "100.5", "100"):
        assert result(endpoint, pay(sum=text, txn_id="9"), "strict") == 5, text
    assert result(endpoint, pay(sum="100.50", txn_id="9"), "strict") == 0
    assert result(endpoint, pay(account="71504", txn_id="7"), "firm") == -2
    assert xml(endpoint.call("/firmxml?command=check&account=1"))["comment"] == (
        "лицевой счёт не найден"
    )


def test_when_nothing_can_be_known_the_line_is_broken(books: Engine, endpoint: Endpoint) -> None:
    """HTTP 503 and an empty body: 5 would be final; or the code that the bank wants [6]."""
    with broken(books):
        for query in (PAY, "command=check&account=71501"):
            for bank in ("kaspi", "kaspixml"):
                reply = endpoint.call(f"/{bank}?{query}")
                assert (reply.status, reply.body) == (503, b"")
        assert ask(endpoint, PAY, "firm") == {
            "txn_id": "81000502",
            "result": 4,
            "comment": "try later",
        }
        assert xml(endpoint.call(f"/firmxml?{PAY}"))["result"] == "4"
    assert result(endpoint, PAY) == 0


@pytest.mark.parametrize(
    "sent",
    [
        ("POST", PAY, "", family.FORM),
        ("POST", "", PAY, family.FORM),
        ("POST", HALVES[0], HALVES[1], family.FORM),
        ("POST", PAY, '{"command":"check"}', {"Content-Type": "application/json"}),
        ("GET", PAY, None, {"Accept": "text/xml"}),
    ],
)
def test_parameters_come_in_the_query_the_form_or_both(
    books: Engine, endpoint: Endpoint, sent: tuple[str, str, str | None, dict[str, str]]
) -> None:
    """GET or POST; Accept is not looked at [2]."""
    method, query, body, headers = sent
    assert read(endpoint.call(f"/kaspi?{query}", method, body, headers))["result"] == 0
    assert payments(books) == [PAID]


def test_an_invoice_paid_by_another_payment_is_3(books: Engine, endpoint: Endpoint) -> None:
    """payer = "invoice" [6]; its own repeat is still 0."""
    books.invoice("71501", "B-2", "500.00", state="cancelled")
    whole = pay(account="71501-1", sum="15000.00", txn_id="1")

    assert ask(endpoint, "command=check&account=71501-1", "bills")["sum"] == "15000.00"
    assert result(endpoint, whole, "bills") == 0
    assert result(endpoint, pay(account="71501-1", txn_id="2"), "bills") == 3
    assert result(endpoint, "command=check&account=71501-1", "bills") == 3
    assert result(endpoint, whole, "bills") == 0
    assert result(endpoint, pay(account="B-2"), "bills") == 1
    assert result(endpoint, pay(account="71501"), "bills") == 1
    assert len(payments(books)) == 1
