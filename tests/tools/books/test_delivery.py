"""flask send-bills: real servers get the whole list, once, under its name; failures are retried."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import SQLiteEngine, flask, settings_toml
from tests.support.processes import free_port, write_settings
from tests.support.receivers import FTPS, HTTPS, SFTP, Mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.conftest import Engine

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

LIST = b"number;name;address;period;sum\r\n5;;;"


class Sender:
    """A bank whose lists go where a test says."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.lists = folder / "lists"
        self.engine = engine
        self._folder = folder
        self.more = ""
        self.name = ""
        engine.account("5", owes="640.30")

    def send(self, to: str, *options: str) -> CompletedProcess[str]:
        """Run flask send-bills."""
        settings = write_settings(
            f'SECRET_KEY = "only-for-tests-never-where-money-is"\nDATABASE = "{self.engine.url}"\n'
            'TIMEZONE = "Asia/Almaty"\nCURRENCY = "KZT"\n[BANKS.kaspi]\nprotocol = "kaspi"\n'
            f'allow = ["127.0.0.1"]\nsend = "{to}"\n'
            f'bills = {{ {self.name}folder = "{self.lists}" }}\n' + self.more,
            self._folder,
        )
        done = flask(settings, "send-bills", "kaspi", *options)
        assert "Traceback" not in done.stderr
        return done

    def files(self) -> list[str]:
        """The names in the folder of lists, without the lock."""
        return sorted(file.name for file in self.lists.iterdir() if file.name != ".lock")


@pytest.fixture
def sender(engine: Engine, tmp_path: Path) -> Sender:
    """One customer who owes 640.30."""
    return Sender(engine, tmp_path)


@pytest.fixture(autouse=True)
def trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authority of this test's certificates."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a server's files; the module's database lives there, too."""
    return tmp_path


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Engine:
    """A database away from the folder of a test."""
    place = tmp_path_factory.mktemp("database")
    engine = SQLiteEngine(place / "test.db")
    made = flask(write_settings(settings_toml(engine.url, request.module), place), "init-db")
    assert made.returncode == 0
    return engine


def arrived(inbox: Path) -> bytes:
    """The one file that has arrived."""
    (file,) = inbox.iterdir()
    assert file.name.startswith("kaspi_2")
    assert file.suffix == ".csv"
    return file.read_bytes()


@pytest.fixture
def ftps(tmp_path: Path) -> Iterator[FTPS]:
    """vsftpd with TLS."""
    with FTPS(tmp_path) as server:
        yield server


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SFTP]:
    """sshd."""
    with SFTP(tmp_path, "my keys") as server:
        yield server


@pytest.mark.slow
def test_a_list_goes_by_ftps(sender: Sender, ftps: FTPS) -> None:
    """Whole, under its name; noted with the time and its fingerprint."""
    done = sender.send(ftps.url)

    assert (done.returncode, arrived(ftps.inbox)[: len(LIST)]) == (0, LIST)
    name, sent = sender.files()
    assert sent == f"{name}.sent"
    noted = (sender.lists / sent).read_text().split()
    assert noted[2:] == [_sha256(sender.lists / name), f"ftps://localhost:{ftps.port}/inbox/"]
    assert "pass" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_list_has_its_name_only_when_all_of_it_is_there(sender: Sender, tmp_path: Path) -> None:
    """Stored as .part, its size asked for, then renamed."""
    log = tmp_path / "protocol.log"
    wanted: dict[str, Any] = {
        "log_ftp_protocol": "YES",
        "xferlog_enable": "YES",
        "vsftpd_log_file": log,
    }
    with FTPS(tmp_path, xferlog_std_format="NO", **wanted) as server:
        sender.send(server.url)
    name = sender.files()[0]
    said = re.findall(r'FTP command: .*"((?:STOR|SIZE|RN..) .*)"', log.read_text())

    assert said == [f"STOR {name}.part", f"SIZE {name}.part", f"RNFR {name}.part", f"RNTO {name}"]


@pytest.mark.slow
def test_an_upload_that_breaks_is_retried_by_the_next_run(sender: Sender, tmp_path: Path) -> None:
    """The server has no room for all of it; the bank sees no half of a list."""
    server = FTPS(tmp_path)
    whole = server.command
    server.command = ["prlimit", "--fsize=40", "--", *whole]
    with server:
        failed = sender.send(server.url)
        there = [file.suffix for file in server.inbox.iterdir()]
        server.stop()
        server.command = whole
        server.start()
        done = sender.send(server.url)

        assert (failed.returncode, set(there) - {".part"}) == (1, set())
        assert failed.stderr.splitlines()[-1].startswith(f"ftps://localhost:{server.port}/inbox/: ")
        assert (done.returncode, arrived(server.inbox)[: len(LIST)]) == (0, LIST)


@pytest.mark.slow
def test_a_list_goes_by_plain_ftp_where_a_bank_has_nothing_else(
    sender: Sender, tmp_path: Path
) -> None:
    """The same, without TLS."""
    with FTPS(tmp_path, tls=False) as server:
        assert sender.send(server.url).returncode == 0
        assert arrived(server.inbox).startswith(LIST)


@pytest.mark.slow
def test_a_list_goes_by_sftp(sender: Sender, sftp: SFTP) -> None:
    """To a folder with a blank in its name, with a key from another one."""
    done = sender.send(sftp.url)

    assert (done.returncode, done.stderr) == (0, "1 bills, 640.30 KZT\n")
    assert arrived(sftp.inbox).startswith(LIST)


@pytest.mark.slow
def test_a_list_goes_by_https(sender: Sender, tmp_path: Path) -> None:
    """By PUT."""
    with HTTPS(tmp_path) as server:
        assert sender.send(server.url).returncode == 0
        ((path, content),) = server.files.items()
    assert path == f"/in/{sender.files()[0]}"
    assert content.startswith(LIST)


@pytest.mark.parametrize("starttls", [False, True])
@pytest.mark.slow
def test_a_list_goes_by_mail(sender: Sender, tmp_path: Path, starttls: bool) -> None:
    """As it is, attached; with TLS from the first byte, or started."""
    with Mailbox(tmp_path, starttls=starttls) as server:
        sender.more = f'smtp = "{server.url}"\nmail_from = "books@company.example"\n'
        assert sender.send("mailto:registers@bank.example").returncode == 0
        (message,) = server.messages
    attachment = message.get_payload()[1]  # type: ignore[index]
    assert (message["To"], message["From"]) == ("registers@bank.example", "books@company.example")
    assert attachment.get_filename() == sender.files()[0]  # type: ignore[union-attr]
    assert attachment.get_payload(decode=True).startswith(LIST)  # type: ignore[union-attr]


def test_a_list_goes_to_a_folder(sender: Sender, tmp_path: Path) -> None:
    """Of this machine."""
    inbox = tmp_path / "in"
    inbox.mkdir()

    assert sender.send(f"folder:{inbox}").returncode == 0
    assert arrived(inbox).startswith(LIST)


@pytest.mark.slow
def test_the_same_list_is_sent_once_unless_asked(sender: Sender, tmp_path: Path) -> None:
    """And a new one when somebody owes something else."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    first, second = (sender.send(f"folder:{inbox}") for _ in range(2))
    for file in inbox.iterdir():
        file.unlink()

    assert (first.returncode, second.returncode) == (0, 0)
    assert "nothing new since kaspi_" in second.stderr
    assert second.stdout == ""
    assert sender.send(f"folder:{inbox}", "--again").returncode == 0
    assert len(list(inbox.iterdir())) == 1
    sender.engine.invoice("5", "5-2", "0.01")
    assert sender.send(f"folder:{inbox}").returncode == 0
    assert len(list(inbox.iterdir())) == 2
    assert len(sender.files()) == 4


@pytest.mark.slow
def test_a_list_whose_name_has_no_number_is_sent_when_it_has_changed(
    sender: Sender, tmp_path: Path
) -> None:
    """It is written over the last one."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    sender.name = 'name = "{bank}.csv", '
    first, same = (sender.send(f"folder:{inbox}") for _ in range(2))
    sender.engine.invoice("5", "5-2", "0.01")
    changed = sender.send(f"folder:{inbox}")

    assert [len(one.stdout.splitlines()) for one in (first, same, changed)] == [1, 0, 1]
    assert (inbox / "kaspi.csv").read_bytes().endswith(b"640.31\r\n")


@pytest.mark.slow
def test_what_flask_bills_wrote_is_sent_as_it_is(sender: Sender, tmp_path: Path) -> None:
    """Nothing else is written beside it."""
    inbox = tmp_path / "in"
    sender.send(f"folder:{inbox}")  # writes the settings; there is no such folder yet
    written = sender.files()
    inbox.mkdir()
    done = sender.send(f"folder:{inbox}")

    assert done.returncode == 0
    assert [file.name for file in inbox.iterdir()] == written


@pytest.mark.slow
def test_a_failed_delivery_waits_for_the_next_run(sender: Sender, tmp_path: Path) -> None:
    """Yesterday's list goes first, then today's; the failure says why."""
    inbox = tmp_path / "in"
    failed = sender.send(f"folder:{inbox}")
    (old,) = sender.files()
    yesterday = (sender.lists / old).stat().st_mtime - 86400
    os.utime(sender.lists / old, (yesterday, yesterday))
    sender.engine.invoice("5", "5-2", "0.01")
    inbox.mkdir()
    done = sender.send(f"folder:{inbox}")

    assert failed.returncode == 1
    assert "No such file or directory" in failed.stderr
    assert done.returncode == 0
    assert len(list(inbox.iterdir())) == 2
    assert [line.split(" -> ")[0] for line in done.stdout.splitlines()] == [
        str(sender.lists / name) for name in sender.files() if not name.endswith(".sent")
    ]


@pytest.mark.parametrize("what", ["password", "name", "authority", "port", "folder"])
@pytest.mark.slow
def test_an_ftp_server_that_is_not_the_banks_gets_nothing(
    sender: Sender, ftps: FTPS, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a refused list lost."""
    url = {
        "password": ftps.url.replace("pass%40word", "secret"),
        "name": ftps.url.replace("localhost", "127.0.0.2"),
        "port": ftps.url.replace(f":{ftps.port}", f":{free_port()}"),
        "folder": ftps.url.replace("inbox", "outbox"),
    }.get(what, ftps.url)
    if what == "authority":
        monkeypatch.delenv("SSL_CERT_FILE")
    done = sender.send(url)

    assert done.returncode == 1
    assert "secret" not in done.stderr
    assert list(ftps.inbox.iterdir()) == []
    assert len(sender.files()) == 1


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("host key", "Host key verification failed"),
        ("key", "Permission denied"),
        ("folder", "No such file or directory"),
        ("port", "Connection refused"),
    ],
)
@pytest.mark.slow
def test_an_ssh_server_that_is_not_the_banks_gets_nothing(
    sender: Sender, sftp: SFTP, what: str, why: str
) -> None:
    """The server must show the key that is known of it."""
    if what == "host key":
        sftp.known_hosts.write_text(sftp.known_hosts.read_text().replace("AAAA", "AAAB"))
    url = {
        "key": sftp.url.replace("/id&", "/host&"),
        "folder": sftp.url.replace("in%20box", "out"),
        "port": sftp.url.replace(f":{sftp.port}", f":{free_port()}"),
    }.get(what, sftp.url)
    done = sender.send(url)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"sftp://127.0.0.1:{url.split(':')[2][:4]}")
    assert why in done.stderr
    assert "@@" not in done.stderr
    assert list(sftp.inbox.iterdir()) == []


@pytest.mark.slow
def test_a_web_server_that_refuses_is_named(sender: Sender, tmp_path: Path) -> None:
    """With its status."""
    with HTTPS(tmp_path, status=507) as server:
        done = sender.send(server.url)

    assert done.returncode == 1
    assert "the server answers 507" in done.stderr
    assert len(sender.files()) == 1


def test_a_mail_server_that_refuses_is_named(sender: Sender, tmp_path: Path) -> None:
    """And the password is not."""
    with Mailbox(tmp_path) as server:
        smtp = server.url.replace("pass%40word", "secret")
        sender.more = f'smtp = "{smtp}"\nmail_from = "books@company.example"\n'
        done = sender.send("mailto:registers@bank.example")
        assert server.messages == []

    assert done.returncode == 1
    assert "535" in done.stderr
    assert "secret" not in done.stderr


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
