"""One play against an endpoint: asks, expects, keeps the books that the endpoint should have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback.phrase import Phrase
from callback.tools.conform.model import (
    Exchange,
    FailedError,
    MalformedError,
    Reading,
    Step,
    require,
)
from callback.tools.conform.network import LINE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callback.tools.conform.model import Act, Proof, Reply, Request
    from callback.tools.conform.network import Client
    from callback.tools.conform.simulator import Simulator

CENT = Decimal("0.01")
# What reading an answer comes to when a part of it is missing, or is of another type.
WRONG_SHAPE = (AttributeError, LookupError, TypeError, ValueError)
SHOWN = 700  # characters of a request or an answer in a report
# What no answer may carry: a stranger learns from it what runs here.
BANNERS = ("gunicorn", "werkzeug", "python", "flask", "php")
PAGES = (b"<html", b"<!doctype html", b"traceback (most recent", b"stack trace", b"fatal error")


class Booked(NamedTuple):
    """A payment that the endpoint must have in its books."""

    account: str
    sum: Decimal
    state: str


class Paid(NamedTuple):
    """A payment of this play: what was asked, and the first answers."""

    step: Step
    first: Reading
    perform: Step
    performed: Reading


@dataclass
class Others:
    """Numbers of other accounts, where the caller knows some."""

    unknown: str = ""
    closed: str = ""
    blocked: str = ""
    overpaid: str = ""


@dataclass
class Play:
    """A simulator at a line, with a test account that owes money.

    `seed` makes the ids of this play its own. `books` is what the endpoint must have recorded:
    every case keeps to it, and a refused call must leave it as it is.
    """

    simulator: Simulator
    client: Client
    account: str
    seed: int
    others: Others = field(default_factory=Others)
    parallel: int = 16
    one_sum: Decimal | None = None  # an invoice that is paid by its whole sum or not at all
    books: dict[str, Booked] = field(default_factory=dict)
    firsts: dict[str, tuple[Step, Reading]] = field(default_factory=dict)  # by the id, likewise
    last: Exchange | None = None
    owed_at_start: Decimal | None = None
    _ids: int = 0
    _paid: Paid | None = None
    _booked: tuple[Step, Reading] | None = None

    @property
    def sum(self) -> Decimal:
        """The sum of a payment: as small as the bank may pay."""
        return self.one_sum or self.simulator.bank.min_sum

    @property
    def probe(self) -> Decimal:
        """A good sum with digits enough to be spelled wrongly; it is never to be recorded."""
        bank = self.simulator.bank
        ten = max(Decimal("10.00"), bank.min_sum.to_integral_value().quantize(CENT))
        return ten if bank.min_sum <= ten <= bank.max_sum else self.sum

    @property
    def unknown(self) -> str:
        """A number that no account has."""
        if not self.others.unknown:
            self.others.unknown = self._made_up()
        return self.others.unknown

    def new(self, act: Act = "pay", **changes: Any) -> Step:
        """Something new to ask: its own id, now, the account and the smallest sum."""
        self._ids += 1
        at = datetime.now(self.simulator.bank.timezone).replace(microsecond=0, tzinfo=None)
        number = self.simulator.id(self.seed * 1000 + self._ids)
        step = Step(act=act, id=number, account=self.account, sum=self.sum, at=at)
        return replace(step, **changes)

    def later(self, act: Act, step: Step, first: Reading, **changes: Any) -> Step:
        """What is asked about a payment: perform, cancel, status."""
        return replace(step, act=act, number=first.number, **changes)

    def paid(self) -> Paid:
        """A payment that was made in this play; the cases share it, so that they write little."""
        if self._paid is None:
            # An invoice that is booked once is performed, not booked again.
            again = self.simulator.SHEET.two_phase and self.one_sum is not None
            self._paid = self._performed(*self.booked()) if again else self.pay()
        return self._paid

    def known(self) -> tuple[Step, Reading]:
        """A recorded payment, or in two phases a booking that waits, and the first answer."""
        if self.simulator.SHEET.two_phase:
            return self.booked()
        paid = self.paid()
        return paid.step, paid.first

    def booked(self) -> tuple[Step, Reading]:
        """A booking of this play that waits to be performed, shared likewise."""
        if self._booked is None:
            step = self.new()
            self._booked = step, self.expect(step, "ok")
        return self._booked

    def pay(self, step: Step | None = None) -> Paid:
        """Pay to the end, by both phases where there are two."""
        step = step or self.new()
        first = self.expect(step, "ok")
        if self.simulator.SHEET.two_phase:
            return self._performed(step, first)
        return Paid(step, first, step, first)

    def ask(self, step: Step, proof: Proof | None = None) -> Reading:
        """Ask once and understand; FailedError with what came where that is not possible."""
        return self.send(self.simulator.request(step), step, proof or step.proof)

    def send(self, request: Request, step: Step, proof: Proof | None = None) -> Reading:
        """Send a request that is or is not what the simulator would say of `ask`."""
        exchange = self.last = Exchange(self._shown(request, proof))
        try:
            reply = self.client.send(request, proof)
            exchange.came = shown(reply)
            look_for_pages(reply)
            return replace(self.simulator.understand(step, reply), exchange=exchange)
        except LINE_ERRORS as error:
            raise FailedError(
                Phrase("no answer: {why}", why=error or type(error).__name__), exchange
            ) from None
        except MalformedError as error:
            raise FailedError(
                Phrase("the answer is malformed: {error}", error=error), exchange
            ) from None
        except WRONG_SHAPE as error:
            raise FailedError(
                Phrase("the answer is malformed: {error!r}", error=error), exchange
            ) from None

    def expect(self, step: Step, *outcomes: str, **change: Any) -> Reading:
        """Ask, and want one of the outcomes; keep the books. `change` replaces slots."""
        step = replace(step, change={**step.change, **change})
        reading = self.ask(step)
        self.want(reading, step.act, *outcomes)
        self.book(step, reading)
        return reading

    def want(self, reading: Reading, act: Act, *outcomes: str) -> None:
        """Want an answer to mean one of the outcomes."""
        codes = {outcome: self.simulator.code(act, outcome) for outcome in outcomes}
        if reading.code not in codes.values():
            wanted = " or ".join(f"{name} ({code})" for name, code in codes.items())
            word = self.simulator.word(act, reading.code)
            raise FailedError(
                Phrase(
                    "wanted {wanted}, got {code}: {word}",
                    wanted=wanted,
                    code=reading.code,
                    word=word,
                ),
                reading.exchange,
            )

    def same(self, first: Reading, again: Reading) -> None:
        """Want a repeat to carry the data of the first answer."""
        for name, value in again.receipt.items():
            was = first.receipt.get(name, value)
            if was != value:
                raise FailedError(
                    Phrase(
                        "{name} was {was} in the first answer and now is {value}",
                        name=name,
                        was=was,
                        value=value,
                    ),
                    again.exchange,
                )

    def at_once(self, steps: Iterable[Step]) -> list[Reading]:
        """Ask all in parallel; nothing is expected or booked yet."""
        steps = list(steps)
        with ThreadPoolExecutor(len(steps)) as pool:
            return list(pool.map(self.ask, steps))

    def once_of_many(self, step: Step) -> Reading:
        """Ask the same in parallel: it must happen once, and all answers say the same.

        Where a repeat has a code of its own, one answer has the first's.
        """
        answers = self.at_once([step] * self.parallel)
        for reading in answers:
            self.want(reading, step.act, "ok", "duplicate_same")
        ok = self.simulator.code(step.act, "ok")
        firsts = [reading for reading in answers if reading.code == ok]
        own_code = self.simulator.code(step.act, "duplicate_same") != ok
        if not firsts or (own_code and len(firsts) > 1):
            raise FailedError(
                Phrase(
                    "{firsts} of {answers} answers say that it is the first",
                    firsts=len(firsts),
                    answers=len(answers),
                )
            )
        for reading in answers:
            self.same(firsts[0], reading)
        self.book(step, firsts[0])
        return firsts[0]

    def owed(self) -> Decimal | None:
        """What a check tells, where it tells it."""
        if not self.simulator.tells_debt():
            return None
        reading = self.expect(self.new("check"), "ok")
        if reading.debt is None:
            raise FailedError(Phrase("the check does not tell the debt, though `show` has it"))
        return reading.debt

    def begin(self) -> None:
        """Remember what is owed before anything is paid."""
        self.owed_at_start = self._seen_debt()

    def audit(self) -> None:
        """Want the debt to be what the books make it; then go on from what it is."""
        owed = self._seen_debt()
        if owed is None or self.owed_at_start is None:
            return
        should = self.simulator.debt_after(self.owed_at_start - self.total_paid())
        if owed != should:
            self.owed_at_start += owed - should
            raise FailedError(
                Phrase(
                    "the account should owe {should:.2f} now, a check says {owed:.2f}",
                    should=should,
                    owed=owed,
                )
            )

    def total_paid(self) -> Decimal:
        """What this play has paid."""
        return sum((row.sum for row in self.books.values() if row.state == "paid"), Decimal(0))

    def book(self, step: Step, reading: Reading) -> None:
        """Keep the books as the endpoint should: only an "ok" changes them."""
        if reading.code != self.simulator.code(step.act, "ok"):
            return
        if step.act == "pay" and step.id not in self.books:
            state = "created" if self.simulator.SHEET.two_phase else "paid"
            self.books[step.id] = Booked(step.account, step.sum, state)
            self.firsts[step.id] = step, reading
        elif step.act in ("perform", "cancel") and step.id in self.books:
            state = "paid" if step.act == "perform" else "cancelled"
            self.books[step.id] = self.books[step.id]._replace(state=state)

    def can_take_back(self, state: str) -> bool:
        """Whether the bank itself may cancel what is in this state."""
        may = state == "created" or (state == "paid" and self.simulator.refunds())
        return may and "cancel" in self.simulator.acts

    def take_back(self) -> tuple[int, int]:
        """Cancel, as the bank may, what this play has left; how many are cancelled, and are not."""
        left = [number for number, row in self.books.items() if row.state != "cancelled"]
        for number in left:
            if self.can_take_back(self.books[number].state):
                step, first = self.firsts[number]
                with suppress(FailedError):
                    cancel = replace(self.later("cancel", step, first), change={}, extra=())
                    self.expect(cancel, "ok", "duplicate_same")
        stayed = [number for number in left if self.books[number].state != "cancelled"]
        return len(left) - len(stayed), len(stayed)

    def _seen_debt(self) -> Decimal | None:
        """Nothing where a check does not work: there are cases about that."""
        with suppress(FailedError):
            return None if self.one_sum else self.owed()
        return None

    def _performed(self, step: Step, first: Reading) -> Paid:
        perform = self.later("perform", step, first)
        return Paid(step, first, perform, self.expect(perform, "ok"))

    def _made_up(self) -> str:
        """A number near the test account's that a check does not know."""
        digits = self.account[:-1]
        near = [
            *("9" * len(self.account), "0" * len(self.account)),
            *(f"{digits}{last}" for last in "987654321"),
            *(f"{self.account}-{self.seed}", f"{self.account}{self.seed}"),
        ]
        fit = [text for text in near if self.simulator.bank.account_pattern.fullmatch(text)]
        for text in fit:
            if text != self.account and not self._exists(text):
                return text
        raise FailedError(Phrase("no number is known that no account has: name one with --unknown"))

    def _exists(self, account: str) -> bool:
        if "check" not in self.simulator.acts:
            return False
        reading = self.ask(self.new("check", account=account))
        return self.simulator.word("check", reading.code) == "done"

    def _shown(self, request: Request, proof: Proof | None) -> str:
        path = self.client.path(request, proof)
        if self.client.token:
            path = path.replace(self.client.token, "<token>")
        body = (request.body or b"").decode(errors="replace")
        if self.client.password:
            body = body.replace(self.client.password, "<password>")
        without = f" ({proof})" if proof else ""
        return cut(f"{request.method} {path}{without} {body}".rstrip())


def look_for_pages(reply: Reply) -> None:
    """Complain of what no answer may carry."""
    banner = " ".join((reply.headers.get("server", ""), reply.headers.get("x-powered-by", "")))
    require(
        not any(word in banner.lower() for word in BANNERS),
        Phrase("it tells what runs here: {banner}", banner=banner),
    )
    head = reply.body[:20_000].lower()
    require(not any(page in head for page in PAGES), Phrase("it is a page or a traceback"))


def shown(reply: Reply) -> str:
    """An answer as a report shows it."""
    kind = reply.headers.get("content-type", "no Content-Type")
    return cut(f"HTTP {reply.status}, {kind} {reply.body.decode(errors='replace')}".rstrip())


def cut(text: str) -> str:
    """A text short enough for a report, on one line."""
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}… ({len(line)} characters)"
