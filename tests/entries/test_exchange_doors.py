"""The exchange behind every door: real web servers, with the files of deploy/ as handed out."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from tests.conftest import flask, settings_toml
from tests.support.processes import HOST
from tests.support.web_servers import (
    ENTRIES,
    IS_ROOT,
    NEED_ROOT,
    NEEDS_ROOT,
    Apache,
    Gunicorn,
    Nginx,
    Site,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Engine
    from tests.support.processes import Reply
    from tests.support.web_servers import Entry

pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)

SETTINGS = {"PUBLIC_URL": "https://localhost"}
BANKS = f"""
[BANKS.qiwi]
protocol = "osmp"
allow = ["{HOST}"]

[IMPORT]

[EXCHANGE]
"""
ACCOUNT = "0071501"
HEAD = "number;name;address;debt\n"
LIST = f"{HEAD}{ACCOUNT};Ахметова;Абая, 1;3200.10\n0071502;Волков;;0\n".encode()
LONG = HEAD.encode() + b"".join(b"%07d;Name;%b;1.00\n" % (n, b"x" * 90) for n in range(900))
PAY = f"/qiwi?command=pay&txn_id=1&account={ACCOUNT}&sum=100.00&txn_date=20261103091500"


@pytest.fixture(scope="module")
def site(database: Engine, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A hosting account with the program in it."""
    with Site(settings_toml(database.url, request.module)) as made:
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
    name = request.param
    if name in NEED_ROOT and not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    return entries[name]


@pytest.fixture(scope="module")
def address(site: Site) -> str:
    """Where the office goes."""
    printed = flask(site.settings, "url", "--exchange").stdout.strip()
    return printed.removeprefix("https://localhost")


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The module's database, with nothing in it."""
    engine.execute("DELETE FROM export_line")
    return engine


def heard(reply: Reply) -> tuple[int, object]:
    """The status, and the answer of ours behind it."""
    return reply.status, json.loads(reply.body)


@pytest.mark.slow
def test_a_day_of_the_office_behind_every_door(books: Engine, entry: Entry, address: str) -> None:
    """List, payment, line, known; each in words of ours, refusals too."""
    status, taken = heard(entry.call(f"{address}/customers", "PUT", LIST))
    assert (status, taken["new"]) == (200, 2)  # type: ignore[index]
    assert "<result>0<" in entry.call(PAY).text
    status, page = heard(entry.call(f"{address}/payments?after=0"))
    assert status == 200
    (line,) = page["payments"]  # type: ignore[index]
    assert (line["number"], line["sum"], line["txn_id"]) == (ACCOUNT, "100.00", "1")
    table = entry.call(f"{address}/payments", headers={"Accept": "text/csv"})
    assert table.text.count("\r\n") == 2
    known = f"{address}/known?until={line['id']}"
    assert heard(entry.call(known, "POST", b"")) == (200, {"until": line["id"], "marked": 1})
    assert heard(entry.call(known, "POST")) == (200, {"until": line["id"], "marked": 0})
    assert heard(entry.call(f"{address}/payments"))[1]["payments"] == []  # type: ignore[index]

    refused = entry.call(f"{address}/customers", "PUT", LIST.replace(b"0071502", b"7,01E+09"))
    assert (refused.status, refused.headers.get_all("Cache-Control")) == (422, ["no-store"])
    assert heard(refused)[1]["faults"][0]["line"] == 3  # type: ignore[index]
    assert heard(entry.call(f"{address}/known?until=99999", "POST"))[0] == 409
    assert heard(entry.call(f"{address}/known?until=x", "POST"))[0] == 400
    assert heard(entry.call(f"{address}/payments", "PUT", LIST))[0] == 405


@pytest.mark.deploy
def test_a_list_in_pieces_behind_every_door(books: Engine, entry: Entry, address: str) -> None:
    """Of 64 KiB: no host takes less. Whoever answers each of them."""
    sha256 = hashlib.sha256(LONG).hexdigest()
    replies = [
        entry.call(
            f"{address}/customers?sha256={sha256}&size={len(LONG)}&start={start}",
            "PUT",
            LONG[start : start + 65536],
        )
        for start in range(0, len(LONG), 65536)
    ]

    assert [reply.status for reply in replies] == [202, 200]
    assert books.rows("SELECT COUNT(*) FROM account") == [(900,)]


@pytest.mark.deploy
def test_a_list_at_once_behind_every_door(books: Engine, entry: Entry, address: str) -> None:
    """With a length, or in chunks with a digest; longer than any bank's call.

    Some web servers take chunks together, and tell the length.
    """
    sha256 = hashlib.sha256(LONG).hexdigest()
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(LONG), LONG)
    assert len(LONG) < 128 * 1024  # more mod_fcgid lets not pass by itself

    assert entry.call(f"{address}/customers", "PUT", LONG).status == 200
    chunked = {"Transfer-Encoding": "chunked"}
    assert entry.call(f"{address}/customers", "PUT", chunks, chunked).status in (200, 411)
    query = f"sha256={sha256}&size={len(LONG)}"
    reply = entry.call(f"{address}/customers?{query}", "PUT", chunks, chunked)
    assert heard(reply)[1]["changed"] == 0  # type: ignore[index]


@pytest.mark.deploy
def test_a_megabyte_passes_where_the_web_server_lets_it(
    books: Engine, entry: Entry, address: str
) -> None:
    """Two, to be exact; FastCGI's module wants pieces, and the list stays as it was."""
    long = LONG + b"".join(b"1%07d;Name;%b;1.00\n" % (n, b"y" * 220) for n in range(9000))
    assert len(long) > 2 * 1024 * 1024
    reply = entry.call(f"{address}/customers", "PUT", long)

    assert reply.status == (200 if entry.name != "fcgi" else reply.status)
    expected = 9900 if entry.name != "fcgi" else 0
    assert books.rows("SELECT COUNT(*) FROM account") == [(expected,)]


def test_a_body_that_is_cut_changes_nothing_behind_any_door(
    books: Engine, entry: Entry, address: str
) -> None:
    """The office's link breaks, with or without a length: half a list looks like a whole one."""
    half = LIST[: LIST.index(b"0071502")]
    ends = {
        f"Content-Length: {len(LIST)}": half,
        "Transfer-Encoding: chunked": b"%x\r\n%b\r\n" % (len(half), half),
    }
    for header, body in ends.items():
        head = f"PUT {address}/customers HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n"
        with suppress(OSError):
            entry.cut(head.encode() + body)
    time.sleep(0.5)
    # Whatever it has made of these, it is done with before it answers the next.
    assert entry.call(f"{address}/payments").status == 200

    assert books.rows("SELECT COUNT(*) FROM account") == [(0,)]


@pytest.mark.deploy
def test_strangers_find_nothing_behind_any_door(entry: Entry, address: str) -> None:
    """A bad token, another method, no TLS; as any unknown address."""
    for path in ("/exchange", "/exchange/", "/exchange/x/payments", f"{address}x/payments"):
        method = "PUT" if path.endswith("payments") else "GET"
        reply = entry.call(path, method, LIST if method == "PUT" else None)
        assert (reply.status, reply.body) == (404, b""), (path, method)
    assert entry.by(tls=False).call(f"{address}/payments").status == 403


@pytest.mark.slow
def test_no_token_is_in_a_log_of_ours(site: Site, entries: dict[str, Entry], address: str) -> None:
    """Nor of nginx and of our Apache, whatever they refuse."""
    token = address.rpartition("/")[2]
    for name in ("nginx", "wsgi"):
        entries[name].call(f"{address}/payments")
        entries[name].call(f"{address}/customers", "PUT", b"x" * (9 << 20))
        entries[name].by(tls=False).call(f"{address}/payments")
    logs = [log for log in site.folder.rglob("*.log") if log.name not in ("error.log",)]
    texts = [log.read_text(errors="replace") for log in logs]

    assert any("exchange payments" in text for text in texts)
    assert not any(token in text for text in texts)
