"""Puts the program on a host by FTP or SSH, switches by one rename, goes back if that fails.

    make deploy-ftp      or    make deploy-ssh      build, upload, switch, prove
    make rollback                                   back to the release before

Settings: instance/deploy.toml (deploy/deploy.toml explains every line). Where things stand on the
host is told in deploy/passenger_wsgi.py. A release is one file, which the host unpacks and compares
with what was built; whatever happens before it is proven, the one before goes on serving.
"""

from __future__ import annotations

import argparse
import contextlib
import ftplib
import io
import json
import shlex
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

if TYPE_CHECKING:
    import socket

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from click import ClickException  # noqa: E402 - where the line above finds the program

from callback import settings as program  # noqa: E402
from callback.signature import ops_pass  # noqa: E402
from callback.tools import release  # noqa: E402

# Passenger looks at restart.txt at most every 10 s, and takes a moment to start.
SWITCH_S = 40
TIMEOUT_S = 30
ENTRY = "passenger_wsgi.py"
COMMANDS = "bin/flask"
STARTUP = "STARTUP.txt"
DEFAULTS = {
    "port": 0,
    "password": "",
    "tls": True,
    "folder": "callback",
    "ca": "",
    "ssh": "ssh",
    "check": "",
    "expect": "",
    "settings": "instance/config.toml",
}
NEEDED = ("host", "user", "url")


class DeployError(Exception):
    """The release does not serve; the text says what to do. The one before goes on serving."""


class Host(Interface):
    """A folder on a host. Names are relative to it, with slashes."""

    def put(self, name: str, content: bytes) -> None:
        """Write a file under another name, then rename it: nobody ever sees half of it."""

    def get(self, name: str) -> bytes | None:
        """Read a file; None when it is not there."""

    def make_folder(self, name: str) -> None:
        """Make a folder, with those above it, unless it is there."""


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
        meter = _Meter(name, len(content))
        try:
            self._ftp.storbinary(f"STOR {path}.new", io.BytesIO(content), callback=meter.add)
        except ftplib.error_perm as error:
            raise DeployError(f"the host does not take {path}: {error}") from error
        self._ftp.voidcmd("TYPE I")  # sizes are those of binary mode
        if self._ftp.size(f"{path}.new") != len(content):
            raise DeployError(f"{path} did not arrive whole: run it again")
        self._ftp.rename(f"{path}.new", path)

    def get(self, name: str) -> bytes | None:
        """Read a file."""
        content = io.BytesIO()
        try:
            self._ftp.retrbinary(f"RETR {self._path(name)}", content.write)
        except ftplib.error_perm:
            return None
        return content.getvalue()

    def make_folder(self, name: str) -> None:
        """One after the other from the top."""
        parts = self._path(name).split("/")
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder:
                with contextlib.suppress(ftplib.error_perm):  # it is there
                    self._ftp.mkd(folder)

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"


class SSH:
    """A host with a shell; the commands are what every Unix has."""

    def __init__(self, settings: dict[str, Any]) -> None:
        port = ["-p", str(settings["port"])] if settings["port"] else []
        there = f"{settings['user']}@{settings['host']}"
        self._command = [*shlex.split(settings["ssh"]), "-o", "BatchMode=yes", *port, there]
        self._folder = settings["folder"].rstrip("/")

    def put(self, name: str, content: bytes) -> None:
        """Write beside it, compare the size, rename over it."""
        size = self._run("cat > {0}.new && wc -c < {0}.new", name, stdin=content)
        if int(size) != len(content):
            raise DeployError(f"{name} did not arrive whole: run it again")
        self._run("mv -f {0}.new {0}", name)

    def get(self, name: str) -> bytes | None:
        """Read a file."""
        return self._run("test ! -e {0} || cat {0}", name) or None

    def make_folder(self, name: str) -> None:
        """With those above it."""
        self._run("mkdir -p {0}", name)

    def _run(self, script: str, name: str, stdin: bytes = b"") -> bytes:
        """Run a line on the host about one name below our folder."""
        line = script.format(shlex.quote(f"{self._folder}/{name}"))
        done = subprocess.run([*self._command, line], input=stdin, capture_output=True, check=False)
        if done.returncode:
            raise DeployError(f"ssh: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout


class _Meter:
    """Shows how far an upload is, on a terminal."""

    def __init__(self, name: str, size: int) -> None:
        self._name, self._size, self._sent = name, size, 0

    def add(self, block: bytes) -> None:
        self._sent += len(block)
        if sys.stderr.isatty() and self._size > 100_000:
            end = "\n" if self._sent >= self._size else ""
            print(f"\r{self._name} {self._sent * 100 // self._size} %", end=end, file=sys.stderr)


def main() -> None:
    """Read the command line; exit status 1 when the host does not serve the new release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("via", choices=("ftp", "ssh"), help="how the host is reached")
    parser.add_argument("--rollback", action="store_true", help="back to the release before")
    parser.add_argument("--settings", type=Path, default=ROOT / "instance" / "deploy.toml")
    parser.add_argument("--built", type=Path, help="upload this .zip, built before")
    options = parser.parse_args()
    try:
        settings = load(options.settings)
        host: Host = FTP(settings) if options.via == "ftp" else SSH(settings)
        if options.rollback:
            roll_back(host, settings)
        else:
            deploy(host, settings, options.built or build(settings))
    except KeyboardInterrupt:
        sys.exit("\nStopped. The release before goes on serving; run it again when you like.")
    except (DeployError, ClickException, OSError, ftplib.Error, EOFError) as error:
        text = error.message if isinstance(error, ClickException) else str(error)
        sys.exit(f"Not deployed: {text or type(error).__name__}")


def load(path: Path) -> dict[str, Any]:
    """Read the settings; DeployError names every key that is missing or unknown."""
    if not path.exists():
        raise DeployError(f"no {path}: copy deploy/deploy.toml there and fill it in")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:  # not UTF-8, too
        raise DeployError(f"{path}: {error}") from error
    faults = [f"{key}: missing" for key in NEEDED if not values.get(key)]
    faults += [f"{key}: no such key" for key in values if key not in (*NEEDED, *DEFAULTS)]
    faults += [
        f"{key}: expected {type(default).__name__}, as in deploy/deploy.toml"
        for key, default in {**dict.fromkeys(NEEDED, ""), **DEFAULTS}.items()
        if key in values and type(values[key]) is not type(default)
    ]
    if faults:
        raise DeployError("\n".join([f"{path}:", *faults]))
    return {**DEFAULTS, **values}


def build(settings: dict[str, Any]) -> Path:
    """Build a release, with the time zones of the program's settings where a copy of them is."""
    archive = ROOT / "build" / f"{release.new_name()}.zip"
    archive.parent.mkdir(exist_ok=True)
    copy = _copy_of_settings(settings)
    release.build(archive, release.zones(copy) if copy else ())
    return archive


def deploy(host: Host, settings: dict[str, Any], archive: Path) -> None:
    """Upload, switch, prove; back to the one before when it does not serve."""
    if not (settings["check"] or _copy_of_settings(settings)):
        raise DeployError(
            "nothing could prove that the release serves: keep a copy of the program's settings "
            f"as {settings['settings']}, or set check and expect in deploy.toml"
        )
    for folder in ("releases", "tmp", "bin"):
        host.make_folder(folder)
    for name, source in ((ENTRY, ENTRY), (COMMANDS, "flask")):
        content = (ROOT / "deploy" / source).read_bytes()
        if host.get(name) != content:
            host.put(name, content)
    host.put(f"releases/{archive.name}", archive.read_bytes())
    before = _pointer(host, "CURRENT")
    _switch(host, settings, archive.stem, before)
    if before != archive.stem:
        host.put("PREVIOUS", f"{before}\n".encode())
    print(f"Release {archive.stem} serves {settings['url']}.")


def roll_back(host: Host, settings: dict[str, Any]) -> None:
    """Switch to PREVIOUS, and make CURRENT the one to roll forward to."""
    before, current = _pointer(host, "PREVIOUS"), _pointer(host, "CURRENT")
    if not before:
        raise DeployError("there is no release before this one")
    _switch(host, settings, before, current)
    host.put("PREVIOUS", f"{current}\n".encode())
    print(f"Release {before} serves {settings['url']} again.")


def _pointer(host: Host, name: str) -> str:
    return (host.get(name) or b"").decode("ascii", "replace").strip()


def _switch(host: Host, settings: dict[str, Any], name: str, before: str) -> None:
    """Switch to a release and prove it; DeployError when the one before serves again."""
    # First, so that there is one to go on with while the new one is unpacked, or if it is cut.
    host.put("FALLBACK", f"{before}\n".encode())
    _point(host, name)
    failure = _failure(settings, name)
    if not failure:
        return
    note = (host.get(STARTUP) or b"").decode(errors="replace").strip()
    reason = f"{failure}\n{STARTUP}: {note}" if note else f"{failure}\n{_never_started(settings)}"
    if not before:
        raise DeployError(f"{reason}\nThere was no release before: nothing serves now.")
    _point(host, before)
    raise DeployError(f"{reason}\nRelease {before} serves again.")


def _point(host: Host, name: str) -> None:
    """The one rename that counts, then tell Passenger."""
    host.put("CURRENT", f"{name}\n".encode())
    host.put("tmp/restart.txt", f"{name}\n".encode())


def _never_started(settings: dict[str, Any]) -> str:
    return (
        f"There is no {STARTUP}, so the entry did not even run, or not for {settings['url']}. Look "
        "at the web folder: pay.cgi or pay.fcgi must have mode 755, Unix line ends (binary mode) "
        "and a Python in line 1 that the host has; with Passenger the panel must name the folder."
    )


def _failure(settings: dict[str, Any], name: str) -> str:
    """Ask the site until it proves that it runs the release; else say what it answered last."""
    deadline = time.monotonic() + SWITCH_S
    while failure := _wrong_release(settings, name) or _wrong_answer(settings):
        if time.monotonic() > deadline:
            return failure
        time.sleep(1)
    return ""


def _wrong_answer(settings: dict[str, Any]) -> str:
    """A real call, where the settings name one."""
    if not settings["check"]:
        return ""
    status, body = _get(settings["url"].rstrip("/") + settings["check"])
    if status == 200 and settings["expect"] in body:
        return ""
    return f"the check call answers HTTP {status}: {body[:200]}"


def _wrong_release(settings: dict[str, Any], name: str) -> str:
    """Ask the site which release it runs; the key of the program's settings signs the question."""
    copy = _copy_of_settings(settings)
    if copy is None:
        return ""
    url = f"{settings['url'].rstrip('/')}/doctor/{ops_pass('doctor', copy.secret_keys)}"
    status, body = _get(url)
    try:
        findings = {what: (state, text) for state, what, text in json.loads(body)}
    except ValueError:
        return (
            f"the site's doctor answers HTTP {status}: the program does not run there, or with "
            f"another SECRET_KEY than {settings['settings']}, or the clocks differ"
        )
    state, text = findings.get("release", ("fault", "unknown"))
    return "" if state == "ok" and text.startswith(f"{name}:") else f"the site runs {text}"


def _copy_of_settings(settings: dict[str, Any]) -> program.Settings | None:
    """The program's own settings, where a copy of them is."""
    path = ROOT / settings["settings"]
    if not settings["settings"] or not path.exists():
        return None
    try:
        return program.load(path)
    except program.SettingsError as error:
        raise DeployError(str(error)) from error


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as reply:
            return reply.status, reply.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
    except OSError as error:
        return 0, str(error)


if __name__ == "__main__":
    main()
