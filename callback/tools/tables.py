"""Looks at the tables that the program reads and writes, and at views that stand for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callback.tools.finding import Finding
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from callback.database import Row, Session

KEYS = ("account(number)", "invoice(number)", "payment(bank,txn_id)")
COLUMNS = {
    "invoice.amount": "decimal(14,2)",
    "payment.amount": "decimal(14,2)",
    "payment.paid_at": "datetime(3)",
    "payment.created_at": "datetime(3)",
    "payment.performed_at": "datetime(3)",
    "payment.cancelled_at": "datetime(3)",
}
EXACT = ("account.number", "invoice.number", "payment.bank", "payment.txn_id")
# A view tells what its tables hold: exact sums, of cents at most.
CENTS = re.compile(r"decimal\(\d+,[012]\)|(?:big|medium|small|tiny)?int\b.*")
OURS = "payment"


def examine(session: Session) -> Iterator[Finding]:
    """Look at engines, keys and columns; DatabaseError."""
    tables = {row["name"]: row for row in session.run("doctor_tables").rows}
    views = [name for name, table in tables.items() if table["engine"] is None]
    for name, table in tables.items():
        yield from _engine(name, table["engine"])
    size = sum(table["bytes"] for table in tables.values()) // 1024 // 1024
    seen = _("; views: {names}").format(names=", ".join(sorted(views))) if views else ""
    text = _("{n}, {size} MiB{seen}").format(n=len(tables), size=size, seen=seen)
    yield Finding("ok", "tables", text)
    keys = {row["name"] for row in session.run("doctor_keys").rows}
    for key in KEYS:
        if key not in keys and key.partition("(")[0] not in views:
            yield Finding(
                "fault",
                f"key {key}",
                _(
                    "is missing, so a repeated payment would be recorded twice: ALTER TABLE {key}"
                ).format(key=key.replace("(", " ADD UNIQUE KEY (")),
            )
    yield from _columns({row["name"]: row for row in session.run("doctor_columns").rows}, views)


def _engine(name: str, engine: str | None) -> Iterator[Finding]:
    if engine is None and name == OURS:
        yield Finding(
            "fault",
            f"table {name}",
            _(
                "is a view: payments are recorded in a table of our own, once; rename the view, "
                "run flask init-db, and let flask post write into the program's (sql/README.md)"
            ),
        )
    elif engine not in (None, "InnoDB"):
        yield Finding(
            "fault",
            f"table {name}",
            _(
                "is {engine}, which keeps no promise after a crash: ALTER TABLE {name} "
                "ENGINE = InnoDB"
            ).format(engine=engine, name=name),
        )


def _columns(columns: Mapping[str, Row], views: Collection[str]) -> Iterator[Finding]:
    for name, wanted in COLUMNS.items():
        kind = columns[name]["type"] if name in columns else wanted
        if name.partition(".")[0] not in views and kind != wanted:
            text = _("is {type}: make it {wanted}").format(type=kind, wanted=wanted)
            yield Finding("fault", name, text)
        elif not (kind == wanted or CENTS.fullmatch(kind)):
            yield Finding(
                "fault",
                name,
                _(
                    "is {type}, and no sum of it is exact: write CAST(… AS DECIMAL(14,2)) AS "
                    "amount in the view"
                ).format(type=kind),
            )
    for name in EXACT:
        is_ours = name in columns and name.partition(".")[0] not in views
        if is_ours and not columns[name]["collation"].endswith("_bin"):
            yield Finding(
                "fault",
                name,
                _("takes abc and ABC for the same: give it a collation that ends in _bin"),
            )
