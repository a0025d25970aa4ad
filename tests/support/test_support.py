"""The test servers do what their names say."""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from tests.support.processes import HOST, CuttingProxy, Endpoint, MariaDB, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymysql.connections import Connection

INSERT = "INSERT INTO note VALUES ('needle')"

STUB = """
import json, sys

def app(environ, start_response):
    print(json.dumps({"path": environ["PATH_INFO"]}), file=sys.stderr, flush=True)
    start_response("404 Not Found", [("X-Length", environ.get("CONTENT_LENGTH", ""))])
    return [environ["RAW_URI"].encode("latin-1"), environ["wsgi.input"].read()]
"""


@pytest.fixture(scope="module")
def notes(mariadb: MariaDB) -> str:
    mariadb.create_database("notes")
    mariadb.sql("CREATE TABLE note (text VARCHAR(20))", "notes")
    return "notes"


@pytest.fixture
def proxy(mariadb: MariaDB, notes: str) -> Iterator[CuttingProxy]:
    mariadb.sql("DELETE FROM note", notes)
    with CuttingProxy(HOST, mariadb.port) as proxy:
        yield proxy


def connect(port: int, **options: Any) -> Connection[pymysql.cursors.Cursor]:
    return pymysql.connect(
        host=HOST,
        port=port,
        user=MariaDB.user,
        password=MariaDB.password,
        database="notes",
        autocommit=True,
        read_timeout=1,
        **options,
    )


def count(mariadb: MariaDB) -> int:
    return int(mariadb.sql("SELECT COUNT(*) FROM note", "notes")[0][0])


@pytest.mark.parametrize(
    ("when", "action", "stored"),
    [
        ("before", "cut", 0),
        ("before", "stall", 0),
        ("after", "cut", 1),
        ("after", "stall", 1),
        ("before", "late", 1),
    ],
)
def test_the_proxy_loses_the_statement_or_its_answer(
    mariadb: MariaDB, proxy: CuttingProxy, when: str, action: str, stored: int
) -> None:
    proxy.rule = Rule(b"needle", when=when, action=action)  # type: ignore[arg-type]
    with (
        connect(proxy.port) as connection,
        pytest.raises(pymysql.OperationalError, match="Lost connection") as lost,
    ):
        connection.cursor().execute(INSERT)
    for link in proxy.links:
        link.join()

    assert lost.value.args[0] == 2013
    assert count(mariadb) == stored
    assert INSERT in proxy.statements


def test_a_rule_skips_and_wears_out(mariadb: MariaDB, proxy: CuttingProxy) -> None:
    proxy.rule = Rule(b"needle", skip=1)
    with connect(proxy.port) as connection, connection.cursor() as cursor:
        cursor.execute(INSERT)
        with pytest.raises(pymysql.OperationalError):
            cursor.execute(INSERT)
    with connect(proxy.port) as connection, connection.cursor() as cursor:
        cursor.execute(INSERT)

    assert count(mariadb) == 2
    assert proxy.rule.times == 0


def test_the_proxy_cuts_idle_links(proxy: CuttingProxy) -> None:
    with connect(proxy.port) as connection:
        proxy.cut_idle()

        with pytest.raises(pymysql.OperationalError):
            connection.cursor().execute(INSERT)


def test_the_proxy_refuses_and_lets_in_again(proxy: CuttingProxy) -> None:
    proxy.refuse = True
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, proxy.port))

    proxy.refuse = False
    connect(proxy.port).close()


@pytest.mark.slow
def test_the_tls_server_shows_its_certificate(tmp_path: Path) -> None:
    with MariaDB(tmp_path, tls=True) as server:
        context = ssl.create_default_context(cafile=server.ca)
        server.create_database("notes")
        with connect(server.port, ssl=context) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
            version = cursor.fetchone()

    assert version is not None
    assert version[1].startswith("TLSv1.")


def test_the_plain_server_has_no_tls(mariadb: MariaDB, notes: str) -> None:
    assert notes
    with pytest.raises(pymysql.OperationalError, match="SSL"):
        connect(mariadb.port, ssl=ssl.create_default_context())


@pytest.mark.slow
def test_mariadb_keeps_its_data_and_port_over_a_crash(tmp_path: Path) -> None:
    with MariaDB(tmp_path) as server:
        server.create_database("notes")
        server.sql("CREATE TABLE note (text VARCHAR(20))", "notes")
        server.sql(INSERT, "notes")
        url = server.url("notes", ssl_ca=tmp_path)
        server.kill()
        server.start()

        assert server.sql("SELECT text FROM note", "notes") == [("needle",)]
        assert server.url("notes", ssl_ca=tmp_path) == url
        server.stop()
        server.start()
        assert count(server) == 1


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    (tmp_path / "wsgi.py").write_text(STUB)
    return tmp_path


@pytest.mark.slow
def test_the_endpoint_gets_the_request_as_it_was_written(stub: Path) -> None:
    with Endpoint("", stub, root=stub) as endpoint:
        reply = endpoint.call("/%E9?a=%20b", "POST", "сумма", {"X-Note": "1"})
        bare = endpoint.call(b"/\xe9")  # not for the program: gunicorn itself refuses it
        head = endpoint.call("/head", "HEAD")
        raw = endpoint.raw(b"GET /raw HTTP/1.0\r\n\r\n")

    assert (reply.status, reply.headers["X-Length"]) == (404, "10")
    assert reply.text == "/%E9?a=%20bсумма"
    assert bare.status == 400
    assert head.body == b""
    assert raw.endswith(b"/raw")
    assert [line["path"] for line in endpoint.log()] == ["/é", "/head", "/raw"]


@pytest.mark.slow
def test_an_endpoint_that_does_not_start_says_why(stub: Path) -> None:
    (stub / "wsgi.py").write_text("raise RuntimeError('no settings today')")

    with pytest.raises(RuntimeError, match="no settings today"):
        Endpoint("", stub, root=stub).__enter__()


@pytest.mark.slow
def test_nothing_is_left_running(tmp_path: Path) -> None:
    with MariaDB(tmp_path) as server:
        port = server.port
    time.sleep(0.1)

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.pid
