"""Is a time the present one? By another process's clock, which may differ by some milliseconds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

from callback import wire

# Of machines one of which may be virtual, with its clock set right between two looks at it.
JUST = timedelta(minutes=1)


def is_just_now(moment: datetime, zone: tzinfo = timezone.utc) -> bool:
    """True within a minute of now; a time without zone is one of `zone`."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return abs(datetime.now(timezone.utc) - moment) < JUST


def are_just_now(milliseconds: int) -> bool:
    """Likewise, milliseconds since 1970."""
    return is_just_now(wire.from_milliseconds(milliseconds))
