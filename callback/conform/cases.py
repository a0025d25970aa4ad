"""What every endpoint must do, written once and without a dialect.

A case asks through the player's words and says what it wants; FailedError when it gets something
else. `play.books` is kept on the way: what stands there must be recorded, and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from callback.conform.play import CENT
from callback.conform.words import ABSENT, TWICE, Ask, FailedError, Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from callback.conform.play import Play
    from callback.conform.words import Act, Heard, Proof, Slot

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
        asks = [play.new(act) for act in ("check", "pay") if act in play.player.acts]
        for proof in proofs:
            for ask in asks:
                play.want(play.ask(replace(ask, proof=proof)), ask.act, outcome)

    return case


no_token = _stranger("bad_token", "no token")
wrong_token = _stranger("bad_token", "wrong token")
no_password = _stranger("not_authenticated", "no password")
wrong_password = _stranger("not_authenticated", "wrong password", "wrong user")
no_sign = _stranger("no_signature", "no sign")
wrong_sign = _stranger("bad_signature", "wrong sign")


def stranger_is_not_heard(play: Play) -> None:
    """Who is calling is asked before anything else: a broken request is no way around it."""
    proof: Proof = "wrong token" if play.line.token else "wrong password"
    outcome = "bad_token" if play.line.token else "not_authenticated"
    # Where a command is an address of its own, an unknown one is not found, whoever calls.
    is_address = play.player.code("pay", "unknown_command") == "HTTP 404"
    broken: dict[Slot, object] = {"id": ABSENT} if is_address else {"act": "no-such-command"}
    ask = play.new(change=broken, proof=proof)
    play.want(play.ask(ask), "pay", outcome)


# Check


def check_tells(play: Play) -> None:
    """The account may be paid; the debt where the bank shows it."""
    play.expect(play.new("check"), "ok")
    play.owed()


def _not_payable(outcome: str, account: Callable[[Play], str]) -> Callable[[Play], None]:
    """A check, and a pay, of an account that may not be paid."""

    def case(play: Play) -> None:
        for act in ("check", "pay"):
            if act in play.player.acts:
                play.expect(play.new(act, account=account(play)), outcome)

    return case


unknown_account = _not_payable("unknown_account", lambda play: play.unknown)
closed_account = _not_payable("account_closed", lambda play: play.others.closed)
blocked_account = _not_payable("account_blocked", lambda play: play.others.blocked)


def check_changes_nothing(play: Play) -> None:
    """Any number of times, with any id: a fresh one, the one of a payment, zeros."""
    paid = play.paid()
    for ask in (play.new("check"), replace(paid.ask, act="check")):
        for _ in range(3):
            play.expect(ask, "ok")
    if "id" in play.player.SHEET.slots.get("check", ()):
        play.expect(play.new("check", id="0"), "ok")


def check_of_few_words(play: Play) -> None:
    """A check that has no id or no sum is a check."""
    slots = play.player.SHEET.optional_in_check
    for slot in slots:
        play.expect(play.new("check"), "ok", **{slot: ABSENT})
    play.expect(play.new("check"), "ok", **dict.fromkeys(slots, ABSENT))


def debt_goes_down(play: Play) -> None:
    """A check tells the debt, and a payment lowers it by its sum."""
    before = play.owed()
    paid = play.pay()
    after = play.owed()
    assert before is not None  # noqa: S101 - the case needs the debt
    want = play.player.debt_after(before - paid.ask.sum)
    if after != want:
        raise FailedError(f"it was {before:.2f}, {paid.ask.sum:.2f} was paid, now it is {after}")


# Pay


def pay_is_recorded(play: Play) -> None:
    """A check, and then the payment under the same id."""
    ask = play.new()
    if "check" in play.player.acts:
        play.expect(replace(ask, act="check"), "ok")
    play.pay(ask)


def pay_without_check(play: Play) -> None:
    """A payment needs no check before it."""
    play.pay()


def repeat(play: Play) -> None:
    """The same again, three times."""
    ask, first = _first(play)
    for _ in range(3):
        play.same(first, play.expect(ask, "duplicate_same"))


def repeat_with_other_date(play: Play) -> None:
    """Another date and members that nobody knows do not make it another payment."""
    ask, first = _first(play)
    later = replace(ask, at=ask.at + timedelta(seconds=1), extra=(("zz_extra", "1"),) * 2)
    play.same(first, play.expect(later, "duplicate_same"))


def repeat_with_bad_parts(play: Play) -> None:
    """A known payment wins over a refusal."""
    ask, first = _first(play)
    for slot in play.player.SHEET.repeat_first:
        for value in ("x", ABSENT):
            play.same(first, play.expect(ask, "duplicate_same", **{slot: value}))


def repeat_in_parallel(play: Play) -> None:
    """One payment, and all answers are of it."""
    ask = play.new()
    first = play.once_of_many(ask)
    if play.player.SHEET.two_phase:
        play.expect(play.later("perform", ask, first), "ok")


def side_by_side(play: Play) -> None:
    """Payments of one account that come at once are all recorded."""
    asks = [play.new() for _ in range(SIDE_BY_SIDE)]
    firsts = play.at_once(asks)
    _all_done(play, asks, firsts)
    if play.player.SHEET.two_phase:
        performs = [play.later("perform", ask, one) for ask, one in zip(asks, firsts, strict=True)]
        _all_done(play, performs, play.at_once(performs))


def conflict(play: Play) -> None:
    """A known id with another sum, within the limits or not, or another account."""
    ask, first = _first(play)
    sums = [ask.sum + CENT]
    if play.player.bank.max_sum < LONG_SUM:
        sums.append(play.player.bank.max_sum + CENT)
    for other in sums:
        play.expect(replace(ask, sum=other), "duplicate_other")
    play.expect(replace(ask, account=play.unknown), "duplicate_other")
    play.same(first, play.expect(ask, "duplicate_same"))


def refused_id_is_free(play: Play) -> None:
    """A refusal is not stored: the same id may come again with what is right."""
    ask = play.new()
    play.expect(replace(ask, account=play.unknown), "unknown_account")
    play.pay(ask)


def zeros_count(play: Play) -> None:
    """An id is a text: with zeros before it, it is another one."""
    ask = play.new()
    play.pay(ask)
    play.pay(play.new(id=f"00{ask.id}"))


def paid_invoice(play: Play) -> None:
    """Another payment of it is told so, and so is a check."""
    play.paid()
    for act in ("check", "pay"):
        if act in play.player.acts:
            play.expect(play.new(act), "already_paid")


# Limits and forms


def too_small(play: Play) -> None:
    """A cent below the limit, and nothing at all."""
    for small in {play.player.bank.min_sum - CENT, CENT * 0}:
        play.expect(play.new(sum=small), *TOO_SMALL)


def too_large(play: Play) -> None:
    """A cent above the limit."""
    play.expect(play.new(sum=play.player.bank.max_sum + CENT), "sum_too_large", "bad_sum")


def _malformed(*slots: Slot) -> Callable[[Play], None]:
    """A pay with a part that is wrong is refused, and leaves nothing."""

    def case(play: Play) -> None:
        wrong = [
            (slot, value, outcome)
            for slot in slots
            for value, outcome in play.player.wrong(slot, play.new(), play.probe)
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
    _refused_all(play, [("act", value, "unknown_command") for value in play.player.unknown_acts()])


def twice(play: Play) -> None:
    """It is not for the endpoint to choose one of them."""
    _refused_all(play, [(slot, TWICE, play.player.SHEET.twice) for slot in play.player.slots()])


def strange_members(play: Play) -> None:
    """What nobody knows is ignored, and may repeat."""
    extra = (("zz_extra", "1"), ("zz_extra", "2"), ("sum_from", "999999.00"))
    act: Act = "check" if "check" in play.player.acts else "pay"
    play.expect(play.new(act, extra=extra), "ok")


def hostile_text(play: Play) -> None:
    """Quotes, brackets and references in a number are characters of a number that nobody has."""
    for act in ("check", "pay"):
        if act in play.player.acts:
            for text in (f"{play.account}{HOSTILE_TEXT}", "' OR '1'='1", "{{7*7}}"):
                play.expect(play.new(act, account=text), "unknown_account", "bad_account")


def hostile(play: Play) -> None:
    """Entities, endless nesting, numbers without end, bytes that are no text."""
    ask = play.new(change={"id": ABSENT})  # whose id cannot be read is not echoed
    for what, request, outcome in play.player.hostile(play.new()):
        try:
            play.want(play.send(request, ask), "pay", outcome)
        except FailedError as error:
            raise FailedError(f"{what}: {error}") from None


def oversized(play: Play) -> None:
    """It is refused, whoever sends it, before it is read."""
    ask = play.new()
    heard = play.send(play.player.oversized(ask), ask)
    word = play.player.word("pay", heard.code)
    if word != "refused":
        raise FailedError(f"wanted a refusal, got {heard.code}: {word}")


# Transport


def wrong_method(play: Play) -> None:
    """A HEAD must not pay either, though frameworks answer it like a GET."""
    for method in play.player.SHEET.wrong_methods:
        ask = play.new()
        request = play.player.request(ask)._replace(method=method)
        play.want(play.send(request, ask), "pay", "bad_method")


def unknown_path(play: Play) -> None:
    """An address below the bank's that is not its own."""
    ask = play.new()
    request = play.player.request(ask)._replace(path=ELSEWHERE)
    play.want(play.send(request, ask), "pay", "no_path")


# Two phases


def booking_is_no_money(play: Play) -> None:
    """What is owed stays as it was until the payment is performed."""
    before = play.owed()
    play.expect(play.new(), "ok")
    if play.owed() != before:
        raise FailedError("a booking changed what is owed")


def perform_twice(play: Play) -> None:
    """The second answer is of the first perform."""
    paid = play.paid()
    for _ in range(2):
        play.same(paid.performed, play.expect(paid.perform, "duplicate_same"))


def perform_in_parallel(play: Play) -> None:
    """One credit, and all answers are of it."""
    ask = play.new()
    play.once_of_many(play.later("perform", ask, play.expect(ask, "ok")))


def perform_unknown(play: Play) -> None:
    """Nothing was booked under this id."""
    number = play.paid().first.number
    play.expect(play.new("perform", number=number), "payment_not_found")


def perform_differs(play: Play) -> None:
    """What names the payment must be the booking's: nothing else pays it, and it stays waiting."""
    ask = play.new()
    first = play.expect(ask, "ok")
    perform = play.later("perform", ask, first)
    others = {
        "number": replace(perform, number=f"{int(first.number or 0) + 1_000_000}"),
        "account": replace(perform, account=play.unknown),
        "sum": replace(perform, sum=ask.sum + CENT),
    }
    for slot, outcome in play.player.SHEET.perform_names.items():
        play.expect(others[slot], outcome)
    play.expect(perform, "ok")


def book_too_late(play: Play) -> None:
    """The bank's own time says that it is over; nothing is stored."""
    old = play.new()
    at = old.at - timedelta(seconds=play.player.expires_s() + 60)
    play.expect(replace(old, at=at), "payment_expired")


def book_performed(play: Play) -> None:
    """A payment that was performed is not booked again."""
    paid = play.paid()
    for at in (paid.ask.at, paid.ask.at + timedelta(seconds=1)):
        play.expect(replace(paid.ask, at=at), "repeat_of_paid")


def conflict_with_performed(play: Play) -> None:
    """Nor with another sum or account."""
    paid = play.paid()
    play.expect(replace(paid.ask, sum=paid.ask.sum + CENT), "duplicate_other")
    play.expect(replace(paid.ask, account=play.unknown), "duplicate_other")


# Cancel, status, statement


def cancel_booking(play: Play) -> None:
    """It is done, a repeat gets the first answer, and it can never be paid."""
    ask = play.new()
    first = play.expect(ask, "ok")
    _cancel_twice(play, ask, first)
    play.expect(play.later("perform", ask, first), "payment_cancelled")
    play.expect(ask, "payment_cancelled")


def cancel_payment(play: Play) -> None:
    """The sum is owed again, a repeat gets the first answer, and the id stays used."""
    paid = play.pay()
    _cancel_twice(play, paid.ask, paid.first)
    play.expect(paid.ask, "payment_cancelled")


def cancel_is_refused(play: Play) -> None:
    """A payment stays paid where the settings do not let the bank take it back."""
    paid = play.paid()
    play.expect(play.later("cancel", paid.ask, paid.first), "cancel_refused")


def cancel_unknown(play: Play) -> None:
    """Nothing was recorded under this id."""
    number = play.paid().first.number
    play.expect(play.new("cancel", number=number), "payment_not_found")


def status_of_payment(play: Play) -> None:
    """It tells what the payment's own answer told, any number of times."""
    paid = play.paid()
    for _ in range(2):
        heard = play.expect(play.later("status", paid.ask, paid.first), "ok")
        _want_state(heard, "paid")
        play.same(paid.performed, heard)


def status_of_booking(play: Play) -> None:
    """Booked, and then cancelled."""
    ask = play.new()
    first = play.expect(ask, "ok")
    status = play.later("status", ask, first)
    _want_state(play.expect(status, "ok"), "created")
    play.expect(play.later("cancel", ask, first), "ok")
    _want_state(play.expect(status, "payment_cancelled"), "cancelled")


def status_unknown(play: Play) -> None:
    """Nothing was recorded under this id."""
    heard = play.expect(play.new("status"), "payment_not_found")
    if heard.state not in ("", "none"):
        raise FailedError(f"its state is {heard.state}")


def statement_lists(play: Play) -> None:
    """The payment stands in the statement of its day once, and not in that of another."""
    paid = play.pay()
    day = timedelta(days=1)
    now = replace(paid.ask, act="statement", at=paid.ask.at - day, until=paid.ask.at + day)
    listed = play.expect(now, "ok").listed
    if listed.get(paid.ask.id) != paid.ask.sum:
        raise FailedError(f"{paid.ask.id} is not in it with {paid.ask.sum:.2f}")
    before = replace(now, at=paid.ask.at - 9 * day, until=paid.ask.at - 8 * day)
    if paid.ask.id in play.expect(before, "ok").listed:
        raise FailedError(f"{paid.ask.id} is in the statement of another week")
    upside_down = replace(now, at=paid.ask.at + day, until=paid.ask.at - day)
    if play.expect(upside_down, "ok").listed:
        raise FailedError("a statement whose end is before its beginning is not empty")


def _first(play: Play) -> tuple[Ask, Heard]:
    """A recorded payment, or in two phases a booking that waits."""
    if not play.player.SHEET.two_phase:
        paid = play.paid()
        return paid.ask, paid.first
    return play.booked()


def _all_done(play: Play, asks: list[Ask], heard: list[Heard]) -> None:
    for ask, one in zip(asks, heard, strict=True):
        play.want(one, ask.act, "ok")
        play.book(ask, one)
    if heard[0].number and len({one.number for one in heard}) < len(heard):
        raise FailedError("two payments have one number")


def _cancel_twice(play: Play, ask: Ask, first: Heard) -> None:
    cancel = play.later("cancel", ask, first)
    done = play.expect(cancel, "ok")
    play.same(done, play.expect(cancel, "duplicate_same"))


def _want_state(heard: Heard, state: str) -> None:
    if heard.state != state:
        raise FailedError(f"its state is {heard.state or 'not told'}, not {state}")


def _refused_all(play: Play, wrong: Iterable[tuple[Slot, object, str]]) -> None:
    """Ask a pay for each malformed part, and complain of all that are not refused as wanted."""
    failures = []
    for slot, value, outcome in wrong:
        try:
            ask = play.new(sum=play.probe, change={slot: value})
            play.want(play.ask(ask), "pay", outcome)
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
