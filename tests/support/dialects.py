"""What the tests of each dialect say of it, found by its name.

Tables of `tests/protocols/test_<dialect>.py`, for the tests that go over all dialects:

BANK         TOML: [BANKS.<dialect>], a bank with as many settings as it may have. With it the
             dialect joins the suite that every dialect must pass.
UNAVAILABLE  What the web server says while the program is down, by the sheet's section 5 or 6:
             status, type, body; or NO_WORDS.
FINAL        By bank and code: what the printed page says in its column "Final?".

May be left out:

VARIANTS     TOML: more banks, whose settings change what is sent and printed.
SAYS         By bank and section: words on the printed page.
VARIES       An expression for what else of an answer differs each time, besides numbers and times.
NO_SERVICE   What an unknown service comes to where the sheet has another word for it.
SERVICE_FIRST  True: the sheet refuses an unknown service also where the payment is known.
COMPLETE     A function that puts our present number into the body of a printed request, where a
             later phase names it.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from callback.protocols import PROTOCOLS

OPTIONAL = {
    "VARIANTS": "",
    "SAYS": {},
    "VARIES": "(?!)",
    "NO_SERVICE": "",
    "SERVICE_FIRST": False,
    "COMPLETE": lambda body, _engine: body,
}
# A broken line is the word: HTTP 503 without a body.
NO_WORDS = (503, "", "")
# What `several` adds to each bank.
SEVERAL = """account_clean = "digits"
sums = { gross = "zz_all", commission = "zz_fee" }
services.17.prefix = "17-"
services.17.account_pattern = "[0-9]{7,10}"
services.17.max_sum = "1000.00"
services.17.currency = "USD"
services.18 = { prefix = "18-" }
"""
# A bank of statements on paper has no address.
CALLED = [name for name, dialect in PROTOCOLS.items() if dialect.PATHS]


def table(dialect: str, name: str) -> Any:
    """One of the tables; AttributeError names what is missing."""
    module = import_module(f"tests.protocols.test_{dialect}")
    return getattr(module, name, OPTIONAL[name]) if name in OPTIONAL else getattr(module, name)


def banks() -> str:
    """A bank of every dialect, named as it."""
    return "\n".join(table(dialect, "BANK") for dialect in CALLED)


def variants() -> str:
    """More banks: every setting that changes what is said is set in one of them."""
    return "\n".join(table(dialect, "VARIANTS") for dialect in CALLED)


def invoices() -> str:
    """The banks as they are where payers type the number of an invoice."""
    return re.sub(r"\[BANKS\.(\w+)\]", r'[BANKS.\1-bill]\npayer = "invoice"', banks())


def several() -> str:
    """The banks as they are with two services, numbers typed as people write them, and three sums.

    Where the protocol has no part that names the service, one was agreed.
    """

    def extended(bank: re.Match[str]) -> str:
        field = "" if PROTOCOLS[bank[1]].SERVICE else 'service_field = "zz_service"\n'
        return f"{bank[0]}\n{field}{SEVERAL}"

    return re.sub(r'(?m)^protocol = "(\w+)"$', extended, banks())


def cases(name: str) -> list[tuple[str, str, Any]]:
    """FINAL or SAYS, a line each: bank, code or section, what is said of it."""
    return [
        (bank, key, said)
        for dialect in CALLED
        for bank, by_key in table(dialect, name).items()
        for key, said in by_key.items()
    ]
