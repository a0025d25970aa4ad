"""The statements about money themselves: each condition, each bound, each column of theirs."""

from __future__ import annotations

from calendar import timegm
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from callback import settings
from callback.database import Database, Reply, load_statements
from callback.paths import SQL
from tests.conftest import Engine, MariaDBEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
MS = timedelta(milliseconds=1)
NOW = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the server's, in UTC
HOUR = timedelta(hours=1)
ACCOUNT, INVOICE, OTHER = "7012340001", "7012340001-1", "7012340001-2"
BUCKET = 7
PAY = {
    "bank": "bills",
    "txn_id": "1",
    "account": INVOICE,
    "number": f"01:{INVOICE}",
    "amount": Decimal("100.00"),
    "currency": "KZT",
    "state": "paid",
    "paid_at": NOW - HOUR,
    "now": NOW,
    "performed_at": NOW + MS,
    "bucket": BUCKET,
    "began": NOW - 4 * MS,
    "latest": NOW + 4 * MS,
    "deadline": NOW + MS,
    "exact": 0,
    "waits_created_at": NOW - HOUR,
    "waits_paid_at": NOW - HOUR,
}
ADD = (
    "INSERT INTO payment (bank, txn_id, number, account_id, invoice_id, amount, currency, state,"
    " paid_at, created_at, performed_at, cancelled_at, cancel_reason, posted_at, reversed_at)"
    " VALUES (?, ?, '01:x', 1, ?, ?, 'KZT', ?, ?, ?, ?, ?, ?, ?, ?)"
)


class Books:
    """One connection, at a server whose clock stands still."""

    def __init__(self, engine: Engine, database: Database, connection: Any) -> None:
        self.engine = engine
        self.statements = database.statements
        self.connection = connection

    def run(self, name: str, values: dict[str, Any] = PAY, **others: Any) -> Reply:
        """Run a statement of ours."""
        reply: Reply = self.connection.run(self.statements[name], {**values, **others})
        return reply

    def add(
        self,
        state: str,
        amount: str = "60.00",
        *,
        invoice: str = INVOICE,
        paid_at: datetime = NOW,
        created_at: datetime = NOW,
        posted: datetime | None = None,
        reversed_: bool = False,
        bank: str = "bills",
        txn_id: str = "",
    ) -> None:
        """Add a payment of an invoice, as the operation and the accounting program leave it."""
        ((id_,),) = self.engine.rows("SELECT id FROM invoice WHERE number = ?", invoice)
        ((n,),) = self.engine.rows("SELECT COUNT(*) FROM payment")
        ends = (NOW + 5 * MS, NOW + 6 * MS, 4) if state == "cancelled" else (None, None, None)
        times = (_text(time) for time in (paid_at, created_at, *ends[:2]))
        marks = (_text(posted), _text(NOW if reversed_ else None))
        row = (bank, txn_id or f"x{n}", id_, amount, state, *times, ends[2], *marks)
        self.engine.execute(ADD, *row)

    def promise(self, made_at: datetime, bucket: int = BUCKET) -> None:
        """Promise that there is no payment."""
        self.engine.execute("DELETE FROM promise")
        self.engine.execute("INSERT INTO promise VALUES (?, ?)", bucket, _text(made_at))


def _text(time: datetime | None) -> str | None:
    return time.isoformat(" ", "milliseconds") if time else None


@pytest.fixture
def books(engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    """Two invoices of one customer, of 100.00 and 900.00; there is another customer."""
    engine.execute("DELETE FROM promise")
    engine.account("7012340000", "Bolat Akhmetov")
    engine.account(ACCOUNT, "Aigerim Sadykova", owes="100.00")
    engine.execute("UPDATE account SET address = 'Abai 1'")
    engine.invoice(ACCOUNT, OTHER, "900.00")
    database = Database(settings.load(folder / "config.toml").engine, load_statements(SQL), 1)
    monkeypatch.setattr("callback.database.sqlite.utc_now", lambda: NOW)
    with closing(database.engine.connect()) as connection:
        if isinstance(engine, MariaDBEngine):
            connection.script(f"SET timestamp = {timegm(NOW.timetuple())}")
        yield Books(engine, database, connection)


@pytest.mark.parametrize("of", ["account", "invoice"])
def test_everything_that_a_bank_tells_is_recorded(books: Books, of: str) -> None:
    """Each column of the row, and none is another's."""
    account = ACCOUNT if of == "account" else INVOICE
    assert books.run(f"pay_{of}", account=account).changed == 1
    (row,) = books.engine.rows(
        "SELECT bank, txn_id, number, amount, currency, state, paid_at, created_at, performed_at,"
        " cancelled_at, cancel_reason, posted_at, reversed_at FROM payment"
    )
    assert row == (
        *("bills", "1", f"01:{INVOICE}", "100.00", "KZT", "paid", _text(NOW - HOUR), _text(NOW)),
        *(_text(NOW + MS), None, None, None, None),
    )
    ids = books.engine.rows(
        "SELECT a.number, i.number FROM payment AS p JOIN account AS a ON a.id = p.account_id"
        " LEFT JOIN invoice AS i ON i.id = p.invoice_id"
    )
    assert ids == [(ACCOUNT, INVOICE if of == "invoice" else None)]


@pytest.mark.parametrize("of", ["account", "invoice"])
@pytest.mark.parametrize(
    "others", [{"deadline": NOW}, {"deadline": NOW - MS}, {"account": "7012340001-3"}]
)
def test_what_comes_too_late_or_for_nobody_changes_nothing(
    books: Books, of: str, others: dict[str, Any]
) -> None:
    """At the deadline itself it is too late."""
    account = {"account": ACCOUNT if of == "account" else INVOICE}
    assert not books.run(f"pay_{of}", **(account | others)).changed


@pytest.mark.parametrize("of", ["account", "invoice"])
@pytest.mark.parametrize(
    ("made_at", "bucket", "changed"),
    [
        (NOW - 5 * MS, BUCKET, 1),  # before the caller came
        (NOW - 4 * MS, BUCKET, 0),
        (NOW + 4 * MS, BUCKET, 0),
        (NOW + 5 * MS, BUCKET, 1),  # the server's clock was set back since
        (NOW, BUCKET + 1, 1),
        (NOW, BUCKET, 0),
    ],
)
def test_a_promise_keeps_a_payment_out(
    books: Books, of: str, made_at: datetime, bucket: int, changed: int
) -> None:
    """One of the same ids, made since the caller came."""
    books.promise(made_at, bucket)
    account = ACCOUNT if of == "account" else INVOICE
    assert books.run(f"pay_{of}", account=account).changed == changed


@pytest.mark.parametrize("of", ["account", "invoice"])
@pytest.mark.parametrize("state", ["closed", "blocked"])
def test_nothing_is_paid_of_an_account_that_is_not_active(
    books: Books, of: str, state: str
) -> None:
    """Nor of its invoices."""
    books.engine.execute("UPDATE account SET state = ? WHERE number = ?", state, ACCOUNT)
    assert not books.run(f"pay_{of}", account=ACCOUNT if of == "account" else INVOICE).changed


def test_an_invoice_is_paid_while_it_is_issued(books: Books) -> None:
    """However small it is."""
    books.engine.execute("UPDATE invoice SET amount = '0.01', state = 'cancelled'")
    assert not books.run("pay_invoice").changed
    books.engine.execute("UPDATE invoice SET state = 'issued'")
    assert books.run("pay_invoice").changed == 1


# What is paid of an invoice of 100.00, as the office's program and we have left it.
PAYMENTS: list[tuple[list[tuple[Any, ...]], str]] = [
    ([], "0.00"),
    ([("paid", "99.99")], "99.99"),
    ([("paid", "100.00")], "100.00"),
    ([("paid", "60.00"), ("paid", "40.00")], "100.00"),
    ([("paid", "100.00", "posted")], "0.00"),
    ([("paid", "100.00", "posted", "reversed")], "0.00"),
    ([("created", "100.00")], "0.00"),
    ([("created", "100.00", "posted")], "0.00"),
    ([("cancelled", "100.00")], "0.00"),
    ([("cancelled", "100.00", "", "reversed")], "0.00"),
    ([("cancelled", "30.00"), ("paid", "100.00")], "100.00"),
    ([("created", "30.00"), ("paid", "100.00")], "100.00"),
    ([("cancelled", "30.00", "posted")], "-30.00"),
    ([("cancelled", "30.00", "posted"), ("paid", "120.00")], "90.00"),
    ([("cancelled", "30.00", "posted"), ("paid", "30.00")], "0.00"),
    ([("cancelled", "30.00", "posted", "reversed"), ("paid", "100.00")], "100.00"),
    ([("cancelled", "30.00", "posted"), ("paid", "130.00")], "100.00"),
]
OLD = NOW - 2 * HOUR


@pytest.mark.parametrize(("payments", "paid"), PAYMENTS)
def test_what_is_paid_of_an_invoice(
    books: Books, payments: list[tuple[Any, ...]], paid: str
) -> None:
    """The check, the reason and the guard of the pay count alike; with :exact it must be none."""
    books.add("paid", "7.00", invoice=OTHER)
    books.add("cancelled", "3.00", invoice=OTHER, posted=NOW)
    for state, amount, *marks in payments:
        posted = NOW if "posted" in marks else None
        books.add(state, amount, created_at=OLD, posted=posted, reversed_="reversed" in marks)
    sum_ = Decimal(paid)
    (found,) = books.run("find_invoice").rows
    (reason,) = books.run("explain_invoice").rows
    assert (found["paid"], reason["paid"]) == (sum_, sum_)
    exact: dict[str, Any] = {"exact": 1, "txn_id": "exact"}
    assert books.run("pay_invoice", amount=Decimal("99.99"), **exact).changed == 0
    assert books.run("pay_invoice", amount=Decimal("100.01"), **exact).changed == 0
    assert books.run("pay_invoice", **exact).changed == (sum_ == 0)
    books.engine.execute("DELETE FROM payment WHERE txn_id = 'exact'")
    assert books.run("pay_invoice", amount=Decimal("0.01")).changed == (sum_ < 100)


@pytest.mark.parametrize(
    ("booking", "waiting"),
    [
        ({}, 1),
        ({"created_at": NOW - HOUR, "paid_at": NOW - HOUR}, 1),
        ({"created_at": NOW - HOUR - MS}, 0),
        ({"paid_at": NOW - HOUR - MS}, 0),
        ({"invoice": OTHER}, 0),
        ({"state": "cancelled"}, 0),
    ],
)
def test_a_young_booking_keeps_an_invoice(
    books: Books, booking: dict[str, Any], waiting: int
) -> None:
    """One that is as young as both limits say."""
    books.add(**{"state": "created", **booking})
    for statement in ("find_invoice", "explain_invoice"):
        (row,) = books.run(statement).rows
        assert row["waiting"] == waiting
    assert books.run("pay_invoice").changed == 1 - waiting


def test_two_bookings_wait(books: Books) -> None:
    """They are counted."""
    books.add("created")
    books.add("created")
    for statement in ("find_invoice", "explain_invoice"):
        (row,) = books.run(statement).rows
        assert row["waiting"] == 2


def payer(of: str) -> dict[str, Any]:
    """What is read of the account, or of the invoice."""
    is_invoice = of == "invoice"
    return {
        "number": INVOICE if is_invoice else ACCOUNT,
        "name": "Aigerim Sadykova",
        "address": "Abai 1",
        "state": "active",
        "invoice_state": "issued" if is_invoice else None,
        "issued": Decimal("100.00") if is_invoice else 0,
        "paid": 0,
        "waiting": 0,
    }


NO_PAYMENT = dict.fromkeys(
    (
        *("id", "txn_id", "payment_number", "amount", "payment_state", "paid_at", "created_at"),
        *("performed_at", "cancelled_at", "cancel_reason"),
    )
)


@pytest.mark.parametrize("of", ["account", "invoice"])
def test_why_nothing_was_recorded(books: Books, of: str) -> None:
    """A payment of this bank and id, or else whom it was for, or else nothing: always one row."""
    number = ACCOUNT if of == "account" else INVOICE
    nobody = {**dict.fromkeys(payer(of)), **NO_PAYMENT}
    if of == "account":
        nobody |= {"issued": 0, "paid": 0, "waiting": 0}
    else:
        nobody |= {"paid": 0, "waiting": 0}
    assert books.run(f"explain_{of}", account="1").rows == [nobody]

    books.add("cancelled", bank="other", txn_id="1")
    books.add("cancelled", txn_id="2")
    assert books.run(f"explain_{of}", account=number).rows == [{**NO_PAYMENT, **payer(of)}]

    books.add("cancelled", txn_id="1", paid_at=NOW - MS)
    (row,) = books.run(f"explain_{of}", account=number).rows
    assert row.pop("id") is not None
    del nobody["id"]
    assert row == nobody | {
        "txn_id": "1",
        "payment_number": "01:x",
        "amount": Decimal("60.00"),
        "payment_state": "cancelled",
        "paid_at": NOW - MS,
        "created_at": NOW,
        "performed_at": NOW + 5 * MS,
        "cancelled_at": NOW + 6 * MS,
        "cancel_reason": 4,
    }


@pytest.mark.parametrize("of", ["account", "invoice"])
def test_who_would_pay(books: Books, of: str) -> None:
    """The number is somebody's, who owes something or not; or it is nobody's."""
    number = ACCOUNT if of == "account" else INVOICE
    expected = payer(of)
    if of == "account":
        expected = {name: expected[name] for name in ("name", "address", "state")}
        expected |= {"issued": 1000, "paid": 0}
    assert books.run(f"find_{of}", account=number).rows == [expected]
    assert not books.run(f"find_{of}", account="1").rows
    if of == "account":
        books.engine.execute("DELETE FROM invoice")
        (row,) = books.run("find_account", account=number).rows
        assert (row["issued"], row["paid"]) == (0, 0)
    else:
        books.engine.execute("DELETE FROM account")
        assert not books.run("find_invoice", account=number).rows
        assert not books.run("pay_invoice").changed


@only_mariadb
@pytest.mark.parametrize("of", ["account", "invoice"])
def test_a_blank_at_the_end_makes_another_number(books: Books, of: str) -> None:
    """To the server's "=" it is the same."""
    number = (ACCOUNT if of == "account" else INVOICE) + " "
    assert not books.run(f"find_{of}", account=number).rows
    assert not books.run(f"pay_{of}", account=number).changed
    (row,) = books.run(f"explain_{of}", account=number).rows
    assert row["number"] is None


@only_mariadb
def test_whoever_pays_an_invoice_keeps_others_from_it(books: Books) -> None:
    """Until his payment is committed nobody may read it to pay it, too."""
    assert isinstance(books.engine, MariaDBEngine)
    books.connection.script("BEGIN")
    assert books.run("pay_invoice").changed == 1
    with pytest.raises(pymysql.err.OperationalError, match="1205"):
        books.engine.execute(
            "SELECT id FROM invoice WHERE number = ? LOCK IN SHARE MODE NOWAIT", INVOICE
        )
    books.connection.script("ROLLBACK")


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        ({"posted": NOW - MS}, 1),
        ({"posted": NOW}, 0),
        ({}, 0),
        ({"invoice": OTHER}, 1),
        ({"state": "cancelled"}, 1),
    ],
)
def test_a_booking_of_a_paid_invoice_is_not_performed(
    books: Books, other: dict[str, Any], changed: int
) -> None:
    """Paid by one that the office's program has had only since the booking was made."""
    books.add("created", txn_id="1")
    books.add(**{"state": "paid", **other})
    assert books.run("perform_payment").changed == changed


def test_another_banks_booking_of_the_same_id_is_not_looked_at(books: Books) -> None:
    """Its invoice is paid; ours is not."""
    books.add("created", txn_id="1")
    books.add("created", txn_id="1", bank="elsewhere", invoice=OTHER)
    books.add("paid", invoice=OTHER)
    assert books.run("perform_payment", deadline=NOW).changed == 0
    assert books.run("perform_payment").changed == 1


@pytest.mark.parametrize("name", ["promise", "promise_first"])
def test_a_promise_is_made_in_time_and_of_this_moment(books: Books, name: str) -> None:
    """Nobody hears of one that came too late, so it must not be one."""
    if name == "promise":
        books.promise(NOW - HOUR)
        books.engine.execute("INSERT INTO promise VALUES (8, '2000-01-01 00:00:00.000')")
    before = books.engine.rows("SELECT bucket, made_at FROM promise ORDER BY bucket")
    assert books.run(name, deadline=NOW).changed == 0
    assert books.engine.rows("SELECT bucket, made_at FROM promise ORDER BY bucket") == before
    assert books.run(name).changed == 1
    promises = books.engine.rows("SELECT bucket, made_at FROM promise ORDER BY bucket")
    assert promises == [(BUCKET, _text(NOW)), *before[1:]]
