"""A release goes to a real host by FTP and SSH, under load; what fails leaves the old one serving.

`make test-deploy`, for it takes minutes.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from callback.tools import release
from tests.conftest import flask, settings_toml
from tests.support.processes import HOST, ROOT, write_settings
from tests.support.receivers import FTPS, PASSWORD, SFTP, PureFTPd
from tests.support.web_servers import IS_ROOT, NEEDS_ROOT, Apache, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Engine
    from tests.support.web_servers import Entry

pytestmark = [
    pytest.mark.deploy,
    pytest.mark.parametrize("database", ["mariadb"], indirect=True),
]
BANKS = f'[BANKS.qiwi]\nprotocol = "osmp"\nallow = ["{HOST}"]\n'
ACCOUNT = "7012340001"
ENTRIES = ("cgi", "passenger")
VERSIONS = ("r1", "r2", "r3")


class Deployed(NamedTuple):
    """A site that runs version r1, and the ways to it."""

    entries: dict[str, Entry]
    site: Site
    ftp: FTPS
    ssh: SFTP
    folder: Path


def version(folder: Path, name: str) -> Path:
    """A checkout whose answers tell its version, in two places of two modules."""
    copy = folder / name
    ignore = shutil.ignore_patterns(".*", "__pycache__", "instance", "build", "bench", "tests")
    shutil.copytree(ROOT, copy, ignore=ignore)
    own = copy / "instance" / "sql" / "find_account.sql"
    own.parent.mkdir(parents=True)
    own.write_text((copy / "sql" / "find_account.sql").read_text() + "-- the site's own\n")
    for file, old, new in (
        ("callback/messages.py", '"account not found"', f'"account not found {name}"'),
        ("callback/protocols/osmp.py", 'element("comment"', f'element("comment_{name}"'),
    ):
        text = (copy / file).read_text()
        assert old in text
        (copy / file).write_text(text.replace(old, new))
    return copy


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A built release of each version, by the program that builds them."""
    folder = tmp_path_factory.mktemp("versions")
    module = sys.modules[__name__]
    settings = write_settings(settings_toml(f"sqlite:///{folder}/x.db", module), folder)
    built = {}
    for name in VERSIONS:
        checkout = version(folder, name)
        built[name] = folder / f"{name}.zip"
        subprocess.run(
            [sys.executable, "-m", "flask", "release", "-o", built[name]],
            cwd=checkout,
            env=os.environ | {"CALLBACK_CONFIG": str(settings)},
            capture_output=True,
            check=True,
        )
    return built


@pytest.fixture(scope="module")
def deployed(
    database: Engine,
    built: dict[str, Path],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployed]:
    """Apache in front of a site whose first release is r1."""
    if not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    folder = tmp_path_factory.mktemp("transfer")
    database.account(ACCOUNT)
    with Site(settings_toml(database.url, request.module)) as site:
        shutil.rmtree(site.home / "releases" / "r1")
        with zipfile.ZipFile(built["r1"]) as packed:
            packed.extractall(site.home / "releases")
        site.own()
        options: dict[str, Any] = {
            "anon_root": site.folder,
            "anon_umask": "022",
            "anon_mkdir_write_enable": "YES",
            "anon_world_readable_only": "NO",
        }
        ftp, ssh = folder / "ftp", folder / "ssh"
        ftp.mkdir()
        ssh.mkdir()
        with Apache(site) as apache, FTPS(ftp, **options) as ftps, SFTP(ssh) as sshd:
            yield Deployed(apache.entries, site, ftps, sshd, folder)


def settings(deployed: Deployed, via: str, entry: str, **changes: str) -> Path:
    """instance/deploy.toml for this host."""
    given: dict[str, object] = {
        "host": "localhost" if via == "ftp" else HOST,
        "user": "anonymous" if via == "ftp" else "root",
        "url": f"https://localhost:{deployed.entries[entry].port}",
        "settings": str(deployed.site.settings),
    }
    if via == "ftp":
        ca = deployed.ftp.inbox.parent.parent / "ca.pem"
        given |= {"password": PASSWORD, "port": deployed.ftp.port, "ca": str(ca)}
        given["folder"] = "callback"
    else:
        key = deployed.folder / "ssh" / "id"
        known = f"-o UserKnownHostsFile={deployed.ssh.known_hosts}"
        given |= {"port": deployed.ssh.port, "ssh": f"ssh -i {key} {known}"}
        given["folder"] = str(deployed.site.home)
    given |= changes
    path = deployed.folder / f"{via}-{entry}.toml"
    lines = (
        f"{key} = {value}" if isinstance(value, int) else f"{key} = '{value}'"
        for key, value in given.items()
    )
    path.write_text("\n".join(lines))
    return path


def command(deployed: Deployed, via: str, path: Path, *more: str) -> list[str]:
    """What the ops person runs."""
    script = ROOT / "deploy" / "release.py"
    return [sys.executable, str(script), via, "--settings", str(path), *more]


def run(deployed: Deployed, via: str, path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        command(deployed, via, path, *more),
        env=os.environ | {"SSL_CERT_FILE": str(deployed.site.folder / "ca.pem")},
        capture_output=True,
        text=True,
        check=False,
    )


def seen(entry: Entry) -> str:
    """The version that answers; "mixed" when two do, "failed" for anything else."""
    reply = entry.call("/qiwi?command=check&account=nobody")
    found = {name for name in VERSIONS if f"not found {name}".encode() in reply.body}
    tags = {name for name in VERSIONS if f"<comment_{name}>".encode() in reply.body}
    if reply.status != 200 or len(found) != 1:
        return f"failed: HTTP {reply.status} {reply.body[:100]!r}"
    return found.pop() if found == tags else f"mixed: {found} {tags}"


@contextmanager
def clients(entry: Entry, number: int = 3) -> Iterator[list[str]]:
    """So many clients that ask all the time; what they have seen is there at the end."""
    stop = threading.Event()
    answers: list[str] = []

    def client() -> None:
        while not stop.is_set():
            answers.append(seen(entry))

    with ThreadPoolExecutor(number) as pool:
        callers = [pool.submit(client) for _ in range(number)]
        try:
            yield answers
        finally:
            stop.set()
    for caller in callers:
        caller.result()


@pytest.fixture(autouse=True)
def first_release(deployed: Deployed) -> None:
    """Each test begins with r1 alone."""
    for path in (deployed.site.home / "releases").iterdir():
        if path.is_file():
            path.unlink()
        elif path.name != "r1":
            shutil.rmtree(path)
    for name in ("PREVIOUS", "FALLBACK", "STARTUP.txt"):
        (deployed.site.home / name).unlink(missing_ok=True)
    switch(deployed, "r1")


def switch(deployed: Deployed, name: str) -> None:
    """As the ops person would by hand."""
    deployed.site.point(name)
    restart = deployed.site.home / "tmp" / "restart.txt"
    restart.parent.mkdir(exist_ok=True)
    restart.write_text("now\n")
    deadline = time.monotonic() + 40
    while (now := {entry: seen(deployed.entries[entry]) for entry in ENTRIES}) != dict.fromkeys(
        ENTRIES, name
    ):
        assert time.monotonic() < deadline, (now, errors(deployed))
        time.sleep(0.5)


def errors(deployed: Deployed) -> str:
    """What the web server has to say about it."""
    logs = deployed.site.folder.glob("*/error.log")
    return "".join(log.read_text(errors="replace")[-2000:] for log in logs)


@pytest.mark.parametrize(("via", "entry"), [("ftp", "cgi"), ("ssh", "passenger")])
def test_a_release_and_a_rollback_under_load_lose_no_answer(
    via: str, entry: str, deployed: Deployed, built: dict[str, Path]
) -> None:
    """Three clients: every answer is of one version, in the order r1, r2, r1."""
    path = settings(deployed, via, entry)
    with clients(deployed.entries[entry]) as answers:
        time.sleep(2)
        forward = run(deployed, via, path, "--built", str(built["r2"]))
        time.sleep(2)
        back = run(deployed, via, path, "--rollback")
        while len(answers) < 310:  # a call through CGI starts a Python
            time.sleep(0.1)

    assert (forward.returncode, forward.stderr) == (0, "")
    assert f"Release r2 serves {path.read_text().split('url = ')[1].splitlines()[0][1:-1]}." in (
        forward.stdout
    )
    assert (back.returncode, back.stderr) == (0, "")
    assert set(answers) == {"r1", "r2"}, errors(deployed)
    assert len(answers) >= 300
    assert (answers[0], answers[-1]) == ("r1", "r1")


@pytest.mark.parametrize("via", ["ftp", "ssh"])
def test_a_release_that_does_not_start_is_taken_back(
    via: str, deployed: Deployed, built: dict[str, Path], tmp_path: Path
) -> None:
    """It arrives whole; the reason is told, and the way back is not lost."""
    path = settings(deployed, via, "cgi")
    assert run(deployed, via, path, "--built", str(built["r2"])).returncode == 0
    broken = changed(built["r3"], tmp_path, "wsgi.py", "raise RuntimeError('no reason')\n")
    done = run(deployed, via, path, "--built", str(broken))

    assert done.returncode == 1
    assert "STARTUP.txt: RuntimeError: no reason" in done.stderr
    assert "Release r2 serves again." in done.stderr
    assert seen(deployed.entries["cgi"]) == "r2"
    back = run(deployed, via, path, "--rollback")
    assert (back.returncode, seen(deployed.entries["cgi"])) == (0, "r1")
    forward = run(deployed, via, path, "--rollback")
    assert (forward.returncode, seen(deployed.entries["cgi"])) == (0, "r2")


def changed(archive: Path, folder: Path, name: str, text: str) -> Path:
    """The same release with another file in it, and the sums of what it is now."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    (folder / archive.stem / name).write_text(text)
    release.pack(folder / archive.stem, folder / archive.name)
    return folder / archive.name


def test_a_real_call_may_be_wanted_besides(deployed: Deployed, built: dict[str, Path]) -> None:
    """`check` and `expect`: the release runs, and still is taken back."""
    path = settings(
        deployed, "ssh", "cgi", check="/qiwi?command=check&account=nobody", expect="<result>0<"
    )
    done = run(deployed, "ssh", path, "--built", str(built["r2"]))

    assert done.returncode == 1
    assert "the check call answers HTTP 200" in done.stderr
    assert seen(deployed.entries["cgi"]) == "r1"


def test_the_commands_run_on_what_the_release_installed(
    deployed: Deployed, built: dict[str, Path]
) -> None:
    """`callback/bin/flask`, as cron calls it: from anywhere, with the host's Python."""
    path = settings(deployed, "ssh", "cgi")
    assert run(deployed, "ssh", path, "--built", str(built["r2"])).returncode == 0
    script = deployed.site.home / "bin" / "flask"
    done = subprocess.run(
        ["/usr/bin/python3", script, "url", "qiwi"],
        cwd="/",
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("/qiwi\n", "")


def test_another_ftp_server_takes_a_release_too(
    deployed: Deployed, built: dict[str, Path], tmp_path: Path
) -> None:
    """pure-ftpd, with the account's own rights: forward and back."""
    deployed.site.own()  # whatever the other ways in have left
    with PureFTPd(tmp_path, deployed.site.folder, deployed.site.user) as server:
        path = settings(deployed, "ftp", "cgi", user="ops", ca=str(tmp_path / "ca.pem"))
        path.write_text(path.read_text().replace(f"{deployed.ftp.port}", f"{server.port}"))
        forward = run(deployed, "ftp", path, "--built", str(built["r2"]))
        assert (forward.returncode, forward.stderr) == (0, "")
        assert seen(deployed.entries["cgi"]) == "r2"
        assert run(deployed, "ftp", path, "--rollback").returncode == 0

    assert seen(deployed.entries["cgi"]) == "r1"


@pytest.mark.parametrize("via", ["ftp", "ssh"])
def test_an_upload_cut_anywhere_leaves_the_old_release_serving(
    via: str, deployed: Deployed, built: dict[str, Path]
) -> None:
    """Ten cuts at seeded random moments before the switch; ten times of ten the old one serves."""
    path = settings(deployed, via, "cgi")
    took = time_to_switch(deployed, via, path, built["r2"])
    noise = random.Random(20261103)
    serving: list[str] = []
    while len(serving) < 10:
        switch(deployed, "r1")
        forget(deployed, "r2")
        with start(deployed, via, path, built["r2"]) as cut:
            time.sleep(noise.uniform(0.05, 0.9) * took)
            cut.kill()
        time.sleep(0.5)  # what the host had received by then
        if current(deployed) == "r1":  # else it was faster than the first time, and is whole
            serving.append(seen(deployed.entries["cgi"]))

    assert set(serving) == {"r1"}
    forget(deployed, "r2")
    assert run(deployed, via, path, "--built", str(built["r2"])).returncode == 0
    assert seen(deployed.entries["cgi"]) == "r2"


def forget(deployed: Deployed, name: str) -> None:
    """As if it had never been uploaded."""
    shutil.rmtree(deployed.site.home / "releases" / name, ignore_errors=True)
    (deployed.site.home / "releases" / f"{name}.zip").unlink(missing_ok=True)


def current(deployed: Deployed) -> str:
    """The release that the pointer names."""
    return (deployed.site.home / "CURRENT").read_text().strip()


def start(deployed: Deployed, via: str, path: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Begin to deploy."""
    return subprocess.Popen(
        command(deployed, via, path, "--built", str(folder)),
        env=os.environ | {"SSL_CERT_FILE": str(deployed.site.folder / "ca.pem")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def time_to_switch(deployed: Deployed, via: str, path: Path, folder: Path) -> float:
    """How long everything before the switch takes."""
    began = time.monotonic()
    with start(deployed, via, path, folder) as whole:
        while current(deployed) != folder.stem and whole.poll() is None:
            time.sleep(0.02)
        took = time.monotonic() - began
    assert whole.returncode == 0
    return took


def test_what_is_built_is_pure_python(built: dict[str, Path]) -> None:
    """No compiled file, no secret, no more than a cheap host bears."""
    with zipfile.ZipFile(built["r1"]) as packed:
        sizes = {member.filename: member.file_size for member in packed.infolist()}
        # What a site lays over our statements goes along.
        own = packed.read("r1/instance/sql/find_account.sql").decode()

    assert own.endswith("-- the site's own\n")
    assert [name for name in sizes if re.search("[.](so|pyd|pyc|dll)$", name)] == []
    assert [name for name in sizes if name.endswith(".toml")] == ["r1/deploy/deploy.toml"]
    assert "r1/vendor/tzdata/zoneinfo/Asia/Almaty" in sizes
    vendored = sum(size for name, size in sizes.items() if name.startswith("r1/vendor/"))
    assert vendored < 3_000_000
    assert sum(sizes.values()) < 5_000_000
    assert built["r1"].stat().st_size < 2_000_000


def test_settings_that_are_missing_are_named(deployed: Deployed, tmp_path: Path) -> None:
    """All at once."""
    path = tmp_path / "deploy.toml"
    path.write_text('host = "h"\nuser = "u"\nurrl = "x"\nport = "21"\n')
    done = run(deployed, "ftp", path)

    assert done.returncode == 1
    for fault in ("url: missing", "urrl: no such key", "port: expected a whole number"):
        assert fault in done.stderr
    assert "Traceback" not in done.stderr
    assert flask(deployed.site.settings, "url", "qiwi").returncode == 0
