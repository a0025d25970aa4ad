"""The bank's side of mbank.md: MBANK and Mobilnik, XML QE11 and QE10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr  # writes only

from callback.conform import forms
from callback.conform.player import Hostile, Sheet, TextPlayer
from callback.conform.words import ABSENT, Heard, Request, require
from callback.conform.xml_player import hostile_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from callback.conform.words import Ask, Reply, Slot

SHEET = Sheet(
    name="mbank.md",
    sections={
        "proof": "2",
        "transport": "2",
        "request": "3",
        "order": "4",
        "answers": "5",
        "codes": "6",
        "repeats": "8",
    },
    codes={
        "check.ok": "200",
        "pay.ok": "250",
        "pay.duplicate_same": "250",
        "unknown_account": "420",
        "bad_account": "420",
        "account_closed": "420",
        "account_blocked": "420",
        "already_paid": "421",
        "duplicate_other": "421",
        "sum_too_large": "422",
        "sum_too_small": "423",
        "temporary": "424",
        "bad_request": "401",
        "bad_sum": "401",
        "bad_id": "401",
        "bad_date": "401",
        "unknown_command": "401",
    },
    acts={"check": "QE11", "pay": "QE10"},
    unknown_acts=("QE99", "qe10", "PR09", "QE10 ", "", ABSENT),
    slots={
        "check": ("act", "id", "time", "account", "sum"),
        "pay": ("act", "id", "time", "account", "sum"),
    },
    optional_in_check=("id", "time", "sum"),
    repeat_first=("time",),
    wrong_methods=("GET", "HEAD", "PUT", "DELETE"),
    wrong_ids=("a b", " a", "a\n", "ключ", "x" * 65),
    impossible_dates=("2026-02-30 12:00:00", "2026-03-16T12:00:00", "16.03.2026 12:00:00"),
    absent={"account": "bad_request"},
    floor=True,
    exact_invoice=True,
)
HEAD = ("DTS", "QM", "QID", "OP")


class Mbank(TextPlayer):
    """MBANK, Mobilnik, OSPP.KG."""

    SHEET = SHEET

    def value(self, slot: Slot, ask: Ask) -> Any:
        """Section 3."""
        return f"{ask.at:%Y-%m-%d %H:%M:%S}" if slot == "time" else super().value(slot, ask)

    def malformed(self, slot: Slot, ask: Ask, probe: Decimal) -> Iterator[Any]:
        """XML has no place for some characters: such a text is no document."""
        for value in super().malformed(slot, ask, probe):
            if "\0" not in value:
                yield value

    def request(self, ask: Ask) -> Request:
        """A document."""
        return self._post(f'<?xml version="1.0" encoding="utf-8"?>\n{self._document(ask)}')

    def hostile(self, ask: Ask) -> Iterator[Hostile]:
        """Section 4, step 2."""
        good = self._document(ask)
        head, body = good.partition("<BODY")[0], "<BODY" + good.partition("<BODY")[2]
        for what, document in hostile_documents(good):
            yield Hostile(what, self._post(document))
        yield Hostile("an empty body", self._post(""))
        yield Hostile("no BODY", self._post(f"{head}</XML>"))
        yield Hostile("two BODY", self._post(head + body.replace("</XML>", "") + body))
        yield Hostile("another root", self._post(good.replace("XML>", "XML2>")))
        amp = good.replace(quoteattr(ask.account), '"&a;"')
        entity = f'<!DOCTYPE XML [<!ENTITY a "{ask.account}">]>{amp}'
        yield Hostile("an account by an entity", self._post(entity))

    def hear(self, ask: Ask, reply: Reply) -> Heard:
        """Section 5."""
        root = forms.read_xml(reply, "application/xml")
        require(root.tag == "XML", f"its root is <{root.tag}>")
        require([child.tag for child in root] == ["HEAD", "BODY"], "it is not one HEAD, one BODY")
        head, body = root[0].attrib, root[1].attrib
        require(all(name in head for name in HEAD), "HEAD has not DTS, QM, QID and OP")
        echo = ask.id if "id" not in ask.change else ""
        require(head["QID"] in (echo, ""), f"QID is {head['QID']!r}")
        code = body.get("STATUS", "")
        if code != self.code(ask.act, "ok"):
            require(set(body) == {"STATUS", "ERR_MSG"}, "a refusal is not STATUS and ERR_MSG")
            return Heard(code)
        require("MSG" in body, "there is no MSG")
        if ask.act == "check":
            shown = "debt" in self.bank.show
            return Heard(code, debt=forms.money(body.get("SUM")) if shown else None)
        require(forms.money(body.get("SUM")) == ask.sum, f"SUM is not {ask.sum:.2f}")
        return Heard(code, {"sum": body["SUM"]})

    def _document(self, ask: Ask) -> str:
        head = [*self.member("DTS", "time", ask)]
        head += [("QM", qm) for qm in self.bank.own["qm"][:1]]
        head += [*self.member("QID", "id", ask), *self.member("OP", "act", ask)]
        body = [*self.member("PARAM1", "account", ask), *self.member("SUM", "sum", ask)]
        if self.bank.own["service_id"]:
            body.append(("SERVICE_ID", self.bank.own["service_id"]))
        # An attribute given twice is no XML, even when nobody knows it.
        body += dict(ask.extra).items()
        return f"<XML><HEAD {_attributes(head)}/><BODY {_attributes(body)}/></XML>"

    def _post(self, document: str | bytes) -> Request:
        raw = document if isinstance(document, bytes) else document.encode()
        return Request(body=raw, content_type="application/xml")


def _attributes(pairs: forms.Pairs) -> str:
    return " ".join(f"{name}={quoteattr(value)}" for name, value in pairs)
