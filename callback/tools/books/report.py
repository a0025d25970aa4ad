"""What a comparison found, for people and machines: lines, JSON, CSV for Excel, a page.

A report names the bank's payment and ours side by side; the money of both sides stands last.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, get_args

from callback.tools.books.reconcile import AGREED, Finding, Name, Report, Totals
from callback.tools.printable import json_safe, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.tools.books.phrases import Phrases

ORDER = {name: place for place, name in enumerate(get_args(Name))}


def findings(report: Report) -> list[Finding]:
    """All findings in the order in which a report names them."""
    return sorted(report.findings, key=_place)


def totals(report: Report) -> dict[Any, Totals]:
    """How many of each kind, and their sum; "matched" first, and always there."""
    kinds: dict[Any, Totals] = {"matched": report.matched}
    for finding in findings(report):
        payment = finding.entry or finding.ours
        kind = kinds.setdefault(finding.name, Totals())
        if payment:
            kind.add(payment.amount)
        else:
            kind.count += 1
    return kinds


def lines(report: Report, say: Phrases) -> Iterator[str]:
    """The report for a terminal."""
    yield f"{report.bank}, {days(report, say)}"
    rows = [tuple(map(printable, _cells(finding, say))) for finding in findings(report)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for head, account, amount, when, detail in rows:
        line = f"{head:<{widths[0]}}  {account:<{widths[1]}}  {amount:>{widths[2]}}"
        yield f"{line}  {when:<{widths[3]}}  {detail}".rstrip()
    for name, kind in totals(report).items():
        yield f"{f'{kind.count} {say(name)}':<36}{kind.amount:>16.2f}"
    for name, side in (("in the register", report.register), ("with us", report.ours)):
        yield f"{f'{say(name)}: {side.count}':<36}{side.amount:>16.2f}"
    for name, side in report.sums.items():
        place = f"{say(name)} {say('in the register')}: {side.count}"
        yield f"{place:<36}{side.amount:>16.2f}"


def advice(report: Report, say: Phrases) -> Iterator[str]:
    """What is to be done about each kind of difference that there is."""
    for name, text in say.advice(totals(report)):
        yield f"{name}: {text}"


def subject(report: Report, say: Phrases) -> str:
    """The report in a line."""
    open_ = sum(finding.name not in AGREED for finding in report.findings)
    verdict = say("{open} differences", open=open_) if report.differs else say("both sides agree")
    return f"{report.bank}, {days(report, say)}: {verdict}"


def json_lines(report: Report) -> Iterator[str]:
    """The report for machines: an object a finding, and one with the totals."""
    for finding in findings(report):
        yield _json(_object(finding))
    yield _json(
        {
            "name": "totals",
            "bank": report.bank,
            "first": report.first.isoformat(),
            "last": report.last.isoformat(),
            "agreed": not report.differs,
            "register": _totals(report.register),
            "ours": _totals(report.ours),
            **{name: _totals(kind) for name, kind in totals(report).items()},
            **({"sums": _sums(report)} if report.sums else {}),
            **({"note": report.note} if report.note else {}),
        }
    )


def days(report: Report, say: Phrases) -> str:
    """The days that are compared."""
    if report.first == report.last:
        return f"{report.first}"
    return say("{first} to {last}", first=report.first, last=report.last)


def remark(finding: Finding, say: Phrases) -> str:
    """What there is to say about a finding besides the bank's payment."""
    parts = [say.all(finding.detail)]
    if finding.ours and finding.entry:
        ours = finding.ours
        parts.append(
            say(
                "ours: {id} {account} {sum:.2f} {date}",
                id=ours.txn_id,
                account=ours.account,
                sum=ours.amount,
                date=ours.paid_at,
            )
        )
    if finding.line and not (finding.entry and finding.name == "booked"):
        parts.append(place(finding, say))
    return "; ".join(filter(None, parts))


def place(finding: Finding, say: Phrases) -> str:
    """Where in the register it stands, of several files in which."""
    if finding.file:
        return say("line {line} of {file}", line=finding.line, file=finding.file)
    return say("line {line}", line=finding.line)


def _place(finding: Finding) -> tuple[Any, ...]:
    payment = finding.entry or finding.ours
    return ORDER[finding.name], f"{payment.paid_at}" if payment else "", finding.line or 0


def _cells(finding: Finding, say: Phrases) -> tuple[str, str, str, str, str]:
    payment = finding.entry or finding.ours
    if payment is None:
        return f"{say(finding.name)}: {place(finding, say)}", "", "", "", say.all(finding.detail)
    head = f"{say(finding.name)}: {payment.txn_id}"
    account = payment.account or ""
    return head, account, f"{payment.amount:.2f}", f"{payment.paid_at}", remark(finding, say)


def _object(finding: Finding) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": finding.name, "line": finding.line, "detail": finding.detail}
    if finding.file:
        fields["file"] = finding.file
    for side, payment in (("register", finding.entry), ("ours", finding.ours)):
        fields[side] = payment and {
            "txn_id": payment.txn_id,
            "account": payment.account,
            "sum": f"{payment.amount:.2f}",
            "date": f"{payment.paid_at}",
        }
    if finding.entry:
        fields["register"] |= {kind: f"{amount:.2f}" for kind, amount in finding.entry.sums}
    return fields


def _totals(side: Totals) -> dict[str, Any]:
    return {"count": side.count, "sum": f"{side.amount:.2f}"}


def _sums(report: Report) -> dict[str, Any]:
    return {kind: _totals(side) for kind, side in report.sums.items()}


def _json(value: object) -> str:
    return json_safe(json.dumps(value, ensure_ascii=False))
