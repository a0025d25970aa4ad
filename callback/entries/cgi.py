"""A CGI program: one request, one process."""

from __future__ import annotations

import os
import select
import sys
import time
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO
from wsgiref.handlers import BaseCGIHandler, read_environ

from callback.limits import ARRIVAL_S, LIST_RATE, MAX_BODY, MAX_LIST
from callback.request import CHUNKED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed.wsgi import WSGIApplication

PIECE = 65536


def serve(application: WSGIApplication) -> None:
    """Answer the request that the web server has put into the environment."""
    environ = read_environ()
    respond(application, environ, _body(sys.stdin.fileno(), environ), sys.stdout.buffer)


def respond(
    application: WSGIApplication, environ: dict[str, str], body: bytes, answer: BinaryIO
) -> None:
    """Write the answer to a request whose body has been read, as CGI wants it."""
    if environ.pop("HTTP_TRANSFER_ENCODING", None):  # a body in pieces has no length of its own
        environ["CONTENT_LENGTH"] = str(len(body))
        environ[CHUNKED] = "1"
    handler = BaseCGIHandler(
        BytesIO(body), answer, sys.stderr, environ, multithread=False, multiprocess=True
    )
    handler.wsgi_run_once = True  # nobody else is answered by this process
    handler.os_environ = {}  # the request's own variables are in environ, in bytes as WSGI wants
    handler.run(application)


def longest(environ: dict[str, str]) -> int:
    """How long a body may be: a bank's is short, the office sends lists."""
    return MAX_LIST if environ.get("PATH_INFO", "").startswith("/exchange/") else MAX_BODY


def _body(stream: int, environ: dict[str, str]) -> bytes:
    """Read all of the body: Apache cuts the answer off when some is left.

    One byte more than allowed is kept, and tells the program that there is too much. What does not
    come in time is not waited for: a host gives an account few processes.
    """
    length = environ.get("CONTENT_LENGTH", "")
    left = int(length) if length.isdecimal() else 0
    if "HTTP_TRANSFER_ENCODING" in environ:
        left = sys.maxsize  # the web server ends it
    body, most = bytearray(), longest(environ)
    try:
        for piece in _pieces(stream, left, LIST_RATE if most == MAX_LIST else sys.maxsize):
            body += piece[: most + 1 - len(body)]
    except TimeoutError:
        if environ.pop("HTTP_TRANSFER_ENCODING", None):  # else it would look whole
            environ["CONTENT_LENGTH"] = str(len(body) + 1)
    return bytes(body)


def _pieces(stream: int, left: int, rate: int) -> Iterator[bytes]:
    """What comes; TimeoutError when it takes longer than at this rate, in bytes a second."""
    end = time.monotonic() + ARRIVAL_S
    while left:
        if not select.select([stream], [], [], max(0, end - time.monotonic()))[0]:
            raise TimeoutError
        if not (piece := os.read(stream, min(left, PIECE))):
            return
        left -= len(piece)
        end += len(piece) / rate
        yield piece
