"""The log: one JSON object a line, on stderr or in a file that rotates by itself.

Shared hosts have no logrotate and run several processes of ours, so a line is one write() to a
file opened for appending, and the process that finds the file full renames it under a lock.

A log never costs an answer: what its file does not take goes to stderr, until it takes it again.
Who has proved nothing may fill a part of it, and push nothing out.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024
KEPT_FILES = 5
MAX_TEXT = 200  # of one value: the longest number a payer may type
# Of a day, for each bank's address: in full; behind them only the 512th, 1024th, 2048th and so on.
STRANGERS_LINES = 300

_logger = logging.getLogger("callback")


def start(path: Path | None) -> None:
    """Log to the file, or to stderr without one: gunicorn and Passenger keep that."""
    handler = RotatingFile(path) if path else logging.StreamHandler()
    handler.setFormatter(JsonLine())
    _logger.handlers = [handler]
    _logger.propagate = False
    _logger.setLevel(logging.INFO)
    _strangers.path = f"{path}.strangers" if path else ""


def fault(path: Path | None) -> str:
    """Say what keeps us from writing to the file; nothing when we can."""
    try:
        if path:
            os.close(_open(str(path)))
    except OSError as error:
        return str(error)
    return ""


def call(level: int, *, stranger: str = "", **fields: object) -> None:
    """Write the line of one request; `stranger` is the address's name when nothing was proved."""
    if stranger:
        number = _strangers.count(stranger)
        if number > STRANGERS_LINES:
            if number & (number - 1):  # not a power of two
                return
            fields["strangers"] = number
    _logger.log(level, "", extra={"fields": fields})


def warning(message: str) -> None:
    """Write what an operator should look at."""
    _logger.warning(message)


def unexpected(message: str) -> None:
    """Write what should not happen, with the traceback of the exception being handled."""
    _logger.error(message, exc_info=sys.exc_info())


class JsonLine(logging.Formatter):
    """Everything outside of ASCII and every line break is escaped: no caller can break a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {"time": time.isoformat(timespec="milliseconds")}
        if record.levelno != logging.INFO:
            line["level"] = record.levelname.lower()
        if message := record.getMessage():
            line["message"] = message
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        fields = getattr(record, "fields", {})
        line.update((name, _short(value)) for name, value in fields.items())
        return json.dumps(line)


class RotatingFile(logging.Handler):
    """Appends to a file that only its owner can read, and follows it when another renames it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = str(path)
        self._descriptor = -1
        self._is_lost = False  # the last line went to stderr
        self._is_torn = False  # half of it is in the file

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, whatever has become of the file."""
        try:
            self._append(self.format(record).encode("ascii") + b"\n")
            self._is_lost = False
        except OSError as error:
            self._say_elsewhere(record, error)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Let go of the file."""
        self._hold(-1)
        super().close()

    def _append(self, line: bytes) -> None:
        self._follow()
        if os.fstat(self._descriptor).st_size > MAX_BYTES:
            with suppress(OSError):  # better too long than without this line
                self._renew()
        line = b"\n" + line if self._is_torn else line
        self._is_torn = os.write(self._descriptor, line) < len(line)
        if self._is_torn:
            raise OSError("no room for a whole line")

    def _say_elsewhere(self, record: logging.LogRecord, error: OSError) -> None:
        with suppress(Exception):  # there may be no stderr either
            if not self._is_lost:
                text = f"LOG: {self._path} cannot be written ({error}): stderr until it can"
                print(json.dumps({"level": "error", "message": text}), file=sys.stderr)
            self._is_lost = True
            print(self.format(record), file=sys.stderr, flush=True)

    def _follow(self) -> None:
        """Have the file open that stands in the place; one that we had, while none does."""
        if self._is_in_place():
            return
        try:
            try:
                self._hold(_open(self._path))
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
        names = [self._path, *(f"{self._path}.{number + 1}" for number in range(KEPT_FILES))]
        with _locked(f"{self._path}.lock"):
            with suppress(PermissionError):
                self._hold(_open(self._path))
                if os.fstat(self._descriptor).st_size <= MAX_BYTES:
                    return  # also when another process was first
            for newer, older in reversed(list(pairwise(names))):
                with suppress(FileNotFoundError):
                    os.replace(newer, older)
            self._hold(_open(self._path))


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
            with suppress(OSError), _locked(self.path) as file:
                counts = self._counted(_read_counts(file), name)
                os.ftruncate(file, 0)
                os.pwrite(file, json.dumps(counts).encode(), 0)
                return int(counts[name])
        self._counts = self._counted(self._counts, name)
        return int(self._counts[name])

    @staticmethod
    def _counted(counts: dict[str, Any], name: str) -> dict[str, Any]:
        today = datetime.now(timezone.utc).date().isoformat()
        ours = counts if counts.get("day") == today else {"day": today}
        return {**ours, name: int(ours.get(name, 0)) + 1}


_strangers = Strangers()


def _read_counts(file: int) -> dict[str, Any]:
    with suppress(ValueError):  # empty, or its writer was killed
        counts = json.loads(os.pread(file, MAX_BYTES, 0))
        if isinstance(counts, dict):
            return counts
    return {}


@contextmanager
def _locked(path: str) -> Iterator[int]:
    """Open a file that no other process has open in this way."""
    try:
        file = _open(path, os.O_RDWR)
    except PermissionError:  # an older release has let root make it
        os.unlink(path)
        file = _open(path, os.O_RDWR)
    try:
        with suppress(ImportError):  # Windows has nothing of the kind
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _open(path: str, flags: int = os.O_WRONLY | os.O_APPEND) -> int:
    """Open or make a file for its owner alone; what root makes gets the folder's owner."""
    folder = os.stat(os.path.dirname(path))
    if _is_root() and folder.st_uid:
        # In a folder of somebody else's a link may lead to a file that is not his.
        file = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        status = os.fstat(file)
        if status.st_uid == 0 and status.st_nlink == 1:
            os.fchown(file, folder.st_uid, folder.st_gid)
        return file
    return os.open(path, flags | os.O_CREAT, 0o600)


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _short(value: Any) -> Any:
    return value[:MAX_TEXT] if isinstance(value, str) and len(value) > MAX_TEXT else value
