"""One caller's conversation with the database, and a command's transaction, where they break."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from callback import settings
from callback.clock import utc_now
from callback.database import Database, timing
from callback.database.errors import BusyError, DatabaseError
from callback.database.mysql import MySQLConnection
from callback.database.sqlite import SQLite
from callback.limits import LAST_START_S
from tests.conftest import Engine, MariaDBEngine, settings_toml
from tests.support.processes import HOST, CuttingProxy, Rule, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from callback.database import Session

only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
STATEMENTS = {
    "one": "SELECT 1 AS one",
    "add": "INSERT INTO account (number, name, state) VALUES (:number, '', 'active')",
    "none": "INSERT INTO nowhere (number) VALUES (:number)",
    "look": "SELECT number FROM nowhere",
    "schema": "CREATE TABLE account (id INTEGER)",
    "sum": "SELECT SUM(amount) AS amount FROM (SELECT '1.10' AS amount UNION ALL SELECT NULL) AS s",
    "post_paid": "SELECT :number AS number; SELECT :nothing AS number",
}
ROWS = [{"number": "1"}, {"number": "2"}]
CLOCK = b"SELECT UTC_TIMESTAMP(6)"
# The first is that of connecting.
CUT_CLOCK = {"needle": CLOCK, "skip": 1}


@pytest.fixture
def books(engine: Engine, folder: Path) -> Iterator[Database]:
    """The database through one connection, with statements of our own."""
    database = Database(settings.load(folder / "config.toml").engine, STATEMENTS, 1)
    yield database
    database.close()


@pytest.fixture
def cut(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., tuple[Database, CuttingProxy]]]:
    """The same behind a proxy, with a rule for it."""
    assert isinstance(engine, MariaDBEngine)
    with CuttingProxy(HOST, engine.server.port) as proxy:
        url = engine.server.url(engine.name, port=proxy.port)
        config = write_settings(settings_toml(url, request.module), tmp_path)
        database = Database(settings.load(config).engine, STATEMENTS, 1)

        def run(**rule: object) -> tuple[Database, CuttingProxy]:
            proxy.rule = Rule(**rule) if rule else None  # type: ignore[arg-type]
            return database, proxy

        yield run
        database.close()


def one(session: Session) -> int:
    """Ask something."""
    number: int = session.run("one").rows[0]["one"]
    return number


@pytest.mark.slow
def test_a_caller_waits_for_a_connection_no_longer_than_he_may(books: Database) -> None:
    """Somebody has the only one; and when it is free again, it is there for all."""
    with books.session() as first:
        assert one(first) == 1
        late = books.session(age=LAST_START_S - 0.05)
        with late as second, pytest.raises(DatabaseError, match="every connection that CONNECTION"):
            one(second)
    with books.session() as third:
        assert one(third) == 1


@only_mariadb
def test_a_clock_that_may_have_drifted_is_read_anew(
    cut: Callable[..., tuple[Database, CuttingProxy]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the statement; a link that is cut then is a cut link like any other."""
    database, proxy = cut(**CUT_CLOCK)
    with database.session() as session:
        assert one(session) == 1
        monkeypatch.setattr(timing, "CLOCK_LASTS_S", -1.0)
        assert one(session) == 1
    asked = [text for text in proxy.statements if "UTC_TIMESTAMP" in text or "AS one" in text]
    clock, ours = CLOCK.decode(), STATEMENTS["one"]
    # The third is cut; whoever connects anew has a clock that is of now, and old by the patch.
    assert [text[: len(clock)] for text in asked] == [
        *(clock, ours[: len(clock)], clock),
        *(clock, clock, ours[: len(clock)]),
    ]


@only_mariadb
def test_without_the_servers_time_the_outcome_is_not_known(
    cut: Callable[..., tuple[Database, CuttingProxy]],
) -> None:
    """The call ends; the next one has a connection again."""
    database, _ = cut(**CUT_CLOCK)
    with database.session() as session:
        with pytest.raises(DatabaseError, match="Lost connection"):
            session.server_time()
        assert session.server_time() > utc_now().replace(year=2020)


@only_mariadb
def test_a_worker_that_is_ended_leaves_no_connection_half_read(
    books: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends by an exception that nobody catches."""
    ended: list[MySQLConnection] = []

    def end(connection: MySQLConnection, _timeout: float) -> None:
        ended.append(connection)
        raise SystemExit

    with monkeypatch.context() as patch, books.session() as session:
        patch.setattr(MySQLConnection, "read_clock", end)
        with pytest.raises(SystemExit):
            session.server_time()
    assert not ended[0]._connection.open  # noqa: SLF001 - the driver's word for it
    with books.session() as session:
        assert one(session) == 1


def adding(books: Database, then: str) -> None:
    """A transaction that adds two rows, and then runs something."""
    with books.transaction() as all_:
        all_.run_many("add", ROWS)
        all_.run(then, number="3")


@only_mariadb
@pytest.mark.parametrize(
    ("needle", "said"),
    [(b"AS one", "nothing was changed, so run it once more"), (b"COMMIT", "is not known: run it")],
)
def test_a_transaction_whose_link_is_cut_says_what_may_be_there(
    cut: Callable[..., tuple[Database, CuttingProxy]], engine: Engine, needle: bytes, said: str
) -> None:
    """Before its commit was sent: nothing."""
    database, _ = cut(needle=needle)
    with pytest.raises(DatabaseError, match=said):
        adding(database, "one")
    assert engine.rows("SELECT number FROM account") == []


def test_what_another_has_added_meanwhile_ends_a_transaction(
    books: Database, engine: Engine
) -> None:
    """Nothing of it is kept."""
    engine.account("2", owes="0.00")
    with (
        pytest.raises(BusyError, match="the same was added meanwhile"),
        books.transaction() as all_,
    ):
        all_.run_many("add", ROWS)
    assert engine.rows("SELECT number FROM account") == [("2",)]


def test_no_rows_are_no_statement(books: Database, engine: Engine) -> None:
    """A driver would refuse one without values."""
    with books.transaction() as all_:
        all_.run_many("none", [])
        all_.run_many("add", ROWS[:1])
    assert engine.rows("SELECT number FROM account") == [("1",)]


def test_a_statement_that_cannot_run_undoes_all(books: Database, engine: Engine) -> None:
    """Of whichever kind."""
    with pytest.raises(DatabaseError, match="nowhere"):
        adding(books, "none")
    with pytest.raises(DatabaseError, match="nowhere"), books.transaction() as all_:
        all_.run_many("none", ROWS)
    with pytest.raises(DatabaseError, match="nowhere"):
        list(books.stream("look"))
    with pytest.raises(DatabaseError, match=r"account.*exists"):
        books.script("schema")
    assert engine.rows("SELECT number FROM account") == []


@only_mariadb
def test_a_script_that_wants_a_value_which_there_is_not_names_both(books: Database) -> None:
    """The site has written it."""
    wanted = r"post_paid\.sql: there is no value :nothing"
    with pytest.raises(DatabaseError, match=wanted), books.transaction() as all_:
        all_.run_script("post_paid", number="1")


@only_mariadb
def test_commands_take_turns(books: Database) -> None:
    """Whoever does not want to wait is told at once."""
    with books.transaction():
        second = books.transaction(wait_s=0)
        with pytest.raises(BusyError, match="another command has the books"), second:
            pass


@only_sqlite
def test_sums_of_the_trial_leave_out_what_is_not_there(books: Database) -> None:
    """As MySQL's do, and to the kopeck."""
    with books.session() as session:
        assert session.run("sum").rows == [{"amount": Decimal("1.10")}]


def test_a_trial_without_its_file_says_what_to_run(tmp_path: Path) -> None:
    """It is not made in passing."""
    database = Database(SQLite(tmp_path / "none.db"), STATEMENTS, 1)
    with database.session() as session, pytest.raises(DatabaseError, match="flask init-db first"):
        one(session)
    assert not (tmp_path / "none.db").exists()


class Taken(list[object]):
    """Idle connections, of which another thread takes the last between a look and a step."""

    def __len__(self) -> int:
        return 1


def test_an_idle_connection_that_another_thread_has_taken_is_none(books: Database) -> None:
    """And no place is lost by it: the next callers have theirs."""
    books._idle = Taken()  # type: ignore[assignment]  # noqa: SLF001 - no luck is needed so
    with books.session() as session:
        assert one(session) == 1
    books.close()
    for _ in range(2):
        with pytest.raises(DatabaseError, match="nowhere"), books.session() as session:
            session.run("look")
    with books.session() as session:
        assert one(session) == 1
