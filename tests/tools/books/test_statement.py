"""Statements of account in 1C's format, as banks of Russia and Kazakhstan write them."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from callback.tools.books.entry import RegisterError
from tests.tools.books.test_register import ONE_C, STATEMENT, payments, read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("windows-1251", "Windows"), ("cp866", "DOS"), ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8")],
)
def test_a_statement_of_1c_is_read(tmp_path: Path, encoding: str, named: str) -> None:
    """In whatever encoding it is, whatever it says that it is."""
    content = STATEMENT.replace("=Windows", f"={named}").encode(encoding)
    register = read(tmp_path, ONE_C, content)

    assert payments(register) == [
        ("40817810000000000007/4512/20261103", "31004571", "640.30", "2026-11-03 00:00:00")
    ]
    assert register.remarks == []


@pytest.mark.parametrize(
    ("old", "new", "name", "detail"),
    [
        ("Оплата за услуги, л/с 31004571", "аренда", "no number in the purpose", "аренда"),
        ("Оплата за", "Реестр за", "not a payment", "Реестр за услуги, л/с 31004571"),
        ("ДатаПоступило=03.11.2026", "ДатаСписано=03.11.2026", "not a payment", "Оплата за"),
        (
            "ПолучательСчет=4070281",
            "ПолучательСчет=5070281",
            "neither income nor spending",
            "from 40817810000000000007 to 50702810000000000001, our accounts: 4070281000000000000",
        ),
        (
            "РасчСчет=40702810000000000001",
            "РасчСчет=",
            "neither income nor spending",
            "from 40817810000000000007 to 40702810000000000001, our accounts: none; Оплата за",
        ),
        ("ДатаПоступило=03.11.2026", "ДатаПоступило=31.02.2026", "rejected", "not a date"),
        ("Сумма=640.30", "Сумма=640.30 руб", "rejected", "not a sum"),
    ],
)
def test_a_document_that_is_no_payment_is_named(
    tmp_path: Path, old: str, new: str, name: str, detail: str
) -> None:
    """registers.md, section 6, row 11."""
    content = STATEMENT.replace(old, new)
    if name == "not a payment" and "Реестр" not in new:
        content = content.replace("ВсегоПоступило=640.30", "ВсегоПоступило=0.00")
    register = read(tmp_path, ONE_C, content)

    assert register.entries == []
    assert [(remark.name, remark.line) for remark in register.remarks] == [(name, 10)]
    assert register.remarks[0].detail.startswith(detail)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("КонецФайла", "", "line 18: the file ends without КонецФайла"),
        ("ВсегоПоступило=640.30", "ВсегоПоступило=640.31", "line 19: 640.31 by ВсегоПоступило"),
        ("КонецДокумента", "", "line 10: a document that does not end"),
        ("КонецФайла", "КонецДокумента", "line 19: КонецДокумента inside of a document, or"),
        ("Номер=4512", "СекцияДокумент=a", "line 11: СекцияДокумент=a inside of a document"),
        ("Номер=4512", "СекцияРасчСчет", "line 10: a document that does not end before line 11"),
        ("СекцияДокумент=Платежное поручение", "", "line 18: КонецДокумента"),
        ("1CClientBankExchange", "1CClientBank", "line 1: not a statement"),
        ("КонецФайла", f"КонецФайла\r\n{STATEMENT}", "line 29: a document behind КонецФайла"),
    ],
)
def test_a_statement_that_is_cut_off_or_altered_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """As a whole."""
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, ONE_C, STATEMENT.replace(old, new))

    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("02.11.2026", "04.11.2026", ["2026-11-02", "2026-11-04"]),
        ("2026-11-03", "", ["2026-11-03"]),
        ("3 ноября", "", []),
    ],
)
def test_a_statement_says_of_which_days_it_is(
    tmp_path: Path, first: str, last: str, days: list[str]
) -> None:
    """Also an empty one, which agrees with no other day; what nobody can read says nothing."""
    head = STATEMENT[: STATEMENT.index("СекцияДокумент")].replace("=640.30", "=0.00")
    head = head.replace("ДатаНачала=03.11.2026", f"ДатаНачала={first}\r\nДатаКонца={last}")
    register = read(tmp_path, ONE_C, f"{head}КонецФайла\r\n")

    assert [f"{day}" for day in register.days] == days


def test_a_purpose_in_parts_is_joined(tmp_path: Path) -> None:
    """And a value may hold equal signs and unknown keys may stand around."""
    content = STATEMENT.replace(
        "НазначениеПлатежа=Оплата за услуги, л/с 31004571",
        "НазначениеПлатежа=a=b\r\nНазначениеПлатежа2=№ 31004571\r\n"
        "НазначениеПлатежа1=л/с\r\nВидОплаты=01",
    )

    assert payments(read(tmp_path, ONE_C, content))[0][1] == "31004571"


def test_a_statement_of_kazakhstan_is_read(tmp_path: Path) -> None:
    """Its own names of keys; a number of a document may have letters."""
    a, b = STATEMENT.index("СекцияДокумент"), STATEMENT.index("КонецФайла")
    income = (
        "СекцияДокумент=ПлатежноеПоручение\r\nНомерДокумента=Ж-7\r\nДатаДокумента=02.11.2026\r\n"
        "ДатаОперации=03.11.2026\r\nСуммаПриход=640.30\r\nСуммаРасход=\r\n"
        "ПлательщикИИК=KZ123456789012345678\r\nПолучательИИК=KZ000000000000000001\r\n"
        "НазначениеПлатежа=лицевой счет № 31004571\r\nКонецДокумента\r\n"
    )
    spending = income.replace("СуммаПриход=640.30", "СуммаПриход=0.00").replace(
        "СуммаРасход=", "СуммаРасход=10"
    )
    register = read(tmp_path, ONE_C, STATEMENT[:a] + income + spending + STATEMENT[b:])

    assert payments(register) == [
        ("KZ123456789012345678/%D0%96-7/20261103", "31004571", "640.30", "2026-11-03 00:00:00")
    ]
    assert [remark.name for remark in register.remarks] == ["not a payment"]


# --- As banks of Kazakhstan write it ---

OURS = "KZ000000000000000001"
# Small and capital letters as each bank has them, what is in the head, which keys a document has.
HALYK = f"""1CClientBankExchange
ДАТАНАЧАЛА=03.11.2026
ДАТАКОНЦА=04.11.2026
РАСЧСЧЕТ={OURS}
СЕКЦИЯРАСЧСЧЕТ
ДАТАНАЧАЛА=03.11.2026
РАСЧСЧЕТ={OURS}
ВсегоПоступило=600
ВсегоСписано=100.5
КОНЕЦРАСЧСЧЕТ
СЕКЦИЯРАСЧСЧЕТ
ДАТАНАЧАЛА=04.11.2026
РАСЧСЧЕТ={OURS}
ВсегоПоступило=40.3
КОНЕЦРАСЧСЧЕТ
СЕКЦИЯДОКУМЕНТ=ПлатежноеПоручение
НОМЕРДОКУМЕНТА=17
ДАТАДОКУМЕНТА=03.11.2026
ПлательщикИИК=KZ000000000000000007
ПолучательИИК={OURS}
СуммаПриход=600
НазначениеПлатежа=л/с 31004571
КОНЕЦДОКУМЕНТА
СЕКЦИЯДОКУМЕНТ=ПлатежноеПоручение
НОМЕРДОКУМЕНТА=18
ДАТАДОКУМЕНТА=03.11.2026
ПлательщикИИК={OURS}
ПолучательИИК=KZ000000000000000009
СуммаРасход=100.5
НазначениеПлатежа=Комиссия банка
КОНЕЦДОКУМЕНТА
СЕКЦИЯДОКУМЕНТ=ПлатежноеПоручение
НОМЕРДОКУМЕНТА=19
ДАТАДОКУМЕНТА=04.11.2026
ПлательщикИИК=KZ000000000000000007
ПолучательИИК={OURS}
СуммаПриход=40.3
НазначениеПлатежа=л/с 31004572
КОНЕЦДОКУМЕНТА
КОНЕЦФАЙЛА
"""
# Indented lines, a purpose over several, no total; the sum is plain.
KAZPOST = f"""1CClientBankExchange
ДАТАНАЧАЛА=03.11.2026
ДАТАКОНЦА=04.11.2026
РАСЧСЧЕТ={OURS}
  СЕКЦИЯРАСЧСЧЕТ
    НачальныйОстаток=0
    КонечныйОстаток=640.3
  КОНЕЦРАСЧСЧЕТ
  СЕКЦИЯДОКУМЕНТ=ПлатежноеПоручение
    НомерДокумента=17
    ДатаДокумента=03.11.2026
    ПлательщикИИК=KZ000000000000000007
    ПолучательИИК={OURS}
    Сумма=600
    НазначениеПлатежа=Согласно ведомости № 5
    от 02/11/2026, л/с=1; лицевой счет

    № 31004571
  КОНЕЦДОКУМЕНТА
  СЕКЦИЯДОКУМЕНТ=ПлатежноеПоручение
    НомерДокумента=18
    ДатаДокумента=03.11.2026
    ПлательщикИИК={OURS}
    ПолучательИИК=KZ000000000000000009
    Сумма=100.5
    НазначениеПлатежа=Комиссия
  КОНЕЦДОКУМЕНТА
  СЕКЦИЯДОКУМЕНТ=ПлатежноеПоручение
    НомерДокумента=19
    ДатаДокумента=04.11.2026
    ПлательщикИИК=KZ000000000000000007
    ПолучательИИК={OURS}
    Сумма=40.3
    НазначениеПлатежа=л/с 31004572
  КОНЕЦДОКУМЕНТА
КонецФайла
"""
# Version 2.0, both sums, a number with letters, the kind of section in quotes.
BCC = f"""1CClientBankExchange
ВерсияФормата=2.0
Отправитель=АО "Банк"
Получатель=1C Предприятие, Бухгалтерия для Казахстана
ДатаСоздания=05.11.2026
РасчСчет={OURS}
СекцияРасчСчет
РасчСчет={OURS}
ВсегоПоступило=640.3
ВсегоСписано=100.5
КонецРасчСчет
СекцияДокумент="Выписка"
ДатаОперации=03.11.2026
СуммаПриход=600
НомерДокумента=17
ПлательщикИИК=KZ000000000000000007
ПолучательИИК={OURS}
НазначениеПлатежа=л/с 31004571
Сумма=600
Валюта=KZT
КонецДокумента
СекцияДокумент="Выписка"
ДатаОперации=03.11.2026
СуммаРасход=100.5
НомерДокумента=18
ПлательщикИИК={OURS}
ПолучательИИК=KZ000000000000000009
НазначениеПлатежа=Снятие наличных
Сумма=100.5
КонецДокумента
СекцияДокумент="Выписка"
ДатаОперации=04.11.2026
СуммаПриход=40.3
НомерДокумента=19
ПлательщикИИК=KZ000000000000000007
ПолучательИИК={OURS}
НазначениеПлатежа=л/с 31004572
Сумма=40.30
КонецДокумента
КонецФайла
"""
JUSAN = (
    BCC.replace("ВерсияФормата=2.0", "Кодировка=windows-1251\nВерсияФормата=2.00")
    .replace("СекцияРасчСчет", "СЕКЦИЯРАСЧСЧЕТ")
    .replace("КонецРасчСчет", "КОНЕЦРАСЧСЧЕТ")
    .replace('СекцияДокумент="Выписка"', "СЕКЦИЯДОКУМЕНТ=Выписка")
    .replace("\nСумма=600\n", "\n")
)
KASPI = (
    BCC.replace("ВерсияФормата=2.0", "ВерсияФормата=1.01\nКодировка=Windows")
    .replace('СекцияДокумент="Выписка"', "СекцияДокумент=выписка")
    .replace("\nСумма=600\n", "\n")
    .replace("\nСумма=100.5\n", "\n")
    .replace("\nСумма=40.30\n", "\n")
)
# Our account stands in every document, the receiver's does not, and income has another name.
FORTE = (
    KASPI.replace(f"ДатаСоздания=05.11.2026\nРасчСчет={OURS}", "ДатаСоздания=05.11.2026")
    .replace(f"СекцияРасчСчет\nРасчСчет={OURS}", "СекцияРасчСчет")
    .replace(f"ПолучательИИК={OURS}", f"РасчСчет={OURS}")
    .replace("СуммаПриход", "СуммаДоход")
)
TWO = [
    ("KZ000000000000000007/17/20261103", "31004571", "600", "2026-11-03 00:00:00"),
    ("KZ000000000000000007/19/20261104", "31004572", "40.3", "2026-11-04 00:00:00"),
]


@pytest.mark.parametrize(
    "encoding",
    ["windows-1251", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp866"],
)
@pytest.mark.parametrize(
    "content",
    [HALYK, KAZPOST, BCC, JUSAN, KASPI, FORTE, BCC.upper(), BCC.lower().replace("kz", "KZ")],
    ids=["Halyk", "Kazpost", "BCC", "Jusan", "Kaspi", "Forte", "capitals", "small letters"],
)
def test_statements_of_kazakhstan_are_read(tmp_path: Path, content: str, encoding: str) -> None:
    """The shapes that public readers of these banks' statements take."""
    bank = ONE_C.replace("(?:л/с", "(?i)(?:л/с")
    register = read(tmp_path, bank, content.replace("\n", "\r\n").encode(encoding))

    assert payments(register) == TWO
    assert [remark.name for remark in register.remarks] == ["not a payment"]


@pytest.mark.parametrize("head", ["Windows", "windows-1251", "WINDOWS-1251", "ANSI", "cp1251", ""])
def test_what_the_head_says_of_the_encoding_does_not_matter(tmp_path: Path, head: str) -> None:
    """It is found out; letters of Kazakh in the purpose are no hindrance."""
    content = JUSAN.replace("windows-1251", head).replace("л/с", "төлем Җ, л/с")

    assert payments(read(tmp_path, ONE_C, content.encode("ptcp154"))) == TWO
    content = content.replace("Җ", "ҳ")  # a byte that windows-1251 does not have
    assert payments(read(tmp_path, ONE_C, content.encode("ptcp154"))) == TWO
    assert payments(read(tmp_path, ONE_C, content.encode())) == TWO


def test_a_head_that_does_not_read_is_refused(tmp_path: Path) -> None:
    """In no encoding."""
    content = "1CClientBankExchange\n" + JUSAN[JUSAN.index("СЕКЦИЯ") :]
    with pytest.raises(RegisterError, match="line 1: not a statement"):
        read(tmp_path, ONE_C, content)


DOCUMENT = f"""1CClientBankExchange
РасчСчет={OURS}
ВсегоПоступило=TOTAL
СекцияДокумент=Выписка
Номер=1
Дата=03.11.2026
FIELDS
НазначениеПлатежа=л/с 31004571
КонецДокумента
КонецФайла
"""
FROM_US, TO_US = f"ПлательщикСчет={OURS}", f"ПолучательСчет={OURS}"
FROM_THEM, TO_THEM = "ПлательщикИИК=KZ7", "ПолучательИИК=KZ7"


def judged(folder: Path, total: str, *fields: str) -> list[str]:
    """How a document with these fields is called: "payment", or a remark's name."""
    content = DOCUMENT.replace("FIELDS", "\n".join(fields)).replace("TOTAL", total)
    register = read(folder, ONE_C, content)
    return ["payment"] * len(register.entries) + [remark.name for remark in register.remarks]


@pytest.mark.parametrize(
    "fields",
    [
        ("Сумма=5.00", FROM_THEM, TO_US),
        ("Сумма=5.00", FROM_THEM, TO_US, "ДатаПоступило=03.11.2026", "ДатаСписано=03.11.2026"),
        ("Сумма=5.00", TO_US),
        ("Сумма=5.00", FROM_THEM, "ПолучательРасчСчет=kz00 0000 0000 0000 0001"),
        ("Сумма=5.00", FROM_US, TO_US, "ДатаПоступило=03.11.2026"),
        ("СуммаПриход=5.00", "СуммаРасход=0", "Сумма=5", FROM_THEM, TO_US),
        ("СуммаПриход=5.00", "СуммаРасход="),
        ("СуммаПриход=0", "Сумма=5.00", TO_US),
        ("Сумма=5.00", FROM_THEM, "РасчСчет=KZ8", "ПолучательИИК=KZ8"),
        ("Сумма=5.00", TO_US, "Валюта=KZT"),
        ("Сумма=5.00", TO_US, "Валюта=тенге"),
    ],
)
def test_income_is_known_by_the_sum_or_the_accounts(tmp_path: Path, fields: tuple[str]) -> None:
    """Also without a date of arrival."""
    assert judged(tmp_path, "5.00", *fields) == ["payment"]


@pytest.mark.parametrize(
    "fields",
    [
        ("Сумма=5.00", FROM_US, TO_THEM),
        ("Сумма=5.00", FROM_US, TO_THEM, "ДатаСписано=03.11.2026"),
        ("Сумма=пять", FROM_US),
        ("Сумма=5.00", FROM_US, TO_US, "ДатаСписано=03.11.2026"),
        ("Сумма=5.00", FROM_THEM, TO_US, "ДатаСписано=03.11.2026"),
        ("СуммаРасход=5.00", FROM_US),
        ("СуммаПриход=0.00", "СуммаРасход=0,00", "Сумма=0", FROM_THEM, TO_US),
    ],
)
def test_spending_and_nothing_are_no_payments(tmp_path: Path, fields: tuple[str]) -> None:
    """And no difference; a date of leaving alone is our spending."""
    assert judged(tmp_path, "0.00", *fields) == ["not a payment"]


@pytest.mark.parametrize("total", ["0.00", "5.00", ""])
@pytest.mark.parametrize(
    "fields",
    [
        ("Сумма=5.00", FROM_THEM, TO_THEM),
        ("Сумма=5.00",),
        ("Сумма=5.00", FROM_US, TO_US),
        ("Сумма=5.00", FROM_US, TO_THEM, "ДатаПоступило=03.11.2026"),
        ("Сумма=5.00", "СуммаПриход=5.00", "СуммаРасход=5.00", TO_US),
        ("Сумма=5.00", "СуммаПриход=6.00", TO_US),
        ("СуммаПриход=5.00", FROM_US, TO_THEM),
        ("СуммаРасход=5.00", FROM_THEM, TO_US),
        ("Сумма=5.00", FROM_THEM, TO_US, "Валюта=usd"),
    ],
)
def test_what_is_neither_is_a_difference(tmp_path: Path, fields: tuple[str], total: str) -> None:
    """Nothing is passed over in silence, whether the bank counts it or not."""
    assert judged(tmp_path, total, *fields) == ["neither income nor spending"]


@pytest.mark.parametrize("total", ["0.00", ""])
@pytest.mark.parametrize(
    "fields", [("СуммаПриход=-5.00", TO_US), ("Сумма=−5,00", TO_US), ("Сумма=-5", FROM_US)]
)
def test_money_that_went_back_is_a_refund(tmp_path: Path, fields: tuple[str], total: str) -> None:
    """It is shown below zero, and never booked."""
    assert judged(tmp_path, total, *fields) == ["refund"]


def test_a_document_without_a_sum_is_a_difference(tmp_path: Path) -> None:
    """It has none to show."""
    assert judged(tmp_path, "", TO_US) == ["neither income nor spending"]


def test_the_total_may_not_be_explained_by_a_part(tmp_path: Path) -> None:
    """Of what is neither income nor spending."""
    with pytest.raises(RegisterError, match=r"4[.]00 by ВсегоПоступило, 0[.]00 there, and 5[.]00"):
        judged(tmp_path, "4.00", "Сумма=5.00", FROM_THEM, TO_THEM)


@pytest.mark.parametrize(
    "fields",
    [
        ("Сумма=5.00", "Сумма=6.00", TO_US),
        ("Сумма=5.00 KZT", TO_US),
        ("Сумма=99999999999999999999", TO_US),
        ("Сумма=5.00", TO_US, "ДатаПоступило=99999999999.11.2026"),
    ],
)
def test_what_cannot_be_read_is_rejected(tmp_path: Path, fields: tuple[str]) -> None:
    """As is a key that says two things: a purpose with a line end may look like a key."""
    assert judged(tmp_path, "", *fields) == ["rejected"]


@pytest.mark.parametrize(
    ("purpose", "account"),
    [
        ("НазначениеПлатежа=л/с\nНазначениеПлатежа6=31004571", "31004571"),
        ("НазначениеПлатежа2=31004571\nНазначениеПлатежа1=л/с", "31004571"),
        ("НазначениеПлатежа=л/с\n№ 31004571", "31004571"),
        ("НазначениеПлатежа1=аренда\nНазначениеПлатежа2=и\nза = л/с\n31004571", "31004571"),
        # The whole, and the same cut into lines.
        (
            "НазначениеПлатежа=л/с 31004571\nНазначениеПлатежа1=л/с 310045\nНазначениеПлатежа2=71",
            "31004571",
        ),
        # Another key ends it; a key that is not ours is ignored.
        ("НазначениеПлатежа=л/с\nКод=31004571", None),
        ("НазначениеПлатежа=л/с 31004571\nНазначениеПлатежа2=л/с 31004572", None),
    ],
)
def test_a_purpose_over_several_lines_is_joined(
    tmp_path: Path, purpose: str, account: str | None
) -> None:
    """In parts with numbers, and where a value goes on in the next lines."""
    content = DOCUMENT.replace("НазначениеПлатежа=л/с 31004571", purpose)
    content = content.replace("FIELDS", f"Сумма=5.00\n{TO_US}").replace("TOTAL", "5.00")
    bank = ONE_C.replace("[0-9]{8}", "[0-9]{6,8}")
    register = read(tmp_path, bank, content)

    assert [entry.account for entry in register.entries] == ([account] if account else [])


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("Сумма=5.00", "Сумма=5.00\nСумма=6.00", ["rejected"]),
        ("Дата=03.11.2026", "Дата=03.11.2026\nДата=04.11.2026", ["rejected"]),
        (TO_US, f"{TO_US}\n{TO_US}1", ["neither income nor spending"]),
        ("Номер=1", "Номер=1\nНомер=2", ["KZ7/1%20/%202/20261103"]),
        ("Сумма=5.00", "Сумма=5.00\nСумма=5.00", ["KZ7/1/20261103"]),
    ],
)
def test_a_key_with_two_values_is_none_of_them(
    tmp_path: Path, old: str, new: str, names: list[str]
) -> None:
    """One that only repeats itself is one."""
    fields = f"Сумма=5.00\n{FROM_THEM}\n{TO_US}"
    content = DOCUMENT.replace("ВсегоПоступило=TOTAL\n", "").replace("FIELDS", fields)
    register = read(tmp_path, ONE_C, content.replace(old, new))

    ids = [entry.txn_id for entry in register.entries]
    assert ids + [remark.name for remark in register.remarks] == names


# --- Long and hostile files ---

MANY = 20_000


@pytest.mark.slow
def test_a_long_statement_takes_little_memory(tmp_path: Path) -> None:
    """Each document is looked at and forgotten: what is kept of it is its payment."""
    document = DOCUMENT[DOCUMENT.index("Секция") : DOCUMENT.index("КонецФайла")]
    document = document.replace("FIELDS", f"Сумма=5.00\n{TO_US}\nПлательщик1={'я' * 5000}")
    head = f"1CClientBankExchange\nРасчСчет={OURS}\nВсегоПоступило={5 * MANY}.00\n"
    content = f"{head}{document * MANY}КонецФайла\n".encode("cp1251")
    tracemalloc.start()
    register = read(tmp_path, ONE_C, content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(register.entries) == MANY
    assert peak < 2 * len(content)


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("л/с 31004571", f"л/с 31004571{'x' * 80_000}", ["no clear number"]),
        ("л/с 31004571", "л/с 31004571" + "\nя" * 1_000_000, ["no clear number"]),
        ("ПлательщикИИК=KZ7", "".join(f"Ключ{n}=1\n" for n in range(300_000)), ["payment"]),
        ("ПлательщикИИК=KZ7", "=\n=\n" * 100_000, ["payment"]),
        ("Номер=1", f"Номер={'9' * 100_000}", ["payment"]),
        ("Дата=03.11.2026", f"Дата={'9' * 100_000}", ["rejected"]),
        ("Сумма=5.00", f"Сумма={'9' * 100_000}", ["rejected"]),
        ("ВсегоПоступило=5.00", f"ВсегоПоступило={'9' * 100_000}", "line 2"),
        ("РасчСчет", "РасчСчет=KZ1\nРасчСчет", ["payment"]),
        ("КонецФайла", "КонецФайла\nКонецФайла", ["payment"]),
        ("КонецФайла", "КонецФайла\n1CClientBankExchange\nКонецФайла", ["payment"]),
        ("КонецФайла", "КонецФайла\nКонецФайл", "line 13: the file ends without"),
    ],
)
@pytest.mark.slow
def test_a_hostile_statement_is_read_or_refused(
    tmp_path: Path, old: str, new: str, names: list[str] | str
) -> None:
    """Whatever is long in it."""
    content = DOCUMENT.replace("TOTAL", "5.00").replace(
        "FIELDS", f"Сумма=5.00\n{FROM_THEM}\n{TO_US}"
    )
    if isinstance(names, str):
        with pytest.raises(RegisterError) as caught:
            read(tmp_path, ONE_C, content.replace(old, new))
        assert len(str(caught.value)) < 1000
        return
    register = read(tmp_path, ONE_C, content.replace(old, new))

    payments_ = ["payment"] * len(register.entries)
    assert payments_ + [remark.name for remark in register.remarks] == names
    assert all(len(entry.txn_id) <= 64 for entry in register.entries)
    assert all(len(remark.detail) < 1000 for remark in register.remarks)


def test_of_a_purpose_that_nobody_can_have_written_little_is_kept(tmp_path: Path) -> None:
    """Joining a million lines one by one would take for ever."""
    content = STATEMENT.replace("л/с 31004571", "\r\nя" * 20_000)
    (remark,) = read(tmp_path, ONE_C, content).remarks

    assert remark.name == "no clear number"
    assert 4000 < int(remark.detail.split(" ")[0]) < 5000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"\0" * 1000,
        b"\xff\xfe" + b"\0" * 7,
        b"1CClientBankExchange",
        b"1CClientBankExchange" * 100_000,
        "1CClientBankExchange\nРасчСчет=1\n".encode("utf-16")[:-1],
        "1CClientBankExchange\nРасчСчет=1\nКонецФайла".encode("cp866") + b"\xff\n\x98",
        b"<html><body>\xd0</body></html>",
    ],
)
def test_what_is_no_statement_is_refused(tmp_path: Path, content: bytes) -> None:
    """Never a traceback, never "agrees"."""
    with pytest.raises(RegisterError):
        read(tmp_path, ONE_C, content)


def test_what_moves_a_cursor_is_not_shown(tmp_path: Path) -> None:
    """A purpose may hold anything."""
    content = STATEMENT.replace("л/с 31004571", "\x1b[2J\x9b31m\u202eкод\u2028\x07")
    (remark,) = read(tmp_path, ONE_C, content.encode()).remarks

    assert remark.detail == "Оплата за услуги,  [2J 31m код  "
