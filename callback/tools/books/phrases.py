"""The words of reports for the accountant, from the catalog: Russian, unless the bank says "en"."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from callback.phrase import Phrase
from callback.tools.books.reconcile import UNKNOWN, Name
from callback.tools.words import catalog_of, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank

# What is to be done about each kind that leaves something to agree on.
ADVICE: Mapping[Name, str] = {
    "only in the register": (
        "The bank took the money and we have no payment: book it by flask reconcile … "
        "--book, or ask the bank, if there can be none."
    ),
    "over max_sum": (
        "The sum is over the bank's max_sum: make sure that it is a real one, then book "
        "it with --book --force, or raise max_sum."
    ),
    "only with us": (
        "We have the payment and the register has not: send the bank its number. About "
        "midnight it may stand in the neighbour's file (--from, --to)."
    ),
    "differs": (
        "The id is the same, the sum, the account or the day is another: find out with "
        "the bank which is right; nothing is changed by itself."
    ),
    "cancelled here": (
        "The bank counts the payment, ours is cancelled, and the bank has the money: "
        "agree whether it gives it back."
    ),
    "refund": (
        "The bank gave the money back: cancel the payment in the accounting program, "
        "unless the bank has cancelled it by a call."
    ),
    "probably the same": (
        "It looks like the same payment under another id: compare dates and sums; do not "
        "book it twice if it is."
    ),
    "nobody's": (
        "There is no such account: ask the bank who paid, open the account, or have the "
        "money returned; --force books it without one."
    ),
    "no number in the purpose": (
        "The purpose has no number: find the payer by name and sum and credit it by hand,"
        " or have the bank ask for the number."
    ),
    "no clear number": (
        "The purpose has several numbers, or none that is clear: choose the right one and"
        " credit it by hand."
    ),
    "neither income nor spending": (
        "The row is neither: look at the column of the sign in the setting register."
    ),
    "rejected": (
        "The row cannot be read: look at the setting register, and ask the bank for a "
        "file that is right."
    ),
}
# What else a report says; the catalog is gathered from here.
PHRASES = (
    UNKNOWN,
    "What to do",
    "matched",
    *get_args(Name),
    "another account",
    "another sum",
    "another day",
    "another form of the id",
    "not a number by account_pattern",
    "booked without money",
    "line",
    "what",
    "bank",
    "day",
    "payment",
    "number",
    "account",
    "sum",
    "date",
    "our payment",
    "our account",
    "our sum",
    "our date",
    "remark",
    "payments",
    "in the register",
    "with us",
    "difference",
    "Reconciliation",
    "Both sides agree",
    "Differences",
    "Totals",
    "By day",
    "file",
    "made",
    "refused",
    "to",
    "both sides agree",
    "{open} differences",
    "line {line}",
    "line {line} of {file}",
    "ours: {id} {account} {sum:.2f} {date}",
    "{first} to {last}",
    "gross",
    "net",
    "commission",
)


class Phrases:
    """Says a phrase of the program in the accountant's language."""

    def __init__(self, bank: Bank) -> None:
        self.language = "en" if bank.language == "en" else "ru"
        self._texts = catalog_of(self.language)

    def __call__(self, phrase: str, **values: object) -> str:
        """Say it, with values where it has places for them; what is no phrase stays as it is."""
        said = self._texts.gettext(phrase) if phrase else ""
        return said.format(**values) if values else said

    def all(self, phrases: str) -> str:
        """Say several, parted by commas, or a text that knows itself of what it was made."""
        if isinstance(phrases, Phrase):
            return said(phrases, self._texts)
        return ", ".join(map(self, phrases.split(", ")))

    def advice(self, names: Mapping[Name, object]) -> list[tuple[str, str]]:
        """What is to be done about each of these kinds, where anything is."""
        return [(self(name), self(ADVICE[name])) for name in names if name in ADVICE]
