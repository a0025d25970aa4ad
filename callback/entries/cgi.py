"""A CGI program: one request, one process."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO
from wsgiref.handlers import BaseCGIHandler, read_environ

from callback.limits import MAX_BODY, MAX_LIST
from callback.request import CHUNKED

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PIECE = 65536


def serve(application: WSGIApplication) -> None:
    """Answer the request that the web server has put into the environment."""
    environ = read_environ()
    respond(application, environ, _body(sys.stdin.buffer, environ), sys.stdout.buffer)


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


def _body(stream: BinaryIO, environ: dict[str, str]) -> bytes:
    """Read all of the body: Apache cuts the answer off when some is left.

    One byte more than allowed is kept, and tells the program that there is too much.
    """
    length = environ.get("CONTENT_LENGTH", "")
    left = int(length) if length.isdecimal() else 0
    if "HTTP_TRANSFER_ENCODING" in environ:
        left = sys.maxsize  # the web server ends it
    body, most = bytearray(), longest(environ)
    while left and (piece := stream.read(min(left, PIECE))):
        left -= len(piece)
        body += piece[: most + 1 - len(body)]
    return bytes(body)
