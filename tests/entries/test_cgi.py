"""CGI: half a body holds its process for a few seconds, and is never taken for whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROGRAM = """
from callback.entries import cgi
from callback.request import CutOffError, Request
cgi.ARRIVAL_S = 0.3

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    try:
        return [b"whole, %d bytes" % len(Request(environ).body(cgi.MAX_LIST))]
    except CutOffError:
        return [b"cut off"]

cgi.serve(application)
"""
CHUNKS = {"HTTP_TRANSFER_ENCODING": "chunked"}
LIST = {"PATH_INFO": "/exchange/token/customers"}
SECONDS = 6  # that a piece of a list buys
PIECE = b"x" * 10_000 * SECONDS


def answered(pieces: Sequence[bytes], request: Mapping[str, str]) -> bytes:
    """The answer of a process that is sent these, each a little later, and no end."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env=os.environ | {"REQUEST_METHOD": "POST", "PATH_INFO": "/qiwi", **request},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    with closing(process.stdin), closing(process.stdout):
        with suppress(BrokenPipeError):  # it has not waited for this one
            for piece in pieces:
                process.stdin.write(piece)
                process.stdin.flush()
                time.sleep(0.6 if len(pieces) > 1 else 0)
        try:
            process.wait(60)
        finally:
            process.kill()
            process.wait()
        return process.stdout.read().rpartition(b"\n")[2]


@pytest.mark.parametrize("request_", [{"CONTENT_LENGTH": "100"}, CHUNKS], ids=["length", "chunks"])
def test_half_a_body_is_not_waited_for(request_: dict[str, str]) -> None:
    """A bank sends its few bytes at once; in chunks half of them look whole."""
    assert answered([b"command="], request_) == b"cut off"


@pytest.mark.slow
def test_a_list_may_take_its_time_but_comes() -> None:
    """Each piece of it gives the next one more."""
    length = {"CONTENT_LENGTH": str(2 * len(PIECE))}

    assert answered([PIECE, PIECE], length | LIST) == b"whole, %d bytes" % (2 * len(PIECE))
    assert answered([b"x"], length | LIST) == b"cut off"
