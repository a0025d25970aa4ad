"""Processor time of a call in one process, no web server in front: `python -m bench.layers`.

Given several checkouts (`python -m bench.layers . ../other`) they take turns, so that a change of
the machine's mood hits all of them. MariaDB is a real one; its own time does not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS = 12
CALLS = 300
WARM_UP = 100
ACCOUNTS, PAYMENTS = 50, 5_000


def main(checkouts: list[str]) -> None:
    """Measure each checkout in turns and print the best, in microseconds: noise only adds."""
    from bench.data import Books
    from bench.servers import environment, settings
    from tests.support.processes import MariaDB

    measured: dict[str, dict[str, list[float]]] = {checkout: {} for checkout in checkouts}
    with tempfile.TemporaryDirectory(prefix="bench-") as name, MariaDB(Path(name)) as server:
        server.create_database("layers")
        books = Books(server, "layers", ACCOUNTS, PAYMENTS)
        where = environment(settings(books.url, Path(name)))
        init = [sys.executable, "-m", "flask", "init-db"]
        subprocess.run(init, cwd=checkouts[0], env=where, check=True, stdout=subprocess.DEVNULL)
        books.fill()
        child = [sys.executable, str(Path(__file__).absolute()), "child"]
        for _ in range(TURNS):
            for checkout in checkouts:
                done = subprocess.run(
                    child, cwd=checkout, env=where, check=True, stdout=subprocess.PIPE
                )
                for layer, each in json.loads(done.stdout).items():
                    measured[checkout].setdefault(layer, []).append(each)
    for layer in measured[checkouts[0]]:
        columns = [f"{min(layers[layer]):8.1f}" for layers in measured.values()]
        print(f"{layer:32}", *columns)


def child() -> None:
    """Measure the checkout in which we stand."""
    sys.path[0] = os.getcwd()
    # Lines go where gunicorn would read them.
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    from bench.data import FIRST_ACCOUNT
    from bench.load import AUTHORIZATION
    from callback import create_app

    application: Any = create_app()
    application = getattr(application, "wsgi_app", application)
    ids = count(time.time_ns())

    def call(query: str) -> None:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/qiwi",
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_AUTHORIZATION": AUTHORIZATION,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        }
        answer = b"".join(application(environ, lambda *_: None))
        assert b"<result>0<" in answer, answer

    pay = f"command=pay&account={FIRST_ACCOUNT}&sum=10.00&txn_date=20261103091500&txn_id="
    calls: dict[str, Callable[[], None]] = {
        "check": lambda: call(f"command=check&txn_id=1&account={FIRST_ACCOUNT + 1}"),
        "pay": lambda: call(f"{pay}{next(ids)}"),
        "pay, repeated": lambda: call(f"{pay}1{FIRST_ACCOUNT}"),
    }
    print(json.dumps({name: _time_of(ask) for name, ask in calls.items()}))


def _time_of(ask: Callable[[], None]) -> float:
    for _ in range(WARM_UP):
        ask()
    started = time.process_time()
    for _ in range(CALLS):
        ask()
    return (time.process_time() - started) / CALLS * 1e6


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child()
    else:
        main(sys.argv[1:] or ["."])
