"""Each step of a call and of a command, over an engine that the test plays and by its own clock."""

from __future__ import annotations

import gc
from datetime import datetime, timedelta
from queue import Empty
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from callback import database as package
from callback import log
from callback.database import NEVER, Database, Reply, pieces, timing
from callback.database.errors import (
    BusyError,
    DatabaseError,
    DuplicateError,
    NoPromiseError,
    NothingToAddError,
    RetryError,
)
from callback.database.timing import ServerClock
from callback.limits import (
    ATTEMPTS,
    CLOCK_LASTS_S,
    LAST_START_S,
    LEAST_PATIENCE_S,
    LIFE_S,
    OPENING_S,
    SILENT_S,
    STATEMENT_TIMEOUT_S,
    WHOLE_S,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from callback.database import Session

TOLD = datetime(2026, 11, 3, 9, 15, 0, 500_400)  # noqa: DTZ001 - as the server says it at 100
PROMISE = "AND NOT EXISTS (SELECT 1 FROM promise)"
STATEMENTS = {
    "one": "SELECT 1",
    "timed": "UPDATE payment :deadline",
    "came": "SELECT :began",
    "late": "SELECT :latest",
    "pay": f"INSERT {PROMISE}",
    "schema": "CREATE a; CREATE b;",
    "post_paid": "SELECT :x; SELECT :y",
}
ROW = {"x": 1}


# How long a question takes, and what comes of it; None: an answer.
Event = tuple[float, BaseException | None]
WELL: Event = (0.0, None)


class Play:
    """The engine, the time, and what is to happen at the next questions."""

    SCHEMA = "schema"
    UPGRADE = "upgrade"
    clocks_differ = timedelta(seconds=2)

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self.drawn: list[tuple[float, float]] = []
        self.within: list[float] = []
        self.links: list[Link] = []
        self.refused: list[DatabaseError] = []
        self.to_come: list[Event] = []

    def connect(self, within: float = OPENING_S) -> Link:
        self.within.append(within)
        if self.refused:
            raise self.refused.pop()
        self.links.append(Link(self))
        return self.links[-1]

    def prepare(self, statement: str) -> str:
        return f"<{statement}>"

    def happen(self) -> None:
        """Let the time go by, and raise what is to come."""
        took, error = self.to_come.pop(0) if self.to_come else (0.0, None)
        self.now += took
        if error:
            raise error

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def uniform(self, least: float, most: float) -> float:
        self.drawn.append((least, most))
        return most


class Link:
    """A connection that notes what it was asked to do."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self.clock = ServerClock(TOLD + timedelta(seconds=play.now - 100))
        self.asked: list[tuple[Any, ...]] = []
        self.closed = 0

    def read_clock(self, timeout: float) -> None:
        self.asked.append(("clock", timeout))
        self._play.happen()
        self.clock = ServerClock(TOLD + timedelta(seconds=self._play.now - 100))

    def run(self, statement: str, values: Mapping[str, Any], timeout: float | None = None) -> Reply:
        self.asked.append((statement, dict(values), timeout))
        self._play.happen()
        return Reply([ROW], 3, 7)

    def run_many(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.asked.append((statement, rows))

    def stream(self, statement: str, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        self.asked.append((statement, values))
        yield ROW

    def begin(self, wait_s: int | None) -> None:
        self.asked.append(("begin", wait_s))

    def script(self, statement: str) -> None:
        self.asked.append((statement,))
        self._play.happen()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Nothing waits, and the time stands still."""
    made = Play()
    clock = SimpleNamespace(monotonic=lambda: made.now, sleep=made.sleep)
    monkeypatch.setattr(package, "time", clock)
    monkeypatch.setattr(timing, "time", clock)
    monkeypatch.setattr(package, "random", SimpleNamespace(uniform=made.uniform))
    return made


@pytest.fixture
def books(play: Play) -> Database:
    """Two connections at once."""
    return Database(play, STATEMENTS, 2)


def fails(error: BaseException) -> Event:
    """At once."""
    return 0.0, error


def lost(waited: float = 0.0) -> Event:
    """The link is cut."""
    return waited, RetryError("cut", connection_lost=True)


def deadlock() -> Event:
    """The statement was rolled back."""
    return fails(RetryError("deadlock", connection_lost=False))


def server(moment: float) -> datetime:
    """The server's time at a moment of ours."""
    return TOLD + timedelta(seconds=moment - 100)


def test_a_statement_is_told_the_time_that_it_asks_for(play: Play, books: Database) -> None:
    """Until when it may begin, when the caller came by any node's clock; and has its own time."""
    deadline = server(100 + LIFE_S)
    times = {"deadline": deadline, "began": server(97), "latest": deadline + timedelta(minutes=1)}
    with books.session(age=1.0) as session:
        for name in ("timed", "came", "late"):
            assert session.run(name, x=1) == Reply([ROW], 3, 7, resent=False, deadline=deadline)
            asked = (f"<{STATEMENTS[name]}>", {"x": 1, **times}, STATEMENT_TIMEOUT_S)
            assert play.links[0].asked.pop() == asked
        reply = session.run("one", x=1)
        assert reply == Reply([ROW], 3, 7)
        assert reply.resent is False
        assert play.links[0].asked == [("<SELECT 1>", {"x": 1}, STATEMENT_TIMEOUT_S)]
        assert session.came_at() == server(99)
    assert (Reply(), NEVER) == (((), 0, 0, False, datetime.max), datetime.max)  # noqa: DTZ901


def test_a_call_that_comes_now_has_all_its_time(play: Play, books: Database) -> None:
    """To connect, and to come late within; its link is there for the next one."""
    with books.session() as session:
        assert session.came_at() == server(100)
        play.now = 102.0
        session.run("one")
    with books.session() as session:
        session.run("one")
    assert play.within == [OPENING_S]
    assert len(play.links) == 1
    with books.session(age=1.0), books.session(age=1.0) as second:
        second.run("one")
    with books.session(age=1.0) as first, books.session(age=1.0) as second:
        first.run("one")
        second.run("one")
    assert play.within == [OPENING_S, OPENING_S - 1.0]
    assert [link.closed for link in play.links] == [0, 0]


def test_no_wait_is_longer_than_the_rest_of_the_call(play: Play, books: Database) -> None:
    """Nor shorter than nothing."""
    with books.session(age=0.5) as session:
        session.now()
        play.now += 5.0
        session.run("one")
        assert play.links[0].asked == [("<SELECT 1>", {}, WHOLE_S - 5.5)]
    play.now += CLOCK_LASTS_S + 1
    play.to_come = [(WHOLE_S, None)]
    with books.session() as session:
        session.run("one")
    assert play.links[0].asked[1:] == [
        ("clock", STATEMENT_TIMEOUT_S),
        ("<SELECT 1>", {}, 0.0),
    ]


def test_a_step_begins_in_time_or_not_at_all(play: Play, books: Database) -> None:
    """What is asked of a link that was just opened, or read the clock, is of the same step."""
    with books.session() as session:
        session.run("one")
        assert session.now() == server(100).replace(microsecond=500_000)
        play.now += LAST_START_S
        session.run("one")
        play.now += 0.001
        with pytest.raises(DatabaseError, match="no time left to ask"):
            session.run("one")
    with books.session() as first, books.session() as session:
        first.run("one")
        for _ in range(2):
            session.now()
        play.now += LAST_START_S + 1
        session.run("one")
        with pytest.raises(DatabaseError, match="no time left to ask"):
            session.run("one")


def test_a_clock_that_is_old_is_read_before_a_statement(play: Play, books: Database) -> None:
    """And once."""
    with books.session() as session:
        session.run("one")
    play.now += CLOCK_LASTS_S + 1
    with books.session(age=5.5 - LAST_START_S) as session:
        session.run("timed")
        session.run("one")
    assert [asked[0] for asked in play.links[0].asked] == [
        *("<SELECT 1>", "clock", "<UPDATE payment :deadline>", "<SELECT 1>")
    ]
    assert play.links[0].asked[2][1]["deadline"] == server(play.now + LIFE_S)


def test_what_was_asked_of_a_link_that_is_gone_is_not_of_this_step(
    play: Play, books: Database
) -> None:
    """Another caller's may be old: its clock is read."""
    with books.session() as second:
        with books.session() as first:
            first.run("one")
            play.now += CLOCK_LASTS_S + 1
            second._began = play.now  # noqa: SLF001 - he comes now
            second.now()
            play.to_come = [lost()]
            with pytest.raises(DatabaseError, match="cut"):
                second.server_time()
        second.run("one")
    assert [asked[0] for asked in play.links[0].asked] == ["<SELECT 1>", "clock", "<SELECT 1>"]


def test_a_statement_whose_link_was_cut_is_sent_over_another(play: Play, books: Database) -> None:
    """What is recorded then may be our own."""
    play.to_come = [lost()]
    with books.session() as session:
        assert session.run("one").resent is True
        assert [link.closed for link in play.links] == [1, 0]
        assert session.run("one").resent is False
        play.to_come = [lost(), lost(), fails(DuplicateError())]
        with pytest.raises(DuplicateError) as caught:
            session.run("one")
        assert caught.value.resent is True
        play.to_come = [fails(DuplicateError())]
        with pytest.raises(DuplicateError) as caught:
            session.run("one")
        assert caught.value.resent is False


def test_a_cut_before_the_statement_was_sent_is_not_that(play: Play, books: Database) -> None:
    """Unless it was sent before."""
    for events, resent in (([lost()], False), ([WELL, lost()], True)):
        with books.session() as session:
            session.run("one")
        play.now += CLOCK_LASTS_S + 1
        play.to_come = [*events]
        with books.session() as session:
            assert session.run("one").resent is resent
        books.close()
    assert len(play.links) == 4


@pytest.mark.parametrize(
    ("waited", "patience"), [(SILENT_S, [LEAST_PATIENCE_S] * 2), (0.75, [3.75, 3.0])]
)
def test_a_wait_in_vain_is_remembered(
    play: Play, books: Database, waited: float, patience: list[float]
) -> None:
    """Who connects next has little time; a cut is none."""
    with books.session() as session:
        session.run("one")
        play.to_come = [lost(waited)]
        session.run("one")
        play.to_come = [lost(waited)]
        with pytest.raises(DatabaseError, match="cut"):
            session.server_time()
        session.run("one")
    assert play.within == [OPENING_S, *patience]


def test_what_was_rolled_back_is_sent_again(play: Play, books: Database) -> None:
    """Over the same link, a little later each time, but not for ever."""
    play.to_come = [deadlock() for _ in range(ATTEMPTS - 1)]
    with books.session() as session:
        assert session.run("one").resent is False
        assert len(play.links) == 1
        assert play.slept == [attempt * 0.02 for attempt in range(2, ATTEMPTS)]
        assert {*play.drawn} == {(0.005, 0.02)}
        play.to_come = [deadlock() for _ in range(ATTEMPTS)]
        with pytest.raises(DatabaseError) as caught:
            session.run("one")
    assert str(caught.value) == f"one: no luck in {ATTEMPTS} attempts"
    assert play.links[0].closed == 0


def test_without_the_table_of_promises_a_payment_is_recorded(
    play: Play, books: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an older release did, and the log says what to do; a statement that has none fails."""
    warnings: list[str] = []
    monkeypatch.setattr(log, "warning", warnings.append)
    with books.session() as session:
        play.to_come = [fails(NoPromiseError("no table"))]
        session.run("pay")
        assert [asked[0] for asked in play.links[0].asked] == [f"<INSERT {PROMISE}>", "<INSERT >"]
        assert warnings == ["no table"]
        for name, times in (("one", 1), ("pay", 2)):
            play.to_come = [fails(NoPromiseError("no table"))] * times
            with pytest.raises(NoPromiseError):
                session.run(name)
            assert play.to_come == []


def test_a_link_over_which_anything_else_happens_is_closed(play: Play, books: Database) -> None:
    """And those that are idle; the places are free again."""
    with books.session() as first, books.session() as second:
        first.run("one")
        second.run("one")
    assert [link.closed for link in play.links] == [0, 0]
    for ask in ("run", "server_time"):
        play.to_come = [fails(KeyError("x"))]
        with books.session() as session, pytest.raises(KeyError):
            _ask(session, ask)
    assert [link.closed for link in play.links] == [1, 1, 1]
    with books.session() as first, books.session() as second:
        first.run("one")
        second.run("one")
        with books.session(age=LAST_START_S) as third, pytest.raises(DatabaseError, match="busy"):
            third.run("one")
    assert {*play.within} == {OPENING_S}


def _ask(session: Session, what: str) -> object:
    return session.run("one") if what == "run" else session.server_time()


def test_the_servers_time_is_asked_for(play: Play, books: Database) -> None:
    """Whatever is known of it; a link that is cut then leaves it unknown."""
    with books.session(age=0.5) as session:
        play.to_come = [(1.0, None)]
        assert session.server_time() == server(101)
        assert play.links[0].asked == [("clock", STATEMENT_TIMEOUT_S)]
        play.to_come = [lost()]
        with pytest.raises(DatabaseError) as caught:
            session.server_time()
    assert (str(caught.value), play.links[0].closed) == ("cut", 1)


def test_what_time_it_is_is_asked_for_when_it_must_be(play: Play, books: Database) -> None:
    """And again over another link, some times."""
    with books.session() as session:
        session.run("one")
    play.now += CLOCK_LASTS_S + 1
    play.to_come = [lost()]
    with books.session() as session:
        assert session.now() == server(play.now).replace(microsecond=500_000)
        assert [link.closed for link in play.links] == [1, 0]


def test_a_time_that_cannot_be_had_is_not_waited_for(
    play: Play, books: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each link is cut, or its answer is of long ago."""
    monkeypatch.setattr(timing, "CLOCK_LASTS_S", -1.0)
    for error in (lost(), WELL):
        play.slept.clear()
        play.to_come = [error] * ATTEMPTS
        with books.session() as session, pytest.raises(DatabaseError) as caught:
            session.now()
        assert str(caught.value) == f"UTC_TIMESTAMP: no luck in {ATTEMPTS} attempts"
        assert play.to_come == []
        assert play.slept == ([] if error is WELL else [0.02 * n for n in range(2, ATTEMPTS)])


class Places:
    """All are taken."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def get(self, timeout: float) -> None:
        self.waits.append(timeout)
        raise Empty


def test_a_place_is_waited_for_while_a_step_may_begin(books: Database) -> None:
    """Not longer, and not for less than nothing."""
    places = Places()
    books._places = places  # type: ignore[assignment]  # noqa: SLF001
    busy = pytest.raises(DatabaseError, match="every connection that CONNECTIONS allows is busy")
    with books.session(age=1.0) as session, busy:
        session.run("one")
    with busy:
        books.borrow(99.0, 200.0)
    assert places.waits == [LAST_START_S - 1.0, 0.0]


def test_who_cannot_connect_takes_no_place(play: Play, books: Database) -> None:
    """The third of two has his."""
    for _ in range(3):
        play.refused = [DatabaseError("refused")]
        with books.session() as session, pytest.raises(DatabaseError, match="refused"):
            session.run("one")
    with books.session() as session:
        session.run("one")


def test_what_is_idle_is_closed_at_the_end(play: Play) -> None:
    """Of the books, or of the process."""
    for end in ("close", "forget"):
        books = Database(play, STATEMENTS, 1)
        with books.session() as session:
            session.run("one")
        if end == "close":
            books.close()
            assert play.links[-1].closed == 1
        del books, session
        gc.collect()
        assert play.links[-1].closed == 1


def test_a_transaction_is_one(play: Play, books: Database) -> None:
    """Each statement as it was prepared; it is committed at the end, and its link closed."""
    rows = [{"x": 1}]
    with books.transaction(wait_s=5) as all_:
        assert all_.run("one", x=1).rows == [ROW]
        all_.run_many("one", rows)
        all_.run_many("one", [])
        assert [*all_.stream("came", y=2)] == [ROW]
        all_.run_script("post_paid", x=1, y=2)
        all_.keep()
        all_.undo()
        assert all_.now() == server(100).replace(microsecond=500_000)
        assert play.links[0].closed == 0
    assert play.links[0].asked == [
        *(("begin", 5), ("<SELECT 1>", {"x": 1}, None), ("<SELECT 1>", rows)),
        *(("<SELECT :began>", {"y": 2}), ("<SELECT :x", {"x": 1, "y": 2}, None)),
        *(("SELECT :y>", {"x": 1, "y": 2}, None), ("COMMIT",), ("BEGIN",), ("ROLLBACK",)),
        *(("BEGIN",), ("COMMIT",)),
    ]
    assert play.links[0].closed == 1


# What happens in a transaction, and what is said of it.
BROKEN = {
    "deadlock; nothing was changed, so run it once more": ([deadlock()], DatabaseError),
    "the same was added meanwhile: run it once more": ([fails(DuplicateError())], BusyError),
    "post_paid.sql: there is no value :y": ([fails(KeyError("y", "z"))], DatabaseError),
    "cut; whether it was kept is not known: run it once more, the second time changes nothing": (
        [WELL, WELL, fails(DatabaseError("cut"))],
        DatabaseError,
    ),
}


@pytest.mark.parametrize("said", BROKEN)
def test_a_transaction_that_breaks_says_what_is_kept(
    play: Play, books: Database, said: str
) -> None:
    """And its link is closed."""
    events, kind = BROKEN[said]
    transaction = books.transaction()

    def run() -> None:
        with transaction as all_:
            play.to_come = [*events]
            all_.run_script("post_paid")

    with pytest.raises(kind) as caught:
        run()
    assert str(caught.value) == said
    assert play.links[0].closed == 1


def test_a_list_and_a_script_have_a_link_of_their_own(play: Play, books: Database) -> None:
    """Which is closed behind them."""
    assert [*books.stream("came", x=1)] == [ROW]
    books.script("schema")
    play.to_come = [fails(NothingToAddError())]
    assert [*books.add("schema")] == ["CREATE b"]
    assert [link.asked for link in play.links] == [
        [("<SELECT :began>", {"x": 1})],
        *[[("CREATE a",), ("CREATE b",)]] * 2,
    ]
    assert [link.closed for link in play.links] == [1, 1, 1]
    play.to_come = [fails(DatabaseError("no"))]
    with pytest.raises(DatabaseError, match="no"):
        [*books.add("schema")]


def test_the_same_statements_serve_another_engine(play: Play, books: Database) -> None:
    """As they were prepared here; over one connection."""
    other = Play()
    over = books.over(other)
    assert (over.engine, over.texts) == (other, STATEMENTS)
    assert over.statements is books.statements
    assert over.older is books.older
    with over.session() as first, over.session(age=LAST_START_S) as second:
        first.run("one")
        with pytest.raises(DatabaseError, match="busy"):
            second.run("one")
    assert (len(other.links), play.links) == (1, [])


def test_anything_is_parted_into_pieces() -> None:
    """The last one may be shorter."""
    assert [*pieces((number for number in range(5)), 2)] == [[0, 1], [2, 3], [4]]
    assert [*pieces([], 2)] == []
