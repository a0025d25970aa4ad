"""gunicorn on a port and on a unix socket: HTTP from anybody, FastCGI from the web server."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from callback.limits import LAST_START_S
from tests.conftest import MariaDBEngine, settings_toml
from tests.support.fastcgi import BEGIN, PARAMS, STDIN, answered, asked, linked, record
from tests.support.processes import ROOT, Endpoint, standing_still

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Engine

CALLER = "203.0.113.5"
BANKS = f"""
[BANKS.qiwi]
protocol = "osmp"
allow = ["{CALLER}"]

[BANKS.basic]
protocol = "osmp"
username = "basic"
password = "a password: of the bank"
"""
AUTHORIZATION = "Basic " + b64encode(b"basic:a password: of the bank").decode()
FORM = "application/x-www-form-urlencoded"


class Both(Endpoint):
    """An endpoint that listens on a port and on a socket."""

    def __init__(self, toml: str, folder: Path, *options: str, workers: int = 2) -> None:
        self.path = str(folder / "gunicorn.sock")
        bind = ["-b", f"unix:{self.path}"]
        super().__init__(toml, folder, workers=workers, options=[*bind, *options])

    def ask(self, address: str, body: bytes = b"", **more: str) -> str:
        """Call by FastCGI, as nginx does for a caller who may pay."""
        with linked(self.path) as link:
            link.sendall(asked(called(address, body, **more), body))
            return answered(link)


def called(address: str, body: bytes = b"", **more: str) -> dict[str, str]:
    """What deploy/nginx.conf tells of a call."""
    environ = {
        "REQUEST_METHOD": "POST" if body else "GET",
        "REQUEST_URI": address,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443",
        "REMOTE_ADDR": CALLER,
    }
    content = {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(body))} if body else {}
    return {**environ, **content, **more}


def pay(txn_id: int) -> str:
    return f"command=pay&txn_id={txn_id}&account=1&sum=1.00&txn_date=20261103091500"


@pytest.fixture
def both(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Both]:
    """One that runs, with a customer."""
    engine.account("1")
    with Both(settings_toml(engine.url, request.module), tmp_path) as endpoint:
        yield endpoint


def paid(engine: Engine) -> int:
    return int(engine.rows("SELECT COUNT(*) FROM payment")[0][0])


@pytest.mark.slow
def test_a_socket_speaks_fastcgi_and_a_port_http(engine: Engine, both: Both) -> None:
    """The web server names the caller; what the caller writes himself is believed nowhere."""
    assert "<result>0<" in both.ask(f"/qiwi?{pay(1)}")
    assert "<result>0<" in both.ask("/qiwi", pay(2).encode())
    stranger = both.ask(f"/qiwi?{pay(3)}", REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR=CALLER)
    assert stranger.startswith("Status: 403 Forbidden\r\n")
    assert both.call(f"/qiwi?{pay(4)}", headers={"X-Forwarded-For": CALLER}).status == 403
    forged = asked(called(f"/qiwi?{pay(5)}"))
    with socket.create_connection(("127.0.0.1", both.port)) as link:
        link.sendall(forged)
        link.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert b"<result>" not in link.recv(65536)

    addresses = [line["address"] for line in both.log() if line.get("command") == "pay"]
    assert addresses == [CALLER] * 2
    assert paid(engine) == 2


def test_who_asks_whether_to_send_his_body_is_told_once(both: Both) -> None:
    """By whoever let him in; gunicorn, which takes the call then, has nothing to add."""
    body = pay(1).encode()
    head = f"POST /qiwi HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
    head += f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", both.port), 10) as link:
        link.sendall(head.encode())
        said = link.recv(65536)
        link.sendall(body)
        said += link.makefile("rb").read()

    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n")


def test_whoever_speaks_http_on_a_socket_is_heard(engine: Engine, both: Both) -> None:
    """nginx.conf of a site that has not been changed with gunicorn.conf.py."""
    with linked(both.path) as link:
        link.sendall(f"GET /qiwi?{pay(1)} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        answer = link.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.0 403 Forbidden\r\n")  # it comes from nowhere
    assert b"Server:" not in answer


@pytest.mark.slow
def test_what_comes_twice_is_one_value_and_not_the_better_one(both: Both) -> None:
    """As behind HTTP: a header is joined, and an Authorization of two is none."""
    address = "/basic?command=check&txn_id=1&account=1"
    environ = called(address, HTTP_AUTHORIZATION=AUTHORIZATION)
    with linked(both.path) as link:
        link.sendall(asked(environ, twice="HTTP_AUTHORIZATION"))
        assert answered(link).startswith("Status: 401 ")

    assert "<result>0<" in both.ask(address, HTTP_AUTHORIZATION=AUTHORIZATION)


def test_a_body_is_taken_as_far_as_it_came(engine: Engine, both: Both) -> None:
    """Half a number is another number; one over 64 KiB is the dialect's to refuse."""
    form = pay(18000002).encode()
    with linked(both.path) as link:
        link.sendall(asked(called("/qiwi", form), form[:-1]))
        assert "<result>1<" in answered(link)
    assert "<result>300<" in both.ask("/qiwi", form + b"&x=" + b"x" * 65536)
    assert "<result>0<" in both.ask(
        "/qiwi", form, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked"
    )

    assert paid(engine) == 1


@pytest.mark.slow
def test_the_time_in_a_queue_is_the_calls(engine: Engine, both: Both) -> None:
    """The web server says when it passed a call on; whom it has left meanwhile is not paid for."""
    now = time.time()
    assert "<result>1<" in both.ask(f"/qiwi?{pay(1)}", CALLBACK_CAME_AT=f"{now - LAST_START_S:.3f}")
    assert paid(engine) == 0
    assert "<result>0<" in both.ask(f"/qiwi?{pay(1)}", CALLBACK_CAME_AT=f"{now + 60:.3f}")
    assert "<result>0<" in both.ask(f"/qiwi?{pay(2)}", CALLBACK_CAME_AT="no time")
    with standing_still(*both.workers), linked(both.path) as link:
        link.sendall(asked(called(f"/qiwi?{pay(3)}")))
    assert "<result>0<" in both.ask(f"/qiwi?{pay(4)}")

    ids = engine.rows("SELECT txn_id FROM payment ORDER BY id")
    assert [txn_id for (txn_id,) in ids] == ["1", "2", "4"]


GARBLED = {
    "another version": record(BEGIN, b"\0\1" + bytes(6)) + b"\2" + bytes(20),
    "another role": record(BEGIN, b"\0\2" + bytes(6)),
    "a variable that is cut off": record(BEGIN, b"\0\1" + bytes(6))
    + record(PARAMS, b"\x09\x20REQUEST_Uhidden")
    + record(PARAMS, b""),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.slow
def test_what_is_garbled_is_a_line_of_the_log(both: Both) -> None:
    """With nothing of what was sent; who sent it hears nothing, and that is a 502 of nginx."""
    for number, raw in enumerate(GARBLED.values(), start=1):
        with linked(both.path) as link:
            link.sendall(raw)
            with suppress(ConnectionResetError):  # what it has not read any more
                assert link.recv(1) == b""
        lines = [line for line in both.log() if line.get("outcome") == "refused_by_gunicorn"]
        assert len(lines) == number
        assert "FastCGI" in lines[-1]["why"]
    assert "hidden" not in both.output()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.slow
def test_who_says_nothing_on_a_socket_gives_the_worker_back(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Nothing, half a record, half a body, half of HTTP: each is left after 5 s, not after 20 s."""
    half_body = asked(called("/qiwi", b"x" * 100), b"x" * 50)[: -len(record(STDIN, b"")) - 10]
    toml = settings_toml(engine.url, request.module)
    with Both(toml, tmp_path, "--threads=1", workers=4) as both, ExitStack() as stack:
        for sent in (b"", record(BEGIN, b"\0\1" + bytes(6))[:5], half_body, b"GET /qiwi HTTP/1."):
            stack.enter_context(linked(both.path)).sendall(sent)
        assert "<result>5<" in both.ask("/qiwi?command=check&txn_id=1&account=nobody")
        assert "WORKER TIMEOUT" not in both.output()


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.slow
def test_a_worker_that_is_ended_leaves_the_answer_to_the_web_server(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No half answer, and no line with a payer's number but our own."""
    toml = settings_toml(engine.url, request.module)
    with (
        Both(toml, tmp_path, "--timeout=1", workers=1) as both,
        engine.server.connect(engine.name) as link,
        link.cursor() as cursor,
        linked(both.path) as web_server,
    ):
        cursor.execute("LOCK TABLES account WRITE")
        web_server.sendall(asked(called("/qiwi?command=check&account=hidden-account")))
        with suppress(ConnectionResetError, struct.error):
            assert "<result>1<" in answered(web_server)  # our own time was over before
        output = both.output().replace('"account": "hidden-account"', "")

    assert "hidden" not in output


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
def test_a_call_that_waits_for_the_database_holds_up_no_other(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A worker takes two; both are answered by the same program."""
    toml = settings_toml(engine.url, request.module)
    check = "/qiwi?command=check&txn_id=1&account=1"
    engine.account("1")
    with (
        Both(toml, tmp_path, workers=1) as both,
        engine.server.connect(engine.name) as link,
        link.cursor() as cursor,
        ThreadPoolExecutor(1) as pool,
    ):
        cursor.execute("LOCK TABLES account WRITE")
        waits = pool.submit(both.ask, check)
        while not engine.server.sql(
            "SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'"
        ):
            assert not waits.done()
            time.sleep(0.01)
        assert both.ask("/nobody").startswith("Status: 404 ")
        assert not waits.done()
        cursor.execute("UNLOCK TABLES")
        assert "<result>0<" in waits.result()


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.slow
def test_a_worker_with_a_call_that_takes_too_long_is_ended(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Whatever its other thread answers meanwhile. The log says where the call stands."""
    toml = settings_toml(engine.url, request.module)
    with (
        Both(toml, tmp_path, "--timeout=1", workers=1) as both,
        engine.server.connect(engine.name) as link,
        link.cursor() as cursor,
        linked(both.path) as web_server,
    ):
        cursor.execute("LOCK TABLES account WRITE")
        web_server.sendall(asked(called("/qiwi?command=check&txn_id=1&account=1")))
        (first,) = workers = both.workers
        end = time.monotonic() + 60  # far behind the call's own
        while first in workers:
            assert time.monotonic() < end
            with suppress(OSError, struct.error):  # of the worker that ends
                assert both.ask("/nobody").startswith("Status: 404 ")
            workers = both.workers
        (line,) = [
            line for line in both.log() if "takes longer than 1 s" in line.get("message", "")
        ]

    assert "in check" in line["message"]


@pytest.mark.slow
def test_reloading_under_load_loses_no_answer(engine: Engine, both: Both) -> None:
    """Five HUPs under four callers: the old workers finish what they have begun."""
    stop = threading.Event()
    answers: list[bool] = []

    def caller(number: int) -> None:
        for payment in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
            try:
                answer = both.ask(f"/qiwi?{pay(number * 100000 + payment)}")
            except (OSError, struct.error):
                answer = ""
            answers.append("<result>0<" in answer)

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(caller, number) for number in range(1, 5)]
        for _ in range(5):
            wanted = len(answers) + 20
            while len(answers) < wanted and all(answers):
                stop.wait(0.01)
            os.kill(both.pid, signal.SIGHUP)
        while len(answers) < wanted + 20 and all(answers):
            stop.wait(0.01)
        stop.set()
    for finished in callers:
        finished.result()

    assert all(answers)
    assert paid(engine) == len(answers)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_port_lets_everybody_in_and_a_socket_as_many_as_are_soon_answered(both: Both) -> None:
    """To whom a port has no room the kernel says nothing for seconds; a web server is told."""
    with standing_still(*both.workers), ExitStack() as stack:
        for _ in range(100):
            address = ("127.0.0.1", both.port)
            stack.enter_context(socket.create_connection(address, timeout=0.9))
        with pytest.raises(BlockingIOError):  # noqa: PT012 - it is one of many
            for _ in range(100):
                link = stack.enter_context(socket.socket(socket.AF_UNIX))
                link.setblocking(False)
                link.connect(both.path)


# Where Linux's tcp_info has how many segments with data came.
SEGMENTS = slice(152, 156)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_answer_is_whole_or_nothing(both: Both) -> None:
    """Head and body are one write: a worker that is killed between two would have sent a part."""
    head = f"Host: x\r\nAuthorization: {AUTHORIZATION}\r\n\r\n"
    for query in ("command=check&txn_id=1&account=nobody", pay(1), "command=none"):
        with socket.create_connection(("127.0.0.1", both.port)) as link:
            link.sendall(f"GET /basic?{query} HTTP/1.0\r\n{head}".encode())
            answer = link.makefile("rb").read()
            told = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SEGMENTS.stop)
        assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
        assert answer.endswith(b"</response>")
        assert int.from_bytes(told[SEGMENTS], sys.byteorder) == 1


# The master, as far as it looks for releases.
FIRST_RELEASE = """
import pathlib, signal, sys, time, types
conf = {"__name__": "conf"}
exec(pathlib.Path(sys.argv[1]).read_text(), conf)
conf["LOOK_S"], came = 0.05, []
signal.signal(signal.SIGHUP, lambda *_: came.append("HUP"))
conf["when_ready"](types.SimpleNamespace(LISTENERS=[]))
pathlib.Path("releases").mkdir()
pathlib.Path("releases/first.zip").touch()
pathlib.Path("CURRENT").write_text("first\\n")
end = time.monotonic() + 30
for wanted in (1, 2):
    while len(came) < wanted and time.monotonic() < end:
        time.sleep(0.01)
    pathlib.Path("releases/first").mkdir(exist_ok=True)
    pathlib.Path("releases/first/MANIFEST.sha256").touch()
print(*came)
"""


def test_the_first_release_is_taken_by_a_service_that_has_begun_before_it(tmp_path: Path) -> None:
    """And once more when it is unpacked: meanwhile other workers begin with the one before."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST_RELEASE, ROOT / "deploy" / "gunicorn.conf.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "HUP HUP\n", done.stderr
