"""Reading `*.sql` files: comments and text in quotes are told from what the server is to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callback.database.older import QUOTED, TABLE, completed
from callback.phrase import Phrase, joined

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# MySQL takes -- for a comment only before a blank; what stands in /*! */ it runs.
_COMMENT = re.compile(rf"({QUOTED})|--(?=\s|\Z)[^\n]*|\#[^\n]*|/\*(?!!).*?\*/", re.DOTALL)
_VALUE = re.compile(rf"({QUOTED})|(?<![:\w]):([a-z_]+)", re.DOTALL)
_PART = re.compile(rf"(?:{QUOTED}|[^;])+", re.DOTALL)
# What changes a payment.
_RECORDS = re.compile(r"(?:pay|book|perform|cancel)_")
_INTO = re.compile(rf"(?:INSERT\s+INTO|UPDATE)\s+{TABLE}", re.IGNORECASE)
# What a statement is about: the word behind its first ones, if only the first.
_TARGET = re.compile(r"^(?:[\w\s]*\b(?:INTO|FROM)\s|\w+\s)?\s*([^\s(]*)", re.IGNORECASE)
# Files of as many statements as it takes; the others are sent as one.
SCRIPTS = frozenset(
    {
        *("schema", "schema_sqlite", "upgrade", "upgrade_sqlite", "sample", "grants"),
        *("post_paid", "post_cancelled"),
    }
)

# MySQL ends the transaction before these, and what flask post has done is there for good.
_COMMITS = re.compile(
    r"(CREATE(?!\s+TEMPORARY)|ALTER|DROP(?!\s+TEMPORARY)|TRUNCATE|RENAME|GRANT|REVOKE|"
    r"(?:UN)?LOCK\s+TABLES?|COMMIT|ROLLBACK|BEGIN|START\s+TRANSACTION|ANALYZE|OPTIMIZE|REPAIR|"
    r"FLUSH|CHECK\s+TABLES?|(?:CACHE|LOAD)\s+INDEX|"
    r"SET\s+(?:@@)?(?:(?:SESSION|LOCAL)[\s.]+)?autocommit)\b",
    re.IGNORECASE,
)


class StatementError(Exception):
    """A site's own `*.sql` files cannot be used; the text names every fault, a line each."""

    def __init__(self, *faults: Phrase) -> None:
        super().__init__(joined("\n", faults))
        self.faults = faults


def bare(text: str) -> str:
    """Take the comments away; what stands in quotes stays."""
    return _COMMENT.sub(lambda found: found[1] or " ", text).strip()


def values(text: str) -> set[str]:
    """Name the values that a statement wants, its `:name`s."""
    return {found[2] for found in _VALUE.finditer(text) if found[2]}


def with_values(text: str, write: Callable[[str], str]) -> str:
    """Write each `:name` as a driver wants it; what stands in quotes is no value."""
    return _VALUE.sub(lambda found: found[1] or write(found[2]), text)


def ending_word(statement: str) -> str:
    """The word with which a statement ends the transaction it stands in; empty when it does not."""
    match = _COMMITS.match(statement)
    return match[1].upper() if match else ""


def parts(script: str) -> list[str]:
    """Take a file of several statements apart; a semicolon in quotes ends none."""
    return [part.strip() for part in _PART.findall(script) if part.strip()]


def read(file: Path) -> str:
    """Read a statement without its comments; StatementError when it is not UTF-8."""
    try:
        text = bare(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise StatementError(
            Phrase(
                "{file}: line {line} is not UTF-8 (windows-1251?): save the file as UTF-8",
                file=file,
                line=line,
            )
        ) from None
    return text.rstrip("; \n\t\r")


def load_statements(*folders: Path) -> dict[str, str]:
    """Read every `*.sql` of the folders by name, without comments; a later folder wins.

    Statements that a site wrote for an older release are completed.

    A statement about a whole list says `{bills}` in place of the list, and becomes one for each
    list: a page, a count and a sum are of the same rows, also where a site lays a list of its own
    over ours. Raises StatementError.
    """
    texts: dict[str, str] = {}
    faults: list[Phrase] = []
    for file in (file for folder in folders for file in sorted(folder.glob("*.sql"))):
        try:
            texts[file.stem] = completed(_checked(file), file.stem)
        except StatementError as error:
            faults += error.faults
    if faults:
        raise StatementError(*faults)
    for name in [name for name, text in texts.items() if "{bills}" in text]:
        about = texts.pop(name)
        for payer in ("account", "invoice"):
            text = about.replace("{bills}", texts[f"bills_{payer}"])
            texts.setdefault(f"{name}_{payer}", text)
    return texts


def _checked(file: Path) -> str:
    text = read(file)
    if _RECORDS.match(file.stem) and not _INTO.match(text):
        raise StatementError(
            Phrase(
                "{file}: expected INSERT INTO payment, or UPDATE payment, not {target}: a payment "
                "is always recorded in our own table, for there it is recorded once; flask post "
                "carries it into the accounting program's (sql/README.md)",
                file=file,
                target=_TARGET.findall(text)[0],
            )
        )
    return text
