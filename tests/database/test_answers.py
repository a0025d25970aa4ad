"""What a server says, byte by byte as the protocol has it: read at once, or left to PyMySQL.

The bytes are written here from the protocol's description (dev.mysql.com, "Text Resultset" and
"OK_Packet"), so no server is needed, and each place of an answer can be the last that has arrived.
"""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from pymysql.constants import FIELD_TYPE

from callback.database import answers
from callback.database.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    Base = pymysql.Connection[Any]
else:
    Base = pymysql.Connection

USUAL, MORE = 0b11, 8  # of the status: in a transaction, autocommit; and what ends none
BINARY, UTF8MB4 = 63, 45  # character sets
ROWS: list[dict[str, Any]] = [
    {"id": 7, "name": "Айгуль", "raw": b"\x00\xff"},
    {"id": None, "name": None, "raw": None},
    {"id": 8, "name": "", "raw": b"\xfe"},
    {"id": None, "name": "250" + "x" * 247, "raw": b"x" * 251},
    {"id": 12345678, "name": "y" * 70_000, "raw": None},
]
COLUMNS = [
    ("id", FIELD_TYPE.LONGLONG, BINARY),
    ("name", FIELD_TYPE.VAR_STRING, UTF8MB4),
    ("raw", FIELD_TYPE.BLOB, BINARY),
]


def number(value: int) -> bytes:
    """A whole number of as many bytes as it takes."""
    for first, size in ((None, 1), (0xFC, 2), (0xFD, 3), (0xFE, 8)):
        if first is None and value <= 250:
            return bytes([value])
        if first and value < 1 << 8 * size:
            return bytes([first]) + value.to_bytes(size, "little")
    raise AssertionError(value)


def text(value: bytes | None) -> bytes:
    """A text behind its length."""
    return b"\xfb" if value is None else number(len(value)) + value


def packets(*payloads: bytes) -> bytes:
    """One after the other, counted from 1."""
    counted = enumerate(payloads, 1)
    return b"".join(
        len(payload).to_bytes(3, "little") + bytes([place % 256]) + payload
        for place, payload in counted
    )


def column(name: str, kind: int, charset: int) -> bytes:
    """What is said of a column."""
    table, _, bare = name.rpartition(".")
    texts = (b"def", b"usu", table.encode(), table.encode(), bare.encode(), bare.encode())
    about = charset.to_bytes(2, "little") + bytes(4) + bytes([kind]) + bytes(5)
    return b"".join(map(text, texts)) + b"\x0c" + about


def end(status: int = USUAL) -> bytes:
    """The end of columns or rows, after three warnings."""
    return b"\xfe\x03\x00" + status.to_bytes(2, "little")


def done(changed: int, new_id: int, status: int = USUAL) -> bytes:
    """The whole answer to a change: a packet, after warnings."""
    return packets(
        b"\0" + number(changed) + number(new_id) + status.to_bytes(2, "little") + b"\x09\x01"
    )


def listed(rows: Sequence[dict[str, Any]], last: bytes = end()) -> bytes:
    """The whole answer to a question."""
    values = [
        b"".join(
            text(value if isinstance(value, bytes | None) else str(value).encode())
            for value in row.values()
        )
        for row in rows
    ]
    about = [column(*described) for described in COLUMNS]
    return packets(number(len(COLUMNS)), *about, end(), *values, last)


class Pieces(io.RawIOBase):
    """A socket's file that gives what has arrived; then it is silent."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [*pieces]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._pieces:
            raise TimeoutError
        piece = self._pieces.pop(0)
        buffer[: len(piece)] = piece
        return len(piece)


class Link(Base):
    """PyMySQL's own reading, of bytes that are given, and how often it was asked to."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(defer_connect=True, charset="utf8mb4", ssl_disabled=True)
        self._sock: Any = SimpleNamespace(settimeout=lambda _: None, close=lambda: None)
        self._rfile = io.BufferedReader(Pieces(*pieces), 1 << 17)
        self._current_timeout = self._read_timeout = None
        self.server_status = 0
        self.asked = 0

    def _read_query_result(self, unbuffered: bool = False) -> int:
        self.asked += 1
        self._next_seq_id = 1
        affected: int = super()._read_query_result(unbuffered)  # type: ignore[misc]
        return affected


def answer_of(link: Link) -> Answer:
    """The next one; a change has no rows, whoever reads it."""
    answer = answers.read(link, "any")
    return answer._replace(rows=()) if answer.rows == [] else answer


def read(*pieces: bytes) -> tuple[Answer, int]:
    """What the first answer of these pieces is, and how often PyMySQL was asked."""
    link = Link(*pieces)
    return answer_of(link), link.asked


@pytest.fixture(autouse=True)
def known() -> dict[str, answers.Columns]:
    """Nothing is remembered of other tests."""
    answers._known.clear()  # noqa: SLF001
    return answers._known  # noqa: SLF001


NUMBERS = (0, 1, 250, 251, 255, 256, 65_535, 65_536, (1 << 24) - 1, 1 << 24, 1 << 40)


@pytest.mark.parametrize("value", NUMBERS)
def test_a_change_is_read_at_once(value: int) -> None:
    """How many rows it changed and the new row's id, each in as many bytes as it takes."""
    for changed, new_id in ((value, 3), (3, value)):
        assert read(done(changed, new_id)) == (Answer((), changed, new_id), 0)


def test_the_servers_status_is_noted() -> None:
    """Two bytes: PyMySQL escapes texts by it."""
    link = Link(done(1, 2, 0x0202))
    answers.read(link, "any")
    assert link.server_status == 0x0202


def test_after_a_change_that_another_answer_follows_both_are_pymysqls() -> None:
    """It gets rid of the second, with what went wrong in it."""
    assert read(done(1, 2, USUAL | MORE) + done(3, 4)) == (Answer((), 1, 2), 2)
    with pytest.raises(pymysql.OperationalError):
        read(done(1, 2, USUAL | MORE))


def test_the_first_answer_is_pymysqls_and_the_second_is_read_at_once() -> None:
    """Each kind of value, in each place of a row, of each length."""
    for rows in (ROWS, ROWS[:1], []):
        for asked in (1, 0):
            assert read(listed(rows)) == (Answer(rows or (), len(rows), 0), asked)
        answers._known.clear()  # noqa: SLF001


def test_what_was_remembered_of_one_statement_is_of_no_other(
    known: dict[str, answers.Columns],
) -> None:
    """Nor is it of an answer whose columns are others."""
    read(listed(ROWS))
    other = packets(number(1), column("id", *COLUMNS[0][1:]), end(), text(b"7"), end())
    assert read(other) == (Answer([{"id": 7}], 1, 0), 1)
    assert [*known] == ["any"]
    link = Link(listed(ROWS))
    assert answers.read(link, "another").rows == ROWS
    assert link.asked == 1


def test_two_columns_of_a_name_are_told_apart() -> None:
    """By their tables, as PyMySQL does."""
    columns = [column(name, *COLUMNS[0][1:]) for name in ("a.id", "b.id")]
    both = packets(number(2), *columns, end(), text(b"1") + text(b"2"), end())
    assert read(both)[0] == read(both)[0] == Answer([{"id": 1, "b.id": 2}], 1, 0)


@pytest.mark.parametrize("whole", [listed(ROWS[:4]), done(300, 70_000)], ids=["rows", "change"])
def test_an_answer_may_be_cut_anywhere(whole: bytes) -> None:
    """What has not all arrived is PyMySQL's, and nothing is lost, nor taken from the next one."""
    assert read(whole)[0] == read(whole)[0]
    answer = read(whole)[0]
    for place in range(1, len(whole)):
        link = Link(whole[:place], whole[place:], done(9, 0), whole)
        assert answer_of(link) == answer
        assert link.asked == 1
        assert answer_of(link) == Answer((), 9, 0)
        assert answer_of(link) == answer
        assert link.asked == 1


@pytest.mark.parametrize("arrived", range(1, 4))
def test_columns_that_have_not_all_arrived_are_not_remembered(
    known: dict[str, answers.Columns], arrived: int
) -> None:
    """Of which one does not know where they end."""
    whole = listed([])
    head = len(whole) - len(end()) - 4
    read(whole[: head - arrived], whole[head - arrived :])
    assert known == {}
    read(whole[:head], whole[head:])
    assert known["any"].head == whole[:head]


def test_two_answers_that_come_at_once_are_two() -> None:
    """A server may say that it ends the connection behind its answer."""
    for whole, answer in ((listed(ROWS), ROWS), (done(1, 2), ())):
        read(listed(ROWS))
        link = Link(whole + done(9, 0), done(5, 0))
        assert answer_of(link).rows == answer
        assert link.asked == 1
        assert answer_of(link).changed == 9


def test_rows_that_another_answer_follows_are_pymysqls() -> None:
    """The status of their end says so, in its lower byte."""
    more = listed(ROWS, end(USUAL | MORE)) + done(1, 2)
    assert [read(more) for _ in range(2)] == [(Answer(ROWS, len(ROWS), 0), 2)] * 2
    assert [read(listed(ROWS, end(MORE << 8)))[1] for _ in range(2)] == [0, 0]


def test_an_error_among_rows_is_one() -> None:
    """A sum that goes out of range in the second."""
    read(listed(ROWS))
    error = b"\xff" + (1690).to_bytes(2, "little") + b"#22003out of range"
    for count in (0, 2):
        with pytest.raises(pymysql.MySQLError, match="1690"):
            read(listed(ROWS[:count], error))


def test_an_error_is_pymysqls() -> None:
    """Also one that is as long as a change's answer."""
    with pytest.raises(pymysql.MySQLError, match="1062"):
        read(packets(b"\xff" + (1062).to_bytes(2, "little") + b"#23000again"))


def test_a_packet_that_is_not_the_first_of_an_answer_is_pymysqls() -> None:
    """A server that ends while nobody asked has counted it otherwise."""
    for count in (b"\0", b"\2"):
        late = done(1, 2)
        with pytest.raises(pymysql.MySQLError, match=r"Lost connection|sequence number"):
            read(late[:3] + count + late[4:])


def test_silence_is_pymysqls() -> None:
    """It says so in its own words."""
    with pytest.raises(pymysql.OperationalError, match="2013"):
        read()


def test_so_many_statements_are_remembered(
    known: dict[str, answers.Columns], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it begins anew."""
    monkeypatch.setattr(answers, "STATEMENTS", 2)
    for name in ("a", "b", "c"):
        answers.read(Link(listed([])), name)
    assert [*known] == ["c"]
