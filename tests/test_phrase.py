"""A text that remembers of what it was made: English wherever nobody says it otherwise."""

from __future__ import annotations

import json

from callback.phrase import Phrase, joined
from callback.tools import words

ROWS = Phrase("{key}: expected {wanted}", key="BANKS.x.show", wanted=Phrase("a text in quotes"))


def test_it_is_english_to_whoever_does_not_ask() -> None:
    """Logs, JSON, comparisons, formats: a text like any other."""
    assert ROWS == "BANKS.x.show: expected a text in quotes"
    assert json.loads(json.dumps([ROWS])) == [str(ROWS)]
    assert f"{ROWS}!".endswith("quotes!")


def test_an_error_carries_it() -> None:
    """`str(error)` is the phrase itself, whatever kind of error it is."""
    for kind in (ValueError, OSError, Exception):
        text = str(kind(ROWS))
        assert isinstance(text, Phrase)
        assert text.values["key"] == "BANKS.x.show"


def test_braces_without_values_stay() -> None:
    """An example of the settings is no place for a value."""
    assert Phrase("a table such as { skip = 1 }") == "a table such as { skip = 1 }"


def test_phrases_are_put_together() -> None:
    """And taken apart again by whoever says them."""
    words.speak("ru")
    try:
        said = words.say(joined("\n", [ROWS, "plain"]) + "; " + Phrase("private"))
    finally:
        words.speak("en")

    assert said == "BANKS.x.show: ожидается текст в кавычках\nplain; закрытый"


def test_what_a_person_has_written_is_never_translated() -> None:
    """Though it may be called as a text of the catalog is."""
    words.speak("ru")
    try:
        assert words.say(Phrase("{file}: {error}", file="private", error="to")) == "private: to"
        assert words.say("private") == "private"
    finally:
        words.speak("en")


def test_what_the_system_says_is_said_too() -> None:
    """An error of a file, with the file."""
    words.speak("ru")
    try:
        said = words.say(FileNotFoundError(2, "No such file or directory", "x.csv"))
        strange = words.say(OSError(99999, "Something of a strange system"))
    finally:
        words.speak("en")

    assert said == "такого файла или папки нет: 'x.csv'"
    assert strange == "Something of a strange system"
