"""Sberbank protocol No.1, sentence by sentence of sberbank.md (sections in brackets).

Its protocol No.2 is in test_osmp.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from callback.signature import CHALLENGE
from tests.support import family
from tests.support.answers import alarms, at_once, broken, logged, payments, xml

if TYPE_CHECKING:
    from tests.conftest import Engine
    from tests.support.processes import Endpoint

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.sberbank]
protocol = "sberbank"
username = "sber"
password = "p1"
weak_password = true
url_token = true
account_pattern = "[0-9]{10}"
min_sum = "1.00"
max_sum = "20000.00"
timezone = "Europe/Moscow"
show = ["name", "address", "debt"]
"""
VARIANTS = """
[BANKS.sberdebt]
protocol = "sberbank"
allow = ["127.0.0.1"]
balance_sign = "debt"
sum_form = "lenient"
codes = { duplicate_same = "0" }
"""
UNAVAILABLE = (
    200,
    "text/xml; charset=utf-8",
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<response><CODE>1</CODE><MESSAGE>try later</MESSAGE></response>",
)
FINAL = {"sberbank": {"8": "done"}}
SAYS = {"sberbank": {"repeats": ("code `8`", "code `6`", "cannot be cancelled")}}

BANKS = """
[BANKS.sber]
protocol = "sberbank"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{8}"
min_sum = "1.00"
max_sum = "20000.00"
show = ["name", "debt"]
timezone = "Europe/Moscow"

[BANKS.plain]
protocol = "sberbank"
allow = ["127.0.0.1"]

[BANKS.whole]
protocol = "sberbank"
allow = ["127.0.0.1"]
show = ["address", "debt", "name"]
balance_sign = "debt"
sum_form = "lenient"
codes = { duplicate_same = "0", bad_sum = 4, temporary = "12" }
language = "ru"

[BANKS.silent]
protocol = "sberbank"
allow = ["127.0.0.1"]
show = []

[BANKS.basic]
protocol = "sberbank"
username = "sber"
password = "with:colons"
weak_password = true

[BANKS.strict]
protocol = "sberbank"
allow = ["127.0.0.1"]
sum_form = "strict"
dates = "lenient"


[BANKS.bills]
protocol = "sberbank"
allow = ["127.0.0.1"]
payer = "invoice"
"""
SETTINGS = {"CURRENCY": "RUB"}

D = "PAY_DATE=03.11.2026_12:30:45"
PAY = f"ACTION=payment&ACCOUNT=31004571&AMOUNT=400.00&PAY_ID=720001&{D}"
PAID = ("sber", "720001", "31004571", "400.00", "paid", "2026-11-03 12:30:45", "RUB")
HALVES = PAY[: PAY.index("&AMOUNT")], PAY[PAY.index("AMOUNT") :]
# The id and the sum of PAY, for its repeats.
FIRST: dict[str, str | None] = {"PAY_ID": "720001", "AMOUNT": "400.00"}
# A payment with a new id.
NEW: dict[str, str | None] = {
    "ACTION": "payment",
    "ACCOUNT": "31004571",
    "AMOUNT": "100.00",
    "PAY_ID": "720009",
    "PAY_DATE": "03.11.2026_12:30:45",
}
REFUSAL = ["CODE", "MESSAGE"]
RECEIPT = [*REFUSAL, "EXT_ID", "REG_DATE", "AMOUNT"]


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account("31004571", "Кузнецов Иван Олегович", owes="640.30")
    engine.account("31004572", owes="0.00")
    engine.account("31004573", state="closed")
    engine.account("31004574", state="blocked")
    return engine


def ask(endpoint: Endpoint, query: str, bank: str = "sber") -> dict[str, Any]:
    """Ask by GET and read the answer."""
    return xml(endpoint.call(f"/{bank}?{query}"))


def result(endpoint: Endpoint, query: str, bank: str = "sber") -> str:
    """Ask by GET; the code alone."""
    return str(ask(endpoint, query, bank)["CODE"])


def pay(**changes: str | None) -> str:
    """A payment with a new id and some parameters changed, or left out (None)."""
    return family.query(NEW | changes)


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order."""
    # 1
    known = {
        "CODE": "0",
        "MESSAGE": "OK",
        "FIO": "К*** И*** О***",
        "BALANCE": "-640.30",
        "REC_SUM": "640.30",
    }
    assert ask(endpoint, "ACTION=check&ACCOUNT=31004571") == known
    # 2
    answer = ask(endpoint, "action=CHECK&account=31004572")
    assert (answer["CODE"], answer["BALANCE"], answer["REC_SUM"]) == ("0", "0.00", "0.00")
    # 3, 4
    for account, code in [("31004579", "3"), ("31004573", "5"), ("31004574", "5")]:
        assert result(endpoint, f"ACTION=check&ACCOUNT={account}") == code, account
    for query in ("&ACCOUNT=3100457", "&ACCOUNT=", ""):
        assert ask(endpoint, f"ACTION=check{query}")["CODE"] == "4", query
    # 5, 6
    assert ask(endpoint, "ACTION=check&ACCOUNT=31004571&AMOUNT=abc&PAY_ID=x") == known
    for query in ("ACTION=foo&ACCOUNT=31004571", "ACCOUNT=31004571", "ACTION=cancel&PAY_ID=1"):
        assert result(endpoint, query) == "2", query
    assert payments(books) == []
    # 7
    first = ask(endpoint, PAY)
    (number,) = books.rows("SELECT id FROM payment")[0]
    assert list(first) == RECEIPT
    assert re.fullmatch(r"[0-9]{2}\.[0-9]{2}\.[0-9]{4}_[0-9]{2}(:[0-9]{2}){2}", first["REG_DATE"])
    assert first == {
        "CODE": "0",
        "MESSAGE": "OK",
        "EXT_ID": str(number),
        "REG_DATE": first["REG_DATE"],
        "AMOUNT": "400.00",
    }
    assert payments(books) == [PAID]
    # 8
    lower = re.sub("[A-Z_]+=", lambda name: name[0].lower(), PAY)
    for again in (PAY, PAY.replace(D, "PAY_DATE=20261103123046"), lower):
        answer = ask(endpoint, again)
        assert answer == first | {"CODE": "8", "MESSAGE": "duplicate"}, again
    # 9
    before = len(alarms(endpoint.log()))
    for other in (("400.00", "401.00"), ("31004571", "31004573")):
        answer = ask(endpoint, PAY.replace(*other))
        assert (list(answer), answer["CODE"]) == (REFUSAL, "6"), other
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 2
    # 10, 11, 12, 13
    for name, texts, code in [
        ("PAY_ID", (None, "72x", "7" * 21), "6"),
        ("AMOUNT", ("abc", "-5.00", "5", "5,005", None), "9"),
        ("AMOUNT", ("0.00",), "10"),
        ("AMOUNT", ("20000.01",), "11"),
        ("PAY_DATE", ("2026-11-03", "30.02.2026_12:00:00", None), "12"),
    ]:
        for text in texts:
            assert result(endpoint, pay(**{name: text})) == code, (name, text)
    assert payments(books) == [PAID]
    # 11a
    for number, text, stored in (("720011", "5,00", "5.00"), ("720012", "5.5", "5.50")):
        answer = ask(endpoint, pay(PAY_ID=number, ACCOUNT="31004572", AMOUNT=text))
        assert (answer["CODE"], answer["AMOUNT"]) == ("0", stored)
    assert [row[1:4] for row in payments(books)[1:]] == [
        ("720011", "31004572", "5.00"),
        ("720012", "31004572", "5.50"),
    ]
    books.execute("DELETE FROM payment WHERE txn_id <> '720001'")
    # 14
    late = pay(PAY_ID="720002", ACCOUNT="31004579")
    assert result(endpoint, late) == "3"
    assert result(endpoint, late.replace("79&", "72&", 1)) == "0"
    assert len(payments(books)) == 2
    # 15, 16
    assert result(endpoint, "ACTION=check&ACCOUNT=31004571&account=31004571") == "300"
    assert result(endpoint, pay(PAY_ID="720003", AMOUNT="300.30")) == "0"
    answer = ask(endpoint, "ACTION=check&ACCOUNT=31004571")
    assert (answer["BALANCE"], answer["REC_SUM"]) == ("60.00", "0.00")


class TestLikeTheFamily(family.Requests, family.Forms):
    """What tests/support/family.py says, in the words of this sheet."""

    WORDS = family.Words(
        bank="sber",
        first=PAY,
        paid=PAID,
        pay=pay,
        amount="AMOUNT",
        date="PAY_DATE",
        twice="amount=400.00",  # in any case of letters
        read=xml,
        code="CODE",
        codes={"ok": "0", "bad_request": "300", "account_blocked": "5"},
    )


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        # 1: twice in any case of letters, whatever else is wrong
        ("ACTION=foo&PAY_ID=x&pay_id=x", "bad_request"),
        (pay() + "&Amount=100.00", "bad_request"),
        (pay() + "&action=payment", "bad_request"),
        (pay() + "&PAY_date", "bad_request"),
        (pay() + "&%61ccount=31004571", "bad_request"),
        # 2
        ("ACTION=payments&PAY_ID=x", "unknown_command"),
        ("ACTION=chec%E2%84%AA&ACCOUNT=31004571", "unknown_command"),  # a Kelvin sign
        ("ACTION=check%20&ACCOUNT=31004571", "unknown_command"),
        ("ACTION=status&PAY_ID=720001", "unknown_command"),
        ("ACTION=%FF", "unknown_command"),
        ("", "unknown_command"),
        # 3 before 4
        (pay(PAY_ID="", ACCOUNT=""), "bad_id"),
        (pay(PAY_ID="-1"), "bad_id"),
        (pay(PAY_ID="1%0A"), "bad_id"),
        (pay(PAY_ID="%D9%A1"), "bad_id"),
        (pay(PAY_ID="1.0"), "bad_id"),
        # 4 before 5
        (pay(ACCOUNT=None, AMOUNT="x"), "bad_account"),
        (pay(ACCOUNT="", AMOUNT="x"), "bad_account"),
        (pay(ACCOUNT="31004571%0A"), "bad_account"),
        (pay(ACCOUNT="+31004571"), "bad_account"),
        (pay(ACCOUNT="%FF"), "bad_account"),
        (pay(ACCOUNT="3100457%D9%A1"), "bad_account"),
        # 5 before 6, 6 before 7, 7 before 8
        (pay(AMOUNT="", PAY_DATE="x"), "bad_sum"),
        (pay(AMOUNT="1e2"), "bad_sum"),
        (pay(AMOUNT="100.00%0A"), "bad_sum"),
        (pay(AMOUNT="%2B100.00"), "bad_sum"),
        (pay(AMOUNT="100.505"), "bad_sum"),
        (pay(AMOUNT="100"), "bad_sum"),
        (pay(AMOUNT="100."), "bad_sum"),
        (pay(AMOUNT=",50"), "bad_sum"),
        (pay(AMOUNT="1%20000,00"), "bad_sum"),
        (pay(PAY_DATE="x", AMOUNT="0.99"), "bad_date"),
        (pay(PAY_DATE="03.11.2026+12:30:45"), "bad_date"),
        (pay(PAY_DATE="03.11.2026_24:00:00"), "bad_date"),
        (pay(PAY_DATE="31.12.1969_23:59:59"), "bad_date"),
        (pay(PAY_DATE="01.01.2100_00:00:00"), "bad_date"),
        (pay(PAY_DATE="03.11.2026_12:30:45%0A"), "bad_date"),
        (pay(PAY_DATE="3.11.2026_12:30:45"), "bad_date"),
        (pay(PAY_DATE="11.03.26_12:30:45"), "bad_date"),
        (pay(PAY_DATE="20260229000000"), "bad_date"),
        (pay(AMOUNT="0.99", ACCOUNT="31004573"), "sum_too_small"),
        (pay(AMOUNT="20000.01", ACCOUNT="31004579"), "sum_too_large"),
        (pay(AMOUNT="9" * 20 + ".00"), "sum_too_large"),
        (pay(ACCOUNT="31004579"), "unknown_account"),
        (pay(ACCOUNT="31004573"), "account_closed"),
        (pay(ACCOUNT="31004574"), "account_blocked"),
        # accepted
        (pay(ACTION="PayMent"), "ok"),
        (pay(AMOUNT="1.00"), "ok"),
        (pay(AMOUNT="20000.00"), "ok"),
        (pay(PAY_ID="0007"), "ok"),
        (pay(PAY_ID="9" * 20), "ok"),
        (pay(PAY_DATE="29.02.2024_23:59:59"), "ok"),
        (pay(PAY_DATE="20261103123045"), "ok"),
        (pay() + "&CONTACT=%FF&contact=2&SUM=1.00&TXN_ID=5", "ok"),
        (pay() + "&ACT%C4%B1ON=check&act%C4%B1on=check", "ok"),  # a dotless i
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine, endpoint: Endpoint, query: str, outcome: str
) -> None:
    """The order of section 4; a refusal records and tells nothing."""
    answer = ask(endpoint, query)
    codes = {"ok": "0", "unknown_command": "2", "unknown_account": "3", "bad_account": "4"}
    codes |= {"account_closed": "5", "account_blocked": "5", "bad_id": "6", "bad_sum": "9"}
    codes |= {"sum_too_small": "10", "sum_too_large": "11", "bad_date": "12", "bad_request": "300"}

    assert (answer["CODE"], endpoint.log()[-1]["outcome"]) == (codes[outcome], outcome)
    assert list(answer) == (RECEIPT if outcome == "ok" else REFUSAL)
    assert len(payments(books)) == (outcome == "ok")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("29.02.2024_00:00:00", "2024-02-29 00:00:00"),
        ("20240229235959", "2024-02-29 23:59:59"),
        ("01.12.1970_01:02:03", "1970-12-01 01:02:03"),
        ("20991231235959", "2099-12-31 23:59:59"),
    ],
)
def test_both_forms_of_the_date_are_kept(
    books: Engine, endpoint: Endpoint, text: str, kept: str
) -> None:
    """As the bank gave them, in its zone [3]."""
    assert result(endpoint, pay(PAY_DATE=text)) == "0"
    assert payments(books)[0][5] == kept


def test_the_log_says_what_came_twice(endpoint: Endpoint) -> None:
    """Under whatever spelling; code 300 does not."""
    assert result(endpoint, PAY + "&amount=400.00&Pay_Id=1") == "300"
    assert endpoint.log()[-1]["why"] == "given twice: AMOUNT, PAY_ID"


@pytest.mark.parametrize("extra", ["&AMOUNT=0.00", "&PAY_ID=x&PAY_DATE=x", "&AMOUNT=99999.00"])
def test_a_check_looks_at_the_account_only(books: Engine, endpoint: Endpoint, extra: str) -> None:
    """And writes nothing [3]."""
    assert result(endpoint, f"ACTION=check&ACCOUNT=31004571{extra}") == "0"
    assert payments(books) == []


@pytest.mark.parametrize("since", ["nothing", "closed", "blocked", "gone"])
@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"PAY_DATE": None}, {"PAY_DATE": "x"}, {"CONTACT": "2"}),
        *({"AMOUNT": "0400.00"}, {"AMOUNT": "400,0"}),
    ],
)
def test_a_repeat_is_8_with_the_original_data(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], since: str
) -> None:
    """The number and the date of the row, in the bank's zone, whatever happened since [5, 7]."""
    first = ask(endpoint, PAY)
    books.execute("UPDATE payment SET created_at = '2026-11-03 21:30:47.999'")
    family.account_becomes(books, "31004571", since)

    assert ask(endpoint, pay(**FIRST | changes)) == {
        "CODE": "8",
        "MESSAGE": "duplicate",
        "EXT_ID": first["EXT_ID"],
        "REG_DATE": "04.11.2026_00:30:47",
        "AMOUNT": "400.00",
    }
    assert books.rows("SELECT COUNT(*) FROM payment") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "code", "outcome"),
    [
        ({"AMOUNT": "400.01"}, "6", "duplicate_other"),
        ({"AMOUNT": "0.00"}, "6", "duplicate_other"),
        ({"ACCOUNT": "31004572"}, "6", "duplicate_other"),
        ({"ACCOUNT": "31004579"}, "6", "duplicate_other"),
        ({"ACCOUNT": None}, "6", "duplicate_other"),
        ({"AMOUNT": "401.00", "PAY_DATE": "x"}, "6", "duplicate_other"),
        ({"AMOUNT": "400,01"}, "6", "duplicate_other"),
        ({"AMOUNT": "400"}, "9", "bad_sum"),
        ({"AMOUNT": None, "ACCOUNT": "1"}, "4", "bad_account"),
    ],
)
def test_a_known_id_with_other_data_credits_nothing(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], code: str, outcome: str
) -> None:
    """The key is PAY_ID alone; with an unreadable sum the plain order holds [4, 7, 13]."""
    ask(endpoint, PAY)

    answer = ask(endpoint, pay(**FIRST | changes))

    assert (list(answer), answer["CODE"]) == (REFUSAL, code)
    assert family.last_outcome(endpoint) == (outcome, outcome == "duplicate_other")
    assert payments(books) == [PAID]


def test_a_cancelled_payment_is_not_recorded_again(books: Engine, endpoint: Endpoint) -> None:
    """Cancelled by a person: 300 [7]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET state = 'cancelled'")

    answer = ask(endpoint, PAY)

    assert (list(answer), answer["CODE"]) == (REFUSAL, "300")
    assert [row[4] for row in payments(books)] == ["cancelled"]


def test_twenty_at_once_are_one_payment(books: Engine, endpoint: Endpoint) -> None:
    """One 0 and nineteen 8, all with the same number and date [7]."""
    answers = [xml(reply) for reply in at_once(lambda: endpoint.call(f"/sber?{PAY}"))]

    assert sorted(answer["CODE"] for answer in answers) == ["0"] + ["8"] * 19
    assert len({(answer["EXT_ID"], answer["REG_DATE"]) for answer in answers}) == 1
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("bank", "paid", "shown"),
    [
        ("plain", None, ("-640.30", "640.30")),
        ("plain", "640.30", ("0.00", "0.00")),
        ("plain", "700.30", ("60.00", "0.00")),
        ("plain", "0.29", ("-640.01", "640.01")),
        ("whole", None, ("640.30", "640.30")),
        ("whole", "640.30", ("0.00", "0.00")),
        ("whole", "700.30", ("-60.00", "0.00")),
    ],
)
def test_the_balance_has_the_agreed_sign(
    books: Engine, endpoint: Endpoint, bank: str, paid: str | None, shown: tuple[str, str]
) -> None:
    """Never -0.00; the recommended sum is never negative [5]."""
    if paid:
        ask(endpoint, pay(AMOUNT=paid), bank)
    answer = ask(endpoint, "ACTION=check&ACCOUNT=31004571", bank)

    assert (answer["BALANCE"], answer["REC_SUM"]) == shown


def test_what_is_shown(books: Engine, endpoint: Endpoint) -> None:
    """By `show`; markup in the books breaks nothing [5, 13]."""
    address = "Садовая, 4 & <17>"
    books.execute("UPDATE account SET address = ? WHERE number = '31004571'", address)
    check = "ACTION=check&ACCOUNT=31004571"

    assert list(ask(endpoint, check, "whole")) == [*REFUSAL, "ADDRESS", "BALANCE", "REC_SUM", "FIO"]
    assert ask(endpoint, check, "whole")["ADDRESS"] == address
    assert list(ask(endpoint, check, "plain")) == [*REFUSAL, "BALANCE", "REC_SUM"]
    assert list(ask(endpoint, check, "silent")) == REFUSAL


def test_settings_change_sums_codes_and_language(books: Engine, endpoint: Endpoint) -> None:
    """sum_form, codes, language [10]."""
    assert result(endpoint, pay(AMOUNT="150", PAY_ID="8"), "whole") == "0"
    for text in ("150,50", "150.5", "150"):
        assert result(endpoint, pay(AMOUNT=text), "strict") == "9", text
    assert result(endpoint, pay(AMOUNT="150.50"), "strict") == "0"
    first = ask(endpoint, pay(AMOUNT="150.5"), "whole")

    assert (first["CODE"], first["AMOUNT"]) == ("0", "150.50")
    again = ask(endpoint, pay(AMOUNT="150.50"), "whole")
    assert again == first | {"MESSAGE": again["MESSAGE"]}
    assert result(endpoint, pay(AMOUNT="150."), "whole") == "4"
    assert ask(endpoint, "ACTION=check&ACCOUNT=1", "whole") == {
        "CODE": "3",
        "MESSAGE": "лицевой счёт не найден",
    }


def test_when_nothing_can_be_known_the_bank_is_asked_to_repeat(
    books: Engine, endpoint: Endpoint
) -> None:
    """Code 1 and HTTP 200 [6]."""
    with broken(books):
        assert ask(endpoint, PAY) == {"CODE": "1", "MESSAGE": "try later"}
        assert result(endpoint, "ACTION=check&ACCOUNT=31004571") == "1"
        assert result(endpoint, PAY, "whole") == "12"
    assert result(endpoint, PAY) == "0"


@pytest.mark.parametrize(
    "sent",
    [
        ("POST", PAY, ""),
        ("POST", "", PAY),
        ("POST", HALVES[0], HALVES[1]),
        ("GET", PAY, "ACTION=check"),
    ],
)
def test_parameters_come_in_the_query_the_form_or_both(
    books: Engine, endpoint: Endpoint, sent: tuple[str, str, str]
) -> None:
    """GET or POST [2]."""
    method, query, body = sent
    assert xml(endpoint.call(f"/sber?{query}", method, body, family.FORM))["CODE"] == "0"
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("credentials", "status"),
    [
        ("c2Jlcjp3aXRoOmNvbG9ucw==", 200),  # sber:with:colons
        ("c2Jlcjp3aXRo", 401),  # sber:with
        (None, 401),
    ],
)
def test_basic_ends_the_user_name_at_the_first_colon(
    books: Engine, endpoint: Endpoint, credentials: str | None, status: int
) -> None:
    """Empty body, WWW-Authenticate, an alarm; nothing recorded [2]."""
    headers = {"Authorization": f"Basic {credentials}"} if credentials else {}
    reply = endpoint.call(f"/basic?{PAY}", headers=headers)

    assert reply.status == status
    assert len(payments(books)) == (status == 200)
    if status == 401:
        assert (reply.body, reply.headers["WWW-Authenticate"]) == (b"", CHALLENGE)
        assert alarms(endpoint.log())[-1] == "not_authenticated"


def test_an_invoice_paid_by_another_payment_is_5(books: Engine, endpoint: Endpoint) -> None:
    """payer = "invoice" [4, 6]; its own repeat is 8."""
    whole = pay(ACCOUNT="31004571-1", AMOUNT="640.30", PAY_ID="1")

    assert ask(endpoint, "ACTION=check&ACCOUNT=31004571-1", "bills")["REC_SUM"] == "640.30"
    assert [result(endpoint, whole, "bills") for _ in range(2)] == ["0", "8"]
    assert result(endpoint, pay(ACCOUNT="31004571-1", PAY_ID="2"), "bills") == "5"
    assert result(endpoint, "ACTION=check&ACCOUNT=31004571-1", "bills") == "5"
    assert len(payments(books)) == 1


def test_ids_are_texts_and_belong_to_a_bank(books: Engine, endpoint: Endpoint) -> None:
    """0007 and 7 are two payments, and so are two banks' 7 [3]."""
    for bank, txn_id in (("plain", "7"), ("plain", "0007"), ("sber", "7")):
        assert result(endpoint, pay(PAY_ID=txn_id), bank) == "0"
    assert [row[:2] for row in payments(books)] == [
        ("plain", "7"),
        ("plain", "0007"),
        ("sber", "7"),
    ]


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("", ("", "", "", None)),
        ("ACTION=check&PAY_ID=7&PAY_ID=7", ("check", "", "", None)),
        ("ACTION=Foo&PAY_ID=7", ("foo", "7", "", None)),
        ("ACTION=check", ("check", "", "", None)),
        ("ACTION=payment&PAY_ID=7&AMOUNT=100.00", ("payment", "7", "", "100.00")),
    ],
)
def test_the_log_has_what_could_be_read(
    books: Engine, endpoint: Endpoint, query: str, line: tuple[Any, ...]
) -> None:
    """Nothing is made up for the rest; a call without a command is a stranger's."""
    ask(endpoint, query)
    assert logged(endpoint.log()) == line
