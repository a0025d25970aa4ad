"""Telling whoever watches this process that it is at work: gunicorn ends one that is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

EVERY = 500  # rows


def _nobody() -> None:
    """Where nobody watches."""


# deploy/gunicorn.conf.py puts its own in here.
tell: Callable[[], object] = _nobody


def telling(rows: Iterable[Any], label: str = "") -> Iterator[Any]:  # noqa: ARG001
    """Yield rows as they are, and tell now and then."""
    for number, row in enumerate(rows):
        if number % EVERY == 0:
            tell()
        yield row
    tell()
