"""What the program says to people of the office, in their language: gettext, from one catalog.

`language` of the settings says which. English is what stands in the code, and what a text is in
that the catalog lacks; who speaks Kazakh or Uzbek with payers gets Russian here. What banks and
payers read is elsewhere: messages.py and tools/sheet/.
"""

from __future__ import annotations

import gettext
import os
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING

from click import Option

if TYPE_CHECKING:
    from click import Command

DOMAIN = "callback"
FOLDER = Path(__file__).parent


class _Voice:
    texts: gettext.NullTranslations = gettext.NullTranslations()


def speak(language: str) -> None:
    """Say everything in this language from now on; English where there is no catalog of it."""
    _Voice.texts = catalog_of(language)


def catalog_of(language: str) -> gettext.NullTranslations:
    """The texts of a language; of English those in the code."""
    if language in ("", "en"):
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [language, "ru"], fallback=True)


def speak_at_a_terminal(language: str) -> None:
    """Likewise, and have the library of commands say its own words from the same catalog."""
    speak(language)
    if language:
        gettext.bindtextdomain(DOMAIN, str(FOLDER))
        gettext.textdomain(DOMAIN)
        os.environ["LANGUAGE"] = f"{language}:ru" if language != "en" else "en"


def translated(command: Command) -> Command:
    """Have a command's --help in the language that is spoken."""
    command.help = command.help and _(cleandoc(command.help))
    for option in command.params:
        if isinstance(option, Option):
            option.help = option.help and _(option.help)
    return command


def _(text: str) -> str:
    """Say a text."""
    return _Voice.texts.gettext(text)
