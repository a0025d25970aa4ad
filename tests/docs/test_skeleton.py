"""docs/skeleton is a whole dialect: five files and a line, and the program speaks it.

It is added to a copy of the checkout, as CONTRIBUTING tells. What it needs beyond would be missed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from callback.tools.readme import TABLES
from tests.support.processes import ROOT, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SKELETON = ROOT / "docs" / "skeleton"
FILES = sorted(str(path.relative_to(SKELETON)) for path in SKELETON.rglob("*newbank.*"))
# That go over all dialects, and the bank's own.
TESTS = (
    "tests/protocols/test_newbank.py",
    "tests/protocols/test_every_dialect.py",
    "tests/protocols/test_services.py",
    "tests/tools/conform/test_conform.py",
    "tests/tools/sheet/test_sheet.py",
    "tests/tools/test_front.py",
    "tests/docs/test_citations.py",
)
LINE = "callback/protocols/__init__.py"
SETTINGS = """
SECRET_KEY = "only-for-tests-never-where-money-is"
DATABASE = "sqlite:///x.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
PUBLIC_URL = "https://pay.example.kz"
[BANKS.newbank]
protocol = "newbank"
allow = ["127.0.0.1"]
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout with the skeleton's bank in it."""
    folder = tmp_path_factory.mktemp("copy")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    shutil.copytree(SKELETON, folder, dirs_exist_ok=True)
    replace(folder / LINE, "PROTOCOLS = Dialects(", 'PROTOCOLS = Dialects(\n    "newbank",')
    write_settings(SETTINGS, folder)
    run(folder, "callback.tools.readme")
    return folder


def replace(path: Path, old: str, new: str) -> None:
    """Change a file in one place."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def run(folder: Path, module: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the copy."""
    inherited = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    return subprocess.run(
        [sys.executable, "-m", module, *args],
        cwd=folder,
        env=inherited | {"CALLBACK_CONFIG": str(folder / "config.toml")},
        capture_output=True,
        text=True,
        check=False,
    )


def run_tests(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run tests of the copy."""
    return run(folder, "pytest", "-q", "-n0", "-p", "no:cacheprovider", *args)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("sheet", "newbank", "--lang", "en"), '{"code":0,"message":"OK","payment":"1"'),
        (("url", "newbank"), "https://pay.example.kz/newbank"),
        (("front", "nginx", "-o", "front"), "made for newbank"),
    ],
)
def test_the_commands_know_the_bank(copy: Path, command: tuple[str, ...], words: str) -> None:
    """By its files alone."""
    done = run(copy, "flask", *command)

    assert (done.returncode, done.stderr) == (0, "")
    assert words in done.stdout


def test_contributing_tells_of_it() -> None:
    """Of the copy, of each file by its place, and of the test that names what is missing."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    files = [name.replace("newbank", "<dialect>") for name in FILES]

    assert [name for name in files if f"`{name}`" not in text] == []
    assert "cp -r docs/skeleton/. ." in text
    assert "tests/protocols/test_parts.py" in text


def test_what_the_web_server_says_is_there(copy: Path) -> None:
    """In the words of the bank."""
    run(copy, "flask", "front", "cgi", "-o", "front-cgi")

    assert '{"code":1,' in (copy / "front-cgi" / "later" / "newbank.asis").read_text()


@pytest.mark.slow
def test_the_bank_joins_the_tests_of_all(copy: Path) -> None:
    """The shared suite, flask conform, the page, the web server, the citations; its own tests."""
    done = run_tests(copy, "-k", "newbank and not mariadb", *TESTS)
    passed = re.search(r"(\d+) passed", done.stdout)

    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout
    assert passed
    assert int(passed[1]) > 60


def test_nothing_else_names_the_bank(copy: Path) -> None:
    """But the tables that `make readme` has written, and what tells of the skeleton."""
    names = subprocess.run(
        ["git", "grep", "-lwi", "--untracked", "newbank"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    skeleton = {str(path.relative_to(ROOT)) for path in SKELETON.rglob("*") if path.is_file()}
    about = {"CONTRIBUTING.md", "tests/docs/test_skeleton.py", "config.toml"}
    written = {name for name in names if name.startswith("front")}

    assert len(FILES) == 5
    of_banks = {name for name, table in TABLES.items() if "osmp" in table()}
    assert {*names} - skeleton - about - written == {*FILES, LINE, *of_banks}


@contextmanager
def without(path: Path) -> Iterator[None]:
    """Take a file away, or of the one with the line this line."""
    text = path.read_text(encoding="utf-8")
    if path.name == "__init__.py":
        replace(path, '    "newbank",\n', "")
    else:
        path.unlink()
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("part", [*FILES, LINE])
@pytest.mark.slow
def test_a_part_that_is_missing_is_named(copy: Path, part: str) -> None:
    """By its path, or by the name under which it is imported."""
    with without(copy / part):
        done = run_tests(copy, "tests/protocols/test_parts.py")

    module = part.removesuffix(".py").replace("/", ".")
    assert done.returncode != 0
    assert part in done.stdout or f"No module named '{module}'" in done.stdout
