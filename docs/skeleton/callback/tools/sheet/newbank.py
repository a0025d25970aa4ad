"""The page about New Bank (newbank.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    ASK_REGISTER,
    CODE,
    COMPACT,
    DIGITS_ID,
    EXACTLY,
    NAME,
    OF_ACCOUNT,
    OF_SUM,
    OURS,
    OWED,
    RECORDED_SUM,
    SAID,
    Pair,
)

SHEET = DialectSheet(
    callers=Pair("Новый банк", "New Bank"),
    proofs=Pair("адреса", "addresses"),
    sources=Pair("банк выдуман", "the bank is invented"),
    title=Pair("Новый банк: запрос GET, ответ JSON", "New Bank: GET, JSON"),
    parameters=(
        Param("command", "check pay", EXACTLY),
        Param("id", "pay", DIGITS_ID),
        Param("account", "check pay", OF_ACCOUNT),
        Param("sum", "pay", OF_SUM),
        Param("date", "pay", COMPACT),
    ),
    answers=(
        ("code", CODE),
        ("message", SAID),
        ("payment", OURS),
        ("sum", RECORDED_SUM),
        ("name", NAME),
        ("debt", OWED),
    ),
    questions=(
        ASK_ADDRESSES,
        Pair("В каком часовом поясе `date`?", "What is the zone of `date`?"),
        Pair("Всегда ли в `sum` есть копейки?", "Has `sum` always its decimals?"),
        Pair("Что вы делаете после кода 1 и без ответа?", "What do code 1 and no answer do?"),
        ASK_REGISTER,
    ),
)
