"""Reading a register that is an Excel file: its sheets, as rows of text.

Needs openpyxl (requirements-optional.txt). A number in a cell is a binary float by Excel's own
format; it is taken with the fifteen digits that Excel itself shows, and a sum must then have two
decimals.
"""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from datetime import datetime, time
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from callback.phrase import Phrase
from callback.tools.books import bounds, reading
from callback.tools.books.entry import RegisterError
from callback.tools.books.rows import AROUND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.layouts import TableForms
    from callback.tools.books.entry import Row

Sheet = tuple[str, "Iterator[Row]"]  # its title, its rows that are not empty

ZEROS = re.compile("0+")  # a number's format that keeps zeros in front
BEHIND_ITS_HEAD = 30  # where a zip file's first name begins
OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"
EXACT = 2**53  # up to here a float holds every whole number


@contextmanager
def opened(raw: bytes, layout: TableForms) -> Iterator[list[Sheet]]:
    """Open a workbook: all its sheets, or the one that the settings name; RegisterError."""
    if raw[BEHIND_ITS_HEAD:].startswith(OPEN_DOCUMENT):
        raise RegisterError(Phrase("a table of LibreOffice (.ods): save it as .xlsx or as CSV"))
    try:
        import openpyxl
    except ImportError:
        raise RegisterError(
            Phrase(
                "this is an Excel file: install openpyxl (requirements-optional.txt), or save it "
                "as CSV"
            )
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it does not support, which is no matter here
        try:
            with ZipFile(BytesIO(raw)) as archive:
                bounds.check(archive)
            book = openpyxl.load_workbook(
                BytesIO(raw), read_only=True, data_only=True, keep_links=False
            )
        except RegisterError:
            raise
        except Exception as error:  # it raises whatever zip, XML and its own code raise
            raise _unreadable(error) from error
        try:
            yield _sheets(book.worksheets, layout)
        finally:
            book.close()


def _sheets(worksheets: list[Any], layout: TableForms) -> list[Sheet]:
    titles = [sheet.title for sheet in worksheets]
    if not titles:
        raise RegisterError(Phrase("an Excel file without a sheet"))
    if layout.sheet and layout.sheet not in titles:
        raise RegisterError(
            Phrase(
                "no sheet {sheet!r}; there are: {titles}",
                sheet=layout.sheet,
                titles=", ".join(map(repr, titles)),
            )
        )
    return [
        (sheet.title, _rows(sheet, layout))
        for sheet in worksheets
        if layout.sheet in ("", sheet.title)
    ]


def _rows(sheet: Any, layout: TableForms) -> Iterator[Row]:
    # What a file says of its own size is often wrong, and rows beyond it would be passed over.
    sheet.reset_dimensions()
    try:
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            fields = [_text(cell, layout) for cell in cells]
            if any(fields):
                yield number, fields
    except RegisterError:
        raise
    except Exception as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> RegisterError:
    return RegisterError(Phrase("not a readable Excel file: {error}", error=error))


def _text(cell: Any, layout: TableForms) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return reading.written(value, layout.date_form)
    if isinstance(value, time):
        return value.strftime(layout.time_form)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, str(cell.number_format))
    return str(value).strip(AROUND)


def _number(value: float, form: str) -> str:
    """Write a number; what a spreadsheet cannot hold exactly, so that it is seen to be lost."""
    if abs(value) >= EXACT:
        return f"{value:E}"
    if value != int(value):
        return f"{value:.15g}"
    text = str(int(value))
    return text.zfill(len(form)) if ZEROS.fullmatch(form) else text
