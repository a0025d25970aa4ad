"""Reading what the dialects of the OSMP family answer, and what it left in the books."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Engine
    from tests.support.processes import Reply

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?><response>'
# Fewer than a gunicorn's backlog and a small machine can take at once.
AT_ONCE = 20


def xml(reply: Reply) -> dict[str, Any]:
    """The elements of an answer, in order; `fields` as (title, text) of each."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert reply.body.startswith(DECLARATION)
    read: dict[str, Any] = {}
    for element in ET.fromstring(reply.body):
        assert element.tag not in read, element.tag
        read[element.tag] = element.text or ""
        if element.tag == "fields":
            tags = [field.tag for field in element]
            assert tags == [f"field{number}" for number in range(1, len(tags) + 1)]
            read["fields"] = [(field.get("name"), field.text or "") for field in element]
    return read


def payments(engine: Engine) -> list[tuple[Any, ...]]:
    """What is recorded: bank, id, number, sum, state, the bank's date; oldest first."""
    rows = engine.rows(
        "SELECT p.bank, p.txn_id, a.number, p.amount, p.state, p.paid_at, p.currency"
        " FROM payment AS p JOIN account AS a ON a.id = p.account_id ORDER BY p.id"
    )
    return [(*row[:5], row[5][:19], row[6]) for row in rows]


def logged(log: list[dict[str, Any]]) -> tuple[Any, ...]:
    """What the last line says was read: command, id, account, sum."""
    line = log[-1]
    return line["command"], line["txn_id"], line["account"], line["sum"]


def alarms(log: list[dict[str, Any]]) -> list[str]:
    """The outcomes that were logged as alarms."""
    return [line["outcome"] for line in log if line.get("alarm")]


def at_once(ask: Callable[[], Reply]) -> list[Reply]:
    """Ask the same AT_ONCE times in parallel."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: ask(), range(AT_ONCE)))


@contextmanager
def broken(engine: Engine, table: str = "payment") -> Iterator[None]:
    """Take a table away: nothing can be known while it is gone."""
    engine.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        engine.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
