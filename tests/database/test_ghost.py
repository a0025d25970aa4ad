"""A statement has no effect after we gave it up, and "no such payment" stays true.

docs/reliability.md, "The ghost". Each test holds a statement up somewhere: in the network (a proxy
on TCP), in a worker, in the server.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from callback import lookup, operation, settings
from callback.clock import utc_now
from callback.database import Database, load_statements, timing
from callback.database.mysql import MySQL
from callback.limits import LAST_START_S, NODES_DIFFER_S
from callback.model import Cancel, Pay, Perform, Status
from callback.paths import SQL
from tests.conftest import Engine, MariaDBEngine, flask, settings_toml
from tests.support.processes import (
    HOST,
    ROOT,
    CuttingProxy,
    Endpoint,
    MariaDB,
    Rule,
    standing_still,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    import pymysql

BANKS = """
[BANKS.plat]
protocol = "cyberplat"
allow = ["127.0.0.1"]
cancel = true
"""
SETTINGS = {"CONNECTIONS": 4}
ACCOUNT = "7012340001"
INSERT = b"INSERT INTO payment"
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
# cyberplat.md: done, no such payment; "ask again" in a payment and a cancel, and in a status.
DONE, UNKNOWN, AGAIN, AGAIN_STATUS = "0", "6", "HTTP 503", "8"
REFUSED = "2"  # of an account that is closed


def ask(endpoint: Endpoint, action: str, receipt: str = "1") -> str | None:
    """The code of an answer."""
    query = f"action={action}&receipt={receipt}"
    if action == "payment":
        query += f"&number={ACCOUNT}&amount=100.00&date=2026-11-03T12:30:46"
    reply = endpoint.call(f"/plat?{query}")
    return ET.fromstring(reply.body).findtext("code") if reply.body else f"HTTP {reply.status}"


def paid(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded as money."""
    return engine.rows("SELECT bank, txn_id, amount FROM payment WHERE state = 'paid'")


def settled(engine: Engine, proxy: CuttingProxy) -> None:
    """Wait until the server has done what came through the proxy so far."""
    assert isinstance(engine, MariaDBEngine)
    for link in proxy.links:
        link.join(0.5)
    busy = (
        "SELECT COUNT(*) FROM information_schema.processlist"
        " WHERE user = 'callback' AND command <> 'Sleep'"
    )
    while engine.rows(busy)[0][0]:
        time.sleep(0.01)


@pytest.fixture
def proxy(mariadb: MariaDB) -> Iterator[CuttingProxy]:
    """A proxy in front of the session's server."""
    with CuttingProxy(HOST, mariadb.port) as running:
        yield running


@pytest.fixture
def endpoint_behind(
    engine: Engine, proxy: CuttingProxy, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Endpoint]:
    """The program with threads enough, behind the proxy, with one customer."""
    assert isinstance(engine, MariaDBEngine)
    engine.account(ACCOUNT)
    url = engine.server.url(engine.name, port=proxy.port)
    options = ["--worker-class=gthread", "--threads=4"]
    toml = settings_toml(url, request.module)
    with Endpoint(toml, tmp_path, workers=2, options=options) as running:
        yield running


@contextmanager
def held(
    proxy: CuttingProxy, endpoint: Endpoint, action: str = "payment", needle: bytes = INSERT
) -> Iterator[tuple[Rule, Future[str | None]]]:
    """A call whose statement is on its way, and its answer."""
    rule = proxy.rule = Rule(needle, "before", "hold")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, endpoint, action)
        try:
            while rule.times and not answer.done():
                time.sleep(0.005)
            yield rule, answer
        finally:
            rule.go.set()


@only_mariadb
@pytest.mark.parametrize("action", ["status", "cancel"])
@pytest.mark.slow
def test_what_is_held_up_in_the_network_is_not_recorded_after_not_found(
    engine: Engine, proxy: CuttingProxy, endpoint_behind: Endpoint, action: str
) -> None:
    """A black hole: we answer "ask again", the bank asks, the link heals."""
    with held(proxy, endpoint_behind) as (rule, answer):
        assert answer.result() == AGAIN
        assert ask(endpoint_behind, action) == UNKNOWN
        rule.go.set()
        settled(engine, proxy)

        assert paid(engine) == []
        assert ask(endpoint_behind, action) == UNKNOWN
    # A bank that pays nevertheless, later, is heard.
    assert ask(endpoint_behind, "payment") == DONE
    assert ask(endpoint_behind, "status") == DONE
    assert len(paid(engine)) == 1


@only_mariadb
@pytest.mark.slow
def test_what_we_gave_up_has_no_effect_though_nobody_asks(
    engine: Engine, proxy: CuttingProxy, endpoint_behind: Endpoint
) -> None:
    """The statement carries its own end."""
    with held(proxy, endpoint_behind) as (rule, answer):
        assert answer.result() == AGAIN
        rule.go.set()
        settled(engine, proxy)

    assert paid(engine) == []
    assert ask(endpoint_behind, "payment") == DONE


@only_mariadb
@pytest.mark.parametrize("action", ["status", "cancel"])
@pytest.mark.slow
def test_an_impatient_bank_is_told_the_truth(
    engine: Engine, proxy: CuttingProxy, endpoint_behind: Endpoint, action: str
) -> None:
    """It asks while its own payment is under way: whoever is first decides, for both."""
    with held(proxy, endpoint_behind) as (rule, answer):
        assert ask(endpoint_behind, action) == UNKNOWN
        rule.go.set()

        assert answer.result() == AGAIN
    assert paid(engine) == []
    assert ask(endpoint_behind, "payment") == DONE


@only_mariadb
@pytest.mark.slow
def test_what_is_on_its_way_is_not_recorded_after_a_refusal(
    engine: Engine, proxy: CuttingProxy, endpoint_behind: Endpoint
) -> None:
    """The account is closed when the bank repeats itself, and open again when the first arrives."""
    with held(proxy, endpoint_behind) as (rule, answer):
        engine.execute("UPDATE account SET state = 'closed'")
        assert ask(endpoint_behind, "payment") == REFUSED
        engine.execute("UPDATE account SET state = 'active'")
        rule.go.set()

        assert answer.result() == AGAIN
    assert paid(engine) == []
    # A bank that pays nevertheless, later, is heard.
    assert ask(endpoint_behind, "payment") == DONE


@contextmanager
def stopped(endpoint: Endpoint) -> Iterator[None]:
    """Its workers take no call: what comes waits."""
    with standing_still(*endpoint.workers):
        yield


@only_mariadb
@pytest.mark.slow
def test_what_lay_in_a_queue_is_not_recorded_after_not_found(
    engine: Engine, endpoint: Endpoint, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No worker of one machine has time; another answers the status."""
    engine.account(ACCOUNT)
    toml = settings_toml(engine.url, request.module)
    with Endpoint(toml, tmp_path, workers=1) as busy, ThreadPoolExecutor(1) as pool:
        with stopped(busy):
            answer = pool.submit(ask, busy, "payment")
            time.sleep(0.3)  # until it has come for certain
            assert ask(endpoint, "status") == UNKNOWN
            time.sleep(0.05)
        assert answer.result() == AGAIN
        assert paid(engine) == []
        assert ask(busy, "payment") == DONE


CGI = "from wsgi import application; from callback.entries import cgi; cgi.serve(application)"
# It stands still before Python has begun.
STARTS_SLOWLY = ("sh", "-c", 'kill -STOP $$; exec "$@"', "sh")


@only_mariadb
@pytest.mark.slow
def test_what_started_slowly_is_not_recorded_after_not_found(
    engine: Engine, endpoint: Endpoint
) -> None:
    """By CGI: a host that is busy starts the process of a call late."""
    engine.account(ACCOUNT)
    query = f"action=payment&receipt=1&number={ACCOUNT}&amount=100.00&date=2026-11-03T12:30:46"
    request = {
        "CALLBACK_CONFIG": str(endpoint.settings),
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/plat",
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
    }
    for word, head in (
        (UNKNOWN, b"Status: 503"),
        (UNKNOWN, b"Status: 503"),
        (None, b"Status: 200"),
    ):
        process = subprocess.Popen(
            [*STARTS_SLOWLY, sys.executable, "-c", CGI],
            cwd=ROOT,
            env=os.environ | request,
            stdout=subprocess.PIPE,
        )
        with process:
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            time.sleep(0.05)  # the kernel counts its age in ticks
            if word:
                assert ask(endpoint, "status") == word
            process.send_signal(signal.SIGCONT)
            answer, _ = process.communicate(timeout=60)
        assert answer.startswith(head)
    assert len(paid(engine)) == 1


@only_mariadb
@pytest.mark.slow
def test_who_waited_too_long_in_a_queue_is_told_at_once(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The time there is of the call's: those behind it should not wait as well."""
    engine.account(ACCOUNT)
    toml = settings_toml(engine.url, request.module)
    with Endpoint(toml, tmp_path, workers=1) as endpoint, ThreadPoolExecutor(4) as pool:
        with stopped(endpoint):
            answers = [pool.submit(ask, endpoint, "payment", str(n)) for n in range(4)]
            time.sleep(LAST_START_S + 0.3)
        assert {answer.result() for answer in answers} == {AGAIN}
        assert paid(engine) == []
        assert ask(endpoint, "payment") == DONE


@only_mariadb
@pytest.mark.slow
def test_whom_a_web_server_left_is_not_recorded(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It closes its link when the bank does; a link without TCP tells no time."""
    engine.account(ACCOUNT)
    link = tmp_path / "gunicorn"
    options = ["-b", f"unix:{link}"]
    toml = settings_toml(engine.url, request.module).replace(
        '"127.0.0.1"', '"127.0.0.1", "0.0.0.0/0"'
    )
    query = f"action=payment&receipt=1&number={ACCOUNT}&amount=100.00&date=2026-11-03T12:30:46"
    head = f"GET /plat?{query} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"
    with Endpoint(f"TRUSTED_PROXIES = 1\n{toml}", tmp_path, workers=1, options=options) as endpoint:
        for lines, leaves in enumerate([True, False], start=1):
            with socket.socket(socket.AF_UNIX) as client:
                with stopped(endpoint):
                    client.connect(str(link))
                    client.sendall(head.encode())
                    if leaves:
                        client.close()
                while len([one for one in endpoint.log() if "outcome" in one]) < lines:
                    time.sleep(0.01)
            assert len(paid(engine)) == (not leaves)


@only_mariadb
@pytest.mark.slow
def test_to_be_sure_costs_two_more_round_trips(
    proxy: CuttingProxy, endpoint_behind: Endpoint
) -> None:
    """A known payment costs one, as a check does; one that nobody knows costs three."""
    assert ask(endpoint_behind, "payment") == DONE

    def trips(action: str, receipt: str) -> int:
        proxy.statements.clear()
        ask(endpoint_behind, action, receipt)
        return len([one for one in proxy.statements if "payment" in one or "promise" in one])

    assert (trips("status", "1"), trips("status", "9")) == (1, 3)
    assert (trips("cancel", "9"), trips("cancel", "1")) == (3, 2)


@only_mariadb
@pytest.mark.slow
def test_a_change_that_was_given_up_has_no_effect(
    engine: Engine, proxy: CuttingProxy, endpoint_behind: Endpoint
) -> None:
    """A cancel that the bank heard nothing of does not take the money away behind its back."""
    assert ask(endpoint_behind, "payment") == DONE
    with held(proxy, endpoint_behind, "cancel", b"SET state = 'cancelled'") as (rule, answer):
        assert answer.result() == AGAIN
        assert ask(endpoint_behind, "status") == DONE
        rule.go.set()
        settled(engine, proxy)

    assert len(paid(engine)) == 1


@contextmanager
def uncommitted(engine: Engine, config: Path) -> Iterator[pymysql.cursors.Cursor]:
    """The server has our payment in its hands, and does not come to commit it."""
    assert isinstance(engine, MariaDBEngine)
    engine.account(ACCOUNT)
    given = settings.load(config)
    text = Database(given.engine, load_statements(SQL), 1).statements["pay_account"]
    now = utc_now()
    values: dict[str, Any] = dict.fromkeys(("paid_at", "now", "performed_at", "began"), now)
    values |= dict.fromkeys(("deadline", "latest"), now + timedelta(hours=1))
    values |= {"bank": "plat", "txn_id": "1", "number": ACCOUNT, "account": ACCOUNT}
    values |= {"amount": "100.00", "currency": "KZT", "state": "paid"}
    values["bucket"] = lookup.bucket(given.banks["plat"], "1")
    with engine.server.connect(engine.name) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        assert cursor.execute(text, values) == 1
        yield cursor


@only_mariadb
@pytest.mark.parametrize("ends", ["COMMIT", "ROLLBACK"])
@pytest.mark.slow
def test_a_row_that_is_not_committed_yet_is_not_not_found(
    engine: Engine, endpoint: Endpoint, ends: str
) -> None:
    """A commit stalls inside the server: nobody knows how it ends, so nobody says anything."""
    with uncommitted(engine, endpoint.settings) as cursor:
        assert ask(endpoint, "status") == AGAIN_STATUS
        assert ask(endpoint, "cancel") == AGAIN
        cursor.execute(ends)
    assert ask(endpoint, "status") == (DONE if ends == "COMMIT" else UNKNOWN)


@only_mariadb
def test_a_payment_that_is_committed_meanwhile_is_found(engine: Engine, endpoint: Endpoint) -> None:
    """Whoever promises that there is none looks once more."""
    assert isinstance(engine, MariaDBEngine)
    waits = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE promise%'"
    with uncommitted(engine, endpoint.settings) as cursor, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, endpoint, "status")
        while not engine.rows(waits)[0][0] and not answer.done():
            time.sleep(0.005)
        cursor.execute("COMMIT")
        assert answer.result() == DONE


@only_mariadb
@pytest.mark.slow
def test_a_server_that_lets_nobody_write_writes_nothing_afterwards(
    engine: Engine, endpoint: Endpoint
) -> None:
    """FLUSH TABLES WITH READ LOCK: what waits for it is over before we give up."""
    assert isinstance(engine, MariaDBEngine)
    engine.account(ACCOUNT)
    with engine.server.connect() as other, other.cursor() as cursor:
        cursor.execute("FLUSH TABLES WITH READ LOCK")
        assert ask(endpoint, "payment") == AGAIN
        assert ask(endpoint, "status") == AGAIN_STATUS
        waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'INSERT%'"
        assert engine.rows(waiting)[0][0] == 0
        cursor.execute("UNLOCK TABLES")

    assert paid(engine) == []
    assert ask(endpoint, "payment") == DONE


@only_mariadb
@pytest.mark.slow
def test_a_server_that_stood_still_does_nothing_late(
    mariadb: MariaDB, tmp_path: Path, request: pytest.FixtureRequest, database: object
) -> None:
    """It is stopped with a statement in its hands, and goes on when we have given up."""
    folder = tmp_path / "still"
    folder.mkdir()
    with MariaDB(folder) as server:
        server.create_database("usu")
        engine = MariaDBEngine(server, "usu")
        toml = settings_toml(engine.url, request.module)
        with Endpoint(toml, tmp_path) as endpoint:
            assert flask(endpoint.settings, "init-db").returncode == 0
            engine.account(ACCOUNT)
            assert ask(endpoint, "payment", "2") == DONE
            with standing_still(server.pid):
                assert ask(endpoint, "payment") == AGAIN
            busy = "SELECT COUNT(*) FROM information_schema.processlist WHERE command <> 'Sleep'"
            while engine.rows(busy)[0][0] > 1:
                time.sleep(0.01)
            assert [row[1] for row in paid(engine)] == ["2"]
            end = time.monotonic() + 60  # it has been silent: for a moment nobody may ask it
            while (code := ask(endpoint, "status")) == AGAIN_STATUS and time.monotonic() < end:
                time.sleep(0.1)
            assert code == UNKNOWN


@pytest.fixture
def without_promise(
    engine: Engine, command: Callable[..., subprocess.CompletedProcess[str]]
) -> Iterator[None]:
    """This release was uploaded, and nothing was done at the database."""
    engine.account(ACCOUNT)
    engine.execute("DROP TABLE promise")
    yield
    assert command("init-db").returncode == 0


@pytest.mark.slow
def test_a_site_that_only_uploads_this_release_goes_on(
    engine: Engine,
    endpoint: Endpoint,
    command: Callable[..., subprocess.CompletedProcess[str]],
    without_promise: None,
) -> None:
    """As with an older release; and it is told what it lacks, until it has it."""
    before = len(endpoint.log())
    acts = [("payment", "1"), ("payment", "1"), ("status", "2"), ("cancel", "2"), ("payment", "2")]
    assert [ask(endpoint, *act) for act in acts] == [DONE, DONE, UNKNOWN, UNKNOWN, DONE]
    assert len(paid(engine)) == 2
    told = [line for line in endpoint.log()[before:] if "flask init-db" in line.get("message", "")]
    assert len(told) == len(acts)
    assert {line["level"] for line in told} == {"warning"}

    faults = [line for line in command("doctor").stdout.splitlines() if line.startswith("fault")]
    assert any("promise" in line and "CREATE TABLE" in line for line in faults)

    assert command("init-db").returncode == 0
    before = len(endpoint.log())
    assert ask(endpoint, "status", "3") == UNKNOWN
    assert engine.rows("SELECT COUNT(*) FROM promise WHERE made_at > '2001-01-01'") == [(1,)]
    assert not [line for line in endpoint.log()[before:] if "init-db" in line.get("message", "")]


@only_mariadb
@pytest.mark.slow
def test_a_user_who_may_only_use_the_older_tables_goes_on(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Rights may be given table by table."""
    assert isinstance(engine, MariaDBEngine)
    engine.account(ACCOUNT)
    server, name = engine.server, engine.name
    server.sql("CREATE USER tables@'%' IDENTIFIED BY 'promise'")
    try:
        for table in ("account", "invoice", "payment"):
            server.sql(f"GRANT SELECT, INSERT, UPDATE ON {name}.{table} TO tables@'%'")
        url = f"mysql://tables:promise@{HOST}:{server.port}/{name}"
        with Endpoint(settings_toml(url, request.module), tmp_path) as endpoint:
            codes = [ask(endpoint, action) for action in ("status", "payment", "payment")]
            assert codes == [UNKNOWN, DONE, DONE]
            assert "flask init-db" in endpoint.output()
    finally:
        server.sql("DROP USER tables@'%'")


@only_mariadb
@pytest.mark.parametrize("hours", [-3, 3])
@pytest.mark.slow
def test_the_clocks_of_the_hosts_may_differ(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest, hours: int
) -> None:
    """The server's clock counts, and it is asked for."""
    assert isinstance(engine, MariaDBEngine)
    engine.account(ACCOUNT)
    skew = f"SET timestamp = UNIX_TIMESTAMP() + {hours * 3600}"
    engine.server.sql(f'SET GLOBAL init_connect = "{skew}"')
    try:
        with Endpoint(settings_toml(engine.url, request.module), tmp_path) as endpoint:
            codes = [ask(endpoint, action) for action in ("payment", "payment", "status", "cancel")]
            assert codes == [DONE] * 4
            assert ask(endpoint, "status", "9") == UNKNOWN
    finally:
        engine.server.sql("SET GLOBAL init_connect = ''")


@pytest.fixture
def desk(engine: Engine, folder: Path) -> Iterator[Callable[..., str]]:
    """The operation itself: run(command), each in a session of its own."""
    engine.account(ACCOUNT)
    given = settings.load(folder / "config.toml")
    database = Database(given.engine, load_statements(SQL), 1)

    def run(command: Any, age: float = 0.0) -> str:
        with database.session(age) as session:
            return operation.run(session, given.banks["plat"], command).outcome

    yield run
    database.close()


PAYMENT = Pay(
    name="payment",
    txn_id="1",
    account=ACCOUNT,
    amount=Decimal("100.00"),
    paid_at=datetime(2026, 11, 3),  # noqa: DTZ001
)
STATUS = Status(name="status", txn_id="1")


def test_a_caller_who_waited_since_before_not_found_does_not_pay(desk: Callable[..., str]) -> None:
    """A call that lay in a queue meanwhile: the bank has the money back already."""
    assert desk(STATUS) == "payment_not_found"
    with pytest.raises(Exception, match="told while it waited"):
        desk(PAYMENT, 2.0)
    assert desk(STATUS) == "payment_not_found"
    time.sleep(0.05)  # our clocks tell milliseconds apart
    assert desk(PAYMENT) == "ok"


@only_mariadb
def test_the_clocks_of_several_nodes_may_differ(engine: Engine, folder: Path) -> None:
    """A payment that came after the promise by its own node's clock may have come before it."""
    engine.account(ACCOUNT)
    given = settings.load(folder / "config.toml")
    assert isinstance(given.engine, MySQL)
    several = given.engine.but(hosts=[*given.engine.hosts, *given.engine.hosts])
    database = Database(several, load_statements(SQL), 1)

    def run(command: Any, age: float = 0.0) -> str:
        with database.session(age) as session:
            return operation.run(session, given.banks["plat"], command).outcome

    assert run(STATUS) == "payment_not_found"
    told = time.monotonic()
    time.sleep(NODES_DIFFER_S / 2)
    came = told + NODES_DIFFER_S / 4
    with pytest.raises(Exception, match="told while it waited"):
        run(PAYMENT, time.monotonic() - came)
    assert paid(engine) == []
    time.sleep(NODES_DIFFER_S)
    assert run(PAYMENT) == "ok"
    database.close()


@only_sqlite
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_costs_nobody_an_answer(
    engine: Engine, desk: Callable[..., str], monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The database's is set while we are connected to it."""
    assert desk(PAYMENT.but(txn_id="0")) == "ok"
    jumped = lambda: utc_now() + timedelta(hours=hours)  # noqa: E731
    monkeypatch.setattr("callback.database.sqlite.utc_now", jumped)

    assert desk(PAYMENT) == "ok"
    assert desk(PAYMENT) == "duplicate_same"
    assert desk(Status(name="status", txn_id="9")) == "payment_not_found"
    assert desk(Cancel(name="cancel", txn_id="1", refund=True)) == "ok"
    assert len(paid(engine)) == 1


def test_a_change_that_came_too_late_is_not_called_a_refusal(
    desk: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A perform that did nothing: not because the invoice is paid."""
    assert desk(PAYMENT.but(state="created")) == "ok"
    for told in ("at", "now"):
        monkeypatch.setattr(timing.ServerClock, told, lambda *_: datetime(2020, 1, 1))  # noqa: DTZ001
    for command in (
        Perform(name="perform", txn_id="1"),
        Cancel(name="cancel", txn_id="1"),
    ):
        with pytest.raises(Exception, match="too late"):
            desk(command)
    monkeypatch.undo()
    assert desk(Perform(name="perform", txn_id="1")) == "ok"


def test_a_cancel_is_not_for_a_payment_that_came_later(
    engine: Engine, desk: Callable[..., str]
) -> None:
    """It lay in a queue, or was held up; the bank asked once more, heard "none", and paid again."""
    cancel = Cancel(name="cancel", txn_id="1", refund=True)
    assert desk(cancel) == "payment_not_found"
    time.sleep(0.05)
    assert desk(PAYMENT) == "ok"
    time.sleep(0.05)
    with pytest.raises(Exception, match="later than this cancel"):
        desk(cancel, 1.0)
    assert len(paid(engine)) == 1
    assert desk(cancel) == "ok"
    assert desk(cancel, 0.01) == "duplicate_same"


def test_a_cancel_on_the_heels_of_its_payment_is_heard(
    engine: Engine, desk: Callable[..., str]
) -> None:
    """Clocks tell some milliseconds and no more: as old as its payment is not older."""
    for number in range(20):
        payment = PAYMENT.but(txn_id=f"{number}")
        cancel = Cancel(name="cancel", txn_id=f"{number}", refund=True)
        assert desk(payment) == "ok"
        assert desk(cancel, 0.015) == "ok"
    assert paid(engine) == []
