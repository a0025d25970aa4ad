"""The log: one JSON object a line, on stderr or in a file that rotates by itself.

Shared hosts have no logrotate and run several processes of ours, so a line is one write() to a
file opened for appending, and the process that finds the file full renames it under a lock.
"""

from __future__ import annotations

import fcntl
import json
import logging
import logging.handlers
import os
import sys
from contextlib import suppress
from datetime import datetime, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024
KEPT_FILES = 5
MAX_TEXT = 200  # of one value: the longest number a payer may type

_logger = logging.getLogger("callback")


def start(path: Path | None) -> None:
    """Log to the file, or to stderr without one: gunicorn and Passenger keep that."""
    handler = RotatingFile(path) if path else logging.StreamHandler()
    handler.setFormatter(JsonLine())
    _logger.handlers = [handler]
    _logger.propagate = False
    _logger.setLevel(logging.INFO)


def call(level: int, **fields: object) -> None:
    """Write the line of one request."""
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


class RotatingFile(logging.handlers.WatchedFileHandler):
    """Appends to a file that only its owner can read, and follows it when another renames it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="ascii")

    def _open(self) -> Any:
        return open(self.baseFilename, "a", encoding="ascii", opener=_private)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, after making room for it."""
        self.reopenIfNeeded()
        if self._is_full():
            self._rotate()
        logging.StreamHandler.emit(self, record)

    def _is_full(self) -> bool:
        return self.stream is not None and os.fstat(self.stream.fileno()).st_size > MAX_BYTES

    def _rotate(self) -> None:
        names = [self.baseFilename, *(f"{self.baseFilename}.{n + 1}" for n in range(KEPT_FILES))]
        with open(f"{self.baseFilename}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.reopenIfNeeded()
            if self._is_full():  # no other process was first
                for newer, older in reversed(list(pairwise(names))):
                    with suppress(FileNotFoundError):
                        os.replace(newer, older)
                self.reopenIfNeeded()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _short(value: Any) -> Any:
    return value[:MAX_TEXT] if isinstance(value, str) and len(value) > MAX_TEXT else value
