"""Finding the customer's number in what a payer wrote, by the setting `purpose`.

registers.md, section 5. Money must never go to a number that was only guessed.
"""

from __future__ import annotations

import re
from typing import Literal

from callback.phrase import Phrase

LONGEST = 4000  # longer than any form of payment has room for; an expression may be slow on more

SHOWN = 500
# Controls, line ends of Unicode, and what writes from right to left.
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

Why = Literal["no number in the purpose", "no clear number"]


class NoNumberError(Exception):
    """The text names no account, or more than one; `name` is what a report calls that."""

    def __init__(self, name: Why, detail: str) -> None:
        super().__init__(detail)
        self.name = name


def account(text: str, expression: re.Pattern[str] | None) -> str:
    """The one number that the groups of `expression` find in a text; NoNumberError.

    The same number twice is one. Of an expression with several groups, the first that took part in
    a match holds the number.
    """
    if len(text) > LONGEST:
        raise NoNumberError(
            "no clear number",
            Phrase("{length} characters: {text}", length=len(text), text=shortened(text)),
        )
    numbers = _numbers(text, expression) if expression else []
    if not numbers:
        raise NoNumberError("no number in the purpose", shortened(text))
    if len(numbers) > 1:
        raise NoNumberError("no clear number", f"{' or '.join(numbers[:3])}: {shortened(text)}")
    return numbers[0]


def shortened(text: str) -> str:
    """As much of a text as a report has room for, without what would move a terminal's cursor."""
    bare = UNSEEN.sub(" ", text[: SHOWN + 1])
    if bare == text and len(text) <= SHOWN:
        return text  # a phrase may go on as one
    text = bare
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _numbers(text: str, expression: re.Pattern[str]) -> list[str]:
    """Every number that the text names, once each."""
    matches = expression.finditer(text)
    firsts = (next(filter(None, match.groups()), "") for match in matches)
    return list(dict.fromkeys(filter(None, firsts)))
