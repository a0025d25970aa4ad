"""Files of SQL: comments and text in quotes, whose writer knew nothing of our rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from callback import create_app, paths
from callback.database import load_statements
from callback.database.mysql import MySQL
from callback.database.statements import (
    SCRIPTS,
    StatementError,
    bare,
    ending_word,
    parts,
    values,
)
from callback.paths import SQL
from callback.settings import SettingsError
from tests.conftest import settings_toml
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from pathlib import Path

FIND = "SELECT a.name FROM account AS a WHERE a.number = :account"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("SELECT 1 -- of :note's\n, 2", "SELECT 1  \n, 2"),
        ("SELECT 1 --", "SELECT 1"),
        ("SELECT 1 # :note\n, 2", "SELECT 1  \n, 2"),
        ("/* :note; it's */ SELECT 1", "SELECT 1"),
        ("SELECT 'a -- b', \"c # d\", 'it''s /* e */'", None),
        ("SELECT 5--3", None),
        (r"SELECT 'it\'s -- so'", None),
        ("SELECT /*! STRAIGHT_JOIN */ 1", None),
        ("/* of\n:note; */ SELECT 1", "SELECT 1"),
        ("SELECT 'a\\\n -- b'", None),
    ],
)
def test_only_comments_are_taken_away(text: str, left: str | None) -> None:
    """What stands in quotes is text, also where it looks like a comment."""
    assert bare(text) == (text if left is None else left)


def test_what_stands_in_quotes_is_no_value() -> None:
    """A time of day, a word behind a colon."""
    text = "SELECT '12:30:ab', \"x :note\", `a:b`, :account, :now - 1, '%'"
    engine = MySQL(hosts=[("h", 1)], user="u", password="p", database="d")

    assert values(text) == {"account", "now"}
    assert values("'a\\\n :b', :c") == {"c"}
    assert engine.prepare(text) == text.replace("%", "%%").replace(
        ":account", "%(account)s"
    ).replace(":now", "%(now)s")


def test_a_semicolon_in_quotes_or_in_a_comment_ends_no_statement() -> None:
    """One at the end ends the file."""
    assert parts(bare("SELECT ';' -- a; b\n; SELECT 2;")) == ["SELECT ';'", "SELECT 2"]
    assert parts("SELECT 'a\\\n;'; ;") == ["SELECT 'a\\\n;'"]


@pytest.fixture
def laid_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation's instance/sql, before the start."""
    (tmp_path / "sql").mkdir()
    monkeypatch.setattr("callback.INSTANCE", tmp_path)

    class Module:
        pass

    write_settings(settings_toml(f"sqlite:///{tmp_path}/x.db", Module), tmp_path)  # type: ignore[arg-type]
    return tmp_path / "sql"


def test_a_file_may_begin_as_notepad_writes_it(tmp_path: Path) -> None:
    """And end with a semicolon, also where a list is read out of it."""
    (tmp_path / "find_account.sql").write_bytes(b"\xef\xbb\xbf" + FIND.encode() + b";\r\n")
    (tmp_path / "bills_account.sql").write_text("SELECT 1 AS number FROM X ;\n")
    texts = load_statements(SQL, tmp_path)

    assert texts["find_account"] == FIND
    assert "(SELECT 1 AS number FROM X) AS b" in texts["count_bills_account"]


def test_a_file_in_windows_1251_stops_the_start(laid_over: Path) -> None:
    """It is named with its line, like a fault of the settings; so is every other."""
    (laid_over / "find_account.sql").write_bytes(FIND.encode() + "\n-- кто\n".encode("cp1251"))
    (laid_over / "find_invoice.sql").write_bytes("-- что".encode("cp1251"))

    with pytest.raises(SettingsError) as error:
        create_app(laid_over.parent / "config.toml")

    assert "find_account.sql: line 2 is not UTF-8" in str(error.value)
    assert "find_invoice.sql: line 1 is not UTF-8" in str(error.value)


# What a site wrote, and what it would change.
ELSEWHERE = {
    "pay_account": {
        "INSERT INTO llx_paiement (amount) VALUES (:amount)": "llx_paiement",
        "insert  into op(amount) values (:amount)": "op",
        "REPLACE INTO payment (bank) VALUES (:bank)": "payment",
        "INSERT IGNORE INTO payment (bank) VALUES (:bank)": "payment",
        "INSERT INTO payment_of_program (amount) VALUES (:amount)": "payment_of_program",
        "INSERT INTO `usu`.`payment`.x (amount) VALUES (:amount)": "`usu`.`payment`.x",
        "UPDATE users SET cash = cash + :amount": "users",
        "COMMIT": "COMMIT",
        "": "",
    },
    "pay_invoice": {"INSERT INTO op_transactions (hash) VALUES (:txn_id)": "op_transactions"},
    "book_account": {"INSERT INTO op_transactions (hash) VALUES (:txn_id)": "op_transactions"},
    "book_created": {"UPDATE op_transactions SET processed = 1": "op_transactions"},
    "perform_payment": {"UPDATE llx_paiement SET statut = 1": "llx_paiement"},
    "cancel_payment": {
        "DELETE FROM payment WHERE txn_id = :txn_id": "payment",
        "DELETE FROM ip_payments": "ip_payments",
    },
}


@pytest.mark.parametrize(
    ("name", "text", "target"),
    [(name, *case) for name, cases in ELSEWHERE.items() for case in cases.items()],
)
def test_what_records_elsewhere_stops_the_start(
    laid_over: Path, name: str, text: str, target: str
) -> None:
    """`payment` is always ours: there a payment is recorded once."""
    (laid_over / f"{name}.sql").write_text(text)

    said = rf"{name}\.sql: expected INSERT INTO payment, or UPDATE payment, not {target}:"
    with pytest.raises(SettingsError, match=said):
        create_app(laid_over.parent / "config.toml")


@pytest.mark.parametrize("name", ["pay_account", "pay_invoice", "book_account", "cancel_payment"])
def test_what_records_in_our_table_is_let_in(laid_over: Path, name: str) -> None:
    """Our own, in whatever quotes and letters, behind a comment."""
    text = re.sub(r"\bpayment\b", "`payment`", (SQL / f"{name}.sql").read_text())
    (laid_over / f"{name}.sql").write_text("/* ours; with quotes */\n" + text.lower())

    create_app(laid_over.parent / "config.toml")


def test_ours_pass_by_their_own_rule() -> None:
    """Every statement of ours that changes payments has the form that is asked of a site's."""
    assert load_statements(paths.SQL, paths.SQL)


def test_every_fault_is_named(tmp_path: Path) -> None:
    """A line each."""
    for name in ("pay_account", "perform_payment"):
        (tmp_path / f"{name}.sql").write_text("UPDATE users SET cash = 1")

    with pytest.raises(StatementError) as error:
        load_statements(SQL, tmp_path)

    lines = str(error.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        str(tmp_path / f"{name}.sql") for name in ("pay_account", "perform_payment")
    ]
    assert [str(fault) for fault in error.value.faults] == lines


# dev.mysql.com, "Statements That Cause an Implicit Commit".
ENDING = {
    "CREATE": ["create table x (a INT)", "CREATE  INDEX i ON x (a)"],
    "ALTER": ["ALTER TABLE x ADD a INT"],
    "DROP": ["drop table x"],
    "TRUNCATE": ["TRUNCATE x"],
    "RENAME": ["RENAME TABLE x TO y"],
    "GRANT": ["GRANT SELECT ON x TO y"],
    "REVOKE": ["REVOKE SELECT ON x FROM y"],
    "LOCK TABLES": ["lock tables x WRITE"],
    "LOCK TABLE": ["LOCK TABLE x WRITE"],
    "UNLOCK TABLES": ["UNLOCK TABLES"],
    "COMMIT": ["commit", "COMMIT AND CHAIN"],
    "ROLLBACK": ["ROLLBACK"],
    "BEGIN": ["BEGIN"],
    "START TRANSACTION": ["START TRANSACTION"],
    "ANALYZE": ["ANALYZE TABLE x"],
    "OPTIMIZE": ["OPTIMIZE TABLE x"],
    "REPAIR": ["REPAIR TABLE x"],
    "FLUSH": ["FLUSH TABLES"],
    "CHECK TABLE": ["CHECK TABLE x"],
    "CACHE INDEX": ["CACHE INDEX x IN y"],
    "LOAD INDEX": ["LOAD INDEX INTO CACHE x"],
    "SET AUTOCOMMIT": ["SET autocommit = 1"],
    "SET @@AUTOCOMMIT": ["SET @@autocommit = 1"],
    "SET SESSION AUTOCOMMIT": ["set session autocommit = 1"],
    "SET @@SESSION.AUTOCOMMIT": ["SET @@session.autocommit = 1"],
    "SET LOCAL AUTOCOMMIT": ["SET LOCAL autocommit = 1"],
    "": [
        *("CREATE TEMPORARY TABLE x (a INT)", "drop temporary table x", "SET @a = 1"),
        *("INSERT INTO x VALUES ('COMMIT')", "UPDATE x SET a = 1", "beginning", ""),
    ],
}


@pytest.mark.parametrize(
    ("word", "statement"), [(word, text) for word, texts in ENDING.items() for text in texts]
)
def test_what_ends_a_transaction_is_known(word: str, statement: str) -> None:
    """What has been posted until then would stay, whatever comes after it."""
    assert ending_word(statement) == word


def test_files_of_several_statements_are_known() -> None:
    """Ours, and those that a site writes for `flask post`; every other is sent as one."""
    texts = load_statements(SQL)
    scripts = {name for name, text in texts.items() if len(parts(text)) > 1}

    assert scripts | {"post_paid", "post_cancelled"} == SCRIPTS
