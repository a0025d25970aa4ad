"""What every endpoint must do, written once and without a dialect.

A case asks through the simulator's words and says what it wants; FailedError when it gets something
else. `play.books` is kept on the way: what stands there must be recorded, and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from callback.phrase import Phrase
from callback.tools.conform.model import ABSENT, TWICE, FailedError, Raw, Step
from callback.tools.conform.play import CENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from callback.tools.conform.model import Act, Proof, Reading, Slot
    from callback.tools.conform.play import Play

ELSEWHERE = "conform-no-such-path"
SIDE_BY_SIDE = 5
LONG_SUM = Decimal(10**11)  # has more digits than some dialects have room for
HOSTILE_TEXT = """'"<&amp;>\\%27--]]>"""
# Outcomes that a sum under the limits may come to: 0.00 is no sum at all to some.
TOO_SMALL = ("sum_too_small", "bad_sum")


# Proof of identity


def _stranger(outcome: str, *proofs: Proof) -> Callable[[Play], None]:
    """A caller who does not prove to be the bank gets nothing, whatever is asked."""

    def case(play: Play) -> None:
        steps = [play.new(act) for act in ("check", "pay") if act in play.simulator.acts]
        for proof in proofs:
            for step in steps:
                if proof != "no sign" or step.act not in play.simulator.SHEET.unsigned:
                    play.want(play.ask(replace(step, proof=proof)), step.act, outcome)

    return case


no_token = _stranger("bad_token", "no token")
wrong_token = _stranger("bad_token", "wrong token")
no_password = _stranger("not_authenticated", "no password")
wrong_password = _stranger("not_authenticated", "wrong password", "wrong user")
no_sign = _stranger("no_signature", "no sign")
wrong_sign = _stranger("bad_signature", "wrong sign")


def stranger_is_not_heard(play: Play) -> None:
    """Who is calling is asked before anything else: a broken request is no way around it."""
    proof: Proof = "wrong token" if play.client.token else "wrong password"
    outcome = "bad_token" if play.client.token else "not_authenticated"
    # Where a command is an address of its own, an unknown one is not found, whoever calls.
    is_address = play.simulator.code("pay", "unknown_command") == "HTTP 404"
    known = is_address or play.simulator.SHEET.command_first
    broken: dict[Slot, object] = {"id": ABSENT} if known else {"act": "no-such-command"}
    step = play.new(change=broken, proof=proof)
    play.want(play.ask(step), "pay", outcome)


# Check


def check_tells(play: Play) -> None:
    """The account may be paid; the debt where the bank shows it."""
    play.expect(play.new("check"), "ok")
    play.owed()


def _not_payable(outcome: str, account: Callable[[Play], str]) -> Callable[[Play], None]:
    """A check, and a pay, of an account that may not be paid."""

    def case(play: Play) -> None:
        for act in ("check", "pay"):
            if act in play.simulator.acts:
                play.expect(play.new(act, account=account(play)), outcome)

    return case


unknown_account = _not_payable("unknown_account", lambda play: play.unknown)
closed_account = _not_payable("account_closed", lambda play: play.others.closed)
blocked_account = _not_payable("account_blocked", lambda play: play.others.blocked)


def check_changes_nothing(play: Play) -> None:
    """Any number of times, with any id: a fresh one, the one of a payment, zeros."""
    paid = play.paid()
    for step in (play.new("check"), replace(paid.step, act="check")):
        for _ in range(3):
            play.expect(step, "ok")
    sheet = play.simulator.SHEET
    if sheet.zero_is_an_id and "id" in sheet.slots.get("check", ()):
        play.expect(play.new("check", id="0"), "ok")


def check_of_few_words(play: Play) -> None:
    """A check that has no id or no sum is a check."""
    slots = play.simulator.optional_in_check()
    for slot in slots:
        play.expect(play.new("check"), "ok", **{slot: ABSENT})
    play.expect(play.new("check"), "ok", **dict.fromkeys(slots, ABSENT))


def debt_goes_down(play: Play) -> None:
    """A check tells the debt, and a payment lowers it by its sum."""
    before = play.owed()
    paid = play.pay()
    after = play.owed()
    assert before is not None  # noqa: S101 - the case needs the debt
    want = play.simulator.debt_after(before - paid.step.sum)
    if after != want:
        raise FailedError(
            Phrase(
                "it was {before:.2f}, {sum:.2f} was paid, now it is {after}",
                before=before,
                sum=paid.step.sum,
                after=after,
            )
        )


# Pay


def pay_is_recorded(play: Play) -> None:
    """A check, and then the payment under the same id."""
    step = play.new()
    if "check" in play.simulator.acts:
        play.expect(replace(step, act="check"), "ok")
    play.pay(step)


def pay_without_check(play: Play) -> None:
    """A payment needs no check before it."""
    play.pay()


def pay_of_few_words(play: Play) -> None:
    """A pay that has not what it may lack is recorded, and so is its repeat found."""
    lacking = dict.fromkeys(play.simulator.optional_in_pay(), ABSENT)
    step = play.new(change=lacking)
    first = play.pay(step).first
    play.same(first, play.expect(step, "duplicate_same"))


def repeat(play: Play) -> None:
    """The same again, three times."""
    step, first = play.known()
    for _ in range(3):
        play.same(first, play.expect(step, "duplicate_same"))


def repeat_with_other_date(play: Play) -> None:
    """Another date and members that nobody knows do not make it another payment."""
    step, first = play.known()
    later = replace(step, at=step.at + timedelta(seconds=1), extra=(("zz_extra", "1"),) * 2)
    play.same(first, play.expect(later, "duplicate_same"))


def repeat_with_bad_parts(play: Play) -> None:
    """A known payment wins over a refusal."""
    step, first = play.known()
    for slot in play.simulator.repeat_first():
        for value in ("x", ABSENT):
            play.same(first, play.expect(step, "duplicate_same", **{slot: value}))


def repeat_in_parallel(play: Play) -> None:
    """One payment, and all answers are of it."""
    step = play.new()
    first = play.once_of_many(step)
    if play.simulator.SHEET.two_phase:
        play.expect(play.later("perform", step, first), "ok")


def side_by_side(play: Play) -> None:
    """Payments of one account that come at once are all recorded."""
    steps = [play.new() for _ in range(SIDE_BY_SIDE)]
    firsts = play.at_once(steps)
    _all_done(play, steps, firsts)
    if play.simulator.SHEET.two_phase:
        performs = [
            play.later("perform", step, first) for step, first in zip(steps, firsts, strict=True)
        ]
        _all_done(play, performs, play.at_once(performs))


def conflict(play: Play) -> None:
    """A known id with another sum, within the limits or not, or another account."""
    step, first = play.known()
    sums = [step.sum + CENT]
    if play.simulator.bank.max_sum < LONG_SUM:
        sums.append(play.simulator.bank.max_sum + CENT)
    for other in sums:
        play.expect(replace(step, sum=other), "duplicate_other")
    play.expect(replace(step, account=play.unknown), "duplicate_other")
    play.same(first, play.expect(step, "duplicate_same"))


def refused_id_is_free(play: Play) -> None:
    """A refusal is not stored: the same id may come again with what is right."""
    step = play.new()
    play.expect(replace(step, account=play.unknown), "unknown_account")
    play.pay(step)


def zeros_count(play: Play) -> None:
    """An id is a text: with zeros before it, it is another one."""
    step = play.new()
    play.pay(step)
    play.pay(play.new(id=f"00{step.id}"))


def paid_invoice(play: Play) -> None:
    """Another payment of it is told so, and so is a check."""
    play.paid()
    for act in ("check", "pay"):
        if act in play.simulator.acts:
            play.expect(play.new(act), "already_paid")


# Limits and forms


def too_small(play: Play) -> None:
    """A cent below the limit, and nothing at all."""
    for small in {play.simulator.bank.min_sum - CENT, CENT * 0}:
        play.expect(play.new(sum=small), *TOO_SMALL)


def too_large(play: Play) -> None:
    """A cent above the limit."""
    play.expect(play.new(sum=play.simulator.bank.max_sum + CENT), "sum_too_large", "bad_sum")


def _malformed(*slots: Slot) -> Callable[[Play], None]:
    """A pay with a part that is wrong is refused, and leaves nothing."""

    def case(play: Play) -> None:
        wrong = [
            (slot, value, outcome)
            for slot in slots
            for value, outcome in play.simulator.wrong(slot, play.new(), play.probe)
        ]
        _refused_all(play, wrong)

    return case


malformed_sum = _malformed("sum")
malformed_id = _malformed("id")
malformed_account = _malformed("account", "accounts")
malformed_date = _malformed("time")
wrong_service = _malformed("service")


def unknown_command(play: Play) -> None:
    """Also one that differs in letter case only, where that counts."""
    _refused_all(
        play, [("act", value, "unknown_command") for value in play.simulator.unknown_acts()]
    )


def repeated(play: Play) -> None:
    """It is not for the endpoint to choose one of them, nor in a check."""
    parts = {"check": play.simulator.slots_of_check(), "pay": play.simulator.slots()}
    acts: tuple[Act, ...] = ("check", "pay")
    for act in acts:
        outcome = play.simulator.SHEET.repeated
        _refused_all(play, [(slot, TWICE, outcome) for slot in parts[act]], act)


def strange_members(play: Play) -> None:
    """What nobody knows is ignored, and may repeat."""
    extra = (("zz_extra", "1"), ("zz_extra", "2"), ("sum_from", "999999.00"))
    act: Act = "check" if "check" in play.simulator.acts else "pay"
    play.expect(play.new(act, extra=extra), "ok")


def hostile_text(play: Play) -> None:
    """Quotes, brackets and references in a number are characters of a number that nobody has."""
    for act in ("check", "pay"):
        if act in play.simulator.acts:
            for text in (f"{play.account}{HOSTILE_TEXT}", "' OR '1'='1", "{{7*7}}"):
                play.expect(play.new(act, account=text), "unknown_account", "bad_account")


def hostile(play: Play) -> None:
    """Entities, endless nesting, numbers without end, bytes that are no text."""
    step = play.new(change={"id": ABSENT})  # whose id cannot be read is not echoed
    for what, request, outcome in play.simulator.hostile(play.new()):
        try:
            play.want(play.send(request, step), "pay", outcome)
        except FailedError as error:
            raise FailedError(Phrase("{where}: {why}", where=what, why=error)) from None


def oversized(play: Play) -> None:
    """It is refused, whoever sends it, before it is read."""
    step = play.new()
    unread = replace(step, change={"id": ABSENT})  # whose id cannot be read is not echoed
    reading = play.send(play.simulator.oversized(step), unread)
    word = play.simulator.word("pay", reading.code)
    if word != "refused":
        raise FailedError(
            Phrase("wanted a refusal, got {code}: {word}", code=reading.code, word=word)
        )


# Transport


def wrong_method(play: Play) -> None:
    """A HEAD must not pay either, though frameworks answer it like a GET."""
    for method in play.simulator.SHEET.wrong_methods:
        step = play.new()
        request = play.simulator.request(step)._replace(method=method)
        play.want(play.send(request, step), "pay", "bad_method")


def unknown_path(play: Play) -> None:
    """An address below the bank's that is not its own."""
    step = play.new()
    request = play.simulator.request(step)._replace(path=ELSEWHERE)
    play.want(play.send(request, step), "pay", "no_path")


# Two phases


def booking_is_no_money(play: Play) -> None:
    """What is owed stays as it was until the payment is performed."""
    before = play.owed()
    play.expect(play.new(), "ok")
    if play.owed() != before:
        raise FailedError(Phrase("a booking changed what is owed"))


def perform_twice(play: Play) -> None:
    """The second answer is of the first perform."""
    paid = play.paid()
    for _ in range(2):
        play.same(paid.performed, play.expect(paid.perform, "duplicate_same"))


def perform_in_parallel(play: Play) -> None:
    """One credit, and all answers are of it."""
    step = play.new()
    play.once_of_many(play.later("perform", step, play.expect(step, "ok")))


def perform_unknown(play: Play) -> None:
    """Nothing was booked under this id."""
    number = play.paid().first.number
    play.expect(play.new("perform", number=number), "payment_not_found")


def perform_differs(play: Play) -> None:
    """What names the payment must be the booking's: nothing else pays it, and it stays waiting."""
    step = play.new()
    first = play.expect(step, "ok")
    perform = play.later("perform", step, first)
    for slot, outcome in play.simulator.SHEET.perform_names.items():
        play.expect(_other(play, perform, slot), outcome)
    play.expect(perform, "ok")


def book_too_late(play: Play) -> None:
    """The bank's own time says that it is over; nothing is stored."""
    old = play.new()
    at = old.at - timedelta(seconds=play.simulator.expires_s() + 60)
    play.expect(replace(old, at=at), "payment_expired")


def book_performed(play: Play) -> None:
    """A payment that was performed is not booked again."""
    paid = play.paid()
    for at in (paid.step.at, paid.step.at + timedelta(seconds=1)):
        play.expect(replace(paid.step, at=at), "repeat_of_paid")


def conflict_with_performed(play: Play) -> None:
    """Nor with another sum or account."""
    paid = play.paid()
    play.expect(replace(paid.step, sum=paid.step.sum + CENT), "duplicate_other")
    play.expect(replace(paid.step, account=play.unknown), "duplicate_other")


# Cancel, status, statement


def cancel_booking(play: Play) -> None:
    """It is done, a repeat gets the first answer, and it can never be paid."""
    step = play.new()
    first = play.expect(step, "ok")
    _cancel_twice(play, step, first)
    play.expect(play.later("perform", step, first), "payment_cancelled")
    play.expect(step, "payment_cancelled")


def cancel_payment(play: Play) -> None:
    """The sum is owed again, a repeat gets the first answer, and the id stays used."""
    paid = play.pay()
    _cancel_twice(play, paid.step, paid.first)
    play.expect(paid.step, "payment_cancelled")


def cancel_is_refused(play: Play) -> None:
    """A payment stays paid where the settings do not let the bank take it back."""
    paid = play.paid()
    play.expect(play.later("cancel", paid.step, paid.first), "cancel_refused")


def cancel_differs(play: Play) -> None:
    """What names the payment must be the payment's: nothing else takes it back."""
    step = play.new()
    first = play.expect(step, "ok")
    for slot, outcome in play.simulator.SHEET.cancel_names.items():
        play.expect(_other(play, play.later("cancel", step, first), slot), outcome)
    play.expect(play.later("perform", step, first), "ok")


def cancel_unknown(play: Play) -> None:
    """Nothing was recorded under this id."""
    number = play.paid().first.number
    play.expect(play.new("cancel", number=number), "payment_not_found")


def status_of_payment(play: Play) -> None:
    """It tells what the payment's own answer told, any number of times."""
    paid = play.paid()
    for _ in range(2):
        reading = play.expect(play.later("status", paid.step, paid.first), "ok")
        _want_state(reading, "paid")
        play.same(paid.performed, reading)


def status_of_booking(play: Play) -> None:
    """Booked, and then cancelled."""
    step = play.new()
    first = play.expect(step, "ok")
    status = play.later("status", step, first)
    _want_state(play.expect(status, "ok"), "created")
    play.expect(play.later("cancel", step, first), "ok")
    _want_state(play.expect(status, "payment_cancelled"), "cancelled")


def status_unknown(play: Play) -> None:
    """Nothing was recorded under this id."""
    reading = play.expect(play.new("status"), "payment_not_found")
    if reading.state not in ("", "none"):
        raise FailedError(Phrase("its state is {state}", state=reading.state))


def statement_lists(play: Play) -> None:
    """The payment stands in the statement of its day once, and not in that of another."""
    paid = play.pay()
    day = timedelta(days=1)
    now = replace(paid.step, act="statement", at=paid.step.at - day, until=paid.step.at + day)
    listed = play.expect(now, "ok").listed
    if listed.get(paid.step.id) != paid.step.sum:
        raise FailedError(
            Phrase("{id} is not in it with {sum:.2f}", id=paid.step.id, sum=paid.step.sum)
        )
    before = replace(now, at=paid.step.at - 9 * day, until=paid.step.at - 8 * day)
    if paid.step.id in play.expect(before, "ok").listed:
        raise FailedError(Phrase("{id} is in the statement of another week", id=paid.step.id))
    upside_down = replace(now, at=paid.step.at + day, until=paid.step.at - day)
    if play.expect(upside_down, play.simulator.SHEET.upside_down).listed:
        raise FailedError(Phrase("a statement whose end is before its beginning is not empty"))


def password_again(play: Play) -> None:
    """The bank changes its password to the one it has: a success, which is good from then on."""
    for _ in range(2):
        play.expect(play.new("password"), "ok")
    play.expect(play.new("check"), "ok")


def malformed_password(play: Play) -> None:
    """Such a change is refused, and the present one stays good."""
    for value, outcome in play.simulator.wrong("password", play.new("password"), play.probe):
        play.expect(play.new("password"), outcome, password=value)
    play.expect(play.new("check"), "ok")


def _all_done(play: Play, steps: list[Step], readings: list[Reading]) -> None:
    for step, reading in zip(steps, readings, strict=True):
        play.want(reading, step.act, "ok")
        play.book(step, reading)
    if readings[0].number and len({reading.number for reading in readings}) < len(readings):
        raise FailedError(Phrase("two payments have one number"))


def _other(play: Play, step: Step, slot: Slot) -> Step:
    """The same with another number of ours, account or sum."""
    if slot == "number":
        return replace(step, number=f"{int(step.number or 0) + 1_000_000}")
    if slot == "account":
        return replace(step, account=play.unknown)
    return replace(step, sum=step.sum + CENT)


def _cancel_twice(play: Play, step: Step, paid: Reading) -> None:
    cancel = play.later("cancel", step, paid)
    first = play.expect(cancel, "ok")
    play.same(first, play.expect(cancel, "duplicate_same"))


def _want_state(reading: Reading, state: str) -> None:
    if reading.state != state:
        raise FailedError(
            Phrase(
                "its state is {found}, not {state}",
                found=reading.state or Phrase("not told"),
                state=state,
            )
        )


def _refused_all(play: Play, wrong: Iterable[tuple[Slot, object, str]], act: Act = "pay") -> None:
    """Ask a pay, or a check, for each malformed part; complain of all that are not refused so."""
    failures = []
    for slot, value, outcome in wrong:
        try:
            step = play.new(act, sum=play.probe, change={slot: value})
            play.want(play.ask(step), act, outcome)
        except FailedError as error:
            failures.append((f"{_named(value)} as {slot}: {error}", error.exchange))
    if failures:
        raise FailedError("; ".join(text for text, _ in failures), failures[0][1])


def _named(value: object) -> str:
    if value is TWICE:
        return "two of them"
    if isinstance(value, Raw):
        return f"{value:.40}"
    text = "nothing" if value is ABSENT else repr(value)
    return text if len(text) < 60 else f"{text[:40]}… ({len(text)} characters)"
