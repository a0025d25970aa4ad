"""One HTTP request as a WSGI server hands it over, as far as a bank's call needs it.

Of Flask's request there is nothing here: making its objects, and importing them, would take longer
than all the rest of a call.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from typing import TYPE_CHECKING

from callback.limits import MAX_BODY

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Where Linux's tcp_info has the milliseconds since the last data came, a whole number of 32 bits.
_SINCE_DATA = slice(52, 56)
# The kernel counts in ticks of up to so many: what came just now may seem as old as one.
_TICK_MS = 10
LOOK = int(getattr(socket, "MSG_PEEK", 0) | getattr(socket, "MSG_DONTWAIT", 0))
# Of a caller who has left: longer than anybody may wait.
LEFT_S = 1e9
# A host ends a CGI program long before; what says more is no time of ours.
LONGEST_START_S = 60
# An entry that has read a body in chunks to its end says so here: its length is then known.
CHUNKED = "callback.chunked"
_LENGTH = re.compile("[0-9]{1,4000}")


class CutOffError(Exception):
    """The caller has left before all of the body was there."""


class TooLongError(Exception):
    """The body is longer than any bank's; it was not read to its end."""


class Request:
    """What is asked, and of what kind; the body is read when it is asked for, once."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        self.environ = environ
        self.method = environ.get("REQUEST_METHOD", "GET").upper()
        # WSGI's texts are bytes, each as one character.
        self.query = environ.get("QUERY_STRING", "").encode("latin-1")
        # By CGI: how long ago the process began that was started for this request alone.
        self.lead = process_age() if environ.get("wsgi.run_once") else 0.0

    @property
    def content_type(self) -> str:
        """In lower case, without parameters."""
        kind: str = self.environ.get("CONTENT_TYPE", "").partition(";")[0]
        return kind.strip(" \t").lower()

    @property
    def age(self) -> float:
        """How many seconds ago it came, as far as gunicorn or the web server lets us know.

        It may have lain in a queue: the bank may have given up meanwhile, and have been told that
        there is no such payment.
        """
        link = self.environ.get("gunicorn.socket") or self.environ.get("callback.link")
        if not isinstance(link, socket.socket) or sys.platform != "linux":
            return self._queued_by_apache()
        # A web server, which leaves when its caller does.
        if "CALLBACK_CAME_AT" in self.environ or link.family == socket.AF_UNIX:
            return LEFT_S if _has_left(link) else self._queued()
        came = getattr(link, "came", None)  # by TLS: gunicorn.conf.py
        return waited(link) if came is None else time.monotonic() - came

    def _queued(self) -> float:
        """How long it has lain in the queue of a web server that said when it passed it on."""
        try:
            # Not a header: no caller can write it.
            return max(0.0, time.time() - float(self.environ["CALLBACK_CAME_AT"]))
        except (KeyError, ValueError):
            return 0.0

    def _queued_by_apache(self) -> float:
        """How long it has lain in the queue of mod_wsgi; 0 where Apache itself is the process."""
        microseconds = int(self.environ.get("mod_wsgi.queue_start") or 0)
        return max(0.0, time.time() - microseconds / 1e6) if microseconds else 0.0

    @property
    def tells_length(self) -> bool:
        """Whether the body says how long it is; one in chunks may end early, and nobody knows."""
        return self._length() is not None and not self.environ.get(CHUNKED)

    def body(self, longest: int = MAX_BODY) -> bytes:
        """Read the body; CutOffError, or TooLongError before a long one is read."""
        length = self._length()
        # Where nothing tells how long it is, only a server that sees its end can be read from.
        unknown = longest + 1 if "wsgi.input_terminated" in self.environ else 0
        if (length or 0) > longest:
            raise TooLongError
        body = self._read(unknown if length is None else length)
        if len(body) > longest:
            raise TooLongError
        if len(body) < (length or 0):
            raise CutOffError  # half a number is another number
        return body

    def _length(self) -> int | None:
        """How long the body says it is; None where it does not, as in chunks."""
        length = self.environ.get("CONTENT_LENGTH", "").strip(" \t")
        codings = self.environ.get("HTTP_TRANSFER_ENCODING", "").lower().split(",")
        if "chunked" in map(str.strip, codings) or not _LENGTH.fullmatch(length):
            return None
        return int(length)

    def _read(self, wanted: int) -> bytes:
        stream, body = self.environ["wsgi.input"], bytearray()
        try:
            while len(body) < wanted and (piece := stream.read(wanted - len(body))):
                body += piece
        except (OSError, ValueError) as error:  # chunks that are none, a link that was cut
            raise CutOffError from error
        return bytes(body)


def waited(link: socket.socket) -> float:
    """How many seconds ago the last data came over a link by TCP, as Linux tells."""
    if sys.platform != "linux":
        return 0.0
    try:
        info = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SINCE_DATA.stop)
    except OSError:
        return 0.0
    since = int.from_bytes(info[_SINCE_DATA], sys.byteorder)
    return max(0, since - _TICK_MS) / 1000


def process_age() -> float:
    """How many seconds ago this process began, as Linux tells: before Python did."""
    try:
        with open("/proc/self/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        return 0.0
    return age if 0 < age < LONGEST_START_S else 0.0


def _has_left(link: socket.socket) -> bool:
    try:
        return link.recv(1, LOOK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
