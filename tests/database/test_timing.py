"""The server's clock and the watch over its silence, by a clock that the test itself moves on."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import NoReturn

import pytest

from callback.database import timing
from callback.database.errors import DatabaseError
from callback.database.timing import ServerClock, Watch
from callback.limits import CLOCK_LASTS_S, LEAST_PATIENCE_S, PATIENCE, PAUSE_S, SILENT_S

TOLD = datetime(2026, 11, 3, 9, 15, 0, 500_400)  # noqa: DTZ001 - as the server says it
WITHIN = 4.5


class Clock:
    """Our monotonic clock."""

    def __init__(self) -> None:
        self.now = 100.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """It stands still."""
    made = Clock()
    monkeypatch.setattr(timing, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


def seconds(number: float) -> timedelta:
    """So many."""
    return timedelta(seconds=number)


def test_the_servers_clock_goes_on_by_ours(clock: Clock) -> None:
    """Also backwards; to the millisecond where it is recorded."""
    server = ServerClock(TOLD)
    assert server.at(100.0) == TOLD
    assert server.at(98.5) == TOLD - seconds(1.5)
    clock.now += 2
    assert server.now() == TOLD.replace(microsecond=500_000) + seconds(2)


def test_it_is_old_after_a_while(clock: Clock) -> None:
    """Until it is read anew."""
    server = ServerClock(TOLD)
    clock.now += CLOCK_LASTS_S
    assert (server.is_old, server.now() is None) == (False, False)
    clock.now += 0.001
    assert (server.is_old, server.now()) == (True, None)
    server.read(TOLD, asked=clock.now)
    assert (server.is_old, server.now()) == (False, TOLD.replace(microsecond=500_000))


# When it was asked after the first answer, when it answered, what it said; and what is known then.
READ = {
    "sooner told: it was said a second ago": (3, 3, 4, 4),
    "told as late as can be": (2, 5, 2, 5),
    "told at once": (5, 5, 5, 5),
    "said at any time between": (0, 5, 3, 5),
    "set back": (4, 5, 3.9, 3.9),
    "set on": (4, 5, 5.1, 5.1),
}


@pytest.mark.parametrize("case", READ)
def test_an_answer_counts_where_it_says_something_new(clock: Clock, case: str) -> None:
    """It was said between the question and the answer: within that, what is known is as good."""
    asked, answered, said, known = READ[case]
    server = ServerClock(TOLD)
    clock.now += answered
    server.read(TOLD + seconds(said), asked=100.0 + asked)
    assert server.at(clock.now) == TOLD + seconds(known)


def opened(watch: Watch, clock: Clock, took: float, within: float = WITHIN) -> float:
    """Open a connection; how long it may take."""
    with watch.opening(within) as allowed:
        clock.now += took
    return allowed


def wait(clock: Clock, took: float, error: BaseException) -> NoReturn:
    """Wait in vain."""
    clock.now += took
    raise error


def failed(watch: Watch, clock: Clock, took: float, within: float = WITHIN) -> str:
    """Fail to; what was said."""
    with pytest.raises(DatabaseError) as caught, watch.opening(within):
        wait(clock, took, DatabaseError("no answer"))
    return str(caught.value)


SILENT = "the database was silent a moment ago"


@pytest.mark.parametrize(
    ("took", "patience"),
    [(0.1, LEAST_PATIENCE_S), (1.2, PATIENCE * 1.2), (2.0, WITHIN)],
)
def test_a_silent_database_is_tried_as_long_as_it_took_before(
    clock: Clock, took: float, patience: float
) -> None:
    """Somewhat longer, but no longer than there is time."""
    watch = Watch()
    assert opened(watch, clock, took) == WITHIN
    watch.silence()
    assert opened(watch, clock, 0.0) == pytest.approx(patience)


def test_one_that_never_answered_is_tried_as_long_as_there_is_time(clock: Clock) -> None:
    """For nobody knows how far it is."""
    watch = Watch()
    watch.silence()
    assert opened(watch, clock, 0.0) == WITHIN


def test_who_knows_of_no_silence_lets_all_try(clock: Clock) -> None:
    """At the start, too."""
    watch = Watch()
    with watch.opening(WITHIN):
        assert opened(watch, clock, 0.0) == WITHIN


def test_while_one_tries_the_others_are_told(clock: Clock) -> None:
    """Until his time is over, and a moment longer."""
    watch = Watch()
    watch.silence()
    with watch.opening(WITHIN):
        for later in (0.0, WITHIN, PAUSE_S - 0.25):
            clock.now += later
            assert failed(watch, clock, 0.0) == SILENT
        clock.now += 0.25
        assert opened(watch, clock, 0.0) == WITHIN


@pytest.mark.parametrize(
    ("took", "within", "is_silence"),
    [
        (SILENT_S, WITHIN, True),
        (SILENT_S - 0.25, WITHIN, False),
        (0.46, 0.5, True),
        (0.44, 0.5, False),
    ],
)
def test_a_long_wait_in_vain_is_silence(
    clock: Clock, took: float, within: float, is_silence: bool
) -> None:
    """Of all the time that there was, or of a second; then nobody asks for a moment."""
    watch = Watch()
    assert failed(watch, clock, took, within) == "no answer"
    if is_silence:
        assert failed(watch, clock, 0.0) == SILENT
        clock.now += PAUSE_S - 0.25
        assert failed(watch, clock, 0.0) == SILENT
        clock.now += 0.25
    assert opened(watch, clock, 0.0) == WITHIN


def test_a_refusal_or_an_answer_ends_a_silence(clock: Clock) -> None:
    """Everybody may ask again, with all the time there is."""
    watch = Watch()
    opened(watch, clock, 0.1)
    watch.silence()
    assert failed(watch, clock, 0.1) == "no answer"
    assert opened(watch, clock, 0.1) == WITHIN
    watch.silence(60.0)
    assert failed(watch, clock, 0.0) == SILENT
    watch.answer()
    assert opened(watch, clock, 0.1) == WITHIN
    watch.silence()
    opened(watch, clock, 0.1)
    assert opened(watch, clock, 0.1) == WITHIN


def test_what_ends_otherwise_is_neither(clock: Clock) -> None:
    """A worker that is ended says nothing of the database."""
    watch = Watch()
    with pytest.raises(SystemExit), watch.opening(WITHIN):
        wait(clock, 9.0, SystemExit())
    assert opened(watch, clock, 0.0) == WITHIN
