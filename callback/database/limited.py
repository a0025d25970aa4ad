"""A connection of PyMySQL whose waits end at one time, however many of them there are.

PyMySQL has a time limit for each read. Logging in takes many, and a server may send its answer
byte by byte.
"""

from __future__ import annotations

import io
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants.COMMAND import COM_QUERY
from pymysql.cursors import DictCursor

from callback.database.answers import Answer, read
from callback.database.driver import written
from callback.limits import SLACK_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import WriteableBuffer

    Base = pymysql.Connection[DictCursor]
else:
    Base = pymysql.Connection

NO_TIME_S = 0.001  # 0 would mean: do not wait at all, and fail otherwise
# Where the kernel ends a wait; Python's own time-out asks it before each write and each read.
HAS_TIMES = sys.platform == "linux" and sys.maxsize > 2**32
TIMEVAL = struct.Struct("@ll")  # seconds, microseconds


class LimitedConnection(Base):
    """Opened within so many seconds; then each statement has its own."""

    _read_timeout: float
    _write_timeout: float
    _current_timeout: float
    _result: Any

    def __init__(self, *, within: float, **options: Any) -> None:
        self._file: io.BufferedReader | None = None
        self.allow(within)
        super().__init__(read_timeout=within, write_timeout=within, **options)

    def allow(self, seconds: float) -> None:
        """Give the next statement so long, all its reads together."""
        self._set(time.monotonic() + seconds, seconds)

    def allow_each(self, seconds: float) -> None:
        """Give each read of what follows so long."""
        self._set(float("inf"), seconds)

    def ask_at_once(self, *statements: str) -> Any:
        """Send all of them, then read all answers, in one round trip; return the last one's rows.

        A server takes what has come while it was at work. PyMySQL's own `query` waits each time.
        """
        for statement in statements:
            self._execute_command(COM_QUERY, statement)  # type: ignore[attr-defined]
        for _ in statements:
            self._next_seq_id = 1
            self._read_query_result()  # type: ignore[attr-defined]
        return self._result.rows

    def set_character_set(self, charset: str, collation: str | None = None) -> None:
        """Leave it to `ask_at_once`, and save a round trip."""

    def ask(self, statement: str, values: Mapping[str, Any]) -> Answer:
        """Send a prepared statement with its values in it, and read the answer."""
        self._execute_command(COM_QUERY, written(self, statement, values))  # type: ignore[attr-defined]
        return read(self, statement)

    # PyMySQL has no other places to wait: it reads from a file, and writes packets.

    @property
    def _rfile(self) -> io.BufferedReader | None:
        return self._file

    @_rfile.setter
    def _rfile(self, file: io.BufferedReader | None) -> None:
        self._file = file and io.BufferedReader(
            _Limited(file.detach(), self._sock, self._hurry)  # type: ignore[attr-defined]
        )

    def _write_bytes(self, data: bytes) -> None:
        self._hurry()
        super()._write_bytes(data)  # type: ignore[misc]

    def _set(self, end: float, seconds: float) -> None:
        self._end = end
        self._late = end - seconds + SLACK_S  # from then on the socket would wait too long
        self._read_timeout = self._write_timeout = seconds

    def _hurry(self) -> None:
        if time.monotonic() > self._late:
            self._set(self._end, max(self._end - time.monotonic(), NO_TIME_S))
        if self._current_timeout != self._read_timeout:
            _limit(self._sock, self._read_timeout)  # type: ignore[attr-defined]
            self._current_timeout = self._read_timeout


def _limit(link: Any, seconds: float) -> None:
    """Let no read of a link take longer, and no write.

    A signal begins the kernel's wait anew. It comes to the first thread: in gunicorn nobody waits
    there for the database, elsewhere it is one, which asks the process to end.
    """
    if not HAS_TIMES or type(link) is not socket.socket:  # TLS reads more often than it is asked to
        link.settimeout(seconds)
        return
    link.settimeout(None)
    seconds = max(seconds, NO_TIME_S)  # 0 would mean: for ever
    limit = TIMEVAL.pack(int(seconds), int(seconds % 1 * 1e6))
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


class _Limited(io.RawIOBase):
    """A socket's file that looks at the clock before it waits, and waits in vain only once."""

    def __init__(self, raw: Any, link: Any, hurry: Callable[[], None]) -> None:
        self._raw = raw
        self._link = link
        self._hurry = hurry
        self._is_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._hurry()
        if self._is_over:
            raise TimeoutError("timed out")
        try:
            read: int = self._link.recv_into(buffer)
        except (BlockingIOError, TimeoutError) as error:  # the kernel's word, and Python's
            self._is_over = True
            raise TimeoutError("timed out") from error
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()
