"""The page about Payme (payme.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Note, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    EXACTLY,
    HUNDREDTHS,
    MILLISECONDS,
    OBJECT,
    OF_SUM,
    OUR_TIMES,
    OURS,
    RPC_ID,
    SHOWN_FIELDS,
    TEXT_ID,
    ZONE_IS_UTC,
    Pair,
)

SHEET = DialectSheet(
    title=Pair("Payme Merchant API: JSON-RPC", "Payme Merchant API: JSON-RPC"),
    callers=Pair("Payme", "Payme"),
    proofs=Pair("Basic с ключом кассы, адреса", "Basic with the cash-desk's key, addresses"),
    sources=Pair("документация платёжной системы", "the provider's documentation"),
    parameters=(
        Param("method", "check pay perform cancel status statement", EXACTLY),
        Param("id", "check pay perform cancel status statement", RPC_ID),
        Param("params.id", "pay perform cancel status", TEXT_ID),
        Param("params.time", "pay", MILLISECONDS),
        Param("params.amount", "check pay", OF_SUM),
        Param("params.account", "check pay", OBJECT),
        Param("params.reason", "cancel", Pair("причина, целое число", "the reason, an integer")),
        Param("params.from", "statement", MILLISECONDS),
        Param("params.to", "statement", MILLISECONDS),
    ),
    notes=(
        Note(
            Pair(
                "`SetFiscalData` (фискальный чек) мы принимаем, пишем в журнал и отвечаем "
                '`{{"success":true}}`. Вызов без `id` получает ответ с `id` = `null`.',
                "`SetFiscalData` (the fiscal receipt) is taken, logged and answered "
                '`{{"success":true}}`. A call without `id` is answered with `id` = `null`.',
            )
        ),
    ),
    answers=(
        ("result", Pair("ответ; в отказе его нет", "the answer; absent in a refusal")),
        ("error", Pair("отказ: `code`, `message`, `data`", "a refusal: `code`, `message`, `data`")),
        ("allow", Pair("платить можно", "the account may be paid")),
        ("additional", SHOWN_FIELDS),
        ("transaction", OURS),
        (
            "state",
            Pair(
                "`1` ждёт, `2` оплачен, `-1` отменён до оплаты, `-2` после",
                "`1` waits, `2` paid, `-1` cancelled before, `-2` after it was paid",
            ),
        ),
        ("create_time", OUR_TIMES),
        ("perform_time", OUR_TIMES),
        ("cancel_time", OUR_TIMES),
        ("transactions", Pair("список платежей", "the list of payments")),
    ),
    repeats=Pair(
        "`CreateTransaction` с известным `id` и теми же номером плательщика и суммой: первый "
        "ответ, пока платёж ждёт, потом код {paid}. Второй раз ничего не записывается. Так и "
        "тогда, когда счёт плательщика с тех пор закрыт.",
        "`CreateTransaction` with a known `id` and the same account and sum: the first answer as "
        "long as the payment waits, later code {paid}. Nothing is recorded twice. So it is, too, "
        "when the account was closed since.",
    ),
    sums=HUNDREDTHS,
    zone=ZONE_IS_UTC,
    questions=(
        Pair(
            "Какой логин? Ключ кассы и ключ песочницы передайте отдельно.",
            "Which login? Hand over the key and the sandbox key separately.",
        ),
        Pair("Название поля счёта в `account`?", "The name of the field in `account`?"),
        ASK_ADDRESSES,
        Pair(
            "Нужны ли песочнице одноразовые счета (накопительный или разовый тип)?",
            "Does the sandbox want one-time orders?",
        ),
        Pair("Нужны ли фискальные данные (`detail`)?", "Fiscal data (`detail`): are they wanted?"),
        Pair("Как долго вы повторяете запрос?", "How long do you repeat?"),
        Pair(
            "Что вы делаете после -31008 и -31007 в ответ на CancelTransaction?",
            "What do you do after -31008 and -31007 in CancelTransaction?",
        ),
        Pair(
            "Ждёте ли вы отказа, если `time` старше 12 часов?",
            "Is a `time` older than 12 hours to be refused?",
        ),
        Pair("Показываете ли вы `additional`?", "Do you show `additional`?"),
    ),
)
