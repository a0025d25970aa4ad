"""flask release: the program and all that it needs, as one file that a host unpacks by itself.

Nothing in it is compiled, so it may be built anywhere. deploy/passenger_wsgi.py unpacks it.
"""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from callback.paths import INSTANCE, ROOT
from callback.tools.digest import sha256
from callback.tools.output import new_file, unix_lines
from callback.tools.printable import file_name
from callback.tools.words import _, say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from flask import Flask

    from callback.bank import Settings

MANIFEST = "MANIFEST.sha256"
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)  # as in deploy/passenger_wsgi.py
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")
# Not needed where a web server starts the program; a machine of its own installs gunicorn by pip.
LEFT_OUT = ("gunicorn", "gunicorn-*", "bin", "werkzeug/debug/shared", "*.dist-info/RECORD")
COMPILED = ("*.so", "*.pyd", "*.pyc")  # every library has a way without
# A bank that is added to the settings on the host finds its zone, too.
NEAR_ZONES = frozenset(
    {
        *("UTC", "Europe/Moscow", "Europe/Kyiv", "Europe/Minsk", "Europe/Samara"),
        *("Asia/Almaty", "Asia/Tashkent", "Asia/Bishkek", "Asia/Dushanbe", "Asia/Yekaterinburg"),
        *("Asia/Tbilisi", "Asia/Yerevan", "Asia/Baku", "Asia/Ashgabat", "Asia/Novosibirsk"),
    }
)


def install(app: Flask, settings: Settings) -> None:
    """Give Flask's command line `flask release`."""

    @app.cli.command("release")
    @click.option(
        "-o", "file", type=click.Path(path_type=Path), required=True, help="A name.zip to write."
    )
    def release(file: Path) -> None:
        """Write a release as one file, for hosts to which it is uploaded by hand.

        Upload it into callback/releases/ on the host (binary mode), then write its name without
        ".zip" into callback/CURRENT. The host unpacks it at the next call, compares every file with
        what was built, and goes on with the release before when one is wrong. `make deploy-ftp`
        and `make deploy-ssh` do the same by themselves.
        """
        if file.suffix != ".zip":
            raise click.UsageError(
                _('{file}: expected a name that ends in ".zip"').format(file=file)
            )
        if not NAME.fullmatch(file.stem):
            raise click.UsageError(
                _(
                    "{file}: a host takes a release's name of Latin letters, digits, "
                    '"-", "_" and "." alone: 20261103.zip, for example'
                ).format(file=file_name(file.name))
            )
        try:
            build(file, zones(settings))
        except OSError as error:
            raise click.ClickException(
                f"{file_name(file)}: {say(error.strerror or error)}"
            ) from error
        size = file.stat().st_size / 1024 / 1024
        click.echo(
            _("{file}: release {name}, {size:.1f} MiB.").format(
                file=file_name(file), name=file.stem, size=size
            )
        )


def zones(settings: Settings) -> set[str]:
    """The time zones that the settings name, and those of the countries around."""
    return {*NEAR_ZONES, *(bank.timezone.key for bank in settings.banks.values())}


def new_name() -> str:
    """A name for a release: its time, so that names sort as they were built."""
    return f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}"


def build(archive: Path, needed_zones: Collection[str] = ()) -> None:
    """Build the release that is called as the archive's stem; without zones it has all of them."""
    with TemporaryDirectory() as folder:
        release = Path(folder) / archive.stem
        _copy(release)
        _vendor(release / "vendor")
        if needed_zones:
            _trim_zones(release / "vendor" / "tzdata" / "zoneinfo", needed_zones)
        pack(release, archive)


def pack(release: Path, archive: Path) -> None:
    """Write a folder as an archive, with the sums of all its files."""
    names = sorted(
        path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()
    )
    sums = "".join(f"{sha256(release / name)}  {name}\n" for name in names if name != MANIFEST)
    (release / MANIFEST).write_text(sums, encoding="utf-8", newline="\n")
    with (
        new_file(archive) as out,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
    ):
        for name in [*(name for name in names if name != MANIFEST), MANIFEST]:
            member = zipfile.ZipInfo.from_file(release / name, f"{release.name}/{name}")
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (stat.S_IFREG | 0o644) << 16  # also where there are no modes
            packed.writestr(member, (release / name).read_bytes())


def _copy(release: Path) -> None:
    for name in ("callback", "sql"):
        _copy_tree(ROOT / name, release / name)
    _copy_file(ROOT / "wsgi.py", release / "wsgi.py")
    # `flask front` and the commands of the host need these.
    _copy_tree(ROOT / "deploy", release / "deploy")
    if (INSTANCE / "sql").is_dir():  # a site's own statements lie over ours on the host, too
        _copy_tree(INSTANCE / "sql", release / "instance" / "sql")


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=IGNORED, copy_function=_copy_file)


def _copy_file(source: str | Path, target: str | Path) -> None:
    Path(target).write_bytes(unix_lines(Path(source).read_bytes()))


def _vendor(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    into = ["--no-compile", "--target", str(folder)]
    requirements = ROOT / "requirements.txt"
    _run(*pip, *into, "-r", str(requirements))
    # The host's Python may be 3.10, whatever this one is.
    pure = "--platform=any --python-version=3.10 --implementation=py --only-binary=:all: --no-deps"
    with _only("tomli", requirements) as one:
        _run(*pip, *into, "--upgrade", *pure.split(), "-r", str(one))
    for pattern in LEFT_OUT:
        _remove(folder.glob(pattern))
    for pattern in COMPILED:
        _remove(folder.rglob(pattern))


@contextmanager
def _only(name: str, requirements: Path) -> Iterator[Path]:
    """A list of one library, whatever Python it is for, with the hashes that it may have."""
    pinned = re.search(
        rf"^({name}==[\w.]+)[^\\\n]*((?:\\\n[^\\\n]*)+)", requirements.read_text("utf-8"), re.M
    )
    if pinned is None:
        raise click.ClickException(
            _("{file} has no {name} with hashes: get it whole").format(file=requirements, name=name)
        )
    with TemporaryDirectory() as folder:
        file = Path(folder, requirements.name)
        file.write_text(f"{pinned[1]} {pinned[2]}\n", encoding="utf-8")
        yield file


def _run(*command: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own pip
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        raise click.ClickException(
            _("pip cannot fetch what the release needs:\n{why}").format(why=done.stderr)
        )


def _remove(paths: Iterable[Path]) -> None:
    for path in list(paths):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _trim_zones(folder: Path, needed: Collection[str]) -> None:
    """Half of all files of a release would be time zones."""
    kept = {folder / zone for zone in needed}
    kept |= {parent / "__init__.py" for zone in kept for parent in zone.parents}
    _remove(path for path in folder.rglob("*") if path.is_file() and path not in kept)
