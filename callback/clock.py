"""Our clock: UTC without zone, cut to what a column keeps."""

from __future__ import annotations

from datetime import datetime, timezone


def utc_now() -> datetime:
    """This machine's time, to the millisecond; what is recorded goes by the database's clock."""
    return whole_milliseconds(datetime.now(timezone.utc).replace(tzinfo=None))


def whole_milliseconds(moment: datetime) -> datetime:
    """Cut a time to what a column keeps."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
