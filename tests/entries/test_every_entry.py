"""One application, every entry: what a bank sends and hears is the same behind every web server.

The servers are real, with the files of deploy/ as they are handed out.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import time
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pymysql
import pytest

from callback.limits import LAST_START_S
from callback.protocols import PROTOCOLS
from tests.conftest import flask, settings_toml
from tests.support.processes import HOST, standing_still
from tests.support.sites import OLDER
from tests.support.web_servers import (
    ENTRIES,
    IS_ROOT,
    NEED_ROOT,
    NEEDS_ROOT,
    SHARED,
    Apache,
    Gunicorn,
    Nginx,
    Site,
)
from tests.tools.test_front import SAID, plain, section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.conftest import Engine, MariaDBEngine
    from tests.support.processes import MariaDB, Reply
    from tests.support.web_servers import Entry

pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)

PASSWORD = "пароль:из-16-букв"
NEIGHBOUR = "127.0.0.7"  # another caller; all of 127.0.0.0/8 is this machine
SETTINGS = {"PUBLIC_URL": "https://localhost"}
BANKS = f"""
[BANKS.qiwi]
protocol = "osmp"
allow = ["{HOST}"]
max_sum = "5000.00"
show = ["name", "debt"]

[BANKS.kaspi]
protocol = "kaspi"
allow = ["{HOST}"]
max_sum = "5000.00"
show = ["name", "debt"]

[BANKS.basic]
protocol = "osmp"
username = "банк"
password = "{PASSWORD}"

[BANKS.token]
protocol = "kaspi"
url_token = true

[BANKS.neighbour]
protocol = "osmp"
allow = ["{NEIGHBOUR}"]

{"".join(section(dialect) for dialect in SAID if dialect != "kaspi")}
"""
ACCOUNT = "7012340001"
ELSEWHERE = "%D0%81%D0%B6-7"  # Ёж-7
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ASK_AGAIN = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b"<response><result>1</result><comment>try later</comment></response>"
)
# What the web server says for a bank while the program cannot: status, type, body.
LATER = {
    "qiwi": (200, "text/xml; charset=utf-8", ASK_AGAIN),
    "kaspi": (503, None, b""),
}


def basic(user: str, password: str, pad: str = "=") -> dict[str, str]:
    """The header of HTTP Basic; the padding may be left out."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": "Basic " + encoded.replace("=", pad)}


def pay(txn_id: int, account: str = ACCOUNT, amount: str = "1200.00") -> str:
    """A payment, as both banks write it."""
    return f"command=pay&txn_id={txn_id}&account={account}&sum={amount}&txn_date=20261103091500"


def check(account: str = ACCOUNT) -> str:
    return f"command=check&txn_id=1&account={account}&sum=1.00"


class Step(NamedTuple):
    """A request, and what must come back: the status, and a part of the body; "" is no body."""

    path: str | bytes
    status: int
    says: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: str | None = None
    source: str = HOST
    tls: bool = True


def chunked(content: str) -> str:
    return f"{len(content.encode()):x}\r\n{content}\r\n0\r\n\r\n"


IN_CHUNKS = {**FORM, "Transfer-Encoding": "chunked"}
TOO_MUCH = pay(1) + "&x=" + "x" * 65536
# What happens, and how many payments are recorded then.
SCENARIOS: dict[str, tuple[list[Step], int]] = {
    "check": (
        [
            Step(f"/qiwi?{check()}", 200, ">3200.00<"),
            Step(f"/kaspi?{check()}", 200, '"sum":"3200.00"'),
        ],
        0,
    ),
    "a masked name in Cyrillic": (
        [
            Step(f"/qiwi?{check()}", 200, ">А*** С***<"),
            Step(f"/kaspi?{check()}", 200, '"А*** С***"'),
        ],
        0,
    ),
    "an account outside of ASCII": (
        [
            Step(f"/qiwi?{check(ELSEWHERE)}", 200, ">77.00<"),
            Step(f"/qiwi?{pay(7, ELSEWHERE)}", 200, "<result>0<"),
            Step(f"/kaspi?{pay(7, ELSEWHERE)}", 200, '"result":0'),
            Step("/qiwi", 200, "<result>0<", "POST", FORM, pay(8, ELSEWHERE)),
            Step("/qiwi", 200, "<result>0<", "POST", FORM, pay(9, "Ёж-7")),
        ],
        4,
    ),
    "bytes that are not UTF-8": (
        [
            Step(f"/qiwi?{check('%FF%FE')}", 200, "<result>4<"),
            Step(f"/kaspi?{check('%FF%FE')}", 200, '"result":1'),
        ],
        0,
    ),
    "bytes that nobody encoded": (
        [
            Step(f"/qiwi?{pay(1)}&payer_info=Иванов", 200, "<result>0<"),
            Step(f"/kaspi?{pay(1)}&payer_info=Иванов", 200, '"result":0'),
            Step(f"/qiwi?{pay(2)}&payer_info=Иванов".encode("cp1251"), 200, "<result>0<"),
            Step(f"/token/TOKEN?{pay(3)}&payer_info=Иванов", 200, '"result":0'),
            Step(f"/qiwi?{check('Ёж-7')}", 200, ">77.00<"),
            Step(f"/qiwi?{pay(4, 'Ёж-7')}".encode("cp1251"), 200, "<result>4<"),
            Step(f"/kaspi?{pay(4, 'Ёж-7')}".encode("cp1251"), 200, '"result":1'),
        ],
        4,
    ),
    "a byte order mark": (
        [
            Step("/qiwi", 200, "<result>0<", "POST", FORM, "\ufeff" + pay(1)),
            Step("/qiwi", 200, "<result>0<", "POST", IN_CHUNKS, chunked("\ufeff" + pay(2))),
        ],
        2,
    ),
    "a form that calls itself another thing": (
        [
            Step("/qiwi", 200, "<result>300<", "POST", {"Content-Type": "text/plain"}, pay(1)),
            Step("/qiwi", 200, "<result>300<", "POST", {}, pay(1)),
        ],
        0,
    ),
    "pay, repeat": (
        [
            Step(f"/qiwi?{pay(1)}", 200, "<sum>1200.00</sum><result>0<"),
            Step(f"/qiwi?{pay(1)}", 200, "<sum>1200.00</sum><result>0<"),
            Step(f"/kaspi?{pay(1)}", 200, '"result":0,"sum":"1200.00"'),
            Step(f"/kaspi?{pay(1)}", 200, '"result":0,"sum":"1200.00"'),
        ],
        2,
    ),
    "conflict": (
        [
            Step(f"/qiwi?{pay(1)}", 200, "<result>0<"),
            Step(f"/qiwi?{pay(1, amount='1.00')}", 200, "<result>300<"),
            Step(f"/kaspi?{pay(1)}", 200, '"result":0'),
            Step(f"/kaspi?{pay(1, ELSEWHERE)}", 200, '"result":5'),
        ],
        2,
    ),
    "refusal": (
        [
            Step(f"/qiwi?{pay(1, 'nobody')}", 200, "<result>5<"),
            Step(f"/qiwi?{pay(1, amount='5000.01')}", 200, "<result>242<"),
            Step("/qiwi?command=what&txn_id=1", 200, "<result>300<"),
            Step("/qiwi", 200, "<result>300<"),
            Step(f"/kaspi?{pay(1, 'nobody')}", 200, '"result":1'),
            Step(f"/kaspi?{pay(1, amount='1e3')}", 200, '"result":5'),
        ],
        0,
    ),
    "HTTP Basic": (
        [
            Step(f"/basic?{pay(1)}", 401, ""),
            Step(f"/basic?{pay(1)}", 401, "", headers=basic("банк", "пароль")),
            Step(f"/basic?{pay(1)}", 401, "", headers={"Authorization": "Basic !!!"}),
            Step(f"/basic?{pay(1)}", 401, "", headers={"Authorization": "Bearer x"}),
            Step(f"/basic?{pay(2)}", 200, "<result>0<", headers=basic("банк", PASSWORD)),
            Step("/basic", 200, "<result>0<", "POST", FORM | basic("банк", PASSWORD), pay(3)),
            Step(f"/basic?{pay(4)}", 200, "<result>0<", headers=basic("банк", PASSWORD, pad="")),
        ],
        3,
    ),
    "the signed address": (
        [
            Step(f"/token?{check()}", 404, ""),
            Step(f"/token/x?{pay(1)}", 404, ""),
            Step(f"/token/TOKEN?{check()}", 200, '"sum":"3200.00"'),
            Step(f"/token/TOKEN?{pay(1)}", 200, '"result":0'),
            Step(f"/token/TOKEN/?{check()}", 404, ""),
            Step(f"/token/TOKENx?{check()}", 404, ""),
        ],
        1,
    ),
    "the caller's address": (
        [
            Step(f"/qiwi?{pay(1)}", 403, "", source=NEIGHBOUR),
            Step(f"/neighbour?{pay(1)}", 403, ""),
            Step(f"/neighbour?{pay(1)}", 200, "<result>0<", source=NEIGHBOUR),
        ],
        1,
    ),
    "a caller who writes an address himself": (
        [
            Step(f"/neighbour?{pay(1)}", 403, "", headers={name: value})
            for name in ("X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP")
            for value in (NEIGHBOUR, f"{NEIGHBOUR}, {NEIGHBOUR}")
        ],
        0,
    ),
    "TLS": (
        [
            Step(f"/qiwi?{pay(1)}", 403, "", tls=False),
            Step(f"/qiwi?{pay(2)}", 200, "<result>0<"),
        ],
        1,
    ),
    "a body": (
        [
            Step("/qiwi", 200, "<result>0<", "POST", FORM, pay(1)),
            Step("/qiwi?command=pay&txn_id=2", 200, "<result>0<", "POST", FORM, pay(2)[19:]),
            Step("/kaspi", 200, '"result":0', "POST", FORM, pay(1)),
            Step(f"/kaspi?{pay(2)}", 200, '"result":0', "POST", FORM, ""),
        ],
        4,
    ),
    "a body in chunks": (
        [
            Step("/qiwi", 200, "<result>0<", "POST", IN_CHUNKS, chunked(pay(1))),
            Step("/kaspi", 200, '"result":0', "POST", IN_CHUNKS, chunked(pay(1))),
        ],
        2,
    ),
    "a body over 64 KiB": (
        [
            Step("/qiwi", 200, "<result>300<", "POST", FORM, TOO_MUCH),
            Step("/kaspi", 200, '"result":5', "POST", FORM, TOO_MUCH),
            Step("/qiwi", 200, "<result>300<", "POST", IN_CHUNKS, chunked(TOO_MUCH)),
        ],
        0,
    ),
    "other methods": (
        [
            Step(f"/{bank}?{pay(1)}", 405, "", method)
            for bank in ("qiwi", "kaspi")
            for method in ("HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")
        ],
        0,
    ),
}
# Files that lie where they should not.
LEFT_BEHIND = ("config.toml", ".git/config", "callback.log", "wsgi.py", "dump.sql", ".env", "a.cgi")
SECRET = "SECRET_KEY = 'left behind'"
NOT_PUBLIC = (
    *(f"/{name}" for name in LEFT_BEHIND),
    *("/", "/index.html", "/robots.txt", "/favicon.ico", "/.htaccess", "/.git/", "/later/"),
    *("/later/qiwi.asis", "/later/qiwi.cgi", "/pay.cgi", "/pay.fcgi", "/pay.wsgi"),
    *(f"/pay.{kind}/qiwi?{check()}" for kind in ("cgi", "fcgi", "wsgi")),
    *("/passenger_wsgi.py", "/CURRENT", "/releases/r1/wsgi.py", "/private/callback.toml"),
    *("/qiwi/../config.toml", "/callback/settings.py", "/static/x"),
    *("/QIWI", "/qiwi/", "/qiwi/x", "/qiwi/config.toml", "/qiwi.cgi", "/qiwi//", "//qiwi"),
    *("/doctor", "/doctor/x", "/health/x", "/server-status", "/cgi-bin/", "/phpmyadmin/"),
    "/.well-known/acme-challenge/x",
)


@pytest.fixture(scope="module")
def site(database: Engine, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A hosting account with the program in it."""
    with Site(settings_toml(database.url, request.module)) as made:
        for entry in SHARED:
            for name in LEFT_BEHIND:
                path = made.docroot(entry) / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(SECRET)
        made.own()
        yield made


@pytest.fixture(scope="module")
def entries(site: Site) -> Iterator[dict[str, Entry]]:
    """All of them, open."""
    with ExitStack() as stack:
        apache = stack.enter_context(Apache(site))
        nginx = stack.enter_context(Nginx(site, stack.enter_context(Gunicorn(site)).socket))
        yield {**apache.entries, "nginx": nginx.entry}


@pytest.fixture(params=ENTRIES)
def entry(request: pytest.FixtureRequest, entries: dict[str, Entry]) -> Entry:
    """One of them."""
    return _may_try(entries[request.param])


def _may_try(entry: Entry) -> Entry:
    if entry.name in NEED_ROOT and not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    return entry


@pytest.fixture
def customers(engine: Engine) -> Engine:
    """The module's database, with two who owe."""
    engine.account(ACCOUNT, "Айгуль Сапарова")
    engine.account("Ёж-7", owes="77.00")
    return engine


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    """What stands in the signed address of the bank called token."""
    made = flask(site.settings, "url", "token")
    return made.stdout.strip().rpartition("/")[2]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_bank_hears_the_same_through_every_door(
    customers: Engine, entry: Entry, token: str, scenario: str
) -> None:
    """Status, body and what is recorded."""
    play(scenario, customers, entry, token)


def play(scenario: str, customers: Engine, entry: Entry, token: str) -> None:
    """Take every step of a scenario at one door."""
    steps, recorded = SCENARIOS[scenario]
    for step in steps:
        way = entry.by(tls=step.tls, source=step.source)
        path = step.path
        if isinstance(path, str):
            path = path.replace("TOKEN", token)
        reply = way.call(path, step.method, step.body, step.headers)

        assert reply.status == step.status, step
        assert step.says in reply.text, step
        assert (reply.body == b"") == (step.says == ""), step
        if step.status == 401:
            assert reply.headers.get_all("WWW-Authenticate") == ['Basic realm="callback"']
        assert reply.headers.get_all("Cache-Control") == ["no-store"]
    assert customers.rows("SELECT COUNT(*) FROM payment") == [(recorded,)]


@pytest.mark.parametrize("bank", ["qiwi", "kaspi"])
def test_five_equal_pays_at_once_get_equal_answers(
    customers: Engine, entry: Entry, bank: str
) -> None:
    """And one row, whichever processes of the web server take them."""
    with ThreadPoolExecutor(5) as pool:
        replies = list(pool.map(entry.call, [f"/{bank}?{pay(1)}"] * 5))

    assert {(reply.status, reply.body) for reply in replies} == {(200, replies[0].body)}
    assert customers.rows("SELECT amount FROM payment") == [("1200.00",)]


@pytest.mark.parametrize("path", NOT_PUBLIC)
def test_nothing_else_is_public(entry: Entry, path: str) -> None:
    """Neither what is ours nor what was left behind in the docroot; no page, no hint."""
    reply = entry.call(path)

    assert reply.status in (403, 404)
    assert reply.body == b""
    assert "X-Powered-By" not in reply.headers
    assert reply.headers["Server"] in ("Apache", "nginx")  # the host's, without a version
    assert reply.headers.get_all("Cache-Control") == ["no-store"]


@pytest.mark.parametrize("path", ["/{name}", "/{name}/x?command=check"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("entry", ["fcgi", "nginx", "passenger", "wsgi"], indirect=True)
def test_nobody_can_tell_by_which_name_a_bank_is_called(
    customers: Engine, entry: Entry, method: str, path: str
) -> None:
    """Where its address is signed: what the web server says by itself looks like our own.

    Through CGI the time that Python takes to start tells it anyway.
    """
    replies = [entry.call(path.format(name=name), method) for name in ("token", "nobody")]
    heads = [
        (reply.status, [field for field in reply.headers.items() if field[0] != "Date"])
        for reply in replies
    ]

    assert heads[0] == heads[1]
    assert replies[0].body == replies[1].body == b""


@pytest.mark.parametrize(
    "path", ["/../private/callback.toml", "/%2e%2e/private/callback.toml", "/%00", "/%2F", "/%zz"]
)
def test_what_a_web_server_refuses_by_itself_tells_nothing(entry: Entry, path: str) -> None:
    """Apache does so before it looks at any .htaccess: what it says then is the host's affair."""
    reply = entry.call(path)

    assert reply.status in (400, 403, 404)
    assert b"SECRET_KEY" not in reply.body
    if entry.name in ("nginx", "wsgi"):
        assert reply.body == b""


def test_what_is_left_behind_is_really_there(site: Site) -> None:
    """Otherwise the test above would prove nothing."""
    for entry in SHARED:
        assert (site.docroot(entry) / "config.toml").read_text() == SECRET


def test_the_proof_for_a_certificate_is_let_through(site: Site, entries: dict[str, Entry]) -> None:
    """Over plain HTTP too; behind nginx it stands in a folder of its own."""
    for name in SHARED:
        proof = site.docroot(name) / ".well-known/acme-challenge/proof_1"
        proof.parent.mkdir(parents=True, exist_ok=True)
        proof.write_text("key")
        site.own()
        assert entries[name].by(tls=False).call("/.well-known/acme-challenge/proof_1").text == "key"


@pytest.mark.parametrize("method", ["TRACE", "FOO"])
def test_strange_methods_are_refused(customers: Engine, entry: Entry, method: str) -> None:
    """Apache answers TRACE, and Passenger an unknown method, before .htaccess has a say."""
    reply = entry.call(f"/qiwi?{pay(1)}", method, headers={"X-Secret": "echo"})

    assert reply.status in (400, 405)
    assert b"echo" not in reply.body
    if method == "FOO" or entry.name in ("nginx", "wsgi"):
        assert reply.body == b""
    assert customers.rows("SELECT COUNT(*) FROM payment") == [(0,)]


def test_a_host_that_ends_tls_in_front_is_believed_to(customers: Engine, entry: Entry) -> None:
    """It says so in a header; nginx of ours ends it itself, and believes nobody."""
    headers = {"X-Forwarded-Proto": "https"}
    reply = entry.by(tls=False).call(f"/qiwi?{check()}", headers=headers)

    assert reply.status == (403 if entry.name == "nginx" else 200)


def test_nobody_is_sent_on_from_http_to_https(customers: Engine, entry: Entry) -> None:
    """A bank whose password goes over the wire in the clear would not notice: it is refused."""
    for path in (f"/qiwi?{pay(1)}", "/qiwi", "/qiwi/", "//qiwi", "/", "/doctor/x", "/nobody"):
        bare = entry.by(tls=False).call(path)
        assert bare.status in (403, 404), path
        assert "Location" not in bare.headers, path
        secure = entry.call(path)
        assert secure.status // 100 != 3, path
    assert customers.rows("SELECT COUNT(*) FROM payment") == [(1,)]


# While the program cannot answer.


def test_a_call_is_a_line_of_the_log_behind_every_door(
    customers: Engine, site: Site, entry: Entry
) -> None:
    """In the web server's own log; what that writes in front, and how it quotes, is its own."""
    txn_id = f"77{ENTRIES.index(entry.name)}001"
    entry.call(f"/qiwi?command=check&txn_id={txn_id}&account={ACCOUNT}")

    def ids() -> list[str]:
        return [line["txn_id"] for line in lines_of(site, "ok") if line["txn_id"] == txn_id]

    wait_until(lambda: bool(ids()))

    assert ids() == [txn_id]


def lines_of(site: Site, outcome: str) -> list[dict[str, str]]:
    """What the program has written in all logs of the site with this outcome."""
    logs = [log.read_text(errors="replace") for log in site.folder.rglob("*.log")]
    lines = [line for log in logs for line in log.splitlines() if "outcome" in line]
    written = [line[line.index("{") :].replace('\\"', '"') for line in lines if "{" in line]
    return [line for line in map(json.loads, written) if line["outcome"] == outcome]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/qiwi/", "a slash at its end"),
        ("//qiwi", "two slashes in front"),
        ("/QIWI", "other letters"),
        ("/qiwi.php", "more behind qiwi"),
        ("/qiwi/pay", "more behind qiwi"),
        ("/token/TOKEN/", "a slash at its end"),
    ],
)
def test_a_mistaken_address_is_a_line_behind_every_door(
    site: Site, entry: Entry, token: str, path: str, why: str
) -> None:
    """Passenger's Apache must refuse three of them itself, and writes what any Apache does."""
    before = lines_of(site, "not_found")

    def added() -> list[dict[str, str]]:
        return [line for line in lines_of(site, "not_found") if line not in before]

    reply = entry.call(f"{path.replace('TOKEN', token)}?{check()}")
    wait_until(lambda: bool(added()) or refused_by_apache(entry, path))

    assert (reply.status, reply.body) == (404, b"")
    if not refused_by_apache(entry, path):
        assert [why in line["why"] for line in added()] == [True], added()


def refused_by_apache(entry: Entry, path: str) -> bool:
    """A file of the docroot would be served there, or / taken for //."""
    return entry.name == "passenger" and path in ("//qiwi", "/QIWI", "/qiwi.php")


def wait_until(is_so: Callable[[], bool]) -> None:
    """Passenger writes the lines of its programs a little later."""
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /qiwi?payer=\xd0\x98 \xd0\x98 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /qiwi?a=\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /qiwi?" + b"a" * 16500 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["a blank", "a control character", "too long"],
)
@pytest.mark.parametrize("name", ["nginx", "wsgi"])
def test_what_a_web_server_refuses_is_a_line_of_its_log(
    site: Site, entries: dict[str, Entry], name: str, raw: bytes
) -> None:
    """Of our own configurations; without the address, which may hold a token. Bare, as all."""
    before = refused_by_server(site, name)
    answer = entries[name].raw(raw)
    wait_until(lambda: len(refused_by_server(site, name)) > len(before))
    (line,) = refused_by_server(site, name)[len(before) :]
    head, _, body = answer.partition(b"\r\n\r\n")

    assert head.split()[1] in (b"400", b"414")
    assert body == b""
    assert b"no-store" in head
    assert re.search(" 4(00|14) ", line), line
    assert "?" not in line


def refused_by_server(site: Site, name: str) -> list[str]:
    """The lines of the log in which a web server of ours says what it refused."""
    logs = {"nginx": "callback.log", "wsgi": "refused.log"}
    (log,) = (path for path in site.folder.glob(f"tmp*/{logs[name]}"))
    return log.read_text(errors="replace").splitlines()


def test_a_call_over_plain_http_is_a_line_of_nginx(site: Site, entries: dict[str, Entry]) -> None:
    """A bank that was given http:// by mistake is looked for there; with its name, no more."""
    before = refused_by_server(site, "nginx")
    entries["nginx"].by(tls=False).call(f"/token/a-token?{check()}")
    wait_until(lambda: len(refused_by_server(site, "nginx")) > len(before))
    (line,) = refused_by_server(site, "nginx")[len(before) :]

    assert line.endswith(" 127.0.0.1 403 GET token")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n",
        b"GET /qiwi HTTP/1.1\r\nHost: elsewhere.example\r\n",
        b"GET /qiwi HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"GET /qiwi HTTP/1.1\r\nHost: a b\r\n",
        b"GET /qiwi HTTP/2.0\r\nHost: localhost\r\n",
        b"GET /qiwi HTTP/3.0\r\nHost: elsewhere.example\r\n",
        b"PRI * HTTP/2.0\r\n",
        b"GET / HTTP/1.0\r\n",
    ],
)
@pytest.mark.parametrize("tls", [True, False])
def test_nginx_has_no_page_for_whoever_calls_another_name(
    entries: dict[str, Entry], head: bytes, tls: bool
) -> None:
    """Its default server neither: no page, no version, nothing that may be kept."""
    answer = entries["nginx"].by(tls=tls).raw(head + b"\r\n")
    fields, _, body = answer.partition(b"\r\n\r\n")

    assert re.match(rb"HTTP/1.1 (4[0-9]{2}|505) ", fields), answer
    assert body == b""
    assert b"nginx/" not in fields
    assert b"no-store" in fields


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tls", "begun"),
    [
        pytest.param(False, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="a greeting"),
        pytest.param(True, b"GET /qiwi HTTP/1.1\r\nHost: loc", id="a head"),
        pytest.param(None, b"GET /qiwi HTTP/1.1\r\nHost: loc", id="a head over plain HTTP"),
    ],
)
def test_nginx_waits_for_nobody_for_a_minute(site: Site, tls: bool | None, begun: bytes) -> None:
    """Whichever of its servers the link belongs to so far: the greeting is the default server's."""
    with Nginx(site, site.folder / "nobody.sock", {"_timeout 10s;": "_timeout 1s;"}) as nginx:
        door = nginx.entry.by(tls=bool(tls))
        if tls is False:
            door.plain_port = door.port
        with door._connect(40) as link:  # noqa: SLF001 - a stranger's, who says no more
            link.sendall(begun)
            assert link.recv(1) == b""


@pytest.mark.parametrize("name", ["nginx", "wsgi"])
def test_tls_is_of_today(entries: dict[str, Entry], name: str) -> None:
    """1.3 and 1.2, with keys of the moment; nothing that is older than these."""
    assert handshake(entries[name], ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert handshake(entries[name], ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises(OSError, match=r"(?i)alert|protocol"):
        handshake(entries[name], ssl.TLSVersion.TLSv1_1)
    with pytest.raises(OSError, match=r"(?i)alert"):  # of TLS 1.2, and never to be used again
        handshake(entries[name], ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA")


def handshake(entry: Entry, version: ssl.TLSVersion, ciphers: str = "ALL") -> str | None:
    """Speak one version of TLS; OSError when that is refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old version is meant
        context.minimum_version = context.maximum_version = version
    link = socket.create_connection((HOST, entry.port), 20)
    with link, context.wrap_socket(link, server_hostname="localhost") as secure:
        return secure.version()


def test_an_error_of_nginx_tells_no_token(site: Site) -> None:
    """While gunicorn is away it says so, with the bank's name; not what was called."""
    nobody = site.folder / "nobody.sock"
    with Nginx(site, nobody) as nginx:
        nginx.entry.call(f"/token/a-token?{check()}")
        nginx.entry.call(f"/qiwi?{check()}")
        wait_until(lambda: "qiwi" in (nginx.folder / "callback.log").read_text())
        logs = [log.read_text() for log in nginx.folder.glob("*.log")]

    assert not any("a-token" in log or ACCOUNT in log for log in logs), logs
    assert re.search(r" 503 GET token\n.* 200 GET qiwi\n", "".join(logs)), logs


def test_the_log_of_all_hosts_has_no_call_of_ours(site: Site, token: str) -> None:
    """deploy/apache.conf has a log of its own, so Apache's global one gets nothing of it."""
    everybody = 'CustomLog all-hosts.log "%v %r"'
    with Apache(site, extra=everybody, names=("wsgi",)) as apache:
        entry = apache.entries["wsgi"]
        assert entry.call(f"/token/{token}?{check()}").status == 200
        entry.by(tls=False).call("/a-host-that-has-none")
        (log,) = site.folder.glob("*/all-hosts.log")
        wait_until(lambda: "a-host-that-has-none" in log.read_text())
        text = log.read_text()

    assert "a-host-that-has-none" in text  # it is written
    assert token not in text
    assert ACCOUNT not in text


def heard(reply: Reply) -> tuple[int, str | None, bytes]:
    """What a bank makes of an answer."""
    return reply.status, reply.headers["Content-Type"] if reply.body else None, reply.body


@contextmanager
def stopped(site: Site, without: Sequence[str] = ()) -> Iterator[dict[str, Entry]]:
    """The entries of an account whose program is gone, and nginx without a gunicorn."""
    with ExitStack() as stack:
        site.point("gone")
        stack.callback(site.point, "r1")
        apache = stack.enter_context(Apache(site, without=without))
        nginx = stack.enter_context(Nginx(site, site.folder / "nobody.sock"))
        yield {**apache.entries, "nginx": nginx.entry}


@pytest.mark.slow
def test_gunicorn_stays_with_its_release_until_there_is_another(
    site: Site, customers: Engine
) -> None:
    """A CURRENT with a mistake in it stops nobody; the right name is taken as ever."""
    with ExitStack() as stack:
        stack.callback(site.point, "r1")
        gunicorn = stack.enter_context(Gunicorn(site))
        entry = stack.enter_context(Nginx(site, gunicorn.socket)).entry
        site.point("gone")
        time.sleep(3)  # it looks once a second
        assert "<comment>OK<" in entry.call(f"/qiwi?{check()}").text
        site.point("r2")
        wait_until(lambda: "OK of r2" in entry.call(f"/qiwi?{check()}").text)
        assert "<comment>OK of r2<" in entry.call(f"/qiwi?{check()}").text


@pytest.mark.parametrize("name", ["nginx.conf", "gunicorn.conf.py"])
@pytest.mark.slow
def test_a_site_that_keeps_its_configuration_is_heard_as_before(
    customers: Engine, site: Site, token: str, tmp_path: Path, name: str
) -> None:
    """From before FastCGI: that of nginx, or that of gunicorn, too."""
    options = []
    if name == "gunicorn.conf.py":
        conf = tmp_path / name
        shutil.copyfile(OLDER / "deploy" / f"{name}.txt", conf)
        options = ["-c", str(conf)]
    with (
        Gunicorn(site, *options) as gunicorn,
        Nginx(site, gunicorn.socket, conf=OLDER / "deploy" / "nginx.conf") as nginx,
    ):
        for scenario in SCENARIOS:
            customers.execute("DELETE FROM payment")
            play(scenario, customers, nginx.entry, token)


@pytest.mark.slow
def test_a_release_from_before_fastcgi_is_heard_by_http(customers: Engine, site: Site) -> None:
    """Rolled back to, behind the nginx.conf of then; gunicorn.conf.py may be today's."""
    older = site.home / "releases" / "r0"
    shutil.copytree(site.home / "releases" / "r1", older)
    (older / "callback" / "entries" / "fastcgi.py").write_text("# as it was\n")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, older)
        stack.callback(site.point, "r1")
        site.point("r0")
        gunicorn = stack.enter_context(Gunicorn(site))
        conf = OLDER / "deploy" / "nginx.conf"
        nginx = stack.enter_context(Nginx(site, gunicorn.socket, conf=conf))
        assert b"<result>0<" in nginx.entry.call(f"/qiwi?{pay(1)}").body
        today = stack.enter_context(Nginx(site, gunicorn.socket))
        assert heard(today.entry.call(f"/qiwi?{pay(2)}")) == LATER["qiwi"]

    assert customers.rows("SELECT COUNT(*) FROM payment") == [(1,)]


def test_a_bank_hears_ask_again_while_the_program_is_stopped(site: Site) -> None:
    """By GET and by POST, in its own words."""
    with stopped(site) as entries:
        for entry in map(_may_try, entries.values()):
            assert heard(entry.call(f"/qiwi?{pay(1)}")) == LATER["qiwi"], entry.name
            assert heard(entry.call("/kaspi/x", "POST", pay(1), FORM)) == LATER["kaspi"], entry.name
            # Strangers hear what they always hear.
            assert entry.call("/config.toml").status == 404


@pytest.mark.parametrize("name", ["cgi", "nginx"])
def test_every_dialect_has_its_own_words_for_it(site: Site, name: str) -> None:
    """As its sheet prints them (test_front.py)."""
    with stopped(site) as entries:
        entry = _may_try(entries[name])
        for protocol, (status, kind, body) in SAID.items():
            reply = entry.call(f"/{protocol}?{pay(1)}")
            assert (reply.status, plain(reply.text)) == (status, plain(body)), protocol
            assert reply.headers["Content-Type"] == kind or not kind


@pytest.mark.slow
def test_through_passenger_those_whose_refusals_are_http_errors_hear_one_too(site: Site) -> None:
    """Apache can replace all of Passenger's errors or none: these banks' words are 400 and 401."""
    with stopped(site) as entries:
        for protocol in [name for name, dialect in PROTOCOLS.items() if dialect.ERROR_BODIES]:
            assert entries["passenger"].call(f"/{protocol}", "POST", "{}").status >= 500


@pytest.mark.deploy
def test_a_shell_says_it_where_mod_asis_is_missing(site: Site) -> None:
    """The same words."""
    with stopped(site, without=["asis"]) as entries:
        for name in SHARED:
            entry = _may_try(entries[name])
            status, kind, body = heard(entry.call(f"/qiwi?{pay(1)}"))
            assert (status, kind, body.strip()) == LATER["qiwi"], name
            assert heard(entry.call(f"/kaspi?{pay(1)}"))[0] == 503, name


@contextmanager
def locked_payments(mariadb: MariaDB, database: str) -> Iterator[pymysql.Connection]:
    """Nobody can record anything; a request waits, up to the limit of a statement (3 s)."""
    link = pymysql.connect(unix_socket=str(mariadb.socket), user="root", database=database)
    with link, link.cursor() as cursor:
        cursor.execute("LOCK TABLES payment WRITE")
        yield link


def waiting_process(mariadb: MariaDB, database: str) -> int:
    """The process whose statement waits: found by the port of its link to the database."""
    query = (
        "SELECT HOST FROM information_schema.PROCESSLIST"
        f" WHERE DB = '{database}' AND USER = '{mariadb.user}' AND STATE LIKE 'Waiting%'"
    )
    deadline = time.monotonic() + 10
    while not (found := mariadb.sql(query)):
        assert time.monotonic() < deadline, "no statement has come to wait"
        time.sleep(0.02)
    return _owner_of_port(int(found[0][0].rpartition(":")[2]))


def _owner_of_port(port: int) -> int:
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {line[9] for line in lines if int(line[1].rpartition(":")[2], 16) == port}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if (match := re.match(r"socket:\[(\d+)\]", os.readlink(link))) and match[1] in inodes:
                return int(link.parts[2])
    raise LookupError(f"nobody has port {port}")


@pytest.mark.slow
def test_a_bank_hears_ask_again_when_the_worker_is_killed(
    customers: MariaDBEngine, mariadb: MariaDB, entry: Entry
) -> None:
    """In the middle of a payment; the repeat finds out what became of it."""
    for bank, later in LATER.items():
        customers.execute("DELETE FROM payment")
        with ThreadPoolExecutor(1) as pool, locked_payments(mariadb, customers.name):
            answer = pool.submit(entry.call, f"/{bank}?{pay(1)}")
            os.kill(waiting_process(mariadb, customers.name), signal.SIGKILL)
            reply = answer.result(timeout=30)
        assert heard(reply) == later
        assert entry.call(f"/{bank}?{pay(1)}").status == 200
        assert customers.rows("SELECT amount FROM payment") == [("1200.00",)]


@pytest.mark.slow
def test_nobody_waits_in_a_long_queue(
    customers: MariaDBEngine, mariadb: MariaDB, site: Site
) -> None:
    """Sixty pays at once while the database stands still: the queue of gunicorn is 32 long. Who
    finds no place hears "ask again" at once, and nobody is left without an answer.
    """
    with ExitStack() as stack:
        gunicorn = stack.enter_context(Gunicorn(site, "--workers", "2"))
        entry = stack.enter_context(Nginx(site, gunicorn.socket)).entry
        pool = stack.enter_context(ThreadPoolExecutor(60))
        with locked_payments(mariadb, customers.name):
            calls = [pool.submit(entry.call, f"/qiwi?{pay(number)}") for number in range(60)]
            early = [call.result() for call in islice(as_completed(calls, timeout=60), 15)]
        replies = [call.result() for call in calls]

    assert [heard(reply) for reply in early] == [LATER["qiwi"]] * 15
    assert {reply.status for reply in replies} == {200}
    paid = sum("<result>0<" in reply.text for reply in replies)
    assert paid + sum("<result>1<" in reply.text for reply in replies) == 60
    assert paid > 0


@pytest.mark.slow
def test_one_address_does_not_fill_the_queue(site: Site, customers: Engine) -> None:
    """A stranger on fifty links: nginx passes no more than 24 of them on; a bank finds a place."""
    with ExitStack() as stack:
        gunicorn = stack.enter_context(Gunicorn(site, "--workers", "1"))
        entry = stack.enter_context(Nginx(site, gunicorn.socket)).entry
        pool = stack.enter_context(ThreadPoolExecutor(51))
        (worker,) = gunicorn.workers
        with standing_still(worker):
            stranger = entry.by(source="127.0.0.2")
            calls = [pool.submit(stranger.call, "/qiwi?command=check") for _ in range(50)]
            early = [call.result() for call in islice(as_completed(calls, timeout=60), 14)]
            bank = pool.submit(entry.call, f"/qiwi?{pay(1)}")
            time.sleep(0.5)
            has_a_place = not bank.done()  # else it was told to ask again
        replies = [bank.result(), *(call.result() for call in calls)]

    assert [heard(reply) for reply in early] == [LATER["qiwi"]] * 14
    assert has_a_place
    assert {reply.status for reply in replies} <= {200, 403}


@pytest.mark.slow
def test_who_lay_in_a_queue_too_long_is_told_at_once(site: Site, customers: Engine) -> None:
    """nginx says when it passed a call on: the bank may have given up, and asked for the status."""
    with (
        Gunicorn(site, "--workers", "1") as gunicorn,
        Nginx(site, gunicorn.socket) as nginx,
        ThreadPoolExecutor(1) as pool,
    ):
        (worker,) = gunicorn.workers
        with standing_still(worker):
            answer = pool.submit(nginx.entry.call, f"/qiwi?{pay(1)}")
            time.sleep(LAST_START_S + 0.3)

        assert b"<result>1<" in answer.result().body
        assert customers.rows("SELECT COUNT(*) FROM payment") == [(0,)]
        assert b"<result>0<" in nginx.entry.call(f"/qiwi?{pay(1)}").body


def switched(site: Site, entry: str) -> None:
    """Point to the other release, and do what the entry needs to take it."""
    site.point("r2")
    if entry == "passenger":  # every other entry looks at CURRENT itself
        (site.home / "tmp").mkdir(exist_ok=True)
        (site.home / "tmp" / "restart.txt").touch()


@pytest.mark.deploy
@pytest.mark.parametrize("name", ENTRIES)
def test_a_release_is_switched_under_load_without_a_lost_answer(
    site: Site, customers: Engine, name: str
) -> None:
    """Three clients; each answer is of the one release or the other, at last of the new one."""
    with ExitStack() as stack:
        stack.callback(site.point, "r1")
        if name == "nginx":
            gunicorn = stack.enter_context(Gunicorn(site))
            entry = stack.enter_context(Nginx(site, gunicorn.socket)).entry
        else:
            entry = _may_try(stack.enter_context(Apache(site)).entries[name])
        pool = stack.enter_context(ThreadPoolExecutor(3))
        entry.call(f"/qiwi?{check()}")
        clients = [pool.submit(_asked_until_new, entry) for _ in range(3)]
        time.sleep(1)
        switched(site, name)
        answers = [answer for client in clients for answer in client.result(timeout=60)]

    assert set(answers) == {(200, "OK"), (200, "OK of r2")}


def _asked_until_new(entry: Entry) -> list[tuple[int, str]]:
    """Ask until ten answers in a row were the new release's; what each one said."""
    answers: list[tuple[int, str]] = []
    deadline = time.monotonic() + 40
    while answers[-10:] != [(200, "OK of r2")] * 10 and time.monotonic() < deadline:
        reply = entry.call(f"/qiwi?{check()}")
        comment = re.search("<comment>(.*)</comment>", reply.text)
        answers.append((reply.status, comment[1] if comment else reply.text))
    return answers


# Each host in its own way without room for one more request.
LIMITS = """
PassengerMaxPoolSize 1
PassengerMaxRequestQueueSize 1
FcgidIOTimeout 1
RLimitMEM 20000000
"""


@pytest.fixture(scope="module")
def limited(site: Site) -> Iterator[dict[str, Entry]]:
    """All entries at their limits; with CGI there is not even the memory to start."""
    with ExitStack() as stack:
        changes = {
            "processes=2 threads=15": "processes=1 threads=1",
            "queue-timeout=5": "queue-timeout=1",
        }
        apache = stack.enter_context(Apache(site, extra=LIMITS, changes=changes))
        gunicorn = stack.enter_context(Gunicorn(site, "--workers", "1"))
        nginx = Nginx(
            site, gunicorn.socket, {"fastcgi_read_timeout 25s": "fastcgi_read_timeout 1s"}
        )
        yield {**apache.entries, "nginx": stack.enter_context(nginx).entry}


@pytest.mark.deploy
@pytest.mark.parametrize("name", ENTRIES)
def test_a_bank_hears_ask_again_when_the_host_has_no_room(
    limited: dict[str, Entry],
    customers: MariaDBEngine,
    mariadb: MariaDB,
    name: str,
) -> None:
    """Whatever the program does not come to say the web server says, and nobody says more."""
    entry = _may_try(limited[name])
    with ThreadPoolExecutor(6) as pool, locked_payments(mariadb, customers.name):
        paths = [f"/qiwi?{pay(number)}" for number in range(6)]
        replies = list(pool.map(entry.call, paths))

    assert {heard(reply)[:2] for reply in replies} == {(200, "text/xml; charset=utf-8")}
    assert all(b"<result>1</result>" in reply.body for reply in replies)
    assert ASK_AGAIN in [reply.body for reply in replies]
