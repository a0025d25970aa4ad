"""What goes wrong on the way of the guide, on a host with nothing but FTP, and what is read then.

By `make deploy-ftp`'s program, and by hand as section 6 tells, with curl. `make test-deploy`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.deploy.test_walk import (
    DEPLOY,
    DOCTOR,
    SEND,
    SETTINGS,
    Office,
    checkout,
    database,
    example_settings,
    way_in,
)
from tests.support.account import Account
from tests.support.processes import ROOT
from tests.support.web_servers import IS_ROOT, NEEDS_ROOT, Apache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.processes import MariaDB

pytestmark = pytest.mark.deploy
KEPT = ("callback", "private", "public_html")
# Some Python of Debian 11, as far as the entry can tell.
OLD = """#!/bin/sh
exec /usr/bin/python3 -c 'import sys, runpy
sys.version_info, sys.argv = (3, 9, 2), sys.argv[1:]
runpy.run_path(sys.argv[0])' "$@"
"""
WINDOWS = "# для банка\n"


class Host(NamedTuple):
    """An account on which the first release serves, and the office that has brought it."""

    office: Office
    account: Account
    login: dict[str, str]
    mariadb: MariaDB
    sound: Path  # what was there then
    release: str

    @property
    def config(self) -> Path:
        return self.office.checkout / "instance" / "config.toml"

    @property
    def settings(self) -> Path:
        return self.account.settings

    def curl(self, *more: str) -> str:
        """Speak FTP as somebody else's program does."""
        values = {name: value.strip('"') for name, value in self.login.items()}
        pair = f"{values['user']}:{values['password']}"
        # With TLS 1.3 this curl leaves before it has read all, which vsftpd calls an error.
        options = ["-sS", "--ssl-reqd", "--tls-max", "1.2", "--cacert", values["ca"], "-u", pair]
        site = f"ftp://{values['host']}:{values['port']}/"
        done = subprocess.run(
            ["curl", *options, *(word.replace("SITE/", site) for word in more)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def upload(self, file: Path, name: str, mode: str = "") -> None:
        """Put a file there, and give it its rights."""
        self.curl("-T", str(file), "--ftp-create-dirs", f"SITE/{name}")
        if mode:
            self.curl("-Q", f"SITE CHMOD {mode} {name}", "SITE/")

    def put(self, text: str, name: str, encoding: str = "utf-8") -> None:
        """The same with a text, as if it came out of an editor; rights are those of the host."""
        file = self.office.checkout / "build" / "edited"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode(encoding))
        self.upload(file, name)

    def fill_in(self, **values: str) -> None:
        """Another line of deploy.toml."""
        self.office.fill_in("deploy.toml", {key: f'"{text}"' for key, text in values.items()})


@pytest.fixture(scope="module")
def first(mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """After the first day."""
    if not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    folder = tmp_path_factory.mktemp("office")
    with (
        Account() as account,
        Apache(account, names=["cgi"]) as apache,
        way_in(account, "ftp") as login,
    ):
        url = f"https://localhost:{apache.entries['cgi'].port}"
        office = Office(checkout(folder), url, "ftp", account.folder / "ca.pem")
        # With CGI there is nothing to wait for: every call begins anew.
        program = office.checkout / "deploy" / "release.py"
        program.write_text(program.read_text().replace("SWITCH_S = 40", "SWITCH_S = 2"))
        office.run(SETTINGS)
        config = office.checkout / "instance" / "config.toml"
        english = example_settings("s" * 40, mariadb, url).replace('"ru"', '"en"')
        config.write_text(english, encoding="utf-8")
        office.fill_in("deploy.toml", login | {"url": f'"{url}"', "entry": '"cgi"'})
        database(mariadb)
        office.run(DEPLOY)
        sound = folder / "sound"
        sound.mkdir()
        for name in KEPT:
            subprocess.run(["cp", "-a", account.folder / name, sound], check=True)
        shutil.copytree(office.checkout / "instance", sound / "instance")
        release = (account.home / "CURRENT").read_text().strip()
        yield Host(office, account, login, mariadb, sound, release)


@pytest.fixture
def host(first: Host) -> Iterator[Host]:
    """As it was then; a test may spoil it."""
    database(first.mariadb)
    yield first
    for name in KEPT:
        shutil.rmtree(first.account.folder / name, ignore_errors=True)
        subprocess.run(["cp", "-a", first.sound / name, first.account.folder], check=True)
    shutil.copytree(
        first.sound / "instance", first.office.checkout / "instance", dirs_exist_ok=True
    )


def name_no_python(host: Host) -> None:
    host.fill_in(python="/opt/python3.11/bin/python3")


def name_an_old_python(host: Host) -> None:
    python = host.account.folder / "callback" / "python3.9"
    python.write_text(OLD)
    python.chmod(0o755)
    host.fill_in(python=str(python))


def edit(text: str, encoding: str = "utf-8") -> Callable[[Host], None]:
    """What an editor of the panel did to the settings on the host; deploys leave them alone."""

    def spoil(host: Host) -> None:
        whole = host.config.read_text(encoding="utf-8")
        host.put(whole + text, "private/callback.toml", encoding)

    return spoil


def open_to_all(host: Host) -> None:
    host.curl("-Q", "SITE CHMOD 644 private/callback.toml", "SITE/")


def keep_the_dots(host: Host) -> None:
    whole = host.config.read_text(encoding="utf-8")
    host.put(whole.replace("s" * 40, "…"), "private/callback.toml")


def name_another_folder(host: Host) -> None:
    (host.account.folder / "www").mkdir()
    shutil.chown(host.account.folder / "www", host.account.user, host.account.group)
    shutil.rmtree(host.account.folder / "public_html")
    (host.account.folder / "public_html").mkdir()
    host.fill_in(web="www")


def another_key(host: Host) -> None:
    text = host.config.read_text(encoding="utf-8")
    host.config.write_text(text.replace("s" * 40, "t" * 40), encoding="utf-8")


def land_in_the_web_folder(host: Host) -> None:
    """On the first day, by the second name that panels give it."""
    (host.account.folder / "public_html" / ".htaccess").unlink()
    web = host.account.folder / "www"
    shutil.rmtree(web, ignore_errors=True)  # of the mistake of another folder
    web.symlink_to("public_html")
    host.fill_in(folder="www/callback")


def redirect(host: Host) -> None:
    """As a panel's "Redirects" page does it."""
    rules = (host.account.folder / "public_html" / ".htaccess").read_text()
    host.put(f"{rules}\nRedirect 301 / https://www.example.kz/\n", "public_html/.htaccess")
    host.curl("-Q", "SITE CHMOD 644 public_html/.htaccess", "SITE/")


def open_the_web_folder(host: Host) -> None:
    """suEXEC runs nothing where others may write."""
    host.curl("-Q", "SITE CHMOD 775 public_html", "SITE/")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (name_no_python, "Line 1 of pay.cgi is #!/opt/python3.11/bin/python3: does the host have"),
        (name_an_old_python, "STARTUP.txt: Python 3.9 runs this, and 3.10 or newer is needed"),
        (edit("KEY = yes\n"), "callback.toml: Invalid value (at line "),
        (edit(WINDOWS, "cp1251"), "is not UTF-8, perhaps windows-1251: save it as UTF-8"),
        (edit("[BANKS.x]\nprotocol = 'osmp'\n"), "nobody could prove to be this bank"),
        (
            keep_the_dots,
            "SECRET_KEY: expected a text of your own in place of the dots: flask secret",
        ),
        (name_another_folder, "If it is none of these, the entry did not even run, or not for "),
        (open_the_web_folder, "The web folder must be writable by its owner alone (755 or 750)"),
        (another_key, "another SECRET_KEY than instance/config.toml"),
        (redirect, "the line 'Redirect 301 / https://www.example.kz/' of .htaccess in the web"),
        (redirect, "sends the caller elsewhere (HTTP 301), and banks do not follow"),
    ],
)
def test_a_mistake_is_told_by_the_deploy(
    host: Host, spoil: Callable[[Host], None], told: str
) -> None:
    """In a sentence; and which release serves, in the last line."""
    spoil(host)
    said = host.office.run(DEPLOY, fails=True)

    assert told in said, said
    assert f"Release {host.release} " in said.splitlines()[-2]


def test_an_entry_that_the_host_has_not_is_told_with_another(host: Host) -> None:
    """This Apache has FastCGI, and knows no handler of that other name."""
    front = host.office.checkout / "callback" / "tools" / "front.py"
    text = front.read_text(encoding="utf-8")
    front.write_text(text.replace("AddHandler fcgid-script", "AddHandler none"), encoding="utf-8")
    host.fill_in(entry="fcgi")
    said = host.office.run(DEPLOY, fails=True)
    front.write_text(text, encoding="utf-8")

    assert 'The host may have no FastCGI: with entry = "cgi" it needs none.' in said, said
    assert f"Release {host.release} serves again." in said


def test_a_folder_that_the_web_can_read_gets_no_settings(host: Host) -> None:
    """By a real web server; it is told which folder to name."""
    land_in_the_web_folder(host)
    said = host.office.run(DEPLOY, fails=True)

    assert "/www on the host is a web folder: a test file in it was read at https://" in said
    assert "folder = 'callback' and, without Passenger, web = 'www'" in said
    assert {path.name for path in (host.account.folder / "www").iterdir()}.isdisjoint(
        {"private", "callback"}
    )
    assert list((host.account.folder / "www").glob("probe*")) == []
    (host.account.folder / "www").unlink()


def test_tables_that_are_missing_are_left_to_do(host: Host) -> None:
    """The release serves; both ways to make them are told."""
    host.mariadb.sql("DROP DATABASE walk")
    host.mariadb.sql("CREATE DATABASE walk")
    said = host.office.run(DEPLOY, fails=True)

    assert re.search("^fault   database: .*sql/schema.sql.* flask init-db", said, re.M), said
    assert re.search(r"^Release \S+ serves \S+\. Faults left: 1", said, re.M)


def test_a_right_that_is_missing_is_left_to_do(host: Host) -> None:
    """Perhaps it was never there: the quota is only one of the reasons."""
    user = f"{host.mariadb.user}@'%'"
    host.mariadb.sql(f"REVOKE INSERT ON walk.* FROM {user}")
    said = host.office.run(DEPLOY, fails=True)

    assert "fault   rights: " in said, said
    assert "INSERT" in said
    assert "Faults left: " in said


def test_settings_that_others_can_read_are_left_to_do(host: Host) -> None:
    """The commands of that host do not run before it is mended; a bank's call does."""
    open_to_all(host)
    said = host.office.run(DEPLOY, fails=True)

    assert re.search("^fault   settings .*others on this host can read .* chmod 600", said, re.M)
    assert "Faults left: " in said


def test_what_the_host_has_lost_is_brought_again(host: Host) -> None:
    """Rights and line ends of the web folder, the settings: the next deploy mends them."""
    public = host.account.folder / "public_html"
    host.put((public / "pay.cgi").read_text().replace("\n", "\r\n"), "public_html/pay.cgi")
    host.curl("-Q", "SITE CHMOD 644 public_html/later/qiwi.cgi", "SITE/")
    host.settings.unlink()
    host.office.run(DEPLOY)

    assert (public / "later" / "qiwi.cgi").stat().st_mode & 0o777 == 0o755
    assert (public / "pay.cgi").read_bytes() == (ROOT / "deploy" / "pay.cgi").read_bytes()
    assert host.settings.stat().st_mode & 0o777 == 0o600


def test_settings_that_do_not_start_are_taken_back(host: Host) -> None:
    """Sent alone: a file that they name is at the office, and not on the host."""
    text = host.config.read_text(encoding="utf-8")
    authority = host.office.checkout / "ca.pem"  # beside the settings it would go along
    shutil.copy(host.account.folder / "ca.pem", authority)
    named = re.sub('^(DATABASE = ".*)"', rf'\1?ssl_ca={authority}"', text, count=1, flags=re.M)
    host.config.write_text(named, encoding="utf-8")
    before = host.settings.read_bytes()
    said = host.office.run(SEND, fails=True)

    assert "DATABASE: expected ssl_ca to name a file" in said, said
    assert f"Release {host.release} serves again." in said
    assert host.settings.read_bytes() == before


def test_a_log_that_cannot_be_written_is_left_to_do(host: Host) -> None:
    """It stops no payment."""
    text = host.config.read_text(encoding="utf-8")
    host.config.write_text(text.replace('"callback.log"', '"/root/x.log"'), encoding="utf-8")
    said = host.office.run(SEND, fails=True)

    assert "fault   LOG: " in said, said
    assert "with these settings. Faults left: 1" in said


# By hand.


def by_hand(host: Host, *, script: str | None = None, mode: str = "755") -> str:
    """Section 6 of the guide, from an empty account; `script` is pay.cgi as it arrives."""
    for name in KEPT:
        shutil.rmtree(host.account.folder / name, ignore_errors=True)
    (host.account.folder / "public_html").mkdir(mode=0o755)
    host.account.own()
    flask = ".venv/bin/flask"
    host.office.run(f"rm -rf web && {flask} release -o 20261103.zip && {flask} front cgi -o web")
    here = host.office.checkout
    host.upload(here / "20261103.zip", "callback/releases/20261103.zip")
    host.put("", "callback/tmp/restart.txt")
    host.upload(here / "deploy" / "passenger_wsgi.py", "callback/passenger_wsgi.py")
    host.upload(here / "deploy" / "flask", "callback/bin/flask")
    host.upload(host.config, "private/callback.toml", "600")
    for path in sorted((here / "web").rglob("*")):
        name = path.relative_to(here / "web").as_posix()
        if path.is_file() and name != "pay.cgi":
            host.upload(path, f"public_html/{name}", "755" if name.endswith(".cgi") else "644")
    host.curl("-Q", "SITE CHMOD 755 public_html/later", "SITE/")
    text = script if script is not None else (here / "web" / "pay.cgi").read_text()
    host.put(text, "public_html/pay.cgi")
    host.curl("-Q", f"SITE CHMOD {mode} public_html/pay.cgi", "SITE/")
    host.put("20261103\n", "callback/CURRENT")
    return text


def startup(host: Host) -> str:
    """What FTP can fetch."""
    return host.curl("SITE/callback/STARTUP.txt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_by_hand_it_serves(host: Host, encoding: str) -> None:
    """Nothing was made by our own uploader; PowerShell writes CURRENT in UTF-16."""
    by_hand(host)
    host.put("20261103\r\n", "callback/CURRENT", encoding)
    found = host.office.run(DOCTOR)

    assert re.search("^ok +release: 20261103: ", found, re.M), found
    assert "fault" not in found


def lose(name: str) -> Callable[[Host], None]:
    def spoil(host: Host) -> None:
        host.curl("-Q", f"DELE {name}", "SITE/")

    return spoil


def into_the_web_folder(host: Host) -> None:
    """All of it, as people do who know no other place."""
    folder = host.account.folder
    (folder / "callback").rename(folder / "public_html" / "callback")
    (folder / "private").rename(folder / "public_html" / "private")


def cut_the_archive(host: Host) -> None:
    archive = host.office.checkout / "20261103.zip"
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    host.upload(archive, "callback/releases/20261103.zip")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lose("private/callback.toml"), "the settings cannot be read: "),
        (edit("KEY = yes\n"), "callback.toml: Invalid value (at line "),
        (edit(WINDOWS, "cp1251"), "not UTF-8, perhaps windows-1251"),
        (cut_the_archive, "upload it again"),
        (lose("callback/releases/20261103.zip"), "names a release that arrived whole"),
    ],
)
def test_a_mistake_by_hand_is_a_line_that_ftp_can_fetch(
    host: Host, spoil: Callable[[Host], None], told: str
) -> None:
    """In callback/STARTUP.txt; the doctor of the office says where to look."""
    by_hand(host)
    spoil(host)
    found = host.office.run(DOCTOR, fails=True)

    assert "callback/STARTUP.txt" in found
    assert told in startup(host), startup(host)


@pytest.mark.parametrize(
    ("change", "mode"),
    [
        (lambda text: text, "644"),
        (lambda text: text.replace("\n", "\r\n"), "755"),
        (lambda text: text.replace("/usr/bin/python3", "/opt/none"), "755"),
    ],
    ids=["mode 644", "line ends of Windows", "no such Python"],
)
def test_an_entry_that_never_ran_is_said_to_have_not(
    host: Host, change: Callable[[str], str], mode: str
) -> None:
    """There is no line to fetch: the doctor says what else it may be, and so does the guide."""
    whole = (ROOT / "deploy" / "pay.cgi").read_text()
    by_hand(host, script=change(whole), mode=mode)
    found = host.office.run(DOCTOR, fails=True)

    assert "mode 755" in found
    assert not (host.account.home / "STARTUP.txt").exists()
    assert os.listdir(host.account.home / "releases") == ["20261103.zip"]


def test_what_stands_in_the_web_folder_is_not_served(host: Host) -> None:
    """Neither the program nor the settings can be read there; what to do is told."""
    by_hand(host)
    into_the_web_folder(host)
    found = host.office.run(DOCTOR, fails=True)

    assert "is public" not in found
    assert "callback/STARTUP.txt" in found
