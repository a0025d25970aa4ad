"""A newcomer with 1C, Excel or CSV files goes by the bookkeeper's page, from an empty database.

The lines of the page are run as they stand. Afterwards each payment is in the program once, and the
debt agrees on both sides.
"""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from babel.messages.pofile import read_po

from callback.tools.words import DOMAIN, FOLDER
from tests.support.processes import ROOT, Endpoint, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.processes import MariaDB

PAGES = ("docs/bookkeeper.md", "docs/bookkeeper.ru.md")
SETTINGS = """
SECRET_KEY = "only-for-tests-never-where-money-is-received"
DATABASE = "{url}"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"

[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
show = ["name", "debt"]

"""
PAYER, OTHER = "0071501", "0071502"
EXPORT = re.compile(r"(?s)\[EXPORT\].*")
# What 1C wants of a file from a bank (its format of exchange, version 1.03).
HEAD_OF_1C = (*("ВерсияФормата", "Кодировка", "Получатель", "ДатаНачала", "ДатаКонца", "РасчСчет"),)
DOCUMENT_OF_1C = (
    *("Номер", "Дата", "Сумма", "ПлательщикСчет", "Плательщик", "ПолучательСчет", "Получатель"),
)


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


class Program:
    """An accounting program: it writes lists, loads payments, and knows what it has loaded."""

    LAYOUT = ""  # of [IMPORT]; else that of the page
    LIST, PAYMENTS = "customers.csv", "payments.csv"
    EXPORT_LINE = 0  # of the lines that write payments

    def __init__(self, folder: Path) -> None:
        self.debts = {PAYER: Decimal("3200.10"), OTHER: Decimal(0)}
        self.loaded: list[tuple[str, str]] = []
        self.last = 0
        self.folder = folder

    def write(self) -> None:
        """Write the list of all customers."""
        raise NotImplementedError

    def rows(self) -> Iterator[tuple[int, str, str, str, Decimal]]:
        """Read what was paid: id, kind, txn_id, customer, sum."""
        raise NotImplementedError

    def load(self) -> None:
        """Take what is new into the books."""
        for line, kind, txn_id, account, amount in self.rows():
            if line > self.last:
                self.last = line
                self.loaded.append((kind, txn_id))
                self.debts[account] -= amount if kind == "paid" else -amount


class CSV(Program):
    """A program that writes what the page shows."""

    def write(self) -> None:
        text = blocks(PAGES[0], "csv")[1 if self.last else 0]
        (self.folder / self.LIST).write_text(text, encoding="utf-8")

    def rows(self) -> Iterator[tuple[int, str, str, str, Decimal]]:
        text = (self.folder / self.PAYMENTS).read_text(encoding="utf-8-sig")
        for row in csv.DictReader(io.StringIO(text), delimiter=";"):
            amount = Decimal(row["sum"].replace(",", "."))
            yield int(row["id"]), row["kind"], row["txn_id"], row["account"], amount


class Excel(CSV):
    """A workbook that a person keeps; the numbers are text, the debts are numbers."""

    LIST = "customers.xlsx"

    def write(self) -> None:
        book = openpyxl.Workbook()
        sheet: Any = book.active
        if self.last:
            sheet.append(["known_until", self.last])
        sheet.append(["Лицевой счёт", "ФИО", "Адрес", "Долг"])
        for number, debt in self.debts.items():
            sheet.append([number, "Серова Анна", "Сатпаева, 5", float(debt)])
            sheet.cell(sheet.max_row, 1).number_format = "@"
        book.save(self.folder / self.LIST)


class OneC(Program):
    """A report that is saved as text, and the exchange with the bank, read strictly."""

    LIST, PAYMENTS = "customers.csv", "kl_to_1c.txt"
    EXPORT_LINE = 1

    def write(self) -> None:
        rows = [f"{number}\tСерова Анна\t{_grouped(debt)}" for number, debt in self.debts.items()]
        total = f"Итого\t\t{_grouped(sum(self.debts.values(), Decimal(0)))}"
        lines = ["Задолженность на 03.11.2026", "Лицевой счет\tФИО\tДолг", *rows, total, ""]
        if self.last:
            lines.insert(0, f"known_until\t{self.last}")
        content = "\r\n".join(lines).encode("windows-1251")
        (self.folder / self.LIST).write_bytes(content)

    def rows(self) -> Iterator[tuple[int, str, str, str, Decimal]]:
        head, *documents = self._sections()
        assert head["ВерсияФормата"] == "1.03"
        assert all(head.get(key) for key in HEAD_OF_1C)
        for document in documents:
            assert all(document.get(key) for key in DOCUMENT_OF_1C), document
            kind = "paid" if document["ПолучательСчет"] == head["РасчСчет"] else "cancelled"
            assert document["ДатаПоступило" if kind == "paid" else "ДатаСписано"]
            purpose = re.search("л/с ([0-9]+); qiwi ([0-9]+)", document["НазначениеПлатежа"])
            assert purpose
            amount = Decimal(document["Сумма"])
            yield int(document["Номер"]), kind, purpose[2], purpose[1], amount

    def _sections(self) -> list[dict[str, str]]:
        content = (self.folder / self.PAYMENTS).read_bytes()
        lines = content.decode("windows-1251").split("\r\n")
        assert lines[0] == "1CClientBankExchange"
        assert lines[-2:] == ["КонецФайла", ""]
        assert not any("\n" in line for line in lines)
        sections: list[dict[str, str]] = [{}]
        for line in lines[1:-2]:
            key, _, value = line.partition("=")
            if key == "СекцияДокумент":
                sections.append({})
            sections[-1].setdefault(key, value)
        return sections


def _grouped(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")


@pytest.mark.parametrize(("kind", "page"), [(CSV, PAGES[0]), (Excel, PAGES[1]), (OneC, PAGES[0])])
@pytest.mark.slow
def test_from_an_empty_database_to_books_that_agree(
    mariadb: MariaDB,
    tmp_path: Path,
    page: str,
    kind: type[Program],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """List in, check, pay, payments out, list in; then the way of --mark."""
    started = time.perf_counter()
    name = f"newcomer_{kind.__name__.lower()}_{PAGES.index(page)}"
    mariadb.create_database(name)
    program = kind(tmp_path)
    text = SETTINGS.format(url=mariadb.url(name)) + _layout(page, kind)
    settings = write_settings(text, tmp_path)
    first, export, again, marked = _lines(page, program)

    assert _run("flask init-db", settings).returncode == 0
    with Endpoint(text, tmp_path, workers=1) as endpoint:
        program.write()
        for line in first:
            assert _run(line, settings).returncode == 0, line
        assert _debt(endpoint) == program.debts[PAYER]
        _pay(endpoint, "1001", "1000.00")

        assert _run(export, settings).returncode == 0
        program.load()
        assert _debt(endpoint) == program.debts[PAYER] == Decimal("2200.10")
        program.write()
        done = _run(again, settings)
        assert "payments: 1 known to the list" in done.stdout, done.stderr
        assert _debt(endpoint) == program.debts[PAYER]

        _pay(endpoint, "1002", "200.10")
        assert _run(marked, settings).returncode == 0
        program.load()
        assert _debt(endpoint) == program.debts[PAYER] == Decimal("2000.00")
    assert program.loaded == [("paid", "1001"), ("paid", "1002")]
    with capsys.disabled():
        print(f"\n{kind.__name__}, {page}: {time.perf_counter() - started:.1f} s")


def _layout(page: str, kind: type[Program]) -> str:
    (plain,), (of_1c,) = blocks(page, "toml"), blocks(page, "toml 1C")
    export = EXPORT.search(plain)
    assert export
    return f"{of_1c}\n{export[0]}" if kind is OneC else str(plain)


def _lines(page: str, program: Program) -> tuple[list[str], str, str, str]:
    """The page's commands: the first list, payments out, the list again, payments with a mark."""
    first, export, of_1c, again, marked = blocks(page, "sh")
    chosen = of_1c if isinstance(program, OneC) else export
    lines = "\0".join((first, chosen, again, chosen.strip() + " --mark\n"))
    assert isinstance(program, OneC) or chosen.strip() + " --mark\n" == marked
    first, export, again, marked = lines.replace("customers.csv", program.LIST).split("\0")
    return first.splitlines(), export.strip(), again.strip(), marked.strip()


def _run(line: str, settings: Path) -> subprocess.CompletedProcess[str]:
    """Run a line as pasted."""
    environment = os.environ | {
        "CALLBACK_CONFIG": str(settings),
        "FLASK_APP": str(ROOT / "wsgi.py"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.run(
        ["sh", "-c", line],
        cwd=settings.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _debt(endpoint: Endpoint) -> Decimal:
    body = endpoint.call(f"/qiwi?command=check&txn_id=1&account={PAYER}").body
    debt = ET.fromstring(body).findtext(".//*[@name='debt']")
    assert debt is not None, body
    return Decimal(debt)


def _pay(endpoint: Endpoint, txn_id: str, amount: str) -> None:
    query = f"command=pay&txn_id={txn_id}&account={PAYER}&sum={amount}&txn_date=20261103091500"
    assert ET.fromstring(endpoint.call(f"/qiwi?{query}").body).findtext("result") == "0"


def test_both_pages_say_the_same() -> None:
    """Every block, and as many rows in every table."""
    for language in ("sh", "csv", "toml", "toml 1C"):
        english, russian = (blocks(page, language) for page in PAGES)
        assert english == russian, language
    english_rows, russian_rows = (
        re.findall(r"(?m)^\|", (ROOT / page).read_text(encoding="utf-8")) for page in PAGES
    )
    assert len(english_rows) == len(russian_rows)


@pytest.mark.parametrize(("page", "number"), [(PAGES[0], 0), (PAGES[1], 1)])
def test_what_the_page_quotes_is_what_the_command_says(page: str, number: int) -> None:
    """In the page's own language."""
    with (FOLDER / "ru" / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        texts = [(message.id, message.string)[number] for message in read_po(file)]
    said = [re.sub(r"{[^}]*}", "…", text) for text in texts if isinstance(text, str)]
    table = (ROOT / page).read_text(encoding="utf-8").partition("| --- | --- |\n")[2]
    quoted = re.findall(r"(?m)^\| (.*?) \|", table)
    assert len(quoted) == 7
    for quotation in quoted:
        for part in re.sub("[0-9]+(,[0-9]+E[+][0-9]+)?", "…", quotation).split(": "):
            assert any(part in text for text in said), quotation
