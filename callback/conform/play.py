"""One play against an endpoint: asks, expects, keeps the books that the endpoint should have."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback.conform.network import LINE_ERRORS
from callback.conform.words import Ask, Exchange, FailedError, Heard, MalformedError, require

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callback.conform.network import Line
    from callback.conform.player import Player
    from callback.conform.words import Act, Proof, Reply, Request

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

    ask: Ask
    first: Heard
    perform: Ask
    performed: Heard


@dataclass
class Others:
    """Numbers of other accounts, where the caller knows some."""

    unknown: str = ""
    closed: str = ""
    blocked: str = ""


@dataclass
class Play:
    """A player at a line, with a test account that owes money.

    `seed` makes the ids of this play its own. `books` is what the endpoint must have recorded:
    every case keeps to it, and a refused call must leave it as it is.
    """

    player: Player
    line: Line
    account: str
    seed: int
    others: Others = field(default_factory=Others)
    parallel: int = 16
    one_sum: Decimal | None = None  # an invoice that is paid by its whole sum or not at all
    books: dict[str, Booked] = field(default_factory=dict)
    last: Exchange | None = None
    owed_at_start: Decimal | None = None
    _ids: int = 0
    _paid: Paid | None = None
    _booked: tuple[Ask, Heard] | None = None

    @property
    def sum(self) -> Decimal:
        """The sum of a payment: as small as the bank may pay."""
        return self.one_sum or self.player.bank.min_sum

    @property
    def probe(self) -> Decimal:
        """A good sum with digits enough to be spelled wrongly; it is never to be recorded."""
        bank = self.player.bank
        ten = max(Decimal("10.00"), bank.min_sum.to_integral_value().quantize(CENT))
        return ten if bank.min_sum <= ten <= bank.max_sum else self.sum

    @property
    def unknown(self) -> str:
        """A number that no account has."""
        if not self.others.unknown:
            self.others.unknown = self._made_up()
        return self.others.unknown

    def new(self, act: Act = "pay", **given: Any) -> Ask:
        """Something new to ask: its own id, now, the account and the smallest sum."""
        self._ids += 1
        at = datetime.now(self.player.bank.timezone).replace(microsecond=0, tzinfo=None)
        number = self.player.id(self.seed * 1000 + self._ids)
        ask = Ask(act=act, id=number, account=self.account, sum=self.sum, at=at)
        return replace(ask, **given)

    def later(self, act: Act, ask: Ask, first: Heard, **given: Any) -> Ask:
        """What is asked about a payment: perform, cancel, status."""
        return replace(ask, act=act, number=first.number, **given)

    def paid(self) -> Paid:
        """A payment that was made in this play; the cases share it, so that they write little."""
        if self._paid is None:
            # An invoice that is booked once is performed, not booked again.
            again = self.player.SHEET.two_phase and self.one_sum is not None
            self._paid = self._performed(*self.booked()) if again else self.pay()
        return self._paid

    def booked(self) -> tuple[Ask, Heard]:
        """A booking of this play that waits to be performed, shared likewise."""
        if self._booked is None:
            ask = self.new()
            self._booked = ask, self.expect(ask, "ok")
        return self._booked

    def pay(self, ask: Ask | None = None) -> Paid:
        """Pay to the end, by both phases where there are two."""
        ask = ask or self.new()
        first = self.expect(ask, "ok")
        if self.player.SHEET.two_phase:
            return self._performed(ask, first)
        return Paid(ask, first, ask, first)

    def ask(self, ask: Ask, proof: Proof | None = None) -> Heard:
        """Ask once and understand; FailedError with what came where that is not possible."""
        return self.send(self.player.request(ask), ask, proof or ask.proof)

    def send(self, request: Request, ask: Ask, proof: Proof | None = None) -> Heard:
        """Send a request that is or is not what the player would say of `ask`."""
        exchange = self.last = Exchange(self._shown(request, proof))
        try:
            reply = self.line.send(request, proof)
            exchange.came = shown(reply)
            look_for_pages(reply)
            return replace(self.player.understand(ask, reply), exchange=exchange)
        except LINE_ERRORS as error:
            raise FailedError(f"no answer: {error or type(error).__name__}", exchange) from None
        except MalformedError as error:
            raise FailedError(f"the answer is malformed: {error}", exchange) from None
        except WRONG_SHAPE as error:
            raise FailedError(f"the answer is malformed: {error!r}", exchange) from None

    def expect(self, ask: Ask, *outcomes: str, **change: Any) -> Heard:
        """Ask, and want one of the outcomes; keep the books. `change` replaces slots."""
        ask = replace(ask, change={**ask.change, **change})
        heard = self.ask(ask)
        self.want(heard, ask.act, *outcomes)
        self.book(ask, heard)
        return heard

    def want(self, heard: Heard, act: Act, *outcomes: str) -> None:
        """Want an answer to mean one of the outcomes."""
        codes = {outcome: self.player.code(act, outcome) for outcome in outcomes}
        if heard.code not in codes.values():
            wanted = " or ".join(f"{name} ({code})" for name, code in codes.items())
            word = self.player.word(act, heard.code)
            raise FailedError(f"wanted {wanted}, got {heard.code}: {word}", heard.exchange)

    def same(self, first: Heard, again: Heard) -> None:
        """Want a repeat to carry the data of the first answer."""
        for name, value in again.receipt.items():
            was = first.receipt.get(name, value)
            if was != value:
                raise FailedError(
                    f"{name} was {was} in the first answer and now is {value}", again.exchange
                )

    def at_once(self, asks: Iterable[Ask]) -> list[Heard]:
        """Ask all in parallel; nothing is expected or booked yet."""
        asks = list(asks)
        with ThreadPoolExecutor(len(asks)) as pool:
            return list(pool.map(self.ask, asks))

    def once_of_many(self, ask: Ask) -> Heard:
        """Ask the same in parallel: it must happen once, and all answers say the same.

        Where a repeat has a code of its own, one answer has the first's.
        """
        answers = self.at_once([ask] * self.parallel)
        for heard in answers:
            self.want(heard, ask.act, "ok", "duplicate_same")
        ok = self.player.code(ask.act, "ok")
        firsts = [heard for heard in answers if heard.code == ok]
        own_code = self.player.code(ask.act, "duplicate_same") != ok
        if not firsts or (own_code and len(firsts) > 1):
            raise FailedError(f"{len(firsts)} of {len(answers)} answers say that it is the first")
        for heard in answers:
            self.same(firsts[0], heard)
        self.book(ask, firsts[0])
        return firsts[0]

    def owed(self) -> Decimal | None:
        """What a check tells, where it tells it."""
        if not self.player.tells_debt():
            return None
        heard = self.expect(self.new("check"), "ok")
        if heard.debt is None:
            raise FailedError("the check does not tell the debt, though `show` has it")
        return heard.debt

    def begin(self) -> None:
        """Remember what is owed before anything is paid."""
        self.owed_at_start = self._seen_debt()

    def audit(self) -> None:
        """Want the debt to be what the books make it; then go on from what it is."""
        owed = self._seen_debt()
        if owed is None or self.owed_at_start is None:
            return
        should = self.player.debt_after(self.owed_at_start - self.total_paid())
        if owed != should:
            self.owed_at_start += owed - should
            raise FailedError(f"the account should owe {should:.2f} now, a check says {owed:.2f}")

    def total_paid(self) -> Decimal:
        """What this play has paid."""
        return sum((one.sum for one in self.books.values() if one.state == "paid"), Decimal(0))

    def book(self, ask: Ask, heard: Heard) -> None:
        """Keep the books as the endpoint should: only an "ok" changes them."""
        if heard.code != self.player.code(ask.act, "ok"):
            return
        if ask.act == "pay" and ask.id not in self.books:
            state = "created" if self.player.SHEET.two_phase else "paid"
            self.books[ask.id] = Booked(ask.account, ask.sum, state)
        elif ask.act in ("perform", "cancel") and ask.id in self.books:
            state = "paid" if ask.act == "perform" else "cancelled"
            self.books[ask.id] = self.books[ask.id]._replace(state=state)

    def _seen_debt(self) -> Decimal | None:
        """Nothing where a check does not work: there are cases about that."""
        with suppress(FailedError):
            return None if self.one_sum else self.owed()
        return None

    def _performed(self, ask: Ask, first: Heard) -> Paid:
        perform = self.later("perform", ask, first)
        return Paid(ask, first, perform, self.expect(perform, "ok"))

    def _made_up(self) -> str:
        """A number near the test account's that a check does not know."""
        digits = self.account[:-1]
        near = [
            *("9" * len(self.account), "0" * len(self.account)),
            *(f"{digits}{last}" for last in "987654321"),
            *(f"{self.account}-{self.seed}", f"{self.account}{self.seed}"),
        ]
        fit = [text for text in near if self.player.bank.account_pattern.fullmatch(text)]
        for text in fit:
            if text != self.account and not self._exists(text):
                return text
        raise FailedError("no number is known that no account has: name one with --unknown")

    def _exists(self, account: str) -> bool:
        if "check" not in self.player.acts:
            return False
        heard = self.ask(self.new("check", account=account))
        return self.player.word("check", heard.code) == "done"

    def _shown(self, request: Request, proof: Proof | None) -> str:
        path = self.line.path(request, proof)
        if self.line.token:
            path = path.replace(self.line.token, "<token>")
        body = (request.body or b"").decode(errors="replace")
        without = f" ({proof})" if proof else ""
        return cut(f"{request.method} {path}{without} {body}".rstrip())


def look_for_pages(reply: Reply) -> None:
    """Complain of what no answer may carry."""
    banner = " ".join((reply.headers.get("server", ""), reply.headers.get("x-powered-by", "")))
    require(
        not any(word in banner.lower() for word in BANNERS), f"it tells what runs here: {banner}"
    )
    head = reply.body[:20_000].lower()
    require(not any(page in head for page in PAGES), "it is a page or a traceback")


def shown(reply: Reply) -> str:
    """An answer as a report shows it."""
    kind = reply.headers.get("content-type", "no Content-Type")
    return cut(f"HTTP {reply.status}, {kind} {reply.body.decode(errors='replace')}".rstrip())


def cut(text: str) -> str:
    """A text short enough for a report, on one line."""
    line = text.replace("\r", "\\r").replace("\n", "\\n")
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}… ({len(line)} characters)"
