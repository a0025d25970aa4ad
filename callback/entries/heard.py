"""Whether a caller has said all of an HTTP request: enough to know when to read no more.

gunicorn's parser judges the request afterwards. Where the two disagree about its length, the parser
finds the end of what was said: nobody waits for a caller who was heard to the end.
"""

from __future__ import annotations

import re

from callback.limits import MAX_BODY, MAX_HEAD, MAX_LINE

HEAD_END = b"\r\n\r\n"
BARE_LF = re.compile(rb"(?<!\r)\n")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
EXPECTS = re.compile(
    rb"[^\r\n]+ HTTP/1\.1\r\n(?:.*\r\n)*expect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE
)
CHUNK = re.compile(rb"([0-9a-f]{1,8})[^\r\n]*\r\n", re.IGNORECASE)
# Chunks of a byte or two each have more sizes than body: nobody sends them.
MOST = MAX_HEAD + 2 * MAX_BODY


class Heard:
    """What a caller has said."""

    def __init__(self) -> None:
        self.said = bytearray()
        self.is_long = False  # a body longer than a bank's: whoever may send one is read on
        self.is_endless = False  # a head
        self.awaits_word = False  # that his body is wanted
        self._at = 0  # where to look on
        self._end = 0  # of the body
        self._decoded = 0  # of its chunks
        self._look = self._in_head

    def is_all(self, piece: bytes) -> bool:
        """Take the next piece; True when there is nothing to wait for any more."""
        self.said += piece
        return self._look() or len(self.said) > MOST

    def _in_head(self) -> bool:
        end = self.said.find(HEAD_END, max(0, self._at - len(HEAD_END) + 1))
        if end < 0:
            self.is_endless = len(self.said) > MAX_HEAD
            # Lines that end so never end a head: the parser says it at once.
            is_bare = BARE_LF.search(self.said, self._at) is not None
            self._at = len(self.said)
            return self.is_endless or is_bare
        self._at = end + len(HEAD_END)
        return self._behind(bytes(self.said[: end + 2]))

    def _behind(self, head: bytes) -> bool:
        """Find out how what comes behind a head ends."""
        self.awaits_word = EXPECTS.match(head) is not None
        length = LENGTH.search(head)
        if CHUNKED.search(head):
            self._look = self._in_chunks
        elif length:
            self._end = self._at + int(length[1])
            self._look = self._in_body
        else:  # there is none, of a POST either (RFC 9112, 6.3), and gunicorn reads none
            return True
        return self._look()

    def _in_body(self) -> bool:
        self.is_long = self._end - self._at > MAX_BODY
        return self.is_long or len(self.said) >= self._end

    def _in_chunks(self) -> bool:
        while chunk := CHUNK.match(self.said, self._at):
            size, begin = int(chunk[1], 16), chunk.end()
            if size == 0:  # there may be headers behind it
                return self.said.find(HEAD_END, begin - 2) >= 0
            there = min(size, len(self.said) - begin)
            self.is_long = self._decoded + there > MAX_BODY
            if self.is_long or len(self.said) < begin + size + 2:
                return self.is_long
            self._decoded += size
            self._at = begin + size + 2
        line = self.said[self._at :]
        return b"\r\n" in line or len(line) > MAX_LINE  # no size
