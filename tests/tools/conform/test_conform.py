"""flask conform: our endpoint passes for every dialect, a naive one fails what it should."""

from __future__ import annotations

import json
import os
import pty
import re
import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conftest import flask, settings_toml
from tests.support import dialects
from tests.support.certificates import make_certificates
from tests.support.processes import HOST, ROOT, write_settings
from tests.tools.conform.naive import PASSWORD, Naive, Parrot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import CompletedProcess

    from tests.conftest import Engine
    from tests.support.processes import Endpoint

# The engines differ in test_every_dialect.py; here it is about the command.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


# What only the bank has: the pair of a test. tests/keys has no private key of the bank.
PAIR = TemporaryDirectory()
PRIVATE, PUBLIC = Path(PAIR.name) / "private.pem", Path(PAIR.name) / "public.pem"
OTHERS = f"""
[BANKS.signed]
protocol = "cyberplat"
bank_key = "{PUBLIC}"
own_key = "{ROOT}/tests/keys/own.pem"

[BANKS.paymebill]
protocol = "payme"
password = "key"
weak_password = true
payer = "invoice"

[BANKS.naive]
protocol = "osmp"
allow = ["127.0.0.1"]
min_sum = "10.00"
max_sum = "50000.00"
account_pattern = "[0-9]{{10}}"

[BANKS.naivepayme]
protocol = "payme"
password = "{PASSWORD}"
account_field = "contract"
show = ["debt"]
min_sum = "50.00"
max_sum = "2000.00"
account_pattern = "[0-9]{{10}}"

[BANKS.stranger]
protocol = "osmp"
allow = ["192.0.2.1"]

[BANKS.paper]
protocol = "files"
"""
ACCOUNTS = dialects.banks() + dialects.variants() + OTHERS
INVOICES = dialects.invoices()
BANKS = ACCOUNTS + INVOICES
ACCOUNT = "7012340001"
NAMES = re.findall(r"\[BANKS\.(\w+)\]", ACCOUNTS)
BILL_NAMES = re.findall(r"\[BANKS\.(\S+)\]", INVOICES)
NOT_HERE = {"stranger", "naive", "naivepayme", "paper", "paymebill"}


@pytest.fixture(scope="module", autouse=True)
def pair() -> Iterator[None]:
    """The bank's key and its public half, before any settings name them."""
    key = rsa.generate_private_key(65537, 2048)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    PRIVATE.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    public = serialization.PublicFormat.SubjectPublicKeyInfo
    PUBLIC.write_bytes(key.public_key().public_bytes(pem, public))
    with PAIR:
        yield


@pytest.fixture
def site(engine: Engine, endpoint: Endpoint) -> str:
    """Our endpoint, with an account that owes money, a closed one and a blocked one."""
    engine.account(ACCOUNT, "Серова Анна", owes="3200.00")
    engine.account("7012340003", state="closed")
    engine.account("7012340004", state="blocked")
    engine.account("7012340005", owes="-50.00")
    return f"http://{HOST}:{endpoint.port}"


def conform(endpoint: Endpoint, bank: str, *options: str) -> CompletedProcess[str]:
    """Run the command with the settings of the endpoint."""
    return flask(endpoint.settings, "conform", bank, "--account", ACCOUNT, *options)


def objects(done: CompletedProcess[str]) -> list[dict[str, Any]]:
    """What --json printed."""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("bank", [name for name in NAMES if name not in NOT_HERE])
@pytest.mark.slow
def test_our_endpoint_passes_and_what_was_announced_is_written(
    site: str, endpoint: Endpoint, engine: Engine, bank: str
) -> None:
    """For every dialect and its settings: exit status 0, and no payment more than was said."""
    others = (
        *("--closed", "7012340003", "--blocked", "7012340004", "--unknown", "7012340009"),
        *("--overpaid", "7012340005"),
    )
    key = ("--key", str(PRIVATE)) if bank == "signed" else ()
    done = conform(endpoint, bank, "--url", site, *others, *key)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "FAILED" not in done.stdout
    said = re.search(r"record (\d+) payments of ([\d.]+) KZT(?: and (\d+) bookings)?", done.stdout)
    assert said is not None
    rows = engine.rows("SELECT amount, performed_at IS NULL FROM payment")
    assert len([row for row in rows if not row[1]]) == int(said[1])
    assert len([row for row in rows if row[1]]) == int(said[3] or 0)
    assert {row[0] for row in rows} == {said[2]}


@pytest.mark.slow
def test_every_line_of_json_is_an_object(site: str, endpoint: Endpoint) -> None:
    """A case each, and a summary with what was left out and why."""
    done = conform(endpoint, "kaspi", "--url", site, "--json")
    *lines, summary = objects(done)

    assert done.returncode == 0
    assert {"case", "ok", "sheet", "ms"} <= lines[0].keys()
    assert all(line["ok"] for line in lines)
    assert "a repeated pay gets the first answer" in [line["case"] for line in lines]
    assert (summary["ok"], summary["passed"], summary["failed"]) == (True, len(lines), 0)
    assert summary["left_out"]["a statement lists the payments"] == "the dialect has no statement"
    assert summary["taken_back"] == 0  # Kaspi has no cancel
    # It is announced, but not among the objects.
    assert f"They record {summary['left']} payments" in done.stderr


@pytest.mark.parametrize(
    ("bank", "options", "says"),
    [
        ("naive", ("--url", "http://127.0.0.1:9"), "does not answer"),
        ("naive", ("--url", "ftp://127.0.0.1"), "begins with http:// or https://"),
        ("naive", ("--account", "7012340009"), "name an account that may be paid"),
        ("naive", ("--account", "7012340003"), "name an account that may be paid"),
        ("stranger", (), "it takes us for somebody else"),
        ("naive", ("--url", "SITE/elsewhere"), "it takes us for somebody else"),
        ("paper", (), "nobody calls"),
        ("signed", (), "give the private one with --key"),
        ("signed", ("--key", "/dev/null"), "a readable PEM file"),
        ("paymebill", ("--account", f"{ACCOUNT}-1"), "say it with --sum"),
        ("paymebill", ("--sum", "1e2"), "two decimals"),
        ("nobody", (), "no [BANKS.nobody]"),
    ],
)
def test_what_cannot_run_says_so(
    site: str, endpoint: Endpoint, bank: str, options: tuple[str, ...], says: str
) -> None:
    """Exit status 2, a sentence, no traceback, and nothing is written."""
    given = [option.replace("SITE", site) for option in options]
    done = conform(endpoint, bank, "--url", site, *given)

    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_silent_endpoint_is_not_waited_for(site: str, endpoint: Endpoint) -> None:
    """Every request has a time-out."""
    with socket.create_server((HOST, 0)) as silent:
        url = f"http://{HOST}:{silent.getsockname()[1]}"
        done = conform(endpoint, "naive", "--url", url, "--timeout", "0.3")

    assert done.returncode == 2
    assert "does not answer: timed out" in done.stderr


@pytest.mark.parametrize(
    ("bank", "says"),
    [
        ("mbank", "They are not taken back"),
        ("cyberplat", "At the end they are taken back by the bank's own command."),
        ("payme", "At the end they are taken back by the bank's own command."),
        ("paymefinal", "payments this bank may not cancel."),
    ],
)
@pytest.mark.slow
def test_what_the_bank_may_cancel_is_taken_back(
    site: str, endpoint: Endpoint, engine: Engine, bank: str, says: str
) -> None:
    """By its own command; what stays is counted."""
    done = conform(endpoint, bank, "--url", site)

    assert done.returncode == 0, done.stdout
    assert says in done.stdout
    (left,) = engine.rows("SELECT COUNT(*) FROM payment WHERE state <> 'cancelled'")[0]
    assert f"payments are taken back, {left} are left" in done.stdout
    assert (left == 0) is ("At the end" in says)
    assert done.stdout.count("\nUPDATE payment") == (2 if left else 1)


@pytest.mark.slow
def test_an_address_that_is_not_allowed_is_named(
    site: str, endpoint: Endpoint, engine: Engine, tmp_path: Path
) -> None:
    """As the site sees it, and what to do; the pass goes to our own site alone."""

    class Module:
        SETTINGS = {"PUBLIC_URL": site}  # noqa: RUF012
        BANKS = OTHERS

    toml = settings_toml(engine.url, Module)  # type: ignore[arg-type]
    settings = write_settings(toml, tmp_path)
    done = flask(settings, "conform", "stranger", "--account", ACCOUNT)
    elsewhere = flask(
        settings, "conform", "stranger", "--account", ACCOUNT, "--url", f"{site}/stranger"
    )

    assert done.returncode == 2
    assert "It is not: the site takes it for 127.0.0.1. Add that to allow of" in done.stderr
    assert "[BANKS.stranger]" in done.stderr
    assert "make send-settings" in elsewhere.stderr


@pytest.mark.parametrize("path", ["", "/", "/kaspi", "/kaspi/"])
@pytest.mark.slow
def test_the_address_may_be_a_site_or_the_whole(site: str, endpoint: Endpoint, path: str) -> None:
    """The token is added, and never shown."""
    token = flask(endpoint.settings, "url", "kaspi").stdout.strip().rpartition("/")[2]
    done = conform(endpoint, "kaspi", "--url", f"{site}{path}")

    assert done.returncode == 0, done.stdout
    assert f"{site}/kaspi/<token>" in done.stdout
    assert token not in done.stdout


@pytest.mark.slow
def test_without_an_address_it_is_our_own(
    site: str, endpoint: Endpoint, engine: Engine, tmp_path: Path
) -> None:
    """PUBLIC_URL, with the bank's address below it."""

    class Module:
        SETTINGS = {"PUBLIC_URL": site}  # noqa: RUF012
        BANKS = OTHERS

    toml = settings_toml(engine.url, Module)  # type: ignore[arg-type]
    done = flask(write_settings(toml, tmp_path), "conform", "naive", "--account", ACCOUNT)

    assert done.returncode == 0, done.stdout
    assert f"against {site}/naive," in done.stdout


@pytest.mark.parametrize("bank", BILL_NAMES)
@pytest.mark.slow
def test_an_invoice_is_paid_once_by_its_sum(
    site: str, endpoint: Endpoint, engine: Engine, bank: str
) -> None:
    """What can be tried with one invoice is tried, in every dialect, and then it is paid."""
    invoice, amount = "9900000001", "60.00"
    engine.invoice(ACCOUNT, invoice, amount)
    options = ("--account", invoice, "--sum", amount, "--unknown", "9900000009")
    done = conform(endpoint, bank, "--url", site, *options)

    assert done.returncode == 0, done.stdout
    assert "a paid invoice is not paid again" in done.stdout
    state = "cancelled" if "At the end they are taken back" in done.stdout else "paid"
    assert engine.rows("SELECT amount, state FROM payment") == [(amount, state)]


@pytest.mark.slow
def test_a_large_invoice_is_paid_in_parts_where_that_is_allowed(
    site: str, endpoint: Endpoint, engine: Engine
) -> None:
    """Then all cases are played that an account is played with."""
    invoice = "9900000001"
    engine.invoice(ACCOUNT, invoice, "5000.00")
    options = ("--account", invoice, "--unknown", "9900000009", "--json")
    done = conform(endpoint, "osmp-bill", "--url", site, *options)

    assert done.returncode == 0, done.stdout
    assert "parallel repeats record once" in [line.get("case") for line in objects(done)]


def failed_cases(done: CompletedProcess[str]) -> set[str]:
    """The sentences of the cases that failed."""
    return {line["case"] for line in objects(done) if not line["ok"] and "case" in line}


@pytest.mark.slow
def test_a_naive_endpoint_fails_what_it_does_wrong(site: str, endpoint: Endpoint) -> None:
    """Of OSMP: floats, look-then-write, joined XML, the last of two, any method."""
    with Naive(ACCOUNT) as naive:
        done = conform(endpoint, "naive", "--url", f"{naive.url}/qiwi.php", "--json")

    assert done.returncode == 1
    assert failed_cases(done) == {
        "a check with a malformed part is refused",
        "a check has the limits of a payment",
        "a check that comes by POST is heard",
        "a body of another type is not read",
        "the first fault is the answer",
        "a malformed sum is refused",
        "a malformed id is refused",
        "a malformed account is refused",
        "a malformed date is refused",
        "what is given twice is refused",
        "an unknown command is refused",
        "hostile text is only text",
        "a body over 64 KiB is refused",
        "a wrong method is refused",
        "a repeat may be written otherwise",
        "a pay that comes by POST is heard",
        "a malformed repeat is no repeat",
        "parallel repeats record once",
        "payments side by side are all recorded",
        "a known id with other data is refused",
    }


@pytest.mark.slow
def test_a_naive_endpoint_of_two_phases_fails_what_it_does_wrong(
    site: str, endpoint: Endpoint
) -> None:
    """Of Payme: floats, look-then-write, times by the clock, strangers told of methods."""
    with Naive(ACCOUNT) as naive:
        done = conform(endpoint, "naivepayme", "--url", f"{naive.url}/payme.php", "--json")

    assert done.returncode == 1
    assert failed_cases(done) == {
        "who is calling is asked first",
        "a check with a malformed part is refused",
        "the first fault is the answer",
        "a malformed sum is refused",
        "a malformed id is refused",
        "a malformed account is refused",
        "a malformed date is refused",
        "what is given twice is refused",
        "a body that means harm is refused",
        "a body over 64 KiB is refused",
        "a wrong method is refused",
        "a repeated pay gets the first answer",
        "a repeat may have another date",
        "a repeat may be written otherwise",
        "a malformed repeat is no repeat",
        "a long id is read to its end",
        "parallel repeats record once",
        "a known id with other data is refused",
        "parallel performs credit once",
        "a booking that comes too late is refused",
        "what was paid is not booked again",
        "nor with other data",
        "a cancelled booking is never paid",
        "a payment can be taken back",
        "a statement lists the payments",
    }


@pytest.mark.slow
def test_a_failure_shows_what_was_sent_what_came_and_the_sheet(
    site: str, endpoint: Endpoint
) -> None:
    """In words, without a secret."""
    with Naive(ACCOUNT) as naive:
        done = conform(endpoint, "naivepayme", "--url", f"{naive.url}/payme.php")

    lines = done.stdout.splitlines()
    at = lines.index("FAILED  who is calling is asked first")
    assert "wanted not_authenticated (-32504), got -32601: refused" in lines[at + 1]
    assert "sent   POST /payme.php (wrong password) {" in lines[at + 2]
    assert "came   HTTP 200, application/json; charset=utf-8 {" in lines[at + 3]
    assert lines[at + 4].endswith("wanted by docs/protocols/payme.md, section 2")
    assert PASSWORD not in done.stdout
    assert re.fullmatch(r"\d+ ok, \d+ failed, \d+ left out", lines[-1])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("200 OK|text/html|<html><body>OK</body></html>", "it is a page or a traceback"),
        ("200 OK|text/plain|Traceback (most recent call last):", "it is a page or a traceback"),
        ("500 Oops|text/plain|no", "it is HTTP 500 with a body: a page is no answer"),
        ("200 OK|text/plain|<x/>", "its Content-Type is text/plain, not text/xml"),
        ("200 OK|text/xml| <?xml version='1.0'?><response/>", "it does not begin with <?xml"),
        ("200 OK|text/xml|<?xml version='1.0'?><response>&</response>", "not well-formed XML"),
        ("200 OK|text/xml|<?xml version='1.0'?><!DOCTYPE x><response/>", "not well-formed XML"),
        ("200 OK|text/xml|<?xml version='1.0'?><answer/>", "its root is <answer>, not <response>"),
        ("200 OK|text/xml|<?xml version='1.0'?><response/>", "there is no <osmp_txn_id>"),
        ("200 OK\r\nServer: gunicorn/20|text/xml|", "it tells what runs here: gunicorn/20"),
        ("200 OK\r\nX-Powered-By: PHP/5|text/xml|", "it tells what runs here:  PHP/5"),
    ],
)
@pytest.mark.slow
def test_the_form_of_every_answer_is_looked_at(
    site: str, endpoint: Endpoint, answer: str, why: str
) -> None:
    """Status, type, banner, pages, well-formedness: whatever the case is about."""
    with Parrot(answer) as url:
        done = conform(endpoint, "naive", "--url", url, "--json", "--unknown", "7012340009")

    assert done.returncode == 1
    line = objects(done)[0]
    assert (line["case"], line["ok"]) == ("a check finds the account", False)
    assert why in line["why"]


@pytest.mark.slow
def test_https_is_spoken_with_whom_the_machine_trusts(
    site: str, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that nobody vouches for is a reason not to begin."""
    make_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with Naive(ACCOUNT, context) as naive:
        url = f"{naive.url}/qiwi.php"
        stranger = conform(endpoint, "naive", "--url", url, "--json")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        friend = conform(endpoint, "naive", "--url", url, "--json")

    assert url.startswith("https://")
    assert (stranger.returncode, stranger.stdout) == (2, "")
    assert "certificate verify failed" in stranger.stderr
    assert friend.returncode == 1
    assert "a check finds the account" not in failed_cases(friend)


def test_a_banks_call_does_not_pay_for_it(site: str, endpoint: Endpoint) -> None:
    """The suite is not imported where requests are answered."""
    code = "import sys, wsgi; print('callback.tools.conform.suite' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(endpoint.settings)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"


@pytest.mark.slow
def test_a_site_that_is_not_ours_gets_no_proof_unasked(endpoint: Endpoint) -> None:
    """The first question already has the bank's password in it."""
    with socket.create_server(("0.0.0.0", 0)) as stranger:
        stranger.settimeout(0)
        url = f"http://0.0.0.0:{stranger.getsockname()[1]}"
        asked = subprocess.run(
            [
                *(sys.executable, "-m", "flask", "conform", "naive", "--account", ACCOUNT),
                *("--url", url),
            ],
            cwd=ROOT,
            env=os.environ | {"CALLBACK_CONFIG": str(endpoint.settings)},
            input="",
            capture_output=True,
            text=True,
            check=False,
        )

        assert asked.returncode != 0
        assert f"{url} is not PUBLIC_URL" in asked.stderr
        with pytest.raises(BlockingIOError):  # nobody has come
            stranger.accept()


@pytest.mark.parametrize(("typed", "status"), [(b"n\n", 2), (b"y\n", 0)])
@pytest.mark.slow
def test_on_a_terminal_it_asks_before_it_writes(
    site: str, endpoint: Endpoint, engine: Engine, typed: bytes, status: int
) -> None:
    """And shows how far it is."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "flask", "conform", "naive", "--account", ACCOUNT]
    with subprocess.Popen(
        [*command, "--url", site],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(endpoint.settings)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, typed)
        seen = bytearray()
        with suppress(OSError):  # the terminal is gone when the program ends
            while piece := os.read(ours, 4096):
                seen += piece
    os.close(ours)

    assert process.returncode == status
    assert seen.index(b"They record") < seen.index(b"Go on?")
    assert (b"100%" in seen) == (status == 0)
    assert bool(engine.rows("SELECT id FROM payment")) == (status == 0)


@pytest.mark.slow
def test_its_help_tells_a_stranger_what_it_does(site: str, endpoint: Endpoint) -> None:
    """What it plays, what it writes, what the exit status means."""
    text = " ".join(flask(endpoint.settings, "conform", "--help").stdout.split())

    assert "Play BANK against a running endpoint, ours or anyone's" in text
    assert "writes real payments" in text
    assert "Exit status 1 if any case fails, 2 if it cannot run" in text


@pytest.mark.slow
def test_a_site_elsewhere_is_asked_for_first(site: str, endpoint: Endpoint, engine: Engine) -> None:
    """Its payments may be a company's: the account is named, and how they are taken out again."""

    def play(*options: str) -> CompletedProcess[str]:
        # An address of this machine that does not look like one.
        url = f"http://0.0.0.0:{endpoint.port}"
        return subprocess.run(
            [
                *(sys.executable, "-m", "flask", "conform", "naive", "--account", ACCOUNT),
                *("--url", url, *options),
            ],
            cwd=ROOT,
            env=os.environ | {"CALLBACK_CONFIG": str(endpoint.settings)},
            input="y\n",  # it may be shown the proof, and no more
            capture_output=True,
            text=True,
            check=False,
        )

    asked = play()
    assert asked.returncode != 0
    assert "Go on? [y/N]" in asked.stderr
    assert f"on the account {ACCOUNT}" in asked.stdout
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]

    done = play("--yes")
    said = [line for line in done.stdout.splitlines() if line.startswith("UPDATE payment")]
    (statement,) = {*said}
    assert len(said) == 2  # before, and where it is wanted
    statement = statement.replace("UTC_TIMESTAMP(3)", "'2026-11-26 00:00:00'")
    assert engine.rows("SELECT COUNT(*) > 0 FROM payment WHERE state = 'paid'") == [(1,)]
    engine.execute(statement)
    assert engine.rows("SELECT COUNT(*) FROM payment WHERE state = 'paid'") == [(0,)]
