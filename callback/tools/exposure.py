"""What the doctor looks for where others might get in: rights, files, addresses, logs.

A company's site is lost by what is left open around the program rather than by the program.
"""

from __future__ import annotations

import marshal
import os
import re
from importlib.util import cache_from_source
from ipaddress import collapse_addresses
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from callback import signature
from callback.tools.finding import Finding
from callback.tools.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from callback.bank import Bank, Settings

# Rights of a server and not of a database: whoever has the password reads files, or everything.
OF_THE_SERVER = ("ALL PRIVILEGES", "SUPER", "FILE", "PROCESS", "CREATE USER", "RELOAD", "SHUTDOWN")
WITHOUT_RIGHTS = "USAGE"
CACHE = "__pycache__"
CODE = 16  # where it begins in a compiled file, behind the time and size of its source
COMPILED = re.compile(r"(.+?)\.[\w-]+\.pyc")  # handlers.cpython-311.pyc
# Where web servers and panels keep what was asked for; below the home unless a path is whole.
LOG_FOLDERS = (
    *("/var/log/nginx", "/var/log/apache2", "/var/log/httpd"),
    *("logs", "log", "access-logs"),
)
LOG_FILES = 40
LOG_END = 1024 * 1024  # the newest that was written
SHOWN = 5
# As many addresses as there are; of IPv6 an eighth is given to anybody.
EVERYBODY = {4: 2**32, 6: 2**125}
LOCAL = ("localhost", "127.0.0.1", "::1")


def rights(grants: Iterable[str]) -> Iterator[Finding]:
    """Say which rights of the database user are more than the program can use."""
    for grant in grants:
        granted, _on, place = grant.partition(" ON ")
        everywhere = place.replace("`", "").startswith("*.*")
        excess = [right for right in OF_THE_SERVER if re.search(rf"\b{right}\b", granted)]
        if everywhere and (excess or WITHOUT_RIGHTS not in granted):
            yield Finding(
                "fault",
                "rights",
                _(
                    "the database user may do {things} in every database of the server: "
                    "give it a user of its own with the rights of sql/grants.sql"
                ).format(things=", ".join(excess) or granted.removeprefix("GRANT ")),
            )
        if "GRANT OPTION" in place:
            yield Finding(
                "fault",
                "rights",
                _(
                    "the database user may give its rights to others: REVOKE GRANT OPTION, "
                    "or a user with the rights of sql/grants.sql"
                ),
            )


def loopback(settings: Settings) -> Iterator[Finding]:
    """Find the banks of a public site that may call from this machine only."""
    if not settings.public_url or urlsplit(settings.public_url).hostname in LOCAL:
        return
    for bank in settings.banks.values():
        if bank.allow and all(network.is_loopback for network in bank.allow):
            yield Finding(
                "fault",
                f"bank {bank.name}",
                _(
                    "allow has nothing but this machine: no bank gets in, and behind a "
                    "proxy that TRUSTED_PROXIES does not count everybody does; ask the bank"
                    " for its addresses"
                ),
            )


def open_to_all(bank: Bank) -> Iterator[Finding]:
    """Say of a bank that it lets everybody in, however many networks that takes."""
    for version, most in EVERYBODY.items():
        networks: Any = [network for network in bank.allow if network.version == version]
        together = sum(network.num_addresses for network in collapse_addresses(networks))
        if together > most // 2:
            yield Finding(
                "warning",
                f"bank {bank.name}",
                _(
                    "allow lets every address in, or nearly (IPv{version}): ask the bank for its "
                    "own"
                ).format(version=version),
            )


def planted(root: Path, named: Iterable[str]) -> Finding | None:
    """Find what lies in a release and is not of it; `named` are the files of its MANIFEST."""
    foreign = sorted(_files(root) - set(named))
    if not foreign:
        return None
    shown = ", ".join(foreign[:SHOWN])
    return Finding(
        "fault",
        "release",
        _(
            "{foreign} files were put there by somebody else ({shown}): look at "
            "them, take them away, and deploy again; what is yours belongs into "
            "instance/ before a release is made"
        ).format(foreign=len(foreign), shown=shown),
    )


def _files(root: Path) -> set[str]:
    """The files of a release; what Python compiled of a file counts as that file.

    A log or lists in its `instance` are the program's own; statements there are code.
    """
    names = {
        (Path(folder).relative_to(root) / name).as_posix()
        for folder, _folders, names in os.walk(root, followlinks=True)
        for name in names
        if not _is_compiled(Path(folder), name)
    }
    return {name for name in names if not name.startswith("instance/") or name.endswith(".sql")}


def _is_compiled(folder: Path, name: str) -> bool:
    match = COMPILED.fullmatch(name)
    source = folder.parent / f"{match[1]}.py" if match else folder
    if folder.name != CACHE or not source.is_file():
        return False
    is_run = str(folder / name) == cache_from_source(str(source))  # another Python's is not
    return not is_run or _holds(folder / name, source)


def _holds(compiled: Path, source: Path) -> bool:
    """Whether what Python would run is what it would compile of the source now."""
    try:
        code = marshal.loads(compiled.read_bytes()[CODE:])  # noqa: S302 - Python runs it anyway
        return bool(code == compile(source.read_bytes(), str(source), "exec", dont_inherit=True))
    except (OSError, ValueError, EOFError, TypeError, SyntaxError):
        return False


def leaks(settings: Settings, home: Path) -> Iterator[Finding]:
    """Find a bank's signed address in the logs that we can read: whoever reads them may call."""
    tokens = dict(_tokens(settings))
    for path in _logs(home) if tokens else ():
        text = _end(path)
        for token, whose in tokens.items():
            if token in text:
                yield Finding(
                    "fault",
                    f"{whose} token",
                    _(
                        "stands in {path}, a log of the web server: have it log no addresses, "
                        "then give a new address (flask url)"
                    ).format(path=path),
                )


def _tokens(settings: Settings) -> Iterator[tuple[bytes, str]]:
    for bank in settings.banks.values():
        for token in signature.bank_tokens(bank, settings.secret_keys):
            yield token, f"bank {bank.name}"
    for token in signature.exchange_tokens(settings):
        yield token, "exchange"


def _logs(home: Path) -> Sequence[Path]:
    """The newest logs, of which a machine may have hundreds."""
    found = [
        path
        for folder in LOG_FOLDERS
        for path in (home / folder).glob("*")
        if path.is_file() and os.access(path, os.R_OK)
    ]
    return sorted(found, key=lambda path: path.stat().st_mtime)[-LOG_FILES:]


def _end(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_END))
            return file.read()
    except OSError:  # rotated away meanwhile
        return b""
