"""What a request tells of other sums is noted, in whatever form it comes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import further_sums, settings
from callback.model import Check, Command, Refuse
from callback.wire import FORM, Call
from tests.conftest import settings_toml
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from pathlib import Path

    from callback.bank import Bank

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
sums = { gross = "all", commission = "fee" }

[BANKS.plain]
protocol = "osmp"
allow = ["127.0.0.1"]
"""
CHECK = Check(name="check", account="1", amount=Decimal("1.00"), noted={"terminal": "7"})
BOTH = {"gross": "103.00", "commission": "3,00"}
WHOLE = {"gross": "103", "commission": "3"}


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bank]:
    """One that tells of further sums, and one that does not."""
    folder: Path = tmp_path_factory.mktemp("sums")

    class Module:
        pass

    Module.BANKS = BANKS  # type: ignore[attr-defined]
    text = settings_toml(f"sqlite:///{folder}/x.db", Module)  # type: ignore[arg-type]
    return dict(settings.load(write_settings(text, folder)).banks)


def call(query: bytes = b"", body: bytes = b"", content_type: str = "") -> Call:
    """A request."""
    return Call("POST", "", query, content_type, body)


@pytest.mark.parametrize(
    ("request_", "sums"),
    [
        (call(), {}),
        (call(b"all=103.00&fee=3,00&sum=100"), BOTH),
        (call(b"all=103.00", b"fee=3,00", FORM), BOTH),
        (call(b"all=103.00&all=104.00"), {}),
        (call(b"all=1e3&fee=-3"), {}),
        (call(b"all=12345678901234567890.1234"), {"gross": "12345678901234567890.1234"}),
        (call(b"all=123456789012345678901&fee=1.12345"), {}),
        (call(b"", b'{"all": 103.00, "fee": "3,00"}'), BOTH),
        (call(b"", b' \r\n {"a": [1, [{"fee": 3}, 5], {"all": 103}]}'), WHOLE),
        (call(b"", b'{"a": [1], "b": [{"all": 103}], "c": {"fee": 3}}'), WHOLE),
        (call(b"", b'{"a": {"all": 103}, "b": {"fee": 3}, "c": [1]}'), WHOLE),
        (call(b"", b'{"all": true, "fee": null}'), {}),
        (call(b"", b'{"all": [1], "fee": {"x": 1}}'), {}),
        (call(b"", b'{"all": '), {}),
        (call(b"", b"<r><all>103.00</all><a><fee>3,00</fee></a></r>"), BOTH),
        (call(b"", b'<r all="103.00"><a fee="3,00"/></r>'), BOTH),
        (call(b"", b'<r xmlns="urn:x"><all>103.00</all><fee>3,00</fee></r>'), BOTH),
        (call(b"", b"<r><all/><fee>3"), {}),
        (call(b"", b"x=%FF&d=%3Cr%3E%3Call%3E103.00%3C/all%3E%3C/r%3E&fee=3,00", FORM), BOTH),
        (
            call(b"", b"d=\xff<r%3E%3Call%3E1%3C/all%3E%3C/r%3E&fee=3,00", FORM),
            {"commission": "3,00"},
        ),
    ],
)
def test_what_is_told_is_noted(
    banks: dict[str, Bank], request_: Call, sums: dict[str, str]
) -> None:
    """Beside what the dialect has noted itself, as it was written."""
    noted = further_sums.noted(banks["qiwi"], request_, CHECK)
    assert noted == CHECK.but(noted={"terminal": "7", **sums})


def test_nothing_is_read_without_need(
    banks: dict[str, Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a refused request, and of a bank that names no further sums."""
    monkeypatch.setattr(further_sums, "_parts", None)
    refused = Refuse(name="check", outcome="bad_request")
    asked: list[tuple[str, Command]] = [("qiwi", refused), ("plain", refused), ("plain", CHECK)]
    for bank, command in asked:
        assert further_sums.noted(banks[bank], call(b"all=1"), command) is command


@pytest.mark.parametrize(
    ("value", "text"), [(True, ""), (1.5, ""), (None, ""), ([], ""), (7, "7"), ("7", "7")]
)
def test_only_texts_and_numbers_are_sums(value: Any, text: str) -> None:
    """True is no 1."""
    assert further_sums._text(value) == text  # noqa: SLF001
