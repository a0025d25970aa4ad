"""Comparing the bank's register with our payments, and recording what is missing here.

registers.md, section 4. Days are the bank's: `paid_at` of a payment is the bank's own time, and so
are the dates of its register. Nothing of ours is ever changed or deleted to agree with the bank.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from callback import log
from callback.clock import utc_now
from callback.database.errors import DuplicateError
from callback.tools.books import credits
from callback.tools.books.entry import Ours, Register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from callback.bank import Bank
    from callback.database import Database, Row
    from callback.tools.books.entry import Entry

Name = Literal[
    "only in the register",
    "only with us",
    "differs",
    "cancelled here",
    "probably the same",
    "nobody's",
    "no number in the purpose",
    "no clear number",
    "neither income nor spending",
    "rejected",
    "not a payment",
    "twice",
    "booked",
]
# These leave nothing to agree on.
AGREED: tuple[Name, ...] = ("not a payment", "twice", "booked")
MILLISECOND = timedelta(milliseconds=1)


class Finding(NamedTuple):
    """One line of the report: what the bank has, what we have, and what that is called."""

    name: Name
    entry: Entry | None = None
    ours: Ours | None = None
    detail: str = ""
    line: int | None = None  # of the register


@dataclass
class Totals:
    """How many payments, and their sum."""

    count: int = 0
    amount: Decimal = Decimal("0.00")

    def add(self, amount: Decimal) -> None:
        """Count one more."""
        self.count += 1
        self.amount += amount


@dataclass
class Day:
    """What a day of the bank is on both sides."""

    register: Totals = field(default_factory=Totals)
    ours: Totals = field(default_factory=Totals)


@dataclass
class Report:
    """What came of a comparison."""

    bank: str
    first: date
    last: date
    findings: list[Finding] = field(default_factory=list)
    matched: Totals = field(default_factory=Totals)
    register: Totals = field(default_factory=Totals)
    ours: Totals = field(default_factory=Totals)
    days: defaultdict[date, Day] = field(default_factory=lambda: defaultdict(Day))

    @property
    def differs(self) -> bool:
        """Whether anything is left that both sides do not agree on."""
        return any(finding.name not in AGREED for finding in self.findings)

    @property
    def rejected(self) -> bool:
        """Whether the register has a row that cannot be read: then nothing of it is booked."""
        return any(finding.name == "rejected" for finding in self.findings)


class Reconciliation:
    """One comparison of one register; `report` is filled by `compare`, then changed by `book`."""

    def __init__(
        self,
        database: Database,
        bank: Bank,
        register: Register,
        since: date | None = None,
        until: date | None = None,
    ) -> None:
        self._database = database
        self._bank = bank
        self._register = register
        days = [entry.paid_at.date() for entry in register.entries]
        # An empty register is that of yesterday.
        empty = bank.local(utc_now()).date() - timedelta(days=1)
        self.report = Report(
            bank.name, since or min(days, default=empty), until or max(days, default=empty)
        )

    def compare(self) -> Report:
        """Match by the bank's id, then name what is left on either side; DatabaseError."""
        report = self.report
        self._recognise()
        theirs = {entry.txn_id: entry for entry in self._register.entries}
        for entry in self._register.entries:
            report.register.add(entry.amount)
            report.days[entry.paid_at.date()].register.add(entry.amount)
        left: list[Ours] = []
        for ours in self._ours(report.first, report.last):
            if ours.txn_id in theirs:
                self._judge(theirs.pop(ours.txn_id), ours)
            elif ours.state == "paid":
                self._count(ours)
                left.append(ours)
        # What we have of another day, or booked without ever hearing of the money.
        for entry in theirs.values():
            self._judge(entry, self._find(entry.txn_id))
        self._pair(left)
        for remark in self._register.remarks:
            name: Any = remark.name
            report.findings.append(Finding(name, remark.entry, None, remark.detail, remark.line))
        return report

    def book(self, progress: Callable[[Iterable[Finding]], Iterable[Finding]] = iter) -> Report:
        """Record what is only in the register, once, however often it is tried; DatabaseError."""
        report = self.report
        if not report.rejected:
            found, report.findings = report.findings, []
            missing: list[Finding] = []
            for one in found:
                (missing if one.name == "only in the register" else report.findings).append(one)
            for finding in progress(missing):
                if finding.entry:
                    self._book(finding.entry)
        return report

    def _recognise(self) -> None:
        """Give payments whose ids are derived the ids under which we hold them."""
        days = [entry.paid_at.date() for entry in self._register.entries if entry.origin]
        if days:
            ours = self._ours(min(days), max(days))
            entries, doubtful = credits.recognised(self._register.entries, ours)
            self._register = Register(entries, [*self._register.remarks, *doubtful])

    def _ours(self, first: date, last: date) -> Iterable[Ours]:
        start = datetime.combine(first, datetime.min.time())
        end = datetime.combine(last, datetime.min.time()) + timedelta(days=1)
        rows = self._database.stream(
            "payments_of_days",
            bank=self._bank.name,
            before=start - MILLISECOND,
            last=end - MILLISECOND,
        )
        return map(_ours, rows)

    def _find(self, txn_id: str) -> Ours | None:
        with self._database.session() as session:
            rows = session.run("find_payment", bank=self._bank.name, txn_id=txn_id).rows
        return _ours(rows[0]) if rows else None

    def _count(self, ours: Ours) -> None:
        self.report.ours.add(ours.amount)
        self.report.days[ours.paid_at.date()].ours.add(ours.amount)

    def _judge(self, entry: Entry, ours: Ours | None) -> None:
        """Say how a payment of the bank stands with us."""
        if ours and ours.state == "paid":
            self._count(ours)
        name, detail = _compared(entry, ours)
        if name:
            self.report.findings.append(Finding(name, entry, ours, detail, entry.line))
        else:
            self.report.matched.add(entry.amount)

    def _pair(self, left: list[Ours]) -> None:
        """Pair what is left over: same account, sum and day, and nothing else like it."""
        findings = self.report.findings
        alike: defaultdict[tuple[Any, ...], tuple[list[Finding], list[Ours]]]
        alike = defaultdict(lambda: ([], []))
        for one in findings:
            if one.entry and one.name == "only in the register" and not one.ours:
                entry = one.entry
                alike[entry.account, entry.amount, entry.paid_at.date()][0].append(one)
        for ours in left:
            alike[ours.account, ours.amount, ours.paid_at.date()][1].append(ours)
        pairs = {}
        for missing, ours_alike in alike.values():
            if len(missing) == len(ours_alike) == 1:
                pairs[missing[0].entry] = ours_alike[0]
        for place, one in enumerate(findings):
            if one.entry in pairs:
                ours = pairs[one.entry]
                findings[place] = Finding("probably the same", one.entry, ours, "", one.line)
        paired = {ours.txn_id for ours in pairs.values()}
        findings += [Finding("only with us", None, one) for one in left if one.txn_id not in paired]

    def _book(self, entry: Entry) -> None:
        bank = self._bank
        now = utc_now()
        key = {"bank": bank.name, "txn_id": entry.txn_id, "paid_at": entry.paid_at}
        # How a booked row is told from an online payment: see sql/book_account.sql.
        mark = {"performed_at": now, "created_at": now + MILLISECOND}
        money = {"amount": entry.amount, "account": entry.account, "currency": bank.currency}
        try:
            done = self._changed(f"book_{bank.payer}", **key, **mark, **money)
        except DuplicateError:
            ours = self._find(entry.txn_id)
            if not ours or ours.state != "created" or _contradiction(entry, ours):
                # It came online meanwhile, or our own first try had worked.
                self._judge(entry, ours)
                return
            done = self._changed("book_created", **key, **mark)
        self._render(entry, "booked" if done else "nobody's")

    def _changed(self, statement: str, **values: Any) -> bool:
        with self._database.session() as session:
            return bool(session.run(statement, **values).changed)

    def _render(self, entry: Entry, name: Name) -> None:
        log.call(
            logging.INFO,
            bank=self._bank.name,
            command="book",
            txn_id=entry.txn_id,
            account=entry.account,
            sum=f"{entry.amount:.2f}",
            outcome="ok" if name == "booked" else "unknown_account",
            line=entry.line,
        )
        if name == "booked":
            self._count(Ours(entry.txn_id, entry.account, entry.amount, "paid", entry.paid_at))
        self.report.findings.append(Finding(name, entry, None, "", entry.line))


def _compared(entry: Entry, ours: Ours | None) -> tuple[Name | None, str]:
    """What a payment of the bank is called next to ours; None: they match."""
    if ours is None:
        return "only in the register", ""
    if ours.state == "cancelled":
        return "cancelled here", _contradiction(entry, ours)
    contradiction = _contradiction(entry, ours)
    if ours.state == "created" and not contradiction:
        return "only in the register", "booked without money"
    if ours.paid_at.date() != entry.paid_at.date() and ours.state == "paid":
        contradiction = ", ".join(filter(None, [contradiction, "another day"]))
    return ("differs", contradiction) if contradiction else (None, "")


def _contradiction(entry: Entry, ours: Ours) -> str:
    parts = []
    if ours.account not in (None, entry.account):
        parts.append("another account")
    if ours.amount != entry.amount:
        parts.append("another sum")
    return ", ".join(parts)


def _ours(row: Row) -> Ours:
    return Ours(
        row["txn_id"], row["payment_number"], row["amount"], row["payment_state"], row["paid_at"]
    )
