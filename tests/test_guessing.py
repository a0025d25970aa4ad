"""Guessing is slowed, and nobody is locked out by it: over real gunicorn, and a process a call."""

from __future__ import annotations

import base64
import io
import itertools
import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from callback import Program, guessing, log
from callback.guessing import EACH_S, MINUTE_S, Guesses
from callback.limits import ADDRESSES, WRONG_PROOFS
from callback.locks import lock
from callback.model import Command
from callback.request import Request
from callback.settings import load
from callback.signature import url_tokens
from callback.visit import Visit
from tests.conftest import settings_toml
from tests.support.processes import Endpoint, Reply, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from callback.model import Outcome
    from tests.conftest import Engine

KEY = "only-for-these-tests-" * 3
SETTINGS = {"SECRET_KEY": KEY, "TRUSTED_PROXIES": 1, "PUBLIC_URL": "https://pay.example.kz"}
BANKS = """
[BANKS.basic]
protocol = "osmp"
username = "basic"
password = "a-right-password-of-the-bank"
bills = { form = "pull" }

[BANKS.token]
protocol = "osmp"
url_token = true

[BANKS.both]
protocol = "osmp"
url_token = true
username = "both"
password = "a-right-password-of-the-bank"

[BANKS.sign]
protocol = "click"
secret = "a-right-secret-of-the-bank"
service_id = "1"

[BANKS.asks]
protocol = "click"
secret = "a-right-secret-of-the-bank"
service_id = "1"
url_token = true
show = ["debt"]

[BANKS.inside]
protocol = "paynet_soap"
username = "inside"
password = "a-right-password-of-the-bank"
service_id = 1

[BANKS.changes]
protocol = "paynet"
username = "changes"
password = "a-right-password-of-the-bank"
service_id = 1

[BANKS.listed]
protocol = "osmp"
allow = ["203.0.113.0/24"]
username = "listed"
password = "a-right-password-of-the-bank"

[EXCHANGE]
"""
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
BANK, ATTACKER, OTHER = "203.0.113.5", "198.51.100.9", "192.0.2.77"
CHECK = "command=check&txn_id=1&account=55"
SIGN = (
    "click_trans_id=1&service_id=1&click_paydoc_id=1&merchant_trans_id=55&amount=1.00&action=0"
    "&error=0&error_note=&sign_time=2026-11-03+09:15:00&sign_string={}"
)
SOAP = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<u:GetInformationArguments xmlns:u="http://uws.provider.com/"><username>inside</username>'
    "<password>{}</password><serviceId>1</serviceId></u:GetInformationArguments></e:Body>"
    "</e:Envelope>"
)


def basic(username: str, password: str = "a-right-password-of-the-bank") -> dict[str, str]:
    letters = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {letters}"}


class Way(NamedTuple):
    """A way to guess: what is sent, and what is answered to a wrong proof and to a slowed call."""

    path: str
    body: str | None
    username: str
    wrong: tuple[int, bytes]
    slowed: tuple[int, bytes]

    def send(self, endpoint: Endpoint, guess: str, caller: str) -> Reply:
        headers = {"X-Forwarded-For": caller, "Content-Type": "application/x-www-form-urlencoded"}
        if self.username:
            headers |= basic(self.username, guess)
        body = self.body and self.body.format(guess)
        return endpoint.call(self.path.format(guess), "POST" if body else "GET", body, headers)

    def is_wrong(self, reply: Reply) -> bool:
        return reply.status == self.wrong[0] and self.wrong[1] in reply.body

    def is_slowed(self, reply: Reply) -> bool:
        return reply.status == self.slowed[0] and self.slowed[1] in reply.body


NOTHING = (404, b"")
WAYS = {
    "password": Way(f"/basic?{CHECK}", None, "basic", (401, b""), (200, b"<result>1<")),
    "list": Way("/basic/bills?date=202611", None, "basic", (401, b""), (503, b"")),
    "sign": Way("/sign", SIGN, "", (200, b'"error":-1,'), (503, b"")),
    "inside": Way("/inside", SOAP, "", (200, b"<status>412<"), (503, b"")),
    "changes": Way("/changes", "{{}}", "changes", (401, b"412"), (503, b"")),
}
# What is 404 to all strangers is 404 when it is slowed, too: only the log tells.
HIDDEN = {
    "token": "/token/{}?" + CHECK,
    "token of a list": "/token/{}/bills",
    "doctor": "/doctor/{}",
    "health": "/health/{}",
    "exchange": "/exchange/{}/known",
}
_callers = (f"198.51.{number // 250}.{number % 250 + 1}" for number in itertools.count(300))


@pytest.fixture
def attacker() -> str:
    """An address that has never called."""
    return next(_callers)


@pytest.fixture(scope="module")
def alone(database: Engine, folder: Path, request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """One worker, so that what one process counts can be told to the call."""
    database.account("55")
    with Endpoint(settings_toml(database.url, request.module), folder, workers=1) as endpoint:
        yield endpoint


def lines_of(endpoint: Endpoint, caller: str) -> list[dict[str, Any]]:
    return [line for line in endpoint.log() if line.get("address") == caller]


@on_sqlite
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_wrong_proofs_are_looked_at_so_often_and_then_told_to_ask_again(
    alone: Endpoint, attacker: str, way: Way
) -> None:
    """In the dialect's words; the log has a line for each that was looked at, and one more."""
    started = time.monotonic()
    replies = [way.send(alone, f"guess{n}", attacker) for n in range(WRONG_PROOFS * 3)]
    passed = time.monotonic() - started
    outcomes = [line["outcome"] for line in lines_of(alone, attacker)]
    looked_at = sum(map(way.is_wrong, replies))

    assert all(map(way.is_wrong, replies[:WRONG_PROOFS]))
    assert WRONG_PROOFS <= looked_at <= WRONG_PROOFS + passed / EACH_S + 1
    assert looked_at + sum(map(way.is_slowed, replies)) == len(replies)
    assert outcomes.count("slowed") == 1
    assert len(outcomes) == looked_at + 1


@on_sqlite
@pytest.mark.parametrize("path", HIDDEN.values(), ids=HIDDEN)
def test_wrong_tokens_are_404_throughout_and_soon_no_line(
    alone: Endpoint, attacker: str, path: str
) -> None:
    """Nobody learns that there is something to be guessed at."""
    started = time.monotonic()
    heads = {
        without_date(alone.call(path.format(f"guess{n}"), headers={"X-Forwarded-For": attacker}))
        for n in range(WRONG_PROOFS * 3)
    }
    passed = time.monotonic() - started
    outcomes = [line["outcome"] for line in lines_of(alone, attacker)]

    assert [head[0] for head in heads] == [404]
    assert outcomes.count("slowed") == 1
    assert outcomes[WRONG_PROOFS:][:1] == ["slowed"] or outcomes[WRONG_PROOFS - 1] == "slowed"
    assert len(outcomes) <= WRONG_PROOFS + passed / EACH_S + 2


def without_date(reply: Reply) -> tuple[Any, ...]:
    headers = [header for header in reply.headers.items() if header[0] != "Date"]
    return reply.status, *headers, reply.body


@on_sqlite
def test_a_bank_is_served_meanwhile(alone: Endpoint, attacker: str) -> None:
    """From elsewhere at any time; from the attacker's address where it has proved itself before."""
    right = {"X-Forwarded-For": attacker, **basic("basic")}
    assert "<result>0<" in alone.call(f"/basic?{CHECK}", headers=right).text
    for n in range(WRONG_PROOFS * 2):
        WAYS["password"].send(alone, f"guess{n}", attacker)
        assert "<result>0<" in alone.call(f"/basic?{CHECK}", headers=right).text
    elsewhere = {"X-Forwarded-For": BANK, **basic("basic")}

    assert "<result>0<" in alone.call(f"/basic?{CHECK}", headers=elsewhere).text
    assert "slowed" not in [line["outcome"] for line in lines_of(alone, attacker)]


@on_sqlite
def test_one_bank_s_proof_lets_nobody_guess_at_another(alone: Endpoint, attacker: str) -> None:
    """A bank with a password of its own, and time, is a stranger at its neighbour's address."""
    right = {"X-Forwarded-For": attacker, **basic("basic")}
    assert "<result>0<" in alone.call(f"/basic?{CHECK}", headers=right).text
    replies = [WAYS["inside"].send(alone, f"guess{n}", attacker) for n in range(WRONG_PROOFS + 1)]

    assert WAYS["inside"].is_slowed(replies[-1])
    assert "<result>0<" in alone.call(f"/basic?{CHECK}", headers=right).text


@on_sqlite
@pytest.mark.slow
def test_a_bank_that_mends_its_password_gets_through(alone: Endpoint, attacker: str) -> None:
    """It is told to ask again, and is heard within three seconds."""
    for n in range(WRONG_PROOFS * 2):
        WAYS["password"].send(alone, f"guess{n}", attacker)
    right = {"X-Forwarded-For": attacker, **basic("basic")}
    end = time.monotonic() + 30
    while "<result>1<" in (text := alone.call(f"/basic?{CHECK}", headers=right).text):
        assert time.monotonic() < end
        time.sleep(0.1)

    assert "<result>0<" in text


@on_sqlite
def test_a_right_token_is_never_slowed_but_what_stands_beside_it_is(
    alone: Endpoint, attacker: str
) -> None:
    """Nobody finds 256 bits; who has them may still guess at a password."""
    token, both = (url_tokens(name, [KEY.encode()])[0].decode() for name in ("token", "both"))
    for n in range(WRONG_PROOFS + 1):
        WAYS["password"].send(alone, f"guess{n}", attacker)
    headers = {"X-Forwarded-For": attacker, **basic("both")}

    assert alone.call(f"/both/x?{CHECK}", headers=headers).status == 404
    assert "<result>1<" in alone.call(f"/both/{both}?{CHECK}", headers=headers).text
    assert "<result>0<" in alone.call(f"/token/{token}?{CHECK}", headers=headers).text


@on_sqlite
def test_what_is_told_for_the_token_alone_lets_nobody_guess_at_the_sign(
    alone: Endpoint, attacker: str
) -> None:
    """A getinfo needs no sign (click.md, section 9): who has sent one is no known caller."""
    token = url_tokens("asks", [KEY.encode()])[0].decode()
    getinfo = json.dumps({"action": 0, "service_id": 1, "params": {"contract": "55"}})
    headers = {"X-Forwarded-For": attacker, "Content-Type": "application/json"}
    told = alone.call(f"/asks/{token}/info", "POST", getinfo, headers)
    guess = WAYS["sign"]._replace(path=f"/asks/{token}")
    replies = [guess.send(alone, f"guess{n}", attacker) for n in range(WRONG_PROOFS + 1)]

    assert '"error":0' in told.text
    assert guess.is_wrong(replies[0])
    assert guess.is_slowed(replies[-1])


@on_sqlite
def test_who_stands_in_allow_is_never_slowed(alone: Endpoint) -> None:
    """Whatever it sends."""
    headers = {"X-Forwarded-For": "203.0.113.99"}
    replies = [
        alone.call(f"/listed?{CHECK}", headers=headers | basic("listed", f"guess{n}"))
        for n in range(WRONG_PROOFS * 2)
    ]

    assert {reply.status for reply in replies} == {401}


@on_sqlite
@pytest.mark.slow
def test_an_address_that_may_be_a_proxys_is_never_slowed(alone: Endpoint) -> None:
    """Where TRUSTED_PROXIES is wrong, banks and strangers have it alike."""
    for caller in ("127.0.0.1", "10.7.7.7", "100.64.3.7", "192.168.1.1", "fd00::1", "unknown"):
        replies = [
            WAYS["password"].send(alone, f"guess{n}", caller) for n in range(WRONG_PROOFS * 2)
        ]
        assert {reply.status for reply in replies} == {401}, caller


@on_sqlite
def test_who_brings_no_proof_at_all_has_not_guessed(alone: Endpoint, attacker: str) -> None:
    """Some clients call without a password first, and bring it when they are asked."""
    headers = {"X-Forwarded-For": attacker}
    bare = [alone.call(f"/basic?{CHECK}", headers=headers).status for _ in range(WRONG_PROOFS * 2)]
    bare += [alone.call("/token", headers=headers).status for _ in range(WRONG_PROOFS * 2)]

    assert {*bare} == {401, 404}
    assert "<result>0<" in alone.call(f"/basic?{CHECK}", headers=headers | basic("basic")).text


@on_sqlite
def test_a_neighbour_in_a_64_is_the_same_caller(alone: Endpoint) -> None:
    """Of IPv6 anybody has that many addresses."""
    replies = [
        WAYS["password"].send(alone, f"guess{n}", f"2001:db8:1:2:{n << 11:x}::1")
        for n in range(WRONG_PROOFS + 1)
    ]
    other = WAYS["password"].send(alone, "guess", "2001:db8:1:3::1")

    assert WAYS["password"].is_slowed(replies[-1])
    assert WAYS["password"].is_wrong(other)


# In one process: what must not be asked, and what a process that hears one call shares.


@pytest.fixture
def settings(database: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    toml = 'LOG = "callback.log"\n' + settings_toml(database.url, request.module)
    return write_settings(toml, tmp_path)


def ask(program: Program, caller: str, header: str, **environ: Any) -> tuple[str, bytes]:
    """Call as a WSGI server does; status and body."""
    told: list[str] = []
    base = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/basic",
        "QUERY_STRING": CHECK,
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_X_FORWARDED_FOR": caller,
        "HTTP_AUTHORIZATION": header,
        "wsgi.input": io.BytesIO(),
    }

    def start(status: str, _: Any, *__: Any) -> Callable[[bytes], object]:
        told.append(status)
        return lambda _: None

    body = b"".join(program({**base, **environ}, start))
    return told[0], body


@on_sqlite
@pytest.mark.usefixtures("clock")
def test_a_slowed_call_costs_the_database_nothing(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a password may be in the database, each wrong one asks for it: 30 times, not 31."""
    program = Program(settings)
    asked = []
    session = program.database.session

    def counted(*age: float) -> Any:
        asked.append(1)
        return session(*age)

    monkeypatch.setattr(program.database, "session", counted)
    post = {"REQUEST_METHOD": "POST", "PATH_INFO": "/changes", "CONTENT_LENGTH": "0"}
    for n in range(WRONG_PROOFS * 2):
        ask(program, ATTACKER, basic("changes", f"guess{n}")["Authorization"], **post)

    assert len(asked) == WRONG_PROOFS
    program.database.close()


@on_sqlite
@pytest.mark.usefixtures("clock")
@pytest.mark.slow
def test_processes_that_hear_one_call_each_count_together(settings: Path) -> None:
    """As through CGI: the file beside the log says it, and only its owner may read that."""
    wrong, right = basic("basic", "guess")["Authorization"], basic("basic")["Authorization"]
    once = {"wsgi.run_once": True}

    def call(caller: str, header: str) -> str:
        program = Program(settings)
        status, body = ask(program, caller, header, **once)
        program.database.close()
        return status[:3] + (" later" if b"<result>1<" in body else "")

    assert call(BANK, right) == "200"
    assert [call(ATTACKER, wrong) for _ in range(WRONG_PROOFS)] == ["401"] * WRONG_PROOFS
    assert call(ATTACKER, wrong) == "200 later"
    assert call(OTHER, right) == "200"
    kept = settings.with_name("callback.log.callers")
    lines = settings.with_name("callback.log").read_text().splitlines()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [json.loads(line)["outcome"] for line in lines].count("slowed") == 1


@on_sqlite
def test_what_one_process_has_heard_the_others_find_out(settings: Path) -> None:
    """A bank that has proved itself to one worker is not told to ask again by the next."""
    worker, other = (Guesses(settings.with_name("callback.log")) for _ in range(2))
    for _ in range(WRONG_PROOFS * 2):
        other.wrong("basic", ATTACKER, {})
    assert other.slows("basic", ATTACKER)
    worker.right("basic", ATTACKER)

    assert not other.slows("basic", ATTACKER)
    assert other.slows("other", ATTACKER)


@on_sqlite
def test_what_has_not_changed_is_not_read_again(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each call that is slowed."""
    worker = Guesses(settings.with_name("callback.log"))
    worker.right("basic", OTHER)
    for _ in range(WRONG_PROOFS * 2):
        worker.wrong("basic", ATTACKER, {})
    reads: list[bytes] = []
    monkeypatch.setattr(worker, "_adopt", reads.append)

    assert [worker.slows("basic", ATTACKER) for _ in range(5)] == [True] * 5
    assert len(reads) == 1


@on_sqlite
def test_a_restart_knows_who_has_proved_himself(settings: Path) -> None:
    """Or else a bank would be given to whoever guesses from its address."""
    first = Guesses(settings.with_name("callback.log"))
    first.right("basic", ATTACKER)
    second = Guesses(settings.with_name("callback.log"))
    for _ in range(WRONG_PROOFS * 2):
        second.wrong("basic", ATTACKER, {})
        second.wrong("other", ATTACKER, {})

    assert not second.slows("basic", ATTACKER)
    assert second.slows("other", ATTACKER)


@on_sqlite
@pytest.mark.parametrize(
    "broken",
    [b"", b"{", b"[]", b'{"due": 7}', b'{"due": {"a": 7}, "known": 3}', b'{"known": []}', b"\xff"],
)
def test_a_file_that_cannot_be_read_costs_nothing(settings: Path, broken: bytes) -> None:
    """Its writer was killed, or somebody has edited it; or it is root's, or no file."""
    path = settings.with_name("callback.log")
    kept = settings.with_name("callback.log.callers")
    kept.write_bytes(broken)
    guesses = Guesses(path)
    guesses.right("basic", BANK)
    for _ in range(WRONG_PROOFS):
        guesses.wrong("basic", ATTACKER, {"wsgi.run_once": True})

    assert guesses.slows("basic", ATTACKER)
    assert Guesses(path).slows("basic", ATTACKER)
    kept.unlink()
    kept.mkdir()
    guesses.right("basic", OTHER)
    assert Guesses(path).due == {}


@pytest.mark.parametrize("hour", [-3600, 3600])
def test_a_clock_that_jumps_slows_nobody_for_longer(
    hour: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour back, an hour forth: from then on it is counted as ever."""
    guesses = Guesses()
    for _ in range(WRONG_PROOFS):
        guesses.wrong("basic", ATTACKER, {})
    assert guesses.slows("basic", ATTACKER)
    now = time.time()
    monkeypatch.setattr("callback.guessing.time.time", lambda: now + hour)

    assert not guesses.slows("basic", ATTACKER)
    guesses.wrong("basic", ATTACKER, {})
    assert not guesses.slows("basic", ATTACKER)
    for _ in range(WRONG_PROOFS):
        guesses.wrong("basic", ATTACKER, {})
    assert guesses.slows("basic", ATTACKER)


def test_an_attack_is_one_line_and_the_next_another(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every two seconds a proof is looked at: that is the same attack."""
    log.start(None)
    guesses, now = Guesses(), 1_800_000_000.0
    monkeypatch.setattr("callback.guessing.time.time", lambda: now)

    def attack(seconds: int) -> None:
        nonlocal now
        for _ in range(seconds):
            while not guesses.slows("basic", ATTACKER):
                guesses.wrong("basic", ATTACKER, {})
            now += 1

    attack(300)
    now += MINUTE_S
    attack(5)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["outcome"] for line in lines] == ["slowed"] * 2


class Clock:
    """The time of the tests, in seconds."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("callback.guessing.time.time", clock)
    return clock


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, dict[str, str]]]:
    """The lines of the log."""
    lines: list[tuple[int, dict[str, str]]] = []
    monkeypatch.setattr(log, "call", lambda level, **line: lines.append((level, line)))
    return lines


@pytest.mark.parametrize(
    ("wrong", "later", "again", "slowed"),
    [
        (29, 0.0, 0, False),
        (30, 0.0, 0, True),
        (30, 1.875, 0, True),
        (30, 2.0, 0, False),  # two seconds for each
        (30, 2.0, 1, True),
        (30, 4.0, 1, False),
        (30, 4.0, 2, True),
        (30, 60.0, 29, False),  # a minute, and all is forgotten
        (30, 60.0, 30, True),
        (99, 60.0, 29, False),
        # A clock that is set back by more than that was wrong before.
        (30, -1.875, 0, True),
        (30, -2.0, 0, False),
        (30, -2.0, 1, False),
        (30, -1.875, 1, True),
    ],
)
def test_so_many_in_a_minute_and_then_one_in_two_seconds(  # noqa: PLR0917
    clock: Clock,
    told: list[tuple[int, dict[str, str]]],
    wrong: int,
    later: float,
    again: int,
    slowed: bool,
) -> None:
    """A minute holds thirty."""
    guesses = Guesses()
    for _ in range(wrong):
        guesses.wrong("basic", ATTACKER, {})
    assert len(told) == (wrong >= WRONG_PROOFS)
    clock.now += later
    for _ in range(again):
        guesses.wrong("basic", ATTACKER, {})

    assert guesses.slows("basic", ATTACKER) is slowed
    assert not guesses.slows("basic", OTHER)


def test_the_line_says_who_and_why_and_the_next_attack_is_another(
    clock: Clock, told: list[tuple[int, dict[str, str]]], tmp_path: Path
) -> None:
    """Strangers have a budget of such lines, no bank's; also where each process hears one call."""
    for is_alone in (False, True):
        path = tmp_path / "callback.log" if is_alone else None
        guesses = Guesses(path)
        for place in range(32):
            guesses = Guesses(path) if is_alone else guesses
            guesses.wrong("basic", f"::ffff:{ATTACKER}", {"wsgi.run_once": is_alone})
            clock.now += 2.0 * (place >= WRONG_PROOFS)
        why = "30 wrong proofs in a minute: it is told to ask again, unread"
        line = {"bank": "basic", "address": f"::ffff:{ATTACKER}", "outcome": "slowed", "why": why}
        assert told == [(log.WARNING, {"stranger": "slowed", **line})]
        clock.now += 58.0
        for _ in range(WRONG_PROOFS):
            guesses.wrong("basic", ATTACKER, {"wsgi.run_once": is_alone})
        assert len(told) == 2
        told.clear()


def test_what_a_process_of_many_calls_counts_is_in_no_file(tmp_path: Path) -> None:
    """It would have to write at every guess."""
    guesses = Guesses(tmp_path / "callback.log")
    guesses.wrong("basic", ATTACKER, {"wsgi.run_once": False})
    guesses.wrong("basic", ATTACKER, {})

    assert [*tmp_path.iterdir()] == []
    assert [*guesses.due] == [ATTACKER]


def test_what_others_have_counted_is_added_and_takes_nothing_back(
    clock: Clock, tmp_path: Path
) -> None:
    """Of two counts the later holds; what is over goes."""
    path, kept = tmp_path / "callback.log", tmp_path / "callback.log.callers"
    due = {ATTACKER: [clock.now + 10, False], OTHER: [clock.now + 50, 1], "::": [clock.now, True]}
    kept.write_text(json.dumps({"due": due, "known": ["basic 192.0.2.1"]}))
    guesses = Guesses(path)
    assert guesses.due == {place: (until, bool(told)) for place, (until, told) in due.items()}
    guesses.due = {ATTACKER: (clock.now + 20, True), OTHER: (clock.now + 40, False)}
    guesses.right("basic", BANK)

    assert guesses.due[ATTACKER] == (clock.now + 20, True)
    assert guesses.due[OTHER] == (clock.now + 50, True)
    assert json.loads(kept.read_text()) == {
        "due": {ATTACKER: [clock.now + 20, True], OTHER: [clock.now + 50, True]},
        "known": ["basic 192.0.2.1", f"basic {BANK}"],
    }


@on_sqlite
@pytest.mark.parametrize(
    ("name", "outcome", "path", "command", "counted"),
    [
        ("basic", "bad_token", "", "", "wrong"),
        ("basic", "not_authenticated", "", "", "wrong"),
        ("basic", "bad_signature", "", "pay", "wrong"),
        ("basic", "ok", "", "check", "right"),
        ("basic", "unknown_account", "", "check", "right"),
        ("basic", "temporary", "", "check", ""),  # the proof was not looked at, perhaps
        ("basic", "unreadable", "", "", ""),
        ("basic", "ok", "", "", ""),
        ("asks", "ok", "info", "info", ""),  # opened by `show`
        ("asks", "ok", "", "prepare", "right"),
    ],
)
def test_what_a_call_has_proved_is_noted(  # noqa: PLR0917
    settings: Path, name: str, outcome: Outcome, path: str, command: str, counted: str
) -> None:
    """Wrong, right, or nothing."""
    given = load(settings)
    header = basic("basic")["Authorization"]
    environ = {"HTTP_AUTHORIZATION": header, "HTTP_X_FORWARDED_FOR": ATTACKER}
    visit = Visit(given, given.banks[name], Request(environ))
    guesses = Guesses(settings.with_name("callback.log"))
    guesses.note(visit, "token", path, Command(name=command), outcome)

    assert [*guesses.due] == [ATTACKER] * (counted == "wrong")
    for _ in range(WRONG_PROOFS):
        guesses.wrong(name, ATTACKER, {})
    assert guesses.slows(name, ATTACKER) is (counted != "right")


def test_who_has_proved_himself_is_written_down_once(tmp_path: Path) -> None:
    """Not at each of his calls; and nobody is, of whom the address says nothing."""
    guesses = Guesses(tmp_path / "callback.log")
    guesses.right("basic", "10.0.0.7")
    assert [*tmp_path.iterdir()] == []
    guesses.right("basic", BANK)
    (tmp_path / "callback.log.callers").unlink()
    guesses.right("basic", BANK)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("size", "known"), [(1024 * 1024, True), (1024 * 1024 + 1, False)])
def test_no_more_of_the_file_is_read_than_we_write(tmp_path: Path, size: int, known: bool) -> None:
    """Whatever has grown there: at the start and at a change."""
    kept = tmp_path / "callback.log.callers"
    text = json.dumps({"due": {}, "known": [f"basic {ATTACKER}"]}).encode()
    kept.write_bytes(text.rjust(size))
    first = Guesses(tmp_path / "callback.log")
    kept.unlink()
    second = Guesses(tmp_path / "callback.log")
    kept.write_bytes(text.rjust(size))
    second.right("basic", BANK)
    for guesses in (first, second):
        for _ in range(WRONG_PROOFS):
            guesses.wrong("basic", ATTACKER, {})
        assert guesses.slows("basic", ATTACKER) is not known


def test_a_full_disk_counts_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be told to the others is known here all the same."""

    def full(_: int, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    guesses = Guesses(tmp_path / "callback.log")
    monkeypatch.setattr("callback.guessing.os.write", full)
    for _ in range(WRONG_PROOFS - 1):
        guesses.wrong("basic", ATTACKER, {"wsgi.run_once": True})
    assert not guesses.slows("basic", ATTACKER)
    guesses.wrong("basic", ATTACKER, {"wsgi.run_once": True})
    assert guesses.slows("basic", ATTACKER)


def test_a_process_that_was_stopped_with_the_lock_keeps_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither who has proved himself nor who has not; each process counts for itself then."""
    monkeypatch.setattr("callback.locks.FILE_LOCK_S", 0.05)
    path = tmp_path / "callback.log"
    log.start(path)
    try:
        with ExitStack() as stack:
            for kept in ("callers", "strangers", "lock"):
                file = stack.enter_context((tmp_path / f"callback.log.{kept}").open("wb"))
                lock(file.fileno())
            guesses = Guesses(path)
            guesses.right("basic", BANK)
            guesses.wrong("basic", ATTACKER, {"wsgi.run_once": True})
            log.call(log.WARNING, stranger="basic", outcome="bad_token")
    finally:
        log.start(None)
    for _ in range(WRONG_PROOFS):
        guesses.wrong("basic", BANK, {})
    assert not guesses.slows("basic", BANK)
    assert [*guesses.due] == [ATTACKER]
    assert "bad_token" in path.read_text()
    assert capsys.readouterr().err == ""


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes; from the file, too."""
    monkeypatch.setattr(guessing, "ADDRESSES", 8)
    monkeypatch.setattr(guessing, "KNOWN_OF_ONE", 8)
    one, other = (Guesses(tmp_path / "callback.log") for _ in range(2))
    for number in range(30):
        one.wrong("basic", f"198.51.100.{number}", {"wsgi.run_once": True})
        other.right("basic", f"203.0.113.{number}")

    for guesses in (one, other, Guesses(tmp_path / "callback.log")):
        assert len(guesses.due) == 8
        assert not guesses.slows("basic", "198.51.100.29")
    assert [*one.due] == [f"198.51.100.{number}" for number in range(22, 30)]
    kept = json.loads((tmp_path / "callback.log.callers").read_text())
    assert kept["known"] == [f"basic 203.0.113.{number}" for number in range(22, 30)]


def test_the_file_of_as_many_as_there_may_be_is_read() -> None:
    """What is longer would be cut off, and nothing of it known."""
    longest = f"{'b' * 32} 2001:1db8:1111:2222::/64"
    due = len(json.dumps([longest, 9_000_000_000.123456, False])) * 2 * ADDRESSES
    known = len(json.dumps([longest])) * guessing.MOST_KNOWN

    assert due + known < guessing.MAX_FILE


@pytest.mark.slow
def test_who_has_a_proof_and_many_addresses_pushes_out_nobody_elses(tmp_path: Path) -> None:
    """A bank's own are replaced by its newest; and all together find room in the file."""
    path = tmp_path / "callback.log"
    guesses, other = Guesses(path), Guesses(path)
    other.right("basic", BANK)
    for number in range(1100):
        guesses.right("inside", f"2001:db8:{number:x}::1")
    for number in range(20):
        other.right(f"bank{number}", "192.0.2.1")
    for _ in range(WRONG_PROOFS):
        for caller in (BANK, "2001:db8:1::1", "2001:db8:44b::1"):
            guesses.wrong("changes", caller, {})

    for known in (guesses, Guesses(path)):
        known.due = guesses.due
        assert not known.slows("basic", BANK)
        assert not known.slows("inside", "2001:db8:44b::1")
        assert known.slows("inside", "2001:db8:1::1")
        assert known.slows("basic", "2001:db8:44b::1")


def test_strangers_push_no_line_out_while_the_database_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is asked for a password that a bank may have changed: every line has a budget."""
    monkeypatch.setattr(log, "STRANGERS_LINES", 4)
    monkeypatch.setattr(log, "_strangers", log.Strangers())
    toml = settings_toml("mysql://usu:hidden@127.0.0.1:1/books", Away)  # type: ignore[arg-type]
    program = Program(write_settings(toml, tmp_path))
    log.start(None)
    capsys.readouterr()
    for number in range(60):
        letters = base64.b64encode(f"changes:guess{number}".encode()).decode()
        content = b"{}"
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/changes",
            "REMOTE_ADDR": ATTACKER,
            "HTTP_AUTHORIZATION": f"Basic {letters}",
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
        }
        assert program(environ, lambda *_: lambda _: None)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert {line.get("outcome") for line in lines} == {None, "temporary"}
    assert len(lines) <= 3 * (4 + 4)  # in full, then the 8th, 16th, 32nd, and one to spare


class Away:
    """A bank whose password may stand in the database."""

    BANKS = BANKS[BANKS.index("[BANKS.changes]") : BANKS.index("[BANKS.listed]")]


def test_no_more_are_known_than_the_file_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many banks the file has names of."""
    monkeypatch.setattr(guessing, "MOST_KNOWN", 5)
    guesses = Guesses()
    for number in range(9):
        guesses.right(f"bank{number}", BANK)
    for _ in range(WRONG_PROOFS):
        guesses.wrong("changes", BANK, {})

    slowed = [guesses.slows(f"bank{number}", BANK) for number in range(9)]
    assert slowed == [True] * 4 + [False] * 5


def test_a_bank_of_many_addresses_pushes_out_none_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of each the newest are kept."""
    monkeypatch.setattr(guessing, "KNOWN_OF_ONE", 2)
    guesses = Guesses()
    guesses.right("few", BANK)
    many = [f"198.51.100.{number}" for number in range(5)]
    for address in many:
        guesses.right("many", address)
    for address in (BANK, *many):
        for _ in range(WRONG_PROOFS):
            guesses.wrong("other", address, {})

    assert not guesses.slows("few", BANK)
    assert [guesses.slows("many", address) for address in many] == [True] * 3 + [False] * 2


# A storm of guesses.


@on_sqlite
@pytest.mark.deploy
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_of_20_000_guesses_a_few_are_looked_at(
    database: Engine, tmp_path: Path, request: pytest.FixtureRequest, way: Way
) -> None:
    """Two workers; a bank that calls from elsewhere meanwhile waits for no more than its turn."""
    database.clean()
    database.account("55")
    toml = settings_toml(database.url, request.module)
    with Endpoint(toml, tmp_path, workers=2) as endpoint, ThreadPoolExecutor(5) as pool:
        usual = [serve(endpoint) for _ in range(50)]
        started = time.monotonic()
        guesses = pool.map(lambda n: way.send(endpoint, f"g{n}", ATTACKER), range(20_000))
        served = pool.submit(lambda: [serve(endpoint) for _ in range(200)])
        replies = list(guesses)
        passed = time.monotonic() - started
        meanwhile = served.result()
    looked_at = sum(map(way.is_wrong, replies))
    print(f"{looked_at} of 20,000 in {passed:.1f} s;", *map(middle_ms, (usual, meanwhile)))

    assert looked_at <= 2 * (WRONG_PROOFS + passed / EACH_S + 1)
    assert looked_at + sum(map(way.is_slowed, replies)) == len(replies)


def serve(endpoint: Endpoint) -> float:
    """A check of the bank: the seconds it took."""
    started = time.monotonic()
    right = {"X-Forwarded-For": BANK, **basic("basic")}
    assert "<result>0<" in endpoint.call(f"/basic?{CHECK}", headers=right).text
    return time.monotonic() - started


def middle_ms(seconds: list[float]) -> float:
    return round(sorted(seconds)[len(seconds) // 2] * 1000, 2)
