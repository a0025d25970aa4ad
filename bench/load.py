"""The load: wrk plays the bank, mariadb-slap sends the bare statement."""

from __future__ import annotations

import itertools
import json
import re
import resource
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.data import FIRST_ACCOUNT
from callback.lookup import BUCKETS
from tests.support.processes import HOST, ROOT

if TYPE_CHECKING:
    from bench.data import Books
    from bench.programs import Programs

# QIWI opens 10 to 15 connections at once (osmp.md, section 2); a round number above.
CLIENTS = 16
# Long enough for thousands of calls, short enough that a neighbour's noise hits both sides of a
# pair; the median of the pairs does the rest.
SECONDS = 2
# About a second of the bare statement, so that making CLIENTS connections does not show.
STATEMENTS = 8000
# Different statements, so that they meet different accounts: mariadb-slap repeats its file.
DIFFERENT = 500

USERNAME, PASSWORD = "qiwi", "a password: of the bank"
AUTHORIZATION = "Basic " + b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
# The first half of a txn_id; no two rounds share one, and all come after the books' own.
_prefixes = itertools.count(200_000_000)


class LoadError(Exception):
    """A round did not do what it was to measure."""


class Round(NamedTuple):
    """What one round of wrk saw."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p99_ms: float
    own_seconds: float  # of the processor, for wrk itself

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def new_prefix() -> str:
    """The first half of the txn_ids of one round."""
    return str(next(_prefixes))


def call_bank(
    wrk: str, url: str, command: str, books: Books, *, prefix: str, seconds: float = SECONDS
) -> Round:
    """Let CLIENTS connections check or pay for some seconds; LoadError when any was refused."""
    before = _own_seconds()
    done = subprocess.run(
        [
            wrk,
            *("-t", "1", "-c", str(CLIENTS), "-d", f"{seconds}s"),
            *("-s", str(Path(__file__).with_name("load.lua")), url, "--"),
            *(command, AUTHORIZATION, prefix, str(FIRST_ACCOUNT), str(books.accounts)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search("RESULT (.*)", done.stdout)
    if found is None:
        raise LoadError(f"wrk: {done.stdout}{done.stderr}")
    measured = Round(**json.loads(found[1]), own_seconds=_own_seconds() - before)
    if measured.refused or measured.broken or not measured.requests:
        raise LoadError(f"{command} at {url}: {measured}")
    return measured


def _own_seconds() -> float:
    """Processor time of the programs that have been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def count_pays(measured: Round, prefix: str, books: Books) -> None:
    """Count the pays of a round in the database: the answers must not only look right."""
    recorded = books.recorded(prefix)
    # What was under way when the time was up may be recorded or not.
    if not measured.requests <= recorded <= measured.requests + CLIENTS:
        raise LoadError(f"{measured.requests} pays answered, {recorded} recorded")


def send_bare_statements(programs: Programs, books: Books, clients: int, folder: Path) -> float:
    """Let mariadb-slap send our own INSERT, new in every call; return statements a second."""
    script = folder / "slap.sql"
    script.write_text(";\n".join(bare_statement(number) for number in range(DIFFERENT)))
    done = subprocess.run(
        [
            *(programs.slap, "--no-defaults", "--protocol=tcp"),
            *(f"--host={HOST}", f"--port={books.server.port}"),
            *(f"--user={books.server.user}", f"--password={books.server.password}"),
            *(f"--create-schema={books.name}", "--no-drop", "--delimiter=;", f"--query={script}"),
            *(f"--concurrency={clients}", f"--number-of-queries={STATEMENTS}", "--csv"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    # engine, mixed, seconds on average, least, most, clients, statements a client
    fields = done.stdout.strip().split(",")
    seconds, ran = float(fields[-5]), int(fields[-2]) * int(fields[-1])
    return ran / seconds


def bare_statement(number: int) -> str:
    """Our own INSERT for one of the accounts, as the server gets it."""
    values = {
        "bank": "'qiwi'",
        "txn_id": "UUID_SHORT()",
        "account": f"'{FIRST_ACCOUNT + number}'",
        "number": f"'{FIRST_ACCOUNT + number}'",
        "amount": "10.00",
        "currency": "'KZT'",
        "state": "'paid'",
        "paid_at": "'2026-11-03 09:15:00'",
        "now": "'2026-11-03 04:15:01.000'",
        "performed_at": "'2026-11-03 04:15:01.000'",
        "deadline": "'2099-01-01 00:00:00.000'",
        "bucket": str(number % BUCKETS),
        "began": "'2026-11-03 04:15:01.000'",
        "latest": "'2099-01-01 00:00:00.000'",
    }
    text = (ROOT / "sql" / "pay_account.sql").read_text(encoding="utf-8")
    text = re.sub(r"--[^\n]*", "", text).strip()
    return re.sub(r":([a-z_]+)", lambda name: values[name[1]], text)
