"""flask doctor over several servers: their clocks, and what a cluster wants."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from callback import settings
from callback.database import Database
from callback.database.mysql import MySQL
from callback.tools import nodes
from tests.conftest import SOME_BANK
from tests.support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from callback.database import Session
    from tests.conftest import Engine

pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
BANKS = SOME_BANK


@pytest.fixture
def alone(engine: Engine, folder: Path) -> MySQL:
    """The server, named once."""
    given = settings.load(folder / "config.toml").engine
    assert isinstance(given, MySQL)
    return given


@contextmanager
def session_of(engine: MySQL, **statements: str) -> Iterator[Session]:
    """A caller's, whose server answers the doctor's questions so."""
    columns = {"doctor_nodes": "SELECT 'OFF' AS Value", "doctor_upgrade": "SELECT '' AS name"}
    database = Database(engine, columns | statements, 1)
    with database.session() as session:
        yield session
    database.close()


def found(engine: MySQL, **statements: str) -> dict[str, tuple[str, str]]:
    """State and text by name."""
    with session_of(engine, **statements) as session:
        return {one.name: (one.state, one.text) for one in nodes.examine(session, engine)}


def test_one_server_has_nobody_to_agree_with(alone: MySQL) -> None:
    """Nothing is asked, and nothing is said."""
    assert found(alone) == {}


def test_two_that_agree_are_told_of(alone: MySQL) -> None:
    """One server by two names; and a host that does not answer is named."""
    ((host, port),) = alone.hosts
    away = (host, free_port())
    both = alone.but(hosts=[(host, port), ("localhost", port), away])

    told = found(both)
    assert told["clocks"][0] == "ok"
    state, text = told[f"node {away[0]}:{away[1]}"]
    assert (state, "refused" in text) == ("warning", True)
    assert len(told) == 2


@pytest.mark.parametrize(("seconds", "state"), [(0.9, "ok"), (1.1, "fault"), (3600, "fault")])
def test_clocks_that_differ_are_a_fault(
    alone: MySQL, monkeypatch: pytest.MonkeyPatch, seconds: float, state: str
) -> None:
    """Which one is ahead, of which, and by how much."""
    clocks = {"a": 0.0, "b": seconds, "c": seconds / 2}
    monkeypatch.setattr(
        nodes, "_ahead", lambda engine: timedelta(seconds=clocks[engine.hosts[0][0]])
    )
    three = alone.but(hosts=[(name, 3306) for name in clocks])
    with session_of(alone) as session:
        (told,) = nodes.examine(session, three)
    assert (told.name, told.state) == ("clocks", state)
    if state == "fault":
        assert told.text.startswith(f"b:3306 is {seconds:.1f} s before a:3306")


def test_a_cluster_wants_what_certifies_a_promise(alone: MySQL) -> None:
    """A node, and none that has promise.sql; then with it."""
    ((host, port),) = alone.hosts
    both = alone.but(hosts=[(host, port), ("localhost", port)])
    is_node = "SELECT 'ON' AS Value"

    assert set(found(both)) == {"clocks"}
    assert found(both, doctor_nodes=is_node)["promise_written"][0] == "warning"
    there = "SELECT 'promise_written' AS name"
    assert set(found(both, doctor_nodes=is_node, doctor_upgrade=there)) == {"clocks"}
