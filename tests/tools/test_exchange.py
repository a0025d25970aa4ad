"""The exchange: a list comes in whole or not at all; payments go out, each once."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import threading
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from callback import create_app, operation, settings, signature
from callback.database import Database, load_statements
from callback.limits import PIECES_KEPT_S
from callback.model import Check, Pay
from callback.paths import SQL
from callback.tools import arrival, exchange
from tests.conftest import Engine, MariaDBEngine, settings_toml
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    Command = Callable[..., CompletedProcess[str]]

BANKS = """
[BANKS.qiwi]
protocol = "osmp"
allow = ["127.0.0.1"]
bills = { header = "number;sum", columns = ["number", "sum"] }

[BANKS.token]
protocol = "osmp"
url_token = true

[IMPORT]

[EXCHANGE]
"""
LIST = "number;name;address;debt\n0071501;Ахметова;Абая, 1;3200.10\n0071502;Волков;;0\n".encode()
BAD = b"number;name;address;debt\n1;A;;1.00\n1;B;;7,01E+09\n"
ACCOUNT = "0071501"
ELSEWHERE = {"REMOTE_ADDR": "1.2.3.4"}
only_mariadb = pytest.mark.parametrize("database", ["mariadb"], indirect=True)


class Office:
    """Calls the addresses of the exchange, as the office does."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.token = token

    def call(self, path: str, method: str = "GET", body: bytes = b"", **more: Any) -> TestResponse:
        environ = {"REMOTE_ADDR": "127.0.0.1", **more.pop("environ", {})}
        url = f"/exchange/{self.token}/{path}"
        return self.client.open(url, method=method, data=body, environ_base=environ, **more)

    def put(self, body: bytes, query: str = "") -> TestResponse:
        return self.call(f"customers?{query}", "PUT", body)

    def listed(self, query: str = "") -> list[tuple[int, str, str]]:
        payments = self.call(f"payments?{query}").json["payments"]  # type: ignore[index]
        return [(line["id"], line["kind"], line["txn_id"]) for line in payments]


@pytest.fixture
def office(database: Engine, folder: Path) -> Office:
    """The office, with its token."""
    path = folder / "config.toml"
    token = signature.exchange_tokens(settings.load(path))[-1].decode()
    return Office(create_app(path).test_client(), token)


@pytest.fixture
def books(engine: Engine) -> Engine:
    """One customer who owes 3200.10, and nothing told to anybody."""
    engine.execute("DELETE FROM export_line")
    engine.account(ACCOUNT, owes="0.00")
    engine.invoice(ACCOUNT, ACCOUNT, "3200.10")
    return engine


@pytest.fixture
def bank(database: Engine, folder: Path) -> Bank:
    """A bank that pays and checks."""
    return Bank(folder)


class Bank:
    """Calls as qiwi does, without the network."""

    def __init__(self, folder: Path) -> None:
        self._settings = settings.load(folder / "config.toml")
        self._database = Database(self._settings.engine, load_statements(SQL), 1)

    def pay(self, txn_id: str, amount: str = "100.00") -> None:
        paid_at = datetime(2026, 11, 3, 9, 15)  # noqa: DTZ001 - the bank's
        money = Decimal(amount)
        done = self._run(
            Pay(name="pay", txn_id=txn_id, account=ACCOUNT, amount=money, paid_at=paid_at)
        )
        assert done.outcome == "ok"

    def owed(self, account: str = ACCOUNT) -> str:
        payer = self._run(Check(name="check", account=account)).payer
        assert payer is not None
        return f"{payer.owed:.2f}"

    def _run(self, command: Any) -> Any:
        with self._database.session() as session:
            return operation.run(session, self._settings.banks["qiwi"], command)


def pieces(content: bytes, size: int) -> list[tuple[str, bytes]]:
    """A file in pieces, each with its parameters."""
    sha256 = hashlib.sha256(content).hexdigest()
    return [
        (f"sha256={sha256}&size={len(content)}&start={start}", content[start : start + size])
        for start in range(0, len(content), size)
    ]


def state(engine: Engine) -> list[Any]:
    """All that a list could change."""
    return [
        engine.rows("SELECT number, name, address, state FROM account ORDER BY number"),
        engine.rows("SELECT number, amount, state FROM invoice ORDER BY number"),
    ]


# --- Who may ---


@pytest.mark.slow
def test_the_command_prints_the_address(office: Office, command: Command) -> None:
    """With the token that is good now."""
    assert command("url", "--exchange").stdout == f"/exchange/{office.token}\n"


def test_nobody_else_learns_that_there_is_anything(
    books: Engine, office: Office, folder: Path
) -> None:
    """The same 404 as of any unknown address, whatever is asked and how."""
    keys = settings.load(folder / "config.toml").secret_keys
    other, health = (signature.url_tokens(name, keys)[0].decode() for name in ("token", "health"))
    unknown = office.client.open("/nobody")
    for token in ("", "x", other, health, office.token + "x", office.token[:-1], "%FF"):
        office.token, good = token, office.token
        for method, path in (("GET", "payments"), ("PUT", "customers"), ("POST", "known?until=1")):
            reply = office.call(path, method, LIST if method == "PUT" else b"")
            assert (reply.status, reply.data) == (unknown.status, b"")
            assert reply.headers.to_wsgi_list() == unknown.headers.to_wsgi_list()
        office.token = good
    reply = office.call("nothing")
    assert (reply.status, reply.data) == (unknown.status, b"")


def test_without_the_table_there_is_no_exchange(
    engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Nor a name that a bank could not have."""
    toml = settings_toml(engine.url, request.module).replace("[EXCHANGE]", "")
    path = write_settings(toml.replace("[BANKS.token]", "[BANKS.exchange]"), tmp_path)
    app = create_app(path)
    token = signature.url_tokens("exchange", settings.load(path).secret_keys)[0].decode()

    assert app.test_client().get(f"/exchange/{token}/payments").status_code == 404  # the bank's
    result = app.test_cli_runner().invoke(args=["url", "--exchange"])
    assert "write a line [EXCHANGE]" in result.output
    with pytest.raises(settings.SettingsError, match=r"BANKS\.exchange: expected another name"):
        settings.load(write_settings(f"{path.read_text()}[EXCHANGE]\n", tmp_path))


@pytest.mark.parametrize(
    ("environ", "good"),
    [
        ({"wsgi.url_scheme": "https"}, True),
        ({"HTTP_X_FORWARDED_PROTO": "https"}, True),
        ({"HTTP_X_FORWARDED_PROTO": "http", "wsgi.url_scheme": "https"}, False),
        ({}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "1.2.3.4"}, False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "http"}, False),
        ({"REMOTE_ADDR": "127.0.0.1"}, True),
    ],
)
def test_only_over_tls(folder: Path, office: Office, environ: dict[str, str], good: bool) -> None:
    """Or within this machine; a host that says nothing of its TLS has a setting."""
    given = settings.load(folder / "config.toml")
    refusal = signature.refuse_exchange(office.token, ELSEWHERE | environ, given)
    assert refusal == ("" if good else "not_encrypted")

    text = (folder / "config.toml").read_text() + "plain_http = true\n"
    (folder / "plain").mkdir(exist_ok=True)
    given = settings.load(write_settings(text, folder / "plain"))
    assert signature.refuse_exchange(office.token, ELSEWHERE | environ, given) == ""


def test_the_token_is_replaced_without_a_banks(folder: Path, tmp_path: Path) -> None:
    """By the next number; both are good while both are listed."""
    text = (folder / "config.toml").read_text()

    def tokens(line: str) -> tuple[list[bytes], list[bytes]]:
        given = settings.load(write_settings(text + line, tmp_path))
        return signature.exchange_tokens(given), signature.url_tokens("token", given.secret_keys)

    (first,), banks = tokens("")
    (second,), same = tokens("token = 2\n")

    assert first != second
    assert banks == same
    assert tokens("token = [1, 2]\n")[0] == [first, second]
    for line in ("token = 0\n", "token = []\n", "token = true\n", 'token = "1"\n'):
        with pytest.raises(settings.SettingsError, match=r"EXCHANGE\.token: expected a whole"):
            tokens(line)


def test_every_call_is_a_line_without_the_token(
    books: Engine, office: Office, folder: Path, tmp_path: Path
) -> None:
    """Good or bad; strangers cannot fill the log."""
    text = f'LOG = "{tmp_path}/log"\n' + (folder / "config.toml").read_text()
    office.client = create_app(write_settings(text, tmp_path)).test_client()
    office.call("payments", headers={"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "http"})
    office.put(LIST)
    office.put(BAD)
    office.call("payments?after=0")
    office.call("known?until=9", "POST")
    good, office.token = office.token, "guess"
    for _ in range(302):
        office.call("payments")
    written = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in written.splitlines()]

    assert [(line["command"], line["outcome"], line["code"]) for line in lines[:5]] == [
        ("exchange", "not_encrypted", "404"),
        ("exchange customers", "ok", "200"),
        ("exchange customers", "refused", "422"),
        ("exchange payments", "ok", "200"),
        ("exchange known", "refused", "409"),
    ]
    assert lines[1]["new"] == 1
    assert "line 3" in lines[2]["why"]
    assert lines[5]["outcome"] == "bad_token"
    assert lines[5]["alarm"] is True
    assert len(lines) < 5 + 302
    assert good not in written
    assert "guess" not in written


# --- A list comes in ---


def test_a_list_is_taken_and_says_what_changed(books: Engine, office: Office, bank: Bank) -> None:
    """As flask import does; twice it changes nothing."""
    books.account("gone", owes="0.00")

    first = office.put(LIST, "force=1")

    assert first.status_code == 200
    assert first.json == {
        **{"taken": True, "customers": 2, "new": 1, "changed": 1, "back": 0, "closed": 1},
        **{"invoices_new": 0, "invoices_changed": 0, "invoices_cancelled": 0},
        **{"posted": 0, "not_known": 0},
    }
    assert (bank.owed(), bank.owed("0071502")) == ("3200.10", "0.00")
    again = office.put(LIST).json
    assert again
    assert {again[name] for name in ("new", "changed", "closed", "invoices_changed")} == {0}
    # Some hosts let no PUT pass.
    assert office.call("customers", "POST", LIST).json == again


def test_a_dry_run_says_it_and_changes_nothing(books: Engine, office: Office) -> None:
    """So that somebody may look first."""
    before = state(books)
    reply = office.put(LIST, "dry_run=1").json

    assert reply
    assert (reply["taken"], reply["new"]) == (False, 1)
    assert state(books) == before


def test_every_fault_is_told_with_its_line(books: Engine, office: Office) -> None:
    """And nothing has changed; force takes what may be taken."""
    before = state(books)
    reply = office.put(BAD)

    assert reply.status_code == 422
    assert reply.json
    assert reply.json["taken"] is False
    assert [fault["line"] for fault in reply.json["faults"]] == [3]
    assert office.put(b"number;name;address;debt\n1;A;;1.00\n").status_code == 422
    assert state(books) == before
    assert office.put(b"number;name;address;debt\n1;A;;1.00\n", "force=1").status_code == 200


def test_a_list_may_be_zipped_or_a_workbook(books: Engine, office: Office, tmp_path: Path) -> None:
    """Zipped it is a fifth as long; a damaged one changes nothing."""
    openpyxl = pytest.importorskip("openpyxl")
    workbook = openpyxl.Workbook()
    for row in (("number", "name", "address", "debt"), (ACCOUNT, "Ким", "", "5.00")):
        workbook.active.append(row)
    workbook.save(tmp_path / "list.xlsx")
    zipped = gzip.compress(LIST)
    before = state(books)

    for damaged in (zipped[:-9], zipped[:-1], zipped[:20] + b"x" + zipped[21:]):
        assert office.put(damaged).status_code == 422
    assert state(books) == before
    assert office.put(zipped).json["new"] == 1  # type: ignore[index]
    taken = office.put((tmp_path / "list.xlsx").read_bytes(), "force=1").json
    assert taken
    assert (taken["customers"], taken["closed"]) == (1, 1)


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_a_list_in_pieces_is_taken_when_the_last_is_there(
    books: Engine, office: Office, folder: Path, size: int
) -> None:
    """Nothing changes before; nothing is left behind."""
    before = state(books)
    sent = pieces(LIST, size)
    for number, (query, content) in enumerate(sent[:-1], start=1):
        reply = office.put(content, query)
        assert (reply.status_code, reply.json) == (202, {"taken": False, "received": number * size})
    assert state(books) == before or len(sent) == 1

    query, content = sent[-1]
    assert office.put(content, query).json["new"] == 1  # type: ignore[index]
    assert list((folder / "exchange").iterdir()) == []


def test_a_piece_may_come_again_and_a_gap_says_where_to_go_on(
    books: Engine, office: Office
) -> None:
    """Whatever was lost on the way, request or answer."""
    first, second, third, *_, last = pieces(LIST, 20)
    assert office.put(first[1], first[0]).json == {"taken": False, "received": 20}
    gap = office.put(third[1], third[0])
    assert (gap.status_code, gap.json and gap.json["received"]) == (409, 20)
    for query, content in (second, second, first):
        assert office.put(content, query).json == {"taken": False, "received": 40}
    for query, content in pieces(LIST, 20)[2:]:
        reply = office.put(content, query)
    assert reply.json
    assert reply.json["taken"] is True
    # The last answer may be lost, too: then it begins anew, and the second time changes nothing.
    lost = office.put(last[1], last[0])
    assert (lost.status_code, lost.json and lost.json["received"]) == (409, 0)


def test_pieces_of_two_files_are_never_one(books: Engine, office: Office, folder: Path) -> None:
    """The office's program has written the list anew meanwhile."""
    before = state(books)
    other = LIST.replace(b"3200.10", b"9999.99")
    first, *rest = pieces(LIST, 60)
    office.put(first[1].replace(b"3200", b"9999"), first[0])  # a sender that mixes them
    for query, content in rest:
        reply = office.put(content.replace(b"3200.10", b"9999.99"), query)

    assert reply.status_code == 422
    assert "send all of it again" in reply.json["error"]  # type: ignore[index]
    assert state(books) == before
    for query, content in pieces(other, 60):
        reply = office.put(content, query)
    assert reply.status_code == 200
    assert list((folder / "exchange").iterdir()) == []


def test_pieces_that_nobody_finishes_are_given_up(office: Office, folder: Path) -> None:
    """After a day; nobody else can read them meanwhile."""
    import os
    import time

    query, content = pieces(LIST, 20)[0]
    office.put(content, query)
    (part,) = (folder / "exchange").iterdir()
    assert part.stat().st_mode & 0o777 == 0o600
    assert part.parent.stat().st_mode & 0o777 == 0o700
    old = time.time() - PIECES_KEPT_S - 60
    os.utime(part, (old, old))
    office.put(BAD)

    assert list(part.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("sha256=x&size=1&start=0", 400, "wrong sha256"),
        (f"sha256={'0' * 64}&size=9", 422, "ends behind the file"),
        (f"sha256={'0' * 64}", 400, "all of sha256, size and start"),
        ("start=0", 400, "all of sha256, size and start"),
        (f"sha256={'0' * 64}&size=99999999", 413, "64 MiB"),
        ("known_until=-1", 400, "wrong known_until"),
        ("force=1&force=0", 400, "force is there twice"),
        ("known_until=99", 422, ""),
    ],
)
def test_a_wrong_call_changes_nothing_and_says_why(
    books: Engine, office: Office, query: str, status: int, says: str
) -> None:
    """Before anything of it is kept."""
    before = state(books)
    reply = office.put(LIST, query)

    assert reply.status_code == status
    assert says in (reply.json or {}).get("error", "")
    assert state(books) == before


def test_a_body_that_is_cut_off_changes_nothing(books: Engine, office: Office) -> None:
    """Neither with a length that is not reached, nor in chunks, whose end nobody can tell."""
    before = state(books)
    whole = LIST[: LIST.index(b"0071502")]  # at the end of a line: it looks complete

    length = {"CONTENT_LENGTH": f"{len(LIST)}"}
    cut = office.call("customers", "PUT", whole, environ_overrides=length)
    chunked = office.call(
        "customers",
        "PUT",
        whole,
        headers={"Transfer-Encoding": "chunked"},
        environ={"wsgi.input_terminated": True},
    )

    assert (cut.status_code, chunked.status_code) == (400, 411)
    assert state(books) == before


def test_more_than_a_host_takes_is_refused(
    books: Engine, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what unpacks to more than any list."""
    monkeypatch.setattr(exchange, "MAX_LIST", 300)
    monkeypatch.setattr(arrival, "MAX_FILE", 2000)

    assert office.put(LIST * 4).status_code == 413
    bomb = office.put(gzip.compress(b"0" * 100_000, mtime=0))
    assert bomb.status_code == 422
    assert "unpacks to over" in bomb.json["error"]  # type: ignore[index]


def test_without_import_no_list_is_taken(
    books: Engine, office: Office, folder: Path, tmp_path: Path
) -> None:
    """Payments go out all the same."""
    text = (folder / "config.toml").read_text().replace("[IMPORT]", "")
    office.client = create_app(write_settings(text, tmp_path)).test_client()

    assert office.put(LIST).status_code == 409
    assert office.call("payments").status_code == 200


@only_mariadb
def test_while_another_has_the_books_the_office_asks_again(
    books: Engine, office: Office, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soon: a web server waits for no minute. What was sent need not be sent once more."""
    monkeypatch.setattr(exchange, "EXCHANGE_TURN_S", 0)
    before = state(books)
    sent = pieces(LIST, 60)
    for query, content in sent[:-1]:
        office.put(content, query)
    other = Database(settings.load(folder / "config.toml").engine, load_statements(SQL), 1)
    with other.transaction():
        replies = [
            office.put(sent[-1][1], sent[-1][0]),
            office.call("payments"),
            office.call("known?until=0", "POST"),
        ]
    assert [(reply.status_code, reply.headers["Retry-After"]) for reply in replies] == [
        (503, "10")
    ] * 3
    assert state(books) == before
    assert office.put(sent[-1][1], sent[-1][0]).json["new"] == 1  # type: ignore[index]


def test_one_list_at_a_time_is_taken(books: Engine, office: Office, folder: Path) -> None:
    """Each keeps a worker, and banks need one: another is told so at once, and loses nothing."""
    before = state(books)
    sent = pieces(LIST, 60)
    for query, content in sent[:-1]:
        office.put(content, query)
    with arrival.turn(folder / "exchange"):
        replies = [office.put(LIST), office.put(sent[-1][1], sent[-1][0])]

    assert [reply.status_code for reply in replies] == [503, 503]
    assert state(books) == before
    assert office.put(sent[-1][1], sent[-1][0]).json["new"] == 1  # type: ignore[index]


def test_a_file_that_cannot_be_read_is_told_with_its_line(books: Engine, office: Office) -> None:
    """As every other fault."""
    reply = office.put(LIST.decode().encode("windows-1251"))

    assert reply.json
    (fault,) = reply.json["faults"]
    assert (fault["line"], fault["text"][:9]) == (2, "not utf-8")


# --- Payments go out ---


def test_payments_are_listed_until_they_are_known(
    books: Engine, office: Office, bank: Bank
) -> None:
    """Page by page; what is known is not listed any more, and nobody's debt changes by it."""
    for number in range(1, 6):
        bank.pay(f"{number}")
    page = office.call("payments?rows=2").json
    assert page
    first = page["after"] + page["payments"][0]["id"]
    assert (page["more"], page["last"]) == (True, first + 1)
    rest = office.call(f"payments?after={page['last']}&rows=1000").json
    assert rest
    assert [line["txn_id"] for line in page["payments"] + rest["payments"]] == list("12345")
    assert rest["more"] is False
    assert bank.owed() == "2700.10"

    known = office.call(f"known?until={page['last']}", "POST")

    assert known.json == {"until": page["last"], "marked": 2}
    assert office.call(f"known?until={page['last']}", "POST").json["marked"] == 0  # type: ignore[index]
    assert [txn_id for _, _, txn_id in office.listed()] == ["3", "4", "5"]
    # The office goes on where another database ended: nothing would ever come.
    assert office.call(f"payments?after={rest['last'] + 1}").status_code == 409
    posted = "SELECT txn_id FROM payment WHERE posted_at IS NOT NULL ORDER BY txn_id"
    assert books.rows(posted) == [("1",), ("2",)]
    assert bank.owed() == "2700.10"
    beyond = office.call(f"known?until={rest['last'] + 1}", "POST")
    assert (beyond.status_code, "the last one is" in beyond.json["error"]) == (409, True)  # type: ignore[index]


def test_a_cancellation_is_a_line_of_its_own(books: Engine, office: Office, bank: Bank) -> None:
    """Known apart: a payment that is cancelled behind its line is posted, and then reversed."""
    bank.pay("1")
    ((first, *_),) = office.listed()
    books.execute(
        "UPDATE payment SET state = 'cancelled', cancelled_at = '2026-11-04 05:00:00'"
        " WHERE txn_id = '1'"
    )
    assert [line[1:] for line in office.listed()] == [("paid", "1"), ("cancelled", "1")]
    office.call(f"known?until={first}", "POST")

    assert [line[1:] for line in office.listed()] == [("cancelled", "1")]
    assert bank.owed() == "3200.10"


def test_it_speaks_json_or_a_table(books: Engine, office: Office, bank: Bank) -> None:
    """By format, or by what the program accepts; the same words as those of flask export."""
    bank.pay("1", "1000.50")
    (line,) = office.call("payments").json["payments"]  # type: ignore[index]
    table = office.call("payments?format=csv")

    assert line["sum"] == "1000.50"
    assert table.content_type == "text/csv; charset=utf-8"
    assert table.data.decode("utf-8-sig").splitlines()[0] == ";".join(line)
    assert office.call("payments", headers={"Accept": "text/csv"}).data == table.data
    assert office.call("payments", headers={"Accept": "*/*"}).is_json
    assert office.call("payments?format=1c").status_code == 422  # no account in [EXPORT]
    for query in ("format=xml", "rows=0", "rows=10000", "after=-1", "after=1e3", "after=%D9%A1"):
        assert office.call(f"payments?{query}").status_code == 400
    assert office.call("payments", "DELETE").status_code == 405


@only_mariadb
def test_nothing_is_skipped_that_is_committed_late(
    books: MariaDBEngine, office: Office, bank: Bank
) -> None:
    """A payment with a smaller id, which is still being written while a later one is listed."""
    account = books.rows("SELECT id FROM account")[0][0]
    with books.server.connect(books.name) as link, link.cursor() as cursor:
        link.begin()
        cursor.execute(
            "INSERT INTO payment (bank, txn_id, number, account_id, amount, currency, state,"
            " paid_at, created_at, performed_at) VALUES ('qiwi', 'early', %s, %s, 1, 'KZT', 'paid',"
            " '2026-11-03 09:15:00', '2026-11-03 06:15:00', '2026-11-03 06:15:00')",
            (ACCOUNT, account),
        )
        bank.pay("late")
        ((last, _, txn_id),) = office.listed()
        assert txn_id == "late"
        link.commit()
    ids = dict(books.rows("SELECT txn_id, id FROM payment"))
    assert ids["early"] < ids["late"]  # otherwise this would prove nothing

    assert [line[2] for line in office.listed(f"after={last}")] == ["early"]
    office.call(f"known?until={last}", "POST")
    assert [line[2] for line in office.listed()] == ["early"]


@only_mariadb
def test_pages_of_a_busy_site_hold_each_payment_once(
    books: MariaDBEngine, office: Office, folder: Path
) -> None:
    """Four banks pay while the office turns pages, and says now and then what it knows."""
    chance = random.Random(20261103)
    stop, listed = threading.Event(), []

    def pay(number: int) -> None:
        payer = Bank(folder)
        for count in range(25):
            payer.pay(f"{number}-{count}", "1.00")

    payers = [threading.Thread(target=pay, args=(number,)) for number in range(4)]
    for payer in payers:
        payer.start()
    after = 0
    while not stop.is_set():
        if not any(payer.is_alive() for payer in payers):
            stop.set()  # once more behind the last
        page = office.listed(f"after={after}&rows={chance.randrange(1, 9)}")
        while page:
            listed += page
            after = page[-1][0]
            if chance.random() < 0.5:
                office.call(f"known?until={after}", "POST")
            page = office.listed(f"after={after}&rows={chance.randrange(1, 9)}")

    txn_ids = [txn_id for _, _, txn_id in listed]
    assert sorted(txn_ids) == sorted(f"{n}-{count}" for n in range(4) for count in range(25))
    assert [line[0] for line in listed] == sorted({line[0] for line in listed})
    office.call(f"known?until={after}", "POST")
    assert books.rows("SELECT COUNT(*) FROM payment WHERE posted_at IS NULL") == [(0,)]


def test_the_list_for_a_bank_can_be_fetched(books: Engine, office: Office) -> None:
    """As flask bills writes it."""
    reply = office.call("bills?bank=qiwi")

    assert re.fullmatch(rf'(?s)\W*number;sum\W+{ACCOUNT}"?;"?3200.10"?\r\n', reply.text)
    assert office.call("bills?bank=nobody").status_code == 400
