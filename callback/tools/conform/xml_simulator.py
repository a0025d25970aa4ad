"""What the simulators of XML bodies share: documents that mean harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def hostile_documents(good: str) -> Iterator[tuple[str, bytes]]:
    """Documents that no parser may take; `good` is one that it takes, without declaration."""
    yield "no XML", b"pay"
    yield "half of a document", good[: len(good) // 2].encode()
    yield "a document and something after it", f"{good}<x/>".encode()
    yield "entities", f"{LAUGHS}{good}".encode()
    yield "an entity of a file", f"{EXTERNAL}{good}".encode()
    yield "a DOCTYPE in UTF-16", f"{LAUGHS}{good}".encode("utf-16")
    yield "nested too deep", b"<a>" * 15_000
    yield "not UTF-8", good.replace("><", ">\udcff<", 1).encode("utf-8", "surrogateescape")
    yield "an encoding that nobody knows", f'<?xml version="1.0" encoding="x-y"?>{good}'.encode()
    yield "JSON", b'{"act":"pay"}'
