"""flask conform against an endpoint of Paynet's SOAP as first versions are: it fails what it does
wrong.

Its faults are those of paynet_soap.md, section 13, and the usual ones. It answers all that is asked
in good faith.
"""

from __future__ import annotations

import json
import re
import sys
import time
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.conftest import flask, settings_toml
from tests.protocols import test_paynet_soap
from tests.support.processes import write_settings
from tests.tools.conform.naive import THINKING_S, Handler, Naive

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "7012340001"
BANKS = test_paynet_soap.BANK
USERNAME, PASSWORD = "paynet", "p5-Test1"
PREFIXES = re.compile("(soapenv|ns1):")


class SoapHandler(Handler):
    """Any method; prefixes are taken out of the text, and entities expanded."""

    tiyin = 100

    def answer(self, body: bytes) -> None:
        """Answer with an envelope, whatever comes."""
        try:
            (arguments,) = ET.fromstring(PREFIXES.sub("", body.decode()))[0]
        except (ET.ParseError, ValueError, IndexError):
            self.render("text/xml", '<?xml version="1.0"?><Error/>')
            return
        method = arguments.tag.rpartition("}")[2].removesuffix("Arguments").capitalize()
        given = {child.tag.rpartition("}")[2]: child.text or "" for child in arguments}
        for pair in arguments.iterfind("{*}parameters"):
            given["account"] = pair[-1].text or ""  # the last one will be it
        status, more = self._result(method, given)
        name = {word.capitalize(): word for word in METHODS}.get(method, method)
        head = (
            f"<errorMsg>{given.get('account', '')}</errorMsg><status>{status}</status>"
            f"<timeStamp>{_now()}</timeStamp>"
        )
        self.render(
            "text/xml",
            '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv='
            '"http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><ns1:'
            f'{name}Result xmlns:ns1="http://uws.provider.com/">{head}{more}</ns1:{name}Result>'
            "</soapenv:Body></soapenv:Envelope>",
        )

    def _result(self, method: str, given: dict[str, str]) -> tuple[int, str]:
        try:
            status, more = METHODS_BY_NAME[method](self, given)
        except (KeyError, ValueError):
            status, more = 411, ""
        # Who it is is asked when all else is well; and a stranger learns which of them is wrong.
        if status == 0 and given.get("username") != USERNAME:
            return 412, more
        if status == 0 and given.get("password") != PASSWORD:
            return 601, more
        return status, more or EMPTY.get(method, "")

    def information(self, given: dict[str, str]) -> tuple[int, str]:
        """What is owed."""
        account = given["account"].strip()
        if account not in self.books.owed:
            return 302, ""
        shown = {"name": "А*** К***", "debt": str(int(self.books.owed[account] * self.tiyin))}
        return 0, "".join(
            f"<parameters><paramKey>{key}</paramKey><paramValue>{value}</paramValue></parameters>"
            for key, value in shown.items()
        )

    def perform(self, given: dict[str, str]) -> tuple[int, str]:
        """Look, think, insert; sums are floats, dates are not looked at."""
        account, amount = given["account"].strip(), float(given["amount"]) / 100
        if account not in self.books.owed:
            return 302, ""
        if not 50 <= amount <= 2000:
            return (413 if amount < 50 else 415), ""
        payment = self.books.payments.get(given["transactionId"])
        if payment:
            return 201, f"<providerTrnId>{payment['number']}</providerTrnId>"
        time.sleep(THINKING_S)
        if given.get("password") == PASSWORD:
            payment = self.books.insert(given["transactionId"], amount=amount, state=1)
            self.books.credit(account, amount)
        return 0, f"<providerTrnId>{payment['number'] if payment else 0}</providerTrnId>"

    def status(self, given: dict[str, str]) -> tuple[int, str]:
        """An unknown one is being made, surely."""
        payment = self.books.payments.get(given["transactionId"], {"number": 0, "state": 1})
        return 0, (
            f"<providerTrnId>{payment['number']}</providerTrnId>"
            f"<transactionState>{payment['state']}</transactionState>"
            "<transactionStateErrorStatus>0</transactionStateErrorStatus>"
            "<transactionStateErrorMsg>Success</transactionStateErrorMsg>"
        )

    def cancel(self, given: dict[str, str]) -> tuple[int, str]:
        """Each time it is asked for."""
        payment = self.books.payments[given["transactionId"]]
        payment["state"] = 2
        self.books.owed[ACCOUNT] += payment["amount"]
        return 0, "<transactionState>2</transactionState>"

    def statement(self, _given: dict[str, str]) -> tuple[int, str]:
        """All there is, cancelled ones too."""
        rows: dict[str, Any] = self.books.payments
        return 0, "".join(
            f"<statements><amount>{row['amount'] * 100:.0f}</amount>"
            f"<transactionId>{txn_id}</transactionId></statements>"
            for txn_id, row in rows.items()
        )

    def change(self, given: dict[str, str]) -> tuple[int, str]:
        """Say that it is done."""
        return (0 if given["newPassword"] else 411), ""


class InSums(SoapHandler):
    """One that shows what is owed as the JSON form does."""

    tiyin = 1


METHODS = {
    "GetInformation": SoapHandler.information,
    "PerformTransaction": SoapHandler.perform,
    "CheckTransaction": SoapHandler.status,
    "CancelTransaction": SoapHandler.cancel,
    "GetStatement": SoapHandler.statement,
    "ChangePassword": SoapHandler.change,
}
METHODS_BY_NAME = {name.capitalize(): method for name, method in METHODS.items()}
EMPTY = {
    "Performtransaction": "<providerTrnId>0</providerTrnId>",
    "Canceltransaction": "<transactionState>0</transactionState>",
    "Checktransaction": (
        "<providerTrnId>0</providerTrnId><transactionState>0</transactionState>"
        "<transactionStateErrorStatus>0</transactionStateErrorStatus>"
        "<transactionStateErrorMsg></transactionStateErrorMsg>"
    ),
}


def _now() -> str:
    """The server's time; so fine that no two answers have one by luck."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S')}.{time.time_ns() % 10**9:09}+05:00"


def failed_cases(tmp_path: Path, handler: type[Handler]) -> set[str]:
    """What conform says of an endpoint."""
    toml = settings_toml(f"sqlite:///{tmp_path}/none.db", sys.modules[__name__])
    settings = write_settings(toml, tmp_path)
    with Naive(ACCOUNT, handler=handler) as naive:
        url = f"{naive.url}/soap.php"
        done = flask(
            settings, "conform", "paynet_soap", "--account", ACCOUNT, "--url", url, "--json"
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1, done.stderr
    return {line["case"] for line in lines if not line["ok"] and "case" in line}


@pytest.mark.slow
def test_a_naive_endpoint_fails_what_it_does_wrong(tmp_path: Path) -> None:
    """Floats, look-then-write, expanded entities, a state for what is not there."""
    assert failed_cases(tmp_path, SoapHandler) == {
        "without the password nobody is heard",
        "with a wrong password nobody is heard",
        "who is calling is asked first",
        "a malformed new password is refused",
        "a check with a malformed part is refused",
        "the first fault is the answer",
        "a malformed sum is refused",
        "a malformed id is refused",
        "a malformed account is refused",
        "a malformed date is refused",
        "a wrong service is refused",
        "what is given twice is refused",
        "an unknown command is refused",
        "hostile text is only text",
        "a body that means harm is refused",
        "a body over 64 KiB is refused",
        "a wrong method is refused",
        "a repeated pay gets the first answer",
        "a repeat may have another date",
        "a repeat may be written otherwise",
        "a malformed repeat is no repeat",
        "a long id is read to its end",
        "parallel repeats record once",
        "payments side by side are all recorded",
        "a known id with other data is refused",
        "a payment can be taken back",
        "cancelling an unknown id is refused",
        "a status tells how a payment stands",
        "the status of an unknown id is told",
        "a statement lists the payments",
    }


@pytest.mark.slow
def test_a_debt_in_sums_is_noticed(tmp_path: Path) -> None:
    """A hundredth of what is owed: each payment lowers it by too little."""
    assert "a payment lowers the debt by its sum" in failed_cases(tmp_path, InSums)
