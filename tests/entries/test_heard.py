"""When a caller has said all of a request, however the network cuts it."""

from __future__ import annotations

import random

import pytest

from callback.entries.heard import HEAD_END, MOST, Heard
from callback.limits import MAX_BODY, MAX_HEAD

POST = b"POST /qiwi HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = {
    "no body": b"GET /qiwi?command=check HTTP/1.1\r\nHost: x\r\n\r\n",
    "no headers": b"GET / HTTP/1.0\r\n\r\n",
    "an empty line before it": b"\r\nGET / HTTP/1.0\r\n\r\n",
    "a body": POST + b"Content-Length: 7\r\n\r\ncommand",
    "a body, written otherwise": POST + b"content-LENGTH:\t 007 \r\nA: b\r\n\r\ncommand",
    "an empty body": POST + b"Content-Length: 0\r\n\r\n",
    "chunks": CHUNKED + b"4\r\ncomm\r\n3;a=b\r\nand\r\n0\r\n\r\n",
    "chunks that look like an end": CHUNKED + b"7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n",
    "chunks and headers behind": CHUNKED + b"A\r\n0123456789\r\n0\r\nA: b\r\n\r\n",
}


@pytest.mark.parametrize("request_", WHOLE.values(), ids=WHOLE)
def test_it_is_whole_with_its_last_byte(request_: bytes) -> None:
    """And never before, however it is cut."""
    chance = random.Random(request_)
    for _ in range(20):
        heard, at = Heard(), 0
        while at < len(request_):
            piece = request_[at : at + chance.choice((1, 2, 3, 7, 40))]
            at += len(piece)
            assert heard.is_all(piece) == (at == len(request_)), request_[:at]
        assert bytes(heard.said) == request_
        assert not heard.is_long


HOPELESS = {
    "lines that end otherwise": b"GET / HTTP/1.1\n",
    "such a line later": b"GET / HTTP/1.1\r\nHost: x\n",
    "a size that is none": CHUNKED + b"zz\r\n",
    "none behind a good one": CHUNKED + b"1\r\na\r\n-1\r\n",
    "no size at all": CHUNKED + b"\r\n",
}


@pytest.mark.parametrize("request_", HOPELESS.values(), ids=HOPELESS)
def test_what_never_ends_well_is_not_waited_for(request_: bytes) -> None:
    """The parser says at once what is wrong with it."""
    heard = Heard()

    assert not heard.is_all(request_[:-1])
    assert heard.is_all(request_[-1:])


def test_a_body_longer_than_a_banks_is_not_waited_for() -> None:
    """It is refused unread, or read on by whoever may send one."""
    for length, is_long in ((MAX_BODY, False), (MAX_BODY + 1, True), (10**17, True)):
        heard = Heard()
        is_all = heard.is_all(POST + b"Content-Length: %d\r\n\r\n" % length)
        assert (is_all, heard.is_long) == (is_long, is_long)


@pytest.mark.parametrize("behind", [b"", b"sum=10", b"x" * (MAX_BODY + 1)])
def test_a_post_that_says_nothing_of_a_body_has_none(behind: bytes) -> None:
    """`curl -X POST` sends it so: nothing is waited for."""
    heard = Heard()

    assert heard.is_all(POST + b"\r\n" + behind)
    assert not heard.is_long


def test_chunks_are_counted_as_they_are_there() -> None:
    """A chunk may say that it is long; what is there decides."""
    heard = Heard()

    assert not heard.is_all(CHUNKED + b"fffffff\r\n")
    assert not heard.is_all(b"x" * MAX_BODY)
    assert not heard.is_long
    assert heard.is_all(b"x")
    assert heard.is_long


@pytest.mark.parametrize("piece", [b"1\r\nx\r\n" * 100, b"1;23456"])
def test_chunks_of_next_to_nothing_have_an_end(piece: bytes) -> None:
    """Nobody who waits for more of such a body is held by it."""
    heard, count = Heard(), 1
    heard.is_all(CHUNKED)
    while not heard.is_all(piece):
        count += 1
        assert (count - 1) * len(piece) <= MOST

    assert not heard.is_long


def test_a_head_without_an_end_has_one() -> None:
    """The caller is told that it is too long."""
    heard = Heard()

    assert not heard.is_all(b"GET / HTTP/1.1\r\nA: " + b"x" * (MAX_HEAD - 40))
    assert not heard.is_endless
    assert heard.is_all(b"x" * 40)
    assert heard.is_endless


def test_dribbling_costs_next_to_nothing() -> None:
    """What was looked at is not looked at again: a byte at a time is as many steps as bytes."""
    looks = 0

    class Counted(bytearray):
        def find(self, sub: bytes, start: int = 0, end: int = 1 << 60) -> int:  # type: ignore[override]
            nonlocal looks
            looks += len(self) - start
            return super().find(sub, start, end)

    heard = Heard()
    heard.said = Counted()
    for _ in range(10_000):
        heard.is_all(b"x")

    assert looks <= 10_000 * len(HEAD_END)


def test_who_waits_for_a_word_is_known() -> None:
    """Only of HTTP/1.1, and only before its body."""
    for version, header, awaits in (
        (b"1.1", b"Expect: 100-continue", True),
        (b"1.1", b"expect:100-Continue ", True),
        (b"1.0", b"Expect: 100-continue", False),
        (b"1.1", b"Expect: 100-continue, more", False),
    ):
        heard = Heard()
        lines = [b"POST / HTTP/" + version, b"A: b", header, b"Content-Length: 3"]
        assert not heard.is_all(b"\r\n".join(lines) + HEAD_END)
        assert heard.awaits_word is awaits
