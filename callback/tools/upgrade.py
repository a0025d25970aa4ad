"""Makes the tables what this release wants: creates them, or adds what an older release lacked.

Nothing is dropped, renamed or emptied, so the older release goes on working meanwhile, and the
command may be run again at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.database.sqlite import SQLite
from callback.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callback.database import Database

# Payments that get their numbers in one statement: so few that nobody waits for its locks.
PIECE = 2000


def run(
    database: Database, progress: Callable[[Iterable[int]], Iterable[int]] = iter
) -> Iterator[str]:
    """Create and add what is missing, and say each addition; DatabaseError."""
    if isinstance(database.engine, SQLite):
        database.engine.create()
    for statement in database.add(database.engine.UPGRADE):
        yield Phrase("added: {what}", what=statement)
    database.script(database.engine.SCHEMA)
    filled = sum(progress(_fill_numbers(database)))
    if filled:
        yield Phrase(
            "added: the number that was typed, to {n} payments of an older release", n=filled
        )


def _fill_numbers(database: Database) -> Iterator[int]:
    """Fill piece by piece, and yield how many payments each piece has changed."""
    with database.session() as session:
        last = int(session.run("last_payment").rows[0]["id"])
    for after in range(0, last, PIECE):
        with database.session() as session:
            yield session.run("fill_numbers", after=after, last=after + PIECE).changed
