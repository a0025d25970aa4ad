"""Databases of the release before payment.number: upgraded, pasted, named, and never a refusal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from callback.database import load_statements
from callback.tools import upgrade
from tests.conftest import SOME_BANK, Engine, MariaDBEngine, flask, settings_toml
from tests.support import sites
from tests.support.processes import ROOT, Endpoint, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BANKS = SOME_BANK
ACCOUNT = "7012340001"
INSERT = (
    "INSERT INTO payment (bank, txn_id, account_id, invoice_id, amount, currency, state, paid_at,"
    " created_at, performed_at) VALUES ('qiwi', ?, ?, ?, '100.00', 'KZT', 'paid',"
    " '2026-11-03 11:15:00.000', '2026-11-03 06:15:00.000', '2026-11-03 06:15:00.000')"
)
NEW = {"number", "posted_at", "reversed_at"}
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


@pytest.fixture
def old(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A database of the older release, with a payment of an account, of an invoice, of nobody."""
    made = sites.older(engine, tmp_path)
    write_settings(settings_toml(made.url, request.module), tmp_path)
    account = made.account(ACCOUNT)
    made.execute(INSERT, "1", account, None)
    made.execute(INSERT, "2", account, made.rows("SELECT id FROM invoice")[0][0])
    made.execute(INSERT, "3", account + 1, None)
    yield made
    if isinstance(made, MariaDBEngine):
        made.server.sql(f"DROP DATABASE {made.name}")


def pay(endpoint: Endpoint, txn_id: str = "1", account: str = ACCOUNT) -> str | None:
    """Ask for 100.00; the code."""
    query = f"command=pay&txn_id={txn_id}&account={account}&sum=100.00&txn_date=20261103091500"
    return ET.fromstring(endpoint.call(f"/qiwi?{query}").body).findtext("result")


def columns(engine: Engine) -> set[str]:
    """The columns of payment."""
    if isinstance(engine, MariaDBEngine):
        return {str(row[0]) for row in engine.rows("SHOW COLUMNS FROM payment")}
    return {row[0] for row in engine.rows("SELECT name FROM pragma_table_info('payment')")}


def keys(engine: Engine) -> set[str]:
    """The keys of payment."""
    if isinstance(engine, MariaDBEngine):
        return {str(row[2]) for row in engine.rows("SHOW INDEX FROM payment")}
    return {row[0] for row in engine.rows("SELECT name FROM pragma_index_list('payment')")}


def numbers(engine: Engine) -> list[str | None]:
    """What was typed for the three payments."""
    return [row[0] for row in engine.rows("SELECT number FROM payment ORDER BY txn_id")]


def doctor(folder: Path) -> dict[str, tuple[str, str]]:
    """What the doctor says, by name."""
    done = flask(folder / "config.toml", "doctor", "--json")
    assert done.stderr == ""
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: (line["state"], line["text"]) for line in found}


@pytest.mark.slow
def test_init_db_adds_what_an_older_database_lacks(old: Engine, tmp_path: Path) -> None:
    """And nothing the second time; what was recorded can be repeated and compared."""
    first, second = (flask(tmp_path / "config.toml", "init-db") for _ in range(2))

    assert (first.returncode, first.stderr) == (0, "")
    assert all(f"ADD COLUMN {name}" in first.stdout for name in NEW)
    assert "to 2 payments" in first.stdout
    assert second.stdout == "The tables are there.\n"
    assert columns(old) >= NEW
    assert keys(old) >= {"payment_owed_account", "payment_owed_invoice"}
    assert numbers(old) == [ACCOUNT, f"{ACCOUNT}-1", None]
    toml = (tmp_path / "config.toml").read_text()
    with Endpoint(toml, tmp_path) as endpoint:
        assert [pay(endpoint), pay(endpoint, "3")] == ["0", "0"]
        assert pay(endpoint, "1", f"{ACCOUNT}-1") == "300"
    assert "fault" not in {state for state, _ in doctor(tmp_path).values()}


def test_an_upgraded_database_is_as_a_new_one(engine: Engine, old: Engine, tmp_path: Path) -> None:
    """Only two keys that nobody needs any more are left."""
    flask(tmp_path / "config.toml", "init-db")

    assert columns(old) == columns(engine)
    assert keys(old) - keys(engine) == {"payment_of_account", "payment_of_invoice"}
    assert keys(engine) <= keys(old)
    if isinstance(engine, MariaDBEngine):
        types = (
            "SELECT column_name, column_type, collation_name, is_nullable FROM"
            " information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, 2, 3, 4"
        )
        assert old.rows(types) == engine.rows(types)


def test_numbers_are_filled_in_piece_by_piece(
    old: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever gaps the ids have; what has a number keeps it."""
    flask(tmp_path / "config.toml", "init-db")
    old.execute("UPDATE payment SET number = NULL WHERE txn_id <> '2'")
    old.execute("UPDATE payment SET number = 'as typed', id = 17 WHERE txn_id = '2'")
    monkeypatch.setattr(upgrade, "PIECE", 3)
    from callback import settings
    from callback.database import Database
    from callback.paths import SQL

    database = Database(settings.load(tmp_path / "config.toml").engine, load_statements(SQL), 1)
    assert len([*upgrade.run(database)]) == 1
    assert numbers(old) == [ACCOUNT, "as typed", None]


@pytest.mark.slow
def test_the_older_release_goes_on_after_the_upgrade(old: Engine, tmp_path: Path) -> None:
    """Its statement knows nothing of the columns; init-db, run once more, fills its numbers in."""
    flask(tmp_path / "config.toml", "init-db")
    old.execute(INSERT, "4", old.rows("SELECT id FROM account")[0][0], None)

    assert doctor(tmp_path)["payment.number"][0] == "warning"
    assert "to 1 payments" in flask(tmp_path / "config.toml", "init-db").stdout
    assert "payment.number" not in doctor(tmp_path)


@only_mariadb
def test_the_files_can_be_pasted(old: Engine, tmp_path: Path) -> None:
    """As into phpMyAdmin; afterwards init-db finds nothing to do."""
    for name in ("upgrade", "fill_numbers"):
        for statement in sites.statements(ROOT / "sql" / f"{name}.sql"):
            old.execute(statement.replace(":after", "0").replace(":last", "999999999999"))

    assert numbers(old) == [ACCOUNT, f"{ACCOUNT}-1", None]
    assert flask(tmp_path / "config.toml", "init-db").stdout == "The tables are there.\n"


@pytest.mark.slow
def test_the_doctor_names_what_is_missing_with_the_statement(old: Engine, tmp_path: Path) -> None:
    """Pasted one by one, its statements are all that is needed."""
    found = doctor(tmp_path)
    lacking = {name for name, (_, text) in found.items() if "or paste " in text}

    assert {f"payment.{name}" for name in NEW} <= lacking
    assert {found[f"payment.{name}"][0] for name in NEW} == {"fault"}
    for name in sorted(lacking, key=list(found).index):
        old.execute(found[name][1].partition("or paste ")[2])
    assert not [text for _, text in doctor(tmp_path).values() if "or paste " in text]


@only_mariadb
@pytest.mark.slow
def test_an_open_transaction_does_not_keep_everybody_waiting(old: Engine, tmp_path: Path) -> None:
    """The table is held: init-db gives up in time and says why, for all behind it would wait."""
    assert isinstance(old, MariaDBEngine)
    with old.server.connect(old.name) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM payment")
        done = flask(tmp_path / "config.toml", "init-db")

    assert done.returncode == 1
    assert "1205" in done.stderr
    assert "transaction open" in done.stderr
    assert flask(tmp_path / "config.toml", "init-db").returncode == 0


@pytest.mark.slow
def test_a_release_on_an_older_database_says_what_to_do(old: Engine, tmp_path: Path) -> None:
    """The banks hear "ask again" (test_every_dialect.py), whoever reads the log hears more."""
    with Endpoint((tmp_path / "config.toml").read_text(), tmp_path) as endpoint:
        assert [pay(endpoint), pay(endpoint, "9")] == ["1", "1"]
        said = " ".join(str(line.get("message")) for line in endpoint.log())
        assert "Traceback" not in endpoint.output()
    assert "run flask init-db" in said
    done = flask(tmp_path / "config.toml", "payments")
    assert done.returncode == 1
    assert "run flask init-db" in done.stderr
    assert len(old.rows("SELECT id FROM payment")) == 3


def test_the_upgrade_only_adds() -> None:
    """Nothing is dropped, renamed, emptied or changed."""
    for name in ("upgrade", "upgrade_sqlite"):
        for statement in sites.statements(ROOT / "sql" / f"{name}.sql"):
            assert re.match(r"ALTER TABLE payment ADD (COLUMN|KEY) \w+ ", statement)
            assert "NOT NULL" not in statement
