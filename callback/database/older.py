"""Statements that a site once laid over those of an older release (`instance/sql`).

They go on working. What this release wants besides is put in where their text has the form that
ours had; where it has another form, `flask doctor` names the statement and what to write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COLUMNS = r"INSERT\s+INTO\s+`?payment`?\s*\((?![^)]*\bnumber\b)"
# A payment is recorded without the number that was typed.
RECORDS_NO_NUMBER = re.compile(_COLUMNS, re.IGNORECASE)
_RECORDS = re.compile(_COLUMNS + r"([^)]*\))\s*SELECT\b(?!\s+DISTINCT)", re.IGNORECASE)
# The number of a payment is read through account_id, and changes when the office changes that.
_READS = re.compile(r"COALESCE\(\s*\w+\.number\s*,\s*\w+\.number\s*\)(?=\s+AS\s+payment_number\b)")
_PAYMENT = re.compile(r"\b(\w+)\.txn_id\b")  # only a payment has one
_READ = re.compile(r"\b(\w+)\.number\s+AS\s+payment_number\b", re.IGNORECASE)


def completed(text: str) -> str:
    """Add the number that was typed to a statement that does not know of it."""
    text = _RECORDS.sub(r"INSERT INTO payment (number, \1 SELECT :number,", text)
    payment = _PAYMENT.search(text)
    return _READS.sub(f"{payment[1]}.number", text) if payment else text


def faults(text: str) -> Iterator[str]:
    """Say what a statement still lacks, and what to write."""
    if RECORDS_NO_NUMBER.search(text):
        yield "does not record the number that was typed: let it write :number into payment.number"
    read = _READ.search(text)
    if "payment_number" in text and not (read and read[1] in _PAYMENT.findall(text)):
        yield (
            "does not read a payment's number from payment.number: a payment whose account was "
            "renumbered is refused when the bank repeats it; write p.number AS payment_number"
        )
