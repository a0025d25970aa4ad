"""Time at the database: its clock, how long it may be waited for, and whether it answers at all."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from callback.database.errors import DatabaseError
from callback.limits import CLOCK_LASTS_S, LEAST_PATIENCE_S, PATIENCE, PAUSE_S, SILENT_S

if TYPE_CHECKING:
    from collections.abc import Iterator


class ServerClock:
    """The server's clock, as one connection knows it; it is never ahead of the real one.

    Made when the connection is made, of what the server has just said: it said so before we hear
    it. From then on our own monotonic clock goes on, so what this machine's clock is set to, or
    jumps to, does not matter.
    """

    def __init__(self, now: datetime) -> None:
        self._read = time.monotonic()
        self._start = now - timedelta(seconds=self._read)

    def read(self, now: datetime, asked: float) -> None:
        """Note what the server has said to a question of the moment `asked`.

        What is known already is as near as the fastest answer was: a slower one does not count,
        unless the clock was set meanwhile.
        """
        self._read = time.monotonic()
        start = now - timedelta(seconds=self._read)
        if not start <= self._start <= now - timedelta(seconds=asked):
            self._start = start

    @property
    def is_old(self) -> bool:
        """Whether the two clocks may have drifted apart since."""
        return time.monotonic() - self._read > CLOCK_LASTS_S

    def at(self, moment: float) -> datetime:
        """Tell the server's time at a moment of our monotonic clock."""
        return self._start + timedelta(seconds=moment)

    def now(self) -> datetime | None:
        """Tell the server's time to the millisecond: a repeat must not differ by less.

        None when it `is_old`.
        """
        moment = time.monotonic()
        if moment - self._read > CLOCK_LASTS_S:
            return None
        now = self._start + timedelta(seconds=moment)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Watch:
    """Remembers for a moment that the database is silent, so that not everybody waits for it.

    After a silence one caller at a time may open a connection, and has little time for it; the
    others are told at once. Whoever gets an answer ends it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent = False
        self._next_try = 0.0
        self._opened_in: float | None = None

    def silence(self, pause: float = 0.0) -> None:
        """Note that it was waited for the database in vain."""
        with self._lock:
            self._silent, self._next_try = True, time.monotonic() + pause

    def answer(self) -> None:
        """Note that it has answered."""
        self._silent = False

    @contextmanager
    def opening(self, within: float) -> Iterator[float]:
        """Say how long a connection may be opened for; DatabaseError when it is not the time."""
        started = time.monotonic()
        with self._lock:
            silent = self._silent
            if silent and started < self._next_try:
                raise DatabaseError("the database was silent a moment ago")
            if silent:
                within = min(within, self._usual(within))
                self._next_try = started + within + PAUSE_S  # the others: not before that
        try:
            yield within
        except DatabaseError:
            if time.monotonic() - started >= min(SILENT_S, within * 0.9):
                self.silence(PAUSE_S)
            elif silent:
                self.answer()  # if only to refuse
            raise
        self._opened_in = time.monotonic() - started
        self.answer()

    def _usual(self, within: float) -> float:
        return (
            within if self._opened_in is None else max(LEAST_PATIENCE_S, PATIENCE * self._opened_in)
        )
