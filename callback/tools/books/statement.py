"""Reading a statement of account in 1C's format of exchange (registers.md, section 5)."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from itertools import takewhile
from typing import TYPE_CHECKING
from urllib.parse import quote

from callback.tools.books import purpose, reading
from callback.tools.books.entry import Entry, RegisterError, Remark, entry

if TYPE_CHECKING:
    from callback.layouts import RegisterLayout

FIRST, LAST = "1CClientBankExchange", "КонецФайла"
ENCODINGS = ("utf-8", "windows-1251", "cp866")
OPENS, CLOSES = "СекцияДокумент", "КонецДокумента"
DAY = "%d.%m.%Y"
AMOUNT = reading.SUMS["both"]
NONE = re.compile("0*([.,]0*)?")

Fields = dict[str, str]
Line = tuple[int, str]


def read(raw: bytes, layout: RegisterLayout) -> tuple[list[Entry], list[Remark]]:
    """Read the payments of a statement; RegisterError when it is refused as a whole."""
    lines = [(number, line.strip()) for number, line in reading.lines(_text(raw))]
    last, text = lines[-1]
    if text != LAST:
        raise RegisterError(f"line {last}: the file ends without {LAST}")
    documents, outside = _split(lines)
    ours = {value for key, value in outside if key == "РасчСчет" and value}
    entries: list[Entry] = []
    remarks: list[Remark] = []
    received = Decimal(0)
    for line, fields in documents:
        try:
            paid = _received(fields, ours)
            received += paid or 0
            made = _judged(line, fields, paid, layout)
        except ValueError as error:
            made = Remark("rejected", line, str(error))
        if isinstance(made, Entry):
            entries.append(made)
        else:
            remarks.append(made)
    if not any(remark.name == "rejected" for remark in remarks):
        _control(outside, received, last)
    return entries, remarks


def _text(raw: bytes) -> str:
    """Decode by the encoding in which a key of the head reads as it should."""
    for encoding in ENCODINGS:
        try:
            text = reading.decode(raw, encoding)
        except RegisterError:
            continue
        head = [line.strip() for _, line in takewhile(_is_head, reading.lines(text))]
        if head[:1] == [FIRST] and any(line.startswith("Кодировка=") for line in head):
            return text
    raise RegisterError(
        f"line 1: not a statement: no {FIRST}, or no readable Кодировка= in its head"
    )


def _is_head(line: Line) -> bool:
    return not line[1].startswith("Секция")


def _split(lines: list[Line]) -> tuple[list[tuple[int, Fields]], list[tuple[str, str]]]:
    """Part the documents, each with its first line, from the head and the sections of accounts."""
    documents: list[tuple[int, Fields]] = []
    outside: list[tuple[str, str]] = []
    start, fields = 0, Fields()
    for number, line in lines:
        key, _, value = (part.strip() for part in line.partition("="))
        if key in (OPENS, CLOSES) and (key == OPENS) == bool(start):
            raise RegisterError(f"line {number}: {key} inside of a document, or without one")
        if key == OPENS:
            start, fields = number, Fields()
            documents.append((start, fields))
        elif key == CLOSES:
            start = 0
        elif start:
            fields.setdefault(key, value)
        else:
            outside.append((key, value))
    if start:
        raise RegisterError(f"line {start}: a document that does not end")
    return documents, outside


def _received(fields: Fields, ours: set[str]) -> Decimal | None:
    """The sum that came in, or None when money went out; ValueError."""
    if "СуммаПриход" in fields or "СуммаРасход" in fields:  # Kazakhstan
        text = fields.get("СуммаПриход", "")
        if NONE.fullmatch(text):
            return None
    else:
        receiver = {fields.get("ПолучательСчет"), fields.get("ПолучательРасчСчет")}
        if not receiver & ours or not fields.get("ДатаПоступило"):
            return None
        text = fields.get("Сумма", "")
    if not AMOUNT.fullmatch(text):
        raise ValueError(f"not a sum: {text!r}")
    return Decimal(text.replace(",", "."))


def _judged(
    line: int, fields: Fields, paid: Decimal | None, layout: RegisterLayout
) -> Entry | Remark:
    """Find whose payment it is, if it is one; ValueError."""
    text = _purpose(fields)
    if paid is None or (layout.ignore and layout.ignore.search(text)):
        return Remark("not a payment", line, purpose.shortened(text))
    paid_at = _day(fields, "ДатаПоступило", "ДатаОперации", "ДатаДокумента")
    txn_id = "/".join(
        [
            _first(fields, "ПлательщикСчет", "ПлательщикРасчСчет", "ПлательщикИИК"),
            _first(fields, "Номер", "НомерДокумента"),
            f"{_day(fields, 'Дата', 'ДатаОперации', 'ДатаДокумента', 'ДатаПоступило'):%Y%m%d}",
        ]
    )
    # Numbers may have letters; the column has ASCII only.
    txn_id = quote(txn_id, safe="/!#$&'()*+,:;=?@[]")
    try:
        return entry(line, txn_id, purpose.account(text, layout.purpose), paid, paid_at)
    except purpose.NoNumberError as error:
        return Remark(error.name, line, str(error), Entry(line, txn_id, "", paid, paid_at))


def _purpose(fields: Fields) -> str:
    numbered = sorted(
        (int(key.removeprefix("НазначениеПлатежа") or 0), text)
        for key, text in fields.items()
        if re.fullmatch("НазначениеПлатежа[0-9]?", key)
    )
    return " ".join(text for _, text in numbered if text)


def _first(fields: Fields, *keys: str) -> str:
    return next((fields[key] for key in keys if fields.get(key)), "")


def _day(fields: Fields, *keys: str) -> datetime:
    return reading.moment(_first(fields, *keys), DAY)


def _control(outside: list[tuple[str, str]], received: Decimal, last: int) -> None:
    said = [value for key, value in outside if key == "ВсегоПоступило" and value]
    if not all(map(AMOUNT.fullmatch, said)):
        raise RegisterError(f"line {last}: ВсегоПоступило is not a sum")
    total = sum((Decimal(text.replace(",", ".")) for text in said), Decimal(0))
    if said and total != received:
        raise RegisterError(f"line {last}: {total:.2f} by ВсегоПоступило, {received:.2f} there")
