"""Whatever bytes come to a port: an answer that tells nothing, or none; the next bank is served.

RAW_FUZZ=20 tries twenty times as many, RAW_SEED=7 others.
"""

from __future__ import annotations

import json
import os
import random
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.conftest import settings_toml
from tests.support.processes import HOST
from tests.support.web_servers import Gunicorn, Nginx, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Engine
    from tests.support.processes import Client, Endpoint

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ACCOUNT = "7012340001"
SETTINGS = {"PUBLIC_URL": "https://localhost"}
BANKS = f"""
[BANKS.qiwi]
protocol = "osmp"
allow = ["{HOST}"]

[BANKS.payme]
protocol = "payme"
password = "Paycom:key-of-sixteen"
"""
REQUESTS = 200 * int(os.environ.get("RAW_FUZZ", "1"))
SEED = os.environ.get("RAW_SEED", "callback")
CHECK = f"command=check&txn_id=1&account={ACCOUNT}&sum=1.00"
PAY = f"command=pay&txn_id=@&account={ACCOUNT}&sum=1.00&txn_date=20261103091500"
GOOD = (
    f"GET /qiwi?{CHECK} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    f"GET /qiwi?{PAY} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "POST /payme HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: 2\r\nConnection: close\r\n\r\n{}",
    "GET /health HTTP/1.0\r\n\r\n",
)
TOKENS = (
    *("\r\n", "\n", "\r", " ", "\t", "\0", ":", "%", "%00", "?", "#", "/../", "//", "\\", "\xff"),
    *("HTTP/9.9", "HTTP/1.1\r\n", "http://evil/", "Host: a\r\n", "Host: localhost\r\n"),
    *("Content-Length: 5\r\n", "Content-Length: -1\r\n", "Content-Length: 1, 2\r\n"),
    *("Transfer-Encoding: chunked\r\n", "Transfer-Encoding: x\r\n", "Expect: 100-continue\r\n"),
    *("X: " + "y" * 9000 + "\r\n", "Upgrade: h2c\r\n", "Range: bytes=0-\r\n", "X_Y: 1\r\n"),
    *(
        "Authorization: Basic !!!\r\n",
        "Connection: keep-alive\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ),
)
# 1.x in front of what it means; nginx leaves without a word where a request is no HTTP at all.
ANSWER = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) [A-Za-z -]*\r\n")
STATUSES = {
    100,
    200,
    301,
    400,
    401,
    403,
    404,
    405,
    408,
    411,
    413,
    414,
    417,
    421,
    431,
    501,
    503,
    505,
}
TELLS = re.compile(rb"(?i)<html|<!doctype|traceback|python|gunicorn|nginx/|werkzeug")


def spoiled(chance: random.Random) -> bytes:
    """A good request with up to four changes."""
    text = chance.choice(GOOD).replace("@", str(chance.randrange(10**9)))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        cut = chance.choice((0, 0, 1, 5, 40))
        text = text[:at] + chance.choice(("", *TOKENS)) + text[at + cut :]
    return text.encode("latin-1")


def told(door: Client, requests: list[bytes]) -> list[bytes]:
    """What comes; a request that is not whole is waited for no longer than a bank would."""
    with ThreadPoolExecutor(8) as callers:
        return list(callers.map(lambda request: door.raw(request, timeout=1), requests))


@pytest.fixture(scope="module")
def nginx(database: Engine, request: pytest.FixtureRequest) -> Iterator[Client]:
    """As deploy/ sets it up."""
    assert database
    with ExitStack() as stack:
        site = stack.enter_context(Site(settings_toml(database.url, request.module)))
        gunicorn = stack.enter_context(Gunicorn(site))
        yield stack.enter_context(Nginx(site, gunicorn.socket)).entry


@pytest.mark.parametrize("name", ["gunicorn", "nginx"])
@pytest.mark.slow
def test_whatever_bytes_come_the_next_bank_is_served(
    name: str, engine: Engine, request: pytest.FixtureRequest
) -> None:
    """No answer says more than a status; what was recorded is what was asked for."""
    door: Client = request.getfixturevalue("endpoint" if name == "gunicorn" else name)
    engine.account(ACCOUNT)
    chance = random.Random(f"{SEED} {name}")
    requests = [spoiled(chance) for _ in range(REQUESTS)]
    answers = told(door, requests)

    for sent, came in zip(requests, answers, strict=True):
        assert not came or _status(came) in STATUSES, (sent, came)
        assert not TELLS.search(came), (sent, came)
    assert any(_status(came) == 200 for came in answers)
    assert door.call(f"/qiwi?{CHECK}").status == 200
    recorded = engine.rows("SELECT number, amount FROM payment")
    assert {number for number, _ in recorded} <= {ACCOUNT}
    assert all(Decimal(amount) > 0 for _, amount in recorded)


def _status(answer: bytes) -> int:
    match = ANSWER.match(answer)
    return int(match[1]) if match else 0


@pytest.mark.slow
def test_every_line_of_the_log_is_one(endpoint: Endpoint) -> None:
    """Whatever was sent before; nothing of it was a surprise."""
    text = endpoint.output()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert any(line.get("bank") == "qiwi" for line in lines)
    assert "unexpected" not in text
    assert "Traceback" not in text
