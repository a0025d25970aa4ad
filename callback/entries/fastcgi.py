"""A FastCGI responder: one request at a time, as web servers and their process managers want it.

FastCGI specification 1.0, sections 3 and 5. A connection carries one request after the other,
never two at once. For mod_fcgid `serve` is a process of its own, and the web server starts as many
as it needs; behind nginx gunicorn does that, and deploy/gunicorn.conf.py calls `answer`.
"""

from __future__ import annotations

import signal
import socket
import struct
import sys
import time
import traceback
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

from callback.entries.cgi import longest
from callback.limits import MAX_VARIABLES
from callback.request import CHUNKED

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

LOOK_S = 1  # how soon an idle process notices a new release
LISTENER = 0  # the web server hands over a listening socket in the place of standard input
PIECE = 65536
HEADER = struct.Struct(">BBHHBx")  # version, type, request, length, padding
LONG = struct.Struct(">I")
VERSION = 1
BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6
RESPONDER = (0, 1)
KEEP_CONNECTION = 1
MAX_CONTENT = 65528  # of one record: the most that needs no padding
# How a request without a body begins, when it is the first of its link; behind the role stand the
# flags. Then come its variables, as a record of their own, and the ends of these and of the body.
BEGINNING = bytes([VERSION, BEGIN_REQUEST, 0, 1, 0, 8, 0, 0, *RESPONDER])
FLAGS_AT, HEADER_AT, VARIABLES_AT = 10, 16, 24
ENDING = HEADER.pack(VERSION, PARAMS, 1, 0, 0) + HEADER.pack(VERSION, STDIN, 1, 0, 0)
# The end of what an answer says, and the answer's own: exit status 0, protocol status 0.
ANSWERED = struct.Struct(">BBHHBx BBHHBx 8x")
WSGI: dict[str, Any] = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,  # as gunicorn.conf.py calls it
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,  # all of a body is there before the program is called
}


class GarbledError(Exception):
    """What came is not a request of FastCGI."""


class Incoming:
    """What comes over a link, in as few reads as it took to send it."""

    def __init__(self, link: socket.socket, end: float | None = None) -> None:
        """All of it is there at `end`, by the monotonic clock, or is not waited for."""
        self.link = link
        self._end = end
        self._bytes = b""
        self._at = 0

    def record(self) -> tuple[int, int, bytes]:
        """The type of the next record, its request's number, and what it holds.

        EOFError when the web server has left, TimeoutError when it is silent; GarbledError.
        """
        if len(self._bytes) - self._at < HEADER.size:
            self._wait_for(HEADER.size)
        version, kind, number, length, padding = HEADER.unpack_from(self._bytes, self._at)
        if version != VERSION:
            raise GarbledError("it does not begin as FastCGI does")
        whole = HEADER.size + length + padding
        if len(self._bytes) - self._at < whole:
            self._wait_for(whole)
        begin = self._at + HEADER.size
        self._at += whole
        return kind, number, self._bytes[begin : begin + length]

    def piece(self) -> bytes:
        """What has come so far, or comes first; it is still to be read."""
        if self._at == len(self._bytes):
            self._bytes, self._at = self._receive(), 0
        return self._bytes[self._at :]

    def skip(self, length: int) -> None:
        """Have so much of `piece` read."""
        self._at += length

    def _wait_for(self, length: int) -> None:
        while len(self._bytes) - self._at < length:
            self._bytes = self._bytes[self._at :] + self._receive()
            self._at = 0

    def _receive(self) -> bytes:
        try:  # a request is there as soon as the link is
            piece = self.link.recv(PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            if self._end is not None:
                self.link.settimeout(max(self._end - time.monotonic(), 0.001))
            piece = self.link.recv(PIECE)
            self.link.settimeout(None)
        if not piece:
            raise EOFError
        return piece


class Request(NamedTuple):
    """One request, whole."""

    number: int
    keep: bool  # the link, for another one
    environ: dict[str, str]
    body: bytes


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
        with suppress(OSError):  # nobody came
            link, _ = listener.accept()
            stopping.busy = True
            with link:
                _converse(application, link)
        stopping.busy = False
        if stopping.asked:
            sys.exit(0)
    listener.detach()


def _converse(application: WSGIApplication, link: socket.socket) -> None:
    """Answer all requests of one connection. An answer that fails is the web server's to give."""
    incoming = Incoming(link)
    with suppress(OSError, EOFError):  # the web server has left
        try:
            while answer(application, incoming):
                pass
        except (OSError, EOFError):
            raise
        except Exception:
            traceback.print_exc()


def answer(application: WSGIApplication, incoming: Incoming) -> bool:
    """Answer one request, and say whether the link waits for another.

    EOFError and OSError when the web server has left or is silent, GarbledError when it is none;
    what the application raises goes through, and nothing is answered then.
    """
    request = _at_once(incoming) or _read(incoming)
    environ = _environ(request)
    environ["callback.link"] = incoming.link
    incoming.link.sendall(_packed(request.number, _respond(application, environ)))
    return request.keep


def _at_once(incoming: Incoming) -> Request | None:
    """A request that has come in one piece and has no body, as nearly all; None: it is another."""
    piece = incoming.piece()
    if not piece.startswith(BEGINNING) or len(piece) < VARIABLES_AT:
        return None
    version, kind, number, length, padding = HEADER.unpack_from(piece, HEADER_AT)
    end = VARIABLES_AT + length
    if (version, kind, number) != (VERSION, PARAMS, 1) or piece[end + padding :] != ENDING:
        return None
    incoming.skip(len(piece))
    is_kept = bool(piece[FLAGS_AT] & KEEP_CONNECTION)
    return Request(number, is_kept, _variables(piece[VARIABLES_AT:end]), b"")


def _read(incoming: Incoming) -> Request:
    environ: dict[str, str] = {}
    keep, raw, body = False, b"", bytearray()
    while True:
        kind, number, content = incoming.record()
        if kind == BEGIN_REQUEST and tuple(content[:2]) == RESPONDER:
            keep, raw, environ, body = bool(content[2] & KEEP_CONNECTION), b"", {}, bytearray()
        elif kind == PARAMS and content:
            raw += content
            if len(raw) > MAX_VARIABLES:
                raise GarbledError(f"its variables have over {MAX_VARIABLES} bytes")
        elif kind == PARAMS:
            environ = _variables(raw)
        elif kind == STDIN and not environ:
            raise GarbledError("its variables do not end")
        elif kind == STDIN and content:
            # One byte more than allowed tells the program that there is too much.
            body += content[: longest(environ) + 1 - len(body)]
        elif kind == STDIN:
            return Request(number, keep, environ, bytes(body))
        elif kind == ABORT_REQUEST:
            raise EOFError
        else:
            raise GarbledError(f"it has a record of type {kind} that no web server sends")


def _environ(request: Request) -> dict[str, Any]:
    """What WSGI wants to be told of a request."""
    environ: dict[str, Any] = request.environ
    if environ.pop("HTTP_TRANSFER_ENCODING", None):  # a body in pieces has no length of its own
        environ |= {"CONTENT_LENGTH": str(len(request.body)), CHUNKED: "1"}
    environ |= WSGI
    environ["wsgi.url_scheme"] = (
        "https" if environ.get("HTTPS", "").lower() in ("on", "1") else "http"
    )
    environ["wsgi.input"] = BytesIO(request.body)
    environ["wsgi.errors"] = sys.stderr
    return environ


def _variables(raw: bytes) -> dict[str, str]:
    """Read a request's variables, and take the address as the caller wrote it.

    nginx has no variable for that which is only decoded: what it calls the script's name is an
    address in which `/x/..` is done away with.
    """
    variables = _pairs(raw)
    if "PATH_INFO" not in variables:
        path, _, query = variables.get("REQUEST_URI", "").partition("#")[0].partition("?")
        if "%" in path:
            path = unquote_to_bytes(path.encode("latin-1")).decode("latin-1")
        variables |= {"SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query}
    return variables


def _pairs(raw: bytes) -> dict[str, str]:
    """Read names and values, each pair behind its two lengths; WSGI wants bytes as Latin-1.

    What a caller sends twice is joined, as RFC 9110 has it: nothing of it is dropped in silence.
    """
    variables: dict[str, str] = {}
    text, at, end = raw.decode("latin-1"), 0, len(raw)
    try:
        while at < end:
            name_length, value_length, at = raw[at], raw[at + 1], at + 2
            if name_length | value_length >= 0x80:  # hardly ever
                name_length, at = _length(raw, at - 2)
                value_length, at = _length(raw, at)
            value_at = at + name_length
            name = text[at:value_at]
            at = value_at + value_length
            value = text[value_at:at]
            if name in variables and name.startswith("HTTP_"):
                value = f"{variables[name]},{value}"
            variables[name] = value
    except (IndexError, struct.error):
        at = -1
    if at != end:
        raise GarbledError("a variable of it is cut off")
    return variables


def _length(raw: bytes, at: int) -> tuple[int, int]:
    """A length is one byte, or four of which the first has its highest bit set."""
    if raw[at] < 0x80:
        return raw[at], at + 1
    return LONG.unpack_from(raw, at)[0] & 0x7FFFFFFF, at + LONG.size


def _respond(application: WSGIApplication, environ: dict[str, Any]) -> bytes:
    """Call the application; its answer as CGI has it."""
    head: list[str] = []
    pieces: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _: object = None, /
    ) -> Callable[[bytes], object]:
        head[:] = [f"Status: {status}", *[f"{name}: {value}" for name, value in headers]]
        return pieces.append

    result = application(environ, start_response)
    try:
        pieces.extend(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    return "\r\n".join([*head, "", ""]).encode("latin-1") + b"".join(pieces)


def _packed(request: int, answer: bytes) -> bytearray:
    packed = bytearray()
    for at in range(0, len(answer), MAX_CONTENT):
        piece = answer[at : at + MAX_CONTENT]
        packed += HEADER.pack(VERSION, STDOUT, request, len(piece), 0) + piece
    packed += ANSWERED.pack(
        *(VERSION, STDOUT, request, 0, 0), *(VERSION, END_REQUEST, request, 8, 0)
    )
    return packed
