"""A host that is reached by FTP or SSH, as a few words that both understand.

For release.py. What a host refuses is a `HostError` with the file's name.
"""

from __future__ import annotations

import contextlib
import copy
import ftplib
import io
import os
import re
import shlex
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

from callback.phrase import Phrase

if TYPE_CHECKING:
    import socket

    from typing_extensions import Self

TIMEOUT_S = 30
SILENT_S = 10  # some servers end a line that was silent for a minute: while a release is built
SCRIPT, PUBLIC, SECRET = 0o755, 0o644, 0o600
LISTED = re.compile(r"-([rwxst-]{9})[.+@]?\s")  # a file's rights, as ls -l shows them


class HostError(Exception):
    """The host does not do what it was asked; the text names the file and what to do."""


class Host(Interface):
    """A folder on a host. Names are relative to it, with slashes."""

    def at(self, folder: str) -> Self:
        """The same host in another folder, from where the login lands."""

    def put(self, name: str, content: bytes, mode: int | None = None) -> None:
        """Write a file under another name, then rename it: nobody ever sees half of it."""

    def get(self, name: str) -> bytes | None:
        """Read a file; None when it is not there."""

    def mode(self, name: str) -> int | None:
        """The rights of a file; None where the host does not tell."""

    def set_mode(self, name: str, mode: int) -> None:
        """Give a file or folder its rights, where the host lets us."""

    def make_folder(self, name: str = "") -> None:
        """Make a folder, with those above it, unless it is there."""

    def remove(self, name: str) -> None:
        """Take a file away, if it is there."""

    def home(self) -> str:
        """Where the login lands, as the host names it; nothing where it does not tell."""


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
        self._settings = settings
        self._used = [time.monotonic()]  # of the line, whatever folder
        self._log_in()
        self._folder = settings["folder"].rstrip("/")

    def at(self, folder: str) -> FTP:
        """The same connection."""
        other = copy.copy(self)
        vars(other)["_folder"] = folder.rstrip("/")
        return other

    def put(self, name: str, content: bytes, mode: int | None = None) -> None:
        """Write, compare the size, rename: a server says "complete" of half a file, too."""
        path = self._path(name)
        try:
            meter = _Meter(name, len(content))
            self._ftp.storbinary(f"STOR {path}.new", io.BytesIO(content), callback=meter.add)
            if mode is not None:
                self.set_mode(f"{name}.new", mode)
            self._ftp.voidcmd("TYPE I")  # sizes are those of binary mode
            if self._ftp.size(f"{path}.new") != len(content):
                raise HostError(Phrase("{path} did not arrive whole: run it again", path=path))
            self._ftp.rename(f"{path}.new", path)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            raise HostError(
                Phrase(
                    "the host does not take {path}: {error} (is there room, and may this user "
                    "write "
                    "there?)",
                    path=path,
                    error=error,
                )
            ) from error

    def get(self, name: str) -> bytes | None:
        """Read a file."""
        content = io.BytesIO()
        try:
            self._ftp.retrbinary(f"RETR {self._path(name)}", content.write)
        except ftplib.error_perm:
            return None
        return content.getvalue()

    def mode(self, name: str) -> int | None:
        """As LIST shows it, which nearly all servers take from ls."""
        lines: list[str] = []
        with contextlib.suppress(ftplib.error_perm, ftplib.error_temp):
            self._ftp.retrlines(f"LIST {self._path(name)}", lines.append)
        listed = LISTED.match(lines[0]) if lines else None
        return _read_mode(listed[1]) if listed else None

    def set_mode(self, name: str, mode: int) -> None:
        """Not every server offers it, and many files are right without."""
        with contextlib.suppress(ftplib.error_perm):
            self._ftp.sendcmd(f"SITE CHMOD {mode:o} {self._path(name)}")

    def make_folder(self, name: str = "") -> None:
        """One after the other from the top."""
        parts = self._path(name).split("/")
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder:
                with contextlib.suppress(ftplib.error_perm):  # it is there
                    self._ftp.mkd(folder)

    def remove(self, name: str) -> None:
        """A server says the same of a file that is not there and of one that is not ours."""
        with contextlib.suppress(ftplib.error_perm):
            self._ftp.delete(self._path(name))

    def home(self) -> str:
        """Nothing but "/" where the host locks the login in."""
        with contextlib.suppress(ftplib.error_perm):
            return self._ftp.pwd()
        return ""

    def _log_in(self) -> None:
        settings = self._settings
        try:
            self._ftp.connect(settings["host"], settings["port"] or 21)
            self._ftp.login(settings["user"], settings["password"])
            if isinstance(self._ftp, TLS):
                self._ftp.prot_p()
        except (OSError, ftplib.Error, EOFError) as error:
            raise HostError(
                Phrase(
                    "no login to {host}: {why}: check host, port, user, password, tls and ca in "
                    "deploy.toml",
                    host=settings["host"],
                    why=error if str(error) else type(error).__name__,
                )
            ) from error

    def _path(self, name: str) -> str:
        """Where a file is; the line is awake then."""
        if time.monotonic() - self._used[0] > SILENT_S:
            try:
                self._ftp.voidcmd("NOOP")
            except (OSError, ftplib.Error, EOFError):
                self._ftp.close()
                self._log_in()
        self._used[0] = time.monotonic()
        return f"{self._folder}/{name}" if name else self._folder


class SSH:
    """A host with a shell; the commands are what every Unix has."""

    def __init__(self, settings: dict[str, Any]) -> None:
        port = ["-p", str(settings["port"])] if settings["port"] else []
        there = f"{settings['user']}@{settings['host']}"
        self._command = [*words(settings["ssh"]), "-o", "BatchMode=yes", *port, there]
        self._folder = settings["folder"].rstrip("/")

    def at(self, folder: str) -> SSH:
        """The same login."""
        other = copy.copy(self)
        vars(other)["_folder"] = folder.rstrip("/")
        return other

    def put(self, name: str, content: bytes, mode: int | None = None) -> None:
        """Write beside it, compare the size, rename over it."""
        chmod = "" if mode is None else f"chmod {mode:o} {{0}}.new && "
        size = self._run(f"cat > {{0}}.new && {chmod}wc -c < {{0}}.new", name, stdin=content)
        if int(size) != len(content):
            raise HostError(Phrase("{name} did not arrive whole: run it again", name=name))
        self._run("mv -f {0}.new {0}", name)

    def get(self, name: str) -> bytes | None:
        """Read a file."""
        return self._run("test ! -e {0} || cat {0}", name) or None

    def mode(self, name: str) -> int | None:
        """As ls shows it."""
        listed = LISTED.match(self._run("ls -ld {0} 2>&1 || :", name).decode(errors="replace"))
        return _read_mode(listed[1]) if listed else None

    def set_mode(self, name: str, mode: int) -> None:
        """Refused for what belongs to somebody else."""
        self._run(f"chmod {mode:o} {{0}} || :", name)

    def make_folder(self, name: str = "") -> None:
        """With those above it."""
        self._run("mkdir -p {0}", name)

    def remove(self, name: str) -> None:
        """Nothing is said where it is not there."""
        self._run("rm -f {0}", name)

    def home(self) -> str:
        """Where the shell begins."""
        return self._run("pwd", "").decode(errors="replace").strip()

    def _run(self, script: str, name: str, stdin: bytes = b"") -> bytes:
        """Run a line on the host about one name below our folder."""
        path = f"{self._folder}/{name}" if name else self._folder
        line = script.format(shlex.quote(path))
        done = subprocess.run([*self._command, line], input=stdin, capture_output=True, check=False)
        if done.returncode:
            raise HostError(
                Phrase(
                    "ssh: {path}: {why}",
                    path=path,
                    why=done.stderr.decode(errors="replace").strip(),
                )
            )
        return done.stdout


def words(command: str, *, windows: bool = os.name == "nt") -> list[str]:
    """Split a command as a shell does; on Windows a backslash is a part of a path."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    if windows:
        lexer.escape = ""
    return list(lexer)


def _read_mode(listed: str) -> int:
    """rwxr-xr-x as a number."""
    return sum(1 << (8 - place) for place, right in enumerate(listed) if right not in "-ST")


class _Meter:
    """Shows how far an upload is, on a terminal."""

    def __init__(self, name: str, size: int) -> None:
        self._name, self._size, self._sent = name, size, 0

    def add(self, block: bytes) -> None:
        self._sent += len(block)
        if sys.stderr.isatty() and self._size > 100_000:
            end = "\n" if self._sent >= self._size else ""
            print(f"\r{self._name} {self._sent * 100 // self._size} %", end=end, file=sys.stderr)
