"""The lists of libraries: what pip reads is what people wrote, and takes no other file for it."""

from __future__ import annotations

import re

import pytest

from callback.tools.release import _only
from tests.support.processes import ROOT

LISTS = ("requirements", "requirements-optional", "requirements-test")
LISTED = (ROOT / "requirements.txt").read_text(encoding="utf-8")
PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[\w+\])?==([\w.]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """The version of each library of a list; pip takes mt_940 and mt-940 for the same."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {
        re.sub(r"[-_.]+", "-", library).lower(): version for library, version in PIN.findall(text)
    }


@pytest.mark.parametrize("name", LISTS)
def test_the_list_with_hashes_is_made_of_the_written_one(name: str) -> None:
    """Else `make requirements` was forgotten."""
    assert pins(f"{name}.in").items() <= pins(f"{name}.txt").items()


@pytest.mark.parametrize("name", LISTS)
def test_every_library_has_its_hashes(name: str) -> None:
    """One without lets pip refuse the list, or ask for no hash at all."""
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    bare = [
        entry
        for entry in re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
        if "--hash=" not in entry
    ]
    assert bare == []


def test_nothing_is_in_use_that_nobody_wrote_down() -> None:
    """What a library needs in turn is read by people, too: a new one is seen in a change."""
    written = (
        pins("requirements.in") | pins("requirements-optional.in") | pins("requirements-test.in")
    )
    assert pins("requirements-test.txt").keys() - written.keys() == {"colorama"}  # of Windows


def test_the_guide_installs_the_gunicorn_that_is_tested() -> None:
    """On a machine of one's own everything else comes with the release."""
    for name in ("README.md", "README.ru.md"):
        guide = (ROOT / "deploy" / name).read_text(encoding="utf-8")
        assert re.findall(r"gunicorn==([\w.]+)", guide) == [pins("requirements.in")["gunicorn"]]


def test_a_release_takes_one_library_for_an_older_python_by_its_hashes() -> None:
    """Whatever Python builds it."""
    with _only("tomli", ROOT / "requirements.txt") as only:
        text = only.read_text(encoding="utf-8")
    hashes = re.findall(r"^tomli==[^#]*?(?=^[a-z])", LISTED, re.M)[0].count("--hash=sha256:")
    assert text.count("--hash=sha256:") == hashes > 1
    assert "python" not in text
