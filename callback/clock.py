"""Our clock: UTC without zone, cut to what a column keeps."""

from __future__ import annotations

from datetime import datetime, timezone


def utc_now() -> datetime:
    """The time now, to the millisecond: a repeat must not differ by less than a column keeps."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
