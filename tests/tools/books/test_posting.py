"""flask post makes recorded payments the accounting program's own rows, each exactly once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from callback import create_app, settings
from callback.database import Database, Transaction, load_statements, mysql, parts, sqlite
from callback.database.errors import BusyError, DatabaseError
from callback.paths import SQL
from callback.tools.books import posting
from tests.conftest import Engine, MariaDBEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    Flask = Callable[..., Result]

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


only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def program(engine: Engine) -> Engine:
    """A program in the same database, two customers, three payments."""
    engine.execute("DELETE FROM posting")
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

    def run(
        paid: str = PAID, cancelled: str = CANCELLED, progress: Any = None, **options: Any
    ) -> Any:
        for name, text in (("post_paid", paid), ("post_cancelled", cancelled)):
            (tmp_path / f"{name}.sql").write_text(text)
        engine = settings.load(folder / "config.toml").engine
        database = Database(engine, load_statements(SQL, tmp_path), 1)
        return posting.run(database, posting.Options(**options), progress or _silently)

    return run


def _silently(items: Any, label: str) -> Any:
    return items


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


@pytest.mark.slow
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
    assert "0071501 owed 3000.00 before and " in report.failed[0].why
    assert report.waiting == 1  # the second of the same customer
    assert rows(program) == []
    assert program.rows("SELECT COUNT(*) FROM payment WHERE posted_at IS NULL") == [(3,)]


@pytest.mark.parametrize("word", ["COMMIT", "START TRANSACTION", "TRUNCATE", "LOCK TABLES"])
def test_a_script_that_ends_the_transaction_posts_nothing(
    program: Engine, post: Callable[..., posting.Report], word: str
) -> None:
    """Its rows would be there once more after every run that fails."""
    with pytest.raises(DatabaseError, match=f"post_paid.sql has {word}"):
        post(f"{PAID};\n{word} program_payment")

    assert rows(program) == []


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


def test_they_are_posted_as_they_happened(
    program: Engine, post: Callable[..., posting.Report]
) -> None:
    """A program that takes no second payment of a bill takes it after the first was taken back."""
    post()
    cancel(program, "1")
    program.execute("UPDATE payment SET cancelled_at = '2026-11-04 06:00:00' WHERE txn_id = '1'")
    program.execute(PAYMENT, "4", ACCOUNT)
    program.execute("UPDATE payment SET performed_at = '2026-11-04 07:00:00' WHERE txn_id = '4'")
    program.execute(PAYMENT, "5", ACCOUNT)
    program.execute("UPDATE payment SET performed_at = '2026-11-04 05:00:00' WHERE txn_id = '5'")
    told: list[Any] = []

    def progress(rows: Any, label: str) -> Any:
        told.extend((row["kind"], row["txn_id"]) for row in rows)
        return []

    post(progress=progress)

    assert told == [("paid", "5"), ("cancelled", "1"), ("paid", "4")]


@only_mariadb
def test_who_writes_at_the_same_time_is_no_fault_of_the_script(
    program: Engine, post: Callable[..., posting.Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program changes the same bill after we have read it: the payment is tried once more."""
    others = ["7.00", "8.00"]
    run_script = Transaction.run_script

    def meanwhile(books: Transaction, name: str, **values: Any) -> None:
        if others:
            program.execute("UPDATE invoice SET amount = amount + ?", others.pop())
        run_script(books, name, **values)

    monkeypatch.setattr(Transaction, "run_script", meanwhile)

    assert [(report := post()).posted, report.failed] == [3, []]
    assert program.rows("SELECT SUM(amount) FROM invoice") == [("6130.00",)]


def test_the_invoice_that_was_paid_is_the_one_that_is_posted(
    program: Engine, post: Callable[..., posting.Report]
) -> None:
    """Else a payer is asked for it once more, though the customer's debt as a whole is right."""
    program.invoice(ACCOUNT, "A-2", "100.00")
    program.execute(
        "UPDATE payment SET invoice_id = (SELECT id FROM invoice WHERE number = 'A-2')"
        " WHERE txn_id = '1'"
    )
    wrong = PAID.replace(
        "account_id = :account_id", f"account_id = :account_id AND number = '{ACCOUNT}-1'"
    )
    right = PAID.replace(
        "account_id = :account_id",
        "id = COALESCE(:invoice_id, (SELECT i.id FROM (SELECT id FROM invoice WHERE number ="
        " CONCAT(:account, '-1')) AS i))",
    )
    if not isinstance(program, MariaDBEngine):
        right = right.replace("CONCAT(:account, '-1')", ":account || '-1'")

    refused, posted = post(wrong), post(right)

    assert "invoice A-2 owed 0.00 before and 100.00 after it" in refused.failed[0].why
    assert [posted.posted, posted.failed] == [3, []]


def test_a_value_that_is_none_is_named(
    program: Engine, post: Callable[..., posting.Report]
) -> None:
    """No traceback."""
    assert ":sum" in post(PAID.replace(":amount", ":sum")).failed[0].why


def test_quotes_and_comments_of_a_script(
    program: Engine, post: Callable[..., posting.Report]
) -> None:
    """What is quoted is no comment, what is a comment ends no statement."""
    script = PAID.replace("paid; by a bank", "it -- is /* it */").replace(
        "UPDATE", "/* don't; stop */ UPDATE"
    )

    assert post(script).posted == 3
    assert {note for _, note in rows(program)} == {"it -- is /* it */"}


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
    post: Callable[..., posting.Report],
    monkeypatch: pytest.MonkeyPatch,
    last: int,
    script: str = PAID,
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
            post(script)
        except Killed:
            return True
    return False


REPEATABLE = """
INSERT INTO program_payment (origin, customer, amount, note)
SELECT :id, :account, :amount, 'paid' FROM account AS a
 WHERE a.id = :account_id AND NOT EXISTS (SELECT 1 FROM program_payment WHERE origin = :id);
UPDATE program_debt SET amount = amount - :amount, known = :id
 WHERE account_id = :account_id AND known < :id;
"""
UNTRANSACTED = "CREATE TABLE {} ENGINE = MyISAM"


@pytest.fixture
def untransacted(program: Engine) -> Iterator[Engine]:
    """The program's tables have no transactions, and what is owed is a view over them."""
    program.execute("DROP TABLE program_payment")
    for table in (
        "program_payment (origin INTEGER PRIMARY KEY, customer VARCHAR(20), amount DECIMAL(14,2),"
        " note VARCHAR(40))",
        "program_debt (account_id BIGINT UNSIGNED PRIMARY KEY, amount DECIMAL(14,2),"
        " known BIGINT NOT NULL DEFAULT 0)",
    ):
        program.execute(UNTRANSACTED.format(table))
    program.execute("RENAME TABLE invoice TO old_invoice")
    program.execute("INSERT INTO program_debt (account_id, amount) SELECT id, 3200 FROM account")
    program.execute(
        "CREATE VIEW invoice AS SELECT account_id AS id, CAST(account_id AS CHAR) AS number,"
        " account_id, amount, CURRENT_DATE() AS issued_on, 'issued' AS state FROM program_debt"
    )
    yield program
    program.execute("DROP VIEW invoice")
    program.execute("DROP TABLE program_debt")
    program.execute("RENAME TABLE old_invoice TO invoice")


@only_mariadb
@pytest.mark.slow
def test_killed_after_every_statement_without_transactions(
    untransacted: Engine,
    post: Callable[..., posting.Report],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was written stays, and is not written twice."""
    kills = 0
    for last in range(1, 200):
        untransacted.execute("DELETE FROM program_payment")
        untransacted.execute("UPDATE program_debt SET amount = 3200, known = 0")
        untransacted.execute("UPDATE payment SET posted_at = NULL")
        untransacted.execute("DELETE FROM posting")
        if not _killed(post, monkeypatch, last, REPEATABLE):
            break
        kills += 1
        assert post(REPEATABLE).failed == [], last
        debts = owed(untransacted, folder), owed(untransacted, folder, OTHER)
        assert (len(rows(untransacted)), *debts) == (3, "3000.00", "3100.00"), last

    assert kills > 20


@only_mariadb
def test_a_wrong_script_without_transactions_stays_wrong(
    untransacted: Engine, post: Callable[..., posting.Report], folder: Path
) -> None:
    """Its rows are there, so a person mends it and says so."""
    wrong = REPEATABLE.split("UPDATE", maxsplit=1)[0]

    assert "--again" in post(wrong).failed[0].why
    assert [post(wrong).posted, untransacted.rows("SELECT COUNT(posted_at) FROM payment")] == [
        0,
        [(0,)],
    ]
    assert post(REPEATABLE).posted == 3
    assert owed(untransacted, folder) == "3000.00"


@only_mariadb
def test_a_debt_that_was_brought_along_wants_to_be_told(
    untransacted: Engine, post: Callable[..., posting.Report], folder: Path
) -> None:
    """Of a run that found the script wrong after its rows were written: --again takes them."""
    view = "CREATE OR REPLACE VIEW invoice AS SELECT account_id AS id, account_id AS number,"
    view += " account_id, {} AS amount, CURRENT_DATE() AS issued_on, 'issued' AS state"
    view += " FROM program_debt"
    untransacted.execute(view.format("3200.00"))  # a view that does not know of payments
    assert len(post(REPEATABLE).failed) == 2
    untransacted.execute(view.format("amount"))

    assert [failure.txn_id for failure in post(REPEATABLE).failed] == ["1", "3"]
    assert post(REPEATABLE, again=True).posted == 3
    assert owed(untransacted, folder) == "3000.00"


@only_mariadb
def test_no_dry_run_without_transactions(
    untransacted: Engine, post: Callable[..., posting.Report]
) -> None:
    """It could not be undone."""
    with pytest.raises(posting.NoDryRunError):
        post(REPEATABLE, dry_run=True)
    assert rows(untransacted) == []


@pytest.mark.slow
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
    assert counts == {"posted": 2, "reversed": 0, "waiting": 1, "failures": 1, "kept": True}
    assert "paid qiwi 1: why" in next(posting.lines(report, dry_run=False))


@pytest.fixture
def flask(program: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Run the command inside of this process, at a site with such scripts."""

    def run(paid: str, *args: str) -> Result:
        scripts = folder / "instance" / "sql"
        scripts.mkdir(parents=True, exist_ok=True)
        (scripts / "post_paid.sql").write_text(paid)
        monkeypatch.setattr("callback.INSTANCE", folder / "instance")
        runner = create_app(folder / "config.toml").test_cli_runner()
        return runner.invoke(args=["post", *args], catch_exceptions=False)

    return run


def test_the_exit_status_is_for_cron(
    program: Engine, flask: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0: all done, 1: some failed, 3: it is another's turn; what was done is told in each case."""
    failed = flask(PAID.replace("program_payment", "nowhere"))
    dry = flask(PAID, "--dry-run", "--json")
    done = flask(PAID)
    again = flask(PAID, "--json")
    monkeypatch.setattr(Transaction, "stream", _broken)
    broken = flask(PAID)

    assert (failed.exit_code, dry.exit_code, done.exit_code) == (1, 0, 0)
    assert "paid qiwi 1: " in failed.stdout
    assert "0 posted, 0 reversed, 2 failed, 1 waiting" in failed.stdout
    assert json.loads(dry.stdout) == {
        **{"posted": 3, "reversed": 0, "waiting": 0, "failures": 0, "kept": False}
    }
    assert done.stdout == "3 posted, 0 reversed, 0 failed, 0 waiting\n"
    assert json.loads(again.stdout)["posted"] == 0
    assert broken.exit_code == 3
    assert "The database does not answer: gone" in broken.stderr
    assert "0 posted" in broken.stdout


def _broken(*args: Any, **values: Any) -> Any:
    raise DatabaseError("gone")


def test_a_link_that_is_cut_on_the_way_says_what_was_done(
    program: Engine, flask: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is for the next run."""
    sent: list[str] = []

    def cut(statement: str) -> Any:
        def send(books: Transaction) -> None:
            sent.append(statement)
            if sent.count("COMMIT") > 1:
                raise DatabaseError("gone")
            original[statement](books)

        return send

    original = {"COMMIT": Transaction.keep, "ROLLBACK": Transaction.undo}
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "keep", cut("COMMIT"))
        patch.setattr(Transaction, "undo", cut("ROLLBACK"))
        done = flask(PAID)

    assert (done.exit_code, done.stdout) == (3, "1 posted, 0 reversed, 0 failed, 0 waiting\n")
    assert flask(PAID).stdout == "2 posted, 0 reversed, 0 failed, 0 waiting\n"
    assert len(rows(program)) == 3


def test_what_failed_is_noted_until_it_is_done(
    program: Engine, post: Callable[..., posting.Report]
) -> None:
    """For flask doctor."""
    noted = "SELECT kind, state, why FROM posting ORDER BY payment_id"
    post(PAID.split("UPDATE", maxsplit=1)[0])
    ((kind, state, why), _) = program.rows(noted)
    post("SELECT none FROM nothing")

    assert (kind, state) == ("paid", "wrong")
    assert "owed 3000.00 before" in why
    assert [row[1] for row in program.rows(noted)] == ["failed", "failed"]
    assert post().posted == 3
