"""The page about a bank that only sends files (registers.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet
from callback.tools.sheet.texts import Pair

SHEET = DialectSheet(
    title=Pair("без обращений: банк присылает реестры", "no calls: the bank sends registers only"),
    callers=Pair(
        "любой банк, который только присылает выписку", "any bank that sends a statement only"
    ),
    proofs=Pair(
        "никто не обращается: `flask reconcile --book`", "nobody calls: `flask reconcile --book`"
    ),
    sources=Pair("формат 1С: общие сведения", "1C's format: general knowledge"),
)
