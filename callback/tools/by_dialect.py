"""What the tools know of a dialect stands in a module of its name; here it is found."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from callback.protocols import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


class ByDialect(Mapping[str, T]):
    """One name out of the modules of a folder, by dialect. A dialect without a module is not in it.

    Nothing is imported before it is asked for, and no list has to be kept.
    """

    def __init__(self, folder: str, name: str) -> None:
        self._folder = folder
        self._name = name

    def __getitem__(self, dialect: str) -> T:
        if not self._is_there(dialect):
            path = f"{self._folder}.{dialect}".replace(".", "/")
            raise KeyError(f"{dialect}: there is no {path}.py with its {self._name}")
        value: T = getattr(import_module(f"{self._folder}.{dialect}"), self._name)
        return value

    def __iter__(self) -> Iterator[str]:
        return filter(self._is_there, PROTOCOLS)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _is_there(self, dialect: str) -> bool:
        return dialect in PROTOCOLS and find_spec(f"{self._folder}.{dialect}") is not None
