"""Ids of payments and numbers of accounts, told from what a spreadsheet has made of them.

registers.md, section 3. A spreadsheet or a script that takes an id for a number cuts the zeros in
front, keeps fifteen digits, writes an exponent, a decimal point, a date. What is left names no
payment, or another one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callback.phrase import Phrase
from callback.tools.books.entry import TXN_ID, Entry, Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from callback.layouts import RegisterLayout

REMEDY = Phrase(
    "take the file as the bank has sent it; a spreadsheet must read this column as "
    "text (in Excel: Data, From Text/CSV)"
)
DAMAGES = {
    Phrase(
        "is a number with an exponent"
    ): "-?[0-9]+[.,][0-9]*[eE][+-]?[0-9]+|-?[0-9]+[eE][+][0-9]+",
    Phrase("is a number with decimals"): "-?[0-9]+[.,]0+",
    Phrase("is a value of a program, not of a bank"): (
        "(?i:nan|none|null|nil|undefined|true|false|истина|ложь|[+-]?inf|#[^0-9]*)"
    ),
}
# A number of an account may look so, an id of a payment not.
DAMAGES_OF_IDS = {
    Phrase("is a number with groups"): "[0-9]{1,3}([,'.\u2019\u00a0\u202f ][0-9]{3})+",
    Phrase("is a date"): (
        "([0-3]?[0-9][./][01]?[0-9][./](19|20)[0-9]{2}|(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9])"
        "([ T][0-9:.]+)?"
    ),
    Phrase("is a formula of a spreadsheet"): "(?s:=.*|'[0-9]+)",
}
DIGITS = 15  # as many as a spreadsheet keeps
# So many lost digits that are all 0 are no chance: one file in ten thousand.
UNLIKELY = 4


def txn_id(text: str, layout: RegisterLayout) -> str:
    """The id of a payment as the bank's system gives it; ValueError."""
    form = layout.id_form or TXN_ID
    if layout.id_form is None or not form.fullmatch(text):
        _refuse(Phrase("an id of a payment"), text, {**DAMAGES, **DAMAGES_OF_IDS})
    if not form.fullmatch(text) or not TXN_ID.fullmatch(text):
        wanted = (
            Phrase("; this bank's are {pattern}", pattern=form.pattern) if layout.id_form else ""
        )
        raise ValueError(
            Phrase("not an id of a payment: {text!r}{wanted}", text=text, wanted=wanted)
        )
    return text


def account(text: str) -> str:
    """The number of an account, if it can be one; ValueError."""
    _refuse(Phrase("a number of an account"), text, DAMAGES)
    return text


def rounded(entries: Iterable[Entry], layout: RegisterLayout) -> Iterable[Remark]:
    """Reject the ids of a file when all the long ones end in zeros behind the fifteenth digit."""
    long = [entry for entry in entries if len(entry.txn_id) > DIGITS and entry.txn_id.isdecimal()]
    tails = "".join(entry.txn_id[DIGITS:] for entry in long)
    if len(tails) < UNLIKELY or tails.strip("0") or _must_end_in_0(long[0].txn_id, layout):
        return []
    detail = Phrase("all long ids end in 0, as a spreadsheet leaves them: {remedy}", remedy=REMEDY)
    return [Remark("rejected", entry.line, f"{entry.txn_id!r}: {detail}", entry) for entry in long]


def _refuse(what: str, text: str, damages: Mapping[Phrase, str]) -> None:
    for damage, form in damages.items():
        if re.fullmatch(form, text):
            raise ValueError(
                Phrase(
                    "not {what}: {text!r} {damage}: {remedy}",
                    what=what,
                    text=text,
                    damage=damage,
                    remedy=REMEDY,
                )
            )


def _must_end_in_0(text: str, layout: RegisterLayout) -> bool:
    return layout.id_form is not None and not layout.id_form.fullmatch(f"{text[:-1]}1")
