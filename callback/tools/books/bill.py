"""A row of the list of bills: what every way of telling it to the bank is given."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

BLANKS = re.compile(r"[\r\n]")  # what would break a row


class Bill(NamedTuple):
    """Whom the bank may take money for; `name` is masked unless the bank may have it."""

    number: str
    name: str
    address: str
    owed: Decimal
