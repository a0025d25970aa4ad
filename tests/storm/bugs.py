"""Our program with one bug each: a storm, or a drill, must catch every one of them."""

from __future__ import annotations

import importlib
import random
import shutil
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT

ENTRY = """from tests.storm import bugs
bugs.plant({bug!r})
from callback import Program
application = app = Program()
"""
NO_KEY = "ALTER TABLE payment DROP KEY payment_once, ADD KEY payment_once (bank, txn_id)"


@dataclass(frozen=True)
class Bug:
    """What is wrong, in the database or in the program."""

    sql: tuple[str, ...] = ()
    plant: Callable[[], None] = lambda: None


def root_of(folder: Path, bug: str) -> Path:
    """A checkout whose entry plants the bug."""
    root = folder / "root"
    root.mkdir()
    for name in ("callback", "sql", "deploy", "tests"):
        (root / name).symlink_to(ROOT / name)
    (root / "wsgi.py").write_text(ENTRY.format(bug=bug))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def plant(bug: str) -> None:
    """Change the program before it is made."""
    ALL[bug].plant()


def _module(name: str) -> Any:
    return importlib.import_module(name)


def _replace(module: str, name: str, make: Callable[[Any], Any]) -> None:
    """Put another in the place of a function; it is given the right one."""
    *path, last = name.split(".")
    owner = _module(module)
    for one in path:
        owner = getattr(owner, one)
    setattr(owner, last, make(getattr(owner, last)))


def _in_statements(change: Callable[[str], str]) -> None:
    _replace(
        "callback",
        "load_statements",
        lambda load: lambda *folders: {n: change(text) for n, text in load(*folders).items()},
    )


def _select_then_insert() -> None:
    operation, lookup = _module("callback.operation"), _module("callback.lookup")

    def make(pay: Any) -> Any:
        def _pay(session: Any, bank: Any, command: Any) -> Any:
            if lookup.find(session, bank, command.txn_id):
                return operation._explained(session, bank, command, None)  # noqa: SLF001
            return pay(session, bank, command)

        return _pay

    _replace("callback.operation", "_pay", make)


def _no_deadline() -> None:
    _in_statements(
        lambda text: text.replace(":deadline > UTC_TIMESTAMP(3)", ":deadline IS NOT NULL")
    )


def _no_promise() -> None:
    _replace(
        "callback.lookup",
        "find_or_promise",
        lambda _: (
            lambda session, bank, command: _module("callback.lookup").find(
                session, bank, command.txn_id
            )
        ),
    )


def _answers_before_commit() -> None:
    def run(right: Any) -> Any:
        def _run(connection: Any, statement: str, values: Any, timeout: Any = None) -> Any:
            if statement.startswith("INSERT INTO payment"):
                connection.script("BEGIN")
            return right(connection, statement, values, timeout)

        return _run

    def give_back(right: Any) -> Any:
        def _give_back(database: Any, connection: Any) -> None:
            def commit() -> None:
                try:
                    connection.script("COMMIT")
                    right(database, connection)
                except Exception:
                    database.discard(connection)

            threading.Timer(0.1, commit).start()

        return _give_back

    _replace("callback.database.mysql", "MySQLConnection.run", run)
    _replace("callback.database", "Database.give_back", give_back)


def _float_sums() -> None:
    def make(pay: Any) -> Any:
        def _pay(session: Any, bank: Any, command: Any) -> Any:
            cents = int(float(command.amount) * 100)
            return pay(session, bank, command.but(amount=Decimal(cents) / 100))

        return _pay

    _replace("callback.operation", "_pay", make)


def _other_is_no_other() -> None:
    _replace("callback.operation", "_repeated", lambda _: lambda *_: "duplicate_same")


def _new_id_for_a_retry() -> None:
    errors = _module("callback.database.errors")
    _module("callback.database").ATTEMPTS = 1

    def make(pay: Any) -> Any:
        def _pay(session: Any, bank: Any, command: Any) -> Any:
            try:
                return pay(session, bank, command)
            except errors.DatabaseError:
                return pay(session, bank, command.but(txn_id=f"{command.txn_id[:60]}r"))

        return _pay

    _replace("callback.operation", "_pay", make)


def _refuses_what_it_does_not_know() -> None:
    errors, model = _module("callback.database.errors"), _module("callback.model")

    def make(run: Any) -> Any:
        def _run(session: Any, bank: Any, command: Any) -> Any:
            try:
                return run(session, bank, command)
            except errors.DatabaseError:
                return model.Result("unknown_account")

        return _run

    _replace("callback.operation", "run", make)


def _another_answer_each_time() -> None:
    def make(payment_of: Any) -> Any:
        def _payment_of(row: Any) -> Any:
            payment = payment_of(row)
            return payment._replace(id=payment.id + 1)

        return _payment_of

    _replace("callback.lookup", "payment_of", make)


BUGS = {
    "no unique key": Bug((NO_KEY,)),
    "select, then insert": Bug((NO_KEY,), _select_then_insert),
    "no deadline": Bug(plant=_no_deadline),
    "no promise": Bug(plant=_no_promise),
    "an answer before the commit": Bug(plant=_answers_before_commit),
    "sums in floats": Bug(plant=_float_sums),
    "another sum is a repeat": Bug(plant=_other_is_no_other),
    "a new id for a retry": Bug(plant=_new_id_for_a_retry),
    "a refusal where nothing is known": Bug(plant=_refuses_what_it_does_not_know),
    "another answer each time": Bug(plant=_another_answer_each_time),
}


# --- Leaks that a soak must find: in every third call, as one on some path would be ---


def _leaking(leak: Callable[[Any], object]) -> Callable[[], None]:
    kept: list[object] = []

    def make(run: Any) -> Any:
        calls = 0

        def _run(session: Any, bank: Any, command: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls % 3 == 0:
                kept.append(leak(session))
            return run(session, bank, command)

        return _run

    return lambda: _replace("callback.operation", "run", make)


def _thread() -> threading.Thread:
    thread = threading.Thread(target=threading.Event().wait, daemon=True)
    thread.start()
    return thread


LEAKS = {
    "memory": Bug(plant=_leaking(lambda _: b"." * random.randrange(65536, 131072))),
    "descriptors": Bug(plant=_leaking(lambda _: socket.socket())),
    "threads": Bug(plant=_leaking(lambda _: _thread())),
    "connections": Bug(plant=_leaking(lambda session: session._database.engine.connect())),  # noqa: SLF001
}
ALL = {**BUGS, **LEAKS}
