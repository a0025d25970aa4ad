"""flask export tells the accounting program every payment once, and marks exactly what it told."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest

from callback import create_app, settings
from callback.database import Database, load_statements
from callback.paths import SQL
from callback.tools.books import exporting, register
from tests.conftest import Engine, MariaDBEngine
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.support.processes import Endpoint

    Flask = Callable[..., Result]

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.bills]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"

[BANKS.statement]
protocol = "files"
register = { form = "1c", purpose = "л/с ([^;]+);" }

[IMPORT]

[EXPORT]
account = "KZ86125KZT5004100100"
name = "ТОО Пример"
payer_account = "KZ0212500000000000"
payer_name = "Платежный агент"
"""
HEAD = "number;name;address;debt\n"
ACCOUNT = "0071501"
PAYMENT = (
    "INSERT INTO payment (bank, txn_id, number, account_id, invoice_id, amount, currency, state,"
    " paid_at, created_at, performed_at, cancelled_at) VALUES ('qiwi', ?, ?, ?, ?, ?, 'KZT', ?,"
    " '2026-11-03 09:15:00', '2026-11-03 06:15:00', '2026-11-03 06:15:00', ?)"
)
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


@pytest.fixture
def flask(database: Engine, folder: Path) -> Flask:
    """Run a command inside of this process."""
    assert database
    runner = create_app(folder / "config.toml").test_cli_runner()
    return lambda *args: runner.invoke(args=list(args), catch_exceptions=False)


@pytest.fixture
def books(engine: Engine) -> Engine:
    """One customer who owes 3200.10, and nothing told to anybody."""
    engine.execute("DELETE FROM export_line")
    engine.account(ACCOUNT, owes="0.00")
    engine.invoice(ACCOUNT, ACCOUNT, "3200.10")
    return engine


class Line(NamedTuple):
    """A line of an export, as far as most tests look."""

    id: int
    kind: str
    txn_id: str


def paid(
    engine: Engine, txn_id: str, amount: str = "100.00", *, state: str = "paid", invoice: Any = None
) -> None:
    """Record a payment of the customer."""
    account = engine.rows("SELECT id FROM account WHERE number = ?", ACCOUNT)[0][0]
    cancelled_at = "2026-11-04 05:00:00" if state == "cancelled" else None
    engine.execute(PAYMENT, txn_id, ACCOUNT, account, invoice, amount, state, cancelled_at)


def cancel(engine: Engine, txn_id: str) -> None:
    """Cancel it."""
    engine.execute(
        "UPDATE payment SET state = 'cancelled', cancelled_at = '2026-11-04 05:00:00'"
        " WHERE txn_id = ?",
        txn_id,
    )


def exported(flask: Flask, *options: str) -> list[Line]:
    """What is listed."""
    done = flask("export", "--format", "json", *options)
    assert done.exit_code == 0, done.stderr
    lines = map(json.loads, done.stdout.splitlines())
    return [Line(line["id"], line["kind"], line["txn_id"]) for line in lines]


def kinds(lines: list[Line]) -> list[tuple[str, str]]:
    """Without the ids, which differ from test to test."""
    return [(line.kind, line.txn_id) for line in lines]


def marks(engine: Engine) -> dict[str, tuple[bool, bool]]:
    """Whether payments are posted and reversed."""
    rows = engine.rows("SELECT txn_id, posted_at, reversed_at FROM payment")
    return {row[0]: (row[1] is not None, row[2] is not None) for row in rows}


def owed(folder: Path, account: str = ACCOUNT, bank: str = "qiwi") -> str:
    """What a check says."""
    from callback import operation
    from callback.model import Check

    given = settings.load(folder / "config.toml")
    database = Database(given.engine, load_statements(SQL), 1)
    with database.session() as session:
        payer = operation.run(
            session, given.banks[bank], Check(name="check", account=account)
        ).payer
    assert payer is not None
    return f"{payer.owed:.2f}"


@pytest.mark.slow
def test_a_line_says_all_of_a_payment(books: Engine, flask: Flask) -> None:
    """As JSON, and as a table of the same words."""
    paid(books, "1", "1000.50")

    line = json.loads(flask("export", "--format", "json").stdout)
    table = flask("export").stdout_bytes

    assert table.startswith(b"\xef\xbb\xbfid;kind;")
    assert table.endswith(b"\r\n")
    (row,) = csv.DictReader(io.StringIO(table.decode("utf-8-sig")), delimiter=";")
    assert row == {name: str(value) for name, value in line.items()}
    assert row.pop("id") == str(line["id"])
    assert row == {
        "kind": "paid",
        "bank": "qiwi",
        "txn_id": "1",
        "number": ACCOUNT,
        "sum": "1000.50",
        "currency": "KZT",
        "paid_at": "2026-11-03 09:15:00",
        "recorded_at": "2026-11-03 06:15:00",
        "account": ACCOUNT,
    }


def test_what_is_not_known_is_listed_again(books: Engine, flask: Flask) -> None:
    """Under the same id, oldest first; --after goes on; what was only booked is no payment."""
    paid(books, "1")
    first = exported(flask)
    paid(books, "2", state="created")
    paid(books, "3")

    again = exported(flask)

    assert kinds(again) == [("paid", "1"), ("paid", "3")]
    assert again[0] == first[0]
    assert exported(flask, "--after", str(first[-1].id)) == again[1:]


def test_a_cancellation_follows_its_payment(books: Engine, flask: Flask) -> None:
    """One of which the program was never told is not told; each is marked by itself."""
    for txn_id in "123":
        paid(books, txn_id)
    cancel(books, "1")
    first = exported(flask)
    cancel(books, "2")

    second = exported(flask)
    exported(flask, "--mark")
    cancel(books, "3")
    third = exported(flask, "--mark")

    assert kinds(first) == [("paid", "2"), ("paid", "3")]
    assert kinds(second) == [*kinds(first), ("cancelled", "2")]
    assert kinds(third) == [("cancelled", "3")]
    assert exported(flask) == []
    assert marks(books) == {"1": (False, False), "2": (True, True), "3": (True, True)}


def test_only_what_was_listed_is_marked(books: Engine, flask: Flask, folder: Path) -> None:
    """A payment that comes while the file is written is of the next one."""
    paid(books, "1")
    paid(books, "2")
    first = exported(flask)
    given = settings.load(folder / "config.toml")
    database = Database(given.engine, load_statements(SQL), 1)
    out = io.BytesIO()

    def lines() -> Any:
        for line in exporting.lines(database, first[0].id):
            yield line
            paid(books, "3")
            exported(flask)  # another run gives it a line

    export = exporting.write(lines(), "csv", given.exports, out, first[0].id)
    exporting.mark(database, export, settle=True)

    assert export.lines == 1
    assert marks(books) == {"1": (False, False), "2": (True, False), "3": (False, False)}
    assert kinds(exported(flask)) == [("paid", "1"), ("paid", "3")]


@only_mariadb
def test_ids_of_payments_are_not_the_order_of_their_commits(books: Engine, flask: Flask) -> None:
    """A smaller id is committed after the export has marked a greater one: it is not marked."""
    assert isinstance(books, MariaDBEngine)
    late = books.server.connect(books.name)
    account = books.rows("SELECT id FROM account")[0][0]
    late.begin()
    with late.cursor() as cursor:
        values = ("late", ACCOUNT, account, None, "5.00", "paid", None)
        cursor.execute(PAYMENT.replace("?", "%s"), values)
    paid(books, "early")
    early = exported(flask, "--mark")
    late.commit()
    late.close()

    ids = dict(books.rows("SELECT txn_id, id FROM payment"))
    after = exported(flask, "--after", str(early[-1].id))

    assert ids["late"] < ids["early"]
    assert kinds(early) == [("paid", "early")]
    assert kinds(after) == [("paid", "late")]
    assert after[0].id > early[0].id
    assert marks(books) == {"early": (True, False), "late": (False, False)}


def test_marking_changes_nobodys_debt(books: Engine, flask: Flask, folder: Path) -> None:
    """Of an account, of an invoice, of a cancelled payment, of one whose invoice is not there."""
    books.invoice(ACCOUNT, "A-1", "50.00")
    books.invoice(ACCOUNT, "A-2", "70.00", "cancelled")
    ids = dict(books.rows("SELECT number, id FROM invoice"))
    paid(books, "1", "1000.00")
    paid(books, "2", "20.00", invoice=ids["A-1"])
    paid(books, "3", "30.00", invoice=ids["A-2"])
    paid(books, "4", "40.00")
    exported(flask)
    cancel(books, "4")
    before = owed(folder), owed(folder, "A-1", "bills")

    exported(flask, "--mark")

    assert before == ("2200.10", "30.00")
    assert (owed(folder), owed(folder, "A-1", "bills")) == before
    cancel(books, "1")
    assert owed(folder) == "3200.10"
    exported(flask, "--mark")
    assert owed(folder) == "3200.10"
    assert all(posted for posted, _ in marks(books).values())


def test_a_debt_as_a_whole_begins_where_there_was_none(
    books: Engine, flask: Flask, folder: Path
) -> None:
    """A list of invoices has none of that number."""
    books.execute("UPDATE invoice SET number = 'A-1'")
    paid(books, "1", "1000.00")

    exported(flask, "--mark")

    assert owed(folder) == "2200.10"
    assert marks(books) == {"1": (True, False)}


@pytest.mark.slow
def test_list_in_payment_out_list_in(
    engine: Engine, flask: Flask, endpoint: Endpoint, folder: Path, tmp_path: Path
) -> None:
    """The debt agrees on both sides after every step, and each payment is in the program once."""
    engine.execute("DELETE FROM export_line")
    program = {ACCOUNT: Decimal("3200.10"), "0071502": Decimal("10.00")}
    loaded: set[tuple[str, str]] = set()

    def import_list(*options: str) -> Result:
        rows = "".join(f"{number};a;b;{debt}\n" for number, debt in program.items())
        (tmp_path / "list.csv").write_text(HEAD + rows)
        return flask("import", str(tmp_path / "list.csv"), *options)

    def pay(txn_id: str, amount: str) -> None:
        query = (
            f"command=pay&txn_id={txn_id}&account={ACCOUNT}&sum={amount}&txn_date=20261103091500"
        )
        body = endpoint.call(f"/qiwi?{query}").body
        assert ET.fromstring(body).findtext("result") == "0"

    def export(*options: str) -> int:
        flask("export", "-o", str(tmp_path / "payments.csv"), *options)
        text = (tmp_path / "payments.csv").read_text(encoding="utf-8-sig")
        last = 0
        for line in csv.DictReader(io.StringIO(text), delimiter=";"):
            last = int(line["id"])
            if (line["txn_id"], line["kind"]) not in loaded:
                loaded.add((line["txn_id"], line["kind"]))
                program[line["account"]] -= Decimal(line["sum"])
        return last

    assert import_list().exit_code == 0
    pay("1", "1000.00")
    assert owed(folder) == "2200.10"
    # With --mark.
    export("--mark")
    assert owed(folder) == "2200.10" == str(program[ACCOUNT])
    assert import_list().exit_code == 0
    assert owed(folder) == "2200.10"
    # By what the list knows; one payment comes after the export.
    pay("2", "200.05")
    last = export()
    pay("3", "0.05")
    done = import_list("--known-until", str(last))
    assert "payments: 1 known" in done.stdout
    assert owed(folder) == "2000.00"
    last = export()
    assert owed(folder) == "2000.00" == str(program[ACCOUNT])
    assert import_list("--known-until", str(last)).exit_code == 0
    assert owed(folder) == "2000.00"
    assert loaded == {("1", "paid"), ("2", "paid"), ("3", "paid")}
    # An older list, and a line that was never exported.
    assert "this is an older list" in import_list("--known-until", str(last - 1)).stderr
    assert "no export has such a line" in import_list("--known-until", str(last + 1)).stderr
    assert owed(folder) == "2000.00"


def test_the_head_of_a_list_says_what_it_knows(
    books: Engine, flask: Flask, folder: Path, tmp_path: Path
) -> None:
    """Without it payments are taken off, and somebody is told."""
    paid(books, "1", "1000.00")
    (line,) = exported(flask)
    file = tmp_path / "list.csv"
    file.write_text(f"known_until;{line.id};;\n{HEAD}{ACCOUNT};a;b;2200.10\n")
    known = flask("import", str(file), "--dry-run")
    assert marks(books) == {"1": (False, False)}
    file.write_text(f"{HEAD}{ACCOUNT};a;b;2200.10\n")
    unknown = flask("import", str(file), "--dry-run")
    file.write_text(f'"known_until={line.id}"\n{HEAD}{ACCOUNT};a;b;2200.10\n')

    assert flask("import", str(file)).exit_code == 0
    assert marks(books) == {"1": (True, False)}
    assert owed(folder) == "2200.10"
    assert known.stderr == ""
    assert "1 exported payments are not known to this list" in unknown.stderr


def test_a_statement_for_1c(books: Engine, flask: Flask, folder: Path, tmp_path: Path) -> None:
    """windows-1251 with CR LF, whole, its totals right; our own reader reads it back."""
    for txn_id, amount in (("1", "1000.50"), ("2", "0.10"), ("3", "20.00")):
        paid(books, txn_id, amount)
    exported(flask)
    cancel(books, "3")
    file = tmp_path / "kl_to_1c.txt"

    done = flask("export", "--format", "1c", "-o", str(file), "--mark")

    assert done.exit_code == 0
    assert "1020.60 paid, 20.00 cancelled, 4 marked as known" in done.stderr
    content = file.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    lines = content.decode("windows-1251").split("\r\n")
    assert lines[:3] == ["1CClientBankExchange", "ВерсияФормата=1.03", "Кодировка=Windows"]
    assert lines[-2:] == ["КонецФайла", ""]
    assert {"Получатель=1С:Предприятие", "Плательщик1=Платежный агент"} < set(lines)
    assert {"ВсегоПоступило=1020.60", "ВсегоСписано=20.00", "КонечныйОстаток=1000.60"} < set(lines)
    assert lines.count("СекцияДокумент=Платежное поручение") == lines.count("КонецДокумента") == 4
    read = register.read(settings.load(folder / "config.toml").banks["statement"], file)
    assert [(entry.account, str(entry.amount)) for entry in read.entries] == [
        (ACCOUNT, "1000.50"),
        (ACCOUNT, "0.10"),
        (ACCOUNT, "20.00"),
    ]
    assert [remark.name for remark in read.remarks] == ["not a payment"]


def test_what_1c_cannot_hold_is_refused(
    books: Engine, flask: Flask, folder: Path, tmp_path: Path
) -> None:
    """A letter of Kazakh, and settings without an account; nothing is written or marked."""
    paid(books, "1")
    books.execute("UPDATE payment SET number = 'Ә1'")
    file = tmp_path / "kl_to_1c.txt"
    command = ("export", "--format", "1c", "-o", str(file), "--mark")

    letter = flask(*command)
    config = write_settings((folder / "config.toml").read_text().split("[EXPORT]")[0], tmp_path)
    account = create_app(config).test_cli_runner().invoke(args=command)

    assert (letter.exit_code, account.exit_code) == (2, 2)
    assert "Ә1: 'Ә' is not in windows-1251: use --format csv" in letter.stderr
    assert "[EXPORT]" in account.stderr
    assert not file.exists()
    assert marks(books) == {"1": (False, False)}


def test_nothing_is_marked_that_was_not_written(
    books: Engine, flask: Flask, tmp_path: Path
) -> None:
    """The file's folder is a file."""
    paid(books, "1")
    (tmp_path / "file").write_text("")

    done = flask("export", "-o", str(tmp_path / "file" / "out.csv"), "--mark")

    assert done.exit_code == 3
    assert marks(books) == {"1": (False, False)}


def test_no_cell_is_a_formula(books: Engine, flask: Flask) -> None:
    """What a payer typed, or a bank sent, begins as text."""
    paid(books, "=1+1")

    assert ";'=1+1;" in flask("export").stdout
    assert exported(flask)[0].txn_id == "=1+1"


def test_without_imports_marking_leaves_invoices_alone(
    books: Engine, folder: Path, tmp_path: Path
) -> None:
    """There the program itself, or a view, says what is open."""
    paid(books, "1", "1000.00")
    toml = (folder / "config.toml").read_text()
    config = write_settings(toml.replace("[IMPORT]\n", ""), tmp_path)

    done = create_app(config).test_cli_runner().invoke(args=["export", "--mark"])

    assert done.exit_code == 0
    assert books.rows("SELECT amount FROM invoice") == [("3200.10",)]
    assert marks(books) == {"1": (True, False)}


# --- Delivered ---

SEND = """send = "folder:{}"
folder = "{}"
decimal = ","
"""


@pytest.fixture
def office(books: Engine, folder: Path, tmp_path: Path) -> Office:
    """A folder that the program reads, and a command that brings files there."""
    return Office(folder, tmp_path)


class Office:
    """A folder that the program reads, and a command that brings files there."""

    def __init__(self, folder: Path, tmp_path: Path) -> None:
        self.inbox, self.outbox = tmp_path / "inbox", tmp_path / "outbox"
        config = tmp_path / "config.toml"
        text = (folder / "config.toml").read_text()
        config.write_text(text + SEND.format(f"{self.inbox}/", self.outbox))
        self._runner = create_app(config).test_cli_runner()
        self.inbox.mkdir()

    def send(self, *args: str) -> Result:
        """Run the command."""
        return self._runner.invoke(args=["export", "--send", *args], catch_exceptions=False)

    def got(self) -> dict[str, list[str]]:
        """What has arrived: of each file its payments."""
        return {
            file.name: [
                line["txn_id"]
                for line in csv.DictReader(
                    io.StringIO(file.read_text(encoding="utf-8-sig")), delimiter=";"
                )
            ]
            for file in sorted(self.inbox.iterdir())
        }


def test_what_has_arrived_is_marked(books: Engine, office: Office) -> None:
    """A file is named after its lines, and each line is in one."""
    paid(books, "1", "12.05")
    paid(books, "2")
    first = office.send("--mark")
    paid(books, "3")
    second, third = office.send("--mark"), office.send("--mark")

    assert (first.exit_code, second.exit_code, third.exit_code) == (0, 0, 0)
    assert "2 marked as known" in first.stdout
    assert third.stderr == "there is nothing new\n"
    assert list(office.got().values()) == [["1", "2"], ["3"]]
    assert b";12,05;" in next(iter(sorted(office.inbox.iterdir()))).read_bytes()
    assert all(posted for posted, _ in marks(books).values())


def test_what_has_not_arrived_is_not_marked_and_is_brought_first(
    books: Engine, office: Office
) -> None:
    """The program's folder is away for a night."""
    paid(books, "1")
    office.inbox.rename(office.inbox.with_name("away"))
    away = office.send("--mark")
    before = marks(books)
    paid(books, "2")
    office.inbox.with_name("away").rename(office.inbox)
    back = office.send("--mark")

    assert away.exit_code == 3
    assert before == {"1": (False, False)}
    assert (back.exit_code, back.stdout.count("1 marked as known")) == (0, 2)
    assert list(office.got().values()) == [["1"], ["2"]]


def test_killed_between_the_delivery_and_its_mark(
    books: Engine, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same file comes once more, and then its lines are known."""

    class Killed(BaseException):
        pass

    def killed(*args: Any, **values: Any) -> int:
        raise Killed

    paid(books, "1")
    with monkeypatch.context() as patch:
        patch.setattr(exporting, "mark_lines", killed)
        with pytest.raises(Killed):
            office.send("--mark")
    paid(books, "2")
    again = office.send("--mark")

    assert again.exit_code == 0
    assert list(office.got().values()) == [["1"], ["2"]]
    assert all(posted for posted, _ in marks(books).values())


def test_without_a_mark_it_is_sent_until_a_list_knows_it(books: Engine, office: Office) -> None:
    """But what says the same is not sent again."""
    paid(books, "1")
    office.send()
    unchanged = office.send()
    paid(books, "2")
    office.send()

    assert unchanged.stderr == "there is nothing new\n"
    assert list(office.got().values()) == [["1"], ["1", "2"]]
    assert not any(posted for posted, _ in marks(books).values())


def test_nowhere_to_send_it(books: Engine, flask: Flask) -> None:
    """The setting is named."""
    done = flask("export", "--send")

    assert done.exit_code == 2
    assert "write send = … in [EXPORT]" in done.stderr


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('send = "held:48"', "EXPORT.send: expected another than held"),
        ('send = "mailto:a@example.kz"', "EXPORT.smtp: expected a mail server"),
        ('smtp = "smtp://host:25"', "EXPORT.mail_from: expected an address"),
    ],
)
def test_settings_that_do_not_fit(
    books: Engine, folder: Path, tmp_path: Path, lines: str, fault: str
) -> None:
    """They stop the start."""
    config = tmp_path / "config.toml"
    config.touch(mode=0o600)
    config.write_text(f"{(folder / 'config.toml').read_text()}{lines}\n")

    with pytest.raises(settings.SettingsError, match=fault):
        settings.load(config)


@pytest.mark.parametrize("missing", ["account", "payer_account", "payer_name"])
def test_1c_loads_nothing_without_both_sides(
    books: Engine, folder: Path, tmp_path: Path, missing: str
) -> None:
    """The key is named."""
    config = tmp_path / "config.toml"
    text = (folder / "config.toml").read_text()
    config.write_text(
        "".join(
            line for line in text.splitlines(keepends=True) if not line.startswith(f"{missing} =")
        )
    )
    runner = create_app(config).test_cli_runner()

    done = runner.invoke(args=["export", "--format", "1c"])

    assert done.exit_code == 2
    assert f"wants {missing} in [EXPORT]" in done.stderr
