"""flask import takes the accounting program's list whole, or names every fault."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from callback import create_app, settings
from callback.database import Database, load_statements
from callback.layouts import ListLayout
from callback.paths import SQL
from callback.tools.books import importing
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.conftest import Engine

    Take = Callable[..., Result]

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[IMPORT]
"""
HEAD = "number;name;address;debt\n"
LIST = (
    HEAD
    + """0071501;Ахметова Белла;"Абая, 1; 12";3200.10
0071502;Волков Денис;;0
0071503;Гусева Ирина;Абая, 3;-150,00
"""
)
INVOICES = {"debt": 0, "invoice": 4, "issued_on": 5, "amount": 6}


@pytest.fixture
def take(database: Engine, folder: Path, tmp_path: Path) -> Take:
    """Import a list, given as its text, with other settings than the default ones."""
    assert database

    def run(content: str | bytes | Path, *options: str, **keys: Any) -> Result:
        app_settings = (folder / "config.toml").read_text(encoding="utf-8")
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        config = write_settings(app_settings + lines, tmp_path)
        file = tmp_path / "list.csv"
        if isinstance(content, str | bytes):
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        else:
            file = content
        runner = create_app(config).test_cli_runner()
        return runner.invoke(args=["import", str(file), *options], catch_exceptions=False)

    return run


def accounts(engine: Engine) -> list[tuple[Any, ...]]:
    """Our customers."""
    return engine.rows("SELECT number, name, address, state FROM account ORDER BY number")


def debts(engine: Engine) -> dict[str, str]:
    """What is issued."""
    return dict(engine.rows("SELECT number, amount FROM invoice WHERE state = 'issued'"))


def test_a_list_becomes_customers_and_debts(engine: Engine, take: Take) -> None:
    """Zeros stay, a name may hold anything; the debt is an invoice of the customer's number."""
    done = take(LIST)

    assert (done.exit_code, done.stderr) == (0, "")
    assert "3 in the list; 3 new" in done.stdout
    assert accounts(engine) == [
        ("0071501", "Ахметова Белла", "Абая, 1; 12", "active"),
        ("0071502", "Волков Денис", "", "active"),
        ("0071503", "Гусева Ирина", "Абая, 3", "active"),
    ]
    assert debts(engine) == {"0071501": "3200.10", "0071503": "-150.00"}


def test_the_same_list_twice_changes_nothing(engine: Engine, take: Take) -> None:
    """Not even the ids, which payments hold."""
    take(LIST)
    everything = "SELECT id, number FROM account ORDER BY id", "SELECT * FROM invoice ORDER BY id"
    before = [engine.rows(sql) for sql in everything]

    counts = json.loads(take(LIST, "--json").stdout)

    assert counts.pop("taken")
    assert counts.pop("customers") == 3
    assert set(counts.values()) == {0}
    assert [engine.rows(sql) for sql in everything] == before


def test_who_is_not_in_the_list_is_closed_and_comes_back(engine: Engine, take: Take) -> None:
    """Never deleted, with the same id; who is blocked stays so; other invoices are cancelled."""
    take(LIST)
    ids = engine.rows("SELECT id, number FROM account ORDER BY id")
    engine.execute("UPDATE account SET state = 'blocked' WHERE number = '0071502'")
    engine.invoice("0071503", "typed by hand", "10.00")
    one = HEAD + "0071502;Волков Д.;;7\n"

    assert take(one).exit_code == 2
    done = json.loads(take(one, "--force", "--json").stdout)
    closed = [row[3] for row in accounts(engine)]
    owed = debts(engine)
    back = json.loads(take(LIST, "--json").stdout)

    assert closed == ["closed", "blocked", "closed"]
    assert (done["closed"], done["invoices_cancelled"], done["invoices_new"]) == (2, 3, 1)
    assert owed == {"0071502": "7.00"}
    assert back["back"] == 2
    assert [row[3] for row in accounts(engine)] == ["active", "blocked", "active"]
    assert engine.rows("SELECT id, number FROM account ORDER BY id") == ids
    assert debts(engine) == {"0071501": "3200.10", "0071502": "0.00", "0071503": "-150.00"}


def test_a_dry_run_counts_and_changes_nothing(engine: Engine, take: Take) -> None:
    """The same counts as the run itself."""
    dry = take(LIST, "--dry-run", "--json")

    assert accounts(engine) == []
    real = take(LIST, "--json")
    assert json.loads(dry.stdout) | {"taken": True} == json.loads(real.stdout)


FAULTS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "another encoding": (LIST.encode("windows-1251"), "line 2: not utf-8", {}),
    "utf-8 after all": (LIST, "this is UTF-8", {"encoding": "windows-1251"}),
    "UTF-16": (LIST.encode("utf-16"), "save it as CSV UTF-8", {}),
    "xls": (b"\xd0\xcf\x11\xe0" + b"\0" * 50, "save it as .xlsx", {}),
    "7012340001.0": (HEAD + "7012340001.0;a;b;1\n", "line 2: 7012340001.0 is what Excel", {}),
    "'0071501": (HEAD + "'0071501;a;b;1\n", "line 2: not the number of a customer", {}),
    '="0071501"': (HEAD + '="0071501";a;b;1\n', "line 2: not the number of a customer", {}),
    "a mark that nobody sees": (
        HEAD + "\u200b0071501;a;b;1\n",
        "line 2: not the number of a customer: '\\u200b0071501'",
        {},
    ),
    "7,01E+09": (HEAD + "7,01E+09;a;b;1\n", "line 2: 7,01E+09 is what Excel makes", {}),
    "7.01e9": (HEAD + "1;a;b;1\n7.01e9;a;b;1\n", "line 3: 7.01e9 is what Excel", {}),
    "twice": (LIST + "0071501;a;b;1\n", "line 5: customer 0071501 is in line 2, too", {}),
    "cut in a row": (LIST[:-12], "the last line does not end: the file is cut off", {}),
    "cut at a column": (HEAD + "1;a;b;1\n2;c\n", "line 3: too few columns: 2", {}),
    "cut in a quotation": (HEAD + '1;"a;b;1\n', "line 2: ", {}),
    "cut at a row": (LIST, "the file ends without a line '='", {"total": "="}),
    "count": (
        LIST + "=;4;3050.10\n",
        "line 5: 4 rows by the totals line, 3 there",
        {"total": "=", "total_count": 2},
    ),
    "total": (
        LIST + "=;3;3050.11\n",
        "line 5: 3050.11 by the totals line, 3050.10 there",
        {"total": "=", "total_sum": 3},
    ),
    "after the total": (LIST.replace("0071502", "=2"), "something follows", {"total": "="}),
    "a sum that is none": (HEAD + "1;a;b;1,000\n", "line 2: not a sum: '1,000'; it may", {}),
    "a sum of parts": (HEAD + "1;a;b;1.005\n", "line 2: not a sum", {}),
    "no number": (HEAD + ";a;b;1\n", "line 2: not the number of a customer", {}),
    "another form": (
        HEAD + "123;a;b;1\n",
        "line 2: not the number of a customer: '123'",
        {"pattern": "[0-9]{7}"},
    ),
    "no head": (LIST.replace(HEAD, ""), "line 1: 0071501 stands where the head", {}),
    "a total that is no customer": (
        LIST + "Итого;;;3050,10\n",
        "line 5: not the number of a customer: 'Итого'; is it a total?",
        {},
    ),
    "one column": (HEAD + "1,a,b,1\n", "line 2: one column only: does separator in [IM", {}),
    "another separator": (
        HEAD + "1,a b,c; d,1\n",
        "line 2: not the number of a customer: '1,a b,c'; is it a whole row?",
        {},
    ),
    "no sum": (HEAD + "1;a;b;\n", "line 2: no sum: write 0 where nothing is owed", {}),
    "too long": (HEAD + f"1;{'a' * 256};b;1\n", "line 2: longer than 255", {}),
    "a separator in an address": (HEAD + "1;a;b;5;70\n", "line 2: 5 columns", {"quote": ""}),
    "empty": (HEAD, "there is no customer in it", {}),
    "nothing at all": (b"", "the last line does not end", {}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_list_changes_nothing(engine: Engine, take: Take, name: str) -> None:
    """The line is named, and what to do."""
    content, text, keys = FAULTS[name]
    engine.account("0071501", owes="5.00")

    done = take(content, "--force", **keys)

    assert (done.exit_code, done.stdout) == (2, "")
    assert text in done.stderr
    assert "refused, nothing has changed" in done.stderr
    assert accounts(engine) == [("0071501", "", "", "active")]
    assert list(debts(engine).values()) == ["5.00"]


def test_every_fault_is_named(take: Take, engine: Engine) -> None:
    """Up to twenty; --json has them all."""
    rows = HEAD + "".join(f"{number};a;b;x\n" for number in range(30))

    told = take(rows).stderr
    listed = json.loads(take(rows, "--json").stdout)

    assert told.count("not a sum") == 20
    assert "and 10 more; refused" in told
    assert [fault["line"] for fault in listed["faults"]] == list(range(2, 32))


def test_numbers_without_their_zeros_are_refused(engine: Engine, take: Take) -> None:
    """How many, and one of them; where both numbers are customers' there is no doubt."""
    take(LIST + "71503;Ким Сергей;;1\n")
    bare = LIST.replace("\n00715", "\n715").replace("71503;Гусева", "0071503;Гусева")

    done = take(bare + "71503;Ким Сергей;;1\n")

    assert done.exit_code == 2
    assert "line 2: 71501 is 0071501 here: 2 of them are there without their leading" in done.stderr
    assert take(bare + "71503;Ким Сергей;;1\n", "--force").exit_code == 0


@pytest.mark.parametrize(("gone", "code"), [(2, 0), (3, 2)])
def test_more_than_a_tenth_of_the_customers_does_not_leave(
    engine: Engine, take: Take, gone: int, code: int
) -> None:
    """Two of twenty may."""
    rows = [f"{number};a;b;1\n" for number in range(1000, 1020)]
    take(HEAD + "".join(rows))

    done = take(HEAD + "".join(rows[gone:]))

    assert done.exit_code == code
    assert ("3 of our 20 customers are not in it" in done.stderr) == (code == 2)


def test_a_list_of_invoices(engine: Engine, take: Take) -> None:
    """A customer may have several, or none; what is paid is not in the next list."""
    head = "number;name;address;invoice;issued_on;amount\n"
    first = head + "1;a;b;A-1;01.11.2026;10\n1;a;b;A-2;02.11.2026;20,50\n2;c;d;;;\n"
    second = head + "1;a;b;A-2;02.11.2026;15,50\n2;c;d;B-1;03.11.2026;7\n"
    keys = {**INVOICES, "date_form": "%d.%m.%Y"}

    assert take(first, **keys).exit_code == 0
    owed = debts(engine)
    counts = json.loads(take(second, "--json", **keys).stdout)

    assert owed == {"A-1": "10.00", "A-2": "20.50"}
    assert debts(engine) == {"A-2": "15.50", "B-1": "7.00"}
    assert [counts[f"invoices_{what}"] for what in ("new", "changed", "cancelled")] == [1, 1, 1]
    assert (
        str(engine.rows("SELECT issued_on FROM invoice WHERE number = 'B-1'")[0][0]) == "2026-11-03"
    )


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ("1;a;b;A-1;2026-11-01;1\n2;c;d;A-1;2026-11-01;1\n", "line 3: invoice A-1 is in line 2"),
        ("1;a;b;A-1;2026-11-01;1\n1;z;b;A-2;2026-11-01;1\n", "with another name or address"),
        ("1;a;b;A-1;2026-31-01;1\n", "line 2: not a date by"),
        ("1;a;b;;2026-11-01;1\n", "line 2: not the number of an invoice"),
        ("1;a;b;9-1;2026-11-01;1\n", "line 2: invoice 9-1 is that of customer 9 here"),
    ],
)
def test_a_faulty_list_of_invoices(engine: Engine, take: Take, rows: str, text: str) -> None:
    """Likewise."""
    engine.account("9")

    done = take(HEAD + rows, "--force", **INVOICES)

    assert done.exit_code == 2
    assert text in done.stderr


def test_an_excel_file(engine: Engine, take: Take, tmp_path: Path) -> None:
    """Numbers as text keep their zeros; a number's own format may, too."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["known_until", 0])
    sheet.append(["number", "name", "address", "debt"])
    sheet.append(["0071501", "Ахметова", None, 3200.1])
    sheet.append([71502, "Волков", "Абая", 5])
    sheet["A4"].number_format = "0000000"
    book.save(tmp_path / "list.xlsx")

    done = take(tmp_path / "list.xlsx")

    assert (done.exit_code, done.stderr) == (0, "")
    assert debts(engine) == {"0071501": "3200.10", "0071502": "5.00"}


def test_an_empty_cell_of_excel_is_no_cut_file(engine: Engine, take: Take, tmp_path: Path) -> None:
    """Behind the last filled cell a row has none."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    for row in (["number", "name", "address", "debt"], ["0071501", "a", None, None]):
        sheet.append(row)
    book.save(tmp_path / "list.xlsx")

    assert "line 2: no sum: write 0" in take(tmp_path / "list.xlsx").stderr


def test_a_cut_excel_file(engine: Engine, take: Take, tmp_path: Path) -> None:
    """Its end is where Excel begins to read."""
    book = openpyxl.Workbook()
    book.save(tmp_path / "list.xlsx")
    content = (tmp_path / "list.xlsx").read_bytes()

    done = take(content[:-100])

    assert done.exit_code == 2
    assert "not a readable Excel file" in done.stderr


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-8", "utf-8-sig"])
def test_encodings(engine: Engine, take: Take, encoding: str) -> None:
    """Each is told by itself where "auto" says so."""
    done = take(LIST.replace("\n", "\r\n").encode(encoding), encoding="auto")

    assert (done.exit_code, done.stderr) == (0, "")
    assert accounts(engine)[0][1] == "Ахметова Белла"


def test_without_import_in_the_settings_nobody_is_closed(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    """A site whose customers come otherwise is told what the command would do."""
    config = write_settings((folder / "config.toml").read_text().replace("[IMPORT]", ""), tmp_path)
    done = create_app(config).test_cli_runner().invoke(args=["import", "list.csv"])

    assert done.exit_code == 2
    assert "[IMPORT]" in done.stderr


def test_a_file_that_is_not_there(take: Take, engine: Engine, tmp_path: Path) -> None:
    """It is refused, not a traceback."""
    assert "cannot be read: No such file" in take(tmp_path / "nothing.csv").stderr


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_nothing_is_written_through_a_view(engine: Engine, take: Take) -> None:
    """It would change the program's own table."""
    engine.execute("RENAME TABLE account TO program_customer")
    engine.execute("CREATE VIEW account AS SELECT * FROM program_customer")
    try:
        done = take(LIST, "--force")
        written = engine.rows("SELECT COUNT(*) FROM program_customer")
    finally:
        engine.execute("DROP VIEW account")
        engine.execute("RENAME TABLE program_customer TO account")

    assert done.exit_code == 2
    assert "account is a view over a program's own tables" in done.stderr
    assert written == [(0,)]


def test_the_layout_has_every_key_of_the_readme() -> None:
    """And the readme every key."""
    from tests.support.processes import ROOT

    text = (ROOT / "callback/tools/books/README.md").read_text(encoding="utf-8")
    section = re.split("(?m)^## ", text.split("## Customers and debts come in")[1])[0]
    assert {key for key in ListLayout._fields if f"`{key}`" not in section} == set()


@pytest.mark.parametrize("label", ["new customers", "debts", "customers"])
def test_an_import_that_breaks_off_changes_nothing(
    engine: Engine,
    folder: Path,
    take: Take,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
) -> None:
    """Wherever it is: each row is written by itself here, and the last of some is not."""
    take(LIST)
    before = accounts(engine), debts(engine)
    file = folder / "next.csv"
    file.write_text(LIST.replace(";3200.10", ";1").replace("Волков", "Вол") + "1;a;b;1\n2;a;b;1\n")
    given = settings.load(folder / "config.toml")
    assert given.imports
    monkeypatch.setattr(importing, "PIECE", 1)

    def breaks(rows: Any, what: str) -> Any:
        yield from rows
        if what == label:
            raise KeyboardInterrupt

    database = Database(given.engine, load_statements(SQL), 1)
    with pytest.raises(KeyboardInterrupt):
        importing.run(database, given.imports, file, importing.Options(), breaks)

    assert (accounts(engine), debts(engine)) == before
    assert take(file).exit_code == 0
    assert debts(engine) == before[1] | {"0071501": "1.00", "1": "1.00", "2": "1.00"}
