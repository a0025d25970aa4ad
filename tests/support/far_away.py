"""A long line to a server of this machine: what is sent to 127.0.0.3 arrives later."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from queue import Queue
from typing import TYPE_CHECKING

from tests.support.processes import HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

FAR = "127.0.0.3"
Piece = tuple[float, bytes]


class FarAway:
    """Carries every port to 127.0.0.1, half of `round_trip_s` later, each way.

    `waited` is the time that somebody has waited for the line: a turn of the talk is half a trip.
    """

    def __init__(self, ports: Sequence[int], round_trip_s: float) -> None:
        self.waited = 0.0
        self._delay = round_trip_s / 2
        self._ports = ports
        self._doors: list[socket.socket] = []
        self._links: list[socket.socket] = []

    def __enter__(self) -> Self:
        for port in self._ports:
            door = socket.create_server((FAR, port))
            self._doors.append(door)
            threading.Thread(target=self._keep, args=(door, port), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for link in (*self._doors, *self._links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()

    def _keep(self, door: socket.socket, port: int) -> None:
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                self._wait(2)  # to shake hands
                server = socket.create_connection((HOST, port))
                self._links += client, server
                turn = _Turn(self)
                for source, target in ((client, server), (server, client)):
                    pieces: Queue[Piece] = Queue()
                    for work, link in ((self._read, source), (self._write, target)):
                        threading.Thread(
                            target=work, args=(link, pieces, turn), daemon=True
                        ).start()

    def _wait(self, times: int) -> None:
        self.waited += times * self._delay
        time.sleep(times * self._delay)

    def _read(self, source: socket.socket, pieces: Queue[Piece], turn: _Turn) -> None:
        piece = b"-"
        while piece:
            try:
                piece = source.recv(65536)
            except OSError:
                piece = b""
            turn.of(source, self._delay)
            pieces.put((time.monotonic() + self._delay, piece))

    def _write(self, target: socket.socket, pieces: Queue[Piece], turn: _Turn) -> None:
        with suppress(OSError):
            while True:
                when, piece = pieces.get()
                time.sleep(max(0.0, when - time.monotonic()))
                if not piece:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(piece)


class _Turn:
    """Who of two spoke last: whoever answers has waited."""

    def __init__(self, line: FarAway) -> None:
        self._line = line
        self._last: socket.socket | None = None

    def of(self, speaker: socket.socket, delay: float) -> None:
        if speaker is not self._last:
            self._line.waited += delay
        self._last = speaker
