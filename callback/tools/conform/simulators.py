"""The simulators by dialect. One that has an address and no simulator fails a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.by_dialect import ByDialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.tools.conform.simulator import Simulator

SIMULATORS: Mapping[str, type[Simulator]] = ByDialect("callback.tools.conform", "SIMULATOR")
