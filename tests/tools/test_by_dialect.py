"""What a tool knows of a dialect is found by the dialect's name."""

from __future__ import annotations

from typing import Any

import pytest

from callback.protocols import PROTOCOLS
from callback.tools.by_dialect import ByDialect
from callback.tools.conform.simulators import SIMULATORS


def test_a_dialect_without_a_module_is_not_in_it() -> None:
    """A bank that never calls has no simulator."""
    assert "files" in PROTOCOLS
    assert "files" not in SIMULATORS
    assert len(SIMULATORS) == len([*SIMULATORS]) == len(PROTOCOLS) - 1


def test_what_is_missing_is_named() -> None:
    """By the path of the file that is to be written."""
    with pytest.raises(KeyError, match=r"no callback/tools/conform/files\.py with its SIMULATOR"):
        SIMULATORS["files"]


@pytest.mark.parametrize("name", ["model", "simulator", "nobody", ""])
def test_a_module_that_is_no_dialects_is_not_found(name: str) -> None:
    """The folder has others, too."""
    modules: ByDialect[Any] = ByDialect("callback.tools.conform", "annotations")

    assert name not in modules
