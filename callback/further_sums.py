"""What a request tells of a sum besides the one that is credited, for its line of the log.

The setting `sums` names the parameters: the sum with and without a commission, and that itself.
Which one is credited, the dialect's sheet says, and nothing here changes it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from callback import wire
from callback.model import Refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.bank import Bank
    from callback.model import Command
    from callback.wire import Call

SUM = re.compile("[0-9]{1,20}([.,][0-9]{1,4})?")  # as the bank writes it, whatever its unit


def noted(bank: Bank, call: Call, command: Command) -> Command:
    """The command with the further sums of its request among what is noted for the log."""
    if not bank.sums or isinstance(command, Refuse):
        return command
    texts = {name: text for name, text in _parts(bank, call) if SUM.fullmatch(text)}
    sums = {kind: texts[name] for kind, name in bank.sums.items() if name in texts}
    return command.but(noted={**command.noted, **sums})


def _parts(bank: Bank, call: Call) -> Iterator[tuple[str, str]]:
    """The parts of a request and their texts, in whatever form it comes."""
    yield from wire.fields(call.query + b"&" + call.form, {*bank.sums.values()}).values.items()
    if call.form:
        texts = [text for _, text in parse_qsl(call.form.decode(errors="replace"))]
        documents = [text.encode() for text in texts if text.startswith("<")]
    else:
        documents = [call.body]
    for document in documents:
        yield from _in_json(document) if document.lstrip()[:1] == b"{" else _in_xml(document)


def _in_json(document: bytes) -> Iterator[tuple[str, str]]:
    pending: list[Any] = [wire.read_json(document).value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield from ((name, _text(member)) for name, member in value.items())
            pending += value.values()
        elif isinstance(value, list):
            pending += value


def _text(value: Any) -> str:
    if isinstance(value, wire.NotWhole):
        return value.literal
    return str(value) if type(value) in (int, str) else ""


def _in_xml(document: bytes) -> Iterator[tuple[str, str]]:
    from callback.documents import read_xml

    root = read_xml(document) if document else None
    for element in () if root is None else root.iter():
        yield element.tag.rpartition("}")[2], element.text or ""
        yield from element.attrib.items()
