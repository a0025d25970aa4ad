"""flask conform against an endpoint of USMP as first versions are: it fails what it does wrong.

Its faults are those of usmp.md, section 13, and the usual ones. It answers all that is asked in
good faith.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.conftest import flask, settings_toml
from tests.protocols import test_usmp
from tests.support.processes import write_settings
from tests.tools.conform.naive import THINKING_S, Books, Handler, Naive

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "7012340001"
BANKS = test_usmp.BANK
DAY = 86_400


class UsmpHandler(Handler):
    """USMP by any method, from the query or a form."""

    def answer(self, body: bytes) -> None:
        """Answer with XML, the last of two parameters counts."""
        given = dict(parse_qsl(urlsplit(self.path).query or body.decode()))
        told = _report(self.books) if "CheckDateBegin" in given else _told(self.books, given)
        declaration = '<?xml version="1.0" encoding="UTF-8"?>'
        self.render("text/xml", f"{declaration}<Response>{told}</Response>")


def _told(books: Books, given: dict[str, str]) -> str:
    txn_id = given.get("TransactionId", "").strip()
    # What was answered to an id once is answered for ever, whatever is asked; refusals, too.
    if given.get("QueryType", "").lower() == "pay" and txn_id in books.payments:
        return str(books.payments[txn_id]["answer"])
    try:
        code, more = _result(books, given, int(txn_id))
    except (KeyError, ValueError):
        code, more = 21, ""  # so a broken request looks like a mistyped number
    told = (
        f"<TransactionId>{txn_id}</TransactionId>{more}<ResultCode>{code}</ResultCode>"
        f"<Comment>{given.get('Account', '')}: {'OK' if code == 0 else 'error'}</Comment>"
    )
    if given.get("QueryType", "").lower() == "pay":
        books.insert(txn_id, answer=told, paid=code == 0, amount=float(given.get("Amount", "0")))
    return told


def _result(books: Books, given: dict[str, str], txn_id: int) -> tuple[int, str]:
    command = given["QueryType"].lower()
    if command == "cancel":
        return _cancel(books, given)
    account = given["Account"].strip()
    if account not in books.owed:
        return 21, ""
    if command == "check":
        debt = f'<field2 name="debt">{books.owed[account]:.2f}</field2>'
        return 0, f'<Fields><field1 name="fio">{account}</field1>{debt}</Fields>'
    amount = float(given["Amount"])
    if not 10 <= amount <= 50000:
        return (241 if amount < 10 else 242), ""
    time.sleep(THINKING_S)
    number = books.insert(str(txn_id), answer="")["number"]
    books.credit(account, amount)
    return 0, f"<TransactionExt>{number}</TransactionExt><Amount>{amount:.2f}</Amount>"


def _cancel(books: Books, given: dict[str, str]) -> tuple[int, str]:
    """By the other id, and "repeat later" for good."""
    payment = books.payments.get(given["TransactionId"])
    if payment is None:
        return 1, ""
    return 0, f"<RevertId>{given['RevertId']}</RevertId>"


def _report(books: Books) -> str:
    """All that was ever paid, at the server's clock, whatever is asked."""
    today = time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() - DAY))
    return "".join(
        f"<Payment><TransactionId>{txn_id}</TransactionId><Account></Account>"
        f"<TransactionDate>{today}</TransactionDate><Amount>{row['amount']:.2f}</Amount></Payment>"
        for txn_id, row in books.payments.items()
        if row.get("paid")
    )


@pytest.mark.slow
def test_a_naive_endpoint_fails_what_it_does_wrong(tmp_path: Path) -> None:
    """Stored answers, cancels by the other id, reports by its own clock, any method."""
    toml = settings_toml(f"sqlite:///{tmp_path}/none.db", sys.modules[__name__])
    settings = write_settings(toml, tmp_path)
    with Naive(ACCOUNT, handler=UsmpHandler) as naive:
        url = f"{naive.url}/usmp.php"
        done = flask(settings, "conform", "usmp", "--account", ACCOUNT, "--url", url, "--json")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stderr
    assert {line["case"] for line in lines if not line["ok"] and "case" in line} == {
        "a check may lack what it does not need",
        "a check with a malformed part is refused",
        "a name is told masked",
        "a check that comes by POST is heard",
        "a body of another type is not read",
        "the first fault is the answer",
        "a malformed sum is refused",
        "a malformed id is refused",
        "a malformed account is refused",
        "a malformed date is refused",
        "a wrong service is refused",
        "what is given twice is refused",
        "an unknown command is refused",
        "hostile text is only text",
        "a body over 64 KiB is refused",
        "a wrong method is refused",
        "a malformed repeat is no repeat",
        "parallel repeats record once",
        "payments side by side are all recorded",
        "a known id with other data is refused",
        "a refused id may be used later",
        "a payment can be taken back",
        "cancelling an unknown id is refused",
        "a statement lists the payments",
    }
