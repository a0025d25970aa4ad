"""What a dialect's simulator gives: the caller's side of the language, tables on top.

A simulator is written from the sheet and not from the dialect's module, so that each is a second
reading of the other's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple
from urllib.parse import urlencode

from callback.phrase import Phrase
from callback.protocols import PROTOCOLS, default_codes
from callback.tools.conform.model import ABSENT, TWICE, Reading, Request, require
from callback.wire import FORM

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from callback.bank import Bank
    from callback.tools.conform.forms import Pairs
    from callback.tools.conform.model import Act, Reply, Slot, Step, Word

# What HTTP itself says, in every dialect (its section 2).
COMMON_CODES = {
    "bad_token": "HTTP 404",
    "no_path": "HTTP 404",
    "not_authenticated": "HTTP 401",
    "bad_method": "HTTP 405",
    "temporary": "HTTP 503",
}
# Each begins with what the sheet's "full match" is about: newline, other digits, blanks, signs.
WRONG_IDS = ("12a4", "-5", "+5", " 5", "5\n", "5.0", "\u0665", "9" * 21)
OTHER_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
# How a sum may be written besides a dot and two decimals, by the setting sum_form.
SPELLINGS: Mapping[str, Collection[str]] = {
    "strict": (),
    "decimal": ("one decimal", "comma"),
    "lenient": ("one decimal", "comma", "integer"),
    "float": ("one decimal", "integer"),  # a dialect's own, of Click
}
LENIENT_DATES = ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M:%S")
ZERO = Decimal(0)
# How a zero is written in a check, where it means that the sum is not known yet.
ZEROS = ("0", "0.00", "0,0", "000.0")
# Just out of the years 1970 to 2099, where a sheet bounds them.
FAR_TIMES = (datetime(1969, 12, 31, 23, 59, 59), datetime(2100, 1, 1))  # noqa: DTZ001 - the bank's
MALFORMED: Mapping[Slot, str] = {
    "sum": "bad_sum",
    "id": "bad_id",
    "account": "bad_account",
    "time": "bad_date",
}
# What may be wrong with a pay: a part of it, that part missing or given twice, its sum out of the
# limits, a payer who cannot pay.
Fault = Literal[
    "twice",
    "act",
    "id",
    "service",
    "account",
    "no account",
    "no service",
    "sum",
    "time",
    "limits",
    "payer",
]
# How a POST carries the parameters of a query.
Way = Literal["in the query", "in a form", "in both"]
# The order in which most sheets read a query.
QUERY_ORDER: Sequence[Fault] = (
    *("twice", "act", "id", "account", "sum", "time", "limits", "payer"),
)
EVERY_WAY: Sequence[Way] = ("in the query", "in a form", "in both")


class Hostile(NamedTuple):
    """A body that means harm, and what the sheet answers."""

    what: str
    request: Request
    outcome: str = "bad_request"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a dialect's sheet says, as tables."""

    name: str
    sections: Mapping[str, str]  # by what a case is about
    # By outcome, or by "act.outcome"; outcomes that are not here have no word in this dialect.
    codes: Mapping[str, str]
    # What the dialect has, and its own word for it: no check in Click, no cancel in Kaspi.
    acts: Mapping[Act, str]
    unknown_acts: Sequence[Any] = ()
    names: Mapping[Slot, str] = field(default_factory=dict)  # the parameters of a query
    slots: Mapping[Act, Sequence[Slot]] = field(default_factory=dict)  # those of each request
    two_phase: bool = False
    repeat_first: Sequence[Slot] = ()  # a repeat may bring them malformed and still is one
    malformed_is_other: Sequence[Slot] = ()  # under a known id it is other data, if malformed
    order: Sequence[Fault] = ()  # of section 4: of two faults the first is the answer
    optional_in_check: Sequence[Slot] = ()
    ignored_in_check: Sequence[Slot] = ()
    optional_in_pay: Sequence[Slot] = ()
    repeated: str = "bad_request"
    wrong_methods: Sequence[str] = ("HEAD", "PUT", "DELETE")
    statuses: Sequence[int] = (200,)  # of answers in the dialect's own words
    floor: bool = False  # the debt that a check tells is never below zero
    ids_are_digits: bool = True
    zero_is_an_id: bool = True
    ids_have_letters: bool = False  # and their case counts
    longest_id: int = 0  # so many characters are an id still; 0: that is not told
    bounded_years: bool = False  # 1970 to 2099
    by_post: Sequence[Way] = ()  # a query may come so, too
    any_type: bool = False  # a body is read whatever its content type says
    wrong_ids: Sequence[Any] = ()  # WRONG_IDS, where ids are digits
    impossible_dates: Sequence[str] = ()
    perform_names: Mapping[Slot, str] = field(default_factory=dict)  # other ones are refused as
    cancel_names: Mapping[Slot, str] = field(default_factory=dict)  # likewise in a cancel
    unsigned: Sequence[Act] = ()  # what is asked without a sign, though the dialect signs
    absent: Mapping[Slot, str] = field(default_factory=dict)  # what a missing part comes to
    empty: Mapping[Slot, str] = field(default_factory=dict)  # and an empty one
    upside_down: str = "ok"  # a statement that ends before it begins; ok: an empty one
    exact_invoice: bool = False  # an invoice is paid by its whole sum or not at all
    says_basic: bool = True  # the word Basic before user name and password
    credentials_inside: bool = False  # user name and password are parts of the request: no Basic
    command_first: bool = False  # an unknown command is told to strangers, too


class Simulator(ABC):
    """The bank's side of one dialect, for one bank of the settings."""

    SHEET: Sheet
    SHEETS_BY_FORM: ClassVar[Mapping[str, Sheet]] = {}  # by the setting `form`, instead

    def __init__(self, bank: Bank) -> None:
        # Of several services the first is played.
        self.bank = bank = next(iter(bank.services.values()), bank)
        self.SHEET = self.SHEETS_BY_FORM.get(bank.own.get("form", ""), self.SHEET)
        theirs = default_codes(PROTOCOLS[bank.protocol], bank.own)
        changed = {key: code for key, code in bank.codes.items() if theirs.get(key) != code}
        self.codes = {**COMMON_CODES, **self.SHEET.codes, **changed}
        self.acts = dict(self.SHEET.acts)
        self.sign: Callable[[bytes], bytes] | None = None  # with the bank's private key

    @abstractmethod
    def request(self, step: Step) -> Request:
        """Put what is asked into the dialect's words, as wrong as `ask.change` wants."""

    @abstractmethod
    def read(self, step: Step, reply: Reply) -> Reading:
        """Understand an answer in the dialect's words; MalformedError when it has not its form."""

    @abstractmethod
    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Malformed values of a slot of a pay, and what is answered; `probe` is a good sum."""

    def hostile(self, step: Step) -> Iterator[Hostile]:  # noqa: ARG002 - for those that have any
        """Bodies that mean harm; `ask` is a good pay."""
        yield from ()

    def oversized(self, step: Step) -> Request:
        """A pay in a body of more than 64 KiB."""
        good = self.request(step)
        return good._replace(body=(good.body or b"") + b" " * 70_000)

    def signs(self) -> bool:
        """Does the bank sign its requests?"""
        return False

    def needs_key(self) -> bool:
        """Does the bank sign with a key that only it has?"""
        return False

    def refunds(self) -> bool:
        """May the bank cancel a payment that is paid?"""
        return False

    def debt_after(self, debt: Decimal) -> Decimal:
        """What a check tells of a debt."""
        return max(debt, ZERO) if self.SHEET.floor else debt

    def expires_s(self) -> int:
        """Seconds after which a booking cannot be made any more; 0: it does not get old."""
        return 0

    def optional_in_check(self) -> Sequence[Slot]:
        """What a check may lack, by the sheet and the bank's settings."""
        must = {"sum"} if self.bank.own.get("check_sum") == "validate" else set()
        return [slot for slot in self.SHEET.optional_in_check if slot not in must]

    def optional_in_pay(self) -> Sequence[Slot]:
        """What a pay may lack, by the sheet and the bank's settings."""
        return self.SHEET.optional_in_pay

    def spellings(self, step: Step) -> Iterator[tuple[Slot, Any]]:  # noqa: ARG002 - see there
        """Other ways to write a part of a check, which mean the same."""
        yield from ()

    def ignored_in_check(self) -> Sequence[Slot]:
        """What a check does not look at, by the sheet and the bank's settings."""
        no_sum: Sequence[Slot] = ("sum",) if self.bank.own.get("check_sum") == "ignore" else ()
        return [*self.SHEET.ignored_in_check, *no_sum]

    def repeat_first(self) -> Sequence[Slot]:
        """What a repeat may bring malformed, of the parts that are sent."""
        return [slot for slot in self.SHEET.repeat_first if slot in self.slots()]

    def by_post(self) -> Sequence[Way]:
        """How a POST may carry a query."""
        return self.SHEET.by_post

    def longest_id(self) -> int:
        """So many characters are an id still."""
        return self.SHEET.longest_id

    def long_ids(self, number: str) -> tuple[str, str]:
        """Two ids as long as they may be, made of a short one, that a careless reader mixes up."""
        pad = self.longest_id() - len(number)
        if self.SHEET.ids_have_letters:
            return "A" * pad + number, "a" + "A" * (pad - 1) + number
        first = "9" * pad + number
        return first, first[:-1] + ("0" if first[-1] != "0" else "1")

    def slots(self) -> Sequence[Slot]:
        """The parts of a pay."""
        return self.SHEET.slots["pay"]

    def slots_of_check(self) -> Sequence[Slot]:
        """The parts of a check, of those that are sent."""
        slots = self.SHEET.slots.get("check", ())
        return [slot for slot in slots if slot != "service" or slot in self.slots()]

    def wrong_in_check(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """What a check says to the same values: some it need not have, some it does not read."""
        for value, outcome in self.wrong(slot, step, probe):
            lacks = value is ABSENT or value == ""
            passes = slot in (self.optional_in_check() if lacks else self.ignored_in_check())
            yield value, "ok" if passes else outcome

    def unknown_acts(self) -> Sequence[Any]:
        """Commands that the dialect does not have."""
        return self.SHEET.unknown_acts

    def id(self, number: int) -> str:
        """A payment's number in the dialect's form."""
        return str(number)

    def posted(self, step: Step, way: Way) -> Request:
        """Put the parameters of a query into a POST."""
        raise NotImplementedError

    def understand(self, step: Step, reply: Reply) -> Reading:
        """Understand any answer; MalformedError when it has no form that the sheet knows."""
        if reply.status not in self.SHEET.statuses or (reply.status != 200 and not reply.body):
            require(
                not reply.body,
                Phrase("it is HTTP {status} with a body: a page is no answer", status=reply.status),
            )
            return self.bare(reply)
        return self.read(step, reply)

    def bare(self, reply: Reply) -> Reading:
        """Understand what HTTP alone says."""
        asks_back = reply.status != 401 or "www-authenticate" in reply.headers
        require(asks_back, Phrase("HTTP 401 comes without WWW-Authenticate"))
        return Reading(f"HTTP {reply.status}")

    def code(self, act: Act, outcome: str) -> str | None:
        """The code of an outcome, as the sheet and the bank's settings have it."""
        named = (f"{self.acts.get(act, '')}.{outcome}", f"{act}.{outcome}", outcome)
        return next((self.codes[name] for name in named if name in self.codes), None)

    def word(self, act: Act, code: str) -> Word:
        """What a code comes to."""
        if code in (self.code(act, "ok"), self.code(act, "duplicate_same")):
            return "done"
        if code in ("HTTP 401", "HTTP 403", self.code(act, "not_authenticated")):
            return "not the bank"
        return "ask again" if code == self.code(act, "temporary") else "refused"

    def tells_name(self) -> bool:
        """Does a check tell who the payer is?"""
        return "check" in self.acts and "name" in self.bank.show

    def tells_debt(self) -> bool:
        """Does a check tell what is owed?"""
        return "check" in self.acts and "debt" in self.bank.show

    def value(self, slot: Slot, step: Step) -> Any:
        """What stands in a slot of a good request."""
        values: dict[Slot, Any] = {
            "act": self.acts[step.act],
            "id": step.id,
            "account": step.account,
            "sum": f"{step.sum:.2f}",
            "number": step.number,
        }
        return values[slot]

    def service(self) -> Pairs:
        """The parameter that names the service, where one was agreed for it."""
        return [(self.bank.service_field, self.bank.service)] if self.bank.service_field else []

    def member(self, name: str, slot: Slot, step: Step) -> Pairs:
        """A slot of a request by its name: once, or as the case wants it."""
        change = step.change.get(slot)
        if change is ABSENT:
            return []
        if change is TWICE:
            return [(name, self.value(slot, step))] * 2
        return [(name, step.change[slot] if slot in step.change else self.value(slot, step))]


class TextSimulator(Simulator):
    """A dialect whose values are texts."""

    def wrong(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """What every sheet of texts calls malformed, by its tables."""
        if slot not in MALFORMED:
            return
        for value in self.malformed(slot, step, probe):
            yield value, MALFORMED[slot]
        yield "", self.SHEET.empty.get(slot, MALFORMED[slot])
        yield ABSENT, self.SHEET.absent.get(slot, MALFORMED[slot])

    def wrong_in_check(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[tuple[Any, str]]:
        """Also a zero, which is no sum yet."""
        yield from super().wrong_in_check(slot, step, probe)
        if slot == "sum" and "check_sum" in self.bank.own:
            may_lack = self.bank.own["check_sum"] != "validate"
            yield from ((zero, "ok" if may_lack else "bad_sum") for zero in ZEROS)

    def spellings(self, step: Step) -> Iterator[tuple[Slot, Any]]:
        """A sum in the other forms that the settings let it have."""
        if step.act == "pay":
            allowed = SPELLINGS[self.sum_form()]
            yield from (("sum", text) for name, text in spelled(step.sum) if name in allowed)

    def echo(self, step: Step) -> str:
        """The id as an answer repeats it: as it was sent, or nothing where that is no id."""
        return "" if "id" in step.change else str(self.value("id", step))

    def malformed(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[Any]:
        """Texts that are not of the form."""
        if slot == "sum":
            yield from wrong_sums(probe, self.sum_form())
        elif slot == "id":
            yield from self.SHEET.wrong_ids or WRONG_IDS
        elif slot == "time":
            dates = wrong_dates(self.value("time", step), *self.SHEET.impossible_dates)
            lenient = self.bank.own.get("dates") == "lenient"
            yield from (text for text in dates if not (lenient and is_lenient_date(text)))
            if self.SHEET.bounded_years:
                yield from (self.value("time", replace(step, at=at)) for at in FAR_TIMES)
        else:
            yield from wrong_accounts(self.bank, step.account)

    def sum_form(self) -> str:
        """A form of SPELLINGS."""
        return str(self.bank.own["sum_form"])


class QuerySimulator(TextSimulator):
    """A dialect whose request is a query string."""

    def fields(self, step: Step) -> Pairs:
        """The parameters in order."""
        pairs = [
            pair
            for slot in self.SHEET.slots[step.act]
            for pair in self.member(self.SHEET.names[slot], slot, step)
        ]
        return [*pairs, *self.service(), *step.extra]

    def request(self, step: Step) -> Request:
        """A GET."""
        return Request("GET", query=urlencode(self.fields(step)))

    def posted(self, step: Step, way: Way) -> Request:
        """All of them in the query, or in a form, or some here and some there."""
        pairs = self.fields(step)
        cut = {"in the query": len(pairs), "in a form": 0, "in both": len(pairs) // 2}[way]
        return Request(
            "POST",
            query=urlencode(pairs[:cut]),
            body=urlencode(pairs[cut:]).encode(),
            content_type="" if way == "in the query" else FORM,
        )

    def malformed(self, slot: Slot, step: Step, probe: Decimal) -> Iterator[Any]:
        """Also bytes that are no text."""
        yield from super().malformed(slot, step, probe)
        yield b"\xff\xfe" + str(self.value(slot, step)).encode()

    def oversized(self, step: Step) -> Request:
        """The same parameters in a form, and a long one that nobody knows."""
        body = urlencode([*self.fields(step), ("data1", "x" * 70_000)]).encode()
        return Request("POST", body=body, content_type=FORM)


def other_service(bank: Bank) -> int:
    """A number that is none of the bank's services."""
    own = bank.own["service_id"]
    ours = {*map(str, own if isinstance(own, tuple) else (own,)), *bank.services}
    return next(number for number in count(1) if str(number) not in ours)


def wrong_sums(probe: Decimal, form: str) -> Iterator[str]:
    """Texts that are no sum by the form: each is one that some parser takes."""
    good = f"{probe:.2f}"
    whole = good.partition(".")[0]
    yield from (f"{whole}e0", f"{whole}.0e0", "1e2", f"-{good}", f"+{good}")
    yield from (f" {good}", f"{good} ", f"{good}\n", f"{good}0", f"{whole},000")
    yield from (f"0_{good}", good.translate(OTHER_DIGITS), f"1{'0' * 20}.00", f"{whole}.", ".50")
    yield from ("0x10", "NaN", "Infinity", "1 000.00", "1,000.00", "null")
    yield from (text for name, text in spelled(probe) if name not in SPELLINGS[form])


def spelled(amount: Decimal) -> Iterator[tuple[str, str]]:
    """Other ways to write a sum, where its last digits are zeros, with their names."""
    good = f"{amount:.2f}"
    yield "comma", good.replace(".", ",")
    if good.endswith("0"):
        yield "one decimal", good[:-1]
    if good.endswith("00"):
        yield "integer", good[:-3]


def wrong_dates(good: str, *impossible: str) -> Iterator[str]:
    """Texts that are no date in the form of a good one."""
    yield from ("yesterday", good[:-1], f"{good}0", f" {good}", f"{good}\n")
    yield from (good.translate(OTHER_DIGITS), *impossible)


def is_lenient_date(text: str) -> bool:
    """Say whether this is a date as the setting dates = "lenient" has it, in any dialect."""
    for form in LENIENT_DATES:
        with suppress(ValueError):
            if f"{datetime.strptime(text, form):{form}}" == text:  # noqa: DTZ007 - no zone
                return True
    return False


def wrong_accounts(bank: Bank, account: str) -> Iterator[str]:
    """Texts near a good account that the bank's pattern refuses: nothing is trimmed."""
    near = (f" {account}", f"{account} ", f"{account}\n", f"{account}\0", account + "0" * 200)
    yield from (text for text in near if not bank.account_pattern.fullmatch(text))
