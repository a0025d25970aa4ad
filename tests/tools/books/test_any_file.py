"""Whatever file comes: the payments that stand in it, or a refusal that names it; by every reader.

PROPERTIES=long tries a hundred times as many (tests/support/properties.py).
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback import settings
from callback.tools.books import reading, register
from callback.tools.books.entry import Register, RegisterError
from tests.support.properties import spoiled
from tests.tools.books.test_camt053 import CAMT
from tests.tools.books.test_dbf import DBF, table
from tests.tools.books.test_mt940 import MT940
from tests.tools.books.test_proof import register_of, workbook
from tests.tools.books.test_register import HEAD, NEUTRAL, ONE_C, OSMP, SBERBANK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from callback.bank import Bank

    Draw = st.DrawFn
    Written = Callable[[Draw, "list[Payment]", Decimal], bytes]


class Payment(NamedTuple):
    """What a bank has taken."""

    txn_id: str
    account: str
    amount: Decimal
    paid_at: datetime


class Form(NamedTuple):
    """A form of file: the settings of its bank, and how one is written."""

    bank: str
    write: Written
    exact: bool = True  # it has ids of payments, and times
    controlled: bool = False  # it says itself what its payments come to


PAYMENTS = st.lists(
    st.builds(
        Payment,
        txn_id=st.integers(1, 10**15 - 1).map(str),
        account=st.from_regex("[0-9]{8}", fullmatch=True),
        amount=st.decimals("0.01", "99999999.99", places=2),
        paid_at=st.datetimes(
            datetime(2000, 1, 1),  # noqa: DTZ001 - as banks write
            datetime(2098, 12, 31),  # noqa: DTZ001
        ).map(lambda when: when.replace(microsecond=0)),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda payment: payment.txn_id,
)
# One sum, as banks write it.
SPELLINGS: tuple[Callable[[Decimal], str], ...] = (
    lambda amount: f"{amount:.2f}",
    lambda amount: f"{amount:.2f}".replace(".", ","),
    lambda amount: f"{amount:,.2f}",
    lambda amount: f"{amount:,.2f}".replace(",", "\u00a0"),
    lambda amount: f"{amount:,.2f}".replace(",", " ").replace(".", ","),
    lambda amount: f"+{amount:.4f}",
)
COLUMNS = ("txn_id", "account", "sum", "date")
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
OURS, THEIRS = "KZ000000000000000001", "KZ000000000000000007"


def _cells(draw: Draw, payment: Payment) -> list[str]:
    spelled = draw(st.sampled_from(SPELLINGS))
    return [payment.txn_id, payment.account, spelled(payment.amount), f"{payment.paid_at}"]


def _encoded(draw: Draw, text: str, *encodings: str) -> bytes:
    return text.encode(draw(st.sampled_from(encodings)))


def _plain(draw: Draw, payments: list[Payment], _: Decimal) -> bytes:
    lines = [";".join(_cells(draw, payment)) for payment in payments]
    text = draw(LINE_ENDS).join([";".join(COLUMNS), *lines, ""])
    return _encoded(draw, text, "utf-8", "utf-8-sig", "utf-16")


def _in_quotes(draw: Draw, payments: list[Payment], _: Decimal) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=draw(LINE_ENDS))
    writer.writerows([COLUMNS, *(_cells(draw, payment) for payment in payments)])
    return _encoded(draw, out.getvalue(), "utf-8", "utf-8-sig")


def _qiwi(draw: Draw, payments: list[Payment], total: Decimal) -> bytes:
    lines = [
        f"{payment.txn_id}\t{payment.paid_at:%d.%m.%Y\t%H:%M:%S}\t{payment.account}"
        f"\t{payment.amount}"
        for payment in payments
    ]
    end = draw(LINE_ENDS)
    text = end.join([*lines, f"Total:\t{len(payments)}\t{total}", ""])
    return _encoded(draw, text, "utf-8", "utf-8-sig", "windows-1251")


def _sberbank(draw: Draw, payments: list[Payment], total: Decimal) -> bytes:
    lines = [
        f"{payment.paid_at:%d-%m-%Y;%H-%M-%S};8047;0012;{payment.txn_id};{payment.account};"
        f"К. К. К.;САДОВАЯ, 4;1126;{payment.amount};0.00;0.00"
        for payment in payments
    ]
    text = draw(LINE_ENDS).join([*lines, f"={len(payments)};{total};0.00;0.00;1;04-11-2026", ""])
    return text.encode("windows-1251")


def _workbook(draw: Draw, payments: list[Payment], _: Decimal) -> bytes:
    rows: list[list[object]] = [[*COLUMNS]]
    for payment in payments:
        cells: list[object] = [*_cells(draw, payment)]
        for place, value in ((0, int(payment.txn_id)), (2, payment.amount), (3, payment.paid_at)):
            if draw(st.booleans()):
                cells[place] = value
        rows.append(cells)
    return packed(unpacked(workbook(rows)))


def unpacked(content: bytes) -> dict[str, bytes]:
    """The parts of a workbook, without the time when it was written."""
    with ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return {name: re.sub(rb"[0-9T:-]{19}Z", b"2026-11-03T00:00:00Z", parts[name]) for name in parts}


def packed(parts: dict[str, bytes]) -> bytes:
    """A workbook of these parts, the same at any time."""
    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(ZipInfo(name), part)
    return out.getvalue()


FIELDS = [("ID", "C", 20, 0), ("ACCOUNT", "C", 10, 0), ("SUMMA", "N", 14, 2), ("DAT", "C", 20, 0)]


def _dbase(_draw: Draw, payments: list[Payment], _: Decimal) -> bytes:
    rows = [(p.txn_id, p.account, f"{p.amount:.2f}", f"{p.paid_at}") for p in payments]
    return table(*rows, fields=FIELDS)


def _one_c(draw: Draw, payments: list[Payment], total: Decimal) -> bytes:
    text = (
        f"1CClientBankExchange\nКодировка=Windows\nРасчСчет={OURS}\nСекцияРасчСчет\n"
        f"РасчСчет={OURS}\nВсегоПоступило={total}\nКонецРасчСчет\n"
    )
    for payment in payments:
        day = f"{payment.paid_at:%d.%m.%Y}"
        text += (
            f"СекцияДокумент=Платежное поручение\nНомер={payment.txn_id}\nДата={day}\n"
            f"Сумма={payment.amount}\nПлательщикСчет={THEIRS}\nПолучательСчет={OURS}\n"
            f"ДатаПоступило={day}\nНазначениеПлатежа=Оплата, л/с {payment.account}\n"
            "КонецДокумента\n"
        )
    text = (text + "КонецФайла\n").replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return _encoded(draw, text, "windows-1251", "utf-8", "utf-8-sig", "utf-16", "cp866")


def _mt940(draw: Draw, payments: list[Payment], total: Decimal) -> bytes:
    def money(amount: Decimal) -> str:
        return f"{amount:.2f}".replace(".", ",")

    lines = [":20:STMT", f":25:{OURS}", ":28C:1/1", ":60F:C261102KZT0,00"]
    for payment in payments:
        lines += [
            f":61:{payment.paid_at:%y%m%d}C{money(payment.amount)}NTRF{payment.txn_id}//B1",
            f":86:OPLATA L/S {payment.account}",
        ]
    lines += [f":62F:C261103KZT{money(total)}", "-", ""]
    return draw(LINE_ENDS).join(lines).encode()


def _balance(code: str, amount: Decimal) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">{amount}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
    )


def _camt053(draw: Draw, payments: list[Payment], total: Decimal) -> bytes:
    end = draw(st.sampled_from(["", "\n"]))
    entries = [
        f'<Ntry><Amt Ccy="KZT">{payment.amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{payment.paid_at:%Y-%m-%d}</Dt></BookgDt>"
        f"<AcctSvcrRef>{payment.txn_id}</AcctSvcrRef><NtryDtls><TxDtls><RmtInf>"
        f"<Ustrd>л/с {payment.account}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for payment in payments
    ]
    parts = [
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>',
        *(_balance("OPBD", Decimal("0.00")), _balance("CLBD", total), *entries),
        "</Stmt></BkToCstmrStmt></Document>",
    ]
    return _encoded(draw, end.join(parts), "utf-8", "utf-8-sig")


FORMS = {
    "plain": Form(NEUTRAL, _plain),
    "in quotes": Form(register_of(quote='"', separator=","), _in_quotes),
    "qiwi": Form(OSMP, _qiwi, controlled=True),
    "sberbank": Form(SBERBANK, _sberbank, controlled=True),
    "workbook": Form(NEUTRAL, _workbook),
    "dbf": Form(DBF, _dbase),
    "1c": Form(ONE_C, _one_c, exact=False, controlled=True),
    "mt940": Form(MT940, _mt940, exact=False, controlled=True),
    "camt053": Form(CAMT, _camt053, exact=False, controlled=True),
}
BEGINNINGS = [
    *(b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04", b"\x03\x7e\x0b\x03"),
    *("1CClientBankExchange\nРасчСчет=1\n".encode(), b":20:", b"{4:\n:20:\n:60F:", b"<Document>"),
    *(b"txn_id;account;sum;date\n", b"Total:\t"),
]
# What hurts a table, a statement, a number.
MORE = (
    *(b";", b"\t", b",", b"\n", b"\r", b"0", b"9", b"-", b"Total:", b"=", b":61:", b":62F:", b"C"),
    *(b"KZT", b"USD", b"D", b"<Ntry>", b"</Stmt>", b"DBIT", b"&#49;", b"\x98", b"\xd2\xfb"),
    *(b"\x05\x00", b"N", b"Y", b"1E5", "СекцияДокумент".encode(), "КонецДокумента\n".encode()),
)


def total_of(payments: Sequence[Payment]) -> Decimal:
    """What they come to."""
    return sum((payment.amount for payment in payments), Decimal("0.00"))


@st.composite
def files(
    draw: Draw, form: Form, more: Decimal = Decimal("0.00")
) -> tuple[list[Payment], Decimal, bytes]:
    """Payments, what a file says that they come to, and the file; it is wrong by `more`."""
    payments = draw(PAYMENTS)
    total = total_of(payments) + more
    return payments, total, form.write(draw, payments, total)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the file of a case lies."""
    return tmp_path_factory.mktemp("any") / "register"


@cache
def bank_of(text: str, folder: Path) -> Bank:
    """A bank by its settings."""
    config = folder / "config.toml"
    config.write_text(HEAD + text, encoding="utf-8")
    return settings.load(config).banks["bank"]


def read(form: Form, place: Path, content: bytes) -> Register | RegisterError:
    """What the program says of a file; whatever else is raised, the test has found."""
    place.write_bytes(content)
    try:
        return register.read(bank_of(form.bank, place.parent), place)
    except RegisterError as error:
        return error


def payments_of(register: Register, *, exact: bool) -> list[tuple[object, ...]]:
    """What was read, as far as such a file says it."""
    return [
        (entry.account, entry.amount, entry.paid_at.date())
        + ((entry.txn_id, entry.paid_at) if exact else ())
        for entry in register.entries
    ]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(data=st.data())
def test_a_good_file_reads_back(form: Form, data: st.DataObject, place: Path) -> None:
    """To the last kopeck and in its order, however the bank spells it."""
    payments, _, content = data.draw(files(form))
    answer = read(form, place, content)

    assert isinstance(answer, Register), answer
    assert not answer.remarks
    assert payments_of(answer, exact=form.exact) == [
        (p.account, p.amount, p.paid_at.date()) + ((p.txn_id, p.paid_at) if form.exact else ())
        for p in payments
    ]


@pytest.mark.parametrize(
    "form", [form for form in FORMS.values() if form.controlled], ids=lambda form: form.bank[-20:]
)
@given(data=st.data())
def test_sums_that_do_not_come_to_the_total_are_refused(
    form: Form, data: st.DataObject, place: Path
) -> None:
    """By however little, in whichever direction."""
    more = data.draw(st.decimals("0.01", "10.00", places=2))
    _, total, content = data.draw(files(form, more))
    answer = read(form, place, content)

    assert isinstance(answer, RegisterError)
    assert f"{total:.2f}" in str(answer)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(content=st.builds(bytes.__add__, st.sampled_from(BEGINNINGS), st.binary(max_size=60)))
def test_any_bytes_are_a_file(form: Form, content: bytes, place: Path) -> None:
    """Or none, and then it is named."""
    judge(read(form, place, content), form, content, place)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(data=st.data())
def test_a_spoiled_file_says_nothing_that_is_not_in_it(
    form: Form, data: st.DataObject, place: Path
) -> None:
    """Each sum that is read stands where the payment does; each line that is named is there."""
    _, _, content = data.draw(files(form))
    content = data.draw(spoiled_file(content))
    judge(read(form, place, content), form, content, place)


@st.composite
def spoiled_file(draw: Draw, content: bytes) -> bytes:
    """Of a workbook the part inside is spoiled: a ZIP knows when its own bytes are."""
    if not content.startswith(register.ZIP) or draw(st.integers(0, 4)) == 0:
        return draw(spoiled(content, *MORE))
    parts = unpacked(content)
    name = draw(st.sampled_from([*parts, *["xl/worksheets/sheet1.xml"] * 6]))
    parts[name] = draw(spoiled(parts[name], *MORE, b"<c><v>7</v></c>", b' t="s"', b' r="A9"'))
    return packed(parts)


LINE = re.compile("line ([0-9]+)")


def judge(answer: Register | RegisterError, form: Form, content: bytes, place: Path) -> None:
    """Fail where an answer says what the file does not."""
    lines = lines_of(content)
    if isinstance(answer, RegisterError):
        assert answer.file == place
        numbers = [int(number) for number in LINE.findall(str(answer))]
    else:
        numbers = [entry.line for entry in answer.entries]
        numbers += [remark.line for remark in answer.remarks]
        for entry in answer.entries:
            assert 0 < entry.amount < Decimal(10) ** 12
            assert stands_in(entry.amount, source(form, content, lines, entry.line))
    # A file that ends too early names the line where something is missing. XML has entries.
    last = content.count(b"Ntry") if form.bank == CAMT else len(lines)
    assert all(number <= max(1, last) for number in numbers), (answer, lines)


def lines_of(content: bytes) -> list[str]:
    """The lines of a text, the records of a dBase table, the parts of a workbook."""
    if content.startswith(register.ZIP):
        return [parts_of(content)] * 10_000
    if content[:1] == b"\x03":
        return [content.decode("latin-1")] * 10_000
    try:
        text = reading.decode(content, "utf-8", "windows-1251", "latin-1")
    except RegisterError:
        text = content.decode("latin-1")
    return re.split("\r\n|\r|\n", text)


def parts_of(content: bytes) -> str:
    """All XML of a workbook."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            return "".join(archive.read(name).decode("latin-1") for name in archive.namelist())
    except (BadZipFile, NotImplementedError, OSError, EOFError, ValueError):
        return ""


def source(form: Form, content: bytes, lines: list[str], line: int) -> str:
    """Where the payment of a line stands: a row may be in quotes, a document has many lines."""
    if form.bank == CAMT:
        return content.decode("utf-8", "replace")
    return "\n".join(lines[line - 1 : line + 12])


def stands_in(amount: Decimal, text: str) -> bool:
    """Whether somebody who reads the text finds the sum in it, however it is spelled."""
    if text.startswith("<?xml") or "<v>" in text:
        numbers = re.findall("[0-9]*[.]?[0-9]+(?:[eE][+-]?[0-9]+)?", text)
        if any(Decimal(number) == amount for number in numbers):
            return True
    digits = f"{amount:.2f}".replace(".", "").lstrip("0")
    there = re.sub("[^0-9]", "", text)
    return any(
        digits.removesuffix(zeros) in there for zeros in ("", "0", "00") if digits.endswith(zeros)
    )
