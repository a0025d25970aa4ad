"""A storm over the books: payments, imports, exports and posting at once, and everything dies.

    make storm-books                            a minute, a seed of its own
    python -m tests.storm.books --seed 7 --seconds 20

Two sites on one server. At one the office speaks by files (`flask export`, `flask import`), at the
other its program's tables are in the same database (`flask post`). Banks pay and take back through
gunicorn, and repeat until they have heard an answer. Commands are killed after statements drawn by
lot; workers, whole endpoints and the server by time. Afterwards, in calm weather, each account owes
by a check what the program says, and each payment is in the program once.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql

from tests.support.processes import ROOT, Endpoint, MariaDB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ACCOUNTS = [f"00715{number:02}" for number in range(12)]
OPENING = Decimal("50000.00")
DONE = "0"
SETTINGS = """
SECRET_KEY = "only-for-tests-never-where-money-is-received"
DATABASE = "{url}"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"

[BANKS.usmp]
protocol = "usmp"
allow = ["127.0.0.1"]
cancel = "TransactionId"
{more}
"""
LIMIT_S = 60  # until the bank has heard everything
ROUNDS = 2  # of the office in calm weather
PAUSE_S = 0.02  # of a bank, so that there is time for the commands
LAST_STATEMENTS = 40  # a command is killed at one of the first so many, or not at all


class Bank:
    """Pays and takes back, and repeats whatever it has not heard the end of."""

    def __init__(self, endpoint: Endpoint, chance: random.Random, first: int) -> None:
        self.paid: dict[str, tuple[str, Decimal]] = {}
        self.cancelled: set[str] = set()
        self.unheard: list[Callable[[], bool]] = []
        self._endpoint = endpoint
        self._chance = chance
        self._next = first

    def step(self) -> None:
        """Do one thing more; what is not heard waits for its turn."""
        time.sleep(PAUSE_S)
        if self.unheard and self._chance.random() < 0.4:
            act = self.unheard.pop(self._chance.randrange(len(self.unheard)))
        elif self.paid and self._chance.random() < 0.25:
            txn_id = self._chance.choice(list(self.paid))
            act = lambda: self._cancel(txn_id)  # noqa: E731
        else:
            self._next += 1
            amount = Decimal(self._chance.randrange(1, 90_000)) / 100
            order = (str(self._next), self._chance.choice(ACCOUNTS), amount)
            act = lambda: self._pay(*order)  # noqa: E731
        if not act():
            self.unheard.append(act)

    def settle(self) -> bool:
        """Repeat what is not heard; whether all is."""
        self.unheard = [act for act in self.unheard if not act()]
        return not self.unheard

    def _pay(self, txn_id: str, account: str, amount: Decimal) -> bool:
        code = self._ask(
            f"QueryType=pay&TransactionId={txn_id}&Account={account}&Amount={amount:.2f}"
            "&TransactionDate=20261103091500"
        )
        if code == DONE:
            self.paid[txn_id] = account, amount
        return code == DONE

    def _cancel(self, txn_id: str) -> bool:
        if self._ask(f"QueryType=cancel&TransactionId={txn_id}&RevertId=9") != DONE:
            return False
        self.cancelled.add(txn_id)
        return True

    def _ask(self, query: str) -> str:
        with suppress(OSError, HTTPException):
            answer = self._endpoint.call(f"/usmp?{query}", timeout=15).text
            code = re.search("<ResultCode>([0-9]+)<", answer)
            return code[1] if code else ""
        return ""


class Commands:
    """The program's commands, each killed at a place drawn by lot."""

    def __init__(self, folder: Path, chance: random.Random, bug: str, way: str = "") -> None:
        """`way` is CALLBACK_DATABASE, where the settings name a line that may be cut."""
        self.kills = self.runs = 0
        self.calm = False
        self._folder = folder
        self._chance = chance
        self._bug = bug
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.storm.command", str(folder / "config.toml")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ
            | {"PYTHONPATH": str(ROOT)}
            | ({"CALLBACK_DATABASE": way} if way else {}),
            text=True,
        )

    def run(self, *args: str, last: int | None = None, victim: int = 0) -> int:
        """Run one; its exit status, below zero when it was killed.

        The `victim` is killed, the command itself unless another is named, at statement `last`.
        """
        assert self._server.stdin
        assert self._server.stdout
        if last is None:
            last = 0 if self.calm else self._chance.randrange(LAST_STATEMENTS)
        order = {"args": args, "last": last, "victim": victim, "bug": self._bug}
        order["output"] = str(self._folder / "commands.log")
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        status = int(self._server.stdout.readline())
        self.runs += 1
        self.kills += status == -signal.SIGKILL
        return status

    def close(self) -> None:
        """End the process that starts them."""
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.wait(60)
        self._server.stdout.close()


# By whom and under which id: a payment.
Key = tuple[str, str]


@dataclass
class Heard:
    """What banks know for certain: what they have paid, and what of it they took back."""

    paid: dict[Key, tuple[str, Decimal]]
    cancelled: set[Key]

    def by_account(self) -> dict[str, Decimal]:
        """What each account has paid in all."""
        paid: defaultdict[str, Decimal] = defaultdict(Decimal)
        for key, (account, amount) in self.paid.items():
            paid[account] += amount if key not in self.cancelled else 0
        return paid


class Office(ExitStack):
    """Whoever keeps the books of a site, with a program of its own; made before the endpoint."""

    MORE = ""  # settings

    def __init__(
        self, server: MariaDB, name: str, folder: Path, seed: object, accounts: Sequence[str]
    ) -> None:
        super().__init__()
        self.name = name
        self.folder = folder
        self.server = server
        self.accounts = accounts
        self.chance = random.Random(f"{name} {seed}")
        self.commands: list[Commands] = []
        self.prepare()

    def start(self, bug: str = "", way: str = "") -> None:
        """Have tables, and customers who owe something; the settings are written."""
        for number in range(2):
            chance = random.Random(f"{self.chance.random()} {number}")
            self.commands.append(Commands(self.folder, chance, bug, way))
            self.callback(self.commands[-1].close)
        self.commands[0].calm = True
        assert self.commands[0].run("init-db") == 0
        self.open()
        self.commands[0].calm = False

    def sql(self, statement: str, *args: object) -> list[tuple[Any, ...]]:
        """Ask the database as its owner."""
        return self.server.sql(statement, self.name, args)

    def prepare(self) -> None:
        """Write what the site has of its own."""

    def open(self) -> None:
        """Have customers who owe something."""

    def work(self, commands: Commands) -> None:
        """What the office does once."""
        raise NotImplementedError

    def debts(self) -> dict[str, Decimal]:
        """What the program believes."""
        raise NotImplementedError

    def rows(self) -> Counter[tuple[Key, str]]:
        """How often the program has each payment (paid) and its cancellation (cancelled)."""
        raise NotImplementedError

    def billed(self, account: str) -> Decimal:
        """What the customer was ever asked for."""
        raise NotImplementedError

    @property
    def kills(self) -> int:
        """How many commands were killed."""
        return sum(commands.kills for commands in self.commands)

    @property
    def runs(self) -> int:
        """How many commands were run."""
        return sum(commands.runs for commands in self.commands)

    def calm(self) -> None:
        """Bring everything to its end."""
        for commands in self.commands:
            commands.calm = True
        for _ in range(ROUNDS):
            self.work(self.commands[0])

    def faults(self, heard: Heard, check: Callable[[str], Decimal]) -> Iterator[str]:
        """Compare both sides, and both with what the bank was told; `check`: what one owes."""
        debts, paid = self.debts(), heard.by_account()
        for account in self.accounts:
            owed = check(account)
            if owed != debts[account]:
                yield f"{self.name} {account}: {owed} by a check, {debts[account]} by the program"
            ought = self.billed(account) - paid[account]
            if owed != ought:
                yield f"{self.name} {account}: {owed} by a check, {ought} by bills and the bank"
        rows = self.rows()
        for key in heard.paid:
            kinds = rows[key, "paid"], rows[key, "cancelled"]
            right = {(0, 0), (1, 1)} if key in heard.cancelled else {(1, 0)}
            if kinds not in right:
                yield f"{self.name} {key[1]}: paid {kinds[0]} times, cancelled {kinds[1]} times"
        for key in {key for key, _ in rows} - heard.paid.keys():
            yield f"{self.name} {key[1]}: in the program, and the bank knows nothing of it"


class Files(Office):
    """An office that loads files of payments and writes lists of debts."""

    MORE = "[IMPORT]\n"

    def open(self) -> None:
        self._bills = dict.fromkeys(self.accounts, OPENING)
        self._debts = dict(self._bills)
        self._loaded: Counter[tuple[Key, str]] = Counter()
        self._last = 0
        self._import(self.commands[0])

    def work(self, commands: Commands) -> None:
        if commands is not self.commands[0]:  # another cron: it only looks
            commands.run("export", "-o", str(self.folder / "other.csv"))
            return
        file = self.folder / "payments.csv"
        file.unlink(missing_ok=True)
        mark = ["--mark"] if self.chance.random() < 0.4 and not commands.calm else []
        commands.run("export", "-o", str(file), *mark)
        if file.exists():
            self._load(file)
        if self.chance.random() < 0.5:
            account = self.chance.choice(self.accounts)
            bill = Decimal(self.chance.randrange(1, 90_000)) / 100
            self._bills[account] += bill
            self._debts[account] += bill
        self._import(commands)

    def _load(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8-sig")
        for line in csv.DictReader(io.StringIO(text), delimiter=";"):
            if int(line["id"]) <= self._last:
                continue
            self._last = int(line["id"])
            self._loaded[(line["bank"], line["txn_id"]), line["kind"]] += 1
            amount = Decimal(line["sum"])
            self._debts[line["account"]] -= amount if line["kind"] == "paid" else -amount

    def _import(self, commands: Commands) -> None:
        rows = "".join(f"{number};a;b;{debt}\n" for number, debt in self._debts.items())
        file = self.folder / "list.csv"
        file.write_text(f"known_until;{self._last}\nnumber;name;address;debt\n{rows}")
        commands.run("import", str(file))

    def debts(self) -> dict[str, Decimal]:
        return self._debts

    def rows(self) -> Counter[tuple[Key, str]]:
        return self._loaded

    def billed(self, account: str) -> Decimal:
        return self._bills[account]


class Tables(Office):
    """An office whose program's tables are in the same database."""

    SCRIPT = """
    INSERT INTO program_payment (bank, txn_id, kind, amount)
    VALUES (:bank, :txn_id, '{kind}', :amount);
    SET @row = LAST_INSERT_ID();
    INSERT INTO program_link (payment, customer) VALUES (@row, :account);
    UPDATE program_customer SET balance = balance {sign} :amount WHERE number = :account;
    UPDATE invoice SET amount = amount {sign} :amount WHERE account_id = :account_id;
    """

    TABLES = (
        "program_payment (id INT AUTO_INCREMENT PRIMARY KEY, bank VARCHAR(32), txn_id VARCHAR(64),"
        " kind VARCHAR(9), amount DECIMAL(14,2))",
        "program_link (payment INT, customer VARCHAR(20))",
        "program_customer (number VARCHAR(20) PRIMARY KEY, balance DECIMAL(14,2),"
        " billed DECIMAL(14,2))",
    )

    def prepare(self) -> None:
        self._both = threading.Barrier(2)
        for kind, sign in (("paid", "-"), ("cancelled", "+")):
            path = self.folder / "instance" / "sql" / f"post_{kind}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.SCRIPT.format(kind=kind, sign=sign))

    def open(self) -> None:
        for table in self.TABLES:
            self.sql(f"CREATE TABLE {table} ENGINE = InnoDB")
        for account in self.accounts:
            self.sql("INSERT INTO account (number) VALUES (%s)", account)
            self.sql("INSERT INTO program_customer VALUES (%s, %s, %s)", account, OPENING, OPENING)
            self.sql(
                "INSERT INTO invoice (number, account_id, amount, issued_on)"
                " SELECT number, id, %s, '2026-11-01' FROM account WHERE number = %s",
                *(OPENING, account),
            )

    def work(self, commands: Commands) -> None:
        if self.chance.random() < 0.2 and not commands.calm:
            self._bill()
        if not commands.calm:  # two at once: they are to meet
            with suppress(threading.BrokenBarrierError):
                self._both.wait(1)
            self._both.reset()
        commands.run("post", "--json")

    def _bill(self) -> None:
        """The program writes a bill, in a transaction of its own."""
        bill = Decimal(self.chance.randrange(1, 90_000)) / 100
        account = self.chance.choice(self.accounts)
        with suppress(pymysql.MySQLError):
            link = self.server.connect(self.name)
            with link, link.cursor() as cursor:
                link.begin()
                cursor.execute(
                    "UPDATE program_customer SET balance = balance + %s, billed = billed + %s"
                    " WHERE number = %s",
                    (bill, bill, account),
                )
                cursor.execute(
                    "UPDATE invoice SET amount = amount + %s WHERE number = %s", (bill, account)
                )
                link.commit()

    def debts(self) -> dict[str, Decimal]:
        return dict(self.sql("SELECT number, balance FROM program_customer"))

    def rows(self) -> Counter[tuple[Key, str]]:
        rows = self.sql("SELECT bank, txn_id, kind FROM program_payment")
        return Counter(((bank, txn_id), kind) for bank, txn_id, kind in rows)

    def billed(self, account: str) -> Decimal:
        ((billed,),) = self.sql("SELECT billed FROM program_customer WHERE number = %s", account)
        return Decimal(billed)


OFFICES: dict[str, type[Office]] = {"files": Files, "tables": Tables}


class Site(ExitStack):
    """A database, an endpoint, a bank and an office."""

    def __init__(
        self, kind: type[Office], server: MariaDB, folder: Path, seed: int, bug: str
    ) -> None:
        super().__init__()
        name = kind.__name__.lower()
        folder = folder / name
        folder.mkdir()
        server.create_database(name)
        self.office = kind(server, name, folder, seed, ACCOUNTS)
        text = SETTINGS.format(url=server.url(name), more=self.office.MORE)
        self.endpoint = Endpoint(text, folder)
        self.bank = Bank(self.endpoint, self.office.chance, 1_000_000)
        self.enter_context(self.office)
        self.office.start(bug)
        self.enter_context(self.endpoint)

    def faults(self) -> Iterator[str]:
        """What is wrong."""
        paid = {("usmp", txn_id): what for txn_id, what in self.bank.paid.items()}
        heard = Heard(paid, {("usmp", txn_id) for txn_id in self.bank.cancelled})
        return self.office.faults(heard, lambda account: owed(self.endpoint, account))


def owed(endpoint: Endpoint, account: str) -> Decimal:
    """What a check says."""
    query = f"QueryType=check&TransactionId=1&Account={account}&PayElementId=1539"
    answer = endpoint.call(f"/usmp?{query}").text
    debt = re.search('name="debt">(-?[0-9.]+)<', answer)
    if debt is None:
        raise AssertionError(answer)
    return Decimal(debt[1])


class Storm:
    """Everything at once, for so many seconds; `faults` says what is wrong afterwards."""

    def __init__(self, folder: Path, seed: int, bug: str = "") -> None:
        self.kills: Counter[str] = Counter()
        self.lines: list[str] = []
        self._folder = folder
        self._seed = seed
        self._bug = bug
        self._chance = random.Random(seed)
        self._over = threading.Event()
        self._broken: list[BaseException] = []

    def run(self, seconds: float) -> list[str]:
        """Blow, then calm down and compare."""
        server_folder = self._folder / "server"
        server_folder.mkdir()
        with MariaDB(server_folder) as server, ExitStack() as stack:
            sites: list[Site] = []
            for kind in (Files, Tables):
                site = Site(kind, server, self._folder, self._seed, self._bug)
                sites.append(stack.enter_context(site))
            self._blow(server, sites, seconds)
            self._calm(sites)
            for site in sites:
                self.kills["commands"] += site.office.kills
                self.lines.append(
                    f"{site.office.name}: {len(site.bank.paid)} paid, {len(site.bank.cancelled)} "
                    f"cancelled, {site.office.runs} commands"
                )
            return [fault for site in sites for fault in site.faults()]

    def _blow(self, server: MariaDB, sites: list[Site], seconds: float) -> None:
        jobs: list[Callable[[], None]] = []
        for site in sites:
            jobs.append(self._again(site.bank.step))
            office = site.office
            jobs += [self._again(office.work, commands) for commands in office.commands]
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._broken:
            time.sleep(self._chance.uniform(0.1, 0.9))
            self._kill(server, sites)
        self._over.set()
        for thread in threads:
            thread.join()
        if self._broken:
            raise self._broken[0]

    def _again(self, act: Callable[..., None], *args: Any) -> Callable[[], None]:
        def run() -> None:
            try:
                while not self._over.is_set():
                    act(*args)
            except BaseException as error:
                self._broken.append(error)

        return run

    def _kill(self, server: MariaDB, sites: list[Site]) -> None:
        what = self._chance.choices(("worker", "endpoint", "server"), (6, 1, 2))[0]
        self.kills[what] += 1
        endpoint = self._chance.choice(sites).endpoint
        if what == "worker":
            workers = children(endpoint.pid)
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(self._chance.choice(workers), signal.SIGKILL)
            return
        program: Any = server if what == "server" else endpoint
        orphans = children(endpoint.pid) if what == "endpoint" else []
        program.kill()
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(self._chance.uniform(0, 0.2))
        program.start()

    def _calm(self, sites: list[Site]) -> None:
        deadline = time.monotonic() + LIMIT_S
        for site in sites:
            while not site.bank.settle() and time.monotonic() < deadline:
                time.sleep(0.1)
            site.office.calm()


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in told]


def main() -> int:
    """Blow once, and say what was done and what is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else ""
    )
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--bug", default="", help="one of tests/storm/command.py, to be found")
    asked = parser.parse_args()
    print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        storm = Storm(Path(folder), asked.seed, asked.bug)
        faults = storm.run(asked.seconds)
    killed = ", ".join(f"{number} {what}" for what, number in sorted(storm.kills.items()))
    print(*storm.lines, f"killed: {killed}", *faults, f"{len(faults)} faults", sep="\n")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
