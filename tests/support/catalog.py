"""Gathers the texts and compiles them: `make texts`, after a text has changed.

What is new stands in ru.po with an empty translation; Babel does the rest. The texts of --help are
taken from the commands themselves.
"""

from __future__ import annotations

import ast
import io
from datetime import datetime, timezone
from inspect import cleandoc
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from click import Context, Group, Option

from callback import create_app
from callback.paths import ROOT
from callback.tools import undone
from callback.tools.books import phrases
from callback.tools.books.console import BARS
from callback.tools.conform.suite import CASES, NEEDS
from callback.tools.hints import BELOW
from callback.tools.words import DOMAIN, FOLDER, foreign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click import Command

# What stands in a name and is said elsewhere.
OTHERS = (
    *(*BELOW, *BARS, *foreign.SAID, *undone.WRITTEN.values()),
    *(*(case.sentence for case in CASES), *(need.without for need in NEEDS.values())),
)
LANGUAGES = ("ru",)
DAY = datetime(2026, 11, 26, tzinfo=timezone.utc)  # another would be a change in every file
CALLS = ("_", "Phrase")  # what says the text that stands in their brackets
# What the library of commands says by itself.
OF_THE_COMMAND_LINE = (
    *("usage: ", "positional arguments", "options", "show this help message and exit"),
    *("%(prog)s: error: %(message)s\n", "the following arguments are required: %s"),
    *("invalid choice: %(value)r (choose from %(choices)s)", "unrecognized arguments: %s"),
    *("argument %(argument_name)s: %(message)s", "expected one argument"),
    *("{name} {filename!r} does not exist.", "{name} {filename!r} is a directory."),
    *("{name} {filename!r} is a file.", "file", "directory", "path", "Do you want to continue?"),
    *("{value!r} is not a valid {number_type}.", "{value} is not in the range {range}."),
    *("Option {name!r} does not take a value.", "Error: invalid input", "(dynamic)"),
    *("Choose from:\n\t{choices}", "Could not open file {filename!r}: {message}"),
)
OF_CLICK_FOR_ONE_AND_MORE = (
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    (
        "{value!r} does not match the format {format}.",
        "{value!r} does not match the formats {formats}.",
    ),
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
)
OF_CLICK = (
    *OF_THE_COMMAND_LINE,
    *("Usage:", "Options", "Commands", "Error: {message}", "Show this message and exit."),
    *("Try '{command} {option}' for help.", "required", "default: {default}", "[OPTIONS]"),
    *("Invalid value: {message}", "Invalid value for {param_hint}: {message}", "Missing option"),
    *("Missing argument", "Missing command.", "Aborted!", "No such command {name!r}."),
    "No such option {name!r}.",
)


def file(language: str, suffix: str) -> Path:
    """Where a language's texts stand."""
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.{suffix}"


def gathered() -> Catalog:
    """Everything that the program may say, without translations."""
    catalog = Catalog(domain=DOMAIN, fuzzy=False)
    for file in sorted([*(ROOT / "callback").rglob("*.py"), *(ROOT / "deploy").glob("*.py")]):
        for line, text in _texts(ast.parse(file.read_text(encoding="utf-8"))):
            catalog.add(text, locations=[(file.relative_to(ROOT).as_posix(), line)])
    release = ast.parse((ROOT / "deploy" / "release.py").read_text("utf-8"))
    catalog.add(ast.get_docstring(release) or "")
    for text in (*_helps(), *OF_CLICK, *phrases.PHRASES, *phrases.ADVICE.values(), *OTHERS):
        catalog.add(text)
    for one_and_more in OF_CLICK_FOR_ONE_AND_MORE:
        catalog.add(one_and_more)
    return catalog


def _texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What is said in a module, wherever it stands within other calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            text = node.args[0]
            if node.func.id in CALLS and isinstance(text, ast.Constant) and text.value:
                yield node.lineno, str(text.value)


def _helps() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        settings = Path(folder, "config.toml")
        settings.touch(mode=0o600)
        sample = (ROOT / "sample.toml").read_text(encoding="utf-8")
        settings.write_text(
            sample.replace("public-secret-of-the-sample", "x" * 32), encoding="utf-8"
        )
        group = create_app(settings).cli
        yield from _of(group, Context(group))


def _of(group: Group, context: Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command and command.callback and command.callback.__module__.startswith("callback."):
            yield from _of_command(command)


def _of_command(command: Command) -> Iterator[str]:
    yield cleandoc(command.help or "")
    for option in command.params:
        if isinstance(option, Option) and option.help:
            yield option.help


def translated(language: str) -> Catalog:
    """What the file of a language has, with everything that is said now and nothing else."""
    with file(language, "po").open("rb") as content:
        catalog = read_po(content, locale=language, domain=DOMAIN)
    catalog.update(gathered(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.creation_date = catalog.revision_date = DAY
    return catalog


def untranslated(catalog: Catalog) -> list[object]:
    """The texts that have no translation, or lack one for some number."""
    return [message.id for message in catalog if message.id and not all(_strings(message.string))]


def _strings(said: object) -> list[object]:
    return list(said) if isinstance(said, list | tuple) else [said]


def compiled(catalog: Catalog) -> bytes:
    """As gettext reads it; the day does not change it."""
    content = io.BytesIO()
    write_mo(content, catalog)
    return content.getvalue()


def main() -> None:
    """Write the files anew."""
    for language in LANGUAGES:
        catalog = translated(language)
        with file(language, "po").open("wb") as content:
            write_po(content, catalog, width=100, omit_header=False, sort_output=True)
        with file(language, "po").open("rb") as content:
            again = read_po(content, locale=language, domain=DOMAIN)
        file(language, "mo").write_bytes(compiled(again))
        lacking = untranslated(catalog)
        print(f"{language}: {len(catalog)} texts, {len(lacking)} without a translation")


if __name__ == "__main__":
    main()
