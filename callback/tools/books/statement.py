"""Reading a statement of account in 1C's format of exchange (registers.md, section 5).

Banks of Kazakhstan write it in their own ways: keys and words of sections in any letter case, a
head without an encoding, a section of the account for every day, a purpose over several lines.
Both passes over a file read it line by line, so a long one takes little memory.
"""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from io import BytesIO, TextIOWrapper
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

from callback.phrase import Phrase
from callback.tools.books import purpose, reading, sums
from callback.tools.books.credits import (
    NEITHER,
    OLD_NAMES,
    REFUND,
    Credit,
    counted,
    derived,
    judge,
    neither,
    no_payment,
    refund,
)
from callback.tools.books.entry import Entry, Register, RegisterError, Remark, at_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from callback.bank import Bank
    from callback.layouts import RegisterLayout

# All keys and words of sections are compared in small letters.
FIRST, LAST = "1cclientbankexchange", "конецфайла"
OPENS, CLOSES = "секциядокумент", "конецдокумента"
SECTION = "секция"
WORDS = (SECTION, "конец")
# Of these the head has some, and by them it is seen in which encoding it reads as it should.
HEAD = {"кодировка", "версияформата", "отправитель", "датасоздания", "датаначала", "расчсчет"}
LONGEST_HEAD = 100  # lines
# ptcp154 is windows-1251 with the letters of Kazakh.
ENCODINGS = ("utf-8", "windows-1251", "ptcp154", "cp866")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # its byte order marks
TOTAL = "ВсегоПоступило"

ACCOUNTS = ("расчсчет", "расчетныйсчет")
PERIOD = ("датаначала", "датаконца")
PAYER = ("плательщиксчет", "плательщикрасчсчет", "плательщикиик")
RECEIVER = ("получательсчет", "получательрасчсчет", "получательиик")
INCOME, SPENDING, SUM = ("суммаприход", "суммадоход"), ("суммарасход",), ("сумма",)
CURRENCY = "валюта"
CODE = re.compile("[A-Z]{3}")  # what else may stand there ("тенге", "398") is not looked at
NUMBER = ("номер", "номердокумента")
DATE = ("дата", "датаоперации", "датадокумента", "датапоступило")
PAID_AT = ("датапоступило", "датаоперации", "датадокумента", "дата")
ARRIVED, LEFT = "датапоступило", "датасписано"
PURPOSE = "назначениеплатежа"
PARTS = {PURPOSE: 0, **{f"{PURPOSE}{n}": n for n in range(100)}}
USED = {*ACCOUNTS, *PAYER, *RECEIVER, *INCOME, *SPENDING, *SUM, *NUMBER, *PAID_AT, LEFT, CURRENCY}

DAYS = ("%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")
NONE = re.compile("0*([.,]0*)?")
KEY = re.compile(r"\w{1,60}=")

Fields = dict[str, str]
Line = tuple[int, str, str, str]  # its number, its key in small letters, its value, all of it


class Statement(NamedTuple):
    """What stands outside of the documents."""

    accounts: set[str]
    totals: list[str]
    days: list[date]  # the first and the last that it is of, as far as they can be read
    last: int  # line


class Document(NamedTuple):
    """One document; a purpose in parts is in `purpose`."""

    line: int
    fields: Fields
    purpose: str


class NeitherError(Exception):
    """A document that is neither income nor spending; the text says why."""


def read(raw: bytes, bank: Bank) -> Register:
    """Read the payments of a statement; RegisterError when it is refused as a whole."""
    layout = bank.register
    encoding = _encoding(raw)
    statement = _statement(_lines(raw, encoding))
    entries: list[Entry] = []
    remarks: list[Remark] = []
    received = unclear = Decimal(0)
    for document in _documents(_lines(raw, encoding)):
        credit, judgement = _judged(document, statement.accounts, bank)
        received += credit.amount if credit else 0
        if isinstance(judgement, Entry):
            entries.append(judgement)
            continue
        remarks.append(judgement)
        if judgement.name in (NEITHER, REFUND) and judgement.entry:
            unclear += judgement.entry.amount
    if not any(remark.name == "rejected" for remark in remarks):
        _control(statement, received, unclear, layout)
    return Register(list(counted(entries)), remarks, tuple(statement.days))


# --- Lines ---


def _encoding(raw: bytes) -> str:
    """Find the encoding in which a key of the head reads as it should; RegisterError."""
    for encoding in _encodings(raw):
        lines = islice(_lines(raw, encoding, "replace"), LONGEST_HEAD)
        keys = [key for _, key, _, _ in takewhile(_is_head, lines)]
        if keys[:1] == [FIRST] and HEAD.intersection(keys):
            # A byte that windows-1251 does not have; the rest of the Russian letters is the same.
            return "ptcp154" if encoding == "windows-1251" and b"\x98" in raw else encoding
    raise RegisterError(
        at_line(
            1,
            Phrase(
                "not a statement: no 1CClientBankExchange, or no readable key in its head, such "
                "as Кодировка= or РасчСчет="
            ),
        )
    )


def _encodings(raw: bytes) -> tuple[str, ...]:
    if raw.startswith(UTF_16):
        return ("utf-16",)
    return (reading.utf_16_without_mark(raw[:4096]),) if b"\0" in raw[:4096] else ENCODINGS


def _is_head(line: Line) -> bool:
    return not line[1].startswith(SECTION)


def _lines(raw: bytes, encoding: str, errors: str = "strict") -> Iterator[Line]:
    """Yield the lines that are not blank; RegisterError when one is not in the encoding."""
    if raw.startswith(reading.BOM) and encoding == "utf-8":
        encoding = "utf-8-sig"
    try:
        for number, text in enumerate(TextIOWrapper(BytesIO(raw), encoding, errors), start=1):
            line = text.strip()
            if line:
                key, _, value = line.partition("=")
                yield number, key.strip().casefold(), value.strip(), line
    except UnicodeError:
        reading.decode(raw, encoding)  # says in which line
        raise


# --- Sections ---


def _statement(lines: Iterator[Line]) -> Statement:
    """Look whether the file is whole, and read what is not in documents; RegisterError."""
    statement = Statement(set(), [], [], 0)
    start = number = 0
    for number, key, value, line in _whole(lines):
        if start and not key.startswith(WORDS):
            continue
        _check_place(number, line, key, start)
        if key == OPENS:
            start = number
        elif key == CLOSES:
            start = 0
        elif not start and key in ACCOUNTS and value:
            statement.accounts.add(_account(value))
        elif not start and key == TOTAL.casefold() and value:
            statement.totals.append(value)
        elif not start and key in PERIOD:
            statement.days.extend(_days(value))
    return statement._replace(last=number)


def _whole(lines: Iterator[Line]) -> Iterator[Line]:
    """Pass on the lines of one statement; RegisterError when it has no end, or goes on behind it.

    What is there twice would be taken for two payments with one id.
    """
    number, key, is_over = 0, "", False
    for line in lines:
        number, key = line[:2]
        if is_over and key == OPENS:
            raise RegisterError(at_line(number, Phrase("a document behind КонецФайла")))
        is_over = is_over or key == LAST
        yield line
    if key != LAST:
        raise RegisterError(at_line(number, Phrase("the file ends without КонецФайла")))


def _check_place(number: int, line: str, key: str, start: int) -> None:
    """Refuse a document inside of another, an end without a beginning; RegisterError."""
    if (key == OPENS and start) or (key == CLOSES and not start):
        raise RegisterError(
            at_line(number, Phrase("{line} inside of a document, or without one", line=line))
        )
    if start and (key == LAST or key.startswith(SECTION)):
        raise RegisterError(
            at_line(
                start, Phrase("a document that does not end before line {number}", number=number)
            )
        )


def _documents(lines: Iterator[Line]) -> Iterator[Document]:
    """Yield the documents; of a key that stands there twice both values, for nobody to trust."""
    start, fields, parts, key_before = 0, Fields(), dict[str, str](), ""
    for number, key, value, line in lines:
        if key == OPENS:
            start, fields, parts, key_before = number, Fields(), {}, ""
        elif key == CLOSES:
            yield Document(start, fields, _purpose(parts))
            start = 0
        elif not start:
            continue
        elif key_before and not KEY.match(line):
            _add(parts, key_before, line)  # the purpose goes on
        elif key in PARTS:
            _add(parts, key, value)
            key_before = key
        else:
            key_before = ""
            if key in USED and fields.setdefault(key, value) != value:
                fields[key] = f"{fields[key]} / {value}"


def _add(parts: dict[str, str], key: str, text: str) -> None:
    """Add to a part of a purpose, as long as it is shorter than what nobody reads anyway."""
    before = parts.get(key, "")
    if len(before) <= purpose.LONGEST:
        parts[key] = f"{before} {text}".strip()


def _purpose(parts: dict[str, str]) -> str:
    """Join the parts of a purpose; what is there as a whole and in parts counts once."""
    numbered = sorted((PARTS[key], text) for key, text in parts.items() if text)
    whole = next((text for number, text in numbered if number == 0), "")
    lines = [text for number, text in numbered if number]
    if lines and _solid(*lines) not in _solid(whole):
        return " ".join(filter(None, [whole, *lines]))
    return whole


def _solid(*texts: str) -> str:
    return "".join("".join(texts).split())


# --- Documents ---


def _judged(
    document: Document, accounts: set[str], bank: Bank
) -> tuple[Credit | None, Entry | Remark]:
    """The money that came in by a document, and whose it is or what else there is to say."""
    layout = bank.register
    try:
        _check_currency(document.fields, bank)
        credit = _credit(document, accounts, layout)
        if credit is None:
            return None, no_payment(document.line, document.purpose)
        return credit, judge(credit, layout)
    except NeitherError as error:
        return None, _neither(document, error, layout)
    except ValueError as error:
        return None, Remark("rejected", document.line, purpose.shortened(str(error)))


def _credit(document: Document, accounts: set[str], layout: RegisterLayout) -> Credit | None:
    """The money that came in, or None when it went out; NeitherError, ValueError."""
    fields = document.fields
    text = _received(fields, accounts | _accounts(fields, ACCOUNTS), layout)
    if text is None:
        return None
    day = f"{_day(_first(fields, *DATE)):%Y%m%d}"
    return Credit(
        line=document.line,
        origin=derived(_first(fields, *PAYER), _first(fields, *NUMBER), day),
        amount=sums.amount(text, layout),
        paid_at=_day(_first(fields, *PAID_AT)),
        purpose=document.purpose,
    )


def _received(fields: Fields, ours: set[str], layout: RegisterLayout) -> str | None:
    """The sum that came in, as text; None: money went out, or none moved; NeitherError."""
    income, spending, plain = (_sum(fields, keys) for keys in (INCOME, SPENDING, SUM))
    if income and spending:
        raise NeitherError(
            Phrase(
                "СуммаПриход {income} and СуммаРасход {spending}", income=income, spending=spending
            )
        )
    if any(text.startswith(tuple(sums.MINUSES)) for text in (income, spending, plain)):
        raise NeitherError(Phrase("below zero"))
    directed = income or spending
    if directed and plain and _differ(directed, plain, layout):
        raise NeitherError(
            Phrase("{directed} is not Сумма {plain}", directed=directed, plain=plain)
        )
    if directed:
        _check_direction(fields, ours, incoming=bool(income))
        return income or None
    if not plain:
        if any(key in fields for key in (*INCOME, *SPENDING, *SUM)):
            return None
        raise NeitherError(Phrase("no sum"))
    return plain if _is_incoming(fields, ours) else None


def _check_currency(fields: Fields, bank: Bank) -> None:
    """Look whether the sum is in the bank's currency, where a document says one; NeitherError."""
    currency = fields.get(CURRENCY, "").upper()
    if CODE.fullmatch(currency) and OLD_NAMES.get(currency, currency) != bank.currency:
        raise NeitherError(
            Phrase("in {currency}, and not in {ours}", currency=currency, ours=bank.currency)
        )


def _differ(text: str, other_text: str, layout: RegisterLayout) -> bool:
    return text != other_text and sums.amount(text, layout) != sums.amount(other_text, layout)


def _check_direction(fields: Fields, ours: set[str], *, incoming: bool) -> None:
    """Look whether the accounts say what the sum says, where one of them is ours; NeitherError."""
    to_us = bool(_accounts(fields, RECEIVER) & ours)
    from_us = bool(_accounts(fields, PAYER) & ours)
    if to_us not in (from_us, incoming):
        raise NeitherError(
            Phrase(
                "{key}, but our account {does}",
                key="СуммаПриход" if incoming else "СуммаРасход",
                does=Phrase("pays") if from_us else Phrase("receives"),
            )
        )


def _is_incoming(fields: Fields, ours: set[str]) -> bool:
    """Tell by the accounts, and where they do not say it by the dates; NeitherError."""
    to_us = bool(_accounts(fields, RECEIVER) & ours)
    from_us = bool(_accounts(fields, PAYER) & ours)
    arrived, left = bool(fields.get(ARRIVED)), bool(fields.get(LEFT))
    if to_us and (arrived or not from_us):
        return arrived or not left
    if from_us and (left or not to_us) and not (arrived and not left):
        return False
    names = ", ".join(sorted(ours)) or Phrase("none")
    payer, receiver = (_first(fields, *keys) or "–" for keys in (PAYER, RECEIVER))
    raise NeitherError(
        Phrase(
            "from {payer} to {receiver}, our accounts: {names}",
            payer=payer,
            receiver=receiver,
            names=names,
        )
    )


def _neither(document: Document, why: NeitherError, layout: RegisterLayout) -> Remark:
    """Name a document that nobody understands, with its sum if it has one."""
    fields = document.fields
    detail = Phrase("{why}; {text}", why=why, text=document.purpose)
    try:
        amount = sums.signed(_sum(fields, (*SUM, *INCOME, *SPENDING)), layout)
        paid_at = _day(_first(fields, *PAID_AT, LEFT))
    except ValueError:
        return neither(document.line, detail)
    txn_id = derived(_first(fields, *PAYER), _first(fields, *NUMBER), f"{paid_at:%Y%m%d}")
    remark = refund if amount < 0 else neither
    return remark(document.line, detail, Entry(document.line, txn_id, "", amount, paid_at))


def _sum(fields: Fields, keys: tuple[str, ...]) -> str:
    """The first sum that is not empty and not 0."""
    return next((fields[key] for key in keys if not NONE.fullmatch(fields.get(key, ""))), "")


def _accounts(fields: Fields, keys: tuple[str, ...]) -> set[str]:
    return {_account(fields[key]) for key in keys if fields.get(key)}


def _account(text: str) -> str:
    return "".join(text.split()).upper()


def _first(fields: Fields, *keys: str) -> str:
    return next((fields[key] for key in keys if fields.get(key)), "")


def _days(text: str) -> Iterator[date]:
    """A day of the head; one that nobody can read says nothing."""
    with suppress(ValueError):
        yield _day(text).date()


@lru_cache(maxsize=1000)
def _day(text: str) -> datetime:
    for form in DAYS[1:]:
        try:
            return reading.moment(text, form)
        except ValueError:
            continue
    return reading.moment(text, DAYS[0])


def _control(
    statement: Statement, received: Decimal, unclear: Decimal, layout: RegisterLayout
) -> None:
    """Compare with what the file says that it holds; RegisterError."""
    try:
        totals = [sums.amount(text, layout) for text in statement.totals]
    except ValueError as error:
        detail = purpose.shortened(str(error))
        raise RegisterError(
            at_line(statement.last, Phrase("{total_key}: {detail}", total_key=TOTAL, detail=detail))
        ) from error
    total = sum(totals, Decimal(0))
    # What nobody understands is a difference of its own; it may be in the bank's total or not.
    if totals and total not in (received, received + unclear):
        raise RegisterError(
            at_line(
                statement.last,
                Phrase(
                    "{total:.2f} by {total_key}, {received:.2f} there",
                    total=total,
                    total_key=TOTAL,
                    received=received,
                ),
            )
            + (
                Phrase(", and {unclear:.2f} that is neither income nor spending", unclear=unclear)
                if unclear
                else ""
            )
        )
