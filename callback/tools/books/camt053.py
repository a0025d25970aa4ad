"""Reading a statement of account in ISO 20022's camt.053 (registers.md, section 5).

Of any version: names of elements are compared without their namespace. The file is read entry by
entry, so a long one takes little memory; entities and document types are refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from callback.layouts import ISO
from callback.phrase import Phrase
from callback.tools.books import purpose, reading
from callback.tools.books.credits import (
    Credit,
    check_currency,
    counted,
    derived,
    judge,
    neither,
    no_payment,
    refund,
    whole_cents,
)
from callback.tools.books.entry import Entry, Register, RegisterError, Remark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from callback.bank import Bank

ROOT = ["Document", "BkToCstmrStmt", "Stmt"]
DEEPEST = 40  # levels; a statement has about 12
CHUNK = 1 << 16

CODE, SUM, CURRENCY, SIGN = "Tp/CdOrPrtry/Cd", "Amt", "Amt@Ccy", "CdtDbtInd"
DATES = ("BookgDt/DtTm", "BookgDt/Dt", "ValDt/DtTm", "ValDt/Dt")
BALANCE_DAYS = ("Dt/Dt", "Dt/DtTm")
FROM, TO = "FrDtTm", "ToDtTm"  # in FrToDt
MILLISECOND = timedelta(milliseconds=1)
STATES = ("Sts", "Sts/Cd")
ENTRY = ("AcctSvcrRef", "NtryRef")
PAYER = ("RltdPties/DbtrAcct/Id/IBAN", "RltdPties/DbtrAcct/Id/Othr/Id")
REFERENCES = ("Refs/AcctSvcrRef", "Refs/TxId", "Refs/EndToEndId", "Refs/InstrId")
SUMS_OF_DETAILS = ("Amt", "AmtDtls/TxAmt/Amt")
LINES = "RmtInf/Ustrd"
TEXTS = (LINES, "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/AddtlRmtInf")
REMARKS = ("AddtlTxInf", "AddtlNtryInf")  # of the bank; where the payer says nothing
KNOWN = {
    *(FROM, TO, *BALANCE_DAYS),
    *(CODE, SUM, CURRENCY, SIGN, *DATES, *STATES, *ENTRY, "RvslInd", *PAYER, *REFERENCES),
    *(*SUMS_OF_DETAILS, *TEXTS, *REMARKS),
}
OPENING, CLOSING = ("OPBD", "PRCD", "ITBD"), ("CLBD", "ITBD")
IN, OUT, BOOKED, REVERSED = "CRDT", "DBIT", "BOOK", ("true", "1")
NO_REFERENCE = ("NOTPROVIDED", "NONREF")
MONEY = re.compile("[0-9]{1,12}([.][0-9]{1,5})?")

Fields = defaultdict[str, list[str]]


class Group(NamedTuple):
    """What stands directly in a statement: a balance, an entry with its details; "": its end."""

    name: str
    fields: Fields
    details: list[Fields]


class Statement:
    """One statement, as far as it has been read."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        self._balances: defaultdict[str, list[Decimal]] = defaultdict(list)
        self._moved = Decimal(0)
        self.number = 0
        self.entries: list[Entry] = []
        self.remarks: list[Remark] = []
        self.days: list[date] = []  # the first and the last that it is of

    def take(self, group: Group) -> None:
        """Take a balance or an entry; RegisterError."""
        try:
            if group.name == "Bal":
                code = _first(group.fields, CODE)
                self._balances[code].append(self._signed(group.fields))
                if code in CLOSING:
                    self.days += self._dates(group.fields, *BALANCE_DAYS)
            elif group.name == "FrToDt":
                self.days += self._period(group.fields)
            elif group.name == "Ntry":
                self.number += 1
                self._add(self._judgements(group))
        except ValueError as error:
            detail = purpose.shortened(Phrase("{name}: {why}", name=group.name, why=error))
            self._add([Remark("rejected", self.number, detail)])

    def end(self) -> None:
        """Look whether the balances agree, and begin the next one; RegisterError."""
        opening = next((self._balances[code][0] for code in OPENING if self._balances[code]), None)
        closing = next((self._balances[code][-1] for code in CLOSING if self._balances[code]), None)
        if opening is None or closing is None:
            raise RegisterError(Phrase("a statement without opening or closing balance"))
        rejected = any(remark.name == "rejected" for remark in self.remarks)
        if opening + self._moved != closing and not rejected:
            raise RegisterError(
                Phrase(
                    "{closing:.2f} by the closing balance, {opening:.2f} by the opening one and "
                    "the entries",
                    closing=closing,
                    opening=opening + self._moved,
                )
            )
        self._balances.clear()
        self._moved = Decimal(0)

    def _period(self, fields: Fields) -> list[date]:
        first, last = (_first(fields, name) for name in (FROM, TO))
        if not (first and last):
            return self._dates(fields, FROM, TO)
        start, end = (_moment(text, self._bank) for text in (first, last))
        # A day may end with the midnight behind it.
        return [start.date(), max(start, end - MILLISECOND).date()]

    def _dates(self, fields: Fields, *names: str) -> list[date]:
        text = _first(fields, *names)
        return [_moment(text, self._bank).date()] if text else []

    def _add(self, judgements: list[Entry | Remark]) -> None:
        self.entries += [judgement for judgement in judgements if isinstance(judgement, Entry)]
        self.remarks += [judgement for judgement in judgements if isinstance(judgement, Remark)]

    def _signed(self, fields: Fields) -> Decimal:
        """A sum that is negative when it is a debit; ValueError, RegisterError."""
        check_currency(_first(fields, CURRENCY), self._bank, f"entry {self.number}")
        sign = _first(fields, SIGN)
        if sign not in (IN, OUT):
            raise ValueError(
                Phrase("neither {income} nor {outgo}: {sign!r}", income=IN, outgo=OUT, sign=sign)
            )
        amount = _amount(_first(fields, SUM))
        return amount if sign == IN else -amount

    def _judgements(self, group: Group) -> list[Entry | Remark]:
        """Make of an entry what is to be compared; ValueError."""
        fields = group.fields
        state, text = _first(fields, *STATES), _text(fields, *group.details)
        if state != BOOKED:
            return [no_payment(self.number, f"{state}: {text}")]
        amount = self._signed(fields)
        self._moved += amount
        reversal = _first(fields, "RvslInd") in REVERSED
        if not amount or (amount < 0 and not reversal):
            return [no_payment(self.number, text)]
        paid_at = _moment(_first(fields, *DATES), self._bank)
        credits = [
            Credit(
                self.number,
                _origin(fields, details, paid_at),
                part,
                paid_at,
                _text(fields, details),
            )
            for details, part in _parts(group, abs(amount))
        ]
        whole = Entry(self.number, credits[0].origin, "", abs(amount), paid_at)
        if reversal:
            remark = neither if amount > 0 else refund
            return [remark(self.number, Phrase("a reversal; {text}", text=text), whole)]
        if sum(credit.amount for credit in credits) != amount:
            detail = Phrase("its details do not come to it; {text}", text=text)
            return [Remark("no clear number", self.number, purpose.shortened(detail), whole)]
        return [judge(credit, self._bank.register) for credit in credits]


def read(raw: bytes, bank: Bank) -> Register:
    """Read the payments of a statement; RegisterError when it is refused as a whole.

    The lines of entries and remarks are the numbers of the file's entries: XML has no lines.
    """
    statement, number = Statement(bank), 0
    for group in _groups(raw):
        if group.name:
            statement.take(group)
        else:
            number += 1
            statement.end()
    if not number:
        raise RegisterError(Phrase("not a statement in camt.053: no {root}", root="/".join(ROOT)))
    return Register(list(counted(statement.entries)), statement.remarks, tuple(statement.days))


# --- Entries ---


def _parts(group: Group, whole: Decimal) -> Iterator[tuple[Fields, Decimal]]:
    """The details of an entry with their sums; one without details, or with one, is the whole."""
    if len(group.details) < 2:
        yield (group.details or [Fields(list)])[0], whole
        return
    for details in group.details:
        other_way = _first(details, SIGN) not in ("", _first(group.fields, SIGN))
        amount = _amount(_first(details, *SUMS_OF_DETAILS) or "0")
        yield details, -amount if other_way else amount


def _origin(fields: Fields, details: Fields, paid_at: datetime) -> str:
    own = [_first(details, name) for name in REFERENCES]
    theirs = [_first(fields, name) for name in ENTRY]
    reference = next((text for text in own + theirs if text and text not in NO_REFERENCE), "")
    return derived(_first(details, *PAYER), reference, f"{paid_at:%Y%m%d}")


def _text(fields: Fields, *details: Fields) -> str:
    """What the payer wrote, else what the bank did."""
    texts = ["\n".join(part[name]) for part in details for name in TEXTS if part.get(name)]
    if not texts:
        texts = [_first(part, *REMARKS) for part in (*details, fields)]
    return " ".join(filter(None, texts))


def _amount(text: str) -> Decimal:
    if not MONEY.fullmatch(text):
        raise ValueError(Phrase("not a sum: {text!r}", text=text))
    return whole_cents(Decimal(text))


def _moment(text: str, bank: Bank) -> datetime:
    """A date, which is its midnight, or a date and time, in the bank's zone; ValueError."""
    return reading.moment(text if "T" in text else text[:10], ISO, bank.timezone)


def _first(fields: Fields, *names: str) -> str:
    return next((fields[name][0] for name in names if fields.get(name)), "")


# --- XML ---


def _groups(raw: bytes) -> Iterator[Group]:
    """Yield what stands in the statements, one after the other; RegisterError."""
    handler = Handler()
    parser = DefusedXMLParser(target=handler, forbid_dtd=True)
    try:
        for start in range(0, len(raw), CHUNK):
            parser.feed(raw[start : start + CHUNK])
            yield from handler.drained()
        parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise RegisterError(Phrase("not a readable XML file: {error}", error=error)) from error
    yield from handler.drained()


class Handler:
    """Hears of the elements of a file, and keeps the texts that matter."""

    def __init__(self) -> None:
        self._path: list[str] = []
        self._text: list[str] = []
        self._group = Group("", Fields(list), [])
        self._groups: list[Group] = []

    def drained(self) -> list[Group]:
        """What has been heard of since the last time."""
        groups, self._groups = self._groups, []
        return groups

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._path.append(tag.rpartition("}")[2])
        self._text = []
        if len(self._path) > DEEPEST:
            raise ValueError(Phrase("more than {most} elements within each other", most=DEEPEST))
        if len(self._path) == len(ROOT) + 1:
            self._group = Group(self._path[-1], Fields(list), [])
        elif self._path[len(ROOT) + 1 :] == ["NtryDtls", "TxDtls"]:
            self._group.details.append(Fields(list))
        if "Ccy" in attributes:
            self._keep("@Ccy", attributes["Ccy"])

    def data(self, text: str) -> None:
        """Text of an element."""
        self._text.append(text)

    def end(self, _: str) -> None:
        """An element ends."""
        self._keep("", "".join(self._text).strip())
        self._text = []
        if self._path[: len(ROOT)] == ROOT and len(self._path) <= len(ROOT) + 1:
            is_end = len(self._path) == len(ROOT)
            self._groups.append(Group("", Fields(list), []) if is_end else self._group)
        self._path.pop()

    def close(self) -> None:
        """The file ends."""

    def _keep(self, attribute: str, text: str) -> None:
        path = self._path[len(ROOT) + 1 :]
        inner = path[:2] == ["NtryDtls", "TxDtls"] and self._group.details
        name = "/".join(path[2:] if inner else path) + attribute
        if text and name in KNOWN:
            (self._group.details[-1] if inner else self._group.fields)[name].append(text)
