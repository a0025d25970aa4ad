"""Payments left over on both sides that are probably the same, under another id.

registers.md, section 4. By account, sum and day a pair is one only where no other payment is like
it on either side; by what is left of an id it is one wherever there is a payment left to pair.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from callback.layouts import bank_day
from callback.tools.books.entry import Ours

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Sequence

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
    twins: Pairs = {}
    # Of several with one such id, which is which hardly matters: one that was booked would be
    # there twice. Those of the same account come first.
    for key in (
        lambda side: (_bare(side.txn_id), side.amount, _number(bank, side)),
        lambda side: (_bare(side.txn_id), side.amount),
    ):
        groups = _groups(*_others(missing, left, twins), key)
        twins |= {
            entry.txn_id: (ours, DAMAGED)
            for entries, payments in groups
            for entry, ours in zip(entries, payments, strict=False)
        }
    alike = _groups(
        *_others(missing, left, twins),
        lambda side: (_number(bank, side), side.amount, bank_day(bank.register, side.paid_at)),
    )
    unique = (sides for sides in alike if len(sides[0]) == len(sides[1]) == 1)
    return twins | {entry.txn_id: (ours, "") for (entry,), (ours,) in unique}


def _others(
    missing: Sequence[Entry], left: Sequence[Ours], twins: Pairs
) -> tuple[list[Entry], list[Ours]]:
    """What has no twin yet, of either side."""
    taken = {ours.txn_id for ours, _ in twins.values()}
    return (
        [entry for entry in missing if entry.txn_id not in twins],
        [ours for ours in left if ours.txn_id not in taken],
    )


def _groups(
    missing: Sequence[Entry], left: Sequence[Ours], key: Callable[[Any], Hashable]
) -> Collection[tuple[list[Entry], list[Ours]]]:
    """Part both sides by a key."""
    sides: defaultdict[Hashable, tuple[list[Entry], list[Ours]]]
    sides = defaultdict(lambda: ([], []))
    for entry in missing:
        sides[key(entry)][0].append(entry)
    for ours in left:
        sides[key(ours)][1].append(ours)
    return sides.values()


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
