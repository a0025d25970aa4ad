"""Ten thousand payments to three nodes at once; one freezes, one is cut off, one dies and returns.

`make test-deploy`, for it takes minutes; PAYMENTS=300 for a short one.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from callback import settings
from tests.conftest import MariaDBEngine, flask, settings_toml
from tests.storm.bank import Bank, Customer, Deal
from tests.storm.storm import ACCOUNTS, CUSTOMERS, Module, Outcome, Site, audit
from tests.storm.weather import line_to
from tests.support.cluster import Node, backup_user, certify, galera
from tests.support.processes import HOST, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.deploy
PAYMENTS = int(os.environ.get("PAYMENTS") or 10_000)
FINAL_S = 30
# Longer than the others believe in a node that says nothing (evs.suspect_timeout: 5 s).
AWAY_S = 8.0
EVERYTHING = "SELECT bank, txn_id, number, amount, state FROM payment ORDER BY bank, txn_id"


class Machines:
    """A program on each machine, which prefers its own node and knows the other two."""

    def __init__(self, folder: Path, nodes: list[Node], stack: ExitStack) -> None:
        self.nodes = nodes
        self.endpoints: list[Endpoint] = []
        for number, node in enumerate(nodes):
            home = folder / f"machine{number}"
            home.mkdir()
            others = ",".join(f"{HOST}:{other.port}" for other in nodes if other is not node)
            url = node.url("usu").replace("/usu", f",{others}/usu")
            endpoint = Endpoint(settings_toml(url, Module), home)  # type: ignore[arg-type]
            if number == 0:
                assert flask(endpoint.settings, "init-db").returncode == 0
                certify(node, "usu")
            self.endpoints.append(stack.enter_context(endpoint))
        self.settings = settings.load(self.endpoints[0].settings)
        self.engine = MariaDBEngine(nodes[0], "usu")
        for account in ACCOUNTS:
            self.engine.account(account)

    def site(self) -> Site:
        """What is compared with the banks' books."""
        line = line_to(self.nodes[0])
        return Site(self.nodes[0], line, self.endpoints[0], self.engine, self.settings)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """Three of them."""
    with galera(tmp_path) as nodes, ExitStack() as stack:
        nodes[0].create_database("usu")
        for statement in backup_user():
            nodes[0].sql(statement)
        yield Machines(tmp_path, nodes, stack)


def kill(node: Node) -> None:
    """It does not know what it has when it comes back, so it gets the whole state from another."""
    node.kill()
    time.sleep(AWAY_S)
    node.start()


def freeze(node: Node) -> None:
    """Its links stay open, and it says nothing; then it goes on as if nothing had been."""
    node.signal(signal.SIGSTOP)
    time.sleep(AWAY_S)
    node.signal(signal.SIGCONT)
    joined(node)


def cut_off(node: Node) -> None:
    """It runs, and sees none of the others: what is asked of it then it must not do."""
    with node.connect() as link, link.cursor() as cursor:
        cursor.execute("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
        time.sleep(AWAY_S)
        cursor.execute("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
    joined(node)


def joined(node: Node) -> None:
    """Wait until it has what the others have."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            node.probe()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the node never came back")


FAULTS: tuple[tuple[float, int, Callable[[Node], None]], ...] = (
    (0.2, 1, freeze),
    (0.5, 0, cut_off),
    (0.8, 2, kill),
)


class Trouble(threading.Thread):
    """One fault after the other, as payments go on."""

    def __init__(self, machines: Machines) -> None:
        super().__init__()
        self._nodes = machines.nodes
        self.begun = 0
        self.ended = 0.0
        self.over = False
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for share, number, fault in FAULTS:
                while self.begun < share * PAYMENTS:
                    time.sleep(0.02)
                fault(self._nodes[number])
        except BaseException as error:
            self.error = error
        self.over, self.ended = True, time.monotonic()


def test_three_nodes_are_written_to_at_once(machines: Machines) -> None:
    """Each payment goes to all machines at the same time; whoever is told "ask again" does."""
    outcome = Outcome(seed=1, payments=PAYMENTS)
    sites = [f"http://{HOST}:{endpoint.port}" for endpoint in machines.endpoints]
    names = machines.settings.banks
    made = [Bank(machines.settings, name, sites, 1, outcome.counts) for name in names]
    banks = {bank.name: bank for bank in made}
    deals = played(outcome, machines, banks)
    audit(outcome, machines.site(), banks, deals)
    print(outcome.summary())

    assert outcome.examples == []
    assert outcome.settled_s < FINAL_S
    assert outcome.recorded > 0.6 * PAYMENTS
    assert outcome.counts.parallel >= 2 * PAYMENTS
    first, *others = map(rows, machines.nodes)
    assert others == [first, first]
    # All of it, and not only what it has missed.
    assert "SST completed on joiner" in machines.nodes[2].output()


def rows(node: Node) -> list[tuple[Any, ...]]:
    """All payments, as this node has them."""
    return node.sql(EVERYTHING, "usu")


def played(outcome: Outcome, machines: Machines, banks: dict[str, Bank]) -> list[Deal]:
    """Play all payments, and wait until each is final."""
    dice = random.Random(1)
    chosen = [(banks[dice.choice([*banks])], dice.choice(ACCOUNTS)) for _ in range(PAYMENTS)]
    deals = [bank.deal(account, dice) for bank, account in chosen]
    trouble = Trouble(machines)

    def settle(number: int, deal: Deal) -> None:
        trouble.begun += 1
        customer = Customer(banks[deal.bank], copies, lambda: trouble.over, len(machines.nodes))
        customer.settle(deal, random.Random(number))

    with ThreadPoolExecutor(CUSTOMERS * 4) as copies, ThreadPoolExecutor(CUSTOMERS) as customers:
        trouble.start()
        going = [customers.submit(settle, *one) for one in enumerate(deals)]
        trouble.join()
        while sum(not one.done() for one in going) > CUSTOMERS:
            time.sleep(0.05)
        # Until the faults are over, or the last payments begin, whatever is later.
        calm = time.monotonic()
        for one in going:
            one.result()
    if trouble.error:
        raise trouble.error
    outcome.settled_s = time.monotonic() - calm
    return deals
