"""A payment is in the table exactly once, whatever happens on the way (design.md, section 4)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pymysql
import pytest

from tests.conftest import Engine, MariaDBEngine, settings_toml
from tests.support.processes import CuttingProxy, Endpoint, Reply, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{10}"

[BANKS.sber]
protocol = "sberbank"
allow = ["127.0.0.1"]

[BANKS.bills]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"
"""
SETTINGS = {"CONNECTIONS": 2}

ACCOUNT = "7012340001"
INSERT = b"INSERT INTO payment"
# No answer later than this: the shortest limit of our own (kaspi.md, section 2).
LIMIT_S = 8.0
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


def pay(endpoint: Endpoint, txn_id: int, account: str = ACCOUNT, bank: str = "qiwi") -> Reply:
    """Ask for 100.00 once."""
    return endpoint.call(
        f"/{bank}?command=pay&txn_id={txn_id}&account={account}&sum=100.00&txn_date=20261103091500"
    )


def result(reply: Reply) -> str | None:
    """The dialect's code."""
    return ET.fromstring(reply.body).findtext("result")


def recorded(engine: Engine) -> int:
    """How many payments there are."""
    return int(engine.rows("SELECT COUNT(*) FROM payment")[0][0])


def in_parallel(number: int, ask: object) -> list[Reply]:
    """Call `ask(n)` for n = 0, 1, … all at once."""
    assert callable(ask)
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))


@pytest.fixture
def proxy(mariadb: object) -> Iterator[CuttingProxy]:
    """A proxy in front of the session's server."""
    port = mariadb.port  # type: ignore[attr-defined]
    with CuttingProxy("127.0.0.1", port) as running:
        yield running


@pytest.fixture
def proxied(
    engine: Engine, proxy: CuttingProxy, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Endpoint]:
    """The program with one worker, behind the proxy, with one customer."""
    assert isinstance(engine, MariaDBEngine)
    engine.account(ACCOUNT)
    url = engine.server.url(engine.name, port=proxy.port)
    with Endpoint(settings_toml(url, request.module), tmp_path, workers=1) as running:
        check(running)  # the connection is there; what follows is idle
        proxy.statements.clear()
        yield running


def check(endpoint: Endpoint) -> Reply:
    """Ask what the customer owes."""
    return endpoint.call(f"/qiwi?command=check&account={ACCOUNT}")


@pytest.mark.slow
def test_equal_pays_at_once_give_one_row_and_equal_answers(
    engine: Engine, endpoint: Endpoint
) -> None:
    """Sixty-four of them."""
    engine.account(ACCOUNT)
    answers = {reply.body for reply in in_parallel(64, lambda _: pay(endpoint, 1))}

    assert len(answers) == 1
    assert b"<result>0</result>" in answers.pop()
    assert recorded(engine) == 1


def test_different_pays_at_once_are_all_recorded(engine: Engine, endpoint: Endpoint) -> None:
    """The sum owed is right afterwards: nothing keeps a balance that could be lost."""
    engine.account(ACCOUNT, owes="6400.00")

    assert {result(reply) for reply in in_parallel(64, lambda n: pay(endpoint, n))} == {"0"}
    assert recorded(engine) == 64
    assert b">0.00<" in check(endpoint).body


def test_an_invoice_is_paid_once_by_many_different_pays_at_once(
    engine: Engine, endpoint: Endpoint
) -> None:
    """Each has its own id, so it is not the unique key that decides but the guard."""
    engine.account(ACCOUNT, owes="100.00")
    answers = in_parallel(64, lambda n: pay(endpoint, n, f"{ACCOUNT}-1", "bills"))

    assert sorted(str(result(reply)) for reply in answers) == ["0"] + ["7"] * 63
    assert recorded(engine) == 1


@only_mariadb
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_cut_link_is_made_good_within_the_call(
    when: str, engine: Engine, proxy: CuttingProxy, proxied: Endpoint
) -> None:
    """Before or after the server got the statement: the bank hears 0, and there is one row."""
    proxy.rule = Rule(INSERT, when)  # type: ignore[arg-type]
    first = pay(proxied, 1)

    assert proxy.rule.times == 0
    assert result(first) == "0"
    assert pay(proxied, 1).body == first.body
    assert recorded(engine) == 1


@only_mariadb
def test_what_we_recorded_ourselves_is_not_called_a_duplicate(
    engine: Engine, proxy: CuttingProxy, proxied: Endpoint
) -> None:
    """Sberbank's word for a repeat is 8; the first call must not hear it."""
    proxy.rule = Rule(INSERT, "after")
    query = f"/sber?ACTION=payment&ACCOUNT={ACCOUNT}&AMOUNT=100.00&PAY_ID=1&PAY_DATE=20261103123046"
    codes = [ET.fromstring(proxied.call(query).body).findtext("CODE") for _ in range(2)]

    assert codes == ["0", "8"]
    assert recorded(engine) == 1


@only_mariadb
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.slow
def test_a_link_cut_for_good_is_unknown_and_never_refused(
    when: str, engine: Engine, proxy: CuttingProxy, proxied: Endpoint
) -> None:
    """The bank's repeat finds the right state."""
    proxy.rule = Rule(INSERT, when, times=1000)  # type: ignore[arg-type]
    assert result(pay(proxied, 1)) == "1"

    proxy.rule = None
    assert result(pay(proxied, 1)) == "0"
    assert recorded(engine) == 1


@only_mariadb
@pytest.mark.parametrize(
    "rule", [Rule(INSERT, "after", "stall"), Rule(INSERT, "before", "late")], ids=["stall", "late"]
)
@pytest.mark.slow
def test_a_silent_database_is_unknown_in_time(
    rule: Rule, engine: Engine, proxy: CuttingProxy, proxied: Endpoint
) -> None:
    """The statement is executed behind our back: the repeat is the first answer, one row."""
    proxy.rule = rule
    started = time.monotonic()

    assert result(pay(proxied, 1)) == "1"
    assert time.monotonic() - started < LIMIT_S
    assert result(pay(proxied, 1)) == "0"
    assert recorded(engine) == 1


@only_mariadb
def test_a_connection_cut_while_idle_costs_nobody_an_answer(
    engine: Engine, proxy: CuttingProxy, proxied: Endpoint
) -> None:
    """Shared hosts cut after minutes; the next bank must not notice."""
    proxy.cut_idle()
    assert result(check(proxied)) == "0"
    proxy.cut_idle()
    assert result(pay(proxied, 1)) == "0"
    assert recorded(engine) == 1


@only_mariadb
def test_a_database_that_comes_back_is_used_again(proxy: CuttingProxy, proxied: Endpoint) -> None:
    """Without a restart."""
    proxy.refuse = True
    proxy.cut_idle()
    assert (result(check(proxied)), result(pay(proxied, 1))) == ("1", "1")

    proxy.refuse = False
    assert result(pay(proxied, 1)) == "0"


@only_mariadb
@pytest.mark.slow
def test_round_trips_are_as_designed(proxy: CuttingProxy, proxied: Endpoint) -> None:
    """design.md, section 6: check 1, first pay 1, repeated pay 2.

    A pay that the books refuse is promised, and looked for once more: 4.
    """

    def trips(reply: Reply, code: str) -> int:
        assert result(reply) == code
        number = len(proxy.statements)
        proxy.statements.clear()
        return number

    assert trips(check(proxied), "0") == 1
    assert trips(pay(proxied, 1), "0") == 1
    assert trips(pay(proxied, 1), "0") == 2
    assert trips(pay(proxied, 2, "7012340009"), "5") == 4


@contextmanager
def another_client(engine: MariaDBEngine) -> Iterator[pymysql.cursors.Cursor]:
    """A transaction of the accounting system, rolled back at the end."""
    connection = pymysql.connect(
        unix_socket=str(engine.server.socket), user="root", database=engine.name
    )
    with connection, connection.cursor() as cursor:
        yield cursor
        connection.rollback()


@only_mariadb
@pytest.mark.slow
def test_a_lock_that_is_held_too_long_is_unknown(engine: Engine, endpoint: Endpoint) -> None:
    """Error 1205: nothing was recorded, the bank asks again, in time."""
    assert isinstance(engine, MariaDBEngine)
    engine.account(ACCOUNT)
    with another_client(engine) as cursor:
        cursor.execute("SELECT * FROM account FOR UPDATE")
        started = time.monotonic()
        assert result(pay(endpoint, 1)) == "1"
        assert time.monotonic() - started < LIMIT_S

    assert recorded(engine) == 0
    assert result(pay(endpoint, 1)) == "0"


@only_mariadb
def test_the_victim_of_a_deadlock_is_sent_again(engine: Engine, endpoint: Endpoint) -> None:
    """Error 1213: another transaction locks account, then invoice; we lock them the other way."""
    assert isinstance(engine, MariaDBEngine)
    engine.account(ACCOUNT, owes="100.00")
    deadlocks = "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'"
    before = int(engine.rows(deadlocks)[0][1])
    answers: list[Reply] = []
    with another_client(engine) as cursor:
        # The heavier transaction wins, so it writes more than we do.
        cursor.execute("CREATE TEMPORARY TABLE heavy (n INT) ENGINE = InnoDB")
        cursor.execute("INSERT INTO heavy SELECT seq FROM seq_1_to_100")
        cursor.execute("UPDATE account SET name = 'busy'")
        caller = threading.Thread(
            target=lambda: answers.append(pay(endpoint, 1, f"{ACCOUNT}-1", "bills"))
        )
        caller.start()
        time.sleep(0.5)  # it holds the invoice and waits for the account
        cursor.execute("UPDATE invoice SET issued_on = '2026-10-02'")
    caller.join()

    assert int(engine.rows(deadlocks)[0][1]) == before + 1
    assert result(answers[0]) == "0"
    assert recorded(engine) == 1
