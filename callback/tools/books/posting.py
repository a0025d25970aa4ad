"""Posting: recorded payments become the accounting program's own rows, each exactly once.

The site's script and our `posted_at` are one transaction, so a run that is killed anywhere has done
both or neither. Whether the script says the same as the views do, is seen by what is owed.

Tables without transactions keep what a run wrote before it was killed. There a payment is noted
before its script begins, and the next run, whose statements do nothing the second time, may find
its debt brought along already.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from callback.database.errors import DatabaseError, DuplicateError, RetryError
from callback.database.mysql import MySQL
from callback.database.statements import ending_word
from callback.phrase import Phrase
from callback.tools.books.spool import spooled
from callback.tools.printable import json_safe, printable
from callback.tools.words import _, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callback.database import Database, Row, Transaction

    Progress = Callable[[Iterable[Any], str], Iterable[Any]]

MARKS = {"paid": "mark_posted", "cancelled": "mark_reversed"}
MARKED = {"paid": "posted_at", "cancelled": "reversed_at"}
CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
ATTEMPTS = 3  # a program that writes to the same rows at the same time is no fault of the script
NAMED = 20  # failures that are told one by one
LONGEST = 500  # of posting.why
UNSAFE = Phrase(
    "; these tables have no transactions, so its rows are there: mend it, look at "
    "them, and run flask post --again once"
)


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


class Options(NamedTuple):
    """What flask post was asked for."""

    dry_run: bool = False
    again: bool = False  # the program may have rows of a failed run


class WrongScriptError(Exception):
    """The script, or the view, is wrong: nothing of the payment is kept."""


class NoDryRunError(Exception):
    """A dry run would leave its rows in tables without transactions."""


AS_USUAL = Options()


def run(
    database: Database,
    options: Options = AS_USUAL,
    progress: Progress = lambda items, _: items,
    report: Report | None = None,
) -> Report:
    """Post what waits; BusyError, NoDryRunError, DatabaseError when the run could not go on.

    What was done until then stands in the `report` that was given.
    """
    report = report or Report()
    scripts = {kind for kind in MARKS if f"post_{kind}" in database.statements}
    _refuse_commits(database, scripts)
    with database.transaction() as books:
        poster = _Poster(books, options, _unsafe(database, books, scripts))
        for row in progress(poster.waiting(), "payments"):
            if row["account_id"] in poster.stopped or row["kind"] not in scripts:
                report.waiting += 1
                continue
            why = poster.why_not(row)
            if why:
                failure = Failure(row["id"], row["kind"], row["bank"], row["txn_id"], why)
                report.failed.append(failure)
            elif row["kind"] == "paid":
                report.posted += 1
            else:
                report.reversed += 1
    return report


def _refuse_commits(database: Database, scripts: Iterable[str]) -> None:
    """What a script commits by itself would be there once more after every run that fails."""
    for kind in scripts:
        for statement in database.statements_of(f"post_{kind}"):
            if word := ending_word(statement):
                raise DatabaseError(
                    Phrase(
                        "post_{kind}.sql has {word}, which ends the transaction: nothing is "
                        "posted until "
                        "it is taken out; do that once, by hand",
                        kind=kind,
                        word=word,
                    )
                )


def lines(report: Report, *, dry_run: bool) -> Iterator[str]:
    """The report for a person."""
    for failure in report.failed[:NAMED]:
        yield printable(f"{failure.kind} {failure.bank} {failure.txn_id}: {say(failure.why)}")
    if len(report.failed) > NAMED:
        yield _("and {n} more (--json names them)").format(n=len(report.failed) - NAMED)
    counts = _("{posted} posted, {reversed} reversed, {failed} failed, {waiting} waiting").format(
        posted=report.posted,
        reversed=report.reversed,
        failed=len(report.failed),
        waiting=report.waiting,
    )
    yield counts + (_("; all undone (--dry-run)") if dry_run else "")


def json_lines(report: Report, *, dry_run: bool = False) -> Iterator[str]:
    """The report for a program: a line a failure, then the counts."""
    for failure in report.failed:
        yield json_safe(json.dumps({"failed": failure._asdict()}, ensure_ascii=False))
    counts = {"posted": report.posted, "reversed": report.reversed, "waiting": report.waiting}
    yield json.dumps({**counts, "failures": len(report.failed), "kept": not dry_run})


def _unsafe(database: Database, books: Transaction, scripts: set[str]) -> bool:
    """Whether a script names a table without transactions."""
    if not isinstance(database.engine, MySQL):
        return False
    text = " ".join(database.statements[f"post_{kind}"] for kind in scripts)
    words = set(re.findall(r"\w+", text.lower()))
    return any(row["name"].lower() in words for row in books.run("post_unsafe").rows)


class _Poster:
    """Posts one payment after the other, each in a transaction of its own."""

    def __init__(self, books: Transaction, options: Options, unsafe: bool) -> None:
        if unsafe and options.dry_run:
            raise NoDryRunError(
                Phrase(
                    "the script writes to tables without transactions (MyISAM …): nothing could be "
                    "undone. Try it on a copy of the database"
                )
            )
        self.stopped: set[int] = set()  # accounts
        self._books = books
        self._options = options
        self._unsafe = unsafe
        self._tried = {(row["payment_id"], row["kind"]): row["state"] for row in _tried(books)}

    def waiting(self) -> Iterator[Row]:
        """What there is to do; what follows is to see each payment as it is then."""
        pieces = spooled(self._books.stream("post_waiting"))
        first = next(pieces, [])
        self._books.undo()
        yield from first
        yield from chain.from_iterable(pieces)

    def why_not(self, row: Row) -> str:
        """Post a payment, or say why it was not; DatabaseError when that is not known."""
        if self._unsafe:
            self._note(row, "begun", "")
        for _attempt in range(1 if self._unsafe else ATTEMPTS):
            try:
                self._post(row)
            except (WrongScriptError, RetryError) as error:
                failure: Exception = error
            except (DatabaseError, DuplicateError) as error:
                failure = error
                break
            else:
                return ""
            self._books.undo()  # where the link is cut, this says so and ends the run
        return self._failed(row, failure)

    def _post(self, row: Row) -> None:
        is_known = self._tried.get((row["id"], row["kind"])) in ("begun", "failed")
        may_be_there = self._unsafe and (is_known or self._options.again)
        _post(self._books, row["id"], row["kind"], may_be_there=may_be_there)
        if self._options.dry_run:
            self._books.undo()
        else:
            self._books.keep()

    def _failed(self, row: Row, error: Exception) -> str:
        self._books.undo()
        self.stopped.add(row["account_id"])
        is_wrong = isinstance(error, WrongScriptError)
        why = str(error) or Phrase("the program has a row of this unique key already")
        if is_wrong and self._unsafe:
            why = Phrase("{why}{unsafe}", why=why, unsafe=UNSAFE)
        if not self._options.dry_run:
            self._note(row, "wrong" if is_wrong else "failed", why)
        return why

    def _note(self, row: Row, state: str, why: str) -> None:
        values = {"id": row["id"], "kind": row["kind"], "state": state, "why": why[:LONGEST]}
        for statement in ("post_first_try", "post_try"):
            self._books.run(statement, **values, now=self._books.now())
        self._books.keep()


def _tried(books: Transaction) -> list[Row]:
    return list(books.stream("post_tried"))


def _post(books: Transaction, payment_id: int, kind: str, *, may_be_there: bool) -> None:
    payment = books.run("post_payment", id=payment_id).rows[0]
    if payment["state"] != kind or payment[MARKED[kind]] is not None:
        return  # cancelled, or marked by another meanwhile
    account = _number(books, "post_account", account_id=payment["account_id"])
    if account is None:
        raise WrongScriptError(
            Phrase("its account is not there: credit it to another (account_id)")
        )
    invoice = _number(books, "post_invoice", invoice_id=payment["invoice_id"])
    now = books.now()
    before = _owed(books, account), _left(books, invoice)
    books.run_script(f"post_{kind}", **payment, account=account, now=now)
    books.run(MARKS[kind], ids=(payment_id,), now=now)
    after = _owed(books, account), _left(books, invoice)
    change = payment["amount"] if kind == "paid" else -payment["amount"]
    if may_be_there and after[0] == before[0] + change:
        return  # its debt was brought along before
    _compare(account, before[0], after[0], kind)
    _compare(f"invoice {invoice}", before[1], after[1], kind)


def _compare(whose: str, before: Decimal, after: Decimal, kind: str) -> None:
    if after != before:
        raise WrongScriptError(
            Phrase(
                "{whose} owed {before} before and {after} after it: post_{kind}.sql, or the view "
                "invoice, is wrong, so nothing was kept",
                whose=whose,
                before=before,
                after=after,
                kind=kind,
            )
        )


def _number(books: Transaction, statement: str, **values: Any) -> str | None:
    rows = books.run(statement, **values).rows
    return str(rows[0]["number"]) if rows else None


def _owed(books: Transaction, account: str) -> Decimal:
    """What a check would say."""
    rows = books.run("find_account", account=account).rows
    if not rows:
        raise WrongScriptError(Phrase("a check does not find its account"))
    return _open(rows[0])


def _left(books: Transaction, invoice: str | None) -> Decimal:
    """What a payer of the invoice would be asked for; one that is paid may be gone."""
    if invoice is None:
        return NOTHING
    now = books.now()
    values = {"account": invoice, "waits_created_at": now, "waits_paid_at": now}
    rows = [
        row for row in books.run("find_invoice", **values).rows if row["invoice_state"] == "issued"
    ]
    return max(_open(rows[0]), NOTHING) if rows else NOTHING


def _open(row: Row) -> Decimal:
    issued, paid = (Decimal(str(row[name])) for name in ("issued", "paid"))
    return (issued - paid).quantize(CENT)
