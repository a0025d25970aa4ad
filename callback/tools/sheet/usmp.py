"""The page about USMP, City-Pay, Payberry and RNCB (usmp.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.sheet.dialect_sheet import DialectSheet, Note, Param
from callback.tools.sheet.texts import (
    ADDRESS,
    ASK_ADDRESSES,
    ASK_PAPER,
    ASK_REGISTER,
    BALANCE,
    CODE,
    COMPACT,
    DIGITS_ID,
    ECHO,
    EXACTLY,
    NAME,
    OF_ACCOUNT,
    OF_SUM,
    OURS,
    RECORDED_SUM,
    SAID,
    SHOWN_FIELDS,
    Pair,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank

OF_CANCEL = Pair(
    "в `cancel`: платёж называет `{cancel}`, другой номер — самой отмены",
    "in `cancel`: `{cancel}` names the payment, the other number is the cancel's own",
)
NO_CANCEL = Pair(
    "отмена не согласована: ответ всегда отказ", "no cancel is agreed: it is always refused"
)
ONE_END = Pair(
    "первая или последняя секунда, обе входят: `ГГГГММДДЧЧММСС`, часовой пояс {zone}",
    "the first or the last second, both belong to it: `YYYYMMDDHHMMSS`, zone {zone}",
)
BY_NO_COMMAND = Pair(
    "Отчёт — запрос с `CheckDateBegin` и `CheckDateEnd` без `QueryType`, по тому же адресу.",
    "The report is a request with `CheckDateBegin` and `CheckDateEnd` and without `QueryType`, at "
    "the same address.",
)
BY_BALANCE = Pair(
    "Отчёт — `QueryType=balance`; вместо `DateFrom` и `DateTo` можно `Date_from` и `Date_to`. Без "
    "`Exec_date` платёж получает наше время.",
    "The report is `QueryType=balance`; `Date_from` and `Date_to` are taken for `DateFrom` and "
    "`DateTo`. A payment without `Exec_date` is dated by our clock.",
)


RNCB, USMP = Pair("РНКБ", "RNCB"), Pair(*["USMP / City-Pay / Payberry"] * 2)


def _values(bank: Bank) -> Mapping[str, str | Pair]:
    cancel = bank.own["cancel"]
    return {
        "name": RNCB if bank.own["form"] == "rncb" else USMP,
        "of_cancel": Pair(*(text.format(cancel=cancel) for text in OF_CANCEL))
        if cancel
        else NO_CANCEL,
        "report": BY_BALANCE if bank.own["form"] == "rncb" else BY_NO_COMMAND,
    }


SHEET = DialectSheet(
    title=Pair("{name}: запрос GET или POST, ответ XML", "{name}: GET or POST, XML"),
    callers=Pair("USMP, City-Pay, Payberry, РНКБ", "USMP, City-Pay, Payberry, RNCB"),
    proofs=Pair("адреса, подписанный адрес, Basic", "addresses, signed address, Basic"),
    sources=Pair(
        "документ City-Pay, как его приводит одна программа, и несколько программ",
        "City-Pay's paper as one program quotes it, several implementations",
    ),
    parameters=(
        Param("QueryType", "check pay cancel", EXACTLY),
        Param("TransactionId", "check? pay", DIGITS_ID),
        Param("TransactionId", "cancel", Pair("{of_cancel}", "{of_cancel}")),
        Param("Account", "check pay cancel?", OF_ACCOUNT),
        Param("PayElementId", "check pay", Pair("одно из: {pay_element}", "one of: {pay_element}")),
        Param("Amount", "pay cancel?", OF_SUM),
        Param(
            "AmountSum",
            "pay?",
            Pair(
                "сколько взято с плательщика: не читается, засчитывается `Amount`",
                "what was taken from the payer: not read, `Amount` is what counts",
            ),
        ),
        Param("TransactionDate", "pay", COMPACT),
        Param("RevertId", "cancel", Pair("{of_cancel}", "{of_cancel}")),
        Param("CheckDateBegin", "statement", ONE_END),
        Param("CheckDateEnd", "statement", ONE_END),
        Param("Payment_id", "pay", DIGITS_ID),
        Param("Summa", "pay", OF_SUM),
        Param("Exec_date", "pay?", COMPACT),
        Param("DateFrom", "statement", ONE_END),
        Param("DateTo", "statement", ONE_END),
    ),
    notes=(Note(Pair("{report}", "{report}")),),
    answers=(
        ("TransactionId", ECHO),
        ("RevertId", ECHO),
        ("TransactionExt", OURS),
        ("Amount", RECORDED_SUM),
        ("ResultCode", CODE),
        ("Fields", SHOWN_FIELDS),
        ("Comment", SAID),
        ("Payment", Pair("платёж в отчёте", "a payment of the report")),
        ("FIO", NAME),
        ("ADDRESS", ADDRESS),
        ("BALANCE", BALANCE),
        ("OUT_PAYMENT_ID", OURS),
        ("ERROR", CODE),
        ("COMMENTS", SAID),
        ("FULL_SUMMA", Pair("сумма платежей отчёта", "the sum of the report's payments")),
        ("NUMBER_OF_PAYMENTS", Pair("сколько их", "how many they are")),
        (
            "PAYMENT_ROW",
            Pair(
                "через `;`: номер у банка, наш номер, номер плательщика, сумма, дата у банка",
                "by `;`: the bank's number, our number, the account, the sum, the bank's date",
            ),
        ),
    ),
    questions=(
        ASK_PAPER,
        ASK_ADDRESSES,
        Pair(
            "Какой номер в отмене называет платёж: `TransactionId` или `RevertId`?",
            "Which id names the payment in a cancel: `TransactionId` or `RevertId`?",
        ),
        Pair(
            "Какие коды вы повторяете и как долго; окончательны ли остальные?",
            "Which codes do you repeat, and for how long; are all others final?",
        ),
        Pair("По какому адресу вы запросите отчёт?", "At which address do you ask for the report?"),
        Pair("В каком часовом поясе даты?", "The zone of dates?"),
        Pair("Какие у нас `PayElementId`?", "Which are our `PayElementId`?"),
        Pair(
            "Всегда ли в сумме есть дробная часть; что за единица у целого числа?",
            "Does a sum always have decimals; what is the unit of a whole number?",
        ),
        Pair(
            "РНКБ: закрывает ли код 10 (повтор) платёж как выполненный?",
            "RNCB: does code 10 (a repeat) close the payment as done?",
        ),
        ASK_REGISTER,
    ),
    values=_values,
)
