"""A dialect is a few files of its name and a line in PROTOCOLS, and nothing else names it."""

from __future__ import annotations

import ast
import re
import sys
from types import ModuleType
from typing import TYPE_CHECKING, get_args

import pytest

from callback import protocols
from callback.model import Outcome
from callback.protocols import (
    DEFAULTS,
    HTTP_STATUS,
    PROTOCOLS,
    Dialect,
    Dialects,
    bare_answer,
    default_codes,
)
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE = "callback/protocols/__init__.py"
# By path: what in it makes it a dialect's, and not one of the other files there.
PARTS = {
    "callback/protocols/{}.py": r"(?m)^PATHS\b",
    "callback/tools/sheet/{}.py": r"(?m)^SHEET = DialectSheet\(",
    "callback/tools/conform/{}.py": r"(?m)^SIMULATOR = ",
    "tests/protocols/test_{}.py": r"(?m)^BANK = ",
}
# A sheet may be there before its dialect, and one is about all banks.
SHEET = "docs/protocols/{}.md"
# A bank that never calls plays nothing and has no sheet of its own.
WITHOUT_CALLS = ("callback/protocols/{}.py", "callback/tools/sheet/{}.py")
# Words of English, or of a library, too: only as the whole of a text are they a dialect's name.
WORDS = {"click", "files"}
# A shape of the lists that banks fetch is called after the bank that wants it (registers.md,
# section 2): the settings have that word.
SHAPES = {
    "callback/layouts.py": ["kaspi"],
    "callback/tools/books/pull.py": ["kaspi"],
    "callback/tools/doctor.py": ["kaspi"],
}


def owners(path: str, mark: str) -> Iterator[str]:
    """The dialects that have such a file."""
    folder, _, name = path.rpartition("/")
    for file in sorted((ROOT / folder).glob(name.format("*"))):
        if re.search(mark, file.read_text(encoding="utf-8")):
            yield re.sub(name.format("(.*)"), r"\1", file.name)


def wanted(path: str) -> set[str]:
    """The dialects that must have such a file."""
    called = {name for name, dialect in PROTOCOLS.items() if dialect.PATHS}
    return {*PROTOCOLS} if path in WITHOUT_CALLS else called


@pytest.mark.parametrize(("path", "mark"), PARTS.items())
def test_a_part_is_there_for_every_dialect_and_for_nobody_else(path: str, mark: str) -> None:
    """A missing one is named by its path, one too many by the line that it has not."""
    there = {*owners(path, mark)}

    assert [path.format(dialect) for dialect in wanted(path) - there] == []
    assert [path.format(dialect) for dialect in there - wanted(path)] == [], f"no line in {LINE}"


def test_every_dialect_has_its_sheet() -> None:
    """What its modules and its tests cite."""
    sheets = [SHEET.format(dialect) for dialect in wanted(SHEET)]

    assert [path for path in sheets if not (ROOT / path).is_file()] == []


def modules() -> list[Path]:
    """Our modules, but those that are a dialect's own."""
    own = {ROOT / path.format(dialect) for dialect in PROTOCOLS for path in PARTS}
    return [path for path in sorted((ROOT / "callback").rglob("*.py")) if path not in own]


def names(tree: ast.AST) -> Iterator[str]:
    """The dialects that the code names: as a text, a name, or a module that is imported."""
    words = "|".join(PROTOCOLS.keys() - WORDS)
    for text in _texts(tree):
        yield from re.findall(rf"\b(?:{words})\b(?!\.md)", text)
        yield from {text} & PROTOCOLS.keys()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "callback.protocols":
            yield from {alias.name for alias in node.names} & PROTOCOLS.keys()
        elif isinstance(node, ast.Name):
            yield from {node.id} & (PROTOCOLS.keys() - WORDS)


def _texts(tree: ast.AST) -> list[str]:
    """The texts of a program, without docstrings."""
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings
    ]


@pytest.mark.slow
def test_nothing_else_names_a_dialect() -> None:
    """Only the line; comments and docstrings may cite a sheet or tell an example."""
    named = {
        str(path.relative_to(ROOT)): sorted({*names(ast.parse(path.read_text(encoding="utf-8")))})
        for path in modules()
    }

    assert named.pop(LINE) == sorted(PROTOCOLS)
    assert {path: dialects for path, dialects in named.items() if dialects} == SHAPES


def test_what_a_dialect_leaves_out_is_nothing_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each table of `Dialect` that says so; and what it has is left as it is."""
    about = {name: vars(Dialect)[name].__doc__ for name in vars(Dialect) if name.isupper()}
    left_out = {name for name, text in about.items() if text.startswith("May be left out.")}
    for name, tables in (("bare", {}), ("own", {"SERVICE": "types"})):
        module = ModuleType(name)
        vars(module).update(tables)
        monkeypatch.setitem(sys.modules, f"{protocols.__name__}.{name}", module)
    bare, own = Dialects("bare", "own").values()

    assert {name for name in about if hasattr(bare, name)} == left_out
    assert [name for name in left_out if getattr(bare, name)] == []
    assert {name: getattr(bare, name) for name in left_out} == DEFAULTS
    assert own.SERVICE == "types"


def test_codes_are_those_of_the_setting_form() -> None:
    """Where a dialect has forms; else its only ones."""
    forms = 0
    for dialect in PROTOCOLS.values():
        assert default_codes(dialect, {"form": "none of these"}) is dialect.CODES
        assert default_codes(dialect, {}) is dialect.CODES
        for form, codes in dialect.CODES_BY_FORM.items():
            forms += 1
            assert default_codes(dialect, {"form": form}) is codes
    assert forms


def test_a_dialect_that_is_not_in_the_line_is_none() -> None:
    """Its module may be there, as are those of what two of them share."""
    with pytest.raises(KeyError, match="jsonrpc"):
        PROTOCOLS["jsonrpc"]


def test_what_http_has_no_word_for_is_a_broken_line() -> None:
    """Which the bank repeats: "ask again" is never wrong."""
    own = {"bad_token": 404, "bad_address": 403, "not_authenticated": 401, "bad_method": 405}

    assert own | {"temporary": 503} == HTTP_STATUS
    for outcome in get_args(Outcome):
        assert bare_answer(outcome) == (b"", "", own.get(outcome, 503))
