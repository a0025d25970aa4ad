"""What every test may ask for: databases with the tables, and the program running on them.

A module says with BANKS (the [BANKS.*] tables, as TOML) and SETTINGS (other settings, a dict)
what the program is to be started with. Both engines are tried, unless the module names one:

    pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
"""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import ROOT, Endpoint, MariaDB, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    import pymysql

# So that an assertion in them shows its values, too.
pytest.register_assert_rewrite("tests.support.answers", "tests.support.family")

# For modules whose tests need no bank: one that may call from this machine only.
SOME_BANK = '[BANKS.qiwi]\nprotocol = "osmp"\nallow = ["127.0.0.1/32"]\n'

_database_names = (f"test_{number}" for number in itertools.count(1))


class Engine(ABC):
    """A database with empty tables, seen from the accounting side. Write `?` for values."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The DATABASE setting."""

    @abstractmethod
    def rows(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        """Run a statement, commit it and return its rows; sums and dates come as text."""

    def execute(self, sql: str, *args: object) -> None:
        """Run a statement for what it does."""
        self.rows(sql, *args)

    def clean(self) -> None:
        """Empty the three tables."""
        for table in ("payment", "invoice", "account"):
            self.execute(f"DELETE FROM {table}")

    def account(
        self, number: str, name: str = "", state: str = "active", owes: str = "3200.00"
    ) -> int:
        """Add a customer, with one invoice unless nothing is owed; return the account's id."""
        insert = "INSERT INTO account (number, name, state) VALUES (?, ?, ?)"
        self.execute(insert, number, name, state)
        if owes != "0.00":
            self.invoice(number, f"{number}-1", owes)
        return self._account_id(number)

    def invoice(self, account: str, number: str, amount: str, state: str = "issued") -> None:
        """Add an invoice of a customer."""
        insert = (
            "INSERT INTO invoice (number, account_id, amount, issued_on, state)"
            " VALUES (?, ?, ?, '2026-10-01', ?)"
        )
        self.execute(insert, number, self._account_id(account), amount, state)

    def _account_id(self, number: str) -> int:
        return int(self.rows("SELECT id FROM account WHERE number = ?", number)[0][0])


@dataclass
class MariaDBEngine(Engine):
    """A database of the session's private server."""

    server: MariaDB
    name: str
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _link: pymysql.Connection[Any] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def rows(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        if args:
            sql = sql.replace("%", "%%").replace("?", "%s")
        with self._lock:
            if self._link is None or not self._link.open:
                self._link = self.server.connect(self.name)
            with self._link.cursor() as cursor:
                cursor.execute(sql, args or None)
                return [tuple(map(_plain, row)) for row in cursor.fetchall()]


@dataclass
class SQLiteEngine(Engine):
    """A database file."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def rows(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, timeout=10, isolation_level=None)) as connection:
            return connection.execute(sql, args).fetchall()


def _plain(value: object) -> object:
    """Return what SQLite would: sums and dates as text."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds")
    return str(value) if isinstance(value, Decimal | date) else value


def settings_toml(url: str, module: ModuleType) -> str:
    """Write the settings for a test module."""
    settings = {
        "SECRET_KEY": "only-for-these-tests-" * 3,
        "DATABASE": url,
        "TIMEZONE": "Asia/Almaty",
        "CURRENCY": "KZT",
        **getattr(module, "SETTINGS", {}),
    }
    # A JSON text, number, true or list of texts is written the same in TOML.
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.items()]
    return "".join(lines) + "\n" + getattr(module, "BANKS", SOME_BANK)


def flask(settings: Path, *args: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run one of the program's own commands, as the ops person does."""
    return subprocess.run(
        [sys.executable, "-m", "flask", *args],
        cwd=root,
        env=os.environ | {"CALLBACK_CONFIG": str(settings)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """One private server for the whole session."""
    with MariaDB(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the module's files."""
    return tmp_path_factory.mktemp("module")


@pytest.fixture(scope="module", params=["mariadb", "sqlite"])
def database(request: pytest.FixtureRequest, folder: Path) -> Engine:
    """A fresh database for the module, its tables made by the program itself."""
    name = next(_database_names)
    if request.param == "sqlite":
        engine: Engine = SQLiteEngine(folder / f"{name}.db")
    else:
        server = request.getfixturevalue("mariadb")
        server.create_database(name)
        engine = MariaDBEngine(server, name)
    settings = write_settings(settings_toml(engine.url, request.module), folder)
    made = flask(settings, "init-db")
    if made.returncode:
        pytest.fail(f"flask init-db failed:\n{made.stdout}{made.stderr}")
    return engine


@pytest.fixture
def engine(database: Engine) -> Engine:
    """The module's database, with nothing in its tables."""
    database.clean()
    return database


@pytest.fixture
def command(database: Engine, folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one of the program's own commands with the module's settings: command("doctor")."""
    assert database
    return partial(flask, folder / "config.toml")


@pytest.fixture(scope="module")
def endpoint(database: Engine, folder: Path, request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """The program, running on the module's database with the module's settings."""
    with Endpoint(settings_toml(database.url, request.module), folder) as running:
        yield running


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in a zone that is nobody's here."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()
