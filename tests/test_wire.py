"""XML is written as text; what a library's parser reads in it is what was meant."""

from __future__ import annotations

import json
import random
from xml.etree import ElementTree as ET

import pytest

from callback import wire
from callback.documents import read_xml

# All that means something to XML, to HTML's escapes or to Python's lines; letters of three scripts.
ALPHABET = "<>&\"';#= \t\n\r\x85\xa0\u2028]]>&amp;&#60;aЁқ漢😀"
NEVER = "\0\x01\x1b\ud800\ufffe\uffff"  # XML cannot hold them
TEXTS = ["", " ", "]]>", "<!--", "&lt;", *ALPHABET]
_chance = random.Random(7)
TEXTS += ["".join(_chance.choices(ALPHABET + NEVER, k=9)) for _ in range(300)]


def cleaned(text: str) -> str:
    return "".join(char for char in text if char not in NEVER)


def test_json_is_read_as_what_was_meant() -> None:
    """As a value and as a name, also what HTML or JavaScript would take for their own."""
    for text in [*TEXTS, 'x","sum":"1', "</script>", "\\", "\u2028"]:
        told = {"name": text, text: [text, {"": text}]}
        answer = wire.json_answer(told)
        assert json.loads(answer.body) == told
        assert answer.content_type == "application/json; charset=utf-8"


def test_an_element_is_what_the_librarys_tree_would_be() -> None:
    """To the byte, in texts and in attributes."""
    for text in TEXTS:
        node = ET.Element("a", {"b": cleaned(text)})
        node.text = cleaned(text)
        theirs = ET.tostring(node, encoding="unicode", short_empty_elements=False)

        assert wire.element("a", text, b=text) == theirs


@pytest.mark.parametrize("encoding", ["UTF-8", "windows-1251"])
def test_a_document_is_read_as_it_was_meant(encoding: str) -> None:
    """Whatever stands in it ends no element and opens none; nothing is escaped twice."""
    for text in TEXTS:
        inner = wire.element("b", text, c=text)
        document = wire.xml(wire.element("a", [inner, inner]), encoding=encoding)
        root = read_xml(document.body)

        assert root is not None
        assert [child.tag for child in root] == ["b", "b"]
        assert root[1].get("c") == cleaned(text)
        # A parser takes every line break for \n.
        assert (root[1].text or "") == cleaned(text).replace("\r\n", "\n").replace("\r", "\n")
