"""Keeping rows beside the database while something else is sent to it.

A server sends nothing else on a link while it sends rows, and a million rows do not fit into the
memory of a small host.
"""

from __future__ import annotations

import pickle
import tempfile
from typing import TYPE_CHECKING

from callback.database import pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callback.database import Row

PIECE = 1000


def spooled(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Take all rows in before the first is out, and yield them, so many at a time."""
    with tempfile.TemporaryFile() as file:
        for piece in pieces(rows, PIECE):
            pickle.dump(piece, file)
        end = file.tell()
        file.seek(0)
        while file.tell() < end:
            kept: list[Row] = pickle.load(file)  # noqa: S301 - written by us just now
            yield kept
