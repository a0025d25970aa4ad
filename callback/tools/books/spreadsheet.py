"""Reading a register that is an Excel file: its first sheet, as rows of text.

Needs openpyxl (requirements-optional.txt). A number in a cell is a binary float by Excel's own
format; it is taken as the shortest decimal that means it, and a sum must then have two decimals.
"""

from __future__ import annotations

import re
from datetime import datetime, time
from io import BytesIO
from typing import TYPE_CHECKING, Any

from callback.tools.books.entry import RegisterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.layouts import RegisterLayout
    from callback.tools.books.entry import Row

ZEROS = re.compile("0+")  # a number's format that keeps zeros in front
EXACT = 2**53  # up to here a float holds every whole number


def rows(raw: bytes, layout: RegisterLayout) -> Iterator[Row]:
    """Yield the rows that are not empty; RegisterError when the file cannot be read."""
    try:
        import openpyxl
    except ImportError:
        raise RegisterError(
            "this is an Excel file: install openpyxl (requirements-optional.txt), or save it as CSV"
        ) from None
    try:
        book = openpyxl.load_workbook(BytesIO(raw), read_only=True, data_only=True)
        for number, cells in enumerate(book.worksheets[0].iter_rows(), start=1):
            fields = [_text(cell, layout) for cell in cells]
            if any(fields):
                yield number, fields
    except RegisterError:
        raise
    except Exception as error:  # it raises whatever zip, XML and its own code raise
        raise RegisterError(f"not a readable Excel file: {error}") from error


def _text(cell: Any, layout: RegisterLayout) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime(layout.date_form)
    if isinstance(value, time):
        return value.strftime(layout.time_form)
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        value = int(value)
    text = str(value).strip(" \t")
    if isinstance(value, int) and ZEROS.fullmatch(str(cell.number_format)):
        return text.zfill(len(cell.number_format))
    return text
