"""A report as a table that a Russian Excel opens right.

That is: UTF-8 with a byte order mark, semicolons, CR LF, a comma in sums, dates with dots. Numbers
of accounts and payments are written as ="0071": Excel would cut their zeros and round long ones,
and so nothing in them can act as a formula either.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from callback.layouts import sum_text
from callback.tools.books import report as reports
from callback.tools.printable import disarmed, printable

if TYPE_CHECKING:
    from datetime import datetime

    from callback.tools.books.entry import Entry, Ours
    from callback.tools.books.phrases import Phrases
    from callback.tools.books.reconcile import Finding, Report

HEAD = (
    *("what", "payment", "account", "sum", "date"),
    *("our payment", "our account", "our sum", "our date", "remark", "line"),
)
MAX_FORMULA_TEXT = 255


def write(report: Report, say: Phrases) -> bytes:
    """Write the differences, a row each, then the totals."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(map(say, HEAD))
    for finding in reports.findings(report):
        writer.writerow(_row(finding, say))
    writer.writerow([])
    writer.writerow(map(say, ("what", "payments", "sum")))
    for name, side in {
        **reports.totals(report),
        "in the register": report.register,
        "with us": report.ours,
    }.items():
        writer.writerow([say(name), side.count, sum_text(side.amount, ",")])
    return out.getvalue().encode("utf-8-sig")


def _row(finding: Finding, say: Phrases) -> list[str]:
    line = "" if finding.line is None else f"{finding.file} {finding.line}".strip()
    remark = disarmed(printable(say.all(finding.detail)))
    return [say(finding.name), *_side(finding.entry), *_side(finding.ours), remark, disarmed(line)]


def _side(payment: Entry | Ours | None) -> list[str]:
    if payment is None:
        return [""] * 4
    return [
        _as_text(payment.txn_id),
        _as_text(payment.account or ""),
        sum_text(payment.amount, ","),
        _moment(payment.paid_at),
    ]


def _as_text(text: str) -> str:
    # A country whose Excel parts cells at commas would find another one in "x,=1+1".
    inside = disarmed(f"0{printable(text)}")[1:].replace('"', '""')[:MAX_FORMULA_TEXT]
    return f'="{inside}"' if text else ""


def _moment(when: datetime) -> str:
    return when.strftime("%d.%m.%Y %H:%M:%S")
