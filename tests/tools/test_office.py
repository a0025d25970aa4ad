"""An office without a shell at the host: the commands by another way, and doctor all the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from callback import create_app
from callback.settings import load
from callback.signature import ops_pass
from callback.tools import web
from tests.conftest import MariaDBEngine, settings_toml
from tests.support.processes import HOST, ROOT, CuttingProxy, Endpoint, free_port, write_settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.statements]
protocol = "files"

[IMPORT]

[EXCHANGE]
"""
ACCOUNT = "0071501"
REGISTER = f"txn_id;account;sum;date\n1;{ACCOUNT};100.00;2026-11-03 09:15:00\n"


def run(settings: Path, *args: str, way: str = "") -> subprocess.CompletedProcess[str]:
    """A command on the office's PC."""
    environment = {**os.environ, "CALLBACK_CONFIG": str(settings)}
    return subprocess.run(
        [sys.executable, "-m", "callback", *args],
        cwd=ROOT,
        env=environment | ({"CALLBACK_DATABASE": way} if way else {}),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_commands_find_the_hosts_database_through_a_tunnel(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The settings are the host's, to the letter; only the way is another."""
    hosts = f"mysql://u:p@{HOST}:{free_port()}/usu"
    office = write_settings(settings_toml(hosts, request.module), tmp_path)
    engine.account(ACCOUNT, owes="3200.10")
    register = str(tmp_path / "register.csv")
    (tmp_path / "register.csv").write_text(REGISTER)

    with CuttingProxy(HOST, engine.server.port) as tunnel:
        way = engine.server.url(engine.name, port=tunnel.port)
        booked = run(office, "reconcile", "statements", register, "--book", way=way)
        bills = run(office, "bills", "qiwi", "-o", "-", way=way)
        payments = run(office, "payments", way=way)
        doctor = run(office, "doctor", way=way)

    assert booked.returncode == 0, booked.stdout + booked.stderr
    assert ACCOUNT in bills.stdout
    assert "3100.10" in bills.stdout
    assert len(payments.stdout.splitlines()) == 2
    assert re.search("(?m)^ok +database: answers", doctor.stdout)
    assert re.search("(?m)^ok +exchange: is open", doctor.stdout)
    assert run(office, "payments").returncode == 1  # by the host's own way nobody is reached


def test_a_wrong_way_is_named(tmp_path: Path, database: MariaDBEngine) -> None:
    """As a fault of the settings."""
    office = write_settings("", tmp_path)
    assert "DATABASE: expected mysql://" in run(office, "doctor", way="mysql:/x").stderr


@pytest.mark.slow
def test_doctor_asks_the_site_where_the_database_is_the_hosts_alone(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No fault, while the site says that it has it; and one as soon as it does not."""
    for name in ("site", "office"):
        (tmp_path / name).mkdir()
    site = settings_toml(engine.url, request.module)
    with Endpoint(site, tmp_path / "site", workers=1) as endpoint:
        url = f'PUBLIC_URL = "http://{HOST}:{endpoint.port}"\n'
        hosts = f"mysql://u:p@{HOST}:{free_port()}/usu"
        text = url + settings_toml(hosts, request.module)
        office = write_settings(text, tmp_path / "office")
        reached = run(office, "doctor")
    alone = run(office, "doctor")

    assert re.search("(?m)^warning +database: the site has it", reached.stdout)
    assert "CALLBACK_DATABASE" in reached.stdout
    assert reached.returncode == 0, reached.stdout
    assert re.search("(?m)^fault +database: ", alone.stdout)
    assert alone.returncode == 1


def test_the_site_does_not_ask_itself(
    tmp_path: Path,
    database: MariaDBEngine,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without its database it would ask one worker after the other, until none is left."""
    asked: list[str] = []

    def get(url: str, *_: object) -> tuple[int, bytes]:
        asked.append(url)
        return 0, b""

    monkeypatch.setattr(web, "get", get)
    away = settings_toml(f"mysql://u:p@{HOST}:{free_port()}/usu", request.module)
    settings = write_settings(f'PUBLIC_URL = "http://{HOST}:1"\n{away}', tmp_path)
    door = ops_pass("doctor", load(settings).secret_keys)
    reply = create_app(settings).test_client().get(f"/doctor/{door}")

    assert ["fault", "database"] in [found[:2] for found in reply.get_json()]
    assert asked == []


def test_doctor_names_a_folder_where_no_list_can_arrive(
    engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Before the office is told "later" for ever."""
    toml = settings_toml(engine.url, request.module) + 'folder = "nowhere/in"\n'

    doctor = run(write_settings(toml, tmp_path), "doctor")

    assert re.search("(?m)^fault +exchange: no list can arrive: .*nowhere", doctor.stdout)
