"""The passwords of a bank: those of the settings, and one that the bank itself has set.

What a bank has set (paynet.md, section 9) is kept in the database as a digest, and wins over the
settings, on every machine at once. A digest may stand in the settings, too. Its key comes of
SECRET_KEY: who reads the table, or a copy of the settings without that, cannot even guess at a
password.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from callback import proofs
from callback.clock import utc_now
from callback.database.errors import DatabaseError, DuplicateError

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.database import Session


DIGEST = b"hmac:"
_KEPT = re.compile(rb"hmac:[0-9a-f]{64}")


class Change(NamedTuple):
    """What is known of the password that the bank has set."""

    digest: bytes
    changed_at: datetime  # ours, UTC


def is_right(session: Session, bank: Bank, password: bytes) -> bool:
    """Say whether this is the bank's password: what it has set, else one of the settings."""
    change = find(session, bank)
    if change is None:
        return is_in_settings(bank, password)
    digests = _digests(bank, password)
    right = proofs.is_any(change.digest, digests)
    if right and change.digest != digests[-1]:
        _renew(session, bank, change.digest, digests[-1])
    return right


def is_in_settings(bank: Bank, password: bytes) -> bool:
    """Say whether this is one of the settings' passwords, or one of which they have the digest."""
    digests = [text for text in bank.password if is_digest(text)]
    right = proofs.is_any(password, (text for text in bank.password if text not in digests))
    for own in _digests(bank, password) if digests else ():
        right |= proofs.is_any(DIGEST + own, digests)
    return right


def is_digest(text: bytes) -> bool:
    """Say whether this stands in the settings in place of a password (flask secret --digest)."""
    return _KEPT.fullmatch(text) is not None


def kept_as(bank: Bank, password: bytes) -> str:
    """What may stand in the settings in place of this password, while SECRET_KEY stays."""
    return (DIGEST + _digests(bank, password)[-1]).decode()


def change(session: Session, bank: Bank, password: str) -> None:
    """Let only this one be good. If it is good already, its day stays as it was."""
    digest = _digests(bank, password.encode())[-1]
    former = find(session, bank)
    if former is not None and former.digest == digest:
        return
    values = {"bank": bank.name, "digest": digest.decode(), "now": utc_now()}
    try:
        session.run("set_password", **values)
    except DuplicateError:
        session.run("replace_password", **values)


def find(session: Session, bank: Bank) -> Change | None:
    """Look up what the bank has set, if anything. One SELECT."""
    rows = session.run("find_password", bank=bank.name).rows
    return Change(rows[0]["digest"].encode(), rows[0]["changed_at"]) if rows else None


def forget(session: Session, bank: Bank) -> bool:
    """Make the settings' password good again; say whether another one was."""
    return bool(session.run("forget_password", bank=bank.name).changed)


def _renew(session: Session, bank: Bank, seen: bytes, digest: bytes) -> None:
    """SECRET_KEY was replaced: after this call the older key may leave the settings."""
    with suppress(DatabaseError):  # the next call tries again
        key = {"bank": bank.name, "seen": seen.decode()}
        session.run("renew_password", **key, digest=digest.decode())


def _digests(bank: Bank, password: bytes) -> list[bytes]:
    return [proofs.password_digest(key, password).encode() for key in bank.password_keys]
