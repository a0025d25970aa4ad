"""CyberPlat and Kassa24: check, payment, status, cancel, in XML or JSON, perhaps signed by RSA
(cyberplat.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from callback import readers, wire
from callback.messages import message
from callback.model import Cancel, Check, Command, Refuse, Status, check_or_pay
from callback.readers import Setting
from callback.wire import element

if TYPE_CHECKING:
    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.wire import Answer, Call

METHODS = ("GET", "POST")
PATHS = ("",)
PROOFS = SHARED_PROOFS = ("bank_key",)  # one key signs for all providers, and no call names one
LEAST_BITS = 1024
SERVICE = "types"
COMMANDS = ("check", "payment", "status", "cancel")
# cyberplat.md, section 6. No other word for "temporary" surely means "ask again"; after the HTTP
# 503 of a lost answer the network asks for the status.
CODES = {
    "ok": "0",
    "duplicate_same": "0",
    "bad_signature": "-4",
    "bad_type": "-2",
    "unknown_command": "1",
    "bad_request": "1",
    "unknown_account": "2",
    "bad_account": "2",
    "account_closed": "2",
    "account_blocked": "2",
    "already_paid": "2",
    "bad_sum": "3",
    "sum_too_small": "3",
    "sum_too_large": "3",
    "bad_id": "4",
    "duplicate_other": "4",
    "bad_date": "5",
    "payment_not_found": "6",
    "payment_cancelled": "7",
    "status.temporary": "8",
    "cancel_refused": "9",
}
SETTINGS = {
    "format": Setting(readers.choice("xml", "json"), "xml"),
    "encoding": Setting(readers.choice("utf-8", "windows-1251"), "utf-8"),
    # The network has no longer ones everywhere.
    "bank_key": Setting(readers.public_key(LEAST_BITS), "", in_folder=True),
    "own_key": Setting(readers.private_key(LEAST_BITS), "", in_folder=True),
    "types": Setting(readers.texts, []),
    "cancel": Setting(readers.boolean, False),
    "check_sum": Setting(readers.choice("optional", "validate", "ignore"), "optional"),
    "sum_form": Setting(readers.choice(*wire.SUMS), "decimal"),
    "dates": Setting(readers.choice("strict", "lenient"), "strict"),
    "show": Setting(readers.any_of("name", "address", "debt"), []),
    "register": Setting(readers.table, {"skip": 1, "id_form": wire.DIGITS.pattern}),
    "sums": Setting(readers.sums, {"commission": "commission"}),
}
FIELDS = {"action", "number", "amount", "receipt", "date", "type", "mes"}
# The declaration of an XML answer, by the setting.
ENCODINGS = {"utf-8": "UTF-8", "windows-1251": "windows-1251"}
JSON_NAMES = {"code": "Code", "message": "Message", "date": "Date", "authcode": "AuthCode"}
# Section 2: what is signed, and the signature behind it.
SIGNED = re.compile(rb"(action=.*)&sign=((?:[0-9a-fA-F]{2})+)", re.DOTALL)
REASON = re.compile("[0-9]{1,9}")
END = b"</response>"
DIGITS_COME_HERE = "digits"


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    if bank.own["bank_key"]:
        if call.method != "GET":
            return Refuse(name="", outcome="bad_method")
        if not _is_signed(bank, call.query):
            return Refuse(name="", outcome="bad_signature")
    query = wire.fields(call.query + b"&" + call.form, FIELDS)
    name = query.values.get("action", "")
    if query.repeated:
        return Refuse(name=name, outcome="bad_request", noted=query.hints)
    if name not in COMMANDS:
        return Refuse(name=name, outcome="unknown_command")
    if name in ("check", "payment"):
        return _check_or_pay(bank, name, query.values)
    return _status_or_cancel(bank, name, query.values)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    answer: dict[str, Any] = {"code": code}
    payment = _payment(command, result)
    if payment:
        cancels = isinstance(command, Cancel)
        moment = payment.cancelled_at if cancels and payment.cancelled_at else payment.created_at
        answer |= {"authcode": payment.id, "date": f"{bank.local(moment):%Y-%m-%dT%H:%M:%S}"}
    done = result.done
    # A repeat is the first answer again, to the letter.
    texts = [message("ok" if done else result.outcome, bank.language)]
    payer = result.payer if done and isinstance(command, Check) else None
    if bank.own["format"] == "json":
        return _json(bank, answer, texts, payer)
    texts += [payer.shown[word] for word in bank.show] if payer else []
    return _xml(bank, answer | {"message": "; ".join(texts)})


def _is_signed(bank: Bank, query: bytes) -> bool:
    match = SIGNED.fullmatch(query)
    if match is None or wire.fields(query, {"sign"}).repeated:
        return False
    return bool(bank.own["bank_key"](bytes.fromhex(match[2].decode()), match[1]))


def _check_or_pay(bank: Bank, name: str, values: dict[str, str]) -> Command:
    pays = name == "payment"
    txn_id = values.get("receipt", "")
    bad_id: Outcome | None = "bad_id" if pays and not wire.DIGITS.fullmatch(txn_id) else None
    bank, bad_type = _of_type(bank, values.get("type"))
    account = values.get("number", "")
    sum_text, date_text = values.get("amount", ""), values.get("date", "")
    read_sum = bank.read_sum if pays else bank.read_sum_of_check
    amount, bad_sum = read_sum(sum_text)
    paid_at = bank.read_time(date_text, wire.ISO_TIME)
    refused: Outcome | None = (
        bad_type
        or bad_id
        or bank.account_refusal(account)
        or bad_sum
        or ("bad_date" if pays and paid_at is None else None)
        or bank.sum_refusal(amount)
    )
    return check_or_pay(
        # Without a readable receipt there is nothing that could be known.
        pays and not bad_id,
        refused,
        paid_at,
        name=name,
        txn_id=txn_id,
        account=account,
        service=bank.service,
        amount=amount,
        noted=bank.hints(refused, sum_text, date_text),
    )


def _of_type(bank: Bank, service: str | None) -> tuple[Bank, Outcome | None]:
    """The bank as it is for the service of this type; a type may lack unless it must tell which."""
    if service is None and not bank.services:
        return bank, None
    bank, stranger = bank.for_service(service, bank.own["types"])
    return bank, "bad_type" if stranger else None


def _status_or_cancel(bank: Bank, name: str, values: dict[str, str]) -> Command:
    """Section 8. The payment is named by its receipt."""
    txn_id = values.get("receipt", "")
    if not wire.DIGITS.fullmatch(txn_id):
        return Refuse(name=name, outcome="bad_id", txn_id=txn_id)
    if name == "status":
        return Status(name=name, txn_id=txn_id, cancelled="payment_cancelled")
    if not bank.own["cancel"]:
        return Refuse(name=name, outcome="cancel_refused", txn_id=txn_id)
    reason = values.get("mes", "")
    return Cancel(
        name=name,
        txn_id=txn_id,
        reason=int(reason) if REASON.fullmatch(reason) else None,
        refund=True,
    )


def _payment(command: Command, result: Result) -> Payment | None:
    """The payment whose number and date the answer has: what was done, and what a status finds."""
    done = result.done
    return result.payment if done or isinstance(command, Status) else None


def _json(bank: Bank, answer: dict[str, Any], texts: list[str], payer: Payer | None) -> Answer:
    shown = [payer.shown[word] for word in bank.show if word != "debt"] if payer else []
    answer["message"] = "; ".join(texts + shown)
    members = {JSON_NAMES[name]: answer[name] for name in JSON_NAMES if name in answer}
    if payer is None or "debt" not in bank.show:
        return wire.json_answer(members)
    document = wire.json_answer(members | {"Invoice": [{"amount": DIGITS_COME_HERE}]})
    # The library would write 900.00 from a float only: as 900.0, and inexact. So a text stands
    # where the digits belong. No other can be taken for it: the message begins with "OK", and
    # quotes inside of it are escaped.
    digits = f"{payer.debt:.2f}".encode()
    return document._replace(body=document.body.replace(f'"{DIGITS_COME_HERE}"'.encode(), digits))


def _xml(bank: Bank, answer: dict[str, Any]) -> Answer:
    parts = [element(name, str(value)) for name, value in answer.items()]
    document = wire.xml(element("response", parts), encoding=ENCODINGS[bank.own["encoding"]])
    if not bank.own["own_key"]:
        return document
    sign = element("sign", bank.own["own_key"](document.body).hex())
    return document._replace(body=document.body.removesuffix(END) + sign.encode() + END)
