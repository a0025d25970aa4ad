"""CyberPlat and Kassa24, sentence by sentence of cyberplat.md (sections in brackets)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import settings_toml
from tests.support import family
from tests.support.answers import alarms, at_once, broken, payments, xml
from tests.support.dialects import NO_WORDS
from tests.support.processes import ROOT, write_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.cyberplat]
protocol = "cyberplat"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "30000.00"
show = ["name", "debt"]
cancel = true
"""
VARIANTS = """
[BANKS.kassa24]
protocol = "cyberplat"
allow = ["127.0.0.1"]
format = "json"
types = ["1", "2"]
show = ["debt", "name"]

[BANKS.plat1251]
protocol = "cyberplat"
allow = ["127.0.0.1"]
encoding = "windows-1251"
show = ["name", "debt"]
codes = { temporary = "-3", account_blocked = "12" }
"""
NO_SERVICE = "bad_type"
UNAVAILABLE = NO_WORDS
FINAL = {
    "cyberplat": {"8": "no, ask again", "HTTP 503": "no, ask again"},
    "plat1251": {"-3": "no, ask again", "12": "yes"},
    "kassa24": {"-2": "yes"},
}

BANKS = """
[BANKS.plat]
protocol = "cyberplat"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{6}"
min_sum = "10.00"
max_sum = "30000.00"
show = ["debt"]
cancel = true

[BANKS.plain]
protocol = "cyberplat"
allow = ["127.0.0.1"]

[BANKS.kassa]
protocol = "cyberplat"
allow = ["127.0.0.1"]
format = "json"
show = ["name", "debt", "address"]
cancel = true
timezone = "Europe/Moscow"
codes = { temporary = "-3", bad_type = 10 }
types = ["1"]

[BANKS.kassaname]
protocol = "cyberplat"
allow = ["127.0.0.1"]
format = "json"
show = ["name"]

[BANKS.cp1251]
protocol = "cyberplat"
allow = ["127.0.0.1"]
encoding = "windows-1251"
show = ["address", "name", "debt"]
language = "ru"
types = ["1", "2"]
check_sum = "validate"
sum_form = "lenient"

[BANKS.ignore]
protocol = "cyberplat"
allow = ["127.0.0.1"]
check_sum = "ignore"
min_sum = "10.00"

[BANKS.signed]
protocol = "cyberplat"
bank_key = "bank.pem"
show = ["debt"]

[BANKS.both]
protocol = "cyberplat"
allow = ["127.0.0.1"]
bank_key = "bank_rsa.pem"
own_key = "own_rsa.pem"
encoding = "windows-1251"
language = "ru"

[BANKS.signs]
protocol = "cyberplat"
allow = ["127.0.0.1"]
own_key = "own.pem"

[BANKS.signsjson]
protocol = "cyberplat"
allow = ["127.0.0.1"]
own_key = "own.pem"
format = "json"

[BANKS.strict]
protocol = "cyberplat"
allow = ["127.0.0.1"]
sum_form = "strict"
dates = "lenient"
check_sum = "validate"

[BANKS.bills]
protocol = "cyberplat"
allow = ["127.0.0.1"]
payer = "invoice"
"""

D = "date=2026-11-03T12:30:45"
PAY = f"action=payment&number=550011&amount=400.00&receipt=640001&{D}"
PAID = ("plat", "640001", "550011", "400.00", "paid", "2026-11-03 12:30:45", "KZT")
HALVES = PAY[: PAY.index("&amount")], PAY[PAY.index("amount") :]
# The id and the sum of PAY, for its repeats.
FIRST: dict[str, str | None] = {"receipt": "640001", "amount": "400.00"}
# A payment with a new id.
NEW: dict[str, str | None] = {
    "action": "payment",
    "number": "550011",
    "amount": "100.00",
    "receipt": "640009",
    "date": "2026-11-03T12:30:45",
}
REFUSAL = ["code", "message"]
RECEIPT = ["code", "authcode", "date", "message"]
KEYS = ROOT / "tests" / "keys"
SIGNATURES = dict(
    line.rsplit(" ", 1)
    for line in (KEYS / "signatures.txt").read_text().splitlines()
    if not line.startswith("#")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module's folder, with the key files beside the settings."""
    path = tmp_path_factory.mktemp("module") / "settings"
    shutil.copytree(KEYS, path)
    return path


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account("550011", "Ахметова Белла", owes="900.00")
    engine.account("550012", owes="0.00")
    engine.account("550013", state="closed")
    engine.account("550014", state="blocked")
    return engine


def ask(endpoint: Endpoint, query: str, bank: str = "plat") -> dict[str, Any]:
    """Ask by GET and read the XML."""
    return xml(endpoint.call(f"/{bank}?{query}"))


def ask_json(endpoint: Endpoint, query: str, bank: str = "kassa") -> str:
    """Ask by GET; the text of the JSON."""
    reply = endpoint.call(f"/{bank}?{query}")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    json.loads(reply.body)
    return reply.text


def result(endpoint: Endpoint, query: str, bank: str = "plat") -> str:
    """Ask by GET; the code alone."""
    return str(ask(endpoint, query, bank)["code"])


def pay(**changes: str | None) -> str:
    """A payment with a new receipt and some parameters changed, or left out (None)."""
    return family.query(NEW | changes)


def signed(text: str) -> str:
    """The text with its signature from the file."""
    return f"{text}&sign={SIGNATURES[text]}"


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order; 17 is among the signatures."""
    # 1, 2
    assert ask(endpoint, "action=check&number=550011&amount=100.00") == {
        "code": "0",
        "message": "OK; 900.00",
    }
    assert ask(endpoint, "action=check&number=550012")["message"] == "OK; 0.00"
    assert '"Invoice":[{"amount":0.00}]' in ask_json(endpoint, "action=check&number=550012")
    # 3, 4
    for query in ("&number=550019", "&number=550013", "&number=5500", ""):
        answer = ask(endpoint, f"action=check{query}")
        assert (list(answer), answer["code"]) == (REFUSAL, "2"), query
    for amount in ("9.99", "abc", "100", "30000.01"):
        assert result(endpoint, f"action=check&number=550011&amount={amount}") == "3", amount
    for amount in ("0.00", "0"):
        assert result(endpoint, f"action=check&number=550011&amount={amount}") == "0", amount
    assert payments(books) == []
    # 5
    first = endpoint.call(f"/plat?{PAY}")
    (number,) = books.rows("SELECT id FROM payment")[0]
    told = xml(first)
    assert list(told) == RECEIPT
    assert (told["code"], told["authcode"], told["message"]) == ("0", str(number), "OK")
    assert re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", told["date"])
    assert payments(books) == [PAID]
    # 6
    for again in (PAY, PAY.replace(":45", ":46"), PAY.replace(f"&{D}", "")):
        assert endpoint.call(f"/plat?{again}").body == first.body, again
    # 7
    before = len(alarms(endpoint.log()))
    for other in (("400.00", "401.00"), ("550011", "550012")):
        answer = ask(endpoint, PAY.replace(*other))
        assert (list(answer), answer["code"]) == (REFUSAL, "4"), other
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 2
    # 8, 8a, 9
    for receipt in ("64x", None, "6" * 21):
        assert result(endpoint, pay(receipt=receipt)) == "4", receipt
    for text in ("20,50", "20.5"):
        receipt = f"64{len(text)}"
        assert result(endpoint, pay(receipt=receipt, number="550012", amount=text)) == "0", text
    assert [row[2:4] for row in payments(books)[1:]] == [("550012", "20.50")] * 2
    books.execute("DELETE FROM payment WHERE txn_id <> '640001'")
    for text in ("20", "20.505", "0.00"):
        assert result(endpoint, pay(amount=text)) == "3", text
    for date in ("03.11.2026", "2026-02-30T10:00:00", None):
        assert result(endpoint, pay(date=date)) == "5", date
    assert payments(books) == [PAID]
    # 10
    assert ask(endpoint, "action=status&receipt=640001") == told
    assert result(endpoint, "action=status&receipt=649999") == "6"
    assert result(endpoint, "action=status&receipt=x") == "4"
    # 11
    cancelled = endpoint.call("/plat?action=cancel&receipt=640001")
    assert (list(xml(cancelled)), xml(cancelled)["authcode"]) == (RECEIPT, str(number))
    assert endpoint.call("/plat?action=cancel&receipt=640001").body == cancelled.body
    assert [row[1:5] for row in payments(books)] == [("640001", "550011", "400.00", "cancelled")]
    assert ask(endpoint, "action=check&number=550011")["message"] == "OK; 900.00"
    # 12
    answer = ask(endpoint, "action=status&receipt=640001")
    assert answer == told | {"code": "7", "message": answer["message"]}
    answer = ask(endpoint, PAY)
    assert (list(answer), answer["code"]) == (REFUSAL, "7")
    assert [row[4] for row in payments(books)] == ["cancelled"]
    # 13
    assert result(endpoint, "action=cancel&receipt=649999") == "6"
    for receipt in ("640001", "649999"):
        assert result(endpoint, f"action=cancel&receipt={receipt}", "plain") == "9"
    # 14
    late = pay(receipt="640002", number="550019")
    assert result(endpoint, late) == "2"
    assert result(endpoint, late.replace("19&", "12&", 1)) == "0"
    assert len(payments(books)) == 2
    # 15, 16
    twice = "action=check&number=550011&number=550012"
    for query in ("action=foo", "", pay(action="Payment", receipt="9"), twice):
        assert result(endpoint, query) == "1", query


class TestLikeTheFamily(family.Requests, family.Forms):
    """What tests/support/family.py says, in the words of this sheet."""

    WORDS = family.Words(
        bank="plat",
        first=PAY,
        paid=PAID,
        pay=pay,
        amount="amount",
        date="date",
        twice="amount=400.00",
        read=xml,
        code="code",
        codes={"ok": "0", "bad_request": "1", "account_blocked": "2"},
    )


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        # 2, 3
        ("action=foo&receipt=x&receipt=x", "bad_request"),
        (pay() + "&number=550011", "bad_request"),
        (pay() + "&type=1&type=1", "bad_request"),
        (pay() + "&mes=1&mes=1", "bad_request"),
        (pay() + "&d%61te", "bad_request"),
        ("action=Check&number=550011", "unknown_command"),
        ("action=check%20", "unknown_command"),
        ("action=%FF", "unknown_command"),
        # 5, 6
        (pay(receipt="", number=""), "bad_id"),
        (pay(receipt="1%0A"), "bad_id"),
        (pay(receipt="%D9%A1"), "bad_id"),
        (pay(receipt="x", amount="x"), "bad_id"),
        ("action=status", "bad_id"),
        ("action=status&receipt=1%20", "bad_id"),
        ("action=cancel&receipt=-1", "bad_id"),
        (pay(number=None, amount="x"), "bad_account"),
        (pay(number="", amount="x"), "bad_account"),
        (pay(number="550011%0A"), "bad_account"),
        (pay(number="%FF"), "bad_account"),
        (pay(number="+550011"), "bad_account"),
        # 7, 8, 9, 10
        (pay(amount=None, date="x"), "bad_sum"),
        (pay(amount="", date="x"), "bad_sum"),
        (pay(amount="100"), "bad_sum"),
        (pay(amount="1e2"), "bad_sum"),
        (pay(amount="-100.00"), "bad_sum"),
        (pay(amount="100.00%0A"), "bad_sum"),
        (pay(amount="%D9%A100.00"), "bad_sum"),
        (pay(date="x", amount="9.99"), "bad_date"),
        (pay(date="2026-11-03T12:30:45Z"), "bad_date"),
        (pay(date="2026-11-03T12:30:45%2B05:00"), "bad_date"),
        (pay(date="2026-11-03+12:30:45"), "bad_date"),
        (pay(date="2026-11-03T24:00:00"), "bad_date"),
        (pay(date="1969-12-31T23:59:59"), "bad_date"),
        (pay(date="2100-01-01T00:00:00"), "bad_date"),
        (pay(date="2026-11-03T12:30:45%0A"), "bad_date"),
        (pay(amount="9.99", number="550013"), "sum_too_small"),
        (pay(amount="0.00"), "sum_too_small"),
        (pay(amount="30000.01", number="550019"), "sum_too_large"),
        (pay(amount="9" * 20 + ".00"), "sum_too_large"),
        (pay(number="550019"), "unknown_account"),
        (pay(number="550013"), "account_closed"),
        (pay(number="550014"), "account_blocked"),
        # accepted
        (pay(amount="10.00"), "ok"),
        (pay(amount="30000.00"), "ok"),
        (pay(receipt="0007"), "ok"),
        (pay(receipt="9" * 20), "ok"),
        (pay(date="2024-02-29T23:59:59"), "ok"),
        (pay() + "&type=99&additional=%FF&additional=2&commission=5.00&sign=00&ACTION=x", "ok"),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, query: str, outcome: str
) -> None:
    """The order of section 4; a refusal records and tells nothing."""
    answer = ask(endpoint, query)
    codes = {"ok": "0", "unknown_command": "1", "bad_request": "1", "bad_id": "4", "bad_date": "5"}
    codes |= dict.fromkeys(("bad_sum", "sum_too_small", "sum_too_large"), "3")

    assert (answer["code"], endpoint.log()[-1]["outcome"]) == (codes.get(outcome, "2"), outcome)
    assert list(answer) == (RECEIPT if outcome == "ok" else REFUSAL)
    assert len(payments(books)) == (outcome == "ok")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (pay(type="3", receipt="x"), "-2"),
        (pay(type="", receipt="8"), "-2"),
        (pay(type="%FF"), "-2"),
        ("action=check&number=550011&amount=1.00&type=3", "-2"),
        ("action=check&number=550011&amount=1.00&type=2", "0"),
        ("action=check&number=550011&amount=1.00", "0"),
        ("action=status&receipt=1&type=3", "6"),
        ("action=cancel&receipt=1&type=3", "9"),
        (pay(type="2"), "0"),
        (pay(), "0"),
    ],
)
def test_a_type_must_be_one_of_types(
    books: Engine, endpoint: Endpoint, query: str, code: str
) -> None:
    """In check and payment, where it may lack [3, 4]."""
    reply = endpoint.call(f"/cp1251?{query}")

    assert ET.fromstring(reply.body).findtext("code") == code


@pytest.mark.parametrize(
    ("bank", "text", "code"),
    [
        ("plat", None, "0"),
        ("plat", "", "0"),
        ("plat", "1", "3"),
        ("plat", "9.99", "3"),
        ("cp1251", None, "3"),
        ("cp1251", "", "3"),
        ("cp1251", "150", "0"),
        ("cp1251", "150.5", "0"),
        *(("plat", zero, "0") for zero in ("0", "0.0", "0,00", "0.00", "00000", "0,0")),
        *(("plat", wrong, "3") for wrong in ("0.000", "0.", ".0", "-0", "0.01", "0e0", "%200")),
        *(("cp1251", zero, "3") for zero in ("0", "0.0", "0,00", "0.00")),
        *(("strict", zero, "3") for zero in ("0", "0.0", "0,00", "0.00")),
        ("ignore", None, "0"),
        ("ignore", "abc", "0"),
        ("ignore", "9.99", "0"),
    ],
)
def test_a_check_looks_at_the_amount_as_check_sum_says(
    books: Engine, endpoint: Endpoint, bank: str, text: str | None, code: str
) -> None:
    """Its default is "optional"; the receipt and the date are not looked at [3, 4]."""
    amount = "" if text is None else f"&amount={text}"
    reply = endpoint.call(f"/{bank}?action=check&number=550011&receipt=x&date=x{amount}")

    assert ET.fromstring(reply.body).findtext("code") == code
    assert payments(books) == []


@pytest.mark.parametrize("since", ["nothing", "closed", "blocked", "gone"])
@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"date": None}, {"date": "x"}, {"type": "7"}),
        *({"amount": "0400.00"}, {"amount": "400,0"}),
    ],
)
def test_a_repeat_is_the_first_answer_again(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], since: str
) -> None:
    """With the ORIGINAL authcode and date, whatever happened since [7]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET created_at = '2026-11-03 20:30:47.999'")
    first = endpoint.call(f"/plat?{PAY}")
    family.account_becomes(books, "550011", since)

    assert (xml(first)["code"], xml(first)["date"]) == ("0", "2026-11-04T01:30:47")
    assert endpoint.call(f"/plat?{pay(**FIRST | changes)}").body == first.body
    assert books.rows("SELECT COUNT(*) FROM payment") == [(1,)]


def test_a_repeat_wins_over_a_wrong_type(books: Engine, endpoint: Endpoint) -> None:
    """Which comes before the receipt in section 4."""
    first = ask_json(endpoint, pay(type="1"))

    assert ask_json(endpoint, pay(type="7")) == first
    assert json.loads(ask_json(endpoint, pay(type="7", amount="1.00")))["Code"] == "4"
    assert json.loads(ask_json(endpoint, pay(type="7", amount="1")))["Code"] == "10"
    assert json.loads(ask_json(endpoint, pay(type="7", receipt="8")))["Code"] == "10"
    assert len(payments(books)) == 1


@pytest.mark.parametrize(
    ("changes", "code", "outcome"),
    [
        ({"amount": "400.01"}, "4", "duplicate_other"),
        ({"amount": "0.00"}, "4", "duplicate_other"),
        ({"number": "550013"}, "4", "duplicate_other"),
        ({"number": "550019"}, "4", "duplicate_other"),
        ({"number": None}, "4", "duplicate_other"),
        ({"amount": "401.00", "date": "x"}, "4", "duplicate_other"),
        ({"amount": "400,01"}, "4", "duplicate_other"),
        ({"amount": "400"}, "3", "bad_sum"),
        ({"amount": None, "number": "1"}, "2", "bad_account"),
    ],
)
def test_a_known_receipt_with_other_data_credits_nothing(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], code: str, outcome: str
) -> None:
    """With an unreadable amount the plain order holds [4, 7]."""
    ask(endpoint, PAY)

    answer = ask(endpoint, pay(**FIRST | changes))

    assert (list(answer), answer["code"]) == (REFUSAL, code)
    assert family.last_outcome(endpoint) == (outcome, outcome == "duplicate_other")
    assert payments(books) == [PAID]


def test_twenty_at_once_are_one_payment(books: Engine, endpoint: Endpoint) -> None:
    """And twenty equal answers [7]."""
    answers = at_once(lambda: endpoint.call(f"/plat?{PAY}"))

    assert {xml(reply)["code"] for reply in answers} == {"0"}
    assert len({reply.body for reply in answers}) == 1
    assert payments(books) == [PAID]


def test_twenty_cancels_at_once_are_one(books: Engine, endpoint: Endpoint) -> None:
    """With one date [8]."""
    ask(endpoint, PAY)
    answers = at_once(lambda: endpoint.call("/plat?action=cancel&receipt=640001"))

    assert {xml(reply)["code"] for reply in answers} == {"0"}
    assert len({reply.body for reply in answers}) == 1
    assert [row[4] for row in payments(books)] == ["cancelled"]


def test_status_and_cancel_tell_their_own_times(books: Engine, endpoint: Endpoint) -> None:
    """Status: when we recorded; cancel: when we cancelled; in the bank's zone [5]."""
    number = ask(endpoint, PAY)["authcode"]
    books.execute(
        "UPDATE payment SET created_at = '2026-11-03 20:30:47.999', state = 'cancelled',"
        " cancelled_at = '2026-11-04 20:05:10.500'"
    )

    assert ask(endpoint, "action=status&receipt=640001") == {
        "code": "7",
        "authcode": number,
        "date": "2026-11-04T01:30:47",
        "message": "payment was cancelled",
    }
    assert ask(endpoint, "action=cancel&receipt=640001") == {
        "code": "0",
        "authcode": number,
        "date": "2026-11-05T01:05:10",
        "message": "OK",
    }


@pytest.mark.parametrize(
    ("mes", "kept"),
    [
        ("7", 7),
        ("999999999", 999999999),
        ("0", 0),
        ("", None),
        ("1000000000", None),
        ("why", None),
        ("-1", None),
        ("1%0A", None),
        ("%D9%A1", None),
        (None, None),
    ],
)
def test_the_reason_of_a_cancel_is_kept_when_it_is_a_number(
    books: Engine, endpoint: Endpoint, mes: str | None, kept: int | None
) -> None:
    """Else ignored [3]."""
    ask(endpoint, PAY)
    extra = "" if mes is None else f"&mes={mes}"

    assert result(endpoint, f"action=cancel&receipt=640001{extra}") == "0"
    assert books.rows("SELECT state, cancel_reason FROM payment") == [("cancelled", kept)]


def test_a_bank_sees_its_own_receipts_only(books: Engine, endpoint: Endpoint) -> None:
    """Receipts belong to a bank [13]."""
    ask(endpoint, PAY, "plain")

    assert result(endpoint, "action=status&receipt=640001", "plain") == "0"
    assert result(endpoint, "action=status&receipt=640001") == "6"
    assert result(endpoint, "action=cancel&receipt=640001") == "6"
    assert result(endpoint, "action=cancel&receipt=640001", "plain") == "9"
    assert [row[4] for row in payments(books)] == ["paid"]


@pytest.mark.parametrize(
    ("paid", "owed", "to_pay"),
    [
        (None, "900.00", "900.00"),
        ("900.00", "0.00", "0.00"),
        ("950.00", "-50.00", "0.00"),
        ("0.71", "899.29", "899.29"),
    ],
)
def test_the_debt_is_exact(
    books: Engine, endpoint: Endpoint, paid: str | None, owed: str, to_pay: str
) -> None:
    """In XML negative when overpaid; in JSON a number with two decimals, never negative [5]."""
    if paid:
        assert result(endpoint, pay(amount=paid), "plain") == "0"

    assert ask(endpoint, "action=check&number=550011")["message"] == f"OK; {owed}"
    assert ask_json(endpoint, "action=check&number=550011") == (
        f'{{"Code":"0","Message":"OK; А*** Б***; ","Invoice":[{{"amount":{to_pay}}}]}}'
    )


def test_the_json_form(books: Engine, endpoint: Endpoint) -> None:
    """The three of section 5 to the letter, and the rest in their likeness."""
    check = ask_json(endpoint, "action=check&number=550011", "kassaname")
    paid = ask_json(endpoint, PAY)
    (number,) = books.rows("SELECT id FROM payment")[0]
    books.execute("UPDATE payment SET created_at = '2026-11-03 09:30:47'")

    assert check == '{"Code":"0","Message":"OK; А*** Б***"}'
    assert list(json.loads(paid)) == ["Code", "Message", "Date", "AuthCode"]
    assert ask_json(endpoint, PAY) == (
        f'{{"Code":"0","Message":"OK","Date":"2026-11-03T12:30:47","AuthCode":{number}}}'
    )
    assert ask_json(endpoint, "action=check&number=550019") == (
        '{"Code":"2","Message":"account not found"}'
    )
    books.execute("UPDATE payment SET state = 'cancelled', cancelled_at = '2026-11-03 10:05:10'")
    assert ask_json(endpoint, "action=status&receipt=640001") == (
        '{"Code":"7","Message":"payment was cancelled","Date":"2026-11-03T12:30:47",'
        f'"AuthCode":{number}}}'
    )
    assert ask_json(endpoint, "action=cancel&receipt=640001") == (
        f'{{"Code":"0","Message":"OK","Date":"2026-11-03T13:05:10","AuthCode":{number}}}'
    )


def test_no_text_of_the_books_can_pass_for_the_sum(books: Engine, endpoint: Endpoint) -> None:
    """Where the digits of the JSON number stand."""
    address = '"digits" \\ "amount":1.00}]} digits'
    books.execute("UPDATE account SET address = ? WHERE number = '550011'", address)

    answer = json.loads(ask_json(endpoint, "action=check&number=550011"), parse_float=str)

    assert answer["Message"] == f"OK; А*** Б***; {address}"
    assert answer["Invoice"] == [{"amount": "900.00"}]


def test_windows_1251_is_declared_and_sent(books: Engine, endpoint: Endpoint) -> None:
    """Letters that it lacks become references; markup breaks nothing [2, 13]."""
    address = 'Сәтбаев "5" & <1>'
    books.execute("UPDATE account SET address = ? WHERE number = '550011'", address)

    reply = endpoint.call("/cp1251?action=check&number=550011&amount=1.00")

    assert reply.headers["Content-Type"] == "text/xml; charset=windows-1251"
    assert reply.body.startswith(b'<?xml version="1.0" encoding="windows-1251"?><response>')
    assert "А*** Б***; 900.00".encode("cp1251") in reply.body
    assert ET.fromstring(reply.body).findtext("message") == f"OK; {address}; А*** Б***; 900.00"


def test_when_nothing_can_be_known(books: Engine, endpoint: Endpoint) -> None:
    """HTTP 503, or the code that the bank wants; status has a code of its own: 8 [6]."""
    with broken(books):
        # what is refused at sight needs no database
        for query in (pay(receipt="x"), pay(receipt=None), pay(amount="x", receipt="1")):
            assert result(endpoint, query) in ("3", "4"), query
        for query in (PAY, "action=check&number=550011", "action=cancel&receipt=640001"):
            reply = endpoint.call(f"/plat?{query}")
            assert (reply.status, reply.body) == (503, b""), query
            assert json.loads(ask_json(endpoint, query)) == {"Code": "-3", "Message": "try later"}
        assert ask(endpoint, "action=status&receipt=640001") == {
            "code": "8",
            "message": "try later",
        }
    assert result(endpoint, PAY) == "0"


@pytest.mark.parametrize(
    "sent",
    [("POST", PAY, ""), ("POST", "", PAY), ("POST", *HALVES), ("GET", PAY, "action=check")],
)
def test_parameters_come_in_the_query_the_form_or_both(
    books: Engine, endpoint: Endpoint, sent: tuple[str, str, str]
) -> None:
    """Unsigned, GET or POST [2]."""
    method, query, body = sent
    assert xml(endpoint.call(f"/plat?{query}", method, body, family.FORM))["code"] == "0"
    assert payments(books) == [PAID]


def test_an_invoice_paid_by_another_payment_is_2(books: Engine, endpoint: Endpoint) -> None:
    """payer = "invoice" [4, 6]; its own repeat is 0."""
    whole = pay(number="550011-1", amount="900.00", receipt="1")

    assert [result(endpoint, whole, "bills") for _ in range(2)] == ["0", "0"]
    assert result(endpoint, pay(number="550011-1", receipt="2"), "bills") == "2"
    assert endpoint.log()[-1]["outcome"] == "already_paid"
    assert len(payments(books)) == 1


# Signatures [2].


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("action=check&number=550011&amount=100.00", "0"),
        ("action=check&number=55001%31&x=%d1%91+%2B", "0"),  # as it came, undecoded
        ("action=check&number=550019", "2"),
        ("action=payment&number=550011&amount=400.00&receipt=640001&date=2026-11-03T12:30:45", "0"),
        ("action=check&number=550011&number=550011", "1"),
        ("action=nonsense", "1"),
        ("action=", "1"),
        # well signed, but not as it must be
        ("number=550011&action=check", "-4"),
        ("&action=check&number=550011", "-4"),
        ("action=check&number=550011&sign=00", "-4"),
        ("action=check&number=550011&%73ign=00", "-4"),
    ],
)
def test_a_signed_request_is_heard(books: Engine, endpoint: Endpoint, text: str, code: str) -> None:
    """Begins with action=, ends with one sign; hex in either case."""
    for query in (signed(text), f"{text}&sign={SIGNATURES[text].upper()}"):
        assert result(endpoint, query, "signed") == code, query
    assert len(payments(books)) == ("payment" in text)


CHECK = "action=check&number=550011&amount=100.00"
RIGHT = SIGNATURES[CHECK]
# printf %s 'action=check&number=550011&amount=100.00' |
#   openssl dgst -sha256 -sign private.pem | xxd -p -c 999
SHA_256 = (
    "3617a0d57c0910ebb56e2fd6434e04059aa3033392df3b724a062c378f7e0409"
    "f0b1ee33b67493c755111f12d11a5bd5abdcb8f8fb3ab3be384f1eb2fd9811fc"
    "d8100687facc37b576f23708b886bb2f7da2b42e7ba06285300c7eb809afafd9"
    "c391fff43721b40eeb0c66a0255999492d0403014b2da299589e5a5958b034e3"
)


@pytest.mark.parametrize(
    "query",
    [
        CHECK,
        f"{CHECK}&sign=",
        f"{CHECK}&sign=00",
        f"{CHECK}&sign={RIGHT[:-1]}",
        f"{CHECK}&sign={RIGHT[:-2]}",
        f"{CHECK}&sign={RIGHT}00",
        f"{CHECK}&sign={RIGHT}%0A",
        f"{CHECK}&sign=0x{RIGHT}",
        f"{CHECK}&sign={RIGHT[:-2]}+{RIGHT[-2:]}",
        f"{CHECK}&sign={'0' * 256}",
        f"{CHECK}&sign={'f' * 256}",
        f"{CHECK}&sign={SHA_256}",
        f"{CHECK}&sign=%{ord(RIGHT[0]):x}{RIGHT[1:]}",
        f"{CHECK}&%73ign={RIGHT}",
        f"{CHECK}&SIGN={RIGHT}",
        f"{CHECK}&sign={RIGHT}&sign={RIGHT}",
        f"{CHECK}&sign={RIGHT}&",
        f"{CHECK}&sign={RIGHT}&x=1",
        f"{CHECK}&x=1&sign={RIGHT}",
        f"sign={RIGHT}&{CHECK}",
        f"{CHECK.replace('100.00', '100.01')}&sign={RIGHT}",
        f"{CHECK.replace('550011', '55001%31')}&sign={RIGHT}",
        f"action=check&amount=100.00&number=550011&sign={RIGHT}",
        f"{CHECK}&sign=%FF",
        "",
    ],
)
def test_a_wrong_signature_is_an_alarm(books: Engine, endpoint: Endpoint, query: str) -> None:
    """-4, whatever else is wrong, and nothing is done."""
    answer = ask(endpoint, query, "signed")

    assert (list(answer), answer["code"]) == (REFUSAL, "-4")
    assert alarms(endpoint.log())[-1] == "bad_signature"


def test_a_signed_bank_uses_get_only(books: Engine, endpoint: Endpoint) -> None:
    """A form is not signed."""
    for query, body in ((signed(CHECK), ""), ("", signed(CHECK))):
        reply = endpoint.call(f"/signed?{query}", "POST", body, family.FORM)
        assert (reply.status, reply.body) == (405, b"")


def test_a_payment_needs_the_signature(books: Engine, endpoint: Endpoint) -> None:
    """Nothing is recorded without."""
    assert result(endpoint, PAY, "signed") == "-4"
    assert payments(books) == []
    assert result(endpoint, signed(PAY), "signed") == "0"
    assert payments(books) == [("signed", *PAID[1:])]


# printf %s '<?xml version="1.0" encoding="windows-1251"?><response><code>2</code><message>лицевой
# счёт не найден</message></response>' (in one line, one blank) | iconv -t windows-1251 |
#   openssl dgst -sha1 -sign own.pem | xxd -p -c 999
ANSWER_SIGN = (
    "aada44d5d47035af6a243df26fa2c1e6145e2af515d25e761b72bd63ea7a13d2"
    "8b9e3b87e5e55b6ab08dbe56b8cda9003d9e9e0563ac0063f20850cf6365008d"
    "9f461045bc7dff352ba58c4bdf40b7526eafa2d20af5af50fd0221cf834d83bb"
    "6fa273b7ce59156e62d2a4e908c47cb0d91d75964a80cd1dde7ffdc81048a360"
)


def test_the_answer_is_signed_with_our_own_key(books: Engine, endpoint: Endpoint) -> None:
    """Over the bytes of the whole text without <sign>, which stands before the end."""
    refused = endpoint.call("/both?" + signed("action=check&number=550019"))
    stranger = endpoint.call("/both?action=check&number=550011")

    assert refused.body.decode("cp1251") == (
        '<?xml version="1.0" encoding="windows-1251"?><response><code>2</code>'
        f"<message>лицевой счёт не найден</message><sign>{ANSWER_SIGN}</sign></response>"
    )
    assert re.fullmatch("[0-9a-f]{256}", ET.fromstring(stranger.body).findtext("sign") or "")
    assert list(ask(endpoint, "action=check&number=550011", "signs")) == [*REFUSAL, "sign"]
    assert ask_json(endpoint, "action=check&number=550011", "signsjson") == (
        '{"Code":"0","Message":"OK"}'
    )


def start(
    database: Engine, folder: Path, section: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Load the program with one bank."""
    bank = f'[BANKS.plat]\nprotocol = "cyberplat"\nallow = ["::1"]\n{section}\n'
    toml = settings_toml(database.url, sys.modules[__name__]).partition("[BANKS")[0] + bank
    return subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(write_settings(toml, folder))} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ('bank_key = "bank.pem"', None),
        ('bank_key = "bank_rsa.pem"\nown_key = "own_rsa.pem"', None),
        ('own_key = "own.pem"', None),
        (
            'bank_key = "nowhere.pem"',
            "bank_key: expected a readable PEM file with an RSA public key",
        ),
        ('bank_key = "own.pem"', "bank_key: expected a readable PEM file with an RSA public key"),
        (
            'bank_key = "signatures.txt"',
            "bank_key: expected a readable PEM file with an RSA public",
        ),
        ('own_key = "bank.pem"', "own_key: expected a readable PEM file with an RSA private key"),
        ("bank_key = 5", "bank_key: expected a readable PEM file"),
    ],
)
def test_keys_are_read_at_start(
    database: Engine, tmp_path: Path, section: str, fault: str | None
) -> None:
    """Beside the settings file; one that cannot be used stops the start."""
    shutil.copytree(KEYS, tmp_path, dirs_exist_ok=True)
    started = start(database, tmp_path, section)

    assert (started.returncode == 0) == (fault is None), started.stderr
    if fault:
        assert f"BANKS.plat.{fault}" in started.stderr
        assert "Traceback" not in started.stderr


@pytest.mark.slow
def test_without_the_library_a_bank_with_a_key_stops_the_start(
    database: Engine, tmp_path: Path
) -> None:
    """By a sentence that names it; others do not need it."""
    shutil.copytree(KEYS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "cryptography.py").write_text("raise ImportError('not on this host')\n")
    environment = {"PYTHONPATH": str(tmp_path)}

    for key in ("bank_key", "own_key"):
        stopped = start(database, tmp_path, f'{key} = "{key[:-4]}.pem"', **environment)
        assert stopped.returncode == 3
        assert f"BANKS.plat.{key}: expected the library cryptography on this host" in stopped.stderr
        assert "Traceback" not in stopped.stderr
    assert start(database, tmp_path, "", **environment).returncode == 0
