"""The programs that the benchmark needs, and installing those that are missing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

# Debian keeps servers where only root's PATH looks.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
# Debian asks this program before a package's script starts a service; 101 means no.
POLICY = Path("/usr/sbin/policy-rc.d")

SYSTEM_PYTHON = "/usr/bin/python3"
REQUIREMENTS = ROOT / "requirements.txt"
PACKAGES = {
    "python": ("python3-venv",),
    "wrk": ("wrk",),
    "nginx": ("nginx-light",),
    "php": ("php-fpm", "php-mysql"),
    "slap": ("mariadb-client",),
}


@dataclass(frozen=True)
class Programs:
    """Where each program is; empty when it is missing."""

    python: str  # with what requirements.txt asks for
    wrk: str
    nginx: str
    php: str
    slap: str

    @property
    def missing(self) -> list[str]:
        """The packages that would bring what is missing."""
        return [one for name, many in PACKAGES.items() if not getattr(self, name) for one in many]


def find_programs(python: str) -> Programs:
    """Look for the programs; as root on Debian, install what is missing first.

    `python` is the one to measure with; "" takes the system's, as a machine of one's own has it.
    """
    found = _look(python)
    if found.missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(found.missing)
        found = _look(python)
    return found


def _look(python: str) -> Programs:
    # Debian has the version in the name: php-fpm8.2.
    fpm = sorted(glob("/usr/sbin/php-fpm*"))
    return Programs(
        python=python or _system_python(),
        wrk=_which("wrk"),
        nginx=_which("nginx"),
        php=_which("php-fpm") or (fpm[-1] if fpm and _has_pdo() else ""),
        slap=_which("mariadb-slap") or _which("mysqlslap"),
    )


def _system_python() -> str:
    """The system's Python in a virtual environment of its own; empty when it cannot be had."""
    pins = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    home = ROOT / "build" / f"bench-python-{pins}"
    python = home / "bin" / "python"
    made = home / "made"  # the last that is there of a whole one
    if not made.exists() and os.path.exists(SYSTEM_PYTHON):
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        venv = [SYSTEM_PYTHON, "-m", "venv", "--clear", str(home)]
        for command in (venv, [*pip, "-r", str(REQUIREMENTS)]):
            if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
                return ""
        made.touch()
    return str(python) if made.exists() else ""


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
