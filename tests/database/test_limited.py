"""A connection's time: one end for all waits of a statement, by a clock that the test moves on."""

from __future__ import annotations

import io
import socket
import struct
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pymysql.constants.COMMAND import COM_QUERY

from callback.database import answers, limited
from callback.database.limited import LimitedConnection
from callback.limits import SLACK_S
from tests.database.test_answers import COLUMNS, ROWS, Pieces, done, listed

if TYPE_CHECKING:
    from collections.abc import Callable


class Socket:
    """Notes what is sent, and knows how long it may wait."""

    def __init__(self, limit: float) -> None:
        self.sent = b""
        self.limit = limit
        self.arrives: Pieces = Pieces()

    def settimeout(self, seconds: float) -> None:
        self.limit = seconds

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def recv_into(self, buffer: Any) -> int:
        return self.arrives.readinto(buffer)

    def close(self) -> None:
        pass


class Raw(Pieces):
    """What has arrived at a socket."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True
        super().close()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Our monotonic clock."""
    made = [100.0]
    monkeypatch.setattr(limited, "time", SimpleNamespace(monotonic=lambda: made[0]))
    return made


@pytest.fixture
def link(now: list[float]) -> Any:
    """Opened within four seconds, but to nowhere."""
    made: Any = LimitedConnection(within=4.0, defer_connect=True, ssl_disabled=True)
    made._sock = Socket(4.0)  # noqa: SLF001
    made._current_timeout = 4.0  # noqa: SLF001 - as PyMySQL leaves it when it has connected
    made.server_status = 0
    return made


def hears(link: Any, *pieces: bytes) -> Raw:
    """Let this be what arrives."""
    raw = link._sock.arrives = Raw(*pieces)  # noqa: SLF001
    link._rfile = io.BufferedReader(raw)  # noqa: SLF001
    return raw


WAYS: dict[str, Callable[[Any], object]] = {
    "read": lambda link: link._rfile.read(1),  # noqa: SLF001
    "write": lambda link: link._write_bytes(b"x"),  # noqa: SLF001
}


@pytest.mark.parametrize("way", WAYS)
def test_each_wait_is_as_long_as_there_is_time(link: Any, now: list[float], way: str) -> None:
    """Whether to read or to write; a little may be lost, for to set a limit costs more."""
    assert (link._read_timeout, link._write_timeout) == (4.0, 4.0)  # noqa: SLF001
    for since, limit in (
        (0.0, 4.0),
        (SLACK_S, 4.0),  # not yet more than that
        (0.25, 3.75),
        (0.25 + SLACK_S / 2, 3.75),
        (1.5, 2.5),
        (3.5, 0.5),
        (4.5, 0.001),  # not 0, which would be no wait at all
    ):
        now[0] = 100.0 + since
        hears(link, b"x")
        WAYS[way](link)
        assert link._sock.limit == link._current_timeout == pytest.approx(limit)  # noqa: SLF001


def test_each_statement_has_its_own_time(link: Any, now: list[float]) -> None:
    """However long it is since the connection was opened."""
    now[0] = 200.0
    link.allow(3.0)
    assert (link._read_timeout, link._write_timeout) == (3.0, 3.0)  # noqa: SLF001
    WAYS["write"](link)
    assert link._sock.limit == 3.0  # noqa: SLF001
    now[0] = 202.0
    WAYS["write"](link)
    assert link._sock.limit == pytest.approx(1.0)  # noqa: SLF001


def test_a_command_may_have_its_time_for_each_read(link: Any, now: list[float]) -> None:
    """A list of any length has no end."""
    link.allow_each(600.0)
    now[0] += 1e6
    WAYS["write"](link)
    assert link._sock.limit == 600.0  # noqa: SLF001
    assert (link._read_timeout, link._write_timeout) == (600.0, 600.0)  # noqa: SLF001


def test_what_is_read_and_written_is_as_it_was(link: Any) -> None:
    """Nothing of it is lost; the socket's own file is closed with ours, and there may be none."""
    raw = hears(link, b"some", b"thing")
    assert link._rfile.read(9) == b"something"  # noqa: SLF001
    WAYS["write"](link)
    assert link._sock.sent == b"x"  # noqa: SLF001
    link._rfile.close()  # noqa: SLF001
    assert raw.is_closed
    link._rfile = None  # noqa: SLF001
    assert link._rfile is None  # noqa: SLF001


def sent(*statements: str) -> bytes:
    """Statements as they are sent, a packet each."""
    packets = [bytes([COM_QUERY]) + statement.encode() for statement in statements]
    return b"".join(len(packet).to_bytes(3, "little") + b"\0" + packet for packet in packets)


def test_statements_are_sent_at_once_and_answered_one_after_the_other(link: Any) -> None:
    """A round trip for all; the last one's rows are what is wanted."""
    hears(link, done(0, 0) + done(1, 7), listed(ROWS[:1]))
    assert link.ask_at_once("SET x", "SET y", "SELECT я") == (tuple(ROWS[0].values()),)
    assert link._sock.sent == sent("SET x", "SET y", "SELECT я")  # noqa: SLF001


def test_a_statement_is_sent_with_its_values(link: Any) -> None:
    """And its answer is remembered by its text without them."""
    for value in (1, 2):
        link._sock.sent = b""  # noqa: SLF001
        hears(link, listed(ROWS[:1]))
        answer = link.ask("SELECT %(x)s, '%%'", {"x": value})
        assert answer == (ROWS[:1], 1, 0)
        assert link._sock.sent == sent(f"SELECT {value}, '%'")  # noqa: SLF001
    assert answers._known["SELECT %(x)s, '%%'"].names == [name for name, *_ in COLUMNS]  # noqa: SLF001


def test_a_new_connection_is_told_its_letters_with_all_else(link: Any) -> None:
    """PyMySQL's own question would cost a round trip."""
    link.set_character_set("utf8mb4")
    assert link._sock.sent == b""  # noqa: SLF001


def kernels(link: socket.socket) -> list[tuple[int, int]]:
    """How long the kernel lets it wait to read and to write: seconds, microseconds."""
    return [
        struct.unpack("@ll", link.getsockopt(socket.SOL_SOCKET, option, 16))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO)
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="another kernel has other limits")
def test_the_kernel_ends_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does; elsewhere Python does."""
    assert limited.HAS_TIMES is (struct.calcsize("@l") == 8)
    one, other = socket.socketpair()
    with one, other:
        limited._limit(one, 3.5)  # noqa: SLF001
        assert one.gettimeout() is None
        assert kernels(one) == [(3, 500_000)] * 2
        for seconds in (0.0, 0.001):  # 0 would mean for ever
            limited._limit(one, seconds)  # noqa: SLF001
            assert {whole for whole, _ in kernels(one)} == {0}
            assert all(0 < part <= 10_000 for _, part in kernels(one))
        monkeypatch.setattr(limited, "HAS_TIMES", False)
        limited._limit(other, 2.5)  # noqa: SLF001
        assert other.gettimeout() == 2.5
        assert kernels(other) == [(0, 0)] * 2


@pytest.mark.parametrize("error", [BlockingIOError, TimeoutError])
def test_who_has_waited_in_vain_does_not_wait_again(link: Any, error: type[Exception]) -> None:
    """Whoever said so, the kernel or Python; what comes later is another statement's."""
    hears(link, b"x")
    asked: list[int] = []

    def recv_into(_: object) -> int:
        asked.append(1)
        raise error

    link._sock.recv_into = recv_into  # noqa: SLF001
    for _ in range(2):
        with pytest.raises(TimeoutError) as caught:
            link._rfile.read(1)  # noqa: SLF001
        assert str(caught.value) == "timed out"
    assert asked == [1]
