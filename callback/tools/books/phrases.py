"""The words of reports for the accountant: Russian, unless the bank's language is "en"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.books.reconcile import UNKNOWN

if TYPE_CHECKING:
    from callback.bank import Bank

_RUSSIAN = {
    "matched": "совпало",
    "only in the register": "только в реестре банка",
    "over max_sum": "больше max_sum",
    "only with us": "только у нас",
    "differs": "отличается",
    "cancelled here": "у нас отменён",
    "refund": "возврат",
    "probably the same": "вероятно, тот же платёж",
    "nobody's": "счёт не найден",
    "no number in the purpose": "в назначении нет номера",
    "no clear number": "номер не ясен",
    "neither income nor spending": "ни поступление, ни списание",
    "rejected": "строка не читается",
    "not a payment": "не платёж",
    "cancelled on both sides": "отменён у банка и у нас",
    "twice": "повторная строка",
    "booked": "проведён по реестру",
    "another account": "другой счёт",
    "another sum": "другая сумма",
    "another day": "другой день",
    "another form of the id": "номер в другом виде: нули и последние цифры теряют таблицы",
    UNKNOWN: "ни один платёж реестра у нас не известен, и примерно столько же наших "
    "в нём нет: это реестр другого банка или дня, или номера в нём испорчены? "
    "Без --force ничего не проводится",
    "not a number by account_pattern": "не номер по account_pattern",
    "booked without money": "у нас заявка без оплаты",
    "line": "строка",
    "what": "что",
    "bank": "банк",
    "day": "день",
    "payment": "платёж банка",
    "number": "платёж",
    "account": "лицевой счёт",
    "sum": "сумма",
    "date": "дата банка",
    "our payment": "наш платёж",
    "our account": "наш счёт",
    "our sum": "наша сумма",
    "our date": "наша дата",
    "remark": "примечание",
    "payments": "платежей",
    "in the register": "в реестре",
    "with us": "у нас",
    "difference": "разница",
    "Reconciliation": "Сверка",
    "Both sides agree": "Расхождений нет",
    "Differences": "Расхождения",
    "Totals": "Итоги",
    "By day": "По дням",
    "file": "файл",
    "made": "составлено",
    "refused": "файл не принят",
    "to": "—",
}


class Phrases:
    """Says a phrase of the program in the accountant's language."""

    def __init__(self, bank: Bank) -> None:
        self.language = "en" if bank.language == "en" else "ru"

    def __call__(self, phrase: str) -> str:
        """Say it; a text that is no phrase stays as it is."""
        return phrase if self.language == "en" else _RUSSIAN.get(phrase, phrase)

    def all(self, phrases: str) -> str:
        """Say several, parted by commas."""
        return ", ".join(map(self, phrases.split(", ")))
