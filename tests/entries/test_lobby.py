"""Nobody on a port waits for a stranger: not for what he says, nor until he has read, or leaves."""

from __future__ import annotations

import errno
import json
import resource
import select
import socket
import ssl
import sys
import time
from base64 import b64encode
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

import pytest

from callback.entries import lobby
from callback.entries.lobby import Lobby, TLSLink
from callback.limits import ARRIVAL_S, LINKS, LINKS_OF_ONE, MAX_BODY
from tests.conftest import settings_toml
from tests.protocols.test_statements import PASSWORD, ROWS, WAYS
from tests.support.certificates import make_certificates
from tests.support.processes import HOST, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from callback.entries.lobby import Link
    from tests.conftest import MariaDBEngine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="epoll")
GET = b"GET /qiwi?command=check HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /qiwi HTTP/1.1\r\nHost: x\r\n"
LONG = POST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1)
BANKS = f"""
[BANKS.qiwi]
protocol = "osmp"
allow = ["{HOST}"]

[BANKS.payme]
protocol = "payme"
username = "it"
password = "{PASSWORD}"
"""


class Port:
    """A listener, the lobby behind it, and who comes."""

    def __init__(self, stack: ExitStack, tls: ssl.SSLContext | None = None) -> None:
        self.stack = stack
        self.listener = stack.enter_context(socket.create_server((HOST, 0), backlog=1024))
        self.noted: list[tuple[str, Exception]] = []
        greet = (lambda link: self._greeted(tls, link)) if tls else None
        self.lobby = Lobby([self.listener], greet, lambda *what: self.noted.append(what))
        stack.callback(self._close)

    def _close(self) -> None:
        for guest in list(self.lobby._guests.values()):  # noqa: SLF001 - a process that ends does so
            guest.link.close()

    @staticmethod
    def _greeted(tls: ssl.SSLContext, link: Link) -> Any:
        tls.sslsocket_class = TLSLink
        return tls.wrap_socket(link, server_side=True, do_handshake_on_connect=False)

    def come(self, sent: bytes = b"", source: str = HOST) -> socket.socket:
        """Somebody who says something."""
        address = self.listener.getsockname()
        client = socket.create_connection(address, 10, source_address=(source, 0))
        self.stack.enter_context(client).sendall(sent)
        return client

    def served(self, *, wait_s: float = 10) -> Link | TLSLink | None:
        """Whom a thread would get."""
        end = time.monotonic() + wait_s
        while select.select([self.lobby], [], [], max(0, end - time.monotonic()))[0]:
            with suppress(BlockingIOError):
                link = self.lobby.accept()[0]
                self.stack.enter_context(link)
                return link
        return None

    def nobody(self) -> bool:
        """Let in who is there; nobody of them has said all."""
        return self.served(wait_s=0) is None


@pytest.fixture
def port() -> Iterator[Port]:
    with ExitStack() as stack:
        yield Port(stack)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All waits are over as soon as they have begun."""
    for name in ("ARRIVAL_S", "FETCH_S", "LEAVE_S"):
        monkeypatch.setattr(lobby, name, -1)


def ended(client: socket.socket) -> bool:
    """Whether somebody's link was closed, with nothing said."""
    with suppress(ConnectionResetError):
        return client.recv(1) == b""
    return True


def test_a_thread_gets_who_has_said_all(port: Port) -> None:
    """With what he has said; who has not stays where he is."""
    port.come(), port.come(GET[:-1]), port.come(POST + b"Content-Length: 9\r\n\r\ncommand=")
    assert port.nobody()
    client = port.come(GET)

    link = port.served()

    assert link
    assert (link.ahead, link.is_whole) == (GET, True)
    assert link.address == client.getsockname()
    assert link.listener is port.listener
    assert port.nobody()


def test_the_rest_may_come_later(port: Port) -> None:
    """In as many pieces as there are bytes."""
    sent = POST + b"Content-Length: 7\r\n\r\ncommand"
    client = port.come()
    for at in range(len(sent)):
        assert port.nobody()
        client.sendall(sent[at : at + 1])

    link = port.served()

    assert link
    assert link.ahead == sent


def test_who_waits_to_be_asked_for_his_body_is_asked_once(port: Port) -> None:
    """As some clients want it (Expect), before a thread has to do with it."""
    client = port.come(POST + b"Expect: 100-continue\r\nContent-Length: 7\r\n\r\n")
    assert port.nobody()
    assert client.recv(100) == lobby.CONTINUE
    client.sendall(b"comm")
    assert port.nobody()
    client.sendall(b"and")

    link = port.served()

    assert link
    assert link.was_encouraged
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(1)


def test_a_long_body_is_read_by_whoever_wants_it(port: Port) -> None:
    """Not here: it is refused unread, but of the office."""
    port.come(LONG)

    link = port.served()

    assert link
    assert (link.ahead, link.is_whole) == (LONG, False)


@pytest.mark.parametrize("sent", [GET[:-1], LONG[:-4], POST + b"\r\nsum=10"])
def test_who_has_left_is_heard_as_far_as_he_spoke(port: Port, sent: bytes) -> None:
    """The parser, and the program, say what that is."""
    port.come(sent).shutdown(socket.SHUT_WR)

    link = port.served()

    assert link
    assert (link.ahead, link.is_whole) == (sent, True)


@pytest.mark.usefixtures("at_once")
def test_his_time_over_a_caller_is_left(port: Port) -> None:
    """Without a word if he said none; what lies there is read first, and nobody is forgotten."""
    silent, half = port.come(), port.come(GET[:-1])
    link = port.served()
    assert link
    assert (link.ahead, link.is_whole) == (GET[:-1], True)
    assert half.getsockname() == link.address
    port.lobby.tidy()
    assert port.nobody()
    assert ended(silent)


def test_a_post_that_says_nothing_of_a_body_is_served_at_once(port: Port) -> None:
    """`curl -X POST` sends it so."""
    port.come(POST + b"\r\n")

    link = port.served()

    assert link
    assert (link.ahead, link.is_whole) == (POST + b"\r\n", True)
    assert port.nobody()


def test_a_bank_that_was_not_looked_at_in_time_is_heard(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All threads wait for the database meanwhile: its request lies there, and is whole."""
    monkeypatch.setattr(lobby, "ARRIVAL_S", 0.01)
    client = port.come()
    assert port.nobody()
    client.sendall(GET)
    time.sleep(0.02)
    port.lobby.tidy()

    link = port.served()

    assert link
    assert link.ahead == GET


def test_the_oldest_of_an_address_goes_for_its_next(port: Port) -> None:
    """And nobody else of another address."""
    other = port.come(source="127.0.0.2")
    first = port.come()
    for _ in range(LINKS_OF_ONE):
        assert port.nobody()
        port.come(b"GET /")
    assert port.nobody()

    assert ended(first)
    other.sendall(GET)
    assert port.served()


def test_the_oldest_of_all_goes_when_there_is_no_room(port: Port) -> None:
    """Many addresses; a bank that says all at once is served."""
    first = port.come(source="127.0.1.1")
    assert port.nobody()
    for number in range(LINKS):
        port.come(source=f"127.0.0.{2 + number % 10}")
        if number % 100 == 0:
            assert port.nobody()
    port.come(GET)

    assert port.served()
    assert port.nobody()
    assert ended(first)


def test_a_process_that_may_open_no_more_lets_the_oldest_go(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And serves the next; another fault of a listener ends the worker, and there is a new one."""
    first = port.come()
    assert port.nobody()
    port.come(GET)
    faults = [OSError(errno.EMFILE, "too many files"), OSError(errno.ECONNABORTED, "he has left")]
    listener = port.listener

    class Full:
        def accept(self) -> Any:
            if faults:
                raise faults.pop(0)
            return listener.accept()

    monkeypatch.setattr(port.lobby, "_ports", {listener.fileno(): Full()})

    assert port.served()
    assert ended(first)
    port.come()
    faults.append(OSError(errno.EBADF, "no listener"))
    with pytest.raises(OSError, match="no listener"):
        port.lobby.accept()


def test_nobody_waits_until_a_long_answer_is_fetched(port: Port) -> None:
    """It is sent as it is read, whole, and then the link is closed."""
    client = port.come(GET)
    link = port.served()
    assert link
    answer = bytes(range(256)) * 128 * 1024
    link.sendall(answer)
    port.lobby.see_off(link)
    port.lobby.see_off(link)  # gunicorn may do so twice
    assert link.rest

    fetched = bytearray()
    client.settimeout(10)
    while len(fetched) < len(answer):
        fetched += client.recv(1 << 20)
        assert port.nobody()

    assert fetched == answer
    assert ended(client)


@pytest.mark.usefixtures("at_once")
def test_his_time_over_an_answer_is_not_sent_on(port: Port) -> None:
    """Nor is waited for who has all of it, and stays."""
    for answer in (b"x" * (1 << 25), b"short"):
        client = port.come(GET)
        link = port.served()
        assert link
        link.sendall(answer)
        port.lobby.see_off(link)
        assert link.fileno() >= 0
        port.lobby.tidy()
        assert link.fileno() < 0
        client.close()


def test_answers_that_nobody_fetches_have_bounds(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest of them goes; a stranger who comes meanwhile ends none."""
    monkeypatch.setattr(lobby, "FETCH_BYTES", 1 << 25)
    links = []
    for _ in range(3):
        port.come(GET)
        link = port.served()
        assert link
        link.sendall(b"x" * (1 << 24))
        port.lobby.see_off(link)
        links.append(link)
    monkeypatch.setattr(lobby, "LINKS", 1)
    port.come()
    assert port.nobody()

    sizes = [len(link.rest) for link in links]
    assert max(sizes) < 1 << 24
    monkeypatch.setattr(lobby, "FETCH_BYTES", max(sizes) * 2)
    port.come(GET)
    last = port.served()
    assert last
    last.sendall(b"x" * (1 << 24))
    port.lobby.see_off(last)
    assert [link.fileno() >= 0 for link in [*links, last]] == [False, False, True, True]


def test_what_comes_behind_an_answer_does_not_destroy_it(port: Port) -> None:
    """It is read, as far as a body may be long, until the caller leaves."""
    client = port.come(GET)
    link = port.served()
    assert link
    client.sendall(b"x" * MAX_BODY)
    link.sendall(b"answer")
    port.lobby.see_off(link)
    assert port.nobody()
    assert client.recv(100) == b"answer"
    client.close()
    assert port.nobody()
    assert link.fileno() < 0


def test_a_worker_that_ends_hears_who_is_in_and_nobody_else(port: Port) -> None:
    """As long as it takes who has said half, not as long as he may take."""
    client = port.come(GET[:-1])
    assert port.nobody()
    port.lobby.close()
    later = time.monotonic() + 60
    port.come(GET)
    assert port.nobody()
    assert not port.lobby.is_left(later)
    assert port.lobby.is_left(0)
    client.sendall(GET[-1:])

    assert port.served()
    assert port.lobby.is_left(later)


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Port]:
    """One that speaks TLS with whom the authority has signed."""
    make_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "ca.pem")
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with ExitStack() as stack:
        yield Port(stack, context)


@contextmanager
def greeting(port: Port, folder: Path) -> Iterator[tuple[ssl.SSLSocket, Any]]:
    """A caller by TLS, step by step: nobody waits for the other."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    bare = port.come()
    bare.setblocking(False)
    link = context.wrap_socket(bare, server_hostname="localhost", do_handshake_on_connect=False)
    with link:
        yield link, port


def until_done(port: Port, step: Any) -> Any:
    """Do a step of the caller's while the lobby goes on."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(ssl.SSLWantReadError):
            return step()
        served = port.served(wait_s=0.05)
        assert served is None
    raise TimeoutError


def test_tls_waits_in_the_lobby_too(tls: Port, tmp_path: Path) -> None:
    """The greeting, a request and a long answer; a stranger who says nothing holds nobody."""
    silent = tls.come()
    with greeting(tls, tmp_path) as (client, _):
        until_done(tls, client.do_handshake)
        client.send(GET)
        link = tls.served()
        assert link
        assert (link.ahead, link.is_whole) == (GET, True)
        assert link.came is not None
        answer = b"0123456789" * (1 << 20)
        link.sendall(answer)
        tls.lobby.see_off(link)
        fetched = bytearray()
        while len(fetched) < len(answer):
            fetched += until_done(tls, lambda: client.recv(1 << 20))
        assert fetched == answer
    assert tls.noted == []
    silent.close()
    assert tls.nobody()
    assert [(address, type(why)) for address, why in tls.noted] == [(HOST, EOFError)]


def test_who_is_left_in_the_middle_hears_it_over_tls_too(
    tls: Port, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is whole: he is answered "ask again"."""
    with greeting(tls, tmp_path) as (client, _):
        until_done(tls, client.do_handshake)
        client.send(POST + b"Content-Length: 9\r\n\r\nsum=10")
        tls.nobody()
        end = time.monotonic() + ARRIVAL_S
        monkeypatch.setattr(time, "monotonic", lambda: end)
        tls.lobby.tidy()
        link = tls.served()
        assert link
        assert link.is_whole
        link.sendall(b"answer")
        tls.lobby.see_off(link)
        assert until_done(tls, lambda: client.recv(100)) == b"answer"


def test_silence_behind_a_greeting_is_none_of_a_calls_age(
    tls: Port, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bank may greet ahead of its calls. What the greeting took it has waited for."""
    monkeypatch.setattr(lobby, "ARRIVAL_S", 10_000)
    late, clock = [0.0], time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + late[0])
    with greeting(tls, tmp_path) as (client, _):
        tls.nobody()
        late[0] = 1000
        until_done(tls, client.do_handshake)
        assert tls.nobody()
        late[0] = 3000
        client.send(GET[:-2])
        assert tls.nobody()
        late[0] = 3500
        client.send(GET[-2:])
        link = tls.served()
        assert link
        assert link.came is not None
        assert 1500 <= time.monotonic() - link.came < 2000


def test_who_speaks_no_tls_is_noted_and_left(tls: Port) -> None:
    """With his address, and why."""
    client = tls.come(GET)
    assert tls.nobody()

    ((address, why),) = tls.noted
    assert address == HOST
    assert isinstance(why, ssl.SSLError)
    assert ended(client) or ended(client)  # behind an alert of TLS, if it comes through


def test_six_hundred_strangers_keep_no_bank_from_a_port(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Two hundred say nothing, two hundred half a head, two hundred half a body; and some stay."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 1024:
        pytest.fail("this test opens 700 files: raise `ulimit -Hn`")
    kinds = [b"", GET[:-1], POST + b"Content-Length: 9\r\n\r\ncommand=", GET]
    toml = settings_toml(f"sqlite:///{tmp_path}/x.db", request.module)
    with Endpoint(toml, tmp_path, workers=2) as endpoint, ExitStack() as stack:
        address = (HOST, endpoint.port)
        for number in range(700):
            source = (f"127.0.0.{2 + number % 10}", 0)
            link = socket.create_connection(address, 60, source_address=source)
            stack.enter_context(link).sendall(kinds[number // 200])
        took = []
        for _ in range(6):
            started = time.monotonic()
            assert endpoint.call("/nobody").status == 404
            took.append(time.monotonic() - started)

        assert min(took) < 1
        assert "WORKER TIMEOUT" not in endpoint.output()


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.slow
def test_a_bank_that_does_not_read_its_statement_holds_nobody(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Nor does one that stops in the middle; who reads slowly gets all of it."""
    engine.account("1")
    engine.execute(ROWS.format(10_000), "payme")
    letters = b64encode(f"it:{PASSWORD}".encode()).decode()
    body = json.dumps(WAYS["payme"].body).encode()
    head = f"Host: x\r\nAuthorization: Basic {letters}\r\nContent-Length: {len(body)}\r\n\r\n"
    toml = settings_toml(engine.url, request.module)
    with Endpoint(toml, tmp_path, workers=1) as endpoint, ExitStack() as stack:
        links = []
        for _ in range(3):
            link = socket.create_connection((HOST, endpoint.port), 60)
            stack.enter_context(link).sendall(f"POST /payme HTTP/1.1\r\n{head}".encode() + body)
            link.recv(1, socket.MSG_PEEK)  # the answer is under way
            links.append(link)
        assert endpoint.call("/nobody", timeout=10).status == 404
        with closing(HTTPResponse(links[-1], method="POST")) as response:
            response.begin()
            answer = response.read()

    assert len(json.loads(answer)["result"]["transactions"]) == 10_000
