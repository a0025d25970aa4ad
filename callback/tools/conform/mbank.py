"""The bank's side of mbank.md: MBANK and Mobilnik, XML QE11 and QE10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr  # writes only

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, TWICE, Reading, Request, require
from callback.tools.conform.simulator import QUERY_ORDER, Hostile, Sheet, TextSimulator
from callback.tools.conform.xml_simulator import hostile_documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from callback.tools.conform.model import Reply, Slot, Step

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
        "payment_cancelled": "421",
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
    ignored_in_check=("id", "time", "sum"),
    repeat_first=("time",),
    order=QUERY_ORDER,
    ids_have_letters=True,
    longest_id=64,
    any_type=True,
    wrong_methods=("GET", "HEAD", "PUT", "DELETE"),
    wrong_ids=("a b", " a", "a\n", "ключ", "x" * 65),
    impossible_dates=("2026-02-30 12:00:00", "2026-03-16T12:00:00", "16.03.2026 12:00:00"),
    absent={"account": "bad_request"},
    floor=True,
    exact_invoice=True,
)
HEAD = ("DTS", "QM", "QID", "OP")


class Mbank(TextSimulator):
    """MBANK, Mobilnik, OSPP.KG."""

    SHEET = SHEET

    def value(self, slot: Slot, step: Step) -> Any:
        """Section 3."""
        return f"{step.at:%Y-%m-%d %H:%M:%S}" if slot == "time" else super().value(slot, step)

    def malformed(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[Any]:
        """XML has no place for some characters: such a text is no document."""
        for value in super().malformed(slot, step, probe):
            if "\0" not in value:
                yield value

    def echo(self, step: Step) -> str:
        """An attribute given twice is no XML: nothing of it is read."""
        return "" if TWICE in step.change.values() else super().echo(step)

    def request(self, step: Step) -> Request:
        """A document."""
        return self._post(f'<?xml version="1.0" encoding="utf-8"?>\n{self._document(step)}')

    def hostile(self, step: Step) -> Iterator[Hostile]:
        """Section 4, step 2."""
        good = self._document(step)
        head, body = good.partition("<BODY")[0], "<BODY" + good.partition("<BODY")[2]
        for what, document in hostile_documents(good):
            yield Hostile(what, self._post(document))
        yield Hostile("an empty body", self._post(""))
        yield Hostile("no BODY", self._post(f"{head}</XML>"))
        yield Hostile("two BODY", self._post(head + body.replace("</XML>", "") + body))
        yield Hostile("another root", self._post(good.replace("XML>", "XML2>")))
        amp = good.replace(quoteattr(step.account), '"&a;"')
        entity = f'<!DOCTYPE XML [<!ENTITY a "{step.account}">]>{amp}'
        yield Hostile("an account by an entity", self._post(entity))

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        root = forms.read_xml(reply, "application/xml")
        require(root.tag == "XML", Phrase("its root is <{tag}>", tag=root.tag))
        require(
            [child.tag for child in root] == ["HEAD", "BODY"],
            Phrase("it is not one HEAD, one BODY"),
        )
        head, body = root[0].attrib, root[1].attrib
        require(all(name in head for name in HEAD), Phrase("HEAD has not DTS, QM, QID and OP"))
        require(head["QID"] == self.echo(step), Phrase("QID is {QID!r}", QID=head["QID"]))
        code = body.get("STATUS", "")
        if code != self.code(step.act, "ok"):
            require(
                set(body) == {"STATUS", "ERR_MSG"}, Phrase("a refusal is not STATUS and ERR_MSG")
            )
            return Reading(code)
        require("MSG" in body, Phrase("there is no MSG"))
        if step.act == "check":
            debt = forms.money(body.get("SUM")) if "debt" in self.bank.show else None
            return Reading(code, debt=debt, name=self._name(body))
        require(
            forms.money(body.get("SUM")) == step.sum, Phrase("SUM is not {sum:.2f}", sum=step.sum)
        )
        return Reading(code, {"sum": body["SUM"]})

    def _name(self, body: Mapping[str, str]) -> str | None:
        """The words of `show` besides the debt are requisites, numbered in their order."""
        words = [word for word in self.bank.show if word != "debt"]
        texts = [body[name] for name in body if name.startswith("REQUISITE")]
        require(len(texts) == len(words), Phrase("REQUISITE1… are not those of `show`"))
        for at, word in enumerate(words, start=1):
            label = f"{self.bank.labels[word]}: "
            text = body.get(f"REQUISITE{at}", "")
            require(
                text.startswith(label),
                Phrase("REQUISITE{at} does not begin with {label}", at=at, label=label),
            )
            if word == "name":
                return text.removeprefix(label)
        return None

    def _document(self, step: Step) -> str:
        head = [*self.member("DTS", "time", step)]
        head += [("QM", qm) for qm in self.bank.own["qm"][:1]]
        head += [*self.member("QID", "id", step), *self.member("OP", "act", step)]
        body = [*self.member("PARAM1", "account", step), *self.member("SUM", "sum", step)]
        if self.bank.own["service_id"]:
            body.append(("SERVICE_ID", self.bank.own["service_id"]))
        # An attribute given twice is no XML, even when nobody knows it.
        body += dict(step.extra).items()
        return f"<XML><HEAD {_attributes(head)}/><BODY {_attributes(body)}/></XML>"

    def _post(self, document: str | bytes) -> Request:
        raw = document if isinstance(document, bytes) else document.encode()
        return Request(body=raw, content_type="application/xml")


def _attributes(pairs: forms.Pairs) -> str:
    return " ".join(f"{name}={quoteattr(value)}" for name, value in pairs)


SIMULATOR = Mbank
