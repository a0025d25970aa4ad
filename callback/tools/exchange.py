"""The exchange: lists come in and payments go out over HTTPS, for an office behind a NAT.

    PUT  /exchange/<token>/customers              a list, as of `flask import`
    GET  /exchange/<token>/payments?after=N       lines, as of `flask export`
    POST /exchange/<token>/known?until=N          the program has them
    GET  /exchange/<token>/bills?bank=NAME        the list for a bank, as of `flask bills`

Who asks has proved to be the office before anything here is called. callback/tools/books/README.md
says what each takes and answers.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from callback import log, wire
from callback.database.errors import BusyError, DatabaseError
from callback.limits import EXCHANGE_ROWS, EXCHANGE_TURN_S, MAX_FILE, MAX_LIST
from callback.request import CutOffError, TooLongError
from callback.tools import alive, arrival
from callback.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from callback.bank import Settings
    from callback.database import Database
    from callback.request import Request

NUMBER = "(0|[1-9][0-9]{0,17})"
PARAMETERS = {
    "after": re.compile(NUMBER),
    "until": re.compile(NUMBER),
    "known_until": re.compile(NUMBER),
    "rows": re.compile("[1-9][0-9]{0,3}"),
    "format": re.compile("json|csv|1c"),
    "force": re.compile("[01]"),
    "dry_run": re.compile("[01]"),
    "sha256": re.compile("[0-9a-f]{64}"),
    "start": re.compile("0|[1-9][0-9]{0,8}"),
    "size": re.compile("[1-9][0-9]{0,8}"),
    "bank": re.compile("[A-Za-z0-9_-]{1,32}"),
}
TYPES = {"csv": "text/csv; charset=utf-8", "1c": "text/plain; charset=windows-1251"}


class Ask(NamedTuple):
    """What the office asks for."""

    settings: Settings
    database: Database
    call: Request
    values: Mapping[str, str]

    def number(self, name: str) -> int | None:
        """A parameter that is a number."""
        return int(self.values[name]) if name in self.values else None

    def is_set(self, name: str) -> bool:
        """A parameter that is 1."""
        return self.values.get(name) == "1"


class Reply(NamedTuple):
    """What the office hears, and what the log says of it."""

    answer: Answer
    noted: Mapping[str, Any]


class AskError(Exception):
    """The call itself is wrong, and nothing was done; the text says what to change."""

    def __init__(self, text: str, status: int = 400, **values: Any) -> None:
        super().__init__(text)
        self.status = status
        self.values = values


def answer(settings: Settings, database: Database, call: Request, name: str) -> Reply:
    """Answer the office; 503 where it may ask again, whatever happened."""
    try:
        page, methods = PAGES.get(name) or _none()
        if call.method not in methods:
            raise AskError(f"only by {' or '.join(methods)}", 405)
        return page(Ask(settings, database, call, _values(call.query)))
    except AskError as error:
        return _refused(str(error), error.status, **error.values)
    except TooLongError:
        most = f"over {MAX_LIST >> 20} MiB at once"
        return _refused(f"{most}: send it in pieces (sha256, size, start), or zipped", 413)
    except CutOffError:
        return _refused("the request was cut off: nothing has changed", 400)
    except (BusyError, DatabaseError, OSError) as error:
        log.warning(f"exchange {name}: {error}")
    except Exception:
        log.unexpected(f"exchange {name}: an unexpected error")
    text = "the outcome is not known: ask again, nothing is done twice"
    return _refused(text, 503, outcome="temporary")


def _none() -> Any:
    raise AskError("there is no such address", 404)


def _values(query: bytes) -> Mapping[str, str]:
    """Read the parameters that we know; AskError."""
    fields = wire.fields(query, PARAMETERS)
    for name in fields.repeated:
        raise AskError(f"{name} is there twice")
    for name, value in fields.values.items():
        if not PARAMETERS[name].fullmatch(value):
            raise AskError(f"wrong {name}: expected {PARAMETERS[name].pattern}")
    return fields.values


def _refused(text: str, status: int, *, outcome: str = "refused", **values: Any) -> Reply:
    """Say why not; without a body where the answer is that of any other address."""
    noted = {"outcome": outcome, "code": str(status), "why": text}
    if status == 404:
        return Reply(Answer(b"", "", status), noted)
    return Reply(wire.json_answer({"error": text, **values}, status), noted)


def _done(answer: Answer, **noted: Any) -> Reply:
    return Reply(answer, {"outcome": "ok", "code": str(answer.status), **noted})


# --- Payments go out ---


def _payments(ask: Ask) -> Reply:
    from callback.tools.books import exporting

    after, rows = ask.number("after") or 0, ask.number("rows") or EXCHANGE_ROWS
    form = ask.values.get("format") or _accepted(ask.call)
    try:
        # One more tells whether there are more.
        page = exporting.page(ask.database, after, rows + 1, EXCHANGE_TURN_S)
    except exporting.NoSuchLineError as error:
        raise AskError(str(error), 409) from error
    more, page = len(page) > rows, page[:rows]
    out = io.BytesIO()
    totals = exporting.Totals(after)
    if form == "json":
        answer = _as_json(list(totals.counted(page)), after, more=more)
    else:
        try:
            exporting.FORMS[form](totals.counted(page), ask.settings.exports, out)
        except ValueError as error:
            raise AskError(str(error), 422) from error
        answer = Answer(out.getvalue(), TYPES[form])
    export = totals.export
    return _done(answer, after=after, last=export.last, lines=export.lines)


def _accepted(call: Request) -> str:
    accept = call.environ.get("HTTP_ACCEPT", "")
    return "csv" if "text/csv" in accept and "json" not in accept else "json"


def _as_json(page: list[dict[str, str]], after: int, *, more: bool) -> Answer:
    payments = [{**line, "id": int(line["id"])} for line in page]
    last = payments[-1]["id"] if payments else after
    return wire.json_answer({"after": after, "last": last, "more": more, "payments": payments})


def _known(ask: Ask) -> Reply:
    from callback.tools.books import exporting

    until = ask.number("until")
    if until is None:
        raise AskError("until is missing: the id of the last line that the program has")
    settle = ask.settings.imports is not None
    try:
        marked = exporting.mark_until(ask.database, until, settle=settle, wait_s=EXCHANGE_TURN_S)
    except exporting.NoSuchLineError as error:
        raise AskError(str(error), 409) from error
    return _done(wire.json_answer({"until": until, "marked": marked}), until=until, marked=marked)


# --- Lists ---


def _customers(ask: Ask) -> Reply:
    settings = ask.settings
    if settings.imports is None:
        raise AskError("customers and debts do not come by files here: see [IMPORT]", 409)
    assert settings.exchange  # noqa: S101 - or nobody would be here
    folder, piece = Path(settings.exchange.folder), _piece(ask)
    content = ask.call.body(MAX_LIST)
    try:
        if piece and (there := arrival.add(folder, piece, content)) < piece.size:
            answer = wire.json_answer({"taken": False, "received": there}, 202)
            return _done(answer, received=there, size=piece.size)
        lent = arrival.whole(folder, piece) if piece else arrival.at_once(folder, content)
        with lent as path, arrival.turn(folder), arrival.unpacked(path) as rows:
            return _take(ask, rows)
    except arrival.GapError as error:
        raise AskError(str(error), 409, received=error.there) from error
    except arrival.DamagedError as error:
        raise AskError(str(error), 422, taken=False) from error


def _piece(ask: Ask) -> arrival.Piece | None:
    """Which part of a file comes; None for a file at once. AskError."""
    sha256, size = ask.values.get("sha256"), ask.number("size")
    if sha256 is None or size is None:
        if "start" in ask.values or sha256 or size:
            raise AskError("pieces want all of sha256, size and start")
        if not ask.call.tells_length:
            raise AskError(
                "a body without Content-Length may end early unnoticed: send sha256 and size, too",
                411,
            )
        return None
    if size > MAX_FILE:
        raise AskError(f"over {MAX_FILE >> 20} MiB is no list of customers", 413)
    return arrival.Piece(sha256, ask.number("start") or 0, size)


def _take(ask: Ask, path: Path) -> Reply:
    from callback.tools.books import importing

    layout = ask.settings.imports
    assert layout  # noqa: S101 - _customers has looked
    options = importing.Options(
        ask.number("known_until"), ask.is_set("force"), ask.is_set("dry_run"), EXCHANGE_TURN_S
    )
    try:
        counts = importing.run(ask.database, layout, path, options, alive.telling)
    except importing.Refused as refused:
        faults = [fault._asdict() for fault in refused.faults]
        why = "; ".join(map(str, refused.faults[:3]))
        answer = wire.json_answer({"taken": False, "faults": faults}, 422)
        return Reply(answer, {"outcome": "refused", "code": "422", "why": why})
    return _done(wire.json_answer({"taken": not options.dry_run, **counts}), **counts)


def _bills(ask: Ask) -> Reply:
    from callback.tools.books import bills

    bank = ask.settings.banks.get(ask.values.get("bank", ""))
    if bank is None:
        raise AskError("bank is missing: one of " + ", ".join(ask.settings.banks))
    out = io.BytesIO()
    rows = alive.telling(bills.read(ask.database, bank))
    written = bills.write(bank, rows, out, log.warning)
    kind = f"text/csv; charset={bank.bills.encoding}"
    return _done(Answer(out.getvalue(), kind), bank=bank.name, rows=written.rows)


PAGES: dict[str, tuple[Callable[[Ask], Reply], tuple[str, ...]]] = {
    # Some hosts let no PUT pass.
    "customers": (_customers, ("PUT", "POST")),
    "payments": (_payments, ("GET",)),
    "known": (_known, ("POST",)),
    "bills": (_bills, ("GET",)),
}
