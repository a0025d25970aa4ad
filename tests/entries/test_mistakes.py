"""Whatever an upload by hand gets wrong is one sentence, which FTP can fetch.

The entry runs as the web server starts it, with the real program behind it.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callback.settings import load
from callback.signature import ops_pass
from tests.conftest import SOME_BANK, settings_toml
from tests.support.processes import ROOT
from tests.support.web_servers import front, release

if TYPE_CHECKING:
    from collections.abc import Callable

DEPLOY = ROOT / "deploy"
ENTRIES = ("passenger_wsgi.py", "pay.cgi", "pay.fcgi", "pay.wsgi", "flask")
# Where some machines keep Pythons that are older than ours.
OLD_PYTHONS = sorted(Path.home().glob(".pyenv/versions/[23].[0-9].*/bin/python"))


class Host:
    """An account with FTP and CGI, on which everything is right."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = folder / "private" / "callback.toml"
        self.note = folder / "callback" / "STARTUP.txt"
        self.entry = folder / "public_html" / "pay.cgi"
        release(folder / "callback" / "releases" / "r1")
        (folder / "callback" / "CURRENT").write_text("r1\n")
        shutil.copy(DEPLOY / "passenger_wsgi.py", folder / "callback")
        self.settings.parent.mkdir()
        self.write(settings_toml(f"sqlite:///{folder}/x.db", sys.modules[__name__]))
        front(self.settings, "cgi", folder / "public_html")

    def write(self, text: str, encoding: str = "utf-8") -> None:
        self.settings.write_text(text, encoding=encoding)
        self.settings.chmod(0o600)

    def add(self, text: str, encoding: str = "utf-8") -> None:
        self.write(self.settings.read_text(encoding="utf-8") + text, encoding)

    def call(
        self, python: str = sys.executable, path: str = "/qiwi", **environ: str
    ) -> tuple[str, str]:
        """Start the entry for a request, and return the answer and what an FTP user can read."""
        request = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1"}
        request |= environ
        done = subprocess.run(
            [python, self.entry], env=request, cwd="/", capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        note = self.note.read_text() if self.note.exists() else ""
        assert not note or self.note.stat().st_mode & 0o777 == 0o600
        return done.stdout, note or (done.stderr if not done.stdout else "")


BANKS = SOME_BANK


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host, once."""
    folder = tmp_path_factory.mktemp("host")
    Host(folder)
    return folder


@pytest.fixture
def host(sound: Path, tmp_path: Path) -> Host:
    """A copy of it, to be spoiled."""
    folder = tmp_path / "u1234"
    shutil.copytree(sound, folder, symlinks=True)
    made = Host.__new__(Host)
    made.folder = folder
    made.settings = folder / "private" / "callback.toml"
    made.note = folder / "callback" / "STARTUP.txt"
    made.entry = folder / "public_html" / "pay.cgi"
    return made


@pytest.mark.slow
def test_without_a_mistake_it_answers(host: Host) -> None:
    """And there is no note."""
    answer, note = host.call()

    assert answer.startswith("Status: 200")
    assert note == ""


def test_a_panel_may_extract_into_a_folder_of_the_archives_name(host: Host) -> None:
    """releases/r1/r1: nobody has to move anything."""
    releases = host.folder / "callback" / "releases"
    (releases / "r1").rename(host.folder / "r1")
    (releases / "r1").mkdir()
    (host.folder / "r1").rename(releases / "r1" / "r1")
    (releases / "r1.zip").write_bytes(b"PK")
    host.note.write_text("of before")

    key = ops_pass("doctor", load(host.settings).secret_keys)
    answer, note = host.call(path=f"/doctor/{key}")
    found = {name: text for _state, name, text in json.loads(answer.partition("\n\n")[2])}
    assert found["release"].startswith("r1: every file is as it was built"), answer
    assert note == ""


def move_program(host: Host) -> None:
    (host.folder / "callback").rename(host.folder / "public_html" / "callback")
    host.note = host.folder / "nowhere"


def extract_beside(host: Host) -> None:
    (host.folder / "callback" / "releases" / "r1").rename(host.folder / "callback" / "r1")


def upload_beside(host: Host) -> None:
    shutil.rmtree(host.folder / "callback" / "releases" / "r1")
    (host.folder / "callback" / "r1.zip").write_bytes(b"PK")


def extract_flat(host: Host) -> None:
    (host.folder / "callback" / "releases" / "r1").rename(host.folder / "r")
    (host.folder / "callback" / "releases").rmdir()
    (host.folder / "r").rename(host.folder / "callback" / "releases")


def extract_a_part(host: Host) -> None:
    cut_release(host)
    (host.folder / "callback" / "releases" / "r1.zip").write_bytes(b"PK")


def cut_release(host: Host) -> None:
    (host.folder / "callback" / "releases" / "r1" / "MANIFEST.sha256").unlink()


def lose_current(host: Host) -> None:
    current = host.folder / "callback" / "CURRENT"
    current.rename(current.with_name("CURRENT.txt"))


@pytest.mark.parametrize("written", [b"\xef\xbb\xbfr1\r\n", b"r1.zip", "r1\r\n".encode("utf-16")])
def test_a_name_is_read_as_people_write_it(host: Host, written: bytes) -> None:
    """Notepad puts a mark in front, PowerShell writes UTF-16; what was uploaded is r1.zip."""
    (host.folder / "callback" / "CURRENT").write_bytes(written)
    answer, note = host.call()

    assert answer.startswith("Status: 200")
    assert note == ""


def name_no_python(host: Host) -> None:
    entry = host.folder / "callback" / "passenger_wsgi.py"
    entry.write_text(entry.read_text().replace('\nPYTHON = ""', '\nPYTHON = "/none/python3"'))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (name_no_python, "PYTHON in passenger_wsgi.py is /none/python3: No such file"),
        (lambda host: host.settings.unlink(), "the settings cannot be read: "),
        (lambda host: host.settings.unlink(), "private/callback.toml, mode 600"),
        (lambda host: host.add("KEY = yes\n"), "callback.toml: Invalid value (at line "),
        (
            lambda host: host.add('CONTACT = "Иван"\n', "cp1251"),
            "callback.toml: line 9 is not UTF-8, perhaps w",
        ),
        (lambda host: host.add("[BANKS.x]\nprotocol = 'osmp'\n"), "BANKS.x"),
        (lambda host: host.write("CURENCY = 'KZT'\n"), "CURENCY: "),
        (move_program, "callback has no passenger_wsgi.py: callback must stand beside"),
        (lose_current, "callback has no CURRENT: write the name of the release into a file"),
        (extract_beside, "callback/r1: move it into "),
        (upload_beside, "callback/r1.zip: move it into "),
        (extract_flat, "lies in releases itself, and belongs into releases/r1"),
        (extract_a_part, "releases/r1 is not whole: delete it, and extract or upload r1.zip again"),
        (cut_release, "neither CURRENT nor PREVIOUS names a release that arrived whole"),
    ],
)
def test_a_mistake_is_a_sentence(host: Host, spoil: Callable[[Host], object], told: str) -> None:
    """The answer is the web server's "ask again", for ours is empty."""
    spoil(host)
    answer, note = host.call()

    assert answer == ""
    assert told in note
    if host.note.exists():
        english, russian = note.split("\n\n")
        assert told in english
        assert re.search("[а-я]{3}", russian)
        assert not re.search(r"([a-z]+ ){3,}[a-z]+", russian)


@pytest.mark.parametrize("name", ENTRIES)
def test_any_python_can_read_the_entries(name: str) -> None:
    """Else what it says is a syntax error."""
    ast.parse((DEPLOY / name).read_text(encoding="utf-8"), feature_version=(3, 4))


@pytest.mark.slow
def test_a_real_old_python_says_what_to_change(host: Host) -> None:
    """Each that this machine has."""
    for python in OLD_PYTHONS:
        version = ".".join(python.parts[-3].split(".")[:2])
        answer, note = host.call(str(python))
        assert answer == ""
        assert f"Python {version} runs this, and 3.10 or newer is needed" in note
    assert host.call()[1] == ""  # and the note goes when it starts


def test_rights_of_the_web_folder_are_those_that_web_servers_want(host: Host) -> None:
    """Scripts run, nothing can be written by others; also where the umask is strict."""
    modes = {
        path.relative_to(host.folder / "public_html").as_posix(): path.stat().st_mode & 0o777
        for path in (host.folder / "public_html").rglob("*")
    }
    assert modes == {
        ".htaccess": 0o644,
        "pay.cgi": 0o755,
        "later": 0o755,
        "later/nothing": 0o644,
        "later/qiwi.asis": modes["later/qiwi.asis"],
        "later/qiwi.cgi": 0o755,
    }
    assert os.access(host.folder / "public_html" / "later" / "qiwi.cgi", os.X_OK)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("later/qiwi.cgi", 0o644), ("later/qiwi.cgi", 0o777), ("pay.cgi", 0o775)],
)
@pytest.mark.slow
def test_the_doctor_looks_at_the_rights_of_scripts(host: Host, name: str, mode: int) -> None:
    """In an outage the web server runs later/*.cgi: nobody would notice before."""
    (host.folder / "public_html" / name).chmod(mode)
    found = examined(host)

    assert found[f"web folder {name}"][0] == "fault"
    assert "chmod 755" in found[f"web folder {name}"][1]


@pytest.mark.slow
def test_the_doctor_is_content_with_the_rights_that_are_right(host: Host) -> None:
    """As `flask front` leaves them."""
    assert not [name for name in examined(host) if name.startswith("web folder")]


def examined(host: Host) -> dict[str, tuple[str, str]]:
    """What the site's own doctor finds."""
    token = ops_pass("doctor", load(host.settings).secret_keys)
    answer, _ = host.call(path=f"/doctor/{token}", DOCUMENT_ROOT=str(host.entry.parent))
    findings = json.loads(answer.partition("\n\n")[2] or answer.partition("\r\n\r\n")[2])
    return {name: (state, text) for state, name, text in findings}
