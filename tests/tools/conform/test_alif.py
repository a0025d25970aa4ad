"""flask conform against an endpoint of Alif as first versions are: it fails what it does wrong.

Every fault of it stands in real programs, the provider's own sample among them (alif.md, section
13). It answers all that is asked in good faith.
"""

from __future__ import annotations

import json
import sys
import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import flask, settings_toml
from tests.support.processes import write_settings
from tests.tools.conform.naive import THINKING_S, Books, Handler, Naive

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT, CLOSED = "7012340001", "7012340003"
BANKS = """
[BANKS.alif]
protocol = "alif"
username = "alif"
password = "p:w"
srv_id = 17
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
"""


class AlifHandler(Handler):
    """Alif in one POST, or whatever else the method is."""

    def answer(self, body: bytes) -> None:
        """Answer a JSON text with an object, always with a code."""
        try:
            answer = alif(self.books, body, self.headers.get("Authorization", ""))
        except (KeyError, TypeError, ValueError, RecursionError, OverflowError):
            answer = {"code": 400, "id": 0}
        self.render("application/json", json.dumps(answer, ensure_ascii=False))


def alif(books: Books, body: bytes, authorization: str) -> dict[str, Any]:
    """Take the request apart, and only then look who sends it."""
    request = json.loads(body)  # in any encoding, the last of two members
    action = ACTIONS.get(str(request["action"]).strip().lower())
    if action is None:
        return {"code": 400, "id": 0}
    _, _, password = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    if password != "p:w":
        return {"code": 401, "id": 0}
    return {"id": int(request["id"]), **action(books, request)}


def _check(books: Books, request: Any) -> dict[str, Any]:
    account = str(request["account"]).strip()
    if str(int(request["id"])) in books.payments:
        return {"code": 107}
    if account == CLOSED:
        return {"code": 303}
    if account not in books.owed:
        return {"code": 404}
    return {"code": 302, "info_for_client": f"Долг: {max(books.owed[account], 0):.2f}"}


def _pay(books: Books, request: Any) -> dict[str, Any]:
    account, amount = str(request["account"]).strip(), float(request["amount"])
    if not 10 <= amount <= 50000:
        return {"code": 405}
    if account not in books.owed:
        return {"code": 404}
    key = str(int(request["id"]))
    if key in books.payments:
        return {"code": 107}
    time.sleep(THINKING_S)
    payment = books.insert(key, amount=amount)
    books.credit(account, amount)
    return {"code": 200, "response_id": str(payment["number"])}


def _status(books: Books, request: Any) -> dict[str, Any]:
    payment = books.payments.get(str(int(request["id"])))
    if payment is None:
        return {"code": 404}
    return {"code": 200, "response_id": str(payment["number"])}


ACTIONS = {"check": _check, "pay": _pay, "status": _status}


@pytest.mark.slow
def test_a_naive_endpoint_fails_what_it_does_wrong(tmp_path: Path) -> None:
    """Floats, look-then-write, 107 for a repeat, one name of two, strangers told of actions."""
    toml = settings_toml(f"sqlite:///{tmp_path}/none.db", sys.modules[__name__])
    settings = write_settings(toml, tmp_path)
    with Naive(ACCOUNT, handler=AlifHandler) as naive:
        url, others = f"{naive.url}/alif.php", ("--closed", CLOSED, "--json")
        done = flask(settings, "conform", "alif", "--account", ACCOUNT, "--url", url, *others)

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stderr
    assert {line["case"] for line in lines if not line["ok"] and "case" in line} == {
        "with a wrong password nobody is heard",
        "who is calling is asked first",
        "a closed account is refused",
        "a check may be written otherwise",
        "a check with a malformed part is refused",
        "the first fault is the answer",
        "a malformed sum is refused",
        "a malformed id is refused",
        "a malformed account is refused",
        "a malformed date is refused",
        "a wrong service is refused",
        "what is given twice is refused",
        "an unknown command is refused",
        "a body that means harm is refused",
        "a body over 64 KiB is refused",
        "a wrong method is refused",
        "a payment may lack what it does not need",
        "a repeated pay gets the first answer",
        "a repeat may have another date",
        "a repeat wins over a refusal",
        "a repeat may be written otherwise",
        "a body of any type is read",
        "a malformed repeat is no repeat",
        "a long id is read to its end",
        "parallel repeats record once",
        "payments side by side are all recorded",
        "a known id with other data is refused",
        "a check changes nothing",
        "a status tells how a payment stands",
        "the status of an unknown id is told",
    }
