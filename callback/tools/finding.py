"""What the doctor says: one line for each thing that it looked at."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["ok", "warning", "fault"]


class Finding(NamedTuple):
    """One line: what was looked at, and what was found; a fault says what to do."""

    state: State
    name: str
    text: str
