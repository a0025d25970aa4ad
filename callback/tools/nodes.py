"""What several servers must be for a payment to be recorded once: their clocks, and promise.sql."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from callback.clock import utc_now
from callback.database.errors import DatabaseError
from callback.tools.finding import Finding
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from callback.database import Session
    from callback.database.mysql import MySQL

WRITTEN = "promise_written"  # deploy/cluster/promise.sql makes it


def examine(session: Session, engine: MySQL) -> Iterator[Finding]:
    """Ask each host of DATABASE, where it names several."""
    if len(engine.hosts) < 2:
        return
    clocks = {}
    for host, port in engine.hosts:
        try:
            clocks[f"{host}:{port}"] = _ahead(engine.but(hosts=[(host, port)]))
        except DatabaseError as error:
            yield Finding("warning", f"node {host}:{port}", str(error))
    yield _clocks(clocks, engine.clocks_differ)
    yield from _certified(session)


def _ahead(engine: MySQL) -> timedelta:
    """How far the server's clock is before this machine's."""
    with closing(engine.connect()) as connection:
        return connection.clock.at(time.monotonic()) - utc_now()


def _clocks(clocks: dict[str, timedelta], most: timedelta) -> Finding:
    ahead, behind = max(clocks, key=clocks.__getitem__), min(clocks, key=clocks.__getitem__)
    apart = clocks[ahead] - clocks[behind]
    if apart <= most:
        return Finding("ok", "clocks", _("those of the nodes agree"))
    text = _(
        "{ahead} is {seconds:.1f} s before {behind}, so a payment may be recorded behind a "
        "'no such payment': have both go by NTP"
    )
    return Finding(
        "fault",
        "clocks",
        text.format(ahead=ahead, behind=behind, seconds=apart.total_seconds()),
    )


def _certified(session: Session) -> Iterator[Finding]:
    is_on = {str(row["Value"]).upper() for row in session.run("doctor_nodes").rows} & {"ON", "1"}
    there = {row["name"] for row in session.run("doctor_upgrade").rows}
    if is_on and WRITTEN not in there:
        text = _(
            "a node that lags may record a payment behind a 'no such payment' of another: run "
            "deploy/cluster/promise.sql once, unless all machines name the nodes in the same order"
        )
        yield Finding("warning", WRITTEN, text)
