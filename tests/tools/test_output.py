"""What a command writes with -o: a whole file or none, and nothing but a file is replaced."""

from __future__ import annotations

import os
import socket
import stat
import threading
from contextlib import closing
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from callback import create_app
from callback.tools import output, release
from tests.conftest import SOME_BANK
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

QR = (
    'bills = { form = "qr", qr = { Name = "ООО Пример", PersonalAcc = "40702810000000000001",'
    ' BankName = "ПАО БАНК", BIC = "044525225", CorrespAcc = "0" } }'
)
COMMANDS = [("bills", "qiwi", "-o"), ("sheet", "qiwi", "-o")]


@pytest.fixture
def flask(tmp_path: Path) -> Callable[..., Result]:
    """Run a command on a database with one customer."""
    settings = (
        'SECRET_KEY = "only-for-tests-never-where-money-is"\n'
        f'DATABASE = "sqlite:///{tmp_path}/books.db"\n'
        f'TIMEZONE = "Asia/Almaty"\nCURRENCY = "KZT"\n{SOME_BANK}{QR}\n'
    )
    folder = tmp_path / "settings"
    folder.mkdir()
    runner = create_app(write_settings(settings, folder)).test_cli_runner()
    runner.invoke(args=["init-db", "--sample"])
    return lambda *args: runner.invoke(args=list(args))


def null_device(path: Path) -> None:
    """Make another /dev/null, or, where only root may, a link to the one that is there."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        path.symlink_to("/dev/null")


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """Whatever breaks while it is written."""
    file = tmp_path / "list.csv"
    file.write_text("old")
    with pytest.raises(TypeError), output.new_file(file) as out:
        out.writelines([b"new", 1])  # type: ignore[list-item]

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_who_may_read_it(tmp_path: Path) -> None:
    """Its owner, unless it is meant for everybody."""
    with output.new_file(tmp_path / "a") as out:
        out.write(b"x")
    with output.new_file(tmp_path / "b", output.PUBLIC) as out:
        out.write(b"x")
    umask = os.umask(0)
    os.umask(umask)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("command", COMMANDS)
def test_a_device_is_written_to_and_stays(
    flask: Callable[..., Result], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Root that says -o /dev/null keeps /dev/null."""
    device = tmp_path / "null"
    null_device(device)
    before = device.lstat()
    done = flask(*command, str(device))

    assert done.exit_code == 0, done.output
    assert (device.lstat().st_ino, device.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_pipe_is_written_to_and_stays(
    flask: Callable[..., Result], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Whoever reads it gets all."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    done = flask(*command, str(pipe))

    assert done.exit_code == 0, done.output
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    reader.join(60)
    assert b"7012340001" in received[0] or b"qiwi" in received[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_link_stays_and_its_target_is_written(
    flask: Callable[..., Result], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Also one that leads to nothing yet."""
    link, target = tmp_path / "link", tmp_path / "folder" / "list"
    link.symlink_to(target)
    for _ in range(2):
        done = flask(*command, str(link))
        assert done.exit_code == 0, done.output
        assert link.is_symlink()
        assert target.stat().st_size > 0
        assert [file.name for file in target.parent.iterdir()] == ["list"]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_written_is_refused_and_stays(
    flask: Callable[..., Result], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A socket, for example, or a folder; a sentence says so, not a traceback."""
    place = tmp_path / "socket"
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(place))
        done = flask(*command, str(place))

    assert done.exit_code == 1
    assert "not a file" in done.stderr
    assert stat.S_ISSOCK(place.lstat().st_mode)
    assert flask(*command, str(tmp_path)).exit_code != 0
    assert tmp_path.is_dir()


def test_a_picture_replaces_no_device(flask: Callable[..., Result], tmp_path: Path) -> None:
    """Nor does the folder of the pictures."""
    folder = tmp_path / "codes"
    folder.mkdir()
    device = folder / "71501.png"
    null_device(device)
    done = flask("bills", "qiwi", "--qr", str(folder))

    assert done.exit_code == 0, done.output
    assert stat.S_ISCHR(device.stat().st_mode)
    assert (folder / "7012340001.png").read_bytes().startswith(b"\x89PNG")
    assert flask("bills", "qiwi", "--qr", "/dev/null").exit_code == 1


def test_a_release_replaces_no_device(tmp_path: Path) -> None:
    """The archive goes where a link leads; a device stays, and so does a folder."""
    release_folder = tmp_path / "20261103"
    release_folder.mkdir()
    (release_folder / "wsgi.py").write_text("x")
    device, link, target = (tmp_path / name for name in ("null.zip", "link.zip", "r.zip"))
    null_device(device)
    link.symlink_to(target)
    release.pack(release_folder, device)
    release.pack(release_folder, link)

    assert stat.S_ISCHR(device.stat().st_mode)
    assert link.is_symlink()
    assert ZipFile(target).namelist() == ["20261103/wsgi.py", f"20261103/{release.MANIFEST}"]
    with pytest.raises(OSError, match="not a file"):
        release.pack(release_folder, tmp_path)


EVERYTHING = f"""
LOG = "callback.log"
{SOME_BANK}{QR}

[BANKS.kaspi]
protocol = "kaspi"
url_token = true
send = "folder:FOLDER/bank"
bills = {{ folder = "FOLDER/spool" }}

[EXPORT]
folder = "FOLDER/export"
send = "folder:FOLDER/accounting"
"""
CHECK = "command=check&txn_id=1&account=7012340001&sum=1.00"
PAY = "/qiwi?command=pay&txn_id=7&account=7012340001&sum=1.00&txn_date=20261103091500"
REGISTER = "txn_id;account;sum;date\n7;1;5.00;2026-11-03\n"
# What is run -> the files that it makes.
WRITERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a list": (("bills", "kaspi", "-o", "list.csv"), ("list.csv",)),
    "a list under its own name": (("bills", "kaspi"), ("spool/*.csv",)),
    "a list that is delivered": (("send-bills", "kaspi"), ("spool/*", "spool/.lock")),
    "codes": (("bills", "qiwi", "--qr", "codes"), ("codes/*.png",)),
    "reports": (
        ("reconcile", "kaspi", "register.csv", "-o", "a.csv", "-o", "a.html"),
        ("a.csv", "a.html"),
    ),
    "an export": (("export", "-o", "export.csv"), ("export.csv",)),
    "an export that is delivered": (("export", "--send"), ("export/*",)),
    "the trial's database": (("payments",), ("books.db", "books.db-wal", "books.db-shm")),
    "a release": (("release", "-o", "r1.zip"), ("r1.zip",)),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_whatever_is_written_is_for_its_owner_alone(
    writer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the umask lets everybody read, and write: what payers owe is in it.

    Only in a folder to which a list is delivered the umask decides: another account fetches it.
    """
    command, wanted = WRITERS[writer]
    runner = create_app(everything(tmp_path)).test_cli_runner()
    (tmp_path / "register.csv").write_text(REGISTER)
    for name in ("bank", "accounting"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(release, "_vendor", lambda _: None)  # it takes the network
    umask = os.umask(0)
    try:
        runner.invoke(args=["init-db", "--sample"])
        assert b"<result>0<" in runner.app.test_client().get(PAY).data
        done = runner.invoke(args=list(command))
    finally:
        os.umask(umask)

    made = [file for pattern in wanted for file in tmp_path.glob(pattern)]
    assert all(any(tmp_path.glob(pattern)) for pattern in wanted), (done.output, made)
    assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}, made


def test_whatever_a_call_leaves_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The log, and what it keeps beside: who has proved himself, how many strangers came."""
    umask = os.umask(0)
    try:
        client = create_app(everything(tmp_path)).test_client()
        runner = client.application.test_cli_runner()
        runner.invoke(args=["init-db", "--sample"])
        good = runner.invoke(args=["url", "kaspi"]).stdout.strip()
        for address in ("/kaspi", "/kaspi/guess", good):
            client.get(f"{address}?{CHECK}", environ_base={"REMOTE_ADDR": "198.51.100.7"})
    finally:
        os.umask(umask)

    made = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("callback.log*")}
    names = ("callback.log", "callback.log.callers", "callback.log.strangers")
    assert made == dict.fromkeys(names, 0o600)


def everything(folder: Path) -> Path:
    """Settings of a site that uses all of it."""
    head = (
        'SECRET_KEY = "only-for-tests-never-where-money-is"\n'
        f'DATABASE = "sqlite:///{folder}/books.db"\nTIMEZONE = "Asia/Almaty"\nCURRENCY = "KZT"\n'
    )
    return write_settings(head + EVERYTHING.replace("FOLDER", str(folder)), folder)


def test_the_longest_name_can_be_written(flask: Callable[..., Result], tmp_path: Path) -> None:
    """With nothing to spare for a suffix."""
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    file = tmp_path / ("x" * longest)
    done = flask("bills", "qiwi", "-o", str(file))

    assert done.exit_code == 0, done.output
    assert file.stat().st_size > 0
