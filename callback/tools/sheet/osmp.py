"""The page about QIWI and the OSMP family (osmp.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.protocols.osmp import ISO_DIGITS
from callback.tools.sheet.blocks import listed
from callback.tools.sheet.dialect_sheet import DialectSheet, Note, Param
from callback.tools.sheet.texts import (
    ADDRESS,
    ASK_ADDRESSES,
    ASK_BASIC,
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
    RECORDED_AT,
    RECORDED_SUM,
    SAID,
    SHOWN_FIELDS,
    Pair,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank

NEW_ID = Pair(
    "в `cancel` — номер самой отмены: от 1 до {id_digits} цифр",
    "in `cancel` the number of the cancel itself: 1 to {id_digits} digits",
)
DATE = Pair(f"{COMPACT.ru}{{date_may_lack}}", f"{COMPACT.en}{{date_may_lack}}")
MAY_LACK = Pair("; без неё — время по нашим часам", "; without it: now, by our clock")


def _values(bank: Bank) -> Mapping[str, str | Pair]:
    digits = ISO_DIGITS.get(bank.currency, "")
    ours = [bank.currency, digits] if digits else [bank.currency]
    return {
        "ccy": listed(ours if bank.own["ccy"] is None else bank.own["ccy"]),
        "id_digits": str(bank.own["txn_id_max"]),
        "date_may_lack": MAY_LACK if bank.own["txn_date"] == "optional" else "",
    }


SHEET = DialectSheet(
    title=Pair("QIWI / OSMP: запрос GET или POST, ответ XML", "QIWI / OSMP: GET or POST, XML"),
    callers=Pair(
        "QIWI и семейство OSMP, Optima, Pay24, Сбербанк № 2",
        "QIWI and the OSMP family, Optima, Pay24, Sberbank No.2",
    ),
    proofs=Pair("адреса, Basic, подписанный адрес", "addresses, Basic, signed address"),
    sources=Pair("документ QIWI и несколько программ", "QIWI's own paper, several implementations"),
    parameters=(
        Param("command", "check pay cancel", EXACTLY),
        Param("txn_id", "check? pay", DIGITS_ID),
        Param("txn_id", "cancel", NEW_ID),
        Param("account", "check pay cancel?", OF_ACCOUNT),
        Param("sum", "check? pay cancel?", OF_SUM),
        Param("txn_date", "pay", DATE),
        Param(
            "cancel_txn_id",
            "cancel",
            Pair("`txn_id` отменяемого платежа", "the `txn_id` of the payment to cancel"),
        ),
    ),
    notes=(
        Note(
            Pair(
                "`command=getInfo` с одним `account` отвечает как `check`, без номера платежа.",
                "`command=getInfo` with `account` alone is answered as `check`, without an id.",
            )
        ),
        Note(
            Pair("Если есть `ccy`, то одно из: {ccy}.", "Where `ccy` is sent, it is one of: {ccy}.")
        ),
    ),
    answers=(
        ("{id_tag}", ECHO),
        ("result", CODE),
        ("comment", SAID),
        ("prv_txn", OURS),
        ("sum", RECORDED_SUM),
        ("fields", SHOWN_FIELDS),
        ("info", SHOWN_FIELDS),
        ("fio", NAME),
        ("address", ADDRESS),
        ("balance", BALANCE),
        ("ext_id", OURS),
        ("reg_date", RECORDED_AT),
    ),
    questions=(
        ASK_ADDRESSES,
        ASK_BASIC,
        Pair("В каком часовом поясе `txn_date`?", "What is the zone of `txn_date`?"),
        Pair("Сколько цифр в `txn_id`?", "How many digits has `txn_id`?"),
        Pair("В каком виде `ccy`: буквы или цифры?", "The form of `ccy`: letters or digits?"),
        Pair(
            "Приходит ли `sum` в check, всегда ли со знаками после точки и в каких единицах?",
            "Does `sum` come in check, always with decimals, and in which unit?",
        ),
        Pair(
            "Что вы делаете после кода 1 и как долго повторяете?",
            "What do you do after code 1, and for how long?",
        ),
        Pair(
            "Окончателен ли ответ, которого нет или который не XML?",
            "Is a missing or non-XML answer final?",
        ),
        Pair(
            "Реестр: на какой адрес, в котором часу; второй файл за день заменяет первый или "
            "дополняет?",
            "The register: to which address, at what hour; does a second file of a day replace or "
            "add?",
        ),
        Pair("Как оформляются возвраты?", "How are refunds made?"),
        Pair(
            "TBC Pay: значит ли код 215 на повтор, что платёж принят, и приходит ли дата?",
            "TBC Pay: does code 215 to a repeat count as done, and does a date come?",
        ),
        Pair(
            "Есть ли у вас другие коды, кроме перечисленных выше (79, 241, 242)?",
            "Is your table of codes another than ours above (79, 241, 242)?",
        ),
        Pair(
            "Какого ответа вы ждёте на тот же номер платежа с другими данными?",
            "What do you expect for the same number with other data?",
        ),
    ),
    values=_values,
)
