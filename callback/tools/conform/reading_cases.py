"""What an endpoint must read and what it must not, written once and without a dialect.

As in cases.py. Nothing here is recorded but by the cases that say so in the suite.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback.phrase import Phrase, joined
from callback.tools.conform.model import ABSENT, TWICE, FailedError
from callback.tools.conform.play import CENT
from callback.tools.conform.simulator import MALFORMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from callback.tools.conform.model import Slot, Step
    from callback.tools.conform.play import Play
    from callback.tools.conform.simulator import Fault

TEXT = "text/plain"
MASKED = re.compile(r"\S\*\*\*( \S\*\*\*)*")
LIMITS = ("sum_too_small", "sum_too_large")
SLOTS: Mapping[Fault, Slot] = {
    "no service": "service",
    "twice": "sum",
    "no account": "account",
    "limits": "sum",
    "payer": "account",
}


# A check


def malformed_check(play: Play) -> None:
    """What is wrong in a pay is wrong in a check, where the check reads it at all."""
    failures: list[FailedError] = []
    for slot in play.simulator.slots_of_check():
        if slot == "act":
            continue
        check = play.new("check")
        for value, outcome in play.simulator.wrong_in_check(slot, check, play.probe):
            try:
                play.expect(play.new("check", sum=play.probe), outcome, **{slot: value})
            except FailedError as error:
                failures.append(
                    FailedError(
                        Phrase(
                            "{value:.60} as {slot}: {why}", value=repr(value), slot=slot, why=error
                        ),
                        error.exchange,
                    )
                )
    if failures:
        raise FailedError(joined("; ", map(str, failures)), failures[0].exchange)


def check_ignores(play: Play) -> None:
    """What a check does not look at may be anything."""
    sent = play.simulator.slots_of_check()
    for slot in play.simulator.ignored_in_check():
        name = play.simulator.SHEET.names.get(slot)
        for text in ("x", "", "-1"):
            if name and slot not in sent:  # what is sent, a malformed check has tried
                play.expect(play.new("check", extra=((name, text),)), "ok")


def limits_of_check(play: Play) -> None:
    """They are those of a pay, where a check reads its sum at all."""
    bank = play.simulator.bank
    ignored = "sum" in play.simulator.ignored_in_check()
    for amount, *outcomes in (
        (max(bank.min_sum - CENT, CENT), "sum_too_small", "bad_sum"),
        (bank.max_sum + CENT, "sum_too_large", "bad_sum"),
    ):
        if bank.min_sum <= amount <= bank.max_sum:
            continue
        play.expect(play.new("check", sum=amount), *(("ok",) if ignored else outcomes))


def overpaid(play: Play) -> None:
    """What is owed then: nothing, or less than nothing."""
    debt = play.expect(play.new("check", account=play.others.overpaid), "ok").debt
    if debt is None or debt != play.simulator.debt_after(min(debt, -CENT)):
        raise FailedError(Phrase("the check of an overpaid account tells {debt}", debt=debt))


def name_is_masked(play: Play) -> None:
    """Anybody may ask: of each word of a name the first character is told."""
    name = play.expect(play.new("check"), "ok").name
    if name is None or (name and not MASKED.fullmatch(name)):
        raise FailedError(Phrase("the check tells the name {name!r}", name=name))


# Spellings


def check_in_other_words(play: Play) -> None:
    """What is written in another way that the sheet has is the same check."""
    step = play.new("check")
    for slot, value in play.simulator.spellings(step):
        play.expect(step, "ok", **{slot: value})


def repeat_in_other_words(play: Play) -> None:
    """And the same payment."""
    step, first = play.known()
    for slot, value in play.simulator.spellings(step):
        play.same(first, play.expect(step, "duplicate_same", **{slot: value}))


def pay_in_other_words(play: Play) -> None:
    """What a repeat may bring malformed shows only in a new payment that it is read."""
    step = play.new()
    play.pay(replace(step, change=dict([skipped_by_repeats(play, step)[0]])))


def skipped_by_repeats(play: Play, step: Step) -> list[tuple[Slot, Any]]:
    """The other spellings of what a repeat does not look at."""
    skipped = play.simulator.repeat_first()
    return [pair for pair in play.simulator.spellings(step) if pair[0] in skipped]


def long_ids(play: Play) -> None:
    """An id is read to its end, though it be longer than any number of a machine."""
    step = play.new()
    for number in play.simulator.long_ids(step.id):
        long = replace(step, id=number)
        first = play.expect(long, "ok")
        play.same(first, play.expect(long, "duplicate_same"))
        if play.simulator.SHEET.two_phase:
            play.expect(play.later("perform", long, first), "ok")
        if "id" in play.simulator.slots_of_check():
            play.expect(replace(long, act="check"), "ok")


# POST and other bodies


def check_by_post(play: Play) -> None:
    """A POST may carry its parameters in the query, in a form, or some here and some there."""
    _by_post(play, play.new("check"), "ok")


def pay_by_post(play: Play) -> None:
    """So may a payment's."""
    _by_post(play, play.known()[0], "duplicate_same")


def _by_post(play: Play, step: Step, outcome: str) -> None:
    for way in play.simulator.by_post():
        try:
            play.want(play.send(play.simulator.posted(step, way), step), step.act, outcome)
        except FailedError as error:
            raise FailedError(
                Phrase("{where}: {why}", where=way, why=error), error.exchange
            ) from None


def no_form(play: Play) -> None:
    """A body of another type is not read; a parameter of the query is not given in a form again."""
    unread = play.new(change={"id": ABSENT})
    request = play.simulator.posted(play.new(), "in a form")
    other = request._replace(content_type=TEXT)
    play.want(play.send(other, unread), "pay", "unknown_command")
    twice = request._replace(query=play.simulator.request(play.new()).query)
    play.want(play.send(twice, unread), "pay", play.simulator.SHEET.repeated)


def body_of_any_type(play: Play) -> None:
    """What its Content-Type says is nothing to the endpoint."""
    step, _ = play.known()
    for kind in (TEXT, "text/json", "application/x-www-form-urlencoded", ""):
        request = play.simulator.request(step)._replace(content_type=kind)
        play.want(play.send(request, step), "pay", "duplicate_same")


def odd_members(play: Play) -> None:
    """Bytes that are no text are nobody's business in a parameter that nobody knows."""
    odd: Any = (("zz_extra", b"\xff\xfe"), ("zz_extra", b"\xc3"))
    play.expect(play.new("check", extra=odd), "ok")


# The order of reading


def malformed_repeat(play: Play) -> None:
    """A known id does not excuse what cannot be read, nor is it ever another payment."""
    simulator = play.simulator
    step, _ = play.known()
    slots: tuple[Slot, ...] = ("account", "accounts", "sum")
    for slot in slots:
        is_other = slot in simulator.SHEET.malformed_is_other
        for value, outcome in simulator.wrong(slot, step, step.sum):
            other = is_other or outcome in LIMITS
            play.expect(step, "duplicate_other" if other else outcome, **{slot: value})
    for slot in simulator.repeat_first():
        play.expect(replace(step, sum=step.sum + CENT), "duplicate_other", **{slot: "x"})


def first_fault(play: Play) -> None:
    """Of two faults the one that stands first in the order is the answer."""
    for step, first, second in two_faults(play):
        try:
            play.expect(step, first.outcome)
        except FailedError as error:
            why = f"{first.name} and {second.name} wrong: {error}"
            raise FailedError(why, error.exchange) from None


class Wrong(NamedTuple):
    """One fault of a pay, and its outcome."""

    name: Fault
    slot: Slot
    outcome: str
    value: Any = None  # in place of the slot's, unless the step itself is another
    sum: Decimal | None = None
    account: str = ""

    def of(self, step: Step) -> Step:
        """The same pay with the fault in it."""
        if self.sum is not None:
            return replace(step, sum=self.sum)
        if self.account:
            return replace(step, account=self.account)
        return replace(step, change={**step.change, self.slot: self.value})


def two_faults(play: Play) -> Iterator[tuple[Step, Wrong, Wrong]]:
    """Every pair that one pay can have, with that pay."""
    faults = [_wrong(play, name) for name in play.simulator.SHEET.order]
    there = [fault for fault in faults if fault is not None]
    for at, first in enumerate(there):
        for second in there[at + 1 :]:
            if first.slot != second.slot:
                yield second.of(first.of(play.new(sum=play.probe))), first, second


def _wrong(play: Play, name: Fault) -> Wrong | None:
    simulator, small = play.simulator, play.simulator.bank.min_sum - CENT
    slot: Slot = SLOTS.get(name, name)  # type: ignore[arg-type]
    if slot not in simulator.slots():
        return None
    if name == "twice":
        return Wrong(name, slot, simulator.SHEET.repeated, TWICE)
    if name == "act":
        return Wrong(name, slot, "unknown_command", simulator.unknown_acts()[0])
    if name == "limits":
        return Wrong(name, slot, "sum_too_small", sum=small) if small > 0 else None
    if name == "payer":
        return Wrong(name, slot, "unknown_account", account=play.unknown)
    wrong = [*simulator.wrong(slot, play.new(), play.probe)]
    if name.startswith("no "):
        absent = next(outcome for value, outcome in wrong if value is ABSENT)
        return Wrong(name, slot, absent, ABSENT)
    best = [pair for pair in wrong if pair[1] == MALFORMED.get(slot, pair[1])]
    value, outcome = next(pair for pair in best if pair[0] not in (ABSENT, "", None))
    return Wrong(name, slot, outcome, value)
