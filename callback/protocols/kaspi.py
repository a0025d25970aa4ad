"""Kaspi.kz and Halyk (Homebank): check and pay, answered in JSON or XML (kaspi.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callback import readers, wire
from callback.messages import message
from callback.model import Check, Command, Refuse, check_or_pay
from callback.readers import Setting
from callback.wire import element

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.model import Outcome, Payer, Result
    from callback.wire import Answer, Call, Markup

METHODS = ("GET", "POST")
PATHS = ("",)
PROOFS = ()
COMMANDS = ("check", "pay")
# kaspi.md, section 6. No word for "temporary": HTTP 503 is a broken line to the bank, and it
# repeats; 5 would be final. 4 is never sent: we answer when we know.
CODES = {
    "ok": "0",
    "duplicate_same": "0",
    "unknown_account": "1",
    "bad_account": "1",
    "account_closed": "2",
    "account_blocked": "2",
    "payment_cancelled": "2",
    "already_paid": "3",
    "sum_too_small": "5",
    "sum_too_large": "5",
    "bad_sum": "5",
    "bad_id": "5",
    "bad_date": "5",
    "bad_request": "5",
    "unknown_command": "5",
    "duplicate_other": "5",
}
SETTINGS = {
    "format": Setting(readers.choice("json", "xml"), "json"),
    "bin": Setting(readers.text, ""),
    "sum_form": Setting(readers.choice(*wire.SUMS), "decimal"),
    "dates": Setting(readers.choice("strict", "lenient"), "strict"),
    "show": Setting(readers.any_of("name", "address", "debt"), ["debt"]),
    "labels": Setting(readers.labels, {"name": "ФИО", "address": "Адрес"}),
    "register": Setting(readers.table, {"skip": 1, "id_form": wire.DIGITS.pattern}),
}
FIELDS = {"command", "txn_id", "account", "sum", "txn_date"}
NO_ACCOUNT = {"why": "missing: account"}  # for our log
# Section 5: the two forms differ in more than brackets.
XML_ORDER = ("txn_id", "prv_txn", "sum", "result", "fields", "bin", "comment")


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    query = wire.fields(call.query + b"&" + call.form, {*FIELDS, bank.service_field})
    name = query.values.get("command", "")
    txn_id = query.values.get("txn_id", "")
    echo = txn_id if wire.DIGITS.fullmatch(txn_id) else ""
    outcome: Outcome | None = None
    if query.repeated:
        outcome = "bad_request"
    elif name not in COMMANDS:
        outcome = "unknown_command"
    elif not echo and (txn_id or name == "pay"):
        outcome = "bad_id"
    if outcome:
        return Refuse(name=name, outcome=outcome, txn_id=txn_id, echo=echo, noted=query.hints)
    return _check_or_pay(bank, name, echo, query.values)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5, in JSON or XML."""
    done = result.done
    answer: dict[str, Any] = {"txn_id": command.echo or ""}
    if done and result.payment:
        # The name of our number is disputed, so JSON has both.
        answer["prv_txn_id"] = answer["prv_txn"] = str(result.payment.id)
    answer["result"] = int(code)
    if done and result.payment:
        answer["sum"] = f"{result.payment.amount:.2f}"
    if done and isinstance(command, Check) and result.payer:
        answer |= _shown(bank, result.payer)
    if done and bank.own["bin"]:
        answer["bin"] = bank.own["bin"]
    # A repeat is the first answer again, to the letter.
    answer["comment"] = message("ok" if done else result.outcome, bank.language)
    return wire.json_answer(answer) if bank.own["format"] == "json" else _xml(answer)


def _check_or_pay(bank: Bank, name: str, txn_id: str, values: dict[str, str]) -> Command:
    pays = name == "pay"
    bank, bad_service = bank.for_service(values.get(bank.service_field))
    account = values.get("account")
    # In a check the sum is a dummy.
    sum_text, date_text = values.get("sum", ""), values.get("txn_date", "")
    amount, bad_sum = bank.read_sum(sum_text, "validate" if pays else "ignore")
    paid_at = bank.read_time(date_text, wire.COMPACT_TIME)
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
        txn_id=txn_id,
        account=account or "",
        service=bank.service,
        amount=amount,
        echo=txn_id,
        noted=bank.hints(refused, sum_text, date_text) if account is not None else NO_ACCOUNT,
    )


def _shown(bank: Bank, payer: Payer) -> dict[str, Any]:
    words = payer.shown
    fields = {
        f"field{number}": {"@name": bank.labels[word], "#text": words[word]}
        for number, word in enumerate((word for word in bank.show if word != "debt"), start=1)
    }
    owed = {"sum": f"{payer.debt:.2f}"} if "debt" in bank.show else {}
    return owed | ({"fields": fields} if fields else {})


def _xml(answer: dict[str, Any]) -> Answer:
    fields = answer.get("fields", {}).items()
    content: dict[str, str | list[Markup]] = {
        **{name: str(value) for name, value in answer.items()},
        "fields": [element(tag, field["#text"], name=field["@name"]) for tag, field in fields],
    }
    parts = [element(name, content[name]) for name in XML_ORDER if name in answer]
    return wire.xml(element("response", parts))
