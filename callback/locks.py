"""Files that the processes of one machine share: a lock on an open file, and whose a file is."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from callback.limits import FILE_LOCK_S

if TYPE_CHECKING:
    from collections.abc import Iterator


def lock(file: int, *, wait: bool = True) -> None:
    """Lock a file until it is closed; OSError where another process has it and we do not wait."""
    try:
        import fcntl
    except ImportError:
        _lock_first_byte(file, wait=wait)
        return
    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _lock_first_byte(file: int, *, wait: bool) -> None:
    windows: Any = import_module("msvcrt")  # its types are there on Windows alone
    windows.locking(file, windows.LK_LOCK if wait else windows.LK_NBLCK, 1)


@contextmanager
def locked(path: str) -> Iterator[int]:
    """Open a file that no other process has open in this way; OSError, also when one keeps it.

    Whoever has it needs it for a moment, unless he was stopped in the middle.
    """
    try:
        file = open_own(path, os.O_RDWR)
    except PermissionError:  # an older release has let root make it
        os.unlink(path)
        file = open_own(path, os.O_RDWR)
    try:
        _lock_soon(file)
        yield file
    finally:
        os.close(file)


def _lock_soon(file: int) -> None:
    end = time.monotonic() + FILE_LOCK_S
    while True:
        try:
            return lock(file, wait=False)
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(0.001)


def open_own(path: str, flags: int = os.O_WRONLY | os.O_APPEND) -> int:
    """Open or make a file for its owner alone; what root makes gets the folder's owner. OSError."""
    flags |= getattr(os, "O_BINARY", 0)  # Windows would write its own line ends
    flags |= getattr(os, "O_NONBLOCK", 0)  # a pipe of that name has nobody wait for its reader
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
