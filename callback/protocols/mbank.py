"""MBANK and Mobilnik: QE11 asks, QE10 pays, in a small XML of attributes (mbank.md)."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from callback import documents, readers, wire
from callback.messages import LANGUAGES, message
from callback.model import Check, Command, Pay, Refuse
from callback.readers import Setting
from callback.wire import element

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Result
    from callback.wire import Answer, Call

METHODS = ("POST",)
PATHS = ("",)
PROOFS = ()
SERVICE = "service_id"
COMMANDS = {"QE11": "check", "QE10": "pay"}  # PR09, a cancel, does not say which payment: no
# mbank.md, section 6.
CODES = {
    "ok": "200",
    "pay.ok": "250",
    "duplicate_same": "250",
    "bad_request": "401",  # all that is missing or malformed and has no word of its own
    "unknown_command": "401",
    "bad_sum": "401",
    "unknown_account": "420",
    "bad_account": "420",
    "account_closed": "420",
    "account_blocked": "420",
    "already_paid": "421",
    "duplicate_other": "421",
    "payment_cancelled": "421",
    "sum_too_large": "422",
    "sum_too_small": "423",
    "temporary": "424",
}
SETTINGS = {
    "qm": Setting(readers.texts, []),
    "service_id": Setting(readers.text, ""),
    "sid": Setting(readers.text, ""),
    "sum_form": Setting(readers.choice(*wire.SUMS), "decimal"),
    "dates": Setting(readers.choice("strict", "lenient"), "strict"),
    "show": Setting(readers.any_of("name", "address", "debt"), ["debt"]),
    "labels": Setting(readers.labels, {"name": "ФИО", "address": "Адрес"}),
    "language": Setting(readers.choice(*LANGUAGES), "ru"),
}
# Section 5: the words that terminals of this family show.
PAID = "Платеж проведен"
WRONG_REQUEST = "Неправильный формат запроса"
REFUSED: dict[Outcome, str] = {
    "unknown_account": "Лицевой счет не найден",
    "invoice_cancelled": "Лицевой счет не найден",
    "bad_account": "Лицевой счет не найден",
    "account_closed": "Лицевой счет закрыт",
    "account_blocked": "Лицевой счет заблокирован",
    "already_paid": "Счет уже оплачен",
    "duplicate_other": "Номер платежа уже использован",
    "payment_cancelled": "Платеж отменен",
    "sum_too_small": "Сумма слишком мала",
    "sum_too_large": "Сумма слишком велика",
    "temporary": "Сервис временно недоступен",
}
ECHO = re.compile("[!-~]{1,64}")  # the form of QID, and of all that is repeated
DIFFERS: tuple[Outcome, Outcome] = ("sum_too_small", "sum_too_large")  # from the invoice's
DEPTH = 10
WHOLE_DIGITS = 12


class Head(NamedTuple):
    """What the answer's HEAD repeats; empty what is missing or malformed."""

    qm: str = ""
    qid: str = ""
    op: str = ""
    dated: bool = True  # DTS tells the time


# Section 5: a time in an answer that is written beforehand would be wrong.
UNAVAILABLE = Refuse(name="", outcome="temporary", echo=Head(dated=False))


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    envelope = _envelope(call.body)
    if envelope is None:
        return Refuse(name="", outcome="bad_request")
    head, body = envelope
    qm, qid, op = (_repeatable(head.get(name, "")) for name in ("QM", "QID", "OP"))
    echo = Head(qm, qid, op)
    name = COMMANDS.get(head.get("OP", ""), "")
    bank, bad_service = _of_service(bank, body)
    amount = _amount(bank, body.get("SUM", "")) if name == "pay" else None
    paid_at = bank.read_time(head.get("DTS", ""), wire.BLANK_TIME, any_year=True)
    undated: Outcome | None = "bad_date" if name == "pay" and paid_at is None else None
    refused = _stranger(bank, head) or bad_service or _refusal(bank, name, echo, body, amount)
    common: dict[str, Any] = {
        "name": name or echo.op,
        "txn_id": echo.qid,
        "account": body.get("PARAM1", ""),
        "service": bank.service,
        "amount": amount,
        "echo": echo,
        "noted": _hints(bank, name, refused, undated, envelope),
    }
    if refused:
        return Refuse(outcome=refused, **common)
    if name == "check":
        return Check(exact=True, **common)
    late = "bad_request" if paid_at is None else bank.sum_refusal(amount)
    return Pay(refused=late, paid_at=paid_at, exact=True, differs=DIFFERS, **common)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    echo = command.echo or Head()
    now = f"{datetime.now(bank.timezone):%Y-%m-%d %H:%M:%S}" if echo.dated else ""
    head = {"DTS": now, "QM": echo.qm, "QID": echo.qid, "OP": echo.op}
    if bank.own["sid"]:
        head["SID"] = bank.own["sid"]
    body = _body(bank, result, code)
    parts = [element("HEAD", (), **head), element("BODY", (), **body)]
    return wire.xml(element("XML", parts), "application/xml")


def _envelope(raw: bytes) -> tuple[Element, Element] | None:
    """Find HEAD and BODY, or None (step 2)."""
    root = documents.read_xml(raw, DEPTH)
    if root is None or root.tag != "XML":
        return None
    heads, bodies = root.findall("HEAD"), root.findall("BODY")
    return (heads[0], bodies[0]) if len(heads) == len(bodies) == 1 else None


def _stranger(bank: Bank, head: Element) -> Outcome | None:
    """Refuse another source than the agreed ones (step 3)."""
    strange = bank.own["qm"] and head.get("QM") not in bank.own["qm"]
    return "bad_request" if strange else None


def _of_service(bank: Bank, body: Element) -> tuple[Bank, Outcome | None]:
    ours = bank.own["service_id"]
    return bank.for_service(body.get("SERVICE_ID"), (ours,) if ours else ())


def _refusal(
    bank: Bank, name: str, echo: Head, body: Element, amount: Decimal | None
) -> Outcome | None:
    """Find what not even a known payment is excused for: the rest of step 3, and step 4."""
    if not name:
        return "unknown_command"
    if name == "pay" and not echo.qid:
        return "bad_request"
    account = body.get("PARAM1")
    if account is None:
        return "bad_request"
    unread: Outcome | None = "bad_sum" if name == "pay" and amount is None else None
    return bank.account_refusal(account) or unread


def _hints(
    bank: Bank,
    name: str,
    refused: Outcome | None,
    undated: Outcome | None,
    envelope: tuple[Element, Element],
) -> dict[str, str]:
    """Say, for our log only, what 401 stands for, or which setting would take a sum or a date."""
    head, body = envelope
    faults = {
        "QM": _stranger(bank, head),
        "QID": name == "pay" and not _repeatable(head.get("QID", "")),
        "PARAM1": body.get("PARAM1") is None,
        "DTS": undated,
    }
    is_plain = refused in (None, "bad_request")
    wrong = [part for part, fault in faults.items() if fault and is_plain]
    hints = bank.hints(refused or undated, body.get("SUM", ""), head.get("DTS", ""))
    return hints or wire.named("missing or wrong", wrong)


def _repeatable(text: str) -> str:
    return text if ECHO.fullmatch(text) else ""


def _amount(bank: Bank, text: str) -> Decimal | None:
    if len(re.split("[.,]", text)[0]) > WHOLE_DIGITS:
        return None
    return wire.amount(text, bank.own["sum_form"])


def _body(bank: Bank, result: Result, code: str) -> dict[str, str]:
    if not result.done:
        return _refused(bank, result.outcome, code)
    russian = bank.language == "ru"
    if result.payment:
        # A repeat is the first answer again.
        text = PAID if russian else message("ok", bank.language)
        return {"STATUS": code, "MSG": text, "SUM": f"{result.payment.amount:.2f}"}
    shown = _shown(bank, result.payer) if result.payer else {}
    return {"STATUS": code, "MSG": message("ok", bank.language), **shown}


def _refused(bank: Bank, outcome: Outcome, code: str) -> dict[str, str]:
    russian = bank.language == "ru"
    text = REFUSED.get(outcome, WRONG_REQUEST) if russian else message(outcome, bank.language)
    return {"STATUS": code, "ERR_MSG": text}


def _shown(bank: Bank, payer: Payer) -> dict[str, str]:
    words = payer.shown
    owed = {"SUM": f"{payer.debt:.2f}"} if "debt" in bank.show else {}
    others = (word for word in bank.show if word != "debt")
    return owed | {
        f"REQUISITE{number}": f"{bank.labels[word]}: {words[word]}"
        for number, word in enumerate(others, start=1)
    }
