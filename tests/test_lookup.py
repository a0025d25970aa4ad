"""That there is no such payment is said when the database has promised it, and not otherwise.

What it is good for: tests/database/test_ghost.py.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import lookup, operation, settings
from callback.database import Database, Session, load_statements
from callback.database.errors import DatabaseError
from callback.model import Pay, Status
from callback.paths import SQL
from tests.conftest import Engine, MariaDBEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from callback.bank import Bank

only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
STATUS = Status(name="status", txn_id="1")
DAY = datetime(2026, 11, 3)  # noqa: DTZ001 - the bank's


class Desk:
    """Asks for a payment that there is not."""

    def __init__(self, folder: Path) -> None:
        given = settings.load(folder / "config.toml")
        self.bank: Bank = given.banks["qiwi"]
        self.database = Database(given.engine, load_statements(SQL), 1)

    def ask(self, *before: str, txn_id: str = "1") -> None:
        """Run some statements on the very connection, then ask."""
        with self.database.session() as session:
            lookup.find(session, self.bank, txn_id)
            for statement in before:
                run(session, statement)
            assert lookup.find_or_promise(session, self.bank, STATUS.but(txn_id=txn_id)) is None


def run(session: Session, statement: str) -> None:
    """What no statement of ours does."""
    connection: Any = session._connection  # noqa: SLF001 - the one that it will use
    connection.script(statement)


@pytest.fixture
def desk(engine: Engine, folder: Path) -> Iterator[Desk]:
    """With promises of long ago."""
    engine.execute("DELETE FROM promise")
    desk = Desk(folder)
    yield desk
    desk.database.close()


def promises(engine: Engine) -> list[Any]:
    """Which there are."""
    return [bucket for (bucket,) in engine.rows("SELECT bucket FROM promise")]


def test_a_promise_that_was_never_made_is_made(engine: Engine, desk: Desk) -> None:
    """Somebody has emptied the table; the id's own row is there again, and then is kept."""
    bucket = lookup.bucket(desk.bank, "1")
    desk.ask()
    assert promises(engine) == [bucket]
    made = engine.rows("SELECT made_at FROM promise")
    desk.ask("SELECT SLEEP(0.002)") if isinstance(engine, MariaDBEngine) else desk.ask()
    assert promises(engine) == [bucket]
    assert engine.rows("SELECT made_at FROM promise") >= made


@only_mariadb
def test_a_server_whose_clock_is_set_promises_at_the_second_try(engine: Engine, desk: Desk) -> None:
    """By what we knew of its clock, the first came too late."""
    desk.ask("SET timestamp = UNIX_TIMESTAMP() + 3600")
    assert promises(engine) == [lookup.bucket(desk.bank, "1")]


@only_mariadb
def test_two_promises_of_one_millisecond_are_one_of_the_next(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has changed then, and nothing can be added: only a later one is a promise."""
    stop = "SET timestamp = UNIX_TIMESTAMP('2026-11-03 09:15:00')"
    desk.ask(stop)
    (made,) = engine.rows("SELECT made_at FROM promise")
    server_time = Session.server_time

    def go_on(session: Session) -> Any:
        run(session, "SET timestamp = DEFAULT")
        return server_time(session)

    monkeypatch.setattr(Session, "server_time", go_on)
    desk.ask(stop)
    (later,) = engine.rows("SELECT made_at FROM promise")
    assert later > made


@only_mariadb
def test_without_a_promise_it_is_not_said(engine: Engine, desk: Desk) -> None:
    """The server's clock stands still: nobody knows what is on its way."""
    stop = "SET timestamp = UNIX_TIMESTAMP('2026-11-03 09:15:00')"
    desk.ask(stop)
    with pytest.raises(DatabaseError, match="nothing could be promised: ask again"):
        desk.ask(stop)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_recorded_when_we_promised_is_found(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was on its way at the first look, and had ended before the promise."""
    make = lookup._promise  # noqa: SLF001 - what happens just before it
    engine.account("7012340001")

    def promise(session: Session, number: int) -> None:
        for txn_id in ("2", "1"):
            engine.execute(
                "INSERT INTO payment (bank, txn_id, account_id, amount, currency, state, paid_at,"
                " created_at) VALUES ('qiwi', ?, 1, '5.00', 'KZT', 'paid', '2026-11-03 09:15:00',"
                " '2026-11-03 09:15:00')",
                txn_id,
            )
        make(session, number)

    monkeypatch.setattr(lookup, "_promise", promise)
    with desk.database.session() as session:
        payment = lookup.find_or_promise(session, desk.bank, STATUS)
    assert payment is not None
    assert payment.txn_id == "1"
    assert promises(engine) == [lookup.bucket(desk.bank, "1")]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_id_listens_to_one_of_those_that_the_tables_have(database: Engine, desk: Desk) -> None:
    """sql/schema.sql and sql/schema_sqlite.sql fill in 256."""
    assert database
    buckets = {lookup.bucket(desk.bank, str(number)) for number in range(5000)}
    assert buckets == set(range(256))


def test_who_pays_as_soon_as_he_hears_it_comes_later(engine: Engine, desk: Desk) -> None:
    """In the same millisecond, too, which is as exact as a promise is."""
    engine.account("7012340001")
    pay = Pay(
        name="pay",
        account="7012340001",
        amount=Decimal("1.00"),
        paid_at=DAY,
    )
    for number in range(10):
        desk.ask(txn_id=str(number))
        with desk.database.session() as session:
            done = operation.run(session, desk.bank, pay.but(txn_id=str(number)))
        assert done.outcome == "ok"


@pytest.mark.parametrize(
    ("change", "outcome", "is_promised"),
    [
        ({}, "unknown_account", True),  # there may be one a moment later
        ({"refused": "sum_too_small"}, "sum_too_small", False),  # by any copy of the call
        ({"state": "created"}, "unknown_account", False),  # what is booked is no money
    ],
)
def test_what_the_books_refuse_is_promised(
    engine: Engine, desk: Desk, change: dict[str, Any], outcome: str, is_promised: bool
) -> None:
    """The bank gives the money back: no copy of the call may be recorded behind it."""
    pay = Pay(name="pay", txn_id="1", account="1", amount=Decimal("1.00"), paid_at=DAY)
    with desk.database.session() as session:
        refused = operation.run(session, desk.bank, pay.but(**change))
    assert refused.outcome == outcome
    assert promises(engine) == [lookup.bucket(desk.bank, "1")] * is_promised


def test_what_was_recorded_when_a_refusal_was_promised_is_a_repeat(
    engine: Engine, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another copy of the call was on its way, and its account is there by now."""
    pay = Pay(name="pay", txn_id="1", account="1", amount=Decimal("1.00"), paid_at=DAY)
    make = lookup.promise

    def promise(*args: Any) -> None:
        if not engine.rows("SELECT 1 FROM account"):
            engine.account("1")
            with desk.database.session() as session:
                assert operation.run(session, desk.bank, pay).outcome == "ok"
        make(*args)

    monkeypatch.setattr(lookup, "promise", promise)
    database = Database(desk.database.engine, desk.database.texts, 1)
    with database.session() as session:
        assert operation.run(session, desk.bank, pay).outcome == "duplicate_same"
    database.close()


@only_mariadb
@pytest.mark.parametrize("is_promised", [True, False])
def test_a_server_whose_clock_is_set_back_forgets_no_promise(
    engine: Engine, desk: Desk, is_promised: bool
) -> None:
    """By what we knew of its clock, the caller came later than the promise."""
    engine.account("1")
    pay = Pay(name="pay", txn_id="1", account="1", amount=Decimal("1.00"), paid_at=DAY)
    bucket = lookup.bucket(desk.bank, "1")
    with desk.database.session() as session:
        lookup.find(session, desk.bank, "1")
        run(session, "SET timestamp = UNIX_TIMESTAMP() - 5")
        promise = "INSERT INTO promise VALUES (?, UTC_TIMESTAMP(3) - INTERVAL 5 SECOND)"
        engine.execute(promise, bucket if is_promised else bucket ^ 1)
        if is_promised:
            with pytest.raises(DatabaseError, match="nothing speaks against it now"):
                operation.run(session, desk.bank, pay)
        else:
            assert operation.run(session, desk.bank, pay).outcome == "ok"
    assert len(engine.rows("SELECT id FROM payment")) == (not is_promised)
