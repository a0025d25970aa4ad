"""flask doctor rehearses: whatever is wrong with a site's views and statements is found by name."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

import pytest

from callback import operation
from callback import settings as reading
from callback.database import Database, load_statements, statements
from callback.model import Pay
from callback.paths import SQL
from callback.tools import doctor, rehearsal, undone, upgrade
from tests.conftest import Engine, MariaDBEngine, flask, settings_toml
from tests.database.test_mappings import Site
from tests.support import sites
from tests.support.processes import MariaDB, write_settings
from tests.support.programs import PROGRAMS, paste

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.bills]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"
"""
_names = itertools.count(1)
MACHINE = ("compiled", "release", "rights", "user")  # what is looked at besides, and may differ
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


def books(server: MariaDB, folder: Path) -> MariaDBEngine:
    """Our own tables, with customers in every state."""
    name = f"rehearsed_{next(_names)}"
    server.create_database(name)
    engine = MariaDBEngine(server, name)
    write(folder, engine.url)
    for state, number in (("active", "7012340001"), ("active", "7012340002")):
        engine_account(engine, folder, number, state)
    return engine


def write(folder: Path, url: str, banks: str = BANKS) -> None:
    """Settings for a database."""

    class Module:
        BANKS = banks

    write_settings(settings_toml(url, Module), folder)  # type: ignore[arg-type]


def engine_account(engine: MariaDBEngine, folder: Path, number: str, state: str) -> None:
    """Add a customer, and make the tables for the first."""
    database = Database(reading.load(folder / "config.toml").engine, load_statements(SQL), 1)
    list(upgrade.run(database))
    engine.account(number, state=state, owes="3200.10")


@pytest.fixture(scope="module")
def ours(mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> tuple[MariaDBEngine, Path]:
    """One database for all statements that are laid over: nothing is ever kept in it."""
    folder = tmp_path_factory.mktemp("ours")
    engine = books(mariadb, folder)
    for state in ("closed", "blocked"):
        engine.account(f"70123400{state[0]}", state=state)
    return engine, folder


@pytest.fixture
def examined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """What the doctor finds with statements laid over, apart from what is as it should be."""
    own = tmp_path / "instance" / "sql"
    own.mkdir(parents=True)
    monkeypatch.setattr(doctor, "INSTANCE", own.parent)

    def run(folder: Path, laid_over: dict[str, str] | None = None) -> list[Any]:
        for name, text in (laid_over or {}).items():
            (own / name).write_text(text, encoding="utf-8")
        loaded = reading.load(folder / "config.toml")
        database = Database(loaded.engine, load_statements(SQL, own), 1)
        told = doctor.examine(loaded, database)
        return [found for found in told if found.state != "ok" and found.name not in MACHINE]

    return run


def changed(name: str, *pairs: tuple[str, str]) -> dict[str, str]:
    """A statement of ours in which something is not ours any more."""
    text = (SQL / f"{name}.sql").read_text()
    for old, new in pairs:
        assert old in text, (name, old)
        text = text.replace(old, new)
    return {f"{name}.sql": text}


LENGTH = " AND CHAR_LENGTH(a.number) = CHAR_LENGTH(:account)"
POSTED = "(p.state = 'paid' AND p.posted_at IS NULL"
UNKNOWN = (" AND CHAR_LENGTH(a.number) = CHAR_LENGTH(:account)\n   AND a.state = 'active'", "")
# What is laid over -> who is named, and in which words.
WRONG: dict[str, tuple[dict[str, str], str, str]] = {
    "a misspelt name": (
        {"find_acount.sql": "SELECT 1"},
        "instance/sql/find_acount.sql",
        "did you mean find_account.sql?",
    ),
    "a name that says nothing": ({"views.sql": "SELECT 1"}, "instance/sql/views.sql", "never used"),
    "an ending that Windows hides": (
        {"find_account.sql.txt": "SELECT 1"},
        "instance/sql/find_account.sql.txt",
        "call it find_account.sql",
    ),
    "capitals": ({"Find_Account.SQL": ""}, "instance/sql/Find_Account.SQL", "find_account.sql"),
    "an empty file": ({"count_bills.sql": "-- later"}, "instance/sql/count_bills.sql", "is empty"),
    "a value that is not given": (
        changed("find_account", (":account", ":acount")),
        "instance/sql/find_account.sql",
        "did you mean :account?",
    ),
    "a value in quotes": (
        changed("find_account", ("a.number = :account", "a.number = ':account'")),
        "instance/sql/find_account.sql",
        "write :account",
    ),
    "two statements": (
        {"find_account.sql": "SET @a = 1; SELECT 1"},
        "instance/sql/find_account.sql",
        "has 2 statements",
    ),
    "a script that flushes": (
        {"post_paid.sql": "UPDATE users SET x = :id; FLUSH TABLES"},
        "instance/sql/post_paid.sql",
        "has FLUSH, which ends the transaction",
    ),
    "a script that commits": (
        {"post_paid.sql": "ALTER TABLE users ADD x INT; UPDATE users SET x = :id"},
        "instance/sql/post_paid.sql",
        "has ALTER, which ends the transaction",
    ),
    "a value that posting has not": (
        {"post_paid.sql": "UPDATE users SET cash = cash + :summ"},
        "instance/sql/post_paid.sql",
        "wants :summ",
    ),
    "a column that nobody has": (
        changed("list_payments", ("p.currency", "p.valuta")),
        "instance/sql: list_payments",
        "p.valuta",
    ),
    "a word that is none": (
        changed("settle_accounts", ("SELECT", "SELCT")),
        "instance/sql: settle_accounts",
        "SQL syntax",
    ),
    "a missing alias": (
        changed("find_account", (" AS issued", "")),
        "rehearsal account: find_account",
        "brings no column issued",
    ),
    "a sum that is a float": (
        changed("find_account", ("COALESCE(SUM(i.amount), 0)", "SUM(i.amount) + 0e0")),
        "rehearsal account: find_account",
        "brings issued as DOUBLE",
    ),
    "a state as 1 and 0": (
        changed("find_account", ("a.state,", "a.state = 'active' AS state,")),
        "rehearsal account: find_account",
        "brings 1 as state",
    ),
    "blanks behind a number": (
        changed("find_account", (LENGTH, "")),
        "rehearsal account: find_account",
        "compare the lengths",
    ),
    "zeros in front of a number": (
        changed("find_account", ("a.number = :account" + LENGTH, "a.number + 0 = :account + 0")),
        "rehearsal account: find_account",
        "for '7012340001 '",
    ),
    "the beginning of a number": (
        changed("find_account", ("= :account" + LENGTH, "LIKE CONCAT(:account, '%')")),
        "rehearsal account: find_account",
        "compare the whole number",
    ),
    "nobody is found": (
        changed("find_account", ("a.number = :account", "a.name = :account")),
        "rehearsal account: find_account",
        "finds 0 for '7012340001'",
    ),
    "payments are not subtracted": (
        changed("find_account", ("p.account_id = a.id", "p.account_id = 0")),
        "rehearsal account: find_account",
        "is owed when a payment is recorded",
    ),
    "bookings are subtracted": (
        changed(
            "find_account", (POSTED, "(p.state IN ('paid', 'created') AND p.posted_at IS NULL")
        ),
        "rehearsal account: find_account",
        "booked, and not performed",
    ),
    "posted payments are subtracted": (
        changed("find_account", (POSTED, "(p.state = 'paid'")),
        "rehearsal account: find_account",
        "the program has the payment",
    ),
    "posted cancellations are not added": (
        changed(
            "find_account", ("p.state = 'cancelled' AND", "p.state = 'cancelled' AND 1 = 0 AND")
        ),
        "rehearsal account: find_account",
        "is cancelled that the program has",
    ),
    "the alarm is lost": (
        changed("explain_account", ("p.bank = :bank AND p.txn_id = :txn_id", "1 = 0")),
        "rehearsal account: explain_account",
        "does not find it",
    ),
    "the alarm for an account is lost": (
        changed("explain_account", ("p.number AS payment_number", "a.number AS payment_number")),
        "instance/sql/explain_account.sql",
        "payment.number",
    ),
    "a repeat is a new payment": (
        {
            "pay_account.sql": (SQL / "pay_account.sql").read_text()
            + " ON DUPLICATE KEY UPDATE paid_at = VALUES(paid_at)"
        },
        "rehearsal account: pay_account",
        "that is there already for a new one",
    ),
    "another id": (
        changed("pay_account", ("SELECT :bank, :txn_id", "SELECT :bank, LEFT(UUID(), 8)")),
        "rehearsal account: pay_account",
        "under another bank or txn_id",
    ),
    "another bank": (
        changed("pay_account", ("SELECT :bank", "SELECT 'bank'")),
        "rehearsal account: pay_account",
        "under another bank or txn_id",
    ),
    "another sum": (
        changed("pay_account", ("a.id, :amount", "a.id, ROUND(:amount)")),
        "rehearsal account: pay_account",
        "as amount, not",
    ),
    "another date": (
        changed("pay_account", (":paid_at, :now", ":now, :now")),
        "rehearsal account: pay_account",
        "as paid_at, not",
    ),
    "always paid": (
        changed("pay_account", (":state", "COALESCE(NULLIF(:state, 'created'), 'paid')")),
        "rehearsal account: find_account",
        "booked, and not performed",
    ),
    "closed accounts are paid for": (
        changed("pay_account", ("a.state = 'active'", "a.state <> 'x'")),
        "rehearsal account: pay_account",
        "records for an account that is closed",
    ),
    "anybody is paid for": (
        changed(
            "pay_account",
            ("a.id,", "COALESCE(a.id, 0),"),
            ("FROM account AS a\n WHERE", "FROM (SELECT 1) AS x LEFT JOIN account AS a ON"),
            ("   AND a.state = 'active'\n   AND :deadline", " WHERE :deadline"),
        ),
        "rehearsal account: pay_account",
        "for a number that is not there",
    ),
    "nothing is recorded": (
        changed("pay_account", ("a.state = 'active'", "a.state = 'open'")),
        "rehearsal account: pay_account",
        "ask again",
    ),
    "another table is paid": (
        changed("pay_account", ("FROM account AS a", "FROM customer AS a")),
        "instance/sql: pay_account",
        "customer",
    ),
    "a part of an invoice": (
        changed("pay_invoice", ("(:exact = 0 OR 0 =", "(1 = 1 OR 0 =")),
        "rehearsal invoice: pay_invoice",
        "a part of an invoice",
    ),
    "an invoice is booked twice": (
        changed("pay_invoice", ("w.state = 'created'", "w.state = 'x'")),
        "rehearsal invoice: pay_invoice",
        "books an invoice that is booked",
    ),
    "a cancellation that is none": (
        changed("cancel_payment", ("state = :seen", "state = :seen AND amount > 1000000")),
        "rehearsal account: cancel_payment",
        "",
    ),
    "a booking is never performed": (
        changed("perform_payment", ("AND state = 'created'", "AND state = 'x'")),
        "rehearsal account: perform_payment",
        "does not perform",
    ),
    "a cancelled payment is performed": (
        changed("perform_payment", (" AND state = 'created'", "")),
        "rehearsal account: perform_payment",
        "performs a payment that is cancelled",
    ),
    "what was performed meanwhile is cancelled": (
        changed("cancel_payment", (" AND state = :seen", "")),
        "rehearsal account: cancel_payment",
        "performed since it was read",
    ),
    **{
        f"an id by LIKE, {name}": (
            changed(name, ("txn_id = :txn_id", "txn_id LIKE :txn_id")),
            f"rehearsal account: {name}",
            "not with LIKE",
        )
        for name in ("find_payment", "explain_account", "perform_payment", "cancel_payment")
    },
    "a currency of its own": (
        changed("pay_account", (":currency", "'USD'")),
        "rehearsal account: pay_account",
        "records 'USD' as currency, not 'KZT'",
    ),
    "the payments of a day without ours": (
        changed("list_payments", ("p.paid_at >= :since", "p.paid_at > :since")),
        "rehearsal account: list_payments",
        "leaves a payment of these days out",
    ),
    **{
        f"another clock, {column}": (
            changed(name, (":now", "CONVERT_TZ(NOW(), '+00:00', '+03:00')")),
            f"rehearsal account: {name}",
            f"as {column}, not",
        )
        for name, column in (
            ("pay_account", "created_at"),
            ("perform_payment", "performed_at"),
            ("cancel_payment", "cancelled_at"),
        )
    },
    "payments of other banks": (
        changed("find_payment", ("p.bank = :bank AND ", "")),
        "rehearsal account: find_payment",
        "another bank's",
    ),
    "a register books twice": (
        {
            "book_account.sql": (SQL / "book_account.sql").read_text()
            + " ON DUPLICATE KEY UPDATE paid_at = VALUES(paid_at)"
        },
        "rehearsal account: book_account",
        "once more",
    ),
    "days are left out": (
        changed("payments_of_days", ("p.state = 'paid' OR", "p.state = 'x' OR")),
        "rehearsal account: payments_of_days",
        "leaves a payment of these days out",
    ),
    "a statement without its cancelled ones": (
        {
            "statement_by_paid_at.sql": (SQL / "statement_by_paid_at.sql")
            .read_text()
            .replace("WHERE", "WHERE p.state = 'created' AND")
        },
        "rehearsal account: statement_by_paid_at",
        "leaves a payment of these days out",
    ),
    "a list says something else": (
        changed("bills_account", ("COALESCE(SUM(i.amount), 0)", "COALESCE(SUM(i.amount), 0) + 1")),
        "rehearsal account: bills_account",
        "a list and a check are to say the same",
    ),
    "a list without a column": (
        changed("bills_account", (" AS paid", "")),
        "rehearsal account: doctor_bill_account",
        "paid",
    ),
}


@pytest.mark.parametrize("seed", WRONG)
def test_a_wrong_statement_is_found(
    seed: str, ours: tuple[MariaDBEngine, Path], examined: Callable[..., list[Any]]
) -> None:
    """By its own name, in a sentence; nothing is in the books after that."""
    engine, folder = ours
    laid_over, name, text = WRONG[seed]
    found = examined(folder, laid_over)

    assert name in [finding.name for finding in found], found
    assert any(text in finding.text for finding in found if finding.name == name)
    assert all("Traceback" not in finding.text for finding in found)
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]


def test_a_folder_that_is_copied_whole_is_named(
    ours: tuple[MariaDBEngine, Path], examined: Callable[..., list[Any]], tmp_path: Path
) -> None:
    """Nothing in it is read: the scripts of a mapping stand in instance/sql itself."""
    copied = tmp_path / "instance" / "sql" / "dolibarr"
    copied.mkdir()
    (copied / "post_paid.sql").write_text("UPDATE users SET x = :id", encoding="utf-8")

    (finding,) = examined(ours[1])

    assert finding.name == "instance/sql/dolibarr"
    assert "move post_paid.sql up" in finding.text


SOUND: dict[str, dict[str, str]] = {
    "nothing": {},
    "ours": {path.name: path.read_text() for path in SQL.glob("*_account.sql")},
    "a literal with dashes": changed(
        "find_account", ("a.address,", "CONCAT(a.address, ' -- ') AS address,")
    ),
    "a value in a comment": {
        "find_account.sql": "/* :note */ # :other\n" + (SQL / "find_account.sql").read_text()
    },
    "a semicolon": {"find_account.sql": (SQL / "find_account.sql").read_text() + ";\n"},
    "a mark of Notepad": {"find_account.sql": "\ufeff" + (SQL / "find_account.sql").read_text()},
    "a posting script": {
        "post_paid.sql": "SET @a = 1; INSERT INTO t VALUES (:id, :account, :now, ':id;', 'a -- b')"
    },
    "what is not ours": {"README.md": "", "find_account.sql.bak": "", "notes.txt": ""},
    "names that are nothing": changed("find_account", ("a.name,", "NULL AS name,")),
}


@pytest.mark.parametrize("seed", SOUND)
def test_nothing_is_invented(
    seed: str, ours: tuple[MariaDBEngine, Path], examined: Callable[..., list[Any]]
) -> None:
    """Statements that are right are let be."""
    _, folder = ours

    assert examined(folder, SOUND[seed]) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_invented_on_a_mapping(
    name: str, mariadb: MariaDB, tmp_path: Path, examined: Callable[..., list[Any]]
) -> None:
    """Three programs, with their scripts; not a row of anybody's is changed."""
    site = Site(mariadb, PROGRAMS[name], tmp_path)
    scripts = {path.name: path.read_text() for path in site.program.mapping.glob("post_*.sql")}
    tables = [row[0] for row in site.sql("SHOW TABLES") if row[0] not in ("account", "invoice")]
    before = {table: site.sql(f"SELECT * FROM {table}") for table in tables}

    assert examined(tmp_path, scripts) == []
    assert {table: site.sql(f"SELECT * FROM {table}") for table in tables} == before


CUSTOMERS = """
CREATE TABLE customer (id INT PRIMARY KEY AUTO_INCREMENT, number VARCHAR(20) {charset}, name TEXT,
                       active INT, phone INT, {key});
CREATE TABLE bill (id INT PRIMARY KEY AUTO_INCREMENT, number VARCHAR(20), customer INT, rest {sum},
                   KEY (customer), UNIQUE KEY (number));
INSERT INTO customer (number, name, active, phone)
SELECT CONCAT('7', LPAD(seq, 5, '0')), NULL, 1, seq FROM seq_1_to_{rows};
INSERT INTO bill (number, customer, rest) SELECT CONCAT('A', seq), seq, 100.10 FROM seq_1_to_{rows};
"""
ACCOUNT = """CREATE VIEW account AS SELECT {id} AS id, {number} AS number, c.name, '' AS address,
 {state} AS state FROM customer AS c {join}"""
INVOICE = """CREATE VIEW invoice AS SELECT b.id, b.number, {owner} AS account_id,
 {amount} AS amount, CURRENT_DATE AS issued_on,
 CONVERT('issued' USING ascii) COLLATE ascii_bin AS state FROM {bills}"""
STATE = "CONVERT(IF(c.active, 'active', 'closed') USING ascii) COLLATE ascii_bin"
PLAIN: dict[str, Any] = {
    **{"id": "c.id", "bills": "bill AS b"},
    **{"charset": "CHARACTER SET utf8", "key": "UNIQUE KEY (number)", "sum": "DOUBLE", "rows": 3},
    **{"number": "c.number", "state": STATE, "join": "", "owner": "b.customer"},
    **{"amount": "CAST(b.rest AS DECIMAL(14,2))", "first": "SET @nothing = 1"},
    **{"last": "SET @nothing = 1", "prefix": "", "banks": BANKS},
}
DIGITS = BANKS.replace('"osmp"\n', '"osmp"\naccount_pattern = "[A-Z]?[0-9]{1,9}"\n')
PAID = (
    "(SELECT SUM(p.amount) FROM payment AS p WHERE p.account_id = b.customer AND p.state = 'paid')"
)
TWO_BILLS = "INSERT INTO bill (number, customer, rest) VALUES ('B', 1, 5)"
PADDED = "LPAD(c.id, 7, '0')"
VIEWS: dict[str, tuple[dict[str, Any], str, str]] = {
    "sound": ({}, "", ""),
    "sound in windows-1251": (
        {
            "charset": "CHARACTER SET cp1251",
            "first": "UPDATE customer SET number = CONCAT('Я-', id)",
        },
        "",
        "",
    ),
    "sound in latin1, digits only": ({"charset": "CHARACTER SET latin1", "banks": DIGITS}, "", ""),
    "sound with whole numbers, digits only": ({"number": "c.phone", "banks": DIGITS}, "", ""),
    "sound with whole sums": ({"sum": "INT", "amount": "b.rest"}, "", ""),
    "states as 1 and 0": ({"state": "c.active"}, "customers: account.state", "is '1' of 3"),
    "states of the program's": (
        {"state": STATE.replace("'active'", "'open'")},
        "customers: account.state",
        "'open' of 3",
    ),
    "sums that are DOUBLE": ({"amount": "b.rest"}, "invoice.amount", "CAST(… AS DECIMAL(14,2))"),
    "sums of a tenth of a cent": (
        {"amount": "CAST(b.rest AS DECIMAL(14,3))"},
        "invoice.amount",
        "decimal(14,3)",
    ),
    "one number, two customers": (
        {"key": "KEY (number)", "first": "UPDATE customer SET number = '7' WHERE id < 3"},
        "customers: account.number",
        "2 are '7'",
    ),
    "a customer with two phones": (
        {"join": "JOIN (SELECT 1 UNION SELECT 2) AS phones"},
        "customers: account.number",
        "2 are '700001'",
    ),
    "customers without a number": (
        {"first": "UPDATE customer SET number = NULL WHERE id > 1"},
        "customers: account.number",
        "some have none",
    ),
    "bills of nobody": ({"owner": "-b.id"}, "customers: invoice.account_id", "of no account"),
    "bills that a join doubles": (
        {"bills": "bill AS b JOIN bill AS other ON other.customer = b.customer", "last": TWO_BILLS},
        "customers: invoice.id",
        "2 rows have the id 1",
    ),
    "customers without an id": (
        {"id": "NULLIF(c.id, 2)"},
        "customers: account.id",
        "is NULL of 1",
    ),
    "bills without a sum": (
        {"amount": "CAST(NULLIF(b.rest, 100.10) AS DECIMAL(14,2))", "sum": "DECIMAL(9,2)"},
        "customers: invoice.amount",
        "is NULL of 3",
    ),
    "a sum that cannot be worked out": (
        {
            "sum": "INT UNSIGNED",
            "amount": "CAST(b.rest - b.id AS DECIMAL(14,2))",
            "last": "UPDATE bill SET rest = 0 WHERE id = 3",
        },
        "customers: doctor_lacking",
        "out of range",
    ),
    "numbers that no bank lets in": (
        {"banks": BANKS.replace('"osmp"\n', '"osmp"\naccount_pattern = "[0-9]{10}"\n')},
        "rehearsal account",
        "no bank lets in any of 3 numbers, such as '700001'",
    ),
    "no key": (
        {"key": "KEY (phone)", "rows": 3000},
        "rehearsal account: find_account",
        "reads all 3",
    ),
    "numbers with zeros put in front": (
        {"number": f"CONVERT({PADDED} USING utf8) COLLATE utf8_bin", "rows": 3000},
        "rehearsal account: find_account",
        "reads all 3",
    ),
    "numbers of another collation": (
        {"number": PADDED},
        "rehearsal account: find_account",
        "utf8_bin AS number",
    ),
    "no key on what is owed": (
        {"rows": 3000, "last": "ALTER TABLE bill DROP KEY customer"},
        "rehearsal account: find_account",
        "reads all 3",
    ),
    "letters that a column cannot hold": (
        {"charset": "CHARACTER SET latin1"},
        "rehearsal account: find_account",
        "set account_pattern",
    ),
    "whole numbers, and letters let in": (
        {"number": "c.phone"},
        "rehearsal account: account.number",
        "1e2 for 100",
    ),
    "words of another collation": (
        {"state": "IF(c.active, 'active', 'closed')"},
        "rehearsal account: doctor_account",
        "COLLATE ascii_bin",
    ),
    "a view of what is not there": (
        {"last": "ALTER TABLE customer DROP COLUMN name"},
        "database",
        "a view names a column",
    ),
    "subtracted twice": (
        {"amount": f"CAST(b.rest - COALESCE({PAID}, 0) AS DECIMAL(14,2))"},
        "rehearsal account: find_account",
        "is owed when a payment is recorded",
    ),
    "nobody there": ({"first": "UPDATE customer SET active = 0"}, "", ""),
}


@pytest.fixture(scope="module")
def office(mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """One database for all views: each test makes its own customers."""
    folder = tmp_path_factory.mktemp("office")
    name = books(mariadb, folder).name
    paste(mariadb, name, "DROP TABLE account, invoice")
    return name, folder


@pytest.mark.parametrize("seed", VIEWS)
def test_a_wrong_view_is_found(
    seed: str, mariadb: MariaDB, office: tuple[str, Path], examined: Callable[..., list[Any]]
) -> None:
    """By the column, or by what a bank would meet; a right one is let be."""
    (database, folder), (changes, name, text) = office, VIEWS[seed]
    words = PLAIN | changes
    write(folder, mariadb.url(database), words["banks"])
    paste(mariadb, database, made(words))

    found = examined(folder)

    if not name:
        assert found == []
    else:
        assert name in [finding.name for finding in found], found
        assert any(text in finding.text for finding in found if finding.name == name), found
    assert all("Traceback" not in finding.text for finding in found)


def made(words: dict[str, Any]) -> str:
    """A script that makes a program's customers and the views over them, in place of others."""
    gone = "DROP VIEW IF EXISTS account, invoice; DROP TABLE IF EXISTS customer, bill"
    script = (gone, CUSTOMERS, words["first"], ACCOUNT, INVOICE, words["last"])
    return ";".join(script).format(**words)


def test_a_view_in_place_of_payment_is_found(
    mariadb: MariaDB, tmp_path: Path, examined: Callable[..., list[Any]]
) -> None:
    """A payment is recorded in a table of ours."""
    engine = books(mariadb, tmp_path)
    renamed = "RENAME TABLE payment TO paid; CREATE VIEW payment AS SELECT * FROM paid"
    paste(mariadb, engine.name, renamed)

    assert "is a view" in {found.name: found.text for found in examined(tmp_path)}["table payment"]


@pytest.mark.slow
def test_a_view_over_another_schema_is_let_be(
    mariadb: MariaDB, tmp_path: Path, examined: Callable[..., list[Any]]
) -> None:
    """Whose maker may read it; and one that nobody may read any more is named."""
    engine = books(mariadb, tmp_path)
    other = f"{engine.name}_office"
    mariadb.sql(f"CREATE DATABASE {other}")
    paste(mariadb, other, CUSTOMERS.format(**PLAIN))
    views = ";".join((ACCOUNT, INVOICE)).format(**PLAIN)
    views = views.replace("FROM customer", f"FROM {other}.customer")
    paste(
        mariadb,
        engine.name,
        "DROP TABLE account, invoice;" + views.replace("FROM bill", f"FROM {other}.bill"),
    )
    assert examined(tmp_path) == []

    mariadb.sql(f"DROP DATABASE {other}")
    (fault, *_) = examined(tmp_path)
    assert (fault.state, "a view names" in fault.text) == ("fault", True)


@pytest.mark.slow
def test_an_account_that_another_program_holds_is_named(
    mariadb: MariaDB, tmp_path: Path, examined: Callable[..., list[Any]]
) -> None:
    """A form that was left open over lunch."""
    engine = books(mariadb, tmp_path)
    with mariadb.connect(engine.name) as held, held.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM account FOR UPDATE")
        found = examined(tmp_path)

    assert [finding.name for finding in found][:1] == ["rehearsal account: pay_account"]
    assert "left a transaction open" in found[0].text
    assert examined(tmp_path) == []


def test_a_server_that_takes_no_changes_is_named(
    mariadb: MariaDB, tmp_path: Path, examined: Callable[..., list[Any]]
) -> None:
    """A copy of the main server; once, and by what it is."""
    books(mariadb, tmp_path)
    mariadb.sql("SET GLOBAL read_only = 1")
    try:
        found = examined(tmp_path)
    finally:
        mariadb.sql("SET GLOBAL read_only = 0")

    assert [finding.name for finding in found] == ["read-only"]


def test_who_may_not_see_a_view_is_told_so(
    mariadb: MariaDB, tmp_path: Path, examined: Callable[..., list[Any]]
) -> None:
    """With the smallest rights a view is not explained; the rest is rehearsed."""
    engine = books(mariadb, tmp_path)
    paste(mariadb, engine.name, "DROP TABLE account, invoice;" + made(PLAIN))
    user = f"{MariaDB.user}@'%'"
    mariadb.sql(f"REVOKE ALL ON {engine.name}.* FROM {user}")
    mariadb.sql(f"GRANT SELECT, INSERT, UPDATE ON {engine.name}.* TO {user}")

    assert examined(tmp_path) == []
    loaded = reading.load(tmp_path / "config.toml")
    database = Database(loaded.engine, load_statements(SQL), 1)
    told = {found.name: found.text for found in doctor.examine(loaded, database)}
    assert "grant SHOW VIEW" in told["rehearsal account"]


def test_whatever_ends_the_transaction_keeps_nothing(
    ours: tuple[MariaDBEngine, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not by a statement that is sent after it: a deadlock ends ours at the server."""
    engine, folder = ours
    loaded = reading.load(folder / "config.toml")
    database = Database(loaded.engine, load_statements(SQL), 1)
    connection = undone.Undone(database.engine.connect())
    play = undone.Books(database, connection)
    connection.script("ROLLBACK")
    now = undone.NOW
    values = {"bank": "qiwi", "txn_id": "1", "account": "7012340001", "number": "7012340001"}
    money = {"amount": undone.SUM, "currency": "KZT", "paid_at": now}
    assert play.change("book_account", **values, **money, created_at=now, performed_at=now) == 1
    connection.close()

    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]


def test_nobody_who_pays_meanwhile_waits(
    mariadb: MariaDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for the same account, not under the next id: a repeat locks what lies before it."""
    engine = books(mariadb, tmp_path)
    loaded = reading.load(tmp_path / "config.toml")
    database = Database(loaded.engine, load_statements(SQL), 2)
    ids = map(str, itertools.count(4001))
    # With a handful of payments the server reads, and locks, them all.
    engine.execute(
        "INSERT INTO payment (bank, txn_id, account_id, amount, currency, state, paid_at,"
        " created_at) SELECT 'qiwi', seq, seq % 50, 1, 'KZT', 'paid', NOW(), NOW()"
        " FROM seq_2000_to_3000"
    )

    def pay() -> str:
        command = Pay(
            name="pay",
            txn_id=next(ids),
            account="7012340001",
            amount=undone.SUM,
            paid_at=undone.NOW,
        )
        with database.session() as session:
            return operation.run(session, loaded.banks["qiwi"], command).outcome

    assert pay() == "ok"
    meanwhile = []
    lists = rehearsal._Play._lists  # noqa: SLF001 - the last step: all is held by then

    def late(play: Any, books: Any) -> None:
        meanwhile.append(pay())
        lists(play, books)

    monkeypatch.setattr(rehearsal._Play, "_lists", late)  # noqa: SLF001
    found = [*rehearsal.examine(database, [loaded.banks["qiwi"]], [])]

    assert meanwhile == ["ok"], found
    assert [finding.state for finding in found] == ["ok"]
    assert engine.rows("SELECT txn_id FROM payment WHERE txn_id > '3999'") == [("4001",), ("4002",)]


def test_every_value_has_one_to_rehearse_with() -> None:
    """A statement with a new `:name` wants a line in VALUES."""
    names = set().union(*(statements.values(text) for text in load_statements(SQL).values()))

    assert names <= set(undone.VALUES)


@pytest.mark.parametrize("name", undone.COLUMNS)
def test_the_columns_that_are_looked_for_are_ours(name: str) -> None:
    """Each is brought by our own statement, under this name."""
    text = load_statements(SQL)[name]
    brought = re.findall(r"(?:AS |[a-z]\.)(\w+)(?=,|\s+FROM)", text)

    assert set(undone.COLUMNS[name]) <= set(brought), brought


@pytest.mark.slow
def test_the_embedded_database_is_rehearsed_too(
    engine: Engine, command: Callable[..., Any]
) -> None:
    """On both engines, from the command line, with nobody and with somebody."""
    assert "nobody is there yet" in command("doctor").stdout
    engine.account("7012340001")
    done = command("doctor")

    for payer in ("account", "invoice"):
        assert f"rehearsal {payer}: find, pay, find, pay again" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]


@only_mariadb
@pytest.mark.slow
def test_the_command_names_what_a_site_has_laid_over(engine: Engine, tmp_path: Path) -> None:
    """As an ops person runs it; what stops the start is one sentence, too."""
    engine.account("7012340001")
    root = sites.laid_over(tmp_path, {"find_acount": "SELECT 1"})
    write(tmp_path / "instance", engine.url)
    settings = tmp_path / "instance" / "config.toml"
    done = flask(settings, "doctor", root=root)
    assert done.returncode == 1
    assert "did you mean find_account.sql?" in done.stdout

    (root / "instance" / "sql" / "pay_account.sql").write_bytes("-- счёт".encode("cp1251"))
    done = flask(settings, "doctor", root=root)
    assert done.returncode != 0
    assert "pay_account.sql: line 1 is not UTF-8" in done.stderr
    assert "Traceback" not in done.stderr

    settings.write_text('language = "ru"\n' + settings.read_text())
    said = flask(settings, "doctor", root=root).stderr
    assert "pay_account.sql: строка 1 не в UTF-8" in said
