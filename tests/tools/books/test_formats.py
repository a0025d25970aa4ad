"""Registers as banks write them: each is a table of settings, none is new code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callback import settings
from callback.settings import SettingsError
from callback.tools.books import register
from callback.tools.books.entry import Register, RegisterError
from tests.tools.books.test_proof import FORMS, register_of
from tests.tools.books.test_register import CSV, HEAD, NEUTRAL, ROW, payments, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = "txn_id;account;sum;date\n"
PURPOSE = "л/с ([0-9]{8})"


# --- the account inside of a column ---


@pytest.mark.parametrize("form", FORMS)
def test_an_account_is_found_inside_of_a_column(
    tmp_path: Path, form: Callable[[str], bytes]
) -> None:
    """By the regular expression of statements, and by its rules."""
    rows = (
        "1;Оплата, л/с 31004571, Кузнецов;5.00;2026-11-03\n"
        "2;Оплата без номера;5.00;2026-11-03\n"
        "3;л/с 31004571, л/с 31004572;5.00;2026-11-03\n"
        "4;Комиссия за ноябрь;5.00;2026-11-03\n"
    )
    bank = register_of(purpose=PURPOSE, ignore="^Комиссия")
    made = read(tmp_path, bank, form(HEADER + rows))

    assert payments(made) == [("1", "31004571", "5.00", "2026-11-03 00:00:00")]
    assert [(one.name, one.line) for one in made.remarks] == [
        ("no number in the purpose", 3),
        ("no clear number", 4),
        ("not a payment", 5),
    ]
    assert made.remarks[0].entry
    assert (made.remarks[0].entry.txn_id, made.remarks[0].entry.account) == ("2", "")


def test_an_expression_wants_a_group(tmp_path: Path) -> None:
    """Said at start, for tables too."""
    with pytest.raises(SettingsError, match="expected a regular expression with a group"):
        read(tmp_path, register_of(purpose="[0-9]+"), CSV)


# --- the day of the whole file ---


@pytest.mark.parametrize("form", FORMS)
def test_the_day_may_stand_in_the_head(tmp_path: Path, form: Callable[[str], bytes]) -> None:
    """With a time in the rows, or without."""
    head = "Реестр;принятых платежей\n\nза 03.11.2026 г.;ТОО «Банк»\n"
    keys = {"skip": 4, "date": 0, "date_form": "%d.%m.%Y", "day": "за ([0-9.]{10})"}
    made = read(tmp_path, register_of(**keys), form(f"{head}id;account;sum\n1;a;5.5\n"))
    timed = read(
        tmp_path,
        register_of(**keys, time=4),
        form(f"{head}id;account;sum;time\n1;a;5.5;09:15:00\n"),
    )

    assert payments(made) == [("1", "a", "5.5", "2026-11-03 00:00:00")]
    assert [f"{day}" for day in made.days] == ["2026-11-03"]
    assert payments(timed) == [("1", "a", "5.5", "2026-11-03 09:15:00")]


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("Реестр за ноябрь", "no day by за"),
        ("Реестр за 31.02.2026", "the day of the file: not a date by %d.%m.%Y: '31.02.2026'"),
    ],
)
def test_a_head_without_a_day_is_refused(tmp_path: Path, head: str, why: str) -> None:
    """No other day is taken for it."""
    bank = register_of(date=0, date_form="%d.%m.%Y", day="за ([0-9.]{10})")
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, bank, f"{head}\n1;a;5.00\n")

    assert str(caught.value).startswith(why)


def test_the_day_may_stand_in_the_name_of_the_file(tmp_path: Path) -> None:
    """As a group of the expression that the name must match."""
    bank = register_of(date=0, date_form="%Y%m%d", file="r_(?P<day>[0-9]{8})[.]csv")
    made = read(tmp_path, bank, "id;account;sum\n1;a;5.00\n", "r_20261103.csv")

    assert payments(made) == [("1", "a", "5.00", "2026-11-03 00:00:00")]


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({"date": 0}, "register.date: expected a column"),
        ({"date": 0, "day": "за .*"}, "register.day: expected a regular expression with a group"),
        ({"day_ends": "9:00"}, 'register.day_ends: expected an hour from "12:00" to "23:59"'),
        ({"day_ends": "24:00"}, "register.day_ends: expected an hour"),
        ({"good": 1, "state": 1}, "register.good: expected a text in quotes, or a list"),
        ({"state": 1}, "register.good: expected the text that state must hold"),
        ({"date_form": "%Q"}, "register.date_form: expected a form of date or time such as"),
        ({"date_form": "%d.%m"}, "register.date_form: expected a form of date or time such as"),
        ({"group": "x"}, "register.group: expected one of"),
    ],
)
def test_faults_are_named_at_start(tmp_path: Path, keys: dict[str, object], wanted: str) -> None:
    """With what is wanted."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, register_of(**keys), CSV)

    assert wanted in str(caught.value)


# --- behind the totals ---

FOOTED = f"{HEADER}{ROW}Итого;1;5000.00\n\nИсполнитель: Иванова А. А.;тел. 123\nМ. П.\n"
TOTALS = {"total": "Итого", "total_count": 2, "total_sum": 3}


@pytest.mark.parametrize("form", FORMS)
def test_a_footer_may_stand_behind_the_totals(tmp_path: Path, form: Callable[[str], bytes]) -> None:
    """The settings say how it begins; what follows belongs to it."""
    made = read(tmp_path, register_of(**TOTALS, footer="Исполнитель"), form(FOOTED))

    assert [entry.txn_id for entry in made.entries] == ["81000502"]
    with pytest.raises(RegisterError, match=r"line 5: something follows the line 'Итого'.*footer"):
        read(tmp_path, register_of(**TOTALS), form(FOOTED))
    with pytest.raises(RegisterError, match="line 5: something follows"):
        read(tmp_path, register_of(**TOTALS, footer="Подпись"), form(FOOTED))


@pytest.mark.parametrize("more", [ROW.replace("502", "503"), "Итого;1;5000.00\n"])
def test_no_payment_hides_in_a_footer(tmp_path: Path, more: str) -> None:
    """Nor do other totals: that would be a second register."""
    with pytest.raises(RegisterError, match="line 7: a payment or a total in the footer"):
        read(tmp_path, register_of(**TOTALS, footer=".*"), FOOTED + more)


def test_a_footer_may_stand_behind_the_rows_alone(tmp_path: Path) -> None:
    """Where there are no totals."""
    content = f"{HEADER}{ROW}Исполнитель: Иванова\nстраница 1\n"

    assert len(read(tmp_path, register_of(footer="Исполнитель"), content).entries) == 1
    assert read(tmp_path, NEUTRAL, content).remarks


def test_a_total_whose_mark_is_in_quotes(tmp_path: Path) -> None:
    """Its sum may have a separator in it."""
    content = f'{HEADER}1,a,"1,250.00",2026-11-03\n"Итого","1","1,250.00"\n'.replace(";", ",")
    bank = register_of(**TOTALS, separator=",", quote='"')

    assert payments(read(tmp_path, bank, content))[0][2] == "1250.00"


def test_totals_may_stand_before_the_rows(tmp_path: Path) -> None:
    """As an agent of wallets writes them; a day without payments ends there."""
    keys = {"separator": "\t", "skip": 5, "date": 1, "time": 2, "txn_id": 3, "account": 4, "sum": 5}
    totals = {"total": "Total:", "total_count": 1, "total_sum": 2, "date_form": "%d.%m.%Y"}
    bank = register_of(**keys, **totals)
    head = "Agent_ID:7\r\nAgent_name:A\r\nContract_number:1\r\n"
    table = "Table:Date\tTime\tTransaction\tAccount\tAmount\r\n"
    row = "03.11.2026\t09:15:00\t7\t71501\t5.00\t\r\n"

    assert payments(read(tmp_path, bank, f"{head}Total:1\t5.00\r\n{table}{row}")) == [
        ("7", "71501", "5.00", "2026-11-03 09:15:00")
    ]
    assert read(tmp_path, bank, f"{head}Total:0\t0.00\r\n") == Register([], [])
    for total, rows in (("2\t5.00", row), ("1\t5.01", row), ("0\t0.00", row), ("1\t5.00", "")):
        with pytest.raises(RegisterError, match="by the total"):
            read(tmp_path, bank, f"{head}Total:{total}\r\n{table}{rows}")
    with pytest.raises(RegisterError, match="something follows the line 'Total:'"):
        read(tmp_path, bank, f"{head}Total:1\t5.00\r\n{table}{row}Total:1\t5.00\r\n")


def test_a_register_of_an_acquirer(tmp_path: Path) -> None:
    """The day in its head, the account in a text, a total with its currency, a footer."""
    content = (
        "РЕЕСТР ПЛАТЕЖЕЙ ПО ДОГОВОРУ 7\nДата платежей: 2026-11-03\n"
        "Идентификатор платежа;Сумма платежа;Валюта;Описание\n"
        "2b1f-01;500.00;KZT;Оплата, л/с 31004571\n2b1f-02;1 000.00;KZT;л/с 31004572\n\n"
        "Сумма принятых платежей: 1500.00 KZT\nЧисло платежей: 2\n"
    )
    bank = register_of(
        **{"skip": 3, "txn_id": 1, "sum": 2, "account": 4, "purpose": PURPOSE, "date": 0},
        **{"date_form": "%Y-%m-%d", "day": "платежей: ([0-9-]{10})", "footer": "Число платежей"},
        **{"total": "Сумма принятых платежей:", "total_sum": 2},
    )

    assert payments(read(tmp_path, bank, content)) == [
        ("2b1f-01", "31004571", "500.00", "2026-11-03 00:00:00"),
        ("2b1f-02", "31004572", "1000.00", "2026-11-03 00:00:00"),
    ]


# --- a row that is not one ---


def test_a_separator_in_a_text_does_not_move_money(tmp_path: Path) -> None:
    """The number of an account would be read as the sum."""
    bank = register_of(date=1, txn_id=3, account=4, sum=5)
    header = "date;address;txn_id;account;sum;fee\n"
    made = read(
        tmp_path,
        bank,
        f"{header}2026-11-03;Абая 5;81;71501;5.00;0.05\n2026-11-03;Абая;5;81;71501;5.00;0.05\n",
    )

    assert [entry.txn_id for entry in made.entries] == ["81"]
    assert [(one.name, one.line) for one in made.remarks] == [("rejected", 3)]
    assert "7 columns, but the line before the rows has 6" in made.remarks[0].detail


def test_a_quote_that_does_not_end_hides_no_payment(tmp_path: Path) -> None:
    """Until the next quote, which stands in another row."""
    bank = register_of(quote='"')
    header = "txn_id;account;sum;date;name\n"
    rows = '1;a;5.00;2026-11-03;"ТОО\n2;a;6.00;2026-11-03;"\n3;a;7.00;2026-11-03;x\n'
    made = read(tmp_path, bank, header + rows)

    assert [entry.txn_id for entry in made.entries] == ["3"]
    assert [(one.name, one.line) for one in made.remarks] == [("rejected", 2)]
    assert "does not end before the next payment" in made.remarks[0].detail


@pytest.mark.parametrize(
    ("order", "last", "is_cut"),
    [
        ("txn_id;account;sum;date", "3;a;7.00;2026-11-03 10:15:00", False),
        ("txn_id;account;sum;date", "3;a;7.00;2026-11-03 10:15:0", True),
        ("txn_id;account;sum;date", "3;a;7.00;2026-11-03", True),
        ("date;txn_id;account;sum", "2026-11-03 10:15:00;3;a;7000.00", False),
        ("date;txn_id;account;sum", "2026-11-03 10:15:00;3;a;7000.0", True),
        ("date;txn_id;account;sum", "2026-11-03 10:15:00;3;a;70", True),
    ],
)
def test_a_last_line_that_may_be_cut_off_is_rejected(
    tmp_path: Path, order: str, last: str, *, is_cut: bool
) -> None:
    """Where no totals tell, it is not as the others, and has no end."""
    names = order.split(";")
    bank = register_of(**{name: names.index(name) + 1 for name in names})
    rows = {"txn_id": "1", "account": "a", "sum": "5.00", "date": "2026-11-03 10:15:00"}
    row = ";".join(rows[name] for name in names)
    others = "".join(f"{row}\n".replace(";1;", f";{n};") for n in (1, 2))
    others = others if order[0] == "d" else f"{row}\n2{row[1:]}\n"
    made = read(tmp_path, bank, f"{order}\n{others}{last}")

    assert [one.name for one in made.remarks] == ["rejected"] * is_cut
    assert read(tmp_path, bank, f"{order}\n{others}{last}\n").remarks == []


# --- states and refunds ---


def test_two_states_may_be_good(tmp_path: Path) -> None:
    """As a list; a text alone is a list of one."""
    bank = register_of(state=5, good=["OK", "DONE"])
    states = ["OK", "DONE", "FAILED", ""]
    rows = "".join(f"{n};a;5.00;2026-11-03;{state}\n" for n, state in enumerate(states))
    made = read(tmp_path, bank, HEADER + rows)

    assert [entry.txn_id for entry in made.entries] == ["0", "1"]
    assert [(one.name, one.detail) for one in made.remarks] == [
        ("not a payment", "'FAILED' is not 'OK' or 'DONE'"),
        ("not a payment", "'' is not 'OK' or 'DONE'"),
    ]


def test_money_that_went_back_is_shown_as_such(tmp_path: Path) -> None:
    """By its sign, or by its state; a sum of 0 is no payment."""
    bank = register_of(state=5, good="OK", refund=["BACK"])
    rows = (
        "1;a;-5.00;2026-11-03;OK\n2;a;6.00;2026-11-03;BACK\n3;a;(7,00);2026-11-03;OK\n"
        "4;a;0.00;2026-11-03;OK\n"
    )
    made = read(tmp_path, bank, HEADER + rows)
    sums = [(one.name, one.entry and f"{one.entry.amount}") for one in made.remarks]

    assert made.entries == []
    assert sums == [
        ("refund", "-5.00"),
        ("refund", "-6.00"),
        ("refund", "-7.00"),
        ("not a payment", "0.00"),
    ]


@pytest.mark.parametrize("total", ["2;11.00", "3;8.00", "2;8.00", "4;8.00"])
def test_totals_may_count_refunds_or_not(tmp_path: Path, total: str) -> None:
    """And the row of 0.00; but they must be those of the rows."""
    rows = (
        "1;a;5.00;2026-11-03\n2;a;6.00;2026-11-03\n1;a;-3.00;2026-11-03\n4;a;0;2026-11-03\n"
        f"Итого;{total}\n"
    )
    made = read(tmp_path, register_of(**TOTALS), HEADER + rows)

    assert len(made.entries) == 2
    for wrong in ("1;11.00", "5;8.00", "2;14.00", "2;3.00"):
        with pytest.raises(RegisterError, match="by the total"):
            read(tmp_path, register_of(**TOTALS), HEADER + rows.replace(total, wrong))


def test_a_refund_that_cannot_be_read_is_rejected(tmp_path: Path) -> None:
    """It is money, too."""
    bank = register_of(state=5, good="OK", refund="BACK")
    made = read(tmp_path, bank, f"{HEADER}2;a;x;2026-11-03;BACK\n")

    assert [one.name for one in made.remarks] == ["rejected"]


# --- UTF-16 ---


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("keys", [{}, {"encoding": "auto"}, {"encoding": "windows-1251"}])
def test_utf_16_is_told_with_a_mark_and_without(
    tmp_path: Path, encoding: str, keys: dict[str, object]
) -> None:
    """No other text has zero bytes, so nothing is guessed."""
    content = CSV.replace("71501", "Ж1").encode(encoding)

    assert read(tmp_path, register_of(**keys), content).entries[0].account == "Ж1"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_may_be_agreed_on(tmp_path: Path, encoding: str) -> None:
    """Also where a text has no Latin letter at all."""
    content = CSV.replace("71501", "Ж1").encode(encoding)

    assert read(tmp_path, register_of(encoding=encoding), content).entries[0].account == "Ж1"


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    """The file is cut off."""
    with pytest.raises(RegisterError, match="not utf-16-le"):
        read(tmp_path, NEUTRAL, CSV.encode("utf-16")[:-1])


# --- dates ---


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-11-03T10:15:00+05:00", "2026-11-03 10:15:00"),
        ("2026-11-03T10:15:00Z", "2026-11-03 15:15:00"),
        ("2026-11-03T23:15:00.123456Z", "2026-11-04 04:15:00"),
        ("2026-11-03T10:15:00+0300", "2026-11-03 12:15:00"),
        ("2026-11-03 10:15:00 +03", "2026-11-03 12:15:00"),
        ("2026-11-03T01:15:00-03:30", "2026-11-03 09:45:00"),
        ("2026-11-03T10:15Z", "2026-11-03 15:15:00"),
        ("2026-11-03T10:15:00", "2026-11-03 10:15:00"),
        ("2026-11-03 10:15", "2026-11-03 10:15:00"),
        ("2026-11-03", "2026-11-03 00:00:00"),
    ],
)
def test_iso_dates_come_into_the_banks_zone(tmp_path: Path, text: str, when: str) -> None:
    """The zone of the test's settings is five hours ahead of UTC."""
    made = read(tmp_path, register_of(date_form="iso"), f"{HEADER}1;a;5.00;{text}\n")

    assert payments(made) == [("1", "a", "5.00", when)]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-03Z",
        "03.11.2026",
        "2026-02-30T10:15:00Z",
        "2026-11-03T25:00:00Z",
        "20261103T101500Z",
    ],
)
def test_what_is_no_iso_date_is_rejected(tmp_path: Path, text: str) -> None:
    """Real days and hours only."""
    made = read(tmp_path, register_of(date_form="iso"), f"{HEADER}1;a;5.00;{text}\n")

    assert made.remarks[0].detail.startswith("not a date by iso")


def test_a_rejection_names_the_form_of_dates(tmp_path: Path) -> None:
    """Which would have taken it."""
    made = read(tmp_path, NEUTRAL, f"{HEADER}1;a;5.00;2026-11-03T10:15:00Z\n")

    assert made.remarks[0].detail.endswith("set date_form = 'iso'")


def test_a_form_of_ones_own_may_have_a_zone(tmp_path: Path) -> None:
    """strptime's %z."""
    bank = register_of(date_form="%d.%m.%Y %H:%M:%S %z")
    made = read(tmp_path, bank, f"{HEADER}1;a;5.00;03.11.2026 10:15:00 +0300\n")

    assert payments(made)[0][3] == "2026-11-03 12:15:00"


# --- several files ---


def read_all(folder: Path, bank: str, *contents: str) -> Register:
    """Read several files as one register."""
    (folder / "config.toml").write_text(HEAD + bank, encoding="utf-8")
    files = []
    for number, content in enumerate(contents, start=1):
        files.append(folder / f"{number}.csv")
        files[-1].write_text(content, encoding="utf-8")
    return register.read(settings.load(folder / "config.toml").banks["bank"], *files)


def test_several_files_are_one_register(tmp_path: Path) -> None:
    """Of a payment that is in two of them, one counts; the other is named with its file."""
    made = read_all(tmp_path, NEUTRAL, CSV, CSV + ROW.replace("502", "503"), HEADER)

    assert [(one.txn_id, one.line, one.file) for one in made.entries] == [
        ("81000502", 2, "1.csv"),
        ("81000503", 3, "2.csv"),
    ]
    assert [(one.name, one.line, one.file, one.detail) for one in made.remarks] == [
        ("twice", 2, "2.csv", "as in line 2 of 1.csv")
    ]


def test_one_of_several_files_that_is_refused_is_named(tmp_path: Path) -> None:
    """And nothing of the others is read."""
    with pytest.raises(RegisterError) as caught:
        read_all(tmp_path, NEUTRAL, CSV, "")

    assert caught.value.file == tmp_path / "2.csv"


def test_two_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    """One id with two sums."""
    with pytest.raises(RegisterError, match=r"81000502 is there twice, in line 2 of 1\.csv"):
        read_all(tmp_path, NEUTRAL, CSV, CSV.replace("5000.00", "5000.01"))
