"""The run of `flask conform`: where to, what it will write, a line a case, a summary."""

from __future__ import annotations

import ipaddress
import json
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from callback.passwords import is_digest
from callback.phrase import Phrase
from callback.signature import newest_token
from callback.tools.conform.model import FailedError, Request
from callback.tools.conform.network import LINE_ERRORS, Client
from callback.tools.conform.play import Play
from callback.tools.conform.simulators import SIMULATORS
from callback.tools.conform.suite import CASES, SHARED_BOOKS, SHARED_PAYS, lacks
from callback.tools.doctor import caller_at
from callback.tools.hints import send_settings
from callback.tools.words import _, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from callback.bank import Bank, Settings
    from callback.tools.conform.suite import Case

OURS = "http://127.0.0.1:8000"  # where `make run` serves
SHEETS = "docs/protocols"
# What a check answers when the test account is none.
NOT_PAYABLE = ("unknown_account", "bad_account", "account_closed", "account_blocked")


class CannotRunError(Exception):
    """Nothing was tried; the text says what is missing."""


@dataclass(frozen=True)
class Verdict:
    """What came of one case."""

    case: Case
    why: str = ""  # it failed; empty: it is as it should be
    sent: str = ""
    came: str = ""
    ms: int = 0


@dataclass(frozen=True)
class Plan:
    """What a run will write."""

    cases: Sequence[Case]
    left_out: Sequence[tuple[Case, str]]
    pays: int
    books: int
    sum: Decimal


def start(settings: Settings, bank: Bank, account: str, url: str, **options: Any) -> Play:
    """Make ready to play; CannotRunError when the endpoint or the account is not there."""
    if bank.protocol not in SIMULATORS:
        raise CannotRunError(
            Phrase('nobody calls for a bank of protocol = "{protocol}"', protocol=bank.protocol)
        )
    play = Play(
        simulator=SIMULATORS[bank.protocol](bank),
        client=client(settings, bank, url, options["timeout_s"]),
        account=account,
        seed=time.time_ns() // 1_000_000,
        others=options["others"],
    )
    play.simulator.sign = options["key"]
    if play.simulator.needs_key() and not play.simulator.sign:
        raise CannotRunError(
            Phrase(
                "{name} signs with a key that only the bank has; for a test, make a pair, name its "
                "public half in bank_key and give the private one with --key",
                name=bank.name,
            )
        )
    owed = _reach(settings, play)
    if bank.payer == "invoice":
        play.one_sum = options["one_sum"] or _one_sum(play, owed)
    return play


def client(settings: Settings, bank: Bank, url: str, timeout_s: float) -> Client:
    """The line to the bank's address: `url` is a site or a whole address, ours or anyone's."""
    token = newest_token(bank, settings.secret_keys)
    url = url or settings.public_url or OURS
    path = _path(url)
    if url == settings.public_url or path in ("", "/"):
        url = f"{url.rstrip('/')}/{bank.name}"
    if token and token not in url:
        url = f"{url.rstrip('/')}/{token}"
    if bank.password and is_digest(bank.password[-1]):
        raise CannotRunError(
            Phrase(
                "the settings have only the digest of {name}'s password: let CALLBACK_CONFIG name "
                "a copy of them with the password itself",
                name=bank.name,
            )
        )
    password = bank.password[-1].decode() if bank.password else ""
    sheet = SIMULATORS[bank.protocol].SHEET
    return Client(
        url,
        token,
        bank.username,
        password,
        timeout_s,
        says_basic=sheet.says_basic,
        sends_basic=not sheet.credentials_inside,
    )


def stranger(settings: Settings, url: str) -> str:
    """The site that an address is of, where it is neither ours nor on this machine."""
    site, ours = (urlsplit(address)[:2] for address in (url, settings.public_url or ""))
    return "://".join(site) if url and site != ours and _is_far(url) else ""


def _path(url: str) -> str:
    """What stands behind the host of an address; CannotRunError where it is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CannotRunError(
            Phrase("{url} is no address: it begins with http:// or https://", url=url)
        )
    return parts.path


def plan(play: Play) -> Plan:
    """What will be played, and what it writes at most."""
    reasons = [(case, lacks(play, case)) for case in CASES]
    cases = [case for case, reason in reasons if reason is None]
    left_out = [(case, reason) for case, reason in reasons if reason is not None]
    two = play.simulator.SHEET.two_phase
    alone = play.one_sum is not None
    pays = SHARED_PAYS + sum(case.pays for case in cases)
    books = (0 if alone else SHARED_BOOKS) + sum(case.books for case in cases) if two else 0
    return Plan(cases, left_out, pays, books, pays * play.sum)


def play_all(play: Play, cases: Sequence[Case]) -> Iterator[Verdict]:
    """Play the cases in order, each with a look at the debt after it."""
    play.begin()
    for case in cases:
        began = time.perf_counter()
        verdict = judge(play, case)
        ms = round((time.perf_counter() - began) * 1000)
        yield Verdict(case, *verdict, ms=ms)


def judge(play: Play, case: Case) -> tuple[str, str, str]:
    """Play one case: what it failed for, what was sent and what came; or three empty texts."""
    play.last = None
    try:
        case.run(play)
        play.audit()
    except FailedError as error:
        exchange = error.exchange or play.last
        with suppress(FailedError):
            play.audit()  # this case has failed; the next ones begin from what is owed now
        return str(error), exchange.sent if exchange else "", exchange.came if exchange else ""
    return "", "", ""


def report(play: Play, to_do: Plan, as_json: bool) -> bool:
    """Play, print a line a case and the summary; say whether all is as it should be."""
    failed = 0
    bar = click.progressbar(
        length=len(to_do.cases), file=sys.stderr, hidden=as_json or not sys.stderr.isatty()
    )
    with bar:
        for verdict in play_all(play, to_do.cases):
            failed += bool(verdict.why)
            if not bar.hidden:
                click.echo("\r\033[K", nl=False, err=True)  # the line takes the bar's place
            click.echo(as_object(play, verdict) if as_json else as_text(play, verdict))
            bar.update(1)
    taken_back, left = play.take_back()
    if not as_json and (taken_back or left):
        text = _("{n} payments are taken back, {left} are left.")
        click.echo(text.format(n=taken_back, left=left))
        if left:
            click.echo(_("Where the endpoint is this program, take them out by:"))
            click.echo(take_out(play))
    click.echo(summary(to_do, failed, as_json, taken_back=taken_back, left=left))
    return not failed


def is_elsewhere(play: Play) -> bool:
    """Whether the endpoint is on another machine, and its payments perhaps a company's."""
    return _is_far(play.client.url)


def _is_far(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return not ipaddress.ip_address(host).is_loopback
    return host != "localhost"


def announce(play: Play, to_do: Plan) -> str:
    """Say what will be written, before it is."""
    bank = play.simulator.bank
    watched = (
        ""
        if play.simulator.tells_debt()
        else "\n" + _("No check tells the debt: only answers are seen.")
    )
    bookings = (
        _(" and {n} bookings that are never performed").format(n=to_do.books) if to_do.books else ""
    )
    text = _(
        "{cases} cases of {sheet} against {url}, as the bank {bank}.\n"
        "They record {pays} payments of {sum:.2f} {currency}{bookings} on the account {account}, "
        "together {total:.2f} {currency}, under ids with {seed} in them.\n"
        "{taken_back} An endpoint that takes what it should refuse records more. "
        "Where it is this program, take out what is left by:"
    ).format(
        cases=len(to_do.cases),
        sheet=play.simulator.SHEET.name,
        url=play.client.shown_url(),
        bank=bank.name,
        pays=to_do.pays,
        sum=play.sum,
        currency=bank.currency,
        bookings=bookings,
        account=play.account,
        total=to_do.sum,
        seed=play.seed,
        taken_back=_taken_back(play),
    )
    return f"{text}\n{take_out(play)}{watched}"


def take_out(play: Play) -> str:
    """The statement that cancels what these cases have recorded."""
    return (  # to be read and pasted, by whoever the database belongs to
        f"UPDATE payment SET state = 'cancelled', cancelled_at = UTC_TIMESTAMP(3) "  # noqa: S608
        f"WHERE bank = '{play.simulator.bank.name}' AND state <> 'cancelled' "
        f"AND txn_id LIKE '%{play.seed}%';"
    )


def _taken_back(play: Play) -> str:
    if play.can_take_back("paid"):
        return _("At the end they are taken back by the bank's own command.")
    if play.can_take_back("created"):
        return _("The bookings are taken back at the end; payments this bank may not cancel.")
    return _("They are not taken back: this bank may not cancel a payment.")


def as_text(play: Play, verdict: Verdict) -> str:
    """One case for a person."""
    if not verdict.why:
        return click.style("ok      ", fg="green") + _(verdict.case.sentence)
    sheet, part = section(play, verdict.case)
    place = _("wanted by {sheet}, section {part}").format(sheet=sheet, part=part)
    lines = [
        click.style("FAILED  ", fg="red", bold=True) + _(verdict.case.sentence),
        f"        {say(verdict.why)}",
        f"        {_('sent'):<6} {verdict.sent}",
        f"        {_('came'):<6} {verdict.came}",
        f"        {place}",
    ]
    return "\n".join(lines)


def as_object(play: Play, verdict: Verdict) -> str:
    """One case for a machine."""
    failure = {"why": verdict.why, "sent": verdict.sent, "came": verdict.came}
    sheet, part = section(play, verdict.case)
    return json.dumps(
        {
            "case": verdict.case.sentence,
            "ok": not verdict.why,
            "sheet": f"{sheet}, section {part}",
            "ms": verdict.ms,
            **(failure if verdict.why else {}),
        },
        ensure_ascii=False,
    )


def summary(to_do: Plan, failed: int, as_json: bool, **books: int) -> str:
    """The last line, and before it what was left out and why."""
    passed = len(to_do.cases) - failed
    if as_json:
        left_out = {case.sentence: reason for case, reason in to_do.left_out}
        counts = {"summary": True, "ok": not failed, "passed": passed, "failed": failed}
        return json.dumps({**counts, "left_out": left_out, **books}, ensure_ascii=False)
    reasons = sorted({reason for _, reason in to_do.left_out})
    lines = [
        f"{_(reason)}: "
        + ", ".join(_(case.sentence) for case, why in to_do.left_out if why == reason)
        for reason in reasons
    ]
    last = _("{passed} ok, {failed} failed, {left_out} left out").format(
        passed=passed, failed=failed, left_out=len(to_do.left_out)
    )
    as_why = _("left out, as {why}")
    return "\n".join([*(as_why.format(why=line) for line in lines), last])


def section(play: Play, case: Case) -> tuple[str, str]:
    """Where the sheet says it, for whoever has the repository: which one, and the section."""
    sheet = play.simulator.SHEET
    return f"{SHEETS}/{sheet.name}", f"{sheet.sections[case.topic]}"


def _reach(settings: Settings, play: Play) -> Decimal | None:
    """Ask once, to know that somebody answers and that the account may be paid."""
    _knock(play)
    if "check" not in play.simulator.acts:
        return None
    try:
        reading = play.ask(play.new("check"))
    except FailedError:
        return None  # the cases will tell
    if play.simulator.word("check", reading.code) == "not the bank" or reading.code == "HTTP 404":
        raise CannotRunError(
            Phrase(
                "{url} answers {code}: it takes us for somebody else; look at the address, "
                "the credentials in the settings, and whether this machine is allowed{hint}",
                url=play.client.shown_url(),
                code=reading.code,
                hint=_allowed(settings, play),
            )
        )
    if reading.code in [play.simulator.code("check", outcome) for outcome in NOT_PAYABLE]:
        raise CannotRunError(
            Phrase(
                "the check of {account} is refused with {code}: name an account that may be paid "
                "and owes money",
                account=play.account,
                code=reading.code,
            )
        )
    return reading.debt


def _knock(play: Play) -> None:
    """Send anything; CannotRunError when nobody is there to answer."""
    try:
        play.client.send(Request("GET"))
    except LINE_ERRORS as error:
        raise CannotRunError(
            Phrase("{url} does not answer: {error}", url=play.client.shown_url(), error=error)
        ) from None


def _allowed(settings: Settings, play: Play) -> str:
    """Where the site is ours: whether `allow` has this machine, under the address it is seen by."""
    networks = play.simulator.bank.allow
    if not (networks and settings.public_url and play.client.url.startswith(settings.public_url)):
        return ""
    seen = caller_at(settings, settings.public_url)
    if seen is None or any(seen in network for network in networks):
        return ""
    return Phrase(
        ". It is not: the site takes it for {seen}. Add that to allow of [BANKS.{bank}] in {file}, "
        "{command}; after the test take it out and send them again",
        command=send_settings(),
        seen=seen,
        bank=play.simulator.bank.name,
        file=settings.path,
    )


def _one_sum(play: Play, owed: Decimal | None) -> Decimal | None:
    """The sum of an invoice that cannot be paid many times."""
    exact = play.simulator.SHEET.exact_invoice
    if owed is None and exact:
        raise CannotRunError(Phrase("an invoice is paid by its whole sum: say it with --sum"))
    if owed is None or (not exact and owed > plan(play).sum):
        return None
    return owed
