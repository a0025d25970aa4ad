"""The connection sheet: the page about one bank of the settings, section by section."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote_plus, urlsplit

from callback import readers
from callback.limits import CONNECT_TIMEOUT_S, LAST_START_S, MAX_BODY, STATEMENT_TIMEOUT_S
from callback.messages import message
from callback.protocols import HTTP_STATUS, PROTOCOLS, has_path
from callback.tools.conform.simulators import SIMULATORS
from callback.tools.sheet import texts
from callback.tools.sheet.blocks import (
    Heading,
    Items,
    Listing,
    Page,
    Section,
    Table,
    Text,
    code,
    listed,
)
from callback.tools.sheet.examples import (
    EXAMPLE_SECRET,
    SIGN,
    examples,
    invent_scenario,
    shown_signs,
    without_secrets,
)
from callback.tools.sheet.sheets import SHEETS
from callback.wire import FORM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from callback.bank import Bank, Settings
    from callback.model import Outcome
    from callback.tools.conform.model import Act, Request
    from callback.tools.conform.simulator import Simulator
    from callback.tools.sheet.blocks import Block
    from callback.tools.sheet.dialect_sheet import Param
    from callback.tools.sheet.examples import Example
    from callback.tools.sheet.texts import Pair
    from callback.wire import Answer

TOKEN = "<token>"  # noqa: S105 - what is printed instead of one
SITE = "https://…"
LIMIT_S = round(LAST_START_S + CONNECT_TIMEOUT_S + STATEMENT_TIMEOUT_S)
DIGITS = re.compile(r"(?:\[0-9\]|\\d)\{(\d+)(?:,(\d+))?\}")
ACTS: tuple[Act, ...] = (*("check", "pay", "perform", "status", "cancel", "statement", "password"),)
LATER_ACTS = frozenset({"perform", "cancel", "status"})


def sheet(settings: Settings, bank: Bank, language: str, account: str = "") -> Page:
    """Make the page; NoNumberError when no example number can be made up and none is given."""
    return _Writer(settings, bank, language, account).page()


class _Writer:
    """Says what the settings mean to the bank, in one language."""

    def __init__(self, settings: Settings, bank: Bank, language: str, account: str) -> None:
        self.settings = settings
        self.services = list(bank.services.values())
        # Of several services the page describes the first, and lists them all.
        bank = next(iter(self.services), bank)
        self.bank = without_secrets(bank)
        self.real = bank
        self.language = language
        self.dialect = SHEETS[bank.protocol]
        simulator = SIMULATORS.get(bank.protocol)
        self.simulator = simulator(self.bank) if simulator else None
        self.scenario = invent_scenario(bank, account) if simulator else None
        self.examples: Sequence[Example] = examples(bank, self.scenario) if self.scenario else ()
        self.values: dict[str, str] = {}
        self.values |= self._common_values()
        self.values |= self._own_values()
        self.values["sum"] = self._sum_form()

    def page(self) -> Page:
        """All sections that the dialect has."""
        called = bool(PROTOCOLS[self.bank.protocol].PATHS)
        keys = texts.SECTIONS if called else texts.SECTIONS_WITHOUT_CALLS
        protocol = self.say(self.dialect.title)
        now = datetime.now(self.bank.timezone)
        return Page(
            self.language,
            self.say(texts.TITLE, bank=self.bank.name),
            self.say(texts.MADE, protocol=protocol, day=code(f"{now:%Y-%m-%d}")),
            [
                Section(key, self.say(texts.SECTIONS[key]), list(getattr(self, f"_{key}")()))
                for key in keys
            ],
        )

    def say(self, pair: Pair, **values: Any) -> str:
        """Say it in the language, with values of the settings; backticks become code."""
        text = getattr(pair, self.language)
        marked = re.sub("`([^`]*)`", lambda match: code(match[1]), text)
        return str(marked.format(**(self.values | values)))

    # The values that texts may name.

    def _common_values(self) -> dict[str, str]:
        negative = self.bank.own.get("balance_sign", "account") == "account"
        sign = texts.DEBT_IS_NEGATIVE if negative else texts.DEBT_IS_POSITIVE
        return {
            "bank": self.bank.name,
            "username": self.bank.username,
            "zone": code(self.bank.timezone.key),
            "currency": self.bank.currency,
            "token": TOKEN,
            "balance": self.say(sign),
            "id_digits": "20",
        }

    def _own_values(self) -> dict[str, str]:
        """The dialect's own settings by their keys, and what its sheet adds."""
        settings = {key: _as_text(value) for key, value in self.bank.own.items()}
        more = self.dialect.values(self.bank)
        return settings | {
            name: self.say(value) if isinstance(value, texts.Pair) else value
            for name, value in more.items()
        }

    def _sum_form(self) -> str:
        if self.scenario is None:
            return ""
        amount = self.scenario.sum
        return self.say(
            self.dialect.sums or _sums(self.bank),
            example=f"{amount:.2f}",
            hundredths=int(amount * 100),
        )

    # The sections.

    def _address(self) -> Iterator[Block]:
        dialect = PROTOCOLS[self.bank.protocol]
        if not dialect.PATHS:
            yield Text(self.say(texts.NEVER_CALLED))
            return
        if not self.settings.public_url:
            yield Text(self.say(texts.NO_PUBLIC_URL))
        methods = ("GET",) if self.bank.own.get("bank_key") else dialect.METHODS
        how = self.say(texts.OR).join(methods)
        yield Table(
            self._head("address"),
            [
                [path or self.say(texts.EVERY), code(self._url(path)), how]
                for path in dialect.PATHS
                if has_path(self.bank, path)
            ],
        )
        if self.bank.url_token:
            yield Text(self.say(texts.TOKEN_IN_ADDRESS))
        if "POST" in methods:
            yield Text(self.say(texts.BODY, kib=MAX_BODY // 1024))

    def _proof(self) -> Iterator[Block]:
        yield Text(self.say(texts.ALL_OF_THEM))
        yield Items(list(self._proofs()))
        if self._signs() and self.bank.secret:
            secret = EXAMPLE_SECRET.decode()
            yield Text(self.say(texts.EXAMPLE_SECRET_IS, secret=secret))
        elif self._signs():
            yield Text(self.say(texts.EXAMPLE_HEX_IS, secret=SIGN))
        elif self.bank.password:
            yield Text(self.say(texts.EXAMPLE_PASSWORD_IS, secret=EXAMPLE_SECRET.decode()))

    def _proofs(self) -> Iterator[str]:
        if self.bank.allow:
            addresses = (
                str(network).removesuffix(f"/{network.max_prefixlen}")
                for network in self.bank.allow
            )
            yield self.say(texts.FROM_ADDRESSES, addresses=listed(addresses))
        if self.real.password:
            yield self.say(self._by_password(), username=self.bank.username)
        if self.bank.url_token:
            yield self.say(texts.BY_TOKEN)
        formula = self.dialect.formula
        if formula and self._signs():
            yield self.say(texts.BY_SIGNATURE, formula=self.say(formula))

    def _parameters(self) -> Iterator[Block]:
        requests = "\n".join(_request_text(example.request) for example in self.examples)
        rows = [
            [code(param.name), self._operations(param.acts), self._form(param)]
            for param in self.dialect.parameters
            if self._acts(param.acts) and param.name.rpartition(".")[2] in requests
        ]
        yield Table(self._head("parameters"), rows)
        yield Text(self.say(texts.IGNORED))
        for note in self.dialect.notes:
            if not note.setting or self.bank.setting(note.setting):
                yield Text(self.say(note.text))

    def _form(self, param: Param) -> str:
        acts = [act.removesuffix("?") for act in self._acts(param.acts)]
        words = dict.fromkeys(self.simulator.acts[act] for act in acts) if self.simulator else ()
        return self.say(param.form, commands=listed(words))

    def _answer(self) -> Iterator[Block]:
        reading = "\n".join(_decoded(example.answer) for example in self.examples)
        rows = [(name.format(**self.values), meaning) for name, meaning in self.dialect.answers]
        yield Table(
            self._head("answer"),
            [[code(name), self.say(meaning)] for name, meaning in rows if _stands(name, reading)],
        )

    def _account(self) -> Iterator[Block]:
        bank = self.bank
        pattern = readers.written(bank.account_pattern)
        form = self._lengths(pattern)
        yield Text(self.say(texts.PAYER_IS[bank.payer], form=form))
        said = texts.PATTERN_OF_DIGITS if bank.account_clean else texts.PATTERN
        yield Text(self.say(said, pattern=pattern))
        whole = bank.payer == "invoice" and bool(
            self.simulator and self.simulator.SHEET.exact_invoice
        )
        if whole:
            yield Text(self.say(texts.WHOLE_INVOICE))
        part = self.say(texts.WHOLE_PART if whole else texts.ANY_PART)
        low, high = f"{bank.min_sum:.2f}", f"{bank.max_sum:.2f}"
        yield Text(self.say(texts.SUM_LIMITS, low=low, high=high, part=part))
        if self.values["sum"]:
            yield Text(self.say(texts.WRITTEN_SO))
        yield Text(self.say(texts.CURRENCY))
        yield Text(self.say(self.dialect.zone))
        yield from self._services()

    def _services(self) -> Iterator[Block]:
        if not self.services:
            return
        field = self.bank.service_field
        yield Text(self.say(texts.SERVICES_BY, field=field) if field else self.say(texts.SERVICES))
        yield Table(
            self._head("services"),
            [
                [
                    code(service.service or "–"),
                    code(readers.written(service.account_pattern)),
                    f"{service.min_sum:.2f}",
                    f"{service.max_sum:.2f}",
                    service.currency,
                ]
                for service in self.services
            ],
        )

    def _lengths(self, pattern: str) -> str:
        match = DIGITS.fullmatch(pattern)
        if match is None:
            return ""
        low, high = match[1], match[2] or match[1]
        return self.say(texts.ONE_LENGTH if low == high else texts.LENGTHS, low=low, high=high)

    def _shown(self) -> Iterator[Block]:
        if self.simulator and "check" not in self.simulator.acts:
            yield Text(self.say(texts.NO_CHECK))
            return
        words = [self.say(texts.WORDS[word]) for word in self.bank.show]
        if words:
            yield Text(self.say(texts.SHOWS, what=", ".join(words)))
        else:
            yield Text(self.say(texts.SHOWS_NOTHING))
        yield Text(self.say(texts.CHECK_WRITES_NOTHING))

    def _examples(self) -> Iterator[Block]:
        if self.scenario is None:
            yield Text(self.say(texts.NO_EXAMPLES))
            return
        yield Text(self.say(texts.EXAMPLE_PAYER, account=code(self.scenario.account)))
        for example in self.examples:
            title = self.say(texts.EXAMPLES[example.what])
            yield Heading(f"{title} ({self._operation(example.act)})")
            yield Listing(self.say(texts.REQUEST), self._request(example.request))
            if example.request.content_type == FORM and b"%3C" in (example.request.body or b""):
                body = (example.request.body or b"").decode()
                name, _, text = unquote_plus(body).partition("=")
                yield Listing(self.say(texts.DECODED, name=name), text, "xml")
            yield Listing(self.say(texts.ANSWER), _response(example.answer))

    def _codes(self) -> Iterator[Block]:
        yield Table(self._head("codes"), list(self._code_rows()))
        yield Text(self.say(texts.FINAL_MEANS))

    def _code_rows(self) -> Iterator[list[str]]:
        """A row a code and an end: one code may be both, as 201 of Paynet is."""
        rows: dict[tuple[str, str], list[str]] = {}
        for word, end, meaning in (*self._good_codes(), *self._bad_codes(), *self._later_codes()):
            meanings = rows.setdefault((word, end), [])
            if meaning not in meanings:
                meanings.append(meaning)
        for (word, end), meanings in rows.items():
            yield [code(word), "; ".join(meanings), self.say(texts.FINAL[end])]

    def _good_codes(self) -> Iterator[tuple[str, str, str]]:
        simulator = self._known()
        for act in self._acts(" ".join(ACTS)):
            books = act == "pay" and simulator.SHEET.two_phase
            for word in self.dialect.success.get(act) or [simulator.code(act, "ok") or ""]:
                yield word, "done", self.say(texts.DONE["book" if books else act])
            again = simulator.code(act, "duplicate_same")
            if again and act in ("pay", "perform", "cancel"):
                yield again, "done", f"{self.say(texts.REPEATED)} ({self._operation(act)})"

    def _bad_codes(self) -> Iterator[tuple[str, str, str]]:
        for key, word in self.bank.codes.items():
            command, _, outcome = key.rpartition(".")
            if not self._occurs(outcome) or word in texts.NO_CODES:
                continue
            of = f" ({code(command)})" if command else ""
            end = "stranger" if outcome in HTTP_STATUS else "refused"
            end = "again" if outcome in self.dialect.not_final else end
            yield word, end, f"{self._meaning(outcome)}{of}"
        for outcome, status in HTTP_STATUS.items():
            if self.bank.code("", outcome) is None and self._occurs(outcome):
                yield f"HTTP {status}", "stranger", self._meaning(outcome)

    def _later_codes(self) -> Iterator[tuple[str, str, str]]:
        simulator = self._known()
        acts = self._acts(" ".join(ACTS))
        codes = {act: simulator.code(act, "temporary") or "" for act in acts}
        for word in dict.fromkeys(codes.values()):
            which = dict.fromkeys(self._operation(act) for act in acts if codes[act] == word)
            of = f" ({', '.join(which)})" if len(set(codes.values())) > 1 else ""
            yield word, "again", f"{self._meaning('temporary')}{of}"

    def _occurs(self, outcome: str) -> bool:
        """Say whether the settings and the dialect let a refusal happen."""
        if outcome in ("ok", "duplicate_same", "temporary"):
            return False
        bank, simulator = self.bank, self._known()
        invoices = bank.payer == "invoice"
        later = LATER_ACTS & simulator.acts.keys()
        conditions: dict[str, object] = {
            "already_paid": invoices,
            "invoice_cancelled": invoices,
            "sum_differs": invoices or "sum" in simulator.SHEET.perform_names,
            "payment_not_found": later,
            "cancel_refused": "cancel" in simulator.acts,
            "payment_expired": bank.own.get("timeout"),
            "too_many_payments": "statement" in simulator.acts,
            "bad_type": bank.own.get("types"),
            "bad_signature": self._signs(),
            "not_authenticated": self.real.password
            or (self._signs() and bank.code("", "not_authenticated")),
            "bad_token": bank.url_token,
            "bad_address": bank.allow,
        }
        return outcome in self.dialect.occurs or bool(conditions.get(outcome, True))

    def _repeats(self) -> Iterator[Block]:
        simulator = self._known()
        again = code(simulator.code("pay", "duplicate_same") or "")
        same = self.dialect.repeats or texts.REPEAT_SAME
        paid = code(simulator.code("pay", "repeat_of_paid") or "")
        yield Text(self.say(same, code=again, paid=paid))
        if simulator.SHEET.two_phase:
            again = code(simulator.code("perform", "duplicate_same") or "")
            operation = self._operation("perform")
            yield Text(self.say(texts.REPEAT_PERFORM, operation=operation, code=again))
        other = code(simulator.code("pay", "duplicate_other") or "")
        yield Text(self.say(texts.REPEAT_OTHER, code=other))
        yield Text(self.say(texts.REPEAT_REFUSED))
        if self.bank.own.get("timeout"):
            yield Text(self.say(texts.BOOKING_ENDS, seconds=self.bank.own["timeout"]))
        yield Text(self.say(texts.REFUNDS[simulator.refunds()]))

    def _limit(self) -> Iterator[Block]:
        simulator = self._known()
        acts = self._acts(" ".join(ACTS))
        codes = dict.fromkeys(simulator.code(act, "temporary") or "" for act in acts)
        yield Text(self.say(texts.LIMIT, seconds=LIMIT_S, code=listed(codes)))

    def _questions(self) -> Iterator[Block]:
        yield Text(self.say(texts.ASK_US_BACK))
        if self.dialect.questions:
            yield Items([self.say(question) for question in self.dialect.questions], boxes=True)
        yield Text(self.say(texts.ABOUT_FILES))
        yield Items([self.say(question) for question in texts.FILE_QUESTIONS], boxes=True)

    def _contact(self) -> Iterator[Block]:
        yield Text(self.settings.contact or self.say(texts.NO_CONTACT))

    # What the sections share.

    def _head(self, key: str) -> list[str]:
        return [self.say(pair) for pair in texts.HEADS[key]]

    def _known(self) -> Simulator:
        if self.simulator is None:
            raise LookupError(f"no simulator of {self.bank.protocol}")
        return self.simulator

    def _signs(self) -> bool:
        return self.simulator is not None and self.simulator.signs()

    def _by_password(self) -> Pair:
        if PROTOCOLS[self.bank.protocol].CREDENTIALS_INSIDE:
            return texts.BY_ELEMENTS
        return texts.BY_BASIC if self._says_basic() else texts.BY_BARE_BASIC

    def _says_basic(self) -> bool:
        return self._known().SHEET.says_basic

    def _url(self, path: str) -> str:
        return f"{self.settings.public_url or SITE}{self._path(path)}"

    def _path(self, path: str) -> str:
        token = TOKEN if self.bank.url_token else ""
        return "/" + "/".join(filter(None, (self.bank.name, token, path)))

    def _acts(self, acts: str) -> list[Any]:
        """Those that the dialect has here."""
        own = self.simulator.acts if self.simulator else {}
        return [act for act in acts.split() if act.removesuffix("?") in own]

    def _operations(self, acts: str) -> str:
        if self._known().acts.keys() <= set(acts.split()):
            return self.say(texts.EVERY)
        operations = []
        for act in self._acts(acts):
            operation = self._operation(act.removesuffix("?"))
            may = act.endswith("?")
            operations.append(self.say(texts.MAY_LACK, operation=operation) if may else operation)
        return ", ".join(dict.fromkeys(operations))

    def _operation(self, act: Act) -> str:
        return code(self.dialect.operations.get(act) or self._known().acts[act])

    def _meaning(self, outcome: str) -> str:
        name = cast("Outcome", outcome)
        own = self.dialect.meanings.get(name)
        if own is None and name == "not_authenticated" and not self.real.password:
            own = texts.WRONG_SIGN
        meaning = own or texts.MEANINGS.get(name)
        return self.say(meaning) if meaning else message(name, self.language)

    def _request(self, request: Request) -> str:
        """A request as it travels, without its secrets."""
        site = urlsplit(self.settings.public_url or SITE)
        query = f"?{request.query}" if request.query else ""
        # A site may lie below a path.
        lines = [f"{request.method} {site.path}{self._path(request.path)}{query} HTTP/1.1"]
        lines.append(f"Host: {site.netloc}")
        if self.real.password and not PROTOCOLS[self.bank.protocol].CREDENTIALS_INSIDE:
            word = "Basic " if self._says_basic() else ""
            lines.append(f"Authorization: {word}<{self.say(texts.CREDENTIALS)}>")
        if request.content_type:
            lines.append(f"Content-Type: {request.content_type}")
        body = (request.body or b"").decode()
        return shown_signs("\n".join(lines) + (f"\n\n{body}" if body else ""))


def _response(answer: Answer) -> str:
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    if answer.content_type:
        lines.append(f"Content-Type: {answer.content_type}")
    return shown_signs("\n".join(lines) + (f"\n\n{_decoded(answer)}" if answer.body else ""))


def _decoded(answer: Answer) -> str:
    charset = answer.content_type.partition("charset=")[2] or "utf-8"
    return answer.body.decode(charset)


def _stands(name: str, reading: str) -> bool:
    """Say whether an answer has an element, attribute or member that is called so."""
    name = re.escape(name)
    return re.search(rf'<{name}[ >]|"{name}":| {name}=', reading) is not None


def _request_text(request: Request) -> str:
    return unquote_plus(f"{request.query}\n{(request.body or b'').decode()}")


def _sums(bank: Bank) -> Pair:
    """How a sum is written by the bank's settings."""
    if bank.own.get("kopecks"):
        return texts.KOPECKS
    return texts.SUM_FORMS[bank.own.get("sum_form", "strict")]


def _as_text(value: object) -> str:
    """A setting as texts name it."""
    if isinstance(value, tuple):
        return listed(value) or "—"
    return str(value)
