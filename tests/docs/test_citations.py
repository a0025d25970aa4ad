"""Every citation of a document leads to a section that is there, and every link to a file.

A citation names a document and a section, by number or by title: `x.md, section 4, step 6`. A bare
"section 4" is of the file's own document; in a file that has none it is of every dialect's sheet.
"""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from callback.tools.conform.run import SHEETS
from callback.tools.conform.simulators import SIMULATORS
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOCS = ROOT / "docs"
PROTOCOLS = DOCS / "protocols"
SKELETON = DOCS / "skeleton" / "docs" / "protocols"
NOT_OF_A_DIALECT = PROTOCOLS / "registers.md"

NUMBER = r"\d+(?:\.\d+)?"
NUMBERS = rf"{NUMBER}(?:(?:,|,?\ and|,?\ or|\ to)\ {NUMBER})*"
ITEMS = rf"(?:step|row)s?\ {NUMBERS}"
DOCUMENT = r"(?<![\w/*}>])(?P<document>[\w./-]+\.md)\b"
PLACE = re.compile(
    rf"""
    (?: {DOCUMENT} (?: ,?\ | (?=,\ [\d"]) ) )?
    (?: (?P<items_before> {ITEMS}) \ of\ )?
    (?: \b[Ss]ections? | (?<=\.md), ) (?= \ [\d"] )
    (?: \ (?P<numbers> {NUMBERS}) )?
    (?: (?: ,|\ from) \ (?P<items_after> {ITEMS}) )?
    (?: ,?\ "(?P<title> [^"]+ )" )?
    """,
    re.VERBOSE,
)
# A line of a text that goes on, with the mark of a comment.
NEXT_LINE = re.compile(r"\s*\n\s*(?:(?:#|--|//)\s*)?")
# Sections of what is not ours.
FOREIGN = re.compile(r"[Ss]pecification [\d.]+, sections? [\d, and]+")
HEADING = r"(#+) (.+)"
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


class Section(NamedTuple):
    """A part of a document with the parts below it."""

    title: str
    text: str


class Citation(NamedTuple):
    """A place in a document; `items` are its steps or rows."""

    document: str  # "": the file's own
    numbers: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    title: str = ""


def tracked() -> list[Path]:
    """What git keeps, and what it will: not what it ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = {ROOT / name for name in listed.stdout.split("\0") if name}
    ours = Path(__file__)
    return sorted(
        path
        for path in paths
        if path.is_file() and path != ours and path.suffix not in (".mo", ".po")
    )


FILES = tracked()


@cache
def read(path: Path) -> str:
    """A file's text."""
    return path.read_text(encoding="utf-8")


@cache
def sections(path: Path) -> Sequence[Section]:
    """The parts of a document. A part ends where one of its rank begins, or of a higher."""
    text = read(path)
    starts = list(re.finditer(rf"^{HEADING}$", FENCED.sub(blank, text), re.MULTILINE))
    parts = []
    for at, start in enumerate(starts):
        ends = (other.start() for other in starts[at + 1 :] if len(other[1]) <= len(start[1]))
        parts.append(Section(start[2], text[start.start() : next(ends, len(text))]))
    return parts


def blank(match: re.Match[str]) -> str:
    """As many blanks."""
    return " " * len(match[0])


def citations(text: str) -> Iterator[Citation]:
    """Find what a text cites."""
    line = FOREIGN.sub("", NEXT_LINE.sub(" ", text))
    for match in re.finditer(DOCUMENT, line):
        yield Citation(match["document"])
    for match in PLACE.finditer(line):
        items = match["items_before"] or match["items_after"] or ""
        yield Citation(
            match["document"] or "",
            expand(match["numbers"] or ""),
            expand(items),
            match["title"] or "",
        )


def expand(numbers: str) -> tuple[str, ...]:
    """The numbers of "2, 3 and 5" or of "6 to 17"."""
    found = re.findall(NUMBER, numbers)
    if " to " in numbers:
        found = [str(number) for number in range(int(found[0]), int(found[-1]) + 1)]
    return tuple(found)


def cited_documents(name: str, file: Path) -> list[Path]:
    """Where a document of that name is, for somebody who reads `file`; no name: its own."""
    if not name:
        return own_documents(file)
    places = (file.parent, ROOT, DOCS, PROTOCOLS, SKELETON)
    return [place / name for place in places if (place / name).is_file()][:1]


def own_documents(file: Path) -> list[Path]:
    """A dialect's sheet, what the module's docstring names, or every dialect's sheet."""
    if file.suffix == ".md" and any(section.title[0].isdigit() for section in sections(file)):
        return [file]
    sheet = PROTOCOLS / f"{file.stem.removeprefix('test_')}.md"
    if sheet.is_file():
        return [sheet]
    docstring = ast.get_docstring(ast.parse(read(file))) if file.suffix == ".py" else ""
    named = re.search(DOCUMENT, docstring or "")
    if named:
        return cited_documents(named["document"], file)
    return [sheet for sheet in PROTOCOLS.glob("*.md") if sheet != NOT_OF_A_DIALECT]


def missing(citation: Citation, document: Path) -> Iterator[str]:
    """Say what of a citation is not in the document."""
    for number in citation.numbers:
        section = numbered(document, number)
        if not section:
            yield f"no section {number}"
            continue
        for item in citation.items:
            if not has_item(section, item):
                yield f"no step or row {item} in section {number}"
        if citation.title not in section.text:
            yield f'nothing like "{citation.title}" in section {number}'
    if citation.title and not citation.numbers and not titled(document, citation.title):
        yield f'no section "{citation.title}"'


def numbered(document: Path, number: str) -> Section | None:
    """Find a section by its number; 7.2 may be the second step of section 7."""
    whole, _, item = number.partition(".")
    for section in sections(document):
        if section.title.startswith(f"{whole}. ") and (not item or has_item(section, item)):
            return section
    return None


def titled(document: Path, title: str) -> Section | None:
    """Find a section by the beginning of its title."""
    for section in sections(document):
        if re.sub(r"^[\d.]+ ", "", section.title).startswith(title):
            return section
    return None


def has_item(section: Section, item: str) -> bool:
    """Tell whether there is a step ("6. ", perhaps inside a line) or a row of that number."""
    return bool(re.search(rf"(?:^|; ){item}\. |^\| {item} \|", section.text, re.MULTILINE))


def faults(text: str, file: Path) -> list[str]:
    """What a text cites and is not there, for somebody who reads it in `file`."""
    found = []
    for citation in citations(text):
        documents = cited_documents(citation.document, file)
        if not documents:
            found.append(f"no document {citation.document}")
        for document in documents:
            found += [f"{what} of {document.name}" for what in missing(citation, document)]
    return list(dict.fromkeys(found))


def anchors(path: Path) -> set[str]:
    """What a link may name behind #: the titles, as they are shown on the web."""
    titles = (section.title.lower().replace(" ", "-") for section in sections(path))
    return {re.sub(r"[^\w-]", "", title) for title in titles}


def broken_links(text: str, file: Path) -> list[str]:
    """The links of a document that lead nowhere; those to other sites are not followed."""
    shown = re.sub(r"`[^`\n]*`", "", FENCED.sub("", text))
    return [
        link
        for link in LINK.findall(shown)
        if not re.match(r"[a-z]+:", link) and not leads_somewhere(link, file)
    ]


def leads_somewhere(link: str, file: Path) -> bool:
    """Tell whether there is such a file, with such a title."""
    name, _, anchor = link.partition("#")
    target = file.parent / name if name else file
    return target.exists() and (not anchor or anchor in anchors(target))


@pytest.mark.slow
def test_every_citation_leads_to_a_section_that_is_there() -> None:
    """Of code, tests, statements and of the documents themselves."""
    wrong = [
        f"{file.relative_to(ROOT)}: {fault}" for file in FILES for fault in faults(read(file), file)
    ]

    assert wrong == []


def test_every_link_of_a_document_leads_to_what_is_there() -> None:
    """To a file, and to a title in it."""
    wrong = [
        f"{file.relative_to(ROOT)}: {link}"
        for file in FILES
        if file.suffix == ".md"
        for link in broken_links(read(file), file)
    ]

    assert wrong == []


@pytest.mark.parametrize("dialect", SIMULATORS)
def test_what_conform_prints_is_there_for_a_stranger(dialect: str) -> None:
    """Who has the repository finds the file and the section by what is printed."""
    sheet = SIMULATORS[dialect].SHEET

    assert sheet.name == f"{dialect}.md"
    for number in sheet.sections.values():
        assert faults(f"{SHEETS}/{sheet.name}, section {number}", ROOT / "any") == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("nobody.md", "no document nobody.md"),
        ("docs/osmp.md, section 3", "no document docs/osmp.md"),
        ("osmp.md, section 99", "no section 99 of osmp.md"),
        ("osmp.md section 99", "no section 99 of osmp.md"),
        ("osmp.md, 99", "no section 99 of osmp.md"),
        ("osmp.md, sections 2, 3 and 99", "no section 99 of osmp.md"),
        ("osmp.md,\n# section 99", "no section 99 of osmp.md"),
        ("section 99", "no section 99 of payme.md"),
        ("osmp.md, section 4, step 99", "no step or row 99 in section 4 of osmp.md"),
        ("Section 4, steps 7 to 14", "no step or row 14 in section 4 of payme.md"),
        ("row 99 of section 11", "no step or row 99 in section 11 of payme.md"),
        ("hosting.md, section 7.99", "no section 7.99 of hosting.md"),
        ('registers.md, "Push"', 'no section "Push" of registers.md'),
        ('registers.md, section "Push"', 'no section "Push" of registers.md'),
        ('registers.md, section 2, "Push"', 'nothing like "Push" in section 2 of registers.md'),
    ],
)
def test_a_wrong_citation_is_named(text: str, fault: str) -> None:
    """In a file of Payme's."""
    assert faults(text, ROOT / "tests" / "test_payme.py") == [fault]


def test_a_right_citation_is_none() -> None:
    """In each of its forms; what is not ours is left alone."""
    right = 'osmp.md; osmp.md, section 4, step 6; section 2; registers.md, section 2, "Pull", and 3'
    foreign = "FastCGI specification 1.0, sections 30 and 50"

    assert faults(f"{right}. {foreign}.", ROOT / "tests" / "test_payme.py") == []


@pytest.mark.parametrize(
    ("link", "broken"),
    [
        ("README.md", False),
        ("README.md#banks", False),
        ("docs/", False),
        ("https://example.kz/nothing.md", False),
        ("nothing.md", True),
        ("README.md#nothing", True),
        ("#nothing", True),
    ],
)
def test_a_broken_link_is_named(link: str, broken: bool) -> None:
    """But not one in code."""
    text = f"[text]({link}) and `[0-9]({link}x)`"

    assert broken_links(text, ROOT / "CONTRIBUTING.md") == [link] * broken
