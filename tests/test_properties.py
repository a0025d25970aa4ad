"""What must hold whatever comes: every reader, fed with what nobody thought of.

How many cases are tried: tests/support/properties.py. The readers of files have theirs in
tests/tools: test_any_exchange.py, books/test_any_file.py, books/test_any_list.py.
"""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback import Program, documents, layouts, log, proofs, settings, wire
from callback.limits import MAX_BODY
from callback.protocols import PROTOCOLS
from callback.tools.conform.run import client
from callback.tools.sheet.examples import examples, invent_scenario
from tests.conftest import flask, settings_toml
from tests.support.dialects import CALLED, banks, several
from tests.support.processes import write_settings
from tests.support.properties import HOSTILE, spoiled

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from callback.readers import Setting
    from callback.tools.conform.model import Request

BANKS = banks()
SIGNERS = [name for name in CALLED if "secret" in PROTOCOLS[name].PROOFS]
# The answers that sheets know; what a stranger hears is among them.
STATUSES = {200, 400, 401, 403, 404, 405, 413, 500, 503}


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
    text = draw(spoiled(text))
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
    _answer(program, dialect, data.draw(mutated(_requests(program, dialect))), unexpected)


@pytest.mark.parametrize("dialect", SIGNERS)
@given(data=st.data())
def test_whatever_a_bank_signs_is_answered(
    dialect: str, data: st.DataObject, program: Program, unexpected: list[str]
) -> None:
    """What would stop at a wrong sign is read when the sign is right, whatever it says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proofs, "same", lambda *_: True)
        _answer(program, dialect, data.draw(mutated(_requests(program, dialect))), unexpected)


def _answer(program: Program, dialect: str, request: Request, unexpected: list[str]) -> None:
    bank = program.settings.banks[dialect]
    status, body = _call(program, dialect, request)

    assert status in STATUSES
    assert len(body) < MAX_BODY
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
@pytest.mark.slow
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


# --- The settings ---

TABLES: dict[str, Mapping[str, Setting]] = {
    "": settings.FILE_KEYS,
    "BANKS.b": settings.BANK_KEYS,
    "BANKS.b.services.s": settings.SERVICE_KEYS,
    "BANKS.b.register": layouts.REGISTER_KEYS,
    "BANKS.b.bills": layouts.BILLS_KEYS,
    "IMPORT": layouts.IMPORT_KEYS,
    "EXPORT": layouts.EXPORT_KEYS,
    "EXCHANGE": layouts.EXCHANGE_KEYS,
    **{f"BANKS.{name}": PROTOCOLS[name].SETTINGS for name in PROTOCOLS},
}
KINDS = [(f"{table}.{key}", kind) for table, keys in TABLES.items() for key, kind in keys.items()]
# What hurts one or another: expressions, forms, addresses, names of files.
WORDS = (
    *("a{99999999999}", "(" * 2000, "(?P<a>x)(?P<a>y)", "[", "\\", "(?i", "(?<=a*)b"),
    *("%", "%d%d", "%Y%Y", "%d.%m", "%Q", "%Z", "%d.%m.%Y %H:%M:%S", "%s", "{", "{n:{n}}"),
    *(
        "{date:%Y",
        "{bank!x}",
        "{n.real}",
        "{0}",
        "{}",
        "{date:%}",
        "https://[",
        "http://]/",
        "https://a:b",
        "https://[x]",
    ),
    *("https://[::1", "ftps://u:p@[::1/x/", "smtp://h:99999", "sftp://u@h/?", "held:0"),
    *("folder:/\0", "mysql://u:p@[::1:3306/b", "mysql://u:p@h:0/b", "mysql://:@h/b?ssl_ca="),
    *("mysql://u:%ff@h/b?unix_socket=%00", "sqlite:///\0", "::ffff:1.2.3.4/95", "1.2.3.4/33"),
    *("../../etc/localtime", "Europe", "\0", "é", "☃", "-----BEGIN", "2026-02-30", "…", ""),
)
VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.sampled_from(WORDS)
    | st.dates()
    | st.datetimes()
    | st.times(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "debt", "1", "x.y", "prefix"]) | st.text(), inner
        )
    ),
    max_leaves=4,
)


@given(kind=st.sampled_from(KINDS), value=VALUES)
def test_a_setting_takes_any_value_or_says_what_it_wants(
    kind: tuple[str, Setting], value: Any
) -> None:
    """In one line, without what was given: it may be a secret."""
    said = _wanted(kind[1], value)
    assert said.isprintable()
    assert not (isinstance(value, str) and len(value) > 12 and value in said)


@pytest.mark.parametrize("word", WORDS)
def test_a_setting_takes_what_hurts_another_or_says_what_it_wants(word: str) -> None:
    """Alone, in a list, in a table."""
    for name, kind in KINDS:
        for value in (word, [word], {"name": word}, {word: word}):
            assert _wanted(kind, value).isprintable(), name


@pytest.mark.parametrize("word", WORDS)
def test_settings_with_what_hurts_are_read_or_named(word: str, tmp_path: Path) -> None:
    """One by one, and as they are when all are put together."""
    good = {"SECRET_KEY": "only-for-these-tests-" * 3, "DATABASE": "sqlite:///x", "CURRENCY": "KZT"}
    good |= {"TIMEZONE": "UTC", "PUBLIC_URL": "https://pay.example.kz"}
    for name in ("DATABASE", "PUBLIC_URL", "LOG"):
        text = "".join(f"{key} = {toml(value)}\n" for key, value in {**good, name: word}.items())
        _load(tmp_path / "config.toml", f'{text}[BANKS.b]\nprotocol = "osmp"\nallow = ["::1"]\n')


def _wanted(kind: Setting, value: Any) -> str:
    try:
        kind.read(value)
    except ValueError as error:
        return str(error)
    return ""


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool | float):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(name)} = {toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return value.isoformat() if isinstance(value, date | time) else str(value)


@st.composite
def changed(draw: st.DrawFn, table: dict[str, Any]) -> dict[str, Any]:
    """The same table with another value for one of its keys, or of those that it may have."""
    place = draw(st.sampled_from(sorted(table)))
    inner = table[place]
    if isinstance(inner, dict) and inner and draw(st.integers(0, 5)):
        return {**table, place: draw(changed(inner))}
    known = {key for keys in TABLES.values() for key in keys}
    name = draw(st.sampled_from([place] * 3 + sorted(known)) | st.text(max_size=3))
    return {**table, name: draw(VALUES)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Settings with everything in them, and where they are."""
    folder = tmp_path_factory.mktemp("settings")

    class Module:
        SETTINGS: ClassVar[dict[str, str]] = {"PUBLIC_URL": "https://pay.example.kz", "LOG": ""}
        BANKS = several() + "[IMPORT]\n[EXPORT]\n[EXCHANGE]\n"

    text = settings_toml(f"sqlite:///{folder}/usu.db", Module)  # type: ignore[arg-type]
    path = write_settings(text, folder)
    settings.load(path)
    return path, text


@given(data=st.data())
def test_settings_of_any_values_are_read_or_every_fault_is_named(
    data: st.DataObject, whole: tuple[Path, str]
) -> None:
    """And no secret with it."""
    path, text = whole
    tables = data.draw(changed(tomllib.loads(text)))
    spoilt = "".join(f"{toml(name)} = {toml(value)}\n" for name, value in tables.items())
    _load(path, spoilt)


@pytest.mark.parametrize(
    "content", [b"a = " + b"[" * 9000, b"a = " + b"{a=" * 9000, b"\xff", b"\0"]
)
def test_what_no_reader_of_toml_takes_is_named(content: bytes, tmp_path: Path) -> None:
    """Also what is nested deeper than Python goes."""
    _load(tmp_path / "config.toml", content)


@given(data=st.data())
def test_a_spoiled_settings_file_is_read_or_named(
    data: st.DataObject, whole: tuple[Path, str]
) -> None:
    """Whatever bytes are in it."""
    path, text = whole
    _load(path, data.draw(spoiled(text.encode(), b"\n", b"[", b"=", b"'", b'"""', b"[" * 3000)))


SECRET = re.compile("only-for-these-tests-only|of-sixteen|secret-of")


def _load(path: Path, content: str | bytes) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    head, *faults = _said(path).split("\n")
    assert head.startswith(str(path))
    assert not SECRET.search("".join(faults))
    assert all(": " in fault for fault in faults)


def _said(path: Path) -> str:
    try:
        settings.load(path)
    except settings.SettingsError as error:
        return str(error)
    return str(path)
