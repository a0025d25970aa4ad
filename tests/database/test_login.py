"""Logging in: no server gets the password by asking for it, and no login ends in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from callback.database.errors import DatabaseError
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
