"""The page about Kaspi and Halyk (kaspi.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.sheet.dialect_sheet import DialectSheet, Param
from callback.tools.sheet.texts import (
    CODE,
    COMPACT,
    DIGITS_ID,
    ECHO,
    EXACTLY,
    OF_ACCOUNT,
    OF_SUM,
    OURS,
    SAID,
    SHOWN_FIELDS,
    Pair,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank


def _values(bank: Bank) -> Mapping[str, str]:
    return {"format": bank.own["format"].upper()}


SHEET = DialectSheet(
    title=Pair("Kaspi / Halyk: запрос GET, ответ {format}", "Kaspi / Halyk: GET, {format}"),
    callers=Pair("Kaspi, Halyk (Homebank)", "Kaspi, Halyk (Homebank)"),
    proofs=Pair("адреса, подписанный адрес", "addresses, signed address"),
    sources=Pair(
        "пересказ документа, пятнадцать программ; Halyk: одна",
        "the paper as restated by its readers, fifteen programs; Halyk: one",
    ),
    parameters=(
        Param("command", "check pay", EXACTLY),
        Param("txn_id", "check? pay", DIGITS_ID),
        Param("account", "check pay", OF_ACCOUNT),
        Param("sum", "check? pay", OF_SUM),
        Param("txn_date", "pay", COMPACT),
    ),
    answers=(
        ("txn_id", ECHO),
        ("result", CODE),
        ("comment", SAID),
        ("prv_txn", OURS),
        ("prv_txn_id", OURS),
        (
            "sum",
            Pair(
                "в check долг, в pay записанная сумма", "in check the debt, in pay the recorded sum"
            ),
        ),
        ("fields", SHOWN_FIELDS),
        ("bin", Pair("БИН организации", "the company's BIN")),
    ),
    questions=(
        Pair("JSON или XML?", "JSON or XML?"),
        Pair("`prv_txn` или `prv_txn_id`?", "`prv_txn` or `prv_txn_id`?"),
        Pair("Должна ли `sum` быть строкой?", "Must `sum` be a string?"),
        Pair(
            "Все адреса, с которых вы обращаетесь, письменно.", "All calling addresses, in writing."
        ),
        Pair(
            "Что происходит после кода 3, 4 или 5 в ответ на pay?",
            "What happens after 3, 4 or 5 to a pay?",
        ),
        Pair("Может ли отклонённый `txn_id` прийти снова?", "May a refused `txn_id` come again?"),
        Pair(
            "Вид реестра и час, в который он приходит?", "The layout of the register, and its hour?"
        ),
        Pair(
            "Halyk: всё перечисленное, и чем ваш протокол отличается от Kaspi?",
            "Halyk: all of the above, and what differs from Kaspi's protocol?",
        ),
    ),
    values=_values,
)
