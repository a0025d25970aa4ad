"""What the program says to people of the office, in their language: gettext, from one catalog.

`language` of the settings says which. English is what stands in the code, and what a text is in
that the catalog lacks; who speaks Kazakh or Uzbek with payers gets Russian here. What banks and
payers read is elsewhere: messages.py and tools/sheet/.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING

from click import Option

from callback.messages import LANGUAGES
from callback.phrase import Phrase
from callback.tools.words import foreign

if TYPE_CHECKING:
    from click import Command

DOMAIN = "callback"
FOLDER = Path(__file__).parent
_NAMED = re.compile(rb"^[ \t]*language[ \t]*=[ \t]*[\"']([a-z]{2})[\"']", re.M)


class _Voice:
    texts: gettext.NullTranslations = gettext.NullTranslations()
    language = "en"


def speak(language: str) -> None:
    """Say everything in this language from now on; English where there is no catalog of it."""
    _Voice.texts = catalog_of(language)
    _Voice.language = "en" if language in ("", "en") else "ru"


def spoken() -> str:
    """The language that is spoken now: "en", or "ru" for all whose catalog that is."""
    return _Voice.language


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


def language_of(path: Path) -> str:
    """What the settings say, unreadable as they may be otherwise; without any, the system's."""
    try:
        content = path.read_bytes().replace(b"\0", b"")  # UTF-16 is a mistake that is told
        named = _NAMED.search((b"\n" + content).partition(b"\n[")[0])
    except OSError:
        return of_the_system()
    return named[1].decode() if named else ""


def of_the_system() -> str:
    """The language of whoever sits at this machine, in two letters."""
    names = [os.environ.get(name, "") for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")]
    if os.name == "nt":
        import ctypes

        number = ctypes.windll.kernel32.GetUserDefaultUILanguage()  # type: ignore[attr-defined]
        names.append(locale.windows_locale.get(number, ""))
    code = next(filter(None, names), "")[:2].lower()
    return code if code in LANGUAGES else ""


def translated(command: Command) -> Command:
    """Have a command's --help in the language that is spoken."""
    command.help = command.help and _(cleandoc(command.help))
    command.options_metavar = _("[OPTIONS]")
    for option in command.params:
        if isinstance(option, Option):
            option.help = option.help and _(option.help)
    return command


def say(text: object) -> str:
    """Say a phrase, or what an error's phrase is; any other text as it is."""
    return said(text, _Voice.texts)


def said(text: object, texts: gettext.NullTranslations) -> str:
    """The same out of another catalog."""
    if isinstance(text, OSError) and text.strerror:
        where = "".join(f": {file!r}" for file in (text.filename, text.filename2) if file)
        return _of_others(text.strerror, texts) + where
    text = str(text)
    if not isinstance(text, Phrase):
        return _of_others(text, texts)
    words = texts.gettext(text.words) if text.words else ""
    values = {
        name: said(value, texts) if isinstance(value, str | Exception) else value
        for name, value in text.values.items()
    }
    return words.format(**values) if values else words


def _of_others(text: str, texts: gettext.NullTranslations) -> str:
    """What a library has made may be known; what people have written never is."""
    form, parts = foreign.taken_apart(text)
    if not form:
        return text
    words = texts.gettext(form)
    return words.format(**parts) if parts else words


def _(text: str) -> str:
    """Say a text."""
    return _Voice.texts.gettext(text) if text else ""
