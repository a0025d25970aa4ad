"""The page about Click (click.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.sheet.dialect_sheet import DialectSheet, Note, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    BLANK,
    CODE,
    DIGITS_ID,
    ECHO,
    OBJECT,
    OF_ACCOUNT,
    OF_SUM,
    OURS,
    SAID,
    SERVICE,
    SHOWN_FIELDS,
    SIGN,
    Pair,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.bank import Bank

LATE_CANCEL = Pair(
    "Complete с отрицательным `error` для оплаченного платежа: {late_cancel_means}.",
    "A Complete with a negative `error` for a payment that is paid: {late_cancel_means}.",
)
LATE = {
    "refuse": Pair("он остаётся оплаченным, код -4", "it stays paid, code -4"),
    "cancel": Pair("он отменяется, код -9", "it is cancelled, code -9"),
}


def _values(bank: Bank) -> Mapping[str, Pair]:
    return {"late_cancel_means": LATE[bank.own["late_cancel"]]}


SHEET = DialectSheet(
    title=Pair("Click SHOP-API: Prepare и Complete", "Click SHOP-API: Prepare and Complete"),
    callers=Pair("Click", "Click"),
    proofs=Pair("подпись MD5", "MD5 signature"),
    sources=Pair("документация платёжной системы", "the provider's documentation"),
    parameters=(
        Param("click_trans_id", "pay perform cancel", DIGITS_ID),
        Param("service_id", "check pay perform cancel", SERVICE),
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
            "check pay perform cancel",
            Pair(
                "`0` Prepare, `1` Complete; по адресу getinfo только `0`",
                "`0` Prepare, `1` Complete; at the address of getinfo only `0`",
            ),
        ),
        Param("params", "check", OBJECT),
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
    operations={"check": "getinfo", "pay": "Prepare", "perform": "Complete", "cancel": "Complete"},
    answers=(
        ("error", CODE),
        ("error_note", SAID),
        ("click_trans_id", ECHO),
        ("merchant_trans_id", Pair("номер плательщика из запроса", "the payer's number as sent")),
        ("merchant_prepare_id", OURS),
        ("merchant_confirm_id", OURS),
        ("params", SHOWN_FIELDS),
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
    notes=(
        Note(
            Pair(
                "getinfo — JSON методом POST по своему адресу, без подписи; если `sign_string` "
                "есть, она должна быть верной: MD5 от `click_paydoc_id`, `attempt_trans_id`, "
                "`service_id`, секретного ключа, значений `params` в порядке отправки, `action`, "
                "`sign_time`, записанных подряд.",
                "getinfo is JSON by POST at its own address, without a sign; where there is a "
                "`sign_string` it must be right: MD5 of `click_paydoc_id`, `attempt_trans_id`, "
                "`service_id`, the secret key, the values of `params` in the order sent, `action`, "
                "`sign_time`, joined with nothing between.",
            ),
            "show",
        ),
        Note(LATE_CANCEL),
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
        Pair(
            "Complete с отрицательным `error` для уже оплаченного платежа: оставить его оплаченным "
            "(код -4, таблица ошибок) или отменить (код -9, сценарий 8 вашего теста)?",
            "A Complete with a negative `error` for a payment that is paid: is it to stay paid "
            "(code -4, the table of errors) or to be cancelled (code -9, scenario 8 of your test)?",
        ),
        Pair(
            "getinfo: можно ли добавить его к этому сервису, с каких адресов он приходит, "
            "подписан ли, как называется поле номера и какое поле показывает долг?",
            "getinfo: can it be added to this service, from which addresses, signed or not, what "
            "is the number called, and which key shows a debt?",
        ),
    ),
    values=_values,
)
