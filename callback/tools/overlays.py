"""Looks at the statements that a site has laid over ours: their names, and what they are given."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from callback.database import load_statements, older
from callback.database.statements import SCRIPTS, ending_word, parts, read, values
from callback.paths import SQL
from callback.tools.finding import Finding
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# A site's own; ours has none.
POSTING = ("post_paid", "post_cancelled")
# What posting gives besides the columns of the payment.
BESIDES = frozenset({"account", "now"})
_COLUMN = re.compile(r"\bp\.(\w+)")
_IN_QUOTES = re.compile(r"""['"]:([a-z_]+)['"]""")


def examine(folder: Path) -> Iterator[Finding]:
    """Look at every file of the folder, which need not be there."""
    given = given_values()
    for file in sorted(folder.glob("*")):
        fault = _folder_fault(file, given) if file.is_dir() else _name_fault(file, given)
        if fault:
            yield Finding("fault", f"instance/sql/{file.name}", fault)
        elif file.suffix == ".sql":
            yield from _text(file, given[file.stem])


def given_values() -> dict[str, set[str]]:
    """The values that each statement of ours, or script of a site's, is given."""
    ours = load_statements(SQL)
    written = {file.stem: values(read(file)) for file in SQL.glob("*.sql")}
    given = {**written, **{name: values(text) for name, text in ours.items()}}
    columns = set(_COLUMN.findall(ours["post_payment"]))
    return {**given, **dict.fromkeys(POSTING, columns | BESIDES)}


def _folder_fault(folder: Path, given: Mapping[str, set[str]]) -> str:
    """Why nothing in a folder is read, such as that of a mapping that was copied whole."""
    names = sorted(file.name for file in folder.glob("*.sql") if file.stem in given)
    told = _("is a folder, and nothing in it is read: move {names} up")
    return told.format(names=", ".join(names)) if names else ""


def _name_fault(file: Path, given: Mapping[str, set[str]]) -> str:
    """Why a file is never read, though its author thinks so; empty: it is, or is none of ours."""
    stem = file.name.lower().removesuffix(".txt").removesuffix(".sql")
    if file.suffix == ".sql" and file.stem in given:
        return ""
    if file.suffix != ".sql":
        is_meant = stem in given and re.search(r"\.sql(\.txt)?$", file.name, re.IGNORECASE)
        return _("is never read: call it {stem}.sql").format(stem=stem) if is_meant else ""
    close = difflib.get_close_matches(stem, given, 1)
    if close:
        return _("is never used, for no statement is called so; did you mean {name}.sql?").format(
            name=close[0]
        )
    return _("is never used, for no statement is called so: sql/README.md has them all")


def _text(file: Path, given: set[str]) -> Iterator[Finding]:
    """Look into one statement or script."""
    text = read(file)
    name = f"instance/sql/{file.name}"
    for fault in (*_values(text, given), *_form(file.stem, text)):
        yield Finding("fault", name, fault)
    lacking = [_(fault) for fault in older.faults(text, file.stem)]
    if lacking:
        # What is completed as it is read does no harm until its form changes.
        is_fault = bool([*older.faults(older.completed(text, file.stem), file.stem)])
        yield Finding("fault" if is_fault else "warning", name, "; ".join(lacking))


def _values(text: str, given: set[str]) -> Iterator[str]:
    for value in sorted(values(text) - given):
        close = difflib.get_close_matches(value, given, 1)
        hint = _("; did you mean :{name}?").format(name=close[0]) if close else "."
        yield _("wants :{value}, which it is not given{hint} It has {names}").format(
            value=value, hint=hint, names=", ".join(f":{name}" for name in sorted(given))
        )
    for value in sorted(set(_IN_QUOTES.findall(text)) & given):
        yield _("has ':{value}' in quotes, where it is text and no value: write :{value}").format(
            value=value
        )


def _form(name: str, text: str) -> Iterator[str]:
    statements = parts(text)
    if not statements:
        yield _("is empty: write a statement, or delete the file, and ours is used")
    if name not in SCRIPTS and len(statements) > 1:
        yield _("has {n} statements, but is sent as one: leave one of them").format(
            n=len(statements)
        )
    for statement in statements if name in POSTING else ():
        word = ending_word(statement)
        if word:
            yield _(
                "has {word}, which ends the transaction: a run that is killed after it has posted "
                "half a payment; do that once, by hand"
            ).format(word=word)
