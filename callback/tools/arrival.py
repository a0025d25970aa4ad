"""A file that arrives in pieces: hosts take no long bodies, and links of offices break.

The pieces lie in a folder of our own until the last is there; what lies for a day is given up.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import time
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from callback.database.errors import BusyError
from callback.limits import MAX_FILE, PIECES_KEPT_S
from callback.locks import lock
from callback.tools.digest import AT_ONCE, sha256
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator

ZIPPED = b"\x1f\x8b"


class GapError(Exception):
    """A piece does not begin where the file ends so far, at `there`; nothing was kept of it."""

    def __init__(self, there: int) -> None:
        super().__init__(f"{there} bytes are there: go on from there")
        self.there = there


class DamagedError(Exception):
    """The file is not what its sender has; it was thrown away."""


class Piece(NamedTuple):
    """Which part of which file: its digest, and how long all of it is."""

    sha256: str
    start: int
    size: int


def add(folder: Path, piece: Piece, content: bytes) -> int:
    """Keep a piece, and say how much of the file is there; GapError, DamagedError, OSError.

    One that was sent before is written over itself.
    """
    if piece.start + len(content) > piece.size:
        raise DamagedError(f"the piece ends behind the file, which has {piece.size} bytes")
    _prepare(folder)
    with open(os.open(_part(folder, piece), os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        there = file.seek(0, os.SEEK_END)
        if piece.start > there:
            raise GapError(there)
        file.seek(piece.start)
        file.write(content)
        return max(there, piece.start + len(content))


@contextmanager
def whole(folder: Path, piece: Piece) -> Iterator[Path]:
    """Lend the file of which every piece is there; GapError, DamagedError, OSError.

    It goes when it has been read, unless an error says that this may be tried again.
    """
    part = _part(folder, piece)
    lent = _new(folder)
    try:
        os.replace(part, lent)  # whoever sends the last piece twice must not meet himself
    except FileNotFoundError as error:
        lent.unlink()
        raise GapError(0) from error
    try:
        if sha256(lent) != piece.sha256:
            raise DamagedError("the pieces are not those of one file: send all of it again")
        yield lent
    except (DamagedError, GeneratorExit):
        raise
    except Exception:
        os.replace(lent, part)
        raise
    finally:
        lent.unlink(missing_ok=True)


@contextmanager
def at_once(folder: Path, content: bytes) -> Iterator[Path]:
    """Lend a file that came in one piece; OSError."""
    _prepare(folder)
    lent = _new(folder)
    try:
        lent.write_bytes(content)
        yield lent
    finally:
        lent.unlink(missing_ok=True)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Let one list at a time be taken on this machine; BusyError at once for another.

    Each keeps a worker for as long as it takes, and banks need one, too. That two are never
    mixed is the database's to see to.
    """
    path = folder / "turn.lock"
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        try:
            lock(file.fileno(), wait=False)
        except (BlockingIOError, PermissionError) as error:
            raise BusyError("another list is being taken") from error
        try:
            yield
        finally:
            with suppress(OSError):  # Windows deletes no open file
                path.unlink()


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Lend what is in a file of gzip; any other file as it is. DamagedError, OSError."""
    with path.open("rb") as file:
        if file.read(len(ZIPPED)) != ZIPPED:
            yield path
            return
    lent = _new(path.parent)
    try:
        _unpack(path, lent)
        yield lent
    finally:
        lent.unlink(missing_ok=True)


def fault(folder: Path) -> str:
    """Say what keeps files from arriving; nothing when they can."""
    there = folder if folder.exists() else folder.parent
    if not os.access(there, os.W_OK | os.X_OK):
        text = _("{folder} cannot be written: name another folder in [EXCHANGE]")
        return text.format(folder=there)
    return ""


def _unpack(path: Path, target: Path) -> None:
    size = 0
    try:
        with gzip.open(path) as packed, target.open("wb") as file:
            while content := packed.read(AT_ONCE):
                size += len(content)
                if size > MAX_FILE:
                    raise DamagedError(f"it unpacks to over {MAX_FILE >> 20} MiB")
                file.write(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedError(f"the gzip is damaged or cut off: {error}") from error


def _prepare(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    old = time.time() - PIECES_KEPT_S
    for path in folder.iterdir():
        with suppress(OSError):  # another process was first
            if path.suffix in (".part", ".lent") and path.stat().st_mtime < old:
                path.unlink()


def _part(folder: Path, piece: Piece) -> Path:
    return folder / f"{piece.sha256}-{piece.size}.part"


def _new(folder: Path) -> Path:
    descriptor, name = tempfile.mkstemp(".lent", dir=folder)
    os.close(descriptor)
    return Path(name)
