"""The players, one for each dialect. A dialect without one fails a test."""

from __future__ import annotations

from callback.conform.ckassa import Ckassa
from callback.conform.click import Click
from callback.conform.cyberplat import Cyberplat
from callback.conform.kaspi import Kaspi
from callback.conform.mbank import Mbank
from callback.conform.osmp import Osmp
from callback.conform.payme import Payme
from callback.conform.paynet import Paynet
from callback.conform.player import Player
from callback.conform.sberbank import Sberbank
from callback.conform.uzum import Uzum

PLAYERS: dict[str, type[Player]] = {
    "osmp": Osmp,
    "kaspi": Kaspi,
    "sberbank": Sberbank,
    "cyberplat": Cyberplat,
    "payme": Payme,
    "paynet": Paynet,
    "click": Click,
    "uzum": Uzum,
    "mbank": Mbank,
    "ckassa": Ckassa,
}
