"""The list of bills that the bank fetches: page by page, or a written list that is held for it.

registers.md, section 2, "Pull". Who asks has proved to be the bank before anything here is called.
"""

from __future__ import annotations

import hashlib
import json
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
from callback.phrase import Phrase
from callback.tools.books import bills

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from callback.bank import Bank
    from callback.database import Database
    from callback.tools.books.bill import Bill
    from callback.wire import Answer

FORMS = {
    "date": re.compile("[12][0-9]{3}(0[1-9]|1[0-2])"),
    "page": re.compile("[1-9][0-9]{0,8}"),
    "rows": re.compile("[1-9][0-9]{0,2}|1000"),
}
INTEGER = re.compile("[1-9][0-9]{0,17}")  # the numbers that the shape "kaspi" can hold
JSON = "application/json; charset=utf-8"
NAMED = 10  # as many of the others are named
DEFAULT_ROWS = "100"


class Page(NamedTuple):
    """What the bank asks for."""

    date: str
    number: int
    rows: int


def answer(
    database: Database, bank: Bank, secret_keys: Sequence[bytes], token: str, query: bytes
) -> tuple[Response, Result]:
    """Answer GET /<bank>/bills, or with a token GET /<bank>/bills/<token>.

    In the shape "kaspi" GET /<bank> with a date and without a command is the same as /<bank>/bills.
    """
    if token:
        file = _held(bank, secret_keys, token)
        if file is None:
            return _bare(404), Result("bad_token")
        # Streamed: a list may be longer than the memory of a small host.
        return send_file(file, as_attachment=True), Result("ok")
    try:
        asked = _asked(query)
        shape = _kaspi_page if bank.bills.shape == "kaspi" else _page
        return _response(shape(database, bank, asked)), Result("ok")
    except ValueError as error:
        return _refusal(bank, str(error)), Result("bad_request")
    except DatabaseError as error:
        log.warning(f"{bank.name}: {error}")
        return _bare(503), Result("temporary")


def without_integer(database: Database, bank: Bank) -> str:
    """Name numbers of bills that the shape "kaspi" cannot hold; empty: none. DatabaseError."""
    rows = database.stream(f"text_bills_{bank.payer}", zero=int(bank.bills.zero))
    numbers = [str(row["number"]) for row in rows]
    return ", ".join(numbers[:NAMED]) + (" …" if len(numbers) > NAMED else "")


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


def _response(page: Answer) -> Response:
    return Response(page.body, page.status, content_type=page.content_type)


def _refusal(bank: Bank, fault: str) -> Response:
    """What a wrong request is told: in the shape "kaspi" a text, otherwise nothing."""
    if bank.bills.shape == "kaspi":
        return _response(wire.json_answer({"data": [], "error": fault}))
    return _bare(400)


def _page(database: Database, bank: Bank, asked: Page) -> Answer:
    (total,) = database.stream(f"sum_of_bills_{bank.payer}", zero=int(bank.bills.zero))
    return wire.json_answer(
        {
            "date": asked.date,
            "page": asked.number,
            "rows": asked.rows,
            "pages": -(-total["n"] // asked.rows),
            "total": total["n"],
            "sum": sum_text(total["issued"] - total["paid"]),
            "list": [
                {"account": bill.number, "name": bill.name, "sum": sum_text(bill.owed)}
                for bill in _bills(database, bank, asked, "page_of_bills")
            ],
        }
    )


def _kaspi_page(database: Database, bank: Bank, asked: Page) -> Answer:
    """A page in the shape that Kaspi's vendor wants: numbers and sums are JSON numbers."""
    if asked.number == 1:  # once a pull
        numbers = without_integer(database, bank)
        if numbers:
            log.warning(f"{bank.name}: left out of the list, for they are no integers: {numbers}")
    page = _bills(database, bank, asked, "page_of_integer_bills")
    rows = ",".join(_kaspi_row(bill) for bill in page if INTEGER.fullmatch(f"{bill.number}"))
    return wire.Answer(f'{{"data":[{rows}],"error":null}}'.encode(), JSON)


def _kaspi_row(bill: Bill) -> str:
    # Written from the decimal: Python's json would make a float of it.
    name = json.dumps(bill.name, ensure_ascii=False)
    return f'{{"account":{bill.number},"info":{name},"sum":{sum_text(bill.owed)}}}'


def _bills(database: Database, bank: Bank, asked: Page, statement: str) -> list[Bill]:
    rows = database.stream(
        f"{statement}_{bank.payer}",
        zero=int(bank.bills.zero),
        size=asked.rows,
        start=(asked.number - 1) * asked.rows,
    )
    return [bills.of_row(row, bank.bills) for row in rows]


def _asked(query: bytes) -> Page:
    """Read what the bank asks for; ValueError says what is wrong."""
    parameters = wire.fields(query, FORMS)
    values = {"rows": DEFAULT_ROWS, **parameters.values}
    for name, form in FORMS.items():
        if name in parameters.repeated or not form.fullmatch(values.get(name, "")):
            raise ValueError(Phrase("wrong {name}", name=name))
    return Page(values["date"], int(values["page"]), int(values["rows"]))
