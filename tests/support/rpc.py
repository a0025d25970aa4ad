"""Speaking JSON-RPC to the endpoint as Payme and Paynet do, and what both are to withstand."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.processes import Endpoint, Reply

# (what is wrong, body, the id that the answer may carry); none of it is JSON.
UNREADABLE = [
    ("empty", b""),
    ("cut off", b'{"method":'),
    ("not UTF-8", b'{"id":1,"method":"\xff","params":{}}'),
    ("UTF-16", '{"id":1}'.encode("utf-16")),
    ("two byte order marks", b'\xef\xbb\xbf\xef\xbb\xbf{"id":1}'),
    ("NaN", b'{"id":1,"method":"M","params":{"amount":NaN}}'),
    ("Infinity", b'{"id":1,"method":"M","params":{"amount":Infinity}}'),
    ("-Infinity", b'{"id":1,"method":"M","params":{"amount":-Infinity}}'),
    ("number of 5000 digits", b'{"id":1,"method":"M","params":{"amount":' + b"9" * 5000 + b"}}"),
    ("nested too deep", b'{"id":1,"method":"M","params":' + b"[" * 30000 + b"]" * 30000 + b"}"),
    ("objects nested too deep", b'{"a":' * 10000 + b"1" + b"}" * 10000),
    ("two values", b'{"id":1}{"id":2}'),
    ("comma at the end", b'{"id":1,}'),
    ("single quotes", b"{'id':1}"),
    ("control character in a text", b'{"id":"\x01"}'),
    ("over 64 KiB", b'{"id":1,"method":"' + b"M" * 65536 + b'","params":{}}'),
    ("a form", b"method=M&id=1"),
]


def basic(username: str, password: str) -> dict[str, str]:
    """Make the header of HTTP Basic."""
    return {"Authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}


@dataclass
class Caller:
    """One bank's side: its address, its credentials, and what its envelope always has."""

    endpoint: Endpoint
    bank: str
    credentials: Mapping[str, str]
    envelope: Mapping[str, Any]

    def post(self, body: bytes | str, **headers: str) -> Reply:
        """Send a body exactly as given."""
        return self.endpoint.call(f"/{self.bank}", "POST", body, {**self.credentials, **headers})

    def send(self, request: Any) -> Any:
        """Send any JSON value; return the answer, which must be JSON at HTTP 200."""
        return read(self.post(json.dumps(request)))

    def ask(self, method: str, params: Any, own_id: Any = 71) -> dict[str, Any]:
        """Call a method; return the answer without the envelope, which must be right."""
        answer = self.send({**self.envelope, "id": own_id, "method": method, "params": params})
        assert answer.pop("jsonrpc") == "2.0"
        assert answer.pop("id") == own_id
        assert len(answer) == 1, answer  # a result or an error, never both
        return dict(answer)

    def result(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method that must succeed."""
        answer = self.ask(method, params)
        assert "result" in answer, answer
        return dict(answer["result"])

    def code(self, method: str, params: Mapping[str, Any]) -> int:
        """Call a method: 0 for a result, else the code of the error."""
        answer = self.ask(method, params)
        return int(answer["error"]["code"]) if "error" in answer else 0


def read(reply: Reply) -> Any:
    """Read an answer; a float in it is an error of ours."""
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"

    def no_float(text: str) -> Any:
        raise AssertionError(f"a float: {text}")

    return json.loads(reply.body.decode(), parse_float=no_float)


def but(params: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change params; `...` takes one away."""
    return {name: value for name, value in {**params, **changes}.items() if value is not ...}
