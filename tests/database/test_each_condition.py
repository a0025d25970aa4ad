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
    "others",
    [
        *({"deadline": NOW}, {"deadline": NOW - MS}, {"account": "7012340001-3"}),
        {"began": NOW + MS},  # the server's clock was set back since we read it
    ],
)
def test_what_comes_too_late_too_early_or_for_nobody_changes_nothing(
    books: Books, of: str, others: dict[str, Any]
) -> None:
    """At the deadline itself it is too late."""
    account = {"account": ACCOUNT if of == "account" else INVOICE}
    assert not books.run(f"pay_{of}", **(account | others)).changed


@pytest.mark.parametrize("of", ["account", "invoice"])
def test_who_came_this_very_moment_is_recorded(books: Books, of: str) -> None:
    """A server nearby takes no time."""
    account = ACCOUNT if of == "account" else INVOICE
    assert books.run(f"pay_{of}", account=account, began=NOW).changed


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


# What the bank's register books, and what lists are made of.

BOOK = {
    **{name: PAY[name] for name in ("bank", "txn_id", "number", "amount", "currency", "paid_at")},
    "created_at": NOW + 3 * MS,
    "performed_at": NOW + 2 * MS,
    "deadline": NOW + MS,
}
ROW = (
    "SELECT bank, txn_id, number, account_id, invoice_id, amount, currency, state, paid_at,"
    " created_at, performed_at, cancelled_at, posted_at, reversed_at FROM payment ORDER BY id"
)


@pytest.mark.parametrize("of", ["account", "invoice"])
def test_a_register_books_whatever_is_there(books: Books, of: str) -> None:
    """The money has come: also for an account that is closed, and an invoice that is cancelled."""
    books.engine.execute("UPDATE account SET state = 'closed'")
    books.engine.execute("UPDATE invoice SET state = 'cancelled'")
    number = ACCOUNT if of == "account" else INVOICE
    ids = books.engine.rows("SELECT id, account_id FROM invoice WHERE number = ?", INVOICE)
    for wrong in ({"account": "7"}, {"deadline": NOW}, {"deadline": NOW - MS}):
        assert not books.run(f"book_{of}", BOOK | {"account": number}, **wrong).changed
    assert books.run(f"book_{of}", BOOK | {"account": number}).changed == 1
    assert books.engine.rows(ROW) == [
        (
            *("bills", "1", f"01:{INVOICE}", ids[0][1], ids[0][0] if of == "invoice" else None),
            *("100.00", "KZT", "paid", _text(NOW - HOUR), _text(NOW + 3 * MS)),
            *(_text(NOW + 2 * MS), None, None, None),
        )
    ]


@only_mariadb
@pytest.mark.parametrize("of", ["account", "invoice"])
def test_a_register_books_no_number_with_a_blank_at_its_end(books: Books, of: str) -> None:
    """To the server's "=" it is the same number."""
    number = (ACCOUNT if of == "account" else INVOICE) + " "
    assert not books.run(f"book_{of}", BOOK | {"account": number}).changed


def test_a_register_books_no_invoice_of_nobody(books: Books) -> None:
    """Whose it would be, nobody could say."""
    books.engine.execute("DELETE FROM account")
    assert not books.run("book_invoice", BOOK | {"account": INVOICE}).changed


def test_a_register_makes_a_booking_paid_once(books: Books) -> None:
    """This bank's, of this id, while it is one; and marks it as its own."""
    books.add("created", txn_id="2")
    books.add("created", txn_id="1", bank="other")
    books.add("cancelled", txn_id="3")
    before = books.engine.rows(ROW)
    for wrong in (
        *({"txn_id": "4"}, {"txn_id": "3"}, {"bank": "nobody"}),
        *({"deadline": NOW}, {"deadline": NOW - MS}),
    ):
        assert not books.run("book_created", BOOK | {"txn_id": "2"} | wrong).changed
    assert books.engine.rows(ROW) == before
    assert books.run("book_created", BOOK | {"txn_id": "2"}).changed == 1
    (row, *others) = books.engine.rows(ROW)
    assert others == before[1:]
    times = (_text(NOW - HOUR), _text(NOW + 3 * MS), _text(NOW + 2 * MS))
    assert row == (*before[0][:7], "paid", *times, None, None, None)
    assert not books.run("book_created", BOOK | {"txn_id": "2"}).changed


WHOLE = {
    "payment_number": "01:x",
    "amount": Decimal("60.00"),
    "payment_state": "cancelled",
    "paid_at": NOW,
    "created_at": NOW + MS,
    "performed_at": NOW + 5 * MS,
    "cancelled_at": NOW + 6 * MS,
    "cancel_reason": 4,
}


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("statement_by_paid_at", {"since": NOW, "until": NOW, "most": 9}),
        ("statement_by_performed_at", {"since": NOW, "until": NOW + 9 * MS, "most": 9}),
        ("payments_of_days", {"before": NOW - MS, "last": NOW}),
    ],
)
def test_a_statement_tells_each_column(books: Books, name: str, span: dict[str, Any]) -> None:
    """Of this bank's rows."""
    books.add("cancelled", bank="other")
    books.add("cancelled", created_at=NOW + MS)
    (row,) = books.run(name, {"bank": "bills", **span}).rows
    ((id_, txn_id),) = books.engine.rows("SELECT id, txn_id FROM payment WHERE bank = 'bills'")
    assert row == {**WHOLE, "id": id_, "txn_id": txn_id}


# Paid at so many milliseconds after now, the last of it first.
AT = (3, 2, 1, 1, 0)


# From, to, how many; which of them are told.
SPANS = [
    *((0, 3, 9, "42310"), (1, 2, 9, "231"), (0, 3, 2, "42"), (1, 1, 9, "23")),
    (4, 9, 9, ""),
]


@pytest.mark.parametrize("by", ["paid_at", "performed_at"])
def test_a_statement_goes_by_its_time(books: Books, by: str) -> None:
    """Both ends are in it; of one time the first recorded comes first, whatever its id was."""
    for place, after in enumerate(AT):
        books.add("paid" if place % 2 else "created", txn_id=f"{place}", paid_at=NOW - HOUR)
        time = _text(NOW + after * MS)
        books.engine.execute(f"UPDATE payment SET {by} = ? WHERE txn_id = '{place}'", time)
    for since, until, most, told in SPANS:
        span = {"since": NOW + since * MS, "until": NOW + until * MS, "most": most}
        rows = books.run(f"statement_by_{by}", {"bank": "bills", **span}).rows
        assert "".join(row["txn_id"] for row in rows) == told


def test_payments_of_one_moment_are_told_as_they_were_recorded(books: Books) -> None:
    """A page after a page, and the same at a repeat: a server may sort them as it likes."""
    ids = [f"{number}" for number in range(40)]
    for txn_id in ids:
        books.add("cancelled", txn_id=txn_id)
    span = {"bank": "bills", "since": NOW, "until": NOW + 9 * MS, "before": NOW - MS, "last": NOW}
    for name in ("statement_by_paid_at", "statement_by_performed_at", "payments_of_days"):
        for most in (40, 7):
            rows = books.run(name, {**span, "most": most}).rows
            assert [row["txn_id"] for row in rows][:most] == ids[:most]


def test_the_payments_of_days_are_what_was_paid(books: Books) -> None:
    """Also what was cancelled since; in the order of the bank's dates. What ends a day is in it."""
    for place, after in enumerate(AT):
        state = "cancelled" if place % 2 else "paid"
        books.add(state, txn_id=f"{place}", paid_at=NOW + after * MS)
    books.add("created", txn_id="booked", paid_at=NOW + MS)
    books.add("created", txn_id="performed", paid_at=NOW + MS)
    books.add("cancelled", txn_id="never", paid_at=NOW + MS)
    set_ = "UPDATE payment SET performed_at = ? WHERE txn_id = ?"
    books.engine.execute(set_, None, "never")
    books.engine.execute(set_, _text(NOW), "performed")
    for before, last, told in ((-1, 3, "42310"), (0, 3, "2310"), (0, 2, "231"), (3, 9, "")):
        days = {"before": NOW + before * MS, "last": NOW + last * MS}
        rows = books.run("payments_of_days", {"bank": "bills", **days}).rows
        assert "".join(row["txn_id"] for row in rows) == told


@only_mariadb  # where accounting programs are
@pytest.mark.parametrize(("name", "mark"), [("posted", "posted_at"), ("reversed", "reversed_at")])
def test_a_mark_is_made_once(books: Books, name: str, mark: str) -> None:
    """Of the rows that are named; the first time of it stays."""
    for _ in range(3):
        books.add("cancelled")
    ids = tuple(id_ for (id_,) in books.engine.rows("SELECT id FROM payment ORDER BY id"))
    other = "reversed_at" if mark == "posted_at" else "posted_at"
    assert books.run(f"mark_{name}", {"ids": ids[:1], "now": NOW}).changed == 1
    assert books.run(f"mark_{name}", {"ids": ids[:2], "now": NOW + MS}).changed == 1
    assert not books.run(f"mark_{name}", {"ids": ids[:2], "now": NOW + MS}).changed
    rows = books.engine.rows(f"SELECT {mark}, {other} FROM payment ORDER BY id")
    assert rows == [(_text(NOW), None), (_text(NOW + MS), None), (None, None)]


def test_a_bill_says_what_is_paid(books: Books) -> None:
    """As a check does: of the account, and of the invoice."""
    books.engine.execute("DELETE FROM invoice WHERE number = ?", OTHER)
    ((other,),) = books.engine.rows("SELECT id FROM account WHERE number = '7012340000'")
    ((mine,),) = books.engine.rows("SELECT id FROM account WHERE number = ?", ACCOUNT)
    books.add("paid", "7.00")
    books.engine.execute("UPDATE payment SET account_id = ?, invoice_id = NULL", other)
    for payments, paid in PAYMENTS:
        books.engine.execute("DELETE FROM payment WHERE invoice_id IS NOT NULL")
        for state, amount, *marks in payments:
            posted = NOW if "posted" in marks else None
            books.add(state, amount, posted=posted, reversed_="reversed" in marks)
        books.engine.execute("UPDATE payment SET account_id = ? WHERE invoice_id > 0", mine)
        for of, number in (("account", ACCOUNT), ("invoice", INVOICE)):
            check_bills(books, of, number, Decimal(paid))


def check_bills(books: Books, of: str, number: str, paid: Decimal) -> None:
    """The list has this bill; a page and the sum are of the same rows."""
    rows = books.run(f"bills_{of}", {}).rows
    (row,) = [row for row in rows if row["number"] == number]
    assert row == {
        **{"number": number, "name": "Aigerim Sadykova", "address": "Abai 1"},
        **{"issued": Decimal("100.00"), "paid": paid},
    }
    owing = [bill for bill in rows if bill != row or paid < 100]
    for zero, bills in ((0, owing), (1, rows)):
        page = {"zero": zero, "size": 9, "start": 0}
        assert books.run(f"page_of_bills_{of}", page).rows == bills
        (total,) = books.run(f"sum_of_bills_{of}", {"zero": zero}).rows
        sums = {name: sum(bill[name] for bill in owing) for name in ("issued", "paid")}
        assert total == {"n": len(bills), **sums}


def test_bills_are_of_those_who_may_pay(books: Books) -> None:
    """In the order of their numbers, a page at a time."""
    for number, state in (("5", "active"), ("6", "closed"), ("7", "blocked"), ("4", "active")):
        books.engine.account(number, owes="1.00", state=state)
    books.engine.account("3", owes="0.00")
    books.engine.invoice("4", "4-2", "2.00", "cancelled")
    books.engine.invoice("4", "4-0", "3.00")
    accounts = [("3", "0"), ("4", "4.00"), ("5", "1.00"), ("7012340000", "3200.00")]
    accounts += [(ACCOUNT, "1000.00")]
    invoices = [("4-0", "3.00"), ("4-1", "1.00"), ("5-1", "1.00"), ("7012340000-1", "3200.00")]
    invoices += [(INVOICE, "100.00"), (OTHER, "900.00")]
    for of, wanted in (("account", accounts), ("invoice", invoices)):
        rows = [(row["number"], row["issued"]) for row in books.run(f"bills_{of}", {}).rows]
        assert rows == [(number, Decimal(issued)) for number, issued in wanted]
        page = {"zero": 0, "size": 2, "start": 1}
        owing = [row for row in rows if row[1]]
        told = books.run(f"page_of_bills_{of}", page).rows
        assert [(row["number"], row["issued"]) for row in told] == owing[1:3]
        (total,) = books.run(f"sum_of_bills_{of}", {"zero": 0}).rows
        assert (total["n"], total["issued"]) == (len(owing), sum(row[1] for row in owing))
    books.engine.execute("DELETE FROM account")
    for of in ("account", "invoice"):
        assert books.run(f"bills_{of}", {}).rows == []
        none = {"n": 0, "issued": 0, "paid": 0}
        assert books.run(f"sum_of_bills_{of}", {"zero": 1}).rows == [none]


def test_a_password_that_a_bank_has_set_is_its_own(books: Books) -> None:
    """Set once, replaced, renewed while it is as it was seen, forgotten; another bank's stays."""
    day, later, table = NOW, NOW + MS, "SELECT bank, digest, changed_at FROM bank_password"
    books.engine.execute("DELETE FROM bank_password")
    books.engine.execute("INSERT INTO bank_password VALUES ('other', 'a', ?)", _text(day))
    other = ("other", "a", _text(day))

    def rows() -> list[tuple[Any, ...]]:
        return books.engine.rows(f"{table} ORDER BY bank")

    mine: dict[str, Any] = {"bank": "bills"}
    assert books.run("find_password", mine).rows == []
    assert not books.run("forget_password", mine).changed
    assert books.run("set_password", mine | {"digest": "a", "now": day}).changed == 1
    assert rows() == [("bills", "a", _text(day)), other]
    assert books.run("find_password", mine).rows == [{"digest": "a", "changed_at": day}]
    assert books.run("replace_password", mine | {"digest": "b", "now": later}).changed == 1
    assert rows() == [("bills", "b", _text(later)), other]
    assert not books.run("renew_password", mine | {"digest": "c", "seen": "a"}).changed
    assert books.run("renew_password", mine | {"digest": "c", "seen": "b"}).changed == 1
    assert rows() == [("bills", "c", _text(later)), other]
    assert books.run("forget_password", mine).changed == 1
    assert rows() == [("bills", "", _text(later)), other]
    assert books.run("find_password", mine).rows == []
    assert not books.run("forget_password", mine).changed
    books.engine.execute("DELETE FROM bank_password")
