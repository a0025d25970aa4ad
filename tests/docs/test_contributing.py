"""CONTRIBUTING.md is a map of the tree."""

from __future__ import annotations

import re

from tests.support.processes import ROOT

CALLBACK = ROOT / "callback"


def test_the_map_has_what_the_tree_has() -> None:
    """Every module and folder of callback/ is named there, and nothing that is gone."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("## Where things are") : text.index("## Adding a bank")]
    named = {name.rstrip("/") for name in re.findall(r"`(?:callback/)?([a-z_]+(?:\.py|/))", table)}
    there = {path.name for path in CALLBACK.glob("[!_]*.py")}
    there |= {path.name for path in CALLBACK.iterdir() if (path / "__init__.py").exists()}

    assert named - {"callback", "docs", "sql", "tests"} == there
