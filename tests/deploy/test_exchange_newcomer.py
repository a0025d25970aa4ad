"""From an empty host to "the payment is in the program, the debt agrees on both sides".

The program stands in the office and keeps its books by itself; it knows files, and nothing of us.
The web servers are real, with what `flask front` makes. `make test-deploy`.
"""

from __future__ import annotations

import csv
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import pymysql
import pytest
from pymysql.constants import CLIENT

from tests.conftest import MariaDBEngine, flask
from tests.support.processes import HOST, ROOT
from tests.support.web_servers import IS_ROOT, NEEDS_ROOT, Apache, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.processes import MariaDB
    from tests.support.web_servers import Entry

pytestmark = pytest.mark.deploy

SETTINGS = """
SECRET_KEY = "only-for-tests-never-where-money-is-received"
DATABASE = "{url}"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
PUBLIC_URL = "https://localhost"

[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
show = ["name", "debt"]

[IMPORT]
encoding = "windows-1251"

[EXCHANGE]
"""
ACCOUNT = "0071501"


class DesktopProgram:
    """Books in the office: what each customer owes, and which payments are in."""

    def __init__(self, home: Path) -> None:
        self.owed = {ACCOUNT: Decimal("3200.10"), "0071502": Decimal("0.00")}
        self.names = {ACCOUNT: 'Ахметова Белла "старшая"', "0071502": "Волков Денис"}
        self.payments: list[str] = []
        self._list = home / "customers.csv"
        self._inbox = home / "payments"

    def write_list(self) -> None:
        """As such programs do: in place, in windows-1251."""
        with self._list.open("w", encoding="windows-1251", newline="") as file:
            table = csv.writer(file, delimiter=";", lineterminator="\r\n")
            table.writerow(["number", "name", "address", "debt"])
            for number, owed in self.owed.items():
                table.writerow([number, self.names[number], "Сатпаева, 5; 1", f"{owed:.2f}"])

    def load_payments(self) -> None:
        """Take every file, and put it aside."""
        for path in sorted(self._inbox.glob("*.csv")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                for line in csv.DictReader(file, delimiter=";"):
                    self.payments.append(line["txn_id"])
                    self.owed[line["account"]] -= Decimal(line["sum"])
            path.rename(path.with_suffix(".done"))


class Host:
    """A site on one kind of host, and an office with the client as it is handed out."""

    def __init__(self, stack: ExitStack, mariadb: MariaDB, database: str, entry: str) -> None:
        mariadb.create_database(database)
        self.engine = MariaDBEngine(mariadb, database)
        link = pymysql.connect(
            unix_socket=str(mariadb.socket),
            user="root",
            database=database,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )
        with link, link.cursor() as cursor:  # phpMyAdmin
            cursor.execute((ROOT / "sql" / "schema.sql").read_text())
        self.site = stack.enter_context(Site(SETTINGS.format(url=self.engine.url)))
        self.entry: Entry = stack.enter_context(Apache(self.site)).entries[entry]
        address = flask(self.site.settings, "url", "--exchange").stdout.strip()
        self.address = address.replace("localhost", f"localhost:{self.entry.port}")

    def check(self) -> str:
        """What the bank hears that the customer owes."""
        reply = self.entry.call(f"/qiwi?command=check&txn_id=1&account={ACCOUNT}")
        return str(re.findall(r'name="debt">([0-9.-]+)<', reply.text)[0])

    def pay(self, txn_id: int, amount: str = "1000.05") -> None:
        """The bank pays."""
        query = f"command=pay&txn_id={txn_id}&account={ACCOUNT}&sum={amount}"
        reply = self.entry.call(f"/qiwi?{query}&txn_date=20261103091500")
        assert "<result>0<" in reply.text

    def office(self, home: Path, port: int | None = None) -> None:
        """The client and its settings, filled in as their comments say."""
        (home / "payments").mkdir(parents=True)
        shutil.copy(ROOT / "deploy" / "exchange" / "exchange.py", home)
        text = (ROOT / "deploy" / "exchange" / "exchange.ini").read_text()
        address = self.address.replace(f":{self.entry.port}", f":{port or self.entry.port}")
        text = re.sub("(?m)^address = .*$", f"address = {address}\nca = CA\n", text)
        text = text.replace("CA\n", f"{self.site.folder / 'ca.pem'}\n")
        (home / "exchange.ini").write_text(
            text.replace("customers.csv", "customers.csv\nquiet = 0")
        )


def run(home: Path) -> tuple[int, str]:
    """One run, as Task Scheduler starts it."""
    done = subprocess.run(
        [sys.executable, home / "exchange.py"], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("entry", ["passenger", "cgi"])
def test_from_an_empty_host_to_debts_that_agree(
    mariadb: MariaDB, tmp_path: Path, entry: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Timed; a person's own reading and typing comes on top."""
    if entry == "cgi" and not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    started = time.perf_counter()
    times: dict[str, float] = {}

    def took(step: str) -> None:
        times[step] = time.perf_counter() - started - sum(times.values())

    with ExitStack() as stack:
        host = Host(stack, mariadb, f"newcomer_{entry}", entry)
        took("a host with the program")
        host.office(tmp_path / "office")
        program = DesktopProgram(tmp_path / "office")
        program.write_list()
        assert run(tmp_path / "office")[0] == 0
        assert host.check() == f"{program.owed[ACCOUNT]}" == "3200.10"
        took("its list is there")
        host.pay(1)
        assert host.check() == "2200.05"
        assert run(tmp_path / "office")[0] == 0
        program.load_payments()
        took("the payment is in the program")
        program.write_list()
        code, said = run(tmp_path / "office")
        assert (code, "known up to line 1" in said, "taken" in said) == (0, True, True), said
        took("the debts agree")

        assert program.payments == ["1"]
        assert host.check() == f"{program.owed[ACCOUNT]}" == "2200.05"
        assert host.engine.rows("SELECT COUNT(*) FROM payment WHERE posted_at IS NULL") == [(0,)]
        doctor = flask(host.site.settings, "doctor")
        assert "exchange: is open" in doctor.stdout
    with capsys.disabled():
        steps = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in times.items())
        print(f"\n{entry}: {sum(times.values()):.1f} s: {steps}")


class Cutter:
    """Carries bytes between the office and the site until so many have come back: then no more."""

    def __init__(self, target: int) -> None:
        self.left = sys.maxsize
        self._target = target
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Cutter:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection((HOST, self._target)) as site:
            threading.Thread(target=self._up, args=(client, site), daemon=True).start()
            with suppress(OSError):
                while content := site.recv(400):
                    client.sendall(content[: max(self.left, 0)])
                    self.left -= len(content)
                    if self.left <= 0:
                        break
            for end in (client, site):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _up(client: socket.socket, site: socket.socket) -> None:
        with suppress(OSError):
            while content := client.recv(65536):
                site.sendall(content)


@pytest.fixture(scope="module", params=["passenger", "cgi"])
def host(request: pytest.FixtureRequest, mariadb: MariaDB) -> Iterator[Host]:
    """A site behind one of the doors of shared hosts."""
    if request.param == "cgi" and not IS_ROOT:
        pytest.fail(NEEDS_ROOT)
    with ExitStack() as stack:
        yield Host(stack, mariadb, f"cut_{request.param}", request.param)


def test_a_link_is_cut_at_every_point(host: Host, tmp_path: Path) -> None:
    """TLS, head, body: wherever it ends, the next run goes on, and all is there once."""
    with Cutter(host.entry.port) as cutter:
        host.office(tmp_path / "office", cutter.port)
        program = DesktopProgram(tmp_path / "office")
        ini = tmp_path / "office" / "exchange.ini"
        ini.write_text(ini.read_text().replace("log =", "tries = 1\nlog ="))
        codes = []
        paid = list(range(1, 13))
        first = int(host.engine.rows("SELECT COALESCE(MAX(id), 0) FROM payment")[0][0])
        for number, left in enumerate(range(0, 12_000, 1000)):
            program.names[ACCOUNT] = f"Ахметова {number}"
            program.write_list()
            cutter.left = sys.maxsize
            if number == 0:
                assert run(tmp_path / "office")[0] == 0
            host.pay(first + paid[number], "1.00")
            cutter.left = left
            code, said = run(tmp_path / "office")
            assert code in (0, 3), said
            codes.append(code)
            program.load_payments()
        cutter.left = sys.maxsize
        for _ in range(2):
            program.write_list()
            assert run(tmp_path / "office")[0] == 0
            program.load_payments()
        program.write_list()
        assert run(tmp_path / "office")[0] == 0

    assert codes[0] == 3
    assert codes[-1] == 0  # the last points are behind a whole run
    assert program.payments == [str(first + number) for number in paid]
    assert host.check() == f"{program.owed[ACCOUNT]:.2f}"


def test_a_run_is_killed_at_any_moment(host: Host, tmp_path: Path) -> None:
    """By SIGKILL, a little later every time, through a whole run."""
    host.office(tmp_path / "office")
    program = DesktopProgram(tmp_path / "office")
    program.write_list()
    started = time.perf_counter()
    assert run(tmp_path / "office")[0] == 0
    whole = time.perf_counter() - started
    program.load_payments()  # what the test before has left on this site
    program.payments.clear()
    first = int(host.engine.rows("SELECT COALESCE(MAX(id), 0) FROM payment")[0][0]) + 1000
    for number in range(20):
        host.pay(first + number, "1.00")
        program.names[ACCOUNT] = f"Ахметова {number}"
        program.write_list()
        process = subprocess.Popen(
            [sys.executable, tmp_path / "office" / "exchange.py"], stdout=subprocess.DEVNULL
        )
        time.sleep(whole * number / 20)
        process.send_signal(signal.SIGKILL)
        process.wait()
        program.load_payments()
    for _ in range(3):
        program.write_list()
        assert run(tmp_path / "office")[0] == 0
        program.load_payments()

    assert program.payments == [str(first + number) for number in range(20)]
    assert host.check() == f"{program.owed[ACCOUNT]:.2f}"
    assert host.engine.rows("SELECT COUNT(*) FROM payment WHERE posted_at IS NULL") == [(0,)]
