"""What arrives and what goes out, whatever the dialect: bodies, addresses, heads of answers."""

from __future__ import annotations

import io
import json
import socket
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from callback import Program, log
from callback.database.errors import DatabaseError
from callback.handlers import Handlers, asks_for_bills, token_and_path
from callback.limits import MAX_BODY
from callback.protocols import HTTP_STATUS
from callback.request import Request
from tests.conftest import settings_toml
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

    Lines = Callable[[], list[dict[str, Any]]]

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.qiwi2]
protocol = "osmp"
allow = ["127.0.0.1"]

[BANKS.token]
protocol = "osmp"
url_token = true

[BANKS.basic]
protocol = "osmp"
username = "basic"
password = "pass"
weak_password = true

[BANKS.one]
protocol = "osmp"
allow = ["10.0.0.1"]
sums = { gross = "sum_all" }

[BANKS.list]
protocol = "kaspi"
allow = ["127.0.0.1"]
bills = { form = "pull", shape = "kaspi" }

[BANKS.alif]
protocol = "alif"
username = "alif"
password = "pass"
weak_password = true

[BANKS.nonstop]
protocol = "nonstop"
secret = "a-secret"
service_id = ["1"]

[BANKS.soap]
protocol = "paynet_soap"
username = "soap"
password = "pass"
weak_password = true
service_id = 1

[BANKS.paynet]
protocol = "paynet"
username = "paynet"
password = "pass"
weak_password = true
service_id = 1

[BANKS.mbank]
protocol = "mbank"
allow = ["127.0.0.1"]

[BANKS.payme]
protocol = "payme"
password = "key"
weak_password = true
account_field = "order_id"

[BANKS.uzum]
protocol = "uzum"
username = "uzum"
password = "pass"
weak_password = true
service_id = 1
account_field = "account"

[BANKS.click]
protocol = "click"
secret = "a-secret"
service_id = "1"
"""
BOM = b"\xef\xbb\xbf"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CHECK = "command=check&txn_id=1&account=55"
PAY = "command=pay&txn_id=7&account=55&sum=10.00&txn_date=20261103091500"
MBANK = '<XML><HEAD DTM="2026-11-03 09:15:00" QID="1" QM="1" OP="QE11"/><BODY PARAM1="55"/></XML>'


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


# What comes.


@pytest.mark.parametrize("mark", [b"", BOM])
@pytest.mark.slow
def test_a_byte_order_mark_stands_before_any_body(
    engine: Engine, endpoint: Endpoint, mark: bytes
) -> None:
    """Programs of Windows put one in front of a form, JSON, XML."""
    engine.account("55", owes="77.00")
    check = {"method": "CheckPerformTransaction", "id": 1}
    check["params"] = {"amount": 1000, "account": {"order_id": "55"}}
    calls = {
        "form": endpoint.call("/qiwi", "POST", mark + PAY.encode(), FORM),
        "json": endpoint.call(
            "/payme", "POST", mark + json.dumps(check).encode(), basic("Paycom", "key")
        ),
        "xml": endpoint.call("/mbank", "POST", mark + MBANK.encode()),
    }

    assert "<result>0<" in calls["form"].text
    assert '"allow":true' in calls["json"].text
    assert 'STATUS="200"' in calls["xml"].text


@pytest.mark.parametrize("kind", ["text/plain", "", "multipart/form-data; boundary=x", None])
@pytest.mark.parametrize("bank", ["qiwi", "click"])
def test_a_form_that_calls_itself_another_thing_is_refused_with_a_line(
    engine: Engine, endpoint: Endpoint, bank: str, kind: str | None
) -> None:
    """The sheets read a form and nothing else; who looks into the log sees what to change."""
    engine.account("55")
    body = PAY
    if kind and kind.startswith("multipart"):
        body = '--x\r\nContent-Disposition: form-data; name="command"\r\n\r\npay\r\n--x--\r\n'
    endpoint.call(f"/{bank}", "POST", body, {} if kind is None else {"Content-Type": kind})
    line = endpoint.log()[-1]

    assert "application/x-www-form-urlencoded" in line["why"]
    assert (kind or "nothing").partition(";")[0] in line["why"]
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]


@pytest.mark.parametrize(
    ("body", "headers"),
    [(PAY, FORM), ("", {}), ('{"a": "b=c"}', {}), ("<a b='c'/>", {"Content-Type": "text/xml"})],
)
def test_other_bodies_are_no_reason_to_talk_of_forms(
    endpoint: Endpoint, body: str, headers: dict[str, str]
) -> None:
    """Only what looks like a form."""
    endpoint.call("/qiwi", "POST", body.replace("pay", "what"), headers)

    assert endpoint.log()[-1]["outcome"] == "unknown_command"
    assert "why" not in endpoint.log()[-1]


@pytest.mark.parametrize("raw", ["Иванов".encode(), "Иванов".encode("cp1251"), b"\xff\x80"])
def test_bytes_that_nobody_encoded_are_no_matter_where_nobody_reads(
    engine: Engine, endpoint: Endpoint, raw: bytes
) -> None:
    """A payer's name, as it stands in the bank's own database."""
    engine.account("55")
    reply = endpoint.call(b"/qiwi?" + PAY.encode() + b"&payer_info=" + raw)

    assert "<result>0<" in reply.text
    assert engine.rows("SELECT txn_id FROM payment") == [("7",)]


def test_bytes_that_nobody_encoded_are_refused_where_they_mean_nothing(
    engine: Engine, endpoint: Endpoint
) -> None:
    """In what we read only UTF-8 is text; a line of the log says which account it was not."""
    engine.account("Ёж")
    pay = PAY.encode().replace(b"=55", b"=%b")
    wrong = endpoint.call(b"/qiwi?" + pay % "Ёж".encode("cp1251"))
    assert "<result>4<" in wrong.text
    assert endpoint.log()[-1]["outcome"] == "bad_account"
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]

    right = endpoint.call(b"/qiwi?" + pay % "Ёж".encode())
    assert "<result>0<" in right.text


def test_a_body_that_is_cut_off_says_so(endpoint: Endpoint) -> None:
    """In the line of the call."""
    endpoint.raw(b"POST /qiwi HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort")

    assert endpoint.log()[-1]["why"] == "the request was cut off"


# Addresses.


@pytest.mark.parametrize(
    ("path", "bank", "why"),
    [
        ("/qiwi/", "qiwi", "a slash at its end"),
        ("//qiwi", "qiwi", "two slashes in front"),
        ("///qiwi/", "qiwi", "two slashes in front"),
        ("/QIWI", "qiwi", "other letters than qiwi"),
        ("/qiwi/pay", "qiwi", "more behind qiwi"),
        ("/qiwi.php", "qiwi", "more behind qiwi"),
        ("/qiwi//", "qiwi", "a slash at its end"),
        ("/qiwi2/x", "qiwi2", "more behind qiwi2"),
        ("/uzum", "uzum", "more behind uzum"),
        ("/uzum/pay", "uzum", "more behind uzum"),
        ("/token/TOKEN/", "token", "a slash at its end"),
    ],
)
@pytest.mark.slow
def test_an_address_that_begins_with_a_banks_name_is_a_line(
    endpoint: Endpoint,
    command: Callable[..., CompletedProcess[str]],
    path: str,
    bank: str,
    why: str,
) -> None:
    """The answer stays 404 and bare; ops reads what the bank has to change, without a token."""
    token = command("url", "token").stdout.strip().rpartition("/")[2]
    reply = endpoint.call(f"{path.replace('TOKEN', token)}?{CHECK}")
    line = endpoint.log()[-1]

    assert (reply.status, reply.body) == (404, b"")
    assert (line["bank"], line["outcome"], line["code"]) == (bank, "not_found", "404")
    assert why in line["why"]
    assert f"flask url {bank}" in line["why"]
    assert token not in endpoint.output()


@pytest.mark.parametrize("path", ["/", "/robots.txt", "/qiw", "/x/qiwi", "/doctorx"])
def test_other_addresses_are_no_line(endpoint: Endpoint, path: str) -> None:
    """Strangers ask for them all day."""
    before = len(endpoint.log())
    endpoint.call(path)

    assert len(endpoint.log()) == before


@pytest.mark.slow
def test_good_and_bad_passes_are_lines(
    endpoint: Endpoint, command: Callable[..., CompletedProcess[str]]
) -> None:
    """Of the doctor and of the load balancer; the pass itself is not in it."""
    address = command("url", "--health").stdout.strip()
    endpoint.call(address)
    endpoint.call("/health/some-token")
    endpoint.call("/doctor/some-token")
    lines = [(line["command"], line["outcome"], line.get("alarm")) for line in endpoint.log()[-3:]]

    assert lines == [
        ("health", "ok", None),
        ("health", "bad_token", True),
        ("doctor", "bad_token", True),
    ]
    assert "some-token" not in endpoint.output()


# The heads of answers.


def test_nobody_can_tell_a_banks_address_from_none(endpoint: Endpoint) -> None:
    """Status line and headers are the same, byte by byte but for the date."""
    paths = ["/token", "/token/x", "/token/x/y", "/nobody", "/nobody/x", "/doctor/x", "/health/x"]
    replies = [
        endpoint.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        for method in ("GET", "PUT", "FOO")
        for path in [*paths, "//token", "/"]
    ]

    assert replies[0].startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert len({without_date(reply) for reply in replies}) == 1, replies


def without_date(reply: bytes) -> bytes:
    lines = reply.split(b"\r\n")
    assert any(line.startswith(b"Date: ") for line in lines)
    return b"\r\n".join(line for line in lines if not line.startswith(b"Date: "))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/qiwi?{CHECK}", 200),
        ("/payme", 200),
        ("/uzum/check", 400),
        ("/token", 404),
        ("/nobody", 404),
        ("/health", 200),
        ("/QIWI", 404),
    ],
)
def test_no_answer_may_be_kept(endpoint: Endpoint, path: str, status: int) -> None:
    """Neither by a proxy nor by a bank: it is another one a moment later."""
    reply = endpoint.call(path)

    assert reply.status == status
    assert reply.headers.get_all("Cache-Control") == ["no-store"]


def test_a_refused_password_may_not_be_kept_either(endpoint: Endpoint) -> None:
    """401, with what RFC 7617 wants beside it."""
    reply = endpoint.call("/uzum/check", "POST", "{}")

    assert reply.headers.get_all("Cache-Control") == ["no-store"]


# In one process: what a server hands over, and what it is handed.


@pytest.fixture(scope="module")
def program(
    database: Engine, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Program]:
    """The program as a server imports it."""
    toml = settings_toml(database.url, request.module)
    program = Program(write_settings(toml, tmp_path_factory.mktemp("program")))
    yield program
    program.database.close()


def ask(program: Program, path: str, **environ: Any) -> tuple[str, dict[str, str], bytes]:
    """Call as a WSGI server does; status, headers, body."""
    told: list[Any] = []

    def start(*line: Any) -> Any:
        told.extend(line)

    base = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "x"}
    base |= {"SERVER_PORT": "80", "wsgi.url_scheme": "http", "SCRIPT_NAME": ""}
    base |= {"PATH_INFO": path} if path else {}
    stream = io.BytesIO(environ.pop("body", b""))
    length = str(len(stream.getvalue()))
    head = {"wsgi.input": stream, "wsgi.errors": io.StringIO(), "CONTENT_LENGTH": length}
    body = b"".join(program({**base, **head, **environ}, start))
    status, headers = told[:2]
    assert len(headers) == len(dict(headers))
    return status, dict(headers), body


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The lines of the log since it was asked."""
    log.start(None)
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


NONE = {"Content-Length": "0", "Cache-Control": "no-store"}
CHALLENGE = {"WWW-Authenticate": 'Basic realm="callback"'}


@pytest.mark.parametrize(
    ("path", "environ", "status", "headers"),
    [
        ("/basic", {}, "401 Unauthorized", NONE | CHALLENGE),
        ("/basic", {"REQUEST_METHOD": "PUT"}, "401 Unauthorized", NONE | CHALLENGE),
        ("/qiwi", {"REQUEST_METHOD": "PUT"}, "405 Method Not Allowed", NONE),
        ("/qiwi/x", {}, "404 Not Found", NONE),
        ("/token", {}, "404 Not Found", NONE),
        ("/token/x", {}, "404 Not Found", NONE),
        ("/nobody", {}, "404 Not Found", NONE),
        ("", {}, "404 Not Found", NONE),
        ("", {"REQUEST_URI": "/qiwi"}, "404 Not Found", NONE),
        # Apache takes // for /, not so what the bank was told to call.
        ("/qiwi", {"REQUEST_URI": "//qiwi?a"}, "404 Not Found", NONE),
        ("/qiwi", {"REQUEST_URI": "//qiwi"}, "404 Not Found", NONE),
        ("/qiwi", {"REQUEST_URI": "/qiwi//?a"}, "404 Not Found", NONE),
    ],
)
def test_the_head_of_an_answer_that_is_nothing_else(
    program: Program, path: str, environ: dict[str, Any], status: str, headers: dict[str, str]
) -> None:
    """To the letter; with 401 goes what is wanted."""
    assert ask(program, path, **environ) == (status, headers, b"")


@pytest.mark.parametrize("uri", ["", "/qiwi", "/qiwi?a=//b"])
def test_the_head_of_an_answer_to_a_bank(program: Program, uri: str) -> None:
    """Its length is that of the body, and its type the dialect's."""
    environ = {"REQUEST_URI": uri} if uri else {}
    status, headers, body = ask(program, "/qiwi", QUERY_STRING=CHECK, **environ)

    assert status == "200 OK"
    assert headers["Content-Length"] == str(len(body)) != "0"
    assert "xml" in headers["Content-Type"]
    assert [*headers] == ["Content-Length", "Content-Type", "Cache-Control"]


def test_others_speak_as_we_do(program: Program) -> None:
    """Their words, what they say of keeping, and an error of theirs that the server is to know."""
    told: list[Any] = []
    error = (ZeroDivisionError, ZeroDivisionError(), None)

    def others(environ: dict[str, Any], start: Any) -> list[bytes]:
        assert environ["PATH_INFO"] == "/nobody"
        start("404 NOT FOUND", [("Cache-Control", "max-age=9"), ("X", "no-store")], error)
        return [b"x"]

    handlers = Handlers(program.settings, program.database, others)
    start: Any = lambda *line: told.extend(line)  # noqa: E731
    assert handlers({"PATH_INFO": "/nobody"}, start) == [b"x"]
    no_store = ("Cache-Control", "no-store")
    assert told == ["404 Not Found", [("X", "no-store"), no_store], error]


def test_a_head_has_no_body(program: Program) -> None:
    """But the length that it would have had."""
    basic_key = basic("Paycom", "key")["Authorization"]
    heads = [
        ask(program, "/payme", REQUEST_METHOD=method, HTTP_AUTHORIZATION=basic_key)
        for method in ("PUT", "HEAD")
    ]

    assert heads[0][:2] == heads[1][:2]
    assert heads[0][1]["Content-Length"] == str(len(heads[0][2])) != "0"
    assert heads[1][2] == b""


@pytest.mark.parametrize(
    ("bank", "rest", "token", "path"),
    [
        ("qiwi", [], "", ""),
        ("qiwi", [""], "", "/"),
        ("qiwi", ["", ""], "", "/"),
        ("qiwi", ["a"], "", "a"),
        ("qiwi", ["a", "b"], "", "a/b"),
        ("qiwi", ["a", ""], "", "a/"),
        ("token", [], "", ""),
        ("token", ["t"], "t", ""),
        ("token", ["t", ""], "t", "/"),
        ("token", ["t", "a", "b"], "t", "a/b"),
        ("token", ["", "a"], "", "a"),
    ],
)
def test_an_address_is_split(
    program: Program, bank: str, rest: list[str], token: str, path: str
) -> None:
    """A slash at the end is another address."""
    assert token_and_path(program.settings.banks[bank], rest) == (token, path)


@pytest.mark.parametrize(
    ("shape", "path", "method", "query", "asks"),
    [
        ("kaspi", "", "GET", "date=202611", True),
        ("kaspi", "", "GET", "date=202611&page=1&rows=2", True),
        ("kaspi", "", "GET", "date=1&date=2", True),
        ("kaspi", "", "GET", "command=check&date=202611", False),
        ("kaspi", "", "GET", "command=check&command=pay&date=202611", False),
        ("kaspi", "", "GET", "DATE=202611", False),
        ("kaspi", "", "GET", "", False),
        ("kaspi", "", "POST", "date=202611", False),
        ("kaspi", "bills", "GET", "date=202611", False),
        ("full", "", "GET", "date=202611", False),
    ],
)
def test_a_list_is_asked_for_by_a_date_and_no_command(  # noqa: PLR0917
    program: Program, shape: str, path: str, method: str, query: str, asks: bool
) -> None:
    """registers.md, "Pull": at the bank's own address, where its list has that shape."""
    bank = program.settings.banks["qiwi"]
    bank = bank.but(bills=bank.bills._replace(shape=shape))
    call = Request({"REQUEST_METHOD": method, "QUERY_STRING": query})
    assert asks_for_bills(bank, path, call) is asks


@pytest.mark.parametrize(("bank", "outcome"), [("qiwi", "bad_request"), ("payme", "unreadable")])
def test_a_body_that_is_too_long_says_so(
    program: Program, logged: Lines, bank: str, outcome: str
) -> None:
    """In the dialect's words for what cannot be read, or for a bad request."""
    key = {"HTTP_AUTHORIZATION": basic("Paycom", "key")["Authorization"]}
    post = {"REQUEST_METHOD": "POST", "body": b"x" * (MAX_BODY + 1)}
    status, _, body = ask(program, f"/{bank}", **post, **key)
    (line,) = logged()

    assert status == "200 OK"
    assert line["outcome"] == outcome
    assert line["why"] == f"the body has over {MAX_BODY} bytes"
    assert line["code"].encode() in body


def test_what_nobody_expected_is_ask_again(
    program: Program, logged: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The money may or may not have moved: never "refused"; the log has where it was."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    def away(*_: object) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr("callback.handlers.operation.run", away)
    told = [ask(program, "/qiwi", QUERY_STRING=PAY)]
    monkeypatch.setattr("callback.handlers.operation.run", fail)
    told.append(ask(program, "/qiwi", QUERY_STRING=PAY))
    monkeypatch.setattr("callback.protocols.osmp.read", fail)
    told.append(ask(program, "/qiwi", QUERY_STRING=PAY))
    for _, _, body in told:
        assert b"<result>1<" in body
    away_line, first, unexpected, second, third, fourth = logged()
    assert (away_line["level"], away_line["message"]) == ("warning", "qiwi: away")
    assert {line["outcome"] for line in (first, second, fourth)} == {"temporary"}
    for line in (unexpected, third):
        assert (line["level"], line["message"]) == ("error", "qiwi: an unexpected error")
        assert "ZeroDivisionError" in line["traceback"]
    assert [line["txn_id"] for line in (first, second, fourth)] == ["7", "7", ""]
    assert all("why" not in line for line in (first, second, fourth))


def test_an_error_that_anybody_may_bring_about_has_a_budget(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of lines, as what a stranger does; not so at an address that only a bank reaches."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    told = []
    monkeypatch.setattr(log, "unexpected", lambda text, stranger="": told.append((text, stranger)))
    monkeypatch.setattr("callback.protocols.osmp.read", fail)
    monkeypatch.setattr("callback.protocols.click.read", fail)
    ask(program, "/qiwi", QUERY_STRING=CHECK)
    ask(program, "/click", REQUEST_METHOD="POST")
    error = "an unexpected error"
    assert told == [(f"qiwi: {error}", ""), (f"click: {error}", "click, inside")]


def test_an_answer_that_cannot_be_written_is_ask_again(
    program: Program, logged: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the dialect's words where it has them, else as HTTP."""
    from callback.protocols import osmp

    write, left = osmp.write, [1]

    def fails(*args: Any) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            raise ZeroDivisionError
        return write(*args)

    monkeypatch.setattr(osmp, "write", fails)
    status, _, body = ask(program, "/qiwi", QUERY_STRING=CHECK)
    assert (status, b"<result>1<" in body) == ("200 OK", True)
    left[0] = 2
    status, headers, body = ask(program, "/qiwi", QUERY_STRING=CHECK)
    assert (status, headers, body) == ("503 Service Unavailable", NONE, b"")
    errors = [line["message"] for line in logged() if "message" in line]
    assert errors == ["qiwi: an unexpected error in an answer"] * 2


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("path", "environ", "outcome", "why"),
    [
        ("/qiwi", {"QUERY_STRING": CHECK}, "unknown_account", None),
        ("/qiwi", {"REQUEST_METHOD": "PUT"}, "bad_method", "called by GET or POST;"),
        (
            *("/qiwi", {"REQUEST_METHOD": "POST", "QUERY_STRING": CHECK, "body": PAY.encode()}),
            *("unknown_account", None),
        ),
        ("/token/x", {}, "bad_token", None),
        # alif.md, section 4: before the header.
        ("/alif", {}, "bad_method", "called by POST;"),
        # nonstop.md: a GET has its words in the query, a POST in an XML body.
        ("/nonstop", {"QUERY_STRING": "ACT=1&PAY_ACCOUNT=5"}, "bad_signature", None),
        ("/nonstop", {"REQUEST_METHOD": "POST"}, "bad_request", None),
        ("/alif", {"REQUEST_METHOD": "POST"}, "not_authenticated", "no Authorization came"),
        ("/basic", {}, "not_authenticated", "no Authorization came"),
        ("/one", {"HTTP_X_FORWARDED_FOR": "1.2.3.4"}, "bad_address", "TRUSTED_PROXIES = 0"),
        (
            *("/qiwi", {"REQUEST_METHOD": "POST", "body": PAY.encode()}, "unknown_command"),
            "application/x-www-form-urlencoded",
        ),
    ],
)
def test_the_line_of_a_refusal_says_what_can_be_changed(  # noqa: PLR0917
    program: Program,
    logged: Lines,
    path: str,
    environ: dict[str, Any],
    outcome: str,
    why: str | None,
) -> None:
    """Where anybody knows; a call that was not read has no command."""
    ask(program, path, **environ)
    (line,) = logged()

    assert line["outcome"] == outcome
    assert why in line["why"] if why else "why" not in line
    if outcome in HTTP_STATUS:  # before the dialect was heard
        assert (line["command"], line["txn_id"]) == ("", "")


SOAP = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<u:GetInformationArguments xmlns:u="http://uws.provider.com/"><username>soap</username>'
    "<password>pass</password><serviceId>1</serviceId></u:GetInformationArguments></e:Body>"
    "</e:Envelope>"
)


def test_the_age_of_a_call_goes_to_the_database(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it is asked: for what to do, and for a password in the header or inside."""
    ages = []

    def away(age: float = 0.0, _: float = 0.0) -> None:
        ages.append(age)
        raise DatabaseError("away")

    monkeypatch.setattr(program.database, "session", away)
    post: dict[str, Any] = {"REQUEST_METHOD": "POST", "body": SOAP.encode()}
    key = {"HTTP_AUTHORIZATION": basic("paynet", "pass")["Authorization"]}
    link, web_server = socket.socketpair()
    with link, web_server:
        came = {"callback.link": link, "CALLBACK_CAME_AT": str(time.time() - 2)}
        ask(program, "/qiwi", QUERY_STRING=CHECK, **came)
        ask(program, "/soap", **post, **came)
        ask(program, "/paynet", **post, **key, **came)
    assert [age >= 2 for age in ages] == [True] * 3


def test_other_sums_of_a_request_are_in_its_line(program: Program, logged: Lines) -> None:
    """README, "Settings": `sums`."""
    ask(program, "/one", QUERY_STRING=f"{CHECK}&sum_all=12.50", REMOTE_ADDR="10.0.0.1")
    assert logged()[-1]["gross"] == "12.50"


@pytest.mark.usefixtures("engine")
def test_a_list_is_not_the_dialects(program: Program, logged: Lines) -> None:
    """It is others who tell it, at the bank's own address."""
    status, _, body = ask(program, "/list", QUERY_STRING="date=202611&page=1")
    assert (status, body) == ("200 OK", b'{"data":[],"error":null}')
    assert [line["command"] for line in logged() if "command" in line] == ["bills"]


def test_a_call_that_lay_too_long_is_not_begun(program: Program, logged: Lines) -> None:
    """A web server says when it came; the bank has left."""
    link, web_server = socket.socketpair()
    with link, web_server:
        came = {"callback.link": link, "CALLBACK_CAME_AT": str(time.time() - 100)}
        _, _, body = ask(program, "/qiwi", QUERY_STRING=CHECK, **came)
    assert b"<result>1<" in body
    assert logged()[-1]["outcome"] == "temporary"


def test_the_body_of_a_get_is_not_read(program: Program) -> None:
    """Nor may it say how long it is."""
    _, _, body = ask(program, "/qiwi", QUERY_STRING=CHECK, CONTENT_LENGTH="99")
    assert b"<result>5<" in body or b"<result>0<" in body
