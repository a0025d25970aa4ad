"""The page about Paynet (paynet.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Note, Param
from callback.tools.sheet.texts import (
    EXACTLY,
    HUNDREDTHS,
    OBJECT,
    OF_SUM,
    OURS,
    RPC_ID,
    SERVICE_OF_LIST,
    SHOWN_FIELDS,
    Pair,
)

DATES = Pair(
    "дата и время у банка, `ГГГГ-ММ-ДД ЧЧ:ММ:СС` или `ДД.ММ.ГГГГ ЧЧ:ММ:СС`, часовой пояс {zone}",
    "the bank's date and time, `YYYY-MM-DD HH:MM:SS` or `DD.MM.YYYY HH:MM:SS`, zone {zone}",
)


SHEET = DialectSheet(
    title=Pair("Paynet: JSON-RPC 2.0", "Paynet: JSON-RPC 2.0"),
    callers=Pair("Paynet", "Paynet"),
    proofs=Pair("Basic", "Basic"),
    sources=Pair(
        "документ, как его приводят три программы",
        "the provider's paper as three programs quote it",
    ),
    parameters=(
        Param("jsonrpc", "check pay status cancel statement password", Pair('`"2.0"`', '`"2.0"`')),
        Param("id", "check pay status cancel statement password", RPC_ID),
        Param("method", "check pay status cancel statement password", EXACTLY),
        Param("params.serviceId", "check pay status cancel statement", SERVICE_OF_LIST),
        Param(
            "params.transactionId",
            "pay status cancel",
            Pair(
                "номер платежа: целое число больше 0 или до 64 букв, цифр и дефисов; "
                '`555` и `"555"` — один платёж',
                "the number of the payment: an integer above 0, or up to 64 letters, digits and "
                'hyphens; `555` and `"555"` are one payment',
            ),
        ),
        Param("params.transactionTime", "pay?", DATES),
        Param("params.amount", "pay", OF_SUM),
        Param("params.fields", "check pay", OBJECT),
        Param("params.timestamp", "status? cancel?", DATES),
        Param("params.dateFrom", "statement", DATES),
        Param("params.dateTo", "statement", DATES),
        Param(
            "params.newPassword",
            "password",
            Pair("от 8 до 128 печатных знаков ASCII", "8 to 128 printable ASCII characters"),
        ),
    ),
    answers=(
        (
            "result",
            Pair(
                'ответ, в ChangePassword текст `"success"`; в отказе его нет',
                'the answer, in ChangePassword the text `"success"`; absent in a refusal',
            ),
        ),
        ("error", Pair("отказ: `code` и `message`", "a refusal: `code` and `message`")),
        ("providerTrnId", OURS),
        ("timestamp", Pair("наше время, часовой пояс {zone}", "our time, zone {zone}")),
        (
            "transactionState",
            Pair(
                "`1` оплачен, `2` отменён, `3` такого нет", "`1` paid, `2` cancelled, `3` not found"
            ),
        ),
        ("fields", SHOWN_FIELDS),
        ("statements", Pair("список платежей", "the list of payments")),
    ),
    repeats=Pair(
        "Известный `transactionId`: всегда код {code}, что бы ни было в запросе; второй раз ничего "
        "не записывается. Состояние платежа скажет `CheckTransaction`.",
        "A known `transactionId`: always code {code}, whatever else the request says; nothing is "
        "recorded twice. `CheckTransaction` tells the state of the payment.",
    ),
    sums=HUNDREDTHS,
    notes=(
        Note(
            Pair(
                "ChangePassword: с нашего ответа верен только новый пароль; имя пользователя "
                "остаётся прежним. `serviceId` в нём не нужен.",
                "ChangePassword: from our answer on only the new password is good; the user name "
                "stays. It needs no `serviceId`.",
            )
        ),
    ),
    questions=(
        Pair("Нет обязательного параметра: 411 или -32602?", "A missing parameter: 411 or -32602?"),
        Pair(
            "Повторная отмена: 202 или прежний ответ?", "A second cancel: 202 or the result again?"
        ),
        Pair("Какой вид даты когда приходит?", "Which form of date comes when?"),
        Pair("Что вы делаете после HTTP 503?", "What does an HTTP 503 do?"),
        Pair(
            "Обращаетесь ли вы только с адресов `213.230.106.112/28` и `213.230.65.80/28`?",
            "Do you call from `213.230.106.112/28` and `213.230.65.80/28` only?",
        ),
        Pair("Наш `serviceId`?", "Our `serviceId`?"),
        Pair("Название поля с номером в `fields`?", "The name of the field in `fields`?"),
        Pair("Может ли `balance` всегда быть 0?", "May `balance` stay 0?"),
        Pair(
            "Через какое время после платежа может прийти отмена?",
            "How long after a payment may a cancel come?",
        ),
    ),
)
