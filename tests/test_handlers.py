"""What arrives and what goes out, whatever the dialect: bodies, addresses, heads of answers."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

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
