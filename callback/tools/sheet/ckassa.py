"""The page about CKASSA (ckassa.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.sheet.dialect_sheet import DialectSheet, Note, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    ASK_PAPER,
    ASK_REGISTER,
    BALANCE,
    CODE,
    DIGITS_ID,
    EXACTLY,
    ISO,
    NAME,
    OF_ACCOUNT,
    OF_SUM,
    OUR_SIGN,
    OURS,
    RECORDED_AT,
    SAID,
    SIGN,
    Pair,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank

REQUEST_SIGN = Pair("подпись запроса, ", "the sign of the request, ")


def _values(bank: Bank) -> Mapping[str, str | Pair]:
    return {"request_sign": REQUEST_SIGN if bank.own["sign_request"] else ""}


SHEET = DialectSheet(
    title=Pair("CKASSA: XML в поле формы", "CKASSA: XML in a field of a form"),
    callers=Pair("CKASSA", "CKASSA"),
    proofs=Pair("подпись MD5", "MD5 signature"),
    sources=Pair("две программы, документа нет", "two programs agree, no paper"),
    parameters=(
        Param("act", "check pay status", EXACTLY),
        Param("account", "check pay", OF_ACCOUNT),
        Param("pay_amount", "pay", OF_SUM),
        Param("pay_id", "pay status", DIGITS_ID),
        Param("pay_date", "pay", ISO),
        Param("sign", "check pay status", SIGN),
    ),
    notes=(
        Note(
            Pair(
                "Тело — форма с одним полем `params`; его значение — текст XML, как в примерах.",
                "The body is a form with one field `params`, whose value is an XML text as in the "
                "examples.",
            )
        ),
    ),
    formula=Pair(
        "`sign` — MD5 заглавными шестнадцатеричными цифрами от текста между `<params>` и "
        "`</params>` точно так, как он отправлен (до кодирования формы), и секретного ключа сразу "
        "за ним; наш ответ подписан так же: наш текст между `<params>` и `</params>`, "
        "{request_sign}ключ",
        "`sign` is the MD5 in upper-case hex digits of the text between `<params>` and `</params>` "
        "exactly as it is sent (before the form is encoded), directly followed by the secret key; "
        "our answer is signed likewise: our text between `<params>` and `</params>`, "
        "{request_sign}the key",
    ),
    operations={"check": "act 1", "pay": "act 2", "status": "act 4"},
    answers=(
        ("err_code", CODE),
        ("err_text", SAID),
        ("reg_id", OURS),
        ("reg_date", RECORDED_AT),
        ("client_name", NAME),
        ("balance", BALANCE),
        ("sign", OUR_SIGN),
    ),
    questions=(
        Pair("`pay_amount` в рублях или копейках?", "`pay_amount`: roubles or kopecks?"),
        Pair(
            "Входит ли подпись запроса в подпись ответа?",
            "Does the sign of the request enter the sign of the answer?",
        ),
        Pair("Знак `balance`: долг с минусом?", "The sign of `balance`: is a debt negative?"),
        Pair("В каком часовом поясе даты?", "The zone of dates?"),
        ASK_PAPER,
        ASK_ADDRESSES,
        Pair("Что вы делаете после 90 и без ответа?", "What do 90 and no answer do?"),
        Pair("Закрывает ли код 1 платёж как проведённый?", "Does code 1 close the payment?"),
        ASK_REGISTER,
    ),
    values=_values,
)
