"""What is measured, each started from a temporary folder with settings of its own."""

from __future__ import annotations

import getpass
import os
import re
import socket
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

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
"""
# The same for the rival, as a PHP array; sums in kopecks.
PHP_SETTINGS = """\
<?php
return [
    'dsn' => 'mysql:host={host};port={port};dbname={database};charset=utf8mb4',
    'db_user' => '{db_user}',
    'db_password' => '{db_password}',
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


def settings(database: str, folder: Path, *, proxies: int = 0) -> Path:
    """Write our settings file."""
    text = SETTINGS.format(database=database, proxies=proxies, username=USERNAME, password=PASSWORD)
    return write_settings(text, folder)


def environment(settings: Path) -> dict[str, str]:
    """Return the environment in which our program finds its settings."""
    return os.environ | {"CALLBACK_CONFIG": str(settings)}


class Gunicorn(Program):
    """Our program as it is deployed; by default on a port of its own, with our own settings."""

    def __init__(
        self,
        database: str,
        folder: Path,
        options: Sequence[str] = (),
        *,
        unix_socket: Path | None = None,
    ) -> None:
        folder.mkdir()
        self.port = free_port()
        self.bind = f"unix:{unix_socket}" if unix_socket else f"{HOST}:{self.port}"
        self.unix_socket = unix_socket
        command = [
            *(sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py"),
            *("-b", self.bind, *options, "wsgi:app"),
        ]
        super().__init__(
            command,
            folder / "gunicorn.log",
            cwd=ROOT,
            env=environment(settings(database, folder, proxies=1 if unix_socket else 0)),
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
        family = socket.AF_UNIX if self.unix_socket else socket.AF_INET
        with socket.socket(family) as link:
            link.settimeout(5)
            link.connect(str(self.unix_socket) if self.unix_socket else (HOST, self.port))
            link.sendall(b"GET / HTTP/1.0\r\n\r\n")
            if not link.recv(1):
                raise ConnectionError("no answer")


class PhpFpm(Program):
    """The rival on a PHP-FPM of its own."""

    def __init__(self, programs: Programs, books: Books, folder: Path) -> None:
        self.folder = folder
        config = PHP_SETTINGS.format(
            host=HOST,
            port=books.server.port,
            database=books.name,
            db_user=books.server.user,
            db_password=books.server.password,
            username=USERNAME,
            password=PASSWORD,
            log=folder / "php.log",
        )
        (folder / "config.php").write_text(config, encoding="utf-8")
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

    def probe(self) -> None:
        """Connect once."""
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(self.folder / "php.sock"))


class Nginx(Program):
    """The web server in front of both; its folder holds their sockets."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        self.port, self.php_port = free_port(), free_port()
        words = {
            "FOLDER": str(folder),
            "USER": f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
            "OUR_PORT": str(self.port),
            "PHP_PORT": str(self.php_port),
            "SCRIPT": str(HERE / "php" / "osmp.php"),
        }
        conf = _filled("nginx.conf", folder, words)
        command = [programs.nginx, "-p", str(folder), "-e", "stderr", "-c", str(conf)]
        super().__init__(command, folder / "nginx.log")

    @property
    def url(self) -> str:
        """Where it hands calls to our program."""
        return f"http://{HOST}:{self.port}"

    @property
    def php_url(self) -> str:
        """Where it hands calls to the rival."""
        return f"http://{HOST}:{self.php_port}"

    def probe(self) -> None:
        """Connect once."""
        connection = HTTPConnection(HOST, self.port, timeout=5)
        connection.connect()
        connection.close()


def _filled(name: str, folder: Path, words: dict[str, str]) -> Path:
    text = (HERE / name).read_text(encoding="utf-8")
    made = folder / Path(name).name
    made.write_text(re.sub("@([A-Z_]+)@", lambda word: words[word[1]], text), encoding="utf-8")
    return made
