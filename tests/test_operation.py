"""What the rules of a payment come to: each answer with all that a dialect may say of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import pytest

from callback import lookup, operation, settings
from callback.clock import utc_now
from callback.database import Database, Session, load_statements
from callback.database.errors import DuplicateError
from callback.model import Cancel, Check, Lifetime, Pay, Perform, Result, Status
from callback.paths import SQL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from callback.bank import Bank
    from callback.database import Reply
    from callback.model import Command
    from tests.conftest import Engine

BANKS = """
[BANKS.accounts]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.invoices]
protocol = "osmp"
allow = ["127.0.0.1"]
payer = "invoice"
"""
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ACCOUNT, INVOICE = "7012340001", "7012340001-1"
MS = timedelta(milliseconds=1)
PAID_AT = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the bank's
PAYMENT = Pay(name="pay", txn_id="1", account=ACCOUNT, amount=Decimal("100.00"), paid_at=PAID_AT)
BOOKING = PAYMENT.but(state="created")
OF_INVOICE = PAYMENT.but(account=INVOICE)
PERFORM = Perform(name="perform", txn_id="1")
CANCEL = Cancel(name="cancel", txn_id="1", refund=True)
STATUS = Status(name="status", txn_id="1")
LONG, OVER = Lifetime(60, "created_at"), Lifetime(-60, "created_at")


class Desk:
    """The rules over a database of their own; what a session does may be interfered with."""

    def __init__(self, database: Database, banks: dict[str, Bank]) -> None:
        self.database = database
        self.banks = banks

    def __call__(self, command: Command, bank: str = "accounts", **instead: Any) -> Result:
        """Do it; `instead` are methods that the session has in place of its own."""
        with self.database.session() as session:
            vars(session).update(
                {name: method.__get__(session) for name, method in instead.items()}
            )
            return operation.run(session, self.banks[bank], command)

    def recorded(self, bank: str = "accounts", txn_id: str = "1") -> Any:
        """The payment as it is in the books."""
        with self.database.session() as session:
            return lookup.find(session, self.banks[bank], txn_id)


@pytest.fixture
def desk(engine: Engine, folder: Path) -> Iterator[Desk]:
    """With one customer, who owes 3200.00 in one invoice."""
    engine.account(ACCOUNT, "Aigerim Sadykova")
    engine.execute("UPDATE account SET address = 'Abai 1'")
    given = settings.load(folder / "config.toml")
    database = Database(given.engine, load_statements(SQL), 4)
    yield Desk(database, dict(given.banks))
    database.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Our clock stands still."""
    now = utc_now()
    monkeypatch.setattr("callback.database.sqlite.utc_now", lambda: now)
    monkeypatch.setattr(Session, "now", lambda _: now)
    return now


def answer_lost(session: Session, statement: str, **values: Any) -> Reply:
    """Send what changes something twice, as after a cut link; the first answer is lost."""
    run = type(session).run
    if not statement.startswith(("pay_", "perform_", "cancel_")):
        return run(session, statement, **values)
    run(session, statement, **values)
    try:
        return run(session, statement, **values)._replace(resent=True)
    except DuplicateError as error:
        error.resent = True
        raise


def before(wanted: str, act: Callable[[], object]) -> Callable[..., Reply]:
    """Let another be faster: `act` is done just before the statement that is wanted, once."""
    todo = [act]

    def run(session: Session, statement: str, **values: Any) -> Reply:
        if statement == wanted and todo:
            todo.pop()()
        return type(session).run(session, statement, **values)

    return run


def came(now: datetime, ms: int) -> Callable[..., datetime]:
    """A caller who came so long ago."""
    return lambda _: now - timedelta(milliseconds=ms)


@pytest.mark.parametrize("bank", ["accounts", "invoices"])
@pytest.mark.parametrize("state", ["paid", "created"])
def test_what_is_answered_is_what_is_recorded(desk: Desk, bank: str, state: str) -> None:
    """Every column that an answer may speak of; a booking has not been performed."""
    account = {"accounts": ACCOUNT, "invoices": INVOICE}[bank]
    result = desk(PAYMENT.but(account=account, state=state), bank)

    assert (result.outcome, result.payment) == ("ok", desk.recorded(bank))
    assert result.payment is not None
    assert result.payment.paid_at == PAID_AT
    assert result.payment.number == account
    assert result.payment.performed_at == (result.payment.created_at if state == "paid" else None)


@pytest.mark.parametrize(("bank", "account"), [("accounts", ACCOUNT), ("invoices", INVOICE)])
def test_a_lost_answer_is_given_again_as_the_first(desk: Desk, bank: str, account: str) -> None:
    """Not as that of a repeat: the row is this very call's own. A later call is a repeat."""
    pay = PAYMENT.but(account=account, amount=Decimal("3200.00"))
    first = desk(pay, bank, run=answer_lost)

    assert (first.outcome, first.payment) == ("ok", desk.recorded(bank))
    assert desk(pay, bank).outcome == "duplicate_same"


def test_a_repeat_of_the_same_moment_is_a_repeat(desk: Desk, clock: datetime) -> None:
    """Also where it would be refused now."""
    assert desk(PAYMENT).outcome == "ok"
    assert desk(PAYMENT).outcome == "duplicate_same"
    assert desk(PAYMENT.but(refused="sum_too_large")).outcome == "duplicate_same"


def test_a_lost_answer_of_a_change_is_given_again(desk: Desk) -> None:
    """Performed, then cancelled."""
    desk(BOOKING)
    for command in (PERFORM, CANCEL.but(reason=3)):
        result = desk(command, run=answer_lost)
        assert (result.outcome, result.payment) == ("ok", desk.recorded())


def test_who_performs_at_the_same_moment_hears_that_it_is_done(desk: Desk, clock: datetime) -> None:
    """It was another who has done it, though it left the same row."""
    desk(BOOKING)
    result = desk(PERFORM, run=before("perform_payment", lambda: desk(PERFORM)))

    assert (result.outcome, result.payment) == ("duplicate_same", desk.recorded())


def test_who_is_beaten_by_another_change_goes_by_what_it_left(desk: Desk) -> None:
    """A cancel came between."""
    desk(BOOKING)
    result = desk(PERFORM, run=before("perform_payment", lambda: desk(CANCEL)))

    assert (result.outcome, result.payment) == ("payment_cancelled", desk.recorded())


def test_a_cancel_that_is_beaten_by_a_perform_takes_no_money_back(desk: Desk) -> None:
    """It saw a booking; it is a payment by now."""
    desk(BOOKING)
    cancel = CANCEL.but(refund=False)
    result = desk(cancel, run=before("cancel_payment", lambda: desk(PERFORM)))

    assert (result.outcome, result.payment) == ("cancel_refused", desk.recorded())
    assert desk.recorded().state == "paid"


def test_who_performs_an_id_leaves_that_of_another_bank_alone(desk: Desk) -> None:
    """Both have booked under the same one."""
    desk(BOOKING)
    desk(OF_INVOICE.but(state="created"), "invoices")
    assert desk(PERFORM).outcome == "ok"

    assert desk.recorded("invoices").state == "created"


def test_a_change_takes_two_statements(desk: Desk) -> None:
    """It is read, and changed; what the statement has changed is not read again."""
    desk(BOOKING)
    sent: list[str] = []

    def run(session: Session, statement: str, **values: Any) -> Reply:
        sent.append(statement)
        return type(session).run(session, statement, **values)

    assert desk(PERFORM, run=run).outcome == "ok"
    assert desk(CANCEL, run=run).outcome == "ok"
    assert sent == ["find_payment", "perform_payment", "find_payment", "cancel_payment"]


def test_a_performed_booking_has_the_date_of_whoever_performs_it(desk: Desk) -> None:
    """Or keeps its own."""
    later = PAID_AT + timedelta(hours=1)
    for txn_id, given, kept in (("1", None, PAID_AT), ("2", later, later)):
        desk(BOOKING.but(txn_id=txn_id))
        result = desk(PERFORM.but(txn_id=txn_id, paid_at=given))
        assert result.payment == desk.recorded(txn_id=txn_id)
        assert result.payment is not None
        assert result.payment.paid_at == kept


@pytest.mark.parametrize("sum_first", [False, True])
def test_another_sum_performs_nothing(desk: Desk, sum_first: bool) -> None:
    """Of a paid one it is told first where the dialect wants it so."""
    other = PERFORM.but(of_sum=Decimal("99.99"), sum_first=sum_first)
    desk(BOOKING)

    result = desk(other)
    assert (result.outcome, result.payment) == ("sum_differs", desk.recorded())
    assert desk(PERFORM.but(of_sum=Decimal("100.00"))).outcome == "ok"
    assert desk(other).outcome == ("sum_differs" if sum_first else "duplicate_same")


@pytest.mark.parametrize("since", ["created_at", "paid_at"])
def test_a_booking_lives_to_its_last_moment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, since: Literal["created_at", "paid_at"]
) -> None:
    """By our time of it or the bank's; what is over is cancelled, with the reason and the time."""
    lifetime = Lifetime(60, since)
    for txn_id, after, outcome in (("1", 0 * MS, "ok"), ("2", MS, "payment_expired")):
        start = utc_now()
        monkeypatch.setattr(Session, "now", lambda _, start=start: start)
        paid_at = desk.banks["accounts"].local(start)
        booked = desk(BOOKING.but(txn_id=txn_id, paid_at=paid_at)).payment
        assert booked is not None
        end = start + timedelta(seconds=60) + after
        monkeypatch.setattr(Session, "now", lambda _, end=end: end)
        asked = desk(STATUS.but(txn_id=txn_id, lifetime=lifetime))
        assert (asked.outcome, asked.payment) == (outcome, desk.recorded(txn_id=txn_id))

        expected = (4, "cancelled", end) if after else (None, "paid", None)
        result = desk(PERFORM.but(txn_id=txn_id, lifetime=lifetime))
        assert result.outcome == ("payment_cancelled" if after else "ok")
        left = desk.recorded(txn_id=txn_id)
        assert (left.cancel_reason, left.state, left.cancelled_at) == expected
        assert result.payment == left


def test_a_status_tells_an_expired_booking_from_a_cancelled_one(desk: Desk) -> None:
    """The bank's word for a cancelled one is the dialect's; a booking that is alive is none."""
    asked = STATUS.but(cancelled="payment_cancelled", lifetime=LONG)
    desk(BOOKING)
    assert desk(asked) == Result("ok", payment=desk.recorded())

    desk(CANCEL.but(reason=5))
    assert desk(asked) == Result("payment_cancelled", payment=desk.recorded())
    assert desk(STATUS) == Result("ok", payment=desk.recorded())

    desk(BOOKING.but(txn_id="2"))
    desk(PERFORM.but(txn_id="2", lifetime=OVER))
    expired = desk(asked.but(txn_id="2"))
    assert expired == Result("payment_expired", payment=desk.recorded(txn_id="2"))


def test_a_booking_that_is_over_is_booked_once_more_in_vain(desk: Desk) -> None:
    """It is cancelled; whoever performed it in this moment was right, and that is what is told."""
    again = BOOKING.but(lifetime=OVER, performed="payment_performed")
    desk(BOOKING)
    performed = desk(again, run=before("find_payment", lambda: desk(PERFORM)))
    assert performed == Result("payment_performed", payment=desk.recorded())

    desk(BOOKING.but(txn_id="2"))
    assert desk(again.but(txn_id="2")).outcome == "payment_expired"


def test_a_refused_payment_says_who_would_have_paid(desk: Desk, engine: Engine) -> None:
    """And of a mismatch, and of an invoice that another has paid, what the payment is."""
    refused = desk(PAYMENT.but(refused="sum_too_large"))
    assert refused.outcome == "sum_too_large"
    assert refused.payer is not None
    assert (refused.payer.name, refused.payer.number) == ("Aigerim Sadykova", ACCOUNT)

    desk(OF_INVOICE.but(state="created"), "invoices")
    other = desk(PERFORM.but(of_account="another"), "invoices")
    assert other == Result("payment_not_found", payment=desk.recorded("invoices"))

    desk(OF_INVOICE.but(txn_id="2", amount=Decimal("3200.00")), "invoices")
    late = desk(PERFORM, "invoices")
    assert late == Result("already_paid", payment=desk.recorded("invoices"))


def test_the_last_part_of_an_invoice_may_be_a_small_one(desk: Desk) -> None:
    """One tiyn is owed as long as it is not paid."""
    assert desk(OF_INVOICE.but(amount=Decimal("3199.99")), "invoices").outcome == "ok"
    check = Check(name="check", account=INVOICE)
    assert desk(check, "invoices").outcome == "ok"

    rest = OF_INVOICE.but(txn_id="2", amount=Decimal("0.01"))
    assert desk(rest, "invoices").outcome == "ok"
    assert desk(check, "invoices").outcome == "already_paid"


@pytest.mark.parametrize(
    ("amount", "outcome"),
    [("3199.99", "sum_too_small"), ("3200.00", "ok"), ("3200.01", "sum_too_large")],
)
def test_an_invoice_that_is_paid_as_a_whole_says_which_way_a_sum_differs(
    desk: Desk, amount: str, outcome: str
) -> None:
    """The dialect's two words for it."""
    differs: Any = ("sum_too_small", "sum_too_large")
    sums = {"account": INVOICE, "amount": Decimal(amount), "exact": True, "differs": differs}
    assert desk(Check(name="check", **sums), "invoices").outcome == outcome
    assert desk(PAYMENT.but(**sums), "invoices").outcome == outcome


def test_a_check_says_all_of_the_payer_and_what_a_view_lacks_is_empty(
    desk: Desk, engine: Engine
) -> None:
    """An account keeps nobody waiting."""
    check = Check(name="check", account=ACCOUNT)
    payer = desk(check).payer
    assert payer is not None
    assert payer[:5] == (ACCOUNT, "Aigerim Sadykova", "Abai 1", "active", None)
    assert payer[5:] == (Decimal("3200.00"), Decimal("0"), 0)

    text = desk.database.texts["find_account"]
    text = text.replace("a.name, a.address", "NULL AS name, NULL AS address")
    desk.database.statements["find_account"] = text
    payer = desk(check).payer
    assert payer is not None
    assert (payer.name, payer.address) == ("", "")


def test_a_cancel_on_the_heels_of_its_payment_came_after_it(desk: Desk, clock: datetime) -> None:
    """Our times are exact to 200 ms; and what is not older than now was not here before."""
    desk(PAYMENT)
    assert desk(CANCEL, came_at=came(clock, 200)).outcome == "ok"

    desk(PAYMENT.but(txn_id="2"))
    assert desk(CANCEL.but(txn_id="2"), came_at=came(clock, 500)).outcome == "ok"


def test_a_cancel_from_before_its_payment_is_not_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that came 200 ms before may have come after; one of 201 ms did not."""
    now = utc_now()
    monkeypatch.setattr(Session, "now", lambda _: now)
    desk(PAYMENT)
    monkeypatch.setattr(Session, "now", lambda _: now + MS)

    with pytest.raises(Exception, match="later than this cancel"):
        desk(CANCEL, came_at=came(now, 201))
    assert desk(CANCEL, came_at=came(now, 200)).outcome == "ok"
