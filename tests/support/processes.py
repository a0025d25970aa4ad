"""Real servers for the tests: a private MariaDB, a proxy that cuts links, the endpoint itself."""

from __future__ import annotations

import getpass
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

import pymysql

from tests.support.certificates import make_certificates

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.1"
SERVER_PORTS = (10_000, 32_000)
START_SECONDS = 60
STOP_SECONDS = 30


def free_port() -> int:
    """Find a TCP port that nobody listens on.

    It is below those that the system gives to outgoing connections, one of which might take it
    before our server does: tests run side by side.
    """
    while True:
        port = random.randrange(*SERVER_PORTS)
        with suppress(OSError), socket.create_server((HOST, port)):
            return port


@contextmanager
def standing_still(*processes: int) -> Iterator[None]:
    """These processes do nothing: all their threads stand, not only the one that is told first."""
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        for pid in processes:
            for state in Path(f"/proc/{pid}/task").glob("*/stat"):
                end = time.monotonic() + STOP_SECONDS
                while state.read_text().rpartition(")")[2].split()[0] != "T":
                    assert time.monotonic() < end, f"{state} does not stand still"
                    time.sleep(0.001)
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


class Program:
    """A program of ours in the background: waited for at start, stopped by its own process id."""

    START_S = START_SECONDS

    def __init__(self, command: Sequence[str], log: Path, **popen: Any) -> None:
        self.command = command
        self._log = log
        self._popen = popen
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id, while it runs."""
        if self._process is None:
            raise RuntimeError(f"{self.command[0]} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it serves."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self.command, stdout=log, stderr=log, **self._popen)
        deadline = time.monotonic() + self.START_S
        while not self._serves():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.command[0]} did not start:\n{self.output()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to finish; insist if it does not."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def signal(self, number: int) -> None:
        """Send it a signal, as SIGSTOP."""
        assert self._process is not None
        self._process.send_signal(number)

    def output(self) -> str:
        """Everything it has printed."""
        return self._log.read_text(errors="replace")

    def _serves(self) -> bool:
        with suppress(OSError, HTTPException):
            self.probe()
            return True
        return False

    def probe(self) -> None:
        """Raise an error as long as it does not serve."""
        raise NotImplementedError


class MariaDB(Program):
    """A private MariaDB in *folder*, away from the machine's own data and settings."""

    user = "callback"
    password = "pass@word"  # must be quoted in an address, as real ones must

    def __init__(
        self,
        folder: Path,
        *,
        tls: bool = False,
        durable: bool = False,
        options: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.socket = folder / "socket"
        self.ca = folder / "ca.pem"
        command = [
            find("mariadbd"),
            *self._basics(),
            f"--socket={self.socket}",
            f"--port={self.port}",
            f"--bind-address={HOST}",
            "--skip-name-resolve",
            "--max-connections=200",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=1",
            # Without: a killed server loses nothing, a lost machine may.
            *([] if durable else ["--innodb-flush-method=nosync"]),
            *(self._certificates() if tls else ["--skip-ssl"]),
            *options,
        ]
        super().__init__(command, folder / "mariadb.log")

    def __enter__(self) -> Self:
        self._install()
        super().__enter__()
        self.sql(f"CREATE USER IF NOT EXISTS {self.user}@'%' IDENTIFIED BY '{self.password}'")
        return self

    def url(self, database: str, *, port: int | None = None, **options: str | Path) -> str:
        """Return the DATABASE setting for *database*; *port* is that of a proxy in front."""
        user = f"{self.user}:{quote(self.password, safe='')}"
        query = "?" + urlencode(options) if options else ""
        return f"mysql://{user}@{HOST}:{port or self.port}/{database}{query}"

    def sql(
        self, statement: str, database: str | None = None, args: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        """Run one statement as the database's root, commit it and return its rows."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(statement, args or None)
            return list(cursor.fetchall())

    def connect(self, database: str | None = None) -> pymysql.Connection[Any]:
        """Connect as the database's root; every statement is committed by itself."""
        return pymysql.connect(
            unix_socket=str(self.socket),
            user="root",
            database=database,
            autocommit=True,
            ssl_disabled=True,  # to read the system's authorities takes longer than a statement
        )

    def create_database(self, name: str) -> None:
        """Create it and give the program's user what a shared host gives."""
        self.sql(f"CREATE DATABASE {name}")
        self.sql(f"GRANT ALL ON {name}.* TO {self.user}@'%'")

    def probe(self) -> None:
        """Wait for the greeting: an open socket alone does not mean that anyone serves."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self.socket))
            link.recv(1)

    def _basics(self) -> list[str]:
        return [
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            # A server that starts throws away what it finds of temporary tables in here.
            f"--tmpdir={self.folder}",
            f"--user={getpass.getuser()}",
            "--innodb-buffer-pool-size=32M",
            "--innodb-log-file-size=16M",
        ]

    def _install(self) -> None:
        installer = find("mariadb-install-db")
        options = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run([installer, *self._basics(), *options], check=True, capture_output=True)

    def _certificates(self) -> list[str]:
        make_certificates(self.folder)
        return [f"--ssl-{name}={self.folder / name}.pem" for name in ("ca", "cert", "key")]


def find(program: str) -> str:
    """Find a server program, also where only root's PATH looks."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(program, path=path)
    if found is None:
        raise RuntimeError(f"{program} is missing: run `make test`, or install mariadb-server")
    return found


def unpacked(folder: Path, *packages: str) -> Path:
    """Unpack Debian's packages without installing them, and return their usr/.

    For those that bar another package, or that would start a service.
    """
    command = ["apt-get", "download", "-qq", *packages]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder / "unpacked"], check=True)
    return folder / "unpacked" / "usr"


@dataclass
class Rule:
    """What happens to the client's packets that contain *needle*: the next `times` after `skip`.

    * before: the server never gets the packet; after: it does, but its answer is thrown away.
    * cut closes both sides; stall leaves the client waiting; late (with before) also does, and
      hands the packet to the server when the client has given up; hold (with before) hands it over
      when the test sets `go`, and carries on.
    """

    needle: bytes
    when: Literal["before", "after"] = "before"
    action: Literal["cut", "stall", "late", "hold"] = "cut"
    times: int = 1
    skip: int = 0
    go: threading.Event = field(default_factory=threading.Event)

    def applies(self, packet: bytes) -> bool:
        if self.needle not in packet or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class CuttingProxy:
    """Stands between the program and MariaDB, and breaks the link exactly where a test says."""

    MAX_LINKS = 200

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.rule: Rule | None = None
        self.statements: list[str] = []  # every COM_QUERY of every client, in order
        self.port = 0
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._doorman: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *error: object) -> None:
        self.refuse = True
        if self.rule:
            self.rule.go.set()
        self.cut_idle()
        for link in self.links:
            link.join()

    @property
    def links(self) -> list[_Link]:
        """The links that are open now."""
        with self._lock:
            self._links = [link for link in self._links if link.is_alive()]
            return list(self._links)

    @property
    def refuse(self) -> bool:
        """True: nobody listens on the port, new clients get "connection refused"."""
        return not self._open.is_set()

    @refuse.setter
    def refuse(self, refuse: bool) -> None:
        if refuse and self._doorman is not None:
            self._open.clear()
            self._doorman.join()
        elif not refuse and self.refuse:
            self._listen()

    def cut_idle(self) -> None:
        """Close all open links now."""
        for link in self.links:
            link.cut()

    def judge(self, packet: bytes) -> Rule | None:
        """Note a client's packet and return the rule, if it applies to it."""
        with self._lock:
            if packet[:1] == b"\x03":  # COM_QUERY
                self.statements.append(packet[1:].decode(errors="replace"))
            rule = self.rule
            return rule if rule is not None and rule.applies(packet) else None

    def _listen(self) -> None:
        listener = socket.create_server((HOST, self.port))
        self.port = listener.getsockname()[1]
        self._open.set()
        self._doorman = threading.Thread(target=self._accept, args=(listener,), daemon=True)
        self._doorman.start()

    def _accept(self, listener: socket.socket) -> None:
        listener.settimeout(0.02)  # how soon a refusal takes effect
        with listener:
            while self._open.is_set():
                with suppress(TimeoutError):
                    self._connect(listener.accept()[0])

    def _connect(self, client: socket.socket) -> None:
        try:
            if len(self.links) >= self.MAX_LINKS:
                raise ConnectionError("too many links")
            server = socket.create_connection(self.target)
        except OSError:
            client.close()
            return
        link = _Link(self.judge, client, server)
        with self._lock:
            self._links.append(link)
            link.start()


class _Link(threading.Thread):
    """One connection through the proxy; this thread carries questions, another the answers."""

    def __init__(
        self, judge: Callable[[bytes], Rule | None], client: socket.socket, server: socket.socket
    ) -> None:
        super().__init__(daemon=True)
        self._judge = judge
        self._client = client
        self._server = server
        self._silenced: Rule | None = None
        self._answers = threading.Thread(target=self._carry_answers, daemon=True)

    def run(self) -> None:
        with self._client, self._server:
            self._answers.start()
            with suppress(OSError):
                self._carry_questions()
            self.cut()
            self._answers.join()

    def cut(self) -> None:
        """Close both sides; it also wakes the threads that read them."""
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _carry_questions(self) -> None:
        for packet in _packets(self._client):
            rule = self._judge(packet[4:])
            if rule is None or rule.action == "hold":
                if rule:
                    rule.go.wait()
                self._server.sendall(packet)
            else:
                return self._break(rule, packet)
        return None

    def _break(self, rule: Rule, packet: bytes) -> None:
        self._silenced = rule
        if rule.when == "after":
            self._server.sendall(packet)
            if rule.action == "cut":
                self._answers.join()  # it ends with the first answer
        if rule.action != "cut":
            while self._client.recv(4096):  # until the client gives up
                pass
        if rule.action == "late":
            self._server.sendall(packet)
            self._answers.join()

    def _carry_answers(self) -> None:
        with suppress(OSError):
            while answer := self._server.recv(65536):
                if self._silenced is None:
                    self._client.sendall(answer)
                elif self._silenced.action != "stall":
                    return


def _packets(client: socket.socket) -> Iterator[bytes]:
    """Yield MySQL packets, each with its header: three bytes of length, one of sequence."""
    with client.makefile("rb") as stream:
        while len(header := stream.read(4)) == 4:
            yield header + stream.read(int.from_bytes(header[:3], "little"))


@dataclass(frozen=True)
class Reply:
    """What the endpoint answered."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()


class Client:
    """Speaks HTTP with whoever listens on `port`."""

    port: int

    def call(
        self,
        path: str | bytes,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float = 60,
    ) -> Reply:
        """Send one request on a connection of its own; the path goes out exactly as given."""
        fields = {"Host": f"{HOST}:{self.port}", "Connection": "close", **(headers or {})}
        content = _encoded(body or b"")
        if body is not None and "Transfer-Encoding" not in fields:
            fields.setdefault("Content-Length", str(len(content)))
        head = b"%s %s HTTP/1.1\r\n" % (method.encode(), _encoded(path))
        head += b"".join(_encoded(f"{name}: {value}\r\n") for name, value in fields.items())
        with self._connect(timeout) as link:
            link.sendall(head + b"\r\n" + content)
            with closing(HTTPResponse(link, method=method)) as response:
                response.begin()
                return Reply(response.status, response.headers, response.read())

    def raw(self, request: bytes, *, timeout: float = 10) -> bytes:
        """Send a hand-made request and return everything that comes back."""
        received = bytearray()
        with self._connect(timeout) as link, suppress(ConnectionError, TimeoutError):
            link.sendall(request)
            link.shutdown(socket.SHUT_WR)
            while piece := link.recv(65536):
                received += piece
        return bytes(received)

    def _connect(self, timeout: float) -> socket.socket:
        return socket.create_connection((HOST, self.port), timeout)


class Endpoint(Client, Program):
    """The program as it is deployed: gunicorn, with settings of its own, on a free port."""

    def __init__(
        self,
        settings_toml: str,
        folder: Path,
        *,
        workers: int = 2,
        options: Sequence[str] = (),
        root: Path = ROOT,
    ) -> None:
        self.port = free_port()
        self.settings = write_settings(settings_toml, folder)
        self._printed_at_start = 0
        config = root / "deploy" / "gunicorn.conf.py"
        command = [
            *(sys.executable, "-m", "gunicorn"),
            *(["-c", str(config)] if config.exists() else []),
            *("-b", f"{HOST}:{self.port}", "-w", str(workers), "--no-control-socket"),
            *options,
            "wsgi:app",
        ]
        environment = os.environ | {"CALLBACK_CONFIG": str(self.settings)}
        super().__init__(command, folder / "endpoint.log", cwd=root, env=environment)

    def start(self) -> None:
        super().start()
        self._printed_at_start = len(self.output())

    def probe(self) -> None:
        """Ask for an answer: gunicorn listens before the program is loaded."""
        self.call("/", timeout=5)

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers, as they are now."""
        tasks = Path(f"/proc/{self.pid}/task")
        return [int(pid) for file in tasks.glob("*/children") for pid in file.read_text().split()]

    def log(self) -> list[dict[str, Any]]:
        """Return what the program has logged since it started to serve."""
        lines = self.output()[self._printed_at_start :].splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def write_settings(settings_toml: str, folder: Path) -> Path:
    """Write a settings file that only its owner may read."""
    path = folder / "config.toml"
    path.touch(mode=0o600)
    path.write_text(settings_toml, encoding="utf-8")
    return path


def write_bank(protocol: str, lines: str, folder: Path) -> Path:
    """Write a settings file that has one bank, named as its protocol, for `load` to judge."""
    head = 'SECRET_KEY = "only-for-tests-never-where-money-is"\nDATABASE = "sqlite:///x.db"\n'
    head += 'TIMEZONE = "UTC"\nCURRENCY = "UZS"\n'
    bank = f'[BANKS.{protocol}]\nprotocol = "{protocol}"\n{lines}\n'
    return write_settings(head + bank, folder)


def _encoded(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
