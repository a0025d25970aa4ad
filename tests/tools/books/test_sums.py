"""Sums as banks write them: read where they can mean one thing only, else refused with a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from callback import layouts, settings
from callback.tools.books import sums

if TYPE_CHECKING:
    from callback.layouts import RegisterLayout


def layout(**keys: Any) -> RegisterLayout:
    """A layout with the defaults but for some keys."""
    values = {name: key.read(key.default) for name, key in layouts.REGISTER_KEYS.items()}
    return layouts.register_layout({**values, **keys}, [], "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("5.5", "5.5"),
        ("5,50", "5.50"),
        ("1 250,00", "1250.00"),
        ("1\u00a0250,00", "1250.00"),
        ("1\u202f250,00", "1250.00"),
        ("1\u2009250.00", "1250.00"),
        ("12 345 678,90", "12345678.90"),
        ("1 250", "1250"),
        ("1'250.00", "1250.00"),
        ("1\u2019250,00", "1250.00"),
        ("1,250.00", "1250.00"),
        ("1.250,00", "1250.00"),
        ("1,250,000.5", "1250000.5"),
        ("1.250.000", "1250000"),
        ("1250.0000", "1250.00"),
        ("640,3000", "640.30"),
        ("1250.000", "1250.00"),
        (".50", "0.50"),
        (",5", "0.5"),
        ("+1 250,00", "1250.00"),
        ("1 250,00 ₸", "1250.00"),
        ("₸1250.00", "1250.00"),
        ("1250,00 тг.", "1250.00"),
        ("1 250.00 KZT", "1250.00"),
        ("KZT 1 250.00", "1250.00"),
        ("000000001250.00", "1250.00"),
        ("999999999999.99", "999999999999.99"),
    ],
)
def test_what_can_mean_one_sum_only_is_read(text: str, value: str) -> None:
    """By default."""
    assert str(sums.amount(text, layout(), "KZT")) == value


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1,250", "set group = ','"),
        ("1.250", "set group = '.'"),
        ("640-30", "set decimal = '-'"),
        ("640=", "set decimal = '-'"),
        ('"640.30"', "set quote = '\"'"),
        ("1.25E+03", "a spreadsheet has rewritten it"),
        ("5.00 USD", "a sum in KZT is expected"),
        ("$5.00", "a sum in KZT is expected"),
        ("5.00 руб.", "a sum in KZT is expected"),
        ("-5.00", "below zero"),
        ("640.301", ""),
        ("12 34,00", ""),
        ("1 250'000", ""),
        ("1,25,000.00", ""),
        ("1250.", ""),
        ("", ""),
        ("-", ""),
        ("٥.00", ""),
        ("5.00\u0000", ""),
        ("1234567890123", ""),
        ("1 234 567 890 123,00", ""),
    ],
)
def test_what_is_doubtful_is_refused_with_the_setting_that_takes_it(text: str, hint: str) -> None:
    """Or with what has happened to it."""
    with pytest.raises(ValueError, match="not a sum") as caught:
        sums.amount(text, layout(), "KZT")

    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "text", "value"),
    [
        ({"group": ","}, "1,250", "1250"),
        ({"group": ","}, "1,250.5", "1250.5"),
        ({"group": ","}, "1250.5", "1250.5"),
        ({"group": "."}, "1.250", "1250"),
        ({"group": " "}, "1 250,00", "1250.00"),
        ({"group": "'"}, "1'250,00", "1250.00"),
        ({"decimal": "."}, "1,250.00", "1250.00"),
        ({"decimal": ","}, "1.250,00", "1250.00"),
        ({"decimal": "-"}, "1 640-30", "1640.30"),
        ({"decimal": "-"}, "640=", "640"),
        ({"kopecks": True}, "64030", "640.30"),
    ],
)
def test_the_named_setting_takes_it(keys: dict[str, Any], text: str, value: str) -> None:
    """As the refusal has said."""
    assert str(sums.amount(text, layout(**keys))) == value


@pytest.mark.parametrize(
    ("keys", "text", "hint"),
    [
        ({"decimal": "."}, "5,00", "set decimal = 'both'"),
        ({"decimal": ","}, "5.00", "set decimal = 'both'"),
        ({"group": ","}, "1.250,5", "set decimal = 'both' and group = ''"),
        ({"kopecks": True}, "640.30", "kopecks = true wants whole numbers"),
        ({"decimal": "."}, "1.250", "not a sum"),
    ],
)
def test_a_setting_excludes_what_it_does_not_name(
    keys: dict[str, Any], text: str, hint: str
) -> None:
    """A contract wins over what is usual."""
    with pytest.raises(ValueError, match=hint):
        sums.amount(text, layout(**keys))


@pytest.mark.parametrize("text", ["-5.00", "\u22125,00", "(5.00)", "5.00-", "- 5.00"])
def test_money_that_went_back_is_below_zero(text: str) -> None:
    """However the minus is written."""
    assert sums.signed(text, layout()) == -5


def test_every_currency_has_its_signs() -> None:
    """That of another one is no sum of this bank."""
    assert sums.amount("5.00 сом", layout(), "KGS") == 5
    assert sums.amount("5.00 so'm", layout(), "UZS") == 5
    assert sums.amount("5.00 GEL", layout(), "GEL") == 5
    with pytest.raises(ValueError, match="a sum in UZS"):
        sums.amount("5.00 сом", layout(), "UZS")


def test_the_settings_name_what_does_not_fit(tmp_path: Any) -> None:
    """A mark cannot part thousands and kopecks."""
    file = tmp_path / "config.toml"
    file.write_text(
        'SECRET_KEY = "only-for-tests-never-where-money-is"\nDATABASE = "sqlite:///x.db"\n'
        'TIMEZONE = "Asia/Almaty"\nCURRENCY = "KZT"\n[BANKS.b]\nprotocol = "files"\n'
        'register = { group = ",", decimal = "," }\n'
    )
    with pytest.raises(settings.SettingsError, match="group: expected another than decimal"):
        settings.load(file)
