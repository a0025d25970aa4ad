"""What the accountant reads: a table for Excel, a page, a mail."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from callback import create_app
from tests.support.processes import free_port, write_settings
from tests.support.receivers import Mailbox
from tests.tools.books.test_reconcile import CSV, paid

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

    from click.testing import Result

    from tests.conftest import Engine

BANKS = '[BANKS.kaspi]\nprotocol = "kaspi"\nallow = ["127.0.0.1"]\n'
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HOSTILE = '<script>alert("1")</script>'
REGISTER = (
    f"{CSV}0071;71501;5000.00;2026-11-03 10:15:00\n"
    "12345678901234567890;=1+1;0.50;2026-11-04 23:59:59\n"
    f"3;{HOSTILE};7.00;2026-11-04 12:00:00\n"
    "4;71501;broken;2026-11-04 12:00:00\n"
    "5;71501;1234567.00;2026-11-04 12:00:00\n"
)


class Texts(HTMLParser):
    """The texts of a page and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [name for name, _ in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))


@pytest.fixture
def reconcile(engine: Engine, tmp_path: Path) -> Callable[..., Result]:
    """Compare a register with two payments of ours."""
    engine.account("71501")
    engine.account(HOSTILE)
    paid(engine, "kaspi", "0071", "71501", "5000.01", "2026-11-03 10:15:00")
    paid(engine, "kaspi", "5", "71501", "1234567.00", "2026-11-04 12:00:00")

    def run(
        *options: str, content: str = REGISTER, more: str = "", name: str = "register.csv"
    ) -> Result:
        settings = (
            f'SECRET_KEY = "only-for-tests-never-where-money-is"\nDATABASE = "{engine.url}"\n'
            'TIMEZONE = "Asia/Almaty"\nCURRENCY = "KZT"\n[BANKS.kaspi]\nprotocol = "kaspi"\n'
            f'allow = ["127.0.0.1"]\n{more}\n'
        )
        file = tmp_path / "register.csv"
        file.write_text(content)
        app = create_app(write_settings(settings, tmp_path))
        return app.test_cli_runner().invoke(
            args=["reconcile", "kaspi", str(tmp_path / name), *options]
        )

    return run


@pytest.mark.slow
def test_a_russian_excel_opens_the_table(reconcile: Callable[..., Result], tmp_path: Path) -> None:
    """A byte order mark, semicolons, commas in sums; numbers stay text, nothing is a formula."""
    file = tmp_path / "report.csv"
    done = reconcile("-o", str(file), more='language = "ru"')
    raw = file.read_bytes()
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=";"))

    assert done.exit_code == 2
    assert raw.startswith("\ufeffчто;платёж банка;".encode())
    assert raw.count(b"\n") == raw.count(b"\r\n")
    ours = ['="0071"', '="71501"', "5000,01", "03.11.2026 10:15:00"]
    assert ["отличается", '="0071"', '="71501"', "5000,00", *ours[3:], *ours, *rows[3][9:]] == rows[
        3
    ]
    assert rows[3][9:] == ["другая сумма", "2"]
    assert rows[2][1:4] == ['="12345678901234567890"', '="=1+1"', "0,50"]
    assert rows[1][2] == '="<script>alert(""1"")</script>"'
    assert rows[4] == ["строка не читается", *[""] * 8, "не сумма: 'broken'", "5"]
    assert rows[5:7] == [[], ["что", "платежей", "сумма"]]
    assert rows[7] == ["совпало", "1", "1234567,00"]
    assert rows[-2:] == [["в реестре", "4", "1239574,50"], ["у нас", "2", "1239567,01"]]


def test_the_page_needs_nothing_else(reconcile: Callable[..., Result], tmp_path: Path) -> None:
    """Totals of each day and bank, a chart, every difference; and no text of a bank acts in it."""
    file = tmp_path / "report.html"
    reconcile("-o", str(file), more='language = "ru"')
    page = Texts()
    page.feed(file.read_text(encoding="utf-8"))
    said = " | ".join(page.texts)

    assert page.loaded == []
    assert "script" not in page.tags
    assert not re.search(r"url\(|@import|https?:", file.read_text(encoding="utf-8"))
    assert HOSTILE in page.texts
    assert "Сверка: kaspi" in page.texts
    assert "Расхождения: 4" in page.texts
    assert "kaspi | 03.11.2026 | 1 | 5 000,00 | 1 | 5 000,01 | −0,01" in said
    assert "kaspi | 04.11.2026 | 3 | 1 234 574,50 | 1 | 1 234 567,00 | 7,50" in said
    assert page.tags.count("rect") == 4
    assert "только в реестре банка | в реестре | 12345678901234567890 | =1+1 | 0,50" in said
    assert "отличается | в реестре | 0071 | 71501 | 5 000,00" in said


ESCAPES = "\x9b31m\u202e71501"  # what the pattern of a number lets through


def test_no_escape_of_a_payer_reaches_a_person(
    reconcile: Callable[..., Result], mailbox: Mailbox, tmp_path: Path
) -> None:
    """Nor a formula in a country that parts cells at commas."""
    content = f"{CSV}1;{ESCAPES},=cmd;5.00;2026-11-03\n"
    files = [str(tmp_path / name) for name in ("report.csv", "report.html")]
    options = ["-o", files[0], "-o", files[1], "--mail", "a@b.example"]
    done = reconcile(*options, content=content, more=mail_settings(mailbox.url))
    as_json = reconcile("--json", content=content)
    (message,) = mailbox.messages
    body = message.get_body().get_content()  # type: ignore[attr-defined]
    table = (tmp_path / "report.csv").read_bytes()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    for text in (done.output, as_json.output, body, table.decode("utf-8-sig"), page):
        assert "71501" in text
        assert all(one.isprintable() or one in "\r\n\u202f" for one in text)
    objects = map(json.loads, as_json.output.splitlines())
    accounts = [one["register"]["account"] for one in objects if one.get("name") == "nobody's"]
    assert accounts == [f"{ESCAPES},=cmd"]
    assert b",=" not in table


@pytest.mark.slow
def test_the_list_of_payments_shows_no_escape(engine: Engine, command: Callable[..., Any]) -> None:
    """As a table and as JSON."""
    engine.account(ESCAPES)
    paid(engine, "kaspi", "1", ESCAPES, "5.00", "2026-11-03 10:15:00")
    for options in ((), ("--json",)):
        done = command("payments", *options)
        assert "\\u202e71501" in done.stdout
        assert all(one.isprintable() or one == "\n" for one in done.stdout)


def test_a_file_may_be_called_anything(reconcile: Callable[..., Result], tmp_path: Path) -> None:
    """In windows-1251, with a line end, as long as can be: nothing fails once it is booked."""
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    for day, raw in ((5, "реестр\n\x1b[2J".encode("cp1251")), (6, b"x" * longest)):
        name = os.fsdecode(raw)
        (tmp_path / name).write_text(f"{CSV}{day}0;71501;5.00;2026-11-0{day}\n")
        page = tmp_path / "page.html"
        done = reconcile("--book", "-o", str(page), name=name)
        refused = reconcile(name=name, more='register = { date_form = "%d.%m.%Y" }')

        assert done.exit_code == 0, done.output
        assert "1 booked" in done.stdout
        assert raw[:6].decode("cp1251") in page.read_text(encoding="utf-8")
        assert refused.exit_code == 2


def test_a_refused_file_of_any_name_is_mailed(
    reconcile: Callable[..., Result], mailbox: Mailbox, tmp_path: Path
) -> None:
    """A subject has no line ends."""
    name = os.fsdecode("реестр\n1.csv".encode("cp1251"))
    (tmp_path / name).write_bytes(b"\xff")
    done = reconcile("--mail", "a@b.example", name=name, more=mail_settings(mailbox.url))
    (message,) = mailbox.messages

    assert done.exit_code == 2
    assert message["Subject"] == "kaspi: реестр\\n1.csv: refused"


@pytest.mark.slow
def test_a_console_of_any_encoding_is_no_obstacle(
    engine: Engine, command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it lacks is escaped, after the payment is booked as before."""
    engine.account("Ж1")
    file = tmp_path / "register.csv"
    file.write_text(f"{CSV}1;Ж1;5.00;2026-11-03\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONIOENCODING", "iso-8859-1:strict")
    done = command("reconcile", "kaspi", str(file), "--book")

    assert done.returncode == 0, done.stderr
    assert "\\u04161" in done.stdout


def test_a_page_without_a_payment_has_no_chart(
    reconcile: Callable[..., Result], tmp_path: Path
) -> None:
    """And says that both sides agree."""
    file = tmp_path / "report.html"
    done = reconcile("-o", str(file), "--from", "2020-01-01", "--to", "2020-01-01", content=CSV)
    page = Texts()
    page.feed(file.read_text(encoding="utf-8"))

    assert done.exit_code == 0
    assert "Both sides agree" in page.texts
    assert "svg" not in page.tags


def test_a_month_fits_the_chart(
    engine: Engine, reconcile: Callable[..., Result], tmp_path: Path
) -> None:
    """No bar is wider than its day, none higher than the field; dates do not meet."""
    file = tmp_path / "report.html"
    rows = "".join(f"{9000 + day};71501;{day}.00;2026-10-{day:02}\n" for day in range(1, 32))
    reconcile("-o", str(file), content=CSV + rows)
    text = file.read_text(encoding="utf-8")
    found = re.findall(r'<rect class="\w+" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', text)
    bars = [tuple(map(float, bar)) for bar in found]

    assert len(bars) == 62
    assert all(x >= 0 and y >= 0 and x + width <= 640 for x, y, width in bars)
    assert all(left[0] + left[2] <= right[0] for left, right in itertools.pairwise(bars))
    assert text.count('text-anchor="middle"') <= 10


def test_only_a_table_or_a_page_is_written(reconcile: Callable[..., Result]) -> None:
    """Before anything is compared."""
    done = reconcile("-o", "report.pdf", "--book")

    assert done.exit_code == 2
    assert ".csv or .html" in done.stderr


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A mail server."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with Mailbox(tmp_path) as server:
        yield server


def mail_settings(url: str) -> str:
    """What a bank needs to send mail."""
    return f'smtp = "{url}"\nmail_from = "books@company.example"'


def test_a_report_is_mailed(reconcile: Callable[..., Result], mailbox: Mailbox) -> None:
    """To everybody named: the lines, the page and the table."""
    done = reconcile(
        "--mail", "a@b.example", "--mail", "c@d.example", more=mail_settings(mailbox.url)
    )
    first, second = mailbox.messages
    parts: list[EmailMessage] = list(first.iter_attachments())  # type: ignore[attr-defined]
    body = first.get_body()  # type: ignore[attr-defined]

    assert done.exit_code == 2
    assert (first["To"], second["To"]) == ("a@b.example", "c@d.example")
    assert first["Subject"] == "kaspi, 2026-11-03 to 2026-11-04: 4 differences"
    assert first["Date"]
    assert first["Message-ID"].endswith("@company.example>")
    assert first["Message-ID"] != second["Message-ID"]
    assert "differs: 0071" in body.get_content()
    assert [part.get_filename() for part in parts] == ["kaspi_20261103.html", "kaspi_20261103.csv"]
    assert parts[0].get_content_type() == "text/html"


def test_a_refused_register_is_mailed_too(
    reconcile: Callable[..., Result], mailbox: Mailbox
) -> None:
    """The bank wants to hear of it within hours."""
    broken = f"{CSV}1;a;5;2026-11-03\n1;a;6;2026-11-03\n"
    done = reconcile("--mail", "a@b.example", content=broken, more=mail_settings(mailbox.url))
    (message,) = mailbox.messages

    assert done.exit_code == 2
    assert message["Subject"] == "kaspi: register.csv: refused"
    assert "line 3: payment 1 is there twice" in str(message.get_payload())


def test_a_register_that_has_not_come_is_mailed_too(
    reconcile: Callable[..., Result], mailbox: Mailbox, tmp_path: Path
) -> None:
    """As a refused one."""
    more = mail_settings(mailbox.url)
    done = reconcile("--mail", "a@b.example", name="none.csv", more=more)
    (message,) = mailbox.messages

    assert done.exit_code == 2
    assert "none.csv: refused: cannot be read: No such file" in done.stderr
    assert message["Subject"] == "kaspi: none.csv: refused"


def test_a_mail_that_does_not_go_is_an_error(reconcile: Callable[..., Result]) -> None:
    """Of its own status: the comparison was made, and is shown."""
    more = mail_settings(f"smtps://u:secret@127.0.0.1:{free_port()}")
    done = reconcile("--mail", "a@b.example", content=f"{CSV}", more=more)

    assert done.exit_code == 3
    assert "0 matched" in done.stdout
    assert "Connection refused" in done.stderr
    assert "secret" not in done.stderr


def test_mail_wants_a_server(reconcile: Callable[..., Result]) -> None:
    """Said before anything is done."""
    done = reconcile("--mail", "a@b.example", "--book")

    assert done.exit_code == 2
    assert "has no smtp" in done.stderr


def test_a_report_never_takes_the_place_of_the_register(
    reconcile: Callable[..., Result], tmp_path: Path
) -> None:
    """Whatever way leads to it: the bank's file is the only one there is."""
    (tmp_path / "folder").mkdir()
    same = tmp_path / "folder" / ".." / "register.csv"
    done = reconcile("-o", str(same), "--book")

    assert done.exit_code == 2
    assert "is the register itself" in done.stderr
    assert same.read_text(encoding="utf-8") == REGISTER


def test_the_terminal_says_it_in_the_language_of_the_report(
    reconcile: Callable[..., Result], mailbox: Mailbox, tmp_path: Path
) -> None:
    """And each kind of difference is followed by what is to be done about it."""
    page = tmp_path / "report.html"
    mail = mail_settings(mailbox.url)
    done = reconcile("-o", str(page), "--mail", "a@b.example", more=f'language = "kk"\n{mail}')
    english = reconcile()
    (message,) = mailbox.messages
    body = message.get_body().get_content()  # type: ignore[attr-defined]

    for text in (done.output, body, page.read_text(encoding="utf-8")):
        assert "только в реестре банка" in text
        assert "спросите банк" in text
    assert message["Subject"].endswith("расхождений: 4")
    assert "only in the register: The bank took the money" in english.stderr
    assert "The bank took" not in reconcile("--json").output


@pytest.mark.parametrize(
    ("more", "content", "setting"),
    [
        ('register = { total = "Total:" }', REGISTER, "register.total of [BANKS.kaspi]"),
        ('register = { header = "id;sum" }', REGISTER, "register.header of [BANKS.kaspi]"),
        ("", "\0" * 30, "register.encoding of [BANKS.kaspi]"),
    ],
)
def test_a_refusal_names_the_setting(
    reconcile: Callable[..., Result], more: str, content: str, setting: str
) -> None:
    """Whoever mends it need not know the program."""
    done = reconcile(content=content, more=more)

    assert done.exit_code == 2
    assert f"(the setting: {setting})" in done.stderr
