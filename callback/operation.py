"""The rules of a payment: what each of our words does. Knows no HTTP and no bank's language.

Nothing is looked up before it is recorded: the unique key on (bank, txn_id) and the guards inside
the statements decide, so it does not matter how many calls arrive at once (design.md, section 4).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from callback import lookup, passwords
from callback.database.errors import DatabaseError, DuplicateError
from callback.limits import STATEMENT_ROWS
from callback.model import (
    Cancel,
    ChangePassword,
    Check,
    Note,
    Pay,
    Payer,
    Payment,
    Perform,
    Refuse,
    Result,
    Statement,
    Status,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from callback.bank import Bank
    from callback.database import Reply, Row, Session
    from callback.model import Command, Lifetime, Outcome

# The reason that a booking is cancelled with when its time is over (payme.md, section 7).
EXPIRED = 4
# A payment that nothing speaks against is tried again: its time was over, its id is free now.
TRIES = 3
# Each connection knows the server's clock as exactly as its first answer was fast, and what web
# servers and the kernel say of a queue has milliseconds. No bank gives a cancel up, hears "none"
# and pays again in so short a time.
EXACT_TO = timedelta(milliseconds=200)
ANY_TIME, NO_TIME = datetime(1, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001 - as in the columns


def run(session: Session, bank: Bank, command: Command) -> Result:
    """Do what the bank asks; DatabaseError when the outcome is not known."""
    bank = bank.of_service(command.service)
    return bank.as_typed(OPERATIONS[type(command)](session, bank, command))


def refuse(session: Session, bank: Bank, command: Refuse) -> Result:  # noqa: ARG001
    """Pass on what the dialect found."""
    return Result(command.outcome)


def check(session: Session, bank: Bank, command: Check) -> Result:
    """Find the payer. One SELECT."""
    number = bank.account_number(command.account)
    waits = _held(session, bank, command)
    rows = session.run(f"find_{bank.payer}", account=number, **waits).rows
    payer = _payer(rows[0], command) if rows else None
    return Result(_refusal(payer, command) or "ok", payer=payer)


def pay(session: Session, bank: Bank, command: Pay) -> Result:
    """Record the payment, or find out why not. One INSERT; repeats read once more.

    So do refusals; what the books refuse is promised and read a third time.
    """
    for _ in range(TRIES):
        result = _pay(session, bank, command)
        if result:
            return result
        session.server_time()  # too late, or too early, by the server's clock: read it anew
    raise DatabaseError(
        "not recorded, though nothing speaks against it now (or the bank was told while it waited "
        "that there is no such payment): ask again"
    )


def _pay(session: Session, bank: Bank, command: Pay) -> Result | None:
    """Try once; None when nothing was recorded and nothing speaks against trying again."""
    now = session.now()
    ours = False
    if command.lifetime and _comes_late(bank, command, command.lifetime, now):
        command = command.but(refused="payment_expired")
    if command.refused is None:
        try:
            reply = session.run(f"pay_{bank.payer}", **_values(session, bank, command, now))
        except DuplicateError as duplicate:
            ours = duplicate.resent
        else:
            if reply.changed:
                return Result("ok", payment=_recorded(reply.id, bank, command, now))
            ours = reply.resent  # the invoice that it found paid, it may have paid itself
    result = _explained(session, bank, command, now if ours else None)
    if result and _is_of_the_moment(result, command):
        lookup.promise(session, bank, command.txn_id)
        result = _explained(session, bank, command, now if ours else None)
    return result


def perform(session: Session, bank: Bank, command: Perform) -> Result:
    """Make a created payment a paid one, or cancel it when its time is over."""

    def decide(payment: Payment, now: datetime) -> Outcome | Payment:
        differs = command.of_sum not in (None, payment.amount)
        if differs and command.sum_first:
            return "sum_differs"
        if payment.state == "paid":
            return "duplicate_same"
        if payment.state == "cancelled":
            return "payment_cancelled"
        if _has_expired(bank, payment, command.lifetime, now):
            return payment._replace(state="cancelled", cancelled_at=now, cancel_reason=EXPIRED)
        if differs:
            return "sum_differs"
        paid_at = command.paid_at or payment.paid_at
        return payment._replace(state="paid", performed_at=now, paid_at=paid_at)

    return _change(session, bank, command, decide)


def cancel(session: Session, bank: Bank, command: Cancel) -> Result:
    """Cancel a payment, the whole of it."""

    def decide(payment: Payment, now: datetime) -> Outcome | Payment:
        if command.of_sum not in (None, payment.amount):
            return command.mismatch
        if payment.state == "cancelled":
            return "duplicate_same"
        if payment.state == "paid" and not command.refund:
            return "cancel_refused"
        return payment._replace(state="cancelled", cancelled_at=now, cancel_reason=command.reason)

    return _change(session, bank, command, decide)


def status(session: Session, bank: Bank, command: Status) -> Result:
    """Find a payment by the bank's id."""
    payment = lookup.find_or_promise(session, bank, command)
    if payment and _has_expired(bank, payment, command.lifetime, session.now()):
        payment = _end(session, bank, command).payment
    if payment is None:
        return Result("payment_not_found")
    if payment.state != "cancelled":
        return Result("ok", payment=payment)
    by_time = command.lifetime and payment.cancel_reason == EXPIRED
    return Result("payment_expired" if by_time else command.cancelled, payment=payment)


def statement(session: Session, bank: Bank, command: Statement) -> Result:
    """List the bank's payments, if there are not too many for one answer."""
    rows = session.run(
        f"statement_by_{command.by}",
        bank=bank.name,
        since=command.since,
        until=command.until,
        most=STATEMENT_ROWS + 1,
    ).rows
    if len(rows) > STATEMENT_ROWS:
        return Result("too_many_payments")
    return Result("ok", payments=[lookup.payment_of(row) for row in rows])


def change_password(session: Session, bank: Bank, command: ChangePassword) -> Result:
    """Let only the new password be good from now on."""
    passwords.change(session, bank, command.password)
    return Result("ok")


def note(session: Session, bank: Bank, command: Note) -> Result:  # noqa: ARG001
    """Leave it to the log."""
    return Result("ok")


OPERATIONS: dict[type[Command], Callable[..., Result]] = {
    Refuse: refuse,
    Check: check,
    Pay: pay,
    Perform: perform,
    Cancel: cancel,
    Status: status,
    Statement: statement,
    Note: note,
    ChangePassword: change_password,
}


def _explained(session: Session, bank: Bank, command: Pay, ours: datetime | None) -> Result | None:
    """Say why nothing was recorded; None when nothing speaks against it any more.

    A known txn_id wins over every refusal. `ours`: the time in a row that this very call has left
    behind before its connection was cut.
    """
    row = session.run(
        f"explain_{bank.payer}",
        bank=bank.name,
        txn_id=command.txn_id,
        account=bank.account_number(command.account),
        **_held(session, bank, command),
    ).rows[0]
    if row["id"] is not None:
        payment = lookup.payment_of(row)
        outcome = _repeated(bank, payment, command, ours)
        if _has_expired(bank, payment, command.lifetime, session.now()):
            return (
                Result(outcome) if outcome == "duplicate_other" else _late(session, bank, command)
            )
        # The first answer knew no payer either, and what he owes is not summed here.
        return Result(outcome, payment=payment)
    payer = _payer(row, command) if row["number"] is not None else None
    refused = command.refused or _refusal(payer, command)
    if refused:
        return Result(refused, payer=payer)
    return None


def _is_of_the_moment(result: Result, command: Pay) -> bool:
    """Whether money is refused for what the books say now, and may say otherwise a moment later.

    The bank gives it back: the same call, sent before and still on its way, must not be recorded.
    """
    return result.payment is None and command.refused is None and command.state == "paid"


def _late(session: Session, bank: Bank, command: Pay) -> Result:
    """Answer a repeat whose booking has expired. Whoever was faster than we is right."""
    outcomes: dict[Outcome, Outcome] = {
        "ok": "payment_expired",
        "duplicate_same": "payment_cancelled",
        "cancel_refused": command.performed,
    }
    result = _end(session, bank, command)
    return result._replace(outcome=outcomes.get(result.outcome, result.outcome))


def _end(session: Session, bank: Bank, command: Pay | Status) -> Result:
    """Cancel a booking that is met when its time is over, before the bank is told so."""
    end = Cancel(name=command.name, txn_id=command.txn_id, reason=EXPIRED, booked=True)
    return cancel(session, bank, end)


def _repeated(bank: Bank, payment: Payment, command: Pay, ours: datetime | None) -> Outcome:
    # A payment of an older release may be without its number: it cannot contradict.
    if not bank.names(payment.number, command.account) or payment.amount != command.amount:
        return "duplicate_other"
    if payment.state == "cancelled":
        return "payment_cancelled"
    if payment.state != command.state:
        return command.performed
    return "ok" if payment.created_at == ours else "duplicate_same"


def _refusal(payer: Payer | None, command: Check | Pay) -> Outcome | None:
    if payer is None:
        return "unknown_account"
    if payer.state != "active":
        return "account_closed" if payer.state == "closed" else "account_blocked"
    if payer.invoice_state is None:
        return None
    if payer.invoice_state == "cancelled":
        return "invoice_cancelled"
    # What is paid in part cannot be paid by its whole sum any more.
    if payer.owed <= 0 or payer.waiting or (command.exact and payer.paid):
        return "already_paid"
    if command.exact and command.amount is not None and command.amount != payer.issued:
        under, over = command.differs
        return under if command.amount < payer.issued else over
    return None


def _change(
    session: Session,
    bank: Bank,
    command: Perform | Cancel,
    decide: Callable[[Payment, datetime], Outcome | Payment],
) -> Result:
    """Read the payment, decide, and change it only if it still is as it was read.

    `decide` returns an outcome, or what the payment becomes. Whoever loses a race reads again and
    decides by what the winner left.
    """
    payment = _to_change(session, bank, command)
    if payment is None:
        return Result(command.unknown)
    now = session.now()
    while True:
        if not _is_meant(bank, payment, command):
            return Result(command.mismatch, payment=payment)
        # What one connection knows of the server's clock may be behind what another does.
        now = max(now, payment.performed_at or payment.created_at)
        decision = decide(payment, now)
        if not isinstance(decision, Payment):
            return Result(decision, payment=payment)
        reply = _write(session, bank, payment, decision, now)
        latest = decision if reply.changed else lookup.find(session, bank, payment.txn_id)
        # Sent twice because the first answer was lost: then our first has changed it.
        if latest == decision and (reply.changed or reply.resent):
            return _done(command, decision)
        if latest is None or latest == payment:
            break
        payment = latest
    if decision.state != "paid" or session.server_time() >= reply.deadline:
        raise DatabaseError("the server came to it too late: ask again")
    # Not lost to another call: another payment has paid the invoice of this one.
    return Result("already_paid", payment=payment)


def _to_change(session: Session, bank: Bank, command: Perform | Cancel) -> Payment | None:
    """The payment that is meant, if there is one; DatabaseError where a cancel is older than it."""
    if isinstance(command, Perform):
        return lookup.find(session, bank, command.txn_id)
    payment = lookup.find_or_promise(session, bank, command)
    if payment and _came_before(session, payment, session.now()):
        # It lay somewhere; the bank has been told meanwhile that there is none, and has paid again.
        raise DatabaseError("the payment came later than this cancel: ask again")
    return payment


def _done(command: Perform | Cancel, after: Payment) -> Result:
    expired = isinstance(command, Perform) and after.state == "cancelled"
    return Result("payment_expired" if expired else "ok", payment=after)


def _write(session: Session, bank: Bank, before: Payment, after: Payment, now: datetime) -> Reply:
    """Change the payment, unless it is not any more as it was `before`."""
    key = {"bank": bank.name, "txn_id": before.txn_id, "now": now}
    if after.state == "paid":
        return session.run("perform_payment", **key, paid_at=after.paid_at)
    return session.run("cancel_payment", **key, reason=after.cancel_reason, seen=before.state)


def _came_before(session: Session, payment: Payment, now: datetime) -> bool:
    """Whether the caller came before the payment; not where its time is none: a clock was ahead."""
    return session.came_at() + EXACT_TO < payment.created_at < now


def _is_meant(bank: Bank, payment: Payment, command: Perform | Cancel) -> bool:
    # A payment of an older release may be without its number: it cannot contradict.
    same_account = bank.names(payment.number, command.of_account)
    return same_account and command.of_id in (None, payment.id)


def _comes_late(bank: Bank, command: Pay, lifetime: Lifetime, now: datetime) -> bool:
    """Whether the time of a new booking is over, by the bank's own date."""
    return command.paid_at is not None and command.paid_at < _oldest(bank, lifetime, now)["paid_at"]


def _has_expired(bank: Bank, payment: Payment, lifetime: Lifetime | None, now: datetime) -> bool:
    """Whether it is a booking whose time is over; `now` is the database's."""
    if payment.state != "created" or lifetime is None:
        return False
    oldest = _oldest(bank, lifetime, now)
    return any(getattr(payment, time) < moment for time, moment in oldest.items())


def _oldest(bank: Bank, lifetime: Lifetime, now: datetime) -> dict[str, datetime]:
    """Say from when on a booking counts: by our time of it, and by the bank's."""
    oldest = now - timedelta(seconds=lifetime.seconds)
    if lifetime.since == "paid_at":
        return {"created_at": ANY_TIME, "paid_at": bank.local(oldest)}
    return {"created_at": oldest, "paid_at": ANY_TIME}


def _held(session: Session, bank: Bank, command: Check | Pay) -> dict[str, datetime]:
    if bank.payer == "account":
        return {}
    if command.held_for is None:
        return {"waits_created_at": NO_TIME, "waits_paid_at": NO_TIME}
    oldest = _oldest(bank, command.held_for, session.now())
    return {f"waits_{time}": moment for time, moment in oldest.items()}


def _values(session: Session, bank: Bank, command: Pay, now: datetime) -> dict[str, Any]:
    """The values of the statement that records a payment, those of its guards among them."""
    values: dict[str, Any] = {
        "bank": bank.name,
        "txn_id": command.txn_id,
        "account": bank.account_number(command.account),
        "number": bank.prefix + command.account,
        "amount": command.amount,
        "currency": bank.currency,
        "state": command.state,
        "paid_at": command.paid_at,
        "now": now,
        "performed_at": now if command.state == "paid" else None,
        "bucket": lookup.bucket(bank, command.txn_id),
    }
    if bank.payer == "account":
        return values
    return values | {"exact": int(command.exact), **_held(session, bank, command)}


def _recorded(new_id: int, bank: Bank, command: Pay, now: datetime) -> Payment:
    assert command.amount is not None and command.paid_at is not None  # noqa: S101, PT018
    return Payment(
        id=new_id,
        txn_id=command.txn_id,
        number=bank.prefix + command.account,
        amount=command.amount,
        state=command.state,
        paid_at=command.paid_at,
        created_at=now,
        performed_at=now if command.state == "paid" else None,
    )


def _payer(row: Row, command: Check | Pay) -> Payer:
    return Payer(
        number=command.account,
        name=row["name"] or "",  # a view over another program's customers may have none
        address=row["address"] or "",
        state=row["state"],
        invoice_state=row.get("invoice_state"),  # an account's row has neither this
        issued=row["issued"],
        paid=row["paid"],
        waiting=row.get("waiting", 0),  # nor this
    )
