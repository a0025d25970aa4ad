"""Who sends half a body stops nobody else: behind HAProxy, on mod_wsgi, and through CGI."""

from __future__ import annotations

import os
import select
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callback.limits import ARRIVAL_S, LINKS_OF_ONE, SHORTEST_BANK_S
from tests.conftest import flask, settings_toml
from tests.support.cluster import HAProxy
from tests.support.processes import HOST, Client, Endpoint
from tests.support.web_servers import IS_ROOT, NEED_ROOT, NEEDS_ROOT, Apache, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Engine

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.parametrize("database", ["mariadb"], indirect=True),
]
ACCOUNT = "7012340001"
CHECK = f"/qiwi?command=check&txn_id=1&account={ACCOUNT}&sum=1.00"
# Whom the program believes most: it reads the body before it says anything.
HALF = (
    b"POST /qiwi HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\ncommand="
)
BANKS = f'[BANKS.qiwi]\nprotocol = "osmp"\nallow = ["{HOST}"]\n'


class BehindProxy:
    """The same, behind HAProxy."""

    SETTINGS = {"TRUSTED_PROXIES": [HOST]}  # noqa: RUF012 - a module's constant
    BANKS = BANKS


@pytest.fixture
def site(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A hosting account with a customer."""
    engine.account(ACCOUNT)
    with Site(settings_toml(engine.url, request.module)) as made:
        yield made


@contextmanager
def strangers(client: Client, count: int) -> Iterator[list[socket.socket]]:
    """As many who have sent half a body, and say no more."""
    with ExitStack() as stack:
        links = [stack.enter_context(client._connect(60)) for _ in range(count)]  # noqa: SLF001
        for link in links:
            link.sendall(HALF)
        time.sleep(0.5)  # they are there before the bank is
        yield links


def waiting(links: list[socket.socket]) -> int:
    """How many of them have heard nothing yet."""
    return len(links) - len(select.select(links, [], [], 0)[0])


def served(client: Client) -> float:
    """How long a bank waits for its answer."""
    started = time.monotonic()
    reply = client.call(CHECK)
    assert b"<result>0<" in reply.body, reply
    return time.monotonic() - started


def test_six_stop_no_machine_behind_haproxy(engine: Engine, tmp_path: Path) -> None:
    """`option http-buffer-request`: they wait in HAProxy, and for 5 s; each machine takes two."""
    engine.account(ACCOUNT)
    text = settings_toml(engine.url, BehindProxy)  # type: ignore[arg-type]
    with ExitStack() as stack:
        machines = []
        for number in range(3):
            home = tmp_path / f"machine{number}"
            home.mkdir()
            machines.append(stack.enter_context(Endpoint(text, home, workers=1)))
        health = flask(machines[0].settings, "url", "--health").stdout.strip()
        ports = [machine.port for machine in machines]
        client = Client()
        client.port = stack.enter_context(HAProxy(tmp_path, ports, health)).port
        well_by = time.monotonic() + 60
        while client.call(CHECK).status != 200 and time.monotonic() < well_by:
            time.sleep(0.2)
        with strangers(client, 6) as links:
            took = min(served(client) for _ in range(6))
            left = waiting(links)
            heard = [link.recv(4096)[:12] for link in links]

    print(f"a bank is served in {took:.2f} s while {left} wait")
    assert left == 6
    assert took < 1
    assert heard == [b"HTTP/1.1 408"] * 6
    # None of them came as far as a machine.
    assert not [line for machine in machines for line in machine.log() if "POST" in str(line)]


def test_three_hundred_of_one_address_leave_room_in_haproxy(engine: Engine, tmp_path: Path) -> None:
    """They say nothing, and are waited for: one address gets no more than its part of it."""
    engine.account(ACCOUNT)
    text = settings_toml(engine.url, BehindProxy)  # type: ignore[arg-type]
    with ExitStack() as stack:
        machine = stack.enter_context(Endpoint(text, tmp_path, workers=1))
        health = flask(machine.settings, "url", "--health").stdout.strip()
        client = Client()
        client.port = stack.enter_context(HAProxy(tmp_path, [machine.port] * 3, health)).port
        well_by = time.monotonic() + 60
        while client.call(CHECK).status != 200 and time.monotonic() < well_by:
            time.sleep(0.2)
        links, door = [], (HOST, client.port)
        for _ in range(300):
            with suppress(ConnectionError):  # one too many
                links.append(socket.create_connection(door, 10, ("127.0.0.2", 0)))
                stack.enter_context(links[-1])
        took = served(client)
        left = waiting(links)

    print(f"a bank is served in {took:.2f} s among {left} of 300 who say nothing")
    assert left <= LINKS_OF_ONE


@pytest.mark.parametrize("name", ["wsgi", "fcgi", "passenger"])
def test_twelve_keep_no_bank_from_apache(site: Site, name: str) -> None:
    """mod_wsgi has threads enough for them; mod_fcgid and Passenger wait for all of a body first.

    Four and two processes are all that these have here.
    """
    if name in NEED_ROOT and not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    with Apache(site, names=(name,)) as apache:
        client = apache.entries[name]
        served(client)
        with strangers(client, 12):
            took = served(client)
    print(f"{name}: a bank is served in {took:.2f} s among twelve half bodies")
    assert took < SHORTEST_BANK_S


def processes(folder: Path) -> list[int]:
    """Those that run in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if Path(os.readlink(entry / "cwd")) == folder:
                found.append(int(entry.name))
    return found


def test_half_a_body_holds_a_process_of_cgi_no_longer_than_a_call_may_arrive(site: Site) -> None:
    """By itself: this host's Apache would wait for a minute."""
    if not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    minute = "RequestReadTimeout header=60 body=60"
    with Apache(site, names=("cgi",), extra=minute) as apache:
        client, docroot = apache.entries["cgi"], site.docroot("cgi")
        served(client)
        with strangers(client, 3):
            started = time.monotonic()
            while not (most := processes(docroot)) and time.monotonic() < started + 20:
                time.sleep(0.05)
            took = served(client)
            while processes(docroot) and time.monotonic() < started + 40:
                time.sleep(0.05)
            held = time.monotonic() - started
    print(f"{len(most)} processes for {held:.1f} s; a bank is served meanwhile in {took:.2f} s")
    assert most
    assert ARRIVAL_S - 1 < held < 40
