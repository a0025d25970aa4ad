"""What flask reconcile does not book by itself, and what is no difference after all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from callback import create_app
from tests.tools.books.test_proof import as_workbook, workbook
from tests.tools.books.test_reconcile import CSV, paid, rows, state

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.conftest import Engine

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BANKS = """
[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]
max_sum = "1000.00"

[BANKS.pattern]
protocol = "files"
account_pattern = "[0-9]{5}"

[BANKS.files]
protocol = "files"

[BANKS.evening]
protocol = "files"
register = { day_ends = "21:00" }

[BANKS.dayless]
protocol = "files"
register = { day_ends = "21:00", date = 0, day = "за ([0-9-]{10})" }
"""


@pytest.fixture
def reconcile(engine: Engine, folder: Path, tmp_path: Path) -> Callable[..., Result]:
    """Compare one register or several, given as their texts."""
    engine.account("71501")
    engine.account("00715")
    runner = create_app(folder / "config.toml").test_cli_runner()

    def run(bank: str, *contents: str | bytes, options: tuple[str, ...] = ()) -> Result:
        files = []
        for number, content in enumerate(contents, start=1):
            file = tmp_path / f"{number}.csv"
            if isinstance(content, bytes):
                file.write_bytes(content)
            else:
                file.write_text(content if content.startswith("txn_id") else f"{CSV}{content}")
            files.append(str(file))
        return runner.invoke(args=["reconcile", bank, *files, *options], catch_exceptions=False)

    return run


def register(*payments: str) -> str:
    """The rows of a register: id, account and sum each, of one day."""
    return "".join(f"{one};2026-11-03 10:15:00\n" for one in payments)


def names(done: Result) -> list[str]:
    """What the report calls each difference, with its payment."""
    lines = [line.split("  ")[0] for line in done.stdout.splitlines()[1:]]
    return [line for line in lines if ": " in line and not line.startswith(("in the", "with us"))]


def ours(engine: Engine, bank: str, *txn_ids: str) -> None:
    """Record payments of ours, each with a sum of its own."""
    for number, txn_id in enumerate(txn_ids, start=1):
        paid(engine, bank, txn_id, "71501", f"{number}.00", "2026-11-03 10:15:00")


# --- what is no register ---


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"\xef\xbb\xbf",
        b"<!doctype html><title>Log in</title>",
        b"number;name;address;period;sum\r\n",
        b"81;71501;5.00;2026-11-03\r\n",
        b"Not Found",
        b"\0" * 100,
        as_workbook("number;name;address;period;sum"),
        as_workbook("81;71501;5.00;2026-11-03"),
        workbook([]),
        workbook([], [["txn_id", "account", "sum", "date"], ["8", "71501", 5, "2026-11-03"]]),
    ],
)
@pytest.mark.parametrize("bank", ["kaspi", "evening"])
def test_silence_is_no_agreement(
    reconcile: Callable[..., Result], tmp_path: Path, bank: str, content: bytes
) -> None:
    """Though we hold nothing either."""
    done = reconcile(bank, content)

    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{tmp_path}/1.csv: refused: " in done.stderr


# --- a register of which nothing is known ---


def test_a_register_of_which_nothing_is_known_is_not_booked(
    engine: Engine, reconcile: Callable[..., Result]
) -> None:
    """About as many of ours are not in it: the ids are damaged, or it is another's."""
    ours(engine, "kaspi", "1", "2", "3")
    before = rows(engine)
    content = register("91;71501;11.00", "92;71501;12.00", "93;71501;13.00")
    done = reconcile("kaspi", content, options=("--book",))

    assert done.exit_code == 1
    assert "no payment of the register is known here" in done.stderr
    assert "--force" in done.stderr
    assert rows(engine) == before
    assert len(names(done)) == 6
    as_json = reconcile("kaspi", content, options=("--book", "--json"))
    assert "--force" in json.loads(as_json.stdout.splitlines()[-1])["note"]


def test_force_books_it(engine: Engine, reconcile: Callable[..., Result]) -> None:
    """Who has looked may say so."""
    ours(engine, "kaspi", "1", "2", "3")
    content = register("91;71501;11.00", "92;71501;12.00", "93;71501;13.00")
    done = reconcile("kaspi", content, options=("--book", "--force"))

    assert done.exit_code == 1  # ours are still not in it
    assert names(done)[-3:] == ["booked: 91", "booked: 92", "booked: 93"]
    assert len(rows(engine)) == 6


@pytest.mark.parametrize(
    "held",
    [
        ("1", "2", "91"),  # one is known
        (),  # we were down all day
        tuple(str(n) for n in range(1, 8)),  # it is a part of a day
    ],
)
def test_a_register_that_is_another_only_in_part_is_booked(
    engine: Engine, reconcile: Callable[..., Result], held: tuple[str, ...]
) -> None:
    """What is missing is recorded as ever."""
    for number, txn_id in enumerate(held):
        amount = "11.00" if txn_id == "91" else f"{number + 1}.00"
        paid(engine, "kaspi", txn_id, "71501", amount, "2026-11-03 10:15:00")
    content = register("91;71501;11.00", "92;71501;12.00", "93;71501;13.00")
    done = reconcile("kaspi", content, options=("--book",))

    assert {"booked: 92", "booked: 93"} <= set(names(done))


def test_pairs_are_counted_on_both_sides(engine: Engine, reconcile: Callable[..., Result]) -> None:
    """Eight pairs and two that are left: their ids are all strange."""
    ours(engine, "kaspi", *(str(n) for n in range(1, 9)))
    pairs = [f"9{n};71501;{n}.00" for n in range(1, 9)]
    done = reconcile("kaspi", register(*pairs, "99;71501;99.00"), options=("--book",))

    assert "--force" in done.stderr
    assert len(rows(engine)) == 8


def test_force_goes_with_book(reconcile: Callable[..., Result]) -> None:
    """Alone it would do nothing."""
    done = reconcile("kaspi", register("1;71501;5.00"), options=("--force",))

    assert done.exit_code == 2
    assert "--force goes with --book" in done.stderr


# --- a sum over max_sum ---


def test_a_sum_over_max_sum_is_named_and_not_booked(
    engine: Engine, reconcile: Callable[..., Result]
) -> None:
    """Kopecks taken for tenge are a hundred times too much."""
    content = register("1;71501;1000.00", "2;71501;1000.01")
    named = reconcile("kaspi", content)
    booked = reconcile("kaspi", content, options=("--book",))

    assert names(named) == ["only in the register: 1", "over max_sum: 2"]
    assert (booked.exit_code, names(booked)) == (1, ["over max_sum: 2", "booked: 1"])
    forced = reconcile("kaspi", content, options=("--book", "--force"))
    assert (forced.exit_code, names(forced)) == (0, ["booked: 2"])
    assert reconcile("kaspi", content).exit_code == 0
    assert [row[3] for row in rows(engine)] == ["1000.00", "1000.01"]


# --- a number that nobody can have typed ---


def test_a_number_that_lost_its_zeros_is_not_paid_to_another(
    engine: Engine, reconcile: Callable[..., Result]
) -> None:
    """The pattern of the bank's numbers says that 715 is none."""
    engine.account("715")
    content = register("1;715;5.00", "2;00715;6.00")
    done = reconcile("pattern", content, options=("--book",))

    assert (done.exit_code, names(done)) == (1, ["nobody's: 1", "booked: 2"])
    assert "not a number by account_pattern" in done.stdout
    forced = reconcile("pattern", content, options=("--book", "--force"))
    assert names(forced) == ["booked: 1"]


# --- money that went back ---


def test_a_refund_is_shown_and_never_booked(
    engine: Engine, reconcile: Callable[..., Result]
) -> None:
    """Nor is the payment that was given back before we had heard of it."""
    ours(engine, "kaspi", "1")
    content = register("1;71501;1.00", "1;71501;-1.00", "2;71501;2.00", "2;71501;-2.00")
    for options in ((), ("--book",), ("--book", "--force")):
        done = reconcile("kaspi", content, options=options)
        assert done.exit_code == 1
        assert names(done) == ["refund: 1", "refund: 2", "refund: 2"]
        assert "-1.00" in done.stdout
    assert len(rows(engine)) == 1


def test_a_refund_of_what_we_cancelled_is_no_difference(
    engine: Engine, reconcile: Callable[..., Result]
) -> None:
    """With the payment in the same register, or in one of another day."""
    ours(engine, "kaspi", "1", "2")
    for txn_id in ("1", "2"):
        state(engine, txn_id, "cancelled", "2026-11-03 10:15:00")
    content = register("1;71501;1.00", "1;71501;-1.00", "2;71501;-2.00")
    done = reconcile("kaspi", content)

    assert done.exit_code == 0
    assert names(done) == [f"cancelled on both sides: {n}" for n in (1, 1, 2)]


@pytest.mark.parametrize("refund", ["-0.50", "-1.01"])
def test_a_refund_of_another_sum_is_a_difference(
    engine: Engine, reconcile: Callable[..., Result], refund: str
) -> None:
    """A part of it, for example."""
    ours(engine, "kaspi", "1")
    state(engine, "1", "cancelled", "2026-11-03 10:15:00")
    done = reconcile("kaspi", register("1;71501;1.00", f"1;71501;{refund}"))

    assert done.exit_code == 1
    assert names(done) == ["cancelled here: 1", "refund: 1"]


# --- ids that lost something ---


@pytest.mark.parametrize(
    ("held", "there"),
    [("0081", "81"), ("1234567890123456", "1234567890123450")],
)
def test_an_id_that_lost_something_is_probably_the_same(
    engine: Engine, reconcile: Callable[..., Result], held: str, there: str
) -> None:
    """Zeros in front, or the last digits; its account may have lost them, too."""
    paid(engine, "files", held, "00715", "5.00", "2026-11-03 10:15:00")
    paid(engine, "files", "A7", "71501", "7.00", "2026-11-03 10:15:00")
    paid(engine, "files", "7", "71501", "7.00", "2026-11-03 10:15:00")
    content = register(f"{there};715;5.00", "A7;71501;7.00", "7;71501;7.00", "8;71501;9.00")
    done = reconcile("files", content, options=("--book",))

    assert names(done) == [f"probably the same: {there}", "booked: 8"]
    assert "another form of the id" in done.stdout


def test_of_several_ids_that_lost_the_same_none_is_booked(
    engine: Engine, reconcile: Callable[..., Result]
) -> None:
    """A script rounded one of two: nobody knows which, and booking it would be a third payment."""
    ids = ("123456789012345678", "123456789012345687")
    for txn_id in (*ids, "7"):
        paid(engine, "files", txn_id, "71501", "5.00", "2026-11-03 10:15:00")
    content = register("7;71501;5.00", "123456789012345690;71501;5.00")
    done = reconcile("files", content, options=("--book",))

    assert sorted(name.split(":")[0] for name in names(done)) == [
        "only with us",
        "probably the same",
    ]


# --- the bank's own day ---


def test_a_day_may_end_before_midnight(engine: Engine, reconcile: Callable[..., Result]) -> None:
    """What was paid later belongs to the next; a date alone is the day itself."""
    for txn_id, when in (
        ("before", "2026-11-02 20:59:59.999"),
        ("first", "2026-11-02 21:00:00"),
        ("last", "2026-11-03 20:59:59"),
        ("after", "2026-11-03 21:00:00"),
    ):
        paid(engine, "evening", txn_id, "71501", "5.00", when)
    for dates in (("2026-11-02 21:00:00", "2026-11-03 20:59:59"), ("2026-11-03", "2026-11-03")):
        content = "".join(
            f"{txn_id};71501;5.00;{date}\n"
            for txn_id, date in zip(("first", "last"), dates, strict=True)
        )
        done = reconcile("evening", content)
        assert (done.exit_code, names(done)) == (0, [])
        assert done.stdout.startswith("evening, 2026-11-03\n")
    wider = reconcile("evening", content, options=("--from", "2026-11-02", "--to", "2026-11-04"))
    assert names(wider) == ["only with us: before", "only with us: after"]
    other = reconcile("evening", content.replace("2026-11-03\n", "2026-11-04\n"))
    assert "another day" in other.stdout


def test_an_empty_day_is_the_one_that_the_head_says(
    engine: Engine, reconcile: Callable[..., Result], tmp_path: Path
) -> None:
    """Not yesterday."""
    paid(engine, "dayless", "1", "71501", "5.00", "2026-11-02 21:30:00")
    content = "txn_id;account;sum;за 2026-11-03\n"
    done = reconcile("dayless", content)

    assert done.exit_code == 1
    assert names(done) == ["only with us: 1"]
    assert reconcile("dayless", content.replace("-03", "-04")).exit_code == 0


# --- several files ---


def test_several_files_of_a_day_are_one_register(
    engine: Engine, reconcile: Callable[..., Result]
) -> None:
    """Alone, each would lack what is in the other."""
    ours(engine, "kaspi", "1", "2")
    one, two = register("1;71501;1.00"), register("2;71501;2.00", "1;71501;1.00")

    assert names(reconcile("kaspi", one)) == ["only with us: 2"]
    both = reconcile("kaspi", one, two)
    assert (both.exit_code, names(both)) == (0, ["twice: 1"])
    assert "as in line 2 of 1.csv; line 3 of 2.csv" in both.stdout
    as_json = reconcile("kaspi", one, two, options=("--json",))
    assert json.loads(as_json.stdout.splitlines()[0])["file"] == "2.csv"


def test_one_of_several_files_that_is_refused_is_named(
    engine: Engine, reconcile: Callable[..., Result], tmp_path: Path
) -> None:
    """And nothing is booked of the others."""
    done = reconcile("kaspi", register("1;71501;1.00"), "x", options=("--book",))
    broken = reconcile("kaspi", register("1;71501;1.00"), f"txn_id{CSV}", options=("--book",))

    assert done.exit_code == 2
    assert broken.exit_code == 2
    assert f"{tmp_path}/2.csv: refused: " in broken.stderr
    assert rows(engine) == []


def test_the_reports_name_the_files(
    engine: Engine, reconcile: Callable[..., Result], tmp_path: Path
) -> None:
    """The table and the page, with the note that nothing was booked."""
    ours(engine, "kaspi", "1")
    files: list[Any] = [tmp_path / "report.csv", tmp_path / "report.html"]
    options = ("--book", "-o", str(files[0]), "-o", str(files[1]))
    contents = register("91;71501;11.00"), register("92;71501;1100.00", "91;71501;11.00")
    done = reconcile("kaspi", *contents, options=options)
    table, page = (file.read_text(encoding="utf-8-sig") for file in files)

    assert done.exit_code == 1
    assert "2.csv 2" in table
    assert "1.csv, 2.csv" in page
    assert "line 2, 2.csv" in page
    assert "Nothing is booked without --force" in page
