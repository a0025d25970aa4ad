"""Reading a sum as a bank writes it: what can mean only one sum is read, all else is refused.

registers.md, section 3. A refusal says which setting would take the text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from callback.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callback.layouts import TableForms

BLANKS = " \u00a0\u2007\u2009\u202f"
APOSTROPHES = "'\u2019\u02bc"
MINUSES = "-\u2212\u2013"
WHOLE_DIGITS = 12  # of DECIMAL(14,2)
CENT = Decimal("0.01")
# What a bank writes beside a sum, in small letters.
SIGNS = {
    "KZT": ("₸", "тг", "тнг", "тенге", "теңге"),
    "RUB": ("₽", "rur", "руб", "р"),
    "KGS": ("⃀", "сом"),
    "UZS": ("сум", "сўм", "so'm", "soʻm", "so‘m"),
    "TJS": ("сомони", "смн"),
    "UAH": ("₴", "грн"),
    "GEL": ("₾",),
    "AZN": ("₼",),
    "AMD": ("֏",),
    "USD": ("$",),
    "EUR": ("€",),
}
BESIDE = re.compile(r"(?P<before>[^0-9+\-\u2212\u2013(.,]*)(?P<sum>.*?)(?P<after>[^0-9)=-]*)")
BEHIND = re.compile("(?P<sum>.*[.,][0-9]{1,2})-")  # a minus, as SAP writes it
KOPECKS = re.compile("[0-9]{1,14}")
EXPONENT = re.compile("[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
ONE_GROUP = re.compile(r"[0-9]{1,3}(?P<mark>[.,])[0-9]{3}")
DASHED = re.compile("[0-9]+(-[0-9]{2}|=)")


def amount(text: str, layout: TableForms, currency: str = "") -> Decimal:
    """Read a sum; ValueError. The name or sign of `currency` may stand beside it, and no other."""
    exact = signed(text, layout, currency)
    if exact.is_signed():
        raise ValueError(Phrase("not a sum: {text!r}; it is below zero", text=text))
    return exact


def signed(text: str, layout: TableForms, currency: str = "") -> Decimal:
    """The same, below zero where money went back."""
    number, minus = _without_sign(_without_currency(text.strip(BLANKS), currency))
    if layout.kopecks and KOPECKS.fullmatch(number):
        return Decimal(f"{minus}{number}").scaleb(-2)
    for form, mark in () if layout.kopecks else _forms(layout.decimal, layout.group):
        if form.fullmatch(number):
            return _exact(minus, number, mark)
    raise ValueError(
        Phrase("not a sum: {text!r}{hint}", text=text, hint=_hint(number, layout, currency))
    )


def _without_currency(text: str, currency: str) -> str:
    match = BESIDE.fullmatch(text)
    if match is None:
        return text
    known = (currency.lower(), *SIGNS.get(currency, ())) if currency else ()
    signs = [match[side].strip(BLANKS) for side in ("before", "after")]
    if all(sign.lower().rstrip(".") in known for sign in signs if sign):
        return match["sum"].strip(BLANKS)
    return text


def _without_sign(text: str) -> tuple[str, str]:
    """Part a sum from its sign; books of accounts also have it behind, or the sum in brackets."""
    behind = BEHIND.fullmatch(text)
    if behind:
        return behind["sum"], "-"
    if text[:1] == "(" and text[-1:] == ")":
        return text[1:-1].strip(BLANKS), "-"
    if text[:1] and text[0] in f"+{MINUSES}":
        return text[1:].lstrip(BLANKS), "" if text[0] == "+" else "-"
    return text, ""


@lru_cache
def _forms(decimal: str, group: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The forms that a sum may have, for each decimal mark that it may have."""
    marks = ".," if decimal == "both" else decimal
    return tuple(
        (re.compile("|".join(_alternatives(mark, group))), mark) for mark in marks if mark != group
    )


def _alternatives(mark: str, group: str) -> Iterator[str]:
    """No text fits for two marks with two values, so nothing here is a guess."""
    point = re.escape(mark)
    kopecks = "(?:-[0-9]{2}|=)" if mark == "-" else f"{point}[0-9]{{1,2}}"
    yield f"[0-9]{{1,{WHOLE_DIGITS}}}(?:{kopecks})?"
    # Databases print .50 and 1250.0000. Three decimals behind few digits may be a group.
    yield f"{point}[0-9]{{1,2}}"
    yield f"[0-9]+{point}[0-9]{{2}}00+|[0-9]{{4,}}{point}[0-9]{{2}}0"
    blanks = {"": BLANKS + APOSTROPHES, " ": BLANKS, "'": APOSTROPHES}.get(group, group)
    yield f"[0-9]{{1,3}}(?P<blank>[{blanks}])[0-9]{{3}}(?:(?P=blank)[0-9]{{3}})*(?:{kopecks})?"
    if not group:
        other = "[.]" if mark == "," else ","
        yield f"[0-9]{{1,3}}(?:{other}[0-9]{{3}})+{kopecks}"
        yield f"[0-9]{{1,3}}(?:{other}[0-9]{{3}}){{2,}}"


def _exact(minus: str, number: str, mark: str) -> Decimal:
    whole, _, kopecks = number.replace("=", "").partition(mark)
    digits = re.sub("[^0-9]", "", whole) or "0"
    if len(digits.lstrip("0")) > WHOLE_DIGITS:
        raise ValueError(Phrase("not a sum: {number!r}", number=number))
    exact = Decimal(f"{minus}{digits}.{kopecks}" if kopecks else f"{minus}{digits}")
    return exact.quantize(CENT) if len(kopecks) > 2 else exact


def _hint(number: str, layout: TableForms, currency: str) -> str:
    """Which setting would read it, or what has happened to it."""
    one_group = ONE_GROUP.fullmatch(number)
    if layout.kopecks:
        return Phrase("; kopecks = true wants whole numbers")
    if EXPONENT.fullmatch(number):
        return Phrase("; a spreadsheet has rewritten it: take the file as the bank has sent it")
    mark = one_group["mark"] if one_group else ""
    if mark and mark != layout.decimal:
        return Phrase(
            "; it may have a group of thousands or three decimals: set group = {mark!r}", mark=mark
        )
    if DASHED.fullmatch(number):
        return Phrase("; set decimal = '-'")
    if number.startswith('"'):
        return Phrase("; set quote = '\"'")
    if any(form.fullmatch(number) for form, _ in _forms("both", "")):
        return Phrase("; set decimal = 'both'") + " and group = ''" * bool(layout.group)
    beside = BESIDE.fullmatch(number)
    if currency and beside and beside["sum"] and (beside["before"] or beside["after"]):
        return Phrase("; a sum in {currency} is expected", currency=currency)
    return ""
