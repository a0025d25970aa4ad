"""flask conform against a 24 Non Stop endpoint as first versions are: it fails what it does wrong.

Every fault of it stands in real programs (nonstop.md, section 13). It answers all that is asked in
good faith.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import flask, settings_toml
from tests.support.processes import write_settings
from tests.tools.conform.naive import THINKING_S, Books, Handler, Naive

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT, CLOSED = "7012340001", "7012340003"
BANKS = """
[BANKS.nonstop]
protocol = "nonstop"
secret = "sheet-secret-1"
service_id = "Internet"
account_pattern = "[0-9]{10}"
min_sum = "10.00"
max_sum = "50000.00"
show = ["debt"]
"""
ACT = re.compile("^1|4|7")  # meant: one of them


class RefusedError(Exception):
    """A code to answer."""


class NonstopHandler(Handler):
    """A query or a body, whatever the method is."""

    def answer(self, body: bytes) -> None:
        """Answer with XML that is joined by hand."""
        query = urlsplit(self.path).query
        try:
            given = dict(parse_qsl(query)) if query else _elements(body)
            inner = nonstop(self.books, given)
        except RefusedError as error:
            inner = f"<status_code>{error}</status_code>"
        except (KeyError, ValueError, ET.ParseError):
            inner = "<status_code>-101</status_code><description>wrong parameters</description>"
        stamp = time.strftime("%d.%m.%Y %H:%M:%S")
        head = '<?xml version="1.0" encoding="UTF-8"?>'
        text = f"{head}<pay-response>{inner}<time_stamp>{stamp}</time_stamp></pay-response>"
        self.render("text/xml", text)


def _elements(body: bytes) -> dict[str, str]:
    return {child.tag.upper(): child.text or "" for child in ET.fromstring(body)}


def nonstop(books: Books, given: dict[str, str]) -> str:
    """Make a number of the account, then look who asks; the account before the id."""
    account = int(given.get("PAY_ACCOUNT") or 0)
    act, pay_id = given["ACT"], given.get("PAY_ID", "")
    parts = (act, account or "", given.get("SERVICE_ID", ""), pay_id, "sheet-secret-1")
    sign = hashlib.md5("_".join(map(str, parts)).encode()).hexdigest()
    if sign != given["SIGN"] or not ACT.match(act):
        raise RefusedError("-101")
    if act == "7":
        return _status(books, given)
    if str(account) == CLOSED:
        raise RefusedError("-40")
    if str(account) not in books.owed:
        raise RefusedError("-40")
    return _check(books, given, account) if act == "1" else _pay(books, given, account)


def _check(books: Books, given: dict[str, str], account: int) -> str:
    if given["PAY_ID"] in books.payments:
        raise RefusedError("-100")
    return (
        f"<balance>{-books.owed[str(account)]:.2f}</balance><account>{account}</account>"
        f"<service_id>{given['SERVICE_ID']}</service_id><min_amount>10.00</min_amount>"
        "<max_amount>50000.00</max_amount><status_code>21</status_code>"
    )


def _pay(books: Books, given: dict[str, str], account: int) -> str:
    amount = float(given["PAY_AMOUNT"])
    if not 10 <= amount <= 50000:
        raise RefusedError("-101")
    pay_id = given["PAY_ID"].strip()
    if pay_id in books.payments:
        raise RefusedError("-100")
    time.sleep(THINKING_S)
    payment = books.insert(pay_id, amount=amount)
    books.credit(str(account), amount)
    return (
        f"<pay_id>{pay_id}</pay_id><service_id>{given['SERVICE_ID']}</service_id>"
        f"<amount>{amount:.2f}</amount><status_code>22</status_code>"
        f"<description>{payment['number']}</description>"
    )


def _status(books: Books, given: dict[str, str]) -> str:
    """Find whatever has the id in it, and tell the time of now."""
    for pay_id, payment in books.payments.items():
        if given["PAY_ID"] in pay_id:
            return (
                f"<status_code>11</status_code><transaction><pay_id>{pay_id}</pay_id>"
                f"<service_id>{given['SERVICE_ID']}</service_id>"
                f"<amount>{payment['amount']}</amount><status>111</status>"
                f"<time_stamp>{time.strftime('%d.%m.%Y %H:%M')}</time_stamp></transaction>"
            )
    raise RefusedError("-101")


@pytest.mark.slow
def test_a_naive_endpoint_fails_what_it_does_wrong(tmp_path: Path) -> None:
    """Floats, numbers of accounts, look-then-write, strange signs, a check that stores its id."""
    toml = settings_toml(f"sqlite:///{tmp_path}/none.db", sys.modules[__name__])
    settings = write_settings(toml, tmp_path)
    with Naive(ACCOUNT, handler=NonstopHandler) as naive:
        url, others = f"{naive.url}/24ns.php", ("--closed", CLOSED, "--json")
        done = flask(settings, "conform", "nonstop", "--account", ACCOUNT, "--url", url, *others)

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stderr
    assert {line["case"] for line in lines if not line["ok"] and "case" in line} == {
        "a closed account is refused",
        "a check may lack what it does not need",
        "a check with a malformed part is refused",
        "the first fault is the answer",
        "a malformed sum is refused",
        "a malformed id is refused",
        "a malformed account is refused",
        "a wrong service is refused",
        "what is given twice is refused",
        "an unknown command is refused",
        "hostile text is only text",
        "a body that means harm is refused",
        "a body over 64 KiB is refused",
        "a wrong method is refused",
        "a repeat may be written otherwise",
        "a malformed repeat is no repeat",
        "a long id is read to its end",
        "parallel repeats record once",
        "payments side by side are all recorded",
        "a known id with other data is refused",
        "a check changes nothing",
        "a status tells how a payment stands",
        "the status of an unknown id is told",
    }
