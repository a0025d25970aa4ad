"""Every command that an office needs runs on Windows and macOS, too, whatever its console can show.

Windows itself is not at hand: what it lacks is taken away (tests/support/as_windows.py), a checkout
has its line ends, a console its encoding, and no file is opened in the system's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from deploy import hosts
from tests.support.processes import ROOT, Endpoint, write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = """
SECRET_KEY = "only-for-tests-never-where-money-is"
DATABASE = "sqlite:///office.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
LOG = "журнал.log"
PUBLIC_URL = "https://pay.example.kz"

[IMPORT]
address = 0
debt = 3

[BANKS.kaspi]
protocol = "kaspi"
allow = ["127.0.0.1"]
account_pattern = "[0-9]{5}"
language = "kk"
show = ["name", "debt"]
send = "folder:%(folder)s/в банк"
bills = { folder = "%(folder)s/списки" }
"""
LIST = "Лицевой счёт;ФИО;Долг\n10001;Ә. Ғани «Ңұр»;640.30\n10002;Өмір Қ.;0.00\n"
# Of one payment of an account that owes nothing, a day each; the first is booked beforehand.
REGISTER = "txn_id;account;sum;date\n{0};10002;{0}.00;2026-11-0{0} 09:15:00\n"
REGISTERS = {"реестр": 7, "другой": 8, "новый": 9}
DEPLOY = 'host = "127.0.0.1"\nuser = "u"\nport = 1\ntls = false\nurl = "https://pay.example.kz"\n'
CONSOLES = ("cp866", "cp1251")
# What is not said in UTF-8: the encoding that Windows itself would choose for a file is no good.
STRICT = ("-X", "utf8=0", "-W", "error::EncodingWarning")


def on_windows(folder: Path, *args: str, root: Path = ROOT) -> tuple[int, str]:
    """Run a module, or a file, without what Windows lacks; what it says as its console shows it."""
    console = CONSOLES[zlib.crc32("".join(args[1:2]).encode()) % len(CONSOLES)]
    done = subprocess.run(
        [sys.executable, *STRICT, str(ROOT / "tests" / "support" / "as_windows.py"), *args],
        cwd=root,
        env=os.environ
        | {
            "CALLBACK_CONFIG": str(folder / "config.toml"),
            "PYTHONIOENCODING": console,
            "PYTHONWARNDEFAULTENCODING": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode(console)
    assert "Traceback" not in said, said
    return done.returncode, said


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a blank and letters of the country in its name, as people have."""
    folder = tmp_path_factory.mktemp("office") / "мой офис"
    folder.mkdir()
    write_settings(SETTINGS % {"folder": folder}, folder)
    (folder / "в банк").mkdir()
    (folder / "долги.csv").write_text(LIST, encoding="utf-8")
    for name, number in REGISTERS.items():
        (folder / f"{name}.csv").write_text(REGISTER.format(number), encoding="utf-8")
    assert on_windows(folder, "callback", "init-db") == (0, "The tables are there.\n")
    code, said = on_windows(folder, "callback", "import", str(folder / "долги.csv"))
    assert code == 0, said
    book = ("callback", "reconcile", "kaspi", str(folder / "реестр.csv"), "--book")
    assert on_windows(folder, *book)[0] == 0
    return folder


@pytest.mark.parametrize(
    ("command", "code", "wanted"),
    [
        ("--help", 0, "reconcile"),
        ("secret", 0, ""),
        ("doctor", 1, "only their owner can read them"),
        ("url kaspi", 0, "https://pay.example.kz/kaspi\n"),
        ("sheet kaspi", 0, "kaspi"),
        ("sheet kaspi --lang ru", 0, "Контакт"),
        ("sheet kaspi --html -o {folder}/лист.html", 0, "лист.html"),
        ("bills kaspi", 0, "1 bills, 640.30 KZT"),
        ("send-bills kaspi", 0, "в банк"),
        ("reconcile kaspi {folder}/реестр.csv", 0, ""),
        ("reconcile kaspi {folder}/другой.csv", 1, ""),
        ("reconcile kaspi {folder}/новый.csv --book", 0, "проведён по реестру: 9"),
        ("payments", 0, "10002"),
        ("export --format json", 0, "7.00"),
        ("post", 2, "post_paid.sql"),
        ("front cgi -o {folder}/web", 0, "made for kaspi"),
    ],
)
@pytest.mark.slow
def test_a_command_runs_without_what_unix_alone_has(
    office: Path, command: str, code: int, wanted: str
) -> None:
    """Nor does a letter that cannot be shown, or an encoding that nobody named, stop it."""
    words = [word.format(folder=office) for word in command.split()]
    done, said = on_windows(office, "callback", *words)

    assert done == code, said
    assert wanted in said


@pytest.mark.slow
def test_a_bank_is_played_from_there(office: Path) -> None:
    """Over the network, as against a host."""
    with Endpoint((office / "config.toml").read_text(encoding="utf-8"), office) as endpoint:
        url = f"http://127.0.0.1:{endpoint.port}/kaspi"
        code, said = on_windows(
            office, "callback", "conform", "kaspi", "--account", "10001", "--url", url
        )

    assert code == 0, said


@pytest.mark.parametrize("via", ["ftp", "ssh"])
def test_a_release_is_brought_from_there(office: Path, via: str) -> None:
    """As far as the host that is not there."""
    settings = office / "deploy.toml"
    built = office / "r1.zip"
    built.write_bytes(b"")
    copy = f'settings = "{office.as_posix()}/config.toml"\n'
    settings.write_text(DEPLOY + copy, encoding="utf-8")
    options = ("--settings", str(settings), "--built", str(built))
    code, said = on_windows(office, "deploy/release.py", via, *options)

    assert code == 1
    assert said.startswith("Not deployed: "), said
    assert "refused" in said


def test_a_lock_of_windows_is_asked_for(office: Path) -> None:
    """Where there is the one of Unix, nothing else is looked for."""
    script = office / "lock.py"
    script.write_text(
        "import msvcrt, sys\n"
        "from callback.locks import lock\n"
        "msvcrt.locking = lambda *args: print(args[1:])\n"
        "with open(sys.argv[0], 'rb') as file:\n"
        "    lock(file.fileno(), wait=False)\n"
        "    lock(file.fileno())\n",
        encoding="utf-8",
    )

    assert on_windows(office, str(script)) == (0, "(2, 1)\n(1, 1)\n")


def test_a_backslash_is_a_part_of_a_path_there() -> None:
    """In the command that reaches the host; blanks are for quotes."""
    command = r'C:\bin\ssh.exe -i "C:\Users\Aru Zhan\key"'

    assert hosts.words(command, windows=True) == [
        r"C:\bin\ssh.exe",
        "-i",
        r"C:\Users\Aru Zhan\key",
    ]
    assert hosts.words(r"ssh -i /home/a\ b/key", windows=False) == [
        "ssh",
        "-i",
        "/home/a b/key",
    ]


def test_the_host_needs_no_gnu(tmp_path: Path) -> None:
    """A host may be a BSD: commands of every Unix, and none of their options of GNU."""
    tools, script = tmp_path / "bin", tmp_path / "ssh"
    tools.mkdir()
    for name in ("cat", "mkdir", "mv"):
        (tools / name).symlink_to(str(shutil.which(name)))
    wc = '#!/bin/sh\nnumber=$(/usr/bin/wc "$@")\necho "    $number"\n'  # as BSD's does
    (tools / "wc").write_text(wc, encoding="utf-8")
    there = f'PATH={tools} exec /bin/sh -c "$line"'
    script.write_text(f"#!/bin/sh\nfor line; do :; done\n{there}\n", encoding="utf-8")
    for program in (tools / "wc", script):
        program.chmod(0o755)
    settings = {"ssh": str(script), "port": 0, "user": "u", "host": "h"}
    host = hosts.SSH({**settings, "folder": f"{tmp_path}/a host"})

    host.make_folder("releases")
    host.put("releases/r1.zip", b"\0\r\n" * 1000)
    host.put("CURRENT", b"r1\n")
    host.put("CURRENT", b"r2\n")

    assert host.get("releases/r1.zip") == b"\0\r\n" * 1000
    assert host.get("CURRENT") == b"r2\n"
    assert host.get("PREVIOUS") is None


@pytest.fixture(scope="module")
def crlf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose files all have the line ends of Windows, .gitattributes or not."""
    folder = tmp_path_factory.mktemp("crlf") / "callback"
    for name in ("callback", "deploy", "sql"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("wsgi.py", "requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    for path in folder.rglob("*"):
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            path.write_bytes(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return folder


@pytest.mark.parametrize("entry", ["cgi", "passenger"])
@pytest.mark.slow
def test_a_checkout_of_windows_makes_an_entry_of_unix(crlf: Path, office: Path, entry: str) -> None:
    """A host takes the CR at the end of line 1 for a part of Python's name."""
    web = crlf.parent / f"web {entry}"
    code, said = on_windows(office, "callback", "front", entry, "-o", str(web), root=crlf)

    assert code == 0, said
    files = [path for path in web.rglob("*") if path.is_file()]
    assert {f"pay.{entry}"} & {path.name for path in files} or entry == "passenger"
    assert [path for path in files if b"\r" in path.read_bytes() and path.suffix != ".asis"] == []


@pytest.mark.deploy
def test_a_release_of_windows_is_as_one_of_unix(crlf: Path, office: Path) -> None:
    """File by file, whatever the checkout has."""
    archives = [crlf.parent / name / "r1.zip" for name in ("here", "there")]
    for archive, root in zip(archives, (ROOT, crlf), strict=True):
        archive.parent.mkdir()
        assert on_windows(office, "callback", "release", "-o", str(archive), root=root)[0] == 0

    def sums(archive: Path) -> Iterator[tuple[str, int, int]]:
        with zipfile.ZipFile(archive) as packed:
            yield from ((one.filename, one.CRC, one.external_attr) for one in packed.infolist())

    here, there = ({*sums(archive)} for archive in archives)
    assert {name for name, _, _ in here ^ there if "/instance/" not in name} == set()


def test_what_git_checks_out_is_for_hosts(tmp_path: Path) -> None:
    """Also where Git for Windows translates line ends, as it does unless told otherwise."""
    listed = subprocess.run(
        ["git", "ls-files", "--eol", "deploy", "callback", "sql", "wsgi.py"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    wrong = [
        line
        for line in listed.splitlines()
        if line.endswith((".py", ".cgi", ".fcgi", ".wsgi", ".sql", "/flask", "/htaccess"))
        and "eol=lf" not in line
    ]

    assert wrong == []
    assert listed.count("attr/text eol=lf") > 100
