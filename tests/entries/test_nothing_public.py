"""Whatever a stranger sends: no page, no traceback, no 500, no empty 200, no banner."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from callback import Program
from callback.tools.pages import Pages
from tests.conftest import settings_toml
from tests.support.processes import Endpoint, write_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine, MariaDBEngine

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.free]
protocol = "osmp"
allow = ["127.0.0.1"]
min_sum = "0.00"

[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]
"""


def test_no_mode_for_developers_shows_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Whatever the environment has: no traceback, no console, and the bank may ask again."""
    for name in ("FLASK_DEBUG", "FLASK_ENV", "PYTHONDEVMODE", "WERKZEUG_DEBUG_PIN"):
        monkeypatch.setenv(name, "development" if name == "FLASK_ENV" else "1")
    monkeypatch.setattr(Pages, "show", broken)
    program = Program(
        write_settings(settings_toml(f"sqlite:///{tmp_path}/x.db", request.module), tmp_path)
    )
    environ = EnvironBuilder("/nobody?__debugger__=yes&cmd=resource&f=style.css").get_environ()
    body, status, headers = run_wsgi_app(program, environ)

    assert (status[:3], b"".join(body)) == ("503", b"")
    assert "hidden" not in str(headers)


def broken(*_: object) -> None:
    raise RuntimeError("hidden")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//",
        "/robots.txt",
        "/.git/config",
        "/config.toml",
        "/wsgi.py",
        "/static/x",
        "/QIWI",
        "/qiwi/",
        "/qiwi/x",
        "/qiwi//",
        "/../qiwi",
        "/nobody?command=check&account=1",
        "/%00",
        "/%D1%91",
        "/%FF",
        "/qiwi%2Fx",
    ],
)
def test_anything_else_is_404_with_an_empty_body(endpoint: Endpoint, path: str) -> None:
    """There is no page."""
    reply = endpoint.call(path)

    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize(
    "method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "FOO"]
)
@pytest.mark.parametrize("bank", ["qiwi", "kaspi"])
def test_other_methods_are_405_and_record_nothing(
    engine: Engine, endpoint: Endpoint, bank: str, method: str
) -> None:
    """HEAD too: a framework would run the GET."""
    engine.account("1")
    query = "command=pay&txn_id=1&account=1&sum=1.00&txn_date=20261103091500"
    reply = endpoint.call(f"/{bank}?{query}", method=method)

    assert (reply.status, reply.body) == (405, b"")
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /qiwi\r\n\r\n",
        b"GET  /qiwi HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /qiwi HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /qiwi?account=\xd1\x91 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /qiwi?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /qiwi HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"GET /qiwi HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 20000 + b"\r\n\r\n",
        b"GET /qiwi HTTP/1.1\r\nbroken\r\n\r\n",
        b"POST /qiwi HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
        b"POST /qiwi HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /qiwi HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n",
        b"POST /qiwi HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_no_page(endpoint: Endpoint, raw: bytes) -> None:
    """A web server in front would stop it; without one it is ours."""
    answer = endpoint.raw(raw)
    head, _, body = answer.partition(b"\r\n\r\n")

    assert b"<" not in body or body.startswith(b"<?xml")
    assert not head.startswith(b"HTTP/1.1 500")
    assert b"Server:" not in head


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("bank", "refusal"), [("qiwi", b"<result>300</result>"), ("kaspi", b'"result":5')]
)
def test_a_body_over_64_kib_is_refused_in_the_dialect(
    engine: Engine, endpoint: Endpoint, bank: str, refusal: bytes, chunked: bool
) -> None:
    """Before it is read: nothing that it asks for happens."""
    engine.account("1")
    form = b"command=pay&txn_id=1&account=1&sum=1.00&txn_date=20261103091500&x=" + b"x" * 65536
    length = (
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(form), form)
        if chunked
        else b"Content-Length: %d\r\n\r\n%s" % (len(form), form)
    )
    answer = endpoint.raw(
        f"POST /{bank} HTTP/1.1\r\nHost: x\r\n".encode()
        + b"Content-Type: application/x-www-form-urlencoded\r\n"
        + length
    )

    assert answer.startswith(b"HTTP/1.1 200")
    assert refusal in answer
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]


@pytest.mark.parametrize("missing", [1, 4, 60])
@pytest.mark.parametrize("bank", ["qiwi", "kaspi"])
def test_a_body_that_is_cut_off_records_nothing(
    engine: Engine, endpoint: Endpoint, bank: str, missing: int
) -> None:
    """Half a number is another number: the bank is told to ask again, and does."""
    engine.account("1")
    form = b"command=pay&account=1&sum=1.00&txn_date=20261103091500&txn_id=18000002"
    head = (
        f"POST /{bank} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(form)}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    ).encode()
    answer = endpoint.raw(head + form[:-missing])

    assert b"<result>1<" in answer or answer.startswith(b"HTTP/1.1 503")
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]
    assert endpoint.raw(head + form).count(b"18000002") == 1
    assert engine.rows("SELECT txn_id FROM payment") == [("18000002",)]


@pytest.mark.parametrize(
    ("raw", "bank", "why"),
    [
        (b"GET /kaspi/hidden-token?payer=\xd0\x98 \xd0\x98 HTTP/1.1", "kaspi", "has a blank"),
        (b"GET //qiwi?a=\x01 HTTP/1.1", "qiwi", "a control character"),
        (b"GET /qiwi?" + b"a" * 9000 + b" HTTP/1.1", "", "longer than 8190 bytes"),
        (b"GET /qiwi HTTP/1.1\r\nA: " + b"b" * 20000, "", "over 50 headers"),
        (b"GET /qiwi HTTP/1.1\r\nbroken", "", "a header is not HTTP's"),
        (b"GET /qiwi HTTP/1.1\r\nA b: c", "", "a header's name"),
        (b"POST /qiwi HTTP/1.1\r\nTransfer-Encoding: gzip, hidden", "", "Transfer-Encoding"),
        (b"get /qiwi HTTP/1.1", "", "its method"),
    ],
)
def test_what_gunicorn_refuses_is_a_line_of_the_log(
    endpoint: Endpoint, raw: bytes, bank: str, why: str
) -> None:
    """What whoever sent it has to change; nothing of what was sent but the bank's name."""
    answer = endpoint.raw(raw + b"\r\nHost: x\r\n\r\n")
    line = endpoint.log()[-1]

    assert answer[9:10] in (b"4", b"5")
    assert b"no-store" in answer
    assert (line["outcome"], line["bank"]) == ("refused_by_gunicorn", bank)
    assert line["address"] == "127.0.0.1"
    assert why in line["why"]
    assert "hidden" not in endpoint.output()


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.slow
def test_no_token_is_in_the_log_when_a_worker_is_ended(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """gunicorn writes down what it was about, when a call takes longer than a worker may."""
    toml = settings_toml(engine.url, request.module)
    with (
        Endpoint(toml, tmp_path, workers=1, options=["--timeout=1"]) as endpoint,
        engine.server.connect(engine.name) as link,
        link.cursor() as cursor,
    ):
        cursor.execute("LOCK TABLES account WRITE")
        endpoint.raw(b"GET /qiwi?command=check&account=hidden-account HTTP/1.0\r\n\r\n")
        output = endpoint.output().replace('"account": "hidden-account"', "")  # our own line

    assert "hidden" not in output


def test_nothing_is_too_small_whatever_the_limit(engine: Engine, endpoint: Endpoint) -> None:
    """0.00 with min_sum = "0.00"."""
    engine.account("1")
    query = "command=pay&txn_id=1&account=1&sum=0.00&txn_date=20261103091500"

    assert b"<result>241<" in endpoint.call(f"/free?{query}").body


@pytest.mark.slow
def test_a_thousand_broken_calls_are_all_answered(engine: Engine, endpoint: Endpoint) -> None:
    """Seeded noise in names and values: never a page, a 500, an empty 200 or a row."""
    engine.account("1")
    noise = random.Random(20261103)
    names = ["command", "txn_id", "account", "sum", "txn_date", "ccy", "Command", "", "x"]
    values = [
        *(
            "check",
            "pay",
            "getInfo",
            "cancel",
            "1",
            "0",
            "-1",
            "1.00",
            "1e9",
            "NaN",
            "20261103091500",
        ),
        *(
            "%00",
            "%FF",
            "%",
            "%zz",
            "+",
            "%D0%B6",
            "%F0%9F%92%B0",
            "'",
            "%27--",
            "<",
            "&amp;",
            "9" * 30,
        ),
    ]
    before = len(endpoint.log())
    for _ in range(1000):
        pairs = [f"{noise.choice(names)}={noise.choice(values)}" for _ in range(noise.randrange(7))]
        bank = noise.choice(["qiwi", "kaspi"])
        reply = endpoint.call(f"/{bank}?{'&'.join(pairs)}")
        # By chance some are good checks; a pay needs a sum of the right form and more luck.
        assert reply.status == 200, pairs
        assert reply.body.startswith((b"<?xml", b"{")), pairs
    lines = endpoint.log()[before:]
    assert len(lines) == 1000
    assert "temporary" not in {line["outcome"] for line in lines}
    paid = engine.rows("SELECT amount FROM payment WHERE amount <> '1.00'")
    assert paid == []


def test_answers_carry_no_banner(endpoint: Endpoint) -> None:
    """Neither ours nor the server's."""
    for path in ("/", "/qiwi?command=check&account=1"):
        headers = endpoint.call(path).headers
        assert "Server" not in headers
        assert "X-Powered-By" not in headers
