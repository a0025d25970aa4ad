"""What a server says to a statement, taken apart at once where PyMySQL goes packet by packet.

An answer is in one piece nearly always, and begins with the same bytes as the last one to the same
statement: its columns. What PyMySQL made of those is kept. Whatever is otherwise (it has not all
arrived, it is an error, its columns are others, another answer follows) is left to PyMySQL.

A packet is three bytes of length, one that counts, and what it holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Readers = Sequence[tuple[str | None, Callable[[Any], Any] | None]]

STATEMENTS = 256  # of which the columns are remembered
HEAD = 4  # of a packet
FIRST = b"\x01"  # as the first packet of an answer is counted
DONE, END, ERROR = 0x00, 0xFE, 0xFF  # the first byte of three kinds of packets
NULL = 0xFB  # of a value
END_LENGTH = 9  # of the whole packet; a row that begins with the same byte is longer
MORE_RESULTS = 8  # in the status: another answer follows
# Of a whole number: what one first byte means is how many bytes of it follow.
LONG = {0xFC: 2, 0xFD: 3, 0xFE: 8}


class Answer(NamedTuple):
    """Rows by the names of their columns, how many were changed, and the new row's id."""

    rows: Sequence[dict[str, Any]]
    changed: int
    id: int


class Columns(NamedTuple):
    """What the answer to a statement begins with, and what PyMySQL makes of it."""

    head: bytes
    names: Sequence[str]
    readers: Readers


_known: dict[str, Columns] = {}


def read(link: Any, statement: str) -> Answer:
    """Read the answer to a statement that was sent over this connection of PyMySQL."""
    arrived = _arrived(link)
    answer = _at_once(link, arrived, _known.get(statement))
    if answer:
        link._rfile.read(len(arrived))  # noqa: SLF001 - theirs
        return answer
    link._read_query_result()  # noqa: SLF001
    result = link._result  # noqa: SLF001
    names = _names_of(result.fields) if result.rows is not None else ()
    if names:
        _remember(statement, Columns(_head(arrived, len(names)), names, result.converters))
    rows = [dict(zip(names, row, strict=True)) for row in result.rows or ()]
    while link._result.has_next:  # noqa: SLF001 - an error in them is this statement's
        link.next_result()
    return Answer(rows, result.affected_rows, result.insert_id or 0)


def _arrived(link: Any) -> bytes:
    """The bytes that are there, or come first; they are still to be read."""
    try:
        arrived: bytes = link._rfile.peek()  # noqa: SLF001
    except OSError:  # which comes again to whoever reads
        return b""
    return arrived if arrived[3:HEAD] == FIRST else b""


def _at_once(link: Any, arrived: bytes, columns: Columns | None) -> Answer | None:
    if arrived[HEAD : HEAD + 1] == bytes([DONE]) and _end(arrived, 0) == len(arrived):
        return _done(link, arrived)
    if columns and arrived.startswith(columns.head):
        return _rows(arrived, columns)
    return None


def _done(link: Any, arrived: bytes) -> Answer | None:
    changed, at = _number(arrived, HEAD + 1)
    new_id, at = _number(arrived, at)
    status = int.from_bytes(arrived[at : at + 2], "little")
    if status & MORE_RESULTS:
        return None
    link.server_status = status  # how texts are escaped from now on stands in it
    return Answer((), changed, new_id)


def _rows(arrived: bytes, columns: Columns) -> Answer | None:
    """The rows behind the head; None where they do not end with the bytes."""
    rows: list[dict[str, Any]] = []
    at = len(columns.head)
    while (end := _end(arrived, at)) <= len(arrived):
        if arrived[at + HEAD] == END and end - at == END_LENGTH:
            is_all = end == len(arrived) and not arrived[end - 2] & MORE_RESULTS
            return Answer(rows, len(rows), 0) if is_all else None
        if arrived[at + HEAD] == ERROR:  # a sum that goes out of range in one of the rows
            return None
        values = _values(arrived, at + HEAD, columns.readers)
        rows.append(dict(zip(columns.names, values, strict=True)))
        at = end
    return None


def _values(arrived: bytes, at: int, readers: Readers) -> list[Any]:
    values: list[Any] = []
    for encoding, convert in readers:
        length = arrived[at]
        at += 1
        if length >= NULL:
            if length == NULL:
                values.append(None)
                continue
            length, at = _number(arrived, at - 1)
        end = at + length
        value = arrived[at:end].decode(encoding) if encoding else arrived[at:end]
        values.append(convert(value) if convert else value)
        at = end
    return values


def _number(arrived: bytes, at: int) -> tuple[int, int]:
    """Read a whole number; where what follows it begins."""
    first = arrived[at]
    end = at + 1 + LONG.get(first, 0)
    return (int.from_bytes(arrived[at + 1 : end], "little") if first in LONG else first), end


def _end(arrived: bytes, at: int) -> int:
    """Where the packet ends that begins there; behind all bytes when it has not all arrived."""
    return at + HEAD + int.from_bytes(arrived[at : at + 3], "little")


def _head(arrived: bytes, columns: int) -> bytes:
    """The bytes that say what the columns are, up to the rows; nothing if they had not arrived."""
    at = 0
    for _ in range(columns + 2):  # how many there are; each of them; their end
        at = _end(arrived, at)
    return arrived[:at] if at <= len(arrived) else b""


def _remember(statement: str, columns: Columns) -> None:
    if len(_known) >= STATEMENTS:
        _known.clear()
    if columns.head:
        _known[statement] = columns


def _names_of(fields: Iterable[Any]) -> list[str]:
    """As PyMySQL's DictCursor calls them: the second of a name has its table's in front."""
    names: list[str] = []
    for field in fields:
        names.append(f"{field.table_name}.{field.name}" if field.name in names else field.name)
    return names
