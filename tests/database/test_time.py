"""Nobody waits longer than the bank: one end for the whole call, no queue at a silent host."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from callback.clock import utc_now
from callback.database import Database, Reply, timing
from callback.database.errors import DatabaseError
from callback.database.timing import ServerClock
from callback.limits import LEAST_PATIENCE_S, SILENT_S
from tests.conftest import SOME_BANK, MariaDBEngine, flask, settings_toml
from tests.support.processes import (
    HOST,
    CuttingProxy,
    Endpoint,
    MariaDB,
    Rule,
    standing_still,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from typing_extensions import Self

    from tests.conftest import Engine

BANKS = SOME_BANK
ACCOUNT = "7012340001"
LIMIT_S = 8.0
PAY = f"/qiwi?command=pay&txn_id=1&account={ACCOUNT}&sum=1.00&txn_date=20261103091500"
CHECK = f"/qiwi?command=check&account={ACCOUNT}"
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


def ask(endpoint: Endpoint, query: str) -> tuple[str | None, float]:
    """The code of an answer, and how long it took."""
    started = time.monotonic()
    code = ET.fromstring(endpoint.call(query).body).findtext("result")
    return code, time.monotonic() - started


class Slow:
    """A host that takes connections, and lets an answer through byte by byte, or not at all.

    `target` is the port of the server behind it; `between_s` is the time between two bytes, None
    for an answer that never comes.
    """

    def __init__(self, target: int, between_s: float | None = None) -> None:
        self._target = target
        self.between_s = between_s
        self.taken = 0
        self._links: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for link in (self._listener, *self._links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection((HOST, self._target))
                self.taken += 1
                self._links += [client, server]
                threading.Thread(target=self._questions, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answers, args=(client, server), daemon=True).start()

    def _questions(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while said := client.recv(4096):
                server.sendall(said)
            server.shutdown(socket.SHUT_WR)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while said := server.recv(4096):
                if self.between_s == 0:
                    client.sendall(said)
                    continue
                for place in range(len(said)):
                    if self.between_s is None:
                        return
                    client.sendall(said[place : place + 1])
                    time.sleep(self.between_s)


def settings_of(engine: Engine, *ports: int, **more: Any) -> str:
    """Settings with these hosts of the database."""
    assert isinstance(engine, MariaDBEngine)
    hosts = ",".join(f"{HOST}:{port}" for port in ports)

    class Module:
        SETTINGS = more
        BANKS = SOME_BANK

    url = engine.url.replace(f"{HOST}:{engine.server.port}", hosts)
    return settings_toml(url, Module)  # type: ignore[arg-type]


@only_mariadb
@pytest.mark.parametrize("between_s", [None, 0.05], ids=["silent", "byte by byte"])
@pytest.mark.parametrize("hosts", [1, 2, 3])
@pytest.mark.slow
def test_connecting_is_part_of_the_time(
    engine: MariaDBEngine, tmp_path: Path, hosts: int, between_s: float | None
) -> None:
    """However many hosts are silent, or say something now and then."""
    with Slow(engine.server.port, between_s) as slow:
        toml = settings_of(engine, *[slow.port] * hosts)
        with Endpoint(toml, tmp_path, workers=1) as endpoint:
            code, took = ask(endpoint, PAY)

    assert code == "1"
    assert took < LIMIT_S
    assert slow.taken == hosts


@only_mariadb
@pytest.mark.slow
def test_a_silent_host_leaves_time_for_the_next(engine: MariaDBEngine, tmp_path: Path) -> None:
    """The second of two answers."""
    engine.account(ACCOUNT)
    with Slow(engine.server.port) as slow:
        toml = settings_of(engine, slow.port, engine.server.port)
        with Endpoint(toml, tmp_path, workers=1) as endpoint:
            code, took = ask(endpoint, PAY)

    assert (code, slow.taken) == ("0", 1)
    assert took < LIMIT_S


@only_mariadb
@pytest.mark.slow
def test_an_answer_byte_by_byte_has_an_end(engine: MariaDBEngine, tmp_path: Path) -> None:
    """Each byte comes in time, the whole does not: it is unknown, and the repeat finds out."""
    engine.account(ACCOUNT)
    with (
        Slow(engine.server.port, 0) as slow,
        Endpoint(settings_of(engine, slow.port), tmp_path, workers=1) as endpoint,
    ):
        assert ask(endpoint, CHECK)[0] == "0"
        slow.between_s = 0.5
        code, took = ask(endpoint, CHECK)
        slow.between_s = 0
        assert (code, took < LIMIT_S) == ("1", True)
        assert ask(endpoint, PAY)[0] == "0"


@only_mariadb
@pytest.mark.slow
def test_not_everybody_waits_for_a_silent_database(engine: MariaDBEngine, tmp_path: Path) -> None:
    """Ten calls of one worker: one or two wait, the others are told at once; then it is back."""
    engine.account(ACCOUNT)
    with Slow(engine.server.port) as slow:
        toml = settings_of(engine, slow.port)
        with Endpoint(toml, tmp_path, workers=1) as endpoint:
            with ThreadPoolExecutor(10) as pool:
                codes = list(pool.map(lambda _: ask(endpoint, PAY)[0], range(10)))
            assert codes == ["1"] * 10
            assert slow.taken <= 2
            said = [str(line.get("message")) for line in endpoint.log()]
            # Who has lain in the queue meanwhile has no time left to ask at all.
            assert any("silent a moment ago" in text or "no time left" in text for text in said)

            slow.between_s = 0
            end = time.monotonic() + 60
            while ask(endpoint, PAY)[0] != "0":
                assert time.monotonic() < end
                time.sleep(0.1)


@only_mariadb
@pytest.mark.slow
def test_a_slow_statement_makes_nobody_else_wait_or_fail(
    engine: MariaDBEngine, tmp_path: Path
) -> None:
    """After one silence the next call asks at once whether the database is there."""
    engine.account(ACCOUNT)
    with CuttingProxy(HOST, engine.server.port) as proxy:
        toml = settings_of(engine, proxy.port)
        with Endpoint(toml, tmp_path, workers=1) as endpoint:
            assert ask(endpoint, CHECK)[0] == "0"
            proxy.rule = Rule(b"INSERT INTO payment", "after", "stall")
            assert [ask(endpoint, query)[0] for query in (PAY, CHECK, PAY)] == ["1", "0", "0"]


class Told:
    """A connection of an engine that the tests make up."""

    def __init__(self) -> None:
        self.clock = ServerClock(utc_now())

    def run(self, _statement: str, _values: Mapping[str, Any], _timeout: float) -> Reply:
        return Reply()

    def close(self) -> None:
        pass


class Host:
    """An engine whose host answers when the test says so; `asked` counts."""

    SCHEMA = UPGRADE = ""
    clocks_differ = timedelta(0)

    def __init__(self) -> None:
        self.asked = 0
        self.answers = False
        self.waits_s = SILENT_S
        self.gave: list[float] = []

    def prepare(self, statement: str) -> str:
        return statement

    def connect(self, within: float) -> Told:
        self.asked += 1
        self.gave.append(within)
        if self.answers:
            return Told()
        time.sleep(self.waits_s)
        raise DatabaseError("silent" if self.waits_s else "refused")


@pytest.fixture
def host() -> Host:
    """A host that is silent."""
    return Host()


@pytest.fixture
def remembered(host: Host) -> Database:
    """A database on it, which nothing is known of yet."""
    return Database(host, {"any": ""}, 8)  # type: ignore[arg-type]


def once(database: Database) -> str:
    """Ask it something: "" when it answers, else why not."""
    try:
        with database.session() as session:
            session.run("any")
    except DatabaseError as error:
        return str(error)
    return ""


def test_after_a_silence_nobody_asks_for_a_moment(host: Host, remembered: Database) -> None:
    """They are told at once."""
    assert once(remembered) == "silent"
    assert {once(remembered) for _ in range(5)} == {"the database was silent a moment ago"}
    assert host.asked == 1


@pytest.mark.slow
def test_then_one_asks_for_all(
    host: Host, remembered: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waits the others are told at once; its answer is there for everybody."""
    monkeypatch.setattr(timing, "PAUSE_S", 0.0)
    once(remembered)
    with ThreadPoolExecutor(5) as pool:
        said = list(pool.map(lambda _: once(remembered), range(5)))
    assert said.count("silent") == 1
    assert host.asked == 2

    host.answers = True
    assert [once(remembered) for _ in range(3)] == [""] * 3


def test_a_refusal_is_no_silence(host: Host, remembered: Database) -> None:
    """A server that is being started again is asked by every call, for it costs no time."""
    host.waits_s = 0.0
    assert [once(remembered) for _ in range(3)] == ["refused"] * 3
    host.answers = True
    assert once(remembered) == ""


def test_a_refusal_ends_a_silence(
    host: Host, remembered: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is there again, if only to say that it is not ready: everybody may ask it."""
    monkeypatch.setattr(timing, "PAUSE_S", 0.0)
    assert once(remembered) == "silent"
    host.waits_s = 0.0
    monkeypatch.setattr(timing, "PAUSE_S", 60.0)
    assert [once(remembered) for _ in range(3)] == ["refused"] * 3


@pytest.mark.slow
def test_who_asks_a_silent_database_has_little_time(
    host: Host, remembered: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As much as it took before, and somewhat more: a far one is not taken for a silent one."""
    monkeypatch.setattr(timing, "PAUSE_S", 0.0)
    host.answers = True
    assert once(remembered) == ""
    remembered.close()
    host.answers = False
    assert (once(remembered), once(remembered)) == ("silent", "silent")
    assert host.gave[1] > host.gave[2] == LEAST_PATIENCE_S


def test_the_time_in_a_queue_belongs_to_the_budget(host: Host, remembered: Database) -> None:
    """A call that has waited long is not begun."""
    host.answers = True
    with remembered.session(age=4.0) as session, pytest.raises(DatabaseError, match="no time left"):
        session.run("any")
    assert host.asked == 0


def test_a_slow_answer_does_not_make_the_servers_clock_worse() -> None:
    """What is known stays, as long as the answer does not contradict it."""
    now = utc_now()
    clock, moment = ServerClock(now), time.monotonic()
    known = clock.at(moment)

    clock.read(now, asked=moment - 5)  # said at any time of five seconds: so says nothing new
    assert clock.at(moment) == known
    for hours in (1, -1):  # it was set
        told = now + timedelta(hours=hours)
        clock.read(told, asked=time.monotonic())
        assert abs(clock.at(time.monotonic()) - told) < timedelta(minutes=1)
    assert not clock.is_old


@pytest.mark.deploy
@only_mariadb
def test_thirty_calls_at_a_stopped_database_are_all_told_in_time(
    tmp_path: Path, database: Engine
) -> None:
    """Four workers, each with a connection that was good a moment ago; then it is back."""
    folder = tmp_path / "stopped"
    folder.mkdir()
    with MariaDB(folder) as server:
        server.create_database("usu")
        engine = MariaDBEngine(server, "usu")
        toml = settings_of(engine, server.port)
        with Endpoint(toml, tmp_path, workers=4) as endpoint, ThreadPoolExecutor(30) as pool:
            assert flask(endpoint.settings, "init-db").returncode == 0
            engine.account(ACCOUNT)
            assert {code for code, _ in pool.map(lambda _: ask(endpoint, CHECK), range(30))} == {
                "0"
            }
            with standing_still(server.pid):
                told = list(pool.map(lambda _: ask(endpoint, PAY), range(30)))
            assert {code for code, _ in told} == {"1"}
            assert max(took for _, took in told) < LIMIT_S
            end = time.monotonic() + 60
            while ask(endpoint, PAY)[0] != "0":
                assert time.monotonic() < end
                time.sleep(0.1)
