"""The bank's side of usmp.md: USMP, City-Pay, Payberry, and RNCB with names of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback.phrase import Phrase
from callback.tools.conform import forms
from callback.tools.conform.model import ABSENT, Reading, require
from callback.tools.conform.simulator import EVERY_WAY, QUERY_ORDER, QuerySimulator, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal
    from xml.etree.ElementTree import Element

    from callback.tools.conform.model import Reply, Slot, Step

SECTIONS = {
    "proof": "2",
    "transport": "2",
    "request": "3",
    "order": "4",
    "answers": "5",
    "codes": "6",
    "repeats": "7",
    "cancel": "8",
}
SHEET = Sheet(
    name="usmp.md",
    sections=SECTIONS,
    codes={
        "ok": "0",
        "duplicate_same": "0",
        "temporary": "1",
        "bad_account": "3",
        "unknown_account": "21",
        "account_blocked": "22",
        "already_paid": "22",
        "payment_cancelled": "22",
        "cancel_refused": "22",
        "payment_not_found": "22",
        "account_closed": "24",
        "sum_too_small": "241",
        "sum_too_large": "242",
        "bad_sum": "299",
        "bad_id": "299",
        "bad_date": "299",
        "too_many_payments": "299",
        "bad_request": "299",
        "bad_service": "299",
        "unknown_command": "299",
        "duplicate_other": "299",
    },
    acts={"check": "check", "pay": "pay", "cancel": "cancel", "statement": "report"},
    unknown_acts=("PAY", "pay ", "report", "", ABSENT),
    names={
        "act": "QueryType",
        "id": "TransactionId",
        "account": "Account",
        "sum": "Amount",
        "time": "TransactionDate",
        "number": "RevertId",
        "service": "PayElementId",
    },
    slots={
        "check": ("act", "id", "account", "service"),
        "pay": ("act", "id", "account", "sum", "time", "service"),
        "cancel": ("act", "id", "number"),
    },
    optional_in_check=("id",),
    ignored_in_check=("sum", "time"),
    repeat_first=("time", "service"),
    malformed_is_other=("account",),
    order=("twice", "act", "id", "service", *QUERY_ORDER[3:]),
    longest_id=20,
    bounded_years=True,
    by_post=EVERY_WAY,
    impossible_dates=("20260230120000", "20261103241500", "00000000000000", "2026-11-03"),
    absent={"account": "bad_request"},
)
REFUSALS = dict.fromkeys(SHEET.codes.keys() - {"ok", "duplicate_same", "temporary"}, "1")
RNCB = Sheet(
    name="usmp.md",
    sections={topic: "14" for topic in SECTIONS if topic != "proof"} | {"proof": "2"},
    codes=REFUSALS | {"ok": "0", "duplicate_same": "10"},
    acts={"check": "check", "pay": "pay", "statement": "balance"},
    unknown_acts=("PAY", "pay ", "cancel", "", ABSENT),
    names={
        "act": "QueryType",
        "id": "Payment_id",
        "account": "Account",
        "sum": "Summa",
        "time": "Exec_date",
    },
    slots={"check": ("act", "account"), "pay": ("act", "account", "id", "sum", "time")},
    ignored_in_check=("sum", "time"),
    optional_in_pay=("time",),
    repeat_first=("time",),
    malformed_is_other=("account",),
    order=QUERY_ORDER,
    longest_id=20,
    bounded_years=True,
    by_post=EVERY_WAY,
    impossible_dates=SHEET.impossible_dates,
)
ROOTS = {"check": "CHECKRESPONSE", "pay": "PAYRESPONSE", "statement": "BALANCERESPONSE"}
SHOWN = {"name": "FIO", "address": "ADDRESS", "debt": "BALANCE"}


class Usmp(QuerySimulator):
    """USMP and its relatives."""

    SHEET = SHEET
    SHEETS_BY_FORM = {"rncb": RNCB}  # noqa: RUF012 - a table

    def refunds(self) -> bool:
        """Section 8."""
        return bool(self.bank.own["cancel"]) and "cancel" in self.acts

    def slots(self) -> tuple[Slot, ...]:
        """PayElementId is looked at where it is agreed."""
        slots = self.SHEET.slots["pay"]
        return tuple(slot for slot in slots if slot != "service" or self.bank.own["pay_element"])

    def fields(self, step: Step) -> forms.Pairs:
        """A report is two dates, without a command in USMP."""
        if step.act == "statement":
            return [*self._span(step), *step.extra]
        pairs = super().fields(step)
        if step.act == "pay" and self._is_usmp():
            pairs.append(("AmountSum", f"{step.sum + 1:.2f}"))  # what the payer gave: not ours
        named = self.bank.own["pay_element"] or self.bank.service
        return pairs if named else [*filter(_no_service, pairs)]

    def service(self) -> forms.Pairs:
        """RNCB has no such parameter of its own."""
        pairs = [("PayElementId", self.bank.service)]
        return pairs if self.bank.service and not self._is_usmp() else []

    def value(self, slot: Slot, step: Step) -> Any:
        """A cancel has an id of its own, which is made of the payment's."""
        if slot == "time":
            return f"{step.at:%Y%m%d%H%M%S}"
        if slot == "service":
            return next(iter(self.bank.own["pay_element"]), "")
        if step.act == "cancel" and slot in ("id", "number"):
            names_it = (self.bank.own["cancel"] or "RevertId") == self.SHEET.names[slot]
            return step.id if names_it else f"9{step.id}"
        return super().value(slot, step)

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Another service than ours; and RNCB need not send a date."""
        if slot == "service":
            yield from ((text, "bad_service") for text in ("0", "x", "", ABSENT))
        for value, outcome in super().wrong(slot, step, probe):
            lacks = value is ABSENT or value == ""
            if not (lacks and slot in self.optional_in_pay()):
                yield value, outcome

    def echo(self, step: Step) -> str:
        """A report has no id."""
        return "" if step.act == "statement" else super().echo(step)

    def read(self, step: Step, reply: Reply) -> Reading:
        """Section 5, or 14."""
        root = forms.read_xml(reply, "text/xml")
        return self._read_usmp(step, root) if self._is_usmp() else self._read_rncb(step, root)

    def _is_usmp(self) -> bool:
        return bool(self.bank.own["form"] == "usmp")

    def _span(self, step: Step) -> Iterator[tuple[str, str]]:
        names = ("CheckDateBegin", "CheckDateEnd") if self._is_usmp() else ("DateFrom", "DateTo")
        if not self._is_usmp():
            yield ("QueryType", "balance")
        for name, at in zip(names, (step.at, step.until or step.at), strict=True):
            yield name, f"{at:%Y%m%d%H%M%S}"

    def _read_usmp(self, step: Step, root: Element) -> Reading:
        if step.act == "statement" and root.find("ResultCode") is None:
            return Reading(self.codes["ok"], listed=_listed(root))
        texts = forms.texts(root, "Response")
        code = texts.get("ResultCode", "")
        require("TransactionId" in texts, Phrase("there is no <TransactionId>"))
        require(
            texts["TransactionId"] == self.echo(step),
            Phrase("<TransactionId> is not the request's"),
        )
        require("Comment" in texts, Phrase("there is no <Comment>"))
        if code != self.code(step.act, "ok"):
            data = texts.keys() - {"TransactionId", "ResultCode", "Comment"}
            require(not data, Phrase("a refusal carries data"))
            return Reading(code)
        if step.act == "check":
            return self._shown(code, root)
        number, amount = texts.get("TransactionExt", ""), texts.get("Amount")
        require(number.isdecimal(), Phrase("<TransactionExt> is not a number"))
        require(forms.money(amount) == step.sum, Phrase("<Amount> is not {sum:.2f}", sum=step.sum))
        return Reading(code, {"number": number, "sum": str(amount)})

    def _shown(self, code: str, root: Element) -> Reading:
        fields = [*root.iterfind("Fields/")]
        labels = [self.bank.labels[word] for word in self.bank.show]
        wanted = [(f"field{at}", label) for at, label in enumerate(labels, start=1)]
        titles = [(field.tag, field.get("name")) for field in fields]
        require(titles == wanted, Phrase("<Fields> has not {labels}", labels=labels))
        texts = dict(zip(self.bank.show, (field.text or "" for field in fields), strict=True))
        debt = forms.money(texts["debt"]) if "debt" in texts else None
        return Reading(code, debt=debt, name=texts.get("name"))

    def _read_rncb(self, step: Step, root: Element) -> Reading:
        # A refusal of what was not understood, or not read at all, looks like one of a check.
        unread = root.tag == ROOTS["check"] and root.findtext("ERROR") != self.codes["ok"]
        texts = forms.texts(root, ROOTS["check"] if unread else ROOTS[step.act])
        code = texts.pop("ERROR", "")
        if step.act == "statement" and code == self.codes["ok"]:
            return Reading(code, listed=_listed_rows(root))
        require("COMMENTS" in texts, Phrase("there is no <COMMENTS>"))
        data = texts.keys() - {"COMMENTS"}
        if self.word(step.act, code) != "done":
            require(not data, Phrase("a refusal carries data"))
            return Reading(code)
        if step.act == "check":
            require(
                data == {SHOWN[word] for word in self.bank.show},
                Phrase("it shows {data}", data=data),
            )
            balance = forms.money(texts["BALANCE"]) if "debt" in self.bank.show else None
            negative = balance is not None and self.bank.own["balance_sign"] == "account"
            debt = -balance if negative and balance else balance
            return Reading(code, debt=debt, name=texts.get("FIO"))
        number = texts.get("OUT_PAYMENT_ID", "")
        require(number.isdecimal(), Phrase("<OUT_PAYMENT_ID> is not a number"))
        return Reading(code, {"number": number})


def _no_service(pair: tuple[str, Any]) -> bool:
    return pair[0] != SHEET.names["service"]


def _listed(root: Element) -> dict[str, Decimal]:
    """Section 9."""
    require(root.tag == "Response", Phrase("its root is <{tag}>", tag=root.tag))
    rows = [forms.texts(row, "Payment") for row in root]
    wanted = {"TransactionId", "Account", "TransactionDate", "Amount"}
    require(all(row.keys() == wanted for row in rows), Phrase("a <Payment> has other elements"))
    require(
        len({row["TransactionId"] for row in rows}) == len(rows), Phrase("a payment stands twice")
    )
    return {row["TransactionId"]: forms.money(row["Amount"]) for row in rows}


def _listed_rows(root: Element) -> dict[str, Decimal]:
    """Section 14."""
    rows = [(row.text or "").split(";") for row in root.iterfind("PAYMENTS/PAYMENT_ROW")]
    require(all(len(row) == 5 for row in rows), Phrase("a <PAYMENT_ROW> has not five parts"))
    listed = {row[0]: forms.money(row[3]) for row in rows}
    require(len(listed) == len(rows), Phrase("a payment stands twice"))
    require(root.findtext("NUMBER_OF_PAYMENTS") == str(len(rows)), Phrase("they are not so many"))
    total = forms.money(root.findtext("FULL_SUMMA"))
    require(total == sum(listed.values()), Phrase("<FULL_SUMMA> is not their sum"))
    return listed


SIMULATOR = Usmp
