"""The simulators, one for each dialect. A dialect without one fails a test."""

from __future__ import annotations

from callback.tools.conform.ckassa import Ckassa
from callback.tools.conform.click import Click
from callback.tools.conform.cyberplat import Cyberplat
from callback.tools.conform.kaspi import Kaspi
from callback.tools.conform.mbank import Mbank
from callback.tools.conform.osmp import Osmp
from callback.tools.conform.payme import Payme
from callback.tools.conform.paynet import Paynet
from callback.tools.conform.sberbank import Sberbank
from callback.tools.conform.simulator import Simulator
from callback.tools.conform.uzum import Uzum

SIMULATORS: dict[str, type[Simulator]] = {
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
