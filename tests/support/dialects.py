"""What the tests of each dialect say of it, found by its name.

Tables of `tests/protocols/test_<dialect>.py`, for the tests that go over all dialects:

BANK         TOML: [BANKS.<dialect>], a bank with as many settings as it may have. With it the
             dialect joins the suite that every dialect must pass.
UNAVAILABLE  What the web server says while the program is down, by the sheet's section 5 or 6:
             status, type, body; or NO_WORDS.
FINAL        By bank and code: what the printed page says in its column "Final?".
VARIANTS     May be left out. TOML: more banks, whose settings change what is sent and printed.
SAYS         May be left out. By bank and section: words on the printed page.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from callback.protocols import PROTOCOLS

# A broken line is the word: HTTP 503 without a body.
NO_WORDS = (503, "", "")
# A bank of statements on paper has no address.
CALLED = [name for name, dialect in PROTOCOLS.items() if dialect.PATHS]


def table(dialect: str, name: str) -> Any:
    """One of the tables; AttributeError names what is missing."""
    return getattr(import_module(f"tests.protocols.test_{dialect}"), name)


def banks() -> str:
    """A bank of every dialect, named as it."""
    return "\n".join(table(dialect, "BANK") for dialect in CALLED)


def variants() -> str:
    """More banks: every setting that changes what is said is set in one of them."""
    modules = (import_module(f"tests.protocols.test_{dialect}") for dialect in CALLED)
    return "\n".join(getattr(module, "VARIANTS", "") for module in modules)


def invoices() -> str:
    """The banks as they are where payers type the number of an invoice."""
    return re.sub(r"\[BANKS\.(\w+)\]", r'[BANKS.\1-bill]\npayer = "invoice"', banks())


def cases(name: str) -> list[tuple[str, str, Any]]:
    """FINAL or SAYS, a line each: bank, code or section, what is said of it."""
    modules = (import_module(f"tests.protocols.test_{dialect}") for dialect in CALLED)
    found = (getattr(module, name, {}) for module in modules)
    return [
        (bank, key, said)
        for by_bank in found
        for bank, by_key in by_bank.items()
        for key, said in by_key.items()
    ]
