"""The totals line of a register: by its count and sum a file is known to be whole."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from callback.phrase import Phrase
from callback.tools.books import sums
from callback.tools.books.columns import field
from callback.tools.books.entry import RegisterError, at_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callback.layouts import RegisterLayout
    from callback.tools.books.entry import Entry, Remark, Row

COUNT = re.compile("[0-9]{1,9}")


class Total(NamedTuple):
    """What the line says; None: nothing of that."""

    payments: int | None
    amount: Decimal | None


def is_total(row: Row, layout: RegisterLayout) -> bool:
    """Whether a row begins as the totals line does."""
    return bool(layout.total) and layout.separator.join(row[1]).startswith(layout.total)


def control(
    row: Row,
    entries: Iterable[Entry],
    remarks: Iterable[Remark],
    layout: RegisterLayout,
    currency: str,
) -> None:
    """Compare count and sum with the totals line; RegisterError.

    Money that went back may be counted there or not, and its sum may be taken off or not.
    """
    number, _ = row
    try:
        total = _total(_columns(row, layout), layout, currency)
    except ValueError as error:
        raise RegisterError(
            at_line(number, Phrase("the totals line: {error}", error=error))
        ) from error
    payments = [entry.amount for entry in entries]
    others = [remark.entry.amount for remark in remarks if _is_counted(remark) and remark.entry]
    back = [amount for amount in others if amount]
    counts = {len(payments) + more for more in (0, len(back), len(others))}
    there = sum(payments, Decimal(0))
    amounts = {there, there + sum(back, Decimal(0))}
    if total.payments not in (None, *counts):
        wrong = Phrase(
            "{payments} payments by the total, {there} there",
            payments=total.payments,
            there=len(payments),
        )
        raise RegisterError(at_line(number, wrong))
    if total.amount not in (None, *amounts):
        wrong = Phrase(
            "{amount:.2f} by the total, {there:.2f} there", amount=total.amount, there=there
        )
        raise RegisterError(at_line(number, wrong))


def _is_counted(remark: Remark) -> bool:
    """Whether a row that is no payment may be one to the bank."""
    return remark.name == "refund" or (
        remark.name == "not a payment" and remark.entry is not None and not remark.entry.amount
    )


def _columns(row: Row, layout: RegisterLayout) -> list[str]:
    """The line without its mark, which keeps its column unless it is glued to a number."""
    rest, *others = row[1]
    if rest.startswith(layout.total):
        rest = rest.removeprefix(layout.total)
    else:  # the mark is longer than a field
        line = layout.separator.join(row[1]).removeprefix(layout.total)
        rest, *others = line.split(layout.separator)
    bare = rest.strip()
    return (
        [bare, *others] if bare and rest[0] not in " \t" else ["", *filter(None, [bare]), *others]
    )


def _total(columns: list[str], layout: RegisterLayout, currency: str) -> Total:
    payments = amount = None
    if layout.total_count:
        text = field(columns, layout.total_count).strip()
        if not COUNT.fullmatch(text):
            raise ValueError(Phrase("not a count: {text!r}", text=text))
        payments = int(text)
    if layout.total_sum:
        amount = sums.signed(field(columns, layout.total_sum).strip(), layout, currency)
    return Total(payments, amount)
