"""An endpoint as first versions are: it looks before it writes, counts in floats, joins XML.

Every fault here stands in real programs (osmp.md, section 13; payme.md, section 13). It answers
all that is asked in good faith, and the suite must tell it from a right one.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from base64 import b64encode
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from ssl import SSLContext
    from types import TracebackType

    from typing_extensions import Self

HOST = "127.0.0.1"
# What a database takes, between the look and the write.
THINKING_S = 0.05
PASSWORD = "key-of-the-cash-desk"


class Books:
    """What is owed and what was paid, in floats and without a unique key."""

    def __init__(self, account: str) -> None:
        self.owed = {account: 3200.0}
        self.payments: dict[str, dict[str, Any]] = {}
        self.count = 0

    def insert(self, key: str, **payment: Any) -> dict[str, Any]:
        """Write the payment, whatever stood there."""
        self.count += 1
        self.payments[key] = {"number": self.count, **payment}
        return self.payments[key]

    def credit(self, account: str, amount: float) -> None:
        """Read the balance, compute, write it back."""
        owed = self.owed[account]
        time.sleep(THINKING_S)
        self.owed[account] = owed - amount


def osmp(books: Books, query: str) -> str:
    """Answer a query string with XML."""
    given = dict(parse_qsl(query))
    account = given.get("account", "").strip()
    try:
        result, shown = _osmp_result(books, given, account)
    except (KeyError, ValueError):
        result, shown = 300, f"<comment>{account} is wrong</comment>"
    number = given.get("txn_id", "")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<response><osmp_txn_id>{number}</osmp_txn_id><result>{result}</result>{shown}</response>"
    )


def _osmp_result(books: Books, given: dict[str, str], account: str) -> tuple[int, str]:
    command = given["command"].lower()
    if account not in books.owed:
        return 5, f"<comment>{account} not found</comment>"
    if command == "check":
        shown = f'<fields><field1 name="debt">{books.owed[account]:.2f}</field1></fields>'
        return 0, f"{shown}<comment>OK</comment>"
    if command != "pay":
        return 300, "<comment>what?</comment>"
    amount = float(given["sum"])
    if not 10 <= amount <= 50000:
        return (241 if amount < 10 else 242), "<comment>limits</comment>"
    payment = books.payments.get(given["txn_id"])
    if payment is None:
        time.sleep(THINKING_S)
        payment = books.insert(given["txn_id"], amount=amount)
        books.credit(account, amount)
    shown = f"<prv_txn>{payment['number']}</prv_txn><sum>{payment['amount']:.2f}</sum>"
    return 0, f"{shown}<comment>OK</comment>"


class PaymeError(Exception):
    """A code to answer."""


def payme(books: Books, body: bytes, authorization: str) -> dict[str, Any]:
    """Answer a JSON text with an object."""
    request: Any = {}
    try:
        request = json.loads(body)
        method = PAYME.get(request["method"])
        if method is None:
            raise PaymeError(-32601)
        if authorization != "Basic " + b64encode(f"Paycom:{PASSWORD}".encode()).decode():
            raise PaymeError(-32504)
        return {"jsonrpc": "2.0", "id": request["id"], "result": method(books, request["params"])}
    except PaymeError as error:
        return _payme_error(request, int(error.args[0]))
    except (KeyError, TypeError, ValueError, RecursionError):
        return _payme_error(request, -32600)


def _payme_error(request: Any, code: int) -> dict[str, Any]:
    message = dict.fromkeys(("ru", "uz", "en"), "error")
    number = request.get("id") if isinstance(request, dict) else None
    error = {"code": code, "message": message, "data": "contract"}
    return {"jsonrpc": "2.0", "id": number, "error": error}


def _allow(books: Books, params: Any) -> dict[str, Any]:
    amount = float(params["amount"]) / 100
    if not 50 <= amount <= 2000:
        raise PaymeError(-31001)
    account = str(params["account"]["contract"]).strip()
    if account not in books.owed:
        raise PaymeError(-31050)
    return {"allow": True, "additional": {"debt": f"{books.owed[account]:.2f}"}}


def _create(books: Books, params: Any) -> dict[str, Any]:
    _allow(books, params)
    row = books.payments.get(params["id"])
    if row is None:
        time.sleep(THINKING_S)
        row = books.insert(params["id"], state=1, **params)
    return {"create_time": _now(), "transaction": str(row["number"]), "state": row["state"]}


def _perform(books: Books, params: Any) -> dict[str, Any]:
    row = _found(books, params)
    if row["state"] == 1:
        time.sleep(THINKING_S)
        row["state"] = 2
        row["performed"] = _now()
        # In one step; but whoever else has read state 1 does it, too.
        books.owed[row["account"]["contract"]] -= float(row["amount"]) / 100
    if row["state"] < 0:
        raise PaymeError(-31008)
    return {"transaction": str(row["number"]), "perform_time": row["performed"], "state": 2}


def _cancel(books: Books, params: Any) -> dict[str, Any]:
    row = _found(books, params)
    if row["state"] == 2:
        books.credit(row["account"]["contract"], -float(row["amount"]) / 100)
    row["state"] = -abs(row["state"])
    row["cancelled"] = _now()
    return {
        "transaction": str(row["number"]),
        "cancel_time": row["cancelled"],
        "state": row["state"],
    }


def _status(books: Books, params: Any) -> dict[str, Any]:
    row = _found(books, params)
    return {
        "create_time": row["time"],
        "perform_time": row.get("performed", 0),
        "cancel_time": row.get("cancelled", 0),
        "transaction": str(row["number"]),
        "state": row["state"],
        "reason": None,
    }


def _statement(books: Books, params: Any) -> dict[str, Any]:
    rows = [
        {"id": key, "time": row["time"], "amount": row["amount"]}
        for key, row in books.payments.items()
    ]
    return {"transactions": rows}


def _found(books: Books, params: Any) -> dict[str, Any]:
    if params["id"] not in books.payments:
        raise PaymeError(-31003)
    return books.payments[params["id"]]


def _now() -> int:
    time.sleep(0.002)  # so that no two answers have one time by luck
    return time.time_ns() // 1_000_000


PAYME = {
    "CheckPerformTransaction": _allow,
    "CreateTransaction": _create,
    "PerformTransaction": _perform,
    "CancelTransaction": _cancel,
    "CheckTransaction": _status,
    "GetStatement": _statement,
}


class Handler(BaseHTTPRequestHandler):
    """Any method will do; the path tells the dialect, and where it ends nobody looks."""

    books: Books

    def do_GET(self) -> None:
        """Read all that is sent."""
        self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def answer(self, body: bytes) -> None:
        """Answer by the dialect of the path."""
        if self.path.startswith("/payme"):
            answer = payme(self.books, body, self.headers.get("Authorization", ""))
            self.render("application/json", json.dumps(answer))
        else:
            self.render("text/xml", osmp(self.books, urlsplit(self.path).query or body.decode()))

    do_POST = do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815

    def version_string(self) -> str:
        """It has no banner: that is not what it is here for."""
        return "endpoint"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def render(self, content_type: str, text: str) -> None:
        """Send an answer."""
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Takes all parallel calls at once; a caller who hangs up is no news."""

    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class Naive:
    """The endpoint on a free port; a dialect that is not here brings a handler of its own."""

    def __init__(
        self, account: str, context: SSLContext | None = None, handler: type[Handler] = Handler
    ) -> None:
        bound = type("Bound", (handler,), {"books": Books(account)})
        self._server = Server((HOST, 0), bound)
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class Parrot:
    """Says the same to everybody: "status and headers|content type|body"."""

    def __init__(self, answer: str) -> None:
        head, content_type, body = answer.split("|", 2)
        lines = f"HTTP/1.1 {head}\r\nContent-Type: {content_type}\r\nConnection: close\r\n"
        self._answer = f"{lines}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        self._listener = socket.create_server((HOST, 0))

    def __enter__(self) -> str:
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://{HOST}:{self._listener.getsockname()[1]}/parrot.php"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):  # it is over
            while True:
                with self._listener.accept()[0] as caller, suppress(ConnectionError):
                    caller.recv(65536)
                    caller.sendall(self._answer)
