"""A text for people that can be said in another language later, by whoever prints it.

The walk and the readers of files know one language, English, and so do logs and `--json`. At a
terminal `tools/words` says a phrase in the language of the office: a phrase remembers of which
words and values it was made. It goes wherever a text goes, through `str(error)` too; what makes a
new text of it (an f-string, `join`, `replace`) makes English of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import Self


class Phrase(str):
    """English words with their values, a phrase among them perhaps: `Phrase("{n} rows", n=3)`."""

    words: str
    values: Mapping[str, object]

    def __new__(cls, words: str, /, **values: object) -> Self:
        """Without values the words are taken as they are, braces and all."""
        phrase = super().__new__(cls, words.format(**values) if values else words)
        phrase.words, phrase.values = words, values
        return phrase

    def __str__(self) -> str:
        return self  # an exception's text is still a phrase

    def __add__(self, other: str) -> Phrase:
        return joined("", (self, other))


def joined(separator: str, parts: Iterable[str]) -> Phrase:
    """Several phrases and texts as one."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Phrase(separator.join(f"{{{name}}}" for name in values), **values)
