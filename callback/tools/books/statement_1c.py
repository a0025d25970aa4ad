"""Writing payments as a statement of account that 1C loads (1CClientBankExchange 1.03).

What was paid comes in from the payer of the settings, what was cancelled goes back to it; whom it
is credited to stands in the purpose, by a form of the settings.
"""

from __future__ import annotations

import shutil
import tempfile
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from callback.clock import utc_now
from callback.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callback.layouts import StatementLayout

ENCODING = "windows-1251"  # Кодировка=Windows
LINE_END = "\r\n"
DAY = "%d.%m.%Y"
WANTED = ("account", "payer_account", "payer_name")  # 1C loads no document without them


def write(lines: Iterable[dict[str, str]], layout: StatementLayout, out: BinaryIO) -> None:
    """Write a whole statement; ValueError when it lacks a setting, or the encoding a letter."""
    missing = [key for key in WANTED if not getattr(layout, key)]
    if missing:
        raise ValueError(
            Phrase(
                "a statement for 1C wants {missing} in [EXPORT]: your account, and whom 1C is to "
                "see as the payer",
                missing=", ".join(missing),
            )
        )
    days: set[str] = set()
    sums = {"paid": Decimal(0), "cancelled": Decimal(0)}
    # The head holds the days and totals of what follows.
    with tempfile.TemporaryFile() as documents:
        for line in lines:
            days.add(line["paid_at"][:10])
            sums[line["kind"]] += Decimal(line["sum"])
            documents.write(_encoded(_document(line, layout), line["number"]))
        out.write(_encoded(_head(layout, days, sums), "[EXPORT]"))
        documents.seek(0)
        shutil.copyfileobj(documents, out)
        out.write(_encoded(["КонецФайла"], ""))


def _head(layout: StatementLayout, days: set[str], sums: dict[str, Decimal]) -> list[str]:
    now = utc_now()
    first, last = (_day(edge(days)) if days else f"{now:{DAY}}" for edge in (min, max))
    return [
        "1CClientBankExchange",
        "ВерсияФормата=1.03",
        "Кодировка=Windows",
        "Отправитель=Callback",
        "Получатель=1С:Предприятие",
        f"ДатаСоздания={now:{DAY}}",
        f"ВремяСоздания={now:%H:%M:%S}",
        f"ДатаНачала={first}",
        f"ДатаКонца={last}",
        f"РасчСчет={layout.account}",
        "СекцияРасчСчет",
        f"ДатаНачала={first}",
        f"ДатаКонца={last}",
        f"РасчСчет={layout.account}",
        "НачальныйОстаток=0.00",
        f"ВсегоПоступило={sums['paid']:.2f}",
        f"ВсегоСписано={sums['cancelled']:.2f}",
        f"КонечныйОстаток={sums['paid'] - sums['cancelled']:.2f}",
        "КонецРасчСчет",
    ]


def _document(line: dict[str, str], layout: StatementLayout) -> Iterator[str]:
    is_paid = line["kind"] == "paid"
    day = _day((line["paid_at"] if is_paid else line["recorded_at"])[:10])
    us = (layout.account, layout.name, layout.inn)
    them = (layout.payer_account, layout.payer_name, layout.payer_inn)
    payer, receiver = (them, us) if is_paid else (us, them)
    yield "СекцияДокумент=Платежное поручение"
    yield f"Номер={line['id']}"
    yield f"Дата={day}"
    yield f"Сумма={line['sum']}"
    yield from _party("Плательщик", *payer)
    yield from _party("Получатель", *receiver)
    yield f"{'ДатаПоступило' if is_paid else 'ДатаСписано'}={day}"
    yield "ВидОплаты=01"
    yield "Очередность=5"
    yield f"НазначениеПлатежа={'' if is_paid else 'Возврат. '}{_purpose(line, layout)}"
    yield "КонецДокумента"


def _party(role: str, account: str, name: str, inn: str) -> Iterator[str]:
    yield f"{role}Счет={account}"
    yield f"{role}={name}"
    yield f"{role}1={name}"
    yield f"{role}ИНН={inn}"
    yield f"{role}РасчСчет={account}"


def _purpose(line: dict[str, str], layout: StatementLayout) -> str:
    return layout.purpose.format(
        **{name: line[name] for name in ("number", "account", "bank", "txn_id")}
    )


def _day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{day}.{month}.{year}"


def _encoded(lines: Iterable[str], whose: str) -> bytes:
    try:
        return "".join(f"{line}{LINE_END}" for line in lines).encode(ENCODING)
    except UnicodeEncodeError as error:
        missing = error.object[error.start : error.end]
        raise ValueError(
            Phrase(
                "{whose}: {missing!r} is not in {encoding}: use --format csv",
                whose=whose,
                missing=missing,
                encoding=ENCODING,
            )
        ) from error
