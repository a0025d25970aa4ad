"""The page about Click (click.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    BLANK,
    CODE,
    DIGITS_ID,
    ECHO,
    OF_ACCOUNT,
    OF_SUM,
    OURS,
    SAID,
    SERVICE,
    SIGN,
    Pair,
)

SHEET = DialectSheet(
    title=Pair("Click SHOP-API: Prepare и Complete", "Click SHOP-API: Prepare and Complete"),
    callers=Pair("Click", "Click"),
    proofs=Pair("подпись MD5", "MD5 signature"),
    sources=Pair("документация платёжной системы", "the provider's documentation"),
    parameters=(
        Param("click_trans_id", "pay perform cancel", DIGITS_ID),
        Param("service_id", "pay perform cancel", SERVICE),
        Param("click_paydoc_id", "pay perform cancel", Pair("любой текст", "any text")),
        Param("merchant_trans_id", "pay perform cancel", OF_ACCOUNT),
        Param(
            "merchant_prepare_id",
            "perform cancel",
            Pair("наш номер из ответа на Prepare", "our number in the answer to Prepare"),
        ),
        Param("amount", "pay perform cancel", OF_SUM),
        Param(
            "action",
            "pay perform cancel",
            Pair("`0` Prepare, `1` Complete", "`0` Prepare, `1` Complete"),
        ),
        Param(
            "error",
            "pay perform cancel",
            Pair(
                "`0`; отрицательное число: платёж не состоялся",
                "`0`; a negative number: the payment failed",
            ),
        ),
        Param("error_note", "pay perform cancel", Pair("любой текст", "any text")),
        Param("sign_time", "pay perform cancel", BLANK),
        Param("sign_string", "pay perform cancel", SIGN),
    ),
    formula=Pair(
        "`sign_string` — MD5 шестнадцатеричными цифрами от значений `click_trans_id`, "
        "`service_id`, секретного ключа, `merchant_trans_id`, `merchant_prepare_id` (только в "
        "Complete), `amount`, `action`, `sign_time`, взятых так, как они отправлены (до "
        "кодирования формы), и записанных подряд без разделителей",
        "`sign_string` is the MD5 in hex digits of the values `click_trans_id`, `service_id`, "
        "the secret key, `merchant_trans_id`, `merchant_prepare_id` (only in Complete), `amount`, "
        "`action`, `sign_time`, as they are sent (before the form is encoded), joined with "
        "nothing between",
    ),
    operations={"pay": "Prepare", "perform": "Complete", "cancel": "Complete"},
    answers=(
        ("error", CODE),
        ("error_note", SAID),
        ("click_trans_id", ECHO),
        ("merchant_trans_id", Pair("номер плательщика из запроса", "the payer's number as sent")),
        ("merchant_prepare_id", OURS),
        ("merchant_confirm_id", OURS),
    ),
    meanings={
        "already_paid": Pair(
            "этот платёж (или счёт) уже оплачен", "this payment (or the invoice) is paid already"
        )
    },
    occurs=("already_paid",),
    repeats=Pair(
        "Prepare с известным `click_trans_id` и теми же номером плательщика и суммой: код {code} и "
        "тот же `merchant_prepare_id`, а после Complete — код {paid}. Второй раз ничего не "
        "записывается. Так и тогда, когда счёт плательщика с тех пор закрыт.",
        "Prepare with a known `click_trans_id` and the same account and sum: code {code} and the "
        "same `merchant_prepare_id`, after Complete code {paid}. Nothing is recorded twice. So it "
        "is, too, when the account was closed since.",
    ),
    sums=Pair(
        "`{example}`: цифры; после точки одна, две или ничего",
        "`{example}`: digits; after a dot one, two or none",
    ),
    questions=(
        Pair("Как вы повторяете Complete и Prepare?", "How do you repeat Complete and Prepare?"),
        Pair("Сколько вы ждёте ответа?", "Your time limits?"),
        Pair("Что вы делаете, если ответа нет?", "What do you do without an answer?"),
        ASK_ADDRESSES,
        Pair(
            "Закрывает ли код -4 на повторный Complete платёж как проведённый?",
            "Does -4 to a repeated Complete close the payment on your side?",
        ),
        Pair("Бывают ли у сумм дробные части?", "Do sums ever have a fraction?"),
        Pair("Как мы узнаём об отменённых платежах?", "How do cancelled payments reach us?"),
    ),
)
