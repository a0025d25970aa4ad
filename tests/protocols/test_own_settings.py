"""A dialect's own settings are those of its sheet's section 10, with their defaults and words."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

import pytest

from callback.phrase import Phrase
from callback.protocols import PROTOCOLS, unavailable_answer
from callback.readers import REQUIRED
from callback.settings import load
from tests.conftest import settings_toml
from tests.support.dialects import CALLED, banks, table
from tests.support.processes import ROOT, write_settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SPAN = re.compile("`([^`]+)`")
# Besides the default: "or `"xml"`", and what stands with its meaning behind it.
WORD = re.compile(r'(?:^or |(?<=, ))`("[\w-]+"|-?\d+)`|`("\w+")`(?=:)')
MUST_BE_SET = "–"


class Banks:
    """As a module of tests says it: a bank of every dialect."""

    BANKS = banks()


class Row(NamedTuple):
    """What the sheet says of a key: its default as the settings would, and its other words."""

    default: str
    words: list[str]


def section(sheet: str, number: int) -> str:
    """A section of a sheet."""
    text = (ROOT / "docs" / "protocols" / f"{sheet}.md").read_text(encoding="utf-8")
    return text.partition(f"\n## {number}.")[2].partition("\n## ")[0]


def section_10(dialect: str) -> dict[str, Row]:
    """The table by key; what is said of all keys of a row is said of each."""
    lines = [line for line in section(dialect, 10).splitlines() if line.startswith("| `")]
    cells = [line.strip("|").split(" | ") for line in lines]
    return {key: row for keys, defaults, words in cells for key, row in rows(keys, defaults, words)}


def rows(keys: str, defaults: str, words: str) -> Iterator[tuple[str, Row]]:
    """The keys of one row of the table."""
    names = SPAN.findall(keys)
    values = re.split(r"(?<=`), | / ", defaults.strip())
    for place, name in enumerate(names):
        of_first = [quoted or bare for quoted, bare in WORD.findall(words.strip())]
        default = values[place] if len(values) == len(names) else defaults.strip()
        yield name, Row(default, [] if place else of_first)


def value(written: str) -> Any:
    """A value as the settings would say it."""
    return tomllib.loads(f"value = {written}")["value"]


@pytest.mark.parametrize("dialect", CALLED)
def test_every_setting_is_in_the_sheet(dialect: str) -> None:
    assert PROTOCOLS[dialect].SETTINGS.keys() <= section_10(dialect).keys()


@pytest.mark.parametrize("dialect", CALLED)
def test_the_defaults_are_those_of_the_sheet(dialect: str) -> None:
    """Where the sheet tells one: "section 9" and "letters of CURRENCY" are told by other tests."""
    sheet = section_10(dialect)
    for key, setting in PROTOCOLS[dialect].SETTINGS.items():
        default = sheet[key].default
        assert (setting.default is REQUIRED) == (default == MUST_BE_SET), key
        if SPAN.fullmatch(default):
            assert setting.default == value(default.strip("`")), key
            assert type(setting.default) is type(value(default.strip("`"))), key
            setting.read(setting.default)


@pytest.mark.parametrize("dialect", CALLED)
def test_a_register_is_laid_out_as_section_9_says(dialect: str) -> None:
    """What an id is in it stands in registers.md, section 3, of all dialects."""
    if section_10(dialect).get("register", Row("", [])).default != "section 9":
        return
    layout = dict(PROTOCOLS[dialect].SETTINGS["register"].default)
    forms = re.findall("`([^`]+)` for ([a-z, ]+)", section("registers", 3))
    of_dialects = {name: form for form, names in forms for name in names.strip().split(", ")}

    assert layout.pop("id_form") == of_dialects[dialect]
    (written,) = re.findall("`register = ([^`]+)`", section(dialect, 9))
    assert layout == value(written)


@pytest.mark.parametrize("dialect", CALLED)
def test_the_words_of_the_sheet_are_taken_and_no_others(dialect: str) -> None:
    for key, row in section_10(dialect).items():
        setting = PROTOCOLS[dialect].SETTINGS.get(key)
        if not setting:  # of all banks
            continue
        for word in row.words:
            assert setting.read(value(word)) is not None, word
        with pytest.raises(ValueError) as wrong:  # noqa: PT011 - the key decides what is wanted
            setting.read(1.5)
        assert isinstance(wrong.value.args[0], Phrase), key


def test_whose_own_answers_have_a_status_of_errors() -> None:
    """HTTP 400, 401 and 500 with a body that no web server may take away: section 2 or 5."""
    assert {dialect for dialect in CALLED if PROTOCOLS[dialect].ERROR_BODIES is not False} == {
        *("uzum", "paynet", "paynet_soap")
    }
    assert all(type(dialect.ERROR_BODIES) is bool for dialect in PROTOCOLS.values())


def alike(text: str) -> str:
    """An answer as any other that says the same: an empty element may be written in two ways."""
    return ElementTree.canonicalize(text) if text.startswith("<") else text


@pytest.mark.parametrize("dialect", CALLED)
def test_what_is_said_while_the_program_is_down(dialect: str, tmp_path: Path) -> None:
    """Section 5 or 6: by the web server, of a request that nobody has read."""
    config = write_settings(settings_toml("sqlite:///none.db", Banks), tmp_path)  # type: ignore[arg-type]
    told = unavailable_answer(load(config).banks[dialect])

    status, content_type, body = table(dialect, "UNAVAILABLE")
    assert (told.status, told.content_type) == (status, content_type)
    assert alike(told.body.decode()) == alike(body)
    unread = PROTOCOLS[dialect].UNAVAILABLE
    assert unread is None or unread.name == ""
