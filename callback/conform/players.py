"""The players, one for each dialect. A dialect without one fails a test."""

from __future__ import annotations

from callback.conform.kaspi import Kaspi
from callback.conform.osmp import Osmp
from callback.conform.player import Player

PLAYERS: dict[str, type[Player]] = {
    "osmp": Osmp,
    "kaspi": Kaspi,
}
