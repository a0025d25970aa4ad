"""The bank's side of osmp.md: QIWI and the OSMP family, Sberbank's protocol No.2 among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, require
from callback.tools.conform.simulator import EVERY_WAY, QUERY_ORDER, QuerySimulator, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal
    from xml.etree.ElementTree import Element

    from callback.bank import Bank
    from callback.tools.conform.model import Reply, Slot, Step

SHEET = Sheet(
    name="osmp.md",
    sections={
        "proof": "2",
        "transport": "2",
        "request": "3",
        "order": "4",
        "answers": "5",
        "codes": "6",
        "repeats": "7",
        "cancel": "8",
    },
    codes={
        "ok": "0",
        "duplicate_same": "0",
        "temporary": "1",
        "bad_account": "4",
        "unknown_account": "5",
        "account_blocked": "7",
        "already_paid": "7",
        "payment_cancelled": "7",
        "cancel_refused": "7",
        "account_closed": "79",
        "sum_too_small": "241",
        "sum_too_large": "242",
        "bad_id": "300",
        "bad_date": "300",
        "bad_sum": "300",
        "bad_request": "300",
        "unknown_command": "300",
        "duplicate_other": "300",
        "payment_not_found": "300",
    },
    acts={"check": "check", "pay": "pay"},
    unknown_acts=("PAY", "pay ", "refund", "", ABSENT),
    names={
        "act": "command",
        "id": "txn_id",
        "account": "account",
        "sum": "sum",
        "time": "txn_date",
        "number": "cancel_txn_id",
    },
    slots={
        "check": ("act", "id", "account", "sum"),
        "pay": ("act", "id", "account", "sum", "time"),
        "cancel": ("act", "id", "number"),
    },
    optional_in_check=("id", "sum"),
    ignored_in_check=("time",),
    repeat_first=("time",),
    malformed_is_other=("account",),
    order=QUERY_ORDER,
    longest_id=20,
    bounded_years=True,
    by_post=EVERY_WAY,
    impossible_dates=("20260230120000", "20261103241500", "00000000000000", "2026-11-03"),
    absent={"account": "bad_request"},
)
# sberbank.md, section 14.
SBERBANK_TAGS = {"name": "fio", "address": "address", "debt": "balance"}
DATA = {"prv_txn", "sum", "fields", "info", "ext_id", "reg_date", "fio", "address", "balance"}


class Osmp(QuerySimulator):
    """QIWI and its relatives."""

    SHEET = SHEET

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        if bank.own["cancel"]:
            self.acts["cancel"] = "cancel"

    def refunds(self) -> bool:
        """Section 8."""
        return "cancel" in self.acts

    def longest_id(self) -> int:
        """As long as the settings let it be."""
        return int(self.bank.own["txn_id_max"])

    def optional_in_pay(self) -> Sequence[Slot]:
        """Section 3, `txn_date`."""
        return ("time",) if self.bank.own["txn_date"] == "optional" else ()

    def malformed(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[Any]:
        """Also an id that is too long by the settings."""
        for value in super().malformed(slot, step, probe):
            yield "9" * (self.longest_id() + 1) if value == "9" * 21 else value

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """A date may lack, where the settings say so."""
        for value, outcome in super().wrong(slot, step, probe):
            if not (value is ABSENT and slot in self.optional_in_pay()):
                yield value, outcome

    def value(self, slot: Slot, step: Step) -> Any:
        """A cancel has an id of its own, which is made of the payment's."""
        if slot == "time":
            return f"{step.at:%Y%m%d%H%M%S}"
        if step.act == "cancel" and slot in ("id", "number"):
            return f"9{step.id}" if slot == "id" else step.id
        return super().value(slot, step)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5."""
        root = forms.read_xml(reply, "text/xml")
        texts = forms.texts(root, "response")
        code = texts.get("result", "")
        self._want_echo(step, texts)
        require("comment" in texts, Phrase("there is no <comment>"))
        if code != self.code(step.act, "ok"):
            require(not DATA & texts.keys(), Phrase("a refusal carries data"))
            return Reading(code)
        if step.act == "check":
            debt, name = self._shown(root)
            return Reading(code, debt=debt, name=name)
        return Reading(code, self._receipt(step, texts))

    def _want_echo(self, step: Step, texts: dict[str, str]) -> None:
        tag = self.bank.own["id_tag"]
        if not tag:
            require("osmp_txn_id" not in texts, Phrase("there is an <osmp_txn_id>"))
            return
        require(tag in texts, Phrase("there is no <{tag}>", tag=tag))
        echo = self.echo(step)
        require(
            texts[tag] == echo,
            Phrase("<{tag}> is {texts!r}, not {echo!r}", tag=tag, texts=texts[tag], echo=echo),
        )

    def _receipt(self, step: Step, texts: dict[str, str]) -> dict[str, str]:
        names = {"number": "prv_txn", "sum": "sum"}
        pays = step.act == "pay"
        if pays and self.bank.own["sberbank_tags"]:  # sberbank.md, section 14
            names |= {"ext_id": "ext_id", "time": "reg_date"}
        if pays and self.bank.own["date_tag"]:
            names["date"] = self.bank.own["date_tag"]
        for tag in names.values():
            require(texts.get(tag), Phrase("there is no <{tag}>", tag=tag))
        require(texts["prv_txn"].isdecimal(), Phrase("<prv_txn> is not a number"))
        require(
            forms.money(texts["sum"]) == step.sum, Phrase("<sum> is not {sum:.2f}", sum=step.sum)
        )
        return {name: texts[tag] for name, tag in names.items()}

    def _shown(self, root: Element) -> tuple[Decimal | None, str | None]:
        """The debt and the name, by `show`."""
        if self.bank.own["sberbank_tags"]:
            shown = {word: root.findtext(tag) for word, tag in SBERBANK_TAGS.items()}
        else:
            shown = self._fields(root)
        require(
            {word for word in shown if shown[word] is not None} == {*self.bank.show},
            Phrase("`show`"),
        )
        debt = forms.money(shown["debt"]) if "debt" in self.bank.show else None
        turned = self.bank.own["sberbank_tags"] and self.bank.own["balance_sign"] == "account"
        return (-debt if debt and turned else debt), shown.get("name")

    def _fields(self, root: Element) -> dict[str, str | None]:
        """In the order of `show`, numbered; or not numbered, where they are extras."""
        extra = self.bank.own["fields_form"] == "extra"
        outer, inner = ("info", "extra") if extra else ("fields", "field{}")
        fields = [(field.tag, field.get("name")) for field in root.iterfind(f"{outer}/")]
        wanted = [
            (inner.format(at), self.bank.labels[word])
            for at, word in enumerate(self.bank.show, start=1)
        ]
        require(
            fields == wanted,
            Phrase(
                "<{outer}> has {fields}, not {wanted}", outer=outer, fields=fields, wanted=wanted
            ),
        )
        texts = [field.text or "" for field in root.iterfind(f"{outer}/")]
        return dict(zip(self.bank.show, texts, strict=True))


SIMULATOR = Osmp
