"""The log: one JSON object a line, whatever a caller sends, and a file that rotates by itself."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, tzinfo
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from callback import log
from callback.limits import LOG_FILES, LOG_TEXT, STRANGERS_LINES
from tests.conftest import flask, settings_toml
from tests.support.processes import ROOT, Endpoint, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Engine

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
show = ["name", "address", "debt"]

[BANKS.secret]
protocol = "osmp"
username = "qiwi"
password = "hidden-password"
weak_password = true
url_token = true

[BANKS.click]
protocol = "click"
secret = "a-secret"
service_id = "1"

[BANKS.alif]
protocol = "alif"
username = "alif"
password = "hidden-password"
weak_password = true
"""


@pytest.mark.slow
def test_a_call_is_one_line_of_json(engine: Engine, endpoint: Endpoint) -> None:
    """With all that design.md, section 4, wants, and without the customer's name."""
    engine.account("55", name="Скрытова Анна")
    endpoint.call("/qiwi?command=pay&txn_id=7&account=55&sum=10.00&txn_date=20261103091500")
    line = endpoint.log()[-1]

    assert line.pop("time").endswith("+00:00")
    assert 0 < line.pop("ms") < 5000
    assert line == {
        "bank": "qiwi",
        "address": "127.0.0.1",
        "command": "pay",
        "txn_id": "7",
        "account": "55",
        "sum": "10.00",
        "outcome": "ok",
        "code": "0",
    }
    endpoint.call("/qiwi?command=check&account=55")
    assert "Скрыт" not in json.dumps(endpoint.log(), ensure_ascii=False)


@pytest.mark.parametrize(
    "account",
    [
        "a%0Ab",
        "a%0D%0A%7B%22x%22:1%7D",
        "%22,%22outcome%22:%22ok",
        "%E2%80%A8",
        "%00",
        "%FF",
        "x" * 5000,
    ],
)
def test_nothing_a_caller_sends_breaks_a_line(endpoint: Endpoint, account: str) -> None:
    """Line breaks, quotes, bytes that are no text, long texts."""
    before = len(endpoint.log())
    endpoint.call(f"/qiwi?command=check&account={account}")

    added = endpoint.log()[before:]
    assert len(added) == 1
    assert added[0]["outcome"] in ("bad_account", "unknown_account")
    assert len(added[0]["account"]) <= LOG_TEXT


def test_a_conflict_is_an_alarm(engine: Engine, endpoint: Endpoint) -> None:
    """The same txn_id with another sum."""
    engine.account("55")
    for amount in ("10.00", "11.00"):
        endpoint.call(f"/qiwi?command=pay&txn_id=7&account=55&sum={amount}&txn_date=20261103091500")
    last = endpoint.log()[-1]

    assert (last["outcome"], last["alarm"], last["level"]) == ("duplicate_other", True, "warning")


def test_no_secret_is_in_the_log(endpoint: Endpoint) -> None:
    """Neither ours nor what a stranger tries."""
    header = {"Authorization": "Basic cWl3aTpoaWRkZW4tcGFzc3dvcmQ="}
    endpoint.call("/secret/hidden-token?command=check&account=1", headers=header)

    assert endpoint.log()[-1]["outcome"] == "bad_token"
    assert "hidden" not in endpoint.output()
    assert "cWl3aTpo" not in endpoint.output()


def test_the_file_that_the_settings_name_gets_the_lines(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Beside the settings file, readable by its owner only; stderr stays empty."""
    toml = 'LOG = "log/callback.log"\n' + settings_toml(engine.url, request.module)
    (tmp_path / "log").mkdir()
    with Endpoint(toml, tmp_path) as endpoint:
        for _ in range(3):
            endpoint.call("/qiwi?command=check&account=1")
        assert endpoint.log() == []
    file = tmp_path / "log" / "callback.log"

    assert [json.loads(line)["outcome"] for line in file.read_text().splitlines()] == [
        "unknown_account"
    ] * 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_log_file_that_cannot_be_written_stops_the_commands(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """With its key; only the doctor goes on, and names it among his findings."""
    toml = 'LOG = "nowhere/callback.log"\n' + settings_toml(engine.url, request.module)
    settings = write_settings(toml, tmp_path)
    done = flask(settings, "init-db")
    doctor = flask(settings, "doctor")

    assert done.returncode != 0
    assert "LOG: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "fault   LOG: " in doctor.stdout


# The log never costs an answer.


def test_a_log_file_that_cannot_be_written_costs_no_payment(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Lines go to stderr until it can be: then to the file again, without a restart."""
    engine.account("55")
    toml = 'LOG = "later/callback.log"\n' + settings_toml(engine.url, request.module)
    with Endpoint(toml, tmp_path, workers=1) as endpoint:
        assert "<result>0<" in endpoint.call(pay(1)).text
        assert "<result>0<" in endpoint.call(pay(2)).text
        lines = endpoint.log()
        (tmp_path / "later").mkdir()
        assert "<result>0<" in endpoint.call(pay(3)).text

    assert [line.get("txn_id") for line in lines] == [None, "1", "2"]
    assert "later/callback.log cannot be written" in lines[0]["message"]
    assert ids(tmp_path / "later" / "callback.log") == ["3"]
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(3,)]


def test_a_folder_that_is_renamed_takes_its_log_along(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every payment is answered and every line is somewhere; a new folder gets the next ones."""
    engine.account("55")
    (tmp_path / "log").mkdir()
    toml = 'LOG = "log/callback.log"\n' + settings_toml(engine.url, request.module)
    with Endpoint(toml, tmp_path, workers=1) as endpoint:
        replies = [endpoint.call(pay(1))]
        (tmp_path / "log").rename(tmp_path / "old")
        replies += [endpoint.call(pay(2)), endpoint.call(pay(3))]
        (tmp_path / "log").mkdir()
        replies += [endpoint.call(pay(4))]

    assert all("<result>0<" in reply.text for reply in replies)
    assert ids(tmp_path / "old" / "callback.log") == ["1", "2", "3"]
    assert ids(tmp_path / "log" / "callback.log") == ["4"]


def pay(number: int) -> str:
    query = f"command=pay&txn_id={number}&account=55&sum=10.00&txn_date=20261103091500"
    return f"/qiwi?{query}"


def ids(file: Path) -> list[str]:
    return [json.loads(line)["txn_id"] for line in file.read_text().splitlines()]


IS_ROOT = os.geteuid() == 0
WHO = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
WRITER = """
import fcntl, logging, os, resource, sys  # all of it while the interpreter's files can be read
from pathlib import Path
from callback import log
path, uid, gid = Path(sys.argv[1]), *map(int, sys.argv[4:])
if os.geteuid() != uid:
    os.setgroups([]), os.setgid(gid), os.setuid(uid)
log.start(path)
for number in range(int(sys.argv[2])):
    log.call(logging.INFO, txn_id=str(number))
    exec(sys.argv[3])
"""


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program that changes its user, or finds no room for a file.

    Which lines it runs is not measured: that takes a file, too.
    """
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        check=True,
        capture_output=True,
        text=True,
    )


def written(path: Path, lines: int, between: str = "", *, root: bool = False) -> str:
    """Write lines as the account that the folder belongs to, or as root; what stderr got."""
    account = (os.geteuid(), os.getegid()) if root else (WHO.pw_uid, WHO.pw_gid)
    return run(WRITER, str(path), str(lines), between, *map(str, account)).stderr


@pytest.fixture
def account_folder() -> Iterator[Path]:
    """A folder of the account's, where it may pass."""
    folder = Path(tempfile.mkdtemp(prefix="callback-log-"))
    if IS_ROOT:
        os.chown(folder, WHO.pw_uid, WHO.pw_gid)
    yield folder
    shutil.rmtree(folder)


# What root does to the file: puts another in its place, or takes it away from the account.
REPLACED = """
if number == 1:
    other = path.with_name("other")
    other.touch()
    os.chmod(other, 0)
    os.replace(other, path)
"""


def test_a_file_that_root_has_put_there_goes_the_way_of_a_full_one(account_folder: Path) -> None:
    """The account cannot write to it, and nobody waits for root."""
    path = account_folder / "callback.log"
    stderr = written(path, 4, REPLACED)

    assert stderr == ""
    assert ids(path) == ["2", "3"]
    foreign = path.with_name("callback.log.1")
    assert foreign.stat().st_size == 0
    assert stat.S_IMODE(foreign.stat().st_mode) == 0


def test_where_that_cannot_be_lines_go_to_stderr_until_root_has_gone(account_folder: Path) -> None:
    """The folder may not be written either."""
    path = account_folder / "callback.log"
    locked = REPLACED + "    os.chmod(path.parent, 0o500)\n"
    locked += "if number == 3: os.chmod(path.parent, 0o700)\n"
    stderr = [json.loads(line) for line in written(path, 6, locked).splitlines()]

    assert "cannot be written" in stderr[0]["message"]
    assert [line["txn_id"] for line in stderr[1:]] == ["2", "3"]
    assert ids(path) == ["4", "5"]


def test_what_root_writes_belongs_to_the_folders_owner(account_folder: Path) -> None:
    """The log, its lock, the count of strangers: the service can go on with all of them."""
    if not IS_ROOT:
        pytest.fail("only root can be root: run the tests of the log as root, in a container")
    path = account_folder / "callback.log"
    stranger = "log.call(logging.INFO, stranger='qiwi', txn_id='s'); log.LOG_BYTES = 300"
    written(path, 20, stranger, root=True)
    owners = {file.name: file.stat().st_uid for file in account_folder.iterdir()}

    assert {"callback.log", "callback.log.1", "callback.log.lock", "callback.log.strangers"} <= set(
        owners
    )
    assert set(owners.values()) == {WHO.pw_uid}
    assert written(path, 1) == ""


def ends(write: Callable[[str], None], line: str, times: int = 1) -> bool:
    """Whether somebody who writes so many lines comes back."""

    def repeat() -> None:
        for _ in range(times):
            write(line)

    writer = Thread(target=repeat, daemon=True)
    writer.start()
    writer.join(20)
    return not writer.is_alive()


@pytest.mark.skipif(os.name != "posix", reason="pipes with names")
def test_a_pipe_in_its_place_is_not_waited_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither one that nobody reads, nor one whose reader stands still: stderr has the lines."""
    path = tmp_path / "callback.log"
    os.mkfifo(path)
    file = log.RotatingFile(path)

    assert ends(file.write, "nobody")
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK)) as reader:
        assert ends(file.write, "somebody")
        assert reader.readline() == "somebody\n"
        assert ends(file.write, "x" * 1000, 1000)
    told = capfd.readouterr().err.splitlines()
    assert told[1] == "nobody"
    assert told[-1] == "x" * 1000


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nothing tells whether a pipe is read")
def test_who_does_not_read_stderr_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not two, at least: the first line waits for him. When he reads on, he hears what is lost."""
    monkeypatch.setattr(log, "STDERR_S", 0.01)
    stderr = log.Stderr()
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as here, os.fdopen(reader) as there:
        monkeypatch.setattr(sys, "stderr", here)
        assert ends(stderr.write, "x" * 1000, 1000)
        kept = [there.readline() for _ in range(60)]
        assert ends(stderr.write, "again")
        here.close()
        rest = there.readlines()

    assert {*kept} == {"x" * 1000 + "\n"}
    lost = 1000 - len(kept) - len(rest) + 2
    assert f"{lost} lines are lost" in rest[-2]
    assert rest[-1] == "again\n"


# The program as a service of an account: root begins, for only root can read this machine's Python.
SERVICE = """
import fcntl, os, sys
from io import BytesIO
from pathlib import Path
from callback import Program
program, path, uid, gid = Program(Path(sys.argv[1])), Path(sys.argv[2]), *map(int, sys.argv[3:])
def pay(number):
    query = f"command=pay&txn_id={number}&account=55&sum=10.00&txn_date=20261103091500"
    environ = {"PATH_INFO": "/qiwi", "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1"}
    print(b"".join(program(environ | {"wsgi.input": BytesIO()}, lambda *_: None)))
pay(1)
if os.geteuid() != uid:
    os.setgroups([]), os.setgid(gid), os.setuid(uid)
pay(2)
foreign = path.with_name("foreign")
foreign.touch()
os.chmod(foreign, 0)
os.replace(foreign, path)
pay(3)
pay(4)
program.database.close()
"""


@pytest.mark.parametrize("database", ["mariadb"], indirect=True)
@pytest.mark.slow
def test_a_service_answers_whatever_root_does_to_its_log(
    engine: Engine, account_folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Root's command makes it, root puts another in its place: each payment is told as recorded."""
    engine.account("55")
    path = account_folder / "callback.log"
    toml = f'LOG = "{path}"\n' + settings_toml(engine.url, request.module)
    settings = write_settings(toml, tmp_path)
    assert flask(settings, "payments").returncode == 0
    made_by = path.stat().st_uid
    account = (str(WHO.pw_uid), str(WHO.pw_gid))
    done = run(SERVICE, str(settings), str(path), *account)

    assert made_by == WHO.pw_uid
    assert done.stdout.count("<result>0<") == 4
    assert done.stderr == ""
    assert ids(path) == ["3", "4"]
    assert stat.S_IMODE(path.with_name("callback.log.1").stat().st_mode) == 0


@pytest.mark.parametrize("is_hard", [False, True])
def test_root_gives_nobody_a_file_through_a_link(account_folder: Path, is_hard: bool) -> None:
    """The account may have laid it to a file of root's; another may only be written to by him."""
    if not IS_ROOT:
        pytest.fail("only root can be root: run the tests of the log as root, in a container")
    treasure = account_folder.with_name(f"{account_folder.name}-treasure")
    treasure.touch(mode=0o600)
    path = account_folder / "callback.log"
    try:
        (os.link if is_hard else os.symlink)(treasure, path)
        written(path, 1, root=True)
        assert treasure.stat().st_uid == 0
        assert is_hard or treasure.read_text() == ""
    finally:
        treasure.unlink()


def test_a_full_disk_costs_no_answer() -> None:
    """Nor does a log without any place: no stderr, no file."""
    stderr = written(Path("/dev/full"), 2)
    lines = [json.loads(line) for line in stderr.splitlines()]

    assert [line.get("txn_id") for line in lines] == [None, "0", "1"]
    assert written(Path("/dev/full"), 3, "sys.stderr.close()") != ""


LITTLE_ROOM = """
room = path.stat().st_size + 20
if number == 1: resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
if number == 3: resource.setrlimit(resource.RLIMIT_FSIZE, (2**40, resource.RLIM_INFINITY))
"""


def test_a_disk_with_room_for_half_a_line_breaks_no_other(account_folder: Path) -> None:
    """The torn one is on stderr, whole; the next begins on a line of its own."""
    path = account_folder / "callback.log"
    stderr = written(path, 6, LITTLE_ROOM)
    lines = path.read_text().splitlines()

    assert [json.loads(line).get("txn_id") for line in stderr.splitlines()] == [None, "2", "3"]
    assert [json.loads(line)["txn_id"] for line in lines if line.endswith("}")] == [
        *("0", "1", "4", "5")
    ]
    assert len(lines) == 5


# Strangers.

STRANGERS = """
log.LOG_BYTES = 20000
for number in range(5000):
    log.call(logging.WARNING, stranger="qiwi", outcome="bad_token", filler="x" * 150)
"""


@pytest.mark.slow
def test_strangers_push_no_line_out(account_folder: Path) -> None:
    """Four processes, 20,000 calls: over 40 files' worth; every payment's line is still there."""
    path = account_folder / "callback.log"
    written(path, 20)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: written(path, 1, STRANGERS), range(4)))
    files = [
        file for file in account_folder.iterdir() if file.suffix not in (".lock", ".strangers")
    ]
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    strangers = [line for line in lines if line.get("outcome") == "bad_token"]

    assert sum("txn_id" in line for line in lines) == 20 + 4
    in_full = [line for line in strangers if "strangers" not in line]
    assert len(in_full) == STRANGERS_LINES
    assert [line["strangers"] for line in strangers if "strangers" in line] == sorted(
        2**power
        for power in range(9, 15)  # up to 16,384
    )


def test_what_goes_wrong_inside_for_a_stranger_has_a_budget_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning and a traceback; those of a bank's own calls are written all."""
    monkeypatch.setattr(log, "_strangers", log.Strangers())
    monkeypatch.setattr(log, "STRANGERS_LINES", 3)
    log.start(None)
    for say in (log.warning, log.unexpected):
        for whose, wanted in (("", [None] * 9), (f"{say}", [None] * 3 + [4, 8])):
            for _ in range(9):
                say("the database is away", stranger=whose)
            lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
            assert [line.get("strangers") for line in lines] == wanted


def test_each_bank_and_each_day_has_its_own_strangers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who knocks at one address hides nobody's mistake at another, and nobody's tomorrow."""

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Tomorrow:
            return cls(2099, 1, 1, tzinfo=tz)

    for path in ("", str(tmp_path / "strangers")):
        strangers = log.Strangers()
        strangers.path = path
        assert [strangers.count("qiwi") for _ in range(3)] == [1, 2, 3]
        assert strangers.count("kaspi") == 1
        with monkeypatch.context() as later:
            later.setattr(log, "datetime", Tomorrow)
            assert strangers.count("qiwi") == 1


def test_a_count_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    """Its writer was killed, or somebody has edited it."""
    strangers = log.Strangers()
    file = tmp_path / "strangers"
    for broken in ("", "{", "[]", '{"day": 1}'):
        file.write_text(broken)
        strangers.path = str(file)
        assert strangers.count("qiwi") == 1


@pytest.mark.parametrize(
    ("path", "is_budgeted"),
    [
        ("/secret/x?command=check&account=1", True),  # a wrong token
        ("/qiwi/?command=check&account=1", True),  # anybody may mistake an address
        ("/qiwi?command=what", False),  # from an address that is allowed
        ("/click", True),  # nothing is proved before its signature
        ("/alif", True),  # the wrong method is said before the password is asked for
    ],
)
@pytest.mark.slow
def test_only_lines_of_whom_nobody_knows_are_left_out(
    tmp_path: Path, request: pytest.FixtureRequest, path: str, is_budgeted: bool
) -> None:
    """A bank that makes mistakes all day is written down all day."""
    toml = settings_toml(f"sqlite:///{tmp_path}/x.db", request.module)
    with Endpoint(toml, tmp_path, workers=1) as endpoint:
        for _ in range(STRANGERS_LINES + 20):
            endpoint.call(path)
        lines = len(endpoint.log())

    assert lines == STRANGERS_LINES + (0 if is_budgeted else 20)


# Rotation.


def write_lines(path: Path, writer: int, lines: int) -> None:
    """What one worker process does."""
    log.start(path)
    for number in range(lines):
        log.call(logging.INFO, writer=writer, number=number, filler="x" * 150)


@pytest.mark.slow
def test_processes_that_share_a_file_lose_no_line_when_it_rotates(tmp_path: Path) -> None:
    """Four of them fill it several times over; every line is whole and there once."""
    path = tmp_path / "callback.log"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=fill, args=(path, writer)) for writer in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    files = sorted(tmp_path.glob("callback.log*"))
    lines = [
        json.loads(line)
        for file in files
        if file.suffix != ".lock"
        for line in file.read_text().splitlines()
    ]
    seen = {(line["writer"], line["number"]) for line in lines}
    assert len(files) > 3
    assert len(lines) == len(seen) == 4 * LINES


def test_what_was_written_stays_as_it_was(tmp_path: Path) -> None:
    """Lines are added at the end, whatever a caller sends; a full file is renamed as it is.

    Nobody but the owner may read or write any of them, whatever the host's umask.
    """
    path = tmp_path / "callback.log"
    umask = os.umask(0)
    kept = b""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log, "LOG_BYTES", 900)
            log.start(path)
            for number in range(40):
                log.call(log.INFO, txn_id=f"{number}\r\n\0\x1b[2K\x08", account="x" * number)
                now = b"".join(file.read_bytes() for file in oldest_first(path))
                assert now.startswith(kept)
                assert now.count(b"\n") == number + 1
                kept = now
                if len(oldest_first(path)) == LOG_FILES:
                    break  # then the oldest goes
    finally:
        os.umask(umask)
        log.start(None)

    files = oldest_first(path)
    assert len(files) == LOG_FILES
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def oldest_first(path: Path) -> list[Path]:
    """The files of a log."""
    older = [path.with_name(f"{path.name}.{n}") for n in range(LOG_FILES, 0, -1)]
    return [file for file in [*older, path] if file.exists()]


LINES = 400


def fill(path: Path, writer: int) -> None:
    """Write with a limit that is soon reached, and enough files to keep them all."""
    vars(log).update(LOG_BYTES=60_000, LOG_FILES=20)
    write_lines(path, writer, LINES)


def test_what_is_no_json_costs_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """It is written as text."""
    log.start(None)
    log.call(log.INFO, txn_id=Path("x"))

    assert json.loads(capsys.readouterr().err)["txn_id"] == "x"


def test_an_unexpected_error_is_one_line_with_its_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever reads it finds the place."""
    log.start(None)
    try:
        raise RuntimeError("a\nsurprise")
    except RuntimeError:
        log.unexpected("qiwi: an unexpected error")
    (line,) = map(json.loads, capsys.readouterr().err.splitlines())

    assert (line["level"], line["message"]) == ("error", "qiwi: an unexpected error")
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    assert line["traceback"].endswith("RuntimeError: a\nsurprise")
