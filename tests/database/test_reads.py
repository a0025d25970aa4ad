"""What a call reads does not grow with what a customer has paid before: the server counts it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import pytest

from callback.model import Check, Pay, Statement
from tests.database.test_owed import MANY, PAID_AT, POSTED, Desk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engine

pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.bills]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"
"""
# What they have paid: each paid 1.00 so often.
CUSTOMERS = {"7012340001": 10, "7012340002": 10_000}
COUNT = "SHOW SESSION STATUS LIKE 'Handler_read%%'"
SLACK = 10  # the counting itself, and a page more of an index


@pytest.fixture
def books(engine: Engine) -> Engine:
    """A customer with ten payments, and one with ten thousand; each has one invoice."""
    for number, payments in CUSTOMERS.items():
        account = engine.account(number, owes="90000.00")
        (invoice,) = engine.rows("SELECT MAX(id) FROM invoice")[0]
        engine.execute(MANY.format(account=account, invoice=invoice, many=payments))
    return engine


def read(desk: Desk) -> int:
    """How many rows and entries of indexes the server has looked at for us."""
    desk.database.statements["count"] = COUNT
    with desk.database.session() as session:
        return sum(int(row["Value"]) for row in session.run("count").rows)


def reads(engine: Engine, desk: Desk, asks: str) -> list[int]:
    """The same of one command, for each customer."""
    counts = []
    for number in CUSTOMERS:
        account = number if desk.bank.payer == "account" else f"{number}-1"
        txn_id = f"{_id_of(engine, number)}-1"
        engine.execute("UPDATE payment SET number = ? WHERE txn_id = ?", account, txn_id)
        command = Pay(
            name="pay",
            txn_id=txn_id if asks == "repeat" else f"new-{number}",
            account=account,
            amount=Decimal("1.00"),
            paid_at=PAID_AT,
        )
        before = read(desk)
        result = desk.run(Check(name="check", account=account) if asks == "check" else command)
        counts.append(read(desk) - before)
        assert result.outcome == ("duplicate_same" if asks == "repeat" else "ok")
    return counts


@pytest.mark.parametrize(
    ("bank", "asks", "is_posted"),
    [
        ("qiwi", "check", True),
        ("qiwi", "pay", False),
        ("qiwi", "repeat", False),
        ("bills", "check", True),
        ("bills", "pay", True),
        ("bills", "repeat", True),  # its INSERT asks what is left to pay, before the key is met
    ],
)
@pytest.mark.slow
def test_ten_thousand_payments_are_read_no_more_than_ten(
    books: Engine, folder: Path, bank: str, asks: str, is_posted: bool
) -> None:
    """Only what the accounting program does not have yet is summed, and only where it is said."""
    books.execute("UPDATE payment SET bank = ?", bank)
    if is_posted:
        books.execute("UPDATE payment SET posted_at = ?", POSTED)
    books.execute("ANALYZE TABLE account, invoice, payment")
    few, many = reads(books, Desk(folder, bank), asks)

    assert many <= few + SLACK


@pytest.mark.parametrize("bank", ["qiwi", "bills"])
def test_a_payment_that_is_there_is_answered_without_a_sum(
    books: Engine, folder: Path, bank: str
) -> None:
    """Whatever was posted: its answer shows none."""
    books.execute("ANALYZE TABLE account, invoice, payment")
    desk, counts = Desk(folder, bank), []
    for number in CUSTOMERS:
        account = number if desk.bank.payer == "account" else f"{number}-1"
        values = {"bank": "qiwi", "account": account, "txn_id": f"{_id_of(books, number)}-1"}
        values |= {"waits_created_at": POSTED, "waits_paid_at": POSTED}
        before = read(desk)
        with desk.database.session() as session:
            (row,) = session.run(f"explain_{desk.bank.payer}", **values).rows
        counts.append(read(desk) - before)
        assert row["id"]
        assert row["number"] is None

    assert counts[1] <= counts[0] + SLACK


@pytest.mark.parametrize("by", ["paid_at", "performed_at"])
def test_a_statement_reads_what_it_tells(
    books: Engine, folder: Path, by: Literal["paid_at", "performed_at"]
) -> None:
    """Of ten thousand payments of a bank three are of the day that it asks for."""
    books.execute(f"UPDATE payment SET bank = 'qiwi', {by} = '2026-11-01'")
    day = datetime(2026, 11, 3)  # noqa: DTZ001
    books.execute(f"UPDATE payment SET {by} = ? ORDER BY id LIMIT 3", str(day))
    books.execute("ANALYZE TABLE payment")
    desk = Desk(folder, "qiwi")
    command = Statement(name="statement", since=day, until=day + timedelta(hours=23), by=by)
    before = read(desk)
    result = desk.run(command)

    assert result.payments is not None
    assert len(result.payments) == 3
    assert read(desk) - before <= 3 * SLACK


def _id_of(engine: Engine, number: str) -> int:
    return int(engine.rows("SELECT id FROM account WHERE number = ?", number)[0][0])


def test_what_was_not_posted_is_summed(books: Engine, folder: Path) -> None:
    """So the counting counts."""
    books.execute("ANALYZE TABLE account, invoice, payment")
    few, many = reads(books, Desk(folder, "qiwi"), "check")

    assert many > few + 9_000
