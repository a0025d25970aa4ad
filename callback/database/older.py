"""Statements that a site once laid over those of an older release (`instance/sql`).

They go on working. What this release wants besides is put in where their text has the form that
ours had; where it has another form, `flask doctor` names the statement and what to write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Our table, also with its database's name in front.
TABLE = r"(?:(?:`[^`]+`|\w+)\s*\.\s*)?`?payment`?(?![\w`.])"
QUOTED = r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`"""
_COLUMNS = rf"INSERT\s+INTO\s+({TABLE})\s*\((?![^)]*\bnumber\b)"
# A payment is recorded without the number that was typed.
RECORDS_NO_NUMBER = re.compile(_COLUMNS, re.IGNORECASE)
# Behind its SELECT may stand how, before what.
_HOW = r"ALL|DISTINCT(?:ROW)?|HIGH_PRIORITY|STRAIGHT_JOIN|SQL_\w+"
_RECORDS = re.compile(rf"{_COLUMNS}([^)]*\))\s*SELECT\b(?!\s+(?:{_HOW})\b)", re.IGNORECASE)
# A statement that changes payments, whenever it reaches the server.
_CHANGES = re.compile(rf"\b(?:INSERT\s+INTO|UPDATE)\s+{TABLE}", re.IGNORECASE)
_DEADLINE = "AND :deadline > UTC_TIMESTAMP(3)"
# A statement asks for the time in its condition, either way round; what it writes is no condition.
_SERVER_TIME = r"UTC_TIMESTAMP\s*\(\s*\d?\s*\)"
_ASKS_DEADLINE = re.compile(
    rf"\b(?:WHERE|ON)\b.*(?::deadline\s*>=?\s*{_SERVER_TIME}|{_SERVER_TIME}\s*<=?\s*:deadline\b)",
    re.IGNORECASE | re.DOTALL,
)
_PROMISE = (
    "AND NOT EXISTS (SELECT 1 FROM promise AS k"
    " WHERE k.bucket = :bucket AND k.made_at >= :began AND k.made_at <= :latest)"
)
_ASKS_PROMISE = re.compile(
    r"AND\s+NOT\s+EXISTS\s*\(\s*SELECT\s+1\s+FROM\s+promise\b[^()]*\)", re.IGNORECASE
)
_ASKS_BEGAN = re.compile(r"\bpromise\b.*:began\b", re.IGNORECASE | re.DOTALL)
_LOCKS = re.compile(r"\s+FOR\s+UPDATE\s*$", re.IGNORECASE)
_INNERMOST = re.compile(r"\([^()]*\)")
_TEXT = re.compile(QUOTED, re.DOTALL)
# Behind a WHERE these keep us from adding one more condition at the end.
_ENDS = re.compile(
    r"\b(?:X?OR|GROUP|HAVING|ORDER|LIMIT|WINDOW|DUPLICATE|FOR|LOCK|RETURNING)\b|\|\|",
    re.IGNORECASE,
)
# One condition at the end is a condition of one of these alone.
_SEVERAL = re.compile(r"\b(?:UNION|EXCEPT|INTERSECT)\b", re.IGNORECASE)
# The number of a payment is read through account_id, and changes when the office changes that.
_READS = re.compile(r"COALESCE\(\s*\w+\.number\s*,\s*\w+\.number\s*\)(?=\s+AS\s+payment_number\b)")
_PAYMENT = re.compile(r"\b(\w+)\.txn_id\b")  # only a payment has one
_READ = re.compile(r"\b(\w+)\.number\s+AS\s+payment_number\b", re.IGNORECASE)

# What a statement lacks, and what to write.
NO_NUMBER = "does not record the number that was typed: let it write :number into payment.number"
NO_DEADLINE = (
    f"may take effect after it was given up and the bank was told so: add {_DEADLINE} to its WHERE"
)
NO_PROMISE = (
    "records a payment though the bank was told meanwhile that there is none: add "
    f"{_PROMISE} to its WHERE"
)
OTHER_NUMBER = (
    "does not read a payment's number from payment.number: a payment whose account was "
    "renumbered is refused when the bank repeats it; write p.number AS payment_number"
)
FAULTS = (NO_NUMBER, NO_DEADLINE, NO_PROMISE, OTHER_NUMBER)


def completed(text: str, name: str = "") -> str:
    """Add the number that was typed, and the conditions, to a statement that does not know them.

    `name`: of the statement, where it has one.
    """
    text = _RECORDS.sub(r"INSERT INTO \1 (number, \2 SELECT :number,", text)
    if _has_no_deadline(text):
        text = _with(_DEADLINE, text)
    if _has_no_promise(text, name):
        text = _with(_PROMISE, text)
    payment = _PAYMENT.search(text)
    return _READS.sub(f"{payment[1]}.number", text) if payment else text


def without_promise(text: str) -> str:
    """Leave out what a database of an older release cannot be asked."""
    return _ASKS_PROMISE.sub("", text)


def faults(text: str, name: str = "") -> Iterator[str]:
    """Say what a statement still lacks, and what to write."""
    if RECORDS_NO_NUMBER.search(text):
        yield NO_NUMBER
    if _has_no_deadline(text):
        yield NO_DEADLINE
    if _has_no_promise(text, name):
        yield NO_PROMISE
    read = _READ.search(text)
    if "payment_number" in text and not (read and read[1] in _PAYMENT.findall(text)):
        yield OTHER_NUMBER


def _has_no_deadline(text: str) -> bool:
    # Those that fill in what an older release left out may come at any time.
    once = ":txn_id" in text and not _ASKS_DEADLINE.search(text)
    return once and _CHANGES.search(text) is not None


def _has_no_promise(text: str, name: str) -> bool:
    # Those of a register are no pay_ and have no :state: there the bank says that it has paid.
    pays = (name.startswith("pay_") or ":state" in text) and not _ASKS_BEGAN.search(text)
    return pays and _CHANGES.search(text) is not None


def _with(condition: str, text: str) -> str:
    body = _LOCKS.sub("", text)
    outer = _TEXT.sub("''", body)
    while _INNERMOST.search(outer):
        outer = _INNERMOST.sub(" ", outer)
    _, where, conditions = outer.partition("WHERE")
    if not where or _ENDS.search(conditions) or _SEVERAL.search(outer):
        return text
    return f"{body}\n   {condition}{text[len(body) :]}"
