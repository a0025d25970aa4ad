"""What the page says of one dialect, besides what the settings and the simulator tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from callback.tools.sheet.texts import ZONE, Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from callback.bank import Bank
    from callback.model import Outcome
    from callback.tools.conform.model import Act


class Param(NamedTuple):
    """A parameter of a request: of which operations ("check?": it may lack there), in which form.

    A dot leads to a member of an object. One that no printed example has is not shown.
    """

    name: str
    acts: str
    form: Pair


class Note(NamedTuple):
    """What else an engineer must know of requests; with `setting`, where that is on."""

    text: Pair
    setting: str = ""


def _no_values(_bank: Bank) -> Mapping[str, str | Pair]:
    return {}


@dataclass(frozen=True, kw_only=True)
class DialectSheet:
    """The SHEET of a module that is named after its dialect.

    `{…}` in a text is a value: any text, number or list of the dialect's own settings by its key,
    what `values` adds, and what `page.py` names for all (`{zone}`, `{currency}`, `{sum}`, …).
    """

    # A row of the READMEs' tables: who calls, how they prove who they are, how sure we are.
    callers: Pair
    proofs: Pair
    sources: Pair
    # The protocol in the page's first line: its name, the method, the form of an answer.
    title: Pair
    # None of these for a bank that never calls.
    parameters: Sequence[Param] = ()
    # Fields of the answers with what they tell. One that no printed example has is not shown.
    answers: Sequence[tuple[str, Pair]] = ()
    # To ask the bank: its sheet's last sections.
    questions: Sequence[Pair] = ()
    # How a request is signed, where the bank signs.
    formula: Pair | None = None
    notes: Sequence[Note] = ()
    # How a sum is written: a whole number of hundredths, say. None: as the bank's settings say.
    sums: Pair | None = None
    # By which clock its times and ours go.
    zone: Pair = ZONE
    # An operation's word where the one that the simulator sends says little.
    operations: Mapping[Act, str] = field(default_factory=dict)
    # Words of success that are no codes of ours.
    success: Mapping[Act, Sequence[str]] = field(default_factory=dict)
    # Outcomes that mean something else here than elsewhere.
    meanings: Mapping[Outcome, Pair] = field(default_factory=dict)
    # Refusals that can happen here, though elsewhere the settings must let them.
    occurs: Sequence[Outcome] = ()
    # Refusals that the bank repeats all the same: to it they are not final.
    not_final: Sequence[Outcome] = ()
    # What a repeated payment gets, where that is not simply the first answer.
    repeats: Pair | None = None
    # More values for the texts.
    values: Callable[[Bank], Mapping[str, str | Pair]] = _no_values
