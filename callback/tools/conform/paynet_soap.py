"""The bank's side of paynet_soap.md: Paynet, the universal web service as SOAP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape  # writes only

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, Request, require
from callback.tools.conform.simulator import (
    OTHER_DIGITS,
    Hostile,
    Sheet,
    Simulator,
    other_service,
    wrong_accounts,
    wrong_dates,
)
from callback.tools.conform.xml_simulator import hostile_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal
    from xml.etree.ElementTree import Element

    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="paynet_soap.md",
    sections={
        "proof": "2",
        "transport": "2",
        "request": "3",
        "order": "4",
        "answers": "5",
        "codes": "6",
        "states": "7",
        "repeats": "8",
        "cancel": "9",
    },
    codes={
        "ok": "0",
        "not_authenticated": "412",
        "bad_request": "411",
        "missing": "411",
        "bad_id": "411",
        "bad_service": "305",
        "unknown_account": "302",
        "bad_account": "302",
        "account_closed": "302",
        "already_paid": "302",
        "account_blocked": "501",
        "bad_sum": "413",
        "sum_too_small": "413",
        "sum_too_large": "415",
        "bad_date": "414",
        "too_many_payments": "414",
        "pay.duplicate_same": "201",  # always, whatever else the request says
        "pay.duplicate_other": "201",
        "pay.payment_cancelled": "201",
        "payment_not_found": "203",
        "status.payment_cancelled": "0",
        "cancel.duplicate_same": "202",
        "cancel_refused": "77",
        "check.temporary": "100",
        "status.temporary": "100",
        "statement.temporary": "100",
        "unreadable": "Fault",
        "unknown_command": "Fault",
    },
    acts={
        "check": "GetInformation",
        "pay": "PerformTransaction",
        "status": "CheckTransaction",
        "cancel": "CancelTransaction",
        "statement": "GetStatement",
        "password": "ChangePassword",
    },
    unknown_acts=("Foo", "changePassword", "performTransaction", "Perform", "", ABSENT),
    slots={
        "check": ("service", "account"),
        "pay": ("service", "id", "time", "sum", "account"),
    },
    order=(
        *("act", "twice", "no service", "service", "no account", "id", "sum", "time", "account"),
        *("limits", "payer"),
    ),
    longest_id=19,
    any_type=True,
    exact_invoice=True,
    floor=True,
    ids_are_digits=False,  # they are numbers: zeros before them do not count
    wrong_methods=("GET", "HEAD", "PUT", "DELETE"),
    statuses=(200, 500),
    credentials_inside=True,
    command_first=True,
    upside_down="bad_date",
)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
OURS = "http://uws.provider.com/"
STATES = {"0": "", "1": "paid", "2": "cancelled", "3": "none"}
# What follows errorMsg, status and timeStamp, in the order of the XSD.
CHILDREN = {
    "GetInformation": ["parameters"],
    "PerformTransaction": ["providerTrnId"],
    "CheckTransaction": [
        *("providerTrnId", "transactionState"),
        *("transactionStateErrorStatus", "transactionStateErrorMsg"),
    ],
    "CancelTransaction": ["transactionState"],
    "GetStatement": ["statements"],
    "ChangePassword": [],
}
WRONG_PASSWORDS = ("1234567", "x" * 129, "пароль-пароль", "tab\there1", "del\x7fdel0")
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
MAY_REPEAT = {"parameters", "statements"}


class PaynetSoap(Simulator):
    """Paynet, the older form."""

    SHEET = SHEET

    def refunds(self) -> bool:
        """Section 9."""
        return bool(self.bank.own["refund"])

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        if slot == "service":
            return str(self.bank.own["service_id"][0])
        if slot == "time":
            return text_of(step.at)
        if slot == "password":  # the present one: nobody is locked out by it
            return self.bank.password[-1].decode()
        return str(int(step.sum * 100)) if slot == "sum" else super().value(slot, step)

    def request(self, step: Step) -> Request:
        """A POST of an envelope."""
        return self._post(f'<?xml version="1.0" encoding="UTF-8"?>{self._document(step)}')

    def spellings(self, step: Step) -> Iterator[tuple[Slot, Any]]:
        """Section 3: blanks around a number."""
        yield "service", f"\n {self.value('service', step)}\t"

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Section 3: what is missing, and what is wrong. Blanks around a number are none."""
        tiyin = self.value("sum", step)
        sums = (f"{probe:.2f}", f"-{tiyin}", f"+{tiyin}", f"{tiyin}e0", f"{tiyin}.0", "1 000")
        texts: dict[Slot, tuple[str, tuple[str, ...]]] = {
            "id": ("bad_id", ("0", "07", "-5", "+5", "5.0", "12a4", "\u0665", "9" * 20)),
            "time": ("bad_date", tuple(self._wrong_times(step))),
            "sum": (
                "bad_sum",
                (*sums, "0", "NaN", "1" + "0" * 14, str(tiyin).translate(OTHER_DIGITS)),
            ),
            "account": ("bad_account", tuple(wrong_accounts(self.bank, step.account))),
            "service": ("bad_service", (str(other_service(self.bank)), "x", "-1", "1.0", "9" * 19)),
            "password": ("bad_request", WRONG_PASSWORDS),
        }
        if slot not in texts:
            return
        outcome, values = texts[slot]
        yield from ((value, outcome) for value in values if "\0" not in value)
        yield from ((value, "missing") for value in ("", ABSENT))

    def hostile(self, step: Step) -> Iterator[Hostile]:
        """Section 4, step 2: a Fault."""
        good = self._document(step)
        start, end = good.index("<ns1:"), good.index("</soapenv:Body>")
        entity = f'<!DOCTYPE x [<!ENTITY a "{step.account}">]>'
        documents: dict[str, str | bytes] = {
            **dict(hostile_documents(good)),
            "an empty body": "",
            "an empty Body": good[:start] + good[end:],
            "two methods": good[:start] + good[start:end] * 2 + good[end:],
            "two Bodies": good.replace("<soapenv:Body>", "<soapenv:Body/><soapenv:Body>"),
            "another root": "<a/>",
            "another envelope": good.replace(SOAP, "urn:other"),
            "another namespace": good.replace(OURS, "urn:other"),
            "an account by an entity": entity + good.replace(step.account, "&a;"),
            "nested deeper than 20": good[:end] + "<a>" * 20 + "</a>" * 20 + good[end:],
        }
        for what, document in documents.items():
            yield Hostile(what, self._post(document), "unreadable")

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        root = forms.read_xml(reply, "text/xml")
        require(root.tag == f"{{{SOAP}}}Envelope", Phrase("its root is <{tag}>", tag=root.tag))
        bodies = root.findall(f"{{{SOAP}}}Body")
        require(
            len(bodies) == 1 and len(bodies[0]) == 1,
            Phrase("there is not one Body with one element"),
        )
        (content,) = bodies[0]
        if content.tag == f"{{{SOAP}}}Fault":
            require(
                reply.status == 500, Phrase("a Fault comes with HTTP {status}", status=reply.status)
            )
            wanted = ["faultcode", "faultstring"]
            require(
                [part.tag for part in content][:2] == wanted, Phrase("it is no Fault of SOAP 1.1")
            )
            return Reading("Fault")
        require(
            reply.status == 200, Phrase("HTTP {status} comes without a Fault", status=reply.status)
        )
        return self._read_result(step, content)

    def _read_result(self, step: Step, content: Element) -> Reading:
        method = self.acts[step.act]
        require(
            content.tag == f"{{{OURS}}}{method}Result", Phrase("it is <{tag}>", tag=content.tag)
        )
        tags = [part.tag for part in content]
        head = ["errorMsg", "status", "timeStamp"]
        rest = [tag for tag in tags[3:] if tag not in MAY_REPEAT]
        wanted = [tag for tag in CHILDREN[method] if tag not in MAY_REPEAT]
        require(tags[:3] == head and rest == wanted, Phrase("its elements are {tags}", tags=tags))
        code, stamp = content.findtext("status", ""), content.findtext("timeStamp", "")
        require(
            DATE_TIME.fullmatch(stamp),
            Phrase("timeStamp is {stamp!r}, no xs:dateTime with offset", stamp=stamp),
        )
        if step.act == "check":
            return self._read_check(code, content)
        if step.act == "statement":
            return Reading(code, listed=_listed(content))
        if step.act == "password":
            return Reading(code)
        state = STATES[content.findtext("transactionState", "0")]
        if code not in (self.code(step.act, "ok"), self.code(step.act, "duplicate_same")):
            return Reading(code, state=state)
        receipt = {"cancelled" if state == "cancelled" else "time": stamp}
        if step.act != "cancel":
            receipt["number"] = str(int(content.findtext("providerTrnId", "")))
        return Reading(code, receipt, state=state)

    def _read_check(self, code: str, content: Element) -> Reading:
        pairs = {
            pair.findtext("paramKey"): pair.findtext("paramValue")
            for pair in content.iterfind("parameters")
        }
        if code != self.codes["ok"]:
            require(not pairs, Phrase("a refusal carries data"))
            return Reading(code)
        labels = {self.bank.labels[word] for word in self.bank.show}
        require(pairs.keys() == labels, Phrase("it shows {value}", value=[*pairs]))
        shown = {word: pairs[self.bank.labels[word]] or "" for word in self.bank.show}
        debt = forms.tiyin(int(shown["debt"])) if "debt" in shown else None
        return Reading(code, debt=debt, name=shown.get("name"))

    def _document(self, step: Step) -> str:
        content = "".join(self._arguments(step))
        schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        method = self._method(step)
        arguments = [
            f'<ns1:{name} xmlns:ns1="{OURS}" {schema} xsi:type="ns1:{name}">{content}</ns1:{name}>'
            for name in method
        ]
        body = f"<soapenv:Body>{''.join(arguments)}</soapenv:Body>"
        return f'<soapenv:Envelope xmlns:soapenv="{SOAP}">{body}</soapenv:Envelope>'

    def _method(self, step: Step) -> list[str]:
        return [f"{name}Arguments" for _, name in self.member("act", "act", step)]

    def _arguments(self, step: Step) -> Iterator[str]:
        password = self.bank.password[-1].decode() if self.bank.password else ""
        wrong = {proof: "x" for proof in ("wrong password", "wrong user") if step.proof == proof}
        if step.proof != "no password":
            yield _element("password", password + wrong.get("wrong password", ""))
            yield _element("username", self.bank.username + wrong.get("wrong user", ""))
        if step.act == "pay":
            yield from self._child("amount", "sum", step)
        if step.act == "statement":
            yield _element("dateFrom", text_of(step.at)) + _element(
                "dateTo", text_of(step.until or step.at)
            )
        if step.act in ("check", "pay"):
            yield _parameter("terminal_id", "4075745")
            for _, account in self.member("account", "account", step):
                yield _parameter(self.bank.own["account_field"], account)
        if step.act == "password":
            yield from self._child("newPassword", "password", step)
            return
        yield from self._child("serviceId", "service", step)
        if step.act in ("pay", "status", "cancel"):
            yield from self._child("transactionId", "id", step)
            yield from self._child("transactionTime", "time", step)
        yield from (_element(name, text) for name, text in step.extra)

    def _child(self, name: str, slot: Slot, step: Step) -> Iterator[str]:
        yield from (_element(name, text) for _, text in self.member(name, slot, step))

    def _wrong_times(self, step: Step) -> Iterator[str]:
        impossible = ("2026-02-30T12:00:00", "2026-03-16T24:30:00", "16.03.2026 12:00:00")
        for text in wrong_dates(text_of(step.at), *impossible):
            if text == text.strip():  # blanks around it are cut off
                yield text

    def _post(self, document: str | bytes) -> Request:
        raw = document if isinstance(document, bytes) else document.encode()
        return Request(body=raw, content_type="text/xml")


def text_of(at: datetime) -> str:
    """A date as they write it, without an offset."""
    return f"{at:%Y-%m-%dT%H:%M:%S}"


def _element(name: str, text: Any) -> str:
    return f"<{name}>{escape(str(text))}</{name}>"


def _parameter(key: str, value: Any) -> str:
    return f"<parameters>{_element('paramKey', key)}{_element('paramValue', value)}</parameters>"


def _listed(content: Element) -> dict[str, Decimal]:
    rows = [{part.tag: part.text or "" for part in row} for row in content.iterfind("statements")]
    listed = {row["transactionId"]: forms.tiyin(int(row["amount"])) for row in rows}
    require(len(listed) == len(rows), Phrase("a payment stands twice"))
    return listed


SIMULATOR = PaynetSoap
