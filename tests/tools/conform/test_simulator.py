"""What a simulator takes for wrong must be so with every bank's settings."""

from __future__ import annotations

import sys
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

BANKS = """
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
CHECK = Step("check", "5", "7", Decimal("10.00"), datetime(2026, 11, 3))  # noqa: DTZ001 - theirs


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
    toml = settings_toml("sqlite:///none.db", sys.modules[__name__])
    path = write_settings(toml, tmp_path)
    simulator = SIMULATORS[dialect](settings.load(path).banks[dialect])
    values = [value for value, _ in simulator.wrong("service", CHECK, Decimal("1.00"))]
    numbers = [value for value in values if type(value) in (int, str)]

    assert [number for number in numbers if number in ours] == []
    assert [number for number in numbers if number in others] == others
