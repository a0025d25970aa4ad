"""Whether what Python compiles is kept: without it each call through CGI takes a second longer."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from callback.tools.finding import Finding
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator

# What every call of a bank imports.
PACKAGES = ("callback", "callback.protocols", "callback.database", "pymysql")


def examine() -> Iterator[Finding]:
    """Name the first folder whose modules are compiled again in every process."""
    lost = [folder for folder in folders() if not _is_kept(folder)]
    if not lost:
        yield Finding("ok", "compiled", _("the program's modules are compiled once"))
    elif sys.dont_write_bytecode:
        text = _("PYTHONDONTWRITEBYTECODE is set: without it a call through CGI takes a third")
        yield Finding("warning", "compiled", text)
    else:
        yield Finding(
            "warning",
            "compiled",
            _(
                "{folder} cannot be written, so each call through CGI compiles the program anew, "
                "which takes a second: let this user write there, or run python -m compileall "
                "{folder} as one who may"
            ).format(folder=lost[0]),
        )


def folders() -> list[Path]:
    """Where the packages stand."""
    found = (importlib.util.find_spec(name) for name in PACKAGES)
    return [Path(spec.origin).parent for spec in found if spec and spec.origin]


def _is_kept(folder: Path) -> bool:
    """Whether each module is there for this Python, or can be written when it is imported."""
    cache = Path(importlib.util.cache_from_source(str(folder / "x.py"))).parent
    there = next((place for place in (cache, *cache.parents) if place.exists()), cache)
    if os.access(there, os.W_OK) and not sys.dont_write_bytecode:
        return True
    names = [importlib.util.cache_from_source(str(path)) for path in folder.glob("*.py")]
    return all(map(os.path.exists, names))
