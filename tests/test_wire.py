"""What wire reads and writes, case by case: one for each bound and each branch."""

from __future__ import annotations

import json
import random
from datetime import datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from callback import wire
from callback.documents import read_xml
from callback.wire import FORM, MALFORMED, Call, Fields, Json, NotWhole

TIME = datetime(2026, 11, 3, 9, 15, 7)  # noqa: DTZ001 - a bank's
DIGITS_20 = "1" * 20
# All that means something to XML, to HTML's escapes or to Python's lines; letters of three scripts.
ALPHABET = "<>&\"';#= \t\n\r\x85\xa0\u2028]]>&amp;&#60;aЁқ漢😀"
NEVER = "\0\x01\x1b\ud800\ufffe\uffff"  # XML cannot hold them
TEXTS = ["", " ", "]]>", "<!--", "&lt;", *ALPHABET]
_chance = random.Random(7)
TEXTS += ["".join(_chance.choices(ALPHABET + NEVER, k=9)) for _ in range(300)]


@pytest.mark.parametrize(
    ("raw", "values", "repeated"),
    [
        (b"", {}, set()),
        (b"a=1&b=2", {"a": "1", "b": "2"}, set()),
        (b"a=1&a=2&b=3", {"b": "3"}, {"a"}),
        (b"a=1&a=2&a=3", {}, {"a"}),
        (b"a=1=2", {"a": "1=2"}, set()),
        (b"a&b=", {"a": "", "b": ""}, set()),
        (b"=1&x=1&x=2&a=1", {"a": "1"}, set()),
        (b"A=1", {}, set()),
        (b"a=x+y%2B%20z", {"a": "x y+ z"}, set()),
        (b"%61=1&b=%d1%91", {"a": "1", "b": "ё"}, set()),
        ("a=ё".encode(), {"a": "ё"}, set()),
        (b"a=+&b=%ff", {"a": " ", "b": MALFORMED}, set()),
        (b"a=\xff&b=1;2", {"a": MALFORMED, "b": "1;2"}, set()),
        (b"a+=1&b=2", {"b": "2"}, set()),
        (b"a=x+y&b=2", {"a": "x y", "b": "2"}, set()),
    ],
)
def test_parameters(raw: bytes, values: dict[str, str], repeated: set[str]) -> None:
    """Each once, and those that are known."""
    assert wire.fields(raw, {"a", "b", ""}) == Fields(values, frozenset(repeated))


def test_names_in_any_letters() -> None:
    """Of ASCII; a dotless i makes no I."""
    assert wire.fields(b"sUm=1&ID=2", {"SUM", "ID"}, fold=True).values == {"SUM": "1", "ID": "2"}
    assert wire.fields(b"id=1&ID=2", {"ID"}, fold=True) == Fields({}, frozenset({"ID"}))
    assert wire.fields("ıd=1".encode(), {"ID"}, fold=True) == Fields({}, frozenset())


@pytest.mark.parametrize("value", [b"\xff%ff+", b"%d1%91", b"plain", b"+%2b"])
def test_what_a_bank_signs_is_had_as_it_came(value: bytes) -> None:
    """Its bytes, decoded and no more."""
    read = wire.fields(b"a=" + value, {"a"}, lossless=True).values["a"]
    decoded = value.replace(b"+", b" ").replace(b"%ff", b"\xff").replace(b"%2b", b"+")
    assert wire.as_received(read) == decoded.replace(b"%d1%91", "ё".encode())


SUM_CASES = [
    ("10.50", "10.50", "10.50", "10.50"),
    ("10.5", None, "10.5", "10.5"),
    ("10,50", None, "10.50", "10.50"),
    ("10,5", None, "10.5", "10.5"),
    ("1050", None, None, "1050"),
    ("0.00", "0.00", "0.00", "0.00"),
    (f"{DIGITS_20}.00", f"{DIGITS_20}.00", f"{DIGITS_20}.00", f"{DIGITS_20}.00"),
    (f"{DIGITS_20}.1", None, f"{DIGITS_20}.1", f"{DIGITS_20}.1"),
    (DIGITS_20, None, None, DIGITS_20),
    (f"1{DIGITS_20}.00", None, None, None),
    (f"1{DIGITS_20}", None, None, None),
    *((text, None, None, None) for text in ("", ".50", "10.", "10.505", "-1.00", "+1.00", " 1.00")),
    *((text, None, None, None) for text in ("1e3", "1_000", "1.00\n", "1.00 ", "١.00", "1,000.00")),
    (None, None, None, None),
]


@pytest.mark.parametrize(("text", "strict", "decimal", "lenient"), SUM_CASES)
def test_sums(
    text: str | None, strict: str | None, decimal: str | None, lenient: str | None
) -> None:
    """To the digit, in each form."""
    for form, read in (("strict", strict), ("decimal", decimal), ("lenient", lenient)):
        amount = wire.amount(text, form)
        assert amount == (read and Decimal(read))
        assert amount is None or str(amount) == read
    assert wire.amount(text) == wire.amount(text, "strict")


BARE = "bare integer: kopecks? if not, sum_form = lenient"
COMMA = "a comma, or one decimal: sum_form = decimal"


@pytest.mark.parametrize(
    ("text", "form", "hint"),
    [
        ("10.50", "strict", ""),
        ("10.5", "strict", COMMA),
        ("10,50", "strict", COMMA),
        ("10,50", "decimal", ""),
        ("1050", "strict", BARE),
        ("1050", "decimal", BARE),
        ("1050", "lenient", ""),
        ("x", "strict", ""),
    ],
)
def test_a_form_that_would_take_the_sum_is_named(text: str, form: str, hint: str) -> None:
    """And only where one would."""
    assert wire.sum_hint(text, form) == hint


@pytest.mark.parametrize(("text", "nothing"), [("0", 1), ("0,0", 1), ("0.00", 1), ("0.000", 0)])
def test_a_sum_that_is_not_typed_yet(text: str, nothing: int) -> None:
    """Zero in any form."""
    assert bool(wire.NO_SUM_YET.fullmatch(text)) is bool(nothing)
    assert wire.NO_SUM_YET.fullmatch("0" * 20)
    assert not wire.NO_SUM_YET.fullmatch("0" * 21)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("20261103091507", wire.COMPACT_TIME),
        ("2026-11-03T09:15:07", wire.ISO_TIME),
        ("2026-11-03 09:15:07", wire.BLANK_TIME),
        ("03.11.2026 09:15:07", wire.DOTTED_TIME),
    ],
)
def test_dates(text: str, form: Any) -> None:
    """Each form by itself, and as one of all."""
    assert wire.moment(text, form) == TIME
    assert wire.moment(text, *wire.ALL_TIMES) == TIME
    assert [wire.moment(text, other) for other in wire.ALL_TIMES if other is not form] == [None] * 3
    assert wire.date_hint(text) == "another form of date: dates = lenient"
    assert wire.moment(text + "\n", form) is wire.moment(f" {text}", form) is None


@pytest.mark.parametrize(
    ("text", "time", "of_any_year"),
    [
        ("19700101000000", datetime(1970, 1, 1), datetime(1970, 1, 1)),  # noqa: DTZ001
        ("19691231235959", None, datetime(1969, 12, 31, 23, 59, 59)),  # noqa: DTZ001
        ("20991231235959", *[datetime(2099, 12, 31, 23, 59, 59)] * 2),  # noqa: DTZ001
        ("21000101000000", None, datetime(2100, 1, 1)),  # noqa: DTZ001
        ("00000101000000", None, None),
        ("20260230000000", None, None),
        ("20261103240000", None, None),
        (None, None, None),
        ("", None, None),
    ],
)
def test_real_dates(text: str | None, time: datetime | None, of_any_year: datetime | None) -> None:
    """Of the years in which there are banks' programs, or of any."""
    assert wire.moment(text, wire.COMPACT_TIME) == time
    assert wire.moment(text, wire.COMPACT_TIME, any_year=True) == of_any_year
    assert wire.moment(text) is None
    assert (wire.date_hint(text or "") == "") is (time is None)


def test_milliseconds_are_exact() -> None:
    """Both ways."""
    time = datetime(2026, 11, 3, 9, 15, 7, 123000)  # noqa: DTZ001 - UTC
    assert repr(wire.milliseconds(time)) == "1793697307123"
    assert wire.from_milliseconds(1793697307123) == time


def test_a_bound_names_the_whole_of_a_second() -> None:
    """Our times have milliseconds: the last of them is in, the next second is not."""
    assert TIME.replace(second=8) == TIME + wire.REST_OF_SECOND + wire.MILLISECOND


def test_ids_of_payments_are_digits() -> None:
    """As many as 64 bits have at most."""
    assert wire.DIGITS.fullmatch(DIGITS_20)
    assert wire.DIGITS.fullmatch("7")
    assert not any(map(wire.DIGITS.fullmatch, (f"1{DIGITS_20}", "", "7a", "x7", "7\n", "\u0661")))


@pytest.mark.parametrize(
    ("number", "bare"),
    [
        ("+7 (701) 234-00\u201101", "77012340001"),
        ("701\u00a0234\u202f00\u201301\u22121", "70123400011"),
        ("AB-12", "AB-12"),
        ("7+1", "7+1"),
        ("", ""),
    ],
)
def test_numbers_without_what_people_put_between(number: str, bare: str) -> None:
    """One with letters stays."""
    assert wire.bare_digits(number) == bare


@pytest.mark.parametrize(
    ("body", "json"),
    [
        (b'{"a": 1, "b": [true, null, "x"]}', Json({"a": 1, "b": [True, None, "x"]}, True, False)),
        (
            b'{"a": 1.50, "b": 1e3}',
            Json({"a": NotWhole("1.50"), "b": NotWhole("1e3")}, True, False),
        ),
        (b'{"a": 1, "a": 1, "b": 2}', Json({"b": 2}, True, True)),
        (b'[{"a": 1, "a": 2, "a": 3}]', Json([{}], True, True)),
        (b'{"a": NaN}', Json(None, False, False)),
        (b'{"a": -Infinity}', Json(None, False, False)),
        (b'{"a": "\xff"}', Json(None, False, False)),
        (b'{"a": 1', Json(None, False, False)),
        (b"", Json(None, False, False)),
        (b"[" + b"[],{}," * 999 + b"1]", Json([[], {}] * 999 + [1], True, False)),
        (b"[" + b"[],{}," * 999 + b"{}]", Json([[], {}] * 999 + [{}], True, False)),
        (b"[" + b"[],{}," * 999 + b"{},[]]", Json(None, False, False)),
        (b'{"a": ' + b"1" * 5000 + b"}", Json(None, False, False)),
    ],
)
def test_json(body: bytes, json: Json) -> None:
    """Strict; a member that is there twice is not there."""
    assert wire.read_json(body) == json


def test_json_is_written_as_it_was_meant() -> None:
    """In UTF-8, without blanks; what UTF-8 has not, as an escape."""
    answer = wire.json_answer({"a": ["ё", 1]}, 201)
    assert answer == ('{"a":["ё",1]}'.encode(), "application/json; charset=utf-8", 201)
    assert wire.json_answer({"a": "\ud800ё", "b": 1}) == (
        b'{"a":"\\ud800\\u0451","b":1}',
        "application/json; charset=utf-8",
        200,
    )
    assert wire.storable("ё😀") == "ё😀"
    assert [wire.storable(half) for half in ("a\ud800", "\udfff")] == [MALFORMED] * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(("7", "7"), ("", ""), (7, "7"), (-7, "-7"), (10**30, "1" + "0" * 30)),
        *((True, None), (NotWhole("7.0"), None), (None, None), ([7], None), ({}, None)),
    ],
)
def test_an_integer_stands_for_its_digits(value: object, text: str | None) -> None:
    """Whether a bank writes an id with quotes or without."""
    assert wire.decimal_text(value) == text


def test_xml_is_written_as_it_was_meant() -> None:
    """A text, elements, attributes; in an encoding that may lack a letter."""
    inner = [wire.element("b", "1"), wire.element("c", "<ё>", d='"&')]
    assert wire.element("a", "", b="1", c="2") == '<a b="1" c="2"></a>'
    root = wire.element("a", inner)
    assert root == '<a><b>1</b><c d="&quot;&amp;">&lt;ё&gt;</c></a>'
    assert wire.xml(root) == (
        f'<?xml version="1.0" encoding="UTF-8"?>{root}'.encode(),
        "text/xml; charset=utf-8",
        200,
    )
    assert wire.xml(wire.element("a", "ёқ"), "application/xml", "Windows-1251") == (
        b'<?xml version="1.0" encoding="Windows-1251"?><a>\xb8&#1179;</a>',
        "application/xml; charset=windows-1251",
        200,
    )


@pytest.mark.parametrize(
    ("content_type", "body", "why"),
    [
        (FORM, b"a=1", ""),
        ("", b"a=1", f"Content-Type says nothing: a form is read when the bank sends {FORM}"),
        ("text/x", b"a=1", f"Content-Type says text/x: a form is read when the bank sends {FORM}"),
        ("", b"a", ""),
        *(("", body, "") for body in (b' {"a": "="}', b'\n["="]', b" <a b='1'/>")),
    ],
)
def test_a_form_that_does_not_say_so(content_type: str, body: bytes, why: str) -> None:
    """The log says what is wrong."""
    call = Call("POST", "", b"", content_type, body)
    assert call.why_unread == why
    assert call.form == (body if content_type == FORM else b"")


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
