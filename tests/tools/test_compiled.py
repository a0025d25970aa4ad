"""The doctor says whether Python keeps what it has compiled."""

from __future__ import annotations

import compileall
import os
import sys
from typing import TYPE_CHECKING

import pytest

from callback.tools import compiled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules, and a user who is not root."""
    (tmp_path / "module.py").touch()
    monkeypatch.setattr(compiled, "folders", lambda: [tmp_path])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(os, "access", lambda path, _: bool(os.stat(path).st_mode & 0o200))
    return tmp_path


def test_a_folder_that_can_be_written_is_filled_by_python_itself(folder: Path) -> None:
    """At the first import."""
    (found,) = compiled.examine()

    assert (found.state, found.name) == ("ok", "compiled")


def test_a_folder_that_cannot_be_written_is_named_until_it_is_compiled(folder: Path) -> None:
    """With what to run, by whom."""
    folder.chmod(0o500)
    (lost,) = compiled.examine()
    folder.chmod(0o700)
    compileall.compile_dir(folder, quiet=1)
    (folder / "__pycache__").chmod(0o500)
    (kept,) = compiled.examine()

    assert lost.state == "warning"
    assert f"python -m compileall {folder}" in lost.text
    assert kept.state == "ok"


def test_a_python_that_is_told_to_keep_nothing_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variable's name."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (found,) = compiled.examine()

    assert found.state == "warning"
    assert "PYTHONDONTWRITEBYTECODE" in found.text


def test_the_programs_own_folders_are_looked_at() -> None:
    """And the driver's."""
    assert {"callback", "protocols", "database", "pymysql"} == {
        folder.name for folder in compiled.folders()
    }
