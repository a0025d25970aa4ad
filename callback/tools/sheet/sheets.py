"""What the page says of each dialect, by its name. One without fails a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.tools.by_dialect import ByDialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.tools.sheet.dialect_sheet import DialectSheet

SHEETS: Mapping[str, DialectSheet] = ByDialect("callback.tools.sheet", "SHEET")
