"""A request of a WSGI server is read as Werkzeug reads it, without Werkzeug."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from io import BytesIO
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request as WerkzeugRequest

from callback.limits import MAX_BODY
from callback.request import (
    CHUNKED,
    LEFT_S,
    CutOffError,
    Request,
    TooLongError,
    process_age,
    waited,
)
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = [
    *(None, "", " ", ";", "Application/JSON; charset=UTF-8", " text/xml ;x", "\ttext/xml\t;a=b"),
    *("text/plain;", "É/x; y", 'multipart/form-data; boundary="a;b"', "\x0btext/xml", "TEXT/İ"),
    "X-text/xmlX",
]
LENGTHS = [
    *(None, "", "0", "3", " 3 ", "\t3", "9", "-1", "-0", "+3", "1_0", "abc", "٣", "003", "3.0"),
    *(
        "3\n",
        "X3",
        "3,3",
        "9" * 30,
        "9" * 5000,
        str(MAX_BODY),
        str(MAX_BODY + 1),
        str(MAX_BODY + 2),
    ),
]
CODINGS = [None, "", "identity", "gzip", "chunked", "Chunked", "gzip, chunked", "GZIP,CHUNKED "]
BODIES = [b"", b"abc", b"x" * MAX_BODY, b"x" * (MAX_BODY + 1), b"x" * (MAX_BODY + 9)]


class Dribble:
    """A stream that gives a part of what is asked for, and breaks where it is told to."""

    def __init__(self, body: bytes, error: Exception | None) -> None:
        self._stream, self._error = BytesIO(body), error

    def read(self, size: int) -> bytes:
        piece = self._stream.read(min(size, 40_000))
        if self._error and not piece:
            raise self._error
        return piece


def environs() -> Iterator[dict[str, Any]]:
    """Whatever a server may hand over, as far as the body's length goes."""
    for length, coding, is_terminated in product(LENGTHS, CODINGS, (False, True)):
        environ = present(CONTENT_LENGTH=length, HTTP_TRANSFER_ENCODING=coding)
        yield environ | ({"wsgi.input_terminated": True} if is_terminated else {})


def present(**variables: str | None) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if value is not None}


def reads_werkzeug(environ: dict[str, Any]) -> bytes | str:
    class Limited(WerkzeugRequest):
        max_content_length = MAX_BODY + 1

    call = Limited(environ)
    try:
        body = call.get_data(cache=False)
    except RequestEntityTooLarge:
        return "too long"
    except ClientDisconnected:
        return "cut off"
    if len(body) > MAX_BODY:
        return "too long"
    return "cut off" if len(body) < (call.content_length or 0) else body


def reads_ours(environ: dict[str, Any]) -> bytes | str:
    try:
        return Request(environ).body()
    except TooLongError:
        return "too long"
    except CutOffError:
        return "cut off"


def whole(environ: dict[str, Any], body: bytes) -> bytes:
    """A server that sees the end of a body hands over no more than its length says."""
    length = environ.get("CONTENT_LENGTH", "").strip(" \t")
    is_chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if "wsgi.input_terminated" in environ and not is_chunked and length.isascii():
        return body[: int(length)] if length.isdecimal() and len(length) < 100 else body
    return body


@pytest.mark.parametrize("body", BODIES, ids=len)
def test_a_body_is_read_as_werkzeug_reads_it(body: bytes) -> None:
    """Whole, too long, or cut off; what is both may be called either."""
    for environ in environs():
        text = whole(environ, body)
        theirs = reads_werkzeug({**environ, "wsgi.input": Dribble(text, None)})
        ours = reads_ours({**environ, "wsgi.input": Dribble(text, None)})
        if environ.get("CONTENT_LENGTH") == str(MAX_BODY + 1) and theirs == "cut off":
            theirs = "too long"
        assert ours == theirs, environ


@pytest.mark.parametrize("error", [OSError("reset"), TimeoutError(), ValueError("no chunk")])
def test_a_link_that_breaks_is_a_body_that_was_cut_off(error: Exception) -> None:
    """Also in chunks, where no length tells."""
    for environ in ({"CONTENT_LENGTH": "9"}, {"HTTP_TRANSFER_ENCODING": "chunked"}):
        ended = {**environ, "wsgi.input_terminated": True, "wsgi.input": Dribble(b"abc", error)}
        assert reads_ours(ended) == "cut off"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", [None, "GET", "post", "head", "FOO"])
@pytest.mark.parametrize("query", [None, "", "a=b&c=%FF", "\xff\xfe="])
def test_what_is_asked_is_what_werkzeug_says(
    kind: str | None, method: str | None, query: str | None
) -> None:
    """Method, query string, type without its parameters."""
    environ = present(CONTENT_TYPE=kind, REQUEST_METHOD=method, QUERY_STRING=query)
    ours, theirs = Request(environ), WerkzeugRequest({**environ, "wsgi.input": BytesIO()})

    assert ours.method == theirs.method
    assert ours.query == theirs.query_string
    assert ours.content_type == theirs.mimetype


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_a_link_that_is_gone_says_nothing_or_that_the_caller_has_left(
    family: socket.AddressFamily,
) -> None:
    """The kernel knows no time of it; a web server would have waited."""
    link = socket.socket(family)
    link.close()
    assert Request({"gunicorn.socket": link}).age == (LEFT_S if family == socket.AF_UNIX else 0.0)


class Told(socket.socket):
    """A link whose last data came so many milliseconds ago, or in TLS at a time of ours."""

    def __init__(self, since_ms: int = 0) -> None:
        super().__init__()
        self._since = since_ms.to_bytes(4, sys.byteorder)

    def getsockopt(self, *wanted: int) -> bytes:  # type: ignore[override]
        assert wanted == (socket.IPPROTO_TCP, socket.TCP_INFO, 56)
        return b"\xff" * 52 + self._since


class TLS(Told):
    """By TLS the kernel's time is that of a record that may be read long since."""

    came = 1000.0


@pytest.mark.parametrize("name", ["gunicorn.socket", "callback.link"])
def test_the_age_of_a_call_by_tcp_is_the_kernels(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick of its clock less: what came just now is no older than it is."""
    monkeypatch.setattr("callback.request.time.monotonic", lambda: 1002.5)
    for since_ms, seconds in (
        (0, 0.0),
        (10, 0.0),
        (11, 0.001),
        (5010, 5.0),
        (2**32 - 1, 4294967.285),
    ):
        with Told(since_ms) as link, TLS(since_ms) as tls:
            assert Request({name: link}).age == seconds
            assert Request({name: tls}).age == 2.5
    for no_link in (None, 7):
        assert Request({name: no_link}).age == 0.0


def test_the_kernel_tells_when_data_came() -> None:
    """Over a real link: from when it came, not from when it was read."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as link:
        link.connect(server.getsockname())
        with server.accept()[0] as here:
            before = time.monotonic()
            link.sendall(b"GET")
            here.recv(9)
            time.sleep(0.06)
            age = waited(here)
            assert 0.03 <= age <= time.monotonic() - before


def test_another_system_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it asked."""
    link, web_server = socket.socketpair()
    web_server.close()
    monkeypatch.setattr("callback.request.sys.platform", "darwin")
    with link, Told(5010) as tcp:
        assert [Request({"gunicorn.socket": each}).age for each in (link, tcp)] == [0.0, 0.0]
        assert waited(tcp) == 0.0


@pytest.mark.parametrize(
    ("queued", "age"),
    [("999500000", 0.5), ("1001500000", 0.0), ("900000000", 100.0), ("0", 0.0), (None, 0.0)],
)
def test_mod_wsgi_says_when_a_call_came(
    queued: str | None, age: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In microseconds; 0 where no process but Apache's own is asked."""
    monkeypatch.setattr("callback.request.time.time", lambda: 1000.0)
    assert Request({} if queued is None else {"mod_wsgi.queue_start": queued}).age == age


def test_a_process_of_one_call_is_no_younger_than_it() -> None:
    """By CGI: it was started for this call, and what Python and the program took counts, too."""
    program = (
        "import time; time.sleep(0.1); from callback.request import Request;"
        "print(Request({'wsgi.run_once': True}).lead, Request({'wsgi.run_once': False}).lead)"
    )
    before = time.monotonic()
    told = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True)
    lead, other = map(float, told.split())
    assert 0.1 <= lead <= time.monotonic() - before + 0.1
    assert other == 0.0


@pytest.mark.parametrize("told", [b"", b"1 (a) b) R", b"1 (python) R" + b" 0" * 30])
def test_a_process_whose_age_is_not_known_has_none(
    told: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel says nothing, or that it began when the machine did, hours ago."""
    monkeypatch.setattr("callback.request.open", lambda *_: BytesIO(told), raising=False)
    monkeypatch.setattr("callback.request.time.clock_gettime", lambda _: 10_000.0)
    assert process_age() == 0.0


@pytest.mark.parametrize(
    ("came_at", "age"),
    [("999.5", 0.5), ("1001.5", 0.0), ("900", 100.0), ("", 0.0), ("no time", 0.0), (None, 0.0)],
)
def test_a_web_server_says_when_a_call_came(
    came_at: str | None, age: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it has left, as it does when its caller has; what it has sent stays to be read."""
    monkeypatch.setattr("callback.request.time.time", lambda: 1000.0)
    link, web_server = socket.socketpair()
    call = Request({"callback.link": link, **present(CALLBACK_CAME_AT=came_at)})
    with link, web_server:
        web_server.sendall(b"ab")
        assert call.age == age
        assert link.recv(9) == b"ab"
        assert call.age == age
        web_server.close()
        assert call.age == LEFT_S > 1e6


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"CONTENT_LENGTH": "3"}, True),
        ({"CONTENT_LENGTH": "3", CHUNKED: True}, False),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, False),
        ({}, False),
    ],
)
def test_a_body_in_chunks_may_end_early_unnoticed(environ: dict[str, Any], told: bool) -> None:
    """Also where an entry has counted it."""
    assert Request(environ).tells_length is told
