"""What tests/mutants/equal.toml explains is in the code: else a fault comes back unexplained."""

from __future__ import annotations

import re

from tests.mutants.__main__ import explained
from tests.support.processes import ROOT


def bare(text: str) -> str:
    """Code without what a formatter may change: blanks, line ends, a comma before them."""
    return re.sub(r"\s|,(?=\s*[])}]|\s*$)", "", text)


def test_an_explained_fault_is_in_a_line_that_is_there() -> None:
    """Of Python; a fault of SQL names a part of a statement as sqlglot writes it."""
    faults = [(file, fault) for file, fault in explained() if file.endswith(".py")]
    code = {file: bare((ROOT / file).read_text(encoding="utf-8")) for file, _ in faults}

    assert len(faults) > 100
    assert [
        (file, fault)
        for file, fault in faults
        if bare(fault.partition(" => ")[0]) not in code[file]
    ] == []
