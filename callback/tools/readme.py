"""make readme: writes the tables that our documents have, out of the files that they are about.

Who calls, how they prove it and how sure we are stands in a dialect's SHEET; what a sheet of
docs/protocols/ is about, in its first line; what a statement is for, in its first sentence.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from callback.database.statements import bare, values
from callback.paths import ROOT, SQL
from callback.protocols import PROTOCOLS
from callback.tools.sheet.sheets import SHEETS
from callback.tools.sheet.texts import Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

BANKS = (
    Pair("кто обращается", "who calls"),
    Pair("`protocol`", "`protocol`"),
    Pair("файл", "file"),
    Pair("чем доказывает, что это он", "proof of identity"),
    Pair("насколько мы уверены", "how sure we are"),
)


def banks(language: str) -> str:
    """A row a dialect, those that nobody calls last."""
    return _table([getattr(pair, language) for pair in BANKS], _banks(language))


def sheets() -> str:
    """A row a sheet, that of all banks last."""
    paths = (ROOT / "docs" / "protocols").glob("*.md")
    in_order = sorted(paths, key=lambda path: (path.stem == "registers", path))
    return _table(["sheet", "what it is about"], map(_sheet, in_order))


def statements() -> str:
    """A row a statement of sql/, with the values that it is given."""
    paths = sorted(SQL.glob("*.sql"), key=lambda path: path.stem)
    return _table(["statement", "what it is for", "values"], map(_statement, paths))


# By document: what is said at the table's place.
TABLES: Mapping[str, Callable[[], str]] = {
    "README.md": partial(banks, "en"),
    "README.ru.md": partial(banks, "ru"),
    "docs/README.md": sheets,
    "sql/README.md": statements,
}
BEGIN, END = "<!-- written by make readme -->", "<!-- up to here -->"


def filled(text: str, table: str) -> str:
    """A document with its table as it must be."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"there is no {BEGIN} … {END}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def main() -> None:
    """Write them all."""
    for name, table in TABLES.items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        path.write_text(filled(text, table()), encoding="utf-8", newline="\n")


def _banks(language: str) -> Iterator[Sequence[str]]:
    for name in sorted(PROTOCOLS, key=lambda name: not PROTOCOLS[name].PATHS):
        sheet = SHEETS[name]
        callers, proofs, sources = (
            getattr(pair, language) for pair in (sheet.callers, sheet.proofs, sheet.sources)
        )
        file = f"[{name}.py](callback/protocols/{name}.py)"
        yield [callers, f"`{name}`", file, proofs, sources]


def _sheet(path: Path) -> Sequence[str]:
    title = path.read_text(encoding="utf-8").partition("\n")[0]
    return [f"[{path.name}](protocols/{path.name})", title.partition(": ")[2]]


def _statement(path: Path) -> Sequence[str]:
    text = path.read_text(encoding="utf-8")
    comment = re.match(r"(?:--[^\n]*\n)*", text)
    told = re.sub(r"\s*\n?--\s*", " ", comment[0] if comment else "").strip()
    purpose = re.split(r"\.(?=\s|$)", told, maxsplit=1)[0]
    given = sorted(f"`:{name}`" for name in values(bare(text)))
    return [f"[{path.stem}]({path.name})", purpose, ", ".join(given)]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    main()
