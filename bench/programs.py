"""The programs that the benchmark needs, and installing those that are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Debian keeps servers where only root's PATH looks.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
# Debian asks this program before a package's script starts a service; 101 means no.
POLICY = Path("/usr/sbin/policy-rc.d")

PACKAGES = {
    "wrk": ("wrk",),
    "nginx": ("nginx-light",),
    "php": ("php-fpm", "php-mysql"),
    "slap": ("mariadb-client",),
}


@dataclass(frozen=True)
class Programs:
    """Where each program is; empty when it is missing."""

    wrk: str
    nginx: str
    php: str
    slap: str

    @property
    def missing(self) -> list[str]:
        """The packages that would bring what is missing."""
        return [one for name, many in PACKAGES.items() if not getattr(self, name) for one in many]


def find_programs() -> Programs:
    """Look for the programs; as root on Debian, install what is missing first."""
    found = _look()
    if found.missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(found.missing)
        found = _look()
    return found


def _look() -> Programs:
    # Debian has the version in the name: php-fpm8.2.
    fpm = sorted(glob("/usr/sbin/php-fpm*"))
    return Programs(
        wrk=_which("wrk"),
        nginx=_which("nginx"),
        php=_which("php-fpm") or (fpm[-1] if fpm and _has_pdo() else ""),
        slap=_which("mariadb-slap") or _which("mysqlslap"),
    )


def _which(name: str) -> str:
    return shutil.which(name, path=PATH) or ""


def _has_pdo() -> bool:
    return bool(glob("/usr/lib/php/*/pdo_mysql.so"))


def _install(packages: list[str]) -> None:
    print("installing", *packages, file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    options = ["-y", "-qq", "--no-install-recommends", *packages]
    with _no_services():
        for command in (["update", "-qq"], ["install", *options]):
            # What it could not install is reported with the rows that are left out.
            subprocess.run(["apt-get", *command], env=environment, check=False, stdout=sys.stderr)


@contextmanager
def _no_services() -> Iterator[None]:
    if POLICY.exists():  # the machine's owner has decided
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
