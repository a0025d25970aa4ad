"""gunicorn's settings, with the reason of every number."""

import gc
import ipaddress
import logging
import os
import re
import select
import signal
import socket
import ssl
import sys
import time
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread, get_ident
from typing import Any

import gunicorn
from gunicorn import sock, util
from gunicorn.http import errors, message, unreader, wsgi
from gunicorn.workers import base, sync

if not hasattr(util, "close_graceful"):
    sys.exit(
        f"gunicorn.conf.py: gunicorn {gunicorn.__version__} is too old for it: install the one "
        "that requirements.txt names"
    )

# One for each core, and in each of them two threads that take calls: while one waits for the
# database the other finds the program in the caches, where another process would find that its own
# copy has gone (docs/performance.md, section 2).
workers = int(os.environ.get("WORKERS", os.cpu_count() or 1))
threads = int(os.environ.get("THREADS", "2"))
# worker_class stands below: HTTP on a port, FastCGI on a unix socket.
# Each wait is longer than the one inside it: statement 3 s < whole request 8 s (the shortest
# limit of our own) < worker 20 s < web server in front 25 s < the bank's own limit. The innermost
# gives up first, so the bank hears our answer and not a cut connection.
timeout = 20
graceful_timeout = 20
# A bank sends its few bytes at once, and a web server in front hands them on at once. Who dribbles
# them, or says nothing, gives a worker back after this time and not after the worker's.
ARRIVAL_S = 5
# How many may wait for a worker: who would wait longer than the bank does hears "ask again" from
# the web server at once. Measured with five times what two workers carry (0.1 s a call, for 8 s):
# of 800 calls 473 were not answered with gunicorn's own 2048, 0 with 64, 32 and 16; the slowest
# answers took 3.5, 1.9 and 1.0 s.
backlog = 32
# On a port nobody says anything to whom there is no room for: the kernel lets him try again after
# 1, 3, 7 and 15 s. So all are let in, and a worker tells who has waited for 3 s "ask again" at once
# (callback/request.py, `age`), which takes it a millisecond. Measured with twenty times too much,
# for 30 s: docs/reliability.md, section 5.
PORT_BACKLOG = 4096
# A bank's GET: address, token and parameters. Longer ones are not a bank's.
limit_request_line = 8190
limit_request_fields = 50
# Some hosts forbid the socket that it would open below the home folder.
control_socket_disable = True
# A file goes the way of every answer: a link of the lobby waits for nobody.
sendfile = False
errorlog = "-"
accesslog = None  # the program writes a line for each request itself
# A warning is a stranger's request line, which may hold a bank's token: see _noted_error.
loglevel = "error"
# TLS with the web server of another machine (deploy/cluster/haproxy.cfg): the certificate and key
# of this machine, and the authority that has signed whoever may call. Nobody else is heard then.
certfile = os.environ.get("TLS_CERT")
keyfile = os.environ.get("TLS_KEY")
ca_certs = os.environ.get("TLS_CA")
cert_reqs = ssl.CERT_REQUIRED if ca_certs else ssl.CERT_NONE
do_handshake_on_connect = True
# What is changed below is changed in the parser that is written in Python.
http_parser = "python"

# passenger_wsgi.py says what this file is; while it is not there (make run) there is nothing to
# switch. It may come after the start: the first release of a service that systemd starts again.
CURRENT = Path("CURRENT")
RESTART = Path("tmp/restart.txt")
LOOK_S = 1  # how soon a new release is noticed


def on_starting(arbiter: Any) -> None:
    """Refuse to let passwords and tokens go over the internet in the clear."""
    given = arbiter.cfg
    if given.certfile:
        return
    if given.keyfile or given.ca_certs:
        _give_up("TLS_KEY, TLS_CA: this machine's certificate is wanted, too (TLS_CERT)")
    for address in given.address:
        if isinstance(address, tuple) and _is_public(address[0]):
            _give_up(
                f"{address[0]} is an address of the internet: bind to one of a private network, or "
                "set TLS_CERT, TLS_KEY and TLS_CA"
            )


def _is_public(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_global
    return False


def _give_up(why: str) -> None:
    print(f"gunicorn.conf.py: {why}", file=sys.stderr)
    raise SystemExit(3)


_contexts: list[ssl.SSLContext] = []


def ssl_context(_: Any, make: Any) -> ssl.SSLContext:
    """The same for all callers: gunicorn would read the files for each, and resume no session."""
    if not _contexts:
        _contexts.append(make())
    return _contexts[0]


def when_ready(arbiter: Any) -> None:
    """Let all in on a port, and take a new release as soon as CURRENT names one.

    HUP replaces the workers, one by one. New settings are taken when restart.txt is touched.
    """
    for listener in arbiter.LISTENERS:
        if listener.FAMILY != socket.AF_UNIX and sys.platform == "linux":  # elsewhere no `age`
            listener.sock.listen(PORT_BACKLOG)
    running = _named() if CURRENT.exists() else (b"", 0, False)

    def look(*_: object) -> None:
        nonlocal running
        named = _named() if CURRENT.exists() else running
        # Workers that find no release cannot start, and gunicorn ends with them.
        if named != running and _has_arrived(named[0], named[2]):
            running = named
            os.kill(os.getpid(), signal.SIGHUP)

    # A timer and no thread: the master forks. It is not handed down to the workers.
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)


def _named() -> tuple[bytes, float, bool]:
    """What is to run. While one worker unpacks it, others begin with the release before: all of
    them begin anew when it is there.
    """
    pointer = CURRENT.read_bytes()
    asked = RESTART.stat().st_mtime if RESTART.exists() else 0
    return pointer, asked, (_folder(pointer) / "MANIFEST.sha256").exists()


def _has_arrived(pointer: bytes, is_unpacked: bool) -> bool:
    folder = _folder(pointer)
    return is_unpacked or folder.with_name(f"{folder.name}.zip").exists()


def _folder(pointer: bytes) -> Path:
    return Path("releases") / os.fsdecode(pointer.strip())


class Worker(sync.SyncWorker):
    """On a unix socket the web server of this machine speaks FastCGI: there is less to read and to
    write, and the caller's address is told apart from what the caller has written.

    Who speaks HTTP there, as before, is heard: a record of FastCGI begins with a byte of 1.

    Several threads take calls, each as gunicorn's own worker does. The first thread tells the
    master since when all of them have been well.
    """

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.well: dict[int, float] = {}
        self.fastcgi: Any = None
        with suppress(ImportError):  # one from before it hears HTTP alone
            from callback.entries import fastcgi  # of the release in use

            self.fastcgi = getattr(fastcgi, "answer", None) and fastcgi
        self.lobby: Any = None
        with suppress(ImportError):  # another from before it has threads wait on a port
            from callback.entries import lobby

            self._open(lobby)

    def _open(self, lobby: Any) -> None:
        """Have a lobby in the place of all ports."""
        ports = [each for each in self.sockets if each.FAMILY != socket.AF_UNIX]
        if ports and sys.platform == "linux":
            greet = partial(_greeted, self.cfg, lobby.TLSLink) if self.cfg.is_ssl else None
            self.lobby = lobby.Lobby(ports, greet, _note_no_tls)
            others = [each for each in self.sockets if each not in ports]
            self.sockets = [*others, self.lobby]
            self.wait_fds = [*self.sockets, self.PIPE[0]]

    def run(self) -> None:
        takers = [Thread(target=self._take, daemon=True) for _ in range(self.cfg.threads)]
        for taker in takers:
            taker.start()
        signalled = self.PIPE[0]
        while self.alive:
            since = min([*self.well.values(), time.monotonic()])
            os.utime(self.tmp.fileno(), (since, since))
            if select.select([signalled], [], [], LOOK_S)[0] and self.alive:
                os.read(signalled, 1)
            if self.lobby:
                self.lobby.tidy()
        for taker in takers:
            taker.join()

    def _take(self) -> None:
        """Take calls one by one; what ends one thread ends its worker, and there is a new one."""
        try:
            super().run()
            if self.lobby:
                self._empty_lobby()
        finally:
            self.alive = False

    def _empty_lobby(self) -> None:
        """Answer who was let in already, and is about to say what he wants."""
        self.lobby.close()
        end = time.monotonic() + LOOK_S
        while not self.lobby.is_left(end):
            self.lobby.tidy()
            if select.select([self.lobby], [], [], 0.1)[0]:
                with suppress(BlockingIOError):
                    self.accept(self.lobby)

    def notify(self) -> None:
        """Note for this thread what `run` tells the master, who ends a worker that is silent."""
        self.well[get_ident()] = time.monotonic()

    def wait(self, _: float) -> list[Any]:
        """Wait for a call, or for a signal that may be the end."""
        self.notify()
        return select.select(self.wait_fds, [], [], LOOK_S)[0]

    def accept(self, listener: Any) -> None:
        client, addr = listener.accept()  # no program that we start inherits it
        heard_at = getattr(client, "listener", listener)
        # What comes through the lobby does not wait; nor does, on another system, what comes of a
        # listener that does not. Linux has it wait anyway.
        if heard_at.FAMILY != socket.AF_UNIX or sys.platform != "linux":
            client.setblocking(True)
        self.handle(heard_at, client, addr)

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        end = time.monotonic() + ARRIVAL_S
        by_http = listener.FAMILY != socket.AF_UNIX or self.fastcgi is None
        if by_http or _first_byte(client) != b"\x01":
            super().handle(listener, client, addr)
            return
        with client:
            self._converse(client, end)
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False

    def handle_request(self, listener: Any, req: Any, client: Any, addr: Any) -> None:
        if getattr(client, "was_encouraged", False):
            req._expected_100_continue = False  # noqa: SLF001 - it was said in the lobby
        super().handle_request(listener, req, client, addr)

    def _converse(self, client: socket.socket, end: float) -> None:
        """Answer one request. One link, one request: a worker waits for nobody's next one."""
        try:
            self.fastcgi.answer(self.wsgi, self.fastcgi.Incoming(client, end))
        except (OSError, EOFError):  # the web server has left, or says nothing
            pass
        except self.fastcgi.GarbledError as error:
            _note_refused("", "", f"what a web server should speak as FastCGI is none: {error}")
        except BaseException:  # the end of this worker's time, too: the web server says "ask again"
            _note_unexpected()


worker_class = Worker


def worker_abort(worker: Any) -> None:
    """Say in the log where a call stands that has taken too long: its worker is ended."""
    well = getattr(worker, "well", {})  # not in another class of workers
    thread = min(well, key=well.get, default=0)
    if frame := sys._current_frames().get(thread):  # noqa: SLF001 - the only way
        from callback import log

        where = "".join(traceback.format_stack(frame))
        log.warning(f"gunicorn: a call takes longer than {worker.cfg.timeout} s:\n{where}")


def _first_byte(client: socket.socket) -> bytes:
    """Look at what comes; nothing where nothing comes in time."""
    try:
        with suppress(BlockingIOError):  # a web server sends as soon as it has connected
            return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        client.settimeout(ARRIVAL_S)
        first = client.recv(1, socket.MSG_PEEK)
        client.settimeout(None)
    except OSError:
        first = b""
    return first


def post_worker_init(worker: base.Worker) -> None:
    """What is loaded now stays: the collector need not look at it again and again."""
    gc.freeze()
    if isinstance(worker, sync.SyncWorker):  # others have many requests on one connection
        unreader.SocketUnreader.chunk = _chunk_in_time
    with suppress(ImportError):  # an older release
        from callback.tools import alive

        # A list of the office takes longer than any call of a bank.
        alive.tell = worker.notify


# Some banks send a payer's name as it stands in their database, not encoded. Every other web
# server lets such bytes pass, and the program knows what to do with them.
message.RFC9112_TARGET_INVALID = re.compile(r"[\x00-\x20\x7f]")
# A request that gunicorn refuses by itself: what whoever sent it has to change.
REASONS = {
    "InvalidRequestLine": "its first line is not HTTP, or its address has a control character",
    "InvalidHTTPVersion": "its address has a blank that is not encoded, or it is not HTTP/1",
    "InvalidRequestMethod": "its method is none of HTTP's",
    "LimitRequestLine": f"its first line is longer than {limit_request_line} bytes",
    "LimitRequestHeaders": f"it has over {limit_request_fields} headers, or one that is too long",
    "InvalidHeader": "a header is not HTTP's, or there twice",
    "InvalidHeaderName": "a header's name has other characters than letters, digits and -",
    "UnsupportedTransferCoding": "its Transfer-Encoding is not chunked",
}
_default_headers = wsgi.Response.default_headers
_write = wsgi.Response.write
_chunk = unreader.SocketUnreader.chunk
_handle_error = base.Worker.handle_error
_parse_request_line = message.Request.parse_request_line
_ssl_wrap_socket = sock.ssl_wrap_socket
_close_graceful = util.close_graceful


def _greeted(conf: Any, kind: Any, client: Any) -> Any:
    """Begin TLS, and wait for nobody."""
    context = sock.ssl_context(conf)
    context.sslsocket_class = kind
    return context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)


def _note_no_tls(address: str, error: Exception) -> None:
    wanted = "no TLS as TLS_CA wants it" if ca_certs else "no TLS, which this port speaks"
    _note_refused("", address, f"{wanted}: {error}")


def _see_off(client: Any, *limits: Any) -> None:
    """Close a link; no thread waits for the caller's end of one that came out of a lobby."""
    if lobby := getattr(client, "lobby", None):
        lobby.see_off(client)
    else:
        _close_graceful(client, *limits)


def _wrapped_in_time(client: socket.socket, conf: Any) -> Any:
    """Begin TLS; who says nothing, or is nobody that TLS_CA knows, gives the worker back."""
    if isinstance(client, ssl.SSLSocket):  # it has begun in the lobby
        return client
    address, came = client.getpeername()[0], time.monotonic() - _waited(client)
    client.settimeout(ARRIVAL_S)
    try:
        link = _ssl_wrap_socket(client, conf)
    except OSError as error:  # of TLS, too
        _note_no_tls(address, error)
        raise errors.NoMoreData from error
    link.settimeout(None)
    link.came = came  # what comes after the greeting is younger than the call
    return link


def _waited(client: socket.socket) -> float:
    with suppress(ImportError):  # an older release
        from callback.request import waited

        return waited(client)
    return 0.0


def _chunk_in_time(source: Any, *hint: Any) -> bytes:
    """Read on; nothing comes any more, as from a caller who has left, when the time is over."""
    link, now = source.sock, time.monotonic()
    if ahead := getattr(link, "ahead", b""):
        link.ahead = b""
        return bytes(ahead)
    if getattr(link, "is_endless", False):
        raise errors.LimitRequestHeaders("max buffer headers")
    if getattr(link, "is_whole", False):  # the lobby has heard all
        return b""
    if not hasattr(source, "deadline"):
        source.deadline = getattr(link, "end", now + ARRIVAL_S)
    source.sock.settimeout(max(source.deadline - now, 0.001))
    try:
        piece: bytes = _chunk(source, *hint)
    except TimeoutError:
        piece = b""
        with suppress(OSError):  # gunicorn would wait for his end of the link for 2 s more
            socket.socket.shutdown(source.sock, socket.SHUT_RD)
    finally:
        source.sock.settimeout(None)
    return piece


def _headers_without_banner(response: wsgi.Response) -> list[str]:
    lines: list[str] = _default_headers(response)
    return [line for line in lines if not line.startswith("Server:")]


class _Together:
    """Takes what gunicorn writes in two: the head, then the body."""

    def __init__(self) -> None:
        self.whole = b""

    def sendall(self, part: bytes) -> None:
        self.whole += part


def _write_whole(response: wsgi.Response, piece: bytes) -> None:
    """Write a head with its body: a worker that is killed has sent an answer, or nothing.

    A head alone says 200, or Uzum's 400, to a bank that does not look at how long a body should be.
    """
    if response.headers_sent:
        _write(response, piece)
        return
    link, response.sock = response.sock, _Together()
    try:
        _write(response, piece)
    finally:
        together, response.sock = response.sock, link
    link.sendall(together.whole)


def _bare_error(sock: Any, status_int: int, reason: str, _: str) -> None:
    """Answer what is not HTTP without a page: some banks take one for a final refusal."""
    head = (
        f"HTTP/1.1 {status_int} {reason}\r\nConnection: close\r\nContent-Length: 0\r\n"
        "Cache-Control: no-store\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("latin1"))


def _named_request_line(request: message.Request, line: bytes) -> None:
    try:
        _parse_request_line(request, line)
    except errors.ParseException as error:
        match = re.match(rb"[A-Z]+ /+([A-Za-z0-9_-]{1,32})", line)
        error.bank = match[1].decode() if match else ""
        raise


def _noted_error(worker: base.Worker, req: Any, client: Any, addr: Any, exc: Any) -> None:
    """Write a line of our log for what never comes to the program."""
    if isinstance(exc, errors.ParseException):
        kind = type(exc).__name__
        bank = getattr(exc, "bank", "")
        _note_refused(bank, addr[0] if addr else "", REASONS.get(kind, kind))
    else:
        _note_unexpected()
    if req is not None:
        req.uri = ""  # gunicorn's own log would have the token
    _handle_error(worker, req, client, addr, exc)


def _note_refused(bank: str, address: str, why: str) -> None:
    """Without the request's own words."""
    from callback import log  # of the release in use, which is loaded by now

    log.call(
        logging.WARNING,
        stranger="gunicorn",
        bank=bank,
        address=address,
        outcome="refused_by_gunicorn",
        why=why,
    )


def _note_unexpected() -> None:
    from callback import log

    log.unexpected("gunicorn: an unexpected error")


wsgi.Response.write = _write_whole
wsgi.Response.default_headers = _headers_without_banner
util.write_error = _bare_error
message.Request.parse_request_line = _named_request_line
base.Worker.handle_error = _noted_error
sock.ssl_wrap_socket = _wrapped_in_time
util.close_graceful = _see_off
