"""The page about Sberbank, protocol No. 1 (sberbank.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Param
from callback.tools.sheet.texts import (
    ADDRESS,
    ASK_ADDRESSES,
    BALANCE,
    CODE,
    DIGITS_ID,
    EXACTLY,
    NAME,
    OF_ACCOUNT,
    OF_SUM,
    OURS,
    RECORDED_AT,
    RECORDED_SUM,
    SAID,
    Pair,
)

SHEET = DialectSheet(
    title=Pair(
        "Сбербанк, протокол № 1: запрос GET, ответ XML", "Sberbank, protocol No. 1: GET, XML"
    ),
    callers=Pair("Сбербанк № 1", "Sberbank No.1"),
    proofs=Pair("Basic, адреса", "Basic, addresses"),
    sources=Pair("несколько программ, документа нет", "several implementations, no paper"),
    parameters=(
        Param("ACTION", "check pay", EXACTLY),
        Param("ACCOUNT", "check pay", OF_ACCOUNT),
        Param("AMOUNT", "pay", OF_SUM),
        Param("PAY_ID", "pay", DIGITS_ID),
        Param(
            "PAY_DATE",
            "pay",
            Pair(
                "дата и время платежа `ДД.ММ.ГГГГ_ЧЧ:ММ:СС` или `ГГГГММДДЧЧММСС`, часовой пояс "
                "{zone}",
                "date and time of the payment `DD.MM.YYYY_HH:MM:SS` or `YYYYMMDDHHMMSS`, "
                "zone {zone}",
            ),
        ),
    ),
    answers=(
        ("CODE", CODE),
        ("MESSAGE", SAID),
        ("EXT_ID", OURS),
        ("REG_DATE", RECORDED_AT),
        ("AMOUNT", RECORDED_SUM),
        ("FIO", NAME),
        ("ADDRESS", ADDRESS),
        ("BALANCE", BALANCE),
        ("REC_SUM", Pair("сколько предложить к оплате", "the sum to suggest")),
    ),
    questions=(
        Pair("Протокол № 1 или № 2?", "Protocol No. 1 or No. 2?"),
        Pair(
            "Закрывает ли код 8 платёж как проведённый?", "Does code 8 close the payment as done?"
        ),
        Pair("Пояс и вид `PAY_DATE`?", "Zone and form of `PAY_DATE`?"),
        Pair("Сколько знаков после точки в `AMOUNT`?", "The decimals of `AMOUNT`?"),
        Pair("Знак `BALANCE`: долг с минусом?", "The sign of `BALANCE`: is a debt negative?"),
        ASK_ADDRESSES,
        Pair("Нужны ли HTTP Basic, сертификат?", "Basic, a client certificate?"),
        Pair(
            "Сколько вы ждёте ответа и как повторяете после кода 1?",
            "Your time limit, and how do you repeat after code 1?",
        ),
        Pair(
            "Реестр: вид, кодировка; номер операции — это `PAY_ID`? Суммы с комиссией или без?",
            "The register: layout, encoding; is the operation number `PAY_ID`? Gross or net?",
        ),
        Pair("Как оформляются возвраты?", "How are returns made?"),
        Pair("Что значат для вас коды 5 и 7?", "What do codes 5 and 7 mean to you?"),
    ),
)
