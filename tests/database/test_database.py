"""The way to the database: TLS, several hosts, few connections, limits of shared hosts."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pymysql
import pytest

from tests.conftest import SOME_BANK, MariaDBEngine, flask, settings_toml
from tests.support.processes import CuttingProxy, Endpoint, MariaDB, free_port, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BANKS = SOME_BANK
ACCOUNT = "7012340001"
pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A server with a certificate for 127.0.0.1, that 127.0.0.2 reaches too."""
    folder = tmp_path_factory.mktemp("tls")
    with MariaDB(folder, tls=True, options=["--bind-address=127.0.0.1,127.0.0.2"]) as server:
        server.create_database("usu")
        yield server


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBEngine]:
    """A server whose limits a test may lower."""
    folder = tmp_path_factory.mktemp("narrow")
    with MariaDB(folder, options=["--max-connections=10", "--max-user-connections=50"]) as server:
        server.create_database("usu")
        engine = MariaDBEngine(server, "usu")
        made(engine.url, folder)
        engine.account(ACCOUNT)
        yield engine


def toml(url: str, **more: Any) -> str:
    """Settings with one bank."""

    class Module:
        SETTINGS = more
        BANKS = SOME_BANK

    return settings_toml(url, Module)  # type: ignore[arg-type]


def made(url: str, folder: Path) -> str:
    """Create the tables; return what went wrong."""
    done = flask(write_settings(toml(url), folder), "init-db")
    return done.stderr if done.returncode else ""


def ask(endpoint: Endpoint, query: str = "command=check") -> str | None:
    """The code of an answer."""
    reply = endpoint.call(f"/qiwi?{query}&account={ACCOUNT}")
    assert reply.status == 200
    return ET.fromstring(reply.body).findtext("result")


PAY = "command=pay&txn_id=1&sum=1.00&txn_date=20261103091500"


def warnings(endpoint: Endpoint) -> str:
    """The sentences in the log."""
    return "\n".join(str(line["message"]) for line in endpoint.log() if "message" in line)


@pytest.mark.slow
def test_tls_is_used_when_an_authority_is_named(
    database: object, tls: MariaDB, tmp_path: Path
) -> None:
    """The user may not connect without."""
    tls.sql("ALTER USER callback@'%' REQUIRE SSL")

    assert made(tls.url("usu", ssl_ca=tls.ca), tmp_path) == ""
    assert "1045" in made(tls.url("usu"), tmp_path)
    tls.sql("ALTER USER callback@'%' REQUIRE NONE")


@pytest.mark.slow
def test_a_server_without_tls_is_refused_when_an_authority_is_named(
    database: object, mariadb: MariaDB, tls: MariaDB, tmp_path: Path
) -> None:
    """An attacker could make it look so: nothing is sent in the clear."""
    mariadb.create_database("no_tls")

    assert "ssl_ca" in made(mariadb.url("no_tls", ssl_ca=tls.ca), tmp_path)
    assert made(mariadb.url("no_tls"), tmp_path) == ""


@pytest.mark.slow
def test_a_certificate_of_another_authority_is_refused(
    database: object, tls: MariaDB, tmp_path: Path
) -> None:
    """Only the named authority counts."""
    other = tmp_path / "other"
    other.mkdir()
    with MariaDB(other, tls=True) as stranger:
        assert "CERTIFICATE_VERIFY_FAILED" in made(tls.url("usu", ssl_ca=stranger.ca), tmp_path)


def test_a_certificate_for_another_host_is_refused(
    database: object, tls: MariaDB, tmp_path: Path
) -> None:
    """The certificate is for 127.0.0.1, where this address leads, too."""
    url = tls.url("usu", ssl_ca=tls.ca).replace("@127.0.0.1:", "@0.0.0.0:")

    assert "IP address mismatch" in made(url, tmp_path)


def test_tls_that_fails_behind_us_is_a_line_of_the_log(
    database: object, tls: MariaDB, tmp_path: Path
) -> None:
    """With what is wrong; the bank is told to ask again."""
    url = tls.url("usu", ssl_ca=tls.ca).replace("@127.0.0.1:", "@0.0.0.0:")
    with Endpoint(toml(url), tmp_path, workers=1) as endpoint:
        assert ask(endpoint) == "1"
        lines = [line for line in endpoint.log() if "mismatch" in line.get("message", "")]

    assert {line["level"] for line in lines} == {"warning"}


@pytest.mark.slow
def test_hosts_are_tried_in_order(engine: MariaDBEngine, tmp_path: Path) -> None:
    """The first is down; the second answers."""
    engine.account(ACCOUNT)
    url = engine.url.replace("@", f"@127.0.0.1:{free_port()},", 1)
    with Endpoint(toml(url), tmp_path) as endpoint:
        assert ask(endpoint) == "0"


@pytest.mark.slow
def test_connections_of_a_process_are_bounded(engine: MariaDBEngine, tmp_path: Path) -> None:
    """Eight threads share two connections, and everybody gets an answer."""
    engine.account(ACCOUNT)
    with (
        CuttingProxy("127.0.0.1", engine.server.port) as proxy,
        Endpoint(
            toml(engine.server.url(engine.name, port=proxy.port), CONNECTIONS=2),
            tmp_path,
            workers=1,
            options=["--worker-class=gthread", "--threads=8"],
        ) as endpoint,
        ThreadPoolExecutor(8) as pool,
    ):
        codes = set(pool.map(lambda _: ask(endpoint), range(200)))

        assert codes == {"0"}
        assert 1 <= len(proxy.links) <= 2


# What makes a host narrow, and what makes it wide again.
NARROW = {
    1226: ["ALTER USER callback@'%' WITH MAX_USER_CONNECTIONS {}", 1, 0],
    1203: ["SET GLOBAL max_user_connections = {}", 1, 50],
}


@pytest.mark.parametrize("number", NARROW)
@pytest.mark.slow
def test_a_host_with_too_few_connections_is_unknown_and_loud(
    number: int, database: object, narrow: MariaDBEngine, tmp_path: Path
) -> None:
    """The bank asks again; the log names the number and what to do."""
    server = narrow.server
    statement, few, many = NARROW[number]
    server.sql(str(statement).format(few))
    other = pymysql.connect(
        host="127.0.0.1", port=server.port, user=server.user, password=server.password
    )
    with other, Endpoint(toml(narrow.url), tmp_path) as endpoint:
        assert ask(endpoint, PAY) == "1"
        assert str(number) in warnings(endpoint)
        assert "lower CONNECTIONS" in warnings(endpoint)
    server.sql(str(statement).format(many))


@pytest.mark.slow
def test_a_full_server_is_unknown_and_loud(
    database: object, narrow: MariaDBEngine, tmp_path: Path
) -> None:
    """Error 1040: ten connections are all there are, and the test holds one itself."""
    server = narrow.server
    others = [
        pymysql.connect(
            host="127.0.0.1", port=server.port, user=server.user, password=server.password
        )
        for _ in range(9)
    ]
    with Endpoint(toml(narrow.url), tmp_path) as endpoint:
        assert ask(endpoint, PAY) == "1"
        assert "1040" in warnings(endpoint)
        for other in others:
            other.close()
        time.sleep(0.1)
        assert ask(endpoint, "command=check") == "0"


def test_a_revoked_insert_is_unknown_and_loud(engine: MariaDBEngine, tmp_path: Path) -> None:
    """Error 1142: a panel does so when the database is over its quota. Checks go on."""
    server, user = engine.server, f"{engine.server.user}@'%'"
    engine.account(ACCOUNT)
    server.sql(f"REVOKE ALL ON {engine.name}.* FROM {user}")
    server.sql(f"GRANT SELECT, UPDATE ON {engine.name}.* TO {user}")
    with Endpoint(toml(engine.url), tmp_path) as endpoint:
        assert ask(endpoint) == "0"
        assert ask(endpoint, PAY) == "1"
        assert "1142" in warnings(endpoint)
        assert "quota" in warnings(endpoint)
        server.sql(f"GRANT ALL ON {engine.name}.* TO {user}")
        # A connection keeps the rights that its database had when it was made: the one of the
        # worker that has answered the check so far asks once more.
        assert "0" in [ask(endpoint, PAY) for _ in range(3)]


@pytest.mark.slow
def test_the_program_starts_and_asks_again_while_there_is_no_database(
    database: object, tmp_path: Path
) -> None:
    """Neither a start that fails nor a final refusal."""
    url = f"mysql://callback:x@127.0.0.1:{free_port()}/usu"
    with Endpoint(toml(url), tmp_path) as endpoint:
        assert ask(endpoint, PAY) == "1"
        assert ask(endpoint) == "1"


@pytest.mark.slow
def test_trailing_blanks_and_letter_case_of_a_number_count(
    engine: MariaDBEngine, tmp_path: Path
) -> None:
    """MySQL's "=" would ignore both."""
    engine.account("ab 1", owes="0.00")
    bank = SOME_BANK + 'account_pattern = "[A-Za-z0-9 ]+"\n'
    with Endpoint(toml(engine.url).replace(SOME_BANK, bank), tmp_path) as endpoint:
        codes = [
            ET.fromstring(endpoint.call(f"/qiwi?command=check&account={number}").body).findtext(
                "result"
            )
            for number in ("ab+1", "ab+1+", "AB+1", "+ab+1", "ab++1")
        ]
    assert codes == ["0", "5", "5", "5", "5"]
