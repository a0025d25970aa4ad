"""A statement of a period is one answer, of bounded rows and memory, in every dialect."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from callback import Program
from callback.limits import STATEMENT_ROWS
from tests.conftest import settings_toml
from tests.support.processes import ROOT, CuttingProxy, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import MariaDBEngine

PASSWORD = "a-right-password-of-the-bank"
BANKS = f"""
[BANKS.payme]
protocol = "payme"
username = "it"
password = "{PASSWORD}"

[BANKS.paynet]
protocol = "paynet"
username = "it"
password = "{PASSWORD}"
service_id = 1

[BANKS.soap]
protocol = "paynet_soap"
username = "it"
password = "{PASSWORD}"
service_id = 1

[BANKS.usmp]
protocol = "usmp"
allow = ["127.0.0.1"]

[BANKS.rncb]
protocol = "usmp"
form = "rncb"
allow = ["127.0.0.1"]
"""
pytestmark = pytest.mark.parametrize("database", ["mariadb"], indirect=True)
# Section 3 of each sheet; the day of all rows.
DAY = {"dateFrom": "2026-11-03 00:00:00", "dateTo": "2026-11-03 23:59:59"}
SOAP = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<u:GetStatementArguments xmlns:u="http://uws.provider.com/"><username>it</username>'
    f"<password>{PASSWORD}</password><serviceId>1</serviceId>"
    "<dateFrom>2026-11-03T00:00:00</dateFrom><dateTo>2026-11-03T23:59:59</dateTo>"
    "</u:GetStatementArguments></e:Body></e:Envelope>"
)


class Way(NamedTuple):
    """How a bank asks for the day; what each row has, and what too many are (section 6)."""

    query: str
    body: Any
    row: bytes
    refused: bytes


WAYS = {
    "payme": Way(
        "",
        {"id": 1, "method": "GetStatement", "params": {"from": 0, "to": 9_999_999_999_999}},
        b'"create_time"',
        b'"code":-32600',
    ),
    "paynet": Way(
        "",
        {"jsonrpc": "2.0", "id": 1, "method": "GetStatement", "params": DAY | {"serviceId": 1}},
        b'"providerTrnId"',
        b'"code":414',
    ),
    "soap": Way("", SOAP, b"<statements>", b"<status>414<"),
    "usmp": Way(
        "CheckDateBegin=20261103000000&CheckDateEnd=20261103235959",
        None,
        b"<Payment>",
        b"<ResultCode>299<",
    ),
    "rncb": Way(
        "QueryType=balance&DateFrom=20261103000000&DateTo=20261103235959",
        None,
        b"<PAYMENT_ROW>",
        b"<ERROR>1<",
    ),
}
ROWS = """
INSERT INTO payment (bank, txn_id, account_id, amount, currency, state, paid_at, created_at,
                     performed_at, number)
SELECT ?, CONCAT('6512345678901234', seq), 1, 100.00, 'UZS', 'paid',
       '2026-11-03 04:15:00' + INTERVAL seq MOD 40000 SECOND, '2026-11-03 04:15:00.123',
       '2026-11-03 04:15:00.123', '7012340001'
  FROM seq_1_to_{}
"""
# A process of its own: what its memory was at its highest, before and behind the call.
MEASURED = """
import json, resource, sys, time
from tests.protocols.test_statements import WAYS, ask, Program
from pathlib import Path
program, (bank, settings) = Program(Path(sys.argv[2])), sys.argv[1:]
try:
    with program.database.session() as session:
        session.run("find_payment", bank="", txn_id="")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    body = ask(program, bank)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
finally:
    program.database.close()
print(json.dumps({"rows": body.count(WAYS[bank].row), "KiB": after - before}))
"""
# Of one answer at its limit, MiB; measured in their order above: 33, 22, 34, 23, 20.
MOST_MIB = 48


@pytest.fixture
def settings(engine: MariaDBEngine, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    toml = settings_toml(engine.url, request.module)
    return write_settings(f'LOG = "{tmp_path}/callback.log"\n{toml}', tmp_path)


@pytest.fixture
def program(settings: Path) -> Iterator[Program]:
    program = Program(settings)
    yield program
    program.database.close()


def ask(program: Program, bank: str) -> bytes:
    """Ask for the day as the bank does."""
    way = WAYS[bank]
    body = way.body if isinstance(way.body, str) else way.body and json.dumps(way.body)
    content = (body or "").encode()
    letters = base64.b64encode(f"it:{PASSWORD}".encode()).decode()
    environ = {
        "REQUEST_METHOD": "POST" if body else "GET",
        "PATH_INFO": f"/{bank}",
        "QUERY_STRING": way.query,
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Basic {letters}",
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.input": io.BytesIO(content),
    }

    def start(_: str, __: Any, ___: Any = None) -> Callable[[bytes], object]:
        return lambda _: None

    return b"".join(program(environ, start))


def fill(engine: MariaDBEngine, bank: str, rows: int) -> None:
    engine.execute(ROWS.format(rows), bank)


@pytest.mark.parametrize("bank", WAYS)
def test_one_more_than_the_limit_is_refused_in_the_banks_words(
    engine: MariaDBEngine, program: Program, bank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as are told at once are told, all of them; the log names what was wrong."""
    monkeypatch.setattr("callback.operation.STATEMENT_ROWS", 50)
    fill(engine, bank, 50)
    assert ask(program, bank).count(WAYS[bank].row) == 50

    engine.execute("UPDATE payment SET txn_id = CONCAT('1', txn_id)")
    fill(engine, bank, 1)
    refused = ask(program, bank)
    last = json.loads(program.settings.log.read_text().splitlines()[-1])  # type: ignore[union-attr]

    assert WAYS[bank].refused in refused
    assert WAYS[bank].row not in refused
    assert last["outcome"] == "too_many_payments"


@pytest.mark.parametrize("bank", WAYS)
def test_no_more_rows_travel_than_decide(
    engine: MariaDBEngine, settings: Path, bank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is asked for the limit and one, however many there are."""
    monkeypatch.setattr("callback.operation.STATEMENT_ROWS", 3)
    fill(engine, bank, 2000)
    with CuttingProxy("127.0.0.1", engine.server.port) as proxy:
        toml = settings.read_text().replace(f":{engine.server.port}/", f":{proxy.port}/")
        settings.write_text(toml)
        program = Program(settings)
        assert WAYS[bank].refused in ask(program, bank)
        program.database.close()
        asked = [text for text in proxy.statements if "ORDER BY" in text]

    assert [text.split()[-2:] for text in asked] == [["LIMIT", "4"]]


@pytest.mark.parametrize(
    "bank",
    ["payme", *(pytest.param(bank, marks=pytest.mark.deploy) for bank in WAYS if bank != "payme")],
)
@pytest.mark.slow
def test_an_answer_at_the_limit_takes_bounded_memory(
    engine: MariaDBEngine, settings: Path, bank: str
) -> None:
    """In a process that has done nothing else."""
    fill(engine, bank, STATEMENT_ROWS)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, bank, str(settings)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    measured = json.loads(done.stdout)
    print(bank, measured)

    assert measured["rows"] == STATEMENT_ROWS
    assert measured["KiB"] < MOST_MIB * 1024
