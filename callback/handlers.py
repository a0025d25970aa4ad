"""The one view. A request walks from here: who is calling, what is asked, do it, say it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request

from callback import log, operation, signature, wire
from callback.database.errors import DatabaseError
from callback.protocols import PROTOCOLS
from callback.wire import MAX_BODY, Answer, Call
from callback.words import ALARMS, Command, Refuse, Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

    from callback.database import Database
    from callback.protocols import Dialect
    from callback.settings import Bank, Settings
    from callback.words import Outcome

# What HTTP itself says where a dialect has no word. 503 is a broken line to a bank: it repeats.
STATUS: dict[Outcome, int] = {
    "bad_token": 404,
    "bad_address": 403,
    "not_authenticated": 401,
    "bad_method": 405,
    "temporary": 503,
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
UNHEARD = Refuse(name="", outcome="temporary")


class BankRequest(Request):
    """A call of a bank. One byte more than allowed: Werkzeug cuts a body off without a word."""

    max_content_length = MAX_BODY + 1


@dataclass(frozen=True)
class Handlers:
    """The view and what it needs."""

    settings: Settings
    database: Database

    def install(self, app: Flask) -> None:
        """Give the application its one route, and no error page of its own.

        A bank's call is answered before Flask sees it: contexts, routing, sessions and signals
        are for pages, and would cost a quarter of the time that the whole call takes.
        """
        app.add_url_rule(
            "/<path:address>",
            view_func=self.answer_others,
            methods=METHODS,
            provide_automatic_options=False,
        )
        app.register_error_handler(Exception, self.fail)
        app.wsgi_app = partial(self.receive, app.wsgi_app)  # type: ignore[method-assign]

    def receive(
        self, others: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Take one call of a bank; what is not a dialect's address goes to `others`."""
        started = time.perf_counter()
        name, *rest = environ.get("PATH_INFO", "")[1:].split("/")
        bank = self.settings.banks.get(name)
        if bank is None:
            return others(environ, start_response)
        dialect = PROTOCOLS[bank.protocol]
        token, path = _token_and_path(bank, rest)
        if path not in dialect.PATHS:
            return others(environ, start_response)
        call = BankRequest(environ)
        command, result = self._hear(bank, dialect, token, path, call)
        code = bank.code(command.name, result.outcome)
        self._write_line(bank, command, result, code, started, call)
        answer = _say(dialect, bank, command, result, code)
        return _send(answer, call.method, start_response)

    def answer_others(self, address: str) -> Response:
        """Answer for the few addresses that are not a dialect's: a bank's bills, and ours."""
        started = time.perf_counter()
        name, *rest = address.split("/")
        bank = self.settings.banks.get(name)
        if bank is None:
            return self._for_ops(name, "/".join(rest))
        return self._show_bills(bank, *_token_and_path(bank, rest), started)

    def _show_bills(self, bank: Bank, token: str, path: str, started: float) -> Response:
        """Let the bank fetch a list of bills, under the same proofs (registers.md, "Pull")."""
        name, slash, held = path.partition("/")
        is_bills = name == "bills" and (held or (bank.bills.form == "pull" and not slash))
        who = signature.stranger if is_bills else signature.stranger_at_gate
        stranger = who(bank, token, request.environ, self.settings)
        if stranger:
            result = Result(stranger)
        elif not is_bills:
            return _bare(HTTPStatus.NOT_FOUND)
        elif request.method != "GET":
            result = Result("bad_method")
        else:
            from callback.books import pull  # noqa: PLC0415 - a CGI call should not pay for it

            secrets, query = self.settings.secret_keys, request.query_string
            response, result = pull.answer(self.database, bank, secrets, held, query)
        if stranger or result.outcome == "bad_method":
            response = _bare(STATUS[result.outcome])
        code = str(response.status_code)
        self._write_line(bank, Command(name=name), result, code, started, request)
        return response

    def _for_ops(self, name: str, token: str) -> Response:
        """Answer whoever holds our secret key; for everybody else there is nothing here."""
        if name == "doctor" and signature.is_ops_pass(name, token, self.settings.secret_keys):
            return self._examine()
        if name == "health" and signature.may_ask_health(token, request.environ, self.settings):
            return self._tell_health()
        return _bare(HTTPStatus.NOT_FOUND)

    def _examine(self) -> Response:
        from callback import doctor  # noqa: PLC0415 - a CGI call should not pay for it

        found = list(doctor.examine(self.settings, self.database, request.environ))
        return _response(wire.json_answer(found))

    def _tell_health(self) -> Response:
        """200 while this process reaches a database that has our tables, 503 otherwise."""
        try:
            with self.database.session() as session:
                session.run("find_payment", bank="", txn_id="")
        except DatabaseError as error:
            log.warning(f"health: {error}")
            return _bare(HTTPStatus.SERVICE_UNAVAILABLE)
        return _response(wire.json_answer({"database": "ok"}))

    def fail(self, error: Exception) -> Response:
        """Answer without a page: what has no address, and any surprise ("ask again")."""
        if isinstance(error, HTTPException):
            return _bare(HTTPStatus.NOT_FOUND)  # whatever the method: there is nothing here
        log.surprise("a surprise outside of a dialect")
        return _bare(HTTPStatus.SERVICE_UNAVAILABLE)

    def _hear(
        self, bank: Bank, dialect: Dialect, token: str, path: str, call: Request
    ) -> tuple[Command, Result]:
        """Find out what the bank asks for, and do it."""
        command: Command = UNHEARD
        try:
            stranger = signature.stranger(bank, token, call.environ, self.settings)
            if stranger:
                return command, Result(stranger)
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
            log.surprise(f"{bank.name}: a surprise")
        # The money may or may not have been recorded: never say "refused" here.
        return command, Result("temporary")

    def _write_line(  # noqa: PLR0913, PLR0917 - it is what a line holds
        self,
        bank: Bank,
        command: Command,
        result: Result,
        code: str | None,
        started: float,
        call: Request,
    ) -> None:
        alarm = result.outcome in ALARMS
        log.call(
            logging.WARNING if alarm or result.outcome == "temporary" else logging.INFO,
            bank=bank.name,
            address=signature.caller(call.environ, self.settings.trusted_proxies),
            command=command.name,
            txn_id=command.txn_id,
            account=command.account,
            sum=None if command.amount is None else f"{command.amount:.2f}",
            outcome=result.outcome,
            code=code,
            ms=round((time.perf_counter() - started) * 1000, 1),
            **command.noted,
            **({"alarm": True} if alarm else {}),
        )


def _token_and_path(bank: Bank, rest: list[str]) -> tuple[str, str]:
    token = rest.pop(0) if bank.url_token and rest else ""
    return token, "/".join(rest) or "/" * len(rest)  # a slash at the end is another address


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


def _say(
    dialect: Dialect, bank: Bank, command: Command, result: Result, code: str | None
) -> Answer:
    if code is None:
        status = STATUS.get(result.outcome, HTTPStatus.SERVICE_UNAVAILABLE)
        return Answer(b"", "", status)
    try:
        return dialect.write(bank, command, result, code)
    except Exception:
        log.surprise(f"{bank.name}: a surprise in an answer")
        return Answer(b"", "", HTTPStatus.SERVICE_UNAVAILABLE)


def _send(answer: Answer, method: str, start_response: StartResponse) -> Iterable[bytes]:
    status = HTTPStatus(answer.status)
    headers = [("Content-Length", str(len(answer.body)))]
    if answer.content_type:
        headers.append(("Content-Type", answer.content_type))
    if status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", "Basic"))
    start_response(f"{status.value} {status.phrase}", headers)
    return [b"" if method == "HEAD" else answer.body]


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, content_type=answer.content_type)


def _bare(status: int) -> Response:
    response = Response(status=status)
    del response.headers["Content-Type"]
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Basic"
    return response
