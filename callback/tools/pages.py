"""The few addresses that are not a dialect's: a bank's bills, and ours. Flask serves these.

For everybody who cannot prove to be meant there is nothing here: 404 without a body.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import HTTPException

from callback import log, signature, wire
from callback.database.errors import DatabaseError
from callback.handlers import asks_for_bills, token_and_path
from callback.model import Command, Result
from callback.protocols import HTTP_STATUS
from callback.request import Request
from callback.settings import EXCHANGE
from callback.visit import Visit

if TYPE_CHECKING:
    from flask import Flask

    from callback.bank import Bank, Settings
    from callback.database import Database
    from callback.guessing import Guesses
    from callback.model import Outcome
    from callback.wire import Answer

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Pages:
    """The views and what they need."""

    settings: Settings
    database: Database
    guesses: Guesses

    def install(self, app: Flask) -> None:
        """Give the application its one route, and no error page of its own."""
        app.add_url_rule(
            "/<path:address>",
            view_func=self.show,
            methods=METHODS,
            provide_automatic_options=False,
        )
        app.register_error_handler(Exception, self.fail)

    def show(self, address: str) -> Response:
        """Answer for one address."""
        name, *rest = address.split("/")
        bank = self.settings.banks.get(name)
        if bank is None:
            return self._for_ops(name, "/".join(rest))
        return self._show_bills(self._visit(bank), *token_and_path(bank, rest))

    def fail(self, error: Exception) -> Response:
        """Answer without a page: what has no address, and anything unexpected ("ask again")."""
        if isinstance(error, HTTPException):
            return self._nothing()  # whatever the method
        log.unexpected("an unexpected error outside of a dialect")
        return _bare(HTTPStatus.SERVICE_UNAVAILABLE)

    def _show_bills(self, visit: Visit, token: str, path: str) -> Response:
        """Let the bank fetch a list of bills, under the same proofs (registers.md, "Pull")."""
        bank = visit.bank
        if asks_for_bills(bank, path, visit.call):
            path = "bills"
        name, slash, held = path.partition("/")
        is_bills = name == "bills" and (held or (bank.bills.form == "pull" and not slash))
        unheard = self.guesses.refuse(visit, token)
        if unheard and (is_bills or unheard == "bad_token"):
            return _bare(HTTP_STATUS[unheard])
        refusal = self._refusal(bank, token, is_bills=bool(is_bills))
        if refusal:
            result = Result(refusal)
        elif not is_bills:
            return self._nothing()
        elif request.method != "GET":
            result = Result("bad_method")
        else:
            from callback.tools.books import pull

            secrets, query = self.settings.secret_keys, request.query_string
            response, result = pull.answer(self.database, bank, secrets, held, query)
        if refusal or result.outcome == "bad_method":
            response = _bare(HTTP_STATUS[result.outcome])
        visit.write(Command(name=name), result, response.status_code)
        if not bank.allow:
            self.guesses.note(visit, token, path, Command(name=name), result.outcome)
        return response

    def _visit(self, bank: Bank) -> Visit:
        return Visit(self.settings, bank, Request(request.environ))

    def _nothing(self) -> Response:
        """404; whoever has mistaken a bank's address finds a line of the log."""
        path = request.environ.get("PATH_INFO", "")
        bank = self._meant(path)
        if bank:
            self._visit(bank).write_not_found(_mistake(path, bank))
        return _bare(HTTPStatus.NOT_FOUND)

    def _meant(self, path: str) -> Bank | None:
        """Find the bank whose name an address begins with, in any letter case."""
        stem = path.lstrip("/").casefold()
        banks = self.settings.banks.values()
        meant = [bank for bank in banks if stem.startswith(bank.name.casefold())]
        return max(meant, key=lambda bank: len(bank.name), default=None)

    def _refusal(self, bank: Bank, token: str, *, is_bills: bool) -> Outcome | None:
        """Say what the caller fails to prove, as far as it is asked for."""
        if not is_bills:
            address = signature.caller(request.environ, self.settings.trusted_proxies)
            return signature.refuse_origin(bank, token, address, self.settings)
        try:
            return signature.refuse_caller(
                bank, token, request.environ, self.settings, self.database
            )
        except DatabaseError as error:
            log.warning(f"{bank.name}: {error}", stranger=f"{bank.name}, inside")
            return "temporary"

    def _for_ops(self, name: str, token: str) -> Response:
        """Answer whoever holds our secret key; for everybody else there is nothing here."""
        if token and self.guesses.slows(name, self._caller()):
            return _bare(HTTPStatus.NOT_FOUND)
        if name == "doctor" and token:
            is_good = signature.is_ops_pass(name, token, self.settings.secret_keys)
            self._write_pass(name, is_good)
            return self._examine() if is_good else _bare(HTTPStatus.NOT_FOUND)
        if name == EXCHANGE and self.settings.exchange:
            return self._exchange(*token.partition("/")[::2])
        if name == "health":
            is_good = signature.may_ask_health(token, request.environ, self.settings)
            if token:
                self._write_pass(name, is_good)
            return self._tell_health() if is_good else _bare(HTTPStatus.NOT_FOUND)
        return self._nothing()

    def _exchange(self, token: str, name: str) -> Response:
        """Let the office in; what it asks for, and what came of it, is a line of the log."""
        started = time.perf_counter()
        refusal = signature.refuse_exchange(token, request.environ, self.settings)
        if token and refusal in ("", "bad_token"):
            self._note_pass(EXCHANGE, is_good=not refusal)
        if refusal:
            self._write_exchange(command="exchange", outcome=refusal, code="404", alarm=True)
            return _bare(HTTPStatus.NOT_FOUND)
        from callback.tools import exchange

        reply = exchange.answer(self.settings, self.database, Request(request.environ), name)
        ms = round((time.perf_counter() - started) * 1000, 1)
        self._write_exchange(command=f"exchange {name}", **reply.noted, ms=ms)
        if not reply.answer.body:
            return _bare(reply.answer.status)
        response = _response(reply.answer)
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = "10"
        return response

    def _write_exchange(self, *, outcome: str, **fields: Any) -> None:
        line = {"bank": "", "address": self._caller(), "outcome": outcome, **fields}
        level = log.INFO if outcome == "ok" else log.WARNING
        log.call(level, stranger=EXCHANGE if "alarm" in fields else "", **line)

    def _write_pass(self, name: str, is_good: bool) -> None:
        """Write a line for a pass or a token, but not for every second of a load balancer."""
        log.call(
            log.INFO if is_good else log.WARNING,
            stranger=name,
            bank="",
            address=self._caller(),
            command=name,
            outcome="ok" if is_good else "bad_token",
            **({} if is_good else {"alarm": True}),
        )
        self._note_pass(name, is_good=is_good)

    def _note_pass(self, name: str, *, is_good: bool) -> None:
        """Slow down who guesses passes and tokens of ours."""
        if is_good:
            self.guesses.right(name, self._caller())
        else:
            self.guesses.wrong(name, self._caller(), request.environ)

    def _caller(self) -> str:
        return signature.caller(request.environ, self.settings.trusted_proxies)

    def _examine(self) -> Response:
        from callback.tools import doctor

        findings = list(doctor.examine(self.settings, self.database, request.environ))
        return _response(wire.json_answer(findings))

    def _tell_health(self) -> Response:
        """200 while this process reaches a database that has our tables, 503 otherwise."""
        try:
            with self.database.session() as session:
                session.run("find_payment", bank="", txn_id="")
        except DatabaseError as error:
            log.warning(f"health: {error}")
            return _bare(HTTPStatus.SERVICE_UNAVAILABLE)
        return _response(wire.json_answer({"database": "ok"}))


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, content_type=answer.content_type)


def _bare(status: int) -> Response:
    response = Response(status=status)
    del response.headers["Content-Type"]
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = signature.CHALLENGE
    return response


def _mistake(path: str, bank: Bank) -> str:
    """Say what is wrong with an address that begins with a bank's name."""
    if path.startswith("//"):
        fault = "two slashes in front"
    elif path.endswith("/"):
        fault = "a slash at its end"
    elif not path.startswith(f"/{bank.name}"):
        fault = f"other letters than {bank.name}"
    else:
        fault = f"more behind {bank.name} than belongs there"
    return f"the address that was called has {fault}: `flask url {bank.name}` prints the right one"
