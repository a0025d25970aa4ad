"""docs/security.md: what it promises is shown by tests that are there, and it counts right."""

from __future__ import annotations

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
