"""docs/security.md: what it promises is shown by tests that are there, and it counts right."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.processes import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ITEM = re.compile(r"^\| ([0-9.]+) \| ([12]) \| (holds|fails) \| (.+) \|$", re.MULTILINE)
ITEMS = ITEM.findall(TEXT)
SHOWN = re.compile(r"`((?:\w+/)*\w+\.py)::(\w+)`")
# The banks' protocols force these: MD5, and secrets in the address of a GET.
FORCED = {"11.4.1", "14.2.1"}


def test_every_item_is_there_once() -> None:
    """107 that apply, 50 that do not."""
    numbers = [number for number, *_ in ITEMS]
    _, _, others = TEXT.partition("Not applicable")
    elsewhere = re.findall(r"\b\d+\.\d+\.\d+\b", others)
    assert (len(numbers), len({*numbers})) == (107, 107)
    assert (len(elsewhere), {*elsewhere} & {*numbers}) == (50, set())


def test_the_levels_are_reached() -> None:
    """The first but for what is forced, 95 of all at least."""
    failed = {number: level for number, level, state, _ in ITEMS if state == "fails"}
    assert {number for number, level in failed.items() if level == "1"} <= FORCED
    assert len(ITEMS) - len(failed) >= 95


@pytest.mark.parametrize(("path", "name"), sorted({*SHOWN.findall(TEXT)}))
def test_what_shows_it_is_there(path: str, name: str) -> None:
    """By its name."""
    module = ROOT / "tests" / path
    assert f"def test_{name}(" in module.read_text(encoding="utf-8"), module


# Who computes with secrets, or makes them: with libraries that others have looked at.
CRYPTOGRAPHY = {
    "callback/entries/lobby.py": {"ssl"},
    "callback/proofs.py": {"hashlib", "hmac", "cryptography"},
    "callback/settings.py": {"hashlib", "hmac"},
    "callback/signature.py": {"hashlib", "hmac", "itsdangerous"},
    "callback/tools/books/delivery.py": {"ssl"},
    "callback/tools/books/pull.py": {"hashlib", "itsdangerous"},
    "callback/tools/output.py": {"secrets"},
    "callback/tools/rehearsal.py": {"secrets"},
    "callback/tools/secret.py": {"secrets"},
}
# Of what is no secret: names of files, prints of lists and releases.
PRINTS = ("arrival", "digest", "release", "doctor", "conform/", "books/qr", "books/credits")
LIBRARIES = {"hashlib", "hmac", "secrets", "ssl", "itsdangerous", "cryptography"}
# Which waits between two attempts, and names that a simulator makes up, are not to be guessed.
DICE = {"callback/database/__init__.py"}


def imports(tree: ast.AST) -> set[str]:
    """The libraries that a module takes something from, wherever it does."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_no_cryptography_is_of_our_own() -> None:
    """All of it is a library's, in the modules that are named here."""
    for file in sorted((ROOT / "callback").rglob("*.py")):
        name, tree = file.relative_to(ROOT).as_posix(), ast.parse(file.read_text("utf-8"))
        is_print = name.removeprefix("callback/tools/").startswith(PRINTS)
        used = imports(tree)
        assert used & LIBRARIES == CRYPTOGRAPHY.get(name, set()) or is_print, name
        assert "random" not in used or name in DICE or is_print, name


@pytest.mark.parametrize(
    ("guide", "said"),
    [
        (
            "deploy/README.md",
            "A shared host's log has whole addresses, tokens and payers' numbers included: there "
            "Basic, a signature or `allow` is the better proof.",
        ),
        (
            "deploy/README.ru.md",
            "В журнале общего хостинга адреса стоят целиком, с ключами и номерами плательщиков: "
            "там надёжнее Basic, подпись или `allow`.",
        ),
        (
            "docs/security.md",
            "A shared host's own access log has every address that is called, with whatever a bank "
            "puts into it. Only `allow`, HTTP Basic or a signature keep a token out of it",
        ),
    ],
)
def test_the_guides_say_what_a_shared_host_logs(guide: str, said: str) -> None:
    """In both languages, where the bank's proof is chosen."""
    assert said in " ".join((ROOT / guide).read_text(encoding="utf-8").split())
