"""Codes are read from a sheet twice: by the dialect's module, and by the simulator.

Neither takes them from the other; here both are compared with the table of the sheet's section 6.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from callback.protocols import PROTOCOLS
from callback.tools.conform.simulator import COMMON_CODES
from callback.tools.conform.simulators import SIMULATORS
from tests.support.dialects import CALLED
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OUTCOME = re.compile(r"\*([a-z_]+)\*")
CODE = re.compile(r"(?<![\w.])(?:HTTP )?-?[0-9]{1,5}(?![\w.])|\bresult\b|\bFault\b")
ALONE = re.compile(OUTCOME.pattern)
# What HTTP says of a stranger stands in one row for several outcomes of ours.
OF_HTTP = {"not_authenticated", "bad_token", "no_path", "bad_method", "temporary"}
# What no row of section 6 says by its outcome: the section that says it, and the code.
ELSEWHERE: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "payme": {
        "duplicate_same": ("8", "result"),
        "status.payment_cancelled": ("9", "result"),
        "PerformTransaction.already_paid": ("8", "-31008"),
    },
    "paynet": {
        "cancel.duplicate_same": ("9", "result"),
        "status.payment_cancelled": ("7", "result"),
    },
    "paynet_soap": {
        "status.payment_cancelled": ("6", "0"),
        "cancel.duplicate_same": ("6", "202"),
        "CancelTransaction.duplicate_same": ("6", "202"),
    },
    "click": {
        "cancel.ok": ("4", "-9"),
        "cancel.duplicate_same": ("8", "-9"),
        "cancel.payment_not_found": ("4", "-9"),
    },
    "uzum": {
        "check.ok": ("5", "OK"),
        "pay.ok": ("5", "CREATED"),
        "perform.ok": ("5", "CONFIRMED"),
        "cancel.ok": ("5", "REVERSED"),
        "status.ok": ("7", "OK"),
        "status.payment_cancelled": ("7", "OK"),
        "pay.payment_cancelled": ("8", "10010"),
        "create.payment_cancelled": ("8", "10010"),
    },
}
# Words for what a sheet calls by a broader one, or says in a text only: "wrong service".
FINER = {
    *("unreadable", "no_object", "missing", "bad_service", "bad_date", "bad_id", "sum_differs"),
    *("invoice_cancelled", "no_signature", "bad_signature", "payment_expired"),
    *("repeat_of_paid", "another_payment", "payment_performed", "bad_sum"),
}


def table(dialect: str) -> dict[str, set[str]]:
    """The codes of section 6 by outcome, all that any row names."""
    codes: dict[str, set[str]] = {}
    for cells in rows(dialect):
        outcomes = cells[0].replace("**", "").split(" / ")
        words = cells[1].split(" / ")
        if len(outcomes) != len(words) or not all(map(ALONE.fullmatch, outcomes)):
            outcomes, words = [" ".join(outcomes)], [" ".join(words)]
        for outcome, word in zip(outcomes, words, strict=True):
            # A code that comes by HTTP alone stands a column later.
            text = word if CODE.search(word) else " ".join(cells[1:3])
            for name in OUTCOME.findall(outcome):
                codes.setdefault(name, set()).update(written(text))
    return codes


def rows(dialect: str) -> Iterator[list[str]]:
    """The rows of the table, cell by cell."""
    text = (ROOT / "docs" / "protocols" / f"{dialect}.md").read_text(encoding="utf-8")
    section = text.partition("\n## 6")[2].partition("\n## 7")[0]
    for line in section.splitlines():
        if line.startswith("| ") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def written(text: str) -> Iterator[str]:
    """The codes in a text: 0, -31050, result, HTTP 503."""
    plain = re.sub(r"`[^`]*`|\([^)]*\)", "", text.replace("**", ""))
    for code in CODE.findall(plain):
        yield code
        yield f"HTTP {code}"  # "HTTP 401, 403, 404"


def disagreements(dialect: str, codes: Mapping[str, str]) -> list[str]:
    """Where codes by outcome, or by "act.outcome", are others than the sheet's."""
    sheet, elsewhere, wrong = table(dialect), ELSEWHERE.get(dialect, {}), []
    for key, code in codes.items():
        outcome = key.rpartition(".")[2]
        wanted = {elsewhere[key][1]} if key in elsewhere else sheet.get(outcome, set())
        known = outcome in sheet or key in elsewhere or outcome not in FINER | OF_HTTP
        if known and code not in wanted:
            wrong.append(f"{key} = {code}, the sheet says {sorted(wanted)}")
    return wrong


@pytest.mark.parametrize("dialect", CALLED)
def test_the_simulator_has_the_codes_of_the_sheet(dialect: str) -> None:
    """And no other."""
    assert len(table(dialect)) > 8
    assert disagreements(dialect, SIMULATORS[dialect].SHEET.codes) == []


@pytest.mark.parametrize("dialect", CALLED)
def test_the_module_has_the_codes_of_the_sheet(dialect: str) -> None:
    """Apart from the success of those that have no code for it."""
    codes = {key: code for key, code in PROTOCOLS[dialect].CODES.items() if code != "0"}

    assert disagreements(dialect, codes) == []


@pytest.mark.parametrize("dialect", CALLED)
def test_every_outcome_of_the_sheet_has_a_code(dialect: str) -> None:
    """In the simulator, so that some case may want it."""
    codes = {**COMMON_CODES, **SIMULATORS[dialect].SHEET.codes}
    there = {key.rpartition(".")[2] for key in codes}

    assert {outcome for outcome, words in table(dialect).items() if words} <= there


def test_simulators_take_no_code_from_a_module() -> None:
    """The default codes of a module only show which ones the bank's settings have changed."""
    for path in (ROOT / "callback" / "tools" / "conform").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"from callback\.protocols\.\w+ import|\.CODES\b", text), path
