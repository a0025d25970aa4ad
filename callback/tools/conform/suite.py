"""The suite: a line a case, in the order in which they are played."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from callback.tools.conform import cases, reading_cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from callback.tools.conform.play import Play


class Case(NamedTuple):
    """One thing that an endpoint must do.

    `topic` is the part of the sheet. `needs` names, in words of NEEDS, what must be there.
    `pays` is how many payments it makes of its own, `books` how many bookings it leaves behind.
    """

    sentence: str
    run: Callable[[Play], None]
    topic: str
    needs: str = ""
    pays: int = 0
    books: int = 0


class Need(NamedTuple):
    """Something that a case cannot do without, and what to say when it is not there."""

    without: str
    is_met: Callable[[Play], object]


def _has(act: str) -> Need:
    return Need(f"the dialect has no {act}", lambda play: act in play.simulator.acts)


NEEDS = {
    "token": Need("the address has no token", lambda play: play.client.token),
    "password": Need("the bank has no password", lambda play: play.client.password),
    "proof": Need(
        "the address has no token, the bank no password",
        lambda play: play.client.token or play.client.password,
    ),
    "sign": Need("the dialect signs nothing", lambda play: play.simulator.signs()),
    "check": _has("check"),
    "status": _has("status"),
    "statement": _has("statement"),
    "cancel": _has("cancel"),
    "phases": Need("the dialect has one phase", lambda play: play.simulator.SHEET.two_phase),
    "phase": Need("the dialect has two phases", lambda play: not play.simulator.SHEET.two_phase),
    "refund": Need("a payment may not be cancelled", lambda play: play.simulator.refunds()),
    "final": Need("a payment may be cancelled", lambda play: not play.simulator.refunds()),
    "spare": Need("a pay must have all its parts", lambda play: play.simulator.optional_in_pay()),
    "spellings": Need(
        "a check is written in one way", lambda play: [*play.simulator.spellings(play.new("check"))]
    ),
    "renewal": _has("password"),
    "debt": Need("a check does not tell the debt", lambda play: play.simulator.tells_debt()),
    "lacking": Need(
        "a check must have all its parts", lambda play: play.simulator.optional_in_check()
    ),
    "parts": Need("every part of a repeat is read", lambda play: play.simulator.repeat_first()),
    "reads": Need("a check has no parts of its own", lambda play: play.simulator.slots_of_check()),
    "ignores": Need("a check reads all", lambda play: play.simulator.ignored_in_check()),
    "sum": Need("a check has no sum", lambda play: "sum" in play.simulator.slots_of_check()),
    "name": Need("a check tells no name", lambda play: play.simulator.tells_name()),
    "query": Need("there is no query", lambda play: play.simulator.request(play.new()).query),
    "post": Need("a query comes by GET only", lambda play: play.simulator.by_post()),
    "type": Need("a body has its type", lambda play: play.simulator.SHEET.any_type),
    "order": Need("the order is not told", lambda play: play.simulator.SHEET.order),
    "long": Need("the length of an id is not told", lambda play: play.simulator.longest_id()),
    "dates": Need(
        "a date is written in one way",
        lambda play: reading_cases.skipped_by_repeats(play, play.new()),
    ),
    "wordings": Need(
        "a payment is written in one way", lambda play: [*play.simulator.spellings(play.new())]
    ),
    "digits": Need("an id is no number", lambda play: play.simulator.SHEET.ids_are_digits),
    "date": Need("a payment has no date", lambda play: "time" in play.simulator.slots()),
    "service": Need("no service is named", lambda play: "service" in play.simulator.slots()),
    "names": Need("an id alone names the booking", lambda play: play.simulator.SHEET.perform_names),
    "more": Need(
        "an id alone names what is cancelled", lambda play: play.simulator.SHEET.cancel_names
    ),
    "old": Need("a booking does not get old", lambda play: play.simulator.expires_s()),
    "body": Need("a request has no body", lambda play: [*play.simulator.hostile(play.new())]),
    "path": Need(
        "the address is a script's", lambda play: "." not in urlsplit(play.client.url).path
    ),
    "overpaid": Need("--overpaid names no such account", lambda play: play.others.overpaid),
    "closed": Need("--closed names no closed account", lambda play: play.others.closed),
    "blocked": Need("--blocked names no blocked account", lambda play: play.others.blocked),
    "invoice": Need("an account takes any payment", lambda play: play.one_sum is not None),
    "many": Need("an invoice is paid once, by its sum", lambda play: play.one_sum is None),
}

CASES = (
    # sentence, what plays it, part of the sheet, needs, own payments, bookings left
    Case("without the address's token nobody is heard", cases.no_token, "proof", "token"),
    Case("with a wrong token nobody is heard", cases.wrong_token, "proof", "token"),
    Case("without the password nobody is heard", cases.no_password, "proof", "password"),
    Case("with a wrong password nobody is heard", cases.wrong_password, "proof", "password"),
    Case("without a signature nobody is heard", cases.no_sign, "proof", "sign"),
    Case("with a wrong signature nobody is heard", cases.wrong_sign, "proof", "sign"),
    Case("who is calling is asked first", cases.stranger_is_not_heard, "proof", "proof"),
    Case("a malformed new password is refused", cases.malformed_password, "request", "renewal"),
    Case("the present password may be set again", cases.password_again, "proof", "renewal"),
    Case("a check finds the account", cases.check_tells, "answers", "check"),
    Case("an unknown account is refused", cases.unknown_account, "codes"),
    Case("a closed account is refused", cases.closed_account, "codes", "closed"),
    Case("a blocked account is refused", cases.blocked_account, "codes", "blocked"),
    Case("a check may lack what it does not need", cases.check_of_few_words, "request", "lacking"),
    Case(
        "a check may be written otherwise",
        reading_cases.check_in_other_words,
        "request",
        "spellings",
    ),
    Case(
        "a check with a malformed part is refused",
        reading_cases.malformed_check,
        "request",
        "reads",
    ),
    Case(
        "a check ignores what it does not need", reading_cases.check_ignores, "request", "ignores"
    ),
    Case("a check has the limits of a payment", reading_cases.limits_of_check, "order", "sum"),
    Case(
        "an overpaid account owes nothing more", reading_cases.overpaid, "answers", "debt overpaid"
    ),
    Case("a name is told masked", reading_cases.name_is_masked, "answers", "name"),
    Case("bytes that are no text may be ignored", reading_cases.odd_members, "request", "query"),
    Case("a check that comes by POST is heard", reading_cases.check_by_post, "transport", "post"),
    Case("a body of another type is not read", reading_cases.no_form, "transport", "post"),
    Case("the first fault is the answer", reading_cases.first_fault, "order", "order"),
    Case("a sum below the limit is refused", cases.too_small, "codes"),
    Case("a sum above the limit is refused", cases.too_large, "codes"),
    Case("a malformed sum is refused", cases.malformed_sum, "request"),
    Case("a malformed id is refused", cases.malformed_id, "request"),
    Case("a malformed account is refused", cases.malformed_account, "request"),
    Case("a malformed date is refused", cases.malformed_date, "request", "date"),
    Case("a wrong service is refused", cases.wrong_service, "request", "service"),
    Case("what is given twice is refused", cases.repeated, "order"),
    Case("an unknown command is refused", cases.unknown_command, "order"),
    Case("hostile text is only text", cases.hostile_text, "request"),
    Case("a body that means harm is refused", cases.hostile, "order", "body"),
    Case("a body over 64 KiB is refused", cases.oversized, "transport"),
    Case("a wrong method is refused", cases.wrong_method, "transport"),
    Case("an unknown address is not found", cases.unknown_path, "transport", "path"),
    Case("a payment is recorded", cases.pay_is_recorded, "answers", "many", 1),
    Case("a payment needs no check", cases.pay_without_check, "repeats", "check many", 1),
    Case(
        "a payment may lack what it does not need",
        cases.pay_of_few_words,
        "request",
        "spare many",
        1,
    ),
    Case("members that nobody knows are ignored", cases.strange_members, "request", "check"),
    Case("a repeated pay gets the first answer", cases.repeat, "repeats"),
    Case("a repeat may have another date", cases.repeat_with_other_date, "repeats"),
    Case("a repeat wins over a refusal", cases.repeat_with_bad_parts, "repeats", "parts"),
    Case(
        "a repeat may be written otherwise",
        reading_cases.repeat_in_other_words,
        "request",
        "wordings",
    ),
    Case("a pay that comes by POST is heard", reading_cases.pay_by_post, "transport", "post"),
    Case("a body of any type is read", reading_cases.body_of_any_type, "transport", "type"),
    Case("a malformed repeat is no repeat", reading_cases.malformed_repeat, "repeats"),
    Case(
        "a date may be written otherwise",
        reading_cases.pay_in_other_words,
        "request",
        "dates many",
        1,
    ),
    Case("a long id is read to its end", reading_cases.long_ids, "request", "long many", 2),
    Case("parallel repeats record once", cases.repeat_in_parallel, "repeats", "many", 1),
    Case("payments side by side are all recorded", cases.side_by_side, "repeats", "many", 5),
    Case("a known id with other data is refused", cases.conflict, "repeats"),
    Case("a refused id may be used later", cases.refused_id_is_free, "repeats", "many", 1),
    Case("zeros before an id make another", cases.zeros_count, "request", "digits many", 2),
    Case("a check changes nothing", cases.check_changes_nothing, "order", "check many"),
    Case("a payment lowers the debt by its sum", cases.debt_goes_down, "answers", "debt many", 1),
    Case("a paid invoice is not paid again", cases.paid_invoice, "codes", "invoice"),
    Case("a booking is no money", cases.booking_is_no_money, "states", "phases debt many", 0, 1),
    Case("a repeated perform credits nothing", cases.perform_twice, "repeats", "phases"),
    Case("parallel performs credit once", cases.perform_in_parallel, "repeats", "phases many", 1),
    Case("performing an unknown id is refused", cases.perform_unknown, "codes", "phases"),
    Case("a perform must name the booking", cases.perform_differs, "order", "names many", 1),
    Case("a booking that comes too late is refused", cases.book_too_late, "states", "old"),
    Case("what was paid is not booked again", cases.book_performed, "repeats", "phases"),
    Case("nor with other data", cases.conflict_with_performed, "repeats", "phases"),
    Case("a cancelled booking is never paid", cases.cancel_booking, "cancel", "phases many", 0, 1),
    Case("a payment can be taken back", cases.cancel_payment, "cancel", "cancel refund many", 1),
    Case("a payment cannot be taken back", cases.cancel_is_refused, "cancel", "cancel final"),
    Case("a cancel must name the booking", cases.cancel_differs, "cancel", "more phases many", 1),
    Case("cancelling an unknown id is refused", cases.cancel_unknown, "cancel", "cancel"),
    Case("a status tells how a payment stands", cases.status_of_payment, "cancel", "status"),
    Case(
        "a status tells how a booking stands",
        cases.status_of_booking,
        "cancel",
        "status phases many",
        0,
        1,
    ),
    Case("the status of an unknown id is told", cases.status_unknown, "cancel", "status"),
    Case("a statement lists the payments", cases.statement_lists, "cancel", "statement many", 1),
)
# The payment and the booking that the cases share.
SHARED_PAYS = 1
SHARED_BOOKS = 1


def lacks(play: Play, case: Case) -> str | None:
    """Say why a case cannot be played, or nothing."""
    return next(
        (NEEDS[need].without for need in case.needs.split() if not NEEDS[need].is_met(play)), None
    )
