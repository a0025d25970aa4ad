"""What a bank's file holds: payments, remarks on rows that are none, or a refusal.

Every reader of a file makes these: `register`, `statement`, `spreadsheet`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from callback.phrase import Phrase

TXN_ID = re.compile("[!-~]{1,64}")  # what the column payment.txn_id holds
ACCOUNT = re.compile(r"[^\x00-\x1f\x7f]{1,200}")

AT_LINE = Phrase("line {line}: {why}")
Row = tuple[int, list[str]]  # the number of its line, its fields


def at_line(line: int, why: object) -> Phrase:
    """What is wrong in one line of a file."""
    return Phrase(AT_LINE, line=line, why=why)


class RegisterError(Exception):
    """The file is refused as a whole; the text says why, and in which line."""

    file: Path | None = None  # of several


class Entry(NamedTuple):
    """A payment that the bank says it took; `paid_at` is in the bank's zone.

    `origin` is what the id was derived from where the file has none (a statement), else empty;
    `amount` is below zero only in remarks, where money went back.
    """

    line: int
    txn_id: str
    account: str
    amount: Decimal
    paid_at: datetime
    origin: str = ""
    file: str = ""  # of several
    service: str = ""  # of the bank's `services`
    sums: tuple[tuple[str, Decimal], ...] = ()  # gross, net, commission: what is there

    @property
    def place(self) -> str:
        """Where it stands."""
        if self.file:
            return Phrase("line {line} of {file}", line=self.line, file=self.file)
        return Phrase("line {line}", line=self.line)


class Ours(NamedTuple):
    """A payment of ours, as far as it is compared. No number: the account left our books."""

    txn_id: str
    account: str | None
    amount: Decimal
    state: str
    paid_at: datetime


class Remark(NamedTuple):
    """What a row is that cannot be compared: "rejected", "not a payment", "twice" …"""

    name: str
    line: int
    detail: str
    entry: Entry | None = None
    file: str = ""  # of several


class Register(NamedTuple):
    """What a file holds; a rejected row is among the remarks."""

    entries: list[Entry]
    remarks: list[Remark]
    days: tuple[date, ...] = ()  # that the file says it is of


def entry(line: int, txn_id: str, account: str, paid: Decimal, paid_at: datetime) -> Entry:
    """Make an entry of what can be recorded; ValueError."""
    if not TXN_ID.fullmatch(txn_id):
        raise ValueError(Phrase("not an id of a payment: {txn_id!r}", txn_id=txn_id))
    if not ACCOUNT.fullmatch(account):
        raise ValueError(Phrase("not a number of an account: {account!r}", account=account))
    if paid <= 0:
        raise ValueError(Phrase("nothing was paid: {paid:.2f}", paid=paid))
    return Entry(line, txn_id, account, paid, paid_at)
