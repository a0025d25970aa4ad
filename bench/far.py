"""A pay whose database is far away."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

from bench.figures import TURNS, Figure, ask, call
from bench.load import LoadError
from bench.servers import Gunicorn
from tests.support.processes import HOST

if TYPE_CHECKING:
    from typing_extensions import Self

    from bench.data import Books
    from bench.figures import Bench

FAR_S = 0.02  # there and back
PAYS = 50


def far_database(bench: Bench, books: Books) -> list[Figure]:
    """Count the round trips of a pay by their time: on a connection that is there, on a new one."""
    with Line(books.server.port) as line:
        url = books.server.url(books.name, port=line.port)
        with Gunicorn(bench.programs, url, bench.folder / "far", ["-w", "1"]) as ours:
            ask(ours.url, call("check", "1"))
            usual = [_pay(ours.url) for _ in range(PAYS)]
            first = []
            for _ in range(TURNS):
                line.cut()
                first.append(_pay(ours.url))
    p50, new = statistics.median(usual) / FAR_S, statistics.median(first) / FAR_S
    where = f"MySQL {FAR_S * 1000:.0f} ms away"
    return [
        Figure(f"{where}: p50 of a pay, in round trips", f"{p50:.2f}", "<= 1.25", p50 <= 1.25, ""),
        Figure(f"{where}: its first pay", f"{new:.2f}", "<= 4", new <= 4, "with the login"),
    ]


def _pay(url: str) -> float:
    started = time.perf_counter()
    answer = ask(url, call("pay", str(time.time_ns())))
    seconds = time.perf_counter() - started
    if "<result>0</result>" not in answer:
        raise LoadError(f"far away: {answer}")
    return seconds


class Line:
    """A long line to a server: what goes in comes out later, and in order."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Close what is open now."""
        while self._ends:
            with suppress(OSError):
                self._ends.pop().shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection((HOST, self._target))
                for source, target in ((client, server), (server, client)):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._ends.append(source)
                    pieces: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
                    for run, end in ((_take, source), (_give, target)):
                        threading.Thread(target=run, args=(end, pieces), daemon=True).start()


def _take(source: socket.socket, pieces: SimpleQueue[tuple[float, bytes]]) -> None:
    piece = b"first"
    while piece:
        try:
            piece = source.recv(65536)
        except OSError:
            piece = b""
        pieces.put((time.monotonic() + FAR_S / 2, piece))


def _give(target: socket.socket, pieces: SimpleQueue[tuple[float, bytes]]) -> None:
    with suppress(OSError):
        while True:
            due, piece = pieces.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not piece:
                break
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
