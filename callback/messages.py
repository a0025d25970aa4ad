"""What a payer may read on the screen of a terminal or an application, by language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.model import BROADER

if TYPE_CHECKING:
    from callback.model import Outcome

LANGUAGES = ("en", "ru", "kk", "uz")

# Plain and short: details go to the log. Outcomes that are not here are "wrong request".
_MESSAGES: dict[str, tuple[str, str, str, str]] = {
    "ok": ("OK", "OK", "OK", "OK"),
    "duplicate_same": (
        "duplicate",
        "платёж уже принят",
        "төлем бұрын қабылданған",
        "to‘lov avval qabul qilingan",
    ),
    "duplicate_other": (
        "this payment number was used before",
        "номер платежа уже использован",
        "төлем нөмірі бұрын қолданылған",
        "to‘lov raqami avval ishlatilgan",
    ),
    "unknown_account": (
        "account not found",
        "лицевой счёт не найден",
        "дербес шот табылмады",
        "hisob topilmadi",
    ),
    "account_closed": (
        "account is closed",
        "лицевой счёт закрыт",
        "дербес шот жабылған",
        "hisob yopilgan",
    ),
    "account_blocked": (
        "account is blocked",
        "лицевой счёт заблокирован",
        "дербес шот бұғатталған",
        "hisob bloklangan",
    ),
    "already_paid": (
        "invoice is already paid",
        "счёт уже оплачен",
        "шот төленіп қойған",
        "hisob-faktura to‘langan",
    ),
    "sum_differs": (
        "the sum is not that of the invoice",
        "сумма не равна сумме счёта",
        "сома шот сомасына тең емес",
        "summa hisob-faktura summasiga teng emas",
    ),
    "sum_too_small": (
        "sum is too small",
        "сумма слишком мала",
        "сома тым аз",
        "summa juda kichik",
    ),
    "sum_too_large": (
        "sum is too large",
        "сумма слишком велика",
        "сома тым көп",
        "summa juda katta",
    ),
    "too_many_payments": (
        "too many payments, ask for a shorter period",
        "слишком много платежей, запросите период короче",
        "төлемдер тым көп, қысқарақ кезеңді сұраңыз",
        "to‘lovlar juda ko‘p, qisqaroq davrni so‘rang",
    ),
    "bad_sum": ("wrong sum", "неверная сумма", "сома қате", "summa noto‘g‘ri"),
    "bad_date": ("wrong date", "неверная дата", "күні қате", "sana noto‘g‘ri"),
    "bad_account": (
        "wrong account number",
        "неверный номер лицевого счёта",
        "дербес шот нөмірі қате",
        "hisob raqami noto‘g‘ri",
    ),
    "payment_not_found": (
        "payment not found",
        "платёж не найден",
        "төлем табылмады",
        "to‘lov topilmadi",
    ),
    "payment_cancelled": (
        "payment was cancelled",
        "платёж отменён",
        "төлемнен бас тартылған",
        "to‘lov bekor qilingan",
    ),
    "payment_expired": (
        "time for the payment is over",
        "время платежа истекло",
        "төлем уақыты өтіп кетті",
        "to‘lov vaqti tugagan",
    ),
    "cancel_refused": (
        "payment cannot be cancelled",
        "платёж нельзя отменить",
        "төлемнен бас тартуға болмайды",
        "to‘lovni bekor qilib bo‘lmaydi",
    ),
    "not_authenticated": (
        "access denied",
        "доступ запрещён",
        "кіруге тыйым салынған",
        "ruxsat yo‘q",
    ),
    "temporary": (
        "try later",
        "повторите позже",
        "кейінірек қайталаңыз",
        "keyinroq urinib ko‘ring",
    ),
}
_MESSAGES |= {narrow: _MESSAGES[broad] for narrow, broad in BROADER.items() if broad in _MESSAGES}
_WRONG_REQUEST = ("wrong request", "неверный запрос", "сұраныс қате", "noto‘g‘ri so‘rov")


def message(outcome: Outcome, language: str) -> str:
    """Say an outcome in one of LANGUAGES."""
    return _MESSAGES.get(outcome, _WRONG_REQUEST)[LANGUAGES.index(language)]
