"""flask bills writes whom the bank may take money for; the bank may also fetch it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from callback import create_app, settings
from callback.database import Database, load_statements
from callback.layouts import QR_ENCODINGS
from callback.paths import SQL
from callback.settings import SettingsError, load
from callback.tools import output
from callback.tools.books import bills, pull
from callback.tools.books.bill import Bill
from tests.conftest import settings_toml
from tests.support.processes import Endpoint, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Engine

SBERBANK = (
    'encoding = "windows-1251", quote = "", header = "", columns = ["number","name","sum"],'
    ' name = "{inn}_{rs}_{n:03}_{date:%m%y}.txt", full_names = true, inn = "7700000000",'
    ' rs = "40702810000000000001"'
)
GOROD = (
    'encoding = "windows-1251", quote = "", header = "",'
    ' head = ["#FILESUM {total}","#TYPE 7","#SERVICE 1234","#NOTE"],'
    ' columns = ["name","address","number","sum","const:1234","const:01/11/2026",'
    '"const:30/11/2026","const:1:charge:"], name = "{date:%d%m%Y}_{n:03}.txt"'
)
QR = (
    'form = "qr", qr = { Name = "ООО Пример", PersonalAcc = "40702810000000000001",'
    ' BankName = "ПАО БАНК", BIC = "044525225", CorrespAcc = "30101810400000000225",'
    ' Purpose = "За услуги" }'
)
ZONE = "Asia/Almaty"


class Made(NamedTuple):
    """What the command wrote."""

    status: int
    content: bytes
    said: str

    @property
    def lines(self) -> list[str]:
        """The list, by lines."""
        return self.content.decode().removesuffix("\r\n").split("\r\n")


@pytest.fixture
def write(engine: Engine, folder: Path, tmp_path: Path) -> Callable[..., Made]:
    """Write the list of a bank with the given table "bills"."""

    def run(table: str = "", payer: str = "account", *options: str) -> Made:
        path = write_settings(_settings(engine.url, f"{{ {table} }}", payer), tmp_path)
        runner = create_app(path).test_cli_runner()
        done = runner.invoke(args=["bills", "bank", *(options or ("-o", "-"))])
        return Made(done.exit_code, done.stdout_bytes, done.stderr)

    return run


def _settings(url: str, table: str, payer: str = "account", more: str = "") -> str:
    return (
        f'SECRET_KEY = "only-for-tests-never-where-money-is"\nDATABASE = "{url}"\n'
        f'TIMEZONE = "{ZONE}"\n'
        f'CURRENCY = "KZT"\n[BANKS.bank]\nprotocol = "kaspi"\nallow = ["127.0.0.1"]\n'
        f'payer = "{payer}"\nbills = {table}\n{more}'
    )


@pytest.fixture
def customers(engine: Engine) -> Engine:
    """Of every kind."""
    for number, name, state, owes in (
        ("71507", "Васильева", "active", "640.30"),
        ("71501", "Ахметова Белла", "active", "5000.00"),
        ("0071", "Жуков", "active", "0.01"),
        ("71502", "Ничего", "active", "0.00"),
        ("71503", "Закрыт", "closed", "10.00"),
        ("71504", "Блок", "blocked", "10.00"),
    ):
        engine.account(number, name, state, owes)
    engine.invoice("71501", "71501-2", "0.50", state="cancelled")
    engine.invoice("71502", "71502-1", "10.00")
    pay(engine, "71502", "71502-1", "10.01")
    pay(engine, "71507", "71507-1", "100.00")
    pay(engine, "71507", "71507-1", "7.00", state="cancelled")
    return engine


def pay(engine: Engine, account: str, invoice: str, amount: str, state: str = "paid") -> None:
    """Record a payment of ours."""
    engine.execute(
        "INSERT INTO payment (bank, txn_id, account_id, invoice_id, amount, currency, state,"
        " paid_at, created_at) SELECT 'other', ?, a.id, i.id, ?, 'KZT', ?, '2026-11-03 10:15:00',"
        " '2026-11-03 10:15:00' FROM account AS a JOIN invoice AS i ON i.account_id = a.id"
        " WHERE a.number = ? AND i.number = ?",
        f"{account}-{amount}",
        amount,
        state,
        account,
        invoice,
    )


def today(form: str) -> str:
    """The date in the bank's zone."""
    return datetime.now(ZoneInfo(ZONE)).strftime(form)


@pytest.mark.slow
def test_who_owes_is_listed_by_number(customers: Engine, write: Callable[..., Made]) -> None:
    """The neutral list: names masked; closed, blocked and paid ones left out."""
    done = write()

    assert done.status == 0
    assert done.lines == [
        "number;name;address;period;sum",
        f"0071;Ж***;;{today('%m%y')};0.01",
        f"71501;А*** Б***;;{today('%m%y')};5000.00",
        f"71507;В***;;{today('%m%y')};540.30",
    ]
    assert done.content.endswith(b"\r\n")
    assert done.said == "3 bills, 5540.31 KZT\n"


def test_an_invoice_is_a_row_where_invoices_are_paid(
    customers: Engine, write: Callable[..., Made]
) -> None:
    """Not a cancelled one, nor one that is paid, nor one of a closed account."""
    done = write('header = "", columns = ["number", "sum"]', "invoice")

    assert done.lines == ["0071-1;0.01", "71501-1;5000.00", "71507-1;540.30"]


def test_with_zero_everybody_is_listed(customers: Engine, write: Callable[..., Made]) -> None:
    """Nobody with less than nothing."""
    done = write('header = "", columns = ["number", "sum"], zero = true')

    assert "71502;0.00" in done.lines
    assert len(done.lines) == 4


def test_a_clerk_who_opens_the_list_runs_no_formula(
    engine: Engine, write: Callable[..., Made]
) -> None:
    """Whatever the separator of the country; the number is the key and stays."""
    engine.account("=7", "=cmd|'/C calc'!A0", owes="1.00")
    engine.execute("UPDATE account SET address = ?", "ул. Абая,=1+1")
    done = write('full_names = true, header = "", columns = ["number", "name", "address"]')

    assert done.lines == ["=7;'=cmd|'/C calc'!A0;ул. Абая,'=1+1"]


def test_an_empty_list_is_a_list(engine: Engine, write: Callable[..., Made]) -> None:
    """With its head."""
    assert write().lines == ["number;name;address;period;sum"]


def test_sberbanks_list(customers: Engine, write: Callable[..., Made]) -> None:
    """Full names, windows-1251, no header."""
    made = write(SBERBANK).content

    assert made.decode("cp1251").split("\r\n") == [
        "0071;Жуков;0.01",
        "71501;Ахметова Белла;5000.00",
        "71507;Васильева;540.30",
        "",
    ]


def test_gorods_list_begins_with_its_sum(customers: Engine, write: Callable[..., Made]) -> None:
    """Of the rows that follow."""
    lines = write(GOROD).content.decode("cp1251").split("\r\n")

    assert lines[:4] == ["#FILESUM 5540.31", "#TYPE 7", "#SERVICE 1234", "#NOTE"]
    assert lines[4] == "Ж***;;0071;0.01;1234;01/11/2026;30/11/2026;1:charge:"


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ('columns = ["number","name"]', '"5;""x"" ё";Ж*** €***'),
        ('columns = ["number","name"], quote = ""', "5  x  ё;Ж*** €***"),
        ('columns = ["number","name"], separator = ","', '"5;""x"" ё",Ж*** €***'),
        ('columns = ["number","name"], encoding = "koi8-r"', '"5;""x"" ё";Ж*** ?***'),
        ('columns = ["sum","kopecks"], decimal = ","', "640,30;64030"),
        ('columns = ["address","period"], period = "%d.%m.%Y"', '"a\nb";01.{month}'),
        ('columns = ["address"], quote = ""', "a b"),
    ],
)
def test_a_value_cannot_break_the_list(
    engine: Engine, write: Callable[..., Made], table: str, line: str
) -> None:
    """Quoted where needed, or blanked; what the encoding lacks becomes a question mark."""
    engine.account('5;"x" ё', "Жук €", owes="640.30")
    engine.execute("UPDATE account SET address = 'a\nb'")
    done = write(f'header = "", {table}')
    encoding = "koi8-r" if "koi8" in table else "utf-8"

    expected = line.format(month=today("%m.%Y")) if "{" in line else line
    assert done.content.decode(encoding) == f"{expected}\r\n"
    assert ("'€' is not in koi8-r, written as ?" in done.said) == ("koi8" in table)


def test_head_and_tail_know_count_sum_and_date(
    customers: Engine, write: Callable[..., Made]
) -> None:
    """In the form that the bank wants."""
    table = (
        'header = "", columns = ["number"], line_end = "\\n", decimal = ",",'
        ' head = ["{date:%d/%m/%Y}"], tail = ["={count};{total}"]'
    )

    assert write(table).content.decode().split("\n") == [
        today("%d/%m/%Y"),
        "0071",
        "71501",
        "71507",
        "=3;5540,31",
        "",
    ]


def test_lists_are_numbered(customers: Engine, write: Callable[..., Made], tmp_path: Path) -> None:
    """By those of the same name in the folder; nobody else can read them."""
    where = tmp_path / "lists"
    where.mkdir()
    (where / f"7700000000_40702810000000000001_007_{today('%m%y')}.txt").touch()
    (where / "7700000000_40702810000000000001_008_0120.txt").touch()
    done = write(f'{SBERBANK}, folder = "{where}"', "account", "--")
    file = where / f"7700000000_40702810000000000001_002_{today('%m%y')}.txt"

    assert done.content.decode() == f"{file}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(list(where.iterdir())) == 3


def test_a_list_is_whole_or_not_there(customers: Engine, tmp_path: Path) -> None:
    """A run that breaks leaves what was there before."""
    file = tmp_path / "list.csv"
    file.write_text("old")
    path = write_settings(_settings(customers.url, "{}"), tmp_path)
    bank = settings.load(path).banks["bank"]

    def broken() -> Iterator[Bill]:
        yield Bill("1", "", "", Decimal("1.00"))
        raise ConnectionError

    with pytest.raises(ConnectionError), output.new_file(file) as out:
        bills.write(bank, broken(), out, print)

    assert file.read_text() == "old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.toml", "list.csv"]


# --- codes ---


def test_a_code_is_the_text_of_the_standard(engine: Engine, write: Callable[..., Made]) -> None:
    """registers.md, section 2; another separator where the first is in a value."""
    engine.account("31004571", "Кузнецов Кирилл Кириллович", owes="640.30")
    text = (
        "ST00012|Name=ООО Пример|PersonalAcc=40702810000000000001|BankName=ПАО БАНК|BIC=044525225"
        "|CorrespAcc=30101810400000000225|Sum=64030|Purpose=За услуги|PersAcc=31004571"
    )

    assert write(QR).lines == [f"31004571\t{text}"]
    names = "|LastName=Кузнецов|FirstName=Кирилл|MiddleName=Кириллович"
    assert write(f"{QR}, full_names = true").lines == [f"31004571\t{text}{names}"]
    barred = write(QR.replace("ООО Пример", "ООО А|Б#В")).lines[0]
    assert barred.startswith("31004571\tST00012;Name=ООО А|Б#В;PersonalAcc=")
    koi = write(f'{QR}, encoding = "koi8-r"').content.decode("koi8-r")
    assert koi == f"31004571\t{text.replace('ST00012', 'ST00013')}\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "koi8-r"])
def test_a_scanner_reads_the_drawn_codes(
    engine: Engine, write: Callable[..., Made], tmp_path: Path, encoding: str
) -> None:
    """An invoice each, with its number and sum, in the bytes that the text says."""
    engine.account("31004571", owes="640.30")
    engine.invoice("31004571", "A/2", "0.01")
    codes = tmp_path / "codes"
    done = write(f'{QR}, encoding = "{encoding}"', "invoice", "--qr", str(codes))

    assert done.status == 0
    assert sorted(file.name for file in codes.iterdir()) == ["31004571-1.png", "A%2F2.png"]
    read = subprocess.run(
        ["zbarimg", "-q", "--raw", "-Sbinary", codes / "A%2F2.png"], capture_output=True, check=True
    )
    text = read.stdout.decode(encoding)
    assert text.startswith(f"ST0001{QR_ENCODINGS[encoding]}|Name=ООО Пример|")
    assert text.endswith("|Sum=1|Purpose=За услуги|PersAcc=A/2")


def test_codes_want_their_settings(customers: Engine, write: Callable[..., Made]) -> None:
    """Who is paid is not guessed."""
    done = write("", "account", "--qr", "codes")

    assert done.status == 2
    assert "has no table qr" in done.said


# --- faults of the settings ---


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ('bills = { form = "csv" }', 'bills.form: expected one of "table", "pull", "qr"'),
        ("bills = { colums = [] }", "bills.colums: no such key; columns?"),
        ('bills = { columns = ["debt"] }', 'bills.columns: expected a list of "number"'),
        ("bills = { columns = [] }", "bills.columns: expected a list of"),
        (
            'bills = { head = ["{sum}"] }',
            "bills.head: expected a text with {count}, {total}, {date}",
        ),
        ('bills = { head = ["{total.x}"] }', "bills.head: expected a text with"),
        ('bills = { head = ["{"] }', "bills.head: expected a text with"),
        ('bills = { name = "a/{n}.csv" }', "bills.name: expected the name of a file"),
        (f'bills = {{ name = "{"я" * 99}" }}', "bills.name: expected a name of at most 160 bytes"),
        (
            'bills = { name = "{inn}.csv" }',
            "bills.inn: expected one, it is part of the file's name",
        ),
        ('bills = { name = "{date}.csv" }', "bills.name: expected dates in it of %Y"),
        ('bills = { name = "{date:%B}.csv" }', "bills.name: expected dates in it of %Y"),
        ('bills = { inn = "77" }', "bills.inn: expected 10 or 12 digits"),
        ('bills = { rs = "77" }', "bills.rs: expected 20 digits"),
        ('bills = { encoding = "latin-1" }', "bills.encoding: expected one of"),
        ("bills = { zero = 1 }", "bills.zero: expected true or false"),
        ("bills = 7", "bills: expected a table"),
        (f"bills = {{ {QR.replace('0445', '445')} }}", "bills.qr: expected BIC by GOST"),
        (f"bills = {{ {QR.replace('407028', '7028')} }}", "bills.qr: expected PersonalAcc"),
        (f"bills = {{ {QR.replace('Purpose', 'Sum')} }}", "bills.qr: expected nothing in it but"),
        (f"bills = {{ {QR.replace('За', 'я' * 211)} }}", "bills.qr: expected nothing in it but"),
        (f"bills = {{ {QR.replace('Пример', 'я' * 157)} }}", "bills.qr: expected Name by GOST"),
        (
            f"bills = {{ {QR.replace('Пример', 'я' * 96)} }}",
            "bills.qr: expected Name, PersonalAcc,",
        ),
        (f'bills = {{ {QR}, encoding = "cp866" }}', "bills.encoding: expected one of windows-1251"),
        ('bills = { form = "qr" }', "bills.qr: expected a table of Name"),
        (
            'register = { separator = "" }',
            "register.separator: expected a text in quotes, not empty",
        ),
        ("register = { txn = 1 }", "register.txn: no such key; txn_id?"),
        ('register = { sum = "3" }', "register.sum: expected a whole number from -99 to 99"),
        ("register = { sum = 0 }", "register.sum: expected a column"),
        ('register = { date_form = "%Q" }', "register.date_form: expected a form of date"),
        ('register = { decimal = ";" }', 'register.decimal: expected one of "both", ".", ","'),
        ('register = { file = "(" }', "register.file: expected a regular expression"),
        ("register = { state = 5 }", "register.good: expected the text that state must hold"),
        (
            'register = { form = "1c" }',
            "register.purpose: expected a regular expression with a group",
        ),
        (
            'register = { form = "1c", purpose = "[0-9]+" }',
            "register.purpose: expected a regular expression with a group",
        ),
        ('send = "gopher://host/"', 'send: expected "folder:/path"'),
        ('send = "folder:relative"', 'send: expected "folder:/path"'),
        ('send = "ftps://host/dir"', 'send: expected "folder:/path"'),
        ('send = "sftp://u:hidden@host/dir/"', "send: expected a key for sftp, no password"),
        ('send = "https://host:port/"', 'send: expected "folder:/path"'),
        ('send = "http://host/"', 'send: expected "folder:/path"'),
        ('send = "mailto:nobody"', 'send: expected "folder:/path"'),
        ('send = "held:0"', 'send: expected "folder:/path"'),
        ('send = "mailto:a@b.example"', "smtp: expected a mail server, to send by"),
        ('smtp = "smtps://u:hidden@host"', "mail_from: expected an address, to send from"),
        ('smtp = "mail.example"', 'smtp: expected "smtps://user:password@host:465"'),
    ],
)
def test_a_fault_in_the_settings_of_files_stops_the_start(
    tmp_path: Path, key: str, wanted: str
) -> None:
    """Named by its key, and no password is shown."""
    text = _settings("sqlite:///none.db", "{}").replace("bills = {}\n", f"{key}\n")
    with pytest.raises(SettingsError) as caught:
        settings.load(write_settings(text, tmp_path))
    found = str(caught.value).splitlines()[1:]

    assert len(found) == 1
    assert found[0].startswith(f"BANKS.bank.{wanted}")
    assert "hidden" not in found[0]


@pytest.mark.parametrize("key", ['send = "held:2"', 'bills = { form = "pull" }'])
def test_a_list_is_not_held_for_everybody(tmp_path: Path, key: str) -> None:
    """A proof that only the dialect's own requests carry is none here."""
    text = _settings("sqlite:///none.db", "{}").replace("bills = {}\n", f"{key}\n")
    text = text.replace('"kaspi"', '"cyberplat"').replace('allow = ["127.0.0.1"]', "")
    text = text.replace('payer = "account"', "")
    with pytest.raises(SettingsError, match="expected allow, password or url_token"):
        settings.load(write_settings(text, tmp_path))


@pytest.mark.parametrize(
    ("name", "names_collide"),
    [
        ("{date:%d%m%Y}_{n:03}.txt", True),
        ("list.txt", True),
        ("{bank}_{date:%Y%m%d}_{n:03}.csv", False),
        ("{bank}_{n}.csv", False),
    ],
)
def test_two_banks_are_never_sent_each_others_lists(
    tmp_path: Path, name: str, names_collide: bool
) -> None:
    """Though one's name begins with the other's: settings that would mix them are a fault."""
    table = f'{{ name = "{name}" }}\nsend = "folder:/in"\n'
    other = _settings("sqlite:///none.db", table).partition("[BANKS.bank]")[2]
    text = _settings("sqlite:///none.db", table) + f"[BANKS.bank_2]{other}"
    path = write_settings(text, tmp_path)
    if names_collide:
        with pytest.raises(SettingsError, match=r"BANKS.bank.bills.folder: expected another than"):
            settings.load(path)
        text = text.replace(f'name = "{name}"', f'name = "{name}", folder = "mine"', 1)
        path = write_settings(text, tmp_path)
    assert len(settings.load(path).banks) == 2


def test_no_password_of_a_server_is_in_a_repr(tmp_path: Path) -> None:
    """Of the bank, or of where it is sent."""
    more = (
        'send = "ftps://u:hidden@host/a/"\nsmtp = "smtps://u:hidden@host"\nmail_from = "a@b.kz"\n'
    )
    text = _settings("sqlite:///none.db", "{}", more=more)
    bank = settings.load(write_settings(text, tmp_path)).banks["bank"]

    assert "hidden" not in repr(bank)
    assert repr(bank.send) == "ftps://host/a/"


# --- the bank fetches it ---

BANKS = """
[BANKS.pulls]
protocol = "kaspi"
allow = ["127.0.0.1"]
url_token = true
username = "bank"
password = "pass"
weak_password = true
bills = { form = "pull" }

[BANKS.zeroes]
protocol = "kaspi"
allow = ["127.0.0.1"]
payer = "invoice"
bills = { form = "pull", zero = true, full_names = true }

[BANKS.strange]
protocol = "kaspi"
allow = ["10.0.0.1"]
bills = { form = "pull" }

[BANKS.closed]
protocol = "kaspi"
allow = ["127.0.0.1"]

[BANKS.held]
protocol = "osmp"
allow = ["127.0.0.1"]
url_token = true
send = "held:1"
"""
BASIC = {"Authorization": "Basic YmFuazpwYXNz"}


@pytest.fixture
def address(command: Callable[..., Any]) -> str:
    """The address that the bank calls."""
    return str(command("url", "pulls").stdout.strip())


@pytest.mark.slow
def test_the_bank_pulls_page_by_page(customers: Engine, endpoint: Endpoint, address: str) -> None:
    """registers.md, "Pull"; the sum is of all pages, the token and the password are asked for."""
    query = "date=202611&rows=2"
    first, second, third = (
        endpoint.call(f"{address}/bills?{query}&page={page}", headers=BASIC) for page in (1, 2, 3)
    )

    assert first.status == 200
    assert first.text == (
        '{"date":"202611","page":1,"rows":2,"pages":2,"total":3,"sum":"5540.31","list":'
        '[{"account":"0071","name":"Ж***","sum":"0.01"},'
        '{"account":"71501","name":"А*** Б***","sum":"5000.00"}]}'
    )
    assert json.loads(second.body)["list"] == [
        {"account": "71507", "name": "В***", "sum": "540.30"}
    ]
    assert json.loads(third.body)["list"] == []
    assert json.loads(third.body)["sum"] == "5540.31"
    (*_, line) = endpoint.log()
    assert (line["bank"], line["command"], line["code"]) == ("pulls", "bills", "200")


def test_invoices_are_pulled_where_they_are_paid(customers: Engine, endpoint: Endpoint) -> None:
    """With those that are paid, and full names, where the contract says so."""
    made = json.loads(endpoint.call("/zeroes/bills?date=202611&page=1").body)

    assert (made["rows"], made["pages"], made["total"], made["sum"]) == (100, 1, 4, "5540.31")
    assert {"account": "71502-1", "name": "Ничего", "sum": "0.00"} in made["list"]


def test_nothing_to_pull_is_an_empty_list(engine: Engine, endpoint: Endpoint) -> None:
    """Of no pages."""
    made = endpoint.call("/zeroes/bills?date=202611&page=1").text

    assert made == (
        '{"date":"202611","page":1,"rows":100,"pages":0,"total":0,"sum":"0.00","list":[]}'
    )


@pytest.mark.parametrize(
    "query",
    [
        "",
        "page=1",
        "date=202611",
        "date=2026-11&page=1",
        "date=202613&page=1",
        "date=202600&page=1",
        "date=٢٠٢٦١١&page=1",
        "date=202611&page=0",
        "date=202611&page=-1",
        "date=202611&page=1.0",
        "date=202611&page=1&rows=0",
        "date=202611&page=1&rows=1001",
        "date=202611&page=1&rows=",
        "date=202611&page=1&page=1",
        "date=202611&page=1&page=2",
    ],
)
def test_a_wrong_pull_is_400_without_a_word(endpoint: Endpoint, query: str) -> None:
    """As is a parameter given twice."""
    done = endpoint.call(f"/zeroes/bills?{query}")

    assert (done.status, done.body) == (400, b"")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "{address}/bills", 401),
        ("GET", "/pulls/bills", 404),
        ("GET", "/pulls/wrong/bills", 404),
        ("GET", "/strange/bills", 403),
        ("GET", "/closed/bills", 404),
        ("POST", "/zeroes/bills", 405),
        ("DELETE", "/zeroes/bills", 405),
        ("GET", "/zeroes/bills/", 404),
        ("GET", "/zeroes/bills/x", 404),
        ("GET", "/zeroes/bill", 404),
    ],
)
def test_a_stranger_pulls_nothing(
    endpoint: Endpoint, address: str, method: str, path: str, status: int
) -> None:
    """The proofs are those of the dialect."""
    query = "date=202611&page=1"
    done = endpoint.call(f"{path.format(address=address)}?{query}", method)

    assert (done.status, done.body) == (status, b"")


@pytest.mark.slow
def test_a_list_is_held_for_the_bank_for_some_hours(
    customers: Engine, folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """At an address that is signed, for one list of one bank, and expires."""
    held = BANKS.replace('"held:1"', f'"held:1"\nbills = {{ folder = "{tmp_path}" }}')

    class Module:
        BANKS = held

    toml = settings_toml(customers.url, Module)  # type: ignore[arg-type]
    with Endpoint(toml, tmp_path) as running:
        app = create_app(running.settings)
        said = app.test_cli_runner().invoke(args=["send-bills", "held"])
        address = said.stdout.split(" -> ")[1].strip()
        file = next(tmp_path.glob("held_*.csv"))
        fetched = running.call(address)

        assert (fetched.status, fetched.body) == (200, file.read_bytes())
        assert file.name in fetched.headers["Content-Disposition"]
        assert re.fullmatch(r"/held/[^/]+/bills/[^/]+", address)
        for wrong in (
            # Not the last character: two of its bits are padding.
            address[:-2] + ("A" if address[-2] != "A" else "B") + address[-1],
            address.replace("bills/", "bills/x"),
            re.sub("/held/[^/]+/", "/held/wrong/", address),
            address.rsplit("/", 1)[0],
        ):
            assert running.call(wrong).status == 404
        given = settings.load(running.settings)
        bank = given.banks["held"]
        for other in (tmp_path / "config.toml", tmp_path / "none.csv"):
            path = pull.signed(bank, given.secret_keys, other)
            outside = re.sub("bills/.*", path, address)
            assert running.call(outside).status == 404


class Earlier(TimestampSigner):
    """Signs as if it were so many seconds ago."""

    seconds = 0

    def get_timestamp(self) -> int:
        return int(time.time()) - self.seconds


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (3590, 200), (3602, 404), (-10, 404)])
def test_the_address_of_a_held_list_expires(
    customers: Engine, tmp_path: Path, seconds: int, status: int
) -> None:
    """After the hours that the settings give; nor does it come from the future."""
    table = f'{{ folder = "{tmp_path}" }}\nsend = "held:1"'
    given = settings.load(write_settings(_settings(customers.url, table), tmp_path))
    file = tmp_path / "bank_20261103_001.csv"
    file.write_text("list")
    earlier = type("Earlier", (Earlier,), {"seconds": seconds})
    signer = URLSafeTimedSerializer(
        list(given.secret_keys),
        salt="held-bills",
        signer=earlier,
        signer_kwargs={"digest_method": hashlib.sha256},
    )
    token = signer.dumps(["bank", file.name])

    with create_app(given.path).test_client().get(f"/bank/bills/{token}") as response:
        assert response.status_code == status


@pytest.mark.parametrize("payer", ["account", "invoice"])
def test_pages_count_and_sums_are_of_the_list_that_a_site_lays_over_ours(
    customers: Engine, tmp_path: Path, payer: str
) -> None:
    """Who leaves a customer out of the list leaves it out of everything made of the list."""
    (tmp_path / f"bills_{payer}.sql").write_text(
        "SELECT '71501' AS number, 'A' AS name, '' AS address, '7.00' AS issued, '2.00' AS paid"
    )
    given = load(write_settings(_settings(customers.url, "{}", payer), tmp_path))
    database = Database(given.engine, load_statements(SQL, tmp_path), 1)

    (counted,) = database.stream(f"count_bills_{payer}")
    (summed,) = database.stream(f"sum_of_bills_{payer}", zero=0)
    page = list(database.stream(f"page_of_bills_{payer}", zero=0, size=10, start=0))

    assert counted["n"] == summed["n"] == len(page) == 1
    assert (summed["issued"], summed["paid"]) == (Decimal(7), Decimal(2))


def test_a_list_of_invoices_is_counted_as_it_is_written(
    customers: Engine, write: Callable[..., Made], tmp_path: Path
) -> None:
    """Invoices of closed customers are not in the list, so they are not counted either."""
    lines = write("zero = true", "invoice").lines
    database = Database(load(tmp_path / "config.toml").engine, load_statements(SQL), 1)

    (counted,) = database.stream("count_bills_invoice")

    assert counted["n"] == len(lines) - 1


def test_numbers_that_the_bank_would_refuse_are_named(customers: Engine, tmp_path: Path) -> None:
    """They stay in the list; ten of many are enough to see what is wrong with the pattern."""
    for number in range(12):
        customers.account(f"A{number:02}")
    more = 'account_pattern = "[0-9]{5}"\n'
    path = write_settings(_settings(customers.url, "{}", more=more), tmp_path)
    done = create_app(path).test_cli_runner().invoke(args=["bills", "bank", "-o", "-"])
    named = ", ".join(["0071", *(f"A{number:02}" for number in range(9))])

    assert "13 numbers that account_pattern of [BANKS.bank] refuses" in done.stderr
    assert f"cannot pay there: {named}, …" in done.stderr
    assert done.stdout.count("\n") == 16
