"""MBANK and Mobilnik, sentence by sentence of mbank.md (sections in brackets)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr
from zoneinfo import ZoneInfo

import pytest

from callback.signature import CHALLENGE, url_tokens
from tests.support.answers import alarms, at_once, broken, logged, payments

if TYPE_CHECKING:
    from tests.conftest import Engine
    from tests.support.processes import Endpoint, Reply

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.mbank]
protocol = "mbank"
url_token = true
qm = ["MOB"]
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
timezone = "Asia/Bishkek"
show = ["name", "debt"]
"""
VARIANTS = """
[BANKS.mobilnik]
protocol = "mbank"
allow = ["127.0.0.1"]
sid = "OSPP.KG"
service_id = "12"
sum_form = "lenient"
username = "m"
password = "p"
weak_password = true
"""
SERVICE_FIRST = True
UNAVAILABLE = (
    200,
    "application/xml; charset=utf-8",
    '<?xml version="1.0" encoding="UTF-8"?><XML><HEAD DTS="" QM="" QID="" OP=""/>'
    '<BODY STATUS="424" ERR_MSG="Сервис временно недоступен"/></XML>',
)
FINAL = {"mbank": {"250": "done", "424": "no, ask again"}}

BANKS = """
[BANKS.mbank]
protocol = "mbank"
allow = ["127.0.0.1"]
timezone = "Asia/Bishkek"
account_pattern = "[0-9]{6}"
min_sum = "10.00"
max_sum = "50000.00"
qm = ["MOB"]
show = ["name", "debt"]

[BANKS.plain]
protocol = "mbank"
allow = ["127.0.0.1"]

[BANKS.mobilnik]
protocol = "mbank"
allow = ["127.0.0.1"]
timezone = "Pacific/Kiritimati"
qm = ["MOB", "OSPP"]
service_id = "77"
sid = "OSPP.KG"
sum_form = "lenient"
show = ["address", "debt", "name"]
labels = { name = "Плательщик & Co" }
codes = { account_blocked = 421, bad_request = "499", sum_too_small = "498", ok = 201 }

[BANKS.silent]
protocol = "mbank"
allow = ["127.0.0.1"]
show = ["name"]
language = "en"

[BANKS.bills]
protocol = "mbank"
allow = ["127.0.0.1"]
payer = "invoice"
codes = { sum_too_large = "497" }

[BANKS.strict]
protocol = "mbank"
allow = ["127.0.0.1"]
sum_form = "strict"
dates = "lenient"


[BANKS.elsewhere]
protocol = "mbank"
allow = ["213.145.147.131"]

[BANKS.basic]
protocol = "mbank"
username = "mbank"
password = "word"
weak_password = true

[BANKS.token]
protocol = "mbank"
url_token = true
"""
SETTINGS = {"CURRENCY": "KGS"}

DTS = "2026-03-16 12:00:00"
PAID = ("mbank", "7700002", "310020", "1200.00", "paid", DTS, "KGS")
CODES = {
    "bad_request": "401",
    "unknown_command": "401",
    "bad_sum": "401",
    "bad_account": "420",
    "unknown_account": "420",
    "account_closed": "420",
    "account_blocked": "420",
    "sum_too_large": "422",
    "sum_too_small": "423",
}
BARE = "bare integer: kopecks? if not, sum_form = lenient"
DATED = "another form of date: dates = lenient"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
NOT_FOUND = "Лицевой счет не найден"
WRONG = "Неправильный формат запроса"


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customers of the worked examples [11]."""
    engine.account("310020", "Асанов Кубат")
    engine.account("310021", "Ким Лена", owes="0.00")
    engine.account("310022", state="closed")
    engine.account("310023", state="blocked")
    return engine


class Read(NamedTuple):
    """An answer: the attributes of its HEAD and its BODY."""

    head: dict[str, str]
    body: dict[str, str]

    @property
    def status(self) -> str:
        """The STATUS."""
        return self.body["STATUS"]


def tag(name: str, attributes: dict[str, str | None]) -> str:
    """Write an empty element; an attribute that is None is left out."""
    given = [f" {key}={quoteattr(text)}" for key, text in attributes.items() if text is not None]
    return f"<{name}{''.join(given)}/>"


def request(op: str | None, **changes: str | None) -> str:
    """Write a request with some attributes of HEAD or BODY changed, added or left out (None)."""
    head: dict[str, str | None] = {"DTS": DTS, "QM": "MOB", "QID": "7700009", "OP": op}
    body: dict[str, str | None] = {"PARAM1": "310020", "SUM": "100.00"}
    for name, text in changes.items():
        (head if name in head else body)[name] = text
    return f"<XML>{tag('HEAD', head)}{tag('BODY', body)}</XML>"


PAY = request("QE10", QID="7700002", SUM="1200.00")


def post(endpoint: Endpoint, xml: str | bytes, bank: str = "mbank") -> Reply:
    """Send a body as it is."""
    return endpoint.call(f"/{bank}", "POST", xml, {"Content-Type": "application/xml"})


def read(reply: Reply) -> Read:
    """Read an answer, which is always of one shape [2, 5]."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert reply.text.startswith(f"{DECLARATION}<XML><HEAD DTS=")
    head, body = ET.fromstring(reply.body)
    assert (head.tag, body.tag) == ("HEAD", "BODY")
    assert datetime.fromisoformat(head.attrib["DTS"])
    done = "MSG" in body.attrib
    assert done or list(body.attrib) == ["STATUS", "ERR_MSG"]
    return Read(head.attrib, body.attrib)


def ask(endpoint: Endpoint, xml: str | bytes, bank: str = "mbank") -> Read:
    """Send a body and read the answer."""
    return read(post(endpoint, xml, bank))


def status(
    endpoint: Endpoint, op: str | None, bank: str = "mbank", /, **changes: str | None
) -> str:
    """Send a request and tell the STATUS alone."""
    return ask(endpoint, request(op, **changes), bank).status


@pytest.mark.slow
def test_the_worked_examples(books: Engine, endpoint: Endpoint) -> None:
    """Every row of section 11, in its order."""
    shown = {"STATUS": "200", "MSG": "OK", "SUM": "3200.00", "REQUISITE1": "ФИО: А*** К***"}
    paid = {"STATUS": "250", "MSG": "Платеж проведен", "SUM": "1200.00"}
    # 1
    answer = ask(endpoint, request("QE11", QID="7700001", SUM="1.00"))
    assert answer.body == shown
    assert list(answer.body) == list(shown)
    assert list(answer.head) == ["DTS", "QM", "QID", "OP"]
    assert {**answer.head, "DTS": ""} == {"DTS": "", "QM": "MOB", "QID": "7700001", "OP": "QE11"}
    # 2
    answer = ask(endpoint, request("QE11", QID=None, SUM=None))
    assert (answer.body, answer.head["QID"]) == (shown, "")
    # 3
    assert ask(endpoint, request("QE11", PARAM1="310021")).body["SUM"] == "0.00"
    for account, code in [("310022", "420"), ("310099", "420"), ("31002x", "420"), (None, "401")]:
        assert status(endpoint, "QE11", PARAM1=account) == code, account
    assert payments(books) == []
    # 4
    answer = ask(endpoint, PAY)
    assert answer.body == paid
    assert list(answer.body) == list(paid)
    assert (answer.head["QID"], answer.head["OP"]) == ("7700002", "QE10")
    assert payments(books) == [PAID]
    # 5
    for again in (PAY, PAY.replace(DTS, "2026-03-17 08:30:00"), PAY.replace(DTS, "x")):
        assert ask(endpoint, again).body == paid, again
    # 6
    before = len(alarms(endpoint.log()))
    assert ask(endpoint, PAY.replace("1200.00", "1300.00")).status == "421"
    assert ask(endpoint, PAY.replace("310020", "310099")).status == "421"
    assert alarms(endpoint.log())[before:] == ["duplicate_other"] * 2
    # 7, 8, 9, 10
    for text, code in [("9.99", "423"), ("50000.01", "422")]:
        assert status(endpoint, "QE10", SUM=text) == code, text
    for wrong in ("1200", "1200,005", "-5.00", "1e3", " 12.00", None):
        assert status(endpoint, "QE10", SUM=wrong) == "401", wrong
    for qid, text, stored in (("81", "12,00", "12.00"), ("82", "12.5", "12.50")):
        answer = ask(endpoint, request("QE10", QID=qid, PARAM1="310021", SUM=text))
        assert (answer.status, answer.body["SUM"]) == ("250", stored)
    assert [row[1:4] for row in payments(books)[1:]] == [
        ("81", "310021", "12.00"),
        ("82", "310021", "12.50"),
    ]
    books.execute("DELETE FROM payment WHERE txn_id <> '7700002'")
    assert status(endpoint, "QE10", QID=None) == "401"
    for wrong in ("2026-02-30 12:00:00", None):
        assert status(endpoint, "QE10", DTS=wrong) == "401", wrong
    for wrong in ("QE99", "qe10", "PR09", None):
        assert status(endpoint, wrong) == "401", wrong
    for wrong in ("XXX", None):
        assert status(endpoint, "QE11", QM=wrong) == "401", wrong
    # 11, 12
    head, body = tag("HEAD", {"OP": "QE11", "QM": "MOB", "QID": "1"}), '<BODY PARAM1="310020"/>'
    for text in (
        "",
        "<XML>",
        '{"OP":"QE11"}',
        f"<XML>{head}</XML>",
        f"<XML>{head}{body * 2}</XML>",
    ):
        answer = ask(endpoint, text)
        assert answer.body == {"STATUS": "401", "ERR_MSG": WRONG}
        assert list(answer.head.values())[1:] == ["", "", ""], text
    bomb = '<!DOCTYPE XML [<!ENTITY a "310020">]>' + request("QE10").replace("310020", "&a;")
    assert ask(endpoint, bomb).status == "401"
    assert payments(books) == [PAID]
    # 13, 14
    assert status(endpoint, "QE10", PARAM1="310021") == "250"
    assert status(endpoint, "QE11", QID="7700002") == "200"
    rows = [PAID, ("mbank", "7700009", "310021", "100.00", *PAID[4:])]
    assert payments(books) == rows
    # 15
    reply = endpoint.call("/mbank")
    assert (reply.status, reply.body) == (405, b"")


@pytest.mark.parametrize(
    ("op", "changes", "outcome"),
    [
        # step 3 before 4: a wrong source, service or OP before everything else
        ("QE10", {"QM": "mob", "QID": None, "PARAM1": ""}, "bad_request"),
        ("QE10", {"QM": ""}, "bad_request"),
        ("QE10", {"QM": "MOB "}, "bad_request"),
        ("", {"PARAM1": ""}, "unknown_command"),
        (" QE10", {}, "unknown_command"),
        ("QE10\n", {}, "unknown_command"),
        ("QE1٠", {}, "unknown_command"),
        # step 4
        ("QE10", {"QID": "", "PARAM1": ""}, "bad_request"),
        ("QE10", {"QID": "1" * 65, "PARAM1": ""}, "bad_request"),
        ("QE10", {"QID": "7 7", "PARAM1": ""}, "bad_request"),
        ("QE10", {"QID": "٧", "PARAM1": ""}, "bad_request"),
        ("QE10", {"QID": "7\n", "PARAM1": ""}, "bad_request"),
        ("QE10", {"PARAM1": None, "SUM": "x"}, "bad_request"),
        ("QE10", {"PARAM1": "", "SUM": "x"}, "bad_account"),
        ("QE10", {"PARAM1": "31002", "SUM": None}, "bad_account"),
        ("QE10", {"PARAM1": " 310020"}, "bad_account"),
        ("QE10", {"PARAM1": "310020 "}, "bad_account"),
        ("QE10", {"PARAM1": "310020\n"}, "bad_account"),
        ("QE10", {"PARAM1": "٣١٠٠٢٠"}, "bad_account"),
        ("QE11", {"PARAM1": ""}, "bad_account"),
        ("QE11", {"PARAM1": None}, "bad_request"),
        ("QE10", {"SUM": "", "DTS": "x"}, "bad_sum"),
        ("QE10", {"SUM": "100"}, "bad_sum"),
        ("QE10", {"SUM": "100."}, "bad_sum"),
        ("QE10", {"SUM": "100,505"}, "bad_sum"),
        ("QE10", {"SUM": "1,000.00"}, "bad_sum"),
        ("QE10", {"SUM": "100.000"}, "bad_sum"),
        ("QE10", {"SUM": "+100.00"}, "bad_sum"),
        ("QE10", {"SUM": "100.00\n"}, "bad_sum"),
        ("QE10", {"SUM": ".50"}, "bad_sum"),
        ("QE10", {"SUM": "1_0.00"}, "bad_sum"),
        ("QE10", {"SUM": "١00.00"}, "bad_sum"),
        ("QE10", {"SUM": "0000000000100.00"}, "bad_sum"),
        ("QE10", {"SUM": "0000000000100,0"}, "bad_sum"),
        ("QE10", {"SUM": "9.99", "DTS": "x"}, "bad_request"),
        ("QE10", {"DTS": ""}, "bad_request"),
        ("QE10", {"DTS": "2026-03-16T12:00:00"}, "bad_request"),
        ("QE10", {"DTS": "2026-03-16 12:00"}, "bad_request"),
        ("QE10", {"DTS": "2026-03-16 12:00:00 "}, "bad_request"),
        ("QE10", {"DTS": "2026-03-16 24:00:00"}, "bad_request"),
        ("QE10", {"DTS": "2026-03-16 12:00:60"}, "bad_request"),
        ("QE10", {"DTS": "0000-03-16 12:00:00"}, "bad_request"),
        ("QE10", {"DTS": "٢026-03-16 12:00:00"}, "bad_request"),
        # step 6 before 7
        ("QE10", {"SUM": "9.99", "PARAM1": "310099"}, "sum_too_small"),
        ("QE10", {"SUM": "0.00", "PARAM1": "310022"}, "sum_too_small"),
        ("QE10", {"SUM": "50000.01", "PARAM1": "310099"}, "sum_too_large"),
        ("QE10", {"SUM": "999999999999.99"}, "sum_too_large"),
        # step 7
        ("QE10", {"PARAM1": "310099"}, "unknown_account"),
        ("QE10", {"PARAM1": "310022"}, "account_closed"),
        ("QE10", {"PARAM1": "310023"}, "account_blocked"),
        ("QE11", {"PARAM1": "310099"}, "unknown_account"),
        ("QE11", {"PARAM1": "310022"}, "account_closed"),
        ("QE11", {"PARAM1": "310023"}, "account_blocked"),
    ],
)
def test_the_first_fault_is_the_answer(
    books: Engine,
    endpoint: Endpoint,
    op: str,
    changes: dict[str, str | None],
    outcome: str,
) -> None:
    """The order of section 4, the codes of section 6; a refusal records and tells nothing."""
    assert status(endpoint, op, **changes) == CODES[outcome]
    assert endpoint.log()[-1]["outcome"] == outcome
    assert payments(books) == []


@pytest.mark.parametrize(
    ("op", "changes"),
    [
        ("QE10", {"SUM": "10.00"}),
        ("QE10", {"SUM": "50000.00"}),
        ("QE10", {"SUM": "000000000100.00"}),
        ("QE10", {"QID": "!~&<>\"'" + "0" * 57}),
        ("QE10", {"DTS": "2024-02-29 23:59:59"}),
        ("QE10", {"DTS": "1900-01-01 00:00:00"}),
        ("QE10", {"DTS": "9999-12-31 23:59:59"}),
        ("QE10", {"SERVICE_ID": "any", "PARAM2": "x", "ccy": "USD", "STATUS": "401"}),
        ("QE11", {"SUM": "abc"}),
        ("QE11", {"SUM": "0.01"}),
        ("QE11", {"DTS": "x"}),
        ("QE11", {"DTS": None}),
        ("QE11", {"QID": ""}),
        ("QE11", {"QID": "ю" * 70}),
    ],
)
def test_what_is_allowed_is_accepted(
    books: Engine, endpoint: Endpoint, op: str, changes: dict[str, str | None]
) -> None:
    """The edges of the table of section 3; other attributes are ignored."""
    assert status(endpoint, op, **changes) == {"QE10": "250", "QE11": "200"}[op]
    assert len(payments(books)) == (op == "QE10")


@pytest.mark.parametrize(("dts", "bank"), [("0001-01-01 00:00:00", "plain"), (DTS, "mobilnik")])
def test_the_banks_date_is_kept_as_given(
    books: Engine, endpoint: Endpoint, dts: str, bank: str
) -> None:
    """Of any age, in the bank's own zone [3]; performed_at is ours [7]."""
    assert status(endpoint, "QE10", bank, DTS=dts, SERVICE_ID="77") == "250"
    [(paid_at, performed, created)] = books.rows(
        "SELECT paid_at, performed_at, created_at FROM payment"
    )
    assert paid_at[:19] == dts
    age = datetime.now(ZoneInfo("UTC")) - datetime.fromisoformat(f"{performed}+00:00")
    assert abs(age) < timedelta(minutes=1)
    assert performed == created


def test_a_qid_is_a_text(books: Engine, endpoint: Endpoint) -> None:
    """Letter case and leading zeros count [3]."""
    ids = ["7", "07", "a7", "A7", "7" * 64]
    assert [status(endpoint, "QE10", QID=one) for one in ids] == ["250"] * 5
    assert [row[1] for row in payments(books)] == ids


HEAD = f'<HEAD DTS="{DTS}" QM="MOB" QID="7700009" OP="QE10"/>'
BODY = '<BODY PARAM1="310020" SUM="100.00"/>'
BILLION = "".join(f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 10))


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b" ",
        b"\0",
        b"x",
        b"OP=QE10&QID=1",
        f"<XML>{HEAD}{BODY}",
        f"<XML>{HEAD}{BODY}</XML><XML/>",
        f"<XML>{HEAD}{BODY}</XML>x",
        f"\n{DECLARATION}<XML>{HEAD}{BODY}</XML>",
        f"<xml>{HEAD}{BODY}</xml>",
        f"<A><XML>{HEAD}{BODY}</XML></A>",
        f"<XML>{BODY}</XML>",
        f"<XML>{HEAD}</XML>",
        f"<XML>{HEAD}{HEAD}{BODY}</XML>",
        f"<XML>{HEAD}{BODY}<BODY/></XML>",
        f"<XML><A>{HEAD}{BODY}</A></XML>",
        f"<XML>{HEAD[:-2]}>{BODY}</HEAD></XML>",
        f"<XML>{HEAD}{BODY.lower()}</XML>",
        f"<XML>{HEAD}<!--{BODY}--></XML>",
        f"<XML>{HEAD}<![CDATA[{BODY}]]></XML>",
        # an attribute given twice
        f"<XML>{HEAD}{BODY[:-2]} SUM='1.00'/></XML>",
        f"<XML>{HEAD[:-2]} OP='QE10'/>{BODY}</XML>",
        # entities that nobody declared, and declared ones
        f"<XML>{HEAD}{BODY.replace('310020', '&a;')}</XML>",
        f"<XML>{HEAD}{BODY}&nbsp;</XML>",
        f"<!DOCTYPE XML><XML>{HEAD}{BODY}</XML>",
        f"<!DOCTYPE XML []><XML>{HEAD}{BODY}</XML>",
        f'<!DOCTYPE XML SYSTEM "http://127.0.0.1:9/x.dtd"><XML>{HEAD}{BODY}</XML>',
        f'<!DOCTYPE XML PUBLIC "-//X" "x.dtd"><XML>{HEAD}{BODY}</XML>',
        f'<!DOCTYPE XML [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><XML>{HEAD}{BODY}</XML>',
        '<!DOCTYPE XML [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
        f"<XML>{HEAD}{BODY[:-2]}>&a;</BODY></XML>",
        f'<!DOCTYPE XML [<!ENTITY a0 "a">{BILLION}]><XML>{HEAD}{BODY[:-2]}>&a9;</BODY></XML>',
        f'<!DOCTYPE XML [<!ATTLIST BODY PARAM1 CDATA "310020">]><XML>{HEAD}<BODY/></XML>',
        f"<!DOCTYPE XML><XML>{HEAD}{BODY}</XML>".encode("utf-16"),
        f"<!DOCTYPE XML><XML>{HEAD}{BODY}</XML>".encode("utf-16-be"),
        # encodings
        f'<?xml version="1.0" encoding="x-unknown"?><XML>{HEAD}{BODY}</XML>',
        f'<?xml version="1.0" encoding="utf-7"?><XML>{HEAD}{BODY}</XML>',
        f'<?xml version="1.0" encoding="rot13"?><XML>{HEAD}{BODY}</XML>',
        f'<?xml version="1.0" encoding="gbk"?><XML>{HEAD}{BODY}</XML>',
        f'<?xml version="1.0" encoding="utf-16"?><XML>{HEAD}{BODY}</XML>',
        f"<XML>{HEAD}{BODY}</XML>".encode("utf-32"),
        f"<XML>{HEAD}{BODY}</XML>".replace("MOB", "МОБ").encode("cp1251"),
        b"\xff" + f"<XML>{HEAD}{BODY}</XML>".encode(),
        f"<XML>{HEAD}{BODY}</XML>".replace("MOB", "MOB&#0;"),
        f"<XML>{HEAD}{BODY}</XML>".replace("MOB", "MOB\x01"),
        # too deep, too long
        f"<XML>{HEAD}{BODY}{'<a>' * 10}{'</a>' * 10}</XML>",
        f"<XML>{'<a>' * 9000}{'</a>' * 9000}{HEAD}{BODY}</XML>",
        f"<XML>{HEAD}{BODY}{' ' * 65536}</XML>",
    ],
)
def test_what_is_no_such_xml_is_401_with_an_empty_head(
    books: Engine, endpoint: Endpoint, xml: str | bytes
) -> None:
    """Step 2 of section 4; nothing is expanded, fetched or recorded."""
    answer = ask(endpoint, xml)

    assert answer.body == {"STATUS": "401", "ERR_MSG": WRONG}
    assert (answer.head["QM"], answer.head["QID"], answer.head["OP"]) == ("", "", "")
    assert payments(books) == []


@pytest.mark.parametrize(
    "xml",
    [
        f"<XML>{HEAD}{BODY}</XML>",
        f"<XML>{BODY}{HEAD}</XML>",
        f'{DECLARATION}\r\n<!-- x --><?php x?>\n<XML a="b">\n {HEAD} text {BODY}\n</XML>\n',
        f"<XML>{HEAD[:-2]}><A/>x</HEAD>{BODY[:-2]}>y<BODY SUM='1.00'/></BODY><C><BODY/></C></XML>",
        f"<XML>{HEAD}<!--{BODY}-->{BODY}<![CDATA[{BODY}]]></XML>",
        f"<XML>{HEAD}{BODY}{'<a>' * 9}{'</a>' * 9}</XML>",
        f"<XML>{HEAD}{BODY}</XML>".replace('"', "'"),
        f"<XML>{HEAD}{BODY}</XML>".replace("310020", "&#x33;10020"),
        b"\xef\xbb\xbf" + f"<XML>{HEAD}{BODY}</XML>".encode(),
        f"<XML>{HEAD}{BODY}</XML>".encode("utf-16"),
        f'<?xml version="1.0" encoding="utf-16"?><XML>{HEAD}{BODY}</XML>'.encode("utf-16"),
        f'<?xml version="1.0" encoding="windows-1251"?><XML a="ы">{HEAD}{BODY}</XML>'.encode(
            "cp1251"
        ),
        f"<XML>{HEAD}{BODY}{' ' * 65000}</XML>",
    ],
)
def test_any_spelling_of_the_same_xml_is_read(
    books: Engine, endpoint: Endpoint, xml: str | bytes
) -> None:
    """Other elements and attributes are ignored [3]."""
    assert ask(endpoint, xml).status == "250"
    assert [row[:4] for row in payments(books)] == [("mbank", "7700009", "310020", "100.00")]


@pytest.mark.parametrize(
    "kind", ["application/xml", "text/xml; charset=windows-1251", "application/json", None]
)
def test_the_content_type_is_not_looked_at(
    books: Engine, endpoint: Endpoint, kind: str | None
) -> None:
    """Nor is the query [2]."""
    headers = {"Content-Type": kind} if kind else {}
    assert read(endpoint.call("/mbank?OP=x", "POST", PAY, headers)).status == "250"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert read(endpoint.call("/mbank", "POST", PAY, form)).status == "250"
    assert payments(books) == [PAID]


@pytest.mark.parametrize("name", ["QM", "QID", "OP"])
@pytest.mark.parametrize(
    ("text", "echoed"),
    [
        ("7" * 64, "7" * 64),
        ("!~<>&\"'", "!~<>&\"'"),
        ("7" * 65, ""),
        ("7 7", ""),
        ("7\t7", ""),
        ("é", ""),
        ("", ""),
    ],
)
def test_the_head_is_echoed_exactly_or_not_at_all(
    endpoint: Endpoint, name: str, text: str, echoed: str
) -> None:
    """QM, QID and OP, each for itself, in refusals too [5]."""
    given = {"op": "QE11"} | {name.replace("OP", "op"): text}
    expected = {"QM": "MOB", "QID": "7700009", "OP": "QE11"} | {name: echoed}

    head = ask(endpoint, request(**given), "plain").head
    assert {key: head[key] for key in expected} == expected


def test_dts_is_our_clock_in_the_banks_zone(books: Engine, endpoint: Endpoint) -> None:
    """In every answer [5]; SID only with the setting."""
    for bank, zone in [("mbank", "Asia/Bishkek"), ("mobilnik", "Pacific/Kiritimati")]:
        for xml in (request("QE11"), PAY, ""):
            head = ask(endpoint, xml, bank).head
            now = datetime.now(ZoneInfo(zone)).replace(tzinfo=None)
            said = datetime.fromisoformat(head["DTS"])
            assert f"{said:%Y-%m-%d %H:%M:%S}" == head["DTS"]
            assert abs(now - said) < timedelta(minutes=1)
            assert head.get("SID") == {"mbank": None, "mobilnik": "OSPP.KG"}[bank]


@pytest.mark.parametrize("since", ["nothing", "closed", "blocked", "gone"])
@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"DTS": None}, {"DTS": "x"}, {"SERVICE_ID": "2"}),
        *({"SUM": "01200.00"}, {"SUM": "1200,0"}),
    ],
)
def test_a_repeat_has_the_body_of_the_first_answer(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], since: str
) -> None:
    """Whatever happened to the account, whatever else is wrong [8]."""
    first = ask(endpoint, PAY)
    if since in ("closed", "blocked"):
        books.execute("UPDATE account SET state = ? WHERE number = '310020'", since)
    elif since == "gone":
        books.execute("DELETE FROM account WHERE number = '310020'")
    changed: dict[str, str | None] = {"QID": "7700002", "SUM": "1200.00", **changes}

    assert ask(endpoint, request("QE10", **changed)).body == first.body
    assert books.rows("SELECT COUNT(*) FROM payment") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "code", "outcome"),
    [
        ({"SUM": "1200.01"}, "421", "duplicate_other"),
        ({"SUM": "1.00"}, "421", "duplicate_other"),
        ({"SUM": "50000.01"}, "421", "duplicate_other"),
        ({"PARAM1": "310021"}, "421", "duplicate_other"),
        ({"PARAM1": "310022"}, "421", "duplicate_other"),
        ({"PARAM1": "310099", "DTS": "x"}, "421", "duplicate_other"),
        # not readable: the plain order holds
        ({"PARAM1": "31002"}, "420", "bad_account"),
        ({"PARAM1": None}, "401", "bad_request"),
        ({"SUM": "1200"}, "401", "bad_sum"),
        ({"SUM": "1200,01"}, "421", "duplicate_other"),
        ({"QM": "X"}, "401", "bad_request"),
    ],
)
def test_a_known_qid_with_other_data_credits_nothing(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], code: str, outcome: str
) -> None:
    """421 and an alarm [8]."""
    ask(endpoint, PAY)
    changed: dict[str, str | None] = {"QID": "7700002", "SUM": "1200.00", **changes}

    assert status(endpoint, "QE10", **changed) == code
    line = endpoint.log()[-1]
    assert (line["outcome"], "alarm" in line) == (outcome, outcome == "duplicate_other")
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("bank", "changes", "why"),
    [
        ("mbank", {"SUM": "1050"}, BARE),
        ("mbank", {"SUM": "1050.505"}, None),
        ("mbank", {"SUM": "1e3"}, None),
        ("mbank", {"DTS": "2026-11-03T10:15:00"}, DATED),
        ("mbank", {"DTS": "03.11.2026 10:15:00"}, DATED),
        ("mbank", {"DTS": "2026-02-30T10:15:00"}, "missing or wrong: DTS"),
        ("mbank", {"DTS": "2026-11-03"}, "missing or wrong: DTS"),
        ("mbank", {"QM": "XXX", "PARAM1": None, "QID": "7 7"}, "missing or wrong: PARAM1, QID, QM"),
        ("strict", {"SUM": "1050"}, BARE),
        ("strict", {"SUM": "1050.5"}, "a comma, or one decimal: sum_form = decimal"),
        ("strict", {"SUM": "1050,50"}, "a comma, or one decimal: sum_form = decimal"),
    ],
)
def test_the_log_says_which_setting_would_take_it(
    books: Engine, endpoint: Endpoint, bank: str, changes: dict[str, str | None], why: str | None
) -> None:
    """A sum or a date that is refused, where one would; and what 401 is about [3]."""
    ask(endpoint, request("QE10", **changes), bank)

    line = endpoint.log()[-1]
    assert line["outcome"] in ("bad_sum", "bad_request")
    assert line.get("why") == why
    assert payments(books) == []


@pytest.mark.parametrize("text", ["2026-11-03T10:15:00", "03.11.2026 10:15:00"])
def test_a_check_has_no_date_to_speak_of(endpoint: Endpoint, text: str) -> None:
    """It is ignored there, whatever its form: nothing of it is in the log [3]."""
    assert status(endpoint, "QE11", DTS=text) == "200"
    assert "why" not in endpoint.log()[-1]
    assert status(endpoint, "QE11", DTS=text, PARAM1="31002") == "420"
    assert "why" not in endpoint.log()[-1]


@pytest.mark.parametrize(
    "text", ["20261103101500", "2026-11-03 10:15:00", "2026-11-03T10:15:00", "03.11.2026 10:15:00"]
)
def test_lenient_dates_are_the_same_date(books: Engine, endpoint: Endpoint, text: str) -> None:
    """dates = "lenient" [10]."""
    ask(endpoint, request("QE10", DTS=text), "strict")

    assert [row[5] for row in payments(books)] == ["2026-11-03 10:15:00"]


def test_twenty_equal_pays_at_once_are_one_row(books: Engine, endpoint: Endpoint) -> None:
    """And twenty times 250 [8]."""
    answers = [read(reply) for reply in at_once(lambda: post(endpoint, PAY))]

    assert [answer.body for answer in answers] == [answers[0].body] * 20
    assert answers[0].status == "250"
    assert payments(books) == [PAID]


def test_a_refused_payment_is_judged_afresh(books: Engine, endpoint: Endpoint) -> None:
    """Refusals are not stored [8]."""
    books.execute("UPDATE account SET state = 'closed' WHERE number = '310020'")
    assert ask(endpoint, PAY).status == "420"
    books.execute("UPDATE account SET state = 'active' WHERE number = '310020'")
    assert ask(endpoint, PAY).status == "250"
    assert payments(books) == [PAID]


def test_a_payment_cancelled_by_hand_is_421(books: Engine, endpoint: Endpoint) -> None:
    """It is not recorded again, and the debt is back [6, 7]."""
    ask(endpoint, PAY)
    books.execute("UPDATE payment SET state = 'cancelled'")

    assert ask(endpoint, PAY).status == "421"
    assert endpoint.log()[-1]["outcome"] == "payment_cancelled"
    assert [row[4] for row in payments(books)] == ["cancelled"]
    assert ask(endpoint, request("QE11")).body["SUM"] == "3200.00"


def test_a_check_knows_no_payments_and_writes_nothing(books: Engine, endpoint: Endpoint) -> None:
    """Any QID, used ones too, any number of times [7]."""
    ask(endpoint, PAY)
    first = ask(endpoint, request("QE11", QID="7700002"))

    assert first.body["SUM"] == "2000.00"
    for _ in range(20):
        assert ask(endpoint, request("QE11", QID="7700002")).body == first.body
    assert payments(books) == [PAID]


@pytest.mark.parametrize(
    ("paid", "shown"), [("3199.99", "0.01"), ("3200.00", "0.00"), ("3200.01", "0.00")]
)
def test_the_sum_of_a_check_is_what_is_owed(
    books: Engine, endpoint: Endpoint, paid: str, shown: str
) -> None:
    """0.00 when nothing or overpaid [5]."""
    assert status(endpoint, "QE10", "plain", SUM=paid) == "250"
    assert ask(endpoint, request("QE11"), "plain").body == {
        "STATUS": "200",
        "MSG": "OK",
        "SUM": shown,
    }


def test_what_a_check_shows_is_set(books: Engine, endpoint: Endpoint) -> None:
    """`show` and `labels` in their order, a name masked, anything written safely [5, 10]."""
    address = 'Чуй "5" & <1>'
    books.execute("UPDATE account SET address = ? WHERE number = '310020'", address)

    assert list(ask(endpoint, request("QE11", SERVICE_ID="77"), "mobilnik").body.items()) == [
        ("STATUS", "201"),
        ("MSG", "OK"),
        ("SUM", "3200.00"),
        ("REQUISITE1", f"Адрес: {address}"),
        ("REQUISITE2", "Плательщик & Co: А*** К***"),
    ]
    shown = {"STATUS": "200", "MSG": "OK", "REQUISITE1": "ФИО: А*** К***"}
    assert ask(endpoint, request("QE11"), "silent").body == shown


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "250"),
        ({"QM": "OSPP"}, "250"),
        ({"QM": "OTHER"}, "499"),
        ({"QM": None}, "499"),
        ({"SERVICE_ID": "078"}, "499"),
        ({"SERVICE_ID": None}, "499"),
        ({"SERVICE_ID": None, "op": "x"}, "499"),
        ({"op": "x"}, "401"),
        ({"DTS": "x"}, "499"),
        ({"PARAM1": "310023"}, "421"),
        ({"SUM": "1200"}, "250"),
        ({"SUM": "1200.5"}, "250"),
        ({"SUM": "0.00"}, "498"),
        ({"SUM": "1200."}, "401"),
        ({"SUM": "1234567890123"}, "401"),
        ({"SUM": "1200,5"}, "250"),
        ({"SUM": "1200,505"}, "401"),
    ],
)
def test_settings_change_what_is_accepted_and_the_codes(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], code: str
) -> None:
    """qm, service_id, sum_form, codes [10]."""
    given: dict[str, str | None] = {"op": "QE10", "SERVICE_ID": "77", **changes}
    answer = ask(endpoint, request(**given), "mobilnik")

    assert answer.status == code
    assert answer.body.get("SUM", "") in ("", "100.00", "1200.00", "1200.50")
    assert len(payments(books)) == (code == "250")


def test_a_lenient_sum_is_repeated_by_value(books: Engine, endpoint: Endpoint) -> None:
    """1200, 1200.0 and 1200.00 are one sum [8]."""
    for text in ("1200", "1200.0", "1200.00", "1200,00", "01200"):
        given = request("QE10", SUM=text, SERVICE_ID="77")
        assert ask(endpoint, given, "mobilnik").body["SUM"] == "1200.00"
    assert len(payments(books)) == 1


@pytest.mark.parametrize(
    ("number", "pays", "code"),
    [
        ("310020-1", None, "200"),
        ("310020-1", "3199.99", "423"),
        ("310020-1", "3200.01", "497"),
        ("310020-1", "3200.00", "250"),
        ("310020", None, "420"),
        ("310020", "3200.00", "420"),
        ("B-2", None, "420"),
        ("B-2", "500.00", "420"),
        ("310022-1", "3200.00", "420"),
    ],
)
def test_an_invoice_is_paid_by_its_whole_sum(
    books: Engine, endpoint: Endpoint, number: str, pays: str | None, code: str
) -> None:
    """payer = "invoice": under it 423, over it 422, here with another code [4]."""
    books.invoice("310020", "B-2", "500.00", state="cancelled")

    op = "QE10" if pays else "QE11"
    assert status(endpoint, op, "bills", PARAM1=number, SUM=pays) == code
    assert endpoint.log()[-1]["code"] == code
    assert len(payments(books)) == (code == "250")


def test_a_paid_invoice_is_421_and_its_own_repeat_250(books: Engine, endpoint: Endpoint) -> None:
    """In a check too [4, 6]."""
    whole = request("QE10", QID="1", PARAM1="310020-1", SUM="3200.00")
    assert ask(endpoint, whole, "bills").status == "250"

    for op in ("QE10", "QE11"):
        paid = request(op, QID="2", PARAM1="310020-1", SUM="3200.00")
        assert ask(endpoint, paid, "bills").status == "421"
    assert ask(endpoint, whole, "bills").status == "250"
    assert ask(endpoint, whole.replace("3200.00", "3100.00"), "bills").status == "421"
    assert len(payments(books)) == 1
    # what is paid in part cannot be paid by its whole sum any more
    books.execute("UPDATE payment SET amount = '1.00'")
    for op in ("QE10", "QE11"):
        paid = request(op, QID="2", PARAM1="310020-1", SUM="3200.00")
        assert ask(endpoint, paid, "bills").status == "421"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PARAM1": "310099"}, NOT_FOUND),
        ({"PARAM1": "1"}, NOT_FOUND),
        ({"SUM": "x"}, WRONG),
        ({"QID": None}, WRONG),
        ({"op": "PR09"}, WRONG),
        ({"PARAM1": "310022"}, "Лицевой счет закрыт"),
        ({"PARAM1": "310023"}, "Лицевой счет заблокирован"),
        ({"SUM": "1.00"}, "Сумма слишком мала"),
        ({"SUM": "99999.00"}, "Сумма слишком велика"),
    ],
)
def test_refusals_speak_russian(
    books: Engine, endpoint: Endpoint, changes: dict[str, str | None], words: str
) -> None:
    """Unless the settings say otherwise [5]."""
    given: dict[str, str | None] = {"op": "QE10", **changes}
    assert ask(endpoint, request(**given)).body["ERR_MSG"] == words


def test_what_was_paid_before_is_refused_in_russian_too(books: Engine, endpoint: Endpoint) -> None:
    """Each 421 says which of three it is [5, 6]; a withdrawn invoice is none."""
    books.invoice("310020", "B-1", "1200.00")
    books.invoice("310020", "B-2", "500.00", state="cancelled")

    def words(bank: str = "bills", **changes: str | None) -> str:
        return ask(endpoint, request("QE10", **changes), bank).body.get("ERR_MSG", "")

    assert words(PARAM1="B-1", SUM="1200.00") == ""
    assert words(PARAM1="B-1", SUM="1200.01") == "Номер платежа уже использован"
    assert words(PARAM1="B-1", SUM="1200.00", QID="8") == "Счет уже оплачен"
    assert words(PARAM1="B-2", SUM="500.00", QID="9") == NOT_FOUND
    books.execute("UPDATE payment SET state = 'cancelled'")
    assert words(PARAM1="B-1", SUM="1200.00") == "Платеж отменен"


def test_another_language_is_a_setting(books: Engine, endpoint: Endpoint) -> None:
    """For refusals and success alike."""
    assert ask(endpoint, request("QE11", PARAM1="1"), "silent").body["ERR_MSG"] == (
        "account not found"
    )
    assert ask(endpoint, PAY, "silent").body["MSG"] == "OK"


def test_when_nothing_can_be_known_it_is_424(books: Engine, endpoint: Endpoint) -> None:
    """With the HEAD that was read; afterwards the payment is taken [6]."""
    with broken(books):
        for op in ("QE10", "QE11"):
            answer = ask(endpoint, request(op))
            assert answer.body == {"STATUS": "424", "ERR_MSG": "Сервис временно недоступен"}
            assert (answer.head["QID"], answer.head["OP"]) == ("7700009", op)
    assert status(endpoint, "QE10") == "250"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_another_method_does_nothing(books: Engine, endpoint: Endpoint, method: str) -> None:
    """405, empty [2]."""
    reply = endpoint.call("/mbank", method, PAY if method == "PUT" else None)

    assert (reply.status, reply.body) == (405, b"")
    assert payments(books) == []


def test_strangers_are_turned_away_before_the_xml(books: Engine, endpoint: Endpoint) -> None:
    """Address 403, Basic 401, token 404, with empty bodies [2]."""
    token = url_tokens("token", [b"only-for-these-tests-" * 3])[0].decode()
    for path, http in [("elsewhere", 403), ("basic", 401), ("token", 404), ("token/x", 404)]:
        for body in (PAY, ""):
            reply = post(endpoint, body, path)
            assert (reply.status, reply.body) == (http, b""), path
            assert reply.headers["WWW-Authenticate"] == (CHALLENGE if http == 401 else None)
    assert payments(books) == []
    right = {"Authorization": "Basic bWJhbms6d29yZA=="}
    assert read(endpoint.call("/basic", "POST", PAY, right)).status == "250"
    assert ask(endpoint, PAY, f"token/{token}").status == "250"


@pytest.mark.parametrize(
    ("xml", "line"),
    [
        ("", ("", "", "", None)),
        (request(None), ("", "7700009", "310020", None)),
        (request("QE99"), ("QE99", "7700009", "310020", None)),
        (request("QE11", QID=None), ("check", "", "310020", None)),
        (request("QE10", PARAM1=None), ("pay", "7700009", "", "100.00")),
        (request("QE10", SUM=None), ("pay", "7700009", "310020", None)),
    ],
)
def test_the_log_has_what_could_be_read(
    books: Engine, endpoint: Endpoint, xml: str, line: tuple[Any, ...]
) -> None:
    """Nothing is made up for the rest; a call without a command is a stranger's."""
    ask(endpoint, xml)
    assert logged(endpoint.log()) == line
