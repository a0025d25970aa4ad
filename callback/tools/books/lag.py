"""What flask doctor says of posting: whether it lags, since when, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from callback.clock import utc_now
from callback.database.errors import DatabaseError
from callback.tools.finding import Finding, State
from callback.tools.hints import explained
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from callback.database import Database, Row

# Posting belongs into cron: one that runs every few minutes should be seen within the hour, one
# that runs every night is not late by day.
LATE, TOO_LATE = timedelta(hours=1), timedelta(hours=25)


def find(database: Database) -> Iterator[Finding]:
    """Look at what waits, where the site has a script for it."""
    scripts = [kind for kind in ("paid", "cancelled") if f"post_{kind}" in database.statements]
    if not scripts:
        return
    try:
        with database.session() as session:
            waiting = [row for row in session.run("doctor_posting").rows if row["n"]]
            failed = session.run("doctor_not_posted").rows
    except DatabaseError as error:
        yield Finding("fault", "posting", explained(error))
        return
    if failed:
        yield _failed(failed)
    unscripted = [row for row in waiting if row["kind"] not in scripts]
    for row in unscripted:
        yield Finding(
            "fault",
            "posting",
            _(
                "{n} {kind}, the oldest of {since:%Y-%m-%d %H:%M} UTC, are not in the "
                "program: write instance/sql/post_{kind}.sql"
            ).format(n=row["n"], kind=row["kind"], since=row["since"]),
        )
    yield _late([row for row in waiting if row not in unscripted], is_failing=bool(failed))


def _failed(rows: Sequence[Row]) -> Finding:
    first = rows[0]
    return Finding(
        "fault",
        "posting",
        _(
            "{rows} could not be posted, tried last at {tried_at:%Y-%m-%d %H:%M} "
            "UTC; {kind} {bank} {txn_id}: {why}"
        ).format(
            rows=len(rows),
            tried_at=first["tried_at"],
            kind=first["kind"],
            bank=first["bank"],
            txn_id=first["txn_id"],
            why=first["why"],
        ),
    )


def _late(waiting: list[Row], *, is_failing: bool) -> Finding:
    if not waiting:
        return Finding("ok", "posting", _("nothing waits"))
    since: datetime = min(row["since"] for row in waiting)
    text = _("{waiting} wait, the oldest since {since:%Y-%m-%d %H:%M} UTC").format(
        waiting=sum(row["n"] for row in waiting), since=since
    )
    late = utc_now() - since
    if is_failing or late < LATE:
        return Finding("warning" if late >= LATE else "ok", "posting", text)
    state: State = "fault" if late >= TOO_LATE else "warning"
    return Finding(
        state,
        "posting",
        _("{text}: does cron run flask post, and how does it end?").format(text=text),
    )
