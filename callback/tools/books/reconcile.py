"""Comparing the bank's register with our payments, and recording what is missing here.

registers.md, section 4. Days are the bank's: `paid_at` of a payment is the bank's own time, and so
are the dates of its register. Nothing of ours is ever changed or deleted to agree with the bank.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from callback import log
from callback.clock import utc_now
from callback.database.errors import DatabaseError, DuplicateError
from callback.layouts import bank_day, beginning
from callback.phrase import Phrase
from callback.tools.books import credits, pairs
from callback.tools.books.entry import Ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from callback.bank import Bank
    from callback.database import Database, Row
    from callback.tools.books.entry import Entry, Register, Remark

Name = Literal[
    "only in the register",
    "over max_sum",
    "only with us",
    "differs",
    "cancelled here",
    "refund",
    "probably the same",
    "nobody's",
    "no number in the purpose",
    "no clear number",
    "neither income nor spending",
    "rejected",
    "not a payment",
    "cancelled on both sides",
    "twice",
    "booked",
]
# These leave nothing to agree on.
AGREED: tuple[Name, ...] = ("not a payment", "cancelled on both sides", "twice", "booked")
UNKNOWN = (
    "no payment of the register is known here, and about as many of ours are not in it: is it "
    "another bank's or another day's, or are its ids damaged? Nothing is booked without --force"
)
# The bank has it, and we do not; all but the first are recorded with force only.
MISSING: tuple[Name, ...] = ("only in the register", "over max_sum", "nobody's")
PAIR: Name = "probably the same"
MILLISECOND = timedelta(milliseconds=1)


class Finding(NamedTuple):
    """One line of the report: what the bank has, what we have, and what that is called."""

    name: Name
    entry: Entry | None = None
    ours: Ours | None = None
    detail: str = ""
    line: int | None = None  # of the register
    file: str = ""  # of several


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
    # What the register tells besides the sums: gross, net, commission.
    sums: defaultdict[str, Totals] = field(default_factory=lambda: defaultdict(Totals))
    days: defaultdict[date, Day] = field(default_factory=lambda: defaultdict(Day))
    note: str = ""  # why nothing was booked

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
        self._layout = bank.register
        self._known = 0  # payments of the register that we have heard of
        self._refunds = {
            remark.entry.txn_id: remark.entry.amount
            for remark in register.remarks
            if remark.name == "refund" and remark.entry
        }
        days = self._days()
        self.report = Report(bank.name, since or min(days), until or max(days))

    def compare(self) -> Report:
        """Match by the bank's id, then name what is left on either side; DatabaseError."""
        report = self.report
        self._recognise()
        theirs = {entry.txn_id: entry for entry in self._register.entries}
        for entry in self._register.entries:
            report.register.add(entry.amount)
            for kind, amount in entry.sums:
                report.sums[kind].add(amount)
            report.days[self._day(entry)].register.add(entry.amount)
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
            report.findings.append(self._noted(remark))
        return report

    def book(
        self,
        progress: Callable[[Iterable[Finding]], Iterable[Finding]] = iter,
        *,
        force: bool = False,
    ) -> Report:
        """Record what is only in the register, once, however often it is tried; DatabaseError.

        What looks wrong is recorded with `force` only; `note` of the report says why nothing was.
        """
        report = self.report
        if report.rejected:
            return report
        if self._is_strange() and not force:
            report.note = UNKNOWN
            return report
        wanted = MISSING if force else MISSING[:1]
        missing = [finding for finding in report.findings if finding.name in wanted]
        report.findings = [finding for finding in report.findings if finding.name not in wanted]
        for finding in progress(missing):
            if finding.entry:
                self._book(finding.entry)
        return report

    def _days(self) -> list[date]:
        """The days that the file is of; an empty one that does not say it is yesterday's."""
        remarks = (remark.entry for remark in self._register.remarks if remark.entry)
        days = {self._day(entry) for entry in (*self._register.entries, *remarks)}
        yesterday = self._bank.local(utc_now()).date() - timedelta(days=1)
        return sorted(days.union(self._register.days)) or [yesterday]

    def _day(self, payment: Entry | Ours) -> date:
        return bank_day(self._layout, payment.paid_at)

    def _is_strange(self) -> bool:
        """Whether nothing of the register is known here, and about as much of ours is not in it."""
        names = Counter(finding.name for finding in self.report.findings)
        missing = sum(names[name] for name in MISSING)
        pairs = names[PAIR]
        theirs, ours = missing + pairs, names["only with us"] + pairs
        return bool(not self._known and missing and theirs <= 2 * ours and ours <= 2 * theirs)

    def _recognise(self) -> None:
        """Give payments whose ids are derived the ids under which we hold them."""
        days = [self._day(entry) for entry in self._register.entries if entry.origin]
        if days:
            ours = self._ours(min(days), max(days))
            entries, doubtful = credits.recognised(self._register.entries, ours)
            remarks = [*self._register.remarks, *doubtful]
            self._register = self._register._replace(entries=entries, remarks=remarks)

    def _ours(self, first: date, last: date) -> Iterable[Ours]:
        start = beginning(self._layout, first)
        end = beginning(self._layout, last + timedelta(days=1))
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
        self.report.days[self._day(ours)].ours.add(ours.amount)

    def _judge(self, entry: Entry, ours: Ours | None) -> None:
        """Say how a payment of the bank stands with us."""
        if ours:
            self._known += 1
        if ours and ours.state == "paid":
            self._count(ours)
        name, detail = self._compared(entry, ours)
        if name:
            finding = Finding(name, entry, ours, detail, entry.line, entry.file)
            self.report.findings.append(finding)
        else:
            self.report.matched.add(entry.amount)

    def _compared(self, entry: Entry, ours: Ours | None) -> tuple[Name | None, str]:
        """What a payment of the bank is called next to ours; None: they match."""
        bank = self._bank.of_service(entry.service)
        contradiction = _contradiction(bank, entry, ours) if ours else ""
        back = self._refunds.get(entry.txn_id)
        if ours and ours.state == "cancelled":
            both = back == -entry.amount and not contradiction
            return "cancelled on both sides" if both else "cancelled here", contradiction
        if ours is None or (ours.state == "created" and not contradiction):
            detail = "booked without money" if ours else ""
            if back is not None:
                return "refund", detail
            if bank.account_refusal(entry.account):
                return "nobody's", "not a number by account_pattern"
            if entry.amount > bank.max_sum:
                return "over max_sum", detail
            return "only in the register", detail
        if ours.state == "paid" and self._day(ours) != self._day(entry):
            contradiction = ", ".join(filter(None, [contradiction, "another day"]))
        return ("differs", contradiction) if contradiction else (None, "")

    def _noted(self, remark: Remark) -> Finding:
        """A row that is no payment; money that went back is compared with what we cancelled."""
        name: Any = remark.name
        ours = None
        if name == "refund" and remark.entry:
            ours = self._find(remark.entry.txn_id)
            if ours and (ours.state, ours.amount) == ("cancelled", -remark.entry.amount):
                name = "cancelled on both sides"
        return Finding(name, remark.entry, ours, remark.detail, remark.line, remark.file)

    def _pair(self, left: list[Ours]) -> None:
        """Pair what is left over: same account, sum and day, and nothing else like it."""
        findings = self.report.findings
        missing = [finding.entry for finding in findings if finding.entry and _is_missing(finding)]
        paired = pairs.pairs(missing, left, self._bank)
        for place, finding in enumerate(findings):
            if finding.entry and finding.entry.txn_id in paired and _is_missing(finding):
                ours, detail = paired[finding.entry.txn_id]
                findings[place] = finding._replace(name=PAIR, ours=ours, detail=detail)
        taken = {ours.txn_id for ours, _ in paired.values()}
        alone = (ours for ours in left if ours.txn_id not in taken)
        findings += [Finding("only with us", None, ours) for ours in alone]

    def _book(self, entry: Entry) -> None:
        bank = self._bank.of_service(entry.service)
        if bank.services:  # nobody can tell whose number it is
            self._render(entry, "nobody's")
            return
        with self._database.session() as session:
            now = session.now()
        key = {"bank": bank.name, "txn_id": entry.txn_id, "paid_at": entry.paid_at}
        # How a booked row is told from an online payment: see sql/book_account.sql.
        mark = {"performed_at": now, "created_at": now + MILLISECOND}
        money = {"amount": entry.amount, "currency": bank.currency}
        money |= {
            "account": bank.account_number(entry.account),
            "number": bank.prefix + entry.account,
        }
        try:
            is_booked = self._changed(f"book_{bank.payer}", **key, **mark, **money)
        except DuplicateError:
            ours = self._find(entry.txn_id)
            if not ours or ours.state != "created" or _contradiction(bank, entry, ours):
                # It came online meanwhile, or our own first try had worked.
                self._judge(entry, ours)
                return
            is_booked = self._changed("book_created", **key, **mark)
        self._render(entry, "booked" if is_booked else "nobody's")

    def _changed(self, statement: str, **values: Any) -> bool:
        with self._database.session() as session:
            reply = session.run(statement, **values)
            if not reply.changed and session.server_time() >= reply.deadline:
                raise DatabaseError(Phrase("the server came to it too late: book again"))
            return bool(reply.changed)

    def _render(self, entry: Entry, name: Name) -> None:
        log.call(
            log.INFO,
            bank=self._bank.name,
            command="book",
            txn_id=entry.txn_id,
            account=entry.account,
            sum=f"{entry.amount:.2f}",
            outcome="ok" if name == "booked" else "unknown_account",
            line=entry.line,
            **{kind: f"{amount:.2f}" for kind, amount in entry.sums},
        )
        if name == "booked":
            self._count(Ours(entry.txn_id, entry.account, entry.amount, "paid", entry.paid_at))
        self.report.findings.append(Finding(name, entry, None, "", entry.line, entry.file))


def _is_missing(finding: Finding) -> bool:
    return finding.name in MISSING and not finding.ours


def _contradiction(bank: Bank, entry: Entry, ours: Ours) -> str:
    parts = []
    if not bank.names(ours.account, entry.account):
        parts.append("another account")
    if ours.amount != entry.amount:
        parts.append("another sum")
    return ", ".join(parts)


def _ours(row: Row) -> Ours:
    return Ours(
        row["txn_id"], row["payment_number"], row["amount"], row["payment_state"], row["paid_at"]
    )
