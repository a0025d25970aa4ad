"""The one view. A request walks from here: who is calling, what is asked, do it, say it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request

from callback import log, operation, signature
from callback.database.errors import DatabaseError
from callback.model import ALARMS, Command, Refuse, Result
from callback.protocols import PROTOCOLS, answer, bare_answer, has_path, unavailable_answer
from callback.wire import MAX_BODY, Answer, Call, fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from callback.bank import Bank, Settings
    from callback.database import Database
    from callback.protocols import Dialect

NOT_READ = Refuse(name="", outcome="temporary")


class BankRequest(Request):
    """A call of a bank. One byte more than allowed: Werkzeug cuts a body off without a word."""

    max_content_length = MAX_BODY + 1


@dataclass(frozen=True)
class Handlers:
    """The view and what it needs.

    It is a WSGI application in front of `others`: a bank's call is answered before Flask sees it,
    because contexts, routing, sessions and signals are for pages, and would cost a quarter of the
    time that the whole call takes.
    """

    settings: Settings
    database: Database
    others: WSGIApplication

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Take one call of a bank; what is not a dialect's address goes to `others`."""
        started = time.perf_counter()
        name, *rest = environ.get("PATH_INFO", "")[1:].split("/")
        bank = self.settings.banks.get(name)
        if bank is None:
            return self.others(environ, start_response)
        dialect = PROTOCOLS[bank.protocol]
        token, path = token_and_path(bank, rest)
        call = BankRequest(environ)
        if not has_path(bank, path) or asks_for_bills(bank, path, call):
            return self.others(environ, start_response)
        command, result = self._process(bank, dialect, token, path, call)
        write_line(self.settings, bank, command, result, started, call)
        return _send(_render(bank, command, result), call.method, start_response)

    def _process(
        self, bank: Bank, dialect: Dialect, token: str, path: str, call: Request
    ) -> tuple[Command, Result]:
        """Find out what the bank asks for, and do it."""
        command: Command = NOT_READ
        try:
            refusal = signature.refuse_caller(bank, token, call.environ, self.settings)
            if refusal:
                return command, Result(refusal)
            if call.method not in dialect.METHODS:
                return command, Result("bad_method")
            command = dialect.read(bank, _read(call, path))
            with self.database.session() as session:
                return command, operation.run(session, bank, command)
        except RequestEntityTooLarge:
            return command, Result("unreadable" if "unreadable" in bank.codes else "bad_request")
        except ClientDisconnected:
            log.warning(f"{bank.name}: the request was cut off")
        except DatabaseError as error:
            log.warning(f"{bank.name}: {error}")
        except Exception:
            log.unexpected(f"{bank.name}: an unexpected error")
        # The money may or may not have been recorded: never say "refused" here.
        return command, Result("temporary")


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
    values, repeated = fields(call.query_string, ("date", "command"))
    return {*values, *repeated} == {"date"}


def write_line(  # noqa: PLR0913, PLR0917 - it is what a line holds
    settings: Settings,
    bank: Bank,
    command: Command,
    result: Result,
    started: float,
    call: Request,
    status: int | None = None,
) -> None:
    """Write the call's line of the log; `status` where the answer is HTTP's and not a dialect's."""
    alarm = result.outcome in ALARMS
    log.call(
        logging.WARNING if alarm or result.outcome == "temporary" else logging.INFO,
        bank=bank.name,
        address=signature.caller(call.environ, settings.trusted_proxies),
        command=command.name,
        txn_id=command.txn_id,
        account=command.account,
        sum=None if command.amount is None else f"{command.amount:.2f}",
        outcome=result.outcome,
        code=str(status) if status else bank.code(command.name, result.outcome),
        ms=round((time.perf_counter() - started) * 1000, 1),
        **command.noted,
        **({"alarm": True} if alarm else {}),
    )


def _read(call: Request, path: str) -> Call:
    """Take what a dialect may look at; RequestEntityTooLarge before a long body is read."""
    body = b""
    if call.method == "POST":
        body = call.get_data(cache=False)
        if len(body) > MAX_BODY:
            raise RequestEntityTooLarge
        if len(body) < (call.content_length or 0):
            raise ClientDisconnected  # half a number is another number
    return Call(call.method, path, call.query_string, call.mimetype, body)


def _render(bank: Bank, command: Command, result: Result) -> Answer:
    try:
        return answer(bank, command, result)
    except Exception:
        log.unexpected(f"{bank.name}: an unexpected error in an answer")
    try:
        return unavailable_answer(bank)
    except Exception:
        return bare_answer("temporary")


def _send(rendered: Answer, method: str, start_response: StartResponse) -> Iterable[bytes]:
    status = HTTPStatus(rendered.status)
    headers = [("Content-Length", str(len(rendered.body)))]
    if rendered.content_type:
        headers.append(("Content-Type", rendered.content_type))
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", "Basic"))
    start_response(f"{status.value} {status.phrase}", headers)
    return [b"" if method == "HEAD" else rendered.body]
