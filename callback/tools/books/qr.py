"""The code on a paper bill that a banking application scans: GOST R 56042-2014 (registers.md)."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING
from urllib.parse import quote

from callback.layouts import QR_ENCODINGS, QR_FIRST, QR_NEXT, QR_SEPARATORS
from callback.phrase import Phrase
from callback.tools import output
from callback.tools.books.bill import BLANKS

if TYPE_CHECKING:
    from pathlib import Path

    from callback.layouts import BillsLayout
    from callback.tools.books.bill import Bill

MAX_NAME = 120  # of a file, with room for what a file system adds
SEGNO_MISSING = Phrase("pictures of codes need segno: pip install -r requirements-optional.txt")


class QRError(Exception):
    """A bill cannot be written as a code; the text says why."""


def text(bill: Bill, layout: BillsLayout) -> str:
    """Write a bill as the text of a code."""
    settings = layout.qr or {}
    fields = {name: settings[name] for name in QR_FIRST}
    fields["Sum"] = f"{bill.owed.scaleb(2):.0f}"
    fields |= {name: settings[name] for name in QR_NEXT if name in settings}
    fields["PersAcc"] = bill.number
    if layout.full_names:
        parts = ("LastName", "FirstName", "MiddleName")
        fields |= dict(zip(parts, bill.name.split(maxsplit=2), strict=False))
    values = "".join(fields.values())
    separator = next((mark for mark in QR_SEPARATORS if mark not in values), None)
    if separator is None:  # every one that the standard knows is in the text: this one goes
        separator = QR_SEPARATORS[0]
        fields = {name: value.replace(separator, " ") for name, value in fields.items()}
    pairs = [f"{name}={BLANKS.sub(' ', value)}" for name, value in fields.items()]
    return separator.join([f"ST0001{QR_ENCODINGS[layout.encoding]}", *pairs])


def save(bill: Bill, layout: BillsLayout, folder: Path) -> Path:
    """Draw the code of a bill as folder/<number>.png; QRError."""
    try:
        import segno
    except ImportError:
        raise QRError(SEGNO_MISSING) from None
    # Bytes, so that the code says nothing of its own about the encoding: the text does.
    content = text(bill, layout).encode(layout.encoding, "replace")
    try:
        code = segno.make_qr(content, error="m", boost_error=False)
    except segno.DataOverflowError as error:
        raise QRError(Phrase("{number}: too much for one code", number=bill.number)) from error
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=6, border=4)
    path = folder / f"{_file_name(bill.number)}.png"
    with output.new_file(path) as out:
        out.write(picture.getvalue())
    return path


def _file_name(number: str) -> str:
    name = quote(number, safe="")
    return name if len(name) <= MAX_NAME else hashlib.sha256(number.encode()).hexdigest()
