"""New Bank, sentence by sentence of newbank.md (sections in brackets)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.answers import payments

if TYPE_CHECKING:
    from tests.conftest import Engine
    from tests.support.processes import Endpoint

# What the tests of all dialects read (tests/support/dialects.py).
BANK = """
[BANKS.newbank]
protocol = "newbank"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
show = ["name", "debt"]
"""
UNAVAILABLE = (200, "application/json; charset=utf-8", '{"code":1,"message":"try later"}')
FINAL = {"newbank": {"0": "done", "1": "no, ask again", "2": "yes", "4": "yes"}}

BANKS = BANK
PAY = "command=pay&id=71&account=7012340001&sum=100.00&date=20261103091500"
PAID = ("newbank", "71", "7012340001", "100.00", "paid", "2026-11-03 09:15:00", "KZT")


@pytest.fixture
def books(engine: Engine) -> Engine:
    """The customer of the worked examples [11]."""
    engine.account("7012340001", "Ахметова Белла", owes="3200.00")
    return engine


def ask(endpoint: Endpoint, query: str) -> dict[str, Any]:
    """The members of an answer."""
    reply = endpoint.call(f"/newbank?{query}")
    assert reply.status == 200
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


def test_a_check_shows_who_would_pay(books: Engine, endpoint: Endpoint) -> None:
    """The name masked [5]."""
    answer = ask(endpoint, "command=check&account=7012340001")

    assert answer == {"code": 0, "message": "OK", "name": "А*** Б***", "debt": "3200.00"}
    assert payments(books) == []


def test_a_payment_is_recorded_once(books: Engine, endpoint: Endpoint) -> None:
    """And a repeat gets the first answer again [7]."""
    first, second = ask(endpoint, PAY), ask(endpoint, PAY)

    assert first == second
    assert (first["code"], first["sum"]) == (0, "100.00")
    assert payments(books) == [PAID]


def test_another_sum_under_a_known_id_is_refused(books: Engine, endpoint: Endpoint) -> None:
    """Nothing is recorded over it [7]."""
    ask(endpoint, PAY)

    assert ask(endpoint, PAY.replace("100.00", "101.00"))["code"] == 4
    assert payments(books) == [PAID]
