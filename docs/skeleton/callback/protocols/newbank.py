"""New Bank, which does not exist: check and pay by GET, answered in JSON (newbank.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback import readers, wire
from callback.messages import message
from callback.model import Command, Refuse, check_or_pay
from callback.readers import Setting

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.model import Outcome, Result
    from callback.wire import Answer, Call

METHODS = ("GET",)
PATHS = ("",)
PROOFS = ()
COMMANDS = ("check", "pay")
# Section 6.
CODES = {
    "ok": "0",
    "duplicate_same": "0",  # a repeat is the first answer again
    "temporary": "1",
    "unknown_account": "2",
    "bad_account": "2",
    "account_closed": "2",
    "account_blocked": "2",
    "already_paid": "2",
    "bad_sum": "3",
    "sum_too_small": "3",
    "sum_too_large": "3",
    "duplicate_other": "4",
    "payment_cancelled": "4",
    "bad_request": "5",
    "bad_id": "5",
    "bad_date": "5",
    "unknown_command": "5",
}
SETTINGS = {
    "sum_form": Setting(readers.choice(*wire.SUMS), "decimal"),
    "show": Setting(readers.any_of("name", "debt"), ["debt"]),
}
UNAVAILABLE = Refuse(name="", outcome="temporary")  # section 5
FIELDS = {"command", "id", "account", "sum", "date"}


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    query = wire.fields(call.query, {*FIELDS, bank.service_field})
    name, txn_id = query.values.get("command", ""), query.values.get("id", "")
    outcome: Outcome | None = None
    if query.repeated:
        outcome = "bad_request"
    elif name not in COMMANDS:
        outcome = "unknown_command"
    elif name == "pay" and not wire.DIGITS.fullmatch(txn_id):
        outcome = "bad_id"
    if outcome:
        return Refuse(name=name, outcome=outcome, txn_id=txn_id)
    return _check_or_pay(bank, name, txn_id, query.values)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:  # noqa: ARG001
    """Answer as in section 5."""
    text = message("ok" if result.done else result.outcome, bank.language)
    answer: dict[str, Any] = {"code": int(code), "message": text}
    if result.done and result.payment:
        answer |= {"payment": str(result.payment.id), "sum": f"{result.payment.amount:.2f}"}
    elif result.done and result.payer:
        answer |= {word: result.payer.shown[word] for word in bank.show}
    return wire.json_answer(answer)


def _check_or_pay(bank: Bank, name: str, txn_id: str, values: dict[str, str]) -> Command:
    pays, account = name == "pay", values.get("account", "")
    # Where the settings have several services: the bank as it is for the one that is meant.
    bank, bad_service = bank.for_service(values.get(bank.service_field))
    amount, bad_sum = bank.read_sum(values.get("sum", ""), "validate" if pays else "ignore")
    paid_at = wire.moment(values.get("date"), wire.COMPACT_TIME)
    refused: Outcome | None = (
        bad_service
        or bank.account_refusal(account)
        or bad_sum
        or ("bad_date" if pays and paid_at is None else None)
        or bank.sum_refusal(amount)
    )
    # A payment that is to be refused is asked for all the same: it may be a known one (section 7).
    return check_or_pay(
        pays,
        refused,
        paid_at,
        name=name,
        txn_id=txn_id,
        account=account,
        service=bank.service,
        amount=amount,
    )
