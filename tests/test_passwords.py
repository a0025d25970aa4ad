"""A password that the bank itself has set: one for all machines, kept as a digest, never told."""

from __future__ import annotations

import io
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import ANY

import pytest

from callback import Program, passwords, proofs
from callback.database.errors import DatabaseError
from callback.settings import load
from tests.conftest import MariaDBEngine, flask, settings_toml
from tests.support.answers import broken
from tests.support.processes import Endpoint, write_settings
from tests.support.rpc import Caller, basic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess
    from types import ModuleType

    from callback.bank import Bank
    from callback.database import Session
    from tests.conftest import Engine

BANKS = """
[BANKS.paynet]
protocol = "paynet"
username = "paynet"
password = ["of-the-settings", "newer-of-the-settings"]
weak_password = true
service_id = 1
bills = { form = "pull", shape = "full" }

[BANKS.other]
protocol = "paynet"
username = "paynet"
password = "of-the-settings"
weak_password = true
service_id = 1

[BANKS.payme]
protocol = "payme"
password = "of-the-settings"
weak_password = true
"""
SETTINGS = {"TIMEZONE": "Asia/Tashkent", "SECRET_KEY": "first-key-of-tests-first-key-of-tests"}
FIRST, SECOND = "newDifficultPassword", 'second "one": 2%'
ASKS = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "CheckTransaction",
        "params": {"serviceId": 1, "transactionId": 5},
    }
)


@pytest.fixture(autouse=True)
def forgotten(database: Engine) -> Iterator[None]:
    """What a test makes of the password does not outlive it."""
    yield
    database.execute("DELETE FROM bank_password")


def caller(endpoint: Endpoint, password: str, bank: str = "paynet") -> Caller:
    """Somebody who brings this password."""
    return Caller(endpoint, bank, basic("paynet", password), {"jsonrpc": "2.0"})


def status(endpoint: Endpoint, password: str, bank: str = "paynet") -> int:
    """The HTTP status with which he is answered."""
    return caller(endpoint, password, bank).post(ASKS).status


def change(endpoint: Endpoint, present: str, new: str) -> None:
    """Change the password; the bank is told that it holds."""
    answer = caller(endpoint, present).ask("ChangePassword", {"newPassword": new})
    assert answer == {"result": "success"}


def stored(engine: Engine) -> list[tuple[str, str]]:
    """What is kept."""
    return engine.rows("SELECT digest, changed_at FROM bank_password WHERE bank = 'paynet'")


@pytest.mark.slow
def test_until_a_change_every_password_of_the_settings_is_good(endpoint: Endpoint) -> None:
    """And nothing else."""
    assert status(endpoint, "of-the-settings") == 200
    assert status(endpoint, "newer-of-the-settings") == 200
    assert status(endpoint, FIRST) == 401
    assert status(endpoint, "") == 401


def test_after_a_change_only_the_new_one_is(endpoint: Endpoint, engine: Engine) -> None:
    """In every worker at once, and for this bank alone; then only the next one."""
    change(endpoint, "of-the-settings", FIRST)
    with ThreadPoolExecutor(8) as pool:
        passwords = [FIRST, "of-the-settings", "newer-of-the-settings", FIRST + " ", ""] * 8
        statuses = list(pool.map(lambda password: status(endpoint, password), passwords))
    assert statuses == [200, 401, 401, 401, 401] * 8
    assert status(endpoint, "of-the-settings", "other") == 200
    assert status(endpoint, FIRST, "other") == 401

    change(endpoint, FIRST, SECOND)
    assert [status(endpoint, password) for password in (FIRST, SECOND)] == [401, 200]
    assert len(stored(engine)) == 1
    change(endpoint, SECOND, "of-the-settings")
    assert status(endpoint, "newer-of-the-settings") == 401
    assert status(endpoint, "of-the-settings") == 200


def test_the_log_says_that_the_bank_has_set_another(endpoint: Endpoint) -> None:
    """To whoever compares with the settings; of a wrong one it says nothing."""
    change(endpoint, "of-the-settings", FIRST)
    assert [status(endpoint, password) for password in ("of-the-settings", "wrong")] == [401, 401]
    settings, wrong = endpoint.log()[-2:]
    assert "flask password paynet" in settings["why"]
    assert "why" not in wrong
    stranger = replace(caller(endpoint, ""), credentials=basic("Paynet", "of-the-settings"))
    assert stranger.post(ASKS).status == 401
    assert endpoint.log()[-1]["why"] == "the password is right, the user name is another"


def test_a_wrong_user_is_refused_before_and_after(endpoint: Endpoint) -> None:
    """The name stays that of the settings."""
    for password in ("of-the-settings", FIRST):
        stranger = replace(caller(endpoint, password), credentials=basic("Paynet", password))
        assert stranger.post(ASKS).status == 401
        change(endpoint, "of-the-settings" if password != FIRST else FIRST, FIRST)


def test_the_same_change_again_is_a_success_and_keeps_its_day(
    endpoint: Endpoint, engine: Engine
) -> None:
    """Paynet may not have heard our answer."""
    change(endpoint, "of-the-settings", FIRST)
    before = stored(engine)
    change(endpoint, FIRST, FIRST)
    assert stored(engine) == before
    assert caller(endpoint, "of-the-settings").post(ASKS).status == 401


@pytest.mark.slow
def test_a_change_outlives_a_restart_and_holds_on_every_machine(
    database: Engine, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing of it is kept in a process or a file."""
    with ExitStack() as machines:
        first, second = (
            machines.enter_context(machine(database, request.module, tmp_path_factory.mktemp("m")))
            for _ in range(2)
        )
        change(first, "of-the-settings", FIRST)
        assert [status(second, password) for password in ("of-the-settings", FIRST)] == [401, 200]
        change(second, FIRST, SECOND)
        assert [status(first, password) for password in (FIRST, SECOND)] == [401, 200]
        first.stop()
        first.start()
        assert [status(first, password) for password in (FIRST, SECOND)] == [401, 200]


def machine(
    database: Engine, module: ModuleType, folder: Path, secret_key: str | list[str] | None = None
) -> Endpoint:
    """Another machine with this database, and perhaps with other keys."""
    toml = settings_toml(database.url, module)
    if secret_key:
        lines = toml.splitlines()
        lines[0] = f"SECRET_KEY = {json.dumps(secret_key)}"
        toml = "\n".join(lines)
    return Endpoint(toml, folder)


@pytest.mark.slow
def test_a_new_secret_key_takes_the_password_over(
    database: Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """While both keys are there one call is enough; then the old key may go, and only then."""
    old, new = "first-key-of-tests-first-key-of-tests", "second-key-of-tests-second-key-of-tests"
    database.execute("DELETE FROM bank_password")
    with machine(database, request.module, tmp_path, old) as endpoint:
        change(endpoint, "of-the-settings", FIRST)
    of_old = stored(database)
    with machine(database, request.module, tmp_path, new) as endpoint:
        assert [status(endpoint, p) for p in (FIRST, "of-the-settings")] == [401, 401]
        assert stored(database) == of_old
    with machine(database, request.module, tmp_path, [old, new]) as endpoint:
        assert [status(endpoint, p) for p in ("wrong", FIRST, FIRST)] == [401, 200, 200]
    of_new = stored(database)
    assert of_new[0][0] != of_old[0][0]
    assert of_new[0][1] == of_old[0][1]  # the bank has changed nothing
    with machine(database, request.module, tmp_path, new) as endpoint:
        assert [status(endpoint, p) for p in (FIRST, "of-the-settings")] == [200, 401]


class ReadOnly:
    """A conversation in which nothing is renewed: the table is locked, or another server's."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, name: str, **values: Any) -> Any:
        if name == "renew_password":
            raise DatabaseError(name)
        return self._session.run(name, **values)


def test_of_three_keys_the_newest_is_written_and_each_is_good(
    database: Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The day stays that of the change; where nothing can be written it is good all the same."""
    keys = [f"{number}-key-of-tests" * 3 for number in range(3)]
    toml = machine(database, request.module, tmp_path, keys).settings
    program = Program(toml)
    bank = program.settings.banks["paynet"]
    digests = [proofs.password_digest(key, FIRST.encode()) for key in bank.password_keys]
    with program.database.session() as session:
        locked: Any = ReadOnly(session)
        passwords.change(session, bank, FIRST)
        assert passwords.find(session, bank) == (digests[2].encode(), ANY)
        (_, day) = stored(database)[0]
        for digest in digests:
            database.execute("UPDATE bank_password SET digest = ?", digest)
            for right in (FIRST + " ", FIRST):
                assert passwords.is_right(locked, bank, right.encode()) is (right == FIRST)
                assert stored(database) == [(digest, day)]
            assert passwords.is_right(session, bank, FIRST.encode())
            assert stored(database) == [(digests[2], day)]
    assert passwords.kept_as(bank, FIRST.encode()) == f"hmac:{digests[2]}"
    both = bank.but(password=(f"hmac:{digests[0]}".encode(), b"another-password"))
    for password in (FIRST, "another-password", "wrong"):
        assert passwords.is_in_settings(both, password.encode()) is (password != "wrong")
    program.database.close()


@pytest.mark.slow
def test_no_password_is_told_anywhere(
    endpoint: Endpoint,
    engine: Engine,
    command: Callable[..., CompletedProcess[str]],
) -> None:
    """Not by the log, by the output, by the table, by a command; nor is one of a wrong form."""
    change(endpoint, "of-the-settings", FIRST)
    caller(endpoint, FIRST).ask("ChangePassword", {"newPassword": "short-Я"})
    with broken(engine, "payment"):
        caller(endpoint, FIRST).post(ASKS)
    text = endpoint.output() + str(engine.rows("SELECT * FROM bank_password"))
    text += command("doctor").stdout + command("password", "paynet").stdout
    for password in ("of-the-settings", FIRST, "short-Я", "short-"):
        assert password not in text
    line = next(line for line in endpoint.log() if line["command"] == "ChangePassword")
    assert line["outcome"] == "ok"
    assert line["bank"] == "paynet"


def test_what_is_kept_depends_on_the_secret_key_and_the_bank(
    endpoint: Endpoint, engine: Engine
) -> None:
    """Copied to another bank's row, it opens nothing there."""
    change(endpoint, "of-the-settings", FIRST)
    (digest, changed_at) = stored(engine)[0]
    assert len(digest) == 64
    engine.execute("INSERT INTO bank_password VALUES ('other', ?, ?)", digest, changed_at)
    for password in (FIRST, "of-the-settings"):
        assert status(endpoint, password, "other") == 401


def test_without_the_database_nobody_is_taken_for_a_stranger(
    endpoint: Endpoint, engine: Engine
) -> None:
    """It is 503, with the right password and with a wrong one; a wrong user is one all the same."""
    change(endpoint, "of-the-settings", FIRST)
    with broken(engine, "bank_password"):
        for password in (FIRST, "of-the-settings", "wrong"):
            reply = caller(endpoint, password).post(ASKS)
            assert (reply.status, reply.body) == (503, b"")
        assert replace(caller(endpoint, FIRST), credentials={}).post(ASKS).status == 401
        other = replace(caller(endpoint, FIRST), credentials=basic("other", FIRST))
        assert other.post(ASKS).status == 401
        assert endpoint.call("/paynet", headers=basic("paynet", FIRST)).status == 503
    assert status(endpoint, FIRST) == 200


def test_a_change_that_cannot_be_recorded_is_not_a_success(
    endpoint: Endpoint, database: Engine, engine: Engine
) -> None:
    """Nor is it refused: the bank asks again."""
    if isinstance(database, MariaDBEngine):
        forbid = (
            "CREATE TRIGGER no_change BEFORE INSERT ON bank_password FOR EACH ROW"
            " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'"
        )
    else:
        forbid = (
            "CREATE TRIGGER no_change BEFORE INSERT ON bank_password"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    engine.execute(forbid)
    body = json.dumps(
        {
            "jsonrpc": "2.0",
            "id": 3,
            "method": "ChangePassword",
            "params": {"newPassword": FIRST},
        }
    )
    try:
        reply = caller(endpoint, "of-the-settings").post(body)
    finally:
        engine.execute("DROP TRIGGER no_change")
    assert (reply.status, reply.body) == (503, b"")
    assert [status(endpoint, p) for p in (FIRST, "of-the-settings")] == [401, 200]


def test_two_changes_at_once_leave_one_that_is_good(endpoint: Endpoint, engine: Engine) -> None:
    """Each was answered success or refused; one row, one password."""
    news = [f"password-{number:02}" for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        body = {"jsonrpc": "2.0", "id": 3, "method": "ChangePassword"}
        replies = list(
            pool.map(
                lambda new: caller(endpoint, "of-the-settings").post(
                    json.dumps({**body, "params": {"newPassword": new}})
                ),
                news,
            )
        )
    assert {reply.status for reply in replies} <= {200, 401}
    assert len(stored(engine)) == 1
    good = [new for new in news if status(endpoint, new) == 200]
    assert len(good) == 1
    assert replies[news.index(good[0])].status == 200


def test_the_pulled_list_is_opened_by_the_changed_password(
    endpoint: Endpoint, engine: Engine
) -> None:
    """It is the same bank."""
    address = "/paynet/bills?date=202611&page=1"
    assert endpoint.call(address, headers=basic("paynet", "of-the-settings")).status == 200
    change(endpoint, "of-the-settings", FIRST)
    assert endpoint.call(address, headers=basic("paynet", FIRST)).status == 200
    assert endpoint.call(address, headers=basic("paynet", "of-the-settings")).status == 401
    with broken(engine, "bank_password"):
        assert endpoint.call(address, headers=basic("paynet", FIRST)).status == 503


@pytest.mark.slow
def test_the_command_says_which_holds_and_leads_back(
    endpoint: Endpoint, command: Callable[..., CompletedProcess[str]], engine: Engine
) -> None:
    """At once, without a restart."""
    assert command("password", "paynet").stdout == "the one of the settings holds\n"
    change(endpoint, "of-the-settings", FIRST)
    since = stored(engine)[0][1][:19]
    assert command("password", "paynet").stdout == f"the bank's own holds, since {since} UTC\n"
    assert status(endpoint, FIRST) == 200

    reset = command("password", "paynet", "--reset")
    assert (reset.returncode, reset.stdout) == (0, "the one of the settings holds again\n")
    assert [status(endpoint, p) for p in (FIRST, "of-the-settings")] == [401, 200]
    assert command("password", "paynet", "--reset").stdout == "the one of the settings held\n"
    change(endpoint, "of-the-settings", SECOND)
    assert [status(endpoint, p) for p in (FIRST, "of-the-settings", SECOND)] == [401, 401, 200]


@pytest.mark.slow
def test_the_command_is_of_use_only_where_a_bank_changes_its_password(
    command: Callable[..., CompletedProcess[str]],
) -> None:
    """Elsewhere it says so."""
    refused = command("password", "payme")
    assert refused.returncode == 2
    assert "in which a bank changes no password" in refused.stderr
    assert command("password", "nobody").returncode == 2


@pytest.mark.slow
def test_the_doctor_says_since_when_it_holds(
    endpoint: Endpoint, command: Callable[..., CompletedProcess[str]], engine: Engine
) -> None:
    """And what to do about a table that an older release did not have."""

    def said() -> dict[str, list[str]]:
        lines = map(json.loads, command("doctor", "--json").stdout.splitlines())
        return {line["name"]: [line["state"], line["text"]] for line in lines}

    name = "bank paynet password"
    assert said()[name] == ["ok", "the one of the settings holds"]
    change(endpoint, "of-the-settings", FIRST)
    state, text = said()[name]
    assert state == "ok"
    assert stored(engine)[0][1][:16] in text
    assert "bank payme password" not in said()
    with broken(engine, "bank_password"):
        state, text = said()[name]
        assert state == "fault"
        assert "flask init-db" in text
        assert command("password", "paynet").returncode == 1


@pytest.mark.slow
def test_the_smallest_rights_are_enough(
    database: Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SELECT, INSERT, UPDATE: also for the second change and for the way back."""
    if not isinstance(database, MariaDBEngine):
        return  # the trial database has no users
    server, name = database.server, database.name
    server.sql("CREATE USER small@'%' IDENTIFIED BY 'small'")
    server.sql(f"GRANT SELECT, INSERT, UPDATE ON {name}.* TO small@'%'")
    url = database.url.replace(database.url.split("//")[1].split("@")[0], "small:small")
    toml = settings_toml(database.url, request.module).replace(database.url, url)
    with Endpoint(toml, tmp_path) as endpoint:
        change(endpoint, "of-the-settings", FIRST)
        change(endpoint, FIRST, SECOND)
        assert flask(write_settings(toml, tmp_path), "password", "paynet", "--reset").stdout == (
            "the one of the settings holds again\n"
        )
        assert status(endpoint, "of-the-settings") == 200
    server.sql("DROP USER small@'%'")


def test_a_bank_shows_neither_passwords_nor_keys(folder: Path, endpoint: Endpoint) -> None:
    """A settings object that is printed by mistake tells nothing."""
    from callback.settings import load

    assert endpoint
    bank = load(folder / "config.toml").banks["paynet"]
    assert "of-the-settings" not in repr(bank)
    assert all(repr(key) not in repr(bank) for key in bank.password_keys)


KEPT = """
SECRET_KEY = ["old-key-of-last-year-old-key-of-last-year", "key-of-this-year-key-of-this-year"]
DATABASE = "sqlite:///callback.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
PUBLIC_URL = "https://pay.example.kz"

[BANKS.qiwi]
protocol = "osmp"
username = "qiwi"
"""


@pytest.mark.slow
def test_a_digest_may_stand_in_place_of_a_password(tmp_path: Path) -> None:
    """Whoever reads the settings file cannot call with what stands there."""
    file = write_settings(
        f'{KEPT}password = ["the-first-password", "the:second-пароль"]\n', tmp_path
    )
    printed = flask(file, "secret", "--digest", "qiwi").stdout.strip()
    assert "the-first" not in printed
    file.write_text(f"{KEPT}{printed}\n", encoding="utf-8")
    bank = load(file).banks["qiwi"]

    for password in ("the-first-password", "the:second-пароль"):
        assert passwords.is_in_settings(bank, password.encode())
    for text in (*bank.password, b"", b"hmac:", b"the-first-passwore", bank.password[0][5:]):
        assert not passwords.is_in_settings(bank, text)
    assert flask(file, "secret", "--digest", "qiwi").stdout.strip() == printed


def test_a_digest_is_good_while_its_key_is_in_the_list(tmp_path: Path) -> None:
    """And is another for another bank."""
    text = f'{KEPT}password = "the-first-password"\n'
    bank = load(write_settings(text, tmp_path)).banks["qiwi"]
    kept = passwords.kept_as(bank, b"the-first-password")
    rotated = f'{KEPT}password = "{kept}"\n'.replace(
        '-this-year"]', '-this-year", "a-key-of-next-year-of-next-year-next"]'
    )
    other = rotated.replace("BANKS.qiwi", "BANKS.other")
    gone = rotated.replace('"key-of-this-year-key-of-this-year", ', "")

    assert passwords.is_in_settings(_only(rotated, tmp_path), b"the-first-password")
    assert not passwords.is_in_settings(_only(other, tmp_path), b"the-first-password")
    assert not passwords.is_in_settings(_only(gone, tmp_path), b"the-first-password")


def _only(text: str, folder: Path) -> Bank:
    (bank,) = load(write_settings(text, folder)).banks.values()
    return bank


@pytest.mark.slow
def test_what_has_only_a_digest_cannot_call_as_the_bank(tmp_path: Path) -> None:
    """conform says so."""
    file = write_settings(f'{KEPT}password = "hmac:{"0" * 64}"\n', tmp_path)
    done = flask(file, "conform", "qiwi", "--account", "1", "--url", "http://127.0.0.1:1", "--yes")
    assert "only the digest of qiwi's password" in done.stderr


def test_the_password_of_a_call_that_lay_too_long_is_not_looked_up(
    database: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The queue counts: the bank has left, and those behind it wait for the database in vain."""
    program = Program(write_settings(settings_toml(database.url, request.module), tmp_path))
    connected: list[float] = []
    connect = program.database.engine.connect

    def noted(within: float) -> Any:
        connected.append(within)
        return connect(within)

    program.database.engine = Noting(noted)  # type: ignore[assignment]
    link, web_server = socket.socketpair()
    with link, web_server:
        for ago, times in ((100.0, 0), (0.0, 1)):
            environ = {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": "/paynet",
                "REMOTE_ADDR": "203.0.113.5",
                "HTTP_AUTHORIZATION": basic("paynet", "of-the-settings")["Authorization"],
                "CONTENT_LENGTH": str(len(ASKS)),
                "wsgi.input": io.BytesIO(ASKS.encode()),
                "callback.link": link,
                "CALLBACK_CAME_AT": str(time.time() - ago),
            }
            b"".join(program(environ, lambda *_: print))
            assert len(connected) == times
    program.database.close()


class Noting:
    """An engine that has been connected to."""

    def __init__(self, connect: Callable[[float], Any]) -> None:
        self.connect = connect
