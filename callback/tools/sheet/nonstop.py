"""The page about 24 Non Stop and its relatives (nonstop.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.sheet.dialect_sheet import DialectSheet, Note, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    ASK_PAPER,
    BALANCE,
    CODE,
    EXACTLY,
    NAME,
    OF_ACCOUNT,
    OF_SUM,
    OURS,
    RECORDED_SUM,
    SERVICE_OF_LIST,
    SIGN,
    Pair,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank

ALGORITHMS = {"md5": "MD5", "sha1": "SHA-1"}
WITH_SUM = Pair("в `ACT=4` также `PAY_AMOUNT`, ", "in `ACT=4` also `PAY_AMOUNT`, ")
WITHOUT_SUM = Pair(
    ". Сумма не подписана, поэтому только HTTPS", ". The sum is not signed, hence only HTTPS"
)
ANY_TEXT = Pair("любой текст, не читается", "any text, it is not read")


def _values(bank: Bank) -> Mapping[str, str | Pair]:
    signs_sum = bank.own["sign_amount"]
    return {
        "algorithm": ALGORITHMS[bank.own["sign"]],
        "with_sum": WITH_SUM if signs_sum else "",
        "without_sum": "" if signs_sum else WITHOUT_SUM,
    }


SHEET = DialectSheet(
    title=Pair(
        "24 Non Stop: запрос GET или XML, ответ XML", "24 Non Stop: GET or a body of XML, XML"
    ),
    callers=Pair("24 Non Stop, 2click, AllTime", "24 Non Stop, 2click, AllTime"),
    proofs=Pair("подпись MD5 или SHA-1 (без суммы)", "MD5 or SHA-1 signature (not of the sum)"),
    sources=Pair("шесть программ, документа нет", "six programs agree, no paper"),
    parameters=(
        Param("ACT", "check pay status", EXACTLY),
        Param("PAY_AMOUNT", "pay", OF_SUM),
        Param("PAY_ACCOUNT", "check pay status?", OF_ACCOUNT),
        Param(
            "PAY_ID",
            "check? pay status",
            Pair(
                "номер платежа у вас: до 64 букв, цифр и дефисов, регистр важен",
                "your number of the payment: up to 64 letters, digits and hyphens, letter case "
                "counts",
            ),
        ),
        Param("SERVICE_ID", "check pay status", SERVICE_OF_LIST),
        Param("RECEIPT_NUM", "pay", ANY_TEXT),
        Param("TRADE_POINT", "check pay", ANY_TEXT),
        Param("SIGN", "check pay status", SIGN),
    ),
    notes=(
        Note(
            Pair(
                "Вместо строки запроса может быть POST с телом "
                "`<pay-request><act>1</act>…</pay-request>`: те же имена строчными буквами.",
                "Instead of a query there may be a POST with the body "
                "`<pay-request><act>1</act>…</pay-request>`: the same names in lower case.",
            )
        ),
    ),
    formula=Pair(
        "`SIGN` — {algorithm} шестнадцатеричными цифрами от значений `ACT`, `PAY_ACCOUNT`, "
        "`SERVICE_ID`, `PAY_ID`, {with_sum}секретного ключа, взятых до кодирования и соединённых "
        "знаком `_`; вместо значения, которого нет, пусто{without_sum}",
        "`SIGN` is the {algorithm} in hex digits of the values `ACT`, `PAY_ACCOUNT`, "
        "`SERVICE_ID`, `PAY_ID`, {with_sum}the secret key, as they are before they are encoded, "
        "joined with `_`; a value that is not sent is empty{without_sum}",
    ),
    operations={"check": "ACT=1", "pay": "ACT=4", "status": "ACT=7"},
    answers=(
        ("status_code", CODE),
        ("balance", BALANCE),
        ("name", NAME),
        ("account", Pair("номер плательщика из запроса", "the payer's number as sent")),
        ("service_id", Pair("номер услуги из запроса", "the number of the service as sent")),
        ("min_amount", Pair("наименьшая сумма платежа", "the smallest sum of a payment")),
        ("max_amount", Pair("наибольшая сумма платежа", "the largest sum of a payment")),
        ("pay_id", Pair("номер платежа из запроса", "the number of the payment as sent")),
        ("amount", RECORDED_SUM),
        ("description", OURS),
        (
            "time_stamp",
            Pair(
                "наше время, часовой пояс {zone}; у платежа — когда он записан",
                "our time, zone {zone}; of a payment: when it was recorded",
            ),
        ),
        (
            "transaction",
            Pair("платёж, о котором спрашивает `ACT=7`", "the payment that `ACT=7` asks for"),
        ),
        ("status", Pair("`111` проведён, `130` отменён", "`111` done, `130` cancelled")),
    ),
    repeats=Pair(
        "Известный `PAY_ID`: код {code}, второй раз ничего не записывается. Так и тогда, когда "
        "счёт плательщика с тех пор закрыт. Как прошёл платёж, скажет `ACT=7`.",
        "A known `PAY_ID`: code {code}, nothing is recorded twice. So it is, too, when the account "
        "was closed since. `ACT=7` tells how the payment ended.",
    ),
    questions=(
        ASK_PAPER,
        Pair("Подпись MD5 или SHA-1?", "The signature: MD5 or SHA-1?"),
        Pair("Входит ли сумма в подпись?", "Is the sum signed?"),
        Pair(
            "Что вы делаете после -100, после -90 и без ответа?",
            "What do -100, -90 and no answer do?",
        ),
        ASK_ADDRESSES,
        Pair(
            "В каком часовом поясе даты реестра, чей в нём день: ваш или наш?",
            "The zone of the register's dates; is its day yours or ours?",
        ),
        Pair(
            "`balance` — деньги на счёте (долг с минусом) или долг?",
            "`balance`: money on the account (a debt is negative), or the debt?",
        ),
    ),
    values=_values,
)
