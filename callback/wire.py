"""Reading and writing what travels: query strings and forms, sums, dates, XML, JSON.

Everything here is as strict as design.md, section 4, "Text is hostile". Whatever is wrong comes
back as None; which refusal that is, the dialect knows.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, NewType
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

FORM = "application/x-www-form-urlencoded"
# More than any bank's JSON has: how deep is too deep is else another in every Python.
MOST_BRACKETS = 2000

# [0-9] and not \d or int(): those also take other scripts' digits and "1_000". Used with
# fullmatch, because $ would let a newline through.
SUMS = {
    "strict": re.compile(r"[0-9]{1,20}\.[0-9]{2}"),
    "decimal": re.compile("[0-9]{1,20}[.,][0-9]{1,2}"),  # 10.5 and 10,50 can only be whole units
    "lenient": re.compile("[0-9]{1,20}([.,][0-9]{1,2})?"),  # 1050 may be hundredths: a hundredfold
}
NO_SUM_YET = re.compile("0{1,20}([.,]0{1,2})?")  # in a check: the payer has not typed it
# Forms of a date and time, for `moment`.
COMPACT_TIME = re.compile(
    "(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    "(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})"
)
ISO_TIME = re.compile(
    "(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})T"
    "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
)
BLANK_TIME = re.compile(ISO_TIME.pattern.replace("T", " "))
DOTTED_DAY = "(?P<day>[0-9]{2})[.](?P<month>[0-9]{2})[.](?P<year>[0-9]{4})"
CLOCK = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
DOTTED_TIME = re.compile(f"{DOTTED_DAY} {CLOCK}")
# Forms that banks write by mistake; none can be taken for another.
ALL_TIMES = (COMPACT_TIME, ISO_TIME, BLANK_TIME, DOTTED_TIME)
FIRST_YEAR, LAST_YEAR = 1970, 2099
# What people write between the digits of a number, and the plus of a telephone's.
_BARE = re.compile("[+]?[0-9 \u00a0\u202f()\u2010-\u2015\u2212-]*")
_BETWEEN = re.compile("[^0-9]")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, as all that is ours
MILLISECOND = timedelta(milliseconds=1)
# A bound names a second, the whole of it; our times are finer.
REST_OF_SECOND = timedelta(milliseconds=999)
# A payment's number where a dialect wants digits: a text, which may exceed 64 bits.
DIGITS = re.compile("[0-9]{1,20}")
# Stands for a value that is not UTF-8: no pattern of ours lets a control character in.
MALFORMED = "\0"
_SURROGATE = re.compile("[\ud800-\udfff]")
# In an attribute a parser takes these for blanks, or for its end.
_IN_QUOTES = str.maketrans({'"': "&quot;", "\t": "&#09;", "\n": "&#10;", "\r": "&#13;"})
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Call(NamedTuple):
    """One request of a bank, as far as a dialect may look at it.

    The body is without the byte order mark that some programs of Windows put in front.
    """

    method: str
    path: str  # of the dialect's own operation, as "check"; "" when it has none
    query: bytes  # undecoded, without "?"
    content_type: str  # lower case, without parameters
    body: bytes

    @property
    def form(self) -> bytes:
        """The body when it is a form, undecoded, otherwise nothing."""
        return self.body if self.content_type == FORM else b""

    @property
    def why_unread(self) -> str:
        """What is wrong with a body that looks like a form and is none; for our log only."""
        if self.form or b"=" not in self.body or self.body.lstrip()[:1] in (b"{", b"[", b"<"):
            return ""
        kind = self.content_type or "nothing"
        return f"Content-Type says {kind}: a form is read when the bank sends {FORM}"


# A written XML element: in another it stands as it is, where a text is escaped. Only a type
# checker tells it from a text.
if TYPE_CHECKING:
    Markup = NewType("Markup", str)
else:
    Markup = str


class Answer(NamedTuple):
    """What a dialect says: bytes as sent, and their type."""

    body: bytes
    content_type: str
    status: int = 200


class NotWhole(NamedTuple):
    """A JSON number with a fraction or an exponent, as it was written; never a float."""

    literal: str


class Json(NamedTuple):
    """A JSON body: its value, where whole numbers are int and all others NotWhole."""

    value: Any
    readable: bool  # it is UTF-8 and JSON, without NaN, not nested too deep
    repeated: bool  # an object somewhere in it has a member twice; the value is without that member


class Fields(NamedTuple):
    """Known parameters by name, each given once; those of them that came twice, in `repeated`."""

    values: dict[str, str]
    repeated: frozenset[str]

    @property
    def hints(self) -> dict[str, str]:
        """What was given twice, for our log only."""
        return named("given twice", self.repeated)


def fields(
    raw: bytes, known: Collection[str], *, fold: bool = False, lossless: bool = False
) -> Fields:
    """Read a query string or form; unknown names may repeat.

    A blank may be "+"; only "&" separates. With `fold` names ignore letter case (`known` is upper
    case then). A value that is not UTF-8 is MALFORMED; `lossless` keeps its bytes as surrogate
    escapes, for `as_received`.
    """
    values: dict[str, str] = {}
    repeated = set()
    for written, _, value in _parts(raw, lossless=lossless):
        # Only ASCII: a dotless i would become the I of another name.
        name = written.upper() if fold and written.isascii() else written
        if not name or name not in known:
            continue
        if name in values or name in repeated:
            repeated.add(name)
            values.pop(name, None)
        else:
            values[name] = value
    return Fields(values, frozenset(repeated))


def _parts(raw: bytes, *, lossless: bool) -> list[tuple[str, str, str]]:
    """Names and values, with what stands between them. Nearly always there is nothing to decode."""
    if raw.isascii() and b"%" not in raw and b"+" not in raw:
        return [part.partition("=") for part in raw.decode().split("&")]
    decoded = partial(_decoded, lossless=lossless)
    parts = [part.partition(b"=") for part in raw.split(b"&")]
    return [(decoded(name), "=", decoded(value)) for name, _, value in parts]


def as_received(value: str) -> bytes:
    """Give back the bytes of a value of `fields` that was read `lossless`: what a bank signs."""
    return value.encode("utf-8", "surrogateescape")


def amount(text: str | None, form: str = "strict") -> Decimal | None:
    """Read a sum as in SUMS; None for anything else."""
    if text is None or not SUMS[form].fullmatch(text):
        return None
    return Decimal(text.replace(",", "."))


def hundredths(amount: Decimal) -> int:
    """Write a sum in hundredths, as tiyin and kopecks are."""
    return int(amount * 100)


def bare_digits(number: str) -> str:
    """Leave the digits of a number that is written with blanks, dashes or brackets between them.

    One with anything else in it stays as it is: its letters may be what tells it from another.
    """
    return _BETWEEN.sub("", number) if _BARE.fullmatch(number) else number


def named(fault: str, parts: Collection[str]) -> dict[str, str]:
    """Say, for our log only, which parts of a request have a fault; nothing where none has."""
    return {"why": f"{fault}: {', '.join(sorted(parts))}"} if parts else {}


def sum_hint(text: str, form: str) -> str:
    """Say which sum_form would take a sum that this one refuses; nothing where none would."""
    # One that the form takes was refused for something else.
    if amount(text, "lenient") is None or amount(text, form) is not None:
        return ""
    if amount(text, "decimal") is None:
        return "bare integer: kopecks? if not, sum_form = lenient"
    return "a comma, or one decimal: sum_form = decimal"


def date_hint(text: str) -> str:
    """Say which setting would take a date that is in none of a dialect's forms."""
    return "" if moment(text, *ALL_TIMES) is None else "another form of date: dates = lenient"


def moment(text: str | None, *forms: re.Pattern[str], any_year: bool = False) -> datetime | None:
    """Read a real date and time of the years 1970 to 2099, or of any from 1 to 9999.

    Each form names its groups as `datetime` names its arguments; the first that fits is taken.
    """
    for form in forms:
        match = form.fullmatch(text or "")
        if match:
            time = _real({name: int(digits) for name, digits in match.groupdict().items()})
            ours = time is not None and (any_year or FIRST_YEAR <= time.year <= LAST_YEAR)
            return time if ours else None
    return None


def from_milliseconds(number: int) -> datetime:
    """Read milliseconds since 1970 as a time in UTC; exact."""
    return EPOCH + number * MILLISECOND


def milliseconds(utc: datetime) -> int:
    """Write a time in UTC as whole milliseconds since 1970; exact."""
    return (utc - EPOCH) // MILLISECOND


def element(tag: str, content: str | Iterable[Markup], **attributes: str) -> Markup:
    """Write an XML element of a text or of elements; what XML cannot hold is left out."""
    inside = _escaped(content) if isinstance(content, str) else "".join(content)
    if not attributes:
        return Markup(f"<{tag}>{inside}</{tag}>")
    named = "".join(
        f' {name}="{_escaped(text).translate(_IN_QUOTES)}"' for name, text in attributes.items()
    )
    return Markup(f"<{tag}{named}>{inside}</{tag}>")


def xml(root: Markup, content_type: str = "text/xml", encoding: str = "UTF-8") -> Answer:
    """Answer with an XML document; characters that the encoding lacks become references."""
    text = f'<?xml version="1.0" encoding="{encoding}"?>{root}'
    body = text.encode(encoding, "xmlcharrefreplace")
    return Answer(body, f"{content_type}; charset={encoding.lower()}")


def read_json(body: bytes) -> Json:
    """Read JSON strictly; see Json."""
    if body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
        return Json(None, readable=False, repeated=False)
    repeated: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(pairs)
        if len(values) != len(pairs):
            times = Counter(name for name, _ in pairs)
            repeated.extend(name for name in values if times[name] > 1)
            values = {name: value for name, value in values.items() if times[name] == 1}
        return values

    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=members,
            parse_float=NotWhole,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError):  # not UTF-8 and too many digits are ValueErrors too
        return Json(None, readable=False, repeated=False)
    return Json(value, readable=True, repeated=bool(repeated))


def decimal_text(value: Any) -> str | None:
    """Read a text of JSON, or an integer, which stands for its decimal text."""
    return str(value) if type(value) in (int, str) else None


def storable(text: str) -> str:
    """Give back a text of JSON; one with half a surrogate pair, which no database takes, is
    MALFORMED.
    """
    return MALFORMED if _SURROGATE.search(text) else text


def json_answer(value: object, status: int = 200) -> Answer:
    """Answer with JSON in UTF-8."""
    text = _to_json(value)
    try:
        body = text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, in an id that we echo
        body = json.dumps(value, separators=(",", ":")).encode()
    return Answer(body, "application/json; charset=utf-8", status)


def _escaped(text: str) -> str:
    if text.isalnum():  # as most codes, ids and words: there is nothing to look for
        return text
    return escape(_NOT_XML.sub("", text), quote=False)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _decoded(raw: bytes, *, lossless: bool) -> str:
    try:
        errors = "surrogateescape" if lossless else "strict"
        if b"%" in raw or b"+" in raw:
            raw = unquote_to_bytes(raw.replace(b"+", b" "))
        return raw.decode("utf-8", errors)
    except UnicodeDecodeError:
        return MALFORMED


def _real(parts: dict[str, int]) -> datetime | None:
    try:
        return datetime(**parts)  # type: ignore[arg-type]  # noqa: DTZ001 - the bank's zone
    except ValueError:
        return None
