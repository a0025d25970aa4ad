"""Whatever the office's program sends to the exchange: an answer, and the books as they were."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback import Program, log, wire
from callback.request import Request
from callback.tools import exchange
from tests.conftest import SQLiteEngine, flask, settings_toml
from tests.support.processes import write_settings
from tests.support.properties import spoiled
from tests.tools import test_exchange
from tests.tools.test_exchange import BAD, LIST, pieces, state

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUSES = {200, 202, 400, 404, 405, 409, 411, 413, 422}
SENT = [
    *(("customers", "PUT", "dry_run=1", LIST), ("customers", "PUT", "dry_run=1", BAD)),
    ("customers", "PUT", "dry_run=1&known_until=0&force=1", gzip.compress(LIST)),
    *(("customers", "PUT", f"dry_run=1&{query}", piece) for query, piece in pieces(LIST, 40)),
    *(("payments", "GET", "after=0&rows=10&format=csv", b""), ("known", "POST", "until=0", b"")),
    *(("payments", "GET", "format=1c", b""), ("bills", "GET", "bank=qiwi", b"")),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, SQLiteEngine]]:
    """The program with an exchange, and its database."""
    folder = tmp_path_factory.mktemp("exchange")
    engine = SQLiteEngine(folder / "usu.db")
    path = write_settings(settings_toml(engine.url, test_exchange), folder)
    assert flask(path, "init-db").returncode == 0
    engine.account("0071501")
    yield Program(path), engine
    log.start(None)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A good call of the office with a few bytes changed, in its query or its body."""
    name, method, query, body = draw(st.sampled_from(SENT))
    if draw(st.booleans()) or not body:
        query = draw(spoiled(query.encode(), b"&after=1", b"&rows=0", b"9" * 20)).decode("latin-1")
    else:
        body = draw(spoiled(body, b";", b"\n", b"-", b"\x1f\x8b"))
    if "dry_run=1" not in query.split("&"):
        query += "&dry_run=1"
    method = draw(st.sampled_from([method] * 9 + ["GET", "POST", "PUT", "HEAD", "X"]))
    name = draw(st.sampled_from([name] * 9 + ["", "customers/", "\0", "payments"]))
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(body),
    }
    if draw(st.integers(0, 9)):
        length = len(body) + draw(st.sampled_from([0] * 9 + [1, -1]))
        environ["CONTENT_LENGTH"] = str(length)
    return name, environ


@given(call=calls())
@pytest.mark.slow
def test_whatever_the_office_sends_is_answered(
    call: tuple[str, dict[str, Any]], site: tuple[Program, SQLiteEngine]
) -> None:
    """By a status that it knows, never by "ask again"; a dry run and a refusal change nothing."""
    program, engine = site
    name, environ = call
    before = state(engine)
    surprises: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "unexpected", surprises.append)
        patch.setattr(log, "warning", surprises.append)
        reply = exchange.answer(program.settings, program.database, Request(environ), name)

    assert surprises == []
    assert reply.answer.status in STATUSES
    assert state(engine) == before
    assert wire.read_json(reply.answer.body).readable or "json" not in reply.answer.content_type
