"""The list in the shape that Kaspi fetches it in: at its own address, numbers as JSON integers."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import settings
from callback.settings import SettingsError
from tests.conftest import settings_toml
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

    Command = Callable[..., CompletedProcess[str]]

BANKS = """
[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]
account_pattern = "[0-9A-Z]{1,20}"
bills = { form = "pull", shape = "kaspi" }

[BANKS.whole]
protocol = "kaspi"
allow = ["127.0.0.1"]
url_token = true
username = "bank"
password = "pass"
weak_password = true
payer = "invoice"
bills = { form = "pull", shape = "kaspi", zero = true, full_names = true }

[BANKS.stranger]
protocol = "kaspi"
allow = ["10.0.0.1"]
bills = { form = "pull", shape = "kaspi" }

[BANKS.full]
protocol = "kaspi"
allow = ["127.0.0.1"]
bills = { form = "pull" }
"""
BASIC = {"Authorization": "Basic YmFuazpwYXNz"}


@pytest.fixture
def customers(engine: Engine) -> Engine:
    """Those of the sheet's example, and more that no JSON integer can name."""
    for number, name, owes in (
        ("71501", "Ахметова Белла", "5000.00"),
        ("71502", "", "0.00"),
        ("0715", "Ноль", "1.00"),
        ("A1", "Буква", "1.00"),
        ("1" * 18, "", "0.10"),
        ("1" * 19, "Длинный", "1.00"),
        ("1٢3", "Чужая цифра", "1.00"),
    ):
        engine.account(number, name, owes=owes)
    engine.account("71503", "Закрыт", state="closed")
    engine.account("71504", "Блок", state="blocked")
    return engine


@pytest.mark.slow
def test_kaspi_fetches_the_list_at_its_own_address(customers: Engine, endpoint: Endpoint) -> None:
    """registers.md, "Pull": to the letter, and the same at /bills."""
    own = endpoint.call("/kaspi?date=202611&page=1&rows=10")

    assert own.text == (
        '{"data":[{"account":111111111111111111,"info":"","sum":0.10},'
        '{"account":71501,"info":"А*** Б***","sum":5000.00}],"error":null}'
    )
    assert (own.status, own.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert endpoint.call("/kaspi/bills?date=202611&page=1&rows=10").body == own.body
    (line,) = [line for line in endpoint.log() if line.get("command") == "bills"][-1:]
    assert (line["bank"], line["outcome"], line["code"]) == ("kaspi", "ok", "200")


@pytest.mark.slow
def test_who_is_left_out_is_named(customers: Engine, endpoint: Endpoint, command: Command) -> None:
    """In the log once a pull, and by flask doctor."""
    before = len(endpoint.log())
    for page in (1, 2, 3):
        endpoint.call(f"/kaspi?date=202611&page={page}&rows=1")
    named = [line["message"] for line in endpoint.log()[before:] if "message" in line]
    findings = map(json.loads, command("doctor", "--json").stdout.splitlines())
    (finding,) = [finding["text"] for finding in findings if finding["name"] == "bank kaspi bills"]
    numbers = f"left out of the list, for they are no integers: 0715, {'1' * 19}, 1٢3, A1"

    assert named == [f"kaspi: {numbers}"]
    assert finding == numbers


def test_many_who_are_left_out_are_counted(engine: Engine, endpoint: Endpoint) -> None:
    """Ten are named; the log is not the place for a list."""
    for number in range(12):
        engine.account(f"0{number:03}")
    endpoint.call("/kaspi?date=202611&page=1")
    (*_, named) = [line["message"] for line in endpoint.log() if "message" in line]

    assert named.endswith("0000, 0001, 0002, 0003, 0004, 0005, 0006, 0007, 0008, 0009 …")


def test_no_page_is_empty_before_the_last(engine: Engine, endpoint: Endpoint) -> None:
    """The bank stops at an empty one: those who are left out take no places."""
    for number in ("0001", "0002", "0003", "20", "21", "A1", "B2", "22x"):
        engine.account(number, owes="1.00")
    pages = [
        json.loads(endpoint.call(f"/kaspi?date=202611&page={page}&rows=1").body)["data"]
        for page in (1, 2, 3)
    ]

    assert [[row["account"] for row in page] for page in pages] == [[20], [21], []]


@pytest.mark.slow
def test_invoices_are_told_with_names_and_zeroes(
    engine: Engine, endpoint: Endpoint, command: Command
) -> None:
    """Where the settings say so; the token and the password are asked for."""
    engine.account("71501", 'Иванов "И\\И"', owes="0.00")
    engine.invoice("71501", "5001", "640.3")
    address = command("url", "whole").stdout.strip()
    query = "date=202611&page=1"
    own = endpoint.call(f"{address}?{query}", headers=BASIC)

    assert (
        own.text
        == '{"data":[{"account":5001,"info":"Иванов \\"И\\\\И\\"","sum":640.30}],"error":null}'
    )
    assert json.loads(own.body, parse_float=Decimal)["data"][0]["sum"] == Decimal("640.30")
    assert endpoint.call(f"{address}?{query}").status == 401
    assert endpoint.call(f"/whole?{query}", headers=BASIC).status == 404
    assert endpoint.call(f"/stranger?{query}").status == 403


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("date=202613&page=1", "wrong date"),
        ("date=&page=1", "wrong date"),
        ("date=2026-11&page=1", "wrong date"),
        ("date=202611&date=202611&page=1", "wrong date"),
        ("date=202611", "wrong page"),
        ("date=202611&page=0", "wrong page"),
        ("date=202611&page=1&page=1", "wrong page"),
        ("date=202611&page=1&rows=1001", "wrong rows"),
        ("date=202611&page=1&rows=", "wrong rows"),
    ],
)
def test_a_wrong_pull_is_told_so(endpoint: Endpoint, query: str, fault: str) -> None:
    """In the same shape; /bills needs no date to be known for what it is."""
    done = endpoint.call(f"/kaspi?{query}")

    assert (done.status, json.loads(done.body)) == (200, {"data": [], "error": fault})
    assert endpoint.call(f"/kaspi/bills?{query}").body == done.body
    assert json.loads(endpoint.call("/kaspi/bills?page=1").body)["error"] == "wrong date"


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("GET", "/kaspi?command=check&date=202611&txn_id=1&account=71501", b""),
        ("GET", "/kaspi?date=202611&page=1&command=check&txn_id=1&account=71501", b""),
        ("POST", "/kaspi?date=202611", b"command=check&txn_id=1&account=71501"),
    ],
)
def test_with_a_command_it_is_the_dialect(
    customers: Engine, endpoint: Endpoint, method: str, address: str, body: bytes
) -> None:
    """As ever, and a form is never a pull."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    done = json.loads(endpoint.call(address, method, body=body, headers=headers).body)

    assert (done["txn_id"], done["result"], done["sum"]) == ("1", 0, "5000.00")


@pytest.mark.parametrize(
    "query", ["date=202611&page=1&command=", "date=202611&command=x&command=x", "page=1", ""]
)
def test_anything_else_is_the_dialect_too(endpoint: Endpoint, query: str) -> None:
    """An unknown command."""
    assert json.loads(endpoint.call(f"/kaspi?{query}").body)["result"] == 5


def test_the_shape_changes_nothing_for_others(customers: Engine, endpoint: Endpoint) -> None:
    """Without it the address is the dialect's, and /bills has the full shape."""
    assert json.loads(endpoint.call("/full?date=202611&page=1").body)["result"] == 5
    assert json.loads(endpoint.call("/full/bills?date=202611&page=1").body)["total"] == 6


def test_without_a_database_the_bank_asks_again(
    database: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 without a body, as in the other shape."""
    from callback import create_app
    from callback.database.errors import DatabaseError

    def gone(*_: Any, **__: Any) -> Any:
        raise DatabaseError("gone")

    client = create_app(folder / "config.toml").test_client()
    monkeypatch.setattr("callback.database.Database.stream", gone)
    reply = client.get("/kaspi?date=202611&page=1", environ_base={"REMOTE_ADDR": "127.0.0.1"})

    assert (reply.status_code, reply.data) == (503, b"")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('protocol = "kaspi"', 'protocol = "osmp"', 'bills.shape: expected "full" with this prot'),
        ('form = "pull", ', "", 'bills.form: expected "pull" with this shape'),
        ('shape = "kaspi"', 'shape = "halyk"', 'bills.shape: expected one of "full", "kaspi"'),
    ],
)
def test_a_shape_that_does_not_fit_stops_the_start(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    """Another dialect has another address, and a file has no shape."""

    class Module:
        BANKS = globals()["BANKS"].split("[BANKS.whole]")[0].replace(old, new)

    toml = settings_toml("sqlite:///none.db", Module)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=re.escape(f"BANKS.kaspi.{fault}")):
        settings.load(write_settings(toml, tmp_path))
