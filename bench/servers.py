"""What is measured, each started from a temporary folder with settings of its own."""

from __future__ import annotations

import getpass
import os
import re
import socket
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.load import PASSWORD, USERNAME
from tests.support.processes import HOST, ROOT, Program, free_port, write_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.data import Books
    from bench.programs import Programs

HERE = Path(__file__).parent

SETTINGS = """\
SECRET_KEY = "only-for-the-benchmark-only-for-it"
DATABASE = "{database}"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
TRUSTED_PROXIES = {proxies}

[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1/32"]
username = "{username}"
password = "{password}"
account_pattern = "[0-9]{{10}}"
min_sum = "10.00"
max_sum = "50000.00"
show = ["name", "debt"]
sum_form = "strict"
"""
# The same for the rival, as a PHP array; sums in kopecks.
PHP_SETTINGS = """\
<?php
return [
    'dsn' => 'mysql:host={host};port={port};dbname={database};charset=utf8mb4',
    'db_user' => '{db_user}',
    'db_password' => '{db_password}',
    'persistent' => {persistent},
    'bank' => 'qiwi',
    'currency' => 'KZT',
    'allow' => ['127.0.0.1'],
    'username' => '{username}',
    'password' => '{password}',
    'account_pattern' => '/^[0-9]{{10}}$/D',
    'min_sum' => 1000,
    'max_sum' => 5000000,
    'log' => '{log}',
];
"""
PHP_SCRIPT = HERE / "php" / "osmp.php"
# A location of nginx, by the language of what stands behind it.
HTTP = """\
            proxy_pass "http://unix:{socket}";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;"""
FASTCGI = """\
            fastcgi_pass "unix:{socket}";
{parameters}"""
PHP = f"""\
            fastcgi_pass "unix:{{socket}}";
            fastcgi_param SCRIPT_FILENAME "{PHP_SCRIPT}";
            fastcgi_param OSMP_CONFIG "{{config}}";
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_keep_conn on;"""  # as for ours: 2 % less for PHP, too


def settings(database: str, folder: Path, *, proxies: int = 0) -> Path:
    """Write our settings file."""
    text = SETTINGS.format(database=database, proxies=proxies, username=USERNAME, password=PASSWORD)
    return write_settings(text, folder)


def environment(settings: Path) -> dict[str, str]:
    """Return the environment in which our program finds its settings."""
    return os.environ | {"CALLBACK_CONFIG": str(settings)}


class Upstream(NamedTuple):
    """A port of nginx, and what its location says."""

    port: int
    location: str

    @property
    def url(self) -> str:
        """Where the bank calls."""
        return f"http://{HOST}:{self.port}"


def http(socket: Path) -> Upstream:
    """Calls are handed on as HTTP."""
    return Upstream(free_port(), HTTP.format(socket=socket))


def fastcgi(socket: Path, root: Path = ROOT) -> Upstream:
    """Calls are handed on by FastCGI, as deploy/nginx.conf of the checkout does it."""
    deployed = (root / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    parameters = re.findall(r"^ *(fastcgi_(?:param|keep_conn) .*;)", deployed, re.M)
    return Upstream(free_port(), FASTCGI.format(socket=socket, parameters="\n".join(parameters)))


def as_deployed(socket: Path, root: Path) -> Upstream:
    """Calls are handed on as the checkout's own nginx.conf does it."""
    speaks_fastcgi = "fastcgi_param" in (root / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    return fastcgi(socket, root) if speaks_fastcgi else http(socket)


class Gunicorn(Program):
    """Our program as it is deployed; by default on a port of its own, with our own settings."""

    def __init__(
        self,
        programs: Programs,
        database: str,
        folder: Path,
        options: Sequence[str] = (),
        *,
        behind_nginx: bool = False,
        python: str = "",
        root: Path = ROOT,
    ) -> None:
        folder.mkdir()
        self.port = free_port()
        self.socket = folder / "gunicorn.sock"
        self.behind_nginx = behind_nginx
        self.bind = f"unix:{self.socket}" if behind_nginx else f"{HOST}:{self.port}"
        command = [
            *(python or programs.python, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py"),
            *("-b", self.bind, *options, "wsgi:application"),
        ]
        super().__init__(
            command,
            folder / "gunicorn.log",
            cwd=root,
            env=environment(settings(database, folder, proxies=1 if behind_nginx else 0)),
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    @property
    def workers(self) -> list[int]:
        """The process ids of its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def probe(self) -> None:
        """Ask for an answer: gunicorn listens before the program is loaded."""
        family = socket.AF_UNIX if self.behind_nginx else socket.AF_INET
        with socket.socket(family) as link:
            link.settimeout(5)
            link.connect(str(self.socket) if self.behind_nginx else (HOST, self.port))
            link.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if not link.recv(1):
                raise ConnectionError("no answer")


class PhpFpm(Program):
    """The rival on a PHP-FPM of its own."""

    def __init__(self, programs: Programs, books: Books, folder: Path, *, persistent: bool) -> None:
        folder.mkdir()
        self.socket = folder / "php.sock"
        self.config = folder / "config.php"
        config = PHP_SETTINGS.format(
            host=HOST,
            port=books.server.port,
            database=books.name,
            db_user=books.server.user,
            db_password=books.server.password,
            persistent=str(persistent).lower(),
            username=USERNAME,
            password=PASSWORD,
            log=folder / "php.log",
        )
        self.config.write_text(config, encoding="utf-8")
        user = f"user = {getpass.getuser()}" if os.geteuid() == 0 else ""
        words = {"FOLDER": str(folder), "USER": user}
        conf = _filled("php/php-fpm.conf", folder, words)
        # No folder to scan: the machine's own settings stay out.
        environment = os.environ | {"PHP_INI_SCAN_DIR": ""}
        command = [
            *(programs.php, "--nodaemonize", "--php-ini", str(HERE / "php" / "php.ini")),
            *("--fpm-config", str(conf)),
            *(["--allow-to-run-as-root"] if os.geteuid() == 0 else []),
        ]
        super().__init__(command, folder / "php-fpm.log", env=environment)

    def upstream(self) -> Upstream:
        """How nginx calls it."""
        return Upstream(free_port(), PHP.format(socket=self.socket, config=self.config))

    def probe(self) -> None:
        """Connect once."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self.socket))


class Nginx(Program):
    """The web server in front of all."""

    def __init__(self, programs: Programs, folder: Path, upstreams: Sequence[Upstream]) -> None:
        self.upstreams = upstreams
        words = {
            "FOLDER": str(folder),
            "USER": f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
            "SERVERS": "".join(map(_server, upstreams)),
        }
        conf = _filled("nginx.conf", folder, words)
        command = [programs.nginx, "-p", str(folder), "-e", "stderr", "-c", str(conf)]
        super().__init__(command, folder / "nginx.log")

    def probe(self) -> None:
        """Connect once."""
        connection = HTTPConnection(HOST, self.upstreams[0].port, timeout=5)
        connection.connect()
        connection.close()


def _server(upstream: Upstream) -> str:
    return f"""
    server {{
        listen {HOST}:{upstream.port};
        location / {{
{upstream.location}
        }}
    }}
"""


def _filled(name: str, folder: Path, words: dict[str, str]) -> Path:
    text = (HERE / name).read_text(encoding="utf-8")
    made = folder / Path(name).name
    made.write_text(re.sub("@([A-Z_]+)@", lambda word: words[word[1]], text), encoding="utf-8")
    return made
