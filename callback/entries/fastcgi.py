"""A FastCGI responder: one request at a time, as web servers' process managers want it.

FastCGI specification 1.0, sections 3 and 5. A connection carries one request after the other,
never two at once, and the web server starts as many processes as it needs.
"""

from __future__ import annotations

import signal
import socket
import struct
import sys
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from callback.entries.cgi import longest, respond

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed.wsgi import WSGIApplication

LOOK_S = 1  # how soon an idle process notices a new release
LISTENER = 0  # the web server hands over a listening socket in the place of standard input
HEADER = struct.Struct(">BBHHBx")  # version, type, request, length, padding
VERSION = 1
BEGIN_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
KEEP_CONNECTION = 1
MAX_CONTENT = 65528  # of one record: the most that needs no padding
REQUEST_COMPLETE = bytes(8)  # exit status 0, protocol status 0


class Record(NamedTuple):
    """One record, without its padding."""

    kind: int
    request: int
    content: bytes


class Stopping:
    """A polite end: at once while waiting for work, otherwise after the request in hand."""

    def __init__(self) -> None:
        self.asked = False
        self.busy = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True
        if not self.busy:
            sys.exit(0)


def serve(application: WSGIApplication, is_current: Callable[[], bool] = lambda: True) -> None:
    """Answer requests until SIGTERM ends the process, or there is another release to be started.

    The listener is left as it was: whatever is started in this process' place goes on with it.
    """
    stopping = Stopping()
    listener = socket.socket(fileno=LISTENER)
    listener.settimeout(LOOK_S)
    while is_current():
        with suppress(OSError):  # nobody came, or the web server has left
            link, _ = listener.accept()
            stopping.busy = True
            with link, link.makefile("rb") as stream:
                _converse(application, stream, link)
        stopping.busy = False
        if stopping.asked:
            sys.exit(0)
    listener.detach()


def _converse(application: WSGIApplication, stream: BinaryIO, link: socket.socket) -> None:
    """Answer all requests of one connection; OSError when the web server has left."""
    keep, raw, body = False, b"", bytearray()
    environ: dict[str, str] = {}
    for record in _records(stream):
        if record.kind == BEGIN_REQUEST:
            keep, raw, body = bool(record.content[2] & KEEP_CONNECTION), b"", bytearray()
        elif record.kind == PARAMS and record.content:
            raw += record.content
        elif record.kind == PARAMS:
            environ = dict(_pairs(raw))
        elif record.kind == STDIN and record.content:
            # One byte more than allowed tells the program that there is too much.
            body += record.content[: longest(environ) + 1 - len(body)]
        elif record.kind == STDIN:
            answer = BytesIO()
            respond(application, environ, bytes(body), answer)
            link.sendall(_packed(record.request, answer.getvalue()))
            if not keep:
                return


def _records(stream: BinaryIO) -> Iterator[Record]:
    while len(header := stream.read(HEADER.size)) == HEADER.size:
        _, kind, request, length, padding = HEADER.unpack(header)
        content = stream.read(length)
        stream.read(padding)
        yield Record(kind, request, content)


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    """Read names and values, each pair behind its two lengths; WSGI wants bytes as Latin-1."""
    stream = BytesIO(raw)
    while first := stream.read(1):
        lengths = [_length(first, stream), _length(stream.read(1), stream)]
        name, value = (stream.read(length).decode("latin-1") for length in lengths)
        yield name, value


def _length(first: bytes, rest: BytesIO) -> int:
    """A length is one byte, or four of which the first has its highest bit set."""
    if first < b"\x80":
        return int.from_bytes(first, "big")
    return int.from_bytes(first + rest.read(3), "big") & 0x7FFFFFFF


def _packed(request: int, answer: bytes) -> bytes:
    pieces = [answer[at : at + MAX_CONTENT] for at in range(0, len(answer), MAX_CONTENT)]
    packed = bytearray()
    for piece in [*pieces, b""]:  # the empty one ends the stream
        packed += HEADER.pack(VERSION, STDOUT, request, len(piece), 0) + piece
    packed += HEADER.pack(VERSION, END_REQUEST, request, len(REQUEST_COMPLETE), 0)
    return bytes(packed + REQUEST_COMPLETE)
