"""After a storm both sides of the books agree; a storm over a program with a fault finds it.

`make storm-books` blows for longer, and `make test-deploy` tries the faults.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from tests.storm import storm
from tests.storm.books import OFFICES, Storm
from tests.storm.command import BUGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHORT_S, LONG_S = 3, 8
OF_AN_OFFICE = [
    ("tables", "posted outside"),
    ("files", "known ignored"),
    ("files", "all marked"),
]
SEEDS = range(7, 12)  # what comes meanwhile is a matter of chance, and of the machine
# The server dies also while a link to it is being opened, and its driver leaves the socket.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Have the sockets that such a driver leaves go before the next test is asked about them."""
    yield
    gc.collect()


@pytest.mark.slow
def test_both_sides_agree_after_a_storm(tmp_path: Path) -> None:
    """Each payment is in the program once, and every check says what the program says."""
    both = Storm(tmp_path, 7)

    assert both.run(SHORT_S) == []
    assert both.kills["commands"] > 5


@pytest.mark.deploy
@pytest.mark.parametrize("bug", list(filter(None, BUGS)))
def test_a_storm_finds_a_fault(tmp_path: Path, bug: str) -> None:
    """One that loses or doubles only where something dies, or comes meanwhile."""
    for seed in SEEDS:
        folder = tmp_path / str(seed)
        folder.mkdir()
        faults = Storm(folder, seed, bug).run(LONG_S)
        if any(" times" in fault or "by the program" in fault for fault in faults):
            return
    pytest.fail(f"{bug}: not found by {len(SEEDS)} storms")


@pytest.mark.deploy
@pytest.mark.parametrize("books", OFFICES)
def test_a_large_storm_over_the_books(books: str) -> None:
    """As `make storm BOOKS=1` has it."""
    outcome = storm.run(seed=4, payments=500, books=books)

    assert outcome.examples == []
    assert outcome.recorded > 300
    assert outcome.weather["command killed"] > 5


@pytest.mark.deploy
@pytest.mark.parametrize(("books", "bug"), OF_AN_OFFICE)
def test_a_storm_over_the_books_catches(books: str, bug: str) -> None:
    """The same faults that the books' own storm must find."""
    seeds = range(1, 6)
    assert any(storm.run(one, 150, bug=bug, books=books).faults["books"] for one in seeds)
