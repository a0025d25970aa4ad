"""The commands of the ops person: flask init-db, flask payments, flask url."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import flask, settings_toml
from tests.support.processes import ROOT, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

    Command = Callable[..., CompletedProcess[str]]

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
timezone = "Europe/Moscow"

[BANKS.bills]
protocol = "osmp"
url_token = true
allow = ["127.0.0.1"]
payer = "invoice"
"""


@pytest.mark.slow
def test_the_tables_are_made_once_and_may_be_asked_for_again(
    engine: Engine, command: Command
) -> None:
    """Nothing that is there is changed."""
    engine.account("5")
    done = command("init-db")

    assert (done.returncode, done.stderr) == (0, "")
    assert engine.rows("SELECT number FROM account") == [("5",)]


@pytest.mark.slow
def test_the_sample_customers_are_added_once(engine: Engine, command: Command) -> None:
    """Also where some of them are there."""
    first, second = (command("init-db", "--sample") for _ in range(2))

    assert (first.returncode, second.returncode) == (0, 0)
    assert engine.rows("SELECT COUNT(*) FROM account WHERE number = '7012340001'") == [(1,)]
    owed = "SELECT SUM(amount) FROM invoice AS i JOIN account AS a ON a.id = i.account_id"
    assert str(engine.rows(f"{owed} WHERE a.number = '7012340001'")[0][0]).startswith("3200")


@pytest.mark.slow
def test_payments_are_listed_by_bank_and_day(
    engine: Engine, endpoint: Endpoint, command: Command
) -> None:
    """For people and for machines; a day is the bank's."""
    engine.account("5")
    address = command("url", "bills").stdout.strip()
    for txn_id, day in enumerate(("20261102235959", "20261103000000", "20261103235959")):
        query = f"command=pay&txn_id={txn_id}&account=5&sum=10.50&txn_date={day}"
        assert b"<result>0<" in endpoint.call(f"/qiwi?{query}").body
    query = "command=pay&txn_id=0&account=5-1&sum=0.01&txn_date=20261103120000"
    assert b"<result>0<" in endpoint.call(f"{address}?{query}").body

    def listed(*options: str) -> list[dict[str, object]]:
        done = command("payments", "--json", *options)
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert [row["txn_id"] for row in listed()] == ["0", "1", "0", "2"]
    assert [row["txn_id"] for row in listed("--bank", "qiwi")] == ["0", "1", "2"]
    assert [row["txn_id"] for row in listed("--from", "2026-11-03", "--bank", "qiwi")] == ["1", "2"]
    assert [row["txn_id"] for row in listed("--to", "2026-11-02")] == ["0"]
    row = listed("--bank", "bills")[0]
    assert (row["account"], row["invoice"], row["amount"]) == ("5", "5-1", "0.01")
    assert (row["currency"], row["state"], row["paid_at"]) == ("KZT", "paid", "2026-11-03 12:00:00")
    table = command("payments").stdout.splitlines()
    assert len(table) == 5
    assert table[0].split()[:4] == ["id", "bank", "txn_id", "account"]


@pytest.mark.slow
def test_an_address_without_a_token_is_the_banks_name(command: Command) -> None:
    """And with one, the name is followed by it."""
    assert command("url", "qiwi").stdout == "/qiwi\n"
    assert command("url", "bills").stdout.startswith("/bills/")


def test_an_address_is_whole_when_ours_is_known(tmp_path: Path) -> None:
    """PUBLIC_URL, with or without a slash at its end."""

    class Module:
        SETTINGS = {"PUBLIC_URL": "https://pay.example.kz/"}  # noqa: RUF012
        BANKS = BANKS

    toml = settings_toml(f"sqlite:///{tmp_path}/x.db", Module)  # type: ignore[arg-type]
    done = flask(write_settings(toml, tmp_path), "url", "qiwi")

    assert done.stdout == "https://pay.example.kz/qiwi\n"


@pytest.mark.slow
def test_an_unknown_bank_is_named_with_those_there_are(command: Command) -> None:
    """Exit status 2, as for every wrong use of a command."""
    for name in ("url", "payments"):
        done = command(name, *([] if name == "url" else ["--bank"]), "kaspi")
        assert done.returncode == 2
        assert "no [BANKS.kaspi]" in done.stderr
        assert "qiwi, bills" in done.stderr


def test_without_a_database_a_command_says_so(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No traceback, exit status 1."""
    toml = settings_toml(f"sqlite:///{tmp_path}/none.db", request.module)
    done = flask(write_settings(toml, tmp_path), "payments")

    assert done.returncode == 1
    assert "run flask init-db" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_every_command_has_help_that_a_stranger_understands(command: Command) -> None:
    """The list tells what each does; each tells its options."""
    listed = command("--help").stdout
    for name, sentence in (
        ("init-db", "Create the tables"),
        ("payments", "List the recorded payments"),
        ("url", "Print the address that BANK is to call"),
        ("bills", "Write the list of bills for BANK"),
        ("send-bills", "Deliver the list of bills to BANK"),
        ("reconcile", "Compare the register FILE that BANK has sent"),
    ):
        assert name in listed
        assert sentence in command(name, "--help").stdout


@pytest.mark.slow
def test_a_secret_is_long_and_never_the_same(command: Command) -> None:
    """Pasted into the settings it needs no quoting."""
    first, second = (command("secret").stdout.strip() for _ in range(2))

    assert first != second
    assert re.fullmatch("[A-Za-z0-9_-]{43}", first)


def as_module(settings: Path, *args: str) -> CompletedProcess[str]:
    """Run a command as people without a Unix shell do."""
    return subprocess.run(
        [sys.executable, "-m", "callback", *args],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(settings)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_module_is_the_same_command_line(engine: Engine, folder: Path) -> None:
    """`python -m callback` needs neither make nor the flask script."""
    engine.account("5")
    settings = folder / "config.toml"

    assert as_module(settings, "payments").stdout == flask(settings, "payments").stdout
    assert as_module(settings, "url").returncode == 2
    assert "init-db" in as_module(settings, "--help").stdout


@pytest.mark.slow
def test_without_settings_there_is_a_secret_and_a_sentence(tmp_path: Path) -> None:
    """The settings need a secret first; everything else needs the settings."""
    missing = tmp_path / "none.toml"
    done = as_module(missing, "payments")

    assert len(as_module(missing, "secret").stdout.strip()) == 43
    assert done.returncode == 1
    assert done.stderr.startswith(f"no settings file at {missing}")
