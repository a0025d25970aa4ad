"""Text that others wrote, as a person may be shown it: in a terminal, a mail, a table.

A payer's text, a bank's file and its name may hold what moves a cursor, turns the direction of
writing, or is a formula to a spreadsheet.
"""

from __future__ import annotations

import io
import os
import re
import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Where a cell begins in some spreadsheet, whatever separator its country has, and what makes a
# formula of it. A dash that stands for "nothing" does not.
SEPARATORS = r",;|\t\r\n"
FORMULA = re.compile(
    rf"""((?:^|[{SEPARATORS}])["'\s\x00-\x1f\x7f\u200b\ufeff]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])(?!-+\s*(?:$|[{SEPARATORS}]))"""
)


def tolerate_any_console() -> None:
    """Print what the console's encoding lacks as \\x1b: nothing fails after the work is done."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def printable(text: str) -> str:
    """The text with every control character, and all else that has no shape, written as \\x1b."""
    if text.isprintable():
        return text
    return "".join(map(_shown, text))


def json_safe(text: str) -> str:
    """JSON that was written with letters of all scripts, without control characters among them."""
    if text.isprintable():
        return text
    return "".join(char if _is_shown(char) else _json_escape(char) for char in text)


def file_name(path: Path | str) -> str:
    """The name of a file; a name that is not UTF-8 is one that Windows wrote."""
    raw = os.fsencode(path)
    try:
        return printable(raw.decode())
    except UnicodeDecodeError:
        return printable(raw.decode("windows-1251", "backslashreplace"))


def disarmed(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula, nor any part of it."""
    return FORMULA.sub(r"\1'", text)


def _is_shown(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _shown(char: str) -> str:
    if _is_shown(char):
        return char
    if "\udc80" <= char <= "\udcff":  # a byte that could not be decoded
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()


def _json_escape(char: str) -> str:
    pairs = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{pairs[place : place + 4]}" for place in range(0, len(pairs), 4))
