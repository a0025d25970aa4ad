"""deploy/exchange: a payment gets into the office once, wherever a run is killed or a link cut."""

from __future__ import annotations

import ast
import csv
import http.server
import importlib.util
import os
import random
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from callback import settings, signature
from callback.tools import exchange
from tests.conftest import Engine, settings_toml
from tests.support.processes import HOST, ROOT, Endpoint, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)

CLIENT = ROOT / "deploy" / "exchange" / "exchange.py"
GUIDE = (CLIENT.parent / "README.md").read_text(encoding="utf-8")
BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]

[IMPORT]

[EXCHANGE]
"""
HEAD = "number;name;address;debt\n"
ACCOUNT = "0071501"
PAYMENT = (
    "INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state, paid_at,"
    " created_at, performed_at) SELECT 'qiwi', ?, ?, id, 100, 'KZT', 'paid',"
    " '2026-11-03 09:15:00', '2026-11-03 06:15:00', '2026-11-03 06:15:00' FROM account"
    " WHERE number = ?"
)


def load_client() -> Any:
    """The client as a module of its own."""
    spec = importlib.util.spec_from_file_location("exchange_client", CLIENT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Office:
    """A PC in the office: the client's folder, and the accounting program."""

    def __init__(self, home: Path, address: str, more: str = "", payments: str = "") -> None:
        self.home = home
        self.inbox = home / "in"
        self.inbox.mkdir(parents=True)
        self.ini = home / "exchange.ini"
        self.ini.write_text(
            f"[exchange]\naddress = {address}\ntries = 1\npause = 0\npiece_kib = 1\n{more}\n"
            "[customers]\nfile = customers.csv\nquiet = 0\n"
            f"[payments]\nfolder = in\nrows = 2\n{payments}\n"
        )
        self.ledger: list[dict[str, str]] = []
        self.client = load_client()

    def run(self, *options: str) -> int:
        """One run, in this process."""
        result: int = self.client.main([str(self.ini), *options])
        return result

    def load(self) -> None:
        """What the program does: it takes every file, and removes it."""
        for path in sorted(self.inbox.glob("payments_*.csv")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                self.ledger += csv.DictReader(file, delimiter=";")
            path.unlink()

    @property
    def txn_ids(self) -> list[str]:
        """What has come, in the order in which it has."""
        return [line["txn_id"] for line in self.ledger]


@pytest.fixture(scope="module")
def address(endpoint: Endpoint, folder: Path) -> str:
    """Where the office goes."""
    token = signature.exchange_tokens(settings.load(folder / "config.toml"))[-1].decode()
    return f"http://{HOST}:{endpoint.port}/exchange/{token}"


@pytest.fixture
def books(engine: Engine) -> Engine:
    """One customer, and nothing told to anybody."""
    engine.execute("DELETE FROM export_line")
    engine.account(ACCOUNT, owes="3200.10")
    return engine


@pytest.fixture
def office(books: Engine, address: str, tmp_path: Path) -> Office:
    """A PC that knows the address."""
    return Office(tmp_path / "office", address)


def pay(engine: Engine, *txn_ids: str) -> None:
    """Record payments."""
    for txn_id in txn_ids:
        engine.execute(PAYMENT, txn_id, ACCOUNT, ACCOUNT)


def unknown(engine: Engine) -> list[str]:
    """The payments that the program is not known to have."""
    return [row[0] for row in engine.rows("SELECT txn_id FROM payment WHERE posted_at IS NULL")]


@pytest.mark.slow
def test_a_day_in_the_office(books: Engine, office: Office) -> None:
    """List up, payments down, and known when the program has loaded them."""
    (office.home / "customers.csv").write_text(f"{HEAD}{ACCOUNT};Ким;;50.00\n0071502;Ли;;0\n")
    pay(books, "1", "2", "3")

    assert office.run() == 0
    assert books.rows("SELECT name FROM account WHERE number = ?", "0071502") == [("Ли",)]
    names = sorted(path.name for path in office.inbox.iterdir())
    assert len(names) == 2
    assert all(office.client.FILE.fullmatch(name) for name in names)
    assert unknown(books) == ["1", "2", "3"]
    # Nothing comes again while it waits there.
    assert office.run() == 0
    assert sorted(path.name for path in office.inbox.iterdir()) == names

    office.load()
    pay(books, "4")
    assert office.run() == 0
    assert unknown(books) == ["4"]
    office.load()
    assert office.txn_ids == ["1", "2", "3", "4"]
    assert office.ledger[0]["sum"] == "100.00"


def test_a_file_that_waits_keeps_what_is_behind_it_unknown(books: Engine, office: Office) -> None:
    """The program may take them in any order."""
    pay(books, *"12345")
    office.run()
    first, *_, last = sorted(office.inbox.iterdir())
    last.unlink()
    office.run()
    assert unknown(books) == list("12345")
    first.unlink()
    office.run()
    assert unknown(books) == list("345")


@pytest.mark.parametrize(("known", "left"), [("fetched", []), ("never", ["1"])])
def test_others_say_it_sooner_or_never(
    books: Engine, address: str, tmp_path: Path, known: str, left: list[str]
) -> None:
    """As soon as the file is there; or the list does, by known_until."""
    office = Office(tmp_path / "office", address, payments=f"known = {known}")
    pay(books, "1")

    assert office.run() == 0
    assert unknown(books) == left


class KilledError(BaseException):
    """The run ends here."""


@contextmanager
def killed_at(client: Any, point: int) -> Iterator[list[str]]:
    """End a run at its n-th point: before and after each call, rename and write to the disk."""
    passed: list[str] = []

    def pass_by(name: str) -> None:
        passed.append(name)
        if len(passed) == point:
            raise KilledError(name)

    def around(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **values: Any) -> Any:
            pass_by(f"before {name}")
            result = function(*args, **values)
            pass_by(f"after {name}")
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client.Site, "once", around("call", client.Site.once))
        patch.setattr(os, "replace", around("replace", os.replace))
        patch.setattr(os, "fsync", around("fsync", os.fsync))
        yield passed


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.deploy)])
@pytest.mark.slow
def test_a_run_may_be_killed_at_every_point(
    books: Engine, address: str, tmp_path: Path, step: int
) -> None:
    """The program loads what is there meanwhile; in the end it has each payment once.

    At every fifth point, or by `make test-deploy` at every one.
    """
    point, killed = 2 - step, True
    while killed:
        point += step
        office = Office(tmp_path / f"{point}", address)
        books.execute("DELETE FROM payment")
        (office.home / "customers.csv").write_text(f"{HEAD}{ACCOUNT};{point};;50.00\n")
        pay(books, "1", "2", "3")
        with killed_at(office.client, point) as passed:
            try:
                assert office.run() == 0
                killed = False
            except KilledError:
                pass
        office.load()
        pay(books, "4")
        for _ in range(2):
            assert office.run() == 0, passed
            office.load()
        assert office.run() == 0

        assert office.txn_ids == ["1", "2", "3", "4"], passed
        assert unknown(books) == [], passed
        assert books.rows("SELECT name FROM account") == [(f"{point}",)]
        assert [path.name for path in office.inbox.iterdir()] == []
    assert point > 30


class Cutter:
    """Stands between the office and the site, and cuts the n-th call in one of three ways."""

    def __init__(self, target: int) -> None:
        self.calls = 0
        self.cut_at = 0
        self.how = ""
        cutter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                cutter.calls += 1
                is_cut = cutter.calls == cutter.cut_at
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if is_cut and cutter.how == "before":
                    return
                link = HTTPConnection(HOST, target, timeout=30)
                link.request(self.command, self.path, body, {"Accept": "application/json"})
                reply = link.getresponse()
                content = reply.read()
                link.close()
                if is_cut and cutter.how == "after":
                    return
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if is_cut else content)

            do_GET = do_PUT = do_POST = answer  # noqa: N815 - the library's names

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)

    def __enter__(self) -> Cutter:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("how", ["before", "after", "half"])
@pytest.mark.slow
def test_a_link_may_be_cut_in_every_call(
    books: Engine, endpoint: Endpoint, address: str, tmp_path: Path, how: str
) -> None:
    """Before the site has heard it, before the office has heard the answer, or half of that."""
    noise = random.Random(20261103)  # does not get shorter by gzip: it takes three pieces
    rows = "".join(f"{n:07};{noise.randbytes(40).hex()};;1.00\n" for n in range(60))
    with Cutter(endpoint.port) as cutter:
        proxied = address.replace(f":{endpoint.port}", f":{cutter.server.server_port}")
        cutter.how, cut_at, calls = how, 0, 99
        while cut_at < calls:
            cut_at += 1
            office = Office(tmp_path / f"{cut_at}", proxied)
            books.execute("DELETE FROM payment")
            (office.home / "customers.csv").write_text(
                f"{HEAD}{ACCOUNT};{how}{cut_at};;1.00\n{rows}"
            )
            pay(books, "1", "2", "3")
            cutter.calls, cutter.cut_at = 0, cut_at
            assert office.run() == office.client.LATER, cut_at
            office.load()
            cutter.calls, cutter.cut_at = 0, 0
            for _ in range(2):
                assert office.run() == 0
                office.load()
                calls = min(calls, max(cutter.calls, cut_at)) if cut_at == 1 else calls
            assert office.run() == 0
            assert office.txn_ids == ["1", "2", "3"], cut_at
            assert unknown(books) == []
            name = books.rows("SELECT name FROM account WHERE number = ?", ACCOUNT)
            assert name == [(f"{how}{cut_at}",)]
    assert cut_at >= 5


def test_a_list_that_is_refused_is_told_and_holds_up_no_payment(
    books: Engine, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """With every fault; and once the file is right, it is taken."""
    file = office.home / "customers.csv"
    file.write_text(f"{HEAD}0071502;B;;7,01E+09\n")
    pay(books, "1")

    assert office.run() == office.client.LOOK
    told = capsys.readouterr().out
    assert "refused, nothing has changed" in told
    assert "line 2: " in told
    office.load()
    assert office.txn_ids == ["1"]
    file.write_text(f"{HEAD}0071502;B;;7.00\n")
    assert office.run() == office.client.LOOK  # all the others would be closed
    assert "say --force" in capsys.readouterr().out
    assert office.run("--force") == 0
    assert books.rows("SELECT number FROM account WHERE state = 'active'") == [("0071502",)]


def test_the_same_list_is_not_sent_twice(
    books: Engine, office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless it is forced; one that is just being written waits."""
    (office.home / "customers.csv").write_text(f"{HEAD}{ACCOUNT};A;;7.00\n")
    for _ in range(2):
        assert office.run() == 0
    assert capsys.readouterr().out.count("taken") == 1
    office.ini.write_text(office.ini.read_text().replace("quiet = 0", "quiet = 60"))
    (office.home / "customers.csv").write_text(f"{HEAD}{ACCOUNT};B;;7.00\n")
    assert office.run() == 0
    assert "the next run takes it" in capsys.readouterr().out


def test_it_writes_what_an_old_program_reads(books: Engine, address: str, tmp_path: Path) -> None:
    """windows-1251, another separator; no cell is a formula."""
    office = Office(tmp_path / "office", address, payments="encoding = windows-1251\nseparator = ,")
    books.account("=Ёж-7")
    books.execute(PAYMENT, "1", "=Ёж-7", "=Ёж-7")
    office.run()
    (path,) = office.inbox.iterdir()

    text = path.read_bytes().decode("windows-1251")
    assert ",'=Ёж-7,100.00,KZT," in text


def test_two_runs_at_once_do_not_meet(office: Office) -> None:
    """The second leaves; a lock is nobody's who was killed."""
    import sqlite3

    lock = sqlite3.connect(office.home / "exchange.lock")
    lock.execute("BEGIN EXCLUSIVE")
    assert office.run() == office.client.LATER
    lock.close()
    assert office.run() == 0


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("folder = in", "folder = away", "[payments] folder: there is no "),
        ("folder = in", "", "[payments] folder is missing"),
        ("rows = 2", "rwos = 2", "[payments] rwos: no such setting"),
        ("tries = 1", "tries = many", "[exchange] tries: expected a whole number"),
        ("rows = 2", "known = perhaps", "known: expected loaded, fetched or never"),
        ("rows = 2", "encoding = ansi-1251", "[payments] encoding or separator: unknown"),
        ("rows = 2", "separator = ab", "[payments] encoding or separator: "),
        ("[exchange]", "exchange]", "no section headers"),
    ],
)
def test_a_mistake_in_the_settings_is_named(
    office: Office, capsys: pytest.CaptureFixture[str], old: str, new: str, says: str
) -> None:
    """And nothing is done, not even where a folder is away: its files have not been loaded."""
    office.ini.write_text(office.ini.read_text().replace(old, new))

    assert office.run() == office.client.LOOK
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://pay.example.kz/exchange/" + "x" * 43, "expected https://"),
        ("https://pay.example.kz/exchange", "expected what `flask url --exchange` prints"),
        ("https://user@pay.example.kz/exchange/" + "x" * 43, "expected what"),
        ("ftp://pay.example.kz/exchange/" + "x" * 43, "expected what"),
        ("", "address is missing"),
    ],
)
def test_the_token_never_goes_where_it_can_be_read(
    office: Office, capsys: pytest.CaptureFixture[str], address: str, says: str
) -> None:
    """Only over TLS, and to nobody else."""
    text = re.sub("(?m)^address = .*$", f"address = {address}", office.ini.read_text())
    office.ini.write_text(text)

    assert office.run() == office.client.LOOK
    assert says in capsys.readouterr().out


def test_a_redirect_is_not_followed(
    office: Office, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    """Whatever stands in the place of the site: nobody else gets the token."""
    called: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"{address}/payments")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer((HOST, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        other = f"address = http://{HOST}:{server.server_port}/exchange/{'x' * 43}"
        office.ini.write_text(re.sub("(?m)^address = .*$", other, office.ini.read_text()))
        assert office.run() == office.client.LOOK
        server.shutdown()
    assert len(called) == 1
    assert "sends us elsewhere" in capsys.readouterr().out


def test_a_host_that_lets_no_put_pass_gets_a_post(
    books: Engine, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some web servers' filters know GET and POST only, and say so with a page."""
    once = office.client.Site.once

    def filtered(site: Any, method: str, path: str, body: bytes | None) -> Any:
        if method == "PUT":
            return 403, office.client.understood(403, b"<html>Forbidden</html>")
        return once(site, method, path, body)

    monkeypatch.setattr(office.client.Site, "once", filtered)
    (office.home / "customers.csv").write_text(f"{HEAD}{ACCOUNT};A;;7.00\n")

    assert office.run() == 0
    assert books.rows("SELECT name FROM account") == [("A",)]


def test_on_windows_somebody_may_be_looking_at_a_file(
    books: Engine, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is renamed a moment later; without a terminal there is the log."""
    held = ["payments", "payments"]

    def replace(path: Path, target: Path) -> None:
        if held and "payments" in target.name:
            held.pop()
            raise PermissionError(13, "in use")
        os.rename(path, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(office.client.time, "sleep", lambda _: None)
    monkeypatch.delattr(os, "O_DIRECTORY")
    monkeypatch.setattr(office.client.sys, "stdout", None)
    office.ini.write_text(office.ini.read_text().replace("tries", "log = exchange.log\ntries"))
    pay(books, "1")

    assert office.run() == 0
    office.load()
    assert office.txn_ids == ["1"]
    assert "lines: 1" in (office.home / "exchange.log").read_text()


def test_what_is_no_answer_of_ours_leaves_everything_open(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page of the web server, a token that is not good any more, nobody at all."""
    understood = office.client.understood
    for status, content in ((200, b"<html>"), (200, b"[]"), (500, b""), (503, b'{"error":"x"}')):
        with pytest.raises(office.client.LaterError):
            understood(status, content)
    with pytest.raises(office.client.LookError, match="has the token changed"):
        understood(404, b"")
    nobody = f"address = http://{HOST}:{free_port()}/exchange/{'x' * 43}"
    office.ini.write_text(re.sub("(?m)^address = .*$", nobody, office.ini.read_text()))
    assert office.run() == office.client.LATER
    assert "not reached" in capsys.readouterr().out


def test_it_is_one_file_of_the_standard_library_for_old_pythons_and_windows(
    database: Engine,
) -> None:
    """3.8, and nothing that only Unix has; with the settings as they are handed out."""
    source = CLIENT.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [n.name for n in node.names]
        )
    }
    assert modules <= sys.stdlib_module_names
    assert not modules & {"fcntl", "pwd", "grp", "resource", "termios", "tomllib", "posix"}
    assert not re.search(r"removeprefix|removesuffix|\bmatch \w+:|os\.(fork|uname|getuid)", source)
    assert "noqa" not in source


def test_the_lines_of_the_guide_work_as_pasted(books: Engine, address: str, tmp_path: Path) -> None:
    """By curl: a list at once and in pieces, payments, known."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    at_once, in_pieces = (block for block in blocks if "curl" in block)
    assert "E=https://pay.example.kz/exchange/TOKEN\n" in at_once
    rows = "".join(f"{n:07};Name;{'x' * 90};1.00\n" for n in range(900))
    (tmp_path / "customers.csv").write_text(f"{HEAD}{ACCOUNT};Ким;;50.00\n{rows}")
    pay(books, "1", "2", "3")
    lines = at_once.replace("https://pay.example.kz/exchange/TOKEN", address)

    def paste(text: str) -> str:
        return subprocess.run(
            ["bash", "-ec", text], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    told = paste(lines.partition("curl -sS -X POST")[0])
    table = (tmp_path / "payments.csv").read_text(encoding="utf-8-sig").splitlines()
    assert '"taken":true' in told
    assert len(table) == 4
    known = lines.replace("until=3", f"until={table[-1].partition(';')[0]}").splitlines()
    assert '"marked":3' in paste("\n".join([known[0], known[-1]]))
    (tmp_path / "customers.csv").write_text(f"{HEAD}{ACCOUNT};Ли;;50.00\n{rows}")
    assert '"changed":1' in paste(f"{known[0]}\n{in_pieces}")
    assert books.rows("SELECT name FROM account WHERE number = ?", ACCOUNT) == [("Ли",)]


def test_the_guide_names_what_there_is(database: Engine, folder: Path) -> None:
    """Its settings, its links, the words of known, and the addresses."""
    (toml,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    text = (folder / "config.toml").read_text()
    assert toml in text.replace("\n\n[EXCHANGE]", "\n[EXCHANGE]")
    links = re.findall(r"\]\(([^)#:]+)[)#]", GUIDE)
    assert [link for link in links if not (CLIENT.parent / link).exists()] == []
    for word in ("loaded", "fetched", "never"):
        assert f"| `{word}` |" in GUIDE
    for name in exchange.PAGES:
        assert f"…/{name}" in GUIDE
    for name in exchange.PARAMETERS:
        assert re.search(rf"\b{name}=", GUIDE), name


def test_it_starts_as_the_guide_says(office: Office) -> None:
    """With its settings beside it."""
    shutil.copy(CLIENT, office.home)
    done = subprocess.run(
        [sys.executable, office.home / "exchange.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = subprocess.run(
        [sys.executable, CLIENT, "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert "Exit status 0" in told
    client, sample = load_client(), CLIENT.with_suffix(".ini")
    assert client.read(sample)["payments"]["known"] == "loaded"
    # Whatever may be set stands there, with what holds where it is not.
    for values in client.DEFAULTS.values():
        for name, value in values.items():
            line = rf"{name} = {re.escape(value)}$" if value and name != "known" else f"{name} = "
            assert re.search(f"(?m)^(; )?{line}", sample.read_text()), name


@pytest.mark.deploy
def test_a_long_list_outlives_gunicorns_patience(
    books: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A worker that says nothing is ended; one that reads a list says so."""
    toml = settings_toml(books.url, request.module)
    (tmp_path / "site").mkdir()
    rows = "".join(f'{n:010};Серова Анна;"Абая, 1; {n}";1.00\n' for n in range(60_000))
    with Endpoint(toml, tmp_path / "site", workers=1, options=["--timeout=3"]) as endpoint:
        token = signature.exchange_tokens(settings.load(endpoint.settings))[-1].decode()
        office = Office(tmp_path / "office", f"http://{HOST}:{endpoint.port}/exchange/{token}")
        office.ini.write_text(office.ini.read_text().replace("piece_kib = 1", "piece_kib = 8192"))
        (office.home / "customers.csv").write_text(HEAD + rows)
        assert office.run("--force") == 0
        assert "WORKER TIMEOUT" not in endpoint.output()
    assert books.rows("SELECT COUNT(*) FROM account WHERE state = 'active'") == [(60_000,)]
