"""Marking what the accounting program knows: payments as posted, cancellations as reversed.

A payment has a line of its own in `export_line`, and so has its cancellation. Lines are added by
one command at a time, so whoever knows a line has seen all before it: ids of payments could not
tell so, for a smaller one may be committed later.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from callback.clock import utc_now
from callback.tools.books.spool import spooled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callback.database import Row, Transaction

NO_LAST = 2**62


def add_lines(books: Transaction) -> int:
    """Give a line to everything that the program was never told of; return the newest line."""
    for piece in spooled(books.stream("export_unlisted")):
        books.run_many("export_add_line", piece)
    return int(books.run("export_last_line").rows[0]["id"])


def unknown(books: Transaction, after: int = 0, last: int = NO_LAST) -> Iterator[Row]:
    """Yield the lines behind `after` up to `last` that the program does not know, oldest first."""
    return books.stream("export_lines", after=after, last=last, rows=NO_LAST)


def mark(books: Transaction, after: int, last: int, *, settle: bool) -> int:
    """Mark these lines as known, and return how many that were not.

    With `settle` the debts that the last list has brought are brought along, so that nobody owes
    anything else than before; without it the list says already what it knows.
    """
    number = 0
    for lines in spooled(unknown(books, after, last)):
        for statement, kind in (("mark_posted", "paid"), ("mark_reversed", "cancelled")):
            ids = tuple(line["payment_id"] for line in lines if line["kind"] == kind)
            if ids:
                books.run(statement, ids=ids, now=books.now())
        if settle:
            _settle(books, lines)
        number += len(lines)
    return number


def _settle(books: Transaction, lines: list[Row]) -> None:
    """Take what was paid off the invoice that was paid, else off the account's debt as a whole."""
    by_invoice: defaultdict[int, Decimal] = defaultdict(Decimal)
    by_account: defaultdict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        amount = -line["amount"] if line["kind"] == "paid" else line["amount"]
        if line["invoice_id"] is None:
            by_account[line["account_id"]] += amount
        else:
            by_invoice[line["invoice_id"]] += amount
    new = []
    for row in _rows(books, "settle_accounts", by_account):
        amount = by_account[row["id"]]
        if row["invoice_id"] is None:
            new.append(_debt_as_a_whole(row, amount))
        else:
            by_invoice[row["invoice_id"]] += amount
    changed = [
        # One that a list has cancelled owes nothing that could be taken off.
        {**row, "state": "issued", "amount": by_invoice[row["id"]] + _open(row)}
        for row in _rows(books, "settle_invoices", by_invoice)
    ]
    books.run_many("import_invoice", [*new, *changed])


def _rows(books: Transaction, statement: str, by_id: Iterable[int]) -> list[Row]:
    ids = tuple(by_id)
    return list(books.run(statement, ids=ids).rows) if ids else []


def _open(row: Row) -> Decimal:
    amount: Decimal = row["amount"]
    return amount if row["state"] == "issued" else Decimal(0)


def _debt_as_a_whole(row: Row, amount: Decimal) -> dict[str, Any]:
    return {
        "id": None,
        "number": row["number"],
        "account_id": row["id"],
        "amount": amount,
        "issued_on": f"{utc_now():%Y-%m-%d}",
        "state": "issued",
    }
