"""A web server's side of FastCGI, by hand."""

from __future__ import annotations

import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6
RESPONDER, KEEP = 1, 1


def record(kind: int, content: bytes, padding: int = 0) -> bytes:
    """One record of request 1."""
    head = struct.pack(">BBHHBx", 1, kind, 1, len(content), padding)
    return head + content + bytes(padding)


def length(number: int) -> bytes:
    return bytes([number]) if number < 128 else struct.pack(">I", number | 0x80000000)


def variables(environ: Mapping[str, str], twice: str = "") -> bytes:
    """As they stand in a record; one may come `twice`."""
    return b"".join(
        length(len(name.encode())) + length(len(value.encode())) + (name + value).encode()
        for name, value in [*environ.items(), *((twice, environ[twice]) for _ in twice[:1])]
    )


def asked_by_nginx(environ: Mapping[str, str], *, keep: bool = False) -> bytes:
    """A request without a body, as nginx sends it: the variables in one record, made even."""
    pairs = variables(environ)
    begin = struct.pack(">HB5x", RESPONDER, KEEP if keep else 0)
    parts = [record(PARAMS, pairs, padding=-len(pairs) % 8), record(PARAMS, b"")]
    return b"".join([record(BEGIN, begin), *parts, record(STDIN, b"")])


def asked(
    environ: Mapping[str, str], body: bytes = b"", *, keep: bool = False, twice: str = ""
) -> bytes:
    """A whole request; its variables are cut in two, as a web server may. One may come `twice`."""
    pairs = variables(environ, twice)
    begin = struct.pack(">HB5x", RESPONDER, KEEP if keep else 0)
    pieces = [body[at : at + 60000] for at in range(0, len(body), 60000)]
    return b"".join(
        [
            record(BEGIN, begin),
            record(PARAMS, pairs[:7], padding=3),
            record(PARAMS, pairs[7:]),
            record(PARAMS, b""),
            *(record(STDIN, piece, padding=5) for piece in pieces),
            record(STDIN, b""),
        ]
    )


def answered(link: socket.socket) -> str:
    """What comes back, up to the end of the request."""
    text = b""
    with link.makefile("rb") as stream:
        while True:
            _, kind, request, size, padding = struct.unpack(">BBHHBx", stream.read(8))
            content = stream.read(size + padding)[:size]
            assert request == 1
            if kind == END:
                assert content == bytes(8)
                return text.decode()
            assert kind == STDOUT
            text += content


@contextmanager
def linked(path: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(20)
        link.connect(path)
        yield link
