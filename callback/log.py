"""The log: one JSON object a line, on stderr or in a file that rotates by itself.

Shared hosts have no logrotate and run several processes of ours, so a line is one write() to a
file opened for appending, and the process that finds the file full renames it under a lock.

A log never costs an answer: what its file does not take goes to stderr, until it takes it again.
Who has proved nothing may fill a part of it, and push nothing out.
"""

from __future__ import annotations

import json
import os
import select
import sys
from contextlib import suppress
from datetime import datetime, timezone
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from callback.limits import LOG_BYTES, LOG_FILES, LOG_TEXT, STDERR_S, STRANGERS_LINES
from callback.locks import locked, open_own

if TYPE_CHECKING:
    from pathlib import Path

# As in the library `logging`, which is not used: a record, a formatter and a handler for each line
# cost more than the line, and to import them a tenth of a call through CGI.
INFO, WARNING, ERROR = 20, 30, 40
LEVELS = {INFO: "info", WARNING: "warning", ERROR: "error"}


class Place(Protocol):
    """Where lines go."""

    def write(self, line: str) -> None: ...


def start(path: Path | None) -> None:
    """Log to the file, or to stderr without one: gunicorn and Passenger keep that."""
    global _place  # noqa: PLW0603 - a process has one log
    _place = RotatingFile(path) if path else _stderr
    _strangers.path = f"{path}.strangers" if path else ""


def fault(path: Path | None) -> OSError | None:
    """What keeps us from writing to the file; nothing when we can."""
    try:
        if path:
            os.close(open_own(str(path)))
    except OSError as error:
        return error
    return None


def call(level: int, *, stranger: str = "", **fields: object) -> None:
    """Write the line of one request; `stranger` is the address's name when nothing was proved."""
    if stranger and _is_over(stranger, fields):
        return
    if max(map(len, map(str, fields.values())), default=0) > LOG_TEXT:
        fields = {n: v[:LOG_TEXT] if isinstance(v, str) else v for n, v in fields.items()}
    _write(level, fields)


def warning(message: str, *, stranger: str = "") -> None:
    """Write what an operator should look at; `stranger` where anybody may bring it about."""
    fields: dict[str, object] = {"message": message}
    if not (stranger and _is_over(stranger, fields)):
        _write(WARNING, fields)


def unexpected(message: str, *, stranger: str = "") -> None:
    """Write what should not happen, with the traceback of the exception being handled."""
    from traceback import format_exc

    fields: dict[str, object] = {"message": message, "traceback": format_exc().rstrip()}
    if not (stranger and _is_over(stranger, fields)):
        _write(ERROR, fields)


def _is_over(stranger: str, fields: dict[str, object]) -> bool:
    """Whether a line is one too many; one that still is written says how many there were."""
    number = _strangers.count(stranger)
    if number <= STRANGERS_LINES:
        return False
    fields["strangers"] = number
    return bool(number & (number - 1))  # not a power of two


def _write(level: int, fields: dict[str, Any]) -> None:
    """Write a line. Everything outside of ASCII and every line break in it is escaped: no caller
    can break it.
    """
    line = {"time": datetime.now(timezone.utc).isoformat(timespec="milliseconds")}
    if level != INFO:
        line["level"] = LEVELS[level]
    _place.write(_to_json(line | fields))


class Stderr:
    """Writes to stderr, which may be closed, or lead to somebody who does not read on."""

    def __init__(self) -> None:
        self._lost = 0  # lines, since it takes none

    def write(self, line: str) -> None:
        """Write the line, if anybody reads it: a payment is answered without."""
        try:
            if not _goes_on(sys.stderr, 0 if self._lost else STDERR_S):
                self._lost += 1
                return
            if self._lost:
                text = f"LOG: nobody has read stderr: {self._lost} lines are lost"
                line = f"{json.dumps({'level': 'error', 'message': text})}\n{line}"
            self._lost = 0
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        except Exception:
            return


def _goes_on(file: Any, wait_s: float) -> bool:
    """Whether what is written goes somewhere within so many seconds, as far as that can be seen.

    A pipe that goes on takes 4 KiB: a line, if it is no long traceback.
    """
    if os.name != "posix":
        return True
    try:
        return bool(select.select([], [file], [], wait_s)[1])
    except (OSError, TypeError, ValueError):  # it has no descriptor, as under mod_wsgi
        return True


class RotatingFile:
    """Appends to a file that only its owner can read, and follows it when another renames it."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._lock = Lock()
        self._descriptor = -1
        self._is_lost = False  # the last line went to stderr
        self._is_torn = False  # half of it is in the file

    def write(self, line: str) -> None:
        """Write the line, whatever has become of the file."""
        with self._lock:
            try:
                self._append(line.encode("ascii") + b"\n")
                self._is_lost = False
            except Exception as error:  # whatever it is
                self._say_elsewhere(line, error)

    def _append(self, line: bytes) -> None:
        self._follow()
        if os.fstat(self._descriptor).st_size > LOG_BYTES:
            with suppress(OSError):  # better too long than without this line
                self._renew()
        line = b"\n" + line if self._is_torn else line
        self._is_torn = os.write(self._descriptor, line) < len(line)
        if self._is_torn:
            raise OSError("no room for a whole line")

    def _say_elsewhere(self, line: str, error: Exception) -> None:
        if not self._is_lost:
            text = f"LOG: {self._path} cannot be written ({error}): stderr until it can"
            _stderr.write(json.dumps({"level": "error", "message": text}))
        self._is_lost = True
        _stderr.write(line)

    def _follow(self) -> None:
        """Have the file open that stands in the place; one that we had, while none does."""
        if self._is_in_place():
            return
        try:
            try:
                self._hold(open_own(self._path))
            except PermissionError:
                self._renew()
        except OSError:
            # The folder was renamed, and our file with it. An unlinked one would swallow lines.
            if self._descriptor < 0 or os.fstat(self._descriptor).st_nlink == 0:
                raise

    def _is_in_place(self) -> bool:
        with suppress(OSError):
            there, ours = os.stat(self._path), os.fstat(self._descriptor)
            return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
        return False

    def _hold(self, descriptor: int) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = descriptor

    def _renew(self) -> None:
        """Open the file, or a new one when it is full or may not be written (root has made it)."""
        names = [self._path, *(f"{self._path}.{number + 1}" for number in range(LOG_FILES))]
        with locked(f"{self._path}.lock"):
            with suppress(PermissionError):
                self._hold(open_own(self._path))
                if os.fstat(self._descriptor).st_size <= LOG_BYTES:
                    return  # also when another process was first
            for newer, older in reversed(list(pairwise(names))):
                with suppress(FileNotFoundError):
                    os.replace(newer, older)
            self._hold(open_own(self._path))


class Strangers:
    """Counts the calls of a day of those who have proved nothing, for all processes together.

    Without a file, or where that cannot be had, each process counts for itself.
    """

    def __init__(self) -> None:
        self.path = ""
        self._counts: dict[str, Any] = {}

    def count(self, name: str) -> int:
        """Count one more call, and say how many there were today."""
        if self.path:
            with suppress(OSError), locked(self.path) as file:
                counts = self._counted(_read_counts(file), name)
                os.ftruncate(file, 0)
                os.lseek(file, 0, os.SEEK_SET)
                os.write(file, json.dumps(counts).encode())
                return int(counts[name])
        self._counts = self._counted(self._counts, name)
        return int(self._counts[name])

    @staticmethod
    def _counted(counts: dict[str, Any], name: str) -> dict[str, Any]:
        today = datetime.now(timezone.utc).date().isoformat()
        ours = counts if counts.get("day") == today else {"day": today}
        return {**ours, name: int(ours.get(name, 0)) + 1}


_to_json = json.JSONEncoder(default=str).encode  # made once: json.dumps makes one each time
_stderr = Stderr()
_place: Place = _stderr
_strangers = Strangers()


def _read_counts(file: int) -> dict[str, Any]:
    with suppress(ValueError):  # empty, or its writer was killed
        counts = json.loads(os.read(file, LOG_BYTES))
        if isinstance(counts, dict):
            return counts
    return {}
