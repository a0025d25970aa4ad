"""deploy/release.py: what stops a deploy is a sentence that names the file."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from callback.tools import front, hints, htaccess, web
from callback.tools.finding import Finding
from deploy import hosts, probe, release
from tests.conftest import SOME_BANK, flask
from tests.support.processes import HOST, ROOT
from tests.support.receivers import FTPS, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = """SECRET_KEY = "only-for-tests-never-where-money-is-received"
DATABASE = "sqlite:///x.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
"""
NO_TABLE = Finding("fault", "database", "no table")
KNOWN = "host = 'h'\nuser = 'u'\nurl = 'https://localhost'\n"


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FTPS]:
    """A host that takes files below inbox."""
    folder = tmp_path / "host"
    folder.mkdir()
    with FTPS(folder, anon_umask="022", anon_mkdir_write_enable="YES") as server:
        yield server


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """The program's settings and a release that was built before."""
    (tmp_path / "config.toml").write_text(SETTINGS + SOME_BANK)
    (tmp_path / "config.toml").chmod(0o600)
    (tmp_path / "r1.zip").write_bytes(b"a release")
    return tmp_path


def toml(folder: Path, ftp: FTPS | None = None, **changes: object) -> Path:
    """deploy.toml for this host."""
    values: dict[str, object] = {
        "host": "localhost",
        "user": "anonymous",
        "password": PASSWORD,
        "url": f"http://{HOST}:9",
        "folder": "inbox/callback",
        "settings": str(folder / "config.toml"),
    }
    if ftp:
        values |= {"port": ftp.port, "ca": str(ftp.inbox.parent.parent / "ca.pem")}
    path = folder / "deploy.toml"
    lines = [f"{key} = {value!r}\n" for key, value in (values | changes).items()]
    path.write_text("".join(lines).replace("True", "true").replace("False", "false"))
    return path


def deploy(folder: Path, *more: str) -> str:
    """Run it to its end, which must be a bad one, and return what it says."""
    done = subprocess.run(
        command(folder, *more), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


class Quiet(SimpleHTTPRequestHandler):
    """A web server that shows a folder to everybody."""

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A site whose web folder this is."""
    with ThreadingHTTPServer((HOST, 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the host is not for the web."""
    monkeypatch.setattr(probe, "fault", lambda *_: "")


def command(folder: Path, *more: str) -> list[str]:
    script = str(ROOT / "deploy" / "release.py")
    settings = ["--settings", str(folder / "deploy.toml"), "--built", str(folder / "r1.zip")]
    return [sys.executable, script, "ftp", *settings, *more]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "host: missing\nuser: missing\nurl: missing"),
        (
            "host = 'h'\nuser = 'u'\nurrl = 'x'\nport = '21'\n",
            "url: missing\nurrl: no such key\nport: ",
        ),
        ("host = ftp.example.kz\n", "deploy.toml: Invalid value (at line 1, column 8)"),
        (f"{KNOWN}entry = 'gci'\n", "entry: expected one of cgi, fcgi, passenger"),
        (
            f"{KNOWN}entry = 'cgi'\nweb = 'sites/pay'\n",
            "must stand beside each other",
        ),
        (f"{KNOWN}entry = 'fcgi'\nfolder = 'pay'\n", "its last part must be 'callback'"),
        (f"{KNOWN}folder = 'public_html/callback'\n", "stands inside a web folder"),
        (KNOWN.replace("'h'", "'ftp://h'"), "host: expected a name alone"),
        (KNOWN.replace("'h'", "'h:2121'"), "host: expected a name alone"),
        (f"{KNOWN}via = 'sftp'\n", "via: expected one of ftp, ssh"),
        (f"{KNOWN}folder = ''\n", "folder: expected a folder of its own"),
        ("host = 'h'\nuser = 'u'\nurl = 'pay.example.kz'\n", "url: expected the site's address"),
        (f"{KNOWN}settings = ''\n", "nothing could prove that the release serves"),
        (f"{KNOWN}tls = false\nport = 9\nsettings = 'c.toml'\ncheck = '/'\n", "no login to h: "),
    ],
)
def test_a_typo_in_deploy_toml_is_named(office: Path, text: str, told: str) -> None:
    """With the file's name, and all at once."""
    (office / "deploy.toml").write_text(text.replace("'c.toml'", f"'{office}/none.toml'"))

    assert told in deploy(office)


def test_a_file_that_is_not_utf_8_is_named(office: Path) -> None:
    """As editors of Windows may save it."""
    (office / "deploy.toml").write_text("# хостинг\n", encoding="cp1251")

    said = deploy(office)
    assert f"{office}/deploy.toml: line 1 is not UTF-8, perhaps windows-1251" in said
    assert "save it as UTF-8" in said


def test_a_deploy_toml_of_notepads_unicode_is_told_as_such(office: Path) -> None:
    """It is not windows-1251."""
    (office / "deploy.toml").write_text("# хостинг\n", encoding="utf-16")

    with pytest.raises(release.DeployError, match=r"deploy\.toml is in UTF-16 .* UTF-8$"):
        release.load(office / "deploy.toml")


def test_settings_that_would_not_start_are_not_sent(office: Path, ftp: FTPS) -> None:
    """The faults are named before anything is uploaded."""
    (office / "config.toml").write_text(f"{SETTINGS}{SOME_BANK}KEY = 1\n")
    toml(office, ftp)

    assert "KEY" in deploy(office)
    assert list(ftp.inbox.iterdir()) == []


def test_a_login_that_lands_in_the_web_folder_gets_no_settings(office: Path, ftp: FTPS) -> None:
    """A file without a secret goes first, and goes again."""
    with served(ftp.inbox) as url:
        toml(office, ftp, url=url)
        said = deploy(office)

    assert "/inbox on the host is a web folder: a test file in it was read at http" in said
    assert "folder = 'callback' and, without Passenger, web = 'inbox'" in said
    assert list(ftp.inbox.iterdir()) == []


def test_a_login_that_sees_nothing_but_the_web_folder_needs_another(
    office: Path, ftp: FTPS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As panels make FTP users for a site."""
    monkeypatch.setattr(hosts.FTP, "home", lambda _: "/")
    with served(ftp.inbox.parent) as url:
        settings = release.load(toml(office, ftp, url=url))
        host = hosts.FTP(settings)
        said = probe.fault(host, settings)
        host._ftp.close()  # noqa: SLF001

    assert said.startswith("/ on the host is a web folder: ")
    assert "log in as the user whose home holds the web folder" in said


def test_a_login_beside_the_web_folder_goes_on(office: Path, ftp: FTPS) -> None:
    """As it should be: nothing of it is seen, and nothing is left of the question."""
    (ftp.inbox / "public_html").mkdir()
    with served(ftp.inbox / "public_html") as url:
        host = hosts.FTP(release.load(toml(office, ftp, url=url)))
        assert probe.fault(host, release.load(office / "deploy.toml")) == ""
        host._ftp.close()  # noqa: SLF001

    assert [path.name for path in ftp.inbox.rglob("probe*")] == []


def test_a_site_that_is_not_reached_gets_no_settings(office: Path, ftp: FTPS) -> None:
    """Nobody can tell who reads them there."""
    toml(office, ftp)

    assert "No settings were sent, for nobody could tell who can read them" in deploy(office)
    assert list(ftp.inbox.rglob("*.toml")) == []


@pytest.mark.parametrize(
    ("docroot", "told"),
    [("home", "folder = '{there}/callback'"), ("home/www", "")],
)
def test_a_shell_that_begins_in_the_web_folder_is_told_of(
    tmp_path: Path, docroot: str, told: str
) -> None:
    """By SSH the folder above is there to be named."""
    (tmp_path / "home" / "www").mkdir(parents=True)
    shell = tmp_path / "ssh"
    shell.write_text(f'#!/bin/sh\nfor line; do :; done\ncd {tmp_path}/home && sh -c "$line"\n')
    shell.chmod(0o755)
    with served(tmp_path / docroot) as url:
        settings = {**release.DEFAULTS, "host": "h", "user": "u", "url": url, "ssh": str(shell)}
        said = probe.fault(hosts.SSH(settings), settings)

    assert told.format(there=tmp_path) in said
    assert bool(said) is bool(told)
    assert list(tmp_path.rglob("probe*")) == []


def test_settings_that_are_there_already_are_asked_no_question_about(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing secret is sent then."""
    monkeypatch.setattr(release, "_failure", lambda *_: "")
    monkeypatch.setattr(probe, "fault", lambda *_: "asked")
    host: Any = Folder({"callback.toml": (b"theirs", 0o600)})

    release.deploy(host, site_of(office), office / "r1.zip")
    with pytest.raises(release.DeployError, match="asked"):
        release.deploy(host, site_of(office), office / "r1.zip", with_settings=True)
    with pytest.raises(release.DeployError, match="asked"):
        release.renew_settings(Folder({"CURRENT": (b"r1", 0o644)}), site_of(office))


def test_a_wrong_password_is_a_sentence(office: Path, ftp: FTPS) -> None:
    """With what to look at."""
    toml(office, ftp, password="wrong")

    said = deploy(office)
    assert "no login to localhost: 530 Login incorrect." in said
    assert "check host, port, user, password" in said


def test_an_authority_that_nobody_knows_is_a_sentence(office: Path, ftp: FTPS) -> None:
    """The password does not go there."""
    toml(office, ftp, ca="")

    assert "no login to localhost: [SSL: CERTIFICATE_VERIFY_FAILED]" in deploy(office)


def test_a_refused_upload_names_the_file(office: Path, ftp: FTPS) -> None:
    """The quota is full, or the user may not write there."""
    (ftp.inbox / "callback").mkdir(mode=0o555)
    (ftp.inbox / "callback" / "passenger_wsgi.py.new").mkdir()

    with served(office) as url:
        toml(office, ftp, url=url)
        assert "the host does not take inbox/callback/passenger_wsgi.py: 553" in deploy(office)


def test_ctrl_c_is_no_traceback(office: Path) -> None:
    """And says what serves."""
    with socket.create_server((HOST, 0)) as silent:
        toml(office, host=HOST, port=silent.getsockname()[1])
        # A shell's background job passes on that it ignores Ctrl-C.
        process = subprocess.Popen(
            command(office),
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        with process, silent.accept()[0]:  # it waits for a greeting now
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)

    assert process.returncode == 1
    assert said == "\nStopped. The release before goes on serving; run it again when you like.\n"


def test_a_line_that_the_server_has_ended_is_made_anew(
    office: Path, ftp: FTPS, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a release was built or proven; else an unproven one would be left in use."""
    monkeypatch.setattr(hosts, "SILENT_S", -1)
    host = hosts.FTP(release.load(toml(office, ftp)))
    host.make_folder()
    host.put("CURRENT", b"r1\n")
    host._ftp.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr] # noqa: SLF001
    host.put("CURRENT", b"r0\n")

    content = host.get("CURRENT")
    host._ftp.close()  # noqa: SLF001

    assert content == b"r0\n"


class Folder:
    """A host that is a dictionary: what is there, and with which rights."""

    def __init__(self, files: dict[str, tuple[bytes, int | None]]) -> None:
        self.files = files

    def at(self, folder: str) -> Folder:
        return self

    def get(self, name: str) -> bytes | None:
        return self.files.get(name, (None, 0))[0]

    def mode(self, name: str) -> int | None:
        return self.files[name][1]

    def put(self, name: str, content: bytes, mode: int | None = None) -> None:
        self.files[name] = (content, self.files.get(name, (b"", mode))[1])

    def set_mode(self, name: str, mode: int) -> None:
        """This host offers no CHMOD."""

    def make_folder(self, name: str = "") -> None:
        """They are there."""

    def remove(self, name: str) -> None:
        self.files.pop(name, None)

    def home(self) -> str:
        return "/"


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (
            b"#!/usr/bin/python3\r\nimport",
            0o755,
            "pay.cgi has Windows line ends: upload it in binary",
        ),
        (b"#!/usr/bin/python3\nimport", 0o644, "pay.cgi has mode 644: give it 755."),
        (b"#!/opt/python\nimport", 0o755, "Line 1 of pay.cgi is #!/opt/python: does the host have"),
    ],
)
def test_an_entry_that_never_ran_is_looked_at(content: bytes, mode: int, told: str) -> None:
    """There is no STARTUP.txt then: the web server did not run it."""
    host = Folder({"pay.cgi": (content, mode)})

    assert told in release._never_started(host, {"url": "https://pay.example.kz", "entry": "cgi"})  # noqa: SLF001


def test_a_host_that_lets_nobody_change_rights_is_told_of(office: Path) -> None:
    """Before the switch: the release that serves goes on."""
    copy = release._copy_of_settings({"settings": str(office / "config.toml")})  # noqa: SLF001
    host: Any = Folder({"pay.cgi": (b"old", 0o644)})
    assert copy

    with pytest.raises(release.DeployError, match=r"rights of pay\.cgi in the web folder"):
        release.send_web(host, {"entry": "cgi", "python": ""}, copy)


PANEL = "# php -- BEGIN cPanel-generated handler\nAddHandler x .php\n# php -- END cPanel-generated"
OWN = "<IfModule mime_module>\n    AddHandler application/x-httpd-php81 .php\n</IfModule>"
LATIN = b"# caf\xe9"


@pytest.mark.parametrize(
    "stood", ["nothing of ours", "above ours", "below ours", "of before marks"]
)
def test_lines_that_are_not_ours_stay_and_the_hosts_python_is_named(
    office: Path, stood: str
) -> None:
    """cPanel writes into .htaccess, with marks or without, and so do people."""
    copy = release._copy_of_settings({"settings": str(office / "config.toml")})  # noqa: SLF001
    assert copy
    front.make(copy, "cgi", office / "web")
    ours = (office / "web" / ".htaccess").read_text()
    before = "".join(line for line in ours.splitlines(keepends=True) if " callback\n" not in line)
    text = {
        "nothing of ours": f"{OWN}\n{PANEL}\n",
        "above ours": f"{PANEL}\n{OWN}\n{ours}",
        "below ours": f"{ours}{PANEL}\n{OWN}\n".replace("\n", "\r\n"),
        "of before marks": f"{PANEL}\n{before}{OWN}\n",
    }[stood]
    host: Any = Folder({".htaccess": (text.encode() + LATIN, 0o644)})

    for _ in range(2):  # the second time, too
        release.send_web(host, {"entry": "cgi", "python": "/opt/py/bin/python3.11"}, copy)
        content = host.files[".htaccess"][0]
        assert content.startswith(ours.encode())
        assert [content.count(part) for part in (PANEL.encode(), OWN.encode(), LATIN)] == [1, 1, 1]
        assert content.count(b"RewriteEngine On") == 1
        assert host.files["pay.cgi"][0].startswith(b"#!/opt/py/bin/python3.11\n")


def test_marks_of_a_like_name_and_what_stands_behind_a_half_of_ours_stay() -> None:
    """Another's block is named after its callback, too; somebody has deleted our END."""
    ours = f"{htaccess.BEGIN}\nours\n{htaccess.END}\n"
    theirs = f"{htaccess.BEGIN}-form\ntheirs\n{htaccess.END}-form\n"
    half = f"{htaccess.BEGIN}\nold\nmore of theirs\n"

    assert htaccess.merged(ours, theirs + half + ours + OWN) == f"{ours}\n{theirs}{half}{OWN}\n"


@pytest.mark.usefixtures("hidden")
def test_a_deploy_that_is_taken_back_takes_no_line_of_others(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the way back to the release before."""
    stood = (OWN.encode(), 0o644)
    pointers = {"CURRENT": (b"r0\n", 0o644), "PREVIOUS": (b"r0\n", 0o644)}
    host: Any = Folder({**pointers, ".htaccess": stood, "pay.cgi": (b"#!/x\n", 0o755)})
    monkeypatch.setattr(release, "_failure", went_wrong)

    with pytest.raises(release.DeployError, match="Release r0 serves again"):
        release.deploy(host, site_of(office), office / "r1.zip")
    assert host.files[".htaccess"] == stood
    release.roll_back(host, site_of(office))
    assert host.files[".htaccess"] == stood


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("RewriteEngine off", "every file here is public"),
        ("RewriteBase /blog/", "into another folder"),
        ("ErrorDocument 500 /oops.html", "ask again"),
        ("Redirect 301 / https://www.example.kz/", "they do not follow"),
        ("  Options +Indexes", "shows what is in the folder"),
        ("Require valid-user", "keep banks out"),
        ("Satisfy Any", "may open"),
        ("RewriteBase /", ""),
        ("RewriteRule . /index.php [L]", ""),
        ("Options -Indexes", ""),
        ("# ErrorDocument 500 /oops.html", ""),
    ],
)
def test_lines_that_undo_ours_are_named(
    office: Path, capsys: pytest.CaptureFixture[str], line: str, what: str
) -> None:
    """By the deploy, and by the site's doctor; they stay."""
    copy = release._copy_of_settings({"settings": str(office / "config.toml")})  # noqa: SLF001
    host: Any = Folder({".htaccess": (line.encode(), 0o644)})
    assert copy
    release.send_web(host, {"entry": "cgi", "python": ""}, copy)

    said = capsys.readouterr().out
    content = host.files[".htaccess"][0].decode()
    found = [finding.text for finding in htaccess.examine(content)]
    assert content.endswith(f"{line}\n")
    assert (line.strip() in said, bool(found)) == (bool(what), bool(what))
    assert what in "".join(found)


def went_wrong(settings: dict[str, Any], name: str) -> str:
    """What a site says that serves the first release alone."""
    return "" if name == "r0" else "HTTP 500"


@pytest.mark.usefixtures("hidden")
def test_an_entry_that_starts_nothing_is_taken_back(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Python that the host does not have would stop the release before, too."""
    entry = (b"#!/usr/bin/python3\n", 0o755)
    theirs = (b"theirs", 0o600)
    host: Any = Folder({"pay.cgi": entry, "callback.toml": theirs, "CURRENT": (b"r0\n", 0o644)})
    settings = {**release.DEFAULTS, "url": "https://localhost", "web": "public_html"}
    settings |= {"entry": "cgi", "python": "/none", "settings": str(office / "config.toml")}
    monkeypatch.setattr(release, "_failure", went_wrong)

    with pytest.raises(release.DeployError, match=r"HTTP 500\n(.*\n)*Release r0 serves again\."):
        release.deploy(host, settings, office / "r1.zip", with_settings=True)
    assert (host.files["pay.cgi"], host.files["callback.toml"]) == (entry, theirs)
    assert host.files["CURRENT"][0] == b"r0\n"


def test_ctrl_c_leaves_no_release_in_use_that_is_not_proven(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes most of a minute to be sure of a failure: who waits loses patience then."""

    def interrupted(settings: dict[str, Any], name: str) -> str:
        if name == "r1":
            raise KeyboardInterrupt
        return ""

    host: Any = Folder({"CURRENT": (b"r0\n", 0o644)})
    settings = {**release.DEFAULTS, "url": "https://localhost", "web": "public_html"}
    monkeypatch.setattr(release, "_failure", interrupted)

    with pytest.raises(release.DeployError, match=r"^stopped before .*\nRelease r0 serves again\."):
        release._switch(host, settings, "r1", "r0")  # noqa: SLF001
    assert host.files["CURRENT"][0] == b"r0\n"


@pytest.mark.parametrize(
    ("url", "status", "told"),
    [
        ("http://pay.localhost", 403, "url in deploy.toml is http://pay.localhost: write https://"),
        (
            "https://pay.localhost",
            301,
            "https://pay.localhost sends the caller elsewhere (HTTP 301)",
        ),
        ("https://pay.localhost", 401, "asks for a password before the program is asked"),
        ("https://pay.localhost", 403, f"{release.NO_DOCTOR} HTTP 403"),
    ],
)
def test_what_answers_in_place_of_the_program_is_named(
    office: Path, monkeypatch: pytest.MonkeyPatch, url: str, status: int, told: str
) -> None:
    """It has nothing to do with the key."""
    monkeypatch.setattr(web, "get", lambda *_: (status, b"<html>"))

    said = release._findings({**site_of(office), "url": url})[1]  # noqa: SLF001
    assert told in said
    assert ("SECRET_KEY" in said) is (told == f"{release.NO_DOCTOR} HTTP 403")


def test_an_address_without_tls_is_told_before_anything_is_sent(office: Path) -> None:
    """The web folder refuses such calls where banks are given https."""
    settings = f'PUBLIC_URL = "https://localhost"\n{SETTINGS}{SOME_BANK}'
    (office / "config.toml").write_text(settings)
    toml(office, url="http://localhost", entry="cgi")

    assert "url in deploy.toml is http://localhost: write https://" in deploy(office)


@pytest.mark.parametrize(
    ("entry", "told"),
    [("fcgi", "no FastCGI: with entry = "), ("passenger", "no Passenger"), ("cgi", "")],
)
def test_an_entry_that_a_host_may_lack_is_told_with_another(entry: str, told: str) -> None:
    """There is nothing in the web folder to see it by."""
    settings = {"url": "https://pay.example.kz", "entry": entry}
    said = release._never_started(Folder({}), settings)  # noqa: SLF001

    assert told in said
    assert ('entry = "cgi"' in said) is bool(told)


def test_a_service_that_never_ran_has_a_journal() -> None:
    """Without an entry it is a machine of one's own, as a rule."""
    settings = {"url": "https://pay.example.kz", "entry": ""}

    assert "`journalctl -u callback` says why" in release._never_started(Folder({}), settings)  # noqa: SLF001


def test_a_site_that_is_not_reached_says_why(office: Path) -> None:
    """A name with a typo, a certificate that is not there yet: the program may be right."""
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
    settings = {**release.DEFAULTS, "url": f"https://{HOST}:{port}"}
    settings |= {"settings": str(office / "config.toml")}

    assert "Connection refused" in release._findings(settings)[1]  # noqa: SLF001


@pytest.mark.parametrize(
    ("failure", "is_looked_at"),
    [("the check call answers HTTP 200: x", False), (f"{release.NO_DOCTOR} HTTP 500", True)],
)
def test_an_entry_that_did_run_is_not_said_to_have_not(
    monkeypatch: pytest.MonkeyPatch, failure: str, is_looked_at: bool
) -> None:
    """Whoever reads it would look in the wrong place."""
    host: Any = Folder({"pay.cgi": (b"#!/usr/bin/python3\n", 0o755)})
    settings = {**release.DEFAULTS, "url": "https://localhost"}
    monkeypatch.setattr(release, "_failure", lambda *_: failure)

    with pytest.raises(release.DeployError) as told:
        release._switch(host, settings, "r1", "")  # noqa: SLF001
    assert ("did not even run" in str(told.value)) is is_looked_at


@pytest.mark.usefixtures("hidden")
def test_a_site_whose_settings_are_those_of_a_trial_is_told(
    office: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only with a public address are weak passwords refused."""
    settings = {**release.DEFAULTS, "url": "https://localhost", "web": "public_html"}
    settings |= {"settings": str(office / "config.toml")}
    monkeypatch.setattr(release, "_failure", lambda *_: "")

    host: Any = Folder({})
    release.deploy(host, settings, office / "r1.zip")
    assert 'has no PUBLIC_URL = "https://localhost"' in capsys.readouterr().out
    (office / "config.toml").write_text(f'PUBLIC_URL = "https://localhost"\n{SETTINGS}{SOME_BANK}')
    release.deploy(host, settings, office / "r1.zip")
    assert "PUBLIC_URL" not in capsys.readouterr().out
    release.deploy(host, {**settings, "url": "https://pay.localhost"}, office / "r1.zip")
    assert "banks are given the first" in capsys.readouterr().out


@pytest.mark.usefixtures("hidden")
def test_a_release_before_that_does_not_serve_is_not_said_to(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site is asked once more."""
    host: Any = Folder({"CURRENT": (b"r9\n", 0o644)})
    settings = {**release.DEFAULTS, "url": "https://localhost", "web": "public_html"}
    settings |= {"settings": str(office / "config.toml")}
    monkeypatch.setattr(release, "_failure", went_wrong)

    with pytest.raises(release.DeployError, match="r9 is back, and is not proven either: HTTP"):
        release.deploy(host, settings, office / "r1.zip")


@pytest.mark.parametrize("name", ["выпуск.zip", "my release.zip", "-o.zip", "x" * 65 + ".zip"])
@pytest.mark.slow
def test_a_name_that_no_host_takes_is_refused(office: Path, name: str) -> None:
    """It would be uploaded, and never be found."""
    done = flask(office / "config.toml", "release", f"-o{office}/{name}")

    assert done.returncode == 2
    assert "a host takes a release's name of Latin letters" in done.stderr


def test_settings_on_the_host_are_not_replaced_unasked(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They may be newer than ours."""
    copy = release._copy_of_settings({"settings": str(office / "config.toml")})  # noqa: SLF001
    host: Any = Folder({"callback.toml": (b"newer", 0o600)})
    settings = {"folder": "callback", "settings": "instance/config.toml"}
    assert copy

    release.send_settings(host, settings, copy, anew=False)
    assert host.files["callback.toml"][0] == b"newer"
    assert "is not as config.toml here, and stays as it is" in capsys.readouterr().out
    release.send_settings(host, settings, copy, anew=True)
    assert host.files["callback.toml"][0] == copy.path.read_bytes()


def site_of(office: Path) -> dict[str, Any]:
    """deploy.toml for a host that is a dictionary."""
    settings = {**release.DEFAULTS, "url": "https://localhost", "web": "public_html"}
    return settings | {"entry": "cgi", "settings": str(office / "config.toml")}


@pytest.mark.usefixtures("hidden")
def test_settings_are_sent_alone(office: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the web folder: a bank may be new. The release and the way back stay."""
    pointers: dict[str, tuple[bytes, int | None]] = {
        "CURRENT": (b"r2\n", 0o644),
        "PREVIOUS": (b"r1\n", 0o644),
    }
    host: Any = Folder({**pointers, "callback.toml": (b"of before", 0o600)})
    monkeypatch.setattr(release, "_failure", lambda *_: "")

    assert release.renew_settings(host, site_of(office)) == []
    assert {name: host.files[name] for name in pointers} == pointers
    assert host.files["callback.toml"][0] == (office / "config.toml").read_bytes()
    assert {"tmp/restart.txt", ".htaccess", "pay.cgi"} < host.files.keys()
    assert [name for name in host.files if name.endswith(".zip")] == []


@pytest.mark.usefixtures("hidden")
def test_settings_that_start_nothing_are_taken_back(
    office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host may lack what they name."""
    stood = (b"of before", 0o600)
    host: Any = Folder({"CURRENT": (b"r2\n", 0o644), "callback.toml": stood})
    monkeypatch.setattr(release, "_failure", lambda settings, _: settings.get("digest", ""))

    with pytest.raises(release.DeployError, match=r"Release r2 serves again\."):
        release.renew_settings(host, site_of(office))
    assert host.files["callback.toml"] == stood


@pytest.mark.parametrize(
    ("lines", "way"),
    [
        ("password = 'secret'\n", "ftp"),
        ("password = '…'\n", "ssh"),
        ("", "ssh"),
        ("password = 'secret'\nport = 22\n", "ssh"),
        ("password = 'secret'\nssh = 'ssh -i key'\n", "ssh"),
        ("password = 'secret'\nvia = 'ssh'\n", "ssh"),
        ("via = 'ftp'\n", "ftp"),
    ],
)
def test_deploy_toml_says_how_the_host_is_reached(tmp_path: Path, lines: str, way: str) -> None:
    """`make send-settings` needs no VIA."""
    (tmp_path / "deploy.toml").write_text(KNOWN + lines, encoding="utf-8")

    assert release.way_of(release.load(tmp_path / "deploy.toml")) == way


def test_without_a_way_on_the_command_line_it_is_that_of_deploy_toml(
    site: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that is reached by FTP is asked no question by ssh."""
    monkeypatch.setattr(sys, "argv", [word for word in sys.argv if word != "ftp"])
    monkeypatch.setattr(release, "_findings", lambda _: ([], ""))
    monkeypatch.setattr(release, "SSH", lambda _: pytest.fail("by ssh"))

    with pytest.raises(SystemExit):
        release.main()
    assert "Release r1 serves" in site.readouterr().out


@pytest.mark.parametrize(
    ("via", "own", "is_told"),
    [
        ("ssh", {}, True),
        ("ssh", {"via": "ssh"}, False),
        ("ftp", {"password": ""}, True),
        ("ftp", {"password": "", "via": "ftp"}, False),
        ("ftp", {}, False),
        (None, {}, False),
    ],
)
def test_another_way_back_than_this_one_is_told(
    office: Path, capsys: pytest.CaptureFixture[str], via: str | None, own: Any, is_told: bool
) -> None:
    """A host that is reached by ssh may have no FTP."""
    release._tell_way_back(via, release.load(toml(office, **own)))  # noqa: SLF001
    told = capsys.readouterr().out
    assert bool(told) is is_told
    assert not is_told or f'and not by {via}: via = "{via}"' in told


def test_a_deploy_tells_it_before_anything_is_sent(
    site: pytest.CaptureFixture[str], office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line is the release's."""
    toml(office, url="https://localhost", password="")
    monkeypatch.setattr(release, "_findings", lambda _: ([], ""))

    with pytest.raises(SystemExit):
        release.main()
    told = site.readouterr().out.splitlines()
    assert "make rollback goes by ssh" in told[0]
    assert told[-1] == "Release r1 serves https://localhost."


def test_the_hint_is_a_command_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no make."""
    assert hints.send_settings() == "make send-settings"
    monkeypatch.setattr("os.name", "nt")
    assert hints.send_settings() == r".venv\Scripts\python deploy\release.py --only-settings"


def test_without_a_release_no_settings_are_sent_alone(office: Path) -> None:
    """A deploy sends them."""
    with pytest.raises(release.DeployError, match="no release is there yet"):
        release.renew_settings(Folder({}), site_of(office))


@pytest.mark.parametrize(
    ("used", "failure"), [("of now", ""), ("of before", "other settings"), (None, "")]
)
def test_new_settings_are_proven_by_their_digest(
    office: Path, monkeypatch: pytest.MonkeyPatch, used: str | None, failure: str
) -> None:
    """Passenger goes on with the old ones for ten seconds; a release from before tells nothing."""
    findings = [Finding("ok", "release", "r1: every file is as it was built")]
    findings += [Finding("ok", "settings in use", used)] if used else []
    monkeypatch.setattr(release, "_findings", lambda _: (findings, ""))

    said = release._wrong_release({**site_of(office), "digest": "of now"}, "r1")  # noqa: SLF001
    assert failure in said
    assert bool(said) is bool(failure)


def test_files_that_the_settings_name_go_along(office: Path) -> None:
    """An authority's certificate, a bank's key; nothing else that lies there."""
    text = SETTINGS.replace(
        "sqlite:///x.db", "mysql://u:p@db.example.kz/usu?ssl_ca=ca.pem"
    ).replace("TIMEZONE", 'LOG = "callback.log"\nTIMEZONE')
    (office / "config.toml").write_text(text + SOME_BANK)
    for name in ("ca.pem", "callback.log", "other.pem"):
        (office / name).write_text(name)
    copy = release._copy_of_settings({"settings": str(office / "config.toml")})  # noqa: SLF001
    host: Any = Folder({})
    assert copy

    release.send_settings(host, {"folder": "callback"}, copy, anew=False)
    assert host.files.keys() == {"callback.toml", "ca.pem"}
    assert host.files["ca.pem"] == (b"ca.pem", 0o600)


@pytest.fixture
def site(
    office: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    hidden: None,
) -> pytest.CaptureFixture[str]:
    """A host on which the new release serves, and what the person at the office sees."""
    toml(office, url="https://localhost")
    monkeypatch.setattr(sys, "argv", command(office)[1:])
    monkeypatch.setattr(release, "FTP", lambda _: Folder({}))
    monkeypatch.setattr(release, "_failure", lambda *_: "")
    return capsys


@pytest.mark.parametrize(
    ("found", "status", "last"),
    [
        ([], 0, "Release r1 serves https://localhost."),
        ([Finding("warning", "https", "no")], 0, "Release r1 serves https://localhost."),
        ([NO_TABLE], 3, "Faults left: 1, see above; then flask doctor --site."),
    ],
)
def test_what_the_sites_doctor_calls_a_fault_is_told_before_the_last_line(
    site: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    found: list[Finding],
    status: int,
    last: str,
) -> None:
    """The release serves all the same: the exit status says that something is left to do."""
    monkeypatch.setattr(release, "_findings", lambda _: (found, ""))

    with pytest.raises(SystemExit) as end:
        release.main()
    lines = site.readouterr().out.splitlines()
    assert end.value.code == status
    assert lines[-1].endswith(last)
    assert ("fault   database: no table" in lines) is bool(status)


@pytest.mark.parametrize(("listed", "mode"), [("rwxr-xr-x", 0o755), ("rw-r--r--", 0o644)])
def test_rights_are_read_as_ls_shows_them(listed: str, mode: int) -> None:
    """By FTP there is no other way."""
    line = hosts.LISTED.match(f"-{listed}   1 u  g  12 Nov 26 04:00 pay.cgi")

    assert line
    assert hosts._read_mode(line[1]) == mode  # noqa: SLF001
