"""A report as one page that needs nothing else: to be opened in any browser, printed, mailed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2

from callback.tools.books import report as reports
from callback.tools.books.reconcile import AGREED
from callback.tools.printable import printable

if TYPE_CHECKING:
    from datetime import date, datetime

    from callback.tools.books.phrases import Phrases
    from callback.tools.books.reconcile import Day, Report

HEIGHT, WIDTH = 120, 640  # of the chart's field, in its own units
MAX_BAR, GAP = 28, 2
NARROW = "\u202f"  # parts thousands, and no line breaks there


class Bar(NamedTuple):
    """A bar of the chart: what a day is on one side."""

    side: str
    x: float
    y: float
    width: float
    height: float
    title: str


def write(report: Report, say: Phrases, file: str, currency: str, now: datetime) -> bytes:
    """Write the page; `file` is the name of the register, `now` the bank's time."""
    loader = jinja2.PackageLoader("callback.tools.books", ".")
    templates = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, finalize=_printable
    )
    templates.filters |= {"money": money, "day": _day, "moment": _moment}
    return (
        templates.get_template("page.html")
        .render(
            report=report,
            say=say,
            file=file,
            currency=currency,
            now=now,
            findings=reports.findings(report),
            open=sum(finding.name not in AGREED for finding in report.findings),
            totals=reports.totals(report),
            days=sorted(report.days.items()),
            chart=chart(report, say),
            advice=say.advice(reports.totals(report)),
        )
        .encode()
    )


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value


def money(amount: Decimal) -> str:
    """A sum as it is read: 1 200,50."""
    return f"{amount:,.2f}".replace(",", NARROW).replace(".", ",").replace("-", "\u2212")


def chart(report: Report, say: Phrases) -> dict[str, Any] | None:
    """The day's totals of both sides, two bars a day."""
    days = sorted(report.days.items())
    sides = [side.amount for _, day in days for side in (day.register, day.ours)]
    highest = max(sides, default=Decimal(0))
    if not highest:
        return None
    place = WIDTH / len(days)
    width = min(MAX_BAR, (place - 3 * GAP) / 2)
    bars, labels = [], []
    every = -(-len(days) // 10)  # ten dates fit below the chart
    for number, (when, day) in enumerate(days):
        middle = (number + 0.5) * place
        bars += _bars((when, day), middle, width, highest, say)
        if number % every == 0:
            labels.append({"x": middle, "text": when.strftime("%d.%m")})
    return {"bars": bars, "labels": labels, "highest": money(highest), "w": WIDTH, "h": HEIGHT}


def _bars(
    of: tuple[date, Day], middle: float, width: float, highest: Decimal, say: Phrases
) -> list[Bar]:
    when, day = of
    bars = []
    for side, x in (("register", middle - width - GAP / 2), ("ours", middle + GAP / 2)):
        amount = getattr(day, side).amount
        height = int(amount / highest * HEIGHT)
        name = say("in the register" if side == "register" else "with us")
        title = f"{_day(when)}, {name}: {money(amount)}"
        bars.append(Bar(side, round(x, 1), HEIGHT - height, round(width, 1), height, title))
    return bars


def _day(when: date) -> str:
    return when.strftime("%d.%m.%Y")


def _moment(when: datetime) -> str:
    return when.strftime("%d.%m.%Y %H:%M:%S")
