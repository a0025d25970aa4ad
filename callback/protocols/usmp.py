"""USMP, City-Pay, Payberry: check, pay, cancel where agreed, a report; RNCB in its own names
(usmp.md).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback import readers, wire
from callback.clock import utc_now
from callback.messages import message
from callback.model import Cancel, Check, Command, Refuse, Statement, check_or_pay
from callback.phrase import Phrase
from callback.readers import Setting
from callback.wire import element

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.wire import Answer, Call, Fields, Markup

METHODS = ("GET", "POST")
PATHS = ("",)
PROOFS = ()
SERVICE = "pay_element"
# usmp.md, section 6. All but 1 may end a payment, so nothing that is not known says anything else.
CODES = {
    "ok": "0",
    "duplicate_same": "0",  # a repeat is the first answer again
    "temporary": "1",
    "bad_account": "3",
    "unknown_account": "21",
    "account_blocked": "22",
    "already_paid": "22",
    "payment_cancelled": "22",
    "cancel_refused": "22",
    "payment_not_found": "22",
    "account_closed": "24",
    "sum_too_small": "241",
    "sum_too_large": "242",
    "bad_sum": "299",
    "bad_id": "299",
    "bad_date": "299",
    "too_many_payments": "299",
    "bad_request": "299",
    "bad_service": "299",
    "unknown_command": "299",
    "duplicate_other": "299",
}
# Section 14: RNCB has one word for all refusals, and none that means "ask again".
CODES_BY_FORM = {
    "rncb": {outcome: "1" for outcome in CODES if outcome != "temporary"}
    | {"ok": "0", "duplicate_same": "10"},
}


def _names_the_payment(value: Any) -> str:
    if value is not False and value not in ("TransactionId", "RevertId"):
        raise ValueError(
            Phrase('false, "TransactionId" or "RevertId", whichever the contract names')
        )
    return value or ""


SETTINGS = {
    "form": Setting(readers.choice("usmp", "rncb"), "usmp"),
    "pay_element": Setting(readers.ids, []),
    "cancel": Setting(_names_the_payment, False),
    "sum_form": Setting(readers.choice(*wire.SUMS), "decimal"),
    "dates": Setting(readers.choice("strict", "lenient"), "strict"),
    "balance_sign": Setting(readers.choice("account", "debt"), "account"),
    "show": Setting(readers.any_of("name", "address", "debt"), ["debt"]),
    "labels": Setting(readers.labels, {"name": "fio", "address": "address", "debt": "debt"}),
    "register": Setting(readers.table, {"id_form": wire.DIGITS.pattern}),
}


class Names(NamedTuple):
    """What the parts of a request are called."""

    commands: tuple[str, ...]
    statement: str  # our word for what asks for the payments
    txn_id: str
    amount: str
    paid_at: str
    since: str
    until: str


NAMES = {
    "usmp": Names(
        ("check", "pay", "cancel"),
        "report",
        "TransactionId",
        "Amount",
        "TransactionDate",
        "CheckDateBegin",
        "CheckDateEnd",
    ),
    "rncb": Names(
        ("check", "pay"), "balance", "Payment_id", "Summa", "Exec_date", "DateFrom", "DateTo"
    ),
}
FIELDS = {
    "usmp": {"QueryType", "Account", "RevertId", "RevertDate", "PayElementId", *NAMES["usmp"][2:]},
    "rncb": {"QueryType", "Account", *NAMES["rncb"][2:]},
}
OTHER_NAMES = {"rncb": {"Date_from": "DateFrom", "Date_to": "DateTo"}}
ROOTS = {"check": "CHECKRESPONSE", "pay": "PAYRESPONSE", "balance": "BALANCERESPONSE"}
RNCB_TAGS = {"name": "FIO", "address": "ADDRESS", "debt": "BALANCE"}
NO_SUM = Decimal(-1)
NO_ACCOUNT = {"why": "missing: Account"}  # for our log


class Echo(NamedTuple):
    """The ids that an answer repeats; None leaves the element out."""

    txn_id: str | None = ""
    revert_id: str = ""


# What the web server says: it knows no id.
UNAVAILABLE = Refuse(name="", outcome="temporary", echo=Echo(None))


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    names = NAMES[bank.own["form"]]
    query = _fields(bank, call)
    values = query.values
    name = values.get("QueryType", "")
    txn_id = values.get(names.txn_id, "")
    echo = Echo(_digits(txn_id), _digits(values.get("RevertId", "")))
    outcome: Outcome | None = None
    if query.repeated:
        outcome = "bad_request"
    elif _asks_for_statement(names, values):
        return _statement(bank, echo, values)
    elif name not in names.commands:
        outcome = "unknown_command"
    elif not echo.txn_id and (txn_id or name in ("pay", "cancel")):
        outcome = "bad_id"
    if outcome:
        return Refuse(name=name, outcome=outcome, txn_id=txn_id, echo=echo, noted=query.hints)
    if name == "cancel":
        return _cancel(bank, echo, values)
    return _check_or_pay(bank, name, echo, values)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5, or RNCB as in section 14."""
    if bank.own["form"] == "rncb":
        parts = [*_rncb_parts(bank, command, result, code)]
        return wire.xml(element(ROOTS.get(command.name, ROOTS["check"]), parts))
    if isinstance(command, Statement) and result.outcome == "ok":
        return wire.xml(element("Response", [_row(payment) for payment in _paid(result)]))
    return wire.xml(element("Response", [*_parts(bank, command, result, code)]))


def _fields(bank: Bank, call: Call) -> Fields:
    """The known parameters, each under one name."""
    form = bank.own["form"]
    others = OTHER_NAMES.get(form, {})
    agreed = {"PayElementId"} if bank.services else set()
    query = wire.fields(call.query + b"&" + call.form, FIELDS[form] | others.keys() | agreed)
    both = {name for other, name in others.items() if {other, name} <= query.values.keys()}
    renamed = {others.get(name, name): text for name, text in query.values.items()}
    return query._replace(values=renamed, repeated=query.repeated | both)


def _digits(text: str) -> str:
    return text if wire.DIGITS.fullmatch(text) else ""


def _asks_for_statement(names: Names, values: dict[str, str]) -> bool:
    """RNCB has a word for it; a report of USMP is known by having none."""
    if names.statement == "balance":
        return values.get("QueryType") == names.statement
    return "QueryType" not in values and {names.since, names.until} <= values.keys()


def _statement(bank: Bank, echo: Echo, values: dict[str, str]) -> Command:
    """Section 9: by the bank's own dates, or by ours where it has sent none."""
    names = NAMES[bank.own["form"]]
    texts = [values.get(end, "") for end in (names.since, names.until)]
    since, until = (bank.read_time(text, wire.COMPACT_TIME) for text in texts)
    if since is None or until is None:
        wrong = texts[0] if since is None else texts[1]
        noted = bank.hints("bad_date", date=wrong)
        return Refuse(name=names.statement, outcome="bad_date", echo=echo, noted=noted)
    until += wire.REST_OF_SECOND
    return Statement(name=names.statement, since=since, until=until, echo=echo)


def _cancel(bank: Bank, echo: Echo, values: dict[str, str]) -> Command:
    """Section 8. The sources disagree on the id that names the payment: off, or as agreed."""
    by = bank.own["cancel"]
    of = values.get(by, "")
    if not by or not _digits(of):
        outcome: Outcome = "bad_id" if by else "cancel_refused"
        return Refuse(name="cancel", outcome=outcome, txn_id=of or echo.txn_id or "", echo=echo)
    of_sum = values.get("Amount")
    return Cancel(
        name="cancel",
        txn_id=of,
        service=_of_service(bank, values)[0].service,
        echo=echo,
        of_account=values.get("Account"),
        # A sum that cannot be read is another sum.
        of_sum=None if of_sum is None else wire.amount(of_sum, bank.own["sum_form"]) or NO_SUM,
        mismatch="cancel_differs",
        refund=True,
    )


def _check_or_pay(bank: Bank, name: str, echo: Echo, values: dict[str, str]) -> Command:
    names = NAMES[bank.own["form"]]
    pays = name == "pay"
    bank, bad_service = _of_service(bank, values)
    account = values.get("Account")
    text, date = values.get(names.amount, ""), values.get(names.paid_at, "")
    amount, bad_sum = bank.read_sum(text, "validate" if pays else "ignore")
    paid_at = _paid_at(bank, date)
    refused: Outcome | None = (
        bad_service
        or ("bad_request" if account is None else bank.account_refusal(account))
        or bad_sum
        or ("bad_date" if pays and paid_at is None else None)
        or bank.sum_refusal(amount)
    )
    return check_or_pay(
        pays,
        refused,
        paid_at,
        name=name,
        txn_id=echo.txn_id or "",
        account=account or "",
        service=bank.service,
        amount=amount,
        echo=echo,
        noted=bank.hints(refused, text, date) if account is not None else NO_ACCOUNT,
    )


def _of_service(bank: Bank, values: dict[str, str]) -> tuple[Bank, Outcome | None]:
    """RNCB has no such parameter: it sends one where services were agreed with it."""
    accepted = bank.own["pay_element"] if bank.own["form"] == "usmp" else ()
    return bank.for_service(values.get("PayElementId"), accepted)


def _paid_at(bank: Bank, text: str) -> datetime | None:
    """The bank's date; where RNCB sends none, our clock in its zone."""
    if bank.own["form"] == "rncb" and not text:
        return bank.local(utc_now())
    return bank.read_time(text, wire.COMPACT_TIME)


def _parts(bank: Bank, command: Command, result: Result, code: str) -> Iterator[Markup]:
    echo = command.echo or Echo()
    if echo.txn_id is not None:
        yield element("TransactionId", echo.txn_id)
    if result.done and result.payment:
        if isinstance(command, Cancel):
            yield element("RevertId", echo.revert_id)
        yield element("TransactionExt", str(result.payment.id))
        yield element("Amount", f"{result.payment.amount:.2f}")
    yield element("ResultCode", code)
    if result.done and isinstance(command, Check) and result.payer and bank.show:
        yield element("Fields", _shown(bank, result.payer))
    # A repeat is the first answer again, to the letter.
    yield element("Comment", message("ok" if result.done else result.outcome, bank.language))


def _shown(bank: Bank, payer: Payer) -> list[Markup]:
    return [
        element(f"field{number}", payer.shown[word], name=bank.labels[word])
        for number, word in enumerate(bank.show, start=1)
    ]


def _paid(result: Result) -> list[Payment]:
    return [payment for payment in result.payments if payment.state == "paid"]


def _row(payment: Payment) -> Markup:
    row = {
        "TransactionId": payment.txn_id,
        "Account": payment.number or "",
        "TransactionDate": f"{payment.paid_at:%Y%m%d%H%M%S}",
        "Amount": f"{payment.amount:.2f}",
    }
    return element("Payment", [element(name, text) for name, text in row.items()])


def _rncb_parts(bank: Bank, command: Command, result: Result, code: str) -> Iterator[Markup]:
    if result.done and isinstance(command, Statement):
        yield from _balance(_paid(result), code)
        return
    if result.done and isinstance(command, Check) and result.payer:
        words = result.payer.shown | {"debt": f"{bank.balance(result.payer):.2f}"}
        yield from (element(RNCB_TAGS[word], words[word]) for word in bank.show)
    if result.done and result.payment:
        yield element("OUT_PAYMENT_ID", str(result.payment.id))
    yield element("ERROR", code)
    yield element("COMMENTS", message(result.outcome, bank.language))


def _balance(payments: list[Payment], code: str) -> Iterator[Markup]:
    total = sum((payment.amount for payment in payments), Decimal("0.00"))
    yield element("FULL_SUMMA", f"{total:.2f}")
    yield element("NUMBER_OF_PAYMENTS", str(len(payments)))
    yield element("ERROR", code)
    yield element("PAYMENTS", [element("PAYMENT_ROW", _line(payment)) for payment in payments])


def _line(payment: Payment) -> str:
    moment = f"{payment.paid_at:%Y%m%d%H%M%S}"
    return f"{payment.txn_id};{payment.id};{payment.number or ''};{payment.amount:.2f};{moment}"
