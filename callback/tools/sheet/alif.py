"""The page about Alif (alif.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    ASK_REGISTER,
    CODE,
    ECHO,
    EXACTLY,
    OF_ACCOUNT,
    OF_SUM,
    OURS,
    Pair,
)

SHEET = DialectSheet(
    title=Pair("Алиф, протокол поставщиков: JSON", "Alif, the protocol for providers: JSON"),
    callers=Pair("Алиф", "Alif"),
    proofs=Pair("имя и пароль в Base64", "user name and password in Base64"),
    sources=Pair("документация и пример оператора", "the provider's documentation and its sample"),
    parameters=(
        Param("action", "check pay status", EXACTLY),
        Param(
            "id",
            "check pay status",
            Pair(
                "номер платежа у вас: целое число больше 0, не длиннее 20 цифр, или оно же "
                'текстом; `7` и `"7"` — один платёж',
                "your number of the payment: an integer above 0 of at most 20 digits, or the same "
                'as text; `7` and `"7"` are one payment',
            ),
        ),
        Param("account", "check pay", OF_ACCOUNT),
        Param("amount", "pay", OF_SUM),
        Param(
            "time",
            "pay?",
            Pair(
                "дата и время платежа по RFC 3339; без `Z` и смещения — часовой пояс {zone}",
                "date and time of the payment by RFC 3339; without `Z` or an offset in the zone "
                "{zone}",
            ),
        ),
        Param(
            "srv_id", "check pay", Pair("номер услуги: {srv_id}", "number of the service: {srv_id}")
        ),
    ),
    answers=(
        ("code", CODE),
        ("id", ECHO),
        (
            "info_for_client",
            Pair(
                "что показать плательщику; строки разделены обратной чертой и буквой n",
                "what to show to the payer; a backslash and an n stand between its lines",
            ),
        ),
        ("response_id", OURS),
        ("provider_id", OURS),
    ),
    sums=Pair(
        "число JSON в единицах {currency}, или оно же текстом: `{example}`; после точки одна, две "
        "цифры или ничего, без степени; `100` — это 100.00",
        "a JSON number of {currency}, or the same as text: `{example}`; after a dot one digit, two "
        "or none, no exponent; `100` is 100.00",
    ),
    not_final=("duplicate_other",),
    questions=(
        Pair(
            "На повтор проведённого платежа вам нужен код 200 или 108?",
            "A repeat of a payment that is done: code 200 or 108?",
        ),
        Pair(
            "Верен ли код 107, если номер платежа прежний, а сумма или счёт другие?",
            "Is code 107 right for a known payment number with another sum or account?",
        ),
        Pair(
            "`Z` в `time` — это UTC или местное время?", "`Z` in `time`: UTC, or your local time?"
        ),
        Pair("`srv_id` — число или строка?", "`srv_id`: number or text?"),
        Pair(
            "На неверный пароль: HTTP 200 с кодом 401 или HTTP 401?",
            "A wrong password: HTTP 200 with code 401, or HTTP 401?",
        ),
        ASK_ADDRESSES,
        Pair(
            "Как приложение показывает строки `info_for_client`?",
            "How does the application show the lines of `info_for_client`?",
        ),
        ASK_REGISTER,
        Pair("Как вы возвращаете платёж?", "How do you give a payment back?"),
    ),
)
