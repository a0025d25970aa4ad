"""The address for a load balancer, and a restart that loses no answer."""

from __future__ import annotations

import itertools
import os
import re
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest

from callback import signature
from tests.conftest import MariaDBEngine, settings_toml
from tests.support.processes import CuttingProxy, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.conftest import Engine

THREADS = 2  # of a worker
BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
"""
KEY = b"only-for-these-tests-" * 3
DONE, AGAIN = "0", "1"
ELSEWHERE = {"X-Forwarded-For": "1.2.3.4"}


@pytest.mark.slow
def test_health_is_told_to_this_machine_and_to_the_token(
    endpoint: Endpoint, command: Callable[..., CompletedProcess[str]]
) -> None:
    """Nobody else learns that the address exists."""
    address = command("url", "--health").stdout.strip()

    assert endpoint.call("/health").status == 200
    assert endpoint.call(address, headers=ELSEWHERE).status == 200
    other = signature.url_tokens("qiwi", [KEY])[0].decode()
    for path in ("/health", "/health/x", f"/health/{other}", f"{address}x"):
        reply = endpoint.call(path, headers=ELSEWHERE)
        assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.slow
def test_health_fails_while_the_database_is_away(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """So that a balancer takes this machine out, and in again."""
    assert isinstance(engine, MariaDBEngine)
    with CuttingProxy("127.0.0.1", engine.server.port) as proxy:
        url = engine.server.url(engine.name, port=proxy.port)
        with Endpoint(settings_toml(url, request.module), tmp_path, workers=1) as endpoint:
            assert endpoint.call("/health").status == 200
            proxy.refuse = True
            proxy.cut_idle()
            assert endpoint.call("/health").status == 503
            proxy.refuse = False
            assert endpoint.call("/health").status == 200


def code_of(answer: bytes) -> str:
    """The result in an answer; all of one that has none."""
    result = re.search(rb"<result>(\d+)<", answer)
    return (result[1] if result else answer).decode()


@pytest.mark.slow
def test_reloading_under_load_loses_no_answer(engine: Engine, endpoint: Endpoint) -> None:
    """Five HUPs under four callers: the old workers finish what they have begun.

    Where the new ones take longer than a bank waits, on a busy machine, it hears "ask again".
    """
    engine.account("1")
    stop = threading.Event()
    answers: list[str] = []

    def caller(number: int) -> None:
        for payment in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
            txn_id = f"{number}{payment:05}"
            query = f"command=pay&txn_id={txn_id}&account=1&sum=1.00&txn_date=20261103091500"
            try:
                answers.append(code_of(endpoint.call(f"/qiwi?{query}").body))
            except (OSError, HTTPException) as error:
                answers.append(str(error))

    def wait_for_more() -> None:
        """However fast the machine is, each HUP meets calls."""
        wanted = len(answers) + 20
        while len(answers) < wanted and set(answers) <= {DONE, AGAIN}:
            time.sleep(0.01)

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(caller, number) for number in range(1, 5)]
        try:
            for _ in range(5):
                wait_for_more()
                os.kill(endpoint.pid, signal.SIGHUP)
            wait_for_more()
        finally:
            stop.set()
    for finished in callers:
        finished.result()

    assert set(answers) <= {DONE, AGAIN}
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(answers.count(DONE),)]


SLOW = {
    "nothing": b"",
    "half a head": b"GET /qiwi?command=check HTTP/1.1\r\nHost:",
    "half a body": b"POST /qiwi HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ncommand=",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
@pytest.mark.slow
def test_a_slow_stranger_gives_the_worker_back(
    tmp_path: Path, request: pytest.FixtureRequest, sent: bytes
) -> None:
    """Without a web server in front; gunicorn would end the workers after 20 s."""
    toml = settings_toml(f"sqlite:///{tmp_path}/x.db", request.module)
    with Endpoint(toml, tmp_path, workers=2) as endpoint, ExitStack() as stack:
        for _ in range(2 * THREADS):
            link = socket.create_connection(("127.0.0.1", endpoint.port))
            stack.enter_context(link).sendall(sent)
        reply = endpoint.call("/nobody", timeout=18)

    assert reply.status == 404
    # A worker that gunicorn has ended would say so.
    assert "WORKER TIMEOUT" not in endpoint.output()


@pytest.mark.slow
def test_a_stop_answers_what_has_begun(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """TERM while calls wait: each is answered or cut, and the bank's repeat finds the truth."""
    engine.account("1")
    toml = settings_toml(engine.url, request.module)
    answers: list[bool] = []

    def pay(number: int) -> bool:
        query = f"command=pay&txn_id={number}&account=1&sum=1.00&txn_date=20261103091500"
        try:
            return b"<result>0<" in endpoint.call(f"/qiwi?{query}").body
        except (OSError, HTTPException):
            return False

    with Endpoint(toml, tmp_path, workers=1) as endpoint, ThreadPoolExecutor(16) as pool:
        callers = [pool.submit(pay, number) for number in range(200)]
        time.sleep(0.1)
        endpoint.stop()
        answers = [one.result() for one in callers]
        endpoint.start()
        recorded = int(engine.rows("SELECT COUNT(*) FROM payment")[0][0])
        repeats = [pay(number) for number in range(200)]

    assert 0 < answers.count(True) <= recorded
    assert all(repeats)
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(200,)]
