"""flask post makes recorded payments the accounting program's own rows, each exactly once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from callback import settings
from callback.database import Database, load_statements, mysql, parts, sqlite
from callback.database.errors import BusyError, DatabaseError
from callback.paths import SQL
from callback.tools.books import posting
from tests.conftest import Engine, MariaDBEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ACCOUNT, OTHER = "0071501", "0071502"
PAYMENT = (
    "INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state, paid_at,"
    " created_at, performed_at) SELECT 'qiwi', ?, number, id, '100.00', 'KZT', 'paid',"
    " '2026-11-03 09:15:00', '2026-11-03 06:15:00', '2026-11-03 06:15:00'"
    " FROM account WHERE number = ?"
)
PAID = """
-- The program's own row, then what it believes is open.
INSERT INTO program_payment (origin, customer, amount, note)
VALUES (:id, :account, :amount, 'paid; by a bank');
UPDATE invoice SET amount = amount - :amount WHERE account_id = :account_id;
"""
CANCELLED = """
INSERT INTO program_payment (origin, customer, amount, note)
VALUES (-:id, :account, :amount, 'cancelled');
UPDATE invoice SET amount = amount + :amount WHERE account_id = :account_id
"""


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def program(engine: Engine) -> Engine:
    """A program in the same database, two customers, three payments."""
    engine.execute("DROP TABLE IF EXISTS program_payment")
    engine.execute(
        "CREATE TABLE program_payment (origin INTEGER PRIMARY KEY, customer VARCHAR(20),"
        " amount DECIMAL(14,2), note VARCHAR(40))"
    )
    for number in (ACCOUNT, OTHER):
        engine.account(number, owes="3200.00")
    for txn_id, number in (("1", ACCOUNT), ("2", ACCOUNT), ("3", OTHER)):
        engine.execute(PAYMENT, txn_id, number)
    return engine


@pytest.fixture
def post(program: Engine, folder: Path, tmp_path: Path) -> Callable[..., posting.Report]:
    """Post by scripts of a site."""

    def run(paid: str = PAID, cancelled: str = CANCELLED, *, dry_run: bool = False) -> Any:
        for name, text in (("post_paid", paid), ("post_cancelled", cancelled)):
            (tmp_path / f"{name}.sql").write_text(text)
        engine = settings.load(folder / "config.toml").engine
        database = Database(engine, load_statements(SQL, tmp_path), 1)
        return posting.run(database, dry_run=dry_run, progress=lambda items, label: items)

    return run


def rows(engine: Engine) -> list[tuple[str, str]]:
    """What the program has: whose, and what for."""
    return engine.rows("SELECT customer, note FROM program_payment ORDER BY ABS(origin), note")


def owed(engine: Engine, folder: Path, account: str = ACCOUNT) -> str:
    """What a check says."""
    database = Database(settings.load(folder / "config.toml").engine, load_statements(SQL), 1)
    with database.session() as session:
        (row,) = session.run("find_account", account=account).rows
    return f"{row['issued'] - row['paid']:.2f}"


def cancel(engine: Engine, txn_id: str) -> None:
    """Cancel a payment."""
    engine.execute(
        "UPDATE payment SET state = 'cancelled', cancelled_at = paid_at WHERE txn_id = ?", txn_id
    )


def test_each_payment_is_posted_once(
    program: Engine, post: Callable[..., posting.Report], folder: Path
) -> None:
    """Oldest first, its cancellation after it; nobody's debt changes; the next run has nothing."""
    first = post()
    assert [first.posted, first.reversed, first.failed] == [3, 0, []]
    assert owed(program, folder) == "3000.00"
    cancel(program, "1")
    assert owed(program, folder) == "3100.00"

    second, third = post(), post()

    assert [second.posted, second.reversed] == [0, 1]
    assert [third.posted, third.reversed, third.waiting] == [0, 0, 0]
    assert owed(program, folder) == "3100.00"
    assert rows(program) == [
        (ACCOUNT, "cancelled"),
        *[(ACCOUNT, "paid; by a bank")] * 2,
        (OTHER, "paid; by a bank"),
    ]


def test_a_dry_run_keeps_nothing(program: Engine, post: Callable[..., posting.Report]) -> None:
    """But says whether the script works."""
    assert post(dry_run=True).posted == 3
    assert rows(program) == []
    assert program.rows("SELECT COUNT(*) FROM payment WHERE posted_at IS NULL") == [(3,)]


@pytest.mark.parametrize(
    "script",
    [
        PAID.split("UPDATE", maxsplit=1)[0],  # the program's list does not know it
        PAID + ";" + PAID.split(";")[-2],  # it is subtracted twice
    ],
)
def test_a_script_that_changes_a_debt_is_wrong(
    program: Engine, post: Callable[..., posting.Report], script: str
) -> None:
    """Nothing of it is kept, and it is named."""
    report = post(script)

    assert report.posted == 0
    assert "was owed before" in report.failed[0].why
    assert report.waiting == 1  # the second of the same customer
    assert rows(program) == []
    assert program.rows("SELECT COUNT(*) FROM payment WHERE posted_at IS NULL") == [(3,)]


@pytest.mark.parametrize(("txn_id", "posted", "waiting"), [("1", 1, 1), ("3", 2, 0)])
def test_a_failure_stops_only_its_own_customer(
    program: Engine, post: Callable[..., posting.Report], txn_id: str, posted: int, waiting: int
) -> None:
    """It is named, and done by the next run; what was done before it is kept."""
    (row,) = program.rows("SELECT id FROM payment WHERE txn_id = ?", txn_id)
    program.execute("INSERT INTO program_payment VALUES (?, 'x', '1.00', 'x')", row[0])

    report = post()
    program.execute("DELETE FROM program_payment WHERE note = 'x'")
    kept = len(rows(program))
    again = post()

    assert [failure.txn_id for failure in report.failed] == [txn_id]
    assert [report.posted, report.waiting, kept] == [posted, waiting, posted]
    assert again.posted == 3 - posted
    assert len(rows(program)) == 3


def test_killed_after_every_statement(
    program: Engine,
    post: Callable[..., posting.Report],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever it is: the next run brings all to its end, each payment once."""
    kills = 0
    for last in range(1, 200):
        if not _killed(post, monkeypatch, last):
            break
        kills += 1
        (unposted,) = program.rows("SELECT COUNT(*) FROM payment WHERE posted_at IS NULL")[0]
        assert len(rows(program)) == 3 - unposted
    post()

    assert kills > 9
    assert len(rows(program)) == 3
    assert (owed(program, folder), owed(program, folder, OTHER)) == ("3000.00", "3100.00")


def _killed(
    post: Callable[..., posting.Report], monkeypatch: pytest.MonkeyPatch, last: int
) -> bool:
    """Run, and be killed after so many statements."""
    number = 0

    def counted(method: Any) -> Any:
        def call(*args: Any) -> Any:
            nonlocal number
            result = method(*args)
            number += 1
            if number == last:
                raise Killed
            return result

        return call

    with monkeypatch.context() as patch:
        for kind in (mysql.MySQLConnection, sqlite.SQLiteConnection):
            for name in ("run", "script"):
                patch.setattr(kind, name, counted(getattr(kind, name)))
        try:
            post()
        except Killed:
            return True
    return False


def test_two_runs_do_not_meet(
    program: Engine,
    post: Callable[..., posting.Report],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second waits for its turn, and gives up."""
    monkeypatch.setattr(mysql, "TURN_S", 0)
    database = Database(settings.load(folder / "config.toml").engine, load_statements(SQL), 1)

    with (
        database.transaction(),
        pytest.raises(BusyError if isinstance(program, MariaDBEngine) else DatabaseError),
    ):
        post()

    assert post().posted == 3


def test_a_semicolon_in_quotes_ends_no_statement() -> None:
    """Nor does one in a name."""
    script = """INSERT INTO a VALUES ('x;''y;', "z;\\";");\n\nUPDATE `b;` SET c = 1;;\n"""

    assert parts(script) == [
        """INSERT INTO a VALUES ('x;''y;', "z;\\";")""",
        "UPDATE `b;` SET c = 1",
    ]


def test_the_command_says_what_is_missing(command: Callable[..., Any], engine: Engine) -> None:
    """Without a script there is nothing to do."""
    done = command("post")

    assert done.returncode == 2
    assert "instance/sql/post_paid.sql" in done.stderr


def test_the_report_as_json() -> None:
    """A line a failure, then the counts."""
    failure = posting.Failure(7, "paid", "qiwi", "1", "why")
    report = posting.Report(posted=2, waiting=1, failed=[failure])

    failed, counts = map(json.loads, posting.json_lines(report))

    assert failed == {"failed": failure._asdict()}
    assert counts == {"posted": 2, "reversed": 0, "waiting": 1, "failures": 1}
    assert "paid qiwi 1: why" in next(posting.lines(report, dry_run=False))
