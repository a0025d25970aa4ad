"""What travels, from the caller's side: written as wrong as a case wants, read strictly."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from callback.phrase import Phrase
from callback.tools.conform.model import MalformedError, Raw, require

if TYPE_CHECKING:
    from callback.tools.conform.model import Reply

Pairs = list[tuple[str, Any]]


class Members(list[tuple[str, Any]]):
    """A JSON object by its members in order; a name may stand twice."""


def write_json(value: Any) -> str:
    """Write JSON; Raw goes out as it is."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Members):
        return "{" + ",".join(f"{json.dumps(k)}:{write_json(v)}" for k, v in value) + "}"
    return json.dumps(value, ensure_ascii=False)


def read_json(reply: Reply) -> dict[str, Any]:
    """Read an answer that must be one JSON object in UTF-8, each member once."""
    want_type(reply, "application/json")
    try:
        value = json.loads(
            reply.body.decode(),
            object_pairs_hook=_once,
            parse_float=Decimal,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedError(Phrase("it is not JSON: {error}", error=error)) from None
    require(isinstance(value, dict), Phrase("it is JSON, but no object"))
    return dict(value)


def read_xml(reply: Reply, *content_types: str) -> ET.Element:
    """Read an answer that must be an XML document with a declaration and nothing before it."""
    want_type(reply, *content_types)
    require(reply.body.startswith(b"<?xml "), Phrase("it does not begin with <?xml"))
    try:
        root: ET.Element = fromstring(reply.body, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MalformedError(Phrase("it is not well-formed XML: {error}", error=error)) from None
    return root


def texts(root: ET.Element, tag: str) -> dict[str, str]:
    """Read the texts of the elements below a root that must have that name."""
    require(root.tag == tag, Phrase("its root is <{tag}>, not <{tag2}>", tag=root.tag, tag2=tag))
    by_tag: dict[str, str] = {}
    for child in root:
        require(child.tag not in by_tag, Phrase("it has <{tag}> twice", tag=child.tag))
        by_tag[child.tag] = child.text or ""
    return by_tag


def money(text: Any) -> Decimal:
    """Read a sum that must be a text with two decimals."""
    try:
        read = Decimal(text) if isinstance(text, str) else None
    except InvalidOperation:
        read = None
    if read is None or not read.is_finite() or read.as_tuple().exponent != -2:
        raise MalformedError(Phrase("{text!r} is not a sum with two decimals", text=text))
    return read


def tiyin(value: Any) -> Decimal:
    """Read a sum that must be a whole number of hundredths."""
    require(type(value) is int, Phrase("{value!r} is not a whole number of tiyin", value=value))
    return Decimal(int(value)).scaleb(-2)


def want_type(reply: Reply, *content_types: str) -> None:
    """Complain of another content type; where a charset is named, any may be."""
    header = reply.headers.get("content-type", "")
    require(
        header.partition(";")[0].strip().lower() in content_types,
        Phrase(
            "its Content-Type is {value}, not {content_types}",
            value=header or "missing",
            content_types=" or ".join(content_types),
        ),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError(Phrase("a member stands twice"))
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
