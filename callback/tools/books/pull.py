"""The list of bills that the bank fetches: page by page, or a written list that is held for it.

registers.md, section 2, "Pull". Who asks has proved to be the bank before anything here is called.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from flask import Response, send_file
from itsdangerous import BadData, URLSafeTimedSerializer

from callback import log, wire
from callback.database.errors import DatabaseError
from callback.layouts import sum_text
from callback.model import Result
from callback.paths import ROOT
from callback.tools.books import bills

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from callback.bank import Bank
    from callback.database import Database

FIELDS = ("date", "page", "rows")
MONTH = re.compile("[12][0-9]{3}(0[1-9]|1[0-2])")
PAGE = re.compile("[1-9][0-9]{0,8}")
ROWS = re.compile("[1-9][0-9]{0,2}|1000")
DEFAULT_ROWS = "100"


class Page(NamedTuple):
    """What the bank asks for."""

    date: str
    number: int
    rows: int


def answer(
    database: Database, bank: Bank, secret_keys: Sequence[bytes], token: str, query: bytes
) -> tuple[Response, Result]:
    """Answer GET /<bank>/bills, or with a token GET /<bank>/bills/<token>."""
    if token:
        file = _held(bank, secret_keys, token)
        if file is None:
            return _bare(404), Result("bad_token")
        # Streamed: a list may be longer than the memory of a small host.
        return send_file(file, as_attachment=True), Result("ok")
    asked = _asked(query)
    if asked is None:
        return _bare(400), Result("bad_request")
    try:
        return _page(database, bank, asked), Result("ok")
    except DatabaseError as error:
        log.warning(f"{bank.name}: {error}")
        return _bare(503), Result("temporary")


def signed(bank: Bank, secret_keys: Sequence[bytes], file: Path) -> str:
    """The part of the address under which a list is held, "bills/…"; it expires by itself."""
    return f"bills/{_signer(secret_keys).dumps([bank.name, file.name])}"


def _held(bank: Bank, secret_keys: Sequence[bytes], token: str) -> Path | None:
    if bank.send is None or bank.send.scheme != "held":
        return None
    age = timedelta(hours=int(bank.send.path)).total_seconds()
    try:
        whose, name = _signer(secret_keys).loads(token, max_age=int(age))
    except (BadData, ValueError):
        return None
    mine = (file for file in bills.lists(bank, ROOT) if file.name == name)
    return next(mine, None) if whose == bank.name else None


def _signer(secret_keys: Sequence[bytes]) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        list(secret_keys), salt="held-bills", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _bare(status: int) -> Response:
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def _page(database: Database, bank: Bank, asked: Page) -> Response:
    zero = int(bank.bills.zero)
    start = (asked.number - 1) * asked.rows
    (total,) = database.stream(f"sum_of_bills_{bank.payer}", zero=zero)
    rows = database.stream(f"page_of_bills_{bank.payer}", zero=zero, size=asked.rows, start=start)
    shown = [bills.of_row(row, bank.bills) for row in rows]
    made = wire.json_answer(
        {
            "date": asked.date,
            "page": asked.number,
            "rows": asked.rows,
            "pages": -(-total["n"] // asked.rows),
            "total": total["n"],
            "sum": sum_text(total["issued"] - total["paid"]),
            "list": [
                {"account": one.number, "name": one.name, "sum": sum_text(one.owed)}
                for one in shown
            ],
        }
    )
    return Response(made.body, content_type=made.content_type)


def _asked(query: bytes) -> Page | None:
    given = wire.fields(query, FIELDS)
    values = {"rows": DEFAULT_ROWS, **given.values}
    forms = {"date": MONTH, "page": PAGE, "rows": ROWS}
    if given.repeated or not all(
        form.fullmatch(values.get(name, "")) for name, form in forms.items()
    ):
        return None
    return Page(values["date"], int(values["page"]), int(values["rows"]))
