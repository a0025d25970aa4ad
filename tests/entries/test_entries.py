"""What stands on a host: the entry that finds a release, FastCGI's own words, the time-outs."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest

from callback.entries import fastcgi
from tests.support.fastcgi import (
    ABORT,
    BEGIN,
    PARAMS,
    STDIN,
    answered,
    asked,
    asked_by_nginx,
    linked,
    record,
)
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPLOY = ROOT / "deploy"


# The release.


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A host with two whole releases, and one that never arrived."""
    home = tmp_path / "callback"
    for name in ("one", "two", "cut"):
        release = home / "releases" / name
        (release / "vendor").mkdir(parents=True)
        (release / "wsgi.py").write_text(f"import a_library\napp = a_library.name + '{name}'\n")
        (release / "vendor" / "a_library.py").write_text("name = 'release '\n")
        (release / "MANIFEST.sha256").write_text("0  wsgi.py\n0  vendor/a_library.py\n")
    (home / "releases" / "cut" / "MANIFEST.sha256").unlink()
    shutil.copyfile(DEPLOY / "passenger_wsgi.py", home / "passenger_wsgi.py")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "callback.toml").touch()
    return home


def loaded(home: Path, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the entry as a web server does, and print what it has found."""
    program = (
        f"{before}\nimport os, sys; sys.path.insert(0, {str(home)!r}); import passenger_wsgi\n"
        "print(passenger_wsgi.application, os.environ['CALLBACK_CONFIG'])"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("current", "previous", "release"),
    [
        ("two", None, "two"),
        ("two", "one", "two"),
        ("two\n", "one", "two"),
        ("two\r\n", "one", "two"),  # uploaded as text
        ("", "one", "one"),
        ("gone", "one", "one"),
        ("cut", "one", "one"),  # never arrived whole
        ("../releases/two", "one", "one"),
        ("/etc", "one", "one"),
        ("..", "one", "one"),
        (".", "one", "one"),
        ("two\nx", "one", "one"),
        ("двa", "one", "one"),
        ("x" * 5000, "one", "one"),
        ("gone", None, None),
        ("gone", "gone", None),
        ("gone", "../..", None),
    ],
)
def test_the_release_in_use_is_a_whole_one(
    home: Path, current: str, previous: str | None, release: str | None
) -> None:
    """CURRENT's, else PREVIOUS's; never a folder outside of releases/."""
    (home / "CURRENT").write_text(current)
    if previous is not None:
        (home / "PREVIOUS").write_text(previous)
    found = loaded(home)

    if release is None:
        assert found.returncode == 3
        assert "neither CURRENT nor PREVIOUS" in found.stderr
        assert found.stdout == ""
    else:
        assert found.stdout.startswith(f"release {release} "), found.stderr


def test_without_a_pointer_the_release_is_the_folder_itself(home: Path) -> None:
    """An upload by hand."""
    shutil.copytree(home / "releases" / "one", home, dirs_exist_ok=True)

    assert loaded(home).stdout.startswith("release one ")


def test_the_settings_stand_beside_the_program_and_never_in_a_docroot(home: Path) -> None:
    """Unless CALLBACK_CONFIG names another file."""
    (home / "CURRENT").write_text("one")

    other = home / "other.toml"
    other.touch()

    assert loaded(home).stdout.split()[-1] == f"{home.parent}/private/callback.toml"
    assert loaded(home, CALLBACK_CONFIG=str(other)).stdout.split()[-1] == str(other)


# A release that is one file.


def packed(home: Path, name: str = "three", text: str = "", sums: str | None = None) -> Path:
    """Upload a release as an archive."""
    program = text or f"app = 'release {name}'\n"
    digest = hashlib.sha256(program.encode()).hexdigest()
    archive = home / "releases" / f"{name}.zip"
    with zipfile.ZipFile(archive, "w") as release:
        release.writestr(f"{name}/wsgi.py", program)
        manifest = f"{digest}  wsgi.py\n" if sums is None else sums
        release.writestr(f"{name}/MANIFEST.sha256", manifest)
    (home / "CURRENT").write_text(name)
    return archive


def startup(home: Path) -> str:
    """What an FTP user reads; nothing when all is well."""
    note = home / "STARTUP.txt"
    assert not note.exists() or note.stat().st_mode & 0o777 == 0o600
    return note.read_text() if note.exists() else ""


def test_the_host_unpacks_a_release_at_its_first_start(home: Path) -> None:
    """Once: the second start finds it."""
    archive = packed(home)

    assert loaded(home).stdout.startswith("release three ")
    archive.write_bytes(b"no archive any more")
    assert loaded(home).stdout.startswith("release three ")
    assert not (home / "releases" / "three.part").exists()


def test_of_many_that_start_at_once_one_unpacks(home: Path) -> None:
    """The others go on with the release before; nobody meets half of one."""
    packed(home)
    (home / "FALLBACK").write_text("one")
    with ThreadPoolExecutor(12) as pool:
        starts = list(pool.map(lambda _: loaded(home), range(12)))

    assert {start.stdout.split(" /")[0] for start in starts} <= {"release one", "release three"}
    assert all(start.returncode == 0 for start in starts)
    assert loaded(home).stdout.startswith("release three ")


@pytest.mark.parametrize("cut", [0, 1, 30, 100, 200, -1])
def test_an_archive_that_was_cut_leaves_the_release_before(home: Path, cut: int) -> None:
    """And says so where somebody with nothing but FTP can read it; it is not tried for ever."""
    archive = packed(home)
    archive.write_bytes(archive.read_bytes()[:cut])
    (home / "PREVIOUS").write_text("one")

    assert loaded(home).stdout.startswith("release one ")
    assert "release three did not arrive whole" in startup(home)
    assert loaded(home).stdout.startswith("release one ")
    assert "upload it again" in startup(home)  # still there: the old release serves
    packed(home)
    assert loaded(home).stdout.startswith("release three ")
    assert startup(home) == ""


@pytest.mark.parametrize(
    "sums", ["", f"{'0' * 64}  wsgi.py\n", f"{'0' * 64}  gone.py\n", f"{'0' * 64}  ../../x\n"]
)
def test_what_is_not_as_it_was_built_never_serves(home: Path, sums: str) -> None:
    """Every file is compared with MANIFEST before the folder has its name."""
    packed(home, sums=sums)
    (home / "PREVIOUS").write_text("two")

    assert loaded(home).stdout.startswith("release two ")
    assert not (home / "releases" / "three").exists()


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("json.py", True),
        ("callback/shell.py", True),
        ("vendor/shell.so", True),
        ("vendor/any.pth", True),
        ("instance/sql/pay_account.sql", True),
        ("__pycache__/json.cpython-311.pyc", True),
        ("__pycache__/wsgi.cpython-311.pyc", False),
        ("vendor/__pycache__/a_library.cpython-313.opt-1.pyc", False),
        ("instance/callback.log", False),
        ("note.txt", False),
    ],
)
def test_code_that_nobody_has_built_stops_the_start(
    home: Path, name: str, is_refused: bool
) -> None:
    """Somebody's module, or a statement over ours, that came by FTP."""
    (home / "CURRENT").write_text("two")
    planted = home / "releases" / "two" / name
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.touch()
    found = loaded(home)

    assert found.stdout.startswith("release two ") is not is_refused
    assert (name in startup(home)) is is_refused


def test_code_behind_a_link_stops_the_start_too(home: Path, tmp_path: Path) -> None:
    """A folder beside wsgi.py is imported before a library of the same name."""
    (home / "CURRENT").write_text("two")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "__init__.py").touch()
    (home / "releases" / "two" / "pymysql").symlink_to(elsewhere)

    assert not loaded(home).stdout.startswith("release two ")
    assert "pymysql/__init__.py" in startup(home)


def test_a_touched_file_asks_for_a_restart(home: Path) -> None:
    """New settings are taken by an entry that stays, too: the release is the same."""
    (home / "CURRENT").write_text("one")
    (home / "tmp").mkdir()
    restart = home / "tmp" / "restart.txt"
    code = (
        "import os, passenger_wsgi as entry\n"
        "print(entry.is_current())\n"
        f"open({str(restart)!r}, 'w').close()\n"
        "print(entry.is_current())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(home), "CALLBACK_CONFIG": __file__},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "True\nFalse\n", done.stderr


def test_a_killed_unpacking_is_taken_over(home: Path) -> None:
    """A fresh one is left alone, an old one is begun anew."""
    packed(home)
    part = home / "releases" / "three.part"
    part.mkdir()
    (home / "FALLBACK").write_text("one")

    assert loaded(home).stdout.startswith("release one ")
    os.utime(part, (1, 1))
    assert loaded(home).stdout.startswith("release three ")


KILLED = """
import os, signal, zipfile
whole, done = zipfile.ZipFile._extract_member, []
def extract(*args):
    if len(done) == {step}:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(args)
    return whole(*args)
zipfile.ZipFile._extract_member = extract
rename = os.rename
os.rename = lambda *names: os.kill(os.getpid(), signal.SIGKILL) if {step} > 8 else rename(*names)
"""


@pytest.mark.parametrize("step", range(10))
def test_an_unpacking_that_is_killed_anywhere_leaves_the_release_before(
    home: Path, step: int
) -> None:
    """At each of its nine files and before the rename; later the release is unpacked after all."""
    modules = {f"module{number}.py": f"number = {number}\n" for number in range(7)}
    program = "app = 'release three'\n"
    sums = "".join(
        f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n"
        for name, text in {"wsgi.py": program, **modules}.items()
    )
    archive = packed(home, sums=sums)
    with zipfile.ZipFile(archive, "a") as release:
        for name, text in modules.items():
            release.writestr(f"three/{name}", text)
    (home / "FALLBACK").write_text("one")

    assert loaded(home, before=KILLED.format(step=step)).returncode == -signal.SIGKILL
    assert loaded(home).stdout.startswith("release one ")
    os.utime(home / "releases" / "three.part", (1, 1))
    assert loaded(home).stdout.startswith("release three ")


def test_old_releases_go_when_a_new_one_is_unpacked(home: Path) -> None:
    """The newest three stay, and whatever a pointer names."""
    (home / "PREVIOUS").write_text("cut")
    for name in ("r1", "r2", "r3", "r4"):
        packed(home, name)
        assert loaded(home).stdout.startswith(f"release {name} ")

    left = {path.name for path in (home / "releases").iterdir()}
    assert left == {"cut", "two", "r3", "r4", "r3.zip", "r4.zip"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise RuntimeError('no reason')", "RuntimeError: no reason ("),
        ("import a_missing_library", "No module named 'a_missing_library'"),
        ("raise SystemExit(3)", "3"),
        ("def", "SyntaxError"),
        (
            "try:\n    raise ValueError('config.toml:\\nSECRET_KEY: missing')\n"
            "except ValueError:\n    raise SystemExit(3) from None",
            "config.toml:\nSECRET_KEY: missing",
        ),
    ],
)
def test_what_prevents_the_start_is_a_line_that_ftp_can_fetch(
    home: Path, text: str, said: str
) -> None:
    """The bank hears "ask again" from the web server; the reason is in STARTUP.txt."""
    packed(home, text=text)
    start = loaded(home)

    assert (start.returncode, start.stdout) == (3, "")
    assert said in startup(home)
    assert "Traceback" not in start.stderr


def test_settings_that_are_not_there_are_named_with_what_to_do(home: Path) -> None:
    """Before anything is imported."""
    (home / "CURRENT").write_text("one")
    (home.parent / "private" / "callback.toml").unlink()

    assert loaded(home).returncode == 3
    assert "the settings cannot be read" in startup(home)
    assert "mode 600" in startup(home)


def test_settings_inside_the_web_folder_are_refused(home: Path) -> None:
    """Whoever uploads all to one place would publish them."""
    (home / "CURRENT").write_text("one")
    docroot = home.parent
    program = f"import sys; sys.argv = [{str(docroot / 'pay.cgi')!r}]"

    start = loaded(home, before=program)

    assert start.returncode == 3
    assert "stands inside the web folder" in startup(home)


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 9)])
def test_an_old_python_is_told_what_to_change(home: Path, version: tuple[int, int]) -> None:
    """In words, and not as a syntax error of some library."""
    (home / "CURRENT").write_text("one")

    start = loaded(home, before=f"import sys; sys.version_info = {version}")

    assert start.returncode == 3
    assert f"Python {version[0]}.{version[1]} runs this, and 3.10 or newer" in startup(home)


# FastCGI.

PROGRAM = """
import socket, sys, time
from callback.entries import fastcgi

def echo(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    time.sleep(float(environ.get("HTTP_SLEEP", 0)))
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = ("PATH_INFO", "LONG", "HOME", "HTTP_TRANSFER_ENCODING")
    yield repr([environ.get(name) for name in names]).encode() + b" " + body
    yield b"x" * int(environ.get("HTTP_MORE", 0))
    if "REQUEST_URI" in environ:
        yield b" query=" + environ["QUERY_STRING"].encode()

fastcgi.serve(echo)
"""


@pytest.fixture
def responder(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A program of FastCGI and the socket that it was given as its standard input."""
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdin=listener.fileno(), cwd=ROOT
        )
    try:
        yield process, path
    finally:
        process.kill()
        process.wait()


def test_a_request_is_read_from_its_records(
    responder: tuple[subprocess.Popen[bytes], str],
) -> None:
    """Long values, padding, a body in several records; nothing of the process' own variables."""
    body = b"b" * 65000
    environ = {"PATH_INFO": "/ё", "LONG": "l" * 300, "CONTENT_LENGTH": str(len(body))}
    with linked(responder[1]) as link:
        link.sendall(asked(environ, body))
        answer = answered(link)
        assert link.recv(1) == b""  # the web server did not ask to keep the link

    head, _, text = answer.partition("\r\n\r\n")
    assert head.splitlines() == ["Status: 200 OK", "Content-Type: text/plain"]
    # WSGI's strings are bytes, each as one character.
    assert text == repr(["/\xd1\x91", "l" * 300, None, None]) + " " + body.decode()


def test_a_kept_link_carries_one_request_after_the_other(
    responder: tuple[subprocess.Popen[bytes], str],
) -> None:
    """Nothing of the one gets into the next; answers over 64 KiB come in several records."""
    with linked(responder[1]) as link:
        for number in range(3):
            more = {"HTTP_MORE": "200000"} if number == 1 else {}
            link.sendall(asked({"PATH_INFO": f"/{number}", **more}, keep=True))
            answer = answered(link)
            assert f"['/{number}', None, None, None] " in answer
            assert answer.count("x") == (200001 if more else 1)  # text/plain has one


def test_a_body_in_chunks_gets_its_length(
    responder: tuple[subprocess.Popen[bytes], str],
) -> None:
    """No more than a byte over the limit is kept, whatever is sent."""
    environ = {"PATH_INFO": "/", "HTTP_TRANSFER_ENCODING": "chunked"}
    with linked(responder[1]) as link:
        link.sendall(asked(environ, b"b" * 300000))
        answer = answered(link)

    assert answer.endswith("['/', None, None, None] " + "b" * 65537)


def test_a_request_that_comes_in_one_piece_is_the_same_as_one_that_does_not() -> None:
    """As nginx sends it. It is taken apart at once, and record by record where something lacks."""
    environ = {"REQUEST_URI": "/ё?a=1", "LONG": "l" * 300, "HTTP_X": "y", "REMOTE_ADDR": "::1"}
    whole = asked_by_nginx(environ, keep=True)
    seen: list[dict[str, str]] = []

    def application(heard: dict[str, str], start: Any) -> list[bytes]:
        start("200 OK", [])
        seen.append({name: text for name, text in heard.items() if isinstance(text, str)})
        return [b"done"]

    for cut in range(1, len(whole) + 1):
        ours, web_server = socket.socketpair()
        with closing(ours), closing(web_server):
            later = threading.Timer(0.002, web_server.sendall, [whole[cut:]])
            web_server.sendall(whole[:cut])
            later.start()
            assert fastcgi.answer(application, fastcgi.Incoming(ours))
            later.join()
            assert answered(web_server) == "Status: 200 OK\r\n\r\ndone"
    assert seen[0]["PATH_INFO"] == "/\xd1\x91"
    assert seen[0]["QUERY_STRING"] == "a=1"
    assert all(one == seen[0] for one in seen)


def test_a_link_that_breaks_ends_nothing_else(
    responder: tuple[subprocess.Popen[bytes], str],
) -> None:
    """Cut in the middle of a request, and of an answer."""
    whole = asked({"PATH_INFO": "/", "HTTP_MORE": "3000000"})
    for cut in (0, 5, 30, len(whole)):
        with linked(responder[1]) as link:
            link.sendall(whole[:cut])
    with linked(responder[1]) as link:
        link.sendall(asked({"PATH_INFO": "/after"}))
        assert "/after" in answered(link)


GARBLED = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "another role": record(BEGIN, b"\0\2" + bytes(6)),
    "a type that none sends": record(9, b"x"),
    "a variable that is cut off": record(BEGIN, b"\0\1" + bytes(6))
    + record(PARAMS, b"\x09\x01PATH_INF")
    + record(PARAMS, b""),
    "a length that is cut off": record(BEGIN, b"\0\1" + bytes(6))
    + record(PARAMS, b"\x80\0")
    + record(PARAMS, b""),
    "no end of its variables": record(BEGIN, b"\0\1" + bytes(6))
    + record(PARAMS, b"\x01\x01ab")
    + record(STDIN, b""),
    "variables without an end": record(BEGIN, b"\0\1" + bytes(6))
    + record(PARAMS, bytes(60000)) * 3,
    "given up by the web server": record(ABORT, b""),
}


@pytest.mark.parametrize("raw", GARBLED.values(), ids=GARBLED)
def test_what_is_not_fastcgi_gets_no_answer_and_ends_nothing_else(
    responder: tuple[subprocess.Popen[bytes], str], raw: bytes
) -> None:
    """The web server takes that for a program that is away."""
    with linked(responder[1]) as link:
        link.sendall(raw)
        with suppress(ConnectionResetError):  # what it has not read any more
            assert link.recv(1) == b""
    with linked(responder[1]) as link:
        link.sendall(asked({"PATH_INFO": "/after"}))
        assert "/after" in answered(link)


def test_an_application_that_breaks_leaves_the_answer_to_the_web_server(
    responder: tuple[subprocess.Popen[bytes], str],
) -> None:
    """Its "ask again" is in the bank's own words; a page of ours would be a final refusal."""
    with linked(responder[1]) as link:
        link.sendall(asked({"PATH_INFO": "/", "HTTP_SLEEP": "no number"}))
        assert link.recv(1) == b""
    with linked(responder[1]) as link:
        link.sendall(asked({"PATH_INFO": "/after"}))
        assert "/after" in answered(link)


def test_the_address_is_the_callers_own_where_the_web_server_says_no_other(
    responder: tuple[subprocess.Popen[bytes], str],
) -> None:
    """nginx: with its dots and double slashes, but decoded; its query as it is."""
    with linked(responder[1]) as link:
        link.sendall(asked({"REQUEST_URI": "/a/../%D1%91%2Fb?c=%D1%91&d=?#e", "SCRIPT_NAME": "/b"}))
        answer = answered(link)

    assert repr(["/a/../\xd1\x91/b", None, None, None]) in answer
    assert answer.endswith(" query=c=%D1%91&d=?")


@pytest.mark.parametrize("busy", [False, True])
def test_a_polite_end_waits_for_the_request_in_hand(
    responder: tuple[subprocess.Popen[bytes], str], busy: bool
) -> None:
    """And for nothing else."""
    process, path = responder
    with linked(path) as link:
        link.sendall(asked({"PATH_INFO": "/first"}))
        answered(link)
    if busy:
        with linked(path) as link:
            link.sendall(asked({"PATH_INFO": "/last", "HTTP_SLEEP": "1"}))
            # It has the request when the kernel has handed all of it over.
            link.settimeout(0.3)
            with pytest.raises(TimeoutError):
                link.recv(1)
            process.send_signal(signal.SIGTERM)
            link.settimeout(20)
            assert "/last" in answered(link)
    else:
        process.send_signal(signal.SIGTERM)

    assert process.wait(20) == 0
