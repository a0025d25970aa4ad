"""QIWI and the OSMP family: getInfo, check, pay, and cancel where agreed (osmp.md)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from callback import readers, wire
from callback.clock import utc_now
from callback.messages import message
from callback.model import Cancel, Check, Command, Refuse, check_or_pay
from callback.readers import Setting
from callback.wire import element

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from callback.bank import Bank
    from callback.model import Outcome, Payer, Payment, Result
    from callback.wire import Answer, Call, Markup

METHODS = ("GET", "POST")
PATHS = ("",)
PROOFS = ()
COMMANDS = ("getInfo", "check", "pay")  # and cancel, by a setting
# osmp.md, section 6.
CODES = {
    "ok": "0",
    "duplicate_same": "0",  # a repeat is the first answer again
    "temporary": "1",  # never 300: that would be final
    "bad_account": "4",
    "unknown_account": "5",
    "account_blocked": "7",
    "already_paid": "7",
    "payment_cancelled": "7",
    "cancel_refused": "7",
    "account_closed": "79",
    "sum_too_small": "241",
    "sum_too_large": "242",
    "bad_id": "300",
    "bad_date": "300",
    "bad_sum": "300",
    "bad_request": "300",
    "unknown_command": "300",
    "duplicate_other": "300",
    "payment_not_found": "300",
}
SETTINGS = {
    "id_tag": Setting(readers.xml_name, "osmp_txn_id"),
    "txn_id_max": Setting(readers.integer(1, 64), 20),
    "txn_date": Setting(readers.choice("required", "optional"), "required"),
    "fields_form": Setting(readers.choice("fields", "extra"), "fields"),
    "date_tag": Setting(readers.xml_name, ""),
    "date_form": Setting(readers.text, "%Y%m%d%H%M%S"),
    "sberbank_tags": Setting(readers.boolean, False),
    "balance_sign": Setting(readers.choice("account", "debt"), "account"),
    "check_sum": Setting(readers.choice("optional", "validate", "ignore"), "optional"),
    "sum_form": Setting(readers.choice(*wire.SUMS), "decimal"),
    "dates": Setting(readers.choice("strict", "lenient"), "strict"),
    "ccy": Setting(readers.texts),
    "cancel": Setting(readers.boolean, False),
    "show": Setting(readers.any_of("name", "address", "debt"), ["debt"]),
    "labels": Setting(readers.labels, {"name": "name", "debt": "debt", "address": "address"}),
    "register": Setting(
        readers.table,
        {
            "separator": "\t",
            "encoding": "utf-8",
            "second_encoding": "windows-1251",
            "address_line": True,
            "skip": 0,
            "txn_id": 1,
            "id_form": "[0-9]{1,64}",  # txn_id_max at its longest
            "date": 2,
            "time": 3,
            "account": 4,
            "sum": 5,
            "date_form": "%d.%m.%Y",
            "total": "Total:",
            "total_count": 2,
            "total_sum": 3,
        },
    ),
}
# Section 10: letters and ISO digits of the bank's currency.
ISO_DIGITS = {
    "KZT": "398",
    "RUB": "643",
    "KGS": "417",
    "UZS": "860",
    "UAH": "980",
    "USD": "840",
    "EUR": "978",
}
# sberbank.md, section 14.
SBERBANK_TAGS = {"name": "fio", "address": "address", "debt": "balance"}
# The elements of what a check shows, by the setting fields_form.
SHOWN_AS = {"fields": ("fields", "field{}"), "extra": ("info", "extra")}
NO_SUM = Decimal(-1)
NO_ACCOUNT = "missing: account"
NOT_OURS = "another currency: see the setting ccy"
FIELDS = {"command", "txn_id", "account", "sum", "txn_date", "ccy"}
CANCEL_FIELDS = FIELDS | {"cancel_txn_id", "cancel_txn_date"}


class Echo(NamedTuple):
    """The ids that an answer repeats; None leaves the element out, as getInfo does."""

    txn_id: str | None = ""
    cancel_txn_id: str = ""


# Section 5: without an id; any would be another payment's.
UNAVAILABLE = Refuse(name="", outcome="temporary", echo=Echo(None))


def read(bank: Bank, call: Call) -> Command:
    """Read a request in the order of section 4."""
    can_cancel = bank.own["cancel"]
    known = {*(CANCEL_FIELDS if can_cancel else FIELDS), bank.service_field}
    query = wire.fields(call.query + b"&" + call.form, known)
    name = query.values.get("command", "")
    if name == "getInfo":
        query.values.pop("txn_id", None)
    txn_id = query.values.get("txn_id", "")
    echo = Echo(txn_id if _is_id(bank, txn_id) else "")
    outcome: Outcome | None = None
    if query.repeated:
        outcome = "bad_request"
    elif name not in COMMANDS and not (name == "cancel" and can_cancel):
        outcome = "unknown_command"
    elif not echo.txn_id and (txn_id or name in ("pay", "cancel")):
        outcome = "bad_id"
    if name == "getInfo":
        echo = Echo(None)
    if outcome:
        return Refuse(name=name, outcome=outcome, txn_id=txn_id, echo=echo, noted=query.hints)
    if name == "cancel":
        return _cancel(bank, echo, query.values)
    return _check_or_pay(bank, name, echo, query.values)


def write(bank: Bank, command: Command, result: Result, code: str) -> Answer:
    """Answer as in section 5."""
    echo = command.echo or Echo()
    done = result.done
    id_tag = bank.own["id_tag"]
    parts = [element(id_tag, echo.txn_id)] if id_tag and echo.txn_id is not None else []
    if done and result.payment:
        parts += _receipt(bank, result.payment, echo.cancel_txn_id)
    parts.append(element("result", code))
    if done and result.payer and isinstance(command, Check):
        parts += _shown(bank, result.payer)
    # A repeat is the first answer again, to the letter.
    parts.append(element("comment", message("ok" if done else result.outcome, bank.language)))
    return wire.xml(element("response", parts))


def _is_id(bank: Bank, text: str) -> bool:
    """Say whether it is digits: also more than wire.DIGITS takes, by a setting."""
    return text.isascii() and text.isdecimal() and len(text) <= bank.own["txn_id_max"]


def _check_or_pay(bank: Bank, name: str, echo: Echo, values: Mapping[str, str]) -> Command:
    pays = name == "pay"
    bank, bad_service = bank.for_service(values.get(bank.service_field))
    account = values.get("account")
    amount, bad_sum = _sum(bank, name, values.get("sum", ""))
    paid_at = _paid_at(bank, values)
    refused: Outcome | None = (
        bad_service
        or ("bad_request" if account is None else bank.account_refusal(account))
        or bad_sum
        or ("bad_date" if pays and paid_at is None else None)
        or ("bad_request" if values.get("ccy", "") not in _currencies(bank) else None)
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
        noted=_hints(bank, refused, values) if refused else {},
    )


def _sum(bank: Bank, name: str, text: str) -> tuple[Decimal | None, Outcome | None]:
    if name == "getInfo":
        return None, None
    return bank.read_sum(text) if name == "pay" else bank.read_sum_of_check(text)


def _paid_at(bank: Bank, values: Mapping[str, str]) -> datetime | None:
    """The bank's own date; ours where it may lack and does."""
    if "txn_date" not in values and bank.own["txn_date"] == "optional":
        return bank.local(utc_now())
    return bank.read_time(values.get("txn_date", ""), wire.COMPACT_TIME)


def _hints(bank: Bank, refused: Outcome, values: Mapping[str, str]) -> dict[str, str]:
    """Say, for our log only, what a refusal does not say itself."""
    if refused == "bad_request":
        return {"why": NOT_OURS if "account" in values else NO_ACCOUNT}
    return bank.hints(refused, values.get("sum", ""), values.get("txn_date", ""))


def _currencies(bank: Bank) -> tuple[str, ...]:
    ours = (bank.currency, ISO_DIGITS.get(bank.currency, bank.currency))
    return ("", *(ours if bank.own["ccy"] is None else bank.own["ccy"]))


def _cancel(bank: Bank, echo: Echo, values: Mapping[str, str]) -> Command:
    """Section 8. The payment is named by cancel_txn_id; the cancel's own id is not stored."""
    of = values.get("cancel_txn_id", "")
    if not _is_id(bank, of):
        return Refuse(name="cancel", outcome="bad_id", txn_id=of, echo=echo)
    if values.get("ccy", "") not in _currencies(bank):  # section 4, step 6: any command
        noted = {"why": NOT_OURS}
        return Refuse(name="cancel", outcome="bad_request", txn_id=of, echo=echo, noted=noted)
    of_sum = values.get("sum")
    return Cancel(
        name="cancel",
        txn_id=of,
        service=bank.for_service(values.get(bank.service_field))[0].service,
        echo=echo._replace(cancel_txn_id=of),
        of_account=values.get("account"),
        # A sum that cannot be read is another sum.
        of_sum=None if of_sum is None else wire.amount(of_sum, bank.own["sum_form"]) or NO_SUM,
        mismatch="cancel_differs",
        refund=True,
    )


def _receipt(bank: Bank, payment: Payment, cancel_txn_id: str) -> list[Markup]:
    number = element("prv_txn", str(payment.id))
    amount = element("sum", f"{payment.amount:.2f}")
    if cancel_txn_id:
        return [element("cancel_txn_id", cancel_txn_id), number, amount]
    recorded = bank.local(payment.created_at)
    extra = []
    if bank.own["sberbank_tags"]:
        extra.append(element("ext_id", str(payment.id)))
        extra.append(element("reg_date", f"{recorded:%Y%m%d%H%M%S}"))
    if bank.own["date_tag"]:
        extra.append(element(bank.own["date_tag"], recorded.strftime(bank.own["date_form"])))
    return [number, *extra, amount]


def _shown(bank: Bank, payer: Payer) -> list[Markup]:
    words = payer.shown
    if bank.own["sberbank_tags"]:
        words["debt"] = f"{bank.balance(payer):.2f}"
        return [element(SBERBANK_TAGS[word], words[word]) for word in bank.show]
    outer, inner = SHOWN_AS[bank.own["fields_form"]]
    shown = [
        element(inner.format(number), words[word], name=bank.labels[word])
        for number, word in enumerate(bank.show, start=1)
    ]
    return [element(outer, shown)] if shown else []
