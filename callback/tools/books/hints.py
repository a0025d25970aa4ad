"""Which key of a bank's table `register` decides what a file was refused for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callback.phrase import Phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

# By words of the refusal, the first that fits.
KEYS: Mapping[str, str] = {
    "name of the file": "file",
    "the header is not": "header",
    "no day by": "day",
    "day of the file": "day, date_form",
    "another order": "txn_id, account, sum, date",
    "ends without a line": "total",
    "something follows": "total, footer",
    "in the footer": "footer",
    "totals line": "total_sum, total_count",
    "by the total": "total_sum, total_count",
    "is a payment, and skip": "skip",
    "sheet": "sheet",
    "dBase": "form",
    "not a text": "encoding",
    "not a statement": "form",
    "not windows": "encoding",
    "not utf": "encoding",
    "rows cannot be read": "separator, date_form, decimal, quote",
}


def setting(refusal: str, bank_name: str) -> str:
    """Name the setting, for whoever is to mend it; nothing where the file itself is to blame."""
    if refusal.startswith("cannot be read: "):  # it is not there, or not for us
        return ""
    keys = next((keys for words, keys in KEYS.items() if words in refusal), "")
    key = f"register.{keys}" if keys else "register"
    return Phrase("{key} of [BANKS.{bank}]", key=key, bank=bank_name)
