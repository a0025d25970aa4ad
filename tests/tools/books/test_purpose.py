"""The customer's number is found in a text, or it is said why not."""

from __future__ import annotations

import re

import pytest

from callback.tools.books import purpose

EXPRESSION = re.compile(r"(?:л/с|лицевой счет)\s*№?\s*([0-9]{8})")


@pytest.mark.parametrize(
    "text",
    [
        "Оплата за услуги, л/с 31004571",
        "лицевой счет №31004571, договор 31004572",
        "л/с 31004571 за октябрь; л/с 31004571 за ноябрь",
    ],
)
def test_the_one_number_of_a_text_is_found(text: str) -> None:
    """Other numbers around it do not matter, nor does the same one twice."""
    assert purpose.account(text, EXPRESSION) == "31004571"


@pytest.mark.parametrize(
    ("text", "name", "detail"),
    [
        ("аренда", "no number in the purpose", "аренда"),
        ("", "no number in the purpose", ""),
        (
            "л/с 31004571 и л/с 31004572",
            "no clear number",
            "31004571 or 31004572: л/с 31004571 и л/с 31004572",
        ),
        ("л/с 31004571" + " " * 80_000, "no clear number", "80012 characters: л/с 31004571"),
    ],
    ids=["none", "empty", "two", "80 KB"],
)
def test_it_is_said_why_there_is_no_number(text: str, name: str, detail: str) -> None:
    """None, or more than one: nobody guesses whose money it is."""
    with pytest.raises(purpose.NoNumberError) as caught:
        purpose.account(text, EXPRESSION)

    assert caught.value.name == name
    assert str(caught.value).startswith(detail)
    assert len(str(caught.value)) < 600


def test_without_an_expression_there_is_no_number() -> None:
    """The setting is empty by default."""
    with pytest.raises(purpose.NoNumberError):
        purpose.account("л/с 31004571", None)


def test_of_several_groups_the_one_that_took_part_counts() -> None:
    """An expression may know several ways to write a number."""
    expression = re.compile("л/с ([0-9]{8})|лицевой счет ([0-9]{8})|аренда()")

    assert purpose.account("лицевой счет 31004571", expression) == "31004571"
    with pytest.raises(purpose.NoNumberError):
        purpose.account("аренда", expression)
