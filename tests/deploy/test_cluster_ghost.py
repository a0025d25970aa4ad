"""A payment that a node records after another has said that there is none: three real nodes.

`make test-deploy`. What each mends is left out once, and the ghost is there: docs/reliability.md,
"The ghost".
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import operation, settings
from callback.database import Database, load_statements
from callback.database.errors import DatabaseError
from callback.database.mysql import MySQL, MySQLConnection
from callback.limits import NODES_DIFFER_S
from callback.model import Cancel, Pay, Status
from callback.paths import SQL
from tests.conftest import MariaDBEngine, flask, settings_toml
from tests.support.cluster import Node, certify, galera
from tests.support.processes import HOST, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from callback.model import Command

pytestmark = pytest.mark.deploy
BANKS = '[BANKS.plat]\nprotocol = "cyberplat"\nallow = ["127.0.0.1"]\ncancel = true\n'
ACCOUNT = "7012340001"
LAG_S = 20
AHEAD = "SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP(NOW(6)) + {}'"


class Module:
    """What the settings are made of."""

    BANKS = BANKS


class Machine:
    """The program beside a node; `come` calls it, `go` lets its payment reach the node."""

    def __init__(self, folder: Path, node: Node) -> None:
        self.node = node
        folder.mkdir()
        self.file = write_settings(settings_toml(node.url("usu"), Module), folder)  # type: ignore[arg-type]
        self.settings = settings.load(self.file)
        assert isinstance(self.settings.engine, MySQL)
        self.engine = self.settings.engine
        self.database = Database(self.engine, load_statements(SQL), 4)

    def run(self, command: Command, age: float = 0.0) -> str:
        """What it comes to; "unknown" where the bank is told to ask again."""
        try:
            with self.database.session(age) as session:
                return operation.run(session, self.settings.banks["plat"], command).outcome
        except DatabaseError:
            return "unknown"


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Machine]]:
    """Three of them, and a customer."""
    folder = tmp_path_factory.mktemp("ghost")
    with galera(folder) as nodes:
        nodes[0].create_database("usu")
        machines = [Machine(folder / f"machine{n}", node) for n, node in enumerate(nodes)]
        assert flask(machines[0].file, "init-db").returncode == 0
        nodes[0].sql("CREATE TABLE other (id INT AUTO_INCREMENT PRIMARY KEY)", "usu")
        MariaDBEngine(nodes[0], "usu").account(ACCOUNT)
        yield machines
        for machine in machines:
            machine.database.close()


@pytest.fixture(params=[False, True], ids=["as it is", "promise.sql"])
def is_mended(machines: list[Machine], request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether deploy/cluster/promise.sql was run."""
    node = machines[1].node
    if request.param:
        certify(node, "usu")
    yield request.param
    for trigger in ("payment_writes", "promise_writes", "promise_first_writes"):
        node.sql(f"DROP TRIGGER IF EXISTS {trigger}", "usu")


@contextmanager
def lagging(node: Node, other: Node) -> Iterator[None]:
    """The node knows what others write, and does not come to do it: it is being backed up."""
    with node.connect("usu") as link, link.cursor() as backup:
        backup.execute("LOCK TABLES other READ")
        other.sql("INSERT INTO other VALUES ()", "usu")
        yield
        backup.execute("UNLOCK TABLES")


@contextmanager
def on_its_way(
    machine: Machine, command: Command, monkeypatch: pytest.MonkeyPatch
) -> Iterator[threading.Event]:
    """A payment that has come and is held before its node, until the event is set."""
    came, go = threading.Event(), threading.Event()
    run = MySQLConnection.run

    def held(connection: MySQLConnection, statement: str, *args: Any) -> Any:
        if statement.startswith("INSERT INTO payment"):
            came.set()
            assert go.wait(LAG_S)
        return run(connection, statement, *args)

    # However slow this machine is: the statement's own time is not what is tried here.
    monkeypatch.setattr("callback.database.LIFE_S", LAG_S)
    monkeypatch.setattr(MySQLConnection, "run", held)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(machine.run, command)
        assert came.wait(LAG_S)
        yield go
        go.set()
        assert answer.result() == "unknown"


def pay(txn_id: str) -> Pay:
    """A payment of the customer."""
    paid_at = datetime(2026, 11, 3)  # noqa: DTZ001
    return Pay(
        name="payment", txn_id=txn_id, account=ACCOUNT, amount=Decimal("1.00"), paid_at=paid_at
    )


def recorded(machines: list[Machine], txn_id: str) -> list[int]:
    """How often each node has it, when it has all that the others wrote."""
    count = f"SELECT COUNT(*) FROM payment WHERE txn_id = '{txn_id}'"
    return [machine.node.sql(count, "usu")[0][0] for machine in machines]


ASKED = [Status(name="status", txn_id=""), Cancel(name="cancel", txn_id="", refund=True)]


@pytest.mark.parametrize("question", ASKED, ids=["status", "cancel"])
def test_a_node_that_lags_records_nothing_behind_a_promise(
    machines: list[Machine],
    monkeypatch: pytest.MonkeyPatch,
    is_mended: bool,
    question: Command,
) -> None:
    """It has not heard of the promise; and without promise.sql it does record."""
    txn_id = f"{question.name} {is_mended}".replace(" ", "")
    lagger, other, _ = machines
    # Over a connection that is there: to open one, this node is asked for its time, which waits.
    lagger.run(Status(name="status", txn_id="before"))
    with (
        lagging(lagger.node, other.node),
        on_its_way(lagger, pay(txn_id), monkeypatch),
    ):
        assert other.run(question.but(txn_id=txn_id)) == "payment_not_found"
    monkeypatch.undo()
    assert recorded(machines, txn_id) == [0 if is_mended else 1] * 3
    time.sleep(0.05)  # our clocks tell milliseconds apart
    again = [machine.run(pay(txn_id)) for machine in (lagger, other)]
    assert again == (["ok", "duplicate_same"] if is_mended else ["duplicate_same"] * 2)


@pytest.fixture
def ahead_s(machines: list[Machine]) -> Iterator[float]:
    """The clock of the first machine's node is before the others'."""
    seconds, (first, *_) = NODES_DIFFER_S / 2, machines
    first.database.close()
    first.node.sql(
        f"SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP(NOW(6)) + {seconds}'"
    )
    yield seconds
    first.node.sql("SET GLOBAL init_connect = ''")
    first.database.close()


@pytest.mark.parametrize("number", [1, 2], ids=["one host", "several"])
def test_clocks_of_nodes_may_differ(
    machines: list[Machine], ahead_s: float, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where DATABASE names several; who names one has one, so there it is recorded."""
    first, other, _ = machines
    monkeypatch.setattr(
        first.database, "engine", first.engine.but(hosts=[*first.engine.hosts] * number)
    )
    txn_id = f"clocks{number}"
    came = time.monotonic()
    assert other.run(Status(name="status", txn_id=txn_id)) == "payment_not_found"
    assert time.monotonic() - came < ahead_s, "too slow to try it"
    told = first.run(pay(txn_id), time.monotonic() - came)
    assert told == ("ok" if number == 1 else "unknown")
    assert recorded(machines, txn_id) == [2 - number] * 3


def test_the_doctor_names_what_the_cluster_lacks(machines: list[Machine], tmp_path: Path) -> None:
    """Over the three nodes: promise.sql, and clocks that are too far apart."""
    first, *others = machines
    hosts = ",".join(f"{HOST}:{machine.node.port}" for machine in others)
    url = first.node.url("usu").replace("/usu", f",{hosts}/usu")
    file = write_settings(settings_toml(url, Module), tmp_path)  # type: ignore[arg-type]

    def states() -> dict[str, str]:
        lines = flask(file, "doctor", "--json").stdout.splitlines()
        return {one["name"]: one["state"] for one in map(json.loads, lines)}

    first.node.sql("DROP TABLE IF EXISTS promise_written", "usu")
    told = states()
    assert (told["clocks"], told["promise_written"]) == ("ok", "warning")
    others[0].node.sql(AHEAD.format(3))
    certify(first.node, "usu")
    told = states()
    others[0].node.sql("SET GLOBAL init_connect = ''")
    assert told["clocks"] == "fault"
    assert "promise_written" not in told
