"""A small storm in every run of the tests; large ones, and every bug, on demand (make storm)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import flask, settings_toml
from tests.storm import bugs, soak, storm, weather
from tests.support.processes import ROOT, Endpoint

if TYPE_CHECKING:
    from pathlib import Path


class Calm:
    """One bank, and the trial's database."""

    BANKS = '[BANKS.qiwi]\nprotocol = "osmp"\nallow = ["127.0.0.1"]\n'


@pytest.mark.slow
def test_a_storm_leaves_the_books_equal() -> None:
    """Payments of every dialect; nothing is lost, doubled or taken back."""
    outcome = storm.run(seed=1, payments=40, drills=False)  # those are in tests/database

    assert outcome.examples == []
    assert outcome.good
    assert outcome.recorded > 25
    assert outcome.weather.keys() == weather.OF_A_THOUSAND.keys()


def test_a_storm_is_the_same_every_time() -> None:
    """A seed tells the faults and their order."""
    assert weather.plan_of(7, 1000) == weather.plan_of(7, 1000)
    assert weather.plan_of(7, 1000) != weather.plan_of(8, 1000)


@pytest.mark.deploy
def test_a_storm_of_three_thousand() -> None:
    """As `make storm` runs it; its summary is an object of JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.storm", "--seed=3", "--payments=3000", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)

    assert (done.returncode, told["examples"]) == (0, [])
    assert told["parallel"] >= 0.25 * told["payments"]
    assert told["late"] >= 0.1 * told["payments"]
    assert told["settled_s"] < 30


@pytest.mark.deploy
@pytest.mark.parametrize("bug", bugs.BUGS)
def test_a_bug_is_planted_and_no_other(bug: str, tmp_path: Path) -> None:
    """In calm weather its program pays: one that breaks at every call is caught by anything."""
    toml = settings_toml(f"sqlite:///{tmp_path}/x.db", Calm)  # type: ignore[arg-type]
    endpoint = Endpoint(toml, tmp_path, root=bugs.root_of(tmp_path, bug))
    assert flask(endpoint.settings, "init-db", "--sample").returncode == 0
    query = "command=pay&txn_id=1&account=7012340001&sum=4.35&txn_date=20261103091500"
    with endpoint:
        answers = [endpoint.call(f"/qiwi?{query}").text for _ in range(2)]
        assert all("<result>0</result>" in answer for answer in answers)
        assert "unexpected" not in endpoint.output()


@pytest.mark.deploy
@pytest.mark.parametrize("bug", bugs.BUGS)
def test_a_storm_catches(bug: str) -> None:
    """A test that cannot fail proves nothing: of three storms one notices."""
    assert any(not storm.run(seed, 150, bug=bug).good for seed in range(1, 4))


@pytest.mark.deploy
@pytest.mark.parametrize("leak", bugs.LEAKS)
def test_a_soak_catches(leak: str) -> None:
    """A leak of any kind is seen in half a minute."""
    soaked = soak.run(20, 10, leak=leak)

    assert any(fault.startswith(f"grows: {leak}") for fault in soaked.faults)


@pytest.mark.deploy
def test_a_soak_of_half_a_minute_is_flat() -> None:
    """An hour of it is `make soak`."""
    assert soak.run(30, 10).faults == []
