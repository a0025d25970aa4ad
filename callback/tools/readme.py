"""make readme: writes the READMEs' tables of banks, out of what each dialect's SHEET says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.paths import ROOT
from callback.protocols import PROTOCOLS
from callback.tools.sheet.sheets import SHEETS
from callback.tools.sheet.texts import Pair

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

READMES = {"README.md": "en", "README.ru.md": "ru"}
BEGIN, END = "<!-- banks: written by make readme -->", "<!-- /banks -->"
HEAD = (
    Pair("кто обращается", "who calls"),
    Pair("`protocol`", "`protocol`"),
    Pair("файл", "file"),
    Pair("чем доказывает, что это он", "proof of identity"),
    Pair("насколько мы уверены", "how sure we are"),
)


def table(language: str) -> str:
    """A row a dialect, those that nobody calls last."""
    head = [getattr(pair, language) for pair in HEAD]
    return "\n".join(map(_line, [head, ["---"] * len(head), *_rows(language)]))


def filled(text: str, language: str) -> str:
    """A README with its table as it must be."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"there is no {BEGIN} … {END}")
    return f"{before}{begin}\n{table(language)}\n{end}{after}"


def main() -> None:
    """Write them all."""
    for name, language in READMES.items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        path.write_text(filled(text, language), encoding="utf-8", newline="\n")


def _rows(language: str) -> Iterator[list[str]]:
    for name in sorted(PROTOCOLS, key=lambda name: not PROTOCOLS[name].PATHS):
        sheet = SHEETS[name]
        callers, proofs, sources = (
            getattr(pair, language) for pair in (sheet.callers, sheet.proofs, sheet.sources)
        )
        file = f"[{name}.py](callback/protocols/{name}.py)"
        yield [callers, f"`{name}`", file, proofs, sources]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
