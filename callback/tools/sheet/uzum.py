"""The page about Uzum Bank (uzum.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    CODE,
    ECHO,
    HUNDREDTHS,
    MILLISECONDS,
    OBJECT,
    OF_SUM,
    OUR_TIMES,
    SERVICE,
    TEXT_ID,
    ZONE_IS_UTC,
    Pair,
)

SHEET = DialectSheet(
    title=Pair("Uzum Bank Merchant API: JSON", "Uzum Bank Merchant API: JSON"),
    callers=Pair("Uzum Bank", "Uzum Bank"),
    proofs=Pair("Basic", "Basic"),
    sources=Pair("документация банка", "the provider's documentation"),
    parameters=(
        Param("serviceId", "check pay perform cancel status", SERVICE),
        Param("timestamp", "check pay perform cancel status", MILLISECONDS),
        Param("transId", "pay perform cancel status", TEXT_ID),
        Param("params", "check pay", OBJECT),
        Param("amount", "pay perform?", OF_SUM),
    ),
    answers=(
        ("status", CODE),
        ("errorCode", CODE),
        ("serviceId", SERVICE),
        ("transId", ECHO),
        (
            "data",
            Pair("номер и то, что видит плательщик", "the number, and what the payer sees"),
        ),
        ("amount", Pair("записанная сумма, в тийинах", "the recorded sum, in tiyin")),
        ("timestamp", OUR_TIMES),
        ("transTime", OUR_TIMES),
        ("confirmTime", OUR_TIMES),
        ("reverseTime", OUR_TIMES),
    ),
    success={"status": ("CREATED", "CONFIRMED", "REVERSED")},
    repeats=Pair(
        "`create` с известным `transId`: {code} и первое `transTime`; второй раз ничего не "
        "записывается. Так и тогда, когда счёт плательщика с тех пор закрыт.",
        "`create` with a known `transId`: {code} and the first `transTime`; nothing is recorded "
        "twice. So it is, too, when the account was closed since.",
    ),
    sums=HUNDREDTHS,
    zone=ZONE_IS_UTC,
    questions=(
        Pair("Наш `serviceId`?", "Our `serviceId`?"),
        Pair("Название поля счёта в `params`?", "The name of the field in `params`?"),
        Pair(
            "Какой логин для проверки? Пароль передайте отдельно.",
            "Which login for the tests? Hand over the password separately.",
        ),
        ASK_ADDRESSES,
        Pair(
            "Нужны ли коды на повторы (10010, 10016, 10018) или первый ответ ещё раз?",
            "Repeats with codes (10010, 10016, 10018), or the first answer again?",
        ),
        Pair("`errorCode` — строка или число?", "`errorCode`: text or number?"),
        Pair("HTTP 400 или 401 на неверный пароль?", "HTTP 400 or 401 for a bad password?"),
        Pair(
            "Какие поля `data` показывает приложение?",
            "Which members of `data` does the application show?",
        ),
    ),
)
