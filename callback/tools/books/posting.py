"""Posting: recorded payments become the accounting program's own rows, each exactly once.

The site's script and our `posted_at` are one transaction, so a run that is killed anywhere has done
both or neither. Whether the script says the same as the views do, is seen by what is owed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback.clock import utc_now
from callback.database.errors import DatabaseError, DuplicateError, RetryError
from callback.tools.printable import json_safe, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callback.database import Database, Row, Transaction

    Progress = Callable[[Iterable[Any], str], Iterable[Any]]

MARKS = {"paid": "mark_posted", "cancelled": "mark_reversed"}
MARKED = {"paid": "posted_at", "cancelled": "reversed_at"}
CENT = Decimal("0.01")


class Failure(NamedTuple):
    """A payment that was not posted, and why."""

    id: int
    kind: str
    bank: str
    txn_id: str
    why: str


@dataclass
class Report:
    """What a run has done."""

    posted: int = 0
    reversed: int = 0
    waiting: int = 0  # of customers whose earlier payment failed, or without a script
    failed: list[Failure] = field(default_factory=list)


class WrongScriptError(Exception):
    """The script, or the view, is wrong: nothing of the payment is kept."""


def run(database: Database, *, dry_run: bool, progress: Progress) -> Report:
    """Post what waits; BusyError, DatabaseError when the run could not go on."""
    report = Report()
    stopped: set[int] = set()  # accounts
    scripts = {kind for kind in MARKS if f"post_{kind}" in database.statements}
    with database.transaction() as books:
        waiting = list(books.stream("post_waiting"))
        books.undo()  # what follows is to see each payment as it is then
        for row in progress(waiting, "payments"):
            if row["account_id"] in stopped or row["kind"] not in scripts:
                report.waiting += 1
                continue
            why = _why_not(books, row, dry_run=dry_run)
            if why:
                stopped.add(row["account_id"])
                report.failed.append(
                    Failure(row["id"], row["kind"], row["bank"], row["txn_id"], why)
                )
            elif row["kind"] == "paid":
                report.posted += 1
            else:
                report.reversed += 1
    return report


def lines(report: Report, *, dry_run: bool) -> Iterator[str]:
    """The report for a person."""
    for failure in report.failed:
        yield printable(f"{failure.kind} {failure.bank} {failure.txn_id}: {failure.why}")
    yield (
        f"{report.posted} posted, {report.reversed} reversed, {len(report.failed)} failed, "
        f"{report.waiting} waiting" + "; all undone (--dry-run)" * dry_run
    )


def json_lines(report: Report) -> Iterator[str]:
    """The report for a program: a line a failure, then the counts."""
    for failure in report.failed:
        yield json_safe(json.dumps({"failed": failure._asdict()}, ensure_ascii=False))
    counts = {"posted": report.posted, "reversed": report.reversed, "waiting": report.waiting}
    yield json.dumps({**counts, "failures": len(report.failed)})


def _why_not(books: Transaction, row: Row, *, dry_run: bool) -> str:
    """Post one payment, or say why it was not; DatabaseError when that is not known."""
    try:
        _post(books, row["id"], row["kind"])
    except (WrongScriptError, DatabaseError, DuplicateError, RetryError) as error:
        books.undo()  # where the link is cut, this says so and ends the run
        return str(error) or "the program has a row of this unique key already"
    if dry_run:
        books.undo()
    else:
        books.keep()
    return ""


def _post(books: Transaction, payment_id: int, kind: str) -> None:
    payment = books.run("post_payment", id=payment_id).rows[0]
    if payment["state"] != kind or payment[MARKED[kind]] is not None:
        return  # cancelled, or marked by another meanwhile
    accounts = books.run("post_account", account_id=payment["account_id"]).rows
    if not accounts:
        raise WrongScriptError("its account is not there: credit it to another (account_id)")
    account = str(accounts[0]["number"])
    now = utc_now()
    before = _owed(books, account)
    books.run_script(f"post_{kind}", **payment, account=account, now=now)
    books.run(MARKS[kind], ids=(payment_id,), now=now)
    after = _owed(books, account)
    if after != before:
        raise WrongScriptError(
            f"{before} was owed before and {after} after it: post_{kind}.sql, or the view invoice, "
            "is wrong, so nothing was kept"
        )


def _owed(books: Transaction, account: str) -> Decimal:
    """What a check would say."""
    rows = books.run("find_account", account=account).rows
    if not rows:
        raise WrongScriptError("a check does not find its account")
    issued, paid = (Decimal(str(rows[0][name])) for name in ("issued", "paid"))
    return (issued - paid).quantize(CENT)
