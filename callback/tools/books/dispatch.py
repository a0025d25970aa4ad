"""Bringing payments to the accounting program as files, each of them marked when it has arrived.

A file is named after the lines in it. What could not be delivered waits for the next run, which
brings it first; a run that is killed between a delivery and its mark delivers the same file again.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from callback.clock import utc_now
from callback.phrase import Phrase
from callback.tools.books import delivery, exporting
from callback.tools.digest import sha256
from callback.tools.output import new_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from callback.database import Database
    from callback.layouts import StatementLayout

ENDS = {"csv": "csv", "json": "json", "1c": "txt"}
NAME = re.compile(r"payments_([0-9]+)-([0-9]+)[.](?:csv|json|txt)")


class Order(NamedTuple):
    """What is to be sent, and whether it is known then."""

    after: int
    form: str
    mark: bool
    settle: bool


def run(
    database: Database,
    layout: StatementLayout,
    root: Path,
    order: Order,
    progress: Callable[[Iterable[dict[str, str]]], Iterable[dict[str, str]]],
) -> Iterator[tuple[Path, int]]:
    """Deliver what waits, then what is new; yield each file and how many lines were marked.

    DeliveryError, DatabaseError, OSError; ValueError when the form cannot hold a line.
    """
    folder = root / layout.folder
    with delivery.exclusively(folder):
        for file in delivery.waiting(_files(folder)):
            yield file, _send(database, layout, file, order)
        new = _new(database, layout, folder, order, progress)
        if new in delivery.waiting(_files(folder)):
            yield new, _send(database, layout, new, order)


def _files(folder: Path) -> list[Path]:
    files = {int(match[2]): file for file in folder.iterdir() if (match := _match(file))}
    return [files[last] for last in sorted(files)]


def _match(file: Path) -> re.Match[str] | None:
    return NAME.fullmatch(file.name)


def _new(
    database: Database,
    layout: StatementLayout,
    folder: Path,
    order: Order,
    progress: Callable[[Iterable[dict[str, str]]], Iterable[dict[str, str]]],
) -> Path:
    """Write what the program does not know; the file gets its name when its lines are known."""
    part = folder / ".payments"
    with new_file(part) as out:
        lines = progress(exporting.lines(database, order.after))
        export = exporting.write(lines, order.form, layout, out, order.after)
    file = folder / f"payments_{export.after + 1}-{export.last}.{ENDS[order.form]}"
    if export.lines == 0 or (file.exists() and sha256(file) == sha256(part)):
        part.unlink()
    else:
        os.replace(part, file)
    return file


def _send(database: Database, layout: StatementLayout, file: Path, order: Order) -> int:
    match, target = _match(file), layout.send
    if match is None or target is None:
        raise delivery.DeliveryError(Phrase("nowhere to send it"))
    delivery.carry(layout, target, file)
    marked = 0
    if order.mark:
        after, last = int(match[1]) - 1, int(match[2])
        marked = exporting.mark_lines(database, after, last, settle=order.settle)
    delivery.note(file, target, utc_now())
    return marked
