"""Logging in: no server gets the password by asking for it, and no login ends in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from pymysql.cursors import DictCursor

from callback.database import login
from callback.database.errors import DatabaseError
from callback.database.login import Connection
from callback.database.mysql import MySQL
from tests.conftest import SOME_BANK, MariaDBEngine, settings_toml
from tests.support.certificates import make_certificates
from tests.support.mysql_server import CACHING, CLEAR, DIALOG, NATIVE, SHA256, LoginServer
from tests.support.processes import HOST, ROOT, write_settings

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "a-password-of-ours"
ELSEWHERE = "127.0.0.2"  # to the program this is another machine
OTHER_LOGINS = ("client_ed25519", "mysql_old_password", "parsec", "auth_gssapi_client", "\xff")


def engine(server: LoginServer, *, ca: Path | None = None) -> MySQL:
    """The way to a server, as DATABASE would name it."""
    return MySQL(
        hosts=[(server.host, server.port)],
        user="usu",
        password=PASSWORD,
        database="usu",
        ssl_ca=str(ca) if ca else None,
    )


def refusal(server: LoginServer, *, ca: Path | None = None) -> str:
    """Why there is no connection."""
    with pytest.raises(DatabaseError) as caught:
        engine(server, ca=ca).connect()
    return str(caught.value)


@pytest.fixture
def no_cryptography(tmp_path: Path) -> dict[str, str]:
    """The environment of a host that has no such library."""
    missing = tmp_path / "missing" / "cryptography"
    missing.mkdir(parents=True)
    (missing / "__init__.py").write_text("raise ImportError('no cryptography here')\n")
    return {"PYTHONPATH": str(missing.parent)}


def run(
    server: LoginServer, folder: Path, environment: dict[str, str], *args: str, more: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command with a database that is this server; `more` hosts stand behind it."""
    url = f"mysql://usu:{PASSWORD}@{server.host}:{server.port}{more}/usu"

    class Module:
        BANKS = SOME_BANK

    settings = write_settings(settings_toml(url, Module), folder)  # type: ignore[arg-type]
    return subprocess.run(
        [sys.executable, "-m", "flask", *args],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(settings)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("greeting", [CACHING, NATIVE])
@pytest.mark.parametrize("login", [CLEAR, DIALOG, SHA256])
@pytest.mark.parametrize("host", [HOST, ELSEWHERE])
def test_a_server_that_asks_for_the_password_does_not_get_it(
    login: str, greeting: str, host: str
) -> None:
    """Whoever answers on the port may ask for it; the sentence says what to do instead."""
    with LoginServer(login, PASSWORD, greeting=greeting, host=host) as server:
        text = refusal(server)

    assert PASSWORD.encode() not in server.heard
    if login != SHA256:
        assert "unix_socket= or ssl_ca=" in text


@pytest.mark.parametrize("login", [CLEAR, DIALOG, SHA256, CACHING])
@pytest.mark.parametrize("greets", [False, True])
def test_tls_with_a_stranger_is_no_reason_to_give_it(
    login: str, greets: bool, tmp_path: Path
) -> None:
    """Without ssl_ca nobody has looked at the certificate."""
    make_certificates(tmp_path)
    greeting = login if greets else NATIVE
    certificate = tmp_path / "cert.pem"
    with LoginServer(
        login, PASSWORD, greeting=greeting, host=ELSEWHERE, certificate=certificate
    ) as server:
        text = refusal(server)

    assert PASSWORD.encode() not in server.heard
    if not (greets and login in (CLEAR, DIALOG)):  # PyMySQL says nothing to such a greeting
        assert "unix_socket= or ssl_ca=" in text


def test_a_stranger_elsewhere_gets_no_chance_to_have_it_encrypted_for_himself() -> None:
    """His key would open it; only on this machine a key is asked for."""
    with LoginServer(CACHING, PASSWORD, host=ELSEWHERE) as server:
        assert "unix_socket= or ssl_ca=" in refusal(server)

    assert not server.heard.endswith(b"\2")
    assert len(server.heard) < 300  # no encrypted text of 256 bytes


@pytest.mark.parametrize("login", [CLEAR, CACHING])
def test_a_server_that_we_know_gets_it_over_tls(login: str, tmp_path: Path) -> None:
    """With ssl_ca the certificate has been looked at."""
    make_certificates(tmp_path)
    with LoginServer(login, PASSWORD, certificate=tmp_path / "cert.pem") as server:
        connection = engine(server, ca=tmp_path / "ca.pem").connect()

        assert connection.can_log_in_again
        connection.close()
    assert PASSWORD.encode() in server.heard


@pytest.mark.parametrize("greeting", [CACHING, NATIVE])
@pytest.mark.parametrize("is_cold", [True, False])
def test_mysql_8_lets_us_in_on_this_machine(greeting: str, is_cold: bool) -> None:
    """Cold it wants the password, which is encrypted with its key; else a hash will do."""
    with LoginServer(CACHING, PASSWORD, greeting=greeting, is_cold=is_cold) as server:
        connection = engine(server).connect()

        assert connection.can_log_in_again
        connection.close()
    assert PASSWORD.encode() not in server.heard


COMMANDS = (
    ("payments",),
    ("init-db",),
    ("doctor",),
    ("bills", "qiwi"),
    ("reconcile", "qiwi", "register.txt"),
)
REGISTER = "7\t03.11.2026\t09:15:00\t7012340001\t100.00\nTotal:\t1\t100.00\n"


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
@pytest.mark.slow
def test_without_the_library_a_command_says_what_to_do(
    tmp_path: Path, no_cryptography: dict[str, str], args: tuple[str, ...]
) -> None:
    """MySQL 8 as it is installed, by 127.0.0.1 or a name, without TLS."""
    (tmp_path / "register.txt").write_text(REGISTER)
    args = tuple(arg.replace("register.txt", f"{tmp_path}/register.txt") for arg in args)
    with LoginServer(CACHING, PASSWORD) as server:
        done = run(server, tmp_path, no_cryptography, *args)

    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert "unix_socket= or ssl_ca=" in said
    assert "requirements-optional.txt" in said
    assert done.returncode != 0


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.slow
def test_the_next_host_is_tried(
    database: MariaDBEngine, tmp_path: Path, no_cryptography: dict[str, str]
) -> None:
    """One that lets us in."""
    database.server.sql(f"CREATE OR REPLACE USER usu@'%' IDENTIFIED BY '{PASSWORD}'")
    database.server.sql(f"GRANT ALL ON {database.name}.* TO usu@'%'")
    with LoginServer(CACHING, PASSWORD) as server:
        more = f",{HOST}:{database.server.port}"
        database.server.sql("CREATE DATABASE IF NOT EXISTS usu")
        database.server.sql("GRANT ALL ON usu.* TO usu@'%'")
        done = run(server, tmp_path, no_cryptography, "init-db", more=more)

    assert done.returncode == 0, done.stderr
    assert "unix_socket= or ssl_ca=" in done.stderr


@pytest.mark.parametrize(
    ("host", "greeting", "has_library", "is_fault"),
    [
        (HOST, CACHING, True, False),
        (HOST, CACHING, False, True),
        (HOST, NATIVE, False, True),
        (ELSEWHERE, CACHING, True, True),
    ],
)
@pytest.mark.slow
def test_doctor_says_beforehand_that_the_servers_next_start_will_lock_us_out(
    tmp_path: Path,
    no_cryptography: dict[str, str],
    *,
    host: str,
    greeting: str,
    has_library: bool,
    is_fault: bool,
) -> None:
    """The server still has our hash in its memory: all is well, until it starts again."""
    environment = {} if has_library else no_cryptography
    with LoginServer(CACHING, PASSWORD, greeting, is_cold=False, host=host) as server:
        done = run(server, tmp_path, environment, "doctor")

    lines = [line for line in done.stdout.splitlines() if line.startswith("fault   login:")]
    assert ["after the server's next start" in line for line in lines] == [True] * is_fault, done


@pytest.mark.parametrize("login", OTHER_LOGINS)
def test_a_login_that_we_do_not_know_is_a_sentence(login: str) -> None:
    """Whatever the server calls it."""
    with LoginServer(login, PASSWORD) as server:
        assert "give the database user another" in refusal(server)

    assert PASSWORD.encode() not in server.heard


# What follows needs no server: each step of a login by itself.
KEYS = (b"\2", b"\1")  # how a key of the server's is asked for
ITSELF = PASSWORD.encode() + b"\0"
LONG_REMEDY = (
    "name unix_socket= or ssl_ca= in DATABASE (on this machine the library cryptography will do, "
    "too: requirements-optional.txt), or give the database user another login"
)


class Asked:
    """PyMySQL's own part of a step: notes what it was called with, and raises what is to come."""

    def __init__(self) -> None:
        self.args: list[Any] = []
        self.error: Exception | None = None

    def __call__(self, *args: Any) -> str:
        self.args += args[1:] if args and isinstance(args[0], Connection) else args
        if self.error:
            raise self.error
        return "done"

    def __get__(self, link: object, _: object = None) -> Any:
        return partial(self, link)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """In place of each of them."""
    made = Asked()
    for name in ("connect", "write_packet", "_get_server_information", "_process_auth"):
        monkeypatch.setattr(pymysql.Connection, name, made)
    return made


def way(
    *, local: bool = False, trusted: bool = False, password: str = PASSWORD, **more: Any
) -> Connection:
    """A connection that is still to be made."""
    made: Any = Connection(
        local=local,
        unix_socket="/run/mysqld.sock" if trusted else None,
        within=4.0,
        password=password.encode(),
        defer_connect=True,
        ssl_disabled=True,
    )
    vars(made).update(more)
    return made  # type: ignore[no-any-return]


def test_a_way_in_is_trusted_by_its_socket_or_its_authority(tmp_path: Path) -> None:
    """What is read over it is told by the columns' names."""
    make_certificates(tmp_path)
    options: dict[str, Any] = {"local": False, "within": 4.0, "defer_connect": True}
    links = [
        Connection(unix_socket=None, **options),
        Connection(unix_socket="/run/mysqld.sock", **options),
        Connection(unix_socket=None, ssl_ca=str(tmp_path / "ca.pem"), **options),
    ]
    assert [link._trusted for link in links] == [False, True, True]  # noqa: SLF001
    assert [link.unix_socket for link in links] == [None, "/run/mysqld.sock", None]
    assert {link.cursorclass for link in links} == {DictCursor}
    assert {link.login for link in links} == {""}


# How the login is called, what it goes over, whether there is the library; whether it goes on.
AGAIN: dict[str, tuple[dict[str, Any], bool, bool]] = {
    "by a hash, but not of MySQL 8": ({"login": NATIVE}, False, True),
    "by its hash, here, with the library": ({"local": True}, True, True),
    "by its hash, here, without": ({"local": True}, False, False),
    "by its hash, from elsewhere": ({}, True, False),
    "over a socket": ({"trusted": True}, False, True),
    "without a password": ({"password": ""}, False, True),
}


@pytest.mark.parametrize("case", AGAIN)
def test_who_is_let_in_today_may_be_locked_out_tomorrow(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MySQL 8 has forgotten the hash when it starts again, and asks for the password."""
    options, has_library, is_let_in = AGAIN[case]
    if not has_library:
        monkeypatch.setattr(login, "LIBRARY", "no_such_library.padding")
    assert way(**{"login": CACHING, **options}).can_log_in_again is is_let_in


def test_what_to_do_about_it_is_said() -> None:
    """In full, wherever the password is not given away."""
    assert f"{CACHING} over a link that may not carry the password" in login.COLD
    assert login.COLD.endswith(f"refused; {LONG_REMEDY}")
    assert login.REFUSED.endswith(f"give away: {LONG_REMEDY}")


def test_a_login_that_goes_wrong_is_mysqls_error(asked: Asked) -> None:
    """Whatever the driver raises: it misses a library, or reads what it is told without looking."""
    link = way(login="parsec")
    link.connect("a socket")
    assert asked.args == ["a socket"]
    for cause, said in (
        (RuntimeError("no x"), (2061, f"the login parsec cannot be had (no x): {LONG_REMEDY}")),
        (
            IndexError("y"),
            (
                2003,
                "not understood (IndexError: y): is it a MySQL server? If so, give the database "
                "user another login",
            ),
        ),
        (pymysql.OperationalError(1045, "z"), (1045, "z")),
    ):
        asked.error = cause
        with pytest.raises(pymysql.OperationalError) as caught:
            link.connect()
        assert caught.value.args == said


SENT = [
    *[(key, {"local": True}, True) for key in KEYS],
    *[(key, {"trusted": True}, True) for key in KEYS],
    *[(key, {"password": ""}, True) for key in KEYS],
    *[(key, {}, False) for key in KEYS],
    (ITSELF, {}, False),
    (ITSELF, {"local": True}, False),
    (ITSELF, {"trusted": True}, True),
    (ITSELF + b"x", {}, True),
    (b"\0", {"password": ""}, True),
    (b"\3", {}, True),
]


@pytest.mark.parametrize(("payload", "options", "is_sent"), SENT)
def test_what_would_give_the_password_away_is_not_sent(
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
    payload: bytes,
    options: dict[str, Any],
    *,
    is_sent: bool,
) -> None:
    """Neither itself nor, to another machine, what lets a stranger unlock it."""
    loaded: list[int] = []
    monkeypatch.setattr(login, "let_encrypt", lambda: loaded.append(1))
    link = way(**options)
    if is_sent:
        link.write_packet(payload)
        assert asked.args == [payload]
    else:
        with pytest.raises(pymysql.OperationalError) as caught:
            link.write_packet(payload)
        assert caught.value.args == (2061, login.REFUSED)
        assert asked.args == []
    assert len(loaded) == (payload in KEYS)


GREETED = {
    "its answer over TLS would be the password": ((SHA256, True, False), False),
    "it asks for a key": ((SHA256, False, False), True),
    "we know whom we talk to": ((SHA256, True, True), True),
    "a hash": ((NATIVE, True, False), True),
}


@pytest.mark.parametrize("case", GREETED)
def test_a_greeting_may_be_the_end(asked: Asked, case: str) -> None:
    """Before anything was said."""
    (name, ssl, trusted), is_answered = GREETED[case]
    link: Any = way(trusted=trusted, ssl=ssl, _auth_plugin_name=name)
    if is_answered:
        link._get_server_information()  # noqa: SLF001
    else:
        with pytest.raises(pymysql.OperationalError) as caught:
            link._get_server_information()  # noqa: SLF001
        assert caught.value.args == (2061, login.REFUSED)
    assert link.login == name


def test_the_server_may_want_another_login_than_it_greets_with(asked: Asked) -> None:
    """Whatever it calls it."""
    link: Any = way()
    assert link._process_auth(b"\xffx", "packet") == "done"  # noqa: SLF001
    assert (link.login, asked.args) == ("\ufffdx", [b"\xffx", "packet"])
