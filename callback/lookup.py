"""Finding a payment by the bank's id, and saying for good that there is none.

A bank that hears "no such payment" gives the money back. But a statement that records one may be
on its way: in a worker that has not given up yet, in the network, or stalled inside the server. So
before we say it, we promise it in the database, where whatever is on its way meets the promise
(docs/reliability.md, "The ghost").
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

from callback import log
from callback.database.errors import DatabaseError, DuplicateError, NoPromiseError
from callback.limits import CLOCKS_DIFFER_S
from callback.model import Payment

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.database import Row, Session
    from callback.model import Cancel, Status

# As many rows as schema.sql puts into `promise`. Who shares a bucket with another is at worst told
# to ask again.
BUCKETS = 256
TRIES = 3


def find(session: Session, bank: Bank, txn_id: str) -> Payment | None:
    """Find a payment as it is now."""
    rows = session.run("find_payment", bank=bank.name, txn_id=txn_id).rows
    return payment_of(rows[0]) if rows else None


def find_or_promise(session: Session, bank: Bank, command: Cancel | Status) -> Payment | None:
    """Find a payment; None: there is none, and nothing that is on its way can record it any more.

    A booking that is on its way is no money yet, so nothing is promised for `booked` ids.
    """
    payment = find(session, bank, command.txn_id)
    if payment or command.booked:
        return payment
    promise(session, bank, command.txn_id)
    return find(session, bank, command.txn_id)


def promise(session: Session, bank: Bank, txn_id: str) -> None:
    """Let nothing that is on its way record a payment of this id any more; DatabaseError.

    Whoever was being recorded when we promised has ended since: look once more.
    """
    try:
        _promise(session, bucket(bank, txn_id))
    except NoPromiseError as error:
        # As an older release answered: a site that has only uploaded this one goes on.
        log.warning(str(error))
    time.sleep(CLOCKS_DIFFER_S)


def bucket(bank: Bank, txn_id: str) -> int:
    """Say which promises an id listens to: the same on every machine."""
    return zlib.crc32(f"{bank.name} {txn_id}".encode()) % BUCKETS


def payment_of(row: Row) -> Payment:
    """Make a payment of a row's columns."""
    return Payment(
        id=row["id"],
        txn_id=row["txn_id"],
        number=row["payment_number"],
        amount=row["amount"],
        state=row["payment_state"],
        paid_at=row["paid_at"],
        created_at=row["created_at"],
        performed_at=row["performed_at"],
        cancelled_at=row["cancelled_at"],
        cancel_reason=row["cancel_reason"],
    )


def _promise(session: Session, number: int) -> None:
    """Make sure that a promise is made now; DatabaseError."""
    for _ in range(TRIES):
        # Nothing changes when another promise was made in the same millisecond.
        if session.run("promise", bucket=number).changed:
            return
        try:
            if session.run("promise_first", bucket=number).changed:
                return
        except DuplicateError:
            pass
        session.server_time()  # if it was too late by the server's clock, ours of it is wrong
    raise DatabaseError("nothing could be promised: ask again")
