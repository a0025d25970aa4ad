"""The one view. A request walks from here: who is calling, what is asked, do it, say it."""

from __future__ import annotations

from codecs import BOM_UTF8
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from callback import further_sums, log, operation, signature
from callback.database.errors import DatabaseError
from callback.guessing import Guesses
from callback.limits import MAX_BODY
from callback.model import Command, Refuse, Result
from callback.protocols import PROTOCOLS, answer, bare_answer, has_path, unavailable_answer
from callback.request import CutOffError, Request, TooLongError
from callback.visit import Visit
from callback.wire import Answer, Call, fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from callback.bank import Bank, Settings
    from callback.database import Database
    from callback.model import Outcome

NOT_READ = Command(name="")
# What is owed, and whether a payment is there, may be another thing a moment later.
NO_STORE = ("Cache-Control", "no-store")


class Handlers:
    """The view and what it needs.

    It is a WSGI application in front of `others`: a bank's call is answered before Flask sees it,
    because contexts, routing, sessions and signals are for pages, and would cost a quarter of the
    time that the whole call takes.
    """

    def __init__(self, settings: Settings, database: Database, others: WSGIApplication) -> None:
        self.settings = settings
        self.database = database
        self.others = others
        self.guesses = Guesses(settings.log)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Take one call of a bank; what is not a dialect's address goes to `others`."""
        name, *rest = _address(environ)[1:].split("/")
        bank, call = self.settings.banks.get(name), Request(environ)
        token, path = token_and_path(bank, rest) if bank else ("", "")
        if bank is None or not has_path(bank, path) or asks_for_bills(bank, path, call):
            return self.others(environ, _in_one_form(start_response))
        visit = Visit(self.settings, bank, call, waited=call.age)
        if self.guesses.due and (unheard := self.guesses.refuse(visit, token)):
            command, result = NOT_READ, Result(unheard)
        else:
            command, result, why = self._process(visit, token, path)
            visit.write(command, result, why=why)
            if not bank.allow:
                self.guesses.note(visit, token, path, command, result.outcome)
        return _send(_render(bank, command, result), call.method, start_response)

    def _process(self, visit: Visit, token: str, path: str) -> tuple[Command, Result, str]:
        """Find out what the bank asks for, and do it; the text says in the log why not."""
        bank, command = visit.bank, NOT_READ
        try:
            refusal = self._refusal(visit, token)
            if refusal:
                why = signature.why_refused(bank, refusal, visit.call.environ, self.settings)
                return command, Result(refusal), why
            call = _read(visit.call, path)
            command = PROTOCOLS[bank.protocol].read(bank, call)
            command = further_sums.noted(bank, call, command)
            refusal = signature.refuse_credentials(
                bank, command.credentials, self.database, visit.waited
            )
            if refusal:
                return command, Result(refusal), ""
            with self.database.session(visit.age, visit.call.lead) as session:
                result = operation.run(session, bank, command)
            return command, result, call.why_unread if isinstance(command, Refuse) else ""
        except Exception as error:
            return command, *_broken_off(visit, command, error)

    def _refusal(self, visit: Visit, token: str) -> Outcome | None:
        """Refuse who is not the bank, as far as that is known before anything is read."""
        bank, environ, dialect = visit.bank, visit.call.environ, PROTOCOLS[visit.bank.protocol]
        bad_method: Outcome | None = None if visit.call.method in dialect.METHODS else "bad_method"
        refusal = signature.refuse_origin(bank, token, visit.address, self.settings)
        if dialect.METHOD_FIRST:
            refusal = refusal or bad_method
        if not refusal and not dialect.CREDENTIALS_INSIDE:
            refusal = signature.refuse_login(bank, environ, self.database, visit.waited)
        return refusal or bad_method


def _address(environ: WSGIEnvironment) -> str:
    """Find the address that was called. Apache takes // for /: what the caller wrote counts."""
    address: str = environ.get("REQUEST_URI", "").partition("?")[0]
    if "//" in address:
        environ["PATH_INFO"] = address
    return str(environ.get("PATH_INFO", ""))


def token_and_path(bank: Bank, rest: list[str]) -> tuple[str, str]:
    """Split what stands behind the bank's name in an address: its token, the dialect's path."""
    token = rest.pop(0) if bank.url_token and rest else ""
    return token, "/".join(rest) or "/" * len(rest)  # a slash at the end is another address


def asks_for_bills(bank: Bank, path: str, call: Request) -> bool:
    """Whether a bank fetches its list at its own address, where its shape of the list is so.

    registers.md, "Pull": a date and no command.
    """
    if bank.bills.shape == "full" or path or call.method != "GET":
        return False
    values, repeated = fields(call.query, ("date", "command"))
    return {*values, *repeated} == {"date"}


def _read(call: Request, path: str) -> Call:
    """Take what a dialect may look at; CutOffError, TooLongError."""
    body = call.body() if call.method == "POST" else b""
    return Call(call.method, path, call.query, call.content_type, body.removeprefix(BOM_UTF8))


def _broken_off(visit: Visit, command: Command, error: Exception) -> tuple[Result, str]:
    """Tell what becomes of a call that came to no end of its own; the text says in the log why."""
    bank = visit.bank
    if isinstance(error, TooLongError):
        outcome: Outcome = "unreadable" if "unreadable" in bank.codes else "bad_request"
        return Result(outcome), f"the body has over {MAX_BODY} bytes"
    # The money may or may not have been recorded: never say "refused" below.
    if isinstance(error, CutOffError):
        return Result("temporary"), "the request was cut off"
    if isinstance(error, DatabaseError):
        log.warning(f"{bank.name}: {error}", stranger=visit.stranger(command))
    else:
        log.unexpected(f"{bank.name}: an unexpected error", stranger=visit.stranger(command))
    return Result("temporary"), ""


def _render(bank: Bank, command: Command, result: Result) -> Answer:
    try:
        return answer(bank, command, result)
    except Exception:
        log.unexpected(f"{bank.name}: an unexpected error in an answer")
    try:
        return unavailable_answer(bank)
    except Exception:
        return bare_answer("temporary")


def _send(reply: Answer, method: str, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Length", str(len(reply.body)))]
    if reply.content_type:
        headers.append(("Content-Type", reply.content_type))
    if reply.status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", signature.CHALLENGE))
    start_response(_status_line(reply.status), [*headers, NO_STORE])
    return [b"" if method == "HEAD" else reply.body]


@cache
def _status_line(code: int) -> str:
    """One of the few that we know: an enumeration is slow to ask."""
    status = HTTPStatus(code)
    return f"{status.value} {status.phrase}"


def _in_one_form(start_response: StartResponse) -> StartResponse:
    """Have others speak as we do: Flask's NOT FOUND would tell an address of ours from none."""

    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        others = [header for header in headers if header[0] != NO_STORE[0]]
        return start_response(_status_line(int(status[:3])), [*others, NO_STORE], *error)

    return start
