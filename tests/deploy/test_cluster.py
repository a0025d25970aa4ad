"""Several machines in front of one cluster: `make test-deploy`, for it takes a minute.

Three real nodes, a program in front of each, HAProxy in front of the programs.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPException
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.conftest import MariaDBEngine, flask, settings_toml
from tests.support.cluster import HAProxy, Node, galera
from tests.support.processes import Endpoint, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.deploy
ACCOUNT = "7012340001"


class Site(NamedTuple):
    """All of it."""

    nodes: list[Node]
    endpoints: list[Endpoint]
    front: Endpoint
    engine: MariaDBEngine


class Settings:
    """One bank, behind one proxy."""

    SETTINGS = {"TRUSTED_PROXIES": ["127.0.0.1"]}  # noqa: RUF012 - a module's constant
    BANKS = '[BANKS.qiwi]\nprotocol = "osmp"\nallow = ["127.0.0.1"]\n'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Each program prefers the node on its own machine, and knows the other two."""
    folder = tmp_path_factory.mktemp("cluster")
    with galera(folder) as nodes, ExitStack() as stack:
        nodes[0].create_database("usu")
        endpoints = []
        for number, node in enumerate(nodes):
            home = folder / f"machine{number}"
            home.mkdir()
            others = [f"127.0.0.1:{other.port}" for other in nodes if other is not node]
            url = node.url("usu").replace("/usu", f",{','.join(others)}/usu")
            toml = settings_toml(url, Settings)  # type: ignore[arg-type]
            endpoint = Endpoint(toml, home)
            if number == 0:
                assert flask(endpoint.settings, "init-db").returncode == 0
            endpoints.append(stack.enter_context(endpoint))
        health = flask(endpoints[0].settings, "url", "--health").stdout.strip()
        haproxy = stack.enter_context(
            HAProxy(folder, [endpoint.port for endpoint in endpoints], health)
        )
        front = Endpoint("", folder)
        front.port = haproxy.port
        engine = MariaDBEngine(nodes[0], "usu")
        engine.account(ACCOUNT, owes="0.00")
        yield Site(nodes, endpoints, front, engine)


def pay(endpoint: Endpoint, txn_id: str) -> bytes:
    """Ask once; a broken line is an empty answer."""
    query = f"command=pay&txn_id={txn_id}&account={ACCOUNT}&sum=1.00&txn_date=20261103091500"
    try:
        reply: Reply = endpoint.call(
            f"/qiwi?{query}", headers={"X-Forwarded-For": "127.0.0.1"}, timeout=30
        )
    except (OSError, HTTPException):
        return b""
    return reply.body


def is_done(answer: bytes) -> bool:
    """Recorded, as far as the bank knows."""
    return b"<result>0</result>" in answer


def test_equal_pays_on_all_machines_at_once_are_recorded_once(site: Site) -> None:
    """Two hundred payments, each sent to all three; whoever is told "ask again" does."""

    def everywhere(txn_id: str) -> set[bytes]:
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda one: pay(one, txn_id), site.endpoints))
        return {answer if is_done(answer) else pay(site.front, txn_id) for answer in answers}

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(everywhere, [f"1{number:05}" for number in range(200)]))

    assert all(len(equal) == 1 and is_done(equal.copy().pop()) for equal in answers)
    counted = "SELECT COUNT(*), COUNT(DISTINCT txn_id) FROM payment WHERE txn_id LIKE '1%'"
    assert site.engine.rows(counted) == [(200, 200)]


def test_what_one_machine_recorded_another_sees_at_once(site: Site) -> None:
    """wsrep_sync_wait: a check right after the pay, on the next machine."""
    before = len(site.engine.rows("SELECT id FROM payment"))
    for number in range(100):
        assert is_done(pay(site.endpoints[number % 3], f"2{number:05}"))
        check = f"/qiwi?command=check&account={ACCOUNT}"
        reply = site.endpoints[(number + 1) % 3].call(
            check, headers={"X-Forwarded-For": "127.0.0.1"}
        )
        assert f">-{before + number + 1}.00<".encode() in reply.body


def under_load(site: Site, prefix: str, disturb: Callable[[], None]) -> list[tuple[str, bytes]]:
    """Pay through HAProxy with four callers while something happens."""
    stop = threading.Event()

    def caller(number: int) -> list[tuple[str, bytes]]:
        first: list[tuple[str, bytes]] = []
        while not stop.is_set():
            txn_id = f"{prefix}{number}{len(first):05}"
            first.append((txn_id, pay(site.front, txn_id)))
        return first

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(caller, number) for number in range(4)]
        time.sleep(1)
        disturb()
        time.sleep(1)
        stop.set()
    return [answer for one in callers for answer in one.result()]


def repeated(site: Site, answers: list[tuple[str, bytes]]) -> None:
    """The bank repeats what it has no good answer for; then everything is there, once."""
    for txn_id, answer in answers:
        for _ in range(20):
            if is_done(answer):
                break
            time.sleep(0.2)
            answer = pay(site.front, txn_id)  # noqa: PLW2901
        assert is_done(answer), (txn_id, answer)
    like = f"{answers[0][0][0]}%"
    count = site.engine.rows("SELECT COUNT(*) FROM payment WHERE txn_id LIKE ?", like)
    assert count == [(len(answers),)]


def test_a_rolling_restart_of_the_programs_loses_no_answer(site: Site) -> None:
    """One machine after the other is stopped and started under load."""

    def restart() -> None:
        for endpoint in site.endpoints:
            endpoint.stop()
            time.sleep(0.5)
            endpoint.start()
            time.sleep(2.5)  # until HAProxy's check has seen it

    answers = under_load(site, "3", restart)

    assert len(answers) > 100
    lost = [txn_id for txn_id, answer in answers if not is_done(answer)]
    assert lost == []
    repeated(site, answers)


def test_a_node_that_dies_loses_nothing(site: Site) -> None:
    """kill -9 of a database node under load; the bank's repeats make it good."""
    answers = under_load(site, "4", site.nodes[2].kill)

    assert sum(is_done(answer) for _, answer in answers) > 50
    repeated(site, answers)
