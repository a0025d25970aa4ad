"""Our clock: UTC without zone, cut to what a column keeps."""

from __future__ import annotations

from datetime import datetime, timezone


def utc_now() -> datetime:
    """This machine's time, to the millisecond; what is recorded goes by the database's clock."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
