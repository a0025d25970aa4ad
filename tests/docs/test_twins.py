"""A document in Russian has all that the English one has: headings, rows, what is typed."""

from __future__ import annotations

import ast
import re
import runpy

import pytest

from callback.paths import ROOT
from callback.tools.books.importing import COUNTED

TWINS = (
    *("README", "deploy/README", "deploy/exchange/README", "docs/bookkeeper"),
    "callback/tools/books/README",
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.M | re.S)
COMMAND = re.compile(r"\bflask ([a-z][a-z-]+)|\bmake ([a-z][a-z-]+)|(--[a-z][a-z-]+)")
KEY = re.compile(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", re.M)


def pair(name: str) -> tuple[str, str]:
    """Both texts."""
    english, russian = (
        (ROOT / f"{name}{suffix}.md").read_text(encoding="utf-8") for suffix in ("", ".ru")
    )
    return english, russian


def shape(text: str) -> list[str]:
    """The headings by their depth, the tables by their rows and columns."""
    bare = BLOCK.sub("", text)
    found = re.findall(r"^(#+) |^((?:\|.*\|\n)+)", bare, re.M)
    return [
        hashes or f"{rows.count(chr(10))} rows, {rows.split(chr(10))[0].count('|')}"
        for hashes, rows in found
    ]


@pytest.mark.parametrize("name", TWINS)
def test_both_have_the_same_headings_and_tables(name: str) -> None:
    """In the same order, each with as many rows."""
    english, russian = map(shape, pair(name))

    assert russian == english


@pytest.mark.parametrize("name", TWINS)
def test_both_name_the_same_commands_and_keys(name: str) -> None:
    """Nothing can be typed that the other does not tell of."""
    english, russian = (
        {"".join(match) for code in CODE.findall(text) for match in COMMAND.findall(code)}
        for text in pair(name)
    )

    assert russian == english
    assert KEY.findall(pair(name)[1]) == KEY.findall(pair(name)[0])


@pytest.mark.parametrize("name", TWINS)
def test_both_have_as_many_blocks(name: str) -> None:
    """What is pasted from one is there in the other, whatever its comments say."""
    english, russian = (BLOCK.findall(text) for text in pair(name))

    assert [language for language, _ in russian] == [language for language, _ in english]
    assert [len(text.splitlines()) for _, text in russian] == [
        len(text.splitlines()) for _, text in english
    ]


def test_the_exchange_says_all_in_both_languages() -> None:
    """Its file goes to an office alone, and so it has a table in place of a catalog."""
    file = ROOT / "deploy" / "exchange" / "exchange.py"
    russian = runpy.run_path(str(file))["RUSSIAN"]
    calls = {
        node.args[0].value
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "_"
        and isinstance(node.args[0], ast.Constant)
    }

    assert calls | {*COUNTED} <= russian.keys()
    for english, words in russian.items():
        assert re.findall(r"{\w+}", words) == re.findall(r"{\w+}", english)


def test_the_exchange_has_no_sentence_besides() -> None:
    """What is said to a person goes through the table."""
    text = (ROOT / "deploy" / "exchange" / "exchange.py").read_text(encoding="utf-8")

    said = re.findall(r"(?:LookError|LaterError|say)\(\s*f?[\"'][^\n]*", text)
    assert [line for line in said if line != 'say(f"! {why(error)}")'] == []
