"""What the JSON-RPC dialects have in common: the envelope, and reading named parameters."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback import readers, wire
from callback.model import NOTHING
from callback.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from callback.bank import Bank
    from callback.model import Outcome
    from callback.wire import Answer

    Reader = Callable[[Bank, Any], Any]  # returns None for what is of the wrong form
    Forms = Mapping[str, tuple[Reader, Outcome]]  # by param, with the refusal of a wrong one

TWICE = {"why": "a member of an object came twice"}
DONE = "0"  # in CODES: a result; every other code is that of an error


def codes(value: Any) -> dict[str, str]:
    """A table of outcomes and codes, for refusals: success is a result and has none."""
    own_codes = readers.codes(value)
    if "ok" in own_codes or DONE in own_codes.values():
        raise ValueError(Phrase("codes of refusals only: success is a result, and 0 would mean it"))
    return own_codes


class Request(NamedTuple):
    """A call; what could not be read of it is None or empty."""

    id: int | str | None
    method: str
    params: Mapping[str, Any]
    fault: Outcome | None  # what is wrong with the envelope
    hints: Mapping[str, str] = NOTHING  # and where; for our log only


def request(body: bytes, version: str | None = None, *, needs_id: bool = True) -> Request:
    """Read a call with named params; `version` is what its `jsonrpc` must be, if anything.

    Without `needs_id` a call that has no id is one, too: its answer has null there.
    """
    document = wire.read_json(body)
    if not document.readable:
        return Request(None, "", {}, "unreadable")
    envelope = document.value if isinstance(document.value, dict) else {}
    own_id, method, params = (envelope.get(name) for name in ("id", "method", "params"))
    has_id = type(own_id) in (int, str)  # not isinstance: true is an int to Python
    right = {
        "id": has_id or not (needs_id or "id" in envelope),
        "jsonrpc": version is None or envelope.get("jsonrpc") == version,
        "method": isinstance(method, str),
        "params": isinstance(params, dict),
    }
    wrong = [name for name in right if not right[name]]
    return Request(
        own_id if has_id else None,
        method if isinstance(method, str) else "",
        params if isinstance(params, dict) else {},
        "bad_request" if wrong or document.repeated else None,
        TWICE if document.repeated else wire.named("missing or wrong", wrong),
    )


def read(
    bank: Bank, request: Request, names: Collection[str], forms: Forms
) -> tuple[dict[str, Any], Outcome | None]:
    """Read the params of these names: all that are well-formed, and why others are refused.

    The refusal is that of the first wrong one in the order of `forms`.
    """
    values: dict[str, Any] = {}
    refused: Outcome | None = None
    for name, (reader, refusal) in forms.items():
        value = reader(bank, request.params.get(name)) if name in names else None
        if value is not None:
            values[name] = value
        elif name in names:
            refused = refused or refusal
    return values, refused


def hints(names: Collection[str], values: Mapping[str, Any]) -> dict[str, str]:
    """Say, for our log only, which params `read` could not read."""
    return wire.named("missing or wrong", [name for name in names if name not in values])


def integer(low: int, high: int) -> Reader:
    """Make a reader of JSON integers from low to high; true and 1.0 are none."""

    def reader(_bank: Bank, value: Any) -> int | None:
        return value if type(value) is int and low <= value <= high else None

    return reader


def tiyin(_bank: Bank, value: Any) -> Decimal | None:
    """Read a sum above 0: a JSON integer of hundredths."""
    if type(value) is not int or value <= 0:
        return None
    return Decimal(f"{value // 100}.{value % 100:02}")  # exact, however long


def account(bank: Bank, value: Any) -> str | None:
    """Read the number that the payer typed: the member `account_field` of an object."""
    number = value.get(bank.own["account_field"]) if isinstance(value, dict) else None
    text = wire.decimal_text(number)
    return None if text is None or bank.account_refusal(text) else text


def result(own_id: Any, content: Mapping[str, Any] | str) -> Answer:
    """Answer a call with what it asked for."""
    return wire.json_answer({"jsonrpc": "2.0", "id": own_id, "result": content})


def error(own_id: Any, content: Mapping[str, Any], status: int = 200) -> Answer:
    """Refuse a call."""
    return wire.json_answer({"jsonrpc": "2.0", "id": own_id, "error": content}, status)
