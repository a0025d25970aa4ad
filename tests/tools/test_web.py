"""A pass goes where it was sent, and nowhere else."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from callback.tools import web
from tests.support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_seen: list[tuple[str, str]] = []


class Site(BaseHTTPRequestHandler):
    """Sends everybody on to another place of its own."""

    def do_GET(self) -> None:
        _seen.append((self.path, self.headers.get("Authorization", "")))
        code = int(self.path[1:4]) if self.path[1:4].isdigit() else 200
        self.send_response(code)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"body")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Where it is."""
    with HTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("status", [200, 301, 302, 303, 307, 308, 404, 503])
def test_no_redirect_is_followed_with_a_pass(status: int, site: str) -> None:
    """It is an answer like any other."""
    _seen.clear()
    reply = web.get(f"{site}/{status}/pass", 10, {"Authorization": "Basic eA=="})

    assert reply == (status, b"body")
    assert _seen == [(f"/{status}/pass", "Basic eA==")]


def test_who_is_not_there_is_no_status() -> None:
    """With the reason."""
    status, reason = web.get(f"http://127.0.0.1:{free_port()}/", 1)
    assert status == 0
    assert b"refused" in reason
