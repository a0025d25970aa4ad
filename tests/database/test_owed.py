"""What is owed when the accounting program knows some payments (sql/README.md, "What is owed")."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import operation, settings
from callback.database import Database, load_statements
from callback.model import Check, Pay, Perform, Result
from callback.paths import SQL
from callback.tools.books import bills
from tests.conftest import Engine, MariaDBEngine

if TYPE_CHECKING:
    from pathlib import Path

    from callback.bank import Bank

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.bills]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"
"""
ACCOUNT, INVOICE = "7012340001", "7012340001-1"
PAID_AT = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the bank's
POSTED = "2026-11-04 00:00:00.000"
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
_ids = itertools.count(1)


class Desk:
    """A bank at the counter: asks the operation, on the real database."""

    def __init__(self, folder: Path, name: str) -> None:
        given = settings.load(folder / "config.toml")
        self.database = Database(given.engine, load_statements(SQL), 1)
        self.bank: Bank = given.banks[name]
        self.number = ACCOUNT if name == "qiwi" else INVOICE

    def run(self, command: Any) -> Result:
        """Do it in a session of its own."""
        with self.database.session() as session:
            return operation.run(session, self.bank, command)

    def pay(self, amount: str, **more: Any) -> Result:
        """Pay or book under a new id."""
        more |= {"name": "pay", "txn_id": str(next(_ids)), "account": self.number}
        return self.run(Pay(amount=Decimal(amount), paid_at=PAID_AT, **more))

    def owed(self) -> str:
        """What a check says."""
        payer = self.run(Check(name="check", account=self.number)).payer
        assert payer is not None
        return f"{payer.owed:.2f}"

    def listed(self) -> str:
        """What the list of bills says of the same."""
        rows = self.database.stream(f"bills_{self.bank.payer}")
        (row,) = [row for row in rows if row["number"] == self.number]
        return f"{bills.of_row(row, self.bank.bills).owed:.2f}"


@pytest.fixture(params=["qiwi", "bills"])
def desk(engine: Engine, folder: Path, request: pytest.FixtureRequest) -> Desk:
    """A bank that pays accounts, and one that pays invoices; 3200.10 is owed."""
    engine.account(ACCOUNT, owes="3200.10")
    return Desk(folder, request.param)


@pytest.fixture
def exact(engine: Engine, folder: Path) -> Desk:
    """A bank that pays invoices."""
    engine.account(ACCOUNT, owes="100.00")
    return Desk(folder, "bills")


def says(engine: Engine, amount: str) -> None:
    """The accounting program's list says that so much is open."""
    engine.execute("UPDATE invoice SET amount = ?", amount)


def test_a_site_that_never_posts_sees_no_change(engine: Engine, desk: Desk) -> None:
    """Invoices less paid payments; a cancelled one counts for nothing."""
    desk.pay("1000.00")
    assert (desk.owed(), desk.listed()) == ("2200.10", "2200.10")
    desk.pay("1000.00")
    engine.execute(
        "UPDATE payment SET state = 'cancelled' WHERE id = (SELECT m.id FROM"
        " (SELECT MAX(id) AS id FROM payment) AS m)"
    )
    assert (desk.owed(), desk.listed()) == ("2200.10", "2200.10")


def test_nothing_is_subtracted_twice(engine: Engine, desk: Desk) -> None:
    """The program posts the payment, its list says so; it learns later that it was cancelled."""
    desk.pay("1000.00")
    engine.execute("UPDATE payment SET posted_at = ?", POSTED)
    says(engine, "2200.10")
    assert (desk.owed(), desk.listed()) == ("2200.10", "2200.10")

    engine.execute("UPDATE payment SET state = 'cancelled', cancelled_at = ?", POSTED)
    assert (desk.owed(), desk.listed()) == ("3200.10", "3200.10")
    engine.execute("UPDATE payment SET reversed_at = ?", POSTED)
    says(engine, "3200.10")
    assert (desk.owed(), desk.listed()) == ("3200.10", "3200.10")


STATES = ("created", "paid", "cancelled")


@pytest.mark.slow
def test_owed_is_the_rule_whatever_was_recorded(engine: Engine, desk: Desk) -> None:
    """Random books, each sum exact: a check, the list and a page of it say the same."""
    chance = random.Random(7)
    for _ in range(25):
        engine.execute("DELETE FROM payment")
        expected = Decimal("99999.99")
        says(engine, str(expected))
        for _ in range(chance.randrange(8)):
            amount = Decimal(chance.randrange(1, 1_000_000)) / 100
            state = chance.choice(STATES)
            posted, taken_back = chance.random() < 0.5, chance.random() < 0.5
            desk.pay(f"{amount:.2f}", state="created")
            engine.execute(
                "UPDATE payment SET state = ?, posted_at = ?, reversed_at = ?"
                " WHERE id = (SELECT m.id FROM (SELECT MAX(id) AS id FROM payment) AS m)",
                state,
                POSTED if posted else None,
                POSTED if taken_back else None,
            )
            expected -= amount if state == "paid" and not posted else 0
            expected += amount if state == "cancelled" and posted and not taken_back else 0
        assert desk.owed() == f"{expected:.2f}"
        assert desk.listed() == f"{max(expected, Decimal(0)):.2f}"
        page = desk.database.stream(f"page_of_bills_{desk.bank.payer}", zero=0, size=9, start=0)
        assert len([*page]) == int(expected > 0)


def test_an_invoice_is_paid_by_what_is_open_when_the_program_knows_a_part(
    engine: Engine, exact: Desk
) -> None:
    """40 of 100 were paid and posted: 60 is the whole sum now, and it is paid once."""
    exact.pay("40.00")
    assert exact.pay("100.00", exact=True).outcome == "already_paid"
    engine.execute("UPDATE payment SET posted_at = ?", POSTED)
    says(engine, "60.00")

    assert exact.pay("100.00", exact=True).outcome == "sum_differs"
    assert exact.pay("60.00", exact=True).outcome == "ok"
    assert exact.pay("60.00", exact=True).outcome == "already_paid"
    engine.execute("UPDATE payment SET posted_at = ?", POSTED)
    says(engine, "0.00")
    assert exact.pay("60.00", exact=True).outcome == "already_paid"


def test_an_invoice_in_motion_is_not_paid_by_its_whole_sum(engine: Engine, exact: Desk) -> None:
    """A payment was posted, then cancelled, and the program does not know yet: wait for it."""
    exact.pay("100.00", exact=True)
    engine.execute("UPDATE payment SET posted_at = ?, state = 'cancelled'", POSTED)
    says(engine, "0.00")
    assert exact.pay("100.00", exact=True).outcome == "already_paid"

    engine.execute("UPDATE payment SET reversed_at = ?", POSTED)
    says(engine, "100.00")
    assert exact.pay("100.00", exact=True).outcome == "ok"


@pytest.mark.parametrize("posted", [False, True])
def test_a_booking_is_not_performed_when_another_has_paid_its_invoice(
    engine: Engine, exact: Desk, posted: bool
) -> None:
    """Also when the program has that other payment already."""
    booking = exact.pay("100.00", exact=True, state="created").payment
    assert booking is not None
    assert exact.pay("100.00", exact=True).outcome == "ok"
    if posted:
        later = (booking.created_at + timedelta(minutes=5)).isoformat(" ", "milliseconds")
        engine.execute("UPDATE payment SET posted_at = ? WHERE state = 'paid'", later)
        says(engine, "0.00")

    assert exact.run(Perform(name="perform", txn_id=booking.txn_id)).outcome == "already_paid"


def test_a_booking_of_the_rest_is_performed(engine: Engine, exact: Desk) -> None:
    """What was posted before the booking was made had been left out of its sum."""
    exact.pay("40.00")
    engine.execute("UPDATE payment SET posted_at = '2026-11-01 00:00:00.000'")
    says(engine, "60.00")
    booking = exact.pay("60.00", exact=True, state="created").payment
    assert booking is not None

    assert exact.run(Perform(name="perform", txn_id=booking.txn_id)).outcome == "ok"


MANY = (
    "INSERT INTO payment (bank, txn_id, number, account_id, invoice_id, amount, currency, state,"
    " paid_at, created_at) SELECT 'qiwi', CONCAT({account}, '-', seq), 'x', {account}, {invoice},"
    " 1.00, 'KZT', 'paid', '2026-11-03', '2026-11-03' FROM seq_1_to_{many}"
)


@only_mariadb
def test_a_check_of_a_customer_with_many_payments_reads_only_the_index(
    engine: Engine, folder: Path
) -> None:
    """Ten thousand payments, in each statement that sums: no row of the table is touched."""
    assert isinstance(engine, MariaDBEngine)
    account = engine.account(ACCOUNT)
    (invoice,) = engine.rows("SELECT id FROM invoice")[0]
    other = engine.account("7012340002")
    engine.execute(MANY.format(account=account, invoice=invoice, many=10_000))
    engine.execute(MANY.format(account=other, invoice="NULL", many=10_000))
    engine.execute("ANALYZE TABLE payment")
    database = Desk(folder, "qiwi").database
    values: dict[str, Any] = {"account": ACCOUNT, "bank": "qiwi", "txn_id": "1"}
    values |= {"waits_created_at": "2026-11-03", "waits_paid_at": "2026-11-03"}
    with database.session() as session:
        for name in ("find", "explain", "bills"):
            for payer, number in (("account", ACCOUNT), ("invoice", INVOICE)):
                statement = database.statements[f"{name}_{payer}"]
                database.statements["plan"] = f"EXPLAIN {statement}"
                plan = session.run("plan", **values | {"account": number}).rows
                alias = "q" if name == "explain" else "p"
                if (name, payer) == ("explain", "account"):
                    assert not [row for row in plan if row["table"] == alias and row["id"] > 1]
                    continue
                (sums,) = [row for row in plan if row["table"] == alias and row["id"] > 1]
                assert sums["key"] == f"payment_owed_{payer}", (name, payer)
                assert "Using index" in sums["Extra"].split("; "), (name, payer)
