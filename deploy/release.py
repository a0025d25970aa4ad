"""Puts the program on a host by FTP or SSH, switches by one rename, goes back if that fails.

    make deploy-ftp      or    make deploy-ssh      build, upload, verify, switch, check
    make rollback                                   back to the release before

Settings: instance/deploy.toml (deploy/deploy.toml explains every line). Where things stand on the
host is told in deploy/passenger_wsgi.py. A release goes into a folder of its own beside the one in
use, which is not touched; whatever happens before the switch, the old one goes on serving.
"""

from __future__ import annotations

import argparse
import contextlib
import ftplib
import hashlib
import io
import json
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
MANIFEST = "MANIFEST.sha256"
KEPT_RELEASES = 3
# Passenger looks at restart.txt at most every 10 s, and takes a moment to start.
SWITCH_S = 40
TIMEOUT_S = 30
ENTRY = "passenger_wsgi.py"
DEFAULTS = {"port": 0, "password": "", "tls": True, "folder": "callback", "ca": "", "ssh": "ssh"}
NEEDED = ("host", "user", "url", "check", "expect")


class DeployError(Exception):
    """The release did not get there; the text says what to do. The old one goes on serving."""


class Host(Interface):
    """A folder on a host. Names are relative to it, with slashes."""

    def put(self, name: str, content: bytes) -> None:
        """Write a file under another name, then rename it: nobody ever sees half of it."""

    def get(self, name: str) -> bytes | None:
        """Read a file; None when it is not there."""

    def upload(self, folder: Path, name: str) -> None:
        """Write all files of a local folder into a new folder; MANIFEST last."""

    def wrong(self, folder: Path, name: str) -> list[str]:
        """Name the files that did not arrive as they are in the local folder."""

    def list(self, name: str) -> list[str]:
        """Name what is in a folder; nothing when it is not there."""

    def remove(self, name: str) -> None:
        """Remove a folder with all that is in it."""


class TLS(ftplib.FTP_TLS):
    """FTPS that continues the control connection's session on data connections.

    vsftpd refuses data connections that do not.
    """

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int]:
        link, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        control: Any = self.sock
        return self.context.wrap_socket(
            link, server_hostname=self.host, session=control.session
        ), size or 0


class FTP:
    """A host with nothing but FTP."""

    def __init__(self, settings: dict[str, Any]) -> None:
        trusted = ssl.create_default_context(cafile=settings["ca"] or None)
        self._ftp = (
            TLS(context=trusted, timeout=TIMEOUT_S)
            if settings["tls"]
            else ftplib.FTP(timeout=TIMEOUT_S)
        )
        self._ftp.connect(settings["host"], settings["port"] or 21)
        self._ftp.login(settings["user"], settings["password"])
        if isinstance(self._ftp, TLS):
            self._ftp.prot_p()
        self._folder = settings["folder"].rstrip("/")

    def put(self, name: str, content: bytes) -> None:
        """Write, compare the size, rename: a server says "complete" of half a file, too."""
        path = self._path(name)
        self._ftp.storbinary(f"STOR {path}.new", io.BytesIO(content))
        if self._ftp.size(f"{path}.new") != len(content):
            raise DeployError(f"{name} did not arrive whole")
        self._ftp.rename(f"{path}.new", path)

    def get(self, name: str) -> bytes | None:
        """Read a file."""
        content = io.BytesIO()
        try:
            self._ftp.retrbinary(f"RETR {self._path(name)}", content.write)
        except ftplib.error_perm:
            return None
        return content.getvalue()

    def upload(self, folder: Path, name: str) -> None:
        """File by file, in binary mode."""
        made: set[str] = set()
        for file in progress(files(folder), "uploading"):
            remote = f"{name}/{file}"
            self._make_folders(remote, made)
            with (folder / file).open("rb") as content:
                self._ftp.storbinary(f"STOR {self._path(remote)}", content)

    def wrong(self, folder: Path, name: str) -> list[str]:
        """Read every file back: no server offers sums of what it keeps."""
        return [
            file
            for file in progress(files(folder), "verifying")
            if self.get(f"{name}/{file}") != (folder / file).read_bytes()
        ]

    def list(self, name: str) -> list[str]:
        """The last part of each name, however the server writes them."""
        try:
            names = self._ftp.nlst(self._path(name))
        except ftplib.error_perm:
            return []
        return [
            one.rsplit("/", 1)[-1] for one in names if one.rsplit("/", 1)[-1] not in (".", "..")
        ]

    def remove(self, name: str) -> None:
        """Depth first."""
        for inside in self.list(name):
            try:
                self._ftp.delete(self._path(f"{name}/{inside}"))
            except ftplib.error_perm:
                self.remove(f"{name}/{inside}")
        with contextlib.suppress(ftplib.error_perm):
            self._ftp.rmd(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _make_folders(self, remote: str, made: set[str]) -> None:
        parts = self._path(remote).split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder and folder not in made:
                with contextlib.suppress(ftplib.error_perm):  # it is there
                    self._ftp.mkd(folder)
                made.add(folder)


class SSH:
    """A host with a shell; the commands are what every Unix has."""

    def __init__(self, settings: dict[str, Any]) -> None:
        port = ["-p", str(settings["port"])] if settings["port"] else []
        there = f"{settings['user']}@{settings['host']}"
        self._command = [*shlex.split(settings["ssh"]), "-o", "BatchMode=yes", *port, there]
        self._folder = settings["folder"].rstrip("/")
        self._run("mkdir -p {}", ".")

    def put(self, name: str, content: bytes) -> None:
        """Write beside it, then rename over it."""
        self._run("cat > {}.new && mv -fT {}.new {}", name, name, name, stdin=content)

    def get(self, name: str) -> bytes | None:
        """Read a file."""
        return self._run("test ! -e {} || cat {}", name, name) or None

    def upload(self, folder: Path, name: str) -> None:
        """One stream; tar keeps what came before a cut, so MANIFEST is sent last."""
        packed = subprocess.run(
            ["tar", "-cz", "-C", str(folder), *files(folder)], capture_output=True, check=True
        ).stdout
        self._run("mkdir -p {} && tar -xz -C {}", name, name, stdin=packed)

    def wrong(self, folder: Path, name: str) -> list[str]:  # noqa: ARG002 - the host has the sums
        """Let the host compute the sums."""
        checked = self._run("cd {} && sha256sum -c --quiet {} 2>&1 || true", name, MANIFEST, bare=1)
        return checked.decode().splitlines()

    def list(self, name: str) -> list[str]:
        """What is in a folder."""
        return self._run("ls {} 2>/dev/null || true", name).decode().split()

    def remove(self, name: str) -> None:
        """All of it."""
        self._run("rm -rf {}", name)

    def _run(self, script: str, *names: str, stdin: bytes = b"", bare: int = 0) -> bytes:
        """Run a line on the host; the last `bare` names are not below our folder."""
        below = len(names) - bare
        paths = [
            shlex.quote(f"{self._folder}/{name}" if number < below else name)
            for number, name in enumerate(names)
        ]
        done = subprocess.run(
            [*self._command, script.format(*paths)], input=stdin, capture_output=True, check=False
        )
        if done.returncode:
            raise DeployError(f"ssh: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout


def main() -> None:
    """Read the command line; exit status 1 when the host does not serve the new release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("via", choices=("ftp", "ssh"), help="how the host is reached")
    parser.add_argument("--rollback", action="store_true", help="back to the release before")
    parser.add_argument("--settings", type=Path, default=ROOT / "instance" / "deploy.toml")
    parser.add_argument("--built", type=Path, help="upload this folder, built before")
    given = parser.parse_args()
    try:
        settings = load(given.settings)
        host: Host = FTP(settings) if given.via == "ftp" else SSH(settings)
        if given.rollback:
            roll_back(host, settings)
        else:
            deploy(host, settings, given.built or build())
    except (DeployError, OSError, ftplib.Error) as error:
        sys.exit(f"Not deployed: {error}")


def load(path: Path) -> dict[str, Any]:
    """Read the settings; DeployError names every key that is missing or unknown."""
    if not path.exists():
        raise DeployError(f"no {path}: copy deploy/deploy.toml there and fill it in")
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    faults = [f"{key}: missing" for key in NEEDED if not given.get(key)]
    faults += [
        f"{key}: no such key" for key in given if key not in (*NEEDED, *DEFAULTS, "settings")
    ]
    if faults:
        raise DeployError("\n".join([f"{path}:", *faults]))
    return {**DEFAULTS, "settings": "", **given}


def deploy(host: Host, settings: dict[str, Any], folder: Path) -> None:
    """Upload, verify, switch, check; back to the old one when the check fails."""
    name = folder.name
    place = f"releases/{name}"
    host.upload(folder, place)
    if wrong := host.wrong(folder, place):
        raise DeployError(
            f"{len(wrong)} files did not arrive whole ({', '.join(wrong[:3])}): again"
        )
    if host.get(ENTRY) is None:
        host.put(ENTRY, (ROOT / "deploy" / ENTRY).read_bytes())
    before = _pointer(host, "CURRENT")
    _switch(host, name, before)
    if failure := _failure(settings, name):
        if before:
            _switch(host, before, _pointer(host, "PREVIOUS"))
            raise DeployError(f"{failure}; went back to {before}")
        raise DeployError(failure)
    _prune(host, {name, before})
    print(f"Release {name} serves {settings['url']}.")


def roll_back(host: Host, settings: dict[str, Any]) -> None:
    """Switch to PREVIOUS, and make CURRENT the one to roll forward to."""
    before, current = _pointer(host, "PREVIOUS"), _pointer(host, "CURRENT")
    if not before:
        raise DeployError("there is no release before this one")
    _switch(host, before, current)
    if failure := _failure(settings, before):
        raise DeployError(failure)
    print(f"Release {before} serves {settings['url']} again.")


def build() -> Path:
    """Put together what is uploaded: our code and what it needs, nothing compiled, with sums."""
    folder = ROOT / "build" / f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}"
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("callback", "sql"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.copyfile(ROOT / "wsgi.py", folder / "wsgi.py")
    own = ROOT / "instance" / "sql"
    if own.is_dir():  # a site's own statements lie over ours on the host, too
        shutil.copytree(own, folder / "instance" / "sql", ignore=ignore)
    _vendor(folder / "vendor")
    sums = [
        f"{hashlib.sha256((folder / file).read_bytes()).hexdigest()}  {file}\n"
        for file in files(folder)
    ]
    (folder / MANIFEST).write_text("".join(sums), encoding="utf-8")
    return folder


def files(folder: Path) -> list[str]:
    """Every file of a folder; MANIFEST last, for it says that the others have arrived."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(found, key=lambda name: (name == MANIFEST, name))


def _vendor(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    into = ["--no-compile", "--target", str(folder)]
    subprocess.run([*pip, *into, "-r", str(ROOT / "requirements.txt")], check=True)
    # The host's Python may be 3.10, whatever this one is.
    pinned = re.search(r"^tomli==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    pure = "--platform=any --python-version=3.10 --implementation=py --only-binary=:all: --no-deps"
    subprocess.run(
        [*pip, *into, "--upgrade", *pure.split(), pinned[0] if pinned else "tomli"], check=True
    )
    # Every one of them has a way without its compiled part.
    for pattern in ("*.so", "*.pyd", "*.pyc"):
        for compiled in folder.rglob(pattern):
            compiled.unlink()
    shutil.rmtree(folder / "bin", ignore_errors=True)


def _pointer(host: Host, name: str) -> str:
    return (host.get(name) or b"").decode("ascii", "replace").strip()


def _switch(host: Host, name: str, before: str) -> None:
    """PREVIOUS first, then the one rename that counts, then tell Passenger."""
    if before:
        host.put("PREVIOUS", f"{before}\n".encode())
    host.put("CURRENT", f"{name}\n".encode())
    with contextlib.suppress(DeployError, ftplib.error_perm):  # no tmp folder: not Passenger
        host.put("tmp/restart.txt", f"{name}\n".encode())


def _failure(settings: dict[str, Any], name: str) -> str:
    """Make the real check call, and ask the site which release it runs, until both are right."""
    deadline = time.monotonic() + SWITCH_S
    while failure := _wrong_answer(settings) or _wrong_release(settings, name):
        if time.monotonic() > deadline:
            return failure
        time.sleep(1)
    return ""


def _wrong_answer(settings: dict[str, Any]) -> str:
    status, body = _get(settings["url"] + settings["check"])
    if status == 200 and settings["expect"] in body:
        return ""
    return f"the check call answers HTTP {status}: {body[:200]}"


def _wrong_release(settings: dict[str, Any], name: str) -> str:
    """Only where a copy of the program's settings is: its key signs the doctor's address."""
    if not settings["settings"]:
        return ""
    from callback.signature import ops_pass

    given = tomllib.loads(Path(settings["settings"]).read_text(encoding="utf-8"))["SECRET_KEY"]
    keys = [key.encode() for key in (given if isinstance(given, list) else [given])]
    status, body = _get(f"{settings['url']}/doctor/{ops_pass('doctor', keys)}")
    try:
        found = {what: (state, text) for state, what, text in json.loads(body)}
    except ValueError:
        return f"the site's doctor answers HTTP {status}"
    state, text = found.get("release", ("fault", "unknown"))
    return "" if state == "ok" and text.startswith(f"{name}:") else f"the site runs {text}"


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as reply:
            return reply.status, reply.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


def _prune(host: Host, keep: set[str]) -> None:
    names = sorted(host.list("releases"))
    for name in names[:-KEPT_RELEASES]:
        if name not in keep:
            host.remove(f"releases/{name}")


def progress(names: list[str], what: str) -> Iterator[str]:
    """Show how far a long list is, on a terminal."""
    for number, name in enumerate(names, start=1):
        if sys.stderr.isatty():
            print(f"\r{what} {number}/{len(names)}", end="", file=sys.stderr)
        yield name
    if sys.stderr.isatty():
        print(file=sys.stderr)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
