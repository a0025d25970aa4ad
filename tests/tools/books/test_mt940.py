"""Statements of account in MT940: read exactly, or refused; the library leaves the sums to us."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from callback import create_app
from callback.tools.books import mt940
from callback.tools.books.entry import RegisterError
from tests.conftest import settings_toml
from tests.support.processes import write_settings
from tests.tools.books.test_register import payments, read

if TYPE_CHECKING:
    from pathlib import Path

MT940 = (
    'protocol = "files"\nregister = { form = "mt940", purpose = "(?i)(?:L/S|account) ?([0-9]{8})" }'
)
# As a bank sends it: an envelope, lines of at most 65 characters, details of the whole at the end.
STATEMENT = """{1:F01BANKKZKAXXXX0000000000}{2:O9401200261104BANKKZKAXXXX00000000002611041200N}{4:
:20:STMT261103
:25:KZ000000000000000001
:28C:307/1
:60F:C261102KZT1000,00
:61:2611031103C640,30NTRFPAY17//BANK0001
:86:OPLATA ZA USLUGI VODOSNABZHENIYA PO KVITANCII ZA OKTYABR, L/S 310
04571
:61:2611031103D100,50NCHGNONREF//BANK0002
:86:KOMISSIYA
:61:2611031103C5,NTRFNONREF
:86:ARENDA
:62F:C261103KZT1544,80
:86:ITOGO 2 POSTUPLENIYA, L/S 99999999
-}
"""
PAGES = STATEMENT.replace(":62F:", ":62M:") + STATEMENT.replace(
    ":60F:C261102KZT1000,00", ":60M:C261103KZT1544,80"
).replace("C640,30NTRFPAY17//BANK0001", "C0,70NTRFPAY18//BANK0003").replace(
    "KZT1544,80\n:86", "KZT1450,00\n:86"
)
ONE = ("PAY17/BANK0001/20261103", "31004571", "640.30", "2026-11-03 00:00:00")


@pytest.mark.parametrize(
    "content",
    [
        STATEMENT,
        STATEMENT.replace("\n", "\r\n"),
        STATEMENT[STATEMENT.index(":20:") : STATEMENT.index("-}")],
        STATEMENT.replace("{4:\n:20:", "{4::20:"),
        "BANKKZKA\n940\nBANKKZKA\n" + STATEMENT[STATEMENT.index(":20:") :].replace("-}", "-"),
        STATEMENT.replace(":61:2611031103C6", ":61:261103C6"),
        STATEMENT.replace(
            ":86:OPLATA ZA USLUGI VODOSNABZHENIYA PO KVITANCII ZA OKTYABR, L/S 310\n04571",
            ":86:166?00OPLATA?20OPLATA ZA USLUGI L/S 3100?214571?32IVANOV",
        ),
    ],
    ids=["as sent", "CR LF", "bare", "one line", "an old head", "no entry date", "subfields"],
)
def test_a_statement_is_read(tmp_path: Path, content: str) -> None:
    """Money in is a payment, money out is none; a number may be cut by the end of a line."""
    register = read(tmp_path, MT940, content)

    assert payments(register) == [ONE]
    assert [(remark.name, remark.detail) for remark in register.remarks] == [
        ("not a payment", "KOMISSIYA"),
        ("no number in the purpose", "ARENDA"),
    ]


def test_a_statement_without_a_line_is_of_the_day_of_its_closing_balance(tmp_path: Path) -> None:
    """And agrees with no other day."""
    start, end = STATEMENT.index(":61:"), STATEMENT.index(":62F:")
    content = (STATEMENT[:start] + STATEMENT[end:]).replace("KZT1544,80", "KZT1000,00")

    assert [f"{day}" for day in read(tmp_path, MT940, content).days] == ["2026-11-03"]


def test_a_statement_may_go_on_in_another_message(tmp_path: Path) -> None:
    """Each with its own balances, which follow each other."""
    register = read(tmp_path, MT940, PAGES)

    assert [entry.txn_id for entry in register.entries] == [
        "PAY17/BANK0001/20261103",
        "PAY18/BANK0003/20261103",
    ]
    lines = [entry.line for entry in register.entries]
    assert lines == [6, 6 + STATEMENT.count("\n")]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "line 1: not a statement in MT940"),
        ("<html></html>", "line 1: not a statement in MT940"),
        (STATEMENT.replace("640,30", "640,31"), "line 2: 1544.80 by the closing balance, 1544.81"),
        (STATEMENT.replace(":60F:C", ":60F:D"), "line 2: 1544.80 by the closing balance"),
        (STATEMENT[: STATEMENT.index(":62F:")], "line 2: a message without closing balance"),
        (STATEMENT[: STATEMENT.index("1544,80")], "line 2: not a readable message: "),
        (STATEMENT.replace(":60F:C261102KZT1000,00\n", ""), "line 2: a message without opening"),
        (STATEMENT.replace("KZT", "USD"), "line 2: USD, and not KZT"),
        (STATEMENT.replace(":62F:", ":62M:"), "line 2: the statement goes on in a message not"),
        (
            PAGES.replace("1544,80\n:61", "1544,90\n:61").replace("1450,00", "1450,10"),
            "line 17: the",
        ),
        (STATEMENT.replace("C640,30N", "C6,4,0N"), "line 2: not a readable message"),
        (STATEMENT.replace("2611031103C", "2613031103C"), "line 2: not a readable message"),
        (STATEMENT.replace("NTRFPAY17//BANK0001", ""), "line 2: 3 lines :61:, 2 readable"),
        (STATEMENT + ":61:2611031103C5,NTRFNONREF\n", "line 16: :61:2611031103C5,NTR outside"),
        (STATEMENT.replace("ARENDA", "A\n:61:2611031103C9,NTRFX"), "line 2: 1544.80 by the clos"),
        (STATEMENT.encode("utf-16")[:-1], "line 15: not utf-16-le"),
    ],
)
def test_a_statement_that_is_cut_off_or_altered_is_refused(
    tmp_path: Path, content: str | bytes, fault: str
) -> None:
    """As a whole: what the lines come to must be what the balances say."""
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, MT940, content)

    assert str(caught.value).startswith(fault)


@pytest.mark.slow
def test_every_cut_of_a_statement_is_refused(tmp_path: Path) -> None:
    """But for the end behind the closing balance, and its last digit, which says nothing."""
    end = STATEMENT.index("1544,80") + len("1544,8")
    for length in range(end):
        with pytest.raises(RegisterError):
            read(tmp_path, MT940, STATEMENT[:length])


def test_a_file_that_is_the_name_of_another_is_not_opened(tmp_path: Path) -> None:
    """The library would."""
    other = tmp_path / "other.sta"
    other.write_text(STATEMENT)
    with pytest.raises(RegisterError, match="not a statement"):
        read(tmp_path, MT940, str(other))


@pytest.mark.parametrize(
    ("mark", "name"), [("RC", "refund"), ("RD", "neither income nor spending")]
)
def test_a_reversal_is_for_a_person(tmp_path: Path, mark: str, name: str) -> None:
    """Of a credit or a debit: it is shown with its sum, and never booked."""
    sign = -1 if mark == "RC" else 1
    closing = f"{1000 + sign * 640 - 100 + 5}"
    content = STATEMENT.replace("C640,30", f"{mark}640,").replace("D100,50", "D100,")
    register = read(tmp_path, MT940, content.replace("1544,80", f"{closing},"))
    (remark,) = [remark for remark in register.remarks if remark.name == name]

    assert register.entries == []
    assert remark.entry is not None
    assert (f"{remark.entry.amount}", remark.line) == (f"{sign * 640}", 6)
    assert remark.detail.startswith(f"a reversal ({mark}); OPLATA")


@pytest.mark.parametrize(
    ("details", "name"),
    [
        ("L/S 31004571, L/S 31004572", "no clear number"),
        ("L/S 310045\n7", "no number in the purpose"),
        ("L/S 31004571\n2", "payment"),
        ("L/S 31004571\nL/S 31004571", "payment"),
        ("X" * 80_000, "no clear number"),
    ],
)
def test_the_number_must_be_clear(tmp_path: Path, details: str, name: str) -> None:
    """However its lines belong together."""
    content = STATEMENT.replace("ARENDA", details)
    register = read(tmp_path, MT940, content)
    names = [remark.name for remark in register.remarks] + ["payment"] * (len(register.entries) - 1)

    assert names[1:] == [name]


def test_a_number_that_depends_on_how_lines_are_joined_is_not_clear(tmp_path: Path) -> None:
    """310045 and 31004571 are two customers."""
    bank = MT940.replace("[0-9]{8}", "[0-9]{6,8}")
    register = read(tmp_path, bank, STATEMENT.replace("ARENDA", "L/S 310045\n71"))

    assert [remark.name for remark in register.remarks] == ["not a payment", "no clear number"]
    assert register.remarks[1].detail.startswith("310045 or 31004571, by how")
    bank = MT940.replace(" ?(", " (")
    register = read(tmp_path, bank, STATEMENT.replace("ARENDA", "L/S 31004571 L/S\n31004572"))
    assert [remark.name for remark in register.remarks] == ["not a payment", "no clear number"]


def test_details_of_the_whole_statement_are_nobodys(tmp_path: Path) -> None:
    """They stand behind the closing balance, and the library gives them to the last line."""
    register = read(tmp_path, MT940, STATEMENT)

    assert "99999999" not in str(register)


def test_the_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With where to find it."""
    monkeypatch.setitem(sys.modules, "mt940", None)
    with pytest.raises(RegisterError, match=r"install mt-940 \(requirements-optional.txt\)"):
        read(tmp_path, MT940, STATEMENT)


@pytest.mark.parametrize("missing", [True, False])
def test_the_doctor_names_the_missing_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: bool
) -> None:
    """Before a file comes that needs it."""

    def version(name: str) -> str:
        if missing and name == "mt-940":
            raise metadata.PackageNotFoundError
        return "1"

    monkeypatch.setattr("importlib.metadata.version", version)
    module: Any = SimpleNamespace(BANKS=f"[BANKS.b]\n{MT940}")
    toml = settings_toml(f"sqlite:///{tmp_path}/none.db", module)
    runner = create_app(write_settings(toml, tmp_path)).test_cli_runner()
    findings = map(json.loads, runner.invoke(args=["doctor", "--json"]).stdout.splitlines())
    texts = [finding["text"] for finding in findings if finding["name"] == "bank b register"]

    assert texts == ([mt940.MISSING] if missing else [])


def test_nothing_of_a_file_is_printed_by_the_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Which may hold what moves a terminal's cursor."""
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, MT940, STATEMENT.replace(":28C:307/1", ":28C:\x1b[2Jx"))

    assert "\x1b" not in str(caught.value)
    assert capsys.readouterr() == ("", "")
    assert caplog.records == []
