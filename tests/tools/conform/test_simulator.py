"""What a simulator takes for wrong must be so with every bank's settings."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import settings
from callback.tools.conform.model import Step
from callback.tools.conform.simulators import SIMULATORS
from tests.conftest import settings_toml
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from pathlib import Path

    from callback.tools.conform.model import Slot

BANKS = """
[BANKS.mbank]
protocol = "mbank"
allow = ["127.0.0.1"]

[BANKS.cyberplat]
protocol = "cyberplat"
allow = ["127.0.0.1"]
dates = "lenient"

[BANKS.sberbank]
protocol = "sberbank"
allow = ["127.0.0.1"]
dates = "lenient"

[BANKS.uzum]
protocol = "uzum"
username = "u"
password = "p-of-16-characters"
service_id = 1

[BANKS.paynet]
protocol = "paynet"
username = "u"
password = "p-of-16-characters"
service_id = [1, 2]

[BANKS.paynet_soap]
protocol = "paynet_soap"
username = "u"
password = "p-of-16-characters"
service_id = [2, 1]
"""
TEN = Decimal("10.00")
CHECK = Step("check", "5", "7", TEN, datetime(2026, 11, 3))  # noqa: DTZ001 - theirs


def wrong(folder: Path, bank: str, slot: Slot, step: Step) -> list[Any]:
    """What the simulator of a bank sends as wrong."""
    path = write_settings(settings_toml("sqlite:///none.db", sys.modules[__name__]), folder)
    given = settings.load(path).banks[bank]
    return [value for value, _ in SIMULATORS[given.protocol](given).wrong(slot, step, TEN)]


@pytest.mark.parametrize(
    ("dialect", "ours", "others"),
    [
        ("uzum", [1], [2]),
        ("paynet", [1, 2, "1", "2"], [3, "3"]),
        ("paynet_soap", ["1", "2"], ["3"]),
    ],
)
def test_a_wrong_service_is_none_of_the_banks(
    tmp_path: Path, dialect: str, ours: list[Any], others: list[Any]
) -> None:
    """Small numbers are real ones, too; true is no number."""
    values = wrong(tmp_path, dialect, "service", CHECK)
    numbers = [value for value in values if type(value) in (int, str)]

    assert [number for number in numbers if number in ours] == []
    assert [number for number in numbers if number in others] == others


@pytest.mark.parametrize(
    ("dialect", "taken", "never"),
    [
        ("mbank", [], ["2026-03-16T12:00:00", "16.03.2026 12:00:00", "2026-02-30 12:00:00"]),
        ("cyberplat", ["2026-11-03 10:00:00", "20261103100000"], ["03.11.2026"]),
        ("sberbank", ["03.11.2026 12:00:00"], ["20260230120000", "30.02.2026_12:00:00"]),
    ],
)
def test_a_wrong_date_is_none_that_the_settings_take(
    tmp_path: Path, dialect: str, taken: list[str], never: list[str]
) -> None:
    """A payment with one would be recorded; strict, lenient, and what no setting takes."""
    dates = wrong(tmp_path, dialect, "time", replace(CHECK, act="pay"))

    assert [text for text in dates if text in taken] == []
    assert [text for text in never if text not in dates] == []
