"""Whatever list the accounting program writes: its customers and debts, or faults with lines."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callback import settings
from callback.tools.books.customers import Item, Reader
from callback.tools.books.entry import RegisterError
from tests.support.properties import spoiled
from tests.tools.books.test_any_file import (
    LINE,
    MORE,
    SPELLINGS,
    lines_of,
    packed,
    stands_in,
    unpacked,
)
from tests.tools.books.test_proof import workbook
from tests.tools.books.test_register import HEAD

if TYPE_CHECKING:
    from pathlib import Path

    from callback.layouts import ListLayout

WHOLE = "[IMPORT]\n"
INVOICES = "[IMPORT]\ndebt = 0\ninvoice = 4\nissued_on = 5\namount = 6\n"
TOTAL = '[IMPORT]\ntotal = "ИТОГО"\ntotal_count = 2\ntotal_sum = 4\nencoding = "windows-1251"\n'


class Kind(NamedTuple):
    """A list by its settings: with invoices, with a line of totals, as a workbook."""

    settings: str
    is_workbook: bool = False


KINDS = {
    "debts": Kind(WHOLE),
    "invoices": Kind(INVOICES),
    "totals": Kind(TOTAL),
    "workbook": Kind(WHOLE, is_workbook=True),
}
# Letters of any script, marks and quotes; what Windows' Russian encoding holds where it must.
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12)
RUSSIAN = st.text("абвгАБЯё №«»;,\"'1", max_size=12)
DEBTS = st.decimals("-99999999.99", "99999999.99", places=2)


@st.composite
def items(draw: st.DrawFn, kind: Kind) -> list[Item]:
    """Customers, each with a debt or an invoice."""
    words = RUSSIAN if kind.settings == TOTAL else WORDS
    numbers = draw(st.lists(st.from_regex("[0-9]{6,12}", fullmatch=True), min_size=1, max_size=6))
    return [
        Item(
            line=line,
            number=number,
            name=" ".join(draw(words).split()),
            address=" ".join(draw(words).split()),
            invoice=number if kind.settings != INVOICES else f"{number}-{line}",
            amount=f"{draw(DEBTS) + Decimal('0.00'):.2f}",
            issued_on=f"{draw(st.dates(date(1970, 1, 1), date(2099, 12, 31)))}"
            if kind.settings == INVOICES
            else "",
        )
        for line, number in enumerate(numbers, start=2)
    ]


def _row(draw: st.DrawFn, kind: Kind, item: Item) -> list[str]:
    spelled = draw(st.sampled_from(SPELLINGS))(abs(Decimal(item.amount)))
    amount = f"-{spelled.lstrip('+')}" if item.amount.startswith("-") else spelled
    who = [item.number, item.name, item.address]
    invoice = [item.invoice, item.issued_on, amount]
    return [*who, *(invoice if kind.settings == INVOICES else [amount])]


@st.composite
def lists(draw: st.DrawFn, kind: Kind, more: Decimal = Decimal("0.00")) -> tuple[list[Item], bytes]:
    """Customers, and a list of them; `more` is what its line of totals is wrong by."""
    customers = draw(items(kind))
    total = sum((Decimal(item.amount) for item in customers), Decimal("0.00")) + more
    rows = [["number", "name", "address", "debt"], *(_row(draw, kind, item) for item in customers)]
    if kind.settings == TOTAL:
        rows.append(["ИТОГО", str(len(customers)), "", f"{total:.2f}"])
    if kind.is_workbook:
        return customers, packed(unpacked(workbook(rows)))
    out = io.StringIO()
    end = draw(st.sampled_from(["\n", "\r\n"]))
    csv.writer(out, delimiter=";", lineterminator=end).writerows(rows)
    encoding = "windows-1251" if kind.settings == TOTAL else "utf-8"
    return customers, out.getvalue().encode(encoding)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the list of a case lies."""
    return tmp_path_factory.mktemp("lists") / "list"


@cache
def layout_of(text: str, folder: Path) -> ListLayout:
    """How a list looks, by its settings."""
    config = folder / "config.toml"
    config.write_text(f'{HEAD}protocol = "osmp"\n{text}', encoding="utf-8")
    layout = settings.load(config).imports
    assert layout
    return layout


def read(kind: Kind, place: Path, content: bytes) -> tuple[list[Item], list[tuple[int, str]]]:
    """What is read, and the faults; whatever else is raised, the test has found."""
    place.write_bytes(content)
    reader = Reader(layout_of(kind.settings, place.parent), place)
    customers: list[Item] = []
    try:
        customers.extend(reader.items())
    except RegisterError as error:
        lines = LINE.findall(str(error)) or ["0"]
        return customers, [(int(lines[0]), str(error))]
    return customers, [(fault.line, fault.text) for fault in reader.faults]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@given(data=st.data())
def test_a_good_list_reads_back(kind: Kind, data: st.DataObject, place: Path) -> None:
    """Names of any letters, debts of any spelling, also below zero."""
    customers, content = data.draw(lists(kind))

    assert read(kind, place, content) == (customers, [])


@given(data=st.data(), more=st.decimals("0.01", "9.99", places=2))
def test_a_list_that_does_not_come_to_its_total_is_refused(
    data: st.DataObject, more: Decimal, place: Path
) -> None:
    """By however little."""
    kind = KINDS["totals"]
    customers, content = data.draw(lists(kind, more))
    _, faults = read(kind, place, content)

    assert [line for line, _ in faults] == [len(customers) + 2]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@given(data=st.data())
def test_a_spoiled_list_says_nothing_that_is_not_in_it(
    kind: Kind, data: st.DataObject, place: Path
) -> None:
    """Each debt that is read stands in its line; each line that is named is there."""
    _, content = data.draw(lists(kind))
    content = data.draw(spoiled(content, *MORE) | st.binary(max_size=40))
    customers, faults = read(kind, place, content)
    lines = (
        lines_of(content) if kind.is_workbook else re.split("\r\n|\r|\n", content.decode("latin-1"))
    )

    for line, text in faults:
        assert 0 <= line <= len(lines), text
    for item in customers:
        assert Decimal(item.amount) == Decimal(item.amount).quantize(Decimal("0.01"))
        text = "\n".join(lines[item.line - 1 : item.line + 6])
        assert item.amount == "0.00" or stands_in(abs(Decimal(item.amount)), text)
        assert kind.is_workbook or re.sub("[^0-9]", "", item.number) in re.sub("[^0-9]", "", text)
