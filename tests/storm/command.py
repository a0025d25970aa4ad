"""Runs the program's commands for the storm, each in a process of its own that may kill itself.

A line in is `{"args": [...], "last": 7, "victim": 0, "bug": ""}`: the command, or the process that
is named, is killed (SIGKILL) as soon as its seventh statement is answered. A line out is its exit
status, below zero where it was killed.
Processes are forked, so that a command takes milliseconds and dies at many places.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask.cli import ScriptInfo

import callback
from callback import create_app
from callback.database import Transaction
from callback.database.mysql import MySQLConnection
from callback.tools.books import exporting, importing, marks, posting

if TYPE_CHECKING:
    from flask import Flask


def main(settings: str) -> None:
    """Do what the lines say; statements laid over ours are beside the settings."""
    vars(callback)["INSTANCE"] = Path(settings).parent / "instance"
    app = create_app(Path(settings))
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _child(app, order)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _child(app: Flask, order: dict[str, Any]) -> None:
    quiet = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(quiet, stream)
    code = 70
    try:
        BUGS[order["bug"]]()
        _kill_after(order["last"], order["victim"] or os.getpid())
        app.cli.main(args=order["args"], prog_name="flask", obj=ScriptInfo(create_app=lambda: app))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        os._exit(code)


def _kill_after(last: int, victim: int) -> None:
    """Kill when so many statements have been answered; 0: never."""
    number = 0

    def counted(method: Any) -> Any:
        def call(*args: Any) -> Any:
            nonlocal number
            result = method(*args)
            number += 1
            if number == last:
                os.kill(victim, signal.SIGKILL)
            return result

        return call

    for name in ("run", "run_many", "script"):
        setattr(MySQLConnection, name, counted(getattr(MySQLConnection, name)))


# --- Faults that a storm must find ---


def _none() -> None:
    """The program as it is."""


def _posted_outside() -> None:
    """The script is committed, then posted_at."""
    run = Transaction.run

    def committing(books: Transaction, statement: str, **values: Any) -> Any:
        if statement in posting.MARKS.values():
            books.keep()
        return run(books, statement, **values)

    Transaction.run = committing  # type: ignore[method-assign,assignment]


def _known_ignored() -> None:
    """An import takes the debts and forgets which payments they know."""
    mark = marks.mark

    def forgetful(books: Transaction, after: int, last: int, *, settle: bool) -> int:
        return mark(books, after, last if settle else 0, settle=settle)

    importing.marks.mark = forgetful  # type: ignore[attr-defined]


def _all_marked() -> None:
    """What came while the file was written is marked, too, and is in no file."""

    def generous(database: Any, export: exporting.Export, *, settle: bool) -> int:
        with database.transaction() as books:
            return marks.mark(books, 0, marks.add_lines(books), settle=settle)

    exporting.mark = generous


BUGS = {
    "": _none,
    "posted outside": _posted_outside,
    "known ignored": _known_ignored,
    "all marked": _all_marked,
}

if __name__ == "__main__":
    main(sys.argv[1])
