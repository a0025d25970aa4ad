"""What Payme and Paynet have in common (payme.md, paynet.md): the envelope and the params."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from callback import wire
from callback.protocols import jsonrpc

CALL: dict[str, Any] = {"jsonrpc": "2.0", "id": 7, "method": "Foo", "params": {"x": 1}}


def raw(**changes: Any) -> bytes:
    """A call with other members; those that are ... are left out."""
    members = {name: value for name, value in {**CALL, **changes}.items() if value is not ...}
    return json.dumps(members).encode()


@pytest.mark.parametrize(
    ("body", "version", "needs_id", "request_"),
    [
        (raw(), "2.0", True, (7, "Foo", {"x": 1}, None)),
        (raw(id="a"), "2.0", True, ("a", "Foo", {"x": 1}, None)),
        (raw(jsonrpc="1.0"), None, True, (7, "Foo", {"x": 1}, None)),
        (raw(jsonrpc="1.0"), "2.0", True, (7, "Foo", {"x": 1}, "bad_request")),
        (raw(jsonrpc=...), "2.0", True, (7, "Foo", {"x": 1}, "bad_request")),
        (raw(id=...), None, True, (None, "Foo", {"x": 1}, "bad_request")),
        (raw(id=...), None, False, (None, "Foo", {"x": 1}, None)),
        (raw(id=None), None, False, (None, "Foo", {"x": 1}, "bad_request")),
        (raw(id=True), None, False, (None, "Foo", {"x": 1}, "bad_request")),
        (raw(method=5), None, True, (7, "", {"x": 1}, "bad_request")),
        (raw(params=[1]), None, True, (7, "Foo", {}, "bad_request")),
        (
            b'{"id":7,"id":7,"method":"Foo","params":{}}',
            None,
            True,
            (None, "Foo", {}, "bad_request"),
        ),
        (b"[]", None, False, (None, "", {}, "bad_request")),
        (b"{", None, False, (None, "", {}, "unreadable")),
    ],
)
def test_a_call_is_read(
    body: bytes, version: str | None, needs_id: bool, request_: tuple[Any, ...]
) -> None:
    """Section 4, steps 4 and 5; what cannot be read of it is nothing."""
    assert jsonrpc.request(body, version, needs_id=needs_id)[:4] == request_


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (raw(), None),
        (raw(id=..., jsonrpc="1.0"), "missing or wrong: id, jsonrpc"),
        (raw(method=5, params=[1]), "missing or wrong: method, params"),
        (raw(params={"id": 7}).replace(b'"method"', b'"id"'), "a member of an object came twice"),
        (b"[]", "missing or wrong: id, jsonrpc, method, params"),
        (b"{", None),
    ],
)
def test_the_log_says_what_is_wrong_with_a_call(body: bytes, why: str | None) -> None:
    """Code -32600 does not."""
    assert jsonrpc.request(body, "2.0").hints.get("why") == why


def test_a_call_needs_an_id_unless_it_is_said() -> None:
    """A notification is none of ours."""
    assert jsonrpc.request(raw(id=...)).fault == "bad_request"
    assert jsonrpc.request(raw(jsonrpc=...)).fault is None


@pytest.mark.parametrize("own", [{"ok": "5"}, {"bad_sum": "0"}, {"ok": "0"}])
def test_success_has_no_code(own: dict[str, str]) -> None:
    """Section 6: it is a result."""
    with pytest.raises(ValueError, match="codes of refusals only: success is a result"):
        jsonrpc.codes(own)


def test_a_refusal_may_have_another_code() -> None:
    """Section 10."""
    assert jsonrpc.codes({"bad_sum": "-1", "temporary": -32401}) == {
        "bad_sum": "-1",
        "temporary": "-32401",
    }


@pytest.mark.parametrize(
    ("sent", "amount"),
    [
        *((1, "0.01"), (2, "0.02"), (99, "0.99"), (100, "1.00"), (120_050, "1200.50")),
        (10**20 + 1, "1000000000000000000.01"),
    ],
)
def test_a_sum_is_in_hundredths(sent: int, amount: str) -> None:
    """Section 3; and back, exactly."""
    read = jsonrpc.tiyin(None, sent)  # type: ignore[arg-type]

    assert str(read) == amount
    assert wire.hundredths(Decimal(amount)) == sent


@pytest.mark.parametrize("sent", [0, -1, True, 1.0, "1", None])
def test_what_is_no_integer_above_0_is_no_sum(sent: object) -> None:
    """Section 3."""
    assert jsonrpc.tiyin(None, sent) is None  # type: ignore[arg-type]


def test_an_answer_is_an_envelope() -> None:
    """Section 5; an error may have a status of its own."""
    result, error = jsonrpc.result(7, {"x": 1}), jsonrpc.error("a", {"code": -1})
    refused = jsonrpc.error(None, {"code": -1}, 401)

    assert json.loads(result.body) == {"jsonrpc": "2.0", "id": 7, "result": {"x": 1}}
    assert json.loads(error.body) == {"jsonrpc": "2.0", "id": "a", "error": {"code": -1}}
    assert [result.status, error.status, refused.status] == [200, 200, 401]


@pytest.mark.parametrize("sent", [1, 2, 3])
def test_an_integer_is_within_its_limits(sent: int) -> None:
    """Both inclusive [3]."""
    assert jsonrpc.integer(1, 3)(None, sent) == sent  # type: ignore[arg-type]


@pytest.mark.parametrize("sent", [0, 4, True, 1.0, "1", None, [1]])
def test_what_is_no_integer_of_these_is_none(sent: object) -> None:
    """Section 3: true and 1.0 neither."""
    assert jsonrpc.integer(1, 3)(None, sent) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("params", "names", "values", "refused"),
    [
        (
            {"time": 1, "amount": 5},
            ("amount", "time"),
            {"time": 1, "amount": Decimal("0.05")},
            None,
        ),
        ({"time": 1, "amount": 5}, ("amount",), {"amount": Decimal("0.05")}, None),
        ({"time": 1}, ("amount", "time"), {"time": 1}, "bad_sum"),
        ({"time": 0, "amount": 0}, ("amount", "time"), {}, "bad_request"),
        ({"amount": 5}, ("amount", "time"), {"amount": Decimal("0.05")}, "bad_request"),
        ({"time": 0, "amount": 5}, ("amount",), {"amount": Decimal("0.05")}, None),
    ],
)
def test_params_are_read_in_the_order_of_their_forms(
    params: dict[str, Any], names: tuple[str, ...], values: dict[str, Any], refused: str | None
) -> None:
    """Section 4: the first wrong one is the answer, and what is good is kept for the log."""
    forms: jsonrpc.Forms = {
        "time": (jsonrpc.integer(1, 3), "bad_request"),
        "amount": (jsonrpc.tiyin, "bad_sum"),
    }
    request = jsonrpc.Request(7, "Foo", params, None)

    assert jsonrpc.read(None, request, names, forms) == (values, refused)  # type: ignore[arg-type]
