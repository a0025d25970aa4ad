"""Reading XML: what a stranger may send, without what XML may do to its reader."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from defusedxml.ElementTree import DefusedXMLParser

from callback.limits import MAX_BODY


def read_xml(raw: bytes, depth: int = MAX_BODY) -> ET.Element | None:
    """Read an XML document of at most so many levels, without its comments.

    None for what is not well-formed, is in an encoding that the parser does not know, or has a
    DOCTYPE, whatever stands in it: without one there is no entity to expand.
    """
    parser = DefusedXMLParser(target=_Levels(depth), forbid_dtd=True)
    try:
        parser.feed(raw)
        root: ET.Element = parser.close()
    except (ET.ParseError, LookupError, ValueError):  # the last two: a strange encoding, a DOCTYPE
        return None
    return root


class _Levels(ET.TreeBuilder):
    """Builds a tree of at most so many levels, the root's being the first."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self._left = left

    def start(self, tag: str, attributes: dict[str, str], /) -> ET.Element:
        self._left -= 1
        if self._left < 0:
            raise ValueError("nested too deep")
        return super().start(tag, attributes)

    def end(self, tag: str, /) -> ET.Element:
        self._left += 1
        return super().end(tag)
