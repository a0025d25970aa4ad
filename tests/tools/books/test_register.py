"""Registers of banks: every row is read exactly, or the file is refused with the line named."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest

from callback import settings
from callback.tools.books import register
from callback.tools.books.entry import Register, RegisterError, Remark

if TYPE_CHECKING:
    from pathlib import Path

QUARTER_PAST_TEN = datetime(2026, 11, 3, 10, 15)  # noqa: DTZ001 - Excel knows no zones
HEAD = """
SECRET_KEY = "only-for-tests-never-where-money-is"
DATABASE = "sqlite:///none.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
[BANKS.bank]
allow = ["127.0.0.1"]
"""
OSMP = 'protocol = "osmp"'
NEUTRAL = 'protocol = "kaspi"'
# As sberbank.md, section 9, gives it; the dialect's own default.
SBERBANK = (
    'protocol = "files"\nregister = { separator = ";", encoding = "windows-1251", skip = 0,'
    ' txn_id = 5, account = 6, sum = 10, date = 1, time = 2, date_form = "%d-%m-%Y",'
    ' time_form = "%H-%M-%S", total = "=", total_count = 1, total_sum = 2 }'
)
ONE_C = (
    'protocol = "files"\nregister = { form = "1c", ignore = "(?i)реестр",'
    " purpose = '(?:л/с|лицевой счет)\\s*№?\\s*([0-9]{8})' }"
)

QIWI = (
    "18000002\t03.11.2026\t09:15:00\t7012340001\t1200.00\r\n"
    "18000007\t03.11.2026\t23:59:58\t7012340002\t0.50\r\n"
    "Total:\t2\t1200.50\r\n"
)
SBER = (
    "03-11-2026;12-30-45;8047;0012;718293;31004571;К. К. К.;САДОВАЯ, 4, 17;1126;"
    "640.30;631.00;9.30\r\n"
    "=1;640.30;631.00;9.30;4512;04-11-2026\r\n"
)
ROW = "81000502;71501;5000.00;2026-11-03 10:15:00\n"
CSV = f"txn_id;account;sum;date\n{ROW}"
STATEMENT = """1CClientBankExchange
ВерсияФормата=1.03
Кодировка=Windows
ДатаНачала=03.11.2026
РасчСчет=40702810000000000001
СекцияРасчСчет
ВсегоПоступило=640.30
ВсегоСписано=0.00
КонецРасчСчет
СекцияДокумент=Платежное поручение
Номер=4512
Дата=03.11.2026
Сумма=640.30
ПлательщикСчет=40817810000000000007
ПолучательСчет=40702810000000000001
ДатаПоступило=03.11.2026
НазначениеПлатежа=Оплата за услуги, л/с 31004571
КонецДокумента
КонецФайла
""".replace("\n", "\r\n")


def read(folder: Path, bank: str, content: str | bytes, name: str = "register.csv") -> Register:
    """Read a file by the settings of a bank."""
    (folder / "config.toml").write_text(HEAD + bank, encoding="utf-8")
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return register.read(settings.load(folder / "config.toml").banks["bank"], file)


def payments(read: Register) -> list[tuple[str, str, str, str]]:
    """What was read, as text."""
    return [(one.txn_id, one.account, str(one.amount), f"{one.paid_at}") for one in read.entries]


TWO = [
    ("18000002", "7012340001", "1200.00", "2026-11-03 09:15:00"),
    ("18000007", "7012340002", "0.50", "2026-11-03 23:59:58"),
]


@pytest.mark.parametrize(
    "content",
    [
        QIWI,
        "\ufeff" + QIWI,
        QIWI.replace("\r\n", "\n"),
        QIWI.replace("\r\n", "\r"),
        QIWI.replace("\r\n", "\r\n\r\n"),
        "register@company.example\r\n" + QIWI,
        "адрес@компания.пример\r\n".encode("cp1251") + QIWI.encode(),
        QIWI.replace("Total:\t", "Total: "),
        QIWI.replace("\t1200.00", "\t 1200,00 "),
        QIWI.removesuffix("\r\n"),
    ],
    ids=[
        "as shown",
        "a byte order mark",
        "LF",
        "CR",
        "blank lines",
        "an address first",
        "cp1251",
        "a blank after Total:",
        "blanks and a comma",
        "no line end at the end",
    ],
)
def test_qiwis_register_is_read(tmp_path: Path, content: str | bytes) -> None:
    """osmp.md, section 9; registers.md, section 6, row 1."""
    assert payments(read(tmp_path, OSMP, content)) == TWO


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (QIWI.replace("1200.50", "1200.51"), "line 3: 1200.51 by the total, 1200.50 there"),
        (QIWI.replace("Total:\t2", "Total:\t3"), "line 3: 3 payments by the total, 2 there"),
        (QIWI.replace("Total:\t2", "Total:\t-2"), "line 3: the totals line: not a count"),
        (QIWI.replace("Total:\t2\t1200.50", "Total:\t2"), "line 3: the totals line: too few"),
        (QIWI[: QIWI.index("Total")], "line 2: the file ends without a line 'Total:'"),
        (QIWI[: QIWI.index("18000007")], "line 1: the file ends without a line 'Total:'"),
        (QIWI + QIWI[: QIWI.index("18000007")], "line 4: something follows the line 'Total:'"),
        (QIWI + "Total:\t2\t1200.50\r\n", "line 4: something follows the line 'Total:'"),
        ("", "empty: 0 bytes"),
        (" \r\n", "empty: 3 bytes"),
        (
            QIWI.replace("18000007", "18000002"),
            "line 2: payment 18000002 is there twice, in line 1 with another account or sum",
        ),
        (QIWI.encode() + b"\x98", "line 4: not utf-8; line 4: not windows-1251"),
    ],
)
def test_a_file_that_is_cut_off_or_altered_is_refused(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    """As a whole, and the line is named."""
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, OSMP, content)

    assert str(caught.value).startswith(said)


def test_every_cut_of_a_register_is_refused(tmp_path: Path) -> None:
    """However much of it has arrived, but for the last digit of 1200.50, which says nothing."""
    whole = QIWI.removesuffix("0\r\n").encode()
    for length in range(len(whole)):
        with pytest.raises(RegisterError):
            read(tmp_path, OSMP, whole[:length])


def test_an_empty_day_is_a_lone_total(tmp_path: Path) -> None:
    """registers.md, section 6, row 10."""
    assert read(tmp_path, OSMP, "Total:\t0\t0.00") == Register([], [])


@pytest.mark.parametrize(
    "content",
    [
        SBER,
        SBER.replace("640.30", "640,30"),
        SBER.replace(";1126;", ";;"),
        SBER.replace("9.30\r\n", "9.30;\r\n", 1),
        SBER.replace("К. К. К.", "ОБЩЕСТВО №1 «Ї»"),
    ],
    ids=["as shown", "a comma", "an empty period", "a separator at the end", "letters of cp1251"],
)
def test_sberbanks_register_is_read(tmp_path: Path, content: str) -> None:
    """Gross sums; the mark glued to the count is cut off. registers.md, section 6, row 8."""
    made = payments(read(tmp_path, SBERBANK, content.encode("cp1251")))

    assert made == [("718293", "31004571", made[0][2], "2026-11-03 12:30:45")]
    assert Decimal(made[0][2]) == Decimal("640.30")


def test_columns_count_from_the_end_when_negative(tmp_path: Path) -> None:
    """The fourth from the end, where lines end in a separator."""
    bank = SBERBANK.replace("sum = 10", "sum = -4")
    content = SBER.replace("9.30\r\n", "9.30;\r\n", 1).encode("cp1251")

    assert payments(read(tmp_path, bank, content))[0][2] == "640.30"


@pytest.mark.parametrize("mark", ["=;", "= "])
def test_a_mark_with_a_column_of_its_own_keeps_it(tmp_path: Path, mark: str) -> None:
    """The count is then in the second."""
    bank = SBERBANK.replace("total_count = 1, total_sum = 2", "total_count = 2, total_sum = 3")
    content = SBER.replace("=", mark).encode("cp1251")

    assert len(read(tmp_path, bank, content).entries) == 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("81000502;71501;5,000;2026-11-03 10:15:00", "not a sum: '5,000'"),
        ("81000502;71501;5 00.00;2026-11-03 10:15:00", "not a sum"),
        ("81000502;71501;5.001;2026-11-03 10:15:00", "not a sum"),
        ("81000502;71501;1e3;2026-11-03 10:15:00", "not a sum"),
        ("81000502;71501;٥.00;2026-11-03 10:15:00", "not a sum"),
        ("81000502;71501;1234567890123;2026-11-03 10:15:00", "not a sum"),
        ("81000502;71501;;2026-11-03 10:15:00", "not a sum"),
        ("81000502;;10.00;2026-11-03 10:15:00", "not a number of an account"),
        (";71501;10.00;2026-11-03 10:15:00", "not an id of a payment"),
        ("8100 502;71501;10.00;2026-11-03 10:15:00", "not an id of a payment"),
        (f"{'8' * 65};71501;10.00;2026-11-03 10:15:00", "not an id of a payment"),
        ("81000502;71501;10.00;2026-02-30 10:15:00", "not a date by %Y-%m-%d %H:%M:%S"),
        ("81000502;71501;10.00;03.11.2026", "not a date"),
        ("81000502;71501;10.00;1969-11-03 10:15:00", "not a date"),
        ("81000502;71501;10.00;٢٠26-11-03 10:15:00", "not a date"),
        ("81000502;71501;10.00;", "not a date"),
        ("81000502;71501;10.00", "too few columns: 3"),
        ("81000502,71501,10.00", "too few columns: 1; does separator name"),
    ],
)
def test_a_row_that_cannot_be_read_is_rejected(tmp_path: Path, row: str, why: str) -> None:
    """By its line; the others are read. registers.md, section 6, row 9."""
    made = read(tmp_path, NEUTRAL, CSV + row + "\n")

    assert [one.txn_id for one in made.entries] == ["81000502"]
    assert [(one.name, one.line) for one in made.remarks] == [("rejected", 3)]
    assert made.remarks[0].detail.startswith(why)


def test_text_stays_as_it_is(tmp_path: Path) -> None:
    """Zeros in front, letters, inner blanks; only the blanks around a field go."""
    content = "h\n0018;  00 71Ж501 ;5;2026-11-03 10:15:00\n"

    assert payments(read(tmp_path, NEUTRAL, content)) == [
        ("0018", "00 71Ж501", "5", "2026-11-03 10:15:00")
    ]


def test_a_line_ends_where_a_line_ends(tmp_path: Path) -> None:
    """Not at the characters that Python takes for line ends, too."""
    content = "h\n1;a\x85b\u2028c;5.00;2026-11-03 10:15:00\n"

    assert payments(read(tmp_path, NEUTRAL, content))[0][1] == "a\x85b\u2028c"


@pytest.mark.parametrize(
    ("keys", "row", "paid", "paid_at"),
    [
        ("", "1;a;5.5;2026-11-03", "5.5", "2026-11-03 00:00:00"),
        ('decimal = ","', "1;a;5,50;2026-11-03 10:15:00", "5.50", "2026-11-03 10:15:00"),
        ("kopecks = true", "1;a;550;2026-11-03 10:15:00", "5.50", "2026-11-03 10:15:00"),
        ('separator = "||"', "1||a||5.50||2026-11-03 10:15:00", "5.50", "2026-11-03 10:15:00"),
        ('date_form = "%d.%m.%y"', "1;a;5.50;03.11.26", "5.50", "2026-11-03 00:00:00"),
        (
            'date_form = "%d.%m.%Y", time = 5',
            "1;a;5;03.11.2026;09:15:00",
            "5",
            "2026-11-03 09:15:00",
        ),
        ('date_form = "%d.%m.%Y", time = 5', "1;a;5;03.11.2026;", "5", "2026-11-03 00:00:00"),
        ("quote = '\"'", '1;"a";"5.50";"2026-11-03 10:15:00"', "5.50", "2026-11-03 10:15:00"),
        ("txn_id = 4, date = 1", "2026-11-03;a;5.50;1", "5.50", "2026-11-03 00:00:00"),
    ],
)
def test_a_new_bank_is_a_new_table_of_settings(
    tmp_path: Path, keys: str, row: str, paid: str, paid_at: str
) -> None:
    """Separator, quotes, decimals, kopecks, dates, the order of columns."""
    made = read(tmp_path, f"{NEUTRAL}\nregister = {{ {keys} }}", f"head\n{row}\n")

    assert payments(made) == [("1", "a", paid, paid_at)]


def test_a_quoted_field_may_hold_a_separator_and_a_line_end(tmp_path: Path) -> None:
    """Lines are still counted as an editor counts them."""
    bank = f"{NEUTRAL}\nregister = {{ quote = '\"' }}"
    made = read(tmp_path, bank, 'h\n1;"a;""b""\nc";5.00;2026-11-03\nx\n')

    assert [one.line for one in made.remarks] == [2, 4]
    made = read(tmp_path, bank, 'h\n1;"a;""b""";5.00;2026-11-03\n')
    assert made.entries[0].account == 'a;"b"'
    with pytest.raises(RegisterError, match="line 2: "):
        read(tmp_path, bank, 'h\n1;"a;5.00;2026-11-03\n')


def test_rows_that_are_not_payments_are_named(tmp_path: Path) -> None:
    """By a column of state; they do not count in the total."""
    keys = 'skip = 0, state = 5, good = "OK", total = "#", total_count = 1'
    bank = f"{NEUTRAL}\nregister = {{ {keys} }}"
    content = "1;a;5;2026-11-03;OK\n2;a;-;2026-11-03;REFUND\n#1\n"
    made = read(tmp_path, bank, content)

    assert [one.txn_id for one in made.entries] == ["1"]
    assert made.remarks == [Remark("not a payment", 2, "'REFUND' is not 'OK'")]


def test_the_same_row_twice_is_dropped_and_named(tmp_path: Path) -> None:
    """With the line that it repeats."""
    row = "81000502;71501;5000.00;2026-11-03 10:15:00\n"
    made = read(tmp_path, NEUTRAL, CSV + row)

    assert len(made.entries) == 1
    assert [(one.name, one.line, one.detail) for one in made.remarks] == [
        ("twice", 3, "as in line 2")
    ]


def test_the_name_of_the_file_may_be_asked_for(tmp_path: Path) -> None:
    """It must match as a whole."""
    bank = f"{OSMP}\nregister = {{ file = 'QIWI_[0-9]+_[0-9]{{8}}[0-9][.]csv' }}"

    assert len(read(tmp_path, bank, QIWI, "QIWI_7_202611031.csv").entries) == 2
    with pytest.raises(RegisterError, match="the name of the file"):
        read(tmp_path, bank, QIWI, "QIWI_7_202611031.csv.part")


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("auto", CSV.replace("71501", "Ж1").encode()),
        ("auto", CSV.replace("71501", "Ж1").encode("cp1251")),
        ("windows-1251", b"\xef\xbb\xbf" + CSV.replace("71501", "Ж1").encode()),
        ("koi8-r", CSV.replace("71501", "Ж1").encode("koi8-r")),
        ("cp866", CSV.replace("71501", "Ж1").encode("cp866")),
    ],
)
def test_encodings_are_as_agreed_or_found_out(
    tmp_path: Path, encoding: str, content: bytes
) -> None:
    """ "auto" takes UTF-8 where it fits, else windows-1251; a byte order mark always counts."""
    made = read(tmp_path, f'{NEUTRAL}\nregister = {{ encoding = "{encoding}" }}', content)

    assert made.entries[0].account == "Ж1"


def test_what_is_not_in_the_agreed_encoding_is_refused(tmp_path: Path) -> None:
    """No guessing, and the line is named."""
    with pytest.raises(RegisterError, match=r"^line 2: not utf-8$"):
        read(tmp_path, NEUTRAL, CSV.replace("71501", "Ж1").encode("cp1251"))


@pytest.mark.parametrize("encoding", ["utf-8", "koi8-r"])
def test_what_one_paper_tolerates_any_bank_may_be_given(tmp_path: Path, encoding: str) -> None:
    """An address before the rows, and an encoding to try where the first does not fit."""
    keys = 'skip = 0, second_encoding = "koi8-r", address_line = true'
    content = "адрес\n" + CSV.partition("\n")[2].replace("71501", "Ж1")
    register = read(tmp_path, f"{NEUTRAL}\nregister = {{ {keys} }}", content.encode(encoding))

    assert [entry.account for entry in register.entries] == ["Ж1"]
    assert register.remarks == []


# --- Excel ---


def test_an_excel_file_is_read(tmp_path: Path) -> None:
    """Told by its content; numbers are what they mean, zeros in front are kept where shown."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["txn_id", "account", "sum", "date"])
    sheet.append(["0081", "00715", "640.30", "2026-11-03 10:15:00"])
    sheet.append([None, None, None, None])
    sheet.append([81000503, 715, 640.3, QUARTER_PAST_TEN])
    sheet["B4"].number_format = "00000"
    sheet.append([81000504.0, "715", 9.0, date(2026, 11, 3)])
    sheet.append([81000505, "715", 640.301, QUARTER_PAST_TEN])
    file = tmp_path / "book.xlsx"
    book.save(file)
    made = read(tmp_path, NEUTRAL, file.read_bytes())

    assert payments(made) == [
        ("0081", "00715", "640.30", "2026-11-03 10:15:00"),
        ("81000503", "00715", "640.3", "2026-11-03 10:15:00"),
        ("81000504", "715", "9", "2026-11-03 00:00:00"),
    ]
    assert [(one.name, one.line) for one in made.remarks] == [("rejected", 6)]


def test_times_of_excel_are_read_in_a_column_of_their_own(tmp_path: Path) -> None:
    """By the same settings as text."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["txn_id", "account", "sum", "date", "time"])
    sheet.append(["1", "a", 5, date(2026, 11, 3), time(9, 15)])
    file = tmp_path / "book.xlsx"
    book.save(file)
    bank = f'{NEUTRAL}\nregister = {{ date_form = "%d.%m.%Y", time = 5 }}'

    assert payments(read(tmp_path, bank, file.read_bytes())) == [
        ("1", "a", "5", "2026-11-03 09:15:00")
    ]


def test_a_broken_excel_file_is_refused(tmp_path: Path) -> None:
    """Half of one, too."""
    with pytest.raises(RegisterError, match="not a readable Excel file"):
        read(tmp_path, NEUTRAL, b"PK\x03\x04 and nothing more")
