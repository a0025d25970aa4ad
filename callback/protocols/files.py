"""A bank without an online protocol: nobody calls, its statements are booked by flask reconcile.

registers.md, section 5, and `callback/tools/books`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callback.readers import Setting

METHODS = ("GET",)
PATHS = ()  # there is no address, so nothing to read and to write
PROOFS = ()
CODES: dict[str, str] = {}
SETTINGS: dict[str, Setting] = {}
