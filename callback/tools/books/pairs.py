"""Payments left over on both sides that are probably the same, under another id.

registers.md, section 4. A pair is one only where no other payment is like it on either side.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from callback.layouts import bank_day
from callback.tools.books.entry import Ours

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from callback.bank import Bank
    from callback.tools.books.entry import Entry

DIGITS = 15  # of a number that a spreadsheet keeps
DAMAGED = "another form of the id"

Pairs = dict[str, tuple["Ours", str]]  # by the register's id: ours, and what is to say


def pairs(missing: Sequence[Entry], left: Sequence[Ours], bank: Bank) -> Pairs:
    """Pair what only the register has with what only we have.

    Either the account, the sum and the day are the same; or the sum, and the id but for what a
    spreadsheet takes from it: zeros in front, digits behind the fifteenth.
    """
    by_id = _unique(missing, left, lambda side: (_bare(side.txn_id), side.amount))
    twins: Pairs = {entry.txn_id: (ours, DAMAGED) for entry, ours in by_id}
    taken = {ours.txn_id for ours, _ in twins.values()}
    others = [entry for entry in missing if entry.txn_id not in twins]
    rest = [ours for ours in left if ours.txn_id not in taken]
    alike = _unique(
        others,
        rest,
        lambda side: (_number(bank, side), side.amount, bank_day(bank.register, side.paid_at)),
    )
    return twins | {entry.txn_id: (ours, "") for entry, ours in alike}


def _unique(
    missing: Sequence[Entry], left: Sequence[Ours], key: Callable[[Any], Hashable]
) -> Iterator[tuple[Entry, Ours]]:
    """Yield the pairs that have a key of their own, and no other payment has it."""
    sides: defaultdict[Hashable, tuple[list[Entry], list[Ours]]]
    sides = defaultdict(lambda: ([], []))
    for entry in missing:
        sides[key(entry)][0].append(entry)
    for ours in left:
        sides[key(ours)][1].append(ours)
    for entries, payments in sides.values():
        if len(entries) == len(payments) == 1:
            yield entries[0], payments[0]


def _number(bank: Bank, payment: Entry | Ours) -> str | None:
    """The number of either side without what only one of them has."""
    account = payment.account
    if account is not None and isinstance(payment, Ours):
        account = bank.without_prefix(account)
    return account and bank.plain(account)


def _bare(txn_id: str) -> str:
    """What a spreadsheet leaves of an id that it takes for a number."""
    if not txn_id.isdecimal():
        return txn_id
    digits = txn_id.lstrip("0")
    return digits[:DIGITS] + "0" * (len(digits) - DIGITS)
