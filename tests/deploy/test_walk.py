"""The guide, followed to the letter: from an empty web folder to payments, releases and back.

The commands are those of deploy/README.md, read from it, in its order. `make test-deploy`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.support.account import Account, AccountFTP, AccountSSH
from tests.support.far_away import FarAway
from tests.support.processes import HOST, ROOT
from tests.support.receivers import PASSWORD
from tests.support.sites import statements
from tests.support.web_servers import IS_ROOT, NEEDS_ROOT, Apache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.processes import MariaDB, Reply
    from tests.support.web_servers import Entry

pytestmark = pytest.mark.deploy
# A machine of one's own, section 10, is another way.
GUIDE = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8").partition("\n## 10. ")[0]
EXAMPLE = "https://pay.example.kz"
ACCOUNT = "7012340001"
BANK = "127.0.0.9"
# The guide's commands for the first day, and for the next release; the last one is the way back.
SETTINGS, DEPLOY, DOCTOR, SHEET, URL, SEND, CONFORM = FIRST_COMMANDS = (
    "make settings",
    "make deploy-ftp",
    ".venv/bin/flask doctor --site",
    ".venv/bin/flask sheet qiwi",
    ".venv/bin/flask url qiwi",
    "make send-settings",
    f".venv/bin/flask conform qiwi --account {ACCOUNT} --url {EXAMPLE}",
)
FIRST_DAY = [*FIRST_COMMANDS, SEND]
NEXT_RELEASE = ["make deploy-ftp", "make rollback"]


def commands(guide: str) -> list[str]:
    """Every line that the guide tells to run on one's own machine, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```", guide, re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


def test_the_guide_has_these_commands_and_no_others() -> None:
    """So the walk below is all of it."""
    assert commands(GUIDE) == FIRST_DAY + NEXT_RELEASE


@dataclass
class Office:
    """A checkout on the machine of the person who follows the guide, and what they were told."""

    checkout: Path
    url: str
    via: str
    ca: Path
    ran: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)

    def run(self, command: str, *, fails: bool = False) -> str:
        """Run a command of the guide, with the site's own address and way in."""
        line = command.replace(EXAMPLE, self.url)
        line = line.replace("deploy-ftp", f"deploy-{self.via}")
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=self.checkout,
            env=os.environ | {"SSL_CERT_FILE": str(self.ca)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.ran.append(line)
        said = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, f"$ {line}\n{said}"
        assert "Traceback" not in said
        return said

    def fill_in(self, name: str, values: dict[str, str]) -> None:
        """Replace what stands behind `key = ` in a file of instance/."""
        path = self.checkout / "instance" / name
        text = path.read_text(encoding="utf-8")
        for key, value in values.items():
            pattern = rf"^(# )?{key} = \S+( +#.*)?$"
            assert re.search(pattern, text, re.M), f"{name} has no line {key}"
            line = f"{key} = {value}".replace("\\", r"\\")
            text = re.sub(pattern, line, text, count=1, flags=re.M)
            self.edited.append(f"{name}: {key}")
        path.write_text(text, encoding="utf-8")


def checkout(folder: Path) -> Path:
    """This tree as somebody clones it; the libraries are installed already."""
    hidden = shutil.ignore_patterns(".*", "__pycache__", "instance", "build", "bench", "tests")
    copy = folder / "checkout"
    shutil.copytree(ROOT, copy, ignore=hidden)
    (copy / ".venv").symlink_to(sys.prefix)
    for path in copy.glob("requirements*"):
        os.utime(path, (1, 1))  # so make does not install them anew
    return copy


def example_settings(secret: str, mariadb: MariaDB, url: str) -> str:
    """README's own example, with what the person knows in place of its dots."""
    text = re.findall(r"^```toml\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)[0]
    text = text.replace('SECRET_KEY = "…"', f'SECRET_KEY = "{secret}"')
    text = text.replace('language = "ru"', 'language = "en"')  # what is told is read below
    database = mariadb.url("walk")
    text = re.sub(r'^DATABASE = ".*?"', f'DATABASE = "{database}"', text, flags=re.M)
    text = re.sub(r"^allow = .*?\]", f'allow = ["{BANK}"]', text, flags=re.M)
    text = text.replace('password = "…"', 'password = "qiwi-and-long-enough"')
    public = f'PUBLIC_URL = "{url}"\n'
    return (public if "PUBLIC_URL" not in text else "") + text.replace(EXAMPLE, url)


def database(mariadb: MariaDB) -> None:
    """What the panel and phpMyAdmin do; the program's own user may do no more than it must."""
    mariadb.sql("DROP DATABASE IF EXISTS walk")
    mariadb.sql("CREATE DATABASE walk")
    mariadb.sql(f"GRANT SELECT, INSERT, UPDATE ON walk.* TO {mariadb.user}@'%'")
    for statement in statements(ROOT / "sql" / "schema.sql"):
        mariadb.sql(statement, "walk")


def pasted(guide: str) -> list[str]:
    """The statements that the guide tells to paste into phpMyAdmin."""
    blocks = re.findall(r"^```sql\n(.*?)^```", guide, re.M | re.S)
    return [" ".join(one.split()) for block in blocks for one in block.split(";") if one.strip()]


@contextmanager
def way_in(account: Account, via: str) -> Iterator[dict[str, str]]:
    """The login, as the hoster's letter tells it: lines of instance/deploy.toml."""
    if via == "ftp":
        with AccountFTP(account) as ftp:
            ca = f'"{ftp.inbox.parent.parent}/ca.pem"'
            yield {
                "host": '"localhost"',
                "user": f'"{account.user}"',
                "password": f'"{PASSWORD}"',
                "port": f"{ftp.port}",
                "ca": ca,
            }
    else:
        with AccountSSH(account) as ssh:
            command = f"ssh -i {ssh.folder}/id -o UserKnownHostsFile={ssh.known_hosts}"
            yield {
                "host": f'"{HOST}"',
                "user": f'"{ssh.user}"',
                "port": f"{ssh.port}",
                "ssh": f'"{command}"',
                "folder": f'"{account.folder}/callback"',
            }


class Bank:
    """What calls from the bank's address, with the address and password that it was given."""

    def __init__(self, door: Entry, address: str) -> None:
        self._door = door.by(source=BANK)
        self._path = urlsplit(address).path
        self._basic = b64encode(b"qiwi:qiwi-and-long-enough").decode()

    def __call__(self, query: str) -> Reply:
        headers = {"Authorization": f"Basic {self._basic}"}
        return self._door.call(f"{self._path}?{query}", headers=headers)

    def check(self) -> Decimal:
        """What the payer is shown to owe."""
        reply = self(f"command=check&txn_id=1&account={ACCOUNT}")
        owes = re.search(rb'name="debt">([0-9.]+)<', reply.body)
        assert (reply.status, b"<result>0</result>" in reply.body) == (200, True), reply
        assert owes
        return Decimal(owes[1].decode())

    def pay(self, txn_id: int) -> None:
        """Pay a hundred, twice, for banks repeat."""
        query = f"command=pay&txn_id={txn_id}&account={ACCOUNT}&sum=100.00"
        first, second = (self(f"{query}&txn_date=20261103091500") for _ in range(2))
        assert b"<result>0</result>" in first.body, first
        assert second.body == first.body


@pytest.mark.parametrize(("entry", "via"), [("cgi", "ftp"), ("passenger", "ssh")])
def test_the_guide_leads_to_payments_and_back(
    entry: str, via: str, mariadb: MariaDB, tmp_path: Path
) -> None:
    """From an empty account to the first call; then a second release, a failed one, a rollback."""
    if not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    with Account() as account, Apache(account, names=[entry]) as apache:
        door = apache.entries[entry]
        url = f"https://localhost:{door.port}"
        office = Office(checkout(tmp_path), url, via, account.folder / "ca.pem")
        with way_in(account, via) as login:
            began = time.monotonic()
            bank = first_day(office, door, mariadb, login | {"entry": f'"{entry}"'})
            took = time.monotonic() - began
            owed = bank.check()
            bank.pay(1001)
            assert owed - bank.check() == 100, errors(account)
            figures = f"{len(office.ran)} commands, {len(office.edited)} lines edited, {took:.0f} s"
            print(f"{entry} by {via}: {figures}")
            assert len([line for line in office.ran if "deploy" in line]) == 1
            other_releases(office, bank, account)
    assert mariadb.sql("SELECT COUNT(*) FROM payment WHERE txn_id LIKE '100_'", "walk") == [(4,)]


def first_day(office: Office, door: Entry, mariadb: MariaDB, login: dict[str, str]) -> Bank:
    """Everything to the first call of the bank."""
    office.run(SETTINGS)
    config = office.checkout / "instance" / "config.toml"
    secret = re.search('^SECRET_KEY = "(.*?)"', config.read_text(), re.M)
    assert secret
    config.write_text(example_settings(secret[1], mariadb, office.url), encoding="utf-8")
    office.edited += [f"config.toml: {key}" for key in ("DATABASE", "PUBLIC_URL", "a bank")]
    office.fill_in("deploy.toml", login | {"url": f'"{office.url}"'})
    database(mariadb)
    assert f"serves {office.url}." in office.run(DEPLOY)
    found = office.run(DOCTOR)
    assert "fault" not in found
    office.run(SHEET)
    bank = Bank(door, office.run(URL).strip())
    for statement in pasted(GUIDE):
        mariadb.sql(statement, "walk")
    caller = re.search(r"^ok +caller: (\S+): ", found, re.M)
    assert caller
    play_bank(office, config, caller[1], mariadb)
    assert bank.check() == 100_000
    return bank


def play_bank(office: Office, config: Path, own: str, mariadb: MariaDB) -> None:
    """The office's own address is let in for that long; its payments are taken out again."""
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace(f'["{BANK}"]', f'["{BANK}", "{own}"]'), encoding="utf-8")
    office.edited.append("config.toml: allow")
    assert "with these settings." in office.run(SEND)
    said = office.run(CONFORM)
    statement = re.search("^UPDATE payment .*;", said, re.M)
    assert statement
    mariadb.sql(statement[0], "walk")
    config.write_text(text, encoding="utf-8")
    office.edited.append("config.toml: allow")
    office.run(SEND)
    assert "403" in office.run(CONFORM, fails=True)
    office.ran.pop()  # the guide does not tell to do that


def other_releases(office: Office, bank: Bank, account: Account) -> None:
    """A second release; one that does not start, which is taken back; the way back by hand."""
    forward, back = NEXT_RELEASE
    first = current(account)
    office.run(forward)
    second = current(account)
    bank.pay(1002)
    program = office.checkout / "wsgi.py"
    whole = program.read_text()
    program.write_text("raise RuntimeError('no reason')\n")
    said = office.run(forward, fails=True)
    program.write_text(whole)
    assert "RuntimeError: no reason" in said
    assert f"Release {second} serves again." in said
    assert current(account) == second
    bank.pay(1003)
    assert f"Release {first} serves" in office.run(back)
    assert current(account) == first
    bank.pay(1004)


def test_a_release_is_brought_in_a_minute_over_50_ms(mariadb: MariaDB, tmp_path: Path) -> None:
    """By FTP with TLS, the first with all that goes along; the time of this machine aside."""
    if not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    passive = range(41000, 41010)
    with (
        Account() as account,
        Apache(account, names=["cgi"]) as apache,
        AccountFTP(account, pasv_min_port=passive[0], pasv_max_port=passive[-1]) as ftp,
        FarAway([ftp.port, *passive], 0.05) as line,
    ):
        url = f"https://localhost:{apache.entries['cgi'].port}"
        office = Office(checkout(tmp_path), url, "ftp", account.folder / "ca.pem")
        office.run(FIRST_DAY[0])
        config = office.checkout / "instance" / "config.toml"
        config.write_text(example_settings("s" * 40, mariadb, url), encoding="utf-8")
        office.fill_in(
            "deploy.toml",
            {
                "host": '"127.0.0.3"',
                "user": f'"{account.user}"',
                "password": f'"{PASSWORD}"',
                "port": f"{ftp.port}",
                "ca": f'"{ftp.inbox.parent.parent}/ca.pem"',
                "url": f'"{url}"',
            },
        )
        database(mariadb)
        took = []
        for _ in range(2):
            waited, began = line.waited, time.monotonic()
            office.run("make deploy-ftp")
            took.append((line.waited - waited, time.monotonic() - began))
        print(f"by FTP over 50 ms: {took} (waited for the line, in all)")
    assert all(waited < 60 for waited, _ in took)


def current(account: Account) -> str:
    """The release that the pointer names."""
    return (account.home / "CURRENT").read_text().strip()


def errors(account: Account) -> str:
    """What the web server has to say about it."""
    logs = account.folder.glob("*/error.log")
    return "".join(log.read_text(errors="replace")[-2000:] for log in logs)
