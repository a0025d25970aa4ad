"""The fingerprint of a file, by which two of the same name are told apart."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

AT_ONCE = 1024 * 1024  # bytes


def sha256(path: Path) -> str:
    """The SHA-256 of a file of any length, in hex as everybody writes it; OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()
