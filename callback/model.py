"""Our own words: what a bank asks of us, and what came of it. No HTTP, no bank, no SQL."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from callback.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

# design.md, section 4: done, refused (surely nothing was recorded), unknown ("ask again").
Outcome = Literal[
    "ok",
    "duplicate_same",  # recorded before, by the same request: done
    # refused
    "duplicate_other",  # the txn_id names another account or sum: an alarm
    "unknown_account",
    "account_closed",
    "account_blocked",
    "invoice_cancelled",
    "already_paid",
    "sum_differs",  # not the invoice's sum, or not the sum of the payment that is performed
    "sum_too_small",
    "sum_too_large",
    "too_many_payments",  # a period that has more than are told at once
    "payment_not_found",
    "payment_cancelled",
    "payment_expired",
    "payment_performed",  # a booking that is a payment by now cannot be booked again
    "cancel_refused",
    "cancel_differs",  # the payment to cancel has another account or sum: an alarm
    "bad_account",
    "bad_date",
    "bad_id",
    "bad_request",
    "bad_service",
    "bad_signature",
    "bad_sum",
    "bad_type",
    "missing",
    "unknown_command",
    "unreadable",
    # refused before the dialect was heard
    "bad_token",
    "bad_address",
    "not_authenticated",
    "bad_method",
    # unknown
    "temporary",
]

# What is worth waking somebody for, though the answer is an ordinary refusal.
ALARMS = frozenset(
    {
        "duplicate_other",
        "cancel_differs",
        "bad_signature",
        "bad_token",
        "bad_address",
        "not_authenticated",
    }
)

# What a dialect says of the first when it has no word of its own for it.
BROADER: dict[Outcome, Outcome] = {
    "invoice_cancelled": "unknown_account",
    "cancel_differs": "cancel_refused",
    "payment_performed": "duplicate_same",
    "bad_service": "bad_request",
}


NOTHING: Mapping[str, Any] = {}


class Command(Record, hidden=("credentials",)):
    """What a bank asks for; `name` is one short word for the log and the table of codes."""

    name: str
    txn_id: str = ""
    account: str = ""  # the number that the payer typed: an account's, or an invoice's
    service: str = ""  # which of the bank's `services` it is for
    amount: Decimal | None = None
    echo: Any = None  # what the dialect repeats in its answer: an id, a whole request
    noted: Mapping[str, str] = NOTHING  # only for the log
    # User name and password where they are a part of the request: never shown, never logged.
    credentials: tuple[bytes, bytes] | None = None


class Refuse(Command):
    """Do nothing: the request cannot be understood or may not be made."""

    outcome: Outcome


class Lifetime(NamedTuple):
    """How long a booking counts: so many seconds since that time of it, by the database's clock."""

    seconds: int
    since: Literal["created_at", "paid_at"]  # ours, or the bank's


class Check(Command):
    """Say whether the account may be paid and what it owes. Changes nothing.

    `exact`, `differs`, `held_for`: as in Pay.
    """

    exact: bool = False
    differs: tuple[Outcome, Outcome] = ("sum_differs", "sum_differs")
    held_for: Lifetime | None = None


class Pay(Command):
    """Record a payment once, however often it is asked for.

    `refused` is what the dialect would refuse the request for: a known `txn_id` wins over it.
    `amount` is always there; without `refused` so are `account` and `paid_at`.
    """

    paid_at: datetime | None = None  # the bank's own date, in the bank's zone
    refused: Outcome | None = None
    state: Literal["paid", "created"] = "paid"  # created: booked, no money yet
    exact: bool = False  # an invoice is paid by its whole sum or not at all
    # What a sum under the invoice's is then, and one over it.
    differs: tuple[Outcome, Outcome] = ("sum_differs", "sum_differs")
    # Other bookings of the same invoice keep it from being booked again for so long. None: bookings
    # do not matter, only payments do.
    held_for: Lifetime | None = None
    lifetime: Lifetime | None = None  # of its own booking; None: it never gets old
    performed: Outcome = "duplicate_same"  # what a repeat is whose booking is a payment by now


def check_or_pay(
    pays: bool, refused: Outcome | None, paid_at: datetime | None, **common: Any
) -> Command:
    """Make a Check, a Pay or a Refuse of what was read (the repeat rule of the sheets).

    A payment whose id and sum could be read is always a Pay, also when it is to be refused: it
    may be known. `common` are the fields of Command.
    """
    if pays and common["amount"] is not None:
        return Pay(refused=refused, paid_at=paid_at, **common)
    return Refuse(outcome=refused, **common) if refused else Check(**common)


class Perform(Command):
    """Turn a created payment into a paid one, or cancel it when its time is over.

    What `of_…` names must be the payment's: another id or account is `mismatch`, another sum
    `sum_differs`: of a created payment, or with `sum_first` in any state. None is not compared.
    """

    of_id: int | None = None
    of_account: str | None = None
    of_sum: Decimal | None = None
    sum_first: bool = False
    mismatch: Outcome = "payment_not_found"
    unknown: Outcome = "payment_not_found"
    paid_at: datetime | None = None  # replaces the one of the booking
    lifetime: Lifetime | None = None


class Cancel(Command):
    """Cancel a created payment, with `refund` also a paid one.

    What `of_…` names must be the payment's, else `mismatch`. None is not compared. `unknown`: there
    is no payment of this id.
    """

    of_id: int | None = None
    of_account: str | None = None
    of_sum: Decimal | None = None
    mismatch: Outcome = "payment_not_found"
    unknown: Outcome = "payment_not_found"
    reason: int | None = None
    refund: bool = False
    booked: bool = False  # the dialect has two phases: a pay that is on its way is no money yet


class Status(Command):
    """Tell how a payment stands. A cancelled one is the outcome `cancelled`.

    With a `lifetime` one whose time is over is payment_expired, and is cancelled before the bank
    hears so: whatever comes later, from whichever machine, finds it so. Else it changes nothing.
    """

    cancelled: Outcome = "ok"
    lifetime: Lifetime | None = None
    booked: bool = False  # as in Cancel


class Note(Command):
    """Something that the bank tells us. It is done as soon as it is in the log."""


class ChangePassword(Command, hidden=("password",)):
    """From now on the bank proves itself by this password alone."""

    password: str


class Statement(Command):
    """List the bank's payments from `since` to `until`, both inclusive, ascending: all or none.

    `by` is the column that is compared: the bank's `paid_at` or our `performed_at` (UTC).
    """

    since: datetime
    until: datetime
    by: Literal["paid_at", "performed_at"] = "paid_at"


def masked(name: str) -> str:
    """Every word of a name as its first character and ***."""
    return " ".join(f"{word[0]}***" for word in name.split())


class Payer(NamedTuple):
    """Who would pay: an account, or the account of one invoice."""

    number: str
    name: str
    address: str
    state: Literal["active", "closed", "blocked"]
    invoice_state: Literal["issued", "cancelled"] | None  # None: the number is an account's
    issued: Decimal  # sum of the issued invoices, or of this one
    paid: Decimal
    waiting: int  # bookings that keep this invoice from being booked again

    @property
    def owed(self) -> Decimal:
        """Issued minus paid; negative when overpaid."""
        return self.issued - self.paid

    @property
    def debt(self) -> Decimal:
        """What is left to pay; nothing when overpaid."""
        return max(self.owed, Decimal("0.00"))

    @property
    def masked_name(self) -> str:
        """Nobody learns a name by asking."""
        return masked(self.name)

    @property
    def shown(self) -> dict[str, str]:
        """What a check may reveal, by the words of the setting `show`."""
        return {"name": self.masked_name, "address": self.address, "debt": f"{self.owed:.2f}"}


class Payment(NamedTuple):
    """A row of `payment`. Times of ours are UTC, to the millisecond, without zone."""

    id: int
    txn_id: str
    # What the payer typed, as received, behind the prefix of its service until an answer is made of
    # it. None in a row of an older release.
    number: str | None
    amount: Decimal
    state: Literal["created", "paid", "cancelled"]
    paid_at: datetime
    created_at: datetime
    performed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: int | None = None


class Result(NamedTuple):
    """What came of a command, with whatever of our books the answer may need."""

    outcome: Outcome
    payer: Payer | None = None
    payment: Payment | None = None
    payments: Sequence[Payment] = ()

    @property
    def done(self) -> bool:
        """The money is recorded, now or before; a check found who may be paid for."""
        return self.outcome in ("ok", "duplicate_same")
