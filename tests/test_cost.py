"""What a call costs, counted and not timed: functions called, waits for the database.

No machine is too slow for it. Whoever makes a call dearer finds out here, by which function.
"""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from callback import Program
from callback.entries import fastcgi
from tests.conftest import settings_toml
from tests.support.fastcgi import answered, asked_by_nginx
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from tests.conftest import MariaDBEngine

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["203.0.113.5"]
username = "qiwi"
password = "a password: of the bank"
show = ["name", "debt"]

[BANKS.kaspi]
protocol = "kaspi"
allow = ["203.0.113.5"]
show = ["name", "debt"]
"""
pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
CHECK = "command=check&txn_id=1&account=7012340001&sum=1.00"
PAY = "command=pay&txn_id={}&account=7012340001&sum=1.00&txn_date=20261103091500"
# Functions written in Python, ours and those of pinned libraries, from the first byte that the web
# server sends to the last that it gets. Lower a number when a call has become cheaper.
MOST = {
    ("qiwi", CHECK): 162,
    ("qiwi", PAY): 180,
    ("kaspi", CHECK): 134,
    ("kaspi", PAY): 153,
}
# In some Pythons these are functions, in others part of the one that they stand in.
STDLIB, SITE = os.path.dirname(os.__file__), "site-packages"
INSIDE = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")


@pytest.fixture
def program(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Program]:
    """It runs in this process, with one customer."""
    engine.account("7012340001", "Айгуль Сапарова")
    toml = settings_toml(engine.url, request.module) + f'\nLOG = "{tmp_path}/callback.log"\n'
    lines = toml.splitlines()
    lines.insert(0, lines.pop())  # in front of the tables
    program = Program(write_settings("\n".join(lines), tmp_path))
    yield program
    program.database.close()


def call(program: Program, bank: str, query: str) -> Counter[str]:
    """Call as nginx does, and answer as gunicorn.conf.py does; the functions that this calls."""
    environ = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": f"/{bank}?{query}",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443",
        "REMOTE_ADDR": "203.0.113.5",
        "HTTP_HOST": "pay.example.kz",
        "HTTP_AUTHORIZATION": "Basic cWl3aTphIHBhc3N3b3JkOiBvZiB0aGUgYmFuaw==",
    }
    ours, web_server = socket.socketpair()
    with closing(ours), closing(web_server):
        web_server.sendall(asked_by_nginx(environ))
        calls = counted(lambda: fastcgi.answer(program, fastcgi.Incoming(ours)))
        answer = answered(web_server)
    assert "<result>0<" in answer or '"result":0' in answer
    return calls


def counted(run: Callable[[], Any]) -> Counter[str]:
    """The functions that something calls, by name."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        is_pythons_own = code.co_filename.startswith(STDLIB) and SITE not in code.co_filename
        if event == "call" and not is_pythons_own and code.co_name not in INSIDE:
            calls[f"{code.co_filename.rpartition('/')[2]}:{code.co_name}"] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize(("bank", "query"), MOST)
def test_a_call_takes_no_more_functions_than_it_did(
    program: Program, bank: str, query: str
) -> None:
    """The connection to the database is there, as it is for all but the first."""
    for warm_up in range(3):
        call(program, bank, query.format(warm_up))
    calls = call(program, bank, query.format(9))

    assert calls.total() <= MOST[bank, query], calls.most_common(40)
