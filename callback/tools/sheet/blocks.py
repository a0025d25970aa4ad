"""What a page is made of, and how it is written: Markdown, or HTML that stands alone and prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # writes only

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Text is plain, but for what stands between these: it is set as code. Nobody can type them.
CODE, END = "\x02", "\x03"
_CODES = re.compile(f"{CODE}([^{END}]*){END}")
# What Markdown would take for markup. Not the dot, the hyphen and the brackets of sentences.
_MARKUP = re.compile(r"([\\`*_<>|\[\]#])")
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list; with `boxes` to be answered by hand."""

    items: Sequence[str]
    boxes: bool = False


@dataclass(frozen=True)
class Table:
    """Rows below a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Listing:
    """Something to be copied as it is, with a title; `kind` is what it is for an editor."""

    title: str
    text: str
    kind: str = "http"


@dataclass(frozen=True)
class Heading:
    """A title inside of a section."""

    text: str


Block = Text | Items | Table | Listing | Heading


@dataclass(frozen=True)
class Section:
    """A part of the page, by the key of `texts.SECTIONS`."""

    key: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """All of it."""

    language: str
    title: str
    intro: str
    sections: Sequence[Section]


def code(text: str) -> str:
    """Set a text as code."""
    return f"{CODE}{_NOT_TEXT.sub('', text)}{END}"


def listed(words: Iterable[object]) -> str:
    """Set words as code, one after another."""
    return ", ".join(code(str(word)) for word in words)


def markdown(page: Page) -> str:
    """Write the page in Markdown."""
    parts = [f"# {_plain(page.title)}", _plain(page.intro)]
    for section in page.sections:
        parts.append(f"## {_plain(section.title)}")
        parts += [_markdown(block) for block in section.blocks]
    return "\n\n".join(parts) + "\n"


def html(page: Page) -> str:
    """Write the page in HTML, without anything from elsewhere."""
    root = ET.Element("html", lang=page.language)
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "meta", charset="utf-8")
    ET.SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _add(head, "title", page.title)
    ET.SubElement(head, "style").text = STYLE
    body = ET.SubElement(root, "body")
    _add(body, "h1", page.title)
    _add(body, "p", page.intro).set("class", "intro")
    for section in page.sections:
        part = ET.SubElement(body, "section", id=section.key)
        _add(part, "h2", section.title)
        for block in section.blocks:
            _html(part, block)
    return f"<!DOCTYPE html>\n{ET.tostring(root, encoding='unicode', method='html')}\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Text):
        return _plain(block.text)
    if isinstance(block, Heading):
        return f"### {_plain(block.text)}"
    if isinstance(block, Items):
        mark = "- [ ] " if block.boxes else "- "
        return "\n".join(mark + _plain(item) for item in block.items)
    if isinstance(block, Listing):
        fence = _fence(block.text, "```")
        return f"{_plain(block.title)}:\n\n{fence}{block.kind}\n{block.text}\n{fence}"
    rule = ["---"] * len(block.head)
    rows = [[_cell(text) for text in row] for row in (block.head, *block.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def _plain(text: str) -> str:
    """Escape what is no code, and fence what is."""
    pieces = _CODES.split(" ".join(text.split()))
    pieces[::2] = [_MARKUP.sub(r"\\\1", piece) for piece in pieces[::2]]
    pieces[1::2] = [_fenced(piece) for piece in pieces[1::2]]
    return "".join(pieces)


def _fenced(text: str) -> str:
    fence = _fence(text, "`")
    blank = " " if "`" in text else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _fence(text: str, fence: str) -> str:
    while fence in text:
        fence += "`"
    return fence


def _cell(text: str) -> str:
    """A bar ends a cell, in code too; what is escaped already is not code."""
    return re.sub(r"(?<!\\)\|", r"\\|", _plain(text))


def _html(parent: ET.Element, block: Block) -> None:
    if isinstance(block, Text):
        _add(parent, "p", block.text)
    elif isinstance(block, Heading):
        _add(parent, "h3", block.text)
    elif isinstance(block, Items):
        items = ET.SubElement(parent, "ul", {"class": "boxes"} if block.boxes else {})
        for item in block.items:
            _add(items, "li", item)
    elif isinstance(block, Listing):
        figure = ET.SubElement(parent, "figure")
        _add(figure, "figcaption", block.title)
        ET.SubElement(figure, "pre").text = _NOT_TEXT.sub("", block.text)
    else:
        _html_table(parent, block)


def _html_table(parent: ET.Element, block: Table) -> None:
    table = ET.SubElement(parent, "table")
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for text in block.head:
        _add(head, "th", text)
    body = ET.SubElement(table, "tbody")
    for row in block.rows:
        line = ET.SubElement(body, "tr")
        for text in row:
            _add(line, "td", text)


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    """Add an element with a text whose code is set as such."""
    element = ET.SubElement(parent, tag)
    pieces = [_NOT_TEXT.sub("", piece) for piece in _CODES.split(text)]
    element.text = pieces[0]
    for inner, after in zip(pieces[1::2], pieces[2::2], strict=True):
        child = ET.SubElement(element, "code")
        child.text, child.tail = inner, after
    return element


# For A4 and for a screen; black on white, no letter that must be fetched.
STYLE = """
@page { size: A4; margin: 16mm 15mm; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.45 "Helvetica Neue", Arial, "Liberation Sans", sans-serif; color: #111;
  background: #fff; max-width: 190mm; margin: 0 auto; padding: 10mm 6mm; }
h1 { font-size: 20pt; line-height: 1.2; margin: 0 0 3mm; }
h2 { font-size: 13pt; margin: 8mm 0 2mm; padding-bottom: 1mm; border-bottom: 1px solid #999; }
h3 { font-size: 11pt; margin: 5mm 0 1mm; }
p, ul, table, figure { margin: 2mm 0; }
.intro { color: #444; }
ul { padding-left: 5mm; }
ul.boxes { list-style: none; padding-left: 0; }
ul.boxes li { padding: 0 0 6mm 6mm; position: relative; border-bottom: 1px dotted #999;
  margin-bottom: 2mm; }
ul.boxes li::before { content: ""; position: absolute; left: 0; top: .2em; width: 3mm;
  height: 3mm; border: 1px solid #333; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #bbb; padding: 1.2mm 2mm; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { background: #eee; overflow-wrap: normal; }
td:first-child code { white-space: nowrap; }
code, pre { font: 9pt/1.4 "DejaVu Sans Mono", "Liberation Mono", Consolas, monospace; }
code { background: #f2f2f2; padding: 0 .6mm; overflow-wrap: anywhere; }
pre { margin: 0; padding: 2mm; border: 1px solid #ccc; background: #fafafa;
  white-space: pre-wrap; overflow-wrap: anywhere; }
figcaption { color: #444; font-size: 9pt; margin-bottom: .6mm; }
@media print {
  body { max-width: none; padding: 0 .5mm; }
  h2, h3, figcaption { break-after: avoid; }
  tr, li, figure { break-inside: avoid; }
  thead { display: table-header-group; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""
