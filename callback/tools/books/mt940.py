"""Reading a statement of account in SWIFT's MT940 (registers.md, section 5).

Needs mt-940 (requirements-optional.txt), which reads the fields; what they come to, it leaves to
its caller: that opening balance, lines and closing balance agree is looked at here.
"""

from __future__ import annotations

import logging
import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback.phrase import Phrase
from callback.tools.books import purpose, reading
from callback.tools.books.credits import (
    Credit,
    check_currency,
    counted,
    derived,
    judge,
    neither,
    no_payment,
    refund,
    whole_cents,
)
from callback.tools.books.entry import Entry, Register, RegisterError, Remark, at_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callback.bank import Bank

MISSING = Phrase("this is a statement in MT940: install mt-940 (requirements-optional.txt)")
TAG = re.compile(":([0-9]{2}|NS)[A-Z]?:")
END = re.compile("-([}].*)?")  # of a message
FIRST, LINE, DETAILS = ":20:", ":61:", ":86:"
BALANCES = (":60", ":62", ":64", ":65")  # details behind these are about all of the statement
OPENINGS = ("final_opening_balance", "intermediate_opening_balance", "opening_balance")
CLOSINGS = ("final_closing_balance", "intermediate_closing_balance", "closing_balance")
REFERENCES = ("customer_reference", "bank_reference")
SUBFIELD = re.compile(r"\?[0-9]{2}")
# Marks of a line: money in, money out, money in that went back; what is left is our own spending
# that came back, which is nobody's payment.
IN, OUT, BACK = "C", "D", "RC"


class Message(NamedTuple):
    """One message of a file: where it starts, its lines, and where its lines :61: are."""

    start: int
    lines: list[str]
    places: list[int]


class Statement(NamedTuple):
    """What a message says, with the currency of its sums."""

    account: str
    opening: Decimal
    closing: Decimal
    day: date  # of the closing balance
    goes_on: bool  # in another message: its closing balance is intermediate
    currency: str
    transactions: list[dict[str, Any]]


def read(raw: bytes, bank: Bank) -> Register:
    """Read the payments of a statement; RegisterError when it is refused as a whole."""
    text = reading.decode(raw, *reading.encodings(bank.register))
    messages = list(_messages(reading.lines(text)))
    if not messages:
        raise RegisterError(at_line(1, Phrase("not a statement in MT940: no :20:")))
    entries: list[Entry] = []
    remarks: list[Remark] = []
    days: list[date] = []
    before: Statement | None = None
    for message in messages:
        statement = _statement(message)
        _control(message, statement, before, bank)
        before = statement
        days.append(statement.day)
        for line, fields in zip(message.places, statement.transactions, strict=True):
            judgement = _judged(line, fields, bank)
            if isinstance(judgement, Entry):
                entries.append(judgement)
            else:
                remarks.append(judgement)
    if before and before.goes_on:
        raise RegisterError(
            at_line(message.start, Phrase("the statement goes on in a message not there"))
        )
    return Register(list(counted(entries)), remarks, tuple(days))


def _messages(lines: Iterable[tuple[int, str]]) -> Iterator[Message]:
    """Part the messages, without what stands around them and what is said of all their lines."""
    message: Message | None = None
    tag = main = ""
    for number, text in lines:
        line = text.rpartition("{4:")[2] if text.startswith("{") else text.rstrip()
        if END.fullmatch(line) or line.startswith(FIRST):
            if message:
                yield message
            message = Message(number, [], []) if line.startswith(FIRST) else None
        if match := TAG.match(line):
            tag = match[0]
            main = main if tag == DETAILS else tag
        if message is None:
            if match:
                raise RegisterError(
                    at_line(number, Phrase("{line} outside of a message", line=line[:20]))
                )
        elif not (tag == DETAILS and main.startswith(BALANCES)):
            message.lines.append(line)
            if tag == LINE and match:
                message.places.append(number)
    if message:
        yield message


def _statement(message: Message) -> Statement:
    """Have the library read a message; RegisterError when it cannot."""
    try:
        import mt940
    except ImportError:
        raise RegisterError(MISSING) from None
    # It would also log what it cannot read, as it stands in the file.
    logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)
    collection = mt940.models.Transactions(
        processors={"post_transaction_details": []}, options=mt940.Options.all()
    )
    try:
        # Not mt940.parse: that would open a file whose name is the text.
        collection.parse("\n".join(message.lines))
    except Exception as error:  # it raises whatever its models and Decimal raise
        raise RegisterError(
            at_line(message.start, Phrase("not a readable message: {error}", error=_said(error)))
        ) from error
    transactions = [transaction.data for transaction in collection]
    if len(transactions) != len(message.places):
        raise RegisterError(
            at_line(
                message.start,
                Phrase(
                    "{places} lines :61:, {transactions} readable",
                    places=len(message.places),
                    transactions=len(transactions),
                ),
            )
        )
    return _checked(message, collection.data, transactions)


def _said(error: Exception) -> str:
    return purpose.shortened(str(error.args[0] if error.args else error))


def _checked(
    message: Message, fields: dict[str, Any], transactions: list[dict[str, Any]]
) -> Statement:
    """Take the two balances that every message must have; RegisterError."""
    opening = next((fields[name] for name in OPENINGS if name in fields), None)
    closing = next((fields[name] for name in CLOSINGS if name in fields), None)
    if opening is None or closing is None:
        lacking = "closing" if opening else "opening"
        raise RegisterError(
            at_line(
                message.start,
                Phrase("a message without {lacking} balance: cut off?", lacking=lacking),
            )
        )
    return Statement(
        account=fields.get("account_identification", ""),
        opening=opening.amount.amount,
        closing=closing.amount.amount,
        day=closing.date,
        goes_on="intermediate_closing_balance" in fields,
        currency=opening.amount.currency,
        transactions=transactions,
    )


def _control(message: Message, statement: Statement, before: Statement | None, bank: Bank) -> None:
    """Look whether the sums agree, within a message and from one to the next; RegisterError."""
    where = f"line {message.start}"
    check_currency(statement.currency, bank, where)
    moved = sum((fields["amount"].amount for fields in statement.transactions), Decimal(0))
    if statement.opening + moved != statement.closing:
        raise RegisterError(
            Phrase(
                "{where}: {closing:.2f} by the closing balance, {opening:.2f} by the opening one "
                "and "
                "the lines",
                where=where,
                closing=statement.closing,
                opening=statement.opening + moved,
            )
        )
    if (
        before
        and before.goes_on
        and (before.account, before.closing)
        != (
            statement.account,
            statement.opening,
        )
    ):
        raise RegisterError(
            Phrase("{where}: the statement before goes on in a message not there", where=where)
        )


def _judged(line: int, fields: dict[str, Any], bank: Bank) -> Entry | Remark:
    """Say what a line is; a sum that cannot be recorded is rejected."""
    text = _purpose(fields)
    mark, money = fields["status"].upper(), fields["amount"].amount
    if mark == OUT or not money:
        return no_payment(line, text)
    day = datetime.combine(fields.get("entry_date") or fields["date"], time.min)
    references = filter(None, (fields.get(name) for name in REFERENCES))
    origin = derived(*references, f"{fields['date']:%Y%m%d}")
    if mark != IN:
        reversal = Entry(line, origin, "", abs(money), day)
        remark = refund if mark == BACK else neither
        return remark(line, Phrase("a reversal ({mark}); {text}", mark=mark, text=text), reversal)
    try:
        return judge(Credit(line, origin, whole_cents(money), day, text), bank.register)
    except ValueError as error:
        return Remark("rejected", line, purpose.shortened(str(error)))


def _purpose(fields: dict[str, Any]) -> str:
    """All text of a line; the marks of a structured one (?20 …) are ends of lines."""
    details = fields.get("transaction_details") or ""
    if SUBFIELD.search(details):
        details = SUBFIELD.sub("\n", details)
    return "\n".join(filter(None, [fields.get("extra_details"), details]))
