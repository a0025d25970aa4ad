"""Kinds of settings: each reads one value of the settings file, or says what is wanted.

A reader raises ValueError with a phrase that completes "expected …". The value itself is never
repeated: it may be a secret.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
import zoneinfo
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import tzdata

from callback import proofs, wire
from callback.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# Old time-zone data is worse than none: Kazakhstan is at UTC+5 everywhere only since 1 March
# 2024. The pinned package is used, whatever the machine has; as a folder, because to read it as a
# package costs a new process ten times as much.
zoneinfo.reset_tzpath([str(Path(tzdata.__file__).with_name("zoneinfo").absolute())])

# What a bank may tell besides the sum that is credited.
SUMS = ("gross", "net", "commission")

# In characters. Whoever knows one token of an address can try keys at home, thousands a second.
LEAST_KEY = 32
LEAST_KEY_OF_A_TRIAL = 16  # while there is no public address
# What 32 tosses of a coin give is found in an hour. A random text never has so little: of 32 hex
# digits it would be less than one of 10**24.
TOO_FEW_BITS = 32
LEAST_PASSWORD = 16
# A part of so many characters may come again; a shorter one makes no long text of it.
LEAST_PART = 16
PLACEHOLDERS = ("…", "...")  # of the examples
LEAST_RSA_BITS = 2048

K = TypeVar("K", proofs.RsaVerifier, proofs.RsaSigner)

REQUIRED: Any = object()
# What Python's own readers of expressions and of their repetitions raise.
NO_EXPRESSION = (re.error, ValueError, OverflowError, RecursionError)
# Nothing that breaks a log, an XML text or a driver can be part of a number, whatever pattern
# the settings give: control characters, surrogates, non-characters.
_NEVER = r"(?![\s\S]*[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff])"


class Setting(NamedTuple):
    """A setting: how it is read, and its default as the settings file would say it.

    Without a default the key is REQUIRED; None means that it may be absent. A table that is
    given is merged into a default that is a table. A path `in_folder` is relative to the folder of
    the settings file.
    """

    read: Callable[[Any], Any]
    default: Any = None
    in_folder: bool = False


def expected(key: str, wanted: object) -> Phrase:
    """What is wrong with a key; `wanted` is a reader's phrase, or the error that it is in."""
    return Phrase("{key}: expected {wanted}", key=key, wanted=wanted)


def listed(words: Iterable[str]) -> str:
    """Words as the settings would say them."""
    return ", ".join(json.dumps(word, ensure_ascii=False) for word in words)


def text(value: Any) -> str:
    """A text, possibly empty."""
    if not isinstance(value, str):
        raise ValueError(Phrase("a text in quotes"))
    return value


def xml_name(value: Any) -> str:
    """The name of an XML element, or an empty text for none."""
    if not re.fullmatch("([A-Za-z_][A-Za-z0-9_.-]*)?", text(value)):
        raise ValueError(Phrase("a name of an XML element in quotes"))
    return str(value)


def nonempty(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(Phrase("a text in quotes, not empty"))
    return value


def boolean(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(Phrase("true or false, without quotes"))
    return value


def integer(low: int, high: int) -> Callable[[Any], int]:
    """A whole number from low to high."""

    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(
                Phrase("a whole number from {low} to {high}, without quotes", low=low, high=high)
            )
        return value

    return read


def choice(*allowed: str) -> Callable[[Any], str]:
    """One of some words."""

    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(Phrase("one of {words}", words=listed(allowed)))
        return str(value)

    return read


def any_of(*allowed: str) -> Callable[[Any], tuple[str, ...]]:
    """A list of some of these words."""

    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or any(word not in allowed for word in value):
            raise ValueError(Phrase("a list of {words}", words=listed(allowed)))
        return tuple(value)

    return read


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(Phrase("a list of texts in quotes"))
    return tuple(value)


def numbers(value: Any) -> tuple[int, ...]:
    """A whole number, or a list of them, at least one."""
    items = value if isinstance(value, list) else [value]
    if not items or not all(type(item) is int for item in items):
        raise ValueError(Phrase("a whole number without quotes, or a list of them"))
    return tuple(items)


def generations(value: Any) -> tuple[int, ...]:
    """A number that is counted up to replace something, or a list of those that are good now."""
    if min(items := numbers(value)) < 1:
        raise ValueError(Phrase("a whole number from 1, or a list of them (newest last)"))
    return items


def url_token(value: Any) -> tuple[int, ...]:
    """Whether there is one, or its generation: counted up, it replaces this bank's alone."""
    if type(value) is bool:
        return (1,) if value else ()
    try:
        return generations(value)
    except ValueError as error:
        raise ValueError(
            Phrase("true or false, without quotes; or {error}", error=error)
        ) from error


def day(value: Any) -> date:
    """A day, as TOML writes one, or the same in quotes."""
    try:
        return value if type(value) is date else date.fromisoformat(text(value))
    except ValueError as error:
        raise ValueError(Phrase("a day such as 2026-12-31")) from error


def ids(value: Any) -> tuple[str, ...]:
    """A text or a whole number that names something, or a list of them, as texts."""
    items = value if isinstance(value, list) else [value]
    if not all(type(item) in (int, str) and item != "" for item in items):
        raise ValueError(Phrase("a text in quotes, a whole number, or a list of them"))
    return tuple(str(item) for item in items)


def secrets(value: Any) -> tuple[bytes, ...]:
    """A secret, or a list of them (newest last), as bytes."""
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str) and item for item in items):
        raise ValueError(
            Phrase("a text in quotes or a list of them (newest last), none of them empty")
        )
    if any(item in PLACEHOLDERS for item in items):
        raise ValueError(Phrase("a text of your own in place of the dots: flask secret prints one"))
    return tuple(item.encode() for item in items)


def secret_keys(value: Any) -> tuple[bytes, ...]:
    """Secrets of our own, each too long to be guessed at with one token at hand."""
    keys = secrets(value)
    if min(map(len, keys)) < LEAST_KEY_OF_A_TRIAL or b"public-secret-of-the-sample" in keys:
        raise ValueError(a_key())
    return keys


def is_guessed(secret: bytes) -> bool:
    """Whether a secret is a short part again and again, or goes along an alphabet.

    A random text of 16 digits is either in one of a million cases, any other hardly ever.
    """
    text = [ord(letter) for letter in secret.decode()]
    unit = _unit(text)
    steps = [after - before for before, after in pairwise(text)]
    turns = sum(after != before for before, after in pairwise(steps))
    bits = unit * math.log2(len({*text}))
    is_repeated = unit < LEAST_PART and unit * 3 <= len(text) * 2
    return bits <= TOO_FEW_BITS or is_repeated or turns * 4 <= len(text)


def _unit(text: Sequence[int]) -> int:
    """How long the part is of which a text consists, the last time perhaps not whole."""
    return next(n for n in range(1, len(text) + 1) if text[n:] == text[: len(text) - n])


def a_key() -> Phrase:
    """What a SECRET_KEY should be."""
    return Phrase(
        "a random text of at least {least} characters of your own (each of a list): flask secret "
        "prints one",
        least=LEAST_KEY,
    )


def username(value: Any) -> str:
    """A user name of HTTP Basic, where a colon ends it."""
    if ":" in text(value):
        raise ValueError(Phrase("a text without a colon"))
    return str(value)


def web_address(value: Any) -> str:
    """The beginning of our own address; an empty text is none."""
    form = r"(https?://[^\s/?#]+[^\s?#]*)?"
    if not (re.fullmatch(form, text(value)) and _can_be_split(value)):
        raise ValueError(Phrase('an address such as "https://pay.example.kz"'))
    return str(value)


def _can_be_split(address: str) -> bool:
    try:
        return urlsplit(address).port != 0  # also whether it is a number
    except ValueError:
        return False


def labels(value: Any) -> dict[str, str]:
    """A table of texts."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError(Phrase('a table of texts such as { name = "ФИО" }'))
    return value


def codes(value: Any) -> dict[str, str]:
    """A table of outcomes and whole numbers, with or without quotes."""
    if not isinstance(value, dict) or not all(
        type(code) in (int, str) and re.fullmatch("-?[0-9]{1,9}", str(code))
        for code in value.values()
    ):
        raise ValueError(Phrase('a table of outcomes and codes such as { account_blocked = "79" }'))
    return {outcome: str(code) for outcome, code in value.items()}


def sums(value: Any) -> dict[str, str]:
    """A table of further sums of a request, and the parameters that tell them."""
    if not isinstance(value, dict) or not all(
        kind in SUMS and isinstance(name, str) and name for kind, name in value.items()
    ):
        raise ValueError(
            Phrase(
                "a table of {names} such as {example}",
                names=", ".join(SUMS),
                example='{ commission = "fee" }',
            )
        )
    return value


def beginning(value: Any) -> str:
    """What stands before a number."""
    if not re.fullmatch("[!-~]{0,32}", text(value)):
        raise ValueError(Phrase("a text of at most 32 characters of ASCII, no blanks"))
    return str(value)


def table(value: Any) -> dict[str, Any]:
    """A table of anything."""
    if not isinstance(value, dict):
        raise ValueError(Phrase("a table such as { skip = 1 }"))
    return value


def sum_of_money(value: Any) -> Decimal:
    """A sum as text with two decimals."""
    amount = wire.amount(value if isinstance(value, str) else None)
    if amount is None or amount > Decimal("999999999999.99"):
        raise ValueError(Phrase('a sum in quotes with a dot and two decimals such as "1.00"'))
    return amount


def pattern(value: Any) -> re.Pattern[str]:
    """A regular expression for whole numbers of accounts; its digits are ASCII digits."""
    try:
        return re.compile(f"{_NEVER}(?:{text(value)})", re.ASCII)
    except NO_EXPRESSION as error:
        raise ValueError(Phrase('a regular expression such as "[0-9]{4,12}"')) from error


def written(compiled: re.Pattern[str]) -> str:
    """What the settings said where `pattern` was read."""
    return compiled.pattern.removeprefix(f"{_NEVER}(?:").removesuffix(")")


def zone(value: Any) -> zoneinfo.ZoneInfo:
    """A time zone by its name."""
    try:
        return zoneinfo.ZoneInfo(text(value))
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise ValueError(Phrase('a time zone such as "Asia/Almaty"')) from error


def currency(value: Any) -> str:
    """A currency by its three letters."""
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
        raise ValueError(Phrase('three letters such as "KZT"'))
    return value


def networks(value: Any) -> tuple[Any, ...]:
    """A list of addresses and networks, IPv4 and IPv6."""
    try:
        return tuple(_network(item) for item in texts(value))
    except ValueError as error:
        raise ValueError(
            Phrase(
                'a list of addresses and networks such as ["79.142.16.0/20", "::1"], with no bits '
                "set behind the mask"
            )
        ) from error


def proxies(value: Any) -> Any:
    """How many proxies stand in front of us, or their addresses."""
    try:
        return networks(value) if isinstance(value, list) else integer(0, 10)(value)
    except ValueError as error:
        raise ValueError(Phrase("{error}; or addresses, as in allow", error=error)) from error


def _network(text: str) -> Any:
    network = ipaddress.ip_network(text)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    # A caller's ::ffff:1.2.3.4 is taken for 1.2.3.4, so a setting has to be, too.
    return ipaddress.ip_network((mapped, network.prefixlen - 96)) if mapped else network


def public_key(least_bits: int = LEAST_RSA_BITS) -> Callable[[Any], proofs.RsaVerifier | None]:
    """A PEM file with an RSA public key, as what verifies by it; an empty text is none."""
    return _key(proofs.RsaVerifier, Phrase("public"), least_bits)


def private_key(least_bits: int = LEAST_RSA_BITS) -> Callable[[Any], proofs.RsaSigner | None]:
    """A PEM file with an RSA private key, as what signs with it; an empty text is none."""
    of_file = _key(proofs.RsaSigner, Phrase("private"), least_bits)

    def read(value: Any) -> proofs.RsaSigner | None:
        if key := of_file(value):
            key.file = Path(value)
        return key

    return read


def _key(make: Callable[[bytes], K], sort: str, least_bits: int) -> Callable[[Any], K | None]:
    def read(value: Any) -> K | None:
        key = _key_of_file(value, make, sort) if value else None
        if key and key.bits < least_bits:
            raise ValueError(
                Phrase(
                    "an RSA {sort} key of at least {least_bits} bits, not {bits}",
                    sort=sort,
                    least_bits=least_bits,
                    bits=key.bits,
                )
            )
        return key

    return read


def _key_of_file(value: Any, make: Callable[[bytes], K], sort: str) -> K:
    try:
        return make(Path(text(value)).read_bytes())
    except ImportError as error:
        raise ValueError(
            Phrase("the library cryptography on this host (pip install cryptography): RSA needs it")
        ) from error
    except Exception as error:  # the library has its own kinds, besides OSError and ValueError
        raise ValueError(
            Phrase("a readable PEM file with an RSA {sort} key, without passphrase", sort=sort)
        ) from error


def file(value: Any) -> Path | None:
    """A path; an empty text is none."""
    return Path(text(value)) if value else None
