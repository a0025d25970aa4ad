"""What people of the office read is in their language, out of one catalog that lacks nothing."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from callback import settings
from callback.database.driver import pymysql
from callback.database.errors import DatabaseError
from callback.database.mysql import explain
from callback.paths import ROOT
from callback.tools import hints, words
from tests.conftest import SOME_BANK, flask
from tests.support import catalog
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from babel.messages.catalog import Catalog

HEAD = """
SECRET_KEY = "only-for-tests-never-where-money-is"
DATABASE = "sqlite:///books.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
"""
TOLD = ("Finding", "WrongError", "NothingError")
SENTENCE = re.compile("[a-z]{2,} [a-z]{2,}")
VALUE = re.compile(r"(?<!\{)\{[^{}]*\}")


@pytest.fixture(scope="module")
def russian() -> Catalog:
    """The Russian texts, with all that the program says now."""
    return catalog.translated("ru")


@pytest.mark.slow
def test_every_text_is_translated(russian: Catalog) -> None:
    """One that is new, or has changed, stands in ru.po after `make texts`."""
    assert catalog.untranslated(russian) == []
    assert len(russian) > 100


def test_a_translation_has_the_values_of_the_text(russian: Catalog) -> None:
    """Each of them, formatted alike: another would be a crash where nobody expects one."""
    wrong = [
        message.id
        for message in russian
        if message.id
        and not message.pluralizable
        and sorted(VALUE.findall(str(message.id))) != sorted(VALUE.findall(str(message.string)))
    ]

    assert wrong == []


def test_what_is_uploaded_is_what_was_translated(russian: Catalog) -> None:
    """A host compiles nothing: the compiled texts are in the tree."""
    assert catalog.file("ru", "mo").read_bytes() == catalog.compiled(russian)


@pytest.mark.parametrize(
    ("language", "help_", "doctor"),
    [
        ("", "Usage:", "only their owner can read them"),
        ('language = "en"', "Usage:", "only their owner can read them"),
        ('language = "ru"', "Использование:", "прочесть может только владелец"),
        ('language = "kk"', "Использование:", "прочесть может только владелец"),
    ],
)
@pytest.mark.slow
def test_commands_and_the_doctor_speak_it(
    tmp_path: Path, language: str, help_: str, doctor: str
) -> None:
    """English where the settings say nothing."""
    file = write_settings(f"{language}\n{HEAD}{SOME_BANK}", tmp_path)
    shown = flask(file, "payments", "--help").stdout

    assert shown.startswith(help_)
    assert ("[OPTIONS]" in shown) == (help_ == "Usage:")
    assert ("List the recorded payments" in shown) == (help_ == "Usage:")
    assert doctor in flask(file, "doctor").stdout


@pytest.mark.slow
def test_what_a_command_refuses_is_said_in_it(tmp_path: Path) -> None:
    """By the library of commands, too."""
    file = write_settings(f'language = "ru"\n{HEAD}{SOME_BANK}', tmp_path)

    assert "Не хватает аргумента" in flask(file, "sheet").stderr
    assert "неверное значение: " in flask(file, "url", "none").stderr


def test_the_list_of_commands_is_in_it_and_has_nothing_of_flask(tmp_path: Path) -> None:
    """Of `python -m callback`; before the command `flask` has read the settings, it has spoken."""
    file = write_settings(f'language = "ru"\n{HEAD}{SOME_BANK}', tmp_path)
    shown = subprocess.run(
        [sys.executable, "-m", "callback", "--help"],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(file)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout

    assert shown.startswith("Использование: python -m callback")
    assert "Подробнее о каждой команде" in shown
    assert "--app" not in shown
    assert "OPTIONS" not in shown


FAULTY: dict[str, tuple[str | bytes, str]] = {
    "a text without its quotes": ('language = "ru"\nSECRET_KEY = x\n', "тексты пишутся в кавычках"),
    "windows-1251": ('language = "ru"\n# \u041f\u0440\n'.encode("cp1251"), "строка 2 не в UTF-8"),
    "keys": (f'language = "ru"\nFOO = 1\n{HEAD}{SOME_BANK}min_sum = 1\n', "FOO: такого ключа нет"),
}


@pytest.mark.parametrize("mistake", FAULTY)
@pytest.mark.parametrize("program", [("-m", "callback"), ("-m", "flask")])
def test_faults_of_the_settings_are_said_in_it(
    tmp_path: Path, mistake: str, program: tuple[str, ...]
) -> None:
    """Though they cannot be read: the line `language` is looked for."""
    text, said = FAULTY[mistake]
    file = tmp_path / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(
        [sys.executable, *program, "doctor"],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(file), "LANG": "C"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert said in done.stderr
    assert "expected" not in done.stderr


@pytest.mark.parametrize(("system", "said"), [("ru_RU.UTF-8", "нет файла"), ("C", "no settings")])
def test_without_settings_it_is_the_systems_language(
    tmp_path: Path, system: str, said: str
) -> None:
    """Somebody who begins has none yet."""
    done = subprocess.run(
        [sys.executable, "-m", "callback", "doctor"],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(tmp_path / "none.toml"), "LANG": system},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ('language = "ru"\n', "ru"),
        ("  language='kk' # of all\n[BANKS.x]\n", "kk"),
        ('[BANKS.x]\nlanguage = "uz"\n', ""),
        ('# language = "ru"\n', ""),
    ],
)
def test_the_language_is_that_of_the_file_and_of_no_bank(
    tmp_path: Path, text: str, language: str
) -> None:
    """A comment is none, nor is a bank's."""
    file = tmp_path / "config.toml"
    file.write_text(text)

    assert words.language_of(file) == language


def test_payers_read_it_too_unless_the_bank_says_otherwise(tmp_path: Path) -> None:
    """A bank's own language wins."""
    own = SOME_BANK.replace("qiwi", "own") + 'language = "uz"\n'
    banks = settings.load(
        write_settings(f'language = "kk"\n{HEAD}{SOME_BANK}{own}', tmp_path)
    ).banks

    assert (banks["qiwi"].language, banks["own"].language) == ("kk", "uz")
    assert settings.load(write_settings(HEAD + SOME_BANK, tmp_path)).banks["qiwi"].language == "en"


def test_no_finding_is_written_past_the_catalog() -> None:
    """A sentence of the doctor's is wrapped, or it is English in every language."""
    past = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted((ROOT / "callback" / "tools").rglob("*.py"))
        for line in _unwrapped(ast.parse(file.read_text(encoding="utf-8")))
    ]

    assert past == []


def _unwrapped(tree: ast.Module) -> Iterator[int]:
    """The lines where a finding, or what becomes one, is given a sentence of its own."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    for call in calls:
        is_told = isinstance(call.func, ast.Name) and call.func.id in TOLD
        if is_told and any(map(SENTENCE.search, _parts(call.args[-1]))):
            yield call.lineno


def _parts(text: ast.expr) -> list[str]:
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    constants = [part.value for part in parts if isinstance(part, ast.Constant)]
    return [part for part in constants if isinstance(part, str)]


@pytest.mark.parametrize(("language", "hint"), [("en", "is wrong in DATABASE"), ("ru", "неверный")])
def test_a_hint_of_the_database_is_said_in_it(language: str, hint: str) -> None:
    """What the server said stays before it."""
    error = DatabaseError(explain(pymysql.OperationalError(1045, "Access denied")))
    words.speak(language)
    try:
        said = hints.explained(error)
    finally:
        words.speak("en")

    assert "Access denied" in said
    assert hint in said


@pytest.mark.parametrize(("language", "hint"), [("en", "nobody answers"), ("ru", "не отвечает")])
def test_an_address_where_nobody_answers_has_a_hint(language: str, hint: str) -> None:
    """An office asks a database that only the host reaches."""
    words.speak(language)
    try:
        said = hints.explained(DatabaseError(explain(pymysql.OperationalError(2003, "no way"))))
    finally:
        words.speak("en")

    assert hint in said


@pytest.mark.parametrize(
    ("denied", "hint"),
    [
        ("ALTER command denied to user 'u'@'h' for table 'payment'", "may not make or change"),
        ("CREATE command denied to user 'u'@'h' for table 'payment'", "may not make or change"),
        ("INSERT command denied to user 'u'@'h' for table 'payment'", "over its quota"),
        ("SELECT command denied to user 'INDEX command denied'@'h'", "over its quota"),
    ],
)
def test_a_right_that_was_never_wanted_is_not_one_that_was_revoked(denied: str, hint: str) -> None:
    """Tables are made by whoever may; the quota has nothing to do with it."""
    assert hint in explain(pymysql.OperationalError(1142, denied))
