"""The page about CyberPlat and Kassa24 (cyberplat.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.sheet.dialect_sheet import DialectSheet, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    ASK_REGISTER,
    CODE,
    DIGITS_ID,
    EXACTLY,
    ISO,
    OF_ACCOUNT,
    OF_SUM,
    OUR_SIGN,
    OURS,
    OWED,
    RECORDED_AT,
    SAID,
    SIGN,
    Pair,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank

OWN_KEY = Pair(
    ". Ответ подписан нашим ключом: весь текст XML без элемента `sign`",
    ". Our answer is signed by our key: the whole XML text without the element `sign`",
)


def _values(bank: Bank) -> Mapping[str, str | Pair]:
    return {
        "format": bank.own["format"].upper(),
        "own_key": OWN_KEY if bank.own["own_key"] else "",
    }


SHEET = DialectSheet(
    title=Pair(
        "КиберПлат / Касса24: запрос GET, ответ {format}", "CyberPlat / Kassa24: GET, {format}"
    ),
    callers=Pair("CyberPlat, Касса24", "CyberPlat, Kassa24"),
    proofs=Pair("подпись RSA, Basic, адреса", "RSA signature, Basic, addresses"),
    sources=Pair("несколько программ, документа нет", "several implementations, no paper"),
    parameters=(
        Param("action", "check pay status cancel", EXACTLY),
        Param("number", "check pay", OF_ACCOUNT),
        Param("amount", "check? pay", OF_SUM),
        Param("type", "check? pay?", Pair("одно из: {types}", "one of: {types}")),
        Param("receipt", "pay status cancel", DIGITS_ID),
        Param("date", "pay", ISO),
        Param("sign", "check pay status cancel", SIGN),
    ),
    formula=Pair(
        "`sign` — RSA с SHA-1 (PKCS#1 v1.5) шестнадцатеричными цифрами от строки запроса, как она "
        "отправлена, с `action=` и до `&sign=`; `action` стоит первым, `sign` последним, "
        "метод только GET. Открытый ключ банк передаёт нам{own_key}",
        "`sign` is RSA with SHA-1 (PKCS#1 v1.5) in hex digits, over the query as it is sent, from "
        "`action=` up to `&sign=`; `action` stands first, `sign` last, the method is GET only. "
        "The bank gives us its public key{own_key}",
    ),
    answers=(
        ("code", CODE),
        ("Code", CODE),
        (
            "message",
            Pair(
                "пояснение; в check за ним через `; ` то, что видит плательщик",
                "an explanation; in check what the payer sees follows it after `; `",
            ),
        ),
        ("Message", SAID),
        ("authcode", OURS),
        ("AuthCode", OURS),
        ("date", RECORDED_AT),
        ("Date", RECORDED_AT),
        ("Invoice", OWED),
        ("sign", OUR_SIGN),
    ),
    questions=(
        Pair("XML или JSON?", "XML or JSON?"),
        Pair(
            "Есть ли подпись? Хэш, схема дополнения, кодировка запроса и ответа?",
            "Signed or not? Hash, padding, both encodings?",
        ),
        Pair("Что следует за HTTP 503 и за кодом -3?", "What follows HTTP 503, and code -3?"),
        Pair("Используете ли вы `status`?", "Is `status` used?"),
        Pair(
            "Может ли прийти `cancel`, до какого срока, и какого ответа вы ждёте на второй?",
            "May `cancel` come, until when, and what do you expect for a second one?",
        ),
        Pair("Сколько знаков после точки в `amount`?", "The decimals of `amount`?"),
        Pair("В каком часовом поясе `date`?", "The zone of `date`?"),
        ASK_ADDRESSES,
        ASK_REGISTER,
    ),
    values=_values,
)
