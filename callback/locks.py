"""A lock on an open file, for the processes of one machine: Unix and Windows each have one."""

from __future__ import annotations

from importlib import import_module
from typing import Any


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
