"""Values by name that stay as they are.

The library's dataclasses compile half a dozen functions for each class, and import `inspect` to do
so: together a fifth of what a call through CGI takes. A type checker takes these for such.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_: bool):
        return lambda base: base


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Made by keywords, and equal to what holds the same; what is `hidden` is never shown."""

    _names: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[dict[str, Any]] = {}
    _hidden: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, hidden: Collection[str] = ()) -> None:
        own = cls.__annotations__
        cls._names = cls._names.union(own)
        cls._defaults = cls._defaults | {name: vars(cls)[name] for name in own if name in vars(cls)}
        cls._hidden = cls._hidden.union(hidden)

    def __init__(self, **values: Any) -> None:
        attributes = vars(self)
        attributes.update(self._defaults)
        attributes.update(values)
        if attributes.keys() != self._names:
            wrong = ", ".join(sorted(attributes.keys() ^ self._names))
            raise TypeError(f"{type(self).__name__}: {wrong}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} stays as it is")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = {name: value for name, value in vars(self).items() if name not in self._hidden}
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in shown.items())})"

    def but(self, **changes: Any) -> Self:
        """The same with other values."""
        return type(self)(**vars(self) | changes)
