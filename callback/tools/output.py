"""Writing a file that somebody asked for: all of it or nothing, and over nothing but a file."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE, PUBLIC = 0o600, 0o666  # less what the umask takes


@contextmanager
def new_file(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """Open a file that appears whole or not at all, by default for its owner's eyes only; OSError.

    What is there and is not a regular file is never replaced: a link leads to its target, a
    terminal, a pipe or /dev/null is written to, anything else is refused.
    """
    if _takes_a_stream(path):
        with path.open("wb") as stream:
            yield stream
        return
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: with a suffix, the longest name that the system allows would not fit.
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part)
        raise


def unix_lines(content: bytes) -> bytes:
    """Text with the line ends of hosts, whatever the checkout has; what is no text as it is."""
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def _takes_a_stream(path: Path) -> bool:
    """Whether it is there and can only be written to; OSError for what cannot be written at all."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
        return True
    if not stat.S_ISREG(mode):
        raise OSError(errno.EEXIST, "not a file, so nothing is written there", os.fspath(path))
    return False
