"""What must hold whatever comes: every reader, fed with what nobody thought of.

The cases are the same in every run; PROPERTIES=long tries a hundred times as many, and others each
time.
"""

from __future__ import annotations

import io
import json
import os
import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callback import Program, documents, log, wire
from callback.tools.conform.run import client
from callback.tools.sheet.examples import examples, invent_scenario
from tests.conftest import flask, settings_toml
from tests.support.dialects import CALLED, banks
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.tools.conform.model import Request

settings.register_profile(
    "short",
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long", settings.get_profile("short"), max_examples=4000, derandomize=False
)
settings.load_profile(os.environ.get("PROPERTIES", "short"))

BANKS = banks()
# The answers that sheets know; what a stranger hears is among them.
STATUSES = {200, 400, 401, 403, 404, 405, 413, 500, 503}
HOSTILE = [
    *(b"", b"\0", b"%00", b"%FF", b"%D0", b"\xff\xfe", b"\r\n", b"&", b"=", b"&&", b"+", b"%2B"),
    *(b"<", b"<!DOCTYPE a [<!ENTITY b 'c'>]>&b;", b"]]>", b"{", b'"', b"[" * 300, b"\\ud800"),
    *(b"NaN", b"1e9", b"1_0", b"-0", b"0x1", b"9" * 400, b"1.005", b"1,00", b"\xd9\xa1"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program with a bank of every dialect, and nobody's account."""
    folder = tmp_path_factory.mktemp("properties")

    class Module:
        BANKS = banks()

    path = write_settings(settings_toml(f"sqlite:///{folder}/usu.db", Module), folder)  # type: ignore[arg-type]
    assert flask(path, "init-db").returncode == 0
    yield Program(path)
    log.start(None)


@st.composite
def mutated(draw: st.DrawFn, requests: list[Request]) -> Request:
    """A good request with a few bytes cut, doubled or put in, where it hurts."""
    request = draw(st.sampled_from(requests))
    text = request.body if request.body is not None else request.query.encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        put_in = draw(st.sampled_from([*HOSTILE, text[start:end] * 2]) | st.binary(max_size=4))
        text = text[:start] + put_in + text[end:]
    if request.body is not None:
        return request._replace(body=text)
    # What a web server hands over is bytes, each as one character.
    return request._replace(query=text.decode("latin-1"))


@pytest.mark.parametrize("dialect", CALLED)
@given(data=st.data())
def test_whatever_a_bank_sends_is_answered(
    dialect: str, data: st.DataObject, program: Program, unexpected: list[str]
) -> None:
    """In a form of HTTP that the sheets know; nothing unexpected happens, nothing is recorded."""
    bank = program.settings.banks[dialect]
    requests = _requests(program, dialect)
    request = data.draw(mutated(requests))
    status, body = _call(program, dialect, request)

    assert status in STATUSES
    assert len(body) < wire.MAX_BODY
    assert not any(secret in body for secret in (*bank.secret, *bank.password))
    assert unexpected == []
    with program.database.session() as session:
        assert session.run("last_payment", bank=dialect).rows == [{"id": 0}]


@pytest.fixture(scope="module")
def unexpected() -> Iterator[list[str]]:
    """What the log would call so."""
    texts: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "unexpected", texts.append)
        yield texts


_SEEN: dict[str, list[Request]] = {}


def _requests(program: Program, dialect: str) -> list[Request]:
    if dialect not in _SEEN:
        bank = program.settings.banks[dialect]
        _SEEN[dialect] = [example.request for example in examples(bank, invent_scenario(bank))]
    return _SEEN[dialect]


def _call(program: Program, dialect: str, request: Request) -> tuple[int, bytes]:
    bank = program.settings.banks[dialect]
    line = client(program.settings, bank, "http://127.0.0.1", 1)
    path, _, _ = line.path(request._replace(query="")).partition("?")
    headers = line._headers(request, None)  # noqa: SLF001 - what proves that it is the bank
    statuses: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": path,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(request.body or b"")),
        "HTTP_AUTHORIZATION": headers.get("Authorization", ""),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(request.body or b""),
    }
    body = b"".join(program(environ, lambda status, *_: statuses.append(status)))  # type: ignore[arg-type]
    return int(statuses[0][:3]), body


PLAIN = re.compile(r"[0-9]+(?:[.,][0-9]{1,2})?")
MONEY = st.decimals("0.01", "999999999999.99", places=2)


@given(MONEY)
def test_a_sum_that_is_read_is_the_sum(amount: Decimal) -> None:
    """To the last kopeck, in each form that takes its spelling."""
    for form in wire.SUMS:
        assert wire.amount(f"{amount:f}", form) == amount
        assert wire.amount(f"{amount:f}".replace(".", ","), form) in (amount, None)
    assert wire.amount(f"{amount:f}".replace(".", ","), "strict") is None


@given(
    st.text(max_size=20)
    | st.from_regex(r"[-+ ]?[0-9٠-٩_]{1,22}[.,eE]?[0-9]{0,4}\n?", fullmatch=True)
)
def test_a_text_that_is_no_sum_is_none(text: str) -> None:
    """What is taken is what a person reads: the digits, and one separator."""
    for form in wire.SUMS:
        amount = wire.amount(text, form)
        assert amount is None or PLAIN.fullmatch(text)
        assert amount is None or amount == Decimal(text.replace(",", "."))


@given(st.dictionaries(st.sampled_from(["account", "sum", "txn_id", "other"]), st.text()))
def test_a_query_gives_back_what_was_put_in(values: dict[str, str]) -> None:
    """Whatever letters; a name that is not known is not there."""
    raw = "&".join(f"{name}={quote_plus(value)}" for name, value in values.items()).encode()
    fields = wire.fields(raw, ("account", "sum", "txn_id"))
    assert fields.values == {name: value for name, value in values.items() if name != "other"}
    assert not fields.repeated


@given(st.binary(max_size=60))
def test_any_bytes_are_a_query(raw: bytes) -> None:
    """Nothing is raised; what is not UTF-8 is told as such."""
    fields = wire.fields(raw, ("a", "b"), fold=False)
    assert set(fields.values).isdisjoint(fields.repeated)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    """Whole numbers of any length, texts of any letters."""
    reading = wire.read_json(json.dumps(value).encode())
    if reading.readable:
        assert (reading.value, reading.repeated) == (value, False)
    else:  # half a surrogate pair is no text
        assert "\\ud" in json.dumps(value)


@given(st.binary(max_size=80) | st.sampled_from(HOSTILE))
def test_any_bytes_are_json_or_not(raw: bytes) -> None:
    """As Python's own reader says, but for what is no JSON to others; nothing is raised."""
    if wire.read_json(raw).readable:
        json.loads(raw)


@given(st.binary(max_size=80) | st.sampled_from(HOSTILE))
def test_any_bytes_are_xml_or_not(raw: bytes) -> None:
    """Nothing is raised, no entity is resolved."""
    root = documents.read_xml(raw)
    assert root is None or b"<!" not in raw or b"DOCTYPE" not in raw


@given(st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 - as banks write
def test_a_date_is_the_one_that_was_written(when: datetime) -> None:
    """In each form, to the second."""
    when = when.replace(microsecond=0)
    for text in (f"{when:%Y%m%d%H%M%S}", f"{when:%Y-%m-%dT%H:%M:%S}", f"{when:%d.%m.%Y %H:%M:%S}"):
        assert wire.moment(text, *wire.ALL_TIMES) == when


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - UTC
def test_milliseconds_are_exact(when: datetime) -> None:
    """There and back."""
    when = when.replace(microsecond=when.microsecond // 1000 * 1000)
    assert wire.from_milliseconds(wire.milliseconds(when)) == when
