"""The line to an endpoint: one request, one answer, over a connection of its own."""

from __future__ import annotations

import base64
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection, IncompleteRead
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from callback.tools.conform.model import Reply

if TYPE_CHECKING:
    from callback.tools.conform.model import Proof, Request

MAX_ANSWER = 1024 * 1024
TIMEOUT_S = 20.0  # longer than any endpoint may think, shorter than a person's patience
# What goes wrong on a line; the texts are fit to be shown.
LINE_ERRORS = (OSError, HTTPException)


@dataclass(frozen=True)
class Client:
    """Where the endpoint is, and what proves to it that we are the bank."""

    url: str  # of the bank's address, with the token
    token: str = ""
    username: str = ""
    password: str = ""
    timeout_s: float = TIMEOUT_S
    says_basic: bool = True
    sends_basic: bool = True

    def send(self, request: Request, proof: Proof | None = None) -> Reply:
        """Send one request without the proof that is named, or with a wrong one.

        OSError or HTTPException when there is no answer.
        """
        with closing(self._connection()) as connection:
            # A body that is too long may be answered, and the line closed, before it is all sent.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(
                    request.method,
                    self.path(request, proof),
                    request.body,
                    self._headers(request, proof),
                )
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            body = response.read(MAX_ANSWER)
            if response.length and len(body) < MAX_ANSWER:  # a part is no answer
                raise IncompleteRead(body, response.length)
            return Reply(response.status, headers, body)

    def path(self, request: Request, proof: Proof | None = None) -> str:
        """The path and query of a request."""
        parts = urlsplit(self.url)
        base = parts.path.rstrip("/")
        if proof == "no token":
            base = base.replace(f"/{self.token}", "")
        elif proof == "wrong token":
            other = "A" if self.token[-1] != "A" else "B"
            base = base.replace(self.token, self.token[:-1] + other)
        path = f"{base}/{request.path}" if request.path else base
        query = "&".join(filter(None, (parts.query, request.query)))
        return f"{path or '/'}?{query}" if query else path or "/"

    def shown_url(self) -> str:
        """The address without its secret."""
        return self.url.replace(self.token, "<token>") if self.token else self.url

    def _connection(self) -> HTTPConnection:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=self.timeout_s)

    def _headers(self, request: Request, proof: Proof | None) -> dict[str, str]:
        headers = {"Connection": "close", "User-Agent": "conform"}
        if request.content_type:
            headers["Content-Type"] = request.content_type
        if self.password and self.sends_basic and proof != "no password":
            username = self.username + ("x" if proof == "wrong user" else "")
            password = self.password + ("x" if proof == "wrong password" else "")
            pair = base64.b64encode(f"{username}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}" if self.says_basic else pair
        return headers
