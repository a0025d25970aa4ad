"""payment.number is what the payer typed, whatever the site's own statements and columns are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from callback.database import load_statements, older
from callback.paths import SQL
from tests.conftest import Engine, MariaDBEngine, flask, settings_toml
from tests.support import sites
from tests.support.processes import ROOT, Endpoint, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
cancel = true

[BANKS.bills]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"
"""
EXACT = "a.number = :account AND CHAR_LENGTH(a.number) = CHAR_LENGTH(:account)"
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


def found_by(condition: str) -> dict[str, str]:
    """Statements of a site that finds an account in its own way."""
    ours = {name: (ROOT / "sql" / f"{name}_account.sql").read_text() for name in ("find", "pay")}
    ours["explain"] = (ROOT / "sql" / "explain_account.sql").read_text()
    assert all(EXACT in text for text in ours.values())
    return {f"{name}_account": text.replace(EXACT, condition) for name, text in ours.items()}


def call(endpoint: Endpoint, bank: str, command: str, account: str, txn_id: str = "1") -> Reply:
    """Ask for 100.00 once."""
    ids = f"txn_id=9&cancel_txn_id={txn_id}" if command == "cancel" else f"txn_id={txn_id}"
    query = f"command={command}&{ids}&account={account}&sum=100.00&txn_date=20261103091500"
    return endpoint.call(f"/{bank}?{query}")


def result(reply: Reply) -> str | None:
    """The dialect's code."""
    return ET.fromstring(reply.body).findtext("result")


def alarms(endpoint: Endpoint) -> list[str]:
    """What was logged as an alarm."""
    return [line["outcome"] for line in endpoint.log() if line.get("alarm")]


@pytest.fixture
def site(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Endpoint, Path]]:
    """The program as a site runs it that has the statements of the test's parameter."""
    root = sites.laid_over(tmp_path, request.param)
    toml = settings_toml(engine.url, request.module)
    with Endpoint(toml, tmp_path / "instance", root=root) as endpoint:
        yield endpoint, root


def paid_and_cancelled(endpoint: Endpoint, typed: str, other: str) -> None:
    """Pay, repeat, ask for another number under the same id, cancel."""
    first = call(endpoint, "qiwi", "pay", typed)
    assert result(first) == "0"
    assert call(endpoint, "qiwi", "pay", typed).body == first.body
    assert alarms(endpoint) == []
    assert result(call(endpoint, "qiwi", "pay", other)) == "300"
    assert result(call(endpoint, "qiwi", "cancel", other)) == "7"
    assert alarms(endpoint) == ["duplicate_other", "cancel_differs"]
    assert result(call(endpoint, "qiwi", "cancel", typed)) == "0"


SPELLINGS = {
    "dashes": ("REPLACE(a.number, '-', '') = REPLACE(:account, '-', '')", "495-783-59-59"),
    "blanks": ("REPLACE(a.number, '-', '') = REPLACE(:account, ' ', '')", "4957835959"),
}


@pytest.mark.parametrize(
    ("site", "typed"),
    [(found_by(condition), typed) for condition, typed in SPELLINGS.values()],
    ids=SPELLINGS,
    indirect=["site"],
)
@pytest.mark.slow
def test_an_account_may_be_found_by_another_spelling(
    engine: Engine, site: tuple[Endpoint, Path], typed: str
) -> None:
    """The payment keeps the one that was typed; the same account, spelled differently, differs."""
    engine.account("495-7835959")

    paid_and_cancelled(site[0], typed, "4957835-959")
    assert engine.rows("SELECT number, state FROM payment") == [(typed, "cancelled")]


@only_mariadb
@pytest.mark.parametrize("site", [found_by("a.number = :account")], indirect=True)
@pytest.mark.parametrize(
    ("column", "stored", "typed", "other"),
    [
        ("INT UNSIGNED", "957835960", "0957835960", "957835960"),
        ("VARCHAR(200) COLLATE utf8mb4_general_ci", "AB-12", "ab-12", "AB-12"),
        ("VARCHAR(200) CHARACTER SET cp1251 COLLATE cp1251_bin", "Ж-12", "%D0%96-12", "AB-12"),
    ],
    ids=["a number", "letter case", "another character set"],
)
def test_the_column_of_numbers_may_be_of_another_type(  # noqa: PLR0917
    engine: Engine, site: tuple[Endpoint, Path], column: str, stored: str, typed: str, other: str
) -> None:
    """Whatever "=" takes for the same there."""
    engine.execute(f"ALTER TABLE account MODIFY number {column} NOT NULL")
    try:
        engine.account(stored)
        paid_and_cancelled(site[0], typed, other)
    finally:
        engine.execute("DELETE FROM account")
        engine.execute(
            "ALTER TABLE account MODIFY number VARCHAR(200) COLLATE utf8mb4_bin NOT NULL"
        )


@only_mariadb
@pytest.mark.slow
def test_a_number_in_another_character_set_is_as_long(engine: Engine, endpoint: Endpoint) -> None:
    """A letter is one byte in the column and two in the request."""
    engine.execute(
        "ALTER TABLE account MODIFY number VARCHAR(200) CHARACTER SET cp1251 COLLATE cp1251_bin"
        " NOT NULL"
    )
    try:
        engine.account("Ж-12")
        codes = [result(call(endpoint, "qiwi", "check", n)) for n in ("%D0%96-12", "%D0%96-12+")]
    finally:
        engine.execute("DELETE FROM account")
        engine.execute(
            "ALTER TABLE account MODIFY number VARCHAR(200) COLLATE utf8mb4_bin NOT NULL"
        )
    assert codes == ["0", "4"]


def test_an_invoice_may_be_renumbered_moved_and_deleted(engine: Engine, endpoint: Endpoint) -> None:
    """As an account may: the suite of all dialects pays accounts."""
    engine.account("7012340001", owes="500.00")
    first = call(endpoint, "bills", "pay", "7012340001-1")
    assert result(first) == "0"
    for change in ("UPDATE invoice SET number = 'A-1'", "DELETE FROM invoice"):
        engine.execute(change)
        assert call(endpoint, "bills", "pay", "7012340001-1").body == first.body
    assert result(call(endpoint, "bills", "pay", "A-1")) == "300"


OLD = {
    name: (sites.OLDER / f"{name}.sql").read_text()
    for name in ("pay_account", "find_account", "explain_account", "find_payment")
}


@pytest.mark.parametrize("site", [OLD], indirect=True)
@pytest.mark.slow
def test_statements_of_an_older_release_are_completed(
    engine: Engine, site: tuple[Endpoint, Path], command: object
) -> None:
    """They record what was typed, and compare with it; the doctor says what to write."""
    endpoint, root = site
    engine.account("7012340001")
    engine.account("7012340002")
    first = call(endpoint, "qiwi", "pay", "7012340001")
    assert result(first) == "0"
    engine.execute("UPDATE account SET number = '9' WHERE number = '7012340001'")

    assert call(endpoint, "qiwi", "pay", "7012340001").body == first.body
    assert result(call(endpoint, "qiwi", "pay", "7012340002")) == "300"
    assert result(call(endpoint, "qiwi", "cancel", "7012340001")) == "0"
    assert engine.rows("SELECT number FROM payment") == [("7012340001",)]
    found = examined(endpoint, root)
    assert found["instance/sql/pay_account.sql"][0] == "warning"
    assert "payment.number" in found["instance/sql/pay_account.sql"][1]
    assert found["instance/sql/explain_account.sql"][0] == "warning"
    assert "p.number AS payment_number" in found["instance/sql/explain_account.sql"][1]


def test_every_statement_of_an_older_release_is_completed() -> None:
    """Number and deadline; ours lack nothing."""
    for folder in (sites.OLDER, SQL):
        for path in folder.glob("*.sql"):
            text = load_statements(folder).get(path.stem, "")
            assert list(older.faults(text)) == [], path
            if not path.stem.startswith(("promise", "schema", "grants")):
                assert "promise" not in older.without_promise(text), path


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("UPDATE payment SET state = 'paid' WHERE txn_id = :txn_id OR bank = :bank", "given up"),
        ("UPDATE payment SET state = 'paid' WHERE txn_id = :txn_id ORDER BY id", "given up"),
        ("INSERT INTO payment (bank, txn_id) VALUES (:bank, :txn_id)", "number that was typed"),
        ("SELECT p.txn_id, a.number AS payment_number FROM payment AS p", "renumbered"),
    ],
)
def test_what_cannot_be_completed_stays_as_it_is_and_is_named(text: str, fault: str) -> None:
    """Half a condition would be another one."""
    assert older.completed(text) == text
    assert fault in " ".join(older.faults(text))


# Written in a form that cannot be completed.
STRANGE = OLD["pay_account"].replace("SELECT :bank", "SELECT DISTINCT :bank")


@pytest.mark.parametrize("site", [{"pay_account": STRANGE}], indirect=True)
@pytest.mark.slow
def test_a_payment_without_its_number_is_not_refused(
    engine: Engine, site: tuple[Endpoint, Path]
) -> None:
    """Its sum is still compared; the doctor calls it a fault, and init-db fills the number in."""
    endpoint, root = site
    engine.account("7012340001")
    first = call(endpoint, "qiwi", "pay", "7012340001")
    assert result(first) == "0"
    assert engine.rows("SELECT number FROM payment") == [(None,)]

    assert call(endpoint, "qiwi", "pay", "7012340001").body == first.body
    found = examined(endpoint, root)
    assert found["instance/sql/pay_account.sql"][0] == "fault"
    assert found["payment.number"][0] == "warning"
    done = flask(endpoint.settings, "init-db", root=root)
    assert "to 1 payments" in done.stdout
    assert engine.rows("SELECT number FROM payment") == [("7012340001",)]


def examined(endpoint: Endpoint, root: Path) -> dict[str, tuple[str, str]]:
    """What the doctor says, by name."""
    lines = flask(endpoint.settings, "doctor", "--json", root=root).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    return {line["name"]: (line["state"], line["text"]) for line in found}


def test_the_typed_number_is_listed(engine: Engine, endpoint: Endpoint) -> None:
    """Beside whom it is credited to now."""
    assert not isinstance(engine, str)
    engine.account("7012340001")
    call(endpoint, "qiwi", "pay", "7012340001")
    engine.execute("UPDATE account SET number = '9'")
    row = json.loads(flask(endpoint.settings, "payments", "--json").stdout)

    assert (row["number"], row["account"], row["invoice"]) == ("7012340001", "9", None)
    assert isinstance(engine, MariaDBEngine) or row["posted_at"] is None
