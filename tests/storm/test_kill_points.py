"""Killed after every statement, client or server: each payment once, each list whole or not.

It is SIGKILL, and a real server that has to recover each time: `make test-deploy`.
"""

from __future__ import annotations

import json
import random
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.storm.books import SETTINGS, Commands, Tables
from tests.support.processes import MariaDB, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.deploy
NAME = "books"
MANY = 500
HEAD = "number;name;address;debt\n"
PAYMENTS = (
    "INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state, paid_at,"
    " created_at, performed_at, cancelled_at, posted_at) SELECT 'qiwi', %s, number, id, 100, 'KZT',"
    " %s, '2026-11-03', '2026-11-03', '2026-11-03', %s, %s FROM account WHERE number = %s"
)
LATER = "2026-11-04"


class Books:
    """A database, the commands, and who is to be killed."""

    def __init__(self, server: MariaDB, commands: Commands, whom: str) -> None:
        self.server = server
        self._commands = commands
        self._whom = whom

    def sql(self, statement: str, *args: object) -> list[tuple[Any, ...]]:
        """Ask the database as its owner."""
        return self.server.sql(statement, NAME, args)

    def calm(self, *args: str) -> int:
        """Run a command to its end."""
        return self._commands.run(*args, last=0)

    def killed(self, last: int, *args: str) -> bool:
        """Kill at a statement of a command, and have all run again; False: it came to its end."""
        victim = self.server.pid if self._whom == "server" else 0
        status = self._commands.run(*args, last=last, victim=victim)
        if self._whom == "client":
            return status < 0
        if self._process_lives():
            return False
        self.server.kill()
        self.server.start()
        return True

    def _process_lives(self) -> bool:
        process = self.server._process  # noqa: SLF001
        assert process
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.3)
        return process.poll() is None


@pytest.fixture(params=["client", "server"])
def books(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """A program's tables in the same database, scripts, and two customers who owe 3200.00."""
    folder = tmp_path_factory.mktemp("books")
    (folder / "server").mkdir()
    with MariaDB(folder / "server") as server:
        server.create_database(NAME)
        write_settings(SETTINGS.format(url=server.url(NAME), more="[IMPORT]\n"), folder)
        for kind, sign in (("paid", "-"), ("cancelled", "+")):
            path = folder / "instance" / "sql" / f"post_{kind}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(Tables.SCRIPT.format(kind=kind, sign=sign))
        commands = Commands(folder, random.Random(7), "")
        made = Books(server, commands, request.param)
        assert made.calm("init-db") == 0
        for table in Tables.TABLES:
            made.sql(f"CREATE TABLE {table} ENGINE = InnoDB")
        yield made
        commands.close()


def begin(books: Books) -> None:
    """Two customers; two payments to post, and one to take back."""
    tables = ("payment", "invoice", "account", "posting", "export_line")
    for table in (*tables, "program_payment", "program_link", "program_customer"):
        books.sql(f"DELETE FROM {table}")
    for number in ("1", "2"):
        books.sql("INSERT INTO account (number) VALUES (%s)", number)
        books.sql("INSERT INTO program_customer VALUES (%s, 3200, 3200)", number)
    books.sql(
        "INSERT INTO invoice (number, account_id, amount, issued_on)"
        " SELECT number, id, 3200, '2026-11-01' FROM account"
    )
    books.sql(PAYMENTS, "1", "paid", None, None, "1")
    books.sql(PAYMENTS, "2", "paid", None, None, "2")
    books.sql(PAYMENTS, "3", "cancelled", LATER, LATER, "1")


def test_posting(books: Books) -> None:
    """Exactly once: the next run has done the rest, and no more."""
    points = _points(
        lambda: begin(books),
        lambda last: books.killed(last, "post"),
        lambda: (
            books.calm("post"),
            sorted(books.sql("SELECT txn_id, kind FROM program_payment")),
            sorted(books.sql("SELECT number, CAST(balance AS CHAR) FROM program_customer")),
            sorted(books.sql("SELECT number, CAST(amount AS CHAR) FROM invoice")),
            books.sql("SELECT COUNT(*) FROM program_link")[0][0],
        ),
        lambda: (
            0,
            [("1", "paid"), ("2", "paid"), ("3", "cancelled")],
            [("1", "3200.00"), ("2", "3100.00")],
            [("1", "3200.00"), ("2", "3100.00")],
            3,
        ),
    )
    assert points > 30


def test_importing(books: Books, tmp_path: Path) -> None:
    """The list as a whole, with what it knows, or nothing of it."""
    begin(books)
    books.calm("export")
    (last,) = books.sql("SELECT MAX(id) FROM export_line")[0]
    old = f"{HEAD}1;a;b;3200\n2;a;b;3200\n" + "".join(f"{n};a;b;1\n" for n in range(10, MANY))
    new = f"known_until;{last}\n{HEAD}1;z;b;3100\n" + "".join(
        f"{n};z;b;2\n" for n in range(20, MANY + 9)
    )
    (tmp_path / "old.csv").write_text(old)
    (tmp_path / "new.csv").write_text(new)
    everything = (
        "SELECT number, name, state FROM account",
        "SELECT number, CAST(amount AS CHAR), state FROM invoice",
        "SELECT txn_id, posted_at IS NULL, reversed_at IS NULL FROM payment",
    )

    def state() -> list[Any]:
        return [sorted(books.sql(sql)) for sql in everything]

    def prepare() -> None:
        books.sql("UPDATE payment SET posted_at = IF(state = 'paid', NULL, posted_at)")
        books.sql("UPDATE payment SET reversed_at = NULL")
        for table in ("invoice", "account"):
            books.sql(f"DELETE FROM {table}")
        assert books.calm("import", str(tmp_path / "old.csv")) == 0

    prepare()
    before = state()
    assert books.calm("import", str(tmp_path / "new.csv")) == 0
    after = state()
    points = _points(
        prepare,
        lambda last: books.killed(last, "import", str(tmp_path / "new.csv")),
        lambda: (state() in (before, after), books.calm("import", str(tmp_path / "new.csv"))),
        lambda: (True, 0),
    )
    assert before != after
    assert state() == after
    assert points > 8


def test_exporting_with_a_mark(books: Books, tmp_path: Path) -> None:
    """What is marked stands in a file that is there; each line is in the program once."""
    file = tmp_path / "payments.json"
    loaded: set[tuple[str, str]] = set()
    command = ("export", "--format", "json", "--mark", "-o", str(file))

    def load() -> int:
        lines = file.read_text().splitlines() if file.exists() else []
        for line in map(json.loads, lines):
            loaded.add((line["txn_id"], line["kind"]))
        return len(lines)

    def prepare() -> None:
        begin(books)
        loaded.clear()
        file.unlink(missing_ok=True)

    def finish() -> tuple[Any, ...]:
        load()
        marked = books.sql(
            "SELECT txn_id FROM payment WHERE posted_at IS NOT NULL AND state='paid'"
        )
        were_told = {txn_id for (txn_id,) in marked} <= {txn_id for txn_id, _ in loaded}
        books.calm(*command)
        load()
        return were_told, sorted(loaded), books.sql("SELECT SUM(amount) FROM invoice")[0][0]

    points = _points(
        prepare,
        lambda last: books.killed(last, *command),
        finish,
        lambda: (True, [("1", "paid"), ("2", "paid"), ("3", "cancelled")], 6300),
    )
    assert points > 8


def _points(
    prepare: Callable[[], None],
    kill: Callable[[int], bool],
    state: Callable[[], Any],
    wanted: Callable[[], Any],
) -> int:
    """Kill at the first statement, the second …, until nothing is left to kill; how often."""
    for last in range(1, 200):
        prepare()
        if not kill(last):
            return last - 1
        assert state() == wanted(), f"killed after statement {last}"
    raise AssertionError("it never comes to its end")
