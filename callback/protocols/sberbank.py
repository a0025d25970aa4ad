"""Sberbank protocol No.1: ACTION=check and payment, answered in upper-case XML (sberbank.md).

Its protocol No.2 is the dialect osmp with `sberbank_tags`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callback import readers, wire
from callback.messages import message
from callback.model import Check, Command, Refuse, check_or_pay
from callback.readers import Setting
from callback.wire import element

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.wire import Answer, Call, Markup

METHODS = ("GET", "POST")
PATHS = ("",)
PROOFS = ()
COMMANDS = ("check", "payment")
# sberbank.md, section 6. 7 ("technical reasons") is never sent.
CODES = {
    "ok": "0",
    "temporary": "1",
    "unknown_command": "2",
    "unknown_account": "3",
    "bad_account": "4",
    "account_closed": "5",
    "account_blocked": "5",
    "already_paid": "5",
    "bad_id": "6",
    "duplicate_other": "6",  # 8 would tell the bank that the other sum was credited
    "duplicate_same": "8",
    "bad_sum": "9",
    "sum_too_small": "10",
    "sum_too_large": "11",
    "bad_date": "12",
    "bad_request": "300",
    "payment_cancelled": "300",
}
SETTINGS = {
    "balance_sign": Setting(readers.choice("account", "debt"), "account"),
    "sum_form": Setting(readers.choice(*wire.SUMS), "decimal"),
    "dates": Setting(readers.choice("strict", "lenient"), "strict"),
    "show": Setting(readers.any_of("name", "address", "debt"), ["debt"]),
    "register": Setting(
        readers.table,
        {
            "separator": ";",
            "encoding": "windows-1251",
            "skip": 0,
            "txn_id": 5,
            "id_form": wire.DIGITS.pattern,
            "account": 6,
            "sum": 10,
            "net": 11,
            "commission": 12,
            "date": 1,
            "time": 2,
            "date_form": "%d-%m-%Y",
            "time_form": "%H-%M-%S",
            "total": "=",
            "total_count": 1,
            "total_sum": 2,
        },
    ),
}
UNAVAILABLE = Refuse(name="", outcome="temporary")  # section 5
FIELDS = {"ACTION", "ACCOUNT", "AMOUNT", "PAY_ID", "PAY_DATE"}
# Both forms of PAY_DATE were seen, and they cannot be taken for each other.
DATES = (
    re.compile(f"{wire.DOTTED_DAY}_{wire.CLOCK}"),
    wire.COMPACT_TIME,
)


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    known = {*FIELDS, bank.service_field.upper()}
    query = wire.fields(call.query + b"&" + call.form, known, fold=True)
    action = query.values.get("ACTION", "")
    name = action.lower() if action.isascii() else action  # a Kelvin sign is no k
    txn_id = query.values.get("PAY_ID", "")
    outcome: Outcome | None = None
    if query.repeated:
        outcome = "bad_request"
    elif name not in COMMANDS:
        outcome = "unknown_command"
    elif name == "payment" and not wire.DIGITS.fullmatch(txn_id):
        outcome = "bad_id"
    if outcome:
        return Refuse(name=name, outcome=outcome, txn_id=txn_id, noted=query.hints)
    return _check_or_pay(bank, name, txn_id, query.values)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    parts = [
        element("CODE", code),
        element("MESSAGE", message(result.outcome, bank.language)),
    ]
    if result.done:
        if isinstance(command, Check) and result.payer:
            parts += _shown(bank, result.payer)
        if result.payment:
            parts += _receipt(bank, result.payment)
    return wire.xml(element("response", parts))


def _check_or_pay(bank: Bank, name: str, txn_id: str, values: dict[str, str]) -> Command:
    pays = name == "payment"
    bank, bad_service = bank.for_service(values.get(bank.service_field.upper()))
    account = values.get("ACCOUNT", "")
    sum_text, date_text = values.get("AMOUNT", ""), values.get("PAY_DATE", "")
    amount, bad_sum = bank.read_sum(sum_text, "validate" if pays else "ignore")
    paid_at = bank.read_time(date_text, *DATES)
    refused: Outcome | None = (
        bad_service
        or bank.account_refusal(account)
        or bad_sum
        or ("bad_date" if pays and paid_at is None else None)
        or bank.sum_refusal(amount)
    )
    return check_or_pay(
        pays,
        refused,
        paid_at,
        name=name,
        txn_id=txn_id,
        account=account,
        service=bank.service,
        amount=amount,
        noted=bank.hints(refused, sum_text, date_text),
    )


def _receipt(bank: Bank, payment: Payment) -> list[Markup]:
    return [
        element("EXT_ID", str(payment.id)),
        element("REG_DATE", f"{bank.local(payment.created_at):%d.%m.%Y_%H:%M:%S}"),
        element("AMOUNT", f"{payment.amount:.2f}"),
    ]


def _shown(bank: Bank, payer: Payer) -> list[Markup]:
    elements = {
        "name": [element("FIO", payer.masked_name)],
        "address": [element("ADDRESS", payer.address)],
        "debt": [
            element("BALANCE", f"{bank.balance(payer):.2f}"),
            element("REC_SUM", f"{payer.debt:.2f}"),
        ],
    }
    return [part for word in bank.show for part in elements[word]]
