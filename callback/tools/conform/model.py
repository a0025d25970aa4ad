"""The words of the suite: what a bank asks, what it heard. No dialect, no network."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# In a dialect of two phases "pay" is the booking, and "perform" makes it a payment.
Act = Literal["check", "pay", "perform", "cancel", "status", "statement", "password"]
# A part of a request that a case may replace; each dialect has its own names for them. `accounts`
# is the object that holds the account, where there is one.
Slot = Literal["act", "id", "account", "accounts", "sum", "time", "number", "service", "password"]
# What a caller may fail to prove.
Proof = Literal[
    "no token",
    "wrong token",
    "no password",
    "wrong password",
    "wrong user",
    "no sign",
    "wrong sign",
]
Word = Literal["done", "refused", "ask again", "not the bank"]
ABSENT = object()  # the slot is left out of the request
TWICE = object()  # the slot is given twice, with its good value


class Raw(str):
    """JSON text that goes into a body as it is: 1e2, NaN, digits without end."""

    __slots__ = ()


@dataclass(frozen=True)
class Step:
    """One thing that the bank asks."""

    act: Act
    id: str
    account: str
    sum: Decimal
    at: datetime  # the bank's clock, in its zone
    number: str = ""  # ours, of the payment, where a later phase must name it
    until: datetime | None = None  # of a statement, which begins at `at`
    change: Mapping[str, Any] = field(default_factory=dict)  # by slot: what stands there instead
    extra: tuple[tuple[str, str], ...] = ()  # members that nobody knows
    proof: Proof | None = None  # which proof is left out or wrong


class Request(NamedTuple):
    """One request, below the bank's address."""

    method: str = "POST"
    path: str = ""  # the dialect's own operation, as "check"
    query: str = ""
    body: bytes | None = None
    content_type: str = ""


class Reply(NamedTuple):
    """One answer of HTTP."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass
class Exchange:
    """What was sent and what came, for a report."""

    sent: str
    came: str = "no answer"


@dataclass(frozen=True)
class Reading:
    """An answer, understood."""

    code: str  # the dialect's; "HTTP 503" where HTTP alone answered
    receipt: Mapping[str, str] = field(default_factory=dict)  # what every repeat must say again
    debt: Decimal | None = None  # what a check tells
    name: str | None = None  # of the payer, where a check tells it
    state: str = ""  # what a status tells: created, paid, cancelled
    listed: Mapping[str, Decimal] = field(default_factory=dict)  # what a statement lists: id, sum
    exchange: Exchange | None = field(default=None, compare=False)

    @property
    def number(self) -> str:
        """Our number of the payment, or nothing where the dialect does not tell it."""
        return self.receipt.get("number", "")


class MalformedError(Exception):
    """The answer has not the form that the sheet wants."""


class FailedError(Exception):
    """The endpoint did something else than the sheet wants."""

    def __init__(self, why: str, exchange: Exchange | None = None) -> None:
        super().__init__(why)
        self.exchange = exchange


def require(holds: object, otherwise: str) -> None:
    """Complain of the answer's form, unless it holds."""
    if not holds:
        raise MalformedError(otherwise)
