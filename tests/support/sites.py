"""Installations that differ from this checkout: with statements of their own, with old tables."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import MariaDBEngine, SQLiteEngine
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Engine

OLDER = Path(__file__).parent / "older"


def laid_over(folder: Path, statements: Mapping[str, str]) -> Path:
    """The checkout as a site has it that lays statements of its own over ours, by their names."""
    for name in ("callback", "sql", "deploy"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "wsgi.py", folder)  # Flask looks for the rest where this really is
    own = folder / "instance" / "sql"
    own.mkdir(parents=True)
    for name, text in statements.items():
        (own / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder


def older(engine: Engine, folder: Path) -> Engine:
    """Make another database, with the tables of the release before payment.number."""
    if isinstance(engine, MariaDBEngine):
        name = f"{engine.name}_older_{folder.name[-8:].strip('_').replace('-', '_')}"
        engine.server.create_database(name)
        made: Engine = MariaDBEngine(engine.server, name)
    else:
        assert isinstance(engine, SQLiteEngine)
        made = replace(engine, path=folder / "older.db")
    schema = "schema" if isinstance(made, MariaDBEngine) else "schema_sqlite"
    for statement in statements(OLDER / f"{schema}.sql"):
        made.execute(statement)
    return made


def statements(path: Path) -> list[str]:
    """Take a file of SQL apart, as phpMyAdmin does."""
    text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
    return [one.strip() for one in text.split(";") if one.strip()]
