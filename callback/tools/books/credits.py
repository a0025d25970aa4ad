"""Money that came in by a statement of account: whose it is, and under which id it is recorded.

registers.md, section 5. A statement has no id of the payment. It is derived of what does not
change from file to file: the payer's account, the number of the document, the day. Where several
payments have the same (a bank's transit account pays everybody), they are counted: `…#2`, `…#3`.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from callback.phrase import Phrase
from callback.tools.books import purpose
from callback.tools.books.entry import Entry, RegisterError, Remark, entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from callback.bank import Bank
    from callback.layouts import RegisterLayout
    from callback.tools.books.entry import Ours

LONGEST = 64  # what the column payment.txn_id holds
COUNTED = re.compile("(.+)#([1-9][0-9]{0,5})")
LONGEST_COUNTED = LONGEST - len("#999999")
SAFE = "/!#$&'()*+,:;=?@[]"  # in an id besides letters and digits of ASCII; the rest is %XX

DOUBTFUL = Phrase("another payment of this id that we hold is not in the file: which one is it?")

CENT = Decimal("0.01")
TOO_MUCH = Decimal(10) ** 12  # payment.amount is DECIMAL(14,2)
NEITHER, REFUND = "neither income nor spending", "refund"
OLD_NAMES = {"RUR": "RUB"}

Held = dict[int, "Ours"]  # our payments of one origin by their number


class Credit(NamedTuple):
    """One sum that came in."""

    line: int
    origin: str  # the derived id, before it is counted
    amount: Decimal
    paid_at: datetime
    purpose: str  # "\n": a line ends here, be it at a blank or in the middle of a word


def derived(*parts: str) -> str:
    """An id of parts that say which payment it is; always the same for the same parts."""
    return _shortened(quote("/".join(parts), safe=SAFE), LONGEST)


def judge(credit: Credit, layout: RegisterLayout) -> Entry | Remark:
    """Find whose payment it is, or say why it is nobody's; ValueError."""
    money = (credit.amount, credit.paid_at)
    if is_ignored(credit.purpose, layout):
        return no_payment(credit.line, credit.purpose)
    try:
        account = _account(credit.purpose, layout)
    except purpose.NoNumberError as error:
        without = Entry(credit.line, credit.origin, "", *money)
        return Remark(error.name, credit.line, str(error), without)
    return entry(credit.line, credit.origin, account, *money)._replace(origin=credit.origin)


def is_ignored(text: str, layout: RegisterLayout) -> bool:
    """Whether the setting `ignore` says that it is no customer's payment."""
    head = text[: purpose.LONGEST].replace("\n", " ")
    return bool(layout.ignore and layout.ignore.search(head))


def no_payment(line: int, text: str) -> Remark:
    """What is no difference: our spending, or what the setting `ignore` names."""
    return Remark("not a payment", line, purpose.shortened(text))


def neither(line: int, detail: str, without: Entry | None = None) -> Remark:
    """What a person must look at; with its sum, if it has one."""
    return Remark(NEITHER, line, purpose.shortened(detail), without)


def refund(line: int, detail: str, back: Entry) -> Remark:
    """Money that went back; the sum is shown below zero."""
    back = back._replace(amount=-abs(back.amount))
    return Remark(REFUND, line, purpose.shortened(detail), back)


def check_currency(currency: str | None, bank: Bank, where: str) -> None:
    """Refuse a statement of an account in another currency than the bank's; RegisterError."""
    if OLD_NAMES.get(currency or "", currency) != bank.currency:
        raise RegisterError(
            Phrase(
                "{where}: {value}, and not {currency}",
                where=where,
                value=currency or Phrase("no currency"),
                currency=bank.currency,
            )
        )


def whole_cents(amount: Decimal) -> Decimal:
    """A sum that has at most two decimals, and room in our books; ValueError."""
    if not (amount == amount.quantize(CENT) and amount < TOO_MUCH):
        raise ValueError(Phrase("not a sum: {amount}", amount=amount))
    return amount.quantize(CENT)


def _account(text: str, layout: RegisterLayout) -> str:
    """The number, however the lines of the text belong together; NoNumberError."""
    blanks = text.replace("\n", " ")
    if "\n" not in text or len(text) > purpose.LONGEST:
        return purpose.account(blanks, layout.purpose)
    numbers = {}
    for joined in (blanks, text.replace("\n", "")):
        try:
            numbers[purpose.account(joined, layout.purpose)] = joined
        except purpose.NoNumberError as error:
            if error.name == "no clear number":
                raise
    if not numbers:
        raise purpose.NoNumberError("no number in the purpose", purpose.shortened(blanks))
    if len(numbers) > 1:
        detail = Phrase(
            "{numbers}, by how its lines are joined: {blanks}",
            numbers=" or ".join(numbers),
            blanks=blanks,
        )
        raise purpose.NoNumberError("no clear number", purpose.shortened(detail))
    return next(iter(numbers))


def counted(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Number the payments of one origin in the order of the file."""
    numbers: defaultdict[str, int] = defaultdict(int)
    for payment in entries:
        numbers[payment.origin] += 1
        yield payment._replace(txn_id=_numbered(payment.origin, numbers[payment.origin]))


def recognised(entries: list[Entry], ours: Iterable[Ours]) -> tuple[list[Entry], list[Remark]]:
    """Give payments the numbers under which we hold them, wherever they now stand in the file.

    A later file of the same day may have more payments of one origin, before the others as well
    as behind them. What we hold is told by account and sum; the rest gets the next free numbers.
    But where one of ours is not in the file, nobody can say which of the rest it is: one stands
    against it ("differs"), and the others are not booked.
    """
    held = _held({payment.origin for payment in entries if payment.origin}, ours)
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, payment in enumerate(entries):
        if payment.origin in held:
            places[payment.origin].append(place)
    ids: dict[int, str | None] = {}
    for origin, group in places.items():
        numbers = _numbers([entries[place] for place in group], held[origin])
        ids.update(zip(group, (_numbered(origin, n) if n else None for n in numbers), strict=True))
    known: list[Entry] = []
    doubtful: list[Remark] = []
    for place, payment in enumerate(entries):
        txn_id = ids.get(place, payment.txn_id)
        if txn_id:
            known.append(payment._replace(txn_id=txn_id))
        else:
            doubtful.append(
                Remark("differs", payment.line, DOUBTFUL, payment._replace(txn_id=payment.origin))
            )
    return known, doubtful


def _numbers(group: list[Entry], held: Held) -> list[int | None]:
    """The number of each payment of one origin; None: nobody can tell."""
    free: defaultdict[tuple[str | None, Decimal], list[int]] = defaultdict(list)
    for number in sorted(held, reverse=True):
        free[held[number].account, held[number].amount].append(number)
    alike = [
        free[payment.account, payment.amount] or free[None, payment.amount] for payment in group
    ]
    numbers = [of_ours.pop() if of_ours else None for of_ours in alike]
    missing = sorted(number for of_ours in free.values() for number in of_ours)
    # As many as there can be; of what is missing here, one payment each stands against it.
    new = iter(missing) if missing else (n for n in count(1) if n not in held)
    return [number or next(new, None) for number in numbers]


def _held(origins: set[str], ours: Iterable[Ours]) -> dict[str, Held]:
    stems = {_stem(origin): origin for origin in origins}
    held: defaultdict[str, Held] = defaultdict(dict)
    for payment in ours:
        match = COUNTED.fullmatch(payment.txn_id)
        if payment.txn_id in origins:
            held[payment.txn_id][1] = payment
        elif match and match[1] in stems:
            held[stems[match[1]]][int(match[2])] = payment
    return held


def _numbered(origin: str, number: int) -> str:
    return origin if number == 1 else f"{_stem(origin)}#{number}"


def _stem(origin: str) -> str:
    return _shortened(origin, LONGEST_COUNTED)


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{text[: longest - len(digest) - 1]}~{digest}"
