"""What others wrote is shown without acting: in a terminal, a mail, a spreadsheet."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from callback.tools.printable import disarmed, file_name, json_safe, printable

ESCAPES = ["\x1b[2J", "\x9b2J", "\x07", "\r", "\n", "\u202e", "\u2066", "\x00", "\ufeff", "\u2028"]


@pytest.mark.parametrize("escape", ESCAPES)
def test_nothing_acts_on_a_terminal(escape: str) -> None:
    """Everything without a shape of its own is written as its number."""
    shown = printable(f"a{escape}b")

    assert shown.isprintable()
    assert shown.startswith("a\\")
    assert shown.endswith("b")


@pytest.mark.parametrize("text", ["Қайрат Ә.", "a b", "1\u00a0250,00\u202f₸", "’«»", "", "😀"])
def test_what_has_a_shape_stays(text: str) -> None:
    """Letters of every script, and blanks of every width."""
    assert printable(text) == text
    assert json_safe(text) == text


@pytest.mark.parametrize("escape", [*ESCAPES, "\U000e0001", "\ud800"])
def test_json_is_still_the_same_value(escape: str) -> None:
    """With the control characters escaped, those of C1 too."""
    written = json_safe(json.dumps({"a": f"{escape}Ж"}, ensure_ascii=False))

    assert written.isprintable()
    assert "Ж" in written
    assert json.loads(written) == {"a": f"{escape}Ж"}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("реестр.csv".encode(), "реестр.csv"),
        ("реестр.csv".encode("cp1251"), "реестр.csv"),
        (b"a\nb\x1b[2J.csv", "a\\nb\\x1b[2J.csv"),
        (b"\x98.csv", "\\x98.csv"),
    ],
)
def test_the_name_of_a_file_can_always_be_shown(raw: bytes, shown: str) -> None:
    """Windows writes it in windows-1251; a line end may be part of it."""
    assert file_name(Path(os.fsdecode(raw))) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+7 701 000 00 00", "'+7 701 000 00 00"),
        ("-2+3", "'-2+3"),
        (" =1", " '=1"),
        ('"=1', "\"'=1"),
        ("\t=1", "\t'=1"),
        ("\uff1d1", "'\uff1d1"),
        # What has no shape, or is dropped on the way.
        ("\x00=1", "\x00'=1"),
        ("\u200b=1", "\u200b'=1"),
        ("x,\ufeff=1", "x,\ufeff'=1"),
        ("x,=cmd|'/C calc'!A0", "x,'=cmd|'/C calc'!A0"),
        ("x;=cmd", "x;'=cmd"),
        ('x,"=cmd"', 'x,"\'=cmd"'),
        ("x\n=cmd", "x\n'=cmd"),
        ("a,=b;@c", "a,'=b;'@c"),
    ],
)
def test_a_formula_is_disarmed_in_every_country(text: str, shown: str) -> None:
    """Where commas part cells, and where semicolons do."""
    assert disarmed(text) == shown


@pytest.mark.parametrize("text", ["", "-", "ул. Абая, -", "a=b", "2026-11-03", "a@b.kz", "1,5"])
def test_what_is_no_formula_stays(text: str) -> None:
    """A dash that stands for nothing, an address of a mail."""
    assert disarmed(text) == text
